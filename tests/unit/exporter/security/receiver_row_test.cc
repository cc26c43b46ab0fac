#include "exporter/security/receiver_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium/core.h>

namespace tocsin::security {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ReceiverRowTest : public ::testing::Test {
 protected:
  ReceiverRowTest() {
    row_.name = "ops";
    row_.body = Secret(R"({"webhook":{"url":"https://hooks.example/T0P-S3CRET"}})");
    row_.created_at = FromUnixMillis(1'000);
    row_.updated_at = FromUnixMillis(2'000);
    row_.created_by = "anna";
    row_.creation_id = "c1";
  }
  static SecretBox Box(char digit) {
    EXPECT_GE(sodium_init(), 0);
    return SecretBox({*EncryptionKey::Parse(std::string(64, digit))});
  }
  ReceiverRow row_;
};

TEST_F(ReceiverRowTest, ComesBackAsItWasAndShowsNothingOfItsSettings) {
  const std::string text = SealReceiverRow(row_, Box('1'));
  for (const char* hidden : {"hooks.example", "webhook", "S3CRET"}) {
    EXPECT_THAT(text, Not(HasSubstr(hidden)));
  }
  const Result<ReceiverRow> row = OpenReceiverRow("ops", text, Box('1'));
  ASSERT_TRUE(row.ok()) << row.message();
  EXPECT_EQ(row->name, "ops");
  EXPECT_EQ(row->body, row_.body);
  EXPECT_EQ(row->created_at, row_.created_at);
  EXPECT_EQ(row->updated_at, row_.updated_at);
  EXPECT_EQ(row->created_by, "anna");
  EXPECT_EQ(row->creation_id, "c1");
}

TEST_F(ReceiverRowTest, OfAnotherReceiverOrKeyIsRefusedByName) {
  const std::string text = SealReceiverRow(row_, Box('1'));
  EXPECT_THAT(OpenReceiverRow("dev", text, Box('1')).message(),
              HasSubstr("receiver \"dev\" was altered, or moved here"));
  EXPECT_THAT(OpenReceiverRow("ops", text, Box('2')).message(),
              HasSubstr("receiver \"ops\" is encrypted with the key "));
  for (const char* damaged : {"", "{", "[]", "{}", R"({"v":2})", R"({"v":1,"sealed":7})"}) {
    EXPECT_THAT(OpenReceiverRow("ops", damaged, Box('1')).message(),
                HasSubstr("receiver \"ops\" was altered"))
        << damaged;
  }
}

TEST_F(ReceiverRowTest, KnowsWhichKeyHasSealedIt) {
  const std::string text = SealReceiverRow(row_, Box('1'));
  EXPECT_TRUE(IsSealedNow(text, Box('1')));
  EXPECT_FALSE(IsSealedNow(text, Box('2')));
  EXPECT_FALSE(IsSealedNow("{}", Box('1')));
}

}  // namespace
}  // namespace tocsin::security
