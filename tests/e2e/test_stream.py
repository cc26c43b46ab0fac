"""The live stream: WebSocket and Server-Sent Events, over the real binary."""

import asyncio
import http.client
import json
import pathlib
import re
import resource
import statistics
import sys
import threading
import time
import unittest

import harness
from harness import config, rule, wait_until
from streams import API, CLOSE, PING, PONG, TEXT, Closed, EventStream, Refused, WebSocket, drain, frame

CLIENTS = 100
MANY = 500
ADMIN, OPERATOR, READER, PUSHER = (
    f"{who}-of-the-live-stream" for who in ("admin", "operator", "reader", "pusher")
)
KEYS = f"admin:{ADMIN},operate:{OPERATOR},read:{READER},push:{PUSHER}"


def key(secret):
    return [("X-API-Key", secret)]


class Stream(harness.TestCase):
    def start(self, rules=None, keys=None, **settings):
        self.hook = self.sink()
        rules = [rule("CPU", "cpu")] if rules is None else rules
        self.daemon = self.tocsin(
            config({"hook": self.hook}, staleness="1h", **settings),
            rules,
            environment={"TOCSIN_API_KEYS": keys} if keys else None,
        )
        return self.daemon

    def admin(self, method, path, body=None):
        answer = self.daemon.request(method, API + path, body, headers=dict(key(ADMIN)))
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def web_socket(self, *arguments, **more):
        client = WebSocket(self.daemon.port, *arguments, **more)
        self.addCleanup(client.close)
        return client

    def events(self, *arguments, **more):
        client = EventStream(self.daemon.port, *arguments, **more)
        self.addCleanup(client.close)
        return client

    def metric(self, name, **labels):
        page = self.daemon.get("/metrics").text
        for found, found_labels, value in harness.parse_samples(page):
            if found == name and labels.items() <= found_labels.items():
                return value
        return None

    def memory_mb(self):
        status = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024

    def last(self):
        return self.daemon.get(f"{API}/events?limit=1").json()["last_sequence"]

    def alert_numbers(self, after, upto):
        """Of the events that a WebSocket is told of, from the history."""
        found = []
        while after < upto:
            query = f"?order=asc&limit=1000&after={after}&type=alert.active&type=alert.resolved"
            page = self.daemon.get(f"{API}/events{query}").json()["events"]
            if not page:
                break
            found += [event["sequence"] for event in page if event["sequence"] <= upto]
            after = page[-1]["sequence"]
        return found

    def refused(self, status, *arguments, opens=None, **more):
        with self.assertRaises(Refused) as caught:
            (opens or self.web_socket)(*arguments, **more)
        self.assertEqual(caught.exception.status, status, caught.exception)
        return caught.exception

    # --- WebSocket

    def test_what_happens_is_told_as_it_happens(self):
        tocsin = self.start()
        client = self.web_socket()
        self.assertEqual(client.next(), {"type": "initial_alerts", "seq": 0, "alerts": []})
        tocsin.submit("cpu", 95, host="a")
        new = client.next()
        self.assertEqual((new["type"], new["seq"]), ("new_alert", 1))
        alert = new["alert"]
        self.assertEqual((alert["rule_name"], alert["severity"]), ("CPU", "high"))
        tocsin.post(f"{API}/alerts/{alert['id']}/acknowledge", {"actor": "anna"})
        acknowledged = client.next()
        self.assertEqual(acknowledged["type"], "alert_acknowledged")
        self.assertEqual(acknowledged["alert"]["acknowledged_by"], "anna")
        tocsin.submit("cpu", 10, host="a")
        resolved = client.next()
        self.assertEqual(resolved["type"], "alert_resolved")
        self.assertEqual(resolved["alert"]["id"], alert["id"])
        self.assertLess(new["seq"], acknowledged["seq"])
        self.assertLess(acknowledged["seq"], resolved["seq"])

    def test_what_senders_post_is_told_and_listed_as_get_alerts_does(self):
        tocsin = self.start()
        client = self.web_socket()
        client.next("initial_alerts")

        def post(name, **more):
            labels = {"alertname": name, "severity": "critical"}
            annotations = {"description": f"{name} is told"}
            alert = {"labels": labels, "annotations": annotations, **more}
            self.assertEqual(tocsin.post("/api/v2/alerts", [alert]).status, 200)

        def in_seconds(seconds):
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))

        def without_times(alerts):
            return [{k: v for k, v in a.items() if k != "updated_at"} for a in alerts]

        post("Disk")
        new = client.next()
        self.assertEqual(new["type"], "new_alert")
        self.assertEqual(new["alert"]["rule_name"], "Disk")
        self.assertEqual(new["alert"]["severity"], "critical")
        self.assertEqual(new["alert"]["description"], "Disk is told")
        self.assertIsNone(new["alert"]["rule_id"])
        tocsin.submit("cpu", 95, host="a")
        client.next("new_alert")
        listed = tocsin.get(f"{API}/alerts").json()
        self.assertEqual({a["rule_name"] for a in listed}, {"Disk", "CPU"})
        initial = self.web_socket().next()
        self.assertEqual(initial["type"], "initial_alerts")
        names = [a["id"] for a in initial["alerts"]]
        self.assertEqual(names, [a["id"] for a in listed])
        disk = new["alert"]["id"]
        shown = {a["id"]: a for a in without_times(initial["alerts"])}
        self.assertEqual(shown[disk], {a["id"]: a for a in without_times(listed)}[disk])

        # Acknowledged, so no longer listed; that is its sender's alone to end.
        tocsin.post(f"{API}/alerts/{disk}/acknowledge", {"actor": "anna"})
        told = client.next()
        self.assertEqual((told["type"], told["alert"]["id"]), ("alert_acknowledged", disk))
        client.say({"type": "resolve", "alert_id": disk, "request_id": 1})
        self.assertIn("posted by a sender", client.next("error")["detail"])
        initial = self.web_socket().next()
        self.assertEqual([a["rule_name"] for a in initial["alerts"]], ["CPU"])
        post("Disk", endsAt=in_seconds(-1))
        told = client.next()
        self.assertEqual((told["type"], told["alert"]["id"]), ("alert_resolved", disk))
        self.assertEqual(told["alert"]["resolved_reason"], "recovered")

        # Its sender falls silent.
        post("Brief", endsAt=in_seconds(3))
        brief = client.next("new_alert")["alert"]["id"]
        told = client.next("alert_resolved")["alert"]
        self.assertEqual((told["id"], told["resolved_reason"]), (brief, "expired"))
        listed = [a["id"] for a in tocsin.get(f"{API}/alerts").json()]
        initial = self.web_socket().next()
        self.assertEqual([a["id"] for a in initial["alerts"]], listed)
        self.assertEqual(len(listed), 1)

    def test_posted_alerts_over_a_kill_and_the_thirty_seconds(self):
        tocsin = self.start()
        tocsin.post("/api/v2/alerts", [{"labels": {"alertname": "Disk"}}])
        wait_until(lambda: self.last() >= 1, what="its beginning in the history")
        tocsin.kill9()
        tocsin.start()
        client = self.web_socket()
        initial = client.next()
        self.assertEqual([a["rule_name"] for a in initial["alerts"]], ["Disk"])
        replayed = self.web_socket(query="?since=0")
        replayed.next("initial_alerts")
        self.assertEqual(replayed.next("new_alert")["alert"]["rule_name"], "Disk")
        client.socket.settimeout(40)
        update = client.next("alert_update")
        self.assertEqual(
            [a["id"] for a in update["alerts"]], [a["id"] for a in initial["alerts"]]
        )

    def test_a_socket_with_active_alerts_and_two_of_one_id(self):
        tocsin = self.start()
        tocsin.submit("cpu", 95, host="a")
        first = self.web_socket("same", mount="/alerting")
        initial = first.next()
        self.assertEqual(initial["type"], "initial_alerts")
        self.assertEqual([a["metadata"]["host"] for a in initial["alerts"]], ["a"])
        second = self.web_socket("same")
        second.next("initial_alerts")
        tocsin.submit("cpu", 95, host="b")
        for client in (first, second):
            self.assertEqual(client.next()["alert"]["metadata"]["host"], "b")
        self.assertEqual(self.metric("alerting_websocket_connections"), 2)
        self.assertEqual(self.metric("tocsin_stream_clients", kind="websocket"), 2)
        health = tocsin.get(f"{API}/health").json()
        self.assertEqual(health["checks"]["websocket_connections"], 2)

    def test_pings_commands_and_subscriptions(self):
        tocsin = self.start()
        client = self.web_socket("anna@ops")
        client.next("initial_alerts")
        client.say("ping")
        self.assertEqual(client.text(), "pong")
        client.say({"type": "ping"})
        self.assertEqual(client.next(), {"type": "pong"})
        client.say("what?")
        client.send(frame(PING, b"there?"))
        self.assertEqual(client.frame(), (PONG, b"there?"))
        tocsin.submit("cpu", 95, host="a")
        alert = client.next("new_alert")["alert"]["id"]
        client.say(
            {"type": "acknowledge", "alert_id": alert, "note": "mine", "request_id": "r1"}
        )
        got = {m["type"]: m for m in (client.next(), client.next())}
        self.assertEqual(got["ok"]["request_id"], "r1")
        self.assertEqual(got["alert_acknowledged"]["alert"]["acknowledged_by"], "anna@ops")
        client.say({"type": "resolve", "alert_id": "nonsense", "request_id": 2})
        error = client.next()
        self.assertEqual((error["type"], error["request_id"]), ("error", 2))
        self.assertEqual(error["detail"], "Alert not found")
        client.say({"type": "subscribe", "matchers": ['host="b"'], "metrics": ["mem"]})
        client.next("ok")
        tocsin.submit("cpu", 95, host="c")
        tocsin.submit("cpu", 95, host="b")
        self.assertEqual(client.next("new_alert")["alert"]["metadata"]["host"], "b")
        tocsin.submit("mem", 42.5, host="z")
        samples = client.next("samples")["samples"]
        self.assertEqual(
            [(s["labels"], s["value"]) for s in samples],
            [({"__name__": "mem", "host": "z"}, 42.5)],
        )

    def test_refusals_before_the_upgrade(self):
        tocsin = self.start(web={"max_streams": 2, "allowed_origins": ["https://ops.example"]})
        self.refused(422, "a%20b")
        self.refused(422, "x" * 129)
        self.refused(422, query="?since=soon")
        self.refused(403, headers=[("Origin", "http://evil.example")])
        self.refused(403, headers=[("Origin", "null")])
        self.refused(403, opens=self.events, headers=[("Origin", "http://evil.example")])
        self.assertEqual(tocsin.get(f"{API}/ws/x").status, 426)
        first = self.web_socket(headers=[("Origin", "https://ops.example")])
        self.web_socket(headers=[("Origin", "http://127.0.0.1")])
        full = self.refused(503)
        self.assertGreater(int(full.headers["retry-after"]), 0)
        self.refused(503, opens=self.events)
        first.close()
        wait_until(self.a_seat_is_free, what="a seat")

    def a_seat_is_free(self):
        try:
            return self.web_socket()
        except Refused:
            return None

    def test_half_fragmented_oversized_and_bad_frames(self):
        self.start()
        client = self.web_socket()
        client.next("initial_alerts")
        whole = frame(TEXT, b"ping")
        for byte in whole:
            client.send(bytes([byte]))
            time.sleep(0.005)
        self.assertEqual(client.text(), "pong")
        client.send(frame(0x01, b"pi") + frame(PING, b"") + frame(0x80, b"ng"))
        self.assertEqual(client.frame(), (PONG, b""))
        self.assertEqual(client.text(), "pong")
        client.send(frame(TEXT, b"x" * 4096))  # ignored, as any text that says nothing
        client.say("ping")
        self.assertEqual(client.text(), "pong")

        before = self.memory_mb()
        for what, code in (
            (frame(TEXT, b"x" * 4097), 1009),
            (frame(TEXT, b"", length=(2 << 30) - 70000), 1009),
            (frame(0x01, b"x" * 4000) + frame(0x80, b"x" * 100), 1009),
            (b"\x81\x04ping", 1002),  # not masked
            (frame(0xC1, b"x"), 1002),
            (frame(0x80, b"x"), 1002),
            (frame(0x82, b"x"), 1003),
            (frame(TEXT, b"\xff"), 1007),
            (frame(0x89, b"x" * 126), 1002),
        ):
            client = self.web_socket()
            client.send(what)
            self.assertEqual(client.until_closed(), code, what[:20])
        self.assertLess(self.memory_mb() - before, 10)
        for reason, count in (("too_big", 3), ("protocol", 6)):
            wait_until(
                lambda: self.metric("tocsin_stream_dropped_total", reason=reason) == count,
                what=f"{count} dropped as {reason}",
            )
        polite = self.web_socket()
        polite.send(frame(CLOSE, b"\x03\xe8bye"))
        self.assertEqual(polite.until_closed(), 1000)

    def test_the_daemon_says_goodbye(self):
        tocsin = self.start()
        client = self.web_socket()
        stream = self.events()
        client.next("initial_alerts")
        stopping = threading.Thread(target=tocsin.stop)
        stopping.start()
        self.assertEqual(client.until_closed(), 1001)
        with self.assertRaises(Closed):
            while True:
                stream.block()
        client.close()
        stream.close()
        stopping.join()

    # --- keys

    def test_who_has_no_key_to_read_gets_no_stream(self):
        self.start(keys=KEYS)
        for opens in (self.web_socket, self.events):
            self.refused(401, opens=opens)
            self.refused(401, opens=opens, headers=key("guessed"))
            self.refused(401, opens=opens, query="?token=guessed")
            self.refused(403, opens=opens, headers=key(PUSHER))
            self.refused(403, opens=opens, query=f"?token={PUSHER}")
            # A good key in the address does not better a wrong one in a header.
            self.refused(401, opens=opens, query=f"?token={READER}", headers=key("guessed"))
            opens(headers=key(READER))
            opens(headers=[("Authorization", f"Bearer {OPERATOR}")])
            opens(query=f"?token={READER}")
            # A page of another site is refused whatever key it has.
            self.refused(
                403, opens=opens, query=f"?token={READER}", headers=[("Origin", "http://evil.example")]
            )
        refusals = [e for e in self.admin("GET", "/audit") if e["action"] == "access.refused"]
        self.assertEqual(
            {(e["target"], e["outcome"]) for e in refusals},
            # Of a kind only the first; the others are counted.
            {(f"GET {API}/ws/demo_client_001", status) for status in ("401", "403")},
        )
        process = self.daemon.process
        text = json.dumps(refusals) + process.stdout() + process.stderr()
        for secret in (READER, PUSHER, "guessed"):
            self.assertNotIn(secret, text)

    def test_commands_need_a_key_to_operate_and_stand_in_the_audit_log(self):
        tocsin = self.start(keys=KEYS)
        reader = self.web_socket("eve", headers=key(READER))
        reader.next("initial_alerts")
        metric = {"metric_name": "cpu", "value": 95, "metadata": {"host": "a"}}
        tocsin.post(f"{API}/metrics", metric, headers=dict(key(PUSHER)))
        alert = reader.next("new_alert")["alert"]["id"]
        for kind in ("acknowledge", "resolve"):
            reader.say({"type": kind, "alert_id": alert, "request_id": kind})
            self.assertEqual(
                reader.next(), {"type": "error", "detail": "Not permitted", "request_id": kind}
            )
        self.assertEqual([a["id"] for a in self.admin("GET", "/alerts")], [alert])

        operator = self.web_socket("anna", query=f"?token={OPERATOR}")
        operator.next("initial_alerts")
        operator.say({"type": "acknowledge", "alert_id": alert, "note": "mine"})
        operator.next("ok")
        told = reader.next("alert_acknowledged")["alert"]
        self.assertEqual(told["acknowledge_note"], "mine")
        operator.say({"type": "resolve", "alert_id": alert, "note": "done"})
        operator.next("ok")
        wait_until(lambda: self.admin("GET", "/audit?limit=1")[0]["action"] == "alert.resolve")
        entries = [e for e in self.admin("GET", "/audit") if e["from"] == "127.0.0.1"]
        resolved, acknowledged, refused = entries[:3]
        self.assertEqual(refused["action"], "access.refused")
        self.assertTrue(refused["target"].startswith("WebSocket "), refused)
        for entry, action, before in (
            (acknowledged, "alert.acknowledge", "active"),
            (resolved, "alert.resolve", "acknowledged"),
        ):
            self.assertEqual((entry["action"], entry["target"]), (action, alert))
            self.assertEqual(entry["before"]["status"], before)
            self.assertEqual(entry["outcome"], "200")
            self.assertEqual(entry["after"]["by"], entry["actor"])
        self.assertNotEqual(refused["key_id"], resolved["key_id"])
        self.assertEqual(acknowledged["key_id"], resolved["key_id"])

    def test_streams_end_with_their_key(self):
        self.start(keys=f"admin:{ADMIN}")
        made = self.admin("POST", "/keys", {"name": "wall", "scopes": ["read"]})
        mine = key(made["token"])
        client = self.web_socket(headers=mine)
        client.next("initial_alerts")
        stream = self.events(headers=mine)
        other = self.web_socket(headers=key(ADMIN))
        other.next("initial_alerts")
        self.admin("DELETE", f"/keys/{made['id']}")
        self.assertEqual(client.until_closed(), 1008)
        self.assertEqual(stream.next("error")[2]["detail"], "the API key is not valid any more")
        with self.assertRaises(Closed):
            stream.block()
        other.say("ping")
        self.assertEqual(other.text(), "pong")
        self.refused(401, headers=mine)

    def test_one_key_has_half_of_the_seats(self):
        self.start(keys=KEYS, web={"max_streams": 4})
        self.web_socket(headers=key(READER))
        self.events(headers=key(READER))
        full = self.refused(503, headers=key(READER))
        self.assertGreater(int(full.headers["retry-after"]), 0)
        self.refused(503, opens=self.events, query=f"?token={READER}")
        self.web_socket(headers=key(OPERATOR))

    # --- resuming

    def test_resuming_over_a_kill(self):
        tocsin = self.start()
        client = self.web_socket()
        client.next("initial_alerts")
        tocsin.submit("cpu", 95, host="a")
        seen = client.next("new_alert")["seq"]
        client.close()
        tocsin.submit("cpu", 95, host="b")
        tocsin.submit("cpu", 10, host="a")
        # An answer to a sample does not wait for the disk; an event that is read is on it.
        wait_until(
            lambda: tocsin.get("/alerting/events?type=alert.resolved").json()["events"],
            what="the end of the alert to be kept",
        )
        tocsin.kill9()
        tocsin.start()
        tocsin.submit("cpu", 95, host="c")
        client = self.web_socket(query=f"?since={seen}")
        initial = client.next()
        self.assertEqual(initial["type"], "initial_alerts")
        self.assertEqual({a["metadata"]["host"] for a in initial["alerts"]}, {"b", "c"})
        told = []
        while True:
            message = client.next()
            if message["type"] == "live":
                break
            told.append((message["type"], message["alert"]["metadata"]["host"]))
            self.assertGreater(message["seq"], seen)
            seen = message["seq"]
        self.assertEqual(
            told, [("new_alert", "b"), ("alert_resolved", "a"), ("new_alert", "c")]
        )
        self.assertGreaterEqual(message["seq"], seen)
        tocsin.submit("cpu", 10, host="c")
        self.assertEqual(client.next()["type"], "alert_resolved")

    def flood(self, tocsin, after=0):
        """Twenty series that cross the threshold back and forth until the result is called, and
        then `after` times more."""
        stop = threading.Event()

        def run():
            value, left = 90, after
            while left > 0 or not stop.is_set():
                left -= stop.is_set()
                batch = [
                    {"metric_name": "flood", "value": value, "metadata": {"host": f"h{n}"}}
                    for n in range(20)
                ]
                try:
                    tocsin.post(f"{API}/metrics/batch", batch)
                except (OSError, http.client.HTTPException):
                    return  # killed
                value = 100 - value

        thread = threading.Thread(target=run)
        thread.start()

        def end(wait=True):
            stop.set()
            if wait:
                thread.join()

        self.addCleanup(end)
        return end

    def test_what_was_told_before_a_kill_in_a_flood_is_neither_lost_nor_told_again(self):
        tocsin = self.start([rule("Flood", "flood", notification_channels=[])])
        stream = self.events()
        client = self.web_socket()
        client.next("initial_alerts")
        end = self.flood(tocsin)
        told = {}  # number: what it was
        numbers = []
        while len(told) < 300:
            number, kind, data = stream.next()
            told[number] = (kind, data["alert_id"])
        while len(numbers) < 300:
            numbers.append(client.next("new_alert", "alert_resolved")["seq"])
        tocsin.kill9()
        end()
        # What was on its way is still there to read.
        with self.assertRaises(Closed):
            while True:
                number, kind, data = stream.next()
                told[number] = (kind, data["alert_id"])
        tocsin.start()
        end = self.flood(tocsin)
        stream = self.events(headers=[("Last-Event-ID", str(max(told)))])
        client = self.web_socket(query=f"?since={numbers[-1]}")
        client.next("initial_alerts")
        known = len(told)
        while len(told) < known + 300:
            number, kind, data = stream.next()
            if kind != "live":
                self.assertNotIn(number, told)
                told[number] = (kind, data["alert_id"])
        while len(numbers) < 600:
            message = client.next("new_alert", "alert_resolved", "reset")
            numbers.append(message["seq"])
        end()
        self.assertEqual(list(told), list(range(1, len(told) + 1)))
        self.assertEqual(numbers, self.alert_numbers(0, numbers[-1]))
        listed = {}
        while len(listed) < len(told):
            after = max(listed, default=0)
            page = tocsin.get(f"{API}/events?order=asc&limit=1000&after={after}").json()["events"]
            listed |= {e["sequence"]: (e["type"], e["alert_id"]) for e in page}
        self.assertEqual(told, {number: listed[number] for number in told})

    def test_ahead_of_the_last_number_or_beyond_what_is_held(self):
        tocsin = self.start(history={"max_events": 3})
        tocsin.submit("cpu", 95, host="a")
        client = self.web_socket(query="?since=999999")
        initial = client.next()
        self.assertEqual((initial["type"], len(initial["alerts"])), ("initial_alerts", 1))
        self.assertEqual(client.next(), {"type": "reset", "seq": initial["seq"]})
        self.assertIn(initial["seq"], range(1, self.last() + 1))
        stream = self.events(query="?since=999999")
        _, kind, data = stream.next()
        self.assertEqual((kind, data["type"], len(data["alerts"])), ("reset", "reset", 1))

    def told_by_socket(self, client, since, last_host):
        """The numbers of what it is told of alerts after its first snapshot, until it has heard of
        an alert of the last host and of being live."""
        initial = client.next()
        self.assertEqual((initial["type"], initial["seq"]), ("initial_alerts", since))
        got, live, at_end = [since], False, False
        while not (live and at_end):
            message = client.next()
            if message["type"] in ("live", "alert_update"):
                # Neither says that more has been told than has been.
                self.assertGreaterEqual(message["seq"], got[-1])
                self.assertFalse(self.alert_numbers(got[-1], message["seq"]))
                self.assertTrue(live or message["type"] == "live")
                live = True
            else:
                got.append(message["seq"])
                at_end = at_end or message["alert"]["metadata"]["host"] == last_host
        return got[1:]

    def told_by_stream(self, client, since, last_host):
        got, at_end = [], False
        while not at_end:
            number, kind, data = client.next()
            if kind != "live":
                self.assertEqual((number, kind), (data["sequence"], data["type"]))
                got.append(number)
                at_end = data["labels"].get("host") == last_host
        return got

    def test_connecting_while_events_pour_in_leaves_no_gap_and_repeats_nothing(self):
        tocsin = self.start([rule("Flood", "flood", notification_channels=[])])
        for since in (1, 0, 150, 290):
            for opens, read in (
                (self.web_socket, self.told_by_socket),
                (self.events, self.told_by_stream),
            ):
                before = self.last()
                end = self.flood(tocsin, after=25)
                wait_until(lambda: self.last() > before + 300, what="a history")
                client = opens(query=f"?since={since}")
                end(wait=False)
                # It is read while they come, to one that comes behind all of them.
                last_host = f"end of {since} {read.__name__}"

                def mark_the_end():
                    end()
                    tocsin.submit("flood", 95, host=last_host)

                marking = threading.Thread(target=mark_the_end)
                marking.start()
                got = read(client, since, last_host)
                marking.join()
                client.close()
                total = got[-1]
                self.assertGreater(total, before + 300 + 25 * 20)
                if opens == self.events:
                    self.assertEqual(got, list(range(since + 1, total + 1)))
                else:
                    self.assertEqual(got, self.alert_numbers(since, total))

    # --- Server-Sent Events

    def test_the_event_stream(self):
        tocsin = self.start()
        stream = self.events()
        self.assertEqual(stream.headers["content-type"], "text/event-stream")
        self.assertEqual(stream.headers["x-accel-buffering"], "no")
        self.assertEqual(stream.headers["cache-control"], "no-store")
        resolved = self.events(query="?type=alert.resolved&match[]=%7Bhost%3D%22b%22%7D")
        tocsin.submit("cpu", 95, host="a")
        number, kind, data = stream.next()
        self.assertEqual(kind, "alert.active")
        listed = tocsin.get(f"{API}/events?order=asc&limit=1").json()["events"][0]
        self.assertEqual((number, data), (listed["sequence"], listed))
        self.assertEqual(stream.next("notification.delivered")[2]["receiver"], "hook")
        tocsin.submit("cpu", 95, host="b")
        tocsin.submit("cpu", 10, host="a")
        tocsin.submit("cpu", 10, host="b")
        _, kind, data = resolved.next()
        self.assertEqual((kind, data["labels"]["host"]), ("alert.resolved", "b"))
        self.assertEqual(self.metric("tocsin_stream_clients", kind="sse"), 2)

        # As a browser comes back.
        again = self.events(headers=[("Last-Event-ID", str(number))])
        first = again.next()[0]
        self.assertEqual(first, number + 1)

    def test_the_demo_with_a_client_of_the_trade(self):
        packages = harness.peer_path("usr/lib/python3/dist-packages/websockets").parent
        sys.path.append(str(packages))
        import websockets

        tocsin = self.start()

        async def demo():
            uri = f"ws://127.0.0.1:{tocsin.port}/alerting/ws/demo_client_001"
            kinds = []
            async with websockets.connect(uri) as socket:
                deadline = time.monotonic() + 5
                while time.monotonic() < deadline:
                    try:
                        text = await asyncio.wait_for(socket.recv(), 0.5)
                    except asyncio.TimeoutError:
                        if len(kinds) == 1:
                            await asyncio.get_running_loop().run_in_executor(
                                None, lambda: tocsin.submit("cpu", 95, host="a")
                            )
                        continue
                    if text == "pong":  # the demo warns of it, as expected
                        continue
                    message = json.loads(text)
                    kinds.append(message["type"])
                    for alert in message.get("alerts", [message.get("alert")]):
                        self.assertTrue(alert["rule_name"] and alert["severity"])
                    await socket.send("ping")
                self.assertTrue(socket.open)
            return kinds

        self.assertEqual(asyncio.run(demo()), ["initial_alerts", "new_alert"])

    # --- many, and slow ones

    def test_a_client_that_reads_nothing_is_dropped_and_delays_nobody(self):
        tocsin = self.start([rule("Flood", "flood", notification_channels=[])])
        asleep = self.web_socket(receive_buffer=4096)
        deaf = self.events(receive_buffer=4096)
        client = self.web_socket()
        client.next("initial_alerts")
        got = []
        longest = 0
        padding = "x" * 900
        for turn in range(400):
            value = 90 if turn % 2 == 0 else 10
            tocsin.post(
                f"{API}/metrics/batch",
                [
                    {
                        "metric_name": "flood",
                        "value": value,
                        "metadata": {"host": f"h{n}", "padding": padding},
                    }
                    for n in range(20)
                ],
            )
            begin = time.monotonic()
            for _ in range(20):
                got.append(client.next("new_alert", "alert_resolved")["seq"])
            longest = max(longest, time.monotonic() - begin)
            if self.metric("tocsin_stream_dropped_total", reason="slow") == 2:
                break
        self.assertEqual(self.metric("tocsin_stream_dropped_total", reason="slow"), 2)
        self.assertEqual(got, self.alert_numbers(0, got[-1]))
        print(f"dropped after {len(got)} events; the longest wait for 20 was {longest * 1e3:.0f} ms")
        self.assertLess(self.memory_mb(), 80)
        # Both are told, once they read; what they have read last is where they go on.
        last = 0
        with self.assertRaises(Closed) as told:
            while True:
                last = json.loads(asleep.text())["seq"]
        self.assertEqual(told.exception.code, 1013)
        _, _, words = deaf.next("error")
        self.assertIn("too slow", words["detail"])
        self.assertLess(last, got[-1])
        again = self.web_socket(query=f"?since={last}")
        again.next("initial_alerts")
        self.assertEqual(again.next()["seq"], self.alert_numbers(last, got[-1])[0])

    def test_five_hundred_clients_and_requests_beside_them(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < 4096:
            raise unittest.SkipTest(f"only {hard} descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        tocsin = self.start(
            [rule("CPU", "cpu", notification_channels=[])], web={"max_streams": MANY, "workers": 4}
        )
        idle = self.memory_mb()
        clients = []
        for number in range(MANY // 2):
            client = self.web_socket(f"client-{number}")
            self.assertEqual(client.next()["type"], "initial_alerts")
            clients += [client, self.events()]
        self.refused(503)
        self.refused(503, opens=self.events)
        # Events for all of them, and requests beside, of more clients than there are workers.
        took = []

        def ask():
            for _ in range(25):
                begin = time.monotonic()
                self.assertEqual(tocsin.get(f"{API}/alerts").status, 200)
                took.append(time.monotonic() - begin)

        asking = [threading.Thread(target=ask) for _ in range(8)]
        for thread in asking:
            thread.start()
        for turn in range(20):
            tocsin.submit("cpu", 95 if turn % 2 == 0 else 10, host="a")
        for thread in asking:
            thread.join()
        self.assertEqual(len(took), 200)
        # The last ones may not have their numbers yet; among them is what became of the messages.
        wait_until(lambda: len(self.alert_numbers(0, self.last())) == 20, what="the history")
        of_alerts = self.alert_numbers(0, self.last())
        last = of_alerts[-1]
        for client in clients:
            if isinstance(client, EventStream):
                numbers = [client.next()[0] for _ in range(last)]
                self.assertEqual(numbers, list(range(1, last + 1)))
            else:
                self.assertEqual([client.next()["seq"] for _ in of_alerts], of_alerts)
        self.assertEqual(self.metric("tocsin_stream_clients", kind="websocket"), MANY // 2)
        self.assertEqual(self.metric("tocsin_stream_clients", kind="sse"), MANY // 2)
        print(
            f"{MANY} clients: {self.memory_mb() - idle:.1f} MB more than idle;"
            f" GET alerts beside them median {statistics.median(took) * 1e3:.1f} ms,"
            f" worst {max(took) * 1e3:.1f} ms"
        )

    def test_how_soon_an_event_reaches_a_hundred_clients(self):
        tocsin = self.start([rule("CPU", "cpu", notification_channels=[])])
        clients = []
        for number in range(CLIENTS):
            client = self.web_socket(f"client-{number}")
            client.next("initial_alerts")
            client.texts = []
            clients.append(client)
        delays = []
        for turn in range(40):
            for client in clients:
                client.texts.clear()
            begin = time.monotonic()
            tocsin.submit("cpu", 95 if turn % 2 == 0 else 10, host="a")
            drain(clients, 10, lambda: all(c.texts for c in clients))
            delays += [client.texts[0][0] - begin for client in clients]
        delays.sort()
        print(
            f"from before the sample is sent to read by one of {CLIENTS} clients:"
            f" median {delays[len(delays) // 2] * 1e3:.1f} ms,"
            f" p99 {delays[len(delays) * 99 // 100] * 1e3:.1f} ms (target 20)"
        )


if __name__ == "__main__":
    harness.main()
