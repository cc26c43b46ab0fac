#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using Kind = Outcome::Kind;

constexpr char kJson[] = "application/json; charset=utf-8";

TEST(GroupSlack, SendsAlertmanagersDefaultMessage) {
  VendorWorld slack("slack_configs", "{api_url: 'http://slack/secret', channel: '#ops'}");
  const HttpClientRequest request = slack.DeliverFiring();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://slack/secret");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(request.body,
            R"({"channel":"#ops","username":"Alertmanager","attachments":[{)"
            R"x("title":"[FIRING:1] DiskFull (node)",)x"
            R"("title_link":"http://am:9093/#/alerts?receiver=ops","color":"danger","text":"",)"
            R"x("fallback":"[FIRING:1] DiskFull (node) | http://am:9093/#/alerts?receiver=ops",)x"
            R"("callback_id":"","footer":"","mrkdwn_in":["fallback","pretext","text"]}]})"
            "\n");
  EXPECT_FALSE(slack.send_resolved);
}

TEST(GroupSlack, IsGreenWhenAllIsOver) {
  VendorWorld slack("slack_configs", "{api_url: 'http://slack/', send_resolved: true}");
  EXPECT_THAT(slack.DeliverResolved().body, HasSubstr(R"("color":"good")"));
  EXPECT_TRUE(slack.send_resolved);
}

TEST(GroupSlack, SendsEveryKeyOfAnAttachment) {
  VendorWorld slack("slack_configs", R"({
    api_url: 'http://slack/', username: u, icon_emoji: ':bell:', icon_url: 'http://i/',
    link_names: true, message_text: 'm {{ .Status }}', pretext: p, text: 't', footer: f,
    callback_id: c, image_url: 'http://image/', thumb_url: 'http://thumb/', mrkdwn_in: [text],
    short_fields: true, fields: [{title: a, value: '{{ len .Alerts }}'}, {title: b, value: v, short: false}],
    actions: [{type: button, text: Runbook, url: 'http://r/'},
              {type: button, text: Ack, name: n, value: v, style: primary,
               confirm: {text: 'Sure?', title: T, ok_text: Y, dismiss_text: N}}]})");
  const std::string body = slack.DeliverFiring().body;
  EXPECT_THAT(body, HasSubstr(R"("icon_emoji":":bell:","icon_url":"http://i/","link_names":true,)"
                              R"("text":"m firing","attachments":[)"));
  EXPECT_THAT(body, HasSubstr(R"("fields":[{"title":"a","value":"1","short":true},)"
                              R"({"title":"b","value":"v","short":false}])"));
  EXPECT_THAT(body, HasSubstr(R"("actions":[{"type":"button","text":"Runbook","url":"http://r/"},)"
                              R"({"type":"button","text":"Ack","style":"primary","name":"n",)"
                              R"("value":"v","confirm":{"text":"Sure?","title":"T",)"
                              R"("ok_text":"Y","dismiss_text":"N"}}])"));
  EXPECT_THAT(body, HasSubstr(R"("mrkdwn_in":["text"])"));
  EXPECT_THAT(body, HasSubstr(R"("image_url":"http://image/","thumb_url":"http://thumb/")"));
}

TEST(GroupSlack, CutsTitlesAt1024Characters) {
  VendorWorld slack("slack_configs",
                    "{api_url: 'http://slack/', title: '" + std::string(1200, 'a') + "'}");
  EXPECT_THAT(slack.DeliverFiring().body,
              HasSubstr("\"title\":\"" + std::string(1023, 'a') + "…\""));
}

TEST(GroupSlack, AppTokensPostToTheApi) {
  VendorWorld slack("slack_configs",
                    "{app_token: xoxb-1, app_url: 'http://slack/api', channel: c}");
  const HttpClientRequest request = slack.DeliverFiring();
  EXPECT_EQ(request.url, "http://slack/api");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "Bearer xoxb-1");
}

// ---- update_message
// https://docs.slack.dev/reference/methods/chat.update

constexpr char kUpdating[] =
    "{api_url: 'https://slack.com/api/chat.postMessage', channel: '#ops', update_message: true, "
    "http_config: {authorization: {credentials: xoxb-1}}}";
