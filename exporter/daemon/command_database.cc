#include "exporter/daemon/command_database.h"

#include <fmt/format.h>

#include <filesystem>
#include <future>
#include <utility>

#include "config/environment.h"
#include "config/files.h"
#include "exporter/daemon/state_database.h"
#include "exporter/daemon/storage_folder.h"

namespace tocsin::daemon {
namespace {

namespace fs = std::filesystem;

// The daemon tells of other variables. A key in another database than the one that was meant would
// open nothing.
Status CheckDatabaseUrl(const config::Diagnostics& findings) {
  for (const config::Diagnostic& finding : findings.list()) {
    if (finding.level == config::Diagnostic::Level::kError &&
        finding.message.starts_with("DATABASE_URL")) {
      return Error{finding.message};
    }
  }
  return {};
}

// The file of that name as the daemon finds it: below the storage folder.
Result<std::string> PrepareFile(const std::string& storage_path, const std::string& name,
                                CommandDatabase::IfAbsent if_absent) {
  if (name == kDatabaseInMemory) {
    return Error{
        "DATABASE_URL keeps the state in memory, where no other process sees it (keys can be given "
        "in TOCSIN_API_KEYS)"};
  }
  const fs::path path = fs::path(storage_path) / name;
  std::error_code error;
  if (fs::exists(path, error)) return name;
  switch (if_absent) {
    case CommandDatabase::IfAbsent::kFail:
      return Error{
          fmt::format("there is no database {}; name the daemon's --storage.path", path.string())};
    case CommandDatabase::IfAbsent::kPretend:
      return std::string(kDatabaseInMemory);
    case CommandDatabase::IfAbsent::kMake:
      break;
  }
  // Made by the rules of the folder; its lock is given back at once.
  if (const Result<StorageFolder> made = StorageFolder::Open(storage_path);
      !made && !fs::is_directory(storage_path, error)) {
    return made.error();
  }
  return name;
}

}  // namespace

Result<std::unique_ptr<CommandDatabase>> CommandDatabase::Open(const std::string& storage_path,
                                                               IfAbsent if_absent,
                                                               evaluator::StoreRole role) {
  config::DiskFiles files;
  config::Diagnostics findings;
  const config::EnvironmentSettings environment =
      config::ReadEnvironment(config::ProcessEnvironment(), files, findings);
  if (Status good = CheckDatabaseUrl(findings); !good) return good.error();
  StateDatabase where{environment.database_path, environment.postgres};
  if (!where.postgres) {
    Result<std::string> file = PrepareFile(storage_path, where.sqlite_path, if_absent);
    if (!file) return file.error();
    where.sqlite_path = *std::move(file);
  }
  auto database = std::make_unique<CommandDatabase>();
  Result<std::unique_ptr<StateStore>> store =
      OpenStateStore(where, storage_path, role, database->clock_, Logger(*database->log_, "store"),
                     database->metrics_);
  if (!store) return store.error();
  database->store_ = *std::move(store);
  return database;
}

Status CommandDatabase::Write(WriteBatch batch) {
  std::promise<Status> done;
  store_->Submit(std::move(batch), [&done](const Status& status) { done.set_value(status); });
  return done.get_future().get();
}

}  // namespace tocsin::daemon
