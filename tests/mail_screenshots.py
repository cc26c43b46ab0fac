#!/usr/bin/env python3
"""Pictures of our HTML mail, for people to look at: `make screenshots`.

Starts tocsin, lets alerts fire and end, takes the mails from a real SMTP server and shows them in
headless Chromium, light and dark, narrow and wide: a PNG of each under build/screenshots, and a line
that tells what could be measured. It fails where a page is wider than its window, asks the network
for anything or runs a script; whether it is beautiful is for people to say.
"""

import argparse
import base64
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

# pylint: disable=wrong-import-position
from alertmanager import alert, time_text
from mail_server import MailServer
from process import wait_until
from tocsin import Tocsin, TocsinAlertmanager, rule

WIDTHS = {"narrow": 360, "wide": 1200}
SCHEMES = ("light", "dark")
SENDER = "Tocsin <tocsin@example.org>"
LONG_WORD = "x" * 255
HOSTILE = (
    '"><script>document.title = "pwned"</script><img src=x onerror="document.title = \'pwned\'">'
    "</td></tr></table><style>* { display: none !important }</style>"
    '<base href="http://evil.test/">'
    " \u202edrawkcab\u202c &amp; &lt;b&gt; =?utf-8?q?x?= 🔥👩‍👩‍👧 Zalgo: h̷e̷l̷l̷o̷ "
)


# --- mails ---


class Mails:
    """{name of a picture: HTML}"""

    def __init__(self, folder):
        self.server = MailServer()
        self.daemon = Tocsin(
            folder / "daemon",
            json.dumps(self._settings(folder)),
            json.dumps({"rules": self._rules()}, ensure_ascii=False),  # YAML knows no surrogates
        )
        email = {"smarthost": self.server.address, "from": SENDER, "to": "am@example.org"}
        email |= {"require_tls": False, "send_resolved": True}
        route = {"receiver": "am", "group_by": ["alertname"], "group_wait": "500ms"}
        receivers = [{"name": "am", "email_configs": [email]}]
        text = json.dumps({"route": route, "receivers": receivers})
        self.alertmanager = TocsinAlertmanager(folder / "alertmanager", text)

    def _settings(self, folder):
        (folder / "daemon").mkdir(exist_ok=True)
        mail = {"smarthost": self.server.address, "from": SENDER}
        receivers = [
            {"name": "one", "email": {**mail, "to": "one@example.org"}},
            {"name": "chart", "email": {**mail, "to": "chart@example.org", "picture": True}},
            {
                "name": "group",
                "email": {**mail, "to": "group@example.org"},
                "group_by": ["alertname"],
                "group_wait": "500ms",
            },
        ]
        web = {"external_url": "https://tocsin.example.org"}
        own = {"host": {"enabled": False}, "receivers": receivers, "web": web}
        own["routing"] = {"default_receivers": ["one"]}
        return {"tocsin": own}

    def _rules(self):
        def made(name, metric, text, receiver="one", **more):
            words = {"notification_channels": [receiver], "notification_template": text}
            return rule(name, metric, **words, **more)

        busy = "CPU usage of {host} is at {value:.1f}%, and has been for a while."
        return [
            *(
                made(f"CPU busy ({severity})", f"cpu_{severity}", busy, severity=severity)
                for severity in ("critical", "high", "medium", "low", "info")
            ),
            made("Disk filling", "disk", "The disk of {host} is {value:.1f}% full.", "group"),
            made("Queue length", "queue", "{value} jobs wait on {host}.", "chart"),
            made(HOSTILE, "hostile", "{host} {host}"),
            made(LONG_WORD, "long", LONG_WORD),
        ]

    def take(self):
        """All of them."""
        try:
            self.daemon.start()
            self.alertmanager.start()
            return dict(self._take())
        finally:
            for daemon in (self.daemon, self.alertmanager):
                if daemon.process:
                    daemon.kill9()
            self.server.stop()

    def _take(self):
        where = {"host": "web-1.fra.example.org", "region": "eu-central-1", "mount": "/var/lib"}
        for severity in ("critical", "high", "medium", "low", "info"):
            self.daemon.submit(f"cpu_{severity}", 97.25, **where)
            yield f"firing-{severity}", self._page(f"CPU busy ({severity})")
        self.daemon.submit("cpu_critical", 12, **where)
        yield "resolved", self._page("[RESOLVED] CPU busy (critical)")

        samples = [
            {"metric_name": "disk", "value": 90 + n / 10, "metadata": {"host": f"db-{n}.fra"}}
            for n in range(1, 51)
        ]
        answer = self.daemon.post("/api/v1/alerting/metrics/batch", samples)
        assert answer.status == 200, answer
        yield "grouped", self._page("Disk filling (+49 more)")

        for value in (10, 30, 20, 60, 95):
            self.daemon.submit("queue", value, host="web-1")
        yield "chart", self._page("Queue length")

        self.daemon.submit("hostile", 99, **{"host": HOSTILE, LONG_WORD[:60]: LONG_WORD * 2})
        yield "hostile", self._page("pwned")
        self.daemon.submit("long", 99, host="h" * 200)
        yield "long", self._page(LONG_WORD)

        labels = {"alertname": "Watchdog", "severity": "critical", "instance": "db-1:9100"}
        links = {
            "runbook_url": "https://wiki.example.org/runbooks/watchdog",
            "dashboard_url": "https://grafana.example.org/d/abc?var-instance=db-1",
            "summary": "The database answers no more.\nIts replica is 93 s behind.",
        }
        posted = {"labels": labels, "annotations": links, "startsAt": time_text(-90)}
        posted["generatorURL"] = "https://prometheus.example.org/graph?g0.expr=up"
        assert self.daemon.post("/api/v2/alerts", [posted]).status == 200
        yield "links", self._page("Watchdog")

        # The default template of alertmanager.yml.
        told = [alert(f"Old job=node instance=db-{n}", summary="98% used") for n in range(1, 51)]
        told[0]["labels"]["mount"] = told[0]["annotations"]["long"] = LONG_WORD
        self.alertmanager.post_alerts(told)
        yield "template", self._page("[FIRING:50] Old")

    def _page(self, subject):
        mail = self.server.wait_mail(lambda one: subject in one.message["Subject"], subject)
        page = mail.message.get_body(("html",)).get_content()
        for part in mail.message.walk():
            if part["Content-ID"]:  # as a mail program shows it
                image = base64.b64encode(part.get_content()).decode()
                url = f"data:{part.get_content_type()};base64,{image}"
                page = page.replace(f"cid:{part['Content-ID'].strip('<>')}", url)
        return page


