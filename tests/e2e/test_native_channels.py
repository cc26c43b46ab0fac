"""Channels of tocsin.yml and of the environment: one rule, told through each of them, in real time,
and their secrets in nothing that the process writes.
"""

import json
import pathlib
import re
import urllib.parse

import harness
from channels_of_tocsin import NAME, SECRET, answers, channels, golden_channels
from golden import GoldenHttp, GoldenMail, golden_files, http_request, mail_request, show
from harness import ROOT, rule, wait_until
from mail_server import MailServer
from vendors import Vendors

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


LINKS = {
    "runbook_url": "https://wiki.example.org/cpu",
    "dashboard_url": "https://grafana.example.org/d/1",
}


class TestCase(harness.TestCase):
    def assert_no_secret(self):
        texts = {page: self.daemon.get(page).body for page in PAGES}
        for output in self.folder.rglob("*"):
            # The configuration is where it was planted.
            if output.is_file() and output.name != "tocsin.yml":
                texts[output.name] = output.read_bytes()
        for name, text in texts.items():
            text = text if isinstance(text, bytes) else text.encode()
            self.assertNotIn(SECRET.encode(), text, name)


class NativeChannels(TestCase):
    TESTED = {"email", "slack", "discord", "pagerduty", "ntfy", "googlechat"}

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
            [rule("CPU <high>", "cpu", notification_channels=channels, **LINKS)],
            environment=self.environment(),
            arguments=["--log.level=debug"],
        )
        return self.daemon

    def request(self, path, wanted=lambda body: True):
        def matches(request):
            return request.path.startswith("/" + path) and wanted(request.body)

        return self.vendors.wait_for(matches, what=f"a request to {path}")

    def test_one_rule_is_told_through_each_of_its_channels(self):
        self.start(sorted(self.TESTED))
        self.daemon.submit("cpu", 91.5, host="web-1")
        slack = self.request("slack").json()
        self.assertEqual(slack["channel"], "#ops")
        self.assertEqual(slack["attachments"][0]["title"], "🚨 CPU &lt;high&gt;")
        self.assertEqual(self.request("discord").json()["embeds"][0]["color"], 0xFF8000)
        self.assertEqual(self.request("pagerduty").json()["payload"]["severity"], "error")
        self.assertEqual(self.request("ntfy").json()["topic"], "ops")
        self.assertIn("cardsV2", self.request("googlechat").json())
        for channel in ("slack", "discord", "pagerduty", "ntfy", "googlechat"):
            for link in LINKS.values():
                self.assertIn(link.encode(), self.request(channel).body)
        mail = self.mail.wait_mail(lambda one: "CPU" in one.message["Subject"])
        for part in ("plain", "html"):
            for link in LINKS.values():
                self.assertIn(link, mail.message.get_body((part,)).get_content())
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


class AllOthers(TestCase):
    """As channels_of_tocsin.py tells, and those that are not reached by HTTP."""

    def setUp(self):
        self.vendors = self.own(Vendors(answers=answers()))
        self.channels = channels(self.vendors.url)
        self.mail = self.own(MailServer(users={"t": SECRET}, mechanisms=("PLAIN",)))

    def start(self, **settings):
        receivers = [{"name": one.name, one.type: one.settings} for one in self.channels]
        sms = {
            "smarthost": self.mail.address,
            "from": "t@example.org",
            "to": "4917012345@sms.example.org",
            "auth_username": "t",
            "auth_password": SECRET,
        }
        receivers.append({"name": "sms", "sms": sms})
        names = [one["name"] for one in receivers]
        self.daemon = self.tocsin(
            json.dumps(
                {"tocsin": {"host": {"enabled": False}, "receivers": receivers, **settings}}
            ),
            [rule(NAME, "cpu", notification_channels=[*names, "console"], **LINKS)],
            arguments=["--log.level=debug"],
        )

    def told(self, channel, wanted, after=0):
        """The first request to that address after so many of the channel's."""

        def found():
            sent = self.vendors.requests(channel.name)[after:]
            return next(filter(wanted.is_at, sent), None)

        try:
            request = wait_until(found, what=f"{channel.name} to be told")
        except AssertionError as late:
            raise AssertionError(f"{late}: {self.vendors.requests(channel.name)}") from None
        self.assertEqual(wanted.problems(request), {}, (channel.name, request.body))
        return request

    def test_a_rule_that_fires_and_ends_is_told_as_each_vendor_wants_it(self):
        self.start()
        self.daemon.submit("cpu", 91.5, host="web1")
        fired = {one.name: self.told(one, one.fires) for one in self.channels}
        for one in self.channels:
            if one.before:
                self.told(one, one.before)
            text = json.dumps(fired[one.name].content(), ensure_ascii=False)
            for part in ("CPU", "91.5", "web1", *LINKS.values()):
                self.assertIn(part, text, one.name)
        mail = self.mail.wait_mail(lambda one: True)
        self.assertEqual(mail.recipients, ["4917012345@sms.example.org"])
        self.assertEqual(self.mail.logins, [("PLAIN", "t", True)])
        self.assertIsNone(mail.message["Subject"])
        text = mail.message.get_body().get_content().strip()
        self.assertTrue(text.startswith("HIGH CPU <high> host=web1 "), text)
        self.assertIn("91.5", text)
        wait_until(lambda: "CPU <high>" in self.daemon.process.stdout(), what="the console")

        so_far = {one.name: len(self.vendors.requests(one.name)) for one in self.channels}
        self.daemon.submit("cpu", 10, host="web1")
        for one in self.channels:
            over = self.told(one, one.ends, so_far[one.name])
            self.assertEqual(one.thread(over), one.thread(fired[one.name]), one.name)
        over = self.mail.wait_mail(lambda one: "RESOLVED" in one.message.get_body().get_content())
        self.assertEqual(over.recipients, mail.recipients)
        wait_until(lambda: "RESOLVED" in self.daemon.process.stdout(), what="the console")
        self.assertEqual(json.loads(self.daemon.get("/api/v1/alerting/dead-letters").body), [])
        self.assert_no_secret()

    def test_an_alert_whose_data_stopped_is_said_to_have_no_data_on_each_channel(self):
        self.start(staleness="1s")
        self.daemon.submit("cpu", 91.5, host="web1")
        for one in self.channels:

            def said(name=one.name):
                bodies = [request.body.decode() for request in self.vendors.requests(name)]
                return urllib.parse.unquote_plus("\n".join(bodies))

            wait_until(lambda: "No data since " in said(), what=f"{one.name} to be told")
            self.assertNotIn("recovered", said(), one.name)
        over = self.mail.wait_mail(lambda one: "RESOLVED" in one.message.get_body().get_content())
        text = over.message.get_body().get_content()
        self.assertRegex(text, r": No data since \d\d:\d\d UTC; last value 91\.5\. host=web1 ")
        wait_until(lambda: "no data since" in self.daemon.process.stdout(), what="the console")

    def test_no_channel_is_without_a_test(self):
        tested = {one.type for one in self.channels} | {"sms", "console"}
        self.assertEqual(channel_types(), tested | NativeChannels.TESTED)


