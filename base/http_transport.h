// How a request of the HttpClient reaches its server: TLS identity, proxy, version of HTTP. A value
// without a lock; requests share it as const. Certificates and keys are PEM texts, not names of
// files, so that connections made with one content are never reused for another.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/egress_policy.h"
#include "base/result.h"
#include "base/secret.h"

namespace tocsin {

enum class TlsVersion : std::uint8_t { kDefault, kTls10, kTls11, kTls12, kTls13 };

struct HttpTransport {
  std::string ca;           // only these issuers are trusted; empty: the system's
  std::string certificate;  // ours, with its chain
  Secret key;               // of `certificate`
  // What the server's certificate must be made out to, and what it is asked for (SNI); empty: the
  // host of the URL. A redirect to another host is verified as that host.
  std::string server_name;
  bool insecure_skip_verify = false;
  TlsVersion min_version = TlsVersion::kDefault;  // 1.2
  TlsVersion max_version = TlsVersion::kDefault;

  Secret proxy;  // http, https, socks5 or socks5h; empty: none, whatever the environment says
  // Sent to the proxy when it is asked for a tunnel, that is for https.
  std::vector<std::pair<std::string, Secret>> connect_headers;

  bool http2 = false;  // over TLS, where the server agrees

  // Null: any address may be reached. A proxy may always be; what is reached through it is judged
  // by its name only.
  std::shared_ptr<const EgressPolicy> egress;
};

// Why no request may be sent this way.
Status CheckTransport(const HttpTransport& transport);

}  // namespace tocsin
