// The webhook of alertmanager.yml: one POST with version 4 of Alertmanager's JSON for each
// notification. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
//
// The body is that of Alertmanager 0.34, byte for byte but for the precision of times
// (milliseconds) and the order of annotations; or what `payload` says. The address is a secret, and
// so is what its template says: reasons tell where it failed, and nothing of it.
#include "receivers/channels/group_webhook.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"
#include "base/url_user_info.h"
#include "receivers/channels/authorized_headers.h"
#include "receivers/channels/configured_http.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/templates/message_texts.h"
#include "receivers/templates/payload.h"
#include "receivers/templates/template_data.h"

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

std::string Body(const GroupNotification& notification, const MessageTexts& texts,
                 std::size_t truncated) {
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
  out += fmt::format(R"(,"truncatedAlerts":{}}})", truncated);
  out.push_back('\n');
  return out;
}

// The first ones only. What alerts have in common, and their status, is then that of these.
GroupNotification Truncated(const GroupNotification& notification, std::size_t max_alerts) {
  GroupNotification told = notification;
  if (max_alerts != 0 && told.alerts.size() > max_alerts) told.alerts.resize(max_alerts);
  return told;
}

// Where a template failed, of a message that begins with it ("url:1:7: ...").
std::string_view PlaceIn(std::string_view message) { return message.substr(0, message.find(": ")); }

// ---- delivery

// Without an outbox: of a webhook only network errors and 5xx are tried again within a flush.
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
               std::shared_ptr<const gotemplate::TemplateSet> templates,
               std::unique_ptr<ConfiguredHttp> http, const ChannelContext& context)
      : settings_(settings.webhook),
        templates_(std::move(templates)),
        http_(std::move(http)),
        clock_(context.clock) {}

  void Deliver(const GroupNotification& notification, Duration timeout,
               Channel::Done done) override {
    HttpClientRequest request;
    if (Status rendered = Render(notification, &request); !rendered) {
      return done(Outcome::GiveUp(Failure::kOther, rendered.message(), "mend the configuration"));
    }
    request.method = "POST";
    request.timeout =
        std::min(timeout, settings_.timeout > Duration(0) ? settings_.timeout : kLongestTimeout);
    request.headers.emplace_back("Content-Type", "application/json");
    const bool durable = notification.flush_number != 0;
    if (durable) {
      request.headers.emplace_back(
          "Idempotency-Key",
          IdempotencyKey(notification.dedup_key, notification.status(), notification.flush_number));
    }
    http_->Send(std::move(request),
                [&clock = clock_, durable, done = std::move(done)](const HttpClientResult& result) {
                  Outcome outcome = HttpOutcome(result, clock.Now());
                  done(durable ? std::move(outcome) : AsAlertmanager(std::move(outcome)));
                });
  }

  void Cancel() override { http_->Cancel(); }

 private:
  // The address and the body.
  Status Render(const GroupNotification& notification, HttpClientRequest* request) const {
    const GroupNotification told =
        Truncated(notification, static_cast<std::size_t>(settings_.max_alerts));
    const Result<MessageTexts> texts = MessageTexts::For(told, *templates_);
    if (!texts) return texts.error();
    Result<std::string> url = Url(*texts);
    if (!url) return url.error();
    request->url = *std::move(url);
    if (!settings_.payload) {
      request->body = Body(told, *texts, notification.alerts.size() - told.alerts.size());
      return {};
    }
    Result<std::string> body = RenderPayload(*settings_.payload, [&texts](const std::string& text) {
      return texts->RenderText("payload", text);
    });
    if (!body) return body.error();
    request->body = *std::move(body);
    return {};
  }

  // The file is read for each message: whoever changes the secret need not reload.
  Result<std::string> Url(const MessageTexts& texts) const {
    const bool is_file = !settings_.url_file.empty();
    const Result<std::string> text =
        is_file ? ReadSecretFile(settings_.url_file) : settings_.url.Reveal();
    if (!text) return text.error();
    const char* const key = is_file ? "url_file" : "url";
    Result<std::string> url = texts.RenderText(key, *text);
    if (!url) {
      return Error{fmt::format("{}: its template fails at {}", key, PlaceIn(url.message()))};
    }
    if (url->empty()) return Error{fmt::format("{}: the URL is empty", key)};
    // What labels make of it is nothing that trying again could mend.
    if (Status checked = CheckUrlWithUserInfo(*url); !checked) {
      return Error{fmt::format("{}: {}", key, checked.message())};
    }
    return url;
  }

  const config::AlertmanagerWebhook settings_;
  const std::shared_ptr<const gotemplate::TemplateSet> templates_;
  const std::unique_ptr<ConfiguredHttp> http_;
  const Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<GroupChannel>> MakeGroupWebhook(
    const config::AlertmanagerIntegration& settings,
    std::shared_ptr<const gotemplate::TemplateSet> templates, const ChannelContext& context) {
  Result<std::unique_ptr<ConfiguredHttp>> http =
      ConfiguredHttp::Make(settings.http, context.http, context.clock);
  if (!http) return http.error();
  return std::unique_ptr<GroupChannel>(
      std::make_unique<GroupWebhook>(settings, std::move(templates), *std::move(http), context));
}

}  // namespace tocsin::receivers
