// What Jira is told of a group: the texts of its issue. Pure functions.
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
#pragma once

#include <string>

#include "base/result.h"
#include "config/checked_keys.h"
#include "receivers/channels/jira_calls.h"
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
  JiraApi api;
};

// Fails on those that say what cannot be.
Result<JiraSettings> ReadJiraSettings(const config::CheckedKeys& keys);

// The label that holds the hash of the group's key.
std::string JiraLabelOf(const GroupNotification& notification);

JiraIssueTexts MakeJiraIssue(const GroupNotification& notification, const JiraSettings& jira,
                             SettingTexts& settings);

}  // namespace tocsin::receivers
