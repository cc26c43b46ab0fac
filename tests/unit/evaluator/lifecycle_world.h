// The whole evaluator on one thread, for tests about the state machine.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "evaluator/lifecycle/lifecycle.h"
#include "evaluator/series/store.h"
#include "tests/support/evaluator_builders.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"

namespace tocsin::evaluator {

using testing::CpuRule;
using testing::MemoryStateStore;
using testing::RecordingAlertSink;
using testing::RecordingSignals;

// Samples go into a real series store, its signals into the lifecycle, and time is what the test
// says. Restart() is kill -9 and a new start.
class World {
 public:
  static constexpr Duration kStaleness = std::chrono::minutes(5);

  explicit World(std::vector<std::shared_ptr<ThresholdRule>> rules, StoreLimits limits = {})
      : rules_(std::move(rules)), limits_(limits) {
    Start();
  }

  void Submit(const std::string& host, double value) {
    Append(host, value, now);
    Pump();
  }
  // As Submit, of a sender whose clock differs from ours.
  void SubmitAt(const std::string& host, double value, Timestamp at) {
    Append(host, value, at);
    Pump();
  }
  // Stored and judged; the signals are on their way to the state machine.
  void Append(const std::string& host, double value, Timestamp at) {
    SampleBatch batch(Origin::kJson);
    batch.Add(Labels{{"__name__", "cpu"}, {"host", host}}, {at, value});
    series_->Append(batch, now);
  }
  // Takes away the signals under way, as a thread does that is slow to hand them over.
  std::vector<Signal> TakeSignals() { return std::exchange(signals_->taken, {}); }
  void Deliver(const std::vector<Signal>& signals) {
    for (const Signal& signal : signals) lifecycle_->Handle(signal, now);
    Finish();
  }
  // Several samples of one host that arrive in one batch, one second apart, the last one now.
  void SubmitHistory(const std::string& host, const std::vector<double>& values) {
    SampleBatch batch(Origin::kJson);
    for (std::size_t i = 0; i < values.size(); ++i) {
      batch.Add(Labels{{"__name__", "cpu"}, {"host", host}},
                {now - std::chrono::seconds(values.size() - 1 - i), values[i]});
    }
    series_->Append(batch, now);
    Pump();
  }
  void Advance(Duration by) {
    now += by;
    Pump();
  }
  void SetRules(std::vector<std::shared_ptr<ThresholdRule>> rules,
                Duration staleness = kStaleness) {
    rules_ = std::move(rules);
    ApplyRules(staleness);
    Pump();
  }
  CommandResult Acknowledge(const std::string& id, const std::string& actor = "anna",
                            const std::string& note = "looking",
                            std::optional<Duration> lasts = std::nullopt,
                            std::optional<Duration> survives = std::nullopt) {
    const CommandResult result = lifecycle_->Acknowledge(id, {actor, note, lasts, survives}, now);
    Pump();
    return result;
  }
  CommandResult Unacknowledge(const std::string& id) {
    const CommandResult result = lifecycle_->Unacknowledge(id, "anna", now);
    Pump();
    return result;
  }
  CommandResult Resolve(const std::string& id) {
    const CommandResult result = lifecycle_->Resolve(id, "anna", "", now);
    Pump();
    return result;
  }
  void Restart() { RestartWith(rules_); }
  // The rule files have changed while the process was down.
  void RestartWith(std::vector<std::shared_ptr<ThresholdRule>> rules) {
    rules_ = std::move(rules);
    const MemoryStateStore::Tables tables = store_->tables();
    recorded_ = Recorded();
    Stop();
    store_ = std::make_unique<MemoryStateStore>(true, tables);
    Start();
  }

  std::vector<AlertPtr> In(AlertState state) const { return book_->List({state}); }
  AlertPtr Only(AlertState state) const {
    const std::vector<AlertPtr> alerts = In(state);
    EXPECT_EQ(alerts.size(), 1U) << AlertStateName(state);
    if (!alerts.empty()) return alerts[0];
    auto none = std::make_shared<Alert>();  // so that the test goes on, and says what else is wrong
    none->rule = std::make_shared<const ThresholdRule>();
    return none;
  }
  // What the receivers were told, as "active a" or "resolved a recovered".
  std::vector<std::string> Told() const {
    std::vector<std::string> told;
    for (const AlertPtr& alert : sink.accepted) {
      std::string line = std::string(AlertStateName(alert->state)) + " " +
                         std::string(alert->metadata.Get("host"));
      if (alert->state == AlertState::kResolved) {
        line += " " + std::string(ResolveReasonName(alert->resolved_reason));
      }
      told.push_back(line);
    }
    return told;
  }
  void Prune() { series_->Prune(now); }
  MemoryStateStore::Tables Stored() const { return store_->tables(); }
  // What the history has, also from before a restart.
  std::vector<Event> Recorded() const {
    std::vector<Event> all = recorded_;
    const std::vector<Event> newest = store_->events();
    all.insert(all.end(), newest.begin(), newest.end());
    return all;
  }
  std::size_t StoredAlerts() const { return Stored()[StateTable::kAlerts].size(); }

  Timestamp now = FromUnixMillis(1'700'000'000'000);
  StaleAlerts stale_alerts = StaleAlerts::kResolve;  // the setting, from the next rules on
  RecordingAlertSink sink;

 private:
  void Start() {
    if (!store_) store_ = std::make_unique<MemoryStateStore>();
    registry_ = std::make_unique<MetricRegistry>();
    book_ = std::make_unique<AlertBook>();
    signals_ = std::make_unique<RecordingSignals>();
    series_ = std::make_unique<SeriesStore>(limits_, *signals_, *registry_);
    lifecycle_ = std::make_unique<Lifecycle>(
        LifecycleOptions{}, *book_, *store_, sink,
        [this] { return "id-" + std::to_string(++ids_); }, Logger(log_sink_, "lifecycle"),
        *registry_);
    EXPECT_TRUE(lifecycle_->Restore(now).ok());
    ApplyRules();
    lifecycle_->OfferRestored();
    Pump();
  }
  void Stop() {
    lifecycle_.reset();
    series_.reset();
    book_.reset();
  }
  void ApplyRules(Duration staleness = kStaleness) {
    const auto index = std::make_shared<const RuleIndex>(
        RuleIndex::Rules(rules_.begin(), rules_.end()), staleness, stale_alerts);
    lifecycle_->ApplyRules(index, staleness, now);
    series_->SetWatchMaker(index, now);
  }
  // What the engine's thread does.
  void Pump() { Deliver(TakeSignals()); }
  void Finish() {
    lifecycle_->RunDue(now);
    lifecycle_->Flush();
  }

  std::vector<std::shared_ptr<ThresholdRule>> rules_;
  StoreLimits limits_;
  testing::NullLogSink log_sink_;
  int ids_ = 0;
  std::vector<Event> recorded_;
  std::unique_ptr<MemoryStateStore> store_;
  std::unique_ptr<MetricRegistry> registry_;
  std::unique_ptr<AlertBook> book_;
  std::unique_ptr<RecordingSignals> signals_;
  std::unique_ptr<SeriesStore> series_;
  std::unique_ptr<Lifecycle> lifecycle_;
};

inline std::shared_ptr<ThresholdRule> RuleFor(Duration duration) {
  auto rule = CpuRule();
  rule->duration = duration;
  return rule;
}

using Lines = std::vector<std::string>;

}  // namespace tocsin::evaluator
