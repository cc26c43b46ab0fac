#include "exporter/host/device_counters.h"

#include <gtest/gtest.h>

#include <chrono>

namespace tocsin::host {
namespace {

using std::chrono::seconds;

// One round of one counter each for some devices.
template <typename... Devices>
void RunRound(DeviceCounters<1>& counters, seconds now, Devices... devices) {
  counters.Begin(now);
  (counters.Add(devices.first, {devices.second}), ...);
  counters.End();
}
std::pair<std::string_view, std::uint64_t> Device(std::string_view name, std::uint64_t value) {
  return {name, value};
}

TEST(DeviceCounters, HaveNoRateInTheFirstRoundButATotal) {
  DeviceCounters<1> counters;
  RunRound(counters, seconds(10), Device("a", 100), Device("b", 50));
  EXPECT_EQ(counters.TotalRate(0), std::nullopt);
  EXPECT_EQ(counters.totals()[0], 150U);
}

TEST(DeviceCounters, DivideGrowthByTheTimeBetweenRounds) {
  DeviceCounters<1> counters;
  RunRound(counters, seconds(10), Device("a", 100), Device("b", 50));
  RunRound(counters, seconds(14), Device("a", 180), Device("b", 70));
  EXPECT_DOUBLE_EQ(*counters.TotalRate(0), 25.0);
  EXPECT_EQ(counters.totals()[0], 250U);
}

TEST(DeviceCounters, ADeviceThatAppearsCountsFromTheNextRoundOn) {
  DeviceCounters<1> counters;
  RunRound(counters, seconds(1), Device("a", 100));
  RunRound(counters, seconds(2), Device("a", 100), Device("new", 1'000'000));
  EXPECT_DOUBLE_EQ(*counters.TotalRate(0), 0.0);
  RunRound(counters, seconds(3), Device("a", 100), Device("new", 1'000'007));
  EXPECT_DOUBLE_EQ(*counters.TotalRate(0), 7.0);
  EXPECT_EQ(counters.totals()[0], 107U);
}

TEST(DeviceCounters, TheTotalDoesNotFallWhenADeviceGoesOrBeginsAnew) {
  DeviceCounters<1> counters;
  RunRound(counters, seconds(1), Device("a", 100), Device("b", 50));
  RunRound(counters, seconds(2), Device("a", 3));
  EXPECT_DOUBLE_EQ(*counters.TotalRate(0), 0.0);
  EXPECT_EQ(counters.totals()[0], 150U);
  RunRound(counters, seconds(3), Device("a", 5));
  EXPECT_EQ(counters.totals()[0], 152U);
}

TEST(DeviceCounters, HaveNoRateWhenNoTimeHasPassed) {
  DeviceCounters<1> counters;
  RunRound(counters, seconds(1), Device("a", 1));
  RunRound(counters, seconds(1), Device("a", 2));
  EXPECT_EQ(counters.TotalRate(0), std::nullopt);
}

}  // namespace
}  // namespace tocsin::host
