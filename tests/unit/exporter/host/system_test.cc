// Limits of the kernel, processes, clock, names of the system.
#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <cerrno>
#include <string>

#include "tests/unit/exporter/host/host_world.h"

namespace tocsin::host {
namespace {

TEST(ConntrackSource, TellsEntriesAndTheirLimit) {
  HostWorld world;
  world.Write("proc/sys/net/netfilter/nf_conntrack_count", "12\n");
  world.Write("proc/sys/net/netfilter/nf_conntrack_max", "65536\n");
  world.Use(MakeConntrackSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_nf_conntrack_entries"), "12");
  EXPECT_EQ(world.Node("node_nf_conntrack_entries_limit"), "65536");
}

TEST(EntropySource, TellsBitsAndTheSizeOfThePool) {
  HostWorld world;
  world.Write("proc/sys/kernel/random/entropy_avail", "256\n");
  world.Write("proc/sys/kernel/random/poolsize", "4096\n");
  world.Use(MakeEntropySource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_entropy_available_bits"), "256");
  EXPECT_EQ(world.Node("node_entropy_pool_size_bits"), "4096");
}

TEST(FilefdSource, TellsHandlesInUseAndTheirLimit) {
  HostWorld world;
  world.Write("proc/sys/fs/file-nr", "1024\t0\t9223372036854775807\n");
  world.Use(MakeFilefdSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_filefd_allocated"), "1024");
  EXPECT_EQ(world.Node("node_filefd_maximum"), "9223372036854775808");
}

TEST(ProcessesSource, CountsProcessesUnderBothNamings) {
  HostWorld world;
  for (const char* folder : {"proc/1", "proc/42", "proc/4242", "proc/self", "proc/1a"}) {
    world.MakeFolder(folder);
  }
  world.Write("proc/loadavg", "0.00 0.00 0.00 1/77 4242\n");
  world.Write("proc/sys/kernel/pid_max", "32768\n");
  world.Write("proc/sys/kernel/threads-max", "63000\n");
  world.Use(MakeProcessesSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_processes_pids"), "3");
  EXPECT_EQ(world.System("system_process_count"), "3");
  EXPECT_EQ(world.Node("node_processes_threads"), "77");
  EXPECT_EQ(world.Node("node_processes_max_processes"), "32768");
  EXPECT_EQ(world.Node("node_processes_max_threads"), "63000");
  world.MakeFolder("proc/5000");
  world.Remove("proc/42");
  world.Remove("proc/4242");
  world.CollectAfter(Duration(1000));
  EXPECT_EQ(world.System("system_process_count"), "2");
}

TEST(TimeSource, TellsTheTimeOfTheRound) {
  HostWorld world;
  world.clock.Set(FromUnixMillis(1'700'000'000'250));
  world.Use(MakeTimeSource());
  world.Collect();
  EXPECT_EQ(world.Node("node_time_seconds"), "1700000000.25");
}

int SynchronisedClock(timex* out) {
  EXPECT_EQ(out->modes, 0U) << "asks, and changes nothing";
  out->offset = 2'000'000;
  out->maxerror = 1500;
  out->esterror = 250;
  out->freq = 65536L * 10;  // 10 parts per million
  out->tick = 10000;
  out->constant = 7;
  out->tai = 37;
  out->status = STA_NANO | STA_PLL;
  return TIME_OK;
}
int DriftingClock(timex* out) {
  SynchronisedClock(out);
  out->status = STA_UNSYNC;
  return TIME_ERROR;
}
int ForbiddenClock(timex*) {
  errno = EPERM;
  return -1;
}
int BrokenClock(timex*) {
  errno = EFAULT;
  return -1;
}

TEST(TimexSource, TellsTheStateOfTheClockInSeconds) {
  HostWorld world;
  world.Use(MakeTimexSource(SynchronisedClock));
  world.Collect();
  EXPECT_EQ(world.Node("node_timex_sync_status"), "1");
  EXPECT_EQ(world.Node("node_timex_offset_seconds"), "0.002") << "nanoseconds";
  EXPECT_EQ(world.Node("node_timex_maxerror_seconds"), "0.0015");
  EXPECT_EQ(world.Node("node_timex_estimated_error_seconds"), "0.00025");
  EXPECT_EQ(world.Node("node_timex_frequency_adjustment_ratio"), "1.00001");
  EXPECT_EQ(world.Node("node_timex_tick_seconds"), "0.01");
  EXPECT_EQ(world.Node("node_timex_loop_time_constant"), "7");
  EXPECT_EQ(world.Node("node_timex_tai_offset_seconds"), "37");
  EXPECT_EQ(world.Node("node_timex_status"), std::to_string(STA_NANO | STA_PLL));
}

TEST(TimexSource, ReadsTheOffsetInMicrosecondsWithoutStaNano) {
  HostWorld world;
  world.Use(MakeTimexSource(DriftingClock));
  world.Collect();
  EXPECT_EQ(world.Node("node_timex_sync_status"), "0");
  EXPECT_EQ(world.Node("node_timex_offset_seconds"), "2");
}

TEST(TimexSource, IsAbsentWhereAContainerMayNotAsk) {
  HostWorld world;
  world.Use(MakeTimexSource(ForbiddenClock));
  world.Collect();
  EXPECT_EQ(world.Success("timex"), "1");
  EXPECT_EQ(world.Node("node_timex_sync_status"), std::nullopt);
}

TEST(TimexSource, FailsWhereTheKernelDoes) {
  HostWorld world;
  world.Use(MakeTimexSource(BrokenClock));
  world.Collect();
  EXPECT_EQ(world.Success("timex"), "0");
}

TEST(UnameSource, NamesKernelAndHost) {
  utsname host{};
  ASSERT_EQ(::uname(&host), 0);
  HostWorld world;
  world.Use(MakeUnameSource());
  world.Collect();
  EXPECT_EQ(world.Node("node_uname_info", {{"sysname", host.sysname},
                                           {"release", host.release},
                                           {"version", host.version},
                                           {"machine", host.machine},
                                           {"nodename", host.nodename},
                                           {"domainname", host.domainname}}),
            "1");
}

TEST(OsSource, TellsTheDistributionAndItsVersion) {
  HostWorld world;
  world.Write("root/etc/os-release",
              "NAME=\"Some Linux\"\nID=some\nID_LIKE=\"debian ubuntu\"\nVERSION_ID=\"22.04.3\"\n"
              "PRETTY_NAME='Some Linux 22'\nVERSION_CODENAME=quick\nHOME_URL=https://x\n");
  world.Use(MakeOsSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_os_info", {{"name", "Some Linux"},
                                        {"id", "some"},
                                        {"id_like", "debian ubuntu"},
                                        {"version_id", "22.04.3"},
                                        {"pretty_name", "Some Linux 22"},
                                        {"version_codename", "quick"}}),
            "1");
  EXPECT_EQ(world.Node("node_os_version",
                       {{"id", "some"}, {"id_like", "debian ubuntu"}, {"name", "Some Linux"}}),
            "22.04");
}

TEST(OsSource, FallsBackToTheVendorsFileAndHasNoVersionOfARollingDistribution) {
  HostWorld world;
  world.Write("root/usr/lib/os-release", "NAME=Rolling\nID=roll\n");
  world.Use(MakeOsSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_os_info", {{"name", "Rolling"}, {"id", "roll"}}), "1");
  EXPECT_EQ(world.Count("node_os_version"), 0U);
}

TEST(OsSource, NoticesAnUpgrade) {
  HostWorld world;
  world.Write("root/etc/os-release", "NAME=A\nID=a\nVERSION_ID=1\n");
  world.Use(MakeOsSource(world.paths()));
  world.Collect();
  world.Remove("root/etc/os-release");
  world.Write("root/etc/os-release", "NAME=A\nID=a\nVERSION_ID=2\n");
  world.CollectAfter(Duration(1000));
  EXPECT_EQ(world.Node("node_os_version", {{"id", "a"}, {"name", "A"}}), "2");
}

}  // namespace
}  // namespace tocsin::host
