#!/usr/bin/env python3
"""Puts load on a daemon and tells how it bore it: samples sent one by one and in batches, alerts
that fire and resolve, and clients that follow the live stream. Shows its progress, and at the end
throughput, latencies and losses. `make load-test` runs it; LOAD_FLAGS gives it flags.

Without --url it starts a daemon of its own on a free port, with storage that is gone afterwards.
With --url it makes one rule there and deletes it again; its alerts stay in the history.

Python's standard library only: beyond some thousand requests a second it measures itself. Exits
with 1 where something was lost or refused."""

import argparse
import collections
import sys
import threading
import time
import urllib.parse
import uuid

from daemon import API, Client, Daemon, EventStream, Failed, has_event_stream

ROUND = 0.05  # seconds between two looks at how much is due
SETTLE = 15.0  # seconds that the last events may take
FIRES = "alert.active"
ENDS = "alert.resolved"


class Latencies:
    """Of one kind of request, in seconds. Any thread."""

    def __init__(self, name, unit="requests"):
        self.name = name
        self.unit = unit
        self.count = 0  # of units
        self.failed = 0
        self.reasons = collections.Counter()
        self._seconds = []
        self._lock = threading.Lock()

    def add(self, seconds, count=1):
        with self._lock:
            self._seconds.append(seconds)
            self.count += count

    def fail(self, why):
        with self._lock:
            self.failed += 1
            self.reasons[why] += 1

    def percentiles(self):
        with self._lock:
            ordered = sorted(self._seconds)
        if not ordered:
            return "no answers"
        parts = [
            f"p{percent} {1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]:.1f}"
            for percent in (50, 95, 99)
        ]
        return f"{', '.join(parts)}, most {1000 * ordered[-1]:.1f} ms"


def paced(rate, seconds, act, workers, ended):
    """Threads that call `act(worker, number)` `rate` times a second in all; falls behind rather
    than burst more than a second's worth."""
    if rate <= 0:
        return []

    def work(worker):
        begun = time.monotonic()
        done = 0
        share = rate / workers
        while not ended.is_set() and (now := time.monotonic()) < begun + seconds:
            due = int((now - begun) * share) + 1
            done = max(done, due - int(share) - 1)
            while done < due and not ended.is_set():
                act(worker, done)
                done += 1
            ended.wait(ROUND)

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(workers)]
    for thread in threads:
        thread.start()
    return threads


