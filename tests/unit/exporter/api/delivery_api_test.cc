#include "exporter/api/delivery_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/worker_pool.h"
#include "config/alertmanager_file.h"
#include "receivers/alerts/native_alert.h"
#include "receivers/pipeline/graph.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/fake_mail_client.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/support/receiver_builders.h"
#include "tests/unit/exporter/api/no_files.h"

namespace tocsin::api {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::CpuUsageRule;
using testing::FiringAlert;
using testing::Named;

// 2100-01-01T00:00:00Z. In the future, since the dispatcher waits for its timers on the real
// calendar: nothing becomes due by itself.
const Timestamp kBeginning = FromUnixMillis(4'102'444'800'000);

constexpr std::string_view kOneTeam = R"(
route:
  receiver: team
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1m
  routes:
  - receiver: nobody
    matchers: [alertname="Quiet"]
    group_wait: 30s
    mute_time_intervals: [always]
    active_time_intervals: [never]
receivers:
- name: team
  webhook_configs:
  - url: http://hook/team
- name: nobody
inhibit_rules:
- source_matchers: [alertname="Source"]
  target_matchers: [alertname="Target"]
time_intervals:
- name: always
  time_intervals:
  - {months: ['1:12']}
- name: never
  time_intervals:
  - {years: ['1999']}
)";

receivers::DispatcherOptions WithAnOutbox() {
  receivers::DispatcherOptions options;
  options.with_outbox = true;
  return options;
}

// "ops" is a receiver of tocsin.yml, "team" one of alertmanager.yml.
class DeliveryWorld {
 public:
  explicit DeliveryWorld(config::NativeGrouping grouping = {}) : grouping_(std::move(grouping)) {
    for (http::Route& route : api_.Routes()) router_.Add(std::move(route));
    EXPECT_TRUE(dispatcher_.Restore().ok());
    dispatcher_.Start();
    dispatcher_.EngineRestored();
  }
  ~DeliveryWorld() { dispatcher_.Stop(); }
  DeliveryWorld(const DeliveryWorld&) = delete;
  DeliveryWorld& operator=(const DeliveryWorld&) = delete;

