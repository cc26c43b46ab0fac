#include "exporter/host/cpu_accounting.h"

#include <algorithm>
#include <utility>

namespace tocsin::host {
namespace {

// node_exporter's threshold: smaller falls of idle are corrections.
// https://github.com/prometheus/node_exporter/blob/master/collector/cpu_linux.go
constexpr std::uint64_t kResetTicks = 3 * static_cast<std::uint64_t>(kTicksPerSecond);

struct Spent {
  std::uint64_t all = 0;
  std::uint64_t idle = 0;
};

bool HasRestarted(const CpuTicks& before, const CpuTicks& now) {
  return now[kIdle] + kResetTicks <= before[kIdle];
}

CpuTicks LargerOf(const CpuTicks& a, const CpuTicks& b) {
  CpuTicks larger;
  for (std::size_t mode = 0; mode < kCpuModes; ++mode) larger[mode] = std::max(a[mode], b[mode]);
  return larger;
}

// Guest time is part of user time already.
void AddSpent(const CpuTicks& before, const CpuTicks& now, Spent* spent) {
  for (std::size_t mode = kUser; mode <= kSteal; ++mode) spent->all += now[mode] - before[mode];
  spent->idle += now[kIdle] - before[kIdle] + now[kIowait] - before[kIowait];
}

}  // namespace

std::optional<double> CpuAccounting::Update(const std::vector<CpuTimes>& reading) {
  std::map<std::string, CpuTicks, std::less<>> updated;
  Spent spent;
  for (const CpuTimes& times : reading) {
    const auto before = cpus_.find(times.cpu);
    CpuTicks ticks = times.ticks;
    if (before != cpus_.end() && !HasRestarted(before->second, ticks)) {
      ticks = LargerOf(before->second, ticks);
      AddSpent(before->second, ticks, &spent);
    }
    updated.emplace(times.cpu, ticks);
  }
  cpus_ = std::move(updated);
  if (spent.all == 0) return std::nullopt;
  return 100.0 * static_cast<double>(spent.all - spent.idle) / static_cast<double>(spent.all);
}

}  // namespace tocsin::host
