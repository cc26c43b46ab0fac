// The part of a StateStore that has no events to offer, for stores of tests that are about rows.
#pragma once

#include "base/state_store.h"

namespace tocsin::testing {

class EventlessStore : public StateStore {
 public:
  Result<std::vector<Event>> Events(const EventQuery& /*query*/) const override {
    return std::vector<Event>();
  }
  std::uint64_t LastEvent() const override { return 0; }
  void ListenToEvents(EventListener /*listener*/) override {}
  void PruneEvents(Timestamp /*from*/, std::size_t /*keep_most*/) override {}
};

}  // namespace tocsin::testing
