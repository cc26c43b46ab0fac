#include "tests/unit/evaluator/postgres_world.h"

#include <fmt/format.h>

#include <cstdio>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <utility>

#include "base/check.h"
#include "config/postgres_url.h"
#include "evaluator/persist/postgres_database.h"
#include "evaluator/persist/postgres_library.h"
#include "evaluator/persist/state_schema.h"

namespace tocsin::evaluator {
namespace {

constexpr const char* kUser = "tocsin";
// One for all tests: a database is a thousand files.
constexpr const char* kDatabaseOfTests = "state";

// Says at the very end why tests were skipped.
class LastWord final : public ::testing::EmptyTestEventListener {
 public:
  explicit LastWord(const std::string& text) : text_(text) {}
  void OnTestProgramEnd(const ::testing::UnitTest&) override {
    if (!text_.empty()) std::printf("PostgreSQL was not tested: %s\n", text_.c_str());
  }

 private:
  const std::string& text_;
};

std::string AskServer(const testing::PostgresServer& server, const std::string& database,
                      const std::string& sql) {
  const config::PostgresSettings settings =
      *config::ReadPostgresUrl(server.UrlOf("control", database));
  pqxx::connection connection(settings.conninfo.Reveal());
  pqxx::nontransaction work(connection);
  const pqxx::result rows = work.exec(sql);
  return rows.empty() || rows.columns() == 0 ? "" : rows[0][0].c_str();
}

class ServerOfTheProgram final : public ::testing::Environment {
 public:
  void SetUp() override {
    ::testing::UnitTest::GetInstance()->listeners().Append(new LastWord(absent_));
  }
  void TearDown() override { server_.reset(); }

  Result<testing::PostgresServer*> Get() {
    if (!absent_.empty()) return Error{absent_};
    if (server_ == nullptr) {
      if (Status loaded = LoadLibpq(); !loaded) {
        absent_ = loaded.message();
        return Error{absent_};
      }
      auto made = testing::PostgresServer::Make();
      if (!made) {
        absent_ = made.message();
        return Error{absent_};
      }
      server_ = *std::move(made);
      AskServer(*server_, "postgres", fmt::format("CREATE ROLE {} LOGIN", kUser));
      AskServer(*server_, "postgres", fmt::format("CREATE DATABASE {}", kDatabaseOfTests));
    }
    return server_.get();
  }

 private:
  std::unique_ptr<testing::PostgresServer> server_;
  std::string absent_;
};

// GoogleTest owns it.
ServerOfTheProgram* const server_of_the_program =
    static_cast<ServerOfTheProgram*>(::testing::AddGlobalTestEnvironment(new ServerOfTheProgram));

class ReadOnlyRefusal final : public Refusal {
 public:
  explicit ReadOnlyRefusal(const PostgresWorld& world) : world_(world) { Set("on"); }
  ~ReadOnlyRefusal() override { Set("off"); }

 private:
  void Set(const char* value) const {
    world_.Ask(fmt::format("ALTER ROLE {} IN DATABASE {} SET default_transaction_read_only = {}",
                           kUser, world_.database(), value));
    world_.CutOff();
  }
  const PostgresWorld& world_;
};

}  // namespace

Result<std::unique_ptr<PostgresWorld>> PostgresWorld::Make() {
  const Result<testing::PostgresServer*> server = server_of_the_program->Get();
  if (!server) return server.error();
  AskServer(**server, kDatabaseOfTests,
            fmt::format("DROP SCHEMA IF EXISTS tocsin CASCADE; ALTER DATABASE {} OWNER TO {}",
                        kDatabaseOfTests, kUser));
  return std::unique_ptr<PostgresWorld>(new PostgresWorld(*server, kDatabaseOfTests));
}

PostgresWorld::PostgresWorld(testing::PostgresServer* server, std::string database)
    : server_(server),
      database_(std::move(database)),
      settings_(*config::ReadPostgresUrl(server->UrlOf(kUser, database_))) {}

Result<std::unique_ptr<StateStore>> PostgresWorld::Open(const Clock& clock, const Logger& log,
                                                        MetricRegistry& metrics) {
  return OpenPostgresStore(settings_, StoreRole::kDaemon, clock, log, metrics);
}

std::unique_ptr<Refusal> PostgresWorld::RefuseWrites() {
  return std::make_unique<ReadOnlyRefusal>(*this);
}

std::string PostgresWorld::Ask(const std::string& sql) const {
  return AskServer(*server_, database_, sql);
}

int PostgresWorld::CutOff(const std::string& query) const {
  return std::stoi(Ask(
      fmt::format("SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
                  " WHERE datname = current_database() AND usename = '{}' AND query LIKE '%{}%'",
                  kUser, query)));
}

void PostgresWorld::MakeOld(std::size_t version) {
  std::string sql = fmt::format(
      "SET ROLE {}; CREATE SCHEMA tocsin; SET search_path = tocsin;"
      "CREATE TABLE program (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),"
      " schema_version INTEGER NOT NULL, holder TEXT NOT NULL);"
      "INSERT INTO program VALUES (1, {}, 'earlier');",
      kUser, version);
  for (std::size_t step = 0; step < version; ++step) sql += SchemaSteps()[step].postgres;
  sql += OldRows(version);
  Ask(sql);
}

void PostgresWorld::SetVersion(std::size_t version) {
  Ask(fmt::format("UPDATE tocsin.program SET schema_version = {}", version));
}

Result<std::unique_ptr<StoreWorld>> MakePostgresWorld() {
  Result<std::unique_ptr<PostgresWorld>> world = PostgresWorld::Make();
  if (!world) return world.error();
  return std::unique_ptr<StoreWorld>(*std::move(world));
}

}  // namespace tocsin::evaluator
