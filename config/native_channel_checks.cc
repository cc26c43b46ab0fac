#include "config/native_channel_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string>

#include "base/number.h"
#include "base/time.h"

namespace tocsin::config {
namespace {

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void CheckTeams(MapDecoder& map, const CheckedKeys& keys) {
  if (IsOneOf(keys.Text("format"), {"auto", "workflow", "connector"})) return;
  map.report().Error(map.PlaceOf("format"), "format must be auto, workflow or connector");
}

// https://support.atlassian.com/jira/kb/character-limits-for-jira-fields/
constexpr std::size_t kMaxJiraLabelBytes = 255;

void CheckJira(MapDecoder& map, const CheckedKeys& keys) {
  if (!IsOneOf(keys.Text("api_type"), {"auto", "cloud", "datacenter"})) {
    map.report().Error(map.PlaceOf("api_type"), "api_type must be auto, cloud or datacenter");
  }
  for (const YamlNode& label : map.ReadList("labels")) {
    const bool is_good = label.text.find_first_of(" \t\r\n") == std::string::npos &&
                         label.text.size() <= kMaxJiraLabelBytes;
    if (!is_good) {
      map.report().Error(label.mark, fmt::format("labels of Jira hold no blanks, and at most {} "
                                                 "bytes",
                                                 kMaxJiraLabelBytes));
    }
  }
}

// The text of a member of a map; empty where there is none.
std::string_view MemberText(const YamlNode& map, std::string_view key) {
  for (const YamlEntry& entry : map.entries) {
    if (entry.key == key) return entry.value.text;
  }
  return "";
}

// https://docs.opsgenie.com/docs/alert-api#create-alert
void CheckOpsGenie(MapDecoder& map, const CheckedKeys& /*keys*/) {
  for (const YamlNode& node : map.ReadList("responders")) {
    if (!IsOneOf(MemberText(node, "type"), {"team", "user", "escalation", "schedule"})) {
      map.report().Error(node.mark,
                         "the type of a responder must be team, user, escalation or schedule");
    }
    const bool is_named = !MemberText(node, "id").empty() || !MemberText(node, "name").empty() ||
                          !MemberText(node, "username").empty();
    if (!is_named) map.report().Error(node.mark, "a responder needs an id, a name or a username");
  }
}

void CheckSns(MapDecoder& map, const CheckedKeys& keys) {
  int targets = 0;
  for (const char* key : {"topic_arn", "phone_number", "target_arn"}) targets += keys.Has(key);
  if (targets != 1) {
    map.report().Error(map.mark(), "sns: exactly one of topic_arn, phone_number and target_arn");
  }
  // Who sends is known by the signature; the header of a user would take its place.
  if (!keys.SecretOf("api_url").empty()) {
    map.report().Error(map.PlaceOf("api_url"), "api_url: no user name and no password, please");
  }
  const YamlNode* sigv4 = keys.Find("sigv4");
  if (sigv4 == nullptr) return;
  const bool has_secret =
      !keys.SecretOf("sigv4.secret_key").empty() || !MemberText(*sigv4, "secret_key_file").empty();
  if (has_secret == MemberText(*sigv4, "access_key").empty()) {
    map.report().Error(map.PlaceOf("sigv4"),
                       "sigv4: access_key and secret_key (or secret_key_file) go together");
  }
  if (!MemberText(*sigv4, "external_id").empty() && MemberText(*sigv4, "role_arn").empty()) {
    map.report().Error(map.PlaceOf("sigv4"),
                       "sigv4: external_id is of a role_arn, which is missing");
  }
}

// https://core.telegram.org/bots/api#sendmessage
void CheckTelegramChat(MapDecoder& map, const CheckedKeys& keys) {
  const std::string chat = keys.Text("chat_id");
  if (chat.empty() || chat.starts_with('@') || ParseInt(chat)) return;
  map.report().Error(map.PlaceOf("chat_id"),
                     "chat_id must be a whole number or the @name of a channel");
}

// https://pushover.net/api#priority
void CheckPushoverTimes(MapDecoder& map, const CheckedKeys& keys) {
  if (ParseDuration(keys.Text("retry")) < std::chrono::seconds(30)) {
    map.report().Error(map.PlaceOf("retry"), "retry must be 30s or longer");
  }
  if (ParseDuration(keys.Text("expire")) > std::chrono::hours(3)) {
    map.report().Error(map.PlaceOf("expire"), "expire must be 3h or shorter");
  }
}

void CheckWechat(MapDecoder& map, const CheckedKeys& keys) {
  const std::string type = keys.Text("message_type");
  if (type != "text" && type != "markdown") {
    map.report().Error(map.PlaceOf("message_type"), "message_type must be text or markdown");
  }
  if (keys.Has("to_user") || keys.Has("to_party") || keys.Has("to_tag")) return;
  map.report().Error(map.mark(), "wechat: to_user, to_party or to_tag is missing");
}

struct Check {
  std::string_view type;
  void (*check)(MapDecoder& map, const CheckedKeys& keys);
};
constexpr Check kChecks[] = {
    {"jira", CheckJira},     {"opsgenie", CheckOpsGenie}, {"pushover", CheckPushoverTimes},
    {"sns", CheckSns},       {"teams", CheckTeams},       {"telegram", CheckTelegramChat},
    {"wechat", CheckWechat},
};

}  // namespace

void CheckNativeKeys(std::string_view type, MapDecoder& map, const CheckedKeys& keys) {
  for (const Check& each : kChecks) {
    if (each.type == type) each.check(map, keys);
  }
}

}  // namespace tocsin::config
