"""The state in an SQLite file: one daemon at a time, and nobody waits for a file that cannot be
written."""

import resource
import sqlite3
import subprocess

import harness
from alertmanager import short
from harness import BINARY, config, ended, rule, wait_until

API = "/api/v1/alerting"
TROUBLE = "state cannot be written"
WELL_AGAIN = "state can be written again"


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
        tocsin = self.start(
            [rule("CPU", "cpu")], environment={"DATABASE_URL": f"sqlite:///{database}"}
        )
        link = self.folder / "link.db"
        link.symlink_to("shared.db")
        return tocsin, (database, link)

    def test_a_second_one_is_refused_under_any_name(self):
        tocsin, names = self.start_elsewhere()
        for name in names:
            tocsin.environment["DATABASE_URL"] = f"sqlite:///{name}"
            said = self.cli(
                f"--config.file={tocsin.config_file}", status=1, storage=self.folder / "b"
            )
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
        said = self.cli("import", "pynomaly", original, storage=other)
        self.assertIn("rules: 1 imported", said)

class Refusals:
    """What may befall the database of a running daemon: each returns what ends it."""

    def database_file(self):
        return next(self.daemon.storage.glob("*.db"))

    def files(self):
        return sorted(self.daemon.storage.glob(f"{self.database_file().name}*"))

    def full(self):
        """No file grows beyond what the log of the daemon may need, which is less than there is of
        the database's already."""
        pid, small = self.daemon.process.pid, 32 << 10
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (small, hard))
        return lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))

    def locked(self):
        other = sqlite3.connect(self.database_file(), isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        self.addCleanup(other.close)
        return lambda: other.execute("ROLLBACK")

    def read_only(self):
        # Not the index of the log: SQLite maps it, and a mapping that may not be written kills.
        files = [str(file) for file in self.files() if not file.name.endswith(("-shm", "-lock"))]
        done = subprocess.run(["chattr", "+i", *files], capture_output=True, check=False)

        def release():
            subprocess.run(["chattr", "-i", *files], capture_output=True, check=False)

        self.addCleanup(release)
        if done.returncode != 0:
            self.skipTest(f"files cannot be made immutable here: {done.stderr.decode().strip()}")
        return release

    def gone(self):
        """With its folder, so that it cannot be written anew; it comes back."""
        away = self.daemon.storage.with_name("away")
        self.daemon.storage.rename(away)
        return lambda: away.rename(self.daemon.storage)


class Refused(OnSqlite, Refusals):
    def health(self):
        return self.daemon.get(f"{API}/health").json()

    def types(self):
        """Of all events, whose numbers leave none out."""
        events = self.daemon.get(f"{API}/events?order=asc&limit=500").json()["events"]
        self.assertEqual(
            [event["sequence"] for event in events], list(range(1, len(events) + 1))
        )
        return [event["type"] for event in events]

    def start_with_an_alert(self):
        tocsin = self.start([rule("CPU", "cpu"), rule("Memory", "memory")])
        tocsin.submit("cpu", 90, host="a")
        self.hook.wait_change("CPU", "active")
        wait_until(lambda: "notification.delivered" in self.types(), what="the message's event")
        self.made = tocsin.post(f"{API}/rules", rule("Disk", "disk")).json()["id"]
        return tocsin

    def check_degraded(self, why):
        tocsin = self.daemon
        wait_until(lambda: tocsin.metric("tocsin_store_healthy") == 0, what="the store to be ill")
        answer = tocsin.get(f"{API}/health")
        self.assertEqual(answer.status, 200)
        health = answer.json()
        self.assertEqual(health["status"], "degraded", health)
        self.assertEqual(health["checks"]["database"], "degraded", health)
        said = tocsin.process.stderr()
        self.assertEqual(said.count(TROUBLE), 1)
        self.assertRegex(said, why)

    def check_well_again(self):
        tocsin = self.daemon
        wait_until(lambda: tocsin.metric("tocsin_store_healthy") == 1, what="the store to be well")
        self.assertEqual(self.health()["checks"]["database"], "healthy")
        wait_until(lambda: WELL_AGAIN in tocsin.process.stderr(), what="the log to say so")

    def alerts_go_on(self):
        tocsin = self.daemon
        tocsin.submit("memory", 90, host="a")
        tocsin.submit("cpu", 10, host="a")
        self.hook.wait_change("Memory", "active")
        self.hook.wait_change("CPU", "resolved")

    def nothing_is_lost_by_a_kill(self):
        """What happened while the database refused is there after a restart, and told once."""
        tocsin = self.daemon
        wait_until(
            lambda: self.types().count("notification.delivered") == 3, what="the messages' events"
        )
        before, active = self.types(), tocsin.alerts("active")
        self.assertIn("alert.resolved", before)
        tocsin.kill9()
        tocsin.start()
        self.assertEqual([alert["name"] for alert in active], ["Memory"])
        self.assertEqual(tocsin.alerts("active"), active)
        self.assertEqual(self.types()[: len(before)], before)
        self.assertEqual(tocsin.get(f"{API}/rules/{self.made}").json()["name"], "Disk")
        self.assertEqual(len(self.hook.requests), 3)

    def befalls(self, refuse, why):
        self.start_with_an_alert()
        release = refuse()
        self.alerts_go_on()
        self.check_degraded(why)
        release()
        self.check_well_again()
        self.nothing_is_lost_by_a_kill()

    def test_a_full_disk(self):
        self.befalls(self.full, r"disk I/O error|full")

    def test_a_locked_database(self):
        self.befalls(self.locked, r"database is locked")

    def test_a_database_that_has_become_read_only(self):
        self.befalls(self.read_only, r"disk I/O error|readonly")

    def test_a_folder_that_is_gone_for_a_while(self):
        self.befalls(self.gone, r"the file is gone; put it back")

    def test_a_deleted_database_is_noticed_without_a_write_and_written_anew(self):
        tocsin = self.start_with_an_alert()
        for file in self.files():
            file.unlink()
        self.check_degraded(r"the file is gone; put it back")
        self.alerts_go_on()
        self.check_well_again()
        self.assertIn("it is written anew, with all that it held", tocsin.process.stderr())
        self.nothing_is_lost_by_a_kill()
        self.assertIn("SUCCESS", self.cli("audit", "verify"))

    def test_what_is_never_written_is_told_again_after_a_restart(self):
        """The disk stays full until the daemon is killed: the state of before goes on."""
        tocsin = self.start_with_an_alert()
        self.full()
        self.alerts_go_on()
        self.check_degraded(r"disk I/O error|full")
        tocsin.kill9()
        tocsin.start()
        self.assertEqual([alert["name"] for alert in tocsin.alerts("active")], ["CPU"])
        tocsin.submit("cpu", 10, host="a")
        tocsin.submit("memory", 90, host="a")
        wait_until(
            lambda: sorted(self.hook.changes())
            == sorted(
                [("CPU", "active")] + 2 * [("CPU", "resolved")] + 2 * [("Memory", "active")]
            ),
            what="what nobody remembers to have told",
        )
        self.assertEqual(tocsin.metric("tocsin_store_healthy"), 1)


class RefusedAlertmanager(harness.TestCase, Refusals):
    """The same for `tocsin alertmanager`."""

    def start(self):
        self.hook = self.sink()
        self.daemon = self.alertmanager(
            "route: {receiver: hook, group_by: ['...'], group_wait: 0s, group_interval: 1s}\n"
            f"receivers: [{{name: hook, webhook_configs: [{{url: '{self.hook.url}'}}]}}]\n"
        )
        return self.daemon

    def told(self):
        return [
            (short(one["labels"]), one["status"])
            for request in self.hook.requests
            for one in request.json()["alerts"]
        ]

    def wait_told(self, *change):
        wait_until(lambda: change in self.told(), what=f"{change} to be told")

    def befalls(self, refuse, why):
        daemon = self.start()
        kept = daemon.silence("alertname=Kept")
        daemon.fire("Disk")
        self.wait_told("Disk", "firing")
        release = refuse()
        daemon.fire("Memory")
        daemon.end("Disk")
        self.wait_told("Memory", "firing")
        self.wait_told("Disk", "resolved")
        wait_until(lambda: daemon.metric("tocsin_store_healthy") == 0, what="the metric")
        said = daemon.process.stderr()
        self.assertEqual(said.count(TROUBLE), 1)
        self.assertRegex(said, why)
        self.assertEqual(daemon.get("/-/healthy").status, 200)
        page = daemon.get("/").text
        self.assertIn("State cannot be written", page)
        self.assertRegex(page, why)
        release()
        wait_until(lambda: daemon.metric("tocsin_store_healthy") == 1, what="the store to be well")
        wait_until(lambda: WELL_AGAIN in daemon.process.stderr(), what="the log to say so")
        self.assertNotIn("State cannot be written", daemon.get("/").text)
        daemon.kill9()
        daemon.start()
        self.assertEqual([one["id"] for one in daemon.silences()], [kept])
        daemon.fire("Memory", "Last")
        self.wait_told("Last", "firing")
        # The notification log knows who was told while it could not be written.
        self.assertEqual(self.told().count(("Memory", "firing")), 1)

    def test_a_full_disk(self):
        self.befalls(self.full, r"disk I/O error|full")

    def test_a_locked_database(self):
        self.befalls(self.locked, r"database is locked")

    def test_a_database_that_has_become_read_only(self):
        self.befalls(self.read_only, r"disk I/O error|readonly")

    def test_a_folder_that_is_gone_for_a_while(self):
        self.befalls(self.gone, r"the file is gone; put it back")


if __name__ == "__main__":
    harness.main()
