// All targets: reloads, the end of the program, and many of them.
#include "exporter/scrape/scrape_manager.h"

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/worker_pool.h"
#include "tests/unit/exporter/scrape/scrape_world.h"

namespace tocsin::scrape {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

config::ScrapeJob Job(const std::string& name, const std::vector<std::string>& addresses) {
  config::ScrapeJob job;
  job.name = name;
  job.interval = kInterval;
  for (const std::string& address : addresses) job.targets.push_back({address, {}});
  return job;
}

std::string SeriesOf(const std::string& name, const std::string& instance) {
  return name + "{instance=\"" + instance + "\", job=\"app\"}";
}

class ScrapeManagerTest : public ::testing::Test {
 protected:
  void Apply(const std::vector<config::ScrapeJob>& jobs) { manager_.Apply(jobs, {}); }
  // Each target has its turn, and shows this page.
  void ScrapeAll(const std::string& page) {
    const Timestamp end = world_.clock.Now() + kInterval;
    while (world_.timers.next_deadline() && *world_.timers.next_deadline() <= end) {
      world_.RunNext();
      AnswerAll(page);
    }
    world_.clock.Set(end);
  }
  void AnswerAll(const std::string& page) {
    for (; answered_ < world_.http.sent(); ++answered_) {
      world_.http.Answer(answered_, 200, page, TextContentType());
    }
  }
  std::vector<std::string> Urls() const {
    std::vector<std::string> urls;
    for (const TargetStatus& target : manager_.Targets()) urls.push_back(target.url);
    return urls;
  }
  double TargetsGauge() {
    return GaugeFamily(world_.registry, "tocsin_scrape_targets", "Targets that are scraped.")
        .Add({})
        .Value();
  }

