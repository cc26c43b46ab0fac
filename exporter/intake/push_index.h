// What all pushed groups hold together, by family name and by full label set: answers at the cost
// of a push's own series, however much is stored, whether the push contradicts another group.
//
// A change is reserved first and settled later, because between the two the series store is asked
// whether it takes new series. Until then both the old and the new content of the group count, so
// that whatever the answer, no other group can have slipped in between.
//
// Owned by PushStore and guarded by its lock; knows nothing of threads itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/labels.h"
#include "base/sample.h"
#include "exporter/intake/push_group.h"

namespace tocsin::intake {

struct LabelBytesHash {
  std::size_t operator()(std::string_view bytes) const {
    return LabelsView::FromBytes(bytes).Hash();
  }
};

// One group's families that go and that come; equal names are one family replaced.
struct PushChange {
  PushedFamilies removed;
  PushedFamilies added;

  // Filled by PushIndex::Reserve; they borrow from the families.
  std::vector<const PushedFamily::Series*> fresh;     // of added: nobody holds them yet
  std::vector<const PushedFamily::Series*> known;     // of added: in removed too
  std::vector<const PushedFamily::Series*> vanished;  // of removed: not in added
  std::vector<std::string> help_conflicts;  // families with another help text elsewhere, told once
};

class PushIndex {
 public:
  // Tocsin's own metrics, on the same page: a push may not change their types.
  void SetOwnTypes(std::unordered_map<std::string, MetricType> types) { own_ = std::move(types); }

  // Why the change is a contradiction; no trouble where it can be had.
  PushOutcome Check(const PushChange& change) const;
  // REQUIRES: Check(*change) found no trouble.
  void Reserve(PushChange* change);
  // REQUIRES: reserved, and one of them only.
  void Commit(const PushChange& change);
  void Abort(const PushChange& change);

  std::size_t series_count() const { return holders_.size(); }

 private:
  static constexpr std::size_t kTypes = 8;
  struct Name {
    std::array<std::uint32_t, kTypes> holders_by_type{};  // groups; one that changes counts twice
    std::string help;                                     // of the first holder
    bool help_conflict_told = false;
  };
  using TypeSet = std::array<bool, kTypes>;

  // The types under which a name is held when the change's removed families are not counted.
  TypeSet TypesOf(std::string_view name, const PushChange& change) const;
  PushOutcome CheckType(const PushedFamily& family, const PushChange& change) const;
  PushOutcome CheckReservedNames(const PushedFamily& family, const PushChange& change) const;
  PushOutcome CheckSeries(const PushChange& change) const;
  static bool IsRemoved(const PushedFamily& family, const PushChange& change);
  void AddName(const PushedFamily& family, PushChange* change);
  void RemoveName(const PushedFamily& family);
  void RemoveSeriesHeldBy(const PushedFamily& family);

  std::unordered_map<std::string, MetricType> own_;
  std::unordered_map<std::string, Name> names_;
  // Keys borrow the label bytes of the family that holds the series.
  std::unordered_map<std::string_view, const PushedFamily*, LabelBytesHash> holders_;
};

}  // namespace tocsin::intake
