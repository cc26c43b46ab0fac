"""The real amtool against `tocsin alertmanager`: each of its commands, and what it prints."""

import json

import harness
from harness import wait_until

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
OLD = ["--tocsin.reported-version=0.25.0"]  # as this amtool's own Alertmanager, lest it warns
CONFIG = {
    "global": {"resolve_timeout": "6m"},
    "route": {
        "receiver": "hook",
        "group_by": ["alertname"],
        "group_wait": "0s",
        "routes": [
            {"receiver": "db", "matchers": ['team="db"', 'severity=~"page|ticket"']},
            {"receiver": "web", "match": {"team": "web"}, "continue": True},
            {"receiver": "audit", "match_re": {"team": "web|mail"}},
        ],
    },
    "receivers": [
        {"name": "hook", "webhook_configs": [{"url": "http://127.0.0.1:9/hook"}]},
        {"name": "db"},
        {"name": "web"},
        {"name": "audit"},
    ],
    "inhibit_rules": [
        {"source_matchers": ["alertname=Source"], "target_matchers": ["alertname=Target"]}
    ],
}


class Amtool(harness.TestCase):
    def setUp(self):
        harness.Alertmanager.check()
        self.daemon = self.alertmanager(json.dumps(CONFIG), arguments=OLD)

    def amtool(self, *arguments, status=0, stdin=b""):
        url = f"http://127.0.0.1:{self.daemon.port}"
        ended, output = harness.amtool(url, *arguments, stdin=stdin)
        self.assertEqual(ended, status, f"amtool {arguments}: {output}")
        return output

    def read(self, *arguments):
        """What a query says in JSON."""
        return json.loads(self.amtool("-o", "json", *arguments))

    def add_silence(self, *arguments, author="ann"):
        flags = [f"--author={author}", "--comment=disk swap"]
        output = self.amtool("silence", "add", *flags, *arguments)
        self.assertRegex(output, rf"^{UUID}\n$")
        return output.strip()

    def names(self, *arguments):
        return sorted(one["labels"]["alertname"] for one in self.read("alert", "query", *arguments))


class Alerts(Amtool):
    def test_add_and_query(self):
        self.amtool(
            "alert",
            "add",
            "alertname=Disk",
            "job=node",
            "--annotation=summary=it is full",
            "--generator-url=http://p/graph",
        )
        lines = self.amtool("alert", "query").splitlines()
        self.assertEqual(lines[0].split(), ["Alertname", "Starts", "At", "Summary", "State"])
        self.assertRegex(lines[1], r"^Disk +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC +it is full +active")
        extended = self.amtool("-o", "extended", "alert", "query")
        self.assertIn('alertname="Disk" job="node"', extended)
        self.assertIn("http://p/graph", extended)
        (listed,) = self.read("alert", "query", "Disk")
        self.assertEqual(listed["labels"], {"alertname": "Disk", "job": "node"})
        self.assertEqual(listed["annotations"], {"summary": "it is full"})

    def test_query_filters(self):
        self.daemon.fire("A job=x team=db", "B job=y", "C job=xy")
        self.assertEqual(self.names(), ["A", "B", "C"])
        self.assertEqual(self.names("A"), ["A"])
        self.assertEqual(self.names("job=~x.*"), ["A", "C"])
        self.assertEqual(self.names("job!=y", "team="), ["C"])
        self.assertEqual(self.names("alertname=~A|B", 'job!~"y"'), ["A"])
        self.daemon.fire("D team=mail")
        self.assertEqual(self.names("--receiver=audit"), ["D"])
        self.assertEqual(self.names("--receiver=h.*"), ["A", "B", "C"])

    def test_query_by_state(self):
        self.daemon.silence("alertname=Quiet")
        self.daemon.fire("Quiet", "Source", "Target", "Loud")
        self.assertEqual(self.names(), ["Loud", "Source"])
        self.assertEqual(self.names("--silenced"), ["Quiet"])
        self.assertEqual(self.names("--inhibited"), ["Target"])
        self.assertEqual(self.names("--active"), ["Loud", "Source"])
        # -s shows the silenced ones only, -u alone none that has a state.
        self.assertEqual(self.names("-a", "-s", "-i"), ["Loud", "Quiet", "Source", "Target"])

    def test_start_and_end(self):
        self.amtool("alert", "add", "Old", "--start=2026-01-01T10:00:00+02:00")
        self.assertEqual(self.read("alert", "query")[0]["startsAt"], "2026-01-01T08:00:00.000Z")
        self.amtool(
            "alert", "add", "Old", "--start=2026-01-01T10:00:00Z", "--end=2026-01-01T11:00:00Z"
        )
        self.assertEqual(self.names(), [])

    def test_errors_are_printed_as_they_come(self):
        output = self.amtool(
            "alert",
            "add",
            "Bad",
            "--start=2026-01-02T10:00:00Z",
            "--end=2026-01-01T10:00:00Z",
            status=1,
        )
        self.assertIn("start time must be before end time", output)
        output = self.amtool("alert", "query", "Bad", "a=~[", status=1)
        self.assertRegex(output, r"400.*regular expression")


