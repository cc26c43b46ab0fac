"""Pushing in the Pushgateway's way: by hand, and with the Python client that people use."""

import sys

import harness
from harness import config, parse_samples, rule


def samples(tocsin, name):
    """{labels without instance="": value} of one name on /metrics"""
    return {
        tuple(sorted((key, value) for key, value in labels.items() if value)): value
        for sample, labels, value in parse_samples(tocsin.get("/metrics").text)
        if sample == name
    }


class Push(harness.TestCase):
    def setUp(self):
        self.hook = self.sink()
        self.daemon = self.tocsin(
            config({"hook": self.hook}), [rule("Backup Slow", "backup_seconds", threshold=60)]
        )

    def push(self, method, path, body=None):
        return self.daemon.request(method, f"/metrics/job/{path}", body)

    def test_put_replaces_a_group_and_post_only_the_names_it_brings(self):
        answer = self.push("PUT", "batch/zone/a", "first 1\nsecond 2\n")
        self.assertEqual((answer.status, answer.body), (200, b""))
        group = (("job", "batch"), ("zone", "a"))
        self.assertEqual(samples(self.daemon, "first"), {group: 1.0})
        self.push("POST", "batch/zone/a", "second 20\n")
        self.assertEqual(
            (samples(self.daemon, "first"), samples(self.daemon, "second")),
            ({group: 1.0}, {group: 20.0}),
        )
        self.push("PUT", "batch/zone/a", "third 3\n")
        self.assertEqual((samples(self.daemon, "first"), samples(self.daemon, "second")), ({}, {}))
        self.assertEqual(samples(self.daemon, "third"), {group: 3.0})
        self.assertIn(group, samples(self.daemon, "push_time_seconds"))

    def test_delete_drops_one_group_only(self):
        self.push("PUT", "batch/zone/a", "x 1\n")
        self.push("PUT", "batch/zone/b", "x 2\n")
        self.assertEqual(self.push("DELETE", "batch/zone/a").status, 202)
        self.assertEqual(samples(self.daemon, "x"), {(("job", "batch"), ("zone", "b")): 2.0})
        self.assertEqual(self.push("DELETE", "never/zone/a").status, 202)

    def test_a_push_fires_at_once_and_a_delete_resolves(self):
        self.push("PUT", "backup", "backup_seconds 90\n")
        self.hook.wait_change("Backup Slow", "active", job="backup")
        self.push("DELETE", "backup")
        self.hook.wait_change("Backup Slow", "resolved")
        self.assertEqual(self.daemon.alerts("resolved")[0]["resolved_reason"], "stale")

    def test_groups_survive_kill_9(self):
        self.push("PUT", "backup/db/orders%2Feu", "# HELP x Size.\n# TYPE x counter\nx 1.5\n")
        before = [
            line
            for line in self.daemon.get("/metrics").text.splitlines()
            if line.startswith(("x{", "# HELP x ", "# TYPE x ", "push_time_seconds{"))
        ]
        self.assertEqual(len(before), 4, before)
        self.daemon.kill9()
        self.daemon.start()
        page = self.daemon.get("/metrics").text.splitlines()
        self.assertEqual([line for line in before if line not in page], [])

    def test_a_bad_push_leaves_the_group_as_it_was(self):
        self.push("PUT", "batch", "x 1\n")
        answer = self.push("PUT", "batch", "x 2\ny{ 3\n")
        self.assertEqual(answer.status, 400)
        self.assertRegex(answer.text, r"^text format parsing error in line 2: .*column \d+")
        self.assertEqual(samples(self.daemon, "x"), {(("job", "batch"),): 1.0})

    def test_a_bad_path_is_refused_and_does_not_wedge_the_route(self):
        for path, reason in (
            ("@base64/!!", "invalid base64 encoding"),
            ("/batch/odd", "odd number"),
            ("/batch/bad-name/x", "improper label name"),
            ("/batch/__x/y", "improper label name"),
        ):
            answer = self.daemon.post(f"/metrics/job{path}", "x 1\n")
            self.assertEqual(answer.status, 400, answer)
            self.assertIn(reason, answer.text)
        self.assertEqual(self.daemon.post("/metrics/job@base64/YmF0Y2g", "x 1\n").status, 200)
        self.assertIn((("job", "batch"),), samples(self.daemon, "x"))


class PythonClient(harness.TestCase):
    """python3-prometheus-client, as its documentation tells to use it."""

    def setUp(self):
        packages = harness.peer_path("usr/lib/python3/dist-packages")
        sys.path.insert(0, str(packages))
        self.addCleanup(sys.path.remove, str(packages))
        import prometheus_client

        self.client = prometheus_client
        self.registry = prometheus_client.CollectorRegistry()
        self.daemon = self.tocsin(config())
        self.gateway = f"127.0.0.1:{self.daemon.port}"

    def names(self, job):
        return {
            name
            for name, labels, _ in parse_samples(self.daemon.get("/metrics").text)
            if labels.get("job") == job
        }

    def test_push_pushadd_and_delete(self):
        last = self.client.Gauge("last_success", 'Says "when",\nand more.', registry=self.registry)
        last.set(12.5)
        self.client.push_to_gateway(self.gateway, job="batch", registry=self.registry)
        self.assertIn("last_success", self.names("batch"))

        more = self.client.CollectorRegistry()
        duration = self.client.Histogram("duration_seconds", "How long.", registry=more)
        duration.observe(0.3)
        self.client.Counter("runs", "How often.", registry=more).inc()
        self.client.pushadd_to_gateway(self.gateway, job="batch", registry=more)
        self.assertLessEqual(
            {"last_success", "runs_total", "duration_seconds_bucket"}, self.names("batch")
        )
        self.assertEqual(self.daemon.metric("duration_seconds_bucket", job="batch", le="+Inf"), 1)

        self.client.delete_from_gateway(self.gateway, job="batch")
        self.assertEqual(self.names("batch"), set())

    def test_grouping_keys_with_odd_values_and_kill_9(self):
        self.client.Gauge("size", "Size.", registry=self.registry).set(7)
        key = {"path": "/var/lib", "empty": "", "city": "Zürich"}
        self.client.push_to_gateway(
            self.gateway, job="a/b", registry=self.registry, grouping_key=key
        )
        self.daemon.kill9()
        self.daemon.start()
        found = [
            labels
            for name, labels, _ in parse_samples(self.daemon.get("/metrics").text)
            if name == "size"
        ]
        self.assertEqual(
            [{k: v for k, v in labels.items() if v} for labels in found],
            [{"job": "a/b", "path": "/var/lib", "city": "Zürich"}],
        )


if __name__ == "__main__":
    harness.main()
