#include "receivers/channels/jira_issue.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "base/group_key.h"
#include "base/text.h"
#include "receivers/channels/jira_answer.h"
#include "receivers/channels/truncation.h"
#include "receivers/templates/payload.h"

namespace tocsin::receivers {
namespace {

// ---- settings

Status ReadFieldMember(const char* key, const config::YamlEntry& entry, JiraField* field) {
  const std::string& value = entry.value.text;
  if (entry.key == "template") {
    field->text = value;
  } else if (entry.key != "enable_update") {
    return Error{fmt::format("jira: unknown key {} in {}; known: template, enable_update",
                             QuoteForMessage(entry.key), key)};
  } else if (value != "true" && value != "false") {
    return Error{fmt::format("jira: {}.enable_update must be true or false", key)};
  } else {
    field->is_updated = value == "true";
  }
  return {};
}

// `summary: text` or `summary: {template: text, enable_update: false}`.
Status ReadField(const config::CheckedKeys& keys, const char* key, JiraField* field) {
  field->text = fmt::format(R"({{{{ template "jira.default.{}" . }}}})", key);
  const config::YamlNode* node = keys.Find(key);
  if (node == nullptr || node->is_null()) return {};
  if (node->kind == config::YamlNode::Kind::kList) {
    return Error{
        fmt::format("jira: {} must be a text, or a map with template and enable_update", key)};
  }
  if (node->kind == config::YamlNode::Kind::kScalar) field->text = node->text;
  for (const config::YamlEntry& entry : node->entries) {
    if (Status read = ReadFieldMember(key, entry, field); !read) return read;
  }
  return {};
}

// ---- message

// The members of an issue's `fields`, in the order of their names.
class IssueMaker {
 public:
  IssueMaker(const GroupNotification& notification, const JiraSettings& jira,
             SettingTexts& settings)
      : jira_(jira), settings_(settings) {
    fields_["project"] = JsonValue::Object({{"key", settings_.Text("project")}});
    fields_["issuetype"] = Named(settings_.Text("issue_type"));
    fields_["labels"] = LabelList(JiraLabelOf(notification));
    const std::string priority = settings_.Text("priority");
    if (!priority.empty()) fields_["priority"] = Named(priority);
    summary_ = TruncateRunes(
        settings_.Fill("summary", jira_.summary.text, settings_.texts().DefaultOf("summary")),
        kMaxJiraSummaryRunes);
    description_ = Description();
    AddOwnFields();
  }

  JsonValue Created() const { return Issue(true, true); }
  JsonValue Edited() const { return Issue(jira_.summary.is_updated, jira_.description.is_updated); }

 private:
  using Fields = std::map<std::string, JsonValue>;

  static JsonValue Named(const std::string& name) { return JsonValue::Object({{"name", name}}); }

  JsonValue LabelList(std::string own) {
    std::vector<std::string> labels{std::move(own)};
    for (const config::YamlNode& label : ItemsOf(settings_.keys(), "labels")) {
      labels.push_back(settings_.Fill("labels", label.text));
    }
    std::sort(labels.begin(), labels.end());
    JsonValue list = JsonValue::List();
    for (std::string& label : labels) list.Append(std::move(label));
    return list;
  }

  // https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
  JsonValue Description() {
    // The default is no document.
    const std::string instead =
        jira_.api.takes_documents ? "" : settings_.texts().DefaultOf("description");
    const std::string text = TruncateRunes(
        settings_.Fill("description", jira_.description.text, instead), kMaxJiraDescriptionRunes);
    if (!jira_.api.takes_documents) return text;
    const std::string_view document = TrimSpace(text);
    if (document.empty() || !settings_.status()) return "";
    if (IsJson(document)) return JsonValue::Written(std::string(document));
    settings_.Fail(Error{
        "description: version 3 of Jira's API takes a document as JSON, which this template does "
        "not become; plain text needs an api_url that ends in /2"});
    return "";
  }

  // As the payload of a webhook, except that the outermost names stand as written.
  void AddOwnFields() {
    for (const config::YamlEntry& entry : EntriesOf(settings_.keys(), "fields")) {
      if (!settings_.status()) return;
      Result<std::string> json = RenderPayload(entry.value, [this](const std::string& text) {
        return settings_.texts().RenderText("fields", text);
      });
      if (!json) return settings_.Fail(json.error());
      own_fields_.emplace(entry.key, JsonValue::Written(std::string(TrimSpace(*json))));
    }
  }

  // Jira leaves alone what is not there.
  JsonValue Issue(bool has_summary, bool has_description) const {
    Fields fields = fields_;
    if (has_summary) fields["summary"] = summary_;
    if (has_description && !description_.empty()) fields["description"] = description_;
    for (const auto& [name, value] : own_fields_) fields.insert_or_assign(name, value);
    JsonValue json = JsonValue::Object();
    for (const auto& [name, value] : fields) json.Set(name, value);
    return JsonValue::Object({{"fields", std::move(json)}});
  }

  const JiraSettings& jira_;
  SettingTexts& settings_;
  Fields fields_;
  Fields own_fields_;
  JsonValue summary_;
  JsonValue description_;
};

}  // namespace

Result<JiraSettings> ReadJiraSettings(const config::CheckedKeys& keys) {
  JiraSettings settings;
  if (Status read = ReadField(keys, "summary", &settings.summary); !read) return read.error();
  if (Status read = ReadField(keys, "description", &settings.description); !read) {
    return read.error();
  }
  Result<JiraApi> api = JiraApiOf(keys);
  if (!api) return api.error();
  settings.api = *api;
  return settings;
}

std::string JiraLabelOf(const GroupNotification& notification) {
  return JiraLabel(Sha256Hex(notification.group_key));
}

JiraIssueTexts MakeJiraIssue(const GroupNotification& notification, const JiraSettings& jira,
                             SettingTexts& settings) {
  const IssueMaker maker(notification, jira, settings);
  return {maker.Created(), maker.Edited()};
}

}  // namespace tocsin::receivers
