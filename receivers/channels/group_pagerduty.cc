// PagerDuty, of alertmanager.yml: one incident for each group, through Events v2 (routing_key) or
// the generic events of version 1 (service_key).
// https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
// https://developer.pagerduty.com/docs/events-api-v1/trigger-events/
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/group_key.h"
#include "base/text.h"
#include "config/yaml_print.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"
#include "receivers/templates/payload.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://developer.pagerduty.com/docs/events-api-v2-overview#size-limits
constexpr std::size_t kMaxEventBytes = 512'000;
// https://developer.pagerduty.com/docs/send-alert-event#parameters
constexpr std::size_t kMaxSummaryRunes = 1024;
constexpr char kTooLarge[] =
    "Custom details have been removed because the original event exceeds the maximum size of 512KB";

constexpr char kVersion1Url[] = "https://events.pagerduty.com/generic/2010-04-15/create_event.json";

// ---- message

// What `details` always has, unless they say something else.
constexpr std::pair<std::string_view, std::string_view> kDetails[] = {
    {"firing", "{{ .Alerts.Firing | toJson }}"},
    {"resolved", "{{ .Alerts.Resolved | toJson }}"},
    {"num_firing", "{{ .Alerts.Firing | len }}"},
    {"num_resolved", "{{ .Alerts.Resolved | len }}"},
};

config::YamlNode DetailsOf(const config::CheckedKeys& keys) {
  const config::YamlNode* own = keys.Find("details");
  config::YamlNode details;
  if (own != nullptr) details = *own;
  details.kind = config::YamlNode::Kind::kMap;
  for (const auto& [name, text] : kDetails) {
    if (FindMember(details, name) != nullptr) continue;
    details.entries.push_back({std::string(name), {}, config::YamlText(text)});
  }
  return details;
}

// The items of a list, without those that lack what makes them one.
JsonValue ItemsWith(const char* required, std::initializer_list<const char*> members,
                    const char* list, SettingTexts& settings) {
  JsonValue items = JsonValue::List();
  for (const config::YamlNode& node : ItemsOf(settings.keys(), list)) {
    JsonValue item = JsonValue::Object();
    for (const char* member : members) item.Set(member, settings.Member(node, member));
    if (!item[required].empty()) items.Append(std::move(item));
  }
  return items;
}

class EventMaker {
 public:
  EventMaker(const GroupNotification& notification, SettingTexts& settings)
      : fires_(notification.status() == NotificationStatus::kFiring),
        key_(Sha256Hex(notification.group_key)),
        settings_(settings) {}

  JsonValue Version2(JsonValue details) {
    JsonValue payload = JsonValue::Object({{"summary", Description()},
                                           {"source", SourceOrClient()},
                                           {"severity", SeverityOrError()}});
    for (const char* key : {"class", "component", "group"}) {
      payload.SetUnlessEmpty(key, settings_.Text(key));
    }
    payload.Set("custom_details", std::move(details));
    JsonValue event = JsonValue::Object({{"routing_key", Key("routing_key")},
                                         {"dedup_key", key_},
                                         {"event_action", fires_ ? "trigger" : "resolve"},
                                         {"payload", std::move(payload)}});
    AddClient(&event);
    event.SetUnlessEmpty("images", ItemsWith("src", {"src", "alt", "href"}, "images", settings_));
    event.SetUnlessEmpty("links", ItemsWith("href", {"href", "text"}, "links", settings_));
    return event;
  }

  JsonValue Version1(JsonValue details) {
    JsonValue event = JsonValue::Object({{"service_key", Key("service_key")},
                                         {"event_type", fires_ ? "trigger" : "resolve"},
                                         {"incident_key", key_},
                                         {"description", Description()},
                                         {"details", std::move(details)}});
    if (fires_) AddClient(&event);
    return event;
  }

  JsonValue Details(const config::YamlNode& details) {
    const MessageTexts& texts = settings_.texts();
    Result<std::string> json = RenderPayload(
        details, [&texts](const std::string& text) { return texts.RenderText("details", text); });
    if (json) return JsonValue::Written(std::string(TrimSpace(*json)));
    settings_.Fail(json.error());
    return {};
  }

 private:
  std::string Description() {
    return TruncateRunes(settings_.Text("description"), kMaxSummaryRunes);
  }
  std::string SourceOrClient() {
    return settings_.Text(settings_.keys().Has("source") ? "source" : "client");
  }
  std::string SeverityOrError() {
    return settings_.keys().Has("severity") ? settings_.Text("severity") : "error";
  }
  // Of the integration. It may be a template.
  std::string Key(std::string_view key) { return settings_.Fill(key, settings_.Secret(key)); }
  void AddClient(JsonValue* event) {
    event->SetUnlessEmpty("client", settings_.Text("client"));
    event->SetUnlessEmpty("client_url", settings_.Text("client_url"));
  }

  const bool fires_;
  const std::string key_;
  SettingTexts& settings_;
};

// ---- delivery

class GroupPagerDuty final : public VendorApi {
 public:
  GroupPagerDuty(config::CheckedKeys keys, bool is_version_1)
      : keys_(std::move(keys)), details_(DetailsOf(keys_)), is_version_1_(is_version_1) {}

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    EventMaker maker(notification, settings);
    const std::string url = is_version_1_ ? kVersion1Url : settings.SecretUrl("url");
    const auto post = [this, &maker, &url](JsonValue details) {
      return PostJson(url, is_version_1_ ? maker.Version1(std::move(details))
                                         : maker.Version2(std::move(details)));
    };
    VendorCall call{post(maker.Details(details_)), nullptr};
    if (call.request.body.size() > kMaxEventBytes) {
      call.request = post(JsonValue::Object({{"error", kTooLarge}}));
    }
    call.secrets = {settings.FilledSecret(is_version_1_ ? "service_key" : "routing_key")};
    if (!settings.status()) return settings.status().error();
    return call;
  }

 private:
  const config::CheckedKeys keys_;
  const config::YamlNode details_;
  const bool is_version_1_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupPagerDuty(const config::AlertmanagerIntegration& settings,
                                       const ChannelContext& /*context*/) {
  const bool is_version_1 =
      settings.keys.Has("service_key") || settings.keys.Has("service_key_file");
  BuiltVendor vendor{std::make_unique<GroupPagerDuty>(settings.keys, is_version_1)};
  // Version 1 says 403 to who sends too much.
  // https://developer.pagerduty.com/docs/events-api-v1-overview#api-response-codes--retry-logic
  vendor.retried.statuses = {is_version_1 ? 403 : 429};
  vendor.timeout = TimeoutOf(settings.keys);
  return vendor;
}

}  // namespace tocsin::receivers