  http::Response Send(const std::string& method, const std::string& path) {
    http::Request request;
    request.method = method;
    request.raw_path = path;
    request.body.reserve(http::kBodyPadding);
    const http::Router::Match match = router_.Find(request);
    return match.route != nullptr ? match.route->handler(request) : match.error;
  }
  http::Response Get(const std::string& path) { return Send("GET", "/api/v1/alerting" + path); }
  json Explain(const std::string& id) {
    const http::Response response = Get("/alerts/" + id + "/explain");
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.content_type, "application/json");
    return json::parse(response.body);
  }
  json DeadLetters() {
    const http::Response response = Get("/dead-letters");
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.content_type, "application/json");
    return json::parse(response.body);
  }
  http::Response Resend(const std::string& id) {
    const http::Response response = Send("POST", "/api/v1/alerting/dead-letters/" + id + "/resend");
    Settle();
    return response;
  }

  // An alert of a rule that names "ops", known to the book and to the dispatcher.
  AlertPtr Offer(AlertPtr alert) {
    book_.Put(alert, nullptr);
    dispatcher_.AcceptNow({receivers::MakeNativeAlert(alert, "")});
    Settle();
    return alert;
  }
  // Its fingerprint.
  std::string Post(const Labels& labels, Duration lasts = hours(9)) {
    const Timestamp now = clock.Now();
    dispatcher_.Accept({testing::Posted(labels, now, now + lasts, now)});
    Settle();
    return FormatHex64(labels.view().Fingerprint());
  }
  void Answer(std::size_t i, int status) {
    http.Answer(i, status);
    Settle();
  }
  void Advance(Duration by) {
    clock.Advance(by);
    Settle();
  }
  std::string Silence(std::string_view matchers) {
    receivers::Silence silence;
    silence.matchers = ParseMatcherList(matchers, MatcherDialect::kFallback)->matchers;
    silence.starts_at = clock.Now();
    silence.ends_at = clock.Now() + hours(2);
    silence.created_by = "anna";
    silence.comment = "works";
    std::string id;
    EXPECT_FALSE(silences_.Set(silence, clock.Now(), &id, nullptr));
    return id;
  }
  // Without the receiver "ops".
  void ForgetOps() {
    dispatcher_.Apply(MakeGraph(/*with_ops=*/false));
    Settle();
  }
  std::string KeySent(std::size_t i) const {
    for (const auto& [name, value] : http.request(i).headers) {
      if (name == "Idempotency-Key") return value;
    }
    return "none";
  }
  void Stop() { dispatcher_.Stop(); }

  testing::FakeClock clock{kBeginning};
  testing::FakeHttpClient http;

 private:
  // Whatever was handed over has gone through the store and out, and what is due has happened.
  void Settle() {
    for (int i = 0; i < 6; ++i) (void)dispatcher_.Groups();
  }
  receivers::PipelineGraphPtr MakeGraph(bool with_ops) {
    NoFiles files;
    const config::LoadedAlertmanager loaded =
        config::LoadAlertmanagerText("alertmanager.yml", kOneTeam, {}, files);
    CHECK(loaded.settings != nullptr);
    receivers::NativeTargets native;
    native.grouping = grouping_;
    if (with_ops) {
      config::ChannelSettings webhook;
      webhook.type = "webhook";
      webhook.webhook.url = Secret("http://hook/ops");
      native.receivers.emplace_back();
      native.receivers.back().name = "ops";
      native.receivers.back().channels = {webhook};
    }
    Result<receivers::PipelineGraphPtr> graph =
        receivers::BuildPipelineGraph(loaded.settings, context_, native);
    CHECK(graph.ok());
    return *std::move(graph);
  }

  const config::NativeGrouping grouping_;
  int ids_ = 0;
  testing::NullLogSink log_;
  MetricRegistry metrics_;
  WorkerPool console_{1, 1};
  testing::FakeMailClient mail_;
  receivers::ChannelContext context_{
      http, mail_, clock, metrics_, [](std::string_view, Duration) { return Status(); }, console_};
  testing::MemoryStateStore store_;
  evaluator::AlertBook book_;
  receivers::AlertStore alerts_{metrics_};
  receivers::Silences silences_{{}, store_, [this] { return "s" + std::to_string(++ids_); }};
  receivers::Dispatcher dispatcher_{
      WithAnOutbox(),     MakeGraph(/*with_ops=*/true), alerts_, silences_, store_, clock,
      [] { return 0.5; }, Logger(log_, "dispatcher"),   metrics_};
  DeliveryApi api_{book_, alerts_, silences_, dispatcher_, clock};
  http::Router router_;
};

std::shared_ptr<Alert> Cpu(const std::string& id, Duration cooldown = Duration(0)) {
  auto rule = CpuUsageRule();
  rule->notification_channels = {"ops"};
  rule->cooldown = cooldown;
  return FiringAlert(rule, id);
}
AlertPtr Over(const Alert& alert) {
  auto over = std::make_shared<Alert>(alert);
  over->state = AlertState::kResolved;
  over->resolved_at = kBeginning;
  over->updated_at = kBeginning;
  over->resolved_reason = ResolveReason::kRecovered;
  return over;
}

const json kNothingMutes = {{"acknowledgement", nullptr},
                            {"silences", json::array()},
                            {"inhibited_by", json::array()},
                            {"cooldown_until", nullptr}};

json LabelsOf(const Alert& alert) {
  json labels = json::object();
  for (const Label& label : alert.labels)
    labels[std::string(label.name)] = std::string(label.value);
  return labels;
}

void ExpectDetail(const http::Response& response, int status, const std::string& detail) {
  EXPECT_EQ(response.status, status);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(json::parse(response.body), json({{"detail", detail}}));
}

// ---- explain

