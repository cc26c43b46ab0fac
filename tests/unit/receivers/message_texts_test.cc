// The data that templates see, and what texts over it become.
// https://prometheus.io/docs/alerting/latest/notifications/
#include "receivers/templates/message_texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "receivers/templates/default_templates.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/receivers/group_notifications.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;

class MessageTextsTest : public ::testing::Test {
 public:
  // The text, or "error: " and the message.
  std::string Render(const std::string& text) {
    const Result<MessageTexts> texts = MessageTexts::For(notification, templates);
    if (!texts) return "error: " + texts.message();
    const Result<std::string> rendered = texts->RenderText("text", text);
    return rendered ? *rendered : "error: " + rendered.message();
  }

  testing::FakeClock clock{At("2026-01-02T03:14:05Z")};
  gotemplate::TemplateSet templates = MakeDefaultTemplates(clock);
  GroupNotification notification = About({Fires(DiskFullOn("a")), IsOver(DiskFullOn("b"))});
};

TEST_F(MessageTextsTest, SeeTheDocumentedFields) {
  notification.receiver = "team.a";
  notification.reason = NotificationReason::kNewAlertsAdded;
  notification.route_labels = Labels{{"team", "db"}};
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{{ .Receiver }}", R"(team\.a)"},
      {"{{ .Status }}", "firing"},
      {"{{ len .Alerts }} {{ len .Alerts.Firing }} {{ len .Alerts.Resolved }}", "2 1 1"},
      {"{{ .GroupLabels }}", "alertname=DiskFull"},
      {"{{ .CommonLabels }}", "alertname=DiskFull, job=node"},
      {"{{ .CommonAnnotations }}", "summary=98%"},
      {"{{ .RouteLabels.team }}", "db"},
      {"{{ .ExternalURL }}", "http://am:9093"},
      {"{{ .NotificationReason }}", "new alerts added"},
      {"{{ range .Alerts }}{{ .Status }} {{ end }}", "firing resolved "},
      {"{{ range .Alerts.Resolved }}{{ .Labels.instance }}{{ end }}", "b"},
      {"{{ (index .Alerts 0).Annotations.summary }}", "98%"},
      {"{{ (index .Alerts 0).GeneratorURL }}", "http://p"},
      {"{{ (index .Alerts 0).StartsAt }}", "2026-01-02 03:04:05.678 +0000 UTC"},
      {"{{ (index .Alerts 0).EndsAt.IsZero }}", "true"},
      {"{{ (index .Alerts 1).EndsAt }}", "2026-01-02 04:00:00 +0000 UTC"},
      {"{{ len (index .Alerts 0).Fingerprint }}", "16"},
      {"{{ .CommonLabels.nothing }}", ""},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Render(text), expected) << text;
}

TEST_F(MessageTextsTest, KnowTheMethodsOfKeyValues) {
  PostedAlert alert = DiskFull();
  alert.labels = Labels{{"a", "1"}, {"alertname", "X"}, {"z", "2"}};
  notification = About({Fires(alert)});
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }};{{ end }}",
       "alertname=X;a=1;z=2;"},
      {R"({{ .CommonLabels.Names | join "," }})", "alertname,a,z"},
      {R"({{ .CommonLabels.Values | join "," }})", "X,1,2"},
      {R"({{ .CommonLabels.Values.Join "/" }})", "X/1/2"},
      {R"({{ (.CommonLabels.Remove (stringSlice "a" "z")).Names | join "," }})", "alertname"},
      {R"({{ .CommonLabels.Remove .GroupLabels.Names }})", "a=1, z=2"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Render(text), expected) << text;
}

// ---- with an outbox

