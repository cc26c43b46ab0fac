// PostedAlert: an alert as a sender posts it to the Alertmanager API, completed and checked.
//
// A value without a state: it is resolved when its end has passed. Crosses threads as
// shared_ptr<const PostedAlert>; each update makes a new value.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/alert.h"
#include "base/labels.h"
#include "base/time.h"

namespace tocsin::receivers {

// Pairs sorted by name; unlike labels they may be empty.
using Annotations = std::vector<std::pair<std::string, std::string>>;

struct PostedAlert {
  Labels labels;
  Annotations annotations;
  std::string generator_url;
  Timestamp starts_at;
  Timestamp ends_at;
  Timestamp updated_at;           // when it arrived
  Timestamp began_at;             // when the first post of this episode arrived
  bool ends_by_timeout = false;   // the sender named no end
  bool end_recorded = false;      // in the history, though no post has said that it is over
  std::uint64_t fingerprint = 0;  // of the labels: the alert's identity
  std::uint64_t hash = 0;         // of the labels, as the notification log has it
  AlertPtr native;                // what a rule of this daemon raised; null: a sender posted it

  // What a rule raised is over when the rule says so: its clock is that of its samples.
  bool ResolvedAt(Timestamp t) const {
    return native != nullptr ? native->state == AlertState::kResolved : ends_at <= t;
  }
};
using PostedAlertPtr = std::shared_ptr<const PostedAlert>;

// The UUID of an alert's episode: of a rule's, that of the rule engine; of a posted one, it holds
// fingerprint and began_at.
std::string EpisodeId(const PostedAlert& alert);

// The alerting API's word for what the label `severity` says; `pynomaly_severity` says it exactly.
Severity SeverityOfLabels(LabelsView labels);

// Alertmanager's order inside a group, in messages and in the API: by `job`, then by `instance`
// (alerts that have the label first), then by label set: fewer labels first, then the first
// difference on the way through the union of names, where a missing name comes first.
bool ComesBefore(const PostedAlert& a, const PostedAlert& b);
void SortAlerts(std::vector<PostedAlertPtr>* alerts);

// The order of label sets in that sense, for group lists too.
bool LabelSetComesBefore(LabelsView a, LabelsView b);

// An update of an alert that is known: what both say, as Alertmanager joins them. Where their
// activity does not overlap, the new one is a new alert that takes the place of the old one. It is
// a new episode where the old one was over when it came.
// REQUIRES: equal labels.
PostedAlert MergeAlerts(const PostedAlert& stored, const PostedAlert& posted);

}  // namespace tocsin::receivers
