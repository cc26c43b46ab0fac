#include "receivers/channels/answer_excerpt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(AnswerExcerpt, IsQuotedAndCut) {
  EXPECT_EQ(AnswerExcerpt("no \"such\" channel\n", {}), R"("no \"such\" channel\n")");
  EXPECT_LE(AnswerExcerpt(std::string(5000, 'a'), {}).size(), 130U);
}

TEST(AnswerExcerpt, ShowsNothingOfAnAnswerThatRepeatsASecret) {
  EXPECT_THAT(AnswerExcerpt("the token s3cret is wrong", {"other", "s3cret"}),
              Not(HasSubstr("s3cret")));
  EXPECT_EQ(AnswerExcerpt("the token is wrong", {"", "s3cret"}), "\"the token is wrong\"");
}

}  // namespace
}  // namespace tocsin::receivers
