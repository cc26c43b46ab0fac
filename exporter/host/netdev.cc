// /proc/net/dev: traffic of each interface, and from the same reading system.network.*.
#include <array>

#include "exporter/host/device_counters.h"
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

Family DeviceCounter(std::string_view name, std::string_view help) {
  return Family(name, MetricType::kCounter, help, {"device"});
}

// Columns of the file.
constexpr std::size_t kReceiveBytes = 0;
constexpr std::size_t kReceiveErrors = 2;
constexpr std::size_t kTransmitBytes = 8;
constexpr std::size_t kTransmitErrors = 10;

class NetdevSource final : public Source {
 public:
  explicit NetdevSource(const HostPaths& paths) : file_(JoinPath(paths.procfs, "net/dev")) {}

  std::string_view name() const override { return "netdev"; }

  Status Collect(Round& round) override {
    return ReadFile(file_, round, ParseNetDev,
                    [&](const std::vector<InterfaceCounters>& interfaces) {
                      traffic_.Begin(round.monotonic);
                      errors_.Begin(round.monotonic);
                      for (const InterfaceCounters& interface : interfaces) {
                        EmitInterface(interface, round.emit);
                      }
                      traffic_.End();
                      errors_.End();
                      EmitTotals(round.emit);
                    });
  }

 private:
  void EmitInterface(const InterfaceCounters& interface, Emitter& emit) {
    const auto& counters = interface.counters;
    for (std::size_t i = 0; i < counters.size(); ++i) {
      emit.Add(families_[i], {interface.device}, static_cast<double>(counters[i]));
    }
    // What a host says to itself is not traffic of the network.
    if (interface.device == "lo") return;
    traffic_.Add(interface.device, {counters[kReceiveBytes], counters[kTransmitBytes]});
    const auto grown =
        errors_.Add(interface.device, {counters[kReceiveErrors] + counters[kTransmitErrors]});
    const std::optional<double> rate = grown ? errors_.Rate(grown->front()) : std::nullopt;
    if (rate) emit.Add(error_rate_, {interface.device}, *rate);
  }

  void EmitTotals(Emitter& emit) {
    emit.Add(received_total_, static_cast<double>(traffic_.totals()[0]));
    emit.Add(sent_total_, static_cast<double>(traffic_.totals()[1]));
    if (const std::optional<double> rate = traffic_.TotalRate(0)) emit.Add(received_rate_, *rate);
    if (const std::optional<double> rate = traffic_.TotalRate(1)) emit.Add(sent_rate_, *rate);
  }

  KernelFile file_;
  DeviceCounters<2> traffic_;  // bytes received, bytes sent
  DeviceCounters<1> errors_;   // of both directions

  // In the order of the file.
  const std::array<Family, kInterfaceCounters> families_ = {
      DeviceCounter("node_network_receive_bytes_total", "Bytes received."),
      DeviceCounter("node_network_receive_packets_total", "Packets received."),
      DeviceCounter("node_network_receive_errs_total", "Packets received with an error."),
      DeviceCounter("node_network_receive_drop_total", "Packets received and dropped."),
      DeviceCounter("node_network_receive_fifo_total", "Overruns of the receive queue."),
      DeviceCounter("node_network_receive_frame_total", "Packets received with a framing error."),
      DeviceCounter("node_network_receive_compressed_total", "Compressed packets received."),
      DeviceCounter("node_network_receive_multicast_total", "Multicast packets received."),
      DeviceCounter("node_network_transmit_bytes_total", "Bytes sent."),
      DeviceCounter("node_network_transmit_packets_total", "Packets sent."),
      DeviceCounter("node_network_transmit_errs_total", "Packets that could not be sent."),
      DeviceCounter("node_network_transmit_drop_total", "Packets dropped before they were sent."),
      DeviceCounter("node_network_transmit_fifo_total", "Underruns of the transmit queue."),
      DeviceCounter("node_network_transmit_colls_total", "Collisions seen while sending."),
      DeviceCounter("node_network_transmit_carrier_total", "Losses of the carrier while sending."),
      DeviceCounter("node_network_transmit_compressed_total", "Compressed packets sent."),
  };

  const Family received_rate_ = Family::Dotted(
      "system.network.bytes_recv", MetricType::kGauge,
      "Bytes received per second since the collection before, by all interfaces but loopback.");
  const Family sent_rate_ = Family::Dotted(
      "system.network.bytes_sent", MetricType::kGauge,
      "Bytes sent per second since the collection before, by all interfaces but loopback.");
  const Family received_total_ =
      Family::Dotted("system.network.bytes_recv_total", MetricType::kCounter,
                     "Bytes received by all interfaces but loopback.");
  const Family sent_total_ = Family::Dotted("system.network.bytes_sent_total", MetricType::kCounter,
                                            "Bytes sent by all interfaces but loopback.");
  const Family error_rate_ = Family::Dotted(
      "system.network.errors", MetricType::kGauge,
      "Errors of receiving and sending per second since the collection before.", {"device"});
};

}  // namespace

std::unique_ptr<Source> MakeNetdevSource(const HostPaths& paths) {
  return std::make_unique<NetdevSource>(paths);
}

}  // namespace tocsin::host
