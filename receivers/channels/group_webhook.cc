// The webhook of alertmanager.yml: one POST with version 4 of Alertmanager's JSON for each
// notification. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
//
// The body is that of Alertmanager 0.34, byte for byte but for the precision of times
// (milliseconds) and the order of annotations.
#include "receivers/channels/group_webhook.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"
#include "receivers/channels/authorized_headers.h"
#include "receivers/channels/configured_http.h"
#include "receivers/channels/http_outcome.h"

namespace tocsin::receivers {
namespace {

// Go's zero time: the alert has not ended.
constexpr std::string_view kNotEnded = "0001-01-01T00:00:00Z";
constexpr Duration kLongestTimeout = std::chrono::hours(24);

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

std::string Body(const GroupNotification& notification, std::size_t max_alerts) {
  const std::vector<FrozenAlert>& all = notification.alerts;
  const std::size_t told = max_alerts == 0 ? all.size() : std::min(max_alerts, all.size());
  Pairs labels = PairsOf(all.front().alert->labels);
  Pairs annotations = PairsOf(all.front().alert->annotations);
  bool firing = false;
  std::string alerts;
  for (std::size_t i = 0; i < told; ++i) {
    if (i > 0) {
      alerts.push_back(',');
      KeepCommon(PairsOf(all[i].alert->labels), &labels);
      KeepCommon(PairsOf(all[i].alert->annotations), &annotations);
    }
    firing |= !all[i].resolved;
    AppendAlert(all[i], &alerts);
  }
  std::string out = R"({"receiver":)";
  AppendHtmlSafeJsonString(notification.receiver, &out);
  out += fmt::format(R"(,"status":"{}","alerts":[)", firing ? "firing" : "resolved");
  out += alerts;
  out += fmt::format(R"(],"notification_reason":"{}","groupLabels":)",
                     NotificationReasonText(notification.reason));
  AppendObject(notification.group_labels, &out);
  out += R"(,"commonLabels":)";
  AppendObject(labels, &out);
  out += R"(,"commonAnnotations":)";
  AppendObject(annotations, &out);
  out += R"(,"routeLabels":)";
  AppendObject(notification.route_labels, &out);
  out += R"(,"externalURL":)";
  AppendHtmlSafeJsonString(notification.external_url, &out);
  out += R"(,"version":"4","groupKey":)";
  AppendHtmlSafeJsonString(notification.group_key, &out);
  out += fmt::format(R"(,"truncatedAlerts":{}}})", all.size() - told);
  out.push_back('\n');
  return out;
}

// ---- delivery

// Of a webhook only network errors and 5xx are tried again within a flush.
Outcome AsAlertmanager(Outcome outcome) {
  const bool client_error = outcome.http_status >= 400 && outcome.http_status < 500;
  if (client_error && outcome.kind == Outcome::Kind::kRetry) {
    outcome.kind = Outcome::Kind::kGiveUp;
    outcome.advice = "tried again at the group's next tick";
  }
  return outcome;
}

class GroupWebhook final : public GroupChannel {
 public:
  GroupWebhook(const config::AlertmanagerIntegration& settings,
               std::unique_ptr<ConfiguredHttp> http, const ChannelContext& context)
      : settings_(settings.webhook), http_(std::move(http)), clock_(context.clock) {}

  void Deliver(const GroupNotification& notification, Duration timeout,
               Channel::Done done) override {
    Result<std::string> url = Url();
    if (!url) {
      return done(Outcome::GiveUp(Failure::kOther, url.message(), "mend url_file"));
    }
    if (url->empty()) {
      return done(Outcome::GiveUp(Failure::kOther, "the URL is empty", "mend url_file"));
    }
    HttpClientRequest request;
    request.method = "POST";
    request.url = *std::move(url);
    request.timeout =
        std::min(timeout, settings_.timeout > Duration(0) ? settings_.timeout : kLongestTimeout);
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = Body(notification, static_cast<std::size_t>(settings_.max_alerts));
    http_->Send(std::move(request),
                [&clock = clock_, done = std::move(done)](const HttpClientResult& result) {
                  done(AsAlertmanager(HttpOutcome(result, clock.Now())));
                });
  }

 private:
  // The file is read for each message: whoever changes the secret need not reload.
  Result<std::string> Url() const {
    if (settings_.url_file.empty()) return settings_.url.Reveal();
    return ReadSecretFile(settings_.url_file);
  }

  const config::AlertmanagerWebhook settings_;
  const std::unique_ptr<ConfiguredHttp> http_;
  const Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<GroupChannel>> MakeGroupWebhook(
    const config::AlertmanagerIntegration& settings, const ChannelContext& context) {
  if (settings.webhook.payload) {
    return Error{"payload of webhook_configs is not supported yet"};
  }
  if (settings.webhook.url.Reveal().find("{{") != std::string::npos) {
    return Error{"templates in the url of webhook_configs are not supported yet"};
  }
  Result<std::unique_ptr<ConfiguredHttp>> http =
      ConfiguredHttp::Make(settings.http, context.http, context.clock);
  if (!http) return http.error();
  return std::unique_ptr<GroupChannel>(
      std::make_unique<GroupWebhook>(settings, *std::move(http), context));
}

}  // namespace tocsin::receivers
