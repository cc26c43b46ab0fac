// What every channel makes of the status and the headers of an answer, at each request that an
// attempt takes.
#include <fmt/format.h>

#include <algorithm>

#include "tests/unit/receivers/channel_kit.h"

namespace tocsin::receivers {
namespace {

using Kind = Outcome::Kind;
using testing::AnswerScript;
using testing::BadHttpServer;
using testing::BadScript;

// Redirects are without an address here, so that nobody can follow them.
constexpr int kStatuses[] = {200, 201, 202, 299, 300, 301, 302, 304, 308, 400,
                             401, 403, 404, 408, 409, 410, 413, 415, 418, 422,
                             425, 429, 451, 500, 502, 503, 504, 529, 599};

bool IsSuccess(int status) { return status >= 200 && status < 300; }

bool HasItself(const KitRow& row, int status) {
  return row.retries_all ||
         std::find(row.retried.begin(), row.retried.end(), status) != row.retried.end();
}

// Full daemon: 408, 429 and 5xx are tried again, and what the vendor asks for. Alertmanager's ways:
// 5xx, and what the vendor asks for. All else is final.
Kind KindOf(const KitRow& row, int status, bool durable) {
  if (IsSuccess(status)) {
    return row.takes_only_200 && status != 200 ? Kind::kRetry : Kind::kDelivered;
  }
  const bool is_passing = status >= 500 || (durable && (status == 408 || status == 429));
  return is_passing || HasItself(row, status) ? Kind::kRetry : Kind::kGiveUp;
}

class ChannelStatuses : public ChannelKit {
 protected:
  static bool IsRetold(const KitRow& row, int status) {
    return std::find(row.retold.begin(), row.retold.end(), status) != row.retold.end();
  }
  // Of a step: it is answered so.
  static BadScript Refusal(int status, const std::string& header = "X-Kit: nothing") {
    return AnswerScript(status, "<html>no</html>", {"Content-Type: text/html", header});
  }
  static BadScript Success(const KitStep& step, int status) {
    return AnswerScript(status, step.body, HeadersOf(step));
  }
};

TEST_P(ChannelStatuses, DeliverWhereAllGoesWell) {
  BadHttpServer server(GoodScripts(GetParam()));
  GroupChannel& channel = Make(server.Url());
  const Outcome outcome = Deliver(channel, MessageOfRow());
  EXPECT_EQ(outcome.kind, Kind::kDelivered) << outcome.reason;
  EXPECT_EQ(outcome.http_status, LastThatTells(GetParam()).status);
  EXPECT_EQ(server.requests().size(), GetParam().steps.size());
}

TEST_P(ChannelStatuses, MeanTheSameAtEveryStep) {
  const KitRow& row = GetParam();
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    BadHttpServer server;
    GroupChannel* channel = &Make(server.Url());
    for (const bool durable : {true, false}) {
      if (!durable && !row.is_vendor) continue;
      for (const int status : kStatuses) {
        if (IsRetold(row, status)) continue;
        const std::string where = fmt::format("{} at step {} durable {}", status, step, durable);
        if (row.remembers) channel = &Make(server.Url());
        server.Play(ScriptsWith(
            row, step, IsSuccess(status) ? Success(row.steps[step], status) : Refusal(status)));
        const Outcome outcome = Deliver(*channel, MessageOfRow(durable));
        const bool adds = row.steps[step].adds;
        EXPECT_EQ(outcome.kind, adds ? Kind::kDelivered : KindOf(row, status, durable))
            << where << ": " << outcome.reason;
        ExpectGoodWords(outcome, where);
        if (IsSuccess(status) || adds) continue;
        EXPECT_EQ(outcome.http_status, status) << where;
        EXPECT_NE(outcome.reason.find(std::to_string(status)), std::string::npos) << where;
        EXPECT_EQ(outcome.may_have_arrived, IsToldBefore(row, step)) << where;
        const bool is_refused = status == 400 || status == 413 || status == 422;
        EXPECT_EQ(outcome.payload_refused, is_refused && outcome.kind == Kind::kGiveUp) << where;
        EXPECT_FALSE(outcome.kind == Kind::kGiveUp && outcome.advice.empty()) << where;
        EXPECT_EQ(server.connections(), step + 1) << where;
      }
    }
  }
}

// What is refused with its picture goes without, once.
TEST_P(ChannelStatuses, RefuseAPictureAndTakeTheMessage) {
  for (const int status : GetParam().retold) {
    BadHttpServer server;
    server.Play({Refusal(status), GoodScripts(GetParam()).at(0)});
    Outcome outcome = Deliver(Make(server.Url()), MessageOfRow());
    EXPECT_EQ(outcome.kind, Kind::kDelivered) << status << ": " << outcome.reason;
    ASSERT_EQ(server.requests().size(), 2u) << status;
    EXPECT_NE(server.requests()[0].body.find(kKitPicture), std::string::npos) << status;
    EXPECT_EQ(server.requests()[1].body.find(kKitPicture), std::string::npos) << status;
    server.Play({Refusal(status), Refusal(status)});
    outcome = Deliver(Make(server.Url()), MessageOfRow());
    EXPECT_EQ(outcome.kind, Kind::kGiveUp) << status << ": " << outcome.reason;
    EXPECT_EQ(outcome.http_status, status);
    EXPECT_FALSE(outcome.may_have_arrived) << status;
    EXPECT_EQ(server.connections(), 2u) << status;
  }
}

struct RetryAfterCase {
  const char* text;
  std::optional<Duration> wait;
};

// The kit's clock stands at 07:00:00.
const RetryAfterCase kRetryAfter[] = {
    {"120", std::chrono::seconds(120)},
    {"0", Duration(0)},
    {"Wed, 21 Oct 2015 07:28:00 GMT", std::chrono::minutes(28)},
    {"Wed, 21 Oct 2015 06:28:00 GMT", Duration(0)},
    {"99999999999999999999", std::chrono::hours(366 * 24)},
    {"soon", std::nullopt},
    {"-1", std::nullopt},
    {"\x01\xff", std::nullopt},
};

TEST_P(ChannelStatuses, HonourRetryAfter) {
  const KitRow& row = GetParam();
  BadHttpServer server;
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    for (const int status : {429, 503}) {
      for (const RetryAfterCase& c : kRetryAfter) {
        const std::string header = fmt::format("Retry-After: {}", c.text);
        server.Play(ScriptsWith(row, step, Refusal(status, header)));
        const Outcome outcome = Deliver(Make(server.Url()), MessageOfRow());
        if (row.steps[step].adds) {
          EXPECT_EQ(outcome.kind, Kind::kDelivered) << status << ": " << outcome.reason;
          continue;
        }
        EXPECT_EQ(outcome.kind, Kind::kRetry) << status;
        EXPECT_EQ(outcome.retry_after, c.wait) << status << " " << c.text << " at step " << step;
      }
    }
  }
}

