#include "exporter/security/credentials.h"

#include "base/bytes.h"

namespace tocsin::security {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

std::string TokenOf(Headers headers, const std::string& query = "", bool takes_query = false) {
  http::Route route;
  route.token_in_query = takes_query;
  http::Request request;
  request.headers = std::move(headers);
  request.query = query;
  request.route = &route;
  return FindToken(request).value_or("none");
}

TEST(FindToken, ReadsTheThreeHeaders) {
  EXPECT_EQ(TokenOf({{"Authorization", "Bearer t0k"}}), "t0k");
  EXPECT_EQ(TokenOf({{"authorization", "bearer  t0k"}}), "t0k");
  EXPECT_EQ(TokenOf({{"x-api-key", "t0k"}}), "t0k");
  EXPECT_EQ(TokenOf({{"Authorization", "Basic " + Base64Encode("anybody:t0k:with:colons")}}),
            "t0k:with:colons");
  EXPECT_EQ(TokenOf({{"Authorization", "Basic " + Base64Encode(":t0k")}}), "t0k");
}

TEST(FindToken, ThePasswordForAProxyDoesNotHideTheKey) {
  EXPECT_EQ(TokenOf({{"Authorization", "Basic " + Base64Encode("a:for-the-proxy")},
                     {"X-API-Key", "t0k"}}),
            "t0k");
}

TEST(FindToken, FindsNoneWhereThereIsNone) {
  EXPECT_EQ(TokenOf({}), "none");
  EXPECT_EQ(TokenOf({{"Authorization", "Bearer "}}), "none");
  EXPECT_EQ(TokenOf({{"Authorization", "Digest username=x"}}), "none");
  EXPECT_EQ(TokenOf({{"Authorization", "Basic " + Base64Encode("user:")}}), "none");
  EXPECT_EQ(TokenOf({{"Authorization", "Basic !!"}}), "none");
}

TEST(FindToken, ReadsTheQueryOnlyWhereTheRouteSaysSo) {
  EXPECT_EQ(TokenOf({}, "a=1&token=t0k", true), "t0k");
  EXPECT_EQ(TokenOf({}, "token=t0k", false), "none");
  EXPECT_EQ(TokenOf({{"X-API-Key", "header"}}, "token=t0k", true), "header");
  http::Request unknown_path;
  unknown_path.query = "token=t0k";
  EXPECT_FALSE(FindToken(unknown_path));
}

}  // namespace
}  // namespace tocsin::security
