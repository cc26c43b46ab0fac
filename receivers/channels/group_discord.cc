// Discord, of alertmanager.yml: one embed.
// https://discord.com/developers/docs/resources/webhook#execute-webhook
#include <utility>

#include "receivers/channels/json_body.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://discord.com/developers/docs/resources/message#embed-object-embed-limits
constexpr std::size_t kMaxTitleRunes = 256;
constexpr std::size_t kMaxDescriptionRunes = 4096;
// https://discord.com/developers/docs/resources/webhook#execute-webhook
constexpr std::size_t kMaxContentRunes = 2000;

// Alertmanager's colours.
// https://github.com/prometheus/alertmanager/blob/main/notify/discord/discord.go
constexpr int kFiringColor = 0x992D22;
constexpr int kResolvedColor = 0x2ECC71;

// ---- message

JsonValue Message(const GroupNotification& notification, SettingTexts& settings) {
  const bool fires = notification.status() == NotificationStatus::kFiring;
  const JsonValue embed = JsonValue::Object(
      {{"title", TruncateRunes(settings.Text("title"), kMaxTitleRunes)},
       {"description", TruncateRunes(settings.Text("message"), kMaxDescriptionRunes)},
       {"color", fires ? kFiringColor : kResolvedColor}});
  JsonValue json =
      JsonValue::Object({{"content", TruncateRunes(settings.Text("content"), kMaxContentRunes)},
                         {"embeds", JsonValue::List({embed})}});
  for (const char* key : {"username", "avatar_url"}) {
    json.SetUnlessEmpty(key, settings.Plain(key));
  }
  return json;
}

// ---- delivery

class GroupDiscord final : public VendorApi {
 public:
  explicit GroupDiscord(config::CheckedKeys keys) : keys_(std::move(keys)) {}

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    std::string url = settings.SecretUrl("webhook_url");
    VendorCall call{PostJson(std::move(url), Message(notification, settings)), nullptr};
    if (!settings.status()) return settings.status().error();
    return call;
  }

 private:
  const config::CheckedKeys keys_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupDiscord(const config::AlertmanagerIntegration& settings,
                                     const ChannelContext& /*context*/) {
  return BuiltVendor{std::make_unique<GroupDiscord>(settings.keys)};
}

}  // namespace tocsin::receivers
