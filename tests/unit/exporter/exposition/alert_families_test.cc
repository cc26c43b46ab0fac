// Alerts as series of the page.
#include "exporter/exposition/alert_families.h"

#include <string>

#include "tests/support/evaluator_builders.h"
#include "tests/unit/exporter/exposition/family_text.h"

namespace tocsin::exposition {
namespace {

const Timestamp kNow = FromUnixMillis(1'700'000'000'000);

AlertPtr AlertOf(const std::string& host, AlertState state, Duration age = Duration(0)) {
  auto alert = std::make_shared<Alert>();
  alert->id = host;
  alert->state = state;
  alert->rule = testing::CpuRule();
  alert->labels = Labels{{"alertname", "CPU"}, {"host", host}, {"severity", "critical"}};
  alert->pending_since = kNow - age;
  return alert;
}

constexpr const char* kAlertsHead =
    "# HELP ALERTS Alerts of threshold rules that are pending or firing.\n"
    "# TYPE ALERTS gauge\n";
constexpr const char* kLeftOutHead =
    "# HELP tocsin_exposition_alerts_left_out Alerts that ALERTS does not show: there are too "
    "many.\n# TYPE tocsin_exposition_alerts_left_out gauge\n";

std::string Line(const std::string& host, const std::string& state) {
  return "ALERTS{alertname=\"CPU\",alertstate=\"" + state + "\",host=\"" + host +
         "\",severity=\"critical\"} 1\n";
}

std::string LeftOut(const std::string& count) {
  return kLeftOutHead + ("tocsin_exposition_alerts_left_out " + count + "\n");
}

TEST(AlertFamilies, EachIsASeriesWithItsLabelsAndState) {
  EXPECT_EQ(
      TextOf(AlertFamilies({AlertOf("c", AlertState::kAcknowledged),
                            AlertOf("a", AlertState::kPending), AlertOf("b", AlertState::kFiring)},
                           10)),
      kAlertsHead + Line("b", "firing") + Line("c", "firing") + Line("a", "pending") +
          LeftOut("0"));
}

TEST(AlertFamilies, WhatRulesOfOneNameRaiseIsOneSeries) {
  EXPECT_EQ(TextOf(AlertFamilies(
                {AlertOf("a", AlertState::kFiring), AlertOf("a", AlertState::kAcknowledged)}, 10)),
            kAlertsHead + Line("a", "firing") + LeftOut("0"));
}

TEST(AlertFamilies, AnAlertstateOfTheSeriesGivesWayAsInPrometheus) {
  auto alert = std::make_shared<Alert>(*AlertOf("a", AlertState::kFiring));
  alert->labels = LabelsBuilder(alert->labels).Set("alertstate", "mine").Build();
  EXPECT_EQ(TextOf(AlertFamilies({alert}, 10)), kAlertsHead + Line("a", "firing") + LeftOut("0"));
}

TEST(AlertFamilies, OfTooManyThoseStayThatFireAndAmongThemTheOldest) {
  EXPECT_EQ(TextOf(AlertFamilies({AlertOf("old", AlertState::kPending, std::chrono::hours(2)),
                                  AlertOf("new", AlertState::kFiring, std::chrono::minutes(1)),
                                  AlertOf("older", AlertState::kFiring, std::chrono::minutes(3)),
                                  AlertOf("oldest", AlertState::kFiring, std::chrono::minutes(5))},
                                 2)),
            kAlertsHead + Line("older", "firing") + Line("oldest", "firing") + LeftOut("2"));
}

}  // namespace
}  // namespace tocsin::exposition
