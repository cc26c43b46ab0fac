#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Outcome::Kind;

constexpr std::size_t kMaxBytes = 7439;

std::string WebexItemWith(const std::string& keys) {
  return "{api_url: 'http://webex/v1/messages', room_id: r1, " + keys +
         " http_config: {authorization: {credentials: bot-token}}}";
}

// A notification whose only annotation is a text.
GroupNotification Saying(std::string text) {
  PostedAlert alert = DiskFull();
  alert.annotations = {{"summary", std::move(text)}};
  return About({Fires(alert)});
}

std::string MarkdownOf(std::string text) {
  VendorWorld webex("webex_configs", WebexItemWith("message: '{{ .CommonAnnotations.summary }}',"));
  return nlohmann::json::parse(webex.Deliver(Saying(std::move(text))).body).at("markdown");
}

TEST(GroupWebex, SendsAlertmanagersDefaultMessage) {
  VendorWorld webex("webex_configs",
                    "{room_id: r1, http_config: {authorization: {credentials: bot-token}}}");
  const HttpClientRequest request = webex.DeliverFiring();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://webexapis.com/v1/messages");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "Bearer bot-token");
  EXPECT_EQ(request.body,
            R"({"markdown":"98%\n\nAlerts Firing:\nLabels:\n - alertname = DiskFull\n)"
            R"( - job = node\nAnnotations:\n - summary = 98%\n)"
            R"(Source: http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1\n\n\n\n","roomId":"r1"})"
            "\n");
  EXPECT_TRUE(webex.send_resolved);
}

TEST(GroupWebex, TellsWhatIsOver) {
  VendorWorld webex("webex_configs", WebexItemWith(""));
  EXPECT_EQ(webex.DeliverResolved().body,
            R"({"markdown":"98%\n\n\nAlerts Resolved:\nLabels:\n - alertname = DiskFull\n)"
            R"( - job = node\nAnnotations:\n - summary = 98%\n)"
            R"(Source: http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1\n\n\n","roomId":"r1"})"
            "\n");
}

TEST(GroupWebex, FillsInMessageAndRoom) {
  VendorWorld webex("webex_configs",
                    "{room_id: '{{ .CommonLabels.job }}-room', message: '**{{ .Status }}**', "
                    "http_config: {authorization: {credentials: t}}}",
                    "{webex_api_url: 'http://own/messages'}");
  const HttpClientRequest request = webex.DeliverFiring();
  EXPECT_EQ(request.url, "http://own/messages");
  EXPECT_EQ(request.body, R"({"markdown":"**firing**","roomId":"node-room"})"
                          "\n");
}

TEST(GroupWebex, LeavesOutARoomThatTemplatesLeaveEmpty) {
  VendorWorld webex("webex_configs",
                    "{room_id: '{{ .CommonLabels.room }}', message: m, "
                    "http_config: {authorization: {credentials: t}}}");
  EXPECT_EQ(webex.DeliverFiring().body, "{\"markdown\":\"m\"}\n");
}

TEST(GroupWebex, CutsMarkdownAtItsLimitInBytes) {
  EXPECT_EQ(MarkdownOf(std::string(kMaxBytes, 'a')), std::string(kMaxBytes, 'a'));
  EXPECT_EQ(MarkdownOf(std::string(kMaxBytes + 1, 'a')), std::string(kMaxBytes - 3, 'a') + "…");
}

// 7436 bytes are left beside the mark, which is 3718 of these characters of two bytes; a byte in
// front of them leaves one unused.
TEST(GroupWebex, CutsNoCharacterInTwo) {
  std::string text = "a";
  for (int i = 0; i < 4000; ++i) text += "é";
  const std::string markdown = MarkdownOf(text);
  EXPECT_EQ(markdown, text.substr(0, 1 + 2 * 3717) + "…");
}

TEST(GroupWebex, ReadsTheTokensFileForEachMessage) {
  const testing::TempDir folder;
  const std::string path = folder.path() + "/token";
  VendorWorld webex(
      "webex_configs",
      "{room_id: r, http_config: {authorization: {credentials_file: '" + path + "'}}}");
  std::ofstream(path) << " one\n";
  EXPECT_EQ(HeaderOf(webex.DeliverFiring(), "Authorization"), "Bearer one");
  std::ofstream(path) << "two";
  EXPECT_EQ(HeaderOf(webex.DeliverFiring(), "Authorization"), "Bearer two");
}

TEST(GroupWebex, SendsHostileTextsAsTheyAre) {
  const std::string text = "\"</script><script>alert('x')</script>\n\\\t{\"a\":1}";
  EXPECT_EQ(MarkdownOf(text), text);
  EXPECT_EQ(MarkdownOf("a\xff"
                       "b"),
            "a\xEF\xBF\xBD"
            "b");
}

TEST(GroupWebex, IsRetriedAsAlertmanagerDoesAndByTheOutboxMoreOften) {
  VendorWorld webex("webex_configs", WebexItemWith(""));
  EXPECT_EQ(webex.OutcomeOf(200).kind, Kind::kDelivered);
  EXPECT_EQ(webex.OutcomeOf(500).kind, Kind::kRetry);
  EXPECT_EQ(webex.OutcomeOf(503).kind, Kind::kRetry);
  for (const int status : {302, 400, 401, 403, 404, 408, 429}) {
    EXPECT_EQ(webex.OutcomeOf(status).kind, Kind::kGiveUp) << status;
  }
  for (const int status : {408, 429, 502}) {
    EXPECT_EQ(webex.DurableOutcomeOf(status).kind, Kind::kRetry) << status;
  }
  EXPECT_EQ(webex.DurableOutcomeOf(404).kind, Kind::kGiveUp);
  EXPECT_THAT(webex.reason(), Not(HasSubstr("bot-token")));
}

TEST(GroupWebex, GivesUpWhereATemplateFailsAndSendsNothing) {
  for (const auto& [keys, place] :
       {std::pair("room_id: '{{ .Nothing }}'", "room_id:1:4: "),
        std::pair("room_id: r, message: 'a {{ .Nothing }}'", "message:1:6: ")}) {
    VendorWorld webex("webex_configs", std::string("{") + keys +
                                           ", http_config: {authorization: {credentials: t}}}");
    webex.DeliverFiring();
    EXPECT_EQ(webex.http.sent(), 0U);
    EXPECT_EQ(webex.outcomes.at(0).kind, Kind::kGiveUp);
    EXPECT_THAT(webex.reason(), HasSubstr(place));
  }
}

}  // namespace
}  // namespace tocsin::receivers
