#include "receivers/channels/native_texts.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "config/json_template.h"
#include "receivers/templates/payload.h"

namespace tocsin::receivers {
namespace {

// Whose a body is, by the members that only that vendor's have.
NativeTexts::Bodies VendorOf(const config::YamlNode& body) {
  const auto has = [&body](std::string_view member) { return FindMember(body, member) != nullptr; };
  if (has("type") || has("@type")) return NativeTexts::Bodies::kTeams;
  if (has("content") || has("embeds")) return NativeTexts::Bodies::kDiscord;
  if (has("text") || has("attachments") || has("blocks")) return NativeTexts::Bodies::kSlack;
  return NativeTexts::Bodies::kNone;
}

}  // namespace

Result<NativeTexts> NativeTexts::Make(const config::CheckedKeys& keys, Bodies bodies,
                                      MetricRegistry& metrics) {
  NativeTexts texts(metrics);
  texts.bodies_ = bodies;
  const config::YamlNode* node = keys.Find("template");
  if (node == nullptr || node->is_null()) return texts;
  const bool may_be_body = bodies != Bodies::kNone;
  if (may_be_body && node->kind == config::YamlNode::Kind::kMap) {
    texts.body_ = *node;
  } else if (node->kind == config::YamlNode::Kind::kScalar) {
    if (may_be_body) texts.body_ = config::ReadJsonTemplate(node->text);
    if (!texts.body_) texts.text_ = node->text;
  } else {
    return Error{may_be_body ? "template must be a text or a map" : "template must be a text"};
  }
  if (Status checked = config::CheckTemplateTexts(texts.body_ ? *texts.body_ : *node); !checked) {
    return Error{"template: " + checked.message()};
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

std::string NativeTexts::Fill(const std::string& text, const Notification& notification,
                              const TextEscape& escape) const {
  return rule_text_.Fill(text, *notification.alerts[HeadOf(notification)],
                         notification.external_url, escape);
}

std::optional<config::YamlNode> NativeTexts::BodyOfRule(const ThresholdRule& rule) const {
  // The channel's own wins.
  if (bodies_ == Bodies::kNone || !text_.empty()) return std::nullopt;
  std::optional<config::YamlNode> body = config::ReadJsonTemplate(rule.notification_template);
  return body && VendorOf(*body) == bodies_ ? std::move(body) : std::nullopt;
}

std::optional<Result<std::string>> NativeTexts::Body(const Notification& notification,
                                                     const TextEscape& escape) const {
  std::optional<config::YamlNode> of_rule;
  if (!body_) of_rule = BodyOfRule(*notification.alerts[HeadOf(notification)]->rule);
  if (!body_ && !of_rule) return std::nullopt;
  return RenderJsonTemplate(body_ ? *body_ : *of_rule,
                            [&](const std::string& text) -> Result<std::string> {
                              return Fill(text, notification, escape);
                            });
}

}  // namespace tocsin::receivers
