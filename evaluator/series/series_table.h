// SeriesTable: the series of one shard, found by their label sets.
//
// Open addressing with linear probing over (hash, pointer) slots of 16 bytes. An append looks its
// series up here and the rest of its cost is small, so the number of cache lines on the way counts:
// one for the slot, then the series itself. std::unordered_map takes three (measured: a third of an
// append with 10,000 series). Not synchronised: the shard's lock guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "evaluator/series/series.h"

namespace tocsin::evaluator {

class SeriesTable {
 public:
  // Null where there is none. `hash` is labels.Hash().
  Series* Find(LabelsView labels, std::uint64_t hash) const {
    if (slots_.empty()) return nullptr;
    for (std::size_t at = Place(hash);; at = Next(at)) {
      const Slot& slot = slots_[at];
      if (slot.series == nullptr) return nullptr;
      if (slot.hash != hash) continue;
      slot.series->ExpectAppend();
      if (slot.series->labels() == labels) return slot.series.get();
    }
  }

  // REQUIRES: no series of these labels is in the table.
  Series* Insert(Series::Pointer series, std::uint64_t hash) {
    // At most half full: probes stay short, and there is always an empty slot to end one.
    if (2 * (size_ + 1) > slots_.size()) Resize(slots_.empty() ? kFirstSlots : 2 * slots_.size());
    ++size_;
    return Place(std::move(series), hash);
  }

  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.series != nullptr) visit(*slot.series);
    }
  }

  // Takes out the series for which `is_over` holds; returns how many.
  template <typename Predicate>
  std::size_t EraseIf(Predicate is_over) {
    std::size_t erased = 0;
    for (Slot& slot : slots_) {
      if (slot.series == nullptr || !is_over(*slot.series)) continue;
      slot.series.reset();
      ++erased;
    }
    // Holes break the chains of those behind them: everything finds its place anew.
    size_ -= erased;
    if (erased > 0) Resize(slots_.size());
    return erased;
  }

  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    Series::Pointer series;
  };
  static constexpr std::size_t kFirstSlots = 8;

  // The number of slots is a power of two. The low bits of the hash have chosen the shard.
  std::size_t Place(std::uint64_t hash) const { return (hash >> 32) & (slots_.size() - 1); }
  std::size_t Next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }

  Series* Place(Series::Pointer series, std::uint64_t hash) {
    std::size_t at = Place(hash);
    while (slots_[at].series != nullptr) at = Next(at);
    slots_[at] = {hash, std::move(series)};
    return slots_[at].series.get();
  }

  void Resize(std::size_t slots) {
    std::vector<Slot> former(slots);
    former.swap(slots_);
    for (Slot& slot : former) {
      if (slot.series != nullptr) Place(std::move(slot.series), slot.hash);
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace tocsin::evaluator
