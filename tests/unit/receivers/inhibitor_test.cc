#include "receivers/mute/inhibitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/matcher_text.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/unit/receivers/times.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

config::InhibitRule Rule(std::string_view source, std::string_view target,
                         std::vector<std::string> equal = {}) {
  config::InhibitRule rule;
  rule.source = ParseMatcherList(source, MatcherDialect::kFallback)->matchers;
  rule.target = ParseMatcherList(target, MatcherDialect::kFallback)->matchers;
  rule.equal = std::move(equal);
  return rule;
}

PostedAlertPtr AlertWith(const Labels& labels, Timestamp ends_at = kNow + kMinute) {
  return testing::Shared(testing::Posted(labels, kNow - kMinute, ends_at, kNow));
}
std::uint64_t Fingerprint(const Labels& labels) { return labels.view().Fingerprint(); }

// One rule, some alerts; whether the target is muted now.
bool Mutes(const config::InhibitRule& rule, const std::vector<PostedAlertPtr>& alerts,
           const Labels& target) {
  Inhibitor inhibitor({rule});
  inhibitor.Update(alerts);
  return !inhibitor.MutedBy(target, kNow).empty();
}

const Labels kCritical{{"severity", "critical"}, {"host", "a"}};
const Labels kWarning{{"severity", "warning"}, {"host", "a"}};

TEST(Inhibitor, MutesTargetsThatAgreeWithASourceOnEqualLabels) {
  const config::InhibitRule rule =
      Rule(R"(severity="critical")", R"(severity="warning")", {"host", "zone"});
  const std::vector<PostedAlertPtr> source = {AlertWith(kCritical)};
  EXPECT_TRUE(Mutes(rule, source, kWarning));
  EXPECT_FALSE(Mutes(rule, source, {{"severity", "warning"}, {"host", "b"}}));
  EXPECT_FALSE(Mutes(rule, source, {{"severity", "info"}, {"host", "a"}}));  // no target
  EXPECT_FALSE(Mutes(rule, source, {{"severity", "warning"}, {"host", "a"}, {"zone", "z"}}));
  EXPECT_FALSE(Mutes(rule, {}, kWarning));
  EXPECT_FALSE(Mutes(rule, {AlertWith(kWarning)}, kWarning));  // no source
}

TEST(Inhibitor, TakesMissingEqualLabelsForEmptyOnes) {
  const config::InhibitRule rule =
      Rule(R"(severity="critical")", R"(severity="warning")", {"host", "zone"});
  EXPECT_TRUE(Mutes(rule, {AlertWith({{"severity", "critical"}})}, {{"severity", "warning"}}));
  EXPECT_FALSE(Mutes(rule, {AlertWith({{"severity", "critical"}})}, kWarning));
}

TEST(Inhibitor, TellsValuesApartThatLookAlikeWhenJoined) {
  const config::InhibitRule rule = Rule(R"(s="1")", R"(t="1")", {"a", "b"});
  EXPECT_FALSE(
      Mutes(rule, {AlertWith({{"s", "1"}, {"a", "x1:y"}})}, {{"t", "1"}, {"a", "x"}, {"b", "y"}}));
  EXPECT_FALSE(Mutes(rule, {AlertWith({{"s", "1"}, {"a", "12"}, {"b", "3"}})},
                     {{"t", "1"}, {"a", "1"}, {"b", "23"}}));
}

TEST(Inhibitor, IsGlobalWithoutEqual) {
  const config::InhibitRule rule = Rule(R"(severity="critical")", R"(severity="warning")");
  EXPECT_TRUE(Mutes(rule, {AlertWith(kCritical)}, {{"severity", "warning"}, {"host", "b"}}));
}

TEST(Inhibitor, TakesEveryAlertForASourceWithoutSourceMatchers) {
  const config::InhibitRule rule = Rule("", R"(severity="warning")", {"host"});
  EXPECT_TRUE(Mutes(rule, {AlertWith({{"alertname", "Any"}, {"host", "a"}})}, kWarning));
  // Both match both sides.
  EXPECT_FALSE(
      Mutes(rule, {AlertWith({{"severity", "warning"}, {"host", "a"}, {"x", "1"}})}, kWarning));
}

TEST(Inhibitor, NeverLetsAnAlertMuteItself) {
  const config::InhibitRule rule = Rule(R"(team="db")", R"(team="db")");
  const Labels alert{{"team", "db"}};
  EXPECT_FALSE(Mutes(rule, {AlertWith(alert)}, alert));
}

TEST(Inhibitor, TwoSidedAlertsAreMutedByOneSidedSourcesOnly) {
  const config::InhibitRule rule = Rule(R"(source="1")", R"(target="1")");
  const Labels both{{"source", "1"}, {"target", "1"}};
  const Labels other{{"source", "1"}, {"target", "1"}, {"x", "1"}};
  const Labels one_sided{{"source", "1"}};
  EXPECT_FALSE(Mutes(rule, {AlertWith(other)}, both));
  EXPECT_TRUE(Mutes(rule, {AlertWith(one_sided)}, both));
  EXPECT_TRUE(
      Mutes(rule, {AlertWith(both)}, {{"target", "1"}}));  // of a one-sided target it is a source
}

