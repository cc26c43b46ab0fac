// /proc/net/sockstat and sockstat6: sockets in use, and their memory.
#include <fmt/core.h>
#include <unistd.h>

#include "exporter/host/field_families.h"
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

std::unique_ptr<const Family> MakeSockstatFamily(std::string_view field) {
  return std::make_unique<const Family>(MapMetricName(fmt::format("node_sockstat_{}", field)),
                                        MetricType::kGauge,
                                        fmt::format("{} of the kernel's sockets.", field));
}

class SockstatSource final : public Source {
 public:
  explicit SockstatSource(const HostPaths& paths)
      : v4_(JoinPath(paths.procfs, "net/sockstat")), v6_(JoinPath(paths.procfs, "net/sockstat6")) {}

  std::string_view name() const override { return "sockstat"; }

  Status Collect(Round& round) override {
    const auto emit = [&](const std::vector<ProtocolField>& fields) { Emit(fields, round.emit); };
    Status status = ReadFile(v4_, round, ParseSockstat, emit);
    if (status) status = ReadFile(v6_, round, ParseSockstat, emit);
    return status;
  }

 private:
  void Emit(const std::vector<ProtocolField>& fields, Emitter& emit) {
    for (const ProtocolField& field : fields) {
      name_.assign(field.protocol).append("_").append(field.name);
      emit.Add(*families_.Find(name_), field.value);
      if (field.name != "mem") continue;  // counted in pages
      emit.Add(*families_.Find(name_.append("_bytes")), field.value * page_bytes_);
    }
  }

  KernelFile v4_;
  KernelFile v6_;
  const double page_bytes_ = static_cast<double>(::sysconf(_SC_PAGESIZE));
  FieldFamilies families_{MakeSockstatFamily};
  std::string name_;  // reused
};

}  // namespace

std::unique_ptr<Source> MakeSockstatSource(const HostPaths& paths) {
  return std::make_unique<SockstatSource>(paths);
}

}  // namespace tocsin::host
