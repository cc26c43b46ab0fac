// What looks at samples while they are appended, and how it reports.
//
// A watch is attached to one series. It is asked for every sample under the series' lock, so it is
// leaf code: it compares, remembers, and at most fills in a signal. Signals leave the store after
// the lock is released. That keeps the cost of a sample independent of how many rules look at
// others.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/labels.h"
#include "base/sample.h"
#include "base/time.h"

namespace tocsin::evaluator {

class Watch;

struct Signal {
  enum class Kind : std::uint8_t {
    kViolating,  // the condition began to hold; `since` says when
    kHeld,       // it has held, by sample timestamps, for the rule's duration
    kGood,       // it does not hold (any more)
    kEnded,      // the series ended with a stale marker
  };
  std::shared_ptr<const Watch> watch;
  Kind kind = Kind::kViolating;
  std::uint64_t sequence = 0;  // of the watch's signals: a later one has a greater number
  Sample sample;
  Timestamp since;
};

class Watch {
 public:
  virtual ~Watch() = default;
  // True if `signal` was filled in (all but `watch`). Samples come in time order, a replaced one
  // again. `arrival` is the time of the append.
  virtual bool OnSample(const Sample& sample, Timestamp arrival, Signal* signal) = 0;
  // The watch has just been put on a series whose newest sample this is. The same answer.
  virtual bool OnAttach(const Sample& newest, Timestamp now, Signal* signal) = 0;
};

// Decides which watches a series gets. Called under a shard's lock when a series appears and, for
// every series, when the rules change: leaf code too, and safe to call from several threads.
class WatchMaker {
 public:
  virtual ~WatchMaker() = default;
  // `current` are the watches the series has: those that still apply are handed back as they are,
  // so that they keep what they know.
  virtual std::vector<std::shared_ptr<Watch>> Make(
      LabelsView labels, const std::vector<std::shared_ptr<Watch>>& current) const = 0;
};

// Takes signals and waits until the state machine has dealt with them; never called under a lock.
// Any thread.
class SignalSink {
 public:
  virtual ~SignalSink() = default;
  virtual void Take(std::vector<Signal> signals) = 0;
};

}  // namespace tocsin::evaluator
