#include "receivers/announcer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/check.h"

namespace tocsin::receivers {
namespace {

constexpr Duration kPruneInterval = std::chrono::hours(1);
// The group_interval of groups that are one native alert.
constexpr Duration kMutedRecheck = std::chrono::seconds(1);

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

Announcer::Metrics::Metrics(MetricRegistry& registry)
    : held_by_cooldown(CounterFamily(registry, "alerting_notifications_suppressed_total",
                                     "Announcements held back, by reason.")
                           .Add({{"reason", "cooldown"}})),
      held_by_acknowledgement(CounterFamily(registry, "alerting_notifications_suppressed_total",
                                            "Announcements held back, by reason.")
                                  .Add({{"reason", "acknowledged"}})),
      held_by_muter(CounterFamily(registry, "alerting_notifications_suppressed_total",
                                  "Announcements held back, by reason.")
                        .Add({{"reason", "muted"}})),
      unknown_receiver(CounterFamily(registry, "tocsin_notifications_unroutable_total",
                                     "Receivers named by a rule that exist not or have no channel.")
                           .Add({})),
      not_durable(CounterFamily(registry, "tocsin_announcement_commit_failures_total",
                                "Batches of announcements that could not be written at once.")
                      .Add({})) {}

Announcer::Announcer(const AnnouncerOptions& options, ReceiverSet receivers, StateStore& store,
                     const Clock& clock, std::function<double()> random, AnnouncerPosts posts,
                     std::function<void(const std::string&, Timestamp)> on_announced, Muter muter,
                     Board& board, const Logger& log, MetricRegistry& metrics)
    : options_(options),
      store_(store),
      clock_(clock),
      posts_(std::move(posts)),
      on_announced_(std::move(on_announced)),
      muter_(std::move(muter)),
      board_(board),
      log_(log),
      metrics_(metrics),
      timers_(clock),
      receivers_(std::move(receivers)),
      outbox_(options.outbox, *this, timers_, clock, std::move(random), posts_.attempt_ended,
              log.Named("outbox"), metrics) {}

// ---- start

Status Announcer::Restore(Timestamp now) {
  if (Status status = RestoreAnnouncements(); !status) return status;
  if (Status status = RestoreOutbox(now); !status) return status;
  outbox_.ApplyReceivers(receivers_);
  for (const auto& [id, episode] : episodes_) board_.PutEpisode(id, episode.View());
  timers_.At(now + kPruneInterval, [this] { Prune(); });
  return {};
}

Status Announcer::RestoreAnnouncements() {
  const Result<std::vector<StateStore::Row>> rows = store_.Scan(StateTable::kAnnouncements);
  if (!rows) return Error{"reading the stored announcements: " + rows.message()};
  for (const auto& [key, value] : *rows) {
    if (StartsWith(key, CooldownClocks::kKeyPrefix)) {
      if (cooldowns_.Restore(key, value)) continue;
      log_.Error("a stored cooldown cannot be read and is left as it is", {{"key", key}});
      continue;
    }
    Result<Episode> episode = ParseEpisode(key, value);
    if (!episode) {
      log_.Error("a stored announcement cannot be read and is left as it is",
                 {{"key", key}, {"err", episode.message()}});
      continue;
    }
    if (episode->closed_at) closed_.emplace(*episode->closed_at, episode->id);
    const std::string id = episode->id;
    episodes_.emplace(id, *std::move(episode));
  }
  return {};
}

Status Announcer::RestoreOutbox(Timestamp now) {
  const Result<std::vector<StateStore::Row>> rows = store_.Scan(StateTable::kOutbox);
  if (!rows) return Error{"reading the outbox: " + rows.message()};
  for (const auto& [key, value] : *rows) {
    Result<OutboxRow> row = ParseRow(value);
    if (!row) {
      log_.Error("a row of the outbox cannot be read and is left as it is",
                 {{"key", key}, {"err", row.message()}});
      continue;
    }
    // Written in one batch with its episode; it stands alone only if that could not be read.
    Episode& episode = episodes_[row->alert->id];
    if (episode.id.empty()) {
      episode.id = row->alert->id;
      episode.fingerprint = row->alert->fingerprint;
      episode.announced_at = row->made_at;
      episode.committed = true;
    }
    episode.flushes = std::max(episode.flushes, row->flush_number);
    episode.receipts[row->integration];
    outbox_.Restore(*std::move(row), now);
  }
  return {};
}

void Announcer::EngineRestored() {
  for (auto& [id, episode] : episodes_) {
    if (episode.alert != nullptr || episode.closed_at) continue;
    episode.vanished = true;
    for (const auto& [integration, receipt] : episode.receipts) {
      outbox_.Withdraw(SlotFor(episode, integration), id);
    }
    log_.Warn("an announced alert is unknown to the rules; it is forgotten", {{"alert", id}});
    MarkChanged(episode);
  }
}

// ---- what comes in

void Announcer::Offer(std::span<const AlertPtr> alerts, std::chrono::nanoseconds accepted,
                      Timestamp now) {
  accepted_ = accepted;
  for (const AlertPtr& alert : alerts) {
    if (alert->active()) {
      OnActive(alert, now);
    } else if (alert->state == AlertState::kResolved) {
      OnResolved(alert, now);
    }
  }
}

void Announcer::OnActive(const AlertPtr& alert, Timestamp now) {
  Episode& episode = episodes_[alert->id];
  if (episode.id.empty()) {
    episode.id = alert->id;
    episode.fingerprint = alert->fingerprint;
  }
  episode.alert = alert;
  active_[alert->fingerprint] = alert->id;
  const bool acknowledged = alert->state == AlertState::kAcknowledged;
  const bool was_acknowledged = std::exchange(episode.acknowledged, acknowledged);
  if (episode.flushes == 0) return Consider(episode, now);
  if (was_acknowledged != acknowledged) MarkChanged(episode);
  // The acknowledgement has ended: whoever was told then is told again.
  if (!acknowledged && (was_acknowledged || Stranded(episode)) && !HeldByMuter(episode, now)) {
    Announce(episode, now);
  }
}

void Announcer::OnResolved(const AlertPtr& alert, Timestamp now) {
  Episode* const episode = Find(alert->id);
  if (episode == nullptr || episode->closed_at) return;  // was never announced, or is done with
  if (const auto active = active_.find(alert->fingerprint);
      active != active_.end() && active->second == alert->id) {
    active_.erase(active);
  }
  episode->alert = alert;
  if (episode->flushes == 0) {
    episodes_.erase(alert->id);
    return;
  }
  if (!episode->committed) {
    // Nothing has left yet, and nothing will: this announcement has not been.
    episode->announced_at.reset();
    cooldowns_.Cancel(episode->fingerprint);
  }
  for (auto& [integration, receipt] : episode->receipts) {
    Settle(*episode, integration, receipt, now);
  }
  MarkChanged(*episode);
}

void Announcer::ApplyReceivers(ReceiverSet receivers, Timestamp now) {
  receivers_ = std::move(receivers);
  receivers_changed_ = true;
  outbox_.ApplyReceivers(receivers_);
  accepted_ = clock_.Monotonic();
  for (const auto& [fingerprint, id] : active_) {
    Episode& episode = episodes_.at(id);
    if (episode.flushes == 0) {
      Consider(episode, now);
    } else if (Stranded(episode) && !episode.acknowledged && !HeldByMuter(episode, now)) {
      Announce(episode, now);
    }
  }
}

void Announcer::OnAttemptEnded(std::uint64_t attempt, Outcome outcome, Timestamp now) {
  accepted_ = clock_.Monotonic();
  receivers_changed_ = true;
  outbox_.OnAttemptEnded(attempt, std::move(outcome), now);
}

// ---- announcing

// The stages, in their order. A later stage is not asked what an earlier one has held back.
void Announcer::Consider(Episode& episode, Timestamp now) {
  if (episode.acknowledged) return Suppress(episode, Episode::Suppressed::kAcknowledged);
  if (HeldByMuter(episode, now)) return Suppress(episode, Episode::Suppressed::kMuted);
  if (const auto until = cooldowns_.RunsUntil(episode.fingerprint, now)) {
    Suppress(episode, Episode::Suppressed::kCooldown);
    return Hold(episode, *until);
  }
  episode.suppressed = Episode::Suppressed::kNo;
  Announce(episode, now);
}

void Announcer::Suppress(Episode& episode, Episode::Suppressed why) {
  if (std::exchange(episode.suppressed, why) == why) return;
  switch (why) {
    case Episode::Suppressed::kCooldown:
      return metrics_.held_by_cooldown.Increment();
    case Episode::Suppressed::kAcknowledged:
      return metrics_.held_by_acknowledgement.Increment();
    case Episode::Suppressed::kMuted:
      return metrics_.held_by_muter.Increment();
    case Episode::Suppressed::kNo:
      return;
  }
}

bool Announcer::HeldByMuter(Episode& episode, Timestamp now) {
  if (!muter_ || !muter_(episode.alert->labels, now)) return false;
  if (muted_.empty()) timers_.At(now + kMutedRecheck, [this] { RecheckMuted(); });
  muted_.insert(episode.id);
  return true;
}

void Announcer::RecheckMuted() {
  accepted_ = clock_.Monotonic();
  const Timestamp now = clock_.Now();
  for (const std::string& id : std::exchange(muted_, {})) {
    Episode* const episode = Find(id);
    if (episode == nullptr || episode->over() || episode->acknowledged) continue;
    if (episode->flushes == 0) {
      Consider(*episode, now);
    } else if (!HeldByMuter(*episode, now)) {
      Announce(*episode, now);
    }
  }
}

void Announcer::Hold(const Episode& episode, Timestamp until) {
  const std::uint64_t fingerprint = episode.fingerprint;
  if (!held_.insert(fingerprint).second) return;
  timers_.At(until, [this, fingerprint] { OnCooldownEnd(fingerprint); });
}

void Announcer::OnCooldownEnd(std::uint64_t fingerprint) {
  held_.erase(fingerprint);
  const auto active = active_.find(fingerprint);
  if (active == active_.end()) return;
  Episode& episode = episodes_.at(active->second);
  if (episode.flushes > 0) return;
  accepted_ = clock_.Monotonic();
  Consider(episode, clock_.Now());
}

std::vector<IntegrationPtr> Announcer::IntegrationsOf(const std::vector<std::string>& receivers) {
  std::vector<IntegrationPtr> integrations;
  for (const std::string& name : receivers) {
    const std::vector<IntegrationPtr> found = receivers_.Of(name);
    if (found.empty()) metrics_.unknown_receiver.Increment();
    integrations.insert(integrations.end(), found.begin(), found.end());
  }
  return integrations;
}

bool Announcer::Stranded(const Episode& episode) const {
  return std::none_of(episode.receipts.begin(), episode.receipts.end(), [this](const auto& one) {
    const auto& [integration, receipt] = one;
    return receipt.arrived || receivers_.Find(integration) != nullptr;
  });
}

void Announcer::Announce(Episode& episode, Timestamp now) {
  const ThresholdRule& rule = *episode.alert->rule;
  const ReceiverSet::Named named = receivers_.NamedBy(rule);
  const std::vector<IntegrationPtr> integrations = IntegrationsOf(named.receivers);
  if (integrations.empty()) {
    if (named.elsewhere) return;
    if (std::exchange(episode.without_receiver, true)) return;
    log_.Warn("alert announced to nobody: none of its receivers is configured",
              {{"rule", rule.name},
               {"alert", episode.id},
               {"receivers", fmt::format("{}", fmt::join(rule.notification_channels, ", "))}});
    return;
  }
  const std::uint32_t flush = ++episode.flushes;
  const auto alert_json = std::make_shared<const std::string>(SerializeAlert(*episode.alert));
  for (const IntegrationPtr& integration : integrations) {
    Receipt& receipt = episode.receipts[integration->id];
    AddRow(episode, NotificationStatus::kFiring, integration->id, flush, alert_json, now);
    receipt.last = Receipt::Last::kPending;  // after OnDropped has told of the row it replaces
  }
  if (!episode.announced_at) {
    episode.announced_at = now;
    announced_.push_back(episode.id);
    if (rule.cooldown > Duration(0)) cooldowns_.Start(episode.fingerprint, now + rule.cooldown);
  }
  MarkChanged(episode);
}

void Announcer::AddRow(const Episode& episode, NotificationStatus status,
                       const std::string& integration, std::uint32_t flush,
                       std::shared_ptr<const std::string> alert_json, Timestamp now) {
  OutboxRow row;
  row.integration = integration;
  row.status = status;
  row.flush_number = flush;
  row.made_at = now;
  row.alert = episode.alert;
  outbox_.Add(std::move(row), std::move(alert_json), accepted_);
}

void Announcer::Settle(Episode& episode, const std::string& integration, Receipt& receipt,
                       Timestamp now) {
  const SlotKey slot = SlotFor(episode, integration);
  if (outbox_.Unsettled(slot, episode.id)) return;  // OnAttempt comes back here
  outbox_.Withdraw(slot, episode.id);
  if (!receipt.arrived || receipt.resolve_made) return;
  receipt.resolve_made = true;
  const IntegrationPtr target = receivers_.Find(integration);
  if (target == nullptr || !target->send_resolved) return;
  if (episode.resolve_flush == 0) episode.resolve_flush = ++episode.flushes;
  AddRow(episode, NotificationStatus::kResolved, integration, episode.resolve_flush,
         std::make_shared<const std::string>(SerializeAlert(*episode.alert)), now);
  receipt.last = Receipt::Last::kPending;
}

// ---- what became of it

void Announcer::OnAttempt(const OutboxRow& row, const Outcome& outcome, Timestamp now) {
  const bool delivered = outcome.kind == Outcome::Kind::kDelivered;
  if (delivered) board_.CountDelivered(now);
  Episode* const episode = Find(row.alert->id);
  // Pruned while this attempt, of a dead letter, was under way.
  if (episode == nullptr) return outbox_.Forget(SlotOf(row), row.alert->id);
  Receipt& receipt = episode->receipts[row.integration];
  ++receipt.attempts;
  receipt.last_error = outcome.reason;
  switch (outcome.kind) {
    case Outcome::Kind::kDelivered:
      receipt.last = Receipt::Last::kDelivered;
      break;
    case Outcome::Kind::kRetry:
      receipt.last = Receipt::Last::kRetrying;
      break;
    case Outcome::Kind::kGiveUp:
      receipt.last = Receipt::Last::kFailed;
      break;
  }
  if (delivered) {
    episode->confirmed.insert(row.flush_number);
    episode->last_notification_at = now;
  }
  if (row.status == NotificationStatus::kFiring) {
    receipt.arrived = receipt.arrived || delivered || outcome.may_have_arrived;
  }
  if (episode->resolved()) Settle(*episode, row.integration, receipt, now);
  if (episode->vanished) outbox_.Withdraw(SlotOf(row), episode->id);
  MarkChanged(*episode);
}

void Announcer::OnDropped(const OutboxRow& row, Outbox::Dropped why) {
  Episode* const episode = Find(row.alert->id);
  if (episode == nullptr) return;
  Receipt& receipt = episode->receipts[row.integration];
  if (why == Outbox::Dropped::kReceiverRemoved) {
    receipt.last = Receipt::Last::kFailed;
    receipt.last_error = "the receiver is no longer configured";
  } else if (!row.dead) {
    receipt.last = Receipt::Last::kSuperseded;
  }
  MarkChanged(*episode);
}

void Announcer::OnCommitted(std::uint64_t ticket, bool durable, Timestamp now) {
  if (!durable) metrics_.not_durable.Increment();
  auto announced = commits_.extract(ticket);
  CHECK(!announced.empty());
  for (const std::string& id : announced.mapped()) {
    Episode* const episode = Find(id);
    if (episode == nullptr) continue;
    episode->committed = true;
    if (!episode->announced_at) continue;  // was over before anything had left
    cooldowns_.Move(episode->fingerprint, now + episode->alert->rule->cooldown);
    if (on_announced_) on_announced_(id, now);
  }
  outbox_.OnCommitted(ticket);
}

// ---- keeping

Episode* Announcer::Find(const std::string& id) {
  const auto found = episodes_.find(id);
  return found == episodes_.end() ? nullptr : &found->second;
}

void Announcer::CloseIfDone(Episode& episode, Timestamp now) {
  if (!episode.over() || episode.closed_at) return;
  for (const auto& [integration, receipt] : episode.receipts) {
    if (outbox_.HasPending(SlotFor(episode, integration), episode.id)) return;
  }
  episode.closed_at = now;
  closed_.emplace(now, episode.id);
}

void Announcer::Remove(const std::string& id) {
  const Episode& episode = episodes_.at(id);
  for (const auto& [integration, receipt] : episode.receipts) {
    outbox_.Forget(SlotFor(episode, integration), id);
  }
  closed_.erase({*episode.closed_at, id});
  changed_.insert(id);
  episodes_.erase(id);
}

void Announcer::Prune() {
  const Timestamp now = clock_.Now();
  while (!closed_.empty() && closed_.begin()->first + options_.keep_closed <= now) {
    Remove(std::string(closed_.begin()->second));
  }
  cooldowns_.Prune(now);
  timers_.At(now + kPruneInterval, [this] { Prune(); });
}

void Announcer::Flush(Timestamp now) {
  for (const std::string& id : changed_) {
    if (Episode* const episode = Find(id)) CloseIfDone(*episode, now);
  }
  while (closed_.size() > options_.max_closed) Remove(std::string(closed_.begin()->second));

  WriteBatch batch;
  for (const std::string& id : std::exchange(changed_, {})) {
    if (const Episode* const episode = Find(id)) {
      batch.Put(StateTable::kAnnouncements, EpisodeKey(id), SerializeEpisode(*episode));
      board_.PutEpisode(id, episode->View());
    } else {
      batch.Delete(StateTable::kAnnouncements, EpisodeKey(id));
      board_.RemoveEpisode(id);
    }
  }
  cooldowns_.Flush(&batch);
  const std::uint64_t ticket = ++last_ticket_;
  outbox_.Flush(ticket, &batch);
  board_.PutOutbox(outbox_.counts());
  if (std::exchange(receivers_changed_, false)) {
    board_.PutReceivers(outbox_.ReceiverViews(receivers_));
  }
  if (batch.empty()) return;
  commits_.emplace(ticket, std::exchange(announced_, {}));
  store_.Submit(std::move(batch), [post = posts_.committed, ticket](const Status& status) {
    post(ticket, status.ok());
  });
}

}  // namespace tocsin::receivers
