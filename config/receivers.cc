#include "config/receivers.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <span>
#include <utility>

#include "base/http_client.h"
#include "base/text.h"
#include "config/alertmanager_settings.h"
#include "config/native_channels.h"

namespace tocsin::config {
namespace {

// Channels that are not built yet: their receivers load, and deliver nothing by them.
constexpr std::string_view kUnsupportedChannels[] = {"msteams", "zulip"};

// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
bool IsTokenCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

void DecodeWebhookHeaders(MapDecoder& map, WebhookSettings* webhook) {
  for (const YamlEntry& entry : map.ReadEntries("headers")) {
    std::string value;
    if (entry.value.is_null()) continue;
    if (!ReadText(entry.value, "the value of a header", map.report(), &value)) continue;
    if (Status status = CheckHeader(entry.key, value); !status) {
      map.report().Error(entry.mark, "headers: " + status.message());
      continue;
    }
    if (!value.empty()) map.report().NoteSecret(entry.value.mark);
    webhook->headers.emplace_back(entry.key, Secret(std::move(value)));
  }
}

void DecodeFormat(MapDecoder& map, WebhookSettings* webhook) {
  std::string format;
  if (!map.ReadText("format", &format)) return;
  if (format == "alertmanager") {
    webhook->format = WebhookFormat::kAlertmanager;
  } else if (format != "seed") {
    map.report().Error(map.PlaceOf("format"),
                       fmt::format("unknown webhook format {}; use seed or alertmanager",
                                   QuoteForMessage(format)));
  }
}

void DecodeSigning(MapDecoder& map, WebhookSettings* webhook) {
  ReadSecret(map, "signing_secret", &webhook->signing_secret);
  if (map.ReadText("signing_secret_file", &webhook->signing_secret_file) &&
      !webhook->signing_secret_file.empty()) {
    map.report().NoteFile(map.PlaceOf("signing_secret_file"));
  }
  CheckAtMostOne(map, "signing_secret", "signing_secret_file", "webhook ");
  if (webhook->signing_secret.empty() && webhook->signing_secret_file.empty()) return;
  for (const auto& [name, value] : webhook->headers) {
    if (!EqualsIgnoreCase(name, kSignatureHeader)) continue;
    map.report().Error(map.PlaceOf("headers"),
                       fmt::format("headers: {} is set where there is a signing_secret; leave it "
                                   "out",
                                   kSignatureHeader));
  }
}

ChannelSettings DecodeWebhook(const YamlNode& node, FileReport& report) {
  ChannelSettings channel;
  channel.type = "webhook";
  WebhookSettings& webhook = channel.webhook;
  MapDecoder map(node, "webhook", report);
  std::string url;
  if (map.Require("url") != nullptr && map.ReadText("url", &url)) {
    // The address may be the secret: it stands in no message.
    if (Status status = CheckUrl(url); !status) {
      report.Error(map.PlaceOf("url"), "url: " + status.message());
    }
    if (!url.empty()) report.NoteSecret(map.PlaceOf("url"));
    webhook.url = Secret(std::move(url));
  }
  DecodeFormat(map, &webhook);
  DecodeWebhookHeaders(map, &webhook);
  DecodeSigning(map, &webhook);
  if (map.ReadDuration("timeout", &webhook.timeout) && webhook.timeout.count() == 0) {
    report.Error(map.PlaceOf("timeout"), "timeout must be longer than 0s");
  }
  map.ReadBool("send_resolved", &webhook.send_resolved);
  ReadNativeHttp(map, &channel);
  map.Finish();
  return channel;
}

ChannelSettings DecodeConsole(const YamlNode& node, FileReport& report) {
  ChannelSettings channel;
  channel.type = "console";
  MapDecoder map(node, "console", report);
  map.ReadBool("send_resolved", &channel.console.send_resolved);
  map.Finish();
  return channel;
}

bool IsUnsupportedChannel(const YamlEntry& entry) {
  return std::find(std::begin(kUnsupportedChannels), std::end(kUnsupportedChannels), entry.key) !=
         std::end(kUnsupportedChannels);
}

bool HasUnsupportedChannel(const YamlNode& node) {
  return std::any_of(node.entries.begin(), node.entries.end(), IsUnsupportedChannel);
}

void WarnOfUnsupportedChannels(const YamlNode& node, const std::string& receiver, MapDecoder& map) {
  for (const YamlEntry& entry : node.entries) {
    if (!IsUnsupportedChannel(entry)) continue;
    map.Find(entry.key);  // known, if not supported
    map.report().Warning(entry.mark, fmt::format("{} is not supported yet: receiver {} delivers "
                                                 "nothing by it",
                                                 entry.key, QuoteForMessage(receiver)));
  }
}

void CheckDigest(const ReceiverSettings& receiver, MapDecoder& map) {
  if (receiver.limits.overflow != Overflow::kDigest) return;
  for (const ChannelSettings& channel : receiver.channels) {
    const bool of_one_alert =
        channel.type == "webhook" && channel.webhook.format == WebhookFormat::kSeed;
    if (of_one_alert) {
      map.report().Error(map.PlaceOf("overflow"),
                         "a webhook with format seed tells of one alert, and cannot tell of many: "
                         "use format: alertmanager, or overflow: wait");
    } else if (KeepsIncidents(channel.type)) {
      map.report().Error(map.PlaceOf("overflow"), DigestIsForPeople(channel.type));
    }
  }
}

// The same without what stands at the places of secrets.
YamlNode Masked(const YamlNode& node, std::span<const Mark> secrets) {
  YamlNode shown = node;
  if (node.kind == YamlNode::Kind::kScalar &&
      std::find(secrets.begin(), secrets.end(), node.mark) != secrets.end()) {
    shown.text = kSecretText;
    shown.quoted = true;
  }
  for (YamlNode& item : shown.items) item = Masked(item, secrets);
  for (YamlEntry& entry : shown.entries) entry.value = Masked(entry.value, secrets);
  return shown;
}

ReceiverSettings DecodeReceiver(const YamlNode& node, FileReport& report) {
  ReceiverSettings receiver;
  const std::size_t secrets_before = report.secrets().size();
  receiver.source = report.PlaceName(node.mark);
  MapDecoder map(node, "receivers", report);
  map.Require("name");
  if (map.ReadText("name", &receiver.name) && receiver.name.empty()) {
    report.Error(map.PlaceOf("name"), "the name of a receiver must not be empty");
  }
  if (const YamlNode* webhook = map.Find("webhook")) {
    receiver.channels.push_back(DecodeWebhook(*webhook, report));
  }
  if (const YamlNode* console = map.Find("console")) {
    receiver.channels.push_back(DecodeConsole(*console, report));
  }
  for (const NativeChannelType& type : NativeChannelTypes()) {
    if (const YamlNode* channel = map.Find(type.name)) {
      receiver.channels.push_back(DecodeNativeChannel(*channel, type, report));
    }
  }
  WarnOfUnsupportedChannels(node, receiver.name, map);
  receiver.grouping = DecodeNativeGrouping(map);
  receiver.limits = DecodeDeliveryLimits(map);
  CheckDigest(receiver, map);
  map.Finish();
  receiver.shown = Masked(node, std::span(report.secrets()).subspan(secrets_before));
  return receiver;
}

std::string JoinNames(const std::vector<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) {
    if (!joined.empty()) joined += ", ";
    joined += NameForMessage(name);
  }
  return joined;
}

}  // namespace

