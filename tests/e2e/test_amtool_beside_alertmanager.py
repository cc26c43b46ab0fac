"""The real amtool says the same to the real Alertmanager and to `tocsin alertmanager`, of the same
configuration, and must print the same text of both.

Two things of a text are replaced before it is compared, since they cannot be the same: the ids of
silences are random (a number in the order in which they were seen), and times that a server or
amtool took from its clock are those of two moments (the hours from the beginning of the test).
Where we follow a younger Alertmanager than Debian's 0.25 both texts stand in the test.
"""

import collections
import datetime
import json
import re

import harness
from harness import wait_until

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3}Z| UTC)")
DAY = 24 * 3600  # seconds
UNKNOWN = "11111111-1111-4111-8111-111111111111"
FORMATS = ("simple", "extended", "json")
YEAR_2099 = "--end=2099-01-01T00:00:00Z"

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
            {
                "matchers": ["team!=x", 'a!~"b|"', "team=~o.*"],
                "receiver": "db",
                "group_by": ["..."],
                "mute_time_intervals": ["nights"],
                "routes": [{"matchers": ['quoted="a \\"b\\" {c}, d"'], "receiver": "web"}],
            },
        ],
    },
    "time_intervals": [
        {
            "name": "nights",
            "time_intervals": [
                {
                    "times": [{"start_time": "00:00", "end_time": "06:00"}],
                    "weekdays": ["monday:friday", "sunday"],
                    "days_of_month": ["1:5", "-3:-1"],
                    "months": ["january:march"],
                    "years": ["2020:2022"],
                    "location": "UTC",
                }
            ],
        }
    ],
    "receivers": [
        {"name": "hook", "webhook_configs": [{"url": "http://127.0.0.1:9/hook"}]},
        {"name": "db"},
        {"name": "web", "webhook_configs": [{"url": "http://127.0.0.1:9/", "max_alerts": 3}]},
        {"name": "audit"},
    ],
    "inhibit_rules": [
        {"source_matchers": ["alertname=Source"], "target_matchers": ["alertname=Target"]},
        {"source_match": {"a": "b"}, "target_match_re": {"c": "d|e"}, "equal": ["f", "g"]},
    ],
}


# The lines of `config show` that only one of them has. Ours has the defaults of the root route (and
# no "continue", which means nothing there), the deprecated keys of matchers in their younger form,
# and, as in younger Alertmanagers, no address of a webhook, which may be a secret. The lists of time
# intervals are the same in the other style of YAML.
SHOWN_BY_ALERTMANAGER = """\
  continue: false
    match:
      team: web
    match_re:
      team: web|mail
- source_match:
    a: b
  target_match_re:
    c: d|e
    url: http://127.0.0.1:9/hook
    url: http://127.0.0.1:9/
templates: []
    weekdays: ['monday:friday', sunday]
    days_of_month: ["1:5", '-3:-1']
    months: ["1:3"]
    years: ['2020:2022']
"""
SHOWN_BY_OURS = """\
  group_interval: 5m
  repeat_interval: 4h
    matchers:
    matchers:
    - team="web"
    - team=~"^(?:web|mail)$"
- source_matchers:
  target_matchers:
  - a="b"
  - c=~"^(?:d|e)$"
    url: http://127.0.0.1:9/<secret>
    url: http://127.0.0.1:9/<secret>
    weekdays:
    - monday:friday
    - sunday
    days_of_month:
    - 1:5
    - -3:-1
    months:
    - 1:3
    years:
    - 2020:2022
"""


def without_quotes(line):
    """An item of a YAML list without the quotes that it can do without."""
    start, found, text = line.partition("- ")
    if found and text[0] == '"':
        text = json.loads(text)
    elif found and text[0] == "'":
        text = text[1:-1].replace("''", "'")
    return start + found + text


