// Interfaces, sockets and protocols: see procfs.h.
#include "exporter/host/procfs.h"
#include "exporter/host/procfs_internal.h"
#include "exporter/host/scan.h"

namespace tocsin::host {
namespace {

// "Tcp: a b c" is Tcp and the rest; nothing for a line without a colon after its first word.
struct TitledLine {
  std::string_view title;
  std::string_view rest;
};
std::optional<TitledLine> SplitTitle(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  return TitledLine{line.substr(0, colon), line.substr(colon + 1)};
}

// "tx:rx" in hexadecimal.
std::optional<QueuedBytes> ParseQueuePair(std::string_view field) {
  const std::size_t colon = field.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint64_t> transmit = ParseUnsigned(field.substr(0, colon), 16);
  const std::optional<std::uint64_t> receive = ParseUnsigned(field.substr(colon + 1), 16);
  if (!transmit || !receive) return std::nullopt;
  return QueuedBytes{static_cast<double>(*transmit), static_cast<double>(*receive)};
}

// False when the two lines do not pair up: another protocol, another number of fields, no numbers.
bool AppendNetstatPair(const std::optional<TitledLine>& names,
                       const std::optional<TitledLine>& values,
                       std::vector<ProtocolField>* result) {
  if (!names || !values || names->title != values->title) return false;
  FieldReader name_fields(names->rest);
  FieldReader value_fields(values->rest);
  while (true) {
    const std::string_view name = name_fields.Next();
    const std::string_view field = value_fields.Next();
    if (name.empty() && field.empty()) return true;
    const std::optional<double> value = ParseInteger(field);
    if (name.empty() || !value) return false;
    result->push_back({names->title, name, *value});
  }
}

}  // namespace

Result<std::vector<InterfaceCounters>> ParseNetDev(std::string_view text) {
  constexpr std::size_t kTitleLines = 2;
  std::vector<InterfaceCounters> result;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    if (lines.number() <= kTitleLines) continue;
    const std::size_t colon = line.rfind(':');  // an old alias has one in its name: eth0:1
    InterfaceCounters interface { TrimSpace(line.substr(0, colon)) };
    FieldReader fields(colon == std::string_view::npos ? "" : line.substr(colon + 1));
    for (std::uint64_t& counter : interface.counters) {
      const std::optional<std::uint64_t> value = fields.NextUnsigned();
      if (!value || interface.device.empty()) {
        return UnexpectedLine(lines.number(), line, "an interface and 16 numbers");
      }
      counter = *value;
    }
    result.push_back(interface);
  }
  return result;
}

Result<std::vector<ProtocolField>> ParseSockstat(std::string_view text) {
  std::vector<ProtocolField> result;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    const std::optional<TitledLine> titled = SplitTitle(line);
    if (!titled) return UnexpectedLine(lines.number(), line, "a protocol and a colon");
    FieldReader fields(titled->rest);
    for (std::string_view name = fields.Next(); !name.empty(); name = fields.Next()) {
      const std::optional<double> value = ParseInteger(fields.Next());
      if (!value) return UnexpectedLine(lines.number(), line, "pairs of name and number");
      result.push_back({titled->title, name, *value});
    }
  }
  return result;
}

Result<std::vector<ProtocolField>> ParseNetstat(std::string_view text) {
  std::vector<ProtocolField> result;
  LineReader lines(text);
  for (std::string_view names; lines.Next(&names);) {
    std::string_view values;
    lines.Next(&values);
    if (!AppendNetstatPair(SplitTitle(names), SplitTitle(values), &result)) {
      return UnexpectedLine(lines.number(), values, "as many numbers as the line above has names");
    }
  }
  return result;
}

Result<std::vector<ProtocolField>> ParseSnmp6(std::string_view text) {
  std::vector<ProtocolField> result;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    FieldReader fields(line);
    const std::string_view name = fields.Next();
    const std::optional<double> value = ParseInteger(fields.Next());
    const std::size_t six =
        name.find('6');  // the protocol's name ends with it: Ip6, Icmp6, UdpLite6
    if (!value || six == std::string_view::npos || six + 1 == name.size()) {
      return UnexpectedLine(lines.number(), line, "an IPv6 counter and its value");
    }
    result.push_back({name.substr(0, six + 1), name.substr(six + 1), *value});
  }
  return result;
}

// https://github.com/torvalds/linux/blob/master/net/core/net-procfs.c
Result<std::vector<SoftnetRow>> ParseSoftnet(std::string_view text) {
  constexpr std::size_t kColumns = 13;
  std::vector<SoftnetRow> result;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    std::array<std::optional<std::uint64_t>, kColumns> column;
    FieldReader fields(line);
    for (std::optional<std::uint64_t>& value : column) value = fields.NextUnsigned(16);
    if (!column[0] || !column[1] || !column[2]) {
      return UnexpectedLine(lines.number(), line, "hexadecimal numbers");
    }
    // An offline CPU has no row, so the row's number is only a makeshift where the kernel (before
    // 5.14) does not say which CPU it is.
    result.push_back({column[12].value_or(lines.number() - 1), *column[0], *column[1], *column[2],
                      column[8], column[9], column[10], column[11]});
  }
  return result;
}

Result<std::map<std::string_view, std::size_t>> ParseArp(std::string_view text) {
  std::map<std::string_view, std::size_t> result;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    if (lines.number() == 1) continue;  // titles
    FieldReader fields(line);
    fields.Skip(5);
    const std::string_view device = fields.Next();
    if (device.empty()) return UnexpectedLine(lines.number(), line, "six columns");
    ++result[device];
  }
  return result;
}

Result<QueuedBytes> ParseUdpQueues(std::string_view text) {
  QueuedBytes sum;
  LineReader lines(text);
  for (std::string_view line; lines.Next(&line);) {
    if (lines.number() == 1) continue;  // titles
    FieldReader fields(line);
    fields.Skip(4);
    const std::optional<QueuedBytes> queues = ParseQueuePair(fields.Next());
    if (!queues) return UnexpectedLine(lines.number(), line, "tx_queue:rx_queue in column 5");
    sum.transmit += queues->transmit;
    sum.receive += queues->receive;
  }
  return sum;
}

}  // namespace tocsin::host
