// Puts an HttpTransport into the words of libcurl. Lives as long as the transfer that it prepares;
// the client's thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/curl_handle.h"
#include "base/http_transport.h"

namespace tocsin {

class CurlTransport {
 public:
  // Sets the URL and everything about the way to it. REQUIRES: CheckRequest found nothing.
  void Prepare(CURL* easy, const std::string& url, const HttpTransport& transport);

  // The same for a mail server, whose URL names its port. Mail takes no proxy.
  // The caller opens its sockets by OpenSocket.
  void PrepareMail(CURL* easy, const std::string& url, const HttpTransport& transport);

  // Judges each address before it is connected to, where the transport says how.
  void GuardEgress(CURL* easy, const HttpTransport& transport, std::string host);
  // A new socket for curl, CURL_SOCKET_BAD where that address must not be reached.
  curl_socket_t OpenSocket(const curl_sockaddr& address);
  // Of a connection that is about to carry a request: perhaps an old one, opened for somebody who
  // may go where this transport may not. `ip` is the address at its other end.
  bool MayUse(CURL* easy, const char* ip);
  // Why no connection could be had, where all addresses of the host were refused; else empty.
  std::string_view refusal() const { return opened_ ? std::string_view() : refusal_; }

  // The Host header that the request needs because another name stands in its URL; may be empty.
  const std::string& host() const { return host_; }

 private:
  void PrepareUrl(CURL* easy, const std::string& url, const std::string& server_name);
  void PrepareProxy(CURL* easy, const HttpTransport& transport, bool over_tls);

  static curl_socket_t OnOpenSocket(void* self, curlsocktype, curl_sockaddr* address);
  std::string TargetHost(CURL* easy) const;
  bool Note(const Status& verdict);

  std::shared_ptr<const EgressPolicy> egress_;
  CURL* guarded_ = nullptr;
  std::string target_;  // the host that the first request is for
  bool through_proxy_ = false;
  std::string refusal_;  // the newest one
  bool opened_ = false;  // another address was tried, for the same request

  std::string host_;
  CurlList connect_to_;
  CurlList connect_headers_;
};

}  // namespace tocsin
