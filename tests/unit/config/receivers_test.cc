#include "config/receivers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(Receivers, AWebhookNeedsItsUrlOnly) {
  const Settings settings =
      GoodSettings("tocsin: {receivers: [{name: ops, webhook: {url: 'http://h/'}}]}\n");
  const WebhookSettings& webhook = settings.receivers.at(0).channels.at(0).webhook;
  EXPECT_EQ(webhook.format, WebhookFormat::kSeed);
  EXPECT_EQ(webhook.timeout, std::chrono::seconds(10));
  EXPECT_TRUE(webhook.send_resolved);
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
  const LoadResult result = LoadText(
      "tocsin:\n  receivers:\n  - name: chat\n    slack: {channel: '#ops'}\n    discord:\n");
  EXPECT_THAT(
      result.problems,
      ElementsAre("tocsin.yml:4:5: warning: slack is not supported yet: receiver \"chat\" "
                  "delivers nothing by it",
                  "tocsin.yml:5:5: warning: discord is not supported yet: receiver \"chat\" "
                  "delivers nothing by it"));
  ASSERT_NE(result.settings, nullptr);
  EXPECT_THAT(result.settings->receivers.at(0).channels, IsEmpty());
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
