// The functions Alertmanager adds: each as a table of template and text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "base/template/humanize.h"
#include "tests/unit/base/template_fixture.h"

namespace tocsin::gotemplate {
namespace {

using ::testing::HasSubstr;

TEST(TemplateFunctions, CasesOfLetters) {
  Check({
      {"{{toUpper \"aé1ß\"}} {{toLower \"AÉЖΩ\"}} {{\"x\" | toUpper}}", "AÉ1ß aéжω X"},
      {"{{title \"hello WORLD it's\"}} {{title \"a-b c_d\"}}", "Hello World It's A-B C_d"},
      {"[{{trimSpace \" \\t a b\\n \"}}]", "[a b]"},
  });
}

TEST(TemplateFunctions, ListsAndMaps) {
  Check({
      {"{{join \", \" .List}} {{.CommonLabels.Values | join \"-\"}}",
       "a, b, c DiskFull-db-1-critical"},
      {"{{stringSlice \"a\" \"b\" | join \"+\"}} {{stringSlice}}", "a+b []"},
      {"{{list 1 \"a\" nil}} {{append (list 1) 2 3}} {{append .List \"d\" | len}}",
       "[1 a <nil>] [1 2 3] 4"},
      {"{{(dict \"a\" 1 \"b\" (list 2)).b}} {{dict \"x\" 1}} {{(dict).none}}",
       "[2] map[x:1] <no value>"},
      {"{{define \"u\"}}{{.name}}:{{.n}}{{end}}{{template \"u\" dict \"name\" .Receiver \"n\" 3}}",
       "ops:3"},
  });
  EXPECT_THAT(Execute("{{dict \"a\"}}"), HasSubstr("dict: the number of arguments is odd"));
  EXPECT_THAT(Execute("{{dict 1 2}}"), HasSubstr("keys must be strings, got int"));
  EXPECT_THAT(Execute("{{append 1 2}}"), HasSubstr("want a list, got int"));
  EXPECT_THAT(Execute("{{join \",\" (list 1)}}"), HasSubstr("want string, got int"));
}

TEST(TemplateFunctions, RegularExpressions) {
  Check({
      {"{{match \"b+\" \"abbc\"}} {{match \"^b\" \"abbc\"}}", "true false"},
      {"{{reReplaceAll \"(b+)(c)\" \"$2-${1}x\" \"abbc abc\"}}", "ac-bbx ac-bx"},
      {"{{reReplaceAll \"(?P<w>[a-z]+)\" \"<$w>\" \"ab 1 cd\"}}", "<ab> 1 <cd>"},
      {"{{reReplaceAll \"b\" \"$1x|$$|$\" \"abc\"}}", "a|$|$c"},
      {"{{reReplaceAll \"b*\" \"-\" \"abc\"}}", "-a-c-"},
      {"{{reReplaceAll \"\" \".\" \"éa\"}}", ".é.a."},
      {"{{\"a.b\" | reReplaceAll \"\\\\.\" \"_\"}}", "a_b"},
  });
  EXPECT_THAT(Execute("{{match \"(\" \"a\"}}"), HasSubstr("match: bad regular expression \"(\""));
}

TEST(TemplateFunctions, TimesAndZones) {
  Check({
      {"{{date \"2006-01-02\" .At}} {{.At | tz \"Europe/Vienna\" | date \"15:04 MST -07:00\"}}",
       "2026-01-02 04:04 CET +01:00"},
      {"{{.At | tz \"UTC\" | date \"15:04 MST\"}}", "03:04 UTC"},
      {"{{since (.At.Add -90000000000)}} {{since (.At.Add -90000000000) | humanizeDuration}}",
       "1m30s 1m 30s"},
      {"{{now}} {{now.Unix}}", "2026-01-02 03:04:05.678 +0000 UTC 1767323045"},
      {"{{toDate \"2006-01-02\" \"2026-05-06\"}} {{(toDate \"2006\" \"x\").IsZero}}",
       "2026-05-06 00:00:00 +0000 UTC true"},
      {"{{mustToDate \"2006-01-02\" \"2026-05-06\" | date \"Jan 2\"}}", "May 6"},
  });
  EXPECT_THAT(Execute("{{tz \"Mars/Olympus\" .At}}"),
              HasSubstr("tz: unknown time zone \"Mars/Olympus\""));
  EXPECT_THAT(Execute("{{mustToDate \"2006\" \"x\"}}"), HasSubstr("mustToDate: cannot read \"x\""));
  EXPECT_THAT(Execute("{{date \"2006\" 1}}"),
              HasSubstr("date: wrong type of argument: want time.Time, got int"));
}

struct DurationCase {
  double seconds;
  std::string_view want;
};

TEST(TemplateFunctions, DurationsForPeople) {
  const std::vector<DurationCase> cases = {
      {0, "0s"},
      {135.3563, "2m 15s"},
      {3600, "1h 0m 0s"},
      {93784.5, "1d 2h 3m 4s"},
      {12.3456, "12.35s"},
      {0.001, "1ms"},
      {-60, "-1m 0s"},
      {1, "1s"},
      {0.0000025, "2.5us"},
  };
  for (const DurationCase& c : cases) EXPECT_EQ(HumanizeDuration(c.seconds), c.want);
  Check({
      {"{{humanizeDuration 90}} {{humanizeDuration \"90.5\"}} {{humanizeDuration .Span}}",
       "1m 30s 1m 30s 1h 2m 3s"},
      {"{{humanizeDuration \"NaN\"}} {{humanizeDuration \"+Inf\"}}", "NaN +Inf"},
  });
  EXPECT_THAT(Execute("{{humanizeDuration \"x\"}}"), HasSubstr("\"x\" is not a number"));
}

TEST(TemplateFunctions, Encodings) {
  Check({
      {"{{urlUnescape \"a%20b+c%26\"}}", "a b c&"},
      {"{{base64encode \"hi?>~\"}} {{base64encode \"a\"}} {{base64encode \"\"}}|",
       "aGk_Pn4= YQ== |"},
      {"{{base64decode \"aGk_Pn4=\"}} {{base64decode \"YQ==\"}}", "hi?>~ a"},
      {"{{toJson .List}} {{toJson .Map}} {{toJson .Mixed}}",
       "[\"a\",\"b\",\"c\"] {\"a\":\"1\",\"b\":\"2\"} [1,\"x\",null,1.5]"},
      {"{{toJson \"<&>\\n\\x01é\\u2028\"}}", "\"\\u003c\\u0026\\u003e\\n\\u0001é\\u2028\""},
      {"{{toJson \"\\xff\"}} {{toJson 1e21}} {{toJson 0.0000001}} {{toJson 100000000.0}}",
       "\"\\ufffd\" 1e+21 1e-7 100000000"},
      {"{{toJson .At}} {{toJson .CommonLabels.SortedPairs}}",
       "\"2026-01-02T03:04:05.678Z\" "
       "[{\"Name\":\"alertname\",\"Value\":\"DiskFull\"},{\"Name\":\"instance\",\"Value\":\"db-1\"}"
       ",{\"Name\":\"severity\",\"Value\":\"critical\"}]"},
      {"{{toJson (index .Alerts 2)}}",
       "{\"status\":\"resolved\",\"labels\":{\"alertname\":\"DiskFull\",\"instance\":\"web\"},"
       "\"startsAt\":\"2026-01-02T03:04:05.678Z\",\"endsAt\":\"0001-01-01T00:00:00Z\"}"},
  });
  EXPECT_THAT(Execute("{{urlUnescape \"%zz\"}}"), HasSubstr("bad escape"));
  EXPECT_THAT(Execute("{{base64decode \"a\"}}"), HasSubstr("is not base64"));
  EXPECT_THAT(Execute("{{base64decode \"ab+/\"}}"), HasSubstr("is not base64"));
}

TEST(TemplateFunctions, TheHostAddsItsOwnAndOverrides) {
  FunctionMap functions = AlertmanagerFunctions(TestEnvironment());
  functions["routeLabels"] = {1, 1, [](const Values& args, Budget&) -> Result<Value> {
                                return Value("label " + std::string(*args[0].text()));
                              }};
  functions["toUpper"] = {
      1, 1, [](const Values&, Budget&) -> Result<Value> { return Error{"not today"}; }};
  const TemplateSet set(functions);
  EXPECT_EQ(*set.ExecuteText("t", "{{routeLabels \"team\"}}", Value()), "label team");
  EXPECT_THAT(set.ExecuteText("t", "{{toUpper \"a\"}}", Value()).message(),
              HasSubstr("toUpper: not today"));
}

}  // namespace
}  // namespace tocsin::gotemplate
