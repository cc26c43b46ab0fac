// Rocket.Chat, of alertmanager.yml: one message with one attachment, by chat.postMessage.
// https://developer.rocket.chat/apidocs/post-message
//
// `link_names` is read and changes nothing: the API has no such parameter, and Alertmanager does
// not send it either.
#include <utility>

#include "receivers/channels/rocketchat_call.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// Alertmanager's own.
// https://github.com/prometheus/alertmanager/blob/main/notify/rocketchat/rocketchat.go
constexpr std::size_t kMaxTitleRunes = 1024;

// ---- message

// https://developer.rocket.chat/apidocs/post-message#attachment-field-objects
JsonValue Fields(SettingTexts& settings) {
  JsonValue fields = JsonValue::List();
  for (const config::YamlNode& field : ItemsOf(settings.keys(), "fields")) {
    const config::YamlNode* own = FindMember(field, "short");
    const bool is_short = own != nullptr ? own->text == "true" : settings.IsTrue("short_fields");
    JsonValue json = JsonValue::Object({{"short", is_short}});
    for (const char* key : {"title", "value"}) {
      json.SetUnlessEmpty(key, settings.Member(field, key));
    }
    fields.Append(std::move(json));
  }
  return fields;
}

// Buttons: Rocket.Chat knows no other action, whatever `type` says.
JsonValue Actions(SettingTexts& settings) {
  JsonValue actions = JsonValue::List();
  for (const config::YamlNode& action : ItemsOf(settings.keys(), "actions")) {
    JsonValue json = JsonValue::Object({{"type", "button"}});
    json.SetUnlessEmpty("text", settings.Member(action, "text"));
    json.SetUnlessEmpty("url", settings.Member(action, "url"));
    json.Set("is_webview", false);
    json.SetUnlessEmpty("msg", settings.Member(action, "msg"));
    json.Set("msg_in_chat_window", false);
    actions.Append(std::move(json));
  }
  return actions;
}

JsonValue Attachment(SettingTexts& settings) {
  JsonValue json = JsonValue::Object();
  json.SetUnlessEmpty("title", TruncateRunes(settings.Text("title"), kMaxTitleRunes));
  for (const char* key : {"title_link", "text", "image_url", "thumb_url", "color"}) {
    json.SetUnlessEmpty(key, settings.Text(key));
  }
  json.SetUnlessEmpty("fields", Fields(settings));
  json.SetUnlessEmpty("actions", Actions(settings));
  return json;
}

JsonValue Message(SettingTexts& settings) {
  JsonValue json = JsonValue::Object();
  json.SetUnlessEmpty("channel", settings.Text("channel"));
  json.SetUnlessEmpty("emoji", settings.Text("emoji"));
  json.SetUnlessEmpty("avatar", settings.Text("icon_url"));
  json.Set("attachments", JsonValue::List({Attachment(settings)}));
  return json;
}

// ---- delivery

class GroupRocketchat final : public VendorApi {
 public:
  explicit GroupRocketchat(config::CheckedKeys keys) : keys_(std::move(keys)) {}

  Result<VendorCall> Prepare(const GroupNotification& /*notification*/,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    const std::string url = settings.SecretUrl("api_url");
    const RocketchatSender sender{settings.Secret("token"), settings.Secret("token_id")};
    VendorCall call = RocketchatCall(url, sender, Message(settings));
    if (!settings.status()) return settings.status().error();
    return call;
  }

 private:
  const config::CheckedKeys keys_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupRocketchat(const config::AlertmanagerIntegration& settings,
                                        const ChannelContext& /*context*/) {
  return BuiltVendor{std::make_unique<GroupRocketchat>(settings.keys)};
}

}  // namespace tocsin::receivers
