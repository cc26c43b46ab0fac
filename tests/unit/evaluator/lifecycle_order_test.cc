// What the state machine makes of things that come late, early, twice or in the wrong order:
// signals of threads that overtake each other, samples of clocks that go wrong, reloads in between.
#include <gtest/gtest.h>

#include "base/number.h"
#include "tests/unit/evaluator/lifecycle_world.h"

namespace tocsin::evaluator {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::shared_ptr<ThresholdRule> Changed(const std::shared_ptr<ThresholdRule>& rule,
                                       double threshold) {
  auto changed = std::make_shared<ThresholdRule>(*rule);
  changed->threshold = threshold;
  return changed;
}

std::shared_ptr<ThresholdRule> Lasting(const std::shared_ptr<ThresholdRule>& rule,
                                       Duration duration) {
  auto lasting = std::make_shared<ThresholdRule>(*rule);
  lasting->duration = duration;
  return lasting;
}

// ---- silence

TEST(LifecycleSilence, AViolationAfterAnAlertWentStaleIsANewEpisode) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Advance(minutes(6));
  world.Submit("a", 90);
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a stale", "active a"}));
  EXPECT_EQ(world.Only(AlertState::kFiring)->triggered_at, world.now);
}

TEST(LifecycleSilence, AfterASilenceTheDurationStartsAnew) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  world.Advance(minutes(2));
  world.Advance(minutes(4));
  world.Submit("a", 90);
  EXPECT_EQ(world.Only(AlertState::kPending)->pending_since, world.now);
  world.Advance(seconds(59));
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a stale"}));
  world.Advance(seconds(1));
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a stale", "active a"}));
}

// The engine looks at its timers when it can: the sample that ends the silence may be there first.
TEST(LifecycleSilence, WhenASampleComesBeforeTheLateTimerTheAlertGoesOn) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.now += minutes(6);
  world.Submit("a", 91);
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
  world.Advance(minutes(5));
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a stale"}));
}

TEST(LifecycleSilence, WhatIsStaleAtItsDeadlineDoesNotFire) {
  auto rule = RuleFor(seconds(60));
  rule->stale_after = seconds(60);
  World world({rule});
  world.Submit("a", 90);
  world.Advance(seconds(60));
  EXPECT_TRUE(world.Told().empty());
  EXPECT_TRUE(world.In(AlertState::kPending).empty());
}

TEST(LifecycleSilence, NanIsASignOfLife) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  for (int i = 0; i < 3; ++i) {
    world.Advance(minutes(4));
    world.Submit("a", NormalNan());
  }
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
}

TEST(LifecycleSilence, ANotEqualRuleIsNotViolatedByNan) {
  auto rule = RuleFor(seconds(0));
  rule->condition = Condition::kNotEqual;
  rule->threshold = 1;
  World world({rule});
  world.Submit("a", NormalNan());
  EXPECT_TRUE(world.Told().empty());
  world.Submit("a", 2);
  world.Advance(seconds(1));
  world.Submit("a", NormalNan());
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
}

TEST(LifecycleSilence, AnAcknowledgedAlertGoesStaleToo) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Acknowledge(world.Only(AlertState::kFiring)->id);
  world.Advance(minutes(5));
  EXPECT_EQ(world.Told(), (Lines{"active a", "acknowledged a", "resolved a stale"}));
}

TEST(LifecycleSilence, AReloadedStalenessAppliesToWhatFires) {
  const auto rule = RuleFor(seconds(0));
  World world({rule});
  world.Submit("a", 90);
  world.Advance(minutes(1));
  world.SetRules({std::make_shared<ThresholdRule>(*rule)}, minutes(2));
  world.Advance(seconds(59));
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
  world.Advance(seconds(1));
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a stale"}));
}

// The store forgets the series before the rule takes it for silent.
TEST(LifecycleSilence, AnAlertOutlivesTheSamplesOfItsSeriesAndResolvesWhenItComesBackWell) {
  auto rule = RuleFor(seconds(0));
  rule->stale_after = minutes(30);
  World world({rule}, StoreLimits{100, minutes(2)});
  world.Submit("a", 90);
  const std::string id = world.Only(AlertState::kFiring)->id;
  world.Advance(minutes(10));
  world.Prune();
  EXPECT_EQ(world.Only(AlertState::kFiring)->id, id);
  world.Submit("a", 91);
  EXPECT_EQ(world.Only(AlertState::kFiring)->value, 91);
  EXPECT_EQ(world.Only(AlertState::kFiring)->id, id);
  world.Advance(seconds(1));
  world.Submit("a", 10);
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a recovered"}));
}

// ---- clocks of senders

