// The mail server of a channel's settings: `smarthost`, and how safely it is spoken to. A pure
// function.
#pragma once

#include <cstdint>
#include <string>

#include "base/mail_client.h"
#include "base/result.h"
#include "config/checked_keys.h"

namespace tocsin::receivers {

struct MailServer {
  std::string host;  // an IPv6 address without its brackets
  std::uint16_t port = 0;
  MailSecurity security = MailSecurity::kNone;
};

// TLS from the first byte on port 465 unless `force_implicit_tls` says otherwise; else STARTTLS
// where `require_tls` says so, and `unless_said` where it says nothing.
Result<MailServer> MailServerOf(const config::CheckedKeys& keys, MailSecurity unless_said);

}  // namespace tocsin::receivers
