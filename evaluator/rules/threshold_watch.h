// A native threshold rule on one series: remembers whether the condition holds, since when, and
// signals the changes. The state machine of alerts is elsewhere (evaluator/lifecycle); this is only
// its eye, kept small because it runs for every sample.
//
// OnSample runs under the series' lock. What others may read at any time is atomic.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/labels.h"
#include "base/threshold_rule.h"
#include "evaluator/series/watch.h"

namespace tocsin::evaluator {

// The identity of an alert: of rule and label set (with the metric's name), from one episode to the
// next. Stable for ever.
std::uint64_t AlertFingerprint(const ThresholdRule& rule, LabelsView series);

class ThresholdWatch final : public Watch {
 public:
  // `staleness` is for rules that say nothing of their own.
  ThresholdWatch(std::shared_ptr<const ThresholdRule> rule, LabelsView series, Duration staleness);
  // The same rule with other texts or another duration: what is known of the series stays known.
  ThresholdWatch(std::shared_ptr<const ThresholdRule> rule, const ThresholdWatch& previous,
                 Duration staleness);

  bool OnSample(const Sample& sample, Timestamp arrival, Signal* signal) override;
  // A new rule is judged by what is known; a carried-over watch knows already.
  bool OnAttach(const Sample& newest, Timestamp now, Signal* signal) override;

  const ThresholdRule& rule() const { return *rule_; }
  const std::shared_ptr<const ThresholdRule>& shared_rule() const { return rule_; }
  const Labels& series() const { return series_; }
  // Of rule and label set; stable for ever.
  std::uint64_t fingerprint() const { return fingerprint_; }

  // The newest number seen and when; any thread. The two may be of neighbouring samples.
  Sample newest() const;
  // When a sample arrived last, NaN included: the clock of staleness. Any thread.
  Timestamp last_arrival() const;

  // The state machine's note of the newest signal it has dealt with. Two threads that append to one
  // series may hand over their signals in the wrong order; false tells an overtaken one, which says
  // nothing any more. Called by the state machine's thread.
  bool TakeSequence(std::uint64_t sequence) const;

  // The next violating sample signals kViolating although the condition held before: when a new
  // episode may begin although no good sample was seen. Any thread.
  void SignalNextViolation() const;

  // Whether the two follow one another on one series: what this one signals, `other` would have.
  bool SharesKnowledgeWith(const ThresholdWatch& other) const { return shared_ == other.shared_; }

 private:
  enum class Condition : std::uint8_t { kUnknown, kGood, kViolating, kEnded };

  const std::shared_ptr<const ThresholdRule> rule_;
  const Labels series_;
  const std::uint64_t fingerprint_;
  const Duration stale_after_;

  // Under the series' lock.
  Condition condition_ = Condition::kUnknown;
  bool held_signalled_ = false;
  Timestamp violating_since_;
  std::uint64_t sequence_ = 0;

  // What others look at, shared by the watches that follow one another on a series: who holds an
  // older one still sees the newest sample.
  struct Shared {
    std::atomic<double> newest_value{0};
    std::atomic<std::int64_t> newest_ms{0};
    std::atomic<std::int64_t> arrival_ms{0};
    std::atomic<std::uint64_t> taken_sequence{0};
    std::atomic<bool> repeat{false};
  };
  const std::shared_ptr<Shared> shared_;
};

}  // namespace tocsin::evaluator
