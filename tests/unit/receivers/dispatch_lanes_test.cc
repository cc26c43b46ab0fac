// Many groups to one receiver: a bounded number of attempts under way, the others in line.
#include <gtest/gtest.h>

#include "tests/unit/receivers/dispatch_world.h"

namespace tocsin::receivers {
namespace {

WireConfig GroupPerAlert(std::vector<WireIntegration> integrations = {{}}) {
  WireConfig config;
  config.settings.route.group_by = {"alertname"};
  config.settings.route.group_interval = 10 * kSecond;
  config.receivers = {{"ops", std::move(integrations)}};
  return config;
}

DispatchWorldOptions TwoAtOnce() {
  DispatchWorldOptions options;
  options.max_in_flight = 2;
  return options;
}

void FireAll(DispatchWorld& world) {
  std::vector<PostedAlert> alerts;
  for (const char* name : {"A", "B", "C", "D"}) {
    alerts.push_back(world.Firing(testing::Named(name)));
  }
  world.Post(std::move(alerts));
}

TEST(DispatchLanes, WhatIsInLineIsSentWhenAnAttemptEnds) {
  DispatchWorld world(GroupPerAlert(), TwoAtOnce());
  world.AnswerWith(std::nullopt);
  FireAll(world);
  ASSERT_EQ(world.attempts.size(), 2U);
  world.Answer(0, Outcome::Delivered(200));
  ASSERT_EQ(world.attempts.size(), 3U);
  world.Answer(1, Outcome::GiveUp(Failure::kClientError, "HTTP status 400", ""));
  ASSERT_EQ(world.attempts.size(), 4U);
  world.Answer(2, Outcome::Delivered(200));
  world.Answer(3, Outcome::Delivered(200));
  EXPECT_EQ(world.Log().size(), 3U);
  EXPECT_EQ(world.Failed(), 1);
}

TEST(DispatchLanes, AReceiverThatHangsHoldsUpNoOther) {
  DispatchWorld world(GroupPerAlert({{"slow", true}, {"quick", true}}), TwoAtOnce());
  world.AnswerWith(std::nullopt);
  world.AnswerWith("ops/quick", Outcome::Delivered(200));
  FireAll(world);
  std::map<std::string, int> attempts;
  for (const DispatchWorld::Attempt& attempt : world.attempts) ++attempts[attempt.integration];
  EXPECT_EQ(attempts, (std::map<std::string, int>{{"ops/quick", 4}, {"ops/slow", 2}}));
}

TEST(DispatchLanes, AWaitBeyondTheDeadlineIsAFailureThatTheNextTickMakesGood) {
  DispatchWorld world(GroupPerAlert(), TwoAtOnce());
  world.AnswerWith(std::nullopt);
  FireAll(world);
  // Both hang until their deadline, which is that of those in line as well.
  world.Advance(10 * kSecond);
  world.AnswerWith(Outcome::Delivered(200));
  world.Answer(0, Outcome::Retry(Failure::kTimeout, "timed out"));
  world.Answer(1, Outcome::Retry(Failure::kTimeout, "timed out"));
  EXPECT_EQ(world.Metric("notifications_failed_total",
                         {{"integration", "wire"}, {"reason", "contextDeadlineExceeded"}}),
            4);
  world.Advance(10 * kSecond);
  EXPECT_EQ(world.Log().size(), 4U);
}

TEST(DispatchLanes, WhatAReloadEndedIsPassedOver) {
  DispatchWorld world(GroupPerAlert(), TwoAtOnce());
  world.AnswerWith(std::nullopt);
  FireAll(world);
  WireConfig nobody = GroupPerAlert({});
  world.Reload(nobody);
  world.Answer(0, Outcome::Delivered(200));
  world.Answer(1, Outcome::Delivered(200));
  EXPECT_EQ(world.attempts.size(), 2U);
  EXPECT_EQ(world.Log().size(), 2U);
}

}  // namespace
}  // namespace tocsin::receivers
