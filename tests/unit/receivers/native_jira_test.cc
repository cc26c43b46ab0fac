// Jira of tocsin.yml. What is expected is written from its documentation.
//
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
// https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/jira_answers.h"
#include "tests/unit/receivers/native_incident_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = Outcome::Kind;

constexpr char kJira3[] = "{api_url: 'http://jira/rest/api/3/', project: OPS, issue_type: Bug}";
constexpr char kMoving[] =
    "{api_url: 'http://jira/rest/api/2', project: OPS, issue_type: Bug, resolve_transition: Close, "
    "reopen_transition: Reopen, reopen_duration: 1h}";

std::string LabelOf(const Alert& alert) { return "ALERT{" + alert.fingerprint_text() + "}"; }

std::string JqlOf(const HttpClientRequest& search) { return BodyOf(search).at("jql"); }

// The request that writes the issue, where the search says this.
HttpClientRequest Written(NativeChannelWorld& jira, const Notification& notification,
                          const std::string& found = kNoIssue) {
  jira.Deliver(notification);
  AnswerLast(jira, 200, found);
  return LastRequest(jira);
}

Json CreatedBy(const std::string& keys, const std::shared_ptr<Alert>& alert) {
  NativeChannelWorld jira("jira", keys);
  return BodyOf(Written(jira, NativeChannelWorld::About({alert}))).at("fields");
}

TEST(JiraChannel, LooksForTheAlertsIssueByItsLabelAndCreatesIt) {
  NativeChannelWorld jira("jira", kJira);
  const HttpClientRequest search = jira.Deliver({Fires()});
  EXPECT_EQ(Line(search), "POST http://jira/rest/api/2/search");
  EXPECT_EQ(HeaderOf(search, "Content-Type"), "application/json");
  EXPECT_EQ(BodyOf(search), Golden(R"({
    "fields": ["status"],
    "jql": "statusCategory != Done and project=\"OPS\" and labels=\"ALERT{$KEY}\" )"
                                   R"(order by status ASC,resolutiondate DESC",
    "maxResults": 2
  })"));
  AnswerLast(jira, 200, kNoIssue);
  const HttpClientRequest create = LastRequest(jira);
  EXPECT_EQ(Line(create), "POST http://jira/rest/api/2/issue");
  EXPECT_EQ(BodyOf(create), Golden(R"({"fields": {
    "project": {"key": "OPS"},
    "issuetype": {"name": "Bug"},
    "labels": ["ALERT{$KEY}"],
    "priority": {"name": "High"},
    "summary": "[HIGH] High CPU Usage",
    "description": ")"
                                   R"(CPU usage is high\n\n)"
                                   R"(Severity: HIGH\n)"
                                   R"(Metric: system.cpu.usage: 85.5\n)"
                                   R"(Threshold: 80.0\n)"
                                   R"(Condition: system.cpu.usage > 80.0 for 1m\n)"
                                   R"(Triggered: 2024\\-05\\-01T10:00:00.123Z\n)"
                                   R"(host: web\\-1\n\n)"
                                   R"([Alert|http://tocsin:9095/api/v1/alerting/alerts/e1]"
  }})"));
  EXPECT_THAT(jira.world.outcomes, IsEmpty());
  AnswerLast(jira, 201, R"({"id":"1","key":"OPS-1"})");
  EXPECT_EQ(jira.world.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_EQ(jira.world.http.sent(), 2U);
}

