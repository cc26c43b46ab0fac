#include "exporter/api/rules_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_library.h"
#include "config/loader.h"
#include "exporter/api/rule_export.h"
#include "tests/support/evaluator_builders.h"

namespace tocsin::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kRule = R"({"name":"hot","metric_name":"cpu","condition":">","threshold":"80",
                                  "severity":"high","notification_channels":["email"]})";

evaluator::ManagedRulePtr ManagedOf(ThresholdRule rule) {
  evaluator::ManagedRule managed;
  managed.rule = std::make_shared<const ThresholdRule>(std::move(rule));
  managed.created_at = FromUnixMillis(1'714'557'600'000);
  managed.updated_at = FromUnixMillis(1'714'557'660'000);
  managed.created_by = "anna";
  return std::make_shared<const evaluator::ManagedRule>(std::move(managed));
}

// The routes over commands that only note what they are asked for.
class RulesApiTest : public ::testing::Test {
 protected:
  RulesApiTest() {
    of_file_->source_file = "rules.d/host.yml";
    RuleCommands commands;
    commands.create = [this](const RuleBody& body, const std::string& actor,
                             const std::string& id) {
      asked_.push_back("create " + *body.name + " by " + actor + " as " + id);
      ThresholdRule rule;
      body.ApplyTo(&rule);
      rule.id = "made";
      return Outcome(ManagedOf(std::move(rule)));
    };
    commands.update = [this](const std::string& id, const RuleBody& body, const std::string&) {
      asked_.push_back("update " + id + (body.enabled ? (*body.enabled ? " on" : " off") : ""));
      ThresholdRule rule = *testing::CpuRule(id);
      body.ApplyTo(&rule);
      return Outcome(ManagedOf(std::move(rule)));
    };
    commands.remove = [this](const std::string& id, const std::string&) {
      asked_.push_back("remove " + id);
      return Outcome(nullptr);
    };
    api_.emplace(RuleSources{std::move(commands), [this] { return Rules(); },
                             [this] { return receivers_; }, [this] { return receivers_; },
                             [] { return Duration(std::chrono::minutes(5)); },
                             [](const ThresholdRule&) { return std::set<std::string>{"host"}; }});
    for (http::Route& route : api_->Routes()) router_.Add(std::move(route));
    for (http::Route& route : api_->DemoRoutes()) router_.Add(std::move(route));
    for (http::Route& route : DemoTriggerRoutes([this](const http::Request& request) {
           asked_.push_back("submit " + request.body);
           return http::Response{submit_status_, "", {}, "refused", false};
         })) {
      router_.Add(std::move(route));
    }
  }

  RuleOutcome Outcome(evaluator::ManagedRulePtr rule) const {
    if (kind_ != RuleOutcome::Kind::kDone) return {kind_, "there are too many", nullptr};
    return {RuleOutcome::Kind::kDone, "", std::move(rule)};
  }
  LoadedRules Rules() const {
    auto managed = std::make_shared<evaluator::ManagedRules::ById>();
    if (of_api_ != nullptr) (*managed)[of_api_->rule->id] = of_api_;
    std::vector<std::shared_ptr<const ThresholdRule>> rules{of_file_};
    if (of_api_ != nullptr) rules.push_back(of_api_->rule);
    return {std::make_shared<const evaluator::RuleIndex>(rules, std::chrono::minutes(5)),
            Timestamp(), managed};
  }

  http::Response Send(const std::string& method, const std::string& path,
                      const std::string& body = "", const std::string& query = "") {
    http::Request request;
    request.method = method;
    request.raw_path = path;
    request.query = query;
    request.creation_id = creation_id_;
    request.body = body;
    const http::Router::Match match = router_.Find(request);
    return match.route == nullptr ? match.error : match.route->handler(request);
  }
  static nlohmann::json Parsed(const http::Response& response) {
    EXPECT_EQ(response.content_type, "application/json");
    return ParseJson(response.body);
  }

  std::shared_ptr<ThresholdRule> of_file_ = testing::CpuRule("of-file");
  evaluator::ManagedRulePtr of_api_;
  std::shared_ptr<const config::ReceiverNames> receivers_ =
      std::make_shared<const config::ReceiverNames>(std::vector<config::ReceiverSettings>());
  RuleOutcome::Kind kind_ = RuleOutcome::Kind::kDone;
  int submit_status_ = 200;
  std::string creation_id_;
  std::vector<std::string> asked_;
  std::optional<RulesApi> api_;
  http::Router router_;
};

