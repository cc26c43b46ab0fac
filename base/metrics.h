// Tocsin's own metrics are prometheus-cpp's Counter, Gauge and Histogram; a component looks its
// metrics up once at construction and keeps the references. Updates are lock-free; any thread.
//
// Names are tocsin_<what>_<unit>; counters end in _total; known label values start at zero; no
// label takes unbounded values.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace tocsin {

using MetricRegistry = prometheus::Registry;

inline prometheus::Family<prometheus::Counter>& CounterFamily(MetricRegistry& registry,
                                                              const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
inline prometheus::Family<prometheus::Gauge>& GaugeFamily(MetricRegistry& registry,
                                                          const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
inline prometheus::Family<prometheus::Histogram>& HistogramFamily(MetricRegistry& registry,
                                                                  const char* name,
                                                                  const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace tocsin
