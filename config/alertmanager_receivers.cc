#include "config/alertmanager_receivers.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/go_duration.h"
#include "base/number.h"
#include "base/text.h"
#include "config/integration_keys.h"
#include "config/yaml_print.h"

namespace tocsin::config {
namespace {

// One item of a list of integrations while it is being completed.
struct Completion {
  MapDecoder& map;
  const AlertmanagerGlobal& global;
  AlertmanagerIntegration& integration;

  CheckedKeys& keys() const { return integration.keys; }
  void Error(std::string_view key, std::string message) const {
    map.report().Error(map.PlaceOf(key), std::move(message));
  }
};

// The address, or the token, or the name of a file that holds one of them: of the receiver or, if
// it has none at all, of global.
void CompleteSlack(const Completion& slack) {
  constexpr std::string_view kWays[] = {"api_url", "api_url_file", "app_token", "app_token_file"};
  CheckedKeys& keys = slack.keys();
  const auto has = [&keys](std::string_view key) { return keys.Has(key); };
  if (std::none_of(std::begin(kWays), std::end(kWays), has)) {
    for (std::string_view way : kWays) {
      keys.Copy(way, slack.global.keys, fmt::format("slack_{}", way));
    }
  }
  if (std::none_of(std::begin(kWays), std::end(kWays), has)) {
    slack.Error("api_url", "no Slack API URL nor App token set either inline or in a file");
  }
  const bool has_token = keys.Has("app_token") || keys.Has("app_token_file");
  if (has_token && !keys.Has("app_url")) {
    keys.Copy("app_url", slack.global.keys, "slack_app_url");
    if (!keys.Has("app_url")) keys.Set("app_url", YamlText(kSlackPostUrl));
  }
  const std::string url = keys.Has("api_url") ? keys.Url("api_url") : keys.Url("app_url");
  const bool is_known = !url.empty() && url != kSecretText;
  if (keys.Text("update_message") == "true" && is_known && url != kSlackPostUrl) {
    slack.Error("update_message", fmt::format("update_message needs api_url: {}", kSlackPostUrl));
  }
}

void CompletePagerDuty(const Completion& pagerduty) {
  const CheckedKeys& keys = pagerduty.keys();
  const bool has_key = keys.Has("service_key") || keys.Has("service_key_file") ||
                       keys.Has("routing_key") || keys.Has("routing_key_file");
  if (!has_key) {
    pagerduty.Error("routing_key", "missing service or routing key in PagerDuty config");
  }
}

// x-priority to X-Priority: https://pkg.go.dev/net/textproto#CanonicalMIMEHeaderKey
std::string CanonicalHeader(std::string_view name) {
  std::string canonical = ToLowerAscii(name);
  bool is_first = true;
  for (char& c : canonical) {
    if (is_first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    is_first = c == '-';
  }
  return canonical;
}

void CompleteEmailHeaders(const Completion& email) {
  const YamlNode* headers = email.map.Find("headers");
  if (headers == nullptr) return;
  YamlMap canonical;
  std::set<std::string> names;
  const YamlNode* values = email.keys().Find("headers");
  for (const YamlEntry& entry : headers->entries) {
    const std::string name = CanonicalHeader(entry.key);
    if (!names.insert(name).second) {
      email.map.report().Error(
          entry.mark, fmt::format("duplicate header {} in email config", QuoteForMessage(name)));
      continue;
    }
    const auto value = std::find_if(values->entries.begin(), values->entries.end(),
                                    [&entry](const YamlEntry& e) { return e.key == entry.key; });
    if (value != values->entries.end()) canonical.Add(name, value->value);
  }
  email.keys().Set("headers", std::move(canonical).Take());
}

void CompleteEmail(const Completion& email) {
  CompleteEmailHeaders(email);
  const YamlNode* threading = email.keys().Find("threading");
  if (threading == nullptr) return;
  std::string way;
  bool is_enabled = false;
  for (const YamlEntry& entry : threading->entries) {
    if (entry.key == "thread_by_date") way = entry.value.text;
    if (entry.key == "enabled") is_enabled = entry.value.text == "true";
  }
  const bool is_known = way == "none" || way == "daily" || (way.empty() && !is_enabled);
  if (!is_known) {
    email.Error("threading", "threading.thread_by_date must be none or daily");
  }
}

void CheckWord(const Completion& of, std::string_view key, std::string_view message,
               std::initializer_list<std::string_view> words) {
  const std::string word = of.keys().Text(key);
  if (std::find(words.begin(), words.end(), word) == words.end()) {
    of.Error(key, std::string(message));
  }
}

void CompleteJira(const Completion& jira) {
  CheckWord(jira, "api_type", "unknown api_type in jira_config, must be auto, cloud or datacenter",
            {"", "auto", "cloud", "datacenter"});
}

void CompleteTelegram(const Completion& telegram) {
  CheckWord(telegram, "parse_mode",
            "unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty "
            "string",
            {"", "Markdown", "MarkdownV2", "HTML"});
  if (telegram.keys().Text("chat_id") == "0" && !telegram.keys().Has("chat_id_file")) {
    telegram.Error("chat_id", "missing chat_id on telegram_config");
  }
}

void CompleteWechat(const Completion& wechat) {
  CheckWord(wechat, "message_type",
            fmt::format("weChat message type {} does not match valid options: text, markdown",
                        QuoteForMessage(wechat.keys().Text("message_type"))),
            {"", "text", "markdown"});
}

void CompleteSns(const Completion& sns) {
  const CheckedKeys& keys = sns.keys();
  const int targets = static_cast<int>(keys.Has("target_arn")) +
                      static_cast<int>(keys.Has("topic_arn")) +
                      static_cast<int>(keys.Has("phone_number"));
  if (targets != 1) {
    sns.map.report().Error(
        sns.map.mark(),
        "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config");
  }
  bool has_access_key = false;
  if (const YamlNode* sigv4 = keys.Find("sigv4")) {
    has_access_key = std::any_of(
        sigv4->entries.begin(), sigv4->entries.end(),
        [](const YamlEntry& e) { return e.key == "access_key" && !e.value.text.empty(); });
  }
  if (has_access_key == keys.SecretOf("sigv4.secret_key").empty()) {
    sns.Error("sigv4",
              "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in "
              "the SNS config");
  }
}

void CompleteWebex(const Completion& webex) {
  if (!webex.integration.http.authorization) {
    webex.Error("http_config", "missing webex_configs.http_config.authorization");
  }
}

// https://docs.opsgenie.com/docs/alert-api#create-alert
void CompleteOpsGenie(const Completion& opsgenie) {
  constexpr std::string_view kTypes[] = {"team", "teams", "user", "escalation", "schedule"};
  for (const YamlNode& node : opsgenie.map.ReadList("responders")) {
    std::string type;
    bool has_name = false;
    for (const YamlEntry& entry : node.entries) {
      if (entry.key == "type") type = ToLowerAscii(entry.value.text);
      if (entry.key != "type") has_name = has_name || !entry.value.text.empty();
    }
    if (!has_name) {
      opsgenie.map.report().Error(
          node.mark,
          "opsGenieConfig responder has to have at least one of id, username or name "
          "specified");
    }
    const bool is_known = std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
    if (!is_known && type.find("{{") == std::string::npos) {
      opsgenie.map.report().Error(node.mark,
                                  fmt::format("opsGenieConfig responder type {} does not match "
                                              "valid options: team, teams, user, escalation, "
                                              "schedule",
                                              QuoteForMessage(type)));
    }
  }
}

void CompleteTeamsV2(const Completion& teams) {
  ProxyConfig& proxy = teams.integration.http.proxy;
  if (proxy.url.empty() && !proxy.from_environment) proxy.url = teams.global.http.proxy.url;
}

struct Completer {
  std::string_view type;
  void (*complete)(const Completion&);
};
constexpr Completer kCompleters[] = {
    {"email", CompleteEmail},       {"msteamsv2", CompleteTeamsV2},   {"jira", CompleteJira},
    {"opsgenie", CompleteOpsGenie}, {"pagerduty", CompletePagerDuty}, {"slack", CompleteSlack},
    {"sns", CompleteSns},           {"telegram", CompleteTelegram},   {"webex", CompleteWebex},
    {"wechat", CompleteWechat},
};

void CompleteByType(const Completion& completion) {
  for (const Completer& completer : kCompleters) {
    if (completer.type == completion.integration.type) completer.complete(completion);
  }
}

class ReceiversReader {
 public:
  ReceiversReader(const AlertmanagerGlobal& global, const AlertmanagerContext& context,
                  FileReport& report)
      : global_(global), context_(context), report_(report) {}

  AlertmanagerReceiver Read(const YamlNode& node) {
    AlertmanagerReceiver receiver;
    receiver.place = report_.PlaceName(node.mark);
    MapDecoder map(node, "receivers", report_);
    map.ReadText("name", &receiver.name);
    if (receiver.name.empty()) report_.Error(map.PlaceOf("name"), "missing name in receiver");
    receiver.labels = DecodeAlertmanagerLabels(map, "labels", context_.dialect);
    // They outlive the decoder, which keeps views of them.
    std::vector<std::string> list_keys;
    for (const IntegrationType& type : IntegrationTypes()) list_keys.push_back(ListKey(type));
    for (std::size_t i = 0; i < list_keys.size(); ++i) {
      ReadIntegrations(map, list_keys[i], IntegrationTypes()[i], &receiver);
    }
    map.Finish();
    return receiver;
  }

 private:
  void ReadIntegrations(MapDecoder& map, std::string_view key, const IntegrationType& type,
                        AlertmanagerReceiver* receiver) {
    std::size_t index = 0;
    const std::vector<YamlNode>& nodes = map.ReadList(key);
    for (const YamlNode& node : nodes) {
      if (node.is_null()) {
        report_.Error(node.mark, fmt::format("missing {} config", type.name));
        continue;
      }
      AlertmanagerIntegration integration = ReadIntegration(node, key, type);
      integration.index = index++;
      receiver->integrations.push_back(std::move(integration));
    }
  }

  AlertmanagerIntegration ReadIntegration(const YamlNode& node, std::string_view key,
                                          const IntegrationType& type) {
    AlertmanagerIntegration integration;
    integration.type = type.name;
    integration.place = report_.PlaceName(node.mark);
    integration.send_resolved = type.send_resolved;
    MapDecoder map(node, std::string(key), report_);
    map.ReadBool("send_resolved", &integration.send_resolved);
    ReadClient(map, type, &integration);
    integration.keys = ReadKeys(map, type.keys);
    InheritKeys(type.keys, global_.keys, &integration.keys);
    CompleteByType({map, global_, integration});
    CompleteKeys(type.keys, map, &integration.keys);
    context_.templates.CheckKeys(node, type.keys, report_);
    map.Finish();
    return integration;
  }

  void ReadClient(MapDecoder& map, const IntegrationType& type,
                  AlertmanagerIntegration* integration) {
    if (type.has_http) {
      const YamlNode* http = map.Find("http_config");
      integration->http =
          http == nullptr ? global_.http : DecodeHttpConfig(*http, context_.folder, report_);
      return;
    }
    const YamlNode* tls = map.Find("tls_config");
    integration->tls = global_.smtp_tls;
    if (tls != nullptr) integration->tls = DecodeTlsConfig(*tls, "", report_);
  }

  const AlertmanagerGlobal& global_;
  const AlertmanagerContext& context_;
  FileReport& report_;
};

// An app token and an address exclude each other, unless the address is the token's own.
void CheckSlackToken(MapDecoder& map, const CheckedKeys& keys) {
  if (!keys.Has("slack_app_token") && !keys.Has("slack_app_token_file")) return;
  if (!keys.Has("slack_api_url") && !keys.Has("slack_api_url_file")) return;
  const std::string own =
      keys.Has("slack_app_url") ? keys.Url("slack_app_url") : std::string(kSlackPostUrl);
  const std::string url = keys.Url("slack_api_url");
  if (!url.empty() && (url == own || url == kSecretText)) return;
  map.report().Error(map.PlaceOfKey("slack_app_token"),
                     "at most one of slack_app_token & slack_api_url must be configured");
}

}  // namespace

Labels DecodeAlertmanagerLabels(MapDecoder& map, std::string_view key, MatcherDialect dialect) {
  LabelsBuilder labels;
  for (const YamlEntry& entry : map.ReadEntries(key)) {
    if (!IsValidLabelName(entry.key, dialect)) {
      map.report().Error(entry.mark,
                         fmt::format("invalid label name {}", QuoteForMessage(entry.key)));
      continue;
    }
    std::string value;
    const std::string what = fmt::format("label {}", NameForMessage(entry.key));
    if (entry.value.is_null() || ReadText(entry.value, what, map.report(), &value)) {
      labels.Set(entry.key, value);
    }
  }
  return labels.Build();
}

AlertmanagerGlobal DecodeAlertmanagerGlobal(const YamlNode& node,
                                            const AlertmanagerContext& context,
                                            FileReport& report) {
  MapDecoder map(node, "global", report);
  AlertmanagerGlobal global;
  if (const YamlNode* http = map.Find("http_config")) {
    global.http = DecodeHttpConfig(*http, context.folder, report);
  }
  if (const YamlNode* tls = map.Find("smtp_tls_config")) {
    global.smtp_tls = DecodeTlsConfig(*tls, "", report);
  }
  global.keys = ReadKeys(map, GlobalKeys());
  CompleteKeys(GlobalKeys(), map, &global.keys);
  CheckSlackToken(map, global.keys);
  global.resolve_timeout =
      ParseDuration(global.keys.Text("resolve_timeout")).value_or(global.resolve_timeout);
  map.Finish();
  return global;
}

std::vector<AlertmanagerReceiver> DecodeAlertmanagerReceivers(const std::vector<YamlNode>& nodes,
                                                              const AlertmanagerGlobal& global,
                                                              const AlertmanagerContext& context,
                                                              FileReport& report) {
  std::vector<AlertmanagerReceiver> receivers;
  std::set<std::string> names;
  ReceiversReader reader(global, context, report);
  for (const YamlNode& node : nodes) {
    AlertmanagerReceiver receiver = reader.Read(node);
    if (!receiver.name.empty() && !names.insert(receiver.name).second) {
      report.Error(node.mark, fmt::format("notification config name {} is not unique",
                                          QuoteForMessage(receiver.name)));
    }
    receivers.push_back(std::move(receiver));
  }
  return receivers;
}

}  // namespace tocsin::config
