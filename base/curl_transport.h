// Puts an HttpTransport into the words of libcurl. Lives as long as the transfer that it prepares;
// the client's thread only.
#pragma once

#include <string>

#include "base/curl_handle.h"
#include "base/http_transport.h"

namespace tocsin {

class CurlTransport {
 public:
  // Sets the URL and everything about the way to it. REQUIRES: CheckRequest found nothing.
  void Prepare(CURL* easy, const std::string& url, const HttpTransport& transport);

  // The same for a mail server, whose URL names its port. Mail takes no proxy.
  void PrepareMail(CURL* easy, const std::string& url, const HttpTransport& transport);

  // The Host header that the request needs because another name stands in its URL; may be empty.
  const std::string& host() const { return host_; }

 private:
  void PrepareUrl(CURL* easy, const std::string& url, const std::string& server_name);
  void PrepareProxy(CURL* easy, const HttpTransport& transport, bool over_tls);

  std::string host_;
  CurlList connect_to_;
  CurlList connect_headers_;
};

}  // namespace tocsin