TEST(LifecycleClocks, ASampleThatIsStaleOnArrivalRaisesNoAlert) {
  World world({RuleFor(seconds(0))});
  world.SubmitAt("a", 90, world.now - minutes(6));
  EXPECT_TRUE(world.Told().empty());
  world.SubmitAt("a", 90, world.now - minutes(4));
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
}

TEST(LifecycleClocks, AnOldGoodSampleStillResolves) {
  World world({RuleFor(seconds(0))});
  world.SubmitAt("a", 90, world.now - minutes(4));
  world.Advance(minutes(3));
  world.SubmitAt("a", 10, world.now - minutes(6));
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a recovered"}));
}

TEST(LifecycleClocks, ASenderWhoseClockIsAheadDoesNotHastenTheAlert) {
  World world({RuleFor(seconds(60))});
  world.SubmitAt("a", 90, world.now + minutes(4));
  world.Advance(seconds(1));
  world.SubmitAt("a", 90, world.now + minutes(4));
  EXPECT_TRUE(world.Told().empty());
  world.Advance(seconds(58));
  EXPECT_TRUE(world.Told().empty());
  world.Advance(seconds(1));
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
}

// ---- signals that overtake each other

TEST(LifecycleOrder, AViolationWhoseFirstSignalIsOvertakenByItsSecondStillFires) {
  World world({RuleFor(seconds(60))});
  world.Append("a", 90, world.now - seconds(60));
  const std::vector<Signal> began = world.TakeSignals();
  world.Append("a", 90, world.now);
  const std::vector<Signal> held = world.TakeSignals();
  ASSERT_EQ(held.size(), 1U);
  world.Deliver(held);
  world.Deliver(began);
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
  EXPECT_EQ(world.Only(AlertState::kFiring)->pending_since, world.now - seconds(60));
}

TEST(LifecycleOrder, AGoodSampleResetsTheDurationAlsoWhenItsSignalIsOvertaken) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  world.Advance(seconds(50));
  world.Append("a", 10, world.now);
  const std::vector<Signal> good = world.TakeSignals();
  world.now += Duration(1);
  world.Append("a", 90, world.now);
  const std::vector<Signal> bad = world.TakeSignals();
  world.Deliver(bad);
  world.Deliver(good);
  EXPECT_EQ(world.Only(AlertState::kPending)->pending_since, world.now);
  world.Advance(seconds(59));
  EXPECT_TRUE(world.Told().empty());
  world.Advance(seconds(1));
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
}

TEST(LifecycleOrder, AGoodSampleInTimeKeepsTheAlertFromFiringThoughItsSignalIsLate) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  world.now += Duration(59'999);
  world.Append("a", 10, world.now);
  const std::vector<Signal> good = world.TakeSignals();
  world.Advance(Duration(1));
  EXPECT_TRUE(world.Told().empty());
  world.Deliver(good);
  EXPECT_TRUE(world.In(AlertState::kPending).empty());
  EXPECT_TRUE(world.Told().empty());
}

// ---- reloads in between

// The sample was judged by the former rule, the alert is the new one's.
TEST(LifecycleReload, ASignalOfTheFormerConditionDoesNotResolveTheNewOnesAlert) {
  const auto rule = RuleFor(seconds(0));
  World world({rule});
  world.Submit("a", 90);
  world.Advance(seconds(1));
  world.Append("a", 75, world.now);  // good for "> 80"
  const std::vector<Signal> late = world.TakeSignals();
  world.SetRules({Changed(rule, 70)});
  const Lines told = {"active a", "resolved a rule_changed", "active a"};
  EXPECT_EQ(world.Told(), told);
  world.Deliver(late);
  EXPECT_EQ(world.Told(), told);
}

TEST(LifecycleReload, ASignalOfADeletedOrDisabledRuleRaisesNothing) {
  const auto rule = RuleFor(seconds(0));
  auto disabled = std::make_shared<ThresholdRule>(*rule);
  disabled->enabled = false;
  for (const auto& rules : {std::vector<std::shared_ptr<ThresholdRule>>(), {disabled}}) {
    World world({rule});
    world.Append("a", 90, world.now);
    const std::vector<Signal> late = world.TakeSignals();
    world.SetRules(rules);
    world.Deliver(late);
    EXPECT_TRUE(world.Told().empty());
    world.Submit("a", 91);
    EXPECT_TRUE(world.Told().empty());
  }
}

TEST(LifecycleReload, ARuleThatIsEnabledAgainIsJudgedByTheLastKnownValue) {
  const auto rule = RuleFor(seconds(0));
  auto disabled = std::make_shared<ThresholdRule>(*rule);
  disabled->enabled = false;
  World world({rule});
  world.Submit("a", 90);
  world.SetRules({disabled});
  world.Advance(seconds(1));
  world.SetRules({std::make_shared<ThresholdRule>(*rule)});
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a rule_disabled", "active a"}));
}

