// What the files of /proc (and a few others) say: pure functions from text to plain values. Views
// in the results lie in the text that was given.
//
// Each takes any bytes. Lines that a newer kernel may add are passed over; a line that should be
// known and does not read as expected is an error that names it.
// https://www.kernel.org/doc/html/latest/filesystems/proc.html
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tocsin::host {

// /proc/stat. Ticks are of 1/100 s (USER_HZ).
enum CpuMode { kUser, kNice, kSystem, kIdle, kIowait, kIrq, kSoftirq, kSteal, kGuest, kGuestNice };
inline constexpr std::size_t kCpuModes = 10;
using CpuTicks = std::array<std::uint64_t, kCpuModes>;
struct CpuTimes {
  std::string_view cpu;  // "0"
  CpuTicks ticks{};      // modes that an old kernel does not list are 0
};
struct KernelStat {
  std::vector<CpuTimes> cpus;
  std::optional<std::uint64_t> interrupts, context_switches, boot_time, forks, running, blocked;
};
Result<KernelStat> ParseStat(std::string_view text);

// /proc/loadavg.
struct LoadAverage {
  std::array<double, 3> load{};  // over 1, 5 and 15 minutes
  std::uint64_t threads = 0;     // that exist now
};
Result<LoadAverage> ParseLoadAverage(std::string_view text);

// /proc/meminfo.
struct MemoryField {
  std::string_view name;  // "Active(anon)"
  double value = 0;
  bool bytes = false;  // else a plain number
};
Result<std::vector<MemoryField>> ParseMeminfo(std::string_view text);

struct Field {
  std::string_view name;
  double value = 0;
};
// /proc/vmstat.
Result<std::vector<Field>> ParseVmstat(std::string_view text);

// One of /proc/pressure/*: seconds that some, or all, tasks have waited.
struct Pressure {
  std::optional<double> some_seconds, full_seconds;
};
Result<Pressure> ParsePressure(std::string_view text);

// /proc/schedstat.
struct CpuSchedule {
  std::string_view cpu;
  double running_seconds = 0, waiting_seconds = 0, timeslices = 0;
};
Result<std::vector<CpuSchedule>> ParseSchedstat(std::string_view text);

// /proc/sys/fs/file-nr.
struct FileHandles {
  double allocated = 0, maximum = 0;
};
Result<FileHandles> ParseFileNr(std::string_view text);

// A file that holds one whole number.
Result<double> ParseNumberFile(std::string_view text);

// /proc/net/dev: receive bytes packets errs drop fifo frame compressed multicast, then transmit
// bytes packets errs drop fifo colls carrier compressed.
inline constexpr std::size_t kInterfaceCounters = 16;
struct InterfaceCounters {
  std::string_view device;
  std::array<std::uint64_t, kInterfaceCounters> counters{};
};
Result<std::vector<InterfaceCounters>> ParseNetDev(std::string_view text);

struct ProtocolField {
  std::string_view protocol;  // "TcpExt"
  std::string_view name;      // "ListenDrops"
  double value = 0;
};
// /proc/net/sockstat and sockstat6; the line "sockets: used 15" is the protocol "sockets".
Result<std::vector<ProtocolField>> ParseSockstat(std::string_view text);
// /proc/net/netstat and snmp: a line of names, then one of values.
Result<std::vector<ProtocolField>> ParseNetstat(std::string_view text);
// /proc/net/snmp6: "Ip6InReceives 1".
Result<std::vector<ProtocolField>> ParseSnmp6(std::string_view text);

// /proc/net/softnet_stat, one row a CPU. Columns that an old kernel does not have are absent.
struct SoftnetRow {
  std::uint64_t cpu = 0;
  std::uint64_t processed = 0, dropped = 0, squeezed = 0;
  std::optional<std::uint64_t> collisions, received_rps, flow_limited, backlog;
};
Result<std::vector<SoftnetRow>> ParseSoftnet(std::string_view text);

// /proc/net/arp: entries of each device.
Result<std::map<std::string_view, std::size_t>> ParseArp(std::string_view text);

// /proc/net/udp and udp6: bytes that wait in all sockets.
struct QueuedBytes {
  double transmit = 0, receive = 0;
};
Result<QueuedBytes> ParseUdpQueues(std::string_view text);

// /proc/diskstats: reads completed, merged, sectors, ms; writes the same; I/Os in flight, ms busy,
// ms weighted; since 4.18 discards completed, merged, sectors, ms; since 5.5 flushes completed, ms.
// https://www.kernel.org/doc/html/latest/admin-guide/iostats.html
inline constexpr std::size_t kDiskCounters = 17;
struct DiskCounters {
  std::string_view device;
  std::uint64_t major = 0, minor = 0;
  std::size_t count = 0;  // of the counters that this kernel has: 11, 15 or 17
  std::array<std::uint64_t, kDiskCounters> counters{};
};
Result<std::vector<DiskCounters>> ParseDiskstats(std::string_view text);

// /proc/<pid>/mountinfo, with its octal escapes undone.
// https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
struct Mount {
  std::string device;
  std::string mountpoint;
  std::string fstype;
  bool read_only = false;  // this mount of it, or the file system itself
  friend bool operator==(const Mount&, const Mount&) = default;
};
Result<std::vector<Mount>> ParseMountinfo(std::string_view text);

using Properties = std::map<std::string, std::string, std::less<>>;
// /etc/os-release: NAME=value lines with the shell's quotes undone. Lines of another form are
// passed over, since people edit this file. https://man7.org/linux/man-pages/man5/os-release.5.html
Properties ParseOsRelease(std::string_view text);
// The "E:NAME=value" lines of a device's entry under /run/udev/data.
Properties ParseUdevEntry(std::string_view text);

// The name of a sensor's file: temp1_crit_alarm is temp, temp1 and crit_alarm. Nothing for others.
// https://www.kernel.org/doc/html/latest/hwmon/sysfs-interface.html
struct SensorFile {
  std::string_view kind;     // "temp"
  std::string_view sensor;   // "temp1"
  std::string_view element;  // "crit_alarm"
};
std::optional<SensorFile> ParseSensorFile(std::string_view name);

}  // namespace tocsin::host
