// The HTTP requests that one attempt takes, one after the other, and what their answers mean.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "receivers/channels/channel.h"

namespace tocsin::receivers {

// What is kept of an answer of whose body only the words of a refusal are of use, and of one that
// says by its body whether the message was taken. Where a server hangs in an answer, each attempt
// keeps so much.
inline constexpr std::size_t kUnreadAnswerBytes = 64 << 10;
inline constexpr std::size_t kReadAnswerBytes = 128 << 10;

class ConfiguredHttp;

struct VendorStep;

// Takes the completed request, or how the attempt ends that cannot be made. Runs exactly once, on
// any thread.
using Completed = std::function<void(HttpClientRequest request, std::optional<Outcome> failure)>;

// One request of an attempt.
struct VendorCall {
  HttpClientRequest request;
  // What its answer means. Null: what its status says (http_outcome.h).
  std::function<VendorStep(const HttpClientResult& result, Timestamp now)> judge;
  // What the request carries and nobody may read, beside its headers and the keys in its address
  // (sent_secrets.h): struck out of the answer.
  std::vector<std::string> secrets = {};
  // What the request takes before it can be sent, where that has to be waited for (credentials):
  // called with it and the time that is left. Null: nothing.
  std::function<void(HttpClientRequest request, Duration left, Completed done)> complete = nullptr;
  // What `judge` gets of the answer's body at most.
  std::size_t answer_bytes = kReadAnswerBytes;
};

// The answer repeats the message: as much of it is kept as that takes, escaped and told twice.
void ExpectEcho(VendorCall* call);

// The attempt is over, or takes another request.
struct VendorStep {
  VendorStep(Outcome end) : outcome(std::move(end)) {}  // NOLINT(google-explicit-constructor)
  VendorStep(VendorCall another)                        // NOLINT(google-explicit-constructor)
      : next(std::make_unique<VendorCall>(std::move(another))) {}

  Outcome outcome;
  std::unique_ptr<VendorCall> next;  // null: `outcome` stands
};

// What one attempt tells of several things, one after the other. The first that fails ends the
// attempt. Another attempt tells all of them again: each must bear to be told twice. Once one was
// taken, something has arrived, whatever becomes of the rest.
// REQUIRES: there is one at least.
VendorCall InTurn(std::vector<VendorCall> calls);

// Where the vendor takes no such message (HTTP status 400, 413 or 422), `instead` is sent: the same
// with less in it.
VendorCall OrElse(VendorCall call, VendorCall instead);

// `call` adds something to a message that was taken: whatever becomes of it, and of the calls that
// its answers ask for, the attempt ends with `outcome`.
VendorCall EndingWith(Outcome outcome, VendorCall call);

// What the answer of a call that was taken lets be sent next; nothing where it does not say enough.
using Sequel = std::function<std::optional<VendorCall>(const HttpClientResponse& answer)>;

// The next is sent once the call has been taken, whatever becomes of it.
VendorCall FollowedBy(VendorCall call, Sequel sequel);
VendorCall FollowedBy(VendorCall call, HttpClientRequest next);

// Sends the request and those that its answers ask for, all within `timeout`. `done` hears of the
// end as Channel::Deliver says. `http` and `clock` live until then.
void SendCalls(VendorCall call, Duration timeout, const ConfiguredHttp& http, const Clock& clock,
               Channel::Done done);

}  // namespace tocsin::receivers
