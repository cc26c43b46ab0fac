// WeChat of tocsin.yml.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/unit/receivers/native_chats_world.h"
#include "tests/unit/receivers/shown_text.h"

namespace tocsin::receivers {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = Outcome::Kind;

constexpr char kWechat[] =
    "{api_url: 'http://wechat/cgi-bin/', api_secret: s3cret, corp_id: corp, agent_id: '1000002', "
    "to_party: '2|3'}";
constexpr char kWechatMarkdown[] =
    "{api_url: 'http://wechat/cgi-bin/', api_secret: s3cret, corp_id: corp, agent_id: '1000002', "
    "to_user: anna, to_tag: t, message_type: markdown}";

std::string ContentOf(const HttpClientRequest& request, const char* type = "text") {
  return BodyOf(request).at(type).at("content");
}

TEST(WechatChannel, AsksForATokenAndSendsAText) {
  NativeChannelWorld wechat("wechat", kWechat);
  const HttpClientRequest token = wechat.Deliver({Fires()});
  EXPECT_EQ(token.method, "GET");
  EXPECT_EQ(token.url, "http://wechat/cgi-bin/gettoken?corpid=corp&corpsecret=s3cret");
  wechat.world.http.Answer(0, 200, kWechatToken);
  const HttpClientRequest message = wechat.world.http.request(1);
  EXPECT_EQ(message.method, "POST");
  EXPECT_EQ(message.url, "http://wechat/cgi-bin/message/send?access_token=t0ken");
  EXPECT_EQ(BodyOf(message), Json({{"toparty", "2|3"},
                                   {"agentid", 1000002},
                                   {"msgtype", "text"},
                                   {"text",
                                    {{"content",
                                      "🚨 High CPU Usage\n"
                                      "CPU usage is high\n\n"
                                      "🟠 Severity: HIGH\n"
                                      "Metric: system.cpu.usage: 85.5\n"
                                      "Threshold: 80.0\n"
                                      "Condition: system.cpu.usage > 80.0 for 1m\n"
                                      "Triggered: 2024-05-01T10:00:00.123Z\n"
                                      "host: web-1\n\n"
                                      "<a href=\"http://tocsin:9095/api/v1/alerting/alerts/e1\">"
                                      "Alert</a>"}}}}));
  wechat.world.http.Answer(1, 200, R"({"errcode":0,"errmsg":"ok"})");
  EXPECT_EQ(wechat.world.outcomes.at(0).kind, Kind::kDelivered);
  // The token is kept.
  EXPECT_EQ(wechat.Deliver({Fires()}).url, message.url);
  EXPECT_TRUE(wechat.send_resolved);
}

TEST(WechatChannel, SendsMarkdownWhereItIsToldTo) {
  NativeChannelWorld wechat("wechat", kWechatMarkdown);
  const Json body = BodyOf(WechatMessage(wechat, {Fires()}));
  EXPECT_EQ(body.at("touser"), "anna");
  EXPECT_EQ(body.at("totag"), "t");
  EXPECT_EQ(body.at("msgtype"), "markdown");
  EXPECT_FALSE(body.contains("text"));
  EXPECT_EQ(body.at("markdown").at("content"),
            "**<font color=\"warning\">🚨 High CPU Usage</font>**\n"
            "CPU usage is high\n\n"
            "🟠 **Severity**: HIGH\n"
            "**Metric**: system.cpu.usage: 85.5\n"
            "**Threshold**: 80.0\n"
            "**Condition**: system.cpu.usage > 80.0 for 1m\n"
            "**Triggered**: 2024-05-01T10:00:00.123Z\n"
            "**host**: web-1\n\n"
            "[Alert](http://tocsin:9095/api/v1/alerting/alerts/e1)");
}

TEST(WechatChannel, TellsOfTheEnd) {
  NativeChannelWorld text("wechat", kWechat);
  const std::string content = ContentOf(WechatMessage(text, {IsOver()}));
  EXPECT_THAT(content, StartsWith("✅ RESOLVED: High CPU Usage\n"));
  EXPECT_THAT(content, HasSubstr("\nMetric: system.cpu.usage: 75.0\n"));
  EXPECT_THAT(content, HasSubstr("\nDuration: 2m\n"));
  NativeChannelWorld markdown("wechat", kWechatMarkdown);
  EXPECT_THAT(ContentOf(WechatMessage(markdown, {IsOver()}), "markdown"),
              StartsWith("**<font color=\"info\">✅ RESOLVED: "));
}

TEST(WechatChannel, ColoursBySeverity) {
  NativeChannelWorld wechat("wechat", kWechatMarkdown);
  const std::pair<Severity, const char*> colors[] = {{Severity::kCritical, "warning"},
                                                     {Severity::kHigh, "warning"},
                                                     {Severity::kMedium, "warning"},
                                                     {Severity::kLow, "comment"},
                                                     {Severity::kInfo, "comment"}};
  for (const auto& [severity, color] : colors) {
    EXPECT_THAT(ContentOf(WechatMessage(wechat, {OfSeverity(severity)}), "markdown"),
                StartsWith(fmt::format("**<font color=\"{}\">", color)));
  }
}

TEST(WechatChannel, TellsHowManyMoreThereAre) {
  NativeChannelWorld wechat("wechat", kWechat);
  const std::string content = ContentOf(WechatMessage(wechat, ManyAlerts(15)));
  EXPECT_THAT(content, StartsWith("🚨 High CPU Usage (+14 more)\n"));
  EXPECT_THAT(content, HasSubstr("\n\nAlso in this group:\n• High CPU Usage (host=web-1): "));
  EXPECT_THAT(content, HasSubstr("\nand 4 more\n\n<a href="));
}

TEST(WechatChannel, ShowsTheMarkupOfAnAlertAsText) {
  NativeChannelWorld text("wechat", kWechat);
  EXPECT_THAT(Shown(ContentOf(WechatMessage(text, {Marked()}))),
              StartsWith("🚨 <|b>CPU<|/b> *x*\n"
                         "_a_ & <|@|U1> @|channel [x](http://evil/) \"q\"\n"));
  NativeChannelWorld markdown("wechat", kWechatMarkdown);
  const std::string content = Shown(ContentOf(WechatMessage(markdown, {Marked()}), "markdown"));
  EXPECT_THAT(content, StartsWith("**<font color=\"warning\">🚨 <|b>CPU<|/b> ＊x＊</font>**\n"
                                  "_a_ & <|@|U1> @|channel ［x］(http://evil/) \"q\"\n"));
  EXPECT_THAT(content, HasSubstr("**host**: a｀b｀<|!all>\n"));
  EXPECT_THAT(
      ContentOf(WechatMessage(markdown, {WithTexts("a", "# b\n > c # d > e", "h")}), "markdown"),
      HasSubstr("\n＃ b\n ＞ c # d > e\n"));
}

TEST(WechatChannel, LinksToWhatSendersName) {
  NativeChannelWorld wechat("wechat", kWechat);
  EXPECT_THAT(ContentOf(WechatMessage(wechat, WithLinks(Fires()))),
              EndsWith("Alert</a> · <a href=\"https://runbook/a_%28b%29?x=%221%22&y=%3C2%3E\">"
                       "Runbook</a>"));
}

// https://developer.work.weixin.qq.com/document/path/90236: 2048 bytes, of both types.
TEST(WechatChannel, StaysWithinTheLimitWhateverTheAlertHolds) {
  const std::pair<const char*, const char*> types[] = {{"text", kWechat},
                                                       {"markdown", kWechatMarkdown}};
  for (const auto& [type, keys] : types) {
    NativeChannelWorld wechat("wechat", keys);
    for (const char* what : kEndless) {
      Notification notification = WithLinks(Endless(what));
      notification.alerts.resize(12, notification.alerts.front());
      const std::string content = ContentOf(WechatMessage(wechat, notification), type);
      EXPECT_LE(content.size(), 2048U) << what;
      EXPECT_THAT(content, HasSubstr("Severity")) << what;
      EXPECT_THAT(content, HasSubstr("Runbook")) << what;
    }
  }
}

TEST(WechatChannel, FetchesAnotherTokenInTheSameAttemptWhereOneIsOld) {
  NativeChannelWorld wechat("wechat", kWechat);
  WechatMessage(wechat, {Fires()});
  wechat.world.http.Answer(1, 200, R"({"errcode":0})");
  wechat.Deliver({Fires()});
  wechat.world.http.Answer(2, 200, R"({"errcode":42001,"errmsg":"access_token expired"})");
  EXPECT_THAT(wechat.world.http.request(3).url, HasSubstr("/gettoken?"));
  wechat.world.http.Answer(3, 200, R"({"access_token":"second"})");
  EXPECT_THAT(wechat.world.http.request(4).url, EndsWith("access_token=second"));
  wechat.world.http.Answer(4, 200, R"({"errcode":0})");
  EXPECT_EQ(wechat.world.outcomes.at(1).kind, Kind::kDelivered);
}

TEST(WechatChannel, ReadsAnswersThatRefuseWithStatus200) {
  NativeChannelWorld wechat("wechat", kWechat);
  EXPECT_EQ(wechat.OutcomeOf(200, R"({"errcode":40001,"errmsg":"bad s3cret"})").kind,
            Kind::kGiveUp);
  EXPECT_EQ(wechat.OutcomeOf(200, R"({"errcode":-1,"errmsg":"busy"})").kind, Kind::kRetry);
  EXPECT_EQ(wechat.OutcomeOf(404).kind, Kind::kGiveUp);
  EXPECT_EQ(wechat.OutcomeOf(503).kind, Kind::kRetry);
  WechatMessage(wechat, {Fires()});
  wechat.world.http.Answer(wechat.world.http.sent() - 1, 200,
                           R"({"errcode":81013,"errmsg":"t0ken: all invalid"})");
  EXPECT_EQ(wechat.world.outcomes.back().kind, Kind::kGiveUp);
  for (const Outcome& outcome : wechat.world.outcomes) {
    EXPECT_THAT(outcome.reason, Not(HasSubstr("s3cret")));
    EXPECT_THAT(outcome.reason, Not(HasSubstr("t0ken")));
  }
}

}  // namespace
}  // namespace tocsin::receivers
