#include "receivers/mute/inhibitor.h"

#include <utility>

#include "base/matcher.h"

namespace tocsin::receivers {

Inhibitor::Inhibitor(std::vector<config::InhibitRule> rules)
    : rules_(std::move(rules)), sources_(rules_.size()) {}

// Values are told apart by their lengths: they may hold any byte.
std::string Inhibitor::EqualKey(const config::InhibitRule& rule, LabelsView labels) {
  std::string key;
  for (const std::string& name : rule.equal) {
    const std::string_view value = labels.Get(name);
    key += std::to_string(value.size());
    key += ':';
    key += value;
  }
  return key;
}

void Inhibitor::Update(const std::vector<PostedAlertPtr>& alerts) {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const config::InhibitRule& rule = rules_[i];
    for (const PostedAlertPtr& alert : alerts) {
      if (!MatchesAll(rule.source, alert->labels)) continue;
      const bool is_target_too = MatchesAll(rule.target, alert->labels);
      std::string key = EqualKey(rule, alert->labels);
      MutexLock lock(mu_);
      sources_[i][std::move(key)].insert_or_assign(alert->fingerprint,
                                                   Source{alert->ends_at, is_target_too});
    }
  }
}

void Inhibitor::ForgetEndedBy(Timestamp t) {
  MutexLock lock(mu_);
  for (ByEqualLabels& of_rule : sources_) {
    for (auto& [key, sources] : of_rule) {
      std::erase_if(sources, [t](const auto& source) { return source.second.ends_at <= t; });
    }
    std::erase_if(of_rule, [](const auto& entry) { return entry.second.empty(); });
  }
}

bool Inhibitor::FindSource(const Sources& sources, bool target_is_source, Timestamp now,
                           std::uint64_t* found) {
  for (const auto& [fingerprint, source] : sources) {
    if (source.ends_at <= now || (target_is_source && source.is_target_too)) continue;
    *found = fingerprint;
    return true;
  }
  return false;
}

std::vector<std::uint64_t> Inhibitor::MutedBy(LabelsView target, Timestamp now) const {
  std::vector<std::uint64_t> muted_by;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const config::InhibitRule& rule = rules_[i];
    if (!MatchesAll(rule.target, target)) continue;
    const bool target_is_source = MatchesAll(rule.source, target);
    const std::string key = EqualKey(rule, target);
    std::uint64_t source = 0;
    MutexLock lock(mu_);
    const auto sources = sources_[i].find(key);
    if (sources == sources_[i].end()) continue;
    if (FindSource(sources->second, target_is_source, now, &source)) muted_by.push_back(source);
  }
  return muted_by;
}

}  // namespace tocsin::receivers
