// /proc/diskstats: I/O of each disk, and from the same reading system.disk.{read,write}_bytes of
// all.
#include <fmt/core.h>
#include <re2/re2.h>

#include <array>
#include <map>

#include "exporter/host/device_counters.h"
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

// Memory disks, loop devices, floppies and partitions are left out: what happens on a partition is
// counted on its disk. node_exporter's default.
constexpr const char* kIgnoredDisks = R"((z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+)";

// Of /proc/diskstats, whatever the disk's own.
constexpr double kSectorBytes = 512;
constexpr std::uint64_t kSectorBytesExact = 512;
constexpr double kSecondsPerMillisecond = 0.001;

constexpr std::size_t kSectorsRead = 2;
constexpr std::size_t kSectorsWritten = 6;

// One family of the sixteen that differ only in this.
struct CounterFamily {
  CounterFamily(double factor, std::string_view name, std::string_view help,
                MetricType type = MetricType::kCounter)
      : scale(factor), family(name, type, help, {"device"}) {}
  double scale;
  Family family;
};

// What does not change while a disk is there.
struct DiskDescription {
  std::string major, minor;
  Properties udev;
};

// Device mapper and RAID devices lie on top of disks: their I/O is counted there already.
bool IsStacked(std::string_view device) {
  return device.starts_with("dm-") || device.starts_with("md");
}

class DiskSource final : public Source {
 public:
  explicit DiskSource(const HostPaths& paths)
      : file_(JoinPath(paths.procfs, "diskstats")),
        udev_folder_(JoinPath(paths.rootfs, "run/udev/data")),
        ignored_(kIgnoredDisks) {}

  std::string_view name() const override { return "diskstats"; }

  Status Collect(Round& round) override {
    return ReadFile(file_, round, ParseDiskstats, [&](const std::vector<DiskCounters>& disks) {
      totals_.Begin(round.monotonic);
      for (const DiskCounters& disk : disks) {
        if (IsIgnored(disk.device)) continue;
        EmitDisk(disk, round.emit);
        if (IsStacked(disk.device)) continue;
        totals_.Add(disk.device, {disk.counters[kSectorsRead] * kSectorBytesExact,
                                  disk.counters[kSectorsWritten] * kSectorBytesExact});
      }
      totals_.End();
      EmitTotals(round.emit);
    });
  }

 private:
  bool IsIgnored(std::string_view device) const {
    return RE2::FullMatch(re2::StringPiece(device.data(), device.size()), ignored_);
  }

  void EmitDisk(const DiskCounters& disk, Emitter& emit) {
    for (std::size_t i = 0; i < disk.count; ++i) {
      emit.Add(families_[i].family, {disk.device},
               static_cast<double>(disk.counters[i]) * families_[i].scale);
    }
    const DiskDescription& description = Describe(disk);
    emit.Add(info_,
             {disk.device, description.major, description.minor, Udev(description, "ID_PATH"),
              Udev(description, "ID_WWN"), Udev(description, "ID_MODEL"),
              Udev(description, "ID_SERIAL_SHORT"), Udev(description, "ID_REVISION")},
             1);
  }

  // Looked up once a disk: udev writes its entry when the disk appears.
  const DiskDescription& Describe(const DiskCounters& disk) {
    auto found = descriptions_.find(disk.device);
    const std::string major = std::to_string(disk.major);
    const std::string minor = std::to_string(disk.minor);
    if (found != descriptions_.end() && found->second.major == major &&
        found->second.minor == minor) {
      return found->second;
    }
    std::string text;
    KernelFile entry(JoinPath(udev_folder_, fmt::format("b{}:{}", major, minor)));
    const Result<Contents> contents = entry.Read(&text);
    // Without udev, or the right to read what it knows, the disk merely has fewer labels.
    const bool known = contents.ok() && contents->has_value();
    return descriptions_
        .insert_or_assign(
            std::string(disk.device),
            DiskDescription{major, minor, known ? ParseUdevEntry(**contents) : Properties()})
        .first->second;
  }

