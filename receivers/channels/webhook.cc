// The webhook channel: one POST with a JSON body for each notification.
//
// Two bodies, by the setting `format`: `seed`, the alerting API's own (an object with `alert` and
// `rule`), and `alertmanager`, version 4 of Alertmanager's webhook
// (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config). A retry repeats the
// body and the Idempotency-Key, so a receiver can tell it from a new message.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/json_library.h"
#include "base/json_row.h"
#include "base/text.h"
#include "receivers/alerts/native_alert.h"
#include "receivers/channels/authorized_headers.h"
#include "receivers/channels/channel.h"
#include "receivers/channels/configured_http.h"
#include "receivers/channels/hmac_sha256.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/vendor_call.h"
#include "receivers/templates/ending.h"
#include "receivers/templates/rule_text.h"

namespace tocsin::receivers {
namespace {

using Json = nlohmann::ordered_json;

// ---- configuration

Status CheckSettings(const config::WebhookSettings& settings) {
  if (settings.url.empty()) return Error{"webhook: url is missing"};
  // The address may be the secret: it stands in no message.
  if (Status status = CheckUrl(settings.url.Reveal()); !status) {
    return Error{"webhook: url: " + status.message()};
  }
  if (settings.timeout <= Duration(0)) return Error{"webhook: timeout must be longer than 0s"};
  return {};
}

// ---- messages

// Of the seed body: additions do not change it, a change of meaning would.
constexpr char kSeedVersion[] = "1";
// What Alertmanager sends as endsAt of an alert that has not ended: Go's zero time.
constexpr char kNotEnded[] = "0001-01-01T00:00:00Z";

Json LabelsJson(LabelsView labels) {
  Json out = Json::object();
  for (const Label& label : labels) out[std::string(label.name)] = std::string(label.value);
  return out;
}

std::string Dump(const Json& json) {
  // Metadata are untrusted: bytes that are no UTF-8 become U+FFFD.
  return WriteJson(json);
}

std::string TimeOrNothing(const std::optional<Timestamp>& t) { return t ? FormatRfc3339(*t) : ""; }

std::string SeedAlert(const Alert& alert, NotificationStatus status, const std::string& message) {
  const ThresholdRule& rule = *alert.rule;
  return JsonRow(1024)
      .Text("id", alert.id)
      .Text("name", rule.name)
      .Text("rule_name", rule.name)
      .TextOrNull("description", rule.description)
      .Text("severity", SeverityName(rule.severity))
      .Text("status", status == NotificationStatus::kFiring ? "active" : "resolved")
      .Text("metric_name", rule.metric_name)
      .Text("metric_value", ValueText(alert))
      .Text("threshold", rule.threshold_text)
      .TextOrNull("triggered_at", TimeOrNothing(alert.triggered_at))
      .TextOrNull("resolved_at", TimeOrNothing(alert.resolved_at))
      .TextOrNull("resolved_reason", ResolveReasonName(alert.resolved_reason))
      .LabelMap("metadata", alert.metadata)
      .Text("fingerprint", alert.fingerprint_text())
      .Text("message", WithEnding(alert, message))
      .Finish();
}

std::string SeedRule(const ThresholdRule& rule) {
  JsonRow row;
  row.Text("id", rule.id)
      .Text("name", rule.name)
      .Text("condition", ConditionSymbol(rule.condition))
      .Text("threshold", rule.threshold_text)
      .Number("duration", std::chrono::duration_cast<std::chrono::seconds>(rule.duration).count());
  if (!rule.runbook_url.empty()) row.Text("runbook_url", rule.runbook_url);
  if (!rule.dashboard_url.empty()) row.Text("dashboard_url", rule.dashboard_url);
  return row.Finish();
}

// One alert a message: the seed body has no room for more.
std::string SeedBody(const Notification& notification, const std::vector<std::string>& messages) {
  const Alert& alert = *notification.alerts.front();
  return JsonRow(2048)
      .Text("version", kSeedVersion)
      .Json("alert", SeedAlert(alert, notification.status, messages.front()))
      .Json("rule", SeedRule(*alert.rule))
      .Finish();
}

Json AnnotationsJson(const Alert& alert, const std::string& message) {
  Json out = Json::object();
  for (const auto& [name, value] : NativeAnnotations(alert, message)) out[name] = value;
  return out;
}

Json AlertmanagerAlert(const Alert& alert, const std::string& message) {
  return {{"status", alert.resolved_at ? "resolved" : "firing"},
          {"labels", LabelsJson(alert.labels)},
          {"annotations", AnnotationsJson(alert, message)},
          {"startsAt", FormatRfc3339(alert.triggered_at.value_or(alert.updated_at))},
          {"endsAt", alert.resolved_at ? FormatRfc3339(*alert.resolved_at) : kNotEnded},
          {"generatorURL", ""},
          // Alertmanager's own: of the labels alone.
          {"fingerprint", FormatHex64(alert.labels.view().Fingerprint())}};
}

// The pairs that all objects have in common.
Json Common(const std::vector<Json>& objects) {
  Json common = objects.front();
  for (const Json& object : objects) {
    for (auto it = common.begin(); it != common.end();) {
      const auto same = object.find(it.key());
      it = same != object.end() && *same == it.value() ? std::next(it) : common.erase(it);
    }
  }
  return common;
}

std::string AlertmanagerBody(const Notification& notification,
                             const std::vector<std::string>& messages) {
  Json alerts = Json::array();
  std::vector<Json> labels;
  std::vector<Json> annotations;
  for (std::size_t i = 0; i < notification.alerts.size(); ++i) {
    alerts.push_back(AlertmanagerAlert(*notification.alerts[i], messages[i]));
    labels.push_back(alerts.back()["labels"]);
    annotations.push_back(alerts.back()["annotations"]);
  }
  return Dump({{"receiver", notification.receiver},
               {"status", std::string(NotificationStatusName(notification.status))},
               {"alerts", std::move(alerts)},
               {"notification_reason", notification.reason},
               {"groupLabels", LabelsJson(notification.group_labels)},
               {"commonLabels", Common(labels)},
               {"commonAnnotations", Common(annotations)},
               {"routeLabels", Json::object()},
               {"externalURL", notification.external_url},
               {"version", "4"},
               {"groupKey", notification.group_key},
               {"truncatedAlerts", 0}}) +
         "\n";
}

// ---- delivery

class Webhook final : public Channel {
 public:
  Webhook(config::WebhookSettings settings, std::unique_ptr<ConfiguredHttp> http,
          const ChannelContext& context)
      : settings_(std::move(settings)),
        http_(std::move(http)),
        clock_(context.clock),
        text_(context.metrics) {}

