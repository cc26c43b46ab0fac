// What holds a flush back: inhibition, time intervals and silences, in this order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/dispatch_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Named;

WireConfig EveryMinuteWithIntervals() {
  WireConfig config;
  config.settings.route.group_interval = kMinute;
  config.settings.time_intervals = {Interval("now", kTen, kTen + 3), Interval("all day", 0, 1440),
                                    Interval("later", kTen + 3, 1440),
                                    Interval("evening", 1200, 1440)};
  return config;
}

config::InhibitRule Inhibits(std::string_view source, std::string_view target) {
  config::InhibitRule rule;
  rule.source = Matchers(source);
  rule.target = Matchers(target);
  return rule;
}

TEST(DispatchMuting, GoesFromInhibitionToIntervalsToSilences) {
  struct Case {
    bool inhibited;
    bool inactive;
    bool mute_time;
    bool silenced;
    std::string by;
  };
  const Case cases[] = {
      {true, true, true, true, "inhibition"},
      {false, true, true, true, "active_time_interval"},
      {false, false, true, true, "mute_time_interval"},
      {false, false, false, true, "silence"},
      {false, false, false, false, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.by);
    WireConfig config = EveryMinuteWithIntervals();
    config::AlertmanagerRoute child = config.settings.route;
    child.matchers = Matchers("alertname=Target");
    if (c.inactive) child.active_time_intervals = {"evening"};
    if (c.mute_time) child.mute_time_intervals = {"now"};
    config.settings.route.children = {child};
    if (c.inhibited)
      config.settings.inhibit_rules = {Inhibits("alertname=Source", "alertname=Target")};
    DispatchWorld world(config);
    world.Fire("Source");
    if (c.silenced) world.Silence("alertname=Target");
    world.Fire("Target");
    EXPECT_EQ(world.attempts.size(), c.by.empty() ? 2U : 1U);
    for (const char* reason :
         {"inhibition", "active_time_interval", "mute_time_interval", "silence"}) {
      EXPECT_EQ(world.Suppressed(reason), reason == c.by ? 1 : 0) << reason;
    }
  }
}

TEST(DispatchMuting, LeavesMutedAlertsOutOfAMessage) {
  WireConfig config = EveryMinuteWithIntervals();
  config.settings.route.group_wait = kSecond;
  config.settings.inhibit_rules = {Inhibits("alertname=A", "alertname=B")};
  DispatchWorld world(config);
  world.Silence("alertname=C");
  for (const char* alertname : {"A", "B", "C", "D"}) world.Fire(alertname);
  world.AdvanceTo(kSecond);
  EXPECT_THAT(world.told(), ElementsAre("1s ops/hook: first notification: +A +D"));
  EXPECT_EQ(world.Views().at(0).alerts.size(), 4U);
}

TEST(DispatchMuting, AnAlertThatResolvesWhileItIsSilencedIsNeverToldResolved) {
  DispatchWorld world(EveryMinuteWithIntervals());
  world.Fire("A");
  const std::string id = world.Silence("alertname=A");
  world.Resolve("A");
  world.AdvanceTo(kMinute);
  world.Unsilence(id);
  world.AdvanceTo(5 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A"));
  EXPECT_THAT(world.Views(), IsEmpty());
}

// ---- whoever was told of an alert is told of its end

TEST(DispatchMuting, WithAnOutboxTellsTheEndOfWhatWasToldAlsoUnderASilence) {
  DispatchWorld world(EveryMinuteWithIntervals(), WithAnOutbox());
  world.Post({world.Firing(Named("A")), world.Firing(Named("B"))});
  world.Silence("alertname=~\"A|C\"");
  world.Post({world.Firing(Named("C")), world.Over(Named("A"))});
  world.AdvanceTo(kMinute);
  world.Resolve("C");  // was never told
  world.AdvanceTo(5 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A +B",
                                        "1m ops/hook: some alerts resolved: -A +B"));
}

