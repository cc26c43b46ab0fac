// What Jira is told of a group: the search for its issue, and what the issue says. Pure functions.
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
#pragma once

#include <cstdint>
#include <string>

#include "base/json_value.h"
#include "base/result.h"
#include "config/checked_keys.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/pipeline/group_channel.h"

namespace tocsin::receivers {

// A template, and whether it is told of an issue that exists already.
struct JiraField {
  std::string text;
  bool is_updated = true;
};

// The settings that are more than a text.
struct JiraSettings {
  JiraField summary;
  JiraField description;
  bool takes_documents = false;  // version 3 of the API: descriptions are JSON
  bool is_cloud = false;
  std::int64_t reopen_minutes = 0;
};

// Fails on those that say what cannot be.
Result<JiraSettings> ReadJiraSettings(const config::CheckedKeys& keys);

// Finds the issue by a label that holds the hash of the group's key.
JsonValue JiraSearch(const GroupNotification& notification, const JiraSettings& jira,
                     SettingTexts& settings);
// Data centers have no search/jql, the cloud has no other search any more, and has it in version 3
// only. https://developer.atlassian.com/changelog/#CHANGE-2046
std::string JiraSearchUrl(const std::string& api_url, bool is_cloud);

struct JiraIssueTexts {
  JsonValue created;
  JsonValue edited;  // of an issue that exists already: without what is not updated
};
JiraIssueTexts MakeJiraIssue(const GroupNotification& notification, const JiraSettings& jira,
                             SettingTexts& settings);

}  // namespace tocsin::receivers
