#include "config/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

#include "config/alertmanager_settings.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/config/disk_files.h"
#include "tests/unit/config/loading.h"

namespace tocsin::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string RuleNamed(std::string_view name, std::string_view channel = "console") {
  return fmt::format(
      "rules:\n- {{name: {}, metric_name: m, condition: '<', threshold: 1, severity: low, "
      "notification_channels: [{}]}}\n",
      name, channel);
}

std::set<std::string> RuleIds(const Settings& settings) {
  std::set<std::string> ids;
  for (const auto& rule : settings.rules) ids.insert(rule->id);
  return ids;
}

TEST(Loader, ReadsTheRuleFilesBesideTheConfiguration) {
  const LoadResult result = LoadText("", EmptyEnvironment(),
                                     FilesOf({{"/etc/tocsin/rules.d/b.yml", RuleNamed("B")},
                                              {"/etc/tocsin/rules.d/a.yml", RuleNamed("A")},
                                              {"/etc/tocsin/rules.d/a.txt", "{"},
                                              {"/etc/tocsin/rules.d/.a.yml", "{"},
                                              {"rules.d/c.yml", "{"}}),
                                     "/etc/tocsin/tocsin.yml");
  ASSERT_THAT(result.problems, IsEmpty());
  const Settings& settings = *result.settings;
  ASSERT_THAT(settings.rules, SizeIs(2));
  EXPECT_EQ(settings.rules[0]->name, "A");
  EXPECT_EQ(settings.rules[0]->source_file, "/etc/tocsin/rules.d/a.yml");
  EXPECT_EQ(settings.rules[1]->name, "B");
  EXPECT_THAT(settings.rule_files,
              ElementsAre("/etc/tocsin/rules.d/a.yml", "/etc/tocsin/rules.d/b.yml"));
  EXPECT_THAT(settings.rule_file_patterns, ElementsAre("/etc/tocsin/rules.d/*.yml"));
}

TEST(Loader, ListsEveryFileThatWasReadTheConfigurationFirst) {
  const LoadResult result = LoadText(
      "rule_files: [z.yml, /abs/*.yml]\n", MakeEnvironment({{"WEBHOOK_URL_FILE", "/url"}}),
      FilesOf(
          {{"conf/z.yml", RuleNamed("Z")}, {"/abs/a.yml", RuleNamed("A")}, {"/url", "http://h/"}}),
      "conf/tocsin.yml");
  ASSERT_THAT(result.problems, IsEmpty());
  EXPECT_THAT(result.settings->files_read,
              ElementsAre("conf/tocsin.yml", "/abs/a.yml", "conf/z.yml", "/url"));
  EXPECT_THAT(result.settings->rule_file_patterns, ElementsAre("conf/z.yml", "/abs/*.yml"));
}

TEST(Loader, PatternsCanBeOpenedAsTheyAreWhateverTheFoldersName) {
  const LoadResult result = LoadText("", EmptyEnvironment(), {}, "/a*b/tocsin.yml");
  EXPECT_THAT(result.settings->rule_file_patterns, ElementsAre("/a\\*b/rules.d/*.yml"));
}

constexpr std::string_view kAlertmanagerKey = "tocsin: {alertmanager: {config_file: am.yml}}\n";
constexpr std::string_view kAlertmanagerFile =
    "route: {receiver: pager}\nreceivers:\n- name: pager\n  webhook_configs: [{url: "
    "'http://h/'}]\n- name: ops\ntemplates: ['*.tmpl']\n";

TEST(Loader, ReadsTheAlertmanagerFileBesideTheConfiguration) {
  const LoadResult result = LoadText(std::string(kAlertmanagerKey), EmptyEnvironment(),
                                     FilesOf({{"/etc/am.yml", std::string(kAlertmanagerFile)},
                                              {"/etc/a.tmpl", "{{ define \"a\" }}{{ end }}"}}),
                                     "/etc/tocsin.yml");
  ASSERT_THAT(result.problems, IsEmpty());
  const Settings& settings = *result.settings;
  ASSERT_NE(settings.alertmanager, nullptr);
  EXPECT_EQ(settings.alertmanager->route.receiver, "pager");
  EXPECT_THAT(settings.files_read, ElementsAre("/etc/tocsin.yml", "/etc/am.yml", "/etc/a.tmpl"));
  EXPECT_THAT(settings.patterns_read, ElementsAre("/etc/rules.d/*.yml", "/etc/*.tmpl"));
}

TEST(Loader, TellsProblemsOfTheAlertmanagerFileAtTheirPlaces) {
  const LoadResult result = LoadText(
      std::string(kAlertmanagerKey), EmptyEnvironment(),
      FilesOf({{"/etc/am.yml", "route: {receiver: nobody}\nreceivers: []\n"}}), "/etc/tocsin.yml");
  EXPECT_EQ(result.settings, nullptr);
  EXPECT_THAT(result.problems, ElementsAre(HasSubstr("/etc/am.yml:1:19:")));
  EXPECT_THAT(
      LoadText(std::string(kAlertmanagerKey), EmptyEnvironment(), {}, "/etc/tocsin.yml").problems,
      ElementsAre(HasSubstr("/etc/am.yml: cannot be read")));
}

