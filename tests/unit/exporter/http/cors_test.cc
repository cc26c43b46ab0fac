#include "exporter/http/cors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin::http {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kPage = "https://status.example.org";

std::vector<std::string> ValuesOf(const Response& response, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [key, value] : response.headers) {
    if (EqualsIgnoreCase(key, name)) values.push_back(value);
  }
  return values;
}

Request RequestFrom(const char* method, const char* origin) {
  Request request;
  request.method = method;
  request.headers = {{"Host", "tocsin.example.org"}};
  if (origin != nullptr) request.headers.emplace_back("origin", origin);
  return request;
}

Request Preflight(const char* origin) {
  Request request = RequestFrom("OPTIONS", origin);
  request.headers.emplace_back("Access-Control-Request-Method", "DELETE");
  request.headers.emplace_back("Access-Control-Request-Headers", "x-api-key");
  return request;
}

Response Finished(const Cors& cors, const Request& request) {
  Response response;
  response.headers = {{"X-Total-Count", "7"}};
  cors.Finish(request, &response);
  return response;
}

TEST(Cors, SaysNothingWithoutAllowedOrigins) {
  const Cors cors({});
  EXPECT_EQ(cors.AnswerPreflight(Preflight(kPage)), std::nullopt);
  EXPECT_EQ(Finished(cors, RequestFrom("GET", kPage)).headers.size(), 1U);
}

TEST(Cors, LetsPagesOfAllowedOriginsReadAnswers) {
  const Cors cors({"http://localhost:3000", kPage});
  const Response response = Finished(cors, RequestFrom("GET", kPage));
  EXPECT_THAT(ValuesOf(response, "Access-Control-Allow-Origin"),
              ::testing::ElementsAre(kPage));  // that one, never all
  EXPECT_THAT(ValuesOf(response, "Vary"), ::testing::ElementsAre("Origin"));
  EXPECT_THAT(ValuesOf(response, "Access-Control-Expose-Headers").at(0),
              HasSubstr("X-Total-Count"));
  // What the browser knows by itself stays its own.
  EXPECT_THAT(ValuesOf(response, "Access-Control-Allow-Credentials"), IsEmpty());
}

TEST(Cors, TellsPagesOfOtherOriginsNothing) {
  const Cors cors({kPage});
  for (const char* origin :
       {"https://evil.example", "https://status.example.org.evil.example", "null", "*",
        "http://status.example.org", "https://status.example.org:8443", "", (const char*)nullptr}) {
    const Response response = Finished(cors, RequestFrom("GET", origin));
    EXPECT_THAT(ValuesOf(response, "Access-Control-Allow-Origin"), IsEmpty());
    EXPECT_THAT(ValuesOf(response, "Vary"), ::testing::ElementsAre("Origin"));
    EXPECT_EQ(cors.AnswerPreflight(Preflight(origin)), std::nullopt);
  }
}

TEST(Cors, AnswersPreflightsOfAllowedOrigins) {
  const Cors cors({kPage});
  std::optional<Response> answer = cors.AnswerPreflight(Preflight(kPage));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 204);
  EXPECT_TRUE(answer->body.empty());
  cors.Finish(Preflight(kPage), &*answer);
  EXPECT_THAT(ValuesOf(*answer, "Access-Control-Allow-Origin"), ::testing::ElementsAre(kPage));
  EXPECT_THAT(ValuesOf(*answer, "Access-Control-Allow-Methods").at(0), HasSubstr("DELETE"));
  for (const char* header : {"Authorization", "Content-Type", "Idempotency-Key", "X-API-Key"}) {
    EXPECT_THAT(ValuesOf(*answer, "Access-Control-Allow-Headers").at(0), HasSubstr(header));
  }
}

TEST(Cors, AnswersNothingThatIsNoPreflight) {
  const Cors cors({kPage});
  EXPECT_EQ(cors.AnswerPreflight(RequestFrom("OPTIONS", kPage)), std::nullopt);
  Request get = Preflight(kPage);
  get.method = "GET";
  EXPECT_EQ(cors.AnswerPreflight(get), std::nullopt);
}

}  // namespace
}  // namespace tocsin::http
