// What a pushed group holds, in the form in which it is stored, sampled and shown.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/sample.h"
#include "exporter/exposition/family.h"
#include "exporter/exposition/text_parser.h"
#include "exporter/intake/push_path.h"

namespace tocsin::intake {

// Why a push was not taken: the label of a metric, and what the sender reads.
enum class PushTrouble : std::uint8_t { kNone, kInconsistent, kLimit, kTooManySeries };
struct PushOutcome {
  PushTrouble trouble = PushTrouble::kNone;
  std::string message;

  bool ok() const { return trouble == PushTrouble::kNone; }
};
// With the words before the reason that users of the Pushgateway know.
PushOutcome Inconsistent(std::string_view reason);

// One family of one group: what a POST replaces as a whole. Never changes once it is stored, so
// that whoever needs its content shares it instead of holding a lock.
struct PushedFamily {
  struct Series {
    Labels labels;  // with __name__ and the grouping labels
    double value = 0;
  };
  FamilyMetadata metadata;
  std::vector<Series> series;
};
using PushedFamilyPtr = std::shared_ptr<const PushedFamily>;
using PushedFamilies = std::map<std::string, PushedFamilyPtr, std::less<>>;  // by name

// The gauges that each group has beside what was pushed into it. 0 means never.
// https://github.com/prometheus/pushgateway#about-metric-inconsistencies
struct PushTimes {
  std::int64_t pushed_ms = 0;
  std::int64_t failed_ms = 0;
};
std::vector<PushedFamilyPtr> TimesAsFamilies(const PushTimes& times, LabelsView group);

// Turns a parsed body into what the group will hold: grouping labels overwrite equal-named ones,
// histograms get their +Inf bucket, and families named like the group's own gauges are left out.
// Timestamps, reserved label names and too many labels are refused.
struct BuiltFamilies {
  PushOutcome outcome;
  PushedFamilies families;
};
BuiltFamilies BuildFamilies(const GroupingKey& key, std::vector<exposition::Family> parsed,
                            const exposition::TextLimits& limits);

// As the exposition page and the journal have it.
exposition::Family ToExposition(const PushedFamily& family);

// Two parts of an inconsistency's message: `"a" {instance="",job="x"}`.
std::string DescribeSeries(LabelsView series);

}  // namespace tocsin::intake