class Load:
    def __init__(self, options, host, port):
        self.options = options
        self.host = host
        self.port = port
        self.run = uuid.uuid4().hex[:8]
        self.metric = f"load.{self.run}"
        self.ended = threading.Event()
        self.single = Latencies("POST /metrics")
        self.batches = Latencies("POST /metrics/batch", "samples")
        self.alerts = Latencies("value until the alert stands", "alerts")
        self.told = Latencies("value until a stream client has the event", "events")
        self.fired_at = {}  # label "n" -> when its value was sent
        self.seen = []  # of each stream client: a counter of types
        self.refused_streams = 0
        self._local = threading.local()
        self._lock = threading.Lock()

    def client(self):
        """The thread's own."""
        if not hasattr(self._local, "client"):
            self._local.client = Client(self.host, self.port, self.options.key)
        return self._local.client

    def send(self, latencies, path, body, count=1):
        begun = time.monotonic()
        try:
            status, text = self.client().ask("POST", API + path, body)
        except OSError as error:
            latencies.fail(type(error).__name__)
            return False
        if status != 200:
            latencies.fail(f"status {status}: {text[:60]}")
            return False
        latencies.add(time.monotonic() - begun, count)
        return True

    def sample(self, value, **labels):
        return {"metric_name": self.metric, "value": value, "metadata": labels}

    def send_single(self, worker, number):
        self.send(self.single, "/metrics", self.sample(number % 50, series=f"{worker}-{number % 100}"))

    def send_batch(self, worker, number):
        size = self.options.batch_size
        batch = [self.sample(i % 50, series=f"b{worker}-{i}") for i in range(size)]
        self.send(self.batches, "/metrics/batch", batch, size)

    def cycle_alert(self, worker, number):
        """A value that fires, and one that resolves."""
        n = f"{worker}-{number}"
        with self._lock:
            self.fired_at[n] = time.monotonic()
        if not self.send(self.alerts, "/metrics", self.sample(100, n=n)):
            with self._lock:
                del self.fired_at[n]
            return
        self.send(self.single, "/metrics", self.sample(0, n=n))

    def follow(self, counter, ready):
        query = "?" + urllib.parse.urlencode({"type": "alert.", "filter": f'alertname="{self.rule_name}"'})
        try:
            stream = EventStream(self.host, self.port, self.options.key, query, timeout=None)
        except OSError:
            stream = None
        if stream is None or stream.status != 200:
            with self._lock:
                self.refused_streams += 1
            ready.release()
            return
        ready.release()
        try:
            for event in stream:
                self.note(event, counter)
        except (OSError, ValueError, AttributeError):
            pass  # the end

    def note(self, event, counter):
        labels = event.get("labels") or {}
        if event.get("type") not in (FIRES, ENDS) or labels.get("alertname") != self.rule_name:
            return
        counter[event["type"]] += 1
        begun = self.fired_at.get(labels.get("n"))
        if event["type"] == FIRES and begun is not None:
            self.told.add(time.monotonic() - begun)

    @property
    def rule_name(self):
        return f"load test {self.run}"

    # --- the whole ---

    def begin(self):
        client = self.client()
        self.first_event = client.get("/events?limit=1")["last_sequence"]
        self.rule = client.post(
            "/rules",
            {
                "name": self.rule_name,
                "metric_name": self.metric,
                "condition": ">",
                "threshold": "50",
                "severity": "info",
                "notification_channels": self.options.channels,
                "cooldown_period": 0,
            },
        )["id"]
        if self.options.streams == 0:
            return
        if not has_event_stream(self.host, self.port, self.options.key):
            print("this daemon has no live stream: --streams is left out", flush=True)
            self.options.streams = 0
            return
        ready = threading.Semaphore(0)
        for _ in range(self.options.streams):
            self.seen.append(collections.Counter())
            threading.Thread(target=self.follow, args=(self.seen[-1], ready), daemon=True).start()
        for _ in range(self.options.streams):
            ready.acquire(timeout=30)

    def work(self):
        o = self.options
        threads = [
            *paced(o.metrics, o.seconds, self.send_single, o.connections, self.ended),
            *paced(o.batches, o.seconds, self.send_batch, min(2, o.connections), self.ended),
            *paced(o.alerts, o.seconds, self.cycle_alert, min(4, o.connections), self.ended),
        ]
        begun = shown = time.monotonic()
        while any(thread.is_alive() for thread in threads):
            time.sleep(ROUND)
            elapsed = time.monotonic() - begun
            if time.monotonic() < shown + 1:
                continue
            shown += 1
            print(
                f"{elapsed:5.0f} s of {o.seconds:g}: {self.single.count / elapsed:,.0f} posts/s, "
                f"{self.batches.count / elapsed:,.0f} samples/s in batches, "
                f"{self.alerts.count} alerts, {self.told.count} stream events, "
                f"{self.failures()} failures",
                flush=True,
            )
        return time.monotonic() - begun

    def failures(self):
        return self.single.failed + self.batches.failed + self.alerts.failed

    def recorded(self):
        """How many alerts of this run fired and ended, by the history."""
        counts = collections.Counter()
        after = self.first_event
        query = urllib.parse.urlencode(
            {"rule_id": self.rule, "type": "alert.", "limit": 10_000, "order": "asc"}
        )
        while True:
            events = self.client().get(f"/events?{query}&after={after}")["events"]
            counts.update(event["type"] for event in events)
            if len(events) < 10_000:
                return counts
            after = events[-1]["sequence"]

    def settle(self):
        """Waits until the history and every stream client have what was sent, or for a while."""
        expected = self.alerts.count
        deadline = time.monotonic() + SETTLE
        while time.monotonic() < deadline:
            recorded = self.recorded()
            streams = [seen for seen in self.seen if sum(seen.values())]
            behind = any(seen[FIRES] < expected or seen[ENDS] < expected for seen in streams)
            if recorded[FIRES] >= expected and recorded[ENDS] >= expected and not behind:
                break
            time.sleep(0.2)
        return self.recorded()

    def end(self):
        self.ended.set()
        self.client().ask("DELETE", f"{API}/rules/{self.rule}")

    def report(self, elapsed, recorded):
        print()
        for latencies in (self.single, self.batches, self.alerts, self.told):
            if latencies.count or latencies.failed:
                rate = f"{latencies.count / elapsed:,.0f} {latencies.unit}/s"
                print(f"{latencies.name:<45} {rate:>20}   {latencies.percentiles()}")
            for why, count in latencies.reasons.most_common(5):
                print(f"   {count} failed: {why}")
        lost = 0
        if self.alerts.count:
            for kind in (FIRES, ENDS):
                missing = max(0, self.alerts.count - recorded[kind])
                lost += missing
                print(f"{kind} in the history: {recorded[kind]} of {self.alerts.count}, {missing} lost")
        served = self.options.streams - self.refused_streams
        if served and self.alerts.count:
            sent = 2 * self.alerts.count
            missing = sum(max(0, sent - sum(seen.values())) for seen in self.seen)
            missing -= sent * self.refused_streams
            lost += missing
            print(f"{served} stream clients: {sent} events for each, {missing} lost in all")
        if self.refused_streams:
            print(f"{self.refused_streams} stream clients were refused (tocsin.web.max_streams)")
        return 1 if lost or self.failures() else 0


def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--url", help="a running daemon (http://127.0.0.1:9095); default: one of its own")
    parser.add_argument("--key", help="an API key of the scopes operate and push")
    parser.add_argument("--seconds", type=float, default=10, help="how long (10)")
    parser.add_argument("--metrics", type=float, default=500, help="single samples a second (500)")
    parser.add_argument("--batches", type=float, default=5, help="batches a second (5)")
    parser.add_argument("--batch-size", type=int, default=1000, help="samples in a batch (1000)")
    parser.add_argument("--alerts", type=float, default=20, help="alerts a second that fire and resolve (20)")
    parser.add_argument("--streams", type=int, default=10, help="clients of the live stream (10)")
    parser.add_argument("--connections", type=int, default=8, help="connections for samples (8)")
    parser.add_argument("--channels", nargs="*", default=["webhook"], help="notification channels of the alerts' rule")
    return parser.parse_args(arguments)


def run(options, host, port):
    load = Load(options, host, port)
    load.begin()
    try:
        elapsed = load.work()
        return load.report(elapsed, load.settle())
    finally:
        load.end()


def main():
    options = parse_options(sys.argv[1:])
    try:
        if options.url:
            url = urllib.parse.urlsplit(options.url)
            return run(options, url.hostname, url.port or 80)
        streams = {"max_streams": max(128, 2 * options.streams + 8)}
        with Daemon({"host": {"enabled": False}, "web": streams}) as daemon:
            print(f"a daemon of our own on port {daemon.port}", flush=True)
            return run(options, "127.0.0.1", daemon.port)
    except Failed as why:
        print(f"this did not work: {why}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
