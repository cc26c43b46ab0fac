// The ntfy channel: a message published as JSON to a topic, with a priority by severity and buttons
// that open a page. https://docs.ntfy.sh/publish/#publish-as-json
// With a picture that is the body, and the message stands in headers.
// https://docs.ntfy.sh/publish/#attach-local-file
#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/mail_message.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/picture_texts.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/url_path.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// A longer message becomes an attachment. https://docs.ntfy.sh/publish/#limitations
constexpr std::size_t kMaxMessageBytes = 4096;
constexpr std::size_t kMaxTitleRunes = 250;
constexpr std::size_t kMaxButtons = 3;  // https://docs.ntfy.sh/publish/#action-buttons
constexpr std::size_t kMaxFactRunes = 200;

// ---- message

// https://docs.ntfy.sh/publish/#message-priority
int PriorityOf(const MessageCard& card) {
  if (card.resolved) return 2;
  switch (card.severity) {
    case Severity::kCritical:
      return 5;
    case Severity::kHigh:
      return 4;
    case Severity::kMedium:
      return 3;
    case Severity::kLow:
    case Severity::kInfo:
      break;
  }
  return 2;
}

// Names of emojis, which ntfy puts in front of the title: the colour of the severity.
// https://docs.ntfy.sh/emojis/
const char* TagOf(const MessageCard& card) {
  if (card.resolved) return "white_check_mark";
  switch (card.severity) {
    case Severity::kCritical:
      return "red_circle";
    case Severity::kHigh:
      return "orange_circle";
    case Severity::kMedium:
      return "yellow_circle";
    case Severity::kLow:
      return "green_circle";
    case Severity::kInfo:
      break;
  }
  return "large_blue_circle";
}

std::string TitleOf(const MessageCard& card) {
  const std::string word = card.resolved ? "RESOLVED" : SeverityWord(card.severity);
  return TruncateRunes(fmt::format("{}: {}", word, card.title), kMaxTitleRunes);
}

std::string TextOf(const MessageCard& card) {
  // However much a rule has to say, there is room for the facts.
  std::string text = TruncateBytes(card.message, kMaxMessageBytes / 2);
  for (const std::vector<CardFact>* facts : {&card.facts, &card.labels}) {
    for (const CardFact& fact : *facts) {
      text += fmt::format("\n{}: {}", fact.name, TruncateRunes(fact.value, kMaxFactRunes));
    }
  }
  for (const std::string& line : card.others) {
    text += "\n• " + TruncateRunes(line, kMaxFactRunes);
  }
  if (card.untold > 0) text += fmt::format("\nand {} more", card.untold);
  return TruncateBytes(text, kMaxMessageBytes);
}

JsonValue Buttons(const MessageCard& card) {
  JsonValue buttons = JsonValue::List();
  for (std::size_t i = 0; i < card.links.size() && i < kMaxButtons; ++i) {
    buttons.Append(JsonValue::Object(
        {{"action", "view"}, {"label", card.links[i].text}, {"url", card.links[i].url}}));
  }
  return buttons;
}

// In encoded words where it is no plain text, all on one line.
// https://docs.ntfy.sh/publish/#message-title
std::string HeaderText(std::string_view text) {
  std::string encoded = EncodeHeader(ToValidUtf8(text));
  std::erase_if(encoded, [](char c) { return c == '\r' || c == '\n'; });
  return encoded;
}

// ---- delivery

class NtfyMessages {
 public:
  NtfyMessages(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    Result<std::string> url = SecretUrlOf(settings_.keys, "url");
    if (!url) return url.error();
    const Result<std::string> token = SecretOf(settings_.keys, "token");
    if (!token) return token.error();
    const auto call = [&token](HttpClientRequest request) {
      if (!token->empty()) request.headers.emplace_back("Authorization", "Bearer " + *token);
      return VendorCall{std::move(request), nullptr};
    };
    const MessageCard card = texts_.Card(notification);
    VendorCall message = call(PostJson(*url, Message(card)));
    if (notification.picture == nullptr) return message;
    // Not every server takes files.
    return OrElse(call(Upload(*url, card, *notification.picture)), std::move(message));
  }

 private:
  HttpClientRequest Upload(const std::string& url, const MessageCard& card,
                           const std::string& picture) const {
    HttpClientRequest request;
    request.method = "PUT";
    request.url = JoinUrlPath(url, PercentEncode(settings_.keys.Text("topic")));
    request.headers = {{"Content-Type", std::string(kPictureType)},
                       {"X-Filename", std::string(kPictureFile)},
                       {"X-Title", HeaderText(TitleOf(card))},
                       {"X-Message", HeaderText(TextOf(card))},
                       {"X-Priority", fmt::format("{}", PriorityOf(card))},
                       {"X-Tags", TagOf(card)}};
    if (!card.links.empty()) {
      request.headers.emplace_back("X-Click", HeaderText(card.links.front().url));
      request.headers.emplace_back("X-Actions", HeaderText(Buttons(card).Write()));
    }
    request.body = picture;
    return request;
  }

  JsonValue Message(const MessageCard& card) const {
    JsonValue json = JsonValue::Object({{"topic", settings_.keys.Text("topic")},
                                        {"title", TitleOf(card)},
                                        {"message", TextOf(card)},
                                        {"priority", PriorityOf(card)},
                                        {"tags", JsonValue::List({TagOf(card)})}});
    if (!card.links.empty()) json.Set("click", card.links.front().url);
    json.SetUnlessEmpty("actions", Buttons(card));
    return json;
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeNtfy(const config::ChannelSettings& settings,
                              const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  auto ntfy = std::make_shared<const NtfyMessages>(settings, *std::move(texts));
  return MakeNativeHttp(settings, context, [ntfy](const Notification& notification) {
    return ntfy->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
