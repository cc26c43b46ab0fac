"""The whole daemon with an alertmanager.yml: its own rules and what others post take the same routes,
and the Alertmanager API speaks of both."""

import json

import harness
from alertmanager import AlertmanagerApi, matcher
from harness import rule, wait_until
from tocsin import Tocsin

RULES = [
    rule("Tree", "tree", notification_channels=[]),
    rule("Paged", "paged", notification_channels=["pager"]),
    rule("Own", "own", notification_channels=["own"]),
    rule("Source", "source", notification_channels=["own"]),
    rule("Target", "target", notification_channels=["own"]),
]


class Daemon(AlertmanagerApi, Tocsin):
    """Both APIs: `alerts` is the Alertmanager API's."""


def message(request):
    """"team firing +Tree -Other" of version 4, "own active Own" of the seed body."""
    body = request.json()
    if "alert" in body:
        return f"own {body['alert']['status']} {body['alert']['name']}"
    names = [
        {"firing": "+", "resolved": "-"}[one["status"]] + one["labels"]["alertname"]
        for one in body["alerts"]
    ]
    return " ".join([body["receiver"], body["status"], *names])


class AlertmanagerInDaemon(harness.TestCase):
    def write_alertmanager(self, **more):
        hook = {"url": self.hook.url}
        config = {
            "route": {
                "receiver": "team",
                "group_by": ["alertname"],
                "group_wait": "100ms",
                "group_interval": "200ms",
            },
            "receivers": [
                {"name": "team", "webhook_configs": [hook]},
                {"name": "pager", "webhook_configs": [hook]},
            ],
            "inhibit_rules": [
                {"source_matchers": ["alertname=Source"], "target_matchers": ["alertname=Target"]}
            ],
            **more,
        }
        (self.folder / "am.yml").write_text(json.dumps(config))

    def daemon(self, routing="channels", alertmanager=True):
        self.hook = self.sink()
        self.write_alertmanager()
        own = {
            "host": {"enabled": False},
            "routing": {"native_rules": routing, "default_receivers": ["own"]},
            "receivers": [{"name": "own", "webhook": {"url": self.hook.url}}],
        }
        if alertmanager:
            own["alertmanager"] = {"config_file": "am.yml"}
        daemon = Daemon(self.folder, json.dumps({"tocsin": own}), RULES if alertmanager else [])
        self.addCleanup(lambda: daemon.process and daemon.kill9())
        return daemon.start()

    def messages(self):
        return sorted(message(request) for request in self.hook.requests)

    def wait_messages(self, *expected):
        wait_until(lambda: self.messages() == sorted(expected), what=f"{expected}, not {self.messages()}")

    def test_rules_and_posts_take_the_routes_that_are_theirs(self):
        daemon = self.daemon()
        for metric in ("tree", "paged", "own"):
            daemon.submit(metric, 99)
        daemon.fire("Posted")
        first = ["team firing +Tree", "pager firing +Paged", "own active Own", "team firing +Posted"]
        self.wait_messages(*first)
        listed = {
            one["labels"]["alertname"]: [each["name"] for each in one["receivers"]]
            for one in daemon.alerts()
        }
        self.assertEqual(
            listed, {"Tree": ["team"], "Paged": ["pager"], "Own": ["own"], "Posted": ["team"]}
        )
        for metric in ("tree", "paged", "own"):
            daemon.submit(metric, 1)
        daemon.end("Posted")
        self.wait_messages(
            *first,
            "team resolved -Tree",
            "pager resolved -Paged",
            "own resolved Own",
            "team resolved -Posted",
        )

    def test_native_rules_may_all_go_through_the_tree(self):
        daemon = self.daemon(routing="tree")
        daemon.submit("own", 99)
        self.wait_messages("team firing +Own")

    def test_without_an_alertmanager_file_posts_reach_the_default_receivers(self):
        daemon = self.daemon(alertmanager=False)
        daemon.fire("Posted severity=critical")
        self.wait_messages("own active Posted")
        daemon.end("Posted severity=critical")
        self.wait_messages("own active Posted", "own resolved Posted")

    def test_silences_and_inhibition_hold_for_rules_that_name_their_receivers(self):
        daemon = self.daemon()
        silence = daemon.silence("alertname=Own")
        for metric in ("own", "source", "target"):
            daemon.submit(metric, 99)
        self.wait_messages("own active Source")

        def all_three():
            listed = {one["labels"]["alertname"]: one for one in daemon.alerts()}
            return listed if len(listed) == 3 else None

        by_name = wait_until(all_three, what="the three alerts to be listed")
        self.assertEqual(by_name["Own"]["status"]["silencedBy"], [silence])
        self.assertEqual(
            by_name["Target"]["status"]["inhibitedBy"], [by_name["Source"]["fingerprint"]]
        )
        daemon.submit("source", 1)
        self.assertEqual(daemon.delete(f"/api/v2/silence/{silence}").status, 200)
        self.wait_messages(
            "own active Source", "own resolved Source", "own active Target", "own active Own"
        )

    def test_whoever_was_told_hears_of_the_end_also_under_a_silence(self):
        daemon = self.daemon()
        daemon.submit("tree", 99)
        daemon.fire("Posted")
        self.wait_messages("team firing +Tree", "team firing +Posted")
        daemon.silence("alertname=~.+")
        daemon.submit("tree", 1)
        daemon.end("Posted")
        self.wait_messages(
            "team firing +Tree",
            "team firing +Posted",
            "team resolved -Tree",
            "team resolved -Posted",
        )

    def test_an_acknowledgement_is_a_silence_of_one_alert(self):
        daemon = self.daemon()
        daemon.submit("tree", 99)
        daemon.submit("own", 99)
        first = ["team firing +Tree", "own active Own"]
        self.wait_messages(*first)
        by_name = {one["name"]: one["id"] for one in daemon.get("/alerting/alerts").json()}
        for identity in by_name.values():
            body = {"actor": "anna", "note": "on it", "expires_in": 3600}
            answer = daemon.post(f"/alerting/alerts/{identity}/acknowledge", body)
            self.assertEqual(answer.status, 200)
        shown = {one["id"]: one for one in daemon.silences()}
        self.assertEqual(set(shown), set(by_name.values()))
        own = shown[by_name["Own"]]
        self.assertEqual((own["createdBy"], own["comment"]), ("anna", "on it"))
        self.assertEqual(own["status"]["state"], "active")
        for one in daemon.alerts():
            identity = by_name[one["labels"]["alertname"]]
            self.assertEqual(one["status"]["state"], "suppressed")
            self.assertEqual(one["status"]["silencedBy"], [identity])
        other = {**own, "matchers": [matcher("alertname=Tree")]}
        self.assertEqual(daemon.post("/api/v2/silences", other).status, 400)
        self.assertEqual(
            daemon.post("/api/v2/silences", {**own, "comment": "still"}).json(),
            {"silenceID": own["id"]},
        )
        self.assertEqual(daemon.ask(f"silence/{own['id']}")["comment"], "still")
        # Expiring it takes it back, and whoever was told is told again.
        self.assertEqual(daemon.delete(f"/api/v2/silence/{own['id']}").status, 200)
        self.wait_messages(*first, "own active Own")
        self.assertEqual([one["id"] for one in daemon.silences()], [by_name["Tree"]])
        daemon.submit("tree", 1)
        self.wait_messages(*first, "own active Own", "team resolved -Tree")
        self.assertEqual(daemon.silences(), [])

    def test_a_posted_alert_is_acknowledged_until_it_ends(self):
        daemon = self.daemon()
        daemon.fire("Posted")
        first = ["team firing +Posted"]
        self.wait_messages(*first)
        fingerprint = daemon.alerts()[0]["fingerprint"]
        path = f"/alerting/alerts/{fingerprint}"
        body = {"actor": "anna", "note": "on it"}
        self.assertEqual(daemon.post(f"{path}/acknowledge", body).status, 200)
        daemon.kill9()
        daemon.start()
        held = daemon.get(f"{path}/explain").json()
        self.assertEqual(held["state"], "acknowledged")
        self.assertEqual(held["muted_by"]["acknowledgement"]["by"], "anna")
        [shown] = daemon.silences()
        self.assertEqual((shown["id"], shown["createdBy"]), (held["id"], "anna"))
        self.assertEqual(shown["matchers"], [matcher("alertname=Posted")])
        [alert] = daemon.alerts()
        self.assertEqual(alert["status"]["state"], "suppressed")
        self.assertEqual(alert["status"]["silencedBy"], [shown["id"]])
        # Taken back, whoever was told is told again; given again, of the end.
        self.assertEqual(daemon.delete(f"/api/v2/silence/{shown['id']}").status, 200)
        self.wait_messages(*first, "team firing +Posted")
        self.assertEqual(daemon.post(f"{path}/acknowledge", body).status, 200)
        daemon.end("Posted")
        self.wait_messages(*first, "team firing +Posted", "team resolved -Posted")
        self.assertEqual(daemon.silences(), [])

    def test_everything_survives_a_kill(self):
        daemon = self.daemon()
        daemon.submit("tree", 99)
        daemon.submit("paged", 99)
        daemon.fire("Posted")
        told = ["team firing +Tree", "pager firing +Paged", "team firing +Posted"]
        self.wait_messages(*told)
        wait_until(
            lambda: daemon.metric("alertmanager_notification_requests_total") == 3,
            what="the answers to be known",
        )
        silence = daemon.silence("alertname=Quiet")
        daemon.fire("Quiet")
        daemon.kill9()
        daemon.start()
        names = lambda: {one["labels"]["alertname"] for one in daemon.alerts()}
        wait_until(lambda: names() == {"Tree", "Paged", "Posted", "Quiet"}, what="all alerts")
        self.assertEqual([one["id"] for one in daemon.silences()], [silence])
        daemon.submit("tree", 1)
        daemon.submit("paged", 1)
        daemon.end("Posted")
        self.wait_messages(
            *told, "team resolved -Tree", "pager resolved -Paged", "team resolved -Posted"
        )

    def test_a_changed_file_is_taken_over_and_a_broken_one_is_not(self):
        daemon = self.daemon()
        self.write_alertmanager(route={"receiver": "pager", "group_by": ["..."], "group_wait": "100ms"})
        daemon.reload()
        daemon.submit("tree", 99)
        self.wait_messages("pager firing +Tree")
        self.write_alertmanager(route={"receiver": "nobody"})
        answer = daemon.post("/-/reload")
        self.assertEqual(answer.status, 500)
        self.assertRegex(answer.text, r"am\.yml:1:\d+: .*nobody")
        daemon.fire("Posted")
        self.wait_messages("pager firing +Tree", "pager firing +Posted")

    def test_what_a_mute_time_holds_back_is_suppressed(self):
        daemon = self.daemon()
        self.write_alertmanager(
            time_intervals=[{"name": "always", "time_intervals": [{}]}],
            route={
                "receiver": "team",
                "group_wait": "100ms",
                "routes": [{"matchers": ["alertname=~Tree|Muted"],
                            "receiver": "team",
                            "mute_time_intervals": ["always"]}],
            },
        )
        daemon.reload()
        for metric in ("tree", "own"):
            daemon.submit(metric, 99)
        daemon.fire("Muted")
        daemon.fire("Posted")
        self.wait_messages("own active Own", "team firing +Posted")
        held = {
            one["name"]: (one["status"], one["muted_by_intervals"])
            for one in daemon.get("/alerting/alerts").json()
        }
        self.assertEqual(
            held,
            {
                "Tree": ("suppressed", ["always"]),
                "Muted": ("suppressed", ["always"]),
                "Own": ("active", []),
                "Posted": ("active", []),
            },
        )

    def test_pages_of_other_origins_change_nothing(self):
        daemon = self.daemon()
        answer = daemon.post(
            "/api/v2/alerts", [], headers={"Origin": "http://elsewhere.example"}
        )
        self.assertEqual(answer.status, 403)
        self.assertNotIn("access-control-allow-origin", daemon.get("/api/v2/alerts").headers)

    def test_amtool_speaks_to_it(self):
        daemon = self.daemon()
        daemon.submit("tree", 99)
        self.wait_messages("team firing +Tree")
        url = f"http://127.0.0.1:{daemon.port}"

        def amtool(*arguments):
            status, output = harness.amtool(url, *arguments)
            self.assertEqual(status, 0, output)
            return output

        self.assertIn("Tree", amtool("alert", "query", "-o", "simple"))
        self.assertIn("team", amtool("config", "routes", "test", "alertname=Tree"))
        added = amtool("silence", "add", "alertname=Tree", "--comment=e2e", "--author=e2e")
        (silence,) = daemon.silences()
        self.assertIn(silence["id"], added)


if __name__ == "__main__":
    harness.main()
