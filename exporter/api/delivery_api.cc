#include "exporter/api/delivery_api.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "exporter/api/alerting_json.h"
#include "receivers/alerts/native_alert.h"

namespace tocsin::api {
namespace {

using http::Request;
using http::Response;

// ---- explain

Json IntegrationJson(const receivers::ExplainedIntegration& integration) {
  return {{"integration", integration.integration},
          {"state", integration.state},
          {"told_at", TimeOrNull(integration.told_at)},
          {"attempts", integration.attempts},
          {"last_error", TextOrNull(integration.last_error)}};
}

Json RouteJson(const receivers::ExplainedRoute& route) {
  Json integrations = Json::array();
  for (const auto& one : route.integrations) integrations.push_back(IntegrationJson(one));
  const bool repeats = route.repeat_interval < receivers::kNoRepeat;
  return {{"receiver", route.receiver},
          {"route", route.route},
          {"named_by_rule", route.named_by_rule},
          {"group_key", route.group_key},
          {"group_labels", LabelsJson(route.group_labels)},
          {"group_wait", FormatDuration(route.group_wait)},
          {"group_interval", FormatDuration(route.group_interval)},
          {"repeat_interval", repeats ? Json(FormatDuration(route.repeat_interval)) : Json()},
          {"outside_of_intervals", route.outside_of_intervals},
          {"muted_by_intervals", route.muted_by_intervals},
          {"next_flush", TimeOrNull(route.next_flush)},
          {"integrations", std::move(integrations)}};
}

Json SilencesJson(const receivers::Silences& silences, const std::vector<std::string>& ids) {
  Json list = Json::array();
  for (const std::string& id : ids) {
    const receivers::SilencePtr silence = silences.Find(id);
    if (silence == nullptr) continue;
    list.push_back({{"id", id},
                    {"created_by", silence->created_by},
                    {"comment", silence->comment},
                    {"ends_at", FormatRfc3339(silence->ends_at)}});
  }
  return list;
}

Json SourcesJson(const receivers::AlertStore& alerts, const std::vector<std::uint64_t>& sources) {
  Json list = Json::array();
  for (const std::uint64_t fingerprint : sources) {
    const receivers::PostedAlertPtr source = alerts.Find(fingerprint);
    list.push_back({{"fingerprint", FormatHex64(fingerprint)},
                    {"labels", source == nullptr ? Json() : LabelsJson(source->labels)}});
  }
  return list;
}

Json AcknowledgementJson(const std::optional<receivers::ExplainedAcknowledgement>& given) {
  if (!given) return {};
  const bool is_sticky = given->survives > Duration(0);
  return {{"by", given->actor},
          {"note", given->note},
          {"until", TimeOrNull(given->until)},
          {"sticky", is_sticky ? Json(FormatDuration(given->survives)) : Json()}};
}

std::string StateOf(const receivers::PostedAlert& alert, bool acknowledged, Timestamp now) {
  if (alert.native != nullptr) return std::string(AlertStateName(alert.native->state));
  if (alert.ResolvedAt(now)) return "resolved";
  return acknowledged ? "acknowledged" : "active";
}

void AppendAttempts(const std::string& receiver,
                    const std::vector<receivers::DeliveryAttempt>& attempts, Json* list) {
  for (const receivers::DeliveryAttempt& attempt : attempts) {
    list->push_back({{"at", FormatRfc3339(attempt.at)},
                     {"receiver", receiver},
                     {"message", attempt.status},
                     {"outcome", attempt.outcome},
                     {"http_status", attempt.http_status == 0 ? Json() : Json(attempt.http_status)},
                     {"error", TextOrNull(attempt.error)}});
  }
}

// Of an alert of our own each is known; of a posted one, those of its groups.
Json AttemptsJson(const receivers::AnnouncementView& own,
                  const std::vector<receivers::ExplainedRoute>& routes) {
  Json list = Json::array();
  for (const receivers::ChannelDelivery& channel : own.channels) {
    AppendAttempts(channel.receiver, channel.newest, &list);
  }
  for (const receivers::ExplainedRoute& route : routes) {
    for (const receivers::ExplainedIntegration& integration : route.integrations) {
      AppendAttempts(integration.integration, integration.newest, &list);
    }
  }
  return list;
}

// ---- dead letters

Json DeadLetterJson(const receivers::OutboxRow& row) {
  const receivers::GroupNotification& told = row.message.notification;
  Json alerts = Json::array();
  for (const receivers::FrozenAlert& frozen : told.alerts) {
    alerts.push_back({{"status", frozen.resolved ? "resolved" : "firing"},
                      {"labels", LabelsJson(frozen.alert->labels)}});
  }
  return {{"id", std::to_string(row.sequence)},
          {"receiver", told.receiver},
          {"integration", row.message.key.lane},
          {"status", std::string(receivers::NotificationStatusName(told.status()))},
          {"group_key", told.group_key},
          {"alerts", std::move(alerts)},
          {"idempotency_key",
           receivers::IdempotencyKey(told.dedup_key, told.status(), told.flush_number)},
          {"created_at", FormatRfc3339(row.made_at)},
          {"attempts", row.attempts},
          {"http_status", row.last_status == 0 ? Json() : Json(row.last_status)},
          {"last_error", row.last_error},
          {"refused", row.payload_refused},
          {"superseded", row.detached()}};
}

}  // namespace

std::vector<http::Route> DeliveryApi::Routes() {
  std::vector<http::Route> routes;
  for (const char* mount : {"/api/v1/alerting", "/alerting"}) {
    const auto add = [&](const char* method, const std::string& path, http::Handler handler) {
      routes.push_back(JsonRoute(method, mount + path, std::move(handler)));
    };
    add("GET", "/alerts/{id}/explain", [this](const Request& r) { return Explain(r.captures[0]); });
    add("GET", "/dead-letters", [this](const Request&) { return ListDeadLetters(); });
    add("POST", "/dead-letters/{id}/resend",
        [this](const Request& r) { return Resend(r.captures[0]); });
  }
  return routes;
}

Response DeliveryApi::Explain(const std::string& id) const {
  const AlertPtr native = book_.Find(id);
  receivers::PostedAlert alert;
  if (native != nullptr) {
    alert = receivers::MakeNativeAlert(native, "");
  } else {
    const receivers::PostedAlertPtr posted = alerts_.FindById(id);
    if (posted == nullptr) return Detail(404, "Alert not found");
    alert = *posted;
  }
  const receivers::Explanation why = dispatcher_.Explain(alert);
  const std::optional<receivers::AnnouncementView> own =
      native == nullptr ? std::nullopt : dispatcher_.ForEpisode(native->id);
  Json routes = Json::array();
  for (const receivers::ExplainedRoute& route : why.routes) routes.push_back(RouteJson(route));
  return JsonResponse(
      200, {{"id", receivers::EpisodeId(alert)},
            {"fingerprint", FormatHex64(alert.fingerprint)},
            {"labels", LabelsJson(alert.labels)},
            {"state", StateOf(alert, why.acknowledgement.has_value(), clock_.Now())},
            {"muted_by",
             {{"acknowledgement", AcknowledgementJson(why.acknowledgement)},
              {"silences", SilencesJson(silences_, why.silenced_by)},
              {"inhibited_by", SourcesJson(alerts_, why.inhibited_by)},
              {"cooldown_until", TimeOrNull(why.cooldown_until)}}},
            {"routes", std::move(routes)},
            {"attempts", AttemptsJson(own.value_or(receivers::AnnouncementView()), why.routes)}});
}

Response DeliveryApi::ListDeadLetters() const {
  Json list = Json::array();
  for (const receivers::OutboxRow& row : dispatcher_.DeadLetters()) {
    list.push_back(DeadLetterJson(row));
  }
  return JsonResponse(200, list);
}

Response DeliveryApi::Resend(const std::string& id) const {
  const std::optional<std::int64_t> number = ParseInt(id);
  if (!number || *number < 0) return Detail(404, "Dead letter not found");
  switch (dispatcher_.Resend(static_cast<std::uint64_t>(*number))) {
    case receivers::Outbox::Resent::kTried:
      return JsonResponse(202, {{"message", "Dead letter is sent again"}});
    case receivers::Outbox::Resent::kReceiverGone:
      return Detail(409, "Its receiver is no longer configured");
    case receivers::Outbox::Resent::kUnknown:
      break;
  }
  return Detail(404, "Dead letter not found");
}

}  // namespace tocsin::api
