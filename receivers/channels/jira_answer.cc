#include "receivers/channels/jira_answer.h"

#include <algorithm>

#include "base/json_library.h"

namespace tocsin::receivers {
namespace {

using Json = nlohmann::json;

// Null where there is no such member, or nothing that could have one.
const Json* Member(const Json* json, const char* name) {
  if (json == nullptr || !json->is_object()) return nullptr;
  const auto found = json->find(name);
  return found == json->end() ? nullptr : &*found;
}

std::string Text(const Json* json) {
  return json != nullptr && json->is_string() ? json->get<std::string>() : "";
}

bool IsIssueKey(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

}  // namespace

std::optional<JiraIssue> ReadFoundIssue(const std::string& body) {
  const Json answer = ParseJson(body);
  if (!answer.is_object()) return std::nullopt;
  const Json* issues = Member(&answer, "issues");
  if (issues == nullptr || issues->is_null()) return JiraIssue();
  if (!issues->is_array()) return std::nullopt;
  if (issues->empty()) return JiraIssue();
  const Json* const issue = &issues->front();
  const Json* const status = Member(Member(issue, "fields"), "status");
  JiraIssue found{Text(Member(issue, "key")),
                  Text(Member(Member(status, "statusCategory"), "key"))};
  return IsIssueKey(found.key) ? std::optional(std::move(found)) : std::nullopt;
}

std::string ReadCreatedIssueKey(const std::string& body) {
  const Json answer = ParseJson(body);
  std::string key = Text(Member(&answer, "key"));
  return IsIssueKey(key) ? key : "";
}

std::optional<std::string> ReadTransitionId(const std::string& body, std::string_view name) {
  const Json answer = ParseJson(body);
  const Json* transitions = Member(&answer, "transitions");
  if (transitions == nullptr || !transitions->is_array()) return std::nullopt;
  for (const Json& transition : *transitions) {
    if (Text(Member(&transition, "name")) == name) return Text(Member(&transition, "id"));
  }
  return "";
}

bool IsJson(std::string_view text) { return Json::accept(text); }

}  // namespace tocsin::receivers
