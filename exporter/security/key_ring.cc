#include "exporter/security/key_ring.h"

#include <fmt/format.h>
#include <sodium/core.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace tocsin::security {
namespace {

constexpr std::chrono::seconds kBetweenReads(1);
constexpr Duration kBetweenWrites = std::chrono::minutes(1);

// From a shared object to a part of it.
template <typename Held>
std::shared_ptr<const ApiKey> KeyOf(const std::shared_ptr<const Held>& held) {
  return std::shared_ptr<const ApiKey>(held, &held->key);
}

}  // namespace

KeyRing::KeyRing(StateStore& store, AuditLog& audit, const Clock& clock, Logger log)
    : store_(store), audit_(audit), clock_(clock), log_(std::move(log)) {
  CHECK(sodium_init() >= 0);  // which also finds this processor's fastest way to hash
}

// ---- reading

Status KeyRing::Restore() {
  MutexLock lock(reading_);
  return Read();
}

void KeyRing::Refresh() {
  MutexLock lock(reading_);
  const Status read = Read();
  if (!read && !has_failed_) {
    log_.Warn("the API keys cannot be read again", {{"err", read.message()}});
  }
  has_failed_ = !read;
}

Status KeyRing::Read() {
  last_read_ns_ = clock_.Monotonic().count();
  const Result<std::vector<StateStore::Row>> rows = store_.Scan(StateTable::kApiKeys);
  if (!rows) return rows.error();
  std::map<std::string, KeyUse> uses;
  std::vector<ApiKey> keys;
  for (const auto& [name, row] : *rows) {
    const std::string_view key_name = name;
    if (key_name.starts_with(kUseRows)) {
      if (const std::optional<KeyUse> use = ReadUseRow(row)) {
        uses[name.substr(kUseRows.size())] = *use;
      }
      continue;
    }
    asks_ = true;  // also where the row is damaged: it was a key
    const std::string id = key_name.starts_with(kKeyRows) ? name.substr(kKeyRows.size()) : name;
    if (std::optional<ApiKey> key = ReadKeyRow(id, row)) {
      keys.push_back(*std::move(key));
      continue;
    }
    MutexLock lock(mu_);
    if (damaged_.try_emplace(id, true).second) {
      log_.Warn("an API key in the database is damaged and opens nothing",
                {{"id", QuoteForMessage(id)}});
    }
  }
  const std::shared_ptr<const Stored> before = stored_.Get();
  auto next = std::make_shared<Stored>();
  for (ApiKey& key : keys) {
    {
      MutexLock lock(mu_);
      const auto here = revoked_.find(key.id);
      if (here != revoked_.end() && !key.revoked_at) key.revoked_at = here->second;
    }
    const auto use = uses.find(key.id);
    std::string id = key.id;
    next->emplace(std::move(id),
                  Hold(std::move(key), *before,
                       use == uses.end() ? std::nullopt : std::optional<KeyUse>(use->second)));
  }
  NoteNews(*next, uses);
  stored_.Publish(std::move(next));
  return {};
}

KeyRing::HeldPtr KeyRing::Hold(ApiKey key, const Stored& before,
                               const std::optional<KeyUse>& use) const {
  const auto known = before.find(key.id);
  if (known != before.end() && known->second->key == key) return known->second;
  auto held = std::make_shared<Held>();
  held->key = std::move(key);
  if (known != before.end()) {
    held->last_used = known->second->last_used.load();
  } else if (use && use->last_used_at) {
    held->last_used = ToUnixMillis(*use->last_used_at);
  }
  return held;
}