TEST(DeliveryApiExplain, TellsEverythingOfAnAlertOfARule) {
  DeliveryWorld world;
  const AlertPtr alert = world.Offer(Cpu("e1"));
  ASSERT_EQ(world.http.sent(), 1U);
  world.Answer(0, 200);
  const json expected = {{"id", "e1"},
                         {"fingerprint", FormatHex64(alert->labels.view().Fingerprint())},
                         {"labels", LabelsOf(*alert)},
                         {"state", "active"},
                         {"muted_by", kNothingMutes},
                         {"routes",
                          {{{"receiver", "ops"},
                            {"route", "{}"},
                            {"named_by_rule", true},
                            {"group_key", "{}:" + alert->labels.ToString()},
                            {"group_labels", LabelsOf(*alert)},
                            {"group_wait", "0s"},
                            {"group_interval", "1s"},
                            {"repeat_interval", nullptr},
                            {"outside_of_intervals", json::array()},
                            {"muted_by_intervals", json::array()},
                            {"next_flush", nullptr},
                            {"integrations",
                             {{{"integration", "ops/webhook"},
                               {"state", "told"},
                               {"told_at", "2100-01-01T00:00:00Z"},
                               {"attempts", 0},
                               {"last_error", nullptr}}}}}}},
                         {"attempts",
                          {{{"at", "2100-01-01T00:00:00Z"},
                            {"receiver", "ops"},
                            {"message", "firing"},
                            {"outcome", "delivered"},
                            {"http_status", 200},
                            {"error", nullptr}}}}};
  EXPECT_EQ(world.Explain("e1"), expected);
  const http::Response other = world.Send("GET", "/alerting/alerts/e1/explain");
  EXPECT_EQ(other.status, 200);
  EXPECT_EQ(json::parse(other.body), expected);
}

TEST(DeliveryApiExplain, TellsEverythingOfAPostedAlert) {
  DeliveryWorld world;
  const std::string id = world.Post({{"alertname", "Disk"}, {"host", "a"}});
  world.Advance(seconds(0));
  ASSERT_EQ(world.http.sent(), 1U);
  world.Answer(0, 503);
  const json labels = {{"alertname", "Disk"}, {"host", "a"}};
  const json why = world.Explain(id);
  EXPECT_EQ(world.Explain(why.at("id").get<std::string>()), why);  // its episode
  EXPECT_EQ(why.at("fingerprint"), id);
  EXPECT_EQ(why.at("labels"), labels);
  EXPECT_EQ(why.at("state"), "active");
  EXPECT_EQ(why.at("muted_by"), kNothingMutes);
  ASSERT_EQ(why.at("attempts").size(), 1U);
  EXPECT_EQ(why.at("attempts")[0], json({{"at", "2100-01-01T00:00:00Z"},
                                         {"receiver", "team/webhook[0]"},
                                         {"message", "firing"},
                                         {"outcome", "retrying"},
                                         {"http_status", 503},
                                         {"error", "HTTP status 503"}}));
  ASSERT_EQ(why.at("routes").size(), 1U);
  const json& route = why.at("routes")[0];
  EXPECT_EQ(route.at("receiver"), "team");
  EXPECT_EQ(route.at("named_by_rule"), false);
  EXPECT_EQ(route.at("group_key"), R"({}:{alertname="Disk"})");
  EXPECT_EQ(route.at("group_labels"), json({{"alertname", "Disk"}}));
  EXPECT_EQ(route.at("group_interval"), "1m");
  EXPECT_EQ(route.at("repeat_interval"), "4h");  // Alertmanager's default
  EXPECT_EQ(route.at("next_flush"), "2100-01-01T00:01:00Z");
  ASSERT_EQ(route.at("integrations").size(), 1U);
  const json& integration = route.at("integrations")[0];
  EXPECT_EQ(integration.at("integration"), "team/webhook[0]");
  EXPECT_EQ(integration.at("state"), "waiting");
  EXPECT_EQ(integration.at("told_at"), nullptr);
  EXPECT_EQ(integration.at("attempts"), 1);
  EXPECT_THAT(integration.at("last_error").get<std::string>(), ::testing::HasSubstr("503"));
}

