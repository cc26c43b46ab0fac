// Rules and alerts in the alerting API's JSON shapes.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/alert.h"
#include "base/threshold_rule.h"
#include "evaluator/rules/managed_rules.h"
#include "exporter/http/http.h"

namespace tocsin::api {

using Json = nlohmann::ordered_json;

// Invalid UTF-8 becomes U+FFFD: an answer is always well-formed.
std::string Dump(const Json& json);

http::Response JsonResponse(int status, const Json& body);
// REQUIRES: `body` is JSON.
http::Response JsonTextResponse(int status, std::string body);
// {"detail": ...}
http::Response Detail(int status, const std::string& detail);

// Whose errors are JSON too.
http::Route JsonRoute(std::string method, std::string pattern, http::Handler handler,
                      http::Access access = http::Access::kByMethod);

// Who asks, for what is kept of it.
std::string ActorOf(const http::Request& request);

Json TimeOrNull(const std::optional<Timestamp>& t);
Json TextOrNull(const std::string& text);
Json LabelsJson(LabelsView labels);
// What a rule says: without where it stands, and who wrote it when.
Json RuleDefinitionJson(const ThresholdRule& rule);
// Of a rule that was made over the API, `managed` says when and by whom; null: it is a file's.
Json RuleJson(const ThresholdRule& rule, Timestamp loaded_at,
              const evaluator::ManagedRule* managed = nullptr);
// The states an episode has gone through, oldest first: when, and of a person's doing, who and why.
Json EventsJson(const Alert& alert);

}  // namespace tocsin::api
