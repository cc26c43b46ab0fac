// Telegram and Pushover of tocsin.yml, which read HTML.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "receivers/channels/truncation.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/native_chats_world.h"
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

}  // namespace
}  // namespace tocsin::receivers
