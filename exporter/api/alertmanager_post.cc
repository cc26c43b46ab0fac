#include "exporter/api/alertmanager_post.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/group_key.h"
#include "base/text.h"
#include "exporter/api/alertmanager_body.h"
#include "exporter/api/alertmanager_errors.h"
#include "exporter/api/request_uri.h"

namespace tocsin::api {
namespace {

namespace dom = simdjson::dom;

using receivers::Annotations;
using receivers::PostedAlert;

// Sorted; of a repeated name the last one counts, as in any JSON reader.
void SortAnnotations(Annotations* annotations) {
  std::stable_sort(annotations->begin(), annotations->end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto last = std::unique(annotations->rbegin(), annotations->rend(),
                                [](const auto& a, const auto& b) { return a.first == b.first; });
  annotations->erase(annotations->begin(), last.base());
}

bool HasInvalidByte(std::string_view text) {
  return text.find(kInvalidByte) != std::string_view::npos;
}

// With U+FFFD in place of the marks.
std::string Readable(std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string out(text);
  for (std::size_t at = 0; (at = out.find(kInvalidByte, at)) != std::string::npos;) {
    out.replace(at, kInvalidByte.size(), kReplacement);
  }
  return out;
}

class AlertsReader {
 public:
  // `marked`: bytes that were no UTF-8 are kInvalidByte now.
  AlertsReader(Timestamp now, Duration resolve_timeout, MatcherDialect dialect, bool marked)
      : now_(now), resolve_timeout_(resolve_timeout), dialect_(dialect), marked_(marked) {}

  Refusal Read(const dom::array& alerts) {
    read_.alerts.reserve(alerts.size());
    std::size_t index = 0;
    for (const dom::element element : alerts) {
      dom::object object;
      if (element.get_object().get(object) != simdjson::SUCCESS) {
        return WrongType(fmt::format("{}", index), "object");
      }
      if (Refusal refusal = ReadOne(object, index++)) return refusal;
    }
    return std::move(schema_violation_);
  }
  ReadAlerts Take() { return std::move(read_); }

 private:
  Refusal ReadOne(const dom::object& object, std::size_t index) {
    const std::string prefix = fmt::format("{}.", index);
    PostedAlert alert;
    std::string bad_labels;
    std::string bad_annotations;
    const std::optional<dom::element> labels = Member(object, "labels");
    if (labels) {
      if (Refusal refusal = ReadLabels(*labels, prefix, &alert, &bad_labels)) return refusal;
    }
    if (const std::optional<dom::element> annotations = Member(object, "annotations")) {
      if (Refusal refusal = ReadAnnotations(*annotations, prefix, &alert, &bad_annotations)) {
        return refusal;
      }
    }
    std::optional<Timestamp> starts_at;
    std::optional<Timestamp> ends_at;
    if (Refusal refusal = ReadTime(object, "startsAt", prefix, &starts_at)) return refusal;
    if (Refusal refusal = ReadTime(object, "endsAt", prefix, &ends_at)) return refusal;
    if (Refusal refusal = ReadString(object, "generatorURL", prefix, &alert.generator_url)) {
      return refusal;
    }
    if (marked_) alert.generator_url = Readable(alert.generator_url);
    CheckSchema(alert, labels.has_value(), prefix);
    Complete(starts_at, ends_at, &alert);
    for (std::string problem : {WhatIsWrong(alert), bad_labels, bad_annotations}) {
      if (problem.empty()) continue;
      read_.invalid.push_back(std::move(problem));
      return std::nullopt;
    }
    read_.alerts.push_back(std::move(alert));
    return std::nullopt;
  }

  // Only the first violation is told.
  void CheckSchema(const PostedAlert& alert, bool has_labels, const std::string& prefix) {
    if (schema_violation_) return;
    if (!alert.generator_url.empty() && !IsRequestUri(alert.generator_url)) {
      schema_violation_ =
          CodedError(kWrongFormat, fmt::format("{}generatorURL in body must be of type uri: {}",
                                               prefix, QuoteForMessage(alert.generator_url)));
    } else if (!has_labels) {
      schema_violation_ = CodedError(kMissing, prefix + "labels in body is required");
    }
  }

  // Empty values are left out by the set.
  Refusal ReadLabels(const dom::element& element, const std::string& prefix, PostedAlert* alert,
                     std::string* problem) {
    dom::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) {
      return WrongType(prefix + "labels", "object");
    }
    labels_.Clear();
    for (const auto [name, value] : object) {
      std::string_view text;
      if (!ReadText(value, &text)) {
        return WrongType(fmt::format("{}labels.{}", prefix, name), "string");
      }
      if (!text.empty()) CheckPair("invalid label set", name, text, problem);
      labels_.Set(name, text);
    }
    alert->labels = labels_.Build();
    return std::nullopt;
  }

  Refusal ReadAnnotations(const dom::element& element, const std::string& prefix,
                          PostedAlert* alert, std::string* problem) const {
    dom::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) {
      return WrongType(prefix + "annotations", "object");
    }
    for (const auto [name, value] : object) {
      std::string_view text;
      if (!ReadText(value, &text)) {
        return WrongType(fmt::format("{}annotations.{}", prefix, name), "string");
      }
      CheckPair("invalid annotations", name, text, problem);
      alert->annotations.emplace_back(name, text);
    }
    SortAnnotations(&alert->annotations);
    return std::nullopt;
  }

