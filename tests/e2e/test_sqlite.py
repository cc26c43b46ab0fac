"""The state in an SQLite file: one daemon at a time, and nobody waits for a file that cannot be
written."""

import sqlite3

import harness
from harness import BINARY, config, ended, rule


class OnSqlite(harness.TestCase):
    def setUp(self):
        self.hook = self.sink()

    def start(self, rules=(), **more):
        self.daemon = self.tocsin(config({"hook": self.hook}, staleness="1h"), rules, **more)
        return self.daemon

    def cli(self, *arguments, status=0, storage=None):
        got, said = ended(
            [BINARY, *arguments, f"--storage.path={storage or self.daemon.storage}"],
            environment=self.daemon.environment,
        )
        self.assertEqual(got, status, said)
        return said


class OneDaemon(OnSqlite):
    def start_elsewhere(self):
        """A daemon whose database is not in its storage folder; other names of that database."""
        database = self.folder / "shared.db"
        tocsin = self.start([rule("CPU", "cpu")], environment={"DATABASE_URL": f"sqlite:///{database}"})
        link = self.folder / "link.db"
        link.symlink_to("shared.db")
        return tocsin, (database, link)

    def test_a_second_one_is_refused_under_any_name(self):
        tocsin, names = self.start_elsewhere()
        for name in names:
            tocsin.environment["DATABASE_URL"] = f"sqlite:///{name}"
            said = self.cli(f"--config.file={tocsin.config_file}", status=1, storage=self.folder / "b")
            self.assertIn(f"the state database {name} is in use by another tocsin", said)
        tocsin.submit("cpu", 90, host="a")
        self.hook.wait_change("CPU", "active")
        self.assertNotIn("state cannot be written", tocsin.process.stderr())

    def test_its_lock_goes_with_it_however_it_ends(self):
        tocsin, names = self.start_elsewhere()
        tocsin.kill9()
        tocsin.environment["DATABASE_URL"] = f"sqlite:///{names[1]}"
        tocsin.start().restart()

    def test_commands_that_need_no_peace_work_beside_it_and_an_import_is_refused(self):
        tocsin, _ = self.start_elsewhere()
        other = self.folder / "other"  # whose lock nobody has
        other.mkdir()
        self.assertIn("SUCCESS", self.cli("audit", "verify", storage=other))
        self.assertEqual(self.cli("keys", "list", storage=other), "")
        original = self.folder / "original.db"
        with sqlite3.connect(original) as connection:
            connection.executescript(
                "CREATE TABLE alert_rules (id, name, metric_name, condition, threshold, severity);"
                "CREATE TABLE alerts (id, rule_id, name, severity, status, metric_name,"
                " metric_value, triggered_at);"
                "INSERT INTO alert_rules VALUES ('1', 'Disk', 'disk', '>', '80', 'high')"
            )
        connection.close()
        said = self.cli("import", "pynomaly", original, storage=other, status=1)
        self.assertIn("is in use by another tocsin", said)
        self.assertEqual(tocsin.get("/api/v1/alerting/rules").json()[0]["name"], "CPU")
        tocsin.stop()
        self.assertIn(
            "rules: 1 imported", self.cli("import", "pynomaly", original, storage=other)
        )


if __name__ == "__main__":
    harness.main()
