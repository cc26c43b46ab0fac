// The webhook of alertmanager.yml: one POST with version 4 of Alertmanager's JSON for each
// notification. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
//
// The body is that of Alertmanager 0.34, byte for byte but for the precision of times
// (milliseconds) and the order of annotations; or what `payload` says. The address is a secret, and
// so is what its template says: reasons tell where it failed, and nothing of it.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/number.h"
#include "base/url_user_info.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"
#include "receivers/templates/group_body.h"

namespace tocsin::receivers {
namespace {

// Of the body that webhooks get.
constexpr std::string_view kVersion = "4";

// ---- delivery

class GroupWebhook final : public VendorApi {
 public:
  explicit GroupWebhook(config::CheckedKeys keys)
      : keys_(std::move(keys)),
        max_alerts_(static_cast<std::size_t>(ParseInt(keys_.Text("max_alerts")).value_or(0))) {}

  std::size_t max_alerts() const override { return max_alerts_; }

  // What a file says is known when a message is sent.
  bool has_endpoints() const override {
    return keys_.Has("url_file") || SettingTexts::IsTemplate(keys_.SecretOf("url").Reveal());
  }
  std::string EndpointUrl(const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    return Url(settings);
  }

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    VendorCall call;
    HttpClientRequest& request = call.request;
    request.method = "POST";
    request.url = Url(settings);
    request.body = keys_.Has("payload") ? settings.Payload("payload")
                                        : GroupBody(notification, texts.route_labels(), kVersion,
                                                    notification.alerts.size());
    if (!settings.status()) return settings.status().error();
    request.headers.emplace_back("Content-Type", "application/json");
    if (notification.flush_number != 0) {
      request.headers.emplace_back(
          "Idempotency-Key",
          IdempotencyKey(notification.dedup_key, notification.status(), notification.flush_number));
    }
    return call;
  }

 private:
  std::string Url(SettingTexts& settings) const {
    const char* const key = keys_.Has("url_file") ? "url_file" : "url";
    std::string url = settings.FilledSecret("url");
    if (!settings.status()) return "";
    // What labels make of it is nothing that trying again could mend.
    if (url.empty()) {
      settings.Fail(Error{fmt::format("{}: the URL is empty", key)});
    } else if (Status checked = CheckUrlWithUserInfo(url); !checked) {
      settings.Fail(Error{fmt::format("{}: {}", key, checked.message())});
    }
    return url;
  }

  const config::CheckedKeys keys_;
  const std::size_t max_alerts_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupWebhook(const config::AlertmanagerIntegration& settings,
                                     const ChannelContext& /*context*/) {
  return BuiltVendor{std::make_unique<GroupWebhook>(settings.keys), {}, TimeoutOf(settings.keys)};
}

}  // namespace tocsin::receivers
