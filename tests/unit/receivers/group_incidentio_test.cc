#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Outcome::Kind;

constexpr char kIncidentioItem[] =
    "{url: 'http://io/v2/alert_events/alertmanager/1', alert_source_token: t0ken}";
constexpr std::size_t kMaxBodyBytes = 524'288;
// FNV-1a of the labels, by hand.
constexpr char kFingerprint[] = "3e5093e8940ae99d";

// Two alerts; the first with an annotation of that many bytes, if any.
GroupNotification TwoAlerts(std::size_t bytes) {
  PostedAlert first = DiskFullOn("a");
  if (bytes > 0) first.annotations.emplace_back("text", std::string(bytes, 'x'));
  return About({IsOver(first), Fires(DiskFullOn("b"))});
}

TEST(GroupIncidentio, SendsAlertmanagersMessage) {
  VendorWorld incidentio("incidentio_configs", kIncidentioItem);
  const HttpClientRequest request = incidentio.DeliverFiring();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://io/v2/alert_events/alertmanager/1");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "Bearer t0ken");
  EXPECT_EQ(request.body,
            R"({"receiver":"ops","status":"firing","alerts":[{"status":"firing",)"
            R"("labels":{"alertname":"DiskFull","job":"node"},"annotations":{"summary":"98%"},)"
            R"("startsAt":"2026-01-02T03:04:05.678Z","endsAt":"0001-01-01T00:00:00Z",)"
            R"("generatorURL":"http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1",)"
            R"("fingerprint":")" +
                std::string(kFingerprint) +
                R"("}],"notification_reason":"first notification",)"
                R"("groupLabels":{"alertname":"DiskFull"},)"
                R"("commonLabels":{"alertname":"DiskFull","job":"node"},)"
                R"("commonAnnotations":{"summary":"98%"},"routeLabels":{},)"
                R"("externalURL":"http://am:9093","version":"1",)"
                R"("groupKey":"{}:{alertname=\"DiskFull\"}","truncatedAlerts":0})"
                "\n");
  EXPECT_TRUE(incidentio.send_resolved);
}

TEST(GroupIncidentio, TellsWhatIsOverWhyAndByWhichRoute) {
  VendorWorld incidentio("incidentio_configs", kIncidentioItem);
  GroupNotification notification = About({IsOver(DiskFull())});
  notification.reason = NotificationReason::kAllAlertsResolved;
  notification.route_labels = Labels{{"team", "{{ .CommonLabels.job }}-team"}};
  notification.receiver = "team.a";
  EXPECT_EQ(incidentio.Deliver(notification).body,
            R"({"receiver":"team\\.a","status":"resolved","alerts":[{"status":"resolved",)"
            R"("labels":{"alertname":"DiskFull","job":"node"},"annotations":{"summary":"98%"},)"
            R"("startsAt":"2026-01-02T03:04:05.678Z","endsAt":"2026-01-02T04:00:00Z",)"
            R"("generatorURL":"http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1",)"
            R"("fingerprint":")" +
                std::string(kFingerprint) +
                R"("}],"notification_reason":"all alerts resolved",)"
                R"("groupLabels":{"alertname":"DiskFull"},)"
                R"("commonLabels":{"alertname":"DiskFull","job":"node"},)"
                R"("commonAnnotations":{"summary":"98%"},"routeLabels":{"team":"node-team"},)"
                R"("externalURL":"http://am:9093","version":"1",)"
                R"("groupKey":"{}:{alertname=\"DiskFull\"}","truncatedAlerts":0})"
                "\n");
}

TEST(GroupIncidentio, CutsTheZerosOfFractions) {
  VendorWorld incidentio("incidentio_configs", kIncidentioItem);
  PostedAlert alert = DiskFull();
  alert.starts_at = At("2026-01-02T03:04:05.670Z");
  alert.ends_at = At("2026-01-02T03:05:00.100Z");
  EXPECT_THAT(
      incidentio.Deliver(About({IsOver(alert)})).body,
      HasSubstr(R"("startsAt":"2026-01-02T03:04:05.67Z","endsAt":"2026-01-02T03:05:00.1Z")"));
}

