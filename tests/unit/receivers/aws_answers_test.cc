// Answers as they stand in AWS's documentation.
#include "receivers/channels/aws_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/aws_samples.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(AwsAnswers, ReadsTheKeysOfAnAssumedRole) {
  const Result<LentAwsKeys> lent = ReadStsAnswer(StsAnswer("ASIAROLE", "2024-05-01T11:00:00Z"));
  ASSERT_TRUE(lent.ok()) << lent.message();
  EXPECT_EQ(lent->keys.access_key, "ASIAROLE");
  EXPECT_EQ(lent->keys.secret_key.Reveal(), "secret-of-ASIAROLE");
  EXPECT_EQ(lent->keys.session_token.Reveal(), "token-of-ASIAROLE");
  EXPECT_EQ(lent->ends, ParseRfc3339("2024-05-01T11:00:00Z"));
}

TEST(AwsAnswers, ReadsTheKeysOfAMachine) {
  const Result<LentAwsKeys> lent = ReadLentKeys(LentAnswer("ASIAHOST", "2024-05-01T11:00:00Z"));
  ASSERT_TRUE(lent.ok()) << lent.message();
  EXPECT_EQ(lent->keys.access_key, "ASIAHOST");
  EXPECT_EQ(lent->keys.secret_key.Reveal(), "secret-of-ASIAHOST");
  EXPECT_EQ(lent->keys.session_token.Reveal(), "token-of-ASIAHOST");
  EXPECT_EQ(lent->ends, ParseRfc3339("2024-05-01T11:00:00Z"));
}

TEST(AwsAnswers, KeysOfAContainerMayHaveNoEnd) {
  const Result<LentAwsKeys> lent =
      ReadLentKeys(R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":""})");
  ASSERT_TRUE(lent.ok()) << lent.message();
  EXPECT_FALSE(lent->ends.has_value());
}

TEST(AwsAnswers, WhatHoldsNoKeysIsAnErrorThatShowsNoneOfIt) {
  const std::string good = StsAnswer("A", "2024-05-01T11:00:00Z");
  for (const std::string& body : {
           std::string(),
           std::string("<Credentials></Credentials>"),
           std::string("<Credentials><AccessKeyId>s3cret"),
           StsAnswer("s3cret", "tomorrow"),
           StsAnswer("s3cret", ""),
           StsAnswer("s3cret&amp;", "2024-05-01T11:00:00Z"),
           StsAnswer("s3cret\r\nX: y", "2024-05-01T11:00:00Z"),
           StsAnswer("s3cret<b/>", "2024-05-01T11:00:00Z"),
           StsAnswer(std::string(20'000, 'a') + "s3cret", "2024-05-01T11:00:00Z"),
           good.substr(0, good.find("</Credentials>")),
       }) {
    const Result<LentAwsKeys> lent = ReadStsAnswer(body);
    ASSERT_FALSE(lent.ok()) << body;
    EXPECT_THAT(lent.message(), Not(HasSubstr("s3cret")));
  }
  for (const std::string& body :
       {std::string("nothing"), std::string("[]"), std::string("{}"),
        std::string(R"({"AccessKeyId":5,"SecretAccessKey":"s3cret"})"),
        std::string(R"({"AccessKeyId":"a","SecretAccessKey":"s3cret\r\n"})"),
        std::string(R"({"Code":"s3cret word","AccessKeyId":"a","SecretAccessKey":"s"})"),
        LentAnswer("s3cret", "tomorrow")}) {
    const Result<LentAwsKeys> lent = ReadLentKeys(body);
    ASSERT_FALSE(lent.ok()) << body;
    EXPECT_THAT(lent.message(), Not(HasSubstr("s3cret")));
  }
}

TEST(AwsAnswers, TellsTheMachinesWordForWhatIsWrong) {
  const Result<LentAwsKeys> lent = ReadLentKeys(R"({"Code":"AssumeRoleUnauthorizedAccess"})");
  ASSERT_FALSE(lent.ok());
  EXPECT_EQ(lent.message(), "it has no keys (AssumeRoleUnauthorizedAccess)");
}

TEST(AwsAnswers, ReadsTheCodeOfAnError) {
  EXPECT_EQ(AwsErrorCode("<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"),
            "AccessDenied");
  EXPECT_EQ(AwsErrorCode("<Code>two words</Code>"), "");
  EXPECT_EQ(AwsErrorCode("AccessDenied"), "");
}

}  // namespace
}  // namespace tocsin::receivers
