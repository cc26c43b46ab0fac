#include "receivers/channels/mail_outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace tocsin::receivers {
namespace {

std::string RefusedText(const std::vector<RefusedRecipient>& refused) {
  std::string text;
  for (const RefusedRecipient& one : refused) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{}: {}", one.address, QuoteForMessage(one.reply, one.reply.size()));
  }
  return text;
}

Failure WhyOf(const MailResult& result) {
  if (result.cancelled) return Failure::kCancelled;
  if (result.timed_out) return Failure::kTimeout;
  if (result.authentication_failed) return Failure::kAuth;
  if (result.reply == 0) return Failure::kNetwork;
  return result.reply >= 500 ? Failure::kClientError : Failure::kServerError;
}

std::string AdviceFor(const MailResult& result) {
  if (result.authentication_failed) return "check the mail server's user name and password";
  if (!result.refused.empty()) return "check the addresses of the recipients";
  return "the mail server's reply says what it does not accept";
}

// A recipient that is refused for now may be taken later.
bool IsFinal(const MailResult& result) {
  if (result.cancelled || result.timed_out || result.reply < 500) return false;
  return std::all_of(result.refused.begin(), result.refused.end(),
                     [](const RefusedRecipient& one) { return one.reply.substr(0, 1) == "5"; });
}

}  // namespace

Outcome MailOutcome(const MailResult& result) {
  if (result.accepted) {
    Outcome outcome = Outcome::Delivered();
    if (!result.refused.empty()) {
      outcome.reason = "delivered, but not to " + RefusedText(result.refused);
    }
    return outcome;
  }
  if (result.forbidden) {
    return Outcome::GiveUp(Failure::kOther, result.message,
                           "if the address is meant, name it in tocsin.egress.allow_networks or "
                           "allow_hosts");
  }
  if (IsFinal(result)) return Outcome::GiveUp(WhyOf(result), result.message, AdviceFor(result));
  Outcome outcome = Outcome::Retry(WhyOf(result), result.message);
  outcome.may_have_arrived = result.outcome_unknown;
  return outcome;
}

}  // namespace tocsin::receivers
