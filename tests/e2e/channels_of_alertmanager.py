"""What test_channels_beside_alertmanager.py configures and posts: every channel that Alertmanager
0.25 has but mail, in several ways, and alerts from tame to hostile.

In settings VENDORS is the address of vendors.py, NAME the receiver's name, PROXY the proxy behind
which vendors have their true names, FOLDER a folder with the files `ca.pem`, `key` and `secret`.
"""

import json

from alertmanager import time_text

# --- ways to configure a channel: (name, type, settings) ---

URL = "VENDORS/NAME"
TEXT = (
    "{{ .Status | toUpper }} {{ .GroupLabels.alertname }}/{{ .CommonLabels.job | toLower }}"
    "{{ range .Alerts }} {{ .Labels.instance }}={{ .Status }}{{ end }}"
    " {{ .CommonAnnotations.note }} {{ len .Alerts.Firing }}"
)
SEVERITY = "{{ .CommonLabels.severity }}"  # of some cases
LIST = "{{ range .Alerts }}{{ .Labels.instance }}, {{ end }}end"
LONG = '{{ template "__text_alert_list" .Alerts }}'


def text(key):
    """Tells which key it is from, and what templates can reach."""
    return f"{key}: {TEXT}"


def texts(keys):
    return {key: text(key) for key in keys.split()}


def token(**credentials):
    return {"authorization": credentials}


