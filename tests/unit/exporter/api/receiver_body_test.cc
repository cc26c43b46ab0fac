#include "exporter/api/receiver_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_library.h"

namespace tocsin::api {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct ReceiverReading {
  std::optional<ReceiverBody> body;
  std::vector<std::string> faults;  // "[\"body\",\"name\"] field required"
};

ReceiverReading ReadReceiver(const std::string& text, const char* before = nullptr) {
  Json faults = Json::array();
  const json old = before == nullptr ? json() : json::parse(before);
  ReceiverReading out;
  out.body = ReadReceiverBody(json::parse(text), before == nullptr ? nullptr : &old, &faults);
  for (const Json& fault : faults) {
    out.faults.push_back(fault["loc"].dump() + " " + fault["msg"].get<std::string>());
  }
  return out;
}

std::vector<std::string> CheckedReceiver(const std::string& text,
                                         const config::Settings& in_force = {}) {
  const ReceiverReading read = ReadReceiver(text);
  EXPECT_THAT(read.faults, IsEmpty());
  Json faults = Json::array();
  CheckReceiver(read.body->settings, in_force, &faults);
  std::vector<std::string> out;
  for (const Json& fault : faults) {
    out.push_back(fault["loc"].dump() + " " + fault["msg"].get<std::string>());
  }
  return out;
}

TEST(ReceiverBody, IsReadAsAnEntryOfTheConfigurationFileIs) {
  const ReceiverReading read = ReadReceiver(
      R"({"name":"ops","webhook":{"url":"https://h.example/T0P-S3CRET","format":"alertmanager",
          "headers":{"Authorization":"Bearer T0P-S3CRET","X-N":5},"timeout":"3s",
          "signing_secret":"T0P-S3CRET","send_resolved":false},"group_by":["host"],"group_wait":"10s"})");
  ASSERT_TRUE(read.body) << ::testing::PrintToString(read.faults);
  const config::ReceiverSettings& ops = read.body->settings;
  EXPECT_EQ(ops.name, "ops");
  EXPECT_TRUE(ops.from_api);
  ASSERT_EQ(ops.channels.size(), 1U);
  const config::WebhookSettings& webhook = ops.channels[0].webhook;
  EXPECT_EQ(webhook.url.Reveal(), "https://h.example/T0P-S3CRET");
  EXPECT_EQ(webhook.format, config::WebhookFormat::kAlertmanager);
  ASSERT_EQ(webhook.headers.size(), 2U);
  EXPECT_EQ(webhook.headers[0].second.Reveal(), "Bearer T0P-S3CRET");
  EXPECT_EQ(webhook.headers[1].second.Reveal(), "5");
  EXPECT_EQ(webhook.timeout, std::chrono::seconds(3));
  EXPECT_EQ(webhook.signing_secret.Reveal(), "T0P-S3CRET");
  EXPECT_FALSE(webhook.send_resolved);
  EXPECT_THAT(*ops.grouping.group_by, ElementsAre("host"));
  EXPECT_EQ(ops.grouping.group_wait, std::chrono::seconds(10));
}

