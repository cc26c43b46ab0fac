#include "receivers/channels/slack_answer.h"

#include <fmt/format.h>

#include <utility>

#include "base/json_library.h"
#include "base/text.h"
#include "receivers/channels/answer_excerpt.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/url_path.h"

namespace tocsin::receivers {
namespace {

Outcome Refused(std::string_view why, const std::string& url) {
  return Outcome::GiveUp(
      Failure::kClientError,
      fmt::format("Slack refuses the message: {}", AnswerExcerpt(why, {url, PathOf(url)})),
      "https://docs.slack.dev/reference/methods/chat.postMessage#errors tells what it means");
}

Outcome OfText(std::string_view body, const std::string& url) {
  return TrimSpace(body) == "ok" ? Outcome::Delivered() : Refused(body, url);
}

Outcome OfJson(const std::string& body, const std::string& url) {
  const nlohmann::json answer = ParseJson(body);
  const bool has_ok = answer.is_object() && answer.contains("ok");
  if (!answer.is_object() || (has_ok && !answer["ok"].is_boolean())) {
    Outcome unreadable = Outcome::Retry(Failure::kOther, "Slack's answer cannot be read");
    unreadable.may_have_arrived = true;
    return unreadable;
  }
  if (has_ok && answer["ok"].get<bool>()) return Outcome::Delivered();
  const auto error = answer.find("error");
  return Refused(error != answer.end() && error->is_string() ? error->get<std::string>()
                                                             : "it does not say why",
                 url);
}

// The text member of that name; "" where there is none.
std::string TextIn(const HttpClientResponse& response, const char* name) {
  const nlohmann::json answer = ParseJson(response.body);
  if (!answer.is_object()) return "";
  const auto text = answer.find(name);
  return text != answer.end() && text->is_string() ? text->get<std::string>() : "";
}

bool IsJson(const HttpClientResponse& response) {
  return response.Header("content-type").substr(0, 16) == "application/json";
}

}  // namespace

std::function<VendorStep(const HttpClientResult&, Timestamp)> SlackJudge(std::string url) {
  return [url = std::move(url)](const HttpClientResult& result, Timestamp now) -> VendorStep {
    Outcome outcome = HttpOutcome(result, now);
    if (outcome.kind != Outcome::Kind::kDelivered) return outcome;
    const int status = outcome.http_status;
    const std::string& body = result.response->body;
    outcome = IsJson(*result.response) ? OfJson(body, url) : OfText(body, url);
    outcome.http_status = status;
    return outcome;
  };
}

std::optional<SlackPlace> SlackPlaceIn(const HttpClientResponse& answer) {
  SlackPlace place{TextIn(answer, "channel"), TextIn(answer, "ts")};
  if (place.channel.empty() || place.timestamp.empty()) return std::nullopt;
  return place;
}

bool IsGoneFromSlack(const HttpClientResponse& answer) {
  const std::string error = TextIn(answer, "error");
  return error == "message_not_found" || error == "edit_window_closed" ||
         error == "cant_update_message";
}

}  // namespace tocsin::receivers
