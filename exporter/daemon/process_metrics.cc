#include "exporter/daemon/process_metrics.h"

#include <fcntl.h>
#include <prometheus/metric_family.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "base/number.h"
#include "base/text.h"

namespace tocsin::daemon {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

std::string ReadWhole(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void AddGauge(const char* name, const char* help, double value, std::vector<MetricFamily>* out) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  out->push_back({name, help, MetricType::Gauge, {std::move(metric)}});
}

void AddCounter(const char* name, const char* help, double value, std::vector<MetricFamily>* out) {
  prometheus::ClientMetric metric;
  metric.counter.value = value;
  out->push_back({name, help, MetricType::Counter, {std::move(metric)}});
}

// Seconds since the epoch at which the machine started.
std::optional<double> BootTime() {
  const std::string stat = ReadWhole("/proc/stat");
  const std::size_t at = stat.find("\nbtime ");
  if (at == std::string::npos) return std::nullopt;
  const std::string_view rest = std::string_view(stat).substr(at + 7);
  return ParseInt(rest.substr(0, rest.find('\n')));
}

// proc_pid_stat(5). The second field is a name that may hold blanks and parentheses: counting
// starts behind the last one, with the third field.
void AddStat(std::vector<MetricFamily>* out) {
  const std::string stat = ReadWhole("/proc/self/stat");
  const std::size_t name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return;
  const std::vector<std::string_view> fields =
      Split(std::string_view(stat).substr(name_end + 2), ' ');
  const auto field = [&fields](std::size_t number) -> double {
    const std::size_t at = number - 3;
    return at < fields.size() ? static_cast<double>(ParseInt(fields[at]).value_or(0)) : 0;
  };
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  AddCounter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
             (field(14) + field(15)) / ticks, out);
  AddGauge("process_threads", "Number of threads of the process.", field(20), out);
  if (const std::optional<double> boot = BootTime()) {
    AddGauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
             *boot + field(22) / ticks, out);
  }
  AddGauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", field(23), out);
  AddGauge("process_resident_memory_bytes", "Resident memory size in bytes.",
           field(24) * static_cast<double>(sysconf(_SC_PAGESIZE)), out);
}

void AddDescriptors(std::vector<MetricFamily>* out) {
  std::error_code trouble;
  std::filesystem::directory_iterator folder("/proc/self/fd", trouble);
  if (!trouble) {
    // The iterator's own descriptor is not the process's.
    const auto open = std::distance(begin(folder), end(folder)) - 1;
    AddGauge("process_open_fds", "Number of open file descriptors.", static_cast<double>(open),
             out);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    AddGauge("process_max_fds", "Maximum number of open file descriptors.",
             static_cast<double>(limit.rlim_cur), out);
  }
}

}  // namespace

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  std::vector<MetricFamily> families;
  AddStat(&families);
  AddDescriptors(&families);
  return families;
}

}  // namespace tocsin::daemon