TEST(ReceiverBody, ShowsEverythingButSecretsInTheTypesThatWereSent) {
  const ReceiverReading read = ReadReceiver(
      R"({"name":"ops","webhook":{"url":"https://h.example/T0P-S3CRET",
          "headers":{"X-Token":"T0P-S3CRET"},"timeout":"3s","send_resolved":false,
          "signing_secret":"T0P-S3CRET"},
          "slack":{"webhook_url":"https://s.example/T0P-S3CRET","channel":"#ops",
          "http_config":{"authorization":{"credentials":"T0P-S3CRET"},
            "http_headers":{"X-A":{"secrets":["T0P-S3CRET","T0P-S3CRET"],"values":["seen"]}}}},
          "email":{"smarthost":"mail.example:587","from":"a@b.example","to":"c@d.example",
            "auth_username":"u","auth_password":"T0P-S3CRET"},
          "telegram":{"bot_token":"T0P-S3CRET","chat_id":"-5","message_thread_id":7},
          "jira":{"api_url":"https://u:T0P-S3CRET@j.example/","project":"P","issue_type":"Bug",
            "fields":{"a":[1,2.5,null,"x"]}},
          "sns":{"topic_arn":"arn:aws:sns:eu-west-1:1:t","sigv4":{"region":"eu-west-1",
            "access_key":"AK","secret_key":"T0P-S3CRET"}}})");
  ASSERT_TRUE(read.body) << ::testing::PrintToString(read.faults);
  const Json shown = JsonOfYaml(read.body->settings.shown);
  EXPECT_EQ(json::parse(shown.dump()), json::parse(R"(
      {"name":"ops","webhook":{"url":"<secret>","headers":{"X-Token":"<secret>"},"timeout":"3s",
        "send_resolved":false,"signing_secret":"<secret>"},
       "slack":{"webhook_url":"<secret>","channel":"#ops",
        "http_config":{"authorization":{"credentials":"<secret>"},
          "http_headers":{"X-A":{"secrets":["<secret>","<secret>"],"values":["seen"]}}}},
       "email":{"smarthost":"mail.example:587","from":"a@b.example","to":"c@d.example",
          "auth_username":"u","auth_password":"<secret>"},
       "telegram":{"bot_token":"<secret>","chat_id":"-5","message_thread_id":7},
       "jira":{"api_url":"<secret>","project":"P","issue_type":"Bug",
          "fields":{"a":[1,2.5,null,"x"]}},
       "sns":{"topic_arn":"arn:aws:sns:eu-west-1:1:t","sigv4":{"region":"eu-west-1",
          "access_key":"AK","secret_key":"<secret>"}}})"));
}

TEST(ReceiverBody, WhatAnswersShowComesBackAsWhatItStandsFor) {
  const char* const before =
      R"({"name":"ops","webhook":{"url":"https://h.example/one","headers":{"A":"two","B":"three"}},
          "pagerduty":{"routing_key":"four"}})";
  const ReceiverReading read = ReadReceiver(
      R"({"name":"ops","source":"api","defined_in":null,"created_at":"2024-05-01T10:00:00Z",
          "updated_at":"2024-05-01T10:00:00Z","created_by":"anna","warnings":["w"],
          "webhook":{"url":"<secret>","headers":{"A":"<secret>","B":"new"},"timeout":"5s"},
          "pagerduty":{"routing_key":"<secret>"}})",
      before);
  ASSERT_TRUE(read.body) << ::testing::PrintToString(read.faults);
  EXPECT_EQ(read.body->text, json::parse(R"(
      {"name":"ops","webhook":{"url":"https://h.example/one","headers":{"A":"two","B":"new"},
       "timeout":"5s"},"pagerduty":{"routing_key":"four"}})"));
  EXPECT_EQ(read.body->settings.channels.at(1).keys.SecretOf("routing_key").Reveal(), "four");
  EXPECT_EQ(JsonOfYaml(read.body->settings.shown)["webhook"]["headers"]["A"], "<secret>");
  EXPECT_THAT(read.body->warnings, IsEmpty());
}

TEST(ReceiverBody, ASecretThatWasSentAsANumberIsKeptToo) {
  const ReceiverReading read =
      ReadReceiver(R"({"name":"ops","pagerduty":{"routing_key":"<secret>"}})",
                   R"({"name":"ops","pagerduty":{"routing_key":12345}})");
  ASSERT_TRUE(read.body) << ::testing::PrintToString(read.faults);
  EXPECT_EQ(read.body->settings.channels.at(0).keys.SecretOf("routing_key").Reveal(), "12345");
}

TEST(ReceiverBody, APlaceholderThatStandsForNothingIsAFault) {
  EXPECT_THAT(ReadReceiver(R"({"name":"ops","pagerduty":{"routing_key":"<secret>"}})").faults,
              ElementsAre(R"(["body","pagerduty","routing_key"] there is no secret to keep here; )"
                          R"(send the value, not <secret>)"));
  // Nor does a secret move to another place.
  EXPECT_THAT(
      ReadReceiver(R"({"name":"ops","webhook":{"url":"https://evil.example/",
                       "headers":{"X":"<secret>"}}})",
                   R"({"name":"ops","webhook":{"url":"https://h.example/","headers":{"A":"t"}}})")
          .faults,
      ElementsAre(HasSubstr(R"(["body","webhook","headers","X"] there is no secret)")));
}

