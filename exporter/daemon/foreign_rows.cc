#include "exporter/daemon/foreign_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "base/json_library.h"
#include "base/json_text.h"
#include "base/number.h"
#include "base/template/utf8.h"
#include "base/text.h"
#include "base/uuid.h"
#include "evaluator/lifecycle/lifecycle.h"
#include "evaluator/rules/threshold_watch.h"
#include "exporter/api/faults.h"
#include "exporter/api/rule_body.h"
#include "exporter/daemon/command_output.h"
#include "exporter/intake/json_metrics_reader.h"

namespace tocsin::daemon {
namespace {

using evaluator::ForeignRow;
using evaluator::ForeignValue;
using nlohmann::json;
using Kind = ForeignValue::Kind;

constexpr std::size_t kMaxCreatorCharacters = 255;
// A clock that is a little ahead of ours.
constexpr Duration kClockSkew = std::chrono::minutes(5);
constexpr std::size_t kUuidLength = 36;
constexpr std::size_t kMaxShownId = 80;

constexpr const char* kIsNull = "none is not an allowed value";

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? text[i] != '-' : HexDigit(text[i]) < 0) return false;
  }
  return true;
}

// A number as the text that somebody would have written for it.
std::optional<std::string> AsText(const ForeignValue& value) {
  switch (value.kind) {
    case Kind::kInteger:
      return std::to_string(value.integer);
    case Kind::kReal:
      return FormatFloatPython(value.real);
    case Kind::kText:
      return value.text;
    case Kind::kNull:
    case Kind::kBytes:
    case Kind::kTooLong:
      break;
  }
  return std::nullopt;
}

// "notification_channels.1" of ["body","notification_channels",1]
std::string PlaceOf(const json& fault) {
  std::string place;
  for (const json& step : fault.at("loc")) {
    if (step.is_string() && step == "body") continue;
    if (!place.empty()) place += '.';
    place += step.is_string() ? step.get<std::string>() : WriteJson(step);
  }
  return place;
}

// Reads one row, and gathers what is wrong with it.
class RowReader {
 public:
  explicit RowReader(const ForeignRow& row) : row_(row) {}

  const ForeignValue& operator[](const char* column) const { return row_[column]; }
  bool IsNull(const char* column) const { return row_[column].is_null(); }
  bool IsSound(std::string_view column) const { return !faulty_.contains(column); }
  bool sound() const { return faults_.empty(); }
  std::vector<std::string> TakeFaults() { return std::move(faults_); }

  // `place`: a column, or something in it: "metadata.host".
  void Add(const std::string& place, std::string_view message) {
    faulty_.insert(place.substr(0, place.find('.')));
    faults_.push_back(fmt::format("{}: {}", PlainText(place), message));
  }
  // The entries of a `detail` list, `field` of it being called `column` here. What they say of a
  // column that was faulty before follows from that.
  void AddAll(const json& details, std::string_view field = {}, const char* column = "") {
    const std::set<std::string, std::less<>> before = faulty_;
    for (const json& detail : details) {
      const std::string place = PlaceOf(detail);
      const std::string shown = !field.empty() && place == field ? column : place;
      if (before.contains(shown.substr(0, shown.find('.')))) continue;
      Add(shown, detail.at("msg").get<std::string>());
    }
  }

  // UTF-8; nothing where it is NULL. What else it may be is a fault.
  std::optional<std::string> Text(const char* column) {
    const ForeignValue& value = row_[column];
    if (value.kind == Kind::kBytes) AddOnce(column, "these are bytes and no text");
    if (value.kind == Kind::kTooLong) {
      AddOnce(column, fmt::format("longer than {} bytes", evaluator::kMaxForeignText));
    }
    std::optional<std::string> text = AsText(value);
    if (!text || IsValidUtf8(*text)) return text;
    AddOnce(column, "this is not UTF-8");
    return std::nullopt;
  }

  // Naive ones are UTC.
  std::optional<Timestamp> Time(const char* column, Timestamp now) {
    const std::optional<std::string> text = Text(column);
    if (!text) return std::nullopt;
    const std::optional<Timestamp> time = api::ParseTimeWord(*text);
    if (!time) {
      AddOnce(column, "invalid datetime format");
    } else if (*time > now + kClockSkew) {
      AddOnce(column, fmt::format("{} lies in the future", FormatRfc3339(*time)));
    }
    return time;
  }

  std::string Id(const char* column) {
    if (!Text(column) && IsSound(column)) AddOnce(column, kIsNull);
    return ConvertId(row_[column]);
  }

