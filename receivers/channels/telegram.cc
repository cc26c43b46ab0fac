// The Telegram channel: a message of a bot to a chat, in HTML.
// https://core.telegram.org/bots/api#sendmessage
#include <fmt/format.h>

#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "receivers/channels/card_text.h"
#include "receivers/channels/chat_texts.h"
#include "receivers/channels/multipart_form.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/picture_texts.h"
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

// Once tags and entities are gone. https://core.telegram.org/bots/api#sendphoto
constexpr std::size_t kMaxCaptionUnits = 1024;

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

// The length of a text of ours without its tags, each entity one character.
std::size_t VisibleUnits(std::string_view html) {
  std::string visible;
  for (std::size_t at = 0; at < html.size(); ++at) {
    if (html[at] == '<') {
      at = html.find('>', at);
    } else if (html[at] == '&') {
      at = html.find(';', at);
      visible += '&';
    } else {
      visible += html[at];
    }
    if (at == std::string_view::npos) break;
  }
  return Utf16UnitsIn(visible);
}

// ---- delivery

// The same bot's other method.
std::string PhotoUrl(const std::string& message_url) {
  return message_url.substr(0, message_url.rfind('/')) + "/sendPhoto";
}

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
    const std::string text = CardText(texts_.Card(notification), kMarkup);
    Result<VendorCall> call = TelegramCall(*url, *token, Message(text, *chat));
    if (!call || notification.picture == nullptr) return call;
    return WithPicture(*std::move(call), text, *chat, *notification.picture);
  }

 private:
  // One message where the text is short enough for a caption, else two.
  VendorCall WithPicture(VendorCall message, const std::string& text, const std::string& chat,
                         const std::string& picture) const {
    const bool is_caption = VisibleUnits(text) <= kMaxCaptionUnits;
    VendorCall photo = message;
    photo.request =
        PhotoForm(is_caption ? text : "", chat, picture).Post(PhotoUrl(message.request.url));
    if (!is_caption) return FollowedBy(std::move(message), std::move(photo.request));
    return OrElse(std::move(photo), std::move(message));
  }

  // https://core.telegram.org/bots/api#sendphoto
  MultipartForm PhotoForm(const std::string& caption, const std::string& chat,
                          const std::string& picture) const {
    const config::CheckedKeys& keys = settings_.keys;
    MultipartForm form;
    form.AddText("chat_id", chat);
    if (const std::optional<std::int64_t> thread = ParseInt(keys.Text("message_thread_id"))) {
      form.AddText("message_thread_id", fmt::format("{}", *thread));
    }
    if (!caption.empty()) {
      form.AddText("caption", ToValidUtf8(caption));  // as JSON has it
      form.AddText("parse_mode", "HTML");
    }
    if (keys.Text("disable_notifications") == "true") form.AddText("disable_notification", "true");
    form.AddFile("photo", kPictureFile, kPictureType, picture);
    return form;
  }

  JsonValue Message(const std::string& text, const std::string& chat) const {
    const config::CheckedKeys& keys = settings_.keys;
    JsonValue json = JsonValue::Object({{"chat_id", chat}});
    if (const std::optional<std::int64_t> thread = ParseInt(keys.Text("message_thread_id"))) {
      json.Set("message_thread_id", *thread);
    }
    json.Set("text", text);
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
