// HTTP as handlers see it: a request, a response, routes. Nothing here knows which server carries it;
// exporter/http/civetweb_server.cc is the only file that does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tocsin::http {

struct Request {
  std::string method;    // upper case
  std::string raw_path;  // as it came: percent escapes intact, without the query
  std::string query;     // as it came, without the question mark
  std::vector<std::pair<std::string, std::string>> headers;  // as they came
  std::string body;      // whole, content codings not yet removed; has SIMDJSON_PADDING spare capacity
  std::string remote_address;  // "127.0.0.1"

  // The path split at `/` and each part percent-decoded after the split, without the leading empty
  // one: "/metrics/job/a%2Fb" gives {"metrics", "job", "a/b"}. Filled by the router before a handler
  // runs; a path with a bad escape, NUL or invalid UTF-8 never reaches one (400).
  std::vector<std::string> path;
  // What the pattern's {placeholders} and its trailing ** stand for, in order.
  std::vector<std::string> captures;

  // First value of a header, any case of the name; empty where absent.
  std::string_view Header(std::string_view name) const;
  // First value of a query parameter, decoded (plus is a blank); nothing where absent or malformed.
  std::optional<std::string> QueryParameter(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;  // beside Content-Type and -Length
  std::string body;
  bool close = false;  // close the connection after this answer
};

using Handler = std::function<Response(const Request&)>;

// How a route writes the errors that the server and the router find before its handler runs.
enum class ErrorStyle : std::uint8_t {
  kPlain,  // text/plain, one line
  kJson,   // {"detail":"..."}, the alerting API's
};

struct Route {
  std::string method;   // "GET" answers HEAD too
  // "/-/ready", "/alerts/{id}/acknowledge", "/metrics/job/**" (the rest, at least one part).
  std::string pattern;
  Handler handler;
  std::size_t max_body = 1 << 20;  // bytes as sent; more is 413
  ErrorStyle errors = ErrorStyle::kPlain;
};

// Routes are added before the server starts and never change. Thread-safe afterwards.
class Router {
 public:
  void Add(Route route);

  // The route for a request, or the ready answer: 400, 404, 405 with Allow. Fills request.path and
  // request.captures. A trailing slash is the same path as without, except under **, where an empty
  // last part is kept.
  struct Match {
    const Route* route = nullptr;
    Response error;  // where route is null
  };
  Match Find(Request& request) const;

 private:
  struct Entry;
  std::vector<std::shared_ptr<const Entry>> entries_;
};

// One listener. Handlers run on its workers, one request each; an exception that leaves a handler is
// logged and answered with 500. Every limit of reference behaviour (sizes, timeouts, smuggling forms,
// connections that send nothing) is enforced here, before a handler runs.
struct ServerOptions {
  std::string listen_address = "127.0.0.1:9095";  // host:port; ":port" is 0.0.0.0; port 0: any free
  std::size_t workers = 32;
};

class Server {
 public:
  virtual ~Server() = default;  // stops
  virtual std::uint16_t port() const = 0;
  virtual std::string address() const = 0;  // "127.0.0.1:9095", the port really bound
  // No new requests; waits for those under way (bounded by the request timeout). Idempotent.
  virtual void Stop() = 0;
};

}  // namespace tocsin::http
