#include "config/native_grouping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/loading.h"

namespace tocsin::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

using Texts = std::vector<std::string>;

NativeGrouping Grouping(std::string_view keys) {
  return GoodSettings("tocsin:\n  routing:\n    native: {" + std::string(keys) + "}\n")
      .native_grouping;
}

NativeGrouping GroupingOfReceiver(std::string_view keys) {
  const Settings settings = GoodSettings("tocsin:\n  receivers:\n  - {name: ops, console: {}, " +
                                         std::string(keys) + "}\n");
  return settings.receivers.at(0).grouping;
}

// What is wrong with keys of tocsin.routing.native, which stand in line 4, and with the same keys
// of a receiver; from the seventh column on there as here.
Texts ProblemsOfRouting(std::string_view keys) {
  return LoadText("tocsin:\n  routing:\n    native:\n      " + std::string(keys) + "\n").problems;
}

Texts ProblemsOfReceiver(std::string_view keys) {
  return LoadText("tocsin:\n  receivers:\n    - {name: ops, console: {},\n      " +
                  std::string(keys) + "}\n")
      .problems;
}

TEST(NativeGrouping, SaysNothingUnlessItIsTold) {
  constexpr char kEmptyKeys[] =
      "tocsin:\n  routing:\n    native:\n      group_by:\n      group_wait:\n"
      "      group_interval:\n      repeat_interval:\n";
  for (const char* text : {"", "tocsin: {routing: }\n", "tocsin: {routing: {native: }}\n",
                           "tocsin: {routing: {native: {}}}\n", kEmptyKeys}) {
    SCOPED_TRACE(text);
    const Settings settings = GoodSettings(text);
    EXPECT_EQ(settings.native_grouping, NativeGrouping());
    for (const ReceiverSettings& receiver : settings.receivers) {
      EXPECT_EQ(receiver.grouping, NativeGrouping()) << receiver.name;
    }
  }
}

TEST(NativeGrouping, EveryKeyIsRead) {
  const std::string_view keys =
      "group_by: [host, alertname], group_wait: 10s, group_interval: 1m30s, repeat_interval: 4h";
  for (const NativeGrouping& grouping : {Grouping(keys), GroupingOfReceiver(keys)}) {
    EXPECT_THAT(grouping.group_by, Optional(ElementsAre("alertname", "host")));  // sorted
    EXPECT_EQ(grouping.group_wait, Duration(seconds(10)));
    EXPECT_EQ(grouping.group_interval, Duration(seconds(90)));
    EXPECT_EQ(grouping.repeat_interval, Duration(hours(4)));
  }
}

TEST(NativeGrouping, KeysStandAloneToo) {
  EXPECT_EQ(Grouping("group_wait: 0s").group_wait, Duration(0));
  EXPECT_EQ(Grouping("group_wait: 0s").group_by, std::nullopt);
  EXPECT_EQ(Grouping("group_interval: 1ms").group_interval, Duration(milliseconds(1)));
  EXPECT_EQ(Grouping("group_interval: 1ms").group_wait, std::nullopt);
  EXPECT_EQ(Grouping("repeat_interval: 1ms").repeat_interval, Duration(milliseconds(1)));
  EXPECT_EQ(Grouping("repeat_interval: 1ms").group_interval, std::nullopt);
}

TEST(NativeGrouping, GroupByMayNameNoLabelAnyLabelOrEachAlert) {
  EXPECT_THAT(Grouping("group_by: []").group_by, Optional(IsEmpty()));
  EXPECT_THAT(Grouping("group_by: ['...']").group_by, Optional(ElementsAre("...")));
  EXPECT_THAT(Grouping("group_by: [...]").group_by, Optional(ElementsAre("...")));
  EXPECT_THAT(Grouping("group_by: [größe, 'a b', '7']").group_by,
              Optional(ElementsAre("7", "a b", "größe")));
}

TEST(NativeGrouping, EachReceiverHasItsOwn) {
  const Settings settings = GoodSettings(
      "tocsin:\n"
      "  routing:\n"
      "    native: {group_wait: 30s, repeat_interval: 1h}\n"
      "  receivers:\n"
      "  - {name: ops, console: {}, group_by: [host], group_wait: 5s}\n"
      "  - {name: night, console: {}}\n");
  EXPECT_EQ(settings.native_grouping.group_wait, Duration(seconds(30)));
  EXPECT_EQ(settings.native_grouping.group_by, std::nullopt);
  EXPECT_EQ(settings.receivers.at(0).grouping.group_wait, Duration(seconds(5)));
  EXPECT_EQ(settings.receivers.at(0).grouping.repeat_interval, std::nullopt);  // Combine fills it
  EXPECT_EQ(settings.receivers.at(1).grouping, NativeGrouping());
}

