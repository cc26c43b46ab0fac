// Amazon SNS, of alertmanager.yml: one Publish to a topic, a phone or an endpoint of an app.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
//
// Where only AWS's SDK could find the keys (profiles, roles, those of the machine) every message
// fails with the reason. `use_aws_http_client` says something about the SDK and changes nothing.
#include <functional>
#include <utility>

#include "base/clock.h"
#include "base/group_key.h"
#include "config/environment.h"
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
  // `now` is asked by the thread that prepares.
  // Without access every message fails with the reason, as it does at Alertmanager; the rest of the
  // configuration goes on working.
  GroupSns(config::CheckedKeys keys, Result<SnsAccess> access, std::function<Timestamp()> now)
      : keys_(std::move(keys)),
        target_(SnsTargetOf(keys_)),
        access_(std::move(access)),
        now_(std::move(now)) {}

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    if (!access_) return access_.error();
    SettingTexts settings(keys_, texts);
    const std::string api_url = settings.Text("api_url");
    const std::string address = settings.Text(target_.key);
    const SnsMessage message = Message(notification, settings);
    if (!settings.status()) return settings.status().error();
    return PublishToSns(target_, address, message, api_url, *access_, now_());
  }

 private:
  const config::CheckedKeys keys_;
  const SnsTarget target_;
  const Result<SnsAccess> access_;
  const std::function<Timestamp()> now_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupSns(const config::AlertmanagerIntegration& settings) {
  return BuiltVendor{std::make_unique<GroupSns>(
      settings.keys, SnsAccessOf(settings.keys, config::ProcessEnvironment()),
      [] { return SystemClock().Now(); })};
}

}  // namespace tocsin::receivers
