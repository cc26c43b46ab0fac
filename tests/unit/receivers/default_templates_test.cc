// The default definitions against what is documented about them. That they render what the real
// Alertmanager renders is tested beside it: tests/e2e/test_alertmanager_templates.py.
#include "receivers/templates/default_templates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "config/integration_keys.h"
#include "receivers/templates/message_texts.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/receivers/group_notifications.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class DefaultTemplates : public ::testing::Test {
 public:
  std::string Render(const std::string& name, const std::string& data = ".") {
    return RenderText("{{ template \"" + name + "\" " + data + " }}");
  }
  std::string RenderText(const std::string& text) {
    const Result<MessageTexts> texts = MessageTexts::For(notification, templates);
    EXPECT_TRUE(texts.ok());
    const Result<std::string> rendered = texts->RenderText("text", text);
    return rendered ? *rendered : "error: " + rendered.message();
  }
  std::string RenderMail() {
    const Result<MessageTexts> texts = MessageTexts::For(notification, templates);
    EXPECT_TRUE(texts.ok());
    const Result<std::string> rendered =
        texts->RenderHtml("html", R"({{ template "email.default.html" . }})");
    return rendered ? *rendered : "error: " + rendered.message();
  }

  testing::FakeClock clock;
  gotemplate::TemplateSet templates = MakeDefaultTemplates(clock);
  GroupNotification notification = About({Fires(DiskFullOn("a")), IsOver(DiskFullOn("b"))});
};

const char kFiringList[] =
    "Labels:\n - alertname = DiskFull\n - instance = a\n - job = node\n"
    "Annotations:\n - summary = 98%\nSource: http://p\n";
const char kResolvedList[] =
    "Labels:\n - alertname = DiskFull\n - instance = b\n - job = node\n"
    "Annotations:\n - summary = 98%\nSource: http://p\n";

TEST_F(DefaultTemplates, AllThatReceiversNameByDefaultAreThere) {
  for (const config::IntegrationType& type : config::IntegrationTypes()) {
    for (const config::KeySpec& key : type.keys) {
      const Status checked = templates.Check(std::string(key.key), std::string(key.fallback));
      EXPECT_TRUE(checked.ok()) << type.name << ": " << checked.message();
    }
  }
  EXPECT_TRUE(templates.CheckCalls().ok());
}

TEST_F(DefaultTemplates, SubjectsCountWhatFiresAndNameTheGroup) {
  EXPECT_EQ(Render("__subject"), "[FIRING:1] DiskFull (node)");
  notification.alerts.erase(notification.alerts.begin());
  EXPECT_EQ(Render("__subject"), "[RESOLVED] DiskFull (b node)");
  // No more common labels than group labels: the text ends in a space all the same.
  notification.group_labels = notification.alerts[0].alert->labels;
  EXPECT_EQ(Render("__subject"), "[RESOLVED] DiskFull b node ");
  notification.group_labels = Labels();
  EXPECT_EQ(Render("__subject"), "[RESOLVED]  (DiskFull b node)");
}

TEST_F(DefaultTemplates, TheLinkLeadsToTheReceiversAlerts) {
  notification.receiver = "a b&c.d";
  EXPECT_EQ(Render("__alertmanagerURL"), R"(http://am:9093/#/alerts?receiver=a+b%26c%5C.d)");
}

