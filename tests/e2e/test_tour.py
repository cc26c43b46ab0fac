"""`make demo` and `make load-test` do what they say and end well."""

import re
import sys

import harness
from harness import BINARY, ROOT, ended

TOUR = ROOT / "examples" / "tour"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "TOCSIN_BINARY": str(BINARY), "PYTHONUNBUFFERED": "1"}


class Tour(harness.TestCase):
    def run_program(self, program, *arguments):
        """With a daemon that it starts."""
        environment = {**ENVIRONMENT, **self.database(self.folder).environment}
        command = [sys.executable, "-B", TOUR / program, *arguments]
        return ended(command, environment=environment)

    def test_the_demonstration_shows_an_alert_from_its_rule_to_its_history(self):
        status, output = self.run_program("demo.py", "--fast")
        self.assertEqual(status, 0, output)
        for line in (
            "Demo alert triggered for demo.cpu.usage=95.0",
            "3 pending",
            "2 active",
            "Events are shown as they happen (GET /events/stream).",
            "webhook <- active: Long Queue (250 entries wait in mail)",
            "webhook <- resolved: Long Queue",
            "alert.commented Long Queue",
        ):
            self.assertIn(line, output)
        for event in ("alert.active", "alert.acknowledged", "alert.resolved"):
            self.assertRegex(output, rf"event +\d+ {re.escape(event)} Long Queue")

    def test_a_small_load_is_borne_without_losses(self):
        status, output = self.run_program(
            "load_test.py", "--seconds=2", "--metrics=50", "--batches=2", "--alerts=10", "--streams=2"
        )
        self.assertEqual(status, 0, output)
        self.assertRegex(output, r"alert\.active in the history: (\d+) of \1, 0 lost")
        sent = int(re.search(r"alert\.active in the history: (\d+)", output)[1])
        self.assertGreater(sent, 5, output)
        self.assertIn(f"2 stream clients: {2 * sent} events for each, 0 lost in all", output)
        told = re.search(r"a stream client has the event +[\d,]+ events/s +p50 ([\d.]+), p95", output)
        self.assertGreater(float(told[1]), 0, output)
        self.assertRegex(output, r"POST /metrics/batch +\d[\d,]* samples/s +p50 [\d.]+")

    def test_a_load_that_is_refused_is_told(self):
        daemon = self.tocsin(harness.config(series={"max_series": 50}))
        status, output = self.run_program(
            "load_test.py",
            f"--url=http://127.0.0.1:{daemon.port}",
            *("--seconds=1", "--metrics=0", "--batches=2", "--alerts=0", "--streams=0"),
        )
        self.assertEqual(status, 1, output)
        self.assertRegex(output, r"\d+ failed: status 429")
        self.assertEqual(daemon.get("/alerting/rules").json(), [])


if __name__ == "__main__":
    harness.main()
