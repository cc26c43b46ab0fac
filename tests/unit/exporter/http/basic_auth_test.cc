#include "exporter/http/basic_auth.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"

namespace tocsin::http {
namespace {

using Verdict = BasicAuth::Verdict;

// The hash of "secret", at the least cost.
constexpr const char* kSecret = "$2b$04$NsjO39EkpN4TgIsusM.8w.e7KYfEtXW9pqlNXaGVGjTXGKfMTCGCK";
// Of the empty password.
constexpr const char* kEmpty = "$2b$04$y91PQXFVGqewFKFBNdQGq.jUN1jzP2rRJbPprtIVs3wksYYbK6jIW";

std::string Header(const std::string& user, const std::string& password) {
  return "Basic " + Base64Encode(user + ":" + password);
}

BasicUsers Users() { return {{"ann", Secret(kSecret)}, {"bob", Secret(kEmpty)}}; }

TEST(BasicAuth, LetsInWhoKnowsThePassword) {
  BasicAuth auth;
  for (int time = 0; time < 3; ++time) {
    EXPECT_EQ(auth.Judge(Users(), Header("ann", "secret")), Verdict::kGood);
    EXPECT_EQ(auth.Judge(Users(), Header("bob", "")), Verdict::kGood);
    EXPECT_EQ(auth.Judge(Users(), Header("ann", "Secret")), Verdict::kBad);
    EXPECT_EQ(auth.Judge(Users(), Header("ann", "")), Verdict::kBad);
    EXPECT_EQ(auth.Judge(Users(), Header("bob", "secret")), Verdict::kBad);
    EXPECT_EQ(auth.Judge(Users(), Header("Ann", "secret")), Verdict::kBad);
    EXPECT_EQ(auth.Judge(Users(), Header("eve", "secret")), Verdict::kBad);
    EXPECT_EQ(auth.Judge(Users(), Header("", "")), Verdict::kBad);
  }
}

TEST(BasicAuth, TakesNoHeaderThatIsMalformed) {
  BasicAuth auth;
  const std::string good = Base64Encode("ann:secret");
  EXPECT_EQ(auth.Judge(Users(), "basic " + good), Verdict::kGood);  // RFC 7235: in any case
  for (const std::string& bad :
       {std::string(), std::string("Basic"), std::string("Basic "), good, "Bearer " + good,
        "Basic" + good, "Basic " + good + "=", "Basic " + Base64Encode("annsecret"),
        std::string("Basic \xff\xff"), "Basic " + std::string(10'000, 'A')}) {
    EXPECT_EQ(auth.Judge(Users(), bad), Verdict::kBad) << bad.substr(0, 80);
  }
}

TEST(BasicAuth, SplitsAtTheFirstColon) {
  const auto read = ReadBasicCredentials(Header("ann", "a:b:"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->user, "ann");
  EXPECT_EQ(read->password, "a:b:");
}

TEST(BasicAuth, ForgetsWhatItRememberedWhenThePasswordHasChanged) {
  BasicAuth auth;
  ASSERT_EQ(auth.Judge(Users(), Header("ann", "secret")), Verdict::kGood);
  ASSERT_EQ(auth.Judge(Users(), Header("ann", "")), Verdict::kBad);
  const BasicUsers changed = {{"ann", Secret(kEmpty)}};
  EXPECT_EQ(auth.Judge(changed, Header("ann", "secret")), Verdict::kBad);
  EXPECT_EQ(auth.Judge(changed, Header("ann", "")), Verdict::kGood);
  EXPECT_EQ(auth.Judge(changed, Header("bob", "")), Verdict::kBad);
  EXPECT_EQ(auth.Judge({}, Header("ann", "")), Verdict::kBad);
}

// At a cost of 12, a comparison takes more than a tenth of a second of any machine.
TEST(BasicAuth, ComparesAGoodAndABadPasswordOnce) {
  BasicAuth auth;
  const std::string dear = "$2b$12$" + std::string(53, '.');
  const BasicUsers users = {{"ann", Secret(kSecret)}, {"dear", Secret(dear)}};
  ASSERT_EQ(auth.Judge(users, Header("dear", "guess")), Verdict::kBad);
  ASSERT_EQ(auth.Judge(users, Header("nobody", "guess")), Verdict::kBad);
  const auto begin = std::chrono::steady_clock::now();
  for (int time = 0; time < 1'000; ++time) {
    ASSERT_EQ(auth.Judge(users, Header("dear", "guess")), Verdict::kBad);
    ASSERT_EQ(auth.Judge(users, Header("nobody", "guess")), Verdict::kBad);
    ASSERT_EQ(auth.Judge(users, Header("ann", "secret")), Verdict::kGood);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(BasicAuth, GuessesDoNotMakeItForgetWhoWasLetIn) {
  BasicAuth auth;
  ASSERT_EQ(auth.Judge(Users(), Header("ann", "secret")), Verdict::kGood);
  for (int guess = 0; guess < 300; ++guess) {
    ASSERT_EQ(auth.Judge(Users(), Header("ann", std::to_string(guess))), Verdict::kBad);
  }
  EXPECT_EQ(auth.Judge(Users(), Header("ann", "secret")), Verdict::kGood);
}

TEST(BasicAuth, TellsTheNextOneWhereTooManyWait) {
  BasicAuth auth;
  const BasicUsers users = {{"dear", Secret("$2b$09$" + std::string(53, '.'))}};
  std::atomic<int> bad{0};
  std::atomic<int> busy{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 60; ++thread) {
    threads.emplace_back([&, thread] {
      const Verdict verdict = auth.Judge(users, Header("dear", std::to_string(thread)));
      ++(verdict == Verdict::kBusy ? busy : bad);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bad + busy, 60);
  EXPECT_GE(bad, 16);
  // And nobody is turned away afterwards.
  EXPECT_EQ(auth.Judge(users, Header("dear", "later")), Verdict::kBad);
}

}  // namespace
}  // namespace tocsin::http
