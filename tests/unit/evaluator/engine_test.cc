#include "evaluator/lifecycle/engine.h"

#include <gtest/gtest.h>

#include <future>

#include "base/uuid.h"
#include "evaluator/series/store.h"
#include "tests/support/evaluator_builders.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"

namespace tocsin::evaluator {
namespace {

using std::chrono::minutes;
using testing::CpuRule;

// Tells the test of every offer; the test waits for the state it expects.
class WaitingSink final : public AlertSink {
 public:
  void Accept(std::vector<AlertPtr> alerts) override {
    MutexLock lock(mu_);
    for (AlertPtr& alert : alerts) accepted_.push_back(std::move(alert));
    changed_.NotifyAll();
  }
  AlertPtr WaitFor(std::size_t index) {
    MutexLock lock(mu_);
    while (accepted_.size() <= index) changed_.Wait(mu_);
    return accepted_[index];
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::vector<AlertPtr> accepted_ GUARDED_BY(mu_);
};

class EngineTest : public ::testing::Test {
 protected:
  void Start(Duration duration) {
    auto rule = CpuRule();
    rule->duration = duration;
    const auto index = std::make_shared<const RuleIndex>(RuleIndex::Rules{rule}, minutes(5));
    ASSERT_TRUE(lifecycle_.Restore(clock_.Now()).ok());
    lifecycle_.ApplyRules(index, minutes(5), clock_.Now());
    series_.SetWatchMaker(index, clock_.Now());
    engine_.Start();
  }
  void Submit(double value) {
    SampleBatch batch(Origin::kJson);
    batch.Add(Labels{{"__name__", "cpu"}, {"host", "a"}}, {clock_.Now(), value});
    series_.Append(batch, clock_.Now());
  }

  SystemClock clock_;
  testing::NullLogSink log_;
  MetricRegistry registry_;
  testing::MemoryStateStore store_;
  AlertBook book_;
  WaitingSink sink_;
  Lifecycle lifecycle_{{}, book_, store_, sink_, RandomUuid, Logger(log_, "lifecycle"), registry_};
  Engine engine_{lifecycle_, clock_};
  SeriesStore series_{StoreLimits{}, engine_, registry_};
};

TEST_F(EngineTest, ASampleBecomesAnAlertAndACommandIsAnsweredOnceItIsStored) {
  Start(Duration(0));
  Submit(90);
  const AlertPtr firing = sink_.WaitFor(0);
  EXPECT_EQ(firing->state, AlertState::kFiring);
  std::promise<CommandResult> answered;
  engine_.Acknowledge(firing->id, {.actor = "anna"},
                      [&](CommandResult r) { answered.set_value(r); });
  EXPECT_EQ(answered.get_future().get().kind, CommandResult::Kind::kDone);
  const std::string stored = store_.tables()[StateTable::kAlerts][firing->id];
  EXPECT_EQ(ParseAlert(stored)->state, AlertState::kAcknowledged);
}

TEST_F(EngineTest, ACommandOnNothingIsAnswered) {
  Start(Duration(0));
  std::promise<CommandResult> answered;
  engine_.Resolve("nobody", "anna", "", [&](CommandResult r) { answered.set_value(r); });
  EXPECT_EQ(answered.get_future().get().kind, CommandResult::Kind::kNotFound);
}

TEST_F(EngineTest, WhatStandsInTheBookHasItsNumberWhenThatIsSaid) {
  Start(Duration(0));
  Submit(90);
  ASSERT_EQ(book_.List({AlertState::kFiring}).size(), 1U);
  std::promise<std::uint64_t> newest;
  engine_.WhenNumbered([&] { newest.set_value(store_.LastEvent()); });
  EXPECT_EQ(newest.get_future().get(), 1U);
}

TEST_F(EngineTest, TheDurationEndsByTheClockWithoutAFurtherSample) {
  Start(Duration(30));
  Submit(90);
  const AlertPtr firing = sink_.WaitFor(0);
  EXPECT_EQ(firing->state, AlertState::kFiring);
  EXPECT_GE(*firing->triggered_at - firing->pending_since, Duration(30));
}

TEST(EngineLag, IsHowLongTheThreadHasBeenAtWhatItTook) {
  // In the future: the engine waits for its timers on the real calendar.
  testing::FakeClock clock(FromUnixMillis(4'102'444'800'000));
  testing::NullLogSink log;
  MetricRegistry registry;
  testing::MemoryStateStore store;
  AlertBook book;
  WaitingSink sink;
  Lifecycle lifecycle({}, book, store, sink, RandomUuid, Logger(log, "lifecycle"), registry);
  ASSERT_TRUE(lifecycle.Restore(clock.Now()).ok());
  Engine engine(lifecycle, clock);
  engine.Start();
  EXPECT_EQ(engine.lag(), Duration(0));
  std::promise<void> begun;
  std::promise<void> may_end;
  engine.Resolve("nobody", "", "", [&](const CommandResult&) {
    begun.set_value();
    may_end.get_future().wait();
  });
  begun.get_future().wait();
  clock.Advance(std::chrono::seconds(7));
  EXPECT_EQ(engine.lag(), std::chrono::seconds(7));
  may_end.set_value();
  engine.Stop();
  EXPECT_EQ(engine.lag(), Duration(0));
}

TEST_F(EngineTest, StopDealsWithWhatWaits) {
  Start(Duration(0));
  Submit(90);
  engine_.Stop();
  EXPECT_EQ(store_.tables()[StateTable::kAlerts].size(), 1U);
}

}  // namespace
}  // namespace tocsin::evaluator
