"""What becomes of messages that receivers do not take: retries, dead letters and their commands,
keys, kills; who asks is told why; alerts of rules in groups."""

import json

import harness
from alertmanager import AlertmanagerApi
from harness import BINARY, config, ended, free_port, rule, wait_until
from tocsin import Tocsin

DEAD_LETTERS = "/api/v1/alerting/dead-letters"


class Daemon(AlertmanagerApi, Tocsin):
    """`letters` are the dead ones; what the Alertmanager API calls alerts is `posted`."""

    def alerts(self, status=None):
        return Tocsin.alerts(self, status)

    def letters(self):
        answer = self.get(DEAD_LETTERS)
        if answer.status != 200:
            raise AssertionError(f"{DEAD_LETTERS}: {answer!r}")
        return answer.json()

    def explain(self, alert, mount="/api/v1/alerting"):
        answer = self.get(f"{mount}/alerts/{alert}/explain")
        if answer.status != 200:
            raise AssertionError(f"explain {alert}: {answer!r}")
        return answer.json()

    def state_of(self, alert):
        """Of its only integration."""
        return self.explain(alert)["routes"][0]["integrations"][0]["state"]


class TestCase(harness.TestCase):
    def daemon(self, text, rules):
        daemon = Daemon(self.folder, text, rules)
        self.addCleanup(lambda: daemon.process and daemon.kill9())
        return daemon.start()

    def start(self, answer=200, **settings):
        """One receiver that answers so, a rule of it, and everything else goes there too."""
        self.hook = self.sink()
        self.hook.answer(answer)
        text = config({"hook": self.hook}, routing={"default_receivers": ["hook"]}, **settings)
        return self.daemon(text, [rule("High", "load")])

    def wait_letters(self, daemon, count):
        wait_until(lambda: len(daemon.letters()) == count, what=f"{count} dead letters")
        return daemon.letters()

    def keys(self, sink=None):
        return [request.key for request in (sink or self.hook).requests]


def deadletters(*arguments):
    """(exit status, output)"""
    return ended([BINARY, "deadletters", *arguments])


def by_folder(daemon):
    return f"--storage.path={daemon.storage}"


def by_url(daemon):
    return f"--url=http://127.0.0.1:{daemon.port}"


