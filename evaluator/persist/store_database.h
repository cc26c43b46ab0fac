// What DurableStore needs of a database: everything about durability but how rows are kept.
//
// Commit, Prune and Tend are called on the store's writer thread only; the others on any thread,
// also beside these. Each database synchronises itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/event.h"
#include "base/result.h"
#include "base/state_store.h"
#include "base/time.h"

namespace tocsin::evaluator {

// One operation of a commit. What it refers to stays until the commit has returned.
struct StoreWrite {
  StateTable table;
  std::string_view key;
  const std::string* value = nullptr;  // null deletes
};

class StoreDatabase {
 public:
  using Row = StateStore::Row;

  virtual ~StoreDatabase() = default;

  // All of it or nothing, in this order, durable on success. The events have their numbers. After a
  // failure the same writes and events come again, with later ones: some may have been committed
  // all the same, where the database went away before it could say so.
  virtual Status Commit(std::span<const StoreWrite> writes, std::span<const Event> events) = 0;

  // As StateStore has them.
  virtual Result<std::vector<Row>> Scan(StateTable table) const = 0;
  virtual Result<std::vector<Row>> ScanPart(StateTable table,
                                            const StateStore::Part& part) const = 0;
  virtual Result<std::vector<Event>> ReadEvents(const EventQuery& query) const = 0;

  // Forgets, from the oldest on and at most `most` at once, events from before `from` and those of
  // more than `keep_most`; never the newest. An event that claims to be younger than those after it
  // (the clock was set back) keeps them until it is old itself, or until there are too many.
  // Returns whether there may be more to forget.
  virtual Result<bool> Prune(Timestamp from, std::size_t keep_most, std::size_t most) = 0;

  // What is to be done now and then: between two commits, or when nothing has waited for the time
  // that it has asked for (`idle`).
  struct Tended {
    Status status;                  // whether it could be written to, as far as that is known
    std::optional<Duration> again;  // how soon, where no commit comes before; none: when one does
  };
  virtual Tended Tend(bool idle) = 0;
};

}  // namespace tocsin::evaluator
