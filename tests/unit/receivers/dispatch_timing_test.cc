// When groups are flushed, and what becomes of their alerts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/dispatch_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Named;

WireConfig Timed(Duration wait, Duration interval, Duration repeat = std::chrono::hours(4)) {
  WireConfig config;
  config.settings.route.group_wait = wait;
  config.settings.route.group_interval = interval;
  config.settings.route.repeat_interval = repeat;
  return config;
}

TEST(DispatchTiming, FlushesANewGroupAfterGroupWait) {
  DispatchWorld world(Timed(30 * kSecond, 300 * kSecond));
  world.Fire("B");
  world.AdvanceTo(10 * kSecond);
  world.Fire("A");
  world.AdvanceTo(30 * kSecond - Duration(1));
  EXPECT_THAT(world.told(), IsEmpty());
  world.AdvanceTo(30 * kSecond);
  EXPECT_THAT(world.told(), ElementsAre("30s ops/hook: first notification: +A +B"));
}

TEST(DispatchTiming, FlushesAtOnceWhatIsOlderThanGroupWait) {
  DispatchWorld world(Timed(30 * kSecond, 300 * kSecond));
  PostedAlert old = world.Firing(Named("A"));
  old.starts_at -= 30 * kSecond + Duration(1);
  world.Post({old});
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A"));
}

TEST(DispatchTiming, WaitsForWhatIsJustAsOldAsGroupWait) {
  DispatchWorld world(Timed(30 * kSecond, 300 * kSecond));
  PostedAlert old = world.Firing(Named("A"));
  old.starts_at -= 30 * kSecond;
  world.Post({old});
  world.AdvanceTo(29 * kSecond);
  EXPECT_THAT(world.told(), IsEmpty());
  world.AdvanceTo(30 * kSecond);
  EXPECT_EQ(world.told().size(), 1U);
}

// 0.25 did that.
TEST(DispatchTiming, AnOldAlertDoesNotHurryAGroupThatWaits) {
  DispatchWorld world(Timed(30 * kSecond, 300 * kSecond));
  world.Fire("A");
  world.AdvanceTo(5 * kSecond);
  PostedAlert old = world.Firing(Named("B"));
  old.starts_at -= 600 * kSecond;
  world.Post({old});
  world.AdvanceTo(60 * kSecond);
  EXPECT_THAT(world.told(), ElementsAre("30s ops/hook: first notification: +A +B"));
}

TEST(DispatchTiming, HasAFixedPeriodHoweverLongAFlushLasts) {
  DispatchWorld world(Timed(Duration(0), 60 * kSecond));
  world.TakeTime(7 * kSecond);
  for (const char* alertname : {"A", "B", "C"}) {
    world.Fire(alertname);
    world.Advance(60 * kSecond);
  }
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "2m ops/hook: new alerts added: +A +B",
                                        "3m ops/hook: new alerts added: +A +B +C"));
}

TEST(DispatchTiming, SetsItsTimerAtTheStartOfAFlushThatBeganLate) {
  DispatchWorld world(Timed(Duration(0), 2 * kSecond));
  world.AnswerWith(std::nullopt);
  world.Fire("A");
  world.AdvanceTo(kSecond);
  world.Fire("B");
  world.AdvanceTo(5 * kSecond);  // two ticks have passed
  EXPECT_EQ(world.told().size(), 1U);
  world.Answer(0, Outcome::Delivered(200));
  ASSERT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "5s ops/hook: new alerts added: +A +B"));
  world.Answer(1, Outcome::Delivered(200));
  world.AnswerWith(Outcome::Delivered(200));
  world.Fire("C");
  world.AdvanceTo(9 * kSecond);
  world.Fire("D");
  world.AdvanceTo(10 * kSecond);
  ASSERT_EQ(world.told().size(), 3U);
  EXPECT_EQ(world.told()[2], "7s ops/hook: new alerts added: +A +B +C");
  world.AdvanceTo(11 * kSecond);
  ASSERT_EQ(world.told().size(), 4U);
}

