#include "exporter/api/overview.h"

#include <gtest/gtest.h>

#include "tests/unit/exporter/api/api_world.h"
#include "tests/unit/exporter/api/page_texts.h"

namespace tocsin::api {
namespace {

using std::chrono::seconds;
using testing::CpuRule;

http::Response Page(ApiWorld& world) {
  http::Request request;
  request.method = "GET";
  request.raw_path = "/";
  return OverviewRoute(world.Sources()).handler(request);
}

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(Overview, IsAPageWithoutScriptThatForbidsOne) {
  ApiWorld world({CpuRule()});
  const http::Response response = Page(world);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  EXPECT_FALSE(Has(response.body, "<script"));
  EXPECT_FALSE(Has(response.body, "javascript:"));
  std::string policy;
  for (const auto& [name, value] : response.headers) {
    if (name == "Content-Security-Policy") policy = value;
  }
  EXPECT_TRUE(Has(policy, "default-src 'none'")) << policy;
  EXPECT_FALSE(Has(policy, "script-src")) << policy;
}

TEST(Overview, ShowsAlertsOfEveryStateAndRules) {
  auto rule = CpuRule();
  rule->name = "High CPU";
  rule->duration = seconds(60);
  rule->threshold_text = "80.0";
  rule->source_file = "rules.d/host.yml";
  rule->source_line = 14;
  ApiWorld world({rule});
  world.Submit("firing-host", 90);
  world.Submit("resolved-host", 90);
  world.Advance(seconds(60));
  world.Submit("resolved-host", 10);
  world.Submit("pending-host", 91);
  const std::string page = Page(world).body;
  for (const char* text : {"Firing (1)", "Pending (1)", "firing-host", "pending-host",
                           "resolved-host", "recovered", "Rules (1)", "rules.d/host.yml:14"}) {
    EXPECT_TRUE(Has(page, text)) << text;
  }
}

TEST(Overview, SaysWhenNothingFires) {
  ApiWorld world({CpuRule()});
  EXPECT_TRUE(Has(Page(world).body, "Firing (0)"));
}

TEST(Overview, EscapesWhatRulesAndSeriesAreCalled) {
  auto rule = CpuRule();
  rule->name = "name" + kEvil;
  rule->description = "description" + kEvil;
  rule->metric_name = "metric" + kEvil;
  rule->threshold_text = "threshold" + kEvil;
  rule->source_file = "file" + kEvil;
  rule->notification_channels = {"channel" + kEvil};
  ApiWorld world({rule});
  world.Submit("host" + kEvil, 90);
  ASSERT_EQ(world
                .Post("/alerts/id-1/acknowledge",
                      json{{"actor", "actor" + kEvil}, {"note", kEvil}}.dump())
                .status,
            200);
  const std::string page = Page(world).body;
  EXPECT_FALSE(Has(page, "<script"));
  for (const char* text :
       {"name", "description", "metric", "threshold", "file", "channel", "host", "actor"}) {
    EXPECT_TRUE(Has(page, text + kEscaped)) << text;
  }
}

TEST(Overview, EscapesWhatTheWorldSays) {
  ApiWorld world({});
  world.status.version = "version" + kEvil;
  world.status.store_trouble = "store" + kEvil;
  world.status.reload = {false, kStart, {"problem" + kEvil}};
  world.status.receivers = {{"receiver" + kEvil, "failing", "error" + kEvil}};
  world.status.targets.push_back(
      {"job" + kEvil, "http://url" + kEvil, "down", "refused" + kEvil, {}, {}});
  const std::string page = Page(world).body;
  EXPECT_FALSE(Has(page, "<script"));
  for (const char* text :
       {"version", "store", "problem", "receiver", "error", "job", "http://url", "refused"}) {
    EXPECT_TRUE(Has(page, text + kEscaped)) << text;
  }
}

TEST(Overview, ShowsTwoHundredRowsOfAListAndHowManyMoreThereAre) {
  Rules rules;
  for (int i = 0; i < 203; ++i) {
    auto rule = CpuRule("rule-" + std::to_string(i));
    rule->name = "listed-rule";
    rule->series_name = "other";
    rules.push_back(rule);
  }
  auto watching = CpuRule("watching");
  watching->name = "watching-rule";
  rules.insert(rules.begin(), watching);
  ApiWorld world(rules);
  for (int i = 0; i < 201; ++i) world.Submit("listed-host-" + std::to_string(i), 90);
  const std::string page = Page(world).body;
  EXPECT_TRUE(Has(page, "Firing (201)"));
  EXPECT_EQ(Count(page, "listed-host-"), 200U);
  EXPECT_TRUE(Has(page, "1 more: see the API"));
  EXPECT_TRUE(Has(page, "Rules (204)"));
  EXPECT_EQ(Count(page, "listed-rule"), 199U);
  EXPECT_TRUE(Has(page, "4 more: see the API"));
}

TEST(Overview, TellsThatAReloadFailedAndThatStateCannotBeWritten) {
  ApiWorld world({});
  EXPECT_FALSE(Has(Page(world).body, "reload failed"));
  world.status.reload.successful = false;
  world.status.store_trouble = "disk full";
  const std::string page = Page(world).body;
  EXPECT_TRUE(Has(page, "reload failed"));
  EXPECT_TRUE(Has(page, "State cannot be written"));
}

}  // namespace
}  // namespace tocsin::api
