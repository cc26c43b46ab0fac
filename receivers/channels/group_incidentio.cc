// incident.io, of alertmanager.yml: the group as Alertmanager's JSON, to an alert source.
// https://api-docs.incident.io/tag/Alert-Events-V2
//
// The body is that of Alertmanager 0.34, which is the webhook's but for its version; of times and
// annotations the same is true as there (group_webhook.cc).
#include <utility>

#include "base/number.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"
#include "receivers/templates/group_body.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// More is refused.
// https://github.com/prometheus/alertmanager/blob/main/notify/incidentio/incidentio.go
constexpr std::size_t kMaxBodyBytes = 512 << 10;

// ---- message

// Of Alertmanager's message to incident.io, not of the webhook's.
constexpr std::string_view kVersion = "1";

// The first `count` alerts of the group, and what is true of all of them.
std::string Body(const GroupNotification& notification, const MessageTexts& texts,
                 std::size_t count) {
  return GroupBody(notification, texts.route_labels(), kVersion, count);
}

// ---- delivery

class GroupIncidentio final : public VendorApi {
 public:
  explicit GroupIncidentio(config::CheckedKeys keys)
      : keys_(std::move(keys)),
        max_alerts_(static_cast<std::size_t>(ParseInt(keys_.Text("max_alerts")).value_or(0))) {}

  std::size_t max_alerts() const override { return max_alerts_; }

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    const std::string url = settings.SecretUrl("url");
    VendorCall call;
    call.request.method = "POST";
    call.request.url = url;
    call.request.headers.emplace_back("Content-Type", "application/json");
    call.request.body = Body(notification, texts, notification.alerts.size());
    // The first alert opens the incident. If it is too large by itself, incident.io may say so.
    if (call.request.body.size() > kMaxBodyBytes) {
      call.request.body = Body(notification, texts, 1);
    }
    if (keys_.Has("alert_source_token") || keys_.Has("alert_source_token_file")) {
      call.request.headers.emplace_back("Authorization",
                                        "Bearer " + settings.Secret("alert_source_token"));
    }
    if (!settings.status()) return settings.status().error();
    return call;
  }

 private:
  const config::CheckedKeys keys_;
  const std::size_t max_alerts_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupIncidentio(const config::AlertmanagerIntegration& settings,
                                        const ChannelContext& /*context*/) {
  BuiltVendor vendor{std::make_unique<GroupIncidentio>(settings.keys)};
  // https://docs.incident.io/api-reference/introduction#rate-limits
  vendor.retried.statuses = {429};
  vendor.timeout = TimeoutOf(settings.keys);
  return vendor;
}

}  // namespace tocsin::receivers
