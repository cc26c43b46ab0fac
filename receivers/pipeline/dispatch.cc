#include "receivers/pipeline/dispatch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/group_key.h"

namespace tocsin::receivers {
namespace {

// https://github.com/prometheus/alertmanager/blob/main/notify/notify.go (MinTimeout)
constexpr Duration kShortestDeadline = std::chrono::seconds(10);

bool Contains(const AlertHashes& sorted, std::uint64_t hash) {
  return std::binary_search(sorted.begin(), sorted.end(), hash);
}

void Sort(AlertHashes* hashes) { std::sort(hashes->begin(), hashes->end()); }

AlertHashes Union(const AlertHashes& a, const AlertHashes& b) {
  AlertHashes both;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

AlertHashes Difference(const AlertHashes& a, const AlertHashes& b) {
  AlertHashes rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest));
  return rest;
}

void HashesOf(const std::vector<FrozenAlert>& batch, AlertHashes* firing, AlertHashes* resolved) {
  for (const FrozenAlert& frozen : batch) {
    (frozen.resolved ? resolved : firing)->push_back(frozen.alert->hash);
  }
  Sort(firing);
  Sort(resolved);
}

// A message of a direct route: one episode of one alert of a rule.
bool IsOfOneEpisode(const Message& message) {
  const GroupNotification& told = message.notification;
  const AlertPtr& native = told.alerts.front().alert->native;
  return native != nullptr && told.dedup_key == native->id;
}

// An empty receiver of the tree is a place to put what nobody wants to hear; one that a rule names
// is a mistake.
bool LeadNowhere(const PipelineGraph& graph, const std::vector<const Route*>& routes) {
  return std::all_of(routes.begin(), routes.end(), [&graph](const Route* route) {
    return route->direct && graph.IntegrationsOf(*route).empty();
  });
}

}  // namespace

struct Dispatch::Group {
  GroupId id = 0;
  GroupName name;
  std::string key;                                           // made at the first flush
  std::unordered_map<std::uint64_t, PostedAlertPtr> alerts;  // by hash
  TimerQueue::Id timer = 0;
  std::vector<std::string> muted_by;
  Timestamp last_tick;
  std::optional<Timestamp> next_tick;  // of the timer

  // Of the last flush.
  HeldAlerts held;
  std::optional<Timestamp> cooldown_ends;  // the first of those that hold

  // Strict, while a flush is under way.
  Batch batch;
  std::size_t open_sends = 0;
  bool failed = false;
  bool tick_waits = false;

  const Route& route() const { return *name.route; }
};

Dispatch::Dispatch(DispatchOptions options, const Silences& silences, NotificationLog& log_entries,
                   TimerQueue& timers, const Clock& clock, const Logger& log,
                   MetricRegistry& metrics)
    : options_(std::move(options)),
      silences_(silences),
      log_entries_(log_entries),
      timers_(timers),
      clock_(clock),
      log_(log),
      registry_(metrics),
      metrics_(metrics, options_.receiver_name_in_metrics, options_.every_type_in_metrics),
      missing_channels_(log, metrics),
      not_before_(clock.Now() + options_.start_delay) {}

Dispatch::~Dispatch() {
  for (const auto& [id, group] : groups_) timers_.Cancel(group->timer);
}

void Dispatch::SendThrough(Sender& sender, DeliveryBook* book) {
  sender_ = &sender;
  book_ = book;
  if (durable()) hold_metrics_.emplace(registry_);
}

// ---- alerts into groups

void Dispatch::Apply(PipelineGraphPtr graph, const std::vector<PostedAlertPtr>& alerts,
                     Timestamp now) {
  std::vector<PostedAlertPtr> all = OlderEpisodes(alerts);
  all.insert(all.end(), alerts.begin(), alerts.end());
  for (const auto& [id, group] : groups_) timers_.Cancel(group->timer);
  by_name_.clear();
  groups_.clear();
  put_off_.clear();
  graph_ = std::move(graph);
  if (!durable()) sender_->Apply(*graph_);  // before anything new is sent: it drops what waits
  for (const GroupIntegrationPtr& one : graph_->Integrations()) metrics_.AddIntegration(*one);
  missing_channels_.Show(*graph_);
  Accept(all, std::chrono::nanoseconds(0), now);
  // Before the rule engine has offered its alerts nobody knows which groups there are.
  if (engine_restored_) WithdrawAbandoned();
  if (durable()) sender_->Apply(*graph_);  // tries anew what is left
}

