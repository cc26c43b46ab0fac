#include "receivers/mute/silences.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_library.h"
#include "base/json_row.h"
#include "base/matcher_text.h"
#include "base/text.h"

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr int kSilenceRowVersion = 1;

SilenceRefusal Invalid(std::string message) {
  return {SilenceRefusal::Kind::kInvalid, std::move(message)};
}

// A matcher that the empty string fulfils alone would silence everything.
bool CanMatchEmpty(const Matcher& matcher) {
  const bool positive = matcher.op() == Matcher::Op::kEqual || matcher.op() == Matcher::Op::kRegex;
  return positive && matcher.Matches(std::string_view());
}

bool IsActive(SilenceState state) { return state == SilenceState::kActive; }

// To the second, as Alertmanager compares: clients send back what they were shown.
bool SameSecond(Timestamp a, Timestamp b) {
  using std::chrono::floor;
  using std::chrono::seconds;
  return floor<seconds>(a) == floor<seconds>(b);
}

// Whether `next` is the silence `current` with other times or words, rather than another silence.
bool IsUpdate(const Silence& current, const Silence& next, Timestamp now) {
  if (current.matchers != next.matchers) return false;
  switch (current.StateAt(now)) {
    case SilenceState::kActive:
      return SameSecond(current.starts_at, next.starts_at) && next.ends_at >= now;
    case SilenceState::kPending:
      return next.starts_at >= now;
    case SilenceState::kExpired:
      return false;
  }
  return false;
}

json MatchersJson(const std::vector<Matcher>& matchers) {
  json list = json::array();
  for (const Matcher& m : matchers) {
    list.push_back({m.name(), static_cast<int>(m.op()), m.value()});
  }
  return list;
}

Result<std::vector<Matcher>> MatchersFromJson(const json& list) {
  std::vector<Matcher> matchers;
  for (const json& item : list) {
    const int op = item.at(1).get<int>();
    if (op < 0 || op > static_cast<int>(Matcher::Op::kNotRegex)) return Error{"unknown operator"};
    Result<Matcher> matcher =
        Matcher::Make(item.at(0).get<std::string>(), static_cast<Matcher::Op>(op),
                      item.at(2).get<std::string>(), Matcher::Dot::kAnyButNewline);
    if (!matcher) return matcher.error();
    matchers.push_back(*std::move(matcher));
  }
  return matchers;
}

Result<Silence> SilenceFromJson(const json& j) {
  if (j.at("v").get<int>() != kSilenceRowVersion) return Error{"unknown version"};
  Silence silence;
  silence.id = j.at("id").get<std::string>();
  Result<std::vector<Matcher>> matchers = MatchersFromJson(j.at("matchers"));
  if (!matchers) return matchers.error();
  silence.matchers = *std::move(matchers);
  silence.starts_at = FromUnixMillis(j.at("starts_at").get<std::int64_t>());
  silence.ends_at = FromUnixMillis(j.at("ends_at").get<std::int64_t>());
  silence.updated_at = FromUnixMillis(j.at("updated_at").get<std::int64_t>());
  silence.created_by = j.at("created_by").get<std::string>();
  silence.comment = j.at("comment").get<std::string>();
  for (const auto& [name, value] : j.at("annotations").items()) {
    silence.annotations.emplace_back(name, value.get<std::string>());
  }
  silence.end_recorded = j.value("end_recorded", false);
  return silence;
}

}  // namespace

std::string_view SilenceStateName(SilenceState state) {
  switch (state) {
    case SilenceState::kPending:
      return "pending";
    case SilenceState::kActive:
      return "active";
    case SilenceState::kExpired:
      return "expired";
  }
  return "";
}

SilenceState Silence::StateAt(Timestamp t) const {
  if (ends_at <= t) return SilenceState::kExpired;
  return starts_at > t ? SilenceState::kPending : SilenceState::kActive;
}

std::string SerializeSilence(const Silence& silence) {
  json annotations = json::object();
  for (const auto& [name, value] : silence.annotations) annotations[name] = value;
  json j = {{"v", kSilenceRowVersion},
            {"id", silence.id},
            {"matchers", MatchersJson(silence.matchers)},
            {"starts_at", ToUnixMillis(silence.starts_at)},
            {"ends_at", ToUnixMillis(silence.ends_at)},
            {"updated_at", ToUnixMillis(silence.updated_at)},
            {"created_by", silence.created_by},
            {"comment", silence.comment},
            {"annotations", annotations}};
  if (silence.end_recorded) j["end_recorded"] = true;
  return WriteJson(j);
}

