#include "evaluator/persist/sqlite_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "evaluator/persist/forgetting.h"

namespace tocsin::evaluator {
namespace {

using Stepped = SqliteStatement::Stepped;

constexpr std::string_view kReadingEvents = "cannot read the state database";
constexpr std::string_view kColumns =
    "sequence, at, type, alert_id, rule_id, receiver, labels, body";
constexpr std::string_view kColumnsWithoutBody =
    "sequence, at, type, alert_id, rule_id, receiver, labels, ''";

// Parameters of every query, used or not.
enum Parameter : int {
  kFirst = 1,
  kLast,
  kFrom,
  kUntil,
  kAlert,
  kRule,
  kReceiver,
  kLimit,
  kFirstType
};

// Numbers of events, both ends included.
struct EventSpan {
  std::int64_t first = 1;
  std::int64_t last = 0;
};

std::int64_t Clamp(std::uint64_t number) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(number, kMost - 1));
}

EventSpan SpanOf(const EventQuery& query) {
  EventSpan span{Clamp(query.after) + 1, std::numeric_limits<std::int64_t>::max()};
  if (query.before) span.last = Clamp(*query.before) - 1;
  return span;
}

bool AsksForMoreThanNumbers(const EventQuery& query) {
  return query.from || query.until || !query.types.empty() || !query.alert_id.empty() ||
         !query.rule_id.empty() || !query.receiver.empty();
}

std::string Conditions(const EventQuery& query) {
  std::string sql = "sequence BETWEEN ?1 AND ?2";
  if (query.from) sql += " AND at >= ?3";
  if (query.until) sql += " AND at < ?4";
  if (!query.alert_id.empty()) sql += " AND alert_id = ?5";
  if (!query.rule_id.empty()) sql += " AND rule_id = ?6";
  if (!query.receiver.empty()) sql += " AND receiver = ?7";
  for (std::size_t i = 0; i < query.types.size(); ++i) {
    const std::string& type = query.types[i];
    const std::size_t parameter = kFirstType + i;
    sql += i == 0 ? " AND (" : " OR ";
    sql += type.ends_with('.') ? fmt::format("substr(type, 1, {}) = ?{}", type.size(), parameter)
                               : fmt::format("type = ?{}", parameter);
  }
  return query.types.empty() ? sql : sql + ")";
}

std::string_view OrderOf(const EventQuery& query) { return query.newest_first ? "DESC" : "ASC"; }

Result<SqliteStatement> PrepareQuery(SqliteConnection& database, const EventQuery& query) {
  Result<SqliteStatement> rows =
      database.Prepare(fmt::format("SELECT {} FROM events WHERE {} ORDER BY sequence {} LIMIT ?{}",
                                   query.without_body ? kColumnsWithoutBody : kColumns,
                                   Conditions(query), OrderOf(query), static_cast<int>(kLimit)));
  if (!rows) return rows;
  if (query.from) rows->BindNumber(kFrom, ToUnixMillis(*query.from));
  if (query.until) rows->BindNumber(kUntil, ToUnixMillis(*query.until));
  rows->BindText(kAlert, query.alert_id);
  rows->BindText(kRule, query.rule_id);
  rows->BindText(kReceiver, query.receiver);
  for (std::size_t i = 0; i < query.types.size(); ++i) {
    rows->BindText(kFirstType + static_cast<int>(i), query.types[i]);
  }
  return rows;
}

Event EventOf(const SqliteStatement& row) {
  Event event;
  event.sequence = static_cast<std::uint64_t>(row.Number(0));
  event.at = FromUnixMillis(row.Number(1));
  event.type = row.Text(2);
  event.alert_id = row.Text(3);
  event.rule_id = row.Text(4);
  event.receiver = row.Text(5);
  event.labels = Labels(LabelsView::FromBytes(row.Text(6)));
  event.body = row.Text(7);
  return event;
}

EventBlock BlockOf(const SqliteStatement& row) {
  return EventBlock(row.Number(0), FromUnixMillis(row.Number(1)), FromUnixMillis(row.Number(2)),
                    row.Text(3));
}

