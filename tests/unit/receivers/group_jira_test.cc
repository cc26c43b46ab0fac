#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/group_key.h"
#include "receivers/channels/vendor_list.h"
#include "tests/unit/config/alertmanager_loading.h"
#include "tests/unit/receivers/jira_answers.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = Outcome::Kind;

constexpr char kMovingKeys[] =
    "resolve_transition: Close, reopen_transition: Reopen, reopen_duration: 1h";

std::string JiraItemWith(const std::string& keys = "priority: ''") {
  return "{api_url: 'http://jira/rest/api/2/', project: OPS, issue_type: Bug, " + keys + "}";
}

// The label of the group of group_notifications.h.
std::string IssueLabel() { return "ALERT{" + Sha256Hex(R"({}:{alertname="DiskFull"})") + "}"; }

// What a search says in JSON, of the condition on the state of issues.
std::string SearchBody(const std::string& state) {
  return R"({"fields":["status"],"jql":")" + state + R"( and project=\"OPS\" and labels=\")" +
         IssueLabel() +
         R"(\" order by status ASC,resolutiondate DESC","maxResults":2})"
         "\n";
}

// The request that writes the issue, where the search says this.
HttpClientRequest WrittenIssue(VendorWorld& jira, const GroupNotification& notification,
                               const std::string& found = kNoIssue) {
  jira.Deliver(notification);
  jira.Answer(200, found);
  return jira.LastRequest();
}

std::string CreatedBody(const std::string& keys) {
  VendorWorld jira("jira_configs", JiraItemWith(keys));
  return WrittenIssue(jira, About({Fires(DiskFull())})).body;
}

std::string EditedBody(const std::string& keys) {
  VendorWorld jira("jira_configs", JiraItemWith(keys));
  return WrittenIssue(jira, About({Fires(DiskFull())}), kOpenIssue).body;
}

std::string JiraRefusal(const std::string& item) {
  const Result<BuiltVendor> vendor =
      MakeGroupJira(config::GoodIntegration("jira_configs", item), ChannelWorld().Context());
  return vendor ? "" : vendor.message();
}

TEST(GroupJira, LooksForItsIssueAndCreatesAlertmanagersDefaultOne) {
  VendorWorld jira("jira_configs", JiraItemWith());
  const HttpClientRequest search = jira.DeliverFiring();
  EXPECT_EQ(Line(search), "POST http://jira/rest/api/2/search");
  EXPECT_EQ(HeaderOf(search, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(search, "Accept-Language"), "en");
  EXPECT_EQ(search.body, SearchBody("statusCategory != Done"));
  jira.Answer(200, kNoIssue);
  const HttpClientRequest create = jira.LastRequest();
  EXPECT_EQ(Line(create), "POST http://jira/rest/api/2/issue");
  EXPECT_EQ(HeaderOf(create, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(create, "Accept-Language"), "en");
  EXPECT_EQ(create.body,
            R"({"fields":{"description":"\n\n# Alerts Firing:\n\nLabels:\n)"
            R"(  - alertname = DiskFull\n  - job = node\n\nAnnotations:\n  - summary = 98%\n\n)"
            R"(Source: http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1\n\n\n\n",)"
            R"("issuetype":{"name":"Bug"},"labels":[")" +
                IssueLabel() +
                R"x("],"project":{"key":"OPS"},"summary":"[FIRING:1] DiskFull (node)"}})x"
                "\n");
  EXPECT_TRUE(jira.outcomes.empty());
  jira.Answer(201, R"({"id":"1","key":"OPS-1"})");
  EXPECT_EQ(jira.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_EQ(jira.http.sent(), 2U);
  EXPECT_TRUE(jira.send_resolved);
}

