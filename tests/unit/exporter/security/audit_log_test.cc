#include "exporter/security/audit_log.h"

#include "tests/unit/exporter/security/security_world.h"

namespace tocsin::security {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

AuditRecord LogRecord(const std::string& action, const std::string& from = "10.0.0.1") {
  AuditRecord record;
  record.action = action;
  record.from = from;
  record.outcome = "401";
  return record;
}

std::vector<std::uint64_t> Counts(const SecurityWorld& world) {
  std::vector<std::uint64_t> counts;
  for (const nlohmann::json& entry : world.Entries()) counts.push_back(entry["count"]);
  return counts;
}

TEST(AuditLog, BeginsAChainAndGoesOnWithItAfterARestart) {
  SecurityWorld world;
  EXPECT_EQ(world.audit.Newest(std::nullopt, 10).value().size(), 1U);
  world.audit.Append(LogRecord("first"));
  SecurityWorld later(world.store.tables());
  later.audit.Append(LogRecord("second"));
  EXPECT_THAT(later.Actions(), ElementsAre("first", "second"));
  EXPECT_EQ(later.Entries().back()["seq"], 3);
  EXPECT_THAT(later.VerifyFindings(), IsEmpty());
  EXPECT_THAT(later.log.lines(), IsEmpty());
}

TEST(AuditLog, WhatWasCutOffStaysVisible) {
  SecurityWorld world;
  for (const char* action : {"first", "second", "third"}) world.audit.Append(LogRecord(action));
  testing::MemoryStateStore::Tables tables = world.store.tables();
  tables[StateTable::kAudit].erase(AuditKey(4));
  SecurityWorld later(tables);
  later.audit.Append(LogRecord("fifth"));
  EXPECT_THAT(later.VerifyFindings(), ElementsAre("entry 4 is missing"));
  EXPECT_THAT(later.log.lines(), ElementsAre(::testing::HasSubstr("the audit log was altered")));
}

TEST(AuditLog, ListsTheNewestFirst) {
  SecurityWorld world;
  world.audit.Append(LogRecord("old"));
  world.clock.Advance(seconds(10));
  const Timestamp since = world.clock.Now();
  world.audit.Append(LogRecord("new"));
  world.audit.Append(LogRecord("newest"));
  const auto actions = [&world](const std::optional<Timestamp>& from, std::size_t limit) {
    std::vector<std::string> list;
    const auto rows = world.audit.Newest(from, limit);
    for (const std::string& row : *rows) {
      list.push_back(ParseJson(row)["action"]);
    }
    return list;
  };
  EXPECT_THAT(actions(std::nullopt, 2), ElementsAre("newest", "new"));
  EXPECT_THAT(actions(std::nullopt, 9), ElementsAre("newest", "new", "old", "audit.begin"));
  EXPECT_THAT(actions(since, 9), ElementsAre("newest", "new"));
}

TEST(AuditLog, SaysWhenWhatWasAppendedIsDurable) {
  testing::FakeClock clock;
  testing::NullLogSink log;
  MetricRegistry metrics;
  testing::MemoryStateStore store(/*commit_at_once=*/false);
  AuditLog audit(store, clock, Logger(log, "audit"), metrics);
  ASSERT_TRUE(audit.Restore().ok());
  audit.Append(LogRecord("first"));
  std::size_t seen = 0;
  audit.WhenWritten([&](const Status&) { seen = audit.Newest(std::nullopt, 10).value().size(); });
  EXPECT_EQ(seen, 0U);
  store.CommitAll();
  EXPECT_EQ(seen, 2U);
}

TEST(AuditLog, RefusalsOfOneKindWithinAMinuteAreTwoEntriesHoweverManyTheyAre) {
  SecurityWorld world;
  for (int i = 0; i < 10'000; ++i) world.audit.Refuse(LogRecord("access.refused"), "401");
  EXPECT_THAT(Counts(world), ElementsAre(1));
  world.clock.Advance(seconds(59));
  world.audit.Tend(world.clock.Now());
  EXPECT_THAT(Counts(world), ElementsAre(1));
  world.clock.Advance(seconds(1));
  world.audit.Tend(world.clock.Now());
  EXPECT_THAT(Counts(world), ElementsAre(1, 9'999));
  // And then anew.
  world.audit.Refuse(LogRecord("access.refused"), "401");
  EXPECT_THAT(Counts(world), ElementsAre(1, 9'999, 1));
}

TEST(AuditLog, ASingleRefusalIsOneEntry) {
  SecurityWorld world;
  world.audit.Refuse(LogRecord("access.refused"), "401");
  world.clock.Advance(seconds(61));
  world.audit.Tend(world.clock.Now());
  world.audit.Close();
  EXPECT_THAT(Counts(world), ElementsAre(1));
}

TEST(AuditLog, RefusalsOfOtherKindsAndAddressesAreEntriesOfTheirOwn) {
  SecurityWorld world;
  world.audit.Refuse(LogRecord("a"), "401");
  world.audit.Refuse(LogRecord("b"), "403");
  world.audit.Refuse(LogRecord("c", "10.0.0.2"), "401");
  EXPECT_THAT(Counts(world), ElementsAre(1, 1, 1));
}

TEST(AuditLog, ManyAddressesCannotFillIt) {
  AuditLimits limits;
  limits.refusal_windows = 5;
  SecurityWorld world({}, limits);
  for (int i = 0; i < 1'000; ++i) {
    world.audit.Refuse(LogRecord("access.refused", "10.0.0." + std::to_string(i)), "401");
  }
  EXPECT_EQ(Counts(world).size(), 6U);
  world.audit.Close();
  EXPECT_THAT(Counts(world), ElementsAre(1, 1, 1, 1, 1, 1, 994));
  EXPECT_EQ(world.Entries().back()["from"], "many addresses");
}

TEST(AuditLog, PrunesWhatIsTooMuchAndLeavesACheckpoint) {
  AuditLimits limits;
  limits.most_entries = 20;
  SecurityWorld world({}, limits);
  for (int i = 0; i < 100; ++i) world.audit.Append(LogRecord("change"));
  world.audit.Tend(world.clock.Now());
  EXPECT_EQ(world.Actions().size(), 21U);  // and the checkpoint
  EXPECT_EQ(world.Actions().back(), "audit.prune");
  EXPECT_THAT(world.VerifyFindings(), IsEmpty());
  for (int i = 0; i < 100; ++i) world.audit.Append(LogRecord("change"));
  world.audit.Tend(world.clock.Now());
  EXPECT_EQ(world.Actions().size(), 21U);
  EXPECT_THAT(world.VerifyFindings(), IsEmpty());
  SecurityWorld later(world.store.tables(), limits);
  later.audit.Append(LogRecord("change"));
  EXPECT_THAT(later.VerifyFindings(), IsEmpty());
}

TEST(AuditLog, PrunesWhatIsTooOld) {
  AuditLimits limits;
  limits.longest = hours(24);
  SecurityWorld world({}, limits);
  world.audit.Append(LogRecord("old"));
  world.clock.Advance(hours(23));
  world.audit.Append(LogRecord("young"));
  world.audit.Tend(world.clock.Now());
  EXPECT_THAT(world.Actions(), ElementsAre("old", "young"));
  world.clock.Advance(hours(2));
  world.audit.Tend(world.clock.Now());
  EXPECT_THAT(world.Actions(), ElementsAre("young", "audit.prune"));
  EXPECT_THAT(world.VerifyFindings(), IsEmpty());
}

}  // namespace
}  // namespace tocsin::security