TEST_F(MessageTextsTest, OfTheFullDaemonSayTheDefaultWhereATemplateFails) {
  notification.flush_number = 1;
  const Result<MessageTexts> texts = MessageTexts::For(notification, templates);
  ASSERT_TRUE(texts);
  EXPECT_EQ(*texts->RenderText("title", "{{ .Status }}", "x"), "firing");
  EXPECT_EQ(texts->failures(), "");
  EXPECT_EQ(*texts->RenderText("title", "{{ .Nothing }}", "{{ .Status }}!"), "firing!");
  EXPECT_EQ(*texts->RenderHtml("html", "{{ .Nothing }}", "<b>{{ .ExternalURL }}</b>"),
            "<b>http://am:9093</b>");
  EXPECT_EQ(*texts->RenderText("text", "{{ .Nothing }}"), "");
  EXPECT_THAT(texts->failures(), HasSubstr("title:1:4: "));
  EXPECT_THAT(texts->failures(), HasSubstr("; html:1:4: "));
  EXPECT_FALSE(texts->RenderOrFail("token", "{{ .Nothing }}"));
}

TEST_F(MessageTextsTest, OfTheFullDaemonSayTheDefaultThoughItIsRedefinedAndFails) {
  ASSERT_TRUE(
      templates.Add("user.tmpl", R"({{ define "slack.default.title" }}{{ .Nothing }}{{ end }})"));
  notification.flush_number = 1;
  const std::string title = R"({{ template "slack.default.title" . }})";
  const Result<MessageTexts> texts = MessageTexts::For(notification, templates, {{}, &clock});
  ASSERT_TRUE(texts);
  EXPECT_EQ(*texts->RenderText("title", title, title), "[FIRING:1] DiskFull (node)");
}

TEST_F(MessageTextsTest, OfTheFullDaemonDoWithoutLabelsOfTheRouteThatFail) {
  notification.flush_number = 1;
  notification.route_labels = Labels{{"team", "{{ .Nothing }}"}};
  const Result<MessageTexts> texts = MessageTexts::For(notification, templates);
  ASSERT_TRUE(texts);
  EXPECT_EQ(*texts->RenderText("text", "<{{ .RouteLabels.team }}>"), "<>");
  EXPECT_THAT(texts->failures(), HasSubstr("route label team"));
}

TEST_F(MessageTextsTest, AreResolvedWhenAllAlertsAre) {
  notification = About({IsOver(DiskFull()), IsOver(DiskFullOn("b"))});
  EXPECT_EQ(Render("{{ .Status }}"), "resolved");
}

// The receiver's and the webhook's name is a regular expression for itself.
TEST_F(MessageTextsTest, QuoteTheReceiversName) {
  notification.receiver = R"(a-b_c\d[e](f)*+?|{g}^$ ü)";
  EXPECT_EQ(Render("{{ .Receiver }}"), R"(a-b_c\\d\[e\]\(f\)\*\+\?\|\{g\}\^\$ ü)");
}

TEST_F(MessageTextsTest, AskTheClockAndTheZonesThatTheyAreGiven) {
  EXPECT_EQ(Render("{{ (index .Alerts 0).StartsAt | since | humanizeDuration }}"), "9m 59s");
  EXPECT_EQ(Render(R"({{ (index .Alerts 0).StartsAt | tz "Europe/Vienna" | date "15:04 MST" }})"),
            "04:04 CET");
  EXPECT_THAT(Render(R"({{ now | tz "Nowhere/Else" }})"), HasSubstr("Nowhere/Else"));
}

TEST_F(MessageTextsTest, WriteJsonAsTheWebhookDoes) {
  PostedAlert alert = DiskFullOn("a");
  alert.fingerprint = 0xabc;
  notification = About({Fires(alert)});
  EXPECT_EQ(Render("{{ .Alerts | toJson }}"),
            R"([{"status":"firing","labels":{"alertname":"DiskFull","instance":"a","job":"node"},)"
            R"("annotations":{"summary":"98%"},"startsAt":"2026-01-02T03:04:05.678Z",)"
            R"("endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p",)"
            R"("fingerprint":"0000000000000abc"}])");
  EXPECT_THAT(Render("{{ toJson . }}"),
              HasSubstr(R"("notification_reason":"first notification","groupLabels":)"));
}

TEST_F(MessageTextsTest, SayWhereATextFails) {
  const std::string error = Render("\n{{ .Nothing }}");
  EXPECT_THAT(error, HasSubstr("error: text:2:4: "));
  EXPECT_THAT(error, HasSubstr("Nothing"));
  EXPECT_THAT(Render("{{"), HasSubstr("error: text:1:1: "));
  EXPECT_THAT(Render(R"({{ template "nothing" . }})"), HasSubstr("nothing"));
}

