#include "evaluator/persist/postgres_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "evaluator/persist/postgres_connection.h"

namespace tocsin::evaluator {
namespace {

constexpr std::size_t kLongStatement = 4U << 20;

// INSERT or DELETE with a list of rows, begun anew where it grows long.
class RowList {
 public:
  // `begin` stands before the rows, `end` behind them.
  RowList(std::string begin, std::string_view end, PostgresStatements* out)
      : begin_(std::move(begin)), end_(end), out_(out) {}
  ~RowList() { Finish(); }
  RowList(const RowList&) = delete;
  RowList& operator=(const RowList&) = delete;

  void Add(std::string_view row) {
    text_ += text_.empty() ? begin_ : ",";
    text_ += row;
    if (text_.size() >= kLongStatement) Finish();
  }

 private:
  // Short ones share a text.
  void Finish() {
    if (text_.empty()) return;
    text_ += end_;
    if (!out_->empty() && out_->back().size() + text_.size() < kLongStatement) {
      out_->back() += text_;
    } else {
      out_->push_back(std::move(text_));
    }
    text_.clear();
  }

  const std::string begin_;
  const std::string end_;
  PostgresStatements* const out_;
  std::string text_;
};

std::string BytesOrNull(std::string_view bytes) {
  return bytes.empty() ? "NULL" : PostgresBytes(bytes);
}

std::string EventRow(const Event& event) {
  return fmt::format("({},{},{},{},{},{},{},{})", event.sequence, ToUnixMillis(event.at),
                     PostgresBytes(event.type), BytesOrNull(event.alert_id),
                     BytesOrNull(event.rule_id), BytesOrNull(event.receiver),
                     PostgresBytes(event.labels.view().bytes()), PostgresBytes(event.body));
}

std::int64_t ClampNumber(std::uint64_t number) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(number, kMost));
}

// "alert." is all that lies between it and "alert/": the character after the dot.
std::string TypeCondition(const std::string& type) {
  if (!type.ends_with('.')) return "type = " + PostgresBytes(type);
  const std::string end = type.substr(0, type.size() - 1) + '/';
  return fmt::format("(type >= {} AND type < {})", PostgresBytes(type), PostgresBytes(end));
}

}  // namespace

PostgresStatements CommitStatements(std::span<const StoreWrite> writes,
                                    std::span<const Event> events) {
  std::map<StateTable, std::map<std::string_view, const std::string*>> tables;
  for (const StoreWrite& write : writes) tables[write.table][write.key] = write.value;
  PostgresStatements statements;
  for (const auto& [table, rows] : tables) {
    const std::string_view name = StateTableName(table);
    RowList puts(fmt::format("INSERT INTO {} (key, value) VALUES ", name),
                 " ON CONFLICT (key) DO UPDATE SET value = excluded.value;", &statements);
    RowList deletes(fmt::format("DELETE FROM {} WHERE key IN (", name), ");", &statements);
    for (const auto& [key, value] : rows) {
      if (value == nullptr) {
        deletes.Add(PostgresBytes(key));
      } else {
        puts.Add(fmt::format("({},{})", PostgresBytes(key), PostgresBytes(*value)));
      }
    }
  }
  RowList inserts(
      "INSERT INTO events (sequence, at, type, alert_id, rule_id, receiver, labels, body) VALUES ",
      " ON CONFLICT (sequence) DO NOTHING;", &statements);
  for (const Event& event : events) inserts.Add(EventRow(event));
  return statements;
}

std::string ScanStatement(StateTable table, const StateStore::Part* part) {
  const std::string_view name = StateTableName(table);
  if (part == nullptr) return fmt::format("SELECT key, value FROM {} ORDER BY key", name);
  return fmt::format(
      "SELECT key, value FROM {} WHERE key >= {} AND key < {} ORDER BY key {} LIMIT {}", name,
      PostgresBytes(part->from), PostgresBytes(part->below), part->from_end ? "DESC" : "ASC",
      ClampNumber(part->limit));
}

std::optional<std::string> EventStatement(const EventQuery& query) {
  if (query.limit == 0 || (query.before && *query.before == 0)) return std::nullopt;
  std::string sql = fmt::format(
      "SELECT sequence, at, type, alert_id, rule_id, receiver, labels, {} FROM events"
      " WHERE sequence > {}",
      query.without_body ? "''::bytea" : "body", ClampNumber(query.after));
  if (query.before) sql += fmt::format(" AND sequence < {}", ClampNumber(*query.before));
  if (query.from) sql += fmt::format(" AND at >= {}", ToUnixMillis(*query.from));
  if (query.until) sql += fmt::format(" AND at < {}", ToUnixMillis(*query.until));
  const auto add = [&sql](std::string_view column, std::string_view text) {
    if (!text.empty()) sql += fmt::format(" AND {} = {}", column, PostgresBytes(text));
  };
  add("alert_id", query.alert_id);
  add("rule_id", query.rule_id);
  add("receiver", query.receiver);
  for (std::size_t i = 0; i < query.types.size(); ++i) {
    sql += i == 0 ? " AND (" : " OR ";
    sql += TypeCondition(query.types[i]);
  }
  if (!query.types.empty()) sql += ')';
  return sql + fmt::format(" ORDER BY sequence {} LIMIT {}", query.newest_first ? "DESC" : "ASC",
                           ClampNumber(query.limit));
}

}  // namespace tocsin::evaluator
