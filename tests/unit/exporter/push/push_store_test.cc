// What pushed groups mean: replacing, times, samples, staleness, journal, room.
#include <algorithm>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/eventless_store.h"
#include "tests/unit/exporter/push/push_world.h"

namespace tocsin::intake {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

const Timestamp kStart = FromUnixMillis(1'700'000'000'000);

// --- replacing and deleting ---

TEST(PushStore, ReplacesTheWholeGroupWithPut) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\nb 2\n");
  world.clock.Advance(std::chrono::seconds(1));
  world.Put("/metrics/job/j", "b 3\nc 4\n");
  EXPECT_THAT(world.PageSeries(), ElementsAre("b{job=\"j\"} 3", "c{job=\"j\"} 4"));
  EXPECT_THAT(world.Living(), ElementsAre("b{job=\"j\"} 3", "c{job=\"j\"} 4"));
  EXPECT_EQ(world.sink.Newest("a{job=\"j\"}"), "stale");
}

TEST(PushStore, ReplacesOnlyThePushedNamesWithPost) {
  PushWorld world;
  world.Put("/metrics/job/j", "a{x=\"1\"} 1\na{x=\"2\"} 2\nb 3\n");
  world.clock.Advance(std::chrono::seconds(1));
  world.Post("/metrics/job/j", "a{x=\"1\"} 9\nc 4\n");
  EXPECT_THAT(world.PageSeries(),
              ElementsAre("a{job=\"j\",x=\"1\"} 9", "b{job=\"j\"} 3", "c{job=\"j\"} 4"));
  EXPECT_EQ(world.sink.Newest("a{job=\"j\", x=\"2\"}"), "stale");
}

TEST(PushStore, KeepsGroupsApart) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\n");
  world.Put("/metrics/job/j/instance/i", "a 2\n");
  world.Put("/metrics/job/k", "a 3\n");
  world.Put("/metrics/job/j", "");
  EXPECT_THAT(world.PageSeries(), ElementsAre("a{instance=\"i\",job=\"j\"} 2", "a{job=\"k\"} 3"));
}

TEST(PushStore, DropsAGroupAndEndsItsSeriesWithDelete) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\nb 2\n");
  world.clock.Advance(std::chrono::seconds(1));
  world.Delete("/metrics/job/j");
  EXPECT_EQ(world.Page(), "");
  EXPECT_THAT(world.sink.Living(), IsEmpty());
  EXPECT_EQ(world.sink.Newest("push_time_seconds{job=\"j\"}"), "stale");
  EXPECT_EQ(world.Counter("tocsin_push_groups", ""), 0);
}

TEST(PushStore, NamesOneGroupWithAndWithoutAnEmptyInstance) {
  PushWorld world;
  EXPECT_EQ(world.Put("/metrics/job/j/instance@base64/=", "a 1\n").status, 200);
  EXPECT_EQ(world.Put("/metrics/job/j", "a 2\n").status, 200);
  EXPECT_THAT(world.PageSeries(), ElementsAre("a{job=\"j\"} 2"));
  world.Delete("/metrics/job/j/instance/");
  EXPECT_EQ(world.Page(), "");
}

TEST(PushStore, TakesABodysInstanceAwayWhereThePathSaysItIsEmpty) {
  PushWorld world;
  world.Put("/metrics/job/j/instance/", "a{instance=\"i\"} 1\n");
  EXPECT_THAT(world.Living(), ElementsAre("a{job=\"j\"} 1"));
}

// --- labels and stored samples ---

TEST(PushStore, OverwritesLabelsOfTheBodyWithGroupingLabels) {
  PushWorld world;
  world.Put("/metrics/job/j/dc/eu", "a{job=\"mine\",dc=\"us\",x=\"1\"} 1\n");
  EXPECT_THAT(world.Living(), ElementsAre("a{dc=\"eu\", job=\"j\", x=\"1\"} 1"));
}