TEST(DeliveryApiExplain, FailedAttemptsAreListedWithTheirErrors) {
  DeliveryWorld world;
  world.Offer(Cpu("e1"));
  world.Answer(0, 503);
  world.Advance(seconds(1));
  ASSERT_EQ(world.http.sent(), 2U);
  world.Answer(1, 404);
  const json attempts = world.Explain("e1").at("attempts");
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(attempts[0].at("outcome"), "retrying");
  EXPECT_EQ(attempts[0].at("http_status"), 503);
  EXPECT_EQ(attempts[1].at("outcome"), "failed");
  EXPECT_EQ(attempts[1].at("http_status"), 404);
  EXPECT_EQ(attempts[1].at("at"), "2100-01-01T00:00:01Z");
  EXPECT_THAT(attempts[1].at("error").get<std::string>(), ::testing::HasSubstr("404"));
  const json integration = world.Explain("e1").at("routes")[0].at("integrations")[0];
  EXPECT_EQ(integration.at("state"), "given_up");
  EXPECT_EQ(integration.at("attempts"), 2);
}

TEST(DeliveryApiExplain, WithoutAnAnswerThereIsNoHttpStatus) {
  DeliveryWorld world;
  world.Offer(Cpu("e1"));
  HttpClientFailure failure;
  failure.message = "connection refused";
  world.http.Fail(0, failure);
  world.Advance(Duration(0));
  const json attempts = world.Explain("e1").at("attempts");
  ASSERT_EQ(attempts.size(), 1U);
  EXPECT_EQ(attempts[0].at("http_status"), nullptr);
  EXPECT_EQ(attempts[0].at("error"), "connection refused");
}

TEST(DeliveryApiExplain, ResolvedAlerts) {
  DeliveryWorld world;
  const AlertPtr alert = world.Offer(Cpu("e1"));
  world.Answer(0, 200);
  world.Offer(Over(*alert));
  world.Answer(1, 200);
  const json native = world.Explain("e1");
  EXPECT_EQ(native.at("state"), "resolved");
  EXPECT_EQ(native.at("routes")[0].at("integrations")[0].at("state"), "told_of_end");
  ASSERT_EQ(native.at("attempts").size(), 2U);
  EXPECT_EQ(native.at("attempts")[1].at("message"), "resolved");
  const std::string posted = world.Post(Named("Disk"), minutes(5));
  EXPECT_EQ(world.Explain(posted).at("state"), "active");
  world.Advance(minutes(5));
  EXPECT_EQ(world.Explain(posted).at("state"), "resolved");
}

TEST(DeliveryApiExplain, Acknowledgements) {
  DeliveryWorld world;
  auto alert = std::make_shared<Alert>(*Cpu("e1"));
  alert->state = AlertState::kAcknowledged;
  alert->acknowledged_at = kBeginning;
  alert->acknowledged_by = "anna";
  alert->acknowledge_note = "looking \"into\" it";
  world.Offer(alert);
  EXPECT_EQ(world.http.sent(), 0U);
  json why = world.Explain("e1");
  EXPECT_EQ(why.at("state"), "acknowledged");
  EXPECT_EQ(why.at("muted_by").at("acknowledgement"), json({{"by", "anna"},
                                                            {"note", "looking \"into\" it"},
                                                            {"until", nullptr},
                                                            {"sticky", nullptr}}));
  alert = std::make_shared<Alert>(*alert);
  alert->acknowledged_until = kBeginning + hours(1);
  alert->acknowledgement_survives = std::chrono::minutes(10);
  world.Offer(alert);
  why = world.Explain("e1");
  EXPECT_EQ(why.at("muted_by").at("acknowledgement").at("until"), "2100-01-01T01:00:00Z");
  EXPECT_EQ(why.at("muted_by").at("acknowledgement").at("sticky"), "10m");
}

TEST(DeliveryApiExplain, SilencesWithWhoMadeThem) {
  DeliveryWorld world;
  const std::string silence = world.Silence("alertname=Disk");
  world.Silence("alertname=Other");
  const std::string id = world.Post(Named("Disk"));
  const json expected = {{{"id", silence},
                          {"created_by", "anna"},
                          {"comment", "works"},
                          {"ends_at", "2100-01-01T02:00:00Z"}}};
  EXPECT_EQ(world.Explain(id).at("muted_by").at("silences"), expected);
  EXPECT_EQ(world.http.sent(), 0U);
}

