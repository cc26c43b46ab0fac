// One mail of the MailClient from Send() to `done`, with the curl handle that carries it. Owned by
// the loop; its thread only.
//
// libcurl does not say which recipients a server refused, nor at which step a conversation ended,
// so the replies are read here as they come: curl shows each command and each reply to its debug
// callback.
//
// What curl 7.88 does at the end of a mail it does without coming back to the loop: it sends the
// end of the data, also of a mail that is given up half-way, and waits for the reply; it says QUIT,
// and waits again. So the sockets are shut before a mail is given up (nothing more leaves), from
// any thread where the loop stands still (Interrupt), and for reading as soon as QUIT is sent. That
// a server may hold up those of its own mails that come behind is why each server has a loop of its
// own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/curl_handle.h"
#include "base/curl_loop.h"
#include "base/curl_transport.h"
#include "base/mail_client.h"
#include "base/mutex.h"

namespace tocsin {

class CurlMail final : public CurlTransfer {
 public:
  // With what the user authenticates. libcurl knows one password for all mechanisms.
  enum class Proof : std::uint8_t { kPassword, kSecret };

  CurlMail(MailRequest request, Proof proof, MailClient::Done done)
      : CurlTransfer(request.owner),
        request_(std::move(request)),
        proof_(proof),
        done_(std::move(done)) {}

  // Whether the password may be said to the server as it is. As Go's client has it: over TLS, and
  // to this machine. https://pkg.go.dev/net/smtp#PlainAuth
  static bool MaySayPassword(const MailRequest& request);

  Status Check() const override;
  void Prepare() override;
  void End(CURLcode code) override;
  void Abandon(std::string_view why, bool cancelled) override;
  void Finish() override { done_(std::move(result_)); }
  void Interrupt() override EXCLUDES(mu_);

 private:
  static std::size_t OnRead(char* buffer, std::size_t size, std::size_t count, void* self);
  static int OnDebug(CURL*, curl_infotype type, char* data, std::size_t size, void* self);
  static curl_socket_t OnOpenSocket(void* self, curlsocktype, curl_sockaddr* address);
  static int OnCloseSocket(void* self, curl_socket_t socket);

  void PrepareAuthentication();
  void PrepareCallbacks();
  void OnCommand(std::string_view line);
  void OnReply(std::string_view line);
  void ShutSockets(int how) EXCLUDES(mu_);
  std::string WithoutSecrets(std::string_view reply) const;
  std::string Reason(CURLcode code) const;
  std::string Place() const;

  MailRequest request_;
  const Proof proof_;
  MailClient::Done done_;
  MailResult result_;
  CurlTransport transport_;
  CurlList recipients_;

  Mutex mu_;
  std::vector<curl_socket_t> sockets_ GUARDED_BY(mu_);  // that are open
  bool interrupted_ GUARDED_BY(mu_) = false;

  std::size_t read_ = 0;          // bytes of the message that curl has taken
  std::string step_ = "connect";  // the verb of the newest command
  std::size_t recipient_ = 0;     // how many RCPT have been sent
  std::string bad_reply_;         // the newest reply of 400 and up
  std::string bad_step_;          // to what it was
  bool said_auth_ = false;
  bool said_quit_ = false;
  bool message_asked_for_ = false;  // the server has said 354
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace tocsin
