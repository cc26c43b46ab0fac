"""Receivers made over the API: in force at once, durable, encrypted where they are kept, never
leading where the operator does not allow it."""

import json
import re

import harness
from harness import BINARY, config, ended, rule, wait_until

API = "/api/v1/alerting"
LOOPBACK = {"allow_networks": ["127.0.0.0/8"]}
TOKEN = "Bearer T0P-S3CRET-token"
PATH = "/T0P-S3CRET-path"  # of the address: part of the secret
ADMIN = "s3cret-of-the-operator"
SECRETS = ["T0P-S3CRET", ADMIN]


class ReceiversApi(harness.TestCase):
    def start(self, rules=(), egress=LOOPBACK, environment=None, receivers=None, **settings):
        self.hook = self.sink()
        self.daemon = self.prepare_tocsin(
            config(receivers, egress=egress, **settings), rules, environment=environment
        )
        return self.daemon.start()

    def send(self, method, path, body=None, expect=200, **headers):
        answer = self.daemon.request(
            method, f"{API}{path}", None if body is None else json.dumps(body), headers=headers
        )
        self.assertEqual(answer.status, expect, answer)
        return answer.json()

    def webhook(self, name="ops", token=TOKEN, url=None):
        address = url or f"http://127.0.0.1:{self.hook.port}{PATH}"
        return {"name": name, "webhook": {"url": address, "headers": {"Authorization": token}}}

    def fire(self, value=99, metric="cpu"):
        self.daemon.submit(metric, value, host="a")

    def told(self):
        """[(rule, status, path, token)]"""
        return [
            (*request.change, request.path, request.headers["Authorization"])
            for request in self.hook.requests
        ]

    def cli(self, *arguments, status=0, environment=None):
        code, output = ended(
            [
                BINARY,
                *arguments,
                f"--storage.path={self.daemon.storage}",
                f"--config.file={self.daemon.config_file}",
            ],
            environment={
                "PATH": "/usr/bin:/bin",
                **self.daemon.database.environment,
                **(environment or {}),
            },
        )
        self.assertEqual(code, status, output)
        return output

    def rows(self):
        """{name: row} of the table, as it stands in the database."""
        rows = self.daemon.database.table("managed_receivers")
        return {name: json.loads(row) for name, row in rows.items()}

    def sealed_by(self):
        return {row["sealed"].split(":")[1] for row in self.rows().values()}

    def stored_bytes(self):
        """Of the database, and of all files in the storage folder but the key."""
        files = [file for file in self.daemon.storage.iterdir() if file.name != "encryption_key"]
        in_files = b"".join(file.read_bytes() for file in files)
        return in_files + self.daemon.database.stored_bytes()

    def refused_start(self):
        self.daemon.spawn()
        self.assertEqual(self.daemon.process.wait(), 1)
        return self.daemon.process.stderr().splitlines()[-1]


