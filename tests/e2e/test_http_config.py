"""http_config of alertmanager.yml: TLS, proxies, OAuth 2, users in URLs. Whatever goes wrong, no
secret is written anywhere.
"""

import base64
import json
import ssl

import harness
from certificates import Authority, client_name, server_tls
from harness import WebhookSink, wait_until
from web import Proxy, SocksProxy, TokenServer

SECRET = "T0P-S3CRET"


def configuration(*hooks):
    """A receiver per (url, http_config); each gets every alert."""
    names = [f"r{i}" for i in range(len(hooks))]
    receivers = [
        {"name": name, "webhook_configs": [{"url": url, "http_config": http}]}
        for name, (url, http) in zip(names, hooks)
    ]
    route = {
        "receiver": names[0],
        "group_by": ["alertname"],
        "group_wait": "20ms",
        "group_interval": "1s",
        "routes": [{"receiver": name, "continue": True} for name in names],
    }
    return json.dumps({"route": route, "receivers": receivers})


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class HttpConfig(harness.TestCase):
    def start(self, *hooks, environment=None):
        self.daemon = self.prepare_alertmanager(configuration(*hooks))
        self.daemon.environment.update(environment or {})
        self.daemon.start()
        self.addCleanup(self.assert_no_secret)
        return self.daemon

    def assert_no_secret(self):
        self.assertNotIn(SECRET, self.daemon.process.stderr() + self.daemon.process.stdout())

    def tls_sink(self, *files, clients=None):
        self.tls = server_tls(*files, clients)
        return self.own(WebhookSink(self.tls))

    def wait_logged(self, text):
        wait_until(lambda: text in self.daemon.process.stderr(), what=f"{text!r} in the log")

    def told(self, sink, path=None):
        """The names of the alerts in what came to the path, in order."""
        return [
            one["labels"]["alertname"]
            for request in sink.requests
            if path in (None, request.path)
            for one in request.json()["alerts"]
        ]

    def wait_told(self, sink, name, path=None):
        wait_until(lambda: name in self.told(sink, path), what=f"{name} at {path or 'the sink'}")


