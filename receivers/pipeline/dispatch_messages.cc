// Who is told what of a flush, and what became of it.
#include <algorithm>
#include <iterator>

#include "base/group_key.h"
#include "receivers/pipeline/dispatch.h"
#include "receivers/pipeline/dispatch_group.h"

namespace tocsin::receivers {
namespace {

// https://github.com/prometheus/alertmanager/blob/main/notify/notify.go (MinTimeout)
constexpr Duration kShortestDeadline = std::chrono::seconds(10);

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

}  // namespace

// ---- messages

Dispatch::Tellable Dispatch::TellableTo(const Batch& batch, const LogEntry* told) const {
  const bool tells_ends = graph_->native_targets.send_resolved_when_muted;
  Tellable tellable;
  for (const FrozenAlert& frozen : batch) {
    const std::uint64_t hash = frozen.alert->hash;
    const bool was_told = told != nullptr && Contains(told->firing, hash);
    const bool is_due = told != nullptr && Contains(told->due_again, hash);
    // The end of an episode is for whoever was told of it, also beside others of its group.
    if (frozen.resolved && frozen.alert->native != nullptr && !was_told && !is_due) continue;
    if (!frozen.muted || (frozen.resolved && (was_told || is_due) && tells_ends)) {
      tellable.batch.push_back(frozen);
    } else if (frozen.resolved) {
      if (was_told || is_due) tellable.swallowed.push_back(hash);
    } else if (was_told) {
      tellable.known.push_back(hash);
    } else if (is_due) {
      tellable.due_again.push_back(hash);
    }
  }
  Sort(&tellable.known);
  Sort(&tellable.due_again);
  Sort(&tellable.swallowed);
  return tellable;
}

void Dispatch::Swallow(const AlertHashes& ended, const std::string& log_key, Timestamp now) {
  const LogEntry* const told = log_entries_.Find(log_key, now);
  LogEntry entry = *told;
  entry.firing = Difference(entry.firing, ended);
  entry.due_again = Difference(entry.due_again, ended);
  log_entries_.Put(log_key, std::move(entry));
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
  if (durable()) RemindOfAcknowledged(group, message.key.log_key, tick);
  const LogEntry* told = log_entries_.Find(message.key.log_key, tick);
  Tellable tellable = TellableTo(batch, told);
  if (durable() && !tellable.swallowed.empty()) {
    Swallow(tellable.swallowed, message.key.log_key, tick);
    told = log_entries_.Find(message.key.log_key, tick);
  }
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
  if (held.message != nullptr && held.message->SaysTheSame(message)) return false;
  message.notification.reason = reason;
  if (told != nullptr) message.notification.remembered = told->data;
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

void Dispatch::TellOfAcknowledged(Group& group, Timestamp now) {
  for (const GroupIntegrationPtr& integration : graph_->IntegrationsOf(group.route())) {
    if (integration->hears_acknowledgements) TellOfAcknowledged(group, integration, now);
  }
}

void Dispatch::TellOfAcknowledged(Group& group, const GroupIntegrationPtr& integration,
                                  Timestamp now) {
  Message message;
  message.key = AcknowledgementKeyOf(KeyOf(group, *integration));
  message.group = group.id;
  const Sender::Held held = sender_->Find(message.key);
  if (held.message != nullptr) held.message->group = group.id;
  if (held.standing == Sender::Standing::kOpen) return;  // its end leads here again
  message.firing = AcknowledgedAndTold(group, *integration, now);
  const LogEntry* const told = log_entries_.Find(message.key.log_key, now);
  if (message.firing.empty()) {
    sender_->Withdraw(message.key);
    if (told != nullptr) log_entries_.Forget(message.key.log_key);
    return;
  }
  const AlertHashes news =
      told == nullptr ? message.firing : Difference(message.firing, told->firing);
  message.repeat_interval = options_.retention;
  message.notification.flush_number = told == nullptr ? 0 : told->flush_number;
  if (news.empty()) {
    sender_->Withdraw(message.key);
    // Whoever is acknowledged, told again as firing and acknowledged once more is news again.
    if (told->firing != message.firing) WriteLog(message, now);
    return;
  }
  if (held.message != nullptr && held.message->SaysTheSame(message)) return;
  message.notification.reason = NotificationReason::kAcknowledged;
  BeginMessage(group, *integration, AcknowledgedBatch(group, news, now), &message);
  message.notification.dedup_key += "/acknowledged";
  metrics_.CountNotification(*integration);
  sender_->Send(std::move(message), integration, now);
}

AlertHashes Dispatch::AcknowledgedAndTold(Group& group, const GroupIntegration& integration,
                                          Timestamp now) const {
  AlertHashes hashes;
  const LogEntry* const told = log_entries_.Find(KeyOf(group, integration).log_key, now);
  if (told == nullptr) return hashes;
  for (const auto& [hash, why] : group.held) {
    const auto alert = group.alerts.find(hash);
    if (why != HeldBy::kAcknowledgement || alert == group.alerts.end()) continue;
    if (alert->second->ResolvedAt(now)) continue;
    if (Contains(told->firing, hash) || Contains(told->due_again, hash)) hashes.push_back(hash);
  }
  Sort(&hashes);
  return hashes;
}

Dispatch::Batch Dispatch::AcknowledgedBatch(const Group& group, const AlertHashes& hashes,
                                            Timestamp now) const {
  Batch batch = FreezeAlerts(group, now);
  std::erase_if(batch, [&hashes](const FrozenAlert& frozen) {
    return !Contains(hashes, frozen.alert->hash);
  });
  for (FrozenAlert& frozen : batch) {
    frozen.acknowledged =
        std::make_shared<const AlertAcknowledgement>(WhoDealsWith(*frozen.alert, now));
  }
  return batch;
}

AlertAcknowledgement Dispatch::WhoDealsWith(const PostedAlert& alert, Timestamp now) const {
  if (alert.native != nullptr)
    return {alert.native->acknowledged_by, alert.native->acknowledge_note};
  if (acknowledgements_ == nullptr) return {};
  const PostedAcknowledgementPtr known = acknowledgements_->Of(alert, now);
  return known == nullptr ? AlertAcknowledgement()
                          : AlertAcknowledgement{known->actor, known->note};
}

MessageKey Dispatch::AcknowledgementKeyOf(const MessageKey& key) {
  // In front: the keys of episodes are found by how they end.
  return {key.lane, "acknowledged " + key.thread, "acknowledged " + key.log_key};
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

void Dispatch::RemindOfAcknowledged(const Group& group, const std::string& log_key, Timestamp now) {
  const LogEntry* const told = log_entries_.Find(log_key, now);
  if (told == nullptr) return;
  AlertHashes acknowledged;
  for (const auto& [hash, why] : group.held) {
    const bool is_told = Contains(told->firing, hash);
    if (why == HeldBy::kAcknowledgement && is_told) acknowledged.push_back(hash);
  }
  if (acknowledged.empty()) return;
  Sort(&acknowledged);
  LogEntry entry = *told;
  entry.firing = Difference(entry.firing, acknowledged);
  entry.due_again = Union(entry.due_again, acknowledged);
  log_entries_.Put(log_key, std::move(entry));
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
    if (delivered) WriteLog(message, now, outcome.remember);
    if (over) EndSend(message.group, delivered, now);
    return;
  }
  if (message.is_acknowledgement()) {
    if (delivered && !message.key.log_key.empty()) WriteLog(message, now);
    if (Group* const group = Find(message.group)) return TellOfAcknowledged(*group, now);
    sender_->Withdraw(message.key);  // the alert is over; should it be there after all, it is told
    return;
  }
  book_->OnAttempt(message, outcome, now);
  if (message.key.log_key.empty()) return;  // a dead letter that a person has sent again
  if (delivered) {
    WriteLog(message, now, outcome.remember);
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
  if (message.is_acknowledgement()) return;
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

void Dispatch::WriteLog(const Message& message, Timestamp now,
                        const std::map<std::string, std::string>& remember) {
  const LogEntry* const told = log_entries_.Find(message.key.log_key, now);
  LogEntry entry;
  entry.data = !remember.empty() || told == nullptr ? remember : told->data;
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
      TickWhenHoldEnds(*group);
    }
  }
  if (Group* const group = Find(message.group)) {
    RemindOfAcknowledged(*group, message.key.log_key, now);  // what it was told meanwhile, too
    TellOfAcknowledged(*group, now);
    return ForgetTold(*group, now);
  }
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
    if (!integration->send_resolved) continue;
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

}  // namespace tocsin::receivers
