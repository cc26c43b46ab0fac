// /proc/pressure: how long tasks wait for CPU, memory, I/O and interrupts.
// https://www.kernel.org/doc/html/latest/accounting/psi.html
#include <optional>

#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

class PressureSource final : public Source {
 public:
  explicit PressureSource(const HostPaths& paths)
      : cpu_(JoinPath(paths.procfs, "pressure/cpu")),
        io_(JoinPath(paths.procfs, "pressure/io")),
        memory_(JoinPath(paths.procfs, "pressure/memory")),
        irq_(JoinPath(paths.procfs, "pressure/irq")) {}

  std::string_view name() const override { return "pressure"; }

  Status Collect(Round& round) override {
    // The CPU's "full" line is not meaningful for the whole host; interrupts have no "some" line.
    Status status = Emit(cpu_, &cpu_waiting_, nullptr, round);
    if (status) status = Emit(io_, &io_waiting_, &io_stalled_, round);
    if (status) status = Emit(memory_, &memory_waiting_, &memory_stalled_, round);
    if (status) status = Emit(irq_, nullptr, &irq_stalled_, round);
    return status;
  }

 private:
  static Status Emit(KernelFile& file, const Family* waiting, const Family* stalled, Round& round) {
    return ReadFile(file, round, ParsePressure, [&](const Pressure& pressure) {
      if (waiting && pressure.some_seconds) round.emit.Add(*waiting, *pressure.some_seconds);
      if (stalled && pressure.full_seconds) round.emit.Add(*stalled, *pressure.full_seconds);
    });
  }

  KernelFile cpu_;
  KernelFile io_;
  KernelFile memory_;
  KernelFile irq_;

  const Family cpu_waiting_{"node_pressure_cpu_waiting_seconds_total", MetricType::kCounter,
                            "Seconds in which some task waited for a CPU."};
  const Family io_waiting_{"node_pressure_io_waiting_seconds_total", MetricType::kCounter,
                           "Seconds in which some task waited for I/O."};
  const Family io_stalled_{"node_pressure_io_stalled_seconds_total", MetricType::kCounter,
                           "Seconds in which every task that could run waited for I/O."};
  const Family memory_waiting_{"node_pressure_memory_waiting_seconds_total", MetricType::kCounter,
                               "Seconds in which some task waited for memory."};
  const Family memory_stalled_{"node_pressure_memory_stalled_seconds_total", MetricType::kCounter,
                               "Seconds in which every task that could run waited for memory."};
  const Family irq_stalled_{"node_pressure_irq_stalled_seconds_total", MetricType::kCounter,
                            "Seconds in which tasks were held up by interrupts."};
};

}  // namespace

std::unique_ptr<Source> MakePressureSource(const HostPaths& paths) {
  return std::make_unique<PressureSource>(paths);
}

}  // namespace tocsin::host