TEST(DispatchMuting, WithAnOutboxAnEndThatIsMutedIsSwallowedWhereThatIsAskedFor) {
  WireConfig config = EveryMinuteWithIntervals();
  config.send_resolved_when_muted = false;
  config.settings.route.mute_time_intervals = {"break"};
  config.settings.time_intervals = {Interval("break", kTen + 5, kTen + 8)};
  DispatchWorld world(config, WithAnOutbox());
  world.Fire("A");
  const std::string silence = world.Silence("alertname=A");
  world.Resolve("A");
  world.AdvanceTo(2 * kMinute);
  EXPECT_THAT(world.Views(), IsEmpty());
  world.Unsilence(silence);
  world.AdvanceTo(3 * kMinute);
  world.Fire("A");
  world.AdvanceTo(6 * kMinute);
  world.Resolve("A");  // within the interval
  world.AdvanceTo(20 * kMinute);
  EXPECT_THAT(world.Views(), IsEmpty());
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "3m ops/hook: first notification: +A"));
}

TEST(DispatchMuting, RemembersWhatWasToldWhileItIsSilencedAndOthersAreTold) {
  DispatchWorld world(EveryMinuteWithIntervals(), WithAnOutbox());
  world.Fire("A");
  const std::string id = world.Silence("alertname=A");
  world.Fire("B");
  world.AdvanceTo(kMinute);
  world.Resolve("B");
  world.AdvanceTo(2 * kMinute);
  world.Unsilence(id);
  world.AdvanceTo(3 * kMinute);  // A still fires, and is known
  world.Silence("alertname=A");
  world.Resolve("A");
  world.AdvanceTo(9 * kMinute);
  EXPECT_THAT(
      world.told(),
      ElementsAre("0s ops/hook: first notification: +A", "1m ops/hook: new alerts added: +B",
                  "2m ops/hook: all alerts resolved: -B", "4m ops/hook: all alerts resolved: -A"));
  EXPECT_THAT(world.Views(), IsEmpty());
}

TEST(DispatchMuting, HoldsTheEndOfWhatWasToldUntilTheIntervalAllowsIt) {
  WireConfig config = EveryMinuteWithIntervals();
  config.settings.time_intervals = {Interval("soon", kTen + 1, kTen + 5)};
  config.settings.route.mute_time_intervals = {"soon"};
  DispatchWorld world(config, WithAnOutbox());
  world.Fire("A");
  world.AdvanceTo(2 * kMinute);
  world.Resolve("A");
  world.AdvanceTo(9 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "5m ops/hook: all alerts resolved: -A"));
}

TEST(DispatchMuting, ASilencedAlertIsNoReasonToTellTheOthers) {
  DispatchWorld world(EveryMinuteWithIntervals());
  world.Post({world.Firing(Named("A")), world.Firing(Named("B"))});
  const std::string id = world.Silence("alertname=A");
  world.AdvanceTo(2 * kMinute);
  EXPECT_EQ(world.told().size(), 1U);
  world.Unsilence(id);
  world.AdvanceTo(4 * kMinute);
  EXPECT_EQ(world.told().size(), 1U);  // the log still has it
}

TEST(DispatchMuting, ASourceMutesItsTargetAlsoWhereBothComeTogether) {
  for (const bool source_first : {true, false}) {
    WireConfig config = EveryMinuteWithIntervals();
    config.settings.route.group_by = {"alertname"};
    config.settings.inhibit_rules = {Inhibits("alertname=Source", "alertname=Target")};
    DispatchWorld world(config);
    std::vector<PostedAlert> batch = {world.Firing(Named("Target")), world.Firing(Named("Source"))};
    for (PostedAlert& alert : batch) alert.starts_at -= kMinute;  // flushed at once
    if (source_first) std::swap(batch[0], batch[1]);
    world.Post(batch);
    world.AdvanceTo(2 * kMinute);
    EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +Source"));
  }
}

