"""kill -9 at any moment loses nothing and repeats nothing, but for the one case that cannot be
closed: killed between the receiver's answer and the commit, a message is sent once more with the
same key.
"""

import collections
import http.client
import random
import threading
import time

import harness
from harness import config, rule, wait_until

ROUNDS = 50 if harness.LONG else 5
FLOOD = [f"h{number}" for number in range(20)]
# How long after a request has left the sink may notice it, with every core busy.
NOTICED_WITHIN = 0.3
LONG_AGO_IS = 2.0  # seconds before a kill; what was answered earlier is committed
HOUR = 3600

RULES = [
    rule("Pending", "pending", duration=HOUR),
    rule("Firing", "firing"),
    rule("Acknowledged", "acknowledged"),
    rule("Cooling", "cooling", cooldown_period=HOUR),
    rule("Resolved", "resolved"),
    rule("Flood", "flood"),
]


class KillLoop(harness.TestCase):
    def start(self):
        self.hook = self.sink()
        self.kills = []
        # Nothing goes stale while nobody submits.
        self.daemon = self.tocsin(config({"hook": self.hook}, staleness="1h"), RULES)
        return self.daemon

    def kill_and_restart(self):
        self.daemon.kill9()
        self.kills.append(time.monotonic())
        self.daemon.start()

    def one_alert_in_every_state(self):
        tocsin, hook = self.daemon, self.hook
        for name in ("pending", "firing", "acknowledged", "cooling", "resolved"):
            tocsin.submit(name, 90, host="a")
        for name in ("Firing", "Acknowledged", "Cooling", "Resolved"):
            hook.wait_change(name, "active")
        acknowledged = hook.wait_change("Acknowledged", "active").alert["id"]
        tocsin.post(
            f"/alerting/alerts/{acknowledged}/acknowledge", {"actor": "alice", "note": "mine"}
        )
        for name in ("cooling", "resolved"):
            tocsin.submit(name, 10, host="a")
        hook.wait_change("Cooling", "resolved")
        hook.wait_change("Resolved", "resolved")
        tocsin.submit("cooling", 91, host="a")  # a new episode, not announced for an hour
        wait_until(
            lambda: len(tocsin.alerts("active")) == 2, what="the episode within the cooldown"
        )

    def fixed_alerts(self):
        """What must be the same after every restart."""
        keep = (
            "id",
            "name",
            "status",
            "fingerprint",
            "pending_since",
            "triggered_at",
            "acknowledged_at",
            "acknowledged_by",
            "acknowledge_note",
            "resolved_at",
            "resolved_reason",
            "metric_value",
        )
        return sorted(
            (
                tuple(alert[key] for key in keep)
                for alert in self.daemon.alerts("all")
                if alert["name"] != "Flood"
            ),
            key=repr,
        )

    def flood(self, value):
        """All hosts in one batch; whoever is killed meanwhile does not answer."""
        batch = [
            {"metric_name": "flood", "value": value, "metadata": {"host": host}} for host in FLOOD
        ]
        try:
            self.daemon.post("/api/v1/alerting/metrics/batch", batch)
        except (OSError, http.client.HTTPException):
            pass

    def flood_and_kill(self, value, delay):
        thread = threading.Thread(target=self.flood, args=(value,))
        thread.start()
        time.sleep(delay)
        self.kill_and_restart()
        thread.join()
        self.flood(value)  # the samples that were not taken, as a client would send them again

    def announced(self, status):
        return {
            request.alert["id"]
            for request in self.hook.requests
            if request.change == ("Flood", status)
        }

    def check_flood(self, number, status):
        """Every episode of this round was told, and none that nobody knows."""
        listed = wait_until(
            lambda: self.flood_alerts(status, number * len(FLOOD)),
            what=f"the {status} alerts of round {number}",
        )
        wait_until(lambda: listed <= self.announced(status), what="all of them to be announced")
        self.assertEqual(self.announced(status) - listed - self.announced("resolved"), set())

    def flood_alerts(self, status, resolved):
        """Their ids once there are as many as there must be."""
        ids = {alert["id"] for alert in self.daemon.alerts(status) if alert["name"] == "Flood"}
        return ids if len(ids) == (resolved if status == "resolved" else len(FLOOD)) else None

    def check_repetitions(self):
        """At most one copy of a message per life of the daemon, and a second one only where the
        first was under way when it was killed."""
        by_key = collections.defaultdict(list)
        by_change = collections.defaultdict(set)
        for request in self.hook.requests:
            by_key[request.key].append(request)
            by_change[request.alert["id"], request.alert["status"]].add(request.key)
        self.assertEqual([keys for keys in by_change.values() if len(keys) != 1], [])
        for key, copies in by_key.items():
            for first, second in zip(copies, copies[1:]):
                kills = [kill for kill in self.kills if first.at - NOTICED_WITHIN < kill < second.at]
                self.assertTrue(kills, f"{key} was sent twice without a kill in between")
                self.assertLess(kills[0] - first.at, LONG_AGO_IS, f"{key} was repeated late")

    def one_round(self, number, moments, before):
        for value, status in ((90, "active"), (10, "resolved")):
            self.flood_and_kill(value, moments.uniform(0, 0.06))
            self.check_flood(number, status)
            self.assertEqual(self.fixed_alerts(), before)

    def test_nothing_is_lost_and_nothing_is_repeated(self):
        seed = random.randrange(1 << 30)
        print(f"seed {seed}, {ROUNDS} rounds", flush=True)
        moments = random.Random(seed)
        self.start()
        self.one_alert_in_every_state()
        before = self.fixed_alerts()
        self.assertEqual(
            sorted(alert[1:3] for alert in before),
            [
                ("Acknowledged", "acknowledged"),
                ("Cooling", "active"),
                ("Cooling", "resolved"),
                ("Firing", "active"),
                ("Pending", "pending"),
                ("Resolved", "resolved"),
            ],
        )
        for number in range(1, ROUNDS + 1):
            try:
                self.one_round(number, moments, before)
            except AssertionError as error:
                raise AssertionError(f"round {number}, seed {seed}: {error}") from error
        self.check_repetitions()
        told = [change for change in self.hook.changes() if change[0] != "Flood"]
        self.assertEqual(
            sorted(told),
            [
                ("Acknowledged", "active"),
                ("Cooling", "active"),
                ("Cooling", "resolved"),
                ("Firing", "active"),
                ("Resolved", "active"),
                ("Resolved", "resolved"),
            ],
        )