TEST_F(RulesApiTest, APostAnswersWithTheWholeRuleAndWhatItWillNotDo) {
  for (const char* path : {"/api/v1/alerting/rules", "/alerting/rules/"}) {
    creation_id_ = "u1";
    const http::Response response = Send("POST", path, kRule);
    EXPECT_EQ(response.status, 200);
    const nlohmann::json rule = Parsed(response);
    EXPECT_EQ(rule["id"], "made");
    EXPECT_EQ(rule["name"], "hot");
    EXPECT_EQ(rule["rule_name"], "hot");
    EXPECT_EQ(rule["source"], "api");
    EXPECT_EQ(rule["created_by"], "anna");
    EXPECT_EQ(rule["created_at"], "2024-05-01T10:00:00Z");
    EXPECT_EQ(rule["updated_at"], "2024-05-01T10:01:00Z");
    ASSERT_EQ(rule["warnings"].size(), 1U);
    EXPECT_THAT(rule["warnings"][0].get<std::string>(), HasSubstr("set EMAIL_SMTP_HOST"));
  }
  EXPECT_THAT(asked_, ElementsAre("create hot by api as u1", "create hot by api as u1"));
}

TEST_F(RulesApiTest, WhatIsNoRuleIsRefusedAndNothingIsAsked) {
  const auto type_of = [this](const std::string& body) {
    const http::Response response = Send("POST", "/alerting/rules", body);
    EXPECT_EQ(response.status, 422) << body;
    return Parsed(response)["detail"][0]["type"].get<std::string>();
  };
  EXPECT_EQ(type_of(""), "value_error.missing");
  EXPECT_EQ(type_of("{"), "value_error.jsondecode");
  EXPECT_EQ(type_of("[]"), "type_error.dict");
  EXPECT_EQ(type_of(std::string(200, '[')), "value_error.jsondecode");
  EXPECT_EQ(type_of("{}"), "value_error.missing");
  EXPECT_TRUE(asked_.empty());
}

TEST_F(RulesApiTest, AChangeAndARemovalNameTheirRule) {
  EXPECT_EQ(Send("PUT", "/alerting/rules/r1", R"({"threshold":"90"})").status, 200);
  EXPECT_EQ(Send("POST", "/alerting/rules/r1/disable").status, 200);
  EXPECT_EQ(Send("POST", "/alerting/rules/r1/enable").status, 200);
  const http::Response removed = Send("DELETE", "/alerting/rules/r1");
  EXPECT_EQ(removed.body, R"({"message":"Alert rule deleted successfully"})");
  EXPECT_THAT(asked_, ElementsAre("update r1", "update r1 off", "update r1 on", "remove r1"));
}

TEST_F(RulesApiTest, ARuleOfAFileIsNotChangedHere) {
  for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
           {"PUT", "/alerting/rules/of-file"},
           {"DELETE", "/alerting/rules/of-file"},
           {"POST", "/alerting/rules/of-file/enable"},
           {"POST", "/alerting/rules/of-file/disable"}}) {
    const http::Response response = Send(method, path, "{}");
    EXPECT_EQ(response.status, 409) << method;
    EXPECT_EQ(Parsed(response)["detail"], "Alert rule is defined in rules.d/host.yml");
  }
  EXPECT_TRUE(asked_.empty());
}

TEST_F(RulesApiTest, WhatCameOfAChangeDecidesTheStatus) {
  const auto answer = [this](RuleOutcome::Kind kind) {
    kind_ = kind;
    const http::Response response = Send("POST", "/alerting/rules", kRule);
    return std::to_string(response.status) + " " + Parsed(response)["detail"].get<std::string>();
  };
  EXPECT_EQ(answer(RuleOutcome::Kind::kNotFound), "404 Alert rule not found");
  EXPECT_EQ(answer(RuleOutcome::Kind::kConflict), "409 there are too many");
  EXPECT_EQ(answer(RuleOutcome::Kind::kUnconfirmed),
            "503 The change is in force, but the state store has not confirmed it yet");
  EXPECT_EQ(answer(RuleOutcome::Kind::kStopping),
            "503 The daemon is stopping: nothing has changed");
}

TEST_F(RulesApiTest, ValidatingChangesNothing) {
  const http::Response response = Send("POST", "/alerting/rules/validate", kRule);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Parsed(response)["valid"], true);
  EXPECT_EQ(Parsed(response)["warnings"].size(), 1U);
  EXPECT_EQ(Send("POST", "/alerting/rules/validate", R"({"name":""})").status, 422);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(RulesApiTest, TheExportIsAFileThatReadsBackAsTheSameRules) {
  ThresholdRule rule = *testing::CpuRule("of-api");
  rule.name = "quotes \" and: colons # 💥";
  rule.description = "two\nlines";
  rule.metric_name = "system.cpu.usage";
  rule.series_name = "system_cpu_usage";
  rule.matchers = {Matcher::Equal("host", "a \"b\"")};
  rule.condition = Condition::kEqual;
  rule.threshold_text = "010";
  rule.threshold = 10;
  rule.duration = std::chrono::seconds(90);
  rule.severity = Severity::kInfo;
  rule.enabled = false;
  rule.notification_channels = {"email", "no"};
  rule.notification_template = "{value}";
  rule.cooldown = Duration(0);
  rule.stale_alerts = StaleAlerts::kKeep;
  rule.runbook_url = "https://wiki/?a=%22:#b";
  rule.dashboard_url = "https://grafana/d/1";
  of_api_ = ManagedOf(rule);
  receivers_ = std::make_shared<const config::ReceiverNames>(
      std::vector<config::ReceiverSettings>{{"no", {}, ""}});

  const http::Response response = Send("GET", "/alerting/rules/export");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/yaml");
  const config::LoadedRules read = config::LoadRuleText("rules.d/api.yml", response.body);
  EXPECT_FALSE(read.diagnostics.has_errors()) << response.body;
  ASSERT_EQ(read.rules.size(), 1U) << response.body;  // not the one of the file
  ThresholdRule expected = rule;
  expected.id = read.rules[0]->id;
  expected.source_file = "rules.d/api.yml";
  expected.source_line = read.rules[0]->source_line;
  EXPECT_EQ(*read.rules[0], expected) << response.body;
}

