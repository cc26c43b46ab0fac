// /proc/net/arp: known neighbours of each interface.
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

class ArpSource final : public Source {
 public:
  explicit ArpSource(const HostPaths& paths) : file_(JoinPath(paths.procfs, "net/arp")) {}

  std::string_view name() const override { return "arp"; }

  Status Collect(Round& round) override {
    return ReadFile(file_, round, ParseArp,
                    [&](const std::map<std::string_view, std::size_t>& entries) {
                      for (const auto& [device, count] : entries) {
                        round.emit.Add(entries_, {device}, static_cast<double>(count));
                      }
                    });
  }

 private:
  KernelFile file_;
  const Family entries_{
      "node_arp_entries", MetricType::kGauge, "Entries of the ARP table.", {"device"}};
};

}  // namespace

std::unique_ptr<Source> MakeArpSource(const HostPaths& paths) {
  return std::make_unique<ArpSource>(paths);
}

}  // namespace tocsin::host
