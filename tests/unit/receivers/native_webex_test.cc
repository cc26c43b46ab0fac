// Webex of tocsin.yml.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/receivers/native_chats_world.h"
#include "tests/unit/receivers/shown_text.h"

namespace tocsin::receivers {
namespace {

using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;
using Kind = Outcome::Kind;

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

}  // namespace
}  // namespace tocsin::receivers
