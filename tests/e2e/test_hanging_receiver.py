"""A receiver that hangs delays nobody but itself."""

import time

import harness
from harness import config, rule, wait_until

ALERTS = 100
BOTH = {"notification_channels": ["stuck", "quick"]}


class HangingReceiver(harness.TestCase):
    def start(self):
        self.stuck, self.quick = self.sink(), self.sink()
        return self.tocsin(
            config({"stuck": self.stuck, "quick": self.quick}), [rule("High", "load", **BOTH)]
        )

    def submit_all(self, tocsin, value):
        batch = [
            {"metric_name": "load", "value": value, "metadata": {"host": f"h{number}"}}
            for number in range(ALERTS)
        ]
        answer = tocsin.post("/api/v1/alerting/metrics/batch", batch)
        self.assertEqual(
            (answer.status, answer.json()),
            (200, {"message": f"Submitted {ALERTS} metrics successfully"}),
        )

    def hosts(self, sink, status):
        return {
            request.alert["metadata"]["host"]
            for request in sink.requests
            if request.change == ("High", status)
        }

    def test_the_other_receiver_gets_every_alert_at_once_and_requests_are_answered(self):
        tocsin = self.start()
        self.stuck.hang()
        submitted = time.monotonic()
        self.submit_all(tocsin, 90)
        self.quick.wait_count(ALERTS)
        self.assertEqual(len(self.hosts(self.quick, "active")), ALERTS)
        # A hundred times the 100 ms that an idle machine takes is still far from the 10 s that the
        # stuck receiver may take.
        self.assertLess(max(request.at for request in self.quick.requests) - submitted, 5)

        self.assertEqual(tocsin.get("/api/v1/alerting/health", timeout=2).status, 200)
        self.assertEqual(len(tocsin.alerts()), ALERTS)
        self.submit_all(tocsin, 10)
        self.quick.wait_count(2 * ALERTS)
        self.assertEqual(len(self.hosts(self.quick, "resolved")), ALERTS)

    def test_it_gets_what_it_missed_when_it_is_back(self):
        tocsin = self.start()
        self.stuck.hang()
        self.submit_all(tocsin, 90)
        self.stuck.wait_count(1)
        self.stuck.release()
        wait_until(lambda: len(self.hosts(self.stuck, "active")) == ALERTS, what="all of them")
        keys = [request.key for request in self.stuck.requests]
        self.assertEqual(len(keys), len(set(keys)), "something was sent twice")

    def test_a_slow_receiver_is_served_in_parallel(self):
        tocsin = self.start()
        self.stuck.answer(200, delay=0.5)
        submitted = time.monotonic()
        self.submit_all(tocsin, 90)
        self.stuck.wait_count(ALERTS)
        self.assertLess(time.monotonic() - submitted, ALERTS * 0.5 / 4)

    def test_the_daemon_stops_while_a_receiver_hangs_and_sends_after_the_restart(self):
        tocsin = self.start()
        self.stuck.hang()
        tocsin.submit("load", 90, host="a")
        self.stuck.wait_count(1)
        asked = time.monotonic()
        tocsin.stop()
        self.assertLess(time.monotonic() - asked, 10)
        self.stuck.release()
        tocsin.start()
        first, second = self.stuck.wait_count(2)[:2]
        self.assertEqual(second.key, first.key)  # the outcome of the first was never known


if __name__ == "__main__":
    harness.main()
