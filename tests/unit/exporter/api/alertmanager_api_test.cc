// Every endpoint of the Alertmanager API through the router: what clients and amtool see.
#include "exporter/api/alertmanager_api.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/exporter/api/alertmanager_world.h"

namespace tocsin::api {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;

constexpr const char* kUnknownId = "4f2c5a0e-0000-4000-8000-000000000000";

// Times of the world: it starts at 2100-01-01T00:00:00Z.
json SilenceOf(const std::string& name, const std::string& value,
               const std::string& starts_at = "2099-01-01T00:00:00Z",
               const std::string& ends_at = "2100-01-01T01:00:00Z") {
  return {{"matchers", {{{"name", name}, {"value", value}, {"isRegex", false}}}},
          {"startsAt", starts_at},
          {"endsAt", ends_at},
          {"createdBy", "ann"},
          {"comment", "c"}};
}
json WithId(json silence, const std::string& id) {
  silence["id"] = id;
  return silence;
}

std::string Header(const http::Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

// ---- what is the same for every endpoint

TEST(AlertmanagerApi, TellsUnknownPathsAndMethodsInItsOwnWords) {
  AlertmanagerWorld world;
  const http::Response unknown = world.Get("/x");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(json::parse(unknown.body),
            json::parse(R"({"code":404,"message":"path /api/v2/x was not found"})"));
  const http::Response method = world.Send("PUT", "/api/v2/alerts", "[]");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(
      json::parse(method.body),
      json::parse(R"({"code":405,"message":"method PUT is not allowed, but [GET,POST] are"})"));
  EXPECT_NE(Header(method, "Allow").find("GET"), std::string::npos);
  EXPECT_NE(Header(method, "Allow").find("POST"), std::string::npos);
  for (const char* path : {"/status", "/receivers", "/alerts/groups"}) {
    EXPECT_EQ(world.Post(path, "{}").status, 405) << path;
  }
  EXPECT_EQ(world.Post(std::string("/silence/") + kUnknownId, "{}").status, 405);
}

TEST(AlertmanagerApi, TakesBodiesOfJsonOnly) {
  AlertmanagerWorld world;
  for (const char* path : {"/api/v2/alerts", "/api/v2/silences"}) {
    for (const auto& [type, named] : {std::pair{"text/plain", "text/plain"},
                                      {"text/plain; charset=utf-8", "text/plain"},
                                      {"", "application/octet-stream"},
                                      {"application/jsonx", "application/jsonx"}}) {
      const http::Response response = world.Send("POST", path, "[]", type);
      EXPECT_EQ(response.status, 415) << type;
      EXPECT_EQ(json::parse(response.body),
                (json{{"code", 415},
                      {"message", std::string("unsupported media type \"") + named +
                                      "\", only [application/json] are allowed"}}));
    }
  }
  for (const char* type :
       {"application/json", "application/json; charset=utf-8", "Application/JSON"}) {
    EXPECT_EQ(world.Send("POST", "/api/v2/alerts", "[]", type).status, 200) << type;
  }
}

TEST(AlertmanagerApi, LetsPagesOfAnyOriginInAndNothingBeKept) {
  AlertmanagerWorld world;
  for (const char* path :
       {"/status", "/receivers", "/alerts", "/alerts/groups", "/silences", "/silence/xyz"}) {
    const http::Response answer = world.Get(path);
    EXPECT_EQ(Header(answer, "Access-Control-Allow-Origin"), "*") << path;
    EXPECT_EQ(Header(answer, "Cache-Control"), "no-store") << path;
    EXPECT_EQ(answer.content_type, "application/json") << path;
    const http::Response options = world.Send("OPTIONS", std::string("/api/v2") + path);
    EXPECT_EQ(options.status, 200) << path;
    EXPECT_EQ(options.body, "") << path;
    EXPECT_EQ(Header(options, "Access-Control-Allow-Origin"), "*") << path;
    EXPECT_NE(Header(options, "Access-Control-Allow-Methods").find("DELETE"), std::string::npos);
    EXPECT_NE(Header(options, "Access-Control-Allow-Headers").find("Content-Type"),
              std::string::npos);
  }
  for (const http::Response& refusal : {world.Post("/alerts", "7"), world.Get("/nope"),
                                        world.Send("PUT", "/api/v2/alerts", "[]")}) {
    EXPECT_GE(refusal.status, 400);
    EXPECT_EQ(Header(refusal, "Access-Control-Allow-Origin"), "*") << refusal.body;
  }
}

TEST(AlertmanagerApi, AnswersABrowsersQuestionBeforeItsRequestWhateverThePath) {
  AlertmanagerWorld world;
  for (const char* path : {"/api/v2/alerts", "/api/v2/nope", "/api/v1/alerts"}) {
    const http::Response answer = world.Send("OPTIONS", path, "", "", "DELETE");
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.body, "") << path;
    EXPECT_EQ(Header(answer, "Access-Control-Allow-Origin"), "*") << path;
  }
  EXPECT_EQ(world.Send("OPTIONS", "/api/v2/nope", "", "").status, 404);
  EXPECT_EQ(Header(world.Send("GET", "/nope"), "Access-Control-Allow-Origin"), "");
}

TEST(AlertmanagerApi, DescribesEveryOneOfItsPaths) {
  AlertmanagerWorld world("/am");
  const json description = world.GetJson("/swagger.json");
  EXPECT_EQ(description.at("swagger"), "2.0");
  EXPECT_EQ(description.at("basePath"), "/am/api/v2");
  std::size_t operations = 0;
  for (const auto& [path, methods] : description.at("paths").items()) {
    for (const auto& [method, operation] : methods.items()) {
      std::string upper = method;
      for (char& c : upper) c = static_cast<char>(c - 32);
      // A path that is there knows its methods: whatever it says of an empty request, not that.
      const int status = world.Send(upper, "/am/api/v2" + path, "").status;
      EXPECT_NE(status, 404) << path;
      EXPECT_NE(status, 405) << method << " " << path;
      ++operations;
    }
  }
  EXPECT_EQ(operations, 9U);
  // Every shape that is named is there.
  const std::string text = description.dump();
  const std::string mark = "#/definitions/";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const std::size_t begin = at + mark.size();
    const std::string name = text.substr(begin, text.find('"', begin) - begin);
    EXPECT_TRUE(description.at("definitions").contains(name)) << name;
  }
}

