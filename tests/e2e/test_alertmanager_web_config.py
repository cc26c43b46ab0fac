"""--web.config.file of `tocsin alertmanager`: who may ask, and what every answer carries."""

import base64
import json

import harness
from harness import BINARY, ended, wait_until

CONFIG = json.dumps({"route": {"receiver": "a"}, "receivers": [{"name": "a"}]})
# Bcrypt hashes of "secret" and of "other", at the least cost.
SECRET = "$2y$04$NsjO39EkpN4TgIsusM.8w.e7KYfEtXW9pqlNXaGVGjTXGKfMTCGCK"
OTHER = "$2y$04$k4AvIOFX1BlDFmP1qpBgKuAxf307vlMFtX.U3v9ZslnCfNtzB.0Jq"
EVERYWHERE = (
    ("GET", "/"),
    ("GET", "/metrics"),
    ("GET", "/-/ready"),
    ("GET", "/-/healthy"),
    ("GET", "/api/v2/status"),
    ("POST", "/api/v2/alerts"),
    ("POST", "/-/reload"),
    ("GET", "/api/v1/alerts"),
    ("GET", "/nowhere"),
    ("PATCH", "/api/v2/alerts"),
)


def credentials(user, password):
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


ANN = credentials("ann", "secret")


class WebConfig(harness.TestCase):
    def write(self, **web):
        """Whole or not at all; JSON is YAML."""
        new = self.folder / "web.yml.new"
        new.write_text(json.dumps(web, indent=1))
        new.rename(self.folder / "web.yml")

    def start(self, **web):
        self.write(**web)
        daemon = self.prepare_alertmanager(
            CONFIG, arguments=[f"--web.config.file={self.folder / 'web.yml'}"]
        )
        daemon.spawn()
        address = daemon.storage / "address"
        wait_until(lambda: address.exists() and address.read_text(), what="the address")
        daemon.port = int(address.read_text().rpartition(":")[2])
        return daemon

    def test_nothing_is_told_to_who_does_not_know_the_password(self):
        daemon = self.start(basic_auth_users={"ann": SECRET})
        for method, path in EVERYWHERE:
            for wrong in ({}, credentials("ann", "guess"), credentials("eve", "secret")):
                answer = daemon.request(method, path, headers=wrong)
                self.assertEqual(answer.status, 401, path)
                self.assertEqual(answer.headers["WWW-Authenticate"], "Basic", path)
                self.assertEqual(answer.body, b"Unauthorized\n", path)
            self.assertNotEqual(daemon.request(method, path, headers=ANN).status, 401, path)
        self.assertEqual(daemon.get("/-/ready", headers=ANN).status, 200)
        self.assertEqual(daemon.get("/nowhere", headers=ANN).status, 404)

    def test_keys_of_the_full_daemon_are_not_taken_for_a_lock(self):
        daemon = self.alertmanager(CONFIG, environment={"TOCSIN_API_KEYS": "read:s3cr3t-of-ann"})
        self.assertEqual(daemon.get("/api/v2/status").status, 200)
        log = daemon.process.stderr()
        self.assertIn("TOCSIN_API_KEYS is the full daemon's and has no effect here", log)
        self.assertNotIn("s3cr3t-of-ann", log)

    def test_amtool_gets_in_with_the_password_in_its_address(self):
        harness.Alertmanager.check()
        daemon = self.start(basic_auth_users={"ann": SECRET})
        for user, status in (("ann:secret@", 0), ("ann:guess@", 1), ("", 1)):
            url = f"http://{user}127.0.0.1:{daemon.port}"
            ended_with, output = harness.amtool(url, "alert", "add", "alertname=Disk")
            self.assertEqual(ended_with, status, output)
        self.assertEqual(len(daemon.get("/api/v2/alerts", headers=ANN).json()), 1)

    def test_a_change_of_the_file_is_in_force_at_once_and_a_mistake_never(self):
        daemon = self.start(basic_auth_users={"ann": SECRET})
        self.write(basic_auth_users={"ann": OTHER})
        other = credentials("ann", "other")
        wait_until(
            lambda: daemon.get("/-/ready", headers=other).status == 200, what="the new password"
        )
        self.assertEqual(daemon.get("/-/ready", headers=ANN).status, 401)
        self.write(basic_auth_users={"ann": "no hash"})
        wait_until(
            lambda: "what was in force stays" in daemon.process.stderr(), what="the complaint"
        )
        self.assertEqual(daemon.get("/-/ready", headers=other).status, 200)
        self.assertEqual(daemon.get("/-/ready").status, 401)
        reload = daemon.post("/-/reload", headers=other)
        self.assertEqual(reload.status, 500)
        self.assertIn("web.yml:3:10: the password of ann is no bcrypt hash", reload.text)
        self.write(basic_auth_users={"ann": SECRET})
        self.assertEqual(daemon.post("/-/reload", headers=other).status, 200)
        self.assertEqual(daemon.get("/-/ready", headers=ANN).status, 200)

    def test_every_answer_carries_the_headers(self):
        headers = {
            "X-Frame-Options": "deny",
            "Content-Security-Policy": "default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        }
        daemon = self.start(
            http_server_config={"headers": headers}, basic_auth_users={"ann": SECRET}
        )
        for method, path in EVERYWHERE:
            for asking in ({}, ANN):
                answer = daemon.request(method, path, headers=asking)
                for name, value in headers.items():
                    self.assertEqual(answer.headers.get_all(name), [value], path)

    def test_what_is_not_supported_or_misspelt_is_refused_by_name_and_place(self):
        web = self.folder / "web.yml"
        web.write_text(
            "basic_auth_users: {ann: secret}\n"
            "tls_server_config: {cert_file: a, key_file: b}\n"
            "http_server_config: {headers: {Server: none}}\n"
        )
        config = self.folder / "alertmanager.yml"
        config.write_text(CONFIG)
        status, output = ended(
            [
                BINARY,
                "alertmanager",
                f"--config.file={config}",
                f"--storage.path={self.folder / 'data'}",
                f"--web.config.file={web}",
            ]
        )
        self.assertNotEqual(status, 0)
        for part in (
            "web.yml:1:25: the password of ann is no bcrypt hash",
            "web.yml:2:1: tls_server_config is not supported: ",
            'web.yml:3:32: HTTP header "Server" can not be configured',
        ):
            self.assertIn(part, output)
        self.assertNotIn("secret", output)


if __name__ == "__main__":
    harness.main()