class Tls(HttpConfig):
    def setUp(self):
        self.authority = Authority(self.folder, "issuer")
        self.local = self.authority.issue("local", "IP:127.0.0.1")

    def url(self, sink, path="/hook"):
        return f"https://127.0.0.1:{sink.port}{path}"

    def test_trusts_the_issuer_that_is_named_and_no_other(self):
        sink = self.tls_sink(*self.local)
        inline = self.authority.file.read_text()
        self.start(
            (self.url(sink, "/file"), {"tls_config": {"ca_file": self.authority.file.name}}),
            (self.url(sink, "/inline"), {"tls_config": {"ca": inline}}),
            (self.url(sink, "/skip"), {"tls_config": {"insecure_skip_verify": True}}),
            (self.url(sink, "/default"), {}),
        ).fire("Disk")
        for path in ("/file", "/inline", "/skip"):
            self.wait_told(sink, "Disk", path)
        self.wait_logged("certificate problem")
        self.assertEqual(self.told(sink, "/default"), [])

    def test_connections_of_one_identity_are_not_used_for_another(self):
        sink = self.tls_sink(*self.local, clients=self.authority.file)
        hooks = []
        for name in ("alice", "bob"):
            certificate, key = self.authority.issue(name)
            tls = {"ca_file": "issuer.pem", "cert_file": certificate.name, "key_file": key.name}
            hooks.append((self.url(sink, f"/{name}"), {"tls_config": tls}))
        nobody = {"tls_config": {"ca_file": "issuer.pem"}}
        self.start(*hooks, (self.url(sink, "/nobody"), nobody))
        for alert in ("One", "Two", "Three"):
            self.daemon.fire(alert)
            for name in ("alice", "bob"):
                self.wait_told(sink, alert, f"/{name}")
        seen = {(request.path, client_name(request.connection)) for request in sink.requests}
        self.assertEqual(seen, {("/alice", "alice"), ("/bob", "bob")})
        self.assertLess(len({id(request.connection) for request in sink.requests}), 6)

    def test_the_server_is_verified_by_server_name(self):
        sink = self.tls_sink(*self.authority.issue("receiver.example"))
        tls = {"ca_file": "issuer.pem", "server_name": "receiver.example"}
        wrong = {"ca_file": "issuer.pem", "server_name": "other.example"}
        self.start(
            (self.url(sink, "/right?q=1"), {"tls_config": tls}),
            (self.url(sink, "/wrong"), {"tls_config": wrong}),
        ).fire("Disk")
        self.wait_told(sink, "Disk", "/right?q=1")
        request = sink.requests[0]
        self.assertEqual(request.headers["Host"], f"127.0.0.1:{sink.port}")
        self.assertEqual(request.connection.asked_name, "receiver.example")
        self.wait_logged("other.example")
        self.assertEqual(self.told(sink, "/wrong"), [])

    def test_a_renewed_file_is_used_without_a_reload(self):
        sink = self.tls_sink(*self.local)
        used = self.folder / "used.pem"
        used.write_text(Authority(self.folder, "older").file.read_text())
        self.start((self.url(sink), {"tls_config": {"ca_file": "used.pem"}})).fire("Disk")
        self.wait_logged("certificate problem")
        used.write_text(self.authority.file.read_text())
        self.wait_told(sink, "Disk")

    def test_the_versions_of_tls_have_bounds(self):
        sink = self.tls_sink(*self.local)
        self.tls.maximum_version = ssl.TLSVersion.TLSv1_2
        new = {"ca_file": "issuer.pem", "min_version": "TLS13"}
        old = {"ca_file": "issuer.pem", "min_version": "TLS12", "max_version": "TLS12"}
        self.start(
            (self.url(sink, "/new"), {"tls_config": new}),
            (self.url(sink, "/old"), {"tls_config": old}),
        ).fire("Disk")
        self.wait_told(sink, "Disk", "/old")
        self.wait_logged("protocol version")
        self.assertEqual(self.told(sink, "/new"), [])

    def test_files_that_are_no_use_are_told_at_start_or_at_the_first_message(self):
        certificate, key = self.authority.issue("alice")
        _, other_key = self.authority.issue("bob")
        sink = self.tls_sink(*self.local, clients=self.authority.file)
        for tls, why in (
            ({"ca_file": "missing.pem"}, "No such file"),
            ({"ca_file": key.name}, "holds no CERTIFICATE"),
            ({"cert_file": certificate.name, "key_file": "missing.key"}, "No such file"),
        ):
            (self.folder / "bad.yml").write_text(
                configuration((self.url(sink), {"tls_config": tls}))
            )
            arguments = [f"--config.file={self.folder}/bad.yml", f"--storage.path={self.folder}/bad"]
            status, output = harness.ended([harness.BINARY, "alertmanager", *arguments])
            self.assertEqual(status, 1, output)
            self.assertIn(why, output)
        mixed = {"ca_file": "issuer.pem", "cert_file": "alice.pem", "key_file": other_key.name}
        self.start((self.url(sink), {"tls_config": mixed})).fire("Disk")
        self.wait_logged("private key")


