// What Jira says of issues and of what may happen to them. Answers are not trusted: whatever has
// another shape than it should is told from what says nothing. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tocsin::receivers {

struct JiraIssue {
  std::string key;  // "OPS-1", fit for an address; empty: there is no issue
  // "new", "indeterminate" or "done"; empty where the answer does not say.
  std::string status_category;
};

// The first issue of a search's answer. Nothing where that cannot be read.
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/
std::optional<JiraIssue> ReadFoundIssue(const std::string& body);

// The key of an issue that was created, likewise fit for an address; empty where the answer does
// not tell one. https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
std::string ReadCreatedIssueKey(const std::string& body);

// The id of the transition of that name, empty where there is none. Nothing where the answer cannot
// be read. https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
std::optional<std::string> ReadTransitionId(const std::string& body, std::string_view name);

bool IsJson(std::string_view text);

}  // namespace tocsin::receivers
