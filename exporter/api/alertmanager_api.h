// The Alertmanager API, version 2: status, receivers, alerts, groups, silences. What amtool,
// Prometheus, Grafana and Karma talk to. Answers, status codes and error bodies are Alertmanager's.
// https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
//
// Handlers run on web workers. States (silenced, inhibited) are computed for each request, so a
// silence shows the moment it is stored; a change of a silence is answered when it is durable.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/matcher_text.h"
#include "base/metrics.h"
#include "exporter/api/acknowledgements.h"
#include "exporter/api/alertmanager_json.h"
#include "exporter/http/http.h"
#include "receivers/alerts/alert_store.h"
#include "receivers/dispatcher.h"
#include "receivers/mute/silences.h"

namespace tocsin::api {

// What GET /status says beside the configuration.
struct AlertmanagerIdentity {
  std::string version;   // must look like Alertmanager's: amtool compares
  std::string revision;  // ours
  Timestamp started;
  bool clustered = true;  // lists the instance itself as its one peer; tools take none as "not up"
  std::string peer_name;
  std::string peer_address;
};

struct AlertmanagerSources {
  receivers::AlertStore& alerts;
  receivers::Silences& silences;
  receivers::Dispatcher& dispatcher;
  const Clock& clock;
  MetricRegistry& metrics;
  MatcherDialect dialect = MatcherDialect::kFallback;
  AlertmanagerIdentity identity;
  // The configuration printed anew, as alertmanager.yml; any thread.
  std::function<std::string()> config_original;
  // Where alerts can be acknowledged; null: nowhere.
  Acknowledgements* acknowledgements = nullptr;
};

// What decides whether an alert is told, now; without the intervals that mute its group.
AlertStatus StatusOf(const receivers::PostedAlert& alert, const AlertmanagerSources& sources,
                     const receivers::PipelineGraph& graph, Timestamp now);

// What Alertmanager says to pages of whatever origin: come in. For http::Router::FinishBelow, over
// the API's prefix.
void AllowEveryOrigin(const http::Request& request, http::Response* response);

class AlertmanagerApi {
 public:
  // What `sources` refers to outlives the object, which must outlive the routes.
  explicit AlertmanagerApi(AlertmanagerSources sources);

  // Below `prefix` ("" or "/alertmanager").
  std::vector<http::Route> Routes(const std::string& prefix);

 private:
  http::Response Status() const;
  http::Response Receivers(const http::Request& request) const;
  http::Response ListAlerts(const http::Request& request) const;
  http::Response PostAlerts(const http::Request& request);
  http::Response ListGroups(const http::Request& request) const;
  http::Response ListSilences(const http::Request& request) const;
  http::Response PostSilence(const http::Request& request);
  http::Response GetSilence(const http::Request& request) const;
  http::Response DeleteSilence(const http::Request& request);
  // For the audit log; empty for none.
  std::string JsonOf(const receivers::SilencePtr& silence) const;
  receivers::SilencePtr FindAcknowledgement(const std::string& id) const;
  http::Response ChangeAcknowledgement(const receivers::Silence& changed);

  AlertmanagerSources sources_;
  prometheus::Counter& received_firing_;
  prometheus::Counter& received_resolved_;
  prometheus::Counter& invalid_;
};

}  // namespace tocsin::api
