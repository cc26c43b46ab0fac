#include "base/time_zone.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <utility>

#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::string_view kFolder = "/usr/share/zoneinfo/";

// The years that the calendar below is exact for. Beyond them time stands still, for it is a
// mistake of somebody's and the types of the library would wrap around.
constexpr date::sys_days kFirstDay{date::year{1} / 1 / 1};
constexpr date::sys_days kLastDay{date::year{9999} / 12 / 31};

date::sys_seconds Seconds(Timestamp t) {
  const Timestamp clamped = std::clamp<Timestamp>(t, kFirstDay, kLastDay);
  return std::chrono::floor<std::chrono::seconds>(clamped);
}

// The zone with everything that is known about it read, so that asking it cannot fail later.
// Null where there is none of that name.
const date::time_zone* Locate(std::string_view name) {
  try {
    const date::time_zone* zone = date::locate_zone(name);
    zone->get_info(date::sys_seconds{});
    return zone;
  } catch (const std::exception&) {
    return nullptr;
  }
}

// https://pkg.go.dev/time#Local; null is UTC.
const date::time_zone* LocateLocal() {
  if (const char* const variable = std::getenv("TZ")) {
    std::string_view name = variable;
    if (name.substr(0, 1) == ":") name.remove_prefix(1);
    if (name.substr(0, kFolder.size()) == kFolder) name.remove_prefix(kFolder.size());
    return name.empty() ? nullptr : Locate(name);
  }
  try {
    const date::time_zone* zone = date::current_zone();
    zone->get_info(date::sys_seconds{});
    return zone;
  } catch (const std::exception&) {
    return nullptr;
  }
}

// Whether there is a database at all.
Status CheckDatabase() {
  try {
    date::get_tzdb();
    return {};
  } catch (const std::exception& e) {
    return Error{
        fmt::format("the time zone database cannot be read (package tzdata): {}", e.what())};
  }
}

}  // namespace

int DaysInMonth(int year, int month) {
  const date::year_month_day_last last{
      date::year{year}, date::month_day_last{date::month{static_cast<unsigned>(month)}}};
  return static_cast<int>(static_cast<unsigned>(last.day()));
}

TimeZone::TimeZone(std::string name, const date::time_zone* zone)
    : name_(std::move(name)), zone_(zone) {}

Result<TimeZone> TimeZone::Find(std::string_view name) {
  if (name.empty() || name == "UTC") return TimeZone();
  if (name == "Local") return TimeZone("Local", LocateLocal());
  if (const date::time_zone* zone = Locate(name)) return TimeZone(std::string(name), zone);
  if (const Status database = CheckDatabase(); !database) {
    return Error{fmt::format("time zone {}: {}", QuoteForMessage(name), database.message())};
  }
  return Error{fmt::format("unknown time zone {}",
                           IsValidUtf8(name) ? std::string(name) : QuoteForMessage(name))};
}

std::chrono::seconds TimeZone::OffsetAt(Timestamp t) const {
  return zone_ == nullptr ? std::chrono::seconds{0} : zone_->get_info(Seconds(t)).offset;
}

std::string TimeZone::AbbreviationAt(Timestamp t) const {
  return zone_ == nullptr ? "UTC" : zone_->get_info(Seconds(t)).abbrev;
}

CivilTime TimeZone::CivilAt(Timestamp t) const {
  const date::sys_seconds wall = Seconds(t) + OffsetAt(t);
  const date::sys_days day = std::chrono::floor<date::days>(wall);
  const date::year_month_day ymd{day};
  CivilTime civil;
  civil.year = static_cast<int>(ymd.year());
  civil.month = static_cast<int>(static_cast<unsigned>(ymd.month()));
  civil.day = static_cast<int>(static_cast<unsigned>(ymd.day()));
  civil.weekday = static_cast<int>(date::weekday{day}.c_encoding());
  civil.minute_of_day =
      static_cast<int>(std::chrono::floor<std::chrono::minutes>(wall - day).count());
  return civil;
}

}  // namespace tocsin
