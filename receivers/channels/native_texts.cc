#include "receivers/channels/native_texts.h"

#include <fmt/format.h>

#include <utility>

#include "base/template/braces.h"
#include "base/text.h"
#include "config/diagnostics.h"
#include "config/yaml.h"
#include "receivers/templates/payload.h"

namespace tocsin::receivers {
namespace {

// JSON is YAML, too. A placeholder has no quote behind its brace.
std::optional<config::YamlNode> ReadJson(const std::string& text) {
  const std::string_view trimmed = TrimSpace(text);
  if (trimmed.substr(0, 1) != "{" || TrimSpace(trimmed.substr(1)).substr(0, 1) != "\"") {
    return std::nullopt;
  }
  config::Diagnostics ignored;
  config::FileReport report("template", ignored);
  std::optional<config::YamlNode> node = config::ParseYaml(text, report);
  const bool is_json = node && node->kind == config::YamlNode::Kind::kMap && report.errors() == 0;
  return is_json ? node : std::nullopt;
}

Status CheckTexts(const config::YamlNode& node) {
  if (node.kind == config::YamlNode::Kind::kScalar) {
    const Result<BracesTemplate> parsed = BracesTemplate::Parse(node.text);
    return parsed ? Status() : Status(Error{"template: " + parsed.message()});
  }
  for (const config::YamlNode& item : node.items) {
    if (Status checked = CheckTexts(item); !checked) return checked;
  }
  for (const config::YamlEntry& entry : node.entries) {
    if (Status checked = CheckTexts(entry.value); !checked) return checked;
  }
  return {};
}

std::string Fill(const std::string& text, const Notification& notification,
                 const TextEscape& escape) {
  const Result<BracesTemplate> parsed = BracesTemplate::Parse(text);
  if (!parsed) return text;
  const Alert& alert = *notification.alerts[HeadOf(notification)];
  return parsed
      ->Render([&](std::string_view word) -> std::optional<std::string> {
        std::optional<std::string> value = AlertWord(alert, notification.external_url, word);
        return value && escape ? escape(*value) : value;
      })
      .text;
}

}  // namespace

Result<NativeTexts> NativeTexts::Make(const config::CheckedKeys& keys, Bodies bodies,
                                      MetricRegistry& metrics) {
  NativeTexts texts(metrics);
  const config::YamlNode* node = keys.Find("template");
  if (node == nullptr || node->is_null()) return texts;
  const bool may_be_body = bodies == Bodies::kAllowed;
  if (may_be_body && node->kind == config::YamlNode::Kind::kMap) {
    texts.body_ = *node;
  } else if (node->kind == config::YamlNode::Kind::kScalar) {
    if (may_be_body) texts.body_ = ReadJson(node->text);
    if (!texts.body_) texts.text_ = node->text;
  } else {
    return Error{may_be_body ? "template must be a text or a map" : "template must be a text"};
  }
  if (Status checked = CheckTexts(texts.body_ ? *texts.body_ : *node); !checked) {
    return checked.error();
  }
  return texts;
}

MessageCard NativeTexts::Card(const Notification& notification) const {
  std::vector<std::string> messages;
  for (const AlertPtr& alert : notification.alerts) {
    messages.push_back(rule_text_.Render(*alert, notification.external_url));
  }
  if (!text_.empty()) messages[HeadOf(notification)] = Fill(text_, notification, nullptr);
  return MakeMessageCard(notification, messages);
}

std::optional<Result<std::string>> NativeTexts::Body(const Notification& notification,
                                                     const TextEscape& escape) const {
  if (!body_) return std::nullopt;
  return RenderJsonTemplate(*body_, [&](const std::string& text) -> Result<std::string> {
    return Fill(text, notification, escape);
  });
}

}  // namespace tocsin::receivers
