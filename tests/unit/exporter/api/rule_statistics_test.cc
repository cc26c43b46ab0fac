#include "exporter/api/rule_statistics.h"

#include <gtest/gtest.h>

namespace tocsin::api {
namespace {

class RuleStatisticsTest : public ::testing::Test {
 protected:
  void Add(const char* type, const char* alert, int second, const char* rule = "r1") {
    Event event;
    event.type = type;
    event.alert_id = alert;
    event.rule_id = rule;
    event.at = FromUnixMillis(1'714'557'600'000 + second * 1'000);
    statistics_.Add(event);
  }
  RuleStatistics Of(const std::string& rule = "r1") const {
    const auto found = statistics_.by_rule().find(rule);
    return found == statistics_.by_rule().end() ? RuleStatistics() : found->second;
  }

  StatisticsOfRules statistics_;
};

TEST_F(RuleStatisticsTest, WithoutEventsThereIsNoMean) {
  EXPECT_TRUE(statistics_.by_rule().empty());
  EXPECT_FALSE(RuleStatistics().mean_seconds_to_acknowledge().has_value());
  EXPECT_FALSE(RuleStatistics().mean_seconds_to_resolve().has_value());
}

TEST_F(RuleStatisticsTest, MeansAreOverTheEpisodesThatGotThere) {
  Add("alert.active", "a", 0);
  Add("alert.active", "b", 0);
  Add("alert.active", "c", 10);
  Add("alert.acknowledged", "a", 30);
  Add("alert.acknowledged", "b", 60);
  Add("alert.resolved", "a", 100);
  const RuleStatistics of_rule = Of();
  EXPECT_EQ(of_rule.episodes, 3U);
  EXPECT_EQ(of_rule.acknowledged, 2U);
  EXPECT_EQ(of_rule.resolved, 1U);
  EXPECT_EQ(of_rule.mean_seconds_to_acknowledge(), 45.0);
  EXPECT_EQ(of_rule.mean_seconds_to_resolve(), 100.0);
}

TEST_F(RuleStatisticsTest, OnlyTheFirstAcknowledgementOfAnEpisodeCounts) {
  Add("alert.active", "a", 0);
  Add("alert.acknowledged", "a", 10);
  Add("alert.acknowledged", "a", 500);
  EXPECT_EQ(Of().acknowledged, 1U);
  EXPECT_EQ(Of().mean_seconds_to_acknowledge(), 10.0);
}

TEST_F(RuleStatisticsTest, WhatBeganBeforeTheTimeThatCountsDoesNotCount) {
  Add("alert.acknowledged", "a", 10);
  Add("alert.resolved", "a", 20);
  EXPECT_EQ(Of().episodes, 0U);
  EXPECT_EQ(Of().resolved, 0U);
}

TEST_F(RuleStatisticsTest, RulesAreCountedApartAndPostedAlertsNot) {
  Add("alert.active", "a", 0, "r1");
  Add("alert.active", "b", 0, "r2");
  Add("alert.resolved", "b", 8, "r2");
  Add("alert.active", "p", 0, "");
  EXPECT_EQ(statistics_.by_rule().size(), 2U);
  EXPECT_EQ(Of("r1").resolved, 0U);
  EXPECT_EQ(Of("r2").mean_seconds_to_resolve(), 8.0);
}

TEST_F(RuleStatisticsTest, SumsAreMeansOverAllEpisodes) {
  Add("alert.active", "a", 0, "r1");
  Add("alert.resolved", "a", 10, "r1");
  Add("alert.active", "b", 0, "r2");
  Add("alert.active", "c", 0, "r2");
  Add("alert.resolved", "b", 40, "r2");
  Add("alert.resolved", "c", 40, "r2");
  RuleStatistics total = Of("r1");
  total.Add(Of("r2"));
  EXPECT_EQ(total.episodes, 3U);
  EXPECT_EQ(total.mean_seconds_to_resolve(), 30.0);
}

}  // namespace
}  // namespace tocsin::api
