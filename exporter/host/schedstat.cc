// /proc/schedstat: how long tasks ran, and waited to run, on each CPU.
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

class SchedstatSource final : public Source {
 public:
  explicit SchedstatSource(const HostPaths& paths) : file_(JoinPath(paths.procfs, "schedstat")) {}

  std::string_view name() const override { return "schedstat"; }

  Status Collect(Round& round) override {
    return ReadFile(file_, round, ParseSchedstat, [&](const std::vector<CpuSchedule>& schedules) {
      for (const CpuSchedule& schedule : schedules) {
        round.emit.Add(running_, {schedule.cpu}, schedule.running_seconds);
        round.emit.Add(waiting_, {schedule.cpu}, schedule.waiting_seconds);
        round.emit.Add(timeslices_, {schedule.cpu}, schedule.timeslices);
      }
    });
  }

 private:
  KernelFile file_;

  const Family running_{"node_schedstat_running_seconds_total",
                        MetricType::kCounter,
                        "Seconds that tasks ran on each CPU.",
                        {"cpu"}};
  const Family waiting_{"node_schedstat_waiting_seconds_total",
                        MetricType::kCounter,
                        "Seconds that tasks were ready and waited for each CPU.",
                        {"cpu"}};
  const Family timeslices_{"node_schedstat_timeslices_total",
                           MetricType::kCounter,
                           "Slices of time given to tasks on each CPU.",
                           {"cpu"}};
};

}  // namespace

std::unique_ptr<Source> MakeSchedstatSource(const HostPaths& paths) {
  return std::make_unique<SchedstatSource>(paths);
}

}  // namespace tocsin::host