TEST(Loader, WarnsOfInhibitionByAlertsThatNoRuleMakes) {
  const std::string inhibition =
      "inhibit_rules:\n- source_matchers: [alertname=A]\n  target_matchers: [alertname=B]\n";
  const auto problems = [&inhibition](const std::string& rules) {
    return LoadText(std::string(kAlertmanagerKey), EmptyEnvironment(),
                    FilesOf({{"am.yml", std::string(kAlertmanagerFile) + inhibition},
                             {"rules.d/a.yml", rules}}))
        .problems;
  };
  EXPECT_THAT(problems(RuleNamed("A")),
              ElementsAre("am.yml:8:3: warning: no rule of these files makes an alert \"B\": this "
                          "inhibit rule waits for one that others post"));
  EXPECT_THAT(problems(RuleNamed("A") + RuleNamed("B").substr(7)), IsEmpty());
  EXPECT_THAT(problems("rules: []\n"), IsEmpty());  // all alerts are posted
}

TEST(Loader, RulesMayNameReceiversOfTheAlertmanagerFile) {
  const LoadResult result = LoadText(std::string(kAlertmanagerKey), EmptyEnvironment(),
                                     FilesOf({{"am.yml", std::string(kAlertmanagerFile)},
                                              {"rules.d/a.yml", RuleNamed("A", "pager")},
                                              {"rules.d/b.yml", RuleNamed("B", "pagers")}}));
  EXPECT_THAT(result.problems,
              ElementsAre(AllOf(HasSubstr("rules.d/b.yml"),
                                HasSubstr("unknown notification channel \"pagers\""),
                                HasSubstr("console, pager, ops"))));
}

TEST(Loader, WarnsOfAReceiverThatBothFilesHave) {
  const LoadResult result = LoadText(
      "tocsin:\n  alertmanager: {config_file: am.yml}\n  receivers:\n"
      "  - {name: ops, console: {}}\n",
      EmptyEnvironment(), FilesOf({{"am.yml", std::string(kAlertmanagerFile)}}));
  EXPECT_NE(result.settings, nullptr);
  EXPECT_THAT(result.problems, ElementsAre(HasSubstr("there are two receivers \"ops\"")));
}

TEST(Loader, OneNameInTwoFilesIsTwoRules) {
  const Settings settings =
      GoodSettings("", EmptyEnvironment(),
                   FilesOf({{"rules.d/a.yml", RuleNamed("X")}, {"rules.d/b.yml", RuleNamed("X")}}));
  EXPECT_THAT(RuleIds(settings), SizeIs(2));
}

// Alerts hang on rule ids: they must not start anew because a folder has another name.
TEST(Loader, RuleIdsStayWhenTheConfigurationMoves) {
  const auto ids = [](const std::string& folder, std::string_view text) {
    const LoadResult result =
        LoadText(text, EmptyEnvironment(), FilesOf({{folder + "rules.d/a.yml", RuleNamed("X")}}),
                 folder + "tocsin.yml");
    return RuleIds(*result.settings);
  };
  const std::set<std::string> before = ids("", "");
  EXPECT_THAT(before, SizeIs(1));
  EXPECT_EQ(ids("/etc/tocsin/", ""), before);
  EXPECT_EQ(ids("/", ""), before);
  EXPECT_EQ(ids("conf/", "rule_files: [rules.d/a.yml]\n"), before) << "named otherwise";
}

TEST(Loader, ChannelsOfRulesAreCheckedAgainstFileAndEnvironment) {
  const MemoryFiles rules = FilesOf({{"rules.d/a.yml", RuleNamed("A", "ops, webhook, console")}});
  const std::string_view text = "tocsin: {receivers: [{name: ops, console: {}}]}\n";
  EXPECT_THAT(LoadText(text, MakeEnvironment({{"WEBHOOK_URL", "http://h/"}}), rules).problems,
              IsEmpty());
  const LoadResult without = LoadText("", EmptyEnvironment(), rules);
  EXPECT_EQ(without.settings, nullptr);
  EXPECT_THAT(without.problems,
              ElementsAre(HasSubstr("unknown notification channel \"ops\"; known: email, slack, "
                                    "discord, webhook, teams, pagerduty, console"),
                          HasSubstr("warning: channel \"webhook\" is not configured; set "
                                    "WEBHOOK_URL")));
}

TEST(Loader, ProblemsOfAllSourcesComeTogetherSortedByPlace) {
  const LoadResult result = LoadText(
      "tocsin:\n  staleness: soon\nglobal: 5\n", MakeEnvironment({{"PROMETHEUS_PORT", "x"}}),
      FilesOf({{"rules.d/b.yml", "groups: []\n"}, {"rules.d/a.yml", "rules: {}\n"}}));
  EXPECT_EQ(result.settings, nullptr);
  EXPECT_THAT(result.problems,
              ElementsAre(HasSubstr("PROMETHEUS_PORT must be"), HasSubstr("rules.d/a.yml:1:8: "),
                          HasSubstr("rules.d/b.yml:1:1: "), HasSubstr("tocsin.yml:2:14: "),
                          HasSubstr("tocsin.yml:3:9: ")));
}

