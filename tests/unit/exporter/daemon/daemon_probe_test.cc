#include "exporter/daemon/daemon_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/evaluator_builders.h"
#include "tests/support/temp_dir.h"

namespace tocsin::daemon {
namespace {

using testing::CpuRule;

std::shared_ptr<ThresholdRule> RuleTelling(const std::string& id,
                                           std::vector<std::string> channels) {
  auto rule = CpuRule(id);
  rule->notification_channels = std::move(channels);
  return rule;
}

TEST(DaemonProbe, TheRoomOfAFolderIsThatOfItsFileSystem) {
  const testing::TempDir dir;
  const std::optional<api::DiskStatus> room = RoomIn(dir.path());
  ASSERT_TRUE(room.has_value());
  EXPECT_GT(room->total_bytes, 0U);
  EXPECT_LE(room->free_bytes, room->total_bytes);
  EXPECT_FALSE(RoomIn(dir.path() + "/absent").has_value());
}

TEST(DaemonProbe, ChannelsThatEnabledRulesNameInVainAreNamedOnce) {
  auto disabled = RuleTelling("c", {"teams"});
  disabled->enabled = false;
  const evaluator::RuleIndex rules(
      {RuleTelling("a", {"slack", "ops", "email"}), RuleTelling("b", {"email"}), disabled},
      std::chrono::minutes(5));
  config::ReceiverSettings ops;
  ops.name = "ops";
  const std::vector<api::ReceiverStatus> channels =
      UnconfiguredChannels(rules, config::ReceiverNames({ops}));
  std::vector<std::string> names;
  for (const api::ReceiverStatus& channel : channels) {
    names.push_back(channel.name);
    EXPECT_EQ(channel.health, "not_configured");
  }
  EXPECT_THAT(names, ::testing::ElementsAre("email", "slack"));
}

TEST(DaemonProbe, OnlyLoopbackIsThisMachineAlone) {
  EXPECT_TRUE(IsLoopbackOnly("127.0.0.1:9095"));
  EXPECT_TRUE(IsLoopbackOnly("127.9.9.9:0"));
  EXPECT_FALSE(IsLoopbackOnly(":9095"));
  EXPECT_FALSE(IsLoopbackOnly("0.0.0.0:9095"));
  EXPECT_FALSE(IsLoopbackOnly("no address"));
}

TEST(DaemonProbe, OpenDoorsAreTold) {
  EXPECT_TRUE(ExposureWarnings("127.0.0.1:9095", true).empty());
  const std::vector<std::string> warnings = ExposureWarnings(":9095", false);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0], ::testing::HasSubstr(":9095"));
  EXPECT_THAT(warnings[0], ::testing::HasSubstr("allow_unauthenticated"));
}

}  // namespace
}  // namespace tocsin::daemon
