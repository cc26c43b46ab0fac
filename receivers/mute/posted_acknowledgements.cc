#include "receivers/mute/posted_acknowledgements.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json_library.h"
#include "base/json_row.h"
#include "base/text.h"
#include "base/uuid.h"

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr int kAcknowledgementRowVersion = 1;

Event EventOf(const PostedAcknowledgement& acknowledgement, const char* type, Timestamp at,
              std::string body) {
  Event event;
  event.at = at;
  event.type = type;
  event.alert_id = UuidOf(acknowledgement.labels.view().Fingerprint(),
                          ToUnixMillis(acknowledgement.episode));  // of the newest episode
  event.labels = acknowledgement.labels;
  event.body = std::move(body);
  return event;
}

Event Begun(const PostedAcknowledgement& acknowledgement, Timestamp at) {
  JsonRow body(128);
  body.TextOrNull("actor", acknowledgement.actor).TextOrNull("note", acknowledgement.note);
  if (acknowledgement.until) {
    body.Text("until", FormatRfc3339(*acknowledgement.until));
  } else {
    body.Null("until");
  }
  return EventOf(acknowledgement, "alert.acknowledged", at, body.Finish());
}

Event Ended(const PostedAcknowledgement& acknowledgement, const char* reason,
            std::string_view actor, Timestamp at) {
  return EventOf(acknowledgement, "alert.unacknowledged", at,
                 JsonRow(64).Text("reason", reason).TextOrNull("actor", actor).Finish());
}

// Before its alert has ended.
bool HasTimedOut(const PostedAcknowledgement& acknowledgement, Timestamp now) {
  return acknowledgement.until && *acknowledgement.until <= now && now < acknowledgement.alert_ends;
}

std::string TextOf(const json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<PostedAcknowledgement> FromJson(const json& row) {
  if (row.at("v").get<int>() != kAcknowledgementRowVersion)
    return Error{"written by another version"};
  const auto time = [&row](const char* key) {
    return FromUnixMillis(row.at(key).get<std::int64_t>());
  };
  PostedAcknowledgement read;
  read.id = row.at("id").get<std::string>();
  LabelsBuilder labels;
  for (const auto& [name, value] : row.at("labels").items()) {
    labels.Set(name, value.get<std::string>());
  }
  read.labels = labels.Build();
  read.actor = row.at("actor").get<std::string>();
  read.note = row.at("note").get<std::string>();
  read.at = time("at");
  read.updated_at = time("updated_at");
  if (!row.at("until").is_null()) read.until = time("until");
  read.survives = Duration(row.at("survives_ms").get<std::int64_t>());
  read.episode = time("episode");
  read.alert_ends = time("alert_ends");
  return read;
}

}  // namespace

std::string SerializeAcknowledgement(const PostedAcknowledgement& acknowledgement) {
  json labels = json::object();
  for (const Label& label : acknowledgement.labels.view()) {
    labels[std::string(label.name)] = label.value;
  }
  const auto& until = acknowledgement.until;
  const json row = {{"v", kAcknowledgementRowVersion},
                    {"id", acknowledgement.id},
                    {"labels", labels},
                    {"actor", acknowledgement.actor},
                    {"note", acknowledgement.note},
                    {"at", ToUnixMillis(acknowledgement.at)},
                    {"updated_at", ToUnixMillis(acknowledgement.updated_at)},
                    {"until", until ? json(ToUnixMillis(*until)) : json()},
                    {"survives_ms", acknowledgement.survives.count()},
                    {"episode", ToUnixMillis(acknowledgement.episode)},
                    {"alert_ends", ToUnixMillis(acknowledgement.alert_ends)}};
  return WriteJson(row);
}

Result<PostedAcknowledgement> ParseAcknowledgement(std::string_view text) {
  try {
    return FromJson(ParseJsonOrThrow(text));
  } catch (const json::exception& e) {
    return Error{e.what()};
  }
}

PostedAcknowledgement AcknowledgementOfEvent(const Event& event) {
  PostedAcknowledgement said;
  said.id = event.alert_id;
  said.labels = event.labels;
  said.at = event.at;
  said.updated_at = event.at;
  const json body = ParseJson(event.body);
  if (!body.is_object()) return said;
  said.actor = TextOf(body, "actor");
  said.note = TextOf(body, "note");
  said.until = ParseRfc3339(TextOf(body, "until"));
  return said;
}

PostedAcknowledgements::PostedAcknowledgements(StateStore& store, Changed changed,
                                               const Logger& log)
    : store_(store), changed_(std::move(changed)), log_(log) {}

