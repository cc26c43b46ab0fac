#include "receivers/channels/rocketchat_call.h"

#include <fmt/format.h>

#include "base/json_library.h"
#include "receivers/channels/answer_excerpt.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/json_body.h"
#include "receivers/channels/url_path.h"

namespace tocsin::receivers {
namespace {

// It refuses with status 200 too.
Outcome OfBody(const std::string& body, const RocketchatSender& sender) {
  const nlohmann::json answer = ParseJson(body);
  const bool is_readable =
      answer.is_object() && (!answer.contains("success") || answer["success"].is_boolean());
  if (!is_readable) {
    Outcome unreadable = Outcome::Retry(Failure::kOther, "Rocket.Chat's answer cannot be read");
    unreadable.may_have_arrived = true;
    return unreadable;
  }
  if (answer.contains("success") && answer["success"].get<bool>()) return Outcome::Delivered();
  const auto error = answer.find("error");
  const std::string why = error != answer.end() && error->is_string()
                              ? AnswerExcerpt(error->get<std::string>(), {sender.token, sender.id})
                              : "it does not say why";
  return Outcome::GiveUp(Failure::kClientError,
                         fmt::format("Rocket.Chat refuses the message: {}", why),
                         "check the channel, and that the user may write to it");
}

VendorStep Judge(const HttpClientResult& result, Timestamp now, const RocketchatSender& sender) {
  Outcome outcome = HttpOutcome(result, now);
  if (outcome.kind != Outcome::Kind::kDelivered) return outcome;
  const int status = outcome.http_status;
  outcome = OfBody(result.response->body, sender);
  outcome.http_status = status;
  return outcome;
}

}  // namespace

void SendAs(const RocketchatSender& sender, HttpClientRequest* request) {
  request->headers.emplace_back("X-Auth-Token", sender.token);
  request->headers.emplace_back("X-User-Id", sender.id);
}

VendorCall RocketchatCall(std::string_view api_url, const RocketchatSender& sender,
                          const JsonValue& message) {
  VendorCall call{PostJson(JoinUrlPath(api_url, "api/v1/chat.postMessage"), message),
                  [sender](const HttpClientResult& result, Timestamp now) {
                    return Judge(result, now, sender);
                  }};
  SendAs(sender, &call.request);
  ExpectEcho(&call);
  return call;
}

}  // namespace tocsin::receivers