TEST(GroupJira, NeedsNoIssueForWhatIsOver) {
  VendorWorld jira("jira_configs", JiraItemWith(kMovingKeys));
  EXPECT_EQ(jira.DeliverResolved().body, SearchBody("statusCategory != Done"));
  jira.Answer(200, kNoIssue);
  EXPECT_EQ(jira.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_EQ(jira.http.sent(), 1U);
}

TEST(GroupJira, EditsAnIssueThatIsOpenAndLeavesItsStatus) {
  VendorWorld jira("jira_configs", JiraItemWith(kMovingKeys));
  const HttpClientRequest edit = WrittenIssue(jira, About({Fires(DiskFull())}), kOpenIssue);
  EXPECT_EQ(Line(edit), "PUT http://jira/rest/api/2/issue/OPS-1");
  EXPECT_THAT(edit.body, HasSubstr(R"x("summary":"[FIRING:1] DiskFull (node)")x"));
  jira.Answer(204);
  EXPECT_EQ(jira.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_EQ(jira.http.sent(), 2U);
}

TEST(GroupJira, EditsAndResolvesAnIssueWhenAllIsOver) {
  VendorWorld jira("jira_configs", JiraItemWith(kMovingKeys));
  const HttpClientRequest edit = WrittenIssue(jira, About({IsOver(DiskFull())}), kOpenIssue);
  EXPECT_EQ(edit.body,
            R"({"fields":{"description":"\n\n\n# Alerts Resolved:\n\nLabels:\n)"
            R"(  - alertname = DiskFull\n  - job = node\n\nAnnotations:\n  - summary = 98%\n\n)"
            R"(Source: http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1\n\n\n",)"
            R"("issuetype":{"name":"Bug"},"labels":[")" +
                IssueLabel() +
                R"x("],"project":{"key":"OPS"},"summary":"[RESOLVED] DiskFull (node)"}})x"
                "\n");
  jira.Answer(204);
  const HttpClientRequest transitions = jira.LastRequest();
  EXPECT_EQ(Line(transitions), "GET http://jira/rest/api/2/issue/OPS-1/transitions");
  EXPECT_EQ(HeaderOf(transitions, "Accept-Language"), "en");
  EXPECT_EQ(transitions.body, "");
  jira.Answer(200, kTransitions);
  EXPECT_EQ(Line(jira.LastRequest()), "POST http://jira/rest/api/2/issue/OPS-1/transitions");
  EXPECT_EQ(jira.LastRequest().body, "{\"transition\":{\"id\":\"31\"}}\n");
  EXPECT_TRUE(jira.outcomes.empty());
  jira.Answer(204);
  EXPECT_EQ(jira.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_EQ(jira.outcomes.at(0).http_status, 204);
}

TEST(GroupJira, ReopensAnIssueThatWasResolvedNotLongAgo) {
  VendorWorld jira("jira_configs", JiraItemWith(kMovingKeys));
  EXPECT_EQ(jira.DeliverFiring().body,
            SearchBody(R"((resolutiondate is EMPTY OR resolutiondate \u003e= -60m))"));
  jira.Answer(200, kDoneIssue);
  EXPECT_EQ(Line(jira.LastRequest()), "PUT http://jira/rest/api/2/issue/OPS-1");
  jira.Answer(204);
  jira.Answer(200, kTransitions);
  EXPECT_EQ(jira.LastRequest().body, "{\"transition\":{\"id\":\"41\"}}\n");
  jira.Answer(204);
  EXPECT_EQ(jira.outcomes.at(0).kind, Kind::kDelivered);
}

TEST(GroupJira, LooksForResolvedIssuesOnlyToReopenThem) {
  const auto search = [](const std::string& keys) {
    VendorWorld jira("jira_configs", JiraItemWith(keys));
    return jira.DeliverFiring().body;
  };
  const std::string open = SearchBody("statusCategory != Done");
  EXPECT_EQ(search("reopen_transition: Reopen"), open);
  EXPECT_EQ(search("reopen_transition: Reopen, reopen_duration: 59s"), open);
  EXPECT_EQ(search("reopen_duration: 1h"), open);
  // Rounded down to minutes.
  EXPECT_EQ(search("reopen_transition: Reopen, reopen_duration: 2d30m59s"),
            SearchBody(R"((resolutiondate is EMPTY OR resolutiondate \u003e= -2910m))"));
}

