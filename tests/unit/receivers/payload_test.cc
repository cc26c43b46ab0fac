#include "receivers/templates/payload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "receivers/templates/default_templates.h"
#include "receivers/templates/message_texts.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/receivers/group_notifications.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;

config::YamlNode Yaml(const std::string& text) {
  config::Diagnostics diagnostics;
  config::FileReport report("payload.yml", diagnostics);
  const std::optional<config::YamlNode> node = config::ParseYaml(text, report);
  EXPECT_TRUE(node.has_value() && diagnostics.list().empty()) << text;
  return node.value_or(config::YamlNode());
}

class Payload : public ::testing::Test {
 public:
  // The body without its line feed, or "error: " and the message.
  std::string Render(const std::string& yaml) {
    const Result<MessageTexts> texts = MessageTexts::For(notification, templates);
    EXPECT_TRUE(texts.ok());
    Result<std::string> body = RenderPayload(Yaml(yaml), [&texts](const std::string& text) {
      return texts->RenderText("payload", text);
    });
    if (!body) return "error: " + body.message();
    EXPECT_EQ(body->back(), '\n');
    body->pop_back();
    return *body;
  }

  testing::FakeClock clock;
  gotemplate::TemplateSet templates = MakeDefaultTemplates(clock);
  GroupNotification notification = About({Fires(DiskFullOn("a")), IsOver(DiskFullOn("b"))});
};

TEST_F(Payload, AnyYamlBecomesJsonOfTheSameShape) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{b: [x, {c: w}], a: z}", R"({"a":"z","b":["x",{"c":"w"}]})"},
      {"text", R"("text")"},
      {"[]", "[]"},
      {"{}", "{}"},
      {"~", "null"},
      {"{a: 1, b: -2.5, c: true, d: null, e: '1', f: \"true\"}",
       // What is in quotes is rendered, and read again like every text.
       R"({"a":1,"b":-2.5,"c":true,"d":null,"e":1,"f":true})"},
      {"'<&>'", R"("\u003c\u0026\u003e")"},
  };
  for (const auto& [yaml, expected] : cases) EXPECT_EQ(Render(yaml), expected) << yaml;
}

TEST_F(Payload, KeysAndValuesAreTemplates) {
  EXPECT_EQ(Render(R"({"{{ .Status }}": "{{ .Receiver }}", list: ['{{ .CommonLabels.job }}']})"),
            R"({"firing":"ops","list":["node"]})");
}

TEST_F(Payload, WhatIsRenderedIsReadAsYaml) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"'{{ len .Alerts }}'", "2"},
      {R"('{{ eq .Status "firing" }}')", "true"},
      {"'{{ .GroupLabels | toJson }}'", R"({"alertname":"DiskFull"})"},
      {"'[{{ range .Alerts }}{{ .Labels.instance }},{{ end }}]'", R"(["a","b"])"},
      {R"('{{ "a: 1\nb: [x, 2]" }}')", R"({"a":1,"b":["x",2]})"},
      {R"('{{ "null" }}')", "null"},
      {R"('{{ "\"5\"" }}')", R"("\"5\"")"},  // a text in quotes stays as it was rendered
      // Words that are numbers or truth values to a reader of YAML 1.1.
      {"yes", "true"},
      {"'-'", "[null]"},
      {"'off'", "false"},
      {"0x1F", "31"},
      {"'010'", "8"},
      {"0b101", "5"},
      {"1_000", "1000"},
      {"+7", "7"},
      {".5", "0.5"},
      {"1e3", "1000"},
  };
  for (const auto& [yaml, expected] : cases) EXPECT_EQ(Render(yaml), expected) << yaml;
}

TEST_F(Payload, WhatIsNoYamlOrOnlyATextStaysAText) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"('{{ template "__subject" . }}')", "\"[FIRING:1] DiskFull (node)\""},
      {R"('{{ "a: b: c" }}')", R"("a: b: c")"},
      {R"('{{ "{" }}')", R"("{")"},
      {R"('{{ "  x  " }}')", R"("  x  ")"},
      {R"('{{ "" }}')", R"("")"},
      {R"('{{ "#ops" }}')", R"("#ops")"},
      {R"('{{ "!!int 5" }}')", R"("!!int 5")"},
      {"'2026-01-02'", R"("2026-01-02")"},
      {"'1.2.3'", R"("1.2.3")"},
      {"'0x'", R"("0x")"},
      {"'08'", "8"},
      {"'1e999'", R"("1e999")"},
      {"'.nan'", R"(".nan")"},
      {"'.inf'", R"(".inf")"},
      {"'12:30'", R"("12:30")"},
      {"'+-5'", R"("+-5")"},
  };
  for (const auto& [yaml, expected] : cases) EXPECT_EQ(Render(yaml), expected) << yaml;
}

// An alert may hold template text: it is data.
TEST_F(Payload, WhatIsRenderedIsNotRenderedAgain) {
  PostedAlert alert = DiskFull();
  alert.annotations = {{"list", "['{{ .Receiver }}']"}, {"summary", "{{ .Receiver }}"}};
  notification = About({Fires(alert)});
  EXPECT_EQ(Render("'{{ .CommonAnnotations.list }}'"), R"(["{{ .Receiver }}"])");
  EXPECT_EQ(Render("'{{ .CommonAnnotations.summary }}'"), R"("{{ .Receiver }}")");
}

TEST_F(Payload, ATemplateThatFailsFailsTheWhole) {
  EXPECT_THAT(Render("{a: ['{{ .Nothing }}']}"), HasSubstr("error: payload:1:4: "));
  EXPECT_THAT(Render("{'{{ .Nothing }}': 1}"), HasSubstr("error: payload:1:4: "));
}

TEST_F(Payload, DeepRenderedTextsAreTexts) {
  PostedAlert alert = DiskFull();
  alert.annotations = {{"deep", std::string(100'000, '[')}};
  notification = About({Fires(alert)});
  EXPECT_EQ(Render("'{{ .CommonAnnotations.deep }}'").size(), 100'002U);
}

TEST_F(Payload, ManyLargeTextsAreTooLarge) {
  PostedAlert alert = DiskFull();
  alert.annotations = {{"long", std::string(1 << 20, 'x')}};
  notification = About({Fires(alert)});
  std::string yaml = "[";
  for (int i = 0; i < 9; ++i) yaml += "'{{ .CommonAnnotations.long }}',";
  EXPECT_EQ(Render(yaml + "]"), "error: the payload becomes too large");
}

}  // namespace
}  // namespace tocsin::receivers
