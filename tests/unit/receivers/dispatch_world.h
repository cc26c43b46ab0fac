// Dispatch with everything around it that a process has: the stores, the clock, the timers, the
// receivers, and the loop of its owner. Restart() is kill -9 and a new start, with nothing left but
// what is durable and what the receivers have seen.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "receivers/outbox/outbox.h"
#include "receivers/pipeline/dispatch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/null_log.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/support/receiver_builders.h"
#include "tests/unit/receivers/matchers.h"
#include "tests/unit/receivers/times.h"

namespace tocsin::testing {
class MemoryStateStore;
}

namespace tocsin::receivers {

// An integration of a receiver; its channel is the test itself.
struct WireIntegration {
  std::string id = "hook";
  bool send_resolved = true;
  bool hears_acknowledgements = false;
};

// An alertmanager.yml. One group, all of it to "ops", without a wait: change what a test is about.
struct WireConfig {
  WireConfig();

  config::AlertmanagerSettings settings;
  std::map<std::string, std::vector<WireIntegration>> receivers = {{"ops", {{}}}};
  bool send_resolved_when_muted = true;
};

inline WireConfig EveryMinute() {
  WireConfig config;
  config.settings.route.group_interval = kMinute;
  return config;
}

// Of every day, in its minutes.
inline config::TimeInterval Interval(const std::string& name, int start, int end) {
  config::TimeIntervalSpec spec;
  spec.times = {{start, end}};
  return {name, {spec}};
}
// In minutes, too: the world begins at 10:00:00.123.
inline constexpr int kTen = 600;

struct DispatchWorldOptions {
  DispatchOptions dispatch;
  std::size_t max_in_flight = 128;
  bool durable = false;  // with an outbox, as in the full daemon
};

inline DispatchWorldOptions WithAnOutbox() {
  DispatchWorldOptions options;
  options.durable = true;
  return options;
}

class DispatchWorld {
 public:
  struct Attempt {
    std::string integration;  // "ops/hook"
    Timestamp at;
    Duration timeout{0};
    GroupNotification notification;
    Channel::Done done;  // empty once answered
  };

  explicit DispatchWorld(WireConfig config = {}, DispatchWorldOptions options = {});
  ~DispatchWorld();
  DispatchWorld(const DispatchWorld&) = delete;
  DispatchWorld& operator=(const DispatchWorld&) = delete;

  // ---- what happens to it

  void Post(std::vector<PostedAlert> alerts);
  // An alert that starts now and does not end by itself.
  PostedAlert Firing(const Labels& labels) const;
  // The same alert, over.
  PostedAlert Over(const Labels& labels) const;
  void Fire(const std::string& alertname);
  void Resolve(const std::string& alertname);

  // Time passes; every timer runs at its time.
  void Advance(Duration by);
  // Until this long after the beginning.
  void AdvanceTo(Duration since_start);

  // From now on attempts wait for an answer (none), or are answered at once.
  void AnswerWith(std::optional<Outcome> outcome);
  void AnswerWith(const std::string& integration, const Outcome& outcome);
  // How long an answer takes.
  void TakeTime(Duration latency) { latency_ = latency; }
  void Answer(std::size_t i, Outcome outcome);
  std::string Silence(std::string_view matchers);
  void Unsilence(const std::string& id);
  void Acknowledge(const std::string& alertname, const AcknowledgeCommand& command = {"anna"});
  void EndAcknowledgement(const std::string& alertname);
  void Reload(WireConfig config);
  void Restart();
  void EngineRestored();
  void Stop();
  Outbox::Resent Resend(std::uint64_t dead_letter);
  void Prune();
  OutboxCounts outbox() const;
  std::vector<OutboxRow> DeadLetters() const;

  // ---- what is seen of it

  // "30s ops/hook: first notification: +A -B" for each attempt: A fires, B is resolved,
  // "=C by anna": somebody deals with C.
  std::vector<std::string> told() const;
  std::vector<GroupView> Views() const;
  Explanation Explain(const PostedAlert& alert) const;
  std::map<std::string, LogEntry> Log() const;
  double Metric(const std::string& name,
                const std::map<std::string, std::string>& labels = {}) const;
  const MetricRegistry& registry() const;
  double Suppressed(const std::string& reason) const;
  // Notifications that failed, for whatever reason.
  double Failed() const;

  testing::FakeClock clock{testing::FiredAt()};
  testing::RecordingLogSink log;
  std::deque<Attempt> attempts;
  std::vector<std::string> cancelled;  // integrations that were told to end what is under way
  double random = 0.5;

 private:
  class WireChannel;
  struct Process;
  using Event = std::function<void(Process&, Timestamp)>;

  void Start();
  PostedAlertPtr Known(const std::string& alertname) const;
  PipelineGraphPtr Graph();
  void OnAttempt(Attempt attempt);
  // The owner's loop, until nothing is left to do at this time.
  void Pump();
  // What has changed becomes durable.
  void Flush();

  const Timestamp started_ = testing::FiredAt();
  WireConfig config_;
  const DispatchWorldOptions options_;
  std::optional<Outcome> answer_ = Outcome::Delivered(200);
  std::map<std::string, Outcome> answers_;  // of single integrations
  Duration latency_{0};
  int ids_ = 0;
  std::deque<Event> queue_;
  std::unique_ptr<testing::MemoryStateStore> store_;
  std::unique_ptr<Process> process_;
};

}  // namespace tocsin::receivers
