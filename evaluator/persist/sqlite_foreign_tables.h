// The tables of a database of the original product (an SQLite file), read to be imported.
//
// The file is opened read-only, and nothing is made beside it: one that could not be read without a
// change (a write was broken off, or a log of it lies beside the file) is refused with what to do.
// Its texts are somebody else's, in any column of any kind: what is read is what stands there.
//
// One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evaluator/persist/sqlite_connection.h"

namespace tocsin::evaluator {

// What stands in one column of one row. A column may hold anything in SQLite, whatever it was
// declared to be.
struct ForeignValue {
  enum class Kind : std::uint8_t {
    kNull,  // or the table has no such column
    kInteger,
    kReal,
    kText,     // as it stands: not always UTF-8
    kBytes,    // not kept
    kTooLong,  // a text of more than kMaxForeignText bytes, not kept
  };
  Kind kind = Kind::kNull;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;

  bool is_null() const { return kind == Kind::kNull; }
};

inline constexpr std::size_t kMaxForeignText = 1 << 20;

class ForeignRow {
 public:
  // The same for every row of a table; outlives them.
  using Columns = std::map<std::string_view, std::size_t>;

  ForeignRow(const Columns& columns, std::vector<ForeignValue> values)
      : columns_(&columns), values_(std::move(values)) {}

  // NULL where the table has no such column.
  const ForeignValue& operator[](std::string_view column) const;

 private:
  const Columns* columns_;
  std::vector<ForeignValue> values_;
};

class ForeignTables {
 public:
  using Visit = std::function<void(const ForeignRow&)>;

  // Both tables are there with the columns that a row is nothing without: a message names all that
  // are missing. A file that is damaged is refused as a whole.
  static Result<std::unique_ptr<ForeignTables>> Open(const std::string& path);

  // "table alerts has no column description": those that rows can do without.
  const std::vector<std::string>& notes() const { return notes_; }

  // Every row, in the order of the table. All are of one moment. After a failure what was visited
  // is not everything.
  Status VisitRules(const Visit& visit) { return VisitTable(rules_, visit); }
  Status VisitAlerts(const Visit& visit) { return VisitTable(alerts_, visit); }

 private:
  struct Table {
    std::string name;
    std::string select;
    ForeignRow::Columns columns;
  };
  struct Shape;

  static const Shape kRules;
  static const Shape kAlerts;

  Status OpenFile(const std::string& path);
  Status CheckSound();
  Status Describe(const Shape& shape, Table* table, std::vector<std::string>* faults);
  Status VisitTable(const Table& table, const Visit& visit);
  // What SQLite has just said, in words that say what to do.
  Error Failure() const;

  SqliteConnection connection_;
  std::vector<std::string> notes_;
  Table rules_;
  Table alerts_;
};

}  // namespace tocsin::evaluator
