// The description against the routes and the readers that it describes.
#include "exporter/api/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/json_library.h"
#include "base/scopes.h"
#include "base/text.h"
#include "base/worker_pool.h"
#include "config/alertmanager_file.h"
#include "exporter/api/alert_talk_api.h"
#include "exporter/api/delivery_api.h"
#include "exporter/api/description_page.h"
#include "exporter/api/history_api.h"
#include "exporter/api/receiver_trial_api.h"
#include "exporter/api/receivers_api.h"
#include "exporter/api/rule_body.h"
#include "exporter/api/rules_api.h"
#include "exporter/api/security_api.h"
#include "exporter/api/stream_api.h"
#include "exporter/intake/json_metrics.h"
#include "exporter/security/access_guard.h"
#include "receivers/dispatcher.h"
#include "receivers/pipeline/graph.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/fake_mail_client.h"
#include "tests/support/null_log.h"
#include "tests/support/recording_sample_sink.h"
#include "tests/unit/exporter/api/api_world.h"
#include "tests/unit/exporter/api/no_files.h"
#include "tests/unit/exporter/security/security_world.h"

namespace tocsin::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Texts = std::vector<std::string>;

// The routes of the alerting API, as the daemon puts them together; none is asked anything.
class OpenApiTest : public ::testing::Test {
 protected:
  OpenApiTest() {
    Take(AlertingApi(world_.Sources()).Routes());
    Take(AlertTalkApi(
             {world_.Sources().alerts, world_.comments(), world_.silences(), world_.clock, nullptr})
             .Routes());
    Take(DeliveryApi(world_.book, world_.alerts, world_.silences(), dispatcher_, world_.clock)
             .Routes());
    const auto never = [](const http::Request&) { return http::Response(); };
    RulesApi rules({});
    Take(rules.Routes());
    Take(rules.DemoRoutes());
    Take(DemoTriggerRoutes(never));
    Take(ReceiversApi({}).Routes());
    Take(ReceiverTrialRoutes({nullptr, nullptr, "", world_.clock, Logger(log_, "receiver_test")}));
    Take(stream_.Routes());
    Take(HistoryApi({world_.store, nullptr, world_.clock}).Routes());
    Take(SecurityApi(security_.keys, security_.audit, security_.clock).Routes());
    const intake::Context context{sink_,           world_.store, world_.clock, Logger(log_, "test"),
                                  world_.registry, nullptr};
    Take(intake::JsonMetricsIntake(context).Routes());
  }
  void Take(std::vector<http::Route> routes) {
    for (http::Route& route : routes) routes_.push_back(std::move(route));
  }
  std::vector<const http::Route*> Pointers() const {
    std::vector<const http::Route*> all;
    for (const http::Route& route : routes_) all.push_back(&route);
    return all;
  }
  json Described() const { return ParseJson(DescribeAlertingApi(Pointers())); }

  static receivers::PipelineGraphPtr Graph(const receivers::ChannelContext& context) {
    NoFiles files;
    const config::LoadedAlertmanager loaded = config::LoadAlertmanagerText(
        "alertmanager.yml", "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", {}, files);
    return *receivers::BuildPipelineGraph(loaded.settings, context, {});
  }

  ApiWorld world_{{}};
  testing::NullLogSink log_;
  security::SecurityWorld security_;
  testing::RecordingSampleSink sink_;
  testing::FakeHttpClient http_;
  testing::FakeMailClient mail_;
  WorkerPool console_{1, 1};
  receivers::ChannelContext context_{http_,
                                     mail_,
                                     world_.clock,
                                     world_.registry,
                                     [](std::string_view, Duration) { return Status(); },
                                     console_};
  receivers::Dispatcher dispatcher_{{},
                                    Graph(context_),
                                    world_.alerts,
                                    world_.silences(),
                                    world_.store,
                                    world_.clock,
                                    [] { return 0.5; },
                                    Logger(log_, "dispatcher"),
                                    world_.registry};
  security::RateLimiter limits_{world_.clock};
  security::AccessGuard guard_{security_.keys, limits_, security_.audit, world_.clock,
                               world_.registry};
  SampleTap samples_{sink_, world_.registry};
  StreamHub hub_{world_.store, [](const std::function<void()>&) {}, console_};
  AlertingSources sources_ = world_.Sources();
  AlertSnapshots snapshots_{hub_, world_.store, sources_.alerts,
                            [](const KnownAlert&) { return std::string(); },
                            [](const std::function<void()>&) {}};
  StreamApi stream_{
      {hub_, snapshots_, samples_, world_.store, world_.clock, world_.book, guard_, {}, {}}, {}};
  std::vector<http::Route> routes_;
};

