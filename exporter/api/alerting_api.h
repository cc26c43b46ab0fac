// The alerting API's reading side and two of its commands: GET rules, alerts, status, health; POST
// acknowledge and resolve. Served under /api/v1/alerting and /alerting alike.
//
// Handlers run on web workers; they read snapshots, and a command waits until the change is
// durable.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event.h"
#include "base/json_row.h"
#include "base/result.h"
#include "evaluator/lifecycle/alert_book.h"
#include "evaluator/lifecycle/engine.h"
#include "evaluator/rules/managed_rules.h"
#include "evaluator/rules/rule_index.h"
#include "exporter/api/acknowledgements.h"
#include "exporter/api/alerting_json.h"
#include "exporter/api/daemon_status.h"
#include "exporter/api/known_alerts.h"
#include "exporter/http/http.h"
#include "receivers/alerts/alert_comments.h"
#include "receivers/outbox/announcement.h"

namespace tocsin::api {

struct LoadedRules {
  std::shared_ptr<const evaluator::RuleIndex> index;  // of files and of the API
  Timestamp loaded_at;
  std::shared_ptr<const evaluator::ManagedRules::ById> managed = nullptr;  // null: there are none

  // Null for a rule of a file.
  const evaluator::ManagedRule* ManagedOf(const ThresholdRule& rule) const;
};

// Where the handlers get what they show. The functions may be called from any thread.
struct AlertingSources {
  const evaluator::AlertBook& book;
  evaluator::Engine& engine;
  Acknowledgements& acknowledgements;
  std::function<LoadedRules()> rules;
  std::function<DaemonStatus()> status;
  std::function<std::optional<receivers::AnnouncementView>(const std::string& episode_id)>
      announced;
  // The history, where there is one: any thread.
  std::function<Result<std::vector<Event>>(const EventQuery& query)> events;
  const KnownAlerts& alerts;  // those of the book among them
  const receivers::AlertComments& comments;
};

class AlertingApi {
 public:
  // `sources` must outlive the object, which must outlive the routes.
  explicit AlertingApi(AlertingSources sources) : sources_(std::move(sources)) {}

  std::vector<http::Route> Routes();
  // As the list of alerts shows it. Any thread.
  JsonRow Shown(const KnownAlert& alert) const;

 private:
  http::Response ListRules() const;
  http::Response GetRule(const std::string& id) const;
  http::Response ListAlerts(const http::Request& request) const;
  http::Response GetAlert(const std::string& id) const;
  Json HistoryOf(const KnownAlert& alert) const;
  http::Response Status() const;
  http::Response Health(const http::Request& request) const;
  http::Response Acknowledge(const http::Request& request);
  http::Response Resolve(const http::Request& request);

  AlertingSources sources_;
};

}  // namespace tocsin::api
