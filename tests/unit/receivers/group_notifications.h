// Notifications about groups of alerts, for tests of what is made of them.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "receivers/pipeline/group_channel.h"
#include "tests/support/posted_alert_builders.h"

namespace tocsin::receivers {

inline Timestamp At(std::string_view text) { return *ParseRfc3339(text); }

inline PostedAlert DiskFull() {
  PostedAlert alert =
      testing::Posted({{"alertname", "DiskFull"}, {"job", "node"}}, At("2026-01-02T03:04:05.678Z"),
                      At("2026-01-02T04:00:00Z"), At("2026-01-02T03:04:06Z"));
  alert.annotations = {{"summary", "98%"}};
  alert.generator_url = "http://p/graph?g0.expr=a>1&g0.tab=1";
  return alert;
}

// The same on a machine.
inline PostedAlert DiskFullOn(std::string_view instance) {
  PostedAlert alert = DiskFull();
  alert.labels = Labels{{"alertname", "DiskFull"}, {"instance", instance}, {"job", "node"}};
  alert.generator_url = "http://p";
  return alert;
}

inline GroupNotification About(std::vector<FrozenAlert> alerts) {
  GroupNotification notification;
  notification.receiver = "ops";
  notification.group_key = R"({}:{alertname="DiskFull"})";
  notification.group_labels = testing::Named("DiskFull");
  notification.alerts = std::move(alerts);
  notification.external_url = "http://am:9093";
  return notification;
}
inline FrozenAlert Fires(PostedAlert alert) { return {testing::Shared(std::move(alert)), false}; }
inline FrozenAlert IsOver(PostedAlert alert) { return {testing::Shared(std::move(alert)), true}; }

}  // namespace tocsin::receivers