class Delivery(ReceiversApi):
    def test_a_receiver_delivers_with_its_token_as_soon_as_it_is_made(self):
        self.start()
        made = self.send("POST", "/receivers", self.webhook())
        self.assertEqual(
            (made["name"], made["source"], made["webhook"]),
            ("ops", "api", {"url": "<secret>", "headers": {"Authorization": "<secret>"}}),
        )
        self.send("POST", "/rules", rule("hot", "cpu", notification_channels=["ops"]))
        self.fire()
        wait_until(lambda: self.told() == [("hot", "active", PATH, TOKEN)], what="the message")

        # What is not sent anew stays; what is, holds for the next message.
        shown = self.send("GET", "/receivers/ops")
        shown["webhook"]["headers"] = {"Authorization": "Bearer T0P-S3CRET-2"}
        changed = self.send("PUT", "/channels/ops", shown)
        self.assertEqual(changed["created_at"], made["created_at"])
        self.fire(1)
        wait_until(
            lambda: self.told()[1:] == [("hot", "resolved", PATH, "Bearer T0P-S3CRET-2")],
            what="the end, with the new token",
        )

    def test_it_survives_kill_9_and_reloads(self):
        self.start()
        self.send("POST", "/receivers", self.webhook())
        self.send("POST", "/rules", rule("hot", "cpu", notification_channels=["ops"]))
        before = self.send("GET", "/receivers")
        self.daemon.kill9()
        self.daemon.start()
        self.assertEqual(self.send("GET", "/receivers"), before)
        self.fire()
        wait_until(lambda: self.told() == [("hot", "active", PATH, TOKEN)], what="the message")
        self.daemon.write_config(config(egress=LOOPBACK, staleness="1h"))
        self.daemon.reload()
        self.assertEqual(self.send("GET", "/receivers"), before)
        self.fire(1)
        wait_until(
            lambda: self.told()[1:] == [("hot", "resolved", PATH, TOKEN)], what="the end"
        )

    def test_one_that_rules_name_stays_until_they_do_not(self):
        self.start()
        self.send("POST", "/receivers", self.webhook())
        made = self.send("POST", "/rules", rule("hot", "cpu", notification_channels=["ops"]))
        refused = self.send("DELETE", "/receivers/ops", expect=409)
        self.assertIn('named by the alert rules "hot"', refused["detail"])
        self.send("DELETE", f"/rules/{made['id']}")
        self.send("DELETE", "/receivers/ops")
        self.send("GET", "/receivers/ops", expect=404)
        self.send("DELETE", "/receivers/ops", expect=404)
        self.send("POST", "/rules", rule("hot", "cpu", notification_channels=["ops"]), expect=422)

    def test_a_post_that_is_sent_again_makes_one_receiver(self):
        self.start()
        again = {"Idempotency-Key": "a-1"}
        first = self.send("POST", "/receivers", self.webhook(), **again)
        self.daemon.kill9()
        self.daemon.start()
        self.assertEqual(self.send("POST", "/receivers", self.webhook(), **again), first)
        taken = self.send("POST", "/receivers", self.webhook(), expect=409)
        self.assertIn("There is a receiver", taken["detail"])

    def test_receivers_of_files_are_listed_and_left_alone(self):
        self.start(
            receivers={"hook": self.sink()},
            environment={"SLACK_WEBHOOK_URL": "https://s.example/T0P-S3CRET"},
        )
        self.send("POST", "/receivers", self.webhook())
        listed = {one["name"]: one for one in self.send("GET", "/receivers")}
        self.assertEqual(
            {name: one["source"] for name, one in listed.items()},
            {"hook": "file", "slack": "environment", "console": "built in", "ops": "api"},
        )
        self.assertEqual(listed["hook"]["webhook"], {"url": "<secret>"})
        for name in ("hook", "slack", "console"):
            for method in ("PUT", "DELETE"):
                body = self.webhook(name) if method == "PUT" else None
                refused = self.send(method, f"/receivers/{name}", body, expect=409)
                self.assertEqual(
                    refused["detail"], f"Receiver is defined in {listed[name]['defined_in']}"
                )
            self.send("POST", "/receivers", self.webhook(name), expect=409)

    def test_a_trial_shows_what_was_sent_without_its_secrets(self):
        self.start()
        self.send("POST", "/receivers", self.webhook())
        tried = self.send("POST", "/receivers/ops/test")
        self.assertEqual(tried["channels"][0]["outcome"], "delivered")
        (request,) = self.hook.requests
        self.assertEqual((request.path, request.headers["Authorization"]), (PATH, TOKEN))
        self.assertNotIn("S3CRET", json.dumps(tried))

    def test_faults_are_listed_with_their_places(self):
        self.start()
        body = {
            "name": "",
            "webhook": {"url": "ftp://h/"},
            "slack": {"webhook_url_file": "/etc/passwd"},
        }
        detail = self.send("POST", "/receivers", body, expect=422)["detail"]
        self.assertEqual(
            sorted(".".join(fault["loc"]) for fault in detail),
            ["body.name", "body.slack.webhook_url_file", "body.webhook.url"],
        )
        tls = {"tls_config": {"ca": "no certificate"}}
        bad = {
            "name": "a",
            "slack": {"webhook_url": "https://s.example/", "http_config": tls},
        }
        (fault,) = self.send("POST", "/receivers", bad, expect=422)["detail"]
        self.assertIn("PEM", fault["msg"])
        for channel, key in (("webhook", "url"), ("slack", "webhook_url"), ("teams", "webhook_url")):
            bad = {"name": "a", channel: {key: "http://u:pla1n@hooks.example/"}}
            answer = self.daemon.post(f"{API}/receivers", bad, headers={"X-API-Key": ADMIN})
            self.assertEqual(answer.status, 422, answer)
            (fault,) = answer.json()["detail"]
            self.assertEqual(fault["loc"], ["body", channel, key])
            self.assertIn("user name and password do not belong into the URL", fault["msg"])
            self.assertNotIn("pla1n", answer.text)
        self.assertEqual([one["name"] for one in self.send("GET", "/receivers")], ["console"])


