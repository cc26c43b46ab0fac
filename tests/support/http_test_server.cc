#include "tests/support/http_test_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/number.h"
#include "base/text.h"

namespace tocsin::testing {
namespace {

// False when the peer has gone.
bool ReadMore(int fd, std::string* buffer) {
  char bytes[16 << 10];
  const ssize_t n = recv(fd, bytes, sizeof bytes, 0);
  if (n <= 0) return false;
  buffer->append(bytes, static_cast<std::size_t>(n));
  return true;
}

TestRequest ParseHead(std::string_view head) {
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

bool ReadRequest(int fd, std::string* buffer, TestRequest* request) {
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

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void Reset(int fd) {
  // Connecting a stream socket to AF_UNSPEC drops its connection with a reset and, unlike closing
  // with a linger time of zero, leaves the descriptor open.
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  static_cast<void>(connect(fd, &nowhere, sizeof nowhere));
}

std::string Head(const TestReply& reply) {
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

std::string Chunked(std::string_view body) {
  std::string out;
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, 1000);
    out += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    body.remove_prefix(piece.size());
  }
  return out + "0\r\nX-Trailer: late\r\n\r\n";
}

// False when the connection is over.
bool Answer(int fd, const TestReply& reply) {
  using Fate = TestReply::Fate;
  const std::string head = Head(reply);
  switch (reply.fate) {
    case Fate::kAnswer:
      return SendAll(fd, head + (reply.chunked ? Chunked(reply.body) : reply.body)) && !reply.close;
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
    case Fate::kCloseMidHeaders:
      SendAll(fd, head.substr(0, head.size() - 4));
      return false;
    case Fate::kNoHttp:
      SendAll(fd, reply.body);
      return false;
    case Fate::kEndlessBody: {
      bool sent = SendAll(fd, head);
      while (sent) sent = SendAll(fd, reply.body);
      return false;
    }
  }
  return false;
}

}  // namespace

LoopbackSocket::LoopbackSocket(Mode mode) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
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

LoopbackSocket::~LoopbackSocket() { close(fd_); }

std::string LoopbackSocket::Url(std::string_view path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

std::string TestRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

HttpTestServer::HttpTestServer(Handler handler)
    : handler_(std::move(handler)), listener_(LoopbackSocket::Mode::kListening) {
  thread_ = std::thread([this] { Accept(); });
}

HttpTestServer::HttpTestServer(TestReply reply)
    : HttpTestServer([reply = std::move(reply)](const TestRequest&) { return reply; }) {}

HttpTestServer::~HttpTestServer() {
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

std::vector<TestRequest> HttpTestServer::requests() const {
  MutexLock lock(mu_);
  return requests_;
}

int HttpTestServer::connections() const {
  MutexLock lock(mu_);
  return static_cast<int>(connections_.size());
}

void HttpTestServer::AwaitRequests(std::size_t n) {
  MutexLock lock(mu_);
  while (requests_.size() < n) arrived_.Wait(mu_);
}

void HttpTestServer::Accept() {
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

void HttpTestServer::Serve(int fd, int number) {
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

}  // namespace tocsin::testing
