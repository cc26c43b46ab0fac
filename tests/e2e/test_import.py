"""`tocsin import pynomaly`: a database of the original becomes rules, history, and alerts that go
on."""

import datetime
import hashlib
import json
import signal
import sqlite3
import uuid

import harness
from harness import BINARY, config, ended, wait_until
from process import Process

API = "/api/v1/alerting"

# As SQLAlchemy made them for the original.
TABLES = """
CREATE TABLE alert_rules (
  id VARCHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(255), description TEXT,
  metric_name VARCHAR(255), condition VARCHAR(255), threshold VARCHAR(255), duration INTEGER,
  severity VARCHAR(50), enabled BOOLEAN, notification_channels TEXT, notification_template TEXT,
  cooldown_period INTEGER, created_at DATETIME, updated_at DATETIME, created_by VARCHAR(255));
CREATE TABLE alerts (
  id VARCHAR(36) NOT NULL PRIMARY KEY, rule_id VARCHAR(36), name VARCHAR(255), description TEXT,
  severity VARCHAR(50), status VARCHAR(50), metric_name VARCHAR(255), metric_value VARCHAR(255),
  threshold VARCHAR(255), triggered_at DATETIME, acknowledged_at DATETIME, resolved_at DATETIME,
  metadata TEXT, fingerprint VARCHAR(255), notifications_sent INTEGER,
  last_notification_at DATETIME);
"""
CPU, DISK = str(uuid.uuid4()), str(uuid.uuid4())
HOSTILE = "'; DROP TABLE alerts; -- <script>{{.}}</script> \x1b[2J 🚨 " + "ü" * 150
NOW = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=120_456)


def ago(**span):
    """Naive UTC, as the original wrote it."""
    return str(NOW - datetime.timedelta(**span))


def shown(naive):
    """The same in the API's form, to the millisecond."""
    return naive.replace(" ", "T")[:23] + "Z"


def rule_row(identity, name, metric, channels, **more):
    return {
        "id": identity,
        "name": name,
        "description": None,
        "metric_name": metric,
        "condition": ">",
        "threshold": "80.0",
        "duration": 0,
        "severity": "high",
        "enabled": 1,
        "notification_channels": channels,
        "notification_template": None,
        "cooldown_period": 0,
        "created_at": ago(days=400),
        "updated_at": ago(days=2),
        "created_by": "anna",
        **more,
    }


def alert_row(status, rule_id, metric, host, **more):
    return {
        "id": str(uuid.uuid4()),
        "rule_id": rule_id,
        "name": "CPU",
        "description": "as it was",
        "severity": "high",
        "status": status,
        "metric_name": metric,
        "metric_value": "85.5",
        "threshold": "80.0",
        "triggered_at": ago(hours=3),
        "metadata": json.dumps({"host": host}),
        "fingerprint": "0123",
        "notifications_sent": 1,
        **more,
    }


def write_database(path, rules=(), alerts=(), tables=TABLES):
    with sqlite3.connect(path) as connection:
        connection.executescript(tables)
        for table, rows in (("alert_rules", rules), ("alerts", alerts)):
            for row in rows:
                names, marks = ", ".join(row), ", ".join("?" * len(row))
                connection.execute(
                    f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values())
                )
    connection.close()