SLACK = {
    "channel": "#{{ .CommonLabels.job }}",
    **texts("username color title title_link pretext text footer fallback callback_id"),
    **texts("icon_emoji icon_url image_url thumb_url"),
    "fields": [
        {"title": text("t1"), "value": text("v1"), "short": True},
        {"title": SEVERITY, "value": SEVERITY, "short": False},
        {"title": "three", "value": "{{ .ExternalURL }}"},
    ],
    "short_fields": True,
    "link_names": True,
    "mrkdwn_in": ["text", "title", "{{ .Status }}"],
    "actions": [
        {"type": "button", "text": text("a1"), "url": "http://x/{{ .Status }}", "style": "danger"},
        {
            "type": "button",
            "text": "{{ .Status }}",
            **texts("name value"),
            "confirm": texts("text title ok_text dismiss_text"),
        },
        {"type": SEVERITY, "text": SEVERITY, "name": "n", "confirm": {"text": SEVERITY}},
    ],
}
PAGERDUTY = {
    **texts("client client_url description source class component group"),
    "severity": "{{ if .CommonLabels.severity }}warning{{ else }}info{{ end }}",
    "images": [
        {**texts("src alt"), "href": "http://x/{{ .Status }}"},
        {"src": "http://x/y.png"},
        {"alt": "nothing to show"},
    ],
    "links": [texts("href text"), {"href": "http://x/y"}, {"text": "nowhere"}],
    "details": {
        "firing": "{{ len .Alerts.Firing }} of {{ len .Alerts }}",
        "own": f"own {TEXT}",
        "severity": SEVERITY,
        "count": "{{ len .Alerts }}",
        "pair": "status: {{ .Status }}",
    },
}
OPSGENIE = {
    **texts("message description source entity note"),
    "details": {"own": text("own"), "job": "not {{ .CommonLabels.job }}", "empty": ""},
    "responders": [
        {"id": text("id"), "type": "team"},
        {"name": "{{ .CommonLabels.job }}", "type": "escalation"},
        {"username": text("username"), "type": "user"},
        {"name": "a,{{ .CommonLabels.job }}, b ,,c", "type": "teams"},
        {"name": SEVERITY, "type": "{{ .CommonLabels.responder }}"},
    ],
    "actions": LIST,
    "tags": " one, two ,,{{ .CommonLabels.job }} ",
    "priority": "P{{ len .Alerts.Firing }}",
    "update_alerts": True,
}
VICTOROPS = {
    "routing_key": "{{ .GroupLabels.alertname }}",
    "message_type": "{{ if .CommonLabels.severity }}WARNING{{ else }}none{{ end }}",
    **texts("state_message entity_display_name monitoring_tool"),
    "custom_fields": {"own": text("own"), "severity": SEVERITY, "empty": ""},
}
# The addresses of Pushover and of version 1 of PagerDuty's events are fixed.
TRUE_NAME = {"proxy_url": "http://PROXY", "tls_config": {"ca_file": "FOLDER/ca.pem"}}
PUSHOVER = {"token": "NAME", "user_key": "u", "http_config": TRUE_NAME}
PAGERDUTY_1 = {"service_key": "NAME", "http_config": TRUE_NAME}
TELEGRAM = {"api_url": URL, "bot_token": "1:T0KEN", "chat_id": -1001234567890123}
WEBEX_TOKEN = token(credentials="T0KEN")
WECHAT = {"api_url": URL, "api_secret": "S&CRET", "corp_id": "c+rp"}
AWS_SECRET = "S3CRET/KEY"
SIGV4 = {"region": "eu-west-1", "access_key": "AKID", "secret_key": AWS_SECRET}
SNS = {"api_url": f"{URL}/", "sigv4": SIGV4}
TOPIC = "arn:aws:sns:eu-west-1:1:topic"
WAYS = [
    ("slack.with_defaults", "slack", {"api_url": URL}),
    ("slack.with_ends", "slack", {"api_url": URL, "send_resolved": True}),
    ("slack.with_every_key", "slack", {"api_url": URL, "send_resolved": True, **SLACK}),
    # An app's token, as it is given to 0.25.
    (
        "slack.with_a_token",
        "slack",
        {
            "api_url": f"{URL}/api/chat.postMessage",
            "channel": "C1",
            "http_config": token(credentials="xoxb-1"),
        },
    ),
    ("pagerduty.with_defaults", "pagerduty", {"url": URL, "routing_key": "R0UTE"}),
    (
        "pagerduty.with_every_key",
        "pagerduty",
        {"url": f"{URL}?a=b", "routing_key_file": "FOLDER/secret", **PAGERDUTY},
    ),
    (
        "pagerduty.without_ends",
        "pagerduty",
        {"url": URL, "routing_key": "R", "send_resolved": False},
    ),
    ("pagerduty.of_version_1_with_defaults", "pagerduty", PAGERDUTY_1),
    ("pagerduty.of_version_1_with_every_key", "pagerduty", {**PAGERDUTY_1, **PAGERDUTY}),
    ("opsgenie.with_defaults", "opsgenie", {"api_url": URL, "api_key": "K3Y"}),
    (
        "opsgenie.with_every_key",
        "opsgenie",
        {"api_url": f"{URL}/", "api_key_file": "FOLDER/key", **OPSGENIE},
    ),
    (
        "opsgenie.with_a_type_in_capitals",
        "opsgenie",
        {"api_url": URL, "api_key": "K3Y", "responders": [{"name": "x", "type": "TEAM"}]},
    ),
    (
        "victorops.with_defaults",
        "victorops",
        {"api_url": URL, "api_key": "K3Y", "routing_key": "team"},
    ),
    (
        "victorops.with_every_key",
        "victorops",
        {"api_url": f"{URL}/", "api_key_file": "FOLDER/secret", **VICTOROPS},
    ),
    ("pushover.with_defaults", "pushover", PUSHOVER),
    (
        "pushover.with_every_key",
        "pushover",
        {
            **PUSHOVER,
            "user_key": "user {{ .Status }}",
            **texts("title message url url_title sound"),
            "priority": "{{ len .Alerts }}",
            "retry": "90s",
            "expire": "2h30m",
        },
    ),
    ("pushover.with_html", "pushover", {**PUSHOVER, "html": True, "message": f"<b>{LONG}</b>"}),
    ("telegram.with_defaults", "telegram", TELEGRAM),
    (
        "telegram.with_every_key",
        "telegram",
        {
            **TELEGRAM,
            "message": f"*{TEXT}* {LONG}",
            "disable_notifications": True,
            "parse_mode": "MarkdownV2",
        },
    ),
    ("telegram.with_plain_text", "telegram", {**TELEGRAM, "parse_mode": "", "message": LONG}),
    ("discord.with_defaults", "discord", {"webhook_url": f"{URL}?wait=true"}),
    (
        "discord.with_every_key",
        "discord",
        {"webhook_url": URL, "title": LONG, "message": text("message")},
    ),
    (
        "webex.with_defaults",
        "webex",
        {"api_url": URL, "room_id": "room", "http_config": WEBEX_TOKEN},
    ),
    (
        "webex.with_every_key",
        "webex",
        {
            "api_url": URL,
            "room_id": "{{ .CommonLabels.job }}",
            "message": f"**{TEXT}** {LONG}",
            "http_config": token(type="Bot", credentials="T0KEN"),
        },
    ),
    ("wechat.with_defaults", "wechat", WECHAT),
    (
        "wechat.with_every_key",
        "wechat",
        {
            **WECHAT,
            "send_resolved": True,
            **texts("message to_user to_party to_tag agent_id"),
            "message_type": "markdown",
        },
    ),
    ("sns.with_defaults", "sns", {**SNS, "topic_arn": TOPIC}),
    (
        "sns.with_every_key",
        "sns",
        {
            **SNS,
            "topic_arn": f"{TOPIC}-{{{{ .Status }}}}.fifo",
            **texts("subject message"),
            "attributes": {"b": text("b"), "a": SEVERITY, "{{ .Status }}": "c"},
        },
    ),
    ("sns.to_a_phone", "sns", {**SNS, "phone_number": "+1{{ len .Alerts }}", "message": LONG}),
    ("sns.to_a_target", "sns", {**SNS, "target_arn": "arn:{{ .Status }}", "subject": ""}),
    ("webhook.with_defaults", "webhook", {"url": f"{URL}/hook?a=b%20c"}),
    (
        "webhook.with_every_key",
        "webhook",
        {
            "url": URL,
            "max_alerts": 2,
            "send_resolved": False,
            "http_config": {"basic_auth": {"username": "me", "password": "p:w"}},
        },
    ),
]

