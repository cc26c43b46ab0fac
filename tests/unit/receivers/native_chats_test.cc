// Telegram, Pushover, Webex, Mattermost, Rocket.Chat and WeChat of tocsin.yml: what holds for each.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "tests/unit/receivers/native_chats_world.h"
#include "tests/unit/receivers/shown_text.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = Outcome::Kind;

// Each with all that it needs, but for its template.
const std::pair<const char*, std::string> kChannels[] = {
    {"telegram", "api_url: 'http://h', bot_token: '1:a', chat_id: 1"},
    {"pushover", "api_url: 'http://h', token: t, user_key: u"},
    {"webex", "api_url: 'http://h', bot_token: t, room_id: r"},
    {"mattermost", "webhook_url: 'http://h'"},
    {"rocketchat", "api_url: 'http://h', token: t, token_id: i, channel: c"},
    {"wechat", "api_url: 'http://h', api_secret: s, corp_id: c, agent_id: 1, to_user: u"}};

// Where the message stands.
std::string TextOf(const Json& body) {
  if (body.contains("attachments")) return body.at("attachments").at(0).at("text");
  for (const char* key : {"markdown", "message"}) {
    if (body.contains(key)) return body.at(key);
  }
  const Json& text = body.at("text");
  return text.is_string() ? text : text.at("content");
}

TEST(NativeChats, FillInTheirTemplate) {
  for (const auto& [type, keys] : kChannels) {
    NativeChannelWorld channel(
        type, fmt::format("{{{}, template: '{{name}} is {{value}} on {{host}}'}}", keys));
    const std::string text = TextOf(BodyOf(WechatMessage(channel, {Fires()})));
    EXPECT_THAT(text, HasSubstr("High CPU Usage is 85.5 on web-1")) << type;
    EXPECT_THAT(text, Not(HasSubstr("CPU usage is high"))) << type;
  }
}

// It is a text, whoever wrote it.
TEST(NativeChats, TakeNoMarkupFromTheirTemplate) {
  const std::map<std::string, std::string> wanted = {
      {"telegram", "&lt;|i&gt;*a&lt;*"}, {"pushover", "&lt;|i&gt;*a&lt;*"},
      {"webex", "<|i>\\*a<\\*"},         {"mattermost", "<|i>\\*a<\\*"},
      {"rocketchat", "<|i>\\*a<\\*"},    {"wechat", "<|i>*a<*"}};
  for (const auto& [type, keys] : kChannels) {
    NativeChannelWorld channel(type, fmt::format("{{{}, template: '<i>{{host}}'}}", keys));
    const Json body = BodyOf(WechatMessage(channel, {WithTexts("n", "d", "*a<*")}));
    EXPECT_THAT(Shown(TextOf(body)), HasSubstr(wanted.at(type))) << type;
  }
}

TEST(NativeChats, GiveUpWithoutTheirSecretsAndTellTheKey) {
  const std::tuple<const char*, const char*, const char*> channels[] = {
      {"telegram", "{bot_token_file: /nonexistent/s, chat_id: 1}", "bot_token_file: "},
      {"telegram", "{bot_token: '1:a', chat_id_file: /nonexistent/s}", "chat_id_file: "},
      {"pushover", "{token_file: /nonexistent/s, user_key: u}", "token_file: "},
      {"pushover", "{token: t, user_key_file: /nonexistent/s}", "user_key_file: "},
      {"webex", "{bot_token_file: /nonexistent/s, room_id: r}", "bot_token_file: "},
      {"mattermost", "{webhook_url_file: /nonexistent/s}", "webhook_url_file: "},
      {"rocketchat", "{token_file: /nonexistent/s, token_id: i, channel: c}", "token_file: "},
      {"rocketchat", "{token: t, token_id_file: /nonexistent/s, channel: c}", "token_id_file: "},
      {"wechat", "{api_secret_file: /nonexistent/s, corp_id: c, agent_id: 1, to_user: u}",
       "api_secret_file: "}};
  for (const auto& [type, keys, reason] : channels) {
    NativeChannelWorld channel(type, keys);
    channel.Deliver({Fires()});
    EXPECT_EQ(channel.world.http.sent(), 0U) << type;
    EXPECT_EQ(channel.world.outcomes.at(0).kind, Kind::kGiveUp) << type;
    EXPECT_THAT(channel.world.outcomes.at(0).reason, StartsWith(reason)) << type;
  }
}

TEST(NativeChats, TellsOfTheWorstThatStillFires) {
  for (const auto& [type, keys] : kChannels) {
    NativeChannelWorld channel(type, "{" + keys + "}");
    const auto over = testing::Resolved(*WithTexts("Over", "is over", "web-3"));
    const auto worst = OfSeverity(Severity::kCritical);
    Notification notification = NativeChannelWorld::About({over, Fires(), worst});
    notification.status = NotificationStatus::kFiring;
    const std::string body = WechatMessage(channel, notification).body;
    EXPECT_THAT(body, HasSubstr("CRITICAL")) << type;
    EXPECT_THAT(body, HasSubstr("resolved: Over")) << type;
  }
}

}  // namespace
}  // namespace tocsin::receivers
