// What clients say over the alerting WebSocket, and what they are answered. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/alert.h"
#include "base/matcher.h"
#include "base/time.h"
#include "exporter/api/alerting_json.h"

namespace tocsin::api {

// Which alerts a client wants; every condition that is given holds for each.
struct StreamFilter {
  std::vector<Severity> severities;
  std::vector<std::string> rule_ids;
  std::vector<Matcher> matchers;

  bool empty() const { return severities.empty() && rule_ids.empty() && matchers.empty(); }
  // `rule_id` is empty for an alert that a sender has posted.
  bool Selects(Severity severity, std::string_view rule_id, LabelsView labels) const;
};

// Which series a client wants to see the samples of.
struct SampleSubscription {
  std::vector<std::vector<Matcher>> selectors;  // all of one of them
  double max_rate = 1;                          // samples a second, of one series

  bool Selects(LabelsView labels) const;
};

struct ClientMessage {
  enum class Kind : std::uint8_t {
    kIgnored,   // nothing that we know
    kTextPing,  // the bare word
    kPing,
    kAcknowledge,
    kResolve,
    kSubscribe,
    kWrong,  // one that we know, with a fault
  };
  Kind kind = Kind::kIgnored;
  Json request_id;  // a text, a number or null: goes back as it came
  std::string fault;

  std::string alert_id;
  std::string actor;
  std::string note;
  std::optional<Duration> expires_in;

  StreamFilter filter;
  std::optional<SampleSubscription> samples;
};

ClientMessage ParseClientMessage(std::string_view text);

std::string OkMessage(const Json& request_id);
std::string ErrorMessage(const Json& request_id, std::string_view detail);

// `alerts` is a JSON array, as of the event `as_of`; `sequence` is where a client goes on that has
// it, and `at` stands in updates.
std::string AlertsMessage(std::string_view type, std::uint64_t sequence, std::uint64_t as_of,
                          const std::optional<Timestamp>& at, std::string_view alerts);
// {"type":"live","seq":5}
std::string MarkerMessage(std::string_view type, std::uint64_t sequence);

}  // namespace tocsin::api
