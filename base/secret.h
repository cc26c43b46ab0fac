// Secret: a text that must never reach a log, an error, a metric or an API answer. It cannot be
// printed; whoever needs the text says so with Reveal().
#pragma once

#include <string>
#include <utility>

namespace tocsin {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  const std::string& Reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string text_;
};

// What is shown in a secret's place, as Prometheus and Alertmanager do.
inline constexpr char kSecretText[] = "<secret>";

}  // namespace tocsin
