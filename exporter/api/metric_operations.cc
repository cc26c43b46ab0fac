// Of the routes of the JSON intake (exporter/intake/json_metrics.cc), and of the demonstration's
// trigger (rules_api.cc).
#include "exporter/api/faults.h"
#include "exporter/api/operation.h"
#include "exporter/intake/json_metrics_reader.h"

namespace tocsin::api {
namespace {

using namespace schema;  // NOLINT(google-build-using-namespace): the words of this file

constexpr const char* kMetrics = "metrics";

Json NewMetric(const intake::JsonMetricsLimits& limits) {
  Json metadata = MapOf({{"type", Json::array({"string", "number", "boolean", "null"})}});
  metadata["maxProperties"] = limits.labels;
  metadata["description"] = "The labels of the series";
  return Input({{"metric_name", Text(1, limits.name_characters)},
                {"value", OneOf({Number(), Text()})},
                {"timestamp", OrNull(OneOf({Time(), Number()}))},
                {"metadata", OrNull(std::move(metadata))}},
               {"metric_name", "value"});
}

// What a batch with bad items is answered: the good ones are taken.
Json BatchFaults() {
  return Object({{"detail", ListOf(Ref("Fault"))},
                 {"accepted", Count()},
                 {"rejected", Count()},
                 {"omitted", Count()}},
                {"accepted", "rejected", "omitted"});
}

Json Refused() {
  return Object({{"detail", Text()},
                 {"accepted", Count()},
                 {"rejected", Count()},
                 {"errors", ListOf(Ref("Fault"))},
                 {"omitted", Count()}},
                {"accepted", "rejected", "errors", "omitted"});
}

}  // namespace

Operations MetricOperations() {
  const intake::JsonMetricsLimits limits;
  const Json answers = {{"200", Message()},
                        {"415", Ref("Error")},
                        {"422", Ref("MetricFaults")},
                        {"429", Ref("MetricsRefused")}};
  Operations all;
  all.list = {
      {"POST",
       "/metrics",
       "submitMetric",
       kMetrics,
       "Submit one sample",
       answers,
       {},
       Ref("Metric")},
      {"POST",
       "/metrics/batch",
       "submitMetrics",
       kMetrics,
       "Submit samples; the good ones of a batch are taken",
       answers,
       {Header("Tocsin-Batch", "All or nothing", Word({"atomic"}))},
       ListOf(Ref("Metric"), limits.batch_items)},
      {"POST",
       "/demo/trigger-alert",
       "triggerDemoAlert",
       "demo",
       "Submit one sample by the words of the query",
       {{"200", Message()}, {"429", Ref("MetricsRefused")}},
       {Query("metric_name", "demo.metric where nothing is said", Text(1, kLongestParameter)),
        Query("value", "100.0 where nothing is said", Number())}},
  };
  all.schemas = {{"Metric", NewMetric(limits)},
                 {"MetricFaults", BatchFaults()},
                 {"MetricsRefused", Refused()}};
  return all;
}

}  // namespace tocsin::api
