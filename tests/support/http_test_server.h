// A real HTTP/1.1 server on loopback that behaves as badly as a test wants: it answers with any
// status, headers and body, in pieces or chunks, late, never, half, or with a reset.
//
// The handler runs on the connection's own thread and says what happens to the request; to answer
// late, it waits for whatever the test holds it back with. Destruction ends every connection.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace tocsin::testing {

// A TCP socket bound to a free port of loopback. While it listens and nobody accepts, connections
// are made and their bytes go nowhere; while it does not listen, they are refused.
class LoopbackSocket {
 public:
  enum class Mode : std::uint8_t { kRefusing, kListening };
  explicit LoopbackSocket(Mode mode);
  ~LoopbackSocket();
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  int fd() const { return fd_; }
  std::uint16_t port() const { return port_; }
  std::string Url(std::string_view path) const;

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

struct TestRequest {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  int connection = 0;  // counted from 0, in the order of acceptance

  std::string Header(std::string_view name) const;
};

struct TestReply {
  enum class Fate : std::uint8_t {
    kAnswer,        // whole
    kHang,          // nothing, until the peer or the test gives up
    kClose,         // closes without an answer
    kReset,         // resets without an answer
    kResetMidBody,  // announces the whole body, sends half of it, resets
    kCloseMidBody,
    kCloseMidHeaders,
    kNoHttp,       // sends the body, and nothing else
    kEndlessBody,  // repeats the body until the peer gives up
  };
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  Fate fate = Fate::kAnswer;
  bool chunked = false;
  bool close = false;  // the connection, after the answer
};

class HttpTestServer {
 public:
  using Handler = std::function<TestReply(const TestRequest&)>;

  explicit HttpTestServer(Handler handler);
  // Answers everything alike.
  explicit HttpTestServer(TestReply reply = {});
  ~HttpTestServer();
  HttpTestServer(const HttpTestServer&) = delete;
  HttpTestServer& operator=(const HttpTestServer&) = delete;

  std::uint16_t port() const { return listener_.port(); }
  std::string Url(std::string_view path = "/") const { return listener_.Url(path); }

  // The requests whose last byte has come, in that order.
  std::vector<TestRequest> requests() const;
  int connections() const;
  // Waits until so many requests have come.
  void AwaitRequests(std::size_t n);

 private:
  struct Connection {
    int fd = -1;
    std::thread thread;
  };

  void Accept();
  void Serve(int fd, int number);

  const Handler handler_;
  const LoopbackSocket listener_;

  mutable Mutex mu_;
  CondVar arrived_;
  std::vector<TestRequest> requests_ GUARDED_BY(mu_);
  std::list<Connection> connections_;  // grows under mu_; read without it after thread_ has ended
  bool stopped_ GUARDED_BY(mu_) = false;

  std::thread thread_;  // accepts
};

}  // namespace tocsin::testing
