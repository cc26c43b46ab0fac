#include "base/template/json_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <utility>

#include "base/template/time_format.h"
#include "base/template/utf8.h"

namespace tocsin::gotemplate {
namespace {

using Kind = Value::Kind;

constexpr int kMaxDepth = 100;

class JsonWriter {
 public:
  explicit JsonWriter(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  Status Write(const Value& value, int depth) {
    if (out_.size() > max_bytes_) {
      return Error{fmt::format("JSON of more than {} bytes", max_bytes_)};
    }
    if (depth > kMaxDepth) return Error{fmt::format("nested more than {} deep", kMaxDepth)};
    switch (value.kind()) {
      case Kind::kNil:
        out_ += "null";
        return {};
      case Kind::kBool:
        out_ += value.as_bool() ? "true" : "false";
        return {};
      case Kind::kInt:
      case Kind::kSpan:
      case Kind::kNamedInt:
        out_ += fmt::format("{}", *value.integer());
        return {};
      case Kind::kFloat:
        return Float(value.as_float());
      case Kind::kString:
      case Kind::kSafe:
        Text(*value.text());
        return {};
      case Kind::kTime:
        Text(FormatTimeRfc3339(value.as_time()));
        return {};
      case Kind::kList:
        return List(value.as_list(), depth);
      case Kind::kMap:
        return Entries(value.as_map(), depth);
      case Kind::kObject:
        return Structure(value, depth);
      case Kind::kFunction:
        return Error{"a function has no JSON"};
    }
    return {};
  }

  Result<std::string> Take() {
    if (out_.size() > max_bytes_) {
      return Error{fmt::format("JSON of more than {} bytes", max_bytes_)};
    }
    return std::move(out_);
  }

 private:
  // In plain digits between 1e-6 and 1e21, as ECMAScript has it.
  Status Float(double number) {
    if (!std::isfinite(number)) return Error{"NaN and infinities have no JSON"};
    const double size = std::fabs(number);
    const bool scientific = size != 0 && (size < 1e-6 || size >= 1e21);
    char buffer[64];
    const auto [end, error] =
        std::to_chars(std::begin(buffer), std::end(buffer), number,
                      scientific ? std::chars_format::scientific : std::chars_format::fixed);
    if (error != std::errc()) return Error{"a number is too long"};
    std::string text(std::begin(buffer), end);
    // e-09 is written e-9.
    const std::size_t exponent = text.find("e-0");
    if (exponent != std::string::npos) text.erase(exponent + 2, 1);
    out_ += text;
    return {};
  }

  void Text(std::string_view text) {
    out_ += '"';
    for (std::size_t at = 0; at < text.size() && out_.size() <= max_bytes_;) {
      const Character c = DecodeCharacter(text, at);
      at += c.size;
      if (c.valid) {
        Letter(c.value);
      } else {
        out_ += "\\ufffd";
      }
    }
    out_ += '"';
  }

  void Letter(char32_t c) {
    constexpr std::string_view kControls = "\b\f\n\r\t\"\\";
    constexpr std::string_view kNames = "bfnrt\"\\";
    const std::size_t known =
        c < 0x80 ? kControls.find(static_cast<char>(c)) : std::string_view::npos;
    if (known != std::string_view::npos) {
      out_ += {'\\', kNames[known]};
    } else if (c < 0x20 || c == '<' || c == '>' || c == '&' || c == 0x2028 || c == 0x2029) {
      out_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      AppendCharacter(c, &out_);
    }
  }

  Status List(const Values& items, int depth) {
    bool first = true;
    out_ += '[';
    for (const Value& item : items) {
      if (!std::exchange(first, false)) out_ += ',';
      Status status = Write(item, depth + 1);
      if (!status.ok()) return status;
    }
    out_ += ']';
    return {};
  }

  Status Entries(const Map& entries, int depth) {
    bool first = true;
    out_ += '{';
    for (const auto& [key, item] : entries) {
      Status status = Entry(key, item, &first, depth);
      if (!status.ok()) return status;
    }
    out_ += '}';
    return {};
  }

  Status Entry(std::string_view key, const Value& item, bool* first, int depth) {
    if (!std::exchange(*first, false)) out_ += ',';
    Text(key);
    out_ += ':';
    return Write(item, depth + 1);
  }

  Status Structure(const Value& value, int depth) {
    if (const Value plain = value.Plain(); !plain.is_nil()) return Write(plain, depth + 1);
    bool first = true;
    out_ += '{';
    for (const Object::Member& member : value.as_object().Members()) {
      Status status = Entry(member.json_name, member.value, &first, depth);
      if (!status.ok()) return status;
    }
    out_ += '}';
    return {};
  }

  const std::size_t max_bytes_;
  std::string out_;
};

}  // namespace

Result<std::string> ToJson(const Value& value, std::size_t max_bytes) {
  JsonWriter writer(max_bytes);
  Status status = writer.Write(value, 0);
  if (!status.ok()) return status.error();
  return writer.Take();
}

}  // namespace tocsin::gotemplate
