// Through which proxy a request goes, by the rules of Go's HTTP client, which users of
// Alertmanager know: proxy_url with no_proxy, or HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the
// environment. https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
//
// The environment is read once, when the configuration is loaded. A value; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"
#include "config/environment.h"
#include "config/http_config.h"

namespace tocsin::receivers {

class ProxyChoice {
 public:
  ProxyChoice(const config::ProxyConfig& settings, const config::Environment& environment);

  // Empty: none. REQUIRES: a URL that CheckUrl finds good.
  Secret For(std::string_view url) const;

 private:
  Secret for_http_, for_https_;
  std::string no_proxy_;
  bool has_exceptions_ = true;  // proxy_url alone is for every address, this machine's too
};

// Whether the list names the host: "example.com" with all below it, ".example.com" what is below,
// an address, a network in CIDR form, each of the former with a port or without, or "*".
bool NoProxyCovers(std::string_view no_proxy, std::string_view host, std::string_view port);

}  // namespace tocsin::receivers
