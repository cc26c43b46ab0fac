#!/usr/bin/env python3
"""A tour of half a minute: starts a daemon of its own on a free port, with storage that is gone
afterwards, and shows health, rules, metrics, alerts that fire and resolve, what is told to a
webhook, and the history. Nothing else on this machine is touched. `make demo` runs it; --fast leaves
out the pauses between the steps.

Python's standard library only. Exits with 1 where something did not happen as it should."""

import http.server
import json
import sys
import threading
import time
import urllib.parse

from daemon import API, Client, Daemon, EventStream, Failed, has_event_stream

PATIENCE = 30.0  # seconds; nothing takes so long
HOST = "127.0.0.1"
PAUSE = 0.0 if "--fast" in sys.argv[1:] else 3.0  # seconds

# The four rules of the contract's demonstration: with their durations they do not fire at once.
RULES = [
    ("High CPU Usage", "system.cpu.usage", "80.0", 60, "high", 300, "CPU usage is at {value}% on {host}"),
    ("High Memory Usage", "system.memory.usage", "90.0", 120, "critical", 300, "Memory usage is at {value}% on {host}"),
    ("Disk Space Low", "system.disk.usage", "85.0", 300, "medium", 600, "Disk usage is at {value}% on {host}"),
    ("Anomaly Detection Rate", "pynomaly.anomaly_rate", "0.1", 180, "medium", 900, "Anomaly detection rate is {value} on {detector}"),
]  # fmt: skip

WEB_SERVER = {"host": "web-server-01", "datacenter": "us-east-1"}
METRICS = [
    ("system.cpu.usage", 85.5, WEB_SERVER),
    ("system.memory.usage", 92.3, WEB_SERVER),
    ("system.disk.usage", 75.2, WEB_SERVER),
    ("pynomaly.anomaly_rate", 0.15, {"detector": "isolation-forest", "dataset": "production"}),
]

_print_lock = threading.Lock()


def say(text=""):
    with _print_lock:
        print(text, flush=True)


def step(title):
    """After a pause, so that the reader can follow."""
    time.sleep(PAUSE)
    say(f"\n== {title}")


class Webhook:
    """Receives what is told, and shows it."""

    def __init__(self):
        self.told = []  # (rule, status)
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                alert = message["alert"]
                webhook.told.append((alert["name"], alert["status"]))
                say(f"   webhook <- {alert['status']}: {alert['name']} ({alert.get('message', '')})")
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self.url = f"http://{HOST}:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Live:
    """Shows events as they happen: from the stream, or by asking for them where there is none."""

    def __init__(self, port):
        self._port = port
        self._ends = threading.Event()
        self._stream = EventStream(HOST, port) if has_event_stream(HOST, port) else None
        self.way = "GET /events/stream" if self._stream else "GET /events?after=N, twice a second"
        target = self._follow if self._stream else self._ask
        self._thread = threading.Thread(target=target, daemon=True)
        self._thread.start()

    def _follow(self):
        try:
            for event in self._stream:
                self._show(event)
        except (OSError, ValueError, AttributeError):
            pass  # closed

    def _ask(self):
        client = Client(HOST, self._port)
        last = 0
        while not self._ends.wait(0.5):
            for event in client.get(f"/events?after={last}&limit=100")["events"]:
                last = event["sequence"]
                self._show(event)

    @staticmethod
    def _show(event):
        if "sequence" not in event:
            return
        name = event.get("labels", {}).get("alertname", "")
        say(f"   event {event['sequence']:>3} {event['type']} {name}".rstrip())

    def close(self):
        self._ends.set()
        if self._stream:
            self._stream.close()
        self._thread.join(2)


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise Failed(f"waited {PATIENCE:g} s for {what}")
        time.sleep(0.05)
    return answer


def rule(name, metric, threshold, duration, severity, cooldown, template, channels):
    return {
        "name": name,
        "metric_name": metric,
        "condition": ">",
        "threshold": threshold,
        "duration": duration,
        "severity": severity,
        "notification_channels": channels,
        "notification_template": template,
        "cooldown_period": cooldown,
    }


def show_alerts(client, status="active"):
    alerts = client.get(f"/alerts?status={status}")
    say(f"   {len(alerts)} {status}")
    for alert in alerts:
        where = ", ".join(f"{k}={v}" for k, v in sorted(alert["metadata"].items()))
        say(f"     {alert['severity']:<8} {alert['rule_name']}: {alert['metric_value']} ({where})")
    return alerts


