#include "exporter/intake/json_syntax.h"

#include <nlohmann/json.hpp>
#include <string>

namespace tocsin::intake {
namespace {

std::string ErrorOf(std::string_view text) {
  const std::optional<JsonSyntaxError> error = FindJsonSyntaxError(text);
  return error ? error->ToString() : "";
}

// What Python 3.11's json.loads says of the same texts.
TEST(JsonSyntax, SaysWhatPythonSays) {
  EXPECT_EQ(ErrorOf(""), "Expecting value: line 1 column 1 (char 0)");
  EXPECT_EQ(ErrorOf("  "), "Expecting value: line 1 column 3 (char 2)");
  EXPECT_EQ(ErrorOf("{"),
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)");
  EXPECT_EQ(ErrorOf("{\"a\" 1}"), "Expecting ':' delimiter: line 1 column 6 (char 5)");
  EXPECT_EQ(ErrorOf("{\"a\":1 2}"), "Expecting ',' delimiter: line 1 column 8 (char 7)");
  EXPECT_EQ(ErrorOf("[1,\n2,\n  x]"), "Expecting value: line 3 column 3 (char 9)");
  EXPECT_EQ(ErrorOf("{\"a\":1} x"), "Extra data: line 1 column 9 (char 8)");
  EXPECT_EQ(ErrorOf("[\"abc"), "Unterminated string starting at: line 1 column 2 (char 1)");
  EXPECT_EQ(ErrorOf("[\"a\nb\"]"), "Invalid control character at: line 1 column 4 (char 3)");
  EXPECT_EQ(ErrorOf("[\"a\\q\"]"), "Invalid \\escape: line 1 column 4 (char 3)");
  EXPECT_EQ(ErrorOf("[01]"), "Expecting ',' delimiter: line 1 column 3 (char 2)");
  EXPECT_EQ(ErrorOf("[1"), "Expecting ',' delimiter: line 1 column 3 (char 2)");
}

TEST(JsonSyntax, CountsCharactersNotBytes) {
  EXPECT_EQ(ErrorOf("[\"é€😀\" x]"), "Expecting ',' delimiter: line 1 column 8 (char 7)");
}

TEST(JsonSyntax, FindsBytesThatAreNoText) {
  EXPECT_EQ(ErrorOf("[\"\xff\"]"), "Invalid UTF-8: line 1 column 3 (char 2)");
  EXPECT_EQ(ErrorOf("[\"é\xe2\x82\"]"), "Invalid UTF-8: line 1 column 4 (char 3)");
}

TEST(JsonSyntax, WantsSurrogatesInPairs) {
  EXPECT_EQ(ErrorOf(R"(["\ud83d\ude00"])"), "");
  EXPECT_EQ(ErrorOf(R"(["\ud83d"])"), "Unpaired surrogate escape: line 1 column 3 (char 2)");
  EXPECT_EQ(ErrorOf(R"(["\ude00"])"), "Unpaired surrogate escape: line 1 column 3 (char 2)");
  EXPECT_EQ(ErrorOf(R"(["\ud83d\u0041"])"), "Unpaired surrogate escape: line 1 column 3 (char 2)");
}

TEST(JsonSyntax, LetsPythonsNumbersPass) {
  EXPECT_EQ(ErrorOf("[NaN, Infinity, -Infinity]"), "");
  EXPECT_NE(ErrorOf("[nan]"), "");
}

TEST(JsonSyntax, BoundsDepth) {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_EQ(ErrorOf(nested(kMaxJsonDepth)), "");
  EXPECT_EQ(ErrorOf(nested(kMaxJsonDepth + 1)), "Nesting too deep: line 1 column 65 (char 64)");
}

TEST(JsonSyntax, AgreesWithAnotherParser) {
  for (const char* text : {"null",
                           "true",
                           "false",
                           "0",
                           "-0",
                           "1.5",
                           "1e5",
                           "1E+5",
                           "1e-5",
                           "\"\"",
                           "[]",
                           "{}",
                           " [ ] ",
                           "{ }",
                           "[[],{}]",
                           R"({"a":{"b":[1,2,{"c":null}]}})",
                           R"("\"\\\/\b\f\n\r\t\u0041")",
                           "-",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "01",
                           "--1",
                           "[1,]",
                           "[,1]",
                           "{,}",
                           R"({"a"})",
                           R"({"a":})",
                           R"({"a":1,})",
                           R"({a:1})",
                           R"({'a':1})",
                           "]",
                           "}",
                           "[}",
                           "{]",
                           "[1}",
                           "tru",
                           "truee",
                           "nul",
                           "\"",
                           "\"\\",
                           "\"\\u12\"",
                           "[1 2]",
                           "1 2",
                           "\t1\r\n",
                           "\v1",
                           "[\"a\":1]",
                           "{\"a\",1}"}) {
    EXPECT_EQ(ErrorOf(text).empty(), nlohmann::json::accept(text)) << text;
  }
}

TEST(JsonSyntax, KnowsJsonNumbers) {
  for (const char* text : {"0", "-0", "12", "-1.5", "1e5", "0.1E-7"}) {
    EXPECT_TRUE(IsJsonNumber(text)) << text;
  }
  for (const char* text : {"", "-", "+1", "01", "1.", ".1", "1e", "1x", " 1", "NaN", "0x1"}) {
    EXPECT_FALSE(IsJsonNumber(text)) << text;
  }
}

}  // namespace
}  // namespace tocsin::intake