void Dispatch::WithdrawAbandoned() {
  const std::vector<Message> waiting = sender_->Waiting();
  if (waiting.empty()) return;
  std::set<std::string> log_keys;
  for (const auto& [id, group] : groups_) {
    for (const GroupIntegrationPtr& integration : graph_->IntegrationsOf(group->route())) {
      log_keys.insert(KeyOf(*group, *integration).log_key);
    }
  }
  for (const Message& message : waiting) {
    if (!message.firing.empty() && !log_keys.contains(message.key.log_key)) {
      sender_->Withdraw(message.key);
    }
  }
}

std::vector<PostedAlertPtr> Dispatch::OlderEpisodes(
    const std::vector<PostedAlertPtr>& alerts) const {
  std::set<std::uint64_t> known;
  for (const PostedAlertPtr& alert : alerts) known.insert(alert->hash);
  std::vector<PostedAlertPtr> older;
  for (const auto& [id, group] : groups_) {
    for (const auto& [hash, alert] : group->alerts) {
      if (alert->native != nullptr && known.insert(hash).second) older.push_back(alert);
    }
  }
  return older;
}

void Dispatch::Accept(const std::vector<PostedAlertPtr>& alerts, std::chrono::nanoseconds accepted,
                      Timestamp now) {
  accepted_ = accepted;
  // Before anything is flushed: a source mutes its target also where both come together.
  graph_->inhibitor.Update(alerts);
  for (const PostedAlertPtr& alert : alerts) {
    const std::vector<const Route*> routes = graph_->RoutesOf(*alert);
    if (alert->native != nullptr) {
      if (!engine_restored_) offered_.insert(alert->native->id);
      if (LeadNowhere(*graph_, routes)) NoteWithoutReceiver(*alert);
      if (durable() && alert->ResolvedAt(now)) book_->Close(alert->native->id, now);
    }
    for (const Route* route : routes) Insert(*route, alert, now);
  }
  metrics_.groups.Set(static_cast<double>(groups_.size()));
  accepted_ = std::chrono::nanoseconds(0);
}

void Dispatch::NoteWithoutReceiver(const PostedAlert& alert) {
  const Alert& native = *alert.native;
  if (!native.active()) {
    without_receiver_.erase(native.id);
    return;
  }
  if (!without_receiver_.insert(native.id).second) return;
  if (durable()) hold_metrics_->without_receiver.Increment();
  log_.Warn(
      "alert announced to nobody: none of its receivers is configured",
      {{"rule", native.rule->name},
       {"alert", native.id},
       {"receivers", fmt::format("{}", fmt::join(native.rule->notification_channels, ", "))}});
}

Dispatch::GroupName Dispatch::NameOf(const Route& route, const PostedAlert& alert) {
  GroupName name{&route, route.GroupLabels(alert.labels), {}};
  if (route.each_episode) name.episode = alert.native->id;
  return name;
}

void Dispatch::Insert(const Route& route, const PostedAlertPtr& alert, Timestamp now) {
  GroupName name = NameOf(route, *alert);
  const auto found = by_name_.find(name);
  Group& group = found != by_name_.end() ? *found->second : MakeGroup(std::move(name), *alert, now);
  group.alerts.insert_or_assign(alert->hash, alert);
  const bool waits = group.last_tick == Timestamp() && route.settings.group_wait > Duration(0);
  if (route.each_episode && durable() && !waits) {
    if (now >= not_before_ && !stopped_) Flush(group, now);
  } else if (group.timer == 0 && group.open_sends == 0) {
    ArmTimer(group, std::max(now, group.last_tick + route.settings.group_interval));
  }
}

Dispatch::Group& Dispatch::MakeGroup(GroupName name, const PostedAlert& first, Timestamp now) {
  auto made = std::make_unique<Group>();
  Group& group = *made;
  group.id = ++last_group_;
  group.name = name;
  by_name_.emplace(std::move(name), &group);
  groups_.emplace(group.id, std::move(made));
  const Duration wait = group.route().settings.group_wait;
  ArmTimer(group, first.starts_at + wait < now ? now : now + wait);
  return group;
}

