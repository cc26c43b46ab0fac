// Slack, Discord, Teams, PagerDuty, ntfy, Matrix and Google Chat of tocsin.yml.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/uuid.h"
#include "receivers/channels/native_group_channel.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/unit/config/loading.h"
#include "tests/unit/receivers/native_channel_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Kind = Outcome::Kind;

// The value of the field of that name.
std::string Fact(const Json& list, const std::string& name, const char* name_key,
                 const char* value_key) {
  for (const Json& item : list) {
    if (item.at(name_key) == name) return item.at(value_key);
  }
  return "(none)";
}

// An alert whose every text means something to whoever shows it.
std::shared_ptr<Alert> Hostile() {
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  const std::string right_to_left = std::string("\xE2\x80") + "\xAE";
  rule->name =
      "<script>alert(1)</script> *bold* <!channel> <@U1> [x](http://evil/)" + right_to_left;
  rule->description = "\"},{\"x\":1}\r\nBcc: a@b & <b>c</b> @everyone " + std::string(100'000, 'x');
  auto alert = std::make_shared<Alert>(*testing::FiringAlert(rule, "e1"));
  alert->metadata = Labels{{"host", "a\nb\x01<!here>"}, {"x", std::string(100'000, 'y')}};
  return alert;
}

// One that is told of with more than a message has room for.
std::shared_ptr<Alert> WithManyLabels() {
  auto alert = std::make_shared<Alert>(*Hostile());
  LabelsBuilder metadata;
  for (int i = 0; i < 100; ++i) {
    std::string value;
    while (value.size() < 8000) value += "<&>\"🚨";
    metadata.Set(std::to_string(i) + value, value);
  }
  alert->metadata = metadata.Build();
  return alert;
}

// ---- alerts that senders have posted

struct TypeAndKeys {
  std::string type;
  std::string keys;
};

// What the channel is sent when an alert with these labels has begun at FiredAt().
Json SentOfPosted(const TypeAndKeys& channel, const Labels& labels) {
  ChannelWorld world;
  const config::Settings settings = config::GoodSettings(
      "tocsin: {receivers: [{name: ops, " + channel.type + ": " + channel.keys + "}]}\n");
  const auto integrations = MakeNativeIntegrations(settings.receivers.at(0), world.Context());
  EXPECT_TRUE(integrations.ok());
  GroupNotification group;
  group.receiver = "ops";
  group.external_url = "http://tocsin:9095";
  const Timestamp began = testing::FiredAt();
  group.alerts = {{testing::Shared(testing::Posted(labels, began - std::chrono::minutes(1),
                                                   began + std::chrono::minutes(5), began))}};
  integrations->at(0)->channel->Deliver(group, std::chrono::seconds(10), [](const Outcome&) {});
  return BodyOf(world.http.request(0));
}

TEST(PostedAlerts, AreAsSevereAsTheContractsTableSays) {
  const TypeAndKeys pagerduty{"pagerduty", "{routing_key: k3y}"};
  const auto severity = [&pagerduty](const Labels& labels) {
    return SentOfPosted(pagerduty, labels).at("payload").at("severity");
  };
  EXPECT_EQ(severity({{"alertname", "A"}, {"severity", "critical"}}), "critical");
  EXPECT_EQ(severity({{"alertname", "A"}, {"severity", "page"}}), "error");
  EXPECT_EQ(severity({{"alertname", "A"}, {"severity", "warning"}}), "warning");
  EXPECT_EQ(severity({{"alertname", "A"}, {"severity", "none"}}), "info");
  EXPECT_EQ(severity({{"alertname", "A"}, {"severity", "odd"}}), "info");
  EXPECT_EQ(severity({{"alertname", "A"}}), "info");
  EXPECT_EQ(severity({{"alertname", "A"}, {"pynomaly_severity", "high"}, {"severity", "critical"}}),
            "error");
}

TEST(PostedAlerts, HaveTheIdAndTheAddressThatTheAlertingApiKnows) {
  const Labels labels{{"alertname", "A"}};
  const std::string id = UuidOf(labels.view().Fingerprint(), ToUnixMillis(testing::FiredAt()));
  const std::string address = "http://tocsin:9095/api/v1/alerting/alerts/" + id;
  EXPECT_EQ(SentOfPosted({"webhook", "{url: 'http://hook/'}"}, labels).at("alert").at("id"), id);
  const Json slack = SentOfPosted(
      {"slack", "{webhook_url: 'http://slack/', template: '{url} {alert_id}'}"}, labels);
  EXPECT_EQ(slack.at("attachments").at(0).at("text"), address + " " + id);
  const Json link = SentOfPosted({"pagerduty", "{routing_key: k3y}"}, labels).at("links").at(0);
  EXPECT_EQ(link, Json({{"text", "Alert"}, {"href", address}}));
}

TEST(PostedAlerts, SayThatTheirSenderFellSilentWhereItDid) {
  for (const bool by_timeout : {true, false}) {
    ChannelWorld world;
    const config::Settings settings = config::GoodSettings(
        "tocsin: {receivers: [{name: ops, webhook: {url: 'http://hook/'}}]}\n");
    const auto integrations = MakeNativeIntegrations(settings.receivers.at(0), world.Context());
    ASSERT_TRUE(integrations.ok());
    const Timestamp began = testing::FiredAt();
    PostedAlert posted =
        testing::Posted(Labels{{"alertname", "A"}}, began, began + std::chrono::minutes(5), began);
    posted.ends_by_timeout = by_timeout;
    GroupNotification group;
    group.receiver = "ops";
    group.alerts = {{testing::Shared(posted)}};
    group.alerts[0].resolved = true;
    integrations->at(0)->channel->Deliver(group, std::chrono::seconds(10), [](const Outcome&) {});
    const Json alert = BodyOf(world.http.request(0)).at("alert");
    EXPECT_EQ(alert.at("resolved_reason"), by_timeout ? "expired" : "recovered");
    EXPECT_EQ(alert.at("message"), by_timeout ? "Sender fell silent.\nA" : "A");
  }
}

// ---- what is kept of an answer

std::size_t KeptOfAnswer(const std::string& type, const std::string& keys) {
  NativeChannelWorld channel(type, keys);
  const HttpClientRequest request = channel.Deliver({Fires()});
  EXPECT_TRUE(request.cut_response) << type;
  return request.max_response_bytes;
}

TEST(Answers, AreKeptAsFarAsSomebodyReadsThem) {
  EXPECT_EQ(KeptOfAnswer("discord", "{webhook_url: 'http://d/s'}"), 65'536U);
  EXPECT_EQ(KeptOfAnswer("slack", "{webhook_url: 'http://slack/s3cret'}"), 131'072U);
  // It repeats the message.
  EXPECT_GT(KeptOfAnswer("rocketchat", "{api_url: 'http://r/', token: T, token_id: I, channel: c}"),
            131'072U);
}

// ---- Slack

TEST(SlackChannel, TellsWhatTheContractPromisesAndMore) {
  NativeChannelWorld slack("slack", "{webhook_url: 'http://slack/s3cret', channel: '#ops'}");
  const HttpClientRequest request = slack.Deliver({Fires()});
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://slack/s3cret");
  EXPECT_FALSE(request.follow_redirects);
  const Json body = BodyOf(request);
  EXPECT_EQ(body.at("username"), "Tocsin");
  EXPECT_EQ(body.at("channel"), "#ops");
  ASSERT_EQ(body.at("attachments").size(), 1U);
  const Json& attachment = body["attachments"][0];
  EXPECT_EQ(attachment.at("color"), "#FF8000");
  EXPECT_EQ(attachment.at("title"), "🚨 High CPU Usage");
  EXPECT_EQ(attachment.at("text"), "CPU usage is high");
  EXPECT_EQ(attachment.at("footer"), "Tocsin Alert System");
  EXPECT_EQ(attachment.at("ts"), 1'714'557'600);
  const Json& fields = attachment.at("fields");
  const auto fact = [&fields](const char* name) { return Fact(fields, name, "title", "value"); };
  EXPECT_EQ(fact("Severity"), "HIGH");
  EXPECT_EQ(fact("Metric"), "system.cpu.usage: 85.5");
  EXPECT_EQ(fact("Threshold"), "80.0");
  EXPECT_EQ(fact("Triggered"), "2024-05-01T10:00:00.123Z");
  EXPECT_EQ(fact("Condition"), "system.cpu.usage &gt; 80.0 for 1m");
  EXPECT_EQ(fact("host"), "web-1");
  for (const Json& field : fields) EXPECT_TRUE(field.at("short"));
  EXPECT_EQ(attachment.at("title_link"), "http://tocsin:9095/api/v1/alerting/alerts/e1");
}

TEST(SlackChannel, TellsOfTheEndWithItsDurationAndTheRecoveredValue) {
  NativeChannelWorld slack("slack", "{webhook_url: 'http://slack/'}");
  const Json attachment = BodyOf(slack.Deliver({IsOver()})).at("attachments").at(0);
  EXPECT_EQ(attachment.at("color"), "#36A64F");
  EXPECT_EQ(attachment.at("title"), "✅ RESOLVED: High CPU Usage");
  const auto fact = [&](const char* name) {
    return Fact(attachment.at("fields"), name, "title", "value");
  };
  EXPECT_EQ(fact("Metric"), "system.cpu.usage: 75.0");
  EXPECT_EQ(fact("Duration"), "2m");
  EXPECT_EQ(fact("Resolved"), "2024-05-01T10:02:00.123Z");
  EXPECT_EQ(attachment.at("ts"), 1'714'557'720);
  EXPECT_TRUE(slack.send_resolved);
}

TEST(SlackChannel, ColoursBySeverity) {
  NativeChannelWorld slack("slack", "{webhook_url: 'http://slack/'}");
  const std::pair<Severity, const char*> colors[] = {{Severity::kCritical, "#FF0000"},
                                                     {Severity::kHigh, "#FF8000"},
                                                     {Severity::kMedium, "#FFFF00"},
                                                     {Severity::kLow, "#00FF00"},
                                                     {Severity::kInfo, "#0080FF"}};
  for (const auto& [severity, color] : colors) {
    auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
    rule->severity = severity;
    const Json body = BodyOf(slack.Deliver({testing::FiringAlert(rule, "e1")}));
    EXPECT_EQ(body.at("attachments").at(0).at("color"), color);
  }
}

TEST(SlackChannel, SendsItsKeys) {
  NativeChannelWorld slack("slack",
                           "{webhook_url: 'http://slack/', username: me, icon_emoji: ':bell:', "
                           "icon_url: 'http://icon/', timeout: 3s, send_resolved: false}");
  const Json body = BodyOf(slack.Deliver({Fires()}));
  EXPECT_EQ(body.at("username"), "me");
  EXPECT_EQ(body.at("icon_emoji"), ":bell:");
  EXPECT_EQ(body.at("icon_url"), "http://icon/");
  EXPECT_EQ(slack.timeout, std::chrono::seconds(3));
  EXPECT_FALSE(slack.send_resolved);
}

TEST(SlackChannel, FillsInItsTemplate) {
  NativeChannelWorld text(
      "slack", "{webhook_url: 'http://slack/', template: '{name} is {value} on {host}'}");
  EXPECT_EQ(BodyOf(text.Deliver({Fires()})).at("attachments").at(0).at("text"),
            "High CPU Usage is 85.5 on web-1");
  NativeChannelWorld body("slack",
                          "{webhook_url: 'http://slack/', template: {text: '{name}: {value}', "
                          "attachments: [{color: danger, fields: [{title: Host, value: '{host}', "
                          "short: true}]}]}}");
  EXPECT_EQ(BodyOf(body.Deliver({Fires()})),
            Json::parse(R"({"text": "High CPU Usage: 85.5", "attachments": [{"color": "danger",
              "fields": [{"title": "Host", "value": "web-1", "short": true}]}]})"));
  NativeChannelWorld json("slack",
                          R"({webhook_url: 'http://slack/', template: '{"text": "{host}"}'})");
  auto alert = std::make_shared<Alert>(*Fires());
  alert->metadata = Labels{{"host", "\"}, {\"x\": [1]"}};
  EXPECT_EQ(BodyOf(json.Deliver({alert})), Json({{"text", "\"}, {\"x\": [1]"}}));
}

std::shared_ptr<Alert> OfTemplate(const std::string& text) {
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->notification_template = text;
  return testing::FiringAlert(rule, "e1");
}

TEST(NativeTexts, TakeARulesTemplateInJsonFormForTheWholeBodyOfItsVendor) {
  struct Case {
    std::string type;
    const char* text;
    const char* body;
  };
  const Case cases[] = {
      {"slack", R"({"text": "{severity}", "attachments": [{"text": "{SEVERITY}"}]})",
       R"({"text": "high", "attachments": [{"text": "HIGH"}]})"},
      {"discord", R"({"content": "{severity}", "embeds": [{"title": "{SEVERITY}"}]})",
       R"({"content": "high", "embeds": [{"title": "HIGH"}]})"},
      {"teams", R"({"type": "message", "attachments": [{"text": "{severity}"}]})",
       R"({"type": "message", "attachments": [{"text": "high"}]})"}};
  for (const Case& c : cases) {
    for (const Case& other : cases) {
      NativeChannelWorld channel(other.type, "{webhook_url: 'http://h/'}");
      const Json body = BodyOf(channel.Deliver({OfTemplate(c.text)}));
      EXPECT_EQ(body == Json::parse(c.body), c.type == other.type) << c.type << " " << other.type;
    }
  }
}

TEST(NativeTexts, LetTheChannelsOwnTemplateWin) {
  NativeChannelWorld slack("slack", "{webhook_url: 'http://slack/', template: 'own {host}'}");
  const Json body = BodyOf(slack.Deliver({OfTemplate(R"({"text": "{host}"})")}));
  EXPECT_EQ(body.at("attachments").at(0).at("text"), "own web-1");
}

TEST(NativeTexts, SayInPlainWordsWhatARulesJsonFormSays) {
  NativeChannelWorld ntfy("ntfy", "{url: 'http://ntfy/', topic: ops}");
  EXPECT_THAT(ntfy.Deliver({OfTemplate(R"({"text": "{host} burns"})")}).body,
              HasSubstr("web-1 burns"));
}

TEST(SlackChannel, TakesATextThatBeginsWithAPlaceholderForAText) {
  NativeChannelWorld slack("slack", "{webhook_url: 'http://slack/', template: '{name}: {value}'}");
  EXPECT_EQ(BodyOf(slack.Deliver({Fires()})).at("attachments").at(0).at("text"),
            "High CPU Usage: 85.5");
}

TEST(SlackChannel, TellsHowManyMoreThereAre) {
  NativeChannelWorld slack("slack", "{webhook_url: 'http://slack/'}");
  std::vector<AlertPtr> alerts;
  for (int i = 0; i < 15; ++i) {
    alerts.push_back(testing::FiringAlert(testing::CpuUsageRule(), "e" + std::to_string(i),
                                          "web-" + std::to_string(i)));
  }
  const Json attachment = BodyOf(slack.Deliver(alerts)).at("attachments").at(0);
  EXPECT_EQ(attachment.at("title"), "🚨 High CPU Usage (+14 more)");
  const std::string others = Fact(attachment.at("fields"), "Also in this group", "title", "value");
  EXPECT_THAT(others, HasSubstr("• High CPU Usage (host=web-1): 85.5 &gt; 80.0\n"));
  EXPECT_THAT(others, HasSubstr("web-10"));
  EXPECT_THAT(others, Not(HasSubstr("web-11")));
  EXPECT_THAT(others, HasSubstr("and 4 more"));
}

// They come in the order of their labels.
TEST(SlackChannel, TellsOfTheWorstThatStillFires) {
  NativeChannelWorld slack("slack", "{webhook_url: 'http://slack/', template: '{name} {host}'}");
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->name = "Disk full";
  rule->severity = Severity::kCritical;
  const auto worst = testing::FiringAlert(rule, "e2", "web-2");
  const auto over = testing::Resolved(*testing::FiringAlert(rule, "e3", "web-3"));
  Notification notification = NativeChannelWorld::About({over, Fires(), worst});
  notification.status = NotificationStatus::kFiring;
  notification.links = {{}, {}, {"https://runbook/", "", ""}};
  const Json attachment = BodyOf(slack.Deliver(notification)).at("attachments").at(0);
  EXPECT_EQ(attachment.at("title"), "🚨 Disk full (+2 more)");
  EXPECT_EQ(attachment.at("color"), "#FF0000");
  EXPECT_EQ(attachment.at("text"), "Disk full web-2");
  EXPECT_EQ(attachment.at("actions").at(1).at("url"), "https://runbook/");
  const std::string others = Fact(attachment.at("fields"), "Also in this group", "title", "value");
  EXPECT_THAT(others, HasSubstr("resolved: Disk full (host=web-3)"));
  EXPECT_THAT(others, HasSubstr("High CPU Usage (host=web-1)"));
}

TEST(SlackChannel, LinksAlertsThatOthersPostedToTheirPageAndTheirSource) {
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->id = "";
  NativeChannelWorld slack("slack", "{webhook_url: 'http://slack/'}");
  Notification notification = NativeChannelWorld::About({testing::FiringAlert(rule, "e1")});
  notification.links = {{"", "", "http://source/"}};
  const Json both = BodyOf(slack.Deliver(notification)).at("attachments").at(0);
  EXPECT_EQ(both.at("title_link"), "http://tocsin:9095/api/v1/alerting/alerts/e1");
  EXPECT_EQ(both.at("actions").at(1).at("url"), "http://source/");
  // Nobody has said where this daemon is reached.
  notification.external_url = "";
  const Json one = BodyOf(slack.Deliver(notification)).at("attachments").at(0);
  EXPECT_EQ(one.at("title_link"), "http://source/");
  EXPECT_EQ(one.at("actions").size(), 1U);
}

TEST(SlackChannel, LinksToWhatSendersName) {
  NativeChannelWorld slack("slack", "{webhook_url: 'http://slack/'}");
  Notification notification = NativeChannelWorld::About({Fires()});
  notification.links = {{"https://runbook/", "javascript:alert(1)", "http://source/?a=1&b=2"}};
  const Json actions = BodyOf(slack.Deliver(notification)).at("attachments").at(0).at("actions");
  ASSERT_EQ(actions.size(), 3U);
  EXPECT_EQ(actions[0].at("text"), "Alert");
  EXPECT_EQ(actions[1].at("url"), "https://runbook/");
  EXPECT_EQ(actions[2].at("url"), "http://source/?a=1&b=2");
}

TEST(SlackChannel, LetsNoTextCommand) {
  NativeChannelWorld slack("slack", "{webhook_url: 'http://slack/'}");
  const HttpClientRequest request = slack.Deliver({Hostile()});
  const Json attachment = BodyOf(request).at("attachments").at(0);
  EXPECT_THAT(request.body, Not(HasSubstr("<")));
  const std::string title = attachment.at("title");
  EXPECT_THAT(title, HasSubstr("&lt;!channel&gt;"));
  EXPECT_LT(request.body.size(), 30'000U);
}

TEST(SlackChannel, ReadsTheAnswer) {
  NativeChannelWorld slack("slack", "{webhook_url: 'http://slack/s3cret'}");
  EXPECT_EQ(slack.OutcomeOf(200, "ok").kind, Kind::kDelivered);
  EXPECT_EQ(slack.OutcomeOf(200, "invalid_token").kind, Kind::kGiveUp);
  EXPECT_EQ(slack.OutcomeOf(404, "no_service").kind, Kind::kGiveUp);
  EXPECT_EQ(slack.OutcomeOf(429).kind, Kind::kRetry);
  EXPECT_EQ(slack.OutcomeOf(500).kind, Kind::kRetry);
  for (const Outcome& outcome : slack.world.outcomes) {
    EXPECT_THAT(outcome.reason, Not(HasSubstr("s3cret")));
  }
}

// ---- Discord

TEST(DiscordChannel, TellsWhatTheContractPromises) {
  NativeChannelWorld discord("discord", "{webhook_url: 'http://discord/s3cret'}");
  const Json body = BodyOf(discord.Deliver({Fires()}));
  EXPECT_EQ(body.at("username"), "Tocsin");
  EXPECT_EQ(body.at("allowed_mentions"), Json::parse(R"({"parse": []})"));
  const Json& embed = body.at("embeds").at(0);
  EXPECT_EQ(embed.at("title"), "🚨 High CPU Usage");
  EXPECT_EQ(embed.at("description"), "CPU usage is high");
  EXPECT_EQ(embed.at("color"), 0xFF8000);
  EXPECT_EQ(embed.at("timestamp"), "2024-05-01T10:00:00.123Z");
  EXPECT_EQ(embed.at("footer").at("text"), "Tocsin Alert System");
  const auto fact = [&](const char* name) {
    return Fact(embed.at("fields"), name, "name", "value");
  };
  EXPECT_EQ(fact("Severity"), "HIGH");
  EXPECT_EQ(fact("Threshold"), "80.0");
  EXPECT_EQ(fact("Links"), "[Alert](<http://tocsin:9095/api/v1/alerting/alerts/e1>)");
  EXPECT_TRUE(embed.at("fields").at(0).at("inline"));
}

TEST(DiscordChannel, TellsOfTheEnd) {
  NativeChannelWorld discord("discord", "{webhook_url: 'http://discord/'}");
  const Json embed = BodyOf(discord.Deliver({IsOver()})).at("embeds").at(0);
  EXPECT_EQ(embed.at("title"), "✅ RESOLVED: High CPU Usage");
  EXPECT_EQ(embed.at("color"), 0x36A64F);
}

TEST(DiscordChannel, KeepsWithinTheLimitsWhateverTheAlertHolds) {
  NativeChannelWorld discord("discord", "{webhook_url: 'http://discord/'}");
  std::vector<AlertPtr> alerts(12, Hostile());
  const Json embed = BodyOf(discord.Deliver(alerts)).at("embeds").at(0);
  const auto runes = [](const Json& text) {
    const std::string value = text;
    std::size_t count = 0;
    for (std::size_t at = 0; at < value.size(); ++count) {
      at += std::max<std::size_t>(Utf8Length(value, at), 1);
    }
    return count;
  };
  EXPECT_LE(runes(embed.at("title")), 256U);
  EXPECT_LE(runes(embed.at("description")), 4096U);
  EXPECT_LE(embed.at("fields").size(), 25U);
  std::size_t all = runes(embed.at("title")) + runes(embed.at("description"));
  for (const Json& field : embed.at("fields")) {
    EXPECT_LE(runes(field.at("name")), 256U);
    EXPECT_LE(runes(field.at("value")), 1024U);
    EXPECT_GT(runes(field.at("value")), 0U);
    all += runes(field.at("name")) + runes(field.at("value"));
  }
  EXPECT_LE(all, 6000U);
  const std::string title = embed.at("title");
  EXPECT_THAT(std::string(embed.at("description")), HasSubstr("\\@everyone"));
}

TEST(DiscordChannel, SaysSoWhereThereIsNoDescription) {
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->description = "";
  NativeChannelWorld discord("discord", "{webhook_url: 'http://discord/', template: ''}");
  const Json embed = BodyOf(discord.Deliver({testing::FiringAlert(rule, "e1")})).at("embeds").at(0);
  EXPECT_THAT(std::string(embed.at("description")), HasSubstr("system.cpu.usage"));
}

TEST(DiscordChannel, IsDeliveredWithBothStatuses) {
  NativeChannelWorld discord("discord", "{webhook_url: 'http://discord/'}");
  EXPECT_EQ(discord.OutcomeOf(204).kind, Kind::kDelivered);
  EXPECT_EQ(discord.OutcomeOf(200, "{}").kind, Kind::kDelivered);
  EXPECT_EQ(discord.OutcomeOf(429).kind, Kind::kRetry);
}

// ---- Teams

TEST(TeamsChannel, SendsConnectorsAMessageCard) {
  NativeChannelWorld teams("teams", "{webhook_url: 'https://outlook.office.com/webhook/x'}");
  const Json body = BodyOf(teams.Deliver({Fires()}));
  EXPECT_EQ(body.at("@type"), "MessageCard");
  EXPECT_EQ(body.at("@context"), "http://schema.org/extensions");
  EXPECT_EQ(body.at("themeColor"), "FF8000");
  EXPECT_EQ(body.at("summary"), "Tocsin Alert: High CPU Usage");
  const Json& section = body.at("sections").at(0);
  EXPECT_EQ(section.at("activityTitle"), "🚨 High CPU Usage");
  EXPECT_EQ(section.at("activitySubtitle"), "Severity: HIGH");
  const auto fact = [&](const char* name) {
    return Fact(section.at("facts"), name, "name", "value");
  };
  EXPECT_EQ(fact("Metric"), "system.cpu.usage: 85.5");
  EXPECT_EQ(fact("Threshold"), "80.0");
  EXPECT_EQ(fact("Triggered"), "2024-05-01T10:00:00.123Z");
  EXPECT_EQ(body.at("potentialAction").at(0).at("@type"), "OpenUri");
  EXPECT_EQ(BodyOf(teams.Deliver({IsOver()})).at("themeColor"), "36A64F");
}

TEST(TeamsChannel, SendsWorkflowsAnAdaptiveCard) {
  for (const char* keys : {"{webhook_url: 'https://prod-1.westus.logic.azure.com:443/workflows/x'}",
                           "{webhook_url: 'https://a.b.environment.api.powerplatform.com/x'}",
                           "{webhook_url: 'https://proxy.example.org/x', format: workflow}"}) {
    NativeChannelWorld teams("teams", keys);
    const Json body = BodyOf(teams.Deliver({Fires()}));
    EXPECT_EQ(body.at("type"), "message") << keys;
    const Json& card = body.at("attachments").at(0).at("content");
    EXPECT_EQ(card.at("type"), "AdaptiveCard");
    EXPECT_EQ(card.at("body").at(0).at("text"), "🚨 High CPU Usage");
    EXPECT_EQ(card.at("body").at(0).at("color"), "Attention");
    EXPECT_EQ(card.at("actions").at(0).at("type"), "Action.OpenUrl");
  }
}

TEST(TeamsChannel, BelievesAConnectorThatSaysOneOnly) {
  NativeChannelWorld connector("teams", "{webhook_url: 'http://c/', format: connector}");
  EXPECT_EQ(connector.OutcomeOf(200, "1").kind, Kind::kDelivered);
  EXPECT_EQ(connector.OutcomeOf(200, "Webhook message delivery failed with error 429").kind,
            Kind::kRetry);
  NativeChannelWorld office("teams", "{webhook_url: 'https://x.webhook.office.com/y/s3cret'}");
  EXPECT_EQ(office.OutcomeOf(200, "no such hook: /y/s3cret").kind, Kind::kRetry);
  EXPECT_TRUE(office.world.outcomes.at(0).may_have_arrived);
  EXPECT_THAT(office.world.outcomes.at(0).reason, Not(HasSubstr("s3cret")));
  // Whoever else takes cards says so by the status.
  NativeChannelWorld relay("teams", "{webhook_url: 'http://relay/'}");
  EXPECT_EQ(relay.OutcomeOf(200).kind, Kind::kDelivered);
  NativeChannelWorld workflow("teams", "{webhook_url: 'http://w/', format: workflow}");
  EXPECT_EQ(workflow.OutcomeOf(202).kind, Kind::kDelivered);
}

TEST(TeamsChannel, StaysWithinAMessageWhateverTheAlertHolds) {
  NativeChannelWorld teams("teams", "{webhook_url: 'http://w/', format: workflow}");
  const HttpClientRequest request = teams.Deliver(std::vector<AlertPtr>(12, Hostile()));
  BodyOf(request);
  EXPECT_LT(request.body.size(), 28U << 10U);
}

// ---- PagerDuty

TEST(PagerDutyChannel, TriggersWhatTheContractPromises) {
  NativeChannelWorld pagerduty("pagerduty", "{routing_key: k3y, url: 'http://pd/'}");
  const HttpClientRequest request = pagerduty.Deliver({Fires()});
  EXPECT_EQ(request.url, "http://pd/");
  const Json event = BodyOf(request);
  EXPECT_EQ(event.at("routing_key"), "k3y");
  EXPECT_EQ(event.at("event_action"), "trigger");
  EXPECT_EQ(event.at("dedup_key"), Fires()->fingerprint_text());
  const Json& payload = event.at("payload");
  EXPECT_EQ(payload.at("summary"), "High CPU Usage - HIGH");
  EXPECT_EQ(payload.at("source"), "web-1");
  EXPECT_EQ(payload.at("severity"), "error");
  EXPECT_EQ(payload.at("component"), "system.cpu.usage");
  EXPECT_EQ(payload.at("custom_details").at("metric_value"), "85.5");
  EXPECT_EQ(payload.at("custom_details").at("threshold"), "80.0");
  EXPECT_EQ(payload.at("custom_details").at("triggered_at"), "2024-05-01T10:00:00.123Z");
  EXPECT_EQ(payload.at("custom_details").at("severity"), "high");
  EXPECT_EQ(payload.at("custom_details").at("metadata").at("host"), "web-1");
}

TEST(PagerDutyChannel, ResolvesUnderTheSameKey) {
  NativeChannelWorld pagerduty("pagerduty", "{routing_key: k, url: 'http://pd/'}");
  const Json event = BodyOf(pagerduty.Deliver({IsOver()}));
  EXPECT_EQ(event.at("event_action"), "resolve");
  EXPECT_EQ(event.at("dedup_key"), Fires()->fingerprint_text());
}

// https://developer.pagerduty.com/docs/send-alert-event: of an open incident the key is enough.
TEST(PagerDutyChannel, AcknowledgesUnderTheSameKey) {
  NativeChannelWorld pagerduty("pagerduty", "{routing_key: k3y, url: 'http://pd/'}");
  EXPECT_TRUE(pagerduty.hears_acknowledgements);
  const auto acknowledged = std::make_shared<Alert>(*testing::Acknowledged(*Fires()));
  EXPECT_EQ(BodyOf(pagerduty.Deliver({acknowledged})),
            Json({{"routing_key", "k3y"},
                  {"event_action", "acknowledge"},
                  {"dedup_key", Fires()->fingerprint_text()}}));
}

TEST(PagerDutyChannel, SpeaksPagerDutysSeverities) {
  NativeChannelWorld pagerduty("pagerduty", "{routing_key: k, url: 'http://pd/'}");
  const std::pair<Severity, const char*> words[] = {{Severity::kCritical, "critical"},
                                                    {Severity::kHigh, "error"},
                                                    {Severity::kMedium, "warning"},
                                                    {Severity::kLow, "info"},
                                                    {Severity::kInfo, "info"}};
  for (const auto& [severity, word] : words) {
    auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
    rule->severity = severity;
    const Json event = BodyOf(pagerduty.Deliver({testing::FiringAlert(rule, "e1")}));
    EXPECT_EQ(event.at("payload").at("severity"), word);
  }
}

TEST(PagerDutyChannel, SendsAnEventForEachAlertOfAGroup) {
  NativeChannelWorld pagerduty("pagerduty", "{routing_key: k, url: 'http://pd/'}");
  const auto other = testing::FiringAlert(testing::CpuUsageRule(), "e2", "web-2");
  pagerduty.Deliver({Fires(), other, IsOver()});
  EXPECT_EQ(pagerduty.world.http.sent(), 1U);
  pagerduty.world.http.Answer(0, 202);
  ASSERT_EQ(pagerduty.world.http.sent(), 2U);
  EXPECT_EQ(BodyOf(pagerduty.world.http.request(1)).at("dedup_key"), other->fingerprint_text());
  EXPECT_THAT(pagerduty.world.outcomes, IsEmpty());
  pagerduty.world.http.Answer(1, 202);
  EXPECT_EQ(BodyOf(pagerduty.world.http.request(2)).at("event_action"), "resolve");
  pagerduty.world.http.Answer(2, 202);
  EXPECT_EQ(pagerduty.world.outcomes.at(0).kind, Kind::kDelivered);
  pagerduty.Deliver({Fires(), other});
  pagerduty.world.http.Answer(3, 400);
  EXPECT_EQ(pagerduty.world.http.sent(), 4U);
  EXPECT_EQ(pagerduty.world.outcomes.at(1).kind, Kind::kGiveUp);
  EXPECT_FALSE(pagerduty.world.outcomes.at(1).may_have_arrived);
  // An incident that was opened has to be closed.
  pagerduty.Deliver({Fires(), other});
  pagerduty.world.http.Answer(4, 202);
  pagerduty.world.http.Answer(5, 400);
  EXPECT_TRUE(pagerduty.world.outcomes.at(2).may_have_arrived);
}

TEST(PagerDutyChannel, LeavesOutTheLabelsThatMakeAnEventTooLarge) {
  NativeChannelWorld pagerduty("pagerduty", "{routing_key: k, url: 'http://pd/'}");
  const HttpClientRequest request = pagerduty.Deliver({WithManyLabels()});
  EXPECT_LE(request.body.size(), 512'000U);
  const Json details = BodyOf(request).at("payload").at("custom_details");
  EXPECT_FALSE(details.contains("metadata"));
  EXPECT_THAT(std::string(details.at("message")), HasSubstr("Bcc: a@b"));
}

// ---- ntfy

TEST(NtfyChannel, PublishesJsonWithAPriority) {
  NativeChannelWorld ntfy("ntfy", "{url: 'http://ntfy/', topic: ops, token: tk_1}");
  const HttpClientRequest request = ntfy.Deliver({Fires()});
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://ntfy/");
  EXPECT_THAT(request.headers,
              ::testing::Contains(::testing::Pair("Authorization", "Bearer tk_1")));
  const Json body = BodyOf(request);
  EXPECT_EQ(body.at("topic"), "ops");
  EXPECT_EQ(body.at("title"), "HIGH: High CPU Usage");
  EXPECT_EQ(body.at("priority"), 4);
  EXPECT_EQ(body.at("tags"), Json::parse(R"(["orange_circle"])"));
  EXPECT_EQ(body.at("click"), "http://tocsin:9095/api/v1/alerting/alerts/e1");
  EXPECT_EQ(body.at("actions").at(0).at("action"), "view");
  EXPECT_THAT(std::string(body.at("message")),
              HasSubstr("CPU usage is high\nSeverity: HIGH\nMetric: system.cpu.usage: 85.5\n"));
  const Json over = BodyOf(ntfy.Deliver({IsOver()}));
  EXPECT_EQ(over.at("title"), "RESOLVED: High CPU Usage");
  EXPECT_EQ(over.at("priority"), 2);
  EXPECT_EQ(over.at("tags"), Json::parse(R"(["white_check_mark"])"));
  EXPECT_EQ(BodyOf(ntfy.Deliver({OfSeverity(Severity::kInfo)})).at("tags"),
            Json::parse(R"(["large_blue_circle"])"));
}

TEST(NtfyChannel, HasTheFactsHoweverMuchTheRuleHasToSay) {
  NativeChannelWorld ntfy("ntfy", "{url: 'http://ntfy/', topic: ops}");
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->description = std::string(6'000, 'x');
  const std::string message =
      BodyOf(ntfy.Deliver({testing::FiringAlert(rule, "e1")})).at("message");
  EXPECT_LE(message.size(), 4096U);
  EXPECT_THAT(message, HasSubstr("xxx…\nSeverity: HIGH\nMetric: system.cpu.usage: 85.5\n"));
  EXPECT_THAT(message, HasSubstr("\nhost: web-1"));
}

TEST(NtfyChannel, NeedsNoTokenAndCutsAtWhatNtfyTakes) {
  NativeChannelWorld ntfy("ntfy", "{url: 'http://ntfy/', topic: ops}");
  const HttpClientRequest request = ntfy.Deliver({Hostile()});
  EXPECT_THAT(request.headers,
              Not(::testing::Contains(::testing::Pair("Authorization", ::testing::_))));
  EXPECT_LE(std::string(BodyOf(request).at("message")).size(), 4096U);
}

// ---- Matrix

TEST(MatrixChannel, SendsANoticeUnderTheNumberOfTheMessage) {
  NativeChannelWorld matrix("matrix",
                            "{homeserver: 'http://hs/', room_id: '!r:x.org', access_token: t0ken}");
  const HttpClientRequest request = matrix.Deliver({Fires()});
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.url,
            "http://hs/_matrix/client/v3/rooms/%21r%3Ax.org/send/m.room.message/e1-firing-1");
  EXPECT_THAT(request.headers,
              ::testing::Contains(::testing::Pair("Authorization", "Bearer t0ken")));
  const Json body = BodyOf(request);
  EXPECT_EQ(body.at("msgtype"), "m.notice");
  EXPECT_EQ(body.at("format"), "org.matrix.custom.html");
  EXPECT_THAT(std::string(body.at("body")), HasSubstr("🚨 High CPU Usage\nCPU usage is high\n"));
  EXPECT_THAT(std::string(body.at("formatted_body")),
              HasSubstr("<strong><font color=\"#ff8000\">🚨 High CPU Usage</font></strong>"));
}

TEST(MatrixChannel, EscapesWhatTheAlertHolds) {
  NativeChannelWorld matrix("matrix",
                            "{homeserver: 'http://hs/', room_id: '!r:x', access_token: t}");
  const HttpClientRequest request = matrix.Deliver(std::vector<AlertPtr>(12, Hostile()));
  EXPECT_THAT(std::string(BodyOf(request).at("formatted_body")), Not(HasSubstr("<script")));
  EXPECT_LT(request.body.size(), 65'536U);
}

TEST(MatrixChannel, LeavesOutTheLabelsThatMakeAnEventTooLarge) {
  NativeChannelWorld matrix("matrix",
                            "{homeserver: 'http://hs/', room_id: '!r:x', access_token: t}");
  const HttpClientRequest request = matrix.Deliver({WithManyLabels()});
  EXPECT_LE(request.body.size(), 60'000U);
  EXPECT_THAT(std::string(BodyOf(request).at("body")), HasSubstr("Bcc: a@b"));
}

// ---- Google Chat

TEST(GoogleChatChannel, SendsACardToAThread) {
  NativeChannelWorld chat("googlechat", "{webhook_url: 'http://chat/v1/x?key=k&token=t'}");
  const HttpClientRequest request = chat.Deliver({Fires()});
  EXPECT_EQ(request.url,
            "http://chat/v1/x?key=k&token=t&messageReplyOption="
            "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD");
  const Json body = BodyOf(request);
  EXPECT_EQ(body.at("thread").at("threadKey"), "e1");
  EXPECT_EQ(body.at("fallbackText"), "🟠 High CPU Usage");
  const Json& card = body.at("cardsV2").at(0).at("card");
  EXPECT_EQ(card.at("header").at("title"), "🟠 High CPU Usage");
  EXPECT_EQ(card.at("header").at("subtitle"), "HIGH · Tocsin");
  const Json& widgets = card.at("sections").at(0).at("widgets");
  EXPECT_EQ(widgets.at(0).at("textParagraph").at("text"), "CPU usage is high");
  EXPECT_EQ(widgets.at(1).at("decoratedText").at("topLabel"), "Severity");
  EXPECT_EQ(
      widgets.back().at("buttonList").at("buttons").at(0).at("onClick").at("openLink").at("url"),
      "http://tocsin:9095/api/v1/alerting/alerts/e1");
}

TEST(GoogleChatChannel, ShowsTheSeverityByColour) {
  NativeChannelWorld chat("googlechat", "{webhook_url: 'http://chat/'}");
  const auto title = [&chat](const AlertPtr& alert) {
    return BodyOf(chat.Deliver({alert})).at("cardsV2").at(0).at("card").at("header").at("title");
  };
  EXPECT_EQ(title(OfSeverity(Severity::kCritical)), "🔴 High CPU Usage");
  EXPECT_EQ(title(OfSeverity(Severity::kInfo)), "🔵 High CPU Usage");
  EXPECT_EQ(title(IsOver()), "✅ RESOLVED: High CPU Usage");
}

TEST(GoogleChatChannel, StaysWithinAMessageWhateverTheAlertHolds) {
  NativeChannelWorld chat("googlechat", "{webhook_url: 'http://chat/'}");
  const HttpClientRequest request = chat.Deliver(std::vector<AlertPtr>(12, Hostile()));
  BodyOf(request);
  EXPECT_LT(request.body.size(), 32'000U);
}

TEST(GoogleChatChannel, LeavesOutTheLabelsThatMakeAMessageTooLarge) {
  NativeChannelWorld chat("googlechat", "{webhook_url: 'http://chat/'}");
  const HttpClientRequest request = chat.Deliver({WithManyLabels()});
  EXPECT_LE(request.body.size(), 32'000U);
  EXPECT_THAT(request.body, HasSubstr("Bcc: a@b"));
}

// ---- all

TEST(NativeChannels, GiveUpWithoutTheirSecretAndTellTheKey) {
  const std::pair<const char*, const char*> channels[] = {
      {"slack", "{webhook_url_file: /nonexistent/s}"},
      {"discord", "{webhook_url_file: /nonexistent/s}"},
      {"teams", "{webhook_url_file: /nonexistent/s}"},
      {"googlechat", "{webhook_url_file: /nonexistent/s}"},
      {"ntfy", "{topic: t, token_file: /nonexistent/s}"},
      {"matrix", "{homeserver: 'http://h/', room_id: r, access_token_file: /nonexistent/s}"},
      {"pagerduty", "{routing_key_file: /nonexistent/s}"}};
  for (const auto& [type, keys] : channels) {
    NativeChannelWorld channel(type, keys);
    channel.Deliver({Fires()});
    EXPECT_EQ(channel.world.http.sent(), 0U) << type;
    EXPECT_EQ(channel.world.outcomes.at(0).kind, Kind::kGiveUp) << type;
    EXPECT_THAT(channel.world.outcomes.at(0).reason, HasSubstr("_file: ")) << type;
  }
}

TEST(NativeChannels, StayWellFormedWhateverTheAlertHolds) {
  const std::pair<const char*, const char*> channels[] = {
      {"slack", "{webhook_url: 'http://h/'}"},
      {"discord", "{webhook_url: 'http://h/'}"},
      {"teams", "{webhook_url: 'http://h/'}"},
      {"googlechat", "{webhook_url: 'http://h/'}"},
      {"ntfy", "{url: 'http://h/', topic: t}"},
      {"matrix", "{homeserver: 'http://h/', room_id: r, access_token: t}"},
      {"pagerduty", "{routing_key: k, url: 'http://h/'}"}};
  for (const auto& [type, keys] : channels) {
    NativeChannelWorld channel(type, keys);
    for (const auto& state : {Hostile(), std::shared_ptr<Alert>(testing::Resolved(*Hostile()))}) {
      const HttpClientRequest request = channel.Deliver({state});
      EXPECT_TRUE(BodyOf(request).is_object()) << type;
      EXPECT_THAT(request.body, Not(HasSubstr("<script>"))) << type;
      EXPECT_LT(request.body.size(), 64U << 10U) << type;
    }
  }
}

}  // namespace
}  // namespace tocsin::receivers