class Import(harness.TestCase):
    def setUp(self):
        self.hook = self.sink()
        self.daemon = self.prepare_tocsin(config({"hook": self.hook}))
        self.file = self.folder / "original.db"
        self.rules = [
            rule_row(CPU, "CPU", "system.cpu.usage", '["hook", "email"]', description="hot"),
            rule_row(DISK, HOSTILE, "disk", "hook,slack", threshold="90"),
        ]

    def run_import(self, *more, status=0):
        """What it says; the file and its folder must be what they were."""
        before = self.fingerprint()
        code, output = ended(
            [
                BINARY,
                "import",
                "pynomaly",
                self.file,
                f"--storage.path={self.daemon.storage}",
                f"--config.file={self.daemon.config_file}",
                *more,
            ],
            environment={"PATH": "/usr/bin:/bin"},
        )
        self.assertEqual(code, status, output)
        self.assertEqual(self.fingerprint(), before)
        return output

    def fingerprint(self):
        return {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in self.folder.glob("original.db*")
            if file.is_file()
        }

    def get(self, path):
        answer = self.daemon.get(f"{API}{path}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def told(self):
        return self.hook.changes()

    def sent(self):
        """Of all imported alerts, the most messages that anyone was told."""
        return max(one["notifications_sent"] for one in self.daemon.alerts("all"))

    # ---

    def test_rules_come_over_with_all_that_they_say_and_fire(self):
        write_database(self.file, self.rules)
        output = self.run_import()
        self.assertIn("rules: 2 imported, 0 already there, 0 refused", output)
        self.daemon.start()
        rules = {one["id"]: one for one in self.get("/rules")}
        self.assertEqual(rules.keys(), {CPU, DISK})
        cpu, disk = rules[CPU], rules[DISK]
        for field in ("name", "metric_name", "condition", "threshold", "severity", "created_by"):
            self.assertEqual(cpu[field], self.rules[0][field])
        self.assertEqual(cpu["description"], "hot")
        self.assertEqual(cpu["notification_channels"], ["hook", "email"])
        self.assertEqual(cpu["created_at"], shown(self.rules[0]["created_at"]))
        self.assertEqual(cpu["updated_at"], shown(self.rules[0]["updated_at"]))
        self.assertEqual(disk["name"], HOSTILE)
        self.assertEqual(disk["notification_channels"], ["hook", "slack"])
        events = self.get("/events?type=rule.created")["events"]
        self.assertEqual({one["rule_id"] for one in events}, {CPU, DISK})
        entries = self.get("/audit?limit=100")
        noted = {e["target"]: e for e in entries if e["action"] == "rule.import"}
        self.assertEqual(noted.keys(), {CPU, DISK})
        self.assertIn("command line", noted[CPU]["actor"])
        self.assertEqual(noted[DISK]["after"]["threshold"], "90")
        self.assertEqual(noted[DISK]["after"]["notification_channels"], ["hook", "slack"])
        self.assertFalse([e for e in entries if e["action"] == "alerts.import"])
        code, said = ended([BINARY, "audit", "verify", f"--storage.path={self.daemon.storage}"])
        self.assertEqual(code, 0, said)
        self.daemon.submit("disk", 95, host="a")
        wait_until(lambda: self.told() == [(HOSTILE, "active")], what="the message")
        # It is like any other rule of the API.
        changed = self.daemon.put(f"{API}/rules/{DISK}", {"threshold": "99"})
        self.assertEqual(changed.status, 200, changed)

    def test_alerts_go_on_where_the_original_left_them(self):
        active = alert_row("active", CPU, "system.cpu.usage", "a")
        acknowledged = alert_row(
            "acknowledged", CPU, "system.cpu.usage", "b", acknowledged_at=ago(hours=2)
        )
        over = alert_row(
            "resolved", CPU, "system.cpu.usage", "a", resolved_at=ago(days=1), severity="low"
        )
        of_nobody = alert_row("resolved", str(uuid.uuid4()), "gone", "c", resolved_at=ago(days=2))
        ancient = alert_row("resolved", CPU, "gone", "c", resolved_at=ago(days=400))
        for one in (over, of_nobody, ancient):
            one["triggered_at"] = ago(days=500)
        write_database(self.file, self.rules, [active, acknowledged, over, of_nobody, ancient])
        output = self.run_import()
        self.assertIn(
            "alerts: 4 imported (1 active, 1 acknowledged, 2 resolved), 0 already there, "
            "0 refused, 1 left out (of those resolved, the newest 10000 of the last 30d are kept)",
            output,
        )

        self.daemon.start()
        # The one that fires is told once, since nobody here has heard of it; no other is.
        wait_until(lambda: self.told() == [("CPU", "active")], what="the message")
        self.assertEqual([one["id"] for one in self.daemon.alerts()], [active["id"]])
        self.assertEqual(
            [one["id"] for one in self.daemon.alerts("acknowledged")], [acknowledged["id"]]
        )
        history = {one["id"]: one for one in self.daemon.alerts("resolved")}
        self.assertEqual(history.keys(), {over["id"], of_nobody["id"]})
        self.assertEqual(history[over["id"]]["resolved_at"], shown(over["resolved_at"]))
        self.assertEqual(history[over["id"]]["severity"], "low")
        self.assertEqual(history[over["id"]]["description"], "as it was")
        self.assertEqual(history[of_nobody["id"]]["metric_name"], "gone")
        found = self.get(f"/alerts?status=all&rule_id={CPU}&severity=low")
        self.assertEqual([one["id"] for one in found], [over["id"]])

        # The same series, still too high: the same alerts.
        for host in ("a", "b"):
            self.daemon.submit("system.cpu.usage", 91, host=host)
        self.assertEqual([one["metric_value"] for one in self.daemon.alerts()], ["91.0"])
        self.assertEqual(len(self.daemon.alerts("active,acknowledged")), 2)
        self.daemon.restart()
        for host in ("a", "b"):
            self.daemon.submit("system.cpu.usage", 12, host=host)
        resolved = {one["id"]: one for one in self.daemon.alerts("resolved")}
        self.assertEqual(resolved[active["id"]]["resolved_reason"], "recovered")
        self.assertEqual(resolved[acknowledged["id"]]["resolved_reason"], "recovered")
        wait_until(
            lambda: self.told() == [("CPU", "active"), ("CPU", "resolved")],
            what="the end, and no message but these",
        )

    def test_an_alert_that_is_silent_here_or_whose_rule_is_gone_ends(self):
        silent = alert_row("active", CPU, "system.cpu.usage", "a")
        of_nobody = alert_row("active", str(uuid.uuid4()), "gone", "b")
        write_database(self.file, self.rules, [silent, of_nobody])
        self.daemon.write_config(config({"hook": self.hook}, staleness="1s"))
        self.run_import()
        self.daemon.start()
        wait_until(lambda: len(self.daemon.alerts("resolved")) == 2, what="their ends")
        reasons = {one["id"]: one["resolved_reason"] for one in self.daemon.alerts("resolved")}
        self.assertEqual(reasons, {silent["id"]: "stale", of_nobody["id"]: "rule_deleted"})
        wait_until(
            lambda: self.told() == [("CPU", "active"), ("CPU", "resolved")],
            what="messages about the one whose rule is there",
        )

    def test_a_second_import_changes_nothing(self):
        alerts = [
            alert_row("active", CPU, "system.cpu.usage", "a"),
            alert_row("resolved", CPU, "system.cpu.usage", "a", resolved_at=ago(days=1)),
        ]
        write_database(self.file, self.rules, alerts)
        self.run_import()
        self.daemon.start()
        wait_until(lambda: self.sent() == 1, what="that it fires to be told and counted")
        self.daemon.submit("system.cpu.usage", 12, host="a")
        self.daemon.put(f"{API}/rules/{CPU}", {"threshold": "70"})
        wait_until(lambda: self.sent() == 2, what="that it has ended to be told and counted")
        before = self.get("/rules"), self.daemon.alerts("all"), self.get("/events")["events"]
        self.daemon.stop()
        output = self.run_import()
        self.assertIn("rules: 0 imported, 2 already there, 0 refused", output)
        self.assertIn("0 resolved), 2 already there, 0 refused", output)
        self.daemon.start()
        after = self.get("/rules"), self.daemon.alerts("all")
        self.assertEqual(after, before[:2])
        new = [one["type"] for one in self.get("/events")["events"] if one not in before[2]]
        self.assertFalse([kind for kind in new if kind.startswith(("rule.", "alert."))], new)

    def test_a_dry_run_says_the_same_and_writes_nothing(self):
        write_database(self.file, self.rules, [alert_row("active", CPU, "system.cpu.usage", "a")])
        output = self.run_import("--dry-run")
        self.assertIn("rules: 2 imported", output)
        self.assertIn("nothing was written (--dry-run)", output)
        self.assertFalse(self.daemon.storage.exists())
        self.daemon.start()
        self.assertIn("rules: 2 imported", self.run_import("--dry-run"))
        self.assertEqual(self.get("/rules"), [])

    def test_refused_while_a_daemon_runs(self):
        write_database(self.file, self.rules)
        self.daemon.start()
        output = self.run_import(status=1)
        self.assertIn("is in use by another tocsin; stop that one", output)
        self.daemon.restart()
        self.assertEqual(self.get("/rules"), [])

    def test_good_rows_are_imported_and_every_fault_of_the_others_is_told(self):
        bad_rules = [
            rule_row("1", "no metric", None, "hook"),
            rule_row("2", "two faults", "cpu", "hook,fax", threshold="hot"),
            rule_row("3", "broken list", "cpu", '["hook"'),
            rule_row("4", b"\x00\xff", "cpu", "hook"),
            rule_row("5", "x" * 256, "cpu", "hook"),
            rule_row("6", "when", "cpu", "hook", created_at="yesterday"),
            rule_row("7", "why\n\x1b[2Jnot", "cpu", "hook", condition="~", severity="grave"),
        ]
        bad_alerts = [
            alert_row("over", CPU, "system.cpu.usage", "a", id="8"),
            alert_row("active", CPU, "system.cpu.usage", "a", id="9", metadata="{'host': 'a'}"),
            alert_row("active", "2", "cpu", "a", id="10"),
            alert_row("active", CPU, "cpu", "a", id="11", metric_value=None, triggered_at=None),
            alert_row("active", CPU, "cpu", "a", id="12", metadata='{"a":' * 999 + "1" + "}" * 999),
        ]
        write_database(self.file, [*self.rules, *bad_rules], bad_alerts)
        output = self.run_import(status=1)
        prefix = f"{self.file}: table alert_rules, rule"
        for line in (
            f'{prefix} "no metric" (1): metric_name: none is not an allowed value',
            f'{prefix} "two faults" (2): threshold: threshold must be a number',
            f'{prefix} "two faults" (2): notification_channels.1: unknown notification channel '
            '"fax"; known: email, slack, discord, webhook, teams, pagerduty, hook, console',
            f'{prefix} "broken list" (3): notification_channels: begins like a JSON array and is',
            f'{prefix} "unreadable" (4): name: these are bytes and no text',
            f'{prefix} "{"x" * 80}"... (5): name: ensure this value has at most 255 characters',
            f'{prefix} "when" (6): created_at: invalid datetime format',
            f'{prefix} "why\\n\\x1b[2Jnot" (7): condition: string does not match regex',
            f'{prefix} "why\\n\\x1b[2Jnot" (7): severity: value is not a valid enumeration member',
            '"CPU" (8): status: value is not a valid enumeration member',
            '"CPU" (9): metadata: this is no JSON',
            '"CPU" (10): rule_id: this rule was refused; mend it and import again',
            '"CPU" (11): metric_value: none is not an allowed value',
            '"CPU" (11): triggered_at: none is not an allowed value',
            '"CPU" (12): metadata: this is nested too deeply',
        ):
            self.assertIn(line, output)
        self.assertNotIn("\x1b", output)
        self.assertIn("rules: 2 imported, 0 already there, 7 refused", output)
        self.assertIn("resolved), 0 already there, 5 refused", output)
        self.daemon.start()
        self.assertEqual({one["id"] for one in self.get("/rules")}, {CPU, DISK})

    def test_other_files_are_refused_with_what_they_are(self):
        def says(text):
            output = self.run_import(status=1)
            self.assertIn(text, output)
            self.assertIn(str(self.file), output)

        says("No such file")
        self.file.write_bytes(b"")
        says("is no SQLite database")
        self.file.write_text("rules: []\n" * 100)
        says("is no SQLite database")
        self.file.unlink()
        write_database(self.file, tables="CREATE TABLE alerts (key, value)")
        says("it has no table alert_rules, its table alerts has no column id")
        self.file.unlink()
        write_database(self.file, [rule_row(str(i), "r", "m", "hook") for i in range(300)])
        whole = self.file.read_bytes()
        self.file.write_bytes(whole[: len(whole) // 2])
        says("is damaged")
        self.file.write_bytes(whole)
        self.lock()
        says("is locked by another program: stop the original, and import again")
        self.assertFalse(self.daemon.storage.exists(), "nothing was imported")

    def lock(self):
        """By another process: its locks end where this one reads the file."""
        owner = Process(
            "owner",
            [
                "python3",
                "-uc",
                "import signal, sqlite3, sys;"
                "c = sqlite3.connect(sys.argv[1], isolation_level=None);"
                "c.execute('BEGIN EXCLUSIVE'); print('locked'); signal.pause()",
                self.file,
            ],
            self.folder,
        )
        self.addCleanup(owner.kill9)
        wait_until(owner.stdout, what="the lock")

    def test_a_write_that_was_broken_off_is_left_to_its_owner(self):
        write_database(self.file, self.rules)
        killed = Process(
            "original",
            [
                "python3",
                "-c",
                "import os, signal, sqlite3, sys;"
                "c = sqlite3.connect(sys.argv[1], isolation_level=None);"
                "c.execute('PRAGMA cache_size = 1'); c.execute('BEGIN');"
                "c.execute(\"UPDATE alert_rules SET description = printf('%.*c', 100000, 'x')\");"
                "os.kill(os.getpid(), signal.SIGKILL)",
                self.file,
            ],
            self.folder,
        )
        self.assertEqual(killed.wait(), -signal.SIGKILL)
        self.assertIn("was broken off", self.run_import(status=1))
        with sqlite3.connect(self.file) as owner:  # as the message says: opened once
            owner.execute("SELECT count(*) FROM alert_rules").fetchall()
        owner.close()
        self.assertIn("rules: 2 imported", self.run_import())

    def test_a_channel_that_nobody_knows_may_be_made_first(self):
        write_database(self.file, [rule_row(CPU, "CPU", "cpu", "chat")])
        self.assertIn('unknown notification channel "chat"', self.run_import(status=1))
        self.daemon.start()
        made = self.daemon.post(
            f"{API}/receivers", {"name": "chat", "webhook": {"url": "https://hooks.example.org/1"}}
        )
        self.assertEqual(made.status, 200, made)
        self.daemon.stop()
        self.assertIn("rules: 1 imported", self.run_import())


if __name__ == "__main__":
    harness.main()
