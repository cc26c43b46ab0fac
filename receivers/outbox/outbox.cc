#include "receivers/outbox/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "receivers/pipeline/graph.h"

namespace tocsin::receivers {

using State = OutboxEntry::State;

Outbox::Outbox(const OutboxOptions& options, Listener& listener, TimerQueue& timers,
               const Clock& clock, std::function<double()> random, PostAttempt post,
               const Logger& log, MetricRegistry& metrics)
    : options_(options),
      listener_(listener),
      timers_(timers),
      clock_(clock),
      random_(std::move(random)),
      post_(std::move(post)),
      log_(log),
      metrics_(metrics),
      table_(timers) {}

// ---- rows in and out

Status Outbox::Restore(const StateStore& store, const std::function<void(const Message&)>& in_doubt,
                       Timestamp now) {
  const Result<std::vector<StateStore::Row>> rows = store.Scan(StateTable::kOutbox);
  if (!rows) return Error{"reading the outbox: " + rows.message()};
  for (const auto& [key, value] : *rows) {
    Result<OutboxRow> row = ParseRow(value);
    if (!row) {
      log_.Error("a row of the outbox cannot be read and is left as it is",
                 {{"key", key}, {"err", row.message()}});
      continue;
    }
    last_sequence_ = std::max(last_sequence_, row->sequence);
    if (row->dead) letters_.Put(*row);
    if (row->detached()) continue;
    if (!row->dead) in_doubt(row->message);
    OutboxEntry entry;
    entry.message_json = SerializeMessage(row->message);
    entry.stored = true;
    entry.state = row->dead ? State::kDead : State::kReady;
    entry.row = *std::move(row);
    OutboxEntry& placed = table_.Insert(std::move(entry));
    if (placed.state == State::kDead) {
      ArmDeadRetry({SlotOf(placed.row), placed.row.sequence}, placed, now);
    }
  }
  return {};
}

Sender::Held Outbox::Find(const MessageKey& key) {
  SlotTable::Slot* const slot = table_.Find(SlotOf(key));
  if (slot == nullptr) return {};
  Held held;
  for (OutboxEntry& entry : slot->entries) {
    if (entry.row.message.key.log_key != key.log_key) continue;
    held.standing = entry.state == State::kInFlight ? Standing::kOpen : Standing::kWaits;
    held.message = &entry.row.message;
    held.given_up = entry.state == State::kDead;
    held.attempts = entry.row.attempts;
    held.last_error = entry.row.last_error;
  }
  return held;
}

void Outbox::Send(Message message, const GroupIntegrationPtr& /*integration*/, Timestamp tick) {
  const SlotKey slot = SlotOf(message.key);
  const bool firing = !message.firing.empty();
  Drop(
      slot,
      [&](const OutboxEntry& entry) {
        if (entry.state == State::kInFlight) return false;
        return entry.state == State::kDead ||
               entry.row.message.key.log_key == message.key.log_key ||
               (firing && !entry.row.message.firing.empty());
      },
      Dropped::kReplaced);
  OutboxEntry entry;
  // Also after a restart with nothing left in the table, no number is given twice.
  last_sequence_ =
      std::max(last_sequence_ + 1, static_cast<std::uint64_t>(ToUnixMillis(tick)) * 1'000);
  entry.row.sequence = last_sequence_;
  entry.row.made_at = tick;
  entry.message_json = SerializeMessage(message);
  entry.row.message = std::move(message);
  table_.MarkChanged(table_.Insert(std::move(entry)));
}

void Outbox::Withdraw(const MessageKey& key) {
  Drop(
      SlotOf(key),
      [&key](const OutboxEntry& entry) {
        return entry.row.message.key.log_key == key.log_key && entry.state != State::kInFlight;
      },
      Dropped::kReplaced);
}

void Outbox::Drop(const SlotKey& slot, const SlotTable::Predicate& which, Dropped why) {
  for (OutboxRow& row : table_.EraseIf(slot, which, /*keep_dead=*/true)) {
    if (!row.dead) {
      listener_.OnDropped(row.message, why);
    } else if (row.detached()) {
      letters_.Put(std::move(row));  // a person had asked for it
    } else {
      letters_.Detach(std::move(row));
    }
  }
}

std::vector<Message> Outbox::Waiting() const {
  std::vector<Message> messages;
  for (const std::string& lane : table_.Lanes()) {
    for (const SlotKey& slot : table_.SlotsOf(lane)) {
      for (const OutboxEntry& entry : table_.Find(slot)->entries) {
        const Message& message = entry.row.message;
        const bool waits = entry.state != State::kInFlight && !entry.row.detached();
        if (waits) messages.push_back(message);
      }
    }
  }
  return messages;
}

Outbox::Resent Outbox::Resend(std::uint64_t sequence) {
  const OutboxRow* const letter = letters_.Find(sequence);
  if (letter == nullptr) return Resent::kUnknown;
  const auto lane = lanes_.find(letter->message.key.lane);
  if (lane == lanes_.end() || lane->second.integration == nullptr) return Resent::kReceiverGone;
  const RowId id{SlotOf(*letter), sequence};
  if (table_.Find(id) == nullptr) {
    OutboxEntry entry;
    entry.row = *letter;
    entry.message_json = SerializeMessage(letter->message);
    entry.stored = true;
    entry.state = State::kDead;
    table_.Insert(std::move(entry));
  }
  MakeReady(id);
  return Resent::kTried;
}

void Outbox::Prune(Timestamp now) {
  for (const OutboxRow& letter : letters_.All()) {
    const bool is_end = letter.message.firing.empty();
    if (letter.detached() || !is_end || letter.made_at + options_.deadline > now) continue;
    Drop(
        SlotOf(letter),
        [&letter](const OutboxEntry& entry) {
          return entry.row.sequence == letter.sequence && entry.state == State::kDead;
        },
        Dropped::kReplaced);
  }
  letters_.Prune(now);
}

void Outbox::Flush(std::uint64_t ticket, WriteBatch* batch) {
  std::vector<RowId> waiting = table_.Flush(batch);
  letters_.Flush(batch);
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

void Outbox::Apply(const PipelineGraph& graph) {
  receivers_ = graph.ReceiverNames();
  for (const std::string& name : receivers_) metrics_.AddReceiver(name);
  std::map<std::string, GroupIntegrationPtr> next;
  for (const GroupIntegrationPtr& integration : graph.Integrations()) {
    next[integration->lane()] = integration;
  }
  for (const auto& [id, integration] : next) lanes_[id];
  for (const std::string& id : table_.Lanes()) lanes_[id];
  for (auto& [id, lane] : lanes_) {
    const auto found = next.find(id);
    ApplyReceiver(id, lane, found == next.end() ? nullptr : found->second);
  }
}

void Outbox::ApplyReceiver(const std::string& id, Lane& lane, GroupIntegrationPtr next) {
  const GroupIntegrationPtr before = std::exchange(lane.integration, std::move(next));
  if (lane.integration == nullptr) return DropAll(id);
  if (before != nullptr && before->HasSettingsOf(*lane.integration)) return;
  TryAnew(id, /*refused_too=*/before != nullptr);
}

void Outbox::DropAll(const std::string& id) {
  const std::size_t before = table_.pending();
  for (const SlotKey& key : table_.SlotsOf(id)) {
    Drop(
        key, [](const OutboxEntry& entry) { return entry.state != State::kInFlight; },
        Dropped::kReceiverGone);
  }
  if (before > table_.pending()) {
    log_.Warn("undelivered notifications dropped: their receiver is no longer configured",
              {{"integration", id}, {"notifications", before - table_.pending()}});
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

std::vector<ReceiverView> Outbox::ReceiverViews() const {
  std::vector<ReceiverView> views;
  for (const std::string& name : receivers_) {
    ReceiverView view;
    view.name = name;
    view.health = "unused";
    for (const auto& [id, lane] : lanes_) {
      if (lane.integration == nullptr || lane.integration->receiver != name) continue;
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
  Advance(id.slot.lane);
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
  lanes_[key.lane].line.push_back(key);
}

void Outbox::Advance(const std::string& id) {
  Lane& lane = lanes_[id];
  if (lane.integration == nullptr) return;
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
  const GroupIntegrationPtr integration = lane.integration;
  in_flight_.emplace(attempt,
                     UnderWay{{SlotOf(entry.row), entry.row.sequence}, integration, clock_.Now()});
  // Holding the integration keeps its channel alive until it is done, whatever is reloaded
  // meanwhile.
  integration->channel->Deliver(
      entry.row.message.notification, entry.row.message.time_limit,
      [post = post_, attempt, integration](Outcome outcome) { post(attempt, std::move(outcome)); });
}

// ---- their ends

void Outbox::OnAttemptEnded(std::uint64_t attempt, Outcome outcome, Timestamp now) {
  const auto found = in_flight_.extract(attempt);
  CHECK(!found.empty());
  const RowId& id = found.mapped().row;
  Lane& lane = lanes_.at(id.slot.lane);
  --lane.in_flight;
  table_.Find(id.slot)->in_flight = false;
  OutboxEntry& entry = *table_.Find(id);
  ++entry.row.attempts;
  entry.row.last_error = outcome.reason;
  entry.row.last_status = outcome.http_status;
  Conclude(found.mapped(), entry, &outcome, now);
  JoinLine(id.slot);
  Advance(id.slot.lane);
}

void Outbox::Conclude(const UnderWay& attempt, OutboxEntry& entry, Outcome* outcome,
                      Timestamp now) {
  const RowId& id = attempt.row;
  Lane& lane = lanes_.at(id.slot.lane);
  const bool too_late = now - entry.row.made_at >= options_.deadline || lane.integration == nullptr;
  if (outcome->kind == Outcome::Kind::kRetry && too_late) {
    outcome->kind = Outcome::Kind::kGiveUp;
    outcome->advice = "check whether the receiver is reachable";
  }
  const bool delivered = outcome->kind == Outcome::Kind::kDelivered;
  // Failed by settings that have been replaced meanwhile: says nothing about the new ones.
  const bool outdated =
      lane.integration != nullptr && !attempt.integration->HasSettingsOf(*lane.integration);
  if (outdated && !delivered) outcome->kind = Outcome::Kind::kRetry;
  if (lane.integration != nullptr) {
    metrics_.CountAttempt(lane.integration->receiver, *outcome);
    NoteHealth(lane, id.slot.lane, *outcome, now);
  }
  const auto accepted = entry.row.message.accepted;
  if (delivered && accepted.count() != 0) metrics_.ObserveDelivered(clock_.Monotonic() - accepted);
  if (delivered || outcome->may_have_arrived) {
    Drop(
        id.slot, [&id](const OutboxEntry& e) { return e.row.sequence < id.sequence; },
        Dropped::kOvertaken);
  }
  OutboxEntry& current = *table_.Find(id);  // the erasing has moved it
  const Message message = current.row.message;
  bool over = true;
  if (delivered || lane.integration == nullptr) {
    table_.SetState(current, State::kReady);
    table_.EraseIf(id.slot, [&id](const OutboxEntry& e) { return e.row.sequence == id.sequence; });
    letters_.Forget(id.sequence, /*remove_row=*/false);
  } else if (outcome->kind == Outcome::Kind::kRetry) {
    const Duration delay = outdated ? Duration(0)
                                    : RetryDelay(options_.retry, current.row.attempts,
                                                 outcome->retry_after, random_());
    Retry(id, current, *outcome, delay, now);
    over = false;
  } else {
    Bury(id, current, *outcome, now);
  }
  listener_.OnAttempt(message, *attempt.integration, now - attempt.began, *outcome, over, now);
}

void Outbox::Retry(const RowId& id, OutboxEntry& entry, const Outcome& outcome, Duration delay,
                   Timestamp now) {
  entry.row.dead = false;
  letters_.Forget(entry.row.sequence, /*remove_row=*/false);
  table_.SetState(entry, State::kWaiting);
  table_.MarkChanged(entry);
  entry.timer = timers_.At(now + delay, [this, id] { MakeReady(id); });
  log_.Debug("attempt failed, will retry", {{"integration", id.slot.lane},
                                            {"group_key", entry.row.message.notification.group_key},
                                            {"attempts", entry.row.attempts},
                                            {"retry_in", FormatDuration(delay)},
                                            {"err", outcome.reason}});
}

void Outbox::Bury(const RowId& id, OutboxEntry& entry, const Outcome& outcome, Timestamp now) {
  const bool known = std::exchange(entry.row.dead, true);
  entry.row.payload_refused = outcome.payload_refused;
  table_.SetState(entry, State::kDead);
  table_.MarkChanged(entry);
  letters_.Put(entry.row);
  const GroupNotification told = entry.row.message.notification;
  const std::uint32_t attempts = entry.row.attempts;
  if (entry.row.detached()) {  // asked for by a person; it waits for the next one
    Drop(
        id.slot, [](const OutboxEntry& /*only one*/) { return true; }, Dropped::kReplaced);
  } else {
    ArmDeadRetry(id, entry, now);
  }
  if (known) return;  // has been said
  log_.Error("notification given up", {{"integration", id.slot.lane},
                                       {"group_key", told.group_key},
                                       {"alerts", told.alerts.size()},
                                       {"state", NotificationStatusName(told.status())},
                                       {"status", outcome.http_status},
                                       {"attempts", attempts},
                                       {"err", outcome.reason},
                                       {"advice", outcome.advice}});
}

void Outbox::ArmDeadRetry(const RowId& id, OutboxEntry& entry, Timestamp now) {
  if (entry.row.payload_refused || entry.row.message.firing.empty()) return;
  // A dead firing row leaves its slot when its alerts resolve, so while there is one, they fire.
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
