// Disks, mounts, and the descriptions that udev, os-release and hwmon keep: see procfs.h.
#include <algorithm>

#include "exporter/host/procfs.h"
#include "exporter/host/procfs_internal.h"
#include "exporter/host/scan.h"

namespace tocsin::host {
namespace {

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// Blanks, tabs, line ends and backslashes are written as \040 and the like.
std::string UndoOctalEscapes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (rest.size() >= 4 && rest[0] == '\\' && std::all_of(&rest[1], &rest[1] + 3, IsOctal)) {
      out.push_back(
          static_cast<char>((rest[1] - '0') * 64 + (rest[2] - '0') * 8 + (rest[3] - '0')));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool HasOption(std::string_view options, std::string_view wanted) {
  const std::vector<std::string_view> all = Split(options, ',');
  return std::find(all.begin(), all.end(), wanted) != all.end();
}

// id parent major:minor root mountpoint options [tags...] - fstype source super_options
// Split at single blanks: a source may be empty.
std::optional<Mount> ParseMount(std::string_view line) {
  constexpr std::size_t kMountpoint = 4;
  constexpr std::size_t kOptions = 5;
  constexpr std::size_t kFirstTag = 6;
  const std::vector<std::string_view> fields = Split(line, ' ');
  if (fields.size() <= kFirstTag) return std::nullopt;
  const auto dash = std::find(fields.begin() + kFirstTag, fields.end(), "-");
  if (fields.end() - dash < 4) return std::nullopt;
  return Mount{UndoOctalEscapes(dash[2]), UndoOctalEscapes(fields[kMountpoint]),
               UndoOctalEscapes(dash[1]),
               HasOption(fields[kOptions], "ro") || HasOption(dash[3], "ro")};
}

// The shell's quotes, as far as os-release may use them.
std::string Unquote(std::string_view value) {
  if (value.size() < 2 || value.front() != value.back() ||
      (value.front() != '"' && value.front() != '\'')) {
    return std::string(value);
  }
  const bool escapes = value.front() == '"';
  value = value.substr(1, value.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (escapes && value[i] == '\\' && i + 1 < value.size()) ++i;
    out.push_back(value[i]);
  }
  return out;
}

}  // namespace

Result<std::vector<DiskCounters>> ParseDiskstats(std::string_view text) {
  constexpr std::size_t kOldestCounters = 11;
  std::vector<DiskCounters> result;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    FieldReader fields(line);
    DiskCounters disk;
    const std::optional<std::uint64_t> major = fields.NextUnsigned();
    const std::optional<std::uint64_t> minor = fields.NextUnsigned();
    disk.device = fields.Next();
    while (disk.count < kDiskCounters) {
      const std::optional<std::uint64_t> value = fields.NextUnsigned();
      if (!value) break;
      disk.counters[disk.count++] = *value;
    }
    if (!major || !minor || disk.count < kOldestCounters) {
      return UnexpectedLine(lines.number(), line, "a device and at least 11 numbers");
    }
    disk.major = *major;
    disk.minor = *minor;
    result.push_back(disk);
  }
  return result;
}

Result<std::vector<Mount>> ParseMountinfo(std::string_view text) {
  std::vector<Mount> result;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    std::optional<Mount> mount = ParseMount(line);
    if (!mount) return UnexpectedLine(lines.number(), line, "a mount");
    result.push_back(*std::move(mount));
  }
  return result;
}

Properties ParseOsRelease(std::string_view text) {
  Properties result;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    line = TrimSpace(line);
    const std::size_t equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos || equals == 0) continue;
    result.insert_or_assign(std::string(line.substr(0, equals)), Unquote(line.substr(equals + 1)));
  }
  return result;
}

Properties ParseUdevEntry(std::string_view text) {
  Properties result;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    const std::size_t equals = line.find('=');
    if (!line.starts_with("E:") || equals == std::string_view::npos) continue;
    result.insert_or_assign(std::string(line.substr(2, equals - 2)),
                            std::string(line.substr(equals + 1)));
  }
  return result;
}

std::optional<SensorFile> ParseSensorFile(std::string_view name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto digits = std::find_if_not(name.begin(), name.end(), is_lower);
  const auto underscore = std::find_if_not(digits, name.end(), is_digit);
  if (digits == name.begin() || underscore == digits) return std::nullopt;
  if (underscore == name.end() || *underscore != '_' || underscore + 1 == name.end()) {
    return std::nullopt;
  }
  const auto kind = static_cast<std::size_t>(digits - name.begin());
  const auto sensor = static_cast<std::size_t>(underscore - name.begin());
  return SensorFile{name.substr(0, kind), name.substr(0, sensor), name.substr(sensor + 1)};
}

}  // namespace tocsin::host
