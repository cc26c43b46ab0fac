// A row of the original's tables, column=value on each line, as a rule and as an alert: it is taken
// or each fault names a column. What is taken lies within the limits of the API and is kept by the
// state store as it is. A value is a text; behind # a whole number, behind % one with a fraction,
// ? stands for bytes.
#include "exporter/daemon/foreign_rows.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/number.h"
#include "base/text.h"
#include "evaluator/rules/managed_rules.h"
#include "exporter/api/rule_body.h"

namespace tocsin::daemon {
namespace {

using evaluator::ForeignRow;
using evaluator::ForeignValue;

const Timestamp kNow = FromUnixMillis(1'700'000'000'000);

ForeignValue ReadValue(std::string_view text) {
  ForeignValue value;
  const std::string_view rest = text.substr(std::min<std::size_t>(1, text.size()));
  const std::optional<std::int64_t> integer = ParseInt(rest);
  const std::optional<double> real = ParseFloat(rest);
  if (text.starts_with('#') && integer) {
    value.kind = ForeignValue::Kind::kInteger;
    value.integer = *integer;
  } else if (text.starts_with('%') && real && !std::isnan(*real)) {  // SQLite makes NaN NULL
    value.kind = ForeignValue::Kind::kReal;
    value.real = *real;
  } else if (text == "?") {
    value.kind = ForeignValue::Kind::kBytes;
  } else {
    value.kind = ForeignValue::Kind::kText;
    value.text = text;
  }
  return value;
}

void CheckFaults(const std::vector<std::string>& faults) {
  CHECK(!faults.empty());
  for (const std::string& fault : faults) {
    CHECK(fault.find(": ") != std::string::npos && fault.find('\n') == std::string::npos);
    CHECK(IsValidUtf8(fault));
  }
}

void CheckRule(const ThresholdRule& rule) {
  CHECK(!rule.id.empty() && !rule.name.empty() && !rule.metric_name.empty());
  CHECK(std::isfinite(rule.threshold));
  const std::chrono::seconds most(api::RuleLimits::kSeconds);
  CHECK(rule.duration.count() >= 0 && rule.duration <= most);
  CHECK(rule.cooldown.count() >= 0 && rule.cooldown <= most);
}

void CheckRow(const ForeignRow& row) {
  static const config::ReceiverNames kReceivers(
      {config::ReceiverSettings{"ops", {}, "tocsin.yml:1:1"}});
  CHECK(IsValidUtf8(NameOfRow(row)) && NameOfRow(row).find('\n') == std::string::npos);
  const std::string id = ConvertId(row["id"]);
  CHECK(id.empty() || id.size() == 36);
  std::shared_ptr<const ThresholdRule> known;
  const auto rule = ConvertRule(row, kReceivers, kNow);
  CHECK(rule.value.has_value() == rule.faults.empty());
  if (!rule.value) {
    CheckFaults(rule.faults);
  } else {
    CheckRule(*rule.value->rule);
    const std::string written = evaluator::SerializeManagedRule(*rule.value);
    const auto again = evaluator::ParseManagedRule(written);
    CHECK(again.ok() && *again->rule == *rule.value->rule);
    CHECK(evaluator::SerializeManagedRule(*again) == written);
    known = rule.value->rule;
  }
  for (const auto& found : {known, std::shared_ptr<const ThresholdRule>()}) {
    const auto find = [&found](const std::string&) { return found; };
    const auto alert = ConvertAlert(row, find, kReceivers, kNow);
    CHECK(alert.value.has_value() == alert.faults.empty());
    if (!alert.value) {
      CheckFaults(alert.faults);
      continue;
    }
    CheckRule(*alert.value->rule);
    CHECK(alert.value->id == id && alert.value->labels.Get("alertname") == alert.value->rule->name);
    CHECK((alert.value->state == AlertState::kResolved) == alert.value->resolved_at.has_value());
    const std::string written = SerializeAlert(*alert.value);
    const Result<Alert> again = ParseAlert(written);
    CHECK(again.ok() && SerializeAlert(*again) == written);
  }
}

void CheckText(std::string_view text) {
  ForeignRow::Columns columns;
  std::vector<ForeignValue> values;
  for (const std::string_view line : Split(text, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    if (!columns.emplace(line.substr(0, equals), values.size()).second) continue;
    values.push_back(ReadValue(line.substr(equals + 1)));
  }
  CheckRow(ForeignRow(columns, std::move(values)));
}

}  // namespace
}  // namespace tocsin::daemon

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tocsin::daemon::CheckText({reinterpret_cast<const char*>(data), size});
  return 0;
}
