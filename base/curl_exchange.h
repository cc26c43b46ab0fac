// One request of the HttpClient from Send() to `done`, with the curl handle that carries it. Owned
// by the client; its thread only.
//
// Whether a failed request may have reached the other side is told from what curl wrote to the
// socket for the current hop: nothing, or not the whole body, is certain non-delivery. curl repeats
// a request by itself when a reused connection dies before an answer; that would send a
// notification twice, so a request whose method is not idempotent is stopped before its repetition
// (RFC 9110, section 9.2.2).
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/curl_handle.h"
#include "base/curl_loop.h"
#include "base/curl_transport.h"
#include "base/http_client.h"

namespace tocsin {

class CurlExchange final : public CurlTransfer {
 public:
  // `user_agent` outlives it.
  CurlExchange(HttpClientRequest request, HttpClient::Done done, const std::string& user_agent)
      : CurlTransfer(request.owner),
        request_(std::move(request)),
        done_(std::move(done)),
        user_agent_(user_agent) {}

  Status Check() const override;
  void Prepare() override;
  void End(CURLcode code) override;
  void Abandon(std::string_view why, bool cancelled) override;
  void Finish() override { done_(std::move(result_)); }

 private:
  static std::size_t OnBody(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* self);
  static int BeforeSending(void* self, char*, char*, int, int);

  void PrepareMethod();
  void PrepareHeaders();
  void PrepareCallbacks();
  bool AddHeaderLine(std::string_view line);
  bool MaySend();
  void KeepSecretsHere();
  bool MayHaveBeenSent() const;
  bool IsIdempotent() const;
  bool IsForbidden(CURLcode code) const;
  std::string Reason(CURLcode code) const;

  HttpClientRequest request_;
  HttpClient::Done done_;
  const std::string& user_agent_;
  HttpClientResult result_;
  CurlTransport transport_;
  CurlList headers_;
  CurlList public_headers_;  // those of them that other servers may see
  HttpClientResponse response_;
  std::size_t header_bytes_ = 0;
  bool reading_headers_ = false;  // false after the body began: trailers are left out
  bool body_too_large_ = false;
  bool headers_too_large_ = false;
  bool repetition_stopped_ = false;
  std::string origin_;        // of the first server; "" before it is asked
  long hop_ = -1;             // the redirect whose request was begun last; -1 before the first
  long sent_before_hop_ = 0;  // bytes of requests written for earlier hops
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace tocsin
