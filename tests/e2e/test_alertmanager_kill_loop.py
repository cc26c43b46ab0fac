"""kill -9 of `tocsin alertmanager` at any moment: no silence that was acknowledged is lost, nothing
that a receiver has acknowledged a moment before is told again, and all is told once the senders
have posted their alerts again.
"""

import collections
import http.client
import json
import random
import threading
import time

import harness
from alertmanager import alert
from harness import wait_until

ROUNDS = 50 if harness.LONG else 5
GROUPS = 200
COMMITTED = 0.5  # seconds after its answer; what was answered earlier is in the log, on a busy machine too
LAST_ROUNDS = 3  # whose alerts go on firing

CONFIG = {
    "route": {
        "receiver": "hook",
        "group_by": ["group"],
        "group_wait": "50ms",
        "group_interval": "1s",
        "repeat_interval": "1h",
    },
}


class KillLoop(harness.TestCase):
    def start(self):
        self.hook = self.sink()
        receiver = {"name": "hook", "webhook_configs": [{"url": self.hook.url}]}
        self.daemon = self.alertmanager(
            json.dumps({**CONFIG, "receivers": [receiver]}),
            arguments=["--web.external-url=http://life-0"],
        )
        self.kills = []
        self.silenced = set()

    def kill(self):
        # Before: on a busy machine the dead process is only found a good while later.
        self.kills.append(time.monotonic())
        self.daemon.kill9()

    def restart(self):
        self.daemon.arguments[-1] = f"--web.external-url=http://life-{len(self.kills)}"
        self.daemon.start()

    # --- what is under way when it is killed ---

    def groups_of(self, number):
        return {f"{number}-{group}" for group in range(GROUPS)}

    def post(self, numbers):
        """The alerts of these rounds, as a sender repeats them."""
        self.daemon.post_alerts(
            [
                alert(f"Flood group={group}")
                for number in numbers
                for group in sorted(self.groups_of(number))
            ]
        )

    def make_silences(self, number):
        """One after the other until the daemon is gone."""
        try:
            for count in range(10_000):
                self.silenced.add(self.daemon.silence(f"silent={number}-{count}"))
        except (OSError, http.client.HTTPException):
            pass

    def post_silence_and_kill(self, number, delay):
        silences = threading.Thread(target=self.make_silences, args=(number,))
        silences.start()
        self.post([number])
        time.sleep(delay)
        self.kill()
        silences.join()
        self.restart()

    # --- what must hold ---

    def told(self):
        """{group: [request]}"""
        by_group = collections.defaultdict(list)
        for request in self.hook.requests:
            by_group[request.json()["groupLabels"]["group"]].append(request)
        return by_group

    def check_silences(self):
        active = {
            one["id"] for one in self.daemon.silences() if one["status"]["state"] == "active"
        }
        self.assertEqual(self.silenced - active, set(), "silences were lost")

    def check_repetitions(self):
        """At most one copy of a message per life of the daemon, and a second one only where the
        answer to the first came too late to be remembered."""
        for group, requests in self.told().items():
            for first, second in zip(requests, requests[1:]):
                life = self.life_of(first)
                self.assertNotEqual(life, self.life_of(second), f"{group} was told twice in a life")
                if first.answered is not None:
                    before_kill = self.kills[life] - first.answered
                    self.assertLess(before_kill, COMMITTED, f"{group} was told again")

    def life_of(self, request):
        """Which of its lives sent it; a busy sink reads a message after the death of its sender."""
        return int(request.json()["externalURL"].removeprefix("http://life-"))

    def one_round(self, number, delay):
        self.post_silence_and_kill(number, delay)
        self.check_silences()
        self.post(range(max(1, number - LAST_ROUNDS), number + 1))
        wait_until(
            lambda: self.groups_of(number) <= set(self.told()), what="all groups to be told"
        )

    def test_nothing_is_lost_and_nothing_is_repeated(self):
        seed = random.randrange(1 << 30)
        print(f"seed {seed}, {ROUNDS} rounds", flush=True)
        moments = random.Random(seed)
        self.start()
        for number in range(1, ROUNDS + 1):
            try:
                self.one_round(number, moments.uniform(0, 0.3))
                self.check_repetitions()
            except AssertionError as error:
                raise AssertionError(f"round {number}, seed {seed}: {error}") from error
        # One more life, in which nothing at all is new: the end of the rounds is told, once.
        self.kill()
        self.restart()
        self.check_silences()
        self.check_the_end()
        self.assertGreater(len(self.silenced), ROUNDS)

    def check_the_end(self):
        """Every group of the last round was told as firing, so every end is told."""
        groups = self.groups_of(ROUNDS)
        self.post([ROUNDS])
        # Those whose answer was lost with the kill are told again before this one.
        self.daemon.fire("Flood group=first")
        self.hook.wait_for(lambda request: request.json()["groupLabels"] == {"group": "first"})
        before = len(self.hook.requests)
        self.daemon.post_alerts([alert(f"Flood group={group}", ends=0) for group in groups])
        wait_until(lambda: len(self.ends(before)) >= GROUPS, what="all ends to be told")
        self.daemon.fire("Flood group=last")
        self.hook.wait_for(lambda request: request.json()["groupLabels"] == {"group": "last"})
        self.assertEqual(sorted(self.ends(before)), sorted(groups))

    def ends(self, before):
        messages = [request.json() for request in self.hook.requests[before:]]
        return [
            message["groupLabels"]["group"]
            for message in messages
            if message["status"] == "resolved"
        ]


