// The Mattermost channel: a post with one attachment through an incoming webhook.
// https://developers.mattermost.com/integrate/reference/message-attachments/
#include <fmt/format.h>

#include <utility>

#include "receivers/channels/chat_texts.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/truncation.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// The text of a post has 16,383 characters; all attachments of one have 760,000.
// https://github.com/mattermost/mattermost/blob/master/server/public/model/post.go
// People read less, and a wall of it is folded.
constexpr std::size_t kMaxTextRunes = 3000;
constexpr std::size_t kMaxTitleRunes = 250;
constexpr std::size_t kMaxFieldRunes = 500;
constexpr std::size_t kMaxFields = 40;

// ---- message

// Texts and values are Markdown, and may call people; titles are shown as they are.
std::string CutMarkdown(std::string_view text, std::size_t limit) {
  return EscapeToFit(text, limit, RunesIn, EscapeMarkdown);
}

std::string CutTitle(std::string_view text) { return Defuse(TruncateRunes(text, kMaxTitleRunes)); }

JsonValue Field(std::string_view title, std::string value, bool is_short) {
  return JsonValue::Object(
      {{"title", CutTitle(title)}, {"value", std::move(value)}, {"short", is_short}});
}

// Buttons would have to ask an integration: links are what there is to open a page.
std::string Links(const MessageCard& card) {
  std::string text;
  for (const CardLink& link : card.links) {
    text += (text.empty() ? "" : " · ") + MarkdownLink(link);
  }
  return text;
}

std::string Others(const MessageCard& card) {
  std::string text;
  for (const std::string& line : card.others) {
    text += fmt::format("• {}\n", CutMarkdown(line, kMaxFieldRunes));
  }
  if (card.untold > 0) text += fmt::format("and {} more", card.untold);
  return text;
}

JsonValue Fields(const MessageCard& card) {
  JsonValue fields = JsonValue::List();
  std::size_t count = 0;
  for (const std::vector<CardFact>* facts : {&card.facts, &card.labels}) {
    for (const CardFact& fact : *facts) {
      if (++count > kMaxFields) break;
      fields.Append(Field(fact.name, CutMarkdown(fact.value, kMaxFieldRunes), /*is_short=*/true));
    }
  }
  if (std::string others = Others(card); !others.empty()) {
    fields.Append(Field("Also in this group", std::move(others), /*is_short=*/false));
  }
  if (std::string links = Links(card); !links.empty()) {
    fields.Append(Field("Links", std::move(links), /*is_short=*/false));
  }
  return fields;
}

JsonValue Attachment(const MessageCard& card, const std::string& sender) {
  const std::string title = CutTitle(card.heading);
  JsonValue json = JsonValue::Object(
      {{"fallback", title}, {"color", fmt::format("#{:06X}", card.color)}, {"title", title}});
  if (!card.links.empty()) json.Set("title_link", card.links.front().url);
  json.SetUnlessEmpty("text", CutMarkdown(card.message, kMaxTextRunes));
  json.Set("fields", Fields(card));
  json.Set("footer", sender + " Alert System");
  return json;
}

// ---- delivery

class MattermostPosts {
 public:
  MattermostPosts(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const Result<std::string> url = SecretUrlOf(settings_.keys, "webhook_url");
    if (!url) return url.error();
    return VendorCall{PostJson(*url, Post(texts_.Card(notification))), nullptr};
  }

 private:
  JsonValue Post(const MessageCard& card) const {
    const config::CheckedKeys& keys = settings_.keys;
    JsonValue json = JsonValue::Object();
    json.SetUnlessEmpty("channel", keys.Text("channel"));
    json.Set("username", keys.Has("username") ? keys.Text("username") : settings_.sender);
    json.SetUnlessEmpty("icon_url", keys.Url("icon_url"));
    json.SetUnlessEmpty("icon_emoji", keys.Text("icon_emoji"));
    json.Set("attachments", JsonValue::List({Attachment(card, settings_.sender)}));
    return json;
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeMattermost(const config::ChannelSettings& settings,
                                    const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  auto mattermost = std::make_shared<const MattermostPosts>(settings, *std::move(texts));
  return MakeNativeHttp(settings, context, [mattermost](const Notification& notification) {
    return mattermost->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
