#include "exporter/security/web_users.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace tocsin::security {
namespace {

using Verdict = http::BasicAuth::Verdict;

// Hashes of "secret" and of "other", at the least cost.
constexpr const char* kSecretHash = "$2y$04$NsjO39EkpN4TgIsusM.8w.e7KYfEtXW9pqlNXaGVGjTXGKfMTCGCK";
constexpr const char* kOtherHash = "$2y$04$k4AvIOFX1BlDFmP1qpBgKuAxf307vlMFtX.U3v9ZslnCfNtzB.0Jq";

std::shared_ptr<const config::WebFileSettings> FileOf(
    std::map<std::string, Secret, std::less<>> users) {
  return std::make_shared<const config::WebFileSettings>(
      config::WebFileSettings{std::move(users), {}});
}

std::string Basic(const std::string& credentials) { return "Basic " + Base64Encode(credentials); }

TEST(WebUsers, AreKnownByNameAndPassword) {
  WebUsers users(FileOf({{"ann", Secret(kSecretHash)}, {"bob", Secret(kOtherHash)}}));
  EXPECT_TRUE(users.asks());
  const WebUsers::Judgement ann = users.Judge(Basic("ann:secret"));
  EXPECT_EQ(ann.verdict, Verdict::kGood);
  EXPECT_EQ(ann.actor.name, "ann");
  EXPECT_TRUE(ann.actor.key_id.starts_with("user:ann:")) << ann.actor.key_id;
  for (const char* wrong : {"ann:other", "bob:secret", "eve:secret", "ann", ""}) {
    const WebUsers::Judgement judgement = users.Judge(Basic(wrong));
    EXPECT_EQ(judgement.verdict, Verdict::kBad) << wrong;
    EXPECT_FALSE(judgement.actor.known()) << wrong;
  }
  EXPECT_EQ(users.Judge("Bearer secret").verdict, Verdict::kBad);
}

TEST(WebUsers, AreRecalledWithoutAComparisonOnceTheyWereCompared) {
  WebUsers users(FileOf({{"ann", Secret(kSecretHash)}}));
  EXPECT_FALSE(users.Recall(Basic("ann:secret")).has_value());
  EXPECT_FALSE(users.Recall(Basic("ann:guess")).has_value());
  EXPECT_EQ(users.Recall("")->verdict, Verdict::kBad);  // nothing to compare
  users.Judge(Basic("ann:secret"));
  users.Judge(Basic("ann:guess"));
  EXPECT_EQ(users.Recall(Basic("ann:secret"))->verdict, Verdict::kGood);
  EXPECT_EQ(users.Recall(Basic("ann:secret"))->actor.name, "ann");
  EXPECT_EQ(users.Recall(Basic("ann:guess"))->verdict, Verdict::kBad);
}

TEST(WebUsers, ThoseWhoWereLetInAreNotKnownAnyMoreOnceTheirPasswordHasChanged) {
  WebUsers users(FileOf({{"ann", Secret(kSecretHash)}}));
  const std::string id = users.Judge(Basic("ann:secret")).actor.key_id;
  EXPECT_TRUE(users.Knows(id));
  EXPECT_FALSE(users.Knows("user:ann"));
  EXPECT_FALSE(users.Knows(""));
  users.Apply(FileOf({{"ann", Secret(kOtherHash)}}));
  EXPECT_FALSE(users.Knows(id));
  EXPECT_TRUE(users.Knows(users.Judge(Basic("ann:other")).actor.key_id));
  users.Apply(FileOf({{"bob", Secret(kSecretHash)}}));
  EXPECT_FALSE(users.Knows(id));
}

TEST(WebUsers, AFileThatLosesItsUsersOpensNoDoor) {
  WebUsers users(FileOf({}));
  EXPECT_FALSE(users.asks());
  EXPECT_EQ(users.Recall(Basic("ann:secret"))->verdict, Verdict::kBad);
  users.Apply(FileOf({{"ann", Secret(kSecretHash)}}));
  users.Apply(FileOf({}));
  EXPECT_TRUE(users.asks());
  EXPECT_EQ(users.Judge(Basic("ann:secret")).verdict, Verdict::kBad);
}

}  // namespace
}  // namespace tocsin::security
