#include "receivers/pipeline/notification_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;

bool IsSubset(const AlertHashes& part, const AlertHashes& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

}  // namespace

std::string_view NotificationReasonText(NotificationReason reason) {
  switch (reason) {
    case NotificationReason::kNone:
      return "none";
    case NotificationReason::kFirstNotification:
      return "first notification";
    case NotificationReason::kNewAlertsAdded:
      return "new alerts added";
    case NotificationReason::kAllAlertsResolved:
      return "all alerts resolved";
    case NotificationReason::kSomeAlertsResolved:
      return "some alerts resolved";
    case NotificationReason::kRepeatIntervalElapsed:
      return "repeat interval elapsed";
  }
  return "none";
}

NotificationReason WhyNotify(const LogEntry* entry, const DedupQuestion& q) {
  if (entry == nullptr) {
    return q.firing.empty() ? NotificationReason::kNone : NotificationReason::kFirstNotification;
  }
  AlertHashes told;
  std::set_difference(entry->firing.begin(), entry->firing.end(), q.known.begin(), q.known.end(),
                      std::back_inserter(told));
  if (!IsSubset(q.firing, told)) {
    return entry->firing.empty() ? NotificationReason::kFirstNotification
                                 : NotificationReason::kNewAlertsAdded;
  }
  if (q.firing.empty()) {
    return told.empty() ? NotificationReason::kNone : NotificationReason::kAllAlertsResolved;
  }
  if (q.send_resolved && !IsSubset(q.resolved, entry->resolved)) {
    return NotificationReason::kSomeAlertsResolved;
  }
  return entry->at < q.tick - q.repeat_interval ? NotificationReason::kRepeatIntervalElapsed
                                                : NotificationReason::kNone;
}

std::string SerializeLogEntry(const LogEntry& entry) {
  const json j = {{"v", kVersion},
                  {"firing", entry.firing},
                  {"resolved", entry.resolved},
                  {"at", ToUnixMillis(entry.at)},
                  {"expires_at", ToUnixMillis(entry.expires_at)},
                  {"data", entry.data}};
  return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<LogEntry> ParseLogEntry(std::string_view text) {
  try {
    const json j = json::parse(text);
    if (j.at("v").get<int>() != kVersion) {
      return Error{"cannot read an entry of the notification log: unknown version"};
    }
    LogEntry entry;
    entry.firing = j.at("firing").get<AlertHashes>();
    entry.resolved = j.at("resolved").get<AlertHashes>();
    entry.at = FromUnixMillis(j.at("at").get<std::int64_t>());
    entry.expires_at = FromUnixMillis(j.at("expires_at").get<std::int64_t>());
    entry.data = j.at("data").get<std::map<std::string, std::string>>();
    return entry;
  } catch (const json::exception& e) {
    return Error{fmt::format("cannot read an entry of the notification log: {}", e.what())};
  }
}

Status NotificationLog::Restore(Timestamp now) {
  const Result<std::vector<StateStore::Row>> rows = store_.Scan(StateTable::kNotificationLog);
  if (!rows) return rows.error();
  for (const auto& [key, value] : *rows) {
    Result<LogEntry> entry = ParseLogEntry(value);
    if (!entry) return entry.error();
    entries_.insert_or_assign(key, *std::move(entry));
  }
  ForgetExpired(now);
  return {};
}

// The receiver's name may hold anything, so the parts are told apart by its length.
std::string NotificationLog::Key(std::string_view group_key, std::string_view receiver,
                                 std::string_view integration) {
  return fmt::format("{}:{}/{}/{}", receiver.size(), receiver, integration, group_key);
}

const LogEntry* NotificationLog::Find(const std::string& key, Timestamp now) const {
  const StateMetrics::Timer timer(metrics_, StateMetrics::Timer::What::kQuery);
  const auto found = entries_.find(key);
  return found == entries_.end() || found->second.expires_at <= now ? nullptr : &found->second;
}

void NotificationLog::Put(const std::string& key, LogEntry entry) {
  WriteBatch batch;
  batch.Put(StateTable::kNotificationLog, key, SerializeLogEntry(entry));
  entries_.insert_or_assign(key, std::move(entry));
  store_.Submit(std::move(batch), nullptr);
}

void NotificationLog::ForgetExpired(Timestamp now) {
  const StateMetrics::Timer timer(metrics_, StateMetrics::Timer::What::kForgetting);
  WriteBatch batch;
  std::erase_if(entries_, [&](const auto& entry) {
    if (entry.second.expires_at > now) return false;
    batch.Delete(StateTable::kNotificationLog, entry.first);
    return true;
  });
  if (!batch.empty()) store_.Submit(std::move(batch), nullptr);
}

}  // namespace tocsin::receivers
