// Rules that people make over the API: kept in the state store, in force beside those of the files.
//
// Belongs to one thread, the one that puts rules in force; what it hands out is immutable and may
// be read by any. A change is handed to the store with the event that tells of it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/state_store.h"
#include "base/threshold_rule.h"

namespace tocsin::evaluator {

struct ManagedRule {
  std::shared_ptr<const ThresholdRule> rule;
  Timestamp created_at;
  Timestamp updated_at;
  std::string created_by;
};
using ManagedRulePtr = std::shared_ptr<const ManagedRule>;

// The state store's form, and back (fails on text of another making).
std::string SerializeManagedRule(const ManagedRule& rule);
Result<ManagedRule> ParseManagedRule(std::string_view json);

// Into the store at the next commit: the rule and the event that tells of it.
void WriteManagedRule(const ManagedRule& rule, bool is_new, const std::string& actor, Timestamp now,
                      WriteBatch* batch);

class ManagedRules {
 public:
  using ById = std::map<std::string, ManagedRulePtr>;

  // The store outlives the object.
  ManagedRules(StateStore& store, const Logger& log) : store_(store), log_(log) {}

  // What an earlier process left; a row that cannot be read is reported and left alone.
  Status Restore();

  // Oldest first.
  std::vector<ManagedRulePtr> List() const;
  // Null where there is none.
  ManagedRulePtr Find(const std::string& id) const;
  std::size_t size() const { return by_id_.size(); }
  // All of them, by id.
  const ById& by_id() const { return by_id_; }

  // A new one, or the new state of one that is known. `committed` as StateStore::Submit.
  void Put(ManagedRulePtr rule, const std::string& actor, StateStore::Committed committed);
  // REQUIRES: Find(id) is not null.
  void Remove(const std::string& id, const std::string& actor, Timestamp now,
              StateStore::Committed committed);

 private:
  StateStore& store_;
  const Logger log_;
  ById by_id_;
};

}  // namespace tocsin::evaluator
