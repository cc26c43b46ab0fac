#include "config/native_channels.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/check.h"

namespace tocsin::config {
namespace {

using Kind = ValueKind;

constexpr KeySpec kDiscordKeys[] = {
    {.key = "webhook_url",
     .kind = Kind::kSecretUrl,
     .missing = "discord: webhook_url or webhook_url_file is missing"},
    {.key = "webhook_url_file"},
    {.key = "username", .is_plain = true},
    {.key = "avatar_url", .kind = Kind::kUrl},
    {.key = "template", .kind = Kind::kAny},
};

// Of mail, and of SMS by gateways that take mail.
constexpr KeySpec kMailKeys[] = {
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

constexpr KeySpec kGoogleChatKeys[] = {
    {.key = "webhook_url",
     .kind = Kind::kSecretUrl,
     .missing = "googlechat: webhook_url or webhook_url_file is missing"},
    {.key = "webhook_url_file"},
    {.key = "template"},
};

constexpr KeySpec kMatrixKeys[] = {
    {.key = "homeserver", .kind = Kind::kUrl, .missing = "matrix: homeserver is missing"},
    {.key = "room_id", .missing = "matrix: room_id is missing, such as !abc:example.org"},
    {.key = "access_token",
     .kind = Kind::kSecret,
     .missing = "matrix: access_token or access_token_file is missing"},
    {.key = "access_token_file"},
    {.key = "template"},
};

constexpr KeySpec kNtfyKeys[] = {
    {.key = "url", .kind = Kind::kUrl, .fallback = "https://ntfy.sh/"},
    {.key = "topic", .missing = "ntfy: topic is missing"},
    {.key = "token", .kind = Kind::kSecret},
    {.key = "token_file"},
    {.key = "template"},
};

constexpr KeySpec kPagerDutyKeys[] = {
    {.key = "routing_key",
     .kind = Kind::kSecret,
     .missing = "pagerduty: routing_key or routing_key_file is missing"},
    {.key = "routing_key_file"},
    {.key = "url", .kind = Kind::kUrl, .fallback = "https://events.pagerduty.com/v2/enqueue"},
    {.key = "template"},
};

constexpr KeySpec kSlackKeys[] = {
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

constexpr KeySpec kTeamsKeys[] = {
    {.key = "webhook_url",
     .kind = Kind::kSecretUrl,
     .missing = "teams: webhook_url or webhook_url_file is missing"},
    {.key = "webhook_url_file"},
    {.key = "format", .fallback = "auto"},
    {.key = "template", .kind = Kind::kAny},
};

constexpr NativeChannelType kTypes[] = {
    {.name = "email", .keys = kMailKeys, .has_http = false},
    {.name = "slack", .keys = kSlackKeys},
    {.name = "discord", .keys = kDiscordKeys},
    {.name = "teams", .keys = kTeamsKeys},
    {.name = "pagerduty", .keys = kPagerDutyKeys},
    {.name = "ntfy", .keys = kNtfyKeys},
    {.name = "matrix", .keys = kMatrixKeys},
    {.name = "googlechat", .keys = kGoogleChatKeys},
    {.name = "sms", .keys = kMailKeys, .has_http = false},
};

void CheckTeamsFormat(MapDecoder& map, const CheckedKeys& keys) {
  const std::string format = keys.Text("format");
  if (format == "auto" || format == "workflow" || format == "connector") return;
  map.report().Error(map.PlaceOf("format"), "format must be auto, workflow or connector");
}

}  // namespace

std::span<const NativeChannelType> NativeChannelTypes() { return kTypes; }

ChannelSettings MakeNativeChannel(std::string_view type) {
  const auto* const found =
      std::find_if(std::begin(kTypes), std::end(kTypes),
                   [type](const NativeChannelType& each) { return each.name == type; });
  CHECK(found != std::end(kTypes));
  ChannelSettings channel;
  channel.type = type;
  channel.http.follow_redirects = false;
  return channel;
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
    if (const YamlNode* http = map.Find("http_config")) {
      channel.http = DecodeHttpConfig(*http, "", report);
      channel.http.follow_redirects = false;  // whatever it says: an address is the operator's word
    }
  } else if (const YamlNode* tls = map.Find("tls_config")) {
    channel.tls = DecodeTlsConfig(*tls, "", report);
  }
  channel.keys = ReadKeys(map, type.keys);
  CompleteKeys(type.keys, map, &channel.keys);
  if (type.name == "teams") CheckTeamsFormat(map, channel.keys);
  map.Finish();
  return channel;
}

}  // namespace tocsin::config
