"""AWS as far as SNS needs it: a machine's metadata service, a container's, STS and SNS, on one port.
It lends keys, knows whom it lent them to, and takes no request that is not signed with some that
are good; the signature is computed here once more, from AWS's description.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import datetime
import hashlib
import hmac
import http.server
import json
import re
import threading
import urllib.parse

from process import PATIENCE
from servers import LoopbackServer, Received

REGION = "eu-central-1"
ROLES = "/latest/meta-data/iam/security-credentials/"


class Refused(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code


class Lent:
    def __init__(self, name, secret, token, lifetime):
        self.name, self.secret, self.token, self.lifetime = name, secret, token, lifetime
        self.good = True


class Aws:
    """`calls` tells what was asked in order: "token", "role", "keys", "container",
    "AssumeRole by KEY", "AssumeRoleWithWebIdentity", "Publish by KEY"."""

    def __init__(self, keys=None):
        self._changed = threading.Condition()
        self._lock = threading.RLock()
        self._keys = {}
        self.calls = []
        self.published = []
        self.problems = []  # of requests that nobody should send
        self.lifetime = 3600.0
        self.role = "host-role"  # None: the machine has none
        self.identity = None  # the token of the web identity that is known
        self.container_token = None
        for name, secret in (keys or {}).items():
            self._keys[name] = Lent(name, secret, None, None)
        aws = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                aws._handle(self)

            do_PUT = do_POST = do_GET

            def log_message(self, *_):
                pass

        self._server = LoopbackServer(Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self._server.stop()

    def environment(self, **more):
        """In which a process takes this for its machine and its STS, and no others."""
        return {
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url,
            "AWS_ENDPOINT_URL_STS": f"{self.url}/sts/",
            "AWS_REGION": REGION,
            **more,
        }

    def secrets(self):
        """Whatever nobody may show."""
        with self._lock:
            lent = [text for key in self._keys.values() for text in (key.secret, key.token) if text]
            return [*lent, *self._tokens, *filter(None, [self.identity, self.container_token])]

    def withdraw(self):
        """All keys that were lent have expired."""
        with self._lock:
            for key in self._keys.values():
                key.good = key.token is None

    def wait_published(self, count):
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.published) >= count, PATIENCE):
                raise AssertionError(f"{count} messages; calls: {self.calls}, {self.problems}")
            return list(self.published)

    # --- the services ---

    _tokens = ("metadata-t0ken-1",)

    def _lend(self, kind):
        number = len(self._keys)
        lent = Lent(
            f"ASIA{kind.upper()}{number}",
            f"s3cret/{kind}+{number}=",
            f"s3ssion/{kind}+{number}==",
            self.lifetime,
        )
        self._keys[lent.name] = lent
        return lent

    def _handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        request = Received(handler, body)
        try:
            with self._lock:
                answer = self._answer(request)
            status = 200
        except Refused as refused:
            status = refused.status
            answer = f"<ErrorResponse><Error><Code>{refused.code}</Code></Error></ErrorResponse>"
        answer = answer.encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def _answer(self, request):
        if request.path == "/latest/api/token" and request.method == "PUT":
            return self._give_token(request)
        if request.path.startswith(ROLES) and request.method == "GET":
            return self._give_of_machine(request)
        if request.path == "/container" and request.method == "GET":
            return self._give_of_container(request)
        if request.method == "POST" and request.path in ("/sts/", "/sns/"):
            form = dict(urllib.parse.parse_qsl(request.body.decode(), strict_parsing=True))
            return self._sts(request, form) if request.path == "/sts/" else self._sns(request, form)
        self.problems.append(f"{request.method} {request.path}")
        raise Refused(404, "NotFound")

    def _give_token(self, request):
        self.calls.append("token")
        if not 1 <= int(request.headers["X-aws-ec2-metadata-token-ttl-seconds"]) <= 21600:
            raise Refused(400, "BadRequest")
        return self._tokens[0]

    def _give_of_machine(self, request):
        if request.headers.get("X-aws-ec2-metadata-token") not in self._tokens:
            raise Refused(401, "Unauthorized")
        wanted = request.path.removeprefix(ROLES)
        self.calls.append("keys" if wanted else "role")
        if self.role is None or wanted not in ("", self.role):
            raise Refused(404, "NotFound")
        return json_answer(self._lend("host")) if wanted else self.role

    def _give_of_container(self, request):
        self.calls.append("container")
        if request.headers.get("Authorization") != self.container_token:
            raise Refused(401, "Unauthorized")
        return json_answer(self._lend("task"))

    def _sts(self, request, form):
        if form["Version"] != "2011-06-15":
            raise Refused(400, "InvalidAction")
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", form["RoleSessionName"]):
            raise Refused(400, "ValidationError")
        if form["Action"] == "AssumeRoleWithWebIdentity":
            self.calls.append("AssumeRoleWithWebIdentity")
            if form["WebIdentityToken"] != self.identity or "Authorization" in request.headers:
                raise Refused(400, "InvalidIdentityToken")
            return sts_answer(self._lend("web"))
        name = self._signer(request, "sts")
        self.calls.append(f"{form['Action']} by {name}")
        if form["RoleArn"] != "arn:aws:iam::1:role/ops" or form.get("ExternalId") != "4711":
            raise Refused(403, "AccessDenied")
        return sts_answer(self._lend("role"))

    def _sns(self, request, form):
        name = self._signer(request, "sns")
        with self._changed:
            self.calls.append(f"{form['Action']} by {name}")
            self.published.append(form)
            self._changed.notify_all()
        return "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"

    # --- signatures ---

    def _signer(self, request, service):
        """Whose keys have signed the request."""
        match = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/([\w-]+)/(\w+)/aws4_request, "
            r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
            request.headers.get("Authorization", ""),
        )
        if not match:
            raise Refused(403, "MissingAuthenticationToken")
        name, day, region, named_service, headers, signature = match.groups()
        key = self._keys.get(name)
        if key is None:
            raise Refused(403, "InvalidClientTokenId")
        if request.headers.get("X-Amz-Security-Token") != key.token:
            raise Refused(403, "InvalidClientTokenId")
        if (region, named_service) != (REGION, service):
            raise Refused(403, "SignatureDoesNotMatch")
        time = datetime.datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
        age = abs((datetime.datetime.utcnow() - time).total_seconds())
        if age > 300 or time.strftime("%Y%m%d") != day:
            raise Refused(403, "SignatureDoesNotMatch")
        if not {"host", "x-amz-date"} <= set(headers.split(";")):
            raise Refused(403, "SignatureDoesNotMatch")
        if signature != signature_of(request, key.secret, day, service, headers):
            raise Refused(403, "SignatureDoesNotMatch")
        if not key.good:
            self.calls.append(f"expired {name}")
            raise Refused(403, "ExpiredToken")
        return name


def signature_of(request, secret, day, service, names):
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names.split(";"))
    canonical = "\n".join(
        [request.method, request.path, "", headers, names, hashlib.sha256(request.body).hexdigest()]
    )
    scope = f"{day}/{REGION}/{service}/aws4_request"
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            request.headers["X-Amz-Date"],
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def ends(lent):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(seconds=lent.lifetime)).strftime("%Y-%m-%dT%H:%M:%SZ")


def json_answer(lent):
    return json.dumps(
        {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "AccessKeyId": lent.name,
            "SecretAccessKey": lent.secret,
            "Token": lent.token,
            "Expiration": ends(lent),
        }
    )


def sts_answer(lent):
    return (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
        f"<Credentials><AccessKeyId>{lent.name}</AccessKeyId>"
        f"<SecretAccessKey>{lent.secret}</SecretAccessKey>"
        f"<SessionToken>{lent.token}</SessionToken><Expiration>{ends(lent)}</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
