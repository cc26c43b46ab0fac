// The Google Chat channel: a card to the webhook of a space, in a thread for each alert.
// https://developers.google.com/workspace/chat/quickstart/webhooks
#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "receivers/channels/card_text.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/url_path.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// A message has 32,000 bytes. https://developers.google.com/workspace/chat/create-messages
constexpr std::size_t kMaxBodyBytes = 32'000;
constexpr std::size_t kMaxShortMessageBytes = 1000;
constexpr std::size_t kMaxTextRunes = 3000;
constexpr std::size_t kMaxFactRunes = 150;
constexpr std::size_t kMaxFacts = 40;

// ---- message

// Texts of cards are HTML of a few tags.
// https://developers.google.com/workspace/chat/format-messages#card-formatting
std::string Cut(std::string_view text, std::size_t limit) {
  return EscapeHtml(TruncateRunes(text, limit));
}

JsonValue Paragraph(std::string text) {
  return JsonValue::Object({{"textParagraph", JsonValue::Object({{"text", std::move(text)}})}});
}

// A header has no colour, so that a sign tells it.
std::string Heading(const MessageCard& card) {
  std::string heading = card.heading;
  constexpr std::string_view kSiren = "🚨";
  if (heading.starts_with(kSiren)) heading.replace(0, kSiren.size(), ColorSign(card));
  return TruncateRunes(heading, kMaxFactRunes);
}

JsonValue Widgets(const MessageCard& card) {
  JsonValue widgets = JsonValue::List();
  if (!card.message.empty()) widgets.Append(Paragraph(Cut(card.message, kMaxTextRunes)));
  std::size_t count = 0;
  for (const std::vector<CardFact>* facts : {&card.facts, &card.labels}) {
    for (const CardFact& fact : *facts) {
      if (++count > kMaxFacts) break;
      const JsonValue text = JsonValue::Object({{"topLabel", Cut(fact.name, kMaxFactRunes)},
                                                {"text", Cut(fact.value, kMaxFactRunes)},
                                                {"wrapText", true}});
      widgets.Append(JsonValue::Object({{"decoratedText", text}}));
    }
  }
  std::string others;
  for (const std::string& line : card.others) others += "• " + Cut(line, kMaxFactRunes) + "\n";
  if (card.untold > 0) others += fmt::format("and {} more", card.untold);
  if (!others.empty()) widgets.Append(Paragraph("Also in this group:\n" + others));
  JsonValue buttons = JsonValue::List();
  for (const CardLink& link : card.links) {
    const JsonValue open = JsonValue::Object({{"url", link.url}});
    buttons.Append(JsonValue::Object(
        {{"text", link.text}, {"onClick", JsonValue::Object({{"openLink", open}})}}));
  }
  if (!buttons.empty()) {
    widgets.Append(
        JsonValue::Object({{"buttonList", JsonValue::Object({{"buttons", std::move(buttons)}})}}));
  }
  return widgets;
}

JsonValue Message(const MessageCard& card, const Notification& notification,
                  const std::string& sender) {
  const std::string word = card.resolved ? "RESOLVED" : SeverityWord(card.severity);
  const JsonValue header = JsonValue::Object(
      {{"title", Heading(card)}, {"subtitle", fmt::format("{} · {}", word, sender)}});
  const JsonValue section = JsonValue::Object({{"widgets", Widgets(card)}});
  const JsonValue body =
      JsonValue::Object({{"header", header}, {"sections", JsonValue::List({section})}});
  const JsonValue whole = JsonValue::Object({{"cardId", notification.dedup_key}, {"card", body}});
  // What notifications show, where there is no room for cards.
  return JsonValue::Object(
      {{"cardsV2", JsonValue::List({whole})},
       {"fallbackText", Heading(card)},
       {"thread", JsonValue::Object({{"threadKey", notification.dedup_key}})}});
}

// ---- delivery

class GoogleChatMessages {
 public:
  GoogleChatMessages(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const Result<std::string> url = SecretUrlOf(settings_.keys, "webhook_url");
    if (!url) return url.error();
    // Without it a thread key means nothing.
    const std::string threaded =
        AddUrlParameter(*url, "messageReplyOption", "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD");
    MessageCard card = texts_.Card(notification);
    VendorCall call{PostJson(threaded, Message(card, notification, settings_.sender)), nullptr};
    if (call.request.body.size() > kMaxBodyBytes) {
      ShortenCard(kMaxShortMessageBytes, &card);
      call.request = PostJson(threaded, Message(card, notification, settings_.sender));
    }
    return call;
  }

 private:
  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeGoogleChat(const config::ChannelSettings& settings,
                                    const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  auto chat = std::make_shared<const GoogleChatMessages>(settings, *std::move(texts));
  return MakeNativeHttp(settings, context, [chat](const Notification& notification) {
    return chat->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
