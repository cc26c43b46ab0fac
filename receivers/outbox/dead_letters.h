// DeadLetters: the messages that were given up, to be looked at and sent again. One stays until it
// has arrived after all, a week at most.
//
// A letter whose alerts are still to be told stands in its slot too, where it may be tried again by
// itself; that slot keeps its row in the store. Letters that newer messages have replaced are
// detached: their rows are kept here. Belongs to the Outbox, on the dispatcher's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/state_store.h"
#include "receivers/outbox/row.h"

namespace tocsin::receivers {

class DeadLetters {
 public:
  explicit DeadLetters(Duration keep = std::chrono::hours(24 * 7), std::size_t most = 10'000)
      : keep_(keep), most_(most) {}

  // A row is dead, in its slot or by itself, as its keeper has written it.
  void Put(OutboxRow row) { letters_.insert_or_assign(row.sequence, std::move(row)); }
  // Its place in the slot is gone.
  void Detach(OutboxRow row);
  // It is none any more; who removes a detached one's row from the store is told by `remove_row`.
  void Forget(std::uint64_t sequence, bool remove_row);
  // The old and the too many, of those that are detached.
  void Prune(Timestamp now);

  // Null where there is none.
  const OutboxRow* Find(std::uint64_t sequence) const;
  // The newest first.
  std::vector<OutboxRow> All() const;
  std::size_t size() const { return letters_.size(); }

  // Adds what has changed since the last call.
  void Flush(WriteBatch* batch);

 private:
  const Duration keep_;
  const std::size_t most_;
  std::map<std::uint64_t, OutboxRow> letters_;  // by sequence
  std::set<std::uint64_t> changed_;
};

}  // namespace tocsin::receivers
