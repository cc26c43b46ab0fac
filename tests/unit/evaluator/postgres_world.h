// The server of the tests of this program: started by the first that needs it.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "config/settings.h"
#include "tests/support/postgres_server.h"
#include "tests/unit/evaluator/store_world.h"

namespace tocsin::evaluator {

class PostgresWorld final : public StoreWorld {
 public:
  // The message says what is absent.
  static Result<std::unique_ptr<PostgresWorld>> Make();

  Result<std::unique_ptr<StateStore>> Open(const Clock& clock, const Logger& log,
                                           MetricRegistry& metrics) override;
  std::unique_ptr<Refusal> RefuseWrites() override;
  std::string Name() const override { return settings_.shown; }
  void MakeOld(std::size_t version) override;
  void SetVersion(std::size_t version) override;

  const config::PostgresSettings& settings() const { return settings_; }
  testing::PostgresServer& server() const { return *server_; }
  const std::string& database() const { return database_; }

  // Each as the server's superuser, on a connection of its own. Answers the first field.
  std::string Ask(const std::string& sql) const;
  // Ends the connections of the store; "" is all of them, else those whose last statement contains
  // the text. Answers how many.
  int CutOff(const std::string& query = "") const;

 private:
  PostgresWorld(testing::PostgresServer* server, std::string database);

  testing::PostgresServer* const server_;
  const std::string database_;
  config::PostgresSettings settings_;
};

}  // namespace tocsin::evaluator
