// print, println and printf: expectations follow the documentation of Go's fmt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "tests/unit/base/template_fixture.h"

namespace tocsin::gotemplate {
namespace {

TEST(TemplatePrint, BlanksBetweenOperandsThatAreNoStrings) {
  Check({
      {"{{print 1 2 3}}|{{print \"a\" 1 2 \"b\" \"c\" 3}}|{{print}}", "1 2 3|a1 2bc3|"},
      {"{{println \"a\" 1}}|{{println}}", "a 1\n|\n"},
      {"{{print .Mixed nil true}}", "[1 x <nil> 1.5] <nil> true"},
  });
}

TEST(TemplatePrint, Integers) {
  Check({
      {"{{printf \"%d|%5d|%-5d|%05d|%+d|% d\" 42 42 42 42 42 42}}", "42|   42|42   |00042|+42| 42"},
      {"{{printf \"%05d|%.4d|%8.4d|%-8.4d|\" -42 42 -42 42}}", "-0042|0042|   -0042|0042    |"},
      {"{{printf \"%b %o %O %x %X %#x %#o %#b\" 5 8 8 255 255 255 8 5}}",
       "101 10 0o10 ff FF 0xff 010 0b101"},
      {"{{printf \"%c %q %U %#U\" 233 233 233 233}}", "é 'é' U+00E9 U+00E9 'é'"},
      {"{{printf \"%v %+v %#v\" 7 7 7}}", "7 7 7"},
      {"{{printf \"%.0d|\" 0}}", "|"},
      {"{{printf \"%d\" -9223372036854775808}}", "-9223372036854775808"},
  });
}

TEST(TemplatePrint, Floats) {
  Check({
      {"{{print 1.0}} {{print 100000.0}} {{print 1000000.0}} {{print 1234567.0}} {{print 0.0001}} "
       "{{print 0.00001}}",
       "1 100000 1e+06 1.234567e+06 0.0001 1e-05"},
      {"{{printf \"%f %.2f %8.3f|%-8.1f|%08.3f %+.1f\" 1.5 1.255 3.14159 2.5 -3.14159 2.0}}",
       "1.500000 1.25    3.142|2.5     |-003.142 +2.0"},
      {"{{printf \"%e %.2E %g %.3g %G\" 12345.678 12345.678 1e21 12345.678 1e-10}}",
       "1.234568e+04 1.23E+04 1e+21 1.23e+04 1E-10"},
      {"{{printf \"%.0f %#.0f %.3e\" 2.5 2.0 0.0}}", "2 2. 0.000e+00"},
      {"{{printf \"%x %b\" 1.0 1.0}}", "0x1p+00 4503599627370496p-52"},
      {"{{printf \"%6.2f%%\" 99.5}}", " 99.50%"},
  });
  EXPECT_EQ(Execute("{{printf \"%v %5.1f|%+f|%05f\" . . . .}}",
                    Value(std::numeric_limits<double>::infinity())),
            "+Inf  +Inf|+Inf| +Inf");
}

TEST(TemplatePrint, Texts) {
  Check({
      {"{{printf \"%s|%5s|%-5s|%.2s|%q\" \"abc\" \"abc\" \"abc\" \"abc\" \"a\\\"b\\n\"}}",
       "abc|  abc|abc  |ab|\"a\\\"b\\n\""},
      {"{{printf \"%5s|%.1s\" \"éé\" \"éé\"}}", "   éé|é"},
      {"{{printf \"%x %X % x %#x %# x\" \"hi\" \"hi\" \"hi\" \"hi\" \"hi\"}}",
       "6869 6869 68 69 0x6869 0x68 0x69"},
      {"{{printf \"%+q %#q %#q\" \"é\" \"ab\" \"a`b\"}}", "\"\\u00e9\" `ab` \"a`b\""},
      {"{{printf \"%v %#v\" \"a\" \"a\"}}", "a \"a\""},
      {"{{printf \"%q\" \"\\x00\\x7f\\xff\\u200b\\U0001f600\"}}", "\"\\x00\\x7f\\xff\\u200b😀\""},
      {"{{printf \"%t %v %5t\" true false true}}", "true false  true"},
  });
}

TEST(TemplatePrint, ListsMapsAndStructures) {
  Check({
      {"{{printf \"%v %d %s %q\" .List (list 1 2) .List .List}}",
       "[a b c] [1 2] [a b c] [\"a\" \"b\" \"c\"]"},
      {"{{printf \"%v %#v\" .Map .Map}}",
       "map[a:1 b:2] map[string]string{\"a\":\"1\", \"b\":\"2\"}"},
      {"{{printf \"%#v\" .List}} {{printf \"%#v\" (list 1 \"a\" nil)}}",
       "[]string{\"a\", \"b\", \"c\"} []interface {}{1, \"a\", interface {}(nil)}"},
      {"{{printf \"%v\" (index .CommonLabels.SortedPairs 0)}} {{printf \"%+v\" (index "
       ".CommonLabels.SortedPairs 0)}}",
       "{alertname DiskFull} {Name:alertname Value:DiskFull}"},
      {"{{printf \"%s|%v\" .CommonLabels .CommonLabels}}",
       "alertname=DiskFull, instance=db-1, severity=critical|alertname=DiskFull, instance=db-1, "
       "severity=critical"},
      {"{{printf \"%T %T %T %T %T\" 1 1.5 \"a\" .List nil}}", "int float64 string []string <nil>"},
      {"{{printf \"%3d|\" (list 1 2)}}", "[  1   2]|"},
  });
}

TEST(TemplatePrint, TimesAndSpansHaveTextsAndNumbers) {
  Check({
      {"{{.At}}|{{printf \"%s\" .At}}",
       "2026-01-02 03:04:05.678 +0000 UTC|2026-01-02 03:04:05.678 +0000 UTC"},
      {"{{.Span}} {{printf \"%v %s %d\" .Span .Span .Span}}",
       "1h2m3.5s 1h2m3.5s 1h2m3.5s 3723500000000"},
      {"{{.At.Weekday}} {{.At.Month}} {{printf \"%d\" .At.Month}}", "Friday January 1"},
  });
}

TEST(TemplatePrint, MistakesAreShownInTheText) {
  Check({
      {"{{printf \"%d\" \"hi\"}}", "%!d(string=hi)"},
      {"{{printf \"%s\" 1}}", "%!s(int=1)"},
      {"{{printf \"%z\" 1}}", "%!z(int=1)"},
      {"{{printf \"%d\"}}", "%!d(MISSING)"},
      {"{{printf \"%d %d\" 1}}", "1 %!d(MISSING)"},
      {"{{printf \"%d\" 1 2 \"x\"}}", "1%!(EXTRA int=2, string=x)"},
      {"{{printf \"x\" nil}}", "x%!(EXTRA <nil>)"},
      {"{{printf \"%d\" nil}} {{printf \"%v\" nil}}", "%!d(<nil>) <nil>"},
      {"{{printf \"100%\"}}", "100%!(NOVERB)"},
      {"{{printf \"%*d|\" \"a\" 1}}", "%!(BADWIDTH)1|"},
      {"{{printf \"%.*f|\" \"a\" 1.5}}", "%!(BADPREC)1.500000|"},
      {"{{printf \"%[5]d\" 1}}", "%!d(BADINDEX)"},
      {"{{printf \"%d\" .List}}", "[%!d(string=a) %!d(string=b) %!d(string=c)]"},
      {"{{printf \"%s\" (list 1 \"a\" nil)}}", "[%!s(int=1) a <nil>]"},
      {"{{printf \"%t\" 1}} {{printf \"%x\" true}}", "%!t(int=1) %!x(bool=true)"},
  });
}

TEST(TemplatePrint, WidthsAndIndexesFromArguments) {
  Check({
      {"{{printf \"%*d|%-*d|\" 5 42 5 42}}", "   42|42   |"},
      {"{{printf \"%*d|\" -5 42}}", "42   |"},
      {"{{printf \"%.*f\" 2 3.14159}}", "3.14"},
      {"{{printf \"%[2]d %[1]d\" 11 22}}", "22 11"},
      {"{{printf \"%[3]*.[2]*[1]f|\" 12.0 2 6}}", " 12.00|"},
      {"{{printf \"%[1]d %[1]v %[1]q\" 65}}", "65 65 'A'"},
  });
}

}  // namespace
}  // namespace tocsin::gotemplate
