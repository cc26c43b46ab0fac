// A daemon under load, seen from outside over loopback: a real process with its own configuration,
// receivers that take its webhooks, and clients that send samples. For the bench_*.cc programs that
// measure the whole.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace tocsin::bench {

using SteadyClock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

inline constexpr auto kPatience = std::chrono::seconds(20);

[[noreturn]] inline void Die(const std::string& what) {
  fmt::print(stderr, "benchmark: {}\n", what);
  std::exit(1);
}

// ---- sockets

class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

inline sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline void SetNoDelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

inline Socket Connect(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  if (connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    Die("cannot connect to the daemon");
  }
  SetNoDelay(socket.fd());
  return socket;
}

// Reads HTTP messages with a Content-Length, one after the other; the bytes stay until the next
// one.
class MessageReader {
 public:
  // The end of a whole message in what has come so far; 0 where there is none yet.
  std::size_t WholeMessage() const {
    const std::size_t head_end = buffer_.find("\r\n\r\n");
    if (head_end == std::string::npos) return 0;
    const std::size_t at = buffer_.find("Content-Length: ");
    std::size_t length = 0;
    if (at != std::string::npos && at < head_end) {
      length = static_cast<std::size_t>(std::atoll(buffer_.c_str() + at + 16));
    }
    const std::size_t end = head_end + 4 + length;
    return buffer_.size() >= end ? end : 0;
  }
  bool Receive(int fd) {
    std::array<char, 65536> part;
    const ssize_t got = recv(fd, part.data(), part.size(), 0);
    if (got <= 0) return false;
    buffer_.append(part.data(), static_cast<std::size_t>(got));
    return true;
  }
  std::string_view text() const { return buffer_; }
  void Drop(std::size_t bytes) { buffer_.erase(0, bytes); }

 private:
  std::string buffer_;
};

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(Connect(port)) {}

  // The status of the answer.
  int Post(std::string_view request) {
    while (!request.empty()) {
      const ssize_t sent = send(socket_.fd(), request.data(), request.size(), MSG_NOSIGNAL);
      if (sent <= 0) Die("the daemon closed a connection while a request was sent");
      request.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::size_t end = 0;
    while ((end = reader_.WholeMessage()) == 0) {
      if (!reader_.Receive(socket_.fd())) Die("the daemon closed a connection without an answer");
    }
    const int status = std::atoi(reader_.text().data() + sizeof "HTTP/1.1");
    reader_.Drop(end);
    return status;
  }

 private:
  Socket socket_;
  MessageReader reader_;
};

