// A connection to a PostgreSQL server: as much of libpqxx as the store needs. Its exceptions and
// types stay in this file's source.
//
// Whoever has a connection calls it from one thread at a time. One that was lost is of no further
// use: a new one takes its place.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/settings.h"
#include "evaluator/persist/exchange_watch.h"

namespace pqxx {
class row;
}

namespace tocsin::evaluator {

// '\x6869' for "hi": however the bytes look, nothing in them is SQL.
std::string PostgresBytes(std::string_view bytes);

// A row of an answer. Columns count from 0; NULL is 0 or "".
class PostgresRow {
 public:
  explicit PostgresRow(const pqxx::row& row) : row_(row) {}

  std::int64_t Number(int column) const;
  std::string Text(int column) const;
  // Of a BYTEA.
  std::string Bytes(int column) const;

 private:
  const pqxx::row& row_;
};

class PostgresConnection {
 public:
  using Visit = std::function<void(const PostgresRow&)>;

  // Connects within some seconds, into the schema "tocsin", whether or not it is there. `watch`
  // outlives the connection.
  static Result<std::unique_ptr<PostgresConnection>> Open(const config::PostgresSettings& settings,
                                                          ExchangeWatch& watch);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  // False where it was lost.
  bool is_open() const;
  // Whether nothing has come that nobody has asked for, such as the server's farewell.
  bool is_quiet() const;

  // The statements in one transaction, the rows of the last one visited before its commit: where
  // `may_commit` is false then, all is undone. `doing` begins the message of a failure: "cannot
  // write to the state database".
  struct Transaction {
    std::span<const std::string> statements;
    Visit visit;                       // may be null
    std::function<bool()> may_commit;  // may be null
  };
  Status Run(const Transaction& transaction, std::string_view doing,
             std::chrono::nanoseconds at_most);

  // One statement that only reads, or that makes a transaction of its own.
  Status Ask(const std::string& sql, std::string_view doing, const Visit& visit);

  // How long a statement may take before the server gives it up, and after which the server is
  // given up.
  static constexpr std::chrono::seconds kStatement{10};
  static constexpr std::chrono::seconds kExchange{12};

 private:
  struct Handle;

  PostgresConnection(const config::PostgresSettings& settings, ExchangeWatch& watch);
  Status Connect();
  template <typename Act>
  Status Try(std::string_view doing, std::chrono::nanoseconds at_most, Act act);

  const config::PostgresSettings& settings_;
  ExchangeWatch& watch_;
  std::unique_ptr<Handle> handle_;
  int socket_ = -1;  // a duplicate, so that it is open as long as this lives
  bool is_lost_ = false;
};

// "cannot read the state database postgresql://u@h/d: why", on one line and without the password.
Error PostgresFailure(const config::PostgresSettings& settings, std::string_view doing,
                      std::string_view why);

}  // namespace tocsin::evaluator
