// Takes rules and alerts of the original's tables among those that a state database has: what is
// new, once. Does nothing by itself: what is to be written is handed out in the end.
//
// An alert that fires goes on here, one for each rule and label set: of several the one that began
// last, or the one that the database has already; the others have ended when that began. Resolved
// ones are taken as far as they would be kept. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/state_store.h"
#include "exporter/daemon/foreign_rows.h"

namespace tocsin::daemon {

class ForeignImport {
 public:
  // Says something about a row: `table alerts, alert "High CPU" (its id): threshold: ...`
  using Tell = std::function<void(const std::string& line)>;

  struct Tally {
    std::size_t imported = 0;
    std::size_t known = 0;    // were there already
    std::size_t refused = 0;  // are not sound
    std::size_t expired = 0;  // resolved so long ago, or so many ago, that none would be kept
  };

  // `receivers` outlive the object.
  ForeignImport(const config::ReceiverNames& receivers, Timestamp now, Tell tell);

  // What the state database has, before all else. A row of it that cannot be read is nobody's.
  void KnowRule(const std::string& id, std::string_view row);
  void KnowAlert(const std::string& id, std::string_view row);

  void TakeRule(const evaluator::ForeignRow& row);
  // After the rules.
  void TakeAlert(const evaluator::ForeignRow& row);

  // Once, after all rows: everything that is to be written, with the events that tell of it.
  WriteBatch Finish(const std::string& actor);

  const Tally& rules() const { return rules_; }
  const Tally& alerts() const { return alerts_; }  // complete after Finish
  // Of those imported: how many are in that state.
  std::size_t CountAlerts(AlertState state) const;

 private:
  using Rule = std::shared_ptr<const ThresholdRule>;

  void Refuse(std::string_view what, const evaluator::ForeignRow& row,
              const std::vector<std::string>& faults, Tally* tally);
  void TakeOpen(Alert alert);
  void TakeResolved(Alert alert);
  void DropOldest();

  const config::ReceiverNames& receivers_;
  const Timestamp now_;
  const Tell tell_;

  std::map<std::string, Rule> known_rules_;  // of the database, and those that are new
  std::size_t managed_rules_ = 0;
  std::set<std::string> refused_rules_;
  std::set<std::string> row_ids_;  // of this import: rules, then alerts
  std::vector<evaluator::ManagedRule> new_rules_;

  using Ended = std::pair<Timestamp, std::string>;  // when, and the id
  std::set<std::string> known_alerts_;
  std::vector<Ended> known_resolved_;
  // By fingerprint: since when the database has an alert that has not ended.
  std::map<std::uint64_t, Timestamp> known_open_;
  std::map<std::uint64_t, Alert> open_;
  std::vector<Alert> resolved_;

  Tally rules_;
  Tally alerts_;
};

}  // namespace tocsin::daemon