void Dispatch::EraseGroup(Group& group) {
  timers_.Cancel(group.timer);
  by_name_.erase(group.name);
  groups_.erase(GroupId(group.id));
  metrics_.groups.Set(static_cast<double>(groups_.size()));
}

Dispatch::Group* Dispatch::Find(GroupId id) const {
  const auto found = groups_.find(id);
  return found == groups_.end() ? nullptr : found->second.get();
}

void Dispatch::ArmTimer(Group& group, Timestamp when) {
  if (group.timer != 0) timers_.Cancel(group.timer);
  group.next_tick = std::max(when, not_before_);
  group.timer = timers_.At(*group.next_tick, [this, id = group.id] { OnTimer(id); });
}

// ---- flush

void Dispatch::OnTimer(GroupId id) {
  Group* const group = Find(id);
  if (group == nullptr || stopped_) return;
  group->timer = 0;
  if (group->open_sends > 0) {
    group->tick_waits = true;
  } else {
    Flush(*group, clock_.Now());
  }
}

std::optional<Timestamp> Dispatch::NextTick(const Group& group, Timestamp tick) const {
  const config::AlertmanagerRoute& route = group.route().settings;
  const Timestamp next = tick + route.group_interval;
  if (!durable()) return next;
  const bool is_held = std::any_of(group.held.begin(), group.held.end(),
                                   [](const auto& one) { return one.second != HeldBy::kCooldown; });
  // Nothing more is to be said of it before it changes.
  const bool sleeps = group.route().each_episode && route.repeat_interval >= kNoRepeat && !is_held;
  if (sleeps) return group.cooldown_ends;
  return std::min(group.cooldown_ends.value_or(next), next);
}

Dispatch::Batch Dispatch::FreezeAlerts(const Group& group, Timestamp tick) const {
  Batch batch;
  batch.reserve(group.alerts.size());
  for (const auto& [hash, alert] : group.alerts) batch.push_back({alert, alert->ResolvedAt(tick)});
  std::sort(batch.begin(), batch.end(), [](const FrozenAlert& a, const FrozenAlert& b) {
    if (ComesBefore(*a.alert, *b.alert)) return true;
    if (ComesBefore(*b.alert, *a.alert)) return false;
    return a.alert->starts_at < b.alert->starts_at;  // episodes of one alert
  });
  return batch;
}

void Dispatch::Flush(Group& group, Timestamp tick) {
  group.tick_waits = false;
  group.failed = false;
  group.last_tick = tick;
  Batch frozen = FreezeAlerts(group, tick);
  if (!durable()) {
    ArmTimer(group, *NextTick(group, tick));
    group.batch = frozen;
  }
  const Batch batch = Speakable(group, std::move(frozen), tick);
  if (!batch.empty()) {
    ++group
          .open_sends;  // a channel may answer at once: the flush is not over before all have begun
    for (const GroupIntegrationPtr& integration : graph_->IntegrationsOf(group.route())) {
      if (Tell(group, integration, batch, tick)) ++group.open_sends;
    }
    --group.open_sends;
  }
  if (!durable()) {
    if (group.open_sends == 0) EndFlush(group, tick);
    return;
  }
  timers_.Cancel(std::exchange(group.timer, 0));
  group.next_tick.reset();
  if (const std::optional<Timestamp> next = NextTick(group, tick)) ArmTimer(group, *next);
  ForgetTold(group, tick);
}

