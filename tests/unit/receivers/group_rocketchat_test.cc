#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Outcome::Kind;

constexpr char kRocketchatItem[] = "{api_url: 'http://rocket/', token: t0ken, token_id: us3r}";

// `kRocketchatItem` with more keys.
std::string RocketchatItemWith(const std::string& keys) {
  return "{api_url: 'http://rocket/', token: t0ken, token_id: us3r, " + keys + "}";
}

TEST(GroupRocketchat, SendsAlertmanagersDefaultMessage) {
  VendorWorld rocket("rocketchat_configs", kRocketchatItem);
  const HttpClientRequest request = rocket.DeliverFiring();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://rocket/api/v1/chat.postMessage");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(request, "X-Auth-Token"), "t0ken");
  EXPECT_EQ(HeaderOf(request, "X-User-Id"), "us3r");
  EXPECT_EQ(request.body, R"x({"attachments":[{"title":"[FIRING:1] DiskFull (node)",)x"
                          R"("title_link":"http://am:9093/#/alerts?receiver=ops","color":"red"}]})"
                          "\n");
  EXPECT_FALSE(rocket.send_resolved);
}

TEST(GroupRocketchat, IsGreenWhenAllIsOver) {
  VendorWorld rocket("rocketchat_configs", RocketchatItemWith("send_resolved: true"));
  EXPECT_EQ(rocket.DeliverResolved().body,
            R"x({"attachments":[{"title":"[RESOLVED] DiskFull (node)",)x"
            R"("title_link":"http://am:9093/#/alerts?receiver=ops","color":"green"}]})"
            "\n");
  EXPECT_TRUE(rocket.send_resolved);
}

TEST(GroupRocketchat, SendsEveryKey) {
  VendorWorld rocket("rocketchat_configs", RocketchatItemWith(R"(
    channel: '#{{ .Status }}', title: 't {{ .Status }}', title_link: 'http://l/', text: 'x', color: c,
    emoji: ':fire:', icon_url: 'http://i/', image_url: 'http://image/', thumb_url: 'http://thumb/',
    link_names: true, short_fields: true,
    fields: [{title: a, value: '{{ len .Alerts }}'}, {title: b, value: v, short: false}],
    actions: [{type: link, text: 'Go {{ .Status }}', url: 'http://r/', msg: m}, {text: Ack}])"));
  EXPECT_EQ(rocket.DeliverFiring().body,
            R"({"channel":"#firing","emoji":":fire:","avatar":"http://i/","attachments":[{)"
            R"("title":"t firing","title_link":"http://l/","text":"x","image_url":"http://image/",)"
            R"("thumb_url":"http://thumb/","color":"c",)"
            R"("fields":[{"short":true,"title":"a","value":"1"},)"
            R"({"short":false,"title":"b","value":"v"}],)"
            R"("actions":[{"type":"button","text":"Go firing","url":"http://r/",)"
            R"("is_webview":false,"msg":"m","msg_in_chat_window":false},)"
            R"({"type":"button","text":"Ack","is_webview":false,"msg_in_chat_window":false}]}]})"
            "\n");
}

TEST(GroupRocketchat, TakesServerAndCredentialsFromGlobal) {
  VendorWorld rocket("rocketchat_configs", "{channel: c}",
                     "{rocketchat_api_url: 'http://global/chat', rocketchat_token: gt, "
                     "rocketchat_token_id: gi}");
  const HttpClientRequest request = rocket.DeliverFiring();
  EXPECT_EQ(request.url, "http://global/chat/api/v1/chat.postMessage");
  EXPECT_EQ(HeaderOf(request, "X-Auth-Token"), "gt");
  EXPECT_EQ(HeaderOf(request, "X-User-Id"), "gi");
}

TEST(GroupRocketchat, ReadsCredentialsFromFilesForEachMessage) {
  const testing::TempDir folder;
  const std::string token = folder.path() + "/token";
  const std::string id = folder.path() + "/id";
  VendorWorld rocket("rocketchat_configs", "{api_url: 'http://rocket/', token_file: '" + token +
                                               "', token_id_file: '" + id + "'}");
  rocket.DeliverFiring();
  EXPECT_EQ(rocket.http.sent(), 0U);
  EXPECT_EQ(rocket.outcomes.at(0).kind, Kind::kGiveUp);
  EXPECT_THAT(rocket.reason(), HasSubstr(token));
  std::ofstream(token) << " first\n";
  std::ofstream(id) << "me\n";
  EXPECT_EQ(HeaderOf(rocket.DeliverFiring(), "X-Auth-Token"), "first");
  std::ofstream(token) << "second";
  const HttpClientRequest request = rocket.DeliverFiring();
  EXPECT_EQ(HeaderOf(request, "X-Auth-Token"), "second");
  EXPECT_EQ(HeaderOf(request, "X-User-Id"), "me");
}

TEST(GroupRocketchat, CutsTitlesAt1024Characters) {
  const auto body = [](std::size_t size) {
    VendorWorld rocket("rocketchat_configs",
                       RocketchatItemWith("title: '" + std::string(size, 'a') + "'"));
    return rocket.DeliverFiring().body;
  };
  EXPECT_THAT(body(1024), HasSubstr("\"title\":\"" + std::string(1024, 'a') + "\""));
  EXPECT_THAT(body(1025), HasSubstr("\"title\":\"" + std::string(1023, 'a') + "…\""));
}

TEST(GroupRocketchat, ReadsAnswersThatRefuseWithStatus200) {
  VendorWorld rocket("rocketchat_configs", kRocketchatItem);
  EXPECT_EQ(rocket.OutcomeOf(200, R"({"success":true,"ts":1})").kind, Kind::kDelivered);
  const Outcome refused = rocket.OutcomeOf(200, R"({"success":false,"error":"no \"room\""})");
  EXPECT_EQ(refused.kind, Kind::kGiveUp);
  EXPECT_EQ(refused.failure, Failure::kClientError);
  EXPECT_EQ(refused.http_status, 200);
  EXPECT_EQ(refused.reason, R"(Rocket.Chat refuses the message: "no \"room\"")");
  EXPECT_EQ(rocket.OutcomeOf(200, R"({"error":"who are you"})").kind, Kind::kGiveUp);
  EXPECT_EQ(rocket.OutcomeOf(200, R"({"success":false,"error":{}})").kind, Kind::kGiveUp);
  EXPECT_THAT(rocket.reason(), HasSubstr("does not say why"));
}

