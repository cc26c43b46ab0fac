// GET /events and the statistics, over a store that the test fills.
#include "exporter/api/history_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/eventless_store.h"
#include "tests/unit/exporter/api/api_world.h"

namespace tocsin::api {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using Numbers = std::vector<std::uint64_t>;

// Of the alerting API's world the rule engine, so that bodies are real ones, and a store.
class HistoryApiTest : public ::testing::Test {
 protected:
  HistoryApiTest() : world_({testing::CpuRule()}) {
    for (http::Route& route : api_.Routes()) router_.Add(std::move(route));
  }

  http::Response Get(const std::string& path, const std::string& query = "",
                     const std::string& accept = "") {
    http::Request request;
    request.method = "GET";
    request.raw_path = "/api/v1/alerting" + path;
    request.query = query;
    if (!accept.empty()) request.headers.emplace_back("Accept", accept);
    const http::Router::Match match = router_.Find(request);
    return match.route != nullptr ? match.route->handler(request) : match.error;
  }
  Numbers Find(const std::string& query) {
    const http::Response response = Get("/events", query);
    EXPECT_EQ(response.status, 200) << query << ": " << response.body;
    Numbers numbers;
    const json page = Parsed(response);
    for (const json& event : page.at("events")) {
      numbers.push_back(event.at("sequence"));
    }
    return numbers;
  }
  // The `loc` and `type` of each fault, as "query.limit type_error.integer".
  std::vector<std::string> Faults(const std::string& path, const std::string& query) {
    const http::Response response = Get(path, query);
    EXPECT_EQ(response.status, 422) << query << ": " << response.body;
    std::vector<std::string> faults;
    const json answer = Parsed(response);
    for (const json& fault : answer.at("detail")) {
      faults.push_back(fault.at("loc").at(0).get<std::string>() + "." +
                       fault.at("loc").at(1).get<std::string>() + " " +
                       fault.at("type").get<std::string>());
    }
    return faults;
  }
  void Record(const char* type, int second, const char* alert = "", const char* rule = "",
              const char* receiver = "", const char* host = "") {
    Event event;
    event.type = type;
    event.at = kStart + seconds(second);
    event.alert_id = alert;
    event.rule_id = rule;
    event.receiver = receiver;
    event.labels = Labels{{"host", host}};
    event.body = "{}";
    WriteBatch batch;
    batch.Record(std::move(event));
    world_.store.Submit(std::move(batch), nullptr);
  }
  void RecordSeven() {
    Record("alert.pending", 0, "a1", "r1", "", "web-1");
    Record("alert.active", 10, "a1", "r1", "", "web-1");
    Record("alert.active", 20, "a2", "r2", "", "web-2");
    Record("notification.delivered", 30, "a1", "r1", "ops", "web-1");
    Record("notification.failed", 40, "a2", "r2", "page", "web-2");
    Record("silence.created", 50);
    Record("alert.resolved", 60, "a1", "r1", "", "web-1");
  }

  ApiWorld world_;
  HistoryApi api_{{world_.store,
                   [this] {
                     return LoadedRules{world_.index, kStart};
                   },
                   world_.clock}};
  http::Router router_;
};

TEST_F(HistoryApiTest, AnEmptyHistoryIsAnEmptyList) {
  const http::Response response = Get("/events");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Parsed(response),
            json::parse(R"({"events": [], "last_sequence": 0, "examined_to": null})"));
}

TEST_F(HistoryApiTest, AnAlertIsShownAsTheAlertingApiShowsIt) {
  world_.Submit("a", 90);
  const json event = Parsed(Get("/events")).at("events").at(0);
  const json alert = world_.AlertOf("a");
  EXPECT_EQ(event.at("sequence"), 1);
  EXPECT_EQ(event.at("type"), "alert.active");
  EXPECT_EQ(event.at("at"), "2100-01-01T00:00:00Z");
  EXPECT_EQ(event.at("alert_id"), alert.at("id"));
  EXPECT_EQ(event.at("rule_id"), alert.at("rule_id"));
  EXPECT_TRUE(event.at("receiver").is_null());
  EXPECT_EQ(event.at("labels"), alert.at("labels"));
  json expected = alert;
  // How those went are other events, and what is so now was not then.
  for (const char* key : {"notifications", "notifications_sent", "last_notification_at",
                          "silenced_by", "inhibited", "muted_by_intervals", "comment_count"}) {
    expected.erase(key);
  }
  EXPECT_EQ(event.at("body"), expected);
}

