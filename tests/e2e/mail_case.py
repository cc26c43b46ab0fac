"""What the tests of mail stand on: a daemon whose mails go to a real server, and the search for
passwords in whatever it writes.
"""

import base64
import json

import harness
from alertmanager import AlertmanagerApi
from harness import wait_until
from mail_server import MailServer
from tocsin import Tocsin

SECRET = "T0P-S3CRET-pass"
PAGES = [
    "/",
    "/metrics",
    *(f"/api/v2/{name}" for name in ("status", "alerts", "alerts/groups", "receivers", "silences")),
]
DAEMON_PAGES = [f"/api/v1/alerting/{name}" for name in ("alerts", "status", "dead-letters")]


def forms_of(secret):
    """As it is, and the characters of BASE64 that it becomes wherever it begins."""
    text = secret.encode()
    encoded = [base64.b64encode(bytes(before) + text) for before in range(3)]
    return [text, encoded[0][:-4], *(one[4:-4] for one in encoded[1:])]


def email(server, **more):
    return {
        "smarthost": server.address,
        "from": "t@example.org",
        "to": "ops@example.org",
        "require_tls": False,
        "send_resolved": True,
        **more,
    }


def configuration(*emails, hook=None, **route):
    """The receivers r0, r1, ... of a mail each, and "hook"; each gets every alert."""
    receivers = [{"name": f"r{i}", "email_configs": [one]} for i, one in enumerate(emails)]
    if hook:
        receivers.append({"name": "hook", "webhook_configs": [{"url": hook.url}]})
    route = {
        "receiver": receivers[0]["name"],
        "group_by": ["alertname"],
        "group_wait": "20ms",
        "group_interval": "1s",
        "routes": [{"receiver": one["name"], "continue": True} for one in receivers],
        **route,
    }
    return json.dumps({"route": route, "receivers": receivers}, ensure_ascii=False)


class Daemon(AlertmanagerApi, Tocsin):
    """The full one; `alerts` is the Alertmanager API's."""

    def letters(self):
        return self.get("/api/v1/alerting/dead-letters").json()

    def explain(self, alertname):
        (found,) = [one for one in self.alerts() if one["labels"]["alertname"] == alertname]
        path = f"/api/v1/alerting/alerts/{found['fingerprint']}/explain"
        return self.get(path).json()


class MailTestCase(harness.TestCase):
    def server(self, **more):
        return self.own(MailServer(**more))

    def start(self, *emails, **more):
        """`tocsin alertmanager`"""
        return self.start_text(configuration(*emails, **more))

    def start_text(self, text):
        arguments = ["--log.level=debug", "--enable-feature=receiver-name-in-metrics"]
        self.daemon = self.alertmanager(text, arguments=arguments)
        self.pages = PAGES
        self.addCleanup(self.assert_no_secret)
        return self.daemon

    def start_full(self, *emails, limits=None, **more):
        """The full daemon. `limits`: of its receivers, by name."""
        return self.start_full_text(configuration(*emails, **more), limits)

    def start_full_text(self, text, limits=None):
        (self.folder / "am.yml").write_text(text)
        alertmanager = {"config_file": "am.yml", "receivers": limits or {}}
        own = {"host": {"enabled": False}, "alertmanager": alertmanager}
        config = json.dumps({"tocsin": own})
        self.daemon = Daemon(self.folder, config, arguments=["--log.level=debug"])
        self.addCleanup(lambda: self.daemon.process and self.daemon.kill9())
        self.daemon.start()
        self.pages = PAGES + DAEMON_PAGES
        self.addCleanup(self.assert_no_secret)
        return self.daemon

    def assert_no_secret(self):
        """In nothing that the process has written; it still runs."""
        written = {page: self.daemon.get(page) for page in self.pages}
        self.assertEqual({answer.status for answer in written.values()}, {200}, written)
        written = {page: answer.body for page, answer in written.items()}
        files = [*self.daemon.storage.rglob("*"), *self.folder.glob("tocsin.std*")]
        written |= {file: file.read_bytes() for file in files if file.is_file()}
        for place, text in written.items():
            for form in forms_of(SECRET):
                self.assertFalse(form in text, f"{place} holds the password")

    def wait_logged(self, *parts):
        """A line that holds all of these."""

        def found():
            lines = self.daemon.process.stderr().splitlines()
            return [line for line in lines if all(part in line for part in parts)]

        return wait_until(found, what=f"{parts} in a line of the log")[0]

    def resend(self, letter):
        answer = self.daemon.post(f"/api/v1/alerting/dead-letters/{letter['id']}/resend")
        self.assertEqual(answer.status, 202, answer)

    def metric(self, name, receiver=None):
        which = {"integration": "email"} | ({"receiver_name": receiver} if receiver else {})
        return self.daemon.metric(f"alertmanager_notification{name}", **which) or 0

    def assert_sound(self, mail):
        """As RFC 5321 and 5322 have it, to the last header and byte."""
        for part in mail.message.walk():
            self.assertEqual(part.defects, [])
            for name, value in part.items():
                self.assertEqual(value.defects, (), name)
        for line in bytes(mail.connection.wire).split(b"\r\n"):
            self.assertLessEqual(len(line), 998)
            self.assertNotRegex(line, rb"[\r\n]")
