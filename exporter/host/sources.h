// All sources, each made by the file of its name. They read below the given paths.
#pragma once

#include <sys/timex.h>

#include <memory>
#include <vector>

#include "exporter/host/kernel_file.h"
#include "exporter/host/mount_prober.h"
#include "exporter/host/source.h"

namespace tocsin::host {

std::unique_ptr<Source> MakeStatSource(const HostPaths& paths);             // stat.cc
std::unique_ptr<Source> MakeLoadSource(const HostPaths& paths, long cpus);  // load.cc
std::unique_ptr<Source> MakeMemorySource(const HostPaths& paths);           // memory.cc
std::unique_ptr<Source> MakeVmstatSource(const HostPaths& paths);           // vmstat.cc
std::unique_ptr<Source> MakePressureSource(const HostPaths& paths);         // pressure.cc
std::unique_ptr<Source> MakeSchedstatSource(const HostPaths& paths);        // schedstat.cc
std::unique_ptr<Source> MakeDiskSource(const HostPaths& paths);             // disk.cc
std::unique_ptr<Source> MakeFilesystemSource(const HostPaths& paths);       // filesystem.cc
// With another way to ask a mount than the kernel's.
std::unique_ptr<Source> MakeFilesystemSource(const HostPaths& paths, AskMount ask,
                                             MountProber::Limits limits);
std::unique_ptr<Source> MakeNetdevSource(const HostPaths& paths);     // netdev.cc
std::unique_ptr<Source> MakeNetclassSource(const HostPaths& paths);   // netclass.cc
std::unique_ptr<Source> MakeNetstatSource(const HostPaths& paths);    // netstat.cc
std::unique_ptr<Source> MakeSockstatSource(const HostPaths& paths);   // sockstat.cc
std::unique_ptr<Source> MakeSoftnetSource(const HostPaths& paths);    // softnet.cc
std::unique_ptr<Source> MakeArpSource(const HostPaths& paths);        // arp.cc
std::unique_ptr<Source> MakeUdpQueuesSource(const HostPaths& paths);  // udp_queues.cc
std::unique_ptr<Source> MakeConntrackSource(const HostPaths& paths);  // limits.cc
std::unique_ptr<Source> MakeEntropySource(const HostPaths& paths);    // limits.cc
std::unique_ptr<Source> MakeFilefdSource(const HostPaths& paths);     // limits.cc
std::unique_ptr<Source> MakeProcessesSource(const HostPaths& paths);  // processes.cc
std::unique_ptr<Source> MakeHwmonSource(const HostPaths& paths);      // hwmon.cc
std::unique_ptr<Source> MakeTimeSource();                             // time.cc
// adjtimex(2), or what a test puts in its place.
using ReadClock = int (*)(timex*);
std::unique_ptr<Source> MakeTimexSource(ReadClock read_clock);  // time.cc
std::unique_ptr<Source> MakeUnameSource();                      // uname.cc
std::unique_ptr<Source> MakeOsSource(const HostPaths& paths);   // os_release.cc

// In the order in which they are collected.
std::vector<std::unique_ptr<Source>> MakeSources(const HostPaths& paths);

}  // namespace tocsin::host