class Egress(ReceiversApi):
    def test_this_machine_and_private_networks_are_out_of_reach_unless_allowed(self):
        self.start(egress={})
        for host in ("127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]"):
            body = self.webhook(url=f"http://{host}:{self.hook.port}/")
            (fault,) = self.send("POST", "/receivers", body, expect=422)["detail"]
            self.assertEqual(fault["loc"], ["body", "webhook", "url"])
            self.assertIn("refused by tocsin.egress", fault["msg"])
        self.daemon.write_config(config(egress=LOOPBACK))
        self.daemon.reload()
        self.send("POST", "/receivers", self.webhook())
        self.send("POST", "/receivers/ops/test")
        self.assertEqual(len(self.hook.requests), 1)

        # What was allowed once is asked again at every message.
        self.daemon.write_config(config(egress={}))
        self.daemon.reload()
        tried = self.send("POST", "/receivers/ops/test", expect=502)
        self.assertIn("refused by tocsin.egress", tried["channels"][0]["reason"])
        self.send("POST", "/rules", rule("hot", "cpu", notification_channels=["ops"]))
        self.fire()
        wait_until(
            lambda: self.daemon.metric(
                "alerting_notifications_failed_total", channel="ops"
            ),
            what="the refused message",
        )
        self.assertEqual(len(self.hook.requests), 1)

    def test_a_name_that_leads_inwards_is_refused_when_it_is_looked_up(self):
        self.start(egress={})
        # libcurl reads it as 127.0.0.1.
        body = self.webhook(url=f"http://2130706433:{self.hook.port}/")
        self.send("POST", "/receivers", body)
        tried = self.send("POST", "/receivers/ops/test", expect=502)
        self.assertIn("refused by tocsin.egress", tried["channels"][0]["reason"])
        self.assertEqual(self.hook.requests, [])

    def test_files_may_go_where_the_api_may_not(self):
        hook = self.sink()
        self.start(egress={}, receivers={"of-file": hook})
        self.send("POST", "/receivers/of-file/test")
        self.assertEqual(len(hook.requests), 1)


