// Families of Tocsin's own registry and of the series store.
#include <prometheus/summary.h>

#include <map>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/querier.h"
#include "exporter/exposition/registry_families.h"
#include "exporter/exposition/series_families.h"
#include "exporter/exposition/writer.h"
#include "tests/unit/exporter/exposition/family_text.h"

namespace tocsin::exposition {
namespace {

TEST(CollectFamilies, ShowsEveryKindOfMetric) {
  MetricRegistry registry;
  CounterFamily(registry, "c_total", "A counter.").Add({{"x", "1"}}).Increment(2);
  GaugeFamily(registry, "g", "A gauge.\nOf two lines.").Add({}).Set(-1.5);
  auto& histogram = HistogramFamily(registry, "h_seconds", "A histogram.")
                        .Add({{"x", "1"}}, prometheus::Histogram::BucketBoundaries{0.1, 1});
  histogram.Observe(0.05);
  histogram.Observe(0.5);
  histogram.Observe(5);
  auto& summary = prometheus::BuildSummary()
                      .Name("s")
                      .Help("A summary.")
                      .Register(registry)
                      .Add({}, prometheus::Summary::Quantiles{{0.5, 0.05}});
  summary.Observe(3);
  EXPECT_EQ(TextOf(CollectFamilies(registry)),
            "# HELP c_total A counter.\n"
            "# TYPE c_total counter\n"
            "c_total{x=\"1\"} 2\n"
            "# HELP g A gauge.\\nOf two lines.\n"
            "# TYPE g gauge\n"
            "g -1.5\n"
            "# HELP h_seconds A histogram.\n"
            "# TYPE h_seconds histogram\n"
            "h_seconds_bucket{le=\"0.1\",x=\"1\"} 1\n"
            "h_seconds_bucket{le=\"1\",x=\"1\"} 2\n"
            "h_seconds_bucket{le=\"+Inf\",x=\"1\"} 3\n"
            "h_seconds_sum{x=\"1\"} 5.55\n"
            "h_seconds_count{x=\"1\"} 3\n"
            "# HELP s A summary.\n"
            "# TYPE s summary\n"
            "s{quantile=\"0.5\"} 3\n"
            "s_sum 3\n"
            "s_count 1\n");
}

class FakeQuerier final : public Querier {
 public:
  std::vector<SeriesSamples> Select(const std::vector<Matcher>&, Timestamp,
                                    Timestamp) const override {
    return {};
  }
  std::vector<SeriesSamples> Latest(const std::vector<Matcher>& matchers,
                                    Timestamp not_before) const override {
    EXPECT_TRUE(matchers.empty());
    asked_for = not_before;
    return series;
  }
  std::optional<FamilyMetadata> Metadata(std::string_view family) const override {
    const auto found = metadata.find(std::string(family));
    if (found == metadata.end()) return std::nullopt;
    return found->second;
  }

  void Add(Labels labels, Origin origin, double value) {
    series.push_back({std::move(labels), origin, {{FromUnixMillis(1), value}}});
  }
  void AddType(const std::string& name, MetricType type, const std::string& help) {
    FamilyMetadata family;
    family.name = name;
    family.type = type;
    family.help = help;
    metadata.emplace(name, family);
  }

  std::vector<SeriesSamples> series;
  std::map<std::string, FamilyMetadata> metadata;
  mutable Timestamp asked_for{};
};

TEST(LatestFamilies, ShowsHostAndJsonSeriesWithWhatIsKnownOfTheirFamily) {
  FakeQuerier querier;
  querier.AddType("node_load1", MetricType::kGauge, "1m load average.");
  querier.Add({{"__name__", "node_load1"}, {"job", "node"}}, Origin::kHost, 0.25);
  querier.Add({{"__name__", "app_queue"}, {"Host", "h"}}, Origin::kJson, 7);
  EXPECT_EQ(TextOf(LatestFamilies(querier, FromUnixMillis(1000))),
            "# TYPE app_queue untyped\n"
            "app_queue{Host=\"h\"} 7\n"
            "# HELP node_load1 1m load average.\n"
            "# TYPE node_load1 gauge\n"
            "node_load1{job=\"node\"} 0.25\n");
  EXPECT_EQ(querier.asked_for, FromUnixMillis(1000));
}

TEST(LatestFamilies, RepeatsNothingThatWasScrapedOrPushedOrIsShownAsOwn) {
  FakeQuerier querier;
  querier.Add({{"__name__", "a"}}, Origin::kScrape, 1);
  querier.Add({{"__name__", "b"}}, Origin::kPush, 1);
  querier.Add({{"__name__", "c"}}, Origin::kSelf, 1);
  EXPECT_EQ(TextOf(LatestFamilies(querier, {})), "");
}

TEST(LatestFamilies, FindsTheHistogramThatASeriesIsPartOf) {
  FakeQuerier querier;
  querier.AddType("h", MetricType::kHistogram, "A histogram.");
  querier.AddType("g", MetricType::kGauge, "A gauge.");
  querier.Add({{"__name__", "g_count"}}, Origin::kJson, 5);
  querier.Add({{"__name__", "h_bucket"}, {"le", "+Inf"}}, Origin::kHost, 1);
  querier.Add({{"__name__", "h_count"}}, Origin::kHost, 1);
  querier.Add({{"__name__", "h_sum"}}, Origin::kHost, 2);
  EXPECT_EQ(TextOf(LatestFamilies(querier, {})),
            "# TYPE g_count untyped\n"
            "g_count 5\n"
            "# HELP h A histogram.\n"
            "# TYPE h histogram\n"
            "h_bucket{le=\"+Inf\"} 1\n"
            "h_sum 2\n"
            "h_count 1\n");
}

}  // namespace
}  // namespace tocsin::exposition
