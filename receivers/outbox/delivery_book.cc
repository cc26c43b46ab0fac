#include "receivers/outbox/delivery_book.h"

#include <algorithm>

namespace tocsin::receivers {
namespace {

Receipt::Last LastOf(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::kDelivered:
      return Receipt::Last::kDelivered;
    case Outcome::Kind::kRetry:
      return Receipt::Last::kRetrying;
    case Outcome::Kind::kGiveUp:
      return Receipt::Last::kFailed;
  }
  return Receipt::Last::kFailed;
}

std::string_view OutcomeWord(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::kDelivered:
      return "delivered";
    case Outcome::Kind::kRetry:
      return "retrying";
    case Outcome::Kind::kGiveUp:
      return "failed";
  }
  return "failed";
}

}  // namespace

DeliveryBook::DeliveryBook(const DeliveryBookOptions& options, Board& board, const Logger& log)
    : options_(options),
      board_(board),
      log_(log),
      journal_(options.journal_entries, options.attempts_shown) {}

Status DeliveryBook::Restore(const StateStore& store) {
  const Result<std::vector<StateStore::Row>> rows = store.Scan(StateTable::kAnnouncements);
  if (!rows) return Error{"reading the stored announcements: " + rows.message()};
  for (const auto& [key, value] : *rows) {
    if (key.starts_with(CooldownClocks::kKeyPrefix)) {
      if (cooldowns_.Restore(key, value)) continue;
      log_.Error("a stored cooldown cannot be read and is left as it is", {{"key", key}});
      continue;
    }
    Result<DeliveryRecord> record = ParseRecord(key, value);
    if (!record) {
      log_.Error("a stored announcement cannot be read and is left as it is",
                 {{"key", key}, {"err", record.message()}});
      continue;
    }
    if (record->closed_at) closed_.emplace(*record->closed_at, record->id);
    board_.PutEpisode(record->id, record->View());
    records_.emplace(record->id, *record);
  }
  for (const auto& [fingerprint, until] : cooldowns_.all()) board_.PutCooldown(fingerprint, until);
  return {};
}

std::optional<Timestamp> DeliveryBook::HeldUntil(const Alert& alert, Timestamp now) const {
  const auto record = records_.find(alert.id);
  if (record != records_.end() && record->second.announced_at) return std::nullopt;
  return cooldowns_.RunsUntil(alert.fingerprint, now);
}

DeliveryRecord& DeliveryBook::Of(const Alert& alert) {
  DeliveryRecord& record = records_[alert.id];
  record.id = alert.id;
  record.fingerprint = alert.fingerprint;
  changed_.insert(alert.id);
  return record;
}

void DeliveryBook::OnRestored(const Message& message, Timestamp now) {
  for (const FrozenAlert& told : message.notification.alerts) {
    if (told.alert->native == nullptr) continue;
    DeliveryRecord& record = Of(*told.alert->native);
    record.committed = true;
    record.receipts[message.key.lane];
    if (record.announced_at) continue;
    // What was written of it is lost, or was yet to be written.
    if (told.resolved) {
      record.announced_at = now;
    } else {
      Announce(*told.alert->native, now, &record);
    }
  }
}

void DeliveryBook::OnMade(const Message& message, Timestamp now) {
  for (const FrozenAlert& told : message.notification.alerts) {
    const AlertPtr& alert = told.alert->native;
    if (alert == nullptr) continue;
    DeliveryRecord& record = Of(*alert);
    record.receipts[message.key.lane].last = Receipt::Last::kPending;
    if (!record.announced_at && !told.resolved) Announce(*alert, now, &record);
  }
}

void DeliveryBook::Announce(const Alert& alert, Timestamp now, DeliveryRecord* record) {
  record->announced_at = now;
  const Duration cooldown = alert.rule->cooldown;
  announced_.insert_or_assign(alert.id, cooldown);
  if (cooldown <= Duration(0)) return;
  cooldowns_.Start(alert.fingerprint, now + cooldown);
  board_.PutCooldown(alert.fingerprint, now + cooldown);
}

