"""examples/nginx with the real nginx: TLS in front of the daemon, clients known by their own addresses."""

import http.client
import json
import re
import ssl
import subprocess
import unittest

import harness
from certificates import Authority
from nginx import PROGRAM, Nginx
from peers import peer_path
from process import free_port, wait_until
from streams import API, Refused, WebSocket
from tocsin import ROOT, Tocsin, config

ADMIN = "an-administrator-whom-nginx-lets-through"
OPERATOR = "an-operator-who-has-a-limit-of-its-own"
NAME = "tocsin.example.org"


class Example(Nginx):
    """The example as it stands but for addresses and names of files."""

    def __init__(self, folder, upstream_port, certificate, key):
        self.plain_port = free_port()
        self.port = free_port()
        text = (ROOT / "examples" / "nginx" / "tocsin.conf").read_text()
        for old, new in {
            r"listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            r"listen 443 ssl http2;": f"listen 127.0.0.1:{self.port} ssl http2;",
            r"listen \[::\]:.*;\n": "\n",
            r"127\.0\.0\.1:9095": f"127.0.0.1:{upstream_port}",
            r"/etc/ssl/tocsin/fullchain\.pem": str(certificate),
            r"/etc/ssl/tocsin/privkey\.pem": str(key),
            r"/var/log/nginx/tocsin\.log": str(folder / "access.log"),
        }.items():
            text, replaced = re.subn(old, new, text)
            assert replaced, f"the example has no {old}"
        super().__init__(folder, text)