TEST(AlertmanagerApi, StandsBelowItsPrefixOnly) {
  AlertmanagerWorld world("/am");
  EXPECT_EQ(world.Get("/alerts").status, 200);
  EXPECT_EQ(world.Send("GET", "/api/v2/alerts").status, 404);
}

// ---- status and receivers

TEST(AlertmanagerApi, ShowsItselfAsTheOnlyPeer) {
  AlertmanagerWorld world;
  EXPECT_EQ(world.GetJson("/status"), json::parse(R"({
      "cluster":{"name":"peer-1","status":"ready",
                 "peers":[{"name":"peer-1","address":"127.0.0.1:9094"}]},
      "versionInfo":{"version":"0.34.0","revision":"tocsin-test","branch":"","buildUser":"",
                     "buildDate":"","goVersion":""},
      "config":{"original":"route:\n"},"uptime":"2100-01-01T00:00:00.000Z"})"));
}

TEST(AlertmanagerApi, ShowsNoClusterWhereItIsSwitchedOff) {
  AlertmanagerWorld world("", MatcherDialect::kFallback, false);
  EXPECT_EQ(world.GetJson("/status").at("cluster"),
            json::parse(R"({"status":"disabled","peers":[]})"));
}

TEST(AlertmanagerApi, ListsReceiversInTheOrderOfTheConfiguration) {
  AlertmanagerWorld world;
  EXPECT_EQ(world.GetJson("/receivers"), json::parse(R"([
      {"name":"web","labels":{"name":"web"}},{"name":"ops","labels":{"name":"ops"}},
      {"name":"db","labels":{"name":"db","tier":"gold"}}])"));
  const auto names = [&](const std::string& query) {
    Names found;
    for (const json& one : world.GetJson("/receivers?" + query)) found.push_back(one.at("name"));
    return found;
  };
  EXPECT_EQ(names("receiver_matchers=tier%3D%22gold%22"), Names{"db"});
  EXPECT_EQ(names("receiver_matchers=tier!%3D%22gold%22&receiver_matchers=name%3D~%22o.*%22"),
            Names{"ops"});
  EXPECT_EQ(names("receiver_matchers=name%3D%22x%22"), Names{});
  EXPECT_EQ(world.Get("/receivers?receiver_matchers=x").status, 400);
}

