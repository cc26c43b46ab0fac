// /proc/vmstat: paging, swapping and the out-of-memory killer.
#include <fmt/core.h>

#include "exporter/host/field_families.h"
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

// The kernel counts nearly two hundred things here; node_exporter's default pattern takes these:
// oom_kill*, pgpg*, pswp* and pg*fault*.
bool IsWanted(std::string_view field) {
  return field.starts_with("oom_kill") || field.starts_with("pgpg") || field.starts_with("pswp") ||
         (field.starts_with("pg") && field.substr(2).find("fault") != std::string_view::npos);
}

std::unique_ptr<const Family> MakeVmstatFamily(std::string_view field) {
  if (!IsWanted(field)) return nullptr;
  return std::make_unique<const Family>(MapMetricName(fmt::format("node_vmstat_{}", field)),
                                        MetricType::kUnknown,
                                        fmt::format("{} of /proc/vmstat.", field));
}

class VmstatSource final : public Source {
 public:
  explicit VmstatSource(const HostPaths& paths) : file_(JoinPath(paths.procfs, "vmstat")) {}

  std::string_view name() const override { return "vmstat"; }

  Status Collect(Round& round) override {
    return ReadFile(file_, round, ParseVmstat, [&](const std::vector<Field>& fields) {
      for (const Field& field : fields) {
        if (const Family* family = families_.Find(field.name)) round.emit.Add(*family, field.value);
      }
    });
  }

 private:
  KernelFile file_;
  FieldFamilies families_{MakeVmstatFamily};
};

}  // namespace

std::unique_ptr<Source> MakeVmstatSource(const HostPaths& paths) {
  return std::make_unique<VmstatSource>(paths);
}

}  // namespace tocsin::host
