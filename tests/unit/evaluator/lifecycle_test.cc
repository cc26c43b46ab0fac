#include <gtest/gtest.h>

#include <algorithm>

#include "base/number.h"
#include "tests/unit/evaluator/lifecycle_world.h"

namespace tocsin::evaluator {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST(Lifecycle, WithoutDurationTheFirstViolatingSampleFires) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  const AlertPtr alert = world.Only(AlertState::kFiring);
  EXPECT_EQ(alert->triggered_at, world.now);
  EXPECT_EQ(alert->pending_since, world.now);
  EXPECT_EQ(alert->value, 90);
  EXPECT_EQ(alert->id, "id-1");
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
}

TEST(Lifecycle, AnAlertCarriesNameSeverityAndTheSeriesOwnLabels) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  const AlertPtr alert = world.Only(AlertState::kFiring);
  EXPECT_EQ(alert->labels, (Labels{{"alertname", "High CPU"},
                                   {"severity", "critical"},
                                   {"pynomaly_severity", "high"},
                                   {"priority", "high"},
                                   {"host", "a"}}));
  EXPECT_EQ(alert->metadata, (Labels{{"host", "a"}}));
}

TEST(Lifecycle, WithDurationTheAlertFiresOnTimeThoughNoFurtherSampleComes) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  EXPECT_EQ(world.Only(AlertState::kPending)->pending_since, world.now);
  world.Advance(Duration(59'999));
  EXPECT_TRUE(world.In(AlertState::kFiring).empty());
  world.Advance(Duration(1));
  EXPECT_EQ(world.Only(AlertState::kFiring)->triggered_at, world.now);
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
}

TEST(Lifecycle, OneGoodSampleInBetweenResetsTheDuration) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  world.Advance(seconds(59));
  world.Submit("a", 10);
  EXPECT_TRUE(world.In(AlertState::kPending).empty());
  EXPECT_EQ(world.StoredAlerts(), 0U);
  world.Submit("a", 90);
  world.Advance(seconds(59));
  EXPECT_TRUE(world.In(AlertState::kFiring).empty());
  world.Advance(seconds(1));
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 1U);
}

TEST(Lifecycle, OldSamplesOfOneBatchThatEndWellDoNotFire) {
  World world({RuleFor(seconds(2))});
  world.SubmitHistory("a", {90, 10});
  EXPECT_TRUE(world.Told().empty());
}

TEST(Lifecycle, AConditionThatHeldByTheSamplesTimesFiresAtOnce) {
  World world({RuleFor(seconds(2))});
  world.SubmitHistory("a", {90, 91, 92});
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
}

TEST(Lifecycle, TheFirstGoodSampleResolvesOnlyItsOwnHostsAlert) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Submit("b", 90);
  world.Advance(seconds(1));
  world.Submit("b", 10);
  EXPECT_EQ(world.Only(AlertState::kFiring)->metadata.Get("host"), "a");
  const AlertPtr resolved = world.Only(AlertState::kResolved);
  EXPECT_EQ(resolved->resolved_reason, ResolveReason::kRecovered);
  EXPECT_EQ(resolved->resolved_at, world.now);
  EXPECT_EQ(resolved->value, 10);
  EXPECT_EQ(world.Told(), (Lines{"active a", "active b", "resolved b recovered"}));
}

TEST(Lifecycle, AViolationAfterRecoveryIsANewEpisodeOfTheSameFingerprint) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  const AlertPtr first = world.Only(AlertState::kFiring);
  world.Submit("a", 10);
  world.Submit("a", 90);
  const AlertPtr second = world.Only(AlertState::kFiring);
  EXPECT_NE(second->id, first->id);
  EXPECT_EQ(second->fingerprint, first->fingerprint);
}

TEST(Lifecycle, NanNeitherFiresNorResolves) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", NormalNan());
  EXPECT_TRUE(world.Told().empty());
  world.Submit("a", 90);
  world.Advance(seconds(1));
  world.Submit("a", NormalNan());
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 1U);
}

TEST(Lifecycle, TheStaleMarkerResolvesAsStale) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Advance(seconds(1));
  world.Submit("a", StaleNan());
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a stale"}));
}

TEST(Lifecycle, SilenceForFiveMinutesResolvesAsStaleAndNewSamplesPutItOff) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Advance(minutes(4));
  world.Submit("a", 91);
  world.Advance(minutes(4));
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 1U);
  world.Advance(minutes(1));
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a stale"}));
}

