"""The same configuration, the same posts, at the same time, to `tocsin alertmanager` and to the
real Alertmanager: both must send the webhooks that the timeline expects, and the same ones.

A timeline is a dict:
  name    a sentence
  route   keys of the root route, beside those of ROUTE; `receivers` instead of RECEIVERS; `more`
          keys of the top level
  steps   (second, verb, arguments): the methods of Player
  expect  (second, path, group labels, alerts): one webhook; "-A" has resolved, "+2" were truncated
  until   how long to watch; 2.6 s beyond the last step and webhook unless told
  differs why the real Alertmanager of Debian (0.25) is not asked
Alerts and labels are written as in alertmanager.py.
"""

import concurrent.futures
import functools
import json
import pathlib
import shutil
import tempfile
import threading
import time
import unittest

import harness
import timelines_of_groups
import timelines_of_muting
from alertmanager import alert, short

TIMELINES = [
    *timelines_of_groups.ROUTING,
    *timelines_of_groups.ALERTS,
    *timelines_of_groups.GROUPS,
    *timelines_of_muting.INHIBITION,
    *timelines_of_muting.SILENCES,
    *timelines_of_muting.INTERVALS,
    *timelines_of_muting.RELOADS,
]
AT_ONCE = 18  # timelines that run at a time
STAGGER = 0.05  # seconds between the starts of two of them
TOLERANCE = 0.5  # seconds
ROUTE = {
    "receiver": "hook",
    "group_by": ["alertname"],
    "group_wait": "1s",
    "group_interval": "2s",
    "repeat_interval": "1h",
}
RECEIVERS = [
    {"name": name, "webhook_configs": [{"url": f"SINK/{name}"}]} for name in ("hook", "one", "two")
]


def configuration(timeline, sink):
    text = json.dumps(
        {
            "route": {**ROUTE, **timeline.get("route", {})},
            "receivers": timeline.get("receivers", RECEIVERS),
            **timeline.get("more", {}),
        }
    )
    return text.replace("SINK", f"http://127.0.0.1:{sink.port}")


def last_moment(timeline):
    events = [*timeline["steps"], *timeline["expect"]]
    return timeline.get("until", max(event[0] for event in events) + 2.6)


class Player:
    """Plays a timeline to one Alertmanager."""

    def __init__(self, timeline, folder, kind):
        self.timeline = timeline
        self.kind = kind
        self.folder = folder
        self.sink = harness.WebhookSink()
        self.api = None
        self.silences = {}
        self.started = 0.0
        self.error = None

    def start(self):
        folder = self.folder / self.kind.__name__
        folder.mkdir(parents=True)
        try:
            self.api = self.kind(folder, configuration(self.timeline, self.sink))
            if self.api.process is None:
                self.api.start()
        except Exception as error:  # belongs to the timeline, told by its test
            self.error = f"{type(error).__name__}: {error}"

    def stop(self):
        if self.api and self.api.process:
            self.api.process.kill9()
        self.sink.stop()

    def play(self, started):
        self.started = started
        if self.error:
            return
        try:
            for at, verb, *arguments in self.timeline["steps"]:
                time.sleep(max(0.0, started + at - time.monotonic()))
                getattr(self, verb.replace(" ", "_"))(*arguments)
            time.sleep(max(0.0, started + last_moment(self.timeline) - time.monotonic()))
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"

    def webhooks(self):
        return sorted(
            (
                self.webhook(request)
                for request in self.sink.requests
                if request.at <= self.started + last_moment(self.timeline)
            ),
            key=lambda webhook: (webhook[1:3], webhook[0]),
        )

    def webhook(self, request):
        message = request.json()
        alerts = [
            ("-" if one["status"] == "resolved" else "") + short(one["labels"])
            for one in message["alerts"]
        ]
        if message["truncatedAlerts"]:
            alerts.append(f"+{message['truncatedAlerts']}")
        firing = any(one["status"] == "firing" for one in message["alerts"])
        path = request.path[1:]
        if message["status"] != ("firing" if firing else "resolved"):
            alerts.append(f"status {message['status']}")
        if path != "second" and message["receiver"] != path:
            alerts.append(f"receiver {message['receiver']}")
        at = round(request.at - self.started, 2)
        return at, path, short(message["groupLabels"]), *alerts

    # --- the verbs ---

    def fire(self, *texts):
        self.api.fire(*texts)

    def end(self, *texts):
        self.api.end(*texts)

    def post(self, *alerts):
        self.api.post_alerts([alert(*one) for one in alerts])

    def reject(self, *alerts):
        self.api.post_alerts([alert(*one) for one in alerts], status=400)

    def silence(self, name, matchers, times):
        self.silences[name] = self.api.silence(*matchers, **times)

    def expire(self, name):
        self.api.expire(self.silences[name])

    def fail(self, path, times, status):
        self.sink.fail(path, times, status)

    def reload(self, changes, status=200):
        self.api.write_config(configuration({**self.timeline, **changes}, self.sink))
        answer = self.api.post("/-/reload")
        if answer.status != status:
            raise AssertionError(f"reload: {answer!r}")

    def bad_reload(self, changes):
        self.reload(changes, status=500)

    def restart(self):
        self.api.restart()


