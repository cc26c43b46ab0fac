#include "receivers/channels/vendor_call.h"

#include <algorithm>
#include <utility>

#include "receivers/channels/configured_http.h"
#include "receivers/channels/http_outcome.h"
#include "receivers/channels/sent_secrets.h"

namespace tocsin::receivers {
namespace {

// Keeps itself alive until `done` has run.
class Attempt final : public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(const ConfiguredHttp& http, const Clock& clock, Duration timeout, Channel::Done done)
      : http_(http),
        clock_(clock),
        deadline_(clock.Monotonic() + timeout),
        done_(std::move(done)) {}

  void Send(VendorCall call) {
    const auto complete = std::exchange(call.complete, nullptr);
    if (!complete) return SendComplete(std::move(call));
    HttpClientRequest request = std::move(call.request);
    complete(std::move(request), Left(),
             [self = shared_from_this(), call = std::move(call)](
                 HttpClientRequest completed, std::optional<Outcome> failure) mutable {
               if (failure) return self->done_(*std::move(failure));
               call.request = std::move(completed);
               self->SendComplete(std::move(call));
             });
  }

 private:
  Duration Left() const {
    const auto left = std::chrono::ceil<Duration>(deadline_ - clock_.Monotonic());
    return std::max(left, Duration(1));
  }

  void SendComplete(VendorCall call) {
    call.request.timeout = Left();
    call.request.max_response_bytes = call.judge ? call.answer_bytes : kUnreadAnswerBytes;
    http_.Send(std::move(call.request),
               [self = shared_from_this(), judge = std::move(call.judge),
                secrets = std::move(call.secrets)](HttpClientResult result) {
                 if (result.response) StrikeOut(secrets, &result.response->body);
                 self->OnAnswer(judge, result);
               });
  }

  void OnAnswer(
      const std::function<VendorStep(const HttpClientResult& result, Timestamp now)>& judge,
      const HttpClientResult& result) {
    const Timestamp now = clock_.Now();
    VendorStep step = judge ? judge(result, now) : VendorStep(HttpOutcome(result, now));
    if (step.next != nullptr) return Send(std::move(*step.next));
    done_(std::move(step.outcome));
  }

  const ConfiguredHttp& http_;
  const Clock& clock_;
  const std::chrono::nanoseconds deadline_;
  const Channel::Done done_;
};

using Calls = std::shared_ptr<const std::vector<VendorCall>>;

// `call` is the one at `index`, or what its answers have asked for.
VendorCall NthOf(const Calls& calls, std::size_t index, VendorCall call) {
  call.judge = [calls, index, judge = std::move(call.judge)](const HttpClientResult& result,
                                                             Timestamp now) -> VendorStep {
    VendorStep step = judge ? judge(result, now) : VendorStep(HttpOutcome(result, now));
    if (step.next != nullptr) return NthOf(calls, index, std::move(*step.next));
    Outcome outcome = std::move(step.outcome);
    if (outcome.kind != Outcome::Kind::kDelivered) {
      outcome.may_have_arrived = outcome.may_have_arrived || index > 0;
    } else if (index + 1 < calls->size()) {
      return NthOf(calls, index + 1, (*calls)[index + 1]);
    }
    return outcome;
  };
  return call;
}

}  // namespace

void ExpectEcho(VendorCall* call) {
  constexpr std::size_t kMost = 1 << 20;
  constexpr std::size_t kTimes = 8;
  call->answer_bytes =
      std::min(kMost, kReadAnswerBytes + kTimes * std::min(kMost, call->request.body.size()));
}

VendorCall InTurn(std::vector<VendorCall> calls) {
  const auto all = std::make_shared<const std::vector<VendorCall>>(std::move(calls));
  return NthOf(all, 0, all->front());
}

VendorCall OrElse(VendorCall call, VendorCall instead) {
  call.judge = [instead = std::move(instead), judge = std::move(call.judge)](
                   const HttpClientResult& result, Timestamp now) -> VendorStep {
    VendorStep step = judge ? judge(result, now) : VendorStep(HttpOutcome(result, now));
    const Outcome& outcome = step.outcome;
    // What may be there already is not sent once more.
    const bool is_refused = outcome.payload_refused && !outcome.may_have_arrived;
    if (step.next == nullptr && is_refused) return instead;
    return step;
  };
  return call;
}

VendorCall EndingWith(Outcome outcome, VendorCall call) {
  call.judge = [outcome = std::move(outcome), judge = std::move(call.judge)](
                   const HttpClientResult& result, Timestamp now) -> VendorStep {
    if (!judge) return outcome;
    VendorStep step = judge(result, now);
    if (step.next == nullptr) return outcome;
    return EndingWith(outcome, std::move(*step.next));
  };
  return call;
}

VendorCall FollowedBy(VendorCall call, Sequel sequel) {
  call.judge = [sequel = std::move(sequel), judge = std::move(call.judge)](
                   const HttpClientResult& result, Timestamp now) -> VendorStep {
    VendorStep step = judge ? judge(result, now) : VendorStep(HttpOutcome(result, now));
    const bool is_taken = step.next == nullptr && step.outcome.kind == Outcome::Kind::kDelivered;
    if (!is_taken || !result.response) return step;
    std::optional<VendorCall> next = sequel(*result.response);
    if (!next) return step;
    return EndingWith(std::move(step.outcome), *std::move(next));
  };
  return call;
}

VendorCall FollowedBy(VendorCall call, HttpClientRequest next) {
  return FollowedBy(std::move(call), [next = std::move(next)](const HttpClientResponse&) {
    return VendorCall{next, nullptr};
  });
}

void SendCalls(VendorCall call, Duration timeout, const ConfiguredHttp& http, const Clock& clock,
               Channel::Done done) {
  std::make_shared<Attempt>(http, clock, timeout, std::move(done))->Send(std::move(call));
}

}  // namespace tocsin::receivers
