// Servers whose certificate or handshake is none: nothing is sent to them, and the attempt is
// repeated, since certificates are mended.
#include <fmt/format.h>

#include "tests/support/test_certificates.h"
#include "tests/unit/receivers/channel_kit.h"

namespace tocsin::receivers {
namespace {

using Kind = Outcome::Kind;
using std::chrono::milliseconds;
using testing::AwaitRequest;
using testing::BadHttpServer;
using testing::BadScript;
using testing::Hang;
using testing::MakeSelfSigned;
using testing::Reset;
using testing::Send;
using testing::TestAuthority;
using testing::TestCertificate;
using testing::TestValidity;

class BadTls : public ChannelKit {
 protected:
  static const TestAuthority& Authority() {
    static const TestAuthority kAuthority;
    return kAuthority;
  }
  // The channel trusts the authority above, where it can be told to.
  GroupChannel& MakeTrusting(const std::string& url) { return Make(url, TrustIn(Authority())); }

  static void ExpectNothingSent(const Outcome& outcome, const BadHttpServer& server,
                                const std::string& where) {
    EXPECT_EQ(outcome.kind, Kind::kRetry) << where << outcome.reason;
    EXPECT_FALSE(outcome.may_have_arrived) << where << outcome.reason;
    EXPECT_TRUE(server.requests().empty()) << where;
    ExpectGoodWords(outcome, where);
  }
};

struct BadCertificate {
  const char* name;
  TestCertificate identity;
  const char* says;
};

TEST_P(BadTls, GetNothingWhereTheirCertificateIsNone) {
  static const BadCertificate kCertificates[] = {
      {"another host's", Authority().Issue("DNS:other.test"), "127.0.0.1"},
      {"another address's", Authority().Issue("IP:127.0.0.2"), "127.0.0.1"},
      {"an expired one", Authority().Issue(testing::kLoopbackHost, TestValidity::kExpired),
       "certificate has expired"},
      {"one for later", Authority().Issue(testing::kLoopbackHost, TestValidity::kNotYet),
       "certificate is not yet valid"},
      {"one of its own making", MakeSelfSigned(), "self-signed certificate"},
      {"another authority's", TestAuthority("another one").Issue(), "local issuer certificate"},
  };
  for (const BadCertificate& bad : kCertificates) {
    BadHttpServer server(bad.identity, GoodScripts(GetParam()));
    const Outcome outcome = Deliver(MakeTrusting(server.Url()), MessageOfRow());
    ExpectNothingSent(outcome, server, bad.name);
    EXPECT_EQ(outcome.failure, Failure::kNetwork);
    EXPECT_NE(outcome.reason.find(bad.says), std::string::npos) << outcome.reason;
  }
}

TEST_P(BadTls, AreTalkedToWhereTheirCertificateIsGood) {
  const KitRow& row = GetParam();
  static const TestCertificate kGood = Authority().Issue();
  BadHttpServer server(kGood, GoodScripts(row));
  const Outcome outcome = Deliver(MakeTrusting(server.Url()), MessageOfRow());
  EXPECT_EQ(outcome.kind, Kind::kDelivered) << outcome.reason;
  EXPECT_EQ(server.requests().size(), row.steps.size());
}

TEST_P(BadTls, GetNothingWhereTheHandshakeFails) {
  const std::pair<const char*, BadScript> troubles[] = {
      {"closes", {AwaitRequest()}},
      {"resets", {AwaitRequest(), Reset()}},
      {"speaks in the clear", {AwaitRequest(), Send("HTTP/1.1 400 Bad Request\r\n\r\n")}},
      {"sends bytes", {AwaitRequest(), Send(std::string("\x16\x03\x01\xff\xff\0\x01", 7))}},
      {"refuses", {AwaitRequest(), Send(std::string("\x15\x03\x03\0\x02\x02\x28", 7))}},
  };
  for (const auto& [name, script] : troubles) {
    BadHttpServer server({script});
    const std::string url = "https" + server.Url().substr(4);
    ExpectNothingSent(Deliver(MakeTrusting(url), MessageOfRow()), server, name);
  }
}

TEST_P(BadTls, GetNothingWhereTheHandshakeHangs) {
  BadHttpServer silent({{Hang()}});
  BadHttpServer halting({{AwaitRequest(), Send("\x16\x03\x03"), Hang()}});
  std::vector<KitEnding> endings;
  for (const BadHttpServer* server : {&silent, &halting}) {
    GroupChannel& channel = MakeTrusting("https" + server->Url().substr(4));
    endings.push_back(Begin(channel, MessageOfRow(), milliseconds(25)));
  }
  for (const KitEnding& ending : endings) {
    const Outcome outcome = ending.Await();
    ExpectNothingSent(outcome, silent, "hangs");
    EXPECT_EQ(outcome.failure, Failure::kTimeout) << outcome.reason;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, BadTls, ::testing::ValuesIn(KitRows()), NameOfRow);

}  // namespace
}  // namespace tocsin::receivers
