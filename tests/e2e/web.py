"""What may stand between us and a receiver: a proxy, and a server of OAuth 2 tokens."""

import http.server
import json
import socket
import socketserver
import threading
import time
import urllib.parse

from servers import LoopbackServer


class QuietHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", content_type="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Proxy:
    """An HTTP proxy for which every name is this machine and, where one is told, every port this
    one. Plain requests it answers itself."""

    def __init__(self, port=None):
        self.requests = []  # (method, target, headers)
        proxy = self

        class Handler(QuietHandler):
            def do_CONNECT(self):
                proxy.requests.append((self.command, self.path, self.headers))
                end = port or int(self.path.rpartition(":")[2])
                with socket.create_connection(("127.0.0.1", end)) as server:
                    self.send_response(200)
                    self.end_headers()
                    relay(self.connection, server)
                self.close_connection = True

            def do_POST(self):
                proxy.requests.append((self.command, self.path, self.headers))
                self.rfile.read(int(self.headers["Content-Length"]))
                self.reply(200)

        self._server = LoopbackServer(Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def stop(self):
        self._server.stop()


class SocksProxy:
    """SOCKS 5 without a password (RFC 1928), for which every name is this machine."""

    def __init__(self):
        self.names = []  # the hosts that were asked for
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            rbufsize = 0  # what follows the greeting is relayed

            def handle(self):
                _, methods = self.rfile.read(2)
                self.rfile.read(methods)
                self.request.sendall(b"\x05\x00")
                _, _, _, kind = self.rfile.read(4)
                if kind != 3:  # no name but an address
                    return
                proxy.names.append(self.rfile.read(self.rfile.read(1)[0]).decode())
                port = int.from_bytes(self.rfile.read(2), "big")
                with socket.create_connection(("127.0.0.1", port)) as server:
                    self.request.sendall(b"\x05\x00\x00\x01" + bytes(6))
                    relay(self.request, server)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.socket.close()


def relay(one, other):
    back = threading.Thread(target=copy, args=(other, one), daemon=True)
    back.start()
    copy(one, other)
    back.join()


def copy(source, sink):
    """Until one of them has gone."""
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class TokenServer:
    """Gives out token-1, token-2, ... unless told otherwise."""

    def __init__(self, lifetime=3600):
        self.requests = []  # (Authorization header, form)
        self.status = 200
        self.delay = 0.0
        self.takes_header = True
        self.lifetime = lifetime
        self.given = 0
        tokens = self

        class Handler(QuietHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.reply(*tokens.answer(self.headers.get("Authorization"), body))

        self._server = LoopbackServer(Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/token/path"

    def answer(self, authorization, body):
        self.requests.append((authorization, dict(urllib.parse.parse_qsl(body))))
        time.sleep(self.delay)
        if self.status != 200:
            return self.status, b"T0P-S3CRET is wrong", "text/html"
        if authorization and not self.takes_header:
            return 401, json.dumps({"error": "invalid_client"}).encode()
        self.given += 1
        token = {"access_token": f"token-{self.given}", "expires_in": self.lifetime}
        return 200, json.dumps(token).encode()

    def stop(self):
        self._server.stop()
