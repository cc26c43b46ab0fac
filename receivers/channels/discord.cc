// The Discord channel: one embed of our own design for each message.
// https://discord.com/developers/docs/resources/webhook#execute-webhook
#include <fmt/format.h>

#include <utility>

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

// https://discord.com/developers/docs/resources/message#embed-object-embed-limits
constexpr std::size_t kMaxTitleRunes = 256;
// 4096 are allowed, 6000 for the embed as a whole: the fields need their share.
constexpr std::size_t kMaxDescriptionRunes = 2000;
constexpr std::size_t kMaxFieldRunes = 1024;
constexpr std::size_t kMaxFields = 25;
// Counted in bytes: what is a bit too careful.
constexpr std::size_t kMaxAllRunes = 6000;
// A field with more than this is a text, and there are up to 25.
constexpr std::size_t kMaxFactRunes = 120;

// ---- message

// What Markdown would make something of. https://support.discord.com/hc/articles/210298617
std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\*_~`|>[]()#-<@:").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

JsonValue Field(std::string_view name, std::string_view value, std::size_t limit = kMaxFactRunes) {
  // Discord takes no empty field. Cut once before the escapes, so that none is cut in two, and
  // once more for what they add.
  const std::string text = Escape(TruncateRunes(value, limit));
  return JsonValue::Object({{"name", TruncateRunes(name, kMaxTitleRunes)},
                            {"value", text.empty() ? "-" : TruncateRunes(text, kMaxFieldRunes)},
                            {"inline", limit == kMaxFactRunes}});
}

JsonValue Links(const MessageCard& card) {
  std::string text;
  for (const CardLink& link : card.links) {
    const std::string one = fmt::format("[{}](<{}>)", link.text, link.url);
    if (text.size() + one.size() > kMaxFieldRunes) break;
    text += (text.empty() ? "" : " · ") + one;
  }
  if (text.empty()) return JsonValue();
  return JsonValue::Object({{"name", "Links"}, {"value", text}, {"inline", false}});
}

JsonValue Fields(const MessageCard& card) {
  JsonValue fields = JsonValue::List();
  std::size_t count = 0;
  for (const std::vector<CardFact>* facts : {&card.facts, &card.labels}) {
    for (const CardFact& fact : *facts) {
      if (++count <= kMaxFields - 2) fields.Append(Field(fact.name, fact.value));
    }
  }
  std::string lines;
  for (const std::string& line : card.others) lines += TruncateRunes(line, kMaxFactRunes) + "\n";
  if (card.untold > 0) lines += fmt::format("and {} more", card.untold);
  if (!lines.empty()) fields.Append(Field("Also in this group", lines, kMaxFieldRunes / 2));
  if (JsonValue links = Links(card); !links.empty()) fields.Append(std::move(links));
  return fields;
}

JsonValue Embed(const MessageCard& card, const std::string& sender) {
  const bool has_text = !card.message.empty();
  JsonValue json = JsonValue::Object(
      {{"title", TruncateRunes(card.heading, kMaxTitleRunes)},
       {"description", has_text ? TruncateRunes(Escape(card.message), kMaxDescriptionRunes)
                                : "No description provided"},
       {"color", static_cast<std::int64_t>(card.color)}});
  if (!card.links.empty()) json.Set("url", card.links.front().url);
  json.Set("fields", Fields(card));
  json.Set("timestamp", FormatRfc3339(card.at));
  json.Set("footer", JsonValue::Object({{"text", sender + " Alert System"}}));
  return json;
}

// ---- delivery

class DiscordMessages {
 public:
  DiscordMessages(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const Result<std::string> url = SecretUrlOf(settings_.keys, "webhook_url");
    if (!url) return url.error();
    MessageCard card = texts_.Card(notification);
    VendorCall call{PostJson(*url, Message(card)), nullptr};
    if (call.request.body.size() > kMaxAllRunes) {
      ShortenCard(kMaxDescriptionRunes, &card);
      call.request = PostJson(*url, Message(card));
    }
    const std::optional<Result<std::string>> body = texts_.Body(notification, Escape);
    if (body && !*body) return body->error();
    if (body) call.request.body = **body;
    if (notification.picture == nullptr) return call;
    return OrElse(
        WithPicture(*url, body ? **body : PicturedMessage(card, notification), notification),
        std::move(call));
  }

 private:
  // https://discord.com/developers/docs/reference#uploading-files
  static VendorCall WithPicture(const std::string& url, const std::string& json,
                                const Notification& notification) {
    MultipartForm form;
    form.AddText("payload_json", json, "application/json");
    form.AddFile("files[0]", kPictureFile, kPictureType, *notification.picture);
    return {form.Post(url), nullptr};
  }

  // The embed shows the file. A body that a template makes says itself where it is shown.
  std::string PicturedMessage(const MessageCard& card, const Notification& notification) const {
    JsonValue embed = Embed(card, settings_.sender);
    embed.Set("image", JsonValue::Object({{"url", fmt::format("attachment://{}", kPictureFile)}}));
    JsonValue json = Message(std::move(embed));
    json.Set(
        "attachments",
        JsonValue::List({JsonValue::Object({{"id", 0},
                                            {"filename", kPictureFile},
                                            {"description", PictureDescription(notification)}})}));
    return json.Write();
  }

  JsonValue Message(const MessageCard& card) const {
    return Message(Embed(card, settings_.sender));
  }

  JsonValue Message(JsonValue embed) const {
    const config::CheckedKeys& keys = settings_.keys;
    JsonValue json = JsonValue::Object(
        {{"username", keys.Has("username") ? keys.Text("username") : settings_.sender}});
    json.SetUnlessEmpty("avatar_url", keys.Url("avatar_url"));
    // No text of an alert calls anybody.
    json.Set("allowed_mentions", JsonValue::Object({{"parse", JsonValue::List()}}));
    json.Set("embeds", JsonValue::List({std::move(embed)}));
    return json;
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeDiscord(const config::ChannelSettings& settings,
                                 const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kDiscord, context.metrics);
  if (!texts) return texts.error();
  auto discord = std::make_shared<const DiscordMessages>(settings, *std::move(texts));
  return MakeNativeHttp(settings, context, [discord](const Notification& notification) {
    return discord->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
