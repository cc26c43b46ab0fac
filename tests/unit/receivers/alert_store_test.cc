#include "receivers/alerts/alert_store.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/posted_alert_builders.h"
#include "tests/support/receiver_builders.h"

namespace tocsin::receivers {
namespace {

using testing::Named;
using testing::Posted;

const Timestamp kZero = FromUnixMillis(1'714'557'600'000);
Timestamp At(int seconds) { return kZero + std::chrono::seconds(seconds); }

PostedAlert Of(std::string_view alertname, std::string_view instance, int ends = 100) {
  return Posted(Labels{{"alertname", alertname}, {"instance", instance}}, kZero, At(ends), kZero);
}

TEST(AlertStore, KeepsEachAlertOnceByItsLabels) {
  MetricRegistry metrics;
  AlertStore store(metrics);
  const std::vector<PostedAlertPtr> stored = store.Put({Of("A", "1"), Of("B", "1"), Of("A", "1")});
  ASSERT_EQ(stored.size(), 3U);
  EXPECT_EQ(stored[0]->labels, Of("A", "1").labels);
  EXPECT_EQ(stored[1]->labels, Of("B", "1").labels);
  EXPECT_EQ(store.size(), 2U);
  EXPECT_EQ(store.All().size(), 2U);
  EXPECT_EQ(store.Find(Of("A", "1").fingerprint), stored[2]);
  EXPECT_EQ(store.Find(Of("C", "1").fingerprint), nullptr);
}

TEST(AlertStore, ReturnsWhatStandsAfterAMerge) {
  MetricRegistry metrics;
  AlertStore store(metrics);
  store.Put({Posted(Named("A"), At(0), At(100), At(0))});
  const std::vector<PostedAlertPtr> stored =
      store.Put({Posted(Named("A"), At(5), At(200), At(10))});
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0]->starts_at, At(0));
  EXPECT_EQ(stored[0]->ends_at, At(200));
  EXPECT_EQ(store.Find(stored[0]->fingerprint), stored[0]);
}

TEST(AlertStore, LeavesOutNewAlertsBeyondTheLimitOfTheirName) {
  MetricRegistry metrics;
  AlertStore store(metrics, 2);
  const std::vector<PostedAlertPtr> stored =
      store.Put({Of("A", "1"), Of("A", "2"), Of("A", "3"), Of("B", "1")});
  ASSERT_EQ(stored.size(), 3U);
  EXPECT_EQ(stored[2]->labels, Of("B", "1").labels);
  EXPECT_EQ(store.Find(Of("A", "3").fingerprint), nullptr);
  EXPECT_EQ(testing::MetricValue(metrics, "alertmanager_alerts_limited_total"), 1);
  EXPECT_EQ(testing::MetricValue(metrics, "alertmanager_alerts_per_alert_limit"), 2);
}

TEST(AlertStore, TakesUpdatesOfKnownAlertsAtTheLimit) {
  MetricRegistry metrics;
  AlertStore store(metrics, 1);
  store.Put({Of("A", "1")});
  EXPECT_EQ(store.Put({Of("A", "1")}).size(), 1U);
  EXPECT_EQ(testing::MetricValue(metrics, "alertmanager_alerts_limited_total"), 0);
}

TEST(AlertStore, GivesThePlaceOfAForgottenAlertToAnother) {
  MetricRegistry metrics;
  AlertStore store(metrics, 1);
  store.Put({Of("A", "1", 10)});
  EXPECT_TRUE(store.Put({Of("A", "2")}).empty());
  EXPECT_EQ(store.ForgetEndedBy(At(10)), 1U);
  EXPECT_EQ(store.Put({Of("A", "2")}).size(), 1U);
  EXPECT_TRUE(store.Put({Of("A", "3")}).empty());
}

TEST(AlertStore, ForgetsOnlyWhatHasEnded) {
  MetricRegistry metrics;
  AlertStore store(metrics);
  store.Put({Of("A", "1", 10), Of("A", "2", 11)});
  EXPECT_EQ(store.ForgetEndedBy(At(9)), 0U);
  EXPECT_EQ(store.ForgetEndedBy(At(10)), 1U);
  EXPECT_EQ(store.size(), 1U);
  EXPECT_NE(store.Find(Of("A", "2").fingerprint), nullptr);
}

TEST(AlertStore, StandsSeveralThreads) {
  MetricRegistry metrics;
  AlertStore store(metrics, 50);
  std::vector<std::thread> senders;
  for (int t = 0; t < 4; ++t) {
    senders.emplace_back([&store] {
      for (int i = 0; i < 100; ++i) store.Put({Of("A", std::to_string(i))});
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(store.size(), 50U);
}

}  // namespace
}  // namespace tocsin::receivers