TEST_F(DefaultTemplates, ShortTextsAreSubjectLinkProductOrNothing) {
  const std::string subject = "[FIRING:1] DiskFull (node)";
  const std::string link = "http://am:9093/#/alerts?receiver=ops";
  const std::string product = "Alertmanager";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"__alertmanager", product},
      {"__description", ""},
      {"email.default.subject", subject},
      {"slack.default.title", subject},
      {"slack.default.username", product},
      {"slack.default.titlelink", link},
      {"slack.default.fallback", subject + " | " + link},
      {"slack.default.color", "danger"},
      {"slack.default.pretext", ""},
      {"slack.default.text", ""},
      {"slack.default.footer", ""},
      {"slack.default.callbackid", ""},
      {"slack.default.iconemoji", ""},
      {"slack.default.iconurl", ""},
      {"pagerduty.default.description", subject},
      {"pagerduty.default.client", product},
      {"pagerduty.default.clientURL", link},
      {"discord.default.title", subject},
      {"discord.default.content", ""},
      {"opsgenie.default.message", subject},
      {"opsgenie.default.source", link},
      {"victorops.default.entity_display_name", subject},
      {"victorops.default.monitoring_tool", product},
      {"pushover.default.title", subject},
      {"pushover.default.url", link},
      {"sns.default.subject", subject},
      {"wechat.default.to_user", ""},
      {"wechat.default.to_party", ""},
      {"wechat.default.to_tag", ""},
      {"wechat.default.agent_id", ""},
      {"msteams.default.summary", subject},
      {"msteams.default.title", subject},
      {"msteamsv2.default.title", subject},
      {"jira.default.summary", subject},
      {"rocketchat.default.title", subject},
      {"rocketchat.default.titlelink", link},
      {"rocketchat.default.alias", product},
      {"rocketchat.default.text", ""},
      {"rocketchat.default.emoji", ""},
      {"rocketchat.default.iconurl", ""},
      {"mattermost.default.title", subject},
      {"mattermost.default.titlelink", link},
      {"mattermost.default.username", product},
      {"mattermost.default.fallback", subject + " | " + link},
      {"mattermost.default.color", "danger"},
  };
  for (const auto& [name, expected] : cases) EXPECT_EQ(Render(name), expected) << name;
  notification.alerts.erase(notification.alerts.begin());
  EXPECT_EQ(Render("slack.default.color"), "good");
}

TEST_F(DefaultTemplates, ListsTellLabelsAnnotationsAndSource) {
  EXPECT_EQ(Render("__text_alert_list", ".Alerts"), std::string(kFiringList) + kResolvedList);
  EXPECT_EQ(Render("pagerduty.default.instances", ".Alerts.Firing"), kFiringList);
  EXPECT_EQ(Render("__text_alert_list", ".Alerts.Firing"), kFiringList);
  EXPECT_EQ(Render("__text_alert_list_markdown", ".Alerts.Firing"),
            "\nLabels:\n  - alertname = DiskFull\n  - instance = a\n  - job = node\n"
            "\nAnnotations:\n  - summary = 98%\n\nSource: http://p\n");
}

TEST_F(DefaultTemplates, MessagesHaveAListOfWhatFiresAndOneOfWhatIsOver) {
  for (const char* name :
       {"discord.default.message", "telegram.default.message", "pushover.default.message",
        "sns.default.message", "webex.default.message", "opsgenie.default.description",
        "victorops.default.state_message", "wechat.default.message"}) {
    notification = About({Fires(DiskFullOn("a")), IsOver(DiskFullOn("b"))});
    const std::string both = Render(name);
    EXPECT_THAT(both, HasSubstr(std::string("\nAlerts Firing:\n") + kFiringList)) << name;
    EXPECT_THAT(both, HasSubstr(std::string("\nAlerts Resolved:\n") + kResolvedList)) << name;
    notification = About({Fires(DiskFullOn("a"))});
    EXPECT_THAT(Render(name), Not(HasSubstr("Alerts Resolved"))) << name;
    notification = About({IsOver(DiskFullOn("b"))});
    EXPECT_THAT(Render(name), Not(HasSubstr("Alerts Firing"))) << name;
  }
}

TEST_F(DefaultTemplates, SomeMessagesBeginWithTheCommonAnnotations) {
  for (const char* name :
       {"pushover.default.message", "sns.default.message", "webex.default.message",
        "opsgenie.default.description", "victorops.default.state_message"}) {
    EXPECT_EQ(Render(name).substr(0, 4), "98%\n") << name;
  }
  const std::string wechat = Render("wechat.default.message");
  EXPECT_THAT(wechat, HasSubstr("[FIRING:1] DiskFull (node)\n98%\nAlerts Firing:\n"));
  EXPECT_THAT(wechat, HasSubstr("\nAlertmanagerUrl:\nhttp://am:9093/#/alerts?receiver=ops"));
}

