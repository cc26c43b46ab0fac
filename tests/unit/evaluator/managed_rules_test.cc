#include "evaluator/rules/managed_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"

namespace tocsin::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr std::int64_t kMadeAt = 1'714'557'600'000;

ManagedRulePtr RuleOf(const std::string& id, std::int64_t created_ms = kMadeAt,
                      double threshold = 80.5) {
  ThresholdRule rule;
  rule.id = id;
  rule.name = "CPU \"<b>\" 💥";
  rule.description = "too high";
  rule.metric_name = "system.cpu.usage";
  rule.series_name = "system_cpu_usage";
  rule.matchers = {Matcher::Equal("host", "a")};
  rule.condition = Condition::kGreaterEqual;
  rule.threshold = threshold;
  rule.threshold_text = "80.50";
  rule.duration = std::chrono::seconds(60);
  rule.severity = Severity::kHigh;
  rule.enabled = false;
  rule.notification_channels = {"email", "slack"};
  rule.notification_template = "{value} on {host}";
  rule.cooldown = std::chrono::seconds(7);
  ManagedRule managed;
  managed.rule = std::make_shared<const ThresholdRule>(std::move(rule));
  managed.created_at = FromUnixMillis(created_ms);
  managed.updated_at = FromUnixMillis(created_ms + 5);
  managed.created_by = "anna";
  return std::make_shared<const ManagedRule>(std::move(managed));
}

class ManagedRulesTest : public ::testing::Test {
 protected:
  // What a restart finds.
  ManagedRules Restored() {
    ManagedRules rules(store_, Logger(log_, "rules"));
    EXPECT_TRUE(rules.Restore().ok());
    return rules;
  }
  std::vector<std::string> Recorded() const {
    std::vector<std::string> types;
    for (const Event& event : store_.events()) {
      types.push_back(event.type + " " + event.rule_id);
    }
    return types;
  }

  testing::NullLogSink log_;
  testing::MemoryStateStore store_;
  ManagedRules rules_{store_, Logger(log_, "rules")};
};

TEST_F(ManagedRulesTest, AreTheSameAfterARestart) {
  rules_.Put(RuleOf("r1"), "anna", nullptr);
  const ManagedRulePtr found = Restored().Find("r1");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found->rule, *RuleOf("r1")->rule);
  EXPECT_EQ(found->created_at, FromUnixMillis(kMadeAt));
  EXPECT_EQ(found->updated_at, FromUnixMillis(kMadeAt + 5));
  EXPECT_EQ(found->created_by, "anna");
}

TEST_F(ManagedRulesTest, StandInTheOrderInWhichTheyWereMade) {
  rules_.Put(RuleOf("a", kMadeAt + 1), "anna", nullptr);
  rules_.Put(RuleOf("b", kMadeAt), "anna", nullptr);
  std::vector<std::string> ids;
  for (const ManagedRulePtr& rule : Restored().List()) ids.push_back(rule->rule->id);
  EXPECT_THAT(ids, ElementsAre("b", "a"));
}

TEST_F(ManagedRulesTest, AreGoneForGoodOnceTheyAreRemoved) {
  rules_.Put(RuleOf("r1"), "anna", nullptr);
  rules_.Remove("r1", "ben", FromUnixMillis(kMadeAt + 9), nullptr);
  EXPECT_EQ(rules_.Find("r1"), nullptr);
  EXPECT_EQ(Restored().size(), 0U);
}

TEST_F(ManagedRulesTest, EachChangeIsRecordedWithWhoMadeIt) {
  rules_.Put(RuleOf("r1"), "anna", nullptr);
  rules_.Put(RuleOf("r1", kMadeAt, 90), "ben", nullptr);
  rules_.Remove("r1", "carl", FromUnixMillis(kMadeAt + 9), nullptr);
  EXPECT_THAT(Recorded(), ElementsAre("rule.created r1", "rule.updated r1", "rule.deleted r1"));
  EXPECT_THAT(store_.events().at(1).body, HasSubstr("\"actor\":\"ben\""));
}

TEST_F(ManagedRulesTest, WhoAsksHearsOfTheCommit) {
  testing::MemoryStateStore slow(/*commit_at_once=*/false);
  ManagedRules rules(slow, Logger(log_, "rules"));
  std::vector<bool> heard;
  rules.Put(RuleOf("r1"), "anna", [&](const Status& status) { heard.push_back(status.ok()); });
  EXPECT_TRUE(heard.empty());
  slow.CommitAll();
  EXPECT_THAT(heard, ElementsAre(true));
}

TEST_F(ManagedRulesTest, ARowThatCannotBeReadIsLeftAloneAndTheOthersAreThere) {
  rules_.Put(RuleOf("r1"), "anna", nullptr);
  for (const char* row : {"", "{}", "no JSON", R"({"v":99})", R"({"v":1,"rule":{}})"}) {
    WriteBatch batch;
    batch.Put(StateTable::kManagedRules, "bad", row);
    store_.Submit(std::move(batch), nullptr);
    const ManagedRules restored = Restored();
    EXPECT_EQ(restored.size(), 1U) << row;
    EXPECT_NE(restored.Find("r1"), nullptr) << row;
    EXPECT_THAT(*store_.Scan(StateTable::kManagedRules), ::testing::Contains(Pair("bad", row)));
  }
}

}  // namespace
}  // namespace tocsin::evaluator
