// What scraping tells about itself. Looked up once; updates are lock-free.
#pragma once

#include "base/metrics.h"
#include "base/sample.h"

namespace tocsin::scrape {

struct ScrapeMetrics {
  explicit ScrapeMetrics(MetricRegistry& registry);

  // Of the page's samples that are not stored. Stale markers are not counted: that another target
  // has gone on with a series is what their refusal is for.
  prometheus::Counter& Refused(Refusal why) const;

  prometheus::Gauge& targets;
  prometheus::Counter& succeeded;
  prometheus::Counter& failed;
  prometheus::Counter& skipped_running;     // the round before had not ended
  prometheus::Counter& skipped_queue_full;  // the ingest pool had no room for the page
  prometheus::Counter& refused_duplicate;
  prometheus::Counter& refused_out_of_order;
  prometheus::Counter& refused_too_many_series;
  prometheus::Counter& refused_name_taken;
  prometheus::Counter& refused_too_new;

 private:
  struct Families;
  ScrapeMetrics(MetricRegistry& registry, const Families& families);
};

}  // namespace tocsin::scrape