// Upstream 0.28.1 to 0.34 keeps one source for each set of equal-label values. The order in which
// they come must not matter.
TEST(Inhibitor, DroppingAResolvedSourceHidesNoLiveOne) {
  const Labels first{{"severity", "critical"}, {"host", "a"}, {"n", "1"}};
  const Labels second{{"severity", "critical"}, {"host", "a"}, {"n", "2"}};
  for (const auto& [ended, live] : {std::pair(first, second), std::pair(second, first)}) {
    Inhibitor inhibitor({Rule(R"(severity="critical")", R"(severity="warning")", {"host"})});
    inhibitor.Update({AlertWith(first), AlertWith(second)});
    inhibitor.Update({AlertWith(ended, kNow)});
    EXPECT_THAT(inhibitor.MutedBy(kWarning, kNow), ElementsAre(Fingerprint(live)));
    inhibitor.ForgetEndedBy(kNow);
    EXPECT_THAT(inhibitor.MutedBy(kWarning, kNow), ElementsAre(Fingerprint(live)));
  }
}

TEST(Inhibitor, ATwoSidedSourceHidesNoOneSidedOne) {
  const Labels both{{"source", "1"}, {"target", "1"}, {"n", "1"}};
  const Labels one_sided{{"source", "1"}};
  const Labels target{{"source", "1"}, {"target", "1"}, {"n", "2"}};
  for (const auto& [first, second] : {std::pair(both, one_sided), std::pair(one_sided, both)}) {
    Inhibitor inhibitor({Rule(R"(source="1")", R"(target="1")")});
    inhibitor.Update({AlertWith(first)});
    inhibitor.Update({AlertWith(second)});
    EXPECT_THAT(inhibitor.MutedBy(target, kNow), ElementsAre(Fingerprint(one_sided)));
  }
}

TEST(Inhibitor, ASourceMutesUntilItsEndHasPassed) {
  Inhibitor inhibitor({Rule(R"(severity="critical")", R"(severity="warning")")});
  inhibitor.Update({AlertWith(kCritical, kNow + kMinute)});
  EXPECT_FALSE(inhibitor.MutedBy(kWarning, kNow + kMinute - Duration(1)).empty());
  EXPECT_THAT(inhibitor.MutedBy(kWarning, kNow + kMinute), IsEmpty());
  inhibitor.Update({AlertWith(kCritical, kNow + 2 * kMinute)});  // it goes on
  EXPECT_FALSE(inhibitor.MutedBy(kWarning, kNow + kMinute).empty());
}

TEST(Inhibitor, ASourceThatResolvesMutesNoLonger) {
  Inhibitor inhibitor({Rule(R"(severity="critical")", R"(severity="warning")")});
  inhibitor.Update({AlertWith(kCritical)});
  inhibitor.Update({AlertWith(kCritical, kNow)});
  EXPECT_THAT(inhibitor.MutedBy(kWarning, kNow), IsEmpty());
}

TEST(Inhibitor, ForgetsOnlyWhatHasEnded) {
  Inhibitor inhibitor({Rule(R"(severity="critical")", R"(severity="warning")")});
  inhibitor.Update({AlertWith(kCritical, kNow + kMinute)});
  inhibitor.ForgetEndedBy(kNow);
  EXPECT_FALSE(inhibitor.MutedBy(kWarning, kNow).empty());
  inhibitor.ForgetEndedBy(kNow + kMinute);
  EXPECT_THAT(inhibitor.MutedBy(kWarning, kNow), IsEmpty());
}

TEST(Inhibitor, ThereIsNoChaining) {
  // page mutes warning, warning mutes info: a muted warning is a source all the same.
  Inhibitor inhibitor(
      {Rule(R"(s="page")", R"(s="warning")"), Rule(R"(s="warning")", R"(s="info")")});
  inhibitor.Update({AlertWith({{"s", "page"}}), AlertWith({{"s", "warning"}})});
  EXPECT_THAT(inhibitor.MutedBy(Labels{{"s", "warning"}}, kNow),
              ElementsAre(Fingerprint({{"s", "page"}})));
  EXPECT_THAT(inhibitor.MutedBy(Labels{{"s", "info"}}, kNow),
              ElementsAre(Fingerprint({{"s", "warning"}})));
  // And what is muted by a muted source is not muted by the source of that one.
  Inhibitor without({Rule(R"(s="page")", R"(s="warning")"), Rule(R"(s="warning")", R"(s="info")")});
  without.Update({AlertWith({{"s", "page"}})});
  EXPECT_THAT(without.MutedBy(Labels{{"s", "info"}}, kNow), IsEmpty());
}

TEST(Inhibitor, NamesOneSourceForEachRuleThatMutes) {
  Inhibitor inhibitor(
      {Rule(R"(a="1")", R"(t="1")"), Rule(R"(b="1")", R"(t="1")"), Rule(R"(c="1")", R"(t="1")")});
  EXPECT_EQ(inhibitor.rules(), 3U);
  inhibitor.Update({AlertWith({{"c", "1"}}), AlertWith({{"a", "1"}})});
  EXPECT_THAT(inhibitor.MutedBy(Labels{{"t", "1"}}, kNow),
              ElementsAre(Fingerprint({{"a", "1"}}), Fingerprint({{"c", "1"}})));
}

}  // namespace
}  // namespace tocsin::receivers
