// The webhook of alertmanager.yml: one POST with version 4 of Alertmanager's JSON for each
// notification. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
//
// The body is that of Alertmanager 0.34, byte for byte but for the precision of times
// (milliseconds) and the order of annotations; or what `payload` says. The address is a secret, and
// so is what its template says: reasons tell where it failed, and nothing of it.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/json_text.h"
#include "base/number.h"
#include "base/text.h"
#include "base/url_user_info.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"
#include "receivers/templates/template_data.h"

namespace tocsin::receivers {
namespace {

// Go's zero time: the alert has not ended.
constexpr std::string_view kNotEnded = "0001-01-01T00:00:00Z";

// ---- messages

void AppendMember(std::string_view name, std::string_view value, std::string* out) {
  AppendHtmlSafeJsonString(name, out);
  out->push_back(':');
  AppendHtmlSafeJsonString(value, out);
}

// Pairs of a name and a value, as a JSON object.
template <typename Pairs>
void AppendObject(const Pairs& pairs, std::string* out) {
  out->push_back('{');
  bool first = true;
  for (const auto& [name, value] : pairs) {
    if (!first) out->push_back(',');
    first = false;
    AppendMember(name, value, out);
  }
  out->push_back('}');
}

// As Go writes times: without zeros at the end of the fraction.
std::string Rfc3339Nano(Timestamp t) {
  std::string text = FormatRfc3339(t);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of("0Z") + 1);
  return text + "Z";
}

void AppendAlert(const FrozenAlert& frozen, std::string* out) {
  const PostedAlert& alert = *frozen.alert;
  *out += frozen.resolved ? R"({"status":"resolved","labels":)" : R"({"status":"firing","labels":)";
  AppendObject(alert.labels, out);
  *out += R"(,"annotations":)";
  AppendObject(alert.annotations, out);
  *out +=
      fmt::format(R"(,"startsAt":"{}","endsAt":"{}","generatorURL":)", Rfc3339Nano(alert.starts_at),
                  frozen.resolved ? Rfc3339Nano(alert.ends_at) : kNotEnded);
  AppendHtmlSafeJsonString(alert.generator_url, out);
  *out += fmt::format(R"(,"fingerprint":"{}"}})", FormatHex64(alert.fingerprint));
}

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

template <typename From>
Pairs PairsOf(const From& from) {
  Pairs pairs;
  for (const auto& [name, value] : from) pairs.emplace_back(name, value);
  return pairs;
}

// What all alerts have in common. Both lists are sorted by name.
void KeepCommon(const Pairs& other, Pairs* common) {
  std::erase_if(*common, [&](const auto& pair) {
    return !std::binary_search(other.begin(), other.end(), pair);
  });
}

std::string Body(const GroupNotification& notification, const MessageTexts& texts) {
  const std::vector<FrozenAlert>& told = notification.alerts;
  Pairs labels = PairsOf(told.front().alert->labels);
  Pairs annotations = PairsOf(told.front().alert->annotations);
  std::string alerts;
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (i > 0) {
      alerts.push_back(',');
      KeepCommon(PairsOf(told[i].alert->labels), &labels);
      KeepCommon(PairsOf(told[i].alert->annotations), &annotations);
    }
    AppendAlert(told[i], &alerts);
  }
  std::string out = R"({"receiver":)";
  AppendHtmlSafeJsonString(QuoteForRegex(notification.receiver), &out);
  out += fmt::format(R"(,"status":"{}","alerts":[)", StatusOf(told));
  out += alerts;
  out += fmt::format(R"(],"notification_reason":"{}","groupLabels":)",
                     NotificationReasonText(notification.reason));
  AppendObject(notification.group_labels, &out);
  out += R"(,"commonLabels":)";
  AppendObject(labels, &out);
  out += R"(,"commonAnnotations":)";
  AppendObject(annotations, &out);
  out += R"(,"routeLabels":)";
  AppendObject(texts.route_labels(), &out);
  out += R"(,"externalURL":)";
  AppendHtmlSafeJsonString(notification.external_url, &out);
  out += R"(,"version":"4","groupKey":)";
  AppendHtmlSafeJsonString(notification.group_key, &out);
  out += fmt::format(R"(,"truncatedAlerts":{}}})", notification.truncated_alerts);
  out.push_back('\n');
  return out;
}

// Where a template failed, of a message that begins with it ("url:1:7: ...").
std::string_view PlaceIn(std::string_view message) { return message.substr(0, message.find(": ")); }

// ---- delivery

class GroupWebhook final : public VendorApi {
 public:
  explicit GroupWebhook(config::CheckedKeys keys)
      : keys_(std::move(keys)),
        max_alerts_(static_cast<std::size_t>(ParseInt(keys_.Text("max_alerts")).value_or(0))) {}

  std::size_t max_alerts() const override { return max_alerts_; }

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    VendorCall call;
    HttpClientRequest& request = call.request;
    request.method = "POST";
    request.url = Url(settings);
    request.body = keys_.Has("payload") ? settings.Payload("payload") : Body(notification, texts);
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
    const bool is_file = keys_.Has("url_file");
    const std::string text = settings.Secret("url");
    if (!settings.status()) return "";
    const char* const key = is_file ? "url_file" : "url";
    Result<std::string> url = settings.texts().RenderText(key, text);
    if (!url) {
      settings.Fail(
          Error{fmt::format("{}: its template fails at {}", key, PlaceIn(url.message()))});
      return "";
    }
    // What labels make of it is nothing that trying again could mend.
    if (url->empty()) {
      settings.Fail(Error{fmt::format("{}: the URL is empty", key)});
    } else if (Status checked = CheckUrlWithUserInfo(*url); !checked) {
      settings.Fail(Error{fmt::format("{}: {}", key, checked.message())});
    }
    return *std::move(url);
  }

  const config::CheckedKeys keys_;
  const std::size_t max_alerts_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupWebhook(const config::AlertmanagerIntegration& settings) {
  return BuiltVendor{std::make_unique<GroupWebhook>(settings.keys), {}, TimeoutOf(settings.keys)};
}

}  // namespace tocsin::receivers
