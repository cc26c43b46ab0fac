// Reaches this process's TCP sockets by their addresses, for a server library that hides its
// descriptors: what /proc/self/fd lists is looked through. Slow, so only for what is rare.
#pragma once

#include <cstdint>
#include <optional>

namespace tocsin::http {

// An IPv4 address and a port, both in host order.
struct Endpoint {
  std::uint32_t ip = 0;
  std::uint16_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// Shuts down (SHUT_RD, SHUT_RDWR) the accepted connection between a local port and a peer; false
// where there is none. REQUIRES: nobody closes the connection meanwhile, else its descriptor could
// be another file's by then.
bool ShutDownConnection(std::uint16_t local_port, Endpoint peer, int how);

// Takes the accepted connection away from whoever holds its descriptor: the caller gets another one
// for it, and closes that; the holder is left with a socket whose other end is closed, which it may
// shut down and close without the peer noticing. Nothing where there is no such connection or more
// than one, or no descriptor left. REQUIRES: as above.
std::optional<int> TakeConnection(std::uint16_t local_port, Endpoint peer);

// Makes a listening socket refuse connections from now on; whoever polls it wakes up. False where
// there is none. REQUIRES: as above.
bool ShutDownListener(std::uint16_t local_port);

}  // namespace tocsin::http