class BehindNginx(harness.TestCase):
    def setUp(self):
        super().setUp()
        peer_path(PROGRAM)
        self.authority = Authority(self.folder, "issuer")
        certificate, key = self.authority.issue(NAME)
        web = {"trusted_proxies": ["127.0.0.1"], "external_url": f"https://{NAME}"}
        settings = config(web={**web, "rate_limit": {"requests_per_second": 5, "burst": 5}})
        keys = {"TOCSIN_API_KEYS": f"admin:{ADMIN},operate:{OPERATOR}"}
        self.tocsin = Tocsin(self.folder / "daemon", settings, environment=keys)
        self.addCleanup(lambda: self.tocsin.process and self.tocsin.kill9())
        self.tocsin.start()
        self.nginx = Example(self.folder / "nginx", self.tocsin.port, certificate, key)
        self.addCleanup(self.nginx.stop)
        wait_until(self.is_ready, what="nginx to answer")

    def is_ready(self):
        self.assertTrue(self.nginx.process.alive(), "nginx has ended")
        return self.ask("GET", "/-/ready")[0] == 200

    def connection(self, source="127.0.0.1"):
        context = ssl.create_default_context(cafile=self.authority.file)
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.nginx.port, timeout=10, context=context, source_address=(source, 0)
        )
        # The name that is asked for, at the address where it is not yet to be found.
        connection.connect = lambda: self._connect(connection, context)
        return connection

    def _connect(self, connection, context):
        http.client.HTTPConnection.connect(connection)
        connection.sock = context.wrap_socket(connection.sock, server_hostname=NAME)

    def ask(self, method, path, body=None, source="127.0.0.1", key=ADMIN, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Host"] = NAME
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        connection = self.connection(source)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def test_the_api_over_tls(self):
        self.assertEqual(self.ask("GET", "/api/v1/alerting/rules", key=None)[0], 401)
        status, headers, body = self.ask("GET", "/api/v1/alerting/rules")
        self.assertEqual((status, json.loads(body)), (200, []))
        self.assertIn("max-age", headers["Strict-Transport-Security"])
        sample = {"metric_name": "behind_nginx", "value": 1}
        self.assertEqual(self.ask("POST", "/api/v1/alerting/metrics", sample)[0], 200)

    def test_plain_http_leads_to_tls(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.nginx.plain_port, timeout=10)
        connection.request("GET", "/a?b=c", headers={"Host": NAME})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 301)
        self.assertEqual(answer.headers["Location"], f"https://{NAME}/a?b=c")
        connection.close()

    def test_http2_where_the_client_speaks_it(self):
        done = subprocess.run(
            ["curl", "-sS", "--http2", "--cacert", str(self.authority.file)]
            + ["--resolve", f"{NAME}:{self.nginx.port}:127.0.0.1", "-o", "/dev/null"]
            + ["-w", "%{http_version} %{http_code}", f"https://{NAME}:{self.nginx.port}/-/healthy"],
            capture_output=True,
            text=True,
            timeout=30,
        )
        self.assertEqual(done.stdout, "2 200", done.stderr)

    def test_the_audit_log_and_the_limits_know_the_client_and_not_the_proxy(self):
        # Whoever comes from 127.0.0.2 and claims to be somebody else.
        made_up = {"X_Forwarded_For": "192.0.2.66"}
        status, _, body = self.ask(
            "POST",
            "/api/v1/alerting/keys",
            {"name": "made behind nginx", "scopes": ["read"]},
            source="127.0.0.2",
            **made_up,
        )
        self.assertEqual(status, 200, body)
        entries = self.tocsin.get(
            "/api/v1/alerting/audit", headers={"Authorization": f"Bearer {ADMIN}"}
        ).json()
        made = [entry["from"] for entry in entries if entry["action"] == "key.create"]
        self.assertEqual(made, ["127.0.0.2"])

        def refused(source):
            for _ in range(30):
                if self.ask("GET", "/api/v1/alerting/rules", source=source, key=None)[0] == 429:
                    return True
            return False

        self.assertTrue(refused("127.0.0.3"))
        self.assertNotEqual(
            self.ask("GET", "/api/v1/alerting/rules", source="127.0.0.4", key=None)[0], 429
        )

    def test_pages_of_the_daemon_itself_may_change_things_and_others_not(self):
        sample = {"metric_name": "from_a_page", "value": 1}
        own = self.ask("POST", "/api/v1/alerting/metrics", sample, Origin=f"https://{NAME}")
        self.assertEqual(own[0], 200, own)
        foreign = self.ask("POST", "/api/v1/alerting/metrics", sample, Origin="https://evil.example")
        self.assertEqual(foreign[0], 403)

    def alert_of(self, metric):
        """A rule, and what it raises."""
        rule = {"name": "Behind nginx", "metric_name": metric, "condition": ">", "threshold": "1"}
        rule |= {"severity": "high", "notification_channels": []}
        status, _, body = self.ask("POST", f"{API}/rules", rule)
        self.assertEqual(status, 200, body)
        sample = {"metric_name": metric, "value": 2}
        self.assertEqual(self.ask("POST", f"{API}/metrics", sample)[0], 200)

    def web_socket(self, **more):
        tls = ssl.create_default_context(cafile=self.authority.file)
        client = WebSocket(self.nginx.port, host=NAME, tls=tls, **more)
        self.addCleanup(client.close)
        return client

    def test_a_web_socket_through_nginx_hears_and_says(self):
        for status, more in (
            (401, {}),
            (401, {"query": "?token=guessed"}),
            (403, {"query": f"?token={OPERATOR}", "headers": [("Origin", "https://evil.example")]}),
        ):
            with self.assertRaises(Refused) as refused:
                self.web_socket(**more)
            self.assertEqual(refused.exception.status, status)
        # As a page of the daemon itself opens it, from a client with an address of its own.
        client = self.web_socket(
            query=f"?token={OPERATOR}", headers=[("Origin", f"https://{NAME}")], source="127.0.0.5"
        )
        self.assertEqual(client.next()["type"], "initial_alerts")
        client.say("ping")
        self.assertEqual(client.text(), "pong")
        self.alert_of("through_a_socket")
        alert = client.next("new_alert")["alert"]
        client.say({"type": "acknowledge", "alert_id": alert["id"], "request_id": 1})
        answer = client.next("ok", "error")
        self.assertEqual((answer["type"], answer["request_id"]), ("ok", 1))

        def acknowledged():
            keys = {"Authorization": f"Bearer {ADMIN}"}
            entries = self.tocsin.get(f"{API}/audit", headers=keys).json()
            return [e["from"] for e in entries if e["action"] == "alert.acknowledge"]

        self.assertEqual(wait_until(acknowledged, what="the audit log"), ["127.0.0.5"])
        self.tocsin.stop()
        self.assertEqual(client.until_closed(), 1001)
        self.assertNotIn(OPERATOR, self.nginx.access_log())

    def test_an_event_stream_through_nginx_comes_event_by_event(self):
        connection = self.connection()
        self.addCleanup(connection.close)
        keys = {"Host": NAME, "Authorization": f"Bearer {ADMIN}"}
        connection.request("GET", f"{API}/events/stream?type=alert.active", headers=keys)
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "text/event-stream")
        self.alert_of("through_a_stream")
        lines = iter(answer.readline, b"")
        data = next(line for line in lines if line.startswith(b"data: "))
        event = json.loads(data.removeprefix(b"data: "))
        self.assertEqual(event["type"], "alert.active")
        self.assertEqual(event["labels"]["alertname"], "Behind nginx")

    def test_the_log_of_nginx_has_no_tokens(self):
        self.ask("GET", "/api/v1/alerting/events?token=secret-in-a-query")
        wait_until(lambda: "/api/v1/alerting/events" in self.nginx.access_log(), what="the log")
        self.assertNotIn("secret-in-a-query", self.nginx.access_log())

    def test_a_restart_of_the_daemon_is_seen_through(self):
        port = self.tocsin.port
        self.tocsin.kill9()
        self.assertEqual(self.ask("GET", "/-/healthy")[0], 502)
        self.tocsin.listen_address = f"127.0.0.1:{port}"
        self.tocsin.start()
        wait_until(lambda: self.ask("GET", "/-/healthy")[0] == 200, what="nginx to see it again")


if __name__ == "__main__":
    harness.main()
