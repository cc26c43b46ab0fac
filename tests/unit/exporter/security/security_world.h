// Keys, limits and the audit log over a state store in memory, at a time that stands.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json_library.h"
#include "exporter/security/access_guard.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"

namespace tocsin::security {

class SecurityWorld {
 public:
  explicit SecurityWorld(testing::MemoryStateStore::Tables tables = {}, AuditLimits limits = {})
      : store(true, std::move(tables)),
        audit(store, clock, Logger(log, "audit"), metrics, limits),
        keys(store, audit, clock, Logger(log, "keys")) {
    CHECK(audit.Restore().ok());
    CHECK(keys.Restore().ok());
  }

  // A key in the table, in force at once.
  MadeKey Make(Scopes scopes, const std::string& name = "ci",
               std::optional<Timestamp> expires_at = std::nullopt) {
    MadeKey made = MakeKey({name, scopes, "test", expires_at}, clock.Now());
    keys.Add(made.key, [](const Status&) {});
    keys.Refresh();
    return made;
  }
  // As `tocsin keys` of another process does.
  void WriteRow(const ApiKey& key) {
    WriteBatch batch;
    batch.Put(StateTable::kApiKeys, std::string(kKeyRows) + key.id, KeyRow(key));
    store.Submit(std::move(batch), nullptr);
  }
  bool Opens(const MadeKey& made) { return keys.Find(made.token.Reveal(), clock.Now()) != nullptr; }

  // The audit log, oldest first, without its beginning.
  std::vector<nlohmann::json> Entries() const {
    std::vector<nlohmann::json> entries;
    const auto rows = audit.Newest(std::nullopt, 10'000);
    for (const std::string& row : *rows) {
      nlohmann::json entry = ParseJson(row);
      if (entry["action"] != "audit.begin") entries.insert(entries.begin(), std::move(entry));
    }
    return entries;
  }
  std::vector<std::string> Actions() const {
    std::vector<std::string> actions;
    for (const nlohmann::json& entry : Entries()) actions.push_back(entry["action"]);
    return actions;
  }
  std::vector<std::string> VerifyFindings() const {
    AuditVerifier verifier;
    std::optional<std::string> head;
    const auto rows = store.Scan(StateTable::kAudit);
    for (const auto& [key, row] : *rows) {
      if (key == kAuditHead) {
        head = row;
      } else {
        verifier.Take(key, row);
      }
    }
    return verifier.Finish(head);
  }

  testing::FakeClock clock;
  testing::RecordingLogSink log;
  MetricRegistry metrics;
  testing::MemoryStateStore store;
  AuditLog audit;
  KeyRing keys;
};

}  // namespace tocsin::security