Status CheckHeader(std::string_view name, std::string_view value) {
  if (name.empty() || !std::all_of(name.begin(), name.end(), IsTokenCharacter)) {
    return Error{fmt::format("{} is not a valid header name", QuoteForMessage(name))};
  }
  for (std::string_view ours :
       {"Connection", "Content-Length", "Host", "Idempotency-Key", "Transfer-Encoding"}) {
    if (EqualsIgnoreCase(name, ours)) {
      return Error{fmt::format("the header {} is set by the daemon itself; leave it out", ours)};
    }
  }
  if (std::any_of(value.begin(), value.end(), IsControl)) {
    return Error{fmt::format("the value of {} holds a line break or control character",
                             QuoteForMessage(name))};
  }
  return {};
}

std::vector<ReceiverSettings> DecodeReceivers(const std::vector<YamlNode>& nodes,
                                              FileReport& report) {
  std::vector<ReceiverSettings> receivers;
  std::map<std::string, std::string> places;
  for (const YamlNode& node : nodes) {
    ReceiverSettings receiver = DecodeReceiver(node, report);
    if (receiver.name.empty()) continue;
    const auto [first, is_new] = places.emplace(receiver.name, receiver.source);
    if (!is_new) {
      report.Error(node.mark, fmt::format("receiver {} is already defined at {}",
                                          QuoteForMessage(receiver.name), first->second));
      continue;
    }
    if (receiver.channels.empty() && !HasUnsupportedChannel(node)) {
      report.Warning(node.mark,
                     fmt::format("receiver {} has no channel and delivers nothing; a channel "
                                 "without settings is written `console: {{}}`",
                                 QuoteForMessage(receiver.name)));
    }
    receivers.push_back(std::move(receiver));
  }
  return receivers;
}

