#include "base/group_key.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/matcher_text.h"
#include "base/text.h"
#include "tests/unit/base/matcher_builders.h"

namespace tocsin {
namespace {

using Op = Matcher::Op;

// Keys that other programs have stored: computed by Alertmanager, never by us.
TEST(GroupKey, AndItsHashAreThoseOfAlertmanager) {
  struct Case {
    std::vector<std::vector<Matcher>> route;
    Labels labels;
    std::string key;
    std::string sha256;
  };
  const Case cases[] = {
      {{{}}, {}, "{}:{}", "cc9772a1ec901d26ef71dae861793e4d08979fa5030a3f0a5f3ba549f1f2d0b6"},
      {{{}},
       {{"alertname", "HighCPU"}},
       R"({}:{alertname="HighCPU"})",
       "9f2a099adf99adbf3e1d24abbd84835468e75b8b96fca010db3f2b763340e4c1"},
      {{{}, {Matcher::Equal("severity", "critical")}},
       {{"instance", "web-1:9100"}, {"alertname", "DiskFull"}},
       R"({}/{severity="critical"}:{alertname="DiskFull", instance="web-1:9100"})",
       "349da8d6a3aa27a965099bfcafede67d555f2306fa1a1ef961a253ce0dd11bda"},
      {{{}, {MakeMatcher("sev", Op::kRegex, "a|b"), Matcher::Equal("service", "db")}},
       {{"job", "j"}, {"alertname", "A\"q"}},
       R"({}/{service="db",sev=~"a|b"}:{alertname="A\"q", job="j"})",
       "91f6be7ec80bfde9a90ecc18eeb44f7b4089562d30e854c864ba56b94577fc6a"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(GroupKey(c.route, c.labels), c.key);
    EXPECT_EQ(Sha256Hex(c.key), c.sha256) << c.key;
  }
}

TEST(GroupKey, JoinsTheListsOfAllNodes) {
  EXPECT_EQ(
      GroupKey({{}, {Matcher::Equal("a", "1")}, {}, {MakeMatcher("env", Op::kRegex, "^(?:x.*)$")}},
               Labels{}),
      R"({}/{a="1"}/{}/{env=~"^(?:x.*)$"}:{})");
}

TEST(GroupKey, QuotesLabelValuesAsGoDoes) {
  EXPECT_EQ(GroupKey({{}}, Labels{{"a", "\t\u00a0\\"}, {"b", "\u2615"}}),
            "{}:{a=\"\\t\\u00a0\\\\\", b=\"\u2615\"}");
}

// FIPS 180-4's own examples.
TEST(Sha256Hex, IsSha256) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(LogHash, IsThatOfAlertmanagersNotificationLog) {
  struct Case {
    Labels labels;
    std::string fingerprint;
    std::string log_hash;
  };
  const Case cases[] = {
      {{}, "cbf29ce484222325", "ef46db3751d8e999"},
      {{{"alertname", "Foo"}}, "f036cc237081686a", "f7e8145e0dabab62"},
      {{{"alertname", "Foo"}, {"service", "db"}, {"severity", "critical"}},
       "0c3038b95366f55b",
       "9a243ff3eb7bae2d"},
      {{{"alertname", "HighCPU"},
        {"instance", "web-1:9100"},
        {"job", "node"},
        {"severity", "warning"}},
       "90235745199f4037",
       "47311e8d2722c1a2"},
      {{{"alertname", "\u00dcnicode"}, {"caf\u00e9", "\u2615"}},
       "d4b02c87b4dfab40",
       "b92b679774ddc2d0"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(FormatHex64(c.labels.view().Fingerprint()), c.fingerprint) << c.labels.ToString();
    EXPECT_EQ(FormatHex64(LogHash(c.labels)), c.log_hash) << c.labels.ToString();
  }
}

}  // namespace
}  // namespace tocsin