// A receiver of webhooks on one thread: answers 200 and counts.
class Receiver {
 public:
  Receiver() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof address;
    if (bind(listener_.fd(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_.fd(), 512) != 0) {
      Die("the receiver cannot listen");
    }
    getsockname(listener_.fd(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~Receiver() {
    stopped_ = true;
    shutdown(listener_.fd(), SHUT_RDWR);
    thread_.join();
  }

  std::uint16_t port() const { return port_; }

  // When the `count`-th message since the start was whole.
  SteadyClock::time_point WaitFor(std::size_t count) {
    std::unique_lock<std::mutex> lock(mu_);
    if (!arrived_.wait_for(lock, kPatience, [&] { return times_.size() >= count; })) {
      Die(fmt::format("{} webhooks came, {} were expected", times_.size(), count));
    }
    return times_[count - 1];
  }
  std::size_t count() {
    const std::lock_guard<std::mutex> lock(mu_);
    return times_.size();
  }

 private:
  void Serve() {
    std::map<int, std::pair<Socket, MessageReader>> connections;
    std::vector<pollfd> polled;
    while (!stopped_) {
      polled.assign(1, {listener_.fd(), POLLIN, 0});
      for (const auto& [fd, connection] : connections) polled.push_back({fd, POLLIN, 0});
      if (poll(polled.data(), polled.size(), 1000) <= 0) continue;
      for (const pollfd& entry : polled) {
        if (entry.revents == 0) continue;
        if (entry.fd == listener_.fd()) {
          Socket accepted(accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
          if (accepted.fd() < 0) continue;
          SetNoDelay(accepted.fd());
          const int fd = accepted.fd();
          connections[fd] = {std::move(accepted), MessageReader()};
        } else if (!Take(entry.fd, connections.at(entry.fd).second)) {
          connections.erase(entry.fd);
        }
      }
    }
  }

  bool Take(int fd, MessageReader& reader) {
    if (!reader.Receive(fd)) return false;
    while (const std::size_t end = reader.WholeMessage()) {
      {
        const std::lock_guard<std::mutex> lock(mu_);
        times_.push_back(SteadyClock::now());
      }
      arrived_.notify_all();
      reader.Drop(end);
      constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
      if (send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) <= 0) return false;
    }
    return true;
  }

  Socket listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopped_{false};
  std::mutex mu_;
  std::condition_variable arrived_;
  std::vector<SteadyClock::time_point> times_;
  std::thread thread_;
};

// ---- the daemon

inline void WriteFile(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class Daemon {
 public:
  Daemon(const std::string& binary, const std::filesystem::path& folder) : folder_(folder) {
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const std::string config = "--config.file=" + (folder / "tocsin.yml").string();
      const std::string storage = "--storage.path=" + (folder / "data").string();
      const int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
      dup2(quiet, STDOUT_FILENO);
      execl(binary.c_str(), "tocsin", config.c_str(), storage.c_str(),
            "--web.listen-address=127.0.0.1:0", "--log.level=warn", nullptr);
      _exit(127);
    }
    const auto deadline = SteadyClock::now() + kPatience;
    std::string address;
    while ((address = ReadFile(folder / "data" / "address")).empty()) {
      if (waitpid(pid_, nullptr, WNOHANG) != 0) Die("the daemon did not start");
      if (SteadyClock::now() > deadline) Die("the daemon is not ready");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    port_ = static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1)));
  }
  ~Daemon() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  std::uint16_t port() const { return port_; }
  // Of all its threads, user and system: proc(5), fields 14 and 15 of stat.
  Seconds CpuTime() const {
    const std::string stat = ReadFile(fmt::format("/proc/{}/stat", pid_));
    std::size_t at = stat.rfind(')') + 2;
    for (int field = 3; field < 14; ++field) at = stat.find(' ', at) + 1;
    char* rest = nullptr;
    const double user = std::strtod(stat.c_str() + at, &rest);
    const double system = std::strtod(rest, nullptr);
    return Seconds((user + system) / static_cast<double>(sysconf(_SC_CLK_TCK)));
  }
  double ResidentMiB() const {
    const std::string status = ReadFile(fmt::format("/proc/{}/status", pid_));
    return std::atof(status.c_str() + status.find("VmRSS:") + 6) / 1024;
  }

 private:
  std::filesystem::path folder_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

// What the command line names, else the `tocsin` beside this program.
inline std::string BinaryOf(int argc, char** argv) {
  if (argc > 1) return argv[1];
  return (std::filesystem::canonical("/proc/self/exe").parent_path() / "tocsin").string();
}

inline std::filesystem::path NewFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "tocsin-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) Die("cannot make a temporary folder");
  return name;
}

// ---- requests

inline std::string Request(std::string_view path, std::string_view body) {
  return fmt::format(
      "POST /api/v1/alerting/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\n\r\n{}",
      path, body.size(), body);
}

inline std::string Metric(std::string_view name, int number, double value) {
  return fmt::format(
      R"({{"metric_name":"{}","value":{},"metadata":{{"host":"web-server-{}","datacenter":"us-east-1"}}}})",
      name, value, number);
}

inline std::string Batch(std::string_view name, int first, int count, double value) {
  std::string body = "[";
  for (int i = 0; i < count; ++i) {
    if (i > 0) body += ',';
    body += Metric(name, first + i, value);
  }
  return Request("metrics/batch", body + "]");
}

inline void PostOk(Client& client, std::string_view request) {
  if (const int status = client.Post(request); status != 200) {
    Die(fmt::format("the daemon answered {}", status));
  }
}

// ---- figures

// In milliseconds.
struct Spread {
  explicit Spread(std::vector<Seconds> spans) {
    std::sort(spans.begin(), spans.end());
    const auto at = [&spans](double share) {
      return spans[static_cast<std::size_t>(share * static_cast<double>(spans.size() - 1))]
                 .count() *
             1000;
    };
    p50 = at(0.5);
    p99 = at(0.99);
    most = at(1);
  }
  double p50 = 0, p99 = 0, most = 0;
};

}  // namespace tocsin::bench
