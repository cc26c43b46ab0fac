// The WeChat channel: a message of an application of WeChat Work (WeCom), as text or in the little
// Markdown that it knows. https://developer.work.weixin.qq.com/document/path/90236
#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/number.h"
#include "receivers/channels/card_text.h"
#include "receivers/channels/chat_texts.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/wechat_call.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// Of both types. https://developer.work.weixin.qq.com/document/path/90236
constexpr std::size_t kMaxContentBytes = 2048;

// ---- message

// Text knows line breaks and links.
std::string TextLink(const CardLink& link) {
  return fmt::format("<a href=\"{}\">{}</a>", BareUrl(link.url), link.text);
}

// What stands for a character that would be a mark: there are no escapes, but full-width twins.
std::string_view TwinOf(char c, bool is_line_start) {
  switch (c) {
    case '*':
      return "＊";
    case '`':
      return "｀";
    case '[':
      return "［";
    case ']':
      return "］";
    case '#':
      return is_line_start ? "＃" : "";
    case '>':
      return is_line_start ? "＞" : "";
    default:
      return "";
  }
}

std::string WithoutMarks(std::string_view text) {
  std::string out;
  bool is_line_start = true;
  for (const char c : Defuse(text)) {
    const std::string_view twin = TwinOf(c, is_line_start);
    if (twin.empty()) {
      out += c;
    } else {
      out += twin;
    }
    is_line_start = c == '\n' || (is_line_start && c == ' ');
  }
  return out;
}

constexpr CardMarkup kText = {
    .limit = kMaxContentBytes, .length = Utf8BytesIn, .escape = Defuse, .link = TextLink};

// There are three colours: info (green), comment (grey), warning (orange).
CardMarkup MarkdownOf(const MessageCard& card) {
  const bool is_mild = card.severity == Severity::kLow || card.severity == Severity::kInfo;
  return {.limit = kMaxContentBytes,
          .length = Utf8BytesIn,
          .escape = WithoutMarks,
          .link = MarkdownLink,
          .heading_begin = card.resolved ? "**<font color=\"info\">"
                           : is_mild     ? "**<font color=\"comment\">"
                                         : "**<font color=\"warning\">",
          .heading_end = "</font>**",
          .name_begin = "**",
          .name_end = "**"};
}

// A number, as the vendor writes it. What is none is the vendor's to refuse.
JsonValue AgentId(const std::string& id) {
  const std::optional<std::int64_t> number = ParseInt(id);
  return number ? JsonValue(*number) : JsonValue(id);
}

// ---- delivery

class WechatMessages {
 public:
  WechatMessages(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const config::CheckedKeys& keys = settings_.keys;
    const Result<std::string> url = SecretUrlOf(keys, "api_url");
    if (!url) return url.error();
    const Result<std::string> secret = SecretOf(keys, "api_secret");
    if (!secret) return secret.error();
    std::optional<WechatPicture> picture;
    if (notification.picture != nullptr) picture = {notification.picture, Letterhead("image")};
    return calls_.Call({*url, keys.Text("corp_id"), *secret}, Message(texts_.Card(notification)),
                       std::move(picture));
  }

 private:
  // To whom, by whom, and what it is.
  JsonValue Letterhead(const std::string& type) const {
    const config::CheckedKeys& keys = settings_.keys;
    JsonValue json = JsonValue::Object();
    json.SetUnlessEmpty("touser", keys.Text("to_user"));
    json.SetUnlessEmpty("toparty", keys.Text("to_party"));
    json.SetUnlessEmpty("totag", keys.Text("to_tag"));
    json.Set("agentid", AgentId(keys.Text("agent_id")));
    json.Set("msgtype", type);
    return json;
  }

  JsonValue Message(const MessageCard& card) const {
    const std::string type = settings_.keys.Text("message_type");
    JsonValue json = Letterhead(type);
    const std::string content = CardText(card, type == "markdown" ? MarkdownOf(card) : kText);
    json.Set(type, JsonValue::Object({{"content", content}}));
    return json;
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
  const WechatCalls calls_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeWechat(const config::ChannelSettings& settings,
                                const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  auto wechat = std::make_shared<const WechatMessages>(settings, *std::move(texts));
  return MakeNativeHttp(settings, context, [wechat](const Notification& notification) {
    return wechat->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
