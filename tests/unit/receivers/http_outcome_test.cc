#include "receivers/channels/http_outcome.h"

#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

using std::chrono::seconds;
using Kind = Outcome::Kind;

// 2015-10-21T07:00:00Z
const Timestamp kAnsweredAt = FromUnixMillis(1'445'410'800'000);

Outcome OfStatus(int status, const std::string& retry_after = "") {
  HttpClientResult result;
  result.response = HttpClientResponse{status, {}, "<html>a page</html>"};
  if (!retry_after.empty()) result.response->headers.emplace_back("retry-after", retry_after);
  return HttpOutcome(result, kAnsweredAt);
}

Outcome OfFailure(const HttpClientFailure& failure) {
  HttpClientResult result;
  result.failure = failure;
  return HttpOutcome(result, kAnsweredAt);
}

struct StatusCase {
  int status;
  Outcome::Kind kind;
  Failure failure;
  bool payload_refused;
};

TEST(HttpOutcome, IsWhatTheStatusMeans) {
  const StatusCase cases[] = {
      {200, Kind::kDelivered, Failure::kNone, false},
      {201, Kind::kDelivered, Failure::kNone, false},
      {202, Kind::kDelivered, Failure::kNone, false},
      {204, Kind::kDelivered, Failure::kNone, false},
      {299, Kind::kDelivered, Failure::kNone, false},
      {301, Kind::kGiveUp, Failure::kOther, false},
      {302, Kind::kGiveUp, Failure::kOther, false},
      {400, Kind::kGiveUp, Failure::kClientError, true},
      {401, Kind::kGiveUp, Failure::kAuth, false},
      {403, Kind::kGiveUp, Failure::kAuth, false},
      {404, Kind::kGiveUp, Failure::kClientError, false},
      {408, Kind::kRetry, Failure::kTimeout, false},
      {410, Kind::kGiveUp, Failure::kClientError, false},
      {413, Kind::kGiveUp, Failure::kClientError, true},
      {418, Kind::kGiveUp, Failure::kClientError, false},
      {422, Kind::kGiveUp, Failure::kClientError, true},
      {429, Kind::kRetry, Failure::kRateLimited, false},
      {500, Kind::kRetry, Failure::kServerError, false},
      {502, Kind::kRetry, Failure::kServerError, false},
      {503, Kind::kRetry, Failure::kServerError, false},
      {504, Kind::kRetry, Failure::kServerError, false},
      {599, Kind::kRetry, Failure::kServerError, false},
  };
  for (const StatusCase& c : cases) {
    const Outcome outcome = OfStatus(c.status);
    EXPECT_EQ(outcome.kind, c.kind) << c.status;
    EXPECT_EQ(outcome.failure, c.failure) << c.status;
    EXPECT_EQ(outcome.payload_refused, c.payload_refused) << c.status;
    EXPECT_EQ(outcome.http_status, c.status);
    EXPECT_FALSE(outcome.may_have_arrived) << c.status;
    const bool delivered = c.kind == Kind::kDelivered;
    EXPECT_EQ(outcome.reason, delivered ? "" : "HTTP status " + std::to_string(c.status));
    EXPECT_EQ(outcome.advice.empty(), c.kind != Kind::kGiveUp) << c.status;
  }
}

TEST(HttpOutcome, SaysWhatTheServerSays) {
  HttpClientResult result;
  result.response = HttpClientResponse{400, {}, R"({"message":"no such\nroom"})"};
  EXPECT_EQ(HttpOutcome(result, kAnsweredAt).reason, "HTTP status 400: \"no such\\nroom\"");
  result.response = HttpClientResponse{503, {}, "later \x01\xff" + std::string(1000, 'x')};
  const std::string reason = HttpOutcome(result, kAnsweredAt).reason;
  EXPECT_EQ(reason.substr(0, 23), "HTTP status 503: \"later");
  EXPECT_LT(reason.size(), 200U);
  result.response = HttpClientResponse{204, {}, "thanks"};
  EXPECT_EQ(HttpOutcome(result, kAnsweredAt).reason, "");
}

TEST(HttpOutcome, HonoursRetryAfterWhereItIsRetried) {
  EXPECT_EQ(OfStatus(429, "30").retry_after, Duration(seconds(30)));
  EXPECT_EQ(OfStatus(503, "30").retry_after, Duration(seconds(30)));
  EXPECT_EQ(OfStatus(503).retry_after, std::nullopt);
  EXPECT_EQ(OfStatus(503, "soon").retry_after, std::nullopt);
}

TEST(HttpOutcome, RetriesWhatDidNotReachTheReceiver) {
  HttpClientFailure failure;
  failure.message = "connection refused";
  const Outcome outcome = OfFailure(failure);
  EXPECT_EQ(outcome.kind, Outcome::Kind::kRetry);
  EXPECT_EQ(outcome.failure, Failure::kNetwork);
  EXPECT_EQ(outcome.reason, "connection refused");
  EXPECT_FALSE(outcome.may_have_arrived);
}

TEST(HttpOutcome, RetriesATimeoutAndKnowsWhetherItMayHaveArrived) {
  HttpClientFailure failure;
  failure.timed_out = true;
  EXPECT_EQ(OfFailure(failure).failure, Failure::kTimeout);
  EXPECT_FALSE(OfFailure(failure).may_have_arrived);
  failure.outcome_unknown = true;
  EXPECT_EQ(OfFailure(failure).kind, Outcome::Kind::kRetry);
  EXPECT_TRUE(OfFailure(failure).may_have_arrived);
}

TEST(HttpOutcome, KnowsWhatItsOwnerHasCancelled) {
  HttpClientFailure failure;
  failure.cancelled = true;
  failure.outcome_unknown = true;
  EXPECT_EQ(OfFailure(failure).failure, Failure::kCancelled);
  EXPECT_TRUE(OfFailure(failure).may_have_arrived);
}

TEST(RetryAfter, IsANumberOfSecondsOrADate) {
  EXPECT_EQ(ParseRetryAfter("0", kAnsweredAt), Duration(0));
  EXPECT_EQ(ParseRetryAfter("120", kAnsweredAt), Duration(seconds(120)));
  EXPECT_EQ(ParseRetryAfter(" 5 ", kAnsweredAt), Duration(seconds(5)));
  EXPECT_EQ(ParseRetryAfter("Wed, 21 Oct 2015 07:28:00 GMT", kAnsweredAt),
            Duration(seconds(28 * 60)));
}

TEST(RetryAfter, IsNeverNegativeAndNeverOverflows) {
  EXPECT_EQ(ParseRetryAfter("Wed, 21 Oct 2015 06:28:00 GMT", kAnsweredAt), Duration(0));
  EXPECT_EQ(ParseRetryAfter("99999999999999999999999", kAnsweredAt),
            Duration(seconds(366 * 86'400)));
  EXPECT_EQ(ParseRetryAfter("9223372036854775807", kAnsweredAt), Duration(seconds(366 * 86'400)));
}

TEST(RetryAfter, IsIgnoredWhereItIsSomethingElse) {
  for (const char* text : {"", "-1", "1.5", "soon", "Wed, 32 Oct 2015 07:28:00 GMT",
                           "Wed, 21 Okt 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 PST",
                           "21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28 GMT"}) {
    EXPECT_EQ(ParseRetryAfter(text, kAnsweredAt), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tocsin::receivers
