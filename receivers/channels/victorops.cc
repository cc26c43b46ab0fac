// The VictorOps (Splunk On-Call) channel: an incident for each alert of a message, under the
// alert's fingerprint, through the REST endpoint. The API key and the routing key stand in the path
// of its address. https://help.victorops.com/knowledge-base/rest-endpoint-integration-guide/
#include <fmt/format.h>

#include <utility>

#include "base/json_library.h"
#include "base/text.h"
#include "receivers/channels/answer_excerpt.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_incidents.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/plain_card.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/url_path.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// https://help.victorops.com/knowledge-base/incident-fields-glossary/
constexpr std::size_t kMaxStateMessageBytes = 20'480;
// VictorOps tells no limit of names and of other fields: what people read at a glance.
constexpr std::size_t kMaxNameRunes = 255;
constexpr std::size_t kMaxFieldBytes = 20'000;

// ---- message

// A warning becomes an incident if the account says so, an information never does.
// https://help.victorops.com/knowledge-base/incident-fields-glossary/
std::string_view MessageType(const Alert& alert, const MessageCard& card) {
  if (card.resolved) return "RECOVERY";
  if (alert.state == AlertState::kAcknowledged) return "ACKNOWLEDGEMENT";
  switch (card.severity) {
    case Severity::kCritical:
    case Severity::kHigh:
      return "CRITICAL";
    case Severity::kMedium:
    case Severity::kLow:
      return "WARNING";
    case Severity::kInfo:
      break;
  }
  return "INFO";
}

// Fields of the alert have names that none of VictorOps's own can have: a label may be called
// `message_type`, too. Those of links make annotations, 1124 characters long at most.
// https://help.victorops.com/knowledge-base/transmogrifier-annotations/
JsonValue Message(const Alert& alert, const MessageCard& card, const std::string& sender) {
  const bool acknowledged = alert.state == AlertState::kAcknowledged;
  const std::string text =
      acknowledged ? std::string(TruncateUtf8(AcknowledgementText(alert), kMaxStateMessageBytes))
                   : PlainCard(card, kMaxStateMessageBytes);
  JsonValue json = JsonValue::Object({{"message_type", MessageType(alert, card)},
                                      {"entity_id", alert.fingerprint_text()},
                                      {"entity_display_name", CardTitle(card, kMaxNameRunes)},
                                      {"state_message", text},
                                      {"state_start_time", ToUnixMillis(card.at) / 1000},
                                      {"monitoring_tool", sender}});
  const std::vector<CardFact> facts = FactsWithin(card.facts, kMaxFieldBytes);
  for (const CardFact& fact : facts) json.Set("fact." + fact.name, fact.value);
  for (const CardFact& label : FactsWithin(card.labels, kMaxFieldBytes - SizeOf(facts))) {
    json.Set("label." + label.name, label.value);
  }
  for (const CardLink& link : card.links) json.Set("vo_annotate.u." + link.text, link.url);
  return json;
}

// ---- delivery

// VictorOps refuses with status 200 too: {"result": "failure", "message": "..."}.
VendorStep Judge(const HttpClientResult& result, Timestamp now, const std::string& key) {
  const Outcome outcome = HttpOutcome(result, now);
  if (outcome.kind != Outcome::Kind::kDelivered) return outcome;
  const auto answer = ParseJson(result.response->body);
  const auto text = [&answer](const char* name) {
    const bool is_there = answer.is_object() && answer.contains(name) && answer[name].is_string();
    return is_there ? answer[name].get<std::string>() : std::string();
  };
  if (text("result") != "failure") return outcome;
  Outcome refused = Outcome::GiveUp(
      Failure::kClientError,
      fmt::format("VictorOps refuses the message: {}", AnswerExcerpt(text("message"), {key})),
      "check api_key and routing_key");
  refused.http_status = outcome.http_status;
  return refused;
}

class VictorOpsMessages {
 public:
  VictorOpsMessages(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const Result<std::string> key = SecretOf(settings_.keys, "api_key");
    if (!key) return key.error();
    const Result<std::string> api_url = SecretUrlOf(settings_.keys, "api_url");
    if (!api_url) return api_url.error();
    const std::string url =
        JoinUrlPath(*api_url, fmt::format("{}/{}", PercentEncode(*key),
                                          PercentEncode(settings_.keys.Text("routing_key"))));
    return ForEachAlert(notification, texts_, [&](const Alert& alert, const MessageCard& card) {
      return VendorCall{PostJson(url, Message(alert, card, settings_.sender)),
                        [key = *key](const HttpClientResult& result, Timestamp now) {
                          return Judge(result, now, key);
                        }};
    });
  }

 private:
  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeVictorOps(const config::ChannelSettings& settings,
                                   const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  auto victorops = std::make_shared<const VictorOpsMessages>(settings, *std::move(texts));
  return ThatHearsAcknowledgements(MakeNativeHttp(
      settings, context,
      [victorops](const Notification& notification) { return victorops->Prepare(notification); }));
}

}  // namespace tocsin::receivers
