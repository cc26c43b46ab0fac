#include "exporter/daemon/foreign_import.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "evaluator/lifecycle/lifecycle.h"
#include "exporter/daemon/rule_book.h"
#include "tests/unit/exporter/daemon/foreign_world.h"

namespace tocsin::daemon {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tocsin::testing::AlertRow;
using tocsin::testing::kAlertId;
using tocsin::testing::kNow;
using tocsin::testing::kRuleId;
using tocsin::testing::RowBuilder;
using tocsin::testing::RuleRow;
using tocsin::testing::TextValue;

// Imports into an empty database, or into what an earlier import has left.
class ForeignImportTest : public ::testing::Test {
 protected:
  // What a database is after a batch.
  using Table = std::map<std::string, std::string>;

  void Import(std::vector<RowBuilder> rules, std::vector<RowBuilder> alerts) {
    lines_.clear();
    import_.emplace(receivers_, kNow, [this](const std::string& line) { lines_.push_back(line); });
    for (const auto& [id, row] : tables_[StateTable::kManagedRules]) import_->KnowRule(id, row);
    for (const auto& [id, row] : tables_[StateTable::kAlerts]) import_->KnowAlert(id, row);
    for (RowBuilder& row : rules) import_->TakeRule(row.row());
    for (RowBuilder& row : alerts) import_->TakeAlert(row.row());
    batch_ = import_->Finish("command line (test)");
    for (const WriteBatch::Operation& each : batch_.operations()) {
      tables_[each.table][each.key] = *each.value;
    }
  }
  Alert Stored(const std::string& id) { return *ParseAlert(tables_[StateTable::kAlerts].at(id)); }
  std::vector<std::string> EventTypes() const {
    std::vector<std::string> types;
    for (const Event& event : batch_.events()) types.push_back(event.type);
    return types;
  }
  void ExpectAlerts(std::size_t imported, std::size_t known, std::size_t refused) {
    EXPECT_EQ(import_->alerts().imported, imported);
    EXPECT_EQ(import_->alerts().known, known);
    EXPECT_EQ(import_->alerts().refused, refused);
  }

