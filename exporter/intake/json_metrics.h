// The alerting API's submission of metrics: POST /metrics and /metrics/batch, JSON in either case
// whatever the content type says, below /api/v1/alerting and below /alerting.
//
// A batch keeps its good items and lists the bad ones (422), unless the header `Tocsin-Batch:
// atomic` asks for all or nothing. A metric's metadata become labels; its name, where tools could
// not read it, is mapped, and the name as it came is kept as metadata of the family. Handlers run
// on web workers, several at once.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "exporter/intake/intake.h"
#include "exporter/intake/json_metrics_reader.h"
#include "exporter/intake/told_names.h"

namespace tocsin::intake {

class JsonMetricsIntake final : public Intake {
 public:
  explicit JsonMetricsIntake(const Context& context, const JsonMetricsLimits& limits = {});
  ~JsonMetricsIntake() override;

  std::vector<http::Route> Routes() override;

 private:
  struct Metrics;
  // What became of one request's metrics.
  struct Tally {
    bool batch = false;
    std::size_t rejected = 0;         // for what is wrong with them
    std::size_t too_many_series = 0;  // refused because the store is full
  };

  http::Response SubmitOne(const http::Request& request);
  http::Response SubmitBatch(const http::Request& request);
  // The answer to a body that nothing can be taken from, or nothing now; empty for others.
  std::optional<http::Response> RefuseWhole(const http::Request& request, JsonMetricsReader& reader,
                                            JsonMetricsReader::Outcome outcome);
  JsonMetricsLimits LimitsNow() const;
  // Hands the good metrics over; those that were refused are counted and listed among the faults.
  void Append(JsonMetricsReader& reader, Timestamp now, Tally* tally);
  void TellSpellings(const JsonMetricsReader& reader, const AppendReport& report, Timestamp now);

  SampleSink& sink_;
  const Clock& clock_;
  const Admission admission_;
  const JsonMetricsLimits limits_;  // but for the window
  const std::function<TimestampWindow()> window_;
  const std::unique_ptr<const Metrics> metrics_;
  ToldNames told_;
};

}  // namespace tocsin::intake
