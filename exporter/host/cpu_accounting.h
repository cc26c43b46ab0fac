// CPU time that never runs backwards, and the share of it that was busy.
//
// The kernel's counters may fall: iowait and idle are estimates that are corrected later, and a CPU
// that was unplugged begins anew. A counter that falls would look like a reset, and so like a
// burst, to whoever takes rates. So the larger value is kept, unless idle fell so far that the CPU
// must have started again; then everything it says is taken as new.
//
// Owned by the source of /proc/stat.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporter/host/procfs.h"

namespace tocsin::host {

inline constexpr double kTicksPerSecond = 100;  // USER_HZ, the same on every architecture we run on

class CpuAccounting {
 public:
  // Takes a reading; CPUs that it does not list are forgotten. Returns the percentage of time since
  // the reading before in which the CPUs known to both were neither idle nor waiting for I/O;
  // nothing when there was no such time.
  std::optional<double> Update(const std::vector<CpuTimes>& reading);

  // By number, as text.
  const std::map<std::string, CpuTicks, std::less<>>& cpus() const { return cpus_; }

 private:
  std::map<std::string, CpuTicks, std::less<>> cpus_;
};

}  // namespace tocsin::host
