// What stands in a block of the history: enough to pass it by in most searches.
//
// Events are numbered without a gap, so a block is a range of numbers. One row for each takes the
// place of an index on every column that is asked for: a commit changes one page instead of one for
// each event and index, and what is about one alert among a million events is found by reading two
// thousand rows. A Bloom filter never misses; it sends a search into one block of a thousand in
// vain.
//
// A plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/event.h"

namespace tocsin::evaluator {

class EventBlock {
 public:
  static constexpr std::int64_t kEvents = 512;
  static constexpr std::size_t kFilterBytes = 1024;

  static std::int64_t NumberOf(std::uint64_t sequence) {
    return static_cast<std::int64_t>(sequence) / kEvents;
  }

  explicit EventBlock(std::int64_t number) : number_(number), filter_(kFilterBytes, '\0') {}
  // As it was stored. A filter of another size is none: every search reads the block.
  EventBlock(std::int64_t number, Timestamp earliest, Timestamp latest, std::string filter);

  // REQUIRES: the event's number is one of the block's.
  void Note(const Event& event);

  // False only where none of its events has all that is asked for.
  bool MayHave(const EventQuery& query) const;

  std::int64_t number() const { return number_; }
  Timestamp earliest() const { return earliest_; }
  Timestamp latest() const { return latest_; }
  const std::string& filter() const { return filter_; }

 private:
  // What a text is, so that a rule and an alert of one name differ.
  enum class Kind : char { kAlert = 'a', kRule = 'r', kReceiver = 'c', kType = 't' };

  void Add(Kind kind, std::string_view text);
  bool Has(Kind kind, std::string_view text) const;
  bool HasAnyType(const std::vector<std::string>& types) const;

  std::int64_t number_;
  Timestamp earliest_ = kLatestTime;
  Timestamp latest_ = kEarliestTime;
  std::string filter_;
};

}  // namespace tocsin::evaluator