TEST(PushStore, ShowsSeriesWithoutInstanceWithAnEmptyOne) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\nb{instance=\"i\"} 2\n");
  EXPECT_THAT(world.Page(), HasSubstr("\na{instance=\"\",job=\"j\"} 1\n"));
  EXPECT_THAT(world.Page(), HasSubstr("\nb{instance=\"i\",job=\"j\"} 2\n"));
  EXPECT_THAT(world.Page(), HasSubstr("push_time_seconds{instance=\"\",job=\"j\"} "));
  // To rules an empty label is none.
  EXPECT_EQ(world.sink.Newest("a{job=\"j\"}"), "1");
}

TEST(PushStore, AppendsToTheSinkAtOnceAsPushedSamplesOfNow) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\n");
  const auto appended = world.sink.appended();
  EXPECT_THAT(appended, SizeIs(3));  // and the group's two times
  for (const auto& sample : appended) {
    EXPECT_EQ(sample.origin, Origin::kPush);
    EXPECT_EQ(sample.same_time, SameTime::kReplace);
    EXPECT_EQ(sample.sample.timestamp, kStart);
  }
}

TEST(PushStore, TellsTheSinkTypesAndHelp) {
  PushWorld world;
  world.Put("/metrics/job/j", "# HELP a Help of a.\n# TYPE a counter\na 1\n");
  const std::optional<FamilyMetadata> metadata = world.sink.Metadata("a");
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->type, MetricType::kCounter);
  EXPECT_EQ(metadata->help, "Help of a.");
  ASSERT_TRUE(world.sink.Metadata("push_time_seconds"));
  EXPECT_EQ(world.sink.Metadata("push_time_seconds")->type, MetricType::kGauge);
}

TEST(PushStore, StoresHistogramsAsTheirPointsWithAnInfBucket) {
  PushWorld world;
  world.Put("/metrics/job/j", "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_sum 3\nh_count 5\n");
  EXPECT_THAT(world.Living(),
              ElementsAre("h_bucket{job=\"j\", le=\"+Inf\"} 5", "h_bucket{job=\"j\", le=\"1\"} 2",
                          "h_count{job=\"j\"} 5", "h_sum{job=\"j\"} 3"));
  EXPECT_THAT(world.PageSeries(),
              ElementsAre("h_bucket{job=\"j\",le=\"1\"} 2", "h_bucket{job=\"j\",le=\"+Inf\"} 5",
                          "h_sum{job=\"j\"} 3", "h_count{job=\"j\"} 5"));
}

TEST(PushStore, TakesWhatThePythonClientPushes) {
  PushWorld world;
  EXPECT_EQ(world
                .Put("/metrics/job/j",
                     "# HELP c_total A counter\n# TYPE c_total counter\nc_total 1.0\n"
                     "# HELP c_created A counter\n# TYPE c_created gauge\nc_created 1.7e+09\n"
                     "# HELP h A histogram\n# TYPE h histogram\nh_bucket{le=\"1.0\"} 0.0\n"
                     "h_bucket{le=\"+Inf\"} 1.0\nh_count 1.0\nh_sum 2.0\n"
                     "# HELP h_created A histogram\n# TYPE h_created gauge\nh_created 1.7e+09\n")
                .status,
            200);
  EXPECT_EQ(world.Living().size(), 7U);
}

// --- the group's times ---

TEST(PushStore, TellsWhenAGroupWasPushed) {
  PushWorld world;
  world.clock.Set(FromUnixMillis(1'714'557'600'125));
  world.Put("/metrics/job/j", "a 1\n");
  EXPECT_EQ(world.sink.Newest("push_time_seconds{job=\"j\"}"), "1714557600.125");
  EXPECT_EQ(world.sink.Newest("push_failure_time_seconds{job=\"j\"}"), "0");
  EXPECT_THAT(world.Page(),
              HasSubstr("# TYPE push_time_seconds gauge\n"
                        "push_time_seconds{instance=\"\",job=\"j\"} 1714557600.125\n"));
}

TEST(PushStore, NotesARefusedPushAndKeepsWhatTheGroupSays) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\n");
  world.clock.Advance(std::chrono::seconds(5));
  EXPECT_EQ(world.Put("/metrics/job/j", "a 2\na 3\n").status, 400);
  EXPECT_EQ(world.sink.Newest("push_time_seconds{job=\"j\"}"), "1700000000");
  EXPECT_EQ(world.sink.Newest("push_failure_time_seconds{job=\"j\"}"), "1700000005");
  EXPECT_THAT(world.Living(), ElementsAre("a{job=\"j\"} 1"));
}

