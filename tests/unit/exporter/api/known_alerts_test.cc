// The alerts that senders post beside those of rules: in lists, by their ids, with what holds them
// back; and the conditions of lists.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/unit/exporter/api/api_world.h"

namespace tocsin::api {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::CpuRule;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class KnownAlertsTest : public ::testing::Test {
 protected:
  // Its fingerprint.
  std::string PostAlert(const Labels& labels, Timestamp starts_at, Duration lasts = hours(9)) {
    receivers::PostedAlert alert =
        testing::Posted(labels, starts_at, starts_at + lasts, world_.clock.Now());
    alert.annotations = {{"description", "it is full"}, {"summary", "full"}};
    alert.generator_url = "http://prometheus/graph";
    world_.alerts.Put({alert});
    return FormatHex64(labels.view().Fingerprint());
  }
  // The names, with the host where there is one, in their order.
  std::vector<std::string> Listed(const std::string& query = "") {
    const http::Response response = world_.Get("/alerts", query);
    EXPECT_EQ(response.status, 200) << response.body;
    std::vector<std::string> names;
    for (const json& alert : Parsed(response)) {
      const json& labels = alert.at("labels");
      names.push_back(labels.value("alertname", "") + "@" + labels.value("host", ""));
    }
    return names;
  }

  ApiWorld world_{{CpuRule("r1")}};
};

TEST_F(KnownAlertsTest, APostedAlertHasTheShapeOfAll) {
  const Labels labels{{"alertname", "DiskFull"}, {"severity", "page"}, {"host", "db"}};
  const std::string fingerprint = PostAlert(labels, kStart - minutes(3));
  const json alert = Parsed(world_.Get("/alerts"))[0];
  EXPECT_TRUE(alert.at("rule_id").is_null());
  EXPECT_EQ(alert.at("name"), "DiskFull");
  EXPECT_EQ(alert.at("rule_name"), "DiskFull");
  EXPECT_EQ(alert.at("description"), "it is full");
  EXPECT_EQ(alert.at("severity"), "high");
  EXPECT_EQ(alert.at("status"), "active");
  EXPECT_EQ(alert.at("threshold"), "");
  EXPECT_EQ(alert.at("triggered_at"), "2099-12-31T23:57:00Z");
  EXPECT_EQ(alert.at("fingerprint"), fingerprint);
  EXPECT_EQ(alert.at("labels"),
            json::parse(R"({"alertname":"DiskFull","severity":"page","host":"db"})"));
  EXPECT_EQ(alert.at("annotations").at("summary"), "full");
  EXPECT_EQ(alert.at("id").get<std::string>().size(), 36U);
  // Whoever reads alerts finds every field of a rule's in it.
  world_.Submit("a", 90);
  const json all = Parsed(world_.Get("/alerts"));
  ASSERT_EQ(all.size(), 2U);
  for (const auto& [field, value] : all[0].items()) EXPECT_TRUE(all[1].contains(field)) << field;
}

TEST_F(KnownAlertsTest, AllAlertsStandInOneListNewestFirst) {
  world_.Submit("a", 90);
  world_.Advance(seconds(10));
  PostAlert({{"alertname", "Posted"}}, kStart + seconds(5));
  world_.Submit("b", 90);
  EXPECT_THAT(Listed(), ElementsAre("High CPU@b", "Posted@", "High CPU@a"));
  EXPECT_THAT(Listed("limit=1&offset=1"), ElementsAre("Posted@"));
  EXPECT_EQ(Parsed(world_.Get("/status")).at("active_alerts"), 3);
}

TEST_F(KnownAlertsTest, APostedAlertHasItsStates) {
  const std::string id = PostAlert({{"alertname", "P"}}, kStart, minutes(5));
  EXPECT_EQ(
      world_.Post("/alerts/" + id + "/acknowledge", R"({"actor":"anna","note":"on it"})").status,
      200);
  EXPECT_THAT(Listed(), IsEmpty());
  EXPECT_THAT(Listed("status=acknowledged"), ElementsAre("P@"));
  const json acknowledged = Parsed(world_.Get("/alerts/" + id));
  EXPECT_EQ(acknowledged.at("status"), "acknowledged");
  EXPECT_EQ(acknowledged.at("acknowledged_by"), "anna");
  EXPECT_EQ(acknowledged.at("acknowledge_note"), "on it");
  EXPECT_EQ(acknowledged.at("events").back().at("actor"), "anna");
  world_.Advance(minutes(5));
  EXPECT_THAT(Listed("status=resolved"), ElementsAre("P@"));
  const json resolved = Parsed(world_.Get("/alerts/" + id));
  EXPECT_EQ(resolved.at("resolved_at"), "2100-01-01T00:05:00Z");
  EXPECT_EQ(resolved.at("resolved_reason"), "recovered");
}

TEST_F(KnownAlertsTest, APostedAlertTellsItsHistoryWhereNothingIsRecorded) {
  const std::string id = PostAlert({{"alertname", "P"}}, kStart, minutes(5));
  world_.Advance(minutes(6));
  EXPECT_EQ(Parsed(world_.Get("/alerts/" + id)).at("events"), json::parse(R"([
      {"status": "active", "at": "2100-01-01T00:00:00Z"},
      {"status": "resolved", "at": "2100-01-01T00:05:00Z", "reason": "recovered"}])"));
}

TEST_F(KnownAlertsTest, OnlyItsSenderEndsAPostedAlert) {
  const std::string id = PostAlert({{"alertname", "P"}}, kStart, minutes(5));
  const http::Response refused = world_.Post("/alerts/" + id + "/resolve");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.body, R"({"detail":"Alert was posted by a sender, who alone can end it"})");
  world_.Advance(minutes(5));
  EXPECT_EQ(world_.Post("/alerts/" + id + "/resolve").status, 200);
}

