#include "exporter/host/sources.h"

#include <unistd.h>

#include <utility>

namespace tocsin::host {

std::vector<std::unique_ptr<Source>> MakeSources(const HostPaths& paths) {
  std::vector<std::unique_ptr<Source>> sources;
  sources.push_back(MakeStatSource(paths));
  sources.push_back(MakeLoadSource(paths, sysconf(_SC_NPROCESSORS_ONLN)));
  sources.push_back(MakeMemorySource(paths));
  sources.push_back(MakeVmstatSource(paths));
  sources.push_back(MakePressureSource(paths));
  sources.push_back(MakeSchedstatSource(paths));
  sources.push_back(MakeDiskSource(paths));
  sources.push_back(MakeFilesystemSource(paths));
  sources.push_back(MakeNetdevSource(paths));
  sources.push_back(MakeNetclassSource(paths));
  sources.push_back(MakeNetstatSource(paths));
  sources.push_back(MakeSockstatSource(paths));
  sources.push_back(MakeSoftnetSource(paths));
  sources.push_back(MakeArpSource(paths));
  sources.push_back(MakeUdpQueuesSource(paths));
  sources.push_back(MakeConntrackSource(paths));
  sources.push_back(MakeEntropySource(paths));
  sources.push_back(MakeFilefdSource(paths));
  sources.push_back(MakeProcessesSource(paths));
  sources.push_back(MakeHwmonSource(paths));
  sources.push_back(MakeTimeSource());
  sources.push_back(MakeTimexSource(&::adjtimex));
  sources.push_back(MakeUnameSource());
  sources.push_back(MakeOsSource(paths));
  return sources;
}

}  // namespace tocsin::host
