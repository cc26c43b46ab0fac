#include "evaluator/persist/state_schema.h"

#include <fmt/format.h>

#include <initializer_list>

namespace tocsin::evaluator {
namespace {

// PostgreSQL sorts BYTEA as SQLite sorts TEXT, and keeps whatever stands in a key or value: its own
// TEXT knows no zeros, and nothing that is no text of the database's encoding.
SchemaStep MakeTables(std::initializer_list<const char*> names) {
  SchemaStep step;
  for (const char* name : names) {
    step.sqlite +=
        fmt::format("CREATE TABLE {} (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);", name);
    step.postgres += fmt::format(
        "CREATE TABLE {} (key BYTEA NOT NULL PRIMARY KEY, value BYTEA NOT NULL);", name);
  }
  return step;
}

// What is about nothing has NULL. The body stands last: it is the longest.
constexpr const char* kMakeEventsSqlite =
    "CREATE TABLE events (sequence INTEGER NOT NULL PRIMARY KEY, at INTEGER NOT NULL,"
    " type TEXT NOT NULL, alert_id TEXT, rule_id TEXT, receiver TEXT, labels BLOB NOT NULL,"
    " body TEXT NOT NULL);"
    "CREATE INDEX events_by_time ON events (at);"
    "CREATE INDEX events_by_type ON events (type);"
    "CREATE INDEX events_by_alert ON events (alert_id) WHERE alert_id IS NOT NULL;"
    "CREATE INDEX events_by_rule ON events (rule_id) WHERE rule_id IS NOT NULL;"
    "CREATE INDEX events_by_receiver ON events (receiver) WHERE receiver IS NOT NULL;";

// Each index leads one kind of search, and gives what it finds in the order of the numbers.
constexpr const char* kMakeEventsPostgres =
    "CREATE TABLE events (sequence BIGINT NOT NULL PRIMARY KEY, at BIGINT NOT NULL,"
    " type BYTEA NOT NULL, alert_id BYTEA, rule_id BYTEA, receiver BYTEA, labels BYTEA NOT NULL,"
    " body BYTEA NOT NULL);"
    "CREATE INDEX events_by_time ON events (at);"
    "CREATE INDEX events_by_type ON events (type, sequence);"
    "CREATE INDEX events_by_alert ON events (alert_id, sequence) WHERE alert_id IS NOT NULL;"
    "CREATE INDEX events_by_rule ON events (rule_id, sequence) WHERE rule_id IS NOT NULL;"
    "CREATE INDEX events_by_receiver ON events (receiver, sequence) WHERE receiver IS NOT NULL;";

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

}  // namespace

// Never change a step that has shipped; add one.
std::vector<SchemaStep> SchemaSteps() {
  return {
      MakeTables({"alerts", "holds", "announcements", "outbox", "pushed_groups"}),
      MakeTables({"silences", "notification_log"}),
      MakeTables({"posted_alerts"}),
      // Rows of the outbox became messages of groups; what earlier builds left of single alerts
      // can be told by nobody, and what fires is told anew.
      {"DELETE FROM outbox; DELETE FROM announcements WHERE key LIKE 'episode/%';", ""},
      MakeTables({"acknowledgements"}),
      {kPostedAlertsInOneTree, ""},
      MakeTables({"api_keys", "audit", "managed_rules", "managed_receivers", "idempotency_keys"}),
      {kMakeEventsSqlite, kMakeEventsPostgres},
      {kBlocksOfEvents, ""},
      MakeTables({"alert_comments"}),
  };
}

}  // namespace tocsin::evaluator
