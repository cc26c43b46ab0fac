#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Outcome::Kind;

constexpr char kMattermostItem[] = "{webhook_url: 'http://mm/hooks/s3cret'}";

std::string MattermostItemWith(const std::string& keys) {
  return "{webhook_url: 'http://mm/hooks/s3cret', " + keys + "}";
}

std::string MattermostBodyOf(const std::string& keys) {
  VendorWorld mattermost("mattermost_configs", MattermostItemWith(keys));
  return mattermost.DeliverFiring().body;
}

TEST(GroupMattermost, SendsAlertmanagersDefaultMessage) {
  VendorWorld mattermost("mattermost_configs", kMattermostItem);
  const HttpClientRequest request = mattermost.DeliverFiring();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://mm/hooks/s3cret");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(request.body,
            R"({"username":"Alertmanager","attachments":[{)"
            R"x("fallback":"[FIRING:1] DiskFull (node) | http://am:9093/#/alerts?receiver=ops",)x"
            R"("color":"danger","text":"\n\n# Alerts Firing:\n\nLabels:\n)"
            R"(  - alertname = DiskFull\n  - job = node\n\nAnnotations:\n  - summary = 98%\n\n)"
            R"(Source: http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1\n\n\n\n",)"
            R"x("title":"[FIRING:1] DiskFull (node)",)x"
            R"("title_link":"http://am:9093/#/alerts?receiver=ops"}]})"
            "\n");
  EXPECT_TRUE(mattermost.send_resolved);
}

TEST(GroupMattermost, IsGreenWhenAllIsOver) {
  VendorWorld mattermost("mattermost_configs", kMattermostItem);
  EXPECT_EQ(mattermost.DeliverResolved().body,
            R"({"username":"Alertmanager","attachments":[{)"
            R"x("fallback":"[RESOLVED] DiskFull (node) | http://am:9093/#/alerts?receiver=ops",)x"
            R"("color":"good","text":"\n\n\n# Alerts Resolved:\n\nLabels:\n)"
            R"(  - alertname = DiskFull\n  - job = node\n\nAnnotations:\n  - summary = 98%\n\n)"
            R"(Source: http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1\n\n\n",)"
            R"x("title":"[RESOLVED] DiskFull (node)",)x"
            R"("title_link":"http://am:9093/#/alerts?receiver=ops"}]})"
            "\n");
}

TEST(GroupMattermost, SendsEveryKeyOfThePostAndItsAttachment) {
  EXPECT_EQ(MattermostBodyOf(R"(
    channel: 'c {{ .Status }}', username: u, icon_url: 'http://icon/', icon_emoji: ':fire:',
    type: custom_x, props: {card: '**{{ .Status }}**'}, fallback: f, color: '#00f', pretext: p,
    text: 't {{ .Status }}', author_name: an, author_link: 'http://al/', author_icon: 'http://ai/',
    title: h, title_link: 'http://l/', thumb_url: 'http://thumb/', footer: fo,
    footer_icon: 'http://fi/', image_url: 'http://image/',
    fields: [{title: a, value: '{{ len .Alerts }}', short: true}, {title: b, value: v}],
    priority: {priority: '{{ "URGENT" }}', requested_ack: true, persistent_notifications: true})"),
            R"({"channel":"c firing","username":"u","icon_url":"http://icon/",)"
            R"("icon_emoji":":fire:","attachments":[{"fallback":"f","color":"#00f","pretext":"p",)"
            R"("text":"t firing","author_name":"an","author_link":"http://al/",)"
            R"("author_icon":"http://ai/","title":"h","title_link":"http://l/",)"
            R"("fields":[{"title":"a","value":"1","short":true},{"title":"b","value":"v"}],)"
            R"("thumb_url":"http://thumb/","footer":"fo","footer_icon":"http://fi/",)"
            R"("image_url":"http://image/"}],"type":"custom_x","props":{"card":"**firing**"},)"
            R"("priority":{"priority":"urgent","requested_ack":true,)"
            R"("persistent_notifications":true}})"
            "\n");
}

TEST(GroupMattermost, ListedAttachmentsStandBesideThePostsOwnText) {
  EXPECT_EQ(MattermostBodyOf(R"(
    text: 't {{ .Status }}', title: unused, username: '', attachments: [
    {fallback: f, color: c, pretext: p, text: 'x {{ .Status }}', author_name: an, author_link: al,
     author_icon: ai, title: h, title_link: l, thumb_url: t, footer: fo, footer_icon: fi,
     image_url: im, fields: [{title: a, value: b, short: false}]}, {text: second}])"),
            R"({"text":"t firing","attachments":[{"fallback":"f","color":"c","pretext":"p",)"
            R"("text":"x firing","author_name":"an","author_link":"al","author_icon":"ai",)"
            R"("title":"h","title_link":"l",)"
            R"("fields":[{"title":"a","value":"b","short":false}],"thumb_url":"t","footer":"fo",)"
            R"("footer_icon":"fi","image_url":"im"},{"text":"second"}]})"
            "\n");
}

TEST(GroupMattermost, LeavesOutWhatIsEmpty) {
  EXPECT_EQ(MattermostBodyOf(
                "username: '', text: '', fallback: '', color: '', title: '', title_link: ''"),
            "{}\n");
  EXPECT_EQ(MattermostBodyOf("username: '', text: '', attachments: [{title: h}]"),
            "{\"attachments\":[{\"title\":\"h\"}]}\n");
}

