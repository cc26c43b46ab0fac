// Every alert there is, whatever its origin: those of our own rules, which the rule engine keeps,
// and those that senders post. The alerting API shows and finds both alike.
//
// Any thread; what is found is immutable.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/alert.h"
#include "base/clock.h"
#include "base/event.h"
#include "evaluator/lifecycle/alert_book.h"
#include "receivers/alerts/alert_store.h"
#include "receivers/alerts/posted_alert.h"
#include "receivers/mute/posted_acknowledgements.h"
#include "receivers/mute/silences.h"

namespace tocsin::api {

// One alert: either is null.
struct KnownAlert {
  AlertPtr native;
  receivers::PostedAlertPtr posted;
  receivers::PostedAcknowledgementPtr acknowledgement;  // of a posted one; null: none
  AlertState state = AlertState::kFiring;

  std::string id() const;       // of the episode
  std::string rule_id() const;  // empty: a posted one
  Timestamp began() const;      // to fire, else to be pending
  Severity severity() const;    // of a posted one, what its labels say
  const Labels& labels() const;
};

// Newest first by began().
bool IsListedBefore(const KnownAlert& a, const KnownAlert& b);

// What holds an alert's messages back that fires, beside its acknowledgement.
struct Muting {
  std::vector<std::string> silenced_by;  // ids
  bool inhibited = false;
  // Of every way that it might take: names of time intervals that hold, or of those that would have
  // to.
  std::vector<std::string> muted_by_intervals;

  bool holds() const { return inhibited || !silenced_by.empty() || !muted_by_intervals.empty(); }
};

class KnownAlerts {
 public:
  // Any thread. Each may be empty: nothing does.
  struct Mutes {
    // Whether other alerts inhibit one with these labels.
    std::function<bool(LabelsView labels, Timestamp now)> inhibited = {};
    // The time intervals that mute it, by every way that it might take.
    std::function<std::vector<std::string>(const KnownAlert& alert, Timestamp now)> intervals = {};
  };

  // Everything outlives the object.
  KnownAlerts(const evaluator::AlertBook& book, const receivers::AlertStore& posted,
              const receivers::PostedAcknowledgements& acknowledgements,
              const receivers::Silences& silences, Mutes mutes, const Clock& clock)
      : book_(book),
        posted_(posted),
        acknowledgements_(acknowledgements),
        silences_(silences),
        mutes_(std::move(mutes)),
        clock_(clock) {}

  // By the id of an episode, or by a fingerprint as the Alertmanager API shows it.
  std::optional<KnownAlert> Find(const std::string& id) const;
  // Of the given states, in the order of IsListedBefore.
  std::vector<KnownAlert> List(const std::vector<AlertState>& states) const;
  std::size_t Count(AlertState state) const;
  // The active ones as the history has it: what has changed since without an event, because a time
  // has come, is not heeded. In no order. All that shows in it is in the book, or on its way to the
  // state store.
  std::vector<KnownAlert> RecordedAsActive() const;
  // The alert as an event left it; nothing where the event is about no such change of one.
  std::optional<KnownAlert> AsOf(const Event& event) const;
  Muting MutingOf(const KnownAlert& alert) const;

 private:
  KnownAlert Known(receivers::PostedAlertPtr posted, Timestamp now) const;

  const evaluator::AlertBook& book_;
  const receivers::AlertStore& posted_;
  const receivers::PostedAcknowledgements& acknowledgements_;
  const receivers::Silences& silences_;
  const Mutes mutes_;
  const Clock& clock_;
};

}  // namespace tocsin::api
