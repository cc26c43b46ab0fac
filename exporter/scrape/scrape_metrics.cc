#include "exporter/scrape/scrape_metrics.h"

namespace tocsin::scrape {

struct ScrapeMetrics::Families {
  explicit Families(MetricRegistry& registry)
      : scrapes(CounterFamily(registry, "tocsin_scrapes_total", "Scrapes by result.")),
        skipped(CounterFamily(registry, "tocsin_scrapes_skipped_total",
                              "Scrapes that were due and not made, by reason.")),
        refused(CounterFamily(registry, "tocsin_scrape_samples_refused_total",
                              "Scraped samples that were not stored, by reason.")) {}
  prometheus::Family<prometheus::Counter>& scrapes;
  prometheus::Family<prometheus::Counter>& skipped;
  prometheus::Family<prometheus::Counter>& refused;
};

ScrapeMetrics::ScrapeMetrics(MetricRegistry& registry)
    : ScrapeMetrics(registry, Families(registry)) {}

ScrapeMetrics::ScrapeMetrics(MetricRegistry& registry, const Families& families)
    : targets(GaugeFamily(registry, "tocsin_scrape_targets", "Targets that are scraped.").Add({})),
      succeeded(families.scrapes.Add({{"result", "success"}})),
      failed(families.scrapes.Add({{"result", "failure"}})),
      skipped_running(families.skipped.Add({{"reason", "still_running"}})),
      skipped_queue_full(families.skipped.Add({{"reason", "queue_full"}})),
      refused_duplicate(families.refused.Add({{"reason", "duplicate"}})),
      refused_out_of_order(families.refused.Add({{"reason", "out_of_order"}})),
      refused_too_many_series(families.refused.Add({{"reason", "too_many_series"}})),
      refused_name_taken(families.refused.Add({{"reason", "name_taken"}})),
      refused_too_new(families.refused.Add({{"reason", "too_new"}})) {}

prometheus::Counter& ScrapeMetrics::Refused(Refusal why) const {
  switch (why) {
    case Refusal::kOutOfOrder:
      return refused_out_of_order;
    case Refusal::kDuplicate:
      return refused_duplicate;
    case Refusal::kTooManySeries:
      return refused_too_many_series;
    case Refusal::kNameTaken:
      return refused_name_taken;
  }
  return refused_out_of_order;
}

}  // namespace tocsin::scrape
