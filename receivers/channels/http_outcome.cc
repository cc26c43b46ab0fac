#include "receivers/channels/http_outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/number.h"
#include "base/text.h"
#include "receivers/channels/answer_excerpt.h"
#include "receivers/channels/answer_words.h"

namespace tocsin::receivers {
namespace {

// Beyond this a number of seconds is nonsense, and would overflow.
constexpr std::int64_t kMaxRetryAfterSeconds = 366LL * 24 * 3600;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// "21 Oct 2015 07:28:00" of "Wed, 21 Oct 2015 07:28:00 GMT", the one form that senders may use.
// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
std::optional<Timestamp> ParseHttpDate(std::string_view text) {
  const std::vector<std::string_view> words = Split(text, ' ');
  if (words.size() != 6 || words[0].size() != 4 || words[5] != "GMT") return std::nullopt;
  const auto* const month = std::find(kMonths.begin(), kMonths.end(), words[2]);
  if (month == kMonths.end() || words[1].size() != 2 || words[3].size() != 4) return std::nullopt;
  return ParseRfc3339(
      fmt::format("{}-{:02}-{}T{}Z", words[3], month - kMonths.begin() + 1, words[1], words[4]));
}

Outcome OfFailure(const HttpClientFailure& failure) {
  if (failure.forbidden) {
    return Outcome::GiveUp(Failure::kOther, failure.message,
                           "if the address is meant, name it in tocsin.egress.allow_networks or "
                           "allow_hosts");
  }
  const Failure why = failure.cancelled   ? Failure::kCancelled
                      : failure.timed_out ? Failure::kTimeout
                                          : Failure::kNetwork;
  Outcome outcome = Outcome::Retry(why, failure.message);
  outcome.may_have_arrived = failure.outcome_unknown;
  return outcome;
}

std::string_view AdviceFor(int status) {
  switch (status) {
    case 400:
    case 413:
    case 415:
    case 422:
      return "the receiver does not accept this message; check the webhook's format";
    case 401:
    case 403:
      return "check the receiver's credentials (headers, or the secret in its URL)";
    case 404:
    case 405:
    case 410:
      return "check the receiver's URL";
    default:
      break;
  }
  if (status >= 300 && status < 400) {
    return "redirects are not followed; configure the address that the receiver redirects to";
  }
  return "ask the receiver's operator what the status means";
}

Failure FailureOf(int status) {
  if (status == 429) return Failure::kRateLimited;
  if (status == 408) return Failure::kTimeout;
  if (status == 401 || status == 403) return Failure::kAuth;
  if (status >= 500) return Failure::kServerError;
  if (status >= 400) return Failure::kClientError;
  return Failure::kOther;
}

Outcome OfResponse(const HttpClientResponse& response, Timestamp now) {
  const int status = response.status;
  if (status >= 200 && status < 300) return Outcome::Delivered(status);
  const std::string words = AnswerWords(response);
  std::string reason = fmt::format("HTTP status {}", status);
  if (!words.empty()) reason += ": " + AnswerExcerpt(words, {});
  Outcome outcome;
  if (status == 408 || status == 429 || status >= 500) {
    outcome = Outcome::Retry(FailureOf(status), reason);
    outcome.retry_after = ParseRetryAfter(response.Header("retry-after"), now);
  } else {
    outcome = Outcome::GiveUp(FailureOf(status), reason, std::string(AdviceFor(status)));
    outcome.payload_refused = status == 400 || status == 413 || status == 422;
  }
  outcome.http_status = status;
  return outcome;
}

}  // namespace

Outcome HttpOutcome(const HttpClientResult& result, Timestamp now) {
  return result.response ? OfResponse(*result.response, now) : OfFailure(result.failure);
}

std::optional<Duration> ParseRetryAfter(std::string_view text, Timestamp now) {
  text = TrimSpace(text);
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
    const std::int64_t seconds = ParseInt(text).value_or(kMaxRetryAfterSeconds);
    return std::chrono::seconds(std::min(seconds, kMaxRetryAfterSeconds));
  }
  const std::optional<Timestamp> date = ParseHttpDate(text);
  if (!date) return std::nullopt;
  return std::max(*date - now, Duration(0));
}

}  // namespace tocsin::receivers
