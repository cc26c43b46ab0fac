// What people say about alerts: of our own rules and posted ones alike, by the alert's episode.
//
// Durable: a comment is answered when it is committed, together with the event alert.commented. It
// is kept as long as its alert is known; what was said stays in the history. Any thread; nobody who
// asks waits for a write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/event.h"
#include "base/labels.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/state_store.h"
#include "base/time.h"

namespace tocsin::receivers {

struct AlertComment {
  std::string id;        // UUID
  std::string alert_id;  // of the episode
  std::string actor;
  std::string text;
  Timestamp at;
};

// The alert that a comment is about, for the history.
struct CommentedAlert {
  std::string id;       // of the episode
  std::string rule_id;  // empty for one that a sender has posted
  Labels labels;
};

// A row of the state store.
std::string SerializeComment(const AlertComment& comment);
Result<AlertComment> ParseComment(std::string_view json);

class AlertComments {
 public:
  // Bounds for those who comment by mistake.
  static constexpr std::size_t kMostOfOneAlert = 100;
  static constexpr std::size_t kMost = 20'000;

  using Comments = std::vector<AlertComment>;
  enum class Outcome : std::uint8_t { kDone, kTooManyOfAlert, kTooMany };

  // `store` outlives the object.
  AlertComments(StateStore& store, const Logger& log) : store_(store), log_(log) {}

  // Before anything else: reads what an earlier process left. A row that cannot be read is reported
  // and left alone.
  Status Restore() EXCLUDES(mu_);

  // One whose id the alert has already is there, and is not made again. `committed` (as that of
  // StateStore::Submit) is not called where it is not taken. REQUIRES: `comment.alert_id` is
  // `about.id`.
  Outcome Add(const CommentedAlert& about, AlertComment comment, StateStore::Committed committed)
      EXCLUDES(mu_, write_order_);

  // Oldest first.
  Comments Of(const std::string& alert_id) const EXCLUDES(mu_);
  std::size_t CountOf(const std::string& alert_id) const EXCLUDES(mu_);

  // Forgets what was said about alerts that nobody knows any more. `is_known` is asked without a
  // lock of ours.
  void ForgetUnless(const std::function<bool(const std::string& alert_id)>& is_known)
      EXCLUDES(mu_, write_order_);

 private:
  using ByNumber = std::map<std::uint64_t, AlertComment>;  // numbers grow within an alert

  // The key of a row: those of an alert stand together, in their order.
  static std::string Key(const std::string& alert_id, std::uint64_t number);

  StateStore& store_;
  const Logger log_;

  Mutex write_order_;  // held over a change and the handing over of its rows
  mutable Mutex mu_;
  std::unordered_map<std::string, ByNumber> by_alert_ GUARDED_BY(mu_);
  std::size_t count_ GUARDED_BY(mu_) = 0;
};

}  // namespace tocsin::receivers
