// Comments and silences made from an alert.
#include "exporter/api/alert_talk_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/unit/exporter/api/api_world.h"

namespace tocsin::api {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::CpuRule;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

json FaultsOf(const http::Response& response) {
  EXPECT_EQ(response.status, 422) << response.body;
  json short_faults = json::array();
  const json body = Parsed(response);
  for (const json& fault : body.at("detail")) {
    std::string where;
    for (const json& part : fault.at("loc")) {
      where += (where.empty() ? "" : ".") +
               (part.is_string() ? part.get<std::string>() : std::to_string(part.get<int>()));
    }
    short_faults.push_back(where + " " + fault.at("type").get<std::string>());
  }
  return short_faults;
}

std::vector<std::string> MatchersOf(const receivers::Silence& silence) {
  std::vector<std::string> matchers;
  for (const Matcher& matcher : silence.matchers) matchers.push_back(matcher.ToString());
  return matchers;
}

class AlertTalkTest : public ::testing::Test {
 protected:
  AlertTalkTest() { world_.Submit("a", 90); }

  std::string Path(const std::string& what) { return "/alerts/" + id_ + "/" + what; }
  http::Response Comment(const std::string& body) { return world_.Post(Path("comments"), body); }
  http::Response Silence(const std::string& body) { return world_.Post(Path("silence"), body); }
  // The fingerprint.
  std::string PostAlert() {
    const Labels labels{{"alertname", "DiskFull"}, {"instance", "db-1"}, {"severity", "page"}};
    world_.alerts.Put({testing::Posted(labels, kStart, kStart + hours(9), kStart)});
    return FormatHex64(labels.view().Fingerprint());
  }

  ApiWorld world_{{CpuRule("r1")}};
  const std::string id_ = "id-1";  // of the first alert
};

// ---- comments

TEST_F(AlertTalkTest, ACommentIsAnsweredShownWithTheAlertAndListed) {
  world_.Advance(seconds(5));
  const http::Response response = Comment(R"({"actor":"anna","text":"it is the fan"})");
  EXPECT_EQ(response.status, 200);
  const json made = Parsed(response);
  EXPECT_EQ(made, json::parse(R"({"id": "comment-1", "alert_id": "id-1", "actor": "anna",
                                  "text": "it is the fan", "at": "2100-01-01T00:00:05Z"})"));
  EXPECT_EQ(Comment(R"({"actor":"bob","text":"replaced"})").status, 200);

  const json listed = Parsed(world_.Get(Path("comments")));
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0], made);
  EXPECT_EQ(listed[1].at("text"), "replaced");
  const json alert = Parsed(world_.Get("/alerts/id-1"));
  EXPECT_EQ(alert.at("comments"), listed);
  EXPECT_EQ(alert.at("comment_count"), 2);
  EXPECT_EQ(Parsed(world_.Get("/alerts"))[0].at("comment_count"), 2);
}

TEST_F(AlertTalkTest, ACommentStandsInTheAlertsHistory) {
  Comment(R"({"actor":"anna","text":"it is the fan"})");
  const json events = Parsed(world_.Get("/alerts/id-1")).at("events");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1], json::parse(R"({"sequence": 2, "type": "alert.commented",
      "at": "2100-01-01T00:00:00Z", "actor": "anna", "text": "it is the fan"})"));
}

TEST_F(AlertTalkTest, WhoCommentsIsTheHolderOfTheKeyUnlessTheBodySaysSo) {
  world_.actor = {"k1", "dashboard"};
  EXPECT_EQ(Parsed(Comment(R"({"text":"x"})")).at("actor"), "dashboard");
  EXPECT_EQ(Parsed(Comment(R"({"text":"x","actor":null})")).at("actor"), "dashboard");
  EXPECT_EQ(Parsed(Comment(R"({"text":"x","actor":"anna"})")).at("actor"), "anna");
}

TEST_F(AlertTalkTest, AResolvedAlertMayBeCommentedOn) {
  world_.Submit("a", 10);
  EXPECT_EQ(Comment(R"({"text":"it was the fan"})").status, 200);
  EXPECT_EQ(Parsed(world_.Get("/alerts/id-1")).at("comments").size(), 1U);
}

TEST_F(AlertTalkTest, APostedAlertIsCommentedOnByItsFingerprintOrItsId) {
  const std::string fingerprint = PostAlert();
  const http::Response response =
      world_.Post("/alerts/" + fingerprint + "/comments", R"({"text":"known"})");
  EXPECT_EQ(response.status, 200) << response.body;
  const std::string id = Parsed(response).at("alert_id");
  EXPECT_NE(id, fingerprint);
  EXPECT_EQ(world_.Post("/alerts/" + id + "/comments", R"({"text":"again"})").status, 200);
  const json alert = Parsed(world_.Get("/alerts/" + fingerprint));
  EXPECT_EQ(alert.at("id"), id);
  EXPECT_EQ(alert.at("comments").size(), 2U);
  EXPECT_EQ(world_.store.events().back().rule_id, "");
  EXPECT_EQ(world_.store.events().back().labels.Get("instance"), "db-1");
}

