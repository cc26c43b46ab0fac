// What a flush sends: deduplication, retries, and what is written to the log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/dispatch_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Named;

WireConfig Every(Duration interval, std::vector<WireIntegration> integrations = {{}}) {
  WireConfig config;
  config.settings.route.group_interval = interval;
  config.receivers = {{"ops", std::move(integrations)}};
  return config;
}

std::vector<std::int64_t> Times(const DispatchWorld& world) {
  std::vector<std::int64_t> millis;
  for (const DispatchWorld::Attempt& attempt : world.attempts) {
    millis.push_back((attempt.at - testing::FiredAt()).count());
  }
  return millis;
}

// ---- messages

TEST(DispatchPipeline, TellsAChannelAllItNeeds) {
  WireConfig config = Every(kMinute);
  config.settings.route.group_by = {"alertname"};
  config::AlertmanagerRoute child = config.settings.route;
  child.matchers = Matchers(R"(severity="page")");
  child.labels = Labels{{"team", "db"}};
  config.settings.route.children.push_back(child);
  DispatchWorldOptions options;
  options.dispatch.external_url = "http://am:9093";
  DispatchWorld world(config, options);
  world.Post({world.Firing({{"alertname", "A"}, {"severity", "page"}})});
  ASSERT_EQ(world.attempts.size(), 1U);
  const GroupNotification& notification = world.attempts[0].notification;
  EXPECT_EQ(notification.receiver, "ops");
  EXPECT_EQ(notification.group_key, R"({}/{severity="page"}:{alertname="A"})");
  EXPECT_EQ(notification.group_labels, Named("A"));
  EXPECT_EQ(notification.route_labels, (Labels{{"team", "db"}}));
  EXPECT_EQ(notification.external_url, "http://am:9093");
}

TEST(DispatchPipeline, SendsTheWholeGroupWhereOneAlertResolves) {
  DispatchWorld world(Every(kMinute));
  world.Fire("A");
  world.Post({world.Firing(Named("B"))});
  world.AdvanceTo(kMinute);
  world.Resolve("A");
  world.AdvanceTo(2 * kMinute);
  world.AdvanceTo(10 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "1m ops/hook: new alerts added: +A +B",
                                        "2m ops/hook: some alerts resolved: -A +B"));
}

TEST(DispatchPipeline, CutsResolvedAlertsWithoutSendResolved) {
  DispatchWorld world(Every(kMinute, {{.id = "hook", .send_resolved = false}}));
  const PostedAlert a = world.Firing(Named("A"));
  const PostedAlert b = world.Firing(Named("B"));
  world.Post({a, b});
  world.AdvanceTo(kSecond);
  world.Resolve("A");
  world.AdvanceTo(kMinute + kSecond);
  EXPECT_EQ(world.told().size(), 1U);  // no reason to send
  world.Fire("C");
  world.Resolve("B");
  world.AdvanceTo(2 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A +B",
                                        "2m ops/hook: new alerts added: +C"));
  // The log knows of all of the batch.
  const LogEntry entry = world.Log().begin()->second;
  EXPECT_EQ(entry.firing.size(), 1U);
  EXPECT_THAT(entry.resolved, ElementsAre(b.hash));
}

TEST(DispatchPipeline, LogsThatAllIsOverWithoutSayingSo) {
  DispatchWorld world(Every(kMinute, {{.id = "hook", .send_resolved = false}}));
  world.Fire("A");
  world.AdvanceTo(kSecond);
  world.Resolve("A");
  world.AdvanceTo(kMinute);
  EXPECT_EQ(world.told().size(), 1U);
  EXPECT_THAT(world.Log().begin()->second.firing, IsEmpty());
  EXPECT_THAT(world.Views(), IsEmpty());
  world.AdvanceTo(2 * kMinute);
  world.Fire("A");
  EXPECT_EQ(world.told().back(), "2m ops/hook: first notification: +A");
}

TEST(DispatchPipeline, SaysNothingOfAlertsThatResolveBeforeTheFirstMessage) {
  WireConfig config = Every(kMinute);
  config.settings.route.group_wait = 10 * kSecond;
  DispatchWorld world(config);
  world.Fire("A");
  world.AdvanceTo(kSecond);
  world.Resolve("A");
  world.AdvanceTo(kMinute);
  EXPECT_THAT(world.told(), IsEmpty());
  EXPECT_THAT(world.Log(), IsEmpty());
  EXPECT_THAT(world.Views(), IsEmpty());
}

