// What the kernel says about this process, under the names that every Prometheus client library
// uses: process_cpu_seconds_total, process_resident_memory_bytes, ...
// https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
#pragma once

#include <prometheus/collectable.h>

#include <vector>

namespace tocsin::daemon {

class ProcessMetrics final : public prometheus::Collectable {
 public:
  // Any thread; reads /proc/self. What cannot be read is left out.
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace tocsin::daemon
