// Mounted file systems: how full they are, under both namings. The list comes from mountinfo, the
// figures from MountProber.
//
// mountinfo is read of process 1, since those are the host's mounts even where Tocsin runs in a
// container; where that may not be read, of Tocsin itself, where the host's mounts stand below
// rootfs. Either way they are shown as the host names them, and asked below rootfs.
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "exporter/host/mount_prober.h"
#include "exporter/host/procfs.h"
#include "exporter/host/sources.h"

namespace tocsin::host {
namespace {

// node_exporter's defaults: mount points of the system and of containers, and file systems that
// hold no files of users. (tmpfs stays: it fills up, and takes memory.)
constexpr const char* kIgnoredMountpoints =
    "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
constexpr std::array<std::string_view, 25> kIgnoredTypes = {
    "autofs",    "binfmt_misc", "bpf",   "cgroup",  "cgroup2",   "configfs",   "debugfs",
    "devpts",    "devtmpfs",    "erofs", "fusectl", "hugetlbfs", "iso9660",    "mqueue",
    "nsfs",      "overlay",     "proc",  "procfs",  "pstore",    "rpc_pipefs", "securityfs",
    "selinuxfs", "squashfs",    "sysfs", "tracefs"};

bool IsIgnoredType(std::string_view fstype) {
  return std::find(kIgnoredTypes.begin(), kIgnoredTypes.end(), fstype) != kIgnoredTypes.end();
}

// /host/home below /host is /home; a path that is not below it is the host's own already.
std::string_view StripPrefix(std::string_view path, std::string_view prefix) {
  while (!prefix.empty() && prefix.back() == '/') prefix.remove_suffix(1);
  if (!path.starts_with(prefix)) return path;
  const std::string_view rest = path.substr(prefix.size());
  if (rest.empty()) return "/";
  return rest.front() == '/' ? rest : path;
}

// As df shows it: the part of what users can fill; nothing for a file system without blocks.
std::optional<double> UsedPercent(const MountUsage& usage) {
  const double used = usage.size - usage.free;
  const double fillable = used + usage.available;
  if (fillable <= 0) return std::nullopt;
  return 100.0 * used / fillable;
}

class FilesystemSource final : public Source {
 public:
  FilesystemSource(const HostPaths& paths, AskMount ask, MountProber::Limits limits)
      : init_mounts_(JoinPath(paths.procfs, "1/mountinfo")),
        own_mounts_(JoinPath(paths.procfs, "self/mountinfo")),
        rootfs_(paths.rootfs),
        ignored_mountpoints_(kIgnoredMountpoints),
        prober_(std::move(ask), limits) {}

  std::string_view name() const override { return "filesystem"; }

  Status Collect(Round& round) override {
    Result<std::vector<Mount>> mounts = ReadMounts(round);
    if (!mounts) return mounts.error();
    // The root is always asked: in a container it is an overlay, which the list leaves out.
    std::vector<std::string> paths = {PathOf("/")};
    for (const Mount& mount : *mounts) paths.push_back(PathOf(mount.mountpoint));
    const auto answers = prober_.Probe(paths, round.monotonic);
    if (!answers) return answers.error();
    EmitRoot(answers->front(), round.emit);
    for (std::size_t i = 0; i < mounts->size(); ++i) {
      EmitMount((*mounts)[i], (*answers)[i + 1], round.emit);
    }
    return Status();
  }

 private:
  using Answer = std::optional<MountProber::Answer>;

  // Those that are shown, each once, named as the host names them.
  Result<std::vector<Mount>> ReadMounts(Round& round) {
    Result<Contents> contents = init_mounts_.Read(&round.buffer);
    const bool readable = contents.ok() && contents->has_value();
    KernelFile& file = readable ? init_mounts_ : own_mounts_;
    if (!readable) contents = file.Read(&round.buffer);
    if (!contents) return contents.error();
    if (!contents->has_value()) return std::vector<Mount>();
    Result<std::vector<Mount>> all = ParseMountinfo(**contents);
    if (!all) return Error{file.path() + ": " + all.message()};
    std::vector<Mount> shown;
    for (Mount& mount : *all) {
      mount.mountpoint = StripPrefix(mount.mountpoint, rootfs_);
      if (IsIgnored(mount) || IsKnown(shown, mount)) continue;
      shown.push_back(std::move(mount));
    }
    return shown;
  }

