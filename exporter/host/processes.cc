// Numbers of processes and threads, and how many there may be. Processes are counted by their
// folders in /proc; their state would need a file of each to be read, which costs more than all
// else together, so node_processes_state is not served.
#include <algorithm>

#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

bool IsProcess(const char* name) {
  const std::string_view text = name;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class ProcessesSource final : public Source {
 public:
  explicit ProcessesSource(const HostPaths& paths)
      : folder_(paths.procfs),
        loadavg_(JoinPath(paths.procfs, "loadavg")),
        pid_max_(JoinPath(paths.procfs, "sys/kernel/pid_max")),
        threads_max_(JoinPath(paths.procfs, "sys/kernel/threads-max")) {}

  std::string_view name() const override { return "processes"; }

  Status Collect(Round& round) override {
    Status status = EmitCount(round.emit);
    if (status) status = EmitThreads(round);
    if (status) status = EmitLimit(pid_max_, max_processes_, round);
    if (status) status = EmitLimit(threads_max_, max_threads_, round);
    return status;
  }

 private:
  Status EmitCount(Emitter& emit) {
    std::size_t count = 0;
    const Result<bool> listed =
        folder_.ForEach([&count](const char* name) { count += IsProcess(name) ? 1 : 0; });
    if (!listed) return listed.error();
    if (count == 0) return Status();  // not a kernel's /proc
    emit.Add(pids_, static_cast<double>(count));
    emit.Add(count_, static_cast<double>(count));
    return Status();
  }

  Status EmitThreads(Round& round) {
    return ReadFile(loadavg_, round, ParseLoadAverage, [&](const LoadAverage& average) {
      round.emit.Add(threads_, static_cast<double>(average.threads));
    });
  }

  static Status EmitLimit(KernelFile& file, const Family& family, Round& round) {
    return ReadFile(file, round, ParseNumberFile,
                    [&](double value) { round.emit.Add(family, value); });
  }

  FolderLister folder_;
  KernelFile loadavg_;
  KernelFile pid_max_;
  KernelFile threads_max_;

  const Family pids_{"node_processes_pids", MetricType::kGauge, "Processes that exist."};
  const Family threads_{"node_processes_threads", MetricType::kGauge, "Threads that exist."};
  const Family max_processes_{"node_processes_max_processes", MetricType::kGauge,
                              "The largest process number, and so the most processes."};
  const Family max_threads_{"node_processes_max_threads", MetricType::kGauge,
                            "The most threads that there may be."};
  const Family count_ =
      Family::Dotted("system.process.count", MetricType::kGauge, "Processes that exist.");
};

}  // namespace

std::unique_ptr<Source> MakeProcessesSource(const HostPaths& paths) {
  return std::make_unique<ProcessesSource>(paths);
}

}  // namespace tocsin::host
