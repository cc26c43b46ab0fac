#include "exporter/daemon/rule_book.h"

#include <fmt/format.h>

#include <chrono>
#include <future>
#include <utility>

namespace tocsin::daemon {
namespace {

using api::RuleOutcome;

// A change waits for one commit; this only bounds a disk that hangs.
constexpr std::chrono::seconds kCommitPatience(10);

}  // namespace

// What the main thread leaves for the worker that waits.
struct RuleBook::Asked {
  RuleOutcome outcome;
  // None where nothing was written. Shared with the store: the worker may have given up.
  std::shared_ptr<std::promise<Status>> committed;

  StateStore::Committed Committed() {
    committed = std::make_shared<std::promise<Status>>();
    return [promise = committed](const Status& status) { promise->set_value(status); };
  }
};

RuleBook::RuleBook(StateStore& store, MainQueue& queue, const Clock& clock,
                   std::function<std::string()> make_id, std::function<void()> apply,
                   const Logger& log)
    : queue_(queue),
      clock_(clock),
      make_id_(std::move(make_id)),
      apply_(std::move(apply)),
      log_(log),
      managed_(store, log) {}

RuleBook::Rules RuleBook::Combined(const Rules& of_files) const {
  Rules all = of_files;
  for (const evaluator::ManagedRulePtr& managed : managed_.List()) all.push_back(managed->rule);
  return all;
}

api::RuleCommands RuleBook::Commands() {
  return {[this](const api::RuleBody& body, const std::string& actor, const std::string& id) {
            return Run([&](Asked* asked) { Create(body, actor, id, asked); });
          },
          [this](const std::string& id, const api::RuleBody& body, const std::string& actor) {
            return Run([&](Asked* asked) { Update(id, body, actor, asked); });
          },
          [this](const std::string& id, const std::string& actor) {
            return Run([&](Asked* asked) { Remove(id, actor, asked); });
          }};
}

RuleOutcome RuleBook::Run(const std::function<void(Asked*)>& command) {
  Asked asked;
  if (!queue_.RunAndWait([&] { command(&asked); })) return {RuleOutcome::Kind::kStopping};
  if (asked.committed == nullptr) return asked.outcome;
  std::future<Status> durable = asked.committed->get_future();
  const bool answered = durable.wait_for(kCommitPatience) == std::future_status::ready;
  if (!answered || !durable.get().ok()) return {RuleOutcome::Kind::kUnconfirmed};
  return asked.outcome;
}

void RuleBook::Create(const api::RuleBody& body, const std::string& actor, const std::string& id,
                      Asked* asked) {
  ThresholdRule rule;
  body.ApplyTo(&rule);
  rule.id = id.empty() ? make_id_() : id;
  if (evaluator::ManagedRulePtr known = managed_.Find(rule.id)) {
    asked->outcome.rule = std::move(known);
    return;
  }
  if (managed_.size() >= kMaxManagedRules) {
    asked->outcome = {RuleOutcome::Kind::kConflict,
                      fmt::format("There are {} rules made over the API, which is the most; delete "
                                  "some, or write them into a file",
                                  kMaxManagedRules)};
    return;
  }
  evaluator::ManagedRule managed;
  managed.rule = std::make_shared<const ThresholdRule>(std::move(rule));
  managed.created_at = clock_.Now();
  managed.created_by = actor;
  Put(std::move(managed), actor, asked);
}

void RuleBook::Update(const std::string& id, const api::RuleBody& body, const std::string& actor,
                      Asked* asked) {
  const evaluator::ManagedRulePtr known = managed_.Find(id);
  if (known == nullptr) {
    asked->outcome.kind = RuleOutcome::Kind::kNotFound;
    return;
  }
  ThresholdRule rule = *known->rule;
  body.ApplyTo(&rule);
  evaluator::ManagedRule managed = *known;
  managed.rule = std::make_shared<const ThresholdRule>(std::move(rule));
  Put(std::move(managed), actor, asked);
}

void RuleBook::Put(evaluator::ManagedRule rule, const std::string& actor, Asked* asked) {
  rule.updated_at = clock_.Now();
  asked->outcome.rule = std::make_shared<const evaluator::ManagedRule>(std::move(rule));
  managed_.Put(asked->outcome.rule, actor, asked->Committed());
  log_.Info("rule put in force", {{"rule", asked->outcome.rule->rule->name}, {"by", actor}});
  apply_();
}

void RuleBook::Remove(const std::string& id, const std::string& actor, Asked* asked) {
  const evaluator::ManagedRulePtr known = managed_.Find(id);
  if (known == nullptr) {
    asked->outcome.kind = RuleOutcome::Kind::kNotFound;
    return;
  }
  managed_.Remove(id, actor, clock_.Now(), asked->Committed());
  log_.Info("rule deleted", {{"rule", known->rule->name}, {"by", actor}});
  apply_();
}

}  // namespace tocsin::daemon