Texts ScopesOf(const json& operation) {
  Texts scopes;
  for (const json& way : operation["security"]) {
    Texts said = way.begin().value().get<Texts>();
    EXPECT_TRUE(scopes.empty() || scopes == said);
    scopes = std::move(said);
  }
  return scopes;
}

TEST_F(OpenApiTest, EveryRouteIsDescribedAndNothingElse) {
  std::map<std::string, std::set<std::string>> routed;  // by mount: "GET /rules"
  for (const http::Route& route : routes_) {
    for (const std::string mount : kAlertingMounts) {
      if (route.pattern.starts_with(mount + "/")) {
        routed[mount].insert(route.method + " " + route.pattern.substr(mount.size()));
      }
    }
  }
  std::set<std::string> told;
  for (const Operations& part : AllOperations()) {
    for (const Operation& one : part.list) {
      EXPECT_TRUE(told.insert(std::string(one.method) + " " + one.path).second) << one.path;
      EXPECT_FALSE(one.summary.empty()) << one.path;
    }
  }
  told.erase("GET /openapi.json");  // below
  told.erase("GET /docs");
  EXPECT_EQ(routed["/api/v1/alerting"], told);
  EXPECT_EQ(routed["/alerting"], told);
  EXPECT_EQ(routes_.size(), 2 * told.size());
}

TEST_F(OpenApiTest, ARouteThatNobodyHasDescribedIsMarked) {
  http::Route route;
  route.method = "GET";
  route.pattern = "/api/v1/alerting/surprise/{id}";
  route.access = http::Access::kOperate;
  const json paths = ParseJson(DescribeAlertingApi({&route}))["paths"];
  ASSERT_EQ(paths.size(), 1U);
  const json& operation = paths["/surprise/{id}"]["get"];
  EXPECT_EQ(operation["x-undescribed"], true);
  EXPECT_THAT(ScopesOf(operation), ElementsAre("operate"));
  EXPECT_EQ(operation["parameters"][0]["name"], "id");
}

TEST_F(OpenApiTest, ServesItselfWithItselfInIt) {
  const std::vector<http::Route> own = OpenApiRoutes(Pointers());
  ASSERT_EQ(own.size(), 4U);
  for (const http::Route& route : own) {
    EXPECT_EQ(route.access, http::Access::kRead);
    if (!route.pattern.ends_with("/openapi.json")) continue;
    const http::Response response = route.handler({});
    EXPECT_EQ(response.content_type, "application/json");
    const json description = ParseJson(response.body);
    EXPECT_EQ(description["openapi"], "3.1.0");
    EXPECT_TRUE(description["paths"].contains("/openapi.json"));
    EXPECT_TRUE(description["paths"].contains("/rules/{id}"));
    EXPECT_EQ(response.body.find("x-undescribed"), std::string::npos);
  }
}

TEST_F(OpenApiTest, ServesAPageWithEveryOperationOnBothMounts) {
  const std::vector<http::Route> own = OpenApiRoutes(Pointers());
  std::string pages[2];
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string pattern = std::string(kAlertingMounts[i]) + "/docs";
    const auto route = std::find_if(own.begin(), own.end(), [&pattern](const http::Route& one) {
      return one.pattern == pattern;
    });
    ASSERT_NE(route, own.end());
    const http::Response response = route->handler({});
    EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
    pages[i] = response.body;
  }
  EXPECT_EQ(pages[0], pages[1]);
  const std::string& page = pages[0];
  for (const Operations& part : AllOperations()) {
    for (const Operation& one : part.list) {
      EXPECT_THAT(page,
                  HasSubstr("<h3 id=\"" + one.id + "\">" + one.method + " " + one.path + "<"));
      EXPECT_THAT(page, HasSubstr(EscapeHtml(one.summary)));
    }
    for (const auto& [name, schema] : part.schemas.items()) {
      EXPECT_THAT(page, HasSubstr("<details id=\"schema-" + name + "\">"));
    }
  }
  for (const char* active :
       {"<script", "<link", "src=", "http://", "https://", "onclick", "url("}) {
    EXPECT_THAT(page, Not(HasSubstr(active)));
  }
}

