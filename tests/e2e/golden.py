"""Requests and mails as vendors want them, one file for each channel below tests/golden: written
for people to read beside the vendor's documentation, whose pages its first lines name.

    # https://vendor.example/docs/messages

    ### fires
    POST /slack/services/T1
    Content-Type: application/json

    {
      "text": "since <startsAt>"
    }

A request begins with a line of its own, which says when it is sent; one stage may have several, in
their order. The headers are all there are but those of OTHER_HEADERS. JSON is compared as JSON, a
form is written as the JSON of its fields, and a long query a field a line. Of a mail (.eml) the
envelope comes first, and headers and parts stand decoded, as Python's MIME parser reads them.

What nobody knows before is a placeholder of PLACEHOLDERS. It stands for the same text wherever the
file has it, so the end of an alert is tied to its beginning.

TOCSIN_SHOW_REQUESTS=<folder> writes there what is sent, in the form of a file, for whoever has to
write one by hand. Nothing reads that.
"""

import dataclasses
import datetime
import json
import os
import pathlib
import re
import string
import typing
import urllib.parse

from tocsin import ROOT

GOLDEN = ROOT / "tests" / "golden"
SHOWN = os.environ.get("TOCSIN_SHOW_REQUESTS")
# HTTP's own, in which no vendor has a say.
OTHER_HEADERS = {"Accept", "Accept-Encoding", "Connection", "Content-Length", "Host"}
JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z"
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
MAIL_DATE = r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000"
PLACEHOLDERS = {
    # of an alert
    "startsAt": TIME,
    "endsAt": TIME,
    "duration": r"(?:\d+s)?\d+m?s",
    "fingerprint": "[0-9a-f]{16}",
    "alert": UUID,  # its id
    "rule": UUID,
    # of the first message about it, and of the last
    "firstDate": MAIL_DATE,
    "lastDate": MAIL_DATE,
    "firstMillis": r"\d{13}",
    "lastMillis": r"\d{13}",
    "firstAmzDate": r"\d{8}T\d{6}Z",
    "lastAmzDate": r"\d{8}T\d{6}Z",
    "firstSignature": "[0-9a-f]{64}",
    "lastSignature": "[0-9a-f]{64}",
    "amzDay": r"\d{8}",
    # of the sender
    "boundary": r"[-=_.0-9A-Za-z]{1,70}",
    "host": r"[-.\w]+",
    "version": r"\d+\.\d+\.\d+[-.\w]*",
}


def unix_seconds(time):
    whole = datetime.datetime.fromisoformat(time.partition(".")[0].removesuffix("Z") + "+00:00")
    return str(int(whole.timestamp()))


def escaped(marks):
    return lambda time: re.sub(f"([{re.escape(marks)}])", r"\\\1", time)


# Other forms of what another placeholder stands for: (its name, how that becomes this).
DERIVED = {
    f"{name}.{form}": (name, derive)
    for name in ("startsAt", "endsAt")
    for form, derive in {
        "seconds": unix_seconds,
        "banner": lambda time: f"{time[:10]} {time[11:19]} UTC",
        "discord": escaped("-:"),
        "jira": escaped("-"),
    }.items()
}
PLACEHOLDER = re.compile(f"<({'|'.join(map(re.escape, [*DERIVED, *PLACEHOLDERS]))})>")


@dataclasses.dataclass
class Request:
    """What is compared of one, whether it was read from a file or has arrived."""

    stage: str
    method: str
    path: str
    query: dict
    headers: dict
    body: typing.Any

    def fields(self):
        return {name: value for name, value in vars(self).items() if name != "stage"}


class Golden:
    """One file. `stages` in the order in which they are to happen."""

    def __init__(self, path, stages):
        self.path = path
        self.stages = stages
        text = path.read_text()
        head, *parts = re.split(r"^### (.*)\n", text, flags=re.M)
        lines = [line for line in head.splitlines() if line.strip()]
        if not any(re.match(r"# https?://", line) for line in lines):
            raise AssertionError(f"{path} names no page that it was reviewed against")
        if any(not line.startswith("#") for line in lines) or not parts:
            raise AssertionError(f"{path} does not begin with comments and a request")
        self.requests = [self._read(*pair) for pair in zip(parts[::2], parts[1::2])]
        named = [request.stage for request in self.requests]
        if sorted(named, key=stages.index) != named:
            raise AssertionError(f"{path} has its stages in the order {named}")

    def _read(self, stage, text):
        raise NotImplementedError

    def count(self, stages):
        """How many requests the first so many stages have."""
        return sum(request.stage in self.stages[:stages] for request in self.requests)

    def problems(self, arrived):
        """All that differs between the file and these requests."""
        if len(arrived) != len(self.requests):
            return [f"{len(self.requests)} requests are wanted, {len(arrived)} came: {arrived}"]
        bound, found = {}, []
        for number, (wanted, got) in enumerate(zip(self.requests, arrived)):
            for problem in differences(wanted.fields(), got.fields(), bound):
                found.append(f"{self.path.name}, request {number + 1} ({wanted.stage}): {problem}")
        return found


class GoldenHttp(Golden):
    def _read(self, stage, text):
        head, _, body = text.partition("\n\n")
        head = re.sub(r"\n +(?=[?&])", "", head)
        first, *rest = head.splitlines()
        method, target = first.split(" ", 1)
        headers = dict(line.split(": ", 1) for line in rest)
        body = body.strip()
        kind = headers.get("Content-Type", "").partition(";")[0]
        content = json.loads(body) if kind in (JSON_TYPE, FORM_TYPE) and body else body
        return Request(stage, method, *split_target(target), headers, content)


