// Channel: one way to reach people. It renders a notification and sends it once; when to send, how
// often to try again, and what is not sent twice is the outbox's business.
//
// Owned by a GroupIntegration (pipeline/group_channel.h). Deliver is called by the dispatcher's
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/mail_client.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/worker_pool.h"
#include "config/settings.h"
#include "receivers/notification.h"

namespace tocsin::receivers {

class Pictures;

// Why an attempt failed, in the few words that a metric's label may take.
enum class Failure : std::uint8_t {
  kNone,
  kNetwork,
  kTimeout,
  kRateLimited,
  kAuth,
  kClientError,
  kServerError,
  kCancelled,  // by a reload
  kOther,
};
inline constexpr std::size_t kFailures = 9;
std::string_view FailureName(Failure failure);  // "network", "timeout", "rate_limited", ...

// How one attempt ended.
struct Outcome {
  enum class Kind : std::uint8_t { kDelivered, kRetry, kGiveUp };
  Kind kind = Kind::kDelivered;
  Failure failure = Failure::kNone;
  std::string reason;                   // why it failed, without secrets
  std::string advice;                   // what a person can do about a GiveUp
  std::optional<Duration> retry_after;  // what the other side asked for
  bool may_have_arrived = false;  // of a failure: the message may have been taken all the same
  bool payload_refused = false;   // of a GiveUp: this very message will never be taken
  bool is_of_recipient = false;   // of a Retry: the server is there, one whom it serves is not
  int http_status = 0;
  // By names of the channel's own, nothing: what was remembered before. Of a delivery: what a later
  // message about the same group is to be made with. Of a Retry: that some of those whom this
  // message is for have it, and what its next attempt is to know of them (with an outbox).
  std::map<std::string, std::string> remember = {};

  // Templates of the settings that failed, where the message went, or was to go, without them.
  std::string template_failures = {};

  static Outcome Delivered(int http_status = 0);
  static Outcome Retry(Failure failure, std::string reason);
  static Outcome GiveUp(Failure failure, std::string reason, std::string advice);
};

class Channel {
 public:
  using Done = std::function<void(Outcome)>;
  virtual ~Channel() = default;
  // Sends one attempt and never blocks. `done` runs exactly once, on any thread, perhaps before
  // Deliver returns; the channel lives until it has run.
  virtual void Deliver(const Notification& notification, Duration timeout, Done done) = 0;
};

// Adds them, if there are any, to the outcome and to its reason.
Channel::Done TellingOf(std::string template_failures, Channel::Done done);

// Writes text to the console within the time given. Called by one thread at a time.
using ConsoleWriter = std::function<Status(std::string_view text, Duration timeout)>;

// What channels are made with. Everything outlives them.
struct ChannelContext {
  HttpClient& http;
  MailClient& mail;
  const Clock& clock;
  MetricRegistry& metrics;
  ConsoleWriter console;
  Executor& console_executor;           // one thread: a terminal that blocks holds up nothing else
  std::string host_name = "localhost";  // this machine's, for the ids of mails
  std::shared_ptr<const EgressPolicy> egress = nullptr;  // null: any address may be reached
  Pictures* pictures = nullptr;                          // null: whoever wants pictures gets none
  bool render_only = false;  // nothing is sent: credentials need not be asked for
};

// A channel and what the pipeline must know of its settings.
struct BuiltChannel {
  std::unique_ptr<Channel> channel;
  Duration timeout{std::chrono::seconds(10)};
  bool send_resolved = true;
  // Is told that somebody deals with an alert, by messages about alerts that are acknowledged.
  bool hears_acknowledgements = false;
};

// By `settings.type`, through channel_list.h. Fails on a type that no channel has and on settings
// that the channel cannot work with.
Result<BuiltChannel> MakeChannel(const config::ChannelSettings& settings,
                                 const ChannelContext& context);

}  // namespace tocsin::receivers
