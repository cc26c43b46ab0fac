#include "receivers/pipeline/group_dispatcher.h"

#include <future>
#include <utility>

namespace tocsin::receivers {

GroupDispatcher::GroupDispatcher(const GroupDispatcherOptions& options, PipelineGraphPtr graph,
                                 AlertStore& alerts, Silences& silences, StateStore& store,
                                 const Clock& clock, std::function<double()> random,
                                 const Logger& log, MetricRegistry& metrics)
    : options_(options),
      alerts_(alerts),
      silences_(silences),
      clock_(clock),
      inbox_(std::make_shared<DispatchInbox>(options.inbox_capacity)),
      graph_(std::move(graph)),
      timers_(clock),
      log_metrics_(metrics, "alertmanager_nflog"),
      log_entries_(store, &log_metrics_),
      dispatch_(
          options.dispatch, silences, log_entries_, timers_, clock, std::move(random),
          [inbox = inbox_](std::uint64_t attempt, Outcome outcome) {
            inbox->PutEvent([attempt, outcome = std::move(outcome)](Dispatch& d, Timestamp now) {
              d.OnAttemptEnded(attempt, outcome, now);
            });
          },
          log, metrics) {}

GroupDispatcher::~GroupDispatcher() { Stop(); }

Status GroupDispatcher::Restore() { return log_entries_.Restore(clock_.Now()); }

void GroupDispatcher::Start() {
  Every(options_.maintenance_interval, &GroupDispatcher::Maintain);
  Every(options_.alert_gc_interval, &GroupDispatcher::ForgetEndedAlerts);
  thread_ = std::thread([this] { Run(); });
}

void GroupDispatcher::Stop() {
  inbox_->Close();
  if (thread_.joinable()) thread_.join();
}

void GroupDispatcher::Run() {
  dispatch_.Apply(graph_.Get(), alerts_.All(), clock_.Now());
  while (auto items = inbox_->Take(timers_.next_deadline())) {
    const Timestamp now = clock_.Now();
    for (const DispatchInbox::Item& item : *items) {
      if (item.event) {
        item.event(dispatch_, now);
      } else {
        dispatch_.Accept(item.alerts, now);
      }
    }
    timers_.RunDue();
  }
  dispatch_.Stop();
}

void GroupDispatcher::Accept(std::vector<PostedAlert> alerts,
                             const AlertStore::Committed& committed) {
  inbox_->PutAlerts(alerts_.Put(std::move(alerts), committed));
}

void GroupDispatcher::AcceptNow(std::vector<PostedAlert> alerts) {
  std::vector<PostedAlertPtr> stored = alerts_.Put(std::move(alerts));
  graph_.Get()->inhibitor.Update(stored);
  inbox_->PutAlertsNow(std::move(stored));
}

void GroupDispatcher::Apply(PipelineGraphPtr graph) {
  // Whoever asks the new graph what is inhibited must not get an answer without sources.
  graph->inhibitor.Update(alerts_.All());
  graph_.Publish(graph);
  inbox_->PutEvent([this, graph = std::move(graph)](Dispatch& dispatch, Timestamp now) {
    dispatch.Apply(graph, alerts_.All(), now);
  });
}

std::vector<GroupView> GroupDispatcher::Groups() {
  // Shared: dropped with the event where the inbox closes before its turn.
  auto views = std::make_shared<std::promise<std::vector<GroupView>>>();
  std::future<std::vector<GroupView>> answer = views->get_future();
  const bool taken = inbox_->PutEvent([views = std::move(views)](Dispatch& dispatch, Timestamp) {
    views->set_value(dispatch.Views());
  });
  if (!taken) return {};
  try {
    return answer.get();
  } catch (const std::future_error&) {
    return {};  // the dispatcher has stopped meanwhile
  }
}

void GroupDispatcher::Every(Duration interval, void (GroupDispatcher::*task)(Timestamp)) {
  timers_.At(clock_.Now() + interval, [this, interval, task] {
    (this->*task)(clock_.Now());
    Every(interval, task);
  });
}

void GroupDispatcher::Maintain(Timestamp now) {
  log_entries_.ForgetExpired(now);
  silences_.ForgetOld(now);
}

void GroupDispatcher::ForgetEndedAlerts(Timestamp now) {
  alerts_.ForgetEndedBy(now);
  graph_.Get()->inhibitor.ForgetEndedBy(now);
}

}  // namespace tocsin::receivers
