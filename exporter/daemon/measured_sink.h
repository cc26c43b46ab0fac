// A SampleSink that measures the one behind it: how long a submission takes from here to stored and
// evaluated (alerting_metric_processing_duration_seconds).
#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "base/sample.h"

namespace tocsin::daemon {

class MeasuredSink final : public SampleSink {
 public:
  MeasuredSink(SampleSink& sink, const Clock& clock, MetricRegistry& metrics)
      : sink_(sink),
        clock_(clock),
        seconds_(HistogramFamily(metrics, "alerting_metric_processing_duration_seconds",
                                 "Time to store and evaluate one submission of samples.")
                     .Add({}, prometheus::Histogram::BucketBoundaries{
                                  0.000001, 0.0000025, 0.000005, 0.00001, 0.000025, 0.00005, 0.0001,
                                  0.00025, 0.0005, 0.001, 0.005, 0.01, 0.1, 1})) {}

  AppendReport Append(const SampleBatch& batch, Timestamp now) override {
    const std::chrono::nanoseconds begin = clock_.Monotonic();
    AppendReport report = sink_.Append(batch, now);
    seconds_.Observe(std::chrono::duration<double>(clock_.Monotonic() - begin).count());
    return report;
  }

 private:
  SampleSink& sink_;
  const Clock& clock_;
  prometheus::Histogram& seconds_;
};

}  // namespace tocsin::daemon
