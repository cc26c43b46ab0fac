// Any bytes as any of the files that the host collector reads: they are read or refused with one
// line that says why, and what was read keeps what procfs.h promises.
#include "exporter/host/procfs.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"

namespace tocsin::host {
namespace {

template <typename T>
bool ReadOrRefused(const Result<T>& result) {
  if (!result.ok()) {
    CHECK(!result.message().empty());
    CHECK(result.message().find('\n') == std::string::npos);
  }
  return result.ok();
}

bool IsWithin(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void Kernel(std::string_view text) {
  if (const auto stat = ParseStat(text); ReadOrRefused(stat)) {
    for (const CpuTimes& times : stat->cpus) {
      CHECK(!times.cpu.empty() && IsWithin(times.cpu, text));
    }
  }
  ReadOrRefused(ParseLoadAverage(text));
  if (const auto fields = ParseMeminfo(text); ReadOrRefused(fields)) {
    for (const MemoryField& field : *fields) {
      CHECK(IsWithin(field.name, text) && std::isfinite(field.value));
    }
  }
  if (const auto fields = ParseVmstat(text); ReadOrRefused(fields)) {
    for (const Field& field : *fields) CHECK(!field.name.empty() && std::isfinite(field.value));
  }
  ReadOrRefused(ParsePressure(text));
  ReadOrRefused(ParseSchedstat(text));
  ReadOrRefused(ParseFileNr(text));
  ReadOrRefused(ParseNumberFile(text));
}

void CheckFields(const Result<std::vector<ProtocolField>>& fields, std::string_view text) {
  if (!ReadOrRefused(fields)) return;
  for (const ProtocolField& field : *fields) {
    CHECK(!field.protocol.empty() && IsWithin(field.protocol, text));
    CHECK(!field.name.empty() && IsWithin(field.name, text));
  }
}

void Network(std::string_view text) {
  if (const auto interfaces = ParseNetDev(text); ReadOrRefused(interfaces)) {
    for (const InterfaceCounters& interface : *interfaces) CHECK(!interface.device.empty());
  }
  CheckFields(ParseSockstat(text), text);
  CheckFields(ParseNetstat(text), text);
  CheckFields(ParseSnmp6(text), text);
  ReadOrRefused(ParseSoftnet(text));
  if (const auto entries = ParseArp(text); ReadOrRefused(entries)) {
    for (const auto& [device, count] : *entries) CHECK(!device.empty() && count > 0);
  }
  ReadOrRefused(ParseUdpQueues(text));
}

void Disks(std::string_view text) {
  if (const auto disks = ParseDiskstats(text); ReadOrRefused(disks)) {
    for (const DiskCounters& disk : *disks) {
      CHECK(!disk.device.empty() && disk.count >= 11 && disk.count <= kDiskCounters);
    }
  }
  if (const auto mounts = ParseMountinfo(text); ReadOrRefused(mounts)) {
    for (const Mount& mount : *mounts) CHECK(mount.mountpoint.size() <= text.size());
  }
  for (const Properties& properties : {ParseOsRelease(text), ParseUdevEntry(text)}) {
    for (const auto& [name, value] : properties) {
      CHECK(name.size() + value.size() < text.size());
    }
  }
  if (const auto file = ParseSensorFile(text)) {
    CHECK(file->sensor.starts_with(file->kind));
    CHECK(text.starts_with(file->sensor) && text.ends_with(file->element));
  }
}

}  // namespace
}  // namespace tocsin::host

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tocsin::host::Kernel(text);
  tocsin::host::Network(text);
  tocsin::host::Disks(text);
  return 0;
}
