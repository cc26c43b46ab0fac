#include "evaluator/rules/threshold_watch.h"

#include <algorithm>
#include <cmath>

#include "base/number.h"

namespace tocsin::evaluator {

std::uint64_t AlertFingerprint(const ThresholdRule& rule, LabelsView series) {
  LabelsBuilder identity(series);
  // No series can carry this name: intakes refuse labels that begin with two underscores.
  identity.Set("__rule_id__", rule.id);
  return identity.Build().view().Fingerprint();
}

ThresholdWatch::ThresholdWatch(std::shared_ptr<const ThresholdRule> rule, LabelsView series,
                               Duration staleness)
    : rule_(std::move(rule)),
      series_(series),
      fingerprint_(AlertFingerprint(*rule_, series)),
      stale_after_(rule_->stale_after.value_or(staleness)),
      shared_(std::make_shared<Shared>()) {}

ThresholdWatch::ThresholdWatch(std::shared_ptr<const ThresholdRule> rule,
                               const ThresholdWatch& previous, Duration staleness)
    : rule_(std::move(rule)),
      series_(previous.series_),
      fingerprint_(previous.fingerprint_),
      stale_after_(rule_->stale_after.value_or(staleness)),
      condition_(previous.condition_),
      held_signalled_(rule_->duration == Duration(0)),
      violating_since_(previous.violating_since_),
      sequence_(previous.sequence_),
      shared_(previous.shared_) {}

Sample ThresholdWatch::newest() const {
  return {FromUnixMillis(shared_->newest_ms.load(std::memory_order_relaxed)),
          shared_->newest_value.load(std::memory_order_relaxed)};
}

Timestamp ThresholdWatch::last_arrival() const {
  return FromUnixMillis(shared_->arrival_ms.load(std::memory_order_relaxed));
}

bool ThresholdWatch::TakeSequence(std::uint64_t sequence) const {
  if (sequence <= shared_->taken_sequence.load(std::memory_order_relaxed)) return false;
  shared_->taken_sequence.store(sequence, std::memory_order_relaxed);
  return true;
}

void ThresholdWatch::SignalNextViolation() const {
  shared_->repeat.store(true, std::memory_order_relaxed);
}

bool ThresholdWatch::OnSample(const Sample& sample, Timestamp arrival, Signal* signal) {
  const auto report = [&](Signal::Kind kind) {
    *signal = Signal{nullptr, kind, ++sequence_, sample, violating_since_};
    return true;
  };
  const Timestamp heard_before = last_arrival();
  shared_->arrival_ms.store(ToUnixMillis(arrival), std::memory_order_relaxed);
  if (std::isnan(sample.value)) {
    // An ordinary NaN is no information: it neither violates nor recovers.
    if (!IsStaleNan(sample.value) || condition_ == Condition::kEnded) return false;
    condition_ = Condition::kEnded;
    return report(Signal::Kind::kEnded);
  }
  shared_->newest_value.store(sample.value, std::memory_order_relaxed);
  shared_->newest_ms.store(ToUnixMillis(sample.timestamp), std::memory_order_relaxed);

  if (!rule_->Violates(sample.value)) {
    if (condition_ == Condition::kGood) return false;
    condition_ = Condition::kGood;
    return report(Signal::Kind::kGood);
  }
  // A sender whose clock is ahead must neither delay nor hasten the alert.
  const Timestamp seen = std::min(sample.timestamp, arrival);
  // What was known before a silence is over: a violation after it is another one.
  if (condition_ == Condition::kViolating && heard_before + stale_after_ <= arrival) {
    condition_ = Condition::kUnknown;
  }
  if (condition_ != Condition::kViolating) {
    // So old that it is stale on arrival: it says nothing of now.
    if (seen + stale_after_ < arrival) return false;
    condition_ = Condition::kViolating;
    violating_since_ = seen;
    held_signalled_ = rule_->duration == Duration(0);  // fires at once: nothing more to say
    shared_->repeat.store(false, std::memory_order_relaxed);
    return report(Signal::Kind::kViolating);
  }
  if (shared_->repeat.load(std::memory_order_relaxed)) {
    shared_->repeat.store(false, std::memory_order_relaxed);
    return report(Signal::Kind::kViolating);
  }
  if (!held_signalled_ && seen - violating_since_ >= rule_->duration) {
    held_signalled_ = true;
    return report(Signal::Kind::kHeld);
  }
  return false;
}

bool ThresholdWatch::OnAttach(const Sample& newest, Timestamp now, Signal* signal) {
  if (condition_ != Condition::kUnknown || newest.timestamp + stale_after_ < now) return false;
  return OnSample(newest, now, signal);
}

}  // namespace tocsin::evaluator