# What receivers may leave to `global`: these leave all of it.
GLOBAL = {
    "slack_api_url": "VENDORS/slack.of_global.one",
    "pagerduty_url": "VENDORS/pagerduty.of_global.one",
    "opsgenie_api_url": "VENDORS/opsgenie.of_global.one",
    "opsgenie_api_key": "GL0BAL",
    "victorops_api_url": "VENDORS/victorops.of_global.one",
    "victorops_api_key": "GL0BAL",
    "telegram_api_url": "VENDORS/telegram.of_global.one",
    "webex_api_url": "VENDORS/webex.of_global.one",
    "wechat_api_url": "VENDORS/wechat.of_global.one",
    "wechat_api_secret": "GL0BAL",
    "wechat_api_corp_id": "corp",
}
WAYS_OF_GLOBAL = [
    ("slack.of_global", "slack", {"send_resolved": True}),
    ("pagerduty.of_global", "pagerduty", {"routing_key": "R"}),
    ("opsgenie.of_global", "opsgenie", {}),
    ("victorops.of_global", "victorops", {"routing_key": "team"}),
    ("telegram.of_global", "telegram", {"bot_token": "1:T", "chat_id": 7}),
    ("webex.of_global", "webex", {"room_id": "room", "http_config": WEBEX_TOKEN}),
    ("wechat.of_global", "wechat", {"send_resolved": True}),
]

# Those that Alertmanager has learnt since 0.25, which only ours is told of.
NEWER_WAYS = [
    (
        "incidentio.with_defaults",
        "incidentio",
        {"url": f"{URL}/v2/alert_events/http/1", "alert_source_token": "T0KEN"},
    ),
    (
        "jira.with_defaults",
        "jira",
        {
            "api_url": f"{URL}/rest/api/2",
            "project": "OPS",
            "issue_type": "Incident",
            "resolve_transition": "Done",
            "http_config": {"basic_auth": {"username": "me", "password": "p:w"}},
        },
    ),
    ("mattermost.with_defaults", "mattermost", {"webhook_url": URL}),
    ("msteams.with_defaults", "msteams", {"webhook_url": URL}),
    ("msteamsv2.with_defaults", "msteamsv2", {"webhook_url": URL}),
    (
        "rocketchat.with_defaults",
        "rocketchat",
        {
            "api_url": URL,
            "token": "T0KEN",
            "token_id": "1D",
            "channel": "#ops",
            "send_resolved": True,
        },
    ),
    (
        "email.with_defaults",
        "email",
        {
            "smarthost": "MAILS",
            "from": "Alertmanager <am@example.org>",
            "to": "ops@example.org",
            "require_tls": False,
            "send_resolved": True,
        },
    ),
]

# The way that a file of tests/golden/alertmanager is about, always with the case "one".
GOLDEN_WAYS = {
    "discord": "discord.with_defaults",
    "opsgenie": "opsgenie.with_defaults",
    "pagerduty": "pagerduty.with_defaults",
    "pagerduty_of_version_1": "pagerduty.of_version_1_with_defaults",
    "pushover": "pushover.with_defaults",
    "slack": "slack.with_ends",
    "sns": "sns.with_defaults",
    "telegram": "telegram.with_defaults",
    "victorops": "victorops.with_defaults",
    "webex": "webex.with_defaults",
    "webhook": "webhook.with_defaults",
    "wechat": "wechat.of_global",
    **{kind: way for way, kind, _ in NEWER_WAYS},
}

# How many requests a group is told with when it fires and when it is over; (1, 1) where nothing
# stands here.
REQUESTS = {
    "slack.with_defaults": (1, 0),
    "slack.with_a_token": (1, 0),
    "pagerduty.without_ends": (1, 0),
    "opsgenie.with_every_key": (3, 1),
    "wechat.with_defaults": (2, 0),
    "wechat.with_every_key": (2, 1),
    "wechat.of_global": (2, 1),
    "webhook.with_every_key": (1, 0),
    "jira.with_defaults": (2, 4),
}

# --- alerts: a case is a group, which is told to receivers of its own ---

