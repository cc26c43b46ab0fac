#include "config/native_grouping.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "config/decode.h"

namespace tocsin::config {
namespace {

constexpr std::string_view kEachAlert = "...";

std::optional<Duration> ReadDuration(MapDecoder& map, std::string_view key, Duration least) {
  Duration value{0};
  if (!map.ReadDuration(key, &value)) return std::nullopt;
  if (value >= least) return value;
  map.report().Error(map.PlaceOf(key),
                     fmt::format("{} must be at least {}", key, FormatDuration(least)));
  return std::nullopt;
}

std::optional<std::vector<std::string>> ReadGroupBy(MapDecoder& map) {
  if (map.Find("group_by") == nullptr) return std::nullopt;
  std::vector<std::string> labels;
  std::set<std::string> seen;
  for (PlacedText& label : map.ReadTexts("group_by")) {
    if (label.text.empty()) {
      map.report().Error(label.mark, "a label in group_by must not be empty");
    } else if (!seen.insert(label.text).second) {
      map.report().Error(
          label.mark, fmt::format("duplicated label {} in group_by", QuoteForMessage(label.text)));
    } else {
      labels.push_back(std::move(label.text));
    }
  }
  const bool each = std::find(labels.begin(), labels.end(), kEachAlert) != labels.end();
  if (each && labels.size() > 1) {
    map.report().Error(map.PlaceOf("group_by"),
                       "cannot have wildcard group_by (`...`) and other labels at the same time");
  }
  std::sort(labels.begin(), labels.end());
  return labels;
}

}  // namespace

NativeGrouping DecodeNativeGrouping(MapDecoder& map) {
  NativeGrouping grouping;
  grouping.group_by = ReadGroupBy(map);
  grouping.group_wait = ReadDuration(map, "group_wait", Duration(0));
  grouping.group_interval = ReadDuration(map, "group_interval", Duration(1));
  grouping.repeat_interval = ReadDuration(map, "repeat_interval", Duration(1));
  return grouping;
}

NativeGrouping Combine(const NativeGrouping& special, const NativeGrouping& general) {
  NativeGrouping both = special;
  if (!both.group_by) both.group_by = general.group_by;
  if (!both.group_wait) both.group_wait = general.group_wait;
  if (!both.group_interval) both.group_interval = general.group_interval;
  if (!both.repeat_interval) both.repeat_interval = general.repeat_interval;
  return both;
}

}  // namespace tocsin::config