TEST(PushStore, MakesAGroupForARefusedPush) {
  PushWorld world;
  EXPECT_EQ(world.Put("/metrics/job/j", "a 1 1700000000000\n").status, 400);
  EXPECT_THAT(world.sink.Living(), ElementsAre("push_failure_time_seconds{job=\"j\"} 1700000000",
                                               "push_time_seconds{job=\"j\"} 0"));
  EXPECT_EQ(world.Counter("tocsin_push_groups", ""), 1);
}

TEST(PushStore, OverridesPushedMetricsNamedLikeTheTimes) {
  PushWorld world;
  EXPECT_EQ(world
                .Put("/metrics/job/j",
                     "# TYPE push_time_seconds counter\npush_time_seconds 5\na 1\n"
                     "push_failure_time_seconds{x=\"1\"} 6\n")
                .status,
            200);
  EXPECT_THAT(world.sink.Living(),
              ElementsAre("a{job=\"j\"} 1", "push_failure_time_seconds{job=\"j\"} 0",
                          "push_time_seconds{job=\"j\"} 1700000000"));
}

TEST(PushStore, EmptiesAGroupWithAnEmptyPut) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\n");
  world.clock.Advance(std::chrono::seconds(5));
  EXPECT_EQ(world.Put("/metrics/job/j", "\n# nothing\n").status, 200);
  EXPECT_THAT(world.sink.Living(), ElementsAre("push_failure_time_seconds{job=\"j\"} 0",
                                               "push_time_seconds{job=\"j\"} 1700000005"));
}

TEST(PushStore, ChangesOnlyThePushTimeWithAnEmptyPost) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\n");
  world.clock.Advance(std::chrono::seconds(5));
  EXPECT_EQ(world.Post("/metrics/job/j", "").status, 200);
  EXPECT_THAT(world.Living(), ElementsAre("a{job=\"j\"} 1"));
  EXPECT_EQ(world.sink.Newest("push_time_seconds{job=\"j\"}"), "1700000005");
}

// --- staying alive ---

TEST(PushStore, AppendsEveryGroupAgainWhenTold) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\n");
  world.Put("/metrics/job/k", "b 2\n");
  world.clock.Advance(std::chrono::minutes(1));
  world.store.Resample(world.clock.Now());
  EXPECT_EQ(world.sink.NewestTime("a{job=\"j\"}"), world.clock.Now());
  EXPECT_EQ(world.sink.NewestTime("b{job=\"k\"}"), world.clock.Now());
  EXPECT_EQ(world.sink.NewestTime("push_time_seconds{job=\"k\"}"), world.clock.Now());
  EXPECT_EQ(world.sink.Newest("a{job=\"j\"}"), "1");
}

TEST(PushStore, AppendsDeletedGroupsNeverAgain) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\n");
  world.Delete("/metrics/job/j");
  world.clock.Advance(std::chrono::minutes(1));
  world.store.Resample(world.clock.Now());
  EXPECT_EQ(world.sink.Newest("a{job=\"j\"}"), "stale");
}

TEST(PushStore, NeverLetsAGroupsSamplesGoBackInTime) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\n");
  world.clock.Set(kStart - std::chrono::minutes(10));
  world.Put("/metrics/job/j", "a 2\n");
  EXPECT_EQ(world.sink.Newest("a{job=\"j\"}"), "2");
  EXPECT_EQ(world.sink.NewestTime("a{job=\"j\"}"), kStart);
}

TEST(PushStore, AppendsAGroupThatIsBeingPushedRightAfterThePush) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\nb 1\n");
  world.clock.Advance(std::chrono::minutes(1));
  bool resampled = false;
  world.sink.BeforeAppend([&](const SampleBatch&) {
    // The timer fires in the midst of the push below.
    if (!resampled) {
      resampled = true;
      world.store.Resample(world.clock.Now());
    }
  });
  world.Post("/metrics/job/j", "a 2\n");
  EXPECT_TRUE(resampled);
  EXPECT_EQ(world.sink.Newest("a{job=\"j\"}"), "2");
  EXPECT_EQ(world.sink.NewestTime("b{job=\"j\"}"), world.clock.Now());
}