TEST(DispatchPipeline, IntegrationsOfAReceiverHaveLogsOfTheirOwn) {
  DispatchWorld world(Every(kMinute, {{"a"}, {"b"}}));
  world.AnswerWith("ops/b", testing::NotFound());
  world.Fire("A");
  world.AnswerWith("ops/b", Outcome::Delivered(200));
  world.AdvanceTo(kMinute);
  EXPECT_THAT(world.told(),
              ElementsAre("0s ops/a: first notification: +A", "0s ops/b: first notification: +A",
                          "1m ops/b: first notification: +A"));
  EXPECT_EQ(world.Log().size(), 2U);
}

TEST(DispatchPipeline, TheReceiversNameIsALabelWhereThatIsWanted) {
  DispatchWorldOptions options;
  options.dispatch.receiver_name_in_metrics = true;
  DispatchWorld world(Every(kMinute, {{"a"}}), options);
  const std::map<std::string, std::string> labels = {{"integration", "wire"},
                                                     {"receiver_name", "ops"}};
  EXPECT_EQ(world.Metric("notifications_total", labels), 0);
  world.Fire("A");
  EXPECT_EQ(world.Metric("notifications_total", labels), 1);
  EXPECT_EQ(world.Metric("notification_requests_total", labels), 1);
  EXPECT_EQ(world.Metric("notifications_total", {{"integration", "wire"}}), -1);
}

TEST(DispatchPipeline, AReceiverWithoutIntegrationsTakesItsAlerts) {
  DispatchWorld world(Every(kMinute, {}));
  world.Fire("A");
  world.AdvanceTo(kSecond);
  EXPECT_EQ(world.Views().size(), 1U);
  world.Resolve("A");
  world.AdvanceTo(kMinute);
  EXPECT_THAT(world.told(), IsEmpty());
  EXPECT_THAT(world.Views(), IsEmpty());
}

// ---- the log

TEST(DispatchPipeline, WritesTheLogWhenTheMessageHasArrived) {
  DispatchWorld world(Every(kMinute));
  world.AnswerWith(std::nullopt);
  const PostedAlert a = world.Firing(Named("A"));
  world.Post({a});
  EXPECT_THAT(world.Log(), IsEmpty());
  world.AdvanceTo(3 * kSecond);
  world.Answer(0, Outcome::Delivered(200));
  ASSERT_EQ(world.Log().size(), 1U);
  const LogEntry entry = world.Log().begin()->second;
  EXPECT_EQ(entry.at, testing::FiredAt() + 3 * kSecond);
  EXPECT_EQ(entry.expires_at, entry.at + std::chrono::hours(8));  // twice the repeat interval
  EXPECT_THAT(entry.firing, ElementsAre(a.hash));
}

TEST(DispatchPipeline, RepeatsAtTheRetentionWhereThatIsShorter) {
  DispatchWorldOptions options;
  options.dispatch.retention = 60 * kMinute;
  DispatchWorld world(Every(5 * kMinute), options);
  world.Fire("A");
  world.AdvanceTo(60 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "1h ops/hook: first notification: +A"));
}

TEST(DispatchPipeline, SaysNothingTwiceAfterARestart) {
  DispatchWorld world(Every(kMinute));
  world.Fire("A");
  world.Restart();
  world.AdvanceTo(10 * kSecond);
  world.Fire("A");
  world.AdvanceTo(5 * kMinute);
  EXPECT_EQ(world.told().size(), 1U);
}

TEST(DispatchPipeline, SendsAgainAfterARestartWhatHadNoAnswer) {
  DispatchWorld world(Every(kMinute));
  world.AnswerWith(std::nullopt);
  world.Fire("A");
  world.Restart();
  world.Fire("A");
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "0s ops/hook: first notification: +A"));
}

// ---- retries

TEST(DispatchPipeline, BacksOffExponentiallyUntilTheDeadlineOfTheFlush) {
  DispatchWorld world(Every(10 * kSecond));
  world.AnswerWith(testing::Unavailable());
  world.Fire("A");
  world.AdvanceTo(10 * kSecond - Duration(1));
  EXPECT_THAT(Times(world), ElementsAre(0, 500, 1250, 2375, 4062, 6593));
  EXPECT_EQ(world.attempts[0].timeout, 10 * kSecond);  // what is left of the flush
  EXPECT_EQ(world.attempts[5].timeout, 10 * kSecond - Duration(6593));
  EXPECT_EQ(world.Failed(), 1);
  EXPECT_EQ(world.Metric("notifications_total", {{"integration", "wire"}}), 1);
  EXPECT_EQ(world.Metric("notification_requests_total", {{"integration", "wire"}}), 6);
  EXPECT_EQ(world.Metric("notification_requests_failed_total", {{"integration", "wire"}}), 6);
  world.AnswerWith(Outcome::Delivered(200));
  world.AdvanceTo(10 * kSecond);  // the next tick tries again
  EXPECT_EQ(world.told().back(), "10s ops/hook: first notification: +A");
}

