#include "receivers/outbox/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tocsin::receivers {

using State = OutboxEntry::State;

Outbox::Outbox(OutboxOptions options, Listener& listener, TimerQueue& timers, const Clock& clock,
               std::function<double()> random, PostAttempt post, const Logger& log,
               MetricRegistry& metrics)
    : options_(std::move(options)),
      listener_(listener),
      timers_(timers),
      clock_(clock),
      random_(std::move(random)),
      post_(std::move(post)),
      log_(log),
      metrics_(metrics),
      table_(timers) {}

// ---- rows in and out

void Outbox::Restore(OutboxRow row, Timestamp now) {
  last_sequence_ = std::max(last_sequence_, row.sequence);
  OutboxEntry entry;
  entry.alert_json = std::make_shared<const std::string>(SerializeAlert(*row.alert));
  entry.restored = true;
  entry.stored = true;
  entry.state = row.dead ? State::kDead : State::kReady;
  entry.row = std::move(row);
  OutboxEntry& placed = table_.Insert(std::move(entry));
  if (placed.state == State::kDead) {
    ArmDeadRetry({SlotOf(placed.row), placed.row.sequence}, placed, now);
  }
}

void Outbox::Add(OutboxRow row, std::shared_ptr<const std::string> alert_json,
                 std::chrono::nanoseconds accepted) {
  const SlotKey key = SlotOf(row);
  const bool firing = row.status == NotificationStatus::kFiring;
  Drop(table_.EraseIf(key,
                      [firing](const OutboxEntry& entry) {
                        if (entry.state == State::kInFlight) return false;
                        return entry.state == State::kDead ||
                               (firing && entry.row.status == NotificationStatus::kFiring);
                      }),
       Dropped::kSuperseded);
  OutboxEntry entry;
  entry.row = std::move(row);
  entry.row.sequence = ++last_sequence_;
  entry.alert_json = std::move(alert_json);
  entry.accepted = accepted;
  table_.MarkChanged(table_.Insert(std::move(entry)));
}

void Outbox::Withdraw(const SlotKey& slot, const std::string& episode) {
  Drop(table_.EraseIf(slot,
                      [&episode](const OutboxEntry& entry) {
                        return entry.row.alert->id == episode &&
                               entry.row.status == NotificationStatus::kFiring &&
                               entry.state != State::kInFlight;
                      }),
       Dropped::kSuperseded);
}

bool Outbox::Unsettled(const SlotKey& slot, const std::string& episode) const {
  return table_.Any(slot, [&episode](const OutboxEntry& entry) {
    if (entry.row.alert->id != episode || entry.row.status != NotificationStatus::kFiring) {
      return false;
    }
    return entry.state == State::kInFlight || (entry.restored && entry.state != State::kDead);
  });
}

bool Outbox::HasPending(const SlotKey& slot, const std::string& episode) const {
  return table_.Any(slot, [&episode](const OutboxEntry& entry) {
    return entry.row.alert->id == episode && entry.state != State::kDead;
  });
}

void Outbox::Forget(const SlotKey& slot, const std::string& episode) {
  table_.EraseIf(slot, [&episode](const OutboxEntry& entry) {
    return entry.row.alert->id == episode && entry.state != State::kInFlight;
  });
}

void Outbox::Drop(const std::vector<OutboxRow>& rows, Dropped why) {
  for (const OutboxRow& row : rows) listener_.OnDropped(row, why);
}

void Outbox::Flush(std::uint64_t ticket, WriteBatch* batch) {
  std::vector<RowId> waiting = table_.Flush(batch);
  if (!waiting.empty()) uncommitted_.emplace(ticket, std::move(waiting));
  metrics_.pending.Set(static_cast<double>(counts().pending));
  metrics_.dead.Set(static_cast<double>(counts().dead));
}

void Outbox::OnCommitted(std::uint64_t ticket) {
  auto waiting = uncommitted_.extract(ticket);
  if (waiting.empty()) return;
  for (const RowId& id : waiting.mapped()) MakeReady(id);
}

// ---- receivers

void Outbox::ApplyReceivers(const ReceiverSet& receivers) {
  for (const std::string& name : receivers.names()) metrics_.AddReceiver(name);
  for (const IntegrationPtr& integration : receivers.integrations()) lanes_[integration->id];
  for (const std::string& id : table_.Integrations()) lanes_[id];
  for (auto& [id, lane] : lanes_) ApplyReceiver(id, lane, receivers.Find(id));
}

void Outbox::ApplyReceiver(const std::string& id, Lane& lane, IntegrationPtr next) {
  const IntegrationPtr before = std::exchange(lane.integration, std::move(next));
  if (lane.integration == nullptr) return DropAll(id);
  if (before != nullptr && before->settings == lane.integration->settings) return;
  TryAnew(id, /*refused_too=*/before != nullptr);
}

