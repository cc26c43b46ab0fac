#include "receivers/mute/cooldown.h"

#include "base/number.h"
#include "base/text.h"

namespace tocsin::receivers {
namespace {

std::string KeyOf(std::uint64_t fingerprint) {
  return std::string(CooldownClocks::kKeyPrefix) + FormatHex64(fingerprint);
}

}  // namespace

bool CooldownClocks::Restore(std::string_view key, std::string_view value) {
  if (key.substr(0, kKeyPrefix.size()) != kKeyPrefix) return false;
  const std::optional<std::uint64_t> fingerprint = ParseHex64(key.substr(kKeyPrefix.size()));
  const std::optional<std::int64_t> until = ParseInt(value);
  if (!fingerprint || !until) return false;
  until_[*fingerprint] = FromUnixMillis(*until);
  return true;
}

std::optional<Timestamp> CooldownClocks::RunsUntil(std::uint64_t fingerprint, Timestamp now) const {
  const auto found = until_.find(fingerprint);
  if (found == until_.end() || found->second <= now) return std::nullopt;
  return found->second;
}

void CooldownClocks::Start(std::uint64_t fingerprint, Timestamp until) {
  until_[fingerprint] = until;
  changed_.insert(fingerprint);
}

void CooldownClocks::Move(std::uint64_t fingerprint, Timestamp until) {
  if (const auto found = until_.find(fingerprint); found != until_.end()) found->second = until;
}

void CooldownClocks::Cancel(std::uint64_t fingerprint) {
  if (until_.erase(fingerprint) > 0) changed_.insert(fingerprint);
}

void CooldownClocks::Prune(Timestamp now) {
  for (auto it = until_.begin(); it != until_.end();) {
    if (it->second > now) {
      ++it;
      continue;
    }
    changed_.insert(it->first);
    it = until_.erase(it);
  }
}

void CooldownClocks::Flush(WriteBatch* batch) {
  for (std::uint64_t fingerprint : changed_) {
    const auto found = until_.find(fingerprint);
    if (found == until_.end()) {
      batch->Delete(StateTable::kAnnouncements, KeyOf(fingerprint));
    } else {
      batch->Put(StateTable::kAnnouncements, KeyOf(fingerprint),
                 std::to_string(ToUnixMillis(found->second)));
    }
  }
  changed_.clear();
}

}  // namespace tocsin::receivers
