#include "exporter/scrape/page_reader.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "exporter/exposition/text_parser.h"
#include "exporter/scrape/sample_labels.h"

namespace tocsin::scrape {
namespace {

// What lies further ahead than this is a target's broken clock: it would shut out the series' true
// samples until then. https://github.com/prometheus/prometheus/blob/main/scrape/scrape.go
// (maxAheadTime)
constexpr Duration kMostAhead = std::chrono::minutes(10);

class Reader final : public exposition::TextVisitor {
 public:
  Reader(const PageRules& rules, ScrapeCache& cache, SampleBatch& batch)
      : rules_(rules), cache_(cache), batch_(batch) {}

  Status OnType(std::string_view family, MetricType type) override {
    type_ = type;
    cache_.SetType(family, type);
    return {};
  }
  Status OnHelp(std::string_view family, std::string_view help) override {
    cache_.SetHelp(family, help);
    return {};
  }
  bool Knows(std::string_view series) override {
    series_ = cache_.FindLine(series);
    return series_ != nullptr;
  }
  Status OnSample(const exposition::TextSample& sample) override {
    ++report_.samples;
    // The rest of a page beyond its limit is read only to tell how large it is.
    if (rules_.sample_limit > 0 && report_.samples > rules_.sample_limit) return {};
    if (series_ == nullptr) series_ = cache_.AddLine(sample.series, LabelsOf(sample));
    Take(sample);
    return {};
  }

  PageReport Finish(const std::optional<exposition::ParseError>& error) {
    if (error) {
      report_.status = Error{error->ToString()};
    } else if (rules_.sample_limit > 0 && report_.samples > rules_.sample_limit) {
      report_.status =
          Error{fmt::format("sample limit exceeded: the page has {} samples, "
                            "sample_limit is {}",
                            report_.samples, rules_.sample_limit)};
    }
    return std::move(report_);
  }

 private:
  void Take(const exposition::TextSample& sample) {
    const bool own_time = rules_.honor_timestamps && sample.timestamp_ms.has_value();
    const Timestamp at = own_time ? FromUnixMillis(*sample.timestamp_ms) : rules_.timestamp;
    if (at > rules_.timestamp + kMostAhead) {
      ++report_.too_new;
      return;
    }
    // A target that says when decides itself when its series ends.
    if (!cache_.MarkSeen(series_, !own_time)) {
      ++report_.duplicates;
      return;
    }
    batch_.Add(series_->labels, {at, sample.value});
    report_.series.push_back(series_);
  }

  LabelsView LabelsOf(const exposition::TextSample& sample) {
    MergeLabels(sample.name, sample.labels, rules_.target_labels, rules_.honor_labels, &builder_);
    const std::string_view bound = type_ == MetricType::kHistogram ? "le"
                                   : type_ == MetricType::kSummary ? "quantile"
                                                                   : "";
    const std::string value(bound.empty() ? "" : builder_.Get(bound));
    if (!value.empty()) builder_.Set(bound, NormaliseFloatLabel(value));
    labels_ = builder_.Build();
    return labels_;
  }

  const PageRules& rules_;
  ScrapeCache& cache_;
  SampleBatch& batch_;
  PageReport report_;
  MetricType type_ = MetricType::kUnknown;  // of the last TYPE line
  ScrapeCache::Series* series_ = nullptr;   // of the line under way, where its bytes are known
  LabelsBuilder builder_;
  Labels labels_;
};

}  // namespace

PageReport ReadPage(std::string_view page, const PageRules& rules, ScrapeCache* cache,
                    SampleBatch* batch) {
  cache->BeginPage();
  Reader reader(rules, *cache, *batch);
  return reader.Finish(exposition::ParseText(page, exposition::Dialect::kScrape, reader));
}

}  // namespace tocsin::scrape