void Outbox::DropAll(const std::string& id) {
  std::size_t dropped = 0;
  for (const SlotKey& key : table_.SlotsOf(id)) {
    const std::vector<OutboxRow> rows = table_.EraseIf(
        key, [](const OutboxEntry& entry) { return entry.state != State::kInFlight; });
    dropped += rows.size();
    Drop(rows, Dropped::kReceiverRemoved);
  }
  if (dropped > 0) {
    log_.Warn("undelivered notifications dropped: their receiver is no longer configured",
              {{"integration", id}, {"notifications", dropped}});
  }
}

void Outbox::TryAnew(const std::string& id, bool refused_too) {
  for (const SlotKey& key : table_.SlotsOf(id)) {
    for (OutboxEntry& entry : table_.Find(key)->entries) {
      const bool waits = entry.state == State::kWaiting;
      const bool revives =
          entry.state == State::kDead && (refused_too || !entry.row.payload_refused);
      if (waits || revives) table_.SetState(entry, State::kReady);
    }
    JoinLine(key);
  }
  Advance(id);
}

std::vector<ReceiverView> Outbox::ReceiverViews(const ReceiverSet& receivers) const {
  std::vector<ReceiverView> views;
  for (const std::string& name : receivers.names()) {
    ReceiverView view;
    view.name = name;
    view.health = "unused";
    for (const IntegrationPtr& integration : receivers.Of(name)) {
      const Lane& lane = lanes_.at(integration->id);
      if (!lane.last_attempt_at) continue;
      if (lane.failing) {
        view.health = "failing";
        view.last_error = lane.last_error;
      } else if (view.health == "unused") {
        view.health = "healthy";
      }
      view.last_attempt_at = std::max(view.last_attempt_at, lane.last_attempt_at);
    }
    views.push_back(std::move(view));
  }
  return views;
}

// ---- attempts

void Outbox::Start() {
  running_ = true;
  for (const auto& [id, lane] : lanes_) {
    for (const SlotKey& key : table_.SlotsOf(id)) JoinLine(key);
    Advance(id);
  }
}

void Outbox::MakeReady(const RowId& id) {
  SlotTable::Slot* const slot = table_.Find(id.slot);
  if (slot == nullptr) return;
  for (OutboxEntry& entry : slot->entries) {
    if (entry.row.sequence > id.sequence) break;
    const bool is_meant = entry.row.sequence == id.sequence && entry.state != State::kInFlight;
    if (is_meant || entry.state == State::kWaiting) table_.SetState(entry, State::kReady);
  }
  JoinLine(id.slot);
  Advance(id.slot.integration);
}

OutboxEntry* Outbox::NextReady(SlotTable::Slot& slot) {
  if (slot.in_flight) return nullptr;
  for (OutboxEntry& entry : slot.entries) {
    if (entry.state == State::kUncommitted) return nullptr;  // what follows is newer still
    if (entry.state == State::kReady) return &entry;
  }
  return nullptr;
}

void Outbox::JoinLine(const SlotKey& key) {
  SlotTable::Slot* const slot = table_.Find(key);
  if (slot == nullptr || slot->in_line || NextReady(*slot) == nullptr) return;
  slot->in_line = true;
  lanes_[key.integration].line.push_back(key);
}

void Outbox::Advance(const std::string& integration) {
  Lane& lane = lanes_[integration];
  while (running_ && !lane.line.empty() && lane.in_flight < options_.max_in_flight) {
    const SlotKey key = std::move(lane.line.front());
    lane.line.pop_front();
    SlotTable::Slot* const slot = table_.Find(key);
    if (slot == nullptr) continue;
    slot->in_line = false;
    if (OutboxEntry* const entry = NextReady(*slot)) Attempt(lane, *slot, *entry);
  }
}

void Outbox::Attempt(Lane& lane, SlotTable::Slot& slot, OutboxEntry& entry) {
  table_.SetState(entry, State::kInFlight);
  slot.in_flight = true;
  ++lane.in_flight;
  const std::uint64_t attempt = ++last_attempt_;
  const IntegrationPtr integration = lane.integration;
  in_flight_.emplace(attempt, UnderWay{{SlotOf(entry.row), entry.row.sequence}, integration});
  // Holding the integration keeps its channel alive until it is done, whatever is reloaded
  // meanwhile.
  integration->channel->Deliver(
      MakeNotification(*integration, entry.row), integration->timeout,
      [post = post_, attempt, integration](Outcome outcome) { post(attempt, std::move(outcome)); });
}

Notification Outbox::MakeNotification(const Integration& integration, const OutboxRow& row) const {
  Notification notification;
  notification.receiver = integration.receiver;
  notification.group_labels = row.alert->labels;
  notification.group_key = RootGroupKey(notification.group_labels);
  notification.status = row.status;
  notification.alerts = {row.alert};
  notification.dedup_key = row.alert->id;
  notification.flush_number = row.flush_number;
  notification.external_url = options_.external_url;
  return notification;
}

// ---- their ends