TEST(GroupRocketchat, TriesAgainWhereTheAnswerCannotBeRead) {
  VendorWorld rocket("rocketchat_configs", kRocketchatItem);
  for (const char* body : {"", "ok", "<html>", "[]", "null", R"({"success":"yes"})",
                           R"({"success":1})", R"({"success":true)"}) {
    const Outcome outcome = rocket.OutcomeOf(200, body);
    EXPECT_EQ(outcome.kind, Kind::kRetry) << body;
    EXPECT_TRUE(outcome.may_have_arrived) << body;
  }
}

TEST(GroupRocketchat, RepeatsNoSecretThatAnAnswerRepeats) {
  VendorWorld rocket("rocketchat_configs", kRocketchatItem);
  for (const char* secret : {"t0ken", "us3r"}) {
    rocket.OutcomeOf(200, std::string(R"({"success":false,"error":"bad )") + secret + "\"}");
    EXPECT_THAT(rocket.reason(), HasSubstr("refuses the message"));
    EXPECT_THAT(rocket.reason(), Not(HasSubstr(secret)));
  }
}

TEST(GroupRocketchat, IsRetriedAsAlertmanagerDoesAndByTheOutboxMoreOften) {
  VendorWorld rocket("rocketchat_configs", kRocketchatItem);
  EXPECT_EQ(rocket.OutcomeOf(500).kind, Kind::kRetry);
  EXPECT_EQ(rocket.OutcomeOf(429).kind, Kind::kGiveUp);
  EXPECT_EQ(rocket.OutcomeOf(408).kind, Kind::kGiveUp);
  EXPECT_EQ(rocket.OutcomeOf(401).kind, Kind::kGiveUp);
  EXPECT_EQ(rocket.OutcomeOf(302).kind, Kind::kGiveUp);
  EXPECT_EQ(rocket.DurableOutcomeOf(500).kind, Kind::kRetry);
  EXPECT_EQ(rocket.DurableOutcomeOf(429).kind, Kind::kRetry);
  EXPECT_EQ(rocket.DurableOutcomeOf(408).kind, Kind::kRetry);
  EXPECT_EQ(rocket.DurableOutcomeOf(401).kind, Kind::kGiveUp);
}

TEST(GroupRocketchat, GivesUpWhereATemplateFailsAndSendsNothing) {
  VendorWorld rocket("rocketchat_configs",
                     RocketchatItemWith("fields: [{title: a, value: '{{ .Nothing }}'}]"));
  rocket.DeliverFiring();
  EXPECT_EQ(rocket.http.sent(), 0U);
  EXPECT_EQ(rocket.outcomes.at(0).kind, Kind::kGiveUp);
  EXPECT_THAT(rocket.reason(), HasSubstr("value:1:4: "));
}

TEST(GroupRocketchat, HostileTextStaysText) {
  VendorWorld rocket("rocketchat_configs",
                     RocketchatItemWith("text: '{{ .CommonAnnotations.summary }}'"));
  PostedAlert alert = DiskFull();
  alert.annotations = {{"summary", "\"},<script>&\n\\\xff"}};
  EXPECT_THAT(rocket.Deliver(About({Fires(alert)})).body,
              HasSubstr(R"("text":"\"},\u003cscript\u003e\u0026\n\\�",)"));
}

}  // namespace
}  // namespace tocsin::receivers
