// SlotTable: the rows of the outbox in memory, and what of them the state store has yet to learn.
//
// One slot for each integration and fingerprint, with its rows in the order in which they were
// made. Belongs to the Outbox, on the dispatcher's thread.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/state_store.h"
#include "base/timer_queue.h"
#include "receivers/announcement.h"
#include "receivers/outbox/row.h"

namespace tocsin::receivers {

struct SlotKey {
  std::string integration;
  std::uint64_t fingerprint = 0;
  friend auto operator<=>(const SlotKey&, const SlotKey&) = default;
};
inline SlotKey SlotOf(const OutboxRow& row) { return {row.integration, row.alert->fingerprint}; }

struct RowId {
  SlotKey slot;
  std::uint64_t sequence = 0;
};

struct OutboxEntry {
  enum class State : std::uint8_t {
    kUncommitted,  // not durable yet
    kReady,        // may be attempted
    kInFlight,     // an attempt is under way
    kWaiting,      // for its retry timer
    kDead,         // given up
  };
  OutboxRow row;
  std::shared_ptr<const std::string> alert_json;
  std::chrono::nanoseconds accepted{0};  // monotonic; zero: by an earlier process
  State state = State::kUncommitted;
  TimerQueue::Id timer = 0;  // of kWaiting, and of kDead where it is tried again
  bool restored = false;     // of an earlier process, and not known to have arrived
  bool stored = false;       // in the table, or in a batch on its way there
  bool changed = false;      // since the last Flush
};

class SlotTable {
 public:
  using Entries = std::vector<OutboxEntry>;  // by ascending sequence
  struct Slot {
    Entries entries;
    bool in_flight = false;
    bool in_line = false;  // for its turn with the integration
  };
  using Predicate = std::function<bool(const OutboxEntry&)>;

  explicit SlotTable(TimerQueue& timers) : timers_(timers) {}

  // Null where there is none; valid until a row of that slot is inserted or erased.
  Slot* Find(const SlotKey& key);
  const Slot* Find(const SlotKey& key) const;
  OutboxEntry* Find(const RowId& id);
  bool Any(const SlotKey& key, const Predicate& predicate) const;
  std::vector<SlotKey> SlotsOf(const std::string& integration) const;
  std::vector<std::string> Integrations() const;

  OutboxEntry& Insert(OutboxEntry entry);
  // REQUIRES: the predicate holds for no row that is under way. The slot goes with its last row.
  std::vector<OutboxRow> EraseIf(const SlotKey& key, const Predicate& predicate);

  // Cancels the timer of the old state.
  void SetState(OutboxEntry& entry, OutboxEntry::State state);
  // The next Flush writes it.
  void MarkChanged(OutboxEntry& entry);

  // Adds what has changed to the batch; returns the rows that wait for it.
  std::vector<RowId> Flush(WriteBatch* batch);

  OutboxCounts counts() const { return counts_; }

 private:
  std::size_t& CounterOf(OutboxEntry::State state) {
    return state == OutboxEntry::State::kDead ? counts_.dead : counts_.pending;
  }

  TimerQueue& timers_;
  std::map<SlotKey, Slot> slots_;
  std::vector<RowId> changed_;
  std::vector<std::string> removed_;  // keys of the table
  OutboxCounts counts_;
};

}  // namespace tocsin::receivers
