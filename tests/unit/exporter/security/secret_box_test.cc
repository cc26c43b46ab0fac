#include "exporter/security/secret_box.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium/core.h>

#include "base/text.h"

namespace tocsin::security {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kText = R"({"url":"https://hooks.example/T0P-S3CRET"})";
const SecretPlace kPlace{"receiver/ops", "settings"};

class SecretBoxTest : public ::testing::Test {
 protected:
  static std::shared_ptr<const EncryptionKey> Key(char digit) {
    EXPECT_GE(sodium_init(), 0);
    return *EncryptionKey::Parse(std::string(64, digit));
  }
  static SecretBox Box(char digit) { return SecretBox({Key(digit)}); }
};

TEST_F(SecretBoxTest, WhatItSealsItOpensAndNobodyReads) {
  const SecretBox box = Box('1');
  for (const std::string& text : {std::string(kText), std::string(), std::string("a\0b", 3)}) {
    const std::string sealed = box.Seal(text, kPlace);
    EXPECT_THAT(sealed, Not(HasSubstr("S3CRET")));
    const Result<Secret> opened = box.Open(sealed, kPlace);
    ASSERT_TRUE(opened.ok()) << opened.message();
    EXPECT_EQ(opened->Reveal(), text);
  }
}

TEST_F(SecretBoxTest, TheSameTextLooksDifferentEachTime) {
  const SecretBox box = Box('1');
  EXPECT_NE(box.Seal(kText, kPlace), box.Seal(kText, kPlace));
}

TEST_F(SecretBoxTest, AnyAlteredCharacterIsFound) {
  const SecretBox box = Box('1');
  const std::string sealed = box.Seal("x", kPlace);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(box.Open(altered, kPlace).ok()) << i;
  }
  for (std::size_t length = 0; length < sealed.size(); ++length) {
    EXPECT_FALSE(box.Open(sealed.substr(0, length), kPlace).ok()) << length;
  }
  EXPECT_FALSE(box.Open(sealed + "A", kPlace).ok());
  EXPECT_THAT(box.Open("https://hooks.example/", kPlace).message(), HasSubstr("not encrypted"));
}

TEST_F(SecretBoxTest, WhatIsMovedToAnotherPlaceDoesNotOpen) {
  const SecretBox box = Box('1');
  const std::string sealed = box.Seal(kText, kPlace);
  for (const SecretPlace& other :
       {SecretPlace{"receiver/dev", "settings"}, SecretPlace{"receiver/ops", "token"},
        SecretPlace{"receiver/opss", "ettings"}, SecretPlace{"", "receiver/opssettings"}}) {
    const Result<Secret> opened = box.Open(sealed, other);
    ASSERT_FALSE(opened.ok()) << other.owner << " " << other.field;
    EXPECT_THAT(opened.message(), HasSubstr("moved here from another place"));
  }
}

TEST_F(SecretBoxTest, AWrongKeyIsNamedAndSoAreThoseAtHand) {
  const std::string sealed = Box('1').Seal(kText, kPlace);
  const Result<Secret> opened = Box('2').Open(sealed, kPlace);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.message(),
            "is encrypted with the key " + Key('1')->id() + ", and not with " + Key('2')->id());
}

TEST_F(SecretBoxTest, AKeyThatOnlySaysItIsAnotherOneOpensNothing) {
  std::string sealed = Box('1').Seal(kText, kPlace);
  sealed.replace(sealed.find(Key('1')->id()), 16, Key('2')->id());
  EXPECT_FALSE(Box('2').Open(sealed, kPlace).ok());
}

TEST_F(SecretBoxTest, SeveralKeysOpenAndTheFirstOneSeals) {
  const std::string old = Box('1').Seal(kText, kPlace);
  const SecretBox both({Key('2'), Key('1')});
  ASSERT_TRUE(both.Open(old, kPlace).ok());
  EXPECT_EQ(both.Open(old, kPlace)->Reveal(), kText);
  EXPECT_FALSE(both.IsCurrent(old));
  const std::string renewed = both.Seal(kText, kPlace);
  EXPECT_TRUE(both.IsCurrent(renewed));
  EXPECT_EQ(SecretBox::KeyOf(renewed), Key('2')->id());
  EXPECT_TRUE(Box('2').Open(renewed, kPlace).ok());
  EXPECT_FALSE(Box('1').Open(renewed, kPlace).ok());
}

// Made by another program: the frame must stay what stored rows have.
TEST_F(SecretBoxTest, RowsOfTheFirstVersionStillOpen) {
  const std::string sealed =
      "tocsin1:bd183fc573af5c92:"
      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX8H+iBsJfNTmKTU"
      "NIAGwKv2jNK60gGR/3oWJ67LphYyABQ4wqDAN38+GNaqI=";
  const Result<Secret> opened = Box('1').Open(sealed, kPlace);
  ASSERT_TRUE(opened.ok()) << opened.message();
  EXPECT_EQ(opened->Reveal(), "kept since the first version");
}

}  // namespace
}  // namespace tocsin::security
