// Templates that try to run forever, to eat the memory or to break the stack: each ends with an
// error that says what was too much.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/unit/base/template_fixture.h"

namespace tocsin::gotemplate {
namespace {

using ::testing::HasSubstr;

TEST(TemplateLimits, EndlessWorkStops) {
  EXPECT_THAT(Execute("{{range 9223372036854775807}}{{end}}"),
              HasSubstr("more than 2000000 steps"));
  EXPECT_THAT(Execute("{{range 100000}}{{range 100000}}{{$x := 1}}{{end}}{{end}}"),
              HasSubstr("steps"));
  EXPECT_THAT(Execute("{{define \"a\"}}{{template \"a\" .}}{{end}}{{template \"a\" .}}"),
              HasSubstr("nested more than 500 deep; does a template call itself?"));
  EXPECT_THAT(
      Execute("{{define \"a\"}}{{range 2}}{{template \"a\"}}{{end}}{{end}}{{template \"a\"}}"),
      HasSubstr("nested more than"));
  // Broad instead of deep: thirty levels of two calls each.
  std::string text = "{{define \"l0\"}}{{end}}";
  for (int i = 1; i <= 30; ++i) {
    const std::string below = "{{template \"l" + std::to_string(i - 1) + "\"}}";
    text += "{{define \"l" + std::to_string(i) + "\"}}" + below + below + "{{end}}";
  }
  EXPECT_THAT(Execute(text + "{{template \"l30\"}}"), HasSubstr("steps"));
}

TEST(TemplateLimits, TextThatNeverComesOutIsWork) {
  ExecuteOptions html;
  html.escaping = Escaping::kHtml;
  const std::string comment = "<!--" + std::string(1U << 20U, 'x') + "-->";
  EXPECT_THAT(Execute("{{range 1000000}}" + comment + "{{end}}", Value(), html),
              HasSubstr("steps"));
}

TEST(TemplateLimits, RecursionThatEndsIsFine) {
  EXPECT_EQ(Execute("{{define \"d\"}}{{with .}}{{template \"d\" (slice . "
                    "1)}}{{end}}{{end}}{{template \"d\" \"" +
                    std::string(200, 'x') + "\"}}end"),
            "end");
}

TEST(TemplateLimits, ValuesThatGrowStop) {
  EXPECT_THAT(Execute("{{$x := \"0123456789\"}}{{range 100}}{{$x = print $x $x}}{{end}}"),
              HasSubstr("bytes"));
  EXPECT_THAT(Execute("{{$x := list}}{{range 100}}{{$x = append $x $x $x}}{{end}}"),
              HasSubstr("nested more than 50 deep"));
  EXPECT_THAT(Execute("{{$x := list 1}}{{range 40}}{{$x = list $x $x}}{{end}}{{print $x}}"),
              HasSubstr("bytes"));
  EXPECT_THAT(Execute("{{$x := list 1}}{{range 40}}{{$x = list $x $x}}{{end}}{{$x}}"),
              HasSubstr("bytes"));
  EXPECT_THAT(Execute("{{$x := list 1}}{{range 40}}{{$x = list $x $x}}{{end}}{{toJson $x}}"),
              HasSubstr("bytes"));
  EXPECT_THAT(Execute("{{$x := list 1}}{{range 40}}{{$x = list $x $x}}{{end}}{{printf \"%q\" $x}}"),
              HasSubstr("bytes"));
  EXPECT_THAT(Execute("{{$x := list}}{{range 100000}}{{$x = append $x 1}}{{end}}"),
              HasSubstr("bytes"));
  EXPECT_THAT(Execute("{{range 1000}}{{$x := printf \"%999999d\" 1}}{{end}}"), HasSubstr("bytes"));
  EXPECT_THAT(Execute("{{range 1000}}{{printf \"%.999999f\" 1.0}}{{end}}"), HasSubstr("bytes"));
  EXPECT_THAT(Execute("{{$x := printf \"%999999s\" \"\"}}{{range 100}}{{reReplaceAll \"\" "
                      "\"aaaaaaaaaa\" $x}}{{end}}"),
              HasSubstr("error: "));
}

TEST(TemplateLimits, OutputIsBounded) {
  ExecuteOptions options;
  options.limits.output_bytes = 10;
  EXPECT_EQ(Execute("0123456789", Value(), options), "0123456789");
  EXPECT_THAT(Execute("0123456789a", Value(), options), HasSubstr("output of more than 10 bytes"));
  EXPECT_THAT(Execute("{{.}}", Value("0123456789a"), options),
              HasSubstr("output of more than 10 bytes"));
  EXPECT_THAT(Execute("{{.}}", Value::OfStrings({"aaaaaa", "bbbbbb"}), options),
              HasSubstr("output of more than 10 bytes"));
  options.escaping = Escaping::kHtml;
  EXPECT_THAT(Execute("{{.}}", Value("<<<"), options), HasSubstr("output of more than 10 bytes"));
  EXPECT_EQ(Execute("{{.}}", Value("<<"), options), "&lt;&lt;");
}

TEST(TemplateLimits, WidthsBeyondAMillionAreMistakes) {
  EXPECT_EQ(Execute("{{printf \"%9999999d\" 1}}"), "%!(NOVERB)%!(EXTRA int=1)");
  EXPECT_EQ(Execute("{{printf \"%*d\" 9999999 1}}"), "%!(BADWIDTH)1");
  EXPECT_EQ(Execute("{{printf \"%[99999999999999999999]d\" 1}}"), "%!d(BADINDEX)");
}

TEST(TemplateLimits, HostileExpressionsAndLayouts) {
  EXPECT_THAT(Execute("{{match \"((a{1,1000}){1,1000}){1,1000}\" \"a\"}}"),
              HasSubstr("bad regular expression"));
  EXPECT_EQ(Execute("{{match \"(a*)*b\" \"" + std::string(10000, 'a') + "\"}}"), "false");
  EXPECT_THAT(
      Execute("{{range 100000}}{{match \"(x+x+)+y\" \"" + std::string(20000, 'x') + "\"}}{{end}}"),
      HasSubstr("steps"));
  const std::string layout = std::string(100000, '2');
  EXPECT_THAT(Execute("{{range 100000}}{{$x := date \"" + layout + "\" now}}{{end}}"),
              HasSubstr("error: "));
  EXPECT_THAT(
      Execute("{{$t := .At}}{{range 2000}}{{$t = $t.Add 9223372036854775807}}{{end}}{{$t.Year}}"),
      ::testing::StartsWith("58"));
}

TEST(TemplateLimits, TextsBeyondFourMegabytesAreRefused) {
  EXPECT_THAT(Execute(std::string(5U << 20U, 'x')),
              HasSubstr("a template of more than 4194304 bytes"));
}

TEST(TemplateLimits, InvalidUtf8NeverBreaksAnything) {
  const Value bad("\xff<\xc3\x28\xf0\x9f");
  EXPECT_EQ(Execute("{{printf \"%q %x %5.3s|\" . . .}}", bad),
            "\"\\xff<\\xc3(\\xf0\\x9f\" ff3cc328f09f   \xff<\xc3|");
  EXPECT_EQ(Execute("{{toUpper .}}", Value("a\xff")), "A\xef\xbf\xbd");
  ExecuteOptions html;
  html.escaping = Escaping::kHtml;
  EXPECT_EQ(Execute("<a href=\"/{{.}}\" onclick='{{.}}'>", Value("\xff"), html),
            "<a href=\"/%ff\" onclick='&#34;\\ufffd&#34;'>");
}

}  // namespace
}  // namespace tocsin::gotemplate