TEST(ReceiverBody, FilesAreNobodysBusinessOverHttp) {
  EXPECT_THAT(ReadReceiver(R"({"name":"ops",
        "slack":{"webhook_url_file":"/etc/passwd","http_config":{
          "authorization":{"credentials_file":"/a"},"tls_config":{"ca_file":"/b"},
          "http_headers":{"X-A":{"files":["/c"]}}}},
        "email":{"smarthost":"m.example:25","from":"a@b.example","to":"c@d.example",
          "auth_username":"u","auth_password_file":"/d","tls_config":{"key_file":"/e",
          "cert_file":"/f"}},
        "telegram":{"bot_token":"t","chat_id_file":"/g"},
        "sns":{"topic_arn":"arn:aws:sns:eu-west-1:1:t","sigv4":{"secret_key_file":"/h",
          "access_key":"k","region":"r"}},
        "discord":{"webhook_url":"https://d.example/","http_config":{
          "basic_auth":{"username_file":"/i","password_file":"/j"}}},
        "teams":{"webhook_url":"https://t.example/","http_config":{"oauth2":{"client_id":"c",
          "client_secret_file":"/k","token_url":"https://t.example/"}}},
        "webex":{"bot_token":"t","room_id":"r","http_config":{"bearer_token_file":"/l"}}})")
                  .faults,
              ::testing::UnorderedElementsAre(
                  HasSubstr(R"("slack","webhook_url_file"] files are not read)"),
                  HasSubstr(R"("slack","http_config","authorization","credentials_file"])"),
                  HasSubstr(R"("slack","http_config","tls_config","ca_file"])"),
                  HasSubstr(R"("slack","http_config","http_headers","X-A","files",0])"),
                  HasSubstr(R"("email","auth_password_file"])"),
                  HasSubstr(R"("email","tls_config","key_file"])"),
                  HasSubstr(R"("email","tls_config","cert_file"])"),
                  HasSubstr(R"("telegram","chat_id_file"])"),
                  HasSubstr(R"("sns","sigv4","secret_key_file"])"),
                  HasSubstr(R"("discord","http_config","basic_auth","username_file"])"),
                  HasSubstr(R"("discord","http_config","basic_auth","password_file"])"),
                  HasSubstr(R"("teams","http_config","oauth2","client_secret_file"])"),
                  HasSubstr(R"("webex","http_config","bearer_token_file"])")));
}

struct BadReceiver {
  const char* body;
  std::vector<const char*> faults;  // a part of each
};

TEST(ReceiverBody, EveryFaultIsListedWithItsPlace) {
  const std::string long_name(256, 'n');
  const std::string with_long_name = R"({"name":")" + long_name + R"(","console":{}})";
  const BadReceiver kBad[] = {
      {"{}", {R"(["body","name"] field required)"}},
      {R"({"name":null})", {R"(["body","name"] str type expected)"}},
      {R"({"name":7,"console":{}})", {R"(["body","name"] str type expected)"}},
      {R"({"name":""})", {R"(["body","name"] ensure this value has at least 1)"}},
      {with_long_name.c_str(), {R"(["body","name"] ensure this value has at most 255)"}},
      {R"({"name":"a\u0007","console":{}})", {R"(["body","name"] the name holds a control)"}},
      {R"({"name":"a","webhok":{}})", {R"(["body","webhok"] unknown key "webhok")"}},
      {R"({"name":"a","webhook":7})",
       {R"(["body","webhook"] webhook must be a map, not a text)",
        R"(["body","webhook"] url is missing in webhook)"}},
      {R"({"name":"a","webhook":[]})",
       {R"(["body","webhook"] webhook must be a map, not a list)",
        R"(["body","webhook"] url is missing in webhook)"}},
      {R"({"name":"a","webhook":{}})", {R"(["body","webhook"] url is missing in webhook)"}},
      {R"({"name":"a","webhook":{"url":["x"]}})",
       {R"(["body","webhook","url"] url must be a text)"}},
      {R"({"name":"a","webhook":{"url":"ftp://h/"}})",
       {R"(["body","webhook","url"] url: the URL must begin with http)"}},
      {R"({"name":"a","webhook":{"url":"https://u:p@h.example/"}})",
       {R"(["body","webhook","url"])"}},
      {R"({"name":"a","webhook":{"url":"https://h.example/","send_resolved":"true"}})",
       {R"(["body","webhook","send_resolved"] send_resolved must be true or false)"}},
      {R"({"name":"a","webhook":{"url":"https://h.example/","timeout":"0s"},"x":1})",
       {R"(["body","webhook","timeout"] timeout must be longer)", R"(["body","x"] unknown key)"}},
      {R"({"name":"a","webhook":{"url":"https://h.example/","headers":{"Host":"x"}}})",
       {R"(["body","webhook","headers","Host"] headers: )"}},
      {R"({"name":"a","webhook":{"url":"https://h.example/","headers":{"A":"b\r\nC: d"}}})",
       {R"(["body","webhook","headers","A"] headers: )"}},
      {R"({"name":"a","email":{"smarthost":"h"}})",
       {R"(["body","email","smarthost"] smarthost: address "h": missing port)",
        R"(["body","email"] to is missing)", R"(["body","email"] from is missing)"}},
      {R"({"name":"a","console":{},"group_by":["x",{"y":1}]})", {R"(["body","group_by",1])"}},
      {R"({"name":"a","console":{},"group_wait":-1})", {R"(["body","group_wait"])"}},
  };
  for (const BadReceiver& bad : kBad) {
    const ReceiverReading read = ReadReceiver(bad.body);
    EXPECT_FALSE(read.body) << bad.body;
    EXPECT_EQ(read.faults.size(), bad.faults.size())
        << bad.body << ": " << ::testing::PrintToString(read.faults);
    for (const char* fault : bad.faults) {
      EXPECT_THAT(read.faults, Contains(HasSubstr(fault))) << bad.body;
    }
  }
}

