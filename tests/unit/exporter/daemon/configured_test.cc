#include "exporter/daemon/configured.h"

#include <gtest/gtest.h>

#include "tests/support/evaluator_builders.h"

namespace tocsin::daemon {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::CpuRule;
using Keys = std::vector<std::string>;

std::shared_ptr<const ThresholdRule> RuleStaleAfter(Duration stale_after) {
  auto rule = CpuRule();
  rule->stale_after = stale_after;
  return rule;
}

TEST(ResampleInterval, IsTheScrapeIntervalWhereThatIsSoonEnough) {
  config::Settings settings;
  settings.scrape_interval = minutes(1);
  settings.staleness = minutes(5);
  settings.rules = {CpuRule(), RuleStaleAfter(minutes(2))};
  EXPECT_EQ(ResampleInterval(settings), minutes(1));
}

TEST(ResampleInterval, IsNeverLongerThanHalfOfTheShortestPatience) {
  config::Settings settings;
  settings.scrape_interval = minutes(1);
  settings.staleness = minutes(5);
  settings.rules = {RuleStaleAfter(minutes(10)), RuleStaleAfter(seconds(10)), CpuRule()};
  EXPECT_EQ(ResampleInterval(settings), seconds(5));
}

TEST(ResampleInterval, LooksAtTheGeneralStalenessToo) {
  config::Settings settings;
  settings.scrape_interval = minutes(10);
  settings.staleness = minutes(5);
  EXPECT_EQ(ResampleInterval(settings), seconds(150));
  settings.rules = {RuleStaleAfter(minutes(60))};
  EXPECT_EQ(ResampleInterval(settings), seconds(150));
}

TEST(OutboxFrom, TakesEveryRetrySetting) {
  const receivers::OutboxOptions options =
      OutboxFrom({seconds(2), minutes(7), minutes(90), minutes(4)});
  EXPECT_EQ(options.retry.first, seconds(2));
  EXPECT_EQ(options.retry.longest, minutes(7));
  EXPECT_EQ(options.deadline, minutes(90));
  EXPECT_EQ(options.retry_dead, minutes(4));
}

TEST(OutboxFrom, DefaultsAreTheOutboxsOwn) {
  const receivers::OutboxOptions options = OutboxFrom(config::RetrySettings());
  const receivers::OutboxOptions own;
  EXPECT_EQ(options.retry.first, own.retry.first);
  EXPECT_EQ(options.retry.longest, own.retry.longest);
  EXPECT_EQ(options.deadline, own.deadline);
  EXPECT_EQ(options.retry_dead, own.retry_dead);
}

TEST(NeedsHttpClient, OnlyWhereSomethingIsScrapedOrSentOverHttp) {
  config::Settings settings;
  EXPECT_FALSE(NeedsHttpClient(settings));
  config::ChannelSettings console;
  console.type = "console";
  settings.receivers = {{"console", {console}, ""}};
  EXPECT_FALSE(NeedsHttpClient(settings));
  config::ChannelSettings webhook;
  webhook.type = "webhook";
  config::Settings sending = settings;
  sending.receivers.push_back({"ops", {console, webhook}, ""});
  EXPECT_TRUE(NeedsHttpClient(sending));
  settings.scrape_jobs.emplace_back();
  EXPECT_TRUE(NeedsHttpClient(settings));
}

TEST(NeedRestart, NamesNothingWhereOnlyLivingSettingsChanged) {
  const config::Settings running;
  config::Settings next;
  next.scrape_interval = seconds(7);
  next.staleness = minutes(1);
  next.rules = {CpuRule()};
  next.series.max_series = 5;
  next.series.retention = minutes(1);
  next.host.enabled = false;
  next.external_labels = Labels{{"region", "eu"}};
  EXPECT_EQ(NeedRestart(running, next), Keys());
}

TEST(NeedRestart, NamesEverySettingThatTheRunningDaemonCannotTakeOver) {
  const config::Settings running;
  config::Settings next;
  next.web.workers += 1;
  next.web.max_streams += 1;
  next.web.max_connections_per_address += 1;
  next.web.allow_unauthenticated = true;
  next.web.allowed_origins = {"https://example.org"};
  next.web.public_metrics = true;
  next.retry.give_up_after = seconds(90);
  next.reported_version = "0.27.0";
  next.database_path = "/elsewhere/state.db";
  next.extra_metrics_port = 9100;
  EXPECT_EQ(
      NeedRestart(running, next),
      (Keys{"tocsin.web.workers", "tocsin.web.max_streams",
            "tocsin.web.max_connections_per_address", "tocsin.web.allow_unauthenticated",
            "tocsin.web.allowed_origins", "tocsin.web.public_metrics", "tocsin.notifications.retry",
            "tocsin.alertmanager.reported_version", "DATABASE_URL", "PROMETHEUS_PORT"}));
}

TEST(NeedRestart, NamesTheOneThatChangedAndOnlyThat) {
  config::Settings running;
  running.extra_metrics_port = 9100;
  EXPECT_EQ(NeedRestart(running, config::Settings()), (Keys{"PROMETHEUS_PORT"}));
}

}  // namespace
}  // namespace tocsin::daemon
