#include "exporter/api/alertmanager_overview.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/exporter/api/alertmanager_world.h"
#include "tests/unit/exporter/api/page_texts.h"

namespace tocsin::api {
namespace {

std::string PageOf(AlertmanagerWorld& world) {
  const http::Response response = world.Send("GET", "/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  return response.body;
}

TEST(AlertmanagerOverview, ShowsAlertsByGroupWithWhatHoldsThemBack) {
  AlertmanagerWorld world;
  world.PostAlerts(R"([
    {"labels":{"alertname":"Disk","host":"a"},"annotations":{"summary":"it is full","x":"y"},
     "generatorURL":"https://prometheus/graph?a=1&b=2"},
    {"labels":{"alertname":"Quiet"}},
    {"labels":{"alertname":"Down","severity":"critical","cluster":"c"}},
    {"labels":{"alertname":"Slow","severity":"warning","cluster":"c"}},
    {"labels":{"alertname":"Web","service":"web"}},
    {"labels":{"alertname":"Over"},"startsAt":"2099-12-31T00:00:00Z","endsAt":"2099-12-31T23:00:00Z"}])");
  const std::string id = world.PostSilence(
      {{"matchers", {{{"name", "alertname"}, {"value", "Quiet"}, {"isRegex", false}}}},
       {"startsAt", "2099-01-01T00:00:00Z"},
       {"endsAt", "2100-01-01T01:00:00Z"},
       {"createdBy", "ann"},
       {"comment", "disk swap"}});
  world.Advance(std::chrono::minutes(1));  // the first flush
  const std::string page = PageOf(world);
  for (const char* part :
       {"alertname=Disk", "to ops", "it is full", ">firing<", ">silenced<", ">inhibited<",
        " by Down", "muted: always", "href=\"https://prometheus/graph?a=1&amp;b=2\"",
        "{alertname=&#34;Quiet&#34;}", "disk swap", ">ann<", "in 59m 0s"}) {
    EXPECT_TRUE(Has(page, part)) << part;
  }
  EXPECT_TRUE(Has(page, "href=\"api/v2/silence/" + id + "\"")) << id;
}

TEST(AlertmanagerOverview, SaysThatStateCannotBeWrittenAndWhy) {
  AlertmanagerWorld world;
  const std::string well = PageOf(world);
  EXPECT_FALSE(Has(well, "degraded")) << well;
  EXPECT_FALSE(Has(well, "State cannot be written")) << well;
  world.store_trouble = "cannot write <db>: disk full (since 2099-01-01T00:00:00Z)";
  const std::string page = PageOf(world);
  EXPECT_TRUE(Has(page, ">degraded<")) << page;
  EXPECT_TRUE(Has(page, "cannot write &lt;db&gt;: disk full (since 2099-01-01T00:00:00Z)")) << page;
}

TEST(AlertmanagerOverview, ShowsReceiversAndTheWaysToTheApi) {
  AlertmanagerWorld world;
  const std::string page = PageOf(world);
  for (const char* part :
       {"Receivers (3)", "<td>db<td>tier=gold", "Cluster: this instance alone, 127.0.0.1:9094",
        "<pre>route:\n</pre>", "href=\"metrics\"", "href=\"api/v2/alerts/groups\""}) {
    EXPECT_TRUE(Has(page, part)) << part;
  }
}

TEST(AlertmanagerOverview, EscapesWhatOthersWroteAndLinksToNoScript) {
  AlertmanagerWorld world;
  const nlohmann::json alert = {{"labels", {{"alertname", kEvil}, {"a", kEvil}}},
                                {"annotations", {{"summary", kEvil}}},
                                {"generatorURL", "javascript:alert(1)"}};
  world.PostAlerts(nlohmann::json::array({alert}).dump());
  (void)world.PostSilence({{"matchers", {{{"name", "a"}, {"value", "<b>"}, {"isRegex", false}}}},
                           {"startsAt", "2099-01-01T00:00:00Z"},
                           {"endsAt", "2100-01-01T01:00:00Z"},
                           {"createdBy", "<i>"},
                           {"comment", "<script>"}});
  const std::string page = PageOf(world);
  for (const char* part : {"<script", "javascript:", "<i>", "<b>"}) {
    EXPECT_FALSE(Has(page, part)) << part;
  }
  EXPECT_TRUE(Has(page, "alertname=" + kEscaped));
}

TEST(AlertmanagerOverview, ShowsTwoHundredAlertsAndHowManyMoreThereAre) {
  AlertmanagerWorld world;
  nlohmann::json alerts = nlohmann::json::array();
  for (int i = 0; i < 250; ++i) {
    alerts.push_back({{"labels", {{"alertname", "A"}, {"n", std::to_string(i)}}}});
  }
  world.PostAlerts(alerts.dump());
  EXPECT_TRUE(Has(PageOf(world), "50 more: see the API."));
}

}  // namespace
}  // namespace tocsin::api
