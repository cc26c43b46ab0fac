// Servers that hang, break off, answer without end or with what is no HTTP, at each request that an
// attempt takes: every channel's attempt ends once, in time, knows whether its message may have
// arrived, and says what happened without a secret.
#include <fmt/format.h>

#include <functional>
#include <list>

#include "base/text.h"
#include "tests/unit/receivers/channel_kit.h"

namespace tocsin::receivers {
namespace {

using Kind = Outcome::Kind;
using std::chrono::milliseconds;
using testing::AnswerText;
using testing::AwaitRequest;
using testing::BadHttpServer;
using testing::BadScript;
using testing::Drip;
using testing::Hang;
using testing::LoopbackSocket;
using testing::ReadRequest;
using testing::Repeat;
using testing::Reset;
using testing::Send;

struct Trouble {
  const char* name;
  BadScript script;
  const char* says;                  // in the reason
  bool is_after_the_request = true;  // which was then sent whole; else nobody can tell
};

// An answer of nine bytes.
constexpr char kHead[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
constexpr char kChunkedHead[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string PartOfBody() { return std::string(kHead) + "ok"; }
std::string PartOfChunk() { return std::string(kChunkedHead) + "5\r\nab"; }

const std::vector<Trouble>& Hanging() {
  static const std::vector<Trouble> kHanging = {
      {"after the connection was made", {Hang()}, "timed out"},
      {"with the request unread", {AwaitRequest(), Hang()}, "timed out"},
      {"after the request", {ReadRequest(), Hang()}, "timed out"},
      {"in the status line", {ReadRequest(), Send("HTTP/1."), Hang()}, "timed out"},
      {"in the headers", {ReadRequest(), Send("HTTP/1.1 200 OK\r\nX-A"), Hang()}, "timed out"},
      {"after the headers", {ReadRequest(), Send(kHead), Hang()}, "timed out"},
      {"in the body", {ReadRequest(), Send(PartOfBody()), Hang()}, "timed out"},
      {"in a chunk", {ReadRequest(), Send(PartOfChunk()), Hang()}, "timed out"},
      {"behind the last chunk",
       {ReadRequest(), Send(PartOfChunk() + "cde\r\n"), Hang()},
       "timed out"},
      {"in a body that ends with the connection",
       {ReadRequest(), Send("HTTP/1.1 200 OK\r\n\r\nok"), Hang()},
       "timed out"},
      {"after saying that it goes on",
       {ReadRequest(), Send("HTTP/1.1 102 Processing\r\n\r\n"), Hang()},
       "timed out"},
      {"byte by byte", {ReadRequest(), Drip(PartOfBody()), Hang()}, "timed out"},
  };
  return kHanging;
}

const std::vector<Trouble>& Breaking() {
  static const std::vector<Trouble> kBreaking = {
      {"closes at once", {}, "", false},
      {"resets at once", {Reset()}, "", false},
      {"resets with the request unread", {AwaitRequest(), Reset()}, "reset"},
      {"closes after the request", {ReadRequest()}, "Empty reply"},
      {"resets after the request", {ReadRequest(), Reset()}, "reset"},
      {"closes in the status line", {ReadRequest(), Send("HTTP/1.")}, "Empty reply"},
      {"closes in the headers",
       {ReadRequest(), Send("HTTP/1.1 200 OK\r\nContent-Le")},
       "in the middle of the answer's headers"},
      {"closes after saying that it goes on",
       {ReadRequest(), Send("HTTP/1.1 102 Processing\r\n\r\n")},
       "Empty reply"},
      {"closes in the body", {ReadRequest(), Send(PartOfBody())}, "7 bytes remaining"},
      {"closes in a chunk", {ReadRequest(), Send(PartOfChunk())}, "outstanding read data"},
      {"resets in the body", {ReadRequest(), Send(PartOfBody()), Reset()}, "reset"},
      {"speaks another language", {ReadRequest(), Send("220 mail.test ready\r\n")}, "HTTP/0.9"},
      {"speaks before it is asked", {Send("SSH-2.0-OpenSSH_9.2\r\n"), ReadRequest()}, "", false},
      {"sends bytes",
       {ReadRequest(), Send(std::string("\0\x01\xff\xfe\x80\n\r\r\n", 9))},
       "HTTP/0.9"},
      {"has a version of its own",
       {ReadRequest(), Send("HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n")},
       "Unsupported HTTP version"},
      {"has no status", {ReadRequest(), Send("HTTP/1.1\r\n\r\n")}, "Unsupported HTTP version"},
      {"has chunks of no size",
       {ReadRequest(), Send(std::string(kChunkedHead) + "some\r\nok\r\n")},
       "chunk"},
      {"answers with headers without end",
       {ReadRequest(), Send("HTTP/1.1 200 OK\r\n"),
        Repeat("X-More: " + std::string(1000, 'x') + "\r\n")},
       "headers of the answer are too large"},
      {"answers with one header without end",
       {ReadRequest(), Send("HTTP/1.1 200 OK\r\nX-More: "), Repeat(std::string(1000, 'x'))},
       "headers of the answer are too large"},
  };
  return kBreaking;
}

class BadServers : public ChannelKit {
 protected:
  static bool Adds(std::size_t step) { return GetParam().steps[step].adds; }
  static void ExpectRetry(const Outcome& outcome, std::size_t step, const Trouble& trouble) {
    const std::string where = fmt::format("{} at step {}", trouble.name, step);
    EXPECT_EQ(outcome.kind, Kind::kRetry) << where << ": " << outcome.reason;
    ExpectGoodWords(outcome, where);
    EXPECT_NE(outcome.reason.find(trouble.says), std::string::npos) << where << outcome.reason;
    if (MayHaveArrived(step) && !trouble.is_after_the_request && !IsToldBefore(GetParam(), step)) {
      return;
    }
    EXPECT_EQ(outcome.may_have_arrived, MayHaveArrived(step)) << where << ": " << outcome.reason;
  }
  // The message, of an attempt that ended after the request of that step was sent.
  static bool MayHaveArrived(std::size_t step) {
    return IsToldBefore(GetParam(), step) || GetParam().steps[step].tells;
  }
};

struct HangingCase {
  std::size_t step;
  const Trouble* trouble;
};

class HangingServers : public BadServers {
 protected:
  // Tries all of them at once, since each waits for its whole timeout. Those that did not come as
  // far as the trouble, or know no better.
  std::vector<HangingCase> Try(const std::vector<HangingCase>& cases, Duration timeout) {
    std::list<BadHttpServer> servers;
    std::vector<KitEnding> endings;
    for (const HangingCase& c : cases) {
      BadHttpServer& server =
          servers.emplace_back(ScriptsWith(GetParam(), c.step, c.trouble->script));
      endings.push_back(Begin(Make(server.Url()), MessageOfRow(), timeout));
    }
    std::vector<HangingCase> left;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const std::string where = fmt::format("{} at step {}", cases[i].trouble->name, cases[i].step);
      const Outcome outcome = endings[i].Await();
      if (Adds(cases[i].step)) {
        if (outcome.kind != Kind::kDelivered) left.push_back(cases[i]);
        continue;
      }
      EXPECT_EQ(outcome.kind, Kind::kRetry) << where << ": " << outcome.reason;
      EXPECT_EQ(outcome.failure, Failure::kTimeout) << where << ": " << outcome.reason;
      EXPECT_NE(outcome.reason.find(cases[i].trouble->says), std::string::npos) << outcome.reason;
      ExpectGoodWords(outcome, where);
      if (outcome.may_have_arrived != MayHaveArrived(cases[i].step)) left.push_back(cases[i]);
    }
    return left;
  }
};

TEST_P(HangingServers, AreLeftInTimeAtWhateverPointTheyHang) {
  std::vector<HangingCase> left;
  for (std::size_t step = 0; step < GetParam().steps.size(); ++step) {
    for (const Trouble& trouble : Hanging()) left.push_back({step, &trouble});
  }
  // Where the machine is slow, some need more time to come so far.
  for (Duration timeout = milliseconds(40); timeout < kSurelyEnough; timeout *= 4) {
    left = Try(left, timeout);
    if (left.empty()) break;
  }
  for (const HangingCase& c : left) {
    ADD_FAILURE() << c.trouble->name << " at step " << c.step
                  << ": it is not known whether the message may have arrived";
  }
}

TEST_P(HangingServers, AreLeftWhenThisProgramStops) {
  BadHttpServer server({{ReadRequest(), Hang()}});
  const KitEnding ending = Begin(Make(server.Url()), MessageOfRow());
  server.AwaitRequests(1);
  CutOff();
  const Outcome outcome = ending.Await();
  EXPECT_EQ(outcome.kind, Kind::kRetry);
  EXPECT_EQ(outcome.may_have_arrived, MayHaveArrived(0));
  ExpectGoodWords(outcome, "stopping");
}

// The others are awaited.
class HangingVendors : public BadServers {};

TEST_P(HangingVendors, AreLeftWhenTheirSettingsChange) {
  BadHttpServer server({{ReadRequest(), Hang()}});
  GroupChannel& channel = Make(server.Url());
  const KitEnding ending = Begin(channel, MessageOfRow());
  server.AwaitRequests(1);
  channel.Cancel();
  const Outcome outcome = ending.Await();
  EXPECT_EQ(outcome.failure, Failure::kCancelled) << outcome.reason;
  EXPECT_EQ(outcome.may_have_arrived, MayHaveArrived(0));
  ExpectGoodWords(outcome, "cancelled");
}

TEST_P(BadServers, BreakOffOrTalkNonsenseAndAreTriedAgain) {
  const KitRow& row = GetParam();
  BadHttpServer server;
  bool durable = true;
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    for (const Trouble& trouble : Breaking()) {
      server.Play(ScriptsWith(row, step, trouble.script));
      const Outcome outcome = Deliver(Make(server.Url()), MessageOfRow(durable));
      EXPECT_EQ(server.connections(), step + 1) << trouble.name;
      if (Adds(step)) {
        EXPECT_EQ(outcome.kind, Kind::kDelivered) << trouble.name << ": " << outcome.reason;
        continue;
      }
      ExpectRetry(outcome, step, trouble);
      EXPECT_EQ(outcome.failure, Failure::kNetwork) << trouble.name << ": " << outcome.reason;
      // It is the same in Alertmanager's ways.
      durable = !durable || !row.is_vendor;
    }
  }
}

TEST_P(BadServers, AreNotThereAndNothingHasArrived) {
  const LoopbackSocket refusing(LoopbackSocket::Mode::kRefusing);
  GroupChannel& channel = Make(refusing.Url(""));
  for (const bool durable : {true, false}) {
    const Outcome outcome = Deliver(channel, MessageOfRow(durable));
    EXPECT_EQ(outcome.kind, Kind::kRetry);
    EXPECT_EQ(outcome.failure, Failure::kNetwork);
    EXPECT_FALSE(outcome.may_have_arrived);
    EXPECT_NE(outcome.reason.find("connect"), std::string::npos) << outcome.reason;
    ExpectGoodWords(outcome, "nobody listens");
  }
}

TEST_P(BadServers, AnswerSlowlyAndAreHeardAllTheSame) {
  std::vector<BadScript> scripts;
  for (const KitStep& step : GetParam().steps) {
    scripts.push_back({ReadRequest(), Drip(AnswerText(step.status, step.body, HeadersOf(step)))});
  }
  BadHttpServer server(scripts);
  const Outcome outcome = Deliver(Make(server.Url()), MessageOfRow());
  EXPECT_EQ(outcome.kind, Kind::kDelivered) << outcome.reason;
}

// As at Alertmanager: where nobody reads the body of a success, the status says it.
TEST_P(BadServers, AnswerAtLengthAndAreNotReadToTheEnd) {
  const std::string piece(1 << 16, 'x');
  const BadScript scripts[] = {
      {ReadRequest(), Send("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n"), Repeat(piece)},
      {ReadRequest(), Send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"), Repeat(piece)},
      {ReadRequest(), Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
       Repeat("10000\r\n" + piece + "\r\n")},
  };
  const KitRow& row = GetParam();
  BadHttpServer server;
  bool durable = true;
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    const bool is_needed = row.steps[step].is_read && !Adds(step);
    for (const BadScript& script : scripts) {
      server.Play(ScriptsWith(row, step, script));
      const Outcome outcome = Deliver(Make(server.Url()), MessageOfRow(durable));
      EXPECT_EQ(outcome.kind == Kind::kDelivered, !is_needed) << outcome.reason;
      durable = !durable || !row.is_vendor;
      if (!is_needed) continue;
      EXPECT_EQ(server.connections(), step + 1);
      ExpectGoodWords(outcome, "a large answer");
    }
  }
}

// Whoever says that he cannot take anything now is asked again, whatever else he says.
TEST_P(BadServers, AreOverloadedAtLengthAndAreTriedAgain) {
  BadHttpServer server;
  server.Play({{ReadRequest(),
                Send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 10000000\r\n"
                     "Retry-After: 7\r\n\r\n"),
                Repeat(std::string(1 << 16, 'x'))}});
  const Outcome outcome = Deliver(Make(server.Url()), MessageOfRow());
  EXPECT_EQ(outcome.kind, Kind::kRetry) << outcome.reason;
  EXPECT_EQ(outcome.http_status, 503);
  EXPECT_EQ(outcome.retry_after, Duration(std::chrono::seconds(7)));
  EXPECT_FALSE(outcome.may_have_arrived);
}

INSTANTIATE_TEST_SUITE_P(Every, HangingServers, ::testing::ValuesIn(KitRows()), NameOfRow);
INSTANTIATE_TEST_SUITE_P(Every, HangingVendors, ::testing::ValuesIn(VendorRows()), NameOfRow);
INSTANTIATE_TEST_SUITE_P(Every, BadServers, ::testing::ValuesIn(KitRows()), NameOfRow);

}  // namespace
}  // namespace tocsin::receivers