TEST(ReceiverBody, NoFaultShowsAnAddressOrASecret) {
  const ReceiverReading read =
      ReadReceiver(R"({"name":"a","webhook":{"url":"T0P-S3CRET","headers":{"A":"T0P-S3CRET\n"}},
               "slack":{"webhook_url":"T0P-S3CRET"},"pushover":{"token":{"a":"T0P-S3CRET"}},
               "jira":{"api_url":"ftp://u:T0P-S3CRET@h/"}})");
  EXPECT_FALSE(read.faults.empty());
  for (const std::string& fault : read.faults) EXPECT_THAT(fault, Not(HasSubstr("S3CRET")));
}

TEST(ReceiverBody, AReceiverWithoutAChannelIsWarnedOf) {
  const ReceiverReading read = ReadReceiver(R"({"name":"a"})");
  ASSERT_TRUE(read.body);
  EXPECT_THAT(read.body->warnings, ElementsAre(HasSubstr("has no channel")));
}

TEST(CheckReceiver, AddressesThatLeadInwardsAreRefused) {
  for (const char* host :
       {"127.0.0.1", "localhost", "a.localhost", "10.1.2.3", "192.168.0.1:8080", "169.254.169.254",
        "[::1]:80", "[fd00::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "LOCALHOST"}) {
    EXPECT_THAT(CheckedReceiver(std::string(R"({"name":"a","webhook":{"url":"http://)") + host +
                                R"(/x"}})"),
                ElementsAre(AllOf(HasSubstr(R"(["body","webhook","url"] refused by tocsin.egress)"),
                                  HasSubstr("allow_networks"))))
        << host;
  }
  EXPECT_THAT(
      CheckedReceiver(R"({"name":"a",
      "slack":{"webhook_url":"https://127.0.0.1/"},"ntfy":{"url":"https://10.0.0.1/","topic":"t"},
      "jira":{"api_url":"https://10.0.0.1/","project":"P","issue_type":"B"},
      "matrix":{"homeserver":"https://10.0.0.1/","room_id":"!r","access_token":"t"},
      "email":{"smarthost":"localhost:25","from":"a@b.example","to":"c@d.example"},
      "teams":{"webhook_url":"https://t.example/","http_config":{"oauth2":{"client_id":"c",
        "client_secret":"s","token_url":"https://127.0.0.1/"}}}})"),
      ::testing::UnorderedElementsAre(
          HasSubstr(R"(["body","slack","webhook_url"])"), HasSubstr(R"(["body","ntfy","url"])"),
          HasSubstr(R"(["body","jira","api_url"])"), HasSubstr(R"(["body","matrix","homeserver"])"),
          HasSubstr(R"(["body","email","smarthost"])"),
          HasSubstr(R"(["body","teams","http_config","oauth2","token_url"])")));
}