void Outbox::OnAttemptEnded(std::uint64_t attempt, Outcome outcome, Timestamp now) {
  const auto found = in_flight_.extract(attempt);
  CHECK(!found.empty());
  const RowId& id = found.mapped().row;
  Lane& lane = lanes_.at(id.slot.integration);
  --lane.in_flight;
  table_.Find(id.slot)->in_flight = false;
  OutboxEntry& entry = *table_.Find(id);
  ++entry.row.attempts;
  entry.row.last_error = outcome.reason;
  Conclude(found.mapped(), entry, &outcome, now);
  JoinLine(id.slot);
  Advance(id.slot.integration);
}

void Outbox::Conclude(const UnderWay& attempt, OutboxEntry& entry, Outcome* outcome,
                      Timestamp now) {
  const RowId& id = attempt.row;
  Lane& lane = lanes_.at(id.slot.integration);
  const bool too_late = now - entry.row.made_at >= options_.deadline || lane.integration == nullptr;
  if (outcome->kind == Outcome::Kind::kRetry && too_late) {
    outcome->kind = Outcome::Kind::kGiveUp;
    outcome->advice = "check whether the receiver is reachable";
  }
  const bool delivered = outcome->kind == Outcome::Kind::kDelivered;
  // Failed by settings that have been replaced meanwhile: says nothing about the new ones.
  const bool outdated =
      lane.integration != nullptr && attempt.integration->settings != lane.integration->settings;
  if (outdated && !delivered) outcome->kind = Outcome::Kind::kRetry;
  if (lane.integration != nullptr) {
    metrics_.CountAttempt(lane.integration->receiver, *outcome);
    NoteHealth(lane, id.slot.integration, *outcome, now);
  }
  if (delivered && entry.accepted.count() != 0) {
    metrics_.ObserveDelivered(clock_.Monotonic() - entry.accepted);
  }
  if (delivered || outcome->may_have_arrived) {
    entry.restored = false;
    Drop(table_.EraseIf(id.slot,
                        [&id](const OutboxEntry& e) { return e.row.sequence < id.sequence; }),
         Dropped::kSuperseded);
  }
  OutboxEntry& current = *table_.Find(id);  // the erasing has moved it
  const OutboxRow row = current.row;
  if (delivered || lane.integration == nullptr) {
    table_.SetState(current, State::kReady);
    table_.EraseIf(id.slot, [&id](const OutboxEntry& e) { return e.row.sequence == id.sequence; });
  } else if (outcome->kind == Outcome::Kind::kRetry) {
    const Duration delay = outdated ? Duration(0)
                                    : RetryDelay(options_.retry, current.row.attempts,
                                                 outcome->retry_after, random_());
    Retry(id, current, *outcome, delay, now);
  } else {
    Bury(id, current, *outcome, now);
  }
  listener_.OnAttempt(row, *outcome, now);
}

void Outbox::Retry(const RowId& id, OutboxEntry& entry, const Outcome& outcome, Duration delay,
                   Timestamp now) {
  entry.row.dead = false;
  table_.SetState(entry, State::kWaiting);
  table_.MarkChanged(entry);
  entry.timer = timers_.At(now + delay, [this, id] { MakeReady(id); });
  log_.Debug("attempt failed, will retry", {{"integration", id.slot.integration},
                                            {"alert", entry.row.alert->id},
                                            {"attempts", entry.row.attempts},
                                            {"retry_in", FormatDuration(delay)},
                                            {"err", outcome.reason}});
}

void Outbox::Bury(const RowId& id, OutboxEntry& entry, const Outcome& outcome, Timestamp now) {
  const bool known = std::exchange(entry.row.dead, true);
  entry.row.payload_refused = outcome.payload_refused;
  table_.SetState(entry, State::kDead);
  table_.MarkChanged(entry);
  ArmDeadRetry(id, entry, now);
  if (known) return;  // has been said
  log_.Error("notification given up", {{"integration", id.slot.integration},
                                       {"rule", entry.row.alert->rule->name},
                                       {"alert", entry.row.alert->id},
                                       {"state", NotificationStatusName(entry.row.status)},
                                       {"status", outcome.http_status},
                                       {"attempts", entry.row.attempts},
                                       {"err", outcome.reason},
                                       {"advice", outcome.advice}});
}

void Outbox::ArmDeadRetry(const RowId& id, OutboxEntry& entry, Timestamp now) {
  if (entry.row.payload_refused || entry.row.status != NotificationStatus::kFiring) return;
  // A dead firing row is withdrawn when its alert resolves, so while there is one, it fires.
  entry.timer = timers_.At(now + options_.retry_dead, [this, id] { MakeReady(id); });
}

void Outbox::NoteHealth(Lane& lane, const std::string& id, const Outcome& outcome, Timestamp now) {
  const bool failing = outcome.kind != Outcome::Kind::kDelivered;
  const bool changed = failing != std::exchange(lane.failing, failing);
  lane.last_error = outcome.reason;
  lane.last_attempt_at = now;
  if (!changed) return;
  if (failing) {
    log_.Warn("receiver is failing", {{"integration", id}, {"err", outcome.reason}});
  } else {
    log_.Info("receiver works again", {{"integration", id}});
  }
}

}  // namespace tocsin::receivers
