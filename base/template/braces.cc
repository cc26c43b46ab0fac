#include "base/template/braces.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/number.h"
#include "base/text.h"

namespace tocsin {
namespace {

// As many decimals as a double can have that differ from zero near 1; more would be noise.
constexpr int kMaxDecimals = 17;

Error ErrorAt(std::size_t offset, std::string_view what) {
  return Error{fmt::format("column {}: {}", offset + 1, what)};
}

// ".1f", ".12f": the only suffixes there are.
std::optional<int> ParseDecimals(std::string_view format) {
  if (format.size() < 3 || format.front() != '.' || format.back() != 'f') return std::nullopt;
  const std::string_view digits = format.substr(1, format.size() - 2);
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const std::optional<std::int64_t> decimals = ParseInt(digits);
  if (!decimals || *decimals > kMaxDecimals) return std::nullopt;
  return static_cast<int>(*decimals);
}

// What a label holds may look like a number ("0123") and is not one.
bool IsNumberWord(std::string_view word) {
  return word == "value" || word == "metric_value" || word == "threshold";
}

std::string ApplyFormat(std::string_view word, std::string value, std::string_view format) {
  const std::optional<int> decimals = IsNumberWord(word) ? ParseDecimals(format) : std::nullopt;
  const std::optional<double> number = ParseFloat(value);
  if (!decimals || !number || !std::isfinite(*number)) return value;
  return fmt::format("{:.{}f}", *number, *decimals);
}

}  // namespace

Result<BracesTemplate> BracesTemplate::Parse(std::string_view text) {
  BracesTemplate parsed;
  std::string literal;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c != '{' && c != '}') {
      literal.push_back(c);
      ++at;
      continue;
    }
    if (at + 1 < text.size() && text[at + 1] == c) {
      literal.push_back(c);
      at += 2;
      continue;
    }
    if (c == '}') return ErrorAt(at, "stray '}'; a literal brace is written '}}'");

    const std::size_t end = text.find_first_of("{}", at + 1);
    if (end == std::string_view::npos || text[end] == '{') {
      return ErrorAt(at, "'{' is never closed; a literal brace is written '{{'");
    }
    const std::string_view inside = text.substr(at + 1, end - at - 1);
    const std::size_t colon = std::min(inside.find(':'), inside.size());
    Piece piece;
    piece.text = inside.substr(0, colon);
    piece.placeholder = true;
    if (piece.text.empty())
      return ErrorAt(at, "the placeholder is empty; put a word in the braces");
    if (colon < inside.size()) {
      piece.format = inside.substr(colon + 1);
      if (!ParseDecimals(piece.format)) {
        return ErrorAt(at + 1 + colon, fmt::format("unknown format {}; use .0f to .{}f",
                                                   QuoteForMessage(piece.format), kMaxDecimals));
      }
    }
    if (!literal.empty()) parsed.pieces_.push_back({std::exchange(literal, {}), false, {}});
    parsed.pieces_.push_back(std::move(piece));
    at = end + 1;
  }
  if (!literal.empty()) parsed.pieces_.push_back({std::move(literal), false, {}});
  return parsed;
}

BracesTemplate::Rendered BracesTemplate::Render(const Lookup& lookup) const {
  Rendered rendered;
  for (const Piece& piece : pieces_) {
    if (!piece.placeholder) {
      rendered.text += piece.text;
    } else if (std::optional<std::string> value = lookup(piece.text)) {
      rendered.text += ApplyFormat(piece.text, *std::move(value), piece.format);
    } else {
      ++rendered.unknown_placeholders;
      rendered.text += '{' + piece.text;
      if (!piece.format.empty()) rendered.text += ':' + piece.format;
      rendered.text += '}';
    }
  }
  return rendered;
}

std::vector<std::string_view> BracesTemplate::Placeholders() const {
  std::vector<std::string_view> words;
  for (const Piece& piece : pieces_) {
    if (piece.placeholder) words.push_back(piece.text);
  }
  return words;
}

}  // namespace tocsin