const std::vector<std::pair<std::string, std::string>> kIsJson = {{"content-type", kJson}};

GroupNotification Later(NotificationReason reason = NotificationReason::kNewAlertsAdded) {
  GroupNotification notification = About({Fires(DiskFull())});
  notification.reason = reason;
  notification.remembered = {{"channel", "C123"}, {"ts", "1503435956.000247"}};
  return notification;
}

TEST(GroupSlack, RemembersWhereItsMessageStands) {
  VendorWorld slack("slack_configs", kUpdating);
  EXPECT_EQ(slack.DeliverFiring().url, "https://slack.com/api/chat.postMessage");
  slack.Answer(200, R"({"ok":true,"channel":"C123","ts":"1503435956.000247"})", kIsJson);
  EXPECT_EQ(slack.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_EQ(slack.outcomes.at(0).remember, Later().remembered);
}

TEST(GroupSlack, ChangesTheMessageThatStandsThere) {
  VendorWorld slack("slack_configs", kUpdating);
  const HttpClientRequest request = slack.Deliver(Later());
  EXPECT_EQ(request.url, "https://slack.com/api/chat.update");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "Bearer xoxb-1");
  nlohmann::json body = nlohmann::json::parse(request.body);
  EXPECT_EQ(body.at("channel"), "C123");
  EXPECT_EQ(body.at("ts"), "1503435956.000247");
  // All else is the message as it would be posted.
  nlohmann::json posted = nlohmann::json::parse(slack.DeliverFiring().body);
  EXPECT_EQ(posted.at("channel"), "#ops");
  body.erase("ts");
  posted["channel"] = "C123";
  EXPECT_EQ(body, posted);
}

TEST(GroupSlack, BeginsAnotherMessageWithAFirstNotification) {
  VendorWorld slack("slack_configs", kUpdating);
  EXPECT_EQ(slack.Deliver(Later(NotificationReason::kFirstNotification)).url,
            "https://slack.com/api/chat.postMessage");
}

TEST(GroupSlack, PostsAnewWhereItsMessageIsGone) {
  for (const char* error : {"message_not_found", "cant_update_message", "edit_window_closed"}) {
    VendorWorld slack("slack_configs", kUpdating);
    slack.Deliver(Later());
    slack.Answer(200, fmt::format(R"({{"ok":false,"error":"{}"}})", error), kIsJson);
    ASSERT_EQ(slack.http.sent(), 2U) << error;
    EXPECT_EQ(slack.LastRequest().url, "https://slack.com/api/chat.postMessage");
    EXPECT_EQ(nlohmann::json::parse(slack.LastRequest().body).at("channel"), "#ops");
    slack.Answer(200, R"({"ok":true,"channel":"C9","ts":"2.0"})", kIsJson);
    EXPECT_EQ(slack.outcomes.at(0).kind, Kind::kDelivered);
    EXPECT_EQ(slack.outcomes.at(0).remember.at("ts"), "2.0");
  }
}

TEST(GroupSlack, PostsNothingAnewWhereAChangeFailsOtherwise) {
  VendorWorld slack("slack_configs", kUpdating);
  slack.Deliver(Later());
  slack.Answer(200, R"({"ok":false,"error":"channel_not_found"})", kIsJson);
  EXPECT_EQ(slack.http.sent(), 1U);
  EXPECT_EQ(slack.outcomes.at(0).kind, Kind::kGiveUp);
  slack.Deliver(Later());
  slack.Answer(503);
  EXPECT_EQ(slack.outcomes.at(1).kind, Kind::kRetry);
}

TEST(GroupSlack, RemembersNothingUnlessAsked) {
  VendorWorld slack("slack_configs", "{api_url: 'https://slack.com/api/chat.postMessage'}");
  EXPECT_EQ(slack.Deliver(Later()).url, "https://slack.com/api/chat.postMessage");
  slack.Answer(200, R"({"ok":true,"channel":"C123","ts":"1.0"})", kIsJson);
  EXPECT_TRUE(slack.outcomes.at(0).remember.empty());
}

// ---- answers