// --- the journal ---

TEST(PushStore, RestoresAGroupWhoseLabelsOverwriteTheBoundsOfAHistogram) {
  PushWorld before;
  EXPECT_EQ(
      before.Put("/metrics/job/j/le/wide", "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\n").status,
      200);
  PushWorld after(before.state.tables());
  ASSERT_TRUE(after.store.Restore().ok());
  EXPECT_THAT(after.log.lines(), IsEmpty());
  EXPECT_THAT(after.PageSeries(), Contains("h_bucket{job=\"j\",le=\"wide\"} 1"));
}

TEST(PushStore, WritesAPushDownBeforeItAnswers) {
  PushWorld world({}, /*commit_at_once=*/false);
  std::future<int> status =
      std::async(std::launch::async, [&] { return world.Put("/metrics/job/j", "a 1\n").status; });
  while (world.state.waiting() == 0) std::this_thread::yield();
  EXPECT_EQ(status.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_EQ(world.sink.Newest("a{job=\"j\"}"), "1") << "rules do not wait for the journal";
  world.state.CommitAll();
  EXPECT_EQ(status.get(), 200);
}

TEST(PushStore, HoldsUpNoOtherGroupWhileItWrites) {
  PushWorld world({}, /*commit_at_once=*/false);
  std::future<int> first =
      std::async(std::launch::async, [&] { return world.Put("/metrics/job/j", "a 1\n").status; });
  while (world.state.waiting() != 1) std::this_thread::yield();
  std::future<int> second =
      std::async(std::launch::async, [&] { return world.Put("/metrics/job/k", "a 2\n").status; });
  while (world.state.waiting() != 2) std::this_thread::yield();
  world.state.CommitAll();
  EXPECT_EQ(first.get(), 200);
  EXPECT_EQ(second.get(), 200);
}

TEST(PushStore, RestoresEverythingAfterARestart) {
  PushWorld before;
  before.Put("/metrics/job/j/path@base64/L3Zhci90bXA",
             "# HELP a Text with \\\\ and \\n \"quotes\".\n# TYPE a gauge\n"
             "a{x=\"\\\\ \\\" \\n }\"} 0.1\na NaN\nu +Inf\n"
             "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_sum 3\nh_count 5\n"
             "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n");
  before.Put("/metrics/job/k", "# TYPE c counter\nc 7\n");
  before.clock.Advance(std::chrono::milliseconds(1234));
  before.Put("/metrics/job/k", "c 1\nc 2\n");
  before.Put("/metrics/job/gone", "a 1\n");
  before.Delete("/metrics/job/gone");
  before.Put("/metrics/job/l", "old_a 1\nold_b 2\n");
  before.Post("/metrics/job/l", "old_a 3\n");
  before.Put("/metrics/job/l", "new 4\n");

  PushWorld after(before.state.tables());
  ASSERT_TRUE(after.store.Restore().ok());
  EXPECT_THAT(after.log.lines(), IsEmpty());
  EXPECT_EQ(after.Page(), before.Page());
  EXPECT_THAT(after.Page(),
              HasSubstr("push_failure_time_seconds{instance=\"\",job=\"k\"} 1700000001.234"));
  EXPECT_EQ(after.sink.batches(), 0U);

  after.store.Resample(after.clock.Now());
  EXPECT_EQ(after.sink.Living(), before.sink.Living());
}

TEST(PushStore, KnowsAfterARestartWhatOthersMayNotPush) {
  PushWorld before;
  before.Put("/metrics/job/j", "# TYPE a counter\na{instance=\"i\"} 1\n");
  PushWorld after(before.state.tables());
  ASSERT_TRUE(after.store.Restore().ok());
  EXPECT_EQ(after.Put("/metrics/job/k", "# TYPE a gauge\na 1\n").status, 400);
  EXPECT_EQ(after.Put("/metrics/job/j/instance/i", "# TYPE a counter\na 1\n").status, 400);
  EXPECT_EQ(after.Put("/metrics/job/j", "b 1\n").status, 200);
}

// Keeps the rows that each batch touches, "-" before those that it deletes.
class ListingStore final : public tocsin::testing::EventlessStore {
 public:
  void Submit(WriteBatch batch, Committed committed) override {
    touched.clear();
    for (const WriteBatch::Operation& operation : batch.operations()) {
      EXPECT_EQ(operation.table, StateTable::kPushedGroups);
      touched.push_back((operation.value ? "" : "-") + operation.key);
    }
    committed(Status());
  }
  Result<std::vector<Row>> Scan(StateTable) const override { return std::vector<Row>(); }
  std::optional<std::string> Trouble() const override { return std::nullopt; }

  std::vector<std::string> touched;
};

TEST(PushStore, WritesOnlyWhatAChangeTouches) {
  PushWorld world;
  ListingStore rows;
  MetricRegistry registry;
  const Context context{world.sink, rows, world.clock, Logger(world.log, "test"), registry};
  PushStore store(context);
  const GroupingKey key = ParseGroupingKey({"job", "j"}).value();
  const auto push = [&](PushMode mode, std::string_view body) {
    return store.Push(store.TakeTurn(key), key, mode,
                      exposition::ParseFamilies(body, exposition::Dialect::kPush).value());
  };
  EXPECT_TRUE(push(PushMode::kReplaceGroup, "a 1\nb 2\n").ok());
  EXPECT_THAT(rows.touched, ElementsAre("{job=\"j\"}", "{job=\"j\"} a", "{job=\"j\"} b"));
  EXPECT_TRUE(push(PushMode::kReplaceFamilies, "a 5\n").ok());
  EXPECT_THAT(rows.touched, ElementsAre("{job=\"j\"}", "{job=\"j\"} a"));
  EXPECT_TRUE(push(PushMode::kReplaceGroup, "b 6\n").ok());
  EXPECT_THAT(rows.touched, ElementsAre("{job=\"j\"}", "-{job=\"j\"} a", "{job=\"j\"} b"));
  EXPECT_FALSE(push(PushMode::kReplaceGroup, "b 6\nb 7\n").ok());
  EXPECT_THAT(rows.touched, ElementsAre("{job=\"j\"}"));
  store.Delete(store.TakeTurn(key), key);
  EXPECT_THAT(rows.touched, ElementsAre("-{job=\"j\"} b", "-{job=\"j\"}"));
}

TEST(PushStore, LeavesOutDamagedRowsAndSaysWhich) {
  PushWorld before;
  before.Put("/metrics/job/j", "a 1\nb 2\nc 3\n");
  auto tables = before.state.tables();
  auto& rows = tables[StateTable::kPushedGroups];
  rows["{job=\"j\"} b"] = "# v1\nb{ 2\n";
  rows["{job=\"j\"} c"] = "# v9\nc 3\n";
  rows["{job=\"lost\"} d"] = "# v1\nd{job=\"lost\"} 3\n";
  rows["{job=\"odd\"}"] = "";
  PushWorld after(tables);
  ASSERT_TRUE(after.store.Restore().ok());
  EXPECT_THAT(after.PageSeries(), ElementsAre("a{job=\"j\"} 1"));
  EXPECT_THAT(after.log.lines(), SizeIs(4));
  EXPECT_THAT(after.log.lines(), Each(HasSubstr("damaged row")));
}

class UnreadableStore final : public tocsin::testing::EventlessStore {
 public:
  void Submit(WriteBatch, Committed committed) override { committed(Error{"no"}); }
  Result<std::vector<Row>> Scan(StateTable) const override { return Error{"disk on fire"}; }
  std::optional<std::string> Trouble() const override { return "disk on fire"; }
};

TEST(PushStore, FailsToStartOnAJournalThatCannotBeRead) {
  PushWorld world;
  UnreadableStore unreadable;
  MetricRegistry registry;
  const Context context{world.sink, unreadable, world.clock, Logger(world.log, "test"), registry};
  PushStore store(context);
  const Status status = store.Restore();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.message(), "cannot restore pushed groups: disk on fire");
}

