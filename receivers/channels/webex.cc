// The Webex channel: a message of a bot to a room, in Markdown.
// https://developer.webex.com/docs/api/v1/messages/create-a-message
#include <utility>

#include "receivers/channels/card_text.h"
#include "receivers/channels/chat_texts.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/truncation.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://developer.webex.com/docs/api/v1/messages/create-a-message
constexpr std::size_t kMaxMarkdownBytes = 7439;

// ---- message

// https://developer.webex.com/docs/basics#formatting-messages
constexpr CardMarkup kMarkup = {.limit = kMaxMarkdownBytes,
                                .length = Utf8BytesIn,
                                .escape = EscapeMarkdown,
                                .link = MarkdownLink,
                                .heading_begin = "**",
                                .heading_end = "**",
                                .name_begin = "**",
                                .name_end = "**",
                                .line_end = "  \n"};

// ---- delivery

class WebexMessages {
 public:
  WebexMessages(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const Result<std::string> url = SecretUrlOf(settings_.keys, "api_url");
    if (!url) return url.error();
    const Result<std::string> token = SecretOf(settings_.keys, "bot_token");
    if (!token) return token.error();
    const JsonValue message =
        JsonValue::Object({{"roomId", settings_.keys.Text("room_id")},
                           {"markdown", CardText(texts_.Card(notification), kMarkup)}});
    VendorCall call{PostJson(*url, message), nullptr};
    call.request.headers.emplace_back("Authorization", "Bearer " + *token);
    return call;
  }

 private:
  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeWebex(const config::ChannelSettings& settings,
                               const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  auto webex = std::make_shared<const WebexMessages>(settings, *std::move(texts));
  return MakeNativeHttp(settings, context, [webex](const Notification& notification) {
    return webex->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
