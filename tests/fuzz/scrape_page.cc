// Any bytes as what a target shows: one page, the same once more, and another one, through one
// cache. A known page reads as a new one does, no series stands twice in a batch, and a stale
// marker ends what lived and nothing else.
//
// The first byte holds the settings; a form feed parts the two pages.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/number.h"
#include "exporter/scrape/page_reader.h"

namespace tocsin::scrape {
namespace {

constexpr Timestamp kNow = Timestamp(Duration(1'700'000'000'000));
constexpr Timestamp kLatest = kNow + std::chrono::minutes(10);

using SeriesSet = std::set<std::string>;  // by their labels' bytes

// What two readings of a page must have in common.
struct Reading {
  std::string error;
  std::size_t samples = 0;
  std::size_t duplicates = 0;
  std::size_t too_new = 0;
  std::vector<std::string> items;
  friend bool operator==(const Reading&, const Reading&) = default;
};

class FuzzedTarget {
 public:
  explicit FuzzedTarget(std::uint8_t settings) {
    rules_.honor_labels = (settings & 1) != 0;
    rules_.honor_timestamps = (settings & 2) != 0;
    rules_.sample_limit = settings >> 4;
    cache_.AddSynthetic(up_);
  }

  Reading Scrape(std::string_view page) {
    SampleBatch batch(Origin::kScrape);
    const PageReport report = ReadPage(page, rules_, &cache_, &batch);
    Reading reading = {report.status.ok() ? "" : report.status.message(),
                       report.samples,
                       report.duplicates,
                       report.too_new,
                       {}};
    SampleBatch end(Origin::kScrape);
    if (report.status.ok()) {
      const SeriesSet in_page = CheckItems(report, batch, &reading);
      cache_.CommitPage(kNow, &end);
      SeriesSet ended = living_;
      for (const std::string& series : in_page) ended.erase(series);
      CheckMarkers(end, ended);
      living_ = Tracked(report);
    } else {
      cache_.FailPage(kNow, &end);
      CheckMarkers(end, living_);
      living_.clear();
    }
    return reading;
  }

  void End() {
    SampleBatch end(Origin::kScrape);
    cache_.EndAll(kNow, &end);
    living_.insert(std::string(up_.view().bytes()));
    CheckMarkers(end, living_);
  }

 private:
  SeriesSet CheckItems(const PageReport& report, const SampleBatch& batch, Reading* reading) {
    CHECK(batch.size() == report.series.size());
    CHECK(batch.size() + report.duplicates + report.too_new == report.samples);
    CHECK(rules_.sample_limit == 0 || report.samples <= rules_.sample_limit);
    SeriesSet in_page;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const SampleBatch::Item& item = batch.items()[i];
      const LabelsView labels = batch.labels(item);
      CHECK(labels == report.series[i]->labels);
      CHECK(IsLegacyMetricName(labels.metric_name()));
      CHECK(rules_.honor_labels || labels.Get("job") == "fuzz");
      CHECK(labels.bytes() != up_.view().bytes());
      CHECK(item.sample.timestamp <= kLatest);
      CHECK(rules_.honor_timestamps || item.sample.timestamp == kNow);
      CHECK(!IsStaleNan(item.sample.value));
      CHECK(in_page.emplace(labels.bytes()).second);
      reading->items.push_back(labels.ToString() + FormatFloat(item.sample.value));
    }
    return in_page;
  }
  static SeriesSet Tracked(const PageReport& report) {
    SeriesSet tracked;
    for (const ScrapeCache::Series* series : report.series) {
      if (series->tracked) tracked.emplace(series->labels.bytes());
    }
    return tracked;
  }
  static void CheckMarkers(const SampleBatch& batch, const SeriesSet& expected) {
    SeriesSet marked;
    for (const SampleBatch::Item& item : batch.items()) {
      CHECK(IsStaleNan(item.sample.value));
      CHECK(marked.emplace(batch.labels(item).bytes()).second);
    }
    CHECK(marked == expected);
  }

  const Labels labels_{{"instance", "fuzz:1"}, {"job", "fuzz"}};
  const Labels up_{{"__name__", "up"}, {"instance", "fuzz:1"}, {"job", "fuzz"}};
  PageRules rules_{labels_, false, true, 0, kNow};
  ScrapeCache cache_;
  SeriesSet living_;
};

}  // namespace
}  // namespace tocsin::scrape

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view pages(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t parting = pages.find('\f');
  const std::string_view first = pages.substr(0, parting);
  tocsin::scrape::FuzzedTarget target(data[0]);
  CHECK(target.Scrape(first) == target.Scrape(first));
  if (parting != std::string_view::npos) target.Scrape(pages.substr(parting + 1));
  target.End();
  return 0;
}
