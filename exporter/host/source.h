// A source reads one part of the host (a kernel file, a folder of /sys, a system call) and emits
// the families that come of it. The list of all of them is in sources.cc.
//
// Owned by the HostCollector and called by the thread that collects, one at a time; a source keeps
// what it needs from one round to the next (open files, the last counters).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "exporter/host/emitter.h"
#include "exporter/host/kernel_file.h"

namespace tocsin::host {

// What a source is given in each round.
struct Round {
  Timestamp now;
  std::chrono::nanoseconds monotonic;  // for rates: not moved when the calendar clock is set
  Emitter& emit;
  std::string& buffer;  // for KernelFile::Read, shared by all sources
};

class Source {
 public:
  virtual ~Source() = default;
  // As node_exporter calls its collector of the same families.
  virtual std::string_view name() const = 0;
  // What the kernel does not offer is left out without an error. An error says that something is
  // there and could not be understood; what was emitted before it stays.
  virtual Status Collect(Round& round) = 0;
};

// What most sources are made of: reads `file`, parses it and, if it exists, gives the result to
// `use`.
template <typename Parse, typename Use>
Status ReadFile(KernelFile& file, Round& round, Parse parse, Use use) {
  const Result<Contents> contents = file.Read(&round.buffer);
  if (!contents) return contents.error();
  if (!contents->has_value()) return Status();
  const auto parsed = parse(**contents);
  if (!parsed) return Error{file.path() + ": " + parsed.message()};
  use(*parsed);
  return Status();
}

}  // namespace tocsin::host
