// A posted silence in three steps, as Alertmanager takes them: types, the schema, the meaning.
#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "exporter/api/alertmanager_body.h"
#include "exporter/api/alertmanager_errors.h"
#include "exporter/api/alertmanager_post.h"

namespace tocsin::api {
namespace {

namespace dom = simdjson::dom;

using receivers::Silence;

struct PostedMatcher {
  std::string name;
  std::string value;
  bool is_regex = false;
  bool is_equal = true;
  std::string_view missing;  // the first required member that is absent
};

// ---- types

Refusal ReadBool(const dom::object& object, std::string_view name, std::string_view path,
                 bool* out) {
  const std::optional<dom::element> element = Member(object, name);
  if (!element || element->get_bool().get(*out) == simdjson::SUCCESS) return std::nullopt;
  return WrongType(fmt::format("{}{}", path, name), "bool");
}

Refusal ReadMatcher(const dom::element& element, std::size_t index, PostedMatcher* out) {
  dom::object object;
  if (element.get_object().get(object) != simdjson::SUCCESS) {
    return WrongType(fmt::format("matchers.{}", index), "object");
  }
  const std::string path = fmt::format("matchers.{}.", index);
  for (const char* required : {"isRegex", "name", "value"}) {
    if (out->missing.empty() && !Member(object, required)) out->missing = required;
  }
  if (Refusal refusal = ReadString(object, "name", path, &out->name)) return refusal;
  if (Refusal refusal = ReadString(object, "value", path, &out->value)) return refusal;
  if (Refusal refusal = ReadBool(object, "isRegex", path, &out->is_regex)) return refusal;
  return ReadBool(object, "isEqual", path, &out->is_equal);
}

Refusal ReadMatchers(const dom::object& object, std::vector<PostedMatcher>* out) {
  const std::optional<dom::element> element = Member(object, "matchers");
  if (!element) return std::nullopt;
  dom::array matchers;
  if (element->get_array().get(matchers) != simdjson::SUCCESS) return WrongType("matchers", "list");
  for (const dom::element item : matchers) {
    const std::size_t index = out->size();
    if (Refusal refusal = ReadMatcher(item, index, &out->emplace_back())) return refusal;
  }
  return std::nullopt;
}

Refusal ReadAnnotations(const dom::object& object, Silence* silence) {
  const std::optional<dom::element> annotations = Member(object, "annotations");
  if (!annotations) return std::nullopt;
  dom::object pairs;
  if (annotations->get_object().get(pairs) != simdjson::SUCCESS) {
    return WrongType("annotations", "object");
  }
  for (const auto [name, value] : pairs) {
    std::string_view text;
    if (!ReadText(value, &text)) return WrongType(fmt::format("annotations.{}", name), "string");
    silence->annotations.emplace_back(name, text);
  }
  return std::nullopt;
}

Refusal ReadTypes(const dom::object& object, Silence* silence,
                  std::vector<PostedMatcher>* matchers) {
  std::optional<Timestamp> starts_at;
  std::optional<Timestamp> ends_at;
  if (Refusal refusal = ReadString(object, "id", "", &silence->id)) return refusal;
  if (Refusal refusal = ReadString(object, "comment", "", &silence->comment)) return refusal;
  if (Refusal refusal = ReadString(object, "createdBy", "", &silence->created_by)) return refusal;
  if (Refusal refusal = ReadTime(object, "startsAt", "", &starts_at)) return refusal;
  if (Refusal refusal = ReadTime(object, "endsAt", "", &ends_at)) return refusal;
  if (Refusal refusal = ReadMatchers(object, matchers)) return refusal;
  silence->starts_at = starts_at.value_or(Timestamp());
  silence->ends_at = ends_at.value_or(Timestamp());
  return ReadAnnotations(object, silence);
}

// ---- the schema

Refusal CheckMatcherItems(const std::vector<PostedMatcher>& matchers) {
  if (matchers.empty()) {
    return CodedError(kTooFewItems, "matchers in body should have at least 1 items");
  }
  for (std::size_t i = 0; i < matchers.size(); ++i) {
    if (matchers[i].missing.empty()) continue;
    return CodedError(kMissing,
                      fmt::format("matchers.{}.{} in body is required", i, matchers[i].missing));
  }
  return std::nullopt;
}

Refusal CheckSchema(const dom::object& object, const std::vector<PostedMatcher>& matchers) {
  for (const std::string_view required :
       {"comment", "createdBy", "endsAt", "matchers", "startsAt"}) {
    if (!Member(object, required)) {
      return CodedError(kMissing, fmt::format("{} in body is required", required));
    }
    if (required != "matchers") continue;
    if (Refusal refusal = CheckMatcherItems(matchers)) return refusal;
  }
  return std::nullopt;
}

// ---- the meaning

Result<Matcher> MakeMatcher(PostedMatcher posted, MatcherDialect dialect) {
  if (!IsValidLabelName(posted.name, dialect)) {
    return Error{fmt::format("invalid label name {}", QuoteForMessage(posted.name))};
  }
  using Op = Matcher::Op;
  const Op op = posted.is_regex ? (posted.is_equal ? Op::kRegex : Op::kNotRegex)
                                : (posted.is_equal ? Op::kEqual : Op::kNotEqual);
  return Matcher::Make(std::move(posted.name), op, std::move(posted.value),
                       Matcher::Dot::kAnyButNewline);
}

Refusal MakeMatchers(std::vector<PostedMatcher> posted, MatcherDialect dialect,
                     std::vector<Matcher>* out) {
  for (std::size_t i = 0; i < posted.size(); ++i) {
    Result<Matcher> matcher = MakeMatcher(std::move(posted[i]), dialect);
    if (!matcher) {
      return PlainJsonError(400,
                            fmt::format("Failed to create silence: invalid label matcher {}: {}", i,
                                        matcher.message()));
    }
    out->push_back(*std::move(matcher));
  }
  return std::nullopt;
}

}  // namespace

std::variant<receivers::Silence, http::Response> ReadPostedSilence(const std::string& body,
                                                                   MatcherDialect dialect) {
  if (TrimSpace(body).empty()) return CodedError(kMissing, "silence in body is required");
  ParserLease parser;
  dom::element root;
  if (const simdjson::error_code error = parser.Parse(body).get(root)) {
    return Malformed(simdjson::error_message(error));
  }
  if (root.is_null()) return CodedError(kMissing, "comment in body is required");
  dom::object object;
  if (root.get_object().get(object) != simdjson::SUCCESS) return Malformed("it is no object");
  Silence silence;
  std::vector<PostedMatcher> matchers;
  if (Refusal refusal = ReadTypes(object, &silence, &matchers)) return *std::move(refusal);
  if (Refusal refusal = CheckSchema(object, matchers)) return *std::move(refusal);
  if (Refusal refusal = MakeMatchers(std::move(matchers), dialect, &silence.matchers)) {
    return *std::move(refusal);
  }
  return silence;
}

}  // namespace tocsin::api
