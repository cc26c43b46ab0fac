#include "exporter/api/alertmanager_post.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "base/group_key.h"
#include "base/text.h"
#include "exporter/api/alertmanager_errors.h"

namespace tocsin::api {
namespace {

namespace dom = simdjson::dom;

using receivers::Annotations;
using receivers::PostedAlert;
using receivers::Silence;

// A parser's buffers grow with the bodies it reads; one that was large is given back.
constexpr std::size_t kKeptCapacity = 1 << 20;

dom::parser& ThreadsParser() {
  thread_local dom::parser parser;
  return parser;
}

class ParserLease {
 public:
  ParserLease() = default;
  ~ParserLease() {
    if (ThreadsParser().capacity() > kKeptCapacity) ThreadsParser() = dom::parser();
  }
  ParserLease(const ParserLease&) = delete;
  ParserLease& operator=(const ParserLease&) = delete;

  simdjson::simdjson_result<dom::element> Parse(const std::string& body) {
    // The padding behind the end is there (http::kBodyPadding).
    return ThreadsParser().parse(body.data(), body.size(), false);
  }
};
static_assert(http::kBodyPadding >= simdjson::SIMDJSON_PADDING);

http::Response Malformed(std::string_view what) {
  return CodedError(400, fmt::format("parsing body from \"\" failed, because {}", what));
}

// One failure of a body as a whole.
using Refusal = std::optional<http::Response>;

Refusal WrongType(std::string_view path, std::string_view wanted) {
  return Malformed(fmt::format("{} is no {}", path, wanted));
}

// A member of an object; absent and null are the same.
std::optional<dom::element> Member(const dom::object& object, std::string_view name) {
  dom::element element;
  if (object.at_key(name).get(element) != simdjson::SUCCESS || element.is_null()) {
    return std::nullopt;
  }
  return element;
}

Refusal ReadString(const dom::object& object, std::string_view name, std::string_view path,
                   std::string* out) {
  const std::optional<dom::element> element = Member(object, name);
  if (!element) return std::nullopt;
  std::string_view text;
  if (element->get_string().get(text) != simdjson::SUCCESS) {
    return WrongType(fmt::format("{}{}", path, name), "string");
  }
  *out = text;
  return std::nullopt;
}

// Go's zero time, which client libraries send for a time that is not set.
constexpr std::string_view kZeroTime = "0001-01-01T00:00:00";

Refusal ReadTime(const dom::object& object, std::string_view name, std::string_view path,
                 std::optional<Timestamp>* out) {
  std::string text;
  if (Refusal refusal = ReadString(object, name, path, &text)) return refusal;
  if (text.empty() || text.starts_with(kZeroTime)) return std::nullopt;
  *out = ParseRfc3339(text);
  if (*out) return std::nullopt;
  return Malformed(fmt::format("{}{}: {} is no RFC 3339 time", path, name, QuoteForMessage(text)));
}

// As Go's url.ParseRequestURI: an absolute address or an absolute path, without blanks.
bool IsUri(std::string_view text) {
  if (text.empty() || text[0] == '/') return true;
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7f;
  });
  const std::size_t colon = text.find(':');
  return printable && colon != std::string_view::npos && colon > 0;
}

// ---- alerts

