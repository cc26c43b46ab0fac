// A connection to an SQLite file and its statements: as much of SQLite's interface as the store
// needs. Its error codes and handles stay in this folder.
//
// Whoever has a connection calls it, and its statements, from one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tocsin::evaluator {

class SqliteStatement {
 public:
  enum class Stepped : std::uint8_t { kRow, kDone, kFailed };

  SqliteStatement() = default;
  SqliteStatement(SqliteStatement&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)) {}
  SqliteStatement& operator=(SqliteStatement&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~SqliteStatement();

  // Parameters count from 1 and keep their values. What a text refers to stays until Reset.
  void BindNumber(int parameter, std::int64_t value);
  void BindText(int parameter, std::string_view value);
  // NULL where it is empty.
  void BindTextOrNull(int parameter, std::string_view value);
  void BindBytes(int parameter, std::string_view value);

  Stepped Step();
  void Reset();
  // A statement without rows, from its beginning to its end. False where it has failed.
  bool Run();

  // Columns of the row, counted from 0; NULL is 0 or "".
  std::int64_t Number(int column) const;
  double Real(int column) const;
  std::string Text(int column) const;
  // As the row has it, whatever the column was declared to be. Asked before the value is.
  enum class Kind : std::uint8_t { kNull, kInteger, kReal, kText, kBytes };
  Kind KindOf(int column) const;
  // Of a text or bytes.
  std::size_t Size(int column) const;

 private:
  friend class SqliteConnection;
  sqlite3_stmt* handle_ = nullptr;
};

class SqliteConnection {
 public:
  enum class Access : std::uint8_t {
    kMake,
    kRead,
    kReadFrozen,  // nobody writes to it: without locks, and no file is made beside it
  };

  SqliteConnection() = default;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;
  // REQUIRES: its statements are gone.
  ~SqliteConnection();

  // Once, before all else.
  Status Open(const std::string& path, Access access);
  bool is_read_only() const;

  // What went wrong last: "doing path: why".
  Error Failure(std::string_view doing) const;
  Status Execute(const std::string& sql, std::string_view doing);
  Result<SqliteStatement> Prepare(const std::string& sql);
  // The first column of the first row; 0 where there is none.
  Result<std::int64_t> ReadNumber(const std::string& sql);

  // All or nothing, durable on success.
  template <typename ApplyAll>
  Status Transaction(ApplyAll apply_all) {
    if (Status begun = Execute("BEGIN IMMEDIATE", kWriting); !begun.ok()) return begun;
    if (apply_all()) {
      if (Status done = Execute("COMMIT", kWriting); done.ok()) return done;
    }
    Error failure = Failure(kWriting);
    // Some errors (a full disk) have rolled back already; then this says so, which is fine.
    (void)Execute("ROLLBACK", kWriting);
    return failure;
  }

  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_; }

 private:
  static constexpr std::string_view kWriting = "cannot write to the state database";
  std::string path_;
  sqlite3* handle_ = nullptr;
};

}  // namespace tocsin::evaluator
