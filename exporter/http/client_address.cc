#include "exporter/http/client_address.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace tocsin::http {
namespace {

// "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]:4711".
std::optional<IpAddress> StationAddress(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    return end == text.npos ? std::nullopt : IpAddress::Parse(text.substr(0, end + 1));
  }
  const std::size_t colon = text.find(':');
  const bool has_port = colon != text.npos && text.find(':', colon + 1) == text.npos;
  return IpAddress::Parse(has_port ? text.substr(0, colon) : text);
}

bool IsTrusted(const IpAddress& address, std::span<const IpNetwork> trusted) {
  return std::any_of(trusted.begin(), trusted.end(),
                     [&](const IpNetwork& network) { return network.Contains(address); });
}

// The last one of a comma list, which is shortened by it.
std::string_view TakeLast(std::string_view* list) {
  const std::size_t comma = list->rfind(',');
  const std::string_view last = comma == list->npos ? *list : list->substr(comma + 1);
  *list = comma == list->npos ? std::string_view() : list->substr(0, comma);
  return TrimSpace(last);
}

}  // namespace

std::string ClientAddress(std::string_view peer,
                          std::span<const std::pair<std::string, std::string>> headers,
                          std::span<const IpNetwork> trusted) {
  if (trusted.empty()) return std::string(peer);
  std::optional<IpAddress> nearest = IpAddress::Parse(peer);
  if (!nearest || !IsTrusted(*nearest, trusted)) return std::string(peer);
  for (auto header = headers.rbegin(); header != headers.rend(); ++header) {
    if (!EqualsIgnoreCase(header->first, "X-Forwarded-For")) continue;
    std::string_view stations = header->second;
    while (!stations.empty()) {
      const std::optional<IpAddress> station = StationAddress(TakeLast(&stations));
      if (!station) return nearest->Text();
      nearest = station;
      if (!IsTrusted(*nearest, trusted)) return nearest->Text();
    }
  }
  return nearest->Text();
}

}  // namespace tocsin::http
