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

  // `staleness` is for rules that name no stale_after.
  RuleIndex(Rules rules, Duration staleness);

  // Watches for the enabled rules whose metric and matchers select the series. A watch of a rule
  // whose condition did not change is kept, or carried over where other fields did.
  std::vector<std::shared_ptr<Watch>> Make(
      LabelsView labels, const std::vector<std::shared_ptr<Watch>>& current) const override;

  // Disabled rules included; null where there is none.
  std::shared_ptr<const ThresholdRule> Find(std::string_view id) const;
  const Rules& rules() const { return rules_; }

 private:
  std::shared_ptr<Watch> WatchFor(const std::shared_ptr<const ThresholdRule>& rule,
                                  LabelsView labels,
                                  const std::vector<std::shared_ptr<Watch>>& current) const;

  const Rules rules_;
  const Duration staleness_;
  std::unordered_map<std::string, Rules> by_series_name_;  // enabled ones
  std::unordered_map<std::string, std::shared_ptr<const ThresholdRule>> by_id_;
};

}  // namespace tocsin::evaluator
