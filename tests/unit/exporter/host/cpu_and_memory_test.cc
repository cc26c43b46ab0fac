// /proc/stat, loadavg, meminfo, vmstat, pressure, schedstat.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/exporter/host/host_world.h"

namespace tocsin::host {
namespace {

TEST(StatSource, TellsSecondsOfEachCpuAndMode) {
  HostWorld world;
  world.Write("proc/stat",
              "cpu  300 0 0 0 0 0 0 0 0 0\n"
              "cpu0 100 200 300 400 500 600 700 800 50 25\n"
              "cpu1 150 0 0 0 0 0 0 0 0 0\n"
              "intr 12345 1 2 3\nctxt 67890\nbtime 1699990000\nprocesses 4321\n"
              "procs_running 3\nprocs_blocked 1\nsoftirq 1 2 3\n");
  world.Use(MakeStatSource(world.paths()));
  world.Collect();
  const std::pair<const char*, const char*> modes[] = {
      {"user", "1"},   {"nice", "2"}, {"system", "3"},  {"idle", "4"},
      {"iowait", "5"}, {"irq", "6"},  {"softirq", "7"}, {"steal", "8"}};
  for (const auto& [mode, spent] : modes) {
    EXPECT_EQ(world.Node("node_cpu_seconds_total", {{"cpu", "0"}, {"mode", mode}}), spent) << mode;
  }
  EXPECT_EQ(world.Node("node_cpu_seconds_total", {{"cpu", "1"}, {"mode", "user"}}), "1.5");
  EXPECT_EQ(world.Count("node_cpu_seconds_total"), 16U) << "the sum of all CPUs is not repeated";
  EXPECT_EQ(world.Node("node_cpu_guest_seconds_total", {{"cpu", "0"}, {"mode", "user"}}), "0.5");
  EXPECT_EQ(world.Node("node_cpu_guest_seconds_total", {{"cpu", "0"}, {"mode", "nice"}}), "0.25");
  EXPECT_EQ(world.Node("node_intr_total"), "12345");
  EXPECT_EQ(world.Node("node_context_switches_total"), "67890");
  EXPECT_EQ(world.Node("node_forks_total"), "4321");
  EXPECT_EQ(world.Node("node_boot_time_seconds"), "1699990000");
  EXPECT_EQ(world.Node("node_procs_running"), "3");
  EXPECT_EQ(world.Node("node_procs_blocked"), "1");
  EXPECT_EQ(world.System("system_cpu_count"), "2");
  EXPECT_EQ(world.System("system_uptime"), "10000");
  EXPECT_EQ(world.TypeOf("node_cpu_seconds_total"), MetricType::kCounter);
  EXPECT_EQ(world.TypeOf("node_forks_total"), MetricType::kCounter);
  EXPECT_EQ(world.TypeOf("node_boot_time_seconds"), MetricType::kGauge);
}

TEST(StatSource, TheUsageIsOfTheSameReadingAsTheSeconds) {
  HostWorld world;
  world.Write("proc/stat", "cpu0 100 0 0 900 0 0 0 0 0 0\n");
  world.Use(MakeStatSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.System("system_cpu_usage"), std::nullopt) << "one reading tells no share";
  world.Write("proc/stat", "cpu0 130 0 0 960 10 0 0 0 0 0\n");
  world.CollectAfter(Duration(1000));
  EXPECT_EQ(world.System("system_cpu_usage"), "30");
  EXPECT_EQ(world.Node("node_cpu_seconds_total", {{"cpu", "0"}, {"mode", "user"}}), "1.3");
  EXPECT_EQ(world.Node("node_cpu_seconds_total", {{"cpu", "0"}, {"mode", "idle"}}), "9.6");
}

TEST(StatSource, ACounterThatRunsBackwardsKeepsItsValue) {
  HostWorld world;
  world.Write("proc/stat", "cpu0 100 0 0 900 50 0 0 0 0 0\n");
  world.Use(MakeStatSource(world.paths()));
  world.Collect();
  world.Write("proc/stat", "cpu0 110 0 0 899 40 0 0 0 0 0\n");
  world.CollectAfter(Duration(1000));
  EXPECT_EQ(world.Node("node_cpu_seconds_total", {{"cpu", "0"}, {"mode", "iowait"}}), "0.5");
  EXPECT_EQ(world.Node("node_cpu_seconds_total", {{"cpu", "0"}, {"mode", "idle"}}), "9");
}

TEST(StatSource, IdleTimeThatFallsByThreeSecondsIsAReset) {
  HostWorld world;
  world.Write("proc/stat", "cpu0 100 0 0 900 50 0 0 0 0 0\n");
  world.Use(MakeStatSource(world.paths()));
  world.Collect();
  world.Write("proc/stat", "cpu0 10 0 0 600 4 0 0 0 0 0\n");
  world.CollectAfter(Duration(1000));
  EXPECT_EQ(world.Node("node_cpu_seconds_total", {{"cpu", "0"}, {"mode", "user"}}), "0.1");
  EXPECT_EQ(world.Node("node_cpu_seconds_total", {{"cpu", "0"}, {"mode", "idle"}}), "6");
  EXPECT_EQ(world.Node("node_cpu_seconds_total", {{"cpu", "0"}, {"mode", "iowait"}}), "0.04");
}

TEST(StatSource, ACpuThatIsUnpluggedEnds) {
  HostWorld world;
  world.Write("proc/stat", "cpu0 1 1 1 1\ncpu1 1 1 1 1\n");
  world.Use(MakeStatSource(world.paths()));
  world.Collect();
  world.Write("proc/stat", "cpu0 1 1 1 1\n");
  world.CollectAfter(Duration(1000));
  EXPECT_EQ(world.Node("node_cpu_seconds_total", {{"cpu", "1"}, {"mode", "user"}}), "stale");
  EXPECT_EQ(world.System("system_cpu_count"), "1");
}

TEST(LoadSource, TellsTheAveragesUnderBothNamings) {
  HostWorld world;
  world.Write("proc/loadavg", "0.75 1.50 2.25 2/345 6789\n");
  world.Use(MakeLoadSource(world.paths(), 2));
  world.Collect();
  EXPECT_EQ(world.Node("node_load1"), "0.75");
  EXPECT_EQ(world.Node("node_load5"), "1.5");
  EXPECT_EQ(world.Node("node_load15"), "2.25");
  EXPECT_EQ(world.System("system_load_1m"), "0.75");
  EXPECT_EQ(world.System("system_load_5m"), "1.5");
  EXPECT_EQ(world.System("system_load_15m"), "2.25");
  EXPECT_EQ(world.System("system_load_average"), "0.75");
  EXPECT_EQ(world.System("system_load_per_cpu"), "0.375");
  EXPECT_EQ(world.sink.Metadata("system_load_average")->original_name, "system.load.average");
}

TEST(MemorySource, TellsEveryFieldAndTheSharesUnderBothNamings) {
  HostWorld world;
  world.Write("proc/meminfo",
              "MemTotal:        1000 kB\n"
              "MemFree:          100 kB\n"
              "MemAvailable:     250 kB\n"
              "Active(anon):      30 kB\n"
              "SwapTotal:        200 kB\n"
              "SwapFree:         150 kB\n"
              "HugePages_Total:    7\n");
  world.Use(MakeMemorySource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_memory_MemTotal_bytes"), "1024000");
  EXPECT_EQ(world.Node("node_memory_MemFree_bytes"), "102400");
  EXPECT_EQ(world.Node("node_memory_Active_anon_bytes"), "30720");
  EXPECT_EQ(world.Node("node_memory_HugePages_Total"), "7");
  EXPECT_EQ(world.Node("node_memory_HugePages_Total_bytes"), std::nullopt);
  EXPECT_EQ(world.TypeOf("node_memory_MemTotal_bytes"), MetricType::kGauge);
  EXPECT_EQ(world.System("system_memory_total"), "1024000");
  EXPECT_EQ(world.System("system_memory_available"), "256000");
  EXPECT_EQ(world.System("system_memory_used"), "768000");
  EXPECT_EQ(world.System("system_memory_usage"), "75");
  EXPECT_EQ(world.System("system_swap_usage"), "25");
}

TEST(MemorySource, HasNoSwapUsageWithoutSwap) {
  HostWorld world;
  world.Write("proc/meminfo",
              "MemTotal: 4 kB\nMemAvailable: 1 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
  world.Use(MakeMemorySource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.System("system_memory_usage"), "75");
  EXPECT_EQ(world.System("system_swap_usage"), std::nullopt);
  EXPECT_EQ(world.Node("node_memory_SwapTotal_bytes"), "0");
}

TEST(VmstatSource, TakesPagingSwappingFaultsAndKillsAsUntyped) {
  HostWorld world;
  world.Write("proc/vmstat",
              "nr_free_pages 1\npgpgin 2\npgpgout 3\npswpin 4\npswpout 5\npgfault 6\npgmajfault 7\n"
              "oom_kill 8\npgalloc_dma 9\nnuma_hint_faults 10\n");
  world.Use(MakeVmstatSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_vmstat_pgpgin"), "2");
  EXPECT_EQ(world.Node("node_vmstat_pgpgout"), "3");
  EXPECT_EQ(world.Node("node_vmstat_pswpin"), "4");
  EXPECT_EQ(world.Node("node_vmstat_pswpout"), "5");
  EXPECT_EQ(world.Node("node_vmstat_pgfault"), "6");
  EXPECT_EQ(world.Node("node_vmstat_pgmajfault"), "7");
  EXPECT_EQ(world.Node("node_vmstat_oom_kill"), "8");
  EXPECT_EQ(world.Node("node_vmstat_nr_free_pages"), std::nullopt);
  EXPECT_EQ(world.Node("node_vmstat_pgalloc_dma"), std::nullopt);
  EXPECT_EQ(world.Node("node_vmstat_numa_hint_faults"), std::nullopt);
  EXPECT_EQ(world.TypeOf("node_vmstat_pgfault"), MetricType::kUnknown);
}

TEST(PressureSource, TellsSecondsOfWaitingAndStalling) {
  HostWorld world;
  const auto file = [](int some, int full) {
    return "some avg10=0.00 avg60=0.00 avg300=0.00 total=" + std::to_string(some) +
           "\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=" + std::to_string(full) + "\n";
  };
  world.Write("proc/pressure/cpu", file(1'000'000, 9));
  world.Write("proc/pressure/io", file(2'500'000, 2'000'000));
  world.Write("proc/pressure/memory", file(4'000'000, 3'000'000));
  world.Write("proc/pressure/irq", "full avg10=0.00 avg60=0.00 avg300=0.00 total=5000000\n");
  world.Use(MakePressureSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_pressure_cpu_waiting_seconds_total"), "1");
  EXPECT_EQ(world.Node("node_pressure_io_waiting_seconds_total"), "2.5");
  EXPECT_EQ(world.Node("node_pressure_io_stalled_seconds_total"), "2");
  EXPECT_EQ(world.Node("node_pressure_memory_waiting_seconds_total"), "4");
  EXPECT_EQ(world.Node("node_pressure_memory_stalled_seconds_total"), "3");
  EXPECT_EQ(world.Node("node_pressure_irq_stalled_seconds_total"), "5");
  EXPECT_EQ(world.TypeOf("node_pressure_io_stalled_seconds_total"), MetricType::kCounter);
}

TEST(SchedstatSource, TellsSecondsAndSlicesOfEachCpu) {
  HostWorld world;
  world.Write("proc/schedstat",
              "version 15\ntimestamp 1\ncpu0 0 0 0 0 0 0 1500000000 250000000 42\n"
              "domain0 3 0 0\ncpu1 0 0 0 0 0 0 0 0 0\n");
  world.Use(MakeSchedstatSource(world.paths()));
  world.Collect();
  EXPECT_EQ(world.Node("node_schedstat_running_seconds_total", {{"cpu", "0"}}), "1.5");
  EXPECT_EQ(world.Node("node_schedstat_waiting_seconds_total", {{"cpu", "0"}}), "0.25");
  EXPECT_EQ(world.Node("node_schedstat_timeslices_total", {{"cpu", "0"}}), "42");
  EXPECT_EQ(world.Count("node_schedstat_timeslices_total"), 2U);
}

}  // namespace
}  // namespace tocsin::host
