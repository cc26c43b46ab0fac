// Rows as the original's tables have them.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "config/receivers.h"
#include "evaluator/persist/sqlite_foreign_tables.h"

namespace tocsin::testing {

using evaluator::ForeignRow;
using evaluator::ForeignValue;

inline constexpr const char* kRuleId = "6a0f3c52-8a55-4f6e-9a31-0b4a7a1c2d3e";
inline constexpr const char* kAlertId = "0b8e4a6c-1f2d-4c3b-8a79-5d6e7f809122";

// After all that the rows tell of.
inline const Timestamp kNow = *ParseRfc3339("2024-05-04T00:00:00Z");

inline ForeignValue TextValue(std::string text) {
  return {ForeignValue::Kind::kText, 0, 0, std::move(text)};
}
inline ForeignValue IntegerValue(std::int64_t integer) {
  return {ForeignValue::Kind::kInteger, integer, 0, {}};
}

// A row whose columns a test changes.
class RowBuilder {
 public:
  explicit RowBuilder(std::map<std::string_view, ForeignValue> values)
      : values_(std::move(values)) {}

  RowBuilder& Set(std::string_view column, ForeignValue value) {
    values_[column] = std::move(value);
    return *this;
  }
  RowBuilder& Set(std::string_view column, const char* text) {
    return Set(column, TextValue(text));
  }
  RowBuilder& Null(std::string_view column) { return Set(column, ForeignValue()); }

  // Lives as long as the builder.
  ForeignRow row() {
    std::vector<ForeignValue> values;
    columns_.clear();
    for (const auto& [column, value] : values_) {
      columns_[column] = values.size();
      values.push_back(value);
    }
    return {columns_, std::move(values)};
  }

 private:
  std::map<std::string_view, ForeignValue> values_;
  ForeignRow::Columns columns_;
};

inline RowBuilder RuleRow() {
  return RowBuilder({{"id", TextValue(kRuleId)},
                     {"name", TextValue("High CPU Usage")},
                     {"description", TextValue("hot")},
                     {"metric_name", TextValue("system.cpu.usage")},
                     {"condition", TextValue(">")},
                     {"threshold", TextValue("80.0")},
                     {"duration", IntegerValue(60)},
                     {"severity", TextValue("high")},
                     {"enabled", IntegerValue(1)},
                     {"notification_channels", TextValue(R"(["email", "slack"])")},
                     {"notification_template", TextValue("{value}% on {host}")},
                     {"cooldown_period", IntegerValue(300)},
                     {"created_at", TextValue("2024-05-01 10:00:00.123456")},
                     {"updated_at", TextValue("2024-05-02 10:00:00")},
                     {"created_by", TextValue("anna")}});
}

inline RowBuilder AlertRow() {
  return RowBuilder({{"id", TextValue(kAlertId)},
                     {"rule_id", TextValue(kRuleId)},
                     {"name", TextValue("High CPU Usage")},
                     {"description", TextValue("hot")},
                     {"severity", TextValue("high")},
                     {"status", TextValue("active")},
                     {"metric_name", TextValue("system.cpu.usage")},
                     {"metric_value", TextValue("85.5")},
                     {"threshold", TextValue("80.0")},
                     {"triggered_at", TextValue("2024-05-03 10:00:00.5")},
                     {"acknowledged_at", ForeignValue()},
                     {"resolved_at", ForeignValue()},
                     {"metadata", TextValue(R"({"host": "web-1", "data.center": "us", "n": 7})")}});
}

// email, ..., pagerduty, and ops.
inline config::ReceiverNames SomeReceivers() {
  config::ReceiverSettings ops;
  ops.name = "ops";
  return config::ReceiverNames({ops});
}

}  // namespace tocsin::testing
