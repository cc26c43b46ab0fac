#include "base/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "base/number.h"
#include "tests/support/png_image.h"
#include "tests/unit/base/infinity.h"

namespace tocsin {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::Le;
using ::testing::SizeIs;

const Timestamp kTo = FromUnixMillis(1'714'557'600'000);  // 2024-05-01 10:00
const Timestamp kFrom = kTo - hours(1);

// One a minute, the last at the end.
std::vector<Sample> Minutely(const std::vector<double>& values) {
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < values.size(); ++i) {
    samples.push_back({kTo - minutes(values.size() - 1 - i), values[i]});
  }
  return samples;
}

// ---- where things stand

TEST(ChartAxis, HasRoomForSamplesAndThresholdAtRoundNumbers) {
  const ValueAxis axis = AxisFor(Minutely({20, 97}), 80);
  EXPECT_EQ(axis.low, 0);
  EXPECT_EQ(axis.high, 100);
  EXPECT_THAT(TicksOf(axis), ElementsAre(0, 20, 40, 60, 80, 100));
  const ValueAxis narrow = AxisFor(Minutely({1003, 1007}), 1005);
  EXPECT_GT(narrow.low, 1000);
  EXPECT_LT(narrow.high, 1010);
}

TEST(ChartAxis, IsSoundWhateverTheSamplesAre) {
  const double smallest = std::numeric_limits<double>::denorm_min();
  const double largest = std::numeric_limits<double>::max();
  const std::vector<std::vector<double>> rows = {{},
                                                 {0},
                                                 {5, 5, 5},
                                                 {smallest},
                                                 {largest, -largest},
                                                 {kInfinity, -kInfinity},
                                                 {NormalNan()},
                                                 {StaleNan()},
                                                 {1e15, 1e15 + 0.125},
                                                 {-3, -3},
                                                 {-1e-9, 1e-9}};
  for (const std::vector<double>& values : rows) {
    for (const double threshold : {0.0, 5.0, largest, -largest, smallest}) {
      const ValueAxis axis = AxisFor(Minutely(values), threshold);
      ASSERT_TRUE(std::isfinite(axis.low) && std::isfinite(axis.high)) << threshold;
      ASSERT_LT(axis.low, axis.high);
      ASSERT_GT(axis.step, 0);
      ASSERT_THAT(TicksOf(axis), SizeIs(Le(9)));
      for (const double tick : TicksOf(axis)) ASSERT_LE(TickLabel(tick, axis).size(), 16U);
    }
  }
}