TEST(Lifecycle, ARuleMaySetItsOwnStaleness) {
  auto rule = RuleFor(seconds(0));
  rule->stale_after = seconds(10);
  World world({rule});
  world.Submit("a", 90);
  world.Advance(seconds(10));
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a stale"}));
}

std::shared_ptr<ThresholdRule> RuleThatKeeps(Duration duration = seconds(0)) {
  auto rule = RuleFor(duration);
  rule->stale_alerts = StaleAlerts::kKeep;
  return rule;
}

TEST(KeptAlert, FiresOnWhenItsSeriesEndsOrFallsSilent) {
  World world({RuleThatKeeps()});
  world.Submit("a", 90);
  world.Submit("b", 90);
  world.Advance(seconds(1));
  world.Submit("b", StaleNan());
  world.Advance(minutes(5));
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 2U);
  world.Advance(minutes(60 * 24));
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 2U);
  EXPECT_EQ(world.Told(), (Lines{"active a", "active b"}));
  for (const AlertPtr& alert : world.In(AlertState::kFiring)) EXPECT_EQ(alert->value, 90);
}

TEST(KeptAlert, IsTheSameOneWhenViolatingSamplesComeAgain) {
  World world({RuleThatKeeps()});
  world.Submit("a", 90);
  const std::string id = world.Only(AlertState::kFiring)->id;
  world.Advance(minutes(20));
  world.Submit("a", 95);
  world.Advance(seconds(1));
  world.Submit("a", StaleNan());
  world.Advance(seconds(1));
  world.Submit("a", 96);
  EXPECT_EQ(world.Only(AlertState::kFiring)->id, id);
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
}

TEST(KeptAlert, EndsWithTheFirstGoodSampleAfterTheSilence) {
  for (const bool series_ended : {false, true}) {
    World world({RuleThatKeeps()});
    world.Submit("a", 90);
    world.Advance(seconds(1));
    if (series_ended) world.Submit("a", StaleNan());
    world.Advance(minutes(20));
    world.Submit("a", 10);
    EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a recovered"}));
    EXPECT_EQ(world.Only(AlertState::kResolved)->value, 10);
  }
}

TEST(KeptAlert, OutlivesARestartAndEndsByAGoodSampleAfterIt) {
  World world({RuleThatKeeps()});
  world.Submit("a", 90);
  const std::string id = world.Only(AlertState::kFiring)->id;
  world.Advance(minutes(20));
  world.Restart();
  world.Advance(minutes(20));
  EXPECT_EQ(world.Only(AlertState::kFiring)->id, id);
  world.Submit("a", 10);
  EXPECT_EQ(world.Only(AlertState::kResolved)->id, id);
  EXPECT_EQ(world.Only(AlertState::kResolved)->resolved_reason, ResolveReason::kRecovered);
}

TEST(KeptAlert, EndsByAPersonAndByTheRule) {
  World world({RuleThatKeeps()});
  world.Submit("a", 90);
  world.Submit("b", 90);
  world.Advance(minutes(20));
  const std::vector<AlertPtr> firing = world.In(AlertState::kFiring);
  ASSERT_EQ(firing.size(), 2U);
  EXPECT_EQ(world.Resolve(firing[0]->id).kind, CommandResult::Kind::kDone);
  world.SetRules({});
  std::vector<std::string> reasons;
  for (const AlertPtr& alert : world.In(AlertState::kResolved)) {
    reasons.emplace_back(ResolveReasonName(alert->resolved_reason));
  }
  std::sort(reasons.begin(), reasons.end());
  EXPECT_EQ(reasons, (Lines{"manual", "rule_deleted"}));
}

TEST(KeptAlert, MayBeAcknowledgedAndIsKeptAsThat) {
  World world({RuleThatKeeps()});
  world.Submit("a", 90);
  world.Acknowledge(world.Only(AlertState::kFiring)->id);
  world.Advance(minutes(20));
  EXPECT_EQ(world.In(AlertState::kAcknowledged).size(), 1U);
}

TEST(KeptAlert, IsNoneThatIsPending) {
  World world({RuleThatKeeps(minutes(10))});
  world.Submit("a", 90);
  world.Submit("b", 90);
  world.Advance(seconds(1));
  world.Submit("b", StaleNan());
  world.Advance(minutes(20));
  EXPECT_TRUE(world.Told().empty());
  EXPECT_EQ(world.StoredAlerts(), 0U);
}