TEST_F(HistoryApiTest, TheEndOfAnAcknowledgementSaysWhy) {
  world_.Submit("a", 90);
  const std::string id = world_.IdOf("a");
  ASSERT_EQ(
      world_.Post("/alerts/" + id + "/acknowledge", R"({"actor":"anna","expires_in":5})").status,
      200);
  world_.Advance(seconds(5));
  const json event = Parsed(Get("/events", "type=alert.unacknowledged")).at("events").at(0);
  EXPECT_EQ(event.at("body").at("status"), "active");
  EXPECT_EQ(event.at("body").at("unacknowledged"),
            json::parse(R"({"reason": "expired", "actor": null})"));
}

TEST_F(HistoryApiTest, TheNewestComeFirstUnlessSomethingElseIsAskedFor) {
  RecordSeven();
  EXPECT_EQ(Find("limit=2"), (Numbers{7, 6}));
  EXPECT_EQ(Find("limit=2&order=desc"), (Numbers{7, 6}));
  EXPECT_EQ(Find("limit=2&order=asc"), (Numbers{1, 2}));
  EXPECT_EQ(Find("limit=2&after=3"), (Numbers{4, 5}));
  EXPECT_EQ(Find("limit=2&after=3&order=desc"), (Numbers{7, 6}));
}

TEST_F(HistoryApiTest, TheLastNumberIsThatOfTheNewestEventWhateverIsAskedFor) {
  RecordSeven();
  const http::Response response = Get("/events", "type=alert.pending");
  EXPECT_EQ(Parsed(response).at("last_sequence"), 7);
}

TEST_F(HistoryApiTest, FindsByNumber) {
  RecordSeven();
  EXPECT_EQ(Find("after=5"), (Numbers{6, 7}));
  EXPECT_EQ(Find("before=3"), (Numbers{2, 1}));
  EXPECT_EQ(Find("after=2&before=5"), (Numbers{3, 4}));
  EXPECT_THAT(Find("before=0"), IsEmpty());
  EXPECT_EQ(Find("after=0&limit=1"), (Numbers{1}));
}

TEST_F(HistoryApiTest, FindsByTimeInEachForm) {
  RecordSeven();
  // 2100-01-01T00:00:50Z
  for (const char* since : {"2100-01-01T00:00:50Z", "2100-01-01T01:00:50%2B01:00", "4102444850",
                            "4102444850.0", "4102444850000"}) {
    EXPECT_EQ(Find(std::string("order=asc&since=") + since), (Numbers{6, 7})) << since;
  }
  EXPECT_EQ(Find("order=asc&until=2100-01-01T00:00:10Z"), (Numbers{1}));
  EXPECT_EQ(Find("order=asc&since=4102444810&until=4102444830"), (Numbers{2, 3}));
}

TEST_F(HistoryApiTest, FindsByType) {
  RecordSeven();
  EXPECT_EQ(Find("order=asc&type=alert.active"), (Numbers{2, 3}));
  EXPECT_EQ(Find("order=asc&type=alert.active&type=silence."), (Numbers{2, 3, 6}));
  EXPECT_EQ(Find("order=asc&type=notification."), (Numbers{4, 5}));
  EXPECT_THAT(Find("type=unheard.of"), IsEmpty());
}

TEST_F(HistoryApiTest, FindsByRuleAlertAndReceiver) {
  RecordSeven();
  EXPECT_EQ(Find("order=asc&rule_id=r2"), (Numbers{3, 5}));
  EXPECT_EQ(Find("order=asc&alert_id=a1"), (Numbers{1, 2, 4, 7}));
  EXPECT_EQ(Find("order=asc&receiver=page"), (Numbers{5}));
  EXPECT_EQ(Find("order=asc&alert_id=a1&type=alert."), (Numbers{1, 2, 7}));
}

TEST_F(HistoryApiTest, FindsByLabels) {
  RecordSeven();
  EXPECT_EQ(Find("order=asc&match[]=%7Bhost%3D%22web-2%22%7D"), (Numbers{3, 5}));
  EXPECT_EQ(Find("order=asc&match[]=%7Bhost%3D%22web-2%22%7D&match[]=host%3D%22%22"),
            (Numbers{3, 5, 6}));
  EXPECT_EQ(Find("order=asc&filter=host%3D~%22web-.*%22&filter=host!%3D%22web-1%22"),
            (Numbers{3, 5}));
  EXPECT_EQ(Find("filter=host%3D~%22web-.*%22&limit=2"), (Numbers{7, 5}));
  EXPECT_THAT(Find("filter=host%3D%22web-1%22&match[]=host%3D%22web-2%22"), IsEmpty());
}

