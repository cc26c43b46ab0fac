"""The real programs Tocsin has to get along with, as `make peers` unpacks them.

Debian's Alertmanager and amtool open their templates at one fixed path below /usr/share, where an
unpacked package is not. They run in a mount namespace of their own, in which the /usr/share of
build/peers lies over the machine's: nothing is installed, and no other process sees it.
"""

import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest
import urllib.parse

from alertmanager import AlertmanagerApi
from process import HttpApi, Process, ended, free_port, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = pathlib.Path(os.environ.get("TOCSIN_PEERS", ROOT / "build" / "peers")).resolve()
REQUIRE_PEERS = os.environ.get("TOCSIN_REQUIRE_PEERS") == "1"
FIXED_TEMPLATES = pathlib.Path("/usr/share/prometheus/alertmanager/default.tmpl")
DEFAULT_TEMPLATES = FIXED_TEMPLATES  # as a command sees them that runs in_namespace()


def peer_path(relative):
    """A file of build/peers; without it the test is skipped, or fails where peers are required."""
    path = PEERS / relative
    if not path.exists():
        reason = f"{path} does not exist; run `make peers`"
        if REQUIRE_PEERS:
            raise AssertionError(reason)
        raise unittest.SkipTest(reason)
    return path


@functools.cache
def in_namespace():
    """What stands before a command that must find its templates; nothing where the package is
    installed. A machine that allows no mount namespace skips the test."""
    if FIXED_TEMPLATES.exists():
        return []
    peer_path(FIXED_TEMPLATES.relative_to("/"))
    own_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    share = PEERS / "usr" / "share"
    script = 'mount --bind "$0" /usr/share && exec "$@"'
    wrapper = ["unshare", *own_user, "--mount", "sh", "-c", script, share]
    try:
        subprocess.run([*wrapper, "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError) as error:
        why = getattr(error, "stderr", None) or str(error).encode()
        raise unittest.SkipTest(
            f"{FIXED_TEMPLATES} does not exist, and this machine allows no mount namespace"
            f" ({why.decode(errors='replace').strip()})"
        ) from None
    return wrapper


def amtool(url, *arguments, stdin=b""):
    """(exit status, what it wrote to both outputs)"""
    program = [*in_namespace(), peer_path("usr/bin/amtool"), f"--alertmanager.url={url}"]
    environment = {"PATH": os.environ["PATH"], "TZ": "UTC"}
    return ended([*program, *arguments], stdin, environment)


class Peer(HttpApi):
    """A real server of the neighbourhood on a free loopback port."""

    program = None
    ready_path = "/-/ready"

    def __init__(self, folder):
        self.folder = folder / self.program
        self.folder.mkdir()
        self.port = free_port()
        self.process = None
        self.start()

    def command(self):
        return [peer_path(f"usr/bin/{self.program}")]

    def start(self):
        self.process = Process(self.program, [*self.command(), *self.arguments()], self.folder)
        wait_until(self._ready, what=f"{self.program} to be ready")
        return self

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def arguments(self):
        return [f"--web.listen-address={self.address}"]

    def _ready(self):
        if not self.process.alive():
            raise AssertionError(f"{self.program} ended: {self.process.stderr()}")
        return self.get(self.ready_path).status == 200

    def stop(self):
        self.process.signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except AssertionError:
            self.process.kill9()


class NodeExporter(Peer):
    program = "prometheus-node-exporter"
    ready_path = "/"


class Pushgateway(Peer):
    program = "prometheus-pushgateway"

    def arguments(self):
        return [*super().arguments(), "--persistence.file="]


class Prometheus(Peer):
    program = "prometheus"

    def __init__(self, folder, targets, job="tocsin", **settings):
        """`settings` are further keys of prometheus.yml."""
        self._targets = targets
        self._job = job
        self._settings = settings
        super().__init__(folder)

    def arguments(self):
        config = {
            "global": {
                "scrape_interval": "200ms",
                "scrape_timeout": "200ms",
                "evaluation_interval": "200ms",
            },
            "scrape_configs": [
                {
                    "job_name": self._job,
                    "honor_labels": True,
                    "static_configs": [{"targets": self._targets}],
                }
            ],
            **self._settings,
        }
        (self.folder / "prometheus.yml").write_text(json.dumps(config))
        return [*super().arguments(), "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb"]

    def query(self, expression):
        """The result vector of an instant query."""
        answer = self.get("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        if answer.status != 200:
            raise AssertionError(f"{expression}: {answer!r}")
        return answer.json()["data"]["result"]

    def targets(self):
        return self.get("/api/v1/targets").json()["data"]["activeTargets"]


class Alertmanager(AlertmanagerApi, Peer):
    program = "prometheus-alertmanager"

    def __init__(self, folder, config, arguments=(), cluster=""):
        self._config = config
        self._arguments = [f"--cluster.listen-address={cluster}", *arguments]
        super().__init__(folder)

    @classmethod
    def check(cls):
        """Skips where it cannot run."""
        in_namespace()
        peer_path(f"usr/bin/{cls.program}")

    def command(self):
        return [*in_namespace(), *super().command()]

    def arguments(self):
        self.write_config(self._config)
        return [
            *super().arguments(),
            "--config.file=alertmanager.yml",
            "--storage.path=data",
            *self._arguments,
        ]

    def write_config(self, text):
        self._config = text
        (self.folder / "alertmanager.yml").write_text(text)

    def restart(self):
        self.stop()
        return self.start()


class Postgres:
    """A PostgreSQL server on a free loopback port, with a user "tocsin" who has a password. It refuses root, so it runs as an ordinary user, in a folder of its
    own outside the test's."""

    programs = "usr/lib/postgresql/15/bin"
    ordinary_user = 65534
    password = "hunter2/+%41"  # which a URL has to escape

    def __init__(self, folder, **settings):
        """`settings` are further ones of postgresql.conf."""
        self._output = folder
        self._settings = settings
        self._bin = peer_path(f"{self.programs}/postgres").parent
        self._libraries = next((PEERS / "usr" / "lib").glob("*-linux-gnu"), "")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-pg-"))
        self.port = free_port()
        self.process = None
        secret = self.folder / "password"
        secret.write_text(self.password)
        if os.geteuid() == 0:
            for path in (self.folder, secret):
                os.chown(path, self.ordinary_user, self.ordinary_user)
        arguments = ["--username=tocsin", f"--pwfile={secret}", "--auth=scram-sha-256"]
        status, said = ended(
            self._command("initdb", f"--pgdata={self.folder}/data", "--no-sync", "--locale=C",
                          "--encoding=UTF8", *arguments),
            environment=self._environment(),
        )  # fmt: skip
        if status != 0:
            raise AssertionError(f"initdb ended with {status}: {said}")
        self.start()

    def _command(self, program, *arguments):
        user = f"--reuid={self.ordinary_user}", f"--regid={self.ordinary_user}", "--clear-groups"
        as_ordinary = user if os.geteuid() == 0 else ()
        return ["setpriv", *as_ordinary, "--pdeathsig=QUIT", self._bin / program, *arguments]

    def _environment(self):
        return {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": str(self._libraries)}

    def start(self):
        settings = {
            "jit": "off",
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "shared_buffers": "16MB",
            "unix_socket_directories": "",
            **self._settings,
        }
        flags = [f"--{name}={value}" for name, value in settings.items()]
        command = self._command("postgres", "-D", f"{self.folder}/data", *flags)
        self.process = Process("postgres", command, self._output, self._environment())
        wait_until(self._ready, what="postgres to be ready")
        return self

    def _ready(self):
        if not self.process.alive():
            raise AssertionError(f"postgres ended: {self.process.stderr()}")
        lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def halt(self):
        """Ends it, and cuts its clients off."""
        self.process.signal(signal.SIGINT)
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.alive():
            self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, scheme="postgresql", user="tocsin", password=None, database="postgres"):
        secret = urllib.parse.quote(self.password if password is None else password, safe="")
        return f"{scheme}://{user}:{secret}@127.0.0.1:{self.port}/{database}"
