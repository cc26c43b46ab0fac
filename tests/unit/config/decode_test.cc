#include "config/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/config/config_world.h"

namespace tocsin::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One map, read by whatever the test does with the decoder.
class Decoding {
 public:
  explicit Decoding(std::string_view text)
      : report_("f.yml", diagnostics_),
        root_(ParseYaml(text, report_).value_or(YamlNode())),
        map_(root_, "the map", report_) {}

  MapDecoder& map() { return map_; }
  std::vector<std::string> problems() const { return Lines(diagnostics_); }

 private:
  Diagnostics diagnostics_;
  FileReport report_;
  YamlNode root_;
  MapDecoder map_;
};

TEST(ParseSize, ReadsUnitsAsPowersOf1024) {
  EXPECT_EQ(ParseSize("0"), 0U);
  EXPECT_EQ(ParseSize("512"), 512U);
  EXPECT_EQ(ParseSize("1B"), 1U);
  EXPECT_EQ(ParseSize("1KB"), 1024U);
  EXPECT_EQ(ParseSize("10MB"), 10U << 20U);
  EXPECT_EQ(ParseSize("1.5GiB"), 3ULL << 29U);
  EXPECT_EQ(ParseSize("1MB512KB"), (1U << 20U) + (1U << 19U));
}

TEST(ParseSize, ReadsNothingElse) {
  for (const char* text : {"", "-1", "10 MB", "MB", "1mb", "1KiBB", "1X", "1M", "1..5MB", "8EB",
                           "9223372036854775808", "1e3", "1KB2"}) {
    EXPECT_EQ(ParseSize(text), std::nullopt) << text;
  }
}

TEST(MapDecoder, LeavesTargetsAloneWhereKeysAreAbsentNullOrWrong) {
  Decoding d("text: [x]\nnull_text:\nflag: maybe\ncount: -1\nduration: soon\nsize: big\n");
  std::string text = "before";
  bool flag = true;
  std::uint64_t count = 7;
  Duration duration{9};
  EXPECT_FALSE(d.map().ReadText("absent", &text));
  EXPECT_FALSE(d.map().ReadText("null_text", &text));
  EXPECT_FALSE(d.map().ReadText("text", &text));
  EXPECT_FALSE(d.map().ReadBool("flag", &flag));
  EXPECT_FALSE(d.map().ReadCount("count", &count));
  EXPECT_FALSE(d.map().ReadSize("size", &count));
  EXPECT_FALSE(d.map().ReadDuration("duration", &duration));
  EXPECT_EQ(text, "before");
  EXPECT_TRUE(flag);
  EXPECT_EQ(count, 7U);
  EXPECT_EQ(duration, Duration{9});
  EXPECT_EQ(d.problems().size(), 5U);
}

TEST(MapDecoder, ReadsBooleansInTheirThreeSpellings) {
  for (const char* word : {"true", "True", "TRUE"}) {
    Decoding d(fmt::format("flag: {}", word));
    bool flag = false;
    EXPECT_TRUE(d.map().ReadBool("flag", &flag) && flag) << word;
  }
  for (const char* word : {"false", "False", "FALSE"}) {
    Decoding d(fmt::format("flag: {}", word));
    bool flag = true;
    EXPECT_TRUE(d.map().ReadBool("flag", &flag) && !flag) << word;
  }
}

TEST(MapDecoder, CountsAreDecimalWithinTheirBounds) {
  Decoding d("a: 010\nb: 5\nc: 4\n");
  std::uint64_t count = 0;
  EXPECT_TRUE(d.map().ReadCount("a", &count));
  EXPECT_EQ(count, 10U) << "not octal";
  EXPECT_TRUE(d.map().ReadCount("b", &count, 5, 5));
  EXPECT_FALSE(d.map().ReadCount("c", &count, 5, 6));
  EXPECT_THAT(d.problems(), ElementsAre("f.yml:3:4: c must be between 5 and 6, not 4"));
}

