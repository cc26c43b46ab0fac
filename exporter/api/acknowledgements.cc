#include "exporter/api/acknowledgements.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "exporter/api/command_answer.h"

namespace tocsin::api {
namespace {

using evaluator::CommandResult;
using receivers::Silence;
using receivers::SilencePtr;

// What is shown as the end of an acknowledgement that lasts until its alert resolves.
constexpr Duration kNoEnd = std::chrono::hours(24 * 365);

// An acknowledgement of either kind.
struct Shown {
  const std::string& id;
  LabelsView labels;
  const std::string& actor;
  const std::string& note;
  Timestamp at;
  std::optional<Timestamp> until;
  Timestamp updated_at;
};

SilencePtr AsSilence(const Shown& shown) {
  auto silence = std::make_shared<Silence>();
  silence->id = shown.id;
  for (const Label& label : shown.labels) {
    silence->matchers.push_back(Matcher::Equal(std::string(label.name), std::string(label.value)));
  }
  silence->starts_at = shown.at;
  silence->ends_at = shown.until.value_or(shown.at + kNoEnd);
  silence->updated_at = shown.updated_at;
  silence->created_by = shown.actor;
  silence->comment = shown.note;
  return silence;
}

SilencePtr AsSilence(const Alert& alert) {
  return AsSilence({alert.id, alert.labels.view(), alert.acknowledged_by, alert.acknowledge_note,
                    alert.acknowledged_at.value_or(alert.updated_at), alert.acknowledged_until,
                    alert.updated_at});
}

SilencePtr AsSilence(const receivers::PostedAcknowledgement& posted) {
  return AsSilence({posted.id, posted.labels.view(), posted.actor, posted.note, posted.at,
                    posted.until, posted.updated_at});
}

bool SameMatchers(const std::vector<Matcher>& a, const std::vector<Matcher>& b) {
  return std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
}

// What is in force is done, also where a store that cannot write has only taken note of it.
receivers::PostedAcknowledgements::Committed WhenCommitted(const CommandAnswer& answer) {
  return [done = answer.Done()](const Status&) { done({}); };
}

}  // namespace

std::optional<CommandResult> Acknowledgements::Acknowledge(const std::string& alert,
                                                           const AcknowledgeCommand& command) {
  CommandAnswer answer;
  const receivers::PostedAlertPtr posted =
      book_.Find(alert) == nullptr ? alerts_.FindById(alert) : nullptr;
  if (posted == nullptr) {
    engine_.Acknowledge(alert, command, answer.Done());
  } else if (posted->native != nullptr) {
    engine_.Acknowledge(posted->native->id, command, answer.Done());
  } else if (posted->ResolvedAt(clock_.Now())) {
    return CommandResult{CommandResult::Kind::kConflict, "Alert is already resolved"};
  } else {
    posted_.Acknowledge(*posted, command, clock_.Now(), WhenCommitted(answer));
    // It may have ended meanwhile, which was seen by nobody.
    if (const auto now_known = alerts_.Find(posted->fingerprint)) {
      posted_.Observe({now_known}, clock_.Now());
    }
  }
  return answer.Wait();
}

std::vector<SilencePtr> Acknowledgements::All() const {
  std::vector<SilencePtr> all;
  for (const AlertPtr& alert : book_.List({AlertState::kAcknowledged})) {
    all.push_back(AsSilence(*alert));
  }
  for (const auto& posted : posted_.All(clock_.Now())) all.push_back(AsSilence(*posted));
  return all;
}

SilencePtr Acknowledgements::Find(std::string_view id) const {
  const AlertPtr alert = book_.Find(id);
  if (alert != nullptr && alert->state == AlertState::kAcknowledged) return AsSilence(*alert);
  const auto posted = posted_.Find(id, clock_.Now());
  return posted == nullptr ? nullptr : AsSilence(*posted);
}

void Acknowledgements::CatchUpWith(const std::string& id) {
  const Timestamp now = clock_.Now();
  const auto known = posted_.Find(id, now);
  if (known == nullptr) return;
  alerts_.RecordEnds(now);
  const auto alert = alerts_.Find(known->labels.view().Fingerprint());
  if (alert != nullptr) posted_.Observe({alert}, now);
}

bool Acknowledgements::End(const std::string& id, const std::string& actor) {
  CatchUpWith(id);  // nobody is told that an alert fires again which has just ended
  CommandAnswer answer;
  if (!posted_.End(id, actor, clock_.Now(), WhenCommitted(answer))) {
    if (Find(id) == nullptr) return false;
    engine_.Unacknowledge(id, actor, answer.Done());
  }
  const std::optional<CommandResult> result = answer.Wait();
  return !result || result->kind == CommandResult::Kind::kDone;
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
  if (!posted_.Change(changed.id, changed.comment, changed.ends_at, now, WhenCommitted(answer))) {
    engine_.Acknowledge(changed.id,
                        {changed.created_by, changed.comment, changed.ends_at - now, std::nullopt},
                        answer.Done());
  }
  const std::optional<CommandResult> result = answer.Wait();
  if (!result || result->kind == CommandResult::Kind::kDone) return std::nullopt;
  return result->detail;
}

}  // namespace tocsin::api
