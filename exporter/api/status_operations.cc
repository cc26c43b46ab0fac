// Of GET status and health (alerting_api.cc), and of the description itself (openapi.cc).
#include "exporter/api/operation.h"

namespace tocsin::api {
namespace {

using namespace schema;  // NOLINT(google-build-using-namespace): the words of this file

Json HealthWord() { return Word({"healthy", "degraded", "unhealthy"}); }

Json ShownStatus() {
  return Object({{"status", HealthWord()},
                 {"timestamp", Time()},
                 {"active_alerts", Count()},
                 {"pending_alerts", Count()},
                 {"acknowledged_alerts", Count()},
                 {"total_rules", Count()},
                 {"enabled_rules", Count()},
                 {"notifications_sent_24h", Count()},
                 {"system_health", Object({{"alert_manager", HealthWord()},
                                           {"notification_channels", HealthWord()},
                                           {"database", HealthWord()},
                                           {"metrics_collection", HealthWord()}})},
                 {"database_error", OrNull(Text())},
                 {"outbox_pending", Count()},
                 {"dead_letters", Count()},
                 {"websocket_connections", Count()},
                 {"channels", MapOf(Object({{"health", Text()}, {"last_error", OrNull(Text())}}))},
                 {"series", Count()},
                 {"config", Object({{"last_reload_successful", Flag()},
                                    {"last_reload_at", Time()},
                                    {"problems", ListOf(Text())}})},
                 {"version", Text()},
                 {"uptime_seconds", Count()}});
}

Json ShownHealth() {
  return Object({{"status", HealthWord()},
                 {"timestamp", Time()},
                 {"service", Text()},
                 {"checks", Object({{"alert_manager", HealthWord()},
                                    {"database", HealthWord()},
                                    {"notifications", HealthWord()},
                                    {"metrics_collection", HealthWord()},
                                    {"websocket_connections", Count()},
                                    {"api", HealthWord()}},
                                   {"api"})},  // where API_URL is set
                 // Each has a status and a reason, and measures of its own.
                 {"parts", MapOf(AnyObject())},
                 {"reasons", ListOf(Text())},
                 {"warnings", ListOf(Text())}},
                // Whoever comes without a key learns the rest only.
                {"checks", "parts", "reasons", "warnings"});
}

}  // namespace

Operations StatusOperations() {
  Operations all;
  all.list = {
      {"GET",
       "/status",
       "getStatus",
       "status",
       "Numbers and the state of the parts",
       {{"200", Ref("Status")}}},
      {"GET",
       "/health",
       "getHealth",
       "status",
       "How the daemon is; 503 where evaluation or delivery has stalled",
       {{"200", Ref("Health")}, {"503", OneOf({Ref("Health"), Ref("Error")})}}},
      {"GET",
       "/openapi.json",
       "getDescription",
       "status",
       "This description",
       {{"200", AnyObject()}}},
      {"GET",
       "/docs",
       "getDocs",
       "status",
       "This description as a page",
       {{"200", Text()}},
       {},
       {},
       true,
       "text/html"},
  };
  all.schemas = {{"Status", ShownStatus()}, {"Health", ShownHealth()}};
  return all;
}

}  // namespace tocsin::api