TEST(GroupJira, LeavesAloneWhatShouldNotBeFixed) {
  // As written, without templates.
  VendorWorld jira("jira_configs", JiraItemWith(R"(wont_fix_resolution: 'Won"t {{ .Status }}')"));
  EXPECT_EQ(jira.DeliverFiring().body,
            SearchBody(R"(resolution != \"Won\\\"t {{ .Status }}\" and statusCategory != Done)"));
}

TEST(GroupJira, LeavesTheStatusAloneWithoutATransition) {
  VendorWorld jira("jira_configs", JiraItemWith());
  WrittenIssue(jira, About({IsOver(DiskFull())}), kOpenIssue);
  jira.Answer(204);
  EXPECT_EQ(jira.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_EQ(jira.http.sent(), 2U);
}

TEST(GroupJira, LeavesAStatusAloneThatTheAnswerDoesNotTell) {
  VendorWorld jira("jira_configs", JiraItemWith(kMovingKeys));
  WrittenIssue(jira, About({IsOver(DiskFull())}), R"({"issues":[{"key":"OPS-1"}]})");
  jira.Answer(204);
  EXPECT_EQ(jira.outcomes.at(0).kind, Kind::kDelivered);
  EXPECT_EQ(jira.http.sent(), 2U);
}

TEST(GroupJira, SendsEveryKey) {
  EXPECT_EQ(CreatedBody(R"(
    summary: 's {{ .Status }}', description: 'd {{ .Status }}', priority: 'P {{ .Status }}',
    labels: [zone, '{{ .Status }}', ACE], fields: {components: [{name: '{{ .Status }}'}],
    customfield_1: {value: red, '{{ .Status }}': '{{ len .Alerts }}'}, customfield_2: 7,
    customfield_3: ~, security: '{{ .Status }}', summary: own})"),
            R"({"fields":{"components":[{"name":"firing"}],)"
            R"("customfield_1":{"firing":1,"value":"red"},"customfield_2":7,)"
            R"("customfield_3":null,"description":"d firing","issuetype":{"name":"Bug"},)"
            R"("labels":["ACE",")" +
                IssueLabel() +
                R"(","firing","zone"],"priority":{"name":"P firing"},)"
                R"("project":{"key":"OPS"},"security":"firing","summary":"own"}})"
                "\n");
}

TEST(GroupJira, ProjectAndTypeAreTemplates) {
  VendorWorld jira("jira_configs",
                   "{api_url: 'http://jira/', project: 'P{{ len .Alerts }}\"x', issue_type: "
                   "'T {{ .Status }}', description: '', priority: '', summary: ''}");
  EXPECT_THAT(jira.DeliverFiring().body, HasSubstr(R"( and project=\"P1\\\"x\" and labels=)"));
  jira.Answer(200, kNoIssue);
  EXPECT_EQ(jira.LastRequest().body, R"({"fields":{"issuetype":{"name":"T firing"},"labels":[")" +
                                         IssueLabel() +
                                         R"("],"project":{"key":"P1\"x"},"summary":""}})"
                                         "\n");
}

TEST(GroupJira, SendsTheDefaultPriority) {
  VendorWorld jira("jira_configs", "{api_url: 'http://jira/', project: OPS, issue_type: Bug}");
  PostedAlert alert = DiskFull();
  alert.labels = Labels{{"alertname", "DiskFull"}, {"severity", "critical"}};
  EXPECT_THAT(WrittenIssue(jira, About({Fires(alert)})).body,
              HasSubstr(R"("priority":{"name":"High"})"));
  EXPECT_THAT(WrittenIssue(jira, About({Fires(DiskFull())})).body, Not(HasSubstr("priority")));
}

TEST(GroupJira, TellsAnIssueAnewOnlyWhatMayBeUpdated) {
  const std::string keys =
      "summary: {template: s, enable_update: false}, description: {template: d, enable_update: "
      "true}";
  EXPECT_THAT(CreatedBody(keys), HasSubstr(R"("description":"d")"));
  EXPECT_THAT(CreatedBody(keys), HasSubstr(R"("summary":"s")"));
  EXPECT_THAT(EditedBody(keys), HasSubstr(R"("description":"d")"));
  EXPECT_THAT(EditedBody(keys), Not(HasSubstr("summary")));
  EXPECT_THAT(EditedBody("description: {enable_update: false}"), Not(HasSubstr("description")));
  // A map without a template keeps the default one.
  EXPECT_THAT(CreatedBody("summary: {enable_update: false}, description: {enable_update: false}"),
              HasSubstr("Alerts Firing"));
  EXPECT_THAT(CreatedBody("summary: {enable_update: false}"), HasSubstr("[FIRING:1] DiskFull"));
}

