// The named time intervals of a configuration, ready to be asked whether an instant lies in them.
//
// Wall clock with minute resolution: a window 02:00 to 03:00 lasts two hours, one, or none on the
// days on which clocks change, just as a clock on the wall would have it. Zones are looked up when
// it is built, never when it is asked. Immutable after that: any thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/time_zone.h"
#include "config/time_interval.h"

namespace tocsin::receivers {

class TimeIntervals {
 public:
  TimeIntervals() = default;  // none
  // Fails for a zone that is not known here. REQUIRES: names are unique.
  static Result<TimeIntervals> Make(std::vector<config::TimeInterval> intervals);

  bool empty() const { return by_name_.empty(); }
  bool Has(std::string_view name) const;
  // Whether any spec of the interval holds the instant; false for a name that there is none of.
  bool Contains(std::string_view name, Timestamp t) const;
  // Those of `names` that hold the instant, in their order: what mutes a route.
  std::vector<std::string> Covering(const std::vector<std::string>& names, Timestamp t) const;

 private:
  struct Spec {
    config::TimeIntervalSpec fields;
    TimeZone zone;
  };

  std::map<std::string, std::vector<Spec>, std::less<>> by_name_;
};

}  // namespace tocsin::receivers
