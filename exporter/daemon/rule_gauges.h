// How many rules there are, for /metrics. The main thread's.
#pragma once

#include <algorithm>

#include "base/metrics.h"
#include "evaluator/rules/rule_index.h"

namespace tocsin::daemon {

class RuleGauges {
 public:
  explicit RuleGauges(MetricRegistry& metrics)
      : total_(GaugeFamily(metrics, "alerting_rules_total", "Rules that are loaded.").Add({})),
        enabled_(Family(metrics).Add({{"enabled", "true"}})),
        disabled_(Family(metrics).Add({{"enabled", "false"}})) {}

  void Show(const evaluator::RuleIndex& rules) {
    const auto is_enabled = [](const auto& rule) { return rule->enabled; };
    const auto all = static_cast<double>(rules.rules().size());
    const auto enabled =
        static_cast<double>(std::count_if(rules.rules().begin(), rules.rules().end(), is_enabled));
    total_.Set(all);
    enabled_.Set(enabled);
    disabled_.Set(all - enabled);
  }

 private:
  static prometheus::Family<prometheus::Gauge>& Family(MetricRegistry& metrics) {
    return GaugeFamily(metrics, "alerting_rules", "Rules that are loaded, by whether they run.");
  }
  prometheus::Gauge& total_;
  prometheus::Gauge& enabled_;
  prometheus::Gauge& disabled_;
};

}  // namespace tocsin::daemon
