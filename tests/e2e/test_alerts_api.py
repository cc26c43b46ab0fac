"""Alerts over the API beside acknowledging and resolving: comments, silences, lists of alerts of
every origin, requests that may be sent again, and the health that tells of each part."""

import threading
import urllib.parse

import harness
from alertmanager import alert
from harness import config, rule, wait_until

API = "/api/v1/alerting"
ADMIN = "s3cret-of-the-operator"


class AlertsApi(harness.TestCase):
    def start(self, rules=None, environment=None, **settings):
        self.hook = self.sink()
        self.daemon = self.tocsin(
            config({"hook": self.hook}, **settings),
            [rule("hot", "cpu")] if rules is None else rules,
            environment=environment,
        )
        return self.daemon

    def send(self, method, path, body=None, expect=200, **headers):
        answer = self.daemon.request(method, f"{API}{path}", body, headers=headers)
        self.assertEqual(answer.status, expect, answer)
        return answer.json()

    def fire(self, **metadata):
        """The id of the alert that this raises, once the webhook has heard of it."""
        before = len(self.hook.changes())
        self.daemon.submit("cpu", 85, **metadata)
        wait_until(lambda: len(self.hook.changes()) > before, what="the message")
        return self.one(**metadata)["id"]

    def one(self, **metadata):
        found = [a for a in self.daemon.alerts("all") if metadata.items() <= a["metadata"].items()]
        self.assertEqual(len(found), 1, found)
        return found[0]

    def listed(self, **query):
        """(names with their hosts, the total)"""
        answer = self.daemon.get(f"{API}/alerts?{urllib.parse.urlencode(query, doseq=True)}")
        self.assertEqual(answer.status, 200, answer)
        names = [
            f"{one['name']} {one['labels'].get('host', '')}".strip() for one in answer.json()
        ]
        return names, int(answer.headers["X-Total-Count"])

    def events(self, **query):
        return self.send("GET", f"/events?{urllib.parse.urlencode(query)}")["events"]


class Comments(AlertsApi):
    def test_comments_survive_kill_9_and_stand_with_the_alert_and_in_its_history(self):
        self.start()
        one = self.fire(host="a")
        first = self.send("POST", f"/alerts/{one}/comments", {"actor": "anna", "text": "the fan?"})
        self.daemon.kill9()
        self.daemon.start()
        second = self.send("POST", f"/alerts/{one}/comments", {"actor": "bob", "text": "replaced"})
        self.assertEqual(self.send("GET", f"/alerts/{one}/comments"), [first, second])
        shown = self.send("GET", f"/alerts/{one}")
        self.assertEqual(shown["comments"], [first, second])
        self.assertEqual(shown["comment_count"], 2)
        said = [(e["actor"], e["text"]) for e in shown["events"] if e["type"] == "alert.commented"]
        self.assertEqual(said, [("anna", "the fan?"), ("bob", "replaced")])
        recorded = self.events(type="alert.commented", alert_id=one, order="asc")
        self.assertEqual([event["body"]["text"] for event in recorded], ["the fan?", "replaced"])
        self.assertEqual(recorded[0]["labels"]["host"], "a")

    def test_every_answered_comment_survives_a_kill_while_others_are_made(self):
        self.start()
        one = self.fire(host="a")
        answered = []

        def talk(speaker):
            try:
                for number in range(20):
                    text = f"{speaker} {number}"
                    body = {"actor": speaker, "text": text}
                    if self.daemon.post(f"{API}/alerts/{one}/comments", body).status == 200:
                        answered.append(text)
            except OSError:
                pass  # killed

        threads = [threading.Thread(target=talk, args=(name,)) for name in ("x", "y", "z")]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answered) >= 10, what="some comments")
        self.daemon.kill9()
        for thread in threads:
            thread.join()
        self.daemon.start()
        kept = [comment["text"] for comment in self.send("GET", f"/alerts/{one}/comments")]
        self.assertLessEqual(set(answered), set(kept))
        self.assertEqual(len(kept), len(set(kept)))
        recorded = [e["body"]["text"] for e in self.events(type="alert.commented", limit=1000)]
        self.assertEqual(sorted(recorded), sorted(kept))

    def test_comments_on_posted_alerts(self):
        self.start()
        self.daemon.post("/api/v2/alerts", [alert("Disk host=db")])
        posted = self.one(host="db")
        self.assertIsNone(posted["rule_id"])
        self.send("POST", f"/alerts/{posted['fingerprint']}/comments", {"text": "known"})
        self.daemon.kill9()
        self.daemon.start()
        self.assertEqual(self.send("GET", f"/alerts/{posted['id']}")["comments"][0]["text"], "known")

    def test_comments_need_the_scope_operate_and_are_audited(self):
        self.start(environment={"TOCSIN_API_KEYS": f"admin:{ADMIN},read:reader-of-things"})
        key = {"X-API-Key": ADMIN}
        self.daemon.request(
            "POST",
            f"{API}/metrics",
            {"metric_name": "cpu", "value": 85, "metadata": {"host": "a"}},
            headers=key,
        )
        one = self.daemon.get(f"{API}/alerts", headers=key).json()[0]["id"]
        path = f"{API}/alerts/{one}/comments"
        reader = {"X-API-Key": "reader-of-things"}
        self.assertEqual(self.daemon.post(path, {"text": "x"}, headers=reader).status, 403)
        self.assertEqual(self.daemon.get(path, headers=reader).json(), [])
        self.assertEqual(self.daemon.post(path, {"text": "x"}, headers=key).status, 200)
        entries = self.daemon.get(f"{API}/audit", headers=key).json()
        comment = next(entry for entry in entries if entry["action"] == "alert.comment")
        self.assertEqual(comment["target"], one)
        self.assertEqual(comment["after"]["text"], "x")


