// Builders for tests about rules, series and alerts.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/alert.h"
#include "base/threshold_rule.h"
#include "evaluator/series/watch.h"

namespace tocsin::testing {

// "cpu > 80", critical words left at their defaults; change what a test is about.
inline std::shared_ptr<ThresholdRule> CpuRule(const std::string& id = "cpu-rule") {
  auto rule = std::make_shared<ThresholdRule>();
  rule->id = id;
  rule->name = "High CPU";
  rule->metric_name = "cpu";
  rule->series_name = "cpu";
  rule->condition = Condition::kGreater;
  rule->threshold = 80;
  rule->threshold_text = "80";
  rule->severity = Severity::kHigh;
  return rule;
}

// Keeps the signals it is handed.
class RecordingSignals final : public evaluator::SignalSink {
 public:
  void Take(std::vector<evaluator::Signal> signals) override {
    for (evaluator::Signal& signal : signals) taken.push_back(std::move(signal));
  }
  std::vector<evaluator::Signal> taken;
};

// Keeps the alerts it is handed.
class RecordingAlertSink final : public AlertSink {
 public:
  void Accept(std::vector<AlertPtr> alerts) override {
    ++calls;
    for (AlertPtr& alert : alerts) accepted.push_back(std::move(alert));
  }
  std::vector<AlertPtr> accepted;
  int calls = 0;
};

}  // namespace tocsin::testing
