"""A daemon of one's own for the demonstration and the load test: on a free port, with storage that
is gone afterwards; and plain HTTP to it. Python's standard library only."""

import http.client
import json
import os
import pathlib
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TOCSIN_BINARY", ROOT / "build" / "tocsin")).resolve()
API = "/api/v1/alerting"
START_PATIENCE = 30.0  # seconds


class Failed(Exception):
    """What the reader should know; ends the program."""


class Daemon:
    """Runs the program in a temporary folder; ends it and removes the folder with the block."""

    def __init__(self, settings):
        self._settings = settings  # the keys under `tocsin:`
        self._folder = tempfile.TemporaryDirectory(prefix="tocsin-tour-")
        self._process = None
        self.port = None

    def __enter__(self):
        if not BINARY.is_file():
            raise Failed(f"{BINARY} does not exist: run `make build`, or set TOCSIN_BINARY")
        folder = pathlib.Path(self._folder.name)
        (folder / "rules.d").mkdir()
        (folder / "tocsin.yml").write_text(json.dumps({"tocsin": self._settings}))  # JSON is YAML
        self._log = open(folder / "log", "wb")
        self._process = subprocess.Popen(
            [
                str(BINARY),
                f"--config.file={folder / 'tocsin.yml'}",
                f"--storage.path={folder / 'data'}",
                "--web.listen-address=127.0.0.1:0",
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        try:
            self._wait_for_address(folder / "data" / "address", folder / "log")
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait_for_address(self, file, log):
        """The daemon writes the file when it is ready."""
        deadline = time.monotonic() + START_PATIENCE
        while not file.is_file():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise Failed("the daemon did not start:\n" + log.read_text(errors="replace"))
            time.sleep(0.02)
        self.port = int(file.read_text().strip().rpartition(":")[2])

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._folder.cleanup()


class Client:
    """Requests over one connection that is kept; not for several threads."""

    def __init__(self, host, port, key=None, timeout=30):
        self._connection = http.client.HTTPConnection(host, port, timeout=timeout)
        self._headers = {"Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def ask(self, method, path, body=None):
        """(status, text) of the answer."""
        payload = None if body is None else json.dumps(body)
        for attempt in (1, 2):
            try:
                self._connection.request(method, path, payload, self._headers)
                answer = self._connection.getresponse()
                return answer.status, answer.read().decode("utf-8")
            except (http.client.RemoteDisconnected, BrokenPipeError):
                # The server may end a connection that idles.
                self._connection.close()
                if attempt == 2:
                    raise
        raise AssertionError

    def get(self, path):
        return self._good("GET", path)

    def post(self, path, body=None):
        return self._good("POST", path, body)

    def _good(self, method, path, body=None):
        status, text = self.ask(method, API + path, body)
        if status not in (200, 202):
            raise Failed(f"{method} {path} was answered with {status}: {text}")
        return json.loads(text)

    def close(self):
        self._connection.close()


class EventStream:
    """Events as they happen, over Server-Sent Events."""

    def __init__(self, host, port, key=None, query="", timeout=None):
        self._connection = http.client.HTTPConnection(host, port, timeout=timeout)
        headers = {"Accept": "text/event-stream"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._connection.request("GET", f"{API}/events/stream{query}", headers=headers)
        self._answer = self._connection.getresponse()
        self.status = self._answer.status

    def __iter__(self):
        """The data of each message, as an object; what is none is passed over."""
        data = []
        while line := self._answer.readline():
            text = line.decode("utf-8").rstrip("\r\n")
            if text.startswith("data:"):
                data.append(text[5:].lstrip())
            elif not text and data:
                message, data = "\n".join(data), []
                try:
                    event = json.loads(message)
                except ValueError:
                    continue
                if isinstance(event, dict):
                    yield event

    def close(self):
        if self._connection.sock is not None:
            self._connection.sock.close()
        self._connection.close()


def has_event_stream(host, port, key=None):
    stream = EventStream(host, port, key, timeout=10)
    stream.close()
    return stream.status == 200