class OneKill(harness.TestCase):
    def start(self, *rules):
        self.hook = self.sink()
        self.daemon = self.tocsin(config({"hook": self.hook}), list(rules))
        return self.daemon

    def test_a_message_under_way_is_sent_again_with_the_same_key(self):
        tocsin = self.start(rule("High", "load"))
        self.hook.hang()
        tocsin.submit("load", 90, host="a")
        self.hook.wait_count(1)
        tocsin.kill9()
        self.hook.release()
        tocsin.start()
        first, second = self.hook.wait_count(2)
        self.assertEqual((second.key, second.body), (first.key, first.body))

    def test_a_message_that_waits_for_its_retry_is_not_forgotten(self):
        tocsin = self.start(rule("High", "load"))
        self.hook.answer(503)
        tocsin.submit("load", 90, host="a")
        self.hook.wait_count(1)
        tocsin.kill9()
        self.hook.answer(200)
        tocsin.start()
        self.hook.wait_count(2)
        wait_until(lambda: tocsin.alerts()[0]["notifications_sent"] == 1, what="the delivery")

    def test_a_pending_alert_keeps_its_start_and_fires_on_time(self):
        tocsin = self.start(rule("Slow", "load", duration=3))
        submitted = time.monotonic()
        tocsin.submit("load", 90, host="a")
        since = wait_until(lambda: tocsin.alerts("pending"), what="pending")[0]["pending_since"]
        time.sleep(0.5)  # the commit; a sample alone is not durable
        tocsin.kill9()
        tocsin.start()
        self.assertEqual(tocsin.alerts("pending")[0]["pending_since"], since)
        waited = self.hook.wait_change("Slow", "active").at - submitted
        self.assertGreaterEqual(waited, 2.99)
        self.assertLess(waited, 4.5)

    def test_what_becomes_due_while_nobody_runs_happens_at_the_start(self):
        tocsin = self.start(rule("Slow", "load", duration=1))
        tocsin.submit("load", 90, host="a")
        wait_until(lambda: tocsin.alerts("pending"), what="pending")
        tocsin.stop()
        time.sleep(1.2)
        self.assertEqual(self.hook.requests, [])
        tocsin.start()
        self.hook.wait_change("Slow", "active")

    def test_a_cooldown_goes_on(self):
        tocsin = self.start(rule("Flapping", "load", cooldown_period=3))
        tocsin.submit("load", 90, host="a")
        first = self.hook.wait_change("Flapping", "active")
        tocsin.submit("load", 10, host="a")
        self.hook.wait_change("Flapping", "resolved")
        tocsin.submit("load", 91, host="a")
        wait_until(tocsin.alerts, what="the episode within the cooldown")
        tocsin.restart()
        second = self.hook.wait_count(3)[2]
        self.assertEqual(second.change, ("Flapping", "active"))
        self.assertGreaterEqual(second.at - first.at, 2.9)

    def test_a_rule_that_went_while_nobody_ran_resolves_its_alerts(self):
        tocsin = self.start(rule("High", "load"))
        tocsin.submit("load", 90, host="a")
        self.hook.wait_change("High", "active")
        tocsin.kill9()
        tocsin.write_rules([])
        tocsin.start()
        self.hook.wait_change("High", "resolved")
        self.assertEqual(tocsin.alerts("resolved")[0]["resolved_reason"], "rule_deleted")


if __name__ == "__main__":
    harness.main()
