#include "base/http_client.h"

#include <arpa/inet.h>

#include "base/number.h"
#include "base/text.h"

namespace tocsin {
namespace {

// The parts of scheme://authority/rest that decide where a request goes.
struct UrlParts {
  std::string_view scheme;
  std::string_view authority;
  std::string_view rest;  // begins with `/`, `?` or `#`; may be empty
};

std::optional<UrlParts> SplitUrl(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  UrlParts parts;
  parts.scheme = url.substr(0, colon);
  std::string_view after = url.substr(colon + 3);
  const std::size_t end = std::min(after.find_first_of("/?#"), after.size());
  parts.authority = after.substr(0, end);
  parts.rest = after.substr(end);
  return parts;
}

bool IsHttpScheme(std::string_view scheme) {
  return EqualsIgnoreCase(scheme, "http") || EqualsIgnoreCase(scheme, "https");
}

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

Status CheckIpv6(std::string_view literal) {
  in6_addr address{};
  if (inet_pton(AF_INET6, std::string(literal).c_str(), &address) != 1) {
    return Error{"the host in brackets is not an IPv6 address"};
  }
  return {};
}

Status CheckPort(std::string_view port) {
  const std::optional<std::int64_t> number = ParseInt(port);
  if (!number || *number < 1 || *number > 65535) {
    return Error{"the port must be a number from 1 to 65535"};
  }
  return {};
}

Status CheckHostName(std::string_view host) {
  if (host.empty()) return Error{"the host is missing"};
  if (!std::all_of(host.begin(), host.end(), IsHostCharacter) || !IsValidUtf8(host)) {
    return Error{"the host holds a character that no host name has"};
  }
  return {};
}

Status CheckAuthority(std::string_view authority) {
  if (authority.find('@') != std::string_view::npos) {
    return Error{"user name and password do not belong into the URL"};
  }
  std::string_view after_host;
  if (!authority.empty() && authority.front() == '[') {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return Error{"the IPv6 address has no closing bracket"};
    if (Status status = CheckIpv6(authority.substr(1, bracket - 1)); !status) return status;
    after_host = authority.substr(bracket + 1);
    if (!after_host.empty() && after_host.front() != ':') {
      return Error{"only a port may follow the IPv6 address"};
    }
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    if (Status status = CheckHostName(authority.substr(0, colon)); !status) return status;
    after_host = authority.substr(colon);
  }
  return after_host.empty() ? Status() : CheckPort(after_host.substr(1));
}

}  // namespace

std::string_view HttpClientResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::string RedactUrl(std::string_view url) {
  const std::optional<UrlParts> parts = SplitUrl(url);
  // What does not look like a URL may be a token that was pasted into the wrong place.
  if (!parts || !IsHttpScheme(parts->scheme)) return "…";
  const std::size_t at = parts->authority.rfind('@');
  const std::string_view place =
      at == std::string_view::npos ? parts->authority : parts->authority.substr(at + 1);
  std::string out = ToLowerAscii(parts->scheme) + "://";
  if (!CheckAuthority(place)) return out + "…";
  out += place;
  if (parts->rest.empty() || parts->rest == "/") return out.append(parts->rest);
  return out + "/…";
}

Status CheckUrl(std::string_view url) {
  const bool splits_requests = std::any_of(url.begin(), url.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f;
  });
  if (splits_requests) return Error{"the URL holds a blank or a control character"};
  const std::optional<UrlParts> parts = SplitUrl(url);
  if (!parts || !IsHttpScheme(parts->scheme)) {
    return Error{"the URL must begin with http:// or https://"};
  }
  return CheckAuthority(parts->authority);
}

}  // namespace tocsin
