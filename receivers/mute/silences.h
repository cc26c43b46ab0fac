// Silences: what people have asked not to be told about, for a time.
//
// Durable at once: a change is answered when it is committed. Any thread; nobody who asks waits for
// a write. Expired silences stay for the retention.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/log.h"
#include "base/matcher.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/state_store.h"
#include "base/time.h"
#include "receivers/state_metrics.h"

namespace tocsin::receivers {

enum class SilenceState : std::uint8_t { kPending, kActive, kExpired };
std::string_view SilenceStateName(SilenceState state);  // "pending", "active", "expired"

struct Silence {
  std::string id;                 // UUID; empty: a new one
  std::vector<Matcher> matchers;  // AND, in the order in which they were given
  Timestamp starts_at;
  Timestamp ends_at;
  Timestamp updated_at;
  std::string created_by;
  std::string comment;
  std::vector<std::pair<std::string, std::string>> annotations;
  bool end_recorded = false;  // of one that ended as planned: the history has it

  SilenceState StateAt(Timestamp t) const;
};
using SilencePtr = std::shared_ptr<const Silence>;

// A row of the state store.
std::string SerializeSilence(const Silence& silence);
Result<Silence> ParseSilence(std::string_view json);

struct SilenceLimits {
  std::size_t max_silences = 0;    // expired ones count; 0: no limit
  std::size_t max_size_bytes = 0;  // of one, as it is stored; 0: no limit
  Duration retention{std::chrono::hours(120)};
};

// Why a silence was not taken.
struct SilenceRefusal {
  enum class Kind : std::uint8_t { kNotFound, kInvalid };
  Kind kind = Kind::kInvalid;
  std::string message;
};

class Silences {
 public:
  // Told of every change once it is committed (or could not be: the store keeps it and tries
  // again). Runs on the store's thread.
  using Committed = std::function<void(const Status&)>;

  // `make_id` gives UUIDs. `store` and `metrics`, which may be null, outlive the object. With
  // `record_events` the history gets silence.created, silence.updated and silence.expired.
  Silences(SilenceLimits limits, StateStore& store, std::function<std::string()> make_id,
           StateMetrics* metrics = nullptr, bool record_events = false);

  // Before any other thread has it: from now on every change that somebody makes is logged.
  void LogChanges(const Logger& log) { log_.emplace(log); }

  // Before anything else: reads what an earlier process left. A row that cannot be read fails it,
  // since a lost silence would page people.
  Status Restore();

  // A new silence, or an update of the one with its id; returns the id that is in force, a new one
  // where the change is more than an update (then the old one is expired). That is `new_id`, which
  // no silence must have, or a random one where it is empty.
  std::optional<SilenceRefusal> Set(Silence silence, Timestamp now, std::string* id,
                                    Committed committed, const std::string& new_id = "")
      EXCLUDES(mu_, write_order_);
  // False where there is none; `committed` is then not called.
  bool Expire(std::string_view id, Timestamp now, Committed committed) EXCLUDES(mu_, write_order_);

  // Null where there is none.
  SilencePtr Find(std::string_view id) const EXCLUDES(mu_);
  // By id.
  std::vector<SilencePtr> All() const EXCLUDES(mu_);
  // The ids of the active silences that mute these labels, sorted.
  std::vector<std::string> MutedBy(LabelsView labels, Timestamp now) const EXCLUDES(mu_);

  // Records the end of those that have ended as planned, each once.
  void RecordEnds(Timestamp now) EXCLUDES(mu_, write_order_);
  // Forgets what has been expired for longer than the retention.
  void ForgetOld(Timestamp now) EXCLUDES(mu_, write_order_);

 private:
  std::optional<SilenceRefusal> Check(const Silence& silence, Timestamp now) const
      REQUIRES_LOCK(mu_);
  std::optional<SilenceRefusal> CheckSize(const Silence& silence) const REQUIRES_LOCK(mu_);
  void Put(Silence silence, WriteBatch* batch) REQUIRES_LOCK(mu_);
  void ExpireIn(const Silence& silence, Timestamp now, WriteBatch* batch) REQUIRES_LOCK(mu_);
  void Log(const char* change, const Silence& silence) const;
  void Record(const char* type, const Silence& silence, Timestamp at, WriteBatch* batch) const;

  const SilenceLimits limits_;
  const bool record_events_;
  StateStore& store_;
  const std::function<std::string()> make_id_;
  StateMetrics* const metrics_;
  std::optional<Logger> log_;

  Mutex write_order_;  // held over a change and the handing over of its rows
  mutable Mutex mu_;
  std::map<std::string, SilencePtr, std::less<>> silences_ GUARDED_BY(mu_);
};

}  // namespace tocsin::receivers