  void CheckPair(std::string_view where, std::string_view name, std::string_view value,
                 std::string* problem) const {
    if (!IsValidLabelName(name, dialect_) || (marked_ && HasInvalidByte(name))) {
      *problem = fmt::format("{}: invalid name {}", where, QuoteForMessage(Readable(name)));
    } else if (marked_ && HasInvalidByte(value)) {
      *problem = fmt::format("{}: invalid value {}", where, QuoteForMessage(Readable(value)));
    }
  }

  void Complete(std::optional<Timestamp> starts_at, std::optional<Timestamp> ends_at,
                PostedAlert* alert) const {
    alert->updated_at = now_;
    alert->began_at = now_;
    alert->starts_at = starts_at.value_or(ends_at.value_or(now_));
    alert->ends_by_timeout = !ends_at.has_value();
    alert->ends_at = ends_at.value_or(now_ + resolve_timeout_);
    alert->fingerprint = alert->labels.view().Fingerprint();
    alert->hash = LogHash(alert->labels);
  }

  static std::string WhatIsWrong(const PostedAlert& alert) {
    if (alert.ends_at < alert.starts_at) return "start time must be before end time";
    if (alert.labels.empty()) return "at least one label pair required";
    return {};
  }

  const Timestamp now_;
  const Duration resolve_timeout_;
  const MatcherDialect dialect_;
  const bool marked_;
  ReadAlerts read_;
  Refusal schema_violation_;
  LabelsBuilder labels_;
};

}  // namespace

std::variant<ReadAlerts, http::Response> ReadPostedAlerts(const std::string& body, Timestamp now,
                                                          Duration resolve_timeout,
                                                          MatcherDialect dialect) {
  if (TrimSpace(body).empty()) return CodedError(kMissing, "alerts in body is required");
  ParserLease parser;
  dom::element root;
  if (const simdjson::error_code error = parser.Parse(body, InvalidBytes::kMark).get(root)) {
    return Malformed(simdjson::error_message(error));
  }
  if (root.is_null()) return ReadAlerts();  // Go's way to write a list without items
  dom::array alerts;
  if (root.get_array().get(alerts) != simdjson::SUCCESS) return Malformed("it is no list");
  AlertsReader reader(now, resolve_timeout, dialect, parser.repaired());
  if (Refusal refusal = reader.Read(alerts)) return *std::move(refusal);
  return reader.Take();
}

}  // namespace tocsin::api
