// incident.io, of alertmanager.yml: the group as Alertmanager's JSON, to an alert source.
// https://api-docs.incident.io/tag/Alert-Events-V2
//
// The body is that of Alertmanager 0.34, which is the webhook's but for its version; of times and
// annotations the same is true as there (group_webhook.cc).
#include <algorithm>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"
#include "receivers/pipeline/notification_log.h"
#include "receivers/templates/template_data.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// More is refused.
// https://github.com/prometheus/alertmanager/blob/main/notify/incidentio/incidentio.go
constexpr std::size_t kMaxBodyBytes = 512 << 10;

// ---- message

// Go's zero time: the alert has not ended.
constexpr std::string_view kNotEnded = "0001-01-01T00:00:00Z";

// Of Alertmanager's message to incident.io, not of the webhook's.
constexpr char kVersion[] = "1";

// Pairs of a name and a value, sorted by name.
using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

template <typename From>
Pairs PairsOf(const From& from) {
  Pairs pairs;
  for (const auto& [name, value] : from) pairs.emplace_back(name, value);
  return pairs;
}

JsonValue ObjectOf(const Pairs& pairs) {
  JsonValue json = JsonValue::Object();
  for (const auto& [name, value] : pairs) json.Set(name, value);
  return json;
}

// What all alerts have in common of what `get` gives.
template <typename Get>
Pairs CommonOf(const std::vector<FrozenAlert>& alerts, const Get& get) {
  Pairs common = get(alerts.front());
  for (const FrozenAlert& alert : alerts) {
    const Pairs pairs = get(alert);
    std::erase_if(common, [&pairs](const auto& pair) {
      return !std::binary_search(pairs.begin(), pairs.end(), pair);
    });
  }
  return common;
}

Pairs LabelsOf(const FrozenAlert& alert) { return PairsOf(alert.alert->labels); }
Pairs AnnotationsOf(const FrozenAlert& alert) { return PairsOf(alert.alert->annotations); }

// As Go writes times: without zeros at the end of the fraction.
std::string Rfc3339Nano(Timestamp t) {
  std::string text = FormatRfc3339(t);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of("0Z") + 1);
  return text + "Z";
}

JsonValue AlertJson(const FrozenAlert& frozen) {
  const PostedAlert& alert = *frozen.alert;
  return JsonValue::Object(
      {{"status", frozen.resolved ? "resolved" : "firing"},
       {"labels", ObjectOf(LabelsOf(frozen))},
       {"annotations", ObjectOf(AnnotationsOf(frozen))},
       {"startsAt", Rfc3339Nano(alert.starts_at)},
       {"endsAt", frozen.resolved ? Rfc3339Nano(alert.ends_at) : std::string(kNotEnded)},
       {"generatorURL", alert.generator_url},
       {"fingerprint", FormatHex64(alert.fingerprint)}});
}

// The first `count` alerts of the group, and what is true of all of them.
JsonValue Message(const GroupNotification& notification, const MessageTexts& texts,
                  std::size_t count) {
  const std::vector<FrozenAlert>& told = notification.alerts;
  JsonValue alerts = JsonValue::List();
  for (std::size_t i = 0; i < count; ++i) alerts.Append(AlertJson(told[i]));
  return JsonValue::Object(
      {{"receiver", QuoteForRegex(notification.receiver)},
       {"status", StatusOf(told)},
       {"alerts", std::move(alerts)},
       {"notification_reason", NotificationReasonText(notification.reason)},
       {"groupLabels", ObjectOf(PairsOf(notification.group_labels))},
       {"commonLabels", ObjectOf(CommonOf(told, LabelsOf))},
       {"commonAnnotations", ObjectOf(CommonOf(told, AnnotationsOf))},
       {"routeLabels", ObjectOf(PairsOf(texts.route_labels()))},
       {"externalURL", notification.external_url},
       {"version", kVersion},
       {"groupKey", notification.group_key},
       // Those that max_alerts leaves out.
       {"truncatedAlerts", static_cast<std::int64_t>(notification.truncated_alerts)}});
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
    VendorCall call{PostJson(url, Message(notification, texts, notification.alerts.size())),
                    nullptr};
    // The first alert opens the incident. If it is too large by itself, incident.io may say so.
    if (call.request.body.size() > kMaxBodyBytes) {
      call.request = PostJson(url, Message(notification, texts, 1));
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

Result<BuiltVendor> MakeGroupIncidentio(const config::AlertmanagerIntegration& settings) {
  BuiltVendor vendor{std::make_unique<GroupIncidentio>(settings.keys)};
  // https://docs.incident.io/api-reference/introduction#rate-limits
  vendor.retried.statuses = {429};
  vendor.timeout = TimeoutOf(settings.keys);
  return vendor;
}

}  // namespace tocsin::receivers