class GoldenRequests(TestCase):
    """One alert that fires, is acknowledged and ends, and every request and mail about it compared
    with tests/golden/native, field by field."""

    STAGES = ["fires", "is acknowledged", "is over"]
    NOT_IN_FILES = {"console"}  # which sends nothing

    def setUp(self):
        self.vendors = self.own(Vendors(answers=answers()))
        self.mail = self.own(MailServer())
        self.receivers = golden_channels(self.vendors.url, self.mail.address)
        self.files = golden_files("native")

    def test_every_channel_has_its_file_and_every_file_its_channel(self):
        self.assertEqual(sorted(self.files), sorted(self.receivers))
        types = {kind for kind, _ in self.receivers.values()}
        self.assertEqual(types, channel_types() - self.NOT_IN_FILES)

    def test_all_requests_are_those_of_the_files(self):
        golden = {
            name: {".http": GoldenHttp, ".eml": GoldenMail}[path.suffix](path, self.STAGES)
            for name, path in self.files.items()
        }
        receivers = [{"name": name, **{k: s}} for name, (k, s) in self.receivers.items()]
        self.daemon = self.tocsin(
            json.dumps(
                {
                    "tocsin": {
                        "host": {"enabled": False},
                        "receivers": receivers,
                        "web": {"external_url": "https://tocsin.example.org"},
                    }
                }
            ),
            [
                rule(
                    NAME,
                    "cpu",
                    description="The CPUs are busy.",
                    notification_template="CPU usage is at {value:.1f}% on {host}",
                    notification_channels=list(self.receivers),
                )
            ],
        )
        self.arrived = {name: [] for name in self.receivers}
        self.daemon.submit("cpu", 91.5, host="web-1")
        self.wait_for(golden, "fires")
        alert = self.daemon.alerts()[0]["id"]
        path = f"/api/v1/alerting/alerts/{alert}/acknowledge"
        answer = self.daemon.post(path, {"actor": "anna", "note": "on it"})
        self.assertEqual(answer.status, 200, answer)
        self.wait_for(golden, "is acknowledged")
        self.daemon.submit("cpu", 10, host="web-1")
        self.wait_for(golden, "is over")
        problems = []
        for name, arrived in self.arrived.items():
            show("native", name, arrived)
            file = golden.get(name)
            problems += file.problems(arrived) if file else [f"{name} has no file"]
        if problems:
            self.fail("\n".join(["what is sent is not what the files say:", *problems]))

    def sent(self, name):
        if name in ("email", "sms"):
            own = [one for one in self.mail.mails if name in one.sender]
            return [lambda stage, one=one: mail_request(stage, one) for one in own]
        requests = self.vendors.requests(name)
        return [lambda stage, one=one: http_request(stage, one) for one in requests]

    def wait_for(self, golden, stage):
        """All that the files have up to this stage; more is taken too, and is a problem. What is
        sent by channels without a file is there for show()."""
        for name in self.receivers:
            wanted, patience = len(self.arrived[name]) + 1, 0.5
            if name in golden:
                wanted, patience = golden[name].count(self.STAGES.index(stage) + 1), 10
            try:
                wait_until(lambda: len(self.sent(name)) >= wanted, patience, name)
            except AssertionError:
                pass  # what is missing is told with what came
            new = self.sent(name)[len(self.arrived[name]) :]
            self.arrived[name] += [one(stage) for one in new]


def channel_types():
    listed = (ROOT / "receivers/channels/channel_list.h").read_text()
    return {name.lower() for name in re.findall(r"^TOCSIN_CHANNEL\((\w+)\)", listed, re.M)}


if __name__ == "__main__":
    harness.main()
