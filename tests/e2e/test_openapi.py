"""The description of the alerting API: sound, the one that is shipped, and true of what is answered."""

import json

import harness
from harness import ROOT, config, rule, wait_until
from openapi import MOUNTS, Client, Description, peer_module, references

SHIPPED = ROOT / "examples" / "openapi" / "tocsin.json"

WEB_SERVER = {"host": "web-server-01", "datacenter": "us-east-1"}
DETECTOR = {"detector": "isolation-forest", "dataset": "production"}
# name, metric, threshold, duration, severity, channels, cooldown, template
DEMO_RULES = [
    ("High CPU Usage", "system.cpu.usage", "80.0", 60, "high", ["email", "slack"], 300,
     "CPU usage is at {value}% on {host}"),
    ("High Memory Usage", "system.memory.usage", "90.0", 120, "critical",
     ["email", "slack", "pagerduty"], 300, "Memory usage is at {value}% on {host}"),
    ("Disk Space Low", "system.disk.usage", "85.0", 300, "medium", ["email"], 600,
     "Disk usage is at {value}% on {host}"),
    ("Anomaly Detection Rate", "pynomaly.anomaly_rate", "0.1", 180, "medium", ["email", "slack"],
     900, "Anomaly detection rate is {value} on {detector}"),
]  # fmt: skip
DEMO_METRICS = [
    ("system.cpu.usage", 85.5, WEB_SERVER),
    ("system.memory.usage", 92.3, WEB_SERVER),
    ("system.disk.usage", 75.2, WEB_SERVER),
    ("pynomaly.anomaly_rate", 0.15, DETECTOR),
]


def demo_rules(**other):
    for name, metric, threshold, duration, severity, channels, cooldown, template in DEMO_RULES:
        yield {
            "name": name,
            "description": f"{name} of the demonstration",
            "metric_name": metric,
            "condition": ">",
            "threshold": threshold,
            "duration": duration,
            "severity": severity,
            "enabled": True,
            "notification_channels": channels,
            "notification_template": template,
            "cooldown_period": cooldown,
            **other,
        }


def demo_metrics():
    return [
        {"metric_name": name, "value": value, "metadata": metadata}
        for name, value, metadata in DEMO_METRICS
    ]


class TheDescription(harness.TestCase):
    def setUp(self):
        self.daemon = self.tocsin(config())

    def test_is_the_one_that_is_shipped(self):
        for mount in MOUNTS:
            answer = self.daemon.get(f"{mount}/openapi.json")
            self.assertEqual(answer.status, 200)
            self.assertEqual(
                answer.body,
                SHIPPED.read_bytes(),
                f"GET {mount}/openapi.json has changed: save it as {SHIPPED.relative_to(ROOT)}",
            )

    def test_is_sound(self):
        jsonschema = peer_module("jsonschema")
        document = self.daemon.get(f"{MOUNTS[0]}/openapi.json").json()
        self.assertEqual(document["openapi"], "3.1.0")
        self.assertEqual([server["url"] for server in document["servers"]], list(MOUNTS))
        description = Description(document)  # no operationId twice
        schemas = document["components"]["schemas"]
        self.assertEqual(set(references(document)) - set(schemas), set())
        self.assertEqual(set(schemas) - set(references(document)), set(), "schemas of nothing")
        for name, schema in schemas.items():
            with self.subTest(name):
                jsonschema.Draft202012Validator.check_schema(schema)
        for operation in description.operations.values():
            with self.subTest(operation.id):
                self.assertFalse(operation.is_undescribed)
                self.assertTrue(operation.text["summary"])
                named = [one["name"] for one in operation.parameters("path")]
                self.assertEqual(
                    named, [part[1:-1] for part in operation.path.split("/") if "{" in part]
                )
                self.assertTrue({"101", "200", "202"} & set(operation.text["responses"]))
                if operation.body:
                    jsonschema.Draft202012Validator.check_schema(operation.body)


class TheDescriptionOfLess(harness.TestCase):
    def test_leaves_out_what_is_switched_off(self):
        daemon = self.tocsin(config(web={"demo": False}))
        paths = daemon.get(f"{MOUNTS[0]}/openapi.json").json()["paths"]
        self.assertNotIn("/demo/trigger-alert", paths)
        self.assertIn("/rules", paths)

    def test_needs_a_key_that_may_read(self):
        daemon = self.tocsin(config(), environment={"TOCSIN_API_KEYS": "read:r3ader,push:pu5her"})
        for path in ("openapi.json", "docs"):
            for key, status in ((None, 401), ("pu5her", 403), ("r3ader", 200)):
                headers = {"X-API-Key": key} if key else {}
                answer = daemon.get(f"{MOUNTS[0]}/{path}", headers=headers)
                self.assertEqual(answer.status, status, (path, key))