TEST(GroupMattermost, PutsPrioritiesRight) {
  const auto priority = [](const std::string& keys) {
    return MattermostBodyOf("priority: {" + keys + "}");
  };
  EXPECT_THAT(priority("priority: Important, requested_ack: true, persistent_notifications: true"),
              EndsWith(R"("priority":{"priority":"important","requested_ack":true}})"
                       "\n"));
  EXPECT_THAT(priority("priority: standard, requested_ack: true, persistent_notifications: true"),
              EndsWith(R"("priority":{"priority":"standard"}})"
                       "\n"));
  EXPECT_THAT(priority("priority: hectic, requested_ack: true"),
              EndsWith(R"("priority":{"priority":"standard"}})"
                       "\n"));
  EXPECT_THAT(priority("priority: urgent, requested_ack: false"),
              EndsWith(R"("priority":{"priority":"urgent"}})"
                       "\n"));
  EXPECT_THAT(priority("requested_ack: true"), Not(HasSubstr("priority")));
}

TEST(GroupMattermost, CutsTextsAt16383Characters) {
  const auto of = [](std::size_t size) { return "text: '" + std::string(size, 'a') + "'"; };
  EXPECT_THAT(MattermostBodyOf(of(16383)),
              HasSubstr("\"text\":\"" + std::string(16383, 'a') + "\""));
  const std::string cut = "\"text\":\"" + std::string(16382, 'a') + "…\"";
  EXPECT_THAT(MattermostBodyOf(of(16384)), HasSubstr(cut));
  EXPECT_THAT(MattermostBodyOf(of(16384) + ", attachments: [{title: h}]"), HasSubstr(cut));
}

TEST(GroupMattermost, TakesTheAddressFromGlobalOrFromAFile) {
  VendorWorld global("mattermost_configs", "{channel: c}",
                     "{mattermost_webhook_url: 'http://global/hook'}");
  EXPECT_EQ(global.DeliverFiring().url, "http://global/hook");
  const testing::TempDir folder;
  const std::string path = folder.path() + "/url";
  VendorWorld file("mattermost_configs", "{webhook_url_file: '" + path + "'}");
  std::ofstream(path) << "http://file/one\n";
  EXPECT_EQ(file.DeliverFiring().url, "http://file/one");
  std::ofstream(path) << "s3cret but no address";
  file.DeliverFiring();
  EXPECT_EQ(file.http.sent(), 1U);
  EXPECT_EQ(file.outcomes.back().kind, Kind::kGiveUp);
  EXPECT_THAT(file.reason(), Not(HasSubstr("s3cret")));
}

TEST(GroupMattermost, IsRetriedAsAlertmanagerDoesAndByTheOutboxMoreOften) {
  VendorWorld mattermost("mattermost_configs", kMattermostItem);
  EXPECT_EQ(mattermost.OutcomeOf(200, "ok").kind, Kind::kDelivered);
  EXPECT_EQ(mattermost.OutcomeOf(200, "<html>").kind, Kind::kDelivered);
  EXPECT_EQ(mattermost.OutcomeOf(503).kind, Kind::kRetry);
  EXPECT_EQ(mattermost.OutcomeOf(429).kind, Kind::kGiveUp);
  EXPECT_EQ(mattermost.OutcomeOf(400).kind, Kind::kGiveUp);
  EXPECT_THAT(mattermost.reason(), Not(HasSubstr("s3cret")));
  EXPECT_EQ(mattermost.DurableOutcomeOf(503).kind, Kind::kRetry);
  EXPECT_EQ(mattermost.DurableOutcomeOf(429).kind, Kind::kRetry);
  EXPECT_EQ(mattermost.DurableOutcomeOf(408).kind, Kind::kRetry);
  EXPECT_EQ(mattermost.DurableOutcomeOf(400).kind, Kind::kGiveUp);
}

TEST(GroupMattermost, GivesUpWhereATemplateFailsAndSendsNothing) {
  for (const char* keys :
       {"text: '{{ .Nothing }}'", "props: {card: '{{ .Nothing }}'}",
        "priority: {priority: '{{ .Nothing }}'}", "attachments: [{title: '{{ .Nothing }}'}]"}) {
    VendorWorld mattermost("mattermost_configs", MattermostItemWith(keys));
    mattermost.DeliverFiring();
    EXPECT_EQ(mattermost.http.sent(), 0U) << keys;
    EXPECT_EQ(mattermost.outcomes.at(0).kind, Kind::kGiveUp) << keys;
    EXPECT_THAT(mattermost.reason(), HasSubstr(":1:4: ")) << keys;
  }
}

TEST(GroupMattermost, HostileTextStaysText) {
  VendorWorld mattermost("mattermost_configs",
                         MattermostItemWith("title: '{{ .CommonAnnotations.summary }}'"));
  PostedAlert alert = DiskFull();
  alert.annotations = {{"summary", "\"},<script>&\n\\\xff"}};
  EXPECT_THAT(mattermost.Deliver(About({Fires(alert)})).body,
              HasSubstr(R"("title":"\"},\u003cscript\u003e\u0026\n\\�",)"));
}

}  // namespace
}  // namespace tocsin::receivers