TEST(DispatchTiming, AFlushThatEndsInTimeIsFollowedAtTheNextTickOnly) {
  DispatchWorld world(Timed(Duration(0), 2 * kSecond));
  world.TakeTime(kSecond);
  world.Fire("A");
  world.AdvanceTo(Duration(1500));
  world.Fire("B");
  world.AdvanceTo(Duration(1900));
  EXPECT_EQ(world.told().size(), 1U);
  world.AdvanceTo(2 * kSecond);
  EXPECT_EQ(world.told().size(), 2U);
}

TEST(DispatchTiming, FreezesTheStateOfItsAlertsAtTheTick) {
  DispatchWorld world(Timed(30 * kSecond, 60 * kSecond));
  world.AnswerWith(std::nullopt);
  PostedAlert alert = world.Firing(Named("A"));
  alert.ends_at = world.clock.Now() + 31 * kSecond;
  world.Post({alert});
  world.AdvanceTo(30 * kSecond);
  ASSERT_THAT(world.told(), ElementsAre("30s ops/hook: first notification: +A"));
  world.AdvanceTo(40 * kSecond);
  world.Answer(0, Outcome::Delivered(200));
  ASSERT_EQ(world.Log().size(), 1U);
  EXPECT_EQ(world.Log().begin()->second.firing, (AlertHashes{alert.hash}));
  EXPECT_EQ(world.Views().size(), 1U);  // it was not resolved at the tick
  world.AdvanceTo(90 * kSecond);
  EXPECT_EQ(world.told().back(), "1m30s ops/hook: all alerts resolved: -A");
}

TEST(DispatchTiming, SortsTheAlertsOfAMessage) {
  DispatchWorld world(Timed(kSecond, 60 * kSecond));
  world.Post({world.Firing({{"alertname", "A"}}), world.Firing({{"alertname", "B"}, {"job", "b"}}),
              world.Firing({{"alertname", "C"}, {"job", "a"}, {"instance", "2"}}),
              world.Firing({{"alertname", "D"}, {"job", "a"}, {"instance", "1"}})});
  world.AdvanceTo(kSecond);
  EXPECT_THAT(world.told(), ElementsAre("1s ops/hook: first notification: +D +C +B +A"));
}

TEST(DispatchTiming, DropsResolvedAlertsAndAnEmptyGroupAfterTheFlush) {
  DispatchWorld world(Timed(10 * kSecond, 60 * kSecond));
  world.Fire("A");
  world.Fire("B");
  world.AdvanceTo(20 * kSecond);
  world.Resolve("A");
  world.AdvanceTo(70 * kSecond);
  EXPECT_EQ(world.told().back(), "1m10s ops/hook: some alerts resolved: -A +B");
  ASSERT_EQ(world.Views().size(), 1U);
  EXPECT_EQ(world.Views()[0].alerts.size(), 1U);
  world.Resolve("B");
  world.AdvanceTo(130 * kSecond);
  EXPECT_EQ(world.told().back(), "2m10s ops/hook: all alerts resolved: -B");
  EXPECT_THAT(world.Views(), IsEmpty());
  EXPECT_EQ(world.Metric("dispatcher_aggregation_groups"), 0);
  // A later alert makes a new group with a wait of its own.
  world.AdvanceTo(135 * kSecond);
  world.Fire("C");
  world.AdvanceTo(145 * kSecond);
  EXPECT_EQ(world.told().back(), "2m25s ops/hook: first notification: +C");
}

TEST(DispatchTiming, KeepsResolvedAlertsUntilEveryIntegrationHasSucceeded) {
  WireConfig config = Timed(Duration(0), 60 * kSecond);
  config.receivers = {{"ops", {{"a"}, {"b"}}}};
  DispatchWorld world(config);
  world.Fire("A");
  world.Advance(kSecond);
  world.Resolve("A");
  world.AnswerWith("ops/b", testing::NotFound());
  world.AdvanceTo(60 * kSecond);
  EXPECT_EQ(world.Views().size(), 1U);
  world.AnswerWith("ops/b", Outcome::Delivered(200));
  world.AdvanceTo(120 * kSecond);
  EXPECT_THAT(world.told(),
              ElementsAre("0s ops/a: first notification: +A", "0s ops/b: first notification: +A",
                          "1m ops/a: all alerts resolved: -A", "1m ops/b: all alerts resolved: -A",
                          "2m ops/b: all alerts resolved: -A"));
  EXPECT_THAT(world.Views(), IsEmpty());
}