TEST(CheckReceiver, NoAddressHoldsAPassword) {
  EXPECT_THAT(
      CheckedReceiver(R"({"name":"a",
      "slack":{"webhook_url":"https://u:T0P-S3CRET@s.example/",
               "icon_url":"https://u:T0P-S3CRET@i.example/icon.png"},
      "discord":{"webhook_url":"https://d.example/","avatar_url":"https://u@i.example/a.png"},
      "ntfy":{"url":"https://:T0P-S3CRET@n.example/","topic":"t"},
      "jira":{"api_url":"https://u@j.example/","project":"P","issue_type":"B"},
      "matrix":{"homeserver":"https://u:T0P-S3CRET@m.example","room_id":"!r","access_token":"t"},
      "teams":{"webhook_url":"https://t.example/","http_config":{"oauth2":{"client_id":"c",
        "client_secret":"s","token_url":"https://u:T0P-S3CRET@o.example/"}}}})"),
      AllOf(::testing::UnorderedElementsAre(
                HasSubstr(R"(["body","slack","webhook_url"])"),
                HasSubstr(R"(["body","slack","icon_url"])"),
                HasSubstr(R"(["body","discord","avatar_url"])"),
                HasSubstr(R"(["body","ntfy","url"])"), HasSubstr(R"(["body","jira","api_url"])"),
                HasSubstr(R"(["body","matrix","homeserver"])"),
                HasSubstr(R"(["body","teams","http_config","oauth2","token_url"])")),
            ::testing::Each(AllOf(HasSubstr("user name and password do not belong into the URL"),
                                  Not(HasSubstr("S3CRET"))))));
  // An at-sign elsewhere is none of it.
  EXPECT_THAT(
      CheckedReceiver(R"({"name":"a","slack":{"webhook_url":"https://s.example/@x?a=@b"}})"),
      IsEmpty());
}

TEST(CheckReceiver, WhatTheOperatorAllowsPasses) {
  config::Settings in_force;
  in_force.egress.policy.allow_networks = {*IpNetwork::Parse("127.0.0.0/8")};
  in_force.egress.policy.allow_hosts = {"localhost"};
  EXPECT_THAT(CheckedReceiver(R"({"name":"a","webhook":{"url":"http://127.0.0.1:1/"}})", in_force),
              IsEmpty());
  EXPECT_THAT(CheckedReceiver(R"({"name":"a","webhook":{"url":"http://localhost/"}})", in_force),
              IsEmpty());
  EXPECT_THAT(
      CheckedReceiver(R"({"name":"a","webhook":{"url":"http://10.0.0.1/"}})", in_force).size(), 1U);
  EXPECT_THAT(CheckedReceiver(R"({"name":"a","webhook":{"url":"http://hooks.example/"}})"),
              IsEmpty());
  // What the reader of a message opens is not opened here.
  EXPECT_THAT(CheckedReceiver(R"({"name":"a","slack":{"webhook_url":"https://s.example/",
                          "icon_url":"http://10.0.0.1/icon.png"}})"),
              IsEmpty());
}

TEST(CheckReceiver, AProxyMustBeTrusted) {
  const char* const proxied =
      R"({"name":"a","slack":{"webhook_url":"https://s.example/",
          "http_config":{"proxy_url":"http://proxy.example:3128"}},
          "discord":{"webhook_url":"https://d.example/","http_config":{
          "proxy_from_environment":true}},
          "webhook":{"url":"https://h.example/","http_config":{
          "proxy_url":"http://proxy.example:3128"}}})";
  EXPECT_THAT(CheckedReceiver(proxied),
              ::testing::UnorderedElementsAre(
                  HasSubstr(R"(["body","slack","http_config","proxy_url"])"),
                  HasSubstr(R"(["body","discord","http_config","proxy_from_environment"])"),
                  HasSubstr(R"(["body","webhook","http_config","proxy_url"])")));
  config::Settings in_force;
  in_force.egress.trust_proxy = true;
  EXPECT_THAT(CheckedReceiver(proxied, in_force), IsEmpty());
}

TEST(CheckReceiver, AWebhookOfOneAlertCannotTellOfGroups) {
  EXPECT_THAT(
      CheckedReceiver(R"({"name":"a","webhook":{"url":"http://h.example/"},"group_by":["x"]})"),
      ElementsAre(HasSubstr(R"(["body","group_by"] the API: receiver "a": a webhook)")));
  config::Settings in_force;
  in_force.native_grouping.group_by = {"x"};
  EXPECT_EQ(
      CheckedReceiver(R"({"name":"a","webhook":{"url":"http://h.example/"}})", in_force).size(),
      1U);
}

}  // namespace
}  // namespace tocsin::api
