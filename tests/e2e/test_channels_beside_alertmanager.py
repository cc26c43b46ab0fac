"""The same configuration and the same alerts for `tocsin alertmanager` and for the real one (0.25,
of Debian): every channel must send the same requests, field by field. Where 0.34 says something
else, and we with it, DIFFERENCES has what we say instead. Nothing else is left out but the Host, and
the Content-Length of a body that is compared itself.

What ours sends of one ordinary alert is compared with tests/golden/alertmanager too, field by
field, and there are the channels that the real one does not know yet, and mail.

Both are started once. Each case of channels_of_alertmanager.py is told twice: that its alerts fire
(some of one case are over by then) and that all are over.
"""

import datetime
import hashlib
import hmac
import json
import pathlib
import re
import shutil
import tempfile
import unittest

import harness
from alertmanager import time_text
from certificates import Authority, server_tls
from channels_of_alertmanager import (
    AWS_SECRET,
    CASES,
    GOLDEN_WAYS,
    REQUESTS,
    Times,
    configuration,
    receivers,
)
from channels_of_tocsin import answers
from golden import GoldenHttp, GoldenMail, golden_files, http_request, mail_request, show
from harness import ROOT, wait_until
from mail_server import MailServer
from vendors import ANSWERS, Vendors

STAGES = ("fires", "is over")
ABSENT = "(absent)"
EXTERNAL = ["--web.external-url=http://am.example/am", "--web.route-prefix=/"]

# --- what is wanted to differ ---


