// How long the steps of one transfer took: of the last hop, where redirects were followed.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tocsin {

enum class TransferPhase : std::uint8_t {
  kLookup,    // of the name
  kConnect,   // TCP
  kTls,       // the handshake
  kExchange,  // from the request's first byte to the answer's last
};
inline constexpr std::size_t kTransferPhases = 4;
inline constexpr TransferPhase kAllTransferPhases[kTransferPhases] = {
    TransferPhase::kLookup, TransferPhase::kConnect, TransferPhase::kTls, TransferPhase::kExchange};

// "lookup", "connect", "tls", "exchange"
constexpr const char* TransferPhaseName(TransferPhase phase) {
  constexpr const char* kNames[kTransferPhases] = {"lookup", "connect", "tls", "exchange"};
  return kNames[static_cast<std::size_t>(phase)];
}

struct TransferPhases {
  std::array<std::chrono::microseconds, kTransferPhases> took{};  // 0: there was no such step
  TransferPhase last = TransferPhase::kLookup;                    // where it ended, or failed
  bool began = false;                                             // false: not a step was taken
  bool reused = false;  // a connection that was there already

  std::chrono::microseconds operator[](TransferPhase phase) const {
    return took.at(static_cast<std::size_t>(phase));
  }
};

}  // namespace tocsin
