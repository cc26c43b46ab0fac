#include "receivers/outbox/dead_letters.h"

#include <utility>

namespace tocsin::receivers {

void DeadLetters::Detach(OutboxRow row) {
  row.dead = true;
  row.Detach();
  changed_.insert(row.sequence);
  Put(std::move(row));
}

void DeadLetters::Forget(std::uint64_t sequence, bool remove_row) {
  if (letters_.erase(sequence) > 0 && remove_row) changed_.insert(sequence);
}

void DeadLetters::Prune(Timestamp now) {
  std::size_t too_many = letters_.size() > most_ ? letters_.size() - most_ : 0;
  std::erase_if(letters_, [&](const auto& entry) {
    const auto& [sequence, row] = entry;
    if (!row.detached()) return false;
    const bool goes = too_many > 0 || row.made_at + keep_ <= now;
    if (too_many > 0) --too_many;
    if (goes) changed_.insert(sequence);
    return goes;
  });
}

const OutboxRow* DeadLetters::Find(std::uint64_t sequence) const {
  const auto found = letters_.find(sequence);
  return found == letters_.end() ? nullptr : &found->second;
}

std::vector<OutboxRow> DeadLetters::All() const {
  std::vector<OutboxRow> rows;
  rows.reserve(letters_.size());
  for (auto it = letters_.rbegin(); it != letters_.rend(); ++it) rows.push_back(it->second);
  return rows;
}

void DeadLetters::Flush(WriteBatch* batch) {
  for (const std::uint64_t sequence : std::exchange(changed_, {})) {
    if (const OutboxRow* const row = Find(sequence)) {
      batch->Put(StateTable::kOutbox, row->key(), SerializeRow(*row));
    } else {
      OutboxRow gone;
      gone.sequence = sequence;
      batch->Delete(StateTable::kOutbox, gone.key());
    }
  }
}

}  // namespace tocsin::receivers