class GoldenMail(Golden):
    """Method and path are the envelope's: who sends, to whom."""

    def _read(self, stage, text):
        head, _, rest = text.partition("\n\n")
        headers = dict(line.split(": ", 1) for line in head.splitlines())
        sender, recipients = headers.pop("MAIL FROM"), headers.pop("RCPT TO")
        parts = re.split(r"^--<boundary>(?:--)?\n", rest, flags=re.M)
        body = [part_of(*part.split("\n\n", 1)) for part in parts[1:-1]]
        return Request(stage, sender, recipients, {}, headers, body or rest.strip("\n"))


def part_of(head, text):
    headers = dict(line.split(": ", 1) for line in head.splitlines())
    return {**headers, "text": text.rstrip("\n")}


def split_target(target):
    path, _, query = target.partition("?")
    return path, flat(urllib.parse.parse_qs(query, keep_blank_values=True))


def flat(fields):
    """A field that stands once is its value."""
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def http_request(stage, received):
    """Of one that a server has recorded."""
    path, query = split_target(received.path)
    query = query or flat(getattr(received, "query", {}))
    names = {name.title() for name in received.headers} - OTHER_HEADERS
    headers = {name: ", ".join(received.headers.get_all(name)) for name in sorted(names)}
    kind = headers.get("Content-Type", "").partition(";")[0]
    body = received.body.decode()
    if kind == JSON_TYPE and body:
        body = json.loads(body)
    elif kind == FORM_TYPE:
        body = flat(urllib.parse.parse_qs(body, keep_blank_values=True, strict_parsing=True))
    return Request(stage, received.method, path, query, headers, body)


def mail_request(stage, mail):
    """Of one that mail_server.py has taken, as Python's MIME parser reads it."""
    message = mail.message
    names = [name for name in message.keys()]
    headers = {name: str(message[name]) for name in names}
    if not message.is_multipart():
        body = message.get_content().replace("\r\n", "\n").strip("\n")
    else:
        body = [
            {
                **{name: str(value) for name, value in part.items()},
                "text": part.get_content().replace("\r\n", "\n").strip("\n"),
            }
            for part in message.iter_parts()
        ]
    return Request(stage, mail.sender, ", ".join(mail.recipients), {}, headers, body)


def differences(wanted, got, bound, place=""):
    """Each with its place in the request. `bound`: what the placeholders have turned out to be."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for name in [*wanted, *(name for name in got if name not in wanted)]:
            where = f"{place}/{name}" if place else name
            if name not in got:
                yield f"{where} is missing, which is to be {wanted[name]!r}"
            elif name not in wanted:
                yield f"{where} is not in the file: {got[name]!r}"
            else:
                yield from differences(wanted[name], got[name], bound, where)
    elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        for number, pair in enumerate(zip(wanted, got)):
            yield from differences(*pair, bound, f"{place}/{number}")
    elif not agree(wanted, got, bound):
        yield f"{place} is to be\n  {wanted!r}\nand is\n  {got!r}"


def agree(wanted, got, bound):
    """Texts agree with their placeholders filled in, of which `bound` has those that are known."""
    if isinstance(wanted, str) and PLACEHOLDER.fullmatch(wanted) and isinstance(got, int):
        got = str(got)  # a placeholder has to be a text in JSON
    if type(wanted) is not type(got):
        return False
    if not isinstance(wanted, str):
        return wanted == got
    pattern, names = "", []
    texts = PLACEHOLDER.split(wanted)
    for text, name in zip(texts[::2], [*texts[1::2], None]):
        pattern += re.escape(text)
        if name is not None:
            pattern += "(.*?)" if name in DERIVED else f"({PLACEHOLDERS[name]})"
            names.append(name)
    match = re.fullmatch(pattern, got, re.S)
    return bool(match) and all(fits(*pair, bound) for pair in zip(names, match.groups()))


def fits(name, value, bound):
    """The same wherever it stands. Of one that is derived, whichever comes first tells the other."""
    if name not in DERIVED:
        return bound.setdefault(name, value) == value
    base, derive = DERIVED[name]
    if base not in bound:
        plain = value.replace("\\", "")
        if not re.fullmatch(PLACEHOLDERS[base], plain):
            return False
        bound[base] = plain
    return derive(bound[base]) == value


# --- the folders ---


def golden_files(folder):
    """{channel: path}"""
    return {path.stem: path for path in sorted((GOLDEN / folder).iterdir())}


def show(folder, channel, requests):
    """For a person; see above."""
    if not SHOWN:
        return
    is_mail = all(request.method and "@" in request.method for request in requests)
    path = pathlib.Path(SHOWN) / folder / f"{channel}{'.eml' if is_mail else '.http'}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(map(mail_text if is_mail else http_text, requests)))


def http_text(request):
    query = [f"{name}={query_text(value)}" for name, value in request.query.items()]
    between = "\n    " if len("&".join(query)) > 80 else ""
    target = request.path + "".join(
        f"{between}{'&' if number else '?'}{pair}" for number, pair in enumerate(query)
    )
    lines = [f"### {request.stage}", f"{request.method} {target}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    body = request.body
    text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    return "\n".join([*lines, "", text, "", ""])


def query_text(value):
    """As far as it has to be encoded."""
    return urllib.parse.quote(value, safe="".join(set(string.printable) - set("%&+#\t\n\r\v\f")))


def mail_text(request):
    lines = [f"### {request.stage}", f"MAIL FROM: {request.method}", f"RCPT TO: {request.path}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if isinstance(request.body, str):
        return "\n".join([*lines, "", request.body, "", ""])
    for part in request.body:
        heads = [f"{name}: {value}" for name, value in part.items() if name != "text"]
        lines += ["", "--<boundary>", *heads, "", part["text"]]
    return "\n".join([*lines, "--<boundary>--", "", ""])