class Duet:
    """One timeline, played to ours and, where it is to be had, to the real one."""

    def __init__(self, timeline, folder, with_peer):
        self.folder = folder
        self.ours = Player(timeline, folder, harness.TocsinAlertmanager)
        peer = with_peer and "differs" not in timeline
        self.real = Player(timeline, folder, harness.Alertmanager) if peer else None
        self.players = [self.ours, self.real] if peer else [self.ours]

    def threads(self, started):
        return [threading.Thread(target=one.play, args=(started,)) for one in self.players]


@functools.cache
def why_no_peer():
    try:
        harness.Alertmanager.check()
    except unittest.SkipTest as skip:
        return str(skip)
    return None


@functools.cache
def played():
    """{name: Duet} of all timelines; their logs stay until the program ends."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-timelines-"))
    unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
    duets = {
        timeline["name"]: Duet(timeline, folder / str(number), why_no_peer() is None)
        for number, timeline in enumerate(TIMELINES)
    }
    # The longest first, so that those of one batch are about equally long.
    order = sorted(duets.values(), key=lambda duet: -last_moment(duet.ours.timeline))
    for first in range(0, len(order), AT_ONCE):
        play_together(order[first : first + AT_ONCE])
    return duets


@functools.cache
def played_again(name):
    """One of them by itself, for a peer that had not done what it always does."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-timelines-"))
    unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
    duet = Duet(played()[name].ours.timeline, folder / "again", with_peer=True)
    play_together([duet])
    return duet


def play_together(duets):
    players = [player for duet in duets for player in duet.players]
    # A process dies with the thread that started it, so the pool lives as long as they play.
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        try:
            list(pool.map(Player.start, players))
            play_all(duets)
        finally:
            for player in players:
                player.stop()


def play_all(duets):
    begin = time.monotonic() + 0.5
    threads = [
        thread
        for number, duet in enumerate(duets)
        for thread in duet.threads(begin + number * STAGGER)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def agree(some, others):
    return len(some) == len(others) and all(
        one[1:] == other[1:] and abs(one[0] - other[0]) <= TOLERANCE
        for one, other in zip(some, others)
    )


def expected_of(player):
    return sorted(player.timeline["expect"], key=lambda webhook: (webhook[1:3], webhook[0]))


def as_expected(player):
    return not player.error and agree(player.webhooks(), expected_of(player))


class Timelines(unittest.TestCase):
    """Each has two tests: made below."""

    maxDiff = None

    def check(self, duet, player):
        if not as_expected(player):
            harness.print_outputs(duet.folder)
            lines = "\n".join(map(str, player.webhooks()))
            wanted = "\n".join(map(str, expected_of(player)))
            self.fail(f"{player.error or ''}\nexpected:\n{wanted}\nreceived:\n{lines}")

    def check_ours(self, name):
        duet = played()[name]
        self.check(duet, duet.ours)

    def check_both(self, name):
        if why_no_peer():
            self.skipTest(why_no_peer())
        duet = played()[name]
        if not as_expected(duet.real):
            duet = played_again(name)
        self.check(duet, duet.real)
        ours, real = duet.ours.webhooks(), duet.real.webhooks()
        self.assertTrue(agree(ours, real), f"ours {ours}\nreal {real}")


def add_tests():
    for timeline in TIMELINES:
        name = timeline["name"]
        method = name.replace(" ", "_")
        setattr(Timelines, f"test_{method}", lambda self, name=name: self.check_ours(name))
        if "differs" not in timeline:
            check = lambda self, name=name: self.check_both(name)  # noqa: E731
            setattr(Timelines, f"test_with_the_real_one_{method}", check)


add_tests()

if __name__ == "__main__":
    harness.main()
