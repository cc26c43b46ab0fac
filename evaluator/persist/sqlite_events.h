// The table of events: written by the store's writer beside its other rows, read by queries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/event.h"
#include "base/result.h"
#include "evaluator/persist/sqlite_connection.h"

namespace tocsin::evaluator {

// On the writer's connection, which outlives the object.
class EventWriter {
 public:
  static Result<EventWriter> Make(SqliteConnection& database);

  // Within a transaction. REQUIRES: the event has its number. False where it cannot be written.
  bool Insert(const Event& event);

  // Forgets, from the oldest on and at most `most` at once, events from before `from` and those of
  // more than `keep_most`; never the newest. An event that claims to be younger than those after it
  // (the clock was set back) keeps them until it is old itself, or until there are too many.
  // Returns whether there may be more to forget. Its own transaction.
  Result<bool> Prune(Timestamp from, std::size_t keep_most, std::size_t most);

 private:
  EventWriter(SqliteConnection& database, SqliteStatement insert)
      : database_(&database), insert_(std::move(insert)) {}

  SqliteConnection* database_;
  SqliteStatement insert_;
};

// The highest number in the table; 0 where there is none.
Result<std::uint64_t> NewestEvent(SqliteConnection& database);

// Numbers of events, both ends included.
struct EventSpan {
  std::int64_t first = 1;
  std::int64_t last = 0;
};

// Where events of a time stand, as the last query found out: whoever reads page by page asks for
// the same time each time. A plain value, for one file.
struct EventTimeSpan {
  std::optional<Timestamp> from;
  std::optional<Timestamp> until;
  std::int64_t newest = -1;  // event that there was then; -1: nobody has asked yet
  EventSpan span;
};

// No query sorts or reads more than it answers, but for events that an index finds and another
// condition excludes.
Result<std::vector<Event>> ReadEvents(SqliteConnection& database, const EventQuery& query,
                                      EventTimeSpan* known);

}  // namespace tocsin::evaluator