class Silences(Amtool):
    def test_add_and_query(self):
        first = self.add_silence("Disk", "job=~n.*", "--duration=2h")
        second = self.add_silence("Other", "env!=dev", "x!~y")
        lines = self.amtool("silence", "query").splitlines()
        self.assertRegex(lines[0], "^ID +Matchers +Ends At +Created By +Comment")
        (line,) = [line for line in lines if line.startswith(first)]
        self.assertRegex(
            line, r'alertname="Disk" job=~"n\.\*" +\d{4}-\d\d-\d\d [0-9:]{8} UTC +ann +disk swap'
        )
        extended = self.amtool("-o", "extended", "silence", "query")
        self.assertRegex(extended, second + r' +\{alertname="Other",env!="dev",x!~"y"\} ')
        listed = {one["id"]: one for one in self.read("silence", "query")}
        self.assertEqual(set(listed), {first, second})
        self.assertEqual(listed[first]["status"], {"state": "active"})
        self.assertEqual(
            listed[first]["matchers"][1],
            {"name": "job", "value": "n.*", "isRegex": True, "isEqual": True},
        )

    def test_query_filters(self):
        first = self.add_silence("Disk", "job=node")
        second = self.add_silence("Disk", "job=db", "--duration=30m", author="bob")
        self.assertEqual(self.amtool("silence", "query", "-q", "job=node"), f"{first}\n")
        self.assertEqual(
            sorted(self.amtool("silence", "query", "-q", "Disk").split()), sorted([first, second])
        )
        self.assertEqual(self.amtool("silence", "query", "-q", "--created-by=bob"), f"{second}\n")
        self.assertEqual(self.amtool("silence", "query", "-q", "--within=45m"), f"{second}\n")
        self.assertEqual(self.amtool("silence", "query", "-q", "--expired"), "")

    def test_a_silence_to_come(self):
        pending = self.add_silence("Disk", "--start=2099-01-01T00:00:00Z", "--duration=1h")
        (listed,) = self.read("silence", "query")
        self.assertEqual((listed["id"], listed["status"]), (pending, {"state": "pending"}))
        self.assertEqual(listed["endsAt"], "2099-01-01T01:00:00.000Z")

    def test_update_in_place_and_as_a_new_one(self):
        first = self.add_silence("Disk", "--duration=1h")
        output = self.amtool("silence", "update", "--duration=3h", "--comment=longer", first)
        self.assertRegex(output, rf"\n{first} .* longer")
        (listed,) = self.read("silence", "query")
        self.assertEqual((listed["id"], listed["comment"]), (first, "longer"))
        self.assertGreater(listed["endsAt"], listed["startsAt"])
        # Another start makes another silence and expires this one.
        self.amtool("silence", "update", "--start=2099-01-01T00:00:00Z", "--duration=1h", first)
        self.assertEqual(self.read("silence", "query", "--expired")[0]["id"], first)
        (listed,) = self.read("silence", "query")
        self.assertNotEqual(listed["id"], first)
        self.assertEqual(listed["status"]["state"], "pending")

    def test_update_of_an_unknown_one(self):
        self.amtool(
            "silence", "update", "-d", "1h", "11111111-1111-4111-8111-111111111111", status=1
        )

    def test_expire(self):
        ids = [self.add_silence(f"A{number}") for number in range(3)]
        self.amtool("silence", "expire", *ids[:2])
        self.assertEqual(self.amtool("silence", "query", "-q"), f"{ids[2]}\n")
        expired = self.amtool("silence", "query", "-q", "--expired").split()
        self.assertEqual(sorted(expired), sorted(ids[:2]))
        self.amtool("silence", "expire", "11111111-1111-4111-8111-111111111111", status=1)

    def test_export_and_import(self):
        for number in range(20):
            self.add_silence(f"A{number}", "x!=y", "z=~b|c")
        exported = json.loads(self.amtool("-o", "json", "silence", "query"))
        file = self.folder / "silences.json"
        file.write_text(json.dumps(exported))
        self.amtool("silence", "import", file)
        self.assertEqual(len(self.daemon.silences(active="true")), 20)  # the same ones
        self.amtool("silence", "import", "--force", file)
        active = [one for one in self.daemon.silences() if one["status"]["state"] == "active"]
        self.assertEqual(len(active), 40)

        def content(silences):
            return {json.dumps([s["matchers"], s["comment"]], sort_keys=True) for s in silences}

        self.assertEqual(content(active), content(exported))

    def test_a_silence_shows_at_once(self):
        self.daemon.fire("Disk")
        silence = self.add_silence("Disk")
        (listed,) = self.read("alert", "query", "--silenced")
        self.assertEqual(listed["status"]["silencedBy"], [silence])
        self.assertEqual(listed["status"]["state"], "suppressed")

    def test_errors_are_printed_as_they_come(self):
        output = self.amtool(
            "silence",
            "add",
            "--comment=x",
            "a=b",
            "--start=2020-01-01T00:00:00Z",
            "--end=2020-01-02T00:00:00Z",
            status=1,
        )
        self.assertIn("Failed to create silence: end time can't be in the past", output)
        output = self.amtool("silence", "add", "-c", "x", "a=~.*", status=1)
        self.assertIn("at least one matcher must not match the empty string", output)


