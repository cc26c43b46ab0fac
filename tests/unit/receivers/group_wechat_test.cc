#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = Outcome::Kind;

constexpr char kWechatItem[] =
    "{api_url: 'http://wechat/cgi-bin/', api_secret: s3cret, corp_id: corp}";
constexpr char kTokenUrl[] = "http://wechat/cgi-bin/gettoken?corpid=corp&corpsecret=s3cret";
constexpr char kSendUrl[] = "http://wechat/cgi-bin/message/send?access_token=t0ken";
constexpr char kWechatToken[] =
    R"({"errcode":0,"errmsg":"ok","access_token":"t0ken","expires_in":7200})";
constexpr char kAccepted[] = R"({"errcode":0,"errmsg":"ok","msgid":"m"})";
constexpr char kExpired[] = R"({"errcode":42001,"errmsg":"access_token expired"})";

std::string WechatItemWith(const std::string& keys) {
  return "{api_url: 'http://wechat/cgi-bin/', api_secret: s3cret, corp_id: corp, " + keys + "}";
}

// The message of an attempt that is given a token.
HttpClientRequest Sent(VendorWorld& wechat, const GroupNotification& notification) {
  wechat.Deliver(notification);
  wechat.Answer(200, kWechatToken);
  return wechat.LastRequest();
}

std::string WechatBodyOf(const std::string& keys) {
  VendorWorld wechat("wechat_configs", WechatItemWith(keys));
  return Sent(wechat, About({Fires(DiskFull())})).body;
}

// How an attempt ends whose message is answered so. The vendor has a token from then on.
Outcome OutcomeOfMessage(VendorWorld& wechat, int status, std::string body) {
  const bool asks_first = wechat.DeliverFiring().url == kTokenUrl;
  if (asks_first) wechat.Answer(200, kWechatToken);
  wechat.Answer(status, std::move(body));
  return wechat.outcomes.back();
}

TEST(GroupWechat, AsksForATokenAndSendsAlertmanagersDefaultMessage) {
  VendorWorld wechat("wechat_configs", kWechatItem);
  const HttpClientRequest token = wechat.DeliverFiring();
  EXPECT_EQ(token.method, "GET");
  EXPECT_EQ(token.url, kTokenUrl);
  EXPECT_EQ(token.body, "");
  wechat.Answer(200, kWechatToken);
  const HttpClientRequest message = wechat.LastRequest();
  EXPECT_EQ(message.method, "POST");
  EXPECT_EQ(message.url, kSendUrl);
  EXPECT_EQ(HeaderOf(message, "Content-Type"), "application/json");
  EXPECT_EQ(message.body,
            R"x({"text":{"content":"[FIRING:1] DiskFull (node)\n98%\nAlerts Firing:\nLabels:\n)x"
            R"( - alertname = DiskFull\n - job = node\nAnnotations:\n - summary = 98%\n)"
            R"(Source: http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1\n\n\n)"
            R"(AlertmanagerUrl:\nhttp://am:9093/#/alerts?receiver=ops"},)"
            R"("safe":"0","msgtype":"text","markdown":{"content":""}})"
            "\n");
  EXPECT_TRUE(wechat.outcomes.empty());
  wechat.Answer(200, kAccepted);
  EXPECT_EQ(wechat.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_FALSE(wechat.send_resolved);
}

TEST(GroupWechat, SendsThatAllIsOver) {
  VendorWorld wechat("wechat_configs", WechatItemWith("send_resolved: true"));
  EXPECT_EQ(
      Sent(wechat, About({IsOver(DiskFull())})).body,
      R"x({"text":{"content":"[RESOLVED] DiskFull (node)\n98%\n\nAlerts Resolved:\nLabels:\n)x"
      R"( - alertname = DiskFull\n - job = node\nAnnotations:\n - summary = 98%\n)"
      R"(Source: http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1\n\n)"
      R"(AlertmanagerUrl:\nhttp://am:9093/#/alerts?receiver=ops"},)"
      R"("safe":"0","msgtype":"text","markdown":{"content":""}})"
      "\n");
  EXPECT_TRUE(wechat.send_resolved);
}

