#include "receivers/channels/oauth2_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

Result<OAuth2Token> Read(std::string body, int status = 200,
                         std::string type = "application/json") {
  HttpClientResponse response;
  response.status = status;
  response.headers = {{"content-type", std::move(type)}};
  response.body = std::move(body);
  return ReadTokenAnswer(response);
}

TEST(OAuth2Answer, HoldsATokenAndItsLifetime) {
  struct Case {
    std::string body, type, authorization;
    std::optional<Duration> lifetime;
  };
  const std::string json = "application/json; charset=utf-8";
  const std::string form = "application/x-www-form-urlencoded";
  const std::vector<Case> cases = {
      {R"({"access_token":"a","token_type":"bearer","expires_in":60})", json, "Bearer a",
       seconds(60)},
      {R"({"access_token":"a"})", json, "Bearer a", std::nullopt},
      {R"({"access_token":"a"})", "", "Bearer a", std::nullopt},
      {R"({"access_token":"a","token_type":"MAC","expires_in":"60"})", json, "MAC a", seconds(60)},
      {R"({"access_token":"a","token_type":"DPoP","expires_in":0})", json, "DPoP a", std::nullopt},
      {R"({"access_token":"a","expires_in":-5})", json, "Bearer a", std::nullopt},
      {R"({"access_token":"a","expires_in":null})", json, "Bearer a", std::nullopt},
      {R"({"access_token":"a","expires_in":1e300})", json, "Bearer a", seconds(2147483647)},
      {"access_token=a%2Bb&token_type=bearer&expires_in=60", form, "Bearer a+b", seconds(60)},
      {"access_token=a", "text/plain; charset=utf-8", "Bearer a", std::nullopt},
  };
  for (const Case& one : cases) {
    const Result<OAuth2Token> token = Read(one.body, 200, one.type);
    ASSERT_TRUE(token.ok()) << one.body << ": " << token.message();
    EXPECT_EQ(token->authorization.Reveal(), one.authorization);
    EXPECT_EQ(token->lifetime, one.lifetime) << one.body;
  }
}

TEST(OAuth2Answer, SaysWhatIsWrongAndNothingElse) {
  struct Case {
    std::string body;
    int status;
    const char* why;
  };
  const std::vector<Case> cases = {
      {R"({"error":"invalid_client","error_description":"S3CRET"})", 401,
       "HTTP status 401 (invalid_client)"},
      {R"({"error":"S3CRET"})", 400, "HTTP status 400"},
      {R"({"access_token":"S3CRET"})", 500, "HTTP status 500"},
      {"<html>S3CRET", 503, "HTTP status 503"},
      {"", 302, "HTTP status 302"},
      {R"({"error":"invalid_scope","access_token":"S3CRET"})", 200, "an error (invalid_scope)"},
      {R"({"token":"S3CRET"})", 200, "no access_token"},
      {R"({"access_token":{"a":"S3CRET"}})", 200, "no access_token"},
      {R"({"access_token":"S3CRET\r\nX-A: b"})", 200, "no header can carry"},
      {R"({"access_token":"a","token_type":"S3CRET\n"})", 200, "no header can carry"},
      {R"(["S3CRET"])", 200, "no access_token"},
      {"\xff{\"access_token\":\"S3CRET\"}", 200, "no access_token"},
      {"{\"access_token\":\"S3CRET\xff\"}", 200, "no access_token"},
      {"", 200, "no access_token"},
      {std::string(1 << 20, '['), 200, "no access_token"},
  };
  for (const Case& one : cases) {
    const Result<OAuth2Token> token = Read(one.body, one.status);
    ASSERT_FALSE(token.ok()) << one.why;
    EXPECT_THAT(token.message(), HasSubstr(one.why));
    EXPECT_THAT(token.message(), Not(HasSubstr("S3CRET")));
  }
}

}  // namespace
}  // namespace tocsin::receivers