Status PostedAcknowledgements::Restore() {
  const Result<std::vector<StateStore::Row>> rows = store_.Scan(StateTable::kAcknowledgements);
  if (!rows) return Error{"reading the stored acknowledgements: " + rows.message()};
  MutexLock lock(mu_);
  for (const auto& [key, value] : *rows) {
    const std::optional<std::uint64_t> fingerprint = ParseHex64(key);
    Result<PostedAcknowledgement> read = ParseAcknowledgement(value);
    if (fingerprint && read) {
      by_fingerprint_[*fingerprint] =
          std::make_shared<const PostedAcknowledgement>(*std::move(read));
    } else {
      log_.Error("a stored acknowledgement cannot be read and is left as it is",
                 {{"key", key}, {"err", read ? "its key is no fingerprint" : read.message()}});
    }
  }
  return {};
}

// ---- commands

void PostedAcknowledgements::Acknowledge(const PostedAlert& alert,
                                         const AcknowledgeCommand& command, Timestamp now,
                                         Committed committed) {
  {
    MutexLock order(write_order_);
    const PostedAcknowledgementPtr known = Of(alert, now);
    PostedAcknowledgement next = known != nullptr ? *known : Begin(alert, command, now);
    if (!command.note.empty()) next.note = command.note;
    next.updated_at = now;
    if (command.lasts) next.until = now + *command.lasts;
    if (command.survives) next.survives = *command.survives;
    WriteBatch batch;
    {
      MutexLock lock(mu_);
      const auto former = by_fingerprint_.find(alert.fingerprint);
      if (known == nullptr && former != by_fingerprint_.end() &&
          HasTimedOut(*former->second, now)) {
        batch.Record(Ended(*former->second, "expired", "", *former->second->until));
      }
      if (known == nullptr) batch.Record(Begun(next, now));
      Put(alert.fingerprint, std::move(next), &batch);
    }
    store_.Submit(std::move(batch), std::move(committed));
  }
  Tell(alert.fingerprint);
}

PostedAcknowledgement PostedAcknowledgements::Begin(const PostedAlert& alert,
                                                    const AcknowledgeCommand& command,
                                                    Timestamp now) const {
  PostedAcknowledgement begun;
  begun.id = EpisodeId(alert);
  begun.labels = alert.labels;
  begun.actor = command.actor;
  begun.at = now;
  begun.episode = alert.began_at;
  begun.alert_ends = alert.ends_at;
  log_.Info("alert acknowledged", {{"alert", alert.labels.Get("alertname")},
                                   {"id", begun.id},
                                   {"fingerprint", FormatHex64(alert.fingerprint)},
                                   {"actor", command.actor}});
  return begun;
}

bool PostedAcknowledgements::Change(std::string_view id, const std::string& note, Timestamp until,
                                    Timestamp now, Committed committed) {
  std::uint64_t fingerprint = 0;
  {
    MutexLock order(write_order_);
    WriteBatch batch;
    {
      MutexLock lock(mu_);
      const auto found = FindHolding(id, now);
      if (found == by_fingerprint_.end()) return false;
      fingerprint = found->first;
      PostedAcknowledgement next = *found->second;
      next.note = note;
      next.until = until;
      next.updated_at = now;
      Put(fingerprint, std::move(next), &batch);
    }
    store_.Submit(std::move(batch), std::move(committed));
  }
  Tell(fingerprint);
  return true;
}

bool PostedAcknowledgements::End(std::string_view id, const std::string& actor, Timestamp now,
                                 Committed committed) {
  std::uint64_t fingerprint = 0;
  PostedAcknowledgementPtr ended;
  {
    MutexLock order(write_order_);
    WriteBatch batch;
    {
      MutexLock lock(mu_);
      const auto found = FindHolding(id, now);
      if (found == by_fingerprint_.end()) return false;
      fingerprint = found->first;
      ended = found->second;
      // A sticky one may hold on when its alert is over already.
      if (now < ended->alert_ends) batch.Record(Ended(*ended, "removed", actor, now));
      Forget(fingerprint, &batch);
    }
    store_.Submit(std::move(batch), std::move(committed));
  }
  log_.Info("acknowledgement ended",
            {{"alert", ended->labels.Get("alertname")}, {"id", ended->id}, {"actor", actor}});
  Tell(fingerprint);
  return true;
}

// ---- questions

PostedAcknowledgementPtr PostedAcknowledgements::Of(const PostedAlert& alert, Timestamp now) const {
  if (alert.native != nullptr) return nullptr;
  MutexLock lock(mu_);
  const auto found = by_fingerprint_.find(alert.fingerprint);
  if (found == by_fingerprint_.end()) return nullptr;
  const PostedAcknowledgementPtr& known = found->second;
  return alert.began_at <= known->episode && known->HoldsAt(now) ? known : nullptr;
}

std::vector<PostedAcknowledgementPtr> PostedAcknowledgements::All(Timestamp now) const {
  std::vector<PostedAcknowledgementPtr> all;
  MutexLock lock(mu_);
  for (const auto& [fingerprint, known] : by_fingerprint_) {
    if (known->HoldsAt(now)) all.push_back(known);
  }
  return all;
}

PostedAcknowledgementPtr PostedAcknowledgements::Find(std::string_view id, Timestamp now) const {
  MutexLock lock(mu_);
  const auto found = FindHolding(id, now);
  return found == by_fingerprint_.end() ? nullptr : found->second;
}

