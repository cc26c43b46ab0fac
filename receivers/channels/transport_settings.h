// The way that tls_config and the proxy keys describe, as the HttpClient wants it.
//
// Certificates and keys in files are read for each request, as Alertmanager does: whoever renews
// one need not reload. A value; any thread.
#pragma once

#include <memory>
#include <string>

#include "base/http_transport.h"
#include "base/result.h"
#include "config/environment.h"
#include "config/http_config.h"
#include "receivers/channels/proxy_choice.h"

namespace tocsin::receivers {

class TransportSettings {
 public:
  // Fails where a file cannot be read, or holds no certificate or key. Without `egress` any address
  // may be reached.
  static Result<TransportSettings> Make(const config::TlsConfig& tls,
                                        const config::ProxyConfig& proxy, bool http2,
                                        std::shared_ptr<const EgressPolicy> egress,
                                        const config::Environment& environment);

  // For a request to `url`. REQUIRES: CheckUrl finds it good.
  Result<std::shared_ptr<const HttpTransport>> For(const std::string& url) const;

 private:
  TransportSettings(const config::TlsConfig& tls, const config::ProxyConfig& proxy, bool http2,
                    const config::Environment& environment);

  Result<HttpTransport> WithCertificates() const;

  config::TlsConfig tls_;
  ProxyChoice proxy_;
  HttpTransport fixed_;  // what stands in no file
};

}  // namespace tocsin::receivers
