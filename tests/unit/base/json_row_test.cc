#include "base/json_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tocsin {
namespace {

using nlohmann::json;

TEST(JsonRow, WritesMembersInTheOrderOfTheCalls) {
  EXPECT_EQ(JsonRow().Finish(), "{}");
  EXPECT_EQ(JsonRow().Number("a", -1).Null("b").Flag("c", true).Text("d", "x").Finish(),
            R"({"a":-1,"b":null,"c":true,"d":"x"})");
}

TEST(JsonRow, GrowsWithWhatItHolds) {
  const std::string plain(1000, 'p');
  const std::string other(1000, '\n');
  const json read = json::parse(JsonRow(1).Text("plain", plain).Text("other", other).Finish());
  EXPECT_EQ(read, json({{"plain", plain}, {"other", other}}));
}

TEST(JsonRow, WritesEveryKindOfValueAsJsonReadersWantIt) {
  const Labels labels = LabelsBuilder().Set("host", "a\"b").Set("job", "x").Build();
  const std::vector<std::uint64_t> counts = {0, 18446744073709551615U};
  const std::vector<std::string> texts = {"", "two\nlines"};
  const json read = json::parse(JsonRow()
                                    .Count("count", 18446744073709551615U)
                                    .LabelMap("labels", labels)
                                    .LabelMap("none", {})
                                    .Counts("counts", counts)
                                    .Counts("no counts", {})
                                    .Texts("texts", texts)
                                    .Texts("no texts", {})
                                    .TextOrNull("empty", "")
                                    .TextOrNull("full", "\xff")
                                    .Time("time", FromUnixMillis(1700000000123))
                                    .TimeOrNull("never", std::nullopt)
                                    .Json("inner", JsonRow().Flag("x", false).Finish())
                                    .JsonOf("a \"name\"", "5")
                                    .Finish());
  EXPECT_EQ(read, json::parse(R"({"count":18446744073709551615,"labels":{"host":"a\"b","job":"x"},
      "none":{},"counts":[0,18446744073709551615],"no counts":[],"texts":["","two\nlines"],
      "no texts":[],"empty":null,"full":"\ufffd","time":1700000000123,"never":null,
      "inner":{"x":false},"a \"name\"":5})"));
}

}  // namespace
}  // namespace tocsin
