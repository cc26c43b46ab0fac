// /etc/os-release: which distribution the host runs. Opened anew in each round, since an upgrade
// replaces the file.
#include <array>

#include "base/number.h"
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

// Labels of node_os_info, and what os-release calls them.
struct OsField {
  std::string_view label;
  std::string_view property;
};
constexpr std::array<OsField, 12> kFields = {{{"build_id", "BUILD_ID"},
                                              {"id", "ID"},
                                              {"id_like", "ID_LIKE"},
                                              {"image_id", "IMAGE_ID"},
                                              {"image_version", "IMAGE_VERSION"},
                                              {"name", "NAME"},
                                              {"pretty_name", "PRETTY_NAME"},
                                              {"variant", "VARIANT"},
                                              {"variant_id", "VARIANT_ID"},
                                              {"version", "VERSION"},
                                              {"version_codename", "VERSION_CODENAME"},
                                              {"version_id", "VERSION_ID"}}};

std::string_view Get(const Properties& properties, std::string_view name) {
  auto found = properties.find(name);
  return found == properties.end() ? std::string_view() : found->second;
}

// "22.04.3" is 22.04; nothing where the version is not a number.
std::optional<double> MajorAndMinor(std::string_view version) {
  const std::size_t first = version.find('.');
  const std::size_t second =
      first == std::string_view::npos ? std::string_view::npos : version.find('.', first + 1);
  return ParseFloat(version.substr(0, second));
}

class OsSource final : public Source {
 public:
  explicit OsSource(const HostPaths& paths)
      : paths_{JoinPath(paths.rootfs, "etc/os-release"),
               JoinPath(paths.rootfs, "usr/lib/os-release")} {}

  std::string_view name() const override { return "os"; }

  Status Collect(Round& round) override {
    for (const std::string& path : paths_) {
      const Result<Contents> contents = KernelFile(path).Read(&round.buffer);
      if (!contents) return contents.error();
      if (!contents->has_value()) continue;
      Emit(ParseOsRelease(**contents), round.emit);
      break;
    }
    return Status();
  }

 private:
  void Emit(const Properties& properties, Emitter& emit) {
    std::array<std::string_view, kFields.size()> values;
    for (std::size_t i = 0; i < kFields.size(); ++i) {
      values[i] = Get(properties, kFields[i].property);
    }
    emit.Add(info_, values, 1);
    const std::optional<double> version = MajorAndMinor(Get(properties, "VERSION_ID"));
    if (!version) return;  // a rolling distribution
    emit.Add(version_, {Get(properties, "ID"), Get(properties, "ID_LIKE"), Get(properties, "NAME")},
             *version);
  }

  const std::array<std::string, 2> paths_;  // the second where there is no first

  const Family info_{"node_os_info",
                     MetricType::kGauge,
                     "The operating system, as os-release describes it; always 1.",
                     {kFields[0].label, kFields[1].label, kFields[2].label, kFields[3].label,
                      kFields[4].label, kFields[5].label, kFields[6].label, kFields[7].label,
                      kFields[8].label, kFields[9].label, kFields[10].label, kFields[11].label}};
  const Family version_{"node_os_version",
                        MetricType::kGauge,
                        "Version of the operating system as major.minor.",
                        {"id", "id_like", "name"}};
};

}  // namespace

std::unique_ptr<Source> MakeOsSource(const HostPaths& paths) {
  return std::make_unique<OsSource>(paths);
}

}  // namespace tocsin::host
