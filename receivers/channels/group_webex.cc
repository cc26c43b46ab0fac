// Webex, of alertmanager.yml: one message in Markdown to a room. The bot's token is the credentials
// of `http_config.authorization`.
// https://developer.webex.com/docs/api/v1/messages/create-a-message
#include <utility>

#include "receivers/channels/json_body.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://developer.webex.com/docs/api/v1/messages/create-a-message
constexpr std::size_t kMaxMarkdownBytes = 7439;

// ---- message

JsonValue Message(SettingTexts& settings) {
  JsonValue json =
      JsonValue::Object({{"markdown", TruncateBytes(settings.Text("message"), kMaxMarkdownBytes)}});
  json.SetUnlessEmpty("roomId", settings.Text("room_id"));
  return json;
}

// ---- delivery

class GroupWebex final : public VendorApi {
 public:
  explicit GroupWebex(config::CheckedKeys keys) : keys_(std::move(keys)) {}

  Result<VendorCall> Prepare(const GroupNotification& /*notification*/,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    std::string url = settings.SecretUrl("api_url");
    VendorCall call{PostJson(std::move(url), Message(settings)), nullptr};
    if (!settings.status()) return settings.status().error();
    return call;
  }

 private:
  const config::CheckedKeys keys_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupWebex(const config::AlertmanagerIntegration& settings,
                                   const ChannelContext& /*context*/) {
  return BuiltVendor{std::make_unique<GroupWebex>(settings.keys)};
}

}  // namespace tocsin::receivers