class DeadLetters(TestCase):
    def test_what_was_refused_is_listed_and_sent_again_by_hand(self):
        daemon = self.start(400)
        self.assertEqual(deadletters("list", by_folder(daemon)), (0, ""))
        daemon.submit("load", 90, host="a")
        (letter,) = self.wait_letters(daemon, 1)
        self.assertEqual(letter["receiver"], "hook")
        self.assertEqual(letter["integration"], "hook/webhook")
        self.assertEqual(letter["status"], "firing")
        self.assertEqual(letter["http_status"], 400)
        self.assertEqual(letter["attempts"], 1)
        self.assertTrue(letter["refused"])
        self.assertFalse(letter["superseded"])
        self.assertEqual(letter["idempotency_key"], self.hook.requests[0].key)
        self.assertEqual(letter["alerts"][0]["status"], "firing")
        self.assertEqual(letter["alerts"][0]["labels"]["host"], "a")

        for daemon_is in (by_folder(daemon), by_url(daemon), by_url(daemon) + "//"):
            status, output = deadletters("list", daemon_is)
            self.assertEqual(status, 0, output)
            self.assertRegex(
                output,
                rf"^{letter['id']}  \d{{4}}-\S+Z  hook/webhook  firing  1 alert, 1 attempt: "
                r".*400.*\n$",
            )

        self.assertEqual(
            deadletters("resend", by_folder(daemon), letter["id"]),
            (0, f"{letter['id']}: sent again\n"),
        )
        wait_until(lambda: daemon.letters()[0]["attempts"] == 2, what="the second attempt")
        self.hook.answer(200)
        self.assertEqual(
            deadletters("resend", by_url(daemon), letter["id"]),
            (0, f"{letter['id']}: sent again\n"),
        )
        self.wait_letters(daemon, 0)
        self.assertEqual(len(self.keys()), 3)
        self.assertEqual(len(set(self.keys())), 1)
        self.assertEqual(deadletters("list", by_folder(daemon)), (0, ""))
        daemon.submit("load", 10, host="a")  # whoever was told hears of the end
        self.hook.wait_change("High", "resolved", host="a")

    def test_how_long_a_message_is_tried_is_a_setting(self):
        retry = {
            "min_backoff": "100ms",
            "max_backoff": "200ms",
            "give_up_after": "500ms",
            "dead_letter_interval": "300ms",
        }
        daemon = self.start(503, notifications={"retry": retry})
        daemon.submit("load", 90, host="a")
        (letter,) = self.wait_letters(daemon, 1)
        self.assertEqual(letter["http_status"], 503)
        self.assertGreater(letter["attempts"], 1)
        self.hook.answer(200)  # tried again by itself
        self.wait_letters(daemon, 0)
        self.assertEqual(len(set(self.keys())), 1)

    def test_all_of_them_are_sent_again(self):
        daemon = self.start(422)
        for host in "abc":
            daemon.submit("load", 90, host=host)
        letters = self.wait_letters(daemon, 3)
        ids = [letter["id"] for letter in letters]
        self.assertEqual(ids, sorted(ids, key=int, reverse=True))
        self.hook.answer(200)
        status, output = deadletters("resend", by_folder(daemon), "all")
        self.assertEqual((status, output.splitlines()), (0, [f"{id}: sent again" for id in ids]))
        self.wait_letters(daemon, 0)
        self.assertEqual(deadletters("resend", by_folder(daemon), "all"), (0, ""))

    def test_ids_that_nobody_knows(self):
        daemon = self.start(400)
        daemon.submit("load", 90, host="a")
        (letter,) = self.wait_letters(daemon, 1)
        self.hook.answer(200)
        for unknown in ("0", "1", "9" * 18, "9" * 40):
            self.assertEqual(
                deadletters("resend", by_folder(daemon), unknown),
                (1, f"{unknown}: Dead letter not found\n"),
            )
        for no_id in ("abc", "1.5", "0x10", "../rules", "1/resend", ""):
            status, output = deadletters("resend", by_folder(daemon), no_id)
            self.assertEqual(
                (status, output), (1, f'"{no_id}" is no id: see `tocsin deadletters list`\n')
            )
        self.assertEqual(len(self.hook.requests), 1)
        # One that is known is sent whatever stands beside it.
        status, output = deadletters("resend", by_folder(daemon), "7", letter["id"], "x")
        self.assertEqual(status, 1)
        self.assertIn(f"{letter['id']}: sent again", output)
        self.assertIn("7: Dead letter not found", output)
        self.wait_letters(daemon, 0)
        self.assertEqual(
            deadletters("resend", by_folder(daemon), letter["id"]),
            (1, f"{letter['id']}: Dead letter not found\n"),
        )
        self.assertNotEqual(deadletters("resend", by_folder(daemon))[0], 0)
        self.assertNotEqual(deadletters()[0], 0)

    def test_without_a_daemon(self):
        nowhere = self.folder / "nowhere"
        for command in (("list",), ("resend", "1"), ("resend", "all")):
            status, output = deadletters(*command, f"--storage.path={nowhere}")
            self.assertEqual(status, 1)
            self.assertEqual(
                output,
                f"no daemon runs on {nowhere}: there is no {nowhere}/address; name its "
                "--storage.path or --url\n",
            )
        url = f"--url=http://127.0.0.1:{free_port()}"
        status, output = deadletters("list", url)
        self.assertEqual(status, 1)
        self.assertRegex(output, r"^asking for the dead letters: .*[Cc]onnect.*\n$")
        status, output = deadletters("resend", url, "1")
        self.assertEqual(status, 1)
        self.assertRegex(output, r"^1: .*[Cc]onnect.*\n$")
        for bad in ("ftp://127.0.0.1/", "127.0.0.1:1", "http://"):
            status, output = deadletters("list", f"--url={bad}")
            self.assertEqual(status, 1, bad)
            self.assertRegex(output, r"^--url: ")

    def test_a_daemon_that_was_killed_or_stopped(self):
        daemon = self.start()
        daemon.kill9()
        status, output = deadletters("list", by_folder(daemon))
        self.assertEqual(status, 1)
        self.assertRegex(output, r"(no daemon runs on|asking for the dead letters: .*[Cc]onnect)")
        daemon.start()
        daemon.stop()
        status, output = deadletters("list", by_folder(daemon))
        self.assertEqual(status, 1)
        self.assertRegex(output, r"(no daemon runs on|asking for the dead letters: .*[Cc]onnect)")

    def test_somebody_else_who_answers(self):
        page = self.target("no json")
        status, output = deadletters("list", f"--url=http://{page.address}")
        self.assertEqual(
            (status, output), (1, "asking for the dead letters: no Tocsin answers there\n")
        )
        page.status = 500
        status, output = deadletters("list", f"--url=http://{page.address}")
        self.assertEqual((status, output), (1, "asking for the dead letters: HTTP status 500\n"))

    def test_a_receiver_that_is_no_longer_configured(self):
        daemon = self.start(404)
        daemon.submit("load", 90, host="a")
        (letter,) = self.wait_letters(daemon, 1)
        self.assertFalse(letter["refused"])
        daemon.write_config(config({"other": self.hook}))
        daemon.write_rules([rule("Other", "other", notification_channels=["other"])])
        daemon.reload()
        status, output = deadletters("resend", by_folder(daemon), letter["id"])
        self.assertEqual(
            (status, output), (1, f"{letter['id']}: Its receiver is no longer configured\n")
        )
        self.assertEqual(daemon.post(f"{DEAD_LETTERS}/{letter['id']}/resend").status, 409)
        self.assertEqual(len(daemon.letters()), 1)

    def test_names_cannot_move_the_cursor_of_who_lists_them(self):
        evil = "a\x1b[2J\nb"
        self.hook = self.sink()
        self.hook.answer(400)
        daemon = self.daemon(
            config({evil: self.hook}), [rule("High", "load", notification_channels=[evil])]
        )
        daemon.submit("load", 90, host="a")
        self.wait_letters(daemon, 1)
        status, output = deadletters("list", by_folder(daemon))
        self.assertEqual(status, 0)
        self.assertEqual(output.count("\n"), 1)
        self.assertNotIn("\x1b", output)


