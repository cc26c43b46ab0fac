// Servers that send a request elsewhere, at each request that an attempt takes. Vendors of
// alertmanager.yml are followed there, with nothing that is only for the first address; channels of
// tocsin.yml go nowhere.
#include <fmt/format.h>

#include "tests/unit/receivers/channel_kit.h"

namespace tocsin::receivers {
namespace {

using Kind = Outcome::Kind;
using testing::AnswerScript;
using testing::BadHttpServer;
using testing::BadScript;
using testing::LoopbackSocket;
using testing::RawRequest;
using testing::TestAuthority;
using testing::TestCertificate;

BadScript Redirect(int status, const std::string& address) {
  return AnswerScript(status, "<html>moved</html>", {"Location: " + address});
}

class BadRedirects : public ChannelKit {};

TEST_P(BadRedirects, AreFollowedByVendorsOnly) {
  const KitRow& row = GetParam();
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    BadHttpServer other({GoodScripts(row).at(step)});
    BadHttpServer server(ScriptsWith(row, step, Redirect(307, other.Url("/there"))));
    const Outcome outcome = Deliver(Make(server.Url()), MessageOfRow());
    const bool is_delivered = row.is_vendor || row.steps[step].adds;
    ASSERT_EQ(outcome.kind, is_delivered ? Kind::kDelivered : Kind::kGiveUp) << outcome.reason;
    ASSERT_EQ(other.requests().size(), row.is_vendor ? 1u : 0u);
    ExpectGoodWords(outcome, "a redirect");
    if (!row.is_vendor) continue;
    const RawRequest there = other.requests().at(0);
    EXPECT_EQ(there.body, server.requests().at(step).body);
    EXPECT_EQ(there.Header("content-type"), server.requests().at(step).Header("content-type"));
  }
}

class FollowedRedirects : public BadRedirects {};

// What stands in headers is for the address that the settings name.
TEST_P(FollowedRedirects, TakeNoSecretOfAHeaderElsewhere) {
  const KitRow& row = GetParam();
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    BadHttpServer other({GoodScripts(row).at(step)});
    BadHttpServer server(ScriptsWith(row, step, Redirect(307, other.Url("/there"))));
    Deliver(Make(server.Url()), MessageOfRow());
    ASSERT_EQ(other.requests().size(), 1u);
    EXPECT_NE(server.requests().at(step).head.find(kSecretMark), std::string::npos);
    EXPECT_EQ(other.requests().at(0).head.find(kSecretMark), std::string::npos)
        << other.requests().at(0).head;
    EXPECT_EQ(other.requests().at(0).Header("authorization"), "");
  }
}

TEST_P(BadRedirects, LeadNowhereAndNothingHasArrived) {
  const KitRow& row = GetParam();
  const LoopbackSocket refusing(LoopbackSocket::Mode::kRefusing);
  const std::string addresses[] = {refusing.Url("/"),     "ftp://127.0.0.1/",
                                   "file:///etc/passwd",  "http://user:word@127.0.0.1/",
                                   "http://127.0.0.1:x/", "http://[::1/",
                                   "mailto:ops@test",     "http://\x01\xff/"};
  BadHttpServer server;
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    for (const std::string& address : addresses) {
      server.Play(ScriptsWith(row, step, Redirect(307, address)));
      const Outcome outcome = Deliver(Make(server.Url()), MessageOfRow());
      EXPECT_EQ(outcome.kind == Kind::kDelivered, row.steps[step].adds) << address;
      ExpectGoodWords(outcome, address);
      if (row.steps[step].adds) continue;
      EXPECT_EQ(outcome.may_have_arrived, IsToldBefore(row, step)) << address << outcome.reason;
    }
  }
}

TEST_P(BadRedirects, GoRoundInCirclesAndAreLeft) {
  const KitRow& row = GetParam();
  BadHttpServer server;
  for (const int status : {301, 302, 303, 307, 308}) {
    for (std::size_t step = 0; step < row.steps.size(); ++step) {
      std::vector<BadScript> scripts = GoodScripts(row);
      scripts.resize(step);
      scripts.resize(step + 50, Redirect(status, "/round"));
      server.Play(scripts);
      const Outcome outcome = Deliver(Make(server.Url()), MessageOfRow());
      EXPECT_EQ(server.connections(), step + (row.is_vendor ? 11 : 1));
      ExpectGoodWords(outcome, "a circle");
      if (row.steps[step].adds) {
        EXPECT_EQ(outcome.kind, Kind::kDelivered) << outcome.reason;
        continue;
      }
      EXPECT_EQ(outcome.kind, row.is_vendor ? Kind::kRetry : Kind::kGiveUp) << outcome.reason;
      EXPECT_EQ(outcome.may_have_arrived, IsToldBefore(row, step)) << outcome.reason;
    }
  }
}

// As most servers that have once been reached without TLS do.
TEST_P(FollowedRedirects, KeepTheirSecretsOnTheWayToTlsOfTheSameHost) {
  const KitRow& row = GetParam();
  static const TestAuthority kAuthority;
  static const TestCertificate kIdentity = kAuthority.Issue();
  for (std::size_t step = 0; step < row.steps.size(); ++step) {
    BadHttpServer secure(kIdentity, {GoodScripts(row).at(step)});
    BadHttpServer server(ScriptsWith(row, step, Redirect(308, secure.Url("/there"))));
    const Outcome outcome = Deliver(Make(server.Url(), TrustIn(kAuthority)), MessageOfRow());
    EXPECT_EQ(outcome.kind, Kind::kDelivered) << outcome.reason;
    ASSERT_EQ(secure.requests().size(), 1u);
    for (const char* name : {"x-kit", "authorization"}) {
      EXPECT_EQ(secure.requests().at(0).Header(name), server.requests().at(step).Header(name));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, FollowedRedirects, ::testing::ValuesIn(VendorRows()), NameOfRow);
INSTANTIATE_TEST_SUITE_P(Every, BadRedirects, ::testing::ValuesIn(KitRows()), NameOfRow);

}  // namespace
}  // namespace tocsin::receivers
