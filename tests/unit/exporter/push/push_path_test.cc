#include "exporter/intake/push_path.h"

#include <string>
#include <vector>

namespace tocsin::intake {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Parts = std::vector<std::string>;

std::string KeyOf(const Parts& parts) {
  const Result<GroupingKey> key = ParseGroupingKey(parts);
  return key ? key->labels.ToString() : "error: " + key.message();
}

TEST(PushPath, NamesAGroupByItsLabelSet) {
  EXPECT_EQ(KeyOf({"job", "backup"}), "{job=\"backup\"}");
  EXPECT_EQ(KeyOf({"job", "backup", "instance", "a", "dc", "eu"}),
            "{dc=\"eu\", instance=\"a\", job=\"backup\"}");
  EXPECT_EQ(KeyOf({"job", "backup", "dc", "eu", "instance", "a"}),
            KeyOf({"job", "backup", "instance", "a", "dc", "eu"}));
}

TEST(PushPath, TakesTheLastOfARepeatedLabelButTheFirstJob) {
  EXPECT_EQ(KeyOf({"job", "j", "x", "1", "x", "2"}), "{job=\"j\", x=\"2\"}");
  EXPECT_EQ(KeyOf({"job", "j", "job", "k"}), "{job=\"j\"}");
  EXPECT_EQ(KeyOf({"job", "j", "job@base64", "aw"}), "{job=\"j\"}");
}

TEST(PushPath, TakesSlashesPlusSignsAndDotsInDecodedPartsAsData) {
  EXPECT_EQ(KeyOf({"job", "a/b"}), "{job=\"a/b\"}");
  EXPECT_EQ(KeyOf({"job", "a+b"}), "{job=\"a+b\"}");
  EXPECT_EQ(KeyOf({"job", "..", "path", "../etc"}), "{job=\"..\", path=\"../etc\"}");
}

TEST(PushPath, DecodesUrlSafeBase64WithAndWithoutPadding) {
  EXPECT_EQ(KeyOf({"job@base64", "YS9i"}), "{job=\"a/b\"}");
  EXPECT_EQ(KeyOf({"job@base64", "YQ"}), "{job=\"a\"}");
  EXPECT_EQ(KeyOf({"job@base64", "YQ=="}), "{job=\"a\"}");
  EXPECT_EQ(KeyOf({"job@base64", "YWI="}), "{job=\"ab\"}");
  // "/var/tmp" of the Pushgateway's own documentation.
  EXPECT_EQ(KeyOf({"job", "directory_cleaner", "path@base64", "L3Zhci90bXA"}),
            "{job=\"directory_cleaner\", path=\"/var/tmp\"}");
  // The two digits in which the alphabets differ: 62 in U+07FF and ">", 63 in three question marks.
  EXPECT_EQ(KeyOf({"job@base64", "378-"}), "{job=\"\xdf\xbf>\"}");
  EXPECT_EQ(KeyOf({"job@base64", "Pz8_"}), "{job=\"???\"}");
}

TEST(PushPath, RefusesTheStandardBase64Alphabet) {
  EXPECT_THAT(KeyOf({"job@base64", "Pz8/"}),
              StartsWith("error: invalid base64 encoding in job name \"Pz8/\": "));
  EXPECT_THAT(KeyOf({"job@base64", "378+"}),
              StartsWith("error: invalid base64 encoding in job name"));
}

TEST(PushPath, RefusesBrokenBase64ByTheTextsThatUsersKnow) {
  EXPECT_THAT(KeyOf({"job@base64", "!!"}),
              StartsWith("error: invalid base64 encoding in job name \"!!\": "));
  EXPECT_THAT(KeyOf({"job", "j", "path@base64", "!!"}),
              StartsWith("error: invalid base64 encoding for label path=\"!!\": "));
  EXPECT_THAT(KeyOf({"job@base64", "YWJjZ"}), HasSubstr("invalid base64 encoding"));
  EXPECT_THAT(KeyOf({"job@base64", "Y=Q"}), HasSubstr("invalid base64 encoding"));
}

TEST(PushPath, RefusesDecodedValuesThatAreNotUtf8) {
  EXPECT_THAT(KeyOf({"job@base64", "_w"}), HasSubstr("not valid UTF-8"));
  EXPECT_THAT(KeyOf({"job", "j", "x@base64", "_w=="}), HasSubstr("not valid UTF-8"));
}

TEST(PushPath, RequiresAJob) {
  EXPECT_EQ(KeyOf({"job", ""}), "error: job name is required");
  EXPECT_EQ(KeyOf({"job"}), "error: job name is required");
  EXPECT_EQ(KeyOf({"job@base64", "="}), "error: job name is required");
  EXPECT_EQ(KeyOf({"job@base64", ""}), "error: job name is required");
}

TEST(PushPath, RefusesAnOddNumberOfComponents) {
  EXPECT_EQ(KeyOf({"job", "j", "instance"}),
            "error: odd number of components in label string \"/instance\"");
  EXPECT_EQ(KeyOf({"job", "j", "a", "b", "c"}),
            "error: odd number of components in label string \"/a/b/c\"");
}

TEST(PushPath, RefusesImproperLabelNames) {
  EXPECT_EQ(KeyOf({"job", "j", "my-label", "x"}), "error: improper label name \"my-label\"");
  EXPECT_EQ(KeyOf({"job", "j", "__name__", "x"}), "error: improper label name \"__name__\"");
  EXPECT_EQ(KeyOf({"job", "j", "__x@base64", "eA"}), "error: improper label name \"__x\"");
  EXPECT_EQ(KeyOf({"job", "j", "a:b", "x"}), "error: improper label name \"a:b\"");
  EXPECT_EQ(KeyOf({"job", "j", "..", "x"}), "error: improper label name \"..\"");
  EXPECT_EQ(KeyOf({"job", "j", "@base64", "eA"}), "error: improper label name \"\"");
}

TEST(PushPath, NamesTheSameGroupWithAndWithoutAnEmptyLabel) {
  EXPECT_EQ(KeyOf({"job", "j", "instance", ""}), "{job=\"j\"}");
  EXPECT_EQ(KeyOf({"job", "j", "instance@base64", "="}), "{job=\"j\"}");
  const Result<GroupingKey> key = ParseGroupingKey({"job", "j", "instance", ""});
  ASSERT_TRUE(key.ok());
  const std::pair<std::string, std::string> empty_instance("instance", "");
  EXPECT_THAT(key->overrides, ::testing::Contains(empty_instance));
}

TEST(PushPath, LetsALaterEmptyValueWin) {
  EXPECT_EQ(KeyOf({"job", "j", "x", "1", "x@base64", "="}), "{job=\"j\"}");
}

TEST(PushPath, ForgivesASlashBehindTheJob) { EXPECT_EQ(KeyOf({"job", "j", ""}), "{job=\"j\"}"); }

TEST(PushPath, AnswersADoubledSlashWithTheWayToWriteAnEmptyValue) {
  EXPECT_THAT(KeyOf({"job", "j", "", "instance", "a"}), HasSubstr("@base64/="));
  EXPECT_THAT(KeyOf({"job", "j", "a", "", "b", "c"}), HasSubstr("@base64/="));
  EXPECT_THAT(KeyOf({"job", "", "a", "b"}), HasSubstr("@base64/="));
}

TEST(PushPath, RefusesLabelBombsByTheNameAndValueOfTheLimit) {
  Parts parts = {"job", "j"};
  for (int i = 0; i < 100; ++i) {
    parts.push_back("l" + std::to_string(i));
    parts.emplace_back("v");
  }
  EXPECT_THAT(KeyOf(parts), HasSubstr("labels_per_sample (64)"));
  EXPECT_THAT(KeyOf({"job", std::string(16385, 'v')}), HasSubstr("label_value_bytes (16384)"));
  EXPECT_THAT(KeyOf({"job", "j", std::string(1025, 'n'), "v"}),
              HasSubstr("label_name_bytes (1024)"));
}

}  // namespace
}  // namespace tocsin::intake
