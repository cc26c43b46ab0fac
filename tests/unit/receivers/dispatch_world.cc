#include "tests/unit/receivers/dispatch_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "receivers/alerts/alert_store.h"
#include "receivers/pipeline/tick_sender.h"
#include "tests/support/memory_state_store.h"

namespace tocsin::receivers {

WireConfig::WireConfig() {
  settings.route.receiver = "ops";
  settings.route.group_wait = Duration(0);
}

class DispatchWorld::WireChannel final : public GroupChannel {
 public:
  WireChannel(DispatchWorld& world, std::string integration)
      : world_(world), integration_(std::move(integration)) {}
  void Deliver(const GroupNotification& notification, Duration timeout,
               Channel::Done done) override {
    world_.OnAttempt({integration_, world_.clock.Now(), timeout, notification, std::move(done)});
  }

  void Cancel() override { world_.cancelled.push_back(integration_); }

 private:
  DispatchWorld& world_;
  const std::string integration_;
};

struct DispatchWorld::Process {
  explicit Process(DispatchWorld& world)
      : timers(world.clock),
        alerts(registry),
        silences({}, *world.store_, [&world] { return fmt::format("s{}", ++world.ids_); }),
        dispatch(world.options_.dispatch, silences, log_entries, timers, world.clock,
                 Logger(world.log, "dispatch"), registry),
        book({}, board, Logger(world.log, "dispatch")) {
    const auto next_random = [&world] { return world.random; };
    const auto post = [&world](std::uint64_t attempt, Outcome outcome) {
      world.queue_.push_back([attempt, outcome = std::move(outcome)](Process& p, Timestamp now) {
        p.sender().OnAttemptEnded(attempt, outcome, now);
      });
    };
    const Logger sender_log(world.log, "sender");
    if (world.options_.durable) {
      const auto changed = [this, &world](std::uint64_t fingerprint) {
        dispatch.OnAcknowledgementChanged(*alerts.Find(fingerprint), world.clock.Now());
      };
      acknowledgements.emplace(*world.store_, changed, Logger(world.log, "dispatch"));
      dispatch.Heed(*acknowledgements);
      outbox.emplace(OutboxOptions(), dispatch, timers, world.clock, next_random, post, sender_log,
                     registry);
      dispatch.SendThrough(*outbox, &book);
    } else {
      tick_sender.emplace(dispatch, timers, world.clock, next_random, post,
                          world.options_.max_in_flight, sender_log);
      dispatch.SendThrough(*tick_sender, nullptr);
    }
  }
  Sender& sender() {
    if (outbox) return *outbox;
    return *tick_sender;
  }

