// Slack, of alertmanager.yml: one message with one attachment, to an incoming webhook or, with an
// app token, to chat.postMessage. With `update_message` a group has one message, which changes
// with it; a "first notification" begins another one.
// https://docs.slack.dev/reference/methods/chat.update
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
// https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
#include <utility>

#include "receivers/channels/json_body.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/slack_answer.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// Alertmanager's own; Slack shows less of a title.
// https://github.com/prometheus/alertmanager/blob/main/notify/slack/slack.go
constexpr std::size_t kMaxTitleRunes = 1024;

// ---- message

JsonValue Fields(SettingTexts& settings) {
  JsonValue fields = JsonValue::List();
  for (const config::YamlNode& field : ItemsOf(settings.keys(), "fields")) {
    const config::YamlNode* own = FindMember(field, "short");
    const bool is_short = own != nullptr ? own->text == "true" : settings.IsTrue("short_fields");
    JsonValue json = JsonValue::Object();
    json.SetUnlessEmpty("title", settings.Member(field, "title"));
    json.SetUnlessEmpty("value", settings.Member(field, "value"));
    json.Set("short", is_short);
    fields.Append(std::move(json));
  }
  return fields;
}

JsonValue Confirmation(const config::YamlNode& confirm, SettingTexts& settings) {
  JsonValue json = JsonValue::Object();
  for (const char* key : {"text", "title", "ok_text", "dismiss_text"}) {
    json.SetUnlessEmpty(key, settings.Member(confirm, key));
  }
  return json;
}

JsonValue Actions(SettingTexts& settings) {
  JsonValue actions = JsonValue::List();
  for (const config::YamlNode& action : ItemsOf(settings.keys(), "actions")) {
    JsonValue json = JsonValue::Object();
    for (const char* key : {"type", "text", "url", "style", "name", "value"}) {
      json.SetUnlessEmpty(key, settings.Member(action, key));
    }
    const config::YamlNode* confirm = FindMember(action, "confirm");
    if (confirm != nullptr) json.Set("confirm", Confirmation(*confirm, settings));
    actions.Append(std::move(json));
  }
  return actions;
}

JsonValue MarkdownIn(const config::CheckedKeys& keys) {
  if (!keys.Has("mrkdwn_in")) return JsonValue::List({"fallback", "pretext", "text"});
  JsonValue names = JsonValue::List();
  for (const config::YamlNode& name : ItemsOf(keys, "mrkdwn_in")) names.Append(name.text);
  return names;
}

JsonValue Attachment(SettingTexts& settings) {
  JsonValue json = JsonValue::Object();
  json.SetUnlessEmpty("title", TruncateRunes(settings.Text("title"), kMaxTitleRunes));
  for (const char* key : {"title_link", "pretext", "image_url", "thumb_url", "color"}) {
    json.SetUnlessEmpty(key, settings.Text(key));
  }
  for (const char* key : {"text", "fallback", "callback_id", "footer"}) {
    json.Set(key, settings.Text(key));
  }
  json.SetUnlessEmpty("fields", Fields(settings));
  json.SetUnlessEmpty("actions", Actions(settings));
  json.SetUnlessEmpty("mrkdwn_in", MarkdownIn(settings.keys()));
  return json;
}

JsonValue Message(SettingTexts& settings) {
  JsonValue json = JsonValue::Object();
  for (const char* key : {"channel", "username", "icon_emoji", "icon_url"}) {
    json.SetUnlessEmpty(key, settings.Text(key));
  }
  if (settings.IsTrue("link_names")) json.Set("link_names", true);
  json.SetUnlessEmpty("text", settings.Text("message_text"));
  json.Set("attachments", JsonValue::List({Attachment(settings)}));
  return json;
}

// ---- delivery

// What the log remembers of a message.
constexpr char kChannel[] = "channel";
constexpr char kTimestamp[] = "ts";

constexpr std::string_view kPostMethod = "chat.postMessage";

// https://slack.com/api/chat.update, for the address of chat.postMessage.
std::string UpdateUrlOf(const std::string& url) {
  return url.substr(0, url.size() - kPostMethod.size()) + "chat.update";
}

std::optional<SlackPlace> PlaceToUpdate(const GroupNotification& notification) {
  const auto channel = notification.remembered.find(kChannel);
  const auto timestamp = notification.remembered.find(kTimestamp);
  if (notification.reason == NotificationReason::kFirstNotification) return std::nullopt;
  if (channel == notification.remembered.end() || timestamp == notification.remembered.end()) {
    return std::nullopt;
  }
  return SlackPlace{channel->second, timestamp->second};
}

// Notes where the message stands.
VendorCall Remembering(VendorCall call) {
  call.judge = [judge = std::move(call.judge)](const HttpClientResult& result, Timestamp now) {
    VendorStep step = judge(result, now);
    if (step.outcome.kind != Outcome::Kind::kDelivered) return step;
    if (const std::optional<SlackPlace> place = SlackPlaceIn(*result.response)) {
      step.outcome.remember = {{kChannel, place->channel}, {kTimestamp, place->timestamp}};
    }
    return step;
  };
  return call;
}

// The same message in the place of the one that stands there; anew, where that is gone.
VendorCall UpdateOr(VendorCall post, JsonValue message, const SlackPlace& place) {
  message.Set("channel", place.channel);
  message.Set("ts", place.timestamp);
  VendorCall update{PostJson(UpdateUrlOf(post.request.url), message), nullptr};
  update.request.headers = post.request.headers;
  ExpectEcho(&update);
  update.judge = [post = std::move(post)](const HttpClientResult& result,
                                          Timestamp now) -> VendorStep {
    const bool is_gone = result.response && IsGoneFromSlack(*result.response);
    return is_gone ? VendorStep(post) : post.judge(result, now);
  };
  return update;
}

class GroupSlack final : public VendorApi {
 public:
  explicit GroupSlack(config::CheckedKeys keys) : keys_(std::move(keys)) {}

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    const bool has_token = keys_.Has("app_token") || keys_.Has("app_token_file");
    const bool has_url = keys_.Has("api_url") || keys_.Has("api_url_file");
    const std::string url = settings.SecretUrl(has_url ? "api_url" : "app_url");
    JsonValue message = Message(settings);
    VendorCall call{PostJson(url, message), SlackJudge(url)};
    ExpectEcho(&call);
    if (has_token) {
      call.request.headers.emplace_back("Authorization", "Bearer " + settings.Secret("app_token"));
    }
    if (!settings.status()) return settings.status().error();
    // The address may come from a file, which is read only now.
    if (!settings.IsTrue("update_message") || !url.ends_with(kPostMethod)) return call;
    call = Remembering(std::move(call));
    const std::optional<SlackPlace> place = PlaceToUpdate(notification);
    return place ? UpdateOr(std::move(call), std::move(message), *place) : std::move(call);
  }

 private:
  const config::CheckedKeys keys_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupSlack(const config::AlertmanagerIntegration& settings,
                                   const ChannelContext& /*context*/) {
  return BuiltVendor{std::make_unique<GroupSlack>(settings.keys), {}, TimeoutOf(settings.keys)};
}

}  // namespace tocsin::receivers