Result<Silence> ParseSilence(std::string_view text) {
  try {
    Result<Silence> silence = SilenceFromJson(ParseJsonOrThrow(text));
    if (!silence) return Error{"cannot read a stored silence: " + silence.message()};
    return silence;
  } catch (const json::exception& e) {
    return Error{fmt::format("cannot read a stored silence: {}", e.what())};
  }
}

Silences::Silences(SilenceLimits limits, StateStore& store, std::function<std::string()> make_id,
                   StateMetrics* metrics, bool record_events)
    : limits_(limits),
      record_events_(record_events),
      store_(store),
      make_id_(std::move(make_id)),
      metrics_(metrics) {}

Status Silences::Restore() {
  const Result<std::vector<StateStore::Row>> rows = store_.Scan(StateTable::kSilences);
  if (!rows) return rows.error();
  MutexLock lock(mu_);
  for (const auto& [key, value] : *rows) {
    Result<Silence> silence = ParseSilence(value);
    if (!silence) return silence.error();
    silences_.insert_or_assign(key, std::make_shared<const Silence>(*std::move(silence)));
  }
  return {};
}

std::optional<SilenceRefusal> Silences::Check(const Silence& silence, Timestamp now) const {
  if (silence.matchers.empty()) return Invalid("at least one matcher required");
  if (std::all_of(silence.matchers.begin(), silence.matchers.end(), CanMatchEmpty)) {
    return Invalid("at least one matcher must not match the empty string");
  }
  if (silence.ends_at <= silence.starts_at) {
    return Invalid("start time must be before end time");
  }
  if (silence.ends_at < now) return Invalid("end time can't be in the past");
  return std::nullopt;
}

std::optional<SilenceRefusal> Silences::CheckSize(const Silence& silence) const {
  if (limits_.max_size_bytes == 0) return std::nullopt;
  const std::size_t size = SerializeSilence(silence).size();
  if (size <= limits_.max_size_bytes) return std::nullopt;
  return Invalid(fmt::format("silence exceeded maximum size: {} bytes (limit: {} bytes)", size,
                             limits_.max_size_bytes));
}

void Silences::Put(Silence silence, WriteBatch* batch) {
  batch->Put(StateTable::kSilences, silence.id, SerializeSilence(silence));
  std::string id = silence.id;
  silences_.insert_or_assign(std::move(id), std::make_shared<const Silence>(std::move(silence)));
}

void Silences::ExpireIn(const Silence& silence, Timestamp now, WriteBatch* batch) {
  Silence expired = silence;
  if (silence.StateAt(now) == SilenceState::kPending) expired.starts_at = now;
  expired.ends_at = now;
  expired.updated_at = now;
  Log("silence expired", expired);
  Record("silence.expired", expired, now, batch);
  Put(std::move(expired), batch);
}

void Silences::Log(const char* change, const Silence& silence) const {
  if (!log_) return;
  log_->Info(change, {{"id", silence.id},
                      {"matchers", FormatMatchers(silence.matchers)},
                      {"starts_at", FormatRfc3339(silence.starts_at)},
                      {"ends_at", FormatRfc3339(silence.ends_at)},
                      {"created_by", silence.created_by},
                      {"comment", silence.comment}});
}

void Silences::Record(const char* type, const Silence& silence, Timestamp at,
                      WriteBatch* batch) const {
  if (!record_events_) return;
  std::vector<std::string> matchers;
  for (const Matcher& matcher : silence.matchers) matchers.push_back(FormatMatcher(matcher));
  Event event;
  event.at = at;
  event.type = type;
  event.body = JsonRow()
                   .Text("silence_id", silence.id)
                   .Texts("matchers", matchers)
                   .Text("starts_at", FormatRfc3339(silence.starts_at))
                   .Text("ends_at", FormatRfc3339(silence.ends_at))
                   .Text("created_by", silence.created_by)
                   .Text("comment", silence.comment)
                   .Finish();
  batch->Record(std::move(event));
}

