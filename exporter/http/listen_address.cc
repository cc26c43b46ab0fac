#include "exporter/http/listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/number.h"
#include "base/text.h"

namespace tocsin::http {
namespace {

Error Refuse(std::string_view text, std::string_view why) {
  return Error{fmt::format("cannot listen on {}: {}", QuoteForMessage(text), why)};
}

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The first IPv4 address of a name or of dotted text.
Result<std::string> Resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return Error{fmt::format("the host has no IPv4 address ({})", gai_strerror(error))};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::array<char, INET_ADDRSTRLEN> ip{};
  const auto* address = reinterpret_cast<const sockaddr_in*>(found->ai_addr);
  inet_ntop(AF_INET, &address->sin_addr, ip.data(), ip.size());
  return std::string(ip.data());
}

}  // namespace

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return Refuse(text, "expected host:port, such as 127.0.0.1:9095 or :9095");
  }
  const std::string host(text.substr(0, colon));
  if (host.find_first_of(":[]") != std::string::npos) {
    return Refuse(text,
                  "the HTTP server speaks IPv4 only; listen on an IPv4 address and let a reverse "
                  "proxy such as nginx take IPv6 connections");
  }
  const std::string_view port_text = text.substr(colon + 1);
  const std::optional<std::int64_t> port = ParseInt(port_text);
  if (!IsDigits(port_text) || !port || *port > 65535) {
    return Refuse(text, fmt::format("{} is no port number (0 to 65535; TLS belongs to a reverse "
                                    "proxy)",
                                    QuoteForMessage(port_text)));
  }
  Result<std::string> ip = Resolve(host.empty() ? "0.0.0.0" : host);
  if (!ip) return Refuse(text, ip.message());
  return ListenAddress{*std::move(ip), static_cast<std::uint16_t>(*port)};
}

}  // namespace tocsin::http
