// The braces form of templates: "CPU usage is at {value}% on {host}".
//
// {{ and }} are literal braces. A word that nobody knows stays as written and is counted; nothing
// fails at send time. {value:.1f} sets the decimals of value, metric_value and threshold. There is
// no evaluation of any kind; escaping is the business of the channel that prints the result.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin {

class BracesTemplate {
 public:
  // Fails on an unclosed or stray brace or an empty placeholder, with the byte offset (one-based
  // column) in the message.
  static Result<BracesTemplate> Parse(std::string_view text);

  struct Rendered {
    std::string text;
    std::size_t unknown_placeholders = 0;
  };
  // `lookup` gives the value of a word, or nothing if it knows none. A format suffix applies where
  // the value reads as a number; else the value is used as it is.
  using Lookup = std::function<std::optional<std::string>(std::string_view word)>;
  Rendered Render(const Lookup& lookup) const;

  // The words that stand in braces, in order, for checks.
  std::vector<std::string_view> Placeholders() const;

 private:
  struct Piece {
    std::string text;  // literal, or the placeholder's word
    bool placeholder = false;
    std::string format;  // ".1f", or empty
  };
  std::vector<Piece> pieces_;
};

}  // namespace tocsin
