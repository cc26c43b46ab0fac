#include "config/alertmanager_receivers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/integration_keys.h"
#include "tests/unit/config/alertmanager_loading.h"

namespace tocsin::config {
namespace {

using ::testing::IsEmpty;

TEST(AlertmanagerReceivers, WebhookHasItsSettingsTyped) {
  const AlertmanagerIntegration webhook = GoodIntegration(
      "webhook_configs",
      "{url: 'http://example.org/x', max_alerts: 3, timeout: 1m30s, payload: {a: [1, '2']}}");
  EXPECT_EQ(webhook.type, "webhook");
  EXPECT_EQ(webhook.keys.SecretOf("url").Reveal(), "http://example.org/x");
  EXPECT_EQ(webhook.keys.Text("max_alerts"), "3");
  EXPECT_EQ(webhook.keys.Text("timeout"), "1m30s");
  ASSERT_NE(webhook.keys.Find("payload"), nullptr);
  EXPECT_TRUE(webhook.keys.Find("payload")->entries.at(0).value.items.at(1).quoted);
}

TEST(AlertmanagerReceivers, SendResolvedByDefaultButForMailSlackWechatAndRocketchat) {
  EXPECT_TRUE(GoodIntegration("webhook_configs", "{url: 'http://a/'}").send_resolved);
  EXPECT_TRUE(GoodIntegration("pagerduty_configs", "{routing_key: k}").send_resolved);
  EXPECT_FALSE(
      GoodIntegration("email_configs", "{to: t, from: f, smarthost: 'm:25'}").send_resolved);
  EXPECT_FALSE(GoodIntegration("slack_configs", "{api_url: 'http://a/'}").send_resolved);
  EXPECT_FALSE(GoodIntegration("wechat_configs", "{api_secret: s, corp_id: c}").send_resolved);
  EXPECT_FALSE(GoodIntegration("rocketchat_configs", "{token: t, token_id: i}").send_resolved);
}

TEST(AlertmanagerReceivers, MailTakesFromGlobalWhatItLacks) {
  const AlertmanagerIntegration mail = GoodIntegration(
      "email_configs", "{to: a@example.org, auth_password_file: mine, hello: here}",
      "{smtp_from: f@example.org, smtp_smarthost: 'mail:25', smtp_auth_password: secret, "
      "smtp_auth_username: u, smtp_require_tls: false, smtp_tls_config: {server_name: n}}");
  EXPECT_EQ(mail.keys.Text("from"), "f@example.org");
  EXPECT_EQ(mail.keys.Text("smarthost"), "mail:25");
  EXPECT_EQ(mail.keys.Text("hello"), "here");
  EXPECT_EQ(mail.keys.Text("auth_username"), "u");
  EXPECT_EQ(mail.keys.Text("require_tls"), "false");
  // Its own file keeps global's password away.
  EXPECT_FALSE(mail.keys.Has("auth_password"));
  EXPECT_TRUE(mail.keys.SecretOf("auth_password").empty());
  ASSERT_TRUE(mail.tls.has_value());
  EXPECT_EQ(mail.tls->server_name, "n");
}

TEST(AlertmanagerReceivers, MailHeadersHaveCanonicalNames) {
  const AlertmanagerIntegration mail = GoodIntegration(
      "email_configs",
      "{to: t, from: f, smarthost: 'm:25', headers: {x-PRIORITY: '1', subject: s}}");
  const YamlNode* headers = mail.keys.Find("headers");
  ASSERT_NE(headers, nullptr);
  EXPECT_EQ(headers->entries.at(0).key, "X-Priority");
  EXPECT_EQ(headers->entries.at(1).key, "Subject");
}

TEST(AlertmanagerReceivers, SlackTakesOneWayOnly) {
  const std::string global = "{slack_api_url: 'https://example.org/global'}";
  const CheckedKeys inherited = GoodIntegration("slack_configs", "{channel: c}", global).keys;
  EXPECT_EQ(inherited.SecretOf("api_url").Reveal(), "https://example.org/global");
  const CheckedKeys own =
      GoodIntegration("slack_configs", "{app_token: t, channel: c}", global).keys;
  EXPECT_FALSE(own.Has("api_url"));
  EXPECT_EQ(own.SecretOf("app_token").Reveal(), "t");
  EXPECT_EQ(own.Text("app_url"), kSlackPostUrl);
}

TEST(AlertmanagerReceivers, AnAppTokenMayStandBesideItsOwnAddress) {
  EXPECT_THAT(LoadAlertmanager(FileWith("webhook_configs", "url: http://example.org/",
                                        "{slack_app_token: t, slack_api_url: "
                                        "'https://slack.com/api/chat.postMessage'}"))
                  .problems,
              IsEmpty());
}

TEST(AlertmanagerReceivers, OwnHttpConfigReplacesTheGlobalOneAsAWhole) {
  const std::string global = "{http_config: {proxy_url: 'http://proxy/', follow_redirects: false}}";
  const std::string own = ", http_config: {enable_http2: false}}";
  const HttpConfig inherited =
      GoodIntegration("webhook_configs", "{url: 'http://a/'}", global).http;
  EXPECT_EQ(inherited.proxy.url.Reveal(), "http://proxy/");
  EXPECT_FALSE(inherited.follow_redirects);
  const HttpConfig replaced =
      GoodIntegration("webhook_configs", "{url: 'http://a/'" + own, global).http;
  EXPECT_TRUE(replaced.proxy.url.empty());
  EXPECT_TRUE(replaced.follow_redirects);
  EXPECT_FALSE(replaced.enable_http2);
  const HttpConfig teams =
      GoodIntegration("msteamsv2_configs", "{webhook_url: 'http://a/'" + own, global).http;
  EXPECT_EQ(teams.proxy.url.Reveal(), "http://proxy/");
  EXPECT_TRUE(teams.follow_redirects);
}

TEST(AlertmanagerReceivers, NamesOfFilesInHttpConfigStartAtTheFilesFolderOthersDoNot) {
  const std::string text = FileWith("webhook_configs",
                                    "{url_file: url, http_config: {tls_config: {ca_file: ca.pem}, "
                                    "basic_auth: {password_file: /abs}}}");
  const AlertmanagerSettings settings = GoodAlertmanager(text, {}, {}, "/etc/am/am.yml");
  const AlertmanagerIntegration& webhook = settings.receivers.at(0).integrations.at(0);
  EXPECT_EQ(webhook.keys.Text("url_file"), "url");
  EXPECT_EQ(webhook.http.tls.ca_file, "/etc/am/ca.pem");
  ASSERT_TRUE(webhook.http.basic_auth.has_value());
  EXPECT_EQ(webhook.http.basic_auth->password_file, "/abs");
}

TEST(AlertmanagerReceivers, AreInOrderOfTypeWithTheirIndexAndPlace) {
  const AlertmanagerSettings settings = GoodAlertmanager(R"(
route: {receiver: ops}
receivers:
- name: ops
  labels: {team: a}
  pagerduty_configs: [{routing_key: k}]
  webhook_configs:
  - url: http://a/
  - url: http://b/
)");
  const AlertmanagerReceiver& ops = settings.receivers.at(0);
  EXPECT_EQ(ops.labels.Get("team"), "a");
  ASSERT_EQ(ops.integrations.size(), 3U);
  EXPECT_EQ(ops.integrations[1].keys.SecretOf("url").Reveal(), "http://b/");
  EXPECT_EQ(ops.integrations[1].index, 1U);
  EXPECT_EQ(ops.integrations[1].place, "alertmanager.yml:9:5");
  EXPECT_EQ(ops.integrations[2].type, "pagerduty");
  EXPECT_EQ(ops.integrations[2].index, 0U);
}

TEST(AlertmanagerReceivers, SecretsNeverStandInWhatIsPrintable) {
  const CheckedKeys keys =
      GoodIntegration("sns_configs", "{topic_arn: t, sigv4: {access_key: a, secret_key: hidden}}")
          .keys;
  EXPECT_EQ(keys.SecretOf("sigv4.secret_key").Reveal(), "hidden");
  const YamlNode* sigv4 = keys.Find("sigv4");
  ASSERT_NE(sigv4, nullptr);
  EXPECT_EQ(sigv4->entries.at(1).value.text, "<secret>");
}

TEST(AlertmanagerReceivers, ThereAreEighteenTypes) { EXPECT_EQ(IntegrationTypes().size(), 18U); }

}  // namespace
}  // namespace tocsin::config
