"""`picture: true`: the last hour of an alert's series, drawn and sent by the real daemon, in a real
mail and in a form; and messages that go without."""

import ctypes
import email.parser
import email.policy
import json
import struct
import unittest
import zlib

import harness
from harness import BINARY, ended, rule, wait_until
from mail_server import MailServer

HIGH = (0xD9, 0x53, 0x0B)
GROUND = (255, 255, 255)

# What each vendor's own answer tells, all of it at once.
ANSWER = {
    "ok": True,
    "success": True,
    "content_uri": "mxc://example.org/Chart1",  # Matrix: where it is kept
    "message": {"rid": "room1"},  # Rocket.Chat: where the message stands
    "file": {"_id": "file1"},  # and what was uploaded there
    "issues": [],  # Jira: there is none
    "key": "OPS-24",  # and now there is
}
CHANNELS = 9


def require_cairo():
    """The daemon loads it as this does."""
    try:
        ctypes.CDLL("libcairo.so.2")
    except OSError as error:
        raise unittest.SkipTest(f"{error}; apt install libcairo2") from error


def predicted(filter_type, left, above, corner):
    """https://www.w3.org/TR/png-3/#9Filters"""
    if filter_type == 4:
        estimate = left + above - corner
        return min((left, above, corner), key=lambda one: abs(estimate - one))
    return (0, left, above, (left + above) // 2)[filter_type]


def pixels_of(png):
    """The rows of a PNG, as lists of (red, green, blue)."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n"), png[:20]
    at, data, header = 8, b"", b""
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        (checksum,) = struct.unpack(">I", png[at + 8 + size : at + 12 + size])
        assert checksum == zlib.crc32(kind + content), kind
        header = content if kind == b"IHDR" else header
        data += content if kind == b"IDAT" else b""
        at += size + 12
    width, height, *form = struct.unpack(">IIBBBBB", header)
    assert form == [8, 2, 0, 0, 0], form  # eight bits of red, green and blue
    raw, stride = zlib.decompress(data), 3 * width
    rows, before = [], bytearray(stride)
    for y in range(height):
        filter_type, *line = raw[y * (stride + 1) : (y + 1) * (stride + 1)]
        for x in range(stride):
            left, corner = (line[x - 3], before[x - 3]) if x >= 3 else (0, 0)
            line[x] = (line[x] + predicted(filter_type, left, before[x], corner)) % 256
        before = line
        rows.append([tuple(line[x : x + 3]) for x in range(0, stride, 3)])
    return rows


class TestCase(harness.TestCase):
    def setUp(self):
        require_cairo()
        self.vendors = self.sink()
        self.vendors.answer(200, body=json.dumps(ANSWER).encode())
        self.mail = self.own(MailServer())

    def receivers(self):
        own = f"http://127.0.0.1:{self.vendors.port}"
        mail = {"smarthost": self.mail.address, "from": "t@example.org", "to": "o@example.org"}
        channels = {
            "email": mail,
            "discord": {"webhook_url": f"{own}/discord"},
            "telegram": {"api_url": f"{own}/telegram", "bot_token": "t0", "chat_id": "-1"},
            "pushover": {"api_url": f"{own}/pushover/", "token": "t0", "user_key": "u0"},
            "ntfy": {"url": f"{own}/ntfy/", "topic": "ops"},
            "matrix": {"homeserver": f"{own}/matrix", "room_id": "!r:x", "access_token": "t0"},
            "webex": {"api_url": f"{own}/webex", "bot_token": "t0", "room_id": "r0"},
            "rocketchat": {
                "api_url": f"{own}/rocket/",
                "token": "t0",
                "token_id": "u0",
                "channel": "#ops",
            },
            "jira": {"api_url": f"{own}/jira/rest/api/2", "project": "OPS", "issue_type": "Bug"},
        }
        pictured = {name: {**one, "picture": True} for name, one in channels.items()}
        return [{"name": "ops", **pictured}]

    def settings(self):
        return json.dumps({"tocsin": {"host": {"enabled": False}, "receivers": self.receivers()}})

    def start(self, **more):
        rules = [rule("CPU <high>", "cpu", notification_channels=["ops"])]
        self.daemon = self.tocsin(self.settings(), rules, **more)
        return self.daemon

    def request(self, path):
        return self.vendors.wait_for(
            lambda one: one.path.startswith("/" + path), what=f"a request to {path}"
        )

    def form(self, request):
        head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
        self.assertEqual(message.get_content_type(), "multipart/form-data")
        self.assertEqual(message.defects, [])
        return {
            part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
            for part in message.iter_parts()
        }

    def counted(self, result):
        page = self.daemon.get("/metrics").body
        (value,) = [
            value
            for name, labels, value in harness.parse_samples(page.decode())
            if name == "tocsin_pictures_total" and labels["result"] == result
        ]
        return value

    def delivered(self):
        return self.daemon.metric("alerting_notifications_sent_total", outcome="delivered")

    def assert_chart(self, png):
        rows = pixels_of(png)
        self.assertEqual((len(rows[0]), len(rows)), (600, 240))
        self.assertEqual(rows[2][2], GROUND)
        dashes = max(row.count(HIGH) for row in rows)
        self.assertGreater(dashes, 200, "the threshold")


class Pictures(TestCase):
    def test_a_mail_shows_the_picture_in_its_page(self):
        self.start()
        for value in (40, 60, 91.5):
            self.daemon.submit("cpu", value, host="web-1")
        mail = self.mail.wait_mail(lambda one: "CPU" in one.message["Subject"]).message
        self.assertEqual(mail.defects, [])
        self.assertEqual(mail.get_content_type(), "multipart/alternative")
        plain, related = mail.iter_parts()
        self.assertEqual(plain.get_content_type(), "text/plain")
        self.assertNotIn("chart", plain.get_content().lower())
        self.assertEqual(related.get_content_type(), "multipart/related")
        page, image = related.iter_parts()
        self.assertEqual(page.get_content_type(), "text/html")
        self.assertEqual(image.get_content_type(), "image/png")
        self.assertEqual(image.get_content_disposition(), "inline")
        name = image["Content-ID"].strip("<>")
        self.assertIn(f'src="cid:{name}"', page.get_content())
        self.assertIn('alt="Chart: cpu in the last hour', page.get_content())
        self.assert_chart(image.get_content())

    def test_each_channel_uploads_it_in_its_own_way(self):
        self.start()
        self.daemon.submit("cpu", 91.5, host="web-1")
        discord = self.form(self.request("discord"))
        embed = json.loads(discord["payload_json"])["embeds"][0]
        self.assertEqual(embed["image"]["url"], "attachment://chart.png")
        self.assert_chart(discord["files[0]"])
        telegram = self.form(self.request("telegram/bott0/sendPhoto"))
        self.assertIn(b"<b>Metric</b>: cpu: 91.5", telegram["caption"])
        self.assert_chart(telegram["photo"])
        self.assertEqual(self.request("pushover").json()["attachment_type"], "image/png")
        ntfy = self.request("ntfy/ops")
        self.assertEqual(ntfy.method, "PUT")
        self.assertEqual(ntfy.headers["X-Title"], "HIGH: CPU <high>")
        self.assert_chart(ntfy.body)
        wait_until(lambda: self.counted("drawn") >= CHANNELS, what="a picture for each")

    def test_matrix_shows_it_behind_the_message(self):
        self.start()
        self.daemon.submit("cpu", 91.5, host="web-1")
        room = "matrix/_matrix/client/v3/rooms/%21r%3Ax/send/m.room.message/"
        message = self.vendors.wait_for(
            lambda one: room in one.path and not one.path.endswith("-picture"), what="the message"
        )
        self.assertEqual(message.json()["msgtype"], "m.notice")
        upload = self.request("matrix/_matrix/media/v3/upload")
        self.assertEqual(upload.method, "POST")
        self.assertEqual(upload.headers["Content-Type"], "image/png")
        self.assertEqual(upload.headers["Authorization"], "Bearer t0")
        self.assert_chart(upload.body)
        event = self.vendors.wait_for(
            lambda one: one.path == message.path + "-picture", what="the picture's event"
        )
        self.assertEqual(event.method, "PUT")
        self.assertEqual(event.json()["msgtype"], "m.image")
        self.assertEqual(event.json()["url"], ANSWER["content_uri"])
        self.assertEqual(event.json()["info"]["size"], len(upload.body))

    def test_webex_has_it_as_the_file_of_the_message(self):
        self.start()
        self.daemon.submit("cpu", 91.5, host="web-1")
        webex = self.form(self.request("webex"))
        self.assertEqual(list(webex), ["roomId", "markdown", "files"])
        self.assertEqual(webex["roomId"], b"r0")
        self.assertIn(b"91.5", webex["markdown"])
        self.assert_chart(webex["files"])

    def test_rocketchat_shows_it_in_the_room_of_the_message(self):
        self.start()
        self.daemon.submit("cpu", 91.5, host="web-1")
        confirmation = self.request("rocket/api/v1/rooms.mediaConfirm/room1/file1")
        self.assertIn("Chart: cpu in the last hour", confirmation.json()["msg"])
        upload = self.request("rocket/api/v1/rooms.media/room1")
        self.assert_chart(self.form(upload)["file"])
        for request in (upload, confirmation):
            self.assertEqual(request.headers["X-Auth-Token"], "t0")
            self.assertEqual(request.headers["X-User-Id"], "u0")
        paths = [one.path for one in self.vendors.requests if "/rocket/" in one.path]
        self.assertEqual(paths[0], "/rocket/api/v1/chat.postMessage")
        self.assertEqual(len(paths), 3, paths)

    def test_jira_has_it_attached_to_the_new_issue(self):
        self.start()
        self.daemon.submit("cpu", 91.5, host="web-1")
        attachment = self.request("jira/rest/api/2/issue/OPS-24/attachments")
        self.assertEqual(attachment.headers["X-Atlassian-Token"], "no-check")
        self.assert_chart(self.form(attachment)["file"])

    def test_messages_are_there_once_whatever_becomes_of_an_upload(self):
        uploads = {
            "/matrix/_matrix/media/v3/upload": 413,
            "/rocket/api/v1/rooms.media/room1": 404,
            "/jira/rest/api/2/issue/OPS-24/attachments": 500,
            "/webex": 415,
        }
        for path, status in uploads.items():
            self.vendors.fail(path, 1, status)
        self.start()
        self.daemon.submit("cpu", 91.5, host="web-1")
        for path in uploads:
            self.request(path[1:])
        webex = self.vendors.wait_for(
            lambda one: one.path == "/webex" and "json" in one.headers["Content-Type"],
            what="the message without",
        )
        self.assertIn("91.5", webex.json()["markdown"])
        wait_until(lambda: self.delivered() == CHANNELS, what="a message by each")
        paths = [one.path for one in self.vendors.requests]
        self.assertEqual(paths.count("/webex"), 2)
        self.assertEqual(paths.count("/rocket/api/v1/chat.postMessage"), 1)
        self.assertEqual(paths.count("/jira/rest/api/2/issue"), 1)
        self.assertEqual(sum("m.room.message" in path for path in paths), 1)
        for path in list(uploads)[:3]:
            self.assertEqual(paths.count(path), 1, path)

    def test_a_test_message_has_an_example_which_is_not_printed(self):
        self.start()
        status, output = ended(
            [BINARY, "receiver", "test", f"--config.file={self.folder / 'tocsin.yml'}"]
            + ["ops", "--render-only"]
        )
        self.assertEqual(status, 0, output)
        # By the others it is sent behind the message, which was not sent.
        self.assertEqual(output.count("(a PNG picture of "), CHANNELS - 3, output)
        self.assertNotIn("IEND", output)
        self.assertEqual(self.vendors.requests, [])


class WithoutCairo(TestCase):
    """Where the library is missing: an empty file stands in its place."""

    def start_without(self):
        (self.folder / "lib").mkdir()
        (self.folder / "lib" / "libcairo.so.2").write_bytes(b"")
        return self.start(environment={"LD_LIBRARY_PATH": str(self.folder / "lib")})

    def test_messages_go_without_and_the_log_says_what_to_install(self):
        self.start_without()
        self.daemon.submit("cpu", 91.5, host="web-1")
        self.assertEqual(self.request("discord").headers["Content-Type"], "application/json")
        mail = self.mail.wait_mail(lambda one: "CPU" in one.message["Subject"]).message
        self.assertEqual([one.get_content_type() for one in mail.iter_parts()][1], "text/html")
        wait_until(lambda: self.counted("failed") >= CHANNELS, what="one that failed for each")
        log = self.daemon.process.stderr()
        self.assertEqual(log.count("apt install libcairo2"), 1, log)


if __name__ == "__main__":
    harness.main()
