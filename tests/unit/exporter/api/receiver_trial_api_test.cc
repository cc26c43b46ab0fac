#include "exporter/api/receiver_trial_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tocsin::api {
namespace {

using ::testing::HasSubstr;

// The alerts of an order are written as JSON again, by a library that does it recursively.
TEST(ReadTrialOrder, NestingThatWouldExhaustTheStackIsRefused) {
  constexpr int kLevels = 100'000;
  const std::string in(kLevels, '[');
  const std::string out(kLevels, ']');
  for (const std::string& body :
       {in + out, R"({"labels":)" + in + out + "}", R"({"alert":)" + in + out + "}", in}) {
    receivers::TrialOrder order;
    const Status read = ReadTrialOrder(body, Timestamp(), &order);
    ASSERT_FALSE(read.ok());
    EXPECT_THAT(read.message(), HasSubstr("Nesting too deep"));
  }
}

TEST(ReadTrialOrder, TakesAnAlertAListOfThemOrNothing) {
  for (const char* body : {"", " ", R"({"labels":{"alertname":"A"}})",
                           R"([{"labels":{"alertname":"A"}}])", R"({"render_only":true})"}) {
    receivers::TrialOrder order;
    EXPECT_TRUE(ReadTrialOrder(body, Timestamp(), &order).ok()) << body;
  }
}

}  // namespace
}  // namespace tocsin::api