TEST(PushStore, GoesOnWithoutAJournalAndSaysSoOncePerChange) {
  PushWorld world({}, /*commit_at_once=*/false);
  const auto push = [&](bool journal_works) {
    std::future<int> status =
        std::async(std::launch::async, [&] { return world.Put("/metrics/job/j", "a 1\n").status; });
    while (world.state.waiting() == 0) std::this_thread::yield();
    if (journal_works) {
      world.state.CommitAll();
    } else {
      world.state.FailAll("disk full");
    }
    return status.get();
  };
  EXPECT_EQ(push(false), 200);
  EXPECT_EQ(push(false), 200);
  EXPECT_THAT(world.log.lines(), ElementsAre(HasSubstr("disk full")));
  EXPECT_EQ(push(true), 200);
  EXPECT_EQ(push(true), 200);
  EXPECT_THAT(world.log.lines(), ElementsAre(HasSubstr("level=warn"), HasSubstr("level=info")));
  EXPECT_EQ(world.Counter("tocsin_push_journal_failures_total", ""), 2);
  EXPECT_THAT(world.Living(), ElementsAre("a{job=\"j\"} 1"));
}

// --- room in the series store ---

TEST(PushStore, RefusesAPushWholeWhereThereIsNoRoomForItsNewSeries) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\nb 2\n");
  const auto rows = world.state.tables();
  world.sink.SetMaxSeries(5);  // the group has four, with its times
  world.clock.Advance(std::chrono::seconds(1));
  const http::Response response = world.Put("/metrics/job/j", "a 9\nc 3\nd 4\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, StartsWith("limit max_series"));
  EXPECT_EQ(world.Counter("tocsin_push_requests_refused_total", "too_many_series"), 1);
  // Nothing of it is left, in the series store, on the page, or in the journal.
  EXPECT_THAT(world.Living(), ElementsAre("a{job=\"j\"} 1", "b{job=\"j\"} 2"));
  EXPECT_EQ(world.sink.Newest("c{job=\"j\"}"), "stale");
  EXPECT_THAT(world.PageSeries(), ElementsAre("a{job=\"j\"} 1", "b{job=\"j\"} 2"));
  PushWorld after(world.state.tables());
  ASSERT_TRUE(after.store.Restore().ok());
  EXPECT_THAT(after.PageSeries(), ElementsAre("a{job=\"j\"} 1", "b{job=\"j\"} 2"));
}