TEST_F(KnownAlertsTest, ConditionsOnLabels) {
  world_.Submit("a", 90);
  world_.Submit("b", 90);
  PostAlert({{"alertname", "P"}, {"host", "a"}}, kStart);
  EXPECT_THAT(Listed("filter=host%3D%22a%22"), UnorderedElementsAre("High CPU@a", "P@a"));
  EXPECT_THAT(Listed("filter=host%3D%22a%22&filter=alertname!%3D%22P%22"),
              ElementsAre("High CPU@a"));
  EXPECT_THAT(Listed("match[]={host=~%22b|c%22}&match[]={alertname=%22P%22}"),
              UnorderedElementsAre("High CPU@b", "P@a"));
  EXPECT_THAT(Listed("filter=host%3D%22nobody%22"), IsEmpty());
  const json detail = Parsed(world_.Get("/alerts", "filter=host&match[]={a"));
  ASSERT_EQ(detail.at("detail").size(), 2U);
  EXPECT_EQ(detail.at("detail")[0].at("type"), "value_error.matcher");
}

TEST_F(KnownAlertsTest, ConditionsOnWhenItBegan) {
  world_.Submit("a", 90);
  world_.Advance(seconds(60));
  world_.Submit("b", 90);
  world_.Advance(seconds(60));
  world_.Submit("c", 90);
  EXPECT_THAT(Listed("since=2100-01-01T00:01:00Z"), ElementsAre("High CPU@c", "High CPU@b"));
  EXPECT_THAT(Listed("until=2100-01-01T00:01:00Z"), ElementsAre("High CPU@a"));
  EXPECT_THAT(Listed("since=4102444860&until=4102444861"), ElementsAre("High CPU@b"));
  EXPECT_EQ(world_.Get("/alerts", "since=soon").status, 422);
}

TEST_F(KnownAlertsTest, ConditionsOnSeverityAndRule) {
  world_.Submit("a", 90);
  PostAlert({{"alertname", "P"}, {"severity", "critical"}}, kStart);
  PostAlert({{"alertname", "Q"}, {"severity", "info"}}, kStart);
  EXPECT_THAT(Listed("severity=critical"), ElementsAre("P@"));
  EXPECT_THAT(Listed("severity=critical,high"), UnorderedElementsAre("P@", "High CPU@a"));
  EXPECT_THAT(Listed("rule_id=r1"), ElementsAre("High CPU@a"));
  EXPECT_EQ(world_.Get("/alerts", "severity=high,urgent").status, 422);
}

TEST_F(KnownAlertsTest, WhatIsInhibitedIsSuppressedAndStillListedAsActive) {
  world_.Submit("a", 90);
  world_.inhibited_host = "a";
  const json alert = Parsed(world_.Get("/alerts"))[0];
  EXPECT_EQ(alert.at("status"), "suppressed");
  EXPECT_EQ(alert.at("inhibited"), true);
  EXPECT_EQ(alert.at("silenced_by"), json::array());
  // Only what fires can be held back.
  ASSERT_EQ(world_.Post("/alerts/id-1/acknowledge").status, 200);
  EXPECT_EQ(world_.AlertOf("a").at("status"), "acknowledged");
}

TEST_F(KnownAlertsTest, WhatATimeIntervalMutesIsSuppressedAndSaysWhich) {
  world_.Submit("a", 90);
  EXPECT_EQ(Parsed(world_.Get("/alerts"))[0].at("muted_by_intervals"), json::array());
  world_.muted_host = "a";
  const json alert = Parsed(world_.Get("/alerts"))[0];
  EXPECT_EQ(alert.at("status"), "suppressed");
  EXPECT_EQ(alert.at("muted_by_intervals"), json::array({"night"}));
  EXPECT_EQ(alert.at("inhibited"), false);
}

}  // namespace
}  // namespace tocsin::api
