// /proc/stat: CPU time, interrupts, context switches, forks, boot time; and from the same reading
// system.cpu.usage, system.cpu.count and system.uptime.
#include <array>

#include "exporter/host/cpu_accounting.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

// In the order of CpuMode, without the guest modes.
constexpr std::array<std::string_view, 8> kModeNames = {"user",   "nice", "system",  "idle",
                                                        "iowait", "irq",  "softirq", "steal"};

class StatSource final : public Source {
 public:
  explicit StatSource(const HostPaths& paths) : file_(JoinPath(paths.procfs, "stat")) {}

  std::string_view name() const override { return "stat"; }

  Status Collect(Round& round) override {
    return ReadFile(file_, round, ParseStat, [&](const KernelStat& stat) {
      EmitCpus(stat, round.emit);
      EmitCounters(stat, round);
    });
  }

 private:
  void EmitCpus(const KernelStat& stat, Emitter& emit) {
    const std::optional<double> usage = cpus_.Update(stat.cpus);
    for (const auto& [cpu, ticks] : cpus_.cpus()) {
      for (std::size_t mode = 0; mode < kModeNames.size(); ++mode) {
        emit.Add(seconds_, {cpu, kModeNames[mode]}, Seconds(ticks[mode]));
      }
      emit.Add(guest_seconds_, {cpu, "user"}, Seconds(ticks[kGuest]));
      emit.Add(guest_seconds_, {cpu, "nice"}, Seconds(ticks[kGuestNice]));
    }
    if (usage) emit.Add(usage_, *usage);
    if (!cpus_.cpus().empty()) emit.Add(count_, static_cast<double>(cpus_.cpus().size()));
  }

  void EmitCounters(const KernelStat& stat, Round& round) {
    EmitIfThere(interrupts_, stat.interrupts, round.emit);
    EmitIfThere(context_switches_, stat.context_switches, round.emit);
    EmitIfThere(forks_, stat.forks, round.emit);
    EmitIfThere(boot_time_, stat.boot_time, round.emit);
    EmitIfThere(running_, stat.running, round.emit);
    EmitIfThere(blocked_, stat.blocked, round.emit);
    if (!stat.boot_time) return;
    round.emit.Add(uptime_, ToUnixSeconds(round.now) - static_cast<double>(*stat.boot_time));
  }

  static void EmitIfThere(const Family& family, std::optional<std::uint64_t> value, Emitter& emit) {
    if (value) emit.Add(family, static_cast<double>(*value));
  }
  static double Seconds(std::uint64_t ticks) {
    return static_cast<double>(ticks) / kTicksPerSecond;
  }

  KernelFile file_;
  CpuAccounting cpus_;

  const Family seconds_{"node_cpu_seconds_total",
                        MetricType::kCounter,
                        "Seconds that each CPU spent in each mode.",
                        {"cpu", "mode"}};
  const Family guest_seconds_{
      "node_cpu_guest_seconds_total",
      MetricType::kCounter,
      "Seconds that each CPU spent running virtual machines; part of user and nice too.",
      {"cpu", "mode"}};
  const Family interrupts_{"node_intr_total", MetricType::kCounter,
                           "Interrupts serviced since boot."};
  const Family context_switches_{"node_context_switches_total", MetricType::kCounter,
                                 "Context switches since boot."};
  const Family forks_{"node_forks_total", MetricType::kCounter,
                      "Processes and threads created since boot."};
  const Family boot_time_{"node_boot_time_seconds", MetricType::kGauge,
                          "When the host booted, in seconds since 1970."};
  const Family running_{"node_procs_running", MetricType::kGauge,
                        "Tasks that run or are ready to run."};
  const Family blocked_{"node_procs_blocked", MetricType::kGauge,
                        "Tasks that wait for I/O to complete."};
  const Family usage_ =
      Family::Dotted("system.cpu.usage", MetricType::kGauge,
                     "Percentage of CPU time spent neither idle nor waiting for I/O since the "
                     "collection before, over all CPUs.");
  const Family count_ =
      Family::Dotted("system.cpu.count", MetricType::kGauge, "CPUs that are online.");
  const Family uptime_ =
      Family::Dotted("system.uptime", MetricType::kGauge, "Seconds since the host booted.");
};

}  // namespace

std::unique_ptr<Source> MakeStatSource(const HostPaths& paths) {
  return std::make_unique<StatSource>(paths);
}

}  // namespace tocsin::host
