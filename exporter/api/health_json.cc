#include "exporter/api/health_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace tocsin::api {
namespace {

double ToSeconds(Duration d) { return static_cast<double>(d.count()) / 1000.0; }

// Of one part: its state, and a sentence for the list of reasons where it is not well.
class HealthReport {
 public:
  Json& Part(const char* name, const std::string& state, const std::string& reason = "") {
    Json& part = parts_[name];
    part["status"] = state;
    part["reason"] = TextOrNull(reason);
    Reason(reason);
    return part;
  }
  void Reason(const std::string& reason) {
    if (!reason.empty()) reasons_.push_back(reason);
  }
  Json TakeParts() { return std::move(parts_); }
  Json TakeReasons() { return std::move(reasons_); }

 private:
  Json parts_ = Json::object();
  Json reasons_ = Json::array();
};

void ReportStore(const DaemonStatus& status, HealthReport* report) {
  report->Part(
      "database", status.database_health(),
      status.store_trouble ? "state cannot be written: the log and GET status say why" : "");
  const bool lags = status.store_writer_health() != "healthy";
  const std::string why = lags ? fmt::format("writes have waited for {} to become durable",
                                             FormatDuration(status.store_lag))
                               : "";
  report->Part("store_writer", status.store_writer_health(), why)["lag_seconds"] =
      ToSeconds(status.store_lag);
  if (!status.disk) return;
  const bool is_full = status.disk_health() != "healthy";
  Json& disk = report->Part("disk", status.disk_health(),
                            is_full ? fmt::format("the storage folder has room for {} MiB more",
                                                  status.disk->free_bytes >> 20)
                                    : "");
  disk["free_bytes"] = status.disk->free_bytes;
  disk["total_bytes"] = status.disk->total_bytes;
}

void ReportEvaluation(const DaemonStatus& status, HealthReport* report) {
  std::string why;
  if (status.evaluation_health() == "unhealthy") {
    why = "evaluation has come to a standstill";
  } else if (status.evaluation_health() != "healthy") {
    why = fmt::format("evaluation is {} behind", FormatDuration(status.evaluation.lag));
  }
  Json& part = report->Part("evaluation", status.evaluation_health(), why);
  part["lag_seconds"] = ToSeconds(status.evaluation.lag);
  part["waiting"] = status.evaluation.waiting;
}

void ReportDelivery(const DaemonStatus& status, HealthReport* report) {
  std::string why;
  if (status.delivery_stalled) {
    why = "delivery has come to a standstill";
  } else if (status.outbox_dead > 0) {
    why = fmt::format("{} messages were given up: see GET dead-letters", status.outbox_dead);
  }
  Json& part = report->Part("delivery", status.delivery_health(), why);
  part["pending"] = status.outbox_pending;
  part["dead_letters"] = status.outbox_dead;
  Json receivers = Json::object();
  for (const ReceiverStatus& receiver : status.receivers) {
    receivers[receiver.name] = {{"status", receiver.health},
                                {"last_error", TextOrNull(receiver.last_error)},
                                {"last_attempt_at", TimeOrNull(receiver.last_attempt_at)}};
    if (receiver.health == "failing") {
      report->Reason(fmt::format("receiver {} fails: {}", receiver.name, receiver.last_error));
    }
  }
  part["receivers"] = std::move(receivers);
}

void ReportCollectors(const DaemonStatus& status, HealthReport* report) {
  if (!status.host_collector_enabled) {
    report->Part("host", "off");
  } else if (status.host_collector_healthy) {
    report->Part("host", "healthy");
  } else {
    report->Part("host", "degraded", "the metrics of this host cannot be read");
  }
  const auto down = static_cast<std::size_t>(
      std::count_if(status.targets.begin(), status.targets.end(),
                    [](const TargetStatus& target) { return target.health == "down"; }));
  const std::string why =
      down == 0 ? "" : fmt::format("{} of {} targets are down", down, status.targets.size());
  Json& scrape = report->Part("scrape", down == 0 ? "healthy" : "degraded", why);
  scrape["targets"] = status.targets.size();
  scrape["down"] = down;
}

void ReportProbe(const ProbeStatus& probe, const std::string& health, HealthReport* report) {
  const std::string why =
      probe.error.empty() ? "" : "the program at API_URL is not well: " + probe.error;
  Json& part = report->Part("api", health, why);
  part["asked_at"] = FormatRfc3339(probe.at);
  part["response_seconds"] = ToSeconds(probe.took);
}

}  // namespace

Json HealthDetailsJson(const DaemonStatus& status) {
  HealthReport report;
  ReportStore(status, &report);
  ReportEvaluation(status, &report);
  ReportDelivery(status, &report);
  ReportCollectors(status, &report);
  if (status.probe) ReportProbe(*status.probe, status.probe_health(), &report);
  Json& stream = report.Part("stream", "healthy");
  stream["clients"] = status.stream_clients;
  stream["limit"] = status.stream_limit;
  report.Part("configuration", status.reload.successful ? "healthy" : "degraded",
              status.reload.successful ? "" : "the last reload failed: GET status says why");
  Json details = {{"checks",
                   {{"alert_manager", status.alert_manager_health()},
                    {"database", status.database_health()},
                    {"notifications", status.notifications_health()},
                    {"metrics_collection", status.collection_health()},
                    {"websocket_connections", status.websocket_connections}}}};
  if (status.probe) details["checks"]["api"] = status.probe_health();
  details["parts"] = report.TakeParts();
  details["reasons"] = report.TakeReasons();
  details["warnings"] = status.warnings;
  return details;
}

}  // namespace tocsin::api