  MetricRegistry registry;
  Board board;
  TimerQueue timers;
  AlertStore alerts;
  NotificationLog log_entries;
  Silences silences;
  Dispatch dispatch;
  DeliveryBook book;
  std::optional<PostedAcknowledgements> acknowledgements;  // durable
  std::optional<Outbox> outbox;
  std::optional<TickSender> tick_sender;
  std::uint64_t ticket = 0;
};

DispatchWorld::DispatchWorld(WireConfig config, DispatchWorldOptions options)
    : config_(std::move(config)),
      options_(std::move(options)),
      store_(std::make_unique<testing::MemoryStateStore>()) {
  Start();
}

DispatchWorld::~DispatchWorld() = default;

// ---- what happens to it

void DispatchWorld::Post(std::vector<PostedAlert> alerts) {
  process_->dispatch.Accept(process_->alerts.Put(std::move(alerts)), clock.Monotonic(),
                            clock.Now());
  Pump();
}

PostedAlert DispatchWorld::Firing(const Labels& labels) const {
  const Timestamp now = clock.Now();
  return testing::Posted(labels, now, now + std::chrono::hours(1000), now);
}

PostedAlert DispatchWorld::Over(const Labels& labels) const {
  const Timestamp now = clock.Now();
  const PostedAlertPtr known = process_->alerts.Find(labels.view().Fingerprint());
  return testing::Posted(labels, known == nullptr ? now : known->starts_at, now, now);
}

void DispatchWorld::Fire(const std::string& alertname) {
  Post({Firing(testing::Named(alertname))});
}

void DispatchWorld::Resolve(const std::string& alertname) {
  Post({Over(testing::Named(alertname))});
}

void DispatchWorld::Advance(Duration by) {
  const Timestamp end = clock.Now() + by;
  for (auto next = process_->timers.next_deadline(); next && *next <= end;
       next = process_->timers.next_deadline()) {
    clock.Set(std::max(*next, clock.Now()));
    Pump();
  }
  clock.Set(end);
  Pump();
}

void DispatchWorld::AdvanceTo(Duration since_start) {
  Advance(started_ + since_start - clock.Now());
}

void DispatchWorld::AnswerWith(std::optional<Outcome> outcome) { answer_ = std::move(outcome); }

void DispatchWorld::AnswerWith(const std::string& integration, const Outcome& outcome) {
  answers_.insert_or_assign(integration, outcome);
}

void DispatchWorld::Answer(std::size_t i, Outcome outcome) {
  std::exchange(attempts.at(i).done, nullptr)(std::move(outcome));
  Pump();
}

std::string DispatchWorld::Silence(std::string_view matchers) {
  receivers::Silence silence;
  silence.matchers = Matchers(matchers);
  silence.starts_at = clock.Now();
  silence.ends_at = clock.Now() + std::chrono::hours(1000);
  std::string id;
  EXPECT_FALSE(process_->silences.Set(silence, clock.Now(), &id, nullptr));
  return id;
}

void DispatchWorld::Unsilence(const std::string& id) {
  EXPECT_TRUE(process_->silences.Expire(id, clock.Now(), nullptr));
}

void DispatchWorld::Acknowledge(const std::string& alertname, const AcknowledgeCommand& command) {
  process_->acknowledgements->Acknowledge(*Known(alertname), command, clock.Now(), nullptr);
  Pump();
}

void DispatchWorld::EndAcknowledgement(const std::string& alertname) {
  const PostedAcknowledgementPtr known =
      process_->acknowledgements->Of(*Known(alertname), clock.Now());
  ASSERT_NE(known, nullptr);
  EXPECT_TRUE(process_->acknowledgements->End(known->id, "anna", clock.Now(), nullptr));
  Pump();
}

void DispatchWorld::Reload(WireConfig config) {
  config_ = std::move(config);
  process_->dispatch.Apply(Graph(), process_->alerts.All(), clock.Now());
  Pump();
}

void DispatchWorld::Restart() {
  process_.reset();
  queue_.clear();
  store_ = std::make_unique<testing::MemoryStateStore>(true, store_->tables());
  Start();
}

void DispatchWorld::EngineRestored() {
  process_->dispatch.EngineRestored(clock.Now());
  Pump();
}

void DispatchWorld::Stop() { process_->dispatch.Stop(); }

Outbox::Resent DispatchWorld::Resend(std::uint64_t dead_letter) {
  const Outbox::Resent resent = process_->outbox->Resend(dead_letter);
  Pump();
  return resent;
}

void DispatchWorld::Prune() {
  process_->outbox->Prune(clock.Now());
  Pump();
}

OutboxCounts DispatchWorld::outbox() const { return process_->outbox->counts(); }

std::vector<OutboxRow> DispatchWorld::DeadLetters() const {
  return process_->outbox->DeadLetterRows();
}

// ---- what is seen of it

std::vector<std::string> DispatchWorld::told() const {
  std::vector<std::string> told;
  for (const Attempt& attempt : attempts) {
    std::string text =
        fmt::format("{} {}: {}:", FormatDuration(attempt.at - started_), attempt.integration,
                    NotificationReasonText(attempt.notification.reason));
    for (const FrozenAlert& frozen : attempt.notification.alerts) {
      const AlertAcknowledgement* const by = frozen.acknowledged.get();
      text += frozen.resolved ? " -" : by != nullptr ? " =" : " +";
      text += frozen.alert->labels.Get("alertname");
      if (by != nullptr) text += " by " + by->actor;
    }
    told.push_back(std::move(text));
  }
  return told;
}

std::vector<GroupView> DispatchWorld::Views() const { return process_->dispatch.Views(); }

Explanation DispatchWorld::Explain(const PostedAlert& alert) const {
  return process_->dispatch.Explain(alert, clock.Now());
}

std::map<std::string, LogEntry> DispatchWorld::Log() const {
  std::map<std::string, LogEntry> entries;
  testing::MemoryStateStore::Tables tables = store_->tables();
  for (const auto& [key, row] : tables[StateTable::kNotificationLog]) {
    entries.emplace(key, *ParseLogEntry(row));
  }
  return entries;
}

double DispatchWorld::Metric(const std::string& name,
                             const std::map<std::string, std::string>& labels) const {
  return testing::MetricValue(process_->registry, "alertmanager_" + name, labels);
}

const MetricRegistry& DispatchWorld::registry() const { return process_->registry; }

double DispatchWorld::Suppressed(const std::string& reason) const {
  return Metric("notifications_suppressed_total", {{"reason", reason}});
}

double DispatchWorld::Failed() const {
  double failed = 0;
  for (const char* reason : {"other", "clientError", "serverError", "contextCanceled",
                             "contextDeadlineExceeded", "authError", "rateLimited"}) {
    failed += Metric("notifications_failed_total", {{"integration", "wire"}, {"reason", reason}});
  }
  return failed;
}

// ---- how it goes on

void DispatchWorld::Start() {
  process_ = std::make_unique<Process>(*this);
  Process& p = *process_;
  EXPECT_TRUE(p.silences.Restore().ok());
  EXPECT_TRUE(p.log_entries.Restore(*store_, clock.Now()).ok());
  if (p.outbox) {
    EXPECT_TRUE(p.book.Restore(*store_).ok());
    EXPECT_TRUE(p.acknowledgements->Restore().ok());
    const auto in_doubt = [&](const Message& message) {
      p.dispatch.OnInDoubt(message, clock.Now());
    };
    EXPECT_TRUE(p.outbox->Restore(*store_, in_doubt, clock.Now()).ok());
  }
  p.dispatch.Apply(Graph(), {}, clock.Now());
  if (p.outbox) p.outbox->Start();
  Pump();
}

PostedAlertPtr DispatchWorld::Known(const std::string& alertname) const {
  return process_->alerts.Find(testing::Named(alertname).view().Fingerprint());
}

PipelineGraphPtr DispatchWorld::Graph() {
  NativeTargets targets;
  targets.send_resolved_when_muted = config_.send_resolved_when_muted;
  auto graph = std::make_shared<PipelineGraph>(
      std::make_shared<const config::AlertmanagerSettings>(config_.settings), std::move(targets));
  graph->intervals = *TimeIntervals::Make(config_.settings.time_intervals);
  for (const auto& [receiver, integrations] : config_.receivers) {
    for (const WireIntegration& one : integrations) {
      auto made = std::make_shared<GroupIntegration>();
      made->receiver = receiver;
      made->type = "wire";
      made->id = one.id;
      made->send_resolved = one.send_resolved;
      made->hears_acknowledgements = one.hears_acknowledgements;
      made->channel = std::make_unique<WireChannel>(*this, receiver + "/" + one.id);
      graph->receivers[receiver].push_back(std::move(made));
    }
  }
  return graph;
}

void DispatchWorld::OnAttempt(Attempt attempt) {
  const auto of_integration = answers_.find(attempt.integration);
  const std::optional<Outcome> answer =
      of_integration != answers_.end() ? of_integration->second : answer_;
  if (answer && latency_ == Duration(0)) {
    std::exchange(attempt.done, nullptr)(*answer);
  } else if (answer) {
    process_->timers.At(clock.Now() + latency_,
                        [done = std::exchange(attempt.done, nullptr), answer] { done(*answer); });
  }
  attempts.push_back(std::move(attempt));
}

void DispatchWorld::Pump() {
  do {
    while (!queue_.empty()) {
      const Event event = std::move(queue_.front());
      queue_.pop_front();
      event(*process_, clock.Now());
    }
    Flush();
  } while (process_->timers.RunDue() > 0 || !queue_.empty());
}

void DispatchWorld::Flush() {
  Process& p = *process_;
  WriteBatch batch;
  p.log_entries.Flush(&batch);
  if (p.outbox) {
    p.book.Flush(++p.ticket, &batch);
    p.outbox->Flush(p.ticket, &batch);
  }
  if (batch.empty()) return;
  store_->Submit(std::move(batch), nullptr);
  if (!p.outbox) return;
  queue_.push_back([ticket = p.ticket](Process& process, Timestamp now) {
    process.book.OnCommitted(ticket, now);
    process.outbox->OnCommitted(ticket);
  });
}

}  // namespace tocsin::receivers
