#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Outcome::Kind;

constexpr char kListOfDefaultMessage[] =
    R"(\n\nAlerts Firing:\nLabels:\n - alertname = DiskFull\n - job = node\nAnnotations:\n)"
    R"( - summary = 98%\nSource: http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1\n\n\n\n)";

TEST(GroupDiscord, SendsAlertmanagersDefaultMessage) {
  VendorWorld discord("discord_configs", "{webhook_url: 'http://discord/secret'}");
  const HttpClientRequest request = discord.DeliverFiring();
  EXPECT_EQ(request.url, "http://discord/secret");
  EXPECT_EQ(request.body,
            R"x({"content":"","embeds":[{"title":"[FIRING:1] DiskFull (node)","description":")x" +
                std::string(kListOfDefaultMessage) +
                // 0x992D22
                R"(","color":10038562}]})"
                "\n");
  EXPECT_TRUE(discord.send_resolved);
}

TEST(GroupDiscord, IsGreenWhenAllIsOver) {
  VendorWorld discord("discord_configs", "{webhook_url: 'http://discord/'}");
  // 0x2ECC71
  EXPECT_THAT(discord.DeliverResolved().body, HasSubstr(R"("color":3066993)"));
}

TEST(GroupDiscord, SendsEveryKey) {
  VendorWorld discord("discord_configs",
                      "{webhook_url: 'http://discord/', title: t, message: '{{ .Status }}', "
                      "content: '<@&1>', username: '{{ u }}', avatar_url: 'http://a/'}");
  EXPECT_EQ(discord.DeliverFiring().body,
            R"({"content":"\u003c@\u00261\u003e","embeds":[{"title":"t",)"
            R"("description":"firing","color":10038562}],"username":"{{ u }}",)"
            R"("avatar_url":"http://a/"})"
            "\n");
}

TEST(GroupDiscord, CutsToWhatDiscordTakes) {
  const auto body = [](std::size_t title, std::size_t message, std::size_t content) {
    VendorWorld discord("discord_configs", "{webhook_url: 'http://discord/', title: '" +
                                               std::string(title, 't') + "', message: '" +
                                               std::string(message, 'm') + "', content: '" +
                                               std::string(content, 'c') + "'}");
    return discord.DeliverFiring().body;
  };
  EXPECT_THAT(body(256, 4096, 2000), Not(HasSubstr("…")));
  EXPECT_THAT(body(257, 1, 1), HasSubstr("\"" + std::string(255, 't') + "…\""));
  EXPECT_THAT(body(1, 4097, 1), HasSubstr("\"" + std::string(4095, 'm') + "…\""));
  EXPECT_THAT(body(1, 1, 2001), HasSubstr("\"" + std::string(1999, 'c') + "…\""));
}

TEST(GroupDiscord, IsRetriedAfterServerErrors) {
  VendorWorld discord("discord_configs", "{webhook_url: 'http://discord/'}");
  EXPECT_EQ(discord.OutcomeOf(204).kind, Kind::kDelivered);
  EXPECT_EQ(discord.OutcomeOf(502).kind, Kind::kRetry);
  EXPECT_EQ(discord.OutcomeOf(429).kind, Kind::kGiveUp);
  EXPECT_EQ(discord.DurableOutcomeOf(429).kind, Kind::kRetry);
}

}  // namespace
}  // namespace tocsin::receivers
