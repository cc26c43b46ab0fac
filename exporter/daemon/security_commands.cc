#include "exporter/daemon/security_commands.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "exporter/daemon/command_database.h"
#include "exporter/daemon/command_output.h"
#include "exporter/security/api_key.h"
#include "exporter/security/audit_chain.h"

namespace tocsin::daemon {
namespace {

constexpr std::size_t kRowsAtOnce = 1'000;

Result<std::vector<security::ApiKey>> ReadKeys(StateStore& store) {
  const Result<std::vector<StateStore::Row>> rows = store.Scan(StateTable::kApiKeys);
  if (!rows) return rows.error();
  std::vector<security::ApiKey> keys;
  for (const auto& [name, row] : *rows) {
    const std::string_view key_name = name;
    if (!key_name.starts_with(security::kKeyRows)) continue;
    const std::string_view id = key_name.substr(security::kKeyRows.size());
    std::optional<security::ApiKey> key = security::ReadKeyRow(id, row);
    if (key) {
      keys.push_back(*std::move(key));
    } else {
      fmt::print(stderr, "key {} is damaged and opens nothing\n", QuoteForMessage(id));
    }
  }
  return keys;
}

// Remembers whether the entry that was noted elsewhere is still what it was.
class Anchor {
 public:
  static Result<std::optional<Anchor>> Parse(const std::string& text) {
    if (text.empty()) return std::optional<Anchor>();
    const std::size_t colon = text.find(':');
    Anchor anchor;
    anchor.key_ = text.substr(0, colon);
    anchor.hash_ = colon == std::string::npos ? "" : text.substr(colon + 1);
    if (anchor.key_.empty() || anchor.key_.size() > 20 ||
        anchor.key_.find_first_not_of("0123456789") != std::string::npos ||
        anchor.hash_.size() != security::NoAuditHash().size()) {
      return Error{"--expect: write NUMBER:HASH, as `tocsin audit verify` has printed it"};
    }
    anchor.key_.insert(0, 20 - anchor.key_.size(), '0');
    return std::optional<Anchor>(std::move(anchor));
  }

  void Look(const StateStore::Row& row) {
    if (row.first != key_) return;
    const std::optional<security::ReadEntry> entry = security::ReadAuditEntry(row.second);
    seen_ = entry && entry->hash == hash_;
  }
  bool seen() const { return seen_; }

 private:
  std::string key_;
  std::string hash_;
  bool seen_ = false;
};

// Gives the verifier what stands in the table, while a daemon may append to it.
class AuditReader {
 public:
  AuditReader(StateStore& store, security::AuditVerifier& verifier, std::optional<Anchor>& anchor)
      : store_(store), verifier_(verifier), anchor_(anchor) {}

  // The row that names the last entry. An entry and that row are committed together: what the row
  // names and a later look does not find is missing.
  Result<std::optional<std::string>> ReadAll() {
    if (Status taken = TakeNew(); !taken) return taken.error();
    while (true) {
      Result<std::optional<std::string>> head = Head();
      if (!head) return head;
      const std::optional<security::AuditHead> end =
          *head ? security::ReadHeadRow(**head) : std::nullopt;
      const std::uint64_t before = verifier_.entries();
      if (!end || end->number <= verifier_.last().number) return head;
      if (Status taken = TakeNew(); !taken) return taken.error();
      if (verifier_.entries() == before) return head;
    }
  }

 private:
  // A thousand at a time.
  Status TakeNew() {
    while (true) {
      const Result<std::vector<StateStore::Row>> rows = store_.ScanPart(
          StateTable::kAudit, {from_, std::string(security::kAuditHead), kRowsAtOnce, false});
      if (!rows) return rows.error();
      if (rows->empty()) return {};
      for (const StateStore::Row& row : *rows) {
        verifier_.Take(row.first, row.second);
        if (anchor_) anchor_->Look(row);
      }
      from_ = rows->back().first + '\0';
    }
  }

  Result<std::optional<std::string>> Head() const {
    Result<std::vector<StateStore::Row>> rows = store_.ScanPart(
        StateTable::kAudit,
        {std::string(security::kAuditHead), std::string(security::kAuditHead) + '\0', 1, false});
    if (!rows) return rows.error();
    if (rows->empty()) return std::optional<std::string>();
    return std::optional<std::string>(std::move(rows->front().second));
  }

