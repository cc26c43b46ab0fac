// A real HTTP/1.1 server on loopback that behaves as badly as a test wants: it answers with any
// status, headers and body, in pieces or chunks, late, never, half, or with a reset.
//
// The handler runs on the connection's own thread and says what happens to the request; to answer
// late, it waits for whatever the test holds it back with. Destruction ends every connection.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"
#include "base/number.h"
#include "base/text.h"

namespace tocsin::testing {

// A TCP socket bound to a free port of loopback. While it listens and nobody accepts, connections
// are made and their bytes go nowhere; while it does not listen, they are refused.
class LoopbackSocket {
 public:
  enum class Mode : std::uint8_t { kRefusing, kListening };
  explicit LoopbackSocket(Mode mode) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    CHECK(fd_ >= 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    if (mode == Mode::kListening) CHECK(listen(fd_, 512) == 0);
  }
  ~LoopbackSocket() { close(fd_); }
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  int fd() const { return fd_; }
  std::uint16_t port() const { return port_; }
  std::string Url(std::string_view path) const {
    return fmt::format("http://127.0.0.1:{}{}", port_, path);
  }

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

  std::string Header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return "";
  }
};

struct TestReply {
  enum class Fate : std::uint8_t {
    kAnswer,        // whole
    kHang,          // nothing, until the peer or the test gives up
    kClose,         // closes without an answer
    kReset,         // resets without an answer
    kResetMidBody,  // announces the whole body, sends half of it, resets
    kCloseMidBody,
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

  explicit HttpTestServer(Handler handler)
      : handler_(std::move(handler)), listener_(LoopbackSocket::Mode::kListening) {
    thread_ = std::thread([this] { Accept(); });
  }
  // Answers everything alike.
  explicit HttpTestServer(TestReply reply = {})
      : HttpTestServer([reply = std::move(reply)](const TestRequest&) { return reply; }) {}

  ~HttpTestServer() {
    {
      MutexLock lock(mu_);
      stopped_ = true;
      for (const Connection& connection : connections_) shutdown(connection.fd, SHUT_RDWR);
    }
    shutdown(listener_.fd(), SHUT_RDWR);
    thread_.join();
    for (Connection& connection : connections_) {
      connection.thread.join();
      close(connection.fd);
    }
  }
  HttpTestServer(const HttpTestServer&) = delete;
  HttpTestServer& operator=(const HttpTestServer&) = delete;

  std::uint16_t port() const { return listener_.port(); }
  std::string Url(std::string_view path = "/") const { return listener_.Url(path); }

  // The requests whose last byte has come, in that order.
  std::vector<TestRequest> requests() const {
    MutexLock lock(mu_);
    return requests_;
  }
  int connections() const {
    MutexLock lock(mu_);
    return static_cast<int>(connections_.size());
  }
  // Waits until so many requests have come.
  void AwaitRequests(std::size_t n) {
    MutexLock lock(mu_);
    while (requests_.size() < n) arrived_.Wait(mu_);
  }

 private:
  struct Connection {
    int fd = -1;
    std::thread thread;
  };

  void Accept() {
    while (true) {
      const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      MutexLock lock(mu_);
      if (stopped_) {
        close(fd);
        return;
      }
      const int number = static_cast<int>(connections_.size());
      connections_.push_back({fd, {}});
      connections_.back().thread = std::thread([this, fd, number] { Serve(fd, number); });
    }
  }

  void Serve(int fd, int number) {
    std::string buffer;
    TestRequest request;
    while (ReadRequest(fd, &buffer, &request)) {
      request.connection = number;
      {
        MutexLock lock(mu_);
        requests_.push_back(request);
      }
      arrived_.NotifyAll();
      if (!Answer(fd, handler_(request))) break;
    }
    // The descriptor itself stays open until destruction, so that its number is not reused.
    shutdown(fd, SHUT_RDWR);
  }

  // False when the peer has gone.
  static bool ReadMore(int fd, std::string* buffer) {
    char bytes[16 << 10];
    const ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    buffer->append(bytes, static_cast<std::size_t>(n));
    return true;
  }

  static bool ReadRequest(int fd, std::string* buffer, TestRequest* request) {
    std::size_t end = 0;
    while ((end = buffer->find("\r\n\r\n")) == std::string::npos) {
      if (!ReadMore(fd, buffer)) return false;
    }
    *request = ParseHead(std::string_view(*buffer).substr(0, end));
    const auto length =
        static_cast<std::size_t>(ParseInt(request->Header("content-length")).value_or(0));
    while (buffer->size() < end + 4 + length) {
      if (!ReadMore(fd, buffer)) return false;
    }
    request->body = buffer->substr(end + 4, length);
    buffer->erase(0, end + 4 + length);
    return true;
  }

  static TestRequest ParseHead(std::string_view head) {
    TestRequest request;
    const std::vector<std::string_view> lines = Split(head, '\n');
    const std::vector<std::string_view> words = Split(TrimSpace(lines.at(0)), ' ');
    request.method = words.at(0);
    request.target = words.at(1);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const std::size_t colon = lines[i].find(':');
      CHECK(colon != std::string_view::npos);
      request.headers.emplace_back(ToLowerAscii(lines[i].substr(0, colon)),
                                   TrimSpace(lines[i].substr(colon + 1)));
    }
    return request;
  }

  static bool SendAll(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  static void Reset(int fd) {
    // Connecting a stream socket to AF_UNSPEC drops its connection with a reset and, unlike closing
    // with a linger time of zero, leaves the descriptor open.
    sockaddr nowhere{};
    nowhere.sa_family = AF_UNSPEC;
    static_cast<void>(connect(fd, &nowhere, sizeof nowhere));
  }

  static std::string Head(const TestReply& reply) {
    std::string head = fmt::format("HTTP/1.1 {} Status\r\n", reply.status);
    for (const auto& [name, value] : reply.headers) head += fmt::format("{}: {}\r\n", name, value);
    if (reply.chunked) {
      head += "Transfer-Encoding: chunked\r\n";
    } else if (reply.fate != TestReply::Fate::kEndlessBody) {
      head += fmt::format("Content-Length: {}\r\n", reply.body.size());
    }
    if (reply.close) head += "Connection: close\r\n";
    return head + "\r\n";
  }

  static std::string Chunked(std::string_view body) {
    std::string out;
    while (!body.empty()) {
      const std::string_view piece = body.substr(0, 1000);
      out += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
      body.remove_prefix(piece.size());
    }
    return out + "0\r\nX-Trailer: late\r\n\r\n";
  }

  // False when the connection is over.
  static bool Answer(int fd, const TestReply& reply) {
    using Fate = TestReply::Fate;
    const std::string head = Head(reply);
    switch (reply.fate) {
      case Fate::kAnswer:
        return SendAll(fd, head + (reply.chunked ? Chunked(reply.body) : reply.body)) &&
               !reply.close;
      case Fate::kHang: {
        std::string ignored;
        while (ReadMore(fd, &ignored)) ignored.clear();
        return false;
      }
      case Fate::kClose:
        return false;
      case Fate::kReset:
        Reset(fd);
        return false;
      case Fate::kResetMidBody:
      case Fate::kCloseMidBody:
        SendAll(fd, head + reply.body.substr(0, reply.body.size() / 2));
        if (reply.fate == Fate::kResetMidBody) Reset(fd);
        return false;
      case Fate::kEndlessBody: {
        bool sent = SendAll(fd, head);
        while (sent) sent = SendAll(fd, reply.body);
        return false;
      }
    }
    return false;
  }

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
