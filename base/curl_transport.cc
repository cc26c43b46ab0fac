// What curl 7.88 reuses a connection for: the same host, port and CONNECT_TO, the same TLS options
// (verification, versions, CA and client certificate by content) and the same host, port and kind
// of proxy. It does not look at the key of the certificate, which belongs to it, and neither at
// what an HTTP proxy is told before it opens a tunnel: such tunnels are used once.
#include "base/curl_transport.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace tocsin {
namespace {

// curl copies it: handles outlive requests.
void SetBlob(CURL* easy, CURLoption option, const std::string& text) {
  curl_blob blob{};
  blob.data = const_cast<char*>(text.data());  // only read
  blob.len = text.size();
  blob.flags = CURL_BLOB_COPY;
  SetOption(easy, option, &blob);
}

long MinVersion(TlsVersion version) {
  switch (version) {
    case TlsVersion::kTls10:
      return CURL_SSLVERSION_TLSv1_0;
    case TlsVersion::kTls11:
      return CURL_SSLVERSION_TLSv1_1;
    case TlsVersion::kTls13:
      return CURL_SSLVERSION_TLSv1_3;
    case TlsVersion::kDefault:  // as Go's
    case TlsVersion::kTls12:
      break;
  }
  return CURL_SSLVERSION_TLSv1_2;
}

long MaxVersion(TlsVersion version) {
  switch (version) {
    case TlsVersion::kTls10:
      return CURL_SSLVERSION_MAX_TLSv1_0;
    case TlsVersion::kTls11:
      return CURL_SSLVERSION_MAX_TLSv1_1;
    case TlsVersion::kTls12:
      return CURL_SSLVERSION_MAX_TLSv1_2;
    case TlsVersion::kTls13:
      return CURL_SSLVERSION_MAX_TLSv1_3;
    case TlsVersion::kDefault:
      break;
  }
  return CURL_SSLVERSION_MAX_NONE;
}

// curl has two sets of these options: for the server, and for a proxy that speaks TLS.
struct TlsOptions {
  CURLoption verify_peer, verify_host, version, ca, ca_path, certificate, key, key_password;
};
constexpr TlsOptions kServer = {
    CURLOPT_SSL_VERIFYPEER, CURLOPT_SSL_VERIFYHOST, CURLOPT_SSLVERSION,  CURLOPT_CAINFO_BLOB,
    CURLOPT_CAPATH,         CURLOPT_SSLCERT_BLOB,   CURLOPT_SSLKEY_BLOB, CURLOPT_KEYPASSWD};
constexpr TlsOptions kProxy = {CURLOPT_PROXY_SSL_VERIFYPEER, CURLOPT_PROXY_SSL_VERIFYHOST,
                               CURLOPT_PROXY_SSLVERSION,     CURLOPT_PROXY_CAINFO_BLOB,
                               CURLOPT_PROXY_CAPATH,         CURLOPT_PROXY_SSLCERT_BLOB,
                               CURLOPT_PROXY_SSLKEY_BLOB,    CURLOPT_PROXY_KEYPASSWD};

void PrepareTls(CURL* easy, const HttpTransport& transport, const TlsOptions& option) {
  SetOption(easy, option.verify_peer, transport.insecure_skip_verify ? 0L : 1L);
  SetOption(easy, option.verify_host, transport.insecure_skip_verify ? 0L : 2L);
  SetOption(easy, option.version,
            MinVersion(transport.min_version) | MaxVersion(transport.max_version));
  if (!transport.ca.empty()) {
    SetBlob(easy, option.ca, transport.ca);
    SetOption(easy, option.ca_path, static_cast<const char*>(nullptr));  // else the system's, too
  }
  if (transport.certificate.empty()) return;
  SetBlob(easy, option.certificate, transport.certificate);
  SetBlob(easy, option.key, transport.key.Reveal());
  SetOption(easy, option.key_password, "");  // else OpenSSL would ask the terminal
}

// The parts of a URL that CheckUrl found good.
struct Address {
  std::string_view scheme, host, port, rest;
};

Address AddressOf(std::string_view url) {
  Address address;
  const std::size_t slashes = url.find("://");
  address.scheme = url.substr(0, slashes);
  const std::string_view after = url.substr(slashes + 3);
  const std::size_t end = std::min(after.find_first_of("/?#"), after.size());
  address.rest = after.substr(end);
  const std::string_view authority = after.substr(0, end);
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  address.host = authority.substr(0, colon);
  address.port = colon == std::string_view::npos ? "" : authority.substr(colon + 1);
  return address;
}

}  // namespace

