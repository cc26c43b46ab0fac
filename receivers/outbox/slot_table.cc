#include "receivers/outbox/slot_table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tocsin::receivers {

using State = OutboxEntry::State;

SlotTable::Slot* SlotTable::Find(const SlotKey& key) {
  const auto slot = slots_.find(key);
  return slot == slots_.end() ? nullptr : &slot->second;
}

const SlotTable::Slot* SlotTable::Find(const SlotKey& key) const {
  const auto slot = slots_.find(key);
  return slot == slots_.end() ? nullptr : &slot->second;
}

OutboxEntry* SlotTable::Find(const RowId& id) {
  Slot* const slot = Find(id.slot);
  if (slot == nullptr) return nullptr;
  for (OutboxEntry& entry : slot->entries) {
    if (entry.row.sequence == id.sequence) return &entry;
  }
  return nullptr;
}

bool SlotTable::Any(const SlotKey& key, const Predicate& predicate) const {
  const Slot* const slot = Find(key);
  return slot != nullptr && std::any_of(slot->entries.begin(), slot->entries.end(), predicate);
}

std::vector<SlotKey> SlotTable::SlotsOf(const std::string& lane) const {
  std::vector<SlotKey> keys;
  for (auto it = slots_.lower_bound({lane, ""}); it != slots_.end() && it->first.lane == lane;
       ++it) {
    keys.push_back(it->first);
  }
  return keys;
}

std::vector<std::string> SlotTable::Lanes() const {
  std::vector<std::string> lanes;
  for (const auto& [key, slot] : slots_) {
    if (lanes.empty() || lanes.back() != key.lane) lanes.push_back(key.lane);
  }
  return lanes;
}

OutboxEntry& SlotTable::Insert(OutboxEntry entry) {
  Entries& entries = slots_[SlotOf(entry.row)].entries;
  const auto after = std::upper_bound(
      entries.begin(), entries.end(), entry.row.sequence,
      [](std::uint64_t sequence, const OutboxEntry& e) { return sequence < e.row.sequence; });
  Count(entry.state, 1);
  return *entries.insert(after, std::move(entry));
}

std::vector<OutboxRow> SlotTable::EraseIf(const SlotKey& key, const Predicate& predicate,
                                          bool keep_dead) {
  std::vector<OutboxRow> rows;
  const auto slot = slots_.find(key);
  if (slot == slots_.end()) return rows;
  Entries& entries = slot->second.entries;
  for (auto it = entries.begin(); it != entries.end();) {
    if (!predicate(*it)) {
      ++it;
      continue;
    }
    CHECK(it->state != State::kInFlight);
    if (it->timer != 0) timers_.Cancel(it->timer);
    Count(it->state, -1);
    const bool keep = keep_dead && it->state == State::kDead;
    if (it->stored && !keep) removed_.push_back(it->row.key());
    rows.push_back(std::move(it->row));
    it = entries.erase(it);
  }
  if (entries.empty()) slots_.erase(slot);
  return rows;
}

void SlotTable::SetState(OutboxEntry& entry, State state) {
  Count(entry.state, -1);
  Count(state, 1);
  if (entry.timer != 0) timers_.Cancel(std::exchange(entry.timer, 0));
  entry.state = state;
}

void SlotTable::MarkChanged(OutboxEntry& entry) {
  if (entry.changed) return;
  entry.changed = true;
  changed_.push_back({SlotOf(entry.row), entry.row.sequence});
}

void SlotTable::FlushRemoved(WriteBatch* batch) {
  for (std::string& key : removed_) batch->Delete(StateTable::kOutbox, std::move(key));
  removed_.clear();
}

std::vector<RowId> SlotTable::FlushRows(std::size_t at_most, WriteBatch* batch) {
  std::vector<RowId> uncommitted;
  for (std::size_t i = std::min(at_most, changed_.size()); i > 0; --i) {
    RowId id = std::move(changed_.front());
    changed_.pop_front();
    OutboxEntry* const entry = Find(id);
    if (entry == nullptr) continue;  // gone again
    batch->Put(StateTable::kOutbox, entry->row.key(), SerializeRow(entry->row));
    entry->changed = false;
    entry->stored = true;
    if (entry->state == State::kUncommitted) uncommitted.push_back(std::move(id));
  }
  return uncommitted;
}

}  // namespace tocsin::receivers
