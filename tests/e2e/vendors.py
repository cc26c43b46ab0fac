"""What stands for all the vendors of messages at once: answers each as it answers, and records."""

import collections
import http.server
import threading
import urllib.parse

from servers import LoopbackServer, Received
from web import Proxy

JSON = "application/json"
# (status, content type, body) by vendor; 200 and nothing for the others.
ANSWERS = {
    "discord": (204, None, b""),
    "opsgenie": (202, JSON, b'{"result":"Request will be processed","took":0.1,"requestId":"1"}'),
    "pagerduty": (202, JSON, b'{"status":"success","message":"Event processed"}'),
    "pushover": (200, JSON, b'{"status":1,"request":"1"}'),
    "slack": (200, "text/html", b"ok"),
    "sns": (
        200,
        "text/xml",
        b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>'
        b"<MessageId>1</MessageId></PublishResult></PublishResponse>",
    ),
    "telegram": (
        200,
        JSON,
        b'{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":1,"type":"group"}}}',
    ),
    "victorops": (200, JSON, b'{"result":"success"}'),
    "wechat": (200, JSON, b'{"errcode":0,"errmsg":"ok","access_token":"T0KEN","expires_in":7200}'),
}


class Told(Received):
    """One request, told apart by the name of the receiver it is from: that is the first folder of
    its path or, where a vendor's address cannot be changed, its token."""

    def __init__(self, handler, body):
        super().__init__(handler, body)
        self.host = self.headers["Host"]
        self.path, _, query = self.path.partition("?")
        self.query = urllib.parse.parse_qs(query, keep_blank_values=True)
        self.receiver = self._receiver()

    def _receiver(self):
        if self.host == "api.pushover.net":
            return self.query["token"][0]
        if self.host == "events.pagerduty.com":
            return self.json()["service_key"]
        return self.path.split("/")[1]

    def content(self):
        """The body as what it means."""
        kind = self.headers.get("Content-Type", "").partition(";")[0]
        if kind == JSON:
            return self.json()
        text = self.body.decode()
        if kind == "application/x-www-form-urlencoded":
            return urllib.parse.parse_qs(text, keep_blank_values=True, strict_parsing=True)
        return text


class Vendors:
    """At `url` and, for what has a fixed address, behind `proxy` over TLS. Where one of `answers`
    can be called, it tells the answer to a request."""

    def __init__(self, tls=None, answers=None):
        self._answers = ANSWERS if answers is None else answers
        self._lock = threading.Lock()
        self._requests = []
        self._servers = [LoopbackServer(self._handler()), LoopbackServer(self._handler(), tls=tls)]
        plain, secure = (server.server_address[1] for server in self._servers)
        self.url = f"http://127.0.0.1:{plain}"
        self.proxy = Proxy(port=secure)

    def stop(self):
        for server in [*self._servers, self.proxy]:
            server.stop()

    def _handler(self):
        vendors = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                told = Told(self, body)
                with vendors._lock:
                    vendors._requests.append(told)
                    status, kind, answer = vendors._answer(told)
                self.send_response(status)
                if kind:
                    self.send_header("Content-Type", kind)
                if status != 204:
                    self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST

            def log_message(self, *_):
                pass

        return Handler

    def _answer(self, told):
        answer = self._answers.get(told.receiver.partition(".")[0], (200, None, b""))
        return answer(told) if callable(answer) else answer

    def requests(self, receiver=None):
        """In order of arrival, of one receiver or of all."""
        with self._lock:
            return [one for one in self._requests if receiver in (None, one.receiver)]

    def have(self, wanted):
        """Whether each receiver has sent so many requests at least."""
        sent = collections.Counter(one.receiver for one in self.requests())
        return all(sent[receiver] >= count for receiver, count in wanted.items())
