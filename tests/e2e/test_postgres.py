"""The state in PostgreSQL: nothing is lost or told twice, and nobody waits for a server that is
gone."""

import os
import sqlite3

import harness
from harness import BINARY, config, ended, rule, wait_until

API = "/api/v1/alerting"
SECRET = harness.Postgres.password


class OnPostgres(harness.TestCase):
    def prepare(self, rules=(), **settings):
        self.postgres = self.peer(harness.Postgres)
        self.hook = self.sink()
        self.daemon = self.prepare_tocsin(
            config({"hook": self.hook}, staleness="1h", **settings),
            rules,
            environment={"DATABASE_URL": self.postgres.url("postgresql+psycopg2")},
        )
        return self.daemon

    def start(self, rules=(), **settings):
        return self.prepare(rules, **settings).start()

    def get(self, path, expect=200):
        answer = self.daemon.get(f"{API}{path}")
        self.assertEqual(answer.status, expect, answer)
        return answer.json()

    def types(self):
        events = self.get("/events?order=asc&limit=500")["events"]
        self.assertEqual(
            [event["sequence"] for event in events], list(range(1, len(events) + 1))
        )
        return [event["type"] for event in events]

    def cli(self, *arguments, status=0):
        got, said = ended(
            [BINARY, *arguments, f"--storage.path={self.daemon.storage}"],
            environment={**self.daemon.environment, "PATH": os.environ["PATH"]},
        )
        self.assertEqual(got, status, said)
        return said

    def refused(self, url):
        """What a daemon says that does not start with this database."""
        status, said = ended(
            [
                BINARY,
                f"--config.file={self.daemon.config_file}",
                f"--storage.path={self.folder / 'other'}",
                "--web.listen-address=127.0.0.1:0",
            ],
            environment={**self.daemon.environment, "DATABASE_URL": url},
        )
        self.assertEqual(status, 1, said)
        for secret in (SECRET, "hunter2", "wrong-password"):
            self.assertNotIn(secret, said)
        return said

    # ---

    def test_alerts_history_and_managed_rules_survive_kill_9(self):
        tocsin = self.start([rule("CPU", "cpu")])
        made = tocsin.post(f"{API}/rules", rule("Memory", "memory")).json()
        for metric in ("cpu", "memory"):
            tocsin.submit(metric, 90, host="a")
        for name in ("CPU", "Memory"):
            self.hook.wait_change(name, "active")
        wait_until(lambda: self.types().count("notification.delivered") == 2, what="their events")
        before = tocsin.alerts("active"), self.types(), self.get(f"/rules/{made['id']}")

        tocsin.kill9()
        tocsin.start()
        self.assertEqual(tocsin.alerts("active"), before[0])
        self.assertEqual(self.types()[: len(before[1])], before[1])
        self.assertEqual(self.get(f"/rules/{made['id']}"), before[2])
        tocsin.submit("cpu", 91, host="a")
        tocsin.submit("cpu", 10, host="a")
        self.hook.wait_change("CPU", "resolved")
        self.assertEqual(
            sorted(self.hook.changes()),
            [("CPU", "active"), ("CPU", "resolved"), ("Memory", "active")],
        )
        self.assertFalse((tocsin.storage / "alerting.db").exists())

    def test_a_second_daemon_is_refused(self):
        tocsin = self.start()
        said = self.refused(self.postgres.url())
        self.assertIn("in use by another tocsin", said)
        self.assertEqual(tocsin.get("/-/ready").status, 200)
        tocsin.restart()  # its own lock went with it

    def test_while_the_server_is_gone_alerts_are_told_and_kept(self):
        tocsin = self.start([rule("CPU", "cpu"), rule("Memory", "memory")])
        tocsin.submit("cpu", 90, host="a")
        self.hook.wait_change("CPU", "active")
        wait_until(lambda: "notification.delivered" in self.types(), what="the message's event")
        before = len(self.types())
        self.postgres.halt()

        tocsin.submit("memory", 90, host="a")
        tocsin.submit("cpu", 10, host="a")
        self.hook.wait_change("Memory", "active")
        self.hook.wait_change("CPU", "resolved")
        health = self.get("/health")
        self.assertEqual(health["status"], "degraded")
        self.assertEqual(health["checks"]["database"], "degraded")
        self.assertEqual(tocsin.metric("tocsin_store_healthy"), 0)
        self.assertIn("state cannot be written", tocsin.process.stderr())
        self.assertNotIn(SECRET, tocsin.get(f"{API}/status").text)

        self.postgres.start()
        wait_until(
            lambda: tocsin.metric("tocsin_store_healthy") == 1, what="the store to be well again"
        )
        self.assertEqual(self.get("/health")["checks"]["database"], "healthy")
        wait_until(
            lambda: self.types()[before:].count("notification.delivered") == 2,
            what="the events of the time without a database",
        )
        self.assertIn("alert.resolved", self.types()[before:])
        active = tocsin.alerts("active")
        tocsin.kill9()
        tocsin.start()
        self.assertEqual(tocsin.alerts("active"), active)
        self.assertEqual([alert["name"] for alert in active], ["Memory"])
        self.assertEqual(len(self.hook.requests), 3)

    def test_what_cannot_be_opened_is_refused_without_its_secret(self):
        self.prepare()
        port = self.postgres.port
        for url, why in (
            (self.postgres.url(password="wrong-password"), "password authentication failed"),
            (self.postgres.url(database="absent"), 'absent\\" does not exist'),
            ("postgres://tocsin:hunter2@host.invalid/db", "could not translate host name"),
            (f"postgresql://tocsin:hunter2@127.0.0.1:{harness.free_port()}/db", "refused"),
            (f"postgresql://tocsin:{SECRET}@127.0.0.1:{port}/postgres", "DATABASE_URL: "),
        ):
            self.assertIn(why, self.refused(url))
        self.assertIn("PostgreSQL", ended([BINARY, "--version"])[1])

    def test_commands_work_on_it_beside_the_daemon(self):
        self.prepare()
        token = self.cli("keys", "create", "--name=ann", "--scope=admin").splitlines()[-1]
        tocsin = self.daemon.start()
        self.assertEqual(tocsin.get(f"{API}/rules").status, 401)
        headers = {"Authorization": f"Bearer {token}"}
        self.assertEqual(tocsin.get(f"{API}/rules", headers=headers).status, 200)
        self.assertRegex(self.cli("keys", "list"), r"(?m)^\S+  \w+  admin  ann  ")
        self.assertIn("SUCCESS", self.cli("audit", "verify"))
        tocsin.environment["DATABASE_URL"] = self.postgres.url(password="wrong-password")
        said = self.cli("keys", "list", status=1)
        self.assertIn("password authentication failed", said)
        self.assertNotIn("wrong-password", said)

    def test_what_the_original_kept_is_imported_once_no_daemon_uses_it(self):
        self.prepare()
        file = self.folder / "original.db"
        with sqlite3.connect(file) as original:
            original.executescript(
                "CREATE TABLE alert_rules (id, name, metric_name, condition, threshold, severity);"
                "CREATE TABLE alerts (id, rule_id, name, severity, status, metric_name,"
                " metric_value, triggered_at);"
                "INSERT INTO alert_rules VALUES ('1', 'CPU', 'cpu', '>', '80', 'high')"
            )
        original.close()
        self.daemon.start()
        # From another folder, whose lock nobody has.
        command = [BINARY, "import", "pynomaly", file, f"--storage.path={self.folder / 'other'}"]
        status, said = ended(command, environment=self.daemon.environment)
        self.assertEqual(status, 1, said)
        self.assertIn("is in use by another tocsin", said)
        self.daemon.stop()
        self.assertIn("rules: 1 imported, 0 already", self.cli("import", "pynomaly", file))
        self.assertIn("rules: 0 imported, 1 already", self.cli("import", "pynomaly", file))
        self.daemon.start()
        self.assertEqual([one["name"] for one in self.get("/rules")], ["CPU"])
        self.assertIn("rule.created", self.types())


if __name__ == "__main__":
    harness.main()
