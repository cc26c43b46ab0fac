"""`tocsin receiver test` and POST channels/{name}/test: what is sent, what comes back, and no secret
in what is shown."""

import json

import harness
from harness import BINARY, config, ended, rule
from mail_server import MailServer

SECRET = "pl4nted-s3cret"

TREE = """
route: {receiver: oncall}
receivers:
- name: oncall
  webhook_configs: [{url: %s}]
"""


class TestCase(harness.TestCase):
    def setUp(self):
        self.hook = self.sink()
        self.mail = self.own(MailServer())

    def receivers(self):
        own = f"http://127.0.0.1:{self.hook.port}"
        return [
            {
                "name": "ops",
                "slack": {"webhook_url": f"{own}/slack/{SECRET}"},
                "pagerduty": {"routing_key": SECRET, "url": f"{own}/pagerduty"},
                "email": {
                    "smarthost": self.mail.address,
                    "from": "t@example.org",
                    "to": "ops@example.org",
                },
            },
            {"name": "say", "console": {}},
        ]

    def settings(self, **more):
        return json.dumps(
            {"tocsin": {"host": {"enabled": False}, "receivers": self.receivers(), **more}}
        )

    def paths(self):
        return sorted(request.path.split("/")[1] for request in self.hook.requests)


class CommandLine(TestCase):
    def tried(self, *arguments, text=None):
        file = self.folder / "tocsin.yml"
        file.write_text(text or self.settings())
        return ended([BINARY, "receiver", "test", f"--config.file={file}", *arguments])

    def test_sends_one_message_by_each_channel_and_shows_what_came_back(self):
        self.hook.answer(200, body=b"ok")
        status, output = self.tried("ops")
        self.assertEqual(status, 0, output)
        self.assertEqual(self.paths(), ["pagerduty", "slack"])
        self.mail.wait_mails(1)
        for text in ("slack\n", "pagerduty\n", "email\n", "TocsinTest", "  < 200\n", "    took "):
            self.assertIn(text, output)
        self.assertEqual(output.count("  delivered\n"), 3)
        self.assertNotIn(SECRET, output)

    def test_renders_without_sending(self):
        status, output = self.tried("ops", "--render-only")
        self.assertEqual(status, 0, output)
        self.assertEqual(self.hook.requests, [])
        self.assertEqual(self.mail.mails, [])
        self.assertIn(f"  > MAIL {self.mail.address} from t@example.org to ops@example.org\n", output)
        self.assertIn("<secret>", output)
        self.assertNotIn(SECRET, output)
        self.assertNotIn("  < ", output)

    def test_says_what_failed_and_what_to_do(self):
        self.hook.answer(403, body=f"token {SECRET} is revoked".encode())
        status, output = self.tried("ops")
        self.assertEqual(status, 1)
        self.assertIn("failed for good: ", output)
        self.assertIn("check the receiver's credentials", output)
        self.assertIn("is revoked", output)
        self.assertNotIn(SECRET, output)
        self.assertIn("  delivered\n", output)  # the mail

    def test_tells_of_the_alert_in_a_file(self):
        self.hook.answer(200, body=b"ok")
        alert = self.folder / "alert.json"
        alert.write_text(
            json.dumps(
                {
                    "labels": {"alertname": "DiskFull", "severity": "critical"},
                    "endsAt": "2020-01-01T00:00:00Z",
                    "startsAt": "2019-12-31T23:00:00Z",
                }
            )
        )
        status, output = self.tried("ops", f"--alert={alert}")
        self.assertEqual(status, 0, output)
        event = next(r for r in self.hook.requests if r.path == "/pagerduty").json()
        self.assertEqual(event["event_action"], "resolve")
        self.assertIn("DiskFull", output)

    def test_prints_to_the_console(self):
        status, output = self.tried("say")
        self.assertEqual(status, 0, output)
        self.assertIn("TocsinTest", output)

    def test_tries_receivers_of_alertmanager_yml(self):
        status, output = self.tried("oncall", text=TREE % self.hook.url)
        self.assertEqual(status, 0, output)
        self.assertEqual(self.hook.requests[0].json()["alerts"][0]["status"], "firing")
        self.assertIn("webhook[0]\n  > POST ", output)

    def test_wrong_input_is_told(self):
        bad = self.folder / "bad.json"
        for arguments, expected in (
            (["nobody"], "there is no receiver \"nobody\"; configured: ops, say"),
            (["ops", "--alert=/nowhere.json"], "--alert: /nowhere.json: "),
            (["ops", f"--alert={bad}"], f"--alert: {bad}: "),
        ):
            bad.write_text("{")
            status, output = self.tried(*arguments)
            self.assertEqual(status, 1)
            self.assertIn(expected, output)
        bad.write_text('{"alert": {"labels": {}}}')
        status, output = self.tried("ops", f"--alert={bad}")
        self.assertEqual(status, 1)
        self.assertIn("alert: ", output)
        status, output = self.tried("ops", text="tocsin: {receivers: [{name: 5}], x: 1}")
        self.assertEqual(status, 1)
        self.assertIn("tocsin.yml:1:", output)
        self.assertEqual(self.hook.requests, [])