class Silences(AlertsApi):
    def test_a_silence_from_an_alert_holds_back_its_kind(self):
        self.start()
        one = self.fire(host="a")
        made = self.send(
            "POST",
            f"/alerts/{one}/silence",
            {"duration": "1h", "comment": "known", "actor": "anna", "labels": ["alertname"]},
        )
        self.assertEqual(self.one(host="a")["status"], "suppressed")
        self.daemon.submit("cpu", 85, host="b")
        self.assertEqual(self.one(host="b")["silenced_by"], [made["silence_id"]])
        shown = self.daemon.get("/api/v2/silences").json()
        self.assertEqual(
            [(s["id"], s["createdBy"], s["comment"], s["status"]["state"]) for s in shown],
            [(made["silence_id"], "anna", "known", "active")],
        )
        self.assertEqual(
            shown[0]["matchers"],
            [{"name": "alertname", "value": "hot", "isRegex": False, "isEqual": True}],
        )
        # Once it is over, the one that was held back is told.
        self.daemon.delete(f"/api/v2/silence/{made['silence_id']}")
        self.daemon.submit("cpu", 85, host="b")
        self.assertEqual(self.one(host="b")["status"], "active")

    def test_amtool_sees_it(self):
        self.start()
        one = self.fire(host="a")
        made = self.send("POST", f"/alerts/{one}/silence", {"duration": 600, "comment": "e2e"})
        status, output = harness.amtool(
            f"http://127.0.0.1:{self.daemon.port}", "silence", "query", 'host="a"'
        )
        self.assertEqual(status, 0, output)
        self.assertIn(made["silence_id"], output)
        self.assertIn("e2e", output)

    def test_silences_survive_kill_9(self):
        self.start()
        one = self.fire(host="a")
        made = self.send("POST", f"/alerts/{one}/silence", {"duration": 600})
        self.daemon.kill9()
        self.daemon.start()
        self.assertEqual(self.one(host="a")["silenced_by"], [made["silence_id"]])


class Lists(AlertsApi):
    def test_alerts_of_every_origin_with_all_filters_and_pages(self):
        self.start([rule("hot", "cpu"), rule("slow", "latency", severity="info")])
        self.fire(host="a")
        self.daemon.submit("latency", 90, host="a")
        self.daemon.post("/api/v2/alerts", [alert("Disk host=b severity=critical")])
        self.assertEqual(self.listed()[1], 3)
        self.assertEqual(self.listed(severity="critical"), (["Disk b"], 1))
        self.assertEqual(sorted(self.listed(severity="high,info")[0]), ["hot a", "slow a"])
        self.assertEqual(sorted(self.listed(filter='host="a"')[0]), ["hot a", "slow a"])
        self.assertEqual(
            self.listed(filter=['host="a"', 'alertname!="hot"']), (["slow a"], 1)
        )
        self.assertEqual(
            sorted(self.listed(**{"match[]": ['{alertname="hot"}', "{severity=~crit.*,host=b}"]})[0]),
            ["Disk b", "hot a"],
        )
        rules = {one["name"]: one["id"] for one in self.send("GET", "/rules")}
        self.assertEqual(self.listed(rule_id=rules["hot"]), (["hot a"], 1))
        everything = self.listed()[0]
        self.assertEqual(self.listed(limit=1, offset=1), (everything[1:2], 3))
        self.assertEqual(self.listed(since="2100-01-01T00:00:00Z"), ([], 0))
        self.assertEqual(self.listed(until="2100-01-01T00:00:00Z")[1], 3)
        self.daemon.submit("cpu", 10, host="a")
        self.assertEqual(self.listed(status="resolved"), (["hot a"], 1))
        self.assertEqual(self.listed(status="all")[1], 3)
        self.send("GET", "/alerts?severity=loud&since=x&filter=%3D&status=gone", expect=422)


