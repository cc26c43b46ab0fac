#include "evaluator/persist/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/text.h"

namespace tocsin::evaluator {
namespace {

constexpr std::string_view kReading = "cannot read the state database";

// A path as a URI has it, where ?, # and % mean something.
std::string FrozenUri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) uri += c == '/' ? std::string("/") : PercentEncode({&c, 1});
  return uri + "?immutable=1";
}

}  // namespace

SqliteStatement::~SqliteStatement() { sqlite3_finalize(handle_); }

void SqliteStatement::BindNumber(int parameter, std::int64_t value) {
  sqlite3_bind_int64(handle_, parameter, value);
}

void SqliteStatement::BindText(int parameter, std::string_view value) {
  // A null pointer would mean NULL.
  const char* const data = value.data() == nullptr ? "" : value.data();
  sqlite3_bind_text64(handle_, parameter, data, value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void SqliteStatement::BindTextOrNull(int parameter, std::string_view value) {
  if (value.empty()) {
    sqlite3_bind_null(handle_, parameter);
  } else {
    BindText(parameter, value);
  }
}

void SqliteStatement::BindBytes(int parameter, std::string_view value) {
  const char* const data = value.data() == nullptr ? "" : value.data();
  sqlite3_bind_blob64(handle_, parameter, data, value.size(), SQLITE_STATIC);
}

SqliteStatement::Stepped SqliteStatement::Step() {
  switch (sqlite3_step(handle_)) {
    case SQLITE_ROW:
      return Stepped::kRow;
    case SQLITE_DONE:
      return Stepped::kDone;
    default:
      return Stepped::kFailed;
  }
}

void SqliteStatement::Reset() { sqlite3_reset(handle_); }

bool SqliteStatement::Run() {
  const Stepped stepped = Step();
  Reset();
  return stepped == Stepped::kDone;
}

std::int64_t SqliteStatement::Number(int column) const {
  return sqlite3_column_int64(handle_, column);
}

double SqliteStatement::Real(int column) const { return sqlite3_column_double(handle_, column); }

SqliteStatement::Kind SqliteStatement::KindOf(int column) const {
  switch (sqlite3_column_type(handle_, column)) {
    case SQLITE_INTEGER:
      return Kind::kInteger;
    case SQLITE_FLOAT:
      return Kind::kReal;
    case SQLITE_TEXT:
      return Kind::kText;
    case SQLITE_BLOB:
      return Kind::kBytes;
    default:
      return Kind::kNull;
  }
}

std::size_t SqliteStatement::Size(int column) const {
  return static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
}

std::string SqliteStatement::Text(int column) const {
  // The size first: in a file of another encoding it is what makes the text UTF-8.
  const std::size_t size = Size(column);
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  return size == 0 ? std::string() : std::string(data, size);
}

SqliteConnection::~SqliteConnection() { sqlite3_close(handle_); }

Status SqliteConnection::Open(const std::string& path, Access access) {
  path_ = path;
  int how =
      access == Access::kMake ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  if (access == Access::kReadFrozen) how |= SQLITE_OPEN_URI;
  const std::string name = access == Access::kReadFrozen ? FrozenUri(path) : path;
  if (sqlite3_open_v2(name.c_str(), &handle_, how | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) {
    return Failure("cannot open the state database");
  }
  sqlite3_extended_result_codes(handle_, 1);
  return Status();
}

bool SqliteConnection::is_read_only() const { return sqlite3_db_readonly(handle_, "main") == 1; }

Error SqliteConnection::Failure(std::string_view doing) const {
  return Error{fmt::format("{} {}: {} (SQLite error {})", doing, path_, sqlite3_errmsg(handle_),
                           sqlite3_extended_errcode(handle_))};
}

Status SqliteConnection::Execute(const std::string& sql, std::string_view doing) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return Status();
  return Failure(doing);
}

Result<SqliteStatement> SqliteConnection::Prepare(const std::string& sql) {
  SqliteStatement statement;
  if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement.handle_, nullptr) != SQLITE_OK) {
    return Failure(kReading);
  }
  return statement;
}

Result<std::int64_t> SqliteConnection::ReadNumber(const std::string& sql) {
  Result<SqliteStatement> statement = Prepare(sql);
  if (!statement) return statement.error();
  switch (statement->Step()) {
    case SqliteStatement::Stepped::kRow:
      return statement->Number(0);
    case SqliteStatement::Stepped::kDone:
      return std::int64_t{0};
    case SqliteStatement::Stepped::kFailed:
      return Failure(kReading);
  }
  return Failure(kReading);
}

}  // namespace tocsin::evaluator
