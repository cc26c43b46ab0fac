// The details of the health: each part, and why it is not well.
#include "exporter/api/health_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Reasons(const DaemonStatus& status) {
  return HealthDetailsJson(status).at("reasons").get<std::vector<std::string>>();
}

Json Part(const DaemonStatus& status, const char* name) {
  return HealthDetailsJson(status).at("parts").at(name);
}

std::string StateOf(const DaemonStatus& status, const char* name) {
  return Part(status, name).at("status");
}

TEST(HealthDetails, WhereAllIsWellEachPartSaysSo) {
  DaemonStatus status;
  status.disk = DiskStatus{200ULL << 20, 1ULL << 30};
  status.stream_clients = 3;
  status.websocket_connections = 2;
  status.stream_limit = 128;
  const Json details = HealthDetailsJson(status);
  for (const auto& [name, part] : details.at("parts").items()) {
    EXPECT_EQ(part.at("status"), "healthy") << name;
    EXPECT_TRUE(part.at("reason").is_null()) << name;
  }
  for (const char* name : {"database", "store_writer", "disk", "evaluation", "delivery", "host",
                           "scrape", "stream", "configuration"}) {
    EXPECT_TRUE(details.at("parts").contains(name)) << name;
  }
  EXPECT_THAT(Reasons(status), IsEmpty());
  EXPECT_EQ(details.at("warnings"), Json::array());
  EXPECT_EQ(details.at("checks").at("websocket_connections"), 2);
  EXPECT_EQ(Part(status, "stream").at("clients"), 3);
  EXPECT_EQ(Part(status, "disk").at("free_bytes"), 200ULL << 20);
}

TEST(HealthDetails, TheProgramThatIsAskedHowItIsStandsAmongTheChecks) {
  DaemonStatus status;
  EXPECT_FALSE(HealthDetailsJson(status).at("checks").contains("api"));
  status.probe = ProbeStatus{"", FromUnixMillis(1'714'557'600'000), milliseconds(250)};
  EXPECT_EQ(HealthDetailsJson(status).at("checks").at("api"), "healthy");
  EXPECT_EQ(Part(status, "api").at("asked_at"), "2024-05-01T10:00:00Z");
  EXPECT_EQ(Part(status, "api").at("response_seconds"), 0.25);
  EXPECT_EQ(status.overall(), "healthy");
  status.probe->error = "HTTP status 503";
  EXPECT_EQ(HealthDetailsJson(status).at("checks").at("api"), "degraded");
  EXPECT_THAT(Reasons(status), ElementsAre("the program at API_URL is not well: HTTP status 503"));
  EXPECT_EQ(status.overall(), "degraded");
}

TEST(HealthDetails, TheStoreSaysNothingOfItsFiles) {
  DaemonStatus status;
  status.store_trouble = "cannot write /var/lib/tocsin/state.db: disk full";
  EXPECT_EQ(StateOf(status, "database"), "degraded");
  EXPECT_EQ(Dump(HealthDetailsJson(status)).find("/var"), std::string::npos);
  EXPECT_THAT(Reasons(status),
              ElementsAre("state cannot be written: the log and GET status say why"));
}

TEST(HealthDetails, AReceiverTellsItsLastOutcome) {
  DaemonStatus status;
  status.receivers = {{"ops", "healthy", "", FromUnixMillis(1'714'557'600'000)},
                      {"chat", "failing", "503"},
                      {"email", "not_configured", ""}};
  status.outbox_dead = 2;
  const Json delivery = Part(status, "delivery");
  EXPECT_EQ(delivery.at("status"), "degraded");
  EXPECT_EQ(delivery.at("dead_letters"), 2);
  EXPECT_EQ(delivery.at("receivers").at("ops").at("last_attempt_at"), "2024-05-01T10:00:00Z");
  EXPECT_EQ(delivery.at("receivers").at("chat").at("last_error"), "503");
  EXPECT_EQ(delivery.at("receivers").at("email").at("status"), "not_configured");
  EXPECT_THAT(Reasons(status), ElementsAre("2 messages were given up: see GET dead-letters",
                                           "receiver chat fails: 503"));
}

TEST(HealthDetails, AChannelThatNobodyHasConfiguredIsNoFault) {
  DaemonStatus status;
  status.receivers = {{"email", "not_configured", ""}};
  EXPECT_EQ(status.overall(), "healthy");
}

TEST(HealthDetails, CollectorsTellWhatTheyCannotRead) {
  DaemonStatus status;
  status.targets.push_back({"node", "http://a", "down", "refused", {}, {}});
  status.targets.push_back({"node", "http://b", "up", "", {}, {}});
  status.host_collector_healthy = false;
  EXPECT_EQ(StateOf(status, "scrape"), "degraded");
  EXPECT_EQ(StateOf(status, "host"), "degraded");
  EXPECT_THAT(Reasons(status),
              ElementsAre("the metrics of this host cannot be read", "1 of 2 targets are down"));
  status.host_collector_enabled = false;
  EXPECT_EQ(StateOf(status, "host"), "off");
}

TEST(HealthDetails, LagsBecomeReasonsWhenTheyAreLong) {
  DaemonStatus status;
  status.evaluation.lag = seconds(5);
  status.store_lag = seconds(5);
  EXPECT_EQ(status.overall(), "healthy");
  status.evaluation.lag = milliseconds(5'001);
  EXPECT_EQ(status.overall(), "degraded");
  EXPECT_EQ(Part(status, "evaluation").at("lag_seconds"), 5.001);
  status.store_lag = seconds(7);
  EXPECT_EQ(StateOf(status, "store_writer"), "degraded");
  EXPECT_THAT(Reasons(status), ElementsAre("writes have waited for 7s to become durable",
                                           "evaluation is 5s1ms behind"));
}

TEST(HealthDetails, AStandstillNamesThePartThatStands) {
  DaemonStatus evaluation;
  evaluation.stalled = true;
  EXPECT_EQ(StateOf(evaluation, "evaluation"), "unhealthy");
  EXPECT_EQ(StateOf(evaluation, "delivery"), "healthy");
  DaemonStatus delivery;
  delivery.stalled = true;
  delivery.delivery_stalled = true;
  EXPECT_EQ(StateOf(delivery, "evaluation"), "healthy");
  EXPECT_EQ(StateOf(delivery, "delivery"), "unhealthy");
  EXPECT_EQ(delivery.overall(), "unhealthy");
  EXPECT_THAT(Reasons(delivery), ElementsAre("delivery has come to a standstill"));
}

TEST(HealthDetails, ADiskThatIsNearlyFullIsDegraded) {
  DaemonStatus status;
  status.disk = DiskStatus{64ULL << 20, 1ULL << 40};
  EXPECT_EQ(status.overall(), "healthy");
  status.disk->free_bytes -= 1;
  EXPECT_EQ(status.overall(), "degraded");
  EXPECT_THAT(Reasons(status), ElementsAre("the storage folder has room for 63 MiB more"));
}

TEST(HealthDetails, WarningsAreNoFaults) {
  DaemonStatus status;
  status.warnings = {"listening on :9095 without API keys"};
  EXPECT_EQ(status.overall(), "healthy");
  EXPECT_EQ(HealthDetailsJson(status).at("warnings"), Json::array({status.warnings[0]}));
}

}  // namespace
}  // namespace tocsin::api