TEST(MapDecoder, BareSecondsAreDurationsOnlyWhereTheFormSaysSo) {
  Decoding d("a: 90\nb: 1m30s\nc: '90'\nd: 0\n");
  Duration duration{1};
  for (const char* key : {"a", "b", "c"}) {
    duration = Duration{1};
    EXPECT_TRUE(d.map().ReadDuration(key, &duration, DurationForm::kOrSeconds)) << key;
    EXPECT_EQ(duration, std::chrono::seconds(90)) << key;
  }
  EXPECT_FALSE(d.map().ReadDuration("a", &duration));
  EXPECT_TRUE(d.map().ReadDuration("d", &duration)) << "zero needs no unit";
  EXPECT_EQ(duration, Duration{0});
}

TEST(MapDecoder, SecondsBeyondTheRangeOfTimeAreRefused) {
  Decoding d("a: 9223372036854775807\n");
  Duration duration{1};
  EXPECT_FALSE(d.map().ReadDuration("a", &duration, DurationForm::kOrSeconds));
  EXPECT_EQ(d.problems().size(), 1U);
}

TEST(MapDecoder, ListsLeaveOutItemsThatAreNoTexts) {
  Decoding d("list: [a, [b], 3]\n");
  std::vector<std::string> texts;
  for (const PlacedText& text : d.map().ReadTexts("list")) texts.push_back(text.text);
  EXPECT_THAT(texts, ElementsAre("a", "3"));
  EXPECT_THAT(d.problems(), ElementsAre("f.yml:1:11: an item of list must be a text, not a list"));
}

TEST(MapDecoder, LabelsAreRefusedWholeWhereOneIsWrong) {
  Decoding good("labels: {a: 1, b: 'x', none: }\n");
  Labels labels;
  EXPECT_TRUE(good.map().ReadLabels("labels", &labels));
  EXPECT_EQ(labels, (Labels{{"a", "1"}, {"b", "x"}}));
  Decoding bad("labels: {a: 1, __name__: up, '': x}\n");
  EXPECT_FALSE(bad.map().ReadLabels("labels", &labels));
  EXPECT_THAT(bad.problems(), ElementsAre("f.yml:1:16: \"__name__\" is not a valid label name",
                                          "f.yml:1:30: \"\" is not a valid label name"));
  EXPECT_EQ(labels.size(), 2U);
}

TEST(MapDecoder, WhatNobodyAskedForIsUnknown) {
  Decoding d("interval: 5s\nintervall: 5s\nother: 1\n");
  Duration duration{0};
  d.map().ReadDuration("interval", &duration);
  d.map().Finish();
  EXPECT_THAT(d.problems(),
              ElementsAre("f.yml:2:1: unknown key \"intervall\" in the map; did you mean interval?",
                          "f.yml:3:1: unknown key \"other\" in the map"));
}

TEST(MapDecoder, ANodeThatIsNoMapReadsAsAnEmptyOne) {
  Decoding d("[a, b]");
  EXPECT_EQ(d.map().Find("a"), nullptr);
  d.map().Finish();
  EXPECT_THAT(d.problems(), ElementsAre("f.yml:1:1: the map must be a map, not a list"));
  EXPECT_THAT(Decoding("").problems(), IsEmpty());
}

TEST(MapDecoder, AMissingKeyIsNamedAtTheMap) {
  Decoding d("a: 1\nb:\n");
  EXPECT_EQ(d.map().Require("c"), nullptr);
  EXPECT_EQ(d.map().Require("b"), nullptr);
  EXPECT_NE(d.map().Require("a"), nullptr);
  EXPECT_THAT(d.problems(), ElementsAre("f.yml:1:1: c is missing in the map",
                                        "f.yml:2:1: b is missing in the map"));
}

TEST(MapDecoder, RefusedAndIgnoredKeysAreNamedAndKnown) {
  Decoding d("later: 1\nsilent: 2\n");
  constexpr std::string_view kLater[] = {"later", "absent"};
  constexpr std::string_view kSilent[] = {"silent"};
  d.map().Refuse(kLater, "map.");
  d.map().Ignore(kSilent);
  d.map().Finish();
  EXPECT_THAT(d.problems(),
              ElementsAre("f.yml:1:1: map.later is not supported yet",
                          "f.yml:2:1: warning: silent is not supported yet and has no effect"));
}

}  // namespace
}  // namespace tocsin::config