// ---- alerts

constexpr const char* kFourAlerts = R"([
  {"labels":{"n":"crit","alertname":"A","service":"db","severity":"critical","cluster":"c"}},
  {"labels":{"n":"warn","alertname":"A","severity":"warning","cluster":"c"}},
  {"labels":{"n":"web","alertname":"B","service":"web"}},
  {"labels":{"n":"plain","alertname":"B"}}])";

Names Sorted(Names names) {
  std::sort(names.begin(), names.end());
  return names;
}

TEST(AlertmanagerApi, AnswersAPostWithNothing) {
  AlertmanagerWorld world;
  const http::Response response = world.Post("/alerts", kFourAlerts);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.content_type, "");
}

TEST(AlertmanagerApi, ListsNoAlertsAsAnEmptyList) {
  AlertmanagerWorld world;
  EXPECT_EQ(world.GetJson("/alerts"), json::array());
  EXPECT_EQ(world.GetJson("/alerts/groups"), json::array());
  EXPECT_EQ(world.GetJson("/silences"), json::array());
}

TEST(AlertmanagerApi, ListsAlertsByFingerprint) {
  AlertmanagerWorld world;
  std::string body = "[";
  for (int i = 0; i < 50; ++i) {
    body += (i == 0 ? "" : ",") + std::string(R"({"labels":{"n":")") + std::to_string(i) + "\"}}";
  }
  world.PostAlerts(body + "]");
  Names fingerprints;
  for (const json& alert : world.GetJson("/alerts")) fingerprints.push_back(alert["fingerprint"]);
  EXPECT_EQ(fingerprints.size(), 50U);
  EXPECT_TRUE(std::is_sorted(fingerprints.begin(), fingerprints.end()));
}

TEST(AlertmanagerApi, ShowsAnAlertAsItIsNow) {
  AlertmanagerWorld world;
  world.PostAlerts(R"([{"labels":{"alertname":"Foo","service":"db","severity":"critical"},
      "annotations":{"summary":""},"generatorURL":"http://p/graph",
      "startsAt":"2099-12-31T23:59:00.5Z","endsAt":"2100-01-01T00:10:00Z"}])");
  EXPECT_EQ(world.GetJson("/alerts"), json::parse(R"([{
      "labels":{"alertname":"Foo","service":"db","severity":"critical"},
      "annotations":{"summary":""},"generatorURL":"http://p/graph",
      "startsAt":"2099-12-31T23:59:00.500Z","endsAt":"2100-01-01T00:10:00.000Z",
      "updatedAt":"2100-01-01T00:00:00.000Z","fingerprint":"0c3038b95366f55b",
      "receivers":[{"name":"db"}],
      "status":{"state":"active","silencedBy":[],"inhibitedBy":[],"mutedBy":[]}}])"));
}

TEST(AlertmanagerApi, NeverShowsWhatIsResolved) {
  AlertmanagerWorld world;
  world.PostAlerts(R"([{"labels":{"n":"over"},"endsAt":"2099-12-31T23:00:00Z"},
      {"labels":{"n":"soon over"},"endsAt":"2100-01-01T00:01:00Z"},{"labels":{"n":"timeout"}}])");
  EXPECT_EQ(Sorted(world.Listed("/alerts")), (Names{"soon over", "timeout"}));
  world.Advance(std::chrono::minutes(2));
  EXPECT_EQ(world.Listed("/alerts"), Names{"timeout"});
  world.Advance(std::chrono::minutes(4));
  EXPECT_EQ(world.Listed("/alerts"), Names{});
  EXPECT_EQ(world.GetJson("/alerts/groups"), json::array());
}

