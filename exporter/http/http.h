// HTTP as handlers see it: a request, a response, routes. Nothing here knows which server carries
// it; exporter/http/civetweb_server.cc is the only file that does.
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

#include "base/egress_policy.h"
#include "base/result.h"
#include "base/time.h"
#include "exporter/http/stream.h"

namespace tocsin::http {

// What a request's body has in spare capacity behind its end: SIMD parsers read whole blocks.
inline constexpr std::size_t kBodyPadding = 64;

struct Route;

// Who sends a request, as far as the guard knows: the holder of an API key, or a user with a
// password.
struct Actor {
  std::string key_id;  // "user:..." of a user; empty: nobody that we know
  std::string name;

  bool known() const { return !key_id.empty(); }
};

struct Request {
  std::string method;    // upper case
  std::string raw_path;  // as it came: percent escapes intact, without the query
  std::string query;     // as it came, without the question mark
  // As they came, without the blanks around a value.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // whole, content codings not yet removed; has kBodyPadding spare capacity
  // "127.0.0.1"; behind a trusted proxy that of the client.
  std::string remote_address;

  // The path split at `/` and each part percent-decoded after the split, without the leading empty
  // one: "/metrics/job/a%2Fb" gives {"metrics", "job", "a/b"}. Filled by the router before a
  // handler runs; a path with a bad escape, NUL or invalid UTF-8 never reaches one (400).
  std::vector<std::string> path;
  // What the pattern's {placeholders} stand for, then each part its trailing ** stands for.
  std::vector<std::string> captures;

  // The route that was found, null where none was; as long as the router. Filled by the router.
  const Route* route = nullptr;
  Actor actor;            // filled by the guard
  bool stranger = false;  // keys are asked for, and this one came without: to an open route
  // A UUID for what the request makes, where its client says that it may send it again: the same
  // each time, so that what is there is not made twice. Empty: of no such request.
  std::string creation_id;

  // First value of a header, any case of the name; empty where absent.
  std::string_view Header(std::string_view name) const;
  // First value of a query parameter, decoded (plus is a blank); nothing where absent or malformed.
  std::optional<std::string> QueryParameter(std::string_view name) const;
  // All values of a parameter that may be repeated, in their order; malformed ones are left out.
  std::vector<std::string> QueryParameters(std::string_view name) const;
};

// What a request has changed, for the audit log. JSON, never with secrets; empty where there is
// nothing to say.
struct Change {
  std::string action;  // "key.create"; empty: the route's method and pattern
  std::string target;  // what of: an id, a name; empty: the request's first capture
  std::string before;
  std::string after;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;  // beside Content-Type and -Length
  std::string body;
  bool close = false;  // close the connection after this answer
  std::shared_ptr<const Change> change = {};
  bool is_secret = false;    // the body is told once and must be kept nowhere
  bool is_repeated = false;  // what an earlier request was answered: nothing has changed now
};

// Says what an answer has changed.
inline void NoteChange(Change change, Response* response) {
  response->change = std::make_shared<const Change>(std::move(change));
}

using Handler = std::function<Response(const Request&)>;

// What a stream route says to a request: a stream, or why not. Headers go with the answer that
// opens the stream.
struct StreamOffer {
  std::unique_ptr<Stream> stream;  // null: refused
  Response response;               // of a refusal; else its headers only
};
using StreamOpener = std::function<StreamOffer(const Request&)>;

// How a route writes the errors that the server and the router find before its handler runs.
enum class ErrorStyle : std::uint8_t {
  kPlain,  // text/plain, one line
  kJson,   // {"detail":"..."}, the alerting API's
  kCoded,  // {"code":404,"message":"..."}, the Alertmanager API's
};

// An error in a route's style.
Response ErrorResponse(int status, ErrorStyle style, std::string_view detail);

// Who may call a route where API keys are asked for: holders of a key whose scopes allow it.
enum class Access : std::uint8_t {
  kByMethod,       // a route that says nothing: read to GET, admin to change
  kOpen,           // everybody
  kRead,           // whoever may read
  kPush,           // submits metrics: counted, not audited
  kPushOrOperate,  // submits alerts, which senders repeat every minute: not audited either
  kOperate,        // acknowledges, resolves, silences, changes rules
  kAdmin,          // the rest
};

struct Route {
  std::string method;  // "GET" answers HEAD too
  // "/-/ready", "/alerts/{id}/acknowledge", "/metrics/job/**" (the rest, at least one part).
  std::string pattern;
  Handler handler;
  std::size_t max_body = 1 << 20;  // bytes as sent; more is 413
  ErrorStyle errors = ErrorStyle::kPlain;
  Access access = Access::kByMethod;
  // ?token= is taken for a key: for what browsers cannot send headers to. It must not be logged.
  bool token_in_query = false;
  // Of a stream route. Runs on a web worker after everything that can be checked without it, and
  // once there is a seat for one more stream. The handler answers what does not open a stream.
  StreamOpener open = {};
  StreamKind stream = StreamKind::kWebSocket;
  // Decides whether the process lives: no rate holds it up.
  bool is_probe = false;
};

// A route whose connections stay (stream.h): whoever may read may open it.
Route StreamRoute(StreamKind kind, std::string pattern, StreamOpener open);

// Routes are added before the server starts and never change. Thread-safe afterwards.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // REQUIRES: a pattern and method that were not added before.
  void Add(Route route);