// One search: the statement for its events, and those it has found.
class Search {
 public:
  Search(SqliteConnection& database, const EventQuery& query, SqliteStatement rows)
      : database_(database), query_(query), rows_(std::move(rows)) {}

  // Reads what is asked for among these numbers.
  Status ReadSpan(const EventSpan& span) {
    rows_.BindNumber(kFirst, span.first);
    rows_.BindNumber(kLast, span.last);
    rows_.BindNumber(kLimit, Clamp(query_.limit - found_.size()));
    Stepped stepped = rows_.Step();
    for (; stepped == Stepped::kRow; stepped = rows_.Step()) found_.push_back(EventOf(rows_));
    if (stepped == Stepped::kFailed) return database_.Failure(kReadingEvents);
    rows_.Reset();
    return Status();
  }

  // The same, block by block. What both statements see is of one moment: the first stays open.
  Status ReadBlocks(const EventSpan& span) {
    Result<SqliteStatement> blocks =
        database_.Prepare(fmt::format("SELECT number, earliest, latest, filter FROM event_blocks"
                                      " WHERE number BETWEEN ?1 AND ?2 ORDER BY number {}",
                                      OrderOf(query_)));
    if (!blocks) return blocks.error();
    blocks->BindNumber(1, span.first / EventBlock::kEvents);
    blocks->BindNumber(2, span.last / EventBlock::kEvents);
    Stepped stepped = blocks->Step();
    for (; stepped == Stepped::kRow && !is_full(); stepped = blocks->Step()) {
      const EventBlock block = BlockOf(*blocks);
      if (!block.MayHave(query_)) continue;
      const std::int64_t first = block.number() * EventBlock::kEvents;
      if (Status read = ReadSpan(
              {std::max(span.first, first), std::min(span.last, first + EventBlock::kEvents - 1)});
          !read.ok()) {
        return read;
      }
    }
    if (stepped == Stepped::kFailed) return database_.Failure(kReadingEvents);
    return Status();
  }

  std::vector<Event> TakeFound() { return std::move(found_); }

 private:
  bool is_full() const { return found_.size() >= query_.limit; }

  SqliteConnection& database_;
  const EventQuery& query_;
  SqliteStatement rows_;
  std::vector<Event> found_;
};

}  // namespace

Result<EventWriter> EventWriter::Make(SqliteConnection& database) {
  EventWriter writer(database);
  if (Status prepared = writer.PrepareStatements(); !prepared.ok()) return prepared.error();
  if (Status made = writer.MakeUpBlocks(); !made.ok()) return made.error();
  return writer;
}

