// Outgoing HTTP, asynchronous: a receiver or target that hangs costs a socket, not a thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/http_transport.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "base/transfer_phases.h"

namespace tocsin {

struct HttpClientRequest {
  std::string method = "GET";
  std::string url;  // http or https
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Duration timeout{std::chrono::seconds(10)};  // of the whole exchange, connecting included
  // Decoded; more fails the exchange, unless its status has refused the request: then it is cut,
  // and the rest is not read.
  std::size_t max_response_bytes = 1 << 20;
  bool cut_response = false;  // so is that of a success
  bool follow_redirects = false;
  bool accept_compressed = false;
  // Null: HTTP/1.1, no proxy, the system's certificates.
  std::shared_ptr<const HttpTransport> transport;
  const void* owner = nullptr;  // who may cancel it; nothing but an address
  // It asks for credentials: whoever shows exchanges shows neither its body nor the answer's.
  bool carries_credentials = false;
};

struct HttpClientResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;

  // The first value of a header (lower-case name), empty where absent.
  std::string_view Header(std::string_view name) const;
};

struct HttpClientFailure {
  std::string message;  // without secrets: the URL appears redacted
  // The request may have reached the other side (it was sent whole, the answer never came).
  bool outcome_unknown = false;
  bool response_too_large = false;
  bool timed_out = false;
  bool cancelled = false;  // by its owner
  bool forbidden = false;  // by the transport's egress policy; nothing was sent there
};

struct HttpClientResult {
  std::optional<HttpClientResponse> response;
  HttpClientFailure failure;  // where there is no response
  Duration elapsed{0};
  TransferPhases phases;
};

class HttpClient {
 public:
  using Done = std::function<void(HttpClientResult)>;
  virtual ~HttpClient() = default;
  // Any thread; never blocks. `done` runs exactly once, on the client's thread, and must be short;
  // at shutdown it runs with a failure.
  virtual void Send(HttpClientRequest request, Done done) = 0;
  // Any thread; never blocks. Whatever `owner`, not null, has sent before and is not over ends with
  // a failure.
  virtual void Cancel(const void* owner) = 0;
};

// libcurl's multi interface on one thread of its own: connections are reused, thousands of requests
// may be under way. Destruction fails what is under way and joins the thread.
std::unique_ptr<HttpClient> MakeCurlHttpClient(std::string user_agent, const Logger& log);

// scheme://host:port/… : no user info, no path beyond the first slash, no query. For logs and
// errors: webhook addresses carry their secret in the path.
std::string RedactUrl(std::string_view url);

// http or https with a host, nothing that could split a request; the reason why not otherwise.
Status CheckUrl(std::string_view url);

}  // namespace tocsin
