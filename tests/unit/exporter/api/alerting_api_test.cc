#include "exporter/api/alerting_api.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/text.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/unit/exporter/api/api_world.h"

namespace tocsin::api {
namespace {

using std::chrono::seconds;
using testing::CpuRule;

std::shared_ptr<ThresholdRule> Rule(const std::string& id, double threshold, Severity severity,
                                    Duration duration = Duration(0)) {
  auto rule = CpuRule(id);
  rule->threshold = threshold;
  rule->severity = severity;
  rule->duration = duration;
  return rule;
}

std::vector<std::string> HostsOf(const http::Response& response) {
  std::vector<std::string> hosts;
  for (const json& alert : Parsed(response)) {
    hosts.push_back(alert.at("metadata").at("host").get<std::string>());
  }
  return hosts;
}

std::string TotalOf(const http::Response& response) {
  for (const auto& [name, value] : response.headers) {
    if (name == "X-Total-Count") return value;
  }
  return "none";
}

using Hosts = std::vector<std::string>;

// ---- rules

TEST(AlertingApiRules, ListsEveryRuleWithWhenItWasLoaded) {
  auto disabled = CpuRule("two");
  disabled->enabled = false;
  ApiWorld world({CpuRule("one"), disabled});
  const http::Response response = world.Get("/rules");
  EXPECT_EQ(response.status, 200);
  const json list = Parsed(response);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].at("id"), "one");
  EXPECT_EQ(list[0].at("created_at"), "2100-01-01T00:00:00Z");
  EXPECT_EQ(list[1].at("enabled"), false);
}

TEST(AlertingApiRules, NoRulesAreAnEmptyList) {
  ApiWorld world({});
  EXPECT_EQ(Parsed(world.Get("/rules")), json::array());
}

TEST(AlertingApiRules, OneRuleIsFoundByItsIdAndAnUnknownOneIsNot) {
  ApiWorld world({CpuRule("one")});
  EXPECT_EQ(Parsed(world.Get("/rules/one")).at("name"), "High CPU");
  const http::Response absent = world.Get("/rules/two");
  EXPECT_EQ(absent.status, 404);
  EXPECT_EQ(absent.body, R"({"detail":"Alert rule not found"})");
}

// ---- lists of alerts

TEST(AlertingApiList, ShowsWhatIsActiveNewestFirstUnlessAskedForMore) {
  ApiWorld world({CpuRule()});
  world.Submit("first", 90);
  world.Advance(seconds(1));
  world.Submit("second", 90);
  world.Advance(seconds(1));
  world.Submit("done", 90);
  world.Submit("done", 10);
  const http::Response response = world.Get("/alerts");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(HostsOf(response), (Hosts{"second", "first"}));
  EXPECT_EQ(TotalOf(response), "2");
}

TEST(AlertingApiList, NothingIsAnEmptyList) {
  ApiWorld world({CpuRule()});
  const http::Response response = world.Get("/alerts");
  EXPECT_EQ(Parsed(response), json::array());
  EXPECT_EQ(TotalOf(response), "0");
}

TEST(AlertingApiList, FiltersByStatus) {
  ApiWorld world({Rule("r", 80, Severity::kHigh, seconds(60))});
  world.Submit("acknowledged", 90);
  world.Submit("resolved", 90);
  world.Submit("active", 90);
  world.Advance(seconds(60));
  world.Submit("pending", 90);
  world.Submit("resolved", 10);
  ASSERT_EQ(world.Post("/alerts/" + world.IdOf("acknowledged") + "/acknowledge").status, 200);
  for (const std::string word : {"active", "acknowledged", "pending", "resolved"}) {
    const http::Response response = world.Get("/alerts", "status=" + word);
    EXPECT_EQ(HostsOf(response), (Hosts{word}));
    EXPECT_EQ(Parsed(response)[0].at("status"), word);
  }
  EXPECT_THAT(HostsOf(world.Get("/alerts", "status=active,pending")),
              ::testing::UnorderedElementsAre("active", "pending"));
  EXPECT_THAT(HostsOf(world.Get("/alerts", "status=active%2C+resolved")),
              ::testing::UnorderedElementsAre("active", "resolved"));
  EXPECT_EQ(HostsOf(world.Get("/alerts", "status=all")).size(), 4U);
}

