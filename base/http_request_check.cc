#include "base/http_request_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "base/url_user_info.h"

namespace tocsin {
namespace {

constexpr std::size_t kMaxUrlBytes = 64 << 10;

Status CheckProxy(std::string_view proxy) {
  for (const std::string_view scheme : {"socks5://", "socks5h://"}) {
    if (!EqualsIgnoreCase(proxy.substr(0, scheme.size()), scheme)) continue;
    return CheckUrlWithUserInfo(fmt::format("http://{}", proxy.substr(scheme.size())));
  }
  return CheckUrlWithUserInfo(proxy);
}

}  // namespace

bool IsHttpToken(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

bool IsPublicHeader(std::string_view name) {
  constexpr std::string_view kPublic[] = {"Accept", "Accept-Language", "Content-Type",
                                          "Idempotency-Key"};
  return std::any_of(std::begin(kPublic), std::end(kPublic),
                     [name](std::string_view one) { return EqualsIgnoreCase(one, name); });
}

Status CheckHeader(std::string_view name, std::string_view value) {
  if (!IsHttpToken(name)) {
    return Error{fmt::format("{} is not a header name", QuoteForMessage(name))};
  }
  if (EqualsIgnoreCase(name, "content-length") || EqualsIgnoreCase(name, "transfer-encoding")) {
    return Error{fmt::format("the header {} follows from the body and cannot be set", name)};
  }
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return Error{fmt::format("the value of header {} holds a line break or a NUL", name)};
  }
  return {};
}

Status CheckTransport(const HttpTransport& transport) {
  if (!transport.proxy.empty()) {
    if (Status status = CheckProxy(transport.proxy.Reveal()); !status) {
      return Error{fmt::format("the proxy: {}", status.message())};
    }
  }
  if (!transport.server_name.empty() &&
      (transport.server_name.find_first_of("/?#@") != std::string::npos ||
       !CheckUrl(fmt::format("https://{}/", transport.server_name)))) {
    return Error{fmt::format("server_name {} is not the name of a host",
                             QuoteForMessage(transport.server_name))};
  }
  for (const auto& [name, value] : transport.connect_headers) {
    if (Status status = CheckHeader(name, value.Reveal()); !status) return status;
  }
  return {};
}

Status CheckRequest(const HttpClientRequest& request) {
  if (!IsHttpToken(request.method) || request.method.size() > 32) return Error{"bad method"};
  if (request.url.size() > kMaxUrlBytes) return Error{"the URL is too long"};
  if (Status status = CheckUrl(request.url); !status) return status;
  for (const auto& [name, value] : request.headers) {
    if (Status status = CheckHeader(name, value); !status) return status;
  }
  return request.transport ? CheckTransport(*request.transport) : Status();
}

}  // namespace tocsin
