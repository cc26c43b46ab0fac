#include "receivers/mute/time_intervals.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tocsin::receivers {
namespace {

// Whether no range restricts the value, or one of them holds it.
bool AnyHolds(const std::vector<config::IntRange>& ranges, int value) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [value](const auto& r) {
           return r.begin <= value && value <= r.end;
         });
}

bool AnyHolds(const std::vector<config::ClockRange>& ranges, int minute) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [minute](const auto& r) {
           return r.start <= minute && minute < r.end;
         });
}

// Negative days count from the month's end. Comparing is clamping: what lies outside of the month
// equals none of its days.
bool AnyHoldsDay(const std::vector<config::IntRange>& ranges, const CivilTime& at) {
  if (ranges.empty()) return true;
  const int days = DaysInMonth(at.year, at.month);
  const auto from_first = [days](int day) { return day < 0 ? days + day + 1 : day; };
  return std::any_of(ranges.begin(), ranges.end(), [&](const config::IntRange& r) {
    return from_first(r.begin) <= at.day && at.day <= from_first(r.end);
  });
}

bool HoldsAt(const config::TimeIntervalSpec& spec, const CivilTime& at) {
  return AnyHolds(spec.times, at.minute_of_day) && AnyHolds(spec.weekdays, at.weekday) &&
         AnyHoldsDay(spec.days_of_month, at) && AnyHolds(spec.months, at.month) &&
         AnyHolds(spec.years, at.year);
}

}  // namespace

Result<TimeIntervals> TimeIntervals::Make(std::vector<config::TimeInterval> intervals) {
  TimeIntervals made;
  for (config::TimeInterval& interval : intervals) {
    std::vector<Spec>& specs = made.by_name_[interval.name];
    for (config::TimeIntervalSpec& fields : interval.specs) {
      Result<TimeZone> zone = TimeZone::Find(fields.location);
      if (!zone) {
        return Error{fmt::format("time interval {}: {}", interval.name, zone.message())};
      }
      specs.push_back(Spec{std::move(fields), *std::move(zone)});
    }
  }
  return made;
}

bool TimeIntervals::Has(std::string_view name) const {
  return by_name_.find(name) != by_name_.end();
}

bool TimeIntervals::Contains(std::string_view name, Timestamp t) const {
  const auto it = by_name_.find(name);
  if (it == by_name_.end()) return false;
  return std::any_of(it->second.begin(), it->second.end(),
                     [t](const Spec& spec) { return HoldsAt(spec.fields, spec.zone.CivilAt(t)); });
}

std::vector<std::string> TimeIntervals::Covering(const std::vector<std::string>& names,
                                                 Timestamp t) const {
  std::vector<std::string> covering;
  std::copy_if(names.begin(), names.end(), std::back_inserter(covering),
               [&](const std::string& name) { return Contains(name, t); });
  return covering;
}

}  // namespace tocsin::receivers