TEST(NativeGrouping, WhatAReceiverSaysGoesBeforeWhatIsSaidForAll) {
  const NativeGrouping general{Texts{"alertname"}, seconds(1), minutes(1), hours(1)};
  const NativeGrouping special{Texts{"host"}, seconds(2), minutes(2), hours(2)};
  EXPECT_EQ(Combine({}, {}), NativeGrouping());
  EXPECT_EQ(Combine({}, general), general);
  EXPECT_EQ(Combine(special, {}), special);
  EXPECT_EQ(Combine(special, general), special);
  NativeGrouping own;
  own.group_by = Texts();  // all in one group, which is something else than nothing said
  own.group_wait = Duration(0);
  EXPECT_EQ(Combine(own, general), (NativeGrouping{Texts(), Duration(0), minutes(1), hours(1)}));
  own = {};
  own.group_interval = minutes(5);
  own.repeat_interval = hours(5);
  EXPECT_EQ(Combine(own, general),
            (NativeGrouping{Texts{"alertname"}, seconds(1), minutes(5), hours(5)}));
}

TEST(NativeGrouping, EveryErrorHasItsPlace) {
  const std::string units = "; write units such as 30s, 5m or 1h30m";
  struct Case {
    std::string keys;
    std::string problem;  // behind "tocsin.yml:4:"
  };
  const Case cases[] = {
      {"group_by: alertname", "17: group_by must be a list, not a text"},
      {"group_by: {a: b}", "17: group_by must be a list, not a map"},
      {"group_by: [a, [b]]", "21: an item of group_by must be a text, not a list"},
      {"group_by: [a, ]", ""},  // no second item
      {"group_by: [a, b, a]", "24: duplicated label \"a\" in group_by"},
      {"group_by: [\"a\\n\", \"a\\n\"]", "25: duplicated label \"a\\n\" in group_by"},
      {"group_by: ['...', '...']", "25: duplicated label \"...\" in group_by"},
      {"group_by: ['...', a]",
       "17: cannot have wildcard group_by (`...`) and other labels at the same time"},
      {"group_by: [a, b, '...']",
       "17: cannot have wildcard group_by (`...`) and other labels at the same time"},
      {"group_wait: 5", "19: group_wait: not a valid duration string: \"5\"" + units},
      {"group_wait: -1s", "19: group_wait: not a valid duration string: \"-1s\"" + units},
      {"group_wait: [5s]", "19: group_wait must be a duration, not a list"},
      {"group_interval: 0s", "23: group_interval must be at least 1ms"},
      {"group_interval: soon", "23: group_interval: not a valid duration string: \"soon\"" + units},
      {"group_interval: 300000y",
       "23: group_interval: not a valid duration string: \"300000y\"" + units},
      {"repeat_interval: 0s", "24: repeat_interval must be at least 1ms"},
      {"repeat_interval: {}", "24: repeat_interval must be a duration, not a map"},
      {"repeat_interval: never",
       "24: repeat_interval: not a valid duration string: \"never\"" + units},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.keys);
    const Texts expected = c.problem.empty() ? Texts() : Texts{"tocsin.yml:4:" + c.problem};
    EXPECT_EQ(ProblemsOfRouting(c.keys), expected);
    EXPECT_EQ(ProblemsOfReceiver(c.keys), expected);
  }
}

TEST(NativeGrouping, EveryProblemIsReportedNotJustTheFirst) {
  EXPECT_THAT(
      ProblemsOfRouting(
          "{group_by: [a, a, '...'], group_wait: x, group_interval: 0s, repeat_interval: 0s}"),
      ElementsAre(
          "tocsin.yml:4:18: cannot have wildcard group_by (`...`) and other labels at the same "
          "time",
          "tocsin.yml:4:22: duplicated label \"a\" in group_by",
          "tocsin.yml:4:45: group_wait: not a valid duration string: \"x\"; write units such as "
          "30s, 5m or 1h30m",
          "tocsin.yml:4:64: group_interval must be at least 1ms",
          "tocsin.yml:4:85: repeat_interval must be at least 1ms"));
}

TEST(NativeGrouping, KeysThatNobodyKnowsAreRefused) {
  EXPECT_THAT(ProblemsOfRouting("group_buy: [a]"),
              ElementsAre("tocsin.yml:4:7: unknown key \"group_buy\" in tocsin.routing.native; did "
                          "you mean group_by?"));
  EXPECT_THAT(LoadText("tocsin:\n  routing:\n    native: often\n").problems,
              ElementsAre("tocsin.yml:3:13: tocsin.routing.native must be a map, not a text"));
  EXPECT_THAT(LoadText("tocsin:\n  routing: {group_by: [a]}\n").problems,
              ElementsAre("tocsin.yml:2:13: unknown key \"group_by\" in tocsin.routing"));
}

TEST(NativeGrouping, AHugeListIsRead) {
  std::string labels;
  for (int i = 0; i < 5'000; ++i) labels += "l" + std::to_string(i) + ", ";
  const NativeGrouping grouping = Grouping("group_by: [" + labels + "last]");
  ASSERT_TRUE(grouping.group_by.has_value());
  EXPECT_EQ(grouping.group_by->size(), 5'001U);
  EXPECT_TRUE(std::is_sorted(grouping.group_by->begin(), grouping.group_by->end()));
}

}  // namespace
}  // namespace tocsin::config