class Configuration(Amtool):
    def test_config_show_is_a_configuration_that_amtool_accepts(self):
        shown = self.amtool("config", "show")
        self.assertIn("resolve_timeout: 6m", shown)
        self.assertNotIn("127.0.0.1:9/hook", shown)  # the path may be a secret
        file = self.folder / "shown.yml"
        file.write_text(shown)
        output = self.amtool("check-config", file)
        self.assertIn("SUCCESS", output)
        self.assertRegex(output, r"- 4 receivers\n")
        self.assertRegex(output, r"- 1 inhibit rules\n")

    def test_check_config_accepts_what_we_accept(self):
        self.assertIn("SUCCESS", self.amtool("check-config", self.daemon.config_file))

    def test_routes_show(self):
        tree = self.amtool("config", "routes", "show")
        for line in (
            "default-route  receiver: hook",
            '{severity=~"page|ticket",team="db"}  receiver: db',
            '{team="web"}  continue: true  receiver: web',
            '{team=~"^(?:web|mail)$"}  receiver: audit',
        ):
            self.assertIn(line, tree)

    def test_routes_test(self):
        for labels, receivers in (
            (("team=db", "severity=page"), "db"),
            (("team=db",), "hook"),
            (("team=web",), "web,audit"),
            (("team=mail",), "audit"),
            ((), "hook"),
        ):
            output = self.amtool("config", "routes", "test", *labels)
            self.assertEqual(output, f"{receivers}\n", labels)
        self.amtool("config", "routes", "test", "--verify.receivers=web,audit", "team=web")
        output = self.amtool(
            "config", "routes", "test", "--verify.receivers=db", "team=web", status=1
        )
        self.assertIn("WARNING: Expected receivers did not match", output)

    def test_amtool_and_the_daemon_route_alike(self):
        for team in ("db", "web", "mail", "none"):
            words = ["alertname=A", f"team={team}", "severity=page"]
            self.daemon.fire(" ".join(words))
            routed = self.amtool("config", "routes", "test", *words).strip()
            (listed,) = self.daemon.alerts(filter=f"team={team}")
            self.assertEqual(
                sorted(receiver["name"] for receiver in listed["receivers"]),
                sorted(routed.split(",")),
            )

    def test_template_render_needs_no_daemon(self):
        output = self.amtool(
            "template", "render", "--template.glob=/nothing/*", "--template.text={{ .Status }}"
        )
        self.assertEqual(output.strip(), "alertstatus")