class Secrets(ReceiversApi):
    def test_nothing_shows_them(self):
        self.start(environment={"TOCSIN_API_KEYS": f"admin:{ADMIN}"})
        key = {"X-API-Key": ADMIN}
        told = [self.send("POST", "/receivers", self.webhook(), **key)]
        changed = self.webhook(token="Bearer T0P-S3CRET-2")
        told.append(self.send("PUT", "/receivers/ops", changed, **key))
        told.append(self.send("POST", "/receivers/ops/test", **key))
        hot = rule("hot", "cpu", notification_channels=["ops"])
        told.append(self.send("POST", "/rules", hot, **key))
        self.send("POST", "/metrics", {"metric_name": "cpu", "value": 99}, **key)
        self.hook.wait_for(lambda request: b'"hot"' in request.body)
        self.hook.refuse()
        self.send("POST", "/metrics", {"metric_name": "cpu", "value": 1}, **key)
        wait_until(
            lambda: self.send("GET", "/events?type=notification.", **key)["events"],
            what="the history of messages",
        )
        told.append(self.send("GET", "/receivers", **key))
        told.append(self.send("GET", "/receivers/ops", **key))
        bad = {"name": "bad", "webhook": {"url": "T0P-S3CRET", "headers": {"A b": "T0P-S3CRET"}}}
        told.append(self.send("POST", "/receivers", bad, expect=422, **key))
        told.append(self.send("GET", "/events?limit=1000", **key))
        told.append(self.send("GET", "/status", **key))
        told.append(self.send("GET", "/health", **key))
        audit = self.send("GET", "/audit?limit=1000", **key)
        told.append(audit)
        told.append(self.daemon.get("/metrics", headers=key).text)
        told.append(self.daemon.get("/", headers=key).text)
        for text in [json.dumps(told), self.daemon.process.stderr()]:
            for secret in SECRETS:
                self.assertNotIn(secret, text)
        changes = {entry["action"]: entry for entry in audit}
        update = changes["receiver.update"]
        self.assertEqual((update["target"], update["outcome"]), ("ops", "200"))
        self.assertEqual(update["before"]["webhook"]["url"], "<secret>")
        self.assertIn("receiver.create", changes)
        events = self.send("GET", "/events?order=asc&type=receiver.", **key)["events"]
        self.assertEqual(
            [event["type"] for event in events], ["receiver.created", "receiver.changed"]
        )
        self.assertEqual(
            self.metric_with_key("tocsin_receiver_changes_total", change="created"), 1
        )

    def metric_with_key(self, name, **labels):
        page = self.daemon.get("/metrics", headers={"X-API-Key": ADMIN}).text
        return sum(
            value
            for sample, own, value in harness.parse_samples(page)
            if sample == name and labels.items() <= own.items()
        )

    def test_the_files_of_the_database_hold_none_of_it_in_plain_text(self):
        self.start()
        self.send("POST", "/receivers", self.webhook(), **{"Idempotency-Key": "T0P-S3CRET-key"})
        self.send("PUT", "/receivers/ops", self.webhook(token="Bearer T0P-S3CRET-2"))
        self.send("POST", "/receivers", self.webhook("other"))
        self.send("DELETE", "/receivers/other")
        self.send("POST", "/rules", rule("hot", "cpu", notification_channels=["ops"]))
        self.fire()
        self.hook.wait_change("hot", "active")
        if not harness.ON_POSTGRESQL:
            self.assertTrue((self.daemon.storage / "alerting.db-wal").stat().st_size > 0)
        self.assert_hidden(self.stored_bytes())
        self.daemon.kill9()
        self.assert_hidden(self.stored_bytes())
        self.daemon.start()
        self.daemon.stop()  # what was in the log is in the database now
        self.assert_hidden(self.stored_bytes())

    def assert_hidden(self, stored):
        self.assertIn(b'"sealed":"tocsin1:', stored)
        for hidden in ("S3CRET", f"127.0.0.1:{self.hook.port}", "Bearer"):
            self.assertNotIn(hidden.encode(), stored)
            self.assertNotIn(hidden.encode("utf-16-le"), stored)

    def test_only_admin_has_to_do_with_them(self):
        scopes = ("read", "push", "operate", "admin")
        keys = ",".join(f"{scope}:{scope}-{ADMIN}" for scope in scopes)
        self.start(environment={"TOCSIN_API_KEYS": keys})
        calls = [
            ("GET", "/receivers", None),
            ("GET", "/channels", None),
            ("POST", "/receivers", self.webhook()),
            ("GET", "/receivers/ops", None),
            ("PUT", "/receivers/ops", self.webhook()),
            ("POST", "/receivers/ops/test", None),
            ("DELETE", "/receivers/ops", None),
        ]
        for method, path, body in calls:
            self.send(method, path, body, expect=401)
            for scope in scopes[:-1]:
                self.send(method, path, body, expect=403, **{"X-API-Key": f"{scope}-{ADMIN}"})
            self.send(method, path, body, **{"X-API-Key": f"admin-{ADMIN}"})