TEST(GroupJira, CutsSummariesAt255Characters) {
  const auto body = [](std::size_t size) {
    return CreatedBody("summary: '" + std::string(size, 'a') + "'");
  };
  EXPECT_THAT(body(255), HasSubstr("\"summary\":\"" + std::string(255, 'a') + "\""));
  EXPECT_THAT(body(256), HasSubstr("\"summary\":\"" + std::string(254, 'a') + "…\""));
}

TEST(GroupJira, CutsDescriptionsAt32767Characters) {
  const auto body = [](std::size_t size) {
    return CreatedBody("description: '" + std::string(size, 'a') + "'");
  };
  EXPECT_THAT(body(32767), HasSubstr("\"description\":\"" + std::string(32767, 'a') + "\""));
  EXPECT_THAT(body(32768), HasSubstr("\"description\":\"" + std::string(32766, 'a') + "…\""));
}

TEST(GroupJira, Version3TakesDocuments) {
  for (const char* url : {"http://jira/rest/api/3", "http://jira/rest/api/3/"}) {
    VendorWorld jira("jira_configs",
                     std::string("{project: OPS, issue_type: Bug, api_url: '") + url +
                         "', description: ' {\"type\":\"doc\",\"text\":\"{{ .Status }}\"} '}");
    EXPECT_EQ(jira.DeliverFiring().url, "http://jira/rest/api/3/search");
    jira.Answer(200, kNoIssue);
    EXPECT_EQ(jira.LastRequest().url, "http://jira/rest/api/3/issue");
    EXPECT_THAT(jira.LastRequest().body,
                StartsWith(R"({"fields":{"description":{"type":"doc","text":"firing"},)"));
  }
}

TEST(GroupJira, Version3TakesNoText) {
  const std::string url = "{api_url: 'http://jira/rest/api/3', project: OPS, issue_type: Bug";
  VendorWorld text("jira_configs", url + "}");
  text.DeliverFiring();
  EXPECT_EQ(text.http.sent(), 0U);
  EXPECT_EQ(text.outcomes.at(0).kind, Kind::kGiveUp);
  EXPECT_THAT(text.reason(), StartsWith("description: version 3 of Jira's API"));
  VendorWorld none("jira_configs", url + ", description: ' '}");
  EXPECT_THAT(WrittenIssue(none, About({Fires(DiskFull())})).body, Not(HasSubstr("description")));
}

TEST(GroupJira, SearchesTheCloudInItsOwnWay) {
  const auto search = [](const std::string& keys) {
    VendorWorld jira("jira_configs", "{project: OPS, issue_type: Bug, " + keys + "}");
    return jira.DeliverFiring().url;
  };
  const std::string cloud = "https://x.atlassian.net/rest/api/3/search/jql";
  EXPECT_EQ(search("api_url: 'https://x.atlassian.net/rest/api/2/'"), cloud);
  EXPECT_EQ(search("api_url: 'https://x.atlassian.net/rest/api/2', api_type: cloud"), cloud);
  EXPECT_EQ(search("api_url: 'https://x.atlassian.net/rest/api/2', api_type: datacenter"),
            "https://x.atlassian.net/rest/api/2/search");
  EXPECT_EQ(search("api_url: 'https://jira.example:8443/rest/api/2', api_type: cloud"),
            "https://jira.example:8443/rest/api/3/search/jql");
  EXPECT_EQ(search("api_url: 'https://jira.example/rest/api/2'"),
            "https://jira.example/rest/api/2/search");
  EXPECT_EQ(search("api_url: 'https://jira.example/x.atlassian.net'"),
            "https://jira.example/x.atlassian.net/search");
}

