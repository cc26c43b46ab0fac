// NativeAlerts: where alerts of our own rules enter this room, and become alerts like those that
// senders post: seen by the Alertmanager API, muting others, taking routes.
//
// Called by the rule engine's thread; never blocks.
#pragma once

#include <string>
#include <vector>

#include "base/alert.h"
#include "base/metrics.h"
#include "receivers/dispatcher.h"
#include "receivers/templates/rule_text.h"

namespace tocsin::receivers {

class NativeAlerts final : public AlertSink {
 public:
  // What is referred to outlives the object.
  NativeAlerts(Dispatcher& dispatcher, std::string external_url, MetricRegistry& metrics)
      : dispatcher_(dispatcher), external_url_(std::move(external_url)), text_(metrics) {}

  void Accept(std::vector<AlertPtr> alerts) override;

 private:
  Dispatcher& dispatcher_;
  const std::string external_url_;
  const RuleTextRenderer text_;
};

}  // namespace tocsin::receivers