TEST(DeliveryApiExplain, InhibitionWithItsSources) {
  DeliveryWorld world;
  const std::string source = world.Post(Named("Source"));
  const std::string target = world.Post(Named("Target"));
  const json expected = {{{"fingerprint", source}, {"labels", {{"alertname", "Source"}}}}};
  EXPECT_EQ(world.Explain(target).at("muted_by").at("inhibited_by"), expected);
  EXPECT_EQ(world.Explain(source).at("muted_by"), kNothingMutes);
}

TEST(DeliveryApiExplain, TimeIntervalsAndAReceiverWithoutIntegrations) {
  DeliveryWorld world;
  const std::string id = world.Post(Named("Quiet"));
  const json why = world.Explain(id);
  ASSERT_EQ(why.at("routes").size(), 1U);
  const json& route = why.at("routes")[0];
  EXPECT_EQ(route.at("receiver"), "nobody");
  EXPECT_EQ(route.at("route"), R"({}/{alertname="Quiet"})");
  EXPECT_EQ(route.at("group_wait"), "30s");
  EXPECT_EQ(route.at("muted_by_intervals"), json({"always"}));
  EXPECT_EQ(route.at("outside_of_intervals"), json({"never"}));
  EXPECT_EQ(route.at("next_flush"), "2100-01-01T00:00:30Z");
  EXPECT_EQ(route.at("integrations"), json::array());
}

TEST(DeliveryApiExplain, ACooldown) {
  DeliveryWorld world;
  const AlertPtr first = world.Offer(Cpu("e1", minutes(5)));
  world.Answer(0, 200);
  world.Offer(Over(*first));
  world.Answer(1, 200);
  world.Offer(Cpu("e2", minutes(5)));
  EXPECT_EQ(world.http.sent(), 2U);
  const json why = world.Explain("e2");
  EXPECT_EQ(why.at("muted_by").at("cooldown_until"), "2100-01-01T00:05:00Z");
  EXPECT_EQ(why.at("routes")[0].at("next_flush"), "2100-01-01T00:05:00Z");
  EXPECT_EQ(why.at("routes")[0].at("integrations")[0].at("state"), "untold");
  EXPECT_EQ(why.at("attempts"), json::array());
}

TEST(DeliveryApiExplain, ARuleThatNamesNobodyHasNoRoutes) {
  DeliveryWorld world;
  auto rule = CpuUsageRule();
  rule->notification_channels = {"absent"};
  world.Offer(FiringAlert(rule, "e1"));
  EXPECT_EQ(world.Explain("e1").at("routes"), json::array());
}

TEST(DeliveryApiExplain, AnAlertThatNobodyKnowsIsNotFound) {
  DeliveryWorld world;
  const std::string known = world.Post(Named("Disk"));
  for (const std::string& unknown :
       {std::string("e1"), std::string("0000000000000000"), std::string("ffffffffffffffff"),
        known.substr(1), known + "0", std::string("-1"), std::string("0x") + known.substr(2),
        std::string(100'000, 'a'), std::string("\"<b>")}) {
    SCOPED_TRACE(unknown.substr(0, 30));
    for (const char* mount : {"/api/v1/alerting", "/alerting"}) {
      ExpectDetail(world.Send("GET", mount + ("/alerts/" + unknown + "/explain")), 404,
                   "Alert not found");
    }
  }
}

// ---- dead letters

TEST(DeliveryApiDeadLetters, NoneIsAnEmptyList) {
  DeliveryWorld world;
  world.Offer(Cpu("e1"));
  world.Answer(0, 200);
  EXPECT_EQ(world.DeadLetters(), json::array());
  EXPECT_EQ(world.Send("GET", "/alerting/dead-letters").body, "[]");
}

TEST(DeliveryApiDeadLetters, OneHasAllItsMembers) {
  DeliveryWorld world;
  const AlertPtr alert = world.Offer(Cpu("e1"));
  world.Answer(0, 503);
  world.Advance(seconds(1));
  world.Answer(1, 400);
  const json letters = world.DeadLetters();
  ASSERT_EQ(letters.size(), 1U);
  json letter = letters[0];
  EXPECT_THAT(letter.at("last_error").get<std::string>(), ::testing::HasSubstr("400"));
  letter.erase("last_error");
  const json expected = {{"id", "4102444800000000"},
                         {"receiver", "ops"},
                         {"integration", "ops/webhook"},
                         {"status", "firing"},
                         {"group_key", "{}:" + alert->labels.ToString()},
                         {"alerts", {{{"status", "firing"}, {"labels", LabelsOf(*alert)}}}},
                         {"idempotency_key", "e1-firing-1"},
                         {"created_at", "2100-01-01T00:00:00Z"},
                         {"attempts", 2},
                         {"http_status", 400},
                         {"refused", true},
                         {"superseded", false}};
  EXPECT_EQ(letter, expected);
  EXPECT_EQ(json::parse(world.Send("GET", "/alerting/dead-letters").body), letters);
}

TEST(DeliveryApiDeadLetters, AreListedWithTheNewestFirst) {
  DeliveryWorld world;
  world.Post(Named("A"));
  world.Advance(seconds(1));
  world.Post(Named("B"));
  ASSERT_EQ(world.http.sent(), 2U);
  world.Answer(1, 404);
  world.Answer(0, 404);
  const json letters = world.DeadLetters();
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0].at("group_key"), R"({}:{alertname="B"})");
  EXPECT_EQ(letters[1].at("group_key"), R"({}:{alertname="A"})");
  EXPECT_EQ(letters[0].at("refused"), false);
  EXPECT_EQ(letters[0].at("integration"), "team/webhook[0]");
}