class ThePage(harness.TestCase):
    def test_has_every_operation_on_both_mounts_and_nothing_active(self):
        daemon = self.tocsin(config())
        document = daemon.get(f"{MOUNTS[0]}/openapi.json").json()
        for mount in MOUNTS:
            answer = daemon.get(f"{mount}/docs")
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
            self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
            for path, methods in document["paths"].items():
                for method, operation in methods.items():
                    heading = f'<h3 id="{operation["operationId"]}">{method.upper()} {path}</h3>'
                    self.assertIn(heading, answer.text)
        self.assertIn(f'href="{MOUNTS[0]}/docs"', daemon.get("/").text)


class TheDemonstration(harness.TestCase):
    def test_runs_through_a_client_made_from_the_description(self):
        self.daemon = self.tocsin(config())
        client = Client(self.daemon, mount="/alerting")
        self.assertEqual(client.getHealth()["service"], "pynomaly-alerting")
        for body in demo_rules():
            made = client.createRule(body=body)
            self.assertEqual((made["name"], made["threshold"]), (body["name"], body["threshold"]))
            self.assertEqual(client.getRule(id=made["id"])["id"], made["id"])
        status = client.getStatus()
        self.assertEqual((status["total_rules"], status["enabled_rules"]), (4, 4))
        for metric in demo_metrics():
            self.assertEqual(
                client.submitMetric(body=metric), {"message": "Metric submitted successfully"}
            )
        self.assertEqual(
            client.submitMetrics(body=demo_metrics()),
            {"message": "Submitted 4 metrics successfully"},
        )
        # Their durations have not passed.
        self.assertEqual(client.listAlerts(), [])
        pending = client.listAlerts(query={"status": "pending"})
        self.assertEqual(
            {alert["rule_name"] for alert in pending},
            {"High CPU Usage", "High Memory Usage", "Anomaly Detection Rate"},
        )
        query = {"metric_name": "demo.cpu.usage", "value": 95.0}
        self.assertEqual(
            client.triggerDemoAlert(query=query),
            {"message": "Demo alert triggered for demo.cpu.usage=95.0"},
        )

    def test_without_durations_lists_three_active_alerts(self):
        self.daemon = self.tocsin(config())
        client = Client(self.daemon)
        for body in demo_rules(duration=0):
            client.createRule(body=body)
        client.submitMetrics(body=demo_metrics())
        alerts = wait_until(
            lambda: len(found := client.listAlerts()) == 3 and found, what="three alerts"
        )
        self.assertEqual(
            {(one["rule_name"], one["severity"], one["status"]) for one in alerts},
            {
                ("High CPU Usage", "high", "active"),
                ("High Memory Usage", "critical", "active"),
                ("Anomaly Detection Rate", "medium", "active"),
            },
        )


