"""Webhooks behind the real nginx: HTTP/2 where it is offered, HTTP/1.1 where it is not or is not
wanted, and one connection for all messages. What is spoken is what nginx writes into its log.
"""

import json

import harness
from certificates import Authority
from harness import rule, wait_until
from nginx import PROGRAM, Nginx
from peers import peer_path
from process import free_port

SITE = """
log_format spoken '$uri $server_protocol $connection $status';
ssl_certificate CERTIFICATE;
ssl_certificate_key KEY;
server {
  listen 127.0.0.1:NEW ssl http2;
  listen 127.0.0.1:OLD ssl;
  access_log FOLDER/access.log spoken;
  location / { return 200; }
}
"""


class Spoken(harness.TestCase):
    def setUp(self):
        peer_path(PROGRAM)
        self.authority = Authority(self.folder, "issuer")
        certificate, key = self.authority.issue("local", "IP:127.0.0.1")
        self.new, self.old = free_port(), free_port()
        site = SITE
        for word, value in {
            "FOLDER": self.folder / "nginx",
            "CERTIFICATE": certificate,
            "KEY": key,
            "NEW": self.new,
            "OLD": self.old,
        }.items():
            site = site.replace(word, str(value))
        self.nginx = self.own(Nginx(self.folder / "nginx", site))
        wait_until(self.is_listening, what="nginx to listen")

    def is_listening(self):
        self.assertTrue(self.nginx.process.alive(), "nginx has ended")
        return (self.folder / "nginx" / "nginx.pid").exists()

    def start(self, port, channel="mattermost", **http_config):
        """A daemon with one receiver, of tocsin.yml or, if that is a webhook, of alertmanager.yml."""
        http = {"tls_config": {"ca_file": str(self.authority.file)}, **http_config}
        url = f"https://127.0.0.1:{port}/hook"
        own = {"host": {"enabled": False}}
        if channel == "webhook":
            hook = {"name": "hook", "webhook_configs": [{"url": url, "http_config": http}]}
            route = {"receiver": "hook", "group_by": ["..."], "group_wait": "0s"}
            text = json.dumps({"route": route, "receivers": [hook]})
            (self.folder / "alertmanager.yml").write_text(text)
            own["alertmanager"] = {"config_file": "alertmanager.yml"}
        else:
            settings = {"webhook_url": url, "http_config": http}
            own["receivers"] = [{"name": "hook", channel: settings}]
        self.daemon = self.tocsin(json.dumps({"tocsin": own}), [rule("Busy", "busy")])

    def requests(self):
        """(protocol, connection) of each, all of which were answered with 200."""
        lines = [line.split() for line in self.nginx.access_log().splitlines()]
        self.assertEqual({(uri, status) for uri, _, _, status in lines} - {("/hook", "200")}, set())
        return [(protocol, connection) for _, protocol, connection, _ in lines]

    def tell(self, host, count):
        self.daemon.submit("busy", 99, host=host)
        wait_until(lambda: len(self.requests()) >= count, what=f"request {count} in nginx's log")

    def assert_spoken(self, protocol):
        """By five messages one after another, which share a connection."""
        for number in range(1, 6):
            self.tell(f"web-{number}", number)
        spoken = self.requests()
        self.assertEqual([each for each, _ in spoken], [protocol] * 5)
        self.assertEqual(len({connection for _, connection in spoken}), 1, spoken)

    def test_http2_where_it_is_offered(self):
        self.start(self.new)
        self.assert_spoken("HTTP/2.0")

    def test_http2_for_receivers_of_alertmanager(self):
        self.start(self.new, "webhook")
        self.assert_spoken("HTTP/2.0")

    def test_http1_where_nothing_else_is_offered(self):
        self.start(self.old)
        self.assert_spoken("HTTP/1.1")

    def test_http1_where_http2_is_not_wanted(self):
        self.start(self.new, enable_http2=False)
        self.assert_spoken("HTTP/1.1")

    def test_messages_at_once_share_the_connection_that_is_open(self):
        self.start(self.new)
        self.tell("web-0", 1)
        samples = [
            {"metric_name": "busy", "value": 99, "metadata": {"host": f"web-{number}"}}
            for number in range(1, 21)
        ]
        answer = self.daemon.post("/api/v1/alerting/metrics/batch", samples)
        self.assertEqual(answer.status, 200, answer)
        wait_until(lambda: len(self.requests()) >= 21, what="all of them in nginx's log")
        self.assertEqual({protocol for protocol, _ in self.requests()}, {"HTTP/2.0"})
        self.assertEqual(len({connection for _, connection in self.requests()}), 1)


if __name__ == "__main__":
    harness.main()
