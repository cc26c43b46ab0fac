// /proc/net/softnet_stat: packets on their way from the drivers up, for each CPU.
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

class SoftnetSource final : public Source {
 public:
  explicit SoftnetSource(const HostPaths& paths)
      : file_(JoinPath(paths.procfs, "net/softnet_stat")) {}

  std::string_view name() const override { return "softnet"; }

  Status Collect(Round& round) override {
    return ReadFile(file_, round, ParseSoftnet, [&](const std::vector<SoftnetRow>& rows) {
      for (const SoftnetRow& row : rows) EmitRow(row, round.emit);
    });
  }

 private:
  void EmitRow(const SoftnetRow& row, Emitter& emit) {
    const std::string cpu = std::to_string(row.cpu);
    const auto add = [&](const Family& family, std::optional<std::uint64_t> value) {
      if (value) emit.Add(family, {cpu}, static_cast<double>(*value));
    };
    add(processed_, row.processed);
    add(dropped_, row.dropped);
    add(squeezed_, row.squeezed);
    add(collisions_, row.collisions);
    add(received_rps_, row.received_rps);
    add(flow_limited_, row.flow_limited);
    add(backlog_, row.backlog);
  }

  KernelFile file_;

  const Family processed_{
      "node_softnet_processed_total", MetricType::kCounter, "Packets processed.", {"cpu"}};
  const Family dropped_{"node_softnet_dropped_total",
                        MetricType::kCounter,
                        "Packets dropped because the backlog was full.",
                        {"cpu"}};
  const Family squeezed_{"node_softnet_times_squeezed_total",
                         MetricType::kCounter,
                         "Times that processing ran out of its budget with packets left.",
                         {"cpu"}};
  const Family collisions_{"node_softnet_cpu_collision_total",
                           MetricType::kCounter,
                           "Times that a transmit lock was held by another CPU.",
                           {"cpu"}};
  const Family received_rps_{"node_softnet_received_rps_total",
                             MetricType::kCounter,
                             "Times that another CPU asked for packets to be processed here.",
                             {"cpu"}};
  const Family flow_limited_{"node_softnet_flow_limit_count_total",
                             MetricType::kCounter,
                             "Packets dropped by the limit on large flows.",
                             {"cpu"}};
  const Family backlog_{
      "node_softnet_backlog_len", MetricType::kGauge, "Packets that wait in the backlog.", {"cpu"}};
};

}  // namespace

std::unique_ptr<Source> MakeSoftnetSource(const HostPaths& paths) {
  return std::make_unique<SoftnetSource>(paths);
}

}  // namespace tocsin::host
