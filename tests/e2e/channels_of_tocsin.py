"""What test_native_channels.py configures and expects: the channels of `tocsin.receivers` that are
reached by HTTP, but for those that have tests there, and what each vendor is to be told of one
alert that fires and ends. The vendor is vendors.py at `url`; SECRET stands for whatever nobody may see.
"""

import base64
import dataclasses
import json
import re
import typing

from vendors import ANSWERS, JSON

SECRET = "pl4nted-s3cret"
NAME = "CPU <high>"


@dataclasses.dataclass
class Wanted:
    """One request: each value is what it must be, or says whether it is good."""

    method: str
    path: str  # a * stands for a part that nobody knows before
    query: dict = dataclasses.field(default_factory=dict)
    headers: dict = dataclasses.field(default_factory=dict)
    fields: dict = dataclasses.field(default_factory=dict)  # of the body, by their way into it

    def is_at(self, request):
        path = re.escape(self.path).replace(r"\*", "[^/]+")
        return request.method == self.method and re.fullmatch(path, request.path)

    def problems(self, request):
        """What is not as it must be."""
        found = {f"query {name}": request.query.get(name, [None])[0] for name in self.query}
        found |= {f"header {name}": request.headers.get(name) for name in self.headers}
        found |= {f"field {way}": field(request.content(), way) for way in self.fields}
        wanted = [*self.query.values(), *self.headers.values(), *self.fields.values()]
        return {
            what: value
            for (what, value), good in zip(found.items(), wanted)
            if not (value is not None and good(value) if callable(good) else value == good)
        }


def field(content, way):
    """What stands at "attachments.0.title"; of a form the first value of a name. None: nothing."""
    for step in way.split("."):
        try:
            content = content[int(step) if isinstance(content, list) else step]
        except (IndexError, KeyError, TypeError):
            return None
    return content[0] if isinstance(content, list) else content


@dataclasses.dataclass
class Channel:
    """`before`: what a vendor is asked first. `thread`: what the beginning and the end of an alert
    have in common, of a request."""

    name: str
    type: str
    settings: dict
    fires: Wanted
    ends: Wanted
    before: typing.Optional[Wanted] = None
    thread: typing.Callable = lambda request: None


def has(*texts):
    return lambda value: all(text in value for text in texts)


def starts(text):
    return lambda value: value.startswith(text)


def not_empty(value):
    return bool(value)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class Jira:
    """One project, as far as a channel uses it."""

    def __init__(self):
        self.is_there = False

    def __call__(self, request):
        call = request.method, request.path.partition("/rest/api/2/")[2]
        if call == ("POST", "search"):
            issue = {"key": "OPS-1", "fields": {"status": {"statusCategory": {"key": "new"}}}}
            return self._answer(200, {"issues": [issue] if self.is_there else []})
        if call == ("POST", "issue"):
            self.is_there = True
            return self._answer(201, {"id": "1", "key": "OPS-1"})
        if call == ("GET", "issue/OPS-1/transitions"):
            return self._answer(200, {"transitions": [{"id": "31", "name": "Done"}]})
        if call in (("PUT", "issue/OPS-1"), ("POST", "issue/OPS-1/transitions")):
            return 204, None, b""
        return 404, None, b""

    def _answer(self, status, body):
        return status, JSON, json.dumps(body).encode()


def answers():
    """Of the vendors to whom status 200 alone says nothing, and of those that are asked first."""
    return {
        **ANSWERS,
        "incidentio": (202, JSON, b'{"status":"success"}'),
        "jira": Jira(),
        "matrix": (200, JSON, b'{"event_id":"$1"}'),
        "rocketchat": (200, JSON, b'{"success":true}'),
    }