TEST(PushStore, ShowsRulesNoneOfTheKnownSeriesOfAPushWithoutRoom) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\n");
  world.sink.SetMaxSeries(3);
  world.sink.Clear();
  world.Put("/metrics/job/j", "a 9\nc 3\n");
  for (const auto& appended : world.sink.appended()) {
    EXPECT_THAT(appended.labels.ToString(), Not(StartsWith("a{")));
  }
}

TEST(PushStore, GoesOnWithKnownSeriesWhenTheStoreIsFull) {
  PushWorld world;
  world.Put("/metrics/job/j", "a 1\n");
  world.sink.SetMaxSeries(0);
  EXPECT_EQ(world.Put("/metrics/job/j", "a 2\n").status, 200);
  EXPECT_THAT(world.Living(), ElementsAre("a{job=\"j\"} 2"));
}

TEST(PushStore, MakesNoGroupWhereThereIsNoRoomForIt) {
  PushWorld world;
  world.sink.SetMaxSeries(1);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(world.Put("/metrics/job/j" + std::to_string(i), "a 1\n").status, 400);
    EXPECT_EQ(world.Put("/metrics/job/k" + std::to_string(i), "a 1\na 1\n").status, 400);
  }
  EXPECT_EQ(world.Counter("tocsin_push_groups", ""), 0);
  EXPECT_EQ(world.Page(), "");
  EXPECT_THAT(world.sink.Living(), IsEmpty());
  EXPECT_THAT(world.state.tables()[StateTable::kPushedGroups], IsEmpty());
}

