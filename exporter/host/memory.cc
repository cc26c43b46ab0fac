// /proc/meminfo: every field, and from the same reading system.memory.* and system.swap.usage.
#include <fmt/core.h>

#include <algorithm>

#include "exporter/host/field_families.h"
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

// "Active(anon)" is Active_anon.
std::string FamilyName(std::string_view field) {
  std::string name(field);
  name.erase(std::remove(name.begin(), name.end(), ')'), name.end());
  return MapMetricName("node_memory_" + name);
}

std::unique_ptr<const Family> MakeBytesFamily(std::string_view field) {
  return std::make_unique<const Family>(FamilyName(field) + "_bytes", MetricType::kGauge,
                                        fmt::format("{} of /proc/meminfo, in bytes.", field));
}

std::unique_ptr<const Family> MakeCountFamily(std::string_view field) {
  return std::make_unique<const Family>(FamilyName(field), MetricType::kGauge,
                                        fmt::format("{} of /proc/meminfo, a number.", field));
}

class MemorySource final : public Source {
 public:
  explicit MemorySource(const HostPaths& paths) : file_(JoinPath(paths.procfs, "meminfo")) {}

  std::string_view name() const override { return "meminfo"; }

  Status Collect(Round& round) override {
    return ReadFile(file_, round, ParseMeminfo, [&](const std::vector<MemoryField>& fields) {
      for (const MemoryField& field : fields) {
        const Family* family = (field.bytes ? bytes_ : counts_).Find(field.name);
        round.emit.Add(*family, field.value);
      }
      EmitMemory(fields, round.emit);
      EmitSwap(fields, round.emit);
    });
  }

 private:
  static std::optional<double> Find(const std::vector<MemoryField>& fields, std::string_view name) {
    for (const MemoryField& field : fields) {
      if (field.name == name) return field.value;
    }
    return std::nullopt;
  }

  void EmitMemory(const std::vector<MemoryField>& fields, Emitter& emit) {
    const std::optional<double> total = Find(fields, "MemTotal");
    const std::optional<double> available = Find(fields, "MemAvailable");
    if (!total || !available || *total <= 0) return;
    emit.Add(total_, *total);
    emit.Add(available_, *available);
    emit.Add(used_, *total - *available);
    emit.Add(usage_, 100.0 * (*total - *available) / *total);
  }

  void EmitSwap(const std::vector<MemoryField>& fields, Emitter& emit) {
    const std::optional<double> total = Find(fields, "SwapTotal");
    const std::optional<double> free = Find(fields, "SwapFree");
    if (total && free && *total > 0) emit.Add(swap_usage_, 100.0 * (*total - *free) / *total);
  }

  KernelFile file_;
  FieldFamilies bytes_{MakeBytesFamily};
  FieldFamilies counts_{MakeCountFamily};

  const Family total_ =
      Family::Dotted("system.memory.total", MetricType::kGauge, "Memory in bytes.");
  const Family available_ =
      Family::Dotted("system.memory.available", MetricType::kGauge,
                     "Bytes of memory that programs can get without swapping.");
  const Family used_ = Family::Dotted("system.memory.used", MetricType::kGauge,
                                      "Bytes of memory that are not available.");
  const Family usage_ = Family::Dotted("system.memory.usage", MetricType::kGauge,
                                       "Percentage of memory that is not available.");
  const Family swap_usage_ =
      Family::Dotted("system.swap.usage", MetricType::kGauge, "Percentage of swap space in use.");
};

}  // namespace

std::unique_ptr<Source> MakeMemorySource(const HostPaths& paths) {
  return std::make_unique<MemorySource>(paths);
}

}  // namespace tocsin::host
