#include "receivers/alerts/alert_row.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/group_key.h"
#include "base/json_library.h"
#include "base/json_text.h"

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr int kAlertRowVersion = 1;
constexpr std::size_t kTypicalBytes = 512;

void AppendPair(std::string_view name, std::string_view value, std::string* out) {
  if (out->back() != '{') out->push_back(',');
  AppendJsonString(name, out);
  out->push_back(':');
  AppendJsonString(value, out);
}

PostedAlert AlertFromJson(const json& row) {
  PostedAlert alert;
  LabelsBuilder labels;
  for (const auto& [name, value] : row.at("labels").items()) {
    labels.Set(name, value.get<std::string>());
  }
  alert.labels = labels.Build();
  for (const auto& [name, value] : row.at("annotations").items()) {
    alert.annotations.emplace_back(name, value.get<std::string>());
  }
  alert.generator_url = row.at("generator_url").get<std::string>();
  alert.starts_at = FromUnixMillis(row.at("starts_at").get<std::int64_t>());
  alert.ends_at = FromUnixMillis(row.at("ends_at").get<std::int64_t>());
  alert.updated_at = FromUnixMillis(row.at("updated_at").get<std::int64_t>());
  // Rows of earlier versions lack it.
  alert.began_at = FromUnixMillis(row.value("began_at", ToUnixMillis(alert.updated_at)));
  alert.ends_by_timeout = row.at("ends_by_timeout").get<bool>();
  alert.end_recorded = row.value("end_recorded", false);
  alert.fingerprint = alert.labels.view().Fingerprint();
  alert.hash = LogHash(alert.labels);
  return alert;
}

}  // namespace

std::string SerializePostedAlert(const PostedAlert& alert) {
  std::string out;
  out.reserve(kTypicalBytes);
  out += R"({"labels":{)";
  for (const Label& label : alert.labels.view()) AppendPair(label.name, label.value, &out);
  out += R"(},"annotations":{)";
  for (const auto& [name, value] : alert.annotations) AppendPair(name, value, &out);
  out += R"(},"generator_url":)";
  AppendJsonString(alert.generator_url, &out);
  fmt::format_to(
      std::back_inserter(out),
      R"(,"starts_at":{},"ends_at":{},"updated_at":{},"began_at":{},"ends_by_timeout":{}{},"v":{}}})",
      ToUnixMillis(alert.starts_at), ToUnixMillis(alert.ends_at), ToUnixMillis(alert.updated_at),
      ToUnixMillis(alert.began_at), alert.ends_by_timeout,
      alert.end_recorded ? R"(,"end_recorded":true)" : "", kAlertRowVersion);
  return out;
}

Result<PostedAlert> ParsePostedAlert(std::string_view text) {
  try {
    const json row = ParseJsonOrThrow(text);
    if (row.at("v").get<int>() != kAlertRowVersion) return Error{"written by another version"};
    return AlertFromJson(row);
  } catch (const json::exception& e) {
    return Error{e.what()};
  }
}

}  // namespace tocsin::receivers
