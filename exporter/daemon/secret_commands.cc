#include "exporter/daemon/secret_commands.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sodium/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "config/environment.h"
#include "exporter/daemon/alertmanager_commands.h"
#include "exporter/daemon/command_database.h"
#include "exporter/daemon/command_output.h"
#include "exporter/daemon/configured.h"
#include "exporter/daemon/storage_folder.h"
#include "exporter/security/audit_tail.h"
#include "exporter/security/key_source.h"
#include "exporter/security/receiver_row.h"

namespace tocsin::daemon {
namespace {

using Rows = std::vector<StateStore::Row>;
using security::SecretBox;

// The daemon looks at its key file every two seconds.
constexpr std::chrono::seconds kPatienceWithDaemon(30);
constexpr std::chrono::milliseconds kBetweenLooks(100);

// So that of two rotations at once neither overwrites the other's key.
class RotationLock {
 public:
  static Result<std::unique_ptr<RotationLock>> Take(const std::string& storage_path) {
    const std::string path = (std::filesystem::path(storage_path) / "secrets.lock").string();
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
      return Error{fmt::format("cannot lock {}: {}", path, std::strerror(errno))};
    }
    return std::make_unique<RotationLock>(fd);
  }
  explicit RotationLock(int fd) : fd_(fd) {}
  ~RotationLock() { close(fd_); }
  RotationLock(const RotationLock&) = delete;
  RotationLock& operator=(const RotationLock&) = delete;

