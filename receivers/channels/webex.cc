// The Webex channel: a message of a bot to a room, in Markdown.
// https://developer.webex.com/docs/api/v1/messages/create-a-message
// A picture is the message's file, which makes the request a form.
// https://developer.webex.com/attachments.html
#include <utility>

#include "base/text.h"
#include "receivers/channels/card_text.h"
#include "receivers/channels/chat_texts.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/multipart_form.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/picture_texts.h"
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

// Where a bot may send texts but no files (403), or none of that type (415), the text goes alone.
// https://developer.webex.com/docs/basics
VendorStep JudgeForm(const HttpClientResult& result, Timestamp now) {
  Outcome outcome = HttpOutcome(result, now);
  const int status = outcome.http_status;
  outcome.payload_refused = outcome.payload_refused || status == 403 || status == 415;
  return outcome;
}

class WebexMessages {
 public:
  WebexMessages(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const Result<std::string> url = SecretUrlOf(settings_.keys, "api_url");
    if (!url) return url.error();
    const Result<std::string> token = SecretOf(settings_.keys, "bot_token");
    if (!token) return token.error();
    const auto call = [&token](HttpClientRequest request) {
      request.headers.emplace_back("Authorization", "Bearer " + *token);
      return VendorCall{std::move(request), nullptr};
    };
    const std::string room = settings_.keys.Text("room_id");
    const std::string text = CardText(texts_.Card(notification), kMarkup);
    VendorCall message =
        call(PostJson(*url, JsonValue::Object({{"roomId", room}, {"markdown", text}})));
    if (notification.picture == nullptr) return message;
    MultipartForm form;
    form.AddText("roomId", room);
    form.AddText("markdown", ToValidUtf8(text));  // as JSON has it
    form.AddFile("files", kPictureFile, kPictureType, *notification.picture);
    VendorCall pictured = call(form.Post(*url));
    pictured.judge = JudgeForm;
    return OrElse(std::move(pictured), std::move(message));
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