Dispatch::Batch Dispatch::Speakable(Group& group, Batch batch, Timestamp tick) {
  const auto before = std::exchange(group.held, {});
  group.cooldown_ends.reset();
  LeaveOut(group, &batch, HeldBy::kAcknowledgement, metrics_.suppressed_by_acknowledgement,
           [](const PostedAlert& alert) {
             return alert.native != nullptr && alert.native->state == AlertState::kAcknowledged;
           });
  LeaveOut(group, &batch, HeldBy::kInhibition, metrics_.suppressed_by_inhibition,
           [&](const PostedAlert& alert) {
             return !graph_->inhibitor.MutedBy(alert.labels, tick).empty();
           });
  // Asked also where nothing is left: what the group is shown as muted by follows the clock.
  const auto tellable = std::count_if(batch.begin(), batch.end(),
                                      [](const FrozenAlert& frozen) { return !frozen.muted; });
  if (HeldByIntervals(group, tick, static_cast<std::size_t>(tellable))) {
    batch.clear();
    return batch;
  }
  LeaveOut(
      group, &batch, HeldBy::kSilence, metrics_.suppressed_by_silence,
      [&](const PostedAlert& alert) { return !silences_.MutedBy(alert.labels, tick).empty(); });
  if (durable()) {
    HoldForCooldown(group, tick, &batch);
    CountHeld(group, before);
  }
  return batch;
}

void Dispatch::LeaveOut(Group& group, Batch* batch, HeldBy why, prometheus::Counter& counter,
                        const std::function<bool(const PostedAlert&)>& muted) {
  std::size_t left_out = 0;
  for (FrozenAlert& frozen : *batch) {
    if (frozen.muted || !muted(*frozen.alert)) continue;
    frozen.muted = true;
    ++left_out;
    if (durable() && !frozen.resolved) group.held.emplace(frozen.alert->hash, why);
  }
  counter.Increment(static_cast<double>(left_out));
  if (durable()) return;
  std::erase_if(*batch, [](const FrozenAlert& frozen) { return frozen.muted; });
}

void Dispatch::HoldForCooldown(Group& group, Timestamp tick, Batch* batch) {
  for (FrozenAlert& frozen : *batch) {
    if (frozen.muted || frozen.resolved || frozen.alert->native == nullptr) continue;
    const std::optional<Timestamp> until = book_->HeldUntil(*frozen.alert->native, tick);
    if (!until) continue;
    frozen.muted = true;
    group.held.emplace(frozen.alert->hash, HeldBy::kCooldown);
    group.cooldown_ends = std::min(group.cooldown_ends.value_or(*until), *until);
  }
}

void Dispatch::CountHeld(const Group& group, const HeldAlerts& before) {
  for (const auto& [hash, why] : group.held) {
    const auto was = before.find(hash);
    if (was == before.end() || was->second != why) hold_metrics_->Of(why).Increment();
  }
}

bool Dispatch::HeldByIntervals(Group& group, Timestamp tick, std::size_t alerts) {
  const config::AlertmanagerRoute& route = group.route().settings;
  const TimeIntervals& intervals = graph_->intervals;
  if (!route.active_time_intervals.empty() &&
      intervals.Covering(route.active_time_intervals, tick).empty()) {
    group.muted_by = route.active_time_intervals;
    metrics_.suppressed_by_active_interval.Increment(static_cast<double>(alerts));
    return true;
  }
  group.muted_by = intervals.Covering(route.mute_time_intervals, tick);
  if (group.muted_by.empty()) return false;
  metrics_.suppressed_by_mute_interval.Increment(static_cast<double>(alerts));
  return true;
}

// ---- messages

Dispatch::Tellable Dispatch::TellableTo(const Batch& batch, const LogEntry* told) {
  Tellable tellable;
  for (const FrozenAlert& frozen : batch) {
    const std::uint64_t hash = frozen.alert->hash;
    const bool was_told = told != nullptr && Contains(told->firing, hash);
    const bool is_due = told != nullptr && Contains(told->due_again, hash);
    // The end of an episode is for whoever was told of it, also beside others of its group.
    if (frozen.resolved && frozen.alert->native != nullptr && !was_told && !is_due) continue;
    if (!frozen.muted || (frozen.resolved && (was_told || is_due))) {
      tellable.batch.push_back(frozen);
    } else if (was_told) {
      tellable.known.push_back(hash);
    } else if (is_due) {
      tellable.due_again.push_back(hash);
    }
  }
  Sort(&tellable.known);
  Sort(&tellable.due_again);
  return tellable;
}

