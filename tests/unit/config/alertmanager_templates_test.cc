// Template files and the templates in settings: what a load reports about them.
#include "config/alertmanager_templates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/template/alertmanager_functions.h"
#include "tests/unit/config/alertmanager_loading.h"

namespace tocsin::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kHead[] =
    "templates: ['t/*.tmpl']\nroute: {receiver: ops}\nreceivers:\n- name: ops\n";

AlertmanagerFileOptions WithTemplates() {
  gotemplate::TemplateSet templates(
      gotemplate::AlertmanagerFunctions({[] { return FromUnixMillis(0); }, {}}));
  CHECK(templates.Add("defaults", R"({{ define "title" }}default{{ end }})").ok());
  AlertmanagerFileOptions options;
  options.make_templates = [templates] { return templates; };
  return options;
}

AlertmanagerResult Load(const std::map<std::string, std::string>& files,
                        const std::string& more = "", const std::string& head = kHead) {
  return LoadAlertmanager(head + more, WithTemplates(), FilesOf(files), "/etc/am/am.yml");
}

std::string Rendered(const AlertmanagerResult& result, const std::string& name) {
  if (result.settings == nullptr || result.settings->templates == nullptr) return "not loaded";
  const Result<std::string> text =
      result.settings->templates->Execute(name, gotemplate::Value("data"));
  return text ? *text : text.message();
}

TEST(AlertmanagerTemplates, AreReadFromTheFilesAndRedefineTheDefaults) {
  const AlertmanagerResult none = Load({});
  EXPECT_EQ(Rendered(none, "title"), "default");
  const AlertmanagerResult some =
      Load({{"/etc/am/t/a.tmpl", R"({{ define "title" }}own {{ . }}{{ end }})"},
            {"/etc/am/t/b.tmpl", R"(text {{ template "title" . }})"}});
  EXPECT_THAT(some.problems, ElementsAre(HasSubstr("receiver \"ops\" has no integration")));
  EXPECT_EQ(Rendered(some, "title"), "own data");
  // What stands outside of definitions is called by the file's name.
  EXPECT_EQ(Rendered(some, "b.tmpl"), "text own data");
}

TEST(AlertmanagerTemplates, ALaterFileRedefinesWhatAnEarlierOneSays) {
  const std::map<std::string, std::string> files = {
      {"/etc/am/a.tmpl", R"({{ define "x" }}a{{ end }})"},
      {"/etc/am/b.tmpl", R"({{ define "x" }}b{{ end }})"}};
  const std::string rest = "\nroute: {receiver: ops}\nreceivers:\n- name: ops\n";
  EXPECT_EQ(Rendered(Load(files, "", "templates: ['*.tmpl']" + rest), "x"), "b");
  EXPECT_EQ(Rendered(Load(files, "", "templates: [b.tmpl, a.tmpl]" + rest), "x"), "a");
  EXPECT_EQ(Rendered(Load(files, "", "templates: ['*.tmpl', 'a*']" + rest), "x"), "a");
}

TEST(AlertmanagerTemplates, AllFilesAreCheckedAndEachMistakeHasItsPlace) {
  const AlertmanagerResult result = Load({{"/etc/am/t/a.tmpl", "first line\n  {{ toUper . }}"},
                                          {"/etc/am/t/b.tmpl", R"({{ define "ok" }}{{ end }})"},
                                          {"/etc/am/t/c.tmpl", R"({{ define "x" }})"},
                                          {"/etc/am/t/d.tmpl", std::string((4 << 20) + 1, 'x')}},
                                         "  webhook_configs: [{url: 'http://a/{{ .X'}]\n");
  EXPECT_EQ(result.settings, nullptr);
  EXPECT_THAT(
      result.problems,
      ElementsAre(HasSubstr("/etc/am/am.yml:5:27: url:1:10: its template cannot be read"),
                  R"(/etc/am/t/a.tmpl:2:6: unknown function "toUper"; did you mean "toUpper"?)",
                  HasSubstr("/etc/am/t/c.tmpl:1:1: \"define\" is never closed"),
                  "/etc/am/t/d.tmpl: cannot be read: the file is larger than 4194304 bytes"));
}

TEST(AlertmanagerTemplates, CallsOfTemplatesThatNobodyDefinesAreReported) {
  const AlertmanagerResult result =
      Load({{"/etc/am/t/a.tmpl", "{{ define \"a\" }}\n{{ template \"titl\" . }}{{ end }}"},
            {"/etc/am/t/b.tmpl",
             R"({{ define "b" }}{{ if . }}{{ template "none" }}{{ end }}{{ end }})"}},
           "  slack_configs: [{api_url: 'http://a', text: '{{ template \"unheard\" . }}'}]\n");
  EXPECT_THAT(
      result.problems,
      ElementsAre(R"(/etc/am/am.yml:5:47: text:1:1: template "unheard" is not defined)",
                  R"(/etc/am/t/a.tmpl:2:1: template "titl" is not defined; did you mean "title"?)",
                  R"(/etc/am/t/b.tmpl:1:27: template "none" is not defined)"));
}

// Where a file is missing, what it defines is not missing everywhere else, too.
TEST(AlertmanagerTemplates, CallsAreNotCheckedWhereAFileIsFaulty) {
  const AlertmanagerResult result =
      Load({{"/etc/am/t/a.tmpl", R"({{ template "x" . }})"}, {"/etc/am/t/b.tmpl", "{{ if }}"}},
           "  webhook_configs: [{url: 'http://a', payload: '{{ template \"x\" }}'}]\n");
  EXPECT_THAT(result.problems, ElementsAre(HasSubstr("/etc/am/t/b.tmpl:1:")));
}

