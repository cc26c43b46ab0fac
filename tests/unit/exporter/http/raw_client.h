// A client that sends exactly the bytes a test wants, and reads what comes back.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/number.h"
#include "base/text.h"

namespace tocsin::http {

struct RawResponse {
  int status = 0;  // 0: the connection ended before an answer was whole
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  std::string Header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (EqualsIgnoreCase(key, name)) return value;
    }
    return "";
  }
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    CHECK(fd_ >= 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Far beyond what any test waits for: only so that a failing one ends.
    const timeval patience{30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~RawClient() { close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }

  // False when the other side has closed.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // No more bytes from here; answers can still be read.
  void EndSending() { shutdown(fd_, SHUT_WR); }

  // Whether something, or the end, came within that time.
  bool Readable(int milliseconds) {
    pollfd wanted{fd_, POLLIN, 0};
    return !buffer_.empty() || poll(&wanted, 1, milliseconds) > 0;
  }

  // The next answer; of an answer to HEAD there is no body.
  RawResponse Read(bool to_head = false) {
    RawResponse response;
    std::size_t head_end = 0;
    while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadMore()) return response;
    }
    const std::string head = buffer_.substr(0, head_end);
    buffer_.erase(0, head_end + 4);
    if (!head.starts_with("HTTP/1.1 ")) return response;  // bytes that belong to no answer
    bool status_line = true;
    for (std::string_view line : Split(head, '\n')) {
      line = TrimSpace(line);
      if (!std::exchange(status_line, false)) {
        const std::size_t colon = line.find(':');
        response.headers.emplace_back(line.substr(0, colon), TrimSpace(line.substr(colon + 1)));
      }
    }
    const auto length =
        static_cast<std::size_t>(ParseInt(response.Header("Content-Length")).value_or(0));
    while (!to_head && buffer_.size() < length) {
      if (!ReadMore()) return {};
    }
    if (!to_head) {
      response.body = buffer_.substr(0, length);
      buffer_.erase(0, length);
    }
    response.status = static_cast<int>(ParseInt(Split(head, ' ').at(1)).value_or(0));
    return response;
  }
  // Everything until the other side closes.
  std::string ReadToEnd() {
    while (ReadMore()) {
    }
    return std::exchange(buffer_, {});
  }
  // What has come, waiting for the first byte; empty at the end.
  std::string ReadSome() {
    if (buffer_.empty()) ReadMore();
    return std::exchange(buffer_, {});
  }
  // True when the other side closes without another byte.
  bool IsClosed() { return buffer_.empty() && !ReadMore(); }

 private:
  bool ReadMore() {
    char bytes[16 << 10];
    const ssize_t n = recv(fd_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }

  int fd_;
  bool connected_ = false;
  std::string buffer_;
};

}  // namespace tocsin::http
