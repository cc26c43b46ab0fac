"""Templates of `tocsin alertmanager`: files, reload, the webhook's url and payload; and the default
texts beside those of the real Alertmanager, which amtool renders over the very data that we sent.
"""

import json

import harness
from alertmanager import alert
from harness import wait_until
from tocsin import replace_file

GENERATOR = "http://prometheus.example/graph?g0.expr=a%3E1&g0.tab=1"
# What Alertmanager 0.25 defines. Over the data, or over the alerts that fire.
TEXTS = [
    "__alertmanager",
    "__alertmanagerURL",
    "__description",
    "__subject",
    "discord.default.message",
    "discord.default.title",
    "opsgenie.default.description",
    "opsgenie.default.message",
    "opsgenie.default.source",
    "pagerduty.default.client",
    "pagerduty.default.clientURL",
    "pagerduty.default.description",
    "pushover.default.message",
    "pushover.default.title",
    "pushover.default.url",
    "slack.default.callbackid",
    "slack.default.fallback",
    "slack.default.footer",
    "slack.default.iconemoji",
    "slack.default.iconurl",
    "slack.default.pretext",
    "slack.default.text",
    "slack.default.title",
    "slack.default.titlelink",
    "slack.default.username",
    "sns.default.message",
    "sns.default.subject",
    "telegram.default.message",
    "victorops.default.entity_display_name",
    "victorops.default.monitoring_tool",
    "victorops.default.state_message",
    "webex.default.message",
    "wechat.default.agent_id",
    "wechat.default.message",
    "wechat.default.to_party",
    "wechat.default.to_tag",
    "wechat.default.to_user",
]
LISTS = ["__text_alert_list", "pagerduty.default.instances"]
EXPRESSIONS = [
    *(f'{{{{ template "{name}" . }}}}' for name in TEXTS),
    *(f'{{{{ template "{name}" .Alerts.Firing }}}}' for name in LISTS),
    # The data itself, and what templates do with it. (0.25 prints a whole KV and
    # what .Names and .Values give as Go's maps and lists.)
    "{{ .Receiver }} {{ .Status }} {{ .ExternalURL }}",
    "{{ range .GroupLabels.Values }}{{ . }},{{ end }}{{ len .CommonAnnotations }}",
    "{{ range .Alerts }}{{ range $k, $v := .Labels }}{{ $k }}-{{ $v }},{{ end }}{{ end }}",
    '{{ range .Alerts }}{{ .Annotations.Values | join "," }} {{ .Fingerprint }};{{ end }}',
    "{{ range .Alerts }}{{ .StartsAt }} {{ .GeneratorURL }};{{ end }}",
    "{{ range .Alerts.Firing }}{{ .EndsAt }};{{ end }}",
    '{{ range .CommonLabels.SortedPairs }}{{ .Name | title }}:{{ .Value | toUpper }} {{ end }}',
    '{{ (.CommonLabels.Remove (stringSlice "job")).Names | join "," }}',
    '{{ .CommonLabels.Names | join "," }}/{{ .CommonLabels.Values | join "," }}',
    '{{ reReplaceAll "(.)$" "<$1>" .CommonLabels.job }} {{ match "^n" .CommonLabels.job }}',
    "{{ len .Alerts }} {{ .CommonLabels.nothing }}.{{ index .CommonLabels `job` | printf `%q` }}",
]


def configuration(url, **webhook):
    return {
        "templates": ["templates/*.tmpl"],
        "route": {
            "receiver": "team.a",
            "group_by": ["alertname"],
            "group_wait": "1s",
            "group_interval": "1s",
            "labels": {"team": "{{ .CommonLabels.job }}-team"},
        },
        "receivers": [{"name": "team.a", "webhook_configs": [{"url": url, **webhook}]}],
    }