class Side:
    """One of the two, and what amtool prints of it with what cannot be the same replaced."""

    def __init__(self, api):
        self.api = api
        self.silences = []
        self.replaced = {}
        self.started = datetime.datetime.now(datetime.timezone.utc)

    def amtool(self, arguments):
        given = [self._with_ids(str(argument)) for argument in arguments]
        status, output = harness.amtool(f"http://127.0.0.1:{self.api.port}", *given)
        return status, self.comparable(output)

    def comparable(self, text):
        for own, placeholder in self.replaced.items():
            text = text.replace(own, placeholder)
        for found in UUID.findall(text):
            if found not in self.silences and found != UNKNOWN:
                self.silences.append(found)
        for number, silence in enumerate(self.silences):
            text = text.replace(silence, f"<silence {number}>")
        return TIME.sub(self._without_clock, text)

    def _with_ids(self, argument):
        return re.sub(r"<silence (\d+)>", lambda found: self.silences[int(found[1])], argument)

    def _without_clock(self, found):
        text = found[0].replace("T", " ")[:19]
        time = datetime.datetime.fromisoformat(f"{text}+00:00")
        after = (time - self.started).total_seconds()
        return f"<now + {round(after / 3600)} h>" if abs(after) < DAY else found[0]


class Beside(harness.TestCase):
    def setUp(self):
        self.start(CONFIG)

    def start(self, config, flags=(), cluster=""):
        text = json.dumps(config)
        self.real = Side(self.own(harness.Alertmanager(self.folder, text, flags, cluster)))
        flags = [*flags, "--tocsin.reported-version=0.25.0"]  # this amtool's own, lest it warns
        self.ours = Side(self.alertmanager(text, arguments=flags, cluster=cluster))

    def each(self, *arguments, status=0):
        """What amtool prints of the real one, and of ours."""
        texts = []
        for side in (self.real, self.ours):
            ended, output = side.amtool(arguments)
            self.assertEqual(ended, status, f"amtool {arguments}: {output}")
            texts.append(output)
        return texts

    def both(self, *arguments, status=0):
        """What amtool prints, which is the same for both."""
        real, ours = self.each(*arguments, status=status)
        self.assertEqual(real, ours, f"amtool {arguments}")
        return ours

    def in_all_formats(self, *arguments):
        return [self.both("-o", form, *arguments) for form in FORMATS]

    def add_alert(self, *arguments):
        times = ["--start=2026-01-01T10:00:00Z", YEAR_2099]
        self.assertEqual(self.both("alert", "add", *arguments, *times), "")

    def add_silence(self, *arguments):
        return self.both("silence", "add", "--author=ann", "--comment=disk swap", *arguments)