class Keys(ReceiversApi):
    def test_a_key_is_made_beside_the_database_with_a_warning(self):
        self.start()
        file = self.daemon.storage / "encryption_key"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.assertRegex(file.read_text(), r"^[0-9a-f]{64}\n$")
        (warning,) = [
            line for line in self.daemon.process.stderr().splitlines() if "encryption_key" in line
        ]
        self.assertIn("level=warn", warning)
        self.assertIn("beside what it protects", warning)
        self.assertNotIn(file.read_text().strip(), warning)
        before = file.read_bytes()
        self.daemon.restart()
        self.assertEqual(file.read_bytes(), before)

    def test_a_wrong_or_missing_key_is_refused_at_the_start_and_names_the_receiver(self):
        self.start()
        self.send("POST", "/receivers", self.webhook())
        file = self.daemon.storage / "encryption_key"
        key = file.read_text()
        self.daemon.stop()

        self.daemon.environment["TOCSIN_ENCRYPTION_KEY"] = "7" * 64
        refusal = self.refused_start()
        self.assertIn("TOCSIN_ENCRYPTION_KEY", refusal)
        self.assertRegex(refusal, r'receiver \\?"ops\\?" is encrypted with the key [0-9a-f]{16}, ')
        self.assertIn("Give the right key", refusal)
        self.assertNotIn("7777", refusal)

        del self.daemon.environment["TOCSIN_ENCRYPTION_KEY"]
        file.unlink()
        refusal = self.refused_start()
        self.assertRegex(refusal, r'encryption_key: No such file.*\(\\?"ops\\?"\): put the key')
        self.assertFalse(file.exists())

        self.daemon.environment["TOCSIN_ENCRYPTION_KEY"] = f"{'7' * 64}, {key.strip()}"
        self.daemon.start()
        self.send("POST", "/receivers/ops/test")

    def audited(self, action):
        """Entries of that kind, in a chain that is sound."""
        verify = [BINARY, "audit", "verify", f"--storage.path={self.daemon.storage}"]
        path = {"PATH": "/usr/bin:/bin"}
        status, said = ended(verify, environment={**path, **self.daemon.database.environment})
        self.assertEqual(status, 0, said)
        entries = self.send("GET", "/audit?limit=1000")
        return [entry for entry in entries if entry["action"] == action]

    def test_receivers_whose_key_is_lost_can_be_let_go(self):
        self.start()
        self.send("POST", "/receivers", self.webhook())
        self.assertIn("in use by another tocsin", self.cli("secrets", "discard", status=1))
        self.daemon.stop()
        self.assertIn("nothing that", self.cli("secrets", "discard"))
        (self.daemon.storage / "encryption_key").unlink()
        self.assertIn('receiver "ops" is deleted', self.cli("secrets", "discard"))
        self.daemon.start()
        self.send("GET", "/receivers/ops", expect=404)
        (entry,) = self.audited("receiver.discard")
        self.assertEqual(entry["target"], "ops")
        self.assertIn("command line", entry["actor"])

    def test_rotation_while_the_daemon_runs(self):
        self.start()
        self.send("POST", "/receivers", self.webhook())
        self.send("POST", "/receivers", self.webhook("other"))
        self.send("POST", "/rules", rule("hot", "cpu", notification_channels=["ops"]))
        file = self.daemon.storage / "encryption_key"
        before, old_ids = file.read_text(), self.sealed_by()
        output = self.cli("secrets", "rotate")
        (new_id,) = re.findall(r"with the key ([0-9a-f]{16}) now", output)
        self.assertIn("of 2 receivers", output)
        self.assertNotIn(new_id, old_ids)
        self.assertEqual(self.sealed_by(), {new_id})
        after = file.read_text()
        self.assertRegex(after, r"^[0-9a-f]{64}\n$")
        self.assertNotEqual(after, before)
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)

        # The running daemon writes its audit log alone, so that the chain holds.
        (entry,) = self.audited("secrets.rotate")
        self.assertEqual((entry["target"], entry["after"]), (new_id, {"receivers": 2}))

        # It runs on, seals with the new key, and so does the next one.
        self.send("POST", "/receivers", self.webhook("third"))
        self.assertEqual(self.sealed_by(), {new_id})
        self.fire()
        wait_until(lambda: self.told() == [("hot", "active", PATH, TOKEN)], what="the message")
        self.daemon.kill9()
        self.daemon.start()
        self.assertEqual(len(self.send("GET", "/receivers")), 4)
        self.fire(1)
        wait_until(lambda: self.told()[-1][1] == "resolved", what="the end")

        file.write_text(before)
        self.daemon.kill9()
        self.assertIn("is encrypted with the key", self.refused_start())

    def test_rotation_without_a_daemon(self):
        self.start()
        self.send("POST", "/receivers", self.webhook())
        self.daemon.stop()
        old_ids = self.sealed_by()
        self.cli("secrets", "rotate")
        self.assertEqual(len(self.sealed_by() | old_ids), 2)
        self.daemon.start()
        (entry,) = self.audited("secrets.rotate")
        self.assertEqual(({entry["target"]}, entry["after"]), (self.sealed_by(), {"receivers": 1}))
        self.assertIn("command line", entry["actor"])
        self.send("POST", "/receivers/ops/test")

    def test_rotation_never_takes_a_key_of_another_database(self):
        self.start()
        self.send("POST", "/receivers", self.webhook())
        self.daemon.stop()
        file = self.daemon.storage / "encryption_key"
        file.write_text("7" * 64)
        output = self.cli("secrets", "rotate", status=1)
        self.assertIn("nothing has changed", output)
        self.assertIn('receiver "ops"', output)
        self.assertEqual(file.read_text(), "7" * 64)

    def test_a_key_of_the_environment_is_changed_by_a_restart_with_both(self):
        self.start(environment={"TOCSIN_ENCRYPTION_KEY": "1" * 64})
        self.assertFalse((self.daemon.storage / "encryption_key").exists())
        self.send("POST", "/receivers", self.webhook())
        output = self.cli(
            "secrets", "rotate", status=1, environment={"TOCSIN_ENCRYPTION_KEY": "1" * 64}
        )
        self.assertIn("write a new one in front of it", output)
        for keys in (f"{'2' * 64},{'1' * 64}", "2" * 64):
            self.daemon.environment["TOCSIN_ENCRYPTION_KEY"] = keys
            self.daemon.restart()
            wait_until(lambda: len(self.sealed_by()) == 1)
        self.send("POST", "/receivers/ops/test")

    def test_a_key_file_of_the_settings(self):
        key = self.folder / "the_key"
        key.write_text("# of the operator\n" + "3" * 64)
        self.start(security={"encryption_key_file": "the_key"})
        self.assertFalse((self.daemon.storage / "encryption_key").exists())
        self.send("POST", "/receivers", self.webhook())
        self.cli("secrets", "rotate")
        self.assertNotIn("3333", key.read_text())
        self.daemon.restart()
        self.send("POST", "/receivers/ops/test")


if __name__ == "__main__":
    harness.main()
