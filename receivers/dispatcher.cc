#include "receivers/dispatcher.h"

#include <span>
#include <utility>

namespace tocsin::receivers {

Dispatcher::Dispatcher(const DispatcherOptions& options, ReceiverSet receivers, StateStore& store,
                       const Clock& clock, std::function<double()> random, OnAnnounced on_announced,
                       Muter muter, const Logger& log, MetricRegistry& metrics)
    : clock_(clock),
      inbox_(std::make_shared<Inbox>(options.inbox_capacity)),
      announcer_(options.announcer, std::move(receivers), store, clock, std::move(random), Posts(),
                 std::move(on_announced), std::move(muter), board_, log, metrics),
      coalesced_(CounterFamily(metrics, "tocsin_dispatcher_alerts_coalesced_total",
                               "Versions of alerts replaced by newer ones in a full inbox.")
                     .Add({})) {}

Dispatcher::~Dispatcher() { Stop(Duration(0)); }

AnnouncerPosts Dispatcher::Posts() const {
  AnnouncerPosts posts;
  posts.attempt_ended = [inbox = inbox_](std::uint64_t attempt, Outcome outcome) {
    inbox->PutEvent([attempt, outcome = std::move(outcome)](Announcer& announcer, Timestamp now) {
      announcer.OnAttemptEnded(attempt, outcome, now);
    });
  };
  posts.committed = [inbox = inbox_](std::uint64_t ticket, bool durable) {
    inbox->PutEvent([ticket, durable](Announcer& announcer, Timestamp now) {
      announcer.OnCommitted(ticket, durable, now);
    });
  };
  return posts;
}

Status Dispatcher::Restore() { return announcer_.Restore(clock_.Now()); }

void Dispatcher::Start() {
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

void Dispatcher::Accept(std::vector<AlertPtr> alerts) {
  inbox_->PutAlerts(std::move(alerts), clock_.Monotonic());
}

void Dispatcher::EngineRestored() {
  inbox_->PutEvent([](Announcer& announcer, Timestamp) { announcer.EngineRestored(); });
}

void Dispatcher::ApplyReceivers(ReceiverSet receivers) {
  // An event is copied by std::function, a set is not cheap to copy: share it.
  auto shared = std::make_shared<ReceiverSet>(std::move(receivers));
  inbox_->PutEvent([shared](Announcer& announcer, Timestamp now) {
    announcer.ApplyReceivers(std::move(*shared), now);
  });
}

void Dispatcher::Step(Inbox::Content content) {
  const Timestamp now = clock_.Now();
  if (content.coalesced > 0) coalesced_.Increment(static_cast<double>(content.coalesced));
  const std::span<const AlertPtr> alerts(content.alerts);
  std::size_t offered = 0;
  for (const Inbox::PlacedEvent& event : content.events) {
    announcer_.Offer(alerts.subspan(offered, event.after - offered), content.accepted, now);
    offered = event.after;
    event.run(announcer_, now);
  }
  announcer_.Offer(alerts.subspan(offered), content.accepted, now);
  announcer_.RunDue();
  announcer_.Flush(now);
}

void Dispatcher::Run() {
  announcer_.Start();
  announcer_.Flush(clock_.Now());
  while (true) {
    Step(inbox_->Take(announcer_.next_deadline()));
    std::optional<Timestamp> stop_by;
    {
      MutexLock lock(mu_);
      stop_by = stop_by_;
    }
    if (stop_by) return Drain(*stop_by);
  }
}

void Dispatcher::Drain(Timestamp deadline) {
  announcer_.Stop();
  while (announcer_.busy() && clock_.Now() < deadline) Step(inbox_->Take(deadline));
}

}  // namespace tocsin::receivers