TEST_F(AlertTalkTest, EveryFaultOfACommentIsTold) {
  EXPECT_EQ(FaultsOf(Comment("")), json::parse(R"(["body value_error.missing"])"));
  EXPECT_EQ(FaultsOf(Comment("[]")), json::parse(R"(["body type_error.dict"])"));
  EXPECT_EQ(FaultsOf(Comment("{}")), json::parse(R"(["body.text value_error.missing"])"));
  EXPECT_EQ(
      FaultsOf(Comment(R"({"text":null,"actor":7})")),
      json::parse(R"(["body.actor type_error.str", "body.text type_error.none.not_allowed"])"));
  EXPECT_EQ(FaultsOf(Comment(R"({"text":" \n","actor":""})")),
            json::parse(R"(["body.actor value_error.any_str.min_length",
                            "body.text value_error.any_str.min_length"])"));
  // Characters, not bytes.
  std::string longest;
  for (std::size_t i = 0; i < AlertTalkApi::kLongestText; ++i) longest += "é";
  EXPECT_EQ(Comment(R"({"text":")" + longest + R"("})").status, 200);
  EXPECT_EQ(FaultsOf(Comment(R"({"text":")" + longest + R"(é"})")),
            json::parse(R"(["body.text value_error.any_str.max_length"])"));
  EXPECT_EQ(Parsed(world_.Get(Path("comments"))).size(), 1U);
}

TEST_F(AlertTalkTest, AnAlertHasNoMoreCommentsThanTheMost) {
  for (std::size_t i = 0; i < receivers::AlertComments::kMostOfOneAlert; ++i) {
    ASSERT_EQ(Comment(R"({"text":"x"})").status, 200);
  }
  const http::Response refused = Comment(R"({"text":"x"})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.body, R"({"detail":"The alert has 100 comments, which is the most"})");
}

TEST_F(AlertTalkTest, WhatIsSaidOfNoAlertIs404) {
  for (const char* what : {"comments", "silence"}) {
    const http::Response response =
        world_.Post(std::string("/alerts/nobody/") + what, R"({"text":"x","duration":60})");
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.body, R"({"detail":"Alert not found"})");
  }
  EXPECT_EQ(world_.Get("/alerts/nobody/comments").status, 404);
}

TEST_F(AlertTalkTest, ACommentIsAudited) {
  const http::Response response = Comment(R"({"actor":"anna","text":"x"})");
  ASSERT_NE(response.change, nullptr);
  EXPECT_EQ(response.change->action, "alert.comment");
  EXPECT_EQ(response.change->target, "id-1");
  EXPECT_EQ(json::parse(response.change->after), Parsed(response));
}

TEST_F(AlertTalkTest, ACommentThatComesAgainUnderItsIdIsMadeOnce) {
  world_.creation_id = "the-id";
  EXPECT_EQ(Parsed(Comment(R"({"text":"x"})")).at("id"), "the-id");
  EXPECT_EQ(Parsed(Comment(R"({"text":"x"})")).at("id"), "the-id");
  EXPECT_EQ(Parsed(world_.Get(Path("comments"))).size(), 1U);
}

// ---- silences

TEST_F(AlertTalkTest, ASilenceMatchesAllLabelsOfTheAlertAndItsIdIsAnswered) {
  const http::Response response = Silence(R"({"duration":"2h","comment":"known","actor":"anna"})");
  EXPECT_EQ(response.status, 200) << response.body;
  const json answer = Parsed(response);
  EXPECT_EQ(answer.at("silence_id"), "silence-1");
  EXPECT_EQ(answer.at("ends_at"), "2100-01-01T02:00:00Z");
  const receivers::SilencePtr silence = world_.silences().Find("silence-1");
  ASSERT_NE(silence, nullptr);
  EXPECT_EQ(silence->comment, "known");
  EXPECT_EQ(silence->created_by, "anna");
  EXPECT_EQ(silence->starts_at, kStart);
  EXPECT_EQ(silence->ends_at, kStart + hours(2));
  EXPECT_THAT(MatchersOf(*silence),
              UnorderedElementsAre(R"(alertname="High CPU")", R"(host="a")", HasSubstr("severity="),
                                   HasSubstr("pynomaly_severity="), HasSubstr("priority=")));
  world_.Submit("b", 90);  // another host's stays as it is
  EXPECT_EQ(world_.AlertOf("a").at("status"), "suppressed");
  EXPECT_EQ(world_.AlertOf("a").at("silenced_by"), json::array({"silence-1"}));
  EXPECT_EQ(world_.AlertOf("b").at("status"), "active");
}