TEST(AlertmanagerTemplates, NothingIsReadWithoutDefinitionsToAddTo) {
  const AlertmanagerResult result =
      LoadAlertmanager(std::string(kHead) + "  webhook_configs: [{url: 'http://a/{{ b'}]\n", {},
                       FilesOf({{"/etc/am/t/a.tmpl", "{{ if }}"}}), "/etc/am/am.yml");
  EXPECT_THAT(result.problems, IsEmpty());
  ASSERT_NE(result.settings, nullptr);
  EXPECT_EQ(result.settings->templates, nullptr);
  EXPECT_THAT(result.settings->template_files, ElementsAre("/etc/am/t/a.tmpl"));
}

TEST(AlertmanagerTemplates, EveryTextOfAReceiverThatIsATemplateIsChecked) {
  const std::pair<const char*, const char*> cases[] = {
      {"webhook_configs", "{url: 'http://a', payload: {a: [b, {c: '{{ bad }}'}]}}"},
      {"webhook_configs", "{url: 'http://a', payload: {'{{ bad }}': 1}}"},
      {"slack_configs", "{api_url: 'http://a', title: '{{ bad }}'}"},
      {"slack_configs", "{api_url: 'http://a', fields: [{title: a, value: '{{ bad }}'}]}"},
      {"slack_configs",
       "{api_url: 'http://a', actions: [{type: a, text: b, url: c, confirm: {text: '{{ bad "
       "}}'}}]}"},
      {"email_configs", "{to: '{{ bad }}', from: a, smarthost: 'a:1'}"},
      {"email_configs", "{to: a, from: a, smarthost: 'a:1', headers: {x: '{{ bad }}'}}"},
      {"email_configs", "{to: a, from: a, smarthost: 'a:1', html: '{{ bad }}'}"},
      {"pagerduty_configs", "{routing_key: a, details: {a: {b: '{{ bad }}'}}}"},
      {"pagerduty_configs", "{routing_key: a, links: [{href: '{{ bad }}'}]}"},
      {"opsgenie_configs", "{api_key: a, details: {a: '{{ bad }}'}}"},
      {"jira_configs",
       "{api_url: 'http://a', project: a, issue_type: b, labels: [a, '{{ bad }}']}"},
      {"jira_configs",
       "{api_url: 'http://a', project: a, issue_type: b, summary: {template: '{{ bad }}'}}"},
  };
  for (const auto& [list, item] : cases) {
    const AlertmanagerResult result = LoadAlertmanager(FileWith(list, item), WithTemplates());
    EXPECT_EQ(result.settings, nullptr) << item;
    EXPECT_THAT(result.problems, ::testing::Contains(HasSubstr(R"(:1:4: unknown function "bad")")))
        << item;
  }
}

TEST(AlertmanagerTemplates, PlainTextsAreNotTemplates) {
  const std::pair<const char*, const char*> cases[] = {
      {"webhook_configs", "{url_file: '{{ bad'}"},
      {"discord_configs", "{webhook_url: 'http://a', username: '{{ bad'}"},
      {"slack_configs", "{api_url: 'http://a', mrkdwn_in: ['{{ bad']}"},
      {"email_configs", "{to: a, from: a, smarthost: 'a:1', hello: '{{ bad'}"},
      {"pagerduty_configs", "{routing_key_file: '{{ bad'}"},
  };
  for (const auto& [list, item] : cases) {
    EXPECT_NE(LoadAlertmanager(FileWith(list, item), WithTemplates()).settings, nullptr) << item;
  }
}

TEST(AlertmanagerTemplates, LabelsOfRoutesAreChecked) {
  const AlertmanagerResult result = LoadAlertmanager(
      "route:\n  receiver: ops\n  labels: {team: '{{ bad }}'}\n"
      "  routes: [{labels: {a: '{{ .B }}', b: '{{'}}]\nreceivers: [{name: ops}]\n",
      WithTemplates());
  EXPECT_THAT(result.problems,
              ElementsAre(HasSubstr(R"(:3:18: label team:1:4: unknown function "bad")"),
                          HasSubstr(":4:40: label b:1:1: ")));
}

// The address is the secret, and its template may hold it.
TEST(AlertmanagerTemplates, NothingOfAnAddressStandsInAMessage) {
  const AlertmanagerResult result = LoadAlertmanager(
      FileWith("webhook_configs", R"({url: 'http://a/hidden/{{ hidden "hidden" }}'})"),
      WithTemplates());
  ASSERT_THAT(result.problems, ElementsAre(HasSubstr("url:1:20: its template cannot be read")));
  EXPECT_THAT(result.problems[0], Not(HasSubstr("hidden")));
}

TEST(AlertmanagerTemplates, HostileFilesAreMistakesAndNoMore) {
  const std::pair<std::string, const char*> cases[] = {
      {"{{" + std::string(100'000, '('), "a.tmpl:1:"},
      {"\xff\xfe{{ \xff }}", "a.tmpl:1:"},
      {"{{ define \"a\nb\" }}{{ end }}", "a.tmpl:1:"},
      {"{{ template \"a:1:2: x\" }}", R"(a.tmpl:1:1: template "a:1:2: x" is not defined)"},
  };
  for (const auto& [text, expected] : cases) {
    const AlertmanagerResult result = Load({{"/etc/am/t/a.tmpl", text}});
    ASSERT_EQ(result.problems.size(), 1U) << text.substr(0, 20);
    EXPECT_THAT(result.problems[0], HasSubstr(expected));
    EXPECT_THAT(result.problems[0], Not(HasSubstr("\n")));
  }
}

}  // namespace
}  // namespace tocsin::config
