#include "receivers/channels/console_writer.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace tocsin::receivers {
namespace {

using SteadyClock = std::chrono::steady_clock;

Error SystemError(std::string_view doing) {
  return Error{fmt::format("{}: {}", doing, std::strerror(errno))};
}

// True when a write of PIPE_BUF bytes will not block; false when the time is over.
Result<bool> AwaitRoom(int fd, SteadyClock::time_point deadline) {
  while (true) {
    const auto rest = std::chrono::ceil<Duration>(deadline - SteadyClock::now());
    pollfd wanted{fd, POLLOUT, 0};
    const int timeout = static_cast<int>(std::clamp<std::int64_t>(rest.count(), 0, INT_MAX));
    const int ready = poll(&wanted, 1, timeout);
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return SystemError("waiting for the console");
  }
}

}  // namespace

Status WriteToDescriptor(int fd, std::string_view text, Duration timeout) {
  const SteadyClock::time_point deadline = SteadyClock::now() + timeout;
  while (!text.empty()) {
    const Result<bool> room = AwaitRoom(fd, deadline);
    if (!room) return room.error();
    if (!*room) return Error{"the console takes no output"};
    // A writable pipe has room for PIPE_BUF bytes, not for more: pipe(7).
    const ssize_t written = write(fd, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (written < 0 && errno != EINTR && errno != EAGAIN)
      return SystemError("writing to the console");
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace tocsin::receivers