TEST(PushStore, MakesNoGroupForAPushThatHitALimit) {
  PushLimits limits;
  limits.series_per_group = 1;
  PushWorld world({}, true, limits);
  EXPECT_EQ(world.Put("/metrics/job/j", "a 1\nb 2\n").status, 400);
  world.sink.SetMaxSeries(2);
  EXPECT_EQ(world.Put("/metrics/job/j", "a 1\n").status, 400);
  EXPECT_THAT(world.sink.Living(), IsEmpty());
  EXPECT_EQ(world.Page(), "");
}

TEST(PushStore, FreesWhatARefusedPushHadReserved) {
  PushWorld world;
  world.sink.SetMaxSeries(2);
  EXPECT_EQ(world.Put("/metrics/job/j", "# TYPE a counter\na{instance=\"i\"} 1\n").status, 400);
  world.sink.SetMaxSeries(100);
  EXPECT_EQ(world.Put("/metrics/job/k", "# TYPE a gauge\na 1\n").status, 200);
  EXPECT_EQ(world.Put("/metrics/job/j/instance/i", "# TYPE a gauge\na 1\n").status, 200);
}

TEST(PushStore, RefusesASeriesWhoseNameIsTakenByAnotherSpelling) {
  PushWorld world;
  world.sink.TakeName(Labels{{"__name__", "a_b"}, {"job", "j"}}, "a.b");
  const http::Response response = world.Put("/metrics/job/j", "a_b 1\nc 2\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("\"a_b\" {instance=\"\",job=\"j\"}"));
  EXPECT_THAT(response.body, HasSubstr("another spelling of its name, \"a.b\""));
  EXPECT_THAT(world.Living(), IsEmpty());
}

TEST(PushStore, LimitsTheSeriesOfAGroupOverSeveralPosts) {
  PushLimits limits;
  limits.series_per_group = 3;
  PushWorld world({}, true, limits);
  EXPECT_EQ(world.Post("/metrics/job/j", "a 1\nb 2\n").status, 200);
  const http::Response response = world.Post("/metrics/job/j", "c 3\nd 4\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, "limit series_per_group (3) exceeded: 4\n");
  EXPECT_EQ(world.Post("/metrics/job/j", "a 3\nc 4\n").status, 200);
  EXPECT_EQ(world.Put("/metrics/job/j", "d 1\ne 2\nf 3\n").status, 200);
}

// --- many at once ---

TEST(PushStore, LetsOnlyOneOfTwoGroupsHaveASeriesHoweverTheyRace) {
  for (int round = 0; round < 50; ++round) {
    PushWorld world;
    int first = 0;
    std::thread other([&] { first = world.Put("/metrics/job/j", "a{instance=\"i\"} 1\n").status; });
    const int second = world.Put("/metrics/job/j/instance/i", "a 2\n").status;
    other.join();
    EXPECT_EQ(std::min(first, second), 200);
    EXPECT_EQ(std::max(first, second), 400);
    EXPECT_THAT(world.PageSeries(), SizeIs(1));
  }
}

TEST(PushStore, StaysConsistentUnderPushesDeletesResamplesAndReaders) {
  PushWorld world;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&world, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string path = "/metrics/job/j" + std::to_string((i + t) % 4);
        const std::string n = std::to_string(i);
        if (i % 7 == 0) world.Delete(path);
        if (i % 3 == 0) world.Post(path, "a{n=\"" + n + "\"} 1\n");
        EXPECT_EQ(world.Put(path, "a 1\nb{n=\"" + n + "\"} 2\n").status, 200);
      }
    });
  }
  threads.emplace_back([&world] {
    for (int i = 0; i < 200; ++i) {
      world.store.Resample(world.clock.Now());
      world.Page();
    }
  });
  for (std::thread& thread : threads) thread.join();
  // What rules see, what the page shows and what a restart finds are one thing.
  world.store.Resample(world.clock.Now());
  PushWorld after(world.state.tables());
  ASSERT_TRUE(after.store.Restore().ok());
  EXPECT_EQ(after.Page(), world.Page());
  EXPECT_EQ(world.Living().size(), world.PageSeries().size());
  EXPECT_THAT(world.PageSeries(), SizeIs(8));
}

}  // namespace
}  // namespace tocsin::intake