Status EventWriter::PrepareStatements() {
  const auto prepare = [this](const char* sql, SqliteStatement* statement) {
    Result<SqliteStatement> prepared = database_->Prepare(sql);
    if (!prepared) return Status(prepared.error());
    *statement = *std::move(prepared);
    return Status();
  };
  Status done = prepare(
      "INSERT INTO events (sequence, at, type, alert_id, rule_id, receiver, labels, body)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      &insert_);
  if (!done.ok()) return done;
  done = prepare("SELECT number, earliest, latest, filter FROM event_blocks WHERE number = ?1",
                 &read_block_);
  if (!done.ok()) return done;
  return prepare(
      "INSERT OR REPLACE INTO event_blocks (number, earliest, latest, filter)"
      " VALUES (?1, ?2, ?3, ?4)",
      &write_block_);
}

Status EventWriter::MakeUpBlocks() {
  const Result<std::uint64_t> newest = NewestEvent(*database_);
  if (!newest) return newest.error();
  const Result<std::int64_t> known =
      database_->ReadNumber("SELECT ifnull(max(number), -1) FROM event_blocks");
  if (!known) return known.error();
  if (*newest == 0 || *known >= EventBlock::NumberOf(*newest)) return Status();
  EventQuery rest;
  if (*known >= 0) {
    rest.after = static_cast<std::uint64_t>((*known + 1) * EventBlock::kEvents - 1);
  }
  rest.without_body = true;
  rest.limit = 10'000;
  return database_->Transaction([&] {
    while (true) {
      const Result<std::vector<Event>> events = ReadEvents(*database_, rest);
      if (!events) return false;
      for (const Event& event : *events) {
        if (!NoteInBlock(event)) return false;
      }
      if (events->size() < rest.limit) return WriteBlock();
      rest.after = events->back().sequence;
    }
  });
}

bool EventWriter::Insert(std::span<const Event> events) {
  if (events.empty()) return true;
  for (const Event& event : events) {
    if (!InsertRow(event) || !NoteInBlock(event)) return false;
  }
  return WriteBlock();
}

bool EventWriter::InsertRow(const Event& event) {
  insert_.BindNumber(1, static_cast<std::int64_t>(event.sequence));
  insert_.BindNumber(2, ToUnixMillis(event.at));
  insert_.BindText(3, event.type);
  insert_.BindTextOrNull(4, event.alert_id);
  insert_.BindTextOrNull(5, event.rule_id);
  insert_.BindTextOrNull(6, event.receiver);
  insert_.BindBytes(7, event.labels.view().bytes());
  insert_.BindText(8, event.body);
  return insert_.Run();
}

bool EventWriter::NoteInBlock(const Event& event) {
  const std::int64_t number = EventBlock::NumberOf(event.sequence);
  if (!block_ || block_->number() != number) {
    if (block_ && !WriteBlock()) return false;
    block_ = ReadBlock(number);
    if (!block_) block_.emplace(number);
  }
  block_->Note(event);
  return true;
}

std::optional<EventBlock> EventWriter::ReadBlock(std::int64_t number) {
  read_block_.BindNumber(1, number);
  std::optional<EventBlock> block;
  if (read_block_.Step() == Stepped::kRow) block = BlockOf(read_block_);
  read_block_.Reset();
  return block;
}

bool EventWriter::WriteBlock() {
  write_block_.BindNumber(1, block_->number());
  write_block_.BindNumber(2, ToUnixMillis(block_->earliest()));
  write_block_.BindNumber(3, ToUnixMillis(block_->latest()));
  write_block_.BindBytes(4, block_->filter());
  return write_block_.Run();
}

Result<bool> EventWriter::Prune(Timestamp from, std::size_t keep_most, std::size_t most) {
  const Result<std::uint64_t> newest = NewestEvent(*database_);
  if (!newest) return newest.error();
  Result<SqliteStatement> oldest =
      database_->Prepare("SELECT sequence, at FROM events ORDER BY sequence LIMIT ?1");
  if (!oldest) return oldest.error();
  oldest->BindNumber(1, static_cast<std::int64_t>(most));
  Forgetting forgetting(from, keep_most, *newest);
  while (oldest->Step() == Stepped::kRow &&
         forgetting.Take(static_cast<std::uint64_t>(oldest->Number(0)),
                         FromUnixMillis(oldest->Number(1)))) {
  }
  oldest->Reset();
  if (forgetting.count() == 0) return false;
  const std::string sql = fmt::format(
      "DELETE FROM events WHERE sequence <= {}; DELETE FROM event_blocks WHERE number < {}",
      forgetting.last(), EventBlock::NumberOf(forgetting.last() + 1));
  const Status done = database_->Transaction([&] { return database_->Execute(sql, "").ok(); });
  if (!done) return done.error();
  return forgetting.count() == most;
}

Result<std::uint64_t> NewestEvent(SqliteConnection& database) {
  const Result<std::int64_t> newest = database.ReadNumber("SELECT max(sequence) FROM events");
  if (!newest) return newest.error();
  return static_cast<std::uint64_t>(*newest);
}

Result<std::vector<Event>> ReadEvents(SqliteConnection& database, const EventQuery& query) {
  const EventSpan span = SpanOf(query);
  if (span.first > span.last || query.limit == 0) return std::vector<Event>();
  Result<SqliteStatement> rows = PrepareQuery(database, query);
  if (!rows) return rows.error();
  Search search(database, query, *std::move(rows));
  const Status read =
      AsksForMoreThanNumbers(query) ? search.ReadBlocks(span) : search.ReadSpan(span);
  if (!read.ok()) return read.error();
  return search.TakeFound();
}

}  // namespace tocsin::evaluator
