#include "exporter/api/alertmanager_body.h"

#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "exporter/api/alertmanager_errors.h"

namespace tocsin::api {
namespace {

namespace dom = simdjson::dom;

static_assert(http::kBodyPadding >= simdjson::SIMDJSON_PADDING);

// A parser's buffers grow with the bodies it reads; one that was large is given back.
constexpr std::size_t kKeptCapacity = 1 << 20;

// Behind a pointer: every thread of the process, worker or not, has room for what stands here.
dom::parser& ThreadsParser() {
  thread_local std::unique_ptr<dom::parser> parser;
  if (parser == nullptr) parser = std::make_unique<dom::parser>();
  return *parser;
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

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kEscapeLength = 6;  // of \uXXXX

// The UTF-16 unit of the \uXXXX that `text` begins with, -1 where it begins with none.
int EscapedUnit(std::string_view text) {
  if (text.size() < kEscapeLength || text[0] != '\\' || text[1] != 'u') return -1;
  int unit = 0;
  for (const char c : text.substr(2, 4)) {
    const int digit = HexDigit(c);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool IsHighSurrogate(int unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLowSurrogate(int unit) { return unit >= 0xDC00 && unit < 0xE000; }

// Takes over the escape that `text` begins with; its length.
std::size_t AppendEscape(std::string_view text, std::string* out) {
  const int unit = EscapedUnit(text);
  if (unit < 0) {
    // What stands behind the backslash is part of it, if it is a character at all.
    const std::size_t length = text.size() > 1 && Utf8Length(text, 1) == 1 ? 2 : 1;
    *out += text.substr(0, length);
    return length;
  }
  const bool is_pair =
      IsHighSurrogate(unit) && IsLowSurrogate(EscapedUnit(text.substr(kEscapeLength)));
  const std::size_t length = is_pair ? 2 * kEscapeLength : kEscapeLength;
  const bool is_half = !is_pair && (IsHighSurrogate(unit) || IsLowSurrogate(unit));
  *out += is_half ? kReplacement : text.substr(0, length);
  return length;
}

}  // namespace

ParserLease::~ParserLease() {
  if (ThreadsParser().capacity() > kKeptCapacity) ThreadsParser() = dom::parser();
}

simdjson::simdjson_result<dom::element> ParserLease::Parse(const std::string& body,
                                                           InvalidBytes invalid) {
  simdjson::simdjson_result<dom::element> parsed =
      ThreadsParser().parse(body.data(), body.size(), false);
  const bool is_bad_text =
      parsed.error() == simdjson::UTF8_ERROR || parsed.error() == simdjson::STRING_ERROR;
  if (!is_bad_text) return parsed;
  repaired_ = ReplaceInvalidText(body, invalid);
  repaired_.reserve(repaired_.size() + http::kBodyPadding);
  return ThreadsParser().parse(repaired_.data(), repaired_.size(), false);
}

std::string ReplaceInvalidText(std::string_view json, InvalidBytes invalid) {
  const std::string_view stand_in = invalid == InvalidBytes::kMark ? kInvalidByte : kReplacement;
  std::string out;
  out.reserve(json.size() + json.size() / 8);
  while (!json.empty()) {
    std::size_t length = 1;
    if (json[0] == '\\') {
      length = AppendEscape(json, &out);
    } else if (const std::size_t character = Utf8Length(json, 0); character > 0) {
      length = character;
      out += json.substr(0, length);
    } else {
      out += stand_in;
    }
    json.remove_prefix(length);
  }
  return out;
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
