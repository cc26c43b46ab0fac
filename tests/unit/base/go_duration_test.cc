#include "base/go_duration.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tocsin {
namespace {

struct GoDurationCase {
  std::string_view text;
  std::int64_t millis;
};

TEST(ParseGoDuration, ReadsUnitsInAnyOrderAndFractions) {
  const GoDurationCase cases[] = {
      {"0", 0},          {"0s", 0},     {"+5s", 5000},        {"500ms", 500},  {"1m30s", 90'000},
      {"1.5h", 5400000}, {".5s", 500},  {"5.s", 5000},        {"3s1m", 63000}, {"1s1s", 2000},
      {"1us", 1},        {"1500us", 2}, {"2000000ns", 2},     {"1\u00b5s", 1}, {"1\u03bcs", 1},
      {"0.1s", 100},     {"0.3s", 300}, {"2400h", 8640000000}};
  for (const GoDurationCase& each : cases) {
    const auto parsed = ParseGoDuration(each.text);
    ASSERT_TRUE(parsed.has_value()) << each.text;
    EXPECT_EQ(parsed->count(), each.millis) << each.text;
  }
}

TEST(ParseGoDuration, RefusesOtherTexts) {
  for (const char* text : {"", "5", "s", ".s", "1d", "1w", "-1s", "1 s", "1.2.3s", "1S", "9999999h",
                           "+", "1s2", "nan", "inf"}) {
    EXPECT_FALSE(ParseGoDuration(text).has_value()) << text;
  }
  std::string long_number(10'000, '9');
  long_number.push_back('s');
  EXPECT_FALSE(ParseGoDuration(long_number).has_value());
}

}  // namespace
}  // namespace tocsin
