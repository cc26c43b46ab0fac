"""Bad input gets a clear answer with the place, the good part is kept, and the process lives."""

import contextlib
import json
import socket
import time

import harness
from harness import config, rule, wait_until

METRICS = "/api/v1/alerting/metrics"
BATCH = METRICS + "/batch"


class BadInput(harness.TestCase):
    def setUp(self):
        self.hook = self.sink()
        self.daemon = self.tocsin(config({"hook": self.hook}), [rule("High", "load")])
        self.addCleanup(self.assert_alive)

    def assert_alive(self):
        """The same process still turns a metric into a message."""
        self.assertTrue(self.daemon.process.alive(), "tocsin died")
        self.daemon.submit("load", 90, host="last")
        self.hook.wait_change("High", "active", host="last")

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

    def test_wrong_methods_are_405_and_unknown_paths_404(self):
        for method, path in (
            ("PUT", METRICS),
            ("DELETE", "/api/v1/alerting/alerts"),
            ("GET", "/-/reload"),
            ("GET", "/metrics/job/x"),
            ("POST", "/-/ready"),
        ):
            answer = self.daemon.request(method, path)
            self.assertEqual(answer.status, 405, f"{method} {path}: {answer}")
            self.assertTrue(answer.headers["Allow"], f"{method} {path}")
        for path in ("/nowhere", "/api/v1/alerting/nothing", "/alerting", "/%2e%2e/etc/passwd"):
            self.assertEqual(self.daemon.get(path).status, 404, path)
        self.assertEqual(
            self.daemon.get("/api/v1/alerting/nothing").json(), {"detail": "Not Found"}
        )
        self.assertEqual(self.daemon.get("/metrics/job/x%00y").status, 400)

    def test_oversized_bodies_are_413_before_they_are_read(self):
        for path, method in ((METRICS, "POST"), ("/metrics/job/x", "PUT"), ("/-/reload", "POST")):
            started = time.monotonic()
            head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000000\r\n\r\n"
            self.assertEqual(self.raw(head.encode()), 413, path)
            self.assertLess(time.monotonic() - started, 5)

    def test_an_oversized_body_that_was_sent_whole_is_413(self):
        page = b'x{n="%d"} 1\n' * 1000
        body = page * (20_000_000 // len(page))
        head = f"PUT /metrics/job/x HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        self.assertIn(
            self.raw(head.encode() + body), (413, None)
        )  # None: reset while still sending

    def test_half_a_request_is_never_taken_for_a_whole_one(self):
        head = f"POST {BATCH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        self.assertIn(self.raw(head.encode() + b"[]", half_close=True), (400, 408, None))
        self.assertIn(
            self.raw(b"POST " + BATCH.encode() + b" HT", half_close=True), (400, 408, None)
        )
        chunked = (
            "PUT /metrics/job/half HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            "4\r\nx 1\n\r\n"
        )
        self.assertIn(self.raw(chunked.encode(), half_close=True), (400, 408, None))
        self.assertNotIn('job="half"', self.daemon.get("/metrics").text)

    def test_requests_that_proxies_read_differently_are_400(self):
        for headers in (
            "Content-Length: 2\r\nTransfer-Encoding: chunked",
            "Content-Length: 2\r\nContent-Length: 3",
        ):
            head = f"POST {BATCH} HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n[]"
            self.assertEqual(self.raw(head.encode(), half_close=True), 400, headers)

    def test_clients_that_send_nothing_keep_nobody_waiting(self):
        with contextlib.ExitStack() as silent:
            idle = [silent.enter_context(self.daemon.connect()) for _ in range(10)]
            for part in (
                b"",
                b"POST ",
                b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
            ):
                connection = silent.enter_context(self.daemon.connect())
                connection.sendall(part)
            started = time.monotonic()
            self.assertEqual(self.daemon.get("/-/healthy").status, 200)
            self.assertLess(time.monotonic() - started, 2)