void KeyRing::NoteNews(const Stored& keys, const std::map<std::string, KeyUse>& uses) {
  const Timestamp now = clock_.Now();
  WriteBatch batch;
  for (const auto& [id, held] : keys) {
    const ApiKey& key = held->key;
    bool is_new = false;
    bool is_revoked = false;
    {
      MutexLock lock(mu_);
      const auto stored = uses.find(id);
      const auto [use, first_seen] =
          uses_.try_emplace(id, stored == uses.end() ? KeyUse() : stored->second);
      is_new = first_seen && stored == uses.end();
      is_revoked = key.revoked_at && !use->second.seen_revoked;
      use->second.seen_revoked = use->second.seen_revoked || is_revoked;
      if (is_new || is_revoked) {
        batch.Put(StateTable::kApiKeys, std::string(kUseRows) + id, UseRow(use->second));
      }
    }
    AuditRecord record;
    record.actor = key.created_by;
    record.target = id;
    record.outcome = "done";
    record.after = KeyJson(key, std::nullopt, now);
    if (is_new) {
      record.action = "key.create";
      audit_.Append(record);
    }
    if (is_revoked) {
      record.action = "key.revoke";
      record.actor = "command line";
      audit_.Append(record);
    }
  }
  if (!batch.empty()) store_.Submit(std::move(batch), nullptr);
}

void KeyRing::SetEnvironment(const std::vector<config::EnvironmentKey>& keys) {
  const Timestamp now = clock_.Now();
  std::vector<std::shared_ptr<Held>> made;
  for (const config::EnvironmentKey& given : keys) {
    const TokenHash hash = HashOf(given.secret.Reveal());
    // One secret may stand there with several scopes.
    const auto same = std::find_if(made.begin(), made.end(), [&hash](const auto& held) {
      return SameHash(held->key.hash, hash);
    });
    if (same != made.end()) {
      (*same)->key.scopes.Add(given.scopes);
      continue;
    }
    auto held = std::make_shared<Held>();
    held->key.id = EnvironmentId(hash);
    held->key.name = held->key.id;
    held->key.scopes = given.scopes;
    held->key.hash = hash;
    held->key.created_at = now;
    held->key.of_environment = true;
    made.push_back(std::move(held));
  }
  if (!made.empty()) asks_ = true;
  environment_.Publish(std::make_shared<const OfEnvironment>(made.begin(), made.end()));
}

// Another secret is another key, also in the place of one that is gone.
std::string KeyRing::EnvironmentId(const TokenHash& hash) {
  if (const HeldPtr known = FindInEnvironment(hash)) return known->key.id;
  MutexLock lock(mu_);
  return fmt::format("environment-{}", ++environment_keys_);
}

// ---- look-up

std::shared_ptr<const ApiKey> KeyRing::Find(std::string_view token, Timestamp now) {
  const TokenHash hash = HashOf(token);
  HeldPtr held = FindStored(token, hash);
  if (held == nullptr) held = FindInEnvironment(hash);
  if (held == nullptr || held->key.StateAt(now) != "active") return nullptr;
  held->last_used.store(ToUnixMillis(now), std::memory_order_relaxed);
  return KeyOf(held);
}

KeyRing::HeldPtr KeyRing::FindStored(std::string_view token, const TokenHash& hash) {
  const std::string_view id = IdInToken(token);
  if (id.empty()) return nullptr;
  const auto find = [&]() -> HeldPtr {
    const std::shared_ptr<const Stored> keys = stored_.Get();
    const auto found = keys->find(id);
    return found == keys->end() ? nullptr : found->second;
  };
  HeldPtr held = find();
  if (held == nullptr && ReadForUnknown()) held = find();
  return held != nullptr && SameHash(held->key.hash, hash) ? held : nullptr;
}

KeyRing::HeldPtr KeyRing::FindInEnvironment(const TokenHash& hash) const {
  const std::shared_ptr<const OfEnvironment> keys = environment_.Get();
  HeldPtr found;
  for (const HeldPtr& held : *keys) {
    if (SameHash(held->key.hash, hash)) found = held;
  }
  return found;
}

bool KeyRing::ReadForUnknown() {
  const std::chrono::nanoseconds since(clock_.Monotonic().count() - last_read_ns_.load());
  if (since < kBetweenReads) return false;
  if (!reading_.TryLock()) return false;  // somebody reads it already
  const Status read = Read();
  reading_.Unlock();
  return read.ok();
}