TEST(AlertmanagerApi, StoresTheGoodAlertsOfABatchAndTellsWhatIsWrongWithTheOthers) {
  AlertmanagerWorld world;
  const http::Response response =
      world.Post("/alerts", R"([{"labels":{"n":"good"}},{"labels":{}},{"labels":{"":"x"}}])");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body,
            R"("at least one label pair required\ninvalid label set: invalid name \"\"")"
            "\n");
  EXPECT_EQ(world.Listed("/alerts"), Names{"good"});
}

TEST(AlertmanagerApi, StoresNothingOfABatchThatViolatesTheSchema) {
  AlertmanagerWorld world;
  const http::Response response = world.Post("/alerts", R"([{"labels":{"n":"good"}},{}])");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(json::parse(response.body),
            json::parse(R"({"code":602,"message":"1.labels in body is required"})"));
  EXPECT_EQ(world.Listed("/alerts"), Names{});
}

TEST(AlertmanagerApi, FiltersAlerts) {
  AlertmanagerWorld world;
  world.PostAlerts(kFourAlerts);
  const auto listed = [&](const std::string& query) {
    return Sorted(world.Listed("/alerts?" + query));
  };
  EXPECT_EQ(listed(""), (Names{"crit", "plain", "warn", "web"}));
  EXPECT_EQ(listed("filter=alertname%3D%22A%22"), (Names{"crit", "warn"}));
  EXPECT_EQ(listed("filter=alertname%3D%22A%22&filter=service%3D%22%22"), Names{"warn"});
  EXPECT_EQ(listed("filter=service!%3D%22%22"), (Names{"crit", "web"}));
  EXPECT_EQ(listed("receiver=db"), Names{"crit"});
  EXPECT_EQ(listed("receiver=d"), Names{});
  EXPECT_EQ(listed("receiver=db%7Cweb"), (Names{"crit", "web"}));
  EXPECT_EQ(listed("receiver_matchers=tier%3D%22gold%22"), Names{"crit"});
  EXPECT_EQ(listed("receiver_matchers=name%3D%22ops%22"), (Names{"plain", "warn"}));
  EXPECT_EQ(listed("unprocessed=false"), (Names{"crit", "plain", "warn", "web"}));
  for (const char* path : {"/alerts?", "/alerts/groups?"}) {
    for (const char* query : {"filter=x", "receiver=(", "receiver_matchers=x"}) {
      EXPECT_EQ(world.Get(std::string(path) + query).status, 400) << path << query;
    }
  }
}

TEST(AlertmanagerApi, ShowsAndFiltersSilencedAndInhibitedAlerts) {
  AlertmanagerWorld world;
  world.PostAlerts(kFourAlerts);
  const std::string id = world.PostSilence(SilenceOf("n", "plain"));
  const json silenced = world.GetJson("/alerts?filter=n%3D%22plain%22")[0];
  EXPECT_EQ(silenced["status"], (json{{"state", "suppressed"},
                                      {"silencedBy", {id}},
                                      {"inhibitedBy", json::array()},
                                      {"mutedBy", json::array()}}));
  const std::string source = world.GetJson("/alerts?filter=n%3D%22crit%22")[0]["fingerprint"];
  const json inhibited = world.GetJson("/alerts?filter=n%3D%22warn%22")[0];
  EXPECT_EQ(inhibited["status"]["state"], "suppressed");
  EXPECT_EQ(inhibited["status"]["inhibitedBy"], json::array({source}));
  EXPECT_EQ(Sorted(world.Listed("/alerts?active=false")), (Names{"plain", "warn"}));
  EXPECT_EQ(Sorted(world.Listed("/alerts?silenced=false")), (Names{"crit", "warn", "web"}));
  EXPECT_EQ(Sorted(world.Listed("/alerts?inhibited=no")), (Names{"crit", "plain", "web"}));
  EXPECT_EQ(Sorted(world.Listed("/alerts?inhibited=false&silenced=false&active=yes")),
            (Names{"crit", "web"}));
}

// ---- groups

Names GroupsAt(AlertmanagerWorld& world, const std::string& query = "") {
  Names groups;
  for (const json& group : world.GetJson("/alerts/groups?" + query)) {
    std::string text = group["receiver"]["name"];
    for (const json& alert : group["alerts"]) text += " " + alert["labels"]["n"].get<std::string>();
    groups.push_back(text);
  }
  return groups;
}