TEST_F(OpenApiTest, ThePageEscapesWhatItShows) {
  const std::string evil = R"(<script>"&')";
  const Json description = {
      {"info", {{"title", evil}, {"version", evil}, {"description", evil}}},
      {"servers", {{{"url", evil}}}},
      {"paths",
       {{evil,
         {{evil,
           {{"operationId", evil},
            {"tags", {evil}},
            {"summary", evil},
            {"parameters",
             {{{"name", evil}, {"in", evil}, {"description", evil}, {"schema", {{"a", evil}}}}}},
            {"requestBody",
             {{"required", true}, {"content", {{evil, {{"schema", {{"a", evil}}}}}}}}},
            {"responses",
             {{evil,
               {{"description", evil},
                {"content", {{evil, {{"schema", {{"$ref", "/" + evil}}}}}}}}}}},
            {"security", {{{"apiKey", {evil}}}}}}}}}}},
      {"components",
       {{"schemas", {{evil, {{"a", evil}}}}},
        {"responses", Json::object()},
        {"parameters", Json::object()}}}};
  const std::string page = DescriptionPage(description);
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr(R"("&')")));
}

TEST_F(OpenApiTest, TellsTheScopesThatTheGuardAsksFor) {
  const std::map<std::string, Scope> scopes = {{"read", Scope::kRead},
                                               {"push", Scope::kPush},
                                               {"operate", Scope::kOperate},
                                               {"admin", Scope::kAdmin}};
  const json paths = Described()["paths"];
  for (const http::Route& route : routes_) {
    const std::string mount = kAlertingMounts[0];
    if (!route.pattern.starts_with(mount)) continue;
    const Texts told =
        ScopesOf(paths[route.pattern.substr(mount.size())][ToLowerAscii(route.method)]);
    for (const Scope scope : {Scope::kRead, Scope::kPush, Scope::kOperate, Scope::kAdmin}) {
      bool opens = told.empty();
      for (const std::string& name : told) opens = opens || Scopes{scope}.Allow(scopes.at(name));
      EXPECT_EQ(opens, security::IsOpenTo(&route, {scope})) << route.pattern;
    }
  }
  EXPECT_THAT(ScopesOf(paths["/rules"]["get"]), ElementsAre("read"));
  EXPECT_THAT(ScopesOf(paths["/rules"]["post"]), ElementsAre("operate"));
  EXPECT_THAT(ScopesOf(paths["/metrics"]["post"]), ElementsAre("push"));
  EXPECT_THAT(ScopesOf(paths["/keys"]["post"]), ElementsAre("admin"));
  EXPECT_THAT(ScopesOf(paths["/dead-letters/{id}/resend"]["post"]), ElementsAre("admin"));
  EXPECT_THAT(ScopesOf(paths["/health"]["get"]), IsEmpty());
}

// ---- the schema of a rule against the reader of rules

Texts FieldsAtFault(const json& body) {
  const config::ReceiverNames receivers{std::vector<config::ReceiverSettings>()};
  Json faults = Json::array();
  ReadRuleBody(body, RuleFields::kAllRequired, receivers, &faults);
  std::set<std::string> fields;
  for (const Json& fault : faults) fields.insert(fault["loc"][1].get<std::string>());
  return {fields.begin(), fields.end()};
}

json GoodRule() {
  return {{"name", "hot"},     {"metric_name", "cpu"}, {"condition", ">"},
          {"threshold", "80"}, {"severity", "high"},   {"notification_channels", {"email"}}};
}

TEST_F(OpenApiTest, EachFieldOfARuleThatIsDescribedIsRead) {
  const json schema = Described()["components"]["schemas"]["NewRule"];
  ASSERT_THAT(FieldsAtFault(GoodRule()), IsEmpty());
  for (const auto& [field, property] : schema["properties"].items()) {
    json body = GoodRule();
    body[field] = json::array({json::array()});  // of no field's type
    EXPECT_THAT(FieldsAtFault(body), ElementsAre(field));
  }
  json body = GoodRule();
  body["field_that_is_none"] = json::array({json::array()});
  EXPECT_THAT(FieldsAtFault(body), IsEmpty());
}

TEST_F(OpenApiTest, ExactlyTheFieldsThatAreSaidToBeRequiredAreMissed) {
  const json schema = Described()["components"]["schemas"]["NewRule"];
  Texts required = schema["required"].get<Texts>();
  std::sort(required.begin(), required.end());
  EXPECT_EQ(FieldsAtFault(json::object()), required);
}

TEST_F(OpenApiTest, TheLongestTextOfARuleIsTakenAndALongerOneRefused) {
  const json properties = Described()["components"]["schemas"]["NewRule"]["properties"];
  for (const char* field : {"name", "metric_name", "description", "notification_template"}) {
    const auto longest = properties[field]["maxLength"].get<std::size_t>();
    json body = GoodRule();
    body[field] = std::string(longest, 'x');
    EXPECT_THAT(FieldsAtFault(body), IsEmpty());
    body[field] = std::string(longest + 1, 'x');
    EXPECT_THAT(FieldsAtFault(body), ElementsAre(field));
  }
}

}  // namespace
}  // namespace tocsin::api
