// WeChat Work (WeCom), of alertmanager.yml: one message of an application.
// https://developer.work.weixin.qq.com/document/path/90236
//
// Nothing is cut: WeChat itself cuts what it finds too long (2048 bytes).
#include <fmt/format.h>

#include <utility>

#include "receivers/channels/setting_texts.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"
#include "receivers/channels/wechat_call.h"

namespace tocsin::receivers {
namespace {

// ---- message

// Both contents are there, whichever is meant, and numbers are texts: as Alertmanager sends them.
JsonValue Message(SettingTexts& settings) {
  const bool is_markdown = settings.Plain("message_type") == "markdown";
  const auto content = [](std::string text) {
    return JsonValue::Object({{"content", std::move(text)}});
  };
  const std::string text = settings.Text("message");
  JsonValue json = JsonValue::Object({{"text", content(is_markdown ? "" : text)}});
  json.SetUnlessEmpty("touser", settings.Text("to_user"));
  json.SetUnlessEmpty("toparty", settings.Text("to_party"));
  json.SetUnlessEmpty("totag", settings.Text("to_tag"));
  json.SetUnlessEmpty("agentid", settings.Text("agent_id"));
  json.Set("safe", "0");
  json.SetUnlessEmpty("msgtype", settings.Plain("message_type"));
  json.Set("markdown", content(is_markdown ? text : ""));
  return json;
}

// ---- delivery

// It may be a template. Of one that fails the place is told, and nothing of what it says.
std::string ApiSecret(SettingTexts& settings) {
  const std::string text = settings.Secret("api_secret");
  if (!settings.status()) return "";
  Result<std::string> secret = settings.texts().RenderOrFail("api_secret", text);
  if (secret) return *std::move(secret);
  const std::string_view message = secret.message();
  settings.Fail(Error{
      fmt::format("api_secret: its template fails at {}", message.substr(0, message.find(": ")))});
  return "";
}

class GroupWechat final : public VendorApi {
 public:
  explicit GroupWechat(config::CheckedKeys keys) : keys_(std::move(keys)) {}

  Result<VendorCall> Prepare(const GroupNotification& /*notification*/,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    const WechatSender sender{settings.SecretUrl("api_url"), settings.Text("corp_id"),
                              ApiSecret(settings)};
    JsonValue message = Message(settings);
    if (!settings.status()) return settings.status().error();
    return calls_.Call(sender, std::move(message));
  }

 private:
  const config::CheckedKeys keys_;
  const WechatCalls calls_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupWechat(const config::AlertmanagerIntegration& settings,
                                    const ChannelContext& /*context*/) {
  BuiltVendor vendor{std::make_unique<GroupWechat>(settings.keys)};
  vendor.retried.all = true;
  return vendor;
}

}  // namespace tocsin::receivers
