"""What is said to an Alertmanager, ours or the real one, and the short forms in which tests say it:
alerts as "Disk job=node", which is {alertname="Disk", job="node"}.
"""

import datetime
import urllib.parse

from process import HttpApi


def labels(text):
    """A first word without "=" is the alertname."""
    words = text.split()
    if words and "=" not in words[0]:
        words[0] = f"alertname={words[0]}"
    return dict(word.split("=", 1) for word in words)


def short(label_set):
    """The other way round."""
    rest = sorted(item for item in label_set.items() if item[0] != "alertname")
    name = [label_set["alertname"]] if "alertname" in label_set else []
    return " ".join([*name, *(f"{key}={value}" for key, value in rest)])


def time_text(offset=0.0):
    """So many seconds from now."""
    now = datetime.datetime.now(datetime.timezone.utc)
    then = now + datetime.timedelta(seconds=offset)
    return then.strftime("%Y-%m-%dT%H:%M:%S.") + f"{then.microsecond // 1000:03}Z"


def alert(text, starts=None, ends=None, **annotations):
    """As it is posted; the times are seconds from now."""
    made = {"labels": labels(text), "annotations": annotations}
    if starts is not None:
        made["startsAt"] = time_text(starts)
    if ends is not None:
        made["endsAt"] = time_text(ends)
    return made


def matcher(text):
    """As the API wants it, of `a=b`, `a!=b`, `a=~b` or `a!~b`."""
    for operator in ("=~", "!~", "!=", "="):
        name, found, value = text.partition(operator)
        if found:
            return {
                "name": name,
                "value": value,
                "isRegex": "~" in operator,
                "isEqual": "!" not in operator,
            }
    raise ValueError(f"{text} is no matcher")


class AlertmanagerApi(HttpApi):
    def ask(self, path, **parameters):
        answer = self.get(f"/api/v2/{path}?" + urllib.parse.urlencode(parameters, doseq=True))
        if answer.status != 200:
            raise AssertionError(f"GET {path} {parameters}: {answer!r}")
        return answer.json()

    def alerts(self, **parameters):
        return self.ask("alerts", **parameters)

    def groups(self, **parameters):
        return self.ask("alerts/groups", **parameters)

    def silences(self, **parameters):
        return self.ask("silences", **parameters)

    def post_alerts(self, alerts, status=200, timeout=10):
        answer = self.post("/api/v2/alerts", alerts, timeout=timeout)
        if answer.status != status:
            raise AssertionError(f"posting alerts: {answer!r}")
        return answer

    def fire(self, *texts):
        self.post_alerts([alert(text) for text in texts])

    def end(self, *texts):
        self.post_alerts([alert(text, ends=0) for text in texts])

    def silence(self, *matchers, starts=0.0, ends=3600.0, comment="a test"):
        """Its id."""
        answer = self.post(
            "/api/v2/silences",
            {
                "matchers": [matcher(text) for text in matchers],
                "startsAt": time_text(starts),
                "endsAt": time_text(ends),
                "createdBy": "e2e",
                "comment": comment,
            },
        )
        if answer.status != 200:
            raise AssertionError(f"posting a silence: {answer!r}")
        return answer.json()["silenceID"]

    def expire(self, silence):
        answer = self.delete(f"/api/v2/silence/{silence}")
        if answer.status != 200:
            raise AssertionError(f"expiring a silence: {answer!r}")
