#include "receivers/channels/configured_http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/url_user_info.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"
#include "tests/unit/receivers/channel_world.h"

namespace tocsin::receivers {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

class ConfiguredHttpTest : public ::testing::Test {
 public:
  void Send(const std::string& url = "https://hook.example/") {
    if (!http) {
      Result<std::unique_ptr<ConfiguredHttp>> made = ConfiguredHttp::Make(
          settings, world.Context(), [](std::string_view) { return std::nullopt; });
      ASSERT_TRUE(made.ok()) << made.message();
      http = *std::move(made);
    }
    HttpClientRequest request;
    request.url = url;
    request.timeout = seconds(10);
    http->Send(std::move(request), [this](HttpClientResult result) {
      results.push_back(result.response ? std::to_string(result.response->status)
                                        : result.failure.message);
      bodies.push_back(result.response ? result.response->body : "");
    });
  }
  void UseOAuth2() {
    settings.oauth2 = config::OAuth2Config();
    settings.oauth2->client_id = "me";
    settings.oauth2->token_url = "https://idp.example/";
  }

  ChannelWorld world;
  testing::FakeHttpClient& client = world.http;
  testing::FakeClock& clock = world.clock;
  config::HttpConfig settings;
  std::unique_ptr<ConfiguredHttp> http;
  std::vector<std::string> results;
  std::vector<std::string> bodies;  // of the answers
};

TEST_F(ConfiguredHttpTest, StrikesOutWhatAServerRepeatsOfItsSecrets) {
  config::BasicAuthConfig auth;
  auth.username = "me";
  auth.password = Secret("s3cret-password");
  settings.basic_auth = auth;
  settings.headers = {{"X-Token", {}, {Secret("t0ken-of-a-header")}, {}}};
  Send("https://hook.example/services/k3y-of-a-webhook");
  client.Answer(0, 400,
                "no k3y-of-a-webhook for bWU6czNjcmV0LXBhc3N3b3Jk (s3cret-password), "
                "t0ken-of-a-header: see /services");
  EXPECT_EQ(bodies.at(0), "no <secret> for <secret> (<secret>), <secret>: see /services");
}

TEST_F(ConfiguredHttpTest, FollowsRedirectsAndSpeaksHttp2UnlessTold) {
  Send();
  EXPECT_THAT(client.request(0).headers, IsEmpty());
  EXPECT_TRUE(client.request(0).follow_redirects);
  EXPECT_TRUE(client.request(0).transport->http2);
  http.reset();
  settings.follow_redirects = false;
  settings.enable_http2 = false;
  Send();
  EXPECT_FALSE(client.request(1).follow_redirects);
  EXPECT_FALSE(client.request(1).transport->http2);
}

TEST_F(ConfiguredHttpTest, TheUserInTheUrlWinsOverBasicAuth) {
  settings.basic_auth = config::BasicAuthConfig();
  settings.basic_auth->username = "configured";
  Send("https://me:pass@hook.example/a@b");
  EXPECT_EQ(client.request(0).url, "https://hook.example/a@b");
  EXPECT_THAT(client.request(0).headers,
              ElementsAre(Pair("Authorization", BasicAuthorization("me", "pass"))));
}

TEST_F(ConfiguredHttpTest, FailsOnAUrlThatIsNoneWithoutShowingIt) {
  Send("https://me:S3CRET@");
  Send("S3CRET");
  ASSERT_EQ(results.size(), 2U);
  for (const std::string& result : results) EXPECT_THAT(result, Not(HasSubstr("S3CRET")));
  EXPECT_EQ(client.sent(), 0U);
}

TEST_F(ConfiguredHttpTest, FetchesATokenFirst) {
  UseOAuth2();
  Send("https://user:pass@hook.example/");
  ASSERT_EQ(client.sent(), 1U);
  EXPECT_EQ(client.request(0).url, "https://idp.example/");
  clock.Advance(seconds(3));
  client.Answer(0, 200, R"({"access_token":"one","expires_in":3600})");
  ASSERT_EQ(client.sent(), 2U);
  EXPECT_EQ(client.request(1).url, "https://hook.example/");
  EXPECT_THAT(client.request(1).headers, ElementsAre(Pair("Authorization", "Bearer one")));
  EXPECT_EQ(client.request(1).timeout, seconds(7));
  client.Answer(1, 200);
  EXPECT_THAT(results, ElementsAre("200"));
}

TEST_F(ConfiguredHttpTest, AnswersWithTheFailureOfTheToken) {
  UseOAuth2();
  Send();
  client.Fail(0, {.message = "POST https://idp.example/: refused",
                  .outcome_unknown = true,
                  .response_too_large = false,
                  .timed_out = false});
  EXPECT_THAT(results,
              ElementsAre("cannot fetch an OAuth 2 token: POST https://idp.example/: refused"));
  EXPECT_EQ(client.sent(), 1U);
}

TEST_F(ConfiguredHttpTest, ARefusedTokenIsRenewedForTheNextMessageOnly) {
  UseOAuth2();
  Send();
  client.Answer(0, 200, R"({"access_token":"one","expires_in":3600})");
  client.Answer(1, 401);
  EXPECT_THAT(results, ElementsAre("401"));
  EXPECT_EQ(client.sent(), 2U);  // no loop
  Send();
  client.Answer(2, 200, R"({"access_token":"two","expires_in":3600})");
  EXPECT_THAT(client.request(3).headers, Contains(Pair("Authorization", "Bearer two")));
}

}  // namespace
}  // namespace tocsin::receivers
