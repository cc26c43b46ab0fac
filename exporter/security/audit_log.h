// AuditLog: who changed what, and who was refused, in the chain of audit_chain.h.
//
// Entries are written behind the request: a change is answered when it is durable, its entry
// follows in the next commit. Refusals are bounded, since anybody may cause them: the first of a
// kind from an address is an entry at once, those of the next minute become one more with their
// count.
//
// Any thread; Tend() is for one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/state_store.h"
#include "exporter/security/audit_chain.h"

namespace tocsin::security {

struct AuditLimits {
  std::uint64_t most_entries = 100'000;  // the oldest of more are pruned
  Duration longest{std::chrono::hours(24 * 365)};
  Duration refusal_window{std::chrono::minutes(1)};
  std::size_t refusal_windows = 1'000;  // beyond these many at once refusals share one
};

class AuditLog {
 public:
  // Everything outlives the object.
  AuditLog(StateStore& store, const Clock& clock, Logger log, MetricRegistry& metrics,
           AuditLimits limits = {});

  // Finds the end of the chain, before anything is appended; begins one where there is none.
  Status Restore() EXCLUDES(order_);

  // Never waits.
  void Append(const AuditRecord& record) EXCLUDES(order_);
  // `record` is one refusal; `kind` says which are alike, together with record.from.
  void Refuse(const AuditRecord& record, std::string_view kind) EXCLUDES(mu_, order_);

  // Writes the counts of refusals whose time is over, and prunes.
  void Tend(Timestamp now) EXCLUDES(mu_, order_);
  // Writes all counts: the daemon stops.
  void Close() EXCLUDES(mu_, order_);

  // Calls back once all that was appended before is durable, or cannot be written now.
  void WhenWritten(StateStore::Committed written) const;
  // The newest entries first, as JSON objects, none that is older than `since`. Sees what is
  // durable.
  Result<std::vector<std::string>> Newest(const std::optional<Timestamp>& since,
                                          std::size_t limit) const;

 private:
  // Refusals of one kind from one address.
  struct Window {
    Timestamp since;
    std::uint64_t count = 0;  // behind the first
    AuditRecord last;
  };

  void AppendIn(const AuditRecord& record, WriteBatch batch) REQUIRES_LOCK(order_);
  void CloseWindows(const std::optional<Timestamp>& now) EXCLUDES(mu_, order_);
  // Deletes the entries up to `through`, of which there are a thousand at most.
  void PruneThrough(std::uint64_t through) EXCLUDES(order_);
  std::optional<std::uint64_t> NextToPrune(Timestamp now) const EXCLUDES(order_);

  StateStore& store_;
  const Clock& clock_;
  const Logger log_;
  const AuditLimits limits_;
  prometheus::Counter& entries_;

  // Held while an entry is sealed and handed to the store, whose Submit never waits: entries must
  // reach it in their order.
  mutable Mutex order_;
  AuditHead head_ GUARDED_BY(order_);
  std::uint64_t first_ GUARDED_BY(order_) = 1;  // the oldest entry there is

  Mutex mu_;
  std::map<std::string, Window, std::less<>> windows_ GUARDED_BY(mu_);
};

}  // namespace tocsin::security
