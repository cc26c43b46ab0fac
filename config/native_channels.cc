#include "config/native_channels.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/check.h"
#include "config/native_channel_checks.h"

namespace tocsin::config {
namespace {

using Kind = ValueKind;

// Of channels that can show a chart of the alert's series.
constexpr KeySpec kPicture = {.key = "picture", .kind = Kind::kBool};

constexpr KeySpec kNativeDiscordKeys[] = {
    {.key = "webhook_url",
     .kind = Kind::kSecretUrl,
     .missing = "discord: webhook_url or webhook_url_file is missing"},
    {.key = "webhook_url_file"},
    {.key = "username", .is_plain = true},
    {.key = "avatar_url", .kind = Kind::kUrl},
    kPicture,
    {.key = "template", .kind = Kind::kAny},
};

constexpr KeySpec kNativeEmailKeys[] = {
    {.key = "smarthost",
     .kind = Kind::kAddress,
     .missing = "smarthost is missing, such as mail.example.org:587"},
    {.key = "to", .missing = "to is missing"},
    {.key = "from", .missing = "from is missing"},
    {.key = "hello", .fallback = "localhost"},
    {.key = "auth_username"},
    {.key = "auth_password", .kind = Kind::kSecret},
    {.key = "auth_password_file"},
    // Unset: by port and user, see receivers/channels/email.cc.
    {.key = "require_tls", .kind = Kind::kBool},
    {.key = "force_implicit_tls", .kind = Kind::kBool},
    kPicture,
    {.key = "template"},
};

constexpr KeySpec kGoogleChatKeys[] = {
    {.key = "webhook_url",
     .kind = Kind::kSecretUrl,
     .missing = "googlechat: webhook_url or webhook_url_file is missing"},
    {.key = "webhook_url_file"},
    {.key = "template"},
};

constexpr KeySpec kNativeIncidentioKeys[] = {
    // It may hold the token, as a parameter.
    {.key = "url", .kind = Kind::kSecretUrl, .missing = "incidentio: url or url_file is missing"},
    {.key = "url_file"},
    {.key = "alert_source_token", .kind = Kind::kSecret},
    {.key = "alert_source_token_file"},
    {.key = "template"},
};

constexpr KeySpec kNativeJiraKeys[] = {
    {.key = "api_url",
     .kind = Kind::kUrl,
     .missing = "jira: api_url is missing, such as https://company.atlassian.net/rest/api/3"},
    {.key = "api_type", .fallback = "auto"},
    {.key = "project", .missing = "jira: project is missing"},
    {.key = "issue_type", .missing = "jira: issue_type is missing"},
    {.key = "labels", .kind = Kind::kTexts},
    // Unset: by severity, see receivers/channels/jira.cc.
    {.key = "priority"},
    {.key = "fields", .kind = Kind::kAnyMap},
    {.key = "resolve_transition"},
    {.key = "reopen_transition"},
    {.key = "reopen_duration", .kind = Kind::kDuration},
    {.key = "wont_fix_resolution"},
    kPicture,
    {.key = "template"},
};

constexpr KeySpec kNativeMattermostKeys[] = {
    {.key = "webhook_url",
     .kind = Kind::kSecretUrl,
     .missing = "mattermost: webhook_url or webhook_url_file is missing"},
    {.key = "webhook_url_file"},
    {.key = "channel"},
    {.key = "username", .is_plain = true},
    {.key = "icon_url", .kind = Kind::kUrl},
    {.key = "icon_emoji"},
    {.key = "template"},
};

constexpr KeySpec kMatrixKeys[] = {
    {.key = "homeserver", .kind = Kind::kUrl, .missing = "matrix: homeserver is missing"},
    {.key = "room_id", .missing = "matrix: room_id is missing, such as !abc:example.org"},
    {.key = "access_token",
     .kind = Kind::kSecret,
     .missing = "matrix: access_token or access_token_file is missing"},
    {.key = "access_token_file"},
    kPicture,
    {.key = "template"},
};

constexpr KeySpec kNtfyKeys[] = {
    {.key = "url", .kind = Kind::kUrl, .fallback = "https://ntfy.sh/"},
    {.key = "topic", .missing = "ntfy: topic is missing"},
    {.key = "token", .kind = Kind::kSecret},
    {.key = "token_file"},
    kPicture,
    {.key = "template"},
};

constexpr KeySpec kNativeOpsGenieResponderKeys[] = {
    {.key = "id"}, {.key = "name"}, {.key = "username"}, {.key = "type"}};

constexpr KeySpec kNativeOpsGenieKeys[] = {
    {.key = "api_key",
     .kind = Kind::kSecret,
     .missing = "opsgenie: api_key or api_key_file is missing"},
    {.key = "api_key_file"},
    {.key = "api_url", .kind = Kind::kUrl, .fallback = "https://api.opsgenie.com/"},
    {.key = "responders", .kind = Kind::kMaps, .inner = kNativeOpsGenieResponderKeys},
    {.key = "template"},
};

constexpr KeySpec kNativePagerDutyKeys[] = {
    {.key = "routing_key",
     .kind = Kind::kSecret,
     .missing = "pagerduty: routing_key or routing_key_file is missing"},
    {.key = "routing_key_file"},
    {.key = "url", .kind = Kind::kUrl, .fallback = "https://events.pagerduty.com/v2/enqueue"},
    {.key = "template"},
};

constexpr KeySpec kNativePushoverKeys[] = {
    {.key = "user_key",
     .kind = Kind::kSecret,
     .missing = "pushover: user_key or user_key_file is missing"},
    {.key = "user_key_file"},
    {.key = "token", .kind = Kind::kSecret, .missing = "pushover: token or token_file is missing"},
    {.key = "token_file"},
    {.key = "api_url", .kind = Kind::kUrl, .fallback = "https://api.pushover.net/1/"},
    {.key = "device"},
    {.key = "sound"},
    {.key = "emergency", .kind = Kind::kBool, .fallback = "false"},
    {.key = "retry", .kind = Kind::kDuration, .fallback = "1m"},
    {.key = "expire", .kind = Kind::kDuration, .fallback = "1h"},
    kPicture,
    {.key = "template"},
};

constexpr KeySpec kNativeRocketchatKeys[] = {
    {.key = "api_url", .kind = Kind::kUrl, .fallback = "https://open.rocket.chat/"},
    {.key = "token",
     .kind = Kind::kSecret,
     .missing = "rocketchat: token or token_file is missing"},
    {.key = "token_file"},
    {.key = "token_id",
     .kind = Kind::kSecret,
     .missing = "rocketchat: token_id or token_id_file is missing"},
    {.key = "token_id_file"},
    {.key = "channel", .missing = "rocketchat: channel is missing, such as \"#ops\""},
    {.key = "emoji"},
    {.key = "icon_url", .kind = Kind::kUrl},
    kPicture,
    {.key = "template"},
};

constexpr KeySpec kNativeSlackKeys[] = {
    {.key = "webhook_url",
     .kind = Kind::kSecretUrl,
     .missing = "slack: webhook_url or webhook_url_file is missing"},
    {.key = "webhook_url_file"},
    {.key = "channel"},
    {.key = "username", .is_plain = true},
    {.key = "icon_emoji"},
    {.key = "icon_url", .kind = Kind::kUrl},
    {.key = "template", .kind = Kind::kAny},
};

constexpr KeySpec kNativeSigV4Keys[] = {
    {.key = "region"},
    {.key = "access_key"},
    {.key = "secret_key", .kind = Kind::kSecret},
    {.key = "secret_key_file"},
    {.key = "profile"},
    {.key = "role_arn"},
    {.key = "external_id"},
    {.key = "use_fips_sts_endpoint", .kind = Kind::kBool},
};

constexpr KeySpec kNativeSnsKeys[] = {
    // Unset: the region's own.
    {.key = "api_url", .kind = Kind::kUrl},
    // Unset, or without keys or region: found as AWS's SDK finds them.
    {.key = "sigv4", .kind = Kind::kMap, .inner = kNativeSigV4Keys},
    {.key = "topic_arn"},
    {.key = "phone_number"},
    {.key = "target_arn"},
    {.key = "attributes", .kind = Kind::kTextMap},
    {.key = "template"},
};

// By a gateway that takes mail: as email, without what a short text cannot show.
constexpr KeySpec kSmsKeys[] = {
    {.key = "smarthost",
     .kind = Kind::kAddress,
     .missing = "smarthost is missing, such as mail.example.org:587"},
    {.key = "to", .missing = "to is missing"},
    {.key = "from", .missing = "from is missing"},
    {.key = "hello", .fallback = "localhost"},
    {.key = "auth_username"},
    {.key = "auth_password", .kind = Kind::kSecret},
    {.key = "auth_password_file"},
    // Unset: by port and user, see receivers/channels/email.cc.
    {.key = "require_tls", .kind = Kind::kBool},
    {.key = "force_implicit_tls", .kind = Kind::kBool},
    {.key = "template"},
};

constexpr KeySpec kNativeTeamsKeys[] = {
    {.key = "webhook_url",
     .kind = Kind::kSecretUrl,
     .missing = "teams: webhook_url or webhook_url_file is missing"},
    {.key = "webhook_url_file"},
    {.key = "format", .fallback = "auto"},
    {.key = "template", .kind = Kind::kAny},
};

constexpr KeySpec kNativeTelegramKeys[] = {
    {.key = "api_url", .kind = Kind::kUrl, .fallback = "https://api.telegram.org"},
    {.key = "bot_token",
     .kind = Kind::kSecret,
     .missing = "telegram: bot_token or bot_token_file is missing"},
    {.key = "bot_token_file"},
    {.key = "chat_id", .missing = "telegram: chat_id or chat_id_file is missing"},
    {.key = "chat_id_file"},
    {.key = "message_thread_id", .kind = Kind::kInteger},
    {.key = "disable_notifications", .kind = Kind::kBool},
    kPicture,
    {.key = "template"},
};

constexpr KeySpec kNativeWebexKeys[] = {
    {.key = "api_url", .kind = Kind::kUrl, .fallback = "https://webexapis.com/v1/messages"},
    {.key = "room_id", .missing = "webex: room_id is missing"},
    {.key = "bot_token",
     .kind = Kind::kSecret,
     .missing = "webex: bot_token or bot_token_file is missing"},
    {.key = "bot_token_file"},
    kPicture,
    {.key = "template"},
};

constexpr KeySpec kNativeWechatKeys[] = {
    {.key = "api_url", .kind = Kind::kUrl, .fallback = "https://qyapi.weixin.qq.com/cgi-bin/"},
    {.key = "api_secret",
     .kind = Kind::kSecret,
     .missing = "wechat: api_secret or api_secret_file is missing"},
    {.key = "api_secret_file"},
    {.key = "corp_id", .missing = "wechat: corp_id is missing"},
    {.key = "agent_id", .missing = "wechat: agent_id is missing"},
    {.key = "to_user"},
    {.key = "to_party"},
    {.key = "to_tag"},
    {.key = "message_type", .fallback = "text"},
    kPicture,
    {.key = "template"},
};

constexpr KeySpec kNativeVictorOpsKeys[] = {
    {.key = "api_key",
     .kind = Kind::kSecret,
     .missing = "victorops: api_key or api_key_file is missing"},
    {.key = "api_key_file"},
    {.key = "api_url",
     .kind = Kind::kUrl,
     .fallback = "https://alert.victorops.com/integrations/generic/20131114/alert/"},
    {.key = "routing_key", .missing = "victorops: routing_key is missing"},
    {.key = "template"},
};

constexpr NativeChannelType kNativeTypes[] = {
    {.name = "email", .keys = kNativeEmailKeys, .has_http = false},
    {.name = "slack", .keys = kNativeSlackKeys},
    {.name = "discord", .keys = kNativeDiscordKeys},
    {.name = "teams", .keys = kNativeTeamsKeys},
    {.name = "pagerduty", .keys = kNativePagerDutyKeys},
    {.name = "opsgenie", .keys = kNativeOpsGenieKeys},
    {.name = "victorops", .keys = kNativeVictorOpsKeys},
    {.name = "incidentio", .keys = kNativeIncidentioKeys},
    {.name = "jira", .keys = kNativeJiraKeys},
    {.name = "sns", .keys = kNativeSnsKeys},
    {.name = "ntfy", .keys = kNtfyKeys},
    {.name = "matrix", .keys = kMatrixKeys},
    {.name = "googlechat", .keys = kGoogleChatKeys},
    {.name = "telegram", .keys = kNativeTelegramKeys},
    {.name = "pushover", .keys = kNativePushoverKeys},
    {.name = "webex", .keys = kNativeWebexKeys},
    {.name = "mattermost", .keys = kNativeMattermostKeys},
    {.name = "rocketchat", .keys = kNativeRocketchatKeys},
    {.name = "wechat", .keys = kNativeWechatKeys},
    {.name = "sms", .keys = kSmsKeys, .has_http = false},
};

bool TakesPicture(const NativeChannelType& type) {
  return std::any_of(type.keys.begin(), type.keys.end(),
                     [](const KeySpec& spec) { return spec.key == kPicture.key; });
}

// More than that the key is unknown.
void RefusePicture(MapDecoder& map, const NativeChannelType& type) {
  if (TakesPicture(type) || map.Find(kPicture.key) == nullptr) return;
  std::string able;
  for (const NativeChannelType& each : kNativeTypes) {
    if (TakesPicture(each)) able += fmt::format("{}{}", able.empty() ? "" : ", ", each.name);
  }
  map.report().Error(map.PlaceOf(kPicture.key),
                     fmt::format("{} takes no picture; these do: {}", type.name, able));
}

}  // namespace

std::span<const NativeChannelType> NativeChannelTypes() { return kNativeTypes; }

ChannelSettings MakeNativeChannel(std::string_view type) {
  const auto* const found =
      std::find_if(std::begin(kNativeTypes), std::end(kNativeTypes),
                   [type](const NativeChannelType& each) { return each.name == type; });
  CHECK(found != std::end(kNativeTypes));
  ChannelSettings channel;
  channel.type = type;
  channel.http.follow_redirects = false;
  return channel;
}

void ReadNativeHttp(MapDecoder& map, ChannelSettings* channel) {
  if (const YamlNode* http = map.Find("http_config")) {
    channel->http = DecodeHttpConfig(*http, "", map.report());
    channel->http.follow_redirects = false;  // whatever it says: an address is the operator's word
  }
}

ChannelSettings DecodeNativeChannel(const YamlNode& node, const NativeChannelType& type,
                                    FileReport& report) {
  ChannelSettings channel = MakeNativeChannel(type.name);
  MapDecoder map(node, std::string(type.name), report);
  map.ReadBool("send_resolved", &channel.send_resolved);
  if (map.ReadDuration("timeout", &channel.timeout) && channel.timeout.count() == 0) {
    report.Error(map.PlaceOf("timeout"), "timeout must be longer than 0s");
  }
  if (type.has_http) {
    ReadNativeHttp(map, &channel);
  } else if (const YamlNode* tls = map.Find("tls_config")) {
    channel.tls = DecodeTlsConfig(*tls, "", report);
  }
  RefusePicture(map, type);
  channel.keys = ReadKeys(map, type.keys);
  CompleteKeys(type.keys, map, &channel.keys);
  CheckNativeKeys(type.name, map, channel.keys);
  map.Finish();
  return channel;
}

}  // namespace tocsin::config
