#include "evaluator/lifecycle/lifecycle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/number.h"
#include "base/text.h"
#include "evaluator/lifecycle/alert_event.h"

namespace tocsin::evaluator {
namespace {

constexpr Duration kPruneInterval = std::chrono::hours(1);
// So many resolved alerts are a reason to prune before the hour is over: a value that swings around
// its threshold can end thousands of episodes a second.
constexpr std::size_t kPruneAfterResolved = 1'000;

std::shared_ptr<Alert> NextVersion(const Alert& alert, Timestamp now) {
  auto next = std::make_shared<Alert>(alert);
  next->updated_at = now;
  return next;
}

void TakeNewestValue(const std::shared_ptr<const ThresholdWatch>& watch, Alert* alert) {
  if (watch == nullptr) return;
  const Sample newest = watch->newest();
  if (newest.timestamp < alert->last_value_at) return;
  alert->value = newest.value;
  alert->last_value_at = newest.timestamp;
}

}  // namespace

Labels AlertLabels(const ThresholdRule& rule, LabelsView metadata) {
  LabelsBuilder labels(metadata);
  labels.Set("alertname", rule.name);
  labels.Set("severity", PrometheusSeverityName(rule.severity));
  labels.Set("pynomaly_severity", SeverityName(rule.severity));
  if (rule.severity == Severity::kHigh) labels.Set("priority", "high");
  if (rule.severity == Severity::kLow) labels.Set("priority", "low");
  return labels.Build();
}

struct Lifecycle::Metrics {
  explicit Metrics(MetricRegistry& registry)
      : pending(GaugeFamily(registry, "alerting_alerts_pending",
                            "Alerts whose condition holds but not yet for its duration.")
                    .Add({})),
        acknowledged(GaugeFamily(registry, "alerting_alerts_acknowledged",
                                 "Alerts that fire and that someone has acknowledged.")
                         .Add({})) {
    auto& active_family =
        GaugeFamily(registry, "alerting_alerts_active", "Alerts that fire, by severity.");
    auto& transitions_family = CounterFamily(registry, "tocsin_alert_transitions_total",
                                             "Changes of an alert's state, by the new state.");
    for (std::size_t i = 0; i < active.size(); ++i) {
      const std::string severity(SeverityName(static_cast<Severity>(i)));
      active.at(i) = &active_family.Add({{"severity", severity}});
    }
    for (std::size_t i = 0; i < transitions.size(); ++i) {
      const std::string state(AlertStateName(static_cast<AlertState>(i)));
      transitions.at(i) = &transitions_family.Add({{"state", state}});
    }
  }

  prometheus::Gauge* GaugeOf(const Alert& alert) {
    switch (alert.state) {
      case AlertState::kPending:
        return &pending;
      case AlertState::kFiring:
        return active.at(static_cast<std::size_t>(alert.rule->severity));
      case AlertState::kAcknowledged:
        return &acknowledged;
      case AlertState::kInactive:
      case AlertState::kResolved:
        return nullptr;
    }
    return nullptr;
  }
  void Count(const Alert* before, const Alert* after) {
    if (before != nullptr && GaugeOf(*before) != nullptr) GaugeOf(*before)->Decrement();
    if (after != nullptr && GaugeOf(*after) != nullptr) GaugeOf(*after)->Increment();
    const AlertState old_state = before != nullptr ? before->state : AlertState::kInactive;
    const AlertState new_state = after != nullptr ? after->state : AlertState::kInactive;
    if (old_state != new_state) transitions.at(static_cast<std::size_t>(new_state))->Increment();
  }