TEST(GroupJira, WritesInTheVersionOfTheSettingsInTheCloudToo) {
  VendorWorld jira("jira_configs",
                   "{project: OPS, issue_type: Bug, api_url: 'https://u:p@x.atlassian.net:443/rest/"
                   "api/2/', description: text}");
  const HttpClientRequest search = jira.DeliverFiring();
  EXPECT_EQ(search.url, "https://x.atlassian.net:443/rest/api/3/search/jql");
  EXPECT_EQ(HeaderOf(search, "Authorization"), "Basic dTpw");
  jira.Answer(200, kNoIssue);
  EXPECT_EQ(jira.LastRequest().url, "https://x.atlassian.net:443/rest/api/2/issue");
  EXPECT_THAT(jira.LastRequest().body, HasSubstr(R"("description":"text")"));
}

TEST(GroupJira, TakesTheAddressFromGlobal) {
  VendorWorld jira("jira_configs", "{project: OPS, issue_type: Bug}",
                   "{jira_api_url: 'http://global/'}");
  EXPECT_EQ(jira.DeliverFiring().url, "http://global/search");
}

TEST(GroupJira, EachStepIsRetriedAsAlertmanagerDoesAndByTheOutboxMoreOften) {
  struct Step {
    std::vector<std::pair<int, const char*>> before;
    const char* name;
    bool is_written;
  };
  const std::vector<Step> steps = {
      {{}, "looking for the issue: ", false},
      {{{200, kNoIssue}}, "creating the issue: ", false},
      {{{200, kDoneIssue}}, "editing the issue: ", false},
      {{{200, kDoneIssue}, {204, ""}}, "looking for a transition: ", true},
      {{{200, kDoneIssue}, {204, ""}, {200, kTransitions}}, "moving the issue: ", true},
  };
  const auto end = [](const Step& step, std::uint64_t flush_number, int status) {
    VendorWorld jira("jira_configs", JiraItemWith(kMovingKeys));
    GroupNotification notification = About({Fires(DiskFull())});
    notification.flush_number = flush_number;
    jira.Deliver(notification);
    for (const auto& [answer, body] : step.before) jira.Answer(answer, body);
    EXPECT_TRUE(jira.outcomes.empty()) << step.name;
    jira.Answer(status);
    EXPECT_EQ(jira.outcomes.size(), 1U) << step.name;
    return jira.outcomes.at(0);
  };
  for (const Step& step : steps) {
    const Outcome failed = end(step, 0, 500);
    EXPECT_EQ(failed.kind, Kind::kRetry) << step.name;
    EXPECT_EQ(failed.reason, std::string(step.name) + "HTTP status 500");
    EXPECT_EQ(failed.may_have_arrived, step.is_written) << step.name;
    EXPECT_EQ(end(step, 0, 429).kind, Kind::kRetry) << step.name;
    EXPECT_EQ(end(step, 0, 408).kind, Kind::kGiveUp) << step.name;
    EXPECT_EQ(end(step, 0, 404).kind, Kind::kGiveUp) << step.name;
    EXPECT_EQ(end(step, 0, 302).kind, Kind::kGiveUp) << step.name;
    EXPECT_EQ(end(step, 1, 500).kind, Kind::kRetry) << step.name;
    EXPECT_EQ(end(step, 1, 429).kind, Kind::kRetry) << step.name;
    EXPECT_EQ(end(step, 1, 408).kind, Kind::kRetry) << step.name;
    EXPECT_EQ(end(step, 1, 404).kind, Kind::kGiveUp) << step.name;
  }
}

TEST(GroupJira, NothingHasArrivedWhereTheSearchIsLost) {
  VendorWorld jira("jira_configs", JiraItemWith());
  HttpClientFailure failure;
  failure.message = "timeout";
  failure.outcome_unknown = true;
  jira.DeliverFiring();
  jira.http.Fail(0, failure);
  EXPECT_EQ(jira.outcomes.at(0).kind, Kind::kRetry);
  EXPECT_EQ(jira.reason(), "looking for the issue: timeout");
  EXPECT_FALSE(jira.outcomes.at(0).may_have_arrived);
  jira.DeliverFiring();
  jira.Answer(200, kNoIssue);
  jira.http.Fail(2, failure);
  EXPECT_EQ(jira.outcomes.at(1).kind, Kind::kRetry);
  EXPECT_TRUE(jira.outcomes.at(1).may_have_arrived);
}

