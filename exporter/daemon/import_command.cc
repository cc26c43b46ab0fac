#include "exporter/daemon/import_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "config/environment.h"
#include "config/files.h"
#include "config/receivers.h"
#include "evaluator/lifecycle/lifecycle.h"
#include "evaluator/persist/sqlite_foreign_tables.h"
#include "evaluator/rules/managed_rules.h"
#include "exporter/api/alerting_json.h"
#include "exporter/daemon/command_database.h"
#include "exporter/daemon/command_output.h"
#include "exporter/daemon/configured.h"
#include "exporter/daemon/foreign_import.h"
#include "exporter/daemon/storage_folder.h"
#include "exporter/security/audit_tail.h"

namespace tocsin::daemon {
namespace {

using evaluator::StoreRole;

// The state database, and the lock that keeps a daemon away from it.
struct Destination {
  std::optional<StorageFolder> folder;
  std::unique_ptr<CommandDatabase> database;
};

Result<Destination> OpenDestination(const ImportOptions& options) {
  Destination destination;
  if (!options.dry_run) {
    Result<StorageFolder> folder = StorageFolder::Open(options.storage_path);
    if (!folder) return folder.error();
    destination.folder.emplace(*std::move(folder));
  }
  Result<std::unique_ptr<CommandDatabase>> database = CommandDatabase::Open(
      options.storage_path,
      options.dry_run ? CommandDatabase::IfAbsent::kPretend : CommandDatabase::IfAbsent::kMake,
      options.dry_run ? StoreRole::kBeside : StoreRole::kDaemon);
  if (!database) return database.error();
  destination.database = *std::move(database);
  return destination;
}

// Those of the configuration and the environment.
Result<config::Settings> ReadSettings(const std::string& file, bool expand_env,
                                      const Clock& clock) {
  std::error_code error;
  if (std::filesystem::exists(file, error)) {
    const config::Loaded loaded = LoadDaemonConfig(file, expand_env, clock);
    if (loaded.settings != nullptr) return *loaded.settings;
    PrintDiagnostics(loaded.diagnostics);
    return Error{fmt::format("{} says which receivers there are, and is not sound", file)};
  }
  config::DiskFiles files;
  config::Diagnostics findings;
  config::Settings settings;
  settings.receivers = config::JoinReceivers(
      {}, config::ReadEnvironment(config::ProcessEnvironment(), files, findings).receivers,
      findings);
  return settings;
}

// With those that were made over the API, whose names are not secret.
Result<config::ReceiverNames> ReadReceiverNames(const ImportOptions& options,
                                                CommandDatabase& database) {
  Result<config::Settings> settings =
      ReadSettings(options.config_file, options.expand_env, database.clock());
  if (!settings) return settings.error();
  const auto rows = database.store().Scan(StateTable::kManagedReceivers);
  if (!rows) return rows.error();
  for (const auto& [name, row] : *rows) {
    config::ReceiverSettings receiver;
    receiver.name = name;
    settings->receivers.push_back(std::move(receiver));
  }
  return config::NamesForRules(*settings);
}

Status KnowState(StateStore& store, ForeignImport* import) {
  const auto rules = store.Scan(StateTable::kManagedRules);
  if (!rules) return rules.error();
  for (const auto& [id, row] : *rules) import->KnowRule(id, row);
  const auto alerts = store.Scan(StateTable::kAlerts);
  if (!alerts) return alerts.error();
  for (const auto& [id, row] : *alerts) import->KnowAlert(id, row);
  return {};
}

Status TakeAll(evaluator::ForeignTables& tables, ForeignImport* import) {
  Status taken = tables.VisitRules([import](const auto& row) { import->TakeRule(row); });
  if (!taken) return taken;
  return tables.VisitAlerts([import](const auto& row) { import->TakeAlert(row); });
}

// Of each rule that comes, and of all alerts at once: those are many, and stand in the history.
Status NoteInAudit(const std::string& file, CommandDatabase& database, const ForeignImport& import,
                   WriteBatch* batch) {
  Result<security::AuditTail> audit = security::AuditTail::Read(database.store());
  if (!audit) return audit.error();
  const Timestamp now = database.clock().Now();
  security::AuditRecord record;
  record.actor = CommandLineActor();
  record.outcome = "done";
  record.action = "rule.import";
  const std::vector<WriteBatch::Operation> operations = batch->operations();  // it grows below
  for (const WriteBatch::Operation& operation : operations) {
    if (operation.table != StateTable::kManagedRules || !operation.value) continue;
    record.target = operation.key;
    const Result<evaluator::ManagedRule> rule = evaluator::ParseManagedRule(*operation.value);
    record.after = rule ? api::Dump(api::RuleDefinitionJson(*rule->rule)) : "";
    audit->Append(now, record, batch);
  }
  if (import.alerts().imported == 0) return {};
  record.action = "alerts.import";
  record.target = file;
  record.after = fmt::format(R"({{"alerts":{}}})", import.alerts().imported);
  audit->Append(now, record, batch);
  return {};
}

std::string Summary(const ForeignImport::Tally& tally, std::string_view more) {
  std::string text = fmt::format("{} imported{}, {} already there, {} refused", tally.imported,
                                 more, tally.known, tally.refused);
  if (tally.expired > 0) {
    const evaluator::LifecycleOptions kept;
    text += fmt::format(", {} left out (of those resolved, the newest {} of the last {} are kept)",
                        tally.expired, kept.max_resolved, FormatDuration(kept.keep_resolved));
  }
  return text;
}

void PrintReport(const ForeignImport& import, bool dry_run) {
  const std::string states = fmt::format(
      " ({} active, {} acknowledged, {} resolved)", import.CountAlerts(AlertState::kFiring),
      import.CountAlerts(AlertState::kAcknowledged), import.CountAlerts(AlertState::kResolved));
  fmt::print("rules: {}\nalerts: {}\n", Summary(import.rules(), ""),
             Summary(import.alerts(), states));
  if (dry_run) fmt::print("nothing was written (--dry-run)\n");
}

}  // namespace

int ImportForeign(const ImportOptions& options) {
  const auto tables = evaluator::ForeignTables::Open(options.file);
  if (!tables) return FailWith(tables.message());
  Result<Destination> destination = OpenDestination(options);
  if (!destination) return FailWith(destination.message());
  CommandDatabase& database = *destination->database;
  const Result<config::ReceiverNames> receivers = ReadReceiverNames(options, database);
  if (!receivers) return FailWith(receivers.message());

  const auto tell = [&options](const std::string& line) {
    fmt::print(stderr, "{}: {}\n", options.file, line);
  };
  for (const std::string& note : (*tables)->notes()) tell(note);
  ForeignImport import(*receivers, database.clock().Now(), tell);
  if (Status known = KnowState(database.store(), &import); !known) return FailWith(known.message());
  if (Status taken = TakeAll(**tables, &import); !taken) return FailWith(taken.message());
  WriteBatch batch = import.Finish(CommandLineActor());
  if (!options.dry_run && !batch.empty()) {
    if (Status noted = NoteInAudit(options.file, database, import, &batch); !noted) {
      return FailWith(noted.message());
    }
    if (Status written = database.Write(std::move(batch)); !written) {
      return FailWith(written.message());
    }
  }
  PrintReport(import, options.dry_run);
  return import.rules().refused + import.alerts().refused == 0 ? 0 : 1;
}

}  // namespace tocsin::daemon
