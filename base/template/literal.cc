#include "base/template/literal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/number.h"
#include "base/template/utf8.h"
#include "base/text.h"

namespace tocsin::gotemplate {
namespace {

int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

Error BadNumber(std::string_view text) {
  return Error{fmt::format("{} is not a number", QuoteForMessage(text))};
}

// An underscore stands between two digits, or between a base's prefix and a digit.
bool UnderscoresAreWellPlaced(std::string_view digits, bool has_prefix) {
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] != '_') continue;
    const bool before = i > 0 ? DigitValue(digits[i - 1]) < 16 : has_prefix;
    const bool after = i + 1 < digits.size() && DigitValue(digits[i + 1]) < 16;
    if (!before || !after) return false;
  }
  return true;
}

std::string WithoutUnderscores(std::string_view text) {
  std::string plain(text);
  plain.erase(std::remove(plain.begin(), plain.end(), '_'), plain.end());
  return plain;
}

struct Unsigned {
  int base = 10;
  bool has_prefix = false;
  std::string_view digits;
};

Unsigned SplitBase(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return {10, false, text};
  switch (Lower(text[1])) {
    case 'x':
      return {16, true, text.substr(2)};
    case 'o':
      return {8, true, text.substr(2)};
    case 'b':
      return {2, true, text.substr(2)};
    default:
      return {8, true, text.substr(1)};
  }
}

Result<Value> ParseInteger(std::string_view text, bool negative, const Unsigned& parts) {
  if (!UnderscoresAreWellPlaced(parts.digits, parts.has_prefix)) return BadNumber(text);
  const std::string digits = (negative ? "-" : "") + WithoutUnderscores(parts.digits);
  std::int64_t number = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, parts.base);
  if (error == std::errc::result_out_of_range) {
    return Error{fmt::format("{} overflows int", QuoteForMessage(text))};
  }
  if (error != std::errc() || end != digits.data() + digits.size()) return BadNumber(text);
  return Value(number);
}

// Go wants an exponent in hexadecimal floats; from_chars takes them without their prefix.
std::optional<double> ParseHexFloat(std::string_view digits) {
  const std::string plain = WithoutUnderscores(digits);
  double number = 0;
  const auto [end, error] =
      std::from_chars(plain.data(), plain.data() + plain.size(), number, std::chars_format::hex);
  if (error != std::errc() || end != plain.data() + plain.size()) return std::nullopt;
  return number;
}

Result<Value> ParseFloating(std::string_view text, bool negative, std::string_view unsigned_text) {
  const Unsigned parts = SplitBase(unsigned_text);
  const bool hex = parts.base == 16;
  const std::string_view digits = hex ? parts.digits : unsigned_text;
  if (digits.empty() || !UnderscoresAreWellPlaced(digits, hex)) return BadNumber(text);
  const std::optional<double> number =
      hex ? ParseHexFloat(digits) : ParseFloat(WithoutUnderscores(digits));
  if (!number || !std::isfinite(*number)) return BadNumber(text);
  return Value(negative ? -*number : *number);
}

bool LooksLikeFloat(std::string_view unsigned_text, const Unsigned& parts) {
  if (parts.base == 16) return parts.digits.find_first_of(".pP") != std::string_view::npos;
  if (parts.base == 8 && parts.digits.size() == unsigned_text.size() - 1) {
    return unsigned_text.find_first_of(".eE") != std::string_view::npos;  // "0.5"
  }
  return parts.base == 10 && unsigned_text.find_first_of(".eE") != std::string_view::npos;
}

// Reads the escapes of a quoted text one after the other.
class Unquoter {
 public:
  Unquoter(std::string_view body, char quote) : body_(body), quote_(quote) {}

  Status Run(std::string* out) {
    while (at_ < body_.size()) {
      if (body_[at_] != '\\') {
        out->push_back(body_[at_++]);
        continue;
      }
      ++at_;
      Status status = Escape(out);
      if (!status.ok()) return status;
    }
    return {};
  }

 private:
  Status Escape(std::string* out) {
    constexpr std::string_view kNames = "abfnrtv\\";
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\";
    const char c = at_ < body_.size() ? body_[at_] : '\0';
    if (const std::size_t known = kNames.find(c); known != std::string_view::npos) {
      out->push_back(kMeanings[known]);
      ++at_;
      return {};
    }
    if (c == quote_) {
      out->push_back(c);
      ++at_;
      return {};
    }
    if (c >= '0' && c <= '7') return Numeric(3, 8, /*is_byte=*/true, out);
    ++at_;
    if (c == 'x') return Numeric(2, 16, /*is_byte=*/true, out);
    if (c == 'u') return Numeric(4, 16, /*is_byte=*/false, out);
    if (c == 'U') return Numeric(8, 16, /*is_byte=*/false, out);
    return Error{fmt::format("unknown escape {}", QuoteForMessage(std::string("\\") + c))};
  }

  Status Numeric(std::size_t count, std::uint32_t base, bool is_byte, std::string* out) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < count; ++i, ++at_) {
      const int digit = at_ < body_.size() ? DigitValue(body_[at_]) : 99;
      if (digit >= static_cast<int>(base)) {
        return Error{fmt::format("an escape of {} digits is cut short", count)};
      }
      number = number * base + static_cast<std::uint32_t>(digit);
    }
    if (is_byte && number > 0xff) return Error{"an octal escape is larger than \\377"};
    if (!is_byte && (number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff))) {
      return Error{fmt::format("U+{:04X} is not a character", number)};
    }
    if (is_byte) {
      out->push_back(static_cast<char>(number));
    } else {
      AppendCharacter(number, out);
    }
    return {};
  }

  const std::string_view body_;
  const char quote_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Value> ParseNumber(std::string_view text) {
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) rest.remove_prefix(1);
  if (rest.empty() || (DigitValue(rest.front()) > 9 && rest.front() != '.')) return BadNumber(text);
  if (rest.back() == 'i') return Error{"complex numbers are not supported"};
  const Unsigned parts = SplitBase(rest);
  if (LooksLikeFloat(rest, parts)) return ParseFloating(text, negative, rest);
  return ParseInteger(text, negative, parts);
}

Result<Value> ParseCharacter(std::string_view text) {
  const std::string_view body = text.substr(1, text.size() - 2);
  const bool is_byte =
      body.size() >= 2 && body[0] == '\\' && (body[1] == 'x' || DigitValue(body[1]) < 8);
  std::string plain;
  Status status = Unquoter(body, '\'').Run(&plain);
  if (!status.ok()) return status.error();
  if (is_byte && plain.size() == 1) return Value(int{static_cast<unsigned char>(plain[0])});
  if (plain.empty() || DecodeCharacter(plain, 0).size != plain.size()) {
    return Error{fmt::format("{} is not one character", QuoteForMessage(text))};
  }
  return Value(static_cast<std::int64_t>(DecodeCharacter(plain, 0).value));
}

Result<std::string> Unquote(std::string_view text) {
  const std::string_view body = text.substr(1, text.size() - 2);
  std::string plain;
  if (text.front() == '`') {
    plain = body;
    plain.erase(std::remove(plain.begin(), plain.end(), '\r'), plain.end());
    return plain;
  }
  Status status = Unquoter(body, text.front()).Run(&plain);
  if (!status.ok()) return status.error();
  return plain;
}

}  // namespace tocsin::gotemplate
