#include "exporter/api/rule_statistics.h"

namespace tocsin::api {
namespace {

std::optional<double> MeanSeconds(Duration sum, std::size_t count) {
  if (count == 0) return std::nullopt;
  return std::chrono::duration<double>(sum).count() / static_cast<double>(count);
}

}  // namespace

std::optional<double> RuleStatistics::mean_seconds_to_acknowledge() const {
  return MeanSeconds(until_acknowledged, acknowledged);
}

std::optional<double> RuleStatistics::mean_seconds_to_resolve() const {
  return MeanSeconds(until_resolved, resolved);
}

void RuleStatistics::Add(const RuleStatistics& other) {
  episodes += other.episodes;
  acknowledged += other.acknowledged;
  resolved += other.resolved;
  until_acknowledged += other.until_acknowledged;
  until_resolved += other.until_resolved;
}

std::vector<std::string> StatisticsOfRules::EventTypes() {
  return {"alert.active", "alert.acknowledged", "alert.resolved"};
}

void StatisticsOfRules::Add(const Event& event) {
  if (event.rule_id.empty()) return;  // that somebody has posted
  const auto known = open_.find(event.alert_id);
  const bool is_open = known != open_.end();
  if (event.type == "alert.active") {
    if (is_open) return;
    open_.emplace(event.alert_id, Episode{event.at});
    ++by_rule_[event.rule_id].episodes;
  } else if (event.type == "alert.acknowledged" && is_open && !known->second.is_acknowledged) {
    known->second.is_acknowledged = true;
    ++by_rule_[event.rule_id].acknowledged;
    by_rule_[event.rule_id].until_acknowledged += event.at - known->second.began;
  } else if (event.type == "alert.resolved" && is_open) {
    ++by_rule_[event.rule_id].resolved;
    by_rule_[event.rule_id].until_resolved += event.at - known->second.began;
    open_.erase(known);
  }
}

}  // namespace tocsin::api