class AlertsReader {
 public:
  AlertsReader(Timestamp now, Duration resolve_timeout, MatcherDialect dialect)
      : now_(now), resolve_timeout_(resolve_timeout), dialect_(dialect) {}

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
    return std::nullopt;
  }
  ReadAlerts Take() { return std::move(read_); }

 private:
  Refusal ReadOne(const dom::object& object, std::size_t index) {
    const auto path = [index](std::string_view name) { return fmt::format("{}.{}", index, name); };
    PostedAlert alert;
    const std::optional<dom::element> labels = Member(object, "labels");
    if (!labels) return CodedError(kMissing, path("labels in body is required"));
    std::string problem;
    if (Refusal refusal = ReadLabels(*labels, path("labels"), &alert, &problem)) return refusal;
    if (const std::optional<dom::element> annotations = Member(object, "annotations")) {
      if (Refusal refusal = ReadAnnotations(*annotations, path("annotations"), &alert)) {
        return refusal;
      }
    }
    std::optional<Timestamp> starts_at;
    std::optional<Timestamp> ends_at;
    const std::string prefix = path("");
    if (Refusal refusal = ReadTime(object, "startsAt", prefix, &starts_at)) return refusal;
    if (Refusal refusal = ReadTime(object, "endsAt", prefix, &ends_at)) return refusal;
    if (Refusal refusal = ReadString(object, "generatorURL", prefix, &alert.generator_url)) {
      return refusal;
    }
    if (!IsUri(alert.generator_url)) {
      return CodedError(kWrongFormat, fmt::format("{}.generatorURL in body must be of type uri: {}",
                                                  index, QuoteForMessage(alert.generator_url)));
    }
    Complete(starts_at, ends_at, &alert);
    if (problem.empty()) problem = WhatIsWrong(alert);
    if (problem.empty()) {
      read_.alerts.push_back(std::move(alert));
    } else {
      read_.invalid.push_back(std::move(problem));
    }
    return std::nullopt;
  }

  // Empty values are left out by the set.
  Refusal ReadLabels(const dom::element& element, const std::string& path, PostedAlert* alert,
                     std::string* problem) {
    dom::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) return WrongType(path, "object");
    labels_.Clear();
    for (const auto [name, value] : object) {
      std::string_view text;
      if (value.get_string().get(text) != simdjson::SUCCESS) {
        return WrongType(fmt::format("{}.{}", path, name), "string");
      }
      if (!text.empty() && !IsValidLabelName(name, dialect_)) {
        *problem = fmt::format("invalid label set: invalid name {}", QuoteForMessage(name));
      }
      labels_.Set(name, text);
    }
    alert->labels = labels_.Build();
    return std::nullopt;
  }

  static Refusal ReadAnnotations(const dom::element& element, const std::string& path,
                                 PostedAlert* alert) {
    dom::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) return WrongType(path, "object");
    for (const auto [name, value] : object) {
      std::string_view text;
      if (value.get_string().get(text) != simdjson::SUCCESS) {
        return WrongType(fmt::format("{}.{}", path, name), "string");
      }
      alert->annotations.emplace_back(name, text);
    }
    std::stable_sort(alert->annotations.begin(), alert->annotations.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    // Of a repeated name the last one counts, as in any JSON reader.
    const auto last = std::unique(alert->annotations.rbegin(), alert->annotations.rend(),
                                  [](const auto& a, const auto& b) { return a.first == b.first; });
    alert->annotations.erase(alert->annotations.begin(), last.base());
    return std::nullopt;
  }

  void Complete(std::optional<Timestamp> starts_at, std::optional<Timestamp> ends_at,
                PostedAlert* alert) const {
    alert->updated_at = now_;
    alert->starts_at = starts_at.value_or(ends_at.value_or(now_));
    alert->ends_by_timeout = !ends_at.has_value();
    alert->ends_at = ends_at.value_or(now_ + resolve_timeout_);
    alert->fingerprint = alert->labels.view().Fingerprint();
    alert->hash = LogHash(alert->labels);
  }

  static std::string WhatIsWrong(const PostedAlert& alert) {
    if (alert.labels.empty()) return "at least one label pair required";
    if (alert.ends_at < alert.starts_at) return "start time must be before end time";
    return {};
  }

  const Timestamp now_;
  const Duration resolve_timeout_;
  const MatcherDialect dialect_;
  ReadAlerts read_;
  LabelsBuilder labels_;
};

// ---- silences

Refusal ReadMatcher(const dom::element& element, std::size_t index, MatcherDialect dialect,
                    std::vector<Matcher>* out) {
  dom::object object;
  const std::string path = fmt::format("matchers.{}.", index);
  if (element.get_object().get(object) != simdjson::SUCCESS) return WrongType(path, "object");
  for (const char* required : {"isRegex", "name", "value"}) {
    if (!Member(object, required)) {
      return CodedError(kMissing, fmt::format("{}{} in body is required", path, required));
    }
  }
  std::string name;
  std::string value;
  if (Refusal refusal = ReadString(object, "name", path, &name)) return refusal;
  if (Refusal refusal = ReadString(object, "value", path, &value)) return refusal;
  bool is_regex = false;
  bool is_equal = true;
  if (Member(object, "isRegex")->get_bool().get(is_regex) != simdjson::SUCCESS) {
    return WrongType(path + "isRegex", "bool");
  }
  const std::optional<dom::element> equal = Member(object, "isEqual");
  if (equal && equal->get_bool().get(is_equal) != simdjson::SUCCESS) {
    return WrongType(path + "isEqual", "bool");
  }
  if (!IsValidLabelName(name, dialect)) {
    return PlainJsonError(400, fmt::format("Failed to create silence: invalid label matcher {}: "
                                           "invalid label name {}",
                                           index, QuoteForMessage(name)));
  }
  using Op = Matcher::Op;
  const Op op =
      is_regex ? (is_equal ? Op::kRegex : Op::kNotRegex) : (is_equal ? Op::kEqual : Op::kNotEqual);
  Result<Matcher> matcher =
      Matcher::Make(std::move(name), op, std::move(value), Matcher::Dot::kAnyButNewline);
  if (!matcher) {
    return PlainJsonError(400, fmt::format("Failed to create silence: invalid label matcher {}: {}",
                                           index, matcher.message()));
  }
  out->push_back(*std::move(matcher));
  return std::nullopt;
}

