#include "exporter/intake/push_group.h"

#include <fmt/format.h>

#include "base/text.h"
#include "exporter/exposition/arrange.h"

namespace tocsin::intake {
namespace {

constexpr std::string_view kPushTime = "push_time_seconds";
constexpr std::string_view kFailureTime = "push_failure_time_seconds";
constexpr std::string_view kInconsistent =
    "pushed metrics are invalid or inconsistent with existing metrics: ";

PushedFamilyPtr TimeFamily(std::string_view name, std::string_view help, std::int64_t millis,
                           LabelsView group) {
  auto family = std::make_shared<PushedFamily>();
  family->metadata.name = name;
  family->metadata.type = MetricType::kGauge;
  family->metadata.help = help;
  LabelsBuilder builder(group);
  builder.Set(kMetricNameLabel, name);
  family->series.push_back({builder.Build(), static_cast<double>(millis) / 1000.0});
  return family;
}

bool HasTimestamps(const std::vector<exposition::Family>& families) {
  for (const exposition::Family& family : families) {
    for (const exposition::Point& point : family.points) {
      if (point.timestamp_ms) return true;
    }
  }
  return false;
}

PushOutcome CheckLabels(LabelsView labels, const exposition::TextLimits& limits) {
  std::size_t count = 0;
  for (const Label& label : labels) {
    if (label.name == kMetricNameLabel) continue;
    ++count;
    // Reserved names are for the inside: no client may set them.
    if (label.name.starts_with("__")) {
      return Inconsistent(fmt::format("collected metric {} has a label with an invalid name: {}",
                                      DescribeSeries(labels), label.name));
    }
  }
  if (count <= limits.labels_per_sample) return {};
  return {PushTrouble::kLimit,
          fmt::format("limit labels_per_sample ({}) exceeded: {} with the grouping labels, in {}",
                      limits.labels_per_sample, count, labels.metric_name())};
}

}  // namespace

PushOutcome Inconsistent(std::string_view reason) {
  return {PushTrouble::kInconsistent, std::string(kInconsistent) + std::string(reason)};
}

std::vector<PushedFamilyPtr> TimesAsFamilies(const PushTimes& times, LabelsView group) {
  return {TimeFamily(kPushTime, "Unix time of the last accepted change of this group, 0 for never.",
                     times.pushed_ms, group),
          TimeFamily(kFailureTime, "Unix time of the last refused push to this group, 0 for never.",
                     times.failed_ms, group)};
}

BuiltFamilies BuildFamilies(const GroupingKey& key, std::vector<exposition::Family> parsed,
                            const exposition::TextLimits& limits) {
  BuiltFamilies built;
  if (HasTimestamps(parsed)) {
    built.outcome = Inconsistent("pushed metrics must not have timestamps");
    return built;
  }
  LabelsBuilder builder;
  for (exposition::Family& family : parsed) {
    if (family.metadata.name == kPushTime || family.metadata.name == kFailureTime) continue;
    exposition::AddMissingInfBuckets(&family);
    auto stored = std::make_shared<PushedFamily>();
    stored->series.reserve(family.points.size());
    for (const exposition::Point& point : family.points) {
      builder.Clear();
      for (const Label& label : point.labels) builder.Set(label.name, label.value);
      for (const auto& [name, value] : key.overrides) builder.Set(name, value);
      builder.Set(kMetricNameLabel, point.name);
      stored->series.push_back({builder.Build(), point.value});
      built.outcome = CheckLabels(stored->series.back().labels, limits);
      if (!built.outcome.ok()) return built;
    }
    stored->metadata = std::move(family.metadata);
    built.families.emplace(stored->metadata.name, stored);
  }
  return built;
}

exposition::Family ToExposition(const PushedFamily& family) {
  exposition::Family shown;
  shown.metadata = family.metadata;
  shown.points.reserve(family.series.size());
  LabelsBuilder builder;
  for (const PushedFamily::Series& series : family.series) {
    exposition::Point point;
    builder.Clear();
    for (const Label& label : series.labels) {
      if (label.name == kMetricNameLabel) {
        point.name = label.value;
      } else {
        builder.Set(label.name, label.value);
      }
    }
    point.labels = builder.Build();
    point.value = series.value;
    point.show_empty_instance = true;
    shown.points.push_back(std::move(point));
  }
  return shown;
}

std::string DescribeSeries(LabelsView series) {
  std::string labels;
  const auto add = [&labels](std::string_view name, std::string_view value) {
    if (!labels.empty()) labels += ",";
    labels += name;
    labels += "=";
    labels += QuoteForMessage(value);
  };
  bool shown_instance = series.Has("instance");
  for (const Label& label : series) {
    if (label.name == kMetricNameLabel) continue;
    if (!shown_instance && label.name > "instance") {
      add("instance", "");
      shown_instance = true;
    }
    add(label.name, label.value);
  }
  return fmt::format("\"{}\" {{{}}}", series.metric_name(), labels);
}

}  // namespace tocsin::intake
