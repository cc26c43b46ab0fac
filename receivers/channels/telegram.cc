// The Telegram channel: a message of a bot to a chat, in HTML.
// https://core.telegram.org/bots/api#sendmessage
#include <fmt/format.h>

#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "receivers/channels/card_text.h"
#include "receivers/channels/chat_texts.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/telegram_call.h"
#include "receivers/channels/truncation.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// 4096 characters once tags and entities are gone; counted with them, in the units in which
// Telegram gives lengths: what is a bit too careful.
// https://core.telegram.org/bots/api#sendmessage
// https://core.telegram.org/api/entities#entity-length
constexpr std::size_t kMaxTextUnits = 4096;

// ---- message

// https://core.telegram.org/bots/api#html-style
std::string Escape(std::string_view text) { return EscapeHtml(Defuse(text)); }

std::string LinkOf(const CardLink& link) {
  return fmt::format("<a href=\"{}\">{}</a>", EscapeHtml(link.url), EscapeHtml(link.text));
}

constexpr CardMarkup kMarkup = {.limit = kMaxTextUnits,
                                .length = Utf16UnitsIn,
                                .escape = Escape,
                                .link = LinkOf,
                                .heading_begin = "<b>",
                                .heading_end = "</b>",
                                .name_begin = "<b>",
                                .name_end = "</b>"};

// ---- delivery

class TelegramMessages {
 public:
  TelegramMessages(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const config::CheckedKeys& keys = settings_.keys;
    const Result<std::string> url = SecretUrlOf(keys, "api_url");
    if (!url) return url.error();
    const Result<std::string> token = SecretOf(keys, "bot_token");
    if (!token) return token.error();
    const Result<std::string> chat = SecretOf(keys, "chat_id");
    if (!chat) return chat.error();
    return TelegramCall(*url, *token, Message(texts_.Card(notification), *chat));
  }

 private:
  JsonValue Message(const MessageCard& card, const std::string& chat) const {
    const config::CheckedKeys& keys = settings_.keys;
    JsonValue json = JsonValue::Object({{"chat_id", chat}});
    if (const std::optional<std::int64_t> thread = ParseInt(keys.Text("message_thread_id"))) {
      json.Set("message_thread_id", *thread);
    }
    json.Set("text", CardText(card, kMarkup));
    json.Set("parse_mode", "HTML");
    // The page behind a link is the operator's own.
    json.Set("link_preview_options", JsonValue::Object({{"is_disabled", true}}));
    if (keys.Text("disable_notifications") == "true") json.Set("disable_notification", true);
    return json;
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeTelegram(const config::ChannelSettings& settings,
                                  const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  auto telegram = std::make_shared<const TelegramMessages>(settings, *std::move(texts));
  return MakeNativeHttp(settings, context, [telegram](const Notification& notification) {
    return telegram->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
