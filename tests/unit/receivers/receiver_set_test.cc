#include "receivers/receiver_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/channel_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

config::ChannelSettings WebhookTo(const std::string& url) {
  config::ChannelSettings settings;
  settings.type = "webhook";
  settings.webhook.url = Secret(url);
  return settings;
}

config::ChannelSettings Console() {
  config::ChannelSettings settings;
  settings.type = "console";
  return settings;
}

std::vector<std::string> Ids(const std::vector<IntegrationPtr>& integrations) {
  std::vector<std::string> ids;
  for (const IntegrationPtr& integration : integrations) ids.push_back(integration->id);
  return ids;
}

TEST(ReceiverSet, HasAnIntegrationForEachChannelOfEachReceiver) {
  ChannelWorld world;
  const Result<ReceiverSet> set = BuildReceivers(
      {{"ops", {WebhookTo("http://a/"), Console(), WebhookTo("http://b/")}, "tocsin.yml:3:5"},
       {"console", {Console()}, "built in"},
       {"nobody", {}, "tocsin.yml:9:5"}},
      {"ops"}, world.Context());
  ASSERT_TRUE(set.ok()) << set.message();
  EXPECT_THAT(set->names(), ElementsAre("ops", "console", "nobody"));
  EXPECT_THAT(set->default_receivers(), ElementsAre("ops"));
  EXPECT_THAT(Ids(set->integrations()),
              ElementsAre("ops/webhook", "ops/console", "ops/webhook[1]", "console/console"));
  EXPECT_THAT(Ids(set->Of("ops")), ElementsAre("ops/webhook", "ops/console", "ops/webhook[1]"));
  EXPECT_THAT(set->Of("nobody"), IsEmpty());
  EXPECT_THAT(set->Of("unknown"), IsEmpty());
  ASSERT_NE(set->Find("ops/webhook[1]"), nullptr);
  EXPECT_EQ(set->Find("ops/webhook[1]")->settings.webhook.url, Secret("http://b/"));
  EXPECT_EQ(set->Find("ops/webhook[1]")->receiver, "ops");
  EXPECT_EQ(set->Find("ops/webhook[2]"), nullptr);
}

TEST(ReceiverSet, KnowsWhomARuleNamesAndWhatIsToldThroughAlertmanagersFile) {
  using config::NativeRouting;
  struct Case {
    NativeRouting routing;
    bool has_tree;
    std::vector<std::string> channels;
    std::vector<std::string> told;
    bool elsewhere;
  };
  const Case cases[] = {
      {NativeRouting::kChannels, false, {"own", "own"}, {"own"}, false},
      {NativeRouting::kChannels, false, {}, {"default"}, false},
      {NativeRouting::kChannels, true, {"own"}, {"own"}, false},
      {NativeRouting::kChannels, true, {"pager", "own"}, {"own"}, true},
      {NativeRouting::kChannels, true, {}, {}, true},
      {NativeRouting::kTree, true, {"own"}, {}, true},
      {NativeRouting::kTree, false, {"own"}, {"own"}, false},
      {NativeRouting::kTree, false, {}, {"default"}, false},
      {NativeRouting::kBoth, true, {"own"}, {"own"}, true},
      {NativeRouting::kBoth, true, {}, {}, true},
  };
  for (const Case& c : cases) {
    const ReceiverSet set({"own", "default"}, {}, {"default"}, {c.routing, c.has_tree, {"pager"}});
    ThresholdRule rule;
    rule.notification_channels = c.channels;
    const ReceiverSet::Named named = set.NamedBy(rule);
    EXPECT_EQ(named.receivers, c.told) << &c - cases;
    EXPECT_EQ(named.elsewhere, c.elsewhere) << &c - cases;
  }
}

TEST(ReceiverSet, TakesTimeoutAndResolutionsFromTheSettings) {
  ChannelWorld world;
  config::ChannelSettings webhook = WebhookTo("http://a/");
  webhook.webhook.timeout = Duration(2500);
  webhook.webhook.send_resolved = false;
  const Result<ReceiverSet> set =
      BuildReceivers({{"ops", {webhook, Console()}, ""}}, {}, world.Context());
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(set->Find("ops/webhook")->timeout, Duration(2500));
  EXPECT_FALSE(set->Find("ops/webhook")->send_resolved);
  EXPECT_EQ(set->Find("ops/console")->timeout, Duration(10'000));
  EXPECT_TRUE(set->Find("ops/console")->send_resolved);
}

TEST(ReceiverSet, NamesPlaceAndReceiverOfWhatCannotBeBuilt) {
  ChannelWorld world;
  config::ChannelSettings pigeon;
  pigeon.type = "pigeon";
  const Result<ReceiverSet> set =
      BuildReceivers({{"ok", {Console()}, "tocsin.yml:3:5"}, {"o\nps", {pigeon}, "tocsin.yml:7:5"}},
                     {}, world.Context());
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.message(),
            "tocsin.yml:7:5: receiver \"o\\nps\": unknown channel \"pigeon\"; known: webhook, "
            "console");
}

TEST(ReceiverSet, IsEmptyWithoutReceivers) {
  ChannelWorld world;
  const Result<ReceiverSet> set = BuildReceivers({}, {}, world.Context());
  ASSERT_TRUE(set.ok());
  EXPECT_THAT(set->integrations(), IsEmpty());
  EXPECT_EQ(set->Find("console/console"), nullptr);
}

}  // namespace
}  // namespace tocsin::receivers