void DeliveryBook::OnAttempt(const Message& message, const Outcome& outcome, Timestamp now) {
  const bool delivered = outcome.kind == Outcome::Kind::kDelivered;
  if (delivered) board_.CountDelivered(now);
  DeliveryAttempt attempt;
  attempt.at = now;
  attempt.status = NotificationStatusName(message.notification.status());
  attempt.outcome = OutcomeWord(outcome.kind);
  attempt.http_status = outcome.http_status;
  attempt.error = outcome.reason;
  const std::vector<FrozenAlert>& alerts = message.notification.alerts;
  const bool is_posted = std::any_of(alerts.begin(), alerts.end(), [](const FrozenAlert& told) {
    return told.alert->native == nullptr;
  });
  // A dead letter that a person has sent again belongs to no group any more.
  if (is_posted && !message.key.log_key.empty()) journal_.Add(message.key.log_key, attempt);
  for (const FrozenAlert& told : alerts) {
    if (told.alert->native == nullptr) continue;
    const auto found = records_.find(told.alert->native->id);
    if (found == records_.end()) continue;  // over for longer than anybody asks
    DeliveryRecord& record = found->second;
    changed_.insert(record.id);
    Receipt& receipt = record.receipts[message.key.lane];
    ++receipt.attempts;
    receipt.last_error = outcome.reason;
    receipt.last = LastOf(outcome.kind);
    receipt.newest.push_back(attempt);
    if (receipt.newest.size() > options_.attempts_shown)
      receipt.newest.erase(receipt.newest.begin());
    if (!delivered) continue;
    record.confirmed.insert(message.notification.flush_number);
    record.last_notification_at = now;
  }
}

void DeliveryBook::OnDropped(const Message& message, Sender::Dropped why) {
  for (const FrozenAlert& told : message.notification.alerts) {
    if (told.alert->native == nullptr) continue;
    const auto found = records_.find(told.alert->native->id);
    if (found == records_.end()) continue;
    DeliveryRecord& record = found->second;
    changed_.insert(record.id);
    Receipt& receipt = record.receipts[message.key.lane];
    const bool receiver_gone = why == Sender::Dropped::kReceiverGone;
    receipt.last = receiver_gone ? Receipt::Last::kFailed : Receipt::Last::kSuperseded;
    if (receiver_gone) receipt.last_error = "the receiver is no longer configured";
    Unannounce(record);
  }
}

void DeliveryBook::Unannounce(const DeliveryRecord& record) {
  const bool nothing_left =
      !record.committed &&
      std::all_of(record.receipts.begin(), record.receipts.end(), [](const auto& one) {
        return one.second.last == Receipt::Last::kSuperseded && one.second.attempts == 0;
      });
  if (!nothing_left) return;
  cooldowns_.Cancel(record.fingerprint);
  board_.RemoveCooldown(record.fingerprint);
  announced_.erase(record.id);
  if (record.closed_at) closed_.erase({*record.closed_at, record.id});
  records_.erase(std::string(record.id));
}

void DeliveryBook::Close(const std::string& id, Timestamp now) {
  const auto found = records_.find(id);
  if (found == records_.end() || found->second.closed_at) return;
  found->second.closed_at = now;
  closed_.emplace(now, id);
  changed_.insert(id);
}

std::vector<std::string> DeliveryBook::Open() const {
  std::vector<std::string> ids;
  for (const auto& [id, record] : records_) {
    if (!record.closed_at) ids.push_back(id);
  }
  return ids;
}

void DeliveryBook::Remove(const std::string& id) {
  closed_.erase({*records_.at(id).closed_at, id});
  changed_.insert(id);
  records_.erase(id);
}

void DeliveryBook::Prune(Timestamp now) {
  while (!closed_.empty() && closed_.begin()->first + options_.keep_closed <= now) {
    Remove(std::string(closed_.begin()->second));
  }
  for (const auto& [fingerprint, until] : cooldowns_.all()) {
    if (until <= now) board_.RemoveCooldown(fingerprint);
  }
  cooldowns_.Prune(now);
}

void DeliveryBook::Flush(std::uint64_t ticket, WriteBatch* batch) {
  while (closed_.size() > options_.max_closed) Remove(std::string(closed_.begin()->second));
  for (const std::string& id : std::exchange(changed_, {})) {
    const auto found = records_.find(id);
    if (found == records_.end()) {
      batch->Delete(StateTable::kAnnouncements, RecordKey(id));
      board_.RemoveEpisode(id);
    } else {
      batch->Put(StateTable::kAnnouncements, RecordKey(id), SerializeRecord(found->second));
      board_.PutEpisode(id, found->second.View());
    }
  }
  cooldowns_.Flush(batch);
  if (!announced_.empty()) commits_.emplace(ticket, std::exchange(announced_, {}));
}

void DeliveryBook::OnCommitted(std::uint64_t ticket, Timestamp now) {
  const auto announced = commits_.extract(ticket);
  if (announced.empty()) return;
  for (const auto& [id, cooldown] : announced.mapped()) {
    const auto found = records_.find(id);
    if (found == records_.end()) continue;
    found->second.committed = true;
    cooldowns_.Move(found->second.fingerprint, now + cooldown);
  }
}

}  // namespace tocsin::receivers
