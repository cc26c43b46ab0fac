// The Opsgenie channel: an alert for each alert of a message, under the alert's fingerprint as its
// alias: opened when it fires, acknowledged when somebody deals with it, closed when it is over.
// https://docs.opsgenie.com/docs/alert-api
#include <fmt/format.h>

#include <map>
#include <utility>

#include "receivers/channels/json_body.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_incidents.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/plain_card.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/setting_texts.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/url_path.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://docs.opsgenie.com/docs/alert-api#create-alert
constexpr std::size_t kMaxMessageRunes = 130;
constexpr std::size_t kMaxDescriptionBytes = 15'000;
constexpr std::size_t kMaxDetailBytes = 8000;  // names and values of all of them
constexpr std::size_t kMaxEntityRunes = 512;
constexpr std::size_t kMaxSourceRunes = 100;
// https://docs.opsgenie.com/docs/alert-api#close-alert, #acknowledge-alert
constexpr std::size_t kMaxNoteBytes = 25'000;
constexpr std::size_t kMaxUserRunes = 100;

// ---- message

// https://docs.opsgenie.com/docs/alert-api#create-alert
std::string_view PriorityOf(Severity severity) {
  switch (severity) {
    case Severity::kCritical:
      return "P1";
    case Severity::kHigh:
      return "P2";
    case Severity::kMedium:
      return "P3";
    case Severity::kLow:
      return "P4";
    case Severity::kInfo:
      break;
  }
  return "P5";
}

// Of two of the same name the first stays: no label passes for a fact.
JsonValue Details(const MessageCard& card) {
  std::map<std::string, std::string> details;
  std::size_t left = kMaxDetailBytes;
  for (const CardLink& link : card.links) {
    left -= link.text.size() + link.url.size();
    details.emplace(link.text, link.url);
  }
  for (const std::vector<CardFact>* facts : {&card.facts, &card.labels}) {
    const std::vector<CardFact> within = FactsWithin(*facts, left);
    left -= SizeOf(within);
    for (const CardFact& fact : within) details.emplace(fact.name, fact.value);
  }
  JsonValue json = JsonValue::Object();
  for (auto& [name, value] : details) json.Set(name, std::move(value));
  return json;
}

JsonValue Responders(const config::CheckedKeys& keys) {
  JsonValue responders = JsonValue::List();
  for (const config::YamlNode& node : ItemsOf(keys, "responders")) {
    JsonValue responder = JsonValue::Object();
    for (const config::YamlEntry& entry : node.entries) {
      responder.SetUnlessEmpty(entry.key, entry.value.text);
    }
    responders.Append(std::move(responder));
  }
  return responders;
}

// ---- delivery

class OpsGenieAlerts {
 public:
  OpsGenieAlerts(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)),
        texts_(std::move(texts)),
        source_(TruncateRunes(settings_.sender, kMaxSourceRunes)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const Result<std::string> key = SecretOf(settings_.keys, "api_key");
    if (!key) return key.error();
    const Result<std::string> url = SecretUrlOf(settings_.keys, "api_url");
    if (!url) return url.error();
    // The aliases keep Opsgenie from opening second alerts when they are sent again.
    return ForEachAlert(notification, texts_, [&](const Alert& alert, const MessageCard& card) {
      VendorCall call{RequestFor(*url, alert, card), nullptr};
      call.request.headers.emplace_back("Authorization", "GenieKey " + *key);
      return call;
    });
  }

 private:
  HttpClientRequest RequestFor(const std::string& url, const Alert& alert,
                               const MessageCard& card) const {
    if (alert.state == AlertState::kAcknowledged) return Acknowledge(url, alert);
    return card.resolved ? Close(url, alert, card) : Create(url, alert, card);
  }

  HttpClientRequest Acknowledge(const std::string& url, const Alert& alert) const {
    JsonValue json = JsonValue::Object({{"source", source_}});
    json.SetUnlessEmpty("user", TruncateRunes(alert.acknowledged_by, kMaxUserRunes));
    json.Set("note", TruncateUtf8(AcknowledgementText(alert), kMaxNoteBytes));
    return PostJson(ActionUrl(url, alert, "acknowledge"), json);
  }

  HttpClientRequest Create(const std::string& url, const Alert& alert,
                           const MessageCard& card) const {
    const std::string_view host = alert.metadata.Get("host");
    JsonValue json = JsonValue::Object(
        {{"message", CardTitle(card, kMaxMessageRunes)}, {"alias", alert.fingerprint_text()}});
    json.SetUnlessEmpty("description", CardMessage(card, kMaxDescriptionBytes));
    json.SetUnlessEmpty("responders", Responders(settings_.keys));
    json.Set("details", Details(card));
    json.SetUnlessEmpty("entity", TruncateRunes(host, kMaxEntityRunes));
    json.Set("source", source_);
    json.Set("priority", PriorityOf(card.severity));
    return PostJson(JoinUrlPath(url, "v2/alerts"), json);
  }

  HttpClientRequest Close(const std::string& url, const Alert& alert,
                          const MessageCard& card) const {
    return PostJson(
        ActionUrl(url, alert, "close"),
        JsonValue::Object({{"source", source_}, {"note", PlainCard(card, kMaxNoteBytes)}}));
  }

  static std::string ActionUrl(const std::string& url, const Alert& alert,
                               std::string_view action) {
    const std::string path = fmt::format("v2/alerts/{}/{}", alert.fingerprint_text(), action);
    return AddUrlParameter(JoinUrlPath(url, path), "identifierType", "alias");
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
  const std::string source_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeOpsGenie(const config::ChannelSettings& settings,
                                  const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  auto opsgenie = std::make_shared<const OpsGenieAlerts>(settings, *std::move(texts));
  return ThatHearsAcknowledgements(MakeNativeHttp(
      settings, context,
      [opsgenie](const Notification& notification) { return opsgenie->Prepare(notification); }));
}

}  // namespace tocsin::receivers
