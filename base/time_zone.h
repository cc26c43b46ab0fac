// Time zones of the IANA database: wall clocks, offsets and abbreviations. The only user of
// date/tz.h, whose exceptions end here. The database is the system's (/usr/share/zoneinfo), read
// once, at the first Find of a zone other than UTC; a newer one is seen after a restart.
// The database lists the changes of clocks up to 2037; after that a zone keeps the offset it then
// has.
//
// A TimeZone is a small value, copied freely and used from any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace date {
class time_zone;
}

namespace tocsin {

// What clock and calendar on the wall show.
struct CivilTime {
  int year = 1970;
  int month = 1;          // 1 to 12
  int day = 1;            // 1 to 31
  int weekday = 4;        // 0 is Sunday
  int minute_of_day = 0;  // 0 to 1439
  friend bool operator==(const CivilTime&, const CivilTime&) = default;
};

// The days of a month of the Gregorian calendar. REQUIRES: month is 1 to 12.
int DaysInMonth(int year, int month);

class TimeZone {
 public:
  // UTC; cannot fail.
  TimeZone() = default;

  // "UTC" (also ""), "Local", or a name of the IANA database. "Local" is what TZ names, else the
  // system's zone, else UTC, as in Go. Fails with "unknown time zone X".
  static Result<TimeZone> Find(std::string_view name);

  const std::string& name() const { return name_; }  // as it was asked for: "Local" stays "Local"
  CivilTime CivilAt(Timestamp t) const;
  // What is added to UTC to get the wall clock.
  std::chrono::seconds OffsetAt(Timestamp t) const;
  std::string AbbreviationAt(Timestamp t) const;  // "CEST"; "+1030" where the zone has no letters

 private:
  TimeZone(std::string name, const date::time_zone* zone);

  std::string name_ = "UTC";
  const date::time_zone* zone_ = nullptr;  // the database's, for ever; null is UTC
};

}  // namespace tocsin
