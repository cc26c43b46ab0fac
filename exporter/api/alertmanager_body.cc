#include "exporter/api/alertmanager_body.h"

#include <fmt/format.h>

#include "base/text.h"
#include "exporter/api/alertmanager_errors.h"

namespace tocsin::api {
namespace {

namespace dom = simdjson::dom;

static_assert(http::kBodyPadding >= simdjson::SIMDJSON_PADDING);

// A parser's buffers grow with the bodies it reads; one that was large is given back.
constexpr std::size_t kKeptCapacity = 1 << 20;

dom::parser& ThreadsParser() {
  thread_local dom::parser parser;
  return parser;
}

// Go's zero time, which client libraries send for a time that is not set.
constexpr std::string_view kZeroTime = "0001-01-01T00:00:00";

// RFC 3339; also without a zone, without seconds, and with a blank in place of the T where no zone
// follows.
// https://pkg.go.dev/github.com/go-openapi/strfmt#ParseDateTime
std::optional<Timestamp> ParseApiTime(std::string_view text) {
  constexpr std::string_view kToTheMinute = "2006-01-02T15:04";
  constexpr std::string_view kSortable = "2006-01-02 15:04:05";
  const std::size_t minute = kToTheMinute.size();
  if (text.size() == minute || (text.size() == minute + 1 && text.back() == 'Z')) {
    return ParseRfc3339(fmt::format("{}:00Z", text.substr(0, minute)));
  }
  const std::size_t blank = text.find(' ');
  if (blank != std::string_view::npos && text.size() != kSortable.size()) return std::nullopt;
  return ParseRfc3339(text);
}

}  // namespace

ParserLease::~ParserLease() {
  if (ThreadsParser().capacity() > kKeptCapacity) ThreadsParser() = dom::parser();
}

simdjson::simdjson_result<dom::element> ParserLease::Parse(const std::string& body) {
  return ThreadsParser().parse(body.data(), body.size(), false);
}

http::Response Malformed(std::string_view what) {
  return CodedError(400, fmt::format("parsing body from \"\" failed, because {}", what));
}

Refusal WrongType(std::string_view path, std::string_view wanted) {
  return Malformed(fmt::format("{} is no {}", path, wanted));
}

std::optional<dom::element> Member(const dom::object& object, std::string_view name) {
  dom::element element;
  if (object.at_key(name).get(element) != simdjson::SUCCESS &&
      object.at_key_case_insensitive(name).get(element) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  if (element.is_null()) return std::nullopt;
  return element;
}

bool ReadText(const dom::element& element, std::string_view* out) {
  *out = std::string_view();
  return element.is_null() || element.get_string().get(*out) == simdjson::SUCCESS;
}

Refusal ReadString(const dom::object& object, std::string_view name, std::string_view path,
                   std::string* out) {
  const std::optional<dom::element> element = Member(object, name);
  if (!element) return std::nullopt;
  std::string_view text;
  if (!ReadText(*element, &text)) return WrongType(fmt::format("{}{}", path, name), "string");
  *out = text;
  return std::nullopt;
}

Refusal ReadTime(const dom::object& object, std::string_view name, std::string_view path,
                 std::optional<Timestamp>* out) {
  std::string text;
  if (Refusal refusal = ReadString(object, name, path, &text)) return refusal;
  if (text.empty() || text.starts_with(kZeroTime)) return std::nullopt;
  *out = ParseApiTime(text);
  if (*out) return std::nullopt;
  return Malformed(fmt::format("{}{}: {} is no RFC 3339 time", path, name, QuoteForMessage(text)));
}

}  // namespace tocsin::api
