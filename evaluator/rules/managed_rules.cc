#include "evaluator/rules/managed_rules.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/json_library.h"
#include "base/json_row.h"
#include "base/rule_json.h"

namespace tocsin::evaluator {
namespace {

using nlohmann::json;

constexpr int kManagedRuleVersion = 1;  // of the serialized form

ManagedRule ManagedRuleFromJson(const json& row) {
  if (row.at("v").get<int>() != kManagedRuleVersion) {
    throw json::other_error::create(501, "unknown version", &row);
  }
  ManagedRule managed;
  managed.rule = std::make_shared<const ThresholdRule>(RuleFromJson(row.at("rule")));
  managed.created_at = FromUnixMillis(row.at("created_at").get<std::int64_t>());
  managed.updated_at = FromUnixMillis(row.at("updated_at").get<std::int64_t>());
  managed.created_by = row.at("created_by").get<std::string>();
  return managed;
}

Event RuleEvent(const char* type, const ThresholdRule& rule, const std::string& actor,
                Timestamp at) {
  Event event;
  event.at = at;
  event.type = type;
  event.rule_id = rule.id;
  JsonRow body;
  body.Text("actor", actor).Json("rule", RuleToJson(rule));
  event.body = body.Finish();
  return event;
}

}  // namespace

std::string SerializeManagedRule(const ManagedRule& managed) {
  JsonRow row;
  return row.Number("v", kManagedRuleVersion)
      .Json("rule", RuleToJson(*managed.rule))
      .Time("created_at", managed.created_at)
      .Time("updated_at", managed.updated_at)
      .Text("created_by", managed.created_by)
      .Finish();
}

Result<ManagedRule> ParseManagedRule(std::string_view text) {
  try {
    return ManagedRuleFromJson(ParseJsonOrThrow(text));
  } catch (const json::exception& e) {
    return Error{std::string("cannot read a rule of the API: ") + e.what()};
  }
}

void WriteManagedRule(const ManagedRule& managed, bool is_new, const std::string& actor,
                      Timestamp now, WriteBatch* batch) {
  const ThresholdRule& rule = *managed.rule;
  batch->Put(StateTable::kManagedRules, rule.id, SerializeManagedRule(managed));
  batch->Record(RuleEvent(is_new ? "rule.created" : "rule.updated", rule, actor, now));
}

Status ManagedRules::Restore() {
  const Result<std::vector<StateStore::Row>> rows = store_.Scan(StateTable::kManagedRules);
  if (!rows) return rows.error();
  for (const auto& [id, text] : *rows) {
    Result<ManagedRule> managed = ParseManagedRule(text);
    if (!managed) {
      log_.Error("a rule made over the API is left out", {{"id", id}, {"err", managed.message()}});
      continue;
    }
    by_id_[id] = std::make_shared<const ManagedRule>(*std::move(managed));
  }
  return {};
}

std::vector<ManagedRulePtr> ManagedRules::List() const {
  std::vector<ManagedRulePtr> list;
  for (const auto& [id, managed] : by_id_) list.push_back(managed);
  std::sort(list.begin(), list.end(), [](const ManagedRulePtr& a, const ManagedRulePtr& b) {
    return std::tie(a->created_at, a->rule->id) < std::tie(b->created_at, b->rule->id);
  });
  return list;
}

ManagedRulePtr ManagedRules::Find(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

void ManagedRules::Put(ManagedRulePtr managed, const std::string& actor,
                       StateStore::Committed committed) {
  WriteBatch batch;
  const std::string& id = managed->rule->id;
  WriteManagedRule(*managed, !by_id_.contains(id), actor, managed->updated_at, &batch);
  by_id_[id] = std::move(managed);
  store_.Submit(std::move(batch), std::move(committed));
}

void ManagedRules::Remove(const std::string& id, const std::string& actor, Timestamp now,
                          StateStore::Committed committed) {
  const auto found = by_id_.find(id);
  WriteBatch batch;
  batch.Delete(StateTable::kManagedRules, id);
  batch.Record(RuleEvent("rule.deleted", *found->second->rule, actor, now));
  by_id_.erase(found);
  store_.Submit(std::move(batch), std::move(committed));
}

}  // namespace tocsin::evaluator
