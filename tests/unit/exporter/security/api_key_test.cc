#include "exporter/security/api_key.h"

#include <set>

namespace tocsin::security {
namespace {

const Timestamp kNow = FromUnixMillis(1'700'000'000'000);

MadeKey Make() {
  return MakeKey({"ci", {Scope::kPush, Scope::kRead}, "ann", kNow + Duration(5)}, kNow);
}

TEST(ApiKey, HasATokenThatCarriesItsIdAnd256RandomBits) {
  const MadeKey made = Make();
  const std::string& token = made.token.Reveal();
  EXPECT_EQ(token.size(), std::string("tocsin_").size() + 16 + 1 + 64);
  EXPECT_EQ(IdInToken(token), made.key.id);
  EXPECT_TRUE(IsKeyId(made.key.id));
  EXPECT_TRUE(SameHash(made.key.hash, HashOf(token)));
  std::set<std::string> tokens;
  for (int i = 0; i < 100; ++i) tokens.insert(Make().token.Reveal());
  EXPECT_EQ(tokens.size(), 100U);
}

TEST(ApiKey, IsKeptWithoutItsToken) {
  const MadeKey made = Make();
  const std::string secret = made.token.Reveal().substr(24);
  EXPECT_EQ(KeyRow(made.key).find(secret), std::string::npos);
  EXPECT_EQ(KeyJson(made.key, std::nullopt, kNow).find(secret), std::string::npos);
  EXPECT_EQ(KeyJson(made.key, std::nullopt, kNow).find("hash"), std::string::npos);
}

TEST(ApiKey, IsReadBackAsItWasWritten) {
  ApiKey key = Make().key;
  EXPECT_EQ(ReadKeyRow(key.id, KeyRow(key)), key);
  key.expires_at.reset();
  key.revoked_at = kNow + Duration(7);
  key.name = "a \"name\" with\nlines";
  EXPECT_EQ(ReadKeyRow(key.id, KeyRow(key)), key);
}

TEST(ApiKey, ADamagedRowIsNone) {
  const ApiKey key = Make().key;
  const std::string row = KeyRow(key);
  EXPECT_FALSE(ReadKeyRow(key.id, ""));
  EXPECT_FALSE(ReadKeyRow(key.id, "[]"));
  EXPECT_FALSE(ReadKeyRow("environment-1", row));
  const auto with = [&row](const std::string& from, const std::string& to) {
    std::string changed = row;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  EXPECT_FALSE(ReadKeyRow(key.id, with("\"push\"", "\"root\"")));
  EXPECT_FALSE(ReadKeyRow(key.id, with("\"hash\":\"", "\"hash\":\"00")));
  // An end that cannot be read does not become none.
  EXPECT_FALSE(ReadKeyRow(key.id, with("\"expires_at\":1", "\"expires_at\":true,\"x\":1")));
}

TEST(ApiKey, WhatIsNoTokenHasNoId) {
  const std::string token = Make().token.Reveal();
  for (const std::string& text :
       {std::string(), token.substr(1), token + "0", std::string("tocsin_") + std::string(81, 'G'),
        "Tocsin_" + token.substr(7)}) {
    EXPECT_EQ(IdInToken(text), "") << text;
  }
}

TEST(ApiKey, EndsAtItsTimeOrWhenItIsRevoked) {
  ApiKey key = Make().key;
  EXPECT_EQ(key.StateAt(kNow), "active");
  EXPECT_EQ(key.StateAt(kNow + Duration(4)), "active");
  EXPECT_EQ(key.StateAt(kNow + Duration(5)), "expired");
  key.revoked_at = kNow;
  EXPECT_EQ(key.StateAt(kNow), "revoked");
}

TEST(KeyOrder, NeedsANameScopesAndALifeAheadOfIt) {
  EXPECT_FALSE(FindFault({"ci", {Scope::kRead}, "", std::nullopt}, kNow));
  EXPECT_EQ(FindFault({"", {Scope::kRead}, "", std::nullopt}, kNow),
            "the name must be a text of 1 to 255 bytes");
  EXPECT_TRUE(FindFault({std::string(256, 'x'), {Scope::kRead}, "", std::nullopt}, kNow));
  EXPECT_TRUE(FindFault({"\xff", {Scope::kRead}, "", std::nullopt}, kNow));
  EXPECT_TRUE(FindFault({"ci", {}, "", std::nullopt}, kNow));
  EXPECT_TRUE(FindFault({"ci", {Scope::kRead}, "", kNow}, kNow));
}

}  // namespace
}  // namespace tocsin::security
