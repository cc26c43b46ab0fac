"""Mail servers as they are: TLS, authentication, refusals and silences at every stage of a
conversation. Whatever goes wrong, the password is written nowhere.
"""

import base64
import time

import harness
from alertmanager import alert
from certificates import Authority, client_name, server_tls
from harness import wait_until
from mail_case import SECRET, MailTestCase, email, forms_of
from mail_server import CLOSE, CONTENT, DRIP, END_OF_DATA, GREETING, HANG


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


if __name__ == "__main__":
    harness.main()