class Alerts(Beside):
    def test_what_was_added_is_listed(self):
        self.assertEqual(self.in_all_formats("alert", "query")[2], "[]\n")
        more = ["--annotation=summary=it is full", "--annotation=unit=B", "--generator-url=http://p/"]
        self.add_alert("Disk", "job=node", *more)
        self.add_alert("alertname=Other", "job=node", r'path=a \"b\" \\ ü')
        self.add_alert("nameless=yes")
        simple, extended, as_json = self.in_all_formats("alert", "query")
        self.assertIn("it is full  active", simple)
        self.assertIn("ü", extended)
        self.assertEqual(len(json.loads(as_json)), 3)
        self.both("--date.format=2006", "alert", "query")

    def test_of_now_and_until_it_times_out(self):
        self.both("alert", "add", "Disk")
        self.assertIn("<now + 0 h>", self.in_all_formats("alert", "query")[0])

    def test_one_that_has_ended_is_listed_no_more(self):
        self.add_alert("Disk")
        self.both("alert", "add", "Disk", "--start=2026-01-01T10:00:00Z", "--end=2026-01-01T11:00:00Z")
        self.assertEqual(self.in_all_formats("alert", "query")[2], "[]\n")

    def test_times_with_an_offset_are_the_same_moments(self):
        # Alertmanager keeps the offset that came; ours says every time in UTC.
        times = ["--start=2026-01-01T10:00:00+02:00", "--end=2099-01-01T09:30:00+01:30"]
        self.both("alert", "add", "Disk", *times)
        for output in self.each("-o", "json", "alert", "query"):
            (listed,) = json.loads(output)
            moments = [
                datetime.datetime.fromisoformat(listed[key].replace("Z", "+00:00")).timestamp()
                for key in ("startsAt", "endsAt")
            ]
            self.assertEqual(moments, [1767254400, 4070937600])

    def test_filters(self):
        self.add_alert("A", "job=x", "team=db", "severity=page")
        self.add_alert("B", "job=y", "team=mail")
        self.add_alert("C", "job=xy", "empty=")
        for query, count in (
            (["A"], 1),
            (["job=~x.*"], 2),
            (["job!=y", "team="], 1),
            (["job=~"], 0),
            (["team!="], 2),
            (["alertname=~A|B", 'job!~"y"'], 1),
            (["job=~x"], 1),  # anchored
            (["--receiver=audit"], 1),
            (["--receiver=h.*"], 1),
            (["--receiver=ho"], 0),
            (["-r", "db|hook", "job=x"], 1),
            (["a=~["], 0),  # no matcher, so a name
        ):
            listed = json.loads(self.in_all_formats("alert", "query", *query)[2])
            self.assertEqual(len(listed), count, query)

    def test_states(self):
        self.add_silence("Quiet", YEAR_2099)
        for name in ("Quiet", "Source", "Target", "Loud"):
            self.add_alert(name)
        for flags, count in (
            ([], 2),
            (["--silenced"], 1),
            (["--inhibited"], 1),
            (["--active"], 2),
            (["--unprocessed"], 0),
            (["-a", "-s"], 3),
            (["-a", "-s", "-i"], 4),
        ):
            listed = json.loads(self.in_all_formats("alert", "query", *flags)[2])
            self.assertEqual(len(listed), count, flags)

    def test_what_is_refused(self):
        wrong_order = ["--start=2026-01-02T10:00:00Z", "--end=2026-01-01T10:00:00Z"]
        said = self.both("alert", "add", "Bad", *wrong_order, status=1)
        self.assertIn("[400] postAlertsBadRequest  start time must be before end time", said)
        self.both("alert", "add", "a=", status=1)
        self.both("alert", "add", "Bad", "--start=yesterday", status=1)
        # The words after the colon are those of the library that reads regular expressions.
        real, ours = self.each("alert", "query", "--receiver=[", status=1)
        refusal = "amtool: error: [GET /alerts][400] getAlertsBadRequest  failed to parse receiver param: "
        self.assertTrue(real.startswith(refusal), real)
        self.assertTrue(ours.startswith(refusal), ours)


