// Outgoing mail over SMTP, asynchronous: a server that hangs costs a socket, not a thread.
// https://www.rfc-editor.org/rfc/rfc5321
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_transport.h"
#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "base/transfer_phases.h"

namespace tocsin {

enum class MailSecurity : std::uint8_t {
  kNone,               // in the clear, also where the server offers STARTTLS
  kStartTlsIfOffered,  // else in the clear; certificates are verified against a given CA only
  kStartTls,           // STARTTLS, or nothing is sent
  kTls,                // from the first byte
};

struct MailRequest {
  std::string host;  // a name or address; an IPv6 address without brackets
  std::uint16_t port = 25;
  std::string hello = "localhost";  // what EHLO says
  MailSecurity security = MailSecurity::kStartTls;
  // Null: the system's certificates. Its proxy is not used.
  std::shared_ptr<const HttpTransport> transport;

  // Empty: no authentication. Nor is there any where the server offers none.
  std::string user;
  Secret password;       // for PLAIN and LOGIN
  Secret secret;         // for CRAM-MD5; where both are set, what the server offers decides
  std::string identity;  // of PLAIN: on whose behalf

  std::string from;             // addresses as SMTP has them: user@example.org
  std::vector<std::string> to;  // not empty
  // Deliver to the recipients that the server takes where it refuses others; else one refusal ends
  // it.
  bool accept_partly = false;
  std::string message;  // RFC 5322, lines end in CRLF; dots are the client's business

  Duration timeout{std::chrono::seconds(10)};  // of the whole conversation, connecting included
  const void* owner = nullptr;                 // who may cancel it; nothing but an address
};

struct RefusedRecipient {
  std::string address;
  std::string reply;  // "550 5.1.1 no such user"
};

struct MailResult {
  bool accepted = false;  // the server has taken the message, for all but `refused`
  std::vector<RefusedRecipient> refused;

  // Where it was not accepted:
  std::string message;  // why, without secrets: the step, and what the server said to it
  int reply = 0;        // the server's code; 0: it said nothing
  bool reply_is_to_recipient = false;  // to a RCPT: the server itself is well
  bool outcome_unknown = false;        // the message was sent whole, the answer never came
  bool authentication_failed = false;
  bool mechanism_missing = false;  // the server offers no way to authenticate that may be used
  bool timed_out = false;
  bool cancelled = false;  // by its owner
  bool forbidden = false;  // by the transport's egress policy; nothing was sent

  Duration elapsed{0};
  TransferPhases phases;
};

class MailClient {
 public:
  using Done = std::function<void(MailResult)>;
  virtual ~MailClient() = default;
  // Any thread; never blocks. `done` runs exactly once, on a thread of the client, and must be
  // short; at shutdown it runs with a failure.
  virtual void Send(MailRequest request, Done done) = 0;
  // Any thread; never blocks. Whatever `owner`, not null, has sent before and is not over ends with
  // a failure.
  virtual void Cancel(const void* owner) = 0;
};

// libcurl, on a thread for each mail server, so that none delays the mails of another. Each mail
// has its own connection, which ends with QUIT. Destruction fails what is under way and joins the
// threads.
std::unique_ptr<MailClient> MakeCurlMailClient(const Logger& log);

}  // namespace tocsin
