#include "receivers/channels/slack_answer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "receivers/channels/http_outcome.h"

namespace tocsin::receivers {
namespace {

// What it says may have to do with the message: shown, but not at length.
constexpr std::size_t kMaxReasonBytes = 120;

Outcome Refused(std::string_view why) {
  return Outcome::GiveUp(
      Failure::kClientError,
      fmt::format("Slack refuses the message: {}", QuoteForMessage(why, kMaxReasonBytes)),
      "https://docs.slack.dev/reference/methods/chat.postMessage#errors tells what it means");
}

Outcome OfText(std::string_view body) {
  return TrimSpace(body) == "ok" ? Outcome::Delivered() : Refused(body);
}

Outcome OfJson(const std::string& body) {
  const nlohmann::json answer = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || !answer.contains("ok") || !answer["ok"].is_boolean()) {
    Outcome unreadable = Outcome::Retry(Failure::kOther, "Slack's answer cannot be read");
    unreadable.may_have_arrived = true;
    return unreadable;
  }
  if (answer["ok"].get<bool>()) return Outcome::Delivered();
  const auto error = answer.find("error");
  return Refused(error != answer.end() && error->is_string() ? error->get<std::string>()
                                                             : "it does not say why");
}

bool IsJson(const HttpClientResponse& response) {
  return response.Header("content-type").substr(0, 16) == "application/json";
}

}  // namespace

VendorStep SlackAnswer(const HttpClientResult& result, Timestamp now) {
  Outcome outcome = HttpOutcome(result, now);
  if (outcome.kind != Outcome::Kind::kDelivered) return outcome;
  const int status = outcome.http_status;
  outcome =
      IsJson(*result.response) ? OfJson(result.response->body) : OfText(result.response->body);
  outcome.http_status = status;
  return outcome;
}

}  // namespace tocsin::receivers
