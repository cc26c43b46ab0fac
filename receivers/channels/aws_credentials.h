// The AWS keys of one channel: fetched as a plan says (aws_plan.h), kept, and renewed five minutes
// before their end. Who asks while they are being fetched waits for that fetch. While a renewal
// fails, those that are kept are good until their end.
//
// Where it asks: STS is reached as SNS is, through the channel's proxy and under its egress policy.
// The services of the machine and of the container are on this host or one step away, and are asked
// without a proxy and under no policy, whatever tocsin.egress says: their addresses are constants
// or come from the environment of this process, never from a channel's settings, a template or an
// API, no redirect leads on from them, and nothing of their answers is shown to anybody. So
// whoever may write an address gains nothing by it: addresses of channels are under the policy.
//
// Shared by its channel and the fetch under way. Synchronises itself; any thread. Nothing here
// blocks but the reading of a token's file.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/mutex.h"
#include "base/result.h"
#include "config/environment.h"
#include "config/http_config.h"
#include "receivers/channels/aws_fetch.h"
#include "receivers/channels/aws_plan.h"
#include "receivers/channels/channel.h"
#include "receivers/channels/transport_settings.h"

namespace tocsin::receivers {

// Keys, or how an attempt ends that has none.
struct AwsKeysOrNot {
  AwsKeys keys;
  std::optional<Outcome> failure;
};

class AwsCredentials : public std::enable_shared_from_this<AwsCredentials> {
 public:
  using Waiter = std::function<void(const AwsKeysOrNot&)>;

  // Fails as TransportSettings::Make. What the context refers to outlives it.
  static Result<std::shared_ptr<AwsCredentials>> Make(const config::ProxyConfig& proxy,
                                                      const ChannelContext& context,
                                                      const config::Environment& environment);

  // `waiter` runs exactly once: at once, or on the HTTP client's thread.
  void Get(const AwsPlan& plan, Duration timeout, const Waiter& waiter) EXCLUDES(mu_);

  // AWS did not accept these: the next to ask gets others. Whether there can be any.
  bool Forget(const AwsKeys& keys) EXCLUDES(mu_);

 private:
  struct Fetch {
    AwsFetch steps;
    std::chrono::nanoseconds deadline{0};  // on the monotonic clock
  };
  struct Kept {
    AwsPlan plan;
    LentAwsKeys lent;
  };

  AwsCredentials(TransportSettings transport, const ChannelContext& context);

  // Of what is kept for the plan, what is good for `at_least` from now.
  std::optional<AwsKeys> Usable(const AwsPlan& plan, Duration at_least) const REQUIRES_LOCK(mu_);
  Result<HttpClientRequest> MakeRequest(const Fetch& fetch) const;
  void Send(Fetch fetch);
  void OnAnswer(Fetch fetch, const HttpClientResult& result);
  void Keep(const AwsFetch& steps) EXCLUDES(mu_);
  void Fail(const AwsPlan& plan, Outcome outcome) EXCLUDES(mu_);
  void Tell(const AwsKeysOrNot& answer) EXCLUDES(mu_);

  const TransportSettings transport_;
  HttpClient& http_;
  const Clock& clock_;
  const bool render_only_;

  mutable Mutex mu_;
  std::optional<Kept> kept_ GUARDED_BY(mu_);
  std::vector<Waiter> waiters_ GUARDED_BY(mu_);
  bool is_fetching_ GUARDED_BY(mu_) = false;
};

}  // namespace tocsin::receivers
