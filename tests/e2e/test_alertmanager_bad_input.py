"""Bad input to `tocsin alertmanager`: from senders, from receivers, in its configuration and on its
command line. It answers, keeps the good part, and lives.
"""

import contextlib
import json
import os
import signal
import socket
import time

import harness
from alertmanager import alert
from harness import wait_until

MANY = 20_000
MEGABYTE = 1 << 20


def configuration(**urls):
    """A receiver per name; each gets every alert."""
    routes = [{"receiver": name, "continue": True} for name in urls]
    receivers = [
        {"name": name, "webhook_configs": [{"url": url}]} for name, url in urls.items()
    ]
    route = {
        "receiver": next(iter(urls)),
        "group_by": ["alertname"],
        "group_wait": "50ms",
        "group_interval": "1s",
        "routes": routes,
    }
    return json.dumps({"route": route, "receivers": receivers})


def alertnames(sink):
    return {
        one["labels"].get("alertname")
        for request in sink.requests
        for one in request.json()["alerts"]
    }


class Senders(harness.TestCase):
    def setUp(self):
        self.hook = self.sink()
        self.daemon = self.alertmanager(configuration(hook=self.hook.url))
        self.addCleanup(self.assert_alive)

    def assert_alive(self):
        """The same process still turns an alert into a message."""
        self.assertTrue(self.daemon.process.alive(), "it died")
        self.daemon.fire("Last")
        self.wait_told("Last")

    def wait_told(self, name):
        wait_until(lambda: name in alertnames(self.hook), what=f"{name} to be told")

    def raw(self, data, half_close=False):
        """The status of the answer to these bytes; None where the connection just ends."""
        with self.daemon.connect() as connection:
            with contextlib.suppress(OSError):
                connection.sendall(data)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                line = connection.makefile("rb").readline().split()
                return int(line[1]) if len(line) > 1 else None
        return None

    def post(self, body):
        return self.daemon.post(
            "/api/v2/alerts", body, headers={"Content-Type": "application/json"}
        )

    def test_an_alert_of_ten_thousand_labels_is_told_or_refused(self):
        labels = {f"l{number}": "v" for number in range(10_000)}
        answer = self.daemon.post("/api/v2/alerts", [{"labels": {"alertname": "Wide", **labels}}])
        self.assertIn(answer.status, (200, 400))
        if answer.status == 200:
            self.wait_told("Wide")
            (listed,) = self.daemon.alerts(filter="alertname=Wide")
            self.assertEqual(len(listed["labels"]), 10_001)

    def test_an_annotation_of_a_megabyte_is_told_whole(self):
        text = "ä<" * (MEGABYTE // 3)
        self.daemon.post_alerts([alert("Long", summary=text)])
        self.wait_told("Long")
        (message,) = (request.json() for request in self.hook.requests)
        self.assertEqual(message["alerts"][0]["annotations"], {"summary": text})
        self.assertEqual(self.daemon.alerts()[0]["annotations"], {"summary": text})

    def test_an_alert_that_is_no_utf_8_is_refused_and_the_others_are_told(self):
        for number, bad in enumerate((b"\xff", b"\xed\xa0\x80", b"\xe2\x82")):
            good = f"Good{number}"
            answer = self.post(
                b'[{"labels": {"alertname": "Bad' + bad + b'"}},'
                b' {"labels": {"alertname": "' + good.encode() + b'"}},'
                b' {"labels": {"alertname": "Bad"}, "annotations": {"text": "' + bad + b'"}}]'
            )
            self.assertEqual(answer.status, 400)
            self.assertRegex(answer.json(), "^invalid label set: invalid value .*\ninvalid annot")
            self.wait_told(good)
        listed = json.loads(self.daemon.get("/api/v2/alerts").body.decode("utf-8"))
        self.assertEqual(len(listed), 3)

    def test_half_a_character_in_an_escape_is_replaced(self):
        self.assertEqual(self.post(b'[{"labels": {"alertname": "Half\\ud800"}}]').status, 200)
        self.wait_told("Half\ufffd")

    def test_malformed_bodies(self):
        for body, status in (
            (b"", 422),
            (b"[", 400),
            (b"nonsense", 400),
            (b"{}", 400),
            (b'"text"', 400),
            (b"[1]", 400),
            (b"[{}]", 422),
            (b'[{"labels": []}]', 400),
            (b'[{"labels": {"a": 1}}]', 400),
            (b'[{"labels": {}}]', 400),
            (b'[{"labels": {"a": ""}}]', 400),
            (b'[{"labels": {"a": "b"}, "startsAt": "today"}]', 400),
            (b'[{"labels": {"a": "b"}, "startsAt": "2026-13-01T00:00:00Z"}]', 400),
            (b'[{"labels": {"a": "b"}, "generatorURL": "not a uri"}]', 422),
            (b"[" * 200_000, 400),
            (b'[{"labels":' * 100_000, 400),
        ):
            answer = self.post(body)
            self.assertEqual(answer.status, status, f"{body[:60]}: {answer}")

    def test_another_content_type_is_415(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            answer = self.daemon.post("/api/v2/alerts", "[]", headers={"Content-Type": kind})
            self.assertEqual((answer.status, answer.json()["code"]), (415, 415))

    def test_silences_that_mean_nothing(self):
        good = {
            "matchers": [{"name": "a", "value": "b", "isRegex": False}],
            "startsAt": "2099-01-01T00:00:00Z",
            "endsAt": "2099-01-02T00:00:00Z",
            "createdBy": "me",
            "comment": "",
        }
        self.assertEqual(self.daemon.post("/api/v2/silences", good).status, 200)
        for change, status in (
            ({"matchers": []}, 422),
            ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, 400),
            ({"matchers": [{"name": "a", "value": "(?=x)", "isRegex": True}]}, 400),
            ({"matchers": [{"name": "a", "value": ".*", "isRegex": True}]}, 400),
            ({"matchers": [{"name": "a", "value": "", "isRegex": False}]}, 400),
            ({"matchers": [{"name": "", "value": "x", "isRegex": False}]}, 400),
            ({"matchers": [{"name": "a", "value": "b"}]}, 422),
            ({"endsAt": "2098-01-01T00:00:00Z"}, 400),
            ({"startsAt": "2000-01-01T00:00:00Z", "endsAt": "2000-01-02T00:00:00Z"}, 400),
            ({"createdBy": None}, 422),
            ({"id": "11111111-1111-4111-8111-111111111111"}, 404),
        ):
            answer = self.daemon.post("/api/v2/silences", {**good, **change})
            self.assertEqual(answer.status, status, f"{change}: {answer}")
        self.assertEqual(len(self.daemon.silences()), 1)
        self.assertEqual(self.daemon.get("/api/v2/silence/xyz").status, 422)
        self.assertEqual(self.daemon.get("/api/v2/alerts?filter=%7Ba%3Db%7D").status, 400)
        self.assertEqual(self.daemon.get("/api/v2/alerts?filter=a").status, 400)
        self.assertEqual(self.daemon.get("/api/v2/alerts?receiver=(").status, 400)

    def test_twenty_thousand_alerts_at_once(self):
        self.daemon.post_alerts([alert(f"Many n={n}") for n in range(MANY)], timeout=60)
        asked = time.monotonic()
        self.assertEqual(self.daemon.get("/-/healthy").status, 200)
        self.assertLess(time.monotonic() - asked, 2)
        self.wait_told("Many")
        (message,) = (request.json() for request in self.hook.requests)
        self.assertEqual(len(message["alerts"]), MANY)
        self.assertEqual(len({one["fingerprint"] for one in message["alerts"]}), MANY)
        self.assertEqual(len(self.daemon.alerts()), MANY)

    def test_a_thousand_groups_at_once(self):
        self.daemon.post_alerts([alert(f"A{n}") for n in range(1000)])
        self.hook.wait_count(1000)
        self.assertEqual(len(alertnames(self.hook)), 1000)
        self.assertEqual(len(self.hook.requests), 1000)

    def test_half_a_request_is_never_taken_for_a_whole_one(self):
        body = b'[{"labels": {"alertname": "Half"}}]'
        head = b"POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        longer = head + b"Content-Length: %d\r\n\r\n" % (len(body) + 10) + body
        chunked = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(body), body)
        for data in (longer, chunked, head, b"POST /api/v2/ale"):
            self.assertIn(self.raw(data, half_close=True), (400, 408, None), data)
        self.assertEqual(self.daemon.alerts(), [])

    def test_an_oversized_body_is_413_before_it_is_read(self):
        head = (
            b"POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 2000000000\r\n\r\n"
        )
        self.assertEqual(self.raw(head), 413)

    def test_clients_that_send_nothing_keep_nobody_waiting(self):
        with contextlib.ExitStack() as silent:
            whole_head = b"POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
            for part in (b"", b"POST ", whole_head):
                silent.enter_context(self.daemon.connect()).sendall(part)
            asked = time.monotonic()
            self.assertEqual(self.daemon.get("/-/ready").status, 200)
            self.assertLess(time.monotonic() - asked, 2)


