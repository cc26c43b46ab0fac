// One target over time: its turns, what is stored, what goes stale, what is told.
#include "exporter/scrape/scrape_loop.h"

#include "tests/unit/exporter/scrape/scrape_world.h"

namespace tocsin::scrape {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

ScrapeSettings Settings() {
  ScrapeSettings settings;
  settings.interval = kInterval;
  settings.timeout = std::chrono::seconds(10);
  settings.body_size_limit = 1'000'000;
  return settings;
}

// The labels of every series here are {job="app"}.
std::string Of(const std::string& name) { return name + R"({job="app"})"; }

class ScrapeLoopTest : public ::testing::Test {
 protected:
  void Begin() { Begin(Settings()); }
  void Begin(const ScrapeSettings& settings) { loop_->Configure(settings, world_.clock.Now()); }
  // The next turn's request is sent.
  void Turn() {
    const std::size_t before = world_.http.sent();
    while (world_.http.sent() == before) CHECK(world_.RunNext());
  }
  void Scrape(const std::string& page) {
    Turn();
    world_.Answer(page);
  }
  void ScrapeInVain() {
    Turn();
    world_.http.Answer(world_.last_request(), 503);
  }
  std::optional<std::string> Newest(const std::string& name) const {
    return world_.sink.Newest(Of(name));
  }
  std::optional<Timestamp> NewestTime(const std::string& name) const {
    return world_.sink.NewestTime(Of(name));
  }
  TargetStatus Status() const { return loop_->status(); }
  const ScrapeMetrics& Metrics() const { return context_->metrics; }

