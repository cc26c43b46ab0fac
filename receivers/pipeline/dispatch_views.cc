// What is shown of groups and alerts.
#include <algorithm>

#include "base/group_key.h"
#include "receivers/pipeline/dispatch.h"
#include "receivers/pipeline/dispatch_group.h"

namespace tocsin::receivers {

Explanation Dispatch::Explain(const PostedAlert& alert, Timestamp now) const {
  Explanation explanation;
  explanation.inhibited_by = graph_->inhibitor.MutedBy(alert.labels, now);
  explanation.silenced_by = silences_.MutedBy(alert.labels, now);
  if (acknowledgements_ != nullptr) {
    if (const PostedAcknowledgementPtr known = acknowledgements_->Of(alert, now)) {
      explanation.acknowledgement = {known->actor, known->note, known->until, known->survives};
    }
  }
  if (alert.native != nullptr) {
    const Alert& native = *alert.native;
    if (native.state == AlertState::kAcknowledged) {
      explanation.acknowledgement = {native.acknowledged_by, native.acknowledge_note,
                                     native.acknowledged_until, native.acknowledgement_survives};
    }
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
    explained.integrations.push_back(
        ExplainIntegration(KeyOf(name, explained.group_key, *integration), alert, now));
  }
  return explained;
}

ExplainedIntegration Dispatch::ExplainIntegration(const MessageKey& key, const PostedAlert& alert,
                                                  Timestamp now) const {
  ExplainedIntegration explained;
  explained.integration = key.lane;
  explained.state = "untold";
  if (const LogEntry* const told = log_entries_.Find(key.log_key, now)) {
    if (Contains(told->firing, alert.hash)) explained.state = "told";
    if (Contains(told->due_again, alert.hash)) explained.state = "due_again";
    if (Contains(told->resolved, alert.hash)) explained.state = "told_of_end";
    if (explained.state != "untold") explained.told_at = told->at;
  }
  if (durable() && alert.native == nullptr) {
    explained.newest = book_->AttemptsSince(key.log_key, alert.began_at);
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