TEST(RulesAsFile, IsAFileThatLoadsWhateverTheRulesAreCalled) {
  const std::string long_name = [] {
    std::string text;
    for (int i = 0; i < 255; ++i) text += "💥";
    return text;
  }();
  std::vector<std::shared_ptr<const ThresholdRule>> rules;
  for (const std::string& name :
       {std::string("x"), std::string("x"), std::string("x (2)"), std::string("x"), long_name,
        long_name, std::string("a\nb: #"), std::string("a\nb: #"), std::string("\x01\xc2\x85")}) {
    auto rule = testing::CpuRule(std::to_string(rules.size()));
    rule->name = name;
    rule->description = "number " + rule->id;
    rule->notification_channels = {"email", "ops", "of\nthe api"};
    rules.push_back(rule);
  }
  const config::ReceiverNames of_files({{"ops", {}, ""}});
  const std::string file = RulesAsFile(rules, of_files);
  const config::LoadedRules read = config::LoadRuleText("rules.d/api.yml", file);
  ASSERT_FALSE(read.diagnostics.has_errors()) << file;
  ASSERT_EQ(read.rules.size(), rules.size());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    names.push_back(read.rules[i]->name);
    EXPECT_EQ(read.rules[i]->description, rules[i]->description);
    EXPECT_THAT(read.rules[i]->notification_channels, ElementsAre("email", "ops"));
  }
  EXPECT_THAT(names, ElementsAre("x", "x (3)", "x (2)", "x (4)", long_name,
                                 long_name.substr(0, 251 * 4) + " (2)", "a\nb: #", "a\nb: # (2)",
                                 "\x01\xc2\x85"));
  EXPECT_THAT(file, HasSubstr("# \"x (3)\" is another rule \"x\": names are unique"));
  EXPECT_THAT(file, HasSubstr("# Left out of \"x\": the channel \"of\\nthe api\""));
}

TEST_F(RulesApiTest, AnExportWithoutRulesIsAFileToo) {
  const http::Response response = Send("GET", "/alerting/rules/export");
  EXPECT_FALSE(config::LoadRuleText("a.yml", response.body).diagnostics.has_errors())
      << response.body;
}

TEST_F(RulesApiTest, TheDemonstrationMakesItsRule) {
  EXPECT_EQ(Send("POST", "/alerting/demo/create-rule").body,
            R"({"message":"Demo rule created with ID: made"})");
  EXPECT_THAT(asked_, ElementsAre("create Demo High CPU Alert by demo as "));
}

TEST_F(RulesApiTest, TheDemonstrationSubmitsAMetric) {
  EXPECT_EQ(Send("POST", "/alerting/demo/trigger-alert").body,
            R"({"message":"Demo alert triggered for demo.metric=100.0"})");
  EXPECT_EQ(
      Send("POST", "/alerting/demo/trigger-alert", "", "metric_name=demo.cpu.usage&value=95").body,
      R"({"message":"Demo alert triggered for demo.cpu.usage=95.0"})");
  EXPECT_THAT(
      asked_,
      ElementsAre(
          R"(submit {"metric_name":"demo.metric","value":100.0,"metadata":{"source":"demo"}})",
          R"(submit {"metric_name":"demo.cpu.usage","value":95.0,"metadata":{"source":"demo"}})"));
}

TEST_F(RulesApiTest, WhatTheDemonstrationCannotSubmitIsRefused) {
  for (const char* query : {"value=high", "value=NaN", "value=1e999", "metric_name=", "value="}) {
    EXPECT_EQ(Send("POST", "/alerting/demo/trigger-alert", "", query).status, 422) << query;
  }
  EXPECT_TRUE(asked_.empty());
  submit_status_ = 429;
  EXPECT_EQ(Send("POST", "/alerting/demo/trigger-alert").status, 429);
}

}  // namespace
}  // namespace tocsin::api
