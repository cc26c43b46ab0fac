// PushTable: all pushed groups, in memory. Says which changes are possible and makes them; talks to
// nobody.
//
// Synchronises itself. Changes of one group are made by whoever has its turn (PushTurns), so
// between Reserve and Commit a group stays as it is; families are shared, never copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/labels.h"
#include "base/mutex.h"
#include "base/time.h"
#include "exporter/intake/push_group.h"
#include "exporter/intake/push_index.h"

namespace tocsin::intake {

enum class PushMode : std::uint8_t {
  kReplaceGroup,     // PUT
  kReplaceFamilies,  // POST: only those of the names pushed
};

class PushTable {
 public:
  explicit PushTable(std::size_t series_per_group) : series_per_group_(series_per_group) {}

  // `stamp` is when samples of the group are to be appended: the present, but never before an
  // earlier stamp, whatever the clock does.
  struct Plan {
    PushChange change;
    PushTimes times;
    Timestamp stamp{};
    bool group_is_new = false;
    std::size_t series = 0;  // of the group afterwards
  };
  struct Content {
    PushedFamilies families;
    PushTimes times;
    Timestamp stamp{};
  };

  void SetOwnTypes(std::unordered_map<std::string, MetricType> types) EXCLUDES(mu_);

  // Checks and reserves an accepted push; then Commit or Abort follows.
  PushOutcome Reserve(const Labels& group, PushMode mode, PushedFamilies families, Timestamp now,
                      Plan* plan) EXCLUDES(mu_);
  void Commit(const Labels& group, const Plan& plan) EXCLUDES(mu_);
  void Abort(const Plan& plan) EXCLUDES(mu_);

  // A plan that changes nothing but the time of the last refused push: Commit may follow.
  Plan PlanFailure(const Labels& group, Timestamp now) const EXCLUDES(mu_);

  std::optional<Content> Remove(const Labels& group, Timestamp now) EXCLUDES(mu_);

  // What is to be appended again; nothing for a group that is gone.
  std::optional<Content> TakeSamples(const Labels& group, Timestamp now) EXCLUDES(mu_);
  // Remembers that it was not done, for whoever has the group's turn to do it.
  void MarkSamplesDue(const Labels& group) EXCLUDES(mu_);
  bool AreSamplesDue(const Labels& group) const EXCLUDES(mu_);

  // For start-up, from what was journalled.
  PushOutcome Restore(const Labels& group, const PushTimes& times, PushedFamilies families)
      EXCLUDES(mu_);

  std::vector<Labels> Keys() const EXCLUDES(mu_);
  std::vector<PushedFamilyPtr> AllFamilies() const EXCLUDES(mu_);
  std::size_t group_count() const EXCLUDES(mu_);
  std::size_t series_count() const EXCLUDES(mu_);

 private:
  struct Group {
    PushedFamilies families;
    PushTimes times;
    std::size_t series = 0;
    Timestamp last_stamp{};
    bool samples_due = false;
  };
  using Groups = std::map<Labels, Group>;

  static Content ContentOf(Group& group, Timestamp now);
  Plan PlanFor(const Labels& group, Timestamp now) const REQUIRES_LOCK(mu_);
  void CommitLocked(const Labels& group, const Plan& plan) REQUIRES_LOCK(mu_);

  const std::size_t series_per_group_;

  mutable Mutex mu_;
  Groups groups_ GUARDED_BY(mu_);
  PushIndex index_ GUARDED_BY(mu_);
};

}  // namespace tocsin::intake