std::vector<ReceiverSettings> JoinReceivers(std::vector<ReceiverSettings> of_file,
                                            std::vector<ReceiverSettings> of_environment,
                                            Diagnostics& diagnostics) {
  std::vector<ReceiverSettings> all = std::move(of_file);
  const auto find = [&all](std::string_view name) {
    return std::find_if(all.begin(), all.end(),
                        [name](const ReceiverSettings& receiver) { return receiver.name == name; });
  };
  for (ReceiverSettings& receiver : of_environment) {
    const auto same = find(receiver.name);
    if (same == all.end()) {
      all.push_back(std::move(receiver));
      continue;
    }
    diagnostics.Add({Diagnostic::Level::kWarning, "", 0, 0,
                     fmt::format("{} has no effect: receiver {} is defined at {}", receiver.source,
                                 QuoteForMessage(receiver.name), same->source)});
  }
  if (find("console") == all.end()) {
    ChannelSettings console;
    console.type = "console";
    all.push_back({"console", {std::move(console)}, "built in"});
  }
  return all;
}

// The alerting API's own body tells of one alert: of a group the others would be told nobody.
Status CheckGrouping(const ReceiverSettings& receiver, const NativeGrouping& general) {
  const NativeGrouping grouping = Combine(receiver.grouping, general);
  const bool groups = grouping.group_by && *grouping.group_by != std::vector<std::string>{"..."};
  const bool of_one_alert = std::any_of(
      receiver.channels.begin(), receiver.channels.end(), [](const ChannelSettings& channel) {
        return channel.type == "webhook" && channel.webhook.format == WebhookFormat::kSeed;
      });
  if (!groups || !of_one_alert) return {};
  return Error{
      fmt::format("{}: receiver {}: a webhook with format seed tells of one alert, "
                  "and cannot tell of groups; give it format: alertmanager, or "
                  "group_by: ['...']",
                  receiver.source, QuoteForMessage(receiver.name))};
}

std::string HowToConfigure(std::string_view contract_channel) {
  constexpr std::pair<std::string_view, std::string_view> kVariables[] = {
      {"email", "EMAIL_SMTP_HOST, EMAIL_FROM and EMAIL_TO"},
      {"slack", "SLACK_WEBHOOK_URL"},
      {"discord", "DISCORD_WEBHOOK_URL"},
      {"webhook", "WEBHOOK_URL"},
      {"teams", "TEAMS_WEBHOOK_URL"},
      {"pagerduty", "PAGERDUTY_INTEGRATION_KEY"}};
  std::string_view variables;
  for (const auto& [channel, names] : kVariables) {
    if (channel == contract_channel) variables = names;
  }
  return fmt::format(
      "channel {} is not configured; set {}, or name a receiver so under tocsin.receivers",
      QuoteForMessage(contract_channel), variables);
}

ReceiverNames::ReceiverNames(const std::vector<ReceiverSettings>& receivers,
                             std::vector<std::string> for_rules)
    : for_rules_(std::move(for_rules)) {
  for (const ReceiverSettings& receiver : receivers) configured_.push_back(receiver.name);
}

ReceiverNames NamesForRules(const Settings& settings) {
  std::vector<std::string> of_alertmanager;
  if (settings.alertmanager != nullptr) {
    for (const AlertmanagerReceiver& receiver : settings.alertmanager->receivers) {
      of_alertmanager.push_back(receiver.name);
    }
  }
  return ReceiverNames(settings.receivers, std::move(of_alertmanager));
}

bool ReceiverNames::IsConfigured(std::string_view name) const {
  return std::find(configured_.begin(), configured_.end(), name) != configured_.end();
}

bool ReceiverNames::IsConfiguredForRules(std::string_view name) const {
  return IsConfigured(name) ||
         std::find(for_rules_.begin(), for_rules_.end(), name) != for_rules_.end();
}

bool ReceiverNames::IsKnown(std::string_view name) const {
  return IsConfiguredForRules(name) ||
         std::find(std::begin(kContractChannels), std::end(kContractChannels), name) !=
             std::end(kContractChannels);
}

std::string ReceiverNames::KnownList() const {
  std::vector<std::string> names(std::begin(kContractChannels), std::end(kContractChannels));
  for (const std::vector<std::string>& more : {configured_, for_rules_}) {
    for (const std::string& name : more) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return JoinNames(names);
}

std::string ReceiverNames::ConfiguredList() const { return JoinNames(configured_); }

}  // namespace tocsin::config
