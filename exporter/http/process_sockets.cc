#include "exporter/http/process_sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <utility>

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

bool IsConnection(int fd, std::uint16_t local_port, Endpoint peer) {
  const std::optional<Endpoint> local = EndOf(fd, getsockname);
  return local && local->port == local_port && EndOf(fd, getpeername) == peer;
}

std::optional<int> FindConnection(std::uint16_t local_port, Endpoint peer) {
  return FindDescriptor([&](int candidate) { return IsConnection(candidate, local_port, peer); });
}

// A peer may use one port for connections to several addresses of ours: then nobody can tell which
// of them is meant.
std::optional<int> FindOnlyConnection(std::uint16_t local_port, Endpoint peer) {
  std::optional<int> found;
  const bool is_ambiguous = FindDescriptor([&](int candidate) {
                              if (!IsConnection(candidate, local_port, peer)) return false;
                              return std::exchange(found, candidate).has_value();
                            }).has_value();
  return is_ambiguous ? std::nullopt : found;
}

}  // namespace

bool ShutDownConnection(std::uint16_t local_port, Endpoint peer, int how) {
  const std::optional<int> fd = FindConnection(local_port, peer);
  return fd && shutdown(*fd, how) == 0;
}

std::optional<int> TakeConnection(std::uint16_t local_port, Endpoint peer) {
  const std::optional<int> held = FindOnlyConnection(local_port, peer);
  if (!held) return std::nullopt;
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return std::nullopt;
  close(ends[1]);
  const int taken = fcntl(*held, F_DUPFD_CLOEXEC, 0);
  // Atomic: nobody can be given the holder's number in between.
  const bool replaced = taken >= 0 && dup3(ends[0], *held, O_CLOEXEC) == *held;
  close(ends[0]);
  if (replaced) return taken;
  if (taken >= 0) close(taken);
  return std::nullopt;
}

bool ShutDownListener(std::uint16_t local_port) {
  const std::optional<int> fd = FindDescriptor([&](int candidate) {
    const std::optional<Endpoint> local = EndOf(candidate, getsockname);
    return local && local->port == local_port && IsListening(candidate);
  });
  return fd && shutdown(*fd, SHUT_RDWR) == 0;
}

}  // namespace tocsin::http
