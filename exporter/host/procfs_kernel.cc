// CPU, memory, scheduler and kernel limits: see procfs.h.
#include "base/number.h"
#include "exporter/host/procfs.h"
#include "exporter/host/procfs_internal.h"
#include "exporter/host/scan.h"

namespace tocsin::host {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;
constexpr double kMicrosecondsPerSecond = 1e6;

// The digits of "cpu12"; empty for "cpu", the sum of all, and for other words.
std::string_view CpuNumber(std::string_view word) {
  if (!word.starts_with("cpu")) return {};
  word.remove_prefix(3);
  return ParseUnsigned(word) ? word : std::string_view();
}

// False when a mode is there and is not a number, or when there is none at all.
bool ReadTicks(FieldReader& fields, CpuTicks* ticks) {
  std::size_t mode = 0;
  for (std::string_view field = fields.Next(); !field.empty() && mode < kCpuModes;
       field = fields.Next()) {
    const std::optional<std::uint64_t> value = ParseUnsigned(field);
    if (!value) return false;
    (*ticks)[mode++] = *value;
  }
  return mode > 0;
}

std::optional<std::uint64_t>* FindStatField(std::string_view key, KernelStat* stat) {
  if (key == "intr") return &stat->interrupts;
  if (key == "ctxt") return &stat->context_switches;
  if (key == "btime") return &stat->boot_time;
  if (key == "processes") return &stat->forks;
  if (key == "procs_running") return &stat->running;
  if (key == "procs_blocked") return &stat->blocked;
  return nullptr;
}

}  // namespace

Result<KernelStat> ParseStat(std::string_view text) {
  KernelStat stat;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    FieldReader fields(line);
    const std::string_view key = fields.Next();
    if (const std::string_view cpu = CpuNumber(key); !cpu.empty()) {
      CpuTimes times{cpu};
      if (!ReadTicks(fields, &times.ticks))
        return UnexpectedLine(lines.number(), line, "CPU times");
      stat.cpus.push_back(times);
    } else if (std::optional<std::uint64_t>* value = FindStatField(key, &stat)) {
      *value = fields.NextUnsigned();
      if (!*value) return UnexpectedLine(lines.number(), line, "a number");
    }
  }
  return stat;
}

Result<LoadAverage> ParseLoadAverage(std::string_view text) {
  LoadAverage average;
  FieldReader fields(TrimSpace(text));
  for (double& load : average.load) {
    const std::optional<double> value = ParseFloat(fields.Next());
    if (!value) return UnexpectedLine(1, text, "three load averages");
    load = *value;
  }
  const std::string_view tasks = fields.Next();  // running/all
  const std::size_t slash = tasks.find('/');
  const std::optional<std::uint64_t> threads =
      slash == std::string_view::npos ? std::nullopt : ParseUnsigned(tasks.substr(slash + 1));
  if (!threads) return UnexpectedLine(1, text, "running/all tasks after the load averages");
  average.threads = *threads;
  return average;
}

Result<std::vector<MemoryField>> ParseMeminfo(std::string_view text) {
  std::vector<MemoryField> result;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    FieldReader fields(line);
    std::string_view name = fields.Next();
    if (name.empty()) continue;
    const std::optional<double> value = ParseInteger(fields.Next());
    if (!name.ends_with(':') || !value) {
      return UnexpectedLine(lines.number(), line, "a name, a colon and a number");
    }
    name.remove_suffix(1);
    const bool kilobytes = fields.Next() == "kB";
    result.push_back({name, kilobytes ? *value * 1024 : *value, kilobytes});
  }
  return result;
}

Result<std::vector<Field>> ParseVmstat(std::string_view text) {
  std::vector<Field> result;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    FieldReader fields(line);
    const std::string_view name = fields.Next();
    if (name.empty()) continue;
    const std::optional<double> value = ParseInteger(fields.Next());
    if (!value) return UnexpectedLine(lines.number(), line, "a name and a number");
    result.push_back({name, *value});
  }
  return result;
}

Result<Pressure> ParsePressure(std::string_view text) {
  constexpr std::string_view kTotal = "total=";
  Pressure pressure;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    FieldReader fields(line);
    const std::string_view who = fields.Next();
    if (who != "some" && who != "full") continue;
    std::string_view field = fields.Next();
    while (!field.empty() && !field.starts_with(kTotal)) field = fields.Next();
    const std::optional<std::uint64_t> total =
        field.empty() ? std::nullopt : ParseUnsigned(field.substr(kTotal.size()));
    if (!total) return UnexpectedLine(lines.number(), line, "total=microseconds");
    (who == "some" ? pressure.some_seconds : pressure.full_seconds) =
        static_cast<double>(*total) / kMicrosecondsPerSecond;
  }
  return pressure;
}

// "cpu0 a b c d e f running waiting timeslices": times in nanoseconds.
// https://www.kernel.org/doc/html/latest/scheduler/sched-stats.html
Result<std::vector<CpuSchedule>> ParseSchedstat(std::string_view text) {
  std::vector<CpuSchedule> result;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    FieldReader fields(line);
    const std::string_view cpu = CpuNumber(fields.Next());
    if (cpu.empty()) continue;
    fields.Skip(6);
    const std::optional<std::uint64_t> running = fields.NextUnsigned();
    const std::optional<std::uint64_t> waiting = fields.NextUnsigned();
    const std::optional<std::uint64_t> timeslices = fields.NextUnsigned();
    if (!running || !waiting || !timeslices) {
      return UnexpectedLine(lines.number(), line, "nine numbers of a CPU");
    }
    result.push_back({cpu, static_cast<double>(*running) / kNanosecondsPerSecond,
                      static_cast<double>(*waiting) / kNanosecondsPerSecond,
                      static_cast<double>(*timeslices)});
  }
  return result;
}

Result<FileHandles> ParseFileNr(std::string_view text) {
  FieldReader fields(TrimSpace(text));
  const std::optional<std::uint64_t> allocated = fields.NextUnsigned();
  fields.Skip(1);  // free ones: always 0 since Linux 2.6
  const std::optional<std::uint64_t> maximum = fields.NextUnsigned();
  if (!allocated || !maximum) return UnexpectedLine(1, text, "three numbers");
  return FileHandles{static_cast<double>(*allocated), static_cast<double>(*maximum)};
}

Result<double> ParseNumberFile(std::string_view text) {
  const std::optional<double> value = ParseInteger(TrimSpace(text));
  if (!value) return UnexpectedLine(1, text, "one number");
  return *value;
}

}  // namespace tocsin::host
