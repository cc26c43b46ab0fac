"""No secret of any receiver stands in anything that the process writes or answers, where every vendor
repeats the whole request in its answer: refused (400), failed (500), or with status 200 and an error in
the body. All receiver types of alertmanager.yml with all of their secret keys, in the daemon and in
`tocsin alertmanager`; all channels of tocsin.yml, of the file and over the API.

Each secret begins with MARK. Searched are logs, pages, API answers and everything in the storage folder
and the database, where receivers made over the API lie encrypted.
"""

import base64
import http.server
import json
import pathlib
import re
import shutil
import socketserver
import subprocess
import tempfile
import threading
import urllib.parse

import harness
from alertmanager import time_text
from certificates import Authority, server_tls
from channels_of_tocsin import golden_channels
from harness import ROOT, rule, wait_until
from servers import LoopbackServer
from web import Proxy

MARK = "pl4nted-"
API = "/api/v1/alerting"


def planted(what):
    """A secret of its own for each use; with what URLs, headers and JSON have to escape nowhere."""
    return f"{MARK}{what}-0123456789"


def traces(mark=MARK):
    """What the mark looks like as it is, and within Base64 at each of the three places."""
    yield mark.encode()
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + mark.encode())
        begin = -(-offset * 4 // 3)
        yield whole[begin : (offset + len(mark)) * 4 // 3]


# --- vendors that repeat what they are told ---


class EchoVendors:
    """`answer` is what all of them do: "refused", "failed" or "denied"."""

    def __init__(self, tls):
        self.answer = "refused"
        self.received = []
        self._lock = threading.Lock()
        vendors = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = f"{self.requestline}\n{self.headers}\n".encode() + body
                with vendors._lock:
                    vendors.received.append((self.headers["Host"], self.path, request))
                vendors._reply(self, request.decode(errors="replace"))

            do_GET = do_PUT = do_POST

            def log_message(self, *_):
                pass

        self._servers = [LoopbackServer(Handler), LoopbackServer(Handler, tls=tls)]
        plain, secure = (server.server_address[1] for server in self._servers)
        self.url = f"http://127.0.0.1:{plain}"
        self.proxy = Proxy(port=secure)

    def stop(self):
        for server in [*self._servers, self.proxy]:
            server.stop()

    def _reply(self, handler, request):
        status = {"refused": 400, "failed": 500, "denied": 200}[self.answer]
        text, kind = f"this is wrong: {request}", "text/plain"
        if status != 500:
            words = "description error errmsg message result reason".split()
            lists = {"errors": [text], "errorMessages": [text]}
            denial = {"ok": False, "success": False, "status": 0, "errcode": 40001}
            text = json.dumps({**denial, **dict.fromkeys(words, text), **lists})
            kind = "application/json"
        handler.send_response(status, f"Wrong: {urllib.parse.quote(handler.path)}")
        handler.send_header("Content-Type", kind)
        handler.send_header("Location", handler.path)
        handler.send_header("Content-Length", str(len(text.encode())))
        handler.end_headers()
        handler.wfile.write(text.encode())

    def asked_by(self, name):
        """How often a receiver has asked anything: its name is in its path or its host."""
        with self._lock:
            return sum(f"/{name}" in path or name == host for host, path, _ in self.received)

    def bytes(self):
        with self._lock:
            return b"\n".join(request for _, _, request in self.received)


class EchoMailServer:
    """Lets nobody in, and repeats what it was given."""

    def __init__(self):
        self.lines = []
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(b"220 mail.test\r\n")
                for line in self.rfile:
                    server.lines.append(line)
                    if line[:4].upper() == b"EHLO":
                        self.wfile.write(b"250-mail.test\r\n250 AUTH PLAIN LOGIN\r\n")
                    elif line[:4].upper() == b"QUIT":
                        return self.wfile.write(b"221 bye\r\n")
                    elif line.strip().upper() == b"AUTH PLAIN":
                        self.wfile.write(b"334 \r\n")
                    else:
                        self.wfile.write(b"535 5.7.8 this is wrong: " + line)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


# --- every secret of alertmanager.yml ---

# (type, secret key, settings). In settings SECRET is the planted value of the row and FILE a file that
# holds it; URL is the vendors' address with the receiver's name, FILE_OF_URL a file with an address
# that ends in the secret.
JIRA = {"api_url": "URL/rest/api/2", "project": "OPS", "issue_type": "Bug"}
WEBEX = {"api_url": "URL", "room_id": "r"}
EMAIL = {"smarthost": "MAILS", "from": "a@x.org", "to": "b@x.org", "require_tls": False}
EMAIL["auth_username"] = "u"
ROCKET = {"api_url": "URL/", "channel": "#ops"}
SNS = {"api_url": "URL/", "topic_arn": "arn:aws:sns:eu-west-1:1:t"}
WECHAT = {"api_url": "URL/", "corp_id": "c"}
TELEGRAM = {"api_url": "URL", "chat_id": 7}
VICTOROPS = {"api_url": "URL/", "routing_key": "team"}
# Of fixed addresses, behind the proxy.
AT_ITS_NAME = {"proxy_url": "http://PROXY", "tls_config": {"ca_file": "FOLDER/ca.pem"}}
PUSHOVER = {"http_config": AT_ITS_NAME}


def hook(**http):
    return {"url": "URL/hook", "http_config": http}


OAUTH2 = {"client_id": "i", "token_url": "URL/token"}
TABLE = [
    ("webhook", "url", {"url": "URL/SECRET?key=SECRET"}),
    ("webhook", "url_file", {"url_file": "FILE_OF_URL"}),
    ("webhook", "http.basic_auth.password", hook(basic_auth={"username": "u", "password": "SECRET"})),
    (
        "webhook",
        "http.basic_auth.password_file",
        hook(basic_auth={"username": "u", "password_file": "FILE"}),
    ),
    ("webhook", "http.authorization.credentials", hook(authorization={"credentials": "SECRET"})),
    (
        "webhook",
        "http.authorization.credentials_file",
        hook(authorization={"credentials_file": "FILE"}),
    ),
    ("webhook", "http.oauth2.client_secret", hook(oauth2={**OAUTH2, "client_secret": "SECRET"})),
    (
        "webhook",
        "http.oauth2.client_secret_file",
        hook(oauth2={**OAUTH2, "client_secret_file": "FILE"}),
    ),
    ("webhook", "http.http_headers.secrets", hook(http_headers={"X-Key": {"secrets": ["SECRET"]}})),
    ("webhook", "http.http_headers.files", hook(http_headers={"X-Key": {"files": ["FILE"]}})),
    ("email", "auth_password", {**EMAIL, "auth_password": "SECRET"}),
    ("email", "auth_password_file", {**EMAIL, "auth_password_file": "FILE"}),
    ("email", "auth_secret", {**EMAIL, "auth_password": "SECRET", "auth_secret": "SECRET"}),
    ("email", "auth_secret_file", {**EMAIL, "auth_password": "SECRET", "auth_secret_file": "FILE"}),
    ("pagerduty", "routing_key", {"url": "URL", "routing_key": "SECRET"}),
    ("pagerduty", "routing_key_file", {"url": "URL", "routing_key_file": "FILE"}),
    ("pagerduty", "service_key", {"service_key": "SECRET", "http_config": AT_ITS_NAME}),
    ("pagerduty", "service_key_file", {"service_key_file": "FILE", "http_config": AT_ITS_NAME}),
    ("opsgenie", "api_key", {"api_url": "URL", "api_key": "SECRET"}),
    ("opsgenie", "api_key_file", {"api_url": "URL", "api_key_file": "FILE"}),
    ("wechat", "api_secret", {**WECHAT, "api_secret": "SECRET"}),
    ("wechat", "api_secret_file", {**WECHAT, "api_secret_file": "FILE"}),
    ("slack", "api_url", {"api_url": "URL/SECRET"}),
    ("slack", "api_url_file", {"api_url_file": "FILE_OF_URL"}),
    ("slack", "app_token", {"app_url": "URL", "app_token": "SECRET", "channel": "c"}),
    ("slack", "app_token_file", {"app_url": "URL", "app_token_file": "FILE", "channel": "c"}),
    ("victorops", "api_key", {**VICTOROPS, "api_key": "SECRET"}),
    ("victorops", "api_key_file", {**VICTOROPS, "api_key_file": "FILE"}),
    ("pushover", "user_key", {**PUSHOVER, "user_key": "SECRET", "token": "t"}),
    ("pushover", "user_key_file", {**PUSHOVER, "user_key_file": "FILE", "token": "t"}),
    ("pushover", "token", {**PUSHOVER, "user_key": "u", "token": "SECRET"}),
    ("pushover", "token_file", {**PUSHOVER, "user_key": "u", "token_file": "FILE"}),
    (
        "pushover",
        "http.proxy_url",
        {
            "user_key": "u",
            "token": "t",
            "http_config": {**AT_ITS_NAME, "proxy_url": "http://u:SECRET@PROXY"},
        },
    ),
    (
        "pushover",
        "http.proxy_connect_header",
        {
            "user_key": "u",
            "token": "t",
            "http_config": {**AT_ITS_NAME, "proxy_connect_header": {"X-Key": ["SECRET"]}},
        },
    ),
    (
        "sns",
        "sigv4.secret_key",
        {**SNS, "sigv4": {"region": "eu-west-1", "access_key": "A", "secret_key": "SECRET"}},
    ),
    ("telegram", "bot_token", {**TELEGRAM, "bot_token": "1:SECRET"}),
    ("telegram", "bot_token_file", {**TELEGRAM, "bot_token_file": "FILE"}),
    ("discord", "webhook_url", {"webhook_url": "URL/SECRET"}),
    ("discord", "webhook_url_file", {"webhook_url_file": "FILE_OF_URL"}),
    (
        "webex",
        "http.authorization.credentials",
        {**WEBEX, "http_config": {"authorization": {"credentials": "SECRET"}}},
    ),
    ("msteams", "webhook_url", {"webhook_url": "URL/SECRET"}),
    ("msteams", "webhook_url_file", {"webhook_url_file": "FILE_OF_URL"}),
    ("msteamsv2", "webhook_url", {"webhook_url": "URL/x?sig=SECRET"}),
    ("msteamsv2", "webhook_url_file", {"webhook_url_file": "FILE_OF_URL"}),
    (
        "jira",
        "http.basic_auth.password",
        {**JIRA, "http_config": {"basic_auth": {"username": "u", "password": "SECRET"}}},
    ),
    ("rocketchat", "token", {**ROCKET, "token": "SECRET", "token_id": "i"}),
    ("rocketchat", "token_file", {**ROCKET, "token_file": "FILE", "token_id": "i"}),
    ("rocketchat", "token_id", {**ROCKET, "token": "t", "token_id": "SECRET"}),
    ("rocketchat", "token_id_file", {**ROCKET, "token": "t", "token_id_file": "FILE"}),
    ("mattermost", "webhook_url", {"webhook_url": "URL/SECRET"}),
    ("mattermost", "webhook_url_file", {"webhook_url_file": "FILE_OF_URL"}),
    ("incidentio", "alert_source_token", {"url": "URL", "alert_source_token": "SECRET"}),
    ("incidentio", "alert_source_token_file", {"url": "URL", "alert_source_token_file": "FILE"}),
    ("incidentio", "url_file", {"url_file": "FILE_OF_URL"}),
]
# What receivers take from `global`. A key and its twin exclude each other: the twins are a
# configuration of their own.
GLOBALS = [
    ("smtp_auth_password", "email", {k: EMAIL[k] for k in EMAIL}),
    ("smtp_auth_secret", "email", {k: EMAIL[k] for k in EMAIL}),
    ("opsgenie_api_key", "opsgenie", {"api_url": "URL"}),
    ("wechat_api_secret", "wechat", WECHAT),
    ("victorops_api_key", "victorops", VICTOROPS),
    ("telegram_bot_token", "telegram", TELEGRAM),
    ("rocketchat_token", "rocketchat", ROCKET),
    ("rocketchat_token_id", "rocketchat", ROCKET),
    ("mattermost_webhook_url", "mattermost", {}),
    ("slack_api_url", "slack", {}),
    ("slack_app_token", "slack", {"app_url": "URL", "channel": "c"}),
]
# Never in a request: what is signed with it is, or what answers a challenge.
NEVER_SENT = {"sns.sigv4.secret_key", "email.auth_secret", "email.auth_secret_file",
              "global.smtp_auth_secret"}  # fmt: skip


def secret_keys_of(tables):
    """{table: its secret keys}, as the configuration's own tables have them; a twin `_file` too."""
    text = (ROOT / tables).read_text()
    found = {}
    for name, body in re.findall(r"constexpr KeySpec k(\w+)Keys\[\] = \{(.*?)\n?\};", text, re.S):
        secret = re.findall(r'\.key = "(\w+)",\s*\.kind = Kind::kSecret', body)
        twins = [f"{key}_file" for key in secret if f'"{key}_file"' in body]
        found[name.lower()] = {*secret, *twins}
    return found


class Planted:
    """The rows of one configuration as receivers, with their secrets in place."""

    def __init__(self, folder, vendors, mails):
        self.folder, self.vendors, self.mails = folder, vendors, mails
        self.names, self.receivers, self.globals = [], [], {}
        self.secrets = {}  # by the name of the row

    def add(self, kind, name, settings):
        self.secrets[name] = planted(name)
        text = self.fill(json.dumps(settings), name)
        self.receivers.append({"name": name, f"{kind}_configs": [json.loads(text)]})
        self.names.append(name)

    def fill(self, text, name):
        secret, url = planted(name), f"{self.vendors.url}/{name}"
        places = {
            "FILE_OF_URL": self.file(f"{name}.address", f"{url}/{secret}"),
            "FILE": self.file(name, secret),
            "SECRET": secret,
            "URL": url,
            "MAILS": self.mails.address,
            "PROXY": self.vendors.proxy.address,
            "FOLDER": str(self.folder),
        }
        for word, place in places.items():
            text = text.replace(word, place)
        return text

    def file(self, name, content):
        path = self.folder / name
        path.write_text(content)
        return str(path)

    def add_global(self, key, kind, settings, as_file):
        """A receiver that leaves the key to `global`."""
        name = f"global.{key}" + ("_file" if as_file else "")
        is_url = key.endswith("_url")
        value = {(False, False): "SECRET", (False, True): "FILE"}.get(
            (is_url, as_file), "FILE_OF_URL" if as_file else "URL/SECRET"
        )
        self.globals[key + ("_file" if as_file else "")] = self.fill(value, name)
        self.add(kind, name, settings)

    def alertmanager_yml(self):
        routes = [{"receiver": name, "continue": True} for name in self.names]
        root = {"receiver": "nobody", "group_by": ["alertname"], "routes": routes}
        root.update(group_wait="1ms", group_interval="1h", repeat_interval="1h")
        receivers = [{"name": "nobody"}, *self.receivers]
        return json.dumps({"global": self.globals, "route": root, "receivers": receivers})


class TestCase(harness.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.secret_folder = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-planted-"))
        cls.addClassCleanup(shutil.rmtree, cls.secret_folder, ignore_errors=True)
        authority = Authority(cls.secret_folder, "ca")
        names = ("api.pushover.net", "events.pagerduty.com")
        alternative = ",".join(f"DNS:{name}" for name in names)
        cls.tls = server_tls(*authority.issue("vendors", alternative))

    def setUp(self):
        self.vendors = self.own(EchoVendors(self.tls))
        self.mails = self.own(EchoMailServer())
        self.texts = {}  # everything that was shown, by where

    def read(self, path, method="GET", body=None):
        answer = self.daemon.request(method, path, None if body is None else json.dumps(body))
        self.texts[f"{method} {path}"] = answer.body + str(answer.headers).encode()
        return answer

    def read_pages(self):
        for path in ("/", "/metrics", "/api/v2/status", "/api/v2/receivers", "/api/v2/alerts",
                     "/api/v2/alerts/groups", "/api/v2/silences"):  # fmt: skip
            self.assertEqual(self.read(path).status, 200, path)

    def read_alerting_api(self):
        """All that its description lists, of each alert and receiver there is."""
        paths = self.read(f"{API}/openapi.json").json()["paths"]
        receivers = [one["name"] for one in self.read(f"{API}/receivers").json()]
        known = {
            "alerts": [one["id"] for one in self.read(f"{API}/alerts?status=all").json()],
            "rules": [one["id"] for one in self.read(f"{API}/rules").json()],
            "receivers": receivers,
            "channels": receivers,
        }
        read = set()
        for path, methods in paths.items():
            if "get" not in methods or "/ws/" in path or "stream" in path:
                continue
            parameter = re.search(r"\{\w+\}", path)
            ids = known.get(path.split("/")[1], []) if parameter else [""]
            for each in ids:
                url = path.replace(parameter[0], urllib.parse.quote(each, safe="")) if each else path
                if self.read(f"{API}{url}").status == 200:
                    read.add(path)
        self.assertLessEqual({"/alerts/{id}", "/alerts/{id}/explain", "/events", "/audit"}, read)
        self.read(f"{API}/events?limit=1000")
        self.read(f"{API}/audit?limit=1000")

    def search(self):
        """Stops the daemon and searches all it has written."""
        self.daemon.stop()
        self.texts["log"] = self.daemon.process.stderr().encode()
        self.texts["output"] = self.daemon.process.stdout().encode()
        for file in self.daemon.storage.rglob("*"):
            if file.is_file():
                self.texts[f"storage: {file.name}"] = file.read_bytes()
        if self.daemon.database:
            self.texts["database"] = self.daemon.database.stored_bytes()
        found = {}  # the first place of each
        for where, text in self.texts.items():
            for match in re.finditer(b"|".join(map(re.escape, traces())), text):
                found.setdefault(where, text[max(match.start() - 150, 0) : match.end() + 40])
        if found:
            places = [f"{where}: {place!r}" for where, place in found.items()]
            self.fail("\n".join([f"secrets stand in {len(found)} places:", *places]))

    def failures(self, name):
        return self.daemon.metric(name) or 0


class OfAlertmanager(TestCase):
    # Of the globals, whether they are files; these two exclude each other.
    CONFIGURATIONS = [
        (as_file, slack)
        for as_file in (False, True)
        for slack in ("slack_api_url", "slack_app_token")
    ]

    def planted(self, as_file, slack):
        """The table is in the first configuration."""
        rows = Planted(self.secret_folder, self.vendors, self.mails)
        if (as_file, slack) == self.CONFIGURATIONS[0]:
            for kind, key, settings in TABLE:
                rows.add(kind, f"{kind}.{key}", settings)
        for key, kind, settings in GLOBALS:
            if not key.startswith("slack_") or key == slack:
                rows.add_global(key, kind, settings, as_file)
        return rows

    def each(self):
        """(folder, rows) of each configuration."""
        for number, (as_file, slack) in enumerate(self.CONFIGURATIONS):
            self.texts = {}
            folder = self.folder / f"{number}-{slack}{'_file' if as_file else ''}"
            folder.mkdir()
            yield folder, self.planted(as_file, slack)

    def play(self, daemon, rows):
        """One alert for each way to fail."""
        self.daemon = daemon
        failed = "alertmanager_notification_requests_failed_total"
        self.read("/metrics")
        for number, answer in enumerate(("refused", "failed", "denied")):
            self.vendors.answer = answer
            before = {name: self.asked(name) for name in rows.names}
            failed_before = self.failures(failed)
            alert = {"labels": {"alertname": f"A{number}"}, "annotations": {"summary": "x"}}
            alert.update(startsAt=time_text(), endsAt=time_text(3600))
            reply = daemon.post("/api/v2/alerts", [alert])
            self.assertEqual(reply.status, 200, reply)
            for name in rows.names:
                wait_until(lambda: self.asked(name) > before[name], what=f"{name} to ask ({answer})")
            if answer != "denied":
                wanted = failed_before + len(rows.names)
                wait_until(lambda: self.failures(failed) >= wanted, what=f"{wanted} to fail")
        sent = self.vendors.bytes() + b"\n".join(self.mails.lines)
        sent += "".join(str(one) for _, _, one in self.vendors.proxy.requests).encode()
        sent += b"".join(self.decoded(sent))
        for name, secret in rows.secrets.items():
            if name.removesuffix("_file") not in NEVER_SENT:
                self.assertIn(secret.encode(), sent, f"{name} was not sent")

    def asked(self, name):
        """At least once where its server is shared."""
        if "email" in name or "smtp" in name:
            return len(self.mails.lines)
        if name.startswith("pushover"):
            return self.vendors.asked_by("api.pushover.net")
        if name.startswith("pagerduty.service_key"):
            return self.vendors.asked_by("events.pagerduty.com")
        return self.vendors.asked_by(name)

    @staticmethod
    def decoded(sent):
        for credentials in re.findall(rb"(?:Basic|PLAIN|\n)\s*([A-Za-z0-9+/]{16,}=*)", sent):
            try:
                yield base64.b64decode(credentials) + b"\n"
            except ValueError:
                pass

    def test_all_secret_keys_are_planted(self):
        tables = secret_keys_of("config/integration_keys.cc")
        told = {}
        for kind, key, _ in TABLE:
            told.setdefault(kind, set()).add(key)
        names = {"teams": "msteams", "teamsv2": "msteamsv2"}
        inner = {"sigv4": "sns"}
        checked = 0
        for table, keys in tables.items():
            if table == "global":
                planted_keys = {key for key, _, _ in GLOBALS}
                self.assertEqual(keys, planted_keys | {f"{key}_file" for key in planted_keys})
                checked += 1
                continue
            prefix = f"{table}." if table in inner else ""
            kind = inner.get(table, names.get(table, table))
            missing = {prefix + key for key in keys} - told.get(kind, set())
            self.assertEqual(missing, set(), kind)
            checked += bool(keys)
        self.assertGreater(checked, 14)
        types = re.findall(r'\{\.name = "(\w+)", \.keys', (ROOT / "config/integration_keys.cc").read_text())
        self.assertEqual(set(types), set(told))

    def test_the_daemon_tells_none(self):
        for folder, rows in self.each():
            file = folder / "am.yml"
            file.write_text(rows.alertmanager_yml())
            settings = {"alertmanager": {"config_file": str(file)}, "host": {"enabled": False}}
            daemon = harness.Tocsin(
                folder / "daemon",
                json.dumps({"tocsin": settings}),
                [],
                arguments=["--log.level=debug"],
            )
            daemon.keep_state_in(self.database(daemon.storage))
            self.addCleanup(lambda daemon=daemon: daemon.process and daemon.kill9())
            self.play(daemon.start(), rows)
            letters = self.read(f"{API}/dead-letters").json()
            self.assertGreaterEqual(len(letters), len(rows.names) // 2)
            self.read_pages()
            self.read_alerting_api()
            for name in rows.names:
                answer = self.read(f"{API}/channels/{name}/test", "POST", {})
                self.assertIn(answer.status, (200, 404, 502), name)
            self.search()

    def test_the_drop_in_tells_none(self):
        for folder, rows in self.each():
            daemon = harness.TocsinAlertmanager(
                folder, rows.alertmanager_yml(), arguments=["--log.level=debug"]
            )
            self.addCleanup(lambda daemon=daemon: daemon.process and daemon.kill9())
            self.play(daemon.start(), rows)
            self.read_pages()
            self.search()

    def test_the_commands_tell_none(self):
        rows = self.planted(*self.CONFIGURATIONS[0])
        file = self.folder / "am.yml"
        file.write_text(rows.alertmanager_yml())
        settings = self.folder / "tocsin.yml"
        settings.write_text(json.dumps({"tocsin": {"alertmanager": {"config_file": str(file)}}}))
        for command in (["check", "config", str(file)], ["check", "config", str(settings)],
                        ["receiver", "test", f"--config.file={settings}", "webhook.url"]):  # fmt: skip
            done = subprocess.run([harness.BINARY, *command], capture_output=True, check=False)
            for trace in traces():
                self.assertNotIn(trace, done.stdout + done.stderr, command)


class OfTocsin(TestCase):
    """Of the file, and made over the API."""

    def receivers(self, prefix):
        made = []
        channels = golden_channels(self.vendors.url, self.mails.address)
        for name, (kind, settings) in channels.items():
            if kind in ("email", "sms"):
                settings = {**settings, "auth_username": "u", "auth_password": planted(kind)}
            if kind == "webhook":
                settings = {**settings, "signing_secret": planted("signing")}
            made.append({"name": f"{prefix}{name}", kind: settings})
        return made

    def test_all_secret_keys_are_planted(self):
        planted_keys = {}
        for receiver in self.receivers(""):
            for kind, settings in receiver.items():
                if kind != "name":
                    text = json.dumps(settings)
                    self.assertIn(MARK, text, receiver["name"])
                    planted_keys.setdefault(kind, set()).update(settings)
        for table, keys in secret_keys_of("config/native_channels.cc").items():
            kind = table.removeprefix("native")
            inline = {key for key in keys if not key.endswith("_file")}
            if kind in planted_keys:
                self.assertEqual(inline - planted_keys[kind], set(), kind)

    def test_the_daemon_tells_none(self):
        of_file = self.receivers("file.")
        of_api = self.receivers("api.")
        names = [one["name"] for one in [*of_file, *of_api]]
        settings = {
            "host": {"enabled": False},
            "receivers": of_file,
            "egress": {"allow_networks": ["127.0.0.0/8"]},
        }
        self.daemon = self.tocsin(
            json.dumps({"tocsin": settings}), [], arguments=["--log.level=debug"]
        )
        for receiver in of_api:
            answer = self.read(f"{API}/receivers", "POST", receiver)
            self.assertEqual(answer.status, 200, answer)
        made = self.daemon.post(
            f"{API}/rules", rule("Planted", "cpu", notification_channels=names, severity="high")
        )
        self.assertEqual(made.status, 200, made)
        for number, answer in enumerate(("refused", "failed", "denied")):
            self.vendors.answer = answer
            before = len(self.vendors.received)
            self.daemon.submit("cpu", 90, host=f"h{number}")
            wait_until(lambda: self.tried(f"h{number}", names), what=f"all to be tried ({answer})")
            self.assertGreater(len(self.vendors.received), before + len(names) // 2)
        self.read_pages()
        self.read_alerting_api()
        for name in names:
            answer = self.read(f"{API}/channels/{name}/test", "POST", {})
            self.assertIn(answer.status, (200, 502), name)
        self.search()

    def tried(self, host, names):
        """Whether each channel has had an answer for this alert."""
        alerts = [one for one in self.daemon.alerts("all") if one["metadata"] == {"host": host}]
        if not alerts:
            return False
        told = self.daemon.get(f"{API}/alerts/{alerts[0]['id']}").json()["notifications"]
        return len(told) == len(names) and all(one["attempts"] > 0 for one in told.values())


if __name__ == "__main__":
    harness.main()
