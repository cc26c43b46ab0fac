#include "receivers/pipeline/dispatch.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/group_key.h"

namespace tocsin::receivers {
namespace {

// https://github.com/prometheus/alertmanager/blob/main/notify/notify.go (MinTimeout, RetryStage)
constexpr Duration kShortestDeadline = std::chrono::seconds(10);
constexpr Duration kFirstRetry{500};
constexpr double kRetryFactor = 1.5;
constexpr double kRetryJitter = 0.5;
constexpr Duration kLongestRetry = std::chrono::seconds(60);

// The wait before a further attempt. `random` is in [0, 1).
Duration RetryWait(std::size_t attempts, double random) {
  double wait = static_cast<double>(kFirstRetry.count());
  for (std::size_t i = 1; i < attempts && wait < static_cast<double>(kLongestRetry.count()); ++i) {
    wait *= kRetryFactor;
  }
  wait = std::min(wait, static_cast<double>(kLongestRetry.count()));
  return Duration(static_cast<std::int64_t>(wait * (1 - kRetryJitter + 2 * kRetryJitter * random)));
}

void HashesOf(const std::vector<FrozenAlert>& batch, AlertHashes* firing, AlertHashes* resolved) {
  for (const FrozenAlert& frozen : batch) {
    (frozen.resolved ? resolved : firing)->push_back(frozen.alert->hash);
  }
  std::sort(firing->begin(), firing->end());
  std::sort(resolved->begin(), resolved->end());
}

}  // namespace

struct Dispatch::Group {
  GroupId id = 0;
  const Route* route = nullptr;
  Labels labels;
  std::string key;  // made at the first flush
  std::unordered_map<std::uint64_t, PostedAlertPtr> alerts;
  TimerQueue::Id timer = 0;
  std::vector<std::string> muted_by;

