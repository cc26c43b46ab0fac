#include "exporter/daemon/process_metrics.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>
#include <unistd.h>

#include <ctime>
#include <map>
#include <thread>

namespace tocsin::daemon {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

std::map<std::string, double> Collected() {
  std::map<std::string, double> values;
  for (const MetricFamily& family : ProcessMetrics().Collect()) {
    EXPECT_EQ(family.metric.size(), 1U) << family.name;
    EXPECT_FALSE(family.help.empty()) << family.name;
    EXPECT_TRUE(family.metric[0].label.empty()) << family.name;
    values[family.name] = family.type == MetricType::Counter ? family.metric[0].counter.value
                                                             : family.metric[0].gauge.value;
  }
  return values;
}

TEST(ProcessMetrics, HaveTheNamesThatEveryClientLibraryUses) {
  const std::map<std::string, double> values = Collected();
  for (const char* name : {"process_cpu_seconds_total", "process_open_fds", "process_max_fds",
                           "process_virtual_memory_bytes", "process_resident_memory_bytes",
                           "process_start_time_seconds", "process_threads"}) {
    EXPECT_EQ(values.count(name), 1U) << name;
  }
}

TEST(ProcessMetrics, CpuTimeIsACounterAndTheRestAreGauges) {
  for (const MetricFamily& family : ProcessMetrics().Collect()) {
    const bool counts = family.name == "process_cpu_seconds_total";
    EXPECT_EQ(family.type, counts ? MetricType::Counter : MetricType::Gauge) << family.name;
  }
}

TEST(ProcessMetrics, AreOfAPlausibleSize) {
  std::map<std::string, double> values = Collected();
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_GE(values["process_cpu_seconds_total"], 0);
  EXPECT_LE(values["process_start_time_seconds"], now + 2);
  EXPECT_GT(values["process_start_time_seconds"], now - 24 * 3600);  // this test began today
  EXPECT_GT(values["process_resident_memory_bytes"], 100'000);
  EXPECT_GE(values["process_virtual_memory_bytes"], values["process_resident_memory_bytes"]);
  EXPECT_GE(values["process_open_fds"], 3);  // in, out, err
  EXPECT_GE(values["process_max_fds"], values["process_open_fds"]);
}

TEST(ProcessMetrics, CountWhatIsOpenAndNotWhatCountingOpens) {
  const double before = Collected()["process_open_fds"];
  EXPECT_EQ(Collected()["process_open_fds"], before);
  const int fd = open("/dev/null", O_RDONLY);
  EXPECT_EQ(Collected()["process_open_fds"], before + 1);
  close(fd);
  EXPECT_EQ(Collected()["process_open_fds"], before);
}

TEST(ProcessMetrics, MayBeCollectedByManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int n = 0; n < 50; ++n) EXPECT_GE(ProcessMetrics().Collect().size(), 7U);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace tocsin::daemon
