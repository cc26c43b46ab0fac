#include "config/receivers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/yaml_print.h"
#include "tests/unit/config/loading.h"

namespace tocsin::config {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> Names(const std::vector<ReceiverSettings>& receivers) {
  std::vector<std::string> names;
  for (const ReceiverSettings& receiver : receivers) names.push_back(receiver.name);
  return names;
}

TEST(Receivers, OfTheFileComeFirstThenTheEnvironmentsThenConsole) {
  const Settings settings =
      GoodSettings("tocsin:\n  receivers:\n  - {name: ops, webhook: {url: 'http://h/'}}\n",
                   MakeEnvironment({{"WEBHOOK_URL", "http://h/"}}));
  EXPECT_THAT(Names(settings.receivers), ElementsAre("ops", "webhook", "console"));
  EXPECT_EQ(settings.receivers[0].source, "tocsin.yml:3:5");
  EXPECT_EQ(settings.receivers[1].source, "environment WEBHOOK_URL");
  EXPECT_EQ(settings.receivers[2].source, "built in");
}

TEST(Receivers, AWebhookReadsAllItsKeys) {
  const Settings settings = GoodSettings(
      "tocsin:\n  receivers:\n  - name: ops\n    webhook:\n      url: https://example.org/t0ken\n"
      "      format: alertmanager\n      headers: {X-Team: ops, X-N: 5}\n      timeout: 3s\n"
      "      send_resolved: false\n    console: {send_resolved: false}\n");
  const ReceiverSettings& ops = settings.receivers.at(0);
  ASSERT_EQ(ops.channels.size(), 2U);
  EXPECT_EQ(ops.channels[0].type, "webhook");
  const WebhookSettings& webhook = ops.channels[0].webhook;
  EXPECT_EQ(webhook.url.Reveal(), "https://example.org/t0ken");
  EXPECT_EQ(webhook.format, WebhookFormat::kAlertmanager);
  ASSERT_EQ(webhook.headers.size(), 2U);
  EXPECT_EQ(webhook.headers[0].first, "X-Team");
  EXPECT_EQ(webhook.headers[1].second.Reveal(), "5");
  EXPECT_EQ(webhook.timeout, std::chrono::seconds(3));
  EXPECT_FALSE(webhook.send_resolved);
  EXPECT_EQ(ops.channels[1].type, "console");
  EXPECT_FALSE(ops.channels[1].console.send_resolved);
}

TEST(Receivers, AWebhookHasASigningSecretOrAFileOfIt) {
  const auto webhook = [](const std::string& keys) {
    return LoadText("tocsin: {receivers: [{name: ops, webhook: {url: 'http://h/', " + keys +
                    "}}]}\n");
  };
  const LoadResult own = webhook("signing_secret: s3cret");
  ASSERT_NE(own.settings, nullptr);
  const ReceiverSettings& ops = own.settings->receivers.at(0);
  EXPECT_EQ(ops.channels.at(0).webhook.signing_secret.Reveal(), "s3cret");
  EXPECT_THAT(PrintYaml(ops.shown), HasSubstr("signing_secret: \"<secret>\""));
  const LoadResult file = webhook("signing_secret_file: /run/key");
  ASSERT_NE(file.settings, nullptr);
  EXPECT_EQ(file.settings->receivers.at(0).channels.at(0).webhook.signing_secret_file, "/run/key");
  EXPECT_THAT(webhook("signing_secret: s3cret, signing_secret_file: /run/key").problems,
              ElementsAre(HasSubstr("at most one of webhook signing_secret & signing_secret_file "
                                    "must be configured")));
  EXPECT_THAT(webhook("signing_secret: s3cret, headers: {x-tocsin-signature: x}").problems,
              ElementsAre(HasSubstr("X-Tocsin-Signature is set where there is a signing_secret")));
}

TEST(Receivers, AreShownAsTheyWereWrittenWithoutSecrets) {
  const Settings settings = GoodSettings(
      "tocsin:\n  receivers:\n  - name: ops\n    webhook: {url: https://example.org/t0ken, "
      "headers: "
      "{X-Token: 'a: t0ken'}}\n    slack: {webhook_url_file: /run/slack, channel: '#ops'}\n"
      "  - {name: dev, telegram: {bot_token: t0ken, chat_id: '5'}}\n",
      MakeEnvironment({{"WEBHOOK_URL", "http://h/"}}));
  EXPECT_EQ(PrintYaml(settings.receivers.at(0).shown),
            "name: ops\nwebhook:\n  url: \"<secret>\"\n  headers:\n    X-Token: \"<secret>\"\n"
            "slack:\n  webhook_url_file: /run/slack\n  channel: \"#ops\"\n");
  EXPECT_EQ(PrintYaml(settings.receivers.at(1).shown),
            "name: dev\ntelegram:\n  bot_token: \"<secret>\"\n  chat_id: \"5\"\n");
  EXPECT_TRUE(settings.receivers.at(2).shown.is_null()) << "the environment wrote nothing down";
}

TEST(Receivers, AWebhookNeedsItsUrlOnly) {
  const Settings settings =
      GoodSettings("tocsin: {receivers: [{name: ops, webhook: {url: 'http://h/'}}]}\n");
  const WebhookSettings& webhook = settings.receivers.at(0).channels.at(0).webhook;
  EXPECT_EQ(webhook.format, WebhookFormat::kSeed);
  EXPECT_EQ(webhook.timeout, std::chrono::seconds(10));
  EXPECT_TRUE(webhook.send_resolved);
}

TEST(Receivers, AWebhookTakesAnHttpConfigButNoRedirects) {
  const Settings settings = GoodSettings(R"(
tocsin:
  receivers:
  - name: ops
    webhook:
      url: http://h/
      http_config: {follow_redirects: true, basic_auth: {username: u, password: s3cret},
                    proxy_url: 'http://proxy:3128'}
)");
  const HttpConfig& http = settings.receivers.at(0).channels.at(0).http;
  EXPECT_EQ(http.basic_auth->password.Reveal(), "s3cret");
  EXPECT_FALSE(http.proxy.url.empty());
  EXPECT_FALSE(http.follow_redirects);
  EXPECT_THAT(PrintYaml(settings.receivers.at(0).shown), Not(HasSubstr("s3cret")));
}

TEST(Receivers, TheirSecretsStandInNoMessage) {
  const LoadResult result = LoadText(
      "tocsin:\n  receivers:\n  - name: ops\n    webhook:\n      url: ftp://h/s3cret\n"
      "      headers: {X-A: \"s3cret\\n\"}\n");
  EXPECT_EQ(result.problems.size(), 2U);
  EXPECT_THAT(result.problems, Each(Not(HasSubstr("s3cret"))));
}

TEST(Receivers, TheFileWinsOverTheEnvironmentAndSaysSo) {
  const LoadResult result =
      LoadText("tocsin:\n  receivers:\n  - {name: webhook, webhook: {url: 'http://file/'}}\n",
               MakeEnvironment({{"WEBHOOK_URL", "http://environment/"}}));
  EXPECT_THAT(result.problems,
              ElementsAre("warning: environment WEBHOOK_URL has no effect: receiver \"webhook\" is "
                          "defined at tocsin.yml:3:5"));
  ASSERT_THAT(Names(result.settings->receivers), ElementsAre("webhook", "console"));
  EXPECT_EQ(result.settings->receivers[0].channels[0].webhook.url.Reveal(), "http://file/");
}

TEST(Receivers, AConsoleOfTheFileReplacesTheBuiltInOne) {
  const Settings settings =
      GoodSettings("tocsin: {receivers: [{name: console, webhook: {url: 'http://h/'}}]}\n");
  ASSERT_THAT(Names(settings.receivers), ElementsAre("console"));
  EXPECT_EQ(settings.receivers[0].channels[0].type, "webhook");
}

TEST(Receivers, AChannelThatIsNotBuiltYetLoadsAndDeliversNothing) {
  const LoadResult result =
      LoadText("tocsin:\n  receivers:\n  - name: chat\n    zulip: {topic: t}\n");
  ASSERT_NE(result.settings, nullptr);
  EXPECT_THAT(result.problems,
              ElementsAre("tocsin.yml:4:5: warning: zulip is not supported yet: receiver \"chat\" "
                          "delivers nothing by it"));
  EXPECT_THAT(result.settings->receivers.at(0).channels, IsEmpty());
}

TEST(Receivers, ReadEveryKeyOfTheirChannels) {
  const Settings settings = GoodSettings(R"(
tocsin:
  notifications: {sender: Watch}
  receivers:
  - name: all
    email: {smarthost: 'm:25', to: a@x.org, from: b@x.org, hello: h, auth_username: u,
            auth_password: p4ss, require_tls: false, force_implicit_tls: false, template: '{name}',
            tls_config: {insecure_skip_verify: true}, timeout: 3s, send_resolved: false}
    slack: {webhook_url: 'http://s3cret/', channel: '#c', username: n, icon_emoji: ':b:',
            icon_url: 'http://i/', template: {text: '{name}'}}
    discord: {webhook_url_file: /run/hook, username: n, avatar_url: 'http://a/', timeout: 4s,
              http_config: {follow_redirects: true, proxy_url: 'http://proxy:3128'}}
    teams: {webhook_url: 'http://t/', format: workflow}
    pagerduty: {routing_key_file: /run/key, url: 'http://pd/'}
)");
  const std::vector<ChannelSettings>& channels = settings.receivers.at(0).channels;
  ASSERT_EQ(channels.size(), 5U);
  const ChannelSettings& email = channels[0];
  EXPECT_EQ(email.type, "email");
  EXPECT_EQ(email.keys.SecretOf("auth_password").Reveal(), "p4ss");
  EXPECT_EQ(email.keys.Text("require_tls"), "false");
  EXPECT_TRUE(email.tls.insecure_skip_verify);
  EXPECT_EQ(email.timeout, std::chrono::seconds(3));
  EXPECT_FALSE(email.send_resolved);
  EXPECT_EQ(email.sender, "Watch");
  EXPECT_EQ(channels[1].keys.SecretOf("webhook_url").Reveal(), "http://s3cret/");
  EXPECT_EQ(channels[1].timeout, std::chrono::seconds(10));
  EXPECT_TRUE(channels[1].send_resolved);
  EXPECT_EQ(channels[2].keys.Text("webhook_url_file"), "/run/hook");
  EXPECT_FALSE(channels[2].http.proxy.url.empty());
  // Whoever gives an address means that one.
  EXPECT_FALSE(channels[2].http.follow_redirects);
  EXPECT_EQ(channels[3].keys.Text("format"), "workflow");
  EXPECT_EQ(channels[4].keys.Text("url"), "http://pd/");
}

TEST(Receivers, ReadEveryKeyOfChannelsThatKeepIncidents) {
  const Settings settings = GoodSettings(R"(
tocsin:
  receivers:
  - name: all
    opsgenie: {api_key: k3y, api_url: 'http://og/', responders: [{type: team, name: ops}],
               template: '{name}', timeout: 3s, send_resolved: false}
    victorops: {api_key_file: /run/key, api_url: 'http://vo/', routing_key: ops, template: t}
    incidentio: {url: 'http://io/?token=s3cret', alert_source_token_file: /run/token, template: t}
    jira: {api_url: 'http://u:p4ss@jira/rest/api/2', api_type: datacenter, project: OPS,
           issue_type: Bug, labels: [a, b], priority: '', fields: {customfield_1: {value: red}},
           resolve_transition: Close, reopen_transition: Reopen, reopen_duration: 1h,
           wont_fix_resolution: Rejected, template: t,
           http_config: {basic_auth: {username: u, password_file: /run/pass}}}
    sns: {topic_arn: t, api_url: 'http://sns/', attributes: {a: b}, template: t,
          sigv4: {region: r, access_key: a, secret_key: s3cret}}
)");
  const std::vector<ChannelSettings>& channels = settings.receivers.at(0).channels;
  ASSERT_EQ(channels.size(), 5U);
  const ChannelSettings& opsgenie = channels[0];
  EXPECT_EQ(opsgenie.type, "opsgenie");
  EXPECT_EQ(opsgenie.keys.SecretOf("api_key").Reveal(), "k3y");
  EXPECT_EQ(opsgenie.keys.Text("api_url"), "http://og/");
  EXPECT_EQ(opsgenie.keys.Find("responders")->items.size(), 1U);
  EXPECT_EQ(opsgenie.keys.Text("template"), "{name}");
  EXPECT_EQ(opsgenie.timeout, std::chrono::seconds(3));
  EXPECT_FALSE(opsgenie.send_resolved);
  EXPECT_EQ(channels[1].type, "victorops");
  EXPECT_EQ(channels[1].keys.Text("api_key_file"), "/run/key");
  EXPECT_EQ(channels[1].keys.Text("routing_key"), "ops");
  EXPECT_EQ(channels[2].type, "incidentio");
  EXPECT_EQ(channels[2].keys.Text("url"), "<secret>");
  EXPECT_EQ(channels[2].keys.SecretOf("url").Reveal(), "http://io/?token=s3cret");
  const ChannelSettings& jira = channels[3];
  EXPECT_EQ(jira.type, "jira");
  EXPECT_EQ(jira.keys.Url("api_url"), "http://u:p4ss@jira/rest/api/2");
  EXPECT_THAT(jira.keys.Text("api_url"), Not(HasSubstr("p4ss")));
  EXPECT_EQ(jira.keys.Find("labels")->items.size(), 2U);
  EXPECT_NE(jira.keys.Find("priority"), nullptr);
  EXPECT_EQ(jira.keys.Text("reopen_duration"), "1h");
  EXPECT_EQ(jira.http.basic_auth->password_file, "/run/pass");
  EXPECT_EQ(channels[4].type, "sns");
  EXPECT_EQ(channels[4].keys.SecretOf("sigv4.secret_key").Reveal(), "s3cret");
}

TEST(Receivers, KnowWhereChannelsThatKeepIncidentsAre) {
  const Settings settings = GoodSettings(R"(
tocsin:
  receivers:
  - name: all
    opsgenie: {api_key: k}
    victorops: {api_key: k, routing_key: r}
    jira: {api_url: 'http://jira/', project: OPS, issue_type: Bug}
    sns: {phone_number: '+491', sigv4: {access_key: a, secret_key_file: /run/secret}}
)");
  const std::vector<ChannelSettings>& channels = settings.receivers.at(0).channels;
  EXPECT_EQ(channels[0].keys.Text("api_url"), "https://api.opsgenie.com/");
  EXPECT_EQ(channels[1].keys.Text("api_url"),
            "https://alert.victorops.com/integrations/generic/20131114/alert/");
  EXPECT_EQ(channels[2].keys.Text("api_type"), "auto");
  EXPECT_EQ(channels[2].keys.Find("priority"), nullptr);
  EXPECT_FALSE(channels[3].keys.Has("api_url"));
}

TEST(Receivers, ReadEveryKeyOfTheirChats) {
  const Settings settings = GoodSettings(R"(
tocsin:
  receivers:
  - name: all
    telegram: {api_url: 'http://tg/', bot_token: '42:s3cret', chat_id: -1001, message_thread_id: 7,
               disable_notifications: true, template: '{name}', timeout: 3s, send_resolved: false}
    pushover: {api_url: 'http://po/', user_key: us3r, token_file: /run/token, device: d, sound: s,
               emergency: true, retry: 30s, expire: 3h, template: '{name}'}
    webex: {api_url: 'http://webex/', room_id: r, bot_token: t0ken, template: '{name}',
            http_config: {follow_redirects: true, proxy_url: 'http://proxy:3128'}}
    mattermost: {webhook_url: 'http://s3cret/', channel: c, username: n, icon_url: 'http://i/',
                 icon_emoji: ':b:', template: '{name}'}
    rocketchat: {api_url: 'http://rc/', token: t0ken, token_id_file: /run/id, channel: '#c',
                 emoji: ':b:', icon_url: 'http://i/', template: '{name}'}
    wechat: {api_url: 'http://wc/', api_secret: s3cret, corp_id: c, agent_id: 1000002, to_user: u,
             to_party: '1|2', to_tag: t, message_type: markdown, template: '{name}'}
)");
  const std::vector<ChannelSettings>& channels = settings.receivers.at(0).channels;
  ASSERT_EQ(channels.size(), 6U);
  const ChannelSettings& telegram = channels[0];
  EXPECT_EQ(telegram.type, "telegram");
  EXPECT_EQ(telegram.keys.SecretOf("bot_token").Reveal(), "42:s3cret");
  EXPECT_EQ(telegram.keys.Text("bot_token"), "<secret>");
  EXPECT_EQ(telegram.keys.Text("chat_id"), "-1001");
  EXPECT_EQ(telegram.keys.Text("message_thread_id"), "7");
  EXPECT_EQ(telegram.keys.Text("disable_notifications"), "true");
  EXPECT_EQ(telegram.timeout, std::chrono::seconds(3));
  EXPECT_FALSE(telegram.send_resolved);
  const CheckedKeys& pushover = channels[1].keys;
  EXPECT_EQ(pushover.SecretOf("user_key").Reveal(), "us3r");
  EXPECT_EQ(pushover.Text("token_file"), "/run/token");
  EXPECT_EQ(pushover.Text("emergency"), "true");
  EXPECT_EQ(pushover.Text("retry"), "30s");
  EXPECT_EQ(pushover.Text("expire"), "3h");
  EXPECT_EQ(channels[2].keys.SecretOf("bot_token").Reveal(), "t0ken");
  EXPECT_FALSE(channels[2].http.proxy.url.empty());
  EXPECT_FALSE(channels[2].http.follow_redirects);
  EXPECT_EQ(channels[3].keys.SecretOf("webhook_url").Reveal(), "http://s3cret/");
  EXPECT_EQ(channels[3].keys.Text("icon_emoji"), ":b:");
  EXPECT_EQ(channels[4].keys.SecretOf("token").Reveal(), "t0ken");
  EXPECT_EQ(channels[4].keys.Text("token_id_file"), "/run/id");
  EXPECT_EQ(channels[5].keys.SecretOf("api_secret").Reveal(), "s3cret");
  EXPECT_EQ(channels[5].keys.Text("agent_id"), "1000002");
  EXPECT_EQ(channels[5].keys.Text("message_type"), "markdown");
}

TEST(Receivers, TheirChatsNeedFewKeys) {
  const Settings settings = GoodSettings(R"(
tocsin:
  receivers:
  - name: all
    telegram: {bot_token_file: /run/token, chat_id: '@ops'}
    pushover: {token: t, user_key_file: /run/user}
    webex: {bot_token_file: /run/token, room_id: r}
    mattermost: {webhook_url_file: /run/hook}
    rocketchat: {token: t, token_id: i, channel: c}
    wechat: {api_secret_file: /run/secret, corp_id: c, agent_id: 1, to_tag: t}
)");
  const std::vector<ChannelSettings>& channels = settings.receivers.at(0).channels;
  ASSERT_EQ(channels.size(), 6U);
  EXPECT_EQ(channels[0].keys.Url("api_url"), "https://api.telegram.org");
  EXPECT_EQ(channels[1].keys.Url("api_url"), "https://api.pushover.net/1/");
  EXPECT_EQ(channels[1].keys.Text("emergency"), "false");
  EXPECT_EQ(channels[1].keys.Text("retry"), "1m");
  EXPECT_EQ(channels[1].keys.Text("expire"), "1h");
  EXPECT_EQ(channels[2].keys.Url("api_url"), "https://webexapis.com/v1/messages");
  EXPECT_EQ(channels[4].keys.Url("api_url"), "https://open.rocket.chat/");
  EXPECT_EQ(channels[5].keys.Url("api_url"), "https://qyapi.weixin.qq.com/cgi-bin/");
  EXPECT_EQ(channels[5].keys.Text("message_type"), "text");
  for (const ChannelSettings& channel : channels) EXPECT_TRUE(channel.send_resolved);
}

TEST(Receivers, AreEqualWhereTheirSettingsAre) {
  const auto slack = [](const std::string& keys) {
    return GoodSettings("tocsin: {receivers: [{name: a, slack: {" + keys + "}}]}\n")
        .receivers.at(0)
        .channels.at(0);
  };
  EXPECT_EQ(slack("webhook_url: 'http://a/'"), slack("webhook_url:   'http://a/'"));
  EXPECT_FALSE(slack("webhook_url: 'http://a/'") == slack("webhook_url: 'http://b/'"));
  EXPECT_FALSE(slack("webhook_url: 'http://a/'") == slack("webhook_url: 'http://a/', channel: c"));
}

TEST(DefaultReceivers, AreThoseOfTheEnvironmentElseConsole) {
  EXPECT_THAT(GoodSettings("").default_receivers, ElementsAre("console"));
  EXPECT_THAT(GoodSettings("tocsin: {receivers: [{name: ops, console: {}}]}\n").default_receivers,
              ElementsAre("console"));
  EXPECT_THAT(GoodSettings("", MakeEnvironment({{"WEBHOOK_URL", "http://h/"}})).default_receivers,
              ElementsAre("webhook"));
}

TEST(DefaultReceivers, TheSettingWinsAndNamesEachOnce) {
  const Settings settings = GoodSettings(
      "tocsin:\n  routing: {default_receivers: [ops, console, ops]}\n"
      "  receivers: [{name: ops, console: {}}]\n",
      MakeEnvironment({{"WEBHOOK_URL", "http://h/"}}));
  EXPECT_THAT(settings.default_receivers, ElementsAre("ops", "console"));
}

TEST(DefaultReceivers, MayNameAReceiverOfTheEnvironment) {
  const Settings settings = GoodSettings("tocsin: {routing: {default_receivers: [webhook]}}\n",
                                         MakeEnvironment({{"WEBHOOK_URL", "http://h/"}}));
  EXPECT_THAT(settings.default_receivers, ElementsAre("webhook"));
}

TEST(ReceiverNames, TheSixAreKnownWhetherConfiguredOrNot) {
  const ReceiverNames names(std::vector<ReceiverSettings>{{"ops", {}, ""}, {"webhook", {}, ""}});
  for (const char* name : {"email", "slack", "discord", "webhook", "teams", "pagerduty"}) {
    EXPECT_TRUE(names.IsKnown(name)) << name;
  }
  EXPECT_TRUE(names.IsKnown("ops"));
  EXPECT_FALSE(names.IsKnown("sms"));
  EXPECT_TRUE(names.IsConfigured("webhook"));
  EXPECT_FALSE(names.IsConfigured("email"));
  EXPECT_EQ(names.KnownList(), "email, slack, discord, webhook, teams, pagerduty, ops");
  EXPECT_EQ(names.ConfiguredList(), "ops, webhook");
}

TEST(CheckHeader, RefusesWhatCouldSplitOrFrameARequest) {
  EXPECT_TRUE(CheckHeader("X-Team", "ops and\tothers").ok());
  EXPECT_TRUE(CheckHeader("Authorization", "").ok());
  for (const char* name : {"", "X Team", "X:Team", "X\r\nY", "H\xc3\xa9"}) {
    EXPECT_FALSE(CheckHeader(name, "v").ok()) << name;
  }
  for (const char* name : {"host", "CONTENT-LENGTH", "Transfer-Encoding", "connection"}) {
    EXPECT_FALSE(CheckHeader(name, "v").ok()) << name;
  }
  EXPECT_FALSE(CheckHeader("X", "a\nb").ok());
  EXPECT_FALSE(CheckHeader("X", std::string_view("a\0b", 3)).ok());
}

}  // namespace
}  // namespace tocsin::config