TEST_F(DefaultTemplates, MarkdownHasHeadings) {
  for (const char* name : {"msteams.default.text", "msteamsv2.default.text",
                           "mattermost.default.text", "jira.default.description"}) {
    const std::string text = Render(name);
    EXPECT_THAT(text, HasSubstr("\n# Alerts Firing:\n\nLabels:\n  - alertname = DiskFull\n"))
        << name;
    EXPECT_THAT(text, HasSubstr("\n# Alerts Resolved:\n\nLabels:\n")) << name;
  }
}

TEST_F(DefaultTemplates, JirasPriorityIsTheHighestSeverity) {
  const auto with = [](std::string_view severity) {
    PostedAlert alert = DiskFull();
    alert.labels = Labels{{"alertname", "X"}, {"severity", severity}};
    return alert;
  };
  const std::vector<std::pair<std::vector<FrozenAlert>, std::string>> cases = {
      {{Fires(with("warning")), Fires(with("critical")), Fires(with("info"))}, "High"},
      {{Fires(with("info")), Fires(with("warning"))}, "Medium"},
      {{Fires(with("info")), IsOver(with("critical"))}, "Low"},
      {{Fires(with("other")), IsOver(with("warning"))}, "Medium"},
      {{IsOver(with("critical")), IsOver(with("info"))}, "High"},
      {{Fires(with("page"))}, ""},
      {{Fires(DiskFull())}, ""},
  };
  for (const auto& [alerts, expected] : cases) {
    notification = About(alerts);
    EXPECT_EQ(Render("jira.default.priority"), expected);
  }
}

TEST_F(DefaultTemplates, MailIsAPageWithEverythingInIt) {
  const std::string page = RenderMail();
  EXPECT_THAT(page, HasSubstr("<title>[FIRING:1] DiskFull (node)</title>"));
  EXPECT_THAT(page, HasSubstr("2 alerts for alertname=DiskFull"));
  EXPECT_THAT(page, HasSubstr("background:#cf222e"));
  EXPECT_THAT(page, HasSubstr(R"(href="http://am:9093/#/alerts?receiver=ops")"));
  EXPECT_THAT(page, HasSubstr("[1] Firing"));
  EXPECT_THAT(page, HasSubstr("[1] Resolved"));
  EXPECT_THAT(page, HasSubstr(">instance</td>"));
  EXPECT_THAT(page, HasSubstr(">98%</td>"));
  EXPECT_THAT(page, HasSubstr(R"(<a href="http://p")"));
  EXPECT_THAT(page, HasSubstr(">http://am:9093</a>"));
  notification = About({IsOver(DiskFull())});
  EXPECT_THAT(RenderMail(), HasSubstr("1 alert for"));
  EXPECT_THAT(RenderMail(), HasSubstr("background:#1a7f37"));
  EXPECT_THAT(RenderMail(), Not(HasSubstr("Firing")));
}

TEST_F(DefaultTemplates, MailEscapesWhatAlertsSay) {
  PostedAlert alert = DiskFull();
  alert.labels = Labels{{"alertname", "<script>alert(1)</script>"}};
  alert.annotations = {{"<b>", "\"&'"}};
  alert.generator_url = "javascript:alert(1)";
  notification = About({Fires(alert)});
  notification.group_labels = alert.labels;
  const std::string page = RenderMail();
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<b>")));
  EXPECT_THAT(page, Not(HasSubstr("javascript:")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
}

TEST_F(DefaultTemplates, FilesMayRedefineEachOfThem) {
  ASSERT_TRUE(templates
                  .Add("own.tmpl", R"({{ define "slack.default.title" }}{{ .Status }}!{{ end }})"
                                   R"({{ define "__alertmanager" }}Bell{{ end }})")
                  .ok());
  EXPECT_EQ(Render("slack.default.title"), "firing!");
  EXPECT_EQ(Render("pagerduty.default.client"), "Bell");
  EXPECT_EQ(Render("slack.default.fallback"), "firing! | http://am:9093/#/alerts?receiver=ops");
}

TEST_F(DefaultTemplates, RouteLabelsNeedARoute) {
  const Result<std::string> text =
      templates.ExecuteText("t", R"({{ routeLabels "a" }})", gotemplate::Value());
  ASSERT_FALSE(text.ok());
  EXPECT_THAT(text.message(), HasSubstr("routeLabels"));
}

}  // namespace
}  // namespace tocsin::receivers
