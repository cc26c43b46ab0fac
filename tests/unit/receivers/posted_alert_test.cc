#include "receivers/alerts/posted_alert.h"

#include <gtest/gtest.h>

#include "tests/support/posted_alert_builders.h"
#include "tests/unit/receivers/times.h"

namespace tocsin::receivers {
namespace {

using testing::Named;
using testing::Posted;

// An alert in seconds; `updated` is when it arrived.
struct Span {
  int starts;
  int ends;
  int updated;
  bool timeout = false;
};

PostedAlert Make(const Span& span) {
  PostedAlert alert = Posted(Named("A"), At(span.starts), At(span.ends), At(span.updated));
  alert.ends_by_timeout = span.timeout;
  alert.annotations = {{"of", std::to_string(span.updated)}};
  alert.generator_url = "http://p/" + std::to_string(span.updated);
  return alert;
}

// An alert of the past is resolved at the time of its arrival, one that ends later fires.
TEST(MergeAlerts, JoinsActivitiesThatOverlap) {
  struct Case {
    std::string what;
    Span older;
    Span younger;
    int starts;
    int ends;
  };
  const Case cases[] = {
      {"start: the earlier, of the older", {0, 100, 10}, {5, 200, 20}, 0, 200},
      {"start: the earlier, of the younger", {5, 100, 10}, {0, 90, 20}, 0, 100},
      {"both resolved: the later end, of the younger", {0, 10, 11}, {5, 15, 20}, 0, 15},
      {"both resolved: the later end, of the older", {0, 15, 16}, {0, 10, 20}, 0, 15},
      {"only the younger is resolved: its end", {0, 100, 10}, {0, 15, 20}, 0, 15},
      {"only the younger is resolved, the older is a timeout",
       {0, 100, 10, true},
       {0, 15, 20},
       0,
       15},
      {"the younger fires: its end, where it is later", {0, 100, 10}, {5, 200, 20}, 0, 200},
      {"the younger fires: the older's end, where that is later",
       {0, 200, 10},
       {0, 100, 20},
       0,
       200},
      {"the younger fires: its end, where the older is a timeout",
       {0, 200, 10, true},
       {0, 100, 20},
       0,
       100},
      {"the younger is the timeout: the older's end", {0, 200, 10}, {0, 100, 20, true}, 0, 200},
      {"the younger fires, the older is resolved", {0, 15, 16}, {10, 100, 20}, 0, 100},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const PostedAlert merged = MergeAlerts(Make(c.older), Make(c.younger));
    EXPECT_EQ(merged.starts_at, At(c.starts));
    EXPECT_EQ(merged.ends_at, At(c.ends));
    EXPECT_EQ(merged.annotations, Make(c.younger).annotations);
    EXPECT_EQ(merged.generator_url, Make(c.younger).generator_url);
    EXPECT_EQ(merged.updated_at, At(c.younger.updated));
    EXPECT_EQ(merged.fingerprint, Make(c.younger).fingerprint);
  }
}

// What arrives late is not what counts: the younger one is that with the later update.
TEST(MergeAlerts, DoesNotCareWhichOfThemWasStored) {
  struct Case {
    Span stored;  // the younger
    Span posted;
    int starts;
    int ends;
  };
  const Case cases[] = {
      {{5, 200, 20}, {0, 100, 10}, 0, 200},        // the posted end lies inside
      {{0, 100, 20}, {5, 200, 10}, 0, 200},        // the older end is later
      {{0, 100, 20}, {5, 200, 10, true}, 0, 100},  // ... but a timeout
      {{0, 15, 20}, {5, 100, 10}, 0, 15},          // the younger is resolved
      {{0, 15, 20}, {2, 10, 11}, 0, 15},           // both are
  };
  for (const Case& c : cases) {
    const PostedAlert merged = MergeAlerts(Make(c.stored), Make(c.posted));
    EXPECT_EQ(merged.starts_at, At(c.starts)) << c.starts << " " << c.ends;
    EXPECT_EQ(merged.ends_at, At(c.ends)) << c.starts << " " << c.ends;
    EXPECT_EQ(merged.annotations, Make(c.stored).annotations);
  }
}

TEST(MergeAlerts, TakesAnActivityWithoutOverlapAsANewAlert) {
  struct Case {
    Span stored;
    Span posted;
  };
  const Case cases[] = {
      {{0, 10, 5}, {20, 100, 20}},   // fires again
      {{0, 10, 5}, {10, 100, 20}},   // touching is not inside
      {{20, 30, 25}, {0, 20, 26}},   // nor is it at the other end
      {{20, 30, 25}, {0, 100, 26}},  // neither of its ends lies inside
      {{0, 10, 5}, {0, 10, 6}},      // nor do equal ones
  };
  for (const Case& c : cases) {
    const PostedAlert merged = MergeAlerts(Make(c.stored), Make(c.posted));
    EXPECT_EQ(merged.starts_at, At(c.posted.starts));
    EXPECT_EQ(merged.ends_at, At(c.posted.ends));
    EXPECT_EQ(merged.annotations, Make(c.posted).annotations);
  }
}

TEST(MergeAlerts, AnEpisodeLastsAsLongAsItsSenderSaysInTimeThatItGoesOn) {
  struct Case {
    std::string what;
    Span stored;
    Span posted;
    bool goes_on;
  };
  const Case cases[] = {
      {"repeated as it was", {0, 300, 10}, {0, 360, 70}, true},
      {"a later start within its activity", {0, 300, 10}, {60, 360, 70}, true},
      {"its end", {0, 300, 10}, {0, 70, 71}, true},
      {"its end once more", {0, 70, 71}, {0, 70, 131}, true},
      {"firing after its end", {0, 70, 71}, {100, 400, 101}, false},
      {"repeated too late", {0, 300, 10}, {0, 700, 400}, false},
  };
  for (const Case& c : cases) {
    PostedAlert stored = Make(c.stored);
    stored.began_at = At(c.stored.updated);
    PostedAlert posted = Make(c.posted);
    posted.began_at = At(c.posted.updated);
    const PostedAlert merged = MergeAlerts(stored, posted);
    EXPECT_EQ(merged.began_at, c.goes_on ? stored.began_at : posted.began_at) << c.what;
    EXPECT_EQ(EpisodeId(merged) == EpisodeId(stored), c.goes_on) << c.what;
  }
}

TEST(MergeAlerts, MovesATimeoutOnWithEachRepeat) {
  const PostedAlert merged = MergeAlerts(Make({0, 300, 0, true}), Make({60, 360, 60, true}));
  EXPECT_EQ(merged.starts_at, At(0));
  EXPECT_EQ(merged.ends_at, At(360));
  EXPECT_TRUE(merged.ends_by_timeout);
}

TEST(PostedAlert, IsResolvedFromItsEndOn) {
  const PostedAlert alert = Make({0, 10, 0});
  EXPECT_FALSE(alert.ResolvedAt(At(10) - Duration(1)));
  EXPECT_TRUE(alert.ResolvedAt(At(10)));
}

TEST(PostedAlert, HasTheSeverityThatTheContractsTableGivesItsLabels) {
  const auto severity = [](Labels labels) { return SeverityName(SeverityOfLabels(labels)); };
  EXPECT_EQ(severity({{"severity", "critical"}}), "critical");
  EXPECT_EQ(severity({{"severity", "error"}}), "high");
  EXPECT_EQ(severity({{"severity", "page"}}), "high");
  EXPECT_EQ(severity({{"severity", "warning"}}), "medium");
  EXPECT_EQ(severity({{"severity", "info"}}), "info");
  EXPECT_EQ(severity({{"severity", "none"}}), "low");
  EXPECT_EQ(severity({{"severity", "odd"}}), "info");
  EXPECT_EQ(severity({}), "info");
  EXPECT_EQ(severity({{"severity", "critical"}, {"pynomaly_severity", "high"}}), "high");
}

TEST(SortAlerts, GoesByJobThenInstanceThenLabelSet) {
  const std::vector<Labels> in_order = {
      {{"job", "a"}, {"instance", "1"}, {"z", "9"}},
      {{"job", "a"}, {"instance", "2"}},
      {{"job", "a"}},  // with the instance come first
      {{"job", "b"}, {"instance", "0"}},
      {{"instance", "1"}, {"x", "1"}},  // with a job come first
      {{"alertname", "Z"}},             // fewer labels first
      {{"b", "1"}, {"c", "1"}},         // a is missing here
      {{"a", "1"}, {"b", "1"}},
      {{"a", "1"}, {"b", "2"}},
      {{"a", "2"}, {"b", "1"}},
  };
  std::vector<PostedAlertPtr> alerts;
  for (auto labels = in_order.rbegin(); labels != in_order.rend(); ++labels) {
    alerts.push_back(testing::Shared(Posted(*labels, kNow, At(1), kNow)));
  }
  SortAlerts(&alerts);
  for (std::size_t i = 0; i < in_order.size(); ++i) {
    EXPECT_EQ(alerts[i]->labels, in_order[i]) << i;
  }
}

TEST(ComesBefore, IsAStrictOrder) {
  const PostedAlert a = Posted(Named("A"), kNow, At(1), kNow);
  const PostedAlert b = Posted(Named("B"), kNow, At(1), kNow);
  EXPECT_TRUE(ComesBefore(a, b));
  EXPECT_FALSE(ComesBefore(b, a));
  EXPECT_FALSE(ComesBefore(a, a));
  EXPECT_TRUE(LabelSetComesBefore(Labels(), a.labels));
  EXPECT_FALSE(LabelSetComesBefore(Labels(), Labels()));
}

}  // namespace
}  // namespace tocsin::receivers
