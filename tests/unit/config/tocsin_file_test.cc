#include "config/tocsin_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/loading.h"

namespace tocsin::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TocsinFile, DefaultsAreTheDocumentedOnes) {
  for (const char* text : {"", "tocsin:\n", "tocsin: {host: , web: , routing: , receivers: }\n"}) {
    const Settings settings = GoodSettings(text);
    EXPECT_TRUE(settings.host.enabled);
    EXPECT_EQ(settings.host.interval, std::chrono::seconds(5));
    EXPECT_EQ(settings.host.job, "node");
    EXPECT_EQ(settings.host.instance, "");
    EXPECT_EQ(settings.web.workers, 32U);
    EXPECT_EQ(settings.web.max_streams, 128U);
    EXPECT_FALSE(settings.web.allow_unauthenticated);
    EXPECT_FALSE(settings.web.public_metrics);
    EXPECT_THAT(settings.web.allowed_origins, IsEmpty());
    EXPECT_EQ(settings.staleness, std::chrono::minutes(5));
    EXPECT_EQ(settings.stale_alerts, StaleAlerts::kResolve);
    EXPECT_EQ(settings.sender, "Tocsin");
    EXPECT_EQ(settings.series.max_series, 1'000'000U);
    EXPECT_EQ(settings.intake.past_grace_period, std::chrono::hours(1));
    EXPECT_EQ(settings.intake.future_grace_period, std::chrono::minutes(5));
    EXPECT_EQ(settings.series.retention, std::chrono::hours(1));
    EXPECT_EQ(settings.max_alerts, 200'000U);
    EXPECT_EQ(settings.reported_version, "0.34.0");
    EXPECT_EQ(settings.history.retention, std::chrono::hours(30 * 24));
    EXPECT_EQ(settings.history.max_events, 1'000'000U);
    EXPECT_TRUE(settings.send_resolved_when_muted);
    EXPECT_EQ(settings.egress, EgressSettings());
    EXPECT_FALSE(settings.egress.deny_private);
    EXPECT_FALSE(settings.egress.trust_proxy);
    EXPECT_EQ(settings.security.encryption_key_file, "");
    EXPECT_EQ(settings.retry.min_backoff, std::chrono::seconds(1));
    EXPECT_EQ(settings.retry.max_backoff, std::chrono::minutes(5));
    EXPECT_EQ(settings.retry.give_up_after, std::chrono::hours(24));
    EXPECT_EQ(settings.retry.dead_letter_interval, std::chrono::minutes(15));
  }
}

TEST(TocsinFile, ReadsWhereMessagesMayGo) {
  const EgressSettings egress = GoodSettings(
                                    "tocsin:\n"
                                    "  egress:\n"
                                    "    deny_private: true\n"
                                    "    allow_networks: [10.0.0.0/8, 'fd00::/8', 192.0.2.7]\n"
                                    "    allow_hosts: [Hooks.Internal, '*.corp.example']\n"
                                    "    trust_proxy: true\n")
                                    .egress;
  EXPECT_TRUE(egress.deny_private);
  EXPECT_TRUE(egress.trust_proxy);
  EXPECT_THAT(egress.policy.allow_networks,
              ElementsAre(*IpNetwork::Parse("10.0.0.0/8"), *IpNetwork::Parse("fd00::/8"),
                          *IpNetwork::Parse("192.0.2.7")));
  EXPECT_THAT(egress.policy.allow_hosts, ElementsAre("hooks.internal", "*.corp.example"));
}

TEST(TocsinFile, ReadsHowLongNotificationsAreTried) {
  const RetrySettings retry =
      GoodSettings(
          "tocsin: {notifications: {retry: {min_backoff: 2s, max_backoff: 10m, give_up_after: 3d, "
          "dead_letter_interval: 1h}}}\n")
          .retry;
  EXPECT_EQ(retry.min_backoff, std::chrono::seconds(2));
  EXPECT_EQ(retry.max_backoff, std::chrono::minutes(10));
  EXPECT_EQ(retry.give_up_after, std::chrono::hours(72));
  EXPECT_EQ(retry.dead_letter_interval, std::chrono::hours(1));
}

TEST(TocsinFile, TheKeyFileStartsAtTheFolderOfTheConfiguration) {
  const auto key_file = [](const std::string& file, const std::string& named) {
    const LoadResult loaded = LoadText("tocsin: {security: {encryption_key_file: " + named + "}}\n",
                                       EmptyEnvironment(), {}, file);
    EXPECT_NE(loaded.settings, nullptr);
    return loaded.settings->security.encryption_key_file;
  };
  EXPECT_EQ(key_file("/etc/tocsin/tocsin.yml", "keys/one"), "/etc/tocsin/keys/one");
  EXPECT_EQ(key_file("/etc/tocsin/tocsin.yml", "/run/secrets/key"), "/run/secrets/key");
  EXPECT_EQ(key_file("tocsin.yml", "one"), "one");
}

TEST(TocsinFile, EveryKeyIsRead) {
  const Settings settings = GoodSettings(
      "tocsin:\n"
      "  host: {enabled: false, interval: 1s, job: hosts, instance: web-1}\n"
      "  web:\n"
      "    workers: 64\n"
      "    max_streams: 600\n"
      "    max_connections_per_address: 20\n"
      "    allow_unauthenticated: true\n"
      "    public_metrics: true\n"
      "    external_url: https://tocsin.example.org/\n"
      "    allowed_origins: [https://example.org, 'http://localhost:3000']\n"
      "    trusted_proxies: [10.1.0.0/16, '::1']\n"
      "  staleness: 90s\n"
      "  stale_alerts: keep\n"
      "  notifications: {sender: Pynomaly}\n"
      "  series: {max_series: 5000, retention: 2h}\n"
      "  intake: {past_grace_period: 3h, future_grace_period: 30s}\n"
      "  history: {retention: 7d, max_events: 5000}\n"
      "  alertmanager: {max_alerts: 70, send_resolved_when_muted: false, reported_version: "
      "0.27.0}\n"
      "  routing: {native_rules: both}\n");
  EXPECT_FALSE(settings.host.enabled);
  EXPECT_EQ(settings.host.interval, std::chrono::seconds(1));
  EXPECT_EQ(settings.host.job, "hosts");
  EXPECT_EQ(settings.host.instance, "web-1");
  EXPECT_EQ(settings.web.workers, 64U);
  EXPECT_EQ(settings.web.max_streams, 600U);
  EXPECT_EQ(settings.web.max_connections_per_address, 20U);
  EXPECT_TRUE(settings.web.allow_unauthenticated);
  EXPECT_TRUE(settings.web.public_metrics);
  EXPECT_EQ(settings.web.external_url, "https://tocsin.example.org");
  EXPECT_THAT(settings.web.allowed_origins,
              ElementsAre("https://example.org", "http://localhost:3000"));
  ASSERT_EQ(settings.web.trusted_proxies.size(), 2U);
  EXPECT_TRUE(settings.web.trusted_proxies[0].Contains(*IpAddress::Parse("10.1.2.3")));
  EXPECT_FALSE(settings.web.trusted_proxies[0].Contains(*IpAddress::Parse("10.2.2.3")));
  EXPECT_EQ(settings.staleness, std::chrono::seconds(90));
  EXPECT_EQ(settings.stale_alerts, StaleAlerts::kKeep);
  EXPECT_EQ(settings.sender, "Pynomaly");
  EXPECT_EQ(settings.series.max_series, 5000U);
  EXPECT_EQ(settings.series.retention, std::chrono::hours(2));
  EXPECT_EQ(settings.intake.past_grace_period, std::chrono::hours(3));
  EXPECT_EQ(settings.intake.future_grace_period, std::chrono::seconds(30));
  EXPECT_EQ(settings.native_rules, NativeRouting::kBoth);
  EXPECT_EQ(settings.max_alerts, 70U);
  EXPECT_EQ(settings.reported_version, "0.27.0");
  EXPECT_EQ(settings.history.retention, std::chrono::hours(7 * 24));
  EXPECT_EQ(settings.history.max_events, 5'000U);
  EXPECT_FALSE(settings.send_resolved_when_muted);
}

}  // namespace
}  // namespace tocsin::config
