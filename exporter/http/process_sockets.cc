#include "exporter/http/process_sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <optional>

#include "base/number.h"

namespace tocsin::http {
namespace {

// getsockname or getpeername; nothing for what is no IPv4 socket or has no such end.
template <typename AddressOf>
std::optional<Endpoint> EndOf(int fd, AddressOf address_of) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (address_of(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::nullopt;
  if (address.sin_family != AF_INET) return std::nullopt;
  return Endpoint{ntohl(address.sin_addr.s_addr), ntohs(address.sin_port)};
}

bool IsListening(int fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

// The first descriptor that `wanted` accepts.
template <typename Wanted>
std::optional<int> FindDescriptor(Wanted wanted) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir("/proc/self/fd"), &closedir);
  if (listing == nullptr) return std::nullopt;
  while (const dirent* entry = readdir(listing.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::optional<std::int64_t> fd = ParseInt(entry->d_name);
    if (fd && wanted(static_cast<int>(*fd))) return static_cast<int>(*fd);
  }
  return std::nullopt;
}

}  // namespace

bool ShutDownConnection(std::uint16_t local_port, Endpoint peer, int how) {
  const std::optional<int> fd = FindDescriptor([&](int candidate) {
    const std::optional<Endpoint> local = EndOf(candidate, getsockname);
    return local && local->port == local_port && EndOf(candidate, getpeername) == peer;
  });
  return fd && shutdown(*fd, how) == 0;
}

bool ShutDownListener(std::uint16_t local_port) {
  const std::optional<int> fd = FindDescriptor([&](int candidate) {
    const std::optional<Endpoint> local = EndOf(candidate, getsockname);
    return local && local->port == local_port && IsListening(candidate);
  });
  return fd && shutdown(*fd, SHUT_RDWR) == 0;
}

}  // namespace tocsin::http
