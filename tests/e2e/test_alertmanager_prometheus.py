"""The real Prometheus sends its alerts to `tocsin alertmanager`."""

import json

import harness
from alertmanager import short
from harness import wait_until

RULE = {
    "alert": "TooBusy",
    "expr": "load > 80",
    "labels": {"severity": "page"},
    "annotations": {"summary": "{{ $labels.instance }} is at {{ $value }}"},
}


class PrometheusSends(harness.TestCase):
    def start(self, rule):
        self.hook = self.sink()
        self.page = self.target("load 90\n")
        self.daemon = self.alertmanager(
            json.dumps(
                {
                    "route": {
                        "receiver": "hook",
                        "group_by": ["alertname"],
                        "group_wait": "100ms",
                        "group_interval": "500ms",
                    },
                    "receivers": [{"name": "hook", "webhook_configs": [{"url": self.hook.url}]}],
                }
            )
        )
        rules = self.folder / "rules.json"
        rules.write_text(json.dumps({"groups": [{"name": "load", "rules": [rule]}]}))
        target = {"targets": [f"127.0.0.1:{self.daemon.port}"]}
        return self.peer(
            lambda folder: harness.Prometheus(
                folder,
                [self.page.address],
                job="app",
                rule_files=[str(rules)],
                alerting={"alertmanagers": [{"api_version": "v2", "static_configs": [target]}]},
            )
        )

    def wait_message(self, status):
        return self.hook.wait_for(
            lambda request: request.json()["status"] == status, what=f"a {status} message"
        ).json()

    def test_an_alert_arrives_and_resolves(self):
        self.start(RULE)
        fired = self.wait_message("firing")
        self.assertEqual(fired["groupLabels"], {"alertname": "TooBusy"})
        (alert,) = fired["alerts"]
        labels = f"TooBusy instance={self.page.address} job=app severity=page"
        self.assertEqual(short(alert["labels"]), labels)
        self.assertEqual(alert["annotations"], {"summary": f"{self.page.address} is at 90"})
        self.assertEqual(alert["endsAt"], "0001-01-01T00:00:00Z")
        self.assertIn("/graph?g0.expr=load+%3E+80", alert["generatorURL"])
        (listed,) = self.daemon.alerts()
        self.assertEqual(
            (listed["fingerprint"], listed["status"]["state"], listed["receivers"]),
            (alert["fingerprint"], "active", [{"name": "hook"}]),
        )

        self.page.text = "load 10\n"
        resolved = self.wait_message("resolved")["alerts"][0]
        self.assertEqual(resolved["status"], "resolved")
        self.assertEqual(resolved["fingerprint"], alert["fingerprint"])
        self.assertEqual(resolved["startsAt"], alert["startsAt"])
        self.assertGreater(resolved["endsAt"], resolved["startsAt"])
        self.assertEqual(self.daemon.alerts(), [])
        self.assertEqual(len(self.hook.requests), 2)

    def test_prometheus_counts_no_errors(self):
        prometheus = self.start(RULE)
        self.wait_message("firing")
        (manager,) = prometheus.get("/api/v1/alertmanagers").json()["data"]["activeAlertmanagers"]
        self.assertEqual(manager["url"], f"http://127.0.0.1:{self.daemon.port}/api/v2/alerts")

        def counted(name):
            lines = prometheus.get("/metrics").text.splitlines()
            return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

        wait_until(
            lambda: counted("prometheus_notifications_sent_total") >= 1, what="it to be counted"
        )
        self.assertEqual(counted("prometheus_notifications_errors_total"), 0)
        self.assertEqual(counted("prometheus_notifications_dropped_total"), 0)

    def test_a_target_that_goes_resolves_its_alert(self):
        self.start({**RULE, "expr": "up == 1"})
        self.wait_message("firing")
        self.page.stop()
        self.wait_message("resolved")


if __name__ == "__main__":
    harness.main()
