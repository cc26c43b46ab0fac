// What the parsers refuse, and corners that the sources' tests do not reach.
#include "exporter/host/procfs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tocsin::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename T>
std::string Why(const Result<T>& result) {
  return result.ok() ? "" : result.message();
}

TEST(ParseStat, PassesOverWhatItDoesNotKnow) {
  const auto stat = ParseStat("cpu  9 9 9 9\nnews 1 2\ncpufreq x\nctxt 5\n\n");
  ASSERT_TRUE(stat.ok());
  EXPECT_TRUE(stat->cpus.empty()) << "the sum of all CPUs is none of them";
  EXPECT_EQ(stat->context_switches, 5U);
  EXPECT_EQ(stat->boot_time, std::nullopt);
}

TEST(ParseStat, ReadsTheModesOfAnOldKernel) {
  const auto stat = ParseStat("cpu0 1 2 3 4\n");
  ASSERT_TRUE(stat.ok());
  EXPECT_THAT(stat->cpus[0].ticks, ElementsAre(1, 2, 3, 4, 0, 0, 0, 0, 0, 0));
}

TEST(ParseStat, TakesTheFirstNumberOfTheInterruptLine) {
  EXPECT_EQ(ParseStat("intr 77 1 2 3\n")->interrupts, 77U);
}

TEST(ParseStat, NamesTheLineThatItCannotRead) {
  EXPECT_THAT(Why(ParseStat("ctxt 1\ncpu0 1 x 3 4\n")), HasSubstr("line 2"));
  EXPECT_THAT(Why(ParseStat("ctxt 1\ncpu0 1 x 3 4\n")), HasSubstr("cpu0 1 x 3 4"));
  EXPECT_FALSE(ParseStat("cpu0\n").ok());
  EXPECT_FALSE(ParseStat("btime soon\n").ok());
  EXPECT_FALSE(ParseStat("ctxt 99999999999999999999999\n").ok());
}

TEST(ParseLoadAverage, NeedsThreeAveragesAndTheTasks) {
  EXPECT_TRUE(ParseLoadAverage("0.01 0.02 0.03 1/2 3").ok());
  EXPECT_FALSE(ParseLoadAverage("").ok());
  EXPECT_FALSE(ParseLoadAverage("0.01 0.02\n").ok());
  EXPECT_FALSE(ParseLoadAverage("0.01 0.02 0.03\n").ok());
  EXPECT_FALSE(ParseLoadAverage("0,01 0,02 0,03 1/2 3\n").ok());
}

TEST(ParseMeminfo, NeedsANameAColonAndANumber) {
  EXPECT_TRUE(ParseMeminfo("").ok());
  EXPECT_FALSE(ParseMeminfo("MemTotal 1 kB\n").ok());
  EXPECT_FALSE(ParseMeminfo("MemTotal: much kB\n").ok());
}

TEST(ParsePressure, FindsTheTotalWhereverItStands) {
  const auto pressure = ParsePressure("some avg10=0.00 total=2000000 avg60=0.00\n");
  EXPECT_EQ(pressure->some_seconds, 2.0);
  EXPECT_EQ(pressure->full_seconds, std::nullopt);
  EXPECT_FALSE(ParsePressure("some avg10=0.00\n").ok());
  EXPECT_FALSE(ParsePressure("full total=-1\n").ok());
}

TEST(ParseSchedstat, NeedsNineNumbersOfACpu) {
  EXPECT_TRUE(ParseSchedstat("version 15\ntimestamp 1\ndomain0 00 1 2\n").ok());
  EXPECT_FALSE(ParseSchedstat("cpu0 1 2 3 4 5 6 7 8\n").ok());
}

TEST(ParseNumberFile, TakesOneWholeNumberOnly) {
  EXPECT_EQ(*ParseNumberFile("42\n"), 42);
  EXPECT_EQ(*ParseNumberFile("-1\n"), -1);
  for (const char* text : {"", "\n", "4 2", "0x10", "1.5", "-", "+1"}) {
    EXPECT_FALSE(ParseNumberFile(text).ok()) << text;
  }
}

TEST(ParseNetDev, ReadsNamesWithColonsAndNumbersThatFollowAtOnce) {
  const auto interfaces = ParseNetDev(
      "Inter-|\n face |\n"
      "eth0:1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
      "  lo:9 0 0 0 0 0 0 0 9 0 0 0 0 0 0 0\n");
  ASSERT_TRUE(interfaces.ok());
  EXPECT_EQ((*interfaces)[0].device, "eth0:1");
  EXPECT_EQ((*interfaces)[0].counters[15], 16U);
  EXPECT_EQ((*interfaces)[1].device, "lo");
  EXPECT_EQ((*interfaces)[1].counters[0], 9U);
}

TEST(ParseNetDev, NeedsSixteenNumbers) {
  EXPECT_FALSE(ParseNetDev("\n\neth0: 1 2 3\n").ok());
  EXPECT_FALSE(ParseNetDev("\n\neth0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n").ok());
  EXPECT_FALSE(ParseNetDev("\n\n: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n").ok());
}