class Repeated(AlertsApi):
    def test_a_request_that_is_sent_again_is_carried_out_once_also_after_a_kill(self):
        self.start()
        one = self.fire(host="a")
        requests = [
            ("/rules", rule("second", "memory")),
            (f"/alerts/{one}/comments", {"text": "x"}),
            (f"/alerts/{one}/silence", {"duration": 600}),
            ("/demo/create-rule", None),
            ("/demo/trigger-alert?value=95", None),
        ]
        answers = [
            self.send("POST", path, body, **{"Idempotency-Key": f"key {path}"})
            for path, body in requests
        ]
        self.daemon.kill9()
        self.daemon.start()
        for (path, body), before in zip(requests, answers):
            again = self.daemon.request(
                "POST", f"{API}{path}", body, headers={"Idempotency-Key": f"key {path}"}
            )
            self.assertEqual((again.status, again.json()), (200, before))
            self.assertEqual(again.headers["Idempotency-Replayed"], "true")
        self.assertEqual(len(self.send("GET", "/rules")), 3)
        self.assertEqual(len(self.send("GET", f"/alerts/{one}/comments")), 1)
        self.assertEqual(len(self.daemon.get("/api/v2/silences").json()), 1)
        self.send("POST", "/rules", rule("third", "x"), 422, **{"Idempotency-Key": "key /rules"})
        self.assertEqual(len(self.send("GET", "/rules")), 3)

    def test_silences_of_the_alertmanager_api_too(self):
        self.start([])
        body = {
            "matchers": [{"name": "a", "value": "b", "isRegex": False}],
            "startsAt": "2024-01-01T00:00:00Z",
            "endsAt": "2100-01-01T00:00:00Z",
            "createdBy": "e2e",
            "comment": "e2e",
        }
        header = {"Idempotency-Key": "k"}
        made = {
            self.daemon.post("/api/v2/silences", body, headers=header).json()["silenceID"]
            for _ in range(3)
        }
        self.assertEqual(len(made), 1)
        body["comment"] = "another"
        self.assertEqual(self.daemon.post("/api/v2/silences", body, headers=header).status, 422)

    def test_what_a_kill_left_without_its_answer_is_not_made_twice(self):
        """Killed between the change and the keeping of its answer: as if the row were missing."""
        self.start()
        one = self.fire(host="a")
        requests = [
            ("/rules", rule("second", "memory")),
            (f"/alerts/{one}/comments", {"text": "x"}),
            (f"/alerts/{one}/silence", {"duration": 600}),
        ]
        for path, body in requests:
            self.send("POST", path, body, **{"Idempotency-Key": "k" + path})
        self.daemon.kill9()
        self.daemon.database.run("DELETE FROM idempotency_keys")
        self.daemon.start()
        for path, body in requests:
            self.send("POST", path, body, **{"Idempotency-Key": "k" + path})
        self.assertEqual(len(self.send("GET", "/rules")), 2)
        self.assertEqual(len(self.send("GET", f"/alerts/{one}/comments")), 1)
        self.assertEqual(len(self.daemon.get("/api/v2/silences").json()), 1)

    def test_a_keys_token_is_never_kept_and_repeats_are_not_audited(self):
        self.start(environment={"TOCSIN_API_KEYS": f"admin:{ADMIN}"})
        headers = {"X-API-Key": ADMIN, "Idempotency-Key": "one key"}
        body = {"name": "made", "scopes": ["read"]}
        token = self.daemon.post(f"{API}/keys", body, headers=headers).json()["token"]
        self.assertEqual(self.daemon.post(f"{API}/keys", body, headers=headers).status, 409)
        rules = {"X-API-Key": ADMIN, "Idempotency-Key": "rule"}
        for _ in range(3):
            self.daemon.post(f"{API}/rules", rule("second", "memory"), headers=rules)
        entries = self.daemon.get(f"{API}/audit", headers={"X-API-Key": ADMIN}).json()
        actions = [entry["action"] for entry in entries]
        self.assertEqual((actions.count("key.create"), actions.count("rule.create")), (1, 1))
        self.daemon.stop()
        for file in self.daemon.storage.iterdir():
            if file.is_file():
                self.assertNotIn(token.encode(), file.read_bytes(), file)
        self.assertIn(b"key.create", self.daemon.database.stored_bytes())
        self.assertNotIn(token.encode(), self.daemon.database.stored_bytes())


