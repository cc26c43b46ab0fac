#include "evaluator/rules/rule_index.h"

#include "evaluator/rules/threshold_watch.h"

namespace tocsin::evaluator {
RuleIndex::RuleIndex(Rules rules, Duration staleness, StaleAlerts stale_alerts)
    : rules_(std::move(rules)), staleness_(staleness), stale_alerts_(stale_alerts) {
  for (const std::shared_ptr<const ThresholdRule>& rule : rules_) {
    by_id_.emplace(rule->id, rule);
    if (rule->enabled) by_series_name_[rule->series_name].push_back(rule);
  }
}

std::shared_ptr<Watch> RuleIndex::WatchFor(
    const std::shared_ptr<const ThresholdRule>& rule, LabelsView labels,
    const std::vector<std::shared_ptr<Watch>>& current) const {
  for (const std::shared_ptr<Watch>& watch : current) {
    const auto* threshold = dynamic_cast<const ThresholdWatch*>(watch.get());
    if (threshold == nullptr || threshold->rule().id != rule->id) continue;
    if (threshold->shared_rule() == rule) return watch;
    if (threshold->rule().SameCondition(*rule)) {
      return std::make_shared<ThresholdWatch>(rule, *threshold, staleness_);
    }
  }
  return std::make_shared<ThresholdWatch>(rule, labels, staleness_);
}

std::vector<std::shared_ptr<Watch>> RuleIndex::Make(
    LabelsView labels, const std::vector<std::shared_ptr<Watch>>& current) const {
  std::vector<std::shared_ptr<Watch>> watches;
  const auto found = by_series_name_.find(std::string(labels.metric_name()));
  if (found == by_series_name_.end()) return watches;
  for (const std::shared_ptr<const ThresholdRule>& rule : found->second) {
    if (MatchesAll(rule->matchers, labels)) watches.push_back(WatchFor(rule, labels, current));
  }
  return watches;
}

std::shared_ptr<const ThresholdRule> RuleIndex::Find(std::string_view id) const {
  const auto found = by_id_.find(std::string(id));
  return found == by_id_.end() ? nullptr : found->second;
}

}  // namespace tocsin::evaluator