TEST(DeliveryApiDeadLetters, OneWhoseGroupHasChangedIsSuperseded) {
  DeliveryWorld world;
  world.Post({{"alertname", "A"}, {"host", "x"}});
  world.Answer(0, 404);
  world.Post({{"alertname", "A"}, {"host", "y"}});
  world.Advance(minutes(1));
  ASSERT_EQ(world.http.sent(), 2U);
  world.Answer(1, 200);
  const json letters = world.DeadLetters();
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].at("superseded"), true);
  EXPECT_EQ(letters[0].at("alerts").size(), 1U);
}

TEST(DeliveryApiDeadLetters, AnEndHasItsStatus) {
  DeliveryWorld world;
  const AlertPtr alert = world.Offer(Cpu("e1"));
  world.Answer(0, 200);
  world.Offer(Over(*alert));
  world.Answer(1, 422);
  const json letters = world.DeadLetters();
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].at("status"), "resolved");
  EXPECT_EQ(letters[0].at("alerts")[0].at("status"), "resolved");
  EXPECT_EQ(letters[0].at("idempotency_key"), world.KeySent(1));
}

TEST(DeliveryApiDeadLetters, ShowTheKeyThatWasSent) {
  config::NativeGrouping grouped;
  grouped.group_by = std::vector<std::string>{"alertname"};
  for (const config::NativeGrouping& grouping : {config::NativeGrouping(), grouped}) {
    DeliveryWorld world(grouping);
    world.Post(Named("A"));
    world.Offer(Cpu("e1"));
    ASSERT_EQ(world.http.sent(), 2U);
    world.Answer(0, 400);
    world.Answer(1, 400);
    const json letters = world.DeadLetters();
    ASSERT_EQ(letters.size(), 2U);
    for (const json& letter : letters) {
      const std::size_t i = letter.at("receiver") == "team" ? 0 : 1;
      EXPECT_EQ(letter.at("idempotency_key"), world.KeySent(i));
    }
  }
}

// ---- sent again

TEST(DeliveryApiResend, SendsALetterAgainWithItsKey) {
  for (const char* mount : {"/api/v1/alerting", "/alerting"}) {
    DeliveryWorld world;
    world.Offer(Cpu("e1"));
    world.Answer(0, 400);
    const std::string id = world.DeadLetters().at(0).at("id").get<std::string>();
    const http::Response response = world.Send("POST", mount + ("/dead-letters/" + id + "/resend"));
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(response.content_type, "application/json");
    EXPECT_EQ(json::parse(response.body), json({{"message", "Dead letter is sent again"}}));
    world.Advance(Duration(0));
    ASSERT_EQ(world.http.sent(), 2U);
    EXPECT_EQ(world.KeySent(1), world.KeySent(0));
    EXPECT_EQ(world.http.request(1).body, world.http.request(0).body);
    EXPECT_EQ(world.DeadLetters().size(), 1U);  // it is none once it has arrived
    world.Answer(1, 200);
    EXPECT_EQ(world.DeadLetters(), json::array());
    EXPECT_EQ(world.Explain("e1").at("routes")[0].at("integrations")[0].at("state"), "told");
    ExpectDetail(world.Resend(id), 404, "Dead letter not found");
  }
}