TEST(ChartAxis, LabelsItsTicksAlike) {
  EXPECT_EQ(TickLabel(80, {0, 100, 20}), "80");
  EXPECT_EQ(TickLabel(0.5, {0, 1.5, 0.5}), "0.5");
  EXPECT_EQ(TickLabel(1, {0, 1.5, 0.5}), "1.0");
  EXPECT_EQ(TickLabel(2.5, {0, 10, 2.5}), "2.5");
  EXPECT_EQ(TickLabel(9000, {0, 9999, 3000}), "9000");
  EXPECT_EQ(TickLabel(20'000, {0, 50'000, 10'000}), "20k");
  EXPECT_EQ(TickLabel(2.5e9, {0, 1e10, 2.5e9}), "2.5G");
  EXPECT_EQ(TickLabel(2e-5, {0, 1e-4, 1e-5}), "2e-05");
  EXPECT_EQ(TickLabel(2e20, {0, 1e21, 1e20}), "2e+20");
  EXPECT_EQ(TickLabel(1'234'567.5, {1'234'567, 1'234'569, 0.5}), "1234567.5");
  EXPECT_EQ(TickLabel(-1e-17, {-1, 1, 0.5}), "0");
}

TEST(ChartNumbers, AreShort) {
  EXPECT_EQ(ShortNumber(93.256), "93.26");
  EXPECT_EQ(ShortNumber(1'234'567), "1.235M");
  EXPECT_EQ(ShortNumber(0), "0");
  EXPECT_EQ(ShortNumber(1e-9), "1e-09");
  EXPECT_EQ(ShortNumber(kInfinity), "+Inf");
  EXPECT_EQ(ShortNumber(NormalNan()), "NaN");
}

TEST(ChartTimes, AreWholeTenMinutesOfAnHour) {
  const std::vector<Timestamp> ticks = TimeTicks(kFrom + seconds(7), kTo + seconds(7));
  EXPECT_THAT(ticks, SizeIs(6));
  EXPECT_EQ(ClockLabel(ticks.front()), "09:10");
  EXPECT_EQ(ClockLabel(ticks.back()), "10:00");
  for (const Duration span : {Duration(1), Duration(minutes(3)), Duration(hours(24 * 365))}) {
    EXPECT_THAT(TimeTicks(kFrom, kFrom + span), SizeIs(Le(7)));
  }
}

constexpr PlotArea kArea{50, 10, 550, 210};

TEST(ChartLine, IsInterruptedByStalenessAndSilence) {
  std::vector<Sample> samples = Minutely({1, 2, StaleNan(), 3, NormalNan(), 4});
  samples.insert(samples.begin(), {kFrom + minutes(1), 0});
  std::vector<bool> begins;
  for (const LinePoint& point : LineOf(samples, kFrom, kTo, {0, 5, 1}, kArea)) {
    begins.push_back(point.begins);
  }
  EXPECT_THAT(begins, ElementsAre(true, true, false, true, true));
}

// One that is always as slow is not silent.
TEST(ChartLine, HoldsTogetherWhatComesRarely) {
  std::vector<Sample> samples;
  for (int i = 5; i <= 60; i += 10) samples.push_back({kFrom + minutes(i), 1});
  const std::vector<LinePoint> line = LineOf(samples, kFrom, kTo, {0, 5, 1}, kArea);
  ASSERT_THAT(line, SizeIs(6));
  for (std::size_t i = 1; i < line.size(); ++i) EXPECT_FALSE(line[i].begins);
}

TEST(ChartLine, KeepsTheExtremesOfManySamples) {
  std::vector<Sample> samples;
  for (int i = 1; i <= 360'000; ++i) samples.push_back({kFrom + i * Duration(10), 2});
  samples[100'001].value = 5;
  samples[200'001].value = 0;
  const std::vector<LinePoint> line = LineOf(samples, kFrom, kTo, {0, 5, 1}, kArea);
  EXPECT_THAT(line, SizeIs(Le(4 * 501)));
  double highest = kArea.bottom;
  double lowest = kArea.top;
  for (const LinePoint& point : line) {
    highest = std::min(highest, point.y);
    lowest = std::max(lowest, point.y);
  }
  EXPECT_EQ(highest, kArea.top);
  EXPECT_EQ(lowest, kArea.bottom);
}

TEST(ChartLine, LeavesOutWhatIsNotShown) {
  const std::vector<Sample> samples = {
      {kFrom, 1}, {kFrom + Duration(1), 2}, {kTo + Duration(1), 3}};
  const std::vector<LinePoint> line = LineOf(samples, kFrom, kTo, {0, 5, 1}, kArea);
  ASSERT_THAT(line, SizeIs(1));
  EXPECT_EQ(line[0].y, RowOf(2, {0, 5, 1}, kArea));
}

// ---- the picture

class ChartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<CairoLibrary> cairo = CairoLibrary::Load();
    ASSERT_TRUE(cairo.ok()) << cairo.message();  // the build needs it: it is here
    cairo_.emplace(*std::move(cairo));
    spec_.title = "High CPU Usage";
    spec_.subtitle = "system.cpu.usage{host=\"web-1\"}";
    spec_.from = kFrom;
    spec_.to = kTo;
    spec_.threshold = 80;
    spec_.severity = Severity::kHigh;
  }

  testing::PngImage Draw() {
    const Result<std::string> png = DrawChart(*cairo_, spec_);
    EXPECT_TRUE(png.ok()) << (png ? "" : png.message());
    const std::optional<testing::PngImage> image = testing::ReadPng(png ? *png : "");
    EXPECT_TRUE(image.has_value());
    return image.value_or(testing::PngImage());
  }

  // The row of a value: the plot's place is the picture's own.
  std::uint32_t Row(double value) const {
    const ValueAxis axis = AxisFor(spec_.samples, spec_.threshold);
    return static_cast<std::uint32_t>(RowOf(value, axis, {0, 62, 0, 212}));
  }

  static bool IsNear(std::uint32_t a, std::uint32_t b) {
    int distance = 0;
    for (const unsigned shift : {0U, 8U, 16U}) {
      distance +=
          std::abs(static_cast<int>(a >> shift & 0xffU) - static_cast<int>(b >> shift & 0xffU));
    }
    return distance < 90;
  }
  // How many pixels of a row have about that colour.
  static int CountInRow(const testing::PngImage& image, std::uint32_t y, std::uint32_t color) {
    int count = 0;
    for (std::uint32_t x = 0; x < image.width; ++x) count += IsNear(image.At(x, y), color) ? 1 : 0;
    return count;
  }
  // The same of a row or one of its neighbours: a line of two pixels lies between them.
  static int CountNear(const testing::PngImage& image, std::uint32_t y, std::uint32_t color) {
    return std::max({CountInRow(image, y - 1, color), CountInRow(image, y, color),
                     CountInRow(image, y + 1, color)});
  }

  std::optional<CairoLibrary> cairo_;
  ChartSpec spec_;
};

TEST_F(ChartTest, IsSmallAndOfItsOwnGround) {
  spec_.samples = Minutely(std::vector<double>(59, 40));
  const testing::PngImage image = Draw();
  EXPECT_EQ(image.width, 600U);
  EXPECT_EQ(image.height, 240U);
  ASSERT_EQ(image.pixels.size(), 600U * 240U);
  EXPECT_EQ(image.At(3, 3), kChartGround);
  EXPECT_EQ(image.At(596, 236), kChartGround);
}

TEST_F(ChartTest, ShowsTheThresholdInTheSeveritysColour) {
  spec_.samples = Minutely(std::vector<double>(59, 40));
  for (const Severity severity :
       {Severity::kCritical, Severity::kHigh, Severity::kMedium, Severity::kLow, Severity::kInfo}) {
    spec_.severity = severity;
    // Dashes, from one side to the other.
    EXPECT_GT(CountInRow(Draw(), Row(80), ChartColor(severity)), 200);
  }
}

TEST_F(ChartTest, ShowsWhatViolatesTheThresholdInTheSeveritysColour) {
  std::vector<double> values(59, 40);
  std::fill(values.begin() + 30, values.end(), 95);
  spec_.samples = Minutely(values);
  const testing::PngImage image = Draw();
  EXPECT_GT(CountNear(image, Row(40), kChartLineColor), 200);
  EXPECT_EQ(CountNear(image, Row(40), ChartColor(Severity::kHigh)), 0);
  EXPECT_GT(CountNear(image, Row(95), ChartColor(Severity::kHigh)), 200);
  EXPECT_EQ(CountNear(image, Row(95), kChartLineColor), 0);
}

TEST_F(ChartTest, KnowsEachCondition) {
  const std::uint32_t color = ChartColor(spec_.severity);
  // Of a line below, on and above the threshold: whether it violates.
  const std::map<Condition, std::vector<bool>> rows = {
      {Condition::kGreater, {false, false, true}}, {Condition::kGreaterEqual, {false, true, true}},
      {Condition::kLess, {true, false, false}},    {Condition::kLessEqual, {true, true, false}},
      {Condition::kEqual, {false, true, false}},   {Condition::kNotEqual, {true, false, true}}};
  for (const auto& [condition, violates] : rows) {
    spec_.condition = condition;
    for (std::size_t i = 0; i < 3; ++i) {
      const double value = 60 + 20 * static_cast<double>(i);
      spec_.samples = Minutely(std::vector<double>(59, value));
      const testing::PngImage image = Draw();
      EXPECT_EQ(CountNear(image, Row(value), color) > 400, violates[i])
          << ConditionSymbol(condition) << " " << value;
    }
  }
}

TEST_F(ChartTest, LeavesGapsWhereSamplesAreMissing) {
  std::vector<double> values(59, 40);
  values[20] = StaleNan();
  for (std::size_t i = 21; i < 40; ++i) values[i] = NormalNan();
  spec_.samples = Minutely(values);
  const testing::PngImage image = Draw();
  // Half of the plot's width is left: two thirds of it had samples.
  const int pixels = CountNear(image, Row(40), kChartLineColor);
  EXPECT_GT(pixels, 300);
  EXPECT_LT(pixels, 400);
}

TEST_F(ChartTest, ShowsASampleThatStandsAlone) {
  // Not where a tick is: its label has much the same colour.
  spec_.samples = {{kTo - minutes(30), 50}, {kTo - minutes(20), StaleNan()}};
  // A dot: a line between the two would be over a hundred pixels long.
  const int pixels = CountNear(Draw(), Row(50), kChartLineColor);
  EXPECT_GE(pixels, 2);
  EXPECT_LE(pixels, 20);
}

TEST_F(ChartTest, IsDrawnWhateverTheSamplesAre) {
  const double largest = std::numeric_limits<double>::max();
  const std::vector<std::vector<double>> rows = {
      {},
      {0},
      {StaleNan()},
      {kInfinity, -kInfinity, 3, NormalNan(), largest, -largest},
      {std::numeric_limits<double>::denorm_min(), 0}};
  for (const std::vector<double>& values : rows) {
    for (const double threshold : {0.0, largest, -1e-300}) {
      spec_.samples = Minutely(values);
      spec_.threshold = threshold;
      EXPECT_EQ(Draw().width, 600U);
    }
  }
}

TEST_F(ChartTest, IsTheSameForTheSame) {
  spec_.samples = Minutely({1, 2, 90, 4});
  EXPECT_EQ(DrawChart(*cairo_, spec_).value(), DrawChart(*cairo_, spec_).value());
}

TEST_F(ChartTest, ShowsTextsOfAnyKindOnTheirLine) {
  spec_.samples = Minutely({1, 2, 90, 4});
  const std::string right_to_left = std::string("\xE2\x80") + "\xAE";
  const auto drawn = [this](std::string title) {
    spec_.title = std::move(title);
    return DrawChart(*cairo_, spec_).value();
  };
  EXPECT_EQ(drawn(right_to_left + "a\x01" + "b\x7f\r"), drawn("ab"));
  EXPECT_EQ(drawn("a\nb"), drawn("a b"));
  EXPECT_EQ(drawn("a\xff"), drawn("a\uFFFD"));
  EXPECT_EQ(drawn(std::string(100'000, 'x')), drawn(std::string(200'000, 'x')));
  spec_.title = std::string(100'000, 'W');
  // Neither beyond the edge nor over the value.
  const testing::PngImage image = Draw();
  for (std::uint32_t y = 2; y < 60; ++y) EXPECT_EQ(image.At(595, y), kChartGround);
}

}  // namespace
}  // namespace tocsin
