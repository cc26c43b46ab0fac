// Times in and out of text by a layout: the reference time, Mon Jan 2 15:04:05 MST 2006 (-0700),
// written as the result shall look.  https://pkg.go.dev/time#pkg-constants
//
// Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/template/go_time.h"

namespace tocsin::gotemplate {

// Cannot fail: what is no element of a layout stands for itself.
std::string FormatTime(const Time& time, std::string_view layout);

// As printing shows it: 2026-01-02 03:04:05.678 +0000 UTC.
std::string FormatTimeDefault(const Time& time);

// RFC 3339 with as many decimals as there are, as JSON has it.
std::string FormatTimeRfc3339(const Time& time);

// UTC, where the text names no zone.
Result<Time> ParseTime(std::string_view layout, std::string_view text);

std::string_view MonthName(int month);      // 1..12
std::string_view WeekdayName(int weekday);  // 0 is Sunday

}  // namespace tocsin::gotemplate