  ScrapeWorld world_;
  ScrapeManager manager_{world_.sink,    world_.http,  world_.timers,
                         world_.pool,    world_.clock, Logger(world_.log, "scrape"),
                         world_.registry};
  std::size_t answered_ = 0;
};

// --- reloads ---

TEST_F(ScrapeManagerTest, ScrapesEachTargetOfTheConfiguration) {
  Apply({Job("app", {"b:1", "a:1"})});
  EXPECT_THAT(Urls(), ElementsAre("http://b:1/metrics", "http://a:1/metrics"));
  EXPECT_EQ(TargetsGauge(), 2);
  ScrapeAll("x 1\n");
  EXPECT_EQ(world_.http.sent(), 2U);
  EXPECT_EQ(world_.sink.Newest(SeriesOf("x", "a:1")), "1");
  EXPECT_EQ(world_.sink.Newest(SeriesOf("up", "b:1")), "1");
}

TEST_F(ScrapeManagerTest, ScrapesATargetThatIsListedTwiceOnce) {
  Apply({Job("app", {"a:1", "a:1"})});
  EXPECT_THAT(Urls(), SizeIs(1));
  ScrapeAll("x 1\n");
  EXPECT_EQ(world_.http.sent(), 1U);
}

TEST_F(ScrapeManagerTest, ScrapesATargetOfTwoJobsForEach) {
  Apply({Job("app", {"a:1"}), Job("other", {"a:1"})});
  ScrapeAll("x 1\n");
  EXPECT_EQ(world_.http.sent(), 2U);
  EXPECT_EQ(world_.sink.Newest(R"(x{instance="a:1", job="other"})"), "1");
}

TEST_F(ScrapeManagerTest, KeepsTheStateOfATargetThatStays) {
  Apply({Job("app", {"a:1"})});
  ScrapeAll("x 1\n");
  config::ScrapeJob changed = Job("app", {"b:1", "a:1"});
  changed.timeout = std::chrono::seconds(3);
  Apply({changed});
  EXPECT_EQ(manager_.Targets()[1].health, TargetHealth::kUp);
  EXPECT_EQ(manager_.Targets()[1].timeout, std::chrono::seconds(3));
  ScrapeAll("x 2\n");
  EXPECT_EQ(world_.sink.Newest(SeriesOf("scrape_series_added", "a:1")), "0");
  EXPECT_EQ(world_.sink.Newest(SeriesOf("scrape_series_added", "b:1")), "1");
  EXPECT_EQ(world_.sink.Newest(SeriesOf("x", "a:1")), "2");
}

TEST_F(ScrapeManagerTest, EndsATargetThatIsGone) {
  Apply({Job("app", {"a:1", "b:1"})});
  ScrapeAll("x 1\n");
  Apply({Job("app", {"b:1"})});
  EXPECT_THAT(Urls(), ElementsAre("http://b:1/metrics"));
  EXPECT_EQ(TargetsGauge(), 1);
  for (int turn = 0; turn < 3; ++turn) ScrapeAll("x 2\n");
  EXPECT_EQ(world_.sink.Newest(SeriesOf("x", "a:1")), "stale");
  EXPECT_EQ(world_.sink.Newest(SeriesOf("up", "a:1")), "stale");
  EXPECT_EQ(world_.sink.Newest(SeriesOf("x", "b:1")), "2");
  EXPECT_EQ(world_.http.sent(), 5U);
}

TEST_F(ScrapeManagerTest, DoesNotEndATargetThatComesBackInTime) {
  Apply({Job("app", {"a:1"})});
  ScrapeAll("x 1\n");
  Apply({});
  EXPECT_THAT(Urls(), IsEmpty());
  world_.clock.Advance(Duration(10));
  Apply({Job("app", {"a:1"})});
  for (int turn = 0; turn < 3; ++turn) {
    ScrapeAll("x 2\n");
    EXPECT_EQ(world_.sink.Newest(SeriesOf("x", "a:1")), "2");
    EXPECT_EQ(world_.sink.Newest(SeriesOf("up", "a:1")), "1");
  }
}

TEST_F(ScrapeManagerTest, TakesATargetWithOtherLabelsForAnotherTarget) {
  Apply({Job("app", {"a:1"})});
  ScrapeAll("x 1\n");
  config::ScrapeJob labelled = Job("app", {});
  labelled.targets.push_back({"a:1", Labels{{"zone", "z"}}});
  Apply({labelled});
  for (int turn = 0; turn < 3; ++turn) ScrapeAll("x 2\n");
  EXPECT_EQ(world_.sink.Newest(SeriesOf("x", "a:1")), "stale");
  EXPECT_EQ(world_.sink.Newest(R"(x{instance="a:1", job="app", zone="z"})"), "2");
}

TEST_F(ScrapeManagerTest, ReloadsWhileRequestsAreUnderWay) {
  Apply({Job("app", {"a:1", "b:1"})});
  world_.RunFor(kInterval);
  ASSERT_EQ(world_.http.sent(), 2U);
  Apply({Job("app", {"b:1"})});
  AnswerAll("x 1\n");
  EXPECT_EQ(world_.sink.Newest(SeriesOf("x", "a:1")), std::nullopt);
  EXPECT_EQ(world_.sink.Newest(SeriesOf("x", "b:1")), "1");
}

// --- the end of the program ---

TEST_F(ScrapeManagerTest, StoresNothingMoreOnceItHasStopped) {
  Apply({Job("app", {"a:1", "b:1"})});
  ScrapeAll("x 1\n");
  world_.RunFor(kInterval);  // both are asked again
  manager_.Stop();
  AnswerAll("x 2\n");
  world_.RunFor(3 * kInterval);
  EXPECT_EQ(world_.http.sent(), 4U);
  EXPECT_EQ(world_.sink.Newest(SeriesOf("x", "a:1")), "1");  // and nothing is marked stale
  EXPECT_EQ(world_.sink.Newest(SeriesOf("up", "b:1")), "1");
}

TEST_F(ScrapeManagerTest, LeavesNoTimerOfItsTargetsWhenItStops) {
  Apply({Job("app", {"a:1", "b:1"})});
  manager_.Stop();
  EXPECT_EQ(world_.timers.next_deadline(), std::nullopt);
}

TEST_F(ScrapeManagerTest, StopsTwice) {
  Apply({Job("app", {"a:1"})});
  manager_.Stop();
  manager_.Stop();
  EXPECT_EQ(world_.sink.batches(), 0U);
}

TEST_F(ScrapeManagerTest, StopsBeforeItsFirstConfiguration) { manager_.Stop(); }

TEST_F(ScrapeManagerTest, DoesNotEndARetiredTargetOnceItHasStopped) {
  Apply({Job("app", {"a:1"})});
  ScrapeAll("x 1\n");
  Apply({});
  manager_.Stop();
  world_.RunFor(3 * kInterval);
  EXPECT_EQ(world_.sink.Newest(SeriesOf("x", "a:1")), "1");
}

// --- many targets, many threads ---

std::size_t ThreadCount() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST_F(ScrapeManagerTest, ScrapesAThousandTargetsWithoutAThreadEach) {
  std::vector<std::string> addresses;
  for (int i = 0; i < 1000; ++i) addresses.push_back("host" + std::to_string(i) + ":9100");
  const std::size_t threads = ThreadCount();
  Apply({Job("app", addresses)});
  world_.RunFor(kInterval);  // every request is under way at once
  EXPECT_EQ(world_.http.sent(), 1000U);
  EXPECT_EQ(ThreadCount(), threads);
  AnswerAll("x 1\n");
  EXPECT_EQ(world_.sink.batches(), 1000U);
  for (const TargetStatus& target : manager_.Targets()) {
    ASSERT_EQ(target.health, TargetHealth::kUp) << target.url;
  }
}

TEST_F(ScrapeManagerTest, SpreadsItsTargetsOverTheInterval) {
  std::vector<std::string> addresses;
  for (int i = 0; i < 1000; ++i) addresses.push_back("host" + std::to_string(i) + ":9100");
  Apply({Job("app", addresses)});
  const Timestamp start = world_.clock.Now();
  for (int tenth = 1; tenth <= 10; ++tenth) {
    const std::size_t before = world_.http.sent();
    world_.RunUntil(start + kInterval * tenth / 10);
    EXPECT_GT(world_.http.sent() - before, 50U) << tenth;
    EXPECT_LT(world_.http.sent() - before, 200U) << tenth;
  }
}

// What the daemon does, on the threads on which it does it; the sanitizers look on.
TEST(ScrapeManagerThreads, ReloadAndStopWhileTurnsAreTaken) {
  ScrapeWorld world;
  WorkerPool pool(2, 100);
  std::atomic<bool> stopped = false;
  std::atomic<bool> appended_after_stop = false;
  world.sink.BeforeAppend([&](const SampleBatch&) {
    if (stopped) appended_after_stop = true;
  });
  ScrapeManager manager(world.sink, world.http, world.timers, pool, world.clock,
                        Logger(world.log, "scrape"), world.registry);
  const std::vector<std::vector<config::ScrapeJob>> configurations = {
      {Job("app", {"a:1", "b:1", "c:1"})}, {Job("app", {"b:1", "d:1"})}, {}};
  std::atomic<bool> over = false;
  std::thread timer([&] {
    while (!over) {
      if (!world.RunNext()) std::this_thread::yield();
    }
  });
  std::thread client([&] {
    for (std::size_t answered = 0; !over;) {
      if (answered == world.http.sent()) {
        std::this_thread::yield();
        continue;
      }
      world.http.Answer(answered++, 200, "x 1\ny 2\n", TextContentType());
    }
  });
  for (int reload = 0; reload < 300; ++reload) {
    manager.Apply(configurations[static_cast<std::size_t>(reload) % configurations.size()], {});
    manager.Targets();
  }
  manager.Apply(configurations[0], {});
  while (world.sink.batches() < 50) std::this_thread::yield();
  manager.Stop();
  stopped = true;
  over = true;
  timer.join();
  client.join();
  EXPECT_FALSE(appended_after_stop);
}

}  // namespace
}  // namespace tocsin::scrape
