#include "exporter/api/alertmanager_filter.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/text.h"

namespace tocsin::api {
namespace {

http::Request Asking(const std::string& query) {
  http::Request request;
  request.query = query;
  return request;
}

AlertFilter Filter(const std::string& query) {
  auto read = ReadAlertFilter(Asking(query), MatcherDialect::kFallback);
  if (auto* filter = std::get_if<AlertFilter>(&read)) return *filter;
  ADD_FAILURE() << std::get<http::Response>(read).body;
  return {};
}

int RefusalOf(const std::string& query, MatcherDialect dialect = MatcherDialect::kFallback) {
  const auto read = ReadAlertFilter(Asking(query), dialect);
  const auto* response = std::get_if<http::Response>(&read);
  if (response == nullptr) return 0;
  EXPECT_EQ(response->content_type, "application/json");
  EXPECT_TRUE(response->body.starts_with("\"") && response->body.ends_with("\"\n"))
      << response->body;
  return response->status;
}

TEST(BoolParameter, KnowsTenWordsForTrueAndTakesAllElseForFalse) {
  for (const char* word : {"true", "1", "yes", "ok", "y", "on", "selected", "checked", "t",
                           "enabled", "TRUE", "Yes", "oN"}) {
    EXPECT_TRUE(BoolParameter(Asking(std::string("active=") + word), "active")) << word;
  }
  for (const char* word : {"false", "0", "no", "", "2", "truee", "%20true", "off"}) {
    EXPECT_FALSE(BoolParameter(Asking(std::string("active=") + word), "active")) << word;
  }
}

TEST(BoolParameter, IsTrueWhereItIsAbsent) {
  EXPECT_TRUE(BoolParameter(Asking(""), "active"));
  EXPECT_TRUE(BoolParameter(Asking("silenced=false"), "active"));
}

TEST(AlertFilter, TakesWhatItsMatchersAllTake) {
  struct Case {
    const char* matcher;
    bool with_critical;
    bool without_severity;
  };
  // An empty value stands for a missing label; its opposite, for any label that is there.
  for (const Case& c :
       {Case{R"(severity="")", false, true}, Case{R"(severity=~"")", false, true},
        Case{R"(severity!="")", true, false}, Case{R"(severity!~"")", true, false},
        Case{R"(severity="critical")", true, false}, Case{R"(severity!="critical")", false, true},
        Case{R"(severity=~"crit")", false, false}, Case{R"(severity=~"crit.*")", true, false},
        Case{R"(severity=~".*")", true, true}, Case{"severity=critical", true, false}}) {
    const AlertFilter filter = Filter("filter=" + PercentEncode(c.matcher));
    ASSERT_EQ(filter.matchers.size(), 1U) << c.matcher;
    EXPECT_EQ(MatchesAll(filter.matchers, Labels{{"severity", "critical"}}), c.with_critical)
        << c.matcher;
    EXPECT_EQ(MatchesAll(filter.matchers, Labels{{"a", "b"}}), c.without_severity) << c.matcher;
  }
  EXPECT_EQ(Filter("filter=a%3D%221%22&filter=b%3D%222%22").matchers.size(), 2U);
}

TEST(AlertFilter, RefusesWhatIsNotOneMatcher) {
  for (const char* text : {"x", "", R"({a="b"})", R"(a="b",c="d")", R"(a=~"(")", R"(a="b)", "="}) {
    EXPECT_EQ(RefusalOf("filter=" + PercentEncode(text)), 400) << text;
    EXPECT_EQ(RefusalOf("receiver_matchers=" + PercentEncode(text)), 400) << text;
  }
  EXPECT_EQ(RefusalOf("receiver=("), 400);
  EXPECT_EQ(RefusalOf("filter=" + PercentEncode(std::string(100'000, '('))), 400);
}

TEST(AlertFilter, SaysWhatIsWrong) {
  const auto read = ReadAlertFilter(Asking("filter=x"), MatcherDialect::kFallback);
  ASSERT_TRUE(std::holds_alternative<http::Response>(read));
  EXPECT_EQ(std::get<http::Response>(read).body, "\"bad matcher format: x\"\n");
}

TEST(AlertFilter, ReadsNamesAsTheDialectWantsThem) {
  const std::string text = "filter=" + PercentEncode(R"(a-b="c")");
  EXPECT_EQ(RefusalOf(text, MatcherDialect::kFallback), 0);
  EXPECT_EQ(RefusalOf(text, MatcherDialect::kUtf8), 0);
  EXPECT_EQ(RefusalOf(text, MatcherDialect::kClassic), 400);
}

TEST(AlertFilter, TakesStatesUnlessTheyAreSwitchedOff) {
  const AlertStatus active;
  const AlertStatus silenced{{"id"}, {}, {}};
  const AlertStatus inhibited{{}, {7}, {}};
  const AlertStatus muted{{}, {}, {"nights"}};
  const AlertStatus both{{"id"}, {7}, {}};
  struct Case {
    const char* query;
    bool active, silenced, inhibited, muted, both;
  };
  for (const Case& c :
       {Case{"", true, true, true, true, true}, Case{"active=false", false, true, true, true, true},
        Case{"silenced=false", true, false, true, true, false},
        Case{"inhibited=false", true, true, false, true, false},
        Case{"muted=false", true, true, true, false, true},
        Case{"unprocessed=false", true, true, true, true, true}}) {
    const AlertFilter filter = Filter(c.query);
    EXPECT_EQ(filter.TakesStatus(active), c.active) << c.query;
    EXPECT_EQ(filter.TakesStatus(silenced), c.silenced) << c.query;
    EXPECT_EQ(filter.TakesStatus(inhibited), c.inhibited) << c.query;
    EXPECT_EQ(filter.TakesStatus(muted), c.muted) << c.query;
    EXPECT_EQ(filter.TakesStatus(both), c.both) << c.query;
  }
}

std::string Taken(const std::string& query) {
  auto settings = std::make_shared<config::AlertmanagerSettings>();
  settings->receivers.resize(2);
  settings->receivers[0].name = "ops";
  settings->receivers[1].name = "db.team";
  settings->receivers[1].labels = Labels{{"tier", "gold"}, {"name", "not this one"}};
  receivers::NativeTargets native;
  native.receivers.resize(2);
  native.receivers[0].name = "ops";  // of both files
  native.receivers[1].name = "dbxteam";
  const receivers::PipelineGraph graph(settings, native);
  const TakenReceivers taken(Filter(query), graph);
  std::string names;
  for (const Labels& labels : LabelsOfReceivers(graph)) {
    const std::string name(labels.Get("name"));
    if (taken.Has(name)) names += name + ' ';
  }
  return names;
}

TEST(TakenReceivers, AreThoseWhoseWholeNameAndLabelsMatch) {
  EXPECT_EQ(Taken(""), "ops db.team dbxteam ");
  EXPECT_EQ(Taken("receiver="), "ops db.team dbxteam ");
  EXPECT_EQ(Taken("receiver=db"), "");
  EXPECT_EQ(Taken("receiver=db.team"), "db.team dbxteam ");
  EXPECT_EQ(Taken("receiver=ops%7Cdb%5C.team"), "ops db.team ");
  EXPECT_EQ(Taken("receiver_matchers=tier%3D%22gold%22"), "db.team ");
  EXPECT_EQ(Taken("receiver_matchers=tier%3D%22%22"), "ops dbxteam ");
  EXPECT_EQ(Taken("receiver_matchers=name%3D%22ops%22"), "ops ");
  EXPECT_EQ(Taken("receiver_matchers=name%3D~%22db.%2B%22&receiver_matchers=tier!%3D%22gold%22"),
            "dbxteam ");
  EXPECT_EQ(Taken("receiver=ops&receiver_matchers=tier%3D%22gold%22"), "");
}

}  // namespace
}  // namespace tocsin::api
