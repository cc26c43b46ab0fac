"""Who may ask the daemon what, how much, and what stands of it in the audit log: API keys of the
command line, the API and the environment, users of the web configuration file, rate limits,
tampering.
"""

import base64
import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.request

import harness
from harness import BINARY, config, ended, rule, wait_until

API = "/api/v1/alerting"
TOKEN = r"tocsin_[0-9a-f]{16}_[0-9a-f]{64}"
ADMIN = "s3cret-of-the-operator"
METRIC = {"metric_name": "cpu", "value": 1}
ALERTS = [{"labels": {"alertname": "Posted"}}]


def basic(password, user="anybody"):
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class Security(harness.TestCase):
    def start(self, keys=f"admin:{ADMIN}", rules="", environment=None, **settings):
        environment = dict(environment or {})
        if keys:
            environment["TOCSIN_API_KEYS"] = keys
        self.daemon = self.tocsin(config(**settings), rules, environment=environment)
        return self.daemon

    def cli(self, *arguments, status=0):
        code, output = ended(
            [BINARY, *arguments, f"--storage.path={self.daemon.storage}"],
            environment={"PATH": "/usr/bin:/bin", **self.daemon.database.environment},
        )
        self.assertEqual(code, status, output)
        return output

    def cli_key(self, scope, name="cli", *more):
        """The token of a key that the command line makes."""
        output = self.cli("keys", "create", f"--name={name}", f"--scope={scope}", *more)
        return re.search(TOKEN, output)[0]

    def admin(self, method, path, body=None):
        return self.daemon.request(method, path, body, headers={"X-API-Key": ADMIN})

    def api_key(self, *scopes, **more):
        answer = self.admin("POST", f"{API}/keys", {"name": "made", "scopes": scopes, **more})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def audit(self, **query):
        text = "&".join(f"{name}={value}" for name, value in {"limit": 1000, **query}.items())
        answer = self.admin("GET", f"{API}/audit?{text}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def status(self, method, path, token=None, body=None, headers=None):
        headers = headers or ({"X-API-Key": token} if token else {})
        return self.daemon.request(method, path, body, headers=headers).status


class WithoutKeys(Security):
    def test_everybody_may_and_nobody_beyond_this_machine(self):
        self.start(keys="")
        self.assertEqual(self.status("GET", f"{API}/rules"), 200)
        self.assertEqual(self.status("POST", f"{API}/metrics", body=METRIC), 200)
        self.assertEqual(self.status("GET", f"{API}/keys"), 200)
        self.assertIn("checks", self.daemon.get(f"{API}/health").json())

    def test_refuses_to_listen_beyond_this_machine_until_there_is_a_key(self):
        daemon = self.prepare_tocsin(config())
        daemon.listen_address = "0.0.0.0:0"
        daemon.spawn()
        self.assertEqual(daemon.process.wait(), 1)
        self.assertIn("refusing to listen on 0.0.0.0:0", daemon.process.stderr())
        self.daemon = daemon
        token = self.cli_key("read")
        daemon.start()
        self.assertEqual(self.status("GET", f"{API}/rules"), 401)
        self.assertEqual(self.status("GET", f"{API}/rules", token), 200)


class Keys(Security):
    def test_says_why_it_refuses(self):
        self.start()
        answer = self.daemon.get(f"{API}/rules")
        self.assertEqual((answer.status, answer.json()), (401, {"detail": "Missing API key"}))
        self.assertIn('Basic realm="tocsin"', ", ".join(answer.headers.get_all("WWW-Authenticate")))
        answer = self.daemon.get(f"{API}/rules", headers=bearer("guess"))
        self.assertEqual((answer.status, answer.json()), (401, {"detail": "Invalid API key"}))
        reader = self.api_key("read")["token"]
        answer = self.daemon.post(f"{API}/metrics", METRIC, headers=bearer(reader))
        self.assertEqual((answer.status, answer.json()), (403, {"detail": "Not permitted"}))
        self.assertEqual(
            self.daemon.get("/api/v2/alerts").json(), {"code": 401, "message": "Missing API key"}
        )
        self.assertEqual(self.daemon.get("/nowhere").status, 401)

    def test_a_key_may_stand_in_three_headers_and_not_in_the_address(self):
        self.start()
        for headers in ({"X-API-Key": ADMIN}, bearer(ADMIN), basic(ADMIN), basic(ADMIN, "")):
            self.assertEqual(self.status("GET", f"{API}/rules", headers=headers), 200, headers)
        self.assertEqual(self.status("GET", f"{API}/rules?token={ADMIN}"), 401)

    def test_each_scope_opens_what_it_names(self):
        self.start(rules=[rule("Cpu", "cpu", ">", 80, notification_channels=[])])
        self.admin("POST", f"{API}/metrics", {"metric_name": "cpu", "value": 99})
        alert = wait_until(lambda: self.admin("GET", f"{API}/alerts").json())[0]["id"]
        silence = {
            "matchers": [{"name": "a", "value": "b", "isRegex": False}],
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "2099-01-01T00:00:00Z",
            "createdBy": "x",
            "comment": "y",
        }
        calls = [  # method, path, body, the scopes that may
            ("GET", "/-/healthy", None, "none read push operate admin"),
            ("GET", "/-/ready", None, "none read push operate admin"),
            ("GET", f"{API}/health", None, "none read push operate admin"),
            ("GET", "/metrics", None, "read operate admin"),
            ("GET", "/", None, "read operate admin"),
            ("GET", f"{API}/status", None, "read operate admin"),
            ("GET", f"{API}/dead-letters", None, "read operate admin"),
            ("GET", "/api/v2/silences", None, "read operate admin"),
            ("POST", f"{API}/metrics", METRIC, "push admin"),
            ("POST", "/alerting/metrics/batch", [METRIC], "push admin"),
            ("PUT", "/metrics/job/x", "a 1\n", "push admin"),
            ("DELETE", "/metrics/job/x", None, "push admin"),
            ("POST", "/api/v2/alerts", ALERTS, "push operate admin"),
            ("POST", "/api/v2/silences", silence, "operate admin"),
            ("POST", f"{API}/alerts/{alert}/acknowledge", None, "operate admin"),
            ("POST", f"{API}/dead-letters/1/resend", None, "admin"),
            ("POST", f"{API}/channels/nobody/test", None, "admin"),
            ("POST", "/-/reload", None, "admin"),
            ("GET", f"{API}/keys", None, "admin"),
            ("GET", f"{API}/audit", None, "admin"),
        ]
        tokens = {scope: self.api_key(scope)["token"] for scope in ("read", "push", "operate", "admin")}
        for method, path, body, may in calls:
            for scope, token in {"none": None, **tokens}.items():
                status = self.status(method, path, token, body)
                if scope in may.split():
                    self.assertNotIn(status, (401, 403), (method, path, scope))
                else:
                    wanted = 401 if scope == "none" else 403
                    self.assertEqual(status, wanted, (method, path, scope))

    def test_strangers_learn_of_health_only_that(self):
        self.start()
        self.assertNotIn("checks", self.daemon.get(f"{API}/health").json())
        self.assertIn("checks", self.admin("GET", f"{API}/health").json())

    def test_public_metrics(self):
        self.start(web={"public_metrics": True})
        self.assertEqual(self.status("GET", "/metrics"), 200)
        self.assertEqual(self.status("GET", f"{API}/status"), 401)

    def test_a_key_expires_and_is_revoked(self):
        self.start()
        short = self.api_key("read", expires_in="5s")
        long = self.api_key("read")
        self.assertEqual(self.status("GET", f"{API}/rules", short["token"]), 200)
        wait_until(lambda: self.status("GET", f"{API}/rules", short["token"]) == 401)
        self.assertEqual(self.status("GET", f"{API}/rules", long["token"]), 200)
        self.assertEqual(self.admin("DELETE", f"{API}/keys/{long['id']}").status, 200)
        self.assertEqual(self.status("GET", f"{API}/rules", long["token"]), 401)
        states = {key["id"]: key["state"] for key in self.admin("GET", f"{API}/keys").json()}
        self.assertEqual(states[short["id"]], "expired")
        self.assertEqual(states[long["id"]], "revoked")
        self.assertEqual(self.admin("DELETE", f"{API}/keys/0123456789abcdef").status, 404)
        self.assertEqual(self.admin("DELETE", f"{API}/keys/environment-1").status, 409)
        self.daemon.restart()
        self.assertEqual(self.status("GET", f"{API}/rules", long["token"]), 401)

    def test_bad_orders_of_keys_are_explained(self):
        self.start()
        for body, place in (
            ({}, ["body", "name"]),
            ({"name": 7, "scopes": ["read"]}, ["body", "name"]),
            ({"name": "x", "scopes": ["root"]}, ["body", "scopes"]),
            ({"name": "x", "scopes": []}, ["body", "scopes"]),
            ({"name": "x", "scopes": ["read"], "expires_in": -1}, ["body", "expires_in"]),
            ({"name": "x", "scopes": ["read"], "expires_in": 1e300}, ["body", "expires_in"]),
            ({"name": "x", "scopes": ["read"], "expires_at": "soon"}, ["body", "expires_at"]),
            ([], ["body"]),
            ("{", ["body", 1]),
        ):
            answer = self.admin("POST", f"{API}/keys", body)
            self.assertEqual(answer.status, 422, body)
            self.assertEqual(answer.json()["detail"][0]["loc"], place, body)
        for query in ("since=yesterday", "limit=0", "limit=1001", "limit=x"):
            self.assertEqual(self.admin("GET", f"{API}/audit?{query}").status, 422, query)

    def test_the_command_line_makes_and_revokes_keys_of_a_running_daemon(self):
        self.start(keys="")
        self.assertEqual(self.status("GET", f"{API}/rules"), 200)
        token = self.cli_key("read", "first", "--expires=90d")
        # Noticed by itself, and at once when the token comes.
        wait_until(lambda: self.status("GET", f"{API}/rules") == 401, timeout=10)
        self.assertEqual(self.status("GET", f"{API}/rules", token), 200)
        admin = self.cli_key("admin", "second")
        wait_until(lambda: self.status("GET", f"{API}/keys", admin) == 200, timeout=10)
        listing = self.cli("keys", "list")
        self.assertRegex(listing, r"[0-9a-f]{16}  active  read  first  created \S+  expires \S+\n")
        key = token.split("_")[1]
        self.assertIn("revoked", self.cli("keys", "revoke", key))
        wait_until(lambda: self.status("GET", f"{API}/rules", token) == 401, timeout=10)
        self.assertIn(f"{key}  revoked", self.cli("keys", "list"))
        self.cli("keys", "revoke", "0123456789abcdef", status=1)
        self.cli("keys", "create", "--name=x", "--scope=root", status=1)
        self.cli("keys", "create", "--name=x", "--scope=read", "--expires=soon", status=1)

    def test_the_command_line_makes_the_first_key_before_the_first_start(self):
        self.daemon = self.prepare_tocsin(config())
        token = self.cli_key("admin")
        if not harness.ON_POSTGRESQL:  # where the folder has nothing to hold yet
            self.assertEqual(self.daemon.storage.stat().st_mode & 0o777, 0o700)
        self.daemon.start()
        self.assertEqual(self.status("GET", f"{API}/rules"), 401)
        made = [
            entry
            for entry in self.daemon.get(f"{API}/audit", headers=bearer(token)).json()
            if entry["action"] == "key.create"
        ]
        self.assertEqual([entry["target"] for entry in made], [token.split("_")[1]])
        self.assertRegex(made[0]["actor"], r"^command line \(")

    def test_keys_in_a_file(self):
        file = self.folder / "keys"
        file.write_text(f"admin:{ADMIN}\nread:s3cret-of-a-reader\n")
        self.start(keys="", environment={"TOCSIN_API_KEYS_FILE": str(file)})
        self.assertEqual(self.status("GET", f"{API}/rules", "s3cret-of-a-reader"), 200)
        self.assertEqual(self.status("GET", f"{API}/keys", "s3cret-of-a-reader"), 403)

    def test_who_acknowledges_is_the_holder_of_the_key(self):
        self.start(rules=[rule("Cpu", "cpu", ">", 80, notification_channels=[])])
        self.admin("POST", f"{API}/metrics", {"metric_name": "cpu", "value": 99})
        alert = wait_until(lambda: self.admin("GET", f"{API}/alerts").json())[0]["id"]
        token = self.api_key("operate", name="ann")["token"]
        path = f"{API}/alerts/{alert}/acknowledge"
        self.assertEqual(self.daemon.post(path, headers=bearer(token)).status, 200)
        shown = self.admin("GET", f"{API}/alerts/{alert}").json()
        self.assertEqual(shown["acknowledged_by"], "ann")

    def test_a_page_of_another_site_changes_nothing_even_with_a_key(self):
        self.start()
        headers = {**basic(ADMIN), "Origin": "https://evil.example"}
        self.assertEqual(self.status("POST", f"{API}/metrics", body=METRIC, headers=headers), 403)
        self.assertEqual(self.status("DELETE", f"{API}/keys/x", headers=headers), 403)

    def test_amtool_with_basic_auth(self):
        self.start()
        token = self.api_key("operate", name="amtool")["token"]
        address = f"127.0.0.1:{self.daemon.port}"
        status, output = harness.amtool(
            f"http://any:{token}@{address}",
            "silence", "add", "--author=ann", "--comment=x", "alertname=A",
        )  # fmt: skip
        self.assertEqual(status, 0, output)
        status, _ = harness.amtool(f"http://{address}", "silence", "query")
        self.assertNotEqual(status, 0)
        entry = next(e for e in self.audit() if e["action"] == "silence.set")
        self.assertEqual((entry["actor"], entry["after"]["createdBy"]), ("amtool", "ann"))


class Users(Security):
    """--web.config.file of the full daemon."""

    # Bcrypt hashes of "secret" and of "other", at the least cost.
    SECRET = "$2y$04$NsjO39EkpN4TgIsusM.8w.e7KYfEtXW9pqlNXaGVGjTXGKfMTCGCK"
    OTHER = "$2y$04$k4AvIOFX1BlDFmP1qpBgKuAxf307vlMFtX.U3v9ZslnCfNtzB.0Jq"
    ANN = basic("secret", "ann")

    def write(self, **web):
        """Whole or not at all; JSON is YAML."""
        new = self.folder / "web.yml.new"
        new.write_text(json.dumps(web, indent=1))
        new.rename(self.folder / "web.yml")

    def prepare(self, keys="", **web):
        self.write(**web)
        self.daemon = self.prepare_tocsin(
            config(),
            environment={"TOCSIN_API_KEYS": keys} if keys else {},
            arguments=[f"--web.config.file={self.folder / 'web.yml'}"],
        )
        return self.daemon

    def test_a_user_may_do_everything_and_stands_in_the_audit_log(self):
        daemon = self.prepare(basic_auth_users={"ann": self.SECRET}).start()
        for wrong in ({}, basic("guess", "ann"), basic("secret", "eve"), bearer("secret")):
            self.assertEqual(self.status("GET", f"{API}/rules", headers=wrong), 401, wrong)
        self.assertEqual(self.status("GET", "/-/ready"), 200)
        self.assertEqual(self.status("GET", f"{API}/rules", headers=self.ANN), 200)
        made = daemon.post(
            f"{API}/keys", {"name": "made", "scopes": ["read"]}, headers=self.ANN
        ).json()
        # Both ways open, each what it may.
        self.assertEqual(self.status("GET", f"{API}/rules", made["token"]), 200)
        self.assertEqual(self.status("GET", f"{API}/keys", made["token"]), 403)
        audit = daemon.get(f"{API}/audit", headers=self.ANN)
        entry = next(e for e in audit.json() if e["action"] == "key.create")
        self.assertEqual((entry["actor"], entry["target"]), ("ann", made["id"]))
        self.assertNotIn("secret", audit.text)
        self.assertEqual(made["created_by"], "ann")

    def test_amtool_gets_in_with_the_password_in_its_address(self):
        self.prepare(basic_auth_users={"ann": self.SECRET}).start()
        for user, status in (("ann:secret@", 0), ("ann:guess@", 1), ("", 1)):
            url = f"http://{user}127.0.0.1:{self.daemon.port}"
            ended_with, output = harness.amtool(url, "alert", "add", "alertname=Disk")
            self.assertEqual(ended_with, status, output)

    def test_users_are_as_good_as_keys_for_listening_beyond_this_machine(self):
        daemon = self.prepare()
        daemon.listen_address = "0.0.0.0:0"
        daemon.spawn()
        self.assertEqual(daemon.process.wait(), 1)
        self.assertIn("refusing to listen on 0.0.0.0:0", daemon.process.stderr())
        self.write(basic_auth_users={"ann": self.SECRET})
        daemon.start()
        self.assertEqual(self.status("GET", f"{API}/rules"), 401)
        self.assertEqual(self.status("GET", f"{API}/rules", headers=self.ANN), 200)
        health = daemon.get(f"{API}/health", headers=self.ANN).json()
        self.assertEqual(health["warnings"], [])

    def test_a_change_of_the_file_is_in_force_at_once_and_a_mistake_never(self):
        daemon = self.prepare(keys=f"admin:{ADMIN}", basic_auth_users={"ann": self.SECRET}).start()
        self.write(basic_auth_users={"ann": self.OTHER})
        other = basic("other", "ann")
        wait_until(lambda: self.status("GET", f"{API}/rules", headers=other) == 200)
        self.assertEqual(self.status("GET", f"{API}/rules", headers=self.ANN), 401)
        self.write(basic_auth_users={"ann": "no hash"})
        reload = daemon.post("/-/reload", headers=other)
        self.assertEqual(reload.status, 500)
        self.assertIn("web.yml:3:10: the password of ann is no bcrypt hash", reload.text)
        self.assertEqual(self.status("GET", f"{API}/rules", headers=other), 200)
        # A file that loses its users opens no door.
        self.write()
        wait_until(lambda: self.status("GET", f"{API}/rules", headers=other) == 401)
        self.assertEqual(self.status("GET", f"{API}/rules"), 401)
        self.assertEqual(self.status("GET", f"{API}/rules", ADMIN), 200)

    def test_every_answer_carries_the_headers_of_the_file(self):
        self.prepare(http_server_config={"headers": {"X-Frame-Options": "sameorigin"}}).start()
        for path in ("/", f"{API}/rules", "/nowhere", "/-/ready"):
            answer = self.daemon.get(path)
            self.assertEqual(answer.headers.get_all("X-Frame-Options"), ["sameorigin"], path)

    def test_tls_is_refused_by_name(self):
        daemon = self.prepare(tls_server_config={"cert_file": "a", "key_file": "b"})
        daemon.spawn()
        self.assertEqual(daemon.process.wait(), 1)
        self.assertIn("tls_server_config is not supported: ", daemon.process.stderr())


class Headers(Security):
    def test_answers_protect_browsers(self):
        self.start()
        answers = [
            self.admin("GET", "/"),
            self.admin("GET", f"{API}/rules"),
            self.admin("GET", "/nowhere"),
            self.daemon.get(f"{API}/rules"),
        ]
        for answer in answers:
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(answer.headers["X-Frame-Options"], "DENY")
            self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(answer.headers.get_all("Server"), ["tocsin"])
        self.assertIn("default-src 'none'", answers[0].headers["Content-Security-Policy"])


class Pages(Security):
    """Pages of other sites that tocsin.web.allowed_origins names."""

    PAGE = "https://status.example.org"

    def cors(self, answer):
        names = [name.lower() for name in answer.headers]
        return {name for name in names if name.startswith("access-control-")}

    def preflight(self, origin, path=f"{API}/rules", method="POST"):
        asking = {
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type,x-api-key",
        }
        return self.daemon.request("OPTIONS", path, headers=asking)

    def test_without_the_setting_no_answer_says_a_word(self):
        self.start(keys="")
        for answer in (
            self.daemon.get(f"{API}/rules", headers={"Origin": self.PAGE}),
            self.daemon.get("/api/v2/alerts", headers={"Origin": self.PAGE}),
            self.preflight(self.PAGE),
        ):
            self.assertEqual(self.cors(answer), set(), answer)

    def test_pages_of_allowed_origins_are_let_in_with_their_key(self):
        self.start(web={"allowed_origins": ["http://localhost:3000", self.PAGE]})
        for path, method in (
            (f"{API}/rules", "POST"), (f"{API}/keys/x", "DELETE"), ("/api/v2/silences", "POST"),
            ("/metrics/job/x", "PUT"), (f"{API}/events/stream", "GET"),
        ):  # fmt: skip
            answer = self.preflight(self.PAGE, path, method)
            self.assertEqual(answer.status, 204, path)
            self.assertEqual(answer.headers.get_all("Access-Control-Allow-Origin"), [self.PAGE])
            self.assertIn(method, answer.headers["Access-Control-Allow-Methods"])
            self.assertIn("X-API-Key", answer.headers["Access-Control-Allow-Headers"])
        page = {"Origin": self.PAGE}
        for headers, status in (({"X-API-Key": ADMIN}, 200), ({}, 401), ({"X-API-Key": "x"}, 401)):
            answer = self.daemon.get(f"{API}/rules", headers={**page, **headers})
            self.assertEqual(answer.status, status)
            self.assertEqual(answer.headers.get_all("Access-Control-Allow-Origin"), [self.PAGE])
            self.assertIn("Origin", answer.headers.get_all("Vary"))
            self.assertNotIn("Access-Control-Allow-Credentials", answer.headers)
        posted = self.daemon.post(
            f"{API}/metrics", METRIC, headers={**page, "X-API-Key": ADMIN}
        )
        self.assertEqual(posted.status, 200)

    def test_other_pages_are_not(self):
        self.start(web={"allowed_origins": [self.PAGE]})
        for origin in ("https://evil.example", f"{self.PAGE}.evil.example", "null"):
            answer = self.preflight(origin)
            self.assertEqual((answer.status, self.cors(answer)), (401, set()), origin)
            answer = self.daemon.get(
                f"{API}/rules", headers={"Origin": origin, "X-API-Key": ADMIN}
            )
            self.assertEqual((answer.status, self.cors(answer)), (200, set()), origin)
            self.assertEqual(answer.headers.get_all("Vary"), ["Origin"])


class RateLimits(Security):
    def refused(self, method, path):
        """The first 429; a slow machine may have to ask more than once."""

        def ask():
            answer = self.admin(method, path)
            return answer if answer.status == 429 else None

        return wait_until(ask)

    def test_requests_of_a_key_and_of_an_address(self):
        self.start(web={"rate_limit": {"requests_per_second": 1, "burst": 5}})
        statuses = [self.status("GET", f"{API}/rules", ADMIN) for _ in range(5)]
        self.assertEqual(statuses, [200] * 5)
        answer = self.refused("GET", "/api/v2/alerts")
        self.assertEqual(answer.json(), {"code": 429, "message": "Rate limit exceeded"})
        answer = self.refused("GET", f"{API}/rules")
        self.assertEqual(answer.json(), {"detail": "Rate limit exceeded"})
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        # A stranger's bucket is another one; probes are not limited.
        self.assertEqual(self.status("GET", f"{API}/rules"), 401)
        self.assertEqual({self.status("GET", "/-/healthy") for _ in range(20)}, {200})

    def test_what_is_open_to_everybody_is_limited_too_and_only_probes_are_not(self):
        limit = {"requests_per_second": 1, "burst": 2}
        self.start(web={"public_metrics": True, "rate_limit": limit})
        for path in ("/metrics", "/alerting/health", f"{API}/health"):
            wait_until(lambda path=path: self.status("GET", path) == 200)
            wait_until(lambda path=path: self.status("GET", path) == 429)
        for probe in ("/-/healthy", "/-/ready"):
            self.assertEqual({self.status("GET", probe) for _ in range(20)}, {200}, probe)

    def test_samples_of_batches_and_pushes(self):
        self.start(keys="", web={"rate_limit": {"samples_per_second": 1, "burst": 100}})
        batch = [METRIC] * 60
        self.assertEqual(self.status("POST", f"{API}/metrics/batch", body=batch), 200)
        answer = self.daemon.post(f"{API}/metrics/batch", batch)
        self.assertEqual((answer.status, answer.json()), (429, {"detail": "Rate limit exceeded"}))
        self.assertGreater(int(answer.headers["Retry-After"]), 10)
        page = "".join(f"m{i} 1\n" for i in range(60))
        answer = self.daemon.put("/metrics/job/x", page)
        self.assertEqual((answer.status, answer.text), (429, "Rate limit exceeded\n"))

    def test_bytes(self):
        self.start(keys="", web={"rate_limit": {"bytes_per_second": "1KB"}})
        page = "# " + "x" * 30_000 + "\na 1\n"  # paid for in half a minute
        self.assertEqual(self.status("PUT", "/metrics/job/x", body=page), 200)
        self.assertEqual(self.status("PUT", "/metrics/job/x", body=page), 429)


class Audit(Security):
    def test_says_who_changed_what(self):
        self.start()
        made = self.api_key("operate", name="ann")
        alerts = self.daemon.post("/api/v2/alerts", ALERTS, headers=bearer(made["token"]))
        self.assertEqual(alerts.status, 200)
        silence = {
            "matchers": [{"name": "a", "value": "b", "isRegex": False}],
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "2099-01-01T00:00:00Z",
            "createdBy": "x",
            "comment": "y",
        }
        answer = self.daemon.post("/api/v2/silences", silence, headers=bearer(made["token"]))
        silence_id = answer.json()["silenceID"]
        self.daemon.delete(f"/api/v2/silence/{silence_id}", headers=bearer(made["token"]))
        self.assertEqual(self.admin("POST", "/-/reload").status, 200)
        self.admin("POST", f"{API}/metrics", METRIC)
        entries = self.audit()
        self.assertEqual(
            [entry["action"] for entry in entries],
            ["POST /-/reload", "config.reload", "silence.expire", "silence.set", "key.create",
             "audit.begin"],
        )  # fmt: skip
        expired = entries[2]
        self.assertEqual((expired["actor"], expired["key_id"]), ("ann", made["id"]))
        self.assertEqual((expired["from"], expired["target"]), ("127.0.0.1", silence_id))
        self.assertEqual(expired["before"]["status"]["state"], "active")
        self.assertEqual(entries[4]["after"]["name"], "ann")
        since = entries[2]["at"]
        self.assertEqual(len(self.audit(since=since)), 3)
        self.assertEqual(len(self.audit(limit=1)), 1)

    def test_refusals_are_counted_and_do_not_fill_it(self):
        self.start()
        reader = self.api_key("read")["token"]
        for _ in range(50):
            self.status("GET", f"{API}/rules")
            self.status("GET", f"{API}/rules", "guess")
            self.status("POST", f"{API}/metrics", reader, METRIC)
        refused = [e for e in self.audit() if e["action"] == "access.refused"]
        self.assertEqual(sorted(e["outcome"] for e in refused), ["401", "401", "403"])
        self.daemon.restart()  # which writes the counts
        refused = [e for e in self.audit() if e["action"] == "access.refused"]
        self.assertEqual(sorted(e["count"] for e in refused), [1, 1, 1, 49, 49, 49])
        self.assertEqual(self.daemon.get("/-/healthy").status, 200)

    def test_verify_finds_tampering(self):
        self.start()
        for _ in range(5):
            self.api_key("read")
        output = self.cli("audit", "verify")  # while the daemon runs
        anchor = re.search(r"SUCCESS: 6 entries, the last one is (6:[0-9a-f]{64})\n", output)[1]
        self.daemon.stop()
        self.cli("audit", "verify", f"--expect={anchor}")
        database = self.daemon.database
        restore = database.save()
        row = "key = '{:020}'"
        evil = database.value_of_text(f"replace({database.text('value')}, 'made', 'evil')")
        for statement, finding in (
            (f"UPDATE audit SET value = {evil} WHERE {row.format(3)}", "entry 3 was altered"),
            (f"DELETE FROM audit WHERE {row.format(3)}", "entry 3 is missing"),
            (f"DELETE FROM audit WHERE {row.format(6)}", "entry 6 is missing"),
            (f"DELETE FROM audit WHERE {row.format(1)}", "entry 1 is missing"),
            ("DELETE FROM audit", "there is no entry"),
            ("DELETE FROM audit WHERE key = 'head'", "names the last entry"),
            (f"UPDATE audit SET value = (SELECT value FROM audit WHERE {row.format(2)}) "
             f"WHERE {row.format(4)}", "holds entry 2"),
            (f"INSERT INTO audit SELECT '{7:020}', value FROM audit WHERE {row.format(6)}",
             "holds entry 6"),
        ):  # fmt: skip
            restore()
            database.run(statement)
            output = self.cli("audit", "verify", status=1)
            self.assertIn(finding, output, statement)
            self.assertIn("FAILED", output)
        restore()
        self.cli("audit", "verify")
        other = anchor.replace("6:", "6:0")[:-1]
        self.assertIn("expected entry", self.cli("audit", "verify", f"--expect={other}", status=1))


class Secrecy(Security):
    def test_a_token_stands_in_the_answer_that_made_it_and_nowhere_else(self):
        secret = "planted-secret-of-the-environment"
        self.daemon = self.tocsin(
            config(),
            environment={"TOCSIN_API_KEYS": f"admin:{ADMIN},push:{secret}"},
            arguments=["--log.level=debug"],
        )
        made = self.api_key("read", name="planted")
        cli = self.cli_key("read,push", "planted too")
        tokens = [secret, ADMIN, made["token"].split("_")[2], cli.split("_")[2]]
        pages = []
        for token in (secret, ADMIN, made["token"], cli, made["token"][:-1]):
            for headers in ({"X-API-Key": token}, bearer(token), basic(token), basic("x", token)):
                for method, path in (
                    ("GET", "/"), ("GET", "/metrics"), ("GET", "/nowhere"), ("GET", "/api/v2/status"),
                    ("POST", f"{API}/metrics"), ("GET", f"{API}/rules?token=" + token),
                    ("DELETE", f"{API}/keys/x"), ("POST", "/-/reload"),
                ):  # fmt: skip
                    pages.append(self.daemon.request(method, path, headers=headers))
        for path in (f"{API}/keys", f"{API}/audit?limit=1000", f"{API}/status", f"{API}/health",
                     "/metrics", "/", "/api/v2/status"):  # fmt: skip
            pages.append(self.admin("GET", path))
        texts = {
            (number, repr(page)): page.body + str(page.headers).encode()
            for number, page in enumerate(pages)
        }
        texts["keys list"] = self.cli("keys", "list").encode()
        texts["audit verify"] = self.cli("audit", "verify").encode()
        self.daemon.stop()
        texts["log"] = self.daemon.process.stderr().encode()
        texts["output"] = self.daemon.process.stdout().encode()
        for file in pathlib.Path(self.daemon.storage).iterdir():
            if file.is_file():
                texts[file.name] = file.read_bytes()
        texts["database"] = self.daemon.database.stored_bytes()
        self.assertIn(b"planted too", texts["database"])
        for name, text in texts.items():
            for token in tokens:
                self.assertNotIn(token.encode(), text, name)
                self.assertNotIn(base64.b64encode(f"x:{token}".encode()), text, name)


class Memory(harness.TestCase):
    """Of a user that is not root: root may read everything."""

    NOBODY = 65534

    def as_nobody(self, arguments, **more):
        user = {"user": self.NOBODY, "group": self.NOBODY, "extra_groups": []}
        return subprocess.Popen(
            arguments,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            **(user if os.geteuid() == 0 else {}),
            **more,
        )

    def can_be_read(self, pid):
        return self.as_nobody(["cat", f"/proc/{pid}/environ"]).wait() == 0

    def test_neither_a_crash_nor_another_process_of_its_user_gets_at_it(self):
        self.folder.chmod(0o777)
        (self.folder / "tocsin.yml").write_text(config())
        other = self.own_process(self.as_nobody(["sleep", "60"]))
        daemon = self.own_process(
            self.as_nobody(
                [
                    BINARY,
                    "--config.file=tocsin.yml",
                    "--storage.path=data",
                    "--web.listen-address=127.0.0.1:0",
                ]
            )
        )
        address = self.folder / "data" / "address"
        wait_until(lambda: address.exists() and address.read_text().strip(), what="the address")
        wait_until(lambda: self.can_be_read(other.pid), what="what is nothing special to be read")
        self.assertFalse(self.can_be_read(daemon.pid))
        # It reads what it needs of itself.
        with urllib.request.urlopen(f"http://{address.read_text().strip()}/metrics") as answer:
            self.assertRegex(answer.read().decode(), r"(?m)^process_open_fds [1-9]")
        limits = pathlib.Path(f"/proc/{daemon.pid}/limits").read_text()
        self.assertRegex(limits, r"(?m)^Max core file size +0 +0 ")
        daemon.send_signal(signal.SIGSEGV)
        self.assertEqual(daemon.wait(), -signal.SIGSEGV)
        self.assertEqual([file.name for file in self.folder.rglob("core*")], [])

    def own_process(self, process):
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process


if __name__ == "__main__":
    harness.main()
