#include "receivers/channels/transport_settings.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "receivers/channels/authorized_headers.h"

namespace tocsin::receivers {
namespace {

// The configuration has checked the names.
TlsVersion VersionOf(std::string_view name) {
  if (name == "TLS10") return TlsVersion::kTls10;
  if (name == "TLS11") return TlsVersion::kTls11;
  if (name == "TLS12") return TlsVersion::kTls12;
  if (name == "TLS13") return TlsVersion::kTls13;
  return TlsVersion::kDefault;
}

// A PEM text that is written in the configuration or in the file that it names. Whether the text is
// sound is seen by the TLS library; what is no PEM at all is told here, with its place.
Result<std::string> Pem(std::string_view key, const std::string& text, const std::string& file,
                        std::string_view what) {
  const std::string place = file.empty() ? std::string(key) : fmt::format("{}_file {}", key, file);
  Result<std::string> pem = text;
  if (!file.empty()) pem = ReadSecretFile(file);
  if (!pem) return Error{fmt::format("tls_config: {}_file: {}", key, pem.message())};
  if (pem->empty() && file.empty()) return pem;
  const std::size_t begin = pem->find("-----BEGIN ");
  const bool is_pem = begin != std::string::npos &&
                      pem->find(fmt::format("{}-----", what), begin) != std::string::npos;
  if (!is_pem) return Error{fmt::format("tls_config: {} holds no {} in PEM form", place, what)};
  return pem;
}

}  // namespace

TransportSettings::TransportSettings(const config::TlsConfig& tls, const config::ProxyConfig& proxy,
                                     bool http2, const config::Environment& environment)
    : tls_(tls), proxy_(proxy, environment) {
  fixed_.server_name = tls.server_name;
  fixed_.insecure_skip_verify = tls.insecure_skip_verify;
  fixed_.min_version = VersionOf(tls.min_version);
  fixed_.max_version = VersionOf(tls.max_version);
  fixed_.http2 = http2;
  for (const config::ConnectHeader& header : proxy.connect_headers) {
    for (const Secret& value : header.values) {
      fixed_.connect_headers.emplace_back(header.name, value);
    }
  }
}

Result<TransportSettings> TransportSettings::Make(const config::TlsConfig& tls,
                                                  const config::ProxyConfig& proxy, bool http2,
                                                  std::shared_ptr<const EgressPolicy> egress,
                                                  const config::Environment& environment) {
  TransportSettings settings(tls, proxy, http2, environment);
  settings.fixed_.egress = std::move(egress);
  for (const char* url : {"http://host.invalid/", "https://host.invalid/"}) {
    const Result<std::shared_ptr<const HttpTransport>> transport = settings.For(url);
    if (!transport) return transport.error();
    if (Status status = CheckTransport(**transport); !status) return status.error();
  }
  return settings;
}

Result<HttpTransport> TransportSettings::WithCertificates() const {
  Result<std::string> ca = Pem("ca", tls_.ca, tls_.ca_file, "CERTIFICATE");
  if (!ca) return ca.error();
  Result<std::string> certificate = Pem("cert", tls_.cert, tls_.cert_file, "CERTIFICATE");
  if (!certificate) return certificate.error();
  Result<std::string> key = Pem("key", tls_.key.Reveal(), tls_.key_file, "PRIVATE KEY");
  if (!key) return key.error();
  HttpTransport transport = fixed_;
  transport.ca = *std::move(ca);
  transport.certificate = *std::move(certificate);
  transport.key = Secret(*std::move(key));
  return transport;
}

Result<std::shared_ptr<const HttpTransport>> TransportSettings::For(const std::string& url) const {
  Result<HttpTransport> transport = WithCertificates();
  if (!transport) return transport.error();
  transport->proxy = proxy_.For(url);
  return std::shared_ptr<const HttpTransport>(
      std::make_shared<const HttpTransport>(*std::move(transport)));
}

}  // namespace tocsin::receivers
