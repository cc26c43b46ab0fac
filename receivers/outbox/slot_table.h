// SlotTable: the rows of the outbox in memory, and what of them the state store has yet to learn.
//
// One slot for each integration and thread, with its rows in the order in which they were
// made. Belongs to the Outbox, on the dispatcher's thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/state_store.h"
#include "base/timer_queue.h"
#include "receivers/outbox/row.h"

namespace tocsin::receivers {

struct SlotKey {
  std::string lane;
  std::string thread;
  friend auto operator<=>(const SlotKey&, const SlotKey&) = default;
};
inline SlotKey SlotOf(const MessageKey& key) { return {key.lane, key.thread}; }
inline SlotKey SlotOf(const OutboxRow& row) { return SlotOf(row.message.key); }

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
  State state = State::kUncommitted;
  TimerQueue::Id timer = 0;  // of kWaiting, and of kDead where it is tried again
  bool stored = false;       // in the table, or in a batch on its way there
  bool changed = false;      // since the last Flush
  // Where it goes, of those of its lane (Outbox); nothing: not asked yet.
  std::optional<std::uint64_t> endpoint = {};
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
  std::vector<SlotKey> SlotsOf(const std::string& lane) const;
  std::vector<std::string> Lanes() const;

  OutboxEntry& Insert(OutboxEntry entry);
  // REQUIRES: the predicate holds for no row that is under way. The slot goes with its last row.
  // With `keep_dead` what is stored of dead rows stays.
  std::vector<OutboxRow> EraseIf(const SlotKey& key, const Predicate& predicate,
                                 bool keep_dead = false);

  // Cancels the timer of the old state.
  void SetState(OutboxEntry& entry, OutboxEntry::State state);
  // The next FlushRows writes it.
  void MarkChanged(OutboxEntry& entry);

  // Adds the rows that have changed to the batch, those that changed first before the others;
  // returns those that wait for it.
  std::vector<RowId> FlushRows(std::size_t at_most, WriteBatch* batch);
  void FlushRemoved(WriteBatch* batch);
  std::size_t changed() const { return changed_.size(); }

  // Of rows that are neither delivered nor given up.
  std::size_t pending() const { return pending_; }

 private:
  void Count(OutboxEntry::State state, int by) {
    if (state != OutboxEntry::State::kDead) pending_ += static_cast<std::size_t>(by);
  }

  TimerQueue& timers_;
  std::map<SlotKey, Slot> slots_;
  std::deque<RowId> changed_;
  std::vector<std::string> removed_;  // keys of the table
  std::size_t pending_ = 0;
};

}  // namespace tocsin::receivers