TEST(AlertingApiList, FiltersBySeverityInAnyCaseAndByRule) {
  ApiWorld world({Rule("low", 50, Severity::kMedium), Rule("high", 80, Severity::kCritical)});
  world.Submit("both", 90);
  world.Submit("one", 60);
  EXPECT_EQ(HostsOf(world.Get("/alerts", "severity=critical")), (Hosts{"both"}));
  EXPECT_EQ(HostsOf(world.Get("/alerts", "severity=CRITICAL")), (Hosts{"both"}));
  EXPECT_THAT(HostsOf(world.Get("/alerts", "severity=warning")),
              ::testing::UnorderedElementsAre("both", "one"));
  EXPECT_THAT(HostsOf(world.Get("/alerts", "rule_id=low")),
              ::testing::UnorderedElementsAre("both", "one"));
  EXPECT_EQ(HostsOf(world.Get("/alerts", "rule_id=low&severity=critical")), (Hosts{}));
  EXPECT_EQ(HostsOf(world.Get("/alerts", "rule_id=unknown")), (Hosts{}));
}

TEST(AlertingApiList, PagesWithLimitAndOffsetAndCountsAll) {
  ApiWorld world({CpuRule()});
  for (const char* host : {"a", "b", "c"}) {
    world.Submit(host, 90);
    world.Advance(seconds(1));
  }
  const http::Response page = world.Get("/alerts", "limit=1&offset=1");
  EXPECT_EQ(HostsOf(page), (Hosts{"b"}));
  EXPECT_EQ(TotalOf(page), "3");
  EXPECT_EQ(HostsOf(world.Get("/alerts", "limit=0")), (Hosts{}));
  EXPECT_EQ(HostsOf(world.Get("/alerts", "offset=2")), (Hosts{"a"}));
  EXPECT_EQ(HostsOf(world.Get("/alerts", "offset=3")), (Hosts{}));
  EXPECT_EQ(TotalOf(world.Get("/alerts", "offset=3")), "3");
}

TEST(AlertingApiList, ListsEveryProblemOfAQuery) {
  ApiWorld world({});
  const http::Response response =
      world.Get("/alerts", "status=firing&severity=urgent&limit=ten&offset=-1");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(Parsed(response), json::parse(R"({"detail": [
    {"loc": ["query", "status"], "type": "type_error.enum",
     "msg": "value is not a valid enumeration member; permitted: active, acknowledged, pending, resolved, all",
     "ctx": {"enum_values": ["active", "acknowledged", "pending", "resolved", "all"]}},
    {"loc": ["query", "limit"], "type": "type_error.integer",
     "msg": "value is not a valid integer"},
    {"loc": ["query", "offset"], "type": "value_error.number.not_ge",
     "msg": "ensure this value is greater than or equal to 0", "ctx": {"limit_value": 0}},
    {"loc": ["query", "severity"], "type": "type_error.enum",
     "msg": "value is not a valid enumeration member; permitted: critical, high, medium, low, info",
     "ctx": {"enum_values": ["critical", "high", "medium", "low", "info"]}}
  ]})"));
}

TEST(AlertingApiList, InactiveAndEmptyAreNoStatuses) {
  ApiWorld world({});
  EXPECT_EQ(world.Get("/alerts", "status=inactive").status, 422);
  EXPECT_EQ(world.Get("/alerts", "status=").status, 422);
  EXPECT_EQ(world.Get("/alerts", "status=active,,resolved").status, 422);
}

TEST(AlertingApiList, ShowsHowAnAlertWasAnnounced) {
  ApiWorld world({CpuRule()});
  world.Submit("a", 90);
  world.announced[world.IdOf("a")] = {1, kStart, {{"ops", "delivered", 1, ""}}};
  const json alert = world.AlertOf("a");
  EXPECT_EQ(alert.at("notifications_sent"), 1);
  EXPECT_EQ(alert.at("notifications").at("ops").at("outcome"), "delivered");
}

// ---- one alert

