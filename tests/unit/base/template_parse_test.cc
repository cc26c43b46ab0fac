// What the parser refuses, and how it says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/base/template_fixture.h"

namespace tocsin::gotemplate {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(std::string_view text) {
  const Status status = TestSet().Add("f.tmpl", std::string(text));
  return status.ok() ? "none" : status.message();
}

TEST(TemplateParse, ErrorsSayWhereWhatWasFoundAndWhatWasExpected) {
  const std::vector<Case> cases = {
      {"a\nb{{", "f.tmpl:2:2: the action is never closed; expected '}}'"},
      {"é{{/* x", "f.tmpl:1:4: the comment is never closed; expected '*/'"},
      {"{{/* x */ y}}", "a comment must end with '*/}}'"},
      {"{{\"abc}}", "f.tmpl:1:3: the string is never closed"},
      {"{{\"a\nb\"}}", "the string is never closed"},
      {"{{`abc}}", "the raw string is never closed"},
      {"{{'a}}", "the character is never closed"},
      {"{{''}}", "is not one character"},
      {"{{'ab'}}", "is not one character"},
      {"{{\"\\q\"}}", "unknown escape"},
      {"{{\"\\x4\"}}", "cut short"},
      {"{{\"\\ud800\"}}", "U+D800 is not a character"},
      {"{{3k}}", "\"3k\" is not a number"},
      {"{{08}}", "\"08\" is not a number"},
      {"{{1__0}}", "is not a number"},
      {"{{1_}}", "is not a number"},
      {"{{0x}}", "is not a number"},
      {"{{9223372036854775808}}", "overflows int"},
      {"{{1e999}}", "is not a number"},
      {"{{2i}}", "complex numbers are not supported"},
      {"{{(1}}", "the parenthesis is never closed; expected ')'"},
      {"{{1)}}", "unexpected ')'; no parenthesis is open"},
      {"{{1 # 2}}", "f.tmpl:1:5: unexpected character \"#\""},
      {"{{a:b}}", "unexpected ':'"},
      {"{{print :}}", "a variable is declared with ':='"},
      {"{{}}", "missing value in an action"},
      {"{{if}}x{{end}}", "f.tmpl:1:5: missing value in \"if\""},
      {"{{1 |}}", "unexpected \"}}\"; expected a value or a function"},
      {"{{| print}}", "unexpected \"|\"; expected a value or a function"},
      {"{{1 | 2}}", "expected a function or method after '|'"},
      {"{{1 | .}}", "expected a function or method after '|'"},
      {"{{print 1(2)}}", "a blank between two values"},
      {"{{1.5.x}}", "is not a number"},
      {"{{true.x}}", "has no fields"},
      {"{{\"a\".x}}", "has no fields"},
      {"{{..x}}", "has no fields"},
      {"{{humanizeBytes 1}}",
       "f.tmpl:1:3: unknown function \"humanizeBytes\"; humanize1024 is meant"},
      {"{{toUper \"a\"}}", "f.tmpl:1:3: unknown function \"toUper\"; did you mean \"toUpper\"?"},
      {"{{$x}}", "f.tmpl:1:3: undefined variable \"$x\""},
      {"{{$name := 1}}{{$nane}}", "did you mean \"$name\"?"},
      {"{{$x = 1}}", "undefined variable \"$x\"; declare it with ':='"},
      {"{{if $x := 1}}{{end}}{{$x}}", "undefined variable \"$x\""},
      {"{{$x := 1}}{{define \"a\"}}{{$x}}{{end}}", "undefined variable \"$x\""},
      {"{{$x, $y := 1}}", "too many variables in an action"},
      {"{{range $x, $y, $z := 1}}{{end}}", "too many variables in \"range\""},
      {"{{range $x, 1}}{{end}}", "a second variable after ','"},
      {"{{end}}", "f.tmpl:1:1: unexpected {{end}}; nothing is open"},
      {"{{else}}", "unexpected {{else}}; nothing is open"},
      {"x{{if 1}}y", "f.tmpl:1:2: \"if\" is never closed; expected {{end}}"},
      {"{{range .}}", "\"range\" is never closed"},
      {"{{if 1}}{{else}}{{else}}{{end}}", "second {{else}}"},
      {"{{range .}}{{else if 1}}{{end}}{{end}}", "unexpected \"if\"; expected '}}' after \"else\""},
      {"{{break}}", "{{break}} stands outside of any range"},
      {"{{range .}}{{else}}{{continue}}{{end}}", "outside of any range"},
      {"{{range .}}{{define \"x\"}}{{break}}{{end}}{{end}}",
       "\"define\" stands inside another block"},
      {"{{range .}}{{block \"x\" .}}{{break}}{{end}}{{end}}", "outside of any range"},
      {"{{template x}}", "unexpected \"x\"; expected a template's name in quotes"},
      {"{{define x}}{{end}}", "expected a template's name in quotes"},
      {"{{define \"x\"}}a{{end}}{{define \"x\"}}b{{end}}",
       "template \"x\" is defined twice in this file"},
      {"{{define \"x\" .}}{{end}}", "expected '}}' after \"define\""},
      {"{{block \"x\"}}{{end}}", "missing value in \"block\""},
      {"{{end .}}", "expected '}}' after \"end\""},
      {"{{print if}}", "unexpected \"if\""},
  };
  for (const Case& c : cases)
    EXPECT_THAT(ErrorOf(c.text), HasSubstr(std::string(c.want))) << c.text;
}

TEST(TemplateParse, TooDeepNestingIsRefused) {
  std::string parentheses = "{{";
  std::string blocks;
  for (int i = 0; i < 100000; ++i) {
    parentheses += "(";
    blocks += "{{if 1}}";
  }
  EXPECT_THAT(ErrorOf(parentheses + "1"), HasSubstr("never closed"));
  std::string closed = parentheses + "1";
  for (int i = 0; i < 100000; ++i) closed += ")";
  EXPECT_THAT(ErrorOf(closed + "}}"), HasSubstr("nested more than 200 deep"));
  EXPECT_THAT(ErrorOf(blocks), HasSubstr("nested more than 200 deep"));
}

TEST(TemplateParse, ALongChainOfElseIfIsNotNested) {
  std::string text = "{{if eq . 0}}0";
  for (int i = 1; i < 1000; ++i) {
    text += "{{else if eq . " + std::to_string(i) + "}}" + std::to_string(i);
  }
  EXPECT_EQ(Execute(text + "{{end}}", Value(777)), "777");
}

TEST(TemplateParse, InvalidUtf8IsTextOutsideAndAnErrorInside) {
  EXPECT_EQ(ErrorOf("\xff\xfe {{1}} \x80"), "none");
  EXPECT_THAT(ErrorOf("{{\xff}}"), HasSubstr("unexpected character \"\\xff\""));
  EXPECT_EQ(Execute("{{\"\xff\"}}"), "\xff");
}

TEST(TemplateParse, MessagesStayOnOneLine) {
  const std::string message = ErrorOf("{{define \"a\nb\"}}{{end}}");
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  const std::string run = Execute("{{index\n.List\n99}}");
  EXPECT_EQ(run.find('\n'), std::string::npos) << run;
}

}  // namespace
}  // namespace tocsin::gotemplate
