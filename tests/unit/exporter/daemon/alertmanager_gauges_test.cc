#include "exporter/daemon/alertmanager_gauges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/unit/exporter/api/alertmanager_world.h"

namespace tocsin::daemon {
namespace {

using api::AlertmanagerWorld;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// As a page of metrics shows them: labels by name.
std::vector<std::string> AlertsOf(const AlertmanagerWorld& world, bool with_group_keys) {
  const AlertmanagerGauges gauges(world.alerts(), world.silences(), world.dispatcher(), world.clock,
                                  with_group_keys);
  std::vector<std::string> shown;
  for (const prometheus::MetricFamily& family : gauges.Collect()) {
    if (family.name != "alertmanager_alerts") continue;
    for (const prometheus::ClientMetric& metric : family.metric) {
      std::map<std::string, std::string> labels;
      for (const auto& label : metric.label) labels.emplace(label.name, label.value);
      std::string text;
      for (const auto& [name, value] : labels) text += name + "=" + value + " ";
      shown.push_back(text + std::to_string(static_cast<int>(metric.gauge.value)));
    }
  }
  return shown;
}

constexpr const char* kAlerts = R"([
  {"labels": {"alertname": "Disk", "n": "1"}},
  {"labels": {"alertname": "Disk", "n": "2"}},
  {"labels": {"alertname": "Disk", "n": "3", "severity": "critical"}},
  {"labels": {"alertname": "Load", "severity": "warning"}},
  {"labels": {"alertname": "Disk", "service": "db"}},
  {"labels": {"alertname": "Over"}, "endsAt": "2099-12-31T23:59:00Z"}
])";

TEST(AlertmanagerGauges, CountAlertsByState) {
  AlertmanagerWorld world;
  world.PostAlerts(kAlerts);
  EXPECT_THAT(AlertsOf(world, false),
              UnorderedElementsAre("state=active 4", "state=suppressed 1", "state=unprocessed 0"));
}

TEST(AlertmanagerGauges, CountAlertsOfEachGroupWhereItIsAsked) {
  AlertmanagerWorld world;
  EXPECT_THAT(AlertsOf(world, true), IsEmpty());
  world.PostAlerts(kAlerts);
  const std::string disk = R"(group_key={}:{alertname="Disk"} )";
  const std::string load = R"(group_key={}:{alertname="Load"} )";
  const std::string db = R"(group_key={}/{service="db"}:{alertname="Disk"} )";
  EXPECT_THAT(AlertsOf(world, true),
              UnorderedElementsAre(disk + "state=active 3", disk + "state=suppressed 0",
                                   disk + "state=unprocessed 0", load + "state=active 0",
                                   load + "state=suppressed 1", load + "state=unprocessed 0",
                                   db + "state=active 1", db + "state=suppressed 0",
                                   db + "state=unprocessed 0"));
}

}  // namespace
}  // namespace tocsin::daemon
