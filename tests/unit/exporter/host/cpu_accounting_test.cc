#include "exporter/host/cpu_accounting.h"

#include <gtest/gtest.h>

#include <vector>

namespace tocsin::host {
namespace {

CpuTimes Cpu(std::string_view number, std::uint64_t user, std::uint64_t idle,
             std::uint64_t iowait = 0) {
  CpuTimes times{number};
  times.ticks[kUser] = user;
  times.ticks[kIdle] = idle;
  times.ticks[kIowait] = iowait;
  return times;
}

TEST(CpuAccounting, TellsNothingFromOneReading) {
  CpuAccounting cpus;
  EXPECT_EQ(cpus.Update({Cpu("0", 100, 900)}), std::nullopt);
  EXPECT_EQ(cpus.Update({Cpu("0", 100, 900)}), std::nullopt) << "no time has passed";
}

TEST(CpuAccounting, TakesTheShareOfAllCpusThatWasNeitherIdleNorWaiting) {
  CpuAccounting cpus;
  cpus.Update({Cpu("0", 0, 0), Cpu("1", 0, 0)});
  // 200 ticks: 30 + 20 busy, 50 + 80 idle, 20 waiting.
  EXPECT_DOUBLE_EQ(*cpus.Update({Cpu("0", 30, 50, 20), Cpu("1", 20, 80)}), 25.0);
}

TEST(CpuAccounting, CountsGuestTimeOnceAsPartOfUserTime) {
  CpuAccounting cpus;
  cpus.Update({Cpu("0", 0, 0)});
  CpuTimes times = Cpu("0", 50, 50);
  times.ticks[kGuest] = 50;
  EXPECT_DOUBLE_EQ(*cpus.Update({times}), 50.0);
}

TEST(CpuAccounting, KeepsTheLargerValueOfACounterThatRunsBackwards) {
  CpuAccounting cpus;
  cpus.Update({Cpu("0", 100, 1000, 50)});
  cpus.Update({Cpu("0", 110, 1000 - 299, 40)});
  const CpuTicks& ticks = cpus.cpus().at("0");
  EXPECT_EQ(ticks[kUser], 110U);
  EXPECT_EQ(ticks[kIdle], 1000U) << "fell by less than 3 s";
  EXPECT_EQ(ticks[kIowait], 50U);
}

TEST(CpuAccounting, TakesAFallOfIdleByThreeSecondsAsANewBeginning) {
  CpuAccounting cpus;
  cpus.Update({Cpu("0", 100, 1000, 50)});
  EXPECT_EQ(cpus.Update({Cpu("0", 7, 1000 - 300, 3)}), std::nullopt);
  const CpuTicks& ticks = cpus.cpus().at("0");
  EXPECT_EQ(ticks[kUser], 7U);
  EXPECT_EQ(ticks[kIdle], 700U);
  EXPECT_EQ(ticks[kIowait], 3U);
}

TEST(CpuAccounting, ARestartedCpuLeavesTheUsageToTheOthers) {
  CpuAccounting cpus;
  cpus.Update({Cpu("0", 0, 0), Cpu("1", 0, 5000)});
  EXPECT_DOUBLE_EQ(*cpus.Update({Cpu("0", 40, 60), Cpu("1", 900, 0)}), 40.0);
}

TEST(CpuAccounting, ForgetsACpuThatIsGone) {
  CpuAccounting cpus;
  cpus.Update({Cpu("0", 0, 0), Cpu("1", 500, 0)});
  cpus.Update({Cpu("0", 10, 10)});
  EXPECT_EQ(cpus.cpus().size(), 1U);
  // Back with smaller values, which are not held against the old ones.
  cpus.Update({Cpu("0", 20, 20), Cpu("1", 1, 1)});
  EXPECT_EQ(cpus.cpus().at("1")[kUser], 1U);
}

}  // namespace
}  // namespace tocsin::host
