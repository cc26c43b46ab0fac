// /proc/net/udp and udp6: bytes that wait in the queues of all UDP sockets.
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

class UdpQueuesSource final : public Source {
 public:
  explicit UdpQueuesSource(const HostPaths& paths)
      : v4_(JoinPath(paths.procfs, "net/udp")), v6_(JoinPath(paths.procfs, "net/udp6")) {}

  std::string_view name() const override { return "udp_queues"; }

  Status Collect(Round& round) override {
    const Status status = Emit(v4_, "v4", round);
    return status ? Emit(v6_, "v6", round) : status;
  }

 private:
  Status Emit(KernelFile& file, std::string_view version, Round& round) {
    return ReadFile(file, round, ParseUdpQueues, [&](const QueuedBytes& queued) {
      round.emit.Add(queues_, {"tx", version}, queued.transmit);
      round.emit.Add(queues_, {"rx", version}, queued.receive);
    });
  }

  KernelFile v4_;
  KernelFile v6_;
  const Family queues_{"node_udp_queues",
                       MetricType::kGauge,
                       "Bytes that wait in the queues of UDP sockets.",
                       {"queue", "ip"}};
};

}  // namespace

std::unique_ptr<Source> MakeUdpQueuesSource(const HostPaths& paths) {
  return std::make_unique<UdpQueuesSource>(paths);
}

}  // namespace tocsin::host
