#include "receivers/pipeline/notification_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/json_library.h"
#include "base/json_row.h"
#include "base/json_text.h"

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr int kLogRowVersion = 1;

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
    case NotificationReason::kAcknowledged:
      return "acknowledged";
  }
  return "none";
}

std::optional<NotificationReason> ParseNotificationReason(std::string_view text) {
  for (const NotificationReason reason :
       {NotificationReason::kFirstNotification, NotificationReason::kNewAlertsAdded,
        NotificationReason::kAllAlertsResolved, NotificationReason::kSomeAlertsResolved,
        NotificationReason::kRepeatIntervalElapsed, NotificationReason::kAcknowledged}) {
    if (NotificationReasonText(reason) == text) return reason;
  }
  return std::nullopt;
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
    const bool owed = !told.empty() || !IsSubset(entry->due_again, q.due_again);
    return !owed ? NotificationReason::kNone : NotificationReason::kAllAlertsResolved;
  }
  if (q.send_resolved && !IsSubset(q.resolved, entry->resolved)) {
    return NotificationReason::kSomeAlertsResolved;
  }
  return entry->at < q.tick - q.repeat_interval ? NotificationReason::kRepeatIntervalElapsed
                                                : NotificationReason::kNone;
}

std::string SerializeLogEntry(const LogEntry& entry) {
  JsonRow data(2);
  for (const auto& [key, value] : entry.data) data.JsonOf(key, JsonString(value));
  return JsonRow()
      .Number("v", kLogRowVersion)
      .Counts("firing", entry.firing)
      .Counts("resolved", entry.resolved)
      .Time("at", entry.at)
      .Time("expires_at", entry.expires_at)
      .Counts("due_again", entry.due_again)
      .Count("flush_number", entry.flush_number)
      .Json("data", data.Finish())
      .Finish();
}

Result<LogEntry> ParseLogEntry(std::string_view text) {
  try {
    const json j = ParseJsonOrThrow(text);
    if (j.at("v").get<int>() != kLogRowVersion) {
      return Error{"cannot read an entry of the notification log: unknown version"};
    }
    LogEntry entry;
    entry.firing = j.at("firing").get<AlertHashes>();
    entry.resolved = j.at("resolved").get<AlertHashes>();
    entry.at = FromUnixMillis(j.at("at").get<std::int64_t>());
    entry.expires_at = FromUnixMillis(j.at("expires_at").get<std::int64_t>());
    entry.due_again = j.value("due_again", AlertHashes());
    entry.flush_number = j.value("flush_number", std::uint64_t{0});
    entry.data = j.at("data").get<std::map<std::string, std::string>>();
    return entry;
  } catch (const json::exception& e) {
    return Error{fmt::format("cannot read an entry of the notification log: {}", e.what())};
  }
}

Status NotificationLog::Restore(const StateStore& store, Timestamp now) {
  const Result<std::vector<StateStore::Row>> rows = store.Scan(StateTable::kNotificationLog);
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
  entries_.insert_or_assign(key, std::move(entry));
  changed_.push_back(key);
}

void NotificationLog::Forget(const std::string& key) {
  if (entries_.erase(key) > 0) changed_.push_back(key);
}

void NotificationLog::ForgetEndingIn(std::string_view suffix) {
  std::erase_if(entries_, [&](const auto& entry) {
    if (!std::string_view(entry.first).ends_with(suffix)) return false;
    changed_.push_back(entry.first);
    return true;
  });
}

void NotificationLog::ForgetExpired(Timestamp now) {
  const StateMetrics::Timer timer(metrics_, StateMetrics::Timer::What::kForgetting);
  std::erase_if(entries_, [&](const auto& entry) {
    if (entry.second.expires_at > now) return false;
    changed_.push_back(entry.first);
    return true;
  });
}

void NotificationLog::Flush(WriteBatch* batch) {
  std::sort(changed_.begin(), changed_.end());
  changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
  for (std::string& key : std::exchange(changed_, {})) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) {
      batch->Delete(StateTable::kNotificationLog, std::move(key));
    } else {
      std::string row = SerializeLogEntry(found->second);
      batch->Put(StateTable::kNotificationLog, std::move(key), std::move(row));
    }
  }
}

}  // namespace tocsin::receivers
