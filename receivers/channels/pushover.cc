// The Pushover channel: a message to a user or a group of users, in HTML, with a priority by
// severity. Only who asks for it is woken until somebody acknowledges.
// https://pushover.net/api
#include <fmt/format.h>

#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "receivers/channels/card_text.h"
#include "receivers/channels/chat_texts.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/picture_texts.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/url_path.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://pushover.net/api#limits
constexpr std::size_t kMaxTitleRunes = 250;
constexpr std::size_t kMaxMessageRunes = 1024;
constexpr std::size_t kMaxUrlRunes = 512;
constexpr std::size_t kMaxPictureBytes = 5'242'880;  // https://pushover.net/api#attachments

// ---- message

// https://pushover.net/api#priority
constexpr int kEmergency = 2;  // repeated until it is acknowledged
constexpr int kHigh = 1;       // in quiet hours too
constexpr int kNormal = 0;
constexpr int kLow = -1;  // without a sound

int PriorityOf(const MessageCard& card, bool has_emergencies) {
  if (card.resolved) return kLow;
  switch (card.severity) {
    case Severity::kCritical:
      return has_emergencies ? kEmergency : kHigh;
    case Severity::kHigh:
    case Severity::kMedium:
      return kNormal;
    case Severity::kLow:
    case Severity::kInfo:
      break;
  }
  return kLow;
}

// https://pushover.net/api#html
std::string Escape(std::string_view text) { return EscapeHtml(Defuse(text)); }

std::string LinkOf(const CardLink& link) {
  return fmt::format("<a href=\"{}\">{}</a>", EscapeHtml(link.url), EscapeHtml(link.text));
}

constexpr CardMarkup kMarkup = {.limit = kMaxMessageRunes,
                                .length = RunesIn,
                                .escape = Escape,
                                .link = LinkOf,
                                .name_begin = "<b>",
                                .name_end = "</b>",
                                .has_heading = false};

// The first link is the message's own, as far as it fits there; the others stand in the text.
void SetTexts(MessageCard card, JsonValue* json) {
  json->Set("title", TruncateRunes(card.heading, kMaxTitleRunes));
  if (!card.links.empty() && RunesIn(card.links.front().url) <= kMaxUrlRunes) {
    json->Set("url", card.links.front().url);
    json->Set("url_title", card.links.front().text);
    card.links.erase(card.links.begin());
  }
  json->Set("html", 1);
  json->Set("message", CardText(card, kMarkup));
}

// ---- delivery

class PushoverMessages {
 public:
  PushoverMessages(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const config::CheckedKeys& keys = settings_.keys;
    const Result<std::string> url = SecretUrlOf(keys, "api_url");
    if (!url) return url.error();
    const Result<std::string> token = SecretOf(keys, "token");
    if (!token) return token.error();
    const Result<std::string> user = SecretOf(keys, "user_key");
    if (!user) return user.error();
    const MessageCard card = texts_.Card(notification);
    const bool has_emergencies = keys.Text("emergency") == "true";
    const int priority = PriorityOf(card, has_emergencies);
    JsonValue json = JsonValue::Object({{"token", *token}, {"user", *user}});
    SetTexts(card, &json);
    json.Set("timestamp", ToUnixMillis(card.at) / 1000);
    json.Set("priority", priority);
    if (priority == kEmergency) SetEmergency(notification, &json);
    for (const char* key : {"device", "sound"}) json.SetUnlessEmpty(key, keys.Text(key));
    const auto call = [&](const JsonValue& message) {
      VendorCall post{
          PostJson(JoinUrlPath(*url, "messages.json"), message), nullptr, {*token, *user}};
      if (!has_emergencies || priority == kEmergency) return post;
      return FollowedBy(std::move(post), CallOff(*url, *token, notification));
    };
    const std::shared_ptr<const std::string> picture = notification.picture;
    if (picture == nullptr || picture->size() > kMaxPictureBytes) return call(json);
    VendorCall without = call(json);
    json.Set("attachment_base64", Base64Encode(*picture));
    json.Set("attachment_type", kPictureType);
    return OrElse(call(json), std::move(without));
  }

 private:
  // https://pushover.net/api#priority
  void SetEmergency(const Notification& notification, JsonValue* json) const {
    for (const char* key : {"retry", "expire"}) {
      const Duration lasts = ParseDuration(settings_.keys.Text(key)).value_or(Duration(0));
      json->Set(key, lasts / std::chrono::seconds(1));
    }
    json->Set("tags", notification.dedup_key);
  }

  // Of an emergency that is none any more. https://pushover.net/api/receipts#cancel_by_tag
  static HttpClientRequest CallOff(const std::string& url, const std::string& token,
                                   const Notification& notification) {
    return PostJson(JoinUrlPath(url, fmt::format("receipts/cancel_by_tag/{}.json",
                                                 PercentEncode(notification.dedup_key))),
                    JsonValue::Object({{"token", token}}));
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakePushover(const config::ChannelSettings& settings,
                                  const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  auto pushover = std::make_shared<const PushoverMessages>(settings, *std::move(texts));
  return MakeNativeHttp(settings, context, [pushover](const Notification& notification) {
    return pushover->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