class Proxies(HttpConfig):
    def setUp(self):
        self.proxy = self.own(Proxy())

    def test_a_tunnel_leads_to_the_receiver(self):
        authority = Authority(self.folder, "issuer")
        sink = self.tls_sink(*authority.issue("receiver.example"))
        http = {
            "proxy_url": f"http://me:{SECRET}@{self.proxy.address}",
            "proxy_connect_header": {"X-Pass": [SECRET]},
            "tls_config": {"ca_file": "issuer.pem"},
        }
        url = f"https://receiver.example:{sink.port}/hook"
        spared = {**http, "no_proxy": "receiver.example"}
        named = {**http, "tls_config": {**http["tls_config"], "server_name": "receiver.example"}}
        other = f"https://other.example:{sink.port}/named"
        self.start((url, http), (url + "/spared", spared), (other, named)).fire("Disk")
        self.wait_told(sink, "Disk", "/hook")
        self.wait_told(sink, "Disk", "/named")
        targets = {(method, target) for method, target, _ in self.proxy.requests}
        wanted = {("CONNECT", f"{name}.example:{sink.port}") for name in ("receiver", "other")}
        self.assertEqual(targets, wanted)
        _, _, headers = self.proxy.requests[0]
        self.assertEqual(headers["Proxy-Authorization"], basic("me", SECRET))
        self.assertEqual(headers["X-Pass"], SECRET)
        for name in ("Proxy-Authorization", "X-Pass"):
            self.assertNotIn(name, sink.requests[0].headers)
        self.wait_logged("Could not resolve host")
        self.assertEqual(self.told(sink, "/hook/spared"), [])
        self.assertNotIn(SECRET, self.daemon.get("/api/v2/status").text)

    def test_a_socks_proxy_is_told_the_name(self):
        socks, sink = self.own(SocksProxy()), self.sink()
        http = {"proxy_url": f"socks5://{socks.address}"}
        self.start((f"http://receiver.example:{sink.port}/hook", http)).fire("Disk")
        self.wait_told(sink, "Disk")
        self.assertEqual(socks.names, ["receiver.example"])

    def test_the_environment_is_asked_where_that_is_wanted(self):
        environment = {"HTTP_PROXY": self.proxy.address, "NO_PROXY": "spared.example"}
        wanted = {"proxy_from_environment": True}
        self.start(
            ("http://hook.example/wanted", wanted),
            ("http://hook.example/not", {}),
            ("http://spared.example/", wanted),
            environment=environment,
        ).fire("Disk")
        wait_until(lambda: self.proxy.requests, what="a request at the proxy")
        self.wait_logged("hook.example")
        self.wait_logged("spared.example")
        targets = {target for _, target, _ in self.proxy.requests}
        self.assertEqual(targets, {"http://hook.example/wanted"})


class Credentials(HttpConfig):
    def oauth2(self, server, **more):
        return {
            "oauth2": {
                "client_id": "me",
                "client_secret": SECRET,
                "token_url": server.url,
                "scopes": ["alerts"],
                **more,
            }
        }

    def test_the_user_in_a_url_is_sent_and_not_shown(self):
        sink = self.sink()
        url = f"http://me:{SECRET}@127.0.0.1:{sink.port}/hook"
        sink.fail("/hook", 1, 503)
        self.start((url, {})).fire("Disk")
        sink.wait_count(2)
        for request in sink.requests:
            self.assertEqual(request.headers["Authorization"], basic("me", SECRET))
        self.assertNotIn(SECRET, self.daemon.get("/api/v2/status").text)

    def test_many_messages_share_a_token(self):
        tokens, sink = self.own(TokenServer()), self.sink()
        tokens.delay = 0.3
        self.start((sink.url, self.oauth2(tokens))).fire(*(f"Alert{i}" for i in range(10)))
        sink.wait_count(10)
        self.assertEqual(len(tokens.requests), 1)
        self.assertEqual(
            tokens.requests[0],
            (basic("me", SECRET), {"grant_type": "client_credentials", "scope": "alerts"}),
        )
        self.assertEqual({one.headers["Authorization"] for one in sink.requests}, {"Bearer token-1"})

    def test_a_token_server_that_is_out_of_order_delays_and_is_named(self):
        tokens, sink = self.own(TokenServer()), self.sink()
        tokens.status = 503
        tokens.takes_header = False
        self.start((sink.url, self.oauth2(tokens))).fire("Disk")
        self.wait_logged("token server answered with HTTP status 503")
        self.assertEqual(sink.requests, [])
        tokens.status = 200
        sink.wait_count(1)
        header, form = tokens.requests[-1]
        self.assertIsNone(header)
        self.assertEqual((form["client_id"], form["client_secret"]), ("me", SECRET))

    def test_a_refused_token_is_replaced_for_the_next_message(self):
        tokens, sink = self.own(TokenServer()), self.sink()
        sink.fail("/hook", 1, 401)
        self.start((sink.url, self.oauth2(tokens))).fire("Disk")
        sink.wait_count(2)
        seen = [request.headers["Authorization"] for request in sink.requests]
        self.assertEqual(seen, ["Bearer token-1", "Bearer token-2"])


if __name__ == "__main__":
    harness.main()