  // The route for a request, or the ready answer: 400, 404, 405 with Allow. Fills request.path and
  // request.captures. A trailing slash is the same path as without, except under **, where an empty
  // last part is kept. Where several patterns fit a path, the one with the earlier literal part
  // decides, then a placeholder, then **.
  struct Match {
    const Route* route = nullptr;
    // The route's; where there is none, that of the routes whose paths begin as this one does,
    // plain if they differ.
    ErrorStyle errors = ErrorStyle::kPlain;
    Response error;  // where route is null
  };
  Match Find(Request& request) const;

  // Has the last word on every answer to a path that is `prefix` or below it: those of handlers and
  // those that are made before one runs, by the router (404, 405) or the server (413, 503). Heads
  // that are refused before there is a path are not among them. Empty is every path.
  using Finisher = std::function<void(const Request&, Response*)>;
  void FinishBelow(std::string prefix, Finisher finisher);
  void Finish(const Request& request, Response* response) const;

  // Asks before everything else whether a request may pass, whatever its path: before the answers
  // that the router has for unknown paths, and before a body is read. The answer of one that may
  // not is finished as any other. `errors` is the style of what was found (Match).
  using Guard = std::function<std::optional<Response>(Request&, ErrorStyle errors)>;
  void GuardAll(Guard guard) { guard_ = std::move(guard); }
  std::optional<Response> Refuse(Request& request, ErrorStyle errors) const;

  // All of them; valid as long as the router.
  std::vector<const Route*> routes() const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::vector<std::pair<std::string, Finisher>> finishers_;  // in the order in which they came
  Guard guard_;                                              // none: everybody may
};

// 127.0.0.0/8
inline constexpr IpNetwork kLoopback{
    IpAddress{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 0}}, 104};

// One listener. Handlers run on its workers, one request each; an exception that leaves a handler
// is logged and answered with 500. Every limit of reference behaviour (sizes, timeouts, smuggling
// forms, connections that send nothing) is enforced here, before a handler runs.
struct ServerOptions {
  std::string listen_address = "127.0.0.1:9095";  // host:port; ":port" is 0.0.0.0; port 0: any free
  // Whose X-Forwarded-For is believed.
  std::vector<IpNetwork> trusted_proxies = {};
  std::size_t workers = 32;
  // Threads beside the workers: a connection holds one from its first byte on, so without them a
  // few dozen clients that send half a head would keep all others waiting.
  std::size_t spare_threads = 64;
  // Connections of one address at once, from their first request on; beyond them 503. 0: half of
  // all threads.
  std::size_t max_connections_per_address = 0;
  // Whose connections are not counted: loopback, where everything on this machine and every proxy
  // here comes from. Nor are those of trusted proxies.
  std::vector<IpNetwork> uncounted = {kLoopback};
  // How long a connection may idle between two requests. It holds a thread meanwhile: when three
  // quarters of the threads are held, connections end with their answer.
  Duration keep_alive{std::chrono::seconds(120)};
  // How long a client may be silent: before its request's head is whole, or between two parts of a
  // body; and how long it may leave an answer unread.
  Duration silence_timeout{std::chrono::seconds(10)};
  // How long a whole body may take to come, or a whole answer to be taken.
  Duration transfer_timeout{std::chrono::seconds(30)};
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
