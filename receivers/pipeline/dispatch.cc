#include "receivers/pipeline/dispatch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "receivers/pipeline/dispatch_group.h"

namespace tocsin::receivers {
namespace {

// An empty receiver of the tree is a place to put what nobody wants to hear; one that a rule names
// is a mistake.
bool LeadNowhere(const PipelineGraph& graph, const std::vector<const Route*>& routes) {
  return std::all_of(routes.begin(), routes.end(), [&graph](const Route* route) {
    return route->direct && graph.IntegrationsOf(*route).empty();
  });
}

}  // namespace

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
      const MessageKey key = KeyOf(*group, *integration);
      log_keys.insert(key.log_key);
      if (integration->hears_acknowledgements) log_keys.insert(AcknowledgementKeyOf(key).log_key);
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
  if (acknowledgements_ != nullptr) acknowledgements_->Observe(alerts, now);
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
    return;
  }
  if (group.timer == 0 && group.open_sends == 0) {
    ArmTimer(group, std::max(now, group.last_tick + route.settings.group_interval));
  }
  if (durable() && alert->native != nullptr) ReconsiderAcknowledgement(group, *alert, now);
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
  if (sleeps) return group.hold_ends;
  return std::min(group.hold_ends.value_or(next), next);
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
  const bool holds = batch.empty() || std::any_of(batch.begin(), batch.end(),
                                                  [](const FrozenAlert& f) { return f.muted; });
  if (durable() && holds) KeepLogOfHeld(group, tick);
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
  TellOfAcknowledged(group, tick);
  timers_.Cancel(std::exchange(group.timer, 0));
  group.next_tick.reset();
  if (const std::optional<Timestamp> next = NextTick(group, tick)) ArmTimer(group, *next);
  ForgetTold(group, tick);
}

Dispatch::Batch Dispatch::Speakable(Group& group, Batch batch, Timestamp tick) {
  const auto before = std::exchange(group.held, {});
  group.hold_ends.reset();
  LeaveOutAcknowledged(group, tick, &batch);
  LeaveOut(group, &batch, HeldBy::kInhibition, metrics_.suppressed_by_inhibition,
           [&](const PostedAlert& alert) {
             return !graph_->inhibitor.MutedBy(alert.labels, tick).empty();
           });
  // Asked also where nothing is left: what the group is shown as muted by follows the clock.
  const auto tellable = std::count_if(batch.begin(), batch.end(),
                                      [](const FrozenAlert& frozen) { return !frozen.muted; });
  if (HeldByIntervals(group, tick, static_cast<std::size_t>(tellable))) {
    if (!durable() || graph_->native_targets.send_resolved_when_muted) batch.clear();
    for (FrozenAlert& frozen : batch) frozen.muted = true;
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

void Dispatch::LeaveOutAcknowledged(Group& group, Timestamp tick, Batch* batch) {
  LeaveOut(group, batch, HeldBy::kAcknowledgement, metrics_.suppressed_by_acknowledgement,
           [&](const PostedAlert& alert) {
             const std::optional<HeldByPerson> held = AcknowledgementOf(alert, tick);
             if (held && held->until) group.HoldUntil(*held->until);
             return held.has_value();
           });
}

std::optional<Dispatch::HeldByPerson> Dispatch::AcknowledgementOf(const PostedAlert& alert,
                                                                  Timestamp now) const {
  if (alert.native != nullptr) {
    // The rule engine ends it.
    if (alert.native->state == AlertState::kAcknowledged) return HeldByPerson();
    return std::nullopt;
  }
  if (acknowledgements_ == nullptr) return std::nullopt;
  const PostedAcknowledgementPtr known = acknowledgements_->Of(alert, now);
  if (known == nullptr) return std::nullopt;
  return HeldByPerson{known->until};
}

void Dispatch::OnAcknowledgementChanged(const PostedAlert& alert, Timestamp now) {
  for (const Route* route : graph_->RoutesOf(alert)) {
    const auto found = by_name_.find(NameOf(*route, alert));
    if (found == by_name_.end() || !found->second->alerts.contains(alert.hash)) continue;
    ReconsiderAcknowledgement(*found->second, alert, now);
  }
}

void Dispatch::ReconsiderAcknowledgement(Group& group, const PostedAlert& alert, Timestamp now) {
  if (alert.ResolvedAt(now)) return;
  const auto held = group.held.find(alert.hash);
  const bool was_held = held != group.held.end() && held->second == HeldBy::kAcknowledgement;
  if (const std::optional<HeldByPerson> holds = AcknowledgementOf(alert, now)) {
    if (!was_held) hold_metrics_->Of(HeldBy::kAcknowledgement).Increment();
    group.held.insert_or_assign(alert.hash, HeldBy::kAcknowledgement);
    for (const GroupIntegrationPtr& integration : graph_->IntegrationsOf(group.route())) {
      RemindOfAcknowledged(group, KeyOf(group, *integration).log_key, now);
    }
    if (holds->until) group.HoldUntil(*holds->until);
    TickWhenHoldEnds(group);
    TellOfAcknowledged(group, now);
  } else if (was_held) {
    group.held.erase(held);
    const bool waits = group.last_tick == Timestamp();
    if (!waits) ArmTimer(group, now);
  }
}

void Dispatch::TickWhenHoldEnds(Group& group) {
  if (!group.hold_ends) return;
  if (!group.next_tick || *group.hold_ends < *group.next_tick) ArmTimer(group, *group.hold_ends);
}

void Dispatch::KeepLogOfHeld(Group& group, Timestamp tick) {
  const auto still_fires = [&](std::uint64_t hash) {
    const auto alert = group.alerts.find(hash);
    return alert != group.alerts.end() && !alert->second->ResolvedAt(tick);
  };
  for (const GroupIntegrationPtr& integration : graph_->IntegrationsOf(group.route())) {
    const std::string log_key = KeyOf(group, *integration).log_key;
    const LogEntry* const told = log_entries_.Find(log_key, tick);
    if (told == nullptr) continue;
    const Timestamp renewed = ExpiryOf(*told, group.route().settings.repeat_interval, tick);
    // Not at each tick: half of the time is early enough.
    if (told->expires_at - tick >= (renewed - tick) / 2) continue;
    if (std::none_of(told->firing.begin(), told->firing.end(), still_fires) &&
        std::none_of(told->due_again.begin(), told->due_again.end(), still_fires)) {
      continue;
    }
    LogEntry entry = *told;
    entry.expires_at = renewed;
    log_entries_.Put(log_key, std::move(entry));
  }
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
    group.HoldUntil(*until);
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

}  // namespace tocsin::receivers