TEST(Loader, WarningsDoNotKeepTheSettingsBack) {
  const LoadResult result = LoadText("tracing: {endpoint: x}\n");
  EXPECT_THAT(result.problems, SizeIs(1));
  EXPECT_NE(result.settings, nullptr);
}

TEST(Loader, TheEnvironmentSaysWhereStateAndMetricsAre) {
  const Settings settings = GoodSettings(
      "", MakeEnvironment({{"DATABASE_URL", "sqlite:////x.db"}, {"PROMETHEUS_PORT", "8001"}}));
  EXPECT_EQ(settings.database_path, "/x.db");
  EXPECT_EQ(settings.extra_metrics_port, 8001);
  EXPECT_EQ(GoodSettings("").database_path, "alerting.db");
}

TEST(Loader, AConfigurationOver4MegabytesIsRefused) {
  std::string text = "#";
  text.resize(4 << 20, 'x');
  EXPECT_THAT(LoadText(text).problems, IsEmpty());
  EXPECT_THAT(LoadText(text + "x").problems,
              ElementsAre("tocsin.yml: the file is larger than 4194304 bytes"));
}

TEST(Loader, ARuleFileOver16MegabytesIsRefused) {
  EXPECT_THAT(LoadText("", EmptyEnvironment(),
                       FilesOf({{"rules.d/a.yml", std::string((16 << 20) + 1, '#')}}))
                  .problems,
              ElementsAre("rules.d/a.yml: cannot be read: the file is larger than 16777216 bytes"));
}

TEST(Loader, LoadsFromDisk) {
  const testing::TempDir folder;
  const std::string file = folder.path() + "/tocsin.yml";
  WriteFile(file, "tocsin: {staleness: 1m}\n");
  WriteFile(folder.path() + "/rules.d/a.yml", RuleNamed("A"));
  const Loaded loaded = LoadConfiguration(file, EmptyEnvironment());
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_EQ(loaded.settings->staleness, std::chrono::minutes(1));
  EXPECT_THAT(loaded.settings->rules, SizeIs(1));
}

TEST(Loader, AFileThatSeveralPatternsMatchIsReadOnce) {
  const testing::TempDir folder;
  const std::string file = folder.path() + "/tocsin.yml";
  WriteFile(file, "rule_files: [rules/*.yml, ./rules/a.yml, rules/a.*, rules//a.yml]\n");
  WriteFile(folder.path() + "/rules/a.yml", RuleNamed("A"));
  const Loaded loaded = LoadConfiguration(file, EmptyEnvironment());
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_THAT(loaded.settings->rules, SizeIs(1));
  EXPECT_THAT(loaded.settings->rule_files, ElementsAre(folder.path() + "/rules/a.yml"));
}

TEST(Loader, AFileThatCannotBeReadIsNamedWithTheReason) {
  const testing::TempDir folder;
  const std::string file = folder.path() + "/tocsin.yml";
  const Loaded loaded = LoadConfiguration(file, EmptyEnvironment());
  EXPECT_EQ(loaded.settings, nullptr);
  EXPECT_THAT(Lines(loaded.diagnostics),
              ElementsAre(file + ": cannot be read: No such file or directory"));
}

TEST(Loader, ARefusedConfigurationStillTellsWhatMustChange) {
  const testing::TempDir folder;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder.path() + "/" + name) << text;
  };
  write("tocsin.yml", "rule_files: [new.yml]\n");
  write("new.yml", "rules: [{}]\n");
  const Loaded loaded = LoadConfiguration(folder.path() + "/tocsin.yml", EmptyEnvironment());
  EXPECT_EQ(loaded.settings, nullptr);
  EXPECT_THAT(loaded.files, ElementsAre(folder.path() + "/tocsin.yml", folder.path() + "/new.yml"));
  EXPECT_THAT(loaded.patterns, ElementsAre(folder.path() + "/new.yml"));
}

TEST(LoadRuleFiles, ReadsAllAndReportsAll) {
  const testing::TempDir folder;
  const std::string good = folder.path() + "/good.yml";
  const std::string bad = folder.path() + "/bad.yml";
  const std::string missing = folder.path() + "/missing.yml";
  WriteFile(good, RuleNamed("A", "anybody"));
  WriteFile(bad, "rules: {}\n");
  const LoadedRules loaded = LoadRuleFiles({missing, good, bad});
  EXPECT_THAT(loaded.rules, SizeIs(1));
  EXPECT_THAT(Lines(loaded.diagnostics),
              ElementsAre(bad + ":1:8: rules must be a list, not a map",
                          missing + ": cannot be read: No such file or directory"));
}

TEST(LoadRuleText, ReadsOne) {
  EXPECT_THAT(LoadRuleText("r.yml", RuleNamed("A")).rules, SizeIs(1));
  EXPECT_TRUE(LoadRuleText("r.yml", "rules: 5\n").diagnostics.has_errors());
}

}  // namespace
}  // namespace tocsin::config
