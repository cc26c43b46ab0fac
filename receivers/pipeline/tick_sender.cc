#include "receivers/pipeline/tick_sender.h"

#include <algorithm>
#include <set>
#include <utility>

namespace tocsin::receivers {
namespace {

// https://github.com/prometheus/alertmanager/blob/main/notify/notify.go (RetryStage)
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

}  // namespace

TickSender::TickSender(Listener& listener, TimerQueue& timers, const Clock& clock,
                       std::function<double()> random, PostAttempt post, std::size_t max_in_flight,
                       const Logger& log)
    : listener_(listener),
      timers_(timers),
      clock_(clock),
      random_(std::move(random)),
      post_(std::move(post)),
      max_in_flight_(max_in_flight),
      log_(log) {}

void TickSender::Send(Message message, const GroupIntegrationPtr& integration, Timestamp tick) {
  auto item = std::make_unique<Item>();
  item->lane = &lanes_[message.key.lane];
  item->integration = integration;
  item->deadline = tick + message.time_limit;
  item->message = std::move(message);
  const std::uint64_t id = ++last_id_;
  items_.emplace(id, std::move(item));
  Attempt(id);
}

void TickSender::Apply(const PipelineGraph& /*graph*/) {
  std::set<const GroupIntegration*> busy;
  for (const auto& [id, item] : items_) {
    if (item->under_way) busy.insert(item->integration.get());
  }
  for (const GroupIntegration* integration : busy) integration->channel->Cancel();
  std::erase_if(items_, [this](const auto& entry) {
    if (entry.second->under_way) return false;
    timers_.Cancel(entry.second->timer);
    return true;
  });
}

void TickSender::Stop() {
  stopped_ = true;
  for (const auto& [id, item] : items_) timers_.Cancel(item->timer);
}

void TickSender::Attempt(std::uint64_t id) {
  const auto found = items_.find(id);
  if (found == items_.end() || stopped_) return;
  Item& item = *found->second;
  if (item.lane->in_flight < max_in_flight_) return Begin(id, item);
  item.lane->line.push_back(id);
}

void TickSender::Begin(std::uint64_t id, Item& item) {
  item.attempt_began = clock_.Now();
  item.under_way = true;
  ++item.attempts;
  ++item.lane->in_flight;
  item.integration->channel->Deliver(
      item.message.notification, item.deadline - item.attempt_began,
      [post = post_, id](Outcome outcome) { post(id, std::move(outcome)); });
}

void TickSender::Advance(Lane& lane) {
  while (lane.in_flight < max_in_flight_ && !lane.line.empty() && !stopped_) {
    const std::uint64_t id = lane.line.front();
    lane.line.pop_front();
    const auto found = items_.find(id);
    if (found == items_.end()) continue;  // a reload has ended it
    const Timestamp now = clock_.Now();
    if (now < found->second->deadline) {
      Begin(id, *found->second);
      continue;
    }
    const Outcome late = Outcome::Retry(
        Failure::kTimeout,
        "its turn did not come before the flush's deadline, behind others to the same receiver");
    if (!Retry(id, *found->second, late, now)) End(id, std::nullopt, late, now);
  }
}

void TickSender::OnAttemptEnded(std::uint64_t attempt, Outcome outcome, Timestamp now) {
  const auto found = items_.find(attempt);
  if (found == items_.end()) return;
  Item& item = *found->second;
  Lane& lane = *item.lane;
  const Duration latency = now - item.attempt_began;
  item.under_way = false;
  --lane.in_flight;
  if (outcome.kind != Outcome::Kind::kDelivered && Retry(attempt, item, outcome, now)) {
    listener_.OnAttempt(item.message, *item.integration, latency, outcome, /*over=*/false, now);
  } else {
    End(attempt, latency, outcome, now);
  }
  Advance(lane);
}

bool TickSender::Retry(std::uint64_t id, Item& item, const Outcome& outcome, Timestamp now) {
  const Duration wait = RetryWait(item.attempts, random_());
  const bool retry = outcome.kind == Outcome::Kind::kRetry && now + wait < item.deadline;
  if (!retry || !listener_.Wanted(item.message)) return false;
  if (item.attempts == 1) {
    log_.Warn("notification failed, will retry", {{"receiver", item.integration->receiver},
                                                  {"integration", item.integration->id},
                                                  {"err", outcome.reason}});
  }
  item.timer = timers_.At(now + wait, [this, id] { Attempt(id); });
  return true;
}

void TickSender::End(std::uint64_t id, std::optional<Duration> latency, const Outcome& outcome,
                     Timestamp now) {
  const auto item = items_.extract(id);
  const Item& ended = *item.mapped();
  if (outcome.failure == Failure::kCancelled) {
    log_.Info("a reload has ended an attempt; what it was about is told anew",
              {{"receiver", ended.integration->receiver}, {"integration", ended.integration->id}});
  } else if (outcome.kind != Outcome::Kind::kDelivered) {
    const bool again = outcome.kind == Outcome::Kind::kRetry;
    log_.Error("notification failed",
               {{"receiver", ended.integration->receiver},
                {"integration", ended.integration->id},
                {"group_key", ended.message.notification.group_key},
                {"attempts", std::to_string(ended.attempts)},
                {"err", outcome.reason},
                {"advice", again ? "tried again at the group's next tick" : outcome.advice}});
  }
  listener_.OnAttempt(ended.message, *ended.integration, latency, outcome, /*over=*/true, now);
}

}  // namespace tocsin::receivers