TEST(AlertingApiAlert, IsShownWithItsHistory) {
  ApiWorld world({Rule("r", 80, Severity::kHigh, seconds(60))});
  world.Submit("a", 90);
  world.Advance(seconds(60));
  const std::string id = world.IdOf("a");
  ASSERT_EQ(world.Post("/alerts/" + id + "/acknowledge", R"({"actor":"anna"})").status, 200);
  world.Advance(seconds(1));
  world.Submit("a", 10);
  const http::Response response = world.Get("/alerts/" + id);
  EXPECT_EQ(response.status, 200);
  const json alert = Parsed(response);
  EXPECT_EQ(alert.at("id"), id);
  EXPECT_EQ(alert.at("status"), "resolved");
  EXPECT_EQ(alert.at("events"), json::parse(R"([
    {"sequence": 1, "type": "alert.pending", "at": "2100-01-01T00:00:00Z", "status": "pending"},
    {"sequence": 2, "type": "alert.active", "at": "2100-01-01T00:01:00Z", "status": "active"},
    {"sequence": 3, "type": "alert.acknowledged", "at": "2100-01-01T00:01:00Z",
     "status": "acknowledged", "actor": "anna", "note": null},
    {"sequence": 4, "type": "alert.resolved", "at": "2100-01-01T00:01:01Z", "status": "resolved",
     "reason": "recovered", "actor": null, "note": null}
  ])"));
}

TEST(AlertingApiAlert, WhoseEventsAreForgottenTellsItsHistoryItself) {
  ApiWorld world({Rule("r", 80, Severity::kHigh, seconds(60))});
  world.Submit("a", 90);
  world.Advance(seconds(60));
  world.Submit("b", 90);
  world.store.PruneEvents(kStart, 1);  // the newest is about the other
  const json alert = Parsed(world.Get("/alerts/" + world.IdOf("a")));
  EXPECT_EQ(alert.at("events"), json::parse(R"([
    {"status": "pending", "at": "2100-01-01T00:00:00Z"},
    {"status": "active", "at": "2100-01-01T00:01:00Z"}
  ])"));
}

TEST(AlertingApiAlert, ThatIsUnknownIs404) {
  ApiWorld world({CpuRule()});
  const http::Response response = world.Get("/alerts/nobody");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, R"({"detail":"Alert not found"})");
}

// ---- commands

TEST(AlertingApiCommands, AcknowledgesWithWhoAndWhy) {
  ApiWorld world({CpuRule()});
  world.Submit("a", 90);
  const std::string id = world.IdOf("a");
  const http::Response response =
      world.Post("/alerts/" + id + "/acknowledge", R"({"actor":"anna","note":"looking"})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"message":"Alert acknowledged successfully"})");
  const json alert = world.AlertOf("a");
  EXPECT_EQ(alert.at("status"), "acknowledged");
  EXPECT_EQ(alert.at("acknowledged_by"), "anna");
  EXPECT_EQ(alert.at("acknowledge_note"), "looking");
  EXPECT_EQ(Parsed(world.Get("/alerts")), json::array());  // it has left the list
}

TEST(AlertingApiCommands, ResolvesWithWhoAndWhy) {
  ApiWorld world({CpuRule()});
  world.Submit("a", 90);
  const http::Response response =
      world.Post("/alerts/" + world.IdOf("a") + "/resolve", R"({"actor":"bob","note":"done"})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"message":"Alert resolved successfully"})");
  const json alert = world.AlertOf("a");
  EXPECT_EQ(alert.at("status"), "resolved");
  EXPECT_EQ(alert.at("resolved_reason"), "manual");
  EXPECT_EQ(alert.at("resolved_by"), "bob");
  EXPECT_EQ(alert.at("resolve_note"), "done");
}

