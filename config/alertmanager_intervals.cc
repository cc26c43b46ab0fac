#include "config/alertmanager_intervals.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "config/yaml_print.h"

namespace tocsin::config {
namespace {

std::vector<ClockRange> ReadTimes(MapDecoder& spec) {
  std::vector<ClockRange> times;
  for (const YamlNode& node : spec.ReadList("times")) {
    MapDecoder map(node, "times", spec.report());
    std::string start;
    std::string end;
    map.ReadText("start_time", &start);
    map.ReadText("end_time", &end);
    map.Finish();
    const Result<ClockRange> range = ParseClockTimes(start, end);
    if (range) {
      times.push_back(*range);
    } else {
      spec.report().Error(node.mark, range.message());
    }
  }
  return times;
}

std::vector<IntRange> ReadRanges(MapDecoder& spec, std::string_view key,
                                 Result<IntRange> (*parse)(std::string_view)) {
  std::vector<IntRange> ranges;
  for (const PlacedText& text : spec.ReadTexts(key)) {
    const Result<IntRange> range = parse(text.text);
    if (range) {
      ranges.push_back(*range);
    } else {
      spec.report().Error(text.mark, range.message());
    }
  }
  return ranges;
}

TimeIntervalSpec ReadSpec(const YamlNode& node, FileReport& report) {
  MapDecoder map(node, "time_intervals", report);
  TimeIntervalSpec spec;
  spec.times = ReadTimes(map);
  spec.weekdays = ReadRanges(map, "weekdays", ParseWeekdayRange);
  spec.days_of_month = ReadRanges(map, "days_of_month", ParseDayOfMonthRange);
  spec.months = ReadRanges(map, "months", ParseMonthRange);
  spec.years = ReadRanges(map, "years", ParseYearRange);
  if (map.ReadText("location", &spec.location) && !spec.location.empty()) {
    if (Status status = CheckLocation(spec.location); !status) {
      report.Error(map.PlaceOf("location"), status.message());
    }
  }
  map.Finish();
  return spec;
}

class IntervalsReader {
 public:
  explicit IntervalsReader(MapDecoder& top) : top_(top), report_(top.report()) {}

  std::vector<TimeInterval> Read() {
    ReadList("time_intervals", "missing name in time interval");
    ReadList("mute_time_intervals", "missing name in mute time interval");
    return std::move(intervals_);
  }

 private:
  void ReadList(std::string_view key, const char* no_name) {
    for (const YamlNode& node : top_.ReadList(key)) {
      MapDecoder map(node, std::string(key), report_);
      TimeInterval interval;
      map.ReadText("name", &interval.name);
      if (interval.name.empty()) {
        report_.Error(map.PlaceOf("name"), no_name);
      } else if (!names_.insert(interval.name).second) {
        report_.Error(map.PlaceOf("name"), fmt::format("time interval {} is not unique",
                                                       QuoteForMessage(interval.name)));
      }
      for (const YamlNode& spec : map.ReadList("time_intervals")) {
        interval.specs.push_back(ReadSpec(spec, report_));
      }
      map.Finish();
      intervals_.push_back(std::move(interval));
    }
  }

  MapDecoder& top_;
  FileReport& report_;
  std::set<std::string> names_;
  std::vector<TimeInterval> intervals_;
};

void AddRanges(std::string_view key, const std::vector<IntRange>& ranges,
               std::string (*format)(const IntRange&), YamlMap* map) {
  std::vector<std::string> texts;
  for (const IntRange& range : ranges) texts.push_back(format(range));
  map->AddTexts(key, texts);
}

YamlNode SpecToYaml(const TimeIntervalSpec& spec) {
  YamlMap map;
  std::vector<YamlNode> times;
  for (const ClockRange& range : spec.times) {
    YamlMap time;
    time.AddText("start_time", FormatClockTime(range.start));
    time.AddText("end_time", FormatClockTime(range.end));
    times.push_back(std::move(time).Take());
  }
  map.AddList("times", std::move(times));
  AddRanges("weekdays", spec.weekdays, FormatWeekdayRange, &map);
  AddRanges("days_of_month", spec.days_of_month, FormatIntRange, &map);
  AddRanges("months", spec.months, FormatMonthRange, &map);
  AddRanges("years", spec.years, FormatIntRange, &map);
  map.AddText("location", spec.location);
  return std::move(map).Take();
}

}  // namespace

std::vector<TimeInterval> DecodeTimeIntervals(MapDecoder& top) {
  return IntervalsReader(top).Read();
}

YamlNode TimeIntervalToYaml(const TimeInterval& interval) {
  YamlMap map;
  map.Add("name", YamlText(interval.name));
  std::vector<YamlNode> specs;
  for (const TimeIntervalSpec& spec : interval.specs) specs.push_back(SpecToYaml(spec));
  map.Add("time_intervals", YamlList(std::move(specs)));
  return std::move(map).Take();
}

}  // namespace tocsin::config
