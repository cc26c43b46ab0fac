// A group of Dispatch: which alerts it holds, and how far its last flush has come. For the sources
// of Dispatch alone: dispatch.cc (groups and flushes), dispatch_messages.cc (who is told what, and
// what became of it), dispatch_views.cc (what is shown of it).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "receivers/pipeline/dispatch.h"

namespace tocsin::receivers {

inline bool Contains(const AlertHashes& sorted, std::uint64_t hash) {
  return std::binary_search(sorted.begin(), sorted.end(), hash);
}

struct Dispatch::Group {
  GroupId id = 0;
  GroupName name;
  std::string key;                                           // made at the first flush
  std::unordered_map<std::uint64_t, PostedAlertPtr> alerts;  // by hash
  TimerQueue::Id timer = 0;
  std::vector<std::string> muted_by;
  Timestamp last_tick;
  std::optional<Timestamp> next_tick;  // of the timer

  // Of the last flush.
  HeldAlerts held;
  std::optional<Timestamp> hold_ends;  // the first of cooldowns and acknowledgements to end

  void HoldUntil(Timestamp end) { hold_ends = std::min(hold_ends.value_or(end), end); }

  // Strict, while a flush is under way.
  Batch batch;
  std::size_t open_sends = 0;
  bool failed = false;
  bool tick_waits = false;

  const Route& route() const { return *name.route; }
};

}  // namespace tocsin::receivers
