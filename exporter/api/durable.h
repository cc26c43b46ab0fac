// Tells a web worker when a change is durable. Shared with the store: a worker that gives up
// waiting leaves an answer that must have somewhere to go.
#pragma once

#include <chrono>
#include <future>
#include <memory>

#include "base/result.h"
#include "base/state_store.h"

namespace tocsin::api {

// What is answered where a change is made and not written: the store tries again.
inline constexpr const char* kNotConfirmed =
    "The change is in force, but the state store has not confirmed it yet";

class Durable {
 public:
  StateStore::Committed Callback() const {
    return [promise = promise_](const Status& status) { promise->set_value(status); };
  }
  // Once.
  Status Wait() {
    // A change waits for one commit; this only bounds a disk that hangs.
    constexpr std::chrono::seconds kPatience(10);
    std::future<Status> told = promise_->get_future();
    if (told.wait_for(kPatience) == std::future_status::ready) return told.get();
    return Error{"the state store does not answer"};
  }

 private:
  std::shared_ptr<std::promise<Status>> promise_ = std::make_shared<std::promise<Status>>();
};

}  // namespace tocsin::api
