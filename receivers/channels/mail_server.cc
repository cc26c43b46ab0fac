#include "receivers/channels/mail_server.h"

#include "base/number.h"

namespace tocsin::receivers {
namespace {

// https://www.rfc-editor.org/rfc/rfc8314#section-7.3
constexpr std::uint16_t kImplicitTlsPort = 465;

bool IsImplicit(const config::CheckedKeys& keys, std::uint16_t port) {
  return keys.Has("force_implicit_tls") ? keys.Text("force_implicit_tls") == "true"
                                        : port == kImplicitTlsPort;
}

MailSecurity SecurityOf(const config::CheckedKeys& keys, std::uint16_t port,
                        MailSecurity unless_said) {
  if (IsImplicit(keys, port)) return MailSecurity::kTls;
  if (!keys.Has("require_tls")) return unless_said;
  return keys.Text("require_tls") == "true" ? MailSecurity::kStartTls : MailSecurity::kNone;
}

}  // namespace

Result<MailServer> MailServerOf(const config::CheckedKeys& keys, MailSecurity unless_said) {
  const std::string smarthost = keys.Text("smarthost");
  const std::size_t colon = smarthost.rfind(':');
  const std::int64_t port =
      colon == std::string::npos ? 0 : ParseInt(smarthost.substr(colon + 1)).value_or(0);
  if (port < 1 || port > 65535) {
    return Error{"smarthost: the port must be a number from 1 to 65535"};
  }
  MailServer server;
  server.host = smarthost.substr(0, colon);
  if (server.host.size() > 2 && server.host.front() == '[') {
    server.host = server.host.substr(1, server.host.size() - 2);
  }
  server.port = static_cast<std::uint16_t>(port);
  server.security = SecurityOf(keys, server.port, unless_said);
  return server;
}

}  // namespace tocsin::receivers
