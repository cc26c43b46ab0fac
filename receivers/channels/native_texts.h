// The texts of a native message: of each alert what its rule says, and what the channel's own
// `template` makes of the first one. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "config/checked_keys.h"
#include "receivers/notification.h"
#include "receivers/templates/message_card.h"
#include "receivers/templates/rule_text.h"

namespace tocsin::receivers {

class NativeTexts {
 public:
  // Whether a template may be the whole body, and whose that is then.
  enum class Bodies : std::uint8_t { kNone, kSlack, kDiscord, kTeams };
  // Fails on a template that is none. `keys` has the channel's `template`: a text in the braces
  // form, or, where bodies are allowed, a map (or JSON in a text), whose texts are such templates.
  static Result<NativeTexts> Make(const config::CheckedKeys& keys, Bodies bodies,
                                  MetricRegistry& metrics);

  // The card of the notification; where the channel has a text for a template, that is its message.
  MessageCard Card(const Notification& notification) const;

  // Where the channel's template is a map, or the rule's one (in JSON form) such a body: the whole
  // body as JSON, each value of an alert escaped.
  std::optional<Result<std::string>> Body(const Notification& notification,
                                          const TextEscape& escape) const;

 private:
  explicit NativeTexts(MetricRegistry& metrics) : rule_text_(metrics) {}

  std::string Fill(const std::string& text, const Notification& notification,
                   const TextEscape& escape) const;
  std::optional<config::YamlNode> BodyOfRule(const ThresholdRule& rule) const;

  RuleTextRenderer rule_text_;
  Bodies bodies_ = Bodies::kNone;
  std::string text_;                      // empty: there is none
  std::optional<config::YamlNode> body_;  // of a template that is a map
};

}  // namespace tocsin::receivers