TEST(GroupIncidentio, TellsWhatAlertsHaveInCommon) {
  VendorWorld incidentio("incidentio_configs", kIncidentioItem);
  PostedAlert other = DiskFullOn("b");
  other.annotations = {{"summary", "99%"}};
  const std::string body = incidentio.Deliver(About({IsOver(DiskFullOn("a")), Fires(other)})).body;
  EXPECT_THAT(body, HasSubstr(R"({"receiver":"ops","status":"firing")"));
  EXPECT_THAT(body, HasSubstr(R"("commonLabels":{"alertname":"DiskFull","job":"node"})"));
  EXPECT_THAT(body, HasSubstr(R"("commonAnnotations":{})"));
}

// Common labels and status are those of the alerts that are told.
TEST(GroupIncidentio, TellsTheFirstMaxAlerts) {
  VendorWorld incidentio("incidentio_configs", "{url: 'http://io/', max_alerts: 1}");
  const nlohmann::json json = nlohmann::json::parse(incidentio.Deliver(TwoAlerts(0)).body);
  EXPECT_EQ(json["alerts"].size(), 1U);
  EXPECT_EQ(json["status"], "resolved");
  EXPECT_EQ(json["commonLabels"]["instance"], "a");
  EXPECT_EQ(json["truncatedAlerts"], 1);
  VendorWorld two("incidentio_configs", "{url: 'http://io/', max_alerts: 2}");
  const nlohmann::json all = nlohmann::json::parse(two.Deliver(TwoAlerts(0)).body);
  EXPECT_EQ(all["alerts"].size(), 2U);
  EXPECT_EQ(all["truncatedAlerts"], 0);
}

// What is said of the group stays that of the whole, as in Alertmanager.
TEST(GroupIncidentio, TellsTheFirstAlertOnlyWhereAllAreTooMuch) {
  VendorWorld incidentio("incidentio_configs", kIncidentioItem);
  const std::size_t frame = incidentio.Deliver(TwoAlerts(1)).body.size() - 1;
  const std::string fits = incidentio.Deliver(TwoAlerts(kMaxBodyBytes - frame)).body;
  EXPECT_EQ(fits.size(), kMaxBodyBytes);
  EXPECT_EQ(nlohmann::json::parse(fits)["alerts"].size(), 2U);
  const std::string cut = incidentio.Deliver(TwoAlerts(kMaxBodyBytes - frame + 1)).body;
  EXPECT_LT(cut.size(), kMaxBodyBytes);
  const nlohmann::json json = nlohmann::json::parse(cut);
  ASSERT_EQ(json["alerts"].size(), 1U);
  EXPECT_EQ(json["alerts"][0]["labels"]["instance"], "a");
  EXPECT_EQ(json["status"], "firing");
  EXPECT_FALSE(json["commonLabels"].contains("instance"));
  EXPECT_EQ(json["truncatedAlerts"], 0);
}

TEST(GroupIncidentio, SendsAnAlertThatIsTooLargeByItselfAllTheSame) {
  VendorWorld incidentio("incidentio_configs", kIncidentioItem);
  const std::string body = incidentio.Deliver(TwoAlerts(2 * kMaxBodyBytes)).body;
  EXPECT_GT(body.size(), 2 * kMaxBodyBytes);
  EXPECT_EQ(nlohmann::json::parse(body)["alerts"].size(), 1U);
}

TEST(GroupIncidentio, ReadsTheFilesOfAddressAndTokenForEachMessage) {
  const testing::TempDir folder;
  const std::string url = folder.path() + "/url";
  const std::string token = folder.path() + "/token";
  VendorWorld incidentio("incidentio_configs",
                         "{url_file: '" + url + "', alert_source_token_file: '" + token + "'}");
  std::ofstream(url) << " http://io/a\n";
  std::ofstream(token) << " one\n";
  const HttpClientRequest request = incidentio.DeliverFiring();
  EXPECT_EQ(request.url, "http://io/a");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "Bearer one");
  std::ofstream(url) << "http://io/b";
  std::ofstream(token) << "two";
  EXPECT_EQ(incidentio.DeliverFiring().url, "http://io/b");
  EXPECT_EQ(HeaderOf(incidentio.LastRequest(), "Authorization"), "Bearer two");
}

TEST(GroupIncidentio, GivesUpWithoutAnAddressOrItsToken) {
  const testing::TempDir folder;
  const std::string url = folder.path() + "/url";
  const std::string token = folder.path() + "/token";
  VendorWorld incidentio("incidentio_configs",
                         "{url_file: '" + url + "', alert_source_token_file: '" + token + "'}");
  const auto reason = [&incidentio] {
    incidentio.DeliverFiring();
    EXPECT_EQ(incidentio.outcomes.back().kind, Kind::kGiveUp);
    return incidentio.reason();
  };
  EXPECT_THAT(reason(), HasSubstr(url));
  std::ofstream(url) << "s3cret";
  EXPECT_THAT(reason(), HasSubstr("url: "));
  EXPECT_THAT(incidentio.reason(), Not(HasSubstr("s3cret")));
  std::ofstream(url) << "http://io/";
  EXPECT_THAT(reason(), HasSubstr(token));
  std::ofstream(token) << "\n";
  EXPECT_THAT(reason(), HasSubstr("alert_source_token_file"));
  EXPECT_EQ(incidentio.http.sent(), 0U);
}

