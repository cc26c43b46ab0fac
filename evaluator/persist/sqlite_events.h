// The table of events: written by the store's writer beside its other rows, read by queries. A
// second table has a row for each block of them (event_block.h), which leads the queries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/event.h"
#include "base/result.h"
#include "evaluator/persist/event_block.h"
#include "evaluator/persist/sqlite_connection.h"

namespace tocsin::evaluator {

// On the writer's connection, which outlives the object.
class EventWriter {
 public:
  // Makes up the blocks of events that have none yet, which an earlier program has left.
  static Result<EventWriter> Make(SqliteConnection& database);

  // Within a transaction. REQUIRES: the events have their numbers, in order. False where they
  // cannot be written.
  bool Insert(std::span<const Event> events);

  // As StoreDatabase has it. Its own transaction.
  Result<bool> Prune(Timestamp from, std::size_t keep_most, std::size_t most);

 private:
  explicit EventWriter(SqliteConnection& database) : database_(&database) {}

  Status PrepareStatements();
  Status MakeUpBlocks();
  bool InsertRow(const Event& event);
  // The block of the event is the one at hand from here on. False where the one before cannot be
  // written.
  bool NoteInBlock(const Event& event);
  std::optional<EventBlock> ReadBlock(std::int64_t number);
  bool WriteBlock();

  SqliteConnection* database_;
  SqliteStatement insert_;
  SqliteStatement read_block_;
  SqliteStatement write_block_;
  // As the last Insert has left it: where that was rolled back it tells of events too many, which
  // come again.
  std::optional<EventBlock> block_;
};

// The highest number in the table; 0 where there is none.
Result<std::uint64_t> NewestEvent(SqliteConnection& database);

// Reads no block in which nothing can be found, sorts nothing, and stops at the limit.
Result<std::vector<Event>> ReadEvents(SqliteConnection& database, const EventQuery& query);

}  // namespace tocsin::evaluator
