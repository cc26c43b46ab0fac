// The incident.io channel: an event for each alert of a message to an HTTP alert source, under the
// alert's fingerprint. https://docs.incident.io/api-reference/alert-events-v2/createhttp
#include <fmt/format.h>

#include <utility>

#include "receivers/channels/json_body.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_incidents.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/plain_card.h"
#include "receivers/channels/setting_secrets.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// An event has 512 KB, each character of a text six bytes of it at worst.
// https://github.com/prometheus/alertmanager/blob/main/notify/incidentio/incidentio.go
constexpr std::size_t kMaxMessageBytes = 20'000;
constexpr std::size_t kMaxFactBytes = 10'000;
// incident.io tells no limit of titles: what people read at a glance.
constexpr std::size_t kMaxTitleRunes = 255;

// ---- message

// Descriptions are Markdown. https://spec.commonmark.org/0.31.2/#backslash-escapes
std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\`*_~[]<>|#").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// A ">" would end the link before its address does.
std::string LinkOf(const CardLink& link) {
  std::string url;
  for (const char c : link.url) {
    url += c == '<' ? "%3C" : c == '>' ? "%3E" : c == '\\' ? "%5C" : std::string(1, c);
  }
  return fmt::format("[{}](<{}>)", link.text, url);
}

std::string DescriptionOf(const MessageCard& card) {
  std::string text = Escape(CardMessage(card, kMaxMessageBytes));
  std::string list;
  for (const std::vector<CardFact>* facts : {&card.facts, &card.labels}) {
    for (const CardFact& fact : FactsWithin(*facts, kMaxFactBytes)) {
      list += fmt::format("- **{}**: {}\n", Escape(fact.name), Escape(fact.value));
    }
  }
  text += fmt::format("{}{}", text.empty() ? "" : "\n\n", list);
  std::string links;
  for (const CardLink& link : card.links) links += (links.empty() ? "\n" : " · ") + LinkOf(link);
  return text + links;
}

JsonValue Pairs(const std::vector<CardFact>& facts) {
  JsonValue json = JsonValue::Object();
  for (const CardFact& fact : FactsWithin(facts, kMaxFactBytes)) json.Set(fact.name, fact.value);
  return json;
}

// What an alert source may take attributes from (`metadata.severity`, `metadata.labels.team`).
JsonValue Metadata(const MessageCard& card) {
  JsonValue json = JsonValue::Object({{"severity", SeverityName(card.severity)}});
  json.Set("facts", Pairs(card.facts));
  json.SetUnlessEmpty("labels", Pairs(card.labels));
  JsonValue links = JsonValue::Object();
  for (const CardLink& link : card.links) links.Set(link.text, link.url);
  json.SetUnlessEmpty("links", std::move(links));
  return json;
}

JsonValue Event(const Alert& alert, const MessageCard& card) {
  JsonValue json = JsonValue::Object({{"title", CardTitle(card, kMaxTitleRunes)},
                                      {"status", card.resolved ? "resolved" : "firing"},
                                      {"deduplication_key", alert.fingerprint_text()},
                                      {"description", DescriptionOf(card)},
                                      {"metadata", Metadata(card)}});
  if (!card.links.empty()) json.Set("source_url", card.links.front().url);
  return json;
}

// ---- delivery

class IncidentioEvents {
 public:
  IncidentioEvents(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    const Result<std::string> url = SecretUrlOf(settings_.keys, "url");
    if (!url) return url.error();
    const Result<std::string> token = SecretOf(settings_.keys, "alert_source_token");
    if (!token) return token.error();
    return ForEachAlert(notification, texts_, [&](const Alert& alert, const MessageCard& card) {
      VendorCall call{PostJson(*url, Event(alert, card)), nullptr};
      // It may stand in the address instead.
      if (!token->empty()) call.request.headers.emplace_back("Authorization", "Bearer " + *token);
      return call;
    });
  }

 private:
  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeIncidentio(const config::ChannelSettings& settings,
                                    const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kNone, context.metrics);
  if (!texts) return texts.error();
  auto incidentio = std::make_shared<const IncidentioEvents>(settings, *std::move(texts));
  return MakeNativeHttp(settings, context, [incidentio](const Notification& notification) {
    return incidentio->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