TEST(GroupWechat, SendsEveryKey) {
  EXPECT_EQ(
      WechatBodyOf(R"(message_type: markdown, message: '**{{ .Status }}**', agent_id: '{{ 7 }}',
    to_user: 'u {{ .Status }}', to_party: 'p|q', to_tag: t)"),
      R"({"text":{"content":""},"touser":"u firing","toparty":"p|q","totag":"t",)"
      R"("agentid":"7","safe":"0","msgtype":"markdown",)"
      R"("markdown":{"content":"**firing**"}})"
      "\n");
  EXPECT_EQ(WechatBodyOf("message_type: '', message: m"),
            "{\"text\":{\"content\":\"m\"},\"safe\":\"0\",\"markdown\":{\"content\":\"\"}}\n");
}

TEST(GroupWechat, TakesServerAndCredentialsFromGlobal) {
  VendorWorld wechat("wechat_configs", "{message: m}",
                     "{wechat_api_url: 'http://global', wechat_api_secret: gs, "
                     "wechat_api_corp_id: gc}");
  EXPECT_EQ(wechat.DeliverFiring().url, "http://global/gettoken?corpid=gc&corpsecret=gs");
}

TEST(GroupWechat, CredentialsAreTemplatesAndEscaped) {
  VendorWorld wechat("wechat_configs",
                     "{api_url: 'http://w/', api_secret: 'a&b={{ .Status }}', corp_id: "
                     "'c/{{ .Status }}'}");
  EXPECT_EQ(wechat.DeliverFiring().url,
            "http://w/gettoken?corpid=c%2Ffiring&corpsecret=a%26b%3Dfiring");
  wechat.Answer(200, R"({"access_token":"a&b=/"})");
  EXPECT_EQ(wechat.LastRequest().url, "http://w/message/send?access_token=a%26b%3D%2F");
}

TEST(GroupWechat, ReadsTheSecretFromAFileForEachMessage) {
  const testing::TempDir folder;
  const std::string path = folder.path() + "/secret";
  VendorWorld wechat("wechat_configs",
                     "{api_url: 'http://w/', api_secret_file: '" + path + "', corp_id: c}");
  wechat.DeliverFiring();
  EXPECT_EQ(wechat.http.sent(), 0U);
  EXPECT_EQ(wechat.outcomes.at(0).kind, Kind::kGiveUp);
  std::ofstream(path) << "one\n";
  EXPECT_EQ(wechat.DeliverFiring().url, "http://w/gettoken?corpid=c&corpsecret=one");
  wechat.Answer(200, kWechatToken);
  wechat.Answer(200, kAccepted);
  std::ofstream(path) << "two\n";
  EXPECT_EQ(wechat.DeliverFiring().url, "http://w/gettoken?corpid=c&corpsecret=two");
}

TEST(GroupWechat, KeepsATokenForTheNextMessages) {
  VendorWorld wechat("wechat_configs", kWechatItem);
  EXPECT_EQ(OutcomeOfMessage(wechat, 200, kAccepted).kind, Kind::kDelivered);
  EXPECT_EQ(wechat.http.sent(), 2U);
  EXPECT_EQ(wechat.DeliverFiring().url, kSendUrl);
  wechat.Answer(200, kAccepted);
  EXPECT_EQ(wechat.http.sent(), 3U);
  EXPECT_EQ(wechat.outcomes.at(1).kind, Kind::kDelivered);
}

TEST(GroupWechat, FetchesAnotherTokenInTheSameAttemptWhereOneIsOld) {
  for (const char* refusal : {kExpired, R"({"errcode":40014,"errmsg":"invalid access_token"})"}) {
    VendorWorld wechat("wechat_configs", kWechatItem);
    OutcomeOfMessage(wechat, 200, kAccepted);
    const std::string body = wechat.DeliverFiring().body;
    wechat.Answer(200, refusal);
    EXPECT_EQ(wechat.LastRequest().url, kTokenUrl);
    wechat.Answer(200, R"({"access_token":"second"})");
    EXPECT_EQ(wechat.LastRequest().url, "http://wechat/cgi-bin/message/send?access_token=second");
    EXPECT_EQ(wechat.LastRequest().body, body);
    EXPECT_EQ(wechat.outcomes.size(), 1U);
    wechat.Answer(200, kAccepted);
    EXPECT_EQ(wechat.outcomes.at(1).kind, Kind::kDelivered);
    EXPECT_EQ(wechat.DeliverFiring().url, "http://wechat/cgi-bin/message/send?access_token=second");
  }
}