MessageKey Dispatch::KeyOf(const GroupName& name, const std::string& group_key,
                           const GroupIntegration& integration) {
  MessageKey key{integration.lane(), group_key,
                 NotificationLog::Key(group_key, integration.receiver, integration.id)};
  if (!name.episode.empty()) key.log_key += "/" + name.episode;
  return key;
}

MessageKey Dispatch::KeyOf(Group& group, const GroupIntegration& integration) const {
  if (group.key.empty()) group.key = GroupKey(group.route().path, group.name.labels);
  return KeyOf(group.name, group.key, integration);
}

bool Dispatch::Tell(Group& group, const GroupIntegrationPtr& integration, const Batch& batch,
                    Timestamp tick) {
  Message message;
  message.key = KeyOf(group, *integration);
  message.group = group.id;
  const Sender::Held held = sender_->Find(message.key);
  if (held.message != nullptr) held.message->group = group.id;
  // Behind what is put off already, so that a newer episode does not overtake the end of the older.
  const Thread thread{message.key.lane, message.key.thread};
  if (held.standing == Sender::Standing::kOpen || put_off_.contains(thread)) {
    PutOff(thread, group.id, integration);
    return false;
  }
  if (durable()) RemindAfterAcknowledgement(group, batch, message.key.log_key, tick);
  const LogEntry* const told = log_entries_.Find(message.key.log_key, tick);
  Tellable tellable = TellableTo(batch, told);
  HashesOf(tellable.batch, &message.firing, &message.resolved);
  message.known = std::move(tellable.known);
  message.due_again = std::move(tellable.due_again);
  message.repeat_interval = group.route().settings.repeat_interval;
  const NotificationReason reason =
      tellable.batch.empty()
          ? NotificationReason::kNone
          : WhyNotify(told, {message.firing, message.known, message.due_again, message.resolved,
                             integration->send_resolved, message.repeat_interval, tick});
  if (reason == NotificationReason::kNone) {
    // An end that the receiver refused may still be told when its settings change.
    const bool all_over = message.firing.empty() && message.known.empty();
    const bool is_refused_end = held.given_up && held.message->firing.empty();
    if (!all_over || !is_refused_end) sender_->Withdraw(message.key);
    return false;
  }
  if (!integration->send_resolved && message.firing.empty()) {
    // Nothing leaves, but the log must know: if the alerts come back, that is a first notification.
    sender_->Withdraw(message.key);
    WriteLog(message, tick);
    return false;
  }
  if (integration->channel == nullptr) {
    missing_channels_.Count(*integration, group.key, tick);
    return false;
  }
  if (held.message != nullptr && held.message->SaysTheSame(message)) return false;
  message.notification.reason = reason;
  message.notification.flush_number =
      std::max(told == nullptr ? 0 : told->flush_number,
               held.message == nullptr ? 0 : held.message->notification.flush_number);
  BeginMessage(group, *integration, tellable.batch, &message);
  metrics_.CountNotification(*integration);
  if (durable()) {
    sender_->Withdraw(message.key);  // the book hears of its end first
    book_->OnMade(message, tick);
  }
  sender_->Send(std::move(message), integration, tick);
  return !durable();
}

void Dispatch::PutOff(const Thread& thread, GroupId group, const GroupIntegrationPtr& integration) {
  auto& waiting = put_off_[thread];
  const auto same = std::find_if(waiting.begin(), waiting.end(),
                                 [group](const auto& one) { return one.first == group; });
  if (same == waiting.end()) waiting.emplace_back(group, integration);
}

void Dispatch::BeginMessage(const Group& group, const GroupIntegration& integration,
                            const Batch& batch, Message* message) const {
  GroupNotification& notification = message->notification;
  notification.receiver = integration.receiver;
  notification.group_key = group.key;
  notification.group_labels = group.name.labels;
  notification.route_labels = group.route().settings.labels;
  notification.external_url = options_.external_url;
  for (const FrozenAlert& frozen : batch) {
    if (integration.send_resolved || !frozen.resolved) notification.alerts.push_back(frozen);
  }
  message->time_limit = std::max(group.route().settings.group_interval, kShortestDeadline);
  message->accepted = accepted_;
  if (!durable()) {
    notification.flush_number = 0;
    return;
  }
  // Log entries of episodes live as long as these; that of a group may have been forgotten, and
  // no number is to be used twice.
  const bool counts_from_one = group.route().each_episode;
  notification.dedup_key = counts_from_one ? group.name.episode : Sha256Hex(group.key);
  const auto fresh = static_cast<std::uint64_t>(ToUnixMillis(group.last_tick));
  notification.flush_number = counts_from_one ? notification.flush_number + 1
                                              : std::max(notification.flush_number + 1, fresh);
}

