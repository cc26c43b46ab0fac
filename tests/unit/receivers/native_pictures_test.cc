// What each channel that takes pictures makes of one.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"
#include "receivers/channels/mail_message.h"
#include "receivers/channels/multipart_form.h"
#include "receivers/trial/picture_mask.h"
#include "tests/unit/receivers/native_channel_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = Outcome::Kind;

// The beginning and the end of a real one; in between whatever could be taken for something else.
const std::string kPng = std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) +
                         "\r\n--tocsin-\r\n\r\n.\r\n" + std::string(300, '\0') +
                         "IEND\xae\x42\x60\x82";

Notification AboutWithPicture(std::vector<AlertPtr> alerts = {NativeChannelWorld::Fires()}) {
  Notification notification = NativeChannelWorld::About(std::move(alerts));
  notification.picture = std::make_shared<const std::string>(kPng);
  return notification;
}

std::string Header(const HttpClientRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (EqualsIgnoreCase(key, name)) return value;
  }
  return "(none)";
}

// Headers and contents of the parts of a form.
std::vector<std::pair<std::string, std::string>> PartsOf(const HttpClientRequest& request) {
  const std::string type = Header(request, "Content-Type");
  EXPECT_THAT(type, StartsWith("multipart/form-data; boundary="));
  const std::string boundary = "--" + type.substr(type.find('=') + 1);
  std::string_view rest = request.body;
  std::vector<std::pair<std::string, std::string>> parts;
  EXPECT_TRUE(rest.starts_with(boundary));
  rest.remove_prefix(boundary.size());
  while (rest.starts_with("\r\n")) {
    rest.remove_prefix(2);
    const std::size_t end = rest.find("\r\n" + boundary);
    if (end == std::string_view::npos) break;
    const std::string_view part = rest.substr(0, end);
    const std::size_t blank = part.find("\r\n\r\n");
    parts.emplace_back(part.substr(0, blank), part.substr(blank + 4));
    rest.remove_prefix(end + 2 + boundary.size());
  }
  EXPECT_EQ(rest, "--\r\n");
  return parts;
}

std::string Part(const HttpClientRequest& request, std::string_view name) {
  for (const auto& [headers, content] : PartsOf(request)) {
    if (headers.find("name=\"" + std::string(name) + "\"") != std::string::npos) return content;
  }
  return "(none)";
}

TEST(MultipartForm, HoldsTextsAndFilesAsTheyAre) {
  MultipartForm form;
  form.AddText("a", "1\r\n--2");
  form.AddText("b", "{}", "application/json");
  form.AddFile("c", "d.png", "image/png", kPng);
  const HttpClientRequest request = form.Post("http://x/");
  EXPECT_EQ(request.method, "POST");
  EXPECT_THAT(PartsOf(request),
              ElementsAre(std::pair("Content-Disposition: form-data; name=\"a\"", "1\r\n--2"),
                          std::pair("Content-Disposition: form-data; name=\"b\"\r\n"
                                    "Content-Type: application/json",
                                    "{}"),
                          std::pair("Content-Disposition: form-data; name=\"c\"; "
                                    "filename=\"d.png\"\r\nContent-Type: image/png",
                                    kPng)));
  EXPECT_EQ(form.Post("http://x/").body, request.body);
}

// ---- mail

TEST(MailMessageWithImage, HoldsItBesideThePage) {
  MailMessage mail;
  mail.text = "plain";
  mail.html = "<p>page</p>";
  mail.image = MailImage{"1@x", "a.png", "image/png", std::string(60, 'x')};
  EXPECT_EQ(WriteMail(mail),
            "Content-Type: multipart/alternative; boundary=\"=_tocsin_alternative\"\r\n"
            "MIME-Version: 1.0\r\n\r\n"
            "--=_tocsin_alternative\r\nContent-Type: text/plain; charset=UTF-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\nplain\r\n"
            "--=_tocsin_alternative\r\nContent-Type: multipart/related; "
            "boundary=\"=_tocsin_related\"; type=\"text/html\"\r\n\r\n"
            "--=_tocsin_related\r\nContent-Type: text/html; charset=UTF-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>page</p>\r\n"
            "--=_tocsin_related\r\nContent-Type: image/png; name=\"a.png\"\r\n"
            "Content-Transfer-Encoding: base64\r\nContent-ID: <1@x>\r\n"
            "Content-Disposition: inline; filename=\"a.png\"\r\n\r\n"
            "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4\r\n"
            "eHh4\r\n"
            "--=_tocsin_related--\r\n--=_tocsin_alternative--\r\n");
}

std::string MailOf(const Notification& notification) {
  NativeChannelWorld email("email",
                           "{smarthost: 'm:25', from: t@x.org, to: a@x.org, picture: true}");
  email.Deliver(notification);
  return email.world.mail.exchanges.back().request.message;
}