TEST(JiraChannel, WritesADocumentForVersion3) {
  NativeChannelWorld jira("jira", kJira3);
  const HttpClientRequest create = Written(jira, NativeChannelWorld::About({Fires()}));
  EXPECT_EQ(Line(create), "POST http://jira/rest/api/3/issue");
  EXPECT_EQ(BodyOf(create).at("fields").at("description"), Json::parse(R"({
    "type": "doc", "version": 1, "content": [
      {"type": "paragraph", "content": [
        {"type": "text", "text": "CPU usage is high"}, {"type": "hardBreak"}, {"type": "hardBreak"},
        {"type": "text", "text": "Severity: HIGH"}, {"type": "hardBreak"},
        {"type": "text", "text": "Metric: system.cpu.usage: 85.5"}, {"type": "hardBreak"},
        {"type": "text", "text": "Threshold: 80.0"}, {"type": "hardBreak"},
        {"type": "text", "text": "Condition: system.cpu.usage > 80.0 for 1m"},
        {"type": "hardBreak"},
        {"type": "text", "text": "Triggered: 2024-05-01T10:00:00.123Z"}, {"type": "hardBreak"},
        {"type": "text", "text": "host: web-1"}]},
      {"type": "paragraph", "content": [
        {"type": "text", "text": "Alert", "marks": [{"type": "link", "attrs":
          {"href": "http://tocsin:9095/api/v1/alerting/alerts/e1"}}]}]}]})"));
}

TEST(JiraChannel, SearchesTheCloudInItsOwnWay) {
  NativeChannelWorld jira(
      "jira", "{api_url: 'https://x.atlassian.net/rest/api/2', project: OPS, issue_type: Bug}");
  EXPECT_EQ(jira.Deliver({Fires()}).url, "https://x.atlassian.net/rest/api/3/search/jql");
  AnswerLast(jira, 200, kNoIssue);
  EXPECT_EQ(LastRequest(jira).url, "https://x.atlassian.net/rest/api/2/issue");
}

TEST(JiraChannel, TellsAnIssueThatIsThereNothingButWhatFollowsTheAlert) {
  NativeChannelWorld jira("jira", kMoving);
  const HttpClientRequest edit = Written(jira, NativeChannelWorld::About({Fires()}), kOpenIssue);
  EXPECT_EQ(Line(edit), "PUT http://jira/rest/api/2/issue/OPS-1");
  const Json fields = BodyOf(edit).at("fields");
  EXPECT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields.at("summary"), "[HIGH] High CPU Usage");
  EXPECT_THAT(std::string(fields.at("description")), StartsWith("CPU usage is high\n\n"));
  AnswerLast(jira, 204);
  EXPECT_EQ(jira.world.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_EQ(jira.world.http.sent(), 2U);
}

TEST(JiraChannel, ResolvesTheIssueOfWhatIsOver) {
  NativeChannelWorld jira("jira", kMoving);
  const Notification notification = NativeChannelWorld::About({IsOver()});
  EXPECT_THAT(JqlOf(jira.Deliver(notification)), StartsWith("statusCategory != Done and "));
  AnswerLast(jira, 200, kOpenIssue);
  const Json fields = BodyOf(LastRequest(jira)).at("fields");
  EXPECT_EQ(fields.at("summary"), "[RESOLVED] High CPU Usage");
  EXPECT_THAT(std::string(fields.at("description")), HasSubstr("\nDuration: 2m\n"));
  AnswerLast(jira, 204);
  EXPECT_EQ(Line(LastRequest(jira)), "GET http://jira/rest/api/2/issue/OPS-1/transitions");
  AnswerLast(jira, 200, kTransitions);
  EXPECT_EQ(Line(LastRequest(jira)), "POST http://jira/rest/api/2/issue/OPS-1/transitions");
  EXPECT_EQ(BodyOf(LastRequest(jira)), Json::parse(R"({"transition": {"id": "31"}})"));
  EXPECT_THAT(jira.world.outcomes, IsEmpty());
  AnswerLast(jira, 204);
  EXPECT_EQ(jira.world.outcomes.at(0).kind, Kind::kDelivered);
}

