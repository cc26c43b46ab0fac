"""Servers on our side: a receiver of webhooks and a target to scrape, both as good or bad as a test
wants them.
"""

import http.server
import json
import threading
import time

from process import PATIENCE, wait_until


class LoopbackServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, handler, port=0, tls=None):
        super().__init__(("127.0.0.1", port), handler)
        if tls:  # the handshake belongs to the connection's thread, not to the one that accepts
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def handle_error(self, request, client_address):
        pass  # a client that was killed or hung up: what tests do

    def stop(self):
        self.shutdown()
        self.server_close()


class Received:
    """One request as it arrived."""

    def __init__(self, handler, body):
        self.at = time.monotonic()
        self.answered = None  # when its answer was on its way
        self.method = handler.command
        self.path = handler.path
        self.headers = handler.headers
        self.body = body
        self.connection = handler.connection

    def json(self):
        return json.loads(self.body)

    @property
    def key(self):
        return self.headers.get("Idempotency-Key")

    @property
    def alert(self):
        return self.json()["alert"]

    @property
    def change(self):
        """(rule name, status)"""
        return self.alert["name"], self.alert["status"]

    def __repr__(self):
        return f"<{self.method} {self.path} {self.body[:200]!r}>"


class WebhookSink:
    """Receives webhooks; well-behaved until told otherwise. A request is recorded as soon as it is
    read, whatever becomes of its answer."""

    def __init__(self, tls=None):
        self._tls = tls
        self._changed = threading.Condition()
        self._requests = []
        self._status = 200
        self._delay = 0.0
        self._body = b""
        self._failures = {}
        self._hang = None
        self._server = None
        self.port = 0
        self.accept()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    # --- how it behaves ---

    def answer(self, status=200, delay=0.0, body=b""):
        self._status, self._delay, self._body = status, delay, body

    def fail(self, path, times, status):
        """The next requests to this path are answered with this status."""
        with self._changed:
            self._failures[path] = [status] * times

    def hang(self):
        """Takes requests and answers none, until release()."""
        self._hang = threading.Event()

    def release(self):
        if self._hang:
            self._hang.set()
        self._hang = None

    def refuse(self):
        """Closes the listener: connections are refused until accept()."""
        if self._server:
            self._server.stop()
        self._server = None

    def accept(self):
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            # Over TLS connections are kept: whose they are is what tests look at.
            protocol_version = "HTTP/1.1" if sink._tls else "HTTP/1.0"

            def do_POST(self):
                sink._handle(self)

            do_PUT = do_POST

            def log_message(self, *_):
                pass

        self._server = LoopbackServer(Handler, self.port, self._tls)
        self.port = self._server.server_address[1]

    def stop(self):
        self.release()
        self.refuse()

    def _handle(self, handler):
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length)
        if len(body) < length:
            return  # the sender was killed in the middle
        status, delay, hang, answer = self._status, self._delay, self._hang, self._body
        received = Received(handler, body)
        with self._changed:
            if self._failures.get(handler.path):
                status = self._failures[handler.path].pop()
            self._requests.append(received)
            self._changed.notify_all()
        if hang:
            hang.wait()
        time.sleep(delay)
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        received.answered = time.monotonic()
        handler.wfile.write(answer)

    # --- what it has seen ---

    @property
    def requests(self):
        with self._changed:
            return list(self._requests)

    def changes(self):
        """[(rule name, status)] in order of arrival"""
        return [request.change for request in self.requests]

    def wait_for(self, wanted, timeout=PATIENCE, what="a webhook"):
        """The first request for which wanted(request) holds."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for request in self._requests:
                    if wanted(request):
                        return request
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    if time.monotonic() >= deadline:
                        raise AssertionError(
                            f"waited {timeout:g} s for {what}; received: {self._requests}"
                        )

    def wait_change(self, name, status, timeout=PATIENCE, **metadata):
        """The first request that tells this change of this rule, with at least this metadata."""
        return self.wait_for(
            lambda request: request.change == (name, status)
            and metadata.items() <= request.alert["metadata"].items(),
            timeout,
            f"{name} {status} {metadata or ''}",
        )

    def wait_count(self, count, timeout=PATIENCE):
        wait_until(lambda: len(self.requests) >= count, timeout, f"{count} webhooks")
        return self.requests


class ScrapeTarget:
    """A page at /metrics whose text tests set."""

    def __init__(self, text=""):
        self.text = text
        self.status = 200
        self.requests = []
        self.port = 0
        self._server = None
        self.resume()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def resume(self):
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                target.requests.append(Received(self, b""))
                body = target.text.encode("utf-8")
                self.send_response(target.status)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = LoopbackServer(Handler, self.port)
        self.port = self._server.server_address[1]

    def stop(self):
        if self._server:
            self._server.stop()
        self._server = None