TEST(GroupSlack, ReadsAnswersThatRefuseWithStatus200) {
  VendorWorld slack("slack_configs", "{api_url: 'http://slack/'}");
  EXPECT_EQ(slack.OutcomeOf(200, "ok").kind, Kind::kDelivered);
  EXPECT_EQ(slack.OutcomeOf(200, "no_team").kind, Kind::kGiveUp);
  EXPECT_THAT(slack.reason(), HasSubstr("no_team"));
  EXPECT_EQ(slack.OutcomeOf(200, R"({"ok":true})", {{"content-type", kJson}}).kind,
            Kind::kDelivered);
  EXPECT_EQ(
      slack.OutcomeOf(200, R"({"ok":false,"error":"channel_not_found"})", {{"content-type", kJson}})
          .kind,
      Kind::kGiveUp);
  EXPECT_THAT(slack.reason(), HasSubstr("channel_not_found"));
  EXPECT_EQ(slack.OutcomeOf(200, "{", {{"content-type", kJson}}).kind, Kind::kRetry);
  // As Go reads it: nothing there is false.
  EXPECT_EQ(slack.OutcomeOf(200, R"({"success":true})", {{"content-type", kJson}}).kind,
            Kind::kGiveUp);
}

TEST(GroupSlack, RepeatsNoAddressThatIsRepeatedToIt) {
  VendorWorld slack("slack_configs", "{api_url: 'http://slack/services/T0/s3cret'}");
  EXPECT_EQ(slack.OutcomeOf(200, "cannot reach /services/T0/s3cret").kind, Kind::kGiveUp);
  EXPECT_THAT(slack.reason(), ::testing::Not(HasSubstr("s3cret")));
}

TEST(GroupSlack, IsRetriedAsAlertmanagerDoesAndByTheOutboxMoreOften) {
  VendorWorld slack("slack_configs", "{api_url: 'http://slack/'}");
  EXPECT_EQ(slack.OutcomeOf(503).kind, Kind::kRetry);
  EXPECT_EQ(slack.OutcomeOf(429).kind, Kind::kGiveUp);
  EXPECT_EQ(slack.OutcomeOf(400).kind, Kind::kGiveUp);
  EXPECT_EQ(slack.DurableOutcomeOf(429).kind, Kind::kRetry);
  EXPECT_EQ(slack.DurableOutcomeOf(503).kind, Kind::kRetry);
  EXPECT_EQ(slack.DurableOutcomeOf(404).kind, Kind::kGiveUp);
}

TEST(GroupSlack, GivesUpWhereATemplateFailsAndSendsNothing) {
  VendorWorld slack("slack_configs", "{api_url: 'http://slack/', title: '{{ .Nothing }}'}");
  slack.DeliverFiring();
  EXPECT_EQ(slack.http.sent(), 0U);
  EXPECT_EQ(slack.outcomes.at(0).kind, Kind::kGiveUp);
  EXPECT_THAT(slack.reason(), HasSubstr("title:1:4: "));
}

TEST(GroupSlack, OfTheFullDaemonSaysTheDefaultWhereATemplateFails) {
  const std::string item = "api_url: 'http://slack/s', channel: '#x', ";
  const std::string fails = "'{{ (index .Alerts 99).Labels.x }}'";
  const auto body = [](VendorWorld* slack) {
    GroupNotification notification = About({Fires(DiskFull())});
    notification.flush_number = 1;
    return slack->Deliver(notification).body;
  };
  VendorWorld plain("slack_configs", "{" + item + "}");
  VendorWorld title("slack_configs", "{" + item + "title: " + fails + "}");
  EXPECT_EQ(body(&title), body(&plain));
  title.Answer(200, "ok");
  EXPECT_EQ(title.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_THAT(title.reason(), HasSubstr("delivered, but without a template that fails: title:1:"));
  EXPECT_EQ(plain.reason(), "");
  // What has no default is left out.
  VendorWorld fields("slack_configs", "{" + item + "text: " + fails +
                                          ", fields: [{title: a, value: " + fails + "}]}");
  EXPECT_THAT(body(&fields), HasSubstr(R"("fields":[{"title":"a","short":false}])"));
}

}  // namespace
}  // namespace tocsin::receivers
