// AttemptJournal: the newest attempts at messages about posted alerts, by what tells the log
// entries of group and integration apart. Of so many of these as there is room for: what was tried
// last stays. In memory alone; how alerts of our own rules fared is kept for each of them
// (delivery_record.h).
//
// Belongs to DeliveryBook, on the dispatcher's thread.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "receivers/outbox/announcement.h"

namespace tocsin::receivers {

class AttemptJournal {
 public:
  AttemptJournal(std::size_t max_entries, std::size_t attempts_each)
      : max_entries_(max_entries), attempts_each_(attempts_each) {}

  void Add(const std::string& log_key, const DeliveryAttempt& attempt);
  // The oldest first.
  std::vector<DeliveryAttempt> Since(const std::string& log_key, Timestamp since) const;

 private:
  struct Entry {
    std::string log_key;
    std::deque<DeliveryAttempt> newest;
  };
  using Entries = std::list<Entry>;

  const std::size_t max_entries_;
  const std::size_t attempts_each_;
  Entries entries_;                                                 // the last tried first
  std::unordered_map<std::string_view, Entries::iterator> by_key_;  // the entries' own keys
};

}  // namespace tocsin::receivers
