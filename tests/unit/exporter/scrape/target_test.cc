// Targets out of a job, and the times at which their turn comes.
#include "exporter/scrape/target.h"

#include <set>

#include "base/check.h"

namespace tocsin::scrape {
namespace {

using ::testing::SizeIs;

config::ScrapeJob JobFor(const std::string& address, Labels labels = {}) {
  config::ScrapeJob job;
  job.name = "app";
  job.targets = {{address, std::move(labels)}};
  return job;
}

Target OnlyTarget(const config::ScrapeJob& job) {
  const std::vector<Target> targets = MakeTargets(job);
  CHECK(targets.size() == 1);
  return targets.front();
}

// --- targets ---

TEST(Target, HasTheJobsUrlAndTheLabelsJobAndInstance) {
  const Target target = OnlyTarget(JobFor("web:80"));
  EXPECT_EQ(target.job, "app");
  EXPECT_EQ(target.url, "http://web:80/metrics");
  EXPECT_EQ(target.labels.ToString(), R"({instance="web:80", job="app"})");
}

TEST(Target, HasTheLabelsOfItsGroup) {
  EXPECT_EQ(
      OnlyTarget(JobFor("web:80", Labels{{"zone", "a"}, {"instance", "web"}})).labels.ToString(),
      R"({instance="web", job="app", zone="a"})");
}

TEST(Target, TakesSchemePathAndParametersOfTheJob) {
  config::ScrapeJob job = JobFor("web:443");
  job.scheme = "https";
  job.metrics_path = "/probe";
  job.params = {{"target", "a b&c"}, {"module", "icmp"}};
  EXPECT_EQ(OnlyTarget(job).url, "https://web:443/probe?target=a%20b%26c&module=icmp");
}

TEST(Target, TakesAPathWithoutASlashAndOneWithAQuestionMark) {
  config::ScrapeJob job = JobFor("web:80");
  job.metrics_path = "stats?format=prometheus";
  job.params = {{"x", "1"}};
  EXPECT_EQ(OnlyTarget(job).url, "http://web:80/stats?format=prometheus&x=1");
}

TEST(Target, LetsSpecialLabelsOverrideTheJobAndKeepsNoneOfThem) {
  config::ScrapeJob job = JobFor("web:80", Labels{{"__scheme__", "https"},
                                                  {"__metrics_path__", "/own"},
                                                  {"__param_module", "tcp"},
                                                  {"__param_extra", "1"},
                                                  {"__tmp", "x"}});
  job.params = {{"module", "icmp"}};
  const Target target = OnlyTarget(job);
  EXPECT_EQ(target.url, "https://web:80/own?module=tcp&extra=1");
  EXPECT_EQ(target.labels.ToString(), R"({instance="web:80", job="app"})");
}

TEST(Target, ComesInTheOrderOfTheFile) {
  config::ScrapeJob job = JobFor("b:1");
  job.targets.push_back({"a:1", {}});
  const std::vector<Target> targets = MakeTargets(job);
  ASSERT_THAT(targets, SizeIs(2));
  EXPECT_EQ(targets[0].url, "http://b:1/metrics");
  EXPECT_EQ(targets[1].url, "http://a:1/metrics");
}

TEST(ScrapeSettings, AreThoseOfTheJob) {
  config::ScrapeJob job = JobFor("web:80");
  job.interval = std::chrono::seconds(15);
  job.timeout = std::chrono::seconds(3);
  job.honor_labels = true;
  job.honor_timestamps = false;
  job.enable_compression = false;
  job.body_size_limit = 1000;
  job.sample_limit = 7;
  const ScrapeSettings expected = {
      std::chrono::seconds(15), std::chrono::seconds(3), true, false, false, 1000, 7};
  EXPECT_EQ(MakeSettings(job), expected);
}

TEST(ScrapeSettings, BoundABodyAlsoWhereTheJobDoesNot) {
  const std::uint64_t limit = MakeSettings(JobFor("web:80")).body_size_limit;
  EXPECT_GT(limit, 0U);
  EXPECT_LE(limit, 100'000'000U);
}

// --- turns ---

constexpr Duration kSlotInterval = std::chrono::seconds(15);

TEST(SlotOffset, LiesWithinTheInterval) {
  for (int i = 0; i < 200; ++i) {
    const Duration offset =
        SlotOffset(OnlyTarget(JobFor("web" + std::to_string(i) + ":80")), kSlotInterval, {});
    EXPECT_GE(offset, Duration::zero());
    EXPECT_LT(offset, kSlotInterval);
  }
}

TEST(SlotOffset, SpreadsTargets) {
  std::set<Duration> offsets;
  for (int i = 0; i < 200; ++i) {
    offsets.insert(
        SlotOffset(OnlyTarget(JobFor("web" + std::to_string(i) + ":80")), kSlotInterval, {}));
  }
  EXPECT_GT(offsets.size(), 150U);
  EXPECT_LT(*offsets.begin(), kSlotInterval / 4);
  EXPECT_GT(*offsets.rbegin(), kSlotInterval * 3 / 4);
}

TEST(SlotOffset, IsTheSameForTheSameTarget) {
  EXPECT_EQ(SlotOffset(OnlyTarget(JobFor("web:80")), kSlotInterval, {}),
            SlotOffset(OnlyTarget(JobFor("web:80")), kSlotInterval, {}));
}

TEST(SlotOffset, DiffersBetweenInstancesLabelsAndUrls) {
  config::ScrapeJob other_path = JobFor("web:80");
  other_path.metrics_path = "/other";
  const std::set<Duration> offsets = {
      SlotOffset(OnlyTarget(JobFor("web:80")), kSlotInterval, {}),
      SlotOffset(OnlyTarget(JobFor("web:80")), kSlotInterval, Labels{{"replica", "b"}}),
      SlotOffset(OnlyTarget(JobFor("web:80", Labels{{"zone", "a"}})), kSlotInterval, {}),
      SlotOffset(OnlyTarget(other_path), kSlotInterval, {})};
  EXPECT_THAT(offsets, SizeIs(4));
}

TEST(NextSlot, IsTheFirstOneAfterNow) {
  const auto next = [](std::int64_t now) {
    return ToUnixMillis(NextSlot(FromUnixMillis(now), Duration(100), Duration(30)));
  };
  EXPECT_EQ(next(1000), 1030);
  EXPECT_EQ(next(1029), 1030);
  EXPECT_EQ(next(1030), 1130);
  EXPECT_EQ(next(1031), 1130);
  EXPECT_EQ(next(1099), 1130);
}

TEST(NextSlot, NeedsNoOffset) {
  EXPECT_EQ(NextSlot(FromUnixMillis(1000), Duration(100), Duration(0)), FromUnixMillis(1100));
}

TEST(NextSlot, CountsBeforeTheEpochToo) {
  EXPECT_EQ(NextSlot(FromUnixMillis(10), Duration(100), Duration(30)), FromUnixMillis(30));
  EXPECT_EQ(NextSlot(FromUnixMillis(-150), Duration(100), Duration(30)), FromUnixMillis(-70));
}

TEST(NextSlot, LiesOneIntervalBehindTheLast) {
  const Duration offset = SlotOffset(OnlyTarget(JobFor("web:80")), kSlotInterval, {});
  const Timestamp first = NextSlot(FromUnixMillis(1'700'000'000'000), kSlotInterval, offset);
  EXPECT_EQ(NextSlot(first, kSlotInterval, offset), first + kSlotInterval);
  EXPECT_EQ(NextSlot(first + Duration(1), kSlotInterval, offset), first + kSlotInterval);
}

}  // namespace
}  // namespace tocsin::scrape
