// Any bytes as a rule that POST or PUT /rules says: what is taken lies within the limits, is kept
// by the state store as it is, and is shown so that sent back it means the same. What is refused
// has a place for each fault.
#include "exporter/api/rule_body.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/json_library.h"
#include "base/number.h"
#include "base/template/utf8.h"
#include "base/text.h"
#include "evaluator/rules/managed_rules.h"
#include "exporter/api/faults.h"

namespace tocsin::api {
namespace {

const config::ReceiverNames& Receivers() {
  static const config::ReceiverNames names(
      {config::ReceiverSettings{"ops", {}, "tocsin.yml:1:1"},
       config::ReceiverSettings{"on call, \"night\"", {}, "tocsin.yml:2:1"}});
  return names;
}

void CheckFaults(const Json& faults) {
  CHECK(faults.size() <= RuleLimits::kLabels + RuleLimits::kChannels + 16);
  for (const Json& fault : faults) {
    CHECK(fault.at("loc").is_array() && fault.at("loc").at(0) == "body");
    CHECK(!fault.at("msg").get<std::string>().empty());
    CHECK(!fault.at("type").get<std::string>().empty());
  }
  CHECK(ParseJson(Unprocessable(faults).body).is_object());
}

bool IsWithin(std::string_view text, std::size_t least, std::size_t most) {
  const std::size_t length = gotemplate::CountCharacters(text);
  return IsValidUtf8(text) && length >= least && length <= most;
}

bool IsWithin(Duration span) {
  return span.count() >= 0 && span <= std::chrono::seconds(RuleLimits::kSeconds);
}

void CheckRule(const ThresholdRule& rule) {
  CHECK(IsWithin(rule.name, 1, RuleLimits::kWordCharacters));
  CHECK(IsWithin(rule.metric_name, 1, RuleLimits::kWordCharacters));
  CHECK(IsWithin(rule.description, 0, RuleLimits::kTextCharacters));
  CHECK(IsWithin(rule.notification_template, 0, RuleLimits::kTextCharacters));
  CHECK(IsWithin(rule.duration) && IsWithin(rule.cooldown));
  CHECK(std::isfinite(rule.threshold) && ParseFloat(rule.threshold_text) == rule.threshold);
  CHECK(rule.matchers.size() <= RuleLimits::kLabels);
  for (const Matcher& matcher : rule.matchers) CHECK(!matcher.name().empty());
  const std::set<std::string> channels(rule.notification_channels.begin(),
                                       rule.notification_channels.end());
  CHECK(channels.size() == rule.notification_channels.size());
  CHECK(channels.size() <= RuleLimits::kChannels);
  for (const std::string& channel : channels) CHECK(Receivers().IsKnown(channel));
  for (const std::string& warning : RuleWarnings(rule, Receivers(), std::chrono::minutes(5))) {
    CHECK(!warning.empty() && IsValidUtf8(warning));
  }
}

ThresholdRule ReadSound(const nlohmann::json& body) {
  Json faults = Json::array();
  ThresholdRule rule;
  ReadRuleBody(body, RuleFields::kAllRequired, Receivers(), &faults).ApplyTo(&rule);
  CHECK(faults.empty());
  return rule;
}

void CheckBody(const std::string& text) {
  Json faults = Json::array();
  const nlohmann::json body = ReadObject(text, &faults);
  if (!faults.empty()) return CheckFaults(faults);
  const RuleBody part = ReadRuleBody(body, RuleFields::kAnySubset, Receivers(), &faults);
  CheckFaults(faults);
  const bool may_be_change = faults.empty();
  faults = Json::array();
  const RuleBody whole = ReadRuleBody(body, RuleFields::kAllRequired, Receivers(), &faults);
  CheckFaults(faults);
  if (!faults.empty()) return;
  CHECK(may_be_change);
  evaluator::ManagedRule managed;
  ThresholdRule rule;
  whole.ApplyTo(&rule);
  CheckRule(rule);
  ThresholdRule changed;
  part.ApplyTo(&changed);
  CHECK(changed == rule);
  CHECK(ReadSound(ParseJson(Dump(RuleJson(rule, Timestamp())))) == rule);
  managed.rule = std::make_shared<const ThresholdRule>(rule);
  const auto stored = evaluator::ParseManagedRule(evaluator::SerializeManagedRule(managed));
  CHECK(stored.ok() && *stored->rule == rule);
}

}  // namespace
}  // namespace tocsin::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tocsin::api::CheckBody(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