TEST(KeptAlert, IsThatOfEachRuleThatSaysNothingWhereTheSettingSaysSo) {
  auto resolves = RuleFor(seconds(0));
  resolves->id = "resolves";
  resolves->stale_alerts = StaleAlerts::kResolve;
  World world({});
  world.stale_alerts = StaleAlerts::kKeep;
  world.SetRules({RuleFor(seconds(0)), resolves});
  world.Submit("a", 90);
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 2U);
  world.Advance(minutes(5));
  EXPECT_NE(world.Only(AlertState::kFiring)->rule->id, "resolves");
  EXPECT_EQ(world.Only(AlertState::kResolved)->rule->id, "resolves");
}

// What is stale for long by then is over as soon as nothing keeps it.
TEST(KeptAlert, ResolvesAsStaleWhenItsRuleKeepsItNoMore) {
  World world({RuleThatKeeps()});
  world.Submit("a", 90);
  world.Advance(minutes(20));
  world.SetRules({RuleFor(seconds(0))});
  EXPECT_EQ(world.Only(AlertState::kResolved)->resolved_reason, ResolveReason::kStale);
}

TEST(Lifecycle, APendingAlertWhoseSeriesEndsIsForgotten) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  world.Advance(seconds(1));
  world.Submit("a", StaleNan());
  world.Advance(seconds(60));
  EXPECT_TRUE(world.Told().empty());
  EXPECT_EQ(world.StoredAlerts(), 0U);
}

TEST(Lifecycle, AnAcknowledgedAlertStaysOneAlertAndResolvesWithTheFirstGoodSample) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  const std::string id = world.Only(AlertState::kFiring)->id;
  EXPECT_EQ(world.Acknowledge(id).kind, CommandResult::Kind::kDone);
  const AlertPtr acknowledged = world.Only(AlertState::kAcknowledged);
  EXPECT_EQ(acknowledged->acknowledged_by, "anna");
  EXPECT_EQ(acknowledged->acknowledge_note, "looking");
  EXPECT_EQ(acknowledged->acknowledged_at, world.now);
  world.Advance(seconds(1));
  world.Submit("a", 95);
  EXPECT_EQ(world.Only(AlertState::kAcknowledged)->value, 95);
  world.Advance(seconds(1));
  world.Submit("a", 10);
  EXPECT_EQ(world.Told(), (Lines{"active a", "acknowledged a", "resolved a recovered"}));
}

TEST(Lifecycle, AnAcknowledgementThatExpiresMakesTheAlertFireAgain) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  const std::string id = world.Only(AlertState::kFiring)->id;
  world.Acknowledge(id, "anna", "looking", seconds(60));
  EXPECT_EQ(world.Only(AlertState::kAcknowledged)->acknowledged_until, world.now + seconds(60));
  world.Advance(seconds(30));
  world.Acknowledge(id, "bob", "longer", seconds(60));
  world.Restart();
  world.Submit("a", 90);
  world.Advance(seconds(59));
  EXPECT_EQ(world.Only(AlertState::kAcknowledged)->acknowledge_note, "longer");
  world.Advance(seconds(1));
  const AlertPtr firing = world.Only(AlertState::kFiring);
  EXPECT_EQ(firing->id, id);
  EXPECT_EQ(firing->acknowledged_by, "");
  EXPECT_FALSE(firing->acknowledged_at);
  EXPECT_FALSE(firing->acknowledged_until);
}

TEST(Lifecycle, AnAcknowledgementCanBeTakenBack) {
  World world({RuleFor(seconds(0))});
  EXPECT_EQ(world.Unacknowledge("nobody").kind, CommandResult::Kind::kNotFound);
  world.Submit("a", 90);
  const std::string id = world.Only(AlertState::kFiring)->id;
  EXPECT_EQ(world.Unacknowledge(id).kind, CommandResult::Kind::kDone);  // nothing changes
  world.Acknowledge(id, "anna", "", seconds(60));
  EXPECT_EQ(world.Unacknowledge(id).kind, CommandResult::Kind::kDone);
  world.Advance(seconds(1));
  world.Submit("a", 10);
  world.Advance(seconds(60));  // what would have ended is over
  EXPECT_EQ(world.Told(),
            (Lines{"active a", "acknowledged a", "active a", "resolved a recovered"}));
}

