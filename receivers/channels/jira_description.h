// The description of an issue of Jira, of our own design, in the form that the API takes: wiki
// markup or a document. No text of the alert mentions people, shows pictures or calls macros there.
// Pure functions.
#pragma once

#include "base/json_value.h"
#include "receivers/templates/message_card.h"

namespace tocsin::receivers {

// Version 2 of the API. https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
JsonValue JiraWikiDescription(const MessageCard& card);
// Version 3. https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
JsonValue JiraDocument(const MessageCard& card);

}  // namespace tocsin::receivers