class OneKill(harness.TestCase):
    def start(self):
        self.hook = self.sink()
        receiver = {"name": "hook", "webhook_configs": [{"url": self.hook.url}]}
        self.daemon = self.alertmanager(json.dumps({**CONFIG, "receivers": [receiver]}))
        return self.daemon

    def test_a_silence_holds_from_its_answer_on(self):
        daemon = self.start()
        silence = daemon.silence("group=1")
        daemon.kill9()
        daemon.start()
        daemon.fire("A group=1", "A group=2")
        self.hook.wait_count(1)
        (muted,) = daemon.alerts(filter="group=1")
        self.assertEqual(muted["status"]["silencedBy"], [silence])
        self.assertEqual(self.hook.requests[0].json()["groupLabels"], {"group": "2"})

    def test_an_expired_silence_stays_expired(self):
        daemon = self.start()
        silence = daemon.silence("group=1")
        daemon.expire(silence)
        daemon.kill9()
        daemon.start()
        (listed,) = daemon.silences()
        self.assertEqual((listed["id"], listed["status"]["state"]), (silence, "expired"))

    def test_a_message_under_way_is_sent_again_when_its_alert_is_posted_again(self):
        daemon = self.start()
        self.hook.hang()
        daemon.fire("A group=1")
        self.hook.wait_count(1)
        daemon.kill9()
        self.hook.release()
        daemon.start()
        self.assertEqual(daemon.alerts(), [])  # as Alertmanager: alerts are posted again
        daemon.fire("A group=1")
        first, second = (request.json() for request in self.hook.wait_count(2))
        self.assertEqual(first["groupKey"], second["groupKey"])
        self.assertEqual(second["notification_reason"], "first notification")


class WithAlertsOnDisk(harness.TestCase):
    """--alerts.persist"""

    def start(self, **route):
        self.hook = self.sink()
        config = {
            "global": {"resolve_timeout": "10m"},
            "route": {**CONFIG["route"], **route},
            "receivers": [{"name": "hook", "webhook_configs": [{"url": self.hook.url}]}],
        }
        self.daemon = self.alertmanager(json.dumps(config), arguments=["--alerts.persist"])
        return self.daemon

    def kill_and_start(self):
        self.daemon.kill9()
        self.daemon.start()

    def test_an_alert_comes_back_as_it_was_and_is_not_told_again(self):
        daemon = self.start()
        daemon.post_alerts(
            [alert("A group=1", starts=-60, ends=3600, summary="full"), alert("A group=2")]
        )
        self.hook.wait_count(2)
        before = daemon.alerts()
        time.sleep(COMMITTED)
        self.kill_and_start()
        self.assertEqual(daemon.alerts(), before)
        self.assertEqual(
            [group["labels"] for group in daemon.groups()], [{"group": "1"}, {"group": "2"}]
        )
        daemon.fire("A group=3")  # told after what came back would have been
        self.hook.wait_for(lambda request: request.json()["groupLabels"] == {"group": "3"})
        self.assertEqual(len(self.hook.requests), 3)

    def test_what_was_answered_is_told_even_if_nobody_posts_it_again(self):
        daemon = self.start(group_wait="3s")
        daemon.fire(*(f"A group={number}" for number in range(20)))
        self.kill_and_start()
        self.assertEqual(len(daemon.alerts()), 20)
        self.hook.wait_count(20)

    def test_an_end_that_came_while_it_was_down_is_told(self):
        daemon = self.start()
        daemon.post_alerts([alert("A group=1", ends=4)])
        self.hook.wait_count(1)
        time.sleep(COMMITTED)  # or nobody knows that it was told
        daemon.kill9()
        time.sleep(4.1)
        daemon.start()
        _, last = (request.json() for request in self.hook.wait_count(2))
        self.assertEqual((last["status"], daemon.alerts()), ("resolved", []))

    def test_a_life_without_the_flag_forgets_them(self):
        daemon = self.start()
        daemon.fire("A group=1")
        daemon.stop()
        daemon.arguments.remove("--alerts.persist")
        daemon.start()
        self.assertEqual(daemon.alerts(), [])
        daemon.stop()
        daemon.arguments.append("--alerts.persist")
        daemon.start()
        self.assertEqual(daemon.alerts(), [])


if __name__ == "__main__":
    harness.main()