TEST(EmailPicture, ShowsThePictureInThePage) {
  const std::string mail = MailOf(AboutWithPicture());
  const std::size_t id = mail.find("Content-ID: <");
  ASSERT_NE(id, std::string::npos);
  const std::string name = mail.substr(id + 13, mail.find('>', id) - id - 13);
  std::string page = mail;
  for (std::size_t at = page.find("=\r\n"); at != std::string::npos; at = page.find("=\r\n")) {
    page.erase(at, 3);
  }
  EXPECT_THAT(page, HasSubstr("<img src=3D\"cid:" + name + "\""));
  EXPECT_THAT(page, HasSubstr("alt=3D\"Chart: system.cpu.usage in the last hour, threshold &gt; "
                              "80.0\""));
  EXPECT_THAT(mail, HasSubstr(Base64Encode(kPng).substr(0, 76) + "\r\n"));
}

TEST(EmailPicture, SaysTheSameInPlainTextWithAndWithoutAPicture) {
  const auto plain = [](const std::string& mail) {
    const std::size_t begin = mail.find("text/plain");
    return mail.substr(begin, mail.find("--=_tocsin", begin) - begin);
  };
  const std::string without = MailOf(NativeChannelWorld::About({NativeChannelWorld::Fires()}));
  EXPECT_EQ(plain(MailOf(AboutWithPicture())), plain(without));
  EXPECT_THAT(without, Not(HasSubstr("multipart/related")));
  EXPECT_THAT(without, Not(HasSubstr("<img")));
}

// ---- Discord

TEST(DiscordPicture, UploadsThePictureAndShowsItInTheEmbed) {
  NativeChannelWorld discord("discord", "{webhook_url: 'http://d/s', picture: true}");
  const HttpClientRequest request = discord.Deliver(AboutWithPicture());
  EXPECT_EQ(request.url, "http://d/s");
  EXPECT_EQ(Part(request, "files[0]"), kPng);
  const Json json = Json::parse(Part(request, "payload_json"));
  EXPECT_EQ(json.at("embeds").at(0).at("image").at("url"), "attachment://chart.png");
  EXPECT_EQ(json.at("embeds").at(0).at("title"), "🚨 High CPU Usage");
  EXPECT_EQ(json.at("attachments").at(0).at("id"), 0);
  EXPECT_EQ(json.at("attachments").at(0).at("filename"), "chart.png");
}

TEST(DiscordPicture, AddsThePictureToABodyOfItsTemplate) {
  NativeChannelWorld discord(
      "discord", "{webhook_url: 'http://d/s', picture: true, template: {content: '{rule_name}'}}");
  const HttpClientRequest request = discord.Deliver(AboutWithPicture());
  EXPECT_EQ(Json::parse(Part(request, "payload_json")), Json({{"content", "High CPU Usage"}}));
  EXPECT_EQ(Part(request, "files[0]"), kPng);
}

TEST(DiscordPicture, GoesWithoutThePictureThatIsRefused) {
  NativeChannelWorld discord("discord", "{webhook_url: 'http://d/s', picture: true}");
  discord.Deliver(AboutWithPicture());
  discord.world.http.Answer(0, 413);
  ASSERT_EQ(discord.world.http.sent(), 2U);
  EXPECT_EQ(Header(discord.world.http.request(1), "Content-Type"), "application/json");
  EXPECT_FALSE(
      Json::parse(discord.world.http.request(1).body).at("embeds").at(0).contains("image"));
  discord.world.http.Answer(1, 204);
  EXPECT_EQ(discord.world.outcomes.back().kind, Kind::kDelivered);
}

// That no answer came says nothing about the picture.
TEST(DiscordPicture, IsNotSentOnceMoreWhereItMayHaveArrived) {
  NativeChannelWorld discord("discord", "{webhook_url: 'http://d/s', picture: true}");
  discord.Deliver(AboutWithPicture());
  HttpClientFailure unanswered;
  unanswered.message = "timed out";
  unanswered.outcome_unknown = true;
  discord.world.http.Fail(0, unanswered);
  EXPECT_EQ(discord.world.http.sent(), 1U);
  EXPECT_EQ(discord.world.outcomes.back().kind, Kind::kRetry);
}

TEST(DiscordPicture, TriesThePictureAgainWhereTheVendorIsBusy) {
  NativeChannelWorld discord("discord", "{webhook_url: 'http://d/s', picture: true}");
  discord.Deliver(AboutWithPicture());
  discord.world.http.Answer(0, 429);
  EXPECT_EQ(discord.world.http.sent(), 1U);
  EXPECT_EQ(discord.world.outcomes.back().kind, Kind::kRetry);
}

// ---- Telegram

constexpr char kTelegramWithPicture[] =
    "{api_url: 'http://t/', bot_token: 'T', chat_id: '-5', message_thread_id: 7, picture: true}";

