"""A mail server on loopback: Debian's aiosmtpd, as `make peers` unpacks it. It takes every mail
until a test tells it to say something else, or nothing at all, at a stage of the conversation.
"""

import array
import asyncio
import email
import email.policy
import fcntl
import functools
import hmac
import logging
import secrets
import socket
import sys
import termios
import threading
import time
import warnings

from peers import peer_path
from process import PATIENCE, wait_until

# What a server may do at a stage instead of saying something.
HANG = "hang"  # it says nothing more, and keeps the connection
DRIP = "drip"  # it says that more follows, for ever
CLOSE = "close"

COMMANDS = ("EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "QUIT")
GREETING, CONTENT, END_OF_DATA = "greeting", "content", "end of data"  # the other stages


@functools.cache
def smtp_module():
    """aiosmtpd.smtp"""
    packages = str(peer_path("usr/lib/python3/dist-packages/aiosmtpd").parent)
    sys.path.insert(0, packages)
    try:
        import aiosmtpd.smtp
    finally:
        sys.path.remove(packages)
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # errors are in MailServer.errors
    warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
    return aiosmtpd.smtp


@functools.cache
def conversation_class():
    """One connection: aiosmtpd's, but for what the server has been told to say."""
    smtp = smtp_module()

    class Conversation(smtp.SMTP):
        def __init__(self, server):
            super().__init__(
                Hooks(server),
                hostname="mail.test",
                enable_SMTPUTF8=True,
                tls_context=server.starttls,
                auth_required=bool(server.users),
                auth_require_tls=False,
                auth_exclude_mechanism={"PLAIN", "LOGIN", "CRAM-MD5"} - set(server.mechanisms),
                authenticator=server.authenticate,
                loop=server.loop,
            )
            self._server = server
            self._greeted = False
            self.seen = Connection()

        def connection_made(self, transport):
            """Also when STARTTLS has done its work."""
            self.seen.tls = transport.get_extra_info("ssl_object")
            self.seen.socket = transport.get_extra_info("socket")
            if self.seen not in self._server.connections:
                self._server.connections.append(self.seen)
            super().connection_made(transport)

        def data_received(self, data):
            self.seen.wire += data
            super().data_received(data)

        def connection_lost(self, error):
            self.seen.over = True
            super().connection_lost(error)

        async def push(self, status):
            if not self._greeted:
                self._greeted = True
                status = await self.reply_at(GREETING) or status
            await super().push(status)

        async def reply_at(self, stage, argument=""):
            """None: the usual."""
            reply = self._server.reply_at(stage, argument)
            if isinstance(reply, tuple):
                await self.push(reply[0])
                reply = reply[1]
            while reply == DRIP and not self._server.released.is_set():
                await self.push("250-more")
                await asyncio.sleep(0.02)
            if reply == HANG:
                await self._server.released.wait()
            if reply in (CLOSE, DRIP, HANG):
                self.transport.close()
                await asyncio.Event().wait()  # ends with the connection
            return reply

        def stop_reading_if_told(self):
            if self._server.reply_at(CONTENT, "") == HANG:
                self.transport.pause_reading()
                self.loop.create_task(self.read_on())

        async def read_on(self):
            await self._server.released.wait()
            if self.transport:
                self.transport.resume_reading()

    for verb in COMMANDS:
        setattr(Conversation, f"smtp_{verb}", command(verb, getattr(smtp.SMTP, f"smtp_{verb}")))
    return Conversation


def command(verb, usual):
    @functools.wraps(usual)
    async def answer(self, argument):
        text = argument or ""
        self.seen.commands.append((verb, text))
        if self.seen.tls is None:
            self.seen.in_the_clear.append(verb)
        reply = await self.reply_at(verb, text)
        if verb == "DATA" and not reply:
            self.stop_reading_if_told()
        await (self.push(reply) if reply else usual(self, argument))

    return answer


class Hooks:
    """What aiosmtpd asks for."""

    def __init__(self, server):
        self._server = server

    async def handle_EHLO(self, _conversation, session, _envelope, hostname, responses):
        session.host_name = hostname
        return [line for line in responses if line.strip() != "250-AUTH"]  # no way is no offer

    async def handle_DATA(self, conversation, session, envelope):
        mail = Mail(conversation.seen, session, envelope)
        self._server.offered.append(mail)
        reply = await conversation.reply_at(END_OF_DATA)
        mail.taken = reply is None
        return reply or "250 2.0.0 taken"

    async def handle_exception(self, error):
        if not isinstance(error, smtp_module().TLSSetupException):  # the client's choice
            self._server.errors.append(error)
        return "451 4.3.0 the test's server is broken"

    async def auth_CRAM__MD5(self, conversation, _arguments):
        """https://www.rfc-editor.org/rfc/rfc2195"""
        smtp = smtp_module()
        challenge = f"<{secrets.token_hex(8)}@mail.test>".encode()
        answer = await conversation.challenge_auth(challenge)
        if answer is smtp.MISSING:
            return smtp.AuthResult(success=False)
        user, _, digest = answer.decode().rpartition(" ")
        password = self._server.users.get(user, "").encode()
        good = hmac.compare_digest(digest, hmac.new(password, challenge, "md5").hexdigest())
        return self._server.login("CRAM-MD5", user, good)


class Connection:
    def __init__(self):
        self.commands = []  # (verb, argument)
        self.in_the_clear = []  # the verbs before TLS
        self.wire = bytearray()  # what came, decrypted
        self.tls = None  # the ssl.SSLObject
        self.socket = None
        self.over = False

    @property
    def verbs(self):
        return [verb for verb, _ in self.commands]

    def has_unread(self):
        """Whether something has come that the server does not read."""
        count = array.array("i", [0])
        fcntl.ioctl(self.socket.fileno(), termios.FIONREAD, count)
        return count[0] > 0

    def __repr__(self):
        return f"<{' '.join(self.verbs)}>"


class Mail:
    """One that came whole."""

    def __init__(self, connection, session, envelope):
        self.at = time.monotonic()
        self.connection = connection
        self.hello = session.host_name
        self.sender = envelope.mail_from
        self.recipients = list(envelope.rcpt_tos)
        self.content = envelope.original_content
        self.taken = False
        self.message = email.message_from_bytes(self.content, policy=email.policy.default)

    @property
    def parts(self):
        """{content type: text as it was encoded, with its line ends}, in order"""
        return {
            part.get_content_type(): part.get_payload(decode=True).decode("utf-8")
            for part in self.message.iter_parts()
        }

    def __repr__(self):
        return f"<mail to {', '.join(self.recipients)}: {self.message['Subject']!r}>"


class MailServer:
    """`tls` is spoken from the first byte, `starttls` when a client asks. Who has a name and a
    password in `users` may send, with one of the `mechanisms`; without users everybody may. What a
    `narrow` server does not read, its clients cannot send either."""

    def __init__(self, tls=None, starttls=None, users=None, mechanisms=(), narrow=False):
        self.starttls = starttls
        self.users = dict(users or {})
        self.mechanisms = mechanisms
        self.connections = []
        self.offered = []  # mails, whatever was said to them
        self.logins = []  # (mechanism, user, whether it was let in)
        self.errors = []
        self._replies = []
        self.released = asyncio.Event()  # of the server's loop
        conversation = conversation_class()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        listener = socket.create_server(("127.0.0.1", 0))
        if narrow:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.port = listener.getsockname()[1]
        listen = self.loop.create_server(lambda: conversation(self), sock=listener, ssl=tls)
        self._listener = self._run(listen)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def stop(self):
        self._run(self._end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
        if self.errors:
            raise AssertionError(f"the mail server failed: {self.errors}")

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    async def _end(self):
        self._listener.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- how it behaves ---

    def say(self, stage, reply, times=None, to=""):
        """What it says at a stage: `times`, or until behave(); a pair: the one and then the other.
        `to`: only where that stands in what the client said."""
        self._replies.append({"stage": stage, "reply": reply, "times": times, "to": to})

    def behave(self):
        """From now on. What hangs is ended."""
        self._replies.clear()
        self.loop.call_soon_threadsafe(self.released.set)

    def reply_at(self, stage, argument):
        for one in self._replies:
            if one["stage"] == stage and one["to"] in argument and one["times"] != 0:
                if one["times"] is not None:
                    one["times"] -= 1
                return one["reply"]
        return None

    def authenticate(self, _conversation, _session, _envelope, mechanism, data):
        user, password = data.login.decode(), data.password.decode()
        return self.login(mechanism, user, self.users.get(user) == password)

    def login(self, mechanism, user, good):
        self.logins.append((mechanism, user, good))
        return smtp_module().AuthResult(success=good, handled=False)

    # --- what it has seen ---

    @property
    def mails(self):
        """Those it has taken."""
        return [mail for mail in self.offered if mail.taken]

    def wait_mails(self, count=1):
        """All of them, at least so many."""
        wait_until(lambda: len(self.mails) >= count, what=f"{count} mails")
        return self.mails

    def wait_mail(self, wanted, what="a mail"):
        """The first for which wanted(mail) holds."""
        return wait_until(lambda: next(filter(wanted, self.mails), None), what=what)

    def verbs(self):
        return [verb for connection in list(self.connections) for verb in connection.verbs]
