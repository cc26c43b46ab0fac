"""Every query of the shipped dashboards finds data in a real Prometheus that scrapes Tocsin."""

import json
import re

import harness
from harness import ROOT, config, rule, wait_until

DASHBOARDS = sorted((ROOT / "examples" / "grafana").glob("*.json"))


def queries(dashboard):
    """(title of the panel, expression) of each target; collapsed rows hold panels of their own."""
    panels = list(dashboard["panels"])
    while panels:
        panel = panels.pop(0)
        panels.extend(panel.get("panels", []))
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def as_prometheus_sees_it(expression):
    """With Grafana's variables filled in: intervals by a short one, anything else by "all"."""
    expression = re.sub(r"\$__(rate_interval|interval|range)\b|\$\{__\w+\}", "5s", expression)
    return re.sub(r"\$\{?\w+(:\w+)?\}?", ".+", expression)


class Dashboards(harness.TestCase):
    def test_each_query_finds_data(self):
        self.assertTrue(DASHBOARDS, "examples/grafana holds no dashboard")
        hook = self.sink()
        tocsin = self.tocsin(
            config({"hook": hook}, host={"interval": "200ms"}),
            [rule("High", "queue.length", threshold=10)],
        )
        prometheus = self.peer(harness.Prometheus, [f"127.0.0.1:{tocsin.port}"])
        tocsin.put("/metrics/job/batch", "x 1\n")
        for host in ("a", "b"):
            tocsin.submit("queue.length", 50, host=host)
        # A resolution is told to those who were told of the alert.
        hook.wait_change("High", "active", host="b")
        tocsin.submit("queue.length", 1, host="b")
        hook.wait_change("High", "resolved", host="b")

        for file in DASHBOARDS:
            found = list(queries(json.loads(file.read_text())))
            self.assertTrue(found, f"{file.name} asks nothing")
            for panel, expression in found:
                with self.subTest(dashboard=file.name, panel=panel, query=expression):
                    query = as_prometheus_sees_it(expression)
                    wait_until(lambda query=query: prometheus.query(query), what=query)


if __name__ == "__main__":
    harness.main()