  // Members of a body, as a request would have them. `null` is said where it must not be so.
  void TakeText(const char* column, bool is_needed, json* body) {
    const std::optional<std::string> text = Text(column);
    if (text) {
      (*body)[column] = *text;
    } else if (is_needed) {
      (*body)[column] = nullptr;
    }
  }
  void TakeNumber(const char* column, json* body) {
    const ForeignValue& value = row_[column];
    if (value.kind == Kind::kInteger) {
      (*body)[column] = value.integer;
    } else if (value.kind == Kind::kReal) {
      (*body)[column] = value.real;
    } else {
      TakeText(column, /*is_needed=*/false, body);
    }
  }
  // SQLite has no booleans: 0 and 1 are.
  void TakeFlag(const char* column, json* body) {
    const ForeignValue& value = row_[column];
    if (value.kind == Kind::kInteger && (value.integer == 0 || value.integer == 1)) {
      (*body)[column] = value.integer == 1;
    } else {
      TakeNumber(column, body);
    }
  }
  // A JSON array, as the original wrote it, or names between commas, as it read it back.
  void TakeNames(const char* column, json* body) {
    const std::optional<std::string> text = Text(column);
    const std::string_view trimmed = TrimSpace(text ? *text : std::string_view());
    json names = json::array();
    if (trimmed.starts_with('[')) {
      names = ParseJson(trimmed);
      if (names.is_discarded()) {
        AddOnce(column, "begins like a JSON array and is none");
        names = json::array();
      }
    } else {
      for (const std::string_view name : Split(trimmed, ',')) {
        if (!TrimSpace(name).empty()) names.push_back(std::string(TrimSpace(name)));
      }
    }
    (*body)[column] = std::move(names);
  }

 private:
  void AddOnce(const char* column, std::string_view message) {
    if (IsSound(column)) Add(column, message);
  }

  const ForeignRow& row_;
  std::set<std::string, std::less<>> faulty_;  // columns
  std::vector<std::string> faults_;
};

api::RuleBody ReadBody(const json& body, api::RuleFields fields,
                       const config::ReceiverNames& receivers, RowReader* reader) {
  api::Json details = api::Json::array();
  api::RuleBody read = api::ReadRuleBody(body, fields, receivers, &details);
  reader->AddAll(ParseJson(WriteJson(details)));
  return read;
}

std::optional<AlertState> ReadState(RowReader* reader) {
  const char* const column = "status";
  const std::optional<std::string> word = reader->Text(column);
  if (!word) {
    if (reader->IsNull(column)) reader->Add(column, kIsNull);
    return std::nullopt;
  }
  const std::string status = ToLowerAscii(*word);
  // Nothing mutes it here.
  if (status == "active" || status == "suppressed") return AlertState::kFiring;
  if (status == "acknowledged") return AlertState::kAcknowledged;
  if (status == "resolved") return AlertState::kResolved;
  reader->Add(column,
              "value is not a valid enumeration member; permitted: active, acknowledged, resolved, "
              "suppressed");
  return std::nullopt;
}

// What the intake makes of the sample that an alert tells of.
struct Told {
  Labels series;
  double value = 0;
};
std::optional<Told> ReadSample(const std::string& metric_name, RowReader* reader) {
  const std::optional<std::string> value = reader->Text("metric_value");
  const std::optional<std::string> metadata = reader->Text("metadata");
  const bool is_json = !metadata || !ParseJson(*metadata).is_discarded();
  if (!is_json) reader->Add("metadata", "this is no JSON");
  const std::string body =
      fmt::format(R"({{"metric_name":{},"value":{},"metadata":{}}})", JsonString(metric_name),
                  value ? JsonString(*value) : "null", metadata && is_json ? *metadata : "null");
  intake::JsonMetricsReader sample;
  if (sample.ReadOne(body, intake::JsonMetricsLimits(), Timestamp()) !=
      intake::JsonMetricsReader::Outcome::kRead) {
    reader->Add("metadata", "this is nested too deeply");
    return std::nullopt;
  }
  if (!sample.faults().empty()) {
    const json details = ParseJson("{" + sample.faults().ToMembers("detail") + "}").at("detail");
    reader->AddAll(details, "value", "metric_value");
    return std::nullopt;
  }
  const SampleBatch& batch = sample.samples();
  return Told{Labels(batch.labels(batch.items().front())), batch.items().front().sample.value};
}

Condition ConditionThatHolds(double value, double threshold) {
  if (value > threshold) return Condition::kGreater;
  return value < threshold ? Condition::kLess : Condition::kEqual;
}

// The rule as the alert tells of it.
ThresholdRule ReadRuleOfAlert(const std::shared_ptr<const ThresholdRule>& known,
                              const config::ReceiverNames& receivers, RowReader* reader) {
  const bool is_alone = known == nullptr;
  json body = json::object();
  for (const char* column : {"name", "metric_name", "threshold", "severity"}) {
    reader->TakeText(column, is_alone, &body);
  }
  reader->TakeText("description", /*is_needed=*/false, &body);
  if (is_alone) {
    body["condition"] = ConditionSymbol(Condition::kEqual);  // until the value is known
    body["notification_channels"] = json::array();
  }
  ThresholdRule rule = is_alone ? ThresholdRule() : *known;
  ReadBody(body, is_alone ? api::RuleFields::kAllRequired : api::RuleFields::kAnySubset, receivers,
           reader)
      .ApplyTo(&rule);
  return rule;
}