# --- the browser ---


class Browser:
    """Chromium, told what to do through a pipe.
    https://chromedevtools.github.io/devtools-protocol/"""

    def __init__(self, folder):
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        # Chromium looks for them at 3 and 4, where others may be until then.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (commands, answers)]
        self._process = subprocess.Popen(
            [
                *("bash", "-c", f'exec "$@" 3<&{ends[0]} 4>&{ends[1]}', "bash"),
                program(),
                "--headless=new",
                "--remote-debugging-pipe",
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                f"--user-data-dir={folder / 'profile'}",
            ],
            pass_fds=ends,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (commands, answers, *ends):
            os.close(end)
        self._number = 0
        self._rest = b""
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network"):
            self.call(f"{domain}.enable")

    _session = None

    def call(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def _read(self):
        while b"\0" not in self._rest:
            more = os.read(self._answers, 1 << 20)
            if not more:
                raise RuntimeError("Chromium has ended")
            self._rest += more
        text, _, self._rest = self._rest.partition(b"\0")
        return json.loads(text)

    def _wait_for(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._read())

    def picture(self, page, width, scheme):
        """(PNG, what was found wrong)"""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        size = {"width": width, "height": 800, "deviceScaleFactor": 1}
        self.call("Emulation.setDeviceMetricsOverride", **size, mobile=width < 600)
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        self._wait_for("Page.loadEventFired")
        wrong = list(self._wrong(page, width, scheme))
        content = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": width, "height": content["height"], "scale": 1}
        shot = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(shot["data"]), wrong

    def _wrong(self, page, width, scheme):
        if self._value(f"matchMedia('(prefers-color-scheme: {scheme})').matches") is not True:
            yield f"Chromium does not show it {scheme}"
        if self._value("document.title").startswith("pwned"):
            yield "a script has run"
        wide = self._value("document.documentElement.scrollWidth")
        if wide > width:
            yield f"it is {wide} px wide"
        for event in self.events:
            url = event.get("params", {}).get("request", {}).get("url", "")
            if url and url != page.as_uri() and not url.startswith("data:"):
                yield f"it asks for {url}"

    def _value(self, expression):
        return self.call("Runtime.evaluate", expression=expression)["result"].get("value")

    def stop(self):
        self._process.kill()
        self._process.wait()


def program():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    sys.exit("there is no Chromium: apt-get install chromium")


def shown(browser, pages, output):
    """Whether all is sound."""
    sound = True
    for name, html in pages.items():
        page = output / f"{name}.html"
        page.write_text(html)
        for word, width in WIDTHS.items():
            for scheme in SCHEMES:
                png, wrong = browser.picture(page, width, scheme)
                file = output / f"{name}-{word}-{scheme}.png"
                file.write_bytes(png)
                print(f"{file}: {'; '.join(wrong) or 'sound'}")
                sound = sound and not wrong
    return sound


def main():
    parser = argparse.ArgumentParser(description="pictures of our HTML mail")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build" / "screenshots")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tocsin-mail-") as name:
        folder = pathlib.Path(name)
        pages = Mails(folder).take()
        browser = Browser(folder)
        try:
            sound = shown(browser, pages, output)
        finally:
            browser.stop()
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
