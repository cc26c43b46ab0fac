#include "evaluator/persist/sqlite_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

namespace tocsin::evaluator {
namespace {

using Stepped = SqliteStatement::Stepped;

constexpr std::string_view kReadingEvents = "cannot read the state database";

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

std::int64_t Clamp(std::uint64_t number) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(number, kMost - 1));
}

std::int64_t FromOf(const EventQuery& query) {
  return query.from ? ToUnixMillis(*query.from) : std::numeric_limits<std::int64_t>::min();
}
std::int64_t UntilOf(const EventQuery& query) {
  return query.until ? ToUnixMillis(*query.until) : std::numeric_limits<std::int64_t>::max();
}

// Where events of the asked time stand, found in the index of times. Numbers and times grow
// together but for the odd step of a clock, so this narrows every other search; the time is
// compared once more in each row.
Result<EventSpan> SpanOfTime(SqliteConnection& database, const EventQuery& query) {
  Result<SqliteStatement> statement = database.Prepare(
      "SELECT min(sequence), max(sequence), count(*) FROM events INDEXED BY events_by_time"
      " WHERE at >= ?1 AND at < ?2");
  if (!statement) return statement.error();
  statement->BindNumber(1, FromOf(query));
  statement->BindNumber(2, UntilOf(query));
  if (statement->Step() != Stepped::kRow) return database.Failure(kReadingEvents);
  if (statement->Number(2) == 0) return EventSpan();
  return EventSpan{statement->Number(0), statement->Number(1)};
}

// The same, from what is known: only events that are newer can have come to it.
Status FindSpanOfTime(SqliteConnection& database, const EventQuery& query, EventTimeSpan* known) {
  const Result<std::uint64_t> read = NewestEvent(database);
  if (!read) return read.error();
  const std::int64_t newest = Clamp(*read);
  const bool is_known =
      known->newest >= 0 && known->from == query.from && known->until == query.until;
  if (is_known) {
    if (newest <= known->newest) return Status();
    const bool was_empty = known->span.first > known->span.last;
    if (was_empty) known->span.first = known->newest + 1;
    known->span.last = newest;
  } else {
    const Result<EventSpan> span = SpanOfTime(database, query);
    if (!span) return span.error();
    known->span = *span;
    known->from = query.from;
    known->until = query.until;
  }
  known->newest = newest;
  return Status();
}

Result<EventSpan> SpanOf(SqliteConnection& database, const EventQuery& query,
                         EventTimeSpan* known) {
  EventSpan span{Clamp(query.after) + 1, std::numeric_limits<std::int64_t>::max()};
  if (query.before) span.last = Clamp(*query.before) - 1;
  if (!query.from && !query.until) return span;
  if (Status found = FindSpanOfTime(database, query, known); !found) return found.error();
  return EventSpan{std::max(span.first, known->span.first), std::min(span.last, known->span.last)};
}

// The types that there are and that are asked for: one step in the index for each that there is.
Result<std::vector<std::string>> TypesOf(SqliteConnection& database,
                                         const std::vector<std::string>& asked) {
  Result<SqliteStatement> next = database.Prepare("SELECT min(type) FROM events WHERE type > ?1");
  if (!next) return next.error();
  std::vector<std::string> types;
  std::string type;
  while (true) {
    next->BindText(1, type);
    if (next->Step() != Stepped::kRow) return database.Failure(kReadingEvents);
    std::string found = next->Text(0);
    next->Reset();
    if (found.empty()) return types;
    type = std::move(found);
    if (EventTypeMatches(asked, type)) types.push_back(type);
  }
}

// One index leads; a plus before a column keeps its index out.
std::string Conditions(const EventQuery& query, std::string_view leading) {
  std::string sql = "sequence BETWEEN ?1 AND ?2";
  if (query.from || query.until) sql += " AND +at >= ?3 AND +at < ?4";
  const auto equal = [&](const std::string& value, std::string_view column, int parameter) {
    if (value.empty()) return;
    sql += fmt::format(" AND {}{} = ?{}", column == leading ? "" : "+", column, parameter);
  };
  equal(query.alert_id, "alert_id", kAlert);
  equal(query.rule_id, "rule_id", kRule);
  equal(query.receiver, "receiver", kReceiver);
  return sql;
}

std::string_view LeadingColumn(const EventQuery& query) {
  if (!query.alert_id.empty()) return "alert_id";
  if (!query.rule_id.empty()) return "rule_id";
  if (!query.receiver.empty()) return "receiver";
  return query.types.empty() ? "sequence" : "type";
}

