#include "exporter/security/audit_tail.h"

#include "tests/unit/exporter/security/security_world.h"

namespace tocsin::security {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

AuditRecord Imported(const std::string& target) {
  AuditRecord record;
  record.action = "rule.import";
  record.target = target;
  record.outcome = "done";
  return record;
}

// As a command does it: read, append, written at once.
void Note(testing::MemoryStateStore& store, Timestamp at, const std::vector<std::string>& targets) {
  AuditTail tail = AuditTail::Read(store).value();
  WriteBatch batch;
  for (const std::string& target : targets) tail.Append(at, Imported(target), &batch);
  store.Submit(std::move(batch), nullptr);
}

std::vector<std::string> Targets(const SecurityWorld& world) {
  std::vector<std::string> targets;
  for (const nlohmann::json& entry : world.Entries()) targets.push_back(entry["target"]);
  return targets;
}

TEST(AuditTail, BeginsAChainThatTheDaemonGoesOnWith) {
  testing::MemoryStateStore store(true, {});
  Note(store, testing::FakeClock().Now(), {"a", "b"});
  SecurityWorld world(store.tables());
  EXPECT_THAT(Targets(world), ElementsAre("a", "b"));
  world.audit.Append(Imported("c"));
  EXPECT_THAT(Targets(world), ElementsAre("a", "b", "c"));
  EXPECT_EQ(world.Entries().back()["seq"], 4);  // after the beginning, written once
  EXPECT_THAT(world.VerifyFindings(), IsEmpty());
}

TEST(AuditTail, GoesOnWithTheChainOfADaemon) {
  SecurityWorld world;
  world.audit.Append(Imported("a"));
  Note(world.store, world.clock.Now(), {"b"});
  Note(world.store, world.clock.Now(), {"c"});
  EXPECT_THAT(Targets(world), ElementsAre("a", "b", "c"));
  EXPECT_THAT(world.VerifyFindings(), IsEmpty());
}

TEST(AuditTail, WhatWasCutOffStaysVisible) {
  SecurityWorld world;
  world.audit.Append(Imported("a"));
  world.audit.Append(Imported("b"));
  testing::MemoryStateStore::Tables tables = world.store.tables();
  tables[StateTable::kAudit].erase(AuditKey(3));
  testing::MemoryStateStore store(true, std::move(tables));
  Note(store, world.clock.Now(), {"c"});
  SecurityWorld later(store.tables());
  EXPECT_THAT(Targets(later), ElementsAre("a", "c"));
  EXPECT_THAT(later.VerifyFindings(), ElementsAre("entry 3 is missing"));
}

}  // namespace
}  // namespace tocsin::security
