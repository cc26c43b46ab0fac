#include "base/egress_policy.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "base/number.h"
#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kV4Offset = 12;  // of an IPv4 address within 16 bytes
constexpr int kV4Bits = 96;            // that stand before it

struct Special {
  std::string_view network;
  std::string_view purpose;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry
// https://www.iana.org/assignments/iana-ipv6-special-registry
// What is narrower stands first. Metadata services: 169.254.169.254 of most clouds,
// fd00:ec2::254 of AWS, 100.100.100.200 of Alibaba, 168.63.129.16 of Azure (a public address that
// each of its machines reaches at its own host).
constexpr Special kSpecials[] = {
    {"169.254.169.254/32", "metadata service"},
    {"100.100.100.200/32", "metadata service"},
    {"168.63.129.16/32", "metadata service"},
    {"fd00:ec2::254/128", "metadata service"},
    {"0.0.0.0/8", "this host"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "shared by carriers"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link local"},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "reserved"},
    {"192.0.2.0/24", "documentation"},
    {"192.88.99.0/24", "reserved"},
    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "benchmarking"},
    {"198.51.100.0/24", "documentation"},
    {"203.0.113.0/24", "documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved"},
    {"::/128", "this host"},
    {"::1/128", "loopback"},
    {"::/96", "reserved"},
    {"64:ff9b:1::/48", "private"},
    {"100::/64", "discarded"},
    {"2001::/23", "reserved"},
    {"2001:db8::/32", "documentation"},
    {"3fff::/20", "documentation"},
    {"5f00::/16", "reserved"},
    {"fc00::/7", "private"},
    {"fe80::/10", "link local"},
    {"fec0::/10", "private"},
    {"ff00::/8", "multicast"},
};

const std::vector<std::pair<IpNetwork, std::string_view>>& SpecialNetworks() {
  static const auto networks = [] {
    std::vector<std::pair<IpNetwork, std::string_view>> made;
    for (const Special& special : kSpecials) {
      made.emplace_back(*IpNetwork::Parse(special.network), special.purpose);
    }
    return made;
  }();
  return networks;
}

IpAddress FromV4(const std::uint8_t* bytes) {
  IpAddress address;
  address.bytes[10] = address.bytes[11] = 0xff;
  std::copy_n(bytes, 4, address.bytes.begin() + kV4Offset);
  return address;
}

// The IPv4 address that one of NAT64 or 6to4 stands for.
IpAddress Carried(const IpAddress& address) {
  static const IpNetwork kNat64 = *IpNetwork::Parse("64:ff9b::/96");
  static const IpNetwork k6to4 = *IpNetwork::Parse("2002::/16");
  const std::uint8_t* const bytes = address.bytes.data();
  if (kNat64.Contains(address)) return FromV4(bytes + kV4Offset);
  if (k6to4.Contains(address)) return FromV4(bytes + 2);
  return address;
}

}  // namespace

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  const std::string plain(text.substr(0, text.find('%')));
  std::uint8_t bytes[16];
  if (inet_pton(AF_INET, plain.c_str(), bytes) == 1) return FromV4(bytes);
  if (inet_pton(AF_INET6, plain.c_str(), bytes) != 1) return std::nullopt;
  IpAddress address;
  std::copy_n(bytes, 16, address.bytes.begin());
  return address;
}

std::optional<IpAddress> IpAddress::Of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    std::uint8_t bytes[4];
    std::memcpy(bytes, &v4.sin_addr, sizeof bytes);
    return FromV4(bytes);
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  IpAddress result;
  std::memcpy(result.bytes.data(), &v6.sin6_addr, result.bytes.size());
  return result;
}

bool IpAddress::is_v4() const {
  return std::all_of(bytes.begin(), bytes.begin() + 10,
                     [](std::uint8_t byte) { return byte == 0; }) &&
         bytes[10] == 0xff && bytes[11] == 0xff;
}

std::string IpAddress::Text() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (is_v4()) {
    inet_ntop(AF_INET, bytes.data() + kV4Offset, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  }
  return text;
}

Result<IpNetwork> IpNetwork::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::Parse(text.substr(0, slash));
  if (!address || text.find('%') != std::string_view::npos) {
    return Error{
        fmt::format("{} is no network, such as 10.0.0.0/8 or fd00::/8", QuoteForMessage(text))};
  }
  IpNetwork network{*address, 128};
  if (slash == std::string_view::npos) return network;
  const std::optional<std::int64_t> bits = ParseInt(text.substr(slash + 1));
  const int most = address->is_v4() ? 32 : 128;
  if (!bits || *bits < 0 || *bits > most) {
    return Error{fmt::format("{}: the length behind the slash must be a number from 0 to {}",
                             QuoteForMessage(text), most)};
  }
  network.bits = static_cast<int>(*bits) + (address->is_v4() ? kV4Bits : 0);
  return network;
}

bool IpNetwork::Contains(const IpAddress& other) const {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(address.bytes.begin(), address.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                  other.bytes.begin())) {
    return false;
  }
  if (bits % 8 == 0) return true;
  const int shift = 8 - bits % 8;
  return address.bytes.at(whole) >> shift == other.bytes.at(whole) >> shift;
}

std::string_view SpecialPurpose(const IpAddress& address) {
  const IpAddress carried = Carried(address);
  for (const auto& [network, purpose] : SpecialNetworks()) {
    if (network.Contains(carried)) return purpose;
  }
  return "";
}

bool EgressPolicy::AllowsHost(std::string_view host) const {
  const std::string name = ToLowerAscii(host.substr(0, host.find_last_not_of('.') + 1));
  return std::any_of(allow_hosts.begin(), allow_hosts.end(), [&name](std::string_view allowed) {
    if (allowed.substr(0, 2) != "*.") return name == allowed;
    const std::string_view suffix = allowed.substr(1);
    return name.size() > suffix.size() &&
           std::string_view(name).substr(name.size() - suffix.size()) == suffix;
  });
}

Status EgressPolicy::Check(std::string_view host, const IpAddress& address) const {
  const std::string_view purpose = SpecialPurpose(address);
  if (purpose.empty() || AllowsHost(host)) return {};
  const bool is_allowed =
      std::any_of(allow_networks.begin(), allow_networks.end(),
                  [&address](const IpNetwork& network) { return network.Contains(address); });
  if (is_allowed) return {};
  return Error{
      fmt::format("refused by tocsin.egress: {} is {} ({})", host, address.Text(), purpose)};
}

Status EgressPolicy::CheckName(std::string_view host) const {
  if (const std::optional<IpAddress> address = IpAddress::Parse(host)) {
    return Check(host, *address);
  }
  // https://www.rfc-editor.org/rfc/rfc6761#section-6.3
  const std::string name = ToLowerAscii(host);
  const bool is_local =
      name == "localhost" || (name.size() > 10 && name.substr(name.size() - 10) == ".localhost");
  if (!is_local) return {};
  return Check(host, *IpAddress::Parse("127.0.0.1"));
}

}  // namespace tocsin
