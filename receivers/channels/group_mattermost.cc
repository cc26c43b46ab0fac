// Mattermost, of alertmanager.yml: one post through an incoming webhook.
// https://developers.mattermost.com/integrate/webhooks/incoming/
//
// Since Alertmanager 0.32 the keys of an attachment stand beside those of the post, as with Slack,
// and `text` is that attachment's. A receiver that lists `attachments`, as it had to before, is
// told what it was told then: `text` as the post's own, and the attachments of the list.
#include <utility>

#include "base/text.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://developers.mattermost.com/integrate/webhooks/incoming/#tips-and-best-practices
constexpr std::size_t kMaxTextRunes = 16383;

// ---- message

// https://developers.mattermost.com/integrate/reference/message-attachments/
constexpr const char* kBeforeText[] = {"fallback", "color", "pretext"};
constexpr const char* kAfterText[] = {"author_name", "author_link", "author_icon", "title",
                                      "title_link"};
constexpr const char* kAfterFields[] = {"thumb_url", "footer", "footer_icon", "image_url"};

JsonValue Fields(const std::vector<config::YamlNode>& items, SettingTexts& settings) {
  JsonValue fields = JsonValue::List();
  for (const config::YamlNode& item : items) {
    JsonValue field = JsonValue::Object();
    for (const char* key : {"title", "value"}) {
      field.SetUnlessEmpty(key, settings.Member(item, key));
    }
    const config::YamlNode* is_short = FindMember(item, "short");
    if (is_short != nullptr) field.Set("short", is_short->text == "true");
    fields.Append(std::move(field));
  }
  return fields;
}

// `text_of` fills in the setting under a key: of the receiver, or of one item of `attachments`.
template <typename TextOf>
JsonValue Attachment(const TextOf& text_of, std::string text, JsonValue fields) {
  JsonValue json = JsonValue::Object();
  for (const char* key : kBeforeText) json.SetUnlessEmpty(key, text_of(key));
  json.SetUnlessEmpty("text", std::move(text));
  for (const char* key : kAfterText) json.SetUnlessEmpty(key, text_of(key));
  json.SetUnlessEmpty("fields", std::move(fields));
  for (const char* key : kAfterFields) json.SetUnlessEmpty(key, text_of(key));
  return json;
}

JsonValue ListedAttachments(SettingTexts& settings) {
  JsonValue list = JsonValue::List();
  for (const config::YamlNode& item : ItemsOf(settings.keys(), "attachments")) {
    const auto text_of = [&settings, &item](const char* key) { return settings.Member(item, key); };
    const config::YamlNode* fields = FindMember(item, "fields");
    list.Append(Attachment(
        text_of, text_of("text"),
        Fields(fields == nullptr ? std::vector<config::YamlNode>() : fields->items, settings)));
  }
  return list;
}

JsonValue OwnAttachment(std::string text, SettingTexts& settings) {
  return Attachment([&settings](const char* key) { return settings.Text(key); }, std::move(text),
                    Fields(ItemsOf(settings.keys(), "fields"), settings));
}

bool IsTrue(const config::YamlNode& map, std::string_view key) {
  const config::YamlNode* member = FindMember(map, key);
  return member != nullptr && member->text == "true";
}

// What Mattermost would refuse is put right: an unknown priority is the standard one, which has no
// acknowledgements; only urgent posts notify for as long as they are not read.
// https://developers.mattermost.com/integrate/reference/message-priority/
JsonValue Priority(SettingTexts& settings) {
  JsonValue json = JsonValue::Object();
  const config::YamlNode* own = settings.keys().Find("priority");
  if (own == nullptr) return json;
  const config::YamlNode* written = FindMember(*own, "priority");
  if (written == nullptr || written->text.empty()) return json;
  std::string priority = ToLowerAscii(settings.Member(*own, "priority"));
  const bool is_urgent = priority == "urgent";
  const bool is_important = priority == "important";
  if (!is_urgent && !is_important) priority = "standard";
  json.Set("priority", std::move(priority));
  if (IsTrue(*own, "requested_ack") && (is_urgent || is_important)) json.Set("requested_ack", true);
  if (IsTrue(*own, "persistent_notifications") && is_urgent) {
    json.Set("persistent_notifications", true);
  }
  return json;
}

JsonValue Props(SettingTexts& settings) {
  JsonValue json = JsonValue::Object();
  const config::YamlNode* own = settings.keys().Find("props");
  if (own != nullptr) json.SetUnlessEmpty("card", settings.Member(*own, "card"));
  return json;
}

JsonValue Message(SettingTexts& settings) {
  JsonValue json = JsonValue::Object();
  std::string text = TruncateRunes(settings.Text("text"), kMaxTextRunes);
  const bool has_list = !ItemsOf(settings.keys(), "attachments").empty();
  if (has_list) json.SetUnlessEmpty("text", text);
  for (const char* key : {"channel", "username", "icon_url", "icon_emoji"}) {
    json.SetUnlessEmpty(key, settings.Text(key));
  }
  if (has_list) {
    json.Set("attachments", ListedAttachments(settings));
  } else if (JsonValue own = OwnAttachment(std::move(text), settings); !own.empty()) {
    json.Set("attachments", JsonValue::List({std::move(own)}));
  }
  json.SetUnlessEmpty("type", settings.Text("type"));
  json.SetUnlessEmpty("props", Props(settings));
  json.SetUnlessEmpty("priority", Priority(settings));
  return json;
}

// ---- delivery

class GroupMattermost final : public VendorApi {
 public:
  explicit GroupMattermost(config::CheckedKeys keys) : keys_(std::move(keys)) {}

  Result<VendorCall> Prepare(const GroupNotification& /*notification*/,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    std::string url = settings.SecretUrl("webhook_url");
    VendorCall call{PostJson(std::move(url), Message(settings)), nullptr};
    if (!settings.status()) return settings.status().error();
    return call;
  }

 private:
  const config::CheckedKeys keys_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupMattermost(const config::AlertmanagerIntegration& settings,
                                        const ChannelContext& /*context*/) {
  return BuiltVendor{std::make_unique<GroupMattermost>(settings.keys)};
}

}  // namespace tocsin::receivers
