// Rows of the original's tables as rules and alerts of ours: what is wrong with one is listed, all
// of it, by the code that judges the bodies of requests. Pure functions.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/alert.h"
#include "config/receivers.h"
#include "evaluator/persist/sqlite_foreign_tables.h"
#include "evaluator/rules/managed_rules.h"

namespace tocsin::daemon {

template <typename T>
struct Converted {
  std::optional<T> value;           // nothing where there are faults
  std::vector<std::string> faults;  // "threshold: threshold must be a number"
};

// For messages: `"High CPU" (its id)`, both escaped.
std::string NameOfRow(const evaluator::ForeignRow& row);

// The id that a row's one becomes: a UUID stays, in lower case; another text has one made of it.
// Empty where it is none at all.
std::string ConvertId(const evaluator::ForeignValue& id);

// What is NULL has the default of a POST. `receivers` are those that rules may name.
Converted<evaluator::ManagedRule> ConvertRule(const evaluator::ForeignRow& row,
                                              const config::ReceiverNames& receivers,
                                              Timestamp now);

// Null where there is no rule of that id.
using FindRule = std::function<std::shared_ptr<const ThresholdRule>(const std::string& id)>;

// The alert keeps its own texts; what it does not say is its rule's. Without a rule it gets one
// that is nobody's, with a condition that its value fulfils (the original did not write it down).
// Labels and fingerprint are what the engine gives an alert of the series. An alert that is not
// resolved counts as changed now.
Converted<Alert> ConvertAlert(const evaluator::ForeignRow& row, const FindRule& find_rule,
                              const config::ReceiverNames& receivers, Timestamp now);

}  // namespace tocsin::daemon
