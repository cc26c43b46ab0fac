// How often alerts of rules fired, and how soon somebody took care: computed from the history.
//
// An episode counts where it began to fire. Its first acknowledgement and its end count as far as
// they are among the events. One that a sticky acknowledgement holds for from its first moment is a
// part of the trouble before, and no episode of its own. Plain values; any one thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/event.h"
#include "base/time.h"

namespace tocsin::api {

struct RuleStatistics {
  std::size_t episodes = 0;
  std::size_t acknowledged = 0;
  std::size_t resolved = 0;
  Duration until_acknowledged{0};  // of all of them together
  Duration until_resolved{0};

  std::optional<double> mean_seconds_to_acknowledge() const;  // MTTA
  std::optional<double> mean_seconds_to_resolve() const;      // MTTR
  void Add(const RuleStatistics& other);
};

class StatisticsOfRules {
 public:
  // What Add wants to see, in order, of the time that counts.
  static std::vector<std::string> EventTypes();

  void Add(const Event& event);
  const std::map<std::string, RuleStatistics>& by_rule() const { return by_rule_; }

 private:
  struct Episode {
    Timestamp began;
    bool is_acknowledged = false;
  };
  std::map<std::string, RuleStatistics> by_rule_;
  std::unordered_map<std::string, Episode> open_;  // by the alert's id
};

}  // namespace tocsin::api
