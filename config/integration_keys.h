// The tables of keys of alertmanager.yml: `global`, and each type of receiver with its defaults and
// the words of its load errors. Constants.
// https://prometheus.io/docs/alerting/latest/configuration/#receiver-integration-settings
// https://github.com/prometheus/alertmanager/blob/main/config/notifiers.go
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/checked_keys.h"

namespace tocsin::config {

KeyTable GlobalKeys();

struct IntegrationType {
  std::string_view name;  // "webhook": its list is webhook_configs
  KeyTable keys;          // but for send_resolved, http_config and tls_config
  bool send_resolved = true;
  bool has_http = true;  // takes http_config
};

// In the order in which Alertmanager builds them.
std::span<const IntegrationType> IntegrationTypes();

// Empty for a type that there is not.
KeyTable KeysOfType(std::string_view name);

// "webhook_configs"
std::string ListKey(const IntegrationType& type);

// Where an app token sends Slack's messages unless told otherwise; also the only address whose
// messages can be updated. https://docs.slack.dev/reference/methods/chat.postMessage
inline constexpr std::string_view kSlackPostUrl = "https://slack.com/api/chat.postMessage";

}  // namespace tocsin::config
