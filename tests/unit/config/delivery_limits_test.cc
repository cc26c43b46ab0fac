#include "config/delivery_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/loading.h"

namespace tocsin::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

DeliveryLimits Of(std::string_view keys) {
  return GoodSettings("tocsin: {receivers: [{name: ops, console: {}, " + std::string(keys) +
                      "}]}\n")
      .receivers.at(0)
      .limits;
}

constexpr char kTree[] =
    "route: {receiver: oncall}\n"
    "receivers:\n"
    "- {name: oncall, pagerduty_configs: [{routing_key: abcdef}]}\n"
    "- {name: chat, slack_configs: [{api_url: 'https://hooks.example/', channel: '#a'}]}\n";

MemoryFiles WithTree() {
  MemoryFiles files;
  files.Add("alertmanager.yml", kTree);
  return files;
}

std::string WithLimits(const std::string& limits) {
  return "tocsin:\n  alertmanager:\n    config_file: alertmanager.yml\n    receivers: {" + limits +
         "}\n";
}

TEST(DeliveryLimits, AreTheDocumentedOnesWhereNothingIsSaid) {
  const DeliveryLimits limits = Of("group_wait: 0s");
  EXPECT_EQ(limits, DeliveryLimits());
  EXPECT_EQ(limits.concurrency, 128U);
  EXPECT_FALSE(limits.has_rate());
}

TEST(DeliveryLimits, AreReadOfEachReceiver) {
  const DeliveryLimits limits = Of("rate: 10/1m, burst: 3, overflow: digest, concurrency: 4");
  EXPECT_EQ(limits.messages, 10U);
  EXPECT_EQ(limits.per, std::chrono::minutes(1));
  EXPECT_EQ(limits.burst, 3U);
  EXPECT_EQ(limits.overflow, Overflow::kDigest);
  EXPECT_EQ(limits.concurrency, 4U);
  EXPECT_EQ(Of("rate: 7/2h30m").burst, 7U);
  EXPECT_EQ(Of("rate: 1/500ms").per, std::chrono::milliseconds(500));
  EXPECT_EQ(Of("rate: 1/1s, overflow: wait").overflow, Overflow::kWait);
}

TEST(DeliveryLimits, AreReadOfReceiversOfTheOtherFile) {
  const Settings settings =
      GoodSettings(WithLimits("oncall: {rate: 5/1s}, chat: {rate: 1/1m, overflow: digest}"),
                   EmptyEnvironment(), WithTree());
  ASSERT_THAT(settings.alertmanager_limits, SizeIs(2));
  EXPECT_EQ(settings.alertmanager_limits.at("oncall").messages, 5U);
  EXPECT_EQ(settings.alertmanager_limits.at("chat").overflow, Overflow::kDigest);
}

TEST(DeliveryLimits, NameAReceiverThatExists) {
  const LoadResult loaded =
      LoadText(WithLimits("onkall: {rate: 5/1s}"), EmptyEnvironment(), WithTree());
  EXPECT_THAT(loaded.problems,
              ElementsAre("tocsin.yml:4:17: tocsin.alertmanager.receivers: alertmanager.yml has no "
                          "receiver \"onkall\""));
}

TEST(DeliveryLimits, DigestsAreForMessagesToPeople) {
  const LoadResult loaded = LoadText(WithLimits("oncall: {rate: 5/1s, overflow: digest}"),
                                     EmptyEnvironment(), WithTree());
  EXPECT_THAT(loaded.problems, ElementsAre(HasSubstr("pagerduty keeps incidents")));
}

TEST(DeliveryLimits, RefuseWhatIsNoRate) {
  for (const char* rate : {"10", "/1m", "10/", "0/1m", "-1/1m", "1/0s", "1/1m/1m", "1.5/1m",
                           "9999999/1m", "a/b", "1 / 1m"}) {
    const LoadResult loaded = LoadText("tocsin: {receivers: [{name: ops, console: {}, rate: '" +
                                       std::string(rate) + "'}]}\n");
    EXPECT_THAT(loaded.problems, ElementsAre(HasSubstr("such as 10/1m"))) << rate;
  }
}

}  // namespace
}  // namespace tocsin::config
