// Which addresses outgoing requests may reach. It is asked for the address at the moment of
// connecting, so that neither a redirect nor a name that changes its address gets around it.
//
// A value, immutable; any thread.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin {

// An IPv4 or IPv6 address; IPv4 in the form ::ffff:a.b.c.d.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  // "192.0.2.1", "2001:db8::1", "[2001:db8::1]", "fe80::1%eth0"; nothing of a host name.
  static std::optional<IpAddress> Parse(std::string_view text);
  static std::optional<IpAddress> Of(const sockaddr& address);

  bool is_v4() const;
  std::string Text() const;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

struct IpNetwork {
  IpAddress address;
  int bits = 128;  // of the form with 16 bytes

  // "10.0.0.0/8", "fd00::/8", or one address.
  static Result<IpNetwork> Parse(std::string_view text);

  bool Contains(const IpAddress& other) const;
  friend bool operator==(const IpNetwork&, const IpNetwork&) = default;
};

// What an address that the public Internet does not route is for: "loopback", "private", "link
// local", "metadata service", ...; empty for a public one. An IPv6 address that carries an IPv4
// address (mapped, NAT64, 6to4) is what that one is.
std::string_view SpecialPurpose(const IpAddress& address);

struct EgressPolicy {
  std::vector<IpNetwork> allow_networks;
  // "hooks.example.org", or "*.example.org" for whatever lies below it; lower case.
  std::vector<std::string> allow_hosts;

  // Whether a host of this name may have any address at all.
  bool AllowsHost(std::string_view host) const;
  // Why a request to `host` must not go to this address.
  Status Check(std::string_view host, const IpAddress& address) const;
  // What can be told from the name alone: where a proxy looks it up, only the proxy sees more.
  Status CheckName(std::string_view host) const;

  friend bool operator==(const EgressPolicy&, const EgressPolicy&) = default;
};

}  // namespace tocsin
