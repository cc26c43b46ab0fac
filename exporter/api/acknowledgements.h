// Acknowledgements of all alerts: those of rules, which the rule engine keeps, and those that
// senders post, which the dispatcher keeps. The Alertmanager API shows them as silences that match
// exactly one alert, whose id is that of the alert's episode: expiring one ends the
// acknowledgement; setting it again changes note and expiry.
//
// Any thread. Changes are answered when they are durable.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "evaluator/lifecycle/alert_book.h"
#include "evaluator/lifecycle/engine.h"
#include "receivers/alerts/alert_store.h"
#include "receivers/mute/posted_acknowledgements.h"
#include "receivers/mute/silences.h"

namespace tocsin::api {

class Acknowledgements {
 public:
  // Everything outlives the object.
  Acknowledgements(const evaluator::AlertBook& book, evaluator::Engine& engine,
                   receivers::AlertStore& alerts, receivers::PostedAcknowledgements& posted,
                   const Clock& clock)
      : book_(book), engine_(engine), alerts_(alerts), posted_(posted), clock_(clock) {}

  // `alert` is the id of an episode or a fingerprint. Nothing where the state store has not
  // confirmed the change in time; it is in force all the same.
  std::optional<evaluator::CommandResult> Acknowledge(const std::string& alert,
                                                      const AcknowledgeCommand& command);

  std::vector<receivers::SilencePtr> All() const;
  // Null where no acknowledged alert has this id.
  receivers::SilencePtr Find(std::string_view id) const;

  // False where there is none.
  bool End(const std::string& id, const std::string& actor);
  // REQUIRES: `changed.id` is one of ours. Says why not.
  std::optional<std::string> Change(const receivers::Silence& changed);

 private:
  // What has become of the alert of an acknowledgement is known to the history and to those who
  // keep the acknowledgement.
  void CatchUpWith(const std::string& id);

  const evaluator::AlertBook& book_;
  evaluator::Engine& engine_;
  receivers::AlertStore& alerts_;
  receivers::PostedAcknowledgements& posted_;
  const Clock& clock_;
};

}  // namespace tocsin::api