TEST(DispatchMuting, ATargetIsToldAtTheTickAfterItsSourceHasEnded) {
  WireConfig config = EveryMinuteWithIntervals();
  config.settings.route.group_by = {"alertname"};
  config.settings.inhibit_rules = {Inhibits("alertname=Source", "alertname=Target")};
  DispatchWorld world(config);
  world.Post({world.Firing(Named("Target")), world.Firing(Named("Source"))});
  world.AdvanceTo(90 * kSecond);
  world.Resolve("Source");
  world.AdvanceTo(2 * kMinute);
  EXPECT_THAT(world.told(),
              ::testing::UnorderedElementsAre("0s ops/hook: first notification: +Source",
                                              "2m ops/hook: all alerts resolved: -Source",
                                              "2m ops/hook: first notification: +Target"));
}

TEST(DispatchMuting, ASourceNeedNotBeRoutedAnywhereNorBeToldOf) {
  WireConfig config = EveryMinuteWithIntervals();
  config.settings.route.receiver = "nobody";
  config::AlertmanagerRoute child = config.settings.route;
  child.receiver = "ops";
  child.matchers = Matchers("alertname=Target");
  config.settings.route.children = {child};
  config.settings.inhibit_rules = {Inhibits("alertname=Source", "alertname=Target")};
  DispatchWorld world(config);
  world.Silence("alertname=Source");
  world.Post({world.Firing(Named("Target")), world.Firing(Named("Source"))});
  EXPECT_THAT(world.told(), IsEmpty());
}

TEST(DispatchMuting, AMuteIntervalHoldsAGroupUntilItsEnd) {
  WireConfig config = EveryMinuteWithIntervals();
  config.settings.route.mute_time_intervals = {"evening", "now", "all day"};
  config.settings.time_intervals[1] = Interval("all day", 0, kTen + 2);  // shorter, for once
  DispatchWorld world(config);
  world.Fire("A");
  ASSERT_EQ(world.Views().size(), 1U);
  EXPECT_THAT(world.Views()[0].muted_by, ElementsAre("now", "all day"));
  world.AdvanceTo(2 * kMinute);
  EXPECT_THAT(world.Views()[0].muted_by, ElementsAre("now"));
  EXPECT_THAT(world.told(), IsEmpty());
  world.AdvanceTo(3 * kMinute);
  EXPECT_THAT(world.Views()[0].muted_by, IsEmpty());
  EXPECT_THAT(world.told(), ElementsAre("3m ops/hook: first notification: +A"));
}

TEST(DispatchMuting, AGroupThatIsInhibitedIsNotShownAsMutedForLongerThanItsInterval) {
  WireConfig config = EveryMinuteWithIntervals();
  config.settings.route.mute_time_intervals = {"now"};
  config.settings.inhibit_rules = {Inhibits("alertname=Source", "alertname=Target")};
  config.settings.route.group_by = {"alertname"};
  DispatchWorld world(config);
  world.Fire("Target");
  EXPECT_THAT(world.Views().at(0).muted_by, ElementsAre("now"));
  world.Fire("Source");
  world.AdvanceTo(3 * kMinute);
  ASSERT_EQ(world.Views().size(), 2U);
  EXPECT_THAT(world.Views()[1].muted_by, IsEmpty());
  EXPECT_THAT(world.told(), ElementsAre("3m ops/hook: first notification: +Source"));
}

TEST(DispatchMuting, OutsideItsActiveIntervalsAGroupIsMutedByAllOfThem) {
  WireConfig config = EveryMinuteWithIntervals();
  config.settings.route.active_time_intervals = {"evening", "later"};
  DispatchWorld world(config);
  world.Fire("A");
  ASSERT_EQ(world.Views().size(), 1U);
  EXPECT_THAT(world.Views()[0].muted_by, ElementsAre("evening", "later"));
  world.AdvanceTo(3 * kMinute);
  EXPECT_THAT(world.Views()[0].muted_by, IsEmpty());
  EXPECT_THAT(world.told(), ElementsAre("3m ops/hook: first notification: +A"));
}

