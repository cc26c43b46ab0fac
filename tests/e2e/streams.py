"""Stream clients: a WebSocket that sends exactly the bytes a test wants, and an event stream.
Standard library only; tests that need a client of the trade use the real one beside these."""

import base64
import json
import os
import select
import socket
import struct
import time

from process import PATIENCE

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
API = "/api/v1/alerting"


class Refused(Exception):
    def __init__(self, status, headers, body):
        super().__init__(f"{status}: {body[:200]!r}")
        self.status, self.headers, self.body = status, headers, body


class Closed(Exception):
    """The other side has ended the stream; `code` is what a WebSocket said."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"closed with {code} {reason}")
        self.code, self.reason = code, reason


class Connection:
    """Bytes with a deadline. `tls` is a context, for a server that is called `host`."""

    def __init__(self, port, receive_buffer=None, host="127.0.0.1", source="127.0.0.1", tls=None):
        self.host = host
        self.socket = socket.socket()
        self.socket.bind((source, 0))
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
        self.buffer = bytearray()

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            raise Closed()
        self.buffer += data

    def take(self, size):
        while len(self.buffer) < size:
            self.more()
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def take_to(self, mark):
        while mark not in self.buffer:
            self.more()
        return self.take(self.buffer.index(mark) + len(mark))

    def request(self, path, headers):
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.host}", *(f"{k}: {v}" for k, v in headers)]
        self.send("\r\n".join([*lines, "", ""]).encode())
        head = self.take_to(b"\r\n\r\n").decode().split("\r\n")
        status = int(head[0].split()[1])
        answer = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        return status, answer

    def expect(self, wanted, status, headers):
        if status != wanted:
            body = self.take(int(headers.get("content-length", 0)))
            self.close()
            raise Refused(status, headers, body)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def frame(first, payload=b"", mask=b"\x12\x34\x56\x78", length=None):
    """A client's frame; `length` is what it announces, if that is not the truth."""
    size = len(payload) if length is None else length
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


class WebSocket(Connection):
    def __init__(self, port, client="demo_client_001", query="", headers=(), mount=API, **more):
        super().__init__(port, **more)
        key = base64.b64encode(os.urandom(16)).decode()
        status, answer = self.request(
            f"{mount}/ws/{client}{query}",
            [
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", key),
                *headers,
            ],
        )
        self.expect(101, status, answer)

    def say(self, message):
        text = message if isinstance(message, str) else json.dumps(message)
        self.send(frame(TEXT, text.encode()))

    def frame(self):
        """(first byte, payload)"""
        first, length = self.take(2)
        if length == 126:
            (length,) = struct.unpack("!H", self.take(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.take(8))
        return first, self.take(length)

    def text(self):
        """The next text; pings are answered meanwhile."""
        while True:
            first, payload = self.frame()
            if first == TEXT:
                return payload.decode()
            if first == PING:
                self.send(frame(PONG, payload))
            if first == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if payload else None
                self.close()
                raise Closed(code, payload[2:].decode())

    def next(self, *types):
        """The next message, or the next of these types."""
        while True:
            message = json.loads(self.text())
            if not types or message["type"] in types:
                return message

    def until_closed(self):
        """The close code."""
        try:
            while True:
                self.text()
        except Closed as end:
            return end.code


class EventStream(Connection):
    def __init__(self, port, query="", headers=(), mount=API, **more):
        super().__init__(port, **more)
        status, self.headers = self.request(f"{mount}/events/stream{query}", headers)
        self.expect(200, status, self.headers)
        self.last_id = None

    def block(self):
        """The next block, as a dictionary; comments are under ""."""
        fields = {}
        for line in self.take_to(b"\n\n").decode().strip("\n").split("\n"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        self.last_id = fields.get("id", self.last_id)
        return fields

    def next(self, *types):
        """(id, type, data) of the next event, or the next of these types."""
        while True:
            fields = self.block()
            if "data" in fields and (not types or fields["event"] in types):
                number = int(fields["id"]) if "id" in fields else None
                return number, fields["event"], json.loads(fields["data"])


def drain(clients, seconds, done):
    """Reads whatever comes to many WebSockets until done() or the time is over; `client.texts` has
    (when, text)."""
    by_socket = {client.socket: client for client in clients}
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        ready, _, _ = select.select(list(by_socket), [], [], 0.2)
        now = time.monotonic()
        for one in ready:
            client = by_socket[one]
            client.more()
            while len(client.buffer) >= 2:
                size, head = client.buffer[1], 2
                if size == 126:
                    size, head = int.from_bytes(client.buffer[2:4], "big"), 4
                elif size == 127:
                    size, head = int.from_bytes(client.buffer[2:10], "big"), 10
                if len(client.buffer) < head + size:
                    break
                first = client.buffer[0]
                payload = bytes(client.buffer[head : head + size])
                del client.buffer[: head + size]
                if first == TEXT:
                    client.texts.append((now, payload.decode()))