std::optional<Scopes> KeyRing::ScopesOf(std::string_view id, Timestamp now) const {
  HeldPtr held;
  const std::shared_ptr<const Stored> stored = stored_.Get();
  if (const auto found = stored->find(id); found != stored->end()) held = found->second;
  const std::shared_ptr<const OfEnvironment> environment = environment_.Get();
  for (const HeldPtr& one : *environment) {
    if (one->key.id == id) held = one;
  }
  if (held == nullptr || held->key.StateAt(now) != "active") return std::nullopt;
  return held->key.scopes;
}

// ---- changes

void KeyRing::Add(const ApiKey& key, StateStore::Committed committed) {
  WriteBatch batch;
  batch.Put(StateTable::kApiKeys, std::string(kKeyRows) + key.id, KeyRow(key));
  batch.Put(StateTable::kApiKeys, std::string(kUseRows) + key.id, UseRow({}));
  {
    MutexLock lock(mu_);
    uses_[key.id] = {};  // whoever asked for it is in the audit log
  }
  asks_ = true;
  store_.Submit(std::move(batch), std::move(committed));
}

KeyRing::Revoking KeyRing::Revoke(std::string_view id, Timestamp now,
                                  StateStore::Committed committed) {
  const auto of_environment = environment_.Get();
  for (const HeldPtr& held : *of_environment) {
    if (held->key.id == id) return Revoking::kOfEnvironment;
  }
  MutexLock reading(reading_);
  const std::shared_ptr<const Stored> before = stored_.Get();
  const auto found = before->find(id);
  if (found == before->end()) return Revoking::kUnknown;
  if (found->second->key.revoked_at) {
    committed(Status());
    return Revoking::kDone;
  }
  auto held = std::make_shared<Held>();
  held->key = found->second->key;
  held->key.revoked_at = now;
  held->last_used = found->second->last_used.load();
  WriteBatch batch;
  batch.Put(StateTable::kApiKeys, std::string(kKeyRows) + held->key.id, KeyRow(held->key));
  {
    MutexLock lock(mu_);
    revoked_[held->key.id] = now;
    KeyUse& use = uses_[held->key.id];
    use.seen_revoked = true;
    batch.Put(StateTable::kApiKeys, std::string(kUseRows) + held->key.id, UseRow(use));
  }
  auto next = std::make_shared<Stored>(*before);
  (*next)[held->key.id] = held;
  stored_.Publish(std::move(next));
  store_.Submit(std::move(batch), std::move(committed));
  return Revoking::kDone;
}

std::vector<KeyRing::View> KeyRing::List() const {
  std::vector<View> views;
  const auto add = [&views](const HeldPtr& held) {
    const std::int64_t last = held->last_used.load();
    views.push_back({held->key, last == kNever ? std::nullopt
                                               : std::optional<Timestamp>(FromUnixMillis(last))});
  };
  const auto of_environment = environment_.Get();
  for (const HeldPtr& held : *of_environment) add(held);
  const auto stored = stored_.Get();
  for (const auto& [id, held] : *stored) add(held);
  return views;
}

// ---- rounds

void KeyRing::Tend(Timestamp /*now*/) {
  Refresh();
  WriteUses(/*all=*/false);
}

void KeyRing::Close() { WriteUses(/*all=*/true); }

void KeyRing::WriteUses(bool all) {
  WriteBatch batch;
  const auto stored = stored_.Get();
  for (const auto& [id, held] : *stored) {
    const std::int64_t last = held->last_used.load();
    if (last == kNever) continue;
    const Timestamp used_at = FromUnixMillis(last);
    MutexLock lock(mu_);
    KeyUse& use = uses_[id];
    if (use.last_used_at && used_at - *use.last_used_at < (all ? Duration(1) : kBetweenWrites)) {
      continue;
    }
    use.last_used_at = used_at;
    batch.Put(StateTable::kApiKeys, std::string(kUseRows) + id, UseRow(use));
  }
  if (!batch.empty()) store_.Submit(std::move(batch), nullptr);
}

}  // namespace tocsin::security
