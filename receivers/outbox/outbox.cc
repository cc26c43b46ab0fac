#include "receivers/outbox/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "receivers/outbox/delivery_event.h"
#include "receivers/outbox/digest.h"
#include "receivers/pipeline/graph.h"

namespace tocsin::receivers {

using State = OutboxEntry::State;

namespace {

// An endpoint that nobody has tried for so long since it was due has nothing more to be told.
constexpr Duration kForgetEndpointAfter = std::chrono::minutes(10);

}  // namespace

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

bool Outbox::FlushPart(std::uint64_t ticket, WriteBatch* batch) {
  if (table_.changed() <= kMaxRowsInBatch) return false;
  uncommitted_.emplace(ticket, table_.FlushRows(kMaxRowsInBatch, batch));
  return true;
}

void Outbox::Flush(std::uint64_t ticket, WriteBatch* batch) {
  table_.FlushRemoved(batch);
  std::vector<RowId> waiting = table_.FlushRows(table_.changed(), batch);
  letters_.Flush(batch);
  for (Event& event : std::exchange(events_, {})) batch->Record(std::move(event));
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
  for (const auto& [id, integration] : next) {
    lanes_[id].pace.Configure(integration->limits, clock_.Now());
  }
  for (const std::string& id : table_.Lanes()) lanes_[id];
  for (auto& [id, lane] : lanes_) {
    const auto found = next.find(id);
    ApplyReceiver(id, lane, found == next.end() ? nullptr : found->second);
  }
}

void Outbox::ApplyReceiver(const std::string& id, Lane& lane, GroupIntegrationPtr next) {
  const GroupIntegrationPtr before = std::exchange(lane.integration, std::move(next));
  const bool is_same =
      before != nullptr && lane.integration != nullptr && before->HasSettingsOf(*lane.integration);
  if (is_same) return Advance(id);  // other limits, perhaps
  ForgetEndpoints(id, lane, before);
  if (lane.integration == nullptr) return DropAll(id);
  TryAnew(id, /*refused_too=*/before != nullptr);
}

// What is under way goes on, and is counted where it began.
void Outbox::ForgetEndpoints(const std::string& id, Lane& lane, const GroupIntegrationPtr& before) {
  for (auto& [key, endpoint] : lane.endpoints) {
    if (before != nullptr && endpoint.circuit.is_open()) {
      metrics_.CountCircuit(before->receiver, /*open=*/false);
    }
    endpoint.circuit = Circuit();
    endpoint.line.clear();
  }
  for (const SlotKey& key : table_.SlotsOf(id)) {
    SlotTable::Slot& slot = *table_.Find(key);
    slot.in_line = false;
    for (OutboxEntry& entry : slot.entries) entry.endpoint.reset();
  }
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
  const Lane& lane = lanes_[id.slot.lane];
  const bool digests =
      lane.integration != nullptr && lane.integration->limits.overflow == config::Overflow::kDigest;
  // What waits for retries of its own is told with this one.
  if (digests) WakeAll(id.slot.lane, std::nullopt);
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

bool Outbox::Lane::waits() const {
  return std::any_of(endpoints.begin(), endpoints.end(),
                     [](const auto& item) { return !item.second.line.empty(); });
}

Timestamp Outbox::Endpoint::not_before() const {
  if (!circuit.is_open()) return Timestamp::min();
  return in_flight > 0 ? Timestamp::max() : circuit.next_attempt();
}

void Outbox::JoinLine(const SlotKey& key) {
  SlotTable::Slot* const slot = table_.Find(key);
  if (slot == nullptr || slot->in_line) return;
  OutboxEntry* const next = NextReady(*slot);
  if (next == nullptr) return;
  slot->in_line = true;
  Lane& lane = lanes_[key.lane];
  lane.endpoints[EndpointOf(lane, *next)].line.push_back(key);
}

std::uint64_t Outbox::EndpointOf(Lane& lane, OutboxEntry& entry) {
  if (entry.endpoint) return *entry.endpoint;
  if (lane.integration == nullptr) return 0;
  const std::string address = lane.integration->channel->Endpoint(entry.row.message.notification);
  std::uint64_t key = address.empty() ? 0 : std::hash<std::string>()(address);
  if (key != 0 && lane.endpoints.count(key) == 0) {
    const bool is_full = lane.endpoints.size() >= options_.max_endpoints;
    if (is_full) DropIdleEndpoints(lane, /*all=*/true, clock_.Now());
    const std::size_t count = lane.endpoints.size();
    if (count >= options_.max_endpoints) {
      key = std::next(lane.endpoints.begin(), static_cast<std::ptrdiff_t>(key % count))->first;
    }
  }
  entry.endpoint = key;
  return key;
}

void Outbox::DropIdleEndpoints(Lane& lane, bool all, Timestamp now) {
  for (auto it = lane.endpoints.begin(); it != lane.endpoints.end();) {
    const Endpoint& endpoint = it->second;
    const bool is_open = endpoint.circuit.is_open();
    const bool is_idle = endpoint.line.empty() && endpoint.in_flight == 0;
    const bool is_old = is_open && endpoint.circuit.next_attempt() + kForgetEndpointAfter < now;
    if (!is_idle || (is_open ? !is_old : !all)) {
      ++it;
      continue;
    }
    if (is_open) metrics_.CountCircuit(lane.integration->receiver, /*open=*/false);
    it = lane.endpoints.erase(it);
  }
}

void Outbox::Advance(const std::string& id) {
  Lane& lane = lanes_[id];
  while (running_ && lane.integration != nullptr && lane.waits()) {
    const Timestamp now = clock_.Now();
    const Turn turn = NextTurn(lane, now);
    if (turn.not_before) return AdvanceAt(id, lane, *turn.not_before);
    lane.turn = turn.endpoint;
    std::vector<RowId> rows = TakeTurn(lane, now);
    if (!rows.empty()) Attempt(lane, std::move(rows));
  }
}

// The endpoints take turns, those whose line may move on.
Outbox::Turn Outbox::NextTurn(const Lane& lane, Timestamp now) const {
  const bool is_starved =
      in_flight_.size() >= options_.max_in_flight && lane.in_flight >= options_.least_in_flight;
  if (is_starved || lane.in_flight >= lane.integration->limits.concurrency) {
    return {0, Timestamp::max()};
  }
  Timestamp soonest = Timestamp::max();
  auto it = lane.endpoints.upper_bound(lane.turn);
  for (std::size_t i = 0; i < lane.endpoints.size(); ++i, ++it) {
    if (it == lane.endpoints.end()) it = lane.endpoints.begin();
    const auto& [key, endpoint] = *it;
    if (endpoint.line.empty()) continue;
    const Timestamp when = endpoint.not_before();
    if (when <= now) return {key, lane.pace.NotBefore(now)};
    soonest = std::min(soonest, when);
  }
  return {0, soonest};
}

void Outbox::AdvanceAt(const std::string& id, Lane& lane, Timestamp when) {
  if (lane.timer != 0) timers_.Cancel(lane.timer);
  lane.timer = 0;
  if (when == Timestamp::max()) return;
  lane.timer = timers_.At(when, [this, id] {
    lanes_.at(id).timer = 0;
    Advance(id);
  });
}

// The first slot of the line that still has something to send; where more wait than the rate lets
// through and the receiver wants digests, all that can be told in one.
std::vector<RowId> Outbox::TakeTurn(Lane& lane, Timestamp now) {
  Endpoint& endpoint = lane.endpoints.at(lane.turn);
  ++endpoint.in_flight;  // it stays while its line is looked through
  std::deque<SlotKey>& line = endpoint.line;
  std::size_t most = 1;
  if (lane.integration->limits.overflow == config::Overflow::kDigest) {
    const std::optional<std::size_t> left = lane.pace.Left(now);
    if (left && *left < line.size()) most = kMaxDigestMessages;
  }
  std::vector<RowId> rows;
  std::vector<SlotKey> passed_over;
  std::vector<SlotKey> gone_elsewhere;  // what they have to send by now
  while (!line.empty() && rows.size() + passed_over.size() < most) {
    SlotKey key = std::move(line.front());
    line.pop_front();
    SlotTable::Slot* const slot = table_.Find(key);
    if (slot == nullptr) continue;
    OutboxEntry* const entry = NextReady(*slot);
    const bool is_passed_over = entry != nullptr && !rows.empty() &&
                                !entry->row.GoesTogetherWith(table_.Find(rows.front())->row);
    if (is_passed_over) {
      passed_over.push_back(std::move(key));
      continue;
    }
    slot->in_line = false;
    if (entry == nullptr) continue;
    if (EndpointOf(lane, *entry) != lane.turn) {
      gone_elsewhere.push_back(std::move(key));
      continue;
    }
    table_.SetState(*entry, State::kInFlight);
    slot->in_flight = true;
    rows.push_back({std::move(key), entry->row.sequence});
  }
  line.insert(line.begin(), std::make_move_iterator(passed_over.begin()),
              std::make_move_iterator(passed_over.end()));
  for (const SlotKey& key : gone_elsewhere) JoinLine(key);
  --endpoint.in_flight;
  if (!rows.empty()) lane.pace.Spend(now);
  return rows;
}

void Outbox::Attempt(Lane& lane, std::vector<RowId> rows) {
  ++lane.in_flight;
  ++lane.endpoints.at(lane.turn).in_flight;
  const std::uint64_t attempt = ++last_attempt_;
  const GroupIntegrationPtr integration = lane.integration;
  std::vector<const Message*> messages;
  Duration time_limit{0};
  for (const RowId& row : rows) {
    messages.push_back(&table_.Find(row)->row.message);
    time_limit = std::max(time_limit, messages.back()->time_limit);
  }
  // Holding the integration keeps its channel alive until it is done, whatever is reloaded
  // meanwhile.
  const auto done = [post = post_, attempt, integration](Outcome outcome) {
    post(attempt, std::move(outcome));
  };
  const bool partly_taken = table_.Find(rows.front())->row.partly_taken;  // all of them, or none
  in_flight_.emplace(attempt, UnderWay{std::move(rows), integration, lane.turn, clock_.Now()});
  const GroupNotification& first = messages.front()->notification;
  if (messages.size() == 1) return integration->channel->Deliver(first, time_limit, done);
  GroupNotification digest = DigestOf(messages);
  if (partly_taken) digest.remembered = first.remembered;
  integration->channel->Deliver(digest, time_limit, done);
}

void Outbox::AdvanceStarved() {
  for (auto& [id, lane] : lanes_) {
    if (lane.waits()) Advance(id);
  }
}

// ---- their ends

void Outbox::OnAttemptEnded(std::uint64_t attempt, Outcome outcome, Timestamp now) {
  const bool was_full = in_flight_.size() >= options_.max_in_flight;
  const auto found = in_flight_.extract(attempt);
  CHECK(!found.empty());
  const UnderWay& ended = found.mapped();
  const std::string id = ended.rows.front().slot.lane;
  Lane& lane = lanes_.at(id);
  --lane.in_flight;
  --lane.endpoints.at(ended.endpoint).in_flight;
  // What a digest has become is no message of any one group: the next about a group must not write
  // over what it says of others.
  const bool is_digest = ended.rows.size() > 1;
  if (is_digest && outcome.kind == Outcome::Kind::kDelivered) outcome.remember.clear();
  bool is_first = true;
  for (const RowId& row : ended.rows) {
    table_.Find(row.slot)->in_flight = false;
    OutboxEntry& entry = *table_.Find(row);
    ++entry.row.attempts;
    entry.row.last_error = outcome.reason;
    entry.row.last_status = outcome.http_status;
    Outcome of_row = outcome;
    Adjust(ended, entry, &of_row, now);
    if (std::exchange(is_first, false) && lane.integration != nullptr) {
      metrics_.CountAttempt(lane.integration->receiver, of_row);
      NoteHealth(lane, id, of_row, now);
      NoteTemplates(lane, id, of_row);
    }
    Conclude(ended, row, of_row, now);
    JoinLine(row.slot);
  }
  if (lane.integration != nullptr) {
    NoteCircuit(ended, lane, outcome, now);
    DropIdleEndpoints(lane, /*all=*/false, now);
  }
  Advance(id);
  if (was_full) AdvanceStarved();
}

// Failed by settings that have been replaced meanwhile: says nothing about the new ones.
bool Outbox::IsOutdated(const UnderWay& attempt) const {
  const Lane& lane = lanes_.at(attempt.rows.front().slot.lane);
  return lane.integration != nullptr && !attempt.integration->HasSettingsOf(*lane.integration);
}

void Outbox::Adjust(const UnderWay& attempt, const OutboxEntry& entry, Outcome* outcome,
                    Timestamp now) const {
  const bool is_gone = lanes_.at(attempt.rows.front().slot.lane).integration == nullptr;
  const bool too_late = now - entry.row.made_at >= options_.deadline || is_gone;
  if (outcome->kind == Outcome::Kind::kRetry && too_late) {
    outcome->kind = Outcome::Kind::kGiveUp;
    outcome->advice = "check whether the receiver is reachable";
  }
  const bool delivered = outcome->kind == Outcome::Kind::kDelivered;
  if (IsOutdated(attempt) && !delivered) outcome->kind = Outcome::Kind::kRetry;
}

void Outbox::Conclude(const UnderWay& attempt, const RowId& id, const Outcome& outcome,
                      Timestamp now) {
  const bool is_gone = lanes_.at(id.slot.lane).integration == nullptr;
  const bool delivered = outcome.kind == Outcome::Kind::kDelivered;
  const auto accepted = table_.Find(id)->row.message.accepted;
  if (delivered && accepted.count() != 0) metrics_.ObserveDelivered(clock_.Monotonic() - accepted);
  if (delivered || outcome.may_have_arrived) {
    Drop(
        id.slot, [&id](const OutboxEntry& e) { return e.row.sequence < id.sequence; },
        Dropped::kOvertaken);
  }
  OutboxEntry& current = *table_.Find(id);  // the erasing has moved it
  const Message message = current.row.message;
  const bool gives_up = !delivered && (is_gone || outcome.kind == Outcome::Kind::kGiveUp);
  // A dead letter that fails again is said to be dead no second time.
  events_.push_back(AttemptEvent(current.row, *attempt.integration, outcome,
                                 gives_up && !current.row.dead, now - attempt.began, now));
  bool over = true;
  if (delivered || is_gone) {
    table_.SetState(current, State::kReady);
    table_.EraseIf(id.slot, [&id](const OutboxEntry& e) { return e.row.sequence == id.sequence; });
    letters_.Forget(id.sequence, /*remove_row=*/false);
  } else if (outcome.kind == Outcome::Kind::kRetry) {
    const Duration delay = IsOutdated(attempt) ? Duration(0)
                                               : RetryDelay(options_.retry, current.row.attempts,
                                                            outcome.retry_after, random_());
    Retry(id, current, outcome, delay, now);
    over = false;
  } else {
    Bury(id, current, outcome, now);
  }
  listener_.OnAttempt(message, *attempt.integration, now - attempt.began, outcome, over, now);
}

void Outbox::Retry(const RowId& id, OutboxEntry& entry, const Outcome& outcome, Duration delay,
                   Timestamp now) {
  entry.row.dead = false;
  if (!outcome.remember.empty()) {
    entry.row.message.notification.remembered = outcome.remember;
    entry.row.partly_taken = true;
  }
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

void Outbox::NoteTemplates(Lane& lane, const std::string& id, const Outcome& outcome) {
  if (outcome.template_failures.empty()) return;
  metrics_.CountTemplateFailure(lane.integration->receiver);
  if (lane.template_failures == outcome.template_failures) return;  // has been said
  lane.template_failures = outcome.template_failures;
  log_.Warn("a template of a receiver fails: its messages say what they say by default",
            {{"integration", id}, {"err", outcome.template_failures}});
}

void Outbox::NoteCircuit(const UnderWay& attempt, Lane& lane, const Outcome& outcome,
                         Timestamp now) {
  if (IsOutdated(attempt)) return;
  const SlotKey& slot = attempt.rows.front().slot;
  Circuit& circuit = lane.endpoints.at(attempt.endpoint).circuit;
  if (!circuit.OnAttempt(outcome, slot.thread, attempt.began, options_.retry, random_(), now)) {
    return;
  }
  metrics_.CountCircuit(lane.integration->receiver, circuit.is_open());
  if (!circuit.is_open()) return WakeAll(slot.lane, attempt.endpoint);
  log_.Info("receiver does not take messages: from now on one is tried at a time",
            {{"integration", slot.lane},
             {"next_in", FormatDuration(circuit.next_attempt() - now)},
             {"err", outcome.reason}});
}

void Outbox::WakeAll(const std::string& id, std::optional<std::uint64_t> endpoint) {
  for (const SlotKey& key : table_.SlotsOf(id)) {
    for (OutboxEntry& entry : table_.Find(key)->entries) {
      if (endpoint && entry.endpoint != endpoint) continue;
      if (entry.state == State::kWaiting) table_.SetState(entry, State::kReady);
    }
    JoinLine(key);
  }
}

}  // namespace tocsin::receivers