void ReadTimes(Timestamp now, RowReader* reader, Alert* alert) {
  const std::optional<Timestamp> triggered_at = reader->Time("triggered_at", now);
  if (reader->IsNull("triggered_at")) reader->Add("triggered_at", kIsNull);
  const std::optional<Timestamp> acknowledged_at = reader->Time("acknowledged_at", now);
  const std::optional<Timestamp> resolved_at = reader->Time("resolved_at", now);
  alert->triggered_at = triggered_at.value_or(now);
  alert->pending_since = *alert->triggered_at;
  alert->last_value_at = *alert->triggered_at;
  alert->updated_at = now;
  switch (alert->state) {
    case AlertState::kAcknowledged:
      alert->acknowledged_at = acknowledged_at.value_or(*alert->triggered_at);
      break;
    case AlertState::kResolved:
      alert->acknowledged_at = acknowledged_at;
      alert->resolved_at = resolved_at.value_or(acknowledged_at.value_or(*alert->triggered_at));
      alert->updated_at = *alert->resolved_at;
      break;
    case AlertState::kInactive:
    case AlertState::kPending:
    case AlertState::kFiring:
      break;
  }
}

}  // namespace

std::string NameOfRow(const ForeignRow& row) {
  const auto show = [&row](const char* column) {
    return AsText(row[column]).value_or(row[column].is_null() ? "NULL" : "unreadable");
  };
  const std::string id(TruncateUtf8(show("id"), kMaxShownId));
  return fmt::format("{} ({})", QuoteForMessage(show("name")), PlainText(id));
}

std::string ConvertId(const ForeignValue& id) {
  const std::optional<std::string> text = AsText(id);
  if (!text) return {};
  return IsUuid(*text) ? ToLowerAscii(*text) : UuidFromName("imported " + *text);
}

Converted<evaluator::ManagedRule> ConvertRule(const ForeignRow& row,
                                              const config::ReceiverNames& receivers,
                                              Timestamp now) {
  RowReader reader(row);
  ThresholdRule rule;
  rule.id = reader.Id("id");
  json body = json::object();
  for (const char* column : {"name", "metric_name", "condition", "threshold", "severity"}) {
    reader.TakeText(column, /*is_needed=*/true, &body);
  }
  for (const char* column : {"description", "notification_template"}) {
    reader.TakeText(column, /*is_needed=*/false, &body);
  }
  reader.TakeNumber("duration", &body);
  reader.TakeNumber("cooldown_period", &body);
  reader.TakeFlag("enabled", &body);
  reader.TakeNames("notification_channels", &body);
  ReadBody(body, api::RuleFields::kAllRequired, receivers, &reader).ApplyTo(&rule);

  evaluator::ManagedRule managed;
  managed.created_at = reader.Time("created_at", now).value_or(now);
  managed.updated_at = reader.Time("updated_at", now).value_or(managed.created_at);
  managed.created_by = reader.Text("created_by").value_or("");
  if (gotemplate::CountCharacters(managed.created_by) > kMaxCreatorCharacters) {
    reader.Add("created_by", fmt::format("longer than {} characters", kMaxCreatorCharacters));
  }
  if (!reader.sound()) return {std::nullopt, reader.TakeFaults()};
  managed.rule = std::make_shared<const ThresholdRule>(std::move(rule));
  return {std::move(managed), {}};
}

Converted<Alert> ConvertAlert(const ForeignRow& row, const FindRule& find_rule,
                              const config::ReceiverNames& receivers, Timestamp now) {
  RowReader reader(row);
  Alert alert;
  alert.id = reader.Id("id");
  (void)reader.Text("rule_id");
  const std::string rule_id = ConvertId(reader["rule_id"]);
  const std::shared_ptr<const ThresholdRule> known = find_rule(rule_id);
  ThresholdRule rule = ReadRuleOfAlert(known, receivers, &reader);
  // An alert that names no rule is of one of its own.
  rule.id = rule_id.empty() ? alert.id : rule_id;
  if (const std::optional<AlertState> state = ReadState(&reader)) alert.state = *state;
  ReadTimes(now, &reader, &alert);
  const std::string metric = reader.IsSound("metric_name") ? rule.metric_name : "unknown";
  const std::optional<Told> told = ReadSample(metric, &reader);
  if (!reader.sound() || !told) return {std::nullopt, reader.TakeFaults()};

  alert.value = told->value;
  if (known == nullptr) rule.condition = ConditionThatHolds(alert.value, rule.threshold);
  alert.fingerprint = evaluator::AlertFingerprint(rule, told->series);
  alert.metadata = LabelsBuilder(told->series).Remove(kMetricNameLabel).Build();
  alert.labels = evaluator::AlertLabels(rule, alert.metadata);
  alert.rule = std::make_shared<const ThresholdRule>(std::move(rule));
  return {std::move(alert), {}};
}

}  // namespace tocsin::daemon