TEST(Lifecycle, AStickyAcknowledgementHoldsForAnEpisodeThatBeginsSoonAfterIt) {
  for (const bool restarted : {false, true}) {
    SCOPED_TRACE(restarted);
    World world({RuleFor(seconds(0))});
    world.Submit("a", 90);
    const std::string first = world.Only(AlertState::kFiring)->id;
    world.Acknowledge(first, "anna", "looking", seconds(300), seconds(60));
    const std::optional<Timestamp> until =
        world.Only(AlertState::kAcknowledged)->acknowledged_until;
    world.Advance(seconds(10));
    world.Submit("a", 10);
    if (restarted) world.Restart();
    world.Advance(seconds(60));
    world.sink.accepted.clear();
    world.Submit("a", 95);
    const AlertPtr second = world.Only(AlertState::kAcknowledged);
    EXPECT_NE(second->id, first);
    EXPECT_EQ(second->acknowledged_by, "anna");
    EXPECT_EQ(second->acknowledge_note, "looking");
    EXPECT_EQ(second->triggered_at, world.now);
    EXPECT_EQ(second->acknowledged_until, until);
    EXPECT_EQ(world.Told(), (Lines{"acknowledged a"}));
    world.Advance(seconds(230));  // its time is over all the same
    EXPECT_EQ(world.Told(), (Lines{"acknowledged a", "active a"}));
  }
}

TEST(Lifecycle, AStickyAcknowledgementCountsFromTheFirstViolatingSample) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  world.Advance(seconds(60));
  world.Acknowledge(world.Only(AlertState::kFiring)->id, "anna", "", std::nullopt, seconds(30));
  world.Submit("a", 10);
  world.Advance(seconds(30));
  world.Submit("a", 90);
  world.Advance(seconds(60));
  EXPECT_EQ(world.Only(AlertState::kAcknowledged)->acknowledged_by, "anna");
}

TEST(Lifecycle, AStickyAcknowledgementEndsAllTheSame) {
  const auto fires_again = [](const std::function<void(World&, const std::string&)>& end) {
    World world({RuleFor(seconds(0))});
    world.Submit("a", 90);
    const std::string id = world.Only(AlertState::kFiring)->id;
    world.Acknowledge(id, "anna", "", seconds(100), seconds(60));
    end(world, id);
    world.Submit("a", 10);
    world.Advance(seconds(1));
    world.Submit("a", 95);
    return world.In(AlertState::kFiring).size() == 1;
  };
  EXPECT_FALSE(fires_again([](World&, const std::string&) {}));
  EXPECT_TRUE(fires_again([](World& world, const std::string& id) { world.Unacknowledge(id); }));
  EXPECT_TRUE(fires_again([](World& world, const std::string& id) { world.Resolve(id); }));
  EXPECT_TRUE(fires_again([](World& world, const std::string&) {
    world.Submit("a", 10);
    world.Advance(seconds(61));
    world.Submit("a", 90);  // too late for it
  }));
  EXPECT_TRUE(fires_again([](World& world, const std::string&) {
    world.Advance(seconds(50));
    world.Submit("a", 10);
    world.Advance(seconds(50));  // in time, but its own time is over
    world.Submit("a", 90);
  }));
}

TEST(Lifecycle, AStickyAcknowledgementDoesNotHoldForARuleThatMeansAnotherThing) {
  for (const bool restarted : {false, true}) {
    SCOPED_TRACE(restarted);
    World world({RuleFor(seconds(0))});
    world.Submit("a", 90);
    world.Acknowledge(world.Only(AlertState::kFiring)->id, "anna", "", std::nullopt, seconds(600));
    world.Submit("a", 10);
    const auto changed = RuleFor(seconds(0));
    changed->threshold = 50;
    if (restarted) {
      world.RestartWith({changed});
    } else {
      world.SetRules({changed});
    }
    world.Advance(seconds(1));
    world.Submit("a", 90);
    EXPECT_EQ(world.In(AlertState::kFiring).size(), 1U);
  }
}

