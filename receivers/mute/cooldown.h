// Cooldown clocks: until when a new episode of a rule and label set is not announced. One clock per
// fingerprint, not per receiver; kept in the state store, so that it runs on over a restart.
//
// Belongs to the delivery book, on the dispatcher's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/state_store.h"
#include "base/time.h"

namespace tocsin::receivers {

class CooldownClocks {
 public:
  // The keys of its rows in StateTable::kAnnouncements begin so.
  static constexpr std::string_view kKeyPrefix = "cooldown/";

  // A row of the store; false if it cannot be read.
  bool Restore(std::string_view key, std::string_view value);

  // When the clock of a fingerprint ends, if it runs.
  std::optional<Timestamp> RunsUntil(std::uint64_t fingerprint, Timestamp now) const;
  // Replaces a clock that runs.
  void Start(std::uint64_t fingerprint, Timestamp until);
  // Moves a clock that runs, in memory alone: what is stored is off by the time of one commit,
  // which is not worth another one.
  void Move(std::uint64_t fingerprint, Timestamp until);
  void Cancel(std::uint64_t fingerprint);
  void Prune(Timestamp now);
  const std::unordered_map<std::uint64_t, Timestamp>& all() const { return until_; }

  // Adds what has changed.
  void Flush(WriteBatch* batch);

 private:
  std::unordered_map<std::uint64_t, Timestamp> until_;
  std::set<std::uint64_t> changed_;
};

}  // namespace tocsin::receivers