void Dispatch::RemindAfterAcknowledgement(const Group& group, const Batch& batch,
                                          const std::string& key, Timestamp now) {
  const LogEntry* const told = log_entries_.Find(key, now);
  if (told == nullptr) return;
  AlertHashes acknowledged;
  for (const FrozenAlert& frozen : batch) {
    const auto held = group.held.find(frozen.alert->hash);
    const bool is_acknowledged =
        held != group.held.end() && held->second == HeldBy::kAcknowledgement;
    if (is_acknowledged && Contains(told->firing, frozen.alert->hash)) {
      acknowledged.push_back(frozen.alert->hash);
    }
  }
  if (acknowledged.empty()) return;
  Sort(&acknowledged);
  LogEntry entry = *told;
  entry.firing = Difference(entry.firing, acknowledged);
  entry.due_again = Union(entry.due_again, acknowledged);
  log_entries_.Put(key, std::move(entry));
}

// ---- what became of them

void Dispatch::OnAttempt(const Message& message, const GroupIntegration& integration,
                         std::optional<Duration> latency, const Outcome& outcome, bool over,
                         Timestamp now) {
  const bool delivered = outcome.kind == Outcome::Kind::kDelivered;
  if (latency) {
    metrics_.CountRequest(integration, !delivered);
    metrics_.ObserveLatency(integration, *latency);
  }
  if (!delivered && over) {
    metrics_.CountFailed(integration, outcome, outcome.kind == Outcome::Kind::kRetry);
  }
  if (!durable()) {
    if (delivered) WriteLog(message, now);
    if (over) EndSend(message.group, delivered, now);
    return;
  }
  book_->OnAttempt(message, outcome, now);
  if (message.key.log_key.empty()) return;  // a dead letter that a person has sent again
  if (delivered) {
    WriteLog(message, now);
  } else if (outcome.may_have_arrived) {
    OnInDoubt(message, now);
  } else if (over && message.firing.empty() && IsOfOneEpisode(message)) {
    log_entries_.Forget(message.key.log_key);  // nobody is told of this end any more
  } else {
    NoteFlushNumber(message, now);
  }
  GoOn(message, over, now);
}

void Dispatch::OnDropped(const Message& message, Sender::Dropped why) {
  if (durable()) book_->OnDropped(message, why);
  // Nobody is to be told any more of an end that a newer episode has overtaken.
  if (why == Sender::Dropped::kOvertaken && message.firing.empty()) {
    log_entries_.Forget(message.key.log_key);
    timers_.At(clock_.Now(), [this, id = message.group] {
      if (Group* const group = Find(id)) ForgetTold(*group, clock_.Now());
    });
  }
}

bool Dispatch::Wanted(const Message& message) const { return Find(message.group) != nullptr; }

void Dispatch::OnInDoubt(const Message& message, Timestamp now) {
  const LogEntry* const told = log_entries_.Find(message.key.log_key, now);
  LogEntry entry = told == nullptr ? LogEntry{} : *told;
  const AlertHashes in_doubt = Difference(message.firing, entry.firing);
  entry.flush_number = std::max(entry.flush_number, message.notification.flush_number);
  if (told == nullptr) entry.at = now;
  entry.due_again = Union(entry.due_again, in_doubt);
  entry.expires_at = std::max(entry.expires_at, ExpiryOf(entry, message.repeat_interval, now));
  log_entries_.Put(message.key.log_key, std::move(entry));
}

void Dispatch::NoteFlushNumber(const Message& message, Timestamp now) {
  const LogEntry* const told = log_entries_.Find(message.key.log_key, now);
  LogEntry entry = told == nullptr ? LogEntry{} : *told;
  if (entry.flush_number >= message.notification.flush_number) return;
  entry.flush_number = message.notification.flush_number;
  if (told == nullptr) {
    entry.at = now;
    entry.expires_at = ExpiryOf(entry, message.repeat_interval, now);
  }
  log_entries_.Put(message.key.log_key, std::move(entry));
}

