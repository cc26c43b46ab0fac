#include "config/delivery_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>

#include "base/number.h"
#include "base/text.h"
#include "config/decode.h"

namespace tocsin::config {
namespace {

// More at once is a slip of the pen: each is a socket.
constexpr std::uint64_t kMaxConcurrency = 10'000;
constexpr std::uint64_t kMaxMessages = 1'000'000;

// "10/1m": a number of messages, and the time that they are for.
bool ParseRate(std::string_view text, DeliveryLimits* limits) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::optional<std::int64_t> messages = ParseInt(text.substr(0, slash));
  const std::optional<Duration> per = ParseDuration(text.substr(slash + 1));
  if (!messages || *messages < 1 || !per || *per < Duration(1)) return false;
  if (*messages > static_cast<std::int64_t>(kMaxMessages)) return false;
  limits->messages = static_cast<std::uint64_t>(*messages);
  limits->per = *per;
  return true;
}

void ReadRate(MapDecoder& map, DeliveryLimits* limits) {
  std::string text;
  if (!map.ReadText("rate", &text)) return;
  if (ParseRate(text, limits)) {
    limits->burst = limits->messages;
    return;
  }
  map.report().Error(map.PlaceOf("rate"),
                     fmt::format("rate: {} is not a number of messages and a time, such as 10/1m",
                                 QuoteForMessage(text)));
}

void ReadOverflow(MapDecoder& map, DeliveryLimits* limits) {
  std::string text;
  if (!map.ReadText("overflow", &text)) return;
  if (text == "digest") {
    limits->overflow = Overflow::kDigest;
  } else if (text != "wait") {
    map.report().Error(
        map.PlaceOf("overflow"),
        fmt::format("unknown overflow {}; use wait or digest", QuoteForMessage(text)));
  }
}

}  // namespace

DeliveryLimits DecodeDeliveryLimits(MapDecoder& map) {
  DeliveryLimits limits;
  std::uint64_t concurrency = 0;
  if (map.ReadCount("concurrency", &concurrency, 1, kMaxConcurrency)) {
    limits.concurrency = static_cast<std::size_t>(concurrency);
  }
  ReadRate(map, &limits);
  map.ReadCount("burst", &limits.burst, 1, kMaxMessages);
  ReadOverflow(map, &limits);
  // A `rate` that is wrong has been reported; what follows from it is not.
  if (map.Has("rate")) return limits;
  for (const char* key : {"burst", "overflow"}) {
    if (map.Has(key)) {
      map.report().Error(map.PlaceOfKey(key), fmt::format("{} means nothing without rate", key));
    }
  }
  return limits;
}

bool KeepsIncidents(std::string_view type) {
  constexpr std::string_view kTypes[] = {"incidentio", "jira", "opsgenie", "pagerduty",
                                         "victorops"};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

std::string DigestIsForPeople(std::string_view type) {
  return fmt::format(
      "overflow: digest is for messages to people: {} keeps incidents; use "
      "overflow: wait",
      type);
}

}  // namespace tocsin::config
