"""What the end-to-end tests stand on: a test case that owns the real binary (tocsin.py), servers for
it to talk to (servers.py) and real programs beside it (peers.py). Standard library only.

A test file ends with `harness.main()`. Everything started belongs to the test that started it and
is gone when the test is over; what the processes wrote is printed when the test fails.

Environment: TOCSIN_BINARY (build/tocsin), TOCSIN_PEERS (build/peers), TOCSIN_REQUIRE_PEERS=1 (a
missing peer is a failure, not a skip), TOCSIN_LONG=1 (long loops), TOCSIN_E2E_DATABASE=postgresql
(where the daemons keep their state: databases.py).
"""

import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

from databases import ON_POSTGRESQL, make_database
from peers import (
    DEFAULT_TEMPLATES,
    Alertmanager,
    NodeExporter,
    Postgres,
    Prometheus,
    Pushgateway,
    amtool,
    peer_path,
)
from process import PATIENCE, HttpApi, ended, free_port, run, wait_until
from servers import ScrapeTarget, WebhookSink
from tocsin import (
    BINARY,
    ROOT,
    Tocsin,
    TocsinAlertmanager,
    config,
    parse_samples,
    rule,
    rule_file,
)

__all__ = [
    "Alertmanager",
    "BINARY",
    "DEFAULT_TEMPLATES",
    "HttpApi",
    "LONG",
    "NodeExporter",
    "ON_POSTGRESQL",
    "PATIENCE",
    "Postgres",
    "Prometheus",
    "Pushgateway",
    "ROOT",
    "TestCase",
    "TocsinAlertmanager",
    "WebhookSink",
    "amtool",
    "config",
    "ended",
    "free_port",
    "main",
    "parse_samples",
    "peer_path",
    "rule",
    "rule_file",
    "run",
    "wait_until",
]

LONG = os.environ.get("TOCSIN_LONG") == "1"
SKIPPED = 77  # the exit status that ctest's SKIP_RETURN_CODE names


class TestCase(unittest.TestCase):
    """Gives each test a folder, stops what it started, and prints the logs when it fails."""

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-e2e-"))
        try:
            return super().run(result)
        finally:
            if len(result.failures) + len(result.errors) > before:
                print_outputs(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)

    def own(self, server):
        """Stops it when the test is over; returns it."""
        self.addCleanup(server.stop)
        return server

    def prepare_tocsin(self, config="", rules="", **more):
        """A daemon that is configured and not yet started."""
        daemon = Tocsin(self.folder, config, rules, **more)
        daemon.keep_state_in(self.database(daemon.storage))
        self.addCleanup(lambda: daemon.process and daemon.kill9())
        return daemon

    def tocsin(self, config="", rules="", **more):
        """A running daemon."""
        return self.prepare_tocsin(config, rules, **more).start()

    def database(self, storage):
        """For a daemon with this storage folder."""
        database = make_database(storage)
        self.addCleanup(database.drop)
        return database

    def prepare_alertmanager(self, config, **more):
        """A `tocsin alertmanager` that is not yet started."""
        daemon = TocsinAlertmanager(self.folder, config, **more)
        self.addCleanup(lambda: daemon.process and daemon.kill9())
        return daemon

    def alertmanager(self, config, **more):
        return self.prepare_alertmanager(config, **more).start()

    def sink(self):
        return self.own(WebhookSink())

    def target(self, text=""):
        return self.own(ScrapeTarget(text))

    def peer(self, kind, *arguments):
        return self.own(kind(self.folder, *arguments))

    def assert_never(self, condition, seconds, what):
        """Watches for a while that something does not happen."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.assertFalse(condition(), what)
            time.sleep(0.02)


def print_outputs(folder):
    for output in sorted([*folder.rglob("*.stdout"), *folder.rglob("*.stderr")]):
        text = output.read_text(errors="replace")
        if text:
            print(f"--- {output.name} ---\n{text[-20000:]}", file=sys.stderr)


def main():
    program = unittest.main(exit=False, verbosity=2, module="__main__")
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.skipped:
        sys.stderr.flush()
        print(f"skipped {len(result.skipped)} of {result.testsRun} tests: {result.skipped[0][1]}")
        sys.exit(SKIPPED if len(result.skipped) == result.testsRun else 0)
