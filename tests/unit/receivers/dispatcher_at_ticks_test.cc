// The dispatcher as a whole, on its own thread, with webhooks for receivers. Its clock stands in a
// far future, so that only what a test posts wakes the thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/matcher_text.h"
#include "receivers/dispatcher.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/unit/receivers/channel_world.h"
#include "tests/unit/receivers/times.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MemoryStateStore;
using testing::Named;

class DispatcherWorld {
 public:
  explicit DispatcherWorld(MemoryStateStore::Tables tables = {}) : store(true, std::move(tables)) {
    clock.Set(FromUnixMillis(4'102'444'800'000));  // 2100-01-01
    dispatcher = std::make_unique<Dispatcher>(
        DispatcherOptions(), Graph("ops"), alerts, silences, store, clock, [] { return 0.5; },
        Logger(log, "dispatch"), metrics);
  }

  // A configuration whose only receiver has this name.
  PipelineGraphPtr Graph(const std::string& receiver) {
    auto settings = std::make_shared<config::AlertmanagerSettings>();
    settings->route.receiver = receiver;
    config::AlertmanagerIntegration integration;
    integration.type = "webhook";
    integration.keys.SetSecret("url", Secret("http://hook/" + receiver));
    settings->receivers = {{receiver, {}, {integration}, ""}};
    const Result<PipelineGraphPtr> graph = BuildPipelineGraph(settings, channels.Context());
    EXPECT_TRUE(graph.ok());
    return *graph;
  }
  void Fire(const Labels& labels) {
    dispatcher->Accept(
        {testing::Posted(labels, clock.Now(), clock.Now() + std::chrono::hours(9), clock.Now())});
  }
  // Until the thread has done what was asked of it and what is due. The second answer comes from a
  // later turn of its loop.
  std::vector<GroupView> Settle() {
    dispatcher->Groups();
    return dispatcher->Groups();
  }
  std::vector<GroupView> Advance(Duration by) {
    Settle();  // what was posted before came before
    clock.Advance(by);
    return Settle();
  }

  testing::FakeClock clock;
  ChannelWorld channels;
  testing::FakeHttpClient& http = channels.http;
  testing::NullLogSink log;
  MetricRegistry metrics;
  MemoryStateStore store;
  AlertStore alerts{metrics};
  Silences silences{{}, store, [] { return "s"; }};
  std::unique_ptr<Dispatcher> dispatcher;
};

TEST(DispatcherAtTicks, TellsReceiversOfWhatIsPosted) {
  DispatcherWorld world;
  ASSERT_TRUE(world.dispatcher->Restore().ok());
  world.dispatcher->Start();
  world.Fire(Named("A"));
  world.Settle();
  EXPECT_EQ(world.http.sent(), 0U);
  world.Advance(30 * kSecond);
  ASSERT_EQ(world.http.sent(), 1U);
  EXPECT_EQ(world.http.request(0).url, "http://hook/ops");
  EXPECT_THAT(world.http.request(0).body, HasSubstr(R"("alertname":"A")"));
  world.http.Answer(0, 200);
  world.Settle();
  EXPECT_EQ(world.store.tables()[StateTable::kNotificationLog].size(), 1U);
  world.Advance(5 * kMinute);
  EXPECT_EQ(world.http.sent(), 1U);
}

TEST(DispatcherAtTicks, ShowsItsGroups) {
  DispatcherWorld world;
  world.dispatcher->Start();
  EXPECT_THAT(world.dispatcher->Groups(), IsEmpty());
  world.Fire(Named("A"));
  const std::vector<GroupView> groups = world.dispatcher->Groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].receiver, "ops");
  EXPECT_EQ(groups[0].alerts.size(), 1U);
}

TEST(DispatcherAtTicks, RoutesAlertsThatItFindsAtTheStart) {
  DispatcherWorld world;
  world.alerts.Put({testing::Posted(Named("A"), world.clock.Now(), world.clock.Now() + kMinute,
                                    world.clock.Now())});
  world.dispatcher->Start();
  EXPECT_EQ(world.dispatcher->Groups().size(), 1U);
}

TEST(DispatcherAtTicks, AppliesANewConfiguration) {
  DispatcherWorld world;
  world.dispatcher->Start();
  world.Fire(Named("A"));
  const PipelineGraphPtr night = world.Graph("night");
  world.dispatcher->Apply(night);
  EXPECT_EQ(world.dispatcher->graph(), night);
  const std::vector<GroupView> groups = world.dispatcher->Groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].receiver, "night");
  world.Advance(30 * kSecond);
  ASSERT_EQ(world.http.sent(), 1U);
  EXPECT_EQ(world.http.request(0).url, "http://hook/night");
}