 private:
  const int fd_;
};

Result<std::string> ConfiguredKeyFile(const SecretOptions& options, const Clock& clock) {
  std::error_code error;
  if (!std::filesystem::exists(options.config_file, error)) return std::string();
  const config::Loaded loaded = LoadDaemonConfig(options.config_file, options.expand_env, clock);
  if (loaded.settings != nullptr) return loaded.settings->security.encryption_key_file;
  PrintDiagnostics(loaded.diagnostics);
  return Error{fmt::format("{} says where the key is, and is not sound", options.config_file)};
}

// What both commands work on.
struct Workplace {
  std::unique_ptr<CommandDatabase> database;
  std::unique_ptr<RotationLock> lock;
  std::unique_ptr<security::KeySource> source;
};

Result<Workplace> OpenWorkplace(const SecretOptions& options) {
  CHECK(sodium_init() >= 0);
  Workplace place;
  Result<std::unique_ptr<CommandDatabase>> database =
      CommandDatabase::Open(options.storage_path, CommandDatabase::IfAbsent::kFail);
  if (!database) return database.error();
  place.database = *std::move(database);
  Result<std::unique_ptr<RotationLock>> lock = RotationLock::Take(options.storage_path);
  if (!lock) return lock.error();
  place.lock = *std::move(lock);
  const Result<std::string> file = ConfiguredKeyFile(options, place.database->clock());
  if (!file) return file.error();
  place.source = std::make_unique<security::KeySource>(config::ProcessEnvironment(), *file,
                                                       options.storage_path);
  return place;
}

Result<Rows> ReadRows(CommandDatabase& database) {
  return database.store().Scan(StateTable::kManagedReceivers);
}

// What does not open, a sentence each.
std::vector<std::string> ClosedRows(const Rows& rows, const SecretBox& box) {
  std::vector<std::string> closed;
  for (const auto& [name, text] : rows) {
    const Result<security::ReceiverRow> row = security::OpenReceiverRow(name, text, box);
    if (!row) closed.push_back(row.message());
  }
  return closed;
}

// The same database as its daemon has it; fails while there is one.
Result<std::unique_ptr<CommandDatabase>> TakeDatabase(const SecretOptions& options) {
  return CommandDatabase::Open(options.storage_path, CommandDatabase::IfAbsent::kFail,
                               evaluator::StoreRole::kDaemon);
}

Status SealAll(CommandDatabase& database, const SecretBox& box) {
  const Result<Rows> rows = ReadRows(database);
  if (!rows) return rows.error();
  WriteBatch batch;
  for (const auto& [name, text] : *rows) {
    const Result<security::ReceiverRow> row = security::OpenReceiverRow(name, text, box);
    if (!row) return row.error();
    batch.Put(StateTable::kManagedReceivers, name, security::SealReceiverRow(*row, box));
  }
  Result<security::AuditTail> audit = security::AuditTail::Read(database.store());
  if (!audit) return audit.error();
  audit->Append(database.clock().Now(),
                RotationRecord(CommandLineActor(), box.keys().front()->id(), rows->size()), &batch);
  return database.Write(std::move(batch));
}

Status WaitForDaemon(CommandDatabase& database, const std::string& key_file, const SecretBox& box) {
  const auto give_up = std::chrono::steady_clock::now() + kPatienceWithDaemon;
  while (std::chrono::steady_clock::now() < give_up) {
    const Result<Rows> rows = ReadRows(database);
    if (!rows) return rows.error();
    const bool done = std::all_of(rows->begin(), rows->end(), [&box](const auto& row) {
      return security::IsSealedNow(row.second, box);
    });
    if (done) return {};
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return Error{
      fmt::format("the daemon has not taken the new key from {0} within {1} s: does it "
                  "read that file, and can its database be written? Nothing is lost: {0} "
                  "holds both keys",
                  key_file, kPatienceWithDaemon.count())};
}

}  // namespace

security::AuditRecord RotationRecord(const std::string& actor, const std::string& key_id,
                                     std::size_t receivers) {
  security::AuditRecord record;
  record.actor = actor;
  record.action = "secrets.rotate";
  record.target = key_id;
  record.after = fmt::format(R"({{"receivers":{}}})", receivers);
  record.outcome = "done";
  return record;
}

int RotateSecrets(const SecretOptions& options) {
  Result<Workplace> place = OpenWorkplace(options);
  if (!place) return FailWith(place.message());
  security::KeySource& source = *place->source;
  if (!source.is_file()) {
    return FailWith(
        "the key stands in TOCSIN_ENCRYPTION_KEY: write a new one in front of it, a comma between "
        "them, and restart the daemon, which encrypts everything anew then");
  }
  Result<security::EncryptionKeys> keys = source.Read();
  if (!keys) return FailWith(keys.message());
  Result<Rows> rows = ReadRows(*place->database);
  if (!rows) return FailWith(rows.message());
  const std::vector<std::string> closed = ClosedRows(*rows, SecretBox(*keys));
  if (!closed.empty()) {
    return FailWith(fmt::format("nothing has changed, since {} is not the key of this database: {}",
                                source.name(), fmt::join(closed, "; ")));
  }
  security::EncryptionKeys both = *std::move(keys);
  both.insert(both.begin(), security::EncryptionKey::Make());
  const SecretBox box(both);
  if (Status written = source.Write(both); !written) return FailWith(written.message());
  {
    // Held, so that no daemon starts meanwhile.
    const Result<StorageFolder> folder = StorageFolder::Open(options.storage_path);
    const Result<std::unique_ptr<CommandDatabase>> alone =
        folder ? TakeDatabase(options) : Result<std::unique_ptr<CommandDatabase>>(folder.error());
    const Status sealed =
        alone ? SealAll(**alone, box) : WaitForDaemon(*place->database, source.name(), box);
    if (!sealed) return FailWith(sealed.message());
  }
  if (Status written = source.Write({both.front()}); !written) return FailWith(written.message());
  fmt::print(
      "the secrets of {} receivers are encrypted with the key {} now; older copies of the database "
      "still need the old one\n",
      rows->size(), both.front()->id());
  return 0;
}

int DiscardSecrets(const SecretOptions& options) {
  Result<Workplace> place = OpenWorkplace(options);
  if (!place) return FailWith(place.message());
  const Result<StorageFolder> folder = StorageFolder::Open(options.storage_path);
  if (!folder) return FailWith(folder.message());
  const Result<std::unique_ptr<CommandDatabase>> alone = TakeDatabase(options);
  if (!alone) return FailWith(alone.message());
  CommandDatabase& database = **alone;
  // A key that is lost opens as much as one that was never used.
  security::EncryptionKeys keys = {security::EncryptionKey::Make()};
  if (place->source->exists()) {
    Result<security::EncryptionKeys> read = place->source->Read();
    if (!read) return FailWith(read.message());
    keys = *std::move(read);
  }
  const Result<Rows> rows = ReadRows(database);
  if (!rows) return FailWith(rows.message());
  Result<security::AuditTail> audit = security::AuditTail::Read(database.store());
  if (!audit) return FailWith(audit.message());
  const SecretBox box(keys);
  WriteBatch batch;
  for (const auto& [name, text] : *rows) {
    if (security::OpenReceiverRow(name, text, box)) continue;
    fmt::print("receiver {} is deleted\n", QuoteForMessage(name));
    batch.Delete(StateTable::kManagedReceivers, name);
    security::AuditRecord record;
    record.actor = CommandLineActor();
    record.action = "receiver.discard";
    record.target = name;
    record.outcome = "done";
    audit->Append(database.clock().Now(), record, &batch);
  }
  if (batch.empty()) {
    fmt::print("there is nothing that {} does not open\n", place->source->name());
    return 0;
  }
  if (Status written = database.Write(std::move(batch)); !written) {
    return FailWith(written.message());
  }
  return 0;
}

}  // namespace tocsin::daemon
