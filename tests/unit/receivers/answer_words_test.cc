#include "receivers/channels/answer_words.h"

#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

std::string WordsOf(const std::string& body) { return AnswerWords({400, {}, body}); }

TEST(AnswerWords, AreTheTextsThatErrorsHave) {
  EXPECT_EQ(WordsOf(R"({"status":"invalid event","message":"Event object is invalid",)"
                    R"("errors":["'routing_key' is missing or blank"]})"),
            "Event object is invalid; 'routing_key' is missing or blank");
  EXPECT_EQ(WordsOf(R"({"ok":false,"error_code":400,"description":"chat not found"})"),
            "chat not found");
  EXPECT_EQ(WordsOf(R"({"errorMessages":[],"errors":{"summary":"Summary is too long."}})"),
            "Summary is too long.");
  EXPECT_EQ(WordsOf(R"({"error":{"code":403,"message":"no access","status":"DENIED"}})"),
            "no access");
  EXPECT_EQ(WordsOf(R"([{"message":"a"},{"message":"b"}])"), "a; b");
  EXPECT_EQ(WordsOf(R"({"message":"the same","error":"the same"})"), "the same");
}

TEST(AnswerWords, AreTheWholeOfAPlainText) {
  EXPECT_EQ(WordsOf("invalid_token\n"), "invalid_token");
  EXPECT_EQ(WordsOf(R"("no such hook")"), "no such hook");
}

TEST(AnswerWords, AreNoneWhereNobodySpeaks) {
  for (const char* body : {"", " \r\n", "<html><body>Bad Gateway</body></html>", "{}", "[]", "null",
                           "7", R"({"message":""})", R"({"status":"failed","count":1})"}) {
    EXPECT_EQ(WordsOf(body), "") << body;
  }
}

TEST(AnswerWords, AreShortWhateverComes) {
  EXPECT_LE(WordsOf(std::string(1 << 20, 'x')).size(), 400U);
  EXPECT_LE(WordsOf("{\"message\":\"" + std::string(10'000, 'x') + "\"}").size(), 400U);
  EXPECT_LE(WordsOf(std::string(100'000, '[')).size(), 400U);
  std::string nested = R"({"message":"deep"})";
  for (int i = 0; i < 1000; ++i) nested = R"({"error":)" + nested + "}";
  EXPECT_EQ(WordsOf(nested), "");
}

}  // namespace
}  // namespace tocsin::receivers