TEST_F(HistoryApiTest, MatchersLookThroughManyPagesInBothOrders) {
  Record("alert.active", 0, "first", "r", "", "rare");
  for (int i = 0; i < 2'500; ++i) Record("alert.active", 1, "a", "r", "", "common");
  Record("alert.active", 2, "last", "r", "", "rare");
  EXPECT_EQ(Find("filter=host%3D%22rare%22"), (Numbers{2'502, 1}));
  EXPECT_EQ(Find("filter=host%3D%22rare%22&order=asc"), (Numbers{1, 2'502}));
}

TEST_F(HistoryApiTest, EveryWrongParameterIsListed) {
  EXPECT_THAT(Faults("/events",
                     "since=yesterday&until=-1&after=x&before=1.5&limit=0&type=Alert&type=alert.x.y"
                     "&rule_id=&alert_id=" +
                         std::string(256, 'a') +
                         "&match[]=a%3D~%22(%22&filter=a&order=up&format=xml&receiver="),
              ElementsAre("query.since value_error.datetime", "query.until value_error.datetime",
                          "query.after type_error.integer", "query.before type_error.integer",
                          "query.limit value_error.number.not_ge",
                          "query.type value_error.str.regex", "query.type value_error.str.regex",
                          "query.rule_id value_error.any_str.min_length",
                          "query.alert_id value_error.any_str.max_length",
                          "query.receiver value_error.any_str.min_length",
                          "query.match[] value_error.matcher", "query.filter value_error.matcher",
                          "query.order type_error.enum", "query.format type_error.enum"));
}

TEST_F(HistoryApiTest, NumbersHaveTheirLimits) {
  EXPECT_THAT(Faults("/events", "limit=10001"),
              ElementsAre("query.limit value_error.number.not_le"));
  EXPECT_THAT(Faults("/events", "after=-1"), ElementsAre("query.after value_error.number.not_ge"));
  EXPECT_THAT(Faults("/events", "before=-1"),
              ElementsAre("query.before value_error.number.not_ge"));
  EXPECT_THAT(Faults("/events", "after=9223372036854775808"),
              ElementsAre("query.after type_error.integer"));
  EXPECT_THAT(Faults("/events", "since=1e300"), ElementsAre("query.since value_error.datetime"));
  EXPECT_THAT(Faults("/events", "since=NaN"), ElementsAre("query.since value_error.datetime"));
  EXPECT_THAT(Faults("/events", "filter=a%3D~%22(%22"),
              ElementsAre("query.filter value_error.matcher"));
  EXPECT_EQ(Get("/events", "limit=10000").status, 200);
  EXPECT_EQ(Get("/events", "after=9223372036854775807").status, 200);
}

TEST_F(HistoryApiTest, CsvByFormatOrByWhatIsAccepted) {
  RecordSeven();
  for (const http::Response& response :
       {Get("/events", "format=csv&type=alert.pending"),
        Get("/events", "type=alert.pending", "text/csv, */*;q=0.1")}) {
    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(response.content_type, StartsWith("text/csv"));
    EXPECT_EQ(response.body,
              "sequence,at,type,alert_id,rule_id,receiver,labels,body\r\n"
              "1,2100-01-01T00:00:00Z,alert.pending,a1,r1,,\"{host=\"\"web-1\"\"}\",{}\r\n");
  }
  EXPECT_EQ(Get("/events", "format=json", "text/csv").content_type, "application/json");
}

class UnreadableStore final : public tocsin::testing::EventlessStore {
 public:
  void Submit(WriteBatch, Committed) override {}
  Result<std::vector<Row>> Scan(StateTable) const override { return Error{"no"}; }
  Result<std::vector<Event>> Events(const EventQuery&) const override {
    return Error{"cannot read /var/lib/tocsin/state.db"};
  }
  std::optional<std::string> Trouble() const override { return std::nullopt; }
};

TEST_F(HistoryApiTest, AStoreThatCannotBeReadIs503WithoutItsNames) {
  const UnreadableStore unreadable;
  HistoryApi api({unreadable, [this] { return LoadedRules{world_.index, kStart}; }, world_.clock});
  for (const http::Route& route : api.Routes()) {
    http::Request request;
    request.captures = {"r"};
    const http::Response response = route.handler(request);
    EXPECT_EQ(response.status, 503) << route.pattern;
    EXPECT_EQ(response.body, R"({"detail":"The history cannot be read at the moment"})");
  }
}

// ---- statistics

TEST_F(HistoryApiTest, StatisticsOfARule) {
  const std::string rule = world_.index->rules().at(0)->id;
  world_.clock.Advance(seconds(1'000));
  Record("alert.active", 0, "a", rule.c_str());
  Record("alert.acknowledged", 30, "a", rule.c_str());
  Record("alert.resolved", 90, "a", rule.c_str());
  Record("alert.active", 100, "b", rule.c_str());
  Record("alert.active", 100, "x", "other");
  const json statistics = Parsed(Get("/rules/" + rule + "/statistics", "window=1d"));
  EXPECT_EQ(statistics, json({{"since", "2099-12-31T00:16:40Z"},
                              {"until", "2100-01-01T00:16:40Z"},
                              {"rule_id", rule},
                              {"rule_name", world_.index->rules().at(0)->name},
                              {"episodes", 2},
                              {"acknowledged", 1},
                              {"resolved", 1},
                              {"mean_time_to_acknowledge_seconds", 30.0},
                              {"mean_time_to_resolve_seconds", 90.0}}));
}

TEST_F(HistoryApiTest, StatisticsCountTheEventsOfTheirWindow) {
  const std::string rule = world_.index->rules().at(0)->id;
  Record("alert.active", 0, "a", rule.c_str());
  Record("alert.resolved", 10, "a", rule.c_str());
  Record("alert.active", 20, "b", rule.c_str());
  Record("alert.resolved", 50, "b", rule.c_str());
  const auto count = [&](const std::string& query) {
    const json body = Parsed(Get("/rules/" + rule + "/statistics", query));
    return body.at("episodes").dump() + "/" + body.at("resolved").dump();
  };
  EXPECT_EQ(count("since=4102444800&until=4102444900"), "2/2");
  EXPECT_EQ(count("since=4102444805&until=4102444900"), "1/1");
  EXPECT_EQ(count("since=4102444800&until=4102444830"), "2/1");
  EXPECT_EQ(count("until=4102444815&window=15s"), "1/1");
}

TEST_F(HistoryApiTest, StatisticsOfAllRulesHaveASumAndNameEachRule) {
  const std::string rule = world_.index->rules().at(0)->id;
  world_.clock.Advance(seconds(100));
  Record("alert.active", 0, "x", "a-rule-that-is-gone");
  Record("alert.resolved", 20, "x", "a-rule-that-is-gone");
  const json body = Parsed(Get("/statistics"));
  EXPECT_EQ(body.at("episodes"), 1);
  EXPECT_EQ(body.at("mean_time_to_resolve_seconds"), 20.0);
  EXPECT_TRUE(body.at("mean_time_to_acknowledge_seconds").is_null());
  ASSERT_EQ(body.at("rules").size(), 2U);
  std::map<std::string, json> by_id;
  for (const json& one : body.at("rules")) by_id[one.at("rule_id")] = one;
  EXPECT_EQ(by_id.at(rule).at("episodes"), 0);
  EXPECT_EQ(by_id.at(rule).at("rule_name"), world_.index->rules().at(0)->name);
  EXPECT_EQ(by_id.at("a-rule-that-is-gone").at("episodes"), 1);
  EXPECT_TRUE(by_id.at("a-rule-that-is-gone").at("rule_name").is_null());
}

TEST_F(HistoryApiTest, StatisticsOfAnUnknownRuleAre404AndOfOneThatIsGoneWhatIsKnown) {
  EXPECT_EQ(Get("/rules/nobody/statistics").status, 404);
  Record("alert.active", -5, "x", "gone");
  EXPECT_EQ(Get("/rules/gone/statistics").status, 200);
}

TEST_F(HistoryApiTest, WrongWindowsAreListed) {
  for (const char* path : {"/statistics", "/rules/r/statistics"}) {
    EXPECT_THAT(Faults(path, "window=soon&since=x&until=y"),
                ElementsAre("query.since value_error.datetime", "query.until value_error.datetime",
                            "query.window value_error.duration"));
    EXPECT_THAT(Faults(path, "window=0s"), ElementsAre("query.window value_error.duration"));
  }
}

}  // namespace
}  // namespace tocsin::api