void CurlTransport::Prepare(CURL* easy, const std::string& url, const HttpTransport& transport) {
  const Address address = AddressOf(url);
  const bool over_tls = EqualsIgnoreCase(address.scheme, "https");
  SetOption(easy, CURLOPT_HTTP_VERSION,
            static_cast<long>(transport.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  PrepareUrl(easy, url, over_tls ? transport.server_name : "");
  PrepareTls(easy, transport, kServer);
  PrepareProxy(easy, transport, over_tls);
  GuardEgress(easy, transport, std::string(address.host));
}

void CurlTransport::PrepareMail(CURL* easy, const std::string& url,
                                const HttpTransport& transport) {
  PrepareUrl(easy, url, transport.server_name);
  PrepareTls(easy, transport, kServer);
  SetOption(easy, CURLOPT_PROXY, "");
  GuardEgress(easy, transport, std::string(AddressOf(url).host));
  through_proxy_ = false;
}

// curl takes SNI and the name to verify from the URL alone: so the wanted name stands there, and
// curl is told where to connect instead.
void CurlTransport::PrepareUrl(CURL* easy, const std::string& url, const std::string& server_name) {
  const Address address = AddressOf(url);
  if (server_name.empty() || EqualsIgnoreCase(server_name, address.host)) {
    SetOption(easy, CURLOPT_URL, url.c_str());
    return;
  }
  const std::string_view port = address.port.empty() ? "443" : address.port;
  const std::string named =
      fmt::format("{}://{}:{}{}", address.scheme, server_name, port, address.rest);
  SetOption(easy, CURLOPT_URL, named.c_str());
  Append(fmt::format("{}:{}:{}:{}", server_name, port, address.host, port), &connect_to_);
  SetOption(easy, CURLOPT_CONNECT_TO, connect_to_.get());
  host_ = address.port.empty() ? std::string(address.host)
                               : fmt::format("{}:{}", address.host, address.port);
}

void CurlTransport::PrepareProxy(CURL* easy, const HttpTransport& transport, bool over_tls) {
  const std::string& proxy = transport.proxy.Reveal();
  SetOption(easy, CURLOPT_PROXY, proxy.c_str());  // empty: not what the environment says
  SetOption(easy, CURLOPT_NOPROXY, "");
  if (proxy.empty()) return;
  PrepareTls(easy, transport, kProxy);
  SetOption(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // only the server's are looked at
  const bool has_credentials = proxy.find('@') != std::string::npos;
  if (has_credentials || !transport.connect_headers.empty()) {
    SetOption(easy, CURLOPT_FRESH_CONNECT, 1L);
    SetOption(easy, CURLOPT_FORBID_REUSE, 1L);
  }
  if (!over_tls) return;  // no tunnel: these headers would go into the request itself
  for (const auto& [name, value] : transport.connect_headers) {
    Append(value.empty() ? name + ";" : fmt::format("{}: {}", name, value.Reveal()),
           &connect_headers_);
  }
  SetOption(easy, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  SetOption(easy, CURLOPT_PROXYHEADER, connect_headers_.get());
}

// ---- egress

void CurlTransport::GuardEgress(CURL* easy, const HttpTransport& transport, std::string host) {
  if (transport.egress == nullptr) return;
  egress_ = transport.egress;
  guarded_ = easy;
  target_ = std::move(host);
  through_proxy_ = !transport.proxy.Reveal().empty();
  SetOption(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlTransport::OnOpenSocket);
  SetOption(easy, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
}

// Where a server_name is given it stands in curl's URL, so that the first host is remembered.
std::string CurlTransport::TargetHost(CURL* easy) const {
  if (Info<long>(easy, CURLINFO_REDIRECT_COUNT) == 0) return target_;
  const char* const url = Info<const char*>(easy, CURLINFO_EFFECTIVE_URL);
  return url == nullptr ? target_ : std::string(AddressOf(url).host);
}

bool CurlTransport::Note(const Status& verdict) {
  if (!verdict) refusal_ = verdict.message();
  return verdict.ok();
}

curl_socket_t CurlTransport::OnOpenSocket(void* self, curlsocktype, curl_sockaddr* address) {
  return static_cast<CurlTransport*>(self)->OpenSocket(*address);
}

// curl tries the next address of the name when this one is refused.
curl_socket_t CurlTransport::OpenSocket(const curl_sockaddr& address) {
  if (egress_ != nullptr && !through_proxy_) {
    const std::optional<IpAddress> ip = IpAddress::Of(address.addr);
    if (!ip || !Note(egress_->Check(TargetHost(guarded_), *ip))) return CURL_SOCKET_BAD;
  }
  opened_ = true;
  return socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
}

bool CurlTransport::MayUse(CURL* easy, const char* ip) {
  if (egress_ == nullptr) return true;
  // Of this connection, and of those that a redirect or a repetition opens after it: not of another
  // address of the name, which was refused before this one was opened.
  opened_ = false;
  refusal_.clear();
  const std::string host = TargetHost(easy);
  if (through_proxy_) return Note(egress_->CheckName(host));
  const std::optional<IpAddress> address = IpAddress::Parse(ip == nullptr ? "" : ip);
  return address && Note(egress_->Check(host, *address));
}

}  // namespace tocsin
