#include "exporter/security/encryption_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium/core.h>

namespace tocsin::security {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class EncryptionKeysTest : public ::testing::Test {
 protected:
  EncryptionKeysTest() { EXPECT_GE(sodium_init(), 0); }
};

// Of bytes 0x11, 0x11, ...; the id is BLAKE2b's, computed elsewhere.
constexpr const char* kOnes = "1111111111111111111111111111111111111111111111111111111111111111";
constexpr const char* kOnesInBase64 = "ERERERERERERERERERERERERERERERERERERERERERE=";
constexpr const char* kOnesId = "bd183fc573af5c92";

TEST_F(EncryptionKeysTest, AreReadInHexadecimalAndInBase64) {
  for (const std::string& text :
       {std::string(kOnes), std::string(kOnesInBase64), std::string(kOnesInBase64, 43)}) {
    const auto key = EncryptionKey::Parse(text);
    ASSERT_TRUE(key.ok()) << text << ": " << key.message();
    EXPECT_EQ((*key)->id(), kOnesId);
    EXPECT_EQ(std::string((*key)->bytes(), (*key)->bytes() + EncryptionKey::kBytes),
              std::string(32, '\x11'));
  }
}

TEST_F(EncryptionKeysTest, WhatIsNoKeyIsRefusedAndNotShown) {
  for (const std::string& text :
       {std::string(), std::string(63, '1'), std::string(65, '1'), std::string(64, 'g'),
        std::string("correct horse battery staple"), std::string("T0P-S3CRET"),
        std::string(kOnesInBase64, 40), std::string(kOnesInBase64) + "ERER"}) {
    const auto key = EncryptionKey::Parse(text);
    ASSERT_FALSE(key.ok()) << text;
    EXPECT_THAT(key.message(), HasSubstr("64 hexadecimal digits"));
    EXPECT_THAT(key.message(), Not(HasSubstr("S3CRET")));
  }
}

TEST_F(EncryptionKeysTest, MadeOnesDifferAndAreReadBack) {
  const auto a = EncryptionKey::Make();
  const auto b = EncryptionKey::Make();
  EXPECT_NE(a->id(), b->id());
  WipedText text(EncryptionKey::kTextBytes);
  a->AppendTo(&text);
  const auto again = EncryptionKey::Parse(text.view());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->id(), a->id());
}

TEST_F(EncryptionKeysTest, SeveralStandInTheirOrderEachOnce) {
  const std::string twos(64, '2');
  const auto keys = ParseEncryptionKeys("# the new one\n" + twos + "\r\n\n  " + kOnes + ", " +
                                        kOnesInBase64 + "\n# " + std::string(64, '3'));
  ASSERT_TRUE(keys.ok()) << keys.message();
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ((*keys)[0]->id(), (*EncryptionKey::Parse(twos))->id());
  EXPECT_EQ((*keys)[1]->id(), kOnesId);
  EXPECT_EQ(IdsOf(*keys), (*keys)[0]->id() + ", " + kOnesId);
}

TEST_F(EncryptionKeysTest, OneBadOneIsNamedByItsNumber) {
  const auto keys = ParseEncryptionKeys(std::string(kOnes) + ",T0P-S3CRET");
  ASSERT_FALSE(keys.ok());
  EXPECT_THAT(keys.message(), HasSubstr("key 2"));
  EXPECT_THAT(keys.message(), Not(HasSubstr("S3CRET")));
  EXPECT_EQ(ParseEncryptionKeys("# none\n \n").message(), "it holds no key");
}

}  // namespace
}  // namespace tocsin::security
