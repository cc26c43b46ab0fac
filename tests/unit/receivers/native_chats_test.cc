// Telegram, Pushover, Webex, Mattermost, Rocket.Chat and WeChat of tocsin.yml.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "receivers/channels/truncation.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/native_channel_world.h"
#include "tests/unit/receivers/shown_text.h"

namespace tocsin::receivers {
namespace {

using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;
using Kind = Outcome::Kind;

std::string TextIn(const HttpClientRequest& request, const char* key) {
  return BodyOf(request).at(key);
}

std::shared_ptr<Alert> WithTexts(const std::string& name, const std::string& description,
                                 const std::string& host) {
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->name = name;
  rule->description = description;
  return testing::FiringAlert(rule, "e1", host);
}

// An alert whose texts mean something to whoever shows them.
std::shared_ptr<Alert> Marked() {
  return WithTexts("<b>CPU</b> *x*", "_a_ & <@U1> @channel [x](http://evil/) \"q\"", "a`b`<!all>");
}

// One whose texts are endless, and of whatever costs a vendor's escapes the most.
std::shared_ptr<Alert> Endless(const std::string& what) {
  std::string text;
  while (text.size() < 100'000) text += what;
  auto alert = WithTexts(text, text, text);
  LabelsBuilder labels(alert->metadata);
  for (int i = 0; i < 60; ++i) labels.Set(fmt::format("label{}_{}", i, what), text.substr(0, 500));
  alert->metadata = labels.Build();
  return alert;
}

const char* const kEndless[] = {"x", "<",    "&",  "'",    "@a ",        "*_`[", "é",
                                "🚨", "\xff", "\n", "\x01", "http://h/_", "> ",   "<b>"};

std::vector<AlertPtr> ManyAlerts(int count) {
  std::vector<AlertPtr> alerts;
  for (int i = 0; i < count; ++i) {
    alerts.push_back(testing::FiringAlert(testing::CpuUsageRule(), fmt::format("e{}", i),
                                          fmt::format("web-{}", i)));
  }
  return alerts;
}

// Of one alert with links, of which one is endless.
Notification WithLinks(AlertPtr alert) {
  Notification notification = NativeChannelWorld::About({std::move(alert)});
  notification.links = {{"https://runbook/a_(b)?x=\"1\"&y=<2>", "http://d/" + std::string(900, '&'),
                         "javascript:alert(1)"}};
  return notification;
}

// Every tag is one of these, and closed; every entity is whole.
void ExpectWellFormedHtml(const std::string& html) {
  std::vector<std::string> open;
  for (std::size_t at = html.find_first_of("<>&"); at != std::string::npos;
       at = html.find_first_of("<>&", at)) {
    ASSERT_NE(html[at], '>') << html.substr(at, 20);
    const std::size_t end = html.find(html[at] == '<' ? '>' : ';', at);
    ASSERT_NE(end, std::string::npos) << html.substr(at, 20);
    const std::string markup = html.substr(at, end + 1 - at);
    at = end + 1;
    if (markup[0] == '&') {
      EXPECT_THAT((std::vector<std::string>{"&lt;", "&gt;", "&amp;", "&quot;", "&#34;", "&#39;"}),
                  Contains(markup));
    } else if (markup[1] == '/') {
      ASSERT_FALSE(open.empty());
      EXPECT_EQ(markup, "</" + open.back() + ">");
      open.pop_back();
    } else {
      open.push_back(markup.substr(1, 1));
      EXPECT_TRUE(markup == "<b>" || markup.starts_with("<a href=\"http")) << markup;
    }
  }
  EXPECT_THAT(open, IsEmpty());
}

// ---- Telegram

constexpr char kTelegram[] = "{api_url: 'http://tg', bot_token: '42:s3cret', chat_id: -1001}";

TEST(TelegramChannel, SendsHtmlToAChat) {
  NativeChannelWorld telegram("telegram", "{bot_token: '42:s3cret', chat_id: -1001}");
  const HttpClientRequest request = telegram.Deliver({Fires()});
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://api.telegram.org/bot42:s3cret/sendMessage");
  EXPECT_FALSE(request.follow_redirects);
  EXPECT_THAT(request.headers, Contains(Pair("Content-Type", "application/json")));
  EXPECT_EQ(BodyOf(request), Json({{"chat_id", "-1001"},
                                   {"parse_mode", "HTML"},
                                   {"link_preview_options", {{"is_disabled", true}}},
                                   {"text",
                                    "<b>🚨 High CPU Usage</b>\n"
                                    "CPU usage is high\n\n"
                                    "🟠 <b>Severity</b>: HIGH\n"
                                    "<b>Metric</b>: system.cpu.usage: 85.5\n"
                                    "<b>Threshold</b>: 80.0\n"
                                    "<b>Condition</b>: system.cpu.usage &gt; 80.0 for 1m\n"
                                    "<b>Triggered</b>: 2024-05-01T10:00:00.123Z\n"
                                    "<b>host</b>: web-1\n\n"
                                    "<a href=\"http://tocsin:9095/api/v1/alerting/alerts/e1\">"
                                    "Alert</a>"}}));
}

TEST(TelegramChannel, TellsOfTheEndWithItsDurationAndTheRecoveredValue) {
  NativeChannelWorld telegram("telegram", kTelegram);
  EXPECT_EQ(TextIn(telegram.Deliver({IsOver()}), "text"),
            "<b>✅ RESOLVED: High CPU Usage</b>\n"
            "CPU usage is high\n\n"
            "🟢 <b>Severity</b>: HIGH\n"
            "<b>Metric</b>: system.cpu.usage: 75.0\n"
            "<b>Threshold</b>: 80.0\n"
            "<b>Condition</b>: system.cpu.usage &gt; 80.0 for 1m\n"
            "<b>Triggered</b>: 2024-05-01T10:00:00.123Z\n"
            "<b>Resolved</b>: 2024-05-01T10:02:00.123Z\n"
            "<b>Duration</b>: 2m\n"
            "<b>Reason</b>: recovered\n"
            "<b>host</b>: web-1\n\n"
            "<a href=\"http://tocsin:9095/api/v1/alerting/alerts/e1\">Alert</a>");
  EXPECT_TRUE(telegram.send_resolved);
}

TEST(TelegramChannel, SendsItsKeys) {
  NativeChannelWorld telegram(
      "telegram",
      "{api_url: 'http://tg/api/', bot_token: '1:a', chat_id: '@ops', message_thread_id: 7, "
      "disable_notifications: true, timeout: 3s, send_resolved: false}");
  const HttpClientRequest request = telegram.Deliver({Fires()});
  EXPECT_EQ(request.url, "http://tg/api/bot1:a/sendMessage");
  const Json body = BodyOf(request);
  EXPECT_EQ(body.at("chat_id"), "@ops");
  EXPECT_EQ(body.at("message_thread_id"), 7);
  EXPECT_EQ(body.at("disable_notification"), true);
  EXPECT_EQ(telegram.timeout, std::chrono::seconds(3));
  EXPECT_FALSE(telegram.send_resolved);
}

TEST(TelegramChannel, TellsHowManyMoreThereAre) {
  NativeChannelWorld telegram("telegram", kTelegram);
  const std::string text = TextIn(telegram.Deliver(ManyAlerts(15)), "text");
  EXPECT_THAT(text, StartsWith("<b>🚨 High CPU Usage (+14 more)</b>\n"));
  EXPECT_THAT(text, HasSubstr("\n\nAlso in this group:\n"
                              "• High CPU Usage (host=web-1): 85.5 &gt; 80.0\n"));
  EXPECT_THAT(text, HasSubstr("(host=web-10): 85.5 &gt; 80.0\nand 4 more\n\n<a href="));
}

TEST(TelegramChannel, LinksToWhatSendersName) {
  NativeChannelWorld telegram("telegram", kTelegram);
  EXPECT_THAT(TextIn(telegram.Deliver(WithLinks(Fires())), "text"),
              EndsWith("alerts/e1\">Alert</a> · <a href=\"https://runbook/a_(b)?x=&#34;1&#34;&amp;"
                       "y=&lt;2&gt;\">Runbook</a>"));
}

TEST(TelegramChannel, ShowsTheMarkupOfAnAlertAsText) {
  NativeChannelWorld telegram("telegram", kTelegram);
  const std::string text = Shown(TextIn(telegram.Deliver({Marked()}), "text"));
  EXPECT_THAT(text,
              StartsWith("<b>🚨 &lt;|b&gt;CPU&lt;|/b&gt; *x*</b>\n"
                         "_a_ &amp; &lt;|@|U1&gt; @|channel [x](http://evil/) &#34;q&#34;\n"));
  EXPECT_THAT(text, HasSubstr("<b>host</b>: a`b`&lt;|!all&gt;\n"));
}

// https://core.telegram.org/bots/api#sendmessage: 4096 characters.
TEST(TelegramChannel, StaysWithinTheLimitWhateverTheAlertHolds) {
  NativeChannelWorld telegram("telegram", kTelegram);
  for (const char* what : kEndless) {
    Notification notification = WithLinks(Endless(what));
    notification.alerts.resize(12, notification.alerts.front());
    const std::string text = TextIn(telegram.Deliver(notification), "text");
    EXPECT_LE(Utf16UnitsIn(text), 4096U) << what;
    ExpectWellFormedHtml(text);
    EXPECT_THAT(text, EndsWith(">Runbook</a>")) << what;
  }
}

TEST(TelegramChannel, BelievesTelegramsWordOnly) {
  NativeChannelWorld telegram("telegram", kTelegram);
  EXPECT_EQ(telegram.OutcomeOf(200, R"({"ok":true,"result":{}})").kind, Kind::kDelivered);
  EXPECT_EQ(telegram.OutcomeOf(200, "<html>").kind, Kind::kRetry);
  EXPECT_TRUE(telegram.world.outcomes.back().may_have_arrived);
  EXPECT_EQ(telegram.OutcomeOf(200, R"({"ok":false})").kind, Kind::kRetry);
  const Outcome refused =
      telegram.OutcomeOf(400, R"({"ok":false,"description":"Bad Request: chat not found"})");
  EXPECT_EQ(refused.kind, Kind::kGiveUp);
  EXPECT_TRUE(refused.payload_refused);
  EXPECT_THAT(refused.reason, HasSubstr("chat not found"));
  EXPECT_EQ(telegram.OutcomeOf(401, R"({"ok":false,"description":"/bot42:s3cret"})").kind,
            Kind::kGiveUp);
  const Outcome busy = telegram.OutcomeOf(429, R"({"ok":false,"parameters":{"retry_after":35}})");
  EXPECT_EQ(busy.kind, Kind::kRetry);
  EXPECT_EQ(busy.retry_after, std::chrono::seconds(35));
  EXPECT_EQ(telegram.OutcomeOf(502, "").kind, Kind::kRetry);
  for (const Outcome& outcome : telegram.world.outcomes) {
    EXPECT_THAT(outcome.reason, Not(HasSubstr("s3cret")));
  }
}

TEST(TelegramChannel, ReadsTheFilesOfTokenAndChatForEachMessage) {
  const testing::TempDir folder;
  NativeChannelWorld telegram(
      "telegram", fmt::format("{{api_url: 'http://tg', bot_token_file: '{0}/token', chat_id_file: "
                              "'{0}/chat'}}",
                              folder.path()));
  std::ofstream(folder.path() + "/token") << "1:a\n";
  telegram.Deliver({Fires()});
  EXPECT_EQ(telegram.world.http.sent(), 0U);
  EXPECT_THAT(telegram.world.outcomes.at(0).reason, StartsWith("chat_id_file: "));
  std::ofstream(folder.path() + "/chat") << " -5\n";
  const HttpClientRequest request = telegram.Deliver({Fires()});
  EXPECT_EQ(request.url, "http://tg/bot1:a/sendMessage");
  EXPECT_EQ(BodyOf(request).at("chat_id"), "-5");
  std::ofstream(folder.path() + "/token") << "s3cret with blanks";
  telegram.Deliver({Fires()});
  EXPECT_EQ(telegram.world.outcomes.back().kind, Kind::kGiveUp);
  EXPECT_THAT(telegram.world.outcomes.back().reason, StartsWith("bot_token: "));
  EXPECT_THAT(telegram.world.outcomes.back().reason, Not(HasSubstr("s3cret")));
}

// ---- Pushover

constexpr char kPushover[] = "{api_url: 'http://po/1/', token: t0ken, user_key: us3r}";
constexpr char kEmergencies[] =
    "{api_url: 'http://po/1/', token: t0ken, user_key: us3r, emergency: true, retry: 90s}";

TEST(PushoverChannel, SendsHtmlToAUser) {
  NativeChannelWorld pushover("pushover", "{token: t0ken, user_key: us3r}");
  const HttpClientRequest request = pushover.Deliver({Fires()});
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://api.pushover.net/1/messages.json");
  EXPECT_EQ(BodyOf(request), Json({{"token", "t0ken"},
                                   {"user", "us3r"},
                                   {"title", "🚨 High CPU Usage"},
                                   {"url", "http://tocsin:9095/api/v1/alerting/alerts/e1"},
                                   {"url_title", "Alert"},
                                   {"timestamp", 1'714'557'600},
                                   {"priority", 0},
                                   {"html", 1},
                                   {"message",
                                    "CPU usage is high\n\n"
                                    "🟠 <b>Severity</b>: HIGH\n"
                                    "<b>Metric</b>: system.cpu.usage: 85.5\n"
                                    "<b>Threshold</b>: 80.0\n"
                                    "<b>Condition</b>: system.cpu.usage &gt; 80.0 for 1m\n"
                                    "<b>Triggered</b>: 2024-05-01T10:00:00.123Z\n"
                                    "<b>host</b>: web-1"}}));
}

TEST(PushoverChannel, TellsOfTheEndQuietly) {
  NativeChannelWorld pushover("pushover", kPushover);
  const Json body = BodyOf(pushover.Deliver({IsOver()}));
  EXPECT_EQ(body.at("title"), "✅ RESOLVED: High CPU Usage");
  EXPECT_EQ(body.at("priority"), -1);
  EXPECT_EQ(body.at("timestamp"), 1'714'557'720);
  EXPECT_THAT(std::string(body.at("message")),
              HasSubstr("<b>Metric</b>: system.cpu.usage: 75.0\n"));
  EXPECT_THAT(std::string(body.at("message")), HasSubstr("<b>Duration</b>: 2m\n"));
}

TEST(PushoverChannel, HasAPriorityForEachSeverity) {
  NativeChannelWorld pushover("pushover", kPushover);
  const std::pair<Severity, int> priorities[] = {{Severity::kCritical, 1},
                                                 {Severity::kHigh, 0},
                                                 {Severity::kMedium, 0},
                                                 {Severity::kLow, -1},
                                                 {Severity::kInfo, -1}};
  for (const auto& [severity, priority] : priorities) {
    const Json body = BodyOf(pushover.Deliver({OfSeverity(severity)}));
    EXPECT_EQ(body.at("priority"), priority);
    EXPECT_FALSE(body.contains("retry"));
  }
}

TEST(PushoverChannel, SendsItsKeys) {
  NativeChannelWorld pushover(
      "pushover", "{api_url: 'http://po', token: t, user_key: u, device: phone, sound: siren}");
  const HttpClientRequest request = pushover.Deliver({Fires()});
  EXPECT_EQ(request.url, "http://po/messages.json");
  EXPECT_EQ(BodyOf(request).at("device"), "phone");
  EXPECT_EQ(BodyOf(request).at("sound"), "siren");
}

TEST(PushoverChannel, WakesPeopleForCriticalAlertsWhereItIsToldTo) {
  NativeChannelWorld pushover("pushover", kEmergencies);
  const Json body = BodyOf(pushover.Deliver({OfSeverity(Severity::kCritical)}));
  EXPECT_EQ(body.at("priority"), 2);
  EXPECT_EQ(body.at("retry"), 90);
  EXPECT_EQ(body.at("expire"), 3600);
  EXPECT_EQ(body.at("tags"), "e1");
  pushover.world.http.Answer(0, 200, R"({"status":1,"receipt":"r"})");
  EXPECT_EQ(pushover.world.http.sent(), 1U);
  EXPECT_EQ(pushover.world.outcomes.at(0).kind, Kind::kDelivered);
}

// Else it goes on until somebody acknowledges what is over.
TEST(PushoverChannel, CallsAnEmergencyOffOnceItIsOver) {
  NativeChannelWorld pushover("pushover", kEmergencies);
  const auto over = testing::Resolved(*OfSeverity(Severity::kCritical));
  EXPECT_EQ(BodyOf(pushover.Deliver({over})).at("priority"), -1);
  pushover.world.http.Answer(0, 200, R"({"status":1})");
  ASSERT_EQ(pushover.world.http.sent(), 2U);
  const HttpClientRequest call_off = pushover.world.http.request(1);
  EXPECT_EQ(call_off.method, "POST");
  EXPECT_EQ(call_off.url, "http://po/1/receipts/cancel_by_tag/e1.json");
  EXPECT_EQ(BodyOf(call_off), Json({{"token", "t0ken"}}));
  EXPECT_THAT(pushover.world.outcomes, IsEmpty());
  // The message is there, whatever becomes of that.
  pushover.world.http.Answer(1, 500);
  EXPECT_EQ(pushover.world.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_EQ(pushover.world.outcomes.at(0).http_status, 200);
}

TEST(PushoverChannel, CallsNothingOffForAMessageThatIsRefused) {
  NativeChannelWorld pushover("pushover", kEmergencies);
  EXPECT_EQ(pushover.OutcomeOf(400, R"({"status":0})").kind, Kind::kGiveUp);
  EXPECT_EQ(pushover.OutcomeOf(503).kind, Kind::kRetry);
  EXPECT_EQ(pushover.world.http.sent(), 2U);
}

TEST(PushoverChannel, PutsTheFirstLinkWhereItFits) {
  NativeChannelWorld pushover("pushover", kPushover);
  Notification notification = NativeChannelWorld::About({Fires()});
  notification.links = {{"https://runbook/", "", ""}};
  EXPECT_THAT(TextIn(pushover.Deliver(notification), "message"),
              EndsWith("web-1\n\n<a href=\"https://runbook/\">Runbook</a>"));
  notification.external_url = "http://tocsin/" + std::string(500, 'x');
  const Json body = BodyOf(pushover.Deliver(notification));
  EXPECT_FALSE(body.contains("url"));
  EXPECT_FALSE(body.contains("url_title"));
  EXPECT_THAT(std::string(body.at("message")), EndsWith(">Runbook</a>"));
}

TEST(PushoverChannel, ShowsTheMarkupOfAnAlertAsText) {
  NativeChannelWorld pushover("pushover", kPushover);
  const Json body = BodyOf(pushover.Deliver({Marked()}));
  // No HTML there.
  EXPECT_EQ(body.at("title"), "🚨 <b>CPU</b> *x*");
  EXPECT_THAT(Shown(body.at("message")), StartsWith("_a_ &amp; &lt;|@|U1&gt; @|channel "));
}

// https://pushover.net/api#limits
TEST(PushoverChannel, StaysWithinTheLimitsWhateverTheAlertHolds) {
  NativeChannelWorld pushover("pushover", kPushover);
  for (const char* what : kEndless) {
    Notification notification = WithLinks(Endless(what));
    notification.alerts.resize(12, notification.alerts.front());
    const Json body = BodyOf(pushover.Deliver(notification));
    EXPECT_LE(RunesIn(std::string(body.at("title"))), 250U) << what;
    EXPECT_LE(RunesIn(std::string(body.at("message"))), 1024U) << what;
    EXPECT_LE(RunesIn(std::string(body.at("url"))), 512U) << what;
    ExpectWellFormedHtml(body.at("message"));
    EXPECT_THAT(std::string(body.at("message")), HasSubstr("<b>Severity</b>: HIGH")) << what;
  }
}

// ---- Webex

constexpr char kWebex[] = "{api_url: 'http://webex/', bot_token: t0ken, room_id: r00m}";

TEST(WebexChannel, SendsMarkdownToARoom) {
  NativeChannelWorld webex("webex", "{bot_token: t0ken, room_id: r00m}");
  const HttpClientRequest request = webex.Deliver({Fires()});
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://webexapis.com/v1/messages");
  EXPECT_THAT(request.headers, Contains(Pair("Authorization", "Bearer t0ken")));
  EXPECT_EQ(BodyOf(request), Json({{"roomId", "r00m"},
                                   {"markdown",
                                    "**🚨 High CPU Usage**  \n"
                                    "CPU usage is high\n\n"
                                    "🟠 **Severity**: HIGH  \n"
                                    "**Metric**: system.cpu.usage: 85.5  \n"
                                    "**Threshold**: 80.0  \n"
                                    "**Condition**: system.cpu.usage > 80.0 for 1m  \n"
                                    "**Triggered**: 2024-05-01T10:00:00.123Z  \n"
                                    "**host**: web-1\n\n"
                                    "[Alert](http://tocsin:9095/api/v1/alerting/alerts/e1)"}}));
}

TEST(WebexChannel, TellsOfTheEnd) {
  NativeChannelWorld webex("webex", kWebex);
  const std::string text = TextIn(webex.Deliver({IsOver()}), "markdown");
  EXPECT_THAT(text, StartsWith("**✅ RESOLVED: High CPU Usage**  \n"));
  EXPECT_THAT(text, HasSubstr("**Metric**: system.cpu.usage: 75.0  \n"));
  EXPECT_THAT(text, HasSubstr("**Duration**: 2m  \n"));
}

TEST(WebexChannel, TellsHowManyMoreThereAre) {
  NativeChannelWorld webex("webex", kWebex);
  const std::string text = TextIn(webex.Deliver(ManyAlerts(12)), "markdown");
  EXPECT_THAT(text, StartsWith("**🚨 High CPU Usage (+11 more)**"));
  EXPECT_THAT(text, HasSubstr("\n\nAlso in this group:  \n• High CPU Usage (host=web-1): 85.5 > "
                              "80.0  \n"));
  EXPECT_THAT(text, HasSubstr("  \nand 1 more\n\n[Alert]("));
}

TEST(WebexChannel, ShowsTheMarkupOfAnAlertAsText) {
  NativeChannelWorld webex("webex", kWebex);
  const std::string text = Shown(TextIn(webex.Deliver({Marked()}), "markdown"));
  EXPECT_THAT(text, StartsWith("**🚨 <|b>CPU<|/b> \\*x\\***  \n"
                               "\\_a\\_ & <|@|U1> @|channel \\[x\\](http://evil/) \"q\"\n\n"));
  EXPECT_THAT(text, HasSubstr("**host**: a\\`b\\`<|!all>\n\n"));
}

TEST(WebexChannel, LinksToWhatSendersName) {
  NativeChannelWorld webex("webex", kWebex);
  EXPECT_THAT(TextIn(webex.Deliver(WithLinks(Fires())), "markdown"),
              HasSubstr(" · [Runbook](https://runbook/a_%28b%29?x=%221%22&y=%3C2%3E) · "
                        "[Dashboard](http://d/&&&"));
}

// https://developer.webex.com/docs/api/v1/messages/create-a-message
TEST(WebexChannel, StaysWithinTheLimitWhateverTheAlertHolds) {
  NativeChannelWorld webex("webex", kWebex);
  for (const char* what : kEndless) {
    Notification notification = WithLinks(Endless(what));
    notification.alerts.resize(12, notification.alerts.front());
    const std::string text = TextIn(webex.Deliver(notification), "markdown");
    EXPECT_LE(text.size(), 7439U) << what;
    EXPECT_THAT(text, HasSubstr("**Severity**: HIGH")) << what;
    EXPECT_THAT(text, EndsWith("&&)")) << what;
  }
}

TEST(WebexChannel, GoesByTheStatus) {
  NativeChannelWorld webex("webex", kWebex);
  EXPECT_EQ(webex.OutcomeOf(200, "{}").kind, Kind::kDelivered);
  EXPECT_EQ(webex.OutcomeOf(401).kind, Kind::kGiveUp);
  EXPECT_EQ(webex.OutcomeOf(429).kind, Kind::kRetry);
  EXPECT_EQ(webex.OutcomeOf(500).kind, Kind::kRetry);
}

// ---- Mattermost

constexpr char kMattermost[] = "{webhook_url: 'http://mm/hooks/s3cret'}";

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

// ---- WeChat

constexpr char kWechat[] =
    "{api_url: 'http://wechat/cgi-bin/', api_secret: s3cret, corp_id: corp, agent_id: '1000002', "
    "to_party: '2|3'}";
constexpr char kWechatMarkdown[] =
    "{api_url: 'http://wechat/cgi-bin/', api_secret: s3cret, corp_id: corp, agent_id: '1000002', "
    "to_user: anna, to_tag: t, message_type: markdown}";
constexpr char kToken[] = R"({"errcode":0,"errmsg":"ok","access_token":"t0ken"})";

// The message of an attempt, which asks for a token first unless it has one.
HttpClientRequest WechatMessage(NativeChannelWorld& wechat, const Notification& notification) {
  const HttpClientRequest first = wechat.Deliver(notification);
  if (first.method == "POST") return first;
  wechat.world.http.Answer(wechat.world.http.sent() - 1, 200, kToken);
  return wechat.world.http.request(wechat.world.http.sent() - 1);
}

HttpClientRequest WechatMessage(NativeChannelWorld& wechat, std::vector<AlertPtr> alerts) {
  return WechatMessage(wechat, NativeChannelWorld::About(std::move(alerts)));
}

std::string ContentOf(const HttpClientRequest& request, const char* type = "text") {
  return BodyOf(request).at(type).at("content");
}

TEST(WechatChannel, AsksForATokenAndSendsAText) {
  NativeChannelWorld wechat("wechat", kWechat);
  const HttpClientRequest token = wechat.Deliver({Fires()});
  EXPECT_EQ(token.method, "GET");
  EXPECT_EQ(token.url, "http://wechat/cgi-bin/gettoken?corpid=corp&corpsecret=s3cret");
  wechat.world.http.Answer(0, 200, kToken);
  const HttpClientRequest message = wechat.world.http.request(1);
  EXPECT_EQ(message.method, "POST");
  EXPECT_EQ(message.url, "http://wechat/cgi-bin/message/send?access_token=t0ken");
  EXPECT_EQ(BodyOf(message), Json({{"toparty", "2|3"},
                                   {"agentid", "1000002"},
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

// ---- all

// Each with all that it needs, but for its template.
const std::pair<const char*, std::string> kChannels[] = {
    {"telegram", "api_url: 'http://h', bot_token: '1:a', chat_id: 1"},
    {"pushover", "api_url: 'http://h', token: t, user_key: u"},
    {"webex", "api_url: 'http://h', bot_token: t, room_id: r"},
    {"mattermost", "webhook_url: 'http://h'"},
    {"rocketchat", "api_url: 'http://h', token: t, token_id: i, channel: c"},
    {"wechat", "api_url: 'http://h', api_secret: s, corp_id: c, agent_id: 1, to_user: u"}};

// Where the message stands.
std::string TextOf(const Json& body) {
  if (body.contains("attachments")) return body.at("attachments").at(0).at("text");
  for (const char* key : {"markdown", "message"}) {
    if (body.contains(key)) return body.at(key);
  }
  const Json& text = body.at("text");
  return text.is_string() ? text : text.at("content");
}

TEST(NativeChats, FillInTheirTemplate) {
  for (const auto& [type, keys] : kChannels) {
    NativeChannelWorld channel(
        type, fmt::format("{{{}, template: '{{name}} is {{value}} on {{host}}'}}", keys));
    const std::string text = TextOf(BodyOf(WechatMessage(channel, {Fires()})));
    EXPECT_THAT(text, HasSubstr("High CPU Usage is 85.5 on web-1")) << type;
    EXPECT_THAT(text, Not(HasSubstr("CPU usage is high"))) << type;
  }
}

// It is a text, whoever wrote it.
TEST(NativeChats, TakeNoMarkupFromTheirTemplate) {
  const std::map<std::string, std::string> wanted = {
      {"telegram", "&lt;|i&gt;*a&lt;*"}, {"pushover", "&lt;|i&gt;*a&lt;*"},
      {"webex", "<|i>\\*a<\\*"},         {"mattermost", "<|i>\\*a<\\*"},
      {"rocketchat", "<|i>\\*a<\\*"},    {"wechat", "<|i>*a<*"}};
  for (const auto& [type, keys] : kChannels) {
    NativeChannelWorld channel(type, fmt::format("{{{}, template: '<i>{{host}}'}}", keys));
    const Json body = BodyOf(WechatMessage(channel, {WithTexts("n", "d", "*a<*")}));
    EXPECT_THAT(Shown(TextOf(body)), HasSubstr(wanted.at(type))) << type;
  }
}

TEST(NativeChats, GiveUpWithoutTheirSecretsAndTellTheKey) {
  const std::tuple<const char*, const char*, const char*> channels[] = {
      {"telegram", "{bot_token_file: /nonexistent/s, chat_id: 1}", "bot_token_file: "},
      {"telegram", "{bot_token: '1:a', chat_id_file: /nonexistent/s}", "chat_id_file: "},
      {"pushover", "{token_file: /nonexistent/s, user_key: u}", "token_file: "},
      {"pushover", "{token: t, user_key_file: /nonexistent/s}", "user_key_file: "},
      {"webex", "{bot_token_file: /nonexistent/s, room_id: r}", "bot_token_file: "},
      {"mattermost", "{webhook_url_file: /nonexistent/s}", "webhook_url_file: "},
      {"rocketchat", "{token_file: /nonexistent/s, token_id: i, channel: c}", "token_file: "},
      {"rocketchat", "{token: t, token_id_file: /nonexistent/s, channel: c}", "token_id_file: "},
      {"wechat", "{api_secret_file: /nonexistent/s, corp_id: c, agent_id: 1, to_user: u}",
       "api_secret_file: "}};
  for (const auto& [type, keys, reason] : channels) {
    NativeChannelWorld channel(type, keys);
    channel.Deliver({Fires()});
    EXPECT_EQ(channel.world.http.sent(), 0U) << type;
    EXPECT_EQ(channel.world.outcomes.at(0).kind, Kind::kGiveUp) << type;
    EXPECT_THAT(channel.world.outcomes.at(0).reason, StartsWith(reason)) << type;
  }
}

TEST(NativeChats, TellsOfTheWorstThatStillFires) {
  for (const auto& [type, keys] : kChannels) {
    NativeChannelWorld channel(type, "{" + keys + "}");
    const auto over = testing::Resolved(*WithTexts("Over", "is over", "web-3"));
    const auto worst = OfSeverity(Severity::kCritical);
    Notification notification = NativeChannelWorld::About({over, Fires(), worst});
    notification.status = NotificationStatus::kFiring;
    const std::string body = WechatMessage(channel, notification).body;
    EXPECT_THAT(body, HasSubstr("CRITICAL")) << type;
    EXPECT_THAT(body, HasSubstr("resolved: Over")) << type;
  }
}

}  // namespace
}  // namespace tocsin::receivers
