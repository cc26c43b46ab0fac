#include "config/prometheus_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/loading.h"

namespace tocsin::config {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(PrometheusFile, DefaultsArePrometheuss) {
  for (const char* text : {"", "global:\nscrape_configs:\nrule_files:\n"}) {
    const Settings settings = GoodSettings(text);
    EXPECT_EQ(settings.scrape_interval, minutes(1));
    EXPECT_EQ(settings.scrape_timeout, seconds(10));
    EXPECT_EQ(settings.evaluation_interval, minutes(1));
    EXPECT_TRUE(settings.external_labels.empty());
    EXPECT_THAT(settings.scrape_jobs, IsEmpty());
    EXPECT_THAT(settings.rule_file_patterns, ElementsAre("rules.d/*.yml"));
  }
}

TEST(PrometheusFile, AScrapeJobInheritsGlobalTimes) {
  const Settings settings = GoodSettings(
      "global: {scrape_interval: 30s, scrape_timeout: 20s, evaluation_interval: 15s}\n"
      "scrape_configs:\n"
      "- job_name: a\n"
      "- {job_name: b, scrape_interval: 5s}\n"
      "- {job_name: c, scrape_timeout: 30s}\n"
      "- {job_name: d, scrape_interval: 0s, scrape_timeout: 0s}\n");
  EXPECT_EQ(settings.evaluation_interval, seconds(15));
  ASSERT_EQ(settings.scrape_jobs.size(), 4U);
  const std::vector<ScrapeJob>& jobs = settings.scrape_jobs;
  EXPECT_EQ(jobs[0].interval, seconds(30));
  EXPECT_EQ(jobs[0].timeout, seconds(20));
  EXPECT_EQ(jobs[1].interval, seconds(5));
  EXPECT_EQ(jobs[1].timeout, seconds(5)) << "an inherited timeout is cut to the interval";
  EXPECT_EQ(jobs[2].timeout, seconds(30));
  EXPECT_EQ(jobs[3].interval, seconds(30)) << "zero is not given";
  EXPECT_EQ(jobs[3].timeout, seconds(20));
}

TEST(PrometheusFile, AShortGlobalIntervalCutsTheDefaultTimeout) {
  const Settings settings =
      GoodSettings("global: {scrape_interval: 5s}\nscrape_configs: [{job_name: a}]\n");
  EXPECT_EQ(settings.scrape_timeout, seconds(5));
  EXPECT_EQ(settings.scrape_jobs.at(0).timeout, seconds(5));
}

TEST(PrometheusFile, AScrapeJobHasPrometheussDefaults) {
  const Settings settings = GoodSettings("scrape_configs: [{job_name: a}]\n");
  const ScrapeJob& job = settings.scrape_jobs.at(0);
  EXPECT_EQ(job.name, "a");
  EXPECT_EQ(job.metrics_path, "/metrics");
  EXPECT_EQ(job.scheme, "http");
  EXPECT_FALSE(job.honor_labels);
  EXPECT_TRUE(job.honor_timestamps);
  EXPECT_TRUE(job.enable_compression);
  EXPECT_EQ(job.body_size_limit, 0U);
  EXPECT_EQ(job.sample_limit, 0U);
}

TEST(PrometheusFile, AScrapeJobReadsAllItsKeys) {
  const Settings settings = GoodSettings(
      "scrape_configs:\n"
      "- job_name: blackbox\n"
      "  metrics_path: probe\n"
      "  scheme: https\n"
      "  params: {module: [http_2xx, icmp], target: [example.org]}\n"
      "  honor_labels: true\n"
      "  honor_timestamps: false\n"
      "  enable_compression: false\n"
      "  body_size_limit: 10MB\n"
      "  sample_limit: 5000\n"
      "  static_configs:\n"
      "  - targets: ['a:9100', 'b:9100']\n"
      "    labels: {env: prod, rack: 7}\n"
      "  - targets: ['c']\n");
  const ScrapeJob& job = settings.scrape_jobs.at(0);
  EXPECT_EQ(job.metrics_path, "/probe");
  EXPECT_EQ(job.scheme, "https");
  EXPECT_THAT(job.params, ElementsAre(Pair("module", "http_2xx"), Pair("module", "icmp"),
                                      Pair("target", "example.org")));
  EXPECT_TRUE(job.honor_labels);
  EXPECT_FALSE(job.honor_timestamps);
  EXPECT_FALSE(job.enable_compression);
  EXPECT_EQ(job.body_size_limit, 10U << 20U);
  EXPECT_EQ(job.sample_limit, 5000U);
  ASSERT_EQ(job.targets.size(), 3U);
  EXPECT_EQ(job.targets[0].address, "a:9100");
  EXPECT_EQ(job.targets[1].labels, (Labels{{"env", "prod"}, {"rack", "7"}}));
  EXPECT_EQ(job.targets[2].address, "c");
  EXPECT_TRUE(job.targets[2].labels.empty());
}

TEST(PrometheusFile, ExternalLabelsExpandTheEnvironment) {
  const LoadResult result = LoadText(
      "global:\n  external_labels:\n    region: $REGION\n    replica: x-${NONE}\n    price: $$5\n",
      MakeEnvironment({{"REGION", "eu"}}));
  EXPECT_THAT(result.problems,
              ElementsAre("tocsin.yml:3:5: warning: external_labels: the environment variable NONE "
                          "is not set"));
  EXPECT_EQ(result.settings->external_labels,
            (Labels{{"region", "eu"}, {"replica", "x-"}, {"price", "$5"}}));
}

TEST(PrometheusFile, NothingElseExpandsTheEnvironment) {
  const Settings settings =
      GoodSettings("scrape_configs: [{job_name: $REGION}]\n", MakeEnvironment({{"REGION", "eu"}}));
  EXPECT_EQ(settings.scrape_jobs.at(0).name, "$REGION");
}

TEST(PrometheusFile, AnEmptyListOfRuleFilesReadsNone) {
  const Settings settings = GoodSettings("rule_files: []\n", EmptyEnvironment(),
                                         FilesOf({{"rules.d/a.yml", "rules: no list"}}));
  EXPECT_THAT(settings.rule_file_patterns, IsEmpty());
  EXPECT_THAT(settings.rule_files, IsEmpty());
}

}  // namespace
}  // namespace tocsin::config
