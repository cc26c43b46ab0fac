#include "tests/support/smtp_test_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace tocsin::testing {
namespace {

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// One line without its CRLF; false when the peer has gone.
bool ReadLine(int fd, std::string* buffer, std::string* line) {
  std::size_t end = 0;
  while ((end = buffer->find("\r\n")) == std::string::npos) {
    char bytes[16 << 10];
    const ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    buffer->append(bytes, static_cast<std::size_t>(n));
  }
  *line = buffer->substr(0, end);
  buffer->erase(0, end + 2);
  return true;
}

// Up to the line with a single dot.
bool ReadMessage(int fd, std::string* buffer, std::string* message) {
  std::string line;
  while (ReadLine(fd, buffer, &line)) {
    if (line == ".") return true;
    if (!line.empty() && line[0] == '.') line.erase(0, 1);
    *message += line + "\r\n";
  }
  return false;
}

void WaitForTheEnd(int fd) {
  char ignored[1 << 10];
  while (recv(fd, ignored, sizeof ignored, 0) > 0) {
  }
}

}  // namespace

std::string PoliteReply(std::string_view command, const std::vector<std::string>& extensions) {
  if (command.empty()) return "220 mail.test ready\r\n";
  if (command == ".") return "250 taken\r\n";
  const std::string_view verb = command.substr(0, 4);
  if (verb == "DATA") return "354 go on\r\n";
  if (verb == "QUIT") return "221 bye\r\n";
  if (verb != "EHLO" || extensions.empty()) return "250 fine\r\n";
  std::string reply = "250-mail.test\r\n";
  for (const std::string& extension : extensions) {
    reply += (extension == extensions.back() ? "250 " : "250-") + extension + "\r\n";
  }
  return reply;
}

SmtpTestServer::SmtpTestServer(Handler handler)
    : handler_(std::move(handler)),
      listener_(LoopbackSocket::Mode::kListening),
      thread_([this] { Accept(); }) {}

SmtpTestServer::~SmtpTestServer() {
  {
    MutexLock lock(mu_);
    stopped_ = true;
  }
  shutdown(listener_.fd(), SHUT_RDWR);
  thread_.join();
  for (Connection& connection : connections_) {
    shutdown(connection.fd, SHUT_RDWR);
    connection.thread.join();
    close(connection.fd);
  }
}

void SmtpTestServer::Accept() {
  while (true) {
    const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    MutexLock lock(mu_);
    if (stopped_) {
      if (fd >= 0) close(fd);
      return;
    }
    if (fd < 0) continue;
    ++open_;
    connections_.push_back({fd, {}});
    connections_.back().thread = std::thread([this, fd] {
      Serve(fd);
      shutdown(fd, SHUT_RDWR);
      MutexLock done(mu_);
      --open_;
      said_.NotifyAll();
    });
  }
}

void SmtpTestServer::Serve(int fd) {
  std::string buffer;
  std::string line;
  if (!Answer(fd, "")) return;
  while (ReadLine(fd, &buffer, &line)) {
    Record(line);
    if (!Answer(fd, line)) return;
    if (line != "DATA" || handler_(line).substr(0, 3) != "354") continue;
    handler_(kSmtpContent);
    std::string message;
    if (!ReadMessage(fd, &buffer, &message)) return;
    {
      MutexLock lock(mu_);
      messages_.push_back(std::move(message));
    }
    if (!Answer(fd, ".")) return;
  }
}

bool SmtpTestServer::Answer(int fd, std::string_view command) {
  const std::string reply = handler_(command);
  if (reply == kSmtpClose) return false;
  if (reply == kSmtpHang) {
    WaitForTheEnd(fd);
    return false;
  }
  return SendAll(fd, reply);
}

void SmtpTestServer::Record(std::string_view command) {
  MutexLock lock(mu_);
  commands_.emplace_back(command);
  said_.NotifyAll();
}

std::vector<std::string> SmtpTestServer::commands() const {
  MutexLock lock(mu_);
  return commands_;
}

std::vector<std::string> SmtpTestServer::messages() const {
  MutexLock lock(mu_);
  return messages_;
}

void SmtpTestServer::AwaitEndOfConnections() {
  MutexLock lock(mu_);
  while (open_ > 0) said_.Wait(mu_);
}

void SmtpTestServer::AwaitCommand(std::string_view command) {
  MutexLock lock(mu_);
  while (std::find(commands_.begin(), commands_.end(), command) == commands_.end()) {
    said_.Wait(mu_);
  }
}

}  // namespace tocsin::testing