class Cluster(harness.TestCase):
    def setUp(self):
        harness.Alertmanager.check()

    def show(self, cluster):
        daemon = self.alertmanager(json.dumps(CONFIG), arguments=OLD, cluster=cluster)
        return harness.amtool(
            f"http://127.0.0.1:{daemon.port}", "--output=extended", "cluster", "show"
        )

    def test_without_clustering(self):
        status, output = self.show("")
        self.assertEqual(status, 0, output)
        self.assertRegex(output, r"Cluster Status: +disabled")

    def test_with_clustering_it_is_its_only_peer(self):
        status, output = self.show("127.0.0.1:9094")
        self.assertEqual(status, 0, output)
        self.assertRegex(output, r"Cluster Status: +ready")
        self.assertRegex(output, r"127\.0\.0\.1:9094")


class Version(harness.TestCase):
    def test_amtool_warns_of_another_version_and_goes_on(self):
        harness.Alertmanager.check()
        daemon = self.alertmanager(json.dumps(CONFIG))
        daemon.fire("Disk")
        url = f"http://127.0.0.1:{daemon.port}"
        status, output = harness.amtool(url, "alert", "query")
        self.assertEqual(status, 0, output)
        self.assertRegex(output, r"(?i)warning: amtool version.*0\.34")
        self.assertIn("Disk", output)
        status, output = harness.amtool(url, "--no-version-check", "alert", "query")
        self.assertNotRegex(output, "(?i)warning")

    def test_a_route_prefix_is_part_of_the_url(self):
        harness.Alertmanager.check()
        daemon = self.prepare_alertmanager(
            json.dumps(CONFIG), arguments=["--web.external-url=http://am.example/am/"]
        ).spawn()
        address = wait_until(lambda: (daemon.storage / "address").read_text().strip())
        url = f"http://{address}/am"
        status, output = harness.amtool(url, "--no-version-check", "alert", "add", "Disk")
        self.assertEqual(status, 0, output)
        status, output = harness.amtool(url, "--no-version-check", "alert", "query")
        self.assertRegex(output, "Disk .*active")


class Fix(harness.TestCase):
    def fix(self, *arguments, status=0):
        ended, output = harness.ended([harness.BINARY, "check", "config", *arguments, "--fix"])
        self.assertEqual(ended, status, output)
        return output

    def test_what_is_rewritten_passes_amtool_and_means_the_same(self):
        harness.Alertmanager.check()
        file = self.folder / "old.yml"
        old = (
            "# ours\nroute:\n  receiver: a\n  routes:\n  - match:\n      team: db  # them\n"
            "    receiver: b\nreceivers:\n- name: a\n- name: b\n"
        )
        file.write_text(old)
        self.assertIn("old.yml:5: match becomes matchers", self.fix(file, "--dry-run"))
        self.assertEqual(file.read_text(), old)
        self.fix(file)
        self.assertEqual((self.folder / "old.yml.bak").read_text(), old)
        new = old.replace("match:", "matchers:").replace("team: db", "- 'team=\"db\"'")
        self.assertEqual(file.read_text(), new)
        self.assertIn("nothing to rewrite", self.fix(file))
        for name in ("old.yml", "old.yml.bak"):
            ended, output = harness.amtool("http://127.0.0.1:9", "check-config", self.folder / name)
            self.assertEqual(ended, 0, output)
        file.write_text(old)
        self.fix(file, status=1)  # the older backup stays
        self.assertEqual(file.read_text(), old)


del Amtool  # it has no tests of its own

if __name__ == "__main__":
    harness.main()