// That of a proxy in between, or of a login.
TEST_P(ChannelStatuses, SayNothingWithAPageWhereTheBodyIsRead) {
  const KitRow& row = GetParam();
  BadHttpServer server;
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    server.Play(ScriptsWith(row, step,
                            AnswerScript(200, "<html>welcome</html>", HeadersOf(row.steps[step]))));
    const Outcome outcome = Deliver(Make(server.Url()), MessageOfRow());
    EXPECT_EQ(outcome.kind == Kind::kDelivered, !row.steps[step].is_read) << outcome.reason;
    ExpectGoodWords(outcome, "a page");
  }
}

// What was told stays told, whatever the answers to the rest are.
TEST_P(ChannelStatuses, AreReadWithCare) {
  const std::string bodies[] = {"",
                                "null",
                                "[]",
                                "{}",
                                "\"\"",
                                "{\"ok\":1}",
                                R"({"ok":false})",
                                R"({"success":false})",
                                R"({"errcode":"x"})",
                                R"({"errcode":-1})",
                                R"({"issues":{}})",
                                R"({"issues":[{}]})",
                                R"({"transitions":[]})",
                                "{\"a\":\"\xff\xfe\"}",
                                std::string(100'000, '[')};
  const KitRow& row = GetParam();
  BadHttpServer server;
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    for (const std::string& body : bodies) {
      const std::string where = fmt::format("{} at step {}", body.substr(0, 50), step);
      server.Play(ScriptsWith(row, step, AnswerScript(200, body, HeadersOf(row.steps[step]))));
      const Outcome outcome = Deliver(Make(server.Url()), MessageOfRow());
      ExpectGoodWords(outcome, where);
      EXPECT_TRUE(outcome.may_have_arrived || outcome.kind == Kind::kDelivered ||
                  !IsToldBefore(row, step))
          << where;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, ChannelStatuses, ::testing::ValuesIn(KitRows()), NameOfRow);

}  // namespace
}  // namespace tocsin::receivers