TEST(AlertmanagerApi, ListsGroupsByLabelsAndThenReceiver) {
  AlertmanagerWorld world;
  world.PostAlerts(kFourAlerts);
  EXPECT_EQ(GroupsAt(world), (Names{"db crit", "ops warn", "ops plain", "web web"}));
  EXPECT_EQ(GroupsAt(world, "receiver=ops"), (Names{"ops warn", "ops plain"}));
  EXPECT_EQ(GroupsAt(world, "receiver_matchers=tier%3D%22gold%22"), Names{"db crit"});
  EXPECT_EQ(GroupsAt(world, "filter=n%3D%22web%22"), Names{"web web"});
  EXPECT_EQ(GroupsAt(world, "inhibited=false"), (Names{"db crit", "ops plain", "web web"}));
  const json group = world.GetJson("/alerts/groups?receiver=db")[0];
  EXPECT_EQ(group["labels"], (json{{"alertname", "A"}}));
  EXPECT_EQ(group["routeLabels"], (json{{"team", "storage"}}));
  EXPECT_EQ(group["receiver"], (json{{"name", "db"}}));
  EXPECT_EQ(group["alerts"][0]["receivers"], (json::array({{{"name", "db"}}})));
}

TEST(AlertmanagerApi, SortsTheAlertsOfAGroupByJobAndInstance) {
  AlertmanagerWorld world;
  world.PostAlerts(R"([{"labels":{"n":"3","alertname":"A"}},
      {"labels":{"n":"2","alertname":"A","job":"j","instance":"b"}},
      {"labels":{"n":"1","alertname":"A","job":"j","instance":"a"}},
      {"labels":{"n":"0","alertname":"A","job":"i"}}])");
  EXPECT_EQ(GroupsAt(world), Names{"ops 0 1 2 3"});
}

TEST(AlertmanagerApi, ShowsTheIntervalsThatMuteAGroupInGroupsOnly) {
  AlertmanagerWorld world;
  world.PostAlerts(kFourAlerts);
  world.Advance(std::chrono::minutes(1));
  const json muted = world.GetJson("/alerts/groups?receiver=web")[0]["alerts"][0]["status"];
  EXPECT_EQ(muted, json::parse(R"({"state":"suppressed","silencedBy":[],"inhibitedBy":[],
                                   "mutedBy":["always"]})"));
  EXPECT_EQ(GroupsAt(world, "muted=false&receiver=web"), Names{});
  EXPECT_EQ(GroupsAt(world, "active=false&receiver=web"), Names{"web web"});
  const json alert = world.GetJson("/alerts?receiver=web")[0]["status"];
  EXPECT_EQ(alert["state"], "active");
  EXPECT_EQ(alert["mutedBy"], json::array());
}

// ---- silences

TEST(AlertmanagerApi, StoresASilenceAndShowsItAtOnce) {
  AlertmanagerWorld world;
  json posted = SilenceOf("instance", "web-1");
  posted["annotations"] = {{"ticket", "7"}};
  const std::string id = world.PostSilence(posted);
  const json shown = world.GetJson("/silence/" + id);
  EXPECT_EQ(shown, json::parse(R"({"id":")" + id + R"(","status":{"state":"active"},
      "updatedAt":"2100-01-01T00:00:00.000Z","startsAt":"2100-01-01T00:00:00.000Z",
      "endsAt":"2100-01-01T01:00:00.000Z","createdBy":"ann","comment":"c",
      "matchers":[{"name":"instance","value":"web-1","isRegex":false,"isEqual":true}],
      "annotations":{"ticket":"7"}})"));
  EXPECT_EQ(world.GetJson("/silences"), json::array({shown}));
}

