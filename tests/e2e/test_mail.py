"""email_configs of alertmanager.yml against a real mail server: what a mail looks like, TLS,
authentication, refusals at every stage of a conversation. Whatever goes wrong, the password is
written nowhere.
"""

import base64
import datetime
import hashlib
import html.parser
import json
import time

import harness
from alertmanager import AlertmanagerApi, alert
from certificates import Authority, client_name, server_tls
from harness import wait_until
from mail_server import CLOSE, CONTENT, DRIP, END_OF_DATA, GREETING, HANG, MailServer
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


class Page(html.parser.HTMLParser):
    """What a reader of HTML sees."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.text, self.links = set(), "", []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.links += [value for name, value in attributes if name == "href"]

    def handle_data(self, data):
        self.text += data


def with_crlf(text):
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


class Messages(MailTestCase):
    def test_headers_and_parts_are_those_of_the_settings(self):
        server = self.server()
        self.start(
            email(
                server,
                **{"from": "Tocsin at night <t@example.org>"},
                to='Ops <ops@example.org>, "B, C" <b@example.org>, c@example.org',
                hello="alerts.example.org",
                headers={"subject": "{{ .Status }}: Füllstand über 90 % 🔥", "x-TEAM": "db"},
                text="{{ .Status }}: Füllstand\n",
                html="<p>{{ .CommonLabels.alertname }}: Füllstand</p>",
            )
        )
        before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self.daemon.fire("Disk")
        (mail,) = server.wait_mails()
        after = datetime.datetime.now(datetime.timezone.utc)
        self.assert_sound(mail)
        self.assertEqual(mail.hello, "alerts.example.org")
        self.assertEqual(mail.sender, "t@example.org")
        self.assertEqual(mail.recipients, ["ops@example.org", "b@example.org", "c@example.org"])
        message = mail.message
        headers = "Subject To From X-Team Message-Id Date Content-Type MIME-Version"
        self.assertEqual(sorted(message.keys()), sorted(headers.split()))
        self.assertEqual(message["Subject"], "firing: Füllstand über 90 % 🔥")
        self.assertEqual(message["X-Team"], "db")
        named = [(one.display_name, one.addr_spec) for one in message["To"].addresses]
        self.assertEqual(
            named, [("Ops", "ops@example.org"), ("B, C", "b@example.org"), ("", "c@example.org")]
        )
        (sender,) = message["From"].addresses
        self.assertEqual((sender.display_name, sender.username), ("Tocsin at night", "t"))
        self.assertRegex(message["Message-Id"], r"^<[^<>@\s]+@[^<>@\s]+>$")
        self.assertTrue(before <= message["Date"].datetime <= after, message["Date"])
        self.assertEqual(message["MIME-Version"], "1.0")
        self.assertEqual(message.get_content_type(), "multipart/alternative")
        types = [part["Content-Type"] for part in message.iter_parts()]
        self.assertEqual(types, ['text/plain; charset="UTF-8"', 'text/html; charset="UTF-8"'])
        self.assertEqual(
            mail.parts,
            {"text/plain": "firing: Füllstand\r\n", "text/html": "<p>Disk: Füllstand</p>"},
        )

    def test_by_default_it_is_a_page_and_without_one_a_text(self):
        server = self.server()
        text = "{{ range .Alerts }}{{ .Labels.job }}{{ end }}"
        self.start(email(server), email(server, to="text@example.org", html="", text=text))
        self.daemon.fire("Disk job=node")
        server.wait_mails(2)
        mails = {mail.recipients[0]: mail for mail in server.mails}
        page = mails["ops@example.org"]
        self.assertEqual(page.message["Subject"], "[FIRING:1] Disk (node)")
        self.assertEqual(list(page.parts), ["text/html"])
        self.assertIn("[1] Firing", Page(page.parts["text/html"]).text)
        self.assertEqual(mails["text@example.org"].parts, {"text/plain": "node"})
        self.daemon.end("Disk job=node")
        resolved = server.wait_mail(lambda mail: "RESOLVED" in mail.message["Subject"])
        self.assertEqual(resolved.message["Subject"], "[RESOLVED] Disk (node)")

    def test_hostile_texts_become_no_header_no_part_and_no_markup(self):
        labels = {
            "Alertname": "<script>alert(1)</script>\"' onload=x",
            "Crlf": "a\r\nBcc: evil@example.org\r\n\r\n--=_tocsin_alternative\r\n"
            "Content-Type: text/html\r\n\r\n<b>--=_tocsin_alternative--",
            "Lf": "a\nBcc: evil@example.org\n\nevil\rBcc: evil@example.org",
            "Rtl": "\u202elive\u2066 \u200f",
            "Emoji": "👩‍👩‍👧 🔥",
            "Word": "=?utf-8?q?evil?= =?utf-8?b?ZXZpbA==?=",
            "Long": "x" * 5000 + "ä" * 5000,
            "Control": "\x01\x1b[2J\x7f",
        }
        annotations = {
            "long": ("ä" * 1999 + "x" * 2001 + " ") * 18,
            "lines": "\n".join("y" * length for length in (75, 76, 77, 997, 998, 999, 2000)),
            "dots": ".\n..\n.\r\n.hidden\n" + "." * 3000 + "\n" + ("." * 75 + "\n") * 200,
            "smuggled": "x\n.\nMAIL FROM:<evil@example.org>\r\n.\r\nRCPT TO:<evil@example.org>"
            "\r.\rDATA\r\n.\n.\r.",
            "spaces": "ends in blanks  \nand tabs\t\t\n \r\t ",
        }
        self.assertGreater(len(annotations["long"].encode()), 100_000)
        text = "|".join(f"{{{{ .CommonAnnotations.{name} }}}}" for name in annotations)
        filled = {f"X-{name}": f"{{{{ .CommonLabels.{name.lower()} }}}}" for name in labels}
        server = self.server()
        self.start(email(server, headers=filled, text=text))
        self.daemon.post_alerts(
            [
                {
                    "labels": {name.lower(): value for name, value in labels.items()},
                    "annotations": annotations,
                    "generatorURL": "javascript:alert(1)",
                }
            ]
        )
        (mail,) = server.wait_mails()
        self.assert_sound(mail)
        self.assertEqual(mail.recipients, ["ops@example.org"])
        self.assertEqual(mail.connection.verbs[:4], ["EHLO", "MAIL", "RCPT", "DATA"])
        usual = "Subject To From Message-Id Date Content-Type MIME-Version".split()
        self.assertEqual(sorted(mail.message.keys()), sorted([*usual, *filled]))
        for name, value in labels.items():
            self.assertEqual(mail.message[f"X-{name}"], value)
        self.assertEqual(
            [part.get_content_type() for part in mail.message.walk()],
            ["multipart/alternative", "text/plain", "text/html"],
        )
        expected = with_crlf("|".join(annotations.values()))
        self.assertTrue(mail.parts["text/plain"] == expected, "the text has changed on its way")
        page = Page(mail.parts["text/html"])
        self.assertEqual(page.tags & {"script", "b"}, set())
        for value in [*labels.values(), *annotations.values()]:
            self.assertTrue(with_crlf(value) in page.text, f"{value[:100]!r} is not in the page")
        self.assertEqual([link for link in page.links if link.startswith("javascript")], [])

    def test_labels_that_are_no_addresses_reach_nobody(self):
        server = self.server()
        self.start(email(server, to="{{ .CommonLabels.owner }}", headers={"To": "the owner"}))
        hostile = [
            "x@example.org>\r\nRCPT TO:<evil@example.org",
            "x@example.org\r\nRCPT TO:<evil@example.org>",
            "x@example.org\nDATA",
            "<x@example.org> NOTIFY=SUCCESS",
            "<x@example.org> <evil@example.org>",
            "x@example.org> evil@example.org",
            "x evil@example.org",
            "",
        ]
        for number, owner in enumerate(hostile):
            labels = {"alertname": f"Evil{number}", "owner": owner}
            self.daemon.post_alerts([{"labels": labels}])
        for number in range(len(hostile)):
            self.wait_logged("notification failed", f"Evil{number}", "receiver=r0")
        self.daemon.fire("Good owner=anna@example.org")
        (mail,) = server.wait_mails()
        self.assertEqual(mail.recipients, ["anna@example.org"])
        self.assertEqual(len(server.connections), 1)
        self.assertEqual(server.verbs().count("RCPT"), 1)


class Tls(MailTestCase):
    def setUp(self):
        self.authority = Authority(self.folder, "issuer")
        Authority(self.folder, "stranger")
        self.local = self.authority.issue("local", "IP:127.0.0.1")

    def start_with(self, server, tls_configs, **more):
        """A receiver for each; its mails go to the name that the settings have there."""
        settings = {"require_tls": True, "auth_username": "me", "auth_password": SECRET, **more}
        self.start(
            *(
                email(server, to=f"{name}@example.org", tls_config=tls, **settings)
                for name, tls in tls_configs.items()
            )
        ).fire("Disk")

    def arrived(self, server):
        return {mail.recipients[0].partition("@")[0] for mail in server.mails}

    def wait_arrived(self, server, *names):
        wait_until(lambda: self.arrived(server) >= set(names), what=f"{names} at the server")

    def check_trust(self, server, **more):
        """Who trusts the server's issuer, and nobody else, sends."""
        self.start_with(
            server,
            {
                "file": {"ca_file": "issuer.pem"},
                "inline": {"ca": self.authority.file.read_text()},
                "skip": {"insecure_skip_verify": True},
                "stranger": {"ca_file": "stranger.pem"},
                "default": {},
            },
            **more,
        )
        self.wait_arrived(server, "file", "inline", "skip")
        for receiver in ("r3", "r4"):
            self.wait_logged("will retry", f"receiver={receiver}", "certificate")
        self.assertEqual(self.arrived(server), {"file", "inline", "skip"})
        self.assertEqual({one for one in server.logins if not one[2]}, set())
        wait_until(lambda: all(one.over for one in server.connections), what="their ends")
        for connection in server.connections:
            self.assertLessEqual(set(connection.in_the_clear), {"EHLO", "STARTTLS", "QUIT"})
        return server.mails

    def test_starttls_trusts_the_issuer_that_is_named_and_no_other(self):
        users = {"me": SECRET}
        server = self.server(starttls=server_tls(*self.local), users=users, mechanisms=("PLAIN",))
        for mail in self.check_trust(server):
            self.assertEqual(mail.connection.in_the_clear, ["EHLO", "STARTTLS"])
            sequence = ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"]
            self.assertEqual(mail.connection.verbs[:7], sequence)

    def test_implicit_tls_trusts_the_issuer_that_is_named_and_no_other(self):
        users = {"me": SECRET}
        server = self.server(tls=server_tls(*self.local), users=users, mechanisms=("PLAIN",))
        # What require_tls says makes no difference, and STARTTLS is not asked for.
        for mail in self.check_trust(server, force_implicit_tls=True):
            self.assertEqual(mail.connection.in_the_clear, [])
            self.assertEqual(mail.connection.verbs[:5], ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"])

    def test_where_starttls_is_required_and_not_offered_nothing_is_sent(self):
        server = self.server(users={"me": SECRET}, mechanisms=("PLAIN",))
        self.start_with(server, {"file": {"ca_file": "issuer.pem"}})
        line = self.wait_logged("will retry", "receiver=r0")
        self.assertIn("does not offer STARTTLS, which is required", line)
        self.assertLessEqual(set(server.verbs()), {"EHLO", "QUIT"})
        self.assertEqual(server.offered, [])

    def test_where_starttls_is_refused_nothing_is_sent(self):
        server = self.server(
            starttls=server_tls(*self.local), users={"me": SECRET}, mechanisms=("PLAIN",)
        )
        server.say("STARTTLS", "454 4.7.0 no TLS today")
        self.start_with(server, {"file": {"ca_file": "issuer.pem"}})
        self.wait_logged("will retry", "receiver=r0", "STARTTLS", "no TLS today")
        self.assertLessEqual(set(server.verbs()), {"EHLO", "STARTTLS", "QUIT"})
        server.behave()
        self.wait_arrived(server, "file")

    def test_in_the_clear_nobody_asks_for_tls(self):
        server = self.server(starttls=server_tls(*self.local))
        self.start_with(server, {"plain": {}}, require_tls=False)
        self.wait_arrived(server, "plain")
        self.assertNotIn("STARTTLS", server.verbs())

    def test_the_server_is_verified_by_server_name(self):
        server = self.server(starttls=server_tls(*self.authority.issue("mail.example")))
        self.start_with(
            server,
            {
                "right": {"ca_file": "issuer.pem", "server_name": "mail.example"},
                "wrong": {"ca_file": "issuer.pem", "server_name": "other.example"},
                "address": {"ca_file": "issuer.pem"},
            },
        )
        self.wait_arrived(server, "right")
        self.wait_logged("will retry", "receiver=r1", "other.example")
        self.wait_logged("will retry", "receiver=r2", "certificate")
        self.assertEqual(self.arrived(server), {"right"})
        self.assertEqual(server.mails[0].connection.tls.asked_name, "mail.example")

    def test_a_client_certificate_is_shown_and_read_anew_for_each_mail(self):
        server = self.server(starttls=server_tls(*self.local, clients=self.authority.file))
        certificate, key = self.authority.issue("alice")
        used = {"ca_file": "used.pem", "cert_file": certificate.name, "key_file": key.name}
        (self.folder / "used.pem").write_text((self.folder / "stranger.pem").read_text())
        self.start_with(server, {"alice": used, "nobody": {"ca_file": "issuer.pem"}})
        self.wait_logged("will retry", "receiver=r0", "certificate")
        (self.folder / "used.pem").write_text(self.authority.file.read_text())
        self.wait_arrived(server, "alice")
        self.assertEqual(client_name(server.mails[0].connection.tls), "alice")
        self.wait_logged("will retry", "receiver=r1")
        self.assertEqual(self.arrived(server), {"alice"})


class Authentication(MailTestCase):
    def assert_unsaid(self, connection):
        for form in forms_of(SECRET):
            self.assertNotIn(form, connection.wire)

    def test_each_mechanism_is_used_with_what_is_for_it(self):
        by_password = {"auth_username": "me", "auth_password": SECRET}
        by_secret = {"auth_username": "me", "auth_secret": SECRET}
        cases = [  # what the server offers, what the settings have, what is used
            (["PLAIN"], by_password, "PLAIN"),
            (["LOGIN"], by_password, "LOGIN"),
            (["CRAM-MD5"], by_secret, "CRAM-MD5"),
            (["CRAM-MD5", "LOGIN", "PLAIN"], by_secret, "CRAM-MD5"),
            (["PLAIN"], {**by_password, "auth_identity": "ops"}, "PLAIN"),
        ]
        servers = [self.server(users={"me": SECRET}, mechanisms=offer) for offer, _, _ in cases]
        silent = self.server()
        emails = [email(server, **settings) for server, (_, settings, _) in zip(servers, cases)]
        self.start(*emails, email(silent, **by_password)).fire("Disk")
        for server, (_, _, used) in zip(servers, cases):
            server.wait_mails()
            self.assertEqual(server.logins, [(used, "me", True)])
        said = base64.b64encode(f"ops\0me\0{SECRET}".encode())
        self.assertIn(said, servers[4].connections[0].wire)
        # Where nobody asks for a password, none is said.
        (mail,) = silent.wait_mails()
        self.assert_unsaid(mail.connection)

    def test_a_secret_is_not_said_as_a_password(self):
        server = self.server(users={"me": SECRET}, mechanisms=("PLAIN", "LOGIN"))
        self.start(email(server, auth_username="me", auth_secret=SECRET)).fire("Disk")
        self.wait_logged("will retry", "receiver=r0")
        self.assert_unsaid(server.connections[0])

    def test_a_wrong_password_is_tried_again_and_mended_without_a_reload(self):
        server = self.server(users={"me": SECRET}, mechanisms=("PLAIN",))
        file = self.folder / "password"
        file.write_text("wrong-" + SECRET)
        self.start(email(server, auth_username="me", auth_password_file="password")).fire("Disk")
        self.wait_logged("will retry", "receiver=r0", "AUTH", "535 5.7.8")
        wait_until(lambda: self.metric("_requests_failed_total") >= 3, what="three attempts")
        self.assertGreaterEqual(len(server.logins), 3)
        self.assertEqual(set(server.logins), {("PLAIN", "me", False)})
        self.assertEqual(server.offered, [])
        self.assertNotIn("MAIL", server.verbs())
        file.write_text(SECRET + "\n")
        server.wait_mails()
        self.assertEqual(server.logins[-1], ("PLAIN", "me", True))

    def test_a_server_that_repeats_the_password_tells_it_to_nobody(self):
        said = base64.b64encode(f"\0me\0{SECRET}".encode()).decode()
        server = self.server(users={"me": SECRET}, mechanisms=("PLAIN",))
        server.say("AUTH", f"535 5.7.8 {said} is wrong", times=1)
        server.say("AUTH", f"535 5.7.8 {SECRET} is wrong", times=1)
        emails = [email(server, auth_username="me", auth_password=SECRET)] * 2
        self.start_full(*emails).fire("Disk")
        wait_until(lambda: len(self.daemon.letters()) == 2, what="two dead letters")

    def test_the_full_daemon_keeps_a_mail_whose_password_was_wrong(self):
        server = self.server(users={"me": "another"}, mechanisms=("LOGIN",))
        self.start_full(email(server, auth_username="me", auth_password=SECRET)).fire("Disk")
        wait_until(self.daemon.letters, what="a dead letter")
        (letter,) = self.daemon.letters()
        self.assertEqual(letter["integration"], "r0/email[0]")
        server.users["me"] = SECRET
        self.resend(letter)
        server.wait_mails()
        self.assertEqual(server.logins, [("LOGIN", "me", False), ("LOGIN", "me", True)])


class Recipients(MailTestCase):
    TO = "a@example.org, b@example.org, c@example.org"

    def test_one_that_is_refused_holds_up_all_as_in_alertmanager(self):
        server = self.server()
        server.say("RCPT", "550 5.1.1 no such user", times=2, to="b@example.org")
        self.start(email(server, to=self.TO)).fire("Disk")
        (mail,) = server.wait_mails()
        self.assertEqual(mail.recipients, self.TO.split(", "))
        self.assertEqual(len(server.offered), 1)
        self.assertEqual(len(server.connections), 3)
        self.assertNotIn("DATA", server.connections[0].verbs + server.connections[1].verbs)
        self.wait_logged("will retry", "RCPT", "b@example.org", "no such user")
        self.assertEqual(self.metric("_requests_failed_total"), 2)

    def test_the_full_daemon_delivers_to_the_others_once(self):
        server = self.server()
        server.say("RCPT", "550 5.1.1 no such user", to="b@example.org")
        daemon = self.start_full(email(server, to=self.TO))
        daemon.fire("Disk")
        (mail,) = server.wait_mails()
        self.assertEqual(mail.recipients, ["a@example.org", "c@example.org"])
        wait_until(lambda: self.metric("_requests_total") == 1, what="the answer to be known")
        self.assert_never(lambda: len(server.connections) > 1, 2, "it was sent again")
        self.assertEqual(self.metric("_requests_failed_total"), 0)
        self.assertEqual(daemon.letters(), [])
        self.assertIn("b@example.org", json.dumps(daemon.explain("Disk")))

    def test_the_full_daemon_tries_those_again_who_may_get_it_later(self):
        server = self.server()
        server.say("RCPT", "450 4.2.0 greylisted", times=2, to="b@example.org")
        daemon = self.start_full(email(server, to=self.TO))
        daemon.fire("Disk")
        first, second = server.wait_mails(2)
        self.assertEqual(first.recipients, ["a@example.org", "c@example.org"])
        self.assertEqual(second.recipients, ["b@example.org"])
        self.assertEqual(first.message["Message-Id"], second.message["Message-Id"])
        self.assertEqual(first.message["To"], second.message["To"])
        self.wait_logged("will retry", "b@example.org", "greylisted")
        daemon.end("Disk")
        over = server.wait_mails(3)[2]
        self.assertEqual(over.recipients, self.TO.split(", "))

    def test_a_digest_is_told_again_only_to_those_who_did_not_get_it(self):
        server = self.server()
        limits = {"r0": {"rate": "1/3s", "burst": 1, "overflow": "digest"}}
        daemon = self.start_full(email(server, to=self.TO), limits=limits)
        daemon.fire("First")
        server.wait_mails()
        server.say("RCPT", "450 4.2.0 greylisted", times=1, to="b@example.org")
        daemon.fire("Second", "Third")
        first, digest, rest = server.wait_mails(3)
        self.assertEqual(first.recipients, self.TO.split(", "))
        self.assertEqual(digest.recipients, ["a@example.org", "c@example.org"])
        self.assertEqual(rest.recipients, ["b@example.org"])
        self.assertEqual(digest.message["Message-Id"], rest.message["Message-Id"])
        for mail in (digest, rest):
            text = mail.message.as_string()
            self.assertIn("Second", text)
            self.assertIn("Third", text)
        self.assert_never(lambda: len(server.mails) > 3, 4, "it was sent again")

    def test_the_full_daemon_gives_up_where_all_are_refused_for_good(self):
        server = self.server()
        server.say("RCPT", "550 5.1.1 no such user")
        daemon = self.start_full(email(server, to=self.TO))
        daemon.fire("Disk")
        wait_until(daemon.letters, what="a dead letter")
        (letter,) = daemon.letters()
        self.assertEqual((letter["attempts"], letter["status"]), (1, "firing"))
        self.assertRegex(letter["last_error"], r"RCPT TO:<.@example.org>.*550 5.1.1 no such user")
        self.assertEqual(server.offered, [])


class Threads(MailTestCase):
    def test_the_mails_of_a_group_are_one_thread(self):
        server = self.server()
        threading = {"enabled": True, "thread_by_date": "none"}
        daily = {"enabled": True, "thread_by_date": "daily"}
        self.start(
            email(server, to="none@example.org", threading=threading),
            email(server, to="daily@example.org", threading=daily),
            email(server, to="no@example.org"),
        )
        days = [datetime.datetime.now(datetime.timezone.utc).date()]
        self.daemon.fire("Disk", "Net")
        server.wait_mails(6)
        self.daemon.end("Disk", "Net")
        server.wait_mails(12)
        days.append(datetime.datetime.now(datetime.timezone.utc).date())
        roots = {}
        for mail in server.mails:
            self.assertEqual(mail.message["References"], mail.message["In-Reply-To"])
            group = mail.message["Subject"].split()[1]
            roots.setdefault((mail.recipients[0].partition("@")[0], group), []).append(
                mail.message["References"]
            )
        for group in ("Disk", "Net"):
            key = f'{{}}/{{}}:{{alertname="{group}"}}'
            name = "alert-" + hashlib.sha256(key.encode()).hexdigest()[:16]
            self.assertEqual(roots["none", group], [f"<{name}-@alertmanager>"] * 2)
            self.assertEqual(roots["no", group], [None] * 2)
            on_days = {f"<{name}-{day}@alertmanager>" for day in days}
            self.assertLessEqual(set(roots["daily", group]), on_days)

    def check_ids(self, start):
        """Two email_configs of a receiver, whose mails may go to the same person."""
        server = self.server()
        config = json.loads(configuration(email(server)))
        both = [email(server), email(server, to="boss@example.org, ops@example.org")]
        config["receivers"][0]["email_configs"] = both
        start(json.dumps(config)).fire(*(f"Alert{number}" for number in range(8)))
        server.wait_mails(16)
        ids = {mail.message["Message-Id"] for mail in server.mails}
        self.assertEqual(len(ids), 16, "different mails have the same id")

    def test_no_two_mails_have_one_id(self):
        self.check_ids(self.start_text)

    def test_no_two_mails_of_the_full_daemon_have_one_id(self):
        self.check_ids(self.start_full_text)

    def test_in_the_full_daemon_every_attempt_at_a_mail_has_one_id(self):
        server = self.server()
        server.say(END_OF_DATA, "451 4.3.0 later", times=2)
        daemon = self.start_full(email(server))
        daemon.fire("Disk")
        server.wait_mails()
        daemon.end("Disk")
        server.wait_mails(2)
        ids = [mail.message["Message-Id"] for mail in server.offered]
        self.assertEqual(len(ids), 4)
        self.assertEqual(len(set(ids[:3])), 1)
        self.assertNotEqual(ids[3], ids[0])
        self.assertEqual(self.metric("_requests_failed_total"), 2)

    def test_in_the_full_daemon_it_outlives_a_kill(self):
        server = self.server()
        server.say(END_OF_DATA, HANG)
        daemon = self.start_full(email(server))
        daemon.fire("Disk")
        wait_until(lambda: server.offered, what="a mail without an answer")
        daemon.kill9()
        server.behave()
        daemon.start()
        server.wait_mails()
        ids = [mail.message["Message-Id"] for mail in server.offered]
        self.assertEqual(ids, ids[:1] * 2)


# What a server does, and what the log says of it: the reply, or the stage.
REFUSALS = {
    "greeting": ([(GREETING, "554 5.3.2 not today")], "not today"),
    "busy": ([(GREETING, "421 4.3.2 not today")], "not today"),
    "EHLO and HELO": ([("EHLO", "500 not today"), ("HELO", "500 not today")], "not today"),
    "MAIL": ([("MAIL", "550 5.7.1 not today")], "not today"),
    "RCPT": ([("RCPT", "550 5.1.1 not today")], "not today"),
    "DATA": ([("DATA", "554 5.3.0 not today")], "not today"),
    "end, for now": ([(END_OF_DATA, "451 4.3.0 not today")], "not today"),
    "end, for good": ([(END_OF_DATA, "554 5.7.1 not today")], "not today"),
    "long": ([("MAIL", "550 " + "not today " * 100_000)], "MAIL"),
    "close at greeting": ([(GREETING, CLOSE)], "connect"),
    "close at RCPT": ([("RCPT", CLOSE)], "RCPT"),
    "close at end": ([(END_OF_DATA, CLOSE)], "end of data"),
}
SILENCES = {
    "greeting": (GREETING, HANG, "connect"),
    "no SMTP": (GREETING, ("HTTP/1.1 400 Bad Request", HANG), "connect"),
    "EHLO": ("EHLO", HANG, "EHLO"),
    "EHLO without an end": ("EHLO", DRIP, "EHLO"),
    "STARTTLS": ("STARTTLS", HANG, "STARTTLS"),
    "handshake": ("STARTTLS", ("220 go on", HANG), "STARTTLS"),
    "AUTH": ("AUTH", HANG, "AUTH"),
    "MAIL": ("MAIL", HANG, "MAIL"),
    "RCPT": ("RCPT", HANG, "RCPT"),
    "DATA": ("DATA", HANG, "DATA"),
}


class Trouble(MailTestCase):
    def test_a_server_that_knows_no_ehlo_is_told_helo(self):
        server = self.server()
        server.say("EHLO", "500 what?")
        self.start(email(server)).fire("Disk")
        (mail,) = server.wait_mails()
        self.assertEqual(mail.connection.verbs[:5], ["EHLO", "HELO", "MAIL", "RCPT", "DATA"])

    def difficult(self):
        """(name, server, its email_config, what the log says of it) of each."""
        authority = Authority(self.folder, "issuer")
        tls = server_tls(*authority.issue("local", "IP:127.0.0.1"))
        login = {"auth_username": "me", "auth_password": SECRET}
        settings = {
            "require_tls": True,
            "tls_config": {"ca_file": "issuer.pem"},
            **login,
        }
        server = self.server(users={"me": "another"}, mechanisms=("PLAIN",))
        yield "wrong password", server, email(server, **login), "535 5.7.8"
        for name, (replies, reason) in REFUSALS.items():
            server = self.server()
            for stage, reply in replies:
                server.say(stage, reply)
            yield name, server, email(server), reason
        for name, (stage, reply, reason) in SILENCES.items():
            server = self.server(starttls=tls, users={"me": SECRET}, mechanisms=("PLAIN",))
            server.say(stage, reply)
            yield name, server, email(server, **settings), reason

    def test_a_refusal_or_a_silence_at_any_stage_delays_nobody_else(self):
        names, servers, emails, reasons = zip(*self.difficult())
        hung_up = self.server()
        hung_up.say("QUIT", HANG)
        good, hook = self.server(), self.sink()
        daemon = self.start(*emails, email(hung_up), email(good), hook=hook)
        daemon.fire("First")
        good.wait_mails()
        hook.wait_count(1)
        wait_until(lambda: all(one.connections for one in servers), what="a connection to each")
        fired = time.monotonic()
        daemon.fire("Second")
        good.wait_mails(2)
        hook.wait_count(2)
        self.assertEqual(daemon.get("/-/healthy", timeout=2).status, 200)
        # Far from the 30 ms of an idle machine, and from the 10 s that the others may take.
        self.assertLess(time.monotonic() - fired, 5)
        # The mail was taken, whatever became of the farewell.
        hung_up.wait_mails(2)
        wait_until(lambda: self.metric("_requests_total", f"r{len(emails)}") == 2, what="its end")
        self.assertEqual(self.metric("_requests_failed_total", f"r{len(emails)}"), 0)

        # None of these has taken anything; each failure is counted when its flush is over.
        self.assertEqual([mail for server in servers for mail in server.mails], [])
        receivers = [f"r{number}" for number in range(len(emails))]
        for receiver in receivers:
            wait_until(lambda: self.metric("s_failed_total", receiver) >= 2, what=receiver)
        for name, receiver, reason in zip(names, receivers, reasons):
            with self.subTest(name):
                line = self.wait_logged('"notification failed"', f"receiver={receiver} ", reason)
                self.assertLess(len(line), 2000)
        for server in servers[: 1 + len(REFUSALS)]:
            self.assertGreater(len(server.connections), 2)  # two messages, tried again

        servers[0].users["me"] = SECRET
        for server in servers:
            server.behave()
        for name, server in zip(names, servers):
            with self.subTest(name):
                server.wait_mails(2)
                subjects = {mail.message["Subject"].split()[1] for mail in server.mails}
                self.assertEqual(subjects, {"First", "Second"})
        self.assertEqual(len(hook.requests), 2)
        self.assertEqual(len(hung_up.offered), 2)

    def test_a_silence_after_the_message_delays_no_other_mail(self):
        silent, good = self.server(), self.server()
        silent.say(END_OF_DATA, HANG)
        daemon = self.start(email(silent), email(good))
        daemon.fire("First")
        good.wait_mails()
        wait_until(lambda: silent.offered, what="a mail without an answer")
        fired = time.monotonic()
        daemon.fire("Second")
        good.wait_mails(2)
        self.assertLess(time.monotonic() - fired, 5)
        silent.behave()
        silent.wait_mails(2)

    def test_the_full_daemon_gives_up_what_is_refused_for_good_and_tries_the_rest_again(self):
        good, bad, later = [self.server() for _ in range(3)]
        bad.say(END_OF_DATA, "554 5.7.1 not today")
        later.say("MAIL", "450 4.7.1 later", times=2)
        hook = self.sink()
        daemon = self.start_full(email(good), email(bad), email(later), hook=hook)
        daemon.fire("Disk")
        hook.wait_count(1)
        good.wait_mails()
        later.wait_mails()
        self.assertEqual(len(later.connections), 3)
        wait_until(daemon.letters, what="a dead letter")
        (letter,) = daemon.letters()
        self.assertEqual((letter["integration"], letter["attempts"]), ("r1/email[0]", 1))
        self.assertIn("554 5.7.1 not today", letter["last_error"])
        self.assertEqual(self.metric("s_failed_total"), 1)
        bad.behave()
        self.resend(letter)
        bad.wait_mails()
        wait_until(lambda: daemon.letters() == [], what="the dead letter to be gone")
        daemon.end("Disk")
        for server in (good, bad, later):
            resolved = server.wait_mail(lambda mail: "RESOLVED" in mail.message["Subject"])
            self.assertEqual(resolved, server.mails[-1])

    def check_stop(self, stage, begun):
        """The daemon stops while a server is silent, and sends after the restart."""
        server = self.server()
        server.say(stage, HANG)
        daemon = self.start_full(email(server), group_interval="20s")  # an attempt may take as long
        daemon.fire("Disk")
        wait_until(lambda: begun(server), what="a server that hangs")
        asked = time.monotonic()
        daemon.stop()
        took = time.monotonic() - asked
        server.behave()
        daemon.start()
        server.wait_mails()
        self.assertLess(took, 10)

    def test_the_full_daemon_stops_while_a_server_hangs(self):
        self.check_stop("RCPT", lambda server: "RCPT" in server.verbs())

    def test_the_full_daemon_stops_while_a_server_is_silent_after_the_message(self):
        self.check_stop(END_OF_DATA, lambda server: server.offered)

    def check_cut_off(self, start, cut):
        """A mail whose sending ends in the middle is none; later it comes whole."""
        server = self.server(narrow=True)
        server.say(CONTENT, HANG)
        text = "{{ range .Alerts }}{{ .Annotations.long }}{{ end }}the end of the text"
        start(email(server, text=text, html=""))
        many = [alert(f"Disk number={number}", long="x" * 90_000) for number in range(80)]
        self.daemon.post_alerts(many)
        wait_until(
            lambda: "DATA" in server.verbs() and server.connections[0].has_unread(),
            what="the begin of a mail",
        )
        cut()
        server.behave()
        wait_until(lambda: server.connections[0].over, what="the end of the first attempt")
        wait_until(lambda: server.mails, what="a mail")
        whole = [b"the end of the text" in mail.content for mail in server.offered]
        self.assertEqual(set(whole), {True}, "a part of the mail was sent as if it were all of it")

    def test_a_reload_in_the_middle_of_a_mail_sends_no_half_of_it(self):
        self.check_cut_off(self.start, lambda: self.daemon.reload())

    def test_the_end_of_the_daemon_in_the_middle_of_a_mail_sends_no_half_of_it(self):
        self.check_cut_off(self.start_full, lambda: self.daemon.restart())


TEXT = """{{ .Status }} {{ .Receiver }}
{{ range .Alerts }}{{ .Status }} {{ .StartsAt }} {{ .Fingerprint }}
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Source: {{ .GeneratorURL }} \t
.{{ end }}{{ template "__text_alert_list" .Alerts.Firing }}"""


class BesideTheOriginal(MailTestCase):
    """The same alerts by the real Alertmanager and by us, at the same server."""

    maxDiff = None

    def setUp(self):
        harness.Alertmanager.check()
        self.mail_server = self.server()

    def configuration(self, hello):
        return configuration(
            email(
                self.mail_server,
                hello=hello,
                **{"from": "Tocsin <t@example.org>"},
                to='Ops <ops@example.org>, "B, C" <b@example.org>',
                headers={
                    "x-mixed": "{{ .CommonLabels.job }}: größer 🔥 " + "als je zuvor " * 10,
                    "X-Ascii": "plain = _? text",
                    "X-Label": "{{ .CommonAnnotations.short }}",
                },
                text=TEXT,
            ),
        )

    def pair(self, status, name):
        """The mails of the original and ours about a group."""

        def both():
            found = {
                mail.hello: mail
                for mail in self.mail_server.mails
                if mail.message["Subject"].startswith(f"[{status}] {name} ")
            }
            return len(found) == 2 and (found["original"], found["ours"])

        return wait_until(both, what=f"two mails about {name}")

    def seen(self, mail):
        """What must be equal."""
        headers = "Subject To From MIME-Version X-Mixed X-Ascii X-Label".split()
        raw = mail.content.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").split(b"\r\n")
        return {
            "sender": mail.sender,
            "recipients": mail.recipients,
            "names of headers": sorted(name.title() for name in mail.message.keys()),
            **{name: mail.message[name] for name in headers},
            "type": mail.message.get_content_type(),
            "parts": [sorted(part.items()) for part in mail.message.iter_parts()],
            "text": mail.parts["text/plain"],
            "encoded": sorted(one for one in raw if one.startswith((b"Subject:", b"To:", b"X-"))),
        }

    def test_headers_and_text_are_those_of_the_original(self):
        ours = self.alertmanager(self.configuration("ours"))
        original = self.peer(harness.Alertmanager, self.configuration("original"))
        lines = "first\nsecond\r\n.\n..two dots\ntrailing \t\n" + "long ä " * 30 + "<b>&"
        crlf = "a\r\nBcc: evil@example.org"
        firing = [
            alert("Disk job=node instance=b", -60, lines=lines, short=crlf, summary="größer 90 %"),
            alert("Disk job=node instance=a", -30, lines=lines, short=crlf),
            alert("Ärger job=🔥 instance=a", -30, lines="ä" * 99, short="a = b?"),
        ]
        ended = [{**one, "endsAt": firing[2]["startsAt"]} for one in firing[1:]]
        told = [(firing, [("FIRING:2", "Disk"), ("FIRING:1", "Ärger")])]
        told += [(ended, [("FIRING:1", "Disk"), ("RESOLVED", "Ärger")])]
        for alerts, mails in told:
            for one in (ours, original):
                one.post_alerts(alerts)
            for status, name in mails:
                with self.subTest(status, name=name):
                    theirs, own = self.pair(status, name)
                    self.assertEqual(self.seen(own), self.seen(theirs))


if __name__ == "__main__":
    harness.main()
