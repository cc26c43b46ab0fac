// Which names were passed on lately, so that they need not be passed on with every sample.
//
// A table of hashes, one slot each: names that share a slot push each other out and are told more
// often, which costs time and nothing else. Every name comes round again each hour, in case whoever
// was told has forgotten. Synchronises itself.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace tocsin::intake {

class ToldNames {
 public:
  bool Knows(std::string_view name, Timestamp now) const {
    const std::uint64_t mark = MarkOf(name, now);
    return slots_[SlotOf(mark)].load(std::memory_order_relaxed) == mark;
  }
  void Note(std::string_view name, Timestamp now) {
    const std::uint64_t mark = MarkOf(name, now);
    slots_[SlotOf(mark)].store(mark, std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t kSlots = 4096;

  // Odd, hence never 0, which marks an empty slot.
  static std::uint64_t MarkOf(std::string_view name, Timestamp now);
  static std::size_t SlotOf(std::uint64_t mark) { return (mark >> 1) % kSlots; }

  std::array<std::atomic<std::uint64_t>, kSlots> slots_{};
};

}  // namespace tocsin::intake
