// Tables of the kernel that can run full: open files, tracked connections, entropy.
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

struct NumberSpec {
  std::string path;
  std::string_view family;
  std::string_view help;
};

// Two files with one number each: what there is, and what there may be.
class NumbersSource final : public Source {
 public:
  NumbersSource(std::string_view name, const NumberSpec& used, const NumberSpec& limit)
      : name_(name), used_(used), limit_(limit) {}

  std::string_view name() const override { return name_; }

  Status Collect(Round& round) override {
    const Status status = used_.Emit(round);
    return status ? limit_.Emit(round) : status;
  }

 private:
  struct Number {
    explicit Number(const NumberSpec& spec)
        : file(spec.path), family(spec.family, MetricType::kGauge, spec.help) {}

    Status Emit(Round& round) {
      return ReadFile(file, round, ParseNumberFile,
                      [&](double value) { round.emit.Add(family, value); });
    }

    KernelFile file;
    const Family family;
  };

  const std::string_view name_;
  Number used_;
  Number limit_;
};

class FilefdSource final : public Source {
 public:
  explicit FilefdSource(const HostPaths& paths) : file_(JoinPath(paths.procfs, "sys/fs/file-nr")) {}

  std::string_view name() const override { return "filefd"; }

  Status Collect(Round& round) override {
    return ReadFile(file_, round, ParseFileNr, [&](const FileHandles& handles) {
      round.emit.Add(allocated_, handles.allocated);
      round.emit.Add(maximum_, handles.maximum);
    });
  }

 private:
  KernelFile file_;
  const Family allocated_{"node_filefd_allocated", MetricType::kGauge, "File handles in use."};
  const Family maximum_{"node_filefd_maximum", MetricType::kGauge,
                        "File handles that there may be."};
};

}  // namespace

std::unique_ptr<Source> MakeConntrackSource(const HostPaths& paths) {
  const std::string folder = JoinPath(paths.procfs, "sys/net/netfilter");
  return std::make_unique<NumbersSource>(
      "conntrack",
      NumberSpec{JoinPath(folder, "nf_conntrack_count"), "node_nf_conntrack_entries",
                 "Connections that are tracked."},
      NumberSpec{JoinPath(folder, "nf_conntrack_max"), "node_nf_conntrack_entries_limit",
                 "Connections that can be tracked."});
}

std::unique_ptr<Source> MakeEntropySource(const HostPaths& paths) {
  const std::string folder = JoinPath(paths.procfs, "sys/kernel/random");
  return std::make_unique<NumbersSource>(
      "entropy",
      NumberSpec{JoinPath(folder, "entropy_avail"), "node_entropy_available_bits",
                 "Bits of entropy that the kernel has."},
      NumberSpec{JoinPath(folder, "poolsize"), "node_entropy_pool_size_bits",
                 "Bits of entropy that the kernel's pool holds."});
}

std::unique_ptr<Source> MakeFilefdSource(const HostPaths& paths) {
  return std::make_unique<FilefdSource>(paths);
}

}  // namespace tocsin::host
