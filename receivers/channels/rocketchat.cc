// The Rocket.Chat channel: a message with one attachment, by chat.postMessage.
// https://developer.rocket.chat/apidocs/post-message
#include <fmt/format.h>

#include <utility>

#include "receivers/channels/chat_texts.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/rocketchat_call.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/truncation.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// Of a message's own text, unless an administrator says otherwise (Message_MaxAllowedSize);
// nothing is said of attachments.
// https://github.com/RocketChat/Rocket.Chat/blob/develop/apps/meteor/server/settings/message.ts
constexpr std::size_t kMaxTextRunes = 5000;
constexpr std::size_t kMaxTitleRunes = 250;
constexpr std::size_t kMaxFieldRunes = 500;
constexpr std::size_t kMaxFields = 40;

// ---- message

// Markdown, but for the title of the attachment.
std::string Cut(std::string_view text, std::size_t limit) {
  return EscapeToFit(text, limit, RunesIn, EscapeMarkdown);
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

// One without a title or a value is refused, and the message with it.
// https://developer.rocket.chat/apidocs/post-message#attachment-field-objects
JsonValue Field(const std::string& title, const std::string& value, bool is_short) {
  return JsonValue::Object(
      {{"short", is_short}, {"title", OrDash(title)}, {"value", OrDash(value)}});
}

std::string Others(const MessageCard& card) {
  std::string text;
  for (const std::string& line : card.others) {
    text += fmt::format("• {}\n", Cut(line, kMaxFieldRunes));
  }
  if (card.untold > 0) text += fmt::format("and {} more", card.untold);
  return text;
}

// Not as title_link or buttons: Rocket.Chat refuses the whole message for an address that it
// does not like, and senders write addresses.
std::string Links(const MessageCard& card) {
  std::string text;
  for (const CardLink& link : card.links) {
    text += (text.empty() ? "" : " · ") + MarkdownLink(link);
  }
  return text;
}

JsonValue Fields(const MessageCard& card) {
  JsonValue fields = JsonValue::List();
  std::size_t count = 0;
  for (const std::vector<CardFact>* facts : {&card.facts, &card.labels}) {
    for (const CardFact& fact : *facts) {
      if (++count > kMaxFields) break;
      fields.Append(Field(Cut(fact.name, kMaxTitleRunes), Cut(fact.value, kMaxFieldRunes),
                          /*is_short=*/true));
    }
  }
  if (const std::string others = Others(card); !others.empty()) {
    fields.Append(Field("Also in this group", others, /*is_short=*/false));
  }
  if (const std::string links = Links(card); !links.empty()) {
    fields.Append(Field("Links", links, /*is_short=*/false));
  }
  return fields;
}

JsonValue Attachment(const MessageCard& card) {
  JsonValue json = JsonValue::Object({{"color", fmt::format("#{:06X}", card.color)},
                                      {"title", TruncateRunes(card.heading, kMaxTitleRunes)}});
  json.SetUnlessEmpty("text", Cut(card.message, kMaxTextRunes));
  json.Set("fields", Fields(card));
  return json;
}

// ---- delivery

class RocketchatMessages {
 public:
  RocketchatMessages(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const Result<std::string> url = SecretUrlOf(settings_.keys, "api_url");
    if (!url) return url.error();
    const Result<std::string> token = SecretOf(settings_.keys, "token");
    if (!token) return token.error();
    const Result<std::string> id = SecretOf(settings_.keys, "token_id");
    if (!id) return id.error();
    return RocketchatCall(*url, {*token, *id}, Message(texts_.Card(notification)));
  }

 private:
  JsonValue Message(const MessageCard& card) const {
    const config::CheckedKeys& keys = settings_.keys;
    JsonValue json = JsonValue::Object({{"channel", keys.Text("channel")}});
    json.SetUnlessEmpty("emoji", keys.Text("emoji"));
    json.SetUnlessEmpty("avatar", keys.Url("icon_url"));
    json.Set("attachments", JsonValue::List({Attachment(card)}));
    return json;
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeRocketchat(const config::ChannelSettings& settings,
                                    const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  auto rocketchat = std::make_shared<const RocketchatMessages>(settings, *std::move(texts));
  return MakeNativeHttp(settings, context, [rocketchat](const Notification& notification) {
    return rocketchat->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
