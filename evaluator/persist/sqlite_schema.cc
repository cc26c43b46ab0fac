#include "evaluator/persist/sqlite_schema.h"

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace tocsin::evaluator {
namespace {

std::string MakeTables(std::initializer_list<const char*> names) {
  std::string sql;
  for (const char* name : names) {
    sql +=
        fmt::format("CREATE TABLE {} (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);", name);
  }
  return sql;
}

// What is about nothing has NULL. The body stands last: it is the longest.
constexpr const char* kMakeEvents =
    "CREATE TABLE events (sequence INTEGER NOT NULL PRIMARY KEY, at INTEGER NOT NULL,"
    " type TEXT NOT NULL, alert_id TEXT, rule_id TEXT, receiver TEXT, labels BLOB NOT NULL,"
    " body TEXT NOT NULL);"
    "CREATE INDEX events_by_time ON events (at);"
    "CREATE INDEX events_by_type ON events (type);"
    "CREATE INDEX events_by_alert ON events (alert_id) WHERE alert_id IS NOT NULL;"
    "CREATE INDEX events_by_rule ON events (rule_id) WHERE rule_id IS NOT NULL;"
    "CREATE INDEX events_by_receiver ON events (receiver) WHERE receiver IS NOT NULL;";

// One tree where there were two, for the table that takes the most writes: its keys come in their
// order.
constexpr const char* kPostedAlertsInOneTree =
    "CREATE TABLE posted (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "INSERT INTO posted SELECT key, value FROM posted_alerts;"
    "DROP TABLE posted_alerts; ALTER TABLE posted RENAME TO posted_alerts;";

// Each index was some pages more in every commit, that of alerts one for each event. The program
// fills the table (EventWriter::Make).
constexpr const char* kBlocksOfEvents =
    "DROP INDEX events_by_time; DROP INDEX events_by_type; DROP INDEX events_by_alert;"
    "DROP INDEX events_by_rule; DROP INDEX events_by_receiver;"
    "CREATE TABLE event_blocks (number INTEGER NOT NULL PRIMARY KEY, earliest INTEGER NOT NULL,"
    " latest INTEGER NOT NULL, filter BLOB NOT NULL);";

// Step n brings schema version n to n + 1. Never change a step that has shipped; add one.
std::vector<std::string> Migrations() {
  return {
      MakeTables({"alerts", "holds", "announcements", "outbox", "pushed_groups"}),
      MakeTables({"silences", "notification_log"}), MakeTables({"posted_alerts"}),
      // Rows of the outbox became messages of groups; what earlier builds left of single alerts
      // can be told by nobody, and what fires is told anew.
      "DELETE FROM outbox; DELETE FROM announcements WHERE key LIKE 'episode/%';",
      MakeTables({"acknowledgements"}), kPostedAlertsInOneTree,
      MakeTables({"api_keys", "audit", "managed_rules", "managed_receivers", "idempotency_keys"}),
      kMakeEvents, kBlocksOfEvents};
}

}  // namespace

Status BringUpToDate(SqliteConnection& database) {
  const std::vector<std::string> migrations = Migrations();
  const Result<std::int64_t> version = database.ReadNumber("PRAGMA user_version");
  if (!version) return version.error();
  if (*version > static_cast<std::int64_t>(migrations.size())) {
    return Error{
        fmt::format("cannot use the state database {}: its schema version {} is newer than this "
                    "program's {}; "
                    "use the program that wrote it, or another --storage.path",
                    database.path(), *version, migrations.size())};
  }
  for (auto step = static_cast<std::size_t>(*version); step < migrations.size(); ++step) {
    const std::string sql = fmt::format("BEGIN IMMEDIATE; {} PRAGMA user_version = {}; COMMIT;",
                                        migrations[step], step + 1);
    if (Status done = database.Execute(sql, "cannot bring up to date the state database");
        !done.ok()) {
      return done;
    }
  }
  return Status();
}

}  // namespace tocsin::evaluator
