#include "receivers/channels/oauth2_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/url_user_info.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/temp_dir.h"

namespace tocsin::receivers {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

constexpr char kTokenAnswer[] = R"({"access_token":"one","token_type":"bearer","expires_in":60})";

class OAuth2TokensTest : public ::testing::Test {
 public:
  OAuth2TokensTest() {
    settings.client_id = "me";
    settings.client_secret = Secret("S3CRET");
    settings.token_url = "https://idp.example/token/path";
  }
  void Make() {
    Result<std::shared_ptr<OAuth2Tokens>> made = OAuth2Tokens::Make(
        settings, http, clock, egress, [](std::string_view) { return std::nullopt; });
    ASSERT_TRUE(made.ok()) << made.message();
    tokens = *std::move(made);
  }
  void Get(Duration timeout = seconds(5)) {
    if (!tokens) Make();
    tokens->Get(timeout, [this](const Result<Secret>& token) {
      got.push_back(token ? token->Reveal() : "failed: " + token.message());
    });
  }

  testing::FakeHttpClient http;
  testing::FakeClock clock;
  config::OAuth2Config settings;
  std::shared_ptr<const EgressPolicy> egress;
  std::shared_ptr<OAuth2Tokens> tokens;
  std::vector<std::string> got;
};

TEST_F(OAuth2TokensTest, AsksWithTheSecretInAHeader) {
  settings.client_id = "m:e";
  settings.client_secret = Secret("s&c");
  settings.scopes = {"read", "write"};
  settings.endpoint_params = {{"audience", "https://a/"}};
  Get();
  const HttpClientRequest request = http.request(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://idp.example/token/path");
  EXPECT_EQ(request.body,
            "audience=https%3A%2F%2Fa%2F&grant_type=client_credentials&scope=read%20write");
  EXPECT_THAT(request.headers, Contains(Pair("Content-Type", "application/x-www-form-urlencoded")));
  EXPECT_THAT(request.headers,
              Contains(Pair("Authorization", BasicAuthorization("m%3Ae", "s%26c"))));
  EXPECT_FALSE(request.follow_redirects);
  EXPECT_EQ(request.timeout, seconds(5));
  http.Answer(0, 200, kTokenAnswer);
  EXPECT_EQ(got.back(), "Bearer one");
}

TEST_F(OAuth2TokensTest, WhoAsksMeanwhileWaitsForTheSameFetch) {
  for (int i = 0; i < 3; ++i) Get();
  EXPECT_EQ(http.sent(), 1U);
  EXPECT_TRUE(got.empty());
  http.Answer(0, 200, kTokenAnswer);
  EXPECT_EQ(got, std::vector<std::string>(3, "Bearer one"));
}

TEST_F(OAuth2TokensTest, ATokenIsKeptUntilTenSecondsBeforeItsEnd) {
  Get();
  http.Answer(0, 200, kTokenAnswer);
  clock.Advance(std::chrono::milliseconds(49'999));
  Get();
  EXPECT_EQ(http.sent(), 1U);
  EXPECT_EQ(got.size(), 2U);
  clock.Advance(std::chrono::milliseconds(1));
  Get();
  EXPECT_EQ(http.sent(), 2U);
  EXPECT_EQ(got.size(), 2U);
}

TEST_F(OAuth2TokensTest, AShortLivedTokenIsGoodForThoseWhoWaited) {
  Get();
  http.Answer(0, 200, R"({"access_token":"one","expires_in":1})");
  EXPECT_EQ(got.back(), "Bearer one");
  Get();
  EXPECT_EQ(http.sent(), 2U);
}

TEST_F(OAuth2TokensTest, ATokenThatWasRefusedIsForgotten) {
  Get();
  http.Answer(0, 200, kTokenAnswer);
  tokens->Forget(Secret("Bearer another"));
  Get();
  EXPECT_EQ(http.sent(), 1U);
  tokens->Forget(Secret("Bearer one"));
  Get();
  EXPECT_EQ(http.sent(), 2U);
}

TEST_F(OAuth2TokensTest, TheSecretGoesIntoTheBodyWhereTheHeaderIsRefused) {
  Get();
  http.Answer(0, 401, R"({"error":"invalid_client"})");
  ASSERT_EQ(http.sent(), 2U);
  EXPECT_EQ(http.request(1).body,
            "client_id=me&client_secret=S3CRET&grant_type=client_credentials");
  EXPECT_THAT(http.request(1).headers, Not(Contains(Key("Authorization"))));
  http.Answer(1, 200, kTokenAnswer);
  EXPECT_EQ(got.back(), "Bearer one");
  // Found out once.
  clock.Advance(seconds(60));
  Get();
  EXPECT_THAT(http.request(2).body, HasSubstr("client_secret"));
  http.Answer(2, 401);
  EXPECT_EQ(http.sent(), 3U);
  EXPECT_THAT(got.back(), HasSubstr("failed"));
}

TEST_F(OAuth2TokensTest, AFailureIsToldToAllWithoutSecretsAndTheNextOneAsksAgain) {
  Get();
  Get();
  http.Answer(0, 401, "S3CRET");
  http.Answer(1, 400, R"({"error":"invalid_client","error_description":"S3CRET"})");
  const std::string why =
      "failed: cannot fetch an OAuth 2 token: https://idp.example/…: the token server answered "
      "with "
      "HTTP status 400 (invalid_client)";
  EXPECT_EQ(got, std::vector<std::string>(2, why));
  Get();
  EXPECT_EQ(http.sent(), 3U);
  HttpClientFailure failure;
  failure.message = "POST https://idp.example/…: refused";
  http.Fail(2, failure);
  EXPECT_EQ(http.sent(), 3U);  // nothing answered: the style is not to blame
  EXPECT_EQ(got.back(),
            "failed: cannot fetch an OAuth 2 token: POST https://idp.example/…: refused");
}

TEST_F(OAuth2TokensTest, ASecretInAFileIsReadForEachRequest) {
  const testing::TempDir folder;
  const std::string file = folder.path() + "/secret";
  settings.client_secret = Secret();
  settings.client_secret_file = file;
  Get();
  EXPECT_EQ(http.sent(), 0U);
  EXPECT_THAT(got.back(), HasSubstr(file));
  std::ofstream(file) << "first\n";
  Get();
  EXPECT_THAT(http.request(0).headers,
              Contains(Pair("Authorization", BasicAuthorization("me", "first"))));
  http.Answer(0, 200, kTokenAnswer);
  std::ofstream(file, std::ios::trunc) << "second\n";
  Get();
  ASSERT_EQ(http.sent(), 2U);
  EXPECT_THAT(http.request(1).headers,
              Contains(Pair("Authorization", BasicAuthorization("me", "second"))));
}

TEST_F(OAuth2TokensTest, HasAWayOfItsOwnToTheTokenServer) {
  settings.tls.server_name = "other.example";
  settings.proxy.url = Secret("http://proxy:3128");
  Get();
  ASSERT_TRUE(http.request(0).transport);
  EXPECT_EQ(http.request(0).transport->server_name, "other.example");
  EXPECT_EQ(http.request(0).transport->proxy.Reveal(), "http://proxy:3128");
}

TEST_F(OAuth2TokensTest, MayBeDroppedWhileAFetchIsUnderWay) {
  Get();
  tokens.reset();
  http.Answer(0, 200, kTokenAnswer);
  EXPECT_EQ(got.back(), "Bearer one");
}

}  // namespace
}  // namespace tocsin::receivers
