// The words that a native rule's notification_template may hold in braces, and the texts made of
// them. Pure functions of one alert; escaping is the business of the channel that prints the text.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/alert.h"
#include "base/metrics.h"

namespace tocsin::receivers {

// {rule_name}, {value}, ..., then the metadata by their keys; nothing for a word that is neither.
std::optional<std::string> AlertWord(const Alert& alert, std::string_view external_url,
                                     std::string_view word);

// The newest value; empty for an alert that compares no metric (one that a sender has posted).
std::string ValueText(const Alert& alert);

// {message}: the description, or "name: metric condition threshold (value v)".
std::string DefaultMessage(const Alert& alert);

struct RuleText {
  std::string text;
  std::size_t unknown_placeholders = 0;
};
// The rule's notification_template filled in, of one in JSON form its `text` or `content`; the
// default message where there is none.
RuleText RenderRuleText(const Alert& alert, std::string_view external_url);

// Makes a value fit for the place where it stands ("&" to "&amp;").
using TextEscape = std::function<std::string(std::string_view)>;

// Fills templates in, and counts what it could not fill. Synchronises itself.
class RuleTextRenderer {
 public:
  explicit RuleTextRenderer(MetricRegistry& metrics);
  // RenderRuleText.
  std::string Render(const Alert& alert, std::string_view external_url) const;
  // A template of a channel's settings; `escape`, where there is one, is for each value.
  std::string Fill(const std::string& text, const Alert& alert, std::string_view external_url,
                   const TextEscape& escape) const;

 private:
  void CountUnknown(std::size_t placeholders) const;

  prometheus::Counter& unknown_placeholders_;
};

// Where a person sees the alert; empty without an external URL.
std::string AlertUrl(const Alert& alert, std::string_view external_url);

// When what the notification tells of happened.
Timestamp ChangedAt(const Alert& alert);

}  // namespace tocsin::receivers