TEST(LifecycleReload, ALongerDurationAppliesToWhatIsPendingAndNotToWhatFires) {
  const auto rule = RuleFor(seconds(30));
  World world({rule});
  world.Submit("firing", 90);
  world.Advance(seconds(30));
  world.Submit("pending", 90);
  world.Advance(seconds(10));
  world.SetRules({Lasting(rule, seconds(60))});
  world.Advance(seconds(49));
  EXPECT_EQ(world.Told(), (Lines{"active firing", "active firing"}));  // the new version of it
  world.Advance(seconds(1));
  EXPECT_EQ(world.Told().back(), "active pending");
}

TEST(LifecycleReload, ALateSignalOfTheShorterDurationDoesNotFire) {
  const auto rule = RuleFor(seconds(30));
  World world({rule});
  world.Submit("a", 90);
  world.now += seconds(30);
  world.Append("a", 91, world.now);
  const std::vector<Signal> held = world.TakeSignals();
  ASSERT_EQ(held.size(), 1U);
  world.SetRules({Lasting(rule, seconds(60))});
  world.Deliver(held);
  EXPECT_TRUE(world.Told().empty());
  world.Advance(seconds(30));
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
}

TEST(LifecycleReload, ADurationOfZeroFiresWhatIsPendingAtOnce) {
  const auto rule = RuleFor(seconds(60));
  World world({rule});
  world.Submit("a", 90);
  world.Advance(seconds(1));
  world.SetRules({Lasting(rule, seconds(0))});
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
}

TEST(LifecycleReload, TwoRulesOnOneSeriesHaveAlertsOfTheirOwn) {
  auto low = CpuRule("low");
  low->threshold = 50;
  auto high = CpuRule("high");
  high->threshold = 80;
  World world({low, high});
  world.Submit("a", 90);
  ASSERT_EQ(world.In(AlertState::kFiring).size(), 2U);
  world.Advance(seconds(1));
  world.Submit("a", 60);
  EXPECT_EQ(world.Only(AlertState::kFiring)->rule->id, "low");
  EXPECT_EQ(world.Only(AlertState::kResolved)->rule->id, "high");
  world.SetRules({low});
  EXPECT_EQ(world.Only(AlertState::kFiring)->rule->id, "low");
}

// ---- holds after a manual resolve

TEST(LifecycleHold, ARuleThatGoesAndComesBackIsHeldUntilItsTimeIsOver) {
  auto rule = RuleFor(seconds(0));
  rule->cooldown = seconds(60);
  World world({rule});
  world.Submit("a", 90);
  world.Resolve(world.Only(AlertState::kFiring)->id);
  world.SetRules({});
  world.Advance(seconds(10));
  world.SetRules({rule});
  EXPECT_TRUE(world.In(AlertState::kFiring).empty());
  world.Advance(seconds(50));
  world.Submit("a", 91);
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a manual", "active a"}));
}

TEST(LifecycleHold, EndsQuietlyWhereItsRuleIsGone) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Resolve(world.Only(AlertState::kFiring)->id);
  world.SetRules({});
  world.Advance(minutes(10));
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a manual"}));
}

TEST(LifecycleHold, AViolationThatHeldAllTheTimeNeedsNotHoldAgain) {
  auto rule = RuleFor(seconds(60));
  rule->cooldown = seconds(60);
  World world({rule});
  world.Submit("a", 90);
  world.Advance(seconds(60));
  world.Resolve(world.Only(AlertState::kFiring)->id);
  world.Advance(seconds(60));
  world.Submit("a", 91);
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a manual", "active a"}));
}

TEST(LifecycleHold, APendingAlertThatIsResolvedDoesNotFire) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  EXPECT_EQ(world.Resolve(world.Only(AlertState::kPending)->id).kind, CommandResult::Kind::kDone);
  world.Advance(seconds(60));
  world.Submit("a", 91);
  EXPECT_TRUE(world.Told().empty());
  EXPECT_EQ(world.StoredAlerts(), 0U);
}

// ---- commands