TEST_F(MessageTextsTest, EscapeInHtml) {
  PostedAlert alert = DiskFull();
  alert.annotations = {{"summary", "<b>&"}};
  notification = About({Fires(alert)});
  const Result<MessageTexts> texts = MessageTexts::For(notification, templates);
  ASSERT_TRUE(texts.ok());
  const std::string text = R"(<p title="{{ .Status }}">{{ .CommonAnnotations.summary }}</p>)";
  EXPECT_EQ(texts->RenderText("html", text).value(), R"(<p title="firing"><b>&</p>)");
  EXPECT_EQ(texts->RenderHtml("html", text).value(), R"(<p title="firing">&lt;b&gt;&amp;</p>)");
}

// A template may be endless, call itself, or grow without end.
TEST_F(MessageTextsTest, AreBounded) {
  const std::string endless =
      R"({{ define "f" }}{{ template "f" . }}{{ end }}{{ template "f" . }})";
  EXPECT_THAT(Render(endless), HasSubstr("error: "));
  const std::string growing =
      R"({{ $x := "0123456789abcdef" }}{{ range list 1 2 3 4 5 6 7 8 }}{{ range list 1 2 3 4 }})"
      R"({{ $x = printf "%s%s" $x $x }}{{ end }}{{ end }}{{ $x }})";
  EXPECT_THAT(Render(growing), HasSubstr("bytes"));
}

TEST_F(MessageTextsTest, RouteLabelsAreTemplatesToo) {
  notification.route_labels = Labels{{"channel", "#{{ .GroupLabels.alertname | toLower }}"},
                                     {"greeting", R"(to {{ routeLabels "channel" }})"},
                                     {"plain", "x"}};
  EXPECT_EQ(Render(R"({{ routeLabels "channel" }})"), "#diskfull");
  EXPECT_EQ(Render(R"({{ routeLabels "greeting" }})"), "to #diskfull");
  EXPECT_EQ(Render(R"({{ .RouteLabels.greeting }} {{ .RouteLabels.plain }})"), "to #diskfull x");
  EXPECT_EQ(Render(R"(<{{ routeLabels "unknown" }}>)"), "<>");
  EXPECT_THAT(Render("{{ routeLabels }}"), HasSubstr("wrong number of arguments"));
}

TEST_F(MessageTextsTest, RouteLabelsThatNeedEachOtherAreAnError) {
  notification.route_labels =
      Labels{{"a", R"({{ routeLabels "b" }})"}, {"b", R"({{ routeLabels "a" }})"}};
  EXPECT_THAT(Render("x"), HasSubstr("error: route label a: "));
  EXPECT_THAT(Render("x"), HasSubstr("need each other"));
  notification.route_labels = Labels{{"a", R"({{ routeLabels "a" }})"}};
  EXPECT_THAT(Render("x"), HasSubstr("need each other"));
}

TEST_F(MessageTextsTest, ALongChainOfRouteLabelsIsAnError) {
  LabelsBuilder labels;
  for (int i = 0; i < 1000; ++i) {
    labels.Set("l" + std::to_string(1000 + i),
               R"({{ routeLabels "l)" + std::to_string(1001 + i) + R"(" }})");
  }
  notification.route_labels = labels.Build();
  EXPECT_THAT(Render("x"), HasSubstr("need one another"));
}

// Each would double the work of the one before, were it rendered each time it is asked for.
TEST_F(MessageTextsTest, ARouteLabelIsRenderedOnce) {
  LabelsBuilder labels;
  for (int i = 0; i < 18; ++i) {
    const std::string next = R"({{ routeLabels "l)" + std::to_string(101 + i) + R"(" }})";
    labels.Set("l" + std::to_string(100 + i), next + next);
  }
  notification.route_labels = labels.Build();
  EXPECT_EQ(Render(R"(<{{ routeLabels "l100" }}>)"), "<>");
}

}  // namespace
}  // namespace tocsin::receivers
