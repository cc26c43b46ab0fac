// Any bytes as two pages of one target, the second one met by a cache that knows the first: they
// are stored or refused as a whole, no page holds a series twice, and what the target's end marks
// is all that lives.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/number.h"
#include "exporter/scrape/page_reader.h"

namespace tocsin::scrape {
namespace {

// Divides the input into two pages; without one, both are the whole input.
constexpr std::string_view kPageBreak = "\n---\n";

// A target, and which of its series live according to the batches that were made for it.
class FuzzedTarget {
 public:
  explicit FuzzedTarget(bool honor_labels)
      : labels_{{"instance", "h:1"}, {"job", "fuzz"}},
        up_{{"__name__", "up"}, {"instance", "h:1"}, {"job", "fuzz"}} {
    rules_.target_labels = labels_;
    rules_.honor_labels = honor_labels;
    rules_.sample_limit = 100;
    rules_.timestamp = FromUnixMillis(-300'000);
    cache_.AddSynthetic(up_);
  }

  void Scrape(std::string_view page) {
    rules_.timestamp += std::chrono::seconds(15);
    SampleBatch batch(Origin::kScrape, SameTime::kRefuse);
    const PageReport report = ReadPage(page, rules_, &cache_, &batch);
    if (report.status.ok()) {
      CHECK(report.series.size() == batch.size());
      CHECK(report.samples == batch.size() + report.duplicates + report.too_new);
      CHECK(report.samples <= rules_.sample_limit);
      const std::size_t of_page = batch.size();
      const std::size_t added = cache_.CommitPage(rules_.timestamp, &batch);
      CHECK(added <= of_page);
      CheckPage(report, batch);
      Follow(batch, of_page);
    } else {
      batch.Clear();
      cache_.FailPage(rules_.timestamp, &batch);
      Follow(batch, 0);
      CHECK(living_.empty());
    }
  }

  void End() {
    SampleBatch batch(Origin::kScrape, SameTime::kRefuse);
    cache_.EndAll(rules_.timestamp, &batch);
    CHECK(batch.size() == living_.size() + 1);  // and `up`
    CHECK(cache_.lines() == 0);
  }

 private:
  void CheckPage(const PageReport& report, const SampleBatch& batch) const {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < report.series.size(); ++i) {
      const SampleBatch::Item& item = batch.items()[i];
      const LabelsView labels = batch.labels(item);
      CHECK(seen.emplace(labels.bytes()).second);
      CHECK(labels != up_.view());
      CHECK(report.series[i]->labels == labels);
      CHECK(IsLegacyMetricName(labels.metric_name()));
      CHECK(!IsStaleNan(item.sample.value));
    }
  }

  // The first `of_page` items are the page's, the others markers of what it lacks.
  void Follow(const SampleBatch& batch, std::size_t of_page) {
    for (std::size_t i = of_page; i < batch.size(); ++i) {
      CHECK(IsStaleNan(batch.items()[i].sample.value));
      CHECK(living_.erase(std::string(batch.labels(batch.items()[i]).bytes())) == 1);
    }
    for (std::size_t i = 0; i < of_page; ++i) {
      const SampleBatch::Item& item = batch.items()[i];
      // What has a time of its own is never marked.
      if (item.sample.timestamp == rules_.timestamp) {
        living_.emplace(batch.labels(item).bytes());
      } else {
        living_.erase(std::string(batch.labels(item).bytes()));
      }
    }
  }

  const Labels labels_;
  const Labels up_;
  PageRules rules_;  // its time lies before the epoch, where no page can spell it
  ScrapeCache cache_;
  std::set<std::string> living_;  // bytes of label sets
};

void Run(std::string_view first, std::string_view second, bool honor_labels) {
  FuzzedTarget target(honor_labels);
  target.Scrape(first);
  target.Scrape(second);
  target.Scrape(first);
  target.End();
}

}  // namespace
}  // namespace tocsin::scrape

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tocsin::scrape::kPageBreak;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t split = input.find(kPageBreak);
  const std::string_view first = input.substr(0, split);
  const std::string_view second =
      split == std::string_view::npos ? input : input.substr(split + kPageBreak.size());
  tocsin::scrape::Run(first, second, false);
  tocsin::scrape::Run(first, second, true);
  return 0;
}
