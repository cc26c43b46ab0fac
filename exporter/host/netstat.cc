// /proc/net/{snmp,netstat,snmp6}: counters of the network protocols.
#include <fmt/core.h>
#include <re2/re2.h>

#include <array>

#include "exporter/host/field_families.h"
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

// Of several hundred counters, those that node_exporter takes by default.
constexpr const char* kWanted =
    "\\w+_(InErrors|InErrs)"
    "|Ip_Forwarding"
    "|(Ip6|IpExt)_(In|Out)Octets"
    "|Icmp6?_(In|Out)Msgs"
    "|TcpExt_(Listen\\w*|Syncookies\\w*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)"
    "|Tcp_(ActiveOpens|PassiveOpens|CurrEstab|InSegs|OutSegs|OutRsts|RetransSegs)"
    "|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors)";

class NetstatSource final : public Source {
 public:
  explicit NetstatSource(const HostPaths& paths)
      : snmp_(JoinPath(paths.procfs, "net/snmp")),
        netstat_(JoinPath(paths.procfs, "net/netstat")),
        snmp6_(JoinPath(paths.procfs, "net/snmp6")),
        wanted_(kWanted),
        families_([this](std::string_view field) { return MakeFamily(field); }) {}

  std::string_view name() const override { return "netstat"; }

  Status Collect(Round& round) override {
    const auto emit = [&](const std::vector<ProtocolField>& fields) { Emit(fields, round.emit); };
    Status status = ReadFile(snmp_, round, ParseNetstat, emit);
    if (status) status = ReadFile(netstat_, round, ParseNetstat, emit);
    if (status) status = ReadFile(snmp6_, round, ParseSnmp6, emit);
    return status;
  }

 private:
  std::unique_ptr<const Family> MakeFamily(std::string_view field) const {
    if (!RE2::FullMatch(re2::StringPiece(field.data(), field.size()), wanted_)) return nullptr;
    return std::make_unique<const Family>(
        MapMetricName(fmt::format("node_netstat_{}", field)), MetricType::kUnknown,
        fmt::format("{} of the kernel's network statistics.", field));
  }

  void Emit(const std::vector<ProtocolField>& fields, Emitter& emit) {
    for (const ProtocolField& field : fields) {
      name_.assign(field.protocol).append("_").append(field.name);
      if (const Family* family = families_.Find(name_)) emit.Add(*family, field.value);
    }
  }

  KernelFile snmp_;
  KernelFile netstat_;
  KernelFile snmp6_;
  const RE2 wanted_;
  FieldFamilies families_;
  std::string name_;  // reused
};

}  // namespace

std::unique_ptr<Source> MakeNetstatSource(const HostPaths& paths) {
  return std::make_unique<NetstatSource>(paths);
}

}  // namespace tocsin::host