TEST(Lifecycle, AnEpisodeThatCameInBetweenEndsAStickyAcknowledgementAlsoForARestart) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Acknowledge(world.Only(AlertState::kFiring)->id, "anna", "", std::nullopt, seconds(600));
  world.Submit("a", 10);
  world.Advance(seconds(1));
  world.Submit("a", 90);
  world.Unacknowledge(world.Only(AlertState::kAcknowledged)->id);
  world.Advance(seconds(1));
  world.Submit("a", 10);
  world.Restart();
  world.Advance(seconds(1));
  world.Submit("a", 90);
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 1U);
}

TEST(Lifecycle, CommandsOnUnknownAndFinishedAlertsSayWhyNot) {
  World world({RuleFor(seconds(60))});
  EXPECT_EQ(world.Acknowledge("nobody").kind, CommandResult::Kind::kNotFound);
  EXPECT_EQ(world.Resolve("nobody").kind, CommandResult::Kind::kNotFound);
  world.Submit("a", 90);
  const std::string id = world.Only(AlertState::kPending)->id;
  EXPECT_EQ(world.Acknowledge(id).kind, CommandResult::Kind::kConflict);
  world.Advance(seconds(60));
  world.Submit("a", 10);
  EXPECT_EQ(world.Acknowledge(id).kind, CommandResult::Kind::kConflict);
  EXPECT_EQ(world.Acknowledge(id).detail, "Alert is already resolved");
  EXPECT_EQ(world.Resolve(id).kind, CommandResult::Kind::kDone);  // nothing changes
  EXPECT_EQ(world.Only(AlertState::kResolved)->resolved_reason, ResolveReason::kRecovered);
}

TEST(Lifecycle, AfterAManualResolveTheSameViolationDoesNotFireAgain) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  EXPECT_EQ(world.Resolve(world.Only(AlertState::kFiring)->id).kind, CommandResult::Kind::kDone);
  EXPECT_EQ(world.Only(AlertState::kResolved)->resolved_by, "anna");
  world.Advance(seconds(10));
  world.Submit("a", 95);
  EXPECT_TRUE(world.In(AlertState::kFiring).empty());
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a manual"}));
}

TEST(Lifecycle, AfterAManualResolveAGoodSampleMakesANewEpisodePossible) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Resolve(world.Only(AlertState::kFiring)->id);
  world.Advance(seconds(1));
  world.Submit("a", 10);
  world.Advance(seconds(1));
  world.Submit("a", 90);
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a manual", "active a"}));
}

TEST(Lifecycle, AfterAManualResolveTheEndOfTheCooldownMakesANewEpisodePossible) {
  auto rule = RuleFor(seconds(0));
  rule->cooldown = seconds(30);
  World world({rule});
  world.Submit("a", 90);
  world.Resolve(world.Only(AlertState::kFiring)->id);
  world.Advance(seconds(29));
  world.Submit("a", 91);
  EXPECT_TRUE(world.In(AlertState::kFiring).empty());
  world.Advance(seconds(1));
  EXPECT_TRUE(world.In(AlertState::kFiring).empty());
  world.Submit("a", 92);
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 1U);
}

TEST(Lifecycle, ThatHoldSurvivesARestart) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Resolve(world.Only(AlertState::kFiring)->id);
  world.Advance(seconds(10));
  world.Restart();
  world.Submit("a", 91);
  EXPECT_TRUE(world.In(AlertState::kFiring).empty());
  world.Advance(seconds(300));
  world.Submit("a", 92);
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 1U);
}

TEST(Lifecycle, DeletingDisablingOrChangingARuleResolvesItsAlertsWithTheReason) {
  const auto rule = RuleFor(seconds(0));
  auto disabled = std::make_shared<ThresholdRule>(*rule);
  disabled->enabled = false;
  auto changed = std::make_shared<ThresholdRule>(*rule);
  changed->threshold = 95;
  const std::vector<std::pair<std::vector<std::shared_ptr<ThresholdRule>>, std::string>> cases = {
      {{}, "rule_deleted"}, {{disabled}, "rule_disabled"}, {{changed}, "rule_changed"}};
  for (const auto& [rules, reason] : cases) {
    World world({rule});
    world.Submit("a", 90);
    world.SetRules(rules);
    EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a " + reason}));
  }
}

TEST(Lifecycle, AChangedRuleIsEvaluatedAnewFromTheLastKnownValue) {
  const auto rule = RuleFor(seconds(0));
  World world({rule});
  world.Submit("a", 90);
  auto changed = std::make_shared<ThresholdRule>(*rule);
  changed->threshold = 85;
  world.SetRules({changed});
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a rule_changed", "active a"}));
}

