// NativeAlerts: where alerts of our own rules enter this room. Each goes to the announcer, which
// tells the receivers of tocsin.yml, and to the dispatcher of groups: there it is seen by the
// Alertmanager API, mutes others, and takes the routes of alertmanager.yml.
//
// Called by the rule engine's thread; never blocks.
#pragma once

#include <string>
#include <vector>

#include "base/alert.h"
#include "base/metrics.h"
#include "receivers/pipeline/group_dispatcher.h"
#include "receivers/templates/rule_text.h"

namespace tocsin::receivers {

class NativeAlerts final : public AlertSink {
 public:
  // What is referred to outlives the object.
  NativeAlerts(AlertSink& announcer, GroupDispatcher& groups, std::string external_url,
               MetricRegistry& metrics)
      : announcer_(announcer),
        groups_(groups),
        external_url_(std::move(external_url)),
        text_(metrics) {}

  void Accept(std::vector<AlertPtr> alerts) override;

 private:
  AlertSink& announcer_;
  GroupDispatcher& groups_;
  const std::string external_url_;
  const RuleTextRenderer text_;
};

}  // namespace tocsin::receivers
