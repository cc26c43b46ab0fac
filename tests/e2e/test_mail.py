"""Mails at a real server: what they look like, who gets them, which of them are one thread, and the
same from the real Alertmanager.
"""

import datetime
import hashlib
import html.parser
import json

import harness
from alertmanager import alert
from harness import wait_until
from mail_case import MailTestCase, configuration, email
from mail_server import END_OF_DATA, HANG


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