TEST(AlertingApiCommands, NeedNoBodyAndIgnoreUnknownFieldsAndNull) {
  for (const std::string body :
       {"", " \r\n", "{}", R"({"actor":null,"note":null,"x":[1,{}]})", R"({"expires_in":null})"}) {
    ApiWorld world({CpuRule()});
    world.Submit("a", 90);
    const std::string id = world.IdOf("a");
    EXPECT_EQ(world.Post("/alerts/" + id + "/acknowledge", body).status, 200) << body;
    EXPECT_TRUE(world.AlertOf("a").at("acknowledge_note").is_null()) << body;
    EXPECT_EQ(world.Post("/alerts/" + id + "/resolve", body).status, 200) << body;
    EXPECT_EQ(world.AlertOf("a").at("status"), "resolved") << body;
  }
}

TEST(AlertingApiCommands, OnNothingAre404) {
  ApiWorld world({CpuRule()});
  for (const std::string command : {"acknowledge", "resolve"}) {
    const http::Response response = world.Post("/alerts/nobody/" + command);
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.body, R"({"detail":"Alert not found"})");
  }
}

TEST(AlertingApiCommands, WhereTheBodyNamesNobodyItWasTheHolderOfTheKey) {
  ApiWorld world({CpuRule()});
  world.Submit("a", 95);
  const std::string path = "/alerts/" + world.IdOf("a");
  world.actor = {"0123456789abcdef", "key of ann"};
  http::Response done = world.Post(path + "/acknowledge", R"({"actor":"bob","note":"mine"})");
  EXPECT_EQ(world.AlertOf("a").at("acknowledged_by"), "bob");
  ASSERT_NE(done.change, nullptr);
  EXPECT_EQ(done.change->action, "alert.acknowledge");
  EXPECT_EQ(json::parse(done.change->before).at("status"), "active");
  EXPECT_EQ(json::parse(done.change->after).at("by"), "bob");
  EXPECT_EQ(json::parse(done.change->after).at("note"), "mine");
  done = world.Post(path + "/resolve");
  EXPECT_EQ(world.AlertOf("a").at("resolved_by"), "key of ann");
  ASSERT_NE(done.change, nullptr);
  EXPECT_EQ(done.change->action, "alert.resolve");
  EXPECT_EQ(json::parse(done.change->before).at("acknowledged_by"), "bob");
}

TEST(AlertingApiCommands, AnAcknowledgedAlertMayBeAcknowledgedAgainAndAResolvedOneMayNot) {
  ApiWorld world({CpuRule()});
  world.Submit("a", 90);
  const std::string path = "/alerts/" + world.IdOf("a");
  ASSERT_EQ(world.Post(path + "/acknowledge", R"({"actor":"anna"})").status, 200);
  EXPECT_EQ(world.Post(path + "/acknowledge", R"({"actor":"bob","note":"new"})").status, 200);
  EXPECT_EQ(world.AlertOf("a").at("acknowledged_by"), "anna");
  EXPECT_EQ(world.AlertOf("a").at("acknowledge_note"), "new");
  ASSERT_EQ(world.Post(path + "/resolve", R"({"actor":"anna"})").status, 200);
  const http::Response conflict = world.Post(path + "/acknowledge");
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(conflict.body, R"({"detail":"Alert is already resolved"})");
  EXPECT_EQ(world.Post(path + "/resolve", R"({"actor":"bob"})").status, 200);
  EXPECT_EQ(world.AlertOf("a").at("resolved_by"), "anna");  // nothing has changed
}

TEST(AlertingApiCommands, APendingAlertCannotBeAcknowledged) {
  ApiWorld world({Rule("r", 80, Severity::kHigh, seconds(60))});
  world.Submit("a", 90);
  const http::Response response = world.Post("/alerts/" + world.IdOf("a") + "/acknowledge");
  EXPECT_EQ(response.status, 409);
  EXPECT_TRUE(Parsed(response).at("detail").is_string());
}

TEST(AlertingApiCommands, AnAcknowledgementMayBeSticky) {
  const auto survives = [](const std::string& sticky) {
    ApiWorld world({CpuRule()});
    world.Submit("a", 90);
    const http::Response response = world.Post("/alerts/" + world.IdOf("a") + "/acknowledge",
                                               fmt::format(R"({{"sticky":{}}})", sticky));
    if (response.status != 200) return Duration(-response.status);
    return world.book.List({AlertState::kAcknowledged}).at(0)->acknowledgement_survives;
  };
  EXPECT_EQ(survives("true"), std::chrono::minutes(10));
  EXPECT_EQ(survives("false"), Duration(0));
  EXPECT_EQ(survives("null"), Duration(0));
  EXPECT_EQ(survives("90"), seconds(90));
  EXPECT_EQ(survives("\"1h\""), std::chrono::hours(1));
  for (const char* wrong : {"0", "-1", "\"long\"", "[]", "{}"}) {
    EXPECT_EQ(survives(wrong), Duration(-422)) << wrong;
  }
}