std::optional<SilenceRefusal> Silences::Set(Silence silence, Timestamp now, std::string* id,
                                            Committed committed, const std::string& new_id) {
  MutexLock order(write_order_);
  WriteBatch batch;
  {
    MutexLock lock(mu_);
    if (std::optional<SilenceRefusal> refusal = Check(silence, now)) return refusal;
    SilencePtr current;
    if (!silence.id.empty()) {
      const auto found = silences_.find(silence.id);
      if (found == silences_.end()) {
        return SilenceRefusal{SilenceRefusal::Kind::kNotFound, "silence not found"};
      }
      current = found->second;
    }
    silence.updated_at = now;
    if (current == nullptr || !IsUpdate(*current, silence, now)) {
      if (limits_.max_silences > 0 && silences_.size() >= limits_.max_silences) {
        return Invalid(fmt::format("exceeded maximum number of silences: {} (limit: {})",
                                   silences_.size(), limits_.max_silences));
      }
      silence.id = new_id.empty() ? make_id_() : new_id;
      silence.starts_at = std::max(silence.starts_at, now);
      if (silence.ends_at <= silence.starts_at) {
        return Invalid("start time must be before end time");
      }
    }
    if (std::optional<SilenceRefusal> refusal = CheckSize(silence)) return refusal;
    const bool replaces = current != nullptr && current->id != silence.id;
    if (replaces && current->StateAt(now) != SilenceState::kExpired) {
      ExpireIn(*current, now, &batch);
    }
    *id = silence.id;
    const bool is_update = current != nullptr && !replaces;
    Log(is_update ? "silence updated" : "silence created", silence);
    Record(is_update ? "silence.updated" : "silence.created", silence, now, &batch);
    Put(std::move(silence), &batch);
  }
  store_.Submit(std::move(batch), std::move(committed));
  return std::nullopt;
}

bool Silences::Expire(std::string_view id, Timestamp now, Committed committed) {
  MutexLock order(write_order_);
  WriteBatch batch;
  {
    MutexLock lock(mu_);
    const auto found = silences_.find(id);
    if (found == silences_.end()) return false;
    const SilencePtr current = found->second;
    if (current->StateAt(now) != SilenceState::kExpired) ExpireIn(*current, now, &batch);
  }
  store_.Submit(std::move(batch), std::move(committed));
  return true;
}

SilencePtr Silences::Find(std::string_view id) const {
  MutexLock lock(mu_);
  const auto found = silences_.find(id);
  return found == silences_.end() ? nullptr : found->second;
}

std::vector<SilencePtr> Silences::All() const {
  const StateMetrics::Timer timer(metrics_, StateMetrics::Timer::What::kQuery);
  MutexLock lock(mu_);
  std::vector<SilencePtr> all;
  all.reserve(silences_.size());
  for (const auto& [id, silence] : silences_) all.push_back(silence);
  return all;
}

std::vector<std::string> Silences::MutedBy(LabelsView labels, Timestamp now) const {
  const StateMetrics::Timer timer(metrics_, StateMetrics::Timer::What::kQuery);
  std::vector<std::string> ids;
  MutexLock lock(mu_);
  for (const auto& [id, silence] : silences_) {
    if (IsActive(silence->StateAt(now)) && MatchesAll(silence->matchers, labels)) ids.push_back(id);
  }
  return ids;
}

void Silences::RecordEnds(Timestamp now) {
  if (!record_events_) return;
  MutexLock order(write_order_);
  WriteBatch batch;
  {
    MutexLock lock(mu_);
    std::vector<SilencePtr> ended;
    for (const auto& [id, silence] : silences_) {
      // What somebody has ended was changed at its end.
      const bool as_planned = silence->ends_at > silence->updated_at && silence->ends_at <= now;
      if (as_planned && !silence->end_recorded) ended.push_back(silence);
    }
    for (const SilencePtr& silence : ended) {
      Silence recorded = *silence;
      recorded.end_recorded = true;
      Record("silence.expired", recorded, recorded.ends_at, &batch);
      Put(std::move(recorded), &batch);
    }
  }
  if (!batch.empty()) store_.Submit(std::move(batch), nullptr);
}

void Silences::ForgetOld(Timestamp now) {
  const StateMetrics::Timer timer(metrics_, StateMetrics::Timer::What::kForgetting);
  MutexLock order(write_order_);
  WriteBatch batch;
  {
    MutexLock lock(mu_);
    std::erase_if(silences_, [&](const auto& entry) {
      if (entry.second->ends_at + limits_.retention > now) return false;
      batch.Delete(StateTable::kSilences, entry.first);
      return true;
    });
  }
  if (!batch.empty()) store_.Submit(std::move(batch), [](const Status&) {});
}

}  // namespace tocsin::receivers
