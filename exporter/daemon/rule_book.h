// RuleBook: the rules of the API on their way into force.
//
// Everything that changes what is in force happens on the main thread, in one order with reloads;
// web workers ask for it by the MainQueue, and wait until it is durable too.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "evaluator/rules/managed_rules.h"
#include "exporter/api/rules_api.h"
#include "exporter/daemon/main_queue.h"

namespace tocsin::daemon {

// A bound for those who make rules by mistake; files may hold any number.
inline constexpr std::size_t kMaxManagedRules = 10'000;

class RuleBook {
 public:
  using Rules = std::vector<std::shared_ptr<const ThresholdRule>>;

  // Everything outlives the object. `make_id` gives each rule its UUID; `apply` puts Combined() in
  // force. Both are called on the main thread.
  RuleBook(StateStore& store, MainQueue& queue, const Clock& clock,
           std::function<std::string()> make_id, std::function<void()> apply, const Logger& log);

  // Before all else.
  Status Restore() { return managed_.Restore(); }

  // The main thread: the rules of the files, then those of the API.
  Rules Combined(const Rules& of_files) const;
  evaluator::ManagedRules::ById managed() const { return managed_.by_id(); }

  // Any thread but the main one. The book must outlive them.
  api::RuleCommands Commands();

 private:
  struct Asked;

  void Create(const api::RuleBody& body, const std::string& actor, const std::string& id,
              Asked* asked);
  void Update(const std::string& id, const api::RuleBody& body, const std::string& actor,
              Asked* asked);
  void Remove(const std::string& id, const std::string& actor, Asked* asked);
  void Put(evaluator::ManagedRule rule, const std::string& actor, Asked* asked);
  api::RuleOutcome Run(const std::function<void(Asked*)>& command);

  MainQueue& queue_;
  const Clock& clock_;
  const std::function<std::string()> make_id_;
  const std::function<void()> apply_;
  const Logger log_;
  evaluator::ManagedRules managed_;  // the main thread only
};

}  // namespace tocsin::daemon
