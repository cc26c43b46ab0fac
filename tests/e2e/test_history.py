"""The history: what happened, in order, once, whatever happens to the process."""

import collections
import csv
import http.client
import io
import pathlib
import random
import sqlite3
import threading
import time

import harness
from harness import config, rule, wait_until

ROUNDS = 20 if harness.LONG else 4
FLOOD = [f"h{number}" for number in range(20)]
API = "/api/v1/alerting"


class History(harness.TestCase):
    def start(self, rules=(), **settings):
        self.hook = self.sink()
        self.daemon = self.tocsin(config({"hook": self.hook}, staleness="1h", **settings), rules)
        return self.daemon

    def get(self, path):
        answer = self.daemon.get(f"{API}{path}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def events(self, query=""):
        """All that there are, a page at a time."""
        found, after = [], 0
        while True:
            page = self.get(f"/events?order=asc&limit=500&after={after}{query}")["events"]
            if not page:
                return found
            found += page
            after = page[-1]["sequence"]

    def types(self, query=""):
        return [event["type"] for event in self.events(query)]

    def wait_types(self, query, types):
        wait_until(lambda: self.types(query) == types, what=f"the events {types} of {query}")

    # ---

    def test_an_episode_from_its_first_sample_to_its_last_message(self):
        tocsin = self.start([rule("CPU", "cpu")])
        tocsin.submit("cpu", 90, host="a")
        alert = self.hook.wait_change("CPU", "active").alert["id"]
        # A rule's alert and the message about it are committed before its receiver is told.
        self.wait_types(f"&alert_id={alert}", ["alert.active", "notification.delivered"])
        tocsin.post(f"{API}/alerts/{alert}/acknowledge", {"actor": "anna", "note": "mine"})
        tocsin.submit("cpu", 10, host="a")
        self.hook.wait_change("CPU", "resolved")
        whole = [
            "alert.active",
            "notification.delivered",
            "alert.acknowledged",
            "alert.resolved",
            "notification.delivered",
        ]
        self.wait_types(f"&alert_id={alert}", whole)

        shown = self.get(f"/alerts/{alert}")["events"]
        self.assertEqual([event["type"] for event in shown], whole)
        self.assertEqual((shown[2]["actor"], shown[2]["note"]), ("anna", "mine"))
        self.assertEqual(
            (shown[4]["receiver"], shown[4]["told"], shown[4]["attempts"]), ("hook", "resolved", 1)
        )

        found = self.events("&match[]=%7Bhost%3D%22a%22%7D&type=alert.acknowledged")
        self.assertEqual([event["alert_id"] for event in found], [alert])
        body = found[0]["body"]
        self.assertEqual((body["status"], body["acknowledged_by"]), ("acknowledged", "anna"))

        rule_id = found[0]["rule_id"]
        statistics = self.get(f"/rules/{rule_id}/statistics")
        self.assertEqual(
            [statistics[key] for key in ("rule_name", "episodes", "acknowledged", "resolved")],
            ["CPU", 1, 1, 1],
        )
        self.assertGreaterEqual(
            statistics["mean_time_to_resolve_seconds"], statistics["mean_time_to_acknowledge_seconds"]
        )
        self.assertEqual(self.get("/statistics")["episodes"], 1)

    def test_as_csv(self):
        tocsin = self.start([rule("CPU, of \"us\"", "cpu")])
        tocsin.submit("cpu", 90, host="=cmd")
        self.hook.wait_change("CPU, of \"us\"", "active")
        wait_until(lambda: len(self.events()) == 2, what="both events")
        answer = self.daemon.get(f"{API}/events?format=csv&order=asc")
        self.assertEqual(answer.status, 200)
        rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        listed = self.events()
        self.assertEqual([int(row["sequence"]) for row in rows], [1, 2])
        self.assertEqual([row["type"] for row in rows], [event["type"] for event in listed])
        self.assertIn('host="=cmd"', rows[0]["labels"])
        self.assertTrue(rows[0]["body"].startswith("{"))

    def test_a_receiver_that_fails_and_recovers(self):
        tocsin = self.start([rule("CPU", "cpu")])
        self.hook.answer(status=503)
        tocsin.submit("cpu", 90, host="a")
        wait_until(lambda: "notification.failed" in self.types(), what="an attempt that failed")
        self.hook.answer()
        wait_until(lambda: "notification.delivered" in self.types(), what="the message to arrive")
        delivered = self.events("&type=notification.delivered&receiver=hook")[0]["body"]
        self.assertGreaterEqual(delivered["attempts"], 2)
        failed = self.events("&type=notification.failed")[0]["body"]
        self.assertEqual((failed["attempts"], failed["http_status"]), (1, 503))

    def test_reloads(self):
        tocsin = self.start([rule("CPU", "cpu")])
        tocsin.reload()
        good = tocsin.config_file.read_text()
        tocsin.write_config("tocsin: {staleness: soon}\n")
        self.assertNotEqual(tocsin.post("/-/reload").status, 200)
        tocsin.write_config(good)
        types = wait_until(
            lambda: self.types("&type=config.")
            if "config.reload_failed" in self.types("&type=config.")
            else None,
            what="the reload that failed",
        )
        self.assertEqual(types[0], "config.reloaded")
        failed = self.events("&type=config.reload_failed")[0]["body"]["problems"]
        self.assertTrue(any("staleness" in problem for problem in failed), failed)

    def test_posted_alerts_and_silences(self):
        tocsin = self.start()
        labels = {"alertname": "Disk", "host": "a"}
        tocsin.post("/api/v2/alerts", [{"labels": labels}])
        tocsin.post("/api/v2/alerts", [{"labels": labels}])
        silence = {
            "matchers": [{"name": "host", "value": "a", "isRegex": False}],
            "startsAt": "2024-01-01T00:00:00Z",
            "endsAt": "2199-01-01T00:00:00Z",
            "createdBy": "anna",
            "comment": "swap",
        }
        made = tocsin.post("/api/v2/silences", silence).json()["silenceID"]
        self.assertEqual(tocsin.delete(f"/api/v2/silence/{made}").status, 200)
        tocsin.post("/api/v2/alerts", [{"labels": labels, "endsAt": "2024-01-01T00:00:00Z"}])
        self.wait_types("&filter=host%3Da&type=alert.", ["alert.active", "alert.resolved"])
        self.wait_types("&type=silence.", ["silence.created", "silence.expired"])
        created = self.events("&type=silence.created")[0]["body"]
        self.assertEqual((created["silence_id"], created["created_by"]), (made, "anna"))

    def test_wrong_questions_are_answered_with_all_their_faults(self):
        self.start()
        answer = self.daemon.get(f"{API}/events?limit=0&since=x&order=up")
        self.assertEqual(answer.status, 422)
        self.assertEqual(
            [fault["loc"] for fault in answer.json()["detail"]],
            [["query", "since"], ["query", "limit"], ["query", "order"]],
        )

    def test_only_so_many_are_kept_and_numbers_go_on(self):
        tocsin = self.start([rule("Flood", "flood")])
        self.flood(90)
        wait_until(lambda: len(self.events()) >= 40, what="the events of the flood")
        last = self.events()[-1]["sequence"]
        tocsin.stop()
        tocsin.write_config(
            config({"hook": self.hook}, staleness="1h", history={"max_events": 5})
        )
        tocsin.start()
        wait_until(lambda: len(self.events()) == 5, what="the oldest events to be forgotten")
        self.assertEqual(self.events()[-1]["sequence"], last)
        tocsin.submit("flood", 10, host="h0")
        wait_until(lambda: self.events()[-1]["sequence"] > last, what="the next event")
        self.assert_contiguous(self.events())

    def test_the_drop_in_mode_records_nothing(self):
        hook = self.sink()
        daemon = self.alertmanager(
            f"""
route: {{receiver: hook, group_wait: 0s}}
receivers: [{{name: hook, webhook_configs: [{{url: "{hook.url}"}}]}}]
""",
            arguments=["--alerts.persist"],
        )
        daemon.post("/api/v2/alerts", [{"labels": {"alertname": "Disk"}}])
        hook.wait_count(1)
        daemon.stop()
        databases = list(pathlib.Path(daemon.storage).glob("*.db"))
        self.assertEqual(len(databases), 1, databases)
        connection = sqlite3.connect(databases[0])
        self.assertEqual(connection.execute("SELECT count(*) FROM events").fetchone(), (0,))
        connection.close()

    # --- kill -9

    def flood(self, value):
        batch = [
            {"metric_name": "flood", "value": value, "metadata": {"host": host}} for host in FLOOD
        ]
        try:
            self.daemon.post(f"{API}/metrics/batch", batch)
        except (OSError, http.client.HTTPException):
            pass  # killed meanwhile

    def flood_and_kill(self, value, delay):
        thread = threading.Thread(target=self.flood, args=(value,))
        thread.start()
        time.sleep(delay)
        self.daemon.kill9()
        self.daemon.start()
        thread.join()
        self.flood(value)  # the samples that were not taken

    def assert_contiguous(self, events):
        numbers = [event["sequence"] for event in events]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))

    @staticmethod
    def changes(events):
        by_alert = collections.defaultdict(list)
        for event in events:
            if event["type"].startswith("alert."):
                by_alert[event["alert_id"]].append(event["type"])
        return dict(by_alert)

    def changes_of_alerts(self):
        """Those that the list of alerts tells of."""
        return {
            alert["id"]: ["alert.active"]
            + (["alert.resolved"] if alert["status"] == "resolved" else [])
            for alert in self.daemon.alerts("all")
        }

    def all_is_written(self):
        """A change stands in the list a little before its event can be read."""
        written = sum(len(types) for types in self.changes(self.events()).values())
        return written >= sum(len(types) for types in self.changes_of_alerts().values())

    def test_kills_leave_no_gap_and_no_repetition(self):
        seed = random.randrange(1 << 30)
        print(f"seed {seed}")
        moments = random.Random(seed)
        self.start([rule("Flood", "flood")])
        seen = []
        for _ in range(ROUNDS):
            for value, status in ((90, "active"), (10, "resolved")):
                self.flood_and_kill(value, moments.uniform(0, 0.06))
                wait_until(
                    lambda: len(self.daemon.alerts("active"))
                    == (len(FLOOD) if status == "active" else 0),
                    what=f"all to be {status}",
                )
                wait_until(self.all_is_written, what="the events of all changes")
                events = self.events()
                self.assert_contiguous(events)
                self.assertEqual(events[0]["sequence"], 1)
                # What was there stays as it was.
                self.assertEqual(events[: len(seen)], seen)
                # The history and the list of alerts tell the same.
                self.assertEqual(self.changes(events), self.changes_of_alerts())
                seen = events
        episodes = len(self.daemon.alerts("all"))
        statistics = self.get("/statistics")
        self.assertEqual((statistics["episodes"], statistics["resolved"]), (episodes, episodes))


if __name__ == "__main__":
    harness.main()
