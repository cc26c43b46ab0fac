#include "base/number.h"

#include <gtest/gtest.h>

#include <clocale>
#include <string>

#include "tests/unit/base/infinity.h"

namespace tocsin {
namespace {

TEST(ParseFloat, ReadsEveryFormOfTheExpositionFormats) {
  EXPECT_EQ(ParseFloat("1"), 1.0);
  EXPECT_EQ(ParseFloat("+1"), 1.0);
  EXPECT_EQ(ParseFloat("-1.5"), -1.5);
  EXPECT_EQ(ParseFloat(".5"), 0.5);
  EXPECT_EQ(ParseFloat("5."), 5.0);
  EXPECT_EQ(ParseFloat("1e3"), 1000.0);
  EXPECT_EQ(ParseFloat("1E+3"), 1000.0);
  EXPECT_EQ(ParseFloat("18446744073709551616"), 18446744073709551616.0);
  EXPECT_EQ(ParseFloat("+Inf"), kInfinity);
  EXPECT_EQ(ParseFloat("-inf"), -kInfinity);
  EXPECT_EQ(ParseFloat("Infinity"), kInfinity);
}

TEST(ParseFloat, ReadsWhatIsTooSmallForADoubleAsZero) {
  const std::string many_zeros(400, '0');
  for (const std::string& text :
       {std::string("1e-400"), std::string("9.9e-5000"), "0." + many_zeros + "1",
        std::string("123e-99999999999999999999"), "." + many_zeros + "1e+10"}) {
    EXPECT_EQ(ParseFloat(text), 0.0) << text;
    EXPECT_EQ(ParseFloat("-" + text), 0.0) << text;
  }
  EXPECT_EQ(ParseFloat("5e-324"), 5e-324);
  EXPECT_FALSE(ParseFloat("1e99999999999999999999").has_value());
  EXPECT_FALSE(ParseFloat("1" + many_zeros).has_value());
  EXPECT_FALSE(ParseFloat("0.001e+400").has_value());
  EXPECT_EQ(ParseFloat("0e400"), 0.0);
}

TEST(ParseFloat, ReadsEveryNanAsTheNormalOne) {
  for (const char* text : {"NaN", "nan", "Nan"}) {
    const std::optional<double> value = ParseFloat(text);
    ASSERT_TRUE(value.has_value()) << text;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(*value), kNormalNanBits) << text;
  }
}

TEST(ParseFloat, RefusesWhatIsNotWhollyANumber) {
  for (const char* text : {"", "+", "-", "0x10", "1_000", "1e400", "nan(1)", " 1", "1 ", "1,5",
                           "--1", "+-1", "e5", ".", "in", "infinit", "-NaN", "+nan"}) {
    EXPECT_FALSE(ParseFloat(text).has_value()) << text;
  }
}

TEST(ParseFloat, IgnoresTheLocale) {
  const char* locale = std::setlocale(LC_NUMERIC, "de_DE.UTF-8");
  EXPECT_EQ(ParseFloat("1.5"), 1.5);
  EXPECT_EQ(FormatFloat(1.5), "1.5");
  if (locale != nullptr) std::setlocale(LC_NUMERIC, "C");
}

TEST(FormatFloat, IsShortestAndKeepsIntegersPlain) {
  EXPECT_EQ(FormatFloat(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(FormatFloat(100000.0), "100000");
  EXPECT_EQ(FormatFloat(1e6), "1000000");
  EXPECT_EQ(FormatFloat(9007199254740992.0), "9007199254740992");
  EXPECT_EQ(FormatFloat(-3), "-3");
  EXPECT_EQ(FormatFloat(-0.0), "-0");
  EXPECT_EQ(FormatFloat(1e300), "1e+300");
  EXPECT_EQ(FormatFloat(kInfinity), "+Inf");
  EXPECT_EQ(FormatFloat(-kInfinity), "-Inf");
  EXPECT_EQ(FormatFloat(StaleNan()), "NaN");
}

TEST(FormatFloatPython, AlwaysShowsADecimalOrAnExponent) {
  EXPECT_EQ(FormatFloatPython(85.5), "85.5");
  EXPECT_EQ(FormatFloatPython(95), "95.0");
  EXPECT_EQ(FormatFloatPython(100), "100.0");
  EXPECT_EQ(FormatFloatPython(0), "0.0");
  EXPECT_EQ(FormatFloatPython(1e15), "1000000000000000.0");
  EXPECT_EQ(FormatFloatPython(1e16), "1e+16");
  EXPECT_EQ(FormatFloatPython(0.0001), "0.0001");
  EXPECT_EQ(FormatFloatPython(0.00001), "1e-05");
  EXPECT_EQ(FormatFloatPython(kInfinity), "inf");
}

TEST(Nan, AForgedMarkerIsNormalisedAndTheRealOneIsKnownByItsBits) {
  EXPECT_TRUE(IsStaleNan(StaleNan()));
  EXPECT_FALSE(IsStaleNan(NormalNan()));
  EXPECT_FALSE(IsStaleNan(NormaliseNan(StaleNan())));
  EXPECT_EQ(NormaliseNan(2.5), 2.5);
}

TEST(ParseInt, TakesDigitsAndAMinusOnly) {
  EXPECT_EQ(ParseInt("42"), 42);
  EXPECT_EQ(ParseInt("-7"), -7);
  EXPECT_EQ(ParseInt("010"), 10);
  for (const char* text : {"", "+1", "1.0", "1e3", "9223372036854775808", " 1"}) {
    EXPECT_FALSE(ParseInt(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace tocsin
