#include "evaluator/persist/sqlite_foreign_tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

namespace tocsin::evaluator {
namespace {

namespace fs = std::filesystem;

// https://www.sqlite.org/fileformat.html, "The Database Header"
constexpr std::size_t kHeaderBytes = 100;
constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr std::size_t kReadVersionAt = 19;
constexpr char kWithWriteAheadLog = 2;

constexpr const char* kIsNone = "{} is no SQLite database";

Result<std::array<char, kHeaderBytes>> ReadHeader(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return Error{fmt::format("{} is a folder", path)};
  std::array<char, kHeaderBytes> header{};
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{fmt::format("cannot read {}: {}", path, std::strerror(errno))};
  if (!file.read(header.data(), header.size()) ||
      !std::string_view(header.data(), header.size()).starts_with(kMagic)) {
    return Error{fmt::format(kIsNone, path)};
  }
  return header;
}

bool HasContents(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  return !error && size > 0;
}

std::string Quoted(std::string_view name) { return fmt::format("\"{}\"", name); }

ForeignValue ReadValue(const SqliteStatement& row, int column) {
  ForeignValue value;
  switch (row.KindOf(column)) {
    case SqliteStatement::Kind::kNull:
      break;
    case SqliteStatement::Kind::kInteger:
      value.kind = ForeignValue::Kind::kInteger;
      value.integer = row.Number(column);
      break;
    case SqliteStatement::Kind::kReal:
      value.kind = ForeignValue::Kind::kReal;
      value.real = row.Real(column);
      break;
    case SqliteStatement::Kind::kText:
      value.kind = ForeignValue::Kind::kTooLong;
      if (row.Size(column) > kMaxForeignText) break;
      value.kind = ForeignValue::Kind::kText;
      value.text = row.Text(column);
      break;
    case SqliteStatement::Kind::kBytes:
      value.kind = ForeignValue::Kind::kBytes;
      break;
  }
  return value;
}

}  // namespace

struct ForeignTables::Shape {
  const char* name;
  std::vector<std::string_view> needed;
  std::vector<std::string_view> others;
};

const ForeignTables::Shape ForeignTables::kRules = {
    "alert_rules",
    {"id", "name", "metric_name", "condition", "threshold", "severity"},
    {"description", "duration", "enabled", "notification_channels", "notification_template",
     "cooldown_period", "created_at", "updated_at", "created_by"}};

const ForeignTables::Shape ForeignTables::kAlerts = {
    "alerts",
    {"id", "rule_id", "name", "severity", "status", "metric_name", "metric_value", "triggered_at"},
    {"description", "threshold", "acknowledged_at", "resolved_at", "metadata"}};

const ForeignValue& ForeignRow::operator[](std::string_view column) const {
  static const ForeignValue kNone;
  const auto found = columns_->find(column);
  return found == columns_->end() ? kNone : values_[found->second];
}

Result<std::unique_ptr<ForeignTables>> ForeignTables::Open(const std::string& path) {
  auto tables = std::make_unique<ForeignTables>();
  if (Status opened = tables->OpenFile(path); !opened) return opened.error();
  if (Status sound = tables->CheckSound(); !sound) return sound.error();
  std::vector<std::string> faults;
  for (const auto& [shape, table] :
       {std::pair(&kRules, &tables->rules_), std::pair(&kAlerts, &tables->alerts_)}) {
    if (Status described = tables->Describe(*shape, table, &faults); !described) {
      return described.error();
    }
  }
  if (faults.empty()) return tables;
  return Error{fmt::format("{} is no database of the original: {}", path, fmt::join(faults, ", "))};
}

Status ForeignTables::OpenFile(const std::string& path) {
  const auto header = ReadHeader(path);
  if (!header) return header.error();
  auto access = SqliteConnection::Access::kRead;
  if (header->at(kReadVersionAt) == kWithWriteAheadLog) {
    // Read in the usual way, even such a file gets others beside it.
    if (HasContents(path + "-wal")) {
      return Error{fmt::format(
          "{0} has a log of writes beside it, {0}-wal: the original still runs, or was killed. "
          "Stop it, bring the log in with `sqlite3 {0} 'PRAGMA wal_checkpoint(TRUNCATE)'`, and "
          "import again; or import a copy made with `sqlite3 {0} '.backup COPY'`",
          path)};
    }
    access = SqliteConnection::Access::kReadFrozen;
  }
  if (Status opened = connection_.Open(path, access); !opened) return Failure();
  sqlite3* const handle = connection_.handle();
  // The schema is somebody else's as well: it runs nothing.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  // One reading from here on, so that a program that goes on writing changes nothing in between.
  const Status begun = connection_.Execute(
      "PRAGMA busy_timeout = 2000; PRAGMA cell_size_check = ON; BEGIN; "
      "SELECT count(*) FROM sqlite_schema",
      "");
  return begun.ok() ? Status() : Status(Failure());
}

Status ForeignTables::CheckSound() {
  Result<SqliteStatement> check = connection_.Prepare("PRAGMA quick_check(1)");
  if (!check || check->Step() != SqliteStatement::Stepped::kRow) return Failure();
  const std::string verdict = check->Text(0);
  if (verdict == "ok") return {};
  return Error{fmt::format(
      "{0} is damaged ({1}): nothing is imported. `sqlite3 {0} .recover | sqlite3 COPY` makes a "
      "copy of what can be read",
      connection_.path(), verdict)};
}

// A view or a virtual table of the name would compute something: it is none.
Status ForeignTables::Describe(const Shape& shape, Table* table, std::vector<std::string>* faults) {
  Result<SqliteStatement> find = connection_.Prepare(
      fmt::format("SELECT lower(c.name) FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c "
                  "WHERE t.type = "
                  "'table' AND t.rootpage > 0 AND lower(t.name) = '{}' AND c.hidden = 0",
                  shape.name));
  if (!find) return Failure();
  std::vector<std::string> there;
  SqliteStatement::Stepped stepped = find->Step();
  for (; stepped == SqliteStatement::Stepped::kRow; stepped = find->Step()) {
    there.push_back(find->Text(0));
  }
  if (stepped == SqliteStatement::Stepped::kFailed) return Failure();
  if (there.empty()) {
    faults->push_back(fmt::format("it has no table {}", shape.name));
    return {};
  }
  std::vector<std::string> selected;
  const auto take = [&](std::string_view column, std::vector<std::string>* missing,
                        const char* words) {
    if (std::find(there.begin(), there.end(), column) == there.end()) {
      missing->push_back(fmt::format(fmt::runtime(words), shape.name, column));
      return;
    }
    table->columns[column] = selected.size();
    selected.push_back(Quoted(column));
  };
  for (const std::string_view column : shape.needed) {
    take(column, faults, "its table {} has no column {}");
  }
  for (const std::string_view column : shape.others) {
    take(column, &notes_, "table {} has no column {}");
  }
  table->name = shape.name;
  table->select = fmt::format("SELECT {} FROM {}", fmt::join(selected, ", "), Quoted(shape.name));
  return {};
}

Status ForeignTables::VisitTable(const Table& table, const Visit& visit) {
  Result<SqliteStatement> select = connection_.Prepare(table.select);
  if (!select) return Failure();
  while (true) {
    switch (select->Step()) {
      case SqliteStatement::Stepped::kDone:
        return {};
      case SqliteStatement::Stepped::kFailed:
        return Failure();
      case SqliteStatement::Stepped::kRow:
        break;
    }
    std::vector<ForeignValue> values;
    values.reserve(table.columns.size());
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      values.push_back(ReadValue(*select, static_cast<int>(i)));
    }
    visit(ForeignRow(table.columns, std::move(values)));
  }
}

Error ForeignTables::Failure() const {
  const std::string& path = connection_.path();
  const int code = sqlite3_extended_errcode(connection_.handle());
  if (code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY_RECOVERY) {
    return Error{
        fmt::format("a write to {0} was broken off, and {0}-journal holds what takes it back: open "
                    "it once with the original, or with `sqlite3 {0} .schema`, and import again",
                    path)};
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error{fmt::format(
          "{} is locked by another program: stop the original, and import again", path)};
    case SQLITE_NOTADB:
      return Error{fmt::format(kIsNone, path)};
    case SQLITE_CORRUPT:
      return Error{fmt::format(
          "{0} is damaged: nothing is imported. `sqlite3 {0} .recover | sqlite3 COPY` makes a copy "
          "of what can be read",
          path)};
    default:
      return connection_.Failure("cannot read");
  }
}

}  // namespace tocsin::evaluator