class JsonText:
    """Equal to every text that says this in JSON."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, str) and json.loads(other) == self.value

    def __repr__(self):
        return f"the JSON of {self.value!r}"


def cut(text, limit):
    """To so many characters."""
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


def cut_by_notice(text):
    if len(text) < 4096 or text[-1] != "\u2026":
        return text
    return (
        "There is a notification for this chat that is longer than Telegram takes. Its alerts are"
        " listed in Alertmanager. A shorter message template in telegram_configs makes it fit."
    )


def alerts_with(status, told):
    alerts = [alert for alert in told.alerts if alert["status"] == status]
    # In YAML there is no DEL: the JSON that holds one cannot be read as YAML and stays a text.
    return JsonText(alerts) if alerts and told.case == "hostile" else alerts


def number_with(status, told):
    return len([alert for alert in told.alerts if alert["status"] == status])


def clean_subject(real):
    """SNS refuses any other."""
    text = re.sub(r"[\x00-\x1f\x7f]", " ", real[0]) if real != ABSENT else ""
    return [cut(text.strip(), 99)] if text.strip() else ABSENT


def aws_authorization(request):
    """The right one for this request, signed in its own way.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html"""
    said = request.headers["Authorization"]
    scope, names = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=AKID/(\d{8}/eu-west-1/sns/aws4_request),"
        r" SignedHeaders=([a-z;-]+;host;x-amz-date), Signature=[0-9a-f]{64}",
        said,
    ).groups()
    headers = [f"{name}:{request.headers[name]}\n" for name in names.split(";")]
    body = hashlib.sha256(request.body).hexdigest()
    canonical = "\n".join([request.method, request.path, "", "".join(headers), names, body])
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = b"AWS4" + AWS_SECRET.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers["X-Amz-Date"], scope, hashed])
    return said[:-64] + hmac.digest(key, text.encode(), "sha256").hex()


def signed(real, told):
    if real != aws_authorization(told.by_real):
        return "(what the real one has signed is not understood)"
    return aws_authorization(told.by_ours)


def at_about(real, told):
    said = told.by_ours.headers["X-Amz-Date"]
    times = [datetime.datetime.strptime(each, "%Y%m%dT%H%M%SZ") for each in (said, real)]
    return said if abs(times[0] - times[1]) < datetime.timedelta(minutes=1) else real


def text_message(real, told):
    """The first 1600 characters; 0.25 counts bytes. It has the whole text elsewhere."""
    whole = told.real_elsewhere("discord.with_every_key")["body"]["embeds"][0]["title"]
    return [whole[:1600]]


# (how the ways begin, where it is, what ours says: of what the real one says, and of what is told)
DIFFERENCES = [
    # Who sends, of the version that we report. (Libraries of the real one name themselves.)
    ("", "headers/User-Agent", lambda real, told: "Alertmanager/0.34.0"),
    # libcurl's. Without it everything is accepted too.
    ("", "headers/Accept", lambda real, told: "*/*"),
    # New in 0.32 and in 0.34.
    ("webhook.", "body/notification_reason", lambda real, told: told.reason),
    ("webhook.", "body/routeLabels", lambda real, told: {}),
    # 0.25 cuts nothing.
    ("discord.", "body/embeds/0/title", lambda real, told: cut(real, 256)),
    ("discord.", "body/embeds/0/description", lambda real, told: cut(real, 4096)),
    # 0.25 cuts HTML wherever it is too long. Now a notice takes its place.
    ("telegram.with_defaults", "body/text", lambda real, told: cut_by_notice(real)),
    # A newer key; what is not set is sent empty, as for its neighbours.
    ("pushover.", "query/device", lambda real, told: [""]),
    # No template for 0.25. What is empty is left out by both.
    ("webex.with_every_key", "body/roomId", lambda real, told: told.common("job")),
    # The real one fills in what a label says, as if it were a template, once more.
    (
        "opsgenie.with_every_key",
        "body/responders/4/name",
        lambda real, told: told.common("job") if told.opens("hostile") else real,
    ),
    # Members of version 2, which the real one sends to version 1 too, empty.
    ("pagerduty.of_version_1", "body/event_action", lambda real, told: ABSENT),
    ("pagerduty.of_version_1", "body/payload", lambda real, told: ABSENT),
    # AWS's SDK names the only charset there is, and signs the length.
    ("sns.", "headers/Content-Type", lambda real, told: "application/x-www-form-urlencoded"),
    ("sns.", "headers/X-Amz-Date", at_about),
    ("sns.", "headers/Authorization", signed),
    # AWS's SDK sends a list without items as one empty text.
    ("sns.", "body/MessageAttributes", lambda real, told: ABSENT),
    ("sns.", "body/Subject", lambda real, told: clean_subject(real)),
    ("sns.to_a_phone", "body/Message", text_message),
    # 0.25 cuts through a character.
    ("sns.with_defaults", "body/Message", lambda real, told: [real[0].rstrip("\ufffd")]),
]
# PagerDuty's details are texts for 0.25. Since 0.30 they are what these texts are in YAML, and by
# 0.34 the lists of alerts are their data.
DETAILS = {
    "firing": lambda told: alerts_with("firing", told),
    "resolved": lambda told: alerts_with("resolved", told),
    "num_firing": lambda told: number_with("firing", told),
    "num_resolved": lambda told: number_with("resolved", told),
}
DETAILS_OF_EVERY_KEY = {
    **{name: DETAILS[name] for name in DETAILS if name != "firing"},  # which is a text of our own
    "count": lambda told: len(told.alerts),
    "pair": lambda told: {"status": told.status},
}


def detail(of):
    """Which may have had to go to make room."""
    return lambda real, told: ABSENT if real == ABSENT else of(told)


for ways, folder, details in (
    ("pagerduty.with_defaults", "body/payload/custom_details", DETAILS),
    ("pagerduty.without_ends", "body/payload/custom_details", DETAILS),
    ("pagerduty.of_global", "body/payload/custom_details", DETAILS),
    ("pagerduty.with_every_key", "body/payload/custom_details", DETAILS_OF_EVERY_KEY),
    ("pagerduty.of_version_1_with_defaults", "body/details", DETAILS),
    ("pagerduty.of_version_1_with_every_key", "body/details", DETAILS_OF_EVERY_KEY),
):
    DIFFERENCES += [(ways, f"{folder}/{name}", detail(of)) for name, of in details.items()]


# --- requests ---


def fields(request):
    """A request as what is compared."""
    names = {name.title() for name in request.headers} - {"Host", "Content-Length"}
    return {
        "method": request.method,
        "path": request.path,
        "query": dict(request.query),
        "headers": {name: ", ".join(request.headers.get_all(name)) for name in sorted(names)},
        "body": request.content(),
    }


def take(value, place):
    """Takes out what is at a place (a/b/0/c), and returns it."""
    *folders, name = place.split("/")
    for folder in folders:
        if isinstance(value, list):
            value = value[int(folder)] if int(folder) < len(value) else None
        else:
            value = value.get(folder) if isinstance(value, dict) else None
    return value.pop(name, ABSENT) if isinstance(value, dict) else ABSENT


def disagreements(ours, real, place=""):
    """What differs, with its place, shortened: some of these texts are very long."""
    if isinstance(ours, dict) and isinstance(real, dict):
        for name in sorted(ours.keys() | real.keys()):
            one, other = ours.get(name, ABSENT), real.get(name, ABSENT)
            yield from disagreements(one, other, f"{place}/{name}")
    elif isinstance(ours, list) and isinstance(real, list) and len(ours) == len(real):
        for number, (one, other) in enumerate(zip(ours, real)):
            yield from disagreements(one, other, f"{place}/{number}")
    elif ours != real:
        one, other = repr(ours), repr(real)
        pairs = enumerate(zip(one, other))
        at = next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
        begin = max(0, at - 40)
        yield (
            f"{place[1:]}, from character {begin} of {len(one)} and {len(other)}:"
            f"\n  ours {one[begin:begin + 200]}\n  real {other[begin:begin + 200]}"
        )


class Told:
    """One request by each, and what it is about."""

    def __init__(self, way, case, stage, by_ours, by_real, both):
        self.way = way
        self.case = case
        self.stage = stage
        self.status = "firing" if stage == "fires" else "resolved"
        self.reason = "first notification" if stage == "fires" else "all alerts resolved"
        self.by_ours = by_ours
        self.by_real = by_real
        self._both = both

    def real_elsewhere(self, way):
        """What the real one sent of the same group, some other way."""
        return fields(self._both.real.requests(f"{way}.{self.case}")[STAGES.index(self.stage)])

    @property
    def alerts(self):
        """As webhooks have them, in which both agree."""
        alerts = self.real_elsewhere("webhook.with_defaults")["body"]["alerts"]
        tells_ends = requests_of(self.way)[1] > 0
        return [alert for alert in alerts if tells_ends or alert["status"] == "firing"]

    def opens(self, case):
        """Whether this is what opens the alert of this case at Opsgenie."""
        return self.case == case and "responders" in fields(self.by_real)["body"]

    def common(self, label):
        return self.alerts[0]["labels"].get(label, ABSENT)


# --- both of them ---


class RealOne(harness.Alertmanager):
    def arguments(self):
        return [*super().arguments(), *EXTERNAL]


class Both:
    """Plays everything to both."""

    def __init__(self, folder):
        self.folder = folder
        authority = Authority(folder, "ca")
        names = "DNS:api.pushover.net,DNS:events.pagerduty.com"
        tls = server_tls(*authority.issue("vendors", names))
        (folder / "key").write_text("S3CRET")
        (folder / "secret").write_text(" S3CRET\n")
        self.ours, self.real = Vendors(tls, {**answers(), **ANSWERS}), Vendors(tls)
        self.mails = MailServer()
        self._apis = []

    def play(self):
        try:
            self._start()
            times = Times()
            self._post(times.firing)
            self._wait(1)
            over = time_text()
            self._post(lambda case: times.ended(case, over))
            self._wait(2)
        finally:
            for api in self._apis:
                if api.process:
                    api.process.kill9()
            self.ours.stop()
            self.real.stop()
            self.mails.stop()

    def _start(self):
        text = configuration(self.ours, self.folder, self.mails.address)
        ours = harness.TocsinAlertmanager(self.folder / "ours", text, arguments=EXTERNAL)
        self._apis.append(ours)
        ours.start()
        self._apis.append(RealOne(self.folder, configuration(self.real, self.folder)))

    def _post(self, alerts_of):
        for case in CASES:
            for api in self._apis:
                api.post_alerts(alerts_of(case))

    def _wait(self, stages):
        """For all requests of the first stages. Whose are missing is told by the tests."""
        for vendors in (self.ours, self.real):
            wanted = {
                f"{way}.{case}": sum(requests_of(way)[:stages])
                for way, case, kind, _ in receivers(newer=vendors is self.ours)
                if kind != "email"
            }
            try:
                wait_until(lambda: vendors.have(wanted), timeout=15)
            except AssertionError:
                pass
        try:
            wait_until(lambda: len(self.mails.mails) >= stages, timeout=15)
        except AssertionError:
            pass

    def log_of(self, receiver):
        """What both said of a receiver."""
        return [
            f"{file.stem}: {line[:500]}"
            for file in self.folder.rglob("*.stderr")
            for line in file.read_text(errors="replace").splitlines()
            if receiver in line
        ]


def requests_of(way):
    return REQUESTS.get(way, (1, 1))


class Channels(unittest.TestCase):
    """A test for each way and case is made below."""

    maxDiff = None
    why_not = None

    @classmethod
    def setUpClass(cls):
        try:
            harness.Alertmanager.check()
        except unittest.SkipTest as skip:
            cls.why_not = str(skip)
            return
        folder = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-channels-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.both = Both(folder)
        cls.both.play()

    def setUp(self):
        if self.why_not:
            self.skipTest(self.why_not)

    def told(self, way, case):
        """All requests of one receiver."""
        name = f"{way}.{case}"
        wanted = requests_of(way)
        ours, real = self.both.ours.requests(name), self.both.real.requests(name)
        if not len(ours) == len(real) == sum(wanted):
            log = "\n".join(self.both.log_of(name))
            self.fail(f"{sum(wanted)} requests are wanted; ours {ours}, real {real}\n{log}")
        stages = [stage for stage, count in zip(STAGES, wanted) for _ in range(count)]
        return [Told(way, case, *each, self.both) for each in zip(stages, ours, real)]

    def check(self, way, case):
        for told in self.told(way, case):
            ours, real = fields(told.by_ours), fields(told.by_real)
            found = []
            for ways, place, say in DIFFERENCES:
                if way.startswith(ways):
                    said = take(ours, place)
                    found += disagreements(said, say(take(real, place), told), f"/{place}")
            found += disagreements(ours, real)
            if found:
                self.fail("\n".join([f"when it {told.stage}, {told.by_real}:", *found]))

    def check_golden(self, channel, path):
        way = GOLDEN_WAYS[channel]
        counts = requests_of(way)
        stages = [stage for stage, count in zip(STAGES, counts) for _ in range(count)]
        if path.suffix == ".eml":
            golden = GoldenMail(path, STAGES)
            arrived = [mail_request(*each) for each in zip(stages, self.both.mails.mails)]
        else:
            golden = GoldenHttp(path, STAGES)
            name = f"{way}.one"
            sent = self.both.ours.requests(name)
            self.assertEqual(len(sent), len(stages), (sent, self.both.log_of(name)))
            arrived = [http_request(*each) for each in zip(stages, sent)]
        show("alertmanager", channel, arrived)
        problems = golden.problems(arrived)
        if problems:
            self.fail("\n".join(["what is sent is not what the file says:", *problems]))

    def test_every_channel_has_its_golden_file_and_every_file_its_channel(self):
        self.assertEqual(sorted(golden_files("alertmanager")), sorted(GOLDEN_WAYS))
        listed = (ROOT / "receivers/channels/vendor_list.h").read_text()
        known = set(re.findall(r"^  TOCSIN_VENDOR\(\w+, (\w+)\)", listed, re.M))
        self.assertEqual({way.partition(".")[0] for way in GOLDEN_WAYS.values()}, known | {"email"})

    def test_whoever_has_no_receiver_in_the_configuration_is_told_nothing(self):
        for vendors in (self.both.ours, self.both.real):
            all_of_it = receivers(newer=vendors is self.both.ours)
            names = {f"{way}.{case}" for way, case, _, _ in all_of_it}
            self.assertEqual({request.receiver for request in vendors.requests()} - names, set())

    def test_every_difference_is_still_one(self):
        gone = {(ways, place) for ways, place, say in DIFFERENCES if say is not at_about}
        for way, case, _, _ in receivers():
            for told in self.told(way, case):
                ours, real = fields(told.by_ours), fields(told.by_real)
                for ways, place, _ in DIFFERENCES:
                    if way.startswith(ways) and take(ours, place) != take(real, place):
                        gone.discard((ways, place))
        self.assertEqual(gone, set())


def add_tests():
    words = {
        "one": "of_one_alert",
        "several": "of_several_alerts",
        "bare": "of_an_alert_that_says_little",
        "hostile": "of_hostile_texts",
        "long": "of_long_texts",
        "huge": "of_more_than_fits",
    }
    for way, case, _, _ in receivers():
        name = f"test_{way.replace('.', '_')}_is_told_{words[case]}_as_by_the_real_one"
        setattr(Channels, name, lambda self, way=way, case=case: self.check(way, case))
    for channel, path in golden_files("alertmanager").items():
        if channel in GOLDEN_WAYS:
            name = f"test_{channel}_is_told_as_the_golden_file_says"
            setattr(Channels, name, lambda self, of=(channel, path): self.check_golden(*of))


add_tests()

if __name__ == "__main__":
    harness.main()