  StateStore& store_;
  security::AuditVerifier& verifier_;
  std::optional<Anchor>& anchor_;
  std::string from_;
};

}  // namespace

int CreateKey(const std::string& storage_path, const KeyCreation& creation) {
  security::KeyOrder order;
  order.name = creation.name;
  order.created_by = CommandLineActor();
  const std::optional<Scopes> scopes = Scopes::Parse(creation.scopes);
  if (!scopes) return FailWith(fmt::format("--scope must be some of {}", kScopeWords));
  order.scopes = *scopes;
  const SystemClock clock;
  const Timestamp now = clock.Now();
  if (!creation.expires.empty()) {
    const std::optional<Duration> life = ParseDuration(creation.expires);
    if (!life) return FailWith("--expires must be a duration, such as 90d");
    order.expires_at = now + *life;
  }
  if (const std::optional<std::string> fault = FindFault(order, now)) return FailWith(*fault);
  const Result<std::unique_ptr<CommandDatabase>> database =
      CommandDatabase::Open(storage_path, CommandDatabase::IfAbsent::kMake);
  if (!database) return FailWith(database.message());
  const security::MadeKey made = security::MakeKey(order, now);
  WriteBatch batch;
  batch.Put(StateTable::kApiKeys, std::string(security::kKeyRows) + made.key.id, KeyRow(made.key));
  if (Status written = (*database)->Write(std::move(batch)); !written) {
    return FailWith(written.message());
  }
  fmt::print(stderr, "key {} ({}); its token, which is shown only now:\n", made.key.id,
             fmt::join(made.key.scopes.Names(), ","));
  fmt::print("{}\n", made.token.Reveal());
  return 0;
}

int ListKeys(const std::string& storage_path) {
  const Result<std::unique_ptr<CommandDatabase>> database =
      CommandDatabase::Open(storage_path, CommandDatabase::IfAbsent::kFail);
  if (!database) return FailWith(database.message());
  const Result<std::vector<security::ApiKey>> keys = ReadKeys((*database)->store());
  if (!keys) return FailWith(keys.message());
  const Timestamp now = (*database)->clock().Now();
  for (const security::ApiKey& key : *keys) {
    fmt::print("{}  {}  {}  {}  created {}{}\n", key.id, key.StateAt(now),
               fmt::join(key.scopes.Names(), ","), PlainText(key.name),
               FormatRfc3339(key.created_at),
               key.expires_at ? "  expires " + FormatRfc3339(*key.expires_at) : "");
  }
  return 0;
}

int RevokeKey(const std::string& storage_path, const std::string& id) {
  const Result<std::unique_ptr<CommandDatabase>> database =
      CommandDatabase::Open(storage_path, CommandDatabase::IfAbsent::kFail);
  if (!database) return FailWith(database.message());
  const Result<std::vector<security::ApiKey>> keys = ReadKeys((*database)->store());
  if (!keys) return FailWith(keys.message());
  for (security::ApiKey key : *keys) {
    if (key.id != id) continue;
    if (key.revoked_at) {
      fmt::print("{}: was revoked before\n", id);
      return 0;
    }
    key.revoked_at = (*database)->clock().Now();
    WriteBatch batch;
    batch.Put(StateTable::kApiKeys, std::string(security::kKeyRows) + id, KeyRow(key));
    if (Status written = (*database)->Write(std::move(batch)); !written) {
      return FailWith(written.message());
    }
    fmt::print("{}: revoked\n", id);
    return 0;
  }
  return FailWith(QuoteForMessage(id) + " is the id of no key: see `tocsin keys list`");
}

int VerifyAudit(const std::string& storage_path, const std::string& expected) {
  Result<std::optional<Anchor>> anchor = Anchor::Parse(expected);
  if (!anchor) return FailWith(anchor.message());
  const Result<std::unique_ptr<CommandDatabase>> database =
      CommandDatabase::Open(storage_path, CommandDatabase::IfAbsent::kFail);
  if (!database) return FailWith(database.message());
  security::AuditVerifier verifier;
  const Result<std::optional<std::string>> head =
      AuditReader((*database)->store(), verifier, *anchor).ReadAll();
  if (!head) return FailWith(head.message());
  std::vector<std::string> problems = verifier.Finish(*head);
  if (*anchor && !(*anchor)->seen()) {
    problems.push_back("the expected entry is missing or was altered");
  }
  for (const std::string& problem : problems) fmt::print(stderr, "{}\n", problem);
  if (!problems.empty()) {
    fmt::print("FAILED: the audit log was altered\n");
    return 1;
  }
  fmt::print("SUCCESS: {} entries, the last one is {}:{}\n", verifier.entries(),
             verifier.last().number, verifier.last().hash);
  return 0;
}

}  // namespace tocsin::daemon
