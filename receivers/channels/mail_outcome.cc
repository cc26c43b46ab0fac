#include "receivers/channels/mail_outcome.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/number.h"
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

constexpr char kRecipients[] = "recipients";  // that are left, a line each
constexpr char kSince[] = "since";            // ms since 1970: when the others got theirs
constexpr Duration kPatience = std::chrono::hours(1);

bool IsRest(const MailMemory& memory) { return memory.count(kRecipients) != 0; }

Timestamp SinceWhen(const MailMemory& memory, Timestamp now) {
  const auto since = memory.find(kSince);
  const std::optional<std::int64_t> ms =
      since == memory.end() ? std::nullopt : ParseInt(since->second);
  return ms && FromUnixMillis(*ms) < now ? FromUnixMillis(*ms) : now;
}

Outcome DeliveredBut(const std::string& not_to) {
  Outcome outcome = Outcome::Delivered();
  outcome.reason = "delivered, but not to " + not_to;
  return outcome;
}

// The mail was taken, but not for all.
Outcome PartlyTaken(const MailResult& result, const MailMemory& memory, Timestamp now) {
  std::string later;
  for (const RefusedRecipient& one : result.refused) {
    if (one.reply.substr(0, 1) != "4") continue;
    if (!later.empty()) later += '\n';
    later += one.address;
  }
  const std::string refused = RefusedText(result.refused);
  const Timestamp since = SinceWhen(memory, now);
  if (later.empty() || now - since >= kPatience) return DeliveredBut(refused);
  Outcome outcome = Outcome::Retry(Failure::kServerError, "not delivered yet to " + refused);
  outcome.may_have_arrived = true;
  outcome.remember = {{kRecipients, later}, {kSince, std::to_string(ToUnixMillis(since))}};
  return outcome;
}

// Others got theirs before.
Outcome RestNotTaken(const MailResult& result, const MailMemory& memory, Timestamp now) {
  if (IsFinal(result) || now - SinceWhen(memory, now) >= kPatience) {
    const std::vector<std::string_view> left = Split(memory.at(kRecipients), '\n');
    return DeliveredBut(fmt::format("{}: {}", fmt::join(left, ", "), result.message));
  }
  Outcome outcome = Outcome::Retry(WhyOf(result), result.message);
  outcome.may_have_arrived = true;
  if (result.reply != 0) outcome.remember = memory;  // it is these whom the server makes wait
  return outcome;
}

}  // namespace

std::vector<std::string> MailRecipients(std::vector<std::string> all, const MailMemory& memory) {
  if (!IsRest(memory)) return all;
  const std::vector<std::string_view> left = Split(memory.at(kRecipients), '\n');
  std::vector<std::string> rest;
  for (const std::string& one : all) {
    if (std::find(left.begin(), left.end(), one) != left.end()) rest.push_back(one);
  }
  return rest.empty() ? all : rest;  // the settings have changed
}

Outcome MailOutcome(const MailResult& result, const MailMemory& memory, Timestamp now) {
  if (result.accepted) {
    return result.refused.empty() ? Outcome::Delivered() : PartlyTaken(result, memory, now);
  }
  if (result.forbidden) {
    return Outcome::GiveUp(Failure::kOther, result.message,
                           "if the address is meant, name it in tocsin.egress.allow_networks or "
                           "allow_hosts");
  }
  if (IsRest(memory)) return RestNotTaken(result, memory, now);
  if (IsFinal(result)) return Outcome::GiveUp(WhyOf(result), result.message, AdviceFor(result));
  Outcome outcome = Outcome::Retry(WhyOf(result), result.message);
  outcome.may_have_arrived = result.outcome_unknown;
  outcome.is_of_recipient =
      result.reply_is_to_recipient && outcome.failure == Failure::kServerError;
  return outcome;
}

}  // namespace tocsin::receivers
