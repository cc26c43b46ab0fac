#include "receivers/channels/channel.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.h"
#include "receivers/channels/with_picture.h"

namespace tocsin::receivers {

#define TOCSIN_CHANNEL(Name)                                               \
  Result<BuiltChannel> Make##Name(const config::ChannelSettings& settings, \
                                  const ChannelContext& context);
#include "receivers/channels/channel_list.h"
#undef TOCSIN_CHANNEL

namespace {

using Maker = Result<BuiltChannel> (*)(const config::ChannelSettings&, const ChannelContext&);

constexpr std::pair<std::string_view, Maker> kMakers[] = {
#define TOCSIN_CHANNEL(Name) {#Name, Make##Name},
#include "receivers/channels/channel_list.h"
#undef TOCSIN_CHANNEL
};

}  // namespace

std::string_view FailureName(Failure failure) {
  constexpr std::array<std::string_view, kFailures> kNames = {
      "none",         "network",      "timeout",   "rate_limited", "auth",
      "client_error", "server_error", "cancelled", "other"};
  return kNames.at(static_cast<std::size_t>(failure));
}

Outcome Outcome::Delivered(int http_status) {
  Outcome outcome;
  outcome.http_status = http_status;
  return outcome;
}

Outcome Outcome::Retry(Failure failure, std::string reason) {
  Outcome outcome;
  outcome.kind = Kind::kRetry;
  outcome.failure = failure;
  outcome.reason = std::move(reason);
  return outcome;
}

Outcome Outcome::GiveUp(Failure failure, std::string reason, std::string advice) {
  Outcome outcome;
  outcome.kind = Kind::kGiveUp;
  outcome.failure = failure;
  outcome.reason = std::move(reason);
  outcome.advice = std::move(advice);
  return outcome;
}

Channel::Done TellingOf(std::string template_failures, Channel::Done done) {
  if (template_failures.empty()) return done;
  return [failures = std::move(template_failures), done = std::move(done)](Outcome outcome) {
    std::string& reason = outcome.reason;
    const bool is_plain = outcome.kind == Outcome::Kind::kDelivered && reason.empty();
    reason += is_plain ? "delivered, but without a template that fails: "
                       : "; and without a template that fails: ";
    reason += failures;
    outcome.template_failures = failures;
    done(std::move(outcome));
  };
}

Result<BuiltChannel> MakeChannel(const config::ChannelSettings& settings,
                                 const ChannelContext& context) {
  for (const auto& [name, make] : kMakers) {
    if (!EqualsIgnoreCase(name, settings.type)) continue;
    Result<BuiltChannel> built = make(settings, context);
    return built ? WithPicture(*std::move(built), settings, context) : std::move(built);
  }
  std::string known;
  for (const auto& [name, make] : kMakers) {
    if (!known.empty()) known += ", ";
    known += ToLowerAscii(name);
  }
  return Error{fmt::format("unknown channel {}; known: {}", QuoteForMessage(settings.type), known)};
}

}  // namespace tocsin::receivers