TEST(DispatchMuting, AnActiveIntervalDoesNotOutweighAMuteInterval) {
  WireConfig config = EveryMinuteWithIntervals();
  config.settings.route.active_time_intervals = {"all day"};
  config.settings.route.mute_time_intervals = {"now"};
  DispatchWorld world(config);
  world.Fire("A");
  EXPECT_THAT(world.Views().at(0).muted_by, ElementsAre("now"));
  EXPECT_THAT(world.told(), IsEmpty());
}

TEST(DispatchMuting, AnAlertThatResolvesInAMuteIntervalIsNeverToldResolved) {
  WireConfig config = EveryMinuteWithIntervals();
  config.settings.route.mute_time_intervals = {"later"};
  DispatchWorld world(config);
  world.Fire("A");
  world.AdvanceTo(3 * kMinute);
  world.Resolve("A");
  world.AdvanceTo(10 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A"));
  EXPECT_THAT(world.Views(), IsEmpty());
}

TEST(DispatchMuting, ViewsAreSortedByLabelsAndThenReceiver) {
  WireConfig config = EveryMinuteWithIntervals();
  config.settings.route.group_by = {"zone", "job"};
  config::AlertmanagerRoute child = config.settings.route;
  child.receiver = "night";
  child.continue_matching = true;
  config.settings.route.children = {child};
  child.receiver = "day";
  config.settings.route.children.push_back(child);
  DispatchWorld world(config);
  world.Post({world.Firing({{"alertname", "A"}, {"zone", "y"}}),
              world.Firing({{"alertname", "A"}, {"zone", "x"}}),
              world.Firing({{"alertname", "B"}, {"zone", "x"}, {"job", "j"}}),
              world.Firing({{"alertname", "C"}})});
  std::vector<std::string> groups;
  for (const GroupView& view : world.Views()) {
    groups.push_back(view.labels.ToString() + " " + view.receiver);
  }
  EXPECT_THAT(groups, ElementsAre("{} day", "{} night", R"({zone="x"} day)", R"({zone="x"} night)",
                                  R"({zone="y"} day)", R"({zone="y"} night)",
                                  R"({job="j", zone="x"} day)", R"({job="j", zone="x"} night)"));
}

// ---- what an alert is said to be muted by

TEST(IntervalsThatMute, AreThoseOfEachOfItsRoutes) {
  config::AlertmanagerSettings settings = EveryMinuteWithIntervals().settings;
  const auto child = [&settings](std::string_view matchers) {
    config::AlertmanagerRoute route = settings.route;
    route.matchers = Matchers(matchers);
    route.continue_matching = true;
    return route;
  };
  config::AlertmanagerRoute muted = child("alertname=~A.*");
  muted.mute_time_intervals = {"later", "now", "all day"};
  config::AlertmanagerRoute inactive = child("alertname=~A.*|B");
  inactive.active_time_intervals = {"evening", "later"};
  config::AlertmanagerRoute open = child("alertname=AtAll");
  open.active_time_intervals = {"evening", "now"};
  open.mute_time_intervals = {"later"};
  settings.route.children = {muted, inactive, open};
  PipelineGraph graph(std::make_shared<const config::AlertmanagerSettings>(settings));
  const auto by = [&graph](std::string_view alertname) {
    const Timestamp now = testing::FiredAt();
    return graph.IntervalsThatMute(testing::Posted(Named(alertname), now, Timestamp::max(), now),
                                   now);
  };
  EXPECT_THAT(by("A"), IsEmpty()) << "without intervals";
  graph.intervals = *TimeIntervals::Make(settings.time_intervals);
  EXPECT_THAT(by("A"), ElementsAre("now", "all day", "evening", "later"));
  EXPECT_THAT(by("B"), ElementsAre("evening", "later"));
  EXPECT_THAT(by("AtAll"), IsEmpty()) << "one of its routes is open";
  EXPECT_THAT(by("C"), IsEmpty());
}

}  // namespace
}  // namespace tocsin::receivers