Refusal ReadMatchers(const dom::object& object, MatcherDialect dialect, Silence* silence) {
  dom::array matchers;
  if (Member(object, "matchers")->get_array().get(matchers) != simdjson::SUCCESS) {
    return WrongType("matchers", "list");
  }
  if (matchers.size() == 0) {
    return CodedError(kTooFewItems, "matchers in body should have at least 1 items");
  }
  std::size_t index = 0;
  for (const dom::element element : matchers) {
    if (Refusal refusal = ReadMatcher(element, index++, dialect, &silence->matchers)) {
      return refusal;
    }
  }
  return std::nullopt;
}

Refusal ReadSilence(const dom::object& object, MatcherDialect dialect, Silence* silence) {
  for (const char* required : {"comment", "createdBy", "endsAt", "matchers", "startsAt"}) {
    if (!Member(object, required)) {
      return CodedError(kMissing, fmt::format("{} in body is required", required));
    }
  }
  std::optional<Timestamp> starts_at;
  std::optional<Timestamp> ends_at;
  if (Refusal refusal = ReadString(object, "id", "", &silence->id)) return refusal;
  if (Refusal refusal = ReadString(object, "comment", "", &silence->comment)) return refusal;
  if (Refusal refusal = ReadString(object, "createdBy", "", &silence->created_by)) return refusal;
  if (Refusal refusal = ReadTime(object, "startsAt", "", &starts_at)) return refusal;
  if (Refusal refusal = ReadTime(object, "endsAt", "", &ends_at)) return refusal;
  if (Refusal refusal = ReadMatchers(object, dialect, silence)) return refusal;
  silence->starts_at = starts_at.value_or(Timestamp());
  silence->ends_at = ends_at.value_or(Timestamp());
  const std::optional<dom::element> annotations = Member(object, "annotations");
  dom::object pairs;
  if (annotations && annotations->get_object().get(pairs) != simdjson::SUCCESS) {
    return WrongType("annotations", "object");
  }
  if (!annotations) return std::nullopt;
  for (const auto [name, value] : pairs) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) {
      return WrongType("annotations", "object of strings");
    }
    silence->annotations.emplace_back(name, text);
  }
  return std::nullopt;
}

}  // namespace

std::variant<ReadAlerts, http::Response> ReadPostedAlerts(const std::string& body, Timestamp now,
                                                          Duration resolve_timeout,
                                                          MatcherDialect dialect) {
  if (TrimSpace(body).empty()) return CodedError(kMissing, "alerts in body is required");
  ParserLease parser;
  dom::element root;
  if (const simdjson::error_code error = parser.Parse(body).get(root)) {
    return Malformed(simdjson::error_message(error));
  }
  if (root.is_null()) return CodedError(kMissing, "alerts in body is required");
  dom::array alerts;
  if (root.get_array().get(alerts) != simdjson::SUCCESS) return Malformed("it is no list");
  AlertsReader reader(now, resolve_timeout, dialect);
  if (Refusal refusal = reader.Read(alerts)) return *std::move(refusal);
  return reader.Take();
}

std::variant<receivers::Silence, http::Response> ReadPostedSilence(const std::string& body,
                                                                   MatcherDialect dialect) {
  if (TrimSpace(body).empty()) return CodedError(kMissing, "silence in body is required");
  ParserLease parser;
  dom::element root;
  if (const simdjson::error_code error = parser.Parse(body).get(root)) {
    return Malformed(simdjson::error_message(error));
  }
  dom::object object;
  if (root.get_object().get(object) != simdjson::SUCCESS) return Malformed("it is no object");
  Silence silence;
  if (Refusal refusal = ReadSilence(object, dialect, &silence)) return *std::move(refusal);
  return silence;
}

}  // namespace tocsin::api