void Dispatch::WriteLog(const Message& message, Timestamp now) {
  LogEntry entry;
  entry.firing = Union(message.firing, message.known);
  entry.due_again = message.due_again;
  entry.resolved = message.resolved;
  entry.flush_number = message.notification.flush_number;
  entry.at = now;
  entry.expires_at = ExpiryOf(entry, message.repeat_interval, now);
  log_entries_.Put(message.key.log_key, std::move(entry));
}

Timestamp Dispatch::ExpiryOf(const LogEntry& entry, Duration repeat_interval, Timestamp now) const {
  const bool tells_of_firing = !entry.firing.empty() || !entry.due_again.empty();
  if (repeat_interval >= kNoRepeat) return now + (tells_of_firing ? kNoRepeat : options_.retention);
  return now + std::min(2 * repeat_interval, options_.retention);
}

void Dispatch::GoOn(const Message& message, bool over, Timestamp now) {
  const auto put_off = put_off_.extract(Thread{message.key.lane, message.key.thread});
  if (!put_off.empty() && !stopped_) {
    for (const auto& [id, integration] : put_off.mapped()) {
      Group* const group = Find(id);
      if (group == nullptr) continue;
      const Batch batch = Speakable(*group, FreezeAlerts(*group, now), now);
      if (!batch.empty()) Tell(*group, integration, batch, now);
    }
  }
  if (Group* const group = Find(message.group)) return ForgetTold(*group, now);
  if (!over && engine_restored_) WithdrawAbandoned();
}

void Dispatch::ForgetTold(Group& group, Timestamp now) {
  std::erase_if(group.alerts, [&](const auto& one) {
    return one.second->ResolvedAt(group.last_tick) && !Owed(group, one.first, now);
  });
  if (group.alerts.empty()) EraseGroup(group);
}

bool Dispatch::Owed(Group& group, std::uint64_t alert, Timestamp now) {
  for (const GroupIntegrationPtr& integration : graph_->IntegrationsOf(group.route())) {
    if (!integration->send_resolved || integration->channel == nullptr) continue;
    const MessageKey key = KeyOf(group, *integration);
    const Sender::Held held = sender_->Find(key);
    if (held.given_up && held.message->firing.empty()) continue;  // else it is tried again
    if (const LogEntry* const told = log_entries_.Find(key.log_key, now)) {
      if (Contains(told->firing, alert) || Contains(told->due_again, alert)) return true;
    }
    if (held.standing == Sender::Standing::kOpen && Contains(held.message->firing, alert)) {
      return true;
    }
  }
  return false;
}

void Dispatch::EndFlush(Group& group, Timestamp now) {
  if (!group.failed) {
    for (const FrozenAlert& frozen : group.batch) {
      const auto current = group.alerts.find(frozen.alert->hash);
      const bool unchanged = current != group.alerts.end() && current->second == frozen.alert;
      if (frozen.resolved && unchanged) group.alerts.erase(current);
    }
  }
  group.batch.clear();
  if (group.alerts.empty()) {
    EraseGroup(group);
  } else if (group.tick_waits) {
    Flush(group, now);
  }
}

void Dispatch::EndSend(GroupId id, bool succeeded, Timestamp now) {
  Group* const group = Find(id);
  if (group == nullptr) return;  // the configuration has changed meanwhile
  group->failed |= !succeeded;
  if (--group->open_sends == 0) EndFlush(*group, now);
}

void Dispatch::EngineRestored(Timestamp now) {
  engine_restored_ = true;
  if (!durable()) return;
  const std::set<std::string> offered = std::exchange(offered_, {});
  WithdrawAbandoned();
  for (const std::string& id : book_->Open()) {
    if (offered.contains(id)) continue;
    log_.Warn("an announced alert is unknown to the rules; it is forgotten", {{"alert", id}});
    log_entries_.ForgetEndingIn("/" + id);
    book_->Close(id, now);
  }
}

