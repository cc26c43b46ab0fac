#include "receivers/channels/aws_credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tocsin::receivers {
namespace {

// As AWS's SDKs: a service gives out new keys by then.
constexpr Duration kRenewBefore = std::chrono::minutes(5);
// All who wait have deadlines of their own; a service that hangs must not hold up the next ones.
constexpr Duration kLongestFetch = std::chrono::seconds(30);
// What is on this host answers at once. Elsewhere nobody has the address, and it takes no answer.
constexpr Duration kLongestLocalRequest = std::chrono::seconds(5);

// A message that is only shown is signed with these where others would have to be asked for.
AwsKeys ExampleKeys() { return {"RENDERED", Secret("rendered"), Secret("rendered")}; }

}  // namespace

AwsCredentials::AwsCredentials(TransportSettings transport, const ChannelContext& context)
    : transport_(std::move(transport)),
      http_(context.http),
      clock_(context.clock),
      render_only_(context.render_only) {}

Result<std::shared_ptr<AwsCredentials>> AwsCredentials::Make(
    const config::ProxyConfig& proxy, const ChannelContext& context,
    const config::Environment& environment) {
  // A tls_config is about the channel's address; STS has the certificates that everybody knows.
  Result<TransportSettings> transport =
      TransportSettings::Make({}, proxy, /*http2=*/false, context.egress, environment);
  if (!transport) return transport.error();
  return std::shared_ptr<AwsCredentials>(new AwsCredentials(*std::move(transport), context));
}

void AwsCredentials::Get(const AwsPlan& plan, Duration timeout, const Waiter& waiter) {
  Fetch fetch{AwsFetch(plan), clock_.Monotonic() + std::min(timeout, kLongestFetch)};
  if (fetch.steps.is_done()) return waiter({plan.keys, std::nullopt});
  if (render_only_) return waiter({ExampleKeys(), std::nullopt});
  std::optional<AwsKeys> usable;
  {
    MutexLock lock(mu_);
    usable = Usable(plan, kRenewBefore);
    if (!usable) {
      waiters_.push_back(waiter);
      if (std::exchange(is_fetching_, true)) return;
    }
  }
  if (usable) return waiter({*std::move(usable), std::nullopt});
  Send(std::move(fetch));
}

std::optional<AwsKeys> AwsCredentials::Usable(const AwsPlan& plan, Duration at_least) const {
  if (!kept_ || !(kept_->plan == plan)) return std::nullopt;
  const std::optional<Timestamp> ends = kept_->lent.ends;
  if (ends && clock_.Now() + at_least >= *ends) return std::nullopt;
  return kept_->lent.keys;
}

bool AwsCredentials::Forget(const AwsKeys& keys) {
  MutexLock lock(mu_);
  // Others may have come meanwhile.
  const bool is_kept = kept_ && kept_->lent.keys == keys;
  const bool has_others = kept_ && !is_kept;
  if (is_kept) kept_.reset();
  return is_kept || has_others;
}

Result<HttpClientRequest> AwsCredentials::MakeRequest(const Fetch& fetch) const {
  Result<HttpClientRequest> request = fetch.steps.Next(clock_.Now());
  if (!request) return request;
  const auto left = std::chrono::ceil<Duration>(fetch.deadline - clock_.Monotonic());
  request->timeout = std::max(left, Duration(1));
  if (fetch.steps.is_local()) {
    request->timeout = std::min(request->timeout, kLongestLocalRequest);
    return request;
  }
  Result<std::shared_ptr<const HttpTransport>> transport = transport_.For(request->url);
  if (!transport) return transport.error();
  request->transport = *std::move(transport);
  return request;
}

void AwsCredentials::Send(Fetch fetch) {
  Result<HttpClientRequest> request = MakeRequest(fetch);
  if (!request) return Fail(fetch.steps.plan(), fetch.steps.Failed(request.error()));
  http_.Send(*std::move(request),
             [self = shared_from_this(), fetch = std::move(fetch)](const HttpClientResult& result) {
               self->OnAnswer(fetch, result);
             });
}

void AwsCredentials::OnAnswer(Fetch fetch, const HttpClientResult& result) {
  std::optional<Outcome> failure = fetch.steps.Take(result, clock_.Now());
  if (failure) return Fail(fetch.steps.plan(), *std::move(failure));
  if (!fetch.steps.is_done()) return Send(std::move(fetch));
  Keep(fetch.steps);
  Tell({fetch.steps.lent().keys, std::nullopt});
}

void AwsCredentials::Keep(const AwsFetch& steps) {
  MutexLock lock(mu_);
  kept_ = Kept{steps.plan(), steps.lent()};
}

// Whoever renews early can wait for the next try.
void AwsCredentials::Fail(const AwsPlan& plan, Outcome outcome) {
  std::optional<AwsKeys> usable;
  {
    MutexLock lock(mu_);
    usable = Usable(plan, Duration(0));
  }
  if (usable) return Tell({*std::move(usable), std::nullopt});
  Tell({AwsKeys(), std::move(outcome)});
}

void AwsCredentials::Tell(const AwsKeysOrNot& answer) {
  std::vector<Waiter> waiters;
  {
    MutexLock lock(mu_);
    waiters.swap(waiters_);
    is_fetching_ = false;
  }
  for (const Waiter& waiter : waiters) waiter(answer);
}

}  // namespace tocsin::receivers