PostedAcknowledgements::Map::const_iterator PostedAcknowledgements::FindHolding(
    std::string_view id, Timestamp now) const {
  return std::find_if(by_fingerprint_.begin(), by_fingerprint_.end(), [&](const auto& entry) {
    return entry.second->id == id && entry.second->HoldsAt(now);
  });
}

// ---- what becomes of the alerts

void PostedAcknowledgements::Observe(const std::vector<PostedAlertPtr>& alerts, Timestamp now) {
  MutexLock order(write_order_);
  WriteBatch batch;
  {
    MutexLock lock(mu_);
    if (by_fingerprint_.empty()) return;
    for (const PostedAlertPtr& alert : alerts) ObserveOne(*alert, now, &batch);
  }
  Submit(std::move(batch));
}

void PostedAcknowledgements::ObserveOne(const PostedAlert& alert, Timestamp now,
                                        WriteBatch* batch) {
  const auto found = by_fingerprint_.find(alert.fingerprint);
  if (found == by_fingerprint_.end()) return;
  const PostedAcknowledgement& known = *found->second;
  // What is older than what was acknowledged comes late.
  if (alert.native != nullptr || alert.began_at < known.episode) return;
  const bool is_new_episode = alert.began_at > known.episode;
  const bool is_sticky = known.survives > Duration(0);
  // When the old one ended is not asked where that plays no part: nobody may have seen it.
  const bool came_back_in_time = is_sticky && alert.began_at <= known.alert_ends + known.survives;
  if (is_new_episode && !came_back_in_time) return Forget(alert.fingerprint, batch);
  PostedAcknowledgement next = known;
  next.episode = alert.began_at;
  next.alert_ends = alert.ends_at;
  if (!next.HoldsAt(now)) return ForgetEnded(alert.fingerprint, now, batch);
  if (is_sticky) {
    if (is_new_episode) batch->Record(Begun(next, alert.began_at));
    return Put(alert.fingerprint, std::move(next), batch);
  }
  // That a sender goes on saying the same is not worth a write: after a restart its alert is asked.
  found->second = std::make_shared<const PostedAcknowledgement>(std::move(next));
}

void PostedAcknowledgements::Prune(Timestamp now) {
  ForgetWhere(now, [now](const PostedAcknowledgement& known) { return !known.HoldsAt(now); });
}

void PostedAcknowledgements::RecordEnds(Timestamp now) {
  ForgetWhere(now, [now](const PostedAcknowledgement& known) { return HasTimedOut(known, now); });
}

void PostedAcknowledgements::ForgetWhere(
    Timestamp now, const std::function<bool(const PostedAcknowledgement&)>& is_over) {
  MutexLock order(write_order_);
  WriteBatch batch;
  {
    MutexLock lock(mu_);
    std::vector<std::uint64_t> over;
    for (const auto& [fingerprint, known] : by_fingerprint_) {
      if (is_over(*known)) over.push_back(fingerprint);
    }
    for (const std::uint64_t fingerprint : over) ForgetEnded(fingerprint, now, &batch);
  }
  Submit(std::move(batch));
}

void PostedAcknowledgements::TakeOutRecorded(std::vector<PostedAlertPtr>* alerts) const {
  MutexLock order(write_order_);
  MutexLock lock(mu_);
  std::vector<PostedAlertPtr> left;
  left.reserve(alerts->size());
  for (PostedAlertPtr& alert : *alerts) {
    const auto found = by_fingerprint_.find(alert->fingerprint);
    const bool is_recorded =
        found != by_fingerprint_.end() && alert->began_at <= found->second->episode;
    if (!is_recorded) left.push_back(std::move(alert));
  }
  alerts->swap(left);
}

void PostedAcknowledgements::Put(std::uint64_t fingerprint, PostedAcknowledgement next,
                                 WriteBatch* batch) {
  batch->Put(StateTable::kAcknowledgements, FormatHex64(fingerprint),
             SerializeAcknowledgement(next));
  by_fingerprint_[fingerprint] = std::make_shared<const PostedAcknowledgement>(std::move(next));
}

void PostedAcknowledgements::Forget(std::uint64_t fingerprint, WriteBatch* batch) {
  batch->Delete(StateTable::kAcknowledgements, FormatHex64(fingerprint));
  by_fingerprint_.erase(fingerprint);
}

void PostedAcknowledgements::ForgetEnded(std::uint64_t fingerprint, Timestamp now,
                                         WriteBatch* batch) {
  const PostedAcknowledgement& known = *by_fingerprint_.at(fingerprint);
  if (HasTimedOut(known, now)) batch->Record(Ended(known, "expired", "", *known.until));
  Forget(fingerprint, batch);
}

void PostedAcknowledgements::Submit(WriteBatch batch) {
  if (!batch.empty()) store_.Submit(std::move(batch), [](const Status&) {});
}

}  // namespace tocsin::receivers
