// What happened: every change that people want to see as it happens, look up later, or account for.
//
// An event is written with the change that it is about, in one transaction, and gets its number
// there: numbers begin at 1, follow the order of the commits, and none is left out. So whoever
// knows the number of the last one it has seen can ask for the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/time.h"

namespace tocsin {

struct Event {
  std::uint64_t sequence = 0;  // the store's; 0 before it has it
  Timestamp at;
  // "alert.active", "notification.delivered", ...: what it is about, a dot, what became of it.
  std::string type;
  // Empty where it is about nothing of the kind.
  std::string alert_id;
  std::string rule_id;
  std::string receiver;
  Labels labels;     // of the alert or group
  std::string body;  // a JSON object: what else there is to say
};

// Which events; every condition that is given holds for each.
struct EventQuery {
  std::optional<Timestamp> from;        // inclusive
  std::optional<Timestamp> until;       // exclusive
  std::uint64_t after = 0;              // only those with a higher number
  std::optional<std::uint64_t> before;  // only those with a lower one
  // One of them: "alert.active", or "alert." for all that begin so. Empty: of every type.
  std::vector<std::string> types;
  std::string alert_id;
  std::string rule_id;
  std::string receiver;
  bool newest_first = false;
  bool without_body = false;  // for whoever counts
  std::size_t limit = 100;
};

// "alert.active" is one of {"alert."}; every type is one of none.
bool EventTypeMatches(const std::vector<std::string>& types, std::string_view type);
// Whether all conditions hold; order and limit are none.
bool EventMatches(const EventQuery& query, const Event& event);

// Hears of events once they are committed, in their order, on the store's writer thread: must be
// short. While the store cannot be written they come all the same, numbered as they will be; those
// that it has no room to keep until then get no number and are told to nobody.
using EventListener = std::function<void(std::span<const Event>)>;

}  // namespace tocsin