class CommandLineInTheAuditLog(TestCase):
    UNNOTED = "this test is not in the audit log ("

    def setUp(self):
        super().setUp()
        self.daemon = self.prepare_tocsin(self.settings())

    def tried(self, *arguments, receiver="ops", status=0):
        code, output = ended(
            [BINARY, "receiver", "test", f"--config.file={self.daemon.config_file}", receiver]
            + list(arguments),
            environment={"PATH": "/usr/bin:/bin"},
        )
        self.assertEqual(code, status, output)
        return output

    def entries(self):
        audit = self.daemon.get("/api/v1/alerting/audit?limit=100").json()
        return [e for e in audit if e["action"] == "receiver.test"]

    def at(self):
        return f"--storage.path={self.daemon.storage}"

    def test_stands_there_where_no_daemon_runs_on_the_database(self):
        self.hook.answer(200, body=b"ok")
        self.daemon.start()
        self.daemon.stop()
        for receiver, status in (("ops", 0), ("say", 0)):
            self.assertNotIn(self.UNNOTED, self.tried(self.at(), receiver=receiver))
        self.hook.answer(403)
        self.assertNotIn(self.UNNOTED, self.tried(self.at(), status=1))
        self.assertNotIn(self.UNNOTED, self.tried(self.at(), "--render-only"))
        self.daemon.start()
        noted = self.entries()
        self.assertEqual(
            [(e["target"], e["outcome"], e["after"]) for e in noted],
            [
                ("ops", "failed", {"delivered": 1, "failed": 2}),
                ("say", "done", {"delivered": 1, "failed": 0}),
                ("ops", "done", {"delivered": 3, "failed": 0}),
            ],
        )
        for entry in noted:
            self.assertIn("command line", entry["actor"])
        code, said = ended([BINARY, "audit", "verify", self.at()])
        self.assertEqual(code, 0, said)

    def test_beside_a_daemon_it_says_that_it_does_not(self):
        self.hook.answer(200, body=b"ok")
        self.daemon.start()
        said = [l for l in self.tried(self.at()).splitlines() if l.startswith(self.UNNOTED)]
        self.assertEqual(len(said), 1)
        self.assertIn("POST /api/v1/alerting/channels/ops/test", said[0])
        self.assertEqual(self.entries(), [])
        self.assertEqual(self.paths(), ["pagerduty", "slack"])

    def test_no_database_is_made_or_looked_for(self):
        self.hook.answer(200, body=b"ok")
        absent = self.folder / "absent"
        output = self.tried(f"--storage.path={absent}")
        self.assertIn(self.UNNOTED + "there is no database", output)
        self.assertFalse(absent.exists())
        output = self.tried()
        self.assertIn(self.UNNOTED + "neither --storage.path nor DATABASE_URL says", output)


class Api(TestCase):
    PATH = "/api/v1/alerting/channels/%s/test"

    def start(self, **more):
        self.daemon = self.tocsin(
            self.settings(**more), [rule("High", "load", notification_channels=["say"])]
        )
        return self.daemon

    def post(self, receiver="ops", body=None):
        return self.daemon.post(self.PATH % receiver, body)

    def test_tells_what_was_sent_and_what_came_back(self):
        self.hook.answer(202, body=b"ok")
        self.start()
        answer = self.post()
        self.assertEqual(answer.status, 200, answer)
        channels = {one["integration"]: one for one in answer.json()["channels"]}
        self.assertEqual(set(channels), {"email", "pagerduty", "slack"})
        exchange = channels["pagerduty"]["exchanges"][0]
        self.assertEqual(exchange["status"], 202)
        self.assertEqual(exchange["answer"], "ok")
        self.assertGreater(exchange["timing"]["exchange_ms"], 0)
        self.assertNotIn(SECRET, answer.text)
        # Nothing of it is an alert.
        self.assertEqual(self.daemon.alerts(), [])
        self.assertIn("receiver tried", self.daemon.process.stderr())

    def test_renders_and_fails_and_knows_its_receivers(self):
        self.hook.answer(500)
        self.start()
        rendered = self.post(body={"render_only": True, "alert": {"labels": {"alertname": "A"}}})
        self.assertEqual(rendered.status, 200, rendered)
        self.assertEqual({c["outcome"] for c in rendered.json()["channels"]}, {"rendered"})
        self.assertEqual(self.hook.requests, [])
        failed = self.post()
        self.assertEqual(failed.status, 502)
        outcomes = {c["integration"]: c["outcome"] for c in failed.json()["channels"]}
        self.assertEqual(
            outcomes, {"email": "delivered", "pagerduty": "failed", "slack": "failed"}
        )
        self.assertEqual(self.post("nobody").status, 404)
        for body in ({"alert": 5}, {"alrt": {}}, {"render_only": "yes"}, {"alert": {"labels": {}}}):
            self.assertEqual(self.post(body=body).status, 422, body)


if __name__ == "__main__":
    harness.main()
