// The Rocket.Chat channel: a message with one attachment, by chat.postMessage.
// https://developer.rocket.chat/apidocs/post-message
// A picture is a message of its own behind it, in the room that the answer names: uploaded, and
// then confirmed, which shows it. Servers before 6.10 do not know how, and show none.
// https://developer.rocket.chat/apidocs/upload-media-files-to-a-room
// https://developer.rocket.chat/apidocs/check-uploaded-file
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/json_library.h"
#include "base/text.h"
#include "receivers/channels/chat_texts.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/multipart_form.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/picture_texts.h"
#include "receivers/channels/rocketchat_call.h"
#include "receivers/channels/sent_secrets.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/url_path.h"

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

// ---- picture

// An id that an answer tells, as a step of a path; empty where it tells none. A conversation of two
// has the ids of both in its own, and the sender's is struck out of answers.
std::string IdAt(const char* place, const HttpClientResponse& answer,
                 const RocketchatSender& sender) {
  const nlohmann::json json = ParseJson(answer.body);
  const nlohmann::json::json_pointer at(place);
  if (!json.contains(at) || !json.at(at).is_string()) return "";
  std::string id = json.at(at).get<std::string>();
  const std::size_t own = id.find(kStruckOut);
  if (own != std::string::npos) id.replace(own, kStruckOut.size(), sender.id);
  // Some steps lead elsewhere.
  return id.find_first_not_of('.') == std::string::npos ? "" : PercentEncode(id);
}

class PictureUpload {
 public:
  PictureUpload(std::string api_url, RocketchatSender sender, const Notification& notification)
      : api_url_(std::move(api_url)),
        sender_(std::move(sender)),
        picture_(notification.picture),
        caption_(Cut(PictureDescription(notification), kMaxFieldRunes)) {}

  // Behind the answer to a message.
  std::optional<VendorCall> After(const HttpClientResponse& message) const {
    const std::string room = IdAt("/message/rid", message, sender_);
    if (room.empty()) return std::nullopt;
    MultipartForm form;
    form.AddFile("file", kPictureFile, kPictureType, *picture_);
    return FollowedBy(Call(form.Post(Url("rooms.media/" + room))),
                      [self = *this, room](const HttpClientResponse& uploaded) {
                        return self.Confirmation(room, uploaded);
                      });
  }

 private:
  std::optional<VendorCall> Confirmation(const std::string& room,
                                         const HttpClientResponse& uploaded) const {
    const std::string file = IdAt("/file/_id", uploaded, sender_);
    if (file.empty()) return std::nullopt;
    return Call(PostJson(Url(fmt::format("rooms.mediaConfirm/{}/{}", room, file)),
                         JsonValue::Object({{"msg", caption_}})));
  }

  std::string Url(const std::string& method) const {
    return JoinUrlPath(api_url_, "api/v1/" + method);
  }

  VendorCall Call(HttpClientRequest request) const {
    SendAs(sender_, &request);
    return {std::move(request), nullptr};
  }

  std::string api_url_;
  RocketchatSender sender_;
  std::shared_ptr<const std::string> picture_;
  std::string caption_;
};

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
    const RocketchatSender sender{*token, *id};
    VendorCall call = RocketchatCall(*url, sender, Message(texts_.Card(notification)));
    if (notification.picture == nullptr) return call;
    return FollowedBy(std::move(call),
                      [upload = PictureUpload(*url, sender, notification)](
                          const HttpClientResponse& answer) { return upload.After(answer); });
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
