#include "base/bcrypt.h"

#include <gtest/gtest.h>

#include <string>

namespace tocsin {
namespace {

using namespace std::string_literals;

struct Pair {
  std::string password;
  std::string hash;
};

// The vectors of jBCrypt's own tests, and one made by htpasswd.
// https://github.com/jeremyh/jBCrypt/blob/master/src/test/java/org/mindrot/TestBCrypt.java
const Pair kKnown[] = {
    {"", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."},
    {"a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"},
    {"abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"},
    {"~!@#$%^&*()      ~!@#$%^&*()PNBFRD",
     "$2a$06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO"},
    {"fakepassword", "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"},
};

TEST(Bcrypt, KnowsThePasswordsOfHashesThatOthersMade) {
  for (const Pair& known : kKnown) {
    EXPECT_TRUE(BcryptMatches(known.password, known.hash)) << known.password;
    EXPECT_FALSE(BcryptMatches(known.password + "x", known.hash)) << known.password;
  }
}

TEST(Bcrypt, TakesThreeSpellingsOfOneAlgorithm) {
  for (const char minor : {'a', 'b', 'y'}) {
    std::string hash = kKnown[2].hash;
    hash[2] = minor;
    EXPECT_EQ(BcryptCost(hash), 6);
    EXPECT_TRUE(BcryptMatches("abc", hash)) << minor;
  }
}

TEST(Bcrypt, LooksAtSeventyTwoBytesAndNoFurther) {
  const std::string hash = "$2b$04$NsjO39EkpN4TgIsusM.8w.e7KYfEtXW9pqlNXaGVGjTXGKfMTCGCK";
  EXPECT_TRUE(BcryptMatches("secret", hash));
  EXPECT_FALSE(BcryptMatches(std::string(72, 's'), hash));
  EXPECT_FALSE(BcryptMatches(std::string(1 << 20, 's'), hash));
}

TEST(Bcrypt, TakesNoPasswordThatIsCutShortByANul) {
  const std::string hash = "$2b$04$NsjO39EkpN4TgIsusM.8w.e7KYfEtXW9pqlNXaGVGjTXGKfMTCGCK";
  EXPECT_FALSE(BcryptMatches("secret\0"s, hash));
  EXPECT_FALSE(BcryptMatches("secret\0more"s, hash));
}

TEST(Bcrypt, NamesTheCostOfAHashAndNoneOfAnythingElse) {
  const std::string good = kKnown[0].hash;
  EXPECT_EQ(BcryptCost(good), 6);
  EXPECT_EQ(BcryptCost(std::string(good).replace(4, 2, "04")), 4);
  EXPECT_EQ(BcryptCost(std::string(good).replace(4, 2, "31")), 31);
  for (const std::string& bad :
       {""s, "secret"s, "*0"s, good + "x", good.substr(1), good.substr(0, 59),
        std::string(good).replace(4, 2, "03"), std::string(good).replace(4, 2, "32"),
        std::string(good).replace(4, 2, "1x"), std::string(good).replace(2, 1, "x"),
        std::string(good).replace(2, 1, "$"), std::string(good).replace(30, 1, "$"),
        std::string(good).replace(30, 1, "\0"s), "$2"s + std::string(58, '\xff'),
        "$6$abc$"s + std::string(53, 'a')}) {
    EXPECT_EQ(BcryptCost(bad), std::nullopt) << bad;
    EXPECT_FALSE(BcryptMatches("", bad)) << bad;
  }
}

TEST(Bcrypt, HasHashesThatNothingMatches) {
  for (const int cost : {4, 10, 31}) EXPECT_EQ(BcryptCost(UnmatchableBcrypt(cost)), cost);
  EXPECT_FALSE(BcryptMatches("", UnmatchableBcrypt(4)));
  EXPECT_FALSE(BcryptMatches("secret", UnmatchableBcrypt(4)));
}

}  // namespace
}  // namespace tocsin
