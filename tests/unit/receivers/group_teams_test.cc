#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using Kind = Outcome::Kind;

TEST(GroupTeams, SendsAnAdaptiveCardToWorkflows) {
  VendorWorld teams("msteamsv2_configs", "{webhook_url: 'http://teams/secret', text: 'a < b'}");
  const HttpClientRequest request = teams.DeliverFiring();
  EXPECT_EQ(request.url, "http://teams/secret");
  EXPECT_EQ(request.body,
            R"({"type":"message","attachments":[{)"
            R"("contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,)"
            R"("content":{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json",)"
            R"("type":"AdaptiveCard","version":"1.2","body":[)"
            R"x({"type":"TextBlock","text":"[FIRING:1] DiskFull (node)","weight":"Bolder",)x"
            R"("size":"Medium","wrap":true,"style":"heading","color":"Attention"},)"
            R"({"type":"TextBlock","text":"a \u003c b","wrap":true}],)"
            R"("msteams":{"width":"full"}}}]})"
            "\n");
  EXPECT_THAT(teams.DeliverResolved().body, HasSubstr(R"("color":"Good")"));
  EXPECT_TRUE(teams.send_resolved);
}

TEST(GroupTeams, SendsAMessageCardToConnectors) {
  VendorWorld teams("msteams_configs", "{webhook_url: 'http://teams/', text: t, summary: s}");
  EXPECT_EQ(teams.DeliverFiring().body,
            R"({"@context":"http://schema.org/extensions","type":"MessageCard",)"
            R"x("title":"[FIRING:1] DiskFull (node)","summary":"s","text":"t",)x"
            R"("themeColor":"8C1A1A"})"
            "\n");
  EXPECT_THAT(teams.DeliverResolved().body, HasSubstr(R"("themeColor":"2DC72D")"));
}

TEST(GroupTeams, ListAlertsInMarkdownByDefault) {
  VendorWorld teams("msteamsv2_configs", "{webhook_url: 'http://teams/'}");
  EXPECT_THAT(teams.DeliverFiring().body,
              HasSubstr(R"(# Alerts Firing:\n\nLabels:\n  - alertname = DiskFull\n)"));
}

TEST(GroupTeams, IsRetriedAfterServerErrors) {
  VendorWorld teams("msteamsv2_configs", "{webhook_url: 'http://teams/'}");
  EXPECT_EQ(teams.OutcomeOf(202).kind, Kind::kDelivered);
  EXPECT_EQ(teams.OutcomeOf(500).kind, Kind::kRetry);
  EXPECT_EQ(teams.OutcomeOf(429).kind, Kind::kGiveUp);
}

}  // namespace
}  // namespace tocsin::receivers
