// /proc/loadavg: load averages under both namings.
#include <algorithm>
#include <array>

#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

class LoadSource final : public Source {
 public:
  LoadSource(const HostPaths& paths, long cpus)
      : cpus_(static_cast<double>(std::max(cpus, 1L))), file_(JoinPath(paths.procfs, "loadavg")) {}

  std::string_view name() const override { return "loadavg"; }

  Status Collect(Round& round) override {
    return ReadFile(file_, round, ParseLoadAverage, [&](const LoadAverage& average) {
      for (std::size_t i = 0; i < average.load.size(); ++i) {
        round.emit.Add(node_[i], average.load[i]);
        round.emit.Add(system_[i], average.load[i]);
      }
      round.emit.Add(average_, average.load[0]);
      round.emit.Add(per_cpu_, average.load[0] / cpus_);
    });
  }

 private:
  const double cpus_;
  KernelFile file_;

  const std::array<Family, 3> node_ = {
      Family("node_load1", MetricType::kGauge, "Load average over 1 minute."),
      Family("node_load5", MetricType::kGauge, "Load average over 5 minutes."),
      Family("node_load15", MetricType::kGauge, "Load average over 15 minutes.")};
  const std::array<Family, 3> system_ = {
      Family::Dotted("system.load.1m", MetricType::kGauge, "Load average over 1 minute."),
      Family::Dotted("system.load.5m", MetricType::kGauge, "Load average over 5 minutes."),
      Family::Dotted("system.load.15m", MetricType::kGauge, "Load average over 15 minutes.")};
  const Family average_ = Family::Dotted("system.load.average", MetricType::kGauge,
                                         "Load average over 1 minute, the same as system.load.1m.");
  const Family per_cpu_ =
      Family::Dotted("system.load.per_cpu", MetricType::kGauge,
                     "Load average over 1 minute, divided by the number of CPUs.");
};

}  // namespace

std::unique_ptr<Source> MakeLoadSource(const HostPaths& paths, long cpus) {
  return std::make_unique<LoadSource>(paths, cpus);
}

}  // namespace tocsin::host