class Receivers(harness.TestCase):
    def setUp(self):
        self.bad, self.good = self.sink(), self.sink()
        self.daemon = self.alertmanager(configuration(bad=self.bad.url, good=self.good.url))

    def test_one_that_hangs_delays_nobody_but_itself(self):
        self.bad.hang()
        posted = time.monotonic()
        self.daemon.fire(*(f"A{n}" for n in range(100)))
        self.good.wait_count(100)
        self.assertLess(max(request.at for request in self.good.requests) - posted, 5)
        self.assertEqual(len(self.daemon.groups()), 200)
        self.bad.release()
        wait_until(lambda: len(alertnames(self.bad)) == 100, what="all of them at the other one")

    def test_one_that_hangs_does_not_keep_the_daemon_from_stopping(self):
        self.bad.hang()
        self.daemon.fire("A")
        self.bad.wait_count(1)
        asked = time.monotonic()
        self.daemon.stop()
        self.assertLess(time.monotonic() - asked, 5)

    def test_one_that_sends_ten_megabytes_back(self):
        for status in (200, 400, 500):
            self.bad.answer(status, body=b"x" * (10 * MEGABYTE))
            self.daemon.fire(f"A{status}")
            wait_until(lambda s=status: f"A{s}" in alertnames(self.bad), what=f"A{status}")
        wait_until(lambda: len(alertnames(self.good)) == 3, what="the good one")
        self.bad.answer(200)
        wait_until(
            lambda: {"A400", "A500"} <= {self.name(r) for r in self.bad.requests[3:]},
            what="what was refused to be told again",
        )
        self.assertLess(self.memory(), 200 * MEGABYTE)
        self.assertLess(len(self.daemon.process.stderr()), MEGABYTE)

    def name(self, request):
        return request.json()["groupLabels"]["alertname"]

    def memory(self):
        with open(f"/proc/{self.daemon.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def test_one_that_refuses_connections_is_tried_again(self):
        self.bad.refuse()
        self.daemon.fire("A")
        self.good.wait_count(1)
        failed = "alertmanager_notification_requests_failed_total"
        wait_until(lambda: self.daemon.metric(failed, integration="webhook"), what="a failure")
        self.bad.accept()
        self.bad.wait_count(1)


class CommandLine(harness.TestCase):
    def refused(self, *arguments, config="good.yml"):
        """(exit status, output) of a start that must fail."""
        return harness.ended(
            [
                harness.BINARY,
                "alertmanager",
                f"--config.file={self.folder / config}",
                f"--storage.path={self.folder / 'data'}",
                "--web.listen-address=127.0.0.1:0",
                *arguments,
            ]
        )

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return name

    def test_unknown_and_wrong_flags(self):
        self.write("good.yml", configuration(hook="http://127.0.0.1:9"))
        for flag in (
            "--no-such-flag",
            "--web.listen-adress=127.0.0.1:0",
            "--data.retention=soon",
            "--enable-feature=magic",
            "--log.level=loud",
            "superfluous",
        ):
            status, output = self.refused(flag)
            self.assertNotEqual(status, 0, flag)
            self.assertTrue(output, flag)

    def test_a_bad_configuration_is_told_with_its_places(self):
        self.write(
            "bad.yml",
            "global:\n  resolve_timeout: soon\nroute:\n  receiver: nobody\n"
            "  group_intervall: 5m\nreceivers:\n- name: hook\n- name: hook\n",
        )
        status, output = self.refused(config="bad.yml")
        self.assertEqual(status, 1)
        for line in (2, 4, 5, 8):
            self.assertRegex(output, rf"bad\.yml:{line}:\d+: ")
        self.assertIn('undefined receiver "nobody" used in route', output)
        self.assertIn('notification config name "hook" is not unique', output)

    def test_configurations_that_are_none(self):
        for text in ("", "[]", "route:\n", "a: [", "\t", "\xff", "route: " + "{a: " * 5000):
            self.write("bad.yml", text)
            status, output = self.refused(config="bad.yml")
            self.assertEqual(status, 1, text[:20])
            self.assertIn("bad.yml", output, text[:20])
        self.assertEqual(self.refused(config="missing.yml")[0], 1)
        self.assertEqual(self.refused(config=".")[0], 1)

    def test_a_folder_that_another_one_uses(self):
        self.write("good.yml", configuration(hook="http://127.0.0.1:9"))
        self.alertmanager(configuration(hook="http://127.0.0.1:9"))
        status, output = self.refused()
        self.assertEqual(status, 1)
        self.assertIn(str(self.folder / "data"), output)


class Signals(harness.TestCase):
    def start(self):
        self.hook, self.other = self.sink(), self.sink()
        return self.alertmanager(configuration(hook=self.hook.url))

    def test_asked_to_stop_it_ends_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            daemon = self.prepare_alertmanager(configuration(hook="http://127.0.0.1:9")).start()
            daemon.fire("A")
            daemon.process.signal(number)
            self.assertEqual(daemon.process.wait(), 0, number)

    def test_sighup_reloads(self):
        daemon = self.start()
        daemon.fire("A")
        self.hook.wait_count(1)
        daemon.write_config(configuration(other=self.other.url))
        daemon.process.signal(signal.SIGHUP)
        self.other.wait_count(1)
        self.assertEqual(daemon.metric("alertmanager_config_last_reload_successful"), 1)
        self.assertEqual(daemon.ask("receivers")[0]["name"], "other")

    def test_a_reload_ends_what_is_under_way(self):
        daemon = self.start()
        self.hook.hang()
        daemon.fire("A")
        self.hook.wait_count(1)
        daemon.write_config(configuration(other=self.other.url))
        self.assertEqual(daemon.post("/-/reload").status, 200)
        self.other.wait_count(1)
        cancelled = {"integration": "webhook", "reason": "contextCanceled"}
        wait_until(
            lambda: daemon.metric("alertmanager_notifications_failed_total", **cancelled) == 1,
            what="the attempt to end",
        )

    def test_sighup_with_a_bad_file_keeps_what_was_in_force(self):
        daemon = self.start()
        daemon.write_config("route: {receiver: nobody}")
        daemon.process.signal(signal.SIGHUP)
        wait_until(
            lambda: daemon.metric("alertmanager_config_last_reload_successful") == 0,
            what="the failure to show",
        )
        daemon.fire("A")
        self.hook.wait_count(1)
        answer = daemon.post("/-/reload")
        self.assertEqual(answer.status, 500)
        self.assertRegex(answer.text, r"alertmanager\.yml:1:\d+: ")

    def test_many_signals_at_once(self):
        daemon = self.start()
        for _ in range(50):
            daemon.process.signal(signal.SIGHUP)
            daemon.fire("A", "B")
        daemon.process.signal(signal.SIGTERM)
        self.assertEqual(daemon.process.wait(), 0)


if __name__ == "__main__":
    harness.main()
