#include "exporter/daemon/foreign_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "evaluator/lifecycle/alert_event.h"
#include "evaluator/lifecycle/lifecycle.h"
#include "exporter/daemon/rule_book.h"

namespace tocsin::daemon {
namespace {

using evaluator::ForeignRow;

constexpr const char* kIsThereTwice = "id: an earlier row of this table has the same";

// As if the engine had ended it when another episode of its kind began.
Alert EndedAt(Alert alert, Timestamp at) {
  alert.state = AlertState::kResolved;
  alert.resolved_at = std::max(at, *alert.triggered_at);
  alert.updated_at = *alert.resolved_at;
  return alert;
}

}  // namespace

ForeignImport::ForeignImport(const config::ReceiverNames& receivers, Timestamp now, Tell tell)
    : receivers_(receivers), now_(now), tell_(std::move(tell)) {}

void ForeignImport::KnowRule(const std::string& id, std::string_view row) {
  ++managed_rules_;
  Result<evaluator::ManagedRule> managed = evaluator::ParseManagedRule(row);
  known_rules_[id] = managed ? managed->rule : nullptr;
}

void ForeignImport::KnowAlert(const std::string& id, std::string_view row) {
  known_alerts_.insert(id);
  const Result<Alert> alert = ParseAlert(row);
  if (!alert) return;
  if (alert->state == AlertState::kResolved) {
    known_resolved_.emplace_back(alert->resolved_at.value_or(alert->updated_at), alert->id);
    return;
  }
  known_open_[alert->fingerprint] = alert->triggered_at.value_or(alert->pending_since);
}

void ForeignImport::Refuse(std::string_view what, const ForeignRow& row,
                           const std::vector<std::string>& faults, Tally* tally) {
  ++tally->refused;
  for (const std::string& fault : faults) {
    tell_(fmt::format("table {} {}: {}", what, NameOfRow(row), fault));
  }
}

void ForeignImport::TakeRule(const ForeignRow& row) {
  constexpr std::string_view kWhat = "alert_rules, rule";
  const std::string id = ConvertId(row["id"]);
  if (known_rules_.contains(id) && !row_ids_.contains(id)) {
    ++rules_.known;
    row_ids_.insert(id);
    return;
  }
  Converted<evaluator::ManagedRule> rule = ConvertRule(row, receivers_, now_);
  if (!id.empty() && !row_ids_.insert(id).second) rule.faults.emplace_back(kIsThereTwice);
  if (rule.faults.empty() && managed_rules_ >= kMaxManagedRules) {
    rule.faults.push_back(
        fmt::format("there are {} rules made over the API, which is the most", kMaxManagedRules));
  }
  if (!rule.faults.empty()) {
    if (!known_rules_.contains(id)) refused_rules_.insert(id);
    return Refuse(kWhat, row, rule.faults, &rules_);
  }
  ++managed_rules_;
  ++rules_.imported;
  known_rules_[id] = rule.value->rule;
  new_rules_.push_back(*std::move(rule.value));
}

void ForeignImport::TakeAlert(const ForeignRow& row) {
  const std::string id = ConvertId(row["id"]);
  if (known_alerts_.contains(id)) {
    ++alerts_.known;
    return;
  }
  const FindRule find = [this](const std::string& rule_id) {
    const auto found = known_rules_.find(rule_id);
    return found == known_rules_.end() ? nullptr : found->second;
  };
  Converted<Alert> alert = ConvertAlert(row, find, receivers_, now_);
  if (!id.empty() && !row_ids_.insert("alert " + id).second) {
    alert.faults.emplace_back(kIsThereTwice);
  }
  const bool is_open = alert.value && alert.value->state != AlertState::kResolved;
  if (is_open && refused_rules_.contains(alert.value->rule->id)) {
    alert.faults.emplace_back("rule_id: this rule was refused; mend it and import again");
  }
  if (!alert.faults.empty()) return Refuse("alerts, alert", row, alert.faults, &alerts_);
  ++alerts_.imported;
  if (is_open) {
    TakeOpen(*std::move(alert.value));
  } else {
    TakeResolved(*std::move(alert.value));
  }
}

void ForeignImport::TakeOpen(Alert alert) {
  if (const auto known = known_open_.find(alert.fingerprint); known != known_open_.end()) {
    return TakeResolved(EndedAt(std::move(alert), known->second));
  }
  const auto [other, is_first] = open_.try_emplace(alert.fingerprint, alert);
  if (is_first) return;
  if (*other->second.triggered_at < *alert.triggered_at) std::swap(other->second, alert);
  TakeResolved(EndedAt(std::move(alert), *other->second.triggered_at));
}

void ForeignImport::TakeResolved(Alert alert) {
  const evaluator::LifecycleOptions kept;
  if (*alert.resolved_at < now_ - kept.keep_resolved) {
    --alerts_.imported;
    ++alerts_.expired;
    return;
  }
  resolved_.push_back(std::move(alert));
  // Some more than are kept, so that not every one costs a look at all.
  if (resolved_.size() >= 2 * kept.max_resolved) DropOldest();
}

void ForeignImport::DropOldest() {
  const std::size_t most = evaluator::LifecycleOptions().max_resolved;
  std::vector<Ended> all = known_resolved_;
  for (const Alert& alert : resolved_) all.emplace_back(*alert.resolved_at, alert.id);
  if (all.size() <= most) return;
  const auto last_kept = all.begin() + static_cast<std::ptrdiff_t>(most - 1);
  std::nth_element(all.begin(), last_kept, all.end(), std::greater<>());
  const std::size_t dropped = std::erase_if(resolved_, [&](const Alert& alert) {
    return Ended(*alert.resolved_at, alert.id) < *last_kept;
  });
  alerts_.imported -= dropped;
  alerts_.expired += dropped;
}

WriteBatch ForeignImport::Finish(const std::string& actor) {
  DropOldest();
  WriteBatch batch;
  for (const evaluator::ManagedRule& rule : new_rules_) {
    evaluator::WriteManagedRule(rule, /*is_new=*/true, actor, now_, &batch);
  }
  for (const Alert& alert : resolved_) {
    batch.Put(StateTable::kAlerts, alert.id, SerializeAlert(alert));
  }
  for (const auto& [fingerprint, alert] : open_) {
    const std::string row = SerializeAlert(alert);
    batch.Put(StateTable::kAlerts, alert.id, row);
    batch.Record(*evaluator::ChangeOfState(nullptr, alert, row, ""));
  }
  return batch;
}

std::size_t ForeignImport::CountAlerts(AlertState state) const {
  if (state == AlertState::kResolved) return resolved_.size();
  return static_cast<std::size_t>(
      std::count_if(open_.begin(), open_.end(),
                    [state](const auto& each) { return each.second.state == state; }));
}

}  // namespace tocsin::daemon
