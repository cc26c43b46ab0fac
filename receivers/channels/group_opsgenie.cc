// Opsgenie, of alertmanager.yml: one alert for each group, opened and closed under an alias. With
// `update_alerts` what an open alert says is replaced too, by two more requests.
// https://docs.opsgenie.com/docs/alert-api
#include <fmt/format.h>

#include <map>
#include <utility>

#include "base/group_key.h"
#include "base/text.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/url_path.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://docs.opsgenie.com/docs/alert-api#create-alert
constexpr std::size_t kMaxMessageRunes = 130;

// ---- message

// The labels that all alerts have, and what `details` says instead or besides. Sorted by name, as
// Alertmanager sends them.
JsonValue Details(const GroupNotification& notification, SettingTexts& settings) {
  std::map<std::string, std::string> details;
  for (const Label& label : notification.alerts.front().alert->labels) {
    details.emplace(label.name, label.value);
  }
  for (const FrozenAlert& other : notification.alerts) {
    std::erase_if(details, [&other](const auto& detail) {
      return other.alert->labels.Get(detail.first) != detail.second;
    });
  }
  for (const config::YamlEntry& own : EntriesOf(settings.keys(), "details")) {
    details[own.key] = settings.Fill(fmt::format("details.{}", own.key), own.value.text);
  }
  JsonValue json = JsonValue::Object();
  for (auto& [name, value] : details) json.Set(name, std::move(value));
  return json;
}

// What stands between commas. Blanks around the whole are left out, those around an item stay.
std::vector<std::string_view> ItemsIn(std::string_view text) {
  std::vector<std::string_view> items = Split(TrimSpace(text), ',');
  std::erase(items, std::string_view());
  return items;
}

JsonValue ListIn(std::string_view text) {
  JsonValue list = JsonValue::List();
  for (const std::string_view item : ItemsIn(text)) list.Append(item);
  return list;
}

// What templates leave without a name is nobody. `teams` is no type of Opsgenie's but a list of
// names. https://docs.opsgenie.com/docs/alert-api#create-alert
JsonValue Responders(SettingTexts& settings) {
  JsonValue responders = JsonValue::List();
  for (const config::YamlNode& node : ItemsOf(settings.keys(), "responders")) {
    const std::string type = settings.Member(node, "type");
    if (type == "teams") {
      const std::string names = settings.Member(node, "name");
      for (const std::string_view team : ItemsIn(names)) {
        responders.Append(JsonValue::Object({{"name", team}, {"type", "team"}}));
      }
      continue;
    }
    JsonValue responder = JsonValue::Object();
    for (const char* key : {"id", "name", "username"}) {
      responder.SetUnlessEmpty(key, settings.Member(node, key));
    }
    if (responder.empty() && type.empty()) continue;
    responder.Set("type", type);
    responders.Append(std::move(responder));
  }
  return responders;
}

// ---- requests

class RequestMaker {
 public:
  RequestMaker(const GroupNotification& notification, SettingTexts& settings)
      : notification_(notification),
        alias_(Sha256Hex(notification.group_key)),
        url_(settings.SecretUrl("api_url")),
        settings_(settings) {}

  std::vector<HttpClientRequest> Make() {
    std::vector<HttpClientRequest> requests;
    if (notification_.status() == NotificationStatus::kResolved) {
      requests.push_back(
          PostJson(UrlOf("close"), JsonValue::Object({{"source", settings_.Text("source")}})));
    } else {
      const std::string message = TruncateRunes(settings_.Text("message"), kMaxMessageRunes);
      const std::string description = settings_.Text("description");
      requests.push_back(PostJson(Url("v2/alerts"), Alert(message, description)));
      if (settings_.IsTrue("update_alerts")) {
        requests.push_back(Update("message", message));
        requests.push_back(Update("description", description));
      }
    }
    return requests;
  }

 private:
  JsonValue Alert(const std::string& message, const std::string& description) {
    JsonValue json = JsonValue::Object({{"alias", alias_}, {"message", message}});
    json.SetUnlessEmpty("description", description);
    json.Set("details", Details(notification_, settings_));
    json.Set("source", settings_.Text("source"));
    json.SetUnlessEmpty("responders", Responders(settings_));
    json.SetUnlessEmpty("tags", ListIn(settings_.Text("tags")));
    for (const char* key : {"note", "priority", "entity"}) {
      json.SetUnlessEmpty(key, settings_.Text(key));
    }
    json.SetUnlessEmpty("actions", ListIn(settings_.Text("actions")));
    return json;
  }

  HttpClientRequest Update(const char* what, const std::string& text) {
    JsonValue json = JsonValue::Object();
    json.SetUnlessEmpty(what, text);
    HttpClientRequest request = PostJson(UrlOf(what), json);
    request.method = "PUT";
    return request;
  }

  // Of something about this group's alert.
  std::string UrlOf(const char* what) const {
    return AddUrlParameter(Url(fmt::format("v2/alerts/{}/{}", alias_, what)), "identifierType",
                           "alias");
  }

  std::string Url(std::string_view path) const { return JoinUrlPath(url_, path); }

  const GroupNotification& notification_;
  const std::string alias_;
  const std::string url_;
  SettingTexts& settings_;
};

// ---- delivery

class GroupOpsGenie final : public VendorApi {
 public:
  explicit GroupOpsGenie(config::CheckedKeys keys) : keys_(std::move(keys)) {}

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    std::vector<HttpClientRequest> requests = RequestMaker(notification, settings).Make();
    const std::string authorization = "GenieKey " + settings.FilledSecret("api_key");
    // The alias keeps Opsgenie from opening a second alert when they are sent again.
    std::vector<VendorCall> calls;
    for (HttpClientRequest& request : requests) {
      request.headers.emplace_back("Authorization", authorization);
      calls.push_back({std::move(request), nullptr});
    }
    if (!settings.status()) return settings.status().error();
    return InTurn(std::move(calls));
  }

 private:
  const config::CheckedKeys keys_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupOpsGenie(const config::AlertmanagerIntegration& settings,
                                      const ChannelContext& /*context*/) {
  BuiltVendor vendor{std::make_unique<GroupOpsGenie>(settings.keys)};
  // https://docs.opsgenie.com/docs/api-rate-limiting
  vendor.retried.statuses = {429};
  return vendor;
}

}  // namespace tocsin::receivers
