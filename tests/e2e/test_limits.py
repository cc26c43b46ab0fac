"""How fast and where messages may go: rates and digests, receivers that are down, addresses that are
refused."""

import http.server
import json

import harness
from harness import rule, wait_until
from servers import LoopbackServer, WebhookSink

ALERTS = 30


class TestCase(harness.TestCase):
    def setUp(self):
        self.hook = self.sink()

    def start(self, receiver=None, **settings):
        webhook = {"url": self.hook.url, "format": "alertmanager"}
        receivers = [{"name": "hook", "webhook": webhook, **(receiver or {})}]
        self.daemon = self.tocsin(
            json.dumps(
                {"tocsin": {"host": {"enabled": False}, "receivers": receivers, **settings}}
            ),
            [rule("High", "load")],
        )
        return self.daemon

    def submit(self, hosts, value):
        batch = [
            {"metric_name": "load", "value": value, "metadata": {"host": str(host)}}
            for host in hosts
        ]
        self.assertEqual(self.daemon.post("/api/v1/alerting/metrics/batch", batch).status, 200)

    def hosts_told(self, status="firing"):
        return {
            alert["labels"]["host"]
            for request in self.hook.requests
            for alert in request.json()["alerts"]
            if alert["status"] == status
        }


class Rates(TestCase):
    def test_a_rate_holds_messages_back_and_loses_none(self):
        self.start({"rate": "20/1s", "burst": 5})
        self.submit(range(ALERTS), 90)
        self.hook.wait_count(ALERTS)
        times = [request.at for request in self.hook.requests]
        # 25 of them came at 50 ms each.
        self.assertGreater(times[-1] - times[0], 1.1)
        self.assertEqual(self.hosts_told(), {str(host) for host in range(ALERTS)})

    def test_a_digest_tells_what_waits_in_one_message(self):
        self.start({"rate": "1/1s", "overflow": "digest"})
        self.submit(range(ALERTS), 90)
        everybody = {str(host) for host in range(ALERTS)}
        wait_until(lambda: self.hosts_told() == everybody, what="all alerts to be told")
        self.assertLess(len(self.hook.requests), 4)
        digest = max((r.json() for r in self.hook.requests), key=lambda body: len(body["alerts"]))
        self.assertEqual(digest["groupKey"], "digest:hook/webhook")
        self.assertEqual(digest["groupLabels"]["alertname"], "High")
        self.assertNotIn("host", digest["groupLabels"])
        # Their ends are told, too, and nothing is owed then.
        self.submit(range(ALERTS), 10)
        wait_until(lambda: self.hosts_told("resolved") == everybody, what="all ends to be told")
        wait_until(lambda: self.daemon.metric("tocsin_outbox_pending") == 0, what="an empty outbox")

    def test_what_waited_for_a_digest_when_it_was_killed_is_told_after_the_restart(self):
        self.start({"rate": "1/2s", "overflow": "digest"})
        self.submit(range(ALERTS), 90)
        self.hook.wait_count(1)
        self.daemon.kill9()
        self.daemon.start()
        everybody = {str(host) for host in range(ALERTS)}
        wait_until(lambda: self.hosts_told() == everybody, what="all alerts to be told")


class Down(TestCase):
    def attempts(self):
        return self.daemon.metric("tocsin_notification_attempts_total")

    def test_a_receiver_that_is_down_is_asked_by_one_message_and_gets_all_when_it_is_back(self):
        self.hook.answer(503)
        self.start()
        self.submit(range(ALERTS), 90)
        wait_until(
            lambda: self.daemon.metric("tocsin_receiver_open_circuits", channel="hook") == 1,
            what="the circuit to open",
        )
        # Those that were under way when it opened come to their ends.
        wait_until(
            lambda: self.attempts() == len(self.hook.requests), what="nothing to be under way"
        )
        attempts = self.attempts()
        wait_until(lambda: self.attempts() >= attempts + 2, what="two trials")
        # By themselves they would all have been tried again in that time.
        self.assertLess(self.attempts(), attempts + ALERTS / 2)
        self.hook.answer(200)
        wait_until(
            lambda: self.daemon.metric(
                "alerting_notifications_sent_total", channel="hook", outcome="delivered"
            )
            == ALERTS,
            what="everything to be delivered",
        )
        self.assertEqual(self.daemon.metric("tocsin_receiver_open_circuits", channel="hook"), 0)


class Egress(TestCase):
    def letters(self):
        return self.daemon.get("/api/v1/alerting/dead-letters").json()

    def test_private_addresses_are_refused_and_said_why(self):
        self.start(egress={"deny_private": True})
        self.submit(["a"], 90)
        wait_until(lambda: len(self.letters()) == 1, what="a dead letter")
        error = self.letters()[0]["last_error"]
        self.assertIn("refused by tocsin.egress: 127.0.0.1 is 127.0.0.1 (loopback)", error)
        self.assertIn("tocsin.egress.allow_networks", self.daemon.process.stderr())
        self.assertEqual(self.hook.requests, [])
        # What is allowed by the new settings is tried at once.
        self.daemon.write_config(
            self.daemon.config_file.read_text().replace(
                '"deny_private": true', '"deny_private": true, "allow_networks": ["127.0.0.0/8"]'
            )
        )
        self.daemon.reload()
        self.hook.wait_count(1)

    def test_no_redirect_of_alertmanager_yml_leads_around(self):
        inner = self.own(WebhookSink())
        (self.folder / "alertmanager.yml").write_text(
            f"""
route: {{receiver: team, group_wait: 0s}}
receivers:
- name: team
  webhook_configs: [{{url: "http://localhost:{self.redirector(inner.url)}/"}}]
"""
        )
        self.start(
            egress={"deny_private": True, "allow_hosts": ["localhost"]},
            alertmanager={"config_file": "alertmanager.yml"},
        )
        self.daemon.post("/api/v2/alerts", [{"labels": {"alertname": "A"}}])
        wait_until(lambda: len(self.letters()) == 1, what="a dead letter")
        self.assertIn("refused by tocsin.egress: 127.0.0.1", self.letters()[0]["last_error"])
        self.assertEqual(inner.requests, [])

    def redirector(self, target):
        """The port of a server that sends everybody to `target`."""
        class Redirect(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(307)
                self.send_header("Location", target)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        return self.own(LoopbackServer(Redirect)).server_address[1]


if __name__ == "__main__":
    harness.main()
