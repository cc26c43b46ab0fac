// The Microsoft Teams channel: an Adaptive Card for the addresses of workflows, a MessageCard for
// those of connectors, which the vendor has retired.
// https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "receivers/channels/answer_excerpt.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/native_http.h"
#include "receivers/channels/native_texts.h"
#include "receivers/channels/setting_secrets.h"
#include "receivers/channels/truncation.h"
#include "receivers/channels/url_path.h"

namespace tocsin::receivers {
namespace {

// ---- limits

// A message has about 28 KB, of which the texts of people get a part.
// https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
constexpr std::size_t kMaxBodyBytes = 28'000;
constexpr std::size_t kMaxShortMessageBytes = 2000;
constexpr std::size_t kMaxTextRunes = 4000;
constexpr std::size_t kMaxFactRunes = 250;
constexpr std::size_t kMaxFacts = 30;

// ---- message

// Both cards read Markdown.
std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\*_~`|>[]()#<").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string Cut(std::string_view text, std::size_t limit) {
  return Escape(TruncateRunes(text, limit));
}

// The facts, then the labels, as the card calls their halves.
JsonValue Facts(const MessageCard& card, const char* name, const char* value) {
  JsonValue list = JsonValue::List();
  std::size_t count = 0;
  for (const std::vector<CardFact>* facts : {&card.facts, &card.labels}) {
    for (const CardFact& fact : *facts) {
      if (++count > kMaxFacts) break;
      list.Append(JsonValue::Object(
          {{name, Cut(fact.name, kMaxFactRunes)}, {value, Cut(fact.value, kMaxFactRunes)}}));
    }
  }
  return list;
}

std::string Others(const MessageCard& card) {
  std::string text;
  for (const std::string& line : card.others) {
    text += fmt::format("- {}\n", Cut(line, kMaxFactRunes));
  }
  if (card.untold > 0) text += fmt::format("- and {} more\n", card.untold);
  return text.empty() ? text : "Also in this group:\n\n" + text;
}

// https://learn.microsoft.com/outlook/actionable-messages/message-card-reference
JsonValue MessageCardOf(const MessageCard& card, const std::string& sender) {
  const bool is_critical = card.severity == Severity::kCritical;
  const char* const color = card.resolved ? "36A64F" : is_critical ? "FF0000" : "FF8000";
  JsonValue section =
      JsonValue::Object({{"activityTitle", Cut(card.heading, kMaxFactRunes)},
                         {"activitySubtitle", "Severity: " + SeverityWord(card.severity)},
                         {"facts", Facts(card, "name", "value")}});
  std::string text = Cut(card.message, kMaxTextRunes);
  if (const std::string others = Others(card); !others.empty()) text += "\n\n" + others;
  section.SetUnlessEmpty("text", text);
  JsonValue actions = JsonValue::List();
  for (const CardLink& link : card.links) {
    const JsonValue target = JsonValue::Object({{"os", "default"}, {"uri", link.url}});
    actions.Append(JsonValue::Object(
        {{"@type", "OpenUri"}, {"name", link.text}, {"targets", JsonValue::List({target})}}));
  }
  JsonValue json = JsonValue::Object(
      {{"@type", "MessageCard"},
       {"@context", "http://schema.org/extensions"},
       {"themeColor", color},
       {"summary", fmt::format("{} Alert: {}", sender, TruncateRunes(card.title, kMaxFactRunes))},
       {"sections", JsonValue::List({std::move(section)})}});
  json.SetUnlessEmpty("potentialAction", std::move(actions));
  return json;
}

// https://adaptivecards.io/explorer/
const char* ColorWord(const MessageCard& card) {
  if (card.resolved) return "Good";
  if (card.severity == Severity::kCritical || card.severity == Severity::kHigh) return "Attention";
  return card.severity == Severity::kMedium ? "Warning" : "Accent";
}

JsonValue TextBlock(const std::string& text) {
  return JsonValue::Object({{"type", "TextBlock"}, {"text", text}, {"wrap", true}});
}

JsonValue AdaptiveCardOf(const MessageCard& card, const std::string& sender) {
  JsonValue heading = TextBlock(Cut(card.heading, kMaxFactRunes));
  heading.Set("weight", "Bolder");
  heading.Set("size", "Medium");
  heading.Set("style", "heading");
  heading.Set("color", ColorWord(card));
  JsonValue body = JsonValue::List({std::move(heading)});
  if (!card.message.empty()) body.Append(TextBlock(Cut(card.message, kMaxTextRunes)));
  body.Append(JsonValue::Object({{"type", "FactSet"}, {"facts", Facts(card, "title", "value")}}));
  if (const std::string others = Others(card); !others.empty()) body.Append(TextBlock(others));
  JsonValue from = TextBlock(Escape(sender) + " Alert System");
  from.Set("isSubtle", true);
  from.Set("size", "Small");
  body.Append(std::move(from));
  JsonValue actions = JsonValue::List();
  for (const CardLink& link : card.links) {
    actions.Append(
        JsonValue::Object({{"type", "Action.OpenUrl"}, {"title", link.text}, {"url", link.url}}));
  }
  JsonValue content =
      JsonValue::Object({{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
                         {"type", "AdaptiveCard"},
                         {"version", "1.2"},
                         {"body", std::move(body)}});
  content.SetUnlessEmpty("actions", std::move(actions));
  content.Set("msteams", JsonValue::Object({{"width", "full"}}));
  const JsonValue attachment =
      JsonValue::Object({{"contentType", "application/vnd.microsoft.card.adaptive"},
                         {"contentUrl", JsonValue()},
                         {"content", std::move(content)}});
  return JsonValue::Object({{"type", "message"}, {"attachments", JsonValue::List({attachment})}});
}

// ---- answer

std::string HostOf(std::string_view url) {
  std::string_view host = url.substr(std::min(url.find("://") + 3, url.size()));
  return ToLowerAscii(host.substr(0, host.find_first_of(":/?#")));
}

// https://support.microsoft.com/office/create-incoming-webhooks-with-workflows-for-microsoft-teams-8ae491c7-0394-4861-ba59-055e33f75498
bool IsWorkflow(std::string_view host) {
  return host.ends_with(".logic.azure.com") || host.ends_with(".api.powerplatform.com");
}

// https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
bool IsConnector(std::string_view host) {
  return host.ends_with(".webhook.office.com") || host == "outlook.office.com" ||
         host == "outlook.office365.com";
}

// The connectors say `1`, or with status 200 too what went wrong behind them.
VendorStep ConnectorAnswer(const std::string& url, const HttpClientResult& result, Timestamp now) {
  Outcome outcome = HttpOutcome(result, now);
  if (outcome.kind != Outcome::Kind::kDelivered) return outcome;
  if (TrimSpace(result.response->body) == "1") return outcome;
  const int status = outcome.http_status;
  outcome = Outcome::Retry(Failure::kOther,
                           fmt::format("the connector has not delivered it: {}",
                                       AnswerExcerpt(result.response->body, {url, PathOf(url)})));
  outcome.may_have_arrived = true;
  outcome.http_status = status;
  return outcome;
}

// ---- delivery

class TeamsMessages {
 public:
  TeamsMessages(config::ChannelSettings settings, NativeTexts texts)
      : settings_(std::move(settings)), texts_(std::move(texts)) {}

  Result<VendorCall> Prepare(const Notification& notification) const {
    Result<std::string> url = SecretUrlOf(settings_.keys, "webhook_url");
    if (!url) return url.error();
    const std::string format = settings_.keys.Text("format");
    const std::string host = HostOf(*url);
    const bool workflow = format == "workflow" || (format != "connector" && IsWorkflow(host));
    MessageCard card = texts_.Card(notification);
    VendorCall call;
    call.request = PostJson(*url, Body(card, workflow));
    if (call.request.body.size() > kMaxBodyBytes) {
      ShortenCard(kMaxShortMessageBytes, &card);
      call.request = PostJson(*url, Body(card, workflow));
    }
    if (format == "connector" || (!workflow && IsConnector(host))) {
      call.judge = [url = *url](const HttpClientResult& result, Timestamp now) {
        return ConnectorAnswer(url, result, now);
      };
    }
    if (std::optional<Result<std::string>> body = texts_.Body(notification, Escape)) {
      if (!*body) return body->error();
      call.request.body = **std::move(body);
    }
    return call;
  }

 private:
  JsonValue Body(const MessageCard& card, bool workflow) const {
    return workflow ? AdaptiveCardOf(card, settings_.sender)
                    : MessageCardOf(card, settings_.sender);
  }

  const config::ChannelSettings settings_;
  const NativeTexts texts_;
};

}  // namespace

// ---- kind

Result<BuiltChannel> MakeTeams(const config::ChannelSettings& settings,
                               const ChannelContext& context) {
  Result<NativeTexts> texts =
      NativeTexts::Make(settings.keys, NativeTexts::Bodies::kTeams, context.metrics);
  if (!texts) return texts.error();
  auto teams = std::make_shared<const TeamsMessages>(settings, *std::move(texts));
  return MakeNativeHttp(settings, context, [teams](const Notification& notification) {
    return teams->Prepare(notification);
  });
}

}  // namespace tocsin::receivers