TEST(Lifecycle, AReloadWithOtherTextsKeepsTheAlertAndItsStart) {
  const auto rule = RuleFor(seconds(60));
  World world({rule});
  world.Submit("a", 90);
  const Timestamp began = world.now;
  auto renamed = std::make_shared<ThresholdRule>(*rule);
  renamed->name = "renamed";
  renamed->severity = Severity::kInfo;
  world.Advance(seconds(30));
  world.SetRules({renamed});
  world.Advance(seconds(30));
  const AlertPtr alert = world.Only(AlertState::kFiring);
  EXPECT_EQ(alert->pending_since, began);
  EXPECT_EQ(alert->rule->name, "renamed");
  EXPECT_EQ(alert->labels.Get("severity"), "info");
}

TEST(Lifecycle, AReloadKeepsTheClockOfStalenessRunning) {
  const auto rule = RuleFor(seconds(0));
  World world({rule});
  world.Submit("a", 90);
  world.Advance(minutes(3));
  auto renamed = std::make_shared<ThresholdRule>(*rule);
  renamed->name = "renamed";
  world.SetRules({renamed});
  world.Advance(minutes(1));
  world.Submit("a", 91);  // seen by the successor of the watch the alert began with
  world.Advance(minutes(4));
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 1U);
  world.Advance(minutes(1));
  EXPECT_TRUE(world.In(AlertState::kFiring).empty());
}

TEST(Lifecycle, AShorterDurationAppliesToWhatIsPending) {
  const auto rule = RuleFor(seconds(60));
  World world({rule});
  world.Submit("a", 90);
  world.Advance(seconds(20));
  auto shorter = std::make_shared<ThresholdRule>(*rule);
  shorter->duration = seconds(30);
  world.SetRules({shorter});
  world.Advance(seconds(9));
  EXPECT_TRUE(world.In(AlertState::kFiring).empty());
  world.Advance(seconds(1));
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 1U);
}

TEST(Lifecycle, EveryChangeIsWrittenBeforeTheReceiversHearOfIt) {
  class OrderSink final : public AlertSink {
   public:
    explicit OrderSink(MemoryStateStore& store) : store_(store) {}
    void Accept(std::vector<AlertPtr>) override { writes_submitted = store_.waiting(); }
    std::size_t writes_submitted = 0;

   private:
    MemoryStateStore& store_;
  };
  MemoryStateStore store(/*commit_at_once=*/false);
  OrderSink sink(store);
  AlertBook book;
  MetricRegistry registry;
  testing::NullLogSink log;
  Lifecycle lifecycle(
      {}, book, store, sink, [] { return std::string("id"); }, Logger(log, "l"), registry);
  const auto rule = RuleFor(seconds(0));
  const Timestamp now = FromUnixMillis(1'700'000'000'000);
  lifecycle.ApplyRules(std::make_shared<const RuleIndex>(RuleIndex::Rules{rule}, minutes(5)),
                       minutes(5), now);
  auto watch = std::make_shared<ThresholdWatch>(rule, Labels{{"__name__", "cpu"}}, minutes(5));
  Signal signal;
  ASSERT_TRUE(watch->OnSample({now, 90}, now, &signal));
  signal.watch = watch;
  lifecycle.Handle(signal, now);
  lifecycle.Flush();
  EXPECT_EQ(sink.writes_submitted, 1U);
}

TEST(Lifecycle, AHundredAlertsOfOneBatchAreOneWriteAndOneOffer) {
  World world({RuleFor(seconds(0))});
  // Submit() pumps after each; here all signals are taken together.
  SCOPED_TRACE("batch");
  world.Submit("warm", 10);
  const int calls_before = world.sink.calls;
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(i % 2 == 0 ? 90 : 10);
  world.SubmitHistory("a", values);  // fifty episodes within one batch
  EXPECT_EQ(world.sink.calls, calls_before + 1);
  EXPECT_EQ(world.Told().size(), 100U);
}