class Keys(TestCase):
    def test_attempts_share_a_key_and_each_new_message_has_another(self):
        daemon = self.start(503)
        daemon.submit("load", 90, host="a")
        self.hook.wait_count(3)
        self.hook.answer(200)
        daemon_alert = daemon.alerts()[0]["id"]
        wait_until(lambda: daemon.state_of(daemon_alert) == "told", what="the message to be taken")
        firing = self.keys()
        self.assertEqual(len(set(firing)), 1)
        self.assertIsNotNone(firing[0])
        daemon.submit("load", 10, host="a")
        self.hook.wait_change("High", "resolved")
        daemon.submit("load", 90, host="a")
        wait_until(lambda: self.hook.changes().count(("High", "active")) == len(firing) + 1)
        self.assertEqual(len(set(self.keys())), 3)
        self.assertEqual(self.keys()[:-2], firing)

    def test_a_receiver_that_is_not_found_is_tried_after_a_restart_with_the_same_key(self):
        daemon = self.start(404)
        daemon.submit("load", 90, host="a")
        self.wait_letters(daemon, 1)
        self.hook.answer(200)
        daemon.restart()
        self.wait_letters(daemon, 0)
        self.assertEqual(len(self.keys()), 2)
        self.assertEqual(len(set(self.keys())), 1)


class Kills(TestCase):
    def test_nothing_is_lost_and_nothing_repeated(self):
        sinks = {name: self.sink() for name in ("good", "refusing", "failing")}
        sinks["refusing"].answer(400)
        sinks["failing"].answer(503)
        daemon = self.daemon(
            config(sinks), [rule(name, name, notification_channels=[name]) for name in sinks]
        )
        for name in sinks:
            daemon.submit(name, 90, host="a")
        (letter,) = self.wait_letters(daemon, 1)
        sinks["failing"].wait_count(2)
        alerts = {alert["rule_name"]: alert["id"] for alert in daemon.alerts()}
        wait_until(lambda: daemon.state_of(alerts["failing"]) == "waiting", what="a retry")
        wait_until(lambda: daemon.state_of(alerts["good"]) == "told", what="a message")
        daemon.kill9()
        failed = len(sinks["failing"].requests)
        for sink in sinks.values():
            sink.answer(200)
        daemon.start()
        sinks["failing"].wait_count(failed + 1)
        wait_until(lambda: daemon.state_of(alerts["failing"]) == "told", what="the retry")
        self.assertEqual([one["id"] for one in daemon.letters()], [letter["id"]])
        self.assert_never(
            lambda: len(sinks["failing"].requests) > failed + 1
            or len(sinks["refusing"].requests) > 1
            or len(sinks["good"].requests) > 1,
            2,
            "something was sent again",
        )
        self.assertEqual(len(set(self.keys(sinks["failing"]))), 1)
        self.assertEqual(deadletters("resend", by_folder(daemon), letter["id"])[0], 0)
        self.wait_letters(daemon, 0)
        self.assertEqual(self.keys(sinks["refusing"]), [letter["idempotency_key"]] * 2)

        daemon.kill9()
        daemon.start()
        for name, sink in sinks.items():
            daemon.submit(name, 10, host="a")
            sink.wait_change(name, "resolved")
        self.assertEqual(len(sinks["good"].requests), 2)
        self.assertEqual(len(sinks["refusing"].requests), 3)
        self.assertEqual(len(sinks["failing"].requests), failed + 2)
        self.assertEqual(daemon.letters(), [])