  bool IsIgnored(const Mount& mount) const {
    return IsIgnoredType(mount.fstype) || RE2::PartialMatch(mount.mountpoint, ignored_mountpoints_);
  }

  // Stacked mounts of one thing in one place.
  static bool IsKnown(const std::vector<Mount>& mounts, const Mount& mount) {
    return std::any_of(mounts.begin(), mounts.end(), [&mount](const Mount& other) {
      return other.mountpoint == mount.mountpoint && other.device == mount.device &&
             other.fstype == mount.fstype;
    });
  }

  std::string PathOf(std::string_view mountpoint) const { return JoinPath(rootfs_, mountpoint); }

  void EmitRoot(const Answer& answer, Emitter& emit) {
    if (!answer || answer->stuck || answer->mount.error != 0) return;
    const std::optional<double> percent = UsedPercent(answer->mount.usage);
    if (!percent) return;
    // No mountpoint: an empty label is none. And with one, since the root of a container is an
    // overlay, which the list of mounts leaves out: rules on mount points would not see it.
    emit.Add(usage_, {""}, *percent);
    emit.Add(usage_, {"/"}, *percent);
  }

  void EmitMount(const Mount& mount, const Answer& answer, Emitter& emit) {
    const std::array<std::string_view, 3> labels = {mount.device, mount.mountpoint, mount.fstype};
    emit.Add(read_only_, labels, mount.read_only ? 1 : 0);
    if (!answer) return;  // not known yet
    const bool failed = answer->stuck || answer->mount.error != 0;
    emit.Add(device_error_, labels, failed ? 1 : 0);
    if (failed) return;
    const MountUsage& usage = answer->mount.usage;
    emit.Add(size_, labels, usage.size);
    emit.Add(free_, labels, usage.free);
    emit.Add(available_, labels, usage.available);
    emit.Add(files_, labels, usage.files);
    emit.Add(files_free_, labels, usage.files_free);
    if (const auto percent = UsedPercent(usage)) emit.Add(usage_, {mount.mountpoint}, *percent);
  }

  static Family MountFamily(std::string_view name, std::string_view help) {
    return Family(name, MetricType::kGauge, help, {"device", "mountpoint", "fstype"});
  }

  KernelFile init_mounts_;
  KernelFile own_mounts_;
  const std::string rootfs_;
  const RE2 ignored_mountpoints_;
  MountProber prober_;

  const Family size_ = MountFamily("node_filesystem_size_bytes", "Size of the file system.");
  const Family free_ = MountFamily("node_filesystem_free_bytes", "Bytes that are free.");
  const Family available_ =
      MountFamily("node_filesystem_avail_bytes", "Bytes that are free to users other than root.");
  const Family files_ = MountFamily("node_filesystem_files", "Files that there may be.");
  const Family files_free_ =
      MountFamily("node_filesystem_files_free", "Files that there may be yet.");
  const Family read_only_ =
      MountFamily("node_filesystem_readonly", "1 where nothing can be written.");
  const Family device_error_ =
      MountFamily("node_filesystem_device_error",
                  "1 where the file system could not be asked or does not answer.");
  const Family usage_ = Family::Dotted(
      "system.disk.usage", MetricType::kGauge,
      "Percentage in use of what users can fill, as df shows it; without mountpoint, of the root.",
      {"mountpoint"});
};

}  // namespace

std::unique_ptr<Source> MakeFilesystemSource(const HostPaths& paths) {
  return MakeFilesystemSource(paths, AskKernel, MountProber::Limits());
}

std::unique_ptr<Source> MakeFilesystemSource(const HostPaths& paths, AskMount ask,
                                             MountProber::Limits limits) {
  return std::make_unique<FilesystemSource>(paths, std::move(ask), limits);
}

}  // namespace tocsin::host