TEST(GroupJira, GivesUpWhereASearchCannotBeRead) {
  VendorWorld jira("jira_configs", JiraItemWith());
  for (const char* body :
       {"", "<html>", "[]", R"({"issues":"none"})", R"({"issues":[{"key":"../../admin"}]})"}) {
    const Outcome outcome = jira.OutcomeOf(200, body);
    EXPECT_EQ(outcome.kind, Kind::kGiveUp) << body;
    EXPECT_EQ(outcome.reason, "looking for the issue: Jira's answer cannot be read");
    EXPECT_FALSE(outcome.may_have_arrived);
    EXPECT_THAT(outcome.advice, HasSubstr("api_url"));
  }
  EXPECT_EQ(jira.http.sent(), jira.outcomes.size());
}

TEST(GroupJira, GivesUpWhereThereIsNoSuchTransition) {
  for (const auto& [body, reason] :
       {std::pair{R"({"transitions":[{"id":"1","name":"close"}]})",
                  "Jira has no transition \"Close\" for issue OPS-1 as it is"},
        std::pair{"<html>", "looking for a transition: Jira's answer cannot be read"}}) {
    VendorWorld jira("jira_configs", JiraItemWith(kMovingKeys));
    WrittenIssue(jira, About({IsOver(DiskFull())}), kOpenIssue);
    jira.Answer(204);
    jira.Answer(200, body);
    ASSERT_EQ(jira.outcomes.size(), 1U);
    EXPECT_EQ(jira.outcomes.at(0).kind, Kind::kGiveUp);
    EXPECT_EQ(jira.reason(), reason);
    EXPECT_TRUE(jira.outcomes.at(0).may_have_arrived);
    EXPECT_EQ(jira.http.sent(), 3U);
  }
}

TEST(GroupJira, GivesUpWhereATemplateFailsAndSendsNothing) {
  for (const char* keys : {"summary: '{{ .Nothing }}'", "summary: {template: '{{ .Nothing }}'}",
                           "description: '{{ .Nothing }}'", "priority: '{{ .Nothing }}'",
                           "labels: ['{{ .Nothing }}']", "fields: {a: ['{{ .Nothing }}']}"}) {
    VendorWorld jira("jira_configs", JiraItemWith(keys));
    jira.DeliverFiring();
    EXPECT_EQ(jira.http.sent(), 0U) << keys;
    EXPECT_EQ(jira.outcomes.at(0).kind, Kind::kGiveUp) << keys;
    EXPECT_THAT(jira.reason(), HasSubstr(":1:4: ")) << keys;
  }
}

TEST(GroupJira, IsNotMadeOfSettingsThatItCannotWorkWith) {
  EXPECT_EQ(JiraRefusal(JiraItemWith("api_type: datacenter")), "");
  EXPECT_THAT(JiraRefusal(JiraItemWith("summary: [a]")),
              HasSubstr("summary must be a text, or a map"));
  EXPECT_THAT(JiraRefusal(JiraItemWith("description: {text: a}")),
              HasSubstr("unknown key \"text\" in description"));
  EXPECT_THAT(JiraRefusal(JiraItemWith("description: {enable_update: maybe}")),
              HasSubstr("description.enable_update must be true or false"));
}

TEST(GroupJira, HostileTextStaysText) {
  VendorWorld jira(
      "jira_configs",
      JiraItemWith("summary: '{{ .CommonAnnotations.x }}', labels: ['{{ "
                   ".CommonAnnotations.x }}'], fields: {a: '{{ .CommonAnnotations.x }}'}"));
  PostedAlert alert = DiskFull();
  alert.annotations = {{"x", "\"},<script>&\n\\\xff"}};
  const std::string body = WrittenIssue(jira, About({Fires(alert)})).body;
  constexpr char kText[] = R"("\"},\u003cscript\u003e\u0026\n\\�")";
  EXPECT_THAT(body, HasSubstr(std::string(R"("summary":)") + kText));
  EXPECT_THAT(body, HasSubstr(std::string(R"("labels":[)") + kText));
  EXPECT_THAT(body, StartsWith(R"({"fields":{"a":"\"},\u003cscript\u003e\u0026\n\\\ufffd",)"));
}

}  // namespace
}  // namespace tocsin::receivers
