#include "tests/support/bad_http_server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "base/check.h"
#include "base/number.h"
#include "base/text.h"

namespace tocsin::testing {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";

// Until the peer has closed or reset the connection, or that time has passed (null: never); false
// in the latter case. What it has sent stays unread.
bool PeerLeaves(int fd, const timespec* at_most) {
  pollfd wanted{fd, POLLRDHUP, 0};
  return ppoll(&wanted, 1, at_most, nullptr) != 0;
}

void AwaitBytes(int fd) {
  pollfd wanted{fd, POLLIN, 0};
  poll(&wanted, 1, -1);
}

// Closing resets from now on.
void DoNotLinger(int fd) {
  const linger none{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// One connection, in the clear or over TLS.
class Peer {
 public:
  Peer(int fd, SSL_CTX* tls) : fd_(fd), ssl_(tls == nullptr ? nullptr : SSL_new(tls)) {}

  int fd() const { return fd_; }

  bool Greet() {
    if (ssl_ == nullptr) return true;
    CHECK(SSL_set_fd(ssl_.get(), fd_) == 1);
    return SSL_accept(ssl_.get()) == 1;
  }
  void SayGoodbye() {
    if (ssl_ != nullptr) SSL_shutdown(ssl_.get());
  }

  // False when the peer has gone.
  bool Read(std::string* buffer) {
    char bytes[16 << 10];
    const auto n = ssl_ == nullptr ? recv(fd_, bytes, sizeof bytes, 0)
                                   : SSL_read(ssl_.get(), bytes, sizeof bytes);
    if (n <= 0) return false;
    buffer->append(bytes, static_cast<std::size_t>(n));
    return true;
  }
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ssl_ == nullptr
                         ? send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                         : SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

 private:
  const int fd_;
  const std::unique_ptr<SSL, SslFree> ssl_;
};

bool ReadRequestFrom(Peer& peer, RawRequest* request) {
  std::string buffer;
  std::size_t end = 0;
  while ((end = buffer.find(kEndOfHead)) == std::string::npos) {
    if (!peer.Read(&buffer)) return false;
  }
  request->head = buffer.substr(0, end);
  request->body = buffer.substr(end + kEndOfHead.size());
  const auto length =
      static_cast<std::size_t>(ParseInt(request->Header("content-length")).value_or(0));
  while (request->body.size() < length) {
    if (!peer.Read(&request->body)) return false;
  }
  return true;
}

bool DripTo(Peer& peer, std::string_view bytes) {
  constexpr timespec kPause{0, 100'000};
  for (const char& byte : bytes) {
    if (!peer.Send({&byte, 1}) || PeerLeaves(peer.fd(), &kPause)) return false;
  }
  return true;
}

// False when the connection is over. `request` is the one that was read last.
bool Do(const BadAct& act, Peer& peer, RawRequest* request) {
  using Kind = BadAct::Kind;
  switch (act.kind) {
    case Kind::kAwaitRequest:
      AwaitBytes(peer.fd());
      return true;
    case Kind::kReadRequest:
      return ReadRequestFrom(peer, request);
    case Kind::kSend:
      return peer.Send(act.bytes);
    case Kind::kSendMade:
      return peer.Send(act.make(*request));
    case Kind::kDrip:
      return DripTo(peer, act.bytes);
    case Kind::kRepeat:
      while (peer.Send(act.bytes)) {
      }
      return false;
    case Kind::kHang:
      PeerLeaves(peer.fd(), nullptr);
      return false;
    case Kind::kReset:
      DoNotLinger(peer.fd());
      return false;
  }
  return false;
}

}  // namespace

std::string_view RawRequest::request_line() const {
  return std::string_view(head).substr(0, head.find("\r\n"));
}

std::string RawRequest::Header(std::string_view name) const {
  for (const std::string_view line : Split(head, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !EqualsIgnoreCase(line.substr(0, colon), name)) continue;
    return std::string(TrimSpace(line.substr(colon + 1)));
  }
  return "";
}

BadAct AwaitRequest() { return {BadAct::Kind::kAwaitRequest}; }
BadAct ReadRequest() { return {BadAct::Kind::kReadRequest}; }
BadAct Send(std::string bytes) { return {BadAct::Kind::kSend, std::move(bytes)}; }
BadAct SendMade(std::function<std::string(const RawRequest&)> make) {
  return {BadAct::Kind::kSendMade, "", std::move(make)};
}
BadAct Drip(std::string bytes) { return {BadAct::Kind::kDrip, std::move(bytes)}; }
BadAct Repeat(std::string bytes) { return {BadAct::Kind::kRepeat, std::move(bytes)}; }
BadAct Hang() { return {BadAct::Kind::kHang}; }
BadAct Reset() { return {BadAct::Kind::kReset}; }

std::string AnswerText(int status, std::string_view body, const HeaderLines& headers) {
  std::string text = fmt::format("HTTP/1.1 {} Status\r\n", status);
  for (const std::string& line : headers) text += line + "\r\n";
  // https://www.rfc-editor.org/rfc/rfc9110#section-8.6
  if (status >= 200 && status != 204) text += fmt::format("Content-Length: {}\r\n", body.size());
  return text + fmt::format("Connection: close\r\n\r\n{}", body);
}

BadScript AnswerScript(int status, std::string_view body, const HeaderLines& headers) {
  return {ReadRequest(), Send(AnswerText(status, body, headers))};
}

BadHttpServer::BadHttpServer(std::vector<BadScript> scripts)
    : BadHttpServer(TlsContext(), std::move(scripts)) {}

BadHttpServer::BadHttpServer(const TestCertificate& identity, std::vector<BadScript> scripts)
    : BadHttpServer(MakeContext(identity), std::move(scripts)) {}

BadHttpServer::BadHttpServer(TlsContext tls, std::vector<BadScript> scripts)
    : tls_(std::move(tls)),
      listener_(LoopbackSocket::Mode::kListening),
      scripts_(std::move(scripts)),
      thread_([this] { Accept(); }) {}

BadHttpServer::~BadHttpServer() {
  {
    MutexLock lock(mu_);
    stopped_ = true;
    for (const Connection& connection : connections_) {
      if (connection.fd >= 0) shutdown(connection.fd, SHUT_RDWR);
    }
  }
  shutdown(listener_.fd(), SHUT_RDWR);
  thread_.join();
  std::list<Connection> left;
  {
    MutexLock lock(mu_);
    left.swap(connections_);
  }
  for (Connection& connection : left) connection.thread.join();
}

BadHttpServer::TlsContext BadHttpServer::MakeContext(const TestCertificate& identity) {
  const auto reader = [](const std::string& text) {
    return BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
  };
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  CHECK(context != nullptr);
  BIO* bio = reader(identity.certificate);
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  CHECK(SSL_CTX_use_certificate(context.get(), certificate) == 1);
  X509_free(certificate);
  bio = reader(identity.key);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  CHECK(SSL_CTX_use_PrivateKey(context.get(), key) == 1);
  EVP_PKEY_free(key);
  return context;
}

void BadHttpServer::Play(std::vector<BadScript> scripts) {
  MutexLock lock(mu_);
  scripts_ = std::move(scripts);
  ++play_;
  begun_ = 0;
  requests_.clear();
}

std::string BadHttpServer::Url(std::string_view path) const {
  return fmt::format("{}://127.0.0.1:{}{}", tls_ == nullptr ? "http" : "https", listener_.port(),
                     path);
}

std::vector<RawRequest> BadHttpServer::requests() const {
  MutexLock lock(mu_);
  return requests_;
}

std::size_t BadHttpServer::connections() const {
  MutexLock lock(mu_);
  return begun_;
}

void BadHttpServer::AwaitRequests(std::size_t n) {
  MutexLock lock(mu_);
  while (requests_.size() < n) arrived_.Wait(mu_);
}

void BadHttpServer::Accept() {
  // OpenSSL writes without MSG_NOSIGNAL. The threads of connections inherit this.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  while (true) {
    const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    JoinEnded();
    Begin(fd);
  }
}

void BadHttpServer::Begin(int fd) {
  MutexLock lock(mu_);
  if (stopped_) {
    close(fd);
    return;
  }
  BadScript script = begun_ < scripts_.size() ? scripts_[begun_] : BadScript();
  ++begun_;
  Connection& connection = connections_.emplace_back();
  connection.fd = fd;
  connection.thread = std::thread([this, &connection, script = std::move(script), play = play_] {
    Serve(&connection, script, play);
  });
}

void BadHttpServer::Serve(Connection* connection, const BadScript& script, int play) {
  int fd = -1;
  {
    MutexLock lock(mu_);
    fd = connection->fd;
  }
  {
    Peer peer(fd, tls_.get());
    RawRequest request;
    bool goes_on = peer.Greet();
    for (std::size_t i = 0; goes_on && i < script.size(); ++i) {
      goes_on = Do(script[i], peer, &request);
      if (goes_on && script[i].kind == BadAct::Kind::kReadRequest) Record(request, play);
    }
    if (goes_on) peer.SayGoodbye();
  }
  MutexLock lock(mu_);
  close(fd);
  connection->fd = -1;
  connection->is_over = true;
}

void BadHttpServer::JoinEnded() {
  std::list<Connection> ended;
  {
    MutexLock lock(mu_);
    for (auto it = connections_.begin(); it != connections_.end();) {
      const auto next = std::next(it);
      if (it->is_over) ended.splice(ended.end(), connections_, it);
      it = next;
    }
  }
  for (Connection& connection : ended) connection.thread.join();
}

void BadHttpServer::Record(const RawRequest& request, int play) {
  MutexLock lock(mu_);
  if (play == play_) requests_.push_back(request);
  arrived_.NotifyAll();
}

}  // namespace tocsin::testing
