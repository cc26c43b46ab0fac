"""Programs under test and how to talk to them: a process with its output in files, requests to its
port, waiting for something to become true.
"""

import http.client
import json
import socket
import subprocess
import time

# Seconds. Generous: a bound for a machine under load, never the time a test takes.
PATIENCE = 30.0


def wait_until(condition, timeout=PATIENCE, what="the condition"):
    """Asks until the answer is true, and returns it. What raises OSError is not true yet."""
    deadline = time.monotonic() + timeout
    answer = None
    while True:
        try:
            answer = condition()
        except (OSError, http.client.HTTPException) as error:
            answer = None
            last = error
        else:
            last = answer
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what}; last seen: {last!r}")
        time.sleep(0.01)


def free_port():
    """For programs that cannot choose a port and tell it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class HttpApi:
    """Requests to one server at 127.0.0.1:port."""

    port = None

    def request(self, method, path, body=None, headers=None, timeout=10):
        """A body that is neither bytes, text nor None is sent as JSON."""
        headers = dict(headers or {})
        if isinstance(body, str):
            body = body.encode("utf-8")
        elif body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode("utf-8")
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body, **more)

    def put(self, path, body=None, **more):
        return self.request("PUT", path, body, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    def connect(self):
        """A bare connection, for what no HTTP library would send."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)


class Process:
    """A program with its output in files, which a later process of the same name and folder goes on
    with. Dies with the test program whatever happens to that."""

    def __init__(self, name, arguments, folder, environment=None):
        self.name = name
        self._output = [folder / f"{name}.stdout", folder / f"{name}.stderr"]
        with open(self._output[0], "ab") as stdout, open(self._output[1], "ab") as stderr:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *map(str, arguments)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=environment,
            )

    @property
    def pid(self):
        return self._process.pid

    def alive(self):
        return self._process.poll() is None

    def stdout(self):
        return self._output[0].read_text(errors="replace")

    def stderr(self):
        return self._output[1].read_text(errors="replace")

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self, timeout=PATIENCE):
        """The exit status; -N for a signal N."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {timeout:g} s") from None

    def kill9(self):
        if self.alive():
            self._process.kill()
        self._process.wait()


def ended(arguments, stdin=b"", environment=None):
    """(exit status, what it wrote to both outputs) of a program that ends by itself."""
    done = subprocess.run(
        list(map(str, arguments)),
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        env=environment,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def run(arguments, stdin=b""):
    """What a program that ends by itself wrote to both outputs."""
    return ended(arguments, stdin)[1]
