// The cost of a scraped page of 1,000 series from its bytes to a batch for the store: scraped for
// the first time, and scraped again, which is what a target costs at each interval.
#include <benchmark/benchmark.h>

#include <string>

#include "exporter/scrape/page_reader.h"

namespace tocsin::scrape {
namespace {

constexpr int kSeries = 1000;
constexpr Timestamp kNow = Timestamp(Duration(1'700'000'000'000));

// Twenty families of fifty series, one in four a histogram: about what a service shows.
std::string Page() {
  std::string page;
  for (int family = 0; family < 20; ++family) {
    const bool histogram = family % 4 == 0;
    const std::string name = "service_requests_" + std::to_string(family) + "_seconds";
    page += "# HELP " + name + " What this family of series tells.\n# TYPE " + name +
            (histogram ? " histogram\n" : " counter\n");
    for (int i = 0; i < kSeries / 20; ++i) {
      const std::string labels = "{handler=\"/api/v1/items/" + std::to_string(i % 10) +
                                 "\",method=\"GET\"," + (histogram ? "le=\"" : "code=\"") +
                                 std::to_string(i) + "\"} ";
      page +=
          name + (histogram ? "_bucket" : "_total") + labels + std::to_string(i * 1234.875) + "\n";
    }
  }
  return page;
}

void CountSeries(benchmark::State& state, const std::string& page) {
  state.SetItemsProcessed(state.iterations() * kSeries);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(page.size()));
}

// One scrape, as ScrapeLoop does it.
void Scrape(benchmark::State& state, const std::string& page, ScrapeCache* cache,
            SampleBatch* batch) {
  static const Labels kTarget{{"instance", "web-1:9100"}, {"job", "service"}};
  const PageRules rules = {kTarget, false, true, 0, kNow};
  batch->Clear();
  const PageReport report = ReadPage(page, rules, cache, batch);
  if (report.series.size() != kSeries) state.SkipWithError("the page is bad");
  benchmark::DoNotOptimize(cache->CommitPage(kNow, batch));
}

void ScrapeNewPage(benchmark::State& state) {
  const std::string page = Page();
  SampleBatch batch(Origin::kScrape, SameTime::kRefuse);
  for (auto _ : state) {
    ScrapeCache cache;
    Scrape(state, page, &cache, &batch);
  }
  CountSeries(state, page);
}
BENCHMARK(ScrapeNewPage);

void ScrapeKnownPage(benchmark::State& state) {
  const std::string page = Page();
  SampleBatch batch(Origin::kScrape, SameTime::kRefuse);
  ScrapeCache cache;
  Scrape(state, page, &cache, &batch);
  for (auto _ : state) Scrape(state, page, &cache, &batch);
  CountSeries(state, page);
}
BENCHMARK(ScrapeKnownPage);

}  // namespace
}  // namespace tocsin::scrape