  static std::string_view Udev(const DiskDescription& description, std::string_view name) {
    auto found = description.udev.find(name);
    return found == description.udev.end() ? std::string_view() : found->second;
  }

  void EmitTotals(Emitter& emit) {
    emit.Add(read_total_, static_cast<double>(totals_.totals()[0]));
    emit.Add(write_total_, static_cast<double>(totals_.totals()[1]));
    if (const std::optional<double> rate = totals_.TotalRate(0)) emit.Add(read_rate_, *rate);
    if (const std::optional<double> rate = totals_.TotalRate(1)) emit.Add(write_rate_, *rate);
  }

  KernelFile file_;
  const std::string udev_folder_;
  const RE2 ignored_;
  std::map<std::string, DiskDescription, std::less<>> descriptions_;
  DeviceCounters<2> totals_;  // bytes read, bytes written

  // In the order of the file.
  const std::array<CounterFamily, kDiskCounters> families_ = {
      CounterFamily(1, "node_disk_reads_completed_total", "Reads that completed."),
      CounterFamily(1, "node_disk_reads_merged_total", "Reads that were joined with another."),
      CounterFamily(kSectorBytes, "node_disk_read_bytes_total", "Bytes read."),
      CounterFamily(kSecondsPerMillisecond, "node_disk_read_time_seconds_total",
                    "Seconds that all reads took together."),
      CounterFamily(1, "node_disk_writes_completed_total", "Writes that completed."),
      CounterFamily(1, "node_disk_writes_merged_total", "Writes that were joined with another."),
      CounterFamily(kSectorBytes, "node_disk_written_bytes_total", "Bytes written."),
      CounterFamily(kSecondsPerMillisecond, "node_disk_write_time_seconds_total",
                    "Seconds that all writes took together."),
      CounterFamily(1, "node_disk_io_now", "Requests under way.", MetricType::kGauge),
      CounterFamily(kSecondsPerMillisecond, "node_disk_io_time_seconds_total",
                    "Seconds in which at least one request was under way."),
      CounterFamily(kSecondsPerMillisecond, "node_disk_io_time_weighted_seconds_total",
                    "Seconds of requests under way, each counted for itself."),
      CounterFamily(1, "node_disk_discards_completed_total", "Discards that completed."),
      CounterFamily(1, "node_disk_discards_merged_total",
                    "Discards that were joined with another."),
      CounterFamily(1, "node_disk_discarded_sectors_total", "Sectors of 512 bytes discarded."),
      CounterFamily(kSecondsPerMillisecond, "node_disk_discard_time_seconds_total",
                    "Seconds that all discards took together."),
      CounterFamily(1, "node_disk_flush_requests_total", "Flushes that completed."),
      CounterFamily(kSecondsPerMillisecond, "node_disk_flush_requests_time_seconds_total",
                    "Seconds that all flushes took together."),
  };
  const Family info_{"node_disk_info",
                     MetricType::kGauge,
                     "What udev knows of each disk; always 1.",
                     {"device", "major", "minor", "path", "wwn", "model", "serial", "revision"}};

  const Family read_rate_ =
      Family::Dotted("system.disk.read_bytes", MetricType::kGauge,
                     "Bytes read from all disks per second, since the collection before.");
  const Family write_rate_ =
      Family::Dotted("system.disk.write_bytes", MetricType::kGauge,
                     "Bytes written to all disks per second, since the collection before.");
  const Family read_total_ = Family::Dotted("system.disk.read_bytes_total", MetricType::kCounter,
                                            "Bytes read from all disks.");
  const Family write_total_ = Family::Dotted("system.disk.write_bytes_total", MetricType::kCounter,
                                             "Bytes written to all disks.");
};

}  // namespace

std::unique_ptr<Source> MakeDiskSource(const HostPaths& paths) {
  return std::make_unique<DiskSource>(paths);
}

}  // namespace tocsin::host