TEST(GroupWechat, AsksOnceInAnAttemptAndForgetsATokenThatIsRefused) {
  VendorWorld wechat("wechat_configs", kWechatItem);
  wechat.DeliverFiring();
  wechat.Answer(200, kWechatToken);
  wechat.Answer(200, kExpired);
  ASSERT_EQ(wechat.outcomes.size(), 1U);
  EXPECT_EQ(wechat.outcomes.at(0).kind, Kind::kRetry);
  EXPECT_EQ(wechat.http.sent(), 2U);
  EXPECT_EQ(wechat.DeliverFiring().url, kTokenUrl);
}

TEST(GroupWechat, GivesUpWhereThereIsNoToken) {
  VendorWorld wechat("wechat_configs", kWechatItem);
  const Outcome refused =
      wechat.OutcomeOf(200, R"({"errcode":40001,"errmsg":"bad s3cret","access_token":""})");
  EXPECT_EQ(refused.kind, Kind::kGiveUp);
  EXPECT_EQ(refused.failure, Failure::kAuth);
  EXPECT_EQ(refused.reason, "WeChat gives no access token for corp_id \"corp\" (errcode 40001)");
  EXPECT_EQ(wechat.OutcomeOf(200, R"({"errcode":-1,"errmsg":"busy"})").kind, Kind::kRetry);
  for (const char* body : {"", "<html>", "[]", "null", R"({"access_token":7})",
                           R"({"errcode":"0","access_token":"t0ken"})"}) {
    const Outcome outcome = wechat.OutcomeOf(200, body);
    EXPECT_EQ(outcome.kind, Kind::kGiveUp) << body;
    EXPECT_FALSE(outcome.may_have_arrived) << body;
  }
  // None of these was followed by a message.
  EXPECT_EQ(wechat.http.sent(), wechat.outcomes.size());
}

TEST(GroupWechat, ReadsAnswersThatRefuseWithStatus200) {
  VendorWorld wechat("wechat_configs", kWechatItem);
  const Outcome refused =
      OutcomeOfMessage(wechat, 200, R"({"errcode":40056,"errmsg":"invalid agentid"})");
  EXPECT_EQ(refused.kind, Kind::kGiveUp);
  EXPECT_EQ(refused.failure, Failure::kClientError);
  EXPECT_EQ(refused.reason, "WeChat refuses the message: errcode 40056: \"invalid agentid\"");
  EXPECT_THAT(refused.advice, HasSubstr("https://developer.work.weixin.qq.com/"));
  EXPECT_EQ(OutcomeOfMessage(wechat, 200, R"({"errcode":-1,"errmsg":"busy"})").kind, Kind::kRetry);
  EXPECT_EQ(OutcomeOfMessage(wechat, 200, R"({"errcode":81013,"errmsg":{}})").kind, Kind::kGiveUp);
  EXPECT_EQ(OutcomeOfMessage(wechat, 200, "{}").kind, Kind::kDelivered);
}

TEST(GroupWechat, TriesAgainWhereTheAnswerCannotBeRead) {
  VendorWorld wechat("wechat_configs", kWechatItem);
  for (const char* body :
       {"", "ok", "[0]", R"({"errcode":"0"})", R"({"errcode":0.5})", R"({"errcode":0)"}) {
    const Outcome outcome = OutcomeOfMessage(wechat, 200, body);
    EXPECT_EQ(outcome.kind, Kind::kRetry) << body;
    EXPECT_TRUE(outcome.may_have_arrived) << body;
  }
}

