// The state machine of alerts. Signals of watches, commands of people, new rules and the passing of
// time go in; changed alerts come out: first to the store, then to the receivers.
//
// Everything here belongs to one thread (evaluator/lifecycle/engine.h runs it); `now` is an
// argument, so tests drive it by hand.
//
// State is kept per rule and label set (the fingerprint). From the first violating sample an alert
// is pending until the rule's duration has passed, then firing until a good sample, a person, a
// rule change or silence resolves it; where the rule keeps stale alerts, silence does not (a
// pending alert is forgotten all the same: nobody knows whether it would have lasted). What was
// firing before a restart is firing after it; a pending alert keeps its start, and its last known
// value holds until it would be stale, counted from the restart.
//
// After a manual resolve the same rule and label set begins no new episode until a good sample was
// seen or the rule's cooldown, counted from the resolve, has ended: then the next violating sample
// begins one.
//
// An acknowledgement ends with its episode. A sticky one outlives it for a while: an episode that
// begins within that time is acknowledged from its first moment.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/alert.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/state_store.h"
#include "evaluator/lifecycle/alert_book.h"
#include "evaluator/rules/rule_index.h"
#include "evaluator/series/watch.h"

namespace tocsin::evaluator {

// What receivers and routes see of an alert: alertname, severity and the series' own labels
// (`metadata`: without the metric's name).
Labels AlertLabels(const ThresholdRule& rule, LabelsView metadata);

// What became of a person's command.
struct CommandResult {
  enum class Kind : std::uint8_t { kDone, kNotFound, kConflict };
  Kind kind = Kind::kDone;
  std::string detail;  // why not
};

struct LifecycleOptions {
  Duration staleness{std::chrono::minutes(5)};  // where neither rule nor watch says anything
  Duration keep_resolved{std::chrono::hours(24 * 30)};
  std::size_t max_resolved = 10'000;  // kept in memory and in the store
};

class Lifecycle {
 public:
  // `make_id` gives each episode its UUID. Everything outlives the object.
  Lifecycle(LifecycleOptions options, AlertBook& book, StateStore& store, AlertSink& sink,
            std::function<std::string()> make_id, const Logger& log, MetricRegistry& metrics);

  // At start, once, before anything else: reads what the store holds. Rows that cannot be read are
  // logged and left alone.
  Status Restore(Timestamp now);
  // After Restore and the first ApplyRules: tells the receivers about everything that fires, and
  // about what was resolved, since they may not have heard of it before the restart, however long
  // ago that was. They know what they have dealt with.
  void OfferRestored();

  // Alerts of rules that are gone, disabled or look at something else are resolved.
  void ApplyRules(std::shared_ptr<const RuleIndex> rules, Duration staleness, Timestamp now);
  void Handle(const Signal& signal, Timestamp now);
  // Again: all but the actor may change.
  CommandResult Acknowledge(const std::string& id, const AcknowledgeCommand& command,
                            Timestamp now);
  // Ends an acknowledgement: the alert fires, and is told again.
  CommandResult Unacknowledge(const std::string& id, const std::string& actor, Timestamp now);
  CommandResult Resolve(const std::string& id, const std::string& actor, const std::string& note,
                        Timestamp now);
  void RunDue(Timestamp now);
  std::optional<Timestamp> next_deadline() const;

  // `done` runs (on the store's thread) when what has changed so far is durable, or cannot be made
  // so.
  void WhenCommitted(StateStore::Committed done) { waiting_.push_back(std::move(done)); }
  // Hands everything that has changed to the store, then to the receivers: one write for all.
  void Flush();

 private:
  // What is known about one rule and label set while there is something to know.
  struct Tracked {
    AlertPtr alert;  // pending, firing or acknowledged; null between episodes
    std::shared_ptr<const ThresholdWatch> watch;  // null after a restart until the series appears
    Timestamp tracked_since;                      // the clock of staleness where there is no watch
    std::optional<Timestamp> fire_at;
    std::optional<Timestamp> stale_at;
    std::optional<Timestamp> acknowledged_until;
    std::optional<Timestamp> hold_until;  // no new episode before, after a manual resolve
  };
  using TrackedMap = std::unordered_map<std::uint64_t, Tracked>;
  // At equal times in this order: what is stale fires no more.
  enum class Timer : std::uint8_t { kStale, kFire, kHoldEnds, kAcknowledgementEnds };
  using Deadline = std::tuple<Timestamp, Timer, std::uint64_t>;

