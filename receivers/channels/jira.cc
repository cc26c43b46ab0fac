// The Jira channel: an issue for each alert of a message, known by a label that holds the alert's
// fingerprint; see jira_calls.h. Once there it belongs to people: only its summary, its description
// and, where the settings name transitions, its status follow the alert. A picture is attached to
// the new issue of the alert that it is about.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/go_quote.h"
#include "receivers/channels/jira_calls.h"
#include "receivers/channels/jira_description.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_incidents.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/plain_card.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/templates/message_card.h"
#include "receivers/templates/payload.h"

namespace tocsin::receivers {
namespace {

// ---- message

// Those that come with Jira.
// https://support.atlassian.com/jira-cloud-administration/docs/what-are-issue-statuses-priorities-and-resolutions/
const char* PriorityOf(Severity severity) {
  switch (severity) {
    case Severity::kCritical:
      return "Highest";
    case Severity::kHigh:
      return "High";
    case Severity::kMedium:
      return "Medium";
    case Severity::kLow:
      return "Low";
    case Severity::kInfo:
      break;
  }
  return "Lowest";
}

JsonValue Named(const std::string& name) { return JsonValue::Object({{"name", name}}); }

// Unresolved issues have no resolution, and those JQL's != does not find.
// https://support.atlassian.com/jira-software-cloud/docs/jql-operators/
std::string WontFix(const std::string& resolution) {
  if (resolution.empty()) return "";
  return fmt::format("(resolution is EMPTY OR resolution != {})", GoQuote(resolution));
}

// What the settings say of other fields, as it stands there.
using Fields = std::vector<JsonMember>;

Result<Fields> OwnFields(const config::CheckedKeys& keys) {
  Fields fields;
  for (const config::YamlEntry& own : EntriesOf(keys, "fields")) {
    Result<std::string> json =
        RenderJsonTemplate(own.value, [](const std::string& text) { return text; });
    if (!json) return Error{fmt::format("fields.{}: {}", own.key, json.message())};
    fields.push_back({own.key, JsonValue::Written(*std::move(json))});
  }
  return fields;
}

// ---- delivery

// The alert that the picture is about comes last: what an upload takes, the others do not miss.
Notification PicturedLast(Notification notification) {
  if (notification.picture == nullptr) return notification;
  const auto head = static_cast<std::ptrdiff_t>(HeadOf(notification));
  const auto to_the_end = [head](auto& items) {
    std::rotate(items.begin() + head, items.begin() + head + 1, items.end());
  };
  notification.links.resize(notification.alerts.size());
  to_the_end(notification.alerts);
  to_the_end(notification.links);
  return notification;
}

class JiraIssues {
 public:
  JiraIssues(config::ChannelSettings settings, NativeTexts texts, JiraApi api, Fields own_fields)
      : settings_(std::move(settings)),
        texts_(std::move(texts)),
        api_(api),
        own_fields_(std::move(own_fields)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const Result<std::string> url = SecretUrlOf(keys(), "api_url");
    if (!url) return url.error();
    const Notification told = PicturedLast(notification);
    return ForEachAlert(told, texts_, [&](const Alert& alert, const MessageCard& card) {
      const std::string label = JiraLabel(alert.fingerprint_text());
      JiraPlan plan;
      plan.api_url = *url;
      plan.is_cloud = api_.is_cloud;
      plan.fires = !card.resolved;
      plan.transition = keys().Text(plan.fires ? "reopen_transition" : "resolve_transition");
      JsonValue texts = Texts(card);
      plan.texts = {Created(card, label, texts), JsonValue::Object({{"fields", std::move(texts)}})};
      plan.search =
          JiraSearch({keys().Text("project"), label, WontFix(keys().Text("wont_fix_resolution")),
                      JiraReopenMinutes(keys(), plan.fires)});
      if (&alert == told.alerts.back().get()) plan.picture = told.picture;
      return KeepJiraIssue(std::move(plan));
    });
  }

 private:
  const config::CheckedKeys& keys() const { return settings_.keys; }

  JsonValue Texts(const MessageCard& card) const {
    return JsonValue::Object(
        {{"summary", CardTitle(card, kMaxJiraSummaryRunes)},
         {"description", api_.takes_documents ? JiraDocument(card) : JiraWikiDescription(card)}});
  }

  JsonValue Created(const MessageCard& card, const std::string& label, JsonValue fields) const {
    fields.Set("project", JsonValue::Object({{"key", keys().Text("project")}}));
    fields.Set("issuetype", Named(keys().Text("issue_type")));
    JsonValue labels = JsonValue::List({label});
    for (const config::YamlNode& own : ItemsOf(keys(), "labels")) labels.Append(own.text);
    fields.Set("labels", std::move(labels));
    const std::string priority =
        keys().Find("priority") == nullptr ? PriorityOf(card.severity) : keys().Text("priority");
    if (!priority.empty()) fields.Set("priority", Named(priority));
    for (const JsonMember& own : own_fields_) fields.Set(own.name, own.value);
    return JsonValue::Object({{"fields", std::move(fields)}});
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
  const JiraApi api_;
  const Fields own_fields_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeJira(const config::ChannelSettings& settings,
                              const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  const Result<JiraApi> api = JiraApiOf(settings.keys);
  if (!api) return api.error();
  Result<Fields> fields = OwnFields(settings.keys);
  if (!fields) return fields.error();
  auto jira =
      std::make_shared<const JiraIssues>(settings, *std::move(texts), *api, *std::move(fields));
  return MakeNativeHttp(settings, context, [jira](const Notification& notification) {
    return jira->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