TEST(ParseNetstat, RefusesLinesThatDoNotPairUp) {
  EXPECT_TRUE(ParseNetstat("Tcp: A B\nTcp: 1 -1\n").ok());
  EXPECT_FALSE(ParseNetstat("Tcp: A B\nTcp: 1\n").ok());
  EXPECT_FALSE(ParseNetstat("Tcp: A\nTcp: 1 2\n").ok());
  EXPECT_FALSE(ParseNetstat("Tcp: A\nUdp: 1\n").ok());
  EXPECT_FALSE(ParseNetstat("Tcp: A\n").ok());
}

TEST(ParseSnmp6, SplitsAtTheSix) {
  const auto fields = ParseSnmp6("Ip6InOctets 7\nUdpLite6InErrors 8\nIcmp6OutType133 9\n");
  ASSERT_TRUE(fields.ok());
  EXPECT_EQ((*fields)[0].protocol, "Ip6");
  EXPECT_EQ((*fields)[0].name, "InOctets");
  EXPECT_EQ((*fields)[1].protocol, "UdpLite6");
  EXPECT_EQ((*fields)[2].name, "OutType133");
  EXPECT_FALSE(ParseSnmp6("IpInOctets 7\n").ok());
}

TEST(ParseSoftnet, ReadsHexadecimalColumnsOfOldAndNewKernels) {
  const auto old_kernel = ParseSoftnet("0000000a 00000001 00000002 0 0 0 0 0 00000003\n");
  ASSERT_TRUE(old_kernel.ok());
  EXPECT_EQ((*old_kernel)[0].cpu, 0U);
  EXPECT_EQ((*old_kernel)[0].processed, 10U);
  EXPECT_EQ((*old_kernel)[0].collisions, 3U);
  EXPECT_EQ((*old_kernel)[0].received_rps, std::nullopt);
  // The last column names the CPU: 3, although it is the first row.
  const auto new_kernel = ParseSoftnet("1 2 3 0 0 0 0 0 4 5 6 7 3\n");
  EXPECT_EQ((*new_kernel)[0].cpu, 3U);
  EXPECT_EQ((*new_kernel)[0].backlog, 7U);
  EXPECT_FALSE(ParseSoftnet("1 2\n").ok());
}

TEST(ParseMountinfo, UndoesOctalEscapes) {
  const auto mounts = ParseMountinfo(
      R"(36 25 8:17 / /mnt/a\040b\011c\134d\0 rw,noatime shared:1 - ext4 /dev/sd\040b rw)"
      "\n");
  ASSERT_TRUE(mounts.ok());
  EXPECT_EQ((*mounts)[0].mountpoint, "/mnt/a b\tc\\d\\0") << "an escape has three digits";
  EXPECT_EQ((*mounts)[0].device, "/dev/sd b");
}

TEST(ParseMountinfo, ReadsAnyNumberOfTagsAndAnEmptySource) {
  const auto mounts = ParseMountinfo(
      "1 0 0:1 / / rw - tmpfs  rw\n"
      "2 1 0:2 / /a rw shared:1 master:2 - ext4 - rw\n");
  ASSERT_TRUE(mounts.ok());
  EXPECT_EQ((*mounts)[0].device, "");
  EXPECT_EQ((*mounts)[1].device, "-") << "not taken for the separator";
}

TEST(ParseMountinfo, TakesReadOnlyFromTheMountOrTheFileSystem) {
  const auto mounts = ParseMountinfo(
      "1 0 8:1 / /a ro,nosuid - ext4 /dev/sda1 rw\n"
      "2 0 8:1 / /b rw,nosuid - ext4 /dev/sda1 ro,errors=remount-ro\n"
      "3 0 8:1 / /c rw,errors=remount-ro - ext4 /dev/sda1 rw\n");
  EXPECT_TRUE((*mounts)[0].read_only);
  EXPECT_TRUE((*mounts)[1].read_only);
  EXPECT_FALSE((*mounts)[2].read_only);
}

TEST(ParseMountinfo, RefusesALineWithoutItsParts) {
  EXPECT_FALSE(ParseMountinfo("1 0 8:1 / /a rw\n").ok());
  EXPECT_FALSE(ParseMountinfo("1 0 8:1 / /a rw ext4 /dev/sda1 rw\n").ok());
  EXPECT_FALSE(ParseMountinfo("1 0 8:1 / /a rw - ext4\n").ok());
}

TEST(ParseOsRelease, UndoesTheShellsQuotes) {
  const Properties os = ParseOsRelease(
      "# comment\n\nNAME=\"A \\\"B\\\" C\"\nID=debian\nVERSION='1 \\x'\nodd line\n=x\nEMPTY=\n");
  EXPECT_EQ(os.at("NAME"), "A \"B\" C");
  EXPECT_EQ(os.at("ID"), "debian");
  EXPECT_EQ(os.at("VERSION"), "1 \\x");
  EXPECT_EQ(os.at("EMPTY"), "");
  EXPECT_EQ(os.size(), 4U);
}

TEST(ParseSensorFile, SplitsKindNumberAndElement) {
  const auto alarm = ParseSensorFile("temp12_crit_alarm");
  ASSERT_TRUE(alarm.has_value());
  EXPECT_EQ(alarm->kind, "temp");
  EXPECT_EQ(alarm->sensor, "temp12");
  EXPECT_EQ(alarm->element, "crit_alarm");
  for (const char* name :
       {"", "name", "temp1", "temp1_", "temp_input", "1_input", "update_interval"}) {
    EXPECT_FALSE(ParseSensorFile(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace tocsin::host
