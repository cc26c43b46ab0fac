"""A real Prometheus scrapes Tocsin, without an error, and finds what the documentation promises."""

import harness
from harness import config, parse_samples, rule, wait_until

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# What Prometheus 2.42 and 3 ask for.
ACCEPT = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


class PrometheusScrapesUs(harness.TestCase):
    def start(self):
        hook = self.sink()
        tocsin = self.tocsin(
            config({"hook": hook}, host={"interval": "500ms"}),
            [
                rule("High", "queue.length", threshold=10),
                rule("Soon", "queue.length", threshold=10, duration=3600),
            ],
        )
        tocsin.put(
            "/metrics/job/batch",
            '# HELP pushed Says "x"\\nand \\\\.\n# TYPE pushed histogram\n'
            'pushed_bucket{le="1"} 1\npushed_bucket{le="+Inf"} 2\npushed_sum 3.5\npushed_count 2\n',
        )
        tocsin.submit("queue.length", 50, host='aä\n"b"\\')
        hook.wait_change("High", "active")
        return tocsin

    def test_there_is_no_scrape_error_and_every_promised_series_is_found(self):
        tocsin = self.start()
        prometheus = self.peer(harness.Prometheus, [f"127.0.0.1:{tocsin.port}"])
        target = wait_until(
            lambda: [target for target in prometheus.targets() if target["health"] != "unknown"],
            what="the first scrape",
        )[0]
        self.assertEqual((target["health"], target["lastError"]), ("up", ""))
        for query in (
            "up == 1",
            "alerting_rules_total == 2",
            "sum(alerting_alerts_active) == 1",
            "alerting_metric_processing_duration_seconds_count > 0",
            "sum(alerting_notifications_sent_total) >= 1",
            "tocsin_build_info",
            '{__name__=~"tocsin_.+"}',
            "system_cpu_usage",
            "node_load1",
            "rate(node_cpu_seconds_total[5s])",
            "queue_length == 50",
            'pushed_bucket{job="batch",le="+Inf"} == 2',
            'pushed_sum{job="batch"} == 3.5',
            'ALERTS{alertname="High",alertstate="firing",severity="critical"} == 1',
            'ALERTS{alertname="Soon",alertstate="pending"} == 1',
            "count(ALERTS) == 2",
            "tocsin_exposition_alerts_left_out == 0",
        ):
            wait_until(lambda query=query: prometheus.query(query), what=query)
        self.assertEqual(prometheus.query("queue_length")[0]["metric"]["host"], 'aä\n"b"\\')
        self.assertEqual(
            prometheus.query('ALERTS{alertstate="firing"}')[0]["metric"]["host"], 'aä\n"b"\\'
        )
        # Over: its series ends.
        tocsin.submit("queue.length", 5, host='aä\n"b"\\')
        wait_until(lambda: not prometheus.query("ALERTS"), what="no alerts")
        self.assertEqual(prometheus.query("min_over_time(up[1m])")[0]["value"][1], "1")
        self.assertEqual(prometheus.targets()[0]["lastError"], "")

    def test_the_format_is_negotiated(self):
        tocsin = self.start()
        openmetrics = tocsin.get("/metrics", headers={"Accept": ACCEPT})
        self.assertEqual(openmetrics.headers["Content-Type"], OPENMETRICS)
        self.assertTrue(openmetrics.text.endswith("\n# EOF\n"))
        for accept in (
            "*/*",
            "text/plain",
            "application/json",
            OPENMETRICS.replace("1.0.0", "9.9.9"),
        ):
            plain = tocsin.get("/metrics", headers={"Accept": accept})
            self.assertEqual(
                plain.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8"
            )
            self.assertNotIn("# EOF", plain.text)
        names = {name for name, _, _ in parse_samples(plain.text)}
        self.assertEqual({name for name, _, _ in parse_samples(openmetrics.text)} - names, set())

    def test_promtool_finds_no_fault_in_the_page(self):
        tocsin = self.start()
        promtool = harness.peer_path("usr/bin/promtool")
        verdict = harness.run([promtool, "check", "metrics"], tocsin.get("/metrics").body)
        # It has remarks on names, which the contract fixes; a fault is something it cannot read.
        self.assertNotIn("error while linting", verdict)
        self.assertNotIn("ALERTS", verdict)
        self.assertNotIn("alerts_left_out", verdict)


if __name__ == "__main__":
    harness.main()
