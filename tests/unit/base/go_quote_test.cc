#include "base/go_quote.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tocsin {
namespace {

using namespace std::string_literals;  // NOLINT(google-build-using-namespace): texts with a zero
                                       // byte

TEST(GoQuote, EscapesAsStrconvQuoteDoes) {
  // https://pkg.go.dev/strconv#Quote, https://pkg.go.dev/strconv#IsPrint
  for (const auto& [text, literal] : std::vector<std::pair<std::string, std::string>>{
           {"", R"("")"},
           {"web-1:9100", R"("web-1:9100")"},
           {"a\"b\\c", R"("a\"b\\c")"},
           {"\a\b\f\n\r\t\v", R"("\a\b\f\n\r\t\v")"},
           {"\0\x1f\x7f"s, R"("\x00\x1f\x7f")"},
           {"'`{}", R"("'`{}")"},
           {"caf\u00e9 \u2615 \U0001F600", "\"caf\u00e9 \u2615 \U0001F600\""},
           {"a\u0301", "\"a\u0301\""},             // a combining mark can be printed
           {"\u00a0\u2028", R"("\u00a0\u2028")"},  // of all spaces, only ASCII's can
           {"\u00ad\u200b\ufeff", R"("\u00ad\u200b\ufeff")"},
           {"\ue000", R"("\ue000")"},  // private use
           {"\U000E0001", R"("\U000e0001")"},
           {"\ufffd", "\"\ufffd\""},
           {"a\xff\xc3", R"("a\xff\xc3")"},        // not UTF-8
           {"\xed\xa0\x80", R"("\xed\xa0\x80")"},  // half a surrogate pair
       }) {
    EXPECT_EQ(GoQuote(text), literal);
  }
}

TEST(GoUnquote, ReadsEveryEscapeOfTheLanguage) {
  for (const auto& [literal, text] : std::vector<std::pair<std::string, std::string>>{
           {R"("")", ""},
           {R"("a b")", "a b"},
           {R"("\a\b\f\n\r\t\v\\\"")", "\a\b\f\n\r\t\v\\\""},
           {R"("\x41\101\u00e9\U0001F600")", "AA\u00e9\U0001F600"},
           {R"("\xc3\xa9")", "\u00e9"},
           {R"("\x00")", "\0"s},
           {"\"tab\there\"", "tab\there"},
       }) {
    EXPECT_EQ(GoUnquote(literal), text) << literal;
  }
}

TEST(GoUnquote, RefusesWhatIsNoLiteral) {
  for (const std::string literal :
       {"", "\"", "a", "\"a", "a\"", R"("a"b")", R"("\")", "\"a\nb\"", R"("\'")", R"("\q")",
        R"("\x4")", R"("\xg0")", R"("\08")", R"("\400")", R"("\u00e")", R"("\ud800")",
        R"("\U00110000")", R"("\xff")", "\"\xff\""}) {
    EXPECT_EQ(GoUnquote(literal), std::nullopt) << literal;
  }
}

TEST(GoUnquote, ReadsBackWhatGoQuoteWrites) {
  std::string every;
  for (char32_t c = 0; c < 0x3000; ++c) {
    if (c < 0x80) {
      every.push_back(static_cast<char>(c));
    } else if (c < 0x800) {
      every.push_back(static_cast<char>(0xc0 | c >> 6));
      every.push_back(static_cast<char>(0x80 | (c & 0x3f)));
    }
  }
  EXPECT_EQ(GoUnquote(GoQuote(every)), every);
}

TEST(IsUnicodeSpace, KnowsTheSpacesBeyondAscii) {
  for (const char32_t c : {U'\t', U'\v', U' ', U'\u0085', U'\u00a0', U'\u2003', U'\u3000'}) {
    EXPECT_TRUE(IsUnicodeSpace(c)) << static_cast<unsigned>(c);
  }
  for (const char32_t c : {U'a', U'\0', U'\u200b', U'\ufeff', U'\u180e'}) {
    EXPECT_FALSE(IsUnicodeSpace(c)) << static_cast<unsigned>(c);
  }
}

}  // namespace
}  // namespace tocsin
