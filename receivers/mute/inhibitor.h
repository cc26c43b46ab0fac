// Inhibitor: which alerts are muted because others fire.
//
// A rule mutes a target while any unresolved source agrees with it on every `equal` label. All
// sources of a set of equal-label values are kept, so that one that resolves or may not mute a
// given target hides no other. An alert that matches both sides is muted by one-sided sources only,
// hence never by itself. Sources need not be routed, and may be muted themselves.
//
// Any thread. The dispatcher tells it of alerts before it acts on them, so that a source and its
// target that arrive together never page for the target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/labels.h"
#include "base/mutex.h"
#include "config/alertmanager_settings.h"
#include "receivers/alerts/posted_alert.h"

namespace tocsin::receivers {

class Inhibitor {
 public:
  explicit Inhibitor(std::vector<config::InhibitRule> rules);

  // Takes the newest values of these alerts.
  void Update(const std::vector<PostedAlertPtr>& alerts) EXCLUDES(mu_);
  // Forgets sources that had ended by `t`.
  void ForgetEndedBy(Timestamp t) EXCLUDES(mu_);

  // Fingerprints of sources that mute these labels at `now`, at most one for each rule, in rule
  // order; empty where nothing mutes them.
  std::vector<std::uint64_t> MutedBy(LabelsView target, Timestamp now) const EXCLUDES(mu_);

  std::size_t rules() const { return rules_.size(); }

 private:
  struct Source {
    Timestamp ends_at;
    bool is_target_too = false;
  };
  using Sources = std::unordered_map<std::uint64_t, Source>;  // by fingerprint
  // By the values of the equal labels, joined.
  using ByEqualLabels = std::unordered_map<std::string, Sources>;

  static std::string EqualKey(const config::InhibitRule& rule, LabelsView labels);
  // One that may mute; 0 and false where there is none.
  static bool FindSource(const Sources& sources, bool target_is_source, Timestamp now,
                         std::uint64_t* found);

  const std::vector<config::InhibitRule> rules_;
  mutable Mutex mu_;
  std::vector<ByEqualLabels> sources_ GUARDED_BY(mu_);  // one for each rule
};

}  // namespace tocsin::receivers