#They are sent away in the end, with or without a word.
            idle[0].settimeout(harness.PATIENCE)
            with contextlib.suppress(ConnectionError):
                idle[0].recv(1000)

    def test_ten_thousand_labels_are_refused_with_the_reason(self):
        labels = {f"l{number}": "v" for number in range(10_000)}
        answer = self.daemon.post(METRICS, {"metric_name": "wide", "value": 1, "metadata": labels})
        self.assertEqual(answer.status, 422, answer)
        self.assertIn("metadata", answer.text)
        line = "wide{" + ",".join(f'{name}="v"' for name in labels) + "} 1\n"
        answer = self.daemon.put("/metrics/job/x", line)
        self.assertEqual(answer.status, 400, answer)
        self.assertRegex(answer.text, r"labels.*column \d+")
        self.assertNotIn("wide", self.daemon.get("/metrics").text)

    def test_malformed_exposition_names_line_and_column(self):
        for body, line in (
            ("good 1\nbad{ 2\n", 2),
            ("good 1\n\n\nbad one\n", 4),
            ("good 1", 1),
            ("good 1\r\n", 1),
            ("good 1\n# TYPE x foo\n", 2),
            ('a{x="\xff"} 1\n', 1),
        ):
            answer = self.daemon.put("/metrics/job/x", body.encode("latin-1"))
            self.assertEqual(answer.status, 400, body)
            self.assertRegex(
                answer.text, rf"^text format parsing error in line {line}: .*column \d+"
            )
        self.assertIsNone(self.daemon.metric("good"))

    def test_malformed_json_names_line_and_column(self):
        for body in (
            "",
            "{",
            '{"metric_name": "x",\n "value": }',
            "[1",
            '{"metric_name": "\xff"}',
            "nonsense",
        ):
            answer = self.daemon.post(METRICS, body.encode("latin-1"))
            self.assertEqual(answer.status, 422, body)
            self.assertEqual(answer.json()["detail"][0]["loc"][0], "body", answer)
        where = self.daemon.post(METRICS, '{"metric_name": "x",\n "value": }').json()["detail"][0]
        self.assertEqual((where["type"], where["ctx"]["lineno"]), ("value_error.jsondecode", 2))

    def test_deep_nesting_is_refused(self):
        for body in ("[" * 200_000, '{"metric_name":' * 100_000):
            self.assertEqual(self.daemon.post(BATCH, body).status, 422)

    def test_the_good_part_of_a_batch_is_kept(self):
        good = {
  "metric_name" : "load", "value" : 90, "metadata" : { "host" : "good" }}
        bad = [
            {"metric_name": "load", "value": "NaN"},
            {"value": 1},
            {"metric_name": "load", "value": None},
            {"metric_name": "load", "value": 1, "metadata": {"a": {}}},
        ]
        answer = self.daemon.post(BATCH, [bad[0], good, *bad[1:]])
        self.assertEqual(answer.status, 422)
        report = answer.json()
        self.assertEqual((report["accepted"], report["rejected"]), (1, 4))
        self.assertEqual(
            [fault["loc"][:2] for fault in report["detail"]],
            [["body", 0], ["body", 2], ["body", 3], ["body", 4]],
        )
        self.hook.wait_change("High", "active", host="good")

    def test_all_problems_of_a_metric_are_listed(self):
        answer = self.daemon.post(
            METRICS, {"metric_name": "", "value": "much", "timestamp": "today"}
        )
        self.assertEqual(answer.status, 422)
        self.assertEqual(
            {tuple(fault["loc"]) for fault in answer.json()["detail"]},
            {("body", "metric_name"), ("body", "value"), ("body", "timestamp")},
        )

    def test_numbers_that_are_not_finite_are_refused(self):
        for value in ("NaN", "Infinity", "-Infinity", "1e400", '"NaN"', '"inf"'):
            answer = self.daemon.post(METRICS, f'{{"metric_name": "load", "value": {value}}}')
            self.assertEqual(answer.status, 422, value)
        self.assertEqual(self.daemon.alerts("active,pending"), [])

    def test_the_content_type_of_json_does_not_matter(self):
        body = json.dumps({"metric_name": "load", "value": 95, "metadata": {"host": "curl"}})
        answer = self.daemon.post(
            METRICS, body, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        self.assertEqual(
            (answer.status, answer.json()), (200, {"message": "Metric submitted successfully"})
        )
        self.hook.wait_change("High", "active", host="curl")


class TimestampWindow(harness.TestCase):
    def test_is_a_setting_that_a_reload_changes(self):
        tocsin = self.tocsin(config(intake={"past_grace_period": "2h"}))

        def submit(age):
            return tocsin.post(
                METRICS, {"metric_name": f"m{age}", "value": 1, "timestamp": time.time() - age}
            )

        self.assertEqual(submit(5400).status, 200)
        self.assertEqual(submit(7300).status, 422)
        self.assertEqual(submit(-200).status, 200)
        tocsin.write_config(config(intake={"future_grace_period": "1m"}))
        tocsin.reload()
        self.assertEqual(submit(-200).status, 422)
        refused = submit(5400)
        self.assertEqual(refused.status, 422, refused)
        self.assertIn("at most 1h in the past and 1m in the future", refused.text)


class TooManySeries(harness.TestCase):
    def test_known_series_go_on_and_new_ones_are_refused(self):
        tocsin = self.tocsin(config(series={"max_series": 400}))
        tocsin.submit("known", 1, host="a")
        flood = [{
  "metric_name" : "new", "value" : 1, "metadata" : { "n" : str(n) }} for n in range(1000)]
        answer = tocsin.post(BATCH, flood)
        self.assertEqual(answer.status, 429, answer)
        self.assertEqual(answer.json()["accepted"] + answer.json()["rejected"], 1000)
        self.assertGreater(answer.json()["rejected"], 700)
        tocsin.submit("known", 2, host="a")
        wait_until(lambda: tocsin.metric("known", host="a") == 2, what="the known series to go on")
        page = "".join(f'pushed{{n="{n}"}} 1\n' for n in range(1000))
        self.assertEqual(tocsin.put("/metrics/job/x", page).status, 400)
        self.assertIsNone(tocsin.metric("pushed"))


if __name__ == "__main__":
    harness.main()
