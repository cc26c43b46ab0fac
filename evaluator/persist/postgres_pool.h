// Connections for whoever reads, beside the writer: opened when they are needed, a few at most, and
// used again. Synchronises itself.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "evaluator/persist/postgres_connection.h"

namespace tocsin::evaluator {

class PostgresPool {
 public:
  // So many answers are under way at once; others wait.
  static constexpr std::size_t kMost = 4;

  // The arguments outlive the pool.
  PostgresPool(const config::PostgresSettings& settings, ExchangeWatch& watch, const Clock& clock);

  // As PostgresConnection::Ask, of a statement that only reads: asked once more where its
  // connection turns out to be lost. While the server cannot be reached, most answers come at once.
  Status Ask(const std::string& sql, std::string_view doing,
             const PostgresConnection::Visit& visit);

 private:
  using Connection = std::unique_ptr<PostgresConnection>;

  // One that lies idle, or none: there is room for one more. Either is to be given back.
  Connection Take();
  void GiveBack(Connection connection);
  Result<Connection> Connect();

  const config::PostgresSettings& settings_;
  ExchangeWatch& watch_;
  const Clock& clock_;

  Mutex mu_;
  CondVar changed_;
  std::size_t taken_ GUARDED_BY(mu_) = 0;
  std::vector<Connection> idle_ GUARDED_BY(mu_);
  // Why there was no connection, and until when nobody tries again.
  std::string refusal_ GUARDED_BY(mu_);
  std::chrono::nanoseconds not_before_ GUARDED_BY(mu_) = std::chrono::nanoseconds::min();
};

}  // namespace tocsin::evaluator
