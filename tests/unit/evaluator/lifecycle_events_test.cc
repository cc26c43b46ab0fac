// What the history hears of the state machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluator/lifecycle/alert_event.h"
#include "tests/unit/evaluator/lifecycle_world.h"

namespace tocsin::evaluator {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// "alert.active a", in order.
Lines Types(const World& world) {
  Lines lines;
  for (const Event& event : world.Recorded()) {
    lines.push_back(event.type + " " + std::string(event.labels.Get("host")));
  }
  return lines;
}

TEST(LifecycleEvents, EachStateOfAnEpisodeIsRecordedOnceAndNewValuesAreNot) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  world.Submit("a", 91);
  world.Advance(seconds(60));
  world.Submit("a", 92);
  world.Acknowledge("id-1");
  world.Acknowledge("id-1", "anna", "another word");
  world.Submit("a", 10);
  EXPECT_THAT(Types(world), ElementsAre("alert.pending a", "alert.active a", "alert.acknowledged a",
                                        "alert.resolved a"));
}

TEST(LifecycleEvents, AnEventNamesAlertRuleLabelsAndTimeAndHoldsTheAlert) {
  World world({RuleFor(seconds(60))});
  const Timestamp began = world.now;
  world.Submit("a", 90);
  world.Advance(seconds(60));
  const std::vector<Event> events = world.Recorded();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].at, began);
  EXPECT_EQ(events[1].at, began + seconds(60));
  const AlertPtr alert = world.Only(AlertState::kFiring);
  EXPECT_EQ(events[1].alert_id, alert->id);
  EXPECT_EQ(events[1].rule_id, alert->rule->id);
  EXPECT_EQ(events[1].receiver, "");
  EXPECT_EQ(events[1].labels, alert->labels);
  const Result<Alert> stored = ParseAlert(events[1].body);
  ASSERT_TRUE(stored.ok()) << stored.message();
  EXPECT_EQ(stored->state, AlertState::kFiring);
  EXPECT_EQ(stored->triggered_at, alert->triggered_at);
}

TEST(LifecycleEvents, WithoutDurationNothingIsEverPending) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  EXPECT_THAT(Types(world), ElementsAre("alert.active a"));
}

TEST(LifecycleEvents, WhatWasPendingAndIsForgottenIsInactive) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  world.Advance(seconds(10));
  world.Submit("a", 10);
  EXPECT_THAT(Types(world), ElementsAre("alert.pending a", "alert.inactive a"));
  const Result<Alert> gone = ParseAlert(world.Recorded()[1].body);
  ASSERT_TRUE(gone.ok()) << gone.message();
  EXPECT_EQ(gone->state, AlertState::kInactive);
  EXPECT_EQ(gone->resolved_reason, ResolveReason::kRecovered);
  EXPECT_EQ(world.Recorded()[1].at, world.now);
}

TEST(LifecycleEvents, AnAcknowledgementThatIsTakenBackSaysByWhom) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Acknowledge("id-1");
  world.Unacknowledge("id-1");
  EXPECT_THAT(Types(world),
              ElementsAre("alert.active a", "alert.acknowledged a", "alert.unacknowledged a"));
  const std::string body = world.Recorded()[2].body;
  EXPECT_THAT(body, HasSubstr(R"("unacknowledged":{"reason":"removed","actor":"anna"})"));
  EXPECT_TRUE(ParseAlert(body).ok());
}

TEST(LifecycleEvents, AnAcknowledgementWhoseTimeIsOverHasExpired) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Acknowledge("id-1", "anna", "", seconds(30));
  world.Advance(seconds(30));
  EXPECT_THAT(Types(world),
              ElementsAre("alert.active a", "alert.acknowledged a", "alert.unacknowledged a"));
  EXPECT_THAT(world.Recorded()[2].body,
              HasSubstr(R"("unacknowledged":{"reason":"expired","actor":null})"));
}

TEST(LifecycleEvents, AnEpisodeUnderAStickyAcknowledgementBeginsAcknowledged) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Acknowledge("id-1", "anna", "", std::nullopt, minutes(10));
  world.Advance(seconds(1));
  world.Submit("a", 10);
  world.Advance(seconds(1));
  world.Submit("a", 90);
  const std::vector<Event> events = world.Recorded();
  EXPECT_THAT(Types(world), ElementsAre("alert.active a", "alert.acknowledged a",
                                        "alert.resolved a", "alert.acknowledged a"));
  EXPECT_EQ(events[3].alert_id, "id-2");
}

TEST(LifecycleEvents, AnEndSaysWhyAndByWhom) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Resolve("id-1");
  const Result<Alert> resolved = ParseAlert(world.Recorded().back().body);
  ASSERT_TRUE(resolved.ok());
  EXPECT_EQ(resolved->resolved_reason, ResolveReason::kManual);
  EXPECT_EQ(resolved->resolved_by, "anna");
}

TEST(LifecycleEvents, ARestartRecordsNothingThatWasRecordedBefore) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  world.Submit("b", 90);
  world.Advance(seconds(60));
  world.Acknowledge("id-1");
  const std::size_t before = world.Recorded().size();
  world.Restart();
  EXPECT_EQ(world.Recorded().size(), before);
  world.Submit("a", 10);
  EXPECT_EQ(Types(world).back(), "alert.resolved a");
  EXPECT_EQ(world.Recorded().size(), before + 1);
}

TEST(LifecycleEvents, AlertsOfARuleThatIsGoneAfterARestartAreRecordedAsResolved) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.RestartWith({});
  EXPECT_THAT(Types(world), ElementsAre("alert.active a", "alert.resolved a"));
}

TEST(LifecycleEvents, OtherWordsOfARuleAreNoChangeOfState) {
  auto rule = RuleFor(seconds(0));
  World world({rule});
  world.Submit("a", 90);
  auto renamed = std::make_shared<ThresholdRule>(*rule);
  renamed->description = "other words";
  world.SetRules({renamed});
  EXPECT_THAT(Types(world), ElementsAre("alert.active a"));
}

}  // namespace
}  // namespace tocsin::evaluator
