// Events that wait because the database cannot be written now: as many as memory has room for.
// A plain value.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/event.h"

namespace tocsin::evaluator {

class EventBacklog {
 public:
  static constexpr std::size_t kMostEvents = 100'000;
  static constexpr std::size_t kMostBytes = 128U << 20;

  // False where there is no room, which stays so until it is emptied: none is left out in between.
  bool Add(Event event) {
    const std::size_t bytes =
        sizeof(Event) + event.body.size() + event.labels.view().bytes().size();
    if (is_full_ || events_.size() >= kMostEvents || bytes_ + bytes > kMostBytes) {
      is_full_ = true;
      return false;
    }
    bytes_ += bytes;
    events_.push_back(std::move(event));
    return true;
  }
  std::vector<Event> TakeAll() {
    bytes_ = 0;
    is_full_ = false;
    return std::exchange(events_, {});
  }
  const std::vector<Event>& events() const { return events_; }

 private:
  std::vector<Event> events_;
  std::size_t bytes_ = 0;
  bool is_full_ = false;
};

}  // namespace tocsin::evaluator
