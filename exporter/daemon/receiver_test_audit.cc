#include "exporter/daemon/receiver_test_audit.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "config/environment.h"
#include "config/files.h"
#include "exporter/daemon/command_database.h"
#include "exporter/daemon/command_output.h"
#include "exporter/daemon/storage_folder.h"
#include "exporter/security/audit_tail.h"

namespace tocsin::daemon {
namespace {

// A file below a folder that nobody has named could be anybody's.
Status CheckIsNamed(const std::string& storage_path) {
  config::DiskFiles files;
  config::Diagnostics told_by_the_daemon;
  const config::EnvironmentSettings environment =
      config::ReadEnvironment(config::ProcessEnvironment(), files, told_by_the_daemon);
  const bool is_named = !storage_path.empty() || environment.postgres ||
                        std::filesystem::path(environment.database_path).is_absolute();
  if (is_named) return {};
  return Error{"neither --storage.path nor DATABASE_URL says where the daemon's database is"};
}

// A daemon on the folder is told apart at once; one on a database alone only after a while.
Status CheckNoDaemonOnFolder(const std::string& storage_path) {
  std::error_code error;
  const bool was_used =
      !storage_path.empty() &&
      std::filesystem::exists(std::filesystem::path(storage_path) / "lock", error);
  if (!was_used) return {};
  const Result<StorageFolder> folder = StorageFolder::Open(storage_path);
  return folder ? Status() : Status(folder.error());
}

security::AuditRecord ReceiverTestRecord(const std::string& actor,
                                         const ReceiverTestOutcome& outcome) {
  security::AuditRecord record;
  record.actor = actor;
  record.action = "receiver.test";
  record.target = outcome.receiver;
  record.after =
      fmt::format(R"({{"delivered":{},"failed":{}}})", outcome.delivered, outcome.failed);
  record.outcome = outcome.failed == 0 ? "done" : "failed";
  return record;
}

}  // namespace

Status NoteReceiverTest(const std::string& storage_path, const ReceiverTestOutcome& outcome) {
  if (Status named = CheckIsNamed(storage_path); !named) return named;
  if (Status alone = CheckNoDaemonOnFolder(storage_path); !alone) return alone;
  // In the daemon's role, which it is refused while there is one.
  const Result<std::unique_ptr<CommandDatabase>> opened = CommandDatabase::Open(
      storage_path, CommandDatabase::IfAbsent::kFail, evaluator::StoreRole::kDaemon);
  if (!opened) return opened.error();
  CommandDatabase& database = **opened;
  Result<security::AuditTail> audit = security::AuditTail::Read(database.store());
  if (!audit) return audit.error();
  WriteBatch batch;
  audit->Append(database.clock().Now(), ReceiverTestRecord(CommandLineActor(), outcome), &batch);
  return database.Write(std::move(batch));
}

}  // namespace tocsin::daemon
