// The alerting API's changing side of rules: POST, PUT, DELETE, enable, disable, validate, export;
// and the demonstration's two routes. Served under /api/v1/alerting and /alerting alike.
//
// Handlers run on web workers. A change is in force and durable when its answer is given.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/receivers.h"
#include "evaluator/rules/managed_rules.h"
#include "exporter/api/alerting_api.h"
#include "exporter/api/rule_body.h"
#include "exporter/http/http.h"

namespace tocsin::api {

struct RuleOutcome {
  enum class Kind : std::uint8_t {
    kDone,
    kNotFound,
    kConflict,     // the detail says with what
    kUnconfirmed,  // in force, but the state store has not confirmed it
    kStopping,     // nothing has changed: the daemon stops
  };
  Kind kind = Kind::kDone;
  std::string detail = {};
  evaluator::ManagedRulePtr rule = nullptr;  // as it is now; null where there is none (any more)
};

// Each waits until the change is in force and durable. Called on web workers.
struct RuleCommands {
  // `id` is the rule's, which is made once, however often it is asked for; empty: a random one.
  std::function<RuleOutcome(const RuleBody&, const std::string& actor, const std::string& id)>
      create;
  std::function<RuleOutcome(const std::string& id, const RuleBody&, const std::string& actor)>
      update;
  std::function<RuleOutcome(const std::string& id, const std::string& actor)> remove;
};

struct RuleSources {
  RuleCommands commands;
  std::function<LoadedRules()> rules;
  // Those that rules may name; changes with a reload.
  std::function<std::shared_ptr<const config::ReceiverNames>()> receivers;
  // Those of them that rules of files may name: without the ones that were made over the API.
  std::function<std::shared_ptr<const config::ReceiverNames>()> receivers_of_files;
  std::function<Duration()> staleness;
  config::SeriesLabels labels;
};

class RulesApi {
 public:
  explicit RulesApi(RuleSources sources) : sources_(std::move(sources)) {}

  // The object must outlive the routes.
  std::vector<http::Route> Routes();
  // POST /demo/create-rule.
  std::vector<http::Route> DemoRoutes();

 private:
  http::Response Create(const http::Request& request) const;
  http::Response Update(const http::Request& request) const;
  http::Response Remove(const http::Request& request) const;
  http::Response SetEnabled(const http::Request& request, bool enabled) const;
  http::Response Validate(const http::Request& request) const;
  http::Response Export() const;
  http::Response CreateDemoRule(const http::Request& request) const;

  // REQUIRES: the rule is none of a file.
  http::Response Change(const http::Request& request, const RuleBody& body) const;
  http::Response Answer(const RuleOutcome& outcome) const;
  // Null where there is none.
  std::shared_ptr<const ThresholdRule> RuleNow(const std::string& id) const;
  // The answer for a rule that nobody may change here; nothing where there is such a rule.
  std::optional<http::Response> RefuseChange(const std::string& id) const;

  const RuleSources sources_;
};

// POST /demo/trigger-alert: submits a metric by `submit`, the handler of POST /metrics.
std::vector<http::Route> DemoTriggerRoutes(const http::Handler& submit);

}  // namespace tocsin::api
