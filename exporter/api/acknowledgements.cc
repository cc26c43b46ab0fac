#include "exporter/api/acknowledgements.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "exporter/api/command_answer.h"

namespace tocsin::api {
namespace {

using receivers::Silence;
using receivers::SilencePtr;

// What is shown as the end of an acknowledgement that lasts until its alert resolves.
constexpr Duration kNoEnd = std::chrono::hours(24 * 365);

SilencePtr AsSilence(const Alert& alert) {
  auto silence = std::make_shared<Silence>();
  silence->id = alert.id;
  for (const Label& label : alert.labels.view()) {
    silence->matchers.push_back(Matcher::Equal(std::string(label.name), std::string(label.value)));
  }
  silence->starts_at = alert.acknowledged_at.value_or(alert.updated_at);
  silence->ends_at = alert.acknowledged_until.value_or(silence->starts_at + kNoEnd);
  silence->updated_at = alert.updated_at;
  silence->created_by = alert.acknowledged_by;
  silence->comment = alert.acknowledge_note;
  return silence;
}

bool SameMatchers(const std::vector<Matcher>& a, const std::vector<Matcher>& b) {
  return std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

std::vector<SilencePtr> Acknowledgements::All() const {
  std::vector<SilencePtr> all;
  for (const AlertPtr& alert : book_.List({AlertState::kAcknowledged})) {
    all.push_back(AsSilence(*alert));
  }
  return all;
}

SilencePtr Acknowledgements::Find(std::string_view id) const {
  const AlertPtr alert = book_.Find(std::string(id));
  if (alert == nullptr || alert->state != AlertState::kAcknowledged) return nullptr;
  return AsSilence(*alert);
}

bool Acknowledgements::End(const std::string& id, const std::string& actor) {
  if (Find(id) == nullptr) return false;
  CommandAnswer answer;
  engine_.Unacknowledge(id, actor, answer.Done());
  const std::optional<evaluator::CommandResult> result = answer.Wait();
  return !result || result->kind == evaluator::CommandResult::Kind::kDone;
}

std::optional<std::string> Acknowledgements::Change(const Silence& changed) {
  const SilencePtr known = Find(changed.id);
  if (known == nullptr) return "acknowledgement has ended";
  if (!SameMatchers(known->matchers, changed.matchers)) {
    return "this is the acknowledgement of one alert: its matchers cannot change";
  }
  const Timestamp now = clock_.Now();
  if (changed.ends_at <= now) return "end time must be in the future";
  CommandAnswer answer;
  engine_.Acknowledge(changed.id, changed.created_by, changed.comment, changed.ends_at - now,
                      answer.Done());
  const std::optional<evaluator::CommandResult> result = answer.Wait();
  if (!result || result->kind == evaluator::CommandResult::Kind::kDone) return std::nullopt;
  return result->detail;
}

}  // namespace tocsin::api