TEST(DispatchPipeline, GivesRetriesTenSecondsWhereTheIntervalIsShorter) {
  DispatchWorld world(Every(kSecond));
  world.AnswerWith(testing::Unavailable());
  world.Fire("A");
  world.AdvanceTo(7 * kSecond);
  std::vector<std::int64_t> times = Times(world);
  ASSERT_GE(times.size(), 6U);
  times.resize(6);
  EXPECT_THAT(times, ElementsAre(0, 500, 1250, 2375, 4062, 6593));
  EXPECT_EQ(world.attempts[0].timeout, 10 * kSecond);
}

TEST(DispatchPipeline, GivesRetriesTheIntervalWhereThatIsLonger) {
  DispatchWorld world(Every(30 * kMinute));
  world.AnswerWith(testing::Unavailable());
  world.Fire("A");
  world.AdvanceTo(29 * kMinute);
  const std::vector<std::int64_t> times = Times(world);
  ASSERT_GT(times.size(), 20U);
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_LE(times[i] - times[i - 1], 60'000);
  EXPECT_EQ(times.back() - times[times.size() - 2], 60'000);
  EXPECT_EQ(world.Failed(), 0);
}

TEST(DispatchPipeline, SpreadsRetriesByHalfOfTheirWait) {
  for (const auto& [random, wait] : {std::pair(0.0, 250), std::pair(0.999999, 749)}) {
    DispatchWorld world(Every(kMinute));
    world.random = random;
    world.AnswerWith(testing::Unavailable());
    world.Fire("A");
    world.AdvanceTo(Duration(wait - 1));
    EXPECT_EQ(world.attempts.size(), 1U);
    world.AdvanceTo(Duration(wait + 1));
    EXPECT_EQ(world.attempts.size(), 2U);
  }
}

TEST(DispatchPipeline, TakesNoNoticeOfRetryAfter) {
  DispatchWorld world(Every(kMinute));
  world.AnswerWith(testing::RateLimited(std::chrono::hours(1)));
  world.Fire("A");
  world.AdvanceTo(Duration(500));
  EXPECT_THAT(Times(world), ElementsAre(0, 500));
}

TEST(DispatchPipeline, RetriesTheMessageOfTheTick) {
  DispatchWorld world(Every(kMinute));
  world.AnswerWith(testing::Unavailable());
  world.Fire("A");
  world.Fire("B");
  world.Resolve("A");
  world.AnswerWith(Outcome::Delivered(200));
  world.AdvanceTo(kSecond);
  EXPECT_EQ(world.told().back(), "500ms ops/hook: first notification: +A");
}

TEST(DispatchPipeline, StopsAtAPermanentErrorAndTriesAgainAtTheNextTick) {
  DispatchWorld world(Every(kMinute));
  world.AnswerWith(testing::NotFound());
  world.Fire("A");
  world.AdvanceTo(kMinute - Duration(1));
  EXPECT_EQ(world.attempts.size(), 1U);
  EXPECT_EQ(world.Metric("notifications_failed_total",
                         {{"integration", "wire"}, {"reason", "clientError"}}),
            1);
  world.AdvanceTo(2 * kMinute);
  EXPECT_THAT(Times(world), ElementsAre(0, 60'000, 120'000));
  EXPECT_EQ(world.Failed(), 3);
}

TEST(DispatchPipeline, AnswersThatComeInAnyOrderEndTheFlushOnce) {
  DispatchWorld world(Every(kMinute, {{"a"}, {"b"}, {"c"}}));
  world.Fire("A");
  world.AnswerWith(std::nullopt);
  world.Resolve("A");
  world.AdvanceTo(kMinute);
  ASSERT_EQ(world.attempts.size(), 6U);
  for (std::size_t i : {5U, 3U}) {
    world.Answer(i, Outcome::Delivered(200));
    EXPECT_EQ(world.Views().size(), 1U);
  }
  world.Answer(4, Outcome::Delivered(200));
  EXPECT_THAT(world.Views(), IsEmpty());
}

TEST(DispatchPipeline, SeriesOfItsMetricsExistFromTheStart) {
  const DispatchWorld world(Every(kMinute));
  EXPECT_EQ(world.Metric("notifications_total", {{"integration", "wire"}}), 0);
  EXPECT_EQ(world.Metric("notification_requests_failed_total", {{"integration", "wire"}}), 0);
  EXPECT_EQ(world.Failed(), 0);
  for (const char* reason :
       {"silence", "inhibition", "mute_time_interval", "active_time_interval"}) {
    EXPECT_EQ(world.Suppressed(reason), 0) << reason;
  }
}

}  // namespace
}  // namespace tocsin::receivers
