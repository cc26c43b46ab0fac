#include "config/alertmanager_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/config/alertmanager_loading.h"

namespace tocsin::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kReceivers[] =
    "receivers:\n- {name: ops, webhook_configs: [{url: 'http://h/'}]}\n"
    "- {name: page, webhook_configs: [{url: 'http://h/'}]}\n";

std::vector<std::string> MatcherTexts(const std::vector<Matcher>& matchers) {
  std::vector<std::string> texts;
  for (const Matcher& matcher : matchers) texts.push_back(FormatMatcher(matcher));
  return texts;
}

AlertmanagerRoute RootOf(const std::string& route,
                         const AlertmanagerFileOptions& options = AlertmanagerFileOptions()) {
  return GoodAlertmanager("route:\n" + route + kReceivers, options).route;
}

TEST(AlertmanagerFile, HasTheDocumentedDefaults) {
  for (const char* global : {"", "global:\n", "global: {}\n"}) {
    const AlertmanagerSettings settings =
        GoodAlertmanager(std::string(global) + "route: {receiver: ops}\n" + kReceivers);
    EXPECT_EQ(settings.global.resolve_timeout, std::chrono::minutes(5));
    EXPECT_TRUE(settings.global.http.follow_redirects);
    EXPECT_TRUE(settings.global.http.enable_http2);
    EXPECT_EQ(settings.global.keys.Text("smtp_hello"), "localhost");
    EXPECT_EQ(settings.global.keys.Text("smtp_require_tls"), "true");
    EXPECT_EQ(settings.global.keys.Text("pagerduty_url"),
              "https://events.pagerduty.com/v2/enqueue");
    EXPECT_EQ(settings.route.receiver, "ops");
    EXPECT_THAT(settings.route.group_by, IsEmpty());
    EXPECT_FALSE(settings.route.group_by_all);
    EXPECT_EQ(settings.route.group_wait, std::chrono::seconds(30));
    EXPECT_EQ(settings.route.group_interval, std::chrono::minutes(5));
    EXPECT_EQ(settings.route.repeat_interval, std::chrono::hours(4));
  }
}

TEST(AlertmanagerFile, ReadsTheFileItIsGiven) {
  MemoryFiles files;
  files.Add("/etc/am.yml", std::string("route: {receiver: ops}\n") + kReceivers);
  const LoadedAlertmanager loaded = LoadAlertmanagerFile("/etc/am.yml", {}, files);
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_EQ(loaded.settings->route.place, "/etc/am.yml:1:8");
  EXPECT_THAT(loaded.files, ElementsAre("/etc/am.yml"));
}

TEST(AlertmanagerFile, SaysThatAFileCannotBeRead) {
  MemoryFiles none;
  const LoadedAlertmanager loaded = LoadAlertmanagerFile("/etc/am.yml", {}, none);
  EXPECT_EQ(loaded.settings, nullptr);
  EXPECT_THAT(Lines(loaded.diagnostics),
              ElementsAre("/etc/am.yml: cannot be read: No such file or directory"));
  EXPECT_THAT(loaded.files, ElementsAre("/etc/am.yml"));
}

TEST(AlertmanagerFile, IsRefusedBeyondFourMegabytes) {
  EXPECT_THAT(LoadAlertmanager(std::string((4 << 20) + 1, '#')).problems,
              ElementsAre("alertmanager.yml: the file is larger than 4194304 bytes"));
}

TEST(AlertmanagerFile, AnEmptyOneHasNoRoute) {
  EXPECT_THAT(LoadAlertmanager("").problems, ElementsAre(HasSubstr("no route provided in config")));
  EXPECT_THAT(LoadAlertmanager("# nothing\n").problems,
              ElementsAre(HasSubstr("no route provided in config")));
}

