#include "base/template/format_verb.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/template/utf8.h"

namespace tocsin::gotemplate {
namespace {

std::string DigitsOf(std::uint64_t number, char verb) {
  switch (verb) {
    case 'b':
      return fmt::format("{:b}", number);
    case 'o':
    case 'O':
      return fmt::format("{:o}", number);
    case 'x':
      return fmt::format("{:x}", number);
    case 'X':
      return fmt::format("{:X}", number);
    default:
      return fmt::format("{}", number);
  }
}

std::string_view PrefixOf(char verb, bool sharp, std::string_view digits) {
  if (verb == 'O') return "0o";
  if (!sharp) return "";
  if (verb == 'b') return "0b";
  if (verb == 'x') return "0x";
  if (verb == 'X') return "0X";
  return verb == 'o' && digits.front() != '0' ? "0" : "";
}

// How many digits there must be: zero padding is a precision that leaves room for the sign.
std::size_t WantedDigits(const FormatFlags& flags, bool has_sign) {
  if (flags.has_precision) return static_cast<std::size_t>(std::max(0, flags.precision));
  if (!flags.zero || flags.minus || !flags.has_width) return 0;
  return static_cast<std::size_t>(std::max(0, flags.width - (has_sign ? 1 : 0)));
}

FormatFlags WithoutZero(FormatFlags flags) {
  flags.zero = false;
  return flags;
}

void AppendEscape(char32_t c, std::string* out) {
  constexpr std::string_view kControls = "\a\b\f\n\r\t\v";
  constexpr std::string_view kNames = "abfnrtv";
  const std::size_t known =
      c < 0x80 ? kControls.find(static_cast<char>(c)) : std::string_view::npos;
  if (known != std::string_view::npos) {
    *out += {'\\', kNames[known]};
  } else if (c < 0x20 || c == 0x7f) {
    *out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
  } else if (c < 0x10000) {
    *out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
  } else {
    *out += fmt::format("\\U{:08x}", static_cast<unsigned>(c));
  }
}

void AppendQuotedCharacter(char32_t c, char quote, bool ascii_only, std::string* out) {
  if (c == static_cast<unsigned char>(quote) || c == '\\') {
    *out += {'\\', static_cast<char>(c)};
  } else if (IsPrintable(c) && (c < 0x80 || !ascii_only)) {
    AppendCharacter(c, out);
  } else {
    AppendEscape(c, out);
  }
}

bool CanStandInBackquotes(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Character c = DecodeCharacter(text, at);
    if (!c.valid || c.value == '`' || c.value == 0xfeff || c.value == 0x7f) return false;
    if (c.value < 0x20 && c.value != '\t') return false;
    at += c.size;
  }
  return true;
}

std::string_view FirstCharacters(std::string_view text, int count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count) at += DecodeCharacter(text, at).size;
  return text.substr(0, at);
}

// Bytes in hexadecimal: a blank between them under ' ', 0x in front under '#'.
std::string HexOf(std::string_view text, char verb, const FormatFlags& flags) {
  if (flags.has_precision) {
    text = text.substr(0, static_cast<std::size_t>(std::max(0, flags.precision)));
  }
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (flags.space && i > 0) out += ' ';
    if (flags.sharp && (i == 0 || flags.space)) out += verb == 'x' ? "0x" : "0X";
    const auto byte = static_cast<unsigned char>(text[i]);
    out += verb == 'x' ? fmt::format("{:02x}", byte) : fmt::format("{:02X}", byte);
  }
  return out;
}

}  // namespace

std::string_view SignOf(bool negative, const FormatFlags& flags) {
  if (negative) return "-";
  if (flags.plus) return "+";
  return flags.space ? " " : "";
}

void AppendPadded(std::string_view text, const FormatFlags& flags, std::string* out) {
  const std::size_t width =
      flags.has_width ? static_cast<std::size_t>(std::max(0, flags.width)) : 0;
  const std::size_t have = width > 0 ? CountCharacters(text) : 0;
  const std::size_t fill = width > have ? width - have : 0;
  if (!flags.minus) out->append(fill, flags.zero ? '0' : ' ');
  out->append(text);
  if (flags.minus) out->append(fill, ' ');
}

void AppendInteger(std::int64_t number, char verb, const FormatFlags& flags, std::string* out) {
  if (flags.has_precision && flags.precision == 0 && number == 0) {
    AppendPadded("", WithoutZero(flags), out);
    return;
  }
  const bool negative = number < 0;
  const std::uint64_t magnitude =
      negative ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  std::string digits = DigitsOf(magnitude, verb);
  const std::string_view sign = SignOf(negative, flags);
  const std::size_t wanted = WantedDigits(flags, !sign.empty());
  if (digits.size() < wanted) digits.insert(0, wanted - digits.size(), '0');
  const std::string_view prefix = PrefixOf(verb, flags.sharp, digits);
  AppendPadded(fmt::format("{}{}{}", sign, prefix, digits), WithoutZero(flags), out);
}

void AppendCharacterVerb(std::int64_t number, char verb, const FormatFlags& flags,
                         std::string* out) {
  const char32_t c =
      number < 0 || number > 0x10ffff ? kReplacementCharacter : static_cast<char32_t>(number);
  std::string text;
  if (verb == 'c') {
    AppendCharacter(c, &text);
  } else if (verb == 'q') {
    text = "'";
    AppendQuotedCharacter(c, '\'', flags.plus, &text);
    text += '\'';
  } else {
    const int digits = flags.has_precision ? std::max(4, flags.precision) : 4;
    text = fmt::format("U+{:0{}X}", static_cast<std::uint64_t>(number), digits);
    if (flags.sharp && number >= 0 && number <= 0x10ffff && IsPrintable(c)) {
      text += " '";
      AppendCharacter(c, &text);
      text += '\'';
    }
  }
  AppendPadded(text, verb == 'U' ? WithoutZero(flags) : flags, out);
}

void AppendText(std::string_view text, char verb, const FormatFlags& flags, std::string* out) {
  if (verb == 'x' || verb == 'X') {
    AppendPadded(HexOf(text, verb, flags), flags, out);
    return;
  }
  if (flags.has_precision) text = FirstCharacters(text, flags.precision);
  if (verb == 's') {
    AppendPadded(text, flags, out);
  } else if (flags.sharp && CanStandInBackquotes(text)) {
    AppendPadded(fmt::format("`{}`", text), flags, out);
  } else {
    AppendPadded(QuoteAsGo(text, flags.plus), flags, out);
  }
}

std::string QuoteAsGo(std::string_view text, bool ascii_only) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const Character c = DecodeCharacter(text, at);
    if (c.valid) {
      AppendQuotedCharacter(c.value, '"', ascii_only, &out);
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
    }
    at += c.size;
  }
  return out + '"';
}

}  // namespace tocsin::gotemplate