TEST(AlertingApiCommands, AnAlertThatASenderPostsIsAcknowledgedByFingerprintOrEpisode) {
  ApiWorld world({CpuRule()});
  const Labels labels{{"alertname", "Posted"}};
  const auto post = [&](Duration lasts) {
    const Timestamp now = world.clock.Now();
    return world.alerts.Put({testing::Posted(labels, now, now + lasts, now)}).at(0);
  };
  const receivers::PostedAlertPtr alert = post(seconds(60));
  const std::string fingerprint = FormatHex64(alert->fingerprint);
  for (const std::string& id : {fingerprint, receivers::EpisodeId(*alert)}) {
    EXPECT_EQ(world.Post("/alerts/" + id + "/acknowledge", R"({"actor":"anna"})").status, 200);
  }
  const std::vector<receivers::SilencePtr> shown = world.Acknowledged();
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown.at(0)->created_by, "anna");
  EXPECT_EQ(shown.at(0)->id, receivers::EpisodeId(*alert));
  EXPECT_EQ(shown.at(0)->matchers, std::vector<Matcher>{Matcher::Equal("alertname", "Posted")});

  world.Advance(seconds(60));
  const http::Response conflict = world.Post("/alerts/" + fingerprint + "/acknowledge");
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(conflict.body, R"({"detail":"Alert is already resolved"})");
  post(seconds(60));  // another episode
  EXPECT_EQ(world.Post("/alerts/" + receivers::EpisodeId(*alert) + "/acknowledge").status, 404);
  EXPECT_EQ(world.Post("/alerts/0000000000000000/acknowledge").status, 404);
}

TEST(AlertingApiCommands, AMalformedBodyIsToldWhereItIsWrong) {
  ApiWorld world({CpuRule()});
  world.Submit("a", 90);
  const http::Response response =
      world.Post("/alerts/" + world.IdOf("a") + "/acknowledge", "{\n  \"note\": x}");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(Parsed(response), json::parse(R"json({"detail": [{
    "loc": ["body", 12], "type": "value_error.jsondecode",
    "msg": "Expecting value: line 2 column 11 (char 12)",
    "ctx": {"msg": "Expecting value", "pos": 12, "lineno": 2, "colno": 11}}]})json"));
  EXPECT_EQ(world.AlertOf("a").at("status"), "active");
}

TEST(AlertingApiCommands, BodiesThatAreNoJsonAre422AndChangeNothing) {
  ApiWorld world({CpuRule()});
  world.Submit("a", 90);
  const std::string path = "/alerts/" + world.IdOf("a") + "/resolve";
  const std::vector<std::string> bodies = {"{",
                                           "nul",
                                           "{\"note\":\"open}",
                                           std::string("\0", 1),
                                           "{'a':1}",
                                           "{} {}",
                                           "\xff\xfe",
                                           std::string("{}\0", 3),
                                           "{\"a\":1,}",
                                           "{\"a\":1e999}",
                                           "actor=anna",
                                           std::string(2'000, '['),
                                           "{\"note\":\"\xc3\"}"};
  for (const std::string& body : bodies) {
    const http::Response response = world.Post(path, body);
    EXPECT_EQ(response.status, 422) << body;
    const json fault = Parsed(response).at("detail").at(0);
    EXPECT_EQ(fault.at("type"), "value_error.jsondecode") << body;
    EXPECT_EQ(fault.at("loc").at(0), "body") << body;
    EXPECT_EQ(fault.at("loc").at(1), fault.at("ctx").at("pos")) << body;
    EXPECT_FALSE(fault.at("ctx").contains("doc")) << body;
  }
  EXPECT_EQ(world.AlertOf("a").at("status"), "active");
}

TEST(AlertingApiCommands, JsonOfAnotherKindIs422) {
  ApiWorld world({CpuRule()});
  for (const std::string body : {"[]", "7", "\"anna\"", "null", "true"}) {
    const http::Response response = world.Post("/alerts/x/acknowledge", body);
    EXPECT_EQ(response.status, 422) << body;
    EXPECT_EQ(Parsed(response), json::parse(R"({"detail": [{"loc": ["body"],
      "msg": "value is not a valid dict", "type": "type_error.dict"}]})"))
        << body;
  }
}

