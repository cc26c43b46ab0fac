#include "receivers/alerts/alert_comments.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json_library.h"
#include "base/json_row.h"
#include "base/text.h"

namespace tocsin::receivers {
namespace {

constexpr int kCommentVersion = 1;  // of the serialized form
constexpr char kKeySeparator = '/';

AlertComment CommentFromJson(const nlohmann::json& row) {
  if (row.at("v").get<int>() != kCommentVersion) {
    throw nlohmann::json::other_error::create(501, "unknown version", &row);
  }
  AlertComment comment;
  comment.id = row.at("id").get<std::string>();
  comment.alert_id = row.at("alert_id").get<std::string>();
  comment.actor = row.at("actor").get<std::string>();
  comment.text = row.at("text").get<std::string>();
  comment.at = FromUnixMillis(row.at("at").get<std::int64_t>());
  return comment;
}

Event CommentEvent(const CommentedAlert& about, const AlertComment& comment) {
  Event event;
  event.at = comment.at;
  event.type = "alert.commented";
  event.alert_id = about.id;
  event.rule_id = about.rule_id;
  event.labels = about.labels;
  event.body = JsonRow()
                   .Text("comment_id", comment.id)
                   .Text("actor", comment.actor)
                   .Text("text", comment.text)
                   .Finish();
  return event;
}

std::optional<std::uint64_t> NumberOfKey(std::string_view key) {
  const std::size_t separator = key.rfind(kKeySeparator);
  if (separator == std::string_view::npos) return std::nullopt;
  return ParseHex64(key.substr(separator + 1));
}

}  // namespace

std::string SerializeComment(const AlertComment& comment) {
  return JsonRow()
      .Number("v", kCommentVersion)
      .Text("id", comment.id)
      .Text("alert_id", comment.alert_id)
      .Text("actor", comment.actor)
      .Text("text", comment.text)
      .Time("at", comment.at)
      .Finish();
}

Result<AlertComment> ParseComment(std::string_view text) {
  try {
    return CommentFromJson(ParseJsonOrThrow(text));
  } catch (const nlohmann::json::exception& e) {
    return Error{fmt::format("cannot read a stored comment: {}", e.what())};
  }
}

std::string AlertComments::Key(const std::string& alert_id, std::uint64_t number) {
  return alert_id + kKeySeparator + FormatHex64(number);
}

Status AlertComments::Restore() {
  const Result<std::vector<StateStore::Row>> rows = store_.Scan(StateTable::kAlertComments);
  if (!rows) return rows.error();
  MutexLock lock(mu_);
  for (const auto& [key, value] : *rows) {
    Result<AlertComment> comment = ParseComment(value);
    const std::optional<std::uint64_t> number = NumberOfKey(key);
    if (!comment || !number) {
      log_.Error("a stored comment cannot be read and is left as it is",
                 {{"key", key}, {"err", comment ? "its key has no number" : comment.message()}});
      continue;
    }
    ByNumber& of_alert = by_alert_[comment->alert_id];
    of_alert.emplace(*number, *std::move(comment));
    ++count_;
  }
  return {};
}

AlertComments::Outcome AlertComments::Add(const CommentedAlert& about, AlertComment comment,
                                          StateStore::Committed committed) {
  MutexLock order(write_order_);
  WriteBatch batch;
  {
    MutexLock lock(mu_);
    const auto known = by_alert_.find(about.id);
    const bool is_first = known == by_alert_.end();
    const bool is_there =
        !is_first && std::any_of(known->second.begin(), known->second.end(),
                                 [&](const auto& one) { return one.second.id == comment.id; });
    if (!is_there) {
      if (!is_first && known->second.size() >= kMostOfOneAlert) return Outcome::kTooManyOfAlert;
      if (count_ >= kMost) return Outcome::kTooMany;
      const std::uint64_t number = is_first ? 1 : known->second.rbegin()->first + 1;
      batch.Put(StateTable::kAlertComments, Key(about.id, number), SerializeComment(comment));
      batch.Record(CommentEvent(about, comment));
      by_alert_[about.id].emplace(number, std::move(comment));
      ++count_;
    }
  }
  store_.Submit(std::move(batch), std::move(committed));
  return Outcome::kDone;
}

AlertComments::Comments AlertComments::Of(const std::string& alert_id) const {
  Comments comments;
  MutexLock lock(mu_);
  const auto known = by_alert_.find(alert_id);
  if (known == by_alert_.end()) return comments;
  comments.reserve(known->second.size());
  for (const auto& [number, comment] : known->second) comments.push_back(comment);
  return comments;
}

std::size_t AlertComments::CountOf(const std::string& alert_id) const {
  MutexLock lock(mu_);
  const auto known = by_alert_.find(alert_id);
  return known == by_alert_.end() ? 0 : known->second.size();
}

void AlertComments::ForgetUnless(const std::function<bool(const std::string& alert_id)>& is_known) {
  std::vector<std::string> gone;
  {
    MutexLock lock(mu_);
    for (const auto& [alert_id, comments] : by_alert_) gone.push_back(alert_id);
  }
  std::erase_if(gone, is_known);
  if (gone.empty()) return;
  MutexLock order(write_order_);
  WriteBatch batch;
  {
    MutexLock lock(mu_);
    for (const std::string& alert_id : gone) {
      const auto known = by_alert_.find(alert_id);
      if (known == by_alert_.end()) continue;
      for (const auto& [number, comment] : known->second) {
        batch.Delete(StateTable::kAlertComments, Key(alert_id, number));
      }
      count_ -= known->second.size();
      by_alert_.erase(known);
    }
  }
  store_.Submit(std::move(batch), nullptr);
}

}  // namespace tocsin::receivers
