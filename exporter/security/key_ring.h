// KeyRing: the API keys there are, and whose a token is.
//
// Keys live in the database, where `tocsin keys` of another process makes and revokes them too: the
// table is read again every few seconds (Tend) and when a token names a key that is not known, at
// most once a second. Those of TOCSIN_API_KEYS are held as hashes and never stored. A look-up reads
// two snapshots and hashes the token once; that a key was used is noted in memory and written at
// most once a minute.
//
// Once a key was seen, requests need one until the process ends, whatever happens to the table: a
// door that opens by itself when the last key goes would be a trap. Any thread; Tend() is for one
// at a time.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/snapshot.h"
#include "base/state_store.h"
#include "config/settings.h"
#include "exporter/security/api_key.h"
#include "exporter/security/audit_log.h"

namespace tocsin::security {

class KeyRing {
 public:
  // Everything outlives the object.
  KeyRing(StateStore& store, AuditLog& audit, const Clock& clock, Logger log);

  // Reads the table, before the first request.
  Status Restore() EXCLUDES(reading_, mu_);
  void SetEnvironment(const std::vector<config::EnvironmentKey>& keys) EXCLUDES(mu_);

  // Whether requests need a key.
  bool asks() const { return asks_; }
  // The key that a token belongs to, if it may be used now; else null.
  std::shared_ptr<const ApiKey> Find(std::string_view token, Timestamp now) EXCLUDES(reading_, mu_);

  // What the holder of a key may do now; nothing where there is no such key, or not any more. Is no
  // use of the key.
  std::optional<Scopes> ScopesOf(std::string_view id, Timestamp now) const;

  // `committed` as StateStore has it; the key is in force once the table was read again, as Refresh
  // does.
  void Add(const ApiKey& key, StateStore::Committed committed) EXCLUDES(mu_);
  void Refresh() EXCLUDES(reading_, mu_);

  enum class Revoking : std::uint8_t { kDone, kUnknown, kOfEnvironment };
  // In force at once. One that is revoked already stays as it is; `committed` is not called then,
  // nor where the answer is not kDone.
  Revoking Revoke(std::string_view id, Timestamp now, StateStore::Committed committed)
      EXCLUDES(reading_, mu_);

  struct View {
    ApiKey key;
    std::optional<Timestamp> last_used_at;
  };
  // Those of the environment first, then by their ids.
  std::vector<View> List() const;

  // Reads the table again and writes what was used.
  void Tend(Timestamp now) EXCLUDES(reading_, mu_);
  // Writes all that was used: the daemon stops.
  void Close() EXCLUDES(mu_);

 private:
  static constexpr std::int64_t kNever = -1;
  struct Held {
    ApiKey key;
    mutable std::atomic<std::int64_t> last_used{kNever};  // milliseconds since 1970
  };
  using HeldPtr = std::shared_ptr<const Held>;
  using Stored = std::map<std::string, HeldPtr, std::less<>>;  // by id
  using OfEnvironment = std::vector<HeldPtr>;

  Status Read() REQUIRES_LOCK(reading_) EXCLUDES(mu_);
  HeldPtr Hold(ApiKey key, const Stored& before, const std::optional<KeyUse>& use) const;
  // Tells the audit log what other processes have done.
  void NoteNews(const Stored& keys, const std::map<std::string, KeyUse>& uses) EXCLUDES(mu_);
  HeldPtr FindStored(std::string_view token, const TokenHash& hash) EXCLUDES(reading_, mu_);
  HeldPtr FindInEnvironment(const TokenHash& hash) const;
  std::string EnvironmentId(const TokenHash& hash) EXCLUDES(mu_);
  // A token names a key that is not known: another process may just have made it.
  bool ReadForUnknown() EXCLUDES(reading_, mu_);
  void WriteUses(bool all) EXCLUDES(mu_);

  StateStore& store_;
  AuditLog& audit_;
  const Clock& clock_;
  const Logger log_;

  // synchronise themselves
  std::atomic<bool> asks_{false};
  std::atomic<std::int64_t> last_read_ns_{0};  // monotonic
  Snapshot<Stored> stored_{std::make_shared<const Stored>()};
  Snapshot<OfEnvironment> environment_{std::make_shared<const OfEnvironment>()};

  Mutex reading_;  // held while the table is read: slow on a slow disk, so look-ups only try it
  bool has_failed_ GUARDED_BY(reading_) = false;  // the last reading, which is said once

  mutable Mutex mu_;
  std::size_t environment_keys_ GUARDED_BY(mu_) = 0;          // that there ever were
  std::map<std::string, KeyUse> uses_ GUARDED_BY(mu_);        // as written last
  std::map<std::string, Timestamp> revoked_ GUARDED_BY(mu_);  // here, maybe not yet durable
  std::map<std::string, bool> damaged_ GUARDED_BY(mu_);       // rows that were complained of
};

}  // namespace tocsin::security
