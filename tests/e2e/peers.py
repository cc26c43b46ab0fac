"""The real programs Tocsin has to get along with, as `make peers` unpacks them.

Debian's Alertmanager and amtool open their templates at one fixed path below /usr/share, where an
unpacked package is not. They run in a mount namespace of their own, in which the /usr/share of
build/peers lies over the machine's: nothing is installed, and no other process sees it.
"""

import functools
import json
import os
import pathlib
import signal
import subprocess
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

    def __init__(self, folder, config):
        self._config = config
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
            "--cluster.listen-address=",
        ]

    def write_config(self, text):
        self._config = text
        (self.folder / "alertmanager.yml").write_text(text)

    def restart(self):
        self.stop()
        return self.start()
