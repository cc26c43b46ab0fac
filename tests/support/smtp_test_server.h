// A mail server on loopback, without TLS, that says what a test wants it to say: to the greeting,
// to each command and to the end of a message. Destruction ends every connection.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "tests/support/http_test_server.h"

namespace tocsin::testing {

// The reply to one command, with CRLF. Two have a meaning of their own.
inline constexpr char kSmtpHang[] = "hang";    // nothing, until the peer gives up
inline constexpr char kSmtpClose[] = "close";  // ends the connection

// What the handler is asked once it has told a client to send its message. Nothing of the message
// is read before it returns; what it says is ignored.
inline constexpr char kSmtpContent[] = "(content)";

// Takes everything: the reply of a server that offers `extensions` ("AUTH PLAIN LOGIN"). The
// command is "" for the greeting and "." for the end of a message.
std::string PoliteReply(std::string_view command, const std::vector<std::string>& extensions = {});

class SmtpTestServer {
 public:
  // Called on the connection's own thread.
  using Handler = std::function<std::string(std::string_view command)>;

  explicit SmtpTestServer(Handler handler);
  ~SmtpTestServer();
  SmtpTestServer(const SmtpTestServer&) = delete;
  SmtpTestServer& operator=(const SmtpTestServer&) = delete;

  std::uint16_t port() const { return listener_.port(); }
  // What all clients have said so far, line by line, without the lines of messages.
  std::vector<std::string> commands() const;
  // The messages that came whole, as they were on the wire but for doubled dots.
  std::vector<std::string> messages() const;
  // Waits until a client has said this.
  void AwaitCommand(std::string_view command);
  // Waits until every client so far has gone, and what it sent has been read.
  void AwaitEndOfConnections();

 private:
  struct Connection {
    int fd = -1;
    std::thread thread;
  };

  void Accept();
  void Serve(int fd);
  // False where the connection is over.
  bool Answer(int fd, std::string_view command);
  void Record(std::string_view command);

  const Handler handler_;
  const LoopbackSocket listener_;

  mutable Mutex mu_;
  CondVar said_;
  std::vector<std::string> commands_ GUARDED_BY(mu_);
  std::vector<std::string> messages_ GUARDED_BY(mu_);
  int open_ GUARDED_BY(mu_) = 0;       // connections
  std::list<Connection> connections_;  // grows under mu_; read without it after thread_ has ended
  bool stopped_ GUARDED_BY(mu_) = false;

  std::thread thread_;  // accepts
};

}  // namespace tocsin::testing
