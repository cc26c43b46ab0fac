#include "receivers/channels/proxy_choice.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <initializer_list>
#include <optional>

#include "base/number.h"
#include "base/text.h"

namespace tocsin::receivers {
namespace {

struct HostAndPort {
  std::string_view host;  // without brackets
  std::string_view port;  // may be empty
};

// Of "host", "host:port", "[::1]", "[::1]:80", "::1".
HostAndPort SplitHost(std::string_view text) {
  const std::size_t bracket = text.find(']');
  if (!text.empty() && text.front() == '[' && bracket != std::string_view::npos) {
    const std::string_view after = text.substr(bracket + 1);
    return {text.substr(1, bracket - 1), after.empty() ? after : after.substr(1)};
  }
  const std::size_t colon = text.find(':');
  const bool is_bare =
      colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos;
  if (is_bare) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

// The 4 or 16 bytes of an address.
std::optional<std::string> AddressBytes(std::string_view text) {
  unsigned char bytes[16];
  const std::string z(text);
  if (inet_pton(AF_INET, z.c_str(), bytes) == 1) return std::string(bytes, bytes + 4);
  if (inet_pton(AF_INET6, z.c_str(), bytes) == 1) return std::string(bytes, bytes + 16);
  return std::nullopt;
}

bool IsLoopback(const std::string& address) {
  if (address.size() == 4) return address[0] == 127;
  return address == std::string(15, '\0') + '\1';
}

bool IsInNetwork(std::string_view network, const std::string& address) {
  const std::size_t slash = network.find('/');
  if (slash == std::string_view::npos) return false;
  const std::optional<std::string> base = AddressBytes(network.substr(0, slash));
  const std::optional<std::int64_t> bits = ParseInt(network.substr(slash + 1));
  if (!base || !bits || base->size() != address.size()) return false;
  if (*bits < 0 || *bits > static_cast<std::int64_t>(8 * address.size())) return false;
  for (std::size_t bit = 0; bit < static_cast<std::size_t>(*bits); ++bit) {
    const int mask = 0x80 >> (bit % 8);
    if ((((*base)[bit / 8] ^ address[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

bool IsDomainOf(std::string_view domain, std::string_view host) {
  if (domain.substr(0, 2) == "*.") domain.remove_prefix(1);
  if (domain.empty()) return false;
  if (domain.front() != '.' && host == domain) return true;
  const std::string below =
      domain.front() == '.' ? std::string(domain) : fmt::format(".{}", domain);
  return host.size() >= below.size() && host.substr(host.size() - below.size()) == below;
}

bool EntryCovers(std::string_view entry, std::string_view host, std::string_view port,
                 const std::optional<std::string>& address) {
  if (entry.empty()) return false;
  if (entry == "*") return true;
  if (address && IsInNetwork(entry, *address)) return true;
  const HostAndPort named = SplitHost(entry);
  if (!named.port.empty() && named.port != port) return false;
  if (address) return AddressBytes(named.host) == address;
  return IsDomainOf(named.host, host);
}

// As libcurl understands it: with a scheme, with the port that Go takes, names resolved by a SOCKS
// proxy as Go's client has it.
std::string Normalized(std::string url) {
  if (url.empty()) return url;
  if (url.find("://") == std::string::npos) url.insert(0, "http://");
  const std::size_t slashes = url.find("://");
  const std::string scheme = ToLowerAscii(url.substr(0, slashes));
  std::string rest = url.substr(slashes + 3);
  rest.resize(std::min(rest.find_first_of("/?#"), rest.size()));
  const std::size_t at = rest.rfind('@');
  const std::string_view authority =
      std::string_view(rest).substr(at == std::string::npos ? 0 : at + 1);
  if (scheme == "http" && SplitHost(authority).port.empty()) rest += ":80";
  return fmt::format("{}://{}", scheme == "socks5" ? "socks5h" : scheme, rest);
}

std::string FirstOf(const config::Environment& environment,
                    std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (std::optional<std::string> value = environment(name); value && !value->empty()) {
      return *std::move(value);
    }
  }
  return "";
}

}  // namespace

bool NoProxyCovers(std::string_view no_proxy, std::string_view host, std::string_view port) {
  const std::optional<std::string> address = AddressBytes(host);
  for (const std::string_view entry : Split(no_proxy, ',')) {
    if (EntryCovers(ToLowerAscii(TrimSpace(entry)), host, port, address)) return true;
  }
  return false;
}

ProxyChoice::ProxyChoice(const config::ProxyConfig& settings,
                         const config::Environment& environment) {
  if (settings.from_environment) {
    for_http_ = Secret(Normalized(FirstOf(environment, {"HTTP_PROXY", "http_proxy"})));
    for_https_ = Secret(Normalized(FirstOf(environment, {"HTTPS_PROXY", "https_proxy"})));
    no_proxy_ = FirstOf(environment, {"NO_PROXY", "no_proxy"});
    return;
  }
  for_http_ = Secret(Normalized(settings.url.Reveal()));
  for_https_ = for_http_;
  no_proxy_ = settings.no_proxy;
  has_exceptions_ = !no_proxy_.empty();
}

Secret ProxyChoice::For(std::string_view url) const {
  const std::size_t slashes = url.find("://");
  const bool over_tls = EqualsIgnoreCase(url.substr(0, slashes), "https");
  const Secret& proxy = over_tls ? for_https_ : for_http_;
  if (proxy.empty() || !has_exceptions_) return proxy;
  std::string_view authority = url.substr(slashes + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const HostAndPort place = SplitHost(authority);
  const std::string host = ToLowerAscii(place.host);
  const std::string_view port = place.port.empty() ? (over_tls ? "443" : "80") : place.port;
  const std::optional<std::string> address = AddressBytes(host);
  const bool is_here = host == "localhost" || (address && IsLoopback(*address));
  return is_here || NoProxyCovers(no_proxy_, host, port) ? Secret() : proxy;
}

}  // namespace tocsin::receivers
