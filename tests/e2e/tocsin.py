"""The daemon as tests drive it, the configuration they give it, and the page they read."""

import json
import os
import pathlib
import signal

from alertmanager import AlertmanagerApi
from process import HttpApi, Process, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TOCSIN_BINARY", ROOT / "build" / "tocsin")).resolve()


class Tocsin(HttpApi):
    """The daemon with a configuration folder and a storage folder of its own, which outlive kills
    and restarts."""

    launcher = ()  # a program and its arguments that become the daemon
    command = ()  # the sub-command
    listen_address = "127.0.0.1:0"

    def __init__(
        self, folder, config="", rules="", config_file=None, environment=None, arguments=()
    ):
        self.folder = folder
        self.storage = folder / "data"
        self.rules_folder = folder / "rules.d"
        self.config_file = pathlib.Path(config_file) if config_file else folder / "tocsin.yml"
        self.arguments = list(arguments)
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "HOME", "LANG") or name.endswith("SAN_OPTIONS")
        }
        self.environment.update(environment or {})
        self.process = None
        self.database = None
        if config_file is None:
            self.rules_folder.mkdir(parents=True)
            self.write_config(config)
            self.write_rules(rules)

    def keep_state_in(self, database):
        """One of databases.py. REQUIRES: it has not been started."""
        self.database = database
        self.environment = {**database.environment, **self.environment}

    def write_config(self, text):
        replace_file(self.config_file, text)

    def write_rules(self, text, name="test.yml"):
        """`text` is YAML, or a list of rules."""
        replace_file(self.rules_folder / name, text if isinstance(text, str) else rule_file(text))

    def spawn(self):
        """Starts the process without waiting for it to be ready."""
        if not BINARY.is_file():
            raise AssertionError(f"{BINARY} does not exist; run `make build` or set TOCSIN_BINARY")
        address = self.storage / "address"
        address.unlink(missing_ok=True)
        self.process = Process(
            "tocsin",
            [
                *self.launcher,
                BINARY,
                *self.command,
                f"--config.file={self.config_file}",
                f"--storage.path={self.storage}",
                f"--web.listen-address={self.listen_address}",
                *self.arguments,
            ],
            self.folder,
            self.environment,
        )
        return self

    def start(self):
        self.spawn()
        wait_until(self._ready, what="tocsin to be ready")
        return self

    def _ready(self):
        if not self.process.alive():
            raise AssertionError(
                f"tocsin ended with {self.process.wait()}:\n{self.process.stderr()}"
            )
        address = (self.storage / "address").read_text().strip()
        self.port = int(address.rpartition(":")[2])
        return self.get("/-/ready").status == 200

    def kill9(self):
        self.process.kill9()

    def stop(self):
        """Asks politely and insists on a clean end."""
        self.process.signal(signal.SIGTERM)
        status = self.process.wait()
        if status != 0:
            raise AssertionError(f"tocsin ended with {status} after SIGTERM")

    def restart(self):
        self.stop()
        return self.start()

    # --- what tests say most ---

    def reload(self):
        """POST /-/reload, which must succeed."""
        answer = self.post("/-/reload")
        if answer.status != 200:
            raise AssertionError(f"reload: {answer!r}")

    def submit(self, name, value, **metadata):
        """One sample through the JSON intake."""
        answer = self.post(
            "/api/v1/alerting/metrics", {"metric_name": name, "value": value, "metadata": metadata}
        )
        if answer.status != 200:
            raise AssertionError(f"submitting {name}={value}: {answer!r}")

    def alerts(self, status=None):
        query = f"?status={status}" if status else ""
        answer = self.get(f"/api/v1/alerting/alerts{query}")
        if answer.status != 200:
            raise AssertionError(f"GET alerts{query}: {answer!r}")
        return answer.json()

    def status(self):
        return self.get("/api/v1/alerting/status").json()

    def metric(self, name, **labels):
        """The sum of the samples of /metrics with this name and at least these labels; None where
        there is none."""
        values = [
            value
            for sample, own, value in parse_samples(self.get("/metrics").text)
            if sample == name and labels.items() <= own.items()
        ]
        return sum(values) if values else None


class TocsinAlertmanager(AlertmanagerApi, Tocsin):
    """`tocsin alertmanager`, alone unless told otherwise."""

    command = ("alertmanager",)

    def __init__(self, folder, config, arguments=(), cluster="", environment=None):
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(
            folder,
            config_file=folder / "alertmanager.yml",
            arguments=[f"--cluster.listen-address={cluster}", *arguments],
            environment=environment,
        )
        self.write_config(config)


def replace_file(path, text):
    """As editors do: whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    temporary.rename(path)


def rule(name, metric, condition=">", threshold=80, **more):
    """One native rule that tells the receiver "hook"; fires at once and has no cooldown unless told
    otherwise."""
    return {
        "name": name,
        "metric_name": metric,
        "condition": condition,
        "threshold": str(threshold),
        "severity": "high",
        "duration": 0,
        "cooldown_period": 0,
        "notification_channels": ["hook"],
        **more,
    }


def rule_file(rules):
    return json.dumps({"rules": rules}, indent=1)  # JSON is YAML


def config(receivers=None, top=None, **settings):
    """A tocsin.yml with a webhook receiver per name and sink, and without host metrics; `top` are
    keys of prometheus.yml, `settings` those under `tocsin:`."""
    webhooks = [
        {"name": name, "webhook": {"url": sink.url}} for name, sink in (receivers or {}).items()
    ]
    own = {"host": {"enabled": False}, "receivers": webhooks, **settings}
    return json.dumps({**(top or {}), "tocsin": own}, indent=1)


def parse_samples(page):
    """(name, labels, value) of each sample of a text page; enough for pages written by programs."""
    for line in page.splitlines():
        if not line or line.startswith("#"):
            continue
        name, labels = line, {}
        if "{" in line:
            name, _, rest = line.partition("{")
            labels, rest = parse_labels(rest)
        else:
            name, _, rest = line.partition(" ")
        yield name, labels, float(rest.split()[0])


def parse_labels(text):
    labels, position = {}, 0
    while text[position] != "}":
        equals = text.index("=", position)
        name, value, position = text[position:equals], "", equals + 2
        while text[position] != '"':
            if text[position] == "\\":
                position += 1
                value += {"n": "\n"}.get(text[position], text[position])
            else:
                value += text[position]
            position += 1
        labels[name] = value
        position += 1
        if text[position] == ",":
            position += 1
    return labels, text[position + 1 :]