class Health(AlertsApi):
    def test_each_part_says_how_it_is(self):
        self.start([rule("told", "x", notification_channels=["hook", "email"])])
        health = self.send("GET", "/health")
        self.assertEqual((health["status"], health["reasons"], health["warnings"]), ("healthy", [], []))
        parts = health["parts"]
        self.assertEqual(parts["delivery"]["receivers"]["email"]["status"], "not_configured")
        self.assertEqual(parts["delivery"]["receivers"]["hook"]["status"], "unused")
        self.assertEqual(parts["host"]["status"], "off")
        self.assertGreater(parts["disk"]["free_bytes"], 0)
        self.assertLess(parts["evaluation"]["lag_seconds"], 5)
        self.assertLess(parts["store_writer"]["lag_seconds"], 5)
        self.assertEqual(health["checks"]["websocket_connections"], 0)

    def test_a_receiver_that_fails_is_named_with_its_answer(self):
        self.start()
        self.hook.answer(status=500)
        self.daemon.submit("cpu", 85, host="a")

        def failing():
            health = self.send("GET", "/health")
            return health if health["status"] == "degraded" else None

        health = wait_until(failing, what="the health to tell")
        receiver = health["parts"]["delivery"]["receivers"]["hook"]
        self.assertEqual(receiver["status"], "failing")
        self.assertIn("500", receiver["last_error"])
        self.assertTrue(any(reason.startswith("receiver hook fails") for reason in health["reasons"]))

    def test_open_doors_are_a_warning_as_long_as_there_is_no_key(self):
        daemon = self.prepare_tocsin(config(web={"allow_unauthenticated": True}))
        daemon.listen_address = "0.0.0.0:0"
        daemon.start()
        health = daemon.get(f"{API}/health").json()
        self.assertEqual(health["status"], "healthy")
        self.assertEqual(len(health["warnings"]), 1)
        self.assertIn("without API keys", health["warnings"][0])

    def test_the_program_that_api_url_names_is_asked_how_it_is(self):
        app = self.target()
        app.status = 503
        self.start(
            [rule("App down", "app.health.status", condition="<", threshold=1)],
            environment={"API_URL": f"http://{app.address}/health"},
        )

        def asked():
            health = self.send("GET", "/health")
            return health if "api" in health["checks"] else None

        health = wait_until(asked, what="the program to be asked")
        self.assertEqual((health["status"], health["checks"]["api"]), ("degraded", "degraded"))
        self.assertIn("HTTP status 503", health["parts"]["api"]["reason"])
        self.hook.wait_change("App down", "active")
        self.assertEqual(app.requests[0].path, "/health")
        app.status = 200
        self.daemon.restart()
        health = wait_until(asked, what="the program to be asked")
        self.assertEqual((health["status"], health["checks"]["api"]), ("healthy", "healthy"))
        self.hook.wait_change("App down", "resolved")

    def test_a_target_that_is_down_is_told(self):
        self.start(rules=[])
        self.daemon.write_config(
            config(
                top={
                    "global": {"scrape_interval": "1s"},
                    "scrape_configs": [
                        {"job_name": "gone", "static_configs": [{"targets": ["127.0.0.1:1"]}]}
                    ],
                }
            )
        )
        self.daemon.reload()
        wait_until(
            lambda: "1 of 1 targets are down" in self.send("GET", "/health")["reasons"],
            what="the health to tell",
        )


if __name__ == "__main__":
    harness.main()
