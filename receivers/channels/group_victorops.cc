// VictorOps (Splunk On-Call), of alertmanager.yml: one incident for each group, through the REST
// endpoint. The API key and the routing key stand in the path of its address.
// https://help.victorops.com/knowledge-base/rest-endpoint-integration-guide/
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/group_key.h"
#include "base/text.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://help.victorops.com/knowledge-base/incident-fields-glossary/
constexpr std::size_t kMaxStateMessageRunes = 20'480;

// ---- message

// What Alertmanager lets a firing group say; anything else is an incident.
// https://help.victorops.com/knowledge-base/incident-fields-glossary/
constexpr std::string_view kFiringTypes[] = {"CRITICAL", "WARNING", "INFO"};
constexpr char kRecovery[] = "RECOVERY";

// What custom_fields may not replace.
constexpr std::string_view kOwnFields[] = {"entity_display_name", "entity_id",       "entity_state",
                                           "message_type",        "monitoring_tool", "routing_key",
                                           "state_message"};

std::string MessageType(NotificationStatus status, SettingTexts& settings) {
  std::string type = settings.Text("message_type");
  if (status == NotificationStatus::kResolved) return kRecovery;
  const bool is_known =
      std::find(std::begin(kFiringTypes), std::end(kFiringTypes), type) != std::end(kFiringTypes);
  return is_known ? type : std::string(kFiringTypes[0]);
}

// Sorted by name, as Alertmanager sends them.
JsonValue Message(const GroupNotification& notification, SettingTexts& settings) {
  std::map<std::string, std::string> fields = {
      {"entity_display_name", settings.Text("entity_display_name")},
      {"entity_id", Sha256Hex(notification.group_key)},
      {"message_type", MessageType(notification.status(), settings)},
      {"monitoring_tool", settings.Text("monitoring_tool")},
      {"state_message", TruncateRunes(settings.Text("state_message"), kMaxStateMessageRunes)}};
  for (const config::YamlEntry& field : EntriesOf(settings.keys(), "custom_fields")) {
    fields[field.key] = settings.Fill(fmt::format("custom_fields.{}", field.key), field.value.text);
  }
  JsonValue json = JsonValue::Object();
  for (auto& [name, value] : fields) json.Set(name, std::move(value));
  return json;
}

// ---- delivery

// As Go's net/url writes a path: https://pkg.go.dev/net/url#URL.EscapedPath
std::string EscapePath(std::string_view text) {
  constexpr std::string_view kPlain = "$&+,/:;=@";
  std::string escaped;
  for (const char& c : text) {
    const std::string_view one(&c, 1);
    escaped += kPlain.find(c) != std::string_view::npos ? std::string(one) : PercentEncode(one);
  }
  return escaped;
}

// Behind the path of an address, in front of its query.
std::string AddToPath(std::string url, std::string_view more) {
  std::size_t end = std::min(url.find_first_of("?#"), url.size());
  if (end == 0 || url[end - 1] != '/') url.insert(end++, "/");
  return url.insert(end, more);
}

class GroupVictorOps final : public VendorApi {
 public:
  explicit GroupVictorOps(config::CheckedKeys keys) : keys_(std::move(keys)) {}

  Result<VendorCall> Prepare(const GroupNotification& notification,
                             const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    std::string url = Url(settings);
    VendorCall call{PostJson(std::move(url), Message(notification, settings)), nullptr};
    if (!settings.status()) return settings.status().error();
    return call;
  }

  bool has_endpoints() const override {
    return SettingTexts::IsTemplate(keys_.Text("routing_key"));
  }
  std::string EndpointUrl(const MessageTexts& texts) const override {
    SettingTexts settings(keys_, texts);
    return Url(settings);
  }

 private:
  static std::string Url(SettingTexts& settings) {
    const std::string key = settings.Secret("api_key");
    const std::string where = EscapePath(key + "/" + settings.Text("routing_key"));
    return AddToPath(settings.SecretUrl("api_url"), where);
  }

  const config::CheckedKeys keys_;
};

}  // namespace

// ---- kind

Result<BuiltVendor> MakeGroupVictorOps(const config::AlertmanagerIntegration& settings,
                                       const ChannelContext& /*context*/) {
  for (const config::YamlEntry& field : EntriesOf(settings.keys, "custom_fields")) {
    if (std::find(std::begin(kOwnFields), std::end(kOwnFields), field.key) == std::end(kOwnFields))
      continue;
    return Error{fmt::format(
        "custom_fields: {} is a field of VictorOps itself; another name, please", field.key)};
  }
  return BuiltVendor{std::make_unique<GroupVictorOps>(settings.keys)};
}

}  // namespace tocsin::receivers