TEST(GroupIncidentio, SendsTheCredentialsOfHttpConfigWhereItHasNoToken) {
  VendorWorld incidentio("incidentio_configs",
                         "{url: 'http://io/', http_config: {authorization: {credentials: c}}}");
  EXPECT_EQ(HeaderOf(incidentio.DeliverFiring(), "Authorization"), "Bearer c");
  VendorWorld token("incidentio_configs", kIncidentioItem,
                    "{http_config: {authorization: {credentials: c}}}");
  EXPECT_EQ(HeaderOf(token.DeliverFiring(), "Authorization"), "Bearer t0ken");
}

TEST(GroupIncidentio, TakesTheShorterOfItsTimeoutAndTheDeadline) {
  using std::chrono::seconds;
  VendorWorld incidentio("incidentio_configs", "{url: 'http://io/', timeout: 5s}");
  EXPECT_EQ(incidentio.Deliver(TwoAlerts(0), seconds(60)).timeout, seconds(5));
  EXPECT_EQ(incidentio.Deliver(TwoAlerts(0), seconds(2)).timeout, seconds(2));
  VendorWorld none("incidentio_configs", kIncidentioItem);
  EXPECT_EQ(none.Deliver(TwoAlerts(0), seconds(60)).timeout, seconds(60));
}

TEST(GroupIncidentio, KeepsHostileTextsInTheirMembers) {
  VendorWorld incidentio("incidentio_configs", kIncidentioItem);
  const std::string text = "\"}]<script>alert('x')</script>\n\\\t\x01";
  PostedAlert alert = DiskFull();
  alert.annotations = {{"summary", text}, {"z\xff", "\xff"}};
  const std::string body = incidentio.Deliver(About({Fires(alert)})).body;
  EXPECT_THAT(body, Not(HasSubstr("<script>")));
  const nlohmann::json json = nlohmann::json::parse(body);
  EXPECT_EQ(json["alerts"][0]["annotations"]["summary"], text);
  EXPECT_EQ(json["commonAnnotations"]["z\xEF\xBF\xBD"], "\xEF\xBF\xBD");
}

TEST(GroupIncidentio, IsRetriedAsAlertmanagerDoesAndByTheOutboxMoreOften) {
  VendorWorld incidentio("incidentio_configs", kIncidentioItem);
  EXPECT_EQ(incidentio.OutcomeOf(202).kind, Kind::kDelivered);
  for (const int status : {429, 500, 503}) {
    EXPECT_EQ(incidentio.OutcomeOf(status).kind, Kind::kRetry) << status;
  }
  for (const int status : {302, 400, 401, 403, 404, 408, 422}) {
    EXPECT_EQ(incidentio.OutcomeOf(status).kind, Kind::kGiveUp) << status;
  }
  for (const int status : {408, 429, 502}) {
    EXPECT_EQ(incidentio.DurableOutcomeOf(status).kind, Kind::kRetry) << status;
  }
  EXPECT_EQ(incidentio.DurableOutcomeOf(422).kind, Kind::kGiveUp);
  for (const Outcome& outcome : incidentio.outcomes) {
    EXPECT_THAT(outcome.reason + outcome.advice, Not(HasSubstr("t0ken")));
  }
}

TEST(GroupIncidentio, GivesUpWhereALabelOfTheRouteFailsAndSendsNothing) {
  VendorWorld incidentio("incidentio_configs", kIncidentioItem);
  GroupNotification notification = About({Fires(DiskFull())});
  notification.route_labels = Labels{{"team", "{{ .Nothing }}"}};
  incidentio.Deliver(notification);
  EXPECT_EQ(incidentio.http.sent(), 0U);
  EXPECT_EQ(incidentio.outcomes.at(0).kind, Kind::kGiveUp);
  EXPECT_THAT(incidentio.reason(), HasSubstr("route label team: team:1:4: "));
}

}  // namespace
}  // namespace tocsin::receivers
