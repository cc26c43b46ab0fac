"""Channels of tocsin.yml and of the environment: one rule, told through each of them, in real time,
and their secrets in nothing that the process writes.
"""

import json
import pathlib

import harness
from harness import rule, wait_until
from mail_server import MailServer

SECRET = "pl4nted-s3cret"
PAGES = [
    "/",
    "/metrics",
    "/api/v1/alerting/alerts",
    "/api/v1/alerting/rules",
    "/api/v1/alerting/status",
    "/api/v1/alerting/dead-letters",
    "/api/v1/alerting/health",
    "/api/v2/status",
    "/api/v2/receivers",
]


class NativeChannels(harness.TestCase):
    def setUp(self):
        self.vendors = self.sink()
        self.vendors.answer(200, body=b"ok")
        self.mail = self.own(MailServer())

    def url(self, path):
        return f"http://127.0.0.1:{self.vendors.port}/{path}/{SECRET}"

    def receivers(self):
        own = f"http://127.0.0.1:{self.vendors.port}/"
        return [
            {"name": "pagerduty", "pagerduty": {"routing_key": SECRET, "url": own + "pagerduty"}},
            {"name": "ntfy", "ntfy": {"url": own + "ntfy", "topic": "ops", "token": SECRET}},
            {"name": "googlechat", "googlechat": {"webhook_url": self.url("googlechat")}},
        ]

    def environment(self):
        host, port = self.mail.address.rsplit(":", 1)
        return {
            "SLACK_WEBHOOK_URL": self.url("slack"),
            "SLACK_CHANNEL": "#ops",
            "DISCORD_WEBHOOK_URL": self.url("discord"),
            "SMTP_SERVER": host,
            "SMTP_PORT": port,
            "EMAIL_FROM": "Tocsin <t@example.org>",
            "EMAIL_TO": "ops@example.org",
        }

    def start(self, channels, receivers=(), **settings):
        settings["receivers"] = [*self.receivers(), *receivers]
        self.daemon = self.tocsin(
            json.dumps({"tocsin": {"host": {"enabled": False}, **settings}}),
            [rule("CPU <high>", "cpu", notification_channels=channels)],
            environment=self.environment(),
            arguments=["--log.level=debug"],
        )
        return self.daemon

    def request(self, path, wanted=lambda body: True):
        def matches(request):
            return request.path.startswith("/" + path) and wanted(request.body)

        return self.vendors.wait_for(matches, what=f"a request to {path}")

    def assert_no_secret(self):
        texts = {page: self.daemon.get(page).body for page in PAGES}
        for output in self.folder.rglob("*"):
            # The configuration is where it was planted.
            if output.is_file() and output.name != "tocsin.yml":
                texts[output.name] = output.read_bytes()
        for name, text in texts.items():
            text = text if isinstance(text, bytes) else text.encode()
            self.assertNotIn(SECRET.encode(), text, name)

    def test_one_rule_is_told_through_each_of_its_channels(self):
        self.start(["email", "slack", "discord", "pagerduty", "ntfy", "googlechat"])
        self.daemon.submit("cpu", 91.5, host="web-1")
        slack = self.request("slack").json()
        self.assertEqual(slack["channel"], "#ops")
        self.assertEqual(slack["attachments"][0]["title"], "🚨 CPU &lt;high&gt;")
        self.assertEqual(self.request("discord").json()["embeds"][0]["color"], 0xFF8000)
        self.assertEqual(self.request("pagerduty").json()["payload"]["severity"], "error")
        self.assertEqual(self.request("ntfy").json()["topic"], "ops")
        self.assertIn("cardsV2", self.request("googlechat").json())
        mail = self.mail.wait_mail(lambda one: "CPU" in one.message["Subject"])
        self.assertEqual(mail.message["Subject"], "[HIGH] CPU <high>")
        self.assertIn("CPU &lt;high&gt;", mail.message.get_body(("html",)).get_content())

        self.daemon.submit("cpu", 10, host="web-1")
        self.request("slack", lambda body: b"RESOLVED" in body)
        self.request("discord", lambda body: b"RESOLVED" in body)
        self.request("pagerduty", lambda body: b'"resolve"' in body)
        over = self.mail.wait_mail(lambda one: "RESOLVED" in one.message["Subject"])
        self.assertEqual(over.message["References"], mail.message["References"])
        self.assertNotEqual(over.message["Message-ID"], mail.message["Message-ID"])
        self.assert_no_secret()

    def test_an_acknowledgement_acknowledges_the_incident(self):
        self.start(["pagerduty", "ntfy"])
        self.daemon.submit("cpu", 91.5, host="web-1")
        key = self.request("pagerduty").json()["dedup_key"]
        self.request("ntfy")
        alert = json.loads(self.daemon.get("/api/v1/alerting/alerts").body)[0]
        answer = self.daemon.post(
            f"/api/v1/alerting/alerts/{alert['id']}/acknowledge", {"actor": "anna"}
        )
        self.assertEqual(answer.status, 200, answer.body)
        told = self.request("pagerduty", lambda body: b'"acknowledge"' in body).json()
        self.assertEqual(told["dedup_key"], key)

        self.daemon.submit("cpu", 10, host="web-1")
        self.request("pagerduty", lambda body: b'"resolve"' in body)
        self.request("ntfy", lambda body: b"RESOLVED" in body)
        told = [one for one in self.vendors.requests if one.path.startswith("/pagerduty")]
        self.assertEqual(len(told), 3)
        told = [one for one in self.vendors.requests if one.path.startswith("/ntfy")]
        self.assertEqual(len(told), 2)

    def test_no_secret_is_told_where_every_delivery_fails(self):
        self.vendors.answer(403, body=f"no {SECRET}".encode())
        self.start(["slack", "discord", "pagerduty", "ntfy", "googlechat"])
        self.daemon.submit("cpu", 91.5, host="web-1")

        def letters():
            answer = self.daemon.get("/api/v1/alerting/dead-letters")
            return len(json.loads(answer.body))

        wait_until(lambda: letters() == 5, what="five dead letters")
        self.assert_no_secret()

    def test_the_configuration_wins_over_the_environment(self):
        self.start(
            ["slack"],
            receivers=[{"name": "slack", "slack": {"webhook_url": self.url("own"), "template": "x"}}],
        )
        self.daemon.submit("cpu", 91.5, host="web-1")
        self.assertEqual(self.request("own").json()["attachments"][0]["text"], "x")
        self.assertFalse([one for one in self.vendors.requests if one.path.startswith("/slack")])

    def test_messages_link_to_the_configured_address(self):
        self.start(["slack"], web={"external_url": "https://tocsin.example.org/"})
        self.daemon.submit("cpu", 91.5, host="web-1")
        link = self.request("slack").json()["attachments"][0]["title_link"]
        self.assertTrue(link.startswith("https://tocsin.example.org/api/v1/alerting/alerts/"))

    def test_a_crash_would_leave_no_memory_behind(self):
        self.start(["slack"])
        limits = pathlib.Path(f"/proc/{self.daemon.process.pid}/limits").read_text()
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        self.assertEqual(core.split()[4:6], ["0", "0"])


if __name__ == "__main__":
    harness.main()