class Silences(Beside):
    def test_what_was_added_is_listed(self):
        self.assertEqual(self.in_all_formats("silence", "query")[2], "[]\n")
        self.assertEqual(self.add_silence("Disk", "job=~n.*|", "--duration=2h"), "<silence 0>\n")
        self.add_silence("Other", "env!=dev", "x!~y", "--duration=3h")
        self.add_silence(r'quoted=a \"b\" \\ ü', "--start=2098-01-01T00:00:00Z", YEAR_2099)
        simple, extended, as_json = self.in_all_formats("silence", "query")
        self.assertRegex(simple, r'<silence 0>  alertname="Disk" job=~"n\.\*\|" +<now \+ 2 h>  ann ')
        self.assertIn('{alertname="Other",env!="dev",x!~"y"}', extended)
        self.assertEqual(
            [one["status"]["state"] for one in json.loads(as_json)], ["active", "active", "pending"]
        )

    def test_filters(self):
        self.add_silence("Disk", "job=node", "--duration=3h")
        self.both("silence", "add", "-a", "bob", "-c", "other", "Disk", "job=db", "--duration=1h")
        self.add_silence("Gone", "--duration=2h")
        self.both("silence", "expire", "<silence 2>")
        for query, shown in (
            ([], {0, 1}),
            (["job=node"], {0}),
            (["Disk"], {0, 1}),
            (["job=~node"], set()),  # no matcher of theirs
            (["--created-by=bob"], {1}),
            (["--within=90m"], {1}),
            (["--expired"], {2}),
            (["--expired", "--within=1h"], {2}),
            (["--expired", "Disk"], set()),
        ):
            self.in_all_formats("silence", "query", *query)
            ids = self.both("silence", "query", "--quiet", *query)
            self.assertEqual({int(number) for number in re.findall(r"\d+", ids)}, shown, query)

    def test_an_update_in_place(self):
        self.add_silence("Disk", "--duration=1h")
        said = self.both("silence", "update", "--duration=3h", "--comment=longer", "<silence 0>")
        self.assertRegex(said, r"<silence 0> .*<now \+ 3 h> .*longer")
        self.both("silence", "update", YEAR_2099, "<silence 0>")
        self.in_all_formats("silence", "query")

    def test_an_update_that_makes_another_one(self):
        self.add_silence("Disk", "--duration=1h")
        times = ["--start=2098-01-01T00:00:00Z", YEAR_2099]
        self.both("silence", "update", *times, "<silence 0>")
        self.in_all_formats("silence", "query", "--expired")
        (listed,) = json.loads(self.in_all_formats("silence", "query")[2])
        self.assertEqual((listed["id"], listed["status"]["state"]), ("<silence 1>", "pending"))

    def test_expiring(self):
        for name in ("A", "B"):
            self.add_silence(name, YEAR_2099)
        self.add_silence("C", "--start=2098-01-01T00:00:00Z", YEAR_2099)
        self.assertEqual(self.both("silence", "expire", "<silence 0>", "<silence 2>"), "")
        self.assertEqual(self.both("silence", "query", "-q"), "<silence 1>\n")
        for expired in self.each("silence", "query", "-q", "--expired"):  # at one moment, or not
            self.assertEqual(set(expired.splitlines()), {"<silence 0>", "<silence 2>"})

    def test_import(self):
        for number in range(3):
            self.add_silence(f"A{number}", "x!=y", "z=~b|c", f"--end=2099-01-0{number + 1}T00:00:00Z")
        for side in (self.real, self.ours):
            _, exported = harness.amtool(
                f"http://127.0.0.1:{side.api.port}", "-o", "json", "silence", "query"
            )
            (self.folder / f"{side.silences[0]}.json").write_text(exported)
        file = f"{self.folder}/<silence 0>.json"
        for output in self.each("silence", "import", file):  # eight at a time, in any order
            self.assertEqual(sorted(output.split()), ["0>", "1>", "2>", *["<silence"] * 3])
        self.assertEqual(len(json.loads(self.in_all_formats("silence", "query")[2])), 3)
        self.each("silence", "import", "--force", file)
        real, ours = (
            # Of two that end at one time either may be listed first.
            sorted(json.dumps({**silence, "id": ""}) for silence in json.loads(output))
            for output in self.each("-o", "json", "silence", "query")
        )
        self.assertEqual(len(ours), 6)
        self.assertEqual(real, ours)

        no_list = self.folder / "no_list.json"
        no_list.write_text('{"id": 1}')
        self.both("silence", "import", no_list, status=1)

    def test_what_is_refused(self):
        past = ["--start=2020-01-01T00:00:00Z", "--end=2020-01-02T00:00:00Z"]
        self.assertIn("end time can't be in the past", self.add_refused("Disk", *past))
        # 0.25 has other first words for what is wrong with matchers.
        real, ours = self.each("silence", "add", "-c", "x", "a=~.*", status=1)
        head = "amtool: error: [POST /silences][400] postSilencesBadRequest  "
        why = "at least one matcher must not match the empty string\n\n"
        self.assertEqual(real, f"{head}silence invalid: {why}")
        self.assertEqual(ours, f"{head}Failed to create silence: {why}")
        self.add_refused("Disk", "--end=2020-01-02T00:00:00Z")
        self.add_refused()
        self.both("silence", "add", "Disk", status=1)  # without a comment
        self.both("silence", "update", "-d", "1h", UNKNOWN, status=1)
        self.both("silence", "update", "-d", "1h", "no-id", status=1)
        self.both("silence", "expire", "no-id", status=1)
        # Alertmanager answers 404 by now, of which this amtool has not heard.
        real, ours = self.each("silence", "expire", UNKNOWN, status=1)
        self.assertIn("[500] deleteSilenceInternalServerError  silence not found", real)
        self.assertIn("(status 404)", ours)

    def add_refused(self, *arguments):
        return self.both("silence", "add", "-c", "x", *arguments, status=1)


