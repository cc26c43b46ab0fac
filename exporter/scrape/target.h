// What is scraped: targets and their settings, made from scrape_configs, and the times at which a
// target's turn comes. Values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/time.h"
#include "config/settings.h"

namespace tocsin::scrape {

// Who a target is: it keeps its state over a reload as long as these are equal.
struct Target {
  std::string job;  // job_name of its scrape_config
  std::string url;
  Labels labels;  // added to each sample: job, instance, those of its group

  friend bool operator==(const Target&, const Target&) = default;
};

// How it is scraped; may change while it is known.
struct ScrapeSettings {
  Duration interval{};
  Duration timeout{};
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool enable_compression = true;
  std::uint64_t body_size_limit = 0;  // bytes, decoded; never 0
  std::uint64_t sample_limit = 0;     // 0: none

  friend bool operator==(const ScrapeSettings&, const ScrapeSettings&) = default;
};

// The targets of a job in file order. Of the group labels that begin with `__`, `__scheme__`,
// `__metrics_path__` and `__param_<name>` override what the job says; none of them is kept.
std::vector<Target> MakeTargets(const config::ScrapeJob& job);
ScrapeSettings MakeSettings(const config::ScrapeJob& job);

// A target's place within its interval: spreads the targets, is the same after a restart, and
// differs between instances whose external labels differ.
Duration SlotOffset(const Target& target, Duration interval, const Labels& external_labels);
// The first slot after `now`. REQUIRES: 0 <= offset < interval.
Timestamp NextSlot(Timestamp now, Duration interval, Duration offset);

}  // namespace tocsin::scrape
