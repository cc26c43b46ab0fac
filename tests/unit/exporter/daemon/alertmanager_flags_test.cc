#include "exporter/daemon/alertmanager_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace tocsin::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Nothing where they are refused.
std::optional<AlertmanagerOptions> OptionsOf(std::vector<std::string> arguments) {
  CLI::App app;
  AlertmanagerOptions options;
  AddAlertmanagerFlags(app, options);
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError&) {
    return std::nullopt;
  }
  return options;
}

TEST(AlertmanagerFlags, EnableFeaturesThatAreNamedInAList) {
  const auto options = OptionsOf(
      {"--enable-feature",
       "alert-names-in-metrics, group-key-in-metrics,,receiver-name-in-metrics,utf8-strict-mode"});
  ASSERT_TRUE(options.has_value());
  EXPECT_TRUE(options->alert_names_in_metrics);
  EXPECT_TRUE(options->group_key_in_metrics);
  EXPECT_TRUE(options->receiver_name_in_metrics);
  EXPECT_EQ(options->dialect, MatcherDialect::kUtf8);
  EXPECT_THAT(options->features_without_effect, IsEmpty());
  const auto none = OptionsOf({});
  ASSERT_TRUE(none.has_value());
  EXPECT_FALSE(none->alert_names_in_metrics || none->group_key_in_metrics ||
               none->receiver_name_in_metrics);
}

TEST(AlertmanagerFlags, RememberWhichFeaturesHaveNoEffect) {
  const auto options =
      OptionsOf({"--enable-feature=auto-gomemlimit,event-recorder,auto-gomaxprocs,classic-mode"});
  ASSERT_TRUE(options.has_value());
  EXPECT_THAT(options->features_without_effect,
              ElementsAre("auto-gomemlimit", "event-recorder", "auto-gomaxprocs"));
}

TEST(AlertmanagerFlags, RefuseFeaturesThatNobodyKnowsOrThatExcludeEachOther) {
  EXPECT_FALSE(OptionsOf({"--enable-feature=promql-at-modifier"}).has_value());
  EXPECT_FALSE(OptionsOf({"--enable-feature=classic-mode,utf8-strict-mode"}).has_value());
}

TEST(AlertmanagerFlags, KeepAlertsOnDiskOnlyWhereTheyAreToldTo) {
  EXPECT_FALSE(OptionsOf({})->persist_alerts);
  EXPECT_TRUE(OptionsOf({"--alerts.persist"})->persist_alerts);
  EXPECT_FALSE(OptionsOf({"--no-alerts.persist"})->persist_alerts);
}

TEST(AlertmanagerFlags, LogSilencesOnlyWhereTheyAreToldTo) {
  EXPECT_FALSE(OptionsOf({})->log_silences);
  EXPECT_TRUE(OptionsOf({"--log.silences"})->log_silences);
  EXPECT_FALSE(OptionsOf({"--no-log.silences"})->log_silences);
}

}  // namespace
}  // namespace tocsin::daemon