class EveryOperation(harness.TestCase):
    """Each is called, and whatever it answers is as described."""

    def test_answers_as_described(self):
        self.hook = self.sink()
        self.hook.answer(400)
        self.daemon = self.tocsin(
            config({"hook": self.hook}), environment={"TOCSIN_API_KEYS": "admin:adm1n"}
        )
        self.client = client = Client(self.daemon, headers={"X-API-Key": "adm1n"})
        self.rules(client)
        self.alerts(client)
        self.receivers(client)
        self.keys(client)
        self.history(client)
        streams = {one.id for one in client.description.operations.values() if one.is_stream}
        self.assertEqual(streams, {"openStream", "streamEvents"})
        missed = set(client.description.operations) - client.called - streams
        self.assertEqual(missed, set(), "operations that were not called")

    def rules(self, client):
        made = client.createRule(body=rule("hot", "cpu"), headers={"Idempotency-Key": "k"})
        again = client.createRule(body=rule("hot", "cpu"), headers={"Idempotency-Key": "k"})
        self.assertEqual(made, again)
        client.createRule(
            body=rule("other", "cpu"), headers={"Idempotency-Key": "k"}, expect=422
        )
        client.createRule(body={"name": 1}, expect=422)
        self.assertIn(made["id"], [one["id"] for one in client.listRules()])
        client.updateRule(id=made["id"], body={"description": "changed"})
        client.updateRule(id="none", body={}, expect=404)
        client.disableRule(id=made["id"])
        self.assertFalse(client.getRule(id=made["id"])["enabled"])
        client.enableRule(id=made["id"])
        client.validateRule(body=rule("hot", "cpu", threshold="x"), expect=422)
        self.assertTrue(client.validateRule(body=rule("hot", "cpu"))["valid"])
        self.assertIn("hot", client.exportRules())
        client.createDemoRule()
        extra = client.createRule(body=rule("extra", "none"))
        client.deleteRule(id=extra["id"])
        client.getRule(id=extra["id"], expect=404)
        self.rule_id = made["id"]

    def alerts(self, client):
        client.submitMetric(body={"metric_name": "cpu", "value": 90, "metadata": {"host": "a"}})
        client.submitMetric(body={"metric_name": ""}, expect=422)
        client.submitMetrics(body=[{"metric_name": "cpu", "value": 1}, {"value": 2}], expect=422)
        client.submitMetrics(body=[{"metric_name": "memory", "value": 1}])
        client.triggerDemoAlert()
        client.triggerDemoAlert(query={"value": "much"}, expect=422)
        posted = [{"labels": {"alertname": "Posted", "host": "b"}, "annotations": {"summary": "s"}}]
        key = {"X-API-Key": "adm1n"}
        self.assertEqual(self.daemon.post("/api/v2/alerts", posted, headers=key).status, 200)
        alerts = wait_until(
            lambda: len(found := client.listAlerts()) == 2 and found, what="both alerts"
        )
        native = next(one for one in alerts if one["rule_id"])["id"]
        foreign = next(one for one in alerts if not one["rule_id"])["id"]
        client.listAlerts(query={"limit": "many"}, expect=422)
        # Refused for good by the receiver.
        dead = wait_until(client.listDeadLetters, what="the dead letter")
        self.assertEqual(client.getStatus()["dead_letters"], 1)
        client.getHealth()
        for alert in (native, foreign):
            client.addComment(id=alert, body={"text": "looking", "actor": "ann"})
            self.assertEqual(len(client.listComments(id=alert)), 1)
            client.explainAlert(id=alert)
            client.acknowledgeAlert(id=alert, body={"note": "mine", "expires_in": "1h"})
            client.silenceAlert(id=alert, body={"duration": "1h"})
            self.assertTrue(client.getAlert(id=alert)["events"])
            client.explainAlert(id=alert)
        client.addComment(id=native, body={}, expect=422)
        client.silenceAlert(id=native, body={}, expect=422)
        client.acknowledgeAlert(id="none", expect=404)
        client.listAlerts(query={"status": "all", "filter": ['host="a"', 'severity="high"']})
        self.hook.answer(200)
        client.resendDeadLetter(id=dead[0]["id"], expect=202)
        client.resendDeadLetter(id="none", expect=404)
        client.resolveAlert(id=native, body={"actor": "ann", "note": "over"})
        client.resolveAlert(id=native)
        client.acknowledgeAlert(id=native, expect=409)
        client.resolveAlert(id=foreign, expect=409)
        client.getAlert(id=native)
        client.getAlert(id="none", expect=404)

    def receivers(self, client):
        for noun, nouns in (("Receiver", "Receivers"), ("Channel", "Channels")):
            def call(verb, noun=noun):
                return getattr(client, verb + noun)

            name = f"made {noun}"
            settings = {"webhook": {"url": "http://hooks.example.org/secret"}}
            call("create")(body={"name": name, **settings})
            call("create")(body={"name": name, **settings}, expect=409)
            call("create")(body={}, expect=422)
            self.assertEqual(call("get")(name=name)["source"], "api")
            call("update")(name=name, body={"name": name, **settings})
            self.assertIn(name, [one["name"] for one in getattr(client, f"list{nouns}")()])
            trial = call("test")(name="hook", body={"render_only": True})
            self.assertEqual(trial["channels"][0]["outcome"], "rendered")
            self.assertEqual(call("test")(name="hook")["channels"][0]["outcome"], "delivered")
            call("test")(name="hook", body={"x": 1}, expect=422)
            call("test")(name="none", expect=404)
            call("delete")(name=name)
            call("get")(name=name, expect=404)
            call("delete")(name="hook", expect=409)

    def keys(self, client):
        made = client.createKey(body={"name": "ci", "scopes": ["read"], "expires_in": "1h"})
        self.assertIn(made["id"], [one["id"] for one in client.listKeys()])
        reader = Client(self.daemon, client.description, {"X-API-Key": made["token"]})
        reader.listRules()
        reader.createRule(body=rule("hot", "cpu"), expect=403)
        stranger = Client(self.daemon, client.description)
        stranger.listRules(expect=401)
        self.assertNotIn("checks", stranger.getHealth())
        client.revokeKey(id=made["id"])
        client.revokeKey(id="none", expect=404)
        reader.listRules(expect=401)
        client.createKey(body={"name": "", "scopes": ["x"]}, expect=422)
        client.listAudit(query={"limit": 1000})
        client.listAudit(query={"limit": 0}, expect=422)

    def history(self, client):
        page = client.listEvents(query={"limit": 1000, "order": "asc"})
        self.assertIn("alert.active", {event["type"] for event in page["events"]})
        self.assertIn("sequence,", client.listEvents(query={"format": "csv"}))
        client.listEvents(query={"order": "up"}, expect=422)
        client.getStatistics()
        client.getStatistics(query={"window": "1y2"}, expect=422)
        self.assertEqual(client.getRuleStatistics(id=self.rule_id)["episodes"], 1)
        client.getRuleStatistics(id="none", expect=404)
        self.assertEqual(client.getDescription()["openapi"], "3.1.0")
        self.assertIn('<h3 id="createRule">POST /rules</h3>', client.getDocs())


if __name__ == "__main__":
    harness.main()