TEST(JiraChannel, ReopensAnIssueThatWasResolvedNotLongAgo) {
  NativeChannelWorld jira("jira", kMoving);
  EXPECT_THAT(JqlOf(jira.Deliver({Fires()})),
              StartsWith("(resolutiondate is EMPTY OR resolutiondate >= -60m) and project="));
  AnswerLast(jira, 200, kDoneIssue);
  AnswerLast(jira, 204);
  AnswerLast(jira, 200, kTransitions);
  EXPECT_EQ(BodyOf(LastRequest(jira)), Json::parse(R"({"transition": {"id": "41"}})"));
  AnswerLast(jira, 204);
  EXPECT_EQ(jira.world.outcomes.at(0).kind, Kind::kDelivered);
}

TEST(JiraChannel, NeedsNoIssueForWhatIsOverAndMovesNoneWithoutATransition) {
  NativeChannelWorld jira("jira", kJira);
  jira.Deliver({IsOver()});
  AnswerLast(jira, 200, kNoIssue);
  EXPECT_EQ(jira.world.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_EQ(jira.world.http.sent(), 1U);
  jira.Deliver({IsOver()});
  AnswerLast(jira, 200, kOpenIssue);
  AnswerLast(jira, 204);
  EXPECT_EQ(jira.world.outcomes.at(1).kind, Kind::kDelivered);
  EXPECT_EQ(jira.world.http.sent(), 3U);
}

TEST(JiraChannel, LeavesAloneWhatShouldNotBeFixedAndFindsWhatIsOpen) {
  NativeChannelWorld jira("jira",
                          "{api_url: 'http://jira/', project: 'O\"PS', issue_type: Bug, "
                          "wont_fix_resolution: 'Won''t \"Do\"'}");
  EXPECT_THAT(JqlOf(jira.Deliver({Fires()})),
              StartsWith(R"((resolution is EMPTY OR resolution != "Won't \"Do\"") and )"
                         R"(statusCategory != Done and project="O\"PS" and labels=)"));
}

TEST(JiraChannel, SendsItsKeys) {
  const Json fields = CreatedBy(
      "{api_url: 'http://jira/', project: OPS, issue_type: Incident, labels: [tocsin, web], "
      "priority: P1, fields: {components: [{name: '{name}'}], customfield_1: {value: red}, "
      "customfield_2: 7}}",
      Fires());
  EXPECT_EQ(fields.at("issuetype"), Json({{"name", "Incident"}}));
  EXPECT_EQ(fields.at("labels"), Json({LabelOf(*Fires()), "tocsin", "web"}));
  EXPECT_EQ(fields.at("priority"), Json({{"name", "P1"}}));
  EXPECT_EQ(fields.at("components"), Json::parse(R"([{"name": "{name}"}])"));
  EXPECT_EQ(fields.at("customfield_1"), Json({{"value", "red"}}));
  EXPECT_EQ(fields.at("customfield_2"), 7);
}

TEST(JiraChannel, HasAPriorityForEachSeverityUnlessThereIsNone) {
  const std::pair<Severity, const char*> priorities[] = {{Severity::kCritical, "Highest"},
                                                         {Severity::kHigh, "High"},
                                                         {Severity::kMedium, "Medium"},
                                                         {Severity::kLow, "Low"},
                                                         {Severity::kInfo, "Lowest"}};
  for (const auto& [severity, priority] : priorities) {
    EXPECT_EQ(CreatedBy(kJira, OfSeverity(severity)).at("priority").at("name"), priority);
  }
  EXPECT_FALSE(
      CreatedBy("{api_url: 'http://jira/', project: OPS, issue_type: Bug, priority: ''}", Fires())
          .contains("priority"));
}

TEST(JiraChannel, KeepsAnIssueForEachAlertOfAGroup) {
  NativeChannelWorld jira("jira", kMoving);
  EXPECT_THAT(JqlOf(jira.Deliver({Fires(), OnOtherHost()})), HasSubstr(LabelOf(*Fires())));
  AnswerLast(jira, 200, kNoIssue);
  AnswerLast(jira, 201);
  EXPECT_THAT(jira.world.outcomes, IsEmpty());
  EXPECT_THAT(JqlOf(LastRequest(jira)), HasSubstr(LabelOf(*OnOtherHost())));
  AnswerLast(jira, 200, kDoneIssue);
  AnswerLast(jira, 204);
  AnswerLast(jira, 200, kTransitions);
  AnswerLast(jira, 204);
  EXPECT_EQ(jira.world.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_EQ(jira.world.http.sent(), 6U);
  // The search of the second one fails: the first one's issue is there.
  jira.Deliver({Fires(), OnOtherHost()});
  AnswerLast(jira, 200, kNoIssue);
  AnswerLast(jira, 201);
  AnswerLast(jira, 401);
  EXPECT_EQ(jira.world.outcomes.at(1).kind, Kind::kGiveUp);
  EXPECT_EQ(jira.world.outcomes.at(1).reason, "looking for the issue: HTTP status 401");
  EXPECT_TRUE(jira.world.outcomes.at(1).may_have_arrived);
  jira.Deliver({Fires(), OnOtherHost()});
  AnswerLast(jira, 401);
  EXPECT_FALSE(jira.world.outcomes.at(2).may_have_arrived);
}

TEST(JiraChannel, GivesUpWhereAnAnswerCannotBeReadOrThereIsNoTransition) {
  NativeChannelWorld jira("jira", kMoving);
  EXPECT_EQ(jira.OutcomeOf(200, "<html>").kind, Kind::kGiveUp);
  jira.Deliver({IsOver()});
  AnswerLast(jira, 200, kOpenIssue);
  AnswerLast(jira, 204);
  AnswerLast(jira, 200, R"({"transitions":[]})");
  EXPECT_EQ(jira.world.outcomes.at(1).kind, Kind::kGiveUp);
  EXPECT_EQ(jira.world.outcomes.at(1).reason,
            "Jira has no transition \"Close\" for issue OPS-1 as it is");
  EXPECT_THAT(jira.world.outcomes.at(1).advice, StartsWith("check resolve_transition"));
}

TEST(JiraChannel, LetsNoTextBecomeMarkup) {
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->description = "[~admin] !http://evil/x.png! {code}x{code} *b* a|b \\[c] \\\\";
  auto alert = std::make_shared<Alert>(*testing::FiringAlert(rule, "e1"));
  NativeChannelWorld jira("jira", kJira);
  Notification notification = NativeChannelWorld::About({alert});
  notification.links = {{"http://h/?a|b]{c}!^\\", "", ""}};
  const std::string text = BodyOf(Written(jira, notification)).at("fields").at("description");
  EXPECT_THAT(text, StartsWith("\\[\\~admin\\] \\!http://evil/x.png\\! \\{code\\}x\\{code\\} "
                               "\\*b\\* a\\|b &#92;\\[c\\] &#92;&#92;\n\n"));
  EXPECT_THAT(text, HasSubstr(" · [Runbook|http://h/?a%7Cb%5D%7Bc%7D%21%5E%5C]"));
}

TEST(JiraChannel, StaysWithinTheLimitsWhateverTheAlertHolds) {
  for (const char* keys : {kJira, kJira3}) {
    NativeChannelWorld jira("jira", keys);
    for (const char* filler : kFillers) {
      for (const auto& alert : {Huge(filler), HugeOver(filler)}) {
        const Json fields =
            BodyOf(Written(jira, AboutHuge(alert, filler), kOpenIssue)).at("fields");
        EXPECT_LE(Runes(fields.at("summary")), 255U);
        EXPECT_THAT(std::string(fields.at("summary")), Not(HasSubstr("\n")));
        const Json& description = fields.at("description");
        EXPECT_LE(description.is_string() ? Runes(description) : description.dump().size(),
                  32'767U);
        EXPECT_THAT(description.dump(), HasSubstr("Runbook"));
      }
    }
  }
}

}  // namespace
}  // namespace tocsin::receivers
