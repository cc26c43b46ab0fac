#include "receivers/alerts/alert_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/text.h"
#include "receivers/alerts/alert_row.h"
#include "receivers/alerts/native_alert.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/support/receiver_builders.h"
#include "tests/unit/receivers/times.h"

namespace tocsin::receivers {
namespace {

using testing::Named;
using testing::Posted;

PostedAlert Of(std::string_view alertname, std::string_view instance, int ends = 100) {
  return Posted(Labels{{"alertname", alertname}, {"instance", instance}}, kNow, At(ends), kNow);
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

TEST(AlertStore, FindsWhatAnEarlierProcessHadWithItsDeadlines) {
  MetricRegistry metrics;
  testing::NullLogSink log;
  testing::MemoryStateStore rows;
  PostedAlert alert = Of("A", "\xff\"<");
  alert.annotations = {{"empty", ""}, {"text", "line\n\"quoted\""}};
  alert.generator_url = "http://prometheus/graph?a=b";
  alert.ends_by_timeout = true;
  int committed = 0;
  {
    AlertStore store(metrics);
    ASSERT_TRUE(store.Restore(rows, Logger(log, "alerts")).ok());
    store.Put({Of("Early", "1", 10), alert}, [&committed] { ++committed; });
    store.Put({Of("Late", "1", 50)});
    EXPECT_EQ(store.ForgetEndedBy(At(20)), 1U);
  }
  EXPECT_EQ(committed, 1);
  AlertStore store(metrics);
  ASSERT_TRUE(store.Restore(rows, Logger(log, "alerts")).ok());
  EXPECT_EQ(store.size(), 2U);
  EXPECT_EQ(store.Find(Of("Late", "1").fingerprint)->ends_at, At(50));
  // Bytes that are no UTF-8 do not survive, all else does.
  const auto all = store.All();
  const auto found = std::find_if(all.begin(), all.end(), [](const PostedAlertPtr& one) {
    return one->labels.Get("alertname") == "A";
  });
  ASSERT_NE(found, all.end());
  EXPECT_EQ((*found)->labels.Get("instance"), "\xef\xbf\xbd\"<");
  EXPECT_EQ((*found)->annotations, alert.annotations);
  EXPECT_EQ((*found)->generator_url, alert.generator_url);
  EXPECT_EQ((*found)->starts_at, alert.starts_at);
  EXPECT_EQ((*found)->updated_at, alert.updated_at);
  EXPECT_TRUE((*found)->ends_by_timeout);
  EXPECT_EQ((*found)->hash, LogHash((*found)->labels));
}

TEST(AlertStore, TakesNewAlertsOnlyAsLongAsThereIsRoom) {
  MetricRegistry metrics;
  AlertStoreOptions options;
  options.max_alerts = 2;
  AlertStore store(metrics, options);
  const auto post = [&store](std::vector<PostedAlert> alerts) {
    const std::size_t refused = store.TakeOutBeyondLimit(&alerts);
    store.Put(std::move(alerts));
    return refused;
  };
  EXPECT_EQ(post({Of("A", "1")}), 0U);
  EXPECT_EQ(post({Of("B", "1"), Of("C", "1"), Of("A", "1", 200)}), 1U);
  EXPECT_EQ(store.size(), 2U);
  EXPECT_EQ(store.Find(Of("A", "1").fingerprint)->ends_at, At(200));
  EXPECT_NE(store.Find(Of("B", "1").fingerprint), nullptr);
  EXPECT_EQ(post({MakeNativeAlert(testing::FiringAlert(testing::CpuUsageRule(), "e1"), "text")}),
            0U);
  EXPECT_EQ(store.size(), 3U);
  EXPECT_EQ(post({Of("D", "1"), Of("E", "1")}), 2U);
  EXPECT_EQ(testing::MetricValue(metrics, "tocsin_alerts_refused_total"), 3);
  store.ForgetEndedBy(At(1000));
  EXPECT_EQ(post({Of("D", "1")}), 0U);
}

TEST(AlertStore, FindsAlertsByFingerprintAndByTheirPresentEpisode) {
  MetricRegistry metrics;
  AlertStore store(metrics);
  const PostedAlertPtr first = store.Put({Of("A", "1")}).at(0);
  EXPECT_EQ(store.FindById(FormatHex64(first->fingerprint)), first);
  EXPECT_EQ(store.FindById(EpisodeId(*first)), first);
  for (const char* nobody : {"", "A", "0000000000000000", "00000000-0000-8000-8000-000000000000"}) {
    EXPECT_EQ(store.FindById(nobody), nullptr) << nobody;
  }
  PostedAlert again = Of("A", "1", 300);
  again.updated_at = again.began_at = At(200);  // it had ended
  const PostedAlertPtr second = store.Put({again}).at(0);
  EXPECT_EQ(store.FindById(EpisodeId(*first)), nullptr);
  EXPECT_EQ(store.FindById(EpisodeId(*second)), second);
}

TEST(AlertStore, LeavesRowsAloneThatItCannotRead) {
  for (const char* row : {"", "{", "[]", R"({"v":1})", R"({"v":2,"labels":{}})",
                          R"({"labels":{"a":1},"annotations":{},"v":1})"}) {
    EXPECT_FALSE(ParsePostedAlert(row).ok()) << row;
  }
  MetricRegistry metrics;
  testing::RecordingLogSink log;
  testing::MemoryStateStore rows(
      true,
      {{StateTable::kPostedAlerts, {{"00", "{"}, {"01", SerializePostedAlert(Of("A", "1"))}}}});
  AlertStore store(metrics);
  ASSERT_TRUE(store.Restore(rows, Logger(log, "alerts")).ok());
  EXPECT_EQ(store.size(), 1U);
  EXPECT_EQ(log.lines().size(), 1U);
  EXPECT_EQ(rows.tables()[StateTable::kPostedAlerts].size(), 2U);
}

TEST(AlertStore, KeepsOneRowForAnAlertWhateverItsEpisode) {
  MetricRegistry metrics;
  testing::NullLogSink log;
  testing::MemoryStateStore rows;
  AlertStore store(metrics);
  ASSERT_TRUE(store.Restore(rows, Logger(log, "alerts")).ok());
  const auto keys = [&rows] {
    std::vector<std::string> episodes;
    const auto stored = rows.tables()[StateTable::kPostedAlerts];
    for (const auto& [key, row] : stored) episodes.push_back(key);
    return episodes;
  };
  const PostedAlertPtr first = store.Put({Of("A", "1")}).at(0);
  EXPECT_EQ(keys(), std::vector{EpisodeId(*first)});
  PostedAlert repeated = Of("A", "1", 200);
  repeated.updated_at = repeated.began_at = At(50);
  store.Put({repeated});
  EXPECT_EQ(keys(), std::vector{EpisodeId(*first)});
  PostedAlert later = Of("A", "1", 400);
  later.updated_at = later.began_at = At(300);
  const PostedAlertPtr second = store.Put({later}).at(0);
  EXPECT_EQ(keys(), std::vector{EpisodeId(*second)});
  store.ForgetEndedBy(At(1000));
  EXPECT_TRUE(keys().empty());
}

TEST(AlertStore, TakesOverRowsThatEarlierVersionsHaveNamedByFingerprint) {
  MetricRegistry metrics;
  testing::NullLogSink log;
  const PostedAlert alert = Of("A", "1");
  testing::MemoryStateStore rows(
      true, {{StateTable::kPostedAlerts,
              {{FormatHex64(alert.fingerprint), SerializePostedAlert(alert)}}}});
  AlertStore store(metrics);
  ASSERT_TRUE(store.Restore(rows, Logger(log, "alerts")).ok());
  const auto left = rows.tables()[StateTable::kPostedAlerts];
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left.begin()->first, EpisodeId(alert));
}

TEST(AlertStore, LeavesNothingBehindForALaterProcessWhereAlertsAreNotDurable) {
  MetricRegistry metrics;
  testing::NullLogSink log;
  testing::MemoryStateStore rows;
  {
    AlertStore store(metrics);
    ASSERT_TRUE(store.Restore(rows, Logger(log, "alerts")).ok());
    store.Put({Of("A", "1"), Of("A", "2")});
  }
  ASSERT_EQ(rows.tables()[StateTable::kPostedAlerts].size(), 2U);
  ASSERT_TRUE(AlertStore::Discard(rows).ok());
  EXPECT_TRUE(rows.tables()[StateTable::kPostedAlerts].empty());
}

TEST(AlertStore, KeepsNoRowsOfAlertsThatOurOwnRulesRaise) {
  MetricRegistry metrics;
  testing::NullLogSink log;
  testing::MemoryStateStore rows;
  AlertStore store(metrics);
  ASSERT_TRUE(store.Restore(rows, Logger(log, "alerts")).ok());
  bool committed = false;
  store.Put({MakeNativeAlert(testing::FiringAlert(testing::CpuUsageRule(), "e1"), "text")},
            [&committed] { committed = true; });
  EXPECT_TRUE(committed);
  EXPECT_EQ(store.size(), 1U);
  EXPECT_TRUE(rows.tables()[StateTable::kPostedAlerts].empty());
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
  AlertStore store(metrics, {2});
  const std::vector<PostedAlertPtr> stored =
      store.Put({Of("A", "1"), Of("A", "2"), Of("A", "3"), Of("B", "1")});
  ASSERT_EQ(stored.size(), 3U);
  EXPECT_EQ(stored[2]->labels, Of("B", "1").labels);
  EXPECT_EQ(store.Find(Of("A", "3").fingerprint), nullptr);
  EXPECT_EQ(testing::MetricValue(metrics, "alertmanager_alerts_limited_total"), 1);
  EXPECT_EQ(testing::MetricValue(metrics, "alertmanager_alerts_per_alert_limit"), 2);
}

TEST(AlertStore, SaysWhoseAlertsAreBeyondTheLimitWhereItIsAsked) {
  MetricRegistry metrics;
  AlertStore store(metrics, {1, /*alertnames_in_metrics=*/true});
  const std::string name = "alertmanager_alerts_limited_total";
  EXPECT_EQ(testing::MetricValue(metrics, name), -1);
  store.Put({Of("A", "1"), Of("A", "2"), Of("A", "3"), Of("B", "1"), Of("", "1"), Of("", "2")});
  store.Put({Of("A", "4")});
  EXPECT_EQ(testing::MetricValue(metrics, name, {{"alertname", "A"}}), 3);
  EXPECT_EQ(testing::MetricValue(metrics, name, {{"alertname", "B"}}), -1);
  EXPECT_EQ(testing::MetricValue(metrics, name, {{"alertname", ""}}), 1);
}

TEST(AlertStore, TakesUpdatesOfKnownAlertsAtTheLimit) {
  MetricRegistry metrics;
  AlertStore store(metrics, {1});
  store.Put({Of("A", "1")});
  EXPECT_EQ(store.Put({Of("A", "1")}).size(), 1U);
  EXPECT_EQ(testing::MetricValue(metrics, "alertmanager_alerts_limited_total"), 0);
}

TEST(AlertStore, GivesThePlaceOfAForgottenAlertToAnother) {
  MetricRegistry metrics;
  AlertStore store(metrics, {1});
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
  AlertStore store(metrics, {50});
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
