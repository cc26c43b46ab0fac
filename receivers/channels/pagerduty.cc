// The PagerDuty channel: an event of Events v2 for each alert of a message, under the alert's
// fingerprint, so that one incident follows it from one episode to the next.
// https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
#include <fmt/format.h>

#include <utility>

#include "receivers/channels/json_body.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_incidents.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/truncation.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://developer.pagerduty.com/docs/send-alert-event#parameters
constexpr std::size_t kMaxSummaryRunes = 1024;
// https://developer.pagerduty.com/docs/events-api-v2-overview#size-limits
constexpr std::size_t kMaxEventBytes = 512'000;
constexpr std::size_t kMaxDetailRunes = 4096;
constexpr std::size_t kMaxNameRunes = 256;

// ---- message

std::string_view PagerDutySeverity(Severity severity) {
  switch (severity) {
    case Severity::kCritical:
      return "critical";
    case Severity::kHigh:
      return "error";
    case Severity::kMedium:
      return "warning";
    case Severity::kLow:
    case Severity::kInfo:
      break;
  }
  return "info";
}

JsonValue Details(const Alert& alert, const std::string& message, bool with_metadata) {
  const ThresholdRule& rule = *alert.rule;
  JsonValue details = JsonValue::Object();
  if (!rule.metric_name.empty()) {
    details.Set("metric_value", ValueText(alert));
    details.Set("threshold", TruncateRunes(rule.threshold_text, kMaxNameRunes));
  }
  if (alert.triggered_at) details.Set("triggered_at", FormatRfc3339(*alert.triggered_at));
  details.Set("severity", SeverityName(rule.severity));
  details.SetUnlessEmpty("message", TruncateRunes(message, kMaxDetailRunes));
  if (!with_metadata) return details;
  JsonValue metadata = JsonValue::Object();
  for (const Label& label : alert.metadata) {
    metadata.Set(TruncateRunes(label.name, kMaxNameRunes),
                 TruncateRunes(label.value, kMaxDetailRunes));
  }
  details.SetUnlessEmpty("metadata", std::move(metadata));
  return details;
}

JsonValue Links(const MessageCard& card) {
  JsonValue links = JsonValue::List();
  for (const CardLink& link : card.links) {
    links.Append(JsonValue::Object({{"href", link.url}, {"text", link.text}}));
  }
  return links;
}

JsonValue EventOf(const Alert& alert, const MessageCard& card, const std::string& key,
                  const std::string& sender, bool with_metadata) {
  const ThresholdRule& rule = *alert.rule;
  const bool over = alert.state == AlertState::kResolved;
  const std::string summary = fmt::format("{} - {}", rule.name, SeverityWord(rule.severity));
  const std::string_view host = alert.metadata.Get("host");
  const std::string_view source = host.empty() ? std::string_view(sender) : host;
  JsonValue payload = JsonValue::Object({{"summary", TruncateRunes(summary, kMaxSummaryRunes)},
                                         {"source", TruncateRunes(source, kMaxNameRunes)},
                                         {"severity", PagerDutySeverity(rule.severity)}});
  if (alert.triggered_at) payload.Set("timestamp", FormatRfc3339(*alert.triggered_at));
  payload.SetUnlessEmpty("component", TruncateRunes(rule.metric_name, kMaxNameRunes));
  payload.Set("custom_details", Details(alert, card.message, with_metadata));
  JsonValue event = JsonValue::Object({{"routing_key", key},
                                       {"event_action", over ? "resolve" : "trigger"},
                                       {"dedup_key", alert.fingerprint_text()},
                                       {"client", sender},
                                       {"payload", std::move(payload)}});
  event.SetUnlessEmpty("links", Links(card));
  if (!card.links.empty()) event.Set("client_url", card.links.front().url);
  return event;
}

// Of an incident that is open already, no more is asked for.
JsonValue AcknowledgementOf(const Alert& alert, const std::string& key) {
  return JsonValue::Object({{"routing_key", key},
                            {"event_action", "acknowledge"},
                            {"dedup_key", alert.fingerprint_text()}});
}

// ---- delivery

class PagerDutyEvents {
 public:
  PagerDutyEvents(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const Result<std::string> key = SecretOf(settings_.keys, "routing_key");
    if (!key) return key.error();
    const Result<std::string> url = SecretUrlOf(settings_.keys, "url");
    if (!url) return url.error();
    // The keys keep PagerDuty from opening second incidents when they are sent again.
    return ForEachAlert(notification, texts_, [&](const Alert& alert, const MessageCard& card) {
      return VendorCall{RequestFor(*url, alert, card, *key), nullptr, {*key}};
    });
  }

 private:
  // Without the labels where they make it too large.
  HttpClientRequest RequestFor(const std::string& url, const Alert& alert, const MessageCard& card,
                               const std::string& key) const {
    if (alert.state == AlertState::kAcknowledged) {
      return PostJson(url, AcknowledgementOf(alert, key));
    }
    const auto event = [&](bool with_metadata) {
      return PostJson(url, EventOf(alert, card, key, settings_.sender, with_metadata));
    };
    HttpClientRequest request = event(/*with_metadata=*/true);
    return request.body.size() <= kMaxEventBytes ? request : event(/*with_metadata=*/false);
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakePagerDuty(const config::ChannelSettings& settings,
                                   const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  auto pagerduty = std::make_shared<const PagerDutyEvents>(settings, *std::move(texts));
  return ThatHearsAcknowledgements(MakeNativeHttp(
      settings, context,
      [pagerduty](const Notification& notification) { return pagerduty->Prepare(notification); }));
}

}  // namespace tocsin::receivers