TEST(TelegramPicture, SendsAShortMessageAsCaptionOfThePicture) {
  NativeChannelWorld telegram("telegram", kTelegramWithPicture);
  const HttpClientRequest request = telegram.Deliver(AboutWithPicture());
  EXPECT_EQ(request.url, "http://t/botT/sendPhoto");
  EXPECT_EQ(Part(request, "chat_id"), "-5");
  EXPECT_EQ(Part(request, "message_thread_id"), "7");
  EXPECT_EQ(Part(request, "parse_mode"), "HTML");
  EXPECT_EQ(Part(request, "photo"), kPng);
  const Json plain = Json::parse(telegram.Deliver({NativeChannelWorld::Fires()}).body);
  EXPECT_EQ(Part(request, "caption"), plain.at("text"));
  telegram.world.http.Answer(0, 200, R"({"ok":true})");
  EXPECT_EQ(telegram.world.outcomes.back().kind, Kind::kDelivered);
  EXPECT_EQ(telegram.world.http.sent(), 2U);
}

// Tags and entities do not count.
TEST(TelegramPicture, SendsALongMessageAndThenThePicture) {
  NativeChannelWorld telegram("telegram", kTelegramWithPicture);
  const auto with_text = [](const std::string& text) {
    auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
    rule->description = text;
    return AboutWithPicture({testing::FiringAlert(rule, "e1")});
  };
  EXPECT_THAT(telegram.Deliver(with_text(std::string(700, '&'))).url, HasSubstr("/sendPhoto"));
  const HttpClientRequest first = telegram.Deliver(with_text(std::string(1000, 'x')));
  EXPECT_THAT(first.url, HasSubstr("/sendMessage"));
  telegram.world.http.Answer(1, 200, R"({"ok":true})");
  ASSERT_EQ(telegram.world.http.sent(), 3U);
  const HttpClientRequest photo = telegram.world.http.request(2);
  EXPECT_EQ(photo.url, "http://t/botT/sendPhoto");
  EXPECT_EQ(Part(photo, "photo"), kPng);
  EXPECT_EQ(Part(photo, "caption"), "(none)");
  // The message is there.
  telegram.world.http.Answer(2, 400, R"({"ok":false})");
  EXPECT_EQ(telegram.world.outcomes.back().kind, Kind::kDelivered);
}

// JSON cannot be anything else; a form can.
TEST(TelegramPicture, HasACaptionInUtf8) {
  NativeChannelWorld telegram("telegram", kTelegramWithPicture);
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->description = "a\xff-b";
  const HttpClientRequest request =
      telegram.Deliver(AboutWithPicture({testing::FiringAlert(rule, "e1")}));
  EXPECT_THAT(Part(request, "caption"), HasSubstr("a\xef\xbf\xbd-b"));
}

TEST(TelegramPicture, GoesWithoutThePictureWhereAChatTakesNone) {
  NativeChannelWorld telegram("telegram", kTelegramWithPicture);
  telegram.Deliver(AboutWithPicture());
  telegram.world.http.Answer(
      0, 400,
      R"({"ok":false,"description":"Bad Request: not enough rights to send photos to the chat"})");
  ASSERT_EQ(telegram.world.http.sent(), 2U);
  EXPECT_EQ(telegram.world.http.request(1).url, "http://t/botT/sendMessage");
}

// ---- Pushover

TEST(PushoverPicture, AttachesThePicture) {
  NativeChannelWorld pushover("pushover",
                              "{user_key: u, token: t, api_url: 'http://p/', picture: true}");
  const Json json = Json::parse(pushover.Deliver(AboutWithPicture()).body);
  EXPECT_EQ(json.at("attachment_base64"), Base64Encode(kPng));
  EXPECT_EQ(json.at("attachment_type"), "image/png");
  pushover.world.http.Answer(0, 400);
  ASSERT_EQ(pushover.world.http.sent(), 2U);
  EXPECT_FALSE(Json::parse(pushover.world.http.request(1).body).contains("attachment_base64"));
  Notification large = AboutWithPicture();
  large.picture = std::make_shared<const std::string>(5'242'881, 'x');
  EXPECT_FALSE(Json::parse(pushover.Deliver(large).body).contains("attachment_base64"));
}

// ---- ntfy

TEST(NtfyPicture, PutsThePictureAndSaysTheRestInHeaders) {
  NativeChannelWorld ntfy("ntfy", "{url: 'http://n/', topic: 'o/ps', token: tk, picture: true}");
  const HttpClientRequest request = ntfy.Deliver(AboutWithPicture());
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.url, "http://n/o%2Fps");
  EXPECT_EQ(request.body, kPng);
  EXPECT_EQ(Header(request, "Authorization"), "Bearer tk");
  EXPECT_EQ(Header(request, "X-Filename"), "chart.png");
  EXPECT_EQ(Header(request, "X-Title"), "HIGH: High CPU Usage");
  EXPECT_EQ(Header(request, "X-Priority"), "4");
  EXPECT_EQ(Header(request, "X-Tags"), "orange_circle");
  EXPECT_THAT(Header(request, "X-Message"), StartsWith("=?utf-8?q?CPU_usage_is_high=0A"));
  EXPECT_THAT(Header(request, "X-Actions"), HasSubstr("\"action\":\"view\""));
  for (const auto& [name, value] : request.headers) {
    EXPECT_EQ(value.find_first_of("\r\n"), std::string::npos) << name;
  }
}

