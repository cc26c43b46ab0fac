#include "exporter/exposition/negotiation.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "base/number.h"
#include "base/text.h"

namespace tocsin::exposition {
namespace {

constexpr std::string_view kTextType = "text/plain; version=0.0.4; charset=utf-8";

// One entry of a header such as `text/plain;version=0.0.4;q=0.5, */*;q=0.1`.
struct Choice {
  std::string_view what;
  std::string_view version;
  std::string_view escaping;
  double weight = 1;
};

std::string_view Unquote(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

Choice ParseChoice(std::string_view entry) {
  const std::vector<std::string_view> parts = Split(entry, ';');
  Choice choice;
  choice.what = TrimSpace(parts[0]);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t equals = parts[i].find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = TrimSpace(parts[i].substr(0, equals));
    const std::string_view value = Unquote(TrimSpace(parts[i].substr(equals + 1)));
    if (EqualsIgnoreCase(key, "version")) choice.version = value;
    if (EqualsIgnoreCase(key, "escaping")) choice.escaping = value;
    // A weight that cannot be read wins nothing.
    if (EqualsIgnoreCase(key, "q")) choice.weight = ParseFloat(value).value_or(0);
  }
  return choice;
}

std::vector<Choice> ParseChoices(std::string_view header) {
  std::vector<Choice> choices;
  for (std::string_view entry : Split(header, ',')) choices.push_back(ParseChoice(entry));
  return choices;
}

std::optional<Format> FormatOf(const Choice& choice) {
  if (EqualsIgnoreCase(choice.what, "application/openmetrics-text")) {
    const bool known =
        choice.version.empty() || choice.version == "1.0.0" || choice.version == "0.0.1";
    return known ? std::optional(Format::kOpenMetrics) : std::nullopt;
  }
  if (EqualsIgnoreCase(choice.what, "text/plain")) {
    const bool known = choice.version.empty() || choice.version == "0.0.4";
    return known ? std::optional(Format::kText) : std::nullopt;
  }
  if (choice.what == "*/*" || EqualsIgnoreCase(choice.what, "text/*")) return Format::kText;
  return std::nullopt;
}

std::string ContentTypeOf(Format format, const Choice& choice) {
  std::string type(kTextType);
  if (format == Format::kOpenMetrics) {
    type = fmt::format("application/openmetrics-text; version={}; charset=utf-8",
                       choice.version.empty() ? "1.0.0" : choice.version);
  }
  if (choice.escaping == "allow-utf-8") type += "; escaping=allow-utf-8";
  return type;
}

}  // namespace

Negotiated NegotiateFormat(std::string_view accept) {
  Negotiated best{Format::kText, std::string(kTextType)};
  double best_weight = 0;
  for (const Choice& choice : ParseChoices(accept)) {
    const std::optional<Format> format = FormatOf(choice);
    if (!format || !(choice.weight > best_weight)) continue;
    best_weight = choice.weight;
    best = {*format, ContentTypeOf(*format, choice)};
  }
  return best;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  bool by_wildcard = false;
  for (const Choice& choice : ParseChoices(accept_encoding)) {
    if (EqualsIgnoreCase(choice.what, "gzip") || EqualsIgnoreCase(choice.what, "x-gzip")) {
      return choice.weight > 0;
    }
    if (choice.what == "*") by_wildcard = choice.weight > 0;
  }
  return by_wildcard;
}

}  // namespace tocsin::exposition
