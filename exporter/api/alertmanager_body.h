// Reading JSON bodies of the Alertmanager API: members, texts and times, each with Alertmanager's
// answer to what is wrong. A value of a wrong type makes the whole body unreadable; what the schema
// misses comes after that, so readers take in everything before they check what is required.
//
// Pure functions but for a parser's memory, one a thread.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "exporter/http/http.h"

namespace tocsin::api {

// The answer where a body as a whole is refused.
using Refusal = std::optional<http::Response>;

// What becomes of bytes that are no UTF-8. Either way one of them refuses no body, and escapes that
// are half a surrogate pair become U+FFFD, as Go's decoder has it.
// https://pkg.go.dev/encoding/json#Unmarshal
enum class InvalidBytes : std::uint8_t {
  kReplace,  // U+FFFD
  kMark,     // kInvalidByte, for readers that refuse the text that has them
};
// U+FDD0: not a character, and in no text that means something.
inline constexpr std::string_view kInvalidByte = "\xEF\xB7\x90";

// Holds this thread's parser while a document of it is read.
class ParserLease {
 public:
  ParserLease() = default;
  ~ParserLease();
  ParserLease(const ParserLease&) = delete;
  ParserLease& operator=(const ParserLease&) = delete;

  // `body` has http::kBodyPadding spare capacity and outlives what is read of it. Once a lease.
  simdjson::simdjson_result<simdjson::dom::element> Parse(
      const std::string& body, InvalidBytes invalid = InvalidBytes::kReplace);
  // Whether the body had any that is no text.
  bool repaired() const { return !repaired_.empty(); }

 private:
  std::string repaired_;
};

// The text with something else in place of each byte that is no UTF-8, and with U+FFFD in place of
// each escape that is half a surrogate pair.
std::string ReplaceInvalidText(std::string_view json, InvalidBytes invalid);

// 400: no JSON, or JSON of another shape.
http::Response Malformed(std::string_view what);
Refusal WrongType(std::string_view path, std::string_view wanted);

// A member of an object; absent and null are the same. Its name counts in any case where none has
// the very name, as in Go's decoder.
std::optional<simdjson::dom::element> Member(const simdjson::dom::object& object,
                                             std::string_view name);

// A text; null is empty. False where it is something else.
bool ReadText(const simdjson::dom::element& element, std::string_view* out);

// The member `name`, called `path` and `name` in messages. `out` stays as it was where it is
// absent.
Refusal ReadString(const simdjson::dom::object& object, std::string_view name,
                   std::string_view path, std::string* out);
// Absent, empty and Go's zero time are nothing.
Refusal ReadTime(const simdjson::dom::object& object, std::string_view name, std::string_view path,
                 std::optional<Timestamp>* out);

}  // namespace tocsin::api
