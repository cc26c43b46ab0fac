"""What a newcomer sees: `make run` on any machine shows an alert within half a minute."""

import harness
from harness import ROOT, wait_until

QUICKSTART = ROOT / "examples" / "quickstart" / "tocsin.yml"


class Quickstart(harness.TestCase):
    def test_a_demonstration_alert_fires_and_is_shown_on_the_console(self):
        tocsin = self.tocsin(config_file=QUICKSTART)
        name = wait_until(tocsin.alerts, timeout=30, what="the demonstration alert")[0]["name"]
        wait_until(lambda: name in tocsin.process.stdout(), what="its line on the console")

    def test_the_overview_health_and_host_metrics_answer(self):
        tocsin = self.tocsin(config_file=QUICKSTART)
        self.assertIn("text/html", tocsin.get("/").headers["Content-Type"])
        self.assertEqual(tocsin.get("/-/healthy").status, 200)
        health = tocsin.get("/alerting/health").json()
        self.assertEqual((health["status"], health["service"]), ("healthy", "pynomaly-alerting"))
        for name in ("node_load1", "node_memory_MemTotal_bytes", "system_memory_usage"):
            wait_until(lambda name=name: tocsin.metric(name) is not None, what=name)

    def test_the_daemon_stops_cleanly_and_starts_again(self):
        tocsin = self.tocsin(config_file=QUICKSTART)
        tocsin.restart()
        self.assertEqual(tocsin.get("/-/ready").status, 200)


if __name__ == "__main__":
    harness.main()