TEST(NtfyPicture, PublishesJsonWhereTheServerTakesNoFiles) {
  NativeChannelWorld ntfy("ntfy", "{url: 'http://n/', topic: ops, picture: true}");
  ntfy.Deliver(AboutWithPicture());
  ntfy.world.http.Answer(0, 400, R"({"code":40014,"error":"attachments not allowed"})");
  ASSERT_EQ(ntfy.world.http.sent(), 2U);
  EXPECT_EQ(ntfy.world.http.request(1).url, "http://n/");
  EXPECT_EQ(Json::parse(ntfy.world.http.request(1).body).at("topic"), "ops");
}

// ---- Matrix

constexpr char kMatrixWithPicture[] =
    "{homeserver: 'http://m/', room_id: '!r:x.org', access_token: tk, picture: true}";

TEST(MatrixPicture, FollowsTheMessageAsAnEventOfItsOwn) {
  NativeChannelWorld matrix("matrix", kMatrixWithPicture);
  const HttpClientRequest message = matrix.Deliver(AboutWithPicture());
  EXPECT_EQ(message.url,
            "http://m/_matrix/client/v3/rooms/%21r%3Ax.org/send/m.room.message/"
            "e1-firing-1");
  EXPECT_EQ(BodyOf(message).at("msgtype"), "m.notice");
  EXPECT_EQ(message.body, matrix.Deliver({NativeChannelWorld::Fires()}).body);
  matrix.world.http.Answer(0, 200, R"({"event_id":"$1"})");

  ASSERT_EQ(matrix.world.http.sent(), 3U);
  const HttpClientRequest upload = matrix.world.http.request(2);
  EXPECT_EQ(upload.method, "POST");
  EXPECT_EQ(upload.url, "http://m/_matrix/media/v3/upload");
  EXPECT_EQ(Header(upload, "Content-Type"), "image/png");
  EXPECT_EQ(Header(upload, "Authorization"), "Bearer tk");
  EXPECT_EQ(upload.body, kPng);
  matrix.world.http.Answer(2, 200, R"({"content_uri":"mxc://x.org/Abc"})");

  ASSERT_EQ(matrix.world.http.sent(), 4U);
  const HttpClientRequest event = matrix.world.http.request(3);
  EXPECT_EQ(event.method, "PUT");
  EXPECT_EQ(event.url,
            "http://m/_matrix/client/v3/rooms/%21r%3Ax.org/send/m.room.message/"
            "e1-firing-1-picture");
  EXPECT_EQ(Header(event, "Authorization"), "Bearer tk");
  EXPECT_EQ(BodyOf(event),
            Json({{"msgtype", "m.image"},
                  {"url", "mxc://x.org/Abc"},
                  {"body", "Chart: system.cpu.usage in the last hour, threshold > 80.0"},
                  {"filename", "chart.png"},
                  {"info", {{"mimetype", "image/png"}, {"size", kPng.size()}}}}));
  EXPECT_TRUE(matrix.world.outcomes.empty());
  matrix.world.http.Answer(3, 200, R"({"event_id":"$2"})");
  ASSERT_EQ(matrix.world.outcomes.size(), 1U);
  EXPECT_EQ(matrix.world.outcomes.back().kind, Kind::kDelivered);
}

TEST(MatrixPicture, CostsNoMessageWhereItIsNotTaken) {
  for (const auto& [status, body] :
       {std::pair(413, R"({"errcode":"M_TOO_LARGE"})"), std::pair(500, ""), std::pair(200, "{}"),
        std::pair(200, R"({"content_uri":"http://x.org/a"})"), std::pair(200, "<html>")}) {
    NativeChannelWorld matrix("matrix", kMatrixWithPicture);
    matrix.Deliver(AboutWithPicture());
    matrix.world.http.Answer(0, 200, R"({"event_id":"$1"})");
    matrix.world.http.Answer(1, status, body);
    EXPECT_EQ(matrix.world.http.sent(), 2U) << body;
    ASSERT_EQ(matrix.world.outcomes.size(), 1U) << body;
    EXPECT_EQ(matrix.world.outcomes.back().kind, Kind::kDelivered) << body;
  }
}

TEST(MatrixPicture, IsNotUploadedWhereTheMessageWasNotTaken) {
  NativeChannelWorld matrix("matrix", kMatrixWithPicture);
  matrix.Deliver(AboutWithPicture());
  matrix.world.http.Answer(0, 429);
  EXPECT_EQ(matrix.world.http.sent(), 1U);
  EXPECT_EQ(matrix.world.outcomes.back().kind, Kind::kRetry);
}

// ---- WeChat

constexpr char kWechatWithPicture[] =
    "{api_url: 'http://w/cgi-bin/', corp_id: c, api_secret: s, agent_id: '5', to_user: anna, "
    "picture: true}";

constexpr char kWechatTook[] = R"({"errcode":0,"errmsg":"ok"})";

// https://developer.work.weixin.qq.com/document/path/90236 and /90253
TEST(WechatPicture, FollowsTheMessageAsOneOfItsOwn) {
  NativeChannelWorld wechat("wechat", kWechatWithPicture);
  wechat.Deliver(AboutWithPicture());
  wechat.world.http.Answer(0, 200, R"({"errcode":0,"access_token":"T0"})");
  ASSERT_EQ(wechat.world.http.sent(), 2U);
  EXPECT_EQ(BodyOf(wechat.world.http.request(1)).at("msgtype"), "text");
  wechat.world.http.Answer(1, 200, kWechatTook);

  ASSERT_EQ(wechat.world.http.sent(), 3U);
  const HttpClientRequest upload = wechat.world.http.request(2);
  EXPECT_EQ(upload.method, "POST");
  EXPECT_EQ(upload.url, "http://w/cgi-bin/media/upload?type=image&access_token=T0");
  EXPECT_THAT(PartsOf(upload),
              ElementsAre(std::pair("Content-Disposition: form-data; name=\"media\"; "
                                    "filename=\"chart.png\"\r\nContent-Type: image/png",
                                    kPng)));
  wechat.world.http.Answer(2, 200, R"({"errcode":0,"type":"image","media_id":"M1"})");

  ASSERT_EQ(wechat.world.http.sent(), 4U);
  const HttpClientRequest image = wechat.world.http.request(3);
  EXPECT_EQ(image.url, "http://w/cgi-bin/message/send?access_token=T0");
  EXPECT_EQ(BodyOf(image), Json({{"touser", "anna"},
                                 {"agentid", 5},
                                 {"msgtype", "image"},
                                 {"image", {{"media_id", "M1"}}}}));
  EXPECT_TRUE(wechat.world.outcomes.empty());
  wechat.world.http.Answer(3, 200, kWechatTook);
  ASSERT_EQ(wechat.world.outcomes.size(), 1U);
  EXPECT_EQ(wechat.world.outcomes.back().kind, Kind::kDelivered);
}

TEST(WechatPicture, CostsNoMessageWhereItIsNotTaken) {
  for (const auto& [status, body] :
       {std::pair(413, ""), std::pair(500, ""), std::pair(200, "{}"), std::pair(200, "<html>"),
        std::pair(200, R"({"errcode":40004,"errmsg":"invalid media type"})")}) {
    NativeChannelWorld wechat("wechat", kWechatWithPicture);
    wechat.Deliver(AboutWithPicture());
    wechat.world.http.Answer(0, 200, R"({"errcode":0,"access_token":"T0"})");
    wechat.world.http.Answer(1, 200, kWechatTook);
    wechat.world.http.Answer(2, status, body);
    EXPECT_EQ(wechat.world.http.sent(), 3U) << body;
    ASSERT_EQ(wechat.world.outcomes.size(), 1U) << body;
    EXPECT_EQ(wechat.world.outcomes.back().kind, Kind::kDelivered) << body;
  }
}

TEST(WechatPicture, IsNotUploadedWhereTheMessageWasNotTaken) {
  NativeChannelWorld wechat("wechat", kWechatWithPicture);
  wechat.Deliver(AboutWithPicture());
  wechat.world.http.Answer(0, 200, R"({"errcode":0,"access_token":"T0"})");
  wechat.world.http.Answer(1, 200, R"({"errcode":60020,"errmsg":"not allowed"})");
  EXPECT_EQ(wechat.world.http.sent(), 2U);
  EXPECT_NE(wechat.world.outcomes.back().kind, Kind::kDelivered);
}

// ---- Webex

constexpr char kWebexWithPicture[] =
    "{api_url: 'http://w/v1/messages', room_id: R1, bot_token: tk, picture: true}";

TEST(WebexPicture, IsTheFileOfTheMessage) {
  NativeChannelWorld webex("webex", kWebexWithPicture);
  const HttpClientRequest request = webex.Deliver(AboutWithPicture());
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://w/v1/messages");
  EXPECT_EQ(Header(request, "Authorization"), "Bearer tk");
  const Json plain = BodyOf(webex.Deliver({NativeChannelWorld::Fires()}));
  EXPECT_THAT(PartsOf(request),
              ElementsAre(std::pair("Content-Disposition: form-data; name=\"roomId\"", "R1"),
                          std::pair("Content-Disposition: form-data; name=\"markdown\"",
                                    plain.at("markdown").get<std::string>()),
                          std::pair("Content-Disposition: form-data; name=\"files\"; "
                                    "filename=\"chart.png\"\r\nContent-Type: image/png",
                                    kPng)));
  webex.world.http.Answer(0, 200);
  EXPECT_EQ(webex.world.outcomes.back().kind, Kind::kDelivered);
  EXPECT_EQ(webex.world.http.sent(), 2U);
}

TEST(WebexPicture, HasATextInUtf8) {
  NativeChannelWorld webex("webex", kWebexWithPicture);
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->description = "a\xff-b";
  const HttpClientRequest request =
      webex.Deliver(AboutWithPicture({testing::FiringAlert(rule, "e1")}));
  EXPECT_THAT(Part(request, "markdown"), HasSubstr("a\xef\xbf\xbd-b"));
}

TEST(WebexPicture, GoesWithoutWhereFilesAreNotTaken) {
  for (const int status : {400, 403, 413, 415}) {
    NativeChannelWorld webex("webex", kWebexWithPicture);
    webex.Deliver(AboutWithPicture());
    webex.world.http.Answer(0, status);
    ASSERT_EQ(webex.world.http.sent(), 2U) << status;
    const HttpClientRequest plain = webex.world.http.request(1);
    EXPECT_EQ(Header(plain, "Content-Type"), "application/json");
    EXPECT_EQ(Header(plain, "Authorization"), "Bearer tk");
    EXPECT_EQ(plain.body, webex.Deliver({NativeChannelWorld::Fires()}).body);
    webex.world.http.Answer(1, 200);
    EXPECT_EQ(webex.world.outcomes.back().kind, Kind::kDelivered);
  }
}

// The text would fare no better, or may be there already.
TEST(WebexPicture, IsNotTriedAgainWithoutForWhatIsNoFaultOfIt) {
  for (const int status : {401, 404, 429, 502}) {
    NativeChannelWorld webex("webex", kWebexWithPicture);
    webex.Deliver(AboutWithPicture());
    webex.world.http.Answer(0, status);
    EXPECT_EQ(webex.world.http.sent(), 1U) << status;
    EXPECT_NE(webex.world.outcomes.back().kind, Kind::kDelivered) << status;
  }
}

// ---- Rocket.Chat

constexpr char kRocketchatWithPicture[] =
    "{api_url: 'http://r/', token: the-token, token_id: the-id-of-me, channel: ops, picture: true}";

TEST(RocketchatPicture, IsUploadedToTheRoomOfTheMessageAndConfirmed) {
  NativeChannelWorld rocketchat("rocketchat", kRocketchatWithPicture);
  const HttpClientRequest message = rocketchat.Deliver(AboutWithPicture());
  EXPECT_EQ(message.url, "http://r/api/v1/chat.postMessage");
  EXPECT_EQ(message.body, rocketchat.Deliver({NativeChannelWorld::Fires()}).body);
  rocketchat.world.http.Answer(
      0, 200, R"({"channel":"ops","message":{"rid":"R00M","_id":"m1"},"success":true})");

  ASSERT_EQ(rocketchat.world.http.sent(), 3U);
  const HttpClientRequest upload = rocketchat.world.http.request(2);
  EXPECT_EQ(upload.method, "POST");
  EXPECT_EQ(upload.url, "http://r/api/v1/rooms.media/R00M");
  EXPECT_EQ(Header(upload, "X-Auth-Token"), "the-token");
  EXPECT_EQ(Header(upload, "X-User-Id"), "the-id-of-me");
  EXPECT_THAT(PartsOf(upload),
              ElementsAre(std::pair("Content-Disposition: form-data; name=\"file\"; "
                                    "filename=\"chart.png\"\r\nContent-Type: image/png",
                                    kPng)));
  rocketchat.world.http.Answer(
      2, 200, R"({"file":{"_id":"f1","url":"/file-upload/f1/chart.png"},"success":true})");

  ASSERT_EQ(rocketchat.world.http.sent(), 4U);
  const HttpClientRequest confirmation = rocketchat.world.http.request(3);
  EXPECT_EQ(confirmation.method, "POST");
  EXPECT_EQ(confirmation.url, "http://r/api/v1/rooms.mediaConfirm/R00M/f1");
  EXPECT_EQ(Header(confirmation, "X-Auth-Token"), "the-token");
  EXPECT_EQ(Header(confirmation, "X-User-Id"), "the-id-of-me");
  EXPECT_EQ(BodyOf(confirmation),
            Json({{"msg", "Chart: system.cpu.usage in the last hour, threshold > 80.0"}}));
  EXPECT_TRUE(rocketchat.world.outcomes.empty());
  rocketchat.world.http.Answer(3, 200, R"({"success":true})");
  ASSERT_EQ(rocketchat.world.outcomes.size(), 1U);
  EXPECT_EQ(rocketchat.world.outcomes.back().kind, Kind::kDelivered);
}

// Whose id is made of both persons', of which one is kept from whoever reads answers.
TEST(RocketchatPicture, GoesToConversationsOfTwo) {
  NativeChannelWorld rocketchat("rocketchat", kRocketchatWithPicture);
  rocketchat.Deliver(AboutWithPicture());
  rocketchat.world.http.Answer(0, 200,
                               R"({"message":{"rid":"rocket.catthe-id-of-me"},"success":true})");
  ASSERT_EQ(rocketchat.world.http.sent(), 2U);
  EXPECT_EQ(rocketchat.world.http.request(1).url,
            "http://r/api/v1/rooms.media/rocket.catthe-id-of-me");
}

TEST(RocketchatPicture, CostsNoMessageWhereItIsNotTaken) {
  for (const char* answer :
       {R"({"success":true})", R"({"success":true,"message":{"rid":7}})",
        R"({"success":true,"message":{"rid":""}})", R"({"success":true,"message":{"rid":".."}})",
        R"({"success":true,"message":["rid"]})"}) {
    NativeChannelWorld rocketchat("rocketchat", kRocketchatWithPicture);
    rocketchat.Deliver(AboutWithPicture());
    rocketchat.world.http.Answer(0, 200, answer);
    EXPECT_EQ(rocketchat.world.http.sent(), 1U) << answer;
    ASSERT_EQ(rocketchat.world.outcomes.size(), 1U) << answer;
    EXPECT_EQ(rocketchat.world.outcomes.back().kind, Kind::kDelivered) << answer;
  }
  for (const auto& [status, answer] :
       {std::pair(404, R"({"success":false})"), std::pair(413, ""), std::pair(503, ""),
        std::pair(200, R"({"success":false})"), std::pair(200, "<html>"), std::pair(200, "[]")}) {
    NativeChannelWorld rocketchat("rocketchat", kRocketchatWithPicture);
    rocketchat.Deliver(AboutWithPicture());
    rocketchat.world.http.Answer(0, 200, R"({"message":{"rid":"a/b"},"success":true})");
    ASSERT_EQ(rocketchat.world.http.sent(), 2U);
    EXPECT_EQ(rocketchat.world.http.request(1).url, "http://r/api/v1/rooms.media/a%2Fb");
    rocketchat.world.http.Answer(1, status, answer);
    EXPECT_EQ(rocketchat.world.http.sent(), 2U) << answer;
    ASSERT_EQ(rocketchat.world.outcomes.size(), 1U) << answer;
    EXPECT_EQ(rocketchat.world.outcomes.back().kind, Kind::kDelivered) << answer;
  }
}

TEST(RocketchatPicture, IsNotUploadedWhereTheMessageIsRefused) {
  NativeChannelWorld rocketchat("rocketchat", kRocketchatWithPicture);
  rocketchat.Deliver(AboutWithPicture());
  rocketchat.world.http.Answer(0, 200,
                               R"({"success":false,"error":"no","message":{"rid":"R00M"}})");
  EXPECT_EQ(rocketchat.world.http.sent(), 1U);
  EXPECT_EQ(rocketchat.world.outcomes.back().kind, Kind::kGiveUp);
}

// ---- Jira

constexpr char kJiraWithPicture[] =
    "{api_url: 'http://j/rest/api/2', project: OPS, issue_type: Bug, picture: true}";
constexpr char kNoIssues[] = R"({"issues":[]})";

TEST(JiraPicture, IsAttachedToTheNewIssue) {
  NativeChannelWorld jira("jira", kJiraWithPicture);
  jira.Deliver(AboutWithPicture());
  jira.world.http.Answer(0, 200, kNoIssues);
  EXPECT_EQ(jira.world.http.request(1).url, "http://j/rest/api/2/issue");
  jira.world.http.Answer(1, 201, R"({"id":"10000","key":"OPS-24"})");

  ASSERT_EQ(jira.world.http.sent(), 3U);
  const HttpClientRequest attachment = jira.world.http.request(2);
  EXPECT_EQ(attachment.method, "POST");
  EXPECT_EQ(attachment.url, "http://j/rest/api/2/issue/OPS-24/attachments");
  EXPECT_EQ(Header(attachment, "X-Atlassian-Token"), "no-check");
  EXPECT_THAT(PartsOf(attachment),
              ElementsAre(std::pair("Content-Disposition: form-data; name=\"file\"; "
                                    "filename=\"chart.png\"\r\nContent-Type: image/png",
                                    kPng)));
  EXPECT_TRUE(jira.world.outcomes.empty());
  jira.world.http.Answer(2, 200, "[]");
  ASSERT_EQ(jira.world.outcomes.size(), 1U);
  EXPECT_EQ(jira.world.outcomes.back().kind, Kind::kDelivered);
  EXPECT_EQ(jira.world.outcomes.back().http_status, 201);
}

TEST(JiraPicture, IsNotAddedToAnIssueThatIsThere) {
  NativeChannelWorld jira("jira", kJiraWithPicture);
  jira.Deliver(AboutWithPicture());
  jira.world.http.Answer(0, 200, R"({"issues":[{"key":"OPS-1"}]})");
  EXPECT_EQ(jira.world.http.request(1).url, "http://j/rest/api/2/issue/OPS-1");
  jira.world.http.Answer(1, 204);
  EXPECT_EQ(jira.world.http.sent(), 2U);
  EXPECT_EQ(jira.world.outcomes.back().kind, Kind::kDelivered);
}

// And last, so that a slow upload takes no time of the other alerts.
TEST(JiraPicture, IsAttachedToTheIssueOfItsOwnAlertAlone) {
  auto low = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  low->severity = Severity::kLow;
  auto critical = std::make_shared<ThresholdRule>(*low);
  critical->severity = Severity::kCritical;
  for (const auto& [first, second] : {std::pair(low, critical), std::pair(critical, low)}) {
    Notification notification =
        AboutWithPicture({testing::FiringAlert(first, "e1"), testing::FiringAlert(second, "e2")});
    for (const AlertPtr& alert : notification.alerts) {
      notification.links.push_back({"http://runbook/" + alert->id, "", ""});
    }
    NativeChannelWorld jira("jira", kJiraWithPicture);
    jira.Deliver(notification);
    std::vector<std::string> urls;
    std::string last_issue;
    for (std::size_t i = 0; i < jira.world.http.sent(); ++i) {
      const HttpClientRequest request = jira.world.http.request(i);
      urls.push_back(request.url);
      if (!request.url.ends_with("/issue")) {
        jira.world.http.Answer(i, 200, kNoIssues);
        continue;
      }
      last_issue = request.body;
      jira.world.http.Answer(i, 201, fmt::format(R"({{"key":"OPS-{}"}})", i));
    }
    EXPECT_THAT(urls, ElementsAre("http://j/rest/api/2/search", "http://j/rest/api/2/issue",
                                  "http://j/rest/api/2/search", "http://j/rest/api/2/issue",
                                  "http://j/rest/api/2/issue/OPS-3/attachments"));
    EXPECT_EQ(Json::parse(last_issue).at("fields").at("priority").at("name"), "Highest");
    EXPECT_THAT(last_issue, HasSubstr(first == critical ? "runbook/e1" : "runbook/e2"));
    ASSERT_EQ(jira.world.outcomes.size(), 1U);
    EXPECT_EQ(jira.world.outcomes.back().kind, Kind::kDelivered);
  }
}

TEST(JiraPicture, CostsNoIssueWhereItIsNotTaken) {
  for (const char* answer : {"{}", "", "<html>", R"({"key":"../x"})", R"({"key":7})"}) {
    NativeChannelWorld jira("jira", kJiraWithPicture);
    jira.Deliver(AboutWithPicture());
    jira.world.http.Answer(0, 200, kNoIssues);
    jira.world.http.Answer(1, 201, answer);
    EXPECT_EQ(jira.world.http.sent(), 2U) << answer;
    EXPECT_EQ(jira.world.outcomes.back().kind, Kind::kDelivered) << answer;
  }
  for (const int status : {401, 403, 404, 413, 429, 500}) {
    NativeChannelWorld jira("jira", kJiraWithPicture);
    jira.Deliver(AboutWithPicture());
    jira.world.http.Answer(0, 200, kNoIssues);
    jira.world.http.Answer(1, 201, R"({"key":"OPS-1"})");
    jira.world.http.Answer(2, status);
    ASSERT_EQ(jira.world.outcomes.size(), 1U) << status;
    EXPECT_EQ(jira.world.outcomes.back().kind, Kind::kDelivered) << status;
  }
}

// ---- what is shown of them

TEST(PictureMask, PutsARemarkInThePlaceOfEachPicture) {
  const std::string remark = fmt::format("(a PNG picture of {} bytes)", kPng.size());
  EXPECT_EQ(HidePictures("a" + kPng + "b" + kPng + "c"), "a" + remark + "b" + remark + "c");
  EXPECT_EQ(HidePictures("no picture"), "no picture");
  EXPECT_THAT(HidePictures(kPng.substr(0, 20)), HasSubstr("20 bytes"));
  const std::string encoded = Base64Encode(kPng);
  const std::string remark64 = fmt::format("(a PNG picture of {} bytes in BASE64)", kPng.size());
  EXPECT_EQ(HidePictures("{\"x\":\"" + encoded + "\"}"), "{\"x\":\"" + remark64 + "\"}");
  EXPECT_EQ(HidePictures(encoded.substr(0, 76) + "\r\n" + encoded.substr(76) + "\r\n--=_x"),
            remark64 + "\r\n--=_x");
}

}  // namespace
}  // namespace tocsin::receivers
