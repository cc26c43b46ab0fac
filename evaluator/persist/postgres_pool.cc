#include "evaluator/persist/postgres_pool.h"

#include <utility>

namespace tocsin::evaluator {
namespace {

constexpr std::chrono::seconds kBetweenAttempts{1};

}  // namespace

PostgresPool::PostgresPool(const config::PostgresSettings& settings, ExchangeWatch& watch,
                           const Clock& clock)
    : settings_(settings), watch_(watch), clock_(clock) {}

Status PostgresPool::Ask(const std::string& sql, std::string_view doing,
                         const PostgresConnection::Visit& visit) {
  Connection connection = Take();
  // It may have been lost while it lay idle.
  if (connection != nullptr) {
    const bool is_good = connection->is_quiet();
    Status answered = is_good ? connection->Ask(sql, doing, visit) : Status();
    if (is_good && (answered.ok() || connection->is_open())) {
      GiveBack(std::move(connection));
      return answered;
    }
    connection.reset();
  }
  Result<Connection> fresh = Connect();
  if (!fresh) {
    GiveBack(nullptr);
    return fresh.error();
  }
  connection = *std::move(fresh);
  Status answered = connection->Ask(sql, doing, visit);
  if (!connection->is_open()) connection.reset();
  GiveBack(std::move(connection));
  return answered;
}

PostgresPool::Connection PostgresPool::Take() {
  MutexLock lock(mu_);
  while (taken_ >= kMost) changed_.Wait(mu_);
  ++taken_;
  if (idle_.empty()) return nullptr;
  Connection connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void PostgresPool::GiveBack(Connection connection) {
  {
    MutexLock lock(mu_);
    --taken_;
    if (connection != nullptr) idle_.push_back(std::move(connection));
  }
  changed_.NotifyOne();
}

Result<PostgresPool::Connection> PostgresPool::Connect() {
  {
    MutexLock lock(mu_);
    if (clock_.Monotonic() < not_before_) return Error{refusal_};
  }
  Result<Connection> connection = PostgresConnection::Open(settings_, watch_);
  if (!connection) {
    MutexLock lock(mu_);
    refusal_ = connection.message();
    not_before_ = clock_.Monotonic() + kBetweenAttempts;
  }
  return connection;
}

}  // namespace tocsin::evaluator