std::string QueryText(const EventQuery& query, std::size_t types) {
  const std::string_view leading = LeadingColumn(query);
  const std::string select = fmt::format(
      "SELECT sequence, at, type, alert_id, rule_id, receiver, labels, {} FROM events "
      "WHERE {}",
      query.without_body ? "''" : "body", Conditions(query, leading));
  std::string sql = select;
  if (leading == "type") {
    // Each type's events come in their order; SQLite merges them, where IN would sort.
    sql.clear();
    for (std::size_t i = 0; i < types; ++i) {
      sql += fmt::format("{}{} AND type = ?{}", i == 0 ? "" : " UNION ALL ", select,
                         kFirstType + static_cast<int>(i));
    }
  } else if (!query.types.empty()) {
    sql += " AND +type IN (";
    for (std::size_t i = 0; i < types; ++i) {
      sql += fmt::format("{}?{}", i == 0 ? "" : ",", kFirstType + static_cast<int>(i));
    }
    sql += ")";
  }
  return sql + fmt::format(" ORDER BY sequence {} LIMIT ?{}", query.newest_first ? "DESC" : "ASC",
                           static_cast<int>(kLimit));
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

}  // namespace

Result<EventWriter> EventWriter::Make(SqliteConnection& database) {
  Result<SqliteStatement> insert = database.Prepare(
      "INSERT INTO events (sequence, at, type, alert_id, rule_id, receiver, labels, body)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  if (!insert) return insert.error();
  return EventWriter(database, *std::move(insert));
}

bool EventWriter::Insert(const Event& event) {
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

Result<bool> EventWriter::Prune(Timestamp from, std::size_t keep_most, std::size_t most) {
  const Result<std::uint64_t> newest = NewestEvent(*database_);
  if (!newest) return newest.error();
  Result<SqliteStatement> oldest =
      database_->Prepare("SELECT sequence, at FROM events ORDER BY sequence LIMIT ?1");
  if (!oldest) return oldest.error();
  oldest->BindNumber(1, static_cast<std::int64_t>(most));
  std::uint64_t forget_to = 0;
  std::size_t forgotten = 0;
  while (oldest->Step() == Stepped::kRow) {
    const auto sequence = static_cast<std::uint64_t>(oldest->Number(0));
    // None is left out, so the numbers count the rows.
    const bool too_many = *newest - sequence >= keep_most;
    if (sequence == *newest || (!too_many && FromUnixMillis(oldest->Number(1)) >= from)) break;
    forget_to = sequence;
    ++forgotten;
  }
  oldest->Reset();
  if (forgotten == 0) return false;
  const Status done = database_->Transaction([&] {
    return database_->Execute(fmt::format("DELETE FROM events WHERE sequence <= {}", forget_to), "")
        .ok();
  });
  if (!done) return done.error();
  return forgotten == most;
}

Result<std::uint64_t> NewestEvent(SqliteConnection& database) {
  const Result<std::int64_t> newest = database.ReadNumber("SELECT max(sequence) FROM events");
  if (!newest) return newest.error();
  return static_cast<std::uint64_t>(*newest);
}

Result<std::vector<Event>> ReadEvents(SqliteConnection& database, const EventQuery& query,
                                      EventTimeSpan* known) {
  std::vector<Event> events;
  std::vector<std::string> types;
  if (!query.types.empty()) {
    Result<std::vector<std::string>> asked = TypesOf(database, query.types);
    if (!asked) return asked.error();
    if (asked->empty()) return events;
    types = *std::move(asked);
  }
  const Result<EventSpan> span = SpanOf(database, query, known);
  if (!span) return span.error();
  if (span->first > span->last) return events;
  Result<SqliteStatement> rows = database.Prepare(QueryText(query, types.size()));
  if (!rows) return rows.error();
  rows->BindNumber(kFirst, span->first);
  rows->BindNumber(kLast, span->last);
  rows->BindNumber(kFrom, FromOf(query));
  rows->BindNumber(kUntil, UntilOf(query));
  rows->BindText(kAlert, query.alert_id);
  rows->BindText(kRule, query.rule_id);
  rows->BindText(kReceiver, query.receiver);
  rows->BindNumber(kLimit, Clamp(query.limit));
  for (std::size_t i = 0; i < types.size(); ++i) {
    rows->BindText(kFirstType + static_cast<int>(i), types[i]);
  }
  Stepped stepped = rows->Step();
  for (; stepped == Stepped::kRow; stepped = rows->Step()) events.push_back(EventOf(*rows));
  if (stepped == Stepped::kFailed) return database.Failure(kReadingEvents);
  return events;
}

}  // namespace tocsin::evaluator