TEST(AlertmanagerApi, ListsSilencesByStateAndTime) {
  AlertmanagerWorld world;
  const auto add = [&](const char* name, const char* starts_at, const char* ends_at) {
    return world.PostSilence(SilenceOf("n", name, starts_at, ends_at));
  };
  add("pending late", "2100-01-03T00:00:00Z", "2100-01-04T00:00:00Z");
  add("pending soon", "2100-01-02T00:00:00Z", "2100-01-09T00:00:00Z");
  add("active long", "2100-01-01T00:00:00Z", "2100-01-05T00:00:00Z");
  add("active short", "2100-01-01T00:00:00Z", "2100-01-01T05:00:00Z");
  add("expired long ago", "2100-01-01T00:00:00Z", "2100-01-01T00:00:10Z");
  add("expired just now", "2100-01-01T00:00:00Z", "2100-01-01T00:00:20Z");
  world.Advance(std::chrono::minutes(1));
  const auto listed = [&](const std::string& query) {
    Names names;
    for (const json& one : world.GetJson("/silences?" + query)) {
      names.push_back(one["matchers"][0]["value"]);
    }
    return names;
  };
  EXPECT_EQ(listed(""), (Names{"active short", "active long", "pending soon", "pending late",
                               "expired just now", "expired long ago"}));
  EXPECT_EQ(listed("pending=false&expired=false"), (Names{"active short", "active long"}));
  EXPECT_EQ(listed("active=0&expired=no"), (Names{"pending soon", "pending late"}));
  EXPECT_EQ(listed("filter=n%3D%22active%20long%22"), Names{"active long"});
  EXPECT_EQ(listed("filter=n%3D~%22active%20long%22"), Names{});
  EXPECT_EQ(listed("filter=n%3D%22active%20long%22&filter=a%3D%22b%22"), Names{});
  EXPECT_EQ(world.Get("/silences?filter=x").body, "\"bad matcher format: x\"\n");
}

TEST(AlertmanagerApi, RefusesASilenceThatMeansNothing) {
  AlertmanagerWorld world;
  struct Case {
    json silence;
    const char* message;
  };
  for (const Case& c : {Case{SilenceOf("a", "b", "2100-01-02T00:00:00Z", "2100-01-01T12:00:00Z"),
                             "Failed to create silence: start time must be before end time"},
                        Case{SilenceOf("a", "b", "2100-01-02T00:00:00Z", "2100-01-02T00:00:00Z"),
                             "Failed to create silence: start time must be before end time"},
                        Case{SilenceOf("a", "b", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
                             "Failed to create silence: start time must be before end time"},
                        Case{SilenceOf("a", "b", "2099-01-01T00:00:00Z", "2099-02-01T00:00:00Z"),
                             "Failed to create silence: end time can't be in the past"}}) {
    const http::Response response = world.Post("/silences", c.silence.dump());
    EXPECT_EQ(response.status, 400) << c.silence;
    EXPECT_EQ(json::parse(response.body), c.message);
    EXPECT_EQ(response.body.back(), '\n');
  }
  json any = SilenceOf("a", "");
  EXPECT_EQ(world.Post("/silences", any.dump()).status, 400);
  any["matchers"][0]["value"] = ".*";
  any["matchers"][0]["isRegex"] = true;
  EXPECT_EQ(world.Post("/silences", any.dump()).status, 400);
  any["matchers"][0]["isEqual"] = false;
  EXPECT_EQ(world.Post("/silences", any.dump()).status, 200);
  EXPECT_EQ(world.GetJson("/silences").size(), 1U);
}

TEST(AlertmanagerApi, UpdatesASilenceInPlaceWhereOnlyItsEndOrWordsChange) {
  AlertmanagerWorld world;
  const std::string id = world.PostSilence(SilenceOf("a", "b"));
  json changed = WithId(world.GetJson("/silence/" + id), id);
  changed["endsAt"] = "2100-01-01T09:00:00.000Z";
  changed["comment"] = "longer";
  world.Advance(std::chrono::seconds(5));
  EXPECT_EQ(world.PostSilence(changed), id);
  const json shown = world.GetJson("/silence/" + id);
  EXPECT_EQ(shown["endsAt"], "2100-01-01T09:00:00.000Z");
  EXPECT_EQ(shown["comment"], "longer");
  EXPECT_EQ(shown["updatedAt"], "2100-01-01T00:00:05.000Z");
  EXPECT_EQ(world.GetJson("/silences").size(), 1U);
}

TEST(AlertmanagerApi, ReplacesASilenceWhereTheMatchersOrTheStartChange) {
  AlertmanagerWorld world;
  const std::string first = world.PostSilence(SilenceOf("a", "b"));
  const std::string second = world.PostSilence(WithId(SilenceOf("a", "other"), first));
  EXPECT_NE(second, first);
  EXPECT_EQ(world.GetJson("/silence/" + first)["status"]["state"], "expired");
  const std::string third =
      world.PostSilence(WithId(SilenceOf("a", "other", "2100-01-01T00:30:00Z"), second));
  EXPECT_NE(third, second);
  EXPECT_EQ(world.GetJson("/silence/" + second)["status"]["state"], "expired");
  EXPECT_EQ(world.GetJson("/silence/" + third)["status"]["state"], "pending");
  const std::string moved =
      world.PostSilence(WithId(SilenceOf("a", "other", "2100-01-01T00:40:00Z"), third));
  EXPECT_EQ(moved, third) << "a pending one may start at another time";
  EXPECT_NE(world.PostSilence(WithId(SilenceOf("a", "b"), first)), first) << "it has expired";
}

TEST(AlertmanagerApi, KnowsNoSilenceThatWasNeverStored) {
  AlertmanagerWorld world;
  const http::Response update =
      world.Post("/silences", WithId(SilenceOf("a", "b"), kUnknownId).dump());
  EXPECT_EQ(update.status, 404);
  EXPECT_TRUE(json::parse(update.body).is_string()) << update.body;
  const std::string path = std::string("/silence/") + kUnknownId;
  for (const http::Response& response : {world.Get(path), world.Delete(path)}) {
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.body, "");
  }
  EXPECT_EQ(world.Get("/silence/4f2c5a0e000040008000000000000000").status, 404);
}