  void Deliver(const Notification& notification, Duration timeout, Done done) override {
    HttpClientRequest request = MakeRequest(notification, timeout);
    if (const Status signed_now = Sign(&request); !signed_now) {
      return done(Outcome::GiveUp(Failure::kOther, signed_now.message(), "mend the configuration"));
    }
    http_->Send(std::move(request), [this, done = std::move(done)](const HttpClientResult& result) {
      done(HttpOutcome(result, clock_.Now()));
    });
  }

 private:
  std::string MakeBody(const Notification& notification) {
    std::vector<std::string> messages;
    for (const AlertPtr& alert : notification.alerts) {
      messages.push_back(text_.Render(*alert, notification.external_url));
    }
    return settings_.format == config::WebhookFormat::kSeed
               ? SeedBody(notification, messages)
               : AlertmanagerBody(notification, messages);
  }

  HttpClientRequest MakeRequest(const Notification& notification, Duration timeout) {
    HttpClientRequest request;
    request.method = "POST";
    request.url = settings_.url.Reveal();
    request.timeout = timeout;
    request.max_response_bytes = kUnreadAnswerBytes;
    request.body = MakeBody(notification);
    for (const auto& [name, value] : settings_.headers) {
      request.headers.emplace_back(name, value.Reveal());
    }
    // The settings win: a receiver may ask for a content type of its own.
    AddHeader("Content-Type", "application/json", &request);
    AddHeader("Idempotency-Key", notification.IdempotencyKey(), &request);
    return request;
  }

  // The file is read for each message: whoever renews it need not reload.
  Status Sign(HttpClientRequest* request) const {
    std::string key = settings_.signing_secret.Reveal();
    if (const std::string& file = settings_.signing_secret_file; !file.empty()) {
      Result<std::string> read = ReadSecretFile(file);
      if (!read) return Error{"signing_secret_file: " + read.message()};
      if (read->empty()) return Error{fmt::format("signing_secret_file: {} is empty", file)};
      key = *std::move(read);
    }
    if (!key.empty()) {
      request->headers.emplace_back(config::kSignatureHeader,
                                    "sha256=" + HmacSha256Hex(key, request->body));
    }
    return {};
  }

  static void AddHeader(std::string_view name, std::string value, HttpClientRequest* request) {
    const bool is_set =
        std::any_of(request->headers.begin(), request->headers.end(),
                    [name](const auto& header) { return EqualsIgnoreCase(header.first, name); });
    if (!is_set) request->headers.emplace_back(name, std::move(value));
  }

  const config::WebhookSettings settings_;
  const std::unique_ptr<ConfiguredHttp> http_;
  const Clock& clock_;
  const RuleTextRenderer text_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeWebhook(const config::ChannelSettings& settings,
                                 const ChannelContext& context) {
  if (Status status = CheckSettings(settings.webhook); !status) return status.error();
  config::HttpConfig http_settings = settings.http;
  http_settings.follow_redirects = false;  // an address is the operator's word
  Result<std::unique_ptr<ConfiguredHttp>> http = ConfiguredHttp::Make(http_settings, context);
  if (!http) return http.error();
  BuiltChannel built;
  built.channel = std::make_unique<Webhook>(settings.webhook, *std::move(http), context);
  built.timeout = settings.webhook.timeout;
  built.send_resolved = settings.webhook.send_resolved;
  return built;
}

}  // namespace tocsin::receivers