TEST(GroupWechat, RepeatsNoSecretThatAnAnswerRepeats) {
  VendorWorld wechat("wechat_configs", kWechatItem);
  OutcomeOfMessage(wechat, 200, R"({"errcode":40001,"errmsg":"t0ken is wrong"})");
  EXPECT_THAT(wechat.reason(), StartsWith("WeChat refuses the message: errcode 40001: "));
  EXPECT_THAT(wechat.reason(), Not(HasSubstr("t0ken")));
}

TEST(GroupWechat, WhateverIsNot200IsTriedAgain) {
  for (const int status : {201, 204, 302, 400, 403, 404, 429, 500, 503}) {
    VendorWorld wechat("wechat_configs", kWechatItem);
    const Outcome token = wechat.OutcomeOf(status, kWechatToken);
    EXPECT_EQ(token.kind, Kind::kRetry) << status;
    EXPECT_EQ(token.http_status, status);
    EXPECT_FALSE(token.may_have_arrived) << status;
    EXPECT_THAT(token.reason, StartsWith("access token: ")) << status;
    EXPECT_EQ(wechat.DurableOutcomeOf(status, kWechatToken).kind, Kind::kRetry) << status;
    EXPECT_EQ(wechat.http.sent(), 2U) << status;
    const Outcome message = OutcomeOfMessage(wechat, status, kAccepted);
    EXPECT_EQ(message.kind, Kind::kRetry) << status;
    EXPECT_EQ(message.http_status, status);
    EXPECT_THAT(message.reason, Not(HasSubstr("t0ken"))) << status;
  }
}

TEST(GroupWechat, NothingHasArrivedWhereTheTokenIsLost) {
  VendorWorld wechat("wechat_configs", kWechatItem);
  HttpClientFailure failure;
  failure.message = "timeout";
  failure.timed_out = true;
  failure.outcome_unknown = true;
  wechat.DeliverFiring();
  wechat.http.Fail(0, failure);
  EXPECT_EQ(wechat.outcomes.at(0).kind, Kind::kRetry);
  EXPECT_FALSE(wechat.outcomes.at(0).may_have_arrived);
  wechat.DeliverFiring();
  wechat.Answer(200, kWechatToken);
  wechat.http.Fail(2, failure);
  EXPECT_EQ(wechat.outcomes.at(1).kind, Kind::kRetry);
  EXPECT_TRUE(wechat.outcomes.at(1).may_have_arrived);
}

TEST(GroupWechat, GivesUpWhereATemplateFailsAndSendsNothing) {
  for (const char* key : {"message", "to_user", "to_party", "to_tag", "agent_id"}) {
    VendorWorld wechat("wechat_configs", WechatItemWith(std::string(key) + ": '{{ .Nothing }}'"));
    wechat.DeliverFiring();
    EXPECT_EQ(wechat.http.sent(), 0U) << key;
    EXPECT_EQ(wechat.outcomes.at(0).kind, Kind::kGiveUp) << key;
    EXPECT_THAT(wechat.reason(), HasSubstr(std::string(key) + ":1:4: "));
  }
}

TEST(GroupWechat, TellsNothingOfASecretWhoseTemplateFails) {
  VendorWorld wechat("wechat_configs",
                     "{api_url: 'http://w/', api_secret: 's3cret{{ .s3cret }}', corp_id: c}");
  wechat.DeliverFiring();
  EXPECT_EQ(wechat.http.sent(), 0U);
  EXPECT_EQ(wechat.outcomes.at(0).kind, Kind::kGiveUp);
  EXPECT_EQ(wechat.reason(), "api_secret: its template fails at api_secret:1:10");
}

TEST(GroupWechat, HostileTextStaysText) {
  VendorWorld wechat("wechat_configs",
                     WechatItemWith("message: '{{ .CommonAnnotations.summary }}'"));
  PostedAlert alert = DiskFull();
  alert.annotations = {{"summary", "\"}},<script>&\n\\\xff"}};
  EXPECT_THAT(Sent(wechat, About({Fires(alert)})).body,
              StartsWith(R"({"text":{"content":"\"}},\u003cscript\u003e\u0026\n\\�"},)"));
}

}  // namespace
}  // namespace tocsin::receivers
