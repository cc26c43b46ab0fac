// A server on loopback that keeps to no rule of HTTP: what it does with a connection is a script,
// act by act, down to single bytes, in the clear or over TLS. What a well-behaved server may do is
// said more shortly with http_test_server.h.
//
// Each connection takes the next script that is there, and is closed at the script's end; one for
// which there is none is closed at once. Destruction ends every connection.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "tests/support/http_test_server.h"
#include "tests/support/test_certificates.h"

namespace tocsin::testing {

// As it was on the wire: the lines of the head end in CRLF, the empty one behind them is left out.
struct RawRequest {
  std::string head;
  std::string body;

  std::string_view request_line() const;
  // The value of a header (lower-case name), "" where it is absent.
  std::string Header(std::string_view name) const;
};

struct BadAct {
  enum class Kind : std::uint8_t {
    kAwaitRequest,  // until some of it has come; reads nothing
    kReadRequest,   // whole
    kSend,
    kSendMade,  // what `make` makes of the request that was read
    kDrip,      // byte by byte, with a pause behind each
    kRepeat,    // again and again, until the peer gives up
    kHang,      // nothing, until the peer gives up
    kReset,
  };
  Kind kind = Kind::kHang;
  std::string bytes = {};
  std::function<std::string(const RawRequest&)> make = {};
};
using BadScript = std::vector<BadAct>;

BadAct AwaitRequest();
BadAct ReadRequest();
BadAct Send(std::string bytes);
BadAct SendMade(std::function<std::string(const RawRequest&)> make);
BadAct Drip(std::string bytes);
BadAct Repeat(std::string bytes);
BadAct Hang();
BadAct Reset();

// "Retry-After: 30" and the like.
using HeaderLines = std::vector<std::string>;
// An answer as a good server writes it, after which it closes the connection.
std::string AnswerText(int status, std::string_view body = "", const HeaderLines& headers = {});
// Reads the request and gives that answer.
BadScript AnswerScript(int status, std::string_view body = "", const HeaderLines& headers = {});

class BadHttpServer {
 public:
  explicit BadHttpServer(std::vector<BadScript> scripts = {});
  // Over TLS.
  BadHttpServer(const TestCertificate& identity, std::vector<BadScript> scripts);
  ~BadHttpServer();
  BadHttpServer(const BadHttpServer&) = delete;
  BadHttpServer& operator=(const BadHttpServer&) = delete;

  // What the connections to come do. Forgets requests and connections so far.
  void Play(std::vector<BadScript> scripts) EXCLUDES(mu_);

  // Of the address "http://127.0.0.1:1234", or https.
  std::string Url(std::string_view path = "") const;
  // Those that were read whole, in that order.
  std::vector<RawRequest> requests() const EXCLUDES(mu_);
  std::size_t connections() const EXCLUDES(mu_);
  // Waits until so many have been read.
  void AwaitRequests(std::size_t n) EXCLUDES(mu_);

 private:
  struct ContextFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  using TlsContext = std::unique_ptr<SSL_CTX, ContextFree>;

  struct Connection {
    int fd = -1;  // -1: closed
    std::thread thread;
    bool is_over = false;
  };

  BadHttpServer(TlsContext tls, std::vector<BadScript> scripts);
  static TlsContext MakeContext(const TestCertificate& identity);
  void Accept() EXCLUDES(mu_);
  void Begin(int fd) EXCLUDES(mu_);
  void Serve(Connection* connection, const BadScript& script, int play) EXCLUDES(mu_);
  void JoinEnded() EXCLUDES(mu_);
  void Record(const RawRequest& request, int play) EXCLUDES(mu_);

  const TlsContext tls_;  // null: in the clear
  const LoopbackSocket listener_;

  mutable Mutex mu_;
  CondVar arrived_;
  std::vector<BadScript> scripts_ GUARDED_BY(mu_);
  int play_ GUARDED_BY(mu_) = 0;  // how often Play() was called
  std::size_t begun_ GUARDED_BY(mu_) = 0;
  std::vector<RawRequest> requests_ GUARDED_BY(mu_);
  std::list<Connection> connections_ GUARDED_BY(mu_);
  bool stopped_ GUARDED_BY(mu_) = false;

  std::thread thread_;  // accepts
};

}  // namespace tocsin::testing