TEST(AlertmanagerApi, RefusesAnIdThatIsNoUuid) {
  AlertmanagerWorld world;
  EXPECT_EQ(json::parse(world.Get("/silence/xyz").body),
            (json{{"code", 601}, {"message", R"(silenceID in path must be of type uuid: "xyz")"}}));
  for (const char* id :
       {"xyz", "4f2c5a0e-0000-4000-8000-00000000000g", "4f2c5a0e-0000-4000-8000-0000000000000",
        "4f2c5a0e-0000-4000-80000-00000000000", "%00", "4f2c5a0e00004000800000000000000"}) {
    const std::string path = std::string("/silence/") + id;
    const int wanted = std::string_view(id) == "%00" ? 400 : 422;
    EXPECT_EQ(world.Get(path).status, wanted) << id;
    EXPECT_EQ(world.Delete(path).status, wanted) << id;
  }
}

TEST(AlertmanagerApi, ExpiresASilenceAndSaysNothing) {
  AlertmanagerWorld world;
  world.PostAlerts(R"([{"labels":{"n":"1"}}])");
  const std::string active = world.PostSilence(SilenceOf("n", "1"));
  const std::string pending =
      world.PostSilence(SilenceOf("n", "1", "2100-01-01T00:30:00Z", "2100-01-01T00:40:00Z"));
  EXPECT_EQ(world.Listed("/alerts?silenced=false"), Names{});
  world.Advance(std::chrono::seconds(1));
  for (const std::string& id : {active, pending, active}) {  // once more: nothing changes
    const http::Response response = world.Delete("/silence/" + id);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "");
    world.Advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(world.Listed("/alerts?silenced=false"), Names{"1"});
  EXPECT_EQ(world.GetJson("/silence/" + active)["endsAt"], "2100-01-01T00:00:01.000Z");
  const json shown = world.GetJson("/silence/" + pending);
  EXPECT_EQ(shown["startsAt"], "2100-01-01T00:00:02.000Z");
  EXPECT_EQ(shown["endsAt"], "2100-01-01T00:00:02.000Z");
  EXPECT_EQ(shown["status"]["state"], "expired");
}

TEST(AlertmanagerApi, HasASilenceInTheStoreWhenItAnswers) {
  AlertmanagerWorld world;
  const std::string id = world.PostSilence(SilenceOf("a", "b"));
  EXPECT_EQ(world.store.tables()[StateTable::kSilences].count(id), 1U);
}

}  // namespace
}  // namespace tocsin::api
