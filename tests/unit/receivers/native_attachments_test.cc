// Mattermost and Rocket.Chat of tocsin.yml, which show attachments as Slack had them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "receivers/channels/truncation.h"
#include "tests/unit/receivers/native_chats_world.h"
#include "tests/unit/receivers/shown_text.h"

namespace tocsin::receivers {
namespace {

using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;
using Kind = Outcome::Kind;

Json Field(const std::string& title, const std::string& value, bool is_short = true) {
  return {{"title", title}, {"value", value}, {"short", is_short}};
}

Json AttachmentIn(const HttpClientRequest& request) {
  const Json body = BodyOf(request);
  EXPECT_EQ(body.at("attachments").size(), 1U);
  return body.at("attachments").at(0);
}

std::string ValueIn(const Json& attachment, const std::string& title) {
  for (const Json& field : attachment.at("fields")) {
    if (field.at("title") == title) return field.at("value");
  }
  return "(none)";
}

// ---- Mattermost

constexpr char kMattermost[] = "{webhook_url: 'http://mm/hooks/s3cret'}";

TEST(MattermostChannel, PostsAnAttachment) {
  NativeChannelWorld mattermost("mattermost", kMattermost);
  const HttpClientRequest request = mattermost.Deliver({Fires()});
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://mm/hooks/s3cret");
  const Json attachment = {
      {"fallback", "🚨 High CPU Usage"},
      {"color", "#FF8000"},
      {"title", "🚨 High CPU Usage"},
      {"title_link", "http://tocsin:9095/api/v1/alerting/alerts/e1"},
      {"text", "CPU usage is high"},
      {"fields",
       {Field("Severity", "HIGH"), Field("Metric", "system.cpu.usage: 85.5"),
        Field("Threshold", "80.0"), Field("Condition", "system.cpu.usage > 80.0 for 1m"),
        Field("Triggered", "2024-05-01T10:00:00.123Z"), Field("host", "web-1"),
        Field("Links", "[Alert](http://tocsin:9095/api/v1/alerting/alerts/e1)", false)}},
      {"footer", "Tocsin Alert System"}};
  EXPECT_EQ(BodyOf(request), Json({{"username", "Tocsin"}, {"attachments", {attachment}}}));
}

TEST(MattermostChannel, TellsOfTheEnd) {
  NativeChannelWorld mattermost("mattermost", kMattermost);
  const Json attachment = AttachmentIn(mattermost.Deliver({IsOver()}));
  EXPECT_EQ(attachment.at("color"), "#36A64F");
  EXPECT_EQ(attachment.at("title"), "✅ RESOLVED: High CPU Usage");
  EXPECT_EQ(ValueIn(attachment, "Metric"), "system.cpu.usage: 75.0");
  EXPECT_EQ(ValueIn(attachment, "Resolved"), "2024-05-01T10:02:00.123Z");
  EXPECT_EQ(ValueIn(attachment, "Duration"), "2m");
}

TEST(MattermostChannel, SendsItsKeys) {
  NativeChannelWorld mattermost("mattermost",
                                "{webhook_url: 'http://mm/', channel: ops, username: me, "
                                "icon_url: 'http://i/', icon_emoji: ':bell:'}");
  const Json body = BodyOf(mattermost.Deliver({Fires()}));
  EXPECT_EQ(body.at("channel"), "ops");
  EXPECT_EQ(body.at("username"), "me");
  EXPECT_EQ(body.at("icon_url"), "http://i/");
  EXPECT_EQ(body.at("icon_emoji"), ":bell:");
}

TEST(MattermostChannel, TellsHowManyMoreThereAre) {
  NativeChannelWorld mattermost("mattermost", kMattermost);
  const Json attachment = AttachmentIn(mattermost.Deliver(ManyAlerts(15)));
  EXPECT_EQ(attachment.at("title"), "🚨 High CPU Usage (+14 more)");
  const std::string others = ValueIn(attachment, "Also in this group");
  EXPECT_THAT(others, StartsWith("• High CPU Usage (host=web-1): 85.5 > 80.0\n• "));
  EXPECT_THAT(others, EndsWith("(host=web-10): 85.5 > 80.0\nand 4 more"));
}

// The server looks for @channel and for Slack's <!channel> in texts, titles and values.
TEST(MattermostChannel, LetsNoTextCallAnybody) {
  NativeChannelWorld mattermost("mattermost", kMattermost);
  const HttpClientRequest request = mattermost.Deliver({Marked()});
  const Json attachment = AttachmentIn(request);
  EXPECT_EQ(Shown(attachment.at("title")), "🚨 <|b>CPU<|/b> *x*");
  EXPECT_EQ(attachment.at("fallback"), attachment.at("title"));
  EXPECT_EQ(Shown(attachment.at("text")),
            "\\_a\\_ & <|@|U1> @|channel \\[x\\](http://evil/) \"q\"");
  EXPECT_EQ(Shown(ValueIn(attachment, "host")), "a\\`b\\`<|!all>");
}

TEST(MattermostChannel, LinksToWhatSendersName) {
  NativeChannelWorld mattermost("mattermost", kMattermost);
  const Json attachment = AttachmentIn(mattermost.Deliver(WithLinks(Fires())));
  EXPECT_THAT(ValueIn(attachment, "Links"),
              HasSubstr(") · [Runbook](https://runbook/a_%28b%29?x=%221%22&y=%3C2%3E) · "));
  EXPECT_THAT(ValueIn(attachment, "Links"), Not(HasSubstr("javascript")));
}

// A post's text has 16,383 characters; its attachments many more.
TEST(MattermostChannel, StaysSmallWhateverTheAlertHolds) {
  NativeChannelWorld mattermost("mattermost", kMattermost);
  for (const char* what : kEndless) {
    const HttpClientRequest request = mattermost.Deliver(std::vector<AlertPtr>(12, Endless(what)));
    const Json attachment = AttachmentIn(request);
    EXPECT_LE(RunesIn(std::string(attachment.at("text"))), 16'383U) << what;
    EXPECT_LE(attachment.at("fields").size(), 42U) << what;
    EXPECT_LT(RunesIn(request.body), 760'000U) << what;
  }
}

TEST(MattermostChannel, GoesByTheStatus) {
  NativeChannelWorld mattermost("mattermost", kMattermost);
  EXPECT_EQ(mattermost.OutcomeOf(200, "ok").kind, Kind::kDelivered);
  EXPECT_EQ(mattermost.OutcomeOf(400).kind, Kind::kGiveUp);
  EXPECT_EQ(mattermost.OutcomeOf(404).kind, Kind::kGiveUp);
  EXPECT_EQ(mattermost.OutcomeOf(429).kind, Kind::kRetry);
  for (const Outcome& outcome : mattermost.world.outcomes) {
    EXPECT_THAT(outcome.reason, Not(HasSubstr("s3cret")));
  }
}

// ---- Rocket.Chat

constexpr char kRocketchat[] =
    "{api_url: 'http://rocket/', token: t0ken, token_id: us3r, channel: '#ops'}";

TEST(RocketchatChannel, PostsAnAttachment) {
  NativeChannelWorld rocketchat("rocketchat", kRocketchat);
  const HttpClientRequest request = rocketchat.Deliver({Fires()});
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://rocket/api/v1/chat.postMessage");
  EXPECT_THAT(request.headers, Contains(Pair("X-Auth-Token", "t0ken")));
  EXPECT_THAT(request.headers, Contains(Pair("X-User-Id", "us3r")));
  const Json attachment = {
      {"color", "#FF8000"},
      {"title", "🚨 High CPU Usage"},
      {"text", "CPU usage is high"},
      {"fields",
       {Field("Severity", "HIGH"), Field("Metric", "system.cpu.usage: 85.5"),
        Field("Threshold", "80.0"), Field("Condition", "system.cpu.usage > 80.0 for 1m"),
        Field("Triggered", "2024-05-01T10:00:00.123Z"), Field("host", "web-1"),
        Field("Links", "[Alert](http://tocsin:9095/api/v1/alerting/alerts/e1)", false)}}};
  EXPECT_EQ(BodyOf(request), Json({{"channel", "#ops"}, {"attachments", {attachment}}}));
}

TEST(RocketchatChannel, TellsOfTheEnd) {
  NativeChannelWorld rocketchat("rocketchat", kRocketchat);
  const Json attachment = AttachmentIn(rocketchat.Deliver({IsOver()}));
  EXPECT_EQ(attachment.at("color"), "#36A64F");
  EXPECT_EQ(attachment.at("title"), "✅ RESOLVED: High CPU Usage");
  EXPECT_EQ(ValueIn(attachment, "Metric"), "system.cpu.usage: 75.0");
  EXPECT_EQ(ValueIn(attachment, "Duration"), "2m");
}

TEST(RocketchatChannel, SendsItsKeys) {
  NativeChannelWorld rocketchat("rocketchat",
                                "{token: t, token_id: i, channel: '@anna', emoji: ':bell:', "
                                "icon_url: 'http://i/'}");
  const HttpClientRequest request = rocketchat.Deliver({Fires()});
  EXPECT_EQ(request.url, "https://open.rocket.chat/api/v1/chat.postMessage");
  const Json body = BodyOf(request);
  EXPECT_EQ(body.at("channel"), "@anna");
  EXPECT_EQ(body.at("emoji"), ":bell:");
  EXPECT_EQ(body.at("avatar"), "http://i/");
}

TEST(RocketchatChannel, TellsHowManyMoreThereAre) {
  NativeChannelWorld rocketchat("rocketchat", kRocketchat);
  const Json attachment = AttachmentIn(rocketchat.Deliver(ManyAlerts(15)));
  EXPECT_EQ(attachment.at("title"), "🚨 High CPU Usage (+14 more)");
  EXPECT_THAT(ValueIn(attachment, "Also in this group"), EndsWith("\nand 4 more"));
}

TEST(RocketchatChannel, ShowsTheMarkupOfAnAlertAsText) {
  NativeChannelWorld rocketchat("rocketchat", kRocketchat);
  const Json attachment = AttachmentIn(rocketchat.Deliver({Marked()}));
  // No Markdown there.
  EXPECT_EQ(attachment.at("title"), "🚨 <b>CPU</b> *x*");
  EXPECT_EQ(Shown(attachment.at("text")),
            "\\_a\\_ & <|@|U1> @|channel \\[x\\](http://evil/) \"q\"");
  EXPECT_EQ(Shown(ValueIn(attachment, "host")), "a\\`b\\`<|!all>");
}

// It refuses the whole message for a field without a title or a value.
TEST(RocketchatChannel, SendsNoFieldWithoutATitleOrAValue) {
  NativeChannelWorld rocketchat("rocketchat", kRocketchat);
  const auto alert = WithTexts("a", "b", "\x01");
  EXPECT_EQ(ValueIn(AttachmentIn(rocketchat.Deliver({alert})), "host"), "-");
  alert->metadata = Labels{{"\x01", "nameless"}};
  EXPECT_EQ(ValueIn(AttachmentIn(rocketchat.Deliver({alert})), "-"), "nameless");
}

TEST(RocketchatChannel, StaysSmallWhateverTheAlertHolds) {
  NativeChannelWorld rocketchat("rocketchat", kRocketchat);
  for (const char* what : kEndless) {
    const HttpClientRequest request = rocketchat.Deliver(std::vector<AlertPtr>(12, Endless(what)));
    const Json attachment = AttachmentIn(request);
    EXPECT_LE(RunesIn(std::string(attachment.value("text", ""))), 5000U) << what;
    EXPECT_LE(attachment.at("fields").size(), 42U) << what;
    for (const Json& field : attachment.at("fields")) {
      EXPECT_NE(field.at("value"), "") << what;
      EXPECT_NE(field.at("title"), "") << what;
    }
  }
}

TEST(RocketchatChannel, ReadsAnswersThatRefuseWithStatus200) {
  NativeChannelWorld rocketchat("rocketchat", kRocketchat);
  EXPECT_EQ(rocketchat.OutcomeOf(200, R"({"success":true})").kind, Kind::kDelivered);
  const Outcome refused = rocketchat.OutcomeOf(200, R"({"success":false,"error":"t0ken is bad"})");
  EXPECT_EQ(refused.kind, Kind::kGiveUp);
  EXPECT_THAT(refused.reason, Not(HasSubstr("t0ken")));
  EXPECT_EQ(rocketchat.OutcomeOf(200, "<html>").kind, Kind::kRetry);
  EXPECT_EQ(rocketchat.OutcomeOf(401).kind, Kind::kGiveUp);
  EXPECT_EQ(rocketchat.OutcomeOf(429).kind, Kind::kRetry);
}

}  // namespace
}  // namespace tocsin::receivers