TEST(AlertingApiCommands, EveryWrongFieldIsListed) {
  ApiWorld world({CpuRule()});
  const http::Response response =
      world.Post("/alerts/x/acknowledge", R"({"actor":7,"note":["a"],"expires_in":-1})");
  EXPECT_EQ(response.status, 422);
  const json faults = Parsed(response).at("detail");
  ASSERT_EQ(faults.size(), 3U);
  EXPECT_EQ(faults[0].at("loc"), json({"body", "actor"}));
  EXPECT_EQ(faults[0].at("type"), "type_error.str");
  EXPECT_EQ(faults[1].at("loc"), json({"body", "note"}));
  EXPECT_EQ(faults[2].at("loc"), json({"body", "expires_in"}));
}

TEST(AlertingApiCommands, AnAcknowledgementMayExpire) {
  for (const char* lasting : {"60", "59.9995", "\"1m\""}) {
    ApiWorld world({CpuRule()});
    world.Submit("a", 90);
    const std::string id = world.IdOf("a");
    const http::Response response = world.Post("/alerts/" + id + "/acknowledge",
                                               fmt::format(R"({{"expires_in":{}}})", lasting));
    EXPECT_EQ(response.status, 200) << lasting;
    const json alert = Parsed(world.Get("/alerts/" + id));
    const auto since = ParseRfc3339(alert.at("acknowledged_at").get<std::string>());
    const auto until = ParseRfc3339(alert.at("acknowledged_until").get<std::string>());
    EXPECT_NEAR(ToUnixSeconds(*until) - ToUnixSeconds(*since), 60, 0.01) << lasting;
  }
  for (const char* wrong : {"0", "-1", "1e300", "-1e300", "\"11y\"", "\"soon\"", "[]", "true"}) {
    ApiWorld world({CpuRule()});
    EXPECT_EQ(
        world.Post("/alerts/x/acknowledge", fmt::format(R"({{"expires_in":{}}})", wrong)).status,
        422)
        << wrong;
  }
}

