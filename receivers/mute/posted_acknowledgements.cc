#include "receivers/mute/posted_acknowledgements.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;

Result<PostedAcknowledgement> FromJson(const json& row) {
  if (row.at("v").get<int>() != kVersion) return Error{"written by another version"};
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
  const json row = {{"v", kVersion},
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
  return row.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<PostedAcknowledgement> ParseAcknowledgement(std::string_view text) {
  try {
    return FromJson(json::parse(text));
  } catch (const json::exception& e) {
    return Error{e.what()};
  }
}

PostedAcknowledgements::PostedAcknowledgements(StateStore& store, const Logger& log)
    : store_(store), log_(log) {}

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
  MutexLock order(write_order_);
  const PostedAcknowledgementPtr known = Of(alert, now);
  PostedAcknowledgement next;
  if (known != nullptr) next = *known;
  if (known == nullptr || !command.note.empty()) next.note = command.note;
  if (known == nullptr) {
    next.id = EpisodeId(alert);
    next.labels = alert.labels;
    next.actor = command.actor;
    next.at = now;
    next.episode = alert.began_at;
    next.alert_ends = alert.ends_at;
    log_.Info("alert acknowledged", {{"alert", alert.labels.Get("alertname")},
                                     {"id", next.id},
                                     {"fingerprint", FormatHex64(alert.fingerprint)},
                                     {"actor", command.actor}});
  }
  next.updated_at = now;
  if (command.lasts) next.until = now + *command.lasts;
  if (command.survives) next.survives = *command.survives;
  WriteBatch batch;
  {
    MutexLock lock(mu_);
    Put(alert.fingerprint, std::move(next), &batch);
  }
  store_.Submit(std::move(batch), std::move(committed));
}

bool PostedAcknowledgements::Change(std::string_view id, const std::string& note, Timestamp until,
                                    Timestamp now, Committed committed) {
  MutexLock order(write_order_);
  WriteBatch batch;
  {
    MutexLock lock(mu_);
    const auto found = FindHolding(id, now);
    if (found == by_fingerprint_.end()) return false;
    PostedAcknowledgement next = *found->second;
    next.note = note;
    next.until = until;
    next.updated_at = now;
    Put(found->first, std::move(next), &batch);
  }
  store_.Submit(std::move(batch), std::move(committed));
  return true;
}

bool PostedAcknowledgements::End(std::string_view id, const std::string& actor, Timestamp now,
                                 Committed committed) {
  MutexLock order(write_order_);
  WriteBatch batch;
  PostedAcknowledgementPtr ended;
  {
    MutexLock lock(mu_);
    const auto found = FindHolding(id, now);
    if (found == by_fingerprint_.end()) return false;
    ended = found->second;
    Forget(found->first, &batch);
  }
  log_.Info("acknowledgement ended",
            {{"alert", ended->labels.Get("alertname")}, {"id", ended->id}, {"actor", actor}});
  store_.Submit(std::move(batch), std::move(committed));
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
  PostedAcknowledgement next = *found->second;
  const bool is_new_episode = alert.began_at > next.episode;
  if (is_new_episode && alert.began_at > next.alert_ends + next.survives) {
    return Forget(alert.fingerprint, batch);
  }
  next.episode = std::max(next.episode, alert.began_at);
  next.alert_ends = alert.ends_at;
  if (!next.HoldsAt(now)) return Forget(alert.fingerprint, batch);
  // That a sender goes on saying the same is not worth a write: after a restart its alert is asked.
  const bool is_news = is_new_episode || alert.ResolvedAt(now);
  if (is_news) return Put(alert.fingerprint, std::move(next), batch);
  found->second = std::make_shared<const PostedAcknowledgement>(std::move(next));
}

void PostedAcknowledgements::Prune(Timestamp now) {
  MutexLock order(write_order_);
  WriteBatch batch;
  {
    MutexLock lock(mu_);
    std::vector<std::uint64_t> over;
    for (const auto& [fingerprint, known] : by_fingerprint_) {
      if (!known->HoldsAt(now)) over.push_back(fingerprint);
    }
    for (const std::uint64_t fingerprint : over) Forget(fingerprint, &batch);
  }
  Submit(std::move(batch));
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

void PostedAcknowledgements::Submit(WriteBatch batch) {
  if (!batch.empty()) store_.Submit(std::move(batch), [](const Status&) {});
}

}  // namespace tocsin::receivers