TEST(AlertmanagerFile, TakesTemplatesFromItsOwnFolder) {
  MemoryFiles files = FilesOf(
      {{"/etc/am/t/b.tmpl", ""}, {"/etc/am/t/a.tmpl", ""}, {"/opt/c.tmpl", ""}, {"t/x.tmpl", ""}});
  const LoadedAlertmanager loaded =
      LoadAlertmanagerText("/etc/am/am.yml",
                           std::string("templates: [t/*.tmpl, /opt/*.tmpl, t/a.*, none/*.tmpl]\n"
                                       "route: {receiver: ops}\n") +
                               kReceivers,
                           {}, files);
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_THAT(loaded.settings->template_files,
              ElementsAre("/etc/am/t/a.tmpl", "/etc/am/t/b.tmpl", "/opt/c.tmpl"));
  EXPECT_THAT(loaded.patterns, ElementsAre("/etc/am/t/*.tmpl", "/opt/*.tmpl", "/etc/am/t/a.*",
                                           "/etc/am/none/*.tmpl"));
  EXPECT_THAT(loaded.diagnostics.list(), IsEmpty());
}

TEST(AlertmanagerRoute, InheritsAllButMatchersContinueAndIntervals) {
  const AlertmanagerRoute root = RootOf(R"(
  receiver: ops
  group_by: [job]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 3s
  labels: {a: "1", b: "2"}
  routes:
  - matchers: [x="y"]
    continue: true
    labels: {b: "3", a: ""}
    routes:
    - receiver: page
      repeat_interval: 1ms
)");
  const AlertmanagerRoute& child = root.children.at(0);
  EXPECT_EQ(child.receiver, "ops");
  EXPECT_THAT(child.group_by, ElementsAre("job"));
  EXPECT_EQ(child.repeat_interval, std::chrono::seconds(3));
  EXPECT_EQ(child.labels, (Labels{{"b", "3"}}));
  EXPECT_TRUE(child.continue_matching);
  const AlertmanagerRoute& grandchild = child.children.at(0);
  EXPECT_EQ(grandchild.receiver, "page");
  EXPECT_THAT(grandchild.matchers, IsEmpty());
  EXPECT_FALSE(grandchild.continue_matching);
  EXPECT_EQ(grandchild.group_wait, std::chrono::seconds(1));
  EXPECT_EQ(grandchild.group_interval, std::chrono::seconds(2));
  EXPECT_EQ(grandchild.repeat_interval, std::chrono::milliseconds(1));
  EXPECT_EQ(grandchild.labels, (Labels{{"b", "3"}}));
}

TEST(AlertmanagerRoute, AnEmptyGroupByOfAChildOverridesItsParents) {
  const AlertmanagerRoute root = RootOf(R"(
  receiver: ops
  group_by: ['...']
  routes:
  - group_by: []
  - group_by:
  - group_by: [job]
)");
  EXPECT_TRUE(root.group_by_all);
  EXPECT_FALSE(root.children.at(0).group_by_all);
  EXPECT_THAT(root.children.at(0).group_by, IsEmpty());
  EXPECT_TRUE(root.children.at(1).group_by_all);
  EXPECT_FALSE(root.children.at(2).group_by_all);
}

TEST(AlertmanagerRoute, JoinsAllSpellingsOfMatchersSorted) {
  const AlertmanagerRoute root = RootOf(R"(
  receiver: ops
  routes:
  - matchers: ['{z="1",a=~"b.*"}', m != n]
    match: {k: v, e: }
    match_re: {env: produ.*}
)");
  EXPECT_THAT(MatcherTexts(root.children.at(0).matchers),
              ElementsAre(R"(a=~"b.*")", R"(e="")", R"(env=~"^(?:produ.*)$")", R"(k="v")",
                          R"(m!="n")", R"(z="1")"));
}

TEST(AlertmanagerRoute, LabelNamesOutsideTheClassicSetFollowTheDialect) {
  const std::string route = "  receiver: ops\n  group_by: [dotted.name]\n";
  EXPECT_THAT(RootOf(route).group_by, ElementsAre("dotted.name"));
  AlertmanagerFileOptions classic;
  classic.dialect = MatcherDialect::kClassic;
  EXPECT_THAT(LoadAlertmanager("route:\n" + route + kReceivers, classic).problems,
              ElementsAre("alertmanager.yml:3:14: invalid label name \"dotted.name\""));
}

