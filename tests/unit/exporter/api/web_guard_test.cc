#include "exporter/api/web_guard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/bytes.h"

namespace tocsin::api {
namespace {

// The hash of "secret", at the least cost.
constexpr const char* kSecret = "$2b$04$NsjO39EkpN4TgIsusM.8w.e7KYfEtXW9pqlNXaGVGjTXGKfMTCGCK";

std::shared_ptr<const config::WebFileSettings> GuardSettings(
    std::map<std::string, Secret, std::less<>> users,
    std::vector<std::pair<std::string, std::string>> headers = {}) {
  return std::make_shared<const config::WebFileSettings>(
      config::WebFileSettings{std::move(users), std::move(headers)});
}

http::Request RequestAs(const std::string& credentials = "") {
  http::Request request;
  request.method = "GET";
  request.raw_path = "/anywhere";
  if (!credentials.empty()) {
    request.headers = {{"authorization", "Basic " + Base64Encode(credentials)}};
  }
  return request;
}

std::optional<http::Response> JudgeRequest(const http::Router& router, http::Request request) {
  return router.Refuse(request, http::ErrorStyle::kPlain);
}

TEST(WebGuard, LetsEverybodyInWhereThereAreNoUsers) {
  WebGuard guard(GuardSettings({}));
  http::Router router;
  guard.Guard(&router);
  EXPECT_FALSE(guard.asks_for_passwords());
  EXPECT_EQ(JudgeRequest(router, RequestAs()), std::nullopt);
  EXPECT_EQ(JudgeRequest(router, RequestAs("eve:guess")), std::nullopt);
}

TEST(WebGuard, AnswersAsProgramsOfThePrometheusFamilyDo) {
  WebGuard guard(GuardSettings({{"ann", Secret(kSecret)}}));
  http::Router router;
  guard.Guard(&router);
  EXPECT_TRUE(guard.asks_for_passwords());
  EXPECT_EQ(JudgeRequest(router, RequestAs("ann:secret")), std::nullopt);
  for (const char* credentials : {"", "ann:guess", "eve:secret", "ann"}) {
    const std::optional<http::Response> refused = JudgeRequest(router, RequestAs(credentials));
    ASSERT_TRUE(refused.has_value()) << credentials;
    EXPECT_EQ(refused->status, 401);
    EXPECT_EQ(refused->content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(refused->body, "Unauthorized\n");
    ASSERT_EQ(refused->headers.size(), 1U);
    EXPECT_EQ(refused->headers[0],
              std::make_pair(std::string("WWW-Authenticate"), std::string("Basic")));
  }
}

TEST(WebGuard, TakesNewUsersFromTheNextRequestOn) {
  WebGuard guard(GuardSettings({{"ann", Secret(kSecret)}}));
  http::Router router;
  guard.Guard(&router);
  ASSERT_EQ(JudgeRequest(router, RequestAs("ann:secret")), std::nullopt);
  guard.Apply(GuardSettings({{"bob", Secret(kSecret)}}));
  EXPECT_TRUE(JudgeRequest(router, RequestAs("ann:secret")).has_value());
  EXPECT_EQ(JudgeRequest(router, RequestAs("bob:secret")), std::nullopt);
  guard.Apply(GuardSettings({}));
  EXPECT_EQ(JudgeRequest(router, RequestAs()), std::nullopt);
}

TEST(WebGuard, SetsHeadersInPlaceOfThoseOfAHandlerAndOfferEachOnce) {
  WebGuard guard(GuardSettings({}, {{"Content-Security-Policy", "none"},
                                    {"X-Content-Type-Options", "nosniff"},
                                    {"X-Frame-Options", "deny"}}));
  http::Router router;
  guard.Guard(&router);
  http::Response response;
  response.headers = {{"content-security-policy", "ours"}, {"Allow", "GET"}};
  router.Finish(RequestAs(), &response);
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"Allow", "GET"}, {"Content-Security-Policy", "none"}, {"X-Frame-Options", "deny"}};
  EXPECT_EQ(response.headers, wanted);  // and the server adds nosniff to every answer
}

}  // namespace
}  // namespace tocsin::api
