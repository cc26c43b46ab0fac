"""Flags, sub-commands, environment, and what a start refuses."""

import json
import os
import subprocess

import harness
from certificates import Authority
from harness import BINARY, config, rule, rule_file

# A file that means something only with --config.expand-env.
ALERTMANAGER = """\
route:
  receiver: ${TEAM}
receivers:
- name: team-a
  webhook_configs:
  - url: ${HOOK}
"""

BAD_CONFIG = """\
global:
  scrape_interval: never
remote_write: []
tocsin:
  staleness: 5m
  stalenes: 5m
"""


class CommandLine(harness.TestCase):
    def tool(self, *arguments, **environment):
        """(exit status, both outputs)"""
        done = subprocess.run(
            [BINARY, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=harness.PATIENCE,
            env={**os.environ, **environment},
        )
        return done.returncode, done.stdout.decode()

    def file(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def test_version_and_help(self):
        status, output = self.tool("--version")
        self.assertEqual(status, 0)
        self.assertRegex(output, r"^tocsin.* \d+\.\d+")
        status, output = self.tool("--help")
        self.assertEqual(status, 0)
        for flag in (
            "--config.file",
            "--storage.path",
            "--web.listen-address",
            "--log.level",
            "--log.format",
        ):
            self.assertIn(flag, output)

    def test_an_unknown_flag_is_refused(self):
        status, output = self.tool("--no-such-flag")
        self.assertNotEqual(status, 0)
        self.assertIn("no-such-flag", output)

    def test_check_config_lists_every_problem_with_its_place(self):
        path = self.file("tocsin.yml", BAD_CONFIG)
        status, output = self.tool("check", "config", path)
        self.assertEqual(status, 1)
        for line in (2, 3, 6):
            self.assertRegex(output, rf"tocsin\.yml:{line}:\d+: ")
        self.assertIn("remote_write is not supported yet", output)
        self.assertEqual(self.tool("check", "config", self.file("good/tocsin.yml", config()))[0], 0)

    def test_check_config_makes_the_channels_as_the_daemon_does(self):
        ca_file = self.folder / "ca.pem"
        tls = {"tls_config": {"ca_file": str(ca_file)}}
        channel = {"url": "https://127.0.0.1:1/", "http_config": tls}
        own = json.dumps({"tocsin": {"receivers": [{"name": "hook", "webhook": channel}]}})
        upstream = json.dumps(
            {
                "route": {"receiver": "hook"},
                "receivers": [{"name": "hook", "webhook_configs": [channel]}],
            }
        )
        for name, text in (("tocsin.yml", own), ("alertmanager.yml", upstream)):
            with self.subTest(file=name):
                path = self.file(name, text)
                status, output = self.tool("check", "config", path)
                self.assertEqual(status, 1, output)
                self.assertIn("FAILED", output)
                self.assertRegex(output, rf"(?m)^{path}:\d+:\d+: .*{ca_file}")
                Authority(self.folder, "ca")
                status, output = self.tool("check", "config", path)
                self.assertEqual(status, 0, output)
                ca_file.unlink()

    def test_check_rules_lists_every_problem_of_every_file(self):
        good = self.file("good.yml", rule_file([rule("High", "load")]))
        bad = self.file(
            "bad.yml",
            "rules:\n- name: A\n  metric_name: a\n  condition: '>'\n"
            "  threshold: high\n  severity: loud\n",
        )
        self.assertEqual(self.tool("check", "rules", good)[0], 0)
        status, output = self.tool("check", "rules", good, bad, self.folder / "missing.yml")
        self.assertEqual(status, 1)
        self.assertRegex(output, r"bad\.yml:5:\d+: ")
        self.assertRegex(output, r"bad\.yml:6:\d+: ")
        self.assertIn("missing.yml", output)

    def test_every_command_expands_variables_where_it_is_told_to(self):
        path = self.file("alertmanager.yml", ALERTMANAGER)
        variables = {"TEAM": "team-a", "HOOK": "http://127.0.0.1:9/hook"}
        own = self.file(
            "own/tocsin.yml",
            config(alertmanager={"config_file": str(path)}, security={"encryption_key_file": "k"}),
        )
        self.file("own/k", "00" * 32).chmod(0o600)
        flag = "--config.expand-env"
        for command, answer in (
            (("check", "config", path), "SUCCESS"),
            (("check", "config", own), "SUCCESS"),
            (("routes", "show", f"--config.file={path}"), "receiver: team-a"),
            (("routes", "test", f"--config.file={path}", "a=b"), "team-a"),
            (
                ("receiver", "test", "team-a", "--render-only", f"--config.file={path}"),
                "POST http",
            ),
            (("receiver", "test", "team-a", "--render-only", f"--config.file={own}"), "POST http"),
        ):
            with self.subTest(command=command):
                status, output = self.tool(*command, **variables)
                self.assertEqual(status, 1)
                self.assertIn("${HOOK} is not expanded", output)
                self.assertIn(flag, output)
                status, output = self.tool(*command, flag, **variables)
                self.assertEqual(status, 0, output)
                self.assertIn(answer, output)
        status, output = self.tool("check", "config", path, flag, TEAM="team-a")
        self.assertEqual(status, 1)
        self.assertIn("the environment variable HOOK is not set", output)

    def test_the_daemon_expands_variables_where_it_is_told_to(self):
        hook = self.sink()
        path = self.file("alertmanager.yml", ALERTMANAGER)
        tocsin = self.prepare_tocsin(
            config(alertmanager={"config_file": str(path), "reported_version": "0.27.0"}),
            environment={"TEAM": "team-a", "HOOK": hook.url},
        )
        tocsin.spawn()
        self.assertEqual(tocsin.process.wait(), 1)
        self.assertIn("--config.expand-env", tocsin.process.stderr())
        tocsin.arguments.append("--config.expand-env")
        tocsin.start()
        self.assertEqual(tocsin.post("/-/reload").status, 200)
        status = tocsin.get("/api/v2/status").json()
        self.assertEqual(status["versionInfo"]["version"], "0.27.0")

    def test_the_drop_in_says_its_version(self):
        status, output = self.tool("alertmanager", "--version")
        self.assertEqual(status, 0)
        self.assertRegex(output, r"^alertmanager, version 0\.34\.0 \(")
        self.assertRegex(output, r"\ntocsin, version \d+\.\d+")

    def test_check_config_says_where_a_config_map_has_the_file(self):
        path = self.file(
            "map.yml",
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  alertmanager.yml: |\n    route: {}\n",
        )
        status, output = self.tool("check", "config", path)
        self.assertEqual(status, 1)
        self.assertIn("map.yml:2:7: this is a Kubernetes ConfigMap", output)
        self.assertIn('data."alertmanager.yml" holds a file', output)
        self.assertNotIn("unknown key", output)

    def test_a_bad_configuration_is_refused_at_start_with_every_problem(self):
        tocsin = self.prepare_tocsin(BAD_CONFIG)
        tocsin.spawn()
        self.assertEqual(tocsin.process.wait(), 1)
        for line in (2, 3, 6):
            self.assertRegex(tocsin.process.stderr(), rf"tocsin\.yml:{line}:\d+: ")

    def test_a_port_that_is_taken_is_refused_with_the_address(self):
        first = self.tocsin(config())
        status, output = self.tool(
            f"--config.file={first.config_file}",
            f"--storage.path={self.folder / 'two'}",
            f"--web.listen-address=127.0.0.1:{first.port}",
        )
        self.assertEqual(status, 1)
        self.assertIn(f"127.0.0.1:{first.port}", output)

    def test_one_storage_folder_is_not_shared_by_two_daemons(self):
        first = self.tocsin(config())
        status, output = self.tool(
            f"--config.file={first.config_file}",
            f"--storage.path={first.storage}",
            "--web.listen-address=127.0.0.1:0",
        )
        self.assertEqual(status, 1)
        self.assertIn(str(first.storage), output)
        self.assertEqual(first.get("/-/ready").status, 200)

    def test_json_logs_are_one_object_a_line(self):
        tocsin = self.tocsin(config(), arguments=["--log.format=json", "--log.level=debug"])
        tocsin.stop()
        lines = [json.loads(line) for line in tocsin.process.stderr().splitlines()]
        self.assertTrue(lines)
        for line in lines:
            self.assertLessEqual({"timestamp", "level", "component", "msg"}, line.keys())


class Environment(harness.TestCase):
    def test_webhook_url_makes_a_receiver_that_gets_unrouted_alerts(self):
        hook = self.sink()
        unrouted = rule("High", "load", notification_channels=[])
        tocsin = self.tocsin(config(), [unrouted], environment={"WEBHOOK_URL": hook.url})
        tocsin.submit("load", 90, host="a")
        hook.wait_change("High", "active")
        self.assertNotIn("/hook", tocsin.process.stderr(), "the address is a secret")

    def test_database_url_says_where_the_state_is(self):
        database = self.folder / "elsewhere.db"
        tocsin = self.tocsin(config(), environment={"DATABASE_URL": f"sqlite:///{database}"})
        self.assertTrue(database.exists())
        tocsin.stop()
        tocsin.environment["DATABASE_URL"] = "oracle://somewhere"
        tocsin.spawn()
        self.assertEqual(tocsin.process.wait(), 1)
        self.assertIn("sqlite:///", tocsin.process.stderr())

    def test_prometheus_port_opens_a_second_listener_for_metrics(self):
        extra = harness.HttpApi()
        extra.port = harness.free_port()
        self.tocsin(config(), environment={"PROMETHEUS_PORT": str(extra.port)})
        self.assertIn("alerting_rules_total", extra.get("/metrics").text)
        self.assertEqual(extra.get("/api/v1/alerting/alerts").status, 404)


if __name__ == "__main__":
    harness.main()
