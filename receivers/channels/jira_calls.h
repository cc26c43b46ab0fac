// The requests that keep one issue of Jira up to date.
// https://developer.atlassian.com/cloud/jira/platform/rest/v2/
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/
//
// An issue is known by a label. An attempt looks for it, then creates it or edits what it found,
// then moves that to another status where it has the wrong one:
//
//     POST search -> POST issue -> POST issue/OPS-1/attachments
//                 -> PUT issue/OPS-1 -> GET issue/OPS-1/transitions -> POST issue/OPS-1/transitions
//
// What is over and has no issue needs none. A picture is attached to an issue that was created, not
// to one that was there, and costs it nothing. Whatever the requests say is there before the first
// of them is sent; an attempt that is repeated finds what the one before has done. Pure functions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/json_value.h"
#include "base/result.h"
#include "config/checked_keys.h"
#include "receivers/channels/vendor_call.h"

namespace tocsin::receivers {

// ---- limits

// https://support.atlassian.com/jira/kb/character-limits-for-jira-fields/
inline constexpr std::size_t kMaxJiraSummaryRunes = 255;
inline constexpr std::size_t kMaxJiraDescriptionRunes = 32767;

// ---- which Jira

struct JiraApi {
  bool is_cloud = false;
  bool takes_documents = false;  // version 3: descriptions are JSON
};
// Of `api_type` and `api_url`. Fails on a type that there is not.
Result<JiraApi> JiraApiOf(const config::CheckedKeys& keys);

// ---- the search

// The label of what is kept under `key`.
std::string JiraLabel(std::string_view key);

struct JiraQuery {
  std::string project;
  std::string label;
  std::string condition;            // in JQL, that it must meet as well; empty: none
  std::int64_t reopen_minutes = 0;  // so old may one be that is done; 0: none that is done
};
// The minutes of `reopen_duration`, where `reopen_transition` makes something of them and the alert
// fires.
std::int64_t JiraReopenMinutes(const config::CheckedKeys& keys, bool fires);
JsonValue JiraSearch(const JiraQuery& query);
// Data centers have no search/jql, the cloud has no other search any more, and has it in version 3
// only. https://developer.atlassian.com/changelog/#CHANGE-2046
std::string JiraSearchUrl(const std::string& api_url, bool is_cloud);

// ---- the issue

struct JiraIssueTexts {
  JsonValue created;
  JsonValue edited;  // of an issue that exists already: without what is not updated
};

struct JiraPlan {
  std::string api_url;
  bool is_cloud = false;
  JsonValue search;
  JiraIssueTexts texts;
  bool fires = false;
  std::string transition;  // that gives an issue the status it should have; empty: none does
  std::shared_ptr<const std::string> picture = nullptr;  // a PNG; null: there is none
};

// The first of the calls.
VendorCall KeepJiraIssue(JiraPlan plan);

}  // namespace tocsin::receivers