class Explain(TestCase):
    def test_of_an_alert_of_a_rule(self):
        daemon = self.start(503)
        daemon.submit("load", 90, host="a")
        self.hook.wait_count(1)
        (alert,) = daemon.alerts()
        wait_until(lambda: daemon.state_of(alert["id"]) == "waiting", what="a retry")
        why = daemon.explain(alert["id"])
        self.assertEqual(why["id"], alert["id"])
        self.assertEqual(why["labels"]["alertname"], "High")
        self.assertEqual(why["labels"]["host"], "a")
        self.assertRegex(why["fingerprint"], r"^[0-9a-f]{16}$")
        self.assertEqual(why["state"], "active")
        self.assertEqual(
            why["muted_by"],
            {"acknowledgement": None, "silences": [], "inhibited_by": [], "cooldown_until": None},
        )
        (route,) = why["routes"]
        self.assertEqual((route["receiver"], route["named_by_rule"]), ("hook", True))
        self.assertEqual(
            (route["group_wait"], route["group_interval"], route["repeat_interval"]),
            ("0s", "1s", None),
        )
        (integration,) = route["integrations"]
        self.assertEqual(integration["integration"], "hook/webhook")
        self.assertGreaterEqual(integration["attempts"], 1)
        self.assertIn("503", integration["last_error"])
        self.assertIsNone(integration["told_at"])
        self.assertEqual(why["attempts"][0]["http_status"], 503)
        self.assertEqual(why["attempts"][0]["receiver"], "hook")

        self.hook.answer(200)
        wait_until(lambda: daemon.state_of(alert["id"]) == "told", what="the message to be taken")
        self.assertIsNotNone(
            daemon.explain(alert["id"], "/alerting")["routes"][0]["integrations"][0]["told_at"]
        )
        daemon.submit("load", 10, host="a")
        wait_until(lambda: daemon.state_of(alert["id"]) == "told_of_end", what="its end")
        self.assertEqual(daemon.explain(alert["id"])["state"], "resolved")

    def test_of_a_posted_alert_and_what_holds_it_back(self):
        daemon = self.start()
        answer = daemon.post("/api/v2/alerts", [{"labels": {"alertname": "Posted", "host": "b"}}])
        self.assertEqual(answer.status, 200)
        self.hook.wait_count(1)
        (posted,) = daemon.get("/api/v2/alerts").json()
        fingerprint = posted["fingerprint"]
        wait_until(lambda: daemon.state_of(fingerprint) == "told", what="the message to be taken")
        why = daemon.explain(fingerprint)
        self.assertEqual(why["fingerprint"], fingerprint)
        self.assertEqual(daemon.explain(why["id"])["fingerprint"], fingerprint)  # its episode
        self.assertEqual(why["labels"], {"alertname": "Posted", "host": "b"})
        self.assertEqual(why["state"], "active")
        (attempt,) = why["attempts"]
        self.assertEqual((attempt["outcome"], attempt["http_status"]), ("delivered", 200))
        self.assertFalse(why["routes"][0]["named_by_rule"])
        silence = daemon.silence("alertname=Posted")
        (held,) = daemon.explain(fingerprint)["muted_by"]["silences"]
        self.assertEqual(held["id"], silence)

    def test_of_an_alert_that_is_acknowledged(self):
        daemon = self.start()
        daemon.submit("load", 90, host="a")
        self.hook.wait_count(1)
        (alert,) = daemon.alerts()
        answer = daemon.post(
            f"/api/v1/alerting/alerts/{alert['id']}/acknowledge",
            {"actor": "anna", "note": "looking", "expires_in": 3600},
        )
        self.assertEqual(answer.status, 200, answer)
        held = daemon.explain(alert["id"])["muted_by"]["acknowledgement"]
        self.assertEqual((held["by"], held["note"]), ("anna", "looking"))
        self.assertIsNotNone(held["until"])
        self.assertEqual(daemon.explain(alert["id"])["state"], "acknowledged")

    def test_of_what_nobody_knows(self):
        daemon = self.start()
        for unknown in ("x", "0000000000000000", "1" * 5000, "%00", "..%2frules"):
            answer = daemon.get(f"/api/v1/alerting/alerts/{unknown}/explain")
            self.assertIn(answer.status, (400, 404, 414), unknown[:20])
        answer = daemon.get("/api/v1/alerting/alerts/x/explain")
        self.assertEqual((answer.status, answer.json()), (404, {"detail": "Alert not found"}))


