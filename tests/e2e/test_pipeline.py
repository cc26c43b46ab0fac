"""A metric becomes an alert becomes a webhook: the whole pipeline in real time."""

import hashlib
import hmac
import json
import signal
import time

import harness
from harness import config, rule, wait_until

CPU = "system.cpu.usage"
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$"


class Pipeline(harness.TestCase):
    def start(self, *rules):
        self.hook = self.sink()
        self.daemon = self.tocsin(config({"hook": self.hook}), list(rules))
        return self.daemon

    def only_alert(self, status="active"):
        alerts = self.daemon.alerts(status)
        self.assertEqual(len(alerts), 1, alerts)
        return alerts[0]

    def test_a_json_metric_becomes_a_webhook_in_the_seed_format(self):
        tocsin = self.start(
            rule("High CPU Usage", CPU, threshold="80.0", description="CPU is busy")
        )
        tocsin.submit(CPU, 85.5, host="web-server-01")

        request = self.hook.wait_change("High CPU Usage", "active")
        self.assertEqual(request.method, "POST")
        self.assertEqual(request.headers["Content-Type"].split(";")[0], "application/json")
        self.assertTrue(request.key)
        alert = request.alert
        self.assertRegex(alert["id"], r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertRegex(alert["triggered_at"], TIME)
        expected = {
            "name": "High CPU Usage",
            "description": "CPU is busy",
            "severity": "high",
            "status": "active",
            "metric_name": CPU,
            "metric_value": "85.5",
            "threshold": "80.0",
            "metadata": {"host": "web-server-01"},
        }
        self.assertEqual({key: alert[key] for key in expected}, expected)
        about = request.json()["rule"]
        self.assertEqual(
            (about["name"], about["condition"], about["duration"]), ("High CPU Usage", ">", 0)
        )
        listed = self.only_alert()
        self.assertEqual(
            (listed["id"], listed["rule_name"], listed["rule_id"]),
            (alert["id"], "High CPU Usage", about["id"]),
        )

    def test_the_first_good_value_resolves_and_the_receiver_is_told(self):
        tocsin = self.start(rule("High", CPU))
        tocsin.submit(CPU, 90, host="a")
        fired = self.hook.wait_change("High", "active")
        tocsin.submit(CPU, 80, host="a")  # not above 80

        resolved = self.hook.wait_change("High", "resolved")
        self.assertEqual(resolved.alert["id"], fired.alert["id"])
        self.assertNotEqual(resolved.key, fired.key)
        self.assertRegex(resolved.alert["resolved_at"], TIME)
        self.assertEqual(tocsin.alerts(), [])
        self.assertEqual(self.only_alert("resolved")["resolved_reason"], "recovered")
        self.assertEqual(len(self.hook.requests), 2)

    def test_an_alert_fires_when_the_duration_has_passed_without_another_sample(self):
        tocsin = self.start(rule("Slow", CPU, duration=1))
        submitted = time.monotonic()
        tocsin.submit(CPU, 90, host="a")
        self.assertEqual(self.only_alert("pending")["name"], "Slow")
        self.assertEqual(tocsin.alerts(), [])

        waited = self.hook.wait_change("Slow", "active").at - submitted
        self.assertGreaterEqual(waited, 0.999)
        self.assertLess(waited, 2.0)  # the contract: duration + 1 s at most

    def test_one_good_sample_in_between_starts_the_duration_anew(self):
        tocsin = self.start(rule("Slow", CPU, duration=1))
        tocsin.submit(CPU, 90, host="a")
        time.sleep(0.5)
        tocsin.submit(CPU, 10, host="a")
        self.assertEqual(tocsin.alerts("pending"), [])
        again = time.monotonic()
        tocsin.submit(CPU, 90, host="a")
        self.assertGreaterEqual(self.hook.wait_change("Slow", "active").at - again, 0.999)

    def test_a_new_episode_within_the_cooldown_is_announced_when_the_cooldown_ends(self):
        tocsin = self.start(rule("Flapping", CPU, cooldown_period=2))
        tocsin.submit(CPU, 90, host="a")
        first = self.hook.wait_change("Flapping", "active")
        tocsin.submit(CPU, 10, host="a")
        self.hook.wait_change("Flapping", "resolved")
        tocsin.submit(CPU, 91, host="a")
        self.assertNotEqual(self.only_alert()["id"], first.alert["id"])  # held back, not hidden

        second = self.hook.wait_count(3)[2]
        self.assertEqual(second.change, ("Flapping", "active"))
        self.assertGreaterEqual(second.at - first.at, 1.9)
        self.assertLess(second.at - first.at, 4)

    def test_what_recovers_within_the_cooldown_is_never_announced(self):
        tocsin = self.start(rule("Flapping", CPU, cooldown_period=2))
        for value in (90, 10, 91, 11):
            tocsin.submit(CPU, value, host="a")
            if value in (90, 10):
                self.hook.wait_change("Flapping", "active" if value == 90 else "resolved")
        self.assertEqual(tocsin.alerts(), [])
        wait_until(lambda: len(tocsin.alerts("resolved")) == 2, what="both episodes to be resolved")
        self.assert_never(lambda: len(self.hook.requests) > 2, 2.5, "a third message")

    def test_an_alert_that_is_kept_fires_on_without_data_over_a_restart(self):
        tocsin = self.start(
            rule("Kept", CPU, stale_after=1, stale_alerts="keep"),
            rule("Gone", "memory", stale_after=1),
            rule("Gone too", "disk", stale_after=1),
        )
        tocsin.submit(CPU, 90, host="a")
        tocsin.submit("memory", 90, host="a")
        fired = self.hook.wait_change("Kept", "active")
        gone = self.hook.wait_change("Gone", "resolved").alert
        self.assertEqual(gone["resolved_reason"], "stale")
        self.assertRegex(gone["message"], r"^No data since \d\d:\d\d UTC; last value 90\.0\.\n")
        self.assertEqual(self.only_alert()["id"], fired.alert["id"])

        tocsin.restart()
        # By then the clock of staleness has run out once more.
        tocsin.submit("disk", 90, host="a")
        self.hook.wait_change("Gone too", "resolved")
        self.assertEqual(self.only_alert()["id"], fired.alert["id"])
        tocsin.submit(CPU, 10, host="a")
        over = self.hook.wait_change("Kept", "resolved").alert
        self.assertEqual((over["id"], over["resolved_reason"]), (fired.alert["id"], "recovered"))
        told = [request.change for request in self.hook.requests]
        self.assertEqual(told.count(("Kept", "active")), 1)

    def test_a_webhook_with_a_signing_secret_signs_what_it_sends(self):
        self.hook = self.sink()
        key_file = self.folder / "signing_key"
        key_file.write_text("of a file\n")
        webhooks = {
            "seed": {"signing_secret": "s3cret of ops"},
            "v4": {"signing_secret_file": str(key_file), "format": "alertmanager"},
            "plain": {},
        }
        keys = {"/seed": b"s3cret of ops", "/v4": b"of a file"}
        url = f"http://127.0.0.1:{self.hook.port}"
        receivers = [
            {"name": name, "webhook": {"url": f"{url}/{name}", **more}}
            for name, more in webhooks.items()
        ]
        settings = {"host": {"enabled": False}, "receivers": receivers}
        self.daemon = self.tocsin(
            json.dumps({"tocsin": settings}),
            [rule("High ✓", CPU, notification_channels=list(webhooks))],
        )
        self.daemon.submit(CPU, 90, host="ä")
        for request in self.hook.wait_count(3):
            key = keys.get(request.path)
            if key is None:
                self.assertNotIn("X-Tocsin-Signature", request.headers)
                continue
            wanted = hmac.new(key, request.body, hashlib.sha256).hexdigest()
            self.assertEqual(request.headers["X-Tocsin-Signature"], "sha256=" + wanted)
        # Whoever renews the key of the file need not reload.
        key_file.write_text("renewed")
        self.daemon.submit(CPU, 10, host="ä")
        self.hook.wait_count(6)
        over = [one for one in self.hook.requests[3:] if one.path == "/v4"]
        wanted = hmac.new(b"renewed", over[0].body, hashlib.sha256).hexdigest()
        self.assertEqual(over[0].headers["X-Tocsin-Signature"], "sha256=" + wanted)

    def test_hosts_do_not_touch_each_others_alerts(self):
        tocsin = self.start(rule("High", CPU))
        tocsin.submit(CPU, 90, host="a")
        tocsin.submit(CPU, 91, host="b")
        self.hook.wait_change("High", "active", host="a")
        self.hook.wait_change("High", "active", host="b")
        tocsin.submit(CPU, 10, host="b")
        self.hook.wait_change("High", "resolved", host="b")
        self.assertEqual(self.only_alert()["metadata"], {"host": "a"})

    def test_an_acknowledged_alert_stays_one_alert_and_still_recovers(self):
        tocsin = self.start(rule("High", CPU))
        tocsin.submit(CPU, 90, host="a")
        self.hook.wait_change("High", "active")
        path = f"/api/v1/alerting/alerts/{self.only_alert()['id']}/acknowledge"
        answer = tocsin.post(path, {"actor": "alice", "note": "on it"})
        self.assertEqual(
            (answer.status, answer.json()), (200, {"message": "Alert acknowledged successfully"})
        )
        self.assertEqual(tocsin.alerts(), [])
        self.assertEqual(self.only_alert("acknowledged")["acknowledged_by"], "alice")

        tocsin.submit(CPU, 95, host="a")
        self.assertEqual(self.only_alert("acknowledged")["metric_value"], "95.0")
        tocsin.submit(CPU, 10, host="a")
        self.hook.wait_change("High", "resolved")
        self.assertEqual(self.hook.changes(), [("High", "active"), ("High", "resolved")])
        self.assertEqual(tocsin.post(path).status, 409)
        self.assertEqual(tocsin.post(path.replace("acknowledge", "resolve")).status, 200)

    def test_a_manual_resolve_holds_until_a_good_value_was_seen(self):
        tocsin = self.start(rule("High", CPU, cooldown_period=3600))
        tocsin.submit(CPU, 90, host="a")
        fired = self.hook.wait_change("High", "active")
        answer = tocsin.post(f"/alerting/alerts/{fired.alert['id']}/resolve", {"actor": "bob"})
        self.assertEqual(
            (answer.status, answer.json()), (200, {"message": "Alert resolved successfully"})
        )
        self.hook.wait_change("High", "resolved")
        self.assertEqual(self.only_alert("resolved")["resolved_reason"], "manual")

        tocsin.submit(CPU, 92, host="a")
        self.assertEqual(tocsin.alerts("active,pending"), [])
        tocsin.submit(CPU, 10, host="a")
        tocsin.submit(CPU, 93, host="a")
        again = wait_until(lambda: tocsin.alerts(), what="a new episode")[0]
        self.assertNotEqual(again["id"], fired.alert["id"])
        self.assertEqual(again["fingerprint"], fired.alert["fingerprint"])

    def test_commands_about_unknown_alerts_are_404(self):
        tocsin = self.start(rule("High", CPU))
        for command in ("acknowledge", "resolve"):
            answer = tocsin.post(f"/api/v1/alerting/alerts/no-such-alert/{command}")
            self.assertEqual((answer.status, answer.json()), (404, {"detail": "Alert not found"}))

    def test_a_rule_selects_by_labels(self):
        tocsin = self.start(rule("Web", CPU, labels={"tier": "web"}))
        tocsin.submit(CPU, 90, host="a", tier="db")
        self.assertEqual(tocsin.alerts("active,pending"), [])
        tocsin.submit(CPU, 90, host="a", tier="web")
        self.hook.wait_change("Web", "active", tier="web")

    def test_the_template_of_a_rule_is_filled_in(self):
        tocsin = self.start(rule("High", CPU, notification_template="CPU {value}% on {host}"))
        tocsin.submit(CPU, 85.5, host="a")
        self.assertEqual(self.hook.wait_change("High", "active").alert["message"], "CPU 85.5% on a")


class Reload(harness.TestCase):
    def start(self):
        self.hook = self.sink()
        self.high, self.other = rule("High", CPU), rule("Other", "other")
        self.daemon = self.tocsin(config({"hook": self.hook}), [self.high, self.other])
        self.daemon.submit(CPU, 90, host="a")
        self.hook.wait_change("High", "active")
        return self.daemon

    def assert_resolved_because(self, reason):
        self.hook.wait_change("High", "resolved")
        resolved = self.daemon.alerts("resolved")
        self.assertEqual([alert["resolved_reason"] for alert in resolved], [reason])

    def test_disabling_a_rule_resolves_its_alerts(self):
        tocsin = self.start()
        tocsin.write_rules([{**self.high, "enabled": False}, self.other])
        tocsin.reload()
        self.assert_resolved_because("rule_disabled")

    def test_deleting_a_rule_resolves_its_alerts(self):
        tocsin = self.start()
        tocsin.write_rules([self.other])
        tocsin.reload()
        self.assert_resolved_because("rule_deleted")

    def test_another_threshold_resolves_and_judges_the_last_value_anew(self):
        tocsin = self.start()
        tocsin.write_rules([{**self.high, "threshold": "95"}, self.other])
        tocsin.reload()
        self.assert_resolved_because("rule_changed")
        self.assertEqual(tocsin.alerts("active,pending"), [])
        tocsin.write_rules([{**self.high, "threshold": "85"}, self.other])
        tocsin.reload()
        wait_until(lambda: tocsin.alerts(), what="the last value to violate the new threshold")

    def test_another_text_keeps_the_alert(self):
        tocsin = self.start()
        before = tocsin.alerts()[0]["id"]
        tocsin.write_rules(
            [{**self.high, "description": "new words", "severity": "low"}, self.other]
        )
        tocsin.reload()
        self.assertEqual([alert["id"] for alert in tocsin.alerts()], [before])
        self.assertEqual(tocsin.alerts("resolved"), [])

    def test_files_are_watched_and_sighup_reloads(self):
        tocsin = self.start()
        tocsin.write_rules([self.high, self.other, rule("Third", "third")])
        wait_until(
            lambda: len(tocsin.get("/api/v1/alerting/rules").json()) == 3,
            what="the written file to be loaded",
        )
        before = tocsin.status()["config"]["last_reload_at"]
        tocsin.process.signal(signal.SIGHUP)
        wait_until(
            lambda: tocsin.status()["config"]["last_reload_at"] != before, what="SIGHUP to reload"
        )

    def test_a_bad_file_leaves_everything_running_and_is_reported_with_its_place(self):
        tocsin = self.start()
        tocsin.write_rules(
            "rules:\n- name: High\n  metric_name: system.cpu.usage\n"
            "  condition: over\n  threshold: '80'\n  severity: high\n"
            "  notification_channels: [hook]\n"
        )
        answer = tocsin.post("/-/reload")
        self.assertNotEqual(answer.status, 200)
        for text in (answer.text, *tocsin.status()["config"]["problems"], tocsin.process.stderr()):
            self.assertRegex(text, r"test\.yml:4:\d+: ")
        self.assertIs(tocsin.status()["config"]["last_reload_successful"], False)
        self.assertEqual(tocsin.metric("tocsin_config_last_reload_successful"), 0)

        self.assertEqual([alert["name"] for alert in tocsin.alerts()], ["High"])
        tocsin.submit("other", 99, host="a")
        self.hook.wait_change("Other", "active")
        tocsin.write_rules([self.high, self.other])
        tocsin.reload()
        self.assertEqual(tocsin.metric("tocsin_config_last_reload_successful"), 1)
        self.assertEqual(self.hook.changes(), [("High", "active"), ("Other", "active")])


class Receivers(harness.TestCase):
    def start(self):
        self.hook = self.sink()
        self.daemon = self.tocsin(config({"hook": self.hook}), [rule("High", CPU)])
        return self.daemon

    def test_a_receiver_that_answers_503_is_asked_again_with_the_same_key(self):
        tocsin = self.start()
        self.hook.answer(503)
        tocsin.submit(CPU, 90, host="a")
        self.hook.wait_count(1)
        self.hook.answer(200)
        first, second = self.hook.wait_count(2)
        self.assertEqual((second.key, second.body), (first.key, first.body))
        wait_until(
            lambda: tocsin.alerts()[0]["notifications_sent"] == 1,
            what="the delivery to be recorded",
        )

    def test_a_receiver_that_refuses_connections_is_told_when_it_is_back(self):
        tocsin = self.start()
        self.hook.refuse()
        tocsin.submit(CPU, 90, host="a")
        wait_until(lambda: tocsin.alerts(), what="the alert")
        self.hook.accept()
        self.hook.wait_change("High", "active")
        self.assertEqual(len(self.hook.requests), 1)

    def test_a_receiver_that_answers_400_is_not_asked_again(self):
        tocsin = self.start()
        self.hook.answer(400)
        tocsin.submit(CPU, 90, host="a")
        self.hook.wait_count(1)
        self.assert_never(lambda: len(self.hook.requests) > 1, 3, "a second attempt")


class Scenarios(harness.TestCase):
    def start(self, rules):
        self.hook = self.sink()
        self.daemon = self.tocsin(config({"hook": self.hook}), rules)
        return self.daemon

    def test_a_hundred_rules_on_one_metric_all_announce_what_one_sample_raised(self):
        names = [f"rule {number:03}" for number in range(100)]
        tocsin = self.start([rule(name, "load") for name in names])
        tocsin.submit("load", 90, host="a")
        requests = self.hook.wait_count(len(names))
        self.assertEqual(
            sorted(request.change for request in requests), [(name, "active") for name in names]
        )
        alerts = tocsin.alerts("active")
        self.assertEqual(sorted(one["name"] for one in alerts), names)
        # They were judged together, none when another sample or a tick came.
        self.assertEqual(len({one["triggered_at"] for one in alerts}), 1)
        self.assertEqual(len({one["last_value_at"] for one in alerts}), 1)
        self.assertEqual(len(self.hook.requests), len(names))

    def test_an_anomaly_rate_of_three_percent_is_none_and_twenty_and_outliers_are(self):
        # As a detector would tell it: the part of its points that it marked.
        tocsin = self.start([rule("Anomalies", "pynomaly.anomaly_rate", threshold="0.1")])
        fed = {"few": [3 / 100, 0.0, 3 / 100], "many": [3 / 100, 20 / 100], "outliers": [1e300]}
        for dataset, rates in fed.items():
            for rate in rates:
                tocsin.submit("pynomaly.anomaly_rate", rate, dataset=dataset)
        self.hook.wait_count(2)
        # Samples are judged in the order in which they come: those of the few were before these.
        found = sorted((one["labels"]["dataset"], one["status"]) for one in tocsin.alerts("all"))
        self.assertEqual(found, [("many", "active"), ("outliers", "active")])
        told = sorted(one.alert["metadata"]["dataset"] for one in self.hook.requests)
        self.assertEqual(told, ["many", "outliers"])


if __name__ == "__main__":
    harness.main()