TEST(LifecycleCommands, AcknowledgingAgainChangesNothingButTheNote) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  const std::string id = world.Only(AlertState::kFiring)->id;
  world.Acknowledge(id, "anna", "looking");
  const std::optional<Timestamp> at = world.Only(AlertState::kAcknowledged)->acknowledged_at;
  world.Advance(seconds(5));
  EXPECT_EQ(world.Acknowledge(id, "bob", "found it").kind, CommandResult::Kind::kDone);
  EXPECT_EQ(world.Only(AlertState::kAcknowledged)->acknowledged_by, "anna");
  EXPECT_EQ(world.Only(AlertState::kAcknowledged)->acknowledged_at, at);
  EXPECT_EQ(world.Only(AlertState::kAcknowledged)->acknowledge_note, "found it");
  world.Acknowledge(id, "bob", "");  // a repetition without a note takes none away
  EXPECT_EQ(world.Only(AlertState::kAcknowledged)->acknowledge_note, "found it");
}

// ---- memory

TEST(LifecycleMemory, AValueThatSwingsAroundItsThresholdDoesNotFillTheBook) {
  World world({RuleFor(seconds(0))});
  for (int i = 0; i < 12'000; ++i) {
    world.now += Duration(1);
    world.Submit("a", 90);
    world.now += Duration(1);
    world.Submit("a", 10);
    world.sink.accepted.clear();
  }
  EXPECT_LE(world.In(AlertState::kResolved).size(), 11'000U);
  EXPECT_GE(world.In(AlertState::kResolved).size(), 10'000U);
  EXPECT_LE(world.StoredAlerts(), 11'000U);
}

// ---- restarts

TEST(LifecycleOrderAcrossRestarts, APendingAlertWhoseDeadlinePassedMeanwhileFiresAtTheStart) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  const Timestamp began = world.now;
  world.now += minutes(2);  // down
  world.Restart();
  EXPECT_EQ(world.Only(AlertState::kFiring)->pending_since, began);
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
}

TEST(LifecycleOrderAcrossRestarts, AViolatingSampleAfterwardsKeepsThePendingAlertsStart) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  const Timestamp began = world.now;
  world.Advance(seconds(30));
  world.Restart();
  world.Submit("a", 91);
  EXPECT_EQ(world.Only(AlertState::kPending)->pending_since, began);
  world.Advance(seconds(30));
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
}

TEST(LifecycleOrderAcrossRestarts, AnAcknowledgedAlertThatGoesOnViolatingStaysAcknowledged) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Acknowledge(world.Only(AlertState::kFiring)->id);
  world.Restart();
  world.sink.accepted.clear();
  world.Advance(seconds(1));
  world.Submit("a", 91);
  EXPECT_TRUE(world.Told().empty());
  EXPECT_EQ(world.Only(AlertState::kAcknowledged)->value, 91);
}

TEST(LifecycleOrderAcrossRestarts, AfterAStaleResolveARestartFindsNothingFiring) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Advance(minutes(5));
  world.Restart();
  EXPECT_TRUE(world.In(AlertState::kFiring).empty());
  EXPECT_EQ(world.Only(AlertState::kResolved)->resolved_reason, ResolveReason::kStale);
}

TEST(LifecycleOrderAcrossRestarts, WhatTheNewRulesEndedIsWrittenBeforeTheReceiversHearOfIt) {
  class OrderSink final : public AlertSink {
   public:
    explicit OrderSink(const MemoryStateStore& store) : store_(store) {}
    void Accept(std::vector<AlertPtr> alerts) override {
      for (const AlertPtr& alert : alerts) told.push_back(alert->state);
      writes_submitted = store_.waiting();
    }
    std::vector<AlertState> told;
    std::size_t writes_submitted = 0;

   private:
    const MemoryStateStore& store_;
  };
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  MemoryStateStore store(/*commit_at_once=*/false, world.Stored());
  OrderSink sink(store);
  AlertBook book;
  MetricRegistry registry;
  testing::NullLogSink log;
  Lifecycle lifecycle(
      {}, book, store, sink, [] { return std::string("id"); }, Logger(log, "l"), registry);
  ASSERT_TRUE(lifecycle.Restore(world.now).ok());
  lifecycle.ApplyRules(std::make_shared<const RuleIndex>(RuleIndex::Rules(), minutes(5)),
                       minutes(5), world.now);
  lifecycle.OfferRestored();
  lifecycle.Flush();
  EXPECT_EQ(sink.told, (std::vector<AlertState>{AlertState::kResolved}));
  EXPECT_EQ(sink.writes_submitted, 1U);
}

TEST(LifecycleOrderAcrossRestarts, ARuleWhoseConditionChangedMeanwhileResolvesItsAlert) {
  const auto rule = RuleFor(seconds(0));
  World world({rule});
  world.Submit("a", 90);
  world.RestartWith({Changed(rule, 85)});
  EXPECT_EQ(world.Only(AlertState::kResolved)->resolved_reason, ResolveReason::kRuleChanged);
  world.Submit("a", 90);
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 1U);
}

}  // namespace
}  // namespace tocsin::evaluator