TEST(AlertmanagerRoute, ADisagreementOfTheDialectsIsAWarning) {
  const AlertmanagerResult result = LoadAlertmanager(
      std::string("route:\n  receiver: ops\n  routes:\n  - matchers: [foo=]\n") + kReceivers);
  EXPECT_NE(result.settings, nullptr);
  EXPECT_THAT(result.problems, ElementsAre(HasSubstr("alertmanager.yml:4:16: warning: ")));
}

TEST(InhibitRules, ReadAllSpellingsAndSkipEmptyItems) {
  const AlertmanagerSettings settings = GoodAlertmanager(std::string(R"(
route: {receiver: ops}
inhibit_rules:
-
- {}
- name: n
  source_match: {a: b}
  source_match_re: {c: d}
  source_matchers: [e="f"]
  target_match: {a: b}
  target_match_re: {c: d}
  target_matchers: [e="f"]
  equal: [job, dotted.name]
)") + kReceivers);
  ASSERT_EQ(settings.inhibit_rules.size(), 2U);
  EXPECT_THAT(settings.inhibit_rules[0].source, IsEmpty());
  const InhibitRule& rule = settings.inhibit_rules[1];
  EXPECT_EQ(rule.name, "n");
  EXPECT_THAT(MatcherTexts(rule.source), ElementsAre(R"(a="b")", R"(c=~"^(?:d)$")", R"(e="f")"));
  EXPECT_EQ(MatcherTexts(rule.target), MatcherTexts(rule.source));
  EXPECT_THAT(rule.equal, ElementsAre("job", "dotted.name"));
}

TEST(AlertmanagerFile, ExpandsVariablesOnlyWhenAskedTo) {
  AlertmanagerFileOptions options;
  options.expand_env = true;
  options.environment = MakeEnvironment({{"NAME", "page"}, {"WAIT", "7s"}});
  const std::string text =
      std::string("route: {receiver: \"${NAME}\", group_wait: \"${WAIT}\"}\n") + kReceivers;
  const AlertmanagerSettings settings = GoodAlertmanager(text, options);
  EXPECT_EQ(settings.route.receiver, "page");
  EXPECT_EQ(settings.route.group_wait, std::chrono::seconds(7));
  EXPECT_THAT(LoadAlertmanager(text).problems, Not(IsEmpty()));
}

TEST(AlertmanagerFile, WarnsOfRepeatsBeyondTheRetentionThatIsGiven) {
  const std::string text =
      "route: {receiver: ops}\n"
      "receivers: [{name: ops, webhook_configs: [{url: 'http://127.0.0.1/'}]}]\n";
  AlertmanagerFileOptions options;
  options.retention = std::chrono::hours(4);
  EXPECT_THAT(LoadAlertmanager(text, options).problems, IsEmpty());
  options.retention = std::chrono::hours(3);  // the default interval is longer
  const AlertmanagerResult loaded = LoadAlertmanager(text, options);
  EXPECT_NE(loaded.settings, nullptr);
  EXPECT_THAT(loaded.problems,
              ElementsAre("alertmanager.yml:1:8: warning: repeat_interval (4h) is greater than the "
                          "data retention period (3h): notifications are repeated more often than "
                          "it says"));
}

TEST(AlertmanagerFile, WithoutAnEnvironmentNoVariableIsSet) {
  AlertmanagerFileOptions options;
  options.expand_env = true;
  EXPECT_THAT(
      LoadAlertmanager(std::string("route: {receiver: \"${NAME}\"}\n") + kReceivers, options)
          .problems,
      Contains("alertmanager.yml:1:19: the environment variable NAME is not set"));
}

TEST(AlertmanagerFile, SurvivesDeepNesting) {
  std::string text = "route: {receiver: ops, routes: ";
  for (int i = 0; i < 40; ++i) text += "[{routes: ";
  text += "[]";
  for (int i = 0; i < 40; ++i) text += "}]";
  EXPECT_NE(LoadAlertmanager(text + "}\n" + kReceivers).settings, nullptr);
  EXPECT_THAT(LoadAlertmanager(std::string(100'000, '[')).problems,
              ElementsAre(HasSubstr("nested more than")));
}

}  // namespace
}  // namespace tocsin::config