class Configuration(Beside):
    def test_what_is_shown_differs_by_nothing_else(self):
        real, ours = (
            collections.Counter(map(without_quotes, output.splitlines()))
            for output in self.each("config", "show")
        )
        self.assertEqual([*(real - ours).elements()], SHOWN_BY_ALERTMANAGER.splitlines())
        self.assertEqual([*(ours - real).elements()], SHOWN_BY_OURS.splitlines())

    def test_what_is_shown_means_the_same(self):
        files = []
        for name, output in zip(("real", "ours"), self.each("config", "show")):
            files.append(self.folder / f"{name}.yml")
            files[-1].write_text(output)
        checked = [self.both("check-config", file) for file in files]
        self.assertEqual(checked[0].replace("real.yml", "ours.yml"), checked[1])
        self.assertIn(" - 4 receivers\n", checked[1])
        trees = [self.both("config", "routes", "show", f"--config.file={file}") for file in files]
        self.assertEqual(trees[0], trees[1])
        self.assertIn(self.both("config", "routes", "show"), trees[0])

    def test_routes(self):
        self.in_all_formats("config", "routes", "show")
        for labels, receivers in (
            (("team=db", "severity=page"), "db"),
            (("team=db",), "hook"),
            (("team=web",), "web,audit"),
            (("team=mail",), "audit"),
            (("team=ops", "a=c"), "db"),
            (("team=ops", "a=b"), "hook"),
            (("team=ops", "a=c", r'quoted=a \"b\" {c}, d'), "web"),
            ((), "hook"),
        ):
            said = self.in_all_formats("config", "routes", "test", *labels)
            self.assertEqual(said, [f"{receivers}\n"] * 3)
            self.both("config", "routes", "test", "--tree", *labels)
        self.both("config", "routes", "test", "--verify.receivers=web,audit", "team=web")
        said = self.both("config", "routes", "test", "--verify.receivers=db", "team=web", status=1)
        self.assertIn("WARNING: Expected receivers did not match", said)

    def test_files_that_are_checked(self):
        accepted, refused = self.folder / "accepted.yml", self.folder / "refused.yml"
        accepted.write_text(json.dumps(CONFIG))
        refused.write_text("route: {receiver: nobody}\nreceivers: [{name: a}]\n")
        self.assertIn("SUCCESS", self.both("check-config", accepted))
        self.assertIn("FAILED", self.both("check-config", refused, status=1))
        self.both("check-config", self.folder / "absent.yml", status=1)

    def test_without_a_cluster(self):
        self.assertIn("disabled", self.in_all_formats("cluster", "show")[0])


class Cluster(Beside):
    def setUp(self):
        self.start(
            {"route": {"receiver": "a"}, "receivers": [{"name": "a"}]},
            ["--cluster.gossip-interval=10ms"],  # some dozens of them, and it is ready
            f"127.0.0.1:{harness.free_port()}",
        )

    def test_alone_in_it(self):
        for side in (self.real, self.ours):
            status = wait_until(lambda api=side.api: self.ready(api), what="the cluster to be ready")
            side.replaced[status["name"]] = "<name>"  # random
        extended = self.in_all_formats("cluster", "show")[1]
        self.assertRegex(extended, r"Cluster Status: +ready\nNode Name: +<name>\n")
        self.assertRegex(extended, r"127\.0\.0\.1:\d+ +<name>")

    @staticmethod
    def ready(api):
        cluster = api.ask("status")["cluster"]
        return cluster if cluster["status"] == "ready" else None


del Beside  # it has no tests of its own

if __name__ == "__main__":
    harness.main()
