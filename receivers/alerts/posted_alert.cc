#include "receivers/alerts/posted_alert.h"

#include <algorithm>
#include <optional>

#include "base/uuid.h"

namespace tocsin::receivers {
namespace {

// Alerts that have the label come first, by its value; nothing where that decides nothing.
std::optional<bool> BeforeByLabel(LabelsView a, LabelsView b, std::string_view name) {
  const std::string_view of_a = a.Get(name);
  const std::string_view of_b = b.Get(name);
  if (of_a == of_b) return std::nullopt;
  if (of_a.empty() || of_b.empty()) return !of_a.empty();
  return of_a < of_b;
}

// The new end strictly inside the old activity, or the new start strictly inside it.
bool Overlap(const PostedAlert& stored, const PostedAlert& posted) {
  const auto inside = [&stored](Timestamp t) { return t > stored.starts_at && t < stored.ends_at; };
  return inside(posted.ends_at) || inside(posted.starts_at);
}

// An episode lasts as long as its sender says in time that it goes on.
bool ContinuesEpisode(const PostedAlert& stored, const PostedAlert& posted) {
  if (stored.native != nullptr || posted.native != nullptr) return false;
  return !stored.ResolvedAt(posted.updated_at) || posted.ResolvedAt(posted.updated_at);
}

}  // namespace

std::string EpisodeId(const PostedAlert& alert) {
  if (alert.native != nullptr) return alert.native->id;
  return UuidOf(alert.fingerprint, ToUnixMillis(alert.began_at));
}

// The table of alerting-api.md, section 4.4: Prometheus's words into the contract's.
Severity SeverityOfLabels(LabelsView labels) {
  const std::optional<Severity> exact = ParseSeverity(labels.Get("pynomaly_severity"));
  if (exact) return *exact;
  const std::string_view word = labels.Get("severity");
  if (word == "critical") return Severity::kCritical;
  if (word == "error" || word == "page") return Severity::kHigh;
  if (word == "none") return Severity::kLow;
  return ParseSeverity(word).value_or(Severity::kInfo);
}

bool LabelSetComesBefore(LabelsView a, LabelsView b) {
  const std::size_t size_of_a = a.size();
  const std::size_t size_of_b = b.size();
  if (size_of_a != size_of_b) return size_of_a < size_of_b;
  LabelsView::iterator in_a = a.begin();
  LabelsView::iterator in_b = b.begin();
  for (; in_a != a.end(); ++in_a, ++in_b) {
    // Of two names the smaller one is missing in the other set, and what is missing comes first.
    if (in_a->name != in_b->name) return in_b->name < in_a->name;
    if (in_a->value != in_b->value) return in_a->value < in_b->value;
  }
  return false;
}

bool ComesBefore(const PostedAlert& a, const PostedAlert& b) {
  for (std::string_view name : {"job", "instance"}) {
    if (const std::optional<bool> before = BeforeByLabel(a.labels, b.labels, name)) return *before;
  }
  return LabelSetComesBefore(a.labels, b.labels);
}

void SortAlerts(std::vector<PostedAlertPtr>* alerts) {
  std::sort(alerts->begin(), alerts->end(),
            [](const PostedAlertPtr& a, const PostedAlertPtr& b) { return ComesBefore(*a, *b); });
}

PostedAlert MergeAlerts(const PostedAlert& stored, const PostedAlert& posted) {
  // Rules know their alerts better than what was told of them before.
  if (posted.native != nullptr && stored.native != nullptr) return posted;
  const Timestamp began_at = ContinuesEpisode(stored, posted) ? stored.began_at : posted.began_at;
  if (!Overlap(stored, posted)) {
    PostedAlert replacing = posted;
    replacing.began_at = began_at;
    return replacing;
  }
  const bool in_order = posted.updated_at >= stored.updated_at;
  const PostedAlert& older = in_order ? stored : posted;
  const PostedAlert& younger = in_order ? posted : stored;
  PostedAlert merged = younger;
  merged.starts_at = std::min(older.starts_at, younger.starts_at);
  merged.began_at = began_at;
  if (younger.ResolvedAt(younger.updated_at)) {
    if (older.ResolvedAt(younger.updated_at)) {
      merged.ends_at = std::max(older.ends_at, younger.ends_at);
    }
  } else if (older.ends_at > younger.ends_at && !older.ends_by_timeout) {
    merged.ends_at = older.ends_at;
  }
  return merged;
}

}  // namespace tocsin::receivers
