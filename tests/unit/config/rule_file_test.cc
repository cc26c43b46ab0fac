#include "config/rule_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/loader.h"
#include "config/receivers.h"
#include "tests/unit/config/config_world.h"

namespace tocsin::config {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Rules = std::vector<std::shared_ptr<const ThresholdRule>>;

struct ReadResult {
  Rules rules;
  std::vector<std::string> problems;
};
ReadResult Read(std::string_view text, const RuleFileContext& context = {}) {
  Diagnostics diagnostics;
  FileReport report("r.yml", diagnostics);
  ReadResult result;
  result.rules = ReadRuleFile(text, context, report);
  result.problems = Lines(diagnostics);
  return result;
}

// The only rule of a file of which one rule has these lines beside the required ones.
std::string RuleText(std::string_view more = "", std::string_view name = "High") {
  return fmt::format(
      "- name: {}\n  metric_name: system.cpu.usage\n  condition: '>'\n  threshold: 80.0\n"
      "  severity: high\n  notification_channels: []\n{}",
      name, more);
}
ReadResult ReadOne(std::string_view more) { return Read("rules:\n" + RuleText(more)); }
ThresholdRule GoodRule(std::string_view more) {
  const ReadResult result = ReadOne(more);
  for (const std::string& problem : result.problems) ADD_FAILURE() << problem;
  return result.rules.empty() ? ThresholdRule() : *result.rules[0];
}

TEST(RuleFile, ARuleHasTheContractsDefaults) {
  const ThresholdRule rule = GoodRule("");
  EXPECT_EQ(rule.name, "High");
  EXPECT_EQ(rule.description, "");
  EXPECT_EQ(rule.metric_name, "system.cpu.usage");
  EXPECT_EQ(rule.series_name, "system_cpu_usage");
  EXPECT_THAT(rule.matchers, IsEmpty());
  EXPECT_EQ(rule.condition, Condition::kGreater);
  EXPECT_EQ(rule.threshold, 80.0);
  EXPECT_EQ(rule.threshold_text, "80.0");
  EXPECT_EQ(rule.duration, seconds(0));
  EXPECT_EQ(rule.severity, Severity::kHigh);
  EXPECT_TRUE(rule.enabled);
  EXPECT_THAT(rule.notification_channels, IsEmpty());
  EXPECT_EQ(rule.notification_template, "");
  EXPECT_EQ(rule.cooldown, seconds(300));
  EXPECT_EQ(rule.stale_after, std::nullopt);
  EXPECT_EQ(rule.stale_alerts, std::nullopt);
  EXPECT_EQ(rule.source_file, "r.yml");
  EXPECT_EQ(rule.source_line, 2);
}

TEST(RuleFile, EveryFieldIsRead) {
  const ReadResult result = Read(
      "rules:\n"
      "- name: Disk \"full\" \xf0\x9f\x94\xa5\n"
      "  description: <b>soon</b>\n"
      "  metric_name: disk_used\n"
      "  labels: {host: web-1, port: 9100, flag: true}\n"
      "  condition: <=\n"
      "  threshold: '-1e3'\n"
      "  duration: 1m30s\n"
      "  severity: WARNING\n"
      "  enabled: false\n"
      "  notification_channels: [ops, email, ops]\n"
      "  notification_template: '{value:.1f} on {host} {{x}}'\n"
      "  cooldown_period: 0\n"
      "  stale_after: 120\n"
      "  stale_alerts: keep\n"
      "  runbook_url: https://wiki.example.org/disk?a=1#b\n"
      "  dashboard_url: http://grafana:3000/d/1\n");
  ASSERT_THAT(result.problems, IsEmpty());
  const ThresholdRule& rule = *result.rules.at(0);
  EXPECT_EQ(rule.name, "Disk \"full\" \xf0\x9f\x94\xa5");
  EXPECT_EQ(rule.description, "<b>soon</b>");
  EXPECT_THAT(rule.matchers,
              ElementsAre(Matcher::Equal("flag", "true"), Matcher::Equal("host", "web-1"),
                          Matcher::Equal("port", "9100")));
  EXPECT_EQ(rule.condition, Condition::kLessEqual);
  EXPECT_EQ(rule.threshold, -1000.0);
  EXPECT_EQ(rule.threshold_text, "-1e3");
  EXPECT_EQ(rule.duration, seconds(90));
  EXPECT_EQ(rule.severity, Severity::kMedium);
  EXPECT_FALSE(rule.enabled);
  EXPECT_THAT(rule.notification_channels, ElementsAre("ops", "email"));
  EXPECT_EQ(rule.notification_template, "{value:.1f} on {host} {{x}}");
  EXPECT_EQ(rule.cooldown, seconds(0));
  EXPECT_EQ(rule.stale_after, minutes(2));
  EXPECT_EQ(rule.stale_alerts, StaleAlerts::kKeep);
  EXPECT_EQ(rule.runbook_url, "https://wiki.example.org/disk?a=1#b");
  EXPECT_EQ(rule.dashboard_url, "http://grafana:3000/d/1");
}

TEST(RuleFile, NullsOfOptionalFieldsAreTheirDefaults) {
  const ThresholdRule rule =
      GoodRule("  description:\n  notification_template: ~\n  labels:\n  duration: null\n");
  EXPECT_EQ(rule.description, "");
  EXPECT_EQ(rule.notification_template, "");
}

TEST(RuleFile, AllConditionsAndSeveritiesAreRead) {
  for (const char* symbol : {">", "<", ">=", "<=", "==", "!="}) {
    const ReadResult result = Read(fmt::format(
        "rules: [{{name: x, metric_name: m, condition: '{}', threshold: 1, severity: low, "
        "notification_channels: []}}]",
        symbol));
    ASSERT_THAT(result.problems, IsEmpty()) << symbol;
    EXPECT_EQ(ConditionSymbol(result.rules.at(0)->condition), symbol);
  }
  for (const char* word : {"critical", "High", "MEDIUM", "low", "info"}) {
    const ReadResult result = Read(fmt::format(
        "rules: [{{name: x, metric_name: m, condition: '<', threshold: 1, severity: {}, "
        "notification_channels: []}}]",
        word));
    ASSERT_THAT(result.problems, IsEmpty()) << word;
    EXPECT_EQ(result.rules.at(0)->severity, ParseSeverity(word));
  }
}

TEST(RuleFile, NamesHaveUpTo255CharactersWhateverTheirBytes) {
  std::string name;
  for (int i = 0; i < 255; ++i) name += "\xc3\xa9";
  EXPECT_THAT(Read("rules:\n" + RuleText("", name)).problems, IsEmpty());
  EXPECT_THAT(Read("rules:\n" + RuleText("", name + "x")).problems,
              ElementsAre("r.yml:2:9: name must have 1 to 255 characters, not 256"));
}

TEST(RuleFile, LabelNamesAreMappedAsAtIntake) {
  EXPECT_THAT(GoodRule("  labels: {k8s.pod: a}\n").matchers,
              ElementsAre(Matcher::Equal("k8s_pod", "a")));
}

// The state of alerts hangs on it: a reload must not see a change where there is none.
TEST(RuleFile, TheOrderOfLabelsInTheFileIsNotPartOfTheCondition) {
  EXPECT_TRUE(
      GoodRule("  labels: {a: 1, b: 2}\n").SameCondition(GoodRule("  labels: {b: 2, a: 1}\n")));
}

TEST(RuleFile, AnEmptyLabelSelectsSeriesWithoutIt) {
  EXPECT_THAT(GoodRule("  labels: {host: ''}\n").matchers, ElementsAre(Matcher::Equal("host", "")));
}

TEST(RuleFile, FilesWithoutRulesAreSound) {
  for (const char* text : {"", "# nothing yet\n", "rules:\n", "rules: []\n", "{}\n"}) {
    const ReadResult result = Read(text);
    EXPECT_THAT(result.problems, IsEmpty()) << text;
    EXPECT_THAT(result.rules, IsEmpty()) << text;
  }
}

TEST(RuleFile, SoundRulesComeOutBesideFaultyOnes) {
  const ReadResult result = Read("rules:\n- name: bad\n" + RuleText("", "A") +
                                 RuleText("  owner: x\n", "B") + RuleText("", "C"));
  ASSERT_THAT(result.rules, SizeIs(2));
  EXPECT_EQ(result.rules[0]->name, "A");
  EXPECT_EQ(result.rules[1]->name, "C");
  EXPECT_THAT(result.problems, SizeIs(6));
}

TEST(RuleFile, ANameThatAFaultyRuleHasIsTakenToo) {
  const ReadResult result = Read("rules:\n" + RuleText("  owner: x\n") + RuleText());
  EXPECT_THAT(result.rules, IsEmpty());
  EXPECT_THAT(result.problems,
              Contains("r.yml:9:3: rule \"High\" is already defined at r.yml:2:3"));
}

std::string IdOf(const std::string& identity, std::string_view name) {
  RuleFileContext context;
  context.identity = identity;
  return Read("rules:\n" + RuleText("", name), context).rules.at(0)->id;
}

TEST(RuleId, IsMadeOfTheFilesIdentityAndTheNameOnly) {
  const std::string id = IdOf("rules.d/a.yml", "High");
  EXPECT_EQ(id.size(), 36U);
  EXPECT_EQ(IdOf("rules.d/a.yml", "High"), id);
  EXPECT_NE(IdOf("rules.d/b.yml", "High"), id);
  EXPECT_NE(IdOf("rules.d/a.yml", "Low"), id);
  EXPECT_NE(IdOf("rules.d/a.ymlH", "igh"), id) << "file and name do not run into each other";
}

TEST(RuleId, OutlivesEverythingElseOfTheRule) {
  RuleFileContext context;
  context.identity = "rules.d/a.yml";
  const ReadResult before = Read("rules:\n" + RuleText(), context);
  const ReadResult after = Read(
      "# a new comment\nrules:\n" + RuleText("", "First") + RuleText("  duration: 5m\n"), context);
  EXPECT_EQ(after.rules.at(1)->id, before.rules.at(0)->id);
}

TEST(RuleFile, ChannelsAreCheckedOnlyWhereReceiversAreKnown) {
  const std::string text =
      "rules:\n- {name: x, metric_name: m, condition: '<', threshold: 1, severity: low, "
      "notification_channels: [sms]}\n";
  EXPECT_THAT(Read(text).problems, IsEmpty());
  const ReceiverNames receivers({});
  RuleFileContext context;
  context.receivers = &receivers;
  EXPECT_THAT(Read(text, context).problems,
              ElementsAre(HasSubstr("unknown notification channel \"sms\"; known: email, slack, "
                                    "discord, webhook, teams, pagerduty")));
}

TEST(RuleFile, ADurationIsMeasuredAgainstTheRulesOwnStaleness) {
  RuleFileContext context;
  context.staleness = minutes(5);
  const std::string long_one = "rules:\n" + RuleText("  duration: 10m\n");
  EXPECT_THAT(Read(long_one, context).problems, SizeIs(1));
  EXPECT_THAT(Read(long_one).problems, IsEmpty()) << "no staleness is known";
  EXPECT_THAT(
      Read("rules:\n" + RuleText("  duration: 10m\n  stale_after: 15m\n"), context).problems,
      IsEmpty());
  EXPECT_THAT(Read("rules:\n" + RuleText("  duration: 5m\n"), context).problems, IsEmpty());
}

TEST(RuleFile, WholeNumbersMayBeComparedExactly) {
  EXPECT_THAT(Read("rules: [{name: x, metric_name: m, condition: '==', threshold: 1.0, "
                   "severity: low, notification_channels: []}]")
                  .problems,
              IsEmpty());
}

TEST(RuleFile, BracesThatOnlyLookLikeGoAreNoReasonToWarn) {
  for (const char* text : {"'{{value}}'", "'{{ x .y }}'", "'a. $b {value}'", "'{{'", "'{{ '"}) {
    EXPECT_THAT(ReadOne(fmt::format("  notification_template: {}\n", text)).problems, IsEmpty())
        << text;
  }
  for (const char* text : {"'{{.Value}}'", "'{{- .Value}}'", "'{{$v}}'", "'{{a}} {{ $v }}'"}) {
    EXPECT_THAT(ReadOne(fmt::format("  notification_template: {}\n", text)).problems, SizeIs(1))
        << text;
  }
}

TEST(RuleFile, LargerThan16MegabytesIsRefused) {
  std::string text = "rules: []\n#";
  text.resize(kMaxRuleFileBytes, 'x');
  EXPECT_THAT(Read(text).problems, IsEmpty());
  EXPECT_THAT(Read(text + "x").problems,
              ElementsAre("r.yml: the file is larger than 16777216 bytes"));
}

TEST(RuleFile, AnAliasMayServeSeveralRules) {
  const ReadResult result = Read(
      "rules:\n"
      "- {name: A, metric_name: m, condition: '<', threshold: &t 5, severity: low, "
      "notification_channels: &c [ops]}\n"
      "- {name: B, metric_name: n, condition: '<', threshold: *t, severity: low, "
      "notification_channels: *c}\n");
  ASSERT_THAT(result.problems, IsEmpty());
  EXPECT_EQ(result.rules.at(1)->threshold_text, "5");
  EXPECT_THAT(result.rules.at(1)->notification_channels, ElementsAre("ops"));
}

}  // namespace
}  // namespace tocsin::config