HOSTILE = (
    "<script>alert(\"x&y\")</script> 'q' `b` \\ \\n {{ .Status }} %s %00 $& *_[m](http://x)_*"
    " \u00e9\u2028\u2029\u007f\u0001 \U0001f525\U0001f469\u200d\U0001f469\u200d\U0001f467"
)
GENERATOR = "http://prometheus.example/graph?g0.expr=a%3E1&g0.tab=1"


def one(labels, resolved=False, **annotations):
    return {"labels": labels, "annotations": annotations, "resolved": resolved}


def disk(instance, resolved=False, severity="critical", **annotations):
    labels = {"alertname": "DiskFull", "service": "db", "job": "node", "severity": severity}
    return one({**labels, "instance": instance}, resolved, **annotations)


CASES = {
    "one": [disk("db-1:9100", summary="98% used", note="n", runbook="http://wiki/disk?a=1&b=2")],
    "several": [
        disk("db-2", summary="98%", description="second"),
        disk("db-1", summary="98%", description="first"),
        disk("db-10", summary="98%", severity="warning"),
        disk("db-3", resolved=True, summary="98%", description="third"),
        disk("db-4", resolved=True, summary="97%"),
    ],
    "bare": [one({"alertname": "Bare"})],
    "hostile": [
        one(
            {
                "alertname": f'"Disk" {HOSTILE}',
                "service": f"one\ntwo\r\n\tthree {HOSTILE}",
                "job": HOSTILE,
                "instance": f" {number} {HOSTILE} ",
                "responder": "schedule",
            },
            note=f"  {HOSTILE}\n\n",
            description=HOSTILE * number,
        )
        for number in (1, 2)
    ],
    "long": [
        one(
            {
                "alertname": "Long",
                "service": "s" * 40 + "\U0001f525" * 100,
                "job": "\u00fc<\U0001f525>" * 400,
                "instance": "x" * 5000,
                "responder": "user",
            },
            summary="\u20ac \U0001f525 & " * 8000,
            note="y" * 300,
        )
    ],
    # More than most of them have a limit for.
    "huge": [one({"alertname": "Huge"}, summary="0123456789\u20ac" * 50000)],
}
ALL_BUT_HUGE = [case for case in CASES if case != "huge"]
TOLD_OF = {
    "opsgenie.with_a_type_in_capitals": ["one"],
    "pagerduty.with_defaults": CASES,
    "pagerduty.of_version_1_with_defaults": CASES,
    "sns.with_defaults": CASES,
    **{way: ["one"] for way, _, _ in [*WAYS_OF_GLOBAL, *NEWER_WAYS]},
}


def receivers(newer=False):
    """(way, case, type, settings) of all receivers; `newer`: with those that 0.25 has not. The name
    of one is way.case."""
    for way, kind, settings in [*WAYS, *WAYS_OF_GLOBAL, *(NEWER_WAYS if newer else [])]:
        for case in TOLD_OF.get(way, ALL_BUT_HUGE):
            yield way, case, kind, settings


def configuration(vendors, folder, mails=None):
    """alertmanager.yml; `mails`: the address of a mail server, for what 0.25 has not."""
    routes, made = [], [{"name": "nobody"}]
    for way, case, kind, settings in receivers(newer=mails is not None):
        name = f"{way}.{case}"
        routes.append({"receiver": name, "matchers": [f'case="{case}"'], "continue": True})
        made.append({"name": name, f"{kind}_configs": [named(settings, name)]})
    root = {
        "receiver": "nobody",
        "group_by": ["alertname", "service"],
        "group_wait": "4s",  # longer than any alert has been known when it is posted
        "group_interval": "2s",
        "routes": routes,
    }
    text = json.dumps({"global": GLOBAL, "route": root, "receivers": made})
    places = {"VENDORS": vendors.url, "PROXY": vendors.proxy.address, "FOLDER": str(folder)}
    for word, place in {**places, "MAILS": mails or ""}.items():
        text = text.replace(word, place)
    return text


def named(settings, name):
    return json.loads(json.dumps(settings).replace("NAME", name))


class Times:
    """When the alerts of all cases begin and end, the same for both that are told."""

    def __init__(self):
        self.begin = time_text()
        self.later = time_text(3600)
        self.earlier = time_text(-2)  # those that are over when they are told begin
        self.over = time_text(-1)  # and end

    def firing(self, case):
        """The alerts of a case, as they are posted first."""
        return [
            post(alert, case, self.earlier, self.over)
            if alert["resolved"]
            else post(alert, case, self.begin, self.later)
            for alert in CASES[case]
        ]

    def ended(self, case, at):
        """Those that fire have ended."""
        return [
            post(alert, case, self.begin, at) for alert in CASES[case] if not alert["resolved"]
        ]


def post(alert, case, begin, end):
    return {
        "labels": {**alert["labels"], "case": case},
        "annotations": alert["annotations"],
        "generatorURL": GENERATOR,
        "startsAt": begin,
        "endsAt": end,
    }
