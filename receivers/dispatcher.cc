#include "receivers/dispatcher.h"

#include <future>
#include <utility>

namespace tocsin::receivers {

Dispatcher::Durable::Durable(const DispatcherOptions& options, Board& board, Dispatch& dispatch,
                             TimerQueue& timers, StateStore& store,
                             PostedAcknowledgements::Changed acknowledged, const Clock& clock,
                             const std::function<double()>& random, Sender::PostAttempt post,
                             const Logger& log, MetricRegistry& metrics)
    : book(options.book, board, log),
      outbox(options.outbox, dispatch, timers, clock, random, std::move(post), log.Named("outbox"),
             metrics),
      acknowledgements(store, std::move(acknowledged), log),
      not_durable(CounterFamily(metrics, "tocsin_announcement_commit_failures_total",
                                "Batches of announcements that could not be written at once.")
                      .Add({})) {}

Dispatcher::Dispatcher(const DispatcherOptions& options, PipelineGraphPtr graph, AlertStore& alerts,
                       Silences& silences, StateStore& store, const Clock& clock,
                       const std::function<double()>& random, const Logger& log,
                       MetricRegistry& metrics)
    : options_(options),
      alerts_(alerts),
      silences_(silences),
      store_(store),
      clock_(clock),
      inbox_(std::make_shared<DispatchInbox>(options.inbox_capacity)),
      graph_(std::move(graph)),
      timers_(clock),
      log_metrics_(metrics, "alertmanager_nflog"),
      log_entries_(&log_metrics_),
      dispatch_(options.dispatch, silences, log_entries_, timers_, clock, log, metrics) {
  // The inbox outlives this object, and its events are dropped once it is closed.
  const auto post = [this, inbox = inbox_](std::uint64_t attempt, Outcome outcome) {
    inbox->PutEvent([this, attempt, outcome = std::move(outcome)](Timestamp now) {
      receivers_changed_ = true;
      sender().OnAttemptEnded(attempt, outcome, now);
    });
  };
  if (options_.with_outbox) {
    const auto acknowledged = [this, inbox = inbox_](std::uint64_t fingerprint) {
      inbox->PutEvent([this, fingerprint](Timestamp now) {
        const PostedAlertPtr alert = alerts_.Find(fingerprint);
        if (alert != nullptr) dispatch_.OnAcknowledgementChanged(*alert, now);
      });
    };
    durable_.emplace(options_, board_, dispatch_, timers_, store, acknowledged, clock, random, post,
                     log, metrics);
    dispatch_.SendThrough(durable_->outbox, &durable_->book);
    dispatch_.Heed(durable_->acknowledgements);
  } else {
    tick_sender_.emplace(dispatch_, timers_, clock, random, post, options_.max_in_flight, log);
    dispatch_.SendThrough(*tick_sender_, nullptr);
  }
}

Dispatcher::~Dispatcher() { Stop(); }

Sender& Dispatcher::sender() {
  if (durable_) return durable_->outbox;
  return *tick_sender_;
}

// ---- start and end

Status Dispatcher::Restore() {
  const Timestamp now = clock_.Now();
  if (Status status = log_entries_.Restore(store_, now); !status) return status;
  if (!durable_) return {};
  if (Status status = durable_->book.Restore(store_); !status) return status;
  if (Status status = durable_->acknowledgements.Restore(); !status) return status;
  durable_->acknowledgements.Observe(alerts_.All(), now);
  const auto in_doubt = [this, now](const Message& message) {
    if (message.is_acknowledgement()) return;
    dispatch_.OnInDoubt(message, now);
    durable_->book.OnRestored(message, now);
  };
  return durable_->outbox.Restore(store_, in_doubt, now);
}

void Dispatcher::Start() {
  Every(options_.maintenance_interval, &Dispatcher::Maintain);
  Every(options_.alert_gc_interval, &Dispatcher::ForgetEndedAlerts);
  thread_ = std::thread([this] { Run(); });
}

void Dispatcher::Stop(Duration at_most) {
  {
    MutexLock lock(mu_);
    if (!stop_by_) stop_by_ = clock_.Now() + at_most;
  }
  inbox_->Wake();
  if (thread_.joinable()) thread_.join();
  inbox_->Close();
}

void Dispatcher::Run() {
  dispatch_.Apply(graph_.Get(), alerts_.All(), clock_.Now());
  if (durable_) durable_->outbox.Start();
  Flush();
  while (true) {
    auto items = inbox_->Take(timers_.next_deadline());
    if (!items) return;
    Step(*items);
    std::optional<Timestamp> stop_by;
    {
      MutexLock lock(mu_);
      stop_by = stop_by_;
    }
    if (stop_by) return Drain(*stop_by);
  }
}

void Dispatcher::Step(const std::vector<DispatchInbox::Item>& items) {
  const Timestamp now = clock_.Now();
  for (const DispatchInbox::Item& item : items) {
    if (item.event) {
      item.event(now);
    } else {
      dispatch_.Accept(item.alerts, item.accepted, now);
    }
  }
  timers_.RunDue();
  Flush();
}

void Dispatcher::ShowOutbox() {
  board_.PutOutbox(durable_->outbox.counts());
  if (std::exchange(receivers_changed_, false)) {
    board_.PutReceivers(durable_->outbox.ReceiverViews());
  }
}

void Dispatcher::Flush() {
  if (durable_) ShowOutbox();
  // One commit is written, one waits. What changes meanwhile stays as it is, and goes with the next
  // one: as rows it would take several times as much memory.
  if (durable_ && durable_->commits_under_way >= 2) return;
  WriteBatch batch;
  if (!durable_) {
    log_entries_.Flush(&batch);
    if (!batch.empty()) store_.Submit(std::move(batch), nullptr);
    return;
  }
  // Of very many messages the first go ahead: what is found of them after a kill counts as
  // announced.
  if (!durable_->outbox.FlushPart(++last_ticket_, &batch)) {
    log_entries_.Flush(&batch);
    durable_->book.Flush(last_ticket_, &batch);
    durable_->outbox.Flush(last_ticket_, &batch);
  }
  if (batch.empty()) return;
  ++durable_->commits_under_way;
  store_.Submit(std::move(batch),
                [this, inbox = inbox_, ticket = last_ticket_](const Status& status) {
                  inbox->PutEvent([this, ticket, durable = status.ok()](Timestamp /*now*/) {
                    OnCommitted(ticket, durable);
                  });
                });
}

void Dispatcher::OnCommitted(std::uint64_t ticket, bool durable) {
  --durable_->commits_under_way;
  if (!durable) durable_->not_durable.Increment();
  durable_->book.OnCommitted(ticket, clock_.Now());
  durable_->outbox.OnCommitted(ticket);
}

bool Dispatcher::busy() const {
  return durable_ && (durable_->outbox.in_flight() > 0 || durable_->commits_under_way > 0);
}

void Dispatcher::Drain(Timestamp deadline) {
  dispatch_.Stop();
  while (busy() && clock_.Now() < deadline) {
    const auto items = inbox_->Take(deadline);
    if (!items) return;
    Step(*items);
  }
}

// ---- what comes in

void Dispatcher::Accept(std::vector<PostedAlert> alerts, const AlertStore::Committed& committed) {
  const auto accepted = clock_.Monotonic();
  inbox_->PutAlerts(alerts_.Put(std::move(alerts), committed), accepted);
}

void Dispatcher::AcceptNow(std::vector<PostedAlert> alerts) {
  const auto accepted = clock_.Monotonic();
  std::vector<PostedAlertPtr> stored = alerts_.Put(std::move(alerts));
  graph_.Get()->inhibitor.Update(stored);
  inbox_->PutAlertsNow(std::move(stored), accepted);
}

void Dispatcher::EngineRestored() {
  inbox_->PutEvent([this](Timestamp now) { dispatch_.EngineRestored(now); });
}

void Dispatcher::Apply(PipelineGraphPtr graph) {
  // Whoever asks the new graph what is inhibited must not get an answer without sources.
  graph->inhibitor.Update(alerts_.All());
  graph_.Publish(graph);
  inbox_->PutEvent([this, graph = std::move(graph)](Timestamp now) {
    receivers_changed_ = true;
    dispatch_.Apply(graph, alerts_.All(), now);
  });
}

// ---- questions

bool Dispatcher::stalled() const {
  // A flood of a hundred thousand alerts takes a second or two.
  constexpr std::chrono::seconds kStandstill(30);
  const std::optional<std::chrono::nanoseconds> oldest = inbox_->oldest();
  return oldest && clock_.Monotonic() - *oldest > kStandstill;
}

template <typename Answer>
Answer Dispatcher::Ask(std::function<Answer()> ask, Answer otherwise) {
  // Shared: dropped with the event where the inbox closes before its turn.
  auto promise = std::make_shared<std::promise<Answer>>();
  std::future<Answer> answer = promise->get_future();
  const bool taken = inbox_->PutEvent([promise = std::move(promise), ask = std::move(ask)](
                                          Timestamp) { promise->set_value(ask()); });
  if (!taken) return otherwise;
  try {
    return answer.get();
  } catch (const std::future_error&) {
    return otherwise;  // the dispatcher has stopped meanwhile
  }
}

std::vector<GroupView> Dispatcher::Groups() {
  return Ask<std::vector<GroupView>>([this] { return dispatch_.Views(); }, {});
}

Explanation Dispatcher::Explain(const PostedAlert& alert) {
  return Ask<Explanation>([this, alert] { return dispatch_.Explain(alert, clock_.Now()); }, {});
}

std::vector<OutboxRow> Dispatcher::DeadLetters() {
  if (!durable_) return {};
  return Ask<std::vector<OutboxRow>>([this] { return durable_->outbox.DeadLetterRows(); }, {});
}

Outbox::Resent Dispatcher::Resend(std::uint64_t dead_letter) {
  if (!durable_) return Outbox::Resent::kUnknown;
  return Ask<Outbox::Resent>([this, dead_letter] { return durable_->outbox.Resend(dead_letter); },
                             Outbox::Resent::kUnknown);
}

// ---- upkeep

void Dispatcher::Every(Duration interval, void (Dispatcher::*task)(Timestamp)) {
  timers_.At(clock_.Now() + interval, [this, interval, task] {
    (this->*task)(clock_.Now());
    Every(interval, task);
  });
}

void Dispatcher::Maintain(Timestamp now) {
  log_entries_.ForgetExpired(now);
  silences_.ForgetOld(now);
  if (!durable_) return;
  durable_->book.Prune(now);
  durable_->acknowledgements.Prune(now);
  durable_->outbox.Prune(now);
}

void Dispatcher::ForgetEndedAlerts(Timestamp now) {
  alerts_.ForgetEndedBy(now);
  graph_.Get()->inhibitor.ForgetEndedBy(now);
}

}  // namespace tocsin::receivers
