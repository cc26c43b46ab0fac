#include "config/integration_keys.h"

#include <fmt/format.h>

namespace tocsin::config {
namespace {

using Kind = ValueKind;

constexpr KeySpec kGlobalKeys[] = {
    {.key = "resolve_timeout", .kind = Kind::kDuration, .fallback = "5m"},
    {.key = "smtp_from"},
    {.key = "smtp_hello", .fallback = "localhost"},
    {.key = "smtp_smarthost", .kind = Kind::kAddress},
    {.key = "smtp_auth_username"},
    {.key = "smtp_auth_password", .kind = Kind::kSecret},
    {.key = "smtp_auth_password_file"},
    {.key = "smtp_auth_secret", .kind = Kind::kSecret},
    {.key = "smtp_auth_secret_file"},
    {.key = "smtp_auth_identity"},
    {.key = "smtp_require_tls", .kind = Kind::kBool, .fallback = "true"},
    {.key = "smtp_force_implicit_tls", .kind = Kind::kBool},
    {.key = "slack_api_url", .kind = Kind::kSecretUrl},
    {.key = "slack_api_url_file"},
    {.key = "slack_app_token", .kind = Kind::kSecret},
    {.key = "slack_app_token_file"},
    {.key = "slack_app_url", .kind = Kind::kUrl, .fallback = kSlackPostUrl, .is_late = true},
    {.key = "pagerduty_url",
     .kind = Kind::kUrl,
     .fallback = "https://events.pagerduty.com/v2/enqueue"},
    {.key = "opsgenie_api_url", .kind = Kind::kUrl, .fallback = "https://api.opsgenie.com/"},
    {.key = "opsgenie_api_key", .kind = Kind::kSecret},
    {.key = "opsgenie_api_key_file"},
    {.key = "wechat_api_url",
     .kind = Kind::kUrl,
     .fallback = "https://qyapi.weixin.qq.com/cgi-bin/"},
    {.key = "wechat_api_secret", .kind = Kind::kSecret},
    {.key = "wechat_api_secret_file"},
    {.key = "wechat_api_corp_id"},
    {.key = "victorops_api_url",
     .kind = Kind::kUrl,
     .fallback = "https://alert.victorops.com/integrations/generic/20131114/alert/"},
    {.key = "victorops_api_key", .kind = Kind::kSecret},
    {.key = "victorops_api_key_file"},
    {.key = "telegram_api_url", .kind = Kind::kUrl, .fallback = "https://api.telegram.org"},
    {.key = "telegram_bot_token", .kind = Kind::kSecret},
    {.key = "telegram_bot_token_file"},
    {.key = "webex_api_url", .kind = Kind::kUrl, .fallback = "https://webexapis.com/v1/messages"},
    {.key = "rocketchat_api_url",
     .kind = Kind::kUrl,
     .fallback = "https://open.rocket.chat/",
     .is_late = true},
    {.key = "rocketchat_token", .kind = Kind::kSecret},
    {.key = "rocketchat_token_file"},
    {.key = "rocketchat_token_id", .kind = Kind::kSecret},
    {.key = "rocketchat_token_id_file"},
    {.key = "mattermost_webhook_url", .kind = Kind::kSecretUrl},
    {.key = "mattermost_webhook_url_file"},
    {.key = "jira_api_url", .kind = Kind::kUrl},
};

constexpr KeySpec kWebhookKeys[] = {
    {.key = "url",
     .kind = Kind::kSecretTemplateUrl,
     .missing = "one of url or url_file must be configured"},
    {.key = "url_file"},
    {.key = "max_alerts", .kind = Kind::kCount, .fallback = "0"},
    {.key = "timeout", .kind = Kind::kGoDuration, .fallback = "0s", .is_late = true},
    {.key = "payload", .kind = Kind::kAny},
};

constexpr KeySpec kThreadingKeys[] = {
    {.key = "enabled", .kind = Kind::kBool},
    {.key = "thread_by_date", .is_plain = true},
};

constexpr KeySpec kEmailKeys[] = {
    {.key = "to", .missing = "missing to address in email config"},
    {.key = "from", .global = "smtp_from", .missing = "no global SMTP from set"},
    {.key = "smarthost",
     .kind = Kind::kAddress,
     .global = "smtp_smarthost",
     .missing = "no global SMTP smarthost set"},
    {.key = "hello", .global = "smtp_hello", .is_plain = true},
    {.key = "auth_username", .global = "smtp_auth_username", .is_plain = true},
    {.key = "auth_password", .kind = Kind::kSecret, .global = "smtp_auth_password"},
    {.key = "auth_password_file", .global = "smtp_auth_password_file"},
    {.key = "auth_secret", .kind = Kind::kSecret, .global = "smtp_auth_secret"},
    {.key = "auth_secret_file", .global = "smtp_auth_secret_file"},
    {.key = "auth_identity", .global = "smtp_auth_identity", .is_plain = true},
    {.key = "require_tls", .kind = Kind::kBool, .global = "smtp_require_tls"},
    {.key = "force_implicit_tls", .kind = Kind::kBool, .global = "smtp_force_implicit_tls"},
    {.key = "headers", .kind = Kind::kTextMap},
    {.key = "html", .fallback = R"({{ template "email.default.html" . }})"},
    {.key = "text"},
    {.key = "threading", .kind = Kind::kMap, .inner = kThreadingKeys},
    {.key = "subject", .kind = Kind::kMistake, .missing = "use `headers: {Subject: ...}`"},
    {.key = "body", .kind = Kind::kMistake, .missing = "use `html:` or `text:`"},
    {.key = "http_config", .kind = Kind::kMistake, .missing = "use `tls_config:`"},
};

constexpr KeySpec kSlackFieldKeys[] = {
    {.key = "title", .missing = "missing title in Slack field configuration"},
    {.key = "value", .missing = "missing value in Slack field configuration"},
    {.key = "short", .kind = Kind::kBool},
};
constexpr KeySpec kSlackConfirmKeys[] = {
    {.key = "text", .missing = "missing text in Slack confirmation configuration"},
    {.key = "title"},
    {.key = "ok_text"},
    {.key = "dismiss_text"},
};
constexpr KeySpec kSlackActionKeys[] = {
    {.key = "type", .missing = "missing type in Slack action configuration"},
    {.key = "text", .missing = "missing text in Slack action configuration"},
    {.key = "url"},
    {.key = "style"},
    {.key = "name"},
    {.key = "value"},
    {.key = "confirm", .kind = Kind::kMap, .inner = kSlackConfirmKeys},
};

constexpr KeySpec kSlackKeys[] = {
    {.key = "api_url", .kind = Kind::kSecretUrl},
    {.key = "api_url_file"},
    {.key = "app_token", .kind = Kind::kSecret},
    {.key = "app_token_file"},
    {.key = "app_url", .kind = Kind::kUrl},
    {.key = "channel"},
    {.key = "username", .fallback = R"({{ template "slack.default.username" . }})"},
    {.key = "color", .fallback = R"({{ if eq .Status "firing" }}danger{{ else }}good{{ end }})"},
    {.key = "title", .fallback = R"({{ template "slack.default.title" . }})"},
    {.key = "title_link", .fallback = R"({{ template "slack.default.titlelink" . }})"},
    {.key = "pretext", .fallback = R"({{ template "slack.default.pretext" . }})"},
    {.key = "text", .fallback = R"({{ template "slack.default.text" . }})"},
    {.key = "message_text"},
    {.key = "fields", .kind = Kind::kMaps, .inner = kSlackFieldKeys},
    {.key = "short_fields", .kind = Kind::kBool, .fallback = "false"},
    {.key = "footer", .fallback = R"({{ template "slack.default.footer" . }})"},
    {.key = "fallback", .fallback = R"({{ template "slack.default.fallback" . }})"},
    {.key = "callback_id", .fallback = R"({{ template "slack.default.callbackid" . }})"},
    {.key = "icon_emoji", .fallback = R"({{ template "slack.default.iconemoji" . }})"},
    {.key = "icon_url", .fallback = R"({{ template "slack.default.iconurl" . }})"},
    {.key = "image_url"},
    {.key = "thumb_url"},
    {.key = "link_names", .kind = Kind::kBool, .fallback = "false"},
    {.key = "mrkdwn_in", .kind = Kind::kTexts, .is_plain = true},
    {.key = "actions", .kind = Kind::kMaps, .inner = kSlackActionKeys},
    {.key = "timeout", .kind = Kind::kGoDuration, .fallback = "0s", .is_late = true},
    {.key = "update_message", .kind = Kind::kBool},
};

constexpr KeySpec kPagerDutyImageKeys[] = {{.key = "src"}, {.key = "alt"}, {.key = "href"}};
constexpr KeySpec kPagerDutyLinkKeys[] = {{.key = "href"}, {.key = "text"}};

constexpr KeySpec kPagerDutyKeys[] = {
    {.key = "service_key", .kind = Kind::kSecret},
    {.key = "service_key_file"},
    {.key = "routing_key", .kind = Kind::kSecret},
    {.key = "routing_key_file"},
    {.key = "url", .kind = Kind::kUrl, .global = "pagerduty_url"},
    {.key = "client", .fallback = R"({{ template "pagerduty.default.client" . }})"},
    {.key = "client_url", .fallback = R"({{ template "pagerduty.default.clientURL" . }})"},
    {.key = "description", .fallback = R"({{ template "pagerduty.default.description" . }})"},
    {.key = "details", .kind = Kind::kAnyMap},
    {.key = "images", .kind = Kind::kMaps, .inner = kPagerDutyImageKeys},
    {.key = "links", .kind = Kind::kMaps, .inner = kPagerDutyLinkKeys},
    {.key = "source"},
    {.key = "severity"},
    {.key = "class"},
    {.key = "component"},
    {.key = "group"},
    {.key = "timeout", .kind = Kind::kGoDuration, .fallback = "0s", .is_late = true},
};

constexpr KeySpec kOpsGenieResponderKeys[] = {
    {.key = "id"}, {.key = "name"}, {.key = "username"}, {.key = "type"}};

constexpr KeySpec kOpsGenieKeys[] = {
    {.key = "api_key",
     .kind = Kind::kSecret,
     .global = "opsgenie_api_key",
     .missing = "no global OpsGenie API Key set either inline or in a file"},
    {.key = "api_key_file", .global = "opsgenie_api_key_file"},
    {.key = "api_url", .kind = Kind::kUrl, .global = "opsgenie_api_url"},
    {.key = "message", .fallback = R"({{ template "opsgenie.default.message" . }})"},
    {.key = "description", .fallback = R"({{ template "opsgenie.default.description" . }})"},
    {.key = "source", .fallback = R"({{ template "opsgenie.default.source" . }})"},
    {.key = "details", .kind = Kind::kTextMap},
    {.key = "entity"},
    {.key = "responders", .kind = Kind::kMaps, .inner = kOpsGenieResponderKeys},
    {.key = "actions"},
    {.key = "tags"},
    {.key = "note"},
    {.key = "priority"},
    {.key = "update_alerts", .kind = Kind::kBool},
};

constexpr KeySpec kWechatKeys[] = {
    {.key = "api_secret",
     .kind = Kind::kSecret,
     .global = "wechat_api_secret",
     .missing = "no global Wechat Api Secret set"},
    {.key = "api_secret_file", .global = "wechat_api_secret_file"},
    {.key = "corp_id", .global = "wechat_api_corp_id", .missing = "no global Wechat CorpID set"},
    {.key = "api_url", .kind = Kind::kUrl, .global = "wechat_api_url"},
    {.key = "message", .fallback = R"({{ template "wechat.default.message" . }})"},
    {.key = "to_user", .fallback = R"({{ template "wechat.default.to_user" . }})"},
    {.key = "to_party", .fallback = R"({{ template "wechat.default.to_party" . }})"},
    {.key = "to_tag", .fallback = R"({{ template "wechat.default.to_tag" . }})"},
    {.key = "agent_id", .fallback = R"({{ template "wechat.default.agent_id" . }})"},
    {.key = "message_type", .fallback = "text", .is_plain = true},
};

constexpr KeySpec kVictorOpsKeys[] = {
    {.key = "api_key",
     .kind = Kind::kSecret,
     .global = "victorops_api_key",
     .missing = "no global VictorOps API Key set"},
    {.key = "api_key_file", .global = "victorops_api_key_file"},
    {.key = "api_url", .kind = Kind::kUrl, .global = "victorops_api_url"},
    {.key = "routing_key", .missing = "missing Routing key in VictorOps config"},
    {.key = "message_type", .fallback = "CRITICAL"},
    {.key = "state_message", .fallback = R"({{ template "victorops.default.state_message" . }})"},
    {.key = "entity_display_name",
     .fallback = R"({{ template "victorops.default.entity_display_name" . }})"},
    {.key = "monitoring_tool",
     .fallback = R"({{ template "victorops.default.monitoring_tool" . }})"},
    {.key = "custom_fields", .kind = Kind::kTextMap},
};

constexpr KeySpec kPushoverKeys[] = {
    {.key = "user_key",
     .kind = Kind::kSecret,
     .missing = "one of user_key or user_key_file must be configured"},
    {.key = "user_key_file"},
    {.key = "token",
     .kind = Kind::kSecret,
     .missing = "one of token or token_file must be configured"},
    {.key = "token_file"},
    {.key = "title", .fallback = R"({{ template "pushover.default.title" . }})"},
    {.key = "message", .fallback = R"({{ template "pushover.default.message" . }})"},
    {.key = "url", .fallback = R"({{ template "pushover.default.url" . }})"},
    {.key = "url_title"},
    {.key = "device"},
    {.key = "sound"},
    {.key = "priority", .fallback = R"({{ if eq .Status "firing" }}2{{ else }}0{{ end }})"},
    {.key = "retry", .kind = Kind::kAnyDuration, .fallback = "1m"},
    {.key = "expire", .kind = Kind::kAnyDuration, .fallback = "1h"},
    {.key = "ttl", .kind = Kind::kAnyDuration},
    {.key = "html", .kind = Kind::kBool, .fallback = "false"},
    {.key = "monospace", .kind = Kind::kBool},
};

constexpr KeySpec kSigV4Keys[] = {{.key = "region", .is_plain = true},
                                  {.key = "access_key", .is_plain = true},
                                  {.key = "secret_key", .kind = Kind::kSecret},
                                  {.key = "profile", .is_plain = true},
                                  {.key = "role_arn", .is_plain = true},
                                  {.key = "external_id", .is_plain = true},
                                  {.key = "use_fips_sts_endpoint", .kind = Kind::kBool}};

constexpr KeySpec kSnsKeys[] = {
    {.key = "api_url"},
    {.key = "sigv4", .kind = Kind::kMap, .inner = kSigV4Keys},
    {.key = "topic_arn"},
    {.key = "phone_number"},
    {.key = "target_arn"},
    {.key = "subject", .fallback = R"({{ template "sns.default.subject" . }})"},
    {.key = "message", .fallback = R"({{ template "sns.default.message" . }})"},
    {.key = "attributes", .kind = Kind::kTextMap},
    {.key = "use_aws_http_client", .kind = Kind::kBool},
};

constexpr KeySpec kTelegramKeys[] = {
    {.key = "api_url", .kind = Kind::kUrl, .global = "telegram_api_url"},
    {.key = "bot_token",
     .kind = Kind::kSecret,
     .global = "telegram_bot_token",
     .missing = "missing bot_token or bot_token_file on telegram_config"},
    {.key = "bot_token_file", .global = "telegram_bot_token_file"},
    {.key = "chat_id", .kind = Kind::kInteger, .missing = "missing chat_id on telegram_config"},
    {.key = "chat_id_file"},
    {.key = "message_thread_id", .kind = Kind::kInteger},
    {.key = "message", .fallback = R"({{ template "telegram.default.message" . }})"},
    {.key = "disable_notifications", .kind = Kind::kBool, .fallback = "false"},
    {.key = "parse_mode", .fallback = "HTML", .is_plain = true},
};

constexpr KeySpec kDiscordKeys[] = {
    {.key = "webhook_url",
     .kind = Kind::kSecretUrl,
     .missing = "one of webhook_url or webhook_url_file must be configured"},
    {.key = "webhook_url_file"},
    {.key = "title", .fallback = R"({{ template "discord.default.title" . }})"},
    {.key = "message", .fallback = R"({{ template "discord.default.message" . }})"},
    {.key = "content",
     .fallback = R"({{ template "discord.default.content" . }})",
     .is_late = true},
    {.key = "username", .is_plain = true},
    {.key = "avatar_url", .is_plain = true},
};

constexpr KeySpec kWebexKeys[] = {
    {.key = "api_url", .kind = Kind::kUrl, .global = "webex_api_url"},
    {.key = "room_id", .missing = "missing room_id on webex_config"},
    {.key = "message", .fallback = R"({{ template "webex.default.message" . }})"},
};

// The types below are all younger than 0.25.
constexpr KeySpec kTeamsKeys[] = {
    {.key = "webhook_url",
     .kind = Kind::kSecretUrl,
     .missing = "one of webhook_url or webhook_url_file must be configured"},
    {.key = "webhook_url_file"},
    {.key = "title", .fallback = R"({{ template "msteams.default.title" . }})"},
    {.key = "summary", .fallback = R"({{ template "msteams.default.summary" . }})"},
    {.key = "text", .fallback = R"({{ template "msteams.default.text" . }})"},
};

constexpr KeySpec kTeamsV2Keys[] = {
    {.key = "webhook_url",
     .kind = Kind::kSecretUrl,
     .missing = "one of webhook_url or webhook_url_file must be configured"},
    {.key = "webhook_url_file"},
    {.key = "title", .fallback = R"({{ template "msteamsv2.default.title" . }})"},
    {.key = "text", .fallback = R"({{ template "msteamsv2.default.text" . }})"},
};

constexpr KeySpec kJiraKeys[] = {
    {.key = "api_url",
     .kind = Kind::kUrl,
     .global = "jira_api_url",
     .missing = "no global Jira Cloud URL set"},
    {.key = "api_type", .fallback = "auto", .is_plain = true},
    {.key = "project", .missing = "missing project in jira_config"},
    {.key = "issue_type", .missing = "missing issue_type in jira_config"},
    // A template, or a map with one and how it is updated.
    {.key = "summary",
     .kind = Kind::kAny,
     .fallback = R"({{ template "jira.default.summary" . }})"},
    {.key = "description",
     .kind = Kind::kAny,
     .fallback = R"({{ template "jira.default.description" . }})"},
    {.key = "labels", .kind = Kind::kTexts},
    {.key = "priority", .fallback = R"({{ template "jira.default.priority" . }})"},
    {.key = "fields", .kind = Kind::kAnyMap},
    {.key = "resolve_transition", .is_plain = true},
    {.key = "reopen_transition", .is_plain = true},
    {.key = "reopen_duration", .kind = Kind::kDuration},
    {.key = "wont_fix_resolution", .is_plain = true},
};

constexpr KeySpec kFieldKeys[] = {
    {.key = "title"}, {.key = "value"}, {.key = "short", .kind = Kind::kBool}};
constexpr KeySpec kRocketchatActionKeys[] = {
    {.key = "type"}, {.key = "text"}, {.key = "url"}, {.key = "msg"}};

constexpr KeySpec kRocketchatKeys[] = {
    {.key = "api_url",
     .kind = Kind::kUrl,
     .fallback = "https://open.rocket.chat/",
     .global = "rocketchat_api_url"},
    {.key = "token",
     .kind = Kind::kSecret,
     .global = "rocketchat_token",
     .missing = "no global Rocketchat Token set either inline or in a file"},
    {.key = "token_file", .global = "rocketchat_token_file"},
    {.key = "token_id",
     .kind = Kind::kSecret,
     .global = "rocketchat_token_id",
     .missing = "no global Rocketchat TokenID set either inline or in a file"},
    {.key = "token_id_file", .global = "rocketchat_token_id_file"},
    {.key = "channel"},
    {.key = "color", .fallback = R"({{ if eq .Status "firing" }}red{{ else }}green{{ end }})"},
    {.key = "title", .fallback = R"({{ template "rocketchat.default.title" . }})"},
    {.key = "title_link", .fallback = R"({{ template "rocketchat.default.titlelink" . }})"},
    {.key = "text", .fallback = R"({{ template "rocketchat.default.text" . }})"},
    {.key = "fields", .kind = Kind::kMaps, .inner = kFieldKeys},
    {.key = "short_fields", .kind = Kind::kBool, .fallback = "false"},
    {.key = "emoji", .fallback = R"({{ template "rocketchat.default.emoji" . }})"},
    {.key = "icon_url", .fallback = R"({{ template "rocketchat.default.iconurl" . }})"},
    {.key = "image_url"},
    {.key = "thumb_url"},
    {.key = "link_names", .kind = Kind::kBool, .fallback = "false"},
    {.key = "actions", .kind = Kind::kMaps, .inner = kRocketchatActionKeys},
};

constexpr KeySpec kMattermostAttachmentKeys[] = {
    {.key = "fallback"},    {.key = "color"},
    {.key = "pretext"},     {.key = "text"},
    {.key = "author_name"}, {.key = "author_link"},
    {.key = "author_icon"}, {.key = "title"},
    {.key = "title_link"},  {.key = "fields", .kind = Kind::kMaps, .inner = kFieldKeys},
    {.key = "thumb_url"},   {.key = "footer"},
    {.key = "footer_icon"}, {.key = "image_url"}};
constexpr KeySpec kMattermostPropsKeys[] = {{.key = "card"}};
constexpr KeySpec kMattermostPriorityKeys[] = {
    {.key = "priority"},
    {.key = "requested_ack", .kind = Kind::kBool},
    {.key = "persistent_notifications", .kind = Kind::kBool}};

constexpr KeySpec kMattermostKeys[] = {
    {.key = "webhook_url",
     .kind = Kind::kSecretUrl,
     .global = "mattermost_webhook_url",
     .missing = "no global Mattermost webhook URL set either inline or in a file"},
    {.key = "webhook_url_file", .global = "mattermost_webhook_url_file"},
    {.key = "channel"},
    {.key = "username", .fallback = R"({{ template "mattermost.default.username" . }})"},
    {.key = "text", .fallback = R"({{ template "mattermost.default.text" . }})"},
    {.key = "fallback", .fallback = R"({{ template "mattermost.default.fallback" . }})"},
    {.key = "color", .fallback = R"({{ template "mattermost.default.color" . }})"},
    {.key = "pretext"},
    {.key = "author_name"},
    {.key = "author_link"},
    {.key = "author_icon"},
    {.key = "title", .fallback = R"({{ template "mattermost.default.title" . }})"},
    {.key = "title_link", .fallback = R"({{ template "mattermost.default.titlelink" . }})"},
    {.key = "fields", .kind = Kind::kMaps, .inner = kFieldKeys},
    {.key = "thumb_url"},
    {.key = "footer"},
    {.key = "footer_icon"},
    {.key = "image_url"},
    {.key = "icon_url"},
    {.key = "icon_emoji"},
    {.key = "attachments", .kind = Kind::kMaps, .inner = kMattermostAttachmentKeys},
    {.key = "props", .kind = Kind::kMap, .inner = kMattermostPropsKeys},
    {.key = "priority", .kind = Kind::kMap, .inner = kMattermostPriorityKeys},
    {.key = "type"},
};

constexpr KeySpec kIncidentioKeys[] = {
    {.key = "url", .kind = Kind::kUrl, .missing = "one of url or url_file must be configured"},
    {.key = "url_file"},
    {.key = "alert_source_token", .kind = Kind::kSecret},
    {.key = "alert_source_token_file"},
    {.key = "max_alerts", .kind = Kind::kCount, .fallback = "0"},
    {.key = "timeout", .kind = Kind::kGoDuration, .fallback = "0s"},
};

constexpr IntegrationType kTypes[] = {
    {.name = "webhook", .keys = kWebhookKeys},
    {.name = "email", .keys = kEmailKeys, .send_resolved = false, .has_http = false},
    {.name = "pagerduty", .keys = kPagerDutyKeys},
    {.name = "opsgenie", .keys = kOpsGenieKeys},
    {.name = "wechat", .keys = kWechatKeys, .send_resolved = false},
    {.name = "slack", .keys = kSlackKeys, .send_resolved = false},
    {.name = "victorops", .keys = kVictorOpsKeys},
    {.name = "pushover", .keys = kPushoverKeys},
    {.name = "sns", .keys = kSnsKeys},
    {.name = "telegram", .keys = kTelegramKeys},
    {.name = "discord", .keys = kDiscordKeys},
    {.name = "webex", .keys = kWebexKeys},
    {.name = "msteams", .keys = kTeamsKeys},
    {.name = "msteamsv2", .keys = kTeamsV2Keys},
    {.name = "jira", .keys = kJiraKeys},
    {.name = "rocketchat", .keys = kRocketchatKeys, .send_resolved = false},
    {.name = "mattermost", .keys = kMattermostKeys},
    {.name = "incidentio", .keys = kIncidentioKeys},
};

}  // namespace

KeyTable GlobalKeys() { return kGlobalKeys; }
std::span<const IntegrationType> IntegrationTypes() { return kTypes; }
KeyTable KeysOfType(std::string_view name) {
  for (const IntegrationType& type : IntegrationTypes()) {
    if (type.name == name) return type.keys;
  }
  return {};
}

std::string ListKey(const IntegrationType& type) { return fmt::format("{}_configs", type.name); }

}  // namespace tocsin::config
