// What is not delivered because its receiver's type has no channel yet: shown, counted, logged.
//
// A configuration with such receivers loads, so that it need not be changed to be tried; nobody may
// take the silence for calm. A line is written once for each group and integration, and at most one
// a minute for each integration. Belongs to the dispatcher's thread.
#pragma once

#include <map>
#include <string>
#include <unordered_set>

#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "receivers/pipeline/graph.h"
#include "receivers/pipeline/group_channel.h"

namespace tocsin::receivers {

class MissingChannels {
 public:
  MissingChannels(const Logger& log, MetricRegistry& metrics);

  // Those of a new configuration, and no others, are shown from now on.
  void Show(const PipelineGraph& graph);
  // A notification that is due and goes nowhere.
  void Count(const GroupIntegration& integration, const std::string& group_key, Timestamp now);

 private:
  // A receiver's name and the type.
  using Key = std::pair<std::string, std::string>;

  bool MayLog(const GroupIntegration& integration, const std::string& group_key, Timestamp now);

  const Logger log_;
  prometheus::Family<prometheus::Gauge>& configured_;
  prometheus::Family<prometheus::Counter>& undelivered_;
  std::map<Key, prometheus::Gauge*> shown_;
  std::unordered_set<std::string> logged_;      // groups and integrations
  std::map<std::string, Timestamp> last_line_;  // by integration
};

}  // namespace tocsin::receivers