def channels(url):
    return [
        Channel(
            "teams",
            "teams",
            {"webhook_url": f"{url}/teams/{SECRET}"},
            Wanted(
                "POST",
                f"/teams/{SECRET}",
                fields={
                    "@type": "MessageCard",
                    "themeColor": "FF8000",
                    "sections.0.activityTitle": r"🚨 CPU \<high\>",
                },
            ),
            Wanted("POST", f"/teams/{SECRET}", fields={"themeColor": "36A64F"}),
        ),
        Channel(
            "teams_workflow",
            "teams",
            {"webhook_url": f"{url}/teams_workflow/{SECRET}", "format": "workflow"},
            Wanted(
                "POST",
                f"/teams_workflow/{SECRET}",
                fields={
                    "attachments.0.contentType": "application/vnd.microsoft.card.adaptive",
                    "attachments.0.content.body.0.text": r"🚨 CPU \<high\>",
                    "attachments.0.content.body.0.color": "Attention",
                },
            ),
            Wanted(
                "POST",
                f"/teams_workflow/{SECRET}",
                fields={"attachments.0.content.body.0.color": "Good"},
            ),
        ),
        Channel(
            "opsgenie",
            "opsgenie",
            {"api_url": f"{url}/opsgenie/", "api_key": SECRET},
            Wanted(
                "POST",
                "/opsgenie/v2/alerts",
                headers={"Authorization": f"GenieKey {SECRET}"},
                fields={"message": has(NAME), "priority": "P2", "entity": "web1"},
            ),
            Wanted(
                "POST",
                "/opsgenie/v2/alerts/*/close",
                query={"identifierType": "alias"},
                headers={"Authorization": f"GenieKey {SECRET}"},
            ),
            thread=lambda request: request.json().get("alias") or request.path.split("/")[4],
        ),
        Channel(
            "victorops",
            "victorops",
            {"api_url": f"{url}/victorops/", "api_key": SECRET, "routing_key": "team/a"},
            Wanted(
                "POST",
                f"/victorops/{SECRET}/team%2Fa",
                fields={"message_type": "CRITICAL", "entity_display_name": has(NAME)},
            ),
            Wanted("POST", f"/victorops/{SECRET}/team%2Fa", fields={"message_type": "RECOVERY"}),
            thread=lambda request: request.json()["entity_id"],
        ),
        Channel(
            "incidentio",
            "incidentio",
            {"url": f"{url}/incidentio/v2/alert_events/http/1", "alert_source_token": SECRET},
            Wanted(
                "POST",
                "/incidentio/v2/alert_events/http/1",
                headers=bearer(SECRET),
                fields={"status": "firing", "title": has(NAME), "metadata.severity": "high"},
            ),
            Wanted(
                "POST",
                "/incidentio/v2/alert_events/http/1",
                headers=bearer(SECRET),
                fields={"status": "resolved"},
            ),
            thread=lambda request: request.json()["deduplication_key"],
        ),
        Channel(
            "jira",
            "jira",
            {
                "api_url": f"{url}/jira/rest/api/2",
                "project": "OPS",
                "issue_type": "Incident",
                "resolve_transition": "Done",
                "http_config": {"basic_auth": {"username": "t", "password": SECRET}},
            },
            before=Wanted(
                "POST",
                "/jira/rest/api/2/search",
                fields={"jql": has('project="OPS"', 'labels="ALERT{')},
            ),
            fires=Wanted(
                "POST",
                "/jira/rest/api/2/issue",
                headers={
                    "Authorization": "Basic " + base64.b64encode(f"t:{SECRET}".encode()).decode()
                },
                fields={
                    "fields.project.key": "OPS",
                    "fields.issuetype.name": "Incident",
                    "fields.priority.name": "High",
                    "fields.summary": has(NAME),
                    "fields.labels.0": starts("ALERT{"),
                },
            ),
            ends=Wanted(
                "POST", "/jira/rest/api/2/issue/OPS-1/transitions", fields={"transition.id": "31"}
            ),
        ),
        Channel(
            "sns",
            "sns",
            {
                "api_url": f"{url}/sns/",
                "topic_arn": "arn:aws:sns:eu-central-1:1:ops",
                "sigv4": {"region": "eu-central-1", "access_key": "AKID", "secret_key": SECRET},
            },
            Wanted(
                "POST",
                "/sns/",
                headers={"Authorization": starts("AWS4-HMAC-SHA256 Credential=AKID/")},
                fields={
                    "Action": "Publish",
                    "TopicArn": "arn:aws:sns:eu-central-1:1:ops",
                    "Subject": "[HIGH] CPU <high>",
                },
            ),
            Wanted("POST", "/sns/", fields={"Subject": "[RESOLVED] CPU <high>"}),
        ),
        Channel(
            "matrix",
            "matrix",
            {"homeserver": f"{url}/matrix", "room_id": "!r:example.org", "access_token": SECRET},
            Wanted(
                "PUT",
                "/matrix/_matrix/client/v3/rooms/%21r%3Aexample.org/send/m.room.message/*",
                headers=bearer(SECRET),
                fields={"msgtype": "m.notice", "formatted_body": has("CPU &lt;high&gt;")},
            ),
            Wanted(
                "PUT",
                "/matrix/_matrix/client/v3/rooms/%21r%3Aexample.org/send/m.room.message/*",
                headers=bearer(SECRET),
                fields={"msgtype": "m.notice"},
            ),
        ),
        Channel(
            "telegram",
            "telegram",
            {"api_url": f"{url}/telegram", "bot_token": f"42:{SECRET}", "chat_id": -1001},
            Wanted(
                "POST",
                f"/telegram/bot42:{SECRET}/sendMessage",
                fields={"chat_id": "-1001", "parse_mode": "HTML", "text": starts("<b>🚨 CPU &lt;")},
            ),
            Wanted(
                "POST", f"/telegram/bot42:{SECRET}/sendMessage", fields={"text": starts("<b>✅ ")}
            ),
        ),
        Channel(
            "pushover",
            "pushover",
            {"api_url": f"{url}/pushover/1/", "token": SECRET, "user_key": f"user-{SECRET}"},
            Wanted(
                "POST",
                "/pushover/1/messages.json",
                fields={
                    "token": SECRET,
                    "user": f"user-{SECRET}",
                    "title": f"🚨 {NAME}",
                    "priority": 0,
                },
            ),
            Wanted(
                "POST",
                "/pushover/1/messages.json",
                fields={"title": f"✅ RESOLVED: {NAME}", "priority": -1},
            ),
        ),
        Channel(
            "webex",
            "webex",
            {"api_url": f"{url}/webex/v1/messages", "room_id": "r00m", "bot_token": SECRET},
            Wanted(
                "POST",
                "/webex/v1/messages",
                headers=bearer(SECRET),
                fields={"roomId": "r00m", "markdown": starts("**🚨 CPU ")},
            ),
            Wanted("POST", "/webex/v1/messages", fields={"markdown": starts("**✅ RESOLVED: ")}),
        ),
        Channel(
            "mattermost",
            "mattermost",
            {"webhook_url": f"{url}/mattermost/{SECRET}", "channel": "ops"},
            Wanted(
                "POST",
                f"/mattermost/{SECRET}",
                fields={
                    "channel": "ops",
                    "attachments.0.color": "#FF8000",
                    "attachments.0.title": starts("🚨 CPU "),
                },
            ),
            Wanted("POST", f"/mattermost/{SECRET}", fields={"attachments.0.color": "#36A64F"}),
        ),
        Channel(
            "rocketchat",
            "rocketchat",
            {
                "api_url": f"{url}/rocketchat/",
                "token": SECRET,
                "token_id": f"id-{SECRET}",
                "channel": "#ops",
            },
            Wanted(
                "POST",
                "/rocketchat/api/v1/chat.postMessage",
                headers={"X-Auth-Token": SECRET, "X-User-Id": f"id-{SECRET}"},
                fields={"channel": "#ops", "attachments.0.title": f"🚨 {NAME}"},
            ),
            Wanted(
                "POST",
                "/rocketchat/api/v1/chat.postMessage",
                fields={"attachments.0.title": f"✅ RESOLVED: {NAME}"},
            ),
        ),
        Channel(
            "wechat",
            "wechat",
            {
                "api_url": f"{url}/wechat/cgi-bin/",
                "api_secret": SECRET,
                "corp_id": "corp",
                "agent_id": "1000002",
                "to_user": "anna",
            },
            before=Wanted(
                "GET",
                "/wechat/cgi-bin/gettoken",
                query={"corpid": "corp", "corpsecret": SECRET},
            ),
            fires=Wanted(
                "POST",
                "/wechat/cgi-bin/message/send",
                query={"access_token": "T0KEN"},
                fields={
                    "touser": "anna",
                    "agentid": 1000002,
                    "msgtype": "text",
                    "text.content": starts("🚨 CPU "),
                },
            ),
            ends=Wanted(
                "POST",
                "/wechat/cgi-bin/message/send",
                query={"access_token": "T0KEN"},
                fields={"text.content": starts("✅ RESOLVED: CPU ")},
            ),
        ),
        Channel(
            "webhook",
            "webhook",
            {"url": f"{url}/webhook/{SECRET}", "headers": {"X-Key": SECRET}},
            Wanted(
                "POST",
                f"/webhook/{SECRET}",
                headers={"X-Key": SECRET, "Idempotency-Key": not_empty},
                fields={"alert.name": NAME, "alert.status": "active", "alert.severity": "high"},
            ),
            Wanted("POST", f"/webhook/{SECRET}", fields={"alert.status": "resolved"}),
            thread=lambda request: request.alert["id"],
        ),
    ]


def golden_channels(url, mail):
    """{file below tests/golden/native: (type, settings)}"""
    more = {
        "slack": ("slack", {"webhook_url": f"{url}/slack/{SECRET}", "channel": "#ops"}),
        "discord": ("discord", {"webhook_url": f"{url}/discord/{SECRET}"}),
        "pagerduty": ("pagerduty", {"url": f"{url}/pagerduty/v2/enqueue", "routing_key": SECRET}),
        "ntfy": ("ntfy", {"url": f"{url}/ntfy", "topic": "ops", "token": SECRET}),
        "googlechat": ("googlechat", {"webhook_url": f"{url}/googlechat/{SECRET}"}),
        "webhook_alertmanager": (
            "webhook",
            {"url": f"{url}/webhook_alertmanager/{SECRET}", "format": "alertmanager"},
        ),
        "email": (
            "email",
            {"smarthost": mail, "from": "Tocsin <email@example.org>", "to": "ops@example.org"},
        ),
        "sms": (
            "sms",
            {"smarthost": mail, "from": "sms@example.org", "to": "4917012345@sms.example.org"},
        ),
    }
    return {**{one.name: (one.type, one.settings) for one in channels(url)}, **more}
