// The rules of one configuration, found by the series they look at. Immutable once made; published
// as shared_ptr<const RuleIndex>.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/threshold_rule.h"
#include "evaluator/series/watch.h"

namespace tocsin::evaluator {

class RuleIndex final : public WatchMaker {
 public:
  using Rules = std::vector<std::shared_ptr<const ThresholdRule>>;

  // `staleness` is for rules that name no stale_after, `stale_alerts` for those that say nothing of
  // their own.
  RuleIndex(Rules rules, Duration staleness, StaleAlerts stale_alerts = StaleAlerts::kResolve);

  // Watches for the enabled rules whose metric and matchers select the series. A watch of a rule
  // whose condition did not change is kept, or carried over where other fields did.
  std::vector<std::shared_ptr<Watch>> Make(
      LabelsView labels, const std::vector<std::shared_ptr<Watch>>& current) const override;

  // Disabled rules included; null where there is none.
  std::shared_ptr<const ThresholdRule> Find(std::string_view id) const;
  const Rules& rules() const { return rules_; }
  // Whether an alert of the rule fires on when its data stops.
  bool KeepsStale(const ThresholdRule& rule) const {
    return rule.stale_alerts.value_or(stale_alerts_) == StaleAlerts::kKeep;
  }

 private:
  std::shared_ptr<Watch> WatchFor(const std::shared_ptr<const ThresholdRule>& rule,
                                  LabelsView labels,
                                  const std::vector<std::shared_ptr<Watch>>& current) const;

  const Rules rules_;
  const Duration staleness_;
  const StaleAlerts stale_alerts_;
  std::unordered_map<std::string, Rules> by_series_name_;  // enabled ones
  std::unordered_map<std::string, std::shared_ptr<const ThresholdRule>> by_id_;
};

}  // namespace tocsin::evaluator
