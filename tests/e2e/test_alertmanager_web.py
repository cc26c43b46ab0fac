"""What `tocsin alertmanager` shows beside its API: the page, the metrics, the headers for browsers,
and what its web flags do. Where it can, the real Alertmanager says what is right."""

import html.parser
import json
import re
import urllib.parse

import harness
from harness import wait_until

CONFIG = {
    "route": {"receiver": "hook", "group_by": ["alertname"], "group_wait": "0s"},
    "receivers": [
        {"name": "hook", "webhook_configs": [{"url": "http://127.0.0.1:9/hook"}]},
        {
            "name": "duty",
            "pushover_configs": [{"user_key": "u", "token": "t"}],
        },
    ],
}
# Of the real one's metrics; ours has no snapshots, no gossip that could be too large, no version 1
# of the API, and counts no marked alerts, as Alertmanager itself since 0.33.
NOT_OURS = re.compile(
    r"alertmanager_((nflog|silences)_snapshot_|oversize|marked_alerts"
    r"|cluster_(alive|peer_info|reconnections|refresh))"
)
VOID = {"meta", "br", "tr", "td", "th", "html"}  # what the page leaves open, as HTML allows


class PageReader(html.parser.HTMLParser):
    """Fails on tags that do not close in their order; collects texts and links."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.links, self.text = [], set(), [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes nothing")

    def handle_data(self, data):
        self.text += data


def metric_names(page):
    return {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")}


class Web(harness.TestCase):
    def start(self, *arguments, **more):
        return self.alertmanager(json.dumps(CONFIG), arguments=list(arguments), **more)

    def read_page(self, daemon, path):
        answer = daemon.get(path)
        self.assertEqual(answer.status, 200)
        reader = PageReader()
        reader.feed(answer.text)
        reader.close()
        self.assertEqual(reader.open, [])
        return reader

    def test_the_page_shows_what_there_is_and_its_links_lead_somewhere(self):
        daemon = self.prepare_alertmanager(
            json.dumps(CONFIG), arguments=["--web.route-prefix=/am"]
        )
        daemon.spawn()
        address = daemon.storage / "address"
        wait_until(lambda: address.exists() and address.read_text(), what="the address")
        daemon.port = int(address.read_text().rpartition(":")[2])
        wrapped = {"labels": {"alertname": "Disk<i>"}, "annotations": {"summary": "full & <b>"}}
        daemon.post("/am/api/v2/alerts", [wrapped])
        self.assertEqual(daemon.get("/").headers["Location"], "/am/")
        self.assertEqual(daemon.get("/am").headers["Location"], "am/")
        page = self.read_page(daemon, "/am/")
        for part in ("alertname=Disk<i>", "full & <b>", "pushover[0]"):
            self.assertIn(part, page.text)
        self.assertEqual(page.tags & {"script", "i", "b"}, set())
        for link in page.links:
            answer = daemon.get(urllib.parse.urljoin("/am/", link))
            self.assertEqual(answer.status, 200, link)

    def test_the_address_in_links_has_the_port_that_was_chosen(self):
        sink = self.sink()
        config = json.loads(json.dumps(CONFIG))
        config["receivers"][0]["webhook_configs"][0]["url"] = f"{sink.url}/hook"
        daemon = self.alertmanager(json.dumps(config))
        daemon.fire("Disk")
        wait_until(lambda: sink.requests, what="the webhook")
        self.assertTrue(sink.requests[0].json()["externalURL"].endswith(f":{daemon.port}"))

    def test_flags_are_taken(self):
        daemon = self.start(
            "--web.get-concurrency=3",
            "--web.timeout=5s",
            "--enable-feature=receiver-name-in-metrics",
        )
        self.assertEqual(daemon.get("/api/v2/status").status, 200)
        daemon.fire("Disk")
        of = {"integration": "webhook", "receiver_name": "hook"}
        wait_until(
            lambda: daemon.metric("alertmanager_notifications_total", **of) == 1, what="the counter"
        )
        handler = {"handler": "/api/v2/alerts", "method": "post"}
        name = "alertmanager_http_request_duration_seconds_count"
        self.assertEqual(daemon.metric(name, **handler), 1)

    def test_metrics_name_alerts_and_groups_where_it_is_asked(self):
        daemon = self.start(
            "--enable-feature=alert-names-in-metrics,group-key-in-metrics,event-recorder",
            "--alerts.per-alertname-limit=1",
        )
        daemon.fire("Disk n=1", "Disk n=2", "Load n=1")
        limited = "alertmanager_alerts_limited_total"
        self.assertEqual(daemon.metric(limited, alertname="Disk"), 1)
        self.assertEqual(daemon.metric(limited, alertname="Load"), None)
        for name in ("Disk", "Load"):
            of = {"state": "active", "group_key": f'{{}}:{{alertname="{name}"}}'}
            self.assertEqual(daemon.metric("alertmanager_alerts", **of), 1)
        self.assertIn("has no effect", daemon.process.stderr())

    def test_alerts_that_there_is_no_room_for_are_refused(self):
        daemon = self.start("--alerts.max-alerts=2")
        daemon.fire("A")
        posted = [{"labels": {"alertname": name}} for name in ("A", "B", "C")] + [{"labels": {}}]
        answer = daemon.post("/api/v2/alerts", posted)
        self.assertEqual(answer.status, 429)
        self.assertEqual(
            answer.json(),
            "at least one label pair required\n"
            "1 of 3 alerts refused: 2 are stored and there is room for no more; "
            "those that are known were updated",
        )
        self.assertEqual({one["labels"]["alertname"] for one in daemon.alerts()}, {"A", "B"})
        self.assertEqual(daemon.metric("tocsin_alerts_refused_total"), 1)


class BesideTheRealOne(harness.TestCase):
    def setUp(self):
        harness.Alertmanager.check()
        config = json.dumps({"route": {"receiver": "a"}, "receivers": [{"name": "a"}]})
        self.ours = self.alertmanager(config, cluster="127.0.0.1:9094")
        self.real = self.peer(harness.Alertmanager, config)

    def test_every_metric_of_the_real_one_is_there(self):
        for server in (self.ours, self.real):
            server.get("/api/v2/alerts")
        real = metric_names(self.real.get("/metrics").text)
        wanted = {name for name in real if name.startswith("alertmanager_")}
        wanted = {name for name in wanted if not NOT_OURS.match(name)}
        self.assertGreater(len(wanted), 20)
        self.assertEqual(wanted - metric_names(self.ours.get("/metrics").text), set())

    def test_browsers_are_let_in_where_the_real_one_lets_them_in(self):
        origin = {"Origin": "http://elsewhere"}
        asks = {**origin, "Access-Control-Request-Method": "POST"}
        for method, path, headers in (
            ("GET", "/api/v2/status", origin),
            ("GET", "/api/v2/nope", origin),
            ("OPTIONS", "/api/v2/alerts", asks),
            ("OPTIONS", "/api/v2/nope", asks),
        ):
            answers = [
                server.request(method, path, headers=headers) for server in (self.ours, self.real)
            ]
            self.assertEqual(answers[0].status, answers[1].status, path)
            for answer in answers:
                self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*", path)


if __name__ == "__main__":
    harness.main()
