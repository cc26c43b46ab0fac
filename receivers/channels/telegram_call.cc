#include "receivers/channels/telegram_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/json_library.h"
#include "base/url_user_info.h"
#include "receivers/channels/answer_excerpt.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/json_body.h"

namespace tocsin::receivers {
namespace {

// Beyond a day a wait is nonsense.
constexpr std::int64_t kMaxWaitSeconds = 24LL * 3600;

// https://core.telegram.org/bots/api#making-requests
struct Answer {
  bool is_readable = false;
  bool is_ok = false;
  std::string description;
  std::optional<Duration> retry_after;
};

// https://core.telegram.org/bots/api#responseparameters
std::optional<Duration> RetryAfterIn(const nlohmann::json& json) {
  const auto parameters = json.find("parameters");
  if (parameters == json.end() || !parameters->is_object()) return std::nullopt;
  const auto seconds = parameters->find("retry_after");
  if (seconds == parameters->end() || !seconds->is_number_unsigned()) return std::nullopt;
  return std::chrono::seconds(
      std::min<std::uint64_t>(seconds->get<std::uint64_t>(), kMaxWaitSeconds));
}

Answer ReadAnswer(const std::string& body) {
  const nlohmann::json json = ParseJson(body);
  Answer answer;
  if (!json.is_object()) return answer;
  const auto ok = json.find("ok");
  if (ok == json.end() || !ok->is_boolean()) return answer;
  answer.is_readable = true;
  answer.is_ok = ok->get<bool>();
  const auto description = json.find("description");
  if (description != json.end() && description->is_string()) {
    answer.description = description->get<std::string>();
  }
  answer.retry_after = RetryAfterIn(json);
  return answer;
}

// A success without the word of Telegram: a proxy's, perhaps.
Outcome Unreadable(int status) {
  Outcome outcome = Outcome::Retry(Failure::kOther, "Telegram's answer cannot be read");
  outcome.may_have_arrived = true;
  outcome.http_status = status;
  return outcome;
}

Outcome OutcomeOf(const HttpClientResult& result, Timestamp now) {
  Outcome outcome = HttpOutcome(result, now);
  if (!result.response) return outcome;
  const Answer answer = ReadAnswer(result.response->body);
  if (outcome.kind == Outcome::Kind::kDelivered) {
    if (answer.is_ok) return outcome;
    const int status = outcome.http_status;
    if (!answer.is_readable) return Unreadable(status);
    outcome = Outcome::Retry(Failure::kOther, "Telegram refuses the message");
    outcome.http_status = status;
    if (!answer.description.empty()) {
      outcome.reason += ": " + AnswerExcerpt(answer.description, {});
    }
  }
  if (!outcome.retry_after) outcome.retry_after = answer.retry_after;
  return outcome;
}

}  // namespace

Result<VendorCall> TelegramCall(std::string_view api_url, const std::string& token,
                                const JsonValue& message) {
  while (api_url.ends_with('/')) api_url.remove_suffix(1);
  std::string url = fmt::format("{}/bot{}/sendMessage", api_url, token);
  if (const Status checked = CheckUrlWithUserInfo(url); !checked) {
    return Error{fmt::format("bot_token: {}", checked.message())};
  }
  return VendorCall{PostJson(std::move(url), message),
                    [](const HttpClientResult& result, Timestamp now) {
                      return VendorStep(OutcomeOf(result, now));
                    },
                    {token}};
}

}  // namespace tocsin::receivers