  struct Metrics;

  void OnViolating(const Signal& signal, const std::shared_ptr<const ThresholdWatch>& watch,
                   Timestamp now);
  void OnGood(std::uint64_t fingerprint, const Sample& sample, Timestamp now);
  void OnEnded(std::uint64_t fingerprint, Timestamp now);
  void OnHeld(const Signal& signal, const std::shared_ptr<const ThresholdWatch>& watch,
              Timestamp now);
  void OnFireTimer(std::uint64_t fingerprint, Tracked& tracked, Timestamp now);
  void OnStaleTimer(std::uint64_t fingerprint, Tracked& tracked, Timestamp now);
  void EndAcknowledgement(Tracked& tracked, const std::string& actor, Timestamp now);
  void ApplyRule(std::uint64_t fingerprint, Tracked& tracked, Timestamp now);

  void Begin(std::uint64_t fingerprint, Tracked& tracked,
             const std::shared_ptr<const ThresholdRule>& rule, const Signal& signal, Timestamp now);
  // The alert is pending since another time than was thought.
  void BeginAnew(std::uint64_t fingerprint, Tracked& tracked, Timestamp since, Timestamp now);
  void Fire(std::uint64_t fingerprint, Tracked& tracked, Timestamp now);
  // Firing, or acknowledged where a sticky acknowledgement holds.
  void BeginToFire(Alert* alert, Timestamp now);
  // Keeps the acknowledgement of an episode that has ended, if it is sticky.
  void KeepSticky(const AlertPtr& ended);
  // Ends an episode: a pending one is forgotten, another becomes resolved. Forgets the tracking
  // where nothing is held, so `tracked` may be gone afterwards.
  void End(std::uint64_t fingerprint, Tracked& tracked, ResolveReason reason, Timestamp now,
           const std::string& actor = "", const std::string& note = "");
  // A pending alert leaves no row behind.
  void RecordForgotten(const Alert& pending, ResolveReason reason, Timestamp now);
  void Hold(std::uint64_t fingerprint, Tracked& tracked, Duration cooldown, Timestamp now);
  void ReleaseHold(std::uint64_t fingerprint, Tracked& tracked);
  void ForgetIfIdle(std::uint64_t fingerprint);

  // Publishes a new version: to the book and, at the next Flush, to the store, with the event where
  // the state is another, and to the receivers. `actor` is who has taken an acknowledgement back.
  void Change(Tracked& tracked, std::shared_ptr<Alert> next, std::string_view actor = "");
  void RestoreAlert(Alert alert, Timestamp now);
  void RestoreHolds(Timestamp now);
  void RestoreSticky();
  void SetTimer(Timer timer, std::uint64_t fingerprint, std::optional<Timestamp>* slot,
                std::optional<Timestamp> when);
  void ArmStaleness(std::uint64_t fingerprint, Tracked& tracked);
  Duration StaleAfter(const Tracked& tracked) const;
  bool KeepsStale(const Alert& alert) const;
  // Its data has stopped.
  void OnStale(std::uint64_t fingerprint, Tracked& tracked, Timestamp now);
  Timestamp LastHeard(const Tracked& tracked) const;
  std::shared_ptr<const ThresholdRule> CurrentRule(const ThresholdWatch& watch) const;
  void Prune(Timestamp now);

  LifecycleOptions options_;
  AlertBook& book_;
  StateStore& store_;
  AlertSink& sink_;
  const std::function<std::string()> make_id_;
  const Logger log_;
  std::shared_ptr<Metrics> metrics_;

  std::shared_ptr<const RuleIndex> rules_;
  TrackedMap tracked_;
  std::set<Deadline> deadlines_;
  // Ended episodes whose acknowledgement holds for the next one, if that begins soon.
  std::unordered_map<std::uint64_t, AlertPtr> sticky_;
  Timestamp next_prune_;
  std::size_t resolved_since_prune_ = 0;

  WriteBatch writes_;
  std::vector<AlertPtr> changed_;
  std::vector<StateStore::Committed> waiting_;
};

}  // namespace tocsin::evaluator
