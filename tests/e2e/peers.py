"""The real programs Tocsin has to get along with, as `make peers` unpacks them."""

import json
import os
import pathlib
import signal
import unittest
import urllib.parse

from process import HttpApi, Process, free_port, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = pathlib.Path(os.environ.get("TOCSIN_PEERS", ROOT / "build" / "peers")).resolve()
REQUIRE_PEERS = os.environ.get("TOCSIN_REQUIRE_PEERS") == "1"


def peer_path(relative):
    """A file of build/peers; without it the test is skipped, or fails where peers are required."""
    path = PEERS / relative
    if not path.exists():
        reason = f"{path} does not exist; run `make peers`"
        if REQUIRE_PEERS:
            raise AssertionError(reason)
        raise unittest.SkipTest(reason)
    return path


class Peer(HttpApi):
    """A real server of the neighbourhood on a free loopback port."""

    program = None
    ready_path = "/-/ready"

    def __init__(self, folder):
        self.folder = folder / self.program
        self.folder.mkdir()
        binary = peer_path(f"usr/bin/{self.program}")
        self.port = free_port()
        self.process = Process(self.program, [binary, *self.arguments()], self.folder)
        wait_until(self._ready, what=f"{self.program} to be ready")

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

    def __init__(self, folder, targets, job="tocsin"):
        self._targets = targets
        self._job = job
        super().__init__(folder)

    def arguments(self):
        config = {
            "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"},
            "scrape_configs": [
                {
                    "job_name": self._job,
                    "honor_labels": True,
                    "static_configs": [{"targets": self._targets}],
                }
            ],
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
