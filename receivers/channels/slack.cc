// The Slack channel: one attachment of our own design for each message, to an incoming webhook.
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
// https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
#include <fmt/format.h>

#include <utility>

#include "receivers/channels/json_body.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/slack_answer.h"
#include "receivers/channels/truncation.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// Slack says nothing of attachments; these are its limits of blocks.
// https://docs.slack.dev/reference/block-kit/blocks/section-block
constexpr std::size_t kMaxTextRunes = 3000;
constexpr std::size_t kMaxFieldRunes = 2000;
constexpr std::size_t kMaxTitleRunes = 1024;

// ---- message

// https://docs.slack.dev/messaging/formatting-message-text#escaping
std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

// Cut before it is escaped, so that no entity is cut.
std::string Cut(std::string_view text, std::size_t limit) {
  return Escape(TruncateRunes(text, limit));
}

JsonValue Field(const CardFact& fact, bool is_short = true) {
  return JsonValue::Object({{"title", Cut(fact.name, kMaxFieldRunes)},
                            {"value", Cut(fact.value, kMaxFieldRunes)},
                            {"short", is_short}});
}

JsonValue Fields(const MessageCard& card) {
  JsonValue fields = JsonValue::List();
  for (const CardFact& fact : card.facts) fields.Append(Field(fact));
  for (const CardFact& label : card.labels) fields.Append(Field(label));
  if (card.others.empty()) return fields;
  std::string lines;
  for (const std::string& line : card.others) lines += "• " + line + "\n";
  if (card.untold > 0) lines += fmt::format("and {} more", card.untold);
  fields.Append(Field({"Also in this group", std::move(lines)}, /*is_short=*/false));
  return fields;
}

// Buttons that open a page, and change nothing by it.
JsonValue Buttons(const MessageCard& card) {
  JsonValue buttons = JsonValue::List();
  for (const CardLink& link : card.links) {
    buttons.Append(JsonValue::Object({{"type", "button"}, {"text", link.text}, {"url", link.url}}));
  }
  return buttons;
}

JsonValue Attachment(const MessageCard& card, const std::string& sender) {
  const std::string title = Cut(card.heading, kMaxTitleRunes);
  JsonValue json = JsonValue::Object(
      {{"color", fmt::format("#{:06X}", card.color)}, {"title", title}, {"fallback", title}});
  if (!card.links.empty()) json.Set("title_link", card.links.front().url);
  json.SetUnlessEmpty("text", Cut(card.message, kMaxTextRunes));
  json.Set("fields", Fields(card));
  json.SetUnlessEmpty("actions", Buttons(card));
  json.Set("footer", Escape(sender) + " Alert System");
  json.Set("ts", ToUnixMillis(card.at) / 1000);
  return json;
}

// ---- delivery

class SlackMessages {
 public:
  SlackMessages(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const Result<std::string> url = SecretUrlOf(settings_.keys, "webhook_url");
    if (!url) return url.error();
    VendorCall call{PostJson(*url, Message(texts_.Card(notification))), SlackJudge(*url)};
    if (std::optional<Result<std::string>> body = texts_.Body(notification, Escape)) {
      if (!*body) return body->error();
      call.request.body = **std::move(body);
    }
    return call;
  }

 private:
  JsonValue Message(const MessageCard& card) const {
    const config::CheckedKeys& keys = settings_.keys;
    JsonValue json = JsonValue::Object();
    json.SetUnlessEmpty("channel", keys.Text("channel"));
    json.Set("username", keys.Has("username") ? keys.Text("username") : settings_.sender);
    json.SetUnlessEmpty("icon_emoji", keys.Text("icon_emoji"));
    json.SetUnlessEmpty("icon_url", keys.Url("icon_url"));
    json.Set("attachments", JsonValue::List({Attachment(card, settings_.sender)}));
    return json;
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeSlack(const config::ChannelSettings& settings,
                               const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kSlack, context.metrics);
  if (!texts) return texts.error();
  auto slack = std::make_shared<const SlackMessages>(settings, *std::move(texts));
  return MakeNativeHttp(settings, context, [slack](const Notification& notification) {
    return slack->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