  const config::ReceiverNames receivers_ = tocsin::testing::SomeReceivers();
  std::map<StateTable, Table> tables_;
  std::vector<std::string> lines_;
  std::optional<ForeignImport> import_;
  WriteBatch batch_;
};

std::string Id(int number) { return fmt::format("00000000-0000-4000-8000-{:012}", number); }
RowBuilder Resolved(int number, const std::string& at) {
  return AlertRow()
      .Set("id", TextValue(Id(number)))
      .Set("status", "resolved")
      .Set("triggered_at", "2024-01-01 00:00:00")
      .Set("resolved_at", TextValue(at));
}

TEST_F(ForeignImportTest, WritesRulesAndAlertsWithTheEventsThatTellOfThem) {
  Import({RuleRow()}, {AlertRow(), Resolved(1, "2024-05-03 12:00:00")});
  EXPECT_THAT(lines_, IsEmpty());
  EXPECT_EQ(import_->rules().imported, 1U);
  ExpectAlerts(2, 0, 0);
  EXPECT_EQ(import_->CountAlerts(AlertState::kFiring), 1U);
  EXPECT_EQ(import_->CountAlerts(AlertState::kResolved), 1U);
  EXPECT_EQ(tables_[StateTable::kManagedRules].size(), 1U);
  EXPECT_THAT(EventTypes(), ElementsAre("rule.created", "alert.active"));
  // Of now, since history is read in the order of what was written.
  for (const Event& event : batch_.events()) EXPECT_EQ(event.at, kNow);
  EXPECT_EQ(Stored(kAlertId).state, AlertState::kFiring);
  EXPECT_EQ(Stored(Id(1)).state, AlertState::kResolved);
}

TEST_F(ForeignImportTest, ASecondTimeChangesNothing) {
  std::vector<RowBuilder> alerts = {AlertRow(), Resolved(1, "2024-05-03 12:00:00"),
                                    AlertRow().Set("id", "none of ours")};
  Import({RuleRow()}, alerts);
  // People have changed it meanwhile.
  tables_[StateTable::kAlerts][kAlertId] = "{}";
  Import({RuleRow()}, alerts);
  EXPECT_TRUE(batch_.empty());
  EXPECT_EQ(import_->rules().known, 1U);
  EXPECT_EQ(import_->rules().imported, 0U);
  ExpectAlerts(0, 3, 0);
  EXPECT_THAT(lines_, IsEmpty());
}

TEST_F(ForeignImportTest, TheGoodRowsAreTakenAndTheOthersNamed) {
  Import({RuleRow().Set("id", "a").Set("name", "bad").Set("threshold", "hot"), RuleRow()},
         {AlertRow(), AlertRow().Set("id", "b").Set("status", "over")});
  EXPECT_THAT(
      lines_,
      ElementsAre("table alert_rules, rule \"bad\" (a): threshold: threshold must be a number",
                  ::testing::StartsWith("table alerts, alert \"High CPU Usage\" (b): status: ")));
  EXPECT_EQ(import_->rules().imported, 1U);
  EXPECT_EQ(import_->rules().refused, 1U);
  ExpectAlerts(1, 0, 1);
}

TEST_F(ForeignImportTest, OfTwoRowsWithOneIdTheFirstCounts) {
  Import({RuleRow(), RuleRow().Set("name", "again")},
         {AlertRow(), AlertRow().Set("name", "again")});
  EXPECT_EQ(lines_.size(), 2U);
  EXPECT_EQ(import_->rules().refused, 1U);
  ExpectAlerts(1, 0, 1);
  EXPECT_EQ(Stored(kAlertId).rule->name, "High CPU Usage");
}

TEST_F(ForeignImportTest, WhatFiresWaitsForItsRuleToBeMended) {
  const RowBuilder bad_rule = RuleRow().Set("condition", "~");
  Import({bad_rule}, {AlertRow(), Resolved(1, "2024-05-03 12:00:00")});
  ExpectAlerts(1, 0, 1);  // what is over keeps its own texts
  EXPECT_EQ(lines_.back(), std::string("table alerts, alert \"High CPU Usage\" (") + kAlertId +
                               "): rule_id: this rule was refused; mend it and import again");
  Import({RuleRow()}, {AlertRow(), Resolved(1, "2024-05-03 12:00:00")});
  ExpectAlerts(1, 1, 0);
}

TEST_F(ForeignImportTest, AnAlertWhoseRuleIsGoneIsTaken) {
  Import({}, {AlertRow()});
  ExpectAlerts(1, 0, 0);
  EXPECT_EQ(Stored(kAlertId).rule->id, kRuleId);
}

TEST_F(ForeignImportTest, OfSeveralThatFireForOneSeriesTheNewestGoesOn) {
  const auto at = [](int number, const char* time) {
    return AlertRow().Set("id", TextValue(Id(number))).Set("triggered_at", time);
  };
  Import({RuleRow()},
         {at(1, "2024-05-03 10:00:00"), at(3, "2024-05-03 12:00:00"), at(2, "2024-05-03 11:00:00"),
          at(4, "2024-05-03 09:00:00").Set("metadata", R"({"host": "another"})")});
  EXPECT_EQ(import_->CountAlerts(AlertState::kFiring), 2U);
  EXPECT_EQ(Stored(Id(3)).state, AlertState::kFiring);
  EXPECT_EQ(Stored(Id(4)).state, AlertState::kFiring);
  EXPECT_EQ(Stored(Id(1)).resolved_at, *ParseRfc3339("2024-05-03T12:00:00Z"));
  EXPECT_EQ(Stored(Id(2)).resolved_at, *ParseRfc3339("2024-05-03T12:00:00Z"));
}

TEST_F(ForeignImportTest, WhatTheDatabaseHasOfThatSeriesGoesOn) {
  Import({RuleRow()}, {AlertRow().Set("triggered_at", "2024-05-03 10:00:00")});
  Import({RuleRow()},
         {AlertRow().Set("id", TextValue(Id(1))).Set("triggered_at", "2024-05-03 11:00:00")});
  EXPECT_EQ(Stored(kAlertId).state, AlertState::kFiring);
  EXPECT_EQ(Stored(Id(1)).state, AlertState::kResolved);
  EXPECT_EQ(Stored(Id(1)).resolved_at, *ParseRfc3339("2024-05-03T11:00:00Z"));
  EXPECT_THAT(EventTypes(), IsEmpty());
}

TEST_F(ForeignImportTest, WhatWouldNotBeKeptIsLeftOut) {
  const evaluator::LifecycleOptions kept;
  const auto at = [&](int number, Timestamp time) { return Resolved(number, FormatRfc3339(time)); };
  Import({}, {at(1, kNow - kept.keep_resolved), at(2, kNow - kept.keep_resolved - hours(1))});
  ExpectAlerts(1, 0, 0);
  EXPECT_EQ(import_->alerts().expired, 1U);
  EXPECT_EQ(tables_[StateTable::kAlerts].count(Id(2)), 0U);
}

TEST_F(ForeignImportTest, OfTooManyThatAreOverTheNewestAreTaken) {
  const auto most = static_cast<int>(evaluator::LifecycleOptions().max_resolved);
  std::vector<RowBuilder> alerts;
  for (int i = 0; i < most * 2 + 2; ++i) {
    alerts.push_back(Resolved(i, FormatRfc3339(kNow - std::chrono::seconds(i))));
  }
  Import({}, alerts);
  ExpectAlerts(static_cast<std::size_t>(most), 0, 0);
  EXPECT_EQ(import_->alerts().expired, static_cast<std::size_t>(most + 2));
  EXPECT_EQ(tables_[StateTable::kAlerts].count(Id(most - 1)), 1U);
  EXPECT_EQ(tables_[StateTable::kAlerts].count(Id(most)), 0U);
  // Those that are there count: the older ones get no place because of being new.
  alerts.erase(alerts.begin(), alerts.begin() + most - 1);
  alerts.resize(3, AlertRow());
  Import({}, std::move(alerts));
  ExpectAlerts(0, 1, 0);
}

TEST_F(ForeignImportTest, ThereAreNoMoreRulesThanTheApiWouldMake) {
  for (std::size_t i = 0; i < kMaxManagedRules - 1; ++i) {
    tables_[StateTable::kManagedRules][std::to_string(i)] = "unreadable";
  }
  Import({RuleRow(), RuleRow().Set("id", "one more")}, {});
  EXPECT_EQ(import_->rules().imported, 1U);
  EXPECT_EQ(import_->rules().refused, 1U);
}

}  // namespace
}  // namespace tocsin::daemon