class Templates(harness.TestCase):
    def setUp(self):
        self.hook = self.sink()
        self.base = f"http://127.0.0.1:{self.hook.port}"

    def write_template(self, name, text):
        folder = self.folder / "templates"
        folder.mkdir(exist_ok=True)
        replace_file(folder / name, text)

    def test_url_and_payload_are_filled_in_and_reload_sees_changed_files(self):
        self.write_template("own.tmpl", '{{ define "own" }}{{ .Status }} one{{ end }}')
        config = configuration(
            self.base + "/{{ .CommonLabels.job }}",
            payload={
                "text": '{{ template "own" . }}',
                "{{ .Status }}": "{{ len .Alerts }}",
                "team": '{{ routeLabels "team" }}',
                "labels": "{{ toJson .GroupLabels }}",
            },
        )
        daemon = self.alertmanager(json.dumps(config))
        daemon.fire("Disk job=node")
        (first,) = self.hook.wait_count(1)
        self.assertEqual(first.path, "/node")
        self.assertEqual(
            first.json(),
            {
                "text": "firing one",
                "firing": 1,
                "team": "node-team",
                "labels": {"alertname": "Disk"},
            },
        )
        # A bad file leaves everything as it is, and is told with its place.
        self.write_template("own.tmpl", '{{ define "own" }}\n{{ nothing }}{{ end }}')
        answer = daemon.post("/-/reload")
        self.assertEqual(answer.status, 500)
        self.assertIn("templates/own.tmpl:2:4: unknown function", answer.text)
        daemon.fire("Net job=node")
        self.assertEqual(self.hook.wait_count(2)[1].json()["text"], "firing one")
        self.write_template("own.tmpl", '{{ define "own" }}{{ .Status }} two{{ end }}')
        self.assertEqual(daemon.post("/-/reload").status, 200)
        daemon.fire("Cpu job=db")
        third = self.hook.wait_count(3)[2]
        self.assertEqual((third.path, third.json()["text"]), ("/db", "firing two"))

    def test_a_template_that_fails_is_an_attempt_that_failed(self):
        config = configuration(self.base + "/hidden/{{ index .Alerts 7 }}")
        daemon = self.alertmanager(json.dumps(config))
        daemon.fire("Disk job=node")
        log = wait_until(
            lambda: [line for line in daemon.process.stderr().splitlines() if "its template fails" in line],
            what="the reason in the log",
        )
        self.assertNotIn("hidden", log[0])
        self.assertEqual(self.hook.requests, [])

    def test_bad_templates_are_refused_at_the_start(self):
        self.write_template("a.tmpl", "{{ if }}")
        self.write_template("b.tmpl", '{{ template "none" . }}{{ end }}')
        config = configuration(self.base, payload="{{ bad }}")
        daemon = self.prepare_alertmanager(json.dumps(config)).spawn()
        self.assertNotEqual(daemon.process.wait(5), 0)
        for part in ("templates/a.tmpl:1:", "templates/b.tmpl:1:", "payload:1:4: unknown"):
            self.assertIn(part, daemon.process.stderr())


class DefaultTexts(harness.TestCase):
    """One receiver with two webhooks: one tells the data, the other what EXPRESSIONS become."""

    maxDiff = None

    def setUp(self):
        harness.Alertmanager.check()
        self.hook = self.sink()
        base = f"http://127.0.0.1:{self.hook.port}"
        config = configuration(base + "/data")
        # No reader of YAML takes what begins with @ for anything but a text.
        config["receivers"][0]["webhook_configs"].append(
            {"url": base + "/texts", "payload": ["@" + each for each in EXPRESSIONS]}
        )
        self.daemon = self.alertmanager(
            json.dumps(config),
            arguments=["--web.external-url=http://am.example/am", "--web.route-prefix=/"],
        )

    def wait_bodies(self, count):
        """The bodies of the latest notification: the data and the texts."""

        def of(path):
            return [request.json() for request in self.hook.requests if request.path == path]

        wait_until(lambda: len(of("/data")) == len(of("/texts")) == count, what="both webhooks")
        return of("/data")[-1], [text[1:] for text in of("/texts")[-1]]

    def real_texts(self, data):
        file = self.folder / "data.json"
        file.write_text(json.dumps(data))
        separator = "\x1e"
        status, output = harness.amtool(
            "http://127.0.0.1:9",
            "template",
            "render",
            f"--template.glob={harness.DEFAULT_TEMPLATES}",
            f"--template.data={file}",
            f"--template.text={separator.join(EXPRESSIONS)}",
        )
        self.assertEqual(status, 0, output)
        return output.split(separator)

    def check(self, count):
        data, ours = self.wait_bodies(count)
        real = self.real_texts(data)
        self.assertEqual(len(ours), len(real))
        for expression, one, other in zip(EXPRESSIONS, ours, real):
            with self.subTest(expression):
                self.assertEqual(one, other)
        return data

    def post(self, *alerts):
        self.daemon.post_alerts([{**one, "generatorURL": GENERATOR} for one in alerts])

    def test_are_those_of_the_real_alertmanager(self):
        node = alert("Disk job=node instance=a", summary="98% & <more>", runbook="r")
        other = alert("Disk job=node instance=b", summary="98% & <more>")
        self.post(node, other)
        data = self.check(1)
        self.assertEqual(data["receiver"], r"team\.a")
        self.post(alert("Disk job=node instance=b", ends=0, summary="98% & <more>"))
        data = self.check(2)
        self.assertEqual([one["status"] for one in data["alerts"]], ["firing", "resolved"])
        self.post(alert("Disk job=node instance=a", ends=0, summary="99%"))
        data = self.check(3)
        self.assertEqual(data["status"], "resolved")

    def test_are_the_same_where_group_and_common_labels_are_equal(self):
        self.post(alert("Disk job=n1"), alert("Disk host=h"))
        self.check(1)

    def test_the_receivers_name_is_quoted_as_the_real_one_does(self):
        sink = self.sink()
        config = {
            "route": {"receiver": "a.b c-d|e", "group_wait": "0s"},
            "receivers": [
                {"name": "a.b c-d|e", "webhook_configs": [{"url": sink.url}]},
            ],
        }
        real = self.peer(harness.Alertmanager, json.dumps(config))
        real.fire("Disk")
        self.daemon.write_config(json.dumps(config))
        self.assertEqual(self.daemon.post("/-/reload").status, 200)
        self.daemon.fire("Disk")
        names = {request.json()["receiver"] for request in sink.wait_count(2)}
        self.assertEqual(names, {r"a\.b c-d\|e"})


if __name__ == "__main__":
    harness.main()