TEST(AlertingApiCommands, NotesMayHoldAnyText) {
  ApiWorld world({CpuRule()});
  world.Submit("a", 90);
  ASSERT_EQ(world
                .Post("/alerts/" + world.IdOf("a") + "/acknowledge",
                      R"({"actor":"'; DROP TABLE alerts; --","note":"a\u0000b \ud83d\udd25 <i>"})")
                .status,
            200);
  EXPECT_EQ(world.AlertOf("a").at("acknowledged_by"), "'; DROP TABLE alerts; --");
  EXPECT_EQ(world.AlertOf("a").at("acknowledge_note"),
            std::string("a\0b \xF0\x9F\x94\xA5 <i>", 12));
}

TEST(AlertingApiCommands, ANoteThatIsNoNoteAnyMoreIs422) {
  ApiWorld world({Rule("r", 80, Severity::kHigh, Duration(0))});
  world.Submit("a", 90);
  const std::string path = "/alerts/" + world.IdOf("a") + "/acknowledge";
  std::string longest;  // 4,000 characters of two bytes each
  for (int i = 0; i < 4000; ++i) longest += "\u00e9";
  const http::Response refused = world.Post(path, json{{"note", longest + "."}}.dump());
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(Parsed(refused)["detail"][0]["loc"], json({"body", "note"}));
  EXPECT_EQ(world.Post(path, json{{"actor", std::string(256, 'x')}}.dump()).status, 422);
  EXPECT_EQ(world.AlertOf("a")["status"], "active");
  EXPECT_EQ(world.Post(path, json{{"note", longest}}.dump()).status, 200);
  EXPECT_EQ(world.AlertOf("a")["acknowledge_note"], longest);
}

TEST(AlertingApiCommands, TheAnswerComesOnceTheChangeIsStored) {
  ApiWorld world({CpuRule()}, /*commit_at_once=*/false);
  world.Submit("a", 90);
  const std::string id = world.IdOf("a");
  world.Advance(seconds(1));  // the alert's own write has been submitted
  world.store.CommitAll();
  std::future<http::Response> answer =
      std::async(std::launch::async, [&] { return world.Post("/alerts/" + id + "/acknowledge"); });
  while (world.store.waiting() == 0) std::this_thread::yield();
  EXPECT_EQ(answer.wait_for(Duration(0)), std::future_status::timeout);
  world.store.CommitAll();
  EXPECT_EQ(answer.get().status, 200);
  EXPECT_EQ(ParseAlert(world.store.tables()[StateTable::kAlerts][id])->state,
            AlertState::kAcknowledged);
}

TEST(AlertingApiCommands, AreInForceAlsoWhenTheStoreCannotWrite) {
  ApiWorld world({CpuRule()}, /*commit_at_once=*/false);
  world.Submit("a", 90);
  const std::string id = world.IdOf("a");
  std::future<http::Response> answer =
      std::async(std::launch::async, [&] { return world.Post("/alerts/" + id + "/acknowledge"); });
  while (answer.wait_for(Duration(1)) != std::future_status::ready)
    world.store.FailAll("disk full");
  EXPECT_EQ(answer.get().status, 200);
  EXPECT_EQ(world.AlertOf("a").at("status"), "acknowledged");
}

// ---- routes

TEST(AlertingApiRoutes, BothMountsAndBothSpellingsOfAPathAreServed) {
  ApiWorld world({CpuRule("one")});
  world.Submit("a", 90);
  for (const std::string mount : {"/alerting", "/api/v1/alerting"}) {
    for (const std::string path :
         {"/rules", "/rules/one", "/alerts", "/alerts/id-1", "/status", "/health"}) {
      EXPECT_EQ(world.Send("GET", mount + path, "").status, 200) << mount << path;
      EXPECT_EQ(world.Send("GET", mount + path + "/", "").status, 200) << mount << path << "/";
    }
  }
  EXPECT_EQ(world.Send("POST", "/alerting/alerts/id-1/acknowledge", "").status, 200);
  EXPECT_EQ(world.Send("POST", "/alerting/alerts/id-1/resolve/", "").status, 200);
}

TEST(AlertingApiRoutes, AnIdIsDecodedAndMayHoldAnything) {
  auto rule = CpuRule("a/b c");
  ApiWorld world({rule});
  EXPECT_EQ(world.Get("/rules/a%2Fb%20c").status, 200);
  EXPECT_EQ(world.Get("/alerts/%27%20OR%201%3D1").status, 404);
}

TEST(AlertingApiRoutes, UnknownPathsAndMethodsAreToldInJson) {
  ApiWorld world({CpuRule()});
  const http::Response absent = world.Get("/nothing");
  EXPECT_EQ(absent.status, 404);
  EXPECT_EQ(Parsed(absent).at("detail"), "Not Found");
  const http::Response refused = world.Send("DELETE", "/alerting/alerts/x", "");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(Parsed(refused).at("detail"), "Method Not Allowed");
}

// ---- status and health

TEST(AlertingApiStatus, CountsAlertsAndNamesTheHealthOfTheParts) {
  ApiWorld world({Rule("r", 80, Severity::kHigh, seconds(60))});
  world.Submit("a", 90);
  world.Submit("b", 90);
  world.Advance(seconds(60));
  world.Submit("c", 90);
  ASSERT_EQ(world.Post("/alerts/" + world.IdOf("b") + "/acknowledge").status, 200);
  world.status.rules_total = 4;
  world.status.rules_enabled = 3;
  world.status.notifications_sent_24h = 7;
  world.status.receivers = {{"ops", "failing", "503"}, {"email", "unused", ""}};
  world.status.version = "1.2.3";
  const http::Response response = world.Get("/status");
  EXPECT_EQ(response.status, 200);
  const json status = Parsed(response);
  EXPECT_EQ(status.at("status"), "degraded");
  EXPECT_EQ(status.at("timestamp"), "2100-01-01T00:00:00Z");
  EXPECT_EQ(status.at("active_alerts"), 1);
  EXPECT_EQ(status.at("pending_alerts"), 1);
  EXPECT_EQ(status.at("acknowledged_alerts"), 1);
  EXPECT_EQ(status.at("total_rules"), 4);
  EXPECT_EQ(status.at("enabled_rules"), 3);
  EXPECT_EQ(status.at("notifications_sent_24h"), 7);
  EXPECT_EQ(status.at("system_health"),
            json::parse(R"({"alert_manager": "healthy", "notification_channels": "degraded",
                            "database": "healthy", "metrics_collection": "healthy"})"));
  EXPECT_EQ(status.at("channels").at("ops"),
            json::parse(R"({"health": "failing", "last_error": "503"})"));
  EXPECT_TRUE(status.at("channels").at("email").at("last_error").is_null());
  EXPECT_EQ(status.at("version"), "1.2.3");
  EXPECT_EQ(status.at("uptime_seconds"), 90);
}

TEST(AlertingApiStatus, TellsWhyAReloadFailed) {
  ApiWorld world({});
  world.status.reload = {false, kStart, {"tocsin.yml:3:1: unknown key \"scrap\""}};
  const json config = Parsed(world.Get("/status")).at("config");
  EXPECT_EQ(config.at("last_reload_successful"), false);
  EXPECT_EQ(config.at("problems"), json({"tocsin.yml:3:1: unknown key \"scrap\""}));
}

TEST(AlertingApiHealth, KeepsTheServicesName) {
  ApiWorld world({});
  const http::Response response = world.Get("/health");
  EXPECT_EQ(response.status, 200);
  const json health = Parsed(response);
  EXPECT_EQ(health.at("status"), "healthy");
  EXPECT_EQ(health.at("service"), "pynomaly-alerting");
  EXPECT_EQ(health.at("timestamp"), "2100-01-01T00:00:00Z");
  EXPECT_EQ(health.at("checks").at("database"), "healthy");
  EXPECT_EQ(health.at("checks").at("notifications"), "healthy");
  EXPECT_EQ(health.at("checks").at("metrics_collection"), "healthy");
}

TEST(AlertingApiHealth, HasItsPartsWithReasonsAndWarnings) {
  ApiWorld world({});
  world.status.receivers = {{"ops", "failing", "503"}};
  world.status.warnings = {"the door is open"};
  const json health = Parsed(world.Get("/health"));
  EXPECT_EQ(health.at("parts").at("delivery").at("receivers").at("ops").at("last_error"), "503");
  EXPECT_EQ(health.at("reasons"), json::array({"receiver ops fails: 503"}));
  EXPECT_EQ(health.at("warnings"), json::array({"the door is open"}));
}

TEST(AlertingApiHealth, TellsStrangersNotWhy) {
  ApiWorld world({});
  world.stranger = true;
  world.status.store_trouble = "disk full";
  const json health = Parsed(world.Get("/health"));
  EXPECT_EQ(health.at("status"), "degraded");
  EXPECT_EQ(health.size(), 3U) << health;  // status, timestamp, service
}

TEST(AlertingApiHealth, AStoreThatCannotBeWrittenIsDegradedWith200) {
  ApiWorld world({});
  world.status.store_trouble = "disk full";
  const http::Response response = world.Get("/health");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Parsed(response).at("status"), "degraded");
  EXPECT_EQ(Parsed(response).at("checks").at("database"), "degraded");
  EXPECT_EQ(response.body.find("disk full"), std::string::npos);  // health is for everybody
}

TEST(AlertingApiHealth, EvaluationThatHasStalledIs503) {
  ApiWorld world({});
  world.status.stalled = true;
  const http::Response response = world.Get("/health");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(Parsed(response).at("status"), "unhealthy");
}

}  // namespace
}  // namespace tocsin::api
