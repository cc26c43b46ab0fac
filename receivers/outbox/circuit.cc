#include "receivers/outbox/circuit.h"

#include <algorithm>

namespace tocsin::receivers {

bool Circuit::IsOfReceiver(const Outcome& outcome) {
  if (outcome.kind != Outcome::Kind::kRetry) return false;
  // It has taken some of the message, and makes the rest wait.
  if (!outcome.remember.empty() || outcome.is_of_recipient) return false;
  return outcome.failure == Failure::kNetwork || outcome.failure == Failure::kTimeout ||
         outcome.failure == Failure::kServerError || outcome.failure == Failure::kRateLimited;
}

void Circuit::Close() { *this = Circuit(); }

bool Circuit::OnAttempt(const Outcome& outcome, const std::string& thread, Timestamp began,
                        const RetryPolicy& policy, double random, Timestamp now) {
  const bool was_open = open_;
  if (!IsOfReceiver(outcome)) {
    // Whatever it refuses, it is there.
    Close();
    return was_open;
  }
  if (failures_ == 0) first_thread_ = thread;
  of_several_threads_ = of_several_threads_ || thread != first_thread_;
  ++failures_;
  // Who says how long to wait means all messages.
  const bool asked = outcome.retry_after.has_value() && outcome.retry_after->count() > 0;
  open_ = open_ || asked || (failures_ >= kFailuresToOpen && of_several_threads_);
  if (!open_) return false;
  // It was under way already when the circuit opened: no news.
  const bool is_trial = !was_open || began >= next_attempt_;
  if (!is_trial && !asked) return false;
  RetryPolicy pauses = policy;
  pauses.longest = std::min(pauses.longest, kLongestPause);
  if (is_trial) ++pauses_;
  next_attempt_ =
      std::max(next_attempt_, now + RetryDelay(pauses, pauses_, outcome.retry_after, random));
  return !was_open;
}

}  // namespace tocsin::receivers