def tour(client, webhook):
    step("1. Health")
    health = client.get("/health")
    say(f"   {health['status']}; " + ", ".join(f"{k}: {v}" for k, v in health["checks"].items()))

    step("2. Four rules, made over the API")
    for values in RULES:
        made = client.post("/rules", rule(*values, channels=["email", "slack"]))
        say(f"   {made['id']}  {made['rule_name']}")
    say("   (email and slack are not configured here: their messages go nowhere, and the answer says so)")

    step("3. A rule that fires after two seconds, and tells the webhook")
    queue = client.post(
        "/rules",
        rule("Long Queue", "demo.queue", "100", 2, "high", 0, "{value:.0f} entries wait in {queue}", ["hook"]),
    )  # fmt: skip
    say(f"   {queue['id']}  {queue['rule_name']}: demo.queue > 100 for 2 s")

    step("4. Metrics, one by one and as a batch")
    batch = [{"metric_name": n, "value": v, "metadata": m} for n, v, m in METRICS]
    for metric in batch:
        say(f"   {metric['metric_name']} = {metric['value']}: {client.post('/metrics', metric)['message']}")
    say(f"   the same as a batch: {client.post('/metrics/batch', batch)['message']}")
    show_alerts(client, "pending")
    say("   They fire when they have held for their durations: a minute and more.")

    step("5. An alert fires")
    begun = time.monotonic()
    for name in ("mail", "print"):
        client.post("/metrics", {"metric_name": "demo.queue", "value": 250, "metadata": {"queue": name}})
    wait_until(lambda: len(client.get("/alerts")) >= 2, "the alerts of the queues")
    say(f"   after {time.monotonic() - begun:.1f} s:")
    alerts = {alert["metadata"]["queue"]: alert for alert in show_alerts(client)}
    wait_until(lambda: len(webhook.told) >= 2, "the messages")

    step("6. Somebody deals with one, says why, and silences the other")
    mail, printing = alerts["mail"]["id"], alerts["print"]["id"]
    client.post(f"/alerts/{mail}/acknowledge", {"actor": "ann", "note": "on it"})
    client.post(f"/alerts/{mail}/comments", {"actor": "ann", "text": "a stuck sender; restarted"})
    silence = client.post(
        f"/alerts/{printing}/silence", {"actor": "ann", "duration": "1h", "comment": "known"}
    )
    say(f"   acknowledged {mail}; silence {silence['silence_id']} until {silence['ends_at']}")

    step("7. The values recover, and the alerts resolve")
    for name in ("mail", "print"):
        client.post("/metrics", {"metric_name": "demo.queue", "value": 3, "metadata": {"queue": name}})
    wait_until(lambda: not client.get("/alerts"), "the end of the alerts")
    wait_until(lambda: ("Long Queue", "resolved") in webhook.told, "the message of an end")
    show_alerts(client, "resolved")

    step("8. The demonstration's own route")
    query = urllib.parse.urlencode({"metric_name": "demo.cpu.usage", "value": 95.0})
    say(f"   {client.post(f'/demo/trigger-alert?{query}')['message']}")

    step("9. The history of the first alert")
    for event in client.get(f"/alerts/{mail}")["events"]:
        words = [event.get(key) for key in ("actor", "note", "text", "reason", "receiver")]
        say(f"   {event['at']}  {event['type']:<24} {', '.join(w for w in words if w)}")
    statistics = client.get(f"/rules/{queue['id']}/statistics")
    say(
        f"   rule \"Long Queue\": {statistics['episodes']} episodes, acknowledged after "
        f"{statistics['mean_time_to_acknowledge_seconds']} s, over after "
        f"{statistics['mean_time_to_resolve_seconds']} s on average"
    )
    status = client.get("/status")
    say(
        f"   {status['total_rules']} rules, {status['pending_alerts']} pending, "
        f"{status['notifications_sent_24h']} messages sent"
    )


def main():
    webhook = Webhook()
    settings = {
        "host": {"enabled": False},  # this machine may be in trouble of its own
        "receivers": [{"name": "hook", "webhook": {"url": webhook.url}}],
    }
    say("Tocsin: a tour of half a minute. The daemon of this tour is gone afterwards.")
    try:
        with Daemon(settings) as daemon:
            say(f"It listens on http://{HOST}:{daemon.port}{API}")
            live = Live(daemon.port)
            say(f"Events are shown as they happen ({live.way}).")
            client = Client(HOST, daemon.port)
            try:
                tour(client, webhook)
                time.sleep(1)  # for the last events to be shown
            finally:
                live.close()
                client.close()
    except Failed as why:
        say(f"\nThis did not work: {why}")
        return 1
    finally:
        webhook.close()
    say("\nThat was it. README.md goes on from here.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
