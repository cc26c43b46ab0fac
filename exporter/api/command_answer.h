// What the rule engine answers to a command, for a web worker that waits for it. Shared with the
// engine: a worker that gives up waiting leaves an answer that must have somewhere to go.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <optional>

#include "evaluator/lifecycle/engine.h"

namespace tocsin::api {

class CommandAnswer {
 public:
  evaluator::Engine::Done Done() const {
    return [promise = promise_](const evaluator::CommandResult& result) {
      promise->set_value(result);
    };
  }
  // Once. Nothing where the state store has not confirmed the change in time; it is in force all
  // the same.
  std::optional<evaluator::CommandResult> Wait() {
    // A command waits for one commit; this only bounds a disk that hangs.
    constexpr std::chrono::seconds kPatience(10);
    std::future<evaluator::CommandResult> answered = promise_->get_future();
    if (answered.wait_for(kPatience) != std::future_status::ready) return std::nullopt;
    return answered.get();
  }

 private:
  std::shared_ptr<std::promise<evaluator::CommandResult>> promise_ =
      std::make_shared<std::promise<evaluator::CommandResult>>();
};

}  // namespace tocsin::api
