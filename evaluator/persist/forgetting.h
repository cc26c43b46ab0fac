// Which of the oldest events are to be forgotten: those from before `from`, and the oldest of more
// than `keep_most`, but never the newest. A plain value.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace tocsin::evaluator {

class Forgetting {
 public:
  Forgetting(Timestamp from, std::size_t keep_most, std::uint64_t newest)
      : from_(from), keep_most_(keep_most), newest_(newest) {}

  // Asked of each from the oldest on, until it answers false.
  bool Take(std::uint64_t sequence, Timestamp at) {
    // None is left out, so the numbers count the rows.
    const bool too_many = newest_ - sequence >= keep_most_;
    if (sequence == newest_ || (!too_many && at >= from_)) return false;
    last_ = sequence;
    ++count_;
    return true;
  }

  std::size_t count() const { return count_; }
  // The number of the last one; 0 where there is none.
  std::uint64_t last() const { return last_; }

 private:
  Timestamp from_;
  std::size_t keep_most_;
  std::uint64_t newest_;
  std::uint64_t last_ = 0;
  std::size_t count_ = 0;
};

}  // namespace tocsin::evaluator
