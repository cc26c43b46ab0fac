#include "exporter/api/receivers_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_library.h"
#include "config/alertmanager_settings.h"

namespace tocsin::api {
namespace {

using ::testing::ElementsAre;

ListedReceiver Ops() {
  ListedReceiver ops;
  ops.name = "ops";
  ops.source = "api";
  ops.shown = {{"name", "ops"}, {"webhook", {{"url", "<secret>"}}}};
  ops.created_at = FromUnixMillis(1'714'557'600'000);
  ops.updated_at = FromUnixMillis(1'714'557'660'000);
  ops.created_by = "anna";
  return ops;
}

// The routes over commands that only note what they are asked for.
class ReceiversApiTest : public ::testing::Test {
 protected:
  ReceiversApiTest()
      : api_({{[this](const nlohmann::json& body, const std::string& actor, const std::string& id) {
                 asked_.push_back("create " + body.dump() + " by " + actor + " as " + id);
                 return outcome_;
               },
               [this](const std::string& name, const nlohmann::json& body, const std::string&) {
                 asked_.push_back("update " + name + " " + body.dump());
                 return outcome_;
               },
               [this](const std::string& name, const std::string&) {
                 asked_.push_back("remove " + name);
                 return outcome_;
               }},
              [this] { return std::make_shared<const ReceiverList>(list_); }}) {
    for (http::Route& route : api_.Routes()) router_.Add(std::move(route));
    outcome_.after = Ops();
  }

  http::Response Send(const std::string& method, const std::string& path,
                      const std::string& body = "") {
    http::Request request;
    request.method = method;
    request.raw_path = path;
    request.creation_id = creation_id_;
    request.body = body;
    const http::Router::Match match = router_.Find(request);
    return match.route == nullptr ? match.error : match.route->handler(request);
  }