TEST(DeliveryApiResend, OneThatIsUnderWayIsNotSentTwice) {
  DeliveryWorld world;
  world.Offer(Cpu("e1"));
  world.Answer(0, 404);
  const std::string id = world.DeadLetters().at(0).at("id").get<std::string>();
  EXPECT_EQ(world.Resend(id).status, 202);
  EXPECT_EQ(world.Resend(id).status, 202);
  EXPECT_EQ(world.http.sent(), 2U);
  world.Answer(1, 404);
  EXPECT_EQ(world.DeadLetters().at(0).at("attempts"), 2);
  EXPECT_EQ(world.http.sent(), 2U);
}

TEST(DeliveryApiResend, ALetterThatNobodyKnowsIsNotFound) {
  DeliveryWorld world;
  world.Offer(Cpu("e1"));
  world.Answer(0, 400);
  for (const std::string& unknown :
       {std::string("0"), std::string("1"), std::string("4102444800000001"),
        std::string("9223372036854775807"), std::string("9223372036854775808"),
        std::string("18446744073709551615"), std::string("18446744073709551616"),
        // 4102444800000000 below 2^64
        std::string("-18442641628909551616"), std::string("-4102444800000000"), std::string("-1"),
        std::string("-0.5"), std::string("+4102444800000000"), std::string("4102444800000000.0"),
        std::string("0xE935000000"), std::string("all"), std::string("4102444800000000x"),
        std::string(100'000, '9')}) {
    SCOPED_TRACE(unknown.substr(0, 30));
    ExpectDetail(world.Resend(unknown), 404, "Dead letter not found");
  }
  EXPECT_EQ(world.http.sent(), 1U);
  EXPECT_EQ(world.DeadLetters().size(), 1U);
}

TEST(DeliveryApiResend, AReceiverThatIsGoneIsAConflict) {
  DeliveryWorld world;
  world.Offer(Cpu("e1"));
  world.Answer(0, 404);
  const std::string id = world.DeadLetters().at(0).at("id").get<std::string>();
  world.ForgetOps();
  ExpectDetail(world.Resend(id), 409, "Its receiver is no longer configured");
  EXPECT_EQ(world.http.sent(), 1U);
  EXPECT_EQ(world.DeadLetters().size(), 1U);
}

TEST(DeliveryApiResend, OtherMethodsAreRefused) {
  DeliveryWorld world;
  EXPECT_EQ(world.Send("GET", "/api/v1/alerting/dead-letters/1/resend").status, 405);
  EXPECT_EQ(world.Send("POST", "/api/v1/alerting/dead-letters").status, 405);
  EXPECT_EQ(world.Send("DELETE", "/alerting/dead-letters").status, 405);
  EXPECT_EQ(world.Send("POST", "/alerting/alerts/e1/explain").status, 405);
}

TEST(DeliveryApi, APathThatIsNoTextIsRefused) {
  DeliveryWorld world;
  EXPECT_EQ(world.Get("/alerts/%FF%FE/explain").status, 400);
  EXPECT_EQ(world.Resend("%FF").status, 400);
  EXPECT_EQ(world.Send("POST", "/alerting/dead-letters/%zz/resend").status, 400);
}

TEST(DeliveryApi, AnswersAfterTheDispatcherHasStopped) {
  DeliveryWorld world;
  world.Offer(Cpu("e1"));
  world.Answer(0, 400);
  world.Stop();
  EXPECT_EQ(world.DeadLetters(), json::array());
  EXPECT_EQ(world.Resend("4102444800000000").status, 404);
  EXPECT_EQ(world.Explain("e1").at("routes"), json::array());
}

}  // namespace
}  // namespace tocsin::api
