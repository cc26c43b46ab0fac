#include "exporter/daemon/rule_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/evaluator_builders.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"

namespace tocsin::daemon {
namespace {

using api::RuleOutcome;
using ::testing::ElementsAre;

api::RuleBody Body(const std::string& name, double threshold = 80) {
  api::RuleBody body;
  body.name = name;
  body.metric_name = "cpu";
  body.threshold_text = "80";
  body.threshold = threshold;
  return body;
}

// Commands as web workers give them; the jobs of the main thread run on one of the test's own.
class RuleBookTest : public ::testing::Test {
 protected:
  RuleBookTest()
      : book_(
            store_, queue_, clock_, [this] { return "id-" + std::to_string(++ids_); },
            [this] { ApplyNow(); }, Logger(log_, "rules")),
        commands_(book_.Commands()),
        main_([this] { RunMain(); }) {}
  ~RuleBookTest() override { StopMain(); }

  void RunMain() {
    for (MainQueue::Wishes wishes = queue_.Take(); !wishes.stop; wishes = queue_.Take()) {
      for (const auto& job : wishes.jobs) job();
    }
    queue_.Close();
  }
  void StopMain() {
    if (!main_.joinable()) return;
    queue_.AskStop("the test ends");
    main_.join();
  }
  void ApplyNow() {
    in_force_.clear();
    for (const auto& rule : book_.Combined({testing::CpuRule("of-file")})) {
      in_force_.push_back(rule->id + " " + rule->name);
    }
  }

  testing::NullLogSink log_;
  testing::FakeClock clock_{FromUnixMillis(1'000'000)};
  testing::MemoryStateStore store_;
  MainQueue queue_;
  int ids_ = 0;
  std::vector<std::string> in_force_;
  RuleBook book_;
  api::RuleCommands commands_;
  std::thread main_;
};

TEST_F(RuleBookTest, ANewRuleIsInForceBesideThoseOfFilesAndDurable) {
  const RuleOutcome made = commands_.create(Body("hot"), "anna", "");
  EXPECT_EQ(made.kind, RuleOutcome::Kind::kDone);
  ASSERT_NE(made.rule, nullptr);
  EXPECT_EQ(made.rule->rule->id, "id-1");
  EXPECT_EQ(made.rule->created_at, clock_.Now());
  EXPECT_EQ(made.rule->created_by, "anna");
  EXPECT_THAT(in_force_, ElementsAre("of-file High CPU", "id-1 hot"));
  EXPECT_EQ(store_.Scan(StateTable::kManagedRules)->size(), 1U);
}

TEST_F(RuleBookTest, TheSameTwiceIsTwoRulesUnlessItsIdSaysThatItIsOne) {
  EXPECT_NE(commands_.create(Body("hot"), "anna", "").rule->rule->id,
            commands_.create(Body("hot"), "anna", "").rule->rule->id);
  const std::string id = commands_.create(Body("hot"), "anna", "wanted-1").rule->rule->id;
  EXPECT_EQ(id, "wanted-1");
  EXPECT_EQ(commands_.create(Body("hot"), "anna", "wanted-1").rule->rule->id, id);
  EXPECT_NE(commands_.create(Body("hot"), "anna", "wanted-2").rule->rule->id, id);
  EXPECT_EQ(store_.Scan(StateTable::kManagedRules)->size(), 4U);
}

TEST_F(RuleBookTest, AChangeKeepsIdAndOrigin) {
  const RuleOutcome made = commands_.create(Body("hot"), "anna", "");
  clock_.Advance(std::chrono::minutes(1));
  api::RuleBody body;
  body.threshold = 90;
  body.threshold_text = "90";
  const RuleOutcome changed = commands_.update(made.rule->rule->id, body, "ben");
  EXPECT_EQ(changed.rule->rule->name, "hot");
  EXPECT_EQ(changed.rule->rule->threshold, 90);
  EXPECT_EQ(changed.rule->created_at, made.rule->created_at);
  EXPECT_EQ(changed.rule->created_by, "anna");
  EXPECT_EQ(changed.rule->updated_at, clock_.Now());
}

TEST_F(RuleBookTest, ARemovedRuleIsInForceNoMore) {
  commands_.create(Body("hot"), "anna", "");
  const RuleOutcome removed = commands_.remove("id-1", "anna");
  EXPECT_EQ(removed.kind, RuleOutcome::Kind::kDone);
  EXPECT_EQ(removed.rule, nullptr);
  EXPECT_THAT(in_force_, ElementsAre("of-file High CPU"));
}

TEST_F(RuleBookTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(commands_.update("nobody", {}, "anna").kind, RuleOutcome::Kind::kNotFound);
  EXPECT_EQ(commands_.remove("nobody", "anna").kind, RuleOutcome::Kind::kNotFound);
  EXPECT_TRUE(in_force_.empty());
}

TEST_F(RuleBookTest, NothingIsChangedWhenTheDaemonStops) {
  StopMain();
  EXPECT_EQ(commands_.create(Body("hot"), "anna", "").kind, RuleOutcome::Kind::kStopping);
  EXPECT_TRUE(store_.Scan(StateTable::kManagedRules)->empty());
}

}  // namespace
}  // namespace tocsin::daemon