  ReceiverList list_{Ops()};
  ReceiverOutcome outcome_;
  std::string creation_id_;
  std::vector<std::string> asked_;
  ReceiversApi api_;
  http::Router router_;
};

TEST_F(ReceiversApiTest, AreAdminsAloneUnderBothWordsAndBothMounts) {
  std::vector<std::string> served;
  for (const http::Route* route : router_.routes()) {
    EXPECT_EQ(route->access, http::Access::kAdmin) << route->pattern;
    served.push_back(route->method + " " + route->pattern);
  }
  for (const char* mount : {"/api/v1/alerting", "/alerting"}) {
    for (const char* word : {"/receivers", "/channels"}) {
      for (const char* route :
           {"GET @", "POST @", "GET @/{name}", "PUT @/{name}", "DELETE @/{name}"}) {
        std::string wanted = route;
        wanted.replace(wanted.find('@'), 1, std::string(mount) + word);
        EXPECT_THAT(served, ::testing::Contains(wanted));
      }
    }
  }
  EXPECT_EQ(served.size(), 20U);
}

TEST_F(ReceiversApiTest, AnswersSayWhoseTheyAreBesideTheirSettings) {
  const nlohmann::json wanted = nlohmann::json::parse(
      R"({"name":"ops","webhook":{"url":"<secret>"},"source":"api","defined_in":null,
          "created_at":"2024-05-01T10:00:00Z","updated_at":"2024-05-01T10:01:00Z",
          "created_by":"anna"})");
  EXPECT_EQ(ParseJson(Send("GET", "/alerting/channels/ops").body), wanted);
  EXPECT_EQ(ParseJson(Send("GET", "/api/v1/alerting/receivers").body),
            nlohmann::json::array({wanted}));
  EXPECT_EQ(ParseJson(Send("POST", "/alerting/receivers", "{}").body), wanted);
  list_.front().warnings = {"w"};
  EXPECT_EQ(ParseJson(Send("GET", "/alerting/receivers/ops").body)["warnings"][0], "w");
  EXPECT_EQ(Send("GET", "/alerting/receivers/dev").status, 404);
}

TEST_F(ReceiversApiTest, CommandsGetWhatWasSent) {
  creation_id_ = "c1";
  EXPECT_EQ(Send("POST", "/alerting/receivers", R"({"name":"ops"})").status, 200);
  EXPECT_EQ(Send("PUT", "/alerting/receivers/a%2Fb", R"({"x":1})").status, 200);
  outcome_.before = Ops();
  outcome_.after.reset();
  EXPECT_EQ(ParseJson(Send("DELETE", "/alerting/receivers/ops").body)["message"],
            "Receiver deleted successfully");
  EXPECT_THAT(asked_, ElementsAre(R"(create {"name":"ops"} by api as c1)", R"(update a/b {"x":1})",
                                  "remove ops"));
}

TEST_F(ReceiversApiTest, ChangesAreNotedForTheAuditLogOnceAndWithoutSecrets) {
  outcome_.before = Ops();
  const http::Response changed = Send("PUT", "/alerting/receivers/ops", "{}");
  ASSERT_NE(changed.change, nullptr);
  EXPECT_EQ(changed.change->action, "receiver.update");
  EXPECT_EQ(changed.change->target, "ops");
  EXPECT_EQ(changed.change->before, R"({"name":"ops","webhook":{"url":"<secret>"}})");
  EXPECT_EQ(changed.change->after, changed.change->before);
  outcome_.repeated = true;
  EXPECT_EQ(Send("POST", "/alerting/receivers", "{}").change, nullptr);
}

TEST_F(ReceiversApiTest, EachOutcomeHasItsStatus) {
  const std::pair<ReceiverOutcome::Kind, int> kStatuses[] = {
      {ReceiverOutcome::Kind::kNotFound, 404},    {ReceiverOutcome::Kind::kConflict, 409},
      {ReceiverOutcome::Kind::kFaulty, 422},      {ReceiverOutcome::Kind::kUnavailable, 503},
      {ReceiverOutcome::Kind::kUnconfirmed, 503}, {ReceiverOutcome::Kind::kStopping, 503}};
  for (const auto& [kind, status] : kStatuses) {
    outcome_.kind = kind;
    for (const char* method : {"PUT", "DELETE"}) {
      const http::Response response = Send(method, "/alerting/receivers/ops", "{}");
      EXPECT_EQ(response.status, status);
      EXPECT_TRUE(ParseJson(response.body).contains("detail"));
      EXPECT_EQ(response.change, nullptr);
    }
  }
}

TEST_F(ReceiversApiTest, WhatIsNoObjectNeverReachesACommand) {
  for (const char* body : {"", " ", "7", "[]", "null", "{", R"({"a":1e999})", "{\"a\":\"\xff\"}"}) {
    EXPECT_EQ(Send("POST", "/alerting/receivers", body).status, 422) << body;
    EXPECT_EQ(Send("PUT", "/alerting/receivers/ops", body).status, 422) << body;
  }
  EXPECT_THAT(asked_, ::testing::IsEmpty());
}

TEST(ListedFrom, SaysWhereAReceiverIsDefined) {
  config::ReceiverSettings of_environment;
  of_environment.name = "slack";
  of_environment.source = "environment SLACK_WEBHOOK_URL";
  of_environment.channels.emplace_back().type = "slack";
  const ListedReceiver listed = ListedFrom(of_environment);
  EXPECT_EQ(listed.source, "environment");
  EXPECT_EQ(listed.defined_in, "environment SLACK_WEBHOOK_URL");
  EXPECT_EQ(listed.shown, (Json{{"name", "slack"}, {"slack", Json::object()}}));

  config::ReceiverSettings built_in;
  built_in.source = "built in";
  EXPECT_EQ(ListedFrom(built_in).source, "built in");
  config::ReceiverSettings of_file;
  of_file.source = "tocsin.yml:3:5";
  EXPECT_EQ(ListedFrom(of_file).source, "file");

  config::AlertmanagerReceiver of_alertmanager;
  of_alertmanager.name = "team";
  of_alertmanager.place = "alertmanager.yml:7:3";
  of_alertmanager.integrations.emplace_back().type = "webhook";
  const ListedReceiver team = ListedFrom(of_alertmanager);
  EXPECT_EQ(team.source, "file");
  EXPECT_EQ(team.defined_in, "alertmanager.yml:7:3");
  EXPECT_EQ(team.shown, (Json{{"name", "team"}, {"webhook", Json::object()}}));
}

}  // namespace
}  // namespace tocsin::api