TEST(DispatchTiming, KeepsResolvedAlertsThatFireAgainDuringTheFlush) {
  DispatchWorld world(Timed(Duration(0), 60 * kSecond));
  world.Fire("A");
  world.Advance(kSecond);
  world.Resolve("A");
  world.AnswerWith(std::nullopt);
  world.AdvanceTo(61 * kSecond);
  world.Fire("A");
  world.Answer(1, Outcome::Delivered(200));
  ASSERT_EQ(world.Views().size(), 1U);
  world.AdvanceTo(120 * kSecond);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "1m ops/hook: all alerts resolved: -A",
                                        "2m ops/hook: first notification: +A"));
}

TEST(DispatchTiming, LooksAtTheRepeatIntervalOnTicksOnly) {
  struct Case {
    Duration interval;
    Duration repeat;
    std::vector<int> told;  // seconds
  };
  const Case cases[] = {
      {2 * kSecond, 3 * kSecond, {0, 4, 8, 12}},
      {kSecond, Duration(4900), {0, 5, 10}},
      {kSecond, kSecond, {0, 2, 4, 6, 8, 10, 12}},  // every second tick: the log is a little later
  };
  for (const Case& c : cases) {
    DispatchWorld world(Timed(Duration(0), c.interval, c.repeat));
    world.TakeTime(Duration(5));
    world.Fire("A");
    world.AdvanceTo(12 * kSecond);
    std::vector<int> told;
    for (const DispatchWorld::Attempt& attempt : world.attempts) {
      told.push_back(static_cast<int>((attempt.at - testing::FiredAt()) / kSecond));
    }
    EXPECT_EQ(told, c.told);
    EXPECT_EQ(world.attempts.back().notification.reason,
              NotificationReason::kRepeatIntervalElapsed);
  }
}

TEST(DispatchTiming, AGroupThatIsMutedAtFirstWaitsForItsNextTick) {
  DispatchWorld world(Timed(10 * kSecond, 60 * kSecond));
  const std::string id = world.Silence("alertname=A");
  world.Fire("A");
  world.AdvanceTo(11 * kSecond);
  world.Unsilence(id);
  world.AdvanceTo(69 * kSecond);
  EXPECT_THAT(world.told(), IsEmpty());
  world.AdvanceTo(70 * kSecond);
  EXPECT_THAT(world.told(), ElementsAre("1m10s ops/hook: first notification: +A"));
}

TEST(DispatchTiming, FlushesNothingBeforeTheStartDelay) {
  DispatchWorldOptions options;
  options.dispatch.start_delay = 20 * kSecond;
  DispatchWorld world(Timed(Duration(0), 60 * kSecond), options);
  world.Fire("A");
  world.AdvanceTo(19 * kSecond);
  EXPECT_THAT(world.told(), IsEmpty());
  world.AdvanceTo(60 * kSecond);
  EXPECT_THAT(world.told(), ElementsAre("20s ops/hook: first notification: +A"));
}

TEST(DispatchTiming, FlushesNothingOnceItIsStopped) {
  DispatchWorld world(Timed(10 * kSecond, 60 * kSecond));
  world.Fire("A");
  world.Stop();
  world.AdvanceTo(600 * kSecond);
  EXPECT_THAT(world.told(), IsEmpty());
}

TEST(DispatchTiming, GroupsByRouteAndGroupLabels) {
  WireConfig config = Timed(10 * kSecond, 60 * kSecond);
  config.settings.route.group_by = {"zone"};
  DispatchWorld world(config);
  world.Post({world.Firing({{"alertname", "A"}, {"zone", "x"}}),
              world.Firing({{"alertname", "B"}, {"zone", "y"}}),
              world.Firing({{"alertname", "C"}, {"zone", "x"}}), world.Firing(Named("D"))});
  EXPECT_EQ(world.Metric("dispatcher_aggregation_groups"), 3);
  world.AdvanceTo(10 * kSecond);
  EXPECT_THAT(world.told(),
              ::testing::UnorderedElementsAre("10s ops/hook: first notification: +A +C",
                                              "10s ops/hook: first notification: +B",
                                              "10s ops/hook: first notification: +D"));
}

}  // namespace
}  // namespace tocsin::receivers