class Groups(TestCase):
    """tocsin.routing.native."""

    def start_grouped(self, receiver=None, **native):
        self.hook = self.sink()
        own = {
            "host": {"enabled": False},
            "routing": {"native": native},
            "receivers": [
                {
                    "name": "hook",
                    "webhook": {"url": self.hook.url, "format": "alertmanager"},
                    **(receiver or {}),
                }
            ],
        }
        return self.daemon(json.dumps({"tocsin": own}), [rule("High", "load"), rule("Low", "free")])

    def messages(self):
        """("firing", "High", ["+a", "-b"]) of each."""
        told = []
        for request in self.hook.requests:
            body = request.json()
            hosts = sorted(
                {"firing": "+", "resolved": "-"}[one["status"]] + one["labels"]["host"]
                for one in body["alerts"]
            )
            told.append((body["status"], body["groupLabels"].get("alertname"), hosts))
        return told

    def wait_message(self, *message):
        wait_until(lambda: message in self.messages(), what=f"{message}")

    def submit(self, daemon, metric, value, hosts):
        batch = [
            {"metric_name": metric, "value": value, "metadata": {"host": host}} for host in hosts
        ]
        self.assertEqual(daemon.post("/api/v1/alerting/metrics/batch", batch).status, 200)

    def test_alerts_of_a_rule_are_one_message(self):
        daemon = self.start_grouped(
            group_by=["alertname"], group_wait="500ms", group_interval="700ms"
        )
        self.submit(daemon, "load", 90, "abc")
        self.submit(daemon, "free", 90, "a")
        self.wait_message("firing", "High", ["+a", "+b", "+c"])
        self.wait_message("firing", "Low", ["+a"])
        self.assertEqual(len(self.hook.requests), 2)
        self.assertEqual(
            self.hook.wait_for(lambda one: len(one.json()["alerts"]) == 3).json()["groupKey"],
            '{}:{alertname="High"}',
        )
        self.submit(daemon, "load", 90, "d")
        self.wait_message("firing", "High", ["+a", "+b", "+c", "+d"])
        self.submit(daemon, "load", 10, "ad")
        self.wait_message("firing", "High", ["+b", "+c", "-a", "-d"])
        self.submit(daemon, "load", 10, "bc")
        self.wait_message("resolved", "High", ["-b", "-c"])
        self.assertEqual(len(self.hook.requests), 5)
        self.assertEqual(len(set(self.keys())), 5)
        self.assert_never(lambda: len(self.hook.requests) > 5, 1.5, "told again")
        alert = next(one for one in daemon.alerts() if one["metadata"]["host"] == "a")
        (route,) = daemon.explain(alert["id"])["routes"]
        self.assertEqual(route["group_labels"], {"alertname": "Low"})
        self.assertEqual((route["group_wait"], route["group_interval"]), ("500ms", "700ms"))

    def test_a_group_is_repeated_where_that_is_asked_for(self):
        daemon = self.start_grouped(
            {"group_by": [], "repeat_interval": "500ms"},
            group_by=["alertname"],
            group_wait="200ms",
            group_interval="300ms",
        )
        self.submit(daemon, "load", 90, "a")
        self.submit(daemon, "free", 90, "b")
        self.hook.wait_count(3)
        self.assertEqual(self.messages(), [("firing", None, ["+a", "+b"])] * 3)
        self.assertEqual(len(set(self.keys()[:3])), 3)

    def test_a_group_survives_a_kill(self):
        daemon = self.start_grouped(
            group_by=["alertname"], group_wait="200ms", group_interval="500ms"
        )
        self.hook.answer(503)
        self.submit(daemon, "load", 90, "ab")
        self.hook.wait_count(2)
        daemon.kill9()
        failed = len(self.hook.requests)
        self.hook.answer(200)
        daemon.start()
        self.hook.wait_count(failed + 1)
        self.assert_never(lambda: len(self.hook.requests) > failed + 1, 2, "told again")
        self.assertEqual(self.messages()[-1], ("firing", "High", ["+a", "+b"]))
        self.assertEqual(len(set(self.keys())), 1)
        self.submit(daemon, "load", 10, "ab")
        self.wait_message("resolved", "High", ["-a", "-b"])


if __name__ == "__main__":
    harness.main()
