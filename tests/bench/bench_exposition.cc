// The cost of a page of 10,000 series: scraped for the first time, scraped again (its lines known),
// pushed, and written for /metrics.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/bytes.h"
#include "exporter/exposition/arrange.h"
#include "exporter/exposition/text_parser.h"
#include "exporter/exposition/writer.h"

namespace tocsin::exposition {
namespace {

constexpr int kSeries = 10'000;

// About what a large node_exporter shows: a hundred families, a few labels, floats and counts.
std::string Page() {
  std::string page;
  for (int family = 0; family < 100; ++family) {
    const std::string name = "node_something_" + std::to_string(family) + "_bytes_total";
    page += "# HELP " + name + " What this family of series counts.\n# TYPE " + name + " counter\n";
    for (int i = 0; i < kSeries / 100; ++i) {
      page += name + "{device=\"eth" + std::to_string(i) +
              "\",instance=\"web-1:9100\",job=\"node\"} " + std::to_string(i * 1234567.875) + "\n";
    }
  }
  return page;
}

class Reader final : public TextVisitor {
 public:
  explicit Reader(const std::unordered_set<std::string_view>* known) : known_(known) {}
  Status OnType(std::string_view, MetricType) override { return {}; }
  Status OnHelp(std::string_view, std::string_view) override { return {}; }
  bool Knows(std::string_view series) override {
    return known_ != nullptr && known_->count(series) > 0;
  }
  Status OnSample(const TextSample& sample) override {
    benchmark::DoNotOptimize(sample.value);
    return {};
  }

 private:
  const std::unordered_set<std::string_view>* known_;
};

class SeriesCollector final : public TextVisitor {
 public:
  Status OnType(std::string_view, MetricType) override { return {}; }
  Status OnHelp(std::string_view, std::string_view) override { return {}; }
  Status OnSample(const TextSample& sample) override {
    series.insert(sample.series);
    return {};
  }
  std::unordered_set<std::string_view> series;
};

void CountSeries(benchmark::State& state, std::size_t bytes) {
  state.SetItemsProcessed(state.iterations() * kSeries);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void ParseNewPage(benchmark::State& state) {
  const std::string page = Page();
  Reader reader(nullptr);
  for (auto _ : state) benchmark::DoNotOptimize(ParseText(page, Dialect::kScrape, reader));
  CountSeries(state, page.size());
}
BENCHMARK(ParseNewPage);

void ParseKnownPage(benchmark::State& state) {
  const std::string page = Page();
  SeriesCollector collector;
  if (ParseText(page, Dialect::kScrape, collector)) state.SkipWithError("the page is bad");
  Reader reader(&collector.series);
  for (auto _ : state) benchmark::DoNotOptimize(ParseText(page, Dialect::kScrape, reader));
  CountSeries(state, page.size());
}
BENCHMARK(ParseKnownPage);

void ParsePushedFamilies(benchmark::State& state) {
  const std::string page = Page();
  for (auto _ : state) benchmark::DoNotOptimize(ParseFamilies(page, Dialect::kPush));
  CountSeries(state, page.size());
}
BENCHMARK(ParsePushedFamilies);

std::vector<Family> Families() { return ParseFamilies(Page(), Dialect::kPush).value(); }

void ArrangeFamilies(benchmark::State& state) {
  std::vector<Family> families = Families();
  Arrange(&families);  // mostly sorted is what a page's sources are
  for (auto _ : state) benchmark::DoNotOptimize(Arrange(&families));
  state.SetItemsProcessed(state.iterations() * kSeries);
}
BENCHMARK(ArrangeFamilies);

void WriteTextPage(benchmark::State& state) {
  std::vector<Family> families = Families();
  Arrange(&families);
  std::string out;
  for (auto _ : state) {
    out.clear();
    WriteText(families, &out);
  }
  CountSeries(state, out.size());
}
BENCHMARK(WriteTextPage);

void WriteOpenMetricsPage(benchmark::State& state) {
  std::vector<Family> families = Families();
  Arrange(&families);
  std::string out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(WriteOpenMetrics(families, &out));
  }
  CountSeries(state, out.size());
}
BENCHMARK(WriteOpenMetricsPage);

void GzipPage(benchmark::State& state) {
  const std::string page = Page();
  std::size_t packed = 0;
  for (auto _ : state) packed = GzipCompress(page, static_cast<int>(state.range(0))).size();
  CountSeries(state, page.size());
  state.counters["ratio"] = static_cast<double>(page.size()) / static_cast<double>(packed);
}
BENCHMARK(GzipPage)->Arg(1)->Arg(3)->Arg(6);

}  // namespace
}  // namespace tocsin::exposition