  prometheus::Gauge& pending;
  prometheus::Gauge& acknowledged;
  std::array<prometheus::Gauge*, 5> active{};
  std::array<prometheus::Counter*, 5> transitions{};
};

Lifecycle::Lifecycle(LifecycleOptions options, AlertBook& book, StateStore& store, AlertSink& sink,
                     std::function<std::string()> make_id, const Logger& log,
                     MetricRegistry& metrics)
    : options_(options),
      book_(book),
      store_(store),
      sink_(sink),
      make_id_(std::move(make_id)),
      log_(log),
      metrics_(std::make_shared<Metrics>(metrics)),
      rules_(std::make_shared<const RuleIndex>(RuleIndex::Rules(), options.staleness)) {}

// ---- what comes in

void Lifecycle::Handle(const Signal& signal, Timestamp now) {
  const auto watch = std::dynamic_pointer_cast<const ThresholdWatch>(signal.watch);
  if (watch == nullptr || !watch->TakeSequence(signal.sequence)) return;
  // ApplyRules has ended what such a watch was about; the rule's new watches speak for themselves.
  if (CurrentRule(*watch) == nullptr) return;
  switch (signal.kind) {
    case Signal::Kind::kViolating:
      OnViolating(signal, watch, now);
      break;
    case Signal::Kind::kHeld:
      OnHeld(signal, watch, now);
      break;
    case Signal::Kind::kGood:
      OnGood(watch->fingerprint(), signal.sample, now);
      break;
    case Signal::Kind::kEnded:
      OnEnded(watch->fingerprint(), now);
      break;
  }
}

std::shared_ptr<const ThresholdRule> Lifecycle::CurrentRule(const ThresholdWatch& watch) const {
  // The signal of a watch that a reload has just replaced: the rule may be gone or mean another
  // thing.
  std::shared_ptr<const ThresholdRule> rule = rules_->Find(watch.rule().id);
  if (rule == nullptr || !rule->enabled || !rule->SameCondition(watch.rule())) return nullptr;
  return rule;
}

void Lifecycle::OnViolating(const Signal& signal,
                            const std::shared_ptr<const ThresholdWatch>& watch, Timestamp now) {
  const std::uint64_t fingerprint = watch->fingerprint();
  Tracked& tracked = tracked_[fingerprint];
  const std::shared_ptr<const ThresholdWatch> former = std::exchange(tracked.watch, watch);
  if (tracked.alert != nullptr) {
    const bool began_anew = former != nullptr && watch->SharesKnowledgeWith(*former) &&
                            signal.since > tracked.alert->pending_since;
    if (began_anew && tracked.alert->state == AlertState::kPending) {
      // The good sample or the silence in between was overtaken by this signal.
      BeginAnew(fingerprint, tracked, signal.since, now);
    } else {
      // Known from before a restart, or the series came back under a new watch.
      book_.Put(tracked.alert, watch);
    }
    ArmStaleness(fingerprint, tracked);
    return;
  }
  if (tracked.hold_until) return;
  Begin(fingerprint, tracked, CurrentRule(*watch), signal, now);
}

void Lifecycle::OnHeld(const Signal& signal, const std::shared_ptr<const ThresholdWatch>& watch,
                       Timestamp now) {
  const std::uint64_t fingerprint = watch->fingerprint();
  const auto found = tracked_.find(fingerprint);
  if (found == tracked_.end() || found->second.alert == nullptr) {
    // It has overtaken the signal that the violation began, which says nothing any more. What
    // begins here is due already.
    return OnViolating(signal, watch, now);
  }
  const Alert& alert = *found->second.alert;
  // A reload may have made the duration longer since the watch said so.
  const bool held = signal.sample.timestamp - alert.pending_since >= alert.rule->duration;
  if (alert.state == AlertState::kPending && held) Fire(fingerprint, found->second, now);
}

void Lifecycle::OnGood(std::uint64_t fingerprint, const Sample& sample, Timestamp now) {
  const auto found = tracked_.find(fingerprint);
  if (found == tracked_.end()) return;
  Tracked& tracked = found->second;
  if (tracked.hold_until) ReleaseHold(fingerprint, tracked);
  if (tracked.alert == nullptr) return ForgetIfIdle(fingerprint);
  if (tracked.alert->state != AlertState::kPending) {
    // The recovered value is what the resolution shows, even if a newer sample is already there.
    auto next = std::make_shared<Alert>(*tracked.alert);
    next->value = sample.value;
    next->last_value_at = sample.timestamp;
    tracked.alert = std::move(next);
    tracked.watch = nullptr;
  }
  End(fingerprint, tracked, ResolveReason::kRecovered, now);
}

void Lifecycle::OnEnded(std::uint64_t fingerprint, Timestamp now) {
  const auto found = tracked_.find(fingerprint);
  if (found == tracked_.end() || found->second.alert == nullptr) return;
  OnStale(fingerprint, found->second, now);
}

bool Lifecycle::KeepsStale(const Alert& alert) const {
  return alert.active() && rules_->KeepsStale(*alert.rule);
}

void Lifecycle::OnStale(std::uint64_t fingerprint, Tracked& tracked, Timestamp now) {
  if (!KeepsStale(*tracked.alert)) return End(fingerprint, tracked, ResolveReason::kStale, now);
  SetTimer(Timer::kStale, fingerprint, &tracked.stale_at, std::nullopt);  // until it is heard again
  log_.Info("data stopped, the alert is kept",
            {{"alert", tracked.alert->rule->name},
             {"id", tracked.alert->id},
             {"fingerprint", tracked.alert->fingerprint_text()}});
}

CommandResult Lifecycle::Acknowledge(const std::string& id, const AcknowledgeCommand& command,
                                     Timestamp now) {
  const AlertPtr known = book_.Find(id);
  if (known == nullptr) return {CommandResult::Kind::kNotFound, "Alert not found"};
  if (known->state == AlertState::kResolved) {
    return {CommandResult::Kind::kConflict, "Alert is already resolved"};
  }
  if (known->state == AlertState::kPending) {
    return {CommandResult::Kind::kConflict, "Alert is still pending and has not been announced"};
  }
  Tracked& tracked = tracked_.at(known->fingerprint);
  std::shared_ptr<Alert> next = NextVersion(*tracked.alert, now);
  const bool again = next->state == AlertState::kAcknowledged;
  if (!again || !command.note.empty()) next->acknowledge_note = command.note;
  if (!again) {
    next->state = AlertState::kAcknowledged;
    next->acknowledged_at = now;
    next->acknowledged_by = command.actor;
    log_.Info("alert acknowledged", {{"alert", next->rule->name},
                                     {"id", id},
                                     {"fingerprint", next->fingerprint_text()},
                                     {"actor", command.actor}});
  }
  if (command.survives) next->acknowledgement_survives = *command.survives;
  if (command.lasts) {
    next->acknowledged_until = now + *command.lasts;
    SetTimer(Timer::kAcknowledgementEnds, next->fingerprint, &tracked.acknowledged_until,
             next->acknowledged_until);
  }
  TakeNewestValue(tracked.watch, next.get());
  Change(tracked, std::move(next));
  return {};
}

CommandResult Lifecycle::Unacknowledge(const std::string& id, const std::string& actor,
                                       Timestamp now) {
  const AlertPtr known = book_.Find(id);
  if (known == nullptr) return {CommandResult::Kind::kNotFound, "Alert not found"};
  if (known->state == AlertState::kAcknowledged) {
    EndAcknowledgement(tracked_.at(known->fingerprint), actor, now);
  }
  return {};
}

void Lifecycle::EndAcknowledgement(Tracked& tracked, const std::string& actor, Timestamp now) {
  std::shared_ptr<Alert> next = NextVersion(*tracked.alert, now);
  next->state = AlertState::kFiring;
  next->acknowledged_at.reset();
  next->acknowledged_until.reset();
  next->acknowledgement_survives = Duration(0);
  next->acknowledged_by.clear();
  next->acknowledge_note.clear();
  SetTimer(Timer::kAcknowledgementEnds, next->fingerprint, &tracked.acknowledged_until,
           std::nullopt);
  log_.Info("acknowledgement ended", {{"alert", next->rule->name},
                                      {"id", next->id},
                                      {"fingerprint", next->fingerprint_text()},
                                      {"actor", actor.empty() ? "its time is over" : actor}});
  TakeNewestValue(tracked.watch, next.get());
  Change(tracked, std::move(next), actor);
}

CommandResult Lifecycle::Resolve(const std::string& id, const std::string& actor,
                                 const std::string& note, Timestamp now) {
  const AlertPtr known = book_.Find(id);
  if (known == nullptr) return {CommandResult::Kind::kNotFound, "Alert not found"};
  if (known->state == AlertState::kResolved) return {};
  Tracked& tracked = tracked_.at(known->fingerprint);
  Hold(known->fingerprint, tracked, known->rule->cooldown, now);
  End(known->fingerprint, tracked, ResolveReason::kManual, now, actor, note);
  return {};
}

void Lifecycle::ApplyRules(std::shared_ptr<const RuleIndex> rules, Duration staleness,
                           Timestamp now) {
  rules_ = std::move(rules);
  options_.staleness = staleness;
  std::vector<std::uint64_t> fingerprints;
  fingerprints.reserve(tracked_.size());
  for (const auto& [fingerprint, tracked] : tracked_) fingerprints.push_back(fingerprint);
  for (std::uint64_t fingerprint : fingerprints) {
    ApplyRule(fingerprint, tracked_.at(fingerprint), now);
  }
}

void Lifecycle::ApplyRule(std::uint64_t fingerprint, Tracked& tracked, Timestamp now) {
  if (tracked.alert == nullptr) return;  // a hold ends by itself
  const Alert& alert = *tracked.alert;
  const std::shared_ptr<const ThresholdRule> rule = rules_->Find(alert.rule->id);
  if (rule == nullptr) return End(fingerprint, tracked, ResolveReason::kRuleDeleted, now);
  if (!rule->enabled) return End(fingerprint, tracked, ResolveReason::kRuleDisabled, now);
  if (!rule->SameCondition(*alert.rule)) {
    return End(fingerprint, tracked, ResolveReason::kRuleChanged, now);
  }
  if (rule != alert.rule && *rule != *alert.rule) {
    std::shared_ptr<Alert> next = NextVersion(alert, now);
    next->rule = rule;
    next->labels = AlertLabels(*rule, next->metadata);
    Change(tracked, std::move(next));
  }
  if (tracked.alert->state == AlertState::kPending) {
    SetTimer(Timer::kFire, fingerprint, &tracked.fire_at,
             tracked.alert->pending_since + rule->duration);
  }
  ArmStaleness(fingerprint, tracked);
}

// ---- the states

void Lifecycle::Begin(std::uint64_t fingerprint, Tracked& tracked,
                      const std::shared_ptr<const ThresholdRule>& rule, const Signal& signal,
                      Timestamp now) {
  auto alert = std::make_shared<Alert>();
  alert->id = make_id_();
  alert->fingerprint = fingerprint;
  alert->state = AlertState::kPending;
  alert->rule = rule;
  alert->metadata = LabelsBuilder(tracked.watch->series()).Remove(kMetricNameLabel).Build();
  alert->labels = AlertLabels(*rule, alert->metadata);
  alert->value = signal.sample.value;
  alert->last_value_at = signal.sample.timestamp;
  alert->pending_since = signal.since;
  alert->updated_at = now;
  tracked.tracked_since = now;
  const bool fires_at_once = rule->duration == Duration(0);
  if (fires_at_once) {
    BeginToFire(alert.get(), now);  // there is no pending version to write or show
    SetTimer(Timer::kAcknowledgementEnds, fingerprint, &tracked.acknowledged_until,
             alert->acknowledged_until);
  }
  Change(tracked, std::move(alert));
  ArmStaleness(fingerprint, tracked);
  if (fires_at_once) return;
  // A deadline in the past (a batch of old samples) waits for the rest of the batch, which may hold
  // a good sample: RunDue comes after it.
  SetTimer(Timer::kFire, fingerprint, &tracked.fire_at, signal.since + rule->duration);
}

void Lifecycle::BeginAnew(std::uint64_t fingerprint, Tracked& tracked, Timestamp since,
                          Timestamp now) {
  std::shared_ptr<Alert> next = NextVersion(*tracked.alert, now);
  next->pending_since = since;
  TakeNewestValue(tracked.watch, next.get());
  SetTimer(Timer::kFire, fingerprint, &tracked.fire_at, since + next->rule->duration);
  Change(tracked, std::move(next));
}

void Lifecycle::Fire(std::uint64_t fingerprint, Tracked& tracked, Timestamp now) {
  SetTimer(Timer::kFire, fingerprint, &tracked.fire_at, std::nullopt);
  std::shared_ptr<Alert> next = NextVersion(*tracked.alert, now);
  BeginToFire(next.get(), now);
  SetTimer(Timer::kAcknowledgementEnds, fingerprint, &tracked.acknowledged_until,
           next->acknowledged_until);
  TakeNewestValue(tracked.watch, next.get());
  Change(tracked, std::move(next));
}

void Lifecycle::BeginToFire(Alert* alert, Timestamp now) {
  alert->state = AlertState::kFiring;
  alert->triggered_at = now;
  const auto kept = sticky_.extract(alert->fingerprint);
  if (kept.empty()) return;
  const Alert& former = *kept.mapped();
  const bool came_back_in_time =
      alert->pending_since <= *former.resolved_at + former.acknowledgement_survives &&
      alert->rule->SameCondition(*former.rule);
  const bool is_over = former.acknowledged_until && *former.acknowledged_until <= now;
  if (!came_back_in_time || is_over) return;
  alert->state = AlertState::kAcknowledged;
  alert->acknowledged_at = former.acknowledged_at;
  alert->acknowledged_until = former.acknowledged_until;
  alert->acknowledged_by = former.acknowledged_by;
  alert->acknowledge_note = former.acknowledge_note;
  alert->acknowledgement_survives = former.acknowledgement_survives;
}

void Lifecycle::KeepSticky(const AlertPtr& ended) {
  // A person who resolves an alert has done with it.
  const bool may_come_back = ended->resolved_reason == ResolveReason::kRecovered ||
                             ended->resolved_reason == ResolveReason::kStale;
  if (may_come_back && ended->acknowledgement_survives > Duration(0)) {
    sticky_.insert_or_assign(ended->fingerprint, ended);
  }
}

void Lifecycle::End(std::uint64_t fingerprint, Tracked& tracked, ResolveReason reason,
                    Timestamp now, const std::string& actor, const std::string& note) {
  SetTimer(Timer::kFire, fingerprint, &tracked.fire_at, std::nullopt);
  SetTimer(Timer::kStale, fingerprint, &tracked.stale_at, std::nullopt);
  SetTimer(Timer::kAcknowledgementEnds, fingerprint, &tracked.acknowledged_until, std::nullopt);
  const AlertPtr alert = tracked.alert;
  if (alert->state == AlertState::kPending) {
    metrics_->Count(alert.get(), nullptr);
    RecordForgotten(*alert, reason, now);
    writes_.Delete(StateTable::kAlerts, alert->id);
    book_.Remove(alert->id);
  } else {
    std::shared_ptr<Alert> next = NextVersion(*alert, now);
    next->state = AlertState::kResolved;
    next->resolved_at = now;
    next->resolved_reason = reason;
    next->resolved_by = actor;
    next->resolve_note = note;
    TakeNewestValue(tracked.watch, next.get());
    KeepSticky(next);
    Change(tracked, std::move(next));
    ++resolved_since_prune_;
  }
  tracked.alert = nullptr;
  ForgetIfIdle(fingerprint);
}

void Lifecycle::RecordForgotten(const Alert& pending, ResolveReason reason, Timestamp now) {
  const std::shared_ptr<Alert> gone = NextVersion(pending, now);
  gone->state = AlertState::kInactive;
  gone->resolved_reason = reason;
  writes_.Record(*ChangeOfState(&pending, *gone, SerializeAlert(*gone), ""));
}

void Lifecycle::Hold(std::uint64_t fingerprint, Tracked& tracked, Duration cooldown,
                     Timestamp now) {
  SetTimer(Timer::kHoldEnds, fingerprint, &tracked.hold_until, now + cooldown);
  writes_.Put(StateTable::kHolds, FormatHex64(fingerprint),
              std::to_string(ToUnixMillis(now + cooldown)));
}

void Lifecycle::ReleaseHold(std::uint64_t fingerprint, Tracked& tracked) {
  SetTimer(Timer::kHoldEnds, fingerprint, &tracked.hold_until, std::nullopt);
  writes_.Delete(StateTable::kHolds, FormatHex64(fingerprint));
}

void Lifecycle::ForgetIfIdle(std::uint64_t fingerprint) {
  const auto found = tracked_.find(fingerprint);
  if (found->second.alert == nullptr && !found->second.hold_until) tracked_.erase(found);
}

void Lifecycle::Change(Tracked& tracked, std::shared_ptr<Alert> next, std::string_view actor) {
  metrics_->Count(tracked.alert.get(), next.get());
  const std::string row = SerializeAlert(*next);
  std::optional<Event> event = ChangeOfState(tracked.alert.get(), *next, row, actor);
  if (event) writes_.Record(*std::move(event));
  tracked.alert = next;
  writes_.Put(StateTable::kAlerts, next->id, row);
  book_.Put(next, tracked.watch);
  if (next->state != AlertState::kPending) changed_.push_back(std::move(next));
}

void Lifecycle::Flush() {
  if (!writes_.empty() || !waiting_.empty()) {
    StateStore::Committed committed;
    if (!waiting_.empty()) {
      committed = [waiting = std::move(waiting_)](const Status& status) {
        for (const StateStore::Committed& done : waiting) done(status);
      };
      waiting_.clear();
    }
    store_.Submit(std::exchange(writes_, WriteBatch()), std::move(committed));
  }
  if (!changed_.empty()) sink_.Accept(std::exchange(changed_, {}));
}

// ---- time

void Lifecycle::SetTimer(Timer timer, std::uint64_t fingerprint, std::optional<Timestamp>* slot,
                         std::optional<Timestamp> when) {
  if (*slot) deadlines_.erase({**slot, timer, fingerprint});
  *slot = when;
  if (when) deadlines_.insert({*when, timer, fingerprint});
}

Duration Lifecycle::StaleAfter(const Tracked& tracked) const {
  return tracked.alert->rule->stale_after.value_or(options_.staleness);
}

Timestamp Lifecycle::LastHeard(const Tracked& tracked) const {
  if (tracked.watch == nullptr) return tracked.tracked_since;
  return std::max(tracked.tracked_since, tracked.watch->last_arrival());
}

void Lifecycle::ArmStaleness(std::uint64_t fingerprint, Tracked& tracked) {
  SetTimer(Timer::kStale, fingerprint, &tracked.stale_at, LastHeard(tracked) + StaleAfter(tracked));
}

void Lifecycle::OnFireTimer(std::uint64_t fingerprint, Tracked& tracked, Timestamp now) {
  // A good sample was there in time; its signal is on the way.
  if (tracked.watch != nullptr && !tracked.alert->rule->Violates(tracked.watch->newest().value)) {
    return;
  }
  Fire(fingerprint, tracked, now);
}

void Lifecycle::OnStaleTimer(std::uint64_t fingerprint, Tracked& tracked, Timestamp now) {
  if (LastHeard(tracked) + StaleAfter(tracked) > now) return ArmStaleness(fingerprint, tracked);
  // A violating sample that comes at this very moment may have been told to nobody: the next one
  // is.
  if (tracked.watch != nullptr) tracked.watch->SignalNextViolation();
  OnStale(fingerprint, tracked, now);
}

void Lifecycle::RunDue(Timestamp now) {
  while (!deadlines_.empty() && std::get<Timestamp>(*deadlines_.begin()) <= now) {
    const auto [when, timer, fingerprint] = *deadlines_.begin();
    deadlines_.erase(deadlines_.begin());
    Tracked& tracked = tracked_.at(fingerprint);
    switch (timer) {
      case Timer::kFire:
        tracked.fire_at.reset();
        OnFireTimer(fingerprint, tracked, now);
        break;
      case Timer::kStale:
        tracked.stale_at.reset();
        OnStaleTimer(fingerprint, tracked, now);
        break;
      case Timer::kAcknowledgementEnds:
        tracked.acknowledged_until.reset();
        EndAcknowledgement(tracked, "", now);
        break;
      case Timer::kHoldEnds:
        tracked.hold_until.reset();
        ReleaseHold(fingerprint, tracked);
        if (tracked.watch != nullptr) tracked.watch->SignalNextViolation();
        ForgetIfIdle(fingerprint);
        break;
    }
  }
  if (now >= next_prune_ || resolved_since_prune_ >= kPruneAfterResolved) Prune(now);
}

std::optional<Timestamp> Lifecycle::next_deadline() const {
  if (deadlines_.empty()) return next_prune_;
  return std::min(next_prune_, std::get<Timestamp>(*deadlines_.begin()));
}

void Lifecycle::Prune(Timestamp now) {
  next_prune_ = now + kPruneInterval;
  resolved_since_prune_ = 0;
  for (const std::string& id :
       book_.PruneResolved(now - options_.keep_resolved, options_.max_resolved)) {
    writes_.Delete(StateTable::kAlerts, id);
  }
  // What is pending may have come back in time.
  std::erase_if(sticky_, [&](const auto& kept) {
    const Alert& ended = *kept.second;
    return *ended.resolved_at + ended.acknowledgement_survives < now &&
           !tracked_.contains(kept.first);
  });
}

// ---- restart

Status Lifecycle::Restore(Timestamp now) {
  next_prune_ = now + kPruneInterval;
  Result<std::vector<StateStore::Row>> rows = store_.Scan(StateTable::kAlerts);
  if (!rows) return rows.error();
  for (const auto& [id, value] : *rows) {
    Result<Alert> alert = ParseAlert(value);
    if (alert) {
      RestoreAlert(*std::move(alert), now);
    } else {
      log_.Error("a stored alert cannot be read and is left as it is",
                 {{"id", id}, {"err", alert.message()}});
    }
  }
  RestoreHolds(now);
  RestoreSticky();
  return Status();
}

void Lifecycle::RestoreAlert(Alert stored, Timestamp now) {
  auto alert = std::make_shared<const Alert>(std::move(stored));
  book_.Put(alert, nullptr);
  if (alert->state == AlertState::kResolved) return;
  metrics_->Count(nullptr, alert.get());
  Tracked& tracked = tracked_[alert->fingerprint];
  tracked.alert = alert;
  tracked.tracked_since = now;
  if (alert->state == AlertState::kPending) {
    SetTimer(Timer::kFire, alert->fingerprint, &tracked.fire_at,
             alert->pending_since + alert->rule->duration);
  }
  if (alert->state == AlertState::kAcknowledged) {
    SetTimer(Timer::kAcknowledgementEnds, alert->fingerprint, &tracked.acknowledged_until,
             alert->acknowledged_until);
  }
  ArmStaleness(alert->fingerprint, tracked);
}

void Lifecycle::RestoreSticky() {
  std::set<std::uint64_t> seen;
  for (const AlertPtr& alert :
       book_.List({AlertState::kFiring, AlertState::kAcknowledged, AlertState::kResolved})) {
    // Newest first: what came after an episode has taken its acknowledgement, or shown that there
    // is none.
    const bool is_newest = seen.insert(alert->fingerprint).second;
    if (is_newest && alert->state == AlertState::kResolved) KeepSticky(alert);
  }
}

void Lifecycle::RestoreHolds(Timestamp now) {
  Result<std::vector<StateStore::Row>> rows = store_.Scan(StateTable::kHolds);
  if (!rows) return;  // the same database has just answered: the next write will tell
  for (const auto& [key, value] : *rows) {
    const std::optional<std::uint64_t> fingerprint = ParseHex64(key);
    const std::optional<std::int64_t> until = ParseInt(value);
    if (!fingerprint || !until || FromUnixMillis(*until) <= now) {
      writes_.Delete(StateTable::kHolds, key);
      continue;
    }
    Tracked& tracked = tracked_[*fingerprint];
    SetTimer(Timer::kHoldEnds, *fingerprint, &tracked.hold_until, FromUnixMillis(*until));
  }
}

void Lifecycle::OfferRestored() {
  std::vector<AlertPtr> offer =
      book_.List({AlertState::kFiring, AlertState::kAcknowledged, AlertState::kResolved});
  // What the first ApplyRules changed is in the book, too; it is written before it is told.
  changed_.clear();
  Flush();
  if (!offer.empty()) sink_.Accept(std::move(offer));
}

}  // namespace tocsin::evaluator
