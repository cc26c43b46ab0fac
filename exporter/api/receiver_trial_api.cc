#include "exporter/api/receiver_trial_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "base/json_library.h"
#include "base/text.h"
#include "exporter/api/alerting_json.h"
#include "exporter/api/alertmanager_post.h"
#include "exporter/api/faults.h"
#include "exporter/intake/json_syntax.h"

namespace tocsin::api {
namespace {

using http::Request;
using http::Response;
using receivers::ChannelTrial;
using receivers::Outcome;
using receivers::TrialExchange;

// An alert that names no end lasts for so long.
constexpr Duration kTestLasts = std::chrono::minutes(5);

Json HeadersJson(const std::vector<std::pair<std::string, std::string>>& headers) {
  Json list = Json::array();
  for (const auto& [name, value] : headers) list.push_back({{"name", name}, {"value", value}});
  return list;
}

Json TimingJson(const TrialExchange& exchange) {
  Json timing = Json::object();
  for (const TransferPhase phase : kAllTransferPhases) {
    timing[fmt::format("{}_ms", TransferPhaseName(phase))] =
        static_cast<double>(exchange.phases[phase].count()) / 1000;
  }
  timing["reused_connection"] = exchange.phases.reused;
  return timing;
}

Json ExchangeJson(const TrialExchange& exchange) {
  return {{"request", exchange.request},
          {"headers", HeadersJson(exchange.headers)},
          {"body", exchange.body},
          {"status", exchange.status == 0 ? Json() : Json(exchange.status)},
          {"answer_headers", HeadersJson(exchange.answer_headers)},
          {"answer", exchange.answer},
          {"failure", TextOrNull(exchange.failure)},
          {"timing", exchange.phases.began ? TimingJson(exchange) : Json()}};
}

std::string OutcomeName(const ChannelTrial& trial, bool render_only) {
  if (render_only && !trial.exchanges.empty()) return "rendered";
  switch (trial.outcome.kind) {
    case Outcome::Kind::kDelivered:
      return "delivered";
    case Outcome::Kind::kRetry:
      return "failed";
    case Outcome::Kind::kGiveUp:
      break;
  }
  return "failed for good";
}

Json TrialJson(const ChannelTrial& trial, bool render_only) {
  Json exchanges = Json::array();
  for (const TrialExchange& exchange : trial.exchanges) exchanges.push_back(ExchangeJson(exchange));
  const std::string outcome = OutcomeName(trial, render_only);
  Json json = {{"integration", trial.integration}, {"outcome", outcome}};
  json["reason"] = outcome == "rendered" ? Json() : TextOrNull(trial.outcome.reason);
  json["advice"] = outcome == "rendered" ? Json() : TextOrNull(trial.outcome.advice);
  if (!trial.no_picture.empty()) json["no_picture"] = trial.no_picture;
  json["exchanges"] = std::move(exchanges);
  return json;
}

bool Failed(const ChannelTrial& trial, bool render_only) {
  return OutcomeName(trial, render_only).starts_with("failed");
}

Response Try(const ReceiverTrialSources& sources, const Request& request) {
  receivers::TrialOrder order;
  order.receiver = request.captures[0];
  order.external_url = sources.external_url;
  const receivers::PipelineGraphPtr graph = sources.graph();
  const std::vector<std::string> names = graph->ReceiverNames();
  if (std::find(names.begin(), names.end(), order.receiver) == names.end()) {
    return Detail(404, "Receiver not found");
  }
  Json faults = Json::array();
  if (!TrimSpace(request.body).empty()) ReadAnyJson(request.body, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  if (Status read = ReadTrialOrder(request.body, sources.clock.Now(), &order); !read) {
    return Unprocessable(Json::array({Fault({"body"}, read.message(), "value_error")}));
  }
  const Result<std::vector<ChannelTrial>> trials = sources.try_receiver(*graph, order);
  if (!trials) return Detail(502, trials.message());
  Json channels = Json::array();
  bool failed = false;
  for (const ChannelTrial& trial : *trials) {
    failed = failed || Failed(trial, order.render_only);
    channels.push_back(TrialJson(trial, order.render_only));
    sources.log.Info("receiver tried", {{"integration", order.receiver + "/" + trial.integration},
                                        {"outcome", OutcomeName(trial, order.render_only)},
                                        {"by", request.remote_address}});
  }
  return JsonResponse(failed ? 502 : 200,
                      {{"receiver", order.receiver}, {"channels", std::move(channels)}});
}

Status ReadAlertList(const nlohmann::json& alerts, Timestamp now, receivers::TrialOrder* order) {
  std::string text = WriteJson(alerts);
  text.reserve(text.size() + http::kBodyPadding);
  std::variant<api::ReadAlerts, Response> read =
      ReadPostedAlerts(text, now, kTestLasts, MatcherDialect::kFallback);
  if (const auto* refused = std::get_if<Response>(&read)) {
    return Error{"alert: " + refused->body};
  }
  auto& good = std::get<api::ReadAlerts>(read);
  if (!good.invalid.empty()) return Error{"alert: " + good.invalid.front()};
  for (receivers::PostedAlert& alert : good.alerts) alert.began_at = alert.updated_at = now;
  order->alerts = std::move(good.alerts);
  return {};
}

}  // namespace

Status ReadTrialOrder(std::string_view body, Timestamp now, receivers::TrialOrder* order) {
  if (TrimSpace(body).empty()) return {};
  // It bounds the depth, which writing the alerts again must not find without an end.
  if (const auto error = intake::FindJsonSyntaxError(body)) return Error{error->ToString()};
  const nlohmann::json json = ParseJson(body);
  if (json.is_array()) return ReadAlertList(json, now, order);
  if (!json.is_object()) return Error{"the body is neither a JSON object nor a list of alerts"};
  if (json.contains("labels")) return ReadAlertList(nlohmann::json::array({json}), now, order);
  for (const auto& [key, value] : json.items()) {
    if (key == "render_only" && value.is_boolean()) {
      order->render_only = value.get<bool>();
    } else if (key == "alert" || (key == "alerts" && value.is_array())) {
      const nlohmann::json list = key == "alert" ? nlohmann::json::array({value}) : value;
      if (Status read = ReadAlertList(list, now, order); !read) return read;
    } else {
      return Error{fmt::format("{} is not alert, alerts (a list) or render_only (true or false)",
                               QuoteForMessage(key))};
    }
  }
  return {};
}

std::vector<http::Route> ReceiverTrialRoutes(ReceiverTrialSources sources) {
  const auto shared = std::make_shared<const ReceiverTrialSources>(std::move(sources));
  std::vector<http::Route> routes;
  for (const char* mount : {"/api/v1/alerting", "/alerting"}) {
    for (const char* word : {"receivers", "channels"}) {
      routes.push_back(
          JsonRoute("POST", fmt::format("{}/{}/{{name}}/test", mount, word),
                    [shared](const Request& request) { return Try(*shared, request); }));
    }
  }
  return routes;
}

}  // namespace tocsin::api
