// How fast a receiver may be told things: `rate`, `burst`, `overflow` and `concurrency` of a
// receiver in tocsin.yml, or of one of alertmanager.yml under tocsin.alertmanager.receivers. They
// hold for each of its channels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tocsin::config {

class MapDecoder;

// What becomes of messages that a rate holds up.
enum class Overflow : std::uint8_t {
  kWait,    // each is sent when its turn comes
  kDigest,  // all that wait are told in one message
};

struct DeliveryLimits {
  // Attempts under way at once. More than a hundred, so that a hundred alerts of one batch leave
  // at once.
  std::size_t concurrency = 128;
  // `messages` in each `per`; 0: any number.
  std::uint64_t messages = 0;
  Duration per{0};
  // How many may leave at once after a pause.
  std::uint64_t burst = 1;
  Overflow overflow = Overflow::kWait;

  bool has_rate() const { return messages > 0; }
  friend bool operator==(const DeliveryLimits&, const DeliveryLimits&) = default;
};

// Reads the four keys from a map that may have others.
DeliveryLimits DecodeDeliveryLimits(MapDecoder& map);

// Whether a channel of this type keeps an incident for each alert or group: a digest would open one
// more, and never close it.
bool KeepsIncidents(std::string_view type);
std::string DigestIsForPeople(std::string_view type);

}  // namespace tocsin::config
