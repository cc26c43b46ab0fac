// What templates render, as tables of template and text. The expectations follow the documentation
// of Go's text/template.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "tests/unit/base/template_fixture.h"

namespace tocsin::gotemplate {
namespace {

using ::testing::HasSubstr;

TEST(TemplateExecute, TextCommentsAndTrimming) {
  Check({
      {"", ""},
      {"plain { } text", "plain { } text"},
      {"a{{/* no {{ text */}}b", "ab"},
      {"a {{- /* trims */ -}} b", "ab"},
      {"a \n\t{{- 1 -}}\r\n b", "a1b"},
      {"{{23 -}} < {{- 45}}", "23<45"},
      {"{{-3}}", "-3"},
      {"{{- -3 -}}", "-3"},
      {"{{\n1\n}}", "1"},
      {"{{\"{{\"}}", "{{"},
      {"{{\"}}\"}}", "}}"},
  });
}

TEST(TemplateExecute, Literals) {
  Check({
      {"{{1}} {{0x1F}} {{0X_1f}} {{0b101}} {{0o17}} {{017}} {{1_000}}", "1 31 31 5 15 15 1000"},
      {"{{1.5}} {{1e3}} {{.5}} {{0x1p-2}} {{1_0.5}} {{-2.25}} {{+4}}",
       "1.5 1000 0.5 0.25 10.5 -2.25 4"},
      {"{{'a'}} {{'\\n'}} {{'\\''}} {{'é'}} {{'\\u00e9'}} {{'\\x41'}} {{'\\101'}}",
       "97 10 39 233 233 65 65"},
      {"{{\"a\\tb\\\"c\\\\\\u00e9\\x41\\101\"}}", "a\tb\"c\\éAA"},
      {"{{`raw \\n \"q\"`}}", "raw \\n \"q\""},
      {"{{true}} {{false}}", "true false"},
      {"{{print nil}}", "<nil>"},
  });
}

TEST(TemplateExecute, FieldsKeysAndMethods) {
  Check({
      {"{{.Receiver}} {{.Int}} {{.Float}} {{.True}} {{.List}} {{.Map}}",
       "ops 17 2.5 true [a b c] map[a:1 b:2]"},
      {"{{.Map.a}}[{{.Map.zz}}]", "1[]"},
      {"{{.Any.n}} {{.Any.in.x}} {{.Any.none}}", "7 y <no value>"},
      {"{{.CommonLabels}}", "alertname=DiskFull, instance=db-1, severity=critical"},
      {"{{.CommonLabels.severity}}[{{.CommonLabels.none}}]", "critical[]"},
      {"{{.CommonLabels.SortedPairs.Values | join \" \"}}", "DiskFull db-1 critical"},
      {"{{.CommonLabels.Names.Join \",\"}}", "alertname,instance,severity"},
      {"{{(.CommonLabels.Remove (stringSlice \"severity\" \"instance\")).Values}}", "DiskFull"},
      {"{{range .CommonLabels.SortedPairs}}{{.Name}}={{.Value}};{{end}}",
       "alertname=DiskFull;instance=db-1;severity=critical;"},
      {"{{len .Alerts}} {{len .Alerts.Firing}} {{.Alerts.Resolved | len}}", "3 2 1"},
      {"{{(index .Alerts 1).Labels.instance}}", "db-2"},
      {"{{range .Alerts.Firing}}{{.Labels.instance}} {{end}}", "db-1 db-2 "},
      {"{{.Nil}}", "<no value>"},
      {"{{(.Map).a}} {{(print 1 2)}}", "1 1 2"},
      {"{{call .Twice 4}} {{4 | call .Twice}}", "8 8"},
  });
}

TEST(TemplateExecute, VariablesAndTheirScopes) {
  Check({
      {"{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}", "12"},
      {"{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"},
      {"{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"},
      {"{{with $y := 3}}{{$y}}{{.}}{{end}}", "33"},
      {"{{if $y := .Zero}}a{{else}}{{$y}}{{end}}", "0"},
      {"{{$x := .Map}}{{$x.a}}", "1"},
      {"{{with 1}}{{$.Receiver}}{{end}}", "ops"},
      {"{{$x := 0}}{{range .List}}{{$x = .}}{{end}}{{$x}}", "c"},
      {"{{$x := \"a\" | printf \"%q\"}}{{$x}}", "\"a\""},
      {"{{$ré := 1}}{{$ré}}", "1"},
  });
}

TEST(TemplateExecute, Conditions) {
  Check({
      {"{{if true}}a{{end}}{{if false}}b{{end}}", "a"},
      {"{{if .Zero}}a{{else}}b{{end}}", "b"},
      {"{{if .Zero}}a{{else if .Int}}b{{else}}c{{end}}", "b"},
      {"{{if .Zero}}a{{else if .Empty}}b{{else}}c{{end}}", "c"},
      {"{{if .Empty}}a{{else}}b{{end}}{{if .List}}a{{end}}", "ba"},
      {"{{if .Nil}}a{{else}}b{{end}}{{if \"\"}}a{{else}}b{{end}}{{if 0.0}}a{{else}}b{{end}}",
       "bbb"},
      {"{{if .At}}a{{end}}{{if .Alerts.Resolved}}b{{end}}", "ab"},
      {"{{with .Map}}{{.a}}{{end}}{{with .Empty}}a{{else}}{{.Int}}{{end}}", "117"},
      {"{{with .Zero}}a{{else with .Int}}{{.}}{{else}}c{{end}}", "17"},
      {"{{if and .True .Int}}a{{end}}{{if or .Zero .Nil}}b{{end}}{{if not .Zero}}c{{end}}", "ac"},
  });
}

TEST(TemplateExecute, RangesAndTheirJumps) {
  Check({
      {"{{range .List}}-{{.}}{{end}}", "-a-b-c"},
      {"{{range $e := .List}}{{$e}}{{.}}{{end}}", "aabbcc"},
      {"{{range $i, $e := .List}}{{$i}}{{$e}}{{end}}", "0a1b2c"},
      {"{{range .Map}}{{.}}{{end}}{{range $k, $v := .Map}}{{$k}}{{$v}}{{end}}", "12a1b2"},
      {"{{range $k, $v := .CommonLabels}}{{$k}} {{end}}", "alertname instance severity "},
      {"{{range 3}}{{.}}{{end}}{{range $i := 2}}{{$i}}{{end}}", "01201"},
      {"{{range .Empty}}a{{else}}{{.Receiver}}{{end}}{{range 0}}a{{else}}b{{end}}", "opsb"},
      {"{{range .Nil}}a{{else}}none{{end}}", "none"},
      {"{{range .List}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}", "a"},
      {"{{range .List}}{{if eq . \"b\"}}{{continue}}{{end}}{{.}}{{end}}", "ac"},
      {"{{range .List}}{{range $.List}}{{break}}{{end}}{{.}}{{else}}x{{end}}", "abc"},
      {"{{$i := 9}}{{$e := 9}}{{range $i, $e = .List}}{{end}}{{$i}}{{$e}}", "2c"},
      {"{{range .Mixed}}[{{.}}]{{end}}", "[1][x][<no value>][1.5]"},
  });
}

TEST(TemplateExecute, NamedTemplates) {
  Check({
      {"{{define \"a\"}}<{{.}}>{{end}}{{template \"a\" .Int}}{{template \"a\"}}",
       "<17><<no value>>"},
      {"{{template \"b\" .Map}}{{define \"b\"}}{{.a}}{{$.b}}{{end}}", "12"},
      {"{{block \"c\" .List}}{{len .}}{{end}}", "3"},
      {"{{define \"d\"}}{{if .}}{{.}}{{template \"d\" (slice . 1)}}{{end}}{{end}}{{template \"d\" "
       "\"abc\"}}",
       "abcbcc"},
      {"{{define `e`}}x{{end}}{{template `e`}}", "x"},
      {"{{range .List}}{{template \"f\" .}}{{end}}{{define \"f\"}}{{.}}.{{end}}", "a.b.c."},
  });
}

TEST(TemplateExecute, LaterDefinitionsOverrideByNameUnlessTheyAreEmpty) {
  TemplateSet set = TestSet();
  ASSERT_TRUE(
      set.Add("a.tmpl", "{{define \"x\"}}first{{end}}{{define \"y\"}}[{{template \"x\"}}]{{end}}")
          .ok());
  ASSERT_TRUE(set.Add("b.tmpl", "{{define \"x\"}}second{{end}}top").ok());
  ASSERT_TRUE(set.Add("c.tmpl", "{{define \"x\"}} {{/* nothing */}} {{end}}").ok());
  EXPECT_EQ(*set.Execute("y", Value()), "[second]");
  EXPECT_EQ(*set.Execute("b.tmpl", Value()), "top");
  EXPECT_EQ(*set.ExecuteText("t", "{{define \"x\"}}own{{end}}{{template \"y\"}}", Value()),
            "[own]");
  EXPECT_EQ(*set.Execute("y", Value()), "[second]") << "a text's definitions do not stay";
}

TEST(TemplateExecute, AFileThatDoesNotParseChangesNothing) {
  TemplateSet set = TestSet();
  ASSERT_TRUE(set.Add("a.tmpl", "{{define \"x\"}}first{{end}}").ok());
  EXPECT_FALSE(set.Add("b.tmpl", "{{define \"x\"}}second{{end}}{{if}}").ok());
  EXPECT_EQ(*set.Execute("x", Value()), "first");
}

TEST(TemplateExecute, CallsOfTemplatesThatAreMissingAreFoundBeforehand) {
  TemplateSet set = TestSet();
  ASSERT_TRUE(set.Add("a.tmpl", "{{define \"slack.title\"}}x{{end}}").ok());
  EXPECT_TRUE(set.CheckCalls().ok());
  EXPECT_TRUE(set.Check("t", "{{template \"slack.title\" .}}").ok());
  const Status status = set.Check("t", "{{if .X}}\n{{template \"slack.titel\" .}}{{end}}");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.message(),
            "t:2:1: template \"slack.titel\" is not defined; did you mean \"slack.title\"?");
}

TEST(TemplateExecute, LogicShortCircuitsAndGivesTheDecidingArgument) {
  Check({
      {"{{and 1 0 2}} {{and 1 2}} {{or 0 \"\" \"x\"}} {{or 0 \"\"}}", "0 2 x "},
      {"{{and false (index .List 99)}} {{or true (index .List 99)}}", "false true"},
      {"{{1 | and 2}} {{0 | or 0}} {{not 0}} {{not .List}}", "1 0 true false"},
  });
}

TEST(TemplateExecute, Comparisons) {
  Check({
      {"{{eq 1 1}} {{eq 1 2}} {{eq 1 2 3 1}} {{eq \"a\" \"a\"}} {{eq true true}} {{eq 1.5 1.5}}",
       "true false true true true true"},
      {"{{ne 1 2}} {{ne \"a\" \"a\"}}", "true false"},
      {"{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 2.0 2.0}} {{lt \"a\" \"b\"}}",
       "true true false true true"},
      {"{{eq .Nil nil}} {{eq 1 nil}} {{ne .Int nil}}", "true false true"},
      {"{{eq .At .At}} {{gt .Span 1000}}", "true true"},
  });
  EXPECT_THAT(Execute("{{eq 1 1.0}}"),
              HasSubstr("incompatible types for comparison: int and float64"));
  EXPECT_THAT(Execute("{{eq 1 \"1\"}}"), HasSubstr("incompatible types"));
  EXPECT_THAT(Execute("{{eq .List .List}}"), HasSubstr("cannot be compared"));
  EXPECT_THAT(Execute("{{lt true false}}"), HasSubstr("no order"));
  EXPECT_THAT(Execute("{{eq 1}}"), HasSubstr("missing argument"));
}

TEST(TemplateExecute, LenIndexAndSlice) {
  Check({
      {"{{len \"é\"}} {{len .List}} {{len .Map}} {{len .CommonLabels}}", "2 3 2 3"},
      {"{{index .List 1}} {{index .Map \"b\"}}[{{index .Map \"zz\"}}] {{index \"abc\" 1}}",
       "b 2[] 98"},
      {"{{index .Any \"in\" \"x\"}} {{index .List}} {{index .CommonLabels \"severity\"}}",
       "y [a b c] critical"},
      {"{{slice \"hello\" 1 3}} {{slice .List 1}} {{slice .List 0 2}} {{slice .List 0 1 2}}",
       "el [b c] [a b] [a]"},
  });
  EXPECT_THAT(Execute("{{index .List 3}}"), HasSubstr("index out of range: 3"));
  EXPECT_THAT(Execute("{{index .List -1}}"), HasSubstr("index out of range: -1"));
  EXPECT_THAT(Execute("{{index .List \"a\"}}"), HasSubstr("cannot index with type string"));
  EXPECT_THAT(Execute("{{index .List nil}}"), HasSubstr("cannot index with nil"));
  EXPECT_THAT(Execute("{{index 1 1}}"), HasSubstr("cannot index type int"));
  EXPECT_THAT(Execute("{{slice \"abc\" 2 1}}"), HasSubstr("invalid slice index: 2 > 1"));
  EXPECT_THAT(Execute("{{slice \"abc\" 4}}"), HasSubstr("index out of range: 4"));
  EXPECT_THAT(Execute("{{len 3}}"), HasSubstr("len of type int"));
}

TEST(TemplateExecute, EscapersByName) {
  Check({
      {"{{html \"<a href='x'>&\\\"\"}}", "&lt;a href=&#39;x&#39;&gt;&amp;&#34;"},
      {"{{js \"it'd <b> \\\"x\\\" = \\n\"}}", "it\\'d \\u003Cb\\u003E \\\"x\\\" \\u003D \\u000A"},
      {"{{urlquery \"a b/c&d=é\"}}", "a+b%2Fc%26d%3D%C3%A9"},
      {"{{urlquery 1 2}} {{1 | html}}", "1+2 1"},
  });
}

struct ErrorCase {
  std::string_view text;
  std::string_view want;  // is part of the message
};

TEST(TemplateExecute, ErrorsNameTheTemplateThePlaceAndWhatWasEvaluated) {
  const std::vector<ErrorCase> cases = {
      {"a\n  {{.Receiver.Name}}",
       "t:2:5: executing \"t\" at <.Receiver.Name>: type string has no field or method \"Name\""},
      {"{{.Nope}}", "at <.Nope>: type template.Data has no field or method \"Nope\""},
      {"{{define \"in\"}}{{index . 9}}{{end}}{{template \"in\" .List}}",
       "t:1:18: executing \"in\" at <index>: index: index out of range: 9"},
      {"{{template \"none\"}}", "template \"none\" is not defined"},
      {"{{.Receiver 1}}", "Receiver is not a method but has arguments"},
      {"{{1 2}}", "arguments are given to what is no function"},
      {"{{.Any.none.deeper}}", "nil has no field \"deeper\""},
      {"{{nil}}", "nil is not a command"},
      {"{{toUpper 1}}", "toUpper: wrong type of argument: want string, got int"},
      {"{{toUpper}}", "toUpper: wrong number of arguments: want 1, got 0"},
      {"{{join \",\"}}", "want 2, got 1"},
      {"{{range 2.5}}{{end}}", "range cannot iterate over float64"},
      {"{{range \"abc\"}}{{end}}", "range cannot iterate over string"},
      {"{{range $i, $e := 3}}{{end}}", "one variable only"},
      {"{{.Twice}}", "cannot print a function"},
      {"{{call .Twice \"x\"}}", "call: wants a number"},
      {"{{call .Int}}", "int is not a function"},
      {"{{.CommonLabels.Remove}}", "want 1, got 0"},
  };
  for (const ErrorCase& c : cases) {
    const std::string got = Execute(c.text);
    EXPECT_THAT(got, HasSubstr(std::string("error: "))) << c.text;
    EXPECT_THAT(got, HasSubstr(std::string(c.want))) << c.text;
  }
}

TEST(TemplateExecute, TheHostMayDeclareVariablesForATextItself) {
  ExecuteOptions options;
  options.variables = {{"$labels", TestLabels()}, {"$value", Value(1.5)}};
  EXPECT_EQ(Execute("{{$labels.instance}} {{$value}} {{$value = 2}}{{$value}}", Value(), options),
            "db-1 1.5 2");
  EXPECT_THAT(Execute("{{define \"x\"}}{{$value}}{{end}}", Value(), options),
              HasSubstr("undefined variable \"$value\""));
  EXPECT_FALSE(TestSet().Check("t", "{{$value}}").ok());
  EXPECT_TRUE(TestSet().Check("t", "{{$value}}", {"$value"}).ok());
}

TEST(TemplateExecute, WithoutDataFieldsHaveNoValue) {
  EXPECT_EQ(Execute("{{.X}} {{.}}", Value()), "<no value> <no value>");
}

TEST(TemplateExecute, TheTextOfAFileBearsItsNameWithoutTheFolder) {
  TemplateSet set = TestSet();
  ASSERT_TRUE(set.Add("/etc/t/mail.tmpl", R"(mail {{ define "/a/b" }}b{{ end }})").ok());
  EXPECT_EQ(set.Execute("mail.tmpl", Value()).value(), "mail ");
  EXPECT_EQ(set.Execute("/a/b", Value()).value(), "b");
  EXPECT_FALSE(set.Has("/etc/t/mail.tmpl"));
}

TEST(TemplateExecute, FunctionsOfAnExecutionStandInForThoseOfTheSet) {
  TemplateSet set = TestSet();
  ASSERT_TRUE(set.Add("f", R"({{ define "x" }}{{ toUpper "a" }}{{ end }})").ok());
  FunctionMap functions;
  functions.emplace("toUpper", Function{1, 1, [](const Values&, Budget&) -> Result<Value> {
                                          return Value("other");
                                        }});
  ExecuteOptions options;
  options.functions = &functions;
  const std::string text = R"({{ template "x" }} {{ "b" | toUpper }} {{ toLower "C" }})";
  EXPECT_EQ(set.ExecuteText("t", text, Value(), options).value(), "other other c");
  EXPECT_EQ(set.ExecuteText("t", text, Value()).value(), "A B c");
}

TEST(TemplateExecute, EveryDefinitionsFirstUndefinedCallIsFound) {
  TemplateSet set = TestSet();
  ASSERT_TRUE(set.Add("f", R"({{ define "x" }}{{ template "a" }}{{ template "b" }}{{ end }})"
                           R"({{ define "y" }}{{ if . }}{{ template "c" }}{{ end }}{{ end }})")
                  .ok());
  const std::vector<Error> calls = set.UndefinedCalls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_THAT(calls[0].message, HasSubstr(R"(f:1:17: template "a" is not defined)"));
  EXPECT_THAT(calls[1].message, HasSubstr(R"(template "c" is not defined)"));
  EXPECT_TRUE(set.CheckSyntax("t", R"({{ template "none" }})").ok());
  EXPECT_FALSE(set.CheckSyntax("t", "{{").ok());
}

}  // namespace
}  // namespace tocsin::gotemplate