void Dispatch::Stop() {
  stopped_ = true;
  for (const auto& [id, group] : groups_) timers_.Cancel(group->timer);
  sender_->Stop();
}

// ---- views

Explanation Dispatch::Explain(const PostedAlert& alert, Timestamp now) const {
  Explanation explanation;
  explanation.inhibited_by = graph_->inhibitor.MutedBy(alert.labels, now);
  explanation.silenced_by = silences_.MutedBy(alert.labels, now);
  if (alert.native != nullptr) {
    explanation.acknowledged = alert.native->state == AlertState::kAcknowledged;
    const bool fires = durable() && alert.native->active();
    if (fires) explanation.cooldown_until = book_->HeldUntil(*alert.native, now);
  }
  for (const Route* route : graph_->RoutesOf(alert)) {
    explanation.routes.push_back(ExplainRoute(*route, alert, now));
  }
  return explanation;
}

ExplainedRoute Dispatch::ExplainRoute(const Route& route, const PostedAlert& alert,
                                      Timestamp now) const {
  const GroupName name = NameOf(route, alert);
  const config::AlertmanagerRoute& settings = route.settings;
  ExplainedRoute explained;
  explained.receiver = settings.receiver;
  explained.group_key = GroupKey(route.path, name.labels);
  const std::string no_labels = GroupKey(route.path, Labels());
  explained.route = no_labels.substr(0, no_labels.size() - std::string_view(":{}").size());
  explained.group_labels = name.labels;
  explained.named_by_rule = route.direct;
  explained.group_wait = settings.group_wait;
  explained.group_interval = settings.group_interval;
  explained.repeat_interval = settings.repeat_interval;
  if (!settings.active_time_intervals.empty() &&
      graph_->intervals.Covering(settings.active_time_intervals, now).empty()) {
    explained.outside_of_intervals = settings.active_time_intervals;
  }
  explained.muted_by_intervals = graph_->intervals.Covering(settings.mute_time_intervals, now);
  if (const auto group = by_name_.find(name); group != by_name_.end()) {
    explained.next_flush = group->second->next_tick;
  }
  for (const GroupIntegrationPtr& integration : graph_->IntegrationsOf(route)) {
    explained.integrations.push_back(ExplainIntegration(
        *integration, KeyOf(name, explained.group_key, *integration), alert.hash, now));
  }
  return explained;
}

ExplainedIntegration Dispatch::ExplainIntegration(const GroupIntegration& integration,
                                                  const MessageKey& key, std::uint64_t alert,
                                                  Timestamp now) const {
  ExplainedIntegration explained;
  explained.integration = key.lane;
  explained.state = "untold";
  if (integration.channel == nullptr) explained.state = "no_channel";
  if (const LogEntry* const told = log_entries_.Find(key.log_key, now)) {
    if (Contains(told->firing, alert)) explained.state = "told";
    if (Contains(told->due_again, alert)) explained.state = "due_again";
    if (Contains(told->resolved, alert)) explained.state = "told_of_end";
    if (explained.state != "untold") explained.told_at = told->at;
  }
  const Sender::Held held = sender_->Find(key);
  if (held.standing == Sender::Standing::kNothing) return explained;
  explained.state = held.standing == Sender::Standing::kOpen ? "sending" : "waiting";
  if (held.given_up) explained.state = "given_up";
  explained.attempts = held.attempts;
  explained.last_error = held.last_error;
  return explained;
}

std::vector<GroupView> Dispatch::Views() const {
  std::vector<GroupView> views;
  for (const auto& [id, group] : groups_) {
    if (group->alerts.empty()) continue;
    const config::AlertmanagerRoute& route = group->route().settings;
    GroupView view{group->name.labels, route.receiver, route.labels, {}, group->muted_by};
    for (const auto& [hash, alert] : group->alerts) view.alerts.push_back(alert);
    SortAlerts(&view.alerts);
    views.push_back(std::move(view));
  }
  std::sort(views.begin(), views.end(), [](const GroupView& a, const GroupView& b) {
    if (a.labels == b.labels) return a.receiver < b.receiver;
    return LabelSetComesBefore(a.labels, b.labels);
  });
  return views;
}

}  // namespace tocsin::receivers