TEST_F(AlertTalkTest, ASilenceOfSomeLabelsHoldsForAllThatHaveThem) {
  EXPECT_EQ(Silence(R"({"duration":60,"labels":["alertname"]})").status, 200);
  const receivers::SilencePtr silence = world_.silences().Find("silence-1");
  EXPECT_THAT(MatchersOf(*silence), ElementsAre(R"(alertname="High CPU")"));
  EXPECT_EQ(silence->comment, "made from the alert High CPU");
  EXPECT_EQ(silence->created_by, "api");
  world_.Submit("b", 90);
  EXPECT_EQ(world_.AlertOf("b").at("status"), "suppressed");
  world_.Advance(seconds(60));
  EXPECT_EQ(world_.AlertOf("b").at("status"), "active");
}

TEST_F(AlertTalkTest, ASilencesEndMayBeATime) {
  EXPECT_EQ(Silence(R"({"ends_at":"2100-01-01T01:00:00+00:30"})").status, 200);
  EXPECT_EQ(world_.silences().Find("silence-1")->ends_at, kStart + minutes(30));
  EXPECT_EQ(Silence(R"({"ends_at":4102444860})").status, 200);
  EXPECT_EQ(world_.silences().Find("silence-2")->ends_at, kStart + minutes(1));
}

TEST_F(AlertTalkTest, EveryFaultOfASilenceIsTold) {
  EXPECT_EQ(FaultsOf(Silence("")), json::parse(R"(["body value_error.missing"])"));
  EXPECT_EQ(FaultsOf(Silence("{}")), json::parse(R"(["body.duration value_error.missing"])"));
  EXPECT_EQ(FaultsOf(Silence(R"({"duration":60,"ends_at":"2101-01-01T00:00:00Z"})")),
            json::parse(R"(["body.duration value_error.conflict"])"));
  EXPECT_EQ(FaultsOf(Silence(R"({"ends_at":"2099-12-31T23:59:59Z"})")),
            json::parse(R"(["body.ends_at value_error.datetime"])"));
  EXPECT_EQ(FaultsOf(Silence(R"({"duration":0,"ends_at":"soon","comment":1,"actor":[],
                                 "labels":["host","pod",7]})")),
            json::parse(R"(["body.duration value_error.duration",
                            "body.ends_at value_error.datetime", "body.comment type_error.str",
                            "body.actor type_error.str", "body.labels.1 value_error.label",
                            "body.labels.2 type_error.str"])"));
  EXPECT_EQ(FaultsOf(Silence(R"({"duration":60,"labels":[]})")),
            json::parse(R"(["body.labels value_error.list.min_items"])"));
  EXPECT_EQ(FaultsOf(Silence(R"({"duration":60,"labels":"host"})")),
            json::parse(R"(["body.labels type_error.list"])"));
  EXPECT_TRUE(world_.silences().All().empty());
}

TEST_F(AlertTalkTest, APostedAlertIsSilencedToo) {
  const std::string fingerprint = PostAlert();
  EXPECT_EQ(world_.Post("/alerts/" + fingerprint + "/silence", R"({"duration":60})").status, 200);
  EXPECT_EQ(Parsed(world_.Get("/alerts/" + fingerprint)).at("status"), "suppressed");
  EXPECT_THAT(
      MatchersOf(*world_.silences().Find("silence-1")),
      UnorderedElementsAre(R"(alertname="DiskFull")", R"(instance="db-1")", R"(severity="page")"));
}

TEST_F(AlertTalkTest, ASilenceIsAudited) {
  const http::Response response = Silence(R"({"duration":60})");
  ASSERT_NE(response.change, nullptr);
  EXPECT_EQ(response.change->action, "alert.silence");
  EXPECT_EQ(response.change->target, "id-1");
  EXPECT_EQ(json::parse(response.change->after).at("id"), "silence-1");
}

TEST_F(AlertTalkTest, ASilenceThatComesAgainUnderItsIdIsMadeOnceAsLongAsItLasts) {
  world_.creation_id = "the-id";
  EXPECT_EQ(Parsed(Silence(R"({"duration":60})")).at("silence_id"), "the-id");
  EXPECT_EQ(Parsed(Silence(R"({"duration":60})")).at("silence_id"), "the-id");
  EXPECT_EQ(world_.silences().All().size(), 1U);
  world_.Advance(seconds(60));
  EXPECT_EQ(Parsed(Silence(R"({"duration":60})")).at("silence_id"), "silence-1");
}

}  // namespace
}  // namespace tocsin::api
