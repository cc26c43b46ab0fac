// Amazon SNS, of alertmanager.yml: one Publish to a topic, a phone or an endpoint of an app.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
//
// `use_aws_http_client` says something about AWS's SDK and changes nothing.
#include <memory>
#include <utility>

#include "base/group_key.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/sns_publish.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

// ---- message

// Alertmanager's id of a message to a topic in order is the group's: it loses the end of what was
// announced a moment ago. Where messages are numbered each has its own, the same for all attempts.
std::string IdOf(const GroupNotification& notification) {
  if (notification.flush_number == 0) return Sha256Hex(notification.group_key);
  return Sha256Hex(
      IdempotencyKey(notification.dedup_key, notification.status(), notification.flush_number));
}

SnsMessage Message(const GroupNotification& notification, SettingTexts& settings) {
  SnsMessage message;
  message.subject = settings.Text("subject");
  message.message = settings.Text("message");
  for (const config::YamlEntry& entry : EntriesOf(settings.keys(), "attributes")) {
    const std::string name = settings.Fill("attributes", entry.key);
    message.attributes[name] = settings.Fill("attributes", entry.value.text);
  }
  message.group_id = Sha256Hex(notification.group_key);
  message.id = IdOf(notification);
  return message;
}

// ---- delivery

class GroupSns final : public VendorApi {
 public:
  GroupSns(config::CheckedKeys keys, std::shared_ptr<const SnsSender> sender)
      : keys_(std::move(keys)), sender_(std::move(sender)) {}

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    const std::string api_url = settings.Text("api_url");
    const std::string address = settings.Text(sender_->target().key);
    const SnsMessage message = Message(notification, settings);
    if (!settings.status()) return settings.status().error();
    return sender_->Publish(address, message, api_url);
  }

  bool has_endpoints() const override { return SettingTexts::IsTemplate(keys_.Text("api_url")); }
  std::string EndpointUrl(const MessageTexts& texts) const override {
    return SettingTexts(keys_, texts).Text("api_url");
  }

 private:
  const config::CheckedKeys keys_;
  const std::shared_ptr<const SnsSender> sender_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupSns(const config::AlertmanagerIntegration& settings,
                                 const ChannelContext& context) {
  Result<std::shared_ptr<const SnsSender>> sender =
      SnsSender::Make(settings.keys, settings.http, context);
  if (!sender) return sender.error();
  return BuiltVendor{std::make_unique<GroupSns>(settings.keys, *std::move(sender))};
}

}  // namespace tocsin::receivers