  ScrapeWorld world_;
  std::shared_ptr<ScrapeContext> context_{new ScrapeContext{world_.sink,
                                                            world_.http,
                                                            world_.timers,
                                                            world_.pool,
                                                            world_.clock,
                                                            Logger(world_.log, "scrape"),
                                                            ScrapeMetrics(world_.registry),
                                                            {}}};
  const Target target_{"app", "http://web:80/metrics", Labels{{"job", "app"}}};
  std::shared_ptr<ScrapeLoop> loop_ = std::make_shared<ScrapeLoop>(context_, target_, Labels{});
};

// --- the request ---

TEST_F(ScrapeLoopTest, AsksForTheTextFormatWithinItsTimeout) {
  Begin();
  Turn();
  const HttpClientRequest request = world_.http.request(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.url, "http://web:80/metrics");
  EXPECT_THAT(request.headers, Contains(Pair("Accept", HasSubstr("text/plain;version=0.0.4"))));
  EXPECT_THAT(request.headers, Contains(Pair("X-Prometheus-Scrape-Timeout-Seconds", "10")));
  EXPECT_EQ(request.timeout, std::chrono::seconds(10));
  EXPECT_EQ(request.max_response_bytes, 1'000'000U);
  EXPECT_TRUE(request.accept_compressed);
  EXPECT_TRUE(request.follow_redirects);
}

TEST_F(ScrapeLoopTest, AsksForAPlainPageWithoutCompression) {
  ScrapeSettings settings = Settings();
  settings.enable_compression = false;
  Begin(settings);
  Turn();
  EXPECT_FALSE(world_.http.request(0).accept_compressed);
  EXPECT_THAT(world_.http.request(0).headers, Contains(Pair("Accept-Encoding", "identity")));
}

// --- turns ---

TEST_F(ScrapeLoopTest, TakesItsTurnInItsSlotOfEachInterval) {
  const Timestamp first =
      NextSlot(world_.clock.Now(), kInterval, SlotOffset(target_, kInterval, {}));
  Begin();
  for (int turn = 0; turn < 3; ++turn) {
    Scrape("a 1\n");
    EXPECT_EQ(world_.clock.Now(), first + turn * kInterval);
    EXPECT_EQ(NewestTime("a"), first + turn * kInterval);
  }
}

TEST_F(ScrapeLoopTest, StampsATurnThatIsTwoMillisecondsLateWithItsSlot) {
  Begin();
  const Timestamp slot = world_.timers.next_deadline().value();
  world_.clock.Set(slot + Duration(2));
  Scrape("a 1\n");
  EXPECT_EQ(NewestTime("a"), slot);
  EXPECT_EQ(NewestTime("up"), slot);
}

TEST_F(ScrapeLoopTest, StampsATurnThatIsLaterWithItsOwnTime) {
  Begin();
  const Timestamp slot = world_.timers.next_deadline().value();
  world_.clock.Set(slot + Duration(3));
  Scrape("a 1\n");
  EXPECT_EQ(NewestTime("a"), slot + Duration(3));
}

TEST_F(ScrapeLoopTest, AlignsLessWithinAShortInterval) {
  ScrapeSettings settings = Settings();
  settings.interval = Duration(100);
  Begin(settings);
  const Timestamp slot = world_.timers.next_deadline().value();
  world_.clock.Set(slot + Duration(2));
  Scrape("a 1\n");
  EXPECT_EQ(NewestTime("a"), slot + Duration(2));
}

TEST_F(ScrapeLoopTest, ComesBackToItsSlotsAfterALateTurn) {
  Begin();
  const Timestamp slot = world_.timers.next_deadline().value();
  world_.clock.Set(slot + kInterval * 5 / 2);
  Scrape("a 1\n");
  Scrape("a 2\n");
  EXPECT_EQ(world_.clock.Now(), slot + 3 * kInterval);
}

TEST_F(ScrapeLoopTest, SkipsATurnWhileTheOneBeforeIsUnderWay) {
  Begin();
  Turn();
  world_.RunFor(kInterval);
  EXPECT_EQ(world_.http.sent(), 1U);
  EXPECT_EQ(Metrics().skipped_running.Value(), 1);
  world_.http.Answer(0, 200, "a 1\n", TextContentType());
  EXPECT_EQ(Newest("a"), "1");
  Scrape("a 2\n");
  EXPECT_EQ(Newest("a"), "2");
  EXPECT_EQ(Metrics().skipped_running.Value(), 1);
}

TEST_F(ScrapeLoopTest, SkipsATurnWhileThePageBeforeIsUnread) {
  Begin();
  world_.pool.mode = FakeExecutor::Mode::kKeep;
  Scrape("a 1\n");
  world_.RunFor(kInterval);
  EXPECT_EQ(world_.http.sent(), 1U);
  EXPECT_EQ(Metrics().skipped_running.Value(), 1);
  world_.pool.RunKept();
  EXPECT_EQ(Newest("a"), "1");
}

TEST_F(ScrapeLoopTest, DropsAPageThatThePoolHasNoRoomFor) {
  Begin();
  Scrape("a 1\n");
  world_.pool.mode = FakeExecutor::Mode::kFull;
  Scrape("a 2\n");
  EXPECT_EQ(Metrics().skipped_queue_full.Value(), 1);
  EXPECT_EQ(Newest("a"), "1");
  EXPECT_THAT(Status().last_warning, HasSubstr("dropped"));
  world_.pool.mode = FakeExecutor::Mode::kRun;
  Scrape("a 3\n");
  EXPECT_EQ(Newest("a"), "3");
  EXPECT_EQ(Status().last_warning, "");
}

// --- what is stored ---

TEST_F(ScrapeLoopTest, StoresAPageAndWhatItTellsAboutIt) {
  Begin();
  Turn();
  world_.clock.Advance(Duration(250));
  world_.Answer("a 1\nb 2\n");
  EXPECT_THAT(world_.sink.Living(),
              ElementsAre(Of("a") + " 1", Of("b") + " 2", Of("scrape_duration_seconds") + " 0.25",
                          Of("scrape_samples_post_metric_relabeling") + " 2",
                          Of("scrape_samples_scraped") + " 2", Of("scrape_series_added") + " 2",
                          Of("up") + " 1"));
  EXPECT_EQ(world_.sink.batches(), 1U);
  for (const auto& item : world_.sink.appended()) {
    EXPECT_EQ(item.origin, Origin::kScrape);
    EXPECT_EQ(item.same_time, SameTime::kRefuse);
  }
}

TEST_F(ScrapeLoopTest, CountsTheSeriesThatTheScrapeBeforeLacked) {
  Begin();
  Scrape("a 1\nb 1\n");
  EXPECT_EQ(Newest("scrape_series_added"), "2");
  Scrape("a 1\nc 1\n");
  EXPECT_EQ(Newest("scrape_series_added"), "1");
  Scrape("a 1\n");
  EXPECT_EQ(Newest("scrape_series_added"), "0");
}

TEST_F(ScrapeLoopTest, TellsTheStoreTypeAndHelp) {
  Begin();
  Scrape("# HELP a Help.\n# TYPE a gauge\na 1\n");
  ASSERT_TRUE(world_.sink.Metadata("a"));
  EXPECT_EQ(world_.sink.Metadata("a")->type, MetricType::kGauge);
  EXPECT_EQ(world_.sink.Metadata("a")->help, "Help.");
}

TEST_F(ScrapeLoopTest, LetsNoPageOverwriteUp) {
  ScrapeSettings settings = Settings();
  settings.honor_labels = true;
  Begin(settings);
  Scrape("up 7\nscrape_duration_seconds 7\na 1\n");
  EXPECT_EQ(Newest("up"), "1");
  EXPECT_EQ(Newest("scrape_duration_seconds"), "0");
  EXPECT_EQ(Metrics().refused_duplicate.Value(), 2);
}

TEST_F(ScrapeLoopTest, KeepsASamplesOwnTime) {
  Begin();
  const Timestamp own = world_.clock.Now() - std::chrono::minutes(1);
  Scrape("a 1 " + std::to_string(ToUnixMillis(own)) + "\n");
  EXPECT_EQ(NewestTime("a"), own);
}

// --- scrapes that fail ---

TEST_F(ScrapeLoopTest, TellsThatATargetIsDown) {
  Begin();
  Turn();
  world_.clock.Advance(Duration(500));
  world_.http.Answer(0, 503, "a 1\n", TextContentType());
  EXPECT_THAT(world_.sink.Living(), ElementsAre(Of("scrape_duration_seconds") + " 0.5",
                                                Of("scrape_samples_post_metric_relabeling") + " 0",
                                                Of("scrape_samples_scraped") + " 0",
                                                Of("scrape_series_added") + " 0", Of("up") + " 0"));
  EXPECT_EQ(Status().health, TargetHealth::kDown);
  EXPECT_THAT(Status().last_error, HasSubstr("503"));
  EXPECT_EQ(Metrics().failed.Value(), 1);
  EXPECT_EQ(Metrics().succeeded.Value(), 0);
}

// Any other good status is no page either: a 204 has none.
TEST_F(ScrapeLoopTest, TakesNoOtherStatusThan200ForAPage) {
  Begin();
  Turn();
  world_.http.Answer(0, 206, "a 1\n", TextContentType());
  EXPECT_EQ(Newest("up"), "0");
  EXPECT_EQ(Newest("a"), std::nullopt);
}

TEST_F(ScrapeLoopTest, TellsATimeout) {
  Begin();
  Turn();
  world_.clock.Advance(std::chrono::seconds(10));
  HttpClientFailure failure;
  failure.message = "no answer within 10s";
  failure.timed_out = true;
  world_.http.Fail(0, failure);
  EXPECT_EQ(Newest("up"), "0");
  EXPECT_EQ(Newest("scrape_duration_seconds"), "10");
  EXPECT_EQ(Status().last_error, "no answer within 10s");
}

TEST_F(ScrapeLoopTest, TellsThatAPageIsTooLargeAndHowLargeItMayBe) {
  Begin();
  Turn();
  HttpClientFailure failure;
  failure.message = "too large";
  failure.response_too_large = true;
  world_.http.Fail(0, failure);
  EXPECT_EQ(Newest("up"), "0");
  EXPECT_THAT(Status().last_error, AllOf(HasSubstr("body_size_limit"), HasSubstr("1000000")));
}

TEST_F(ScrapeLoopTest, StoresNothingOfAPageWithAnError) {
  Begin();
  Scrape("a 1\nb 2\nc{\n");
  EXPECT_EQ(Newest("up"), "0");
  EXPECT_EQ(Newest("a"), std::nullopt);
  EXPECT_EQ(Newest("scrape_samples_scraped"), "2");
  EXPECT_EQ(Newest("scrape_series_added"), "0");
  EXPECT_THAT(Status().last_error, HasSubstr("line 3"));
}

TEST_F(ScrapeLoopTest, StoresNothingOfAPageBeyondItsSampleLimit) {
  ScrapeSettings settings = Settings();
  settings.sample_limit = 2;
  Begin(settings);
  Scrape("a 1\nb 2\nc 3\n");
  EXPECT_EQ(Newest("up"), "0");
  EXPECT_EQ(Newest("a"), std::nullopt);
  EXPECT_EQ(Newest("scrape_samples_scraped"), "3");
  EXPECT_THAT(Status().last_error, HasSubstr("sample_limit"));
}

// --- staleness ---

TEST_F(ScrapeLoopTest, EndsASeriesThatThePageNoLongerShows) {
  Begin();
  Scrape("a 1\nb 2\n");
  Scrape("b 3\n");
  EXPECT_EQ(Newest("a"), "stale");
  EXPECT_EQ(NewestTime("a"), NewestTime("b"));
  EXPECT_EQ(Newest("up"), "1");
}

TEST_F(ScrapeLoopTest, BeginsAnEndedSeriesAgain) {
  Begin();
  Scrape("a 1\n");
  Scrape("");
  Scrape("a 2\n");
  EXPECT_EQ(Newest("a"), "2");
  EXPECT_EQ(Newest("scrape_series_added"), "1");
}

TEST_F(ScrapeLoopTest, EndsEverySeriesWhenAScrapeFails) {
  Begin();
  Scrape("a 1\nb 2\n");
  ScrapeInVain();
  EXPECT_EQ(Newest("a"), "stale");
  EXPECT_EQ(Newest("b"), "stale");
  EXPECT_EQ(NewestTime("a"), NewestTime("up"));
  EXPECT_EQ(Newest("up"), "0");
}

TEST_F(ScrapeLoopTest, EndsEverySeriesWhenAPageHasAnError) {
  Begin();
  Scrape("a 1\nb 2\n");
  Scrape("a 2\nb\n");
  EXPECT_EQ(Newest("a"), "stale");
  EXPECT_EQ(Newest("b"), "stale");
}

TEST_F(ScrapeLoopTest, EndsSeriesOnlyOnce) {
  Begin();
  Scrape("a 1\n");
  ScrapeInVain();
  world_.sink.Clear();
  ScrapeInVain();
  EXPECT_THAT(world_.sink.appended(), SizeIs(5));  // up and its like
}

TEST_F(ScrapeLoopTest, DoesNotEndASeriesThatSaysItsTime) {
  Begin();
  Scrape("a 1 " + std::to_string(ToUnixMillis(world_.clock.Now())) + "\n");
  Scrape("");
  EXPECT_EQ(Newest("a"), "1");
  ScrapeInVain();
  EXPECT_EQ(Newest("a"), "1");
}

// --- what a page is warned of ---

TEST_F(ScrapeLoopTest, ReadsAPageOfUnknownTypeAndSaysSo) {
  Begin();
  Turn();
  world_.http.Answer(0, 200, "a 1\n", {{"content-type", "application/json"}});
  EXPECT_EQ(Newest("up"), "1");
  EXPECT_EQ(Newest("a"), "1");
  EXPECT_THAT(Status().last_warning, HasSubstr("application/json"));
  Turn();
  world_.http.Answer(1, 200, "a 1\n");
  EXPECT_THAT(Status().last_warning, HasSubstr("no Content-Type"));
  EXPECT_EQ(Newest("up"), "1");
}

TEST_F(ScrapeLoopTest, CountsAndTellsDuplicates) {
  Begin();
  Scrape("a 1\na 2\n");
  EXPECT_EQ(Newest("a"), "1");
  EXPECT_EQ(Newest("up"), "1");
  EXPECT_EQ(Metrics().refused_duplicate.Value(), 1);
  EXPECT_THAT(Status().last_warning, HasSubstr("1 samples repeat"));
}

TEST_F(ScrapeLoopTest, CountsAndTellsSamplesOfTheFuture) {
  Begin();
  const Timestamp later = world_.clock.Now() + std::chrono::hours(1);
  Scrape("a 1 " + std::to_string(ToUnixMillis(later)) + "\nb 1\n");
  EXPECT_EQ(Newest("a"), std::nullopt);
  EXPECT_EQ(Newest("b"), "1");
  EXPECT_EQ(Metrics().refused_too_new.Value(), 1);
  EXPECT_THAT(Status().last_warning, HasSubstr("future"));
}

TEST_F(ScrapeLoopTest, CountsWhatIsOlderThanTheStoreKnows) {
  Begin();
  Scrape("a 1\nb 1\n");
  const Timestamp old = world_.clock.Now() - std::chrono::minutes(1);
  Scrape("a 2 " + std::to_string(ToUnixMillis(old)) + "\nb 2\n");
  EXPECT_EQ(Newest("a"), "1");
  EXPECT_EQ(Newest("b"), "2");
  EXPECT_EQ(Metrics().refused_out_of_order.Value(), 1);
}

TEST_F(ScrapeLoopTest, CountsAndNamesASeriesWhoseNameIsTaken) {
  world_.sink.TakeName(Labels{{"__name__", "a"}, {"job", "app"}}, "a.");
  Begin();
  Scrape("a 1\nb 1\n");
  EXPECT_EQ(Newest("b"), "1");
  EXPECT_EQ(Metrics().refused_name_taken.Value(), 1);
  EXPECT_THAT(Status().last_warning,
              HasSubstr(R"("a" is held under another spelling of its name, "a.")"));
}

TEST_F(ScrapeLoopTest, GoesOnWithKnownSeriesWhenTheStoreIsFull) {
  Begin();
  Scrape("a 1\n");
  world_.sink.SetMaxSeries(6);  // a, up and its like
  Scrape("a 2\nb 2\n");
  EXPECT_EQ(Newest("up"), "1");
  EXPECT_EQ(Newest("a"), "2");
  EXPECT_EQ(Newest("b"), std::nullopt);
  EXPECT_EQ(Status().health, TargetHealth::kUp);
  EXPECT_EQ(Metrics().refused_too_many_series.Value(), 1);
  EXPECT_THAT(Status().last_warning, HasSubstr("1 samples were not stored"));
}

// up and its like are not of the page: neither counted among its samples nor taken for one of them.
TEST_F(ScrapeLoopTest, CountsOnlySamplesOfThePageWhenTheStoreIsFull) {
  Begin();
  world_.sink.SetMaxSeries(1);
  Scrape("a 1\n");
  EXPECT_EQ(Newest("a"), "1");
  EXPECT_EQ(Newest("up"), std::nullopt);
  EXPECT_EQ(Metrics().refused_too_many_series.Value(), 0);
  EXPECT_EQ(Status().last_warning, "");
}

TEST_F(ScrapeLoopTest, CountsNoSampleOfABadPageWhenTheStoreIsFull) {
  Begin();
  world_.sink.SetMaxSeries(0);
  Scrape("a 1\nb 1\nc\n");
  EXPECT_EQ(Metrics().refused_too_many_series.Value(), 0);
  EXPECT_EQ(Status().last_warning, "");
}

TEST_F(ScrapeLoopTest, DoesNotEndASeriesThatWasNeverStored) {
  Begin();
  Scrape("a 1\n");
  world_.sink.SetMaxSeries(6);
  Scrape("a 2\nb 2\n");
  world_.sink.SetMaxSeries(100);
  Scrape("a 3\n");
  EXPECT_EQ(Newest("b"), std::nullopt);
}

TEST_F(ScrapeLoopTest, StoresARefusedSeriesOnceThereIsRoom) {
  Begin();
  Scrape("a 1\n");
  world_.sink.SetMaxSeries(6);
  Scrape("a 2\nb 2\n");
  world_.sink.SetMaxSeries(100);
  Scrape("a 3\nb 3\n");
  EXPECT_EQ(Newest("b"), "3");
  Scrape("a 4\n");
  EXPECT_EQ(Newest("b"), "stale");
}

// --- status ---

TEST_F(ScrapeLoopTest, IsUnknownUntilItWasScraped) {
  Begin();
  EXPECT_EQ(Status().health, TargetHealth::kUnknown);
  EXPECT_EQ(Status().job, "app");
  EXPECT_EQ(Status().url, "http://web:80/metrics");
  EXPECT_EQ(Status().labels, target_.labels);
  EXPECT_EQ(Status().interval, kInterval);
  EXPECT_EQ(Status().timeout, std::chrono::seconds(10));
  EXPECT_EQ(Status().last_scrape, std::nullopt);
}

TEST_F(ScrapeLoopTest, TellsItsLastScrape) {
  Begin();
  Turn();
  const Timestamp at = world_.clock.Now();
  world_.clock.Advance(Duration(20));
  world_.Answer("a 1\nb 1\n");
  EXPECT_EQ(Status().health, TargetHealth::kUp);
  EXPECT_EQ(Status().last_error, "");
  EXPECT_EQ(Status().last_scrape, at);
  EXPECT_EQ(Status().last_duration, std::chrono::milliseconds(20));
  EXPECT_EQ(Status().samples, 2U);
}

TEST_F(ScrapeLoopTest, ForgetsTheErrorOnceItIsUpAgain) {
  Begin();
  ScrapeInVain();
  Scrape("a 1\n");
  EXPECT_EQ(Status().health, TargetHealth::kUp);
  EXPECT_EQ(Status().last_error, "");
}

TEST_F(ScrapeLoopTest, LogsWhenItGoesDownAndWhenItIsUpAgain) {
  Begin();
  Scrape("a 1\n");
  ScrapeInVain();
  ScrapeInVain();
  Scrape("a 1\n");
  Scrape("a 1\n");
  EXPECT_THAT(world_.log.lines(),
              ElementsAre(AllOf(HasSubstr("level=warn"), HasSubstr("target is down"),
                                HasSubstr("job=app"), HasSubstr("503")),
                          AllOf(HasSubstr("level=info"), HasSubstr("target is up again"))));
}

TEST_F(ScrapeLoopTest, NamesTheHealthOfATargetAsPrometheusDoes) {
  EXPECT_EQ(TargetHealthName(TargetHealth::kUp), "up");
  EXPECT_EQ(TargetHealthName(TargetHealth::kDown), "down");
  EXPECT_EQ(TargetHealthName(TargetHealth::kUnknown), "unknown");
}

// --- other settings ---

TEST_F(ScrapeLoopTest, KeepsItsStateUnderOtherSettings) {
  Begin();
  Scrape("a 1\nb 1\n");
  ScrapeSettings settings = Settings();
  settings.interval = std::chrono::seconds(5);
  settings.timeout = std::chrono::seconds(2);
  Begin(settings);
  EXPECT_EQ(Status().health, TargetHealth::kUp);
  EXPECT_EQ(Status().interval, std::chrono::seconds(5));
  const Timestamp slot =
      NextSlot(world_.clock.Now(), settings.interval, SlotOffset(target_, settings.interval, {}));
  Scrape("a 2\n");
  EXPECT_EQ(world_.clock.Now(), slot);
  EXPECT_EQ(world_.http.request(1).timeout, std::chrono::seconds(2));
  EXPECT_EQ(Newest("scrape_series_added"), "0");
  EXPECT_EQ(Newest("a"), "2");
  EXPECT_EQ(Newest("b"), "stale");
}

TEST_F(ScrapeLoopTest, TakesNoTurnTwiceAfterAnotherInterval) {
  Begin();
  ScrapeSettings settings = Settings();
  settings.interval = std::chrono::seconds(5);
  Begin(settings);
  for (int turn = 0; turn < 4; ++turn) Scrape("a 1\n");
  EXPECT_EQ(Metrics().skipped_running.Value(), 0);
  const Timestamp fourth = world_.clock.Now();
  Scrape("a 1\n");
  EXPECT_EQ(world_.clock.Now(), fourth + settings.interval);
}

TEST_F(ScrapeLoopTest, KeepsItsSlotUnderTheSameInterval) {
  Begin();
  const std::optional<Timestamp> slot = world_.timers.next_deadline();
  world_.clock.Advance(Duration(1));
  ScrapeSettings settings = Settings();
  settings.sample_limit = 1;
  Begin(settings);
  EXPECT_EQ(world_.timers.next_deadline(), slot);
  Scrape("a 1\nb 2\n");
  EXPECT_EQ(Newest("up"), "0");
}

TEST_F(ScrapeLoopTest, LosesNoTurnThatIsDueToAReload) {
  Begin();
  world_.clock.Set(world_.timers.next_deadline().value() + Duration(1));
  ScrapeSettings settings = Settings();
  settings.sample_limit = 10;
  Begin(settings);
  world_.timers.RunDue();
  EXPECT_EQ(world_.http.sent(), 1U);
}

TEST_F(ScrapeLoopTest, ReadsAnAnswerUnderTheSettingsThatItWasAskedFor) {
  Begin();
  Turn();
  ScrapeSettings settings = Settings();
  settings.sample_limit = 1;
  Begin(settings);
  world_.Answer("a 1\nb 2\n");
  EXPECT_EQ(Newest("up"), "1");
}

TEST_F(ScrapeLoopTest, LabelsKnownLinesAnewWhenLabelsAreHonouredOtherwise) {
  Begin();
  Scrape("a{job=\"own\"} 1\nb 1\n");
  EXPECT_EQ(world_.sink.Newest(R"(a{exported_job="own", job="app"})"), "1");
  ScrapeSettings settings = Settings();
  settings.honor_labels = true;
  Begin(settings);
  Scrape("a{job=\"own\"} 2\nb 2\n");
  EXPECT_EQ(world_.sink.Newest(R"(a{exported_job="own", job="app"})"), "stale");
  EXPECT_EQ(world_.sink.Newest(R"(a{job="own"})"), "2");
  EXPECT_EQ(Newest("b"), "2");
  EXPECT_EQ(Newest("scrape_series_added"), "1");
}

// --- the end ---

TEST_F(ScrapeLoopTest, EndsEverySeriesOfATargetThatIsGone) {
  Begin();
  Scrape("a 1\nb 1\n");
  world_.clock.Advance(std::chrono::seconds(1));
  const Timestamp gone = world_.clock.Now();
  loop_->Retire(gone);
  world_.RunFor(2 * kInterval);  // another target may go on with them until then
  EXPECT_EQ(Newest("a"), "1");
  EXPECT_EQ(Newest("up"), "1");
  world_.RunFor(kInterval / 10);
  EXPECT_THAT(world_.sink.Living(), IsEmpty());
  for (const std::string name : {"a", "b", "up", "scrape_duration_seconds"}) {
    EXPECT_EQ(Newest(name), "stale") << name;
    EXPECT_EQ(NewestTime(name), gone) << name;
  }
  EXPECT_EQ(world_.http.sent(), 1U);
  EXPECT_EQ(world_.timers.next_deadline(), std::nullopt);
}

// The store refuses a second value for a time that it has.
TEST_F(ScrapeLoopTest, EndsBehindItsLastTurnAlsoWithinThatMillisecond) {
  Begin();
  Scrape("a 1\n");
  const Timestamp scraped = world_.clock.Now();
  loop_->Retire(scraped);
  world_.RunFor(3 * kInterval);
  EXPECT_EQ(Newest("a"), "stale");
  EXPECT_EQ(NewestTime("a"), scraped + Duration(1));
}

TEST_F(ScrapeLoopTest, EndsNothingThatAnotherTargetGoesOnWith) {
  Begin();
  Scrape("a 1\nb 1\n");
  world_.clock.Advance(Duration(1));
  loop_->Retire(world_.clock.Now());
  const auto successor = std::make_shared<ScrapeLoop>(context_, target_, Labels{});
  successor->Configure(Settings(), world_.clock.Now());
  Scrape("a 2\n");
  Scrape("a 3\n");
  world_.RunFor(kInterval / 5);
  EXPECT_EQ(Newest("a"), "3");
  EXPECT_EQ(Newest("b"), "stale");
  EXPECT_EQ(Newest("up"), "1");
  EXPECT_EQ(Metrics().refused_out_of_order.Value(), 0);
  successor->Halt();
}

TEST_F(ScrapeLoopTest, StoresNoAnswerThatComesAfterItsEnd) {
  Begin();
  Scrape("a 1\n");
  Turn();
  loop_->Retire(world_.clock.Now());
  world_.Answer("a 2\n");
  EXPECT_EQ(Newest("a"), "1");
  world_.RunFor(3 * kInterval);
  EXPECT_EQ(Newest("a"), "stale");
}

TEST_F(ScrapeLoopTest, WaitsWithItsEndForAnAnswerThatIsUnderWay) {
  Begin();
  Scrape("a 1\n");
  Turn();
  loop_->Retire(world_.clock.Now());
  world_.RunFor(3 * kInterval);
  EXPECT_EQ(Newest("a"), "1");
  world_.Answer("a 2\n");
  world_.RunFor(kInterval);
  EXPECT_EQ(Newest("a"), "stale");
  EXPECT_EQ(world_.timers.next_deadline(), std::nullopt);
}

TEST_F(ScrapeLoopTest, TriesItsEndAgainWhenThePoolHasNoRoom) {
  Begin();
  Scrape("a 1\n");
  loop_->Retire(world_.clock.Now());
  world_.pool.mode = FakeExecutor::Mode::kFull;
  world_.RunFor(3 * kInterval);
  EXPECT_EQ(Newest("a"), "1");
  world_.pool.mode = FakeExecutor::Mode::kRun;
  world_.RunFor(kInterval);
  EXPECT_EQ(Newest("a"), "stale");
}

TEST_F(ScrapeLoopTest, EndsNothingWhenItWasNeverScraped) {
  Begin();
  loop_->Retire(world_.clock.Now());
  world_.RunFor(3 * kInterval);
  EXPECT_EQ(world_.sink.batches(), 0U);
  EXPECT_EQ(world_.http.sent(), 0U);
}

TEST_F(ScrapeLoopTest, HaltsWithoutEndingAnything) {
  Begin();
  Scrape("a 1\n");
  loop_->Halt();
  EXPECT_EQ(world_.timers.next_deadline(), std::nullopt);
  EXPECT_EQ(Newest("a"), "1");
}

TEST_F(ScrapeLoopTest, DropsAnAnswerThatComesWhenTheGateIsClosed) {
  Begin();
  Turn();
  context_->gate.Close();
  world_.Answer("a 1\n");
  EXPECT_EQ(world_.sink.batches(), 0U);
}

TEST_F(ScrapeLoopTest, ReadsNoPageWhenTheGateIsClosed) {
  Begin();
  world_.pool.mode = FakeExecutor::Mode::kKeep;
  Scrape("a 1\n");
  context_->gate.Close();
  world_.pool.RunKept();
  EXPECT_EQ(world_.sink.batches(), 0U);
}

}  // namespace
}  // namespace tocsin::scrape