TEST(LifecycleRestart, FiringAlertsAreStillFiringUnderTheirIdsAndAreOfferedAgain) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  const AlertPtr before = world.Only(AlertState::kFiring);
  world.Advance(seconds(5));
  world.sink.accepted.clear();
  world.Restart();
  const AlertPtr after = world.Only(AlertState::kFiring);
  EXPECT_EQ(after->id, before->id);
  EXPECT_EQ(after->triggered_at, before->triggered_at);
  EXPECT_EQ(world.Told(), (Lines{"active a"}));
  world.Submit("a", 91);
  EXPECT_EQ(world.Told(), (Lines{"active a"}));  // the same episode goes on
  world.Advance(seconds(1));
  world.Submit("a", 10);
  EXPECT_EQ(world.Told(), (Lines{"active a", "resolved a recovered"}));
}

TEST(LifecycleRestart, AGoodFirstSampleAfterTheRestartResolves) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Restart();
  world.sink.accepted.clear();
  world.Submit("a", 10);
  EXPECT_EQ(world.Told(), (Lines{"resolved a recovered"}));
}

TEST(LifecycleRestart, APendingAlertKeepsItsStart) {
  World world({RuleFor(seconds(60))});
  world.Submit("a", 90);
  world.Advance(seconds(30));
  world.Restart();
  world.Advance(seconds(29));
  EXPECT_TRUE(world.In(AlertState::kFiring).empty());
  world.Advance(seconds(1));
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 1U);
}

TEST(LifecycleRestart, AnAcknowledgementSurvives) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Acknowledge(world.Only(AlertState::kFiring)->id);
  world.Restart();
  EXPECT_EQ(world.Only(AlertState::kAcknowledged)->acknowledged_by, "anna");
}

TEST(LifecycleRestart, TheClockOfStalenessStartsAnew) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.Advance(minutes(4));
  world.Restart();
  world.Advance(minutes(4));
  EXPECT_EQ(world.In(AlertState::kFiring).size(), 1U);
  world.Advance(minutes(1));
  EXPECT_EQ(world.Only(AlertState::kResolved)->resolved_reason, ResolveReason::kStale);
}

TEST(LifecycleRestart, ARuleDeletedMeanwhileResolvesItsAlert) {
  World world({RuleFor(seconds(0))});
  world.Submit("a", 90);
  world.sink.accepted.clear();
  world.RestartWith({});
  EXPECT_TRUE(world.In(AlertState::kFiring).empty());
  EXPECT_EQ(world.Only(AlertState::kResolved)->resolved_reason, ResolveReason::kRuleDeleted);
  EXPECT_EQ(world.Told(), (Lines{"resolved a rule_deleted"}));
}

TEST(LifecycleRestart, ARowThatCannotBeReadIsLeftAlone) {
  MemoryStateStore store(true, {{StateTable::kAlerts, {{"x", "not json"}}}});
  AlertBook book;
  RecordingAlertSink sink;
  MetricRegistry registry;
  testing::RecordingLogSink log;
  Lifecycle lifecycle(
      {}, book, store, sink, [] { return std::string("id"); }, Logger(log, "l"), registry);
  EXPECT_TRUE(lifecycle.Restore(FromUnixMillis(0)).ok());
  EXPECT_EQ(store.tables()[StateTable::kAlerts].size(), 1U);
  ASSERT_EQ(log.lines().size(), 1U);
  EXPECT_NE(log.lines()[0].find("id=x"), std::string::npos);
}

TEST(Lifecycle, AnOvertakenSignalChangesNothing) {
  MemoryStateStore store;
  AlertBook book;
  RecordingAlertSink sink;
  MetricRegistry registry;
  testing::NullLogSink log;
  Lifecycle lifecycle(
      {}, book, store, sink, [] { return std::string("id"); }, Logger(log, "l"), registry);
  const auto rule = RuleFor(seconds(0));
  const Timestamp now = FromUnixMillis(1'700'000'000'000);
  lifecycle.ApplyRules(std::make_shared<const RuleIndex>(RuleIndex::Rules{rule}, minutes(5)),
                       minutes(5), now);
  auto watch = std::make_shared<ThresholdWatch>(rule, Labels{{"__name__", "cpu"}}, minutes(5));
  Signal violating;
  Signal good;
  ASSERT_TRUE(watch->OnSample({now, 90}, now, &violating));
  ASSERT_TRUE(watch->OnSample({now + seconds(1), 10}, now, &good));
  violating.watch = watch;
  good.watch = watch;
  lifecycle.Handle(good, now);
  lifecycle.Handle(violating, now);  // came late: would fire for ever
  lifecycle.Flush();
  EXPECT_TRUE(sink.accepted.empty());
}

}  // namespace
}  // namespace tocsin::evaluator