  // While a flush is under way.
  Batch batch;
  std::size_t open_sends = 0;
  bool failed = false;
  bool tick_waits = false;
};

// A notification on its way to one integration.
struct Dispatch::Send {
  GroupId group = 0;
  GroupIntegrationPtr integration;
  Lane* lane = nullptr;  // of the integration
  GroupNotification notification;
  std::string log_key;
  AlertHashes firing;
  AlertHashes known;  // fires, is muted, and was told before
  AlertHashes resolved;
  Duration repeat_interval{0};
  Timestamp deadline;
  Timestamp attempt_began;
  std::size_t attempts = 0;
  bool under_way = false;
  TimerQueue::Id timer = 0;
};

Dispatch::Dispatch(DispatchOptions options, const Silences& silences, NotificationLog& log_entries,
                   TimerQueue& timers, const Clock& clock, std::function<double()> random,
                   PostAttempt post, const Logger& log, MetricRegistry& metrics)
    : options_(std::move(options)),
      silences_(silences),
      log_entries_(log_entries),
      timers_(timers),
      clock_(clock),
      random_(std::move(random)),
      post_(std::move(post)),
      log_(log),
      metrics_(metrics, options_.receiver_name_in_metrics, options_.every_type_in_metrics),
      missing_channels_(log, metrics),
      not_before_(clock.Now() + options_.start_delay) {}

Dispatch::~Dispatch() { Stop(); }

// ---- alerts into groups

void Dispatch::Apply(PipelineGraphPtr graph, const std::vector<PostedAlertPtr>& alerts,
                     Timestamp now) {
  for (const auto& [id, group] : groups_) timers_.Cancel(group->timer);
  by_name_.clear();
  groups_.clear();
  // What waits for a retry is due again at the first tick of its new group.
  std::erase_if(sends_, [this](const auto& entry) {
    if (entry.second->under_way) return false;
    timers_.Cancel(entry.second->timer);
    return true;
  });
  graph_ = std::move(graph);
  for (const auto& [name, integrations] : graph_->receivers) {
    for (const GroupIntegrationPtr& one : integrations) metrics_.AddIntegration(*one);
  }
  missing_channels_.Show(*graph_);
  Accept(alerts, now);
}

void Dispatch::Accept(const std::vector<PostedAlertPtr>& alerts, Timestamp now) {
  // Before anything is flushed: a source mutes its target also where both come together.
  graph_->inhibitor.Update(alerts);
  for (const PostedAlertPtr& alert : alerts) {
    for (const Route* route : graph_->RoutesOf(*alert)) Insert(*route, alert, now);
  }
  metrics_.groups.Set(static_cast<double>(groups_.size()));
}

void Dispatch::Insert(const Route& route, const PostedAlertPtr& alert, Timestamp now) {
  GroupName name(&route, route.GroupLabels(alert->labels));
  const auto found = by_name_.find(name);
  Group& group = found != by_name_.end() ? *found->second
                                         : MakeGroup(route, std::move(name.second), *alert, now);
  group.alerts.insert_or_assign(alert->fingerprint, alert);
}

Dispatch::Group& Dispatch::MakeGroup(const Route& route, Labels labels, const PostedAlert& first,
                                     Timestamp now) {
  auto made = std::make_unique<Group>();
  Group& group = *made;
  group.id = ++last_group_;
  group.route = &route;
  group.labels = labels;
  by_name_.emplace(GroupName(&route, std::move(labels)), &group);
  groups_.emplace(group.id, std::move(made));
  const Duration wait = route.settings.group_wait;
  ArmTimer(group, first.starts_at + wait < now ? now : now + wait);
  return group;
}

void Dispatch::EraseGroup(Group& group) {
  timers_.Cancel(group.timer);
  by_name_.erase(GroupName(group.route, group.labels));
  groups_.erase(group.id);
  metrics_.groups.Set(static_cast<double>(groups_.size()));
}

void Dispatch::ArmTimer(Group& group, Timestamp when) {
  group.timer = timers_.At(std::max(when, not_before_), [this, id = group.id] { OnTimer(id); });
}

// ---- flush

void Dispatch::OnTimer(GroupId id) {
  const auto found = groups_.find(id);
  if (found == groups_.end() || stopped_) return;
  Group& group = *found->second;
  if (group.open_sends > 0) {
    group.tick_waits = true;
  } else {
    Flush(group, clock_.Now());
  }
}

Dispatch::Batch Dispatch::FreezeAlerts(const Group& group, Timestamp tick) const {
  Batch batch;
  batch.reserve(group.alerts.size());
  for (const auto& [fingerprint, alert] : group.alerts) {
    batch.push_back({alert, alert->ResolvedAt(tick)});
  }
  std::sort(batch.begin(), batch.end(), [](const FrozenAlert& a, const FrozenAlert& b) {
    return ComesBefore(*a.alert, *b.alert);
  });
  return batch;
}

void Dispatch::Flush(Group& group, Timestamp tick) {
  ArmTimer(group, tick + group.route->settings.group_interval);
  group.tick_waits = false;
  group.failed = false;
  group.batch = FreezeAlerts(group, tick);
  Batch told = group.batch;
  LeaveOutMuted(group, tick, &told);
  const auto receiver = graph_->receivers.find(group.route->settings.receiver);
  if (!told.empty() && receiver != graph_->receivers.end()) {
    if (group.key.empty()) group.key = GroupKey(group.route->path, group.labels);
    ++group
          .open_sends;  // a channel may answer at once: the flush is not over before all have begun
    for (const GroupIntegrationPtr& integration : receiver->second) {
      if (BeginSend(group, integration, told, tick)) ++group.open_sends;
    }
    --group.open_sends;
  }
  if (group.open_sends == 0) EndFlush(group, tick);
}

void Dispatch::LeaveOutMuted(Group& group, Timestamp tick, Batch* batch) {
  LeaveOut(batch, metrics_.suppressed_by_acknowledgement, [](const PostedAlert& alert) {
    return alert.native != nullptr && alert.native->state == AlertState::kAcknowledged;
  });
  LeaveOut(batch, metrics_.suppressed_by_inhibition, [&](const PostedAlert& alert) {
    return !graph_->inhibitor.MutedBy(alert.labels, tick).empty();
  });
  // Asked also where nothing is left: what the group is shown as muted by follows the clock.
  const auto tellable = std::count_if(batch->begin(), batch->end(),
                                      [](const FrozenAlert& frozen) { return !frozen.muted; });
  if (HeldByIntervals(group, tick, static_cast<std::size_t>(tellable))) {
    batch->clear();
    group.failed |= options_.resolve_what_was_told;  // so that no resolved alert is forgotten
  }
  LeaveOut(batch, metrics_.suppressed_by_silence, [&](const PostedAlert& alert) {
    return !silences_.MutedBy(alert.labels, tick).empty();
  });
}

void Dispatch::LeaveOut(Batch* batch, prometheus::Counter& counter,
                        const std::function<bool(const PostedAlert&)>& muted) const {
  std::size_t left_out = 0;
  for (FrozenAlert& frozen : *batch) {
    if (frozen.muted || !muted(*frozen.alert)) continue;
    frozen.muted = true;
    ++left_out;
  }
  counter.Increment(static_cast<double>(left_out));
  if (options_.resolve_what_was_told) return;
  std::erase_if(*batch, [](const FrozenAlert& frozen) { return frozen.muted; });
}

Dispatch::Tellable Dispatch::TellableTo(const Batch& batch, const LogEntry* told) {
  Tellable tellable;
  for (const FrozenAlert& frozen : batch) {
    const bool was_told =
        told != nullptr &&
        std::binary_search(told->firing.begin(), told->firing.end(), frozen.alert->hash);
    if (!frozen.muted || (frozen.resolved && was_told)) {
      tellable.batch.push_back(frozen);
    } else if (was_told) {
      tellable.known.push_back(frozen.alert->hash);
    }
  }
  std::sort(tellable.known.begin(), tellable.known.end());
  return tellable;
}

bool Dispatch::HeldByIntervals(Group& group, Timestamp tick, std::size_t alerts) {
  const config::AlertmanagerRoute& route = group.route->settings;
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
      const auto current = group.alerts.find(frozen.alert->fingerprint);
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

// ---- notifications

bool Dispatch::BeginSend(Group& group, const GroupIntegrationPtr& integration, const Batch& all,
                         Timestamp tick) {
  const config::AlertmanagerRoute& route = group.route->settings;
  auto send = std::make_unique<Send>();
  send->log_key = NotificationLog::Key(group.key, integration->receiver, integration->id);
  const LogEntry* const told = log_entries_.Find(send->log_key, tick);
  Tellable tellable = TellableTo(all, told);
  const Batch& batch = tellable.batch;
  if (batch.empty()) return false;
  HashesOf(batch, &send->firing, &send->resolved);
  send->known = std::move(tellable.known);
  send->repeat_interval = route.repeat_interval;
  const NotificationReason reason =
      WhyNotify(told, {send->firing, send->known, send->resolved, integration->send_resolved,
                       route.repeat_interval, tick});
  if (reason == NotificationReason::kNone) return false;
  if (!integration->send_resolved && send->firing.empty()) {
    // Nothing leaves, but the log must know: if the alerts come back, that is a first notification.
    WriteLog(*send, tick);
    return false;
  }
  if (integration->channel == nullptr) {
    missing_channels_.Count(*integration, group.key, tick);
    return false;
  }

  GroupNotification& notification = send->notification;
  notification.receiver = integration->receiver;
  notification.group_key = group.key;
  notification.group_labels = group.labels;
  notification.route_labels = route.labels;
  notification.reason = reason;
  notification.external_url = options_.external_url;
  for (const FrozenAlert& frozen : batch) {
    if (integration->send_resolved || !frozen.resolved) notification.alerts.push_back(frozen);
  }
  send->group = group.id;
  send->integration = integration;
  send->lane = &lanes_[integration->receiver + "/" + integration->id];
  send->deadline = tick + std::max(route.group_interval, kShortestDeadline);
  metrics_.CountNotification(*integration);
  const std::uint64_t id = ++last_send_;
  sends_.emplace(id, std::move(send));
  Attempt(id);
  return true;
}

void Dispatch::Attempt(std::uint64_t id) {
  const auto found = sends_.find(id);
  if (found == sends_.end() || stopped_) return;
  Send& send = *found->second;
  if (send.lane->in_flight < options_.max_in_flight) return BeginAttempt(id, send);
  send.lane->line.push_back(id);
}

void Dispatch::BeginAttempt(std::uint64_t id, Send& send) {
  send.attempt_began = clock_.Now();
  send.under_way = true;
  ++send.attempts;
  ++send.lane->in_flight;
  send.integration->channel->Deliver(
      send.notification, send.deadline - send.attempt_began,
      [post = post_, id](Outcome outcome) { post(id, std::move(outcome)); });
}

void Dispatch::Advance(Lane& lane) {
  while (lane.in_flight < options_.max_in_flight && !lane.line.empty() && !stopped_) {
    const std::uint64_t id = lane.line.front();
    lane.line.pop_front();
    const auto found = sends_.find(id);
    if (found == sends_.end()) continue;  // a reload has ended it
    const Timestamp now = clock_.Now();
    if (now < found->second->deadline) {
      BeginAttempt(id, *found->second);
    } else {
      FailedAttempt(id, *found->second,
                    Outcome::Retry(Failure::kTimeout,
                                   "its turn did not come before the flush's deadline, behind "
                                   "others to the same receiver"),
                    now);
    }
  }
}

void Dispatch::OnAttemptEnded(std::uint64_t attempt, const Outcome& outcome, Timestamp now) {
  const auto found = sends_.find(attempt);
  if (found == sends_.end()) return;
  Send& send = *found->second;
  Lane& lane = *send.lane;
  send.under_way = false;
  --lane.in_flight;
  const bool delivered = outcome.kind == Outcome::Kind::kDelivered;
  metrics_.CountRequest(*send.integration, !delivered);
  metrics_.ObserveLatency(*send.integration, now - send.attempt_began);
  if (delivered) {
    WriteLog(send, now);
    EndSend(attempt, true, now);
  } else {
    FailedAttempt(attempt, send, outcome, now);
  }
  Advance(lane);
}

void Dispatch::FailedAttempt(std::uint64_t id, Send& send, const Outcome& outcome, Timestamp now) {
  const Duration wait = RetryWait(send.attempts, random_());
  const bool retry = outcome.kind == Outcome::Kind::kRetry;
  const bool in_time = now + wait < send.deadline;
  if (retry && in_time && groups_.contains(send.group)) {
    if (send.attempts == 1) {
      log_.Warn("notification failed, will retry", {{"receiver", send.integration->receiver},
                                                    {"integration", send.integration->id},
                                                    {"err", outcome.reason}});
    }
    send.timer = timers_.At(now + wait, [this, id] { Attempt(id); });
    return;
  }
  log_.Error("notification failed",
             {{"receiver", send.integration->receiver},
              {"integration", send.integration->id},
              {"group_key", send.notification.group_key},
              {"attempts", std::to_string(send.attempts)},
              {"err", outcome.reason},
              {"advice", retry ? "tried again at the group's next tick" : outcome.advice}});
  metrics_.CountFailed(*send.integration, outcome, retry && !in_time);
  EndSend(id, false, now);
}

void Dispatch::WriteLog(const Send& send, Timestamp now) {
  LogEntry entry;
  std::set_union(send.firing.begin(), send.firing.end(), send.known.begin(), send.known.end(),
                 std::back_inserter(entry.firing));
  entry.resolved = send.resolved;
  entry.at = now;
  const bool keep = send.repeat_interval >= kNoRepeat && !entry.firing.empty();
  entry.expires_at =
      now + (keep ? kNoRepeat : std::min(2 * send.repeat_interval, options_.retention));
  log_entries_.Put(send.log_key, std::move(entry));
}

void Dispatch::EndSend(std::uint64_t id, bool succeeded, Timestamp now) {
  const GroupId group_id = sends_.at(id)->group;
  sends_.erase(id);
  const auto found = groups_.find(group_id);
  if (found == groups_.end()) return;  // the configuration has changed meanwhile
  Group& group = *found->second;
  group.failed |= !succeeded;
  if (--group.open_sends == 0) EndFlush(group, now);
}

void Dispatch::Stop() {
  stopped_ = true;
  for (const auto& [id, group] : groups_) timers_.Cancel(group->timer);
  for (const auto& [id, send] : sends_) timers_.Cancel(send->timer);
}

// ---- views

std::vector<GroupView> Dispatch::Views() const {
  std::vector<GroupView> views;
  for (const auto& [id, group] : groups_) {
    if (group->alerts.empty()) continue;
    GroupView view{group->labels,
                   group->route->settings.receiver,
                   group->route->settings.labels,
                   {},
                   group->muted_by};
    for (const auto& [fingerprint, alert] : group->alerts) view.alerts.push_back(alert);
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