TEST(DispatcherAtTicks, StopsWhileAttemptsAreUnderWay) {
  DispatcherWorld world;
  world.dispatcher->Start();
  world.Fire(Named("A"));
  world.Advance(30 * kSecond);
  ASSERT_EQ(world.http.sent(), 1U);
  world.dispatcher->Stop();
  world.dispatcher->Stop();
  EXPECT_THAT(world.dispatcher->Groups(), IsEmpty());
  world.Fire(Named("B"));  // is stored, and goes nowhere
  world.dispatcher.reset();
  world.http.Answer(0, 200);  // after its end
  EXPECT_THAT(world.store.tables()[StateTable::kNotificationLog], IsEmpty());
}

TEST(DispatcherAtTicks, FlushesNothingAtItsEnd) {
  DispatcherWorld world;
  world.dispatcher->Start();
  world.Fire(Named("A"));
  world.Settle();
  world.dispatcher->Stop();
  EXPECT_EQ(world.http.sent(), 0U);
}

TEST(DispatcherAtTicks, MayEndWithoutAStart) {
  DispatcherWorld world;
  world.Fire(Named("A"));
  world.dispatcher.reset();
  EXPECT_EQ(world.http.sent(), 0U);
}

// A request that waits for the groups must not outlive the dispatcher's thread.
TEST(DispatcherAtTicks, AnswersWhoWaitsForItsGroupsWhenItStops) {
  DispatcherWorld world;  // not started: nobody will ever take the question
  std::thread asker([&world] { EXPECT_THAT(world.dispatcher->Groups(), IsEmpty()); });
  world.dispatcher->Stop();
  asker.join();
}

TEST(DispatcherAtTicks, StartsWithTheLogThatWasLeft) {
  MemoryStateStore::Tables left;
  {
    DispatcherWorld world;
    world.dispatcher->Start();
    world.Fire(Named("A"));
    world.Advance(30 * kSecond);
    world.http.Answer(0, 200);
    world.Settle();
    left = world.store.tables();
  }
  DispatcherWorld world(left);
  ASSERT_TRUE(world.dispatcher->Restore().ok());
  world.dispatcher->Start();
  world.Fire(Named("A"));
  world.Advance(30 * kSecond);
  EXPECT_EQ(world.http.sent(), 0U);
}

TEST(DispatcherAtTicks, DoesNotStartWithALogThatCannotBeRead) {
  DispatcherWorld world({{StateTable::kNotificationLog, {{"k", "{"}}}});
  EXPECT_FALSE(world.dispatcher->Restore().ok());
}

TEST(DispatcherAtTicks, ForgetsWhatIsOver) {
  DispatcherWorld world;
  world.dispatcher->Start();
  Silence silence;
  silence.matchers = ParseMatcherList("a=1", MatcherDialect::kFallback)->matchers;
  silence.starts_at = world.clock.Now();
  silence.ends_at = world.clock.Now() + kMinute;
  std::string id;
  ASSERT_FALSE(world.silences.Set(silence, world.clock.Now(), &id, nullptr));
  const Timestamp now = world.clock.Now();
  world.dispatcher->Accept({testing::Posted(Named("A"), now, now + kMinute, now)});
  world.Advance(29 * kMinute);
  EXPECT_EQ(world.alerts.size(), 1U);
  world.Advance(kMinute);
  EXPECT_EQ(world.alerts.size(), 0U);
  EXPECT_EQ(world.silences.All().size(), 1U);
  world.Advance(std::chrono::hours(121));
  EXPECT_THAT(world.silences.All(), IsEmpty());
}

TEST(DispatcherAtTicks, StandsSeveralSendersReloadsAndReadersAtOnce) {
  DispatcherWorld world;
  world.dispatcher->Start();
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&world, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string n = std::to_string(t) + "-" + std::to_string(i);
        world.Fire(Labels{{"alertname", "A"}, {"n", n}});
        world.dispatcher->Groups();
      }
    });
  }
  const PipelineGraphPtr night = world.Graph("night");
  for (int i = 0; i < 20; ++i) world.dispatcher->Apply(night);
  for (std::thread& thread : threads) thread.join();
  const std::vector<GroupView> groups = world.Settle();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].alerts.size(), 150U);
}

}  // namespace
}  // namespace tocsin::receivers
