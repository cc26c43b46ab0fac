#include <string>
#include <vector>

#include "exporter/http/http.h"

namespace tocsin::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RouterTest : public ::testing::Test {
 protected:
  void Add(const char* method, const char* pattern, ErrorStyle errors = ErrorStyle::kPlain) {
    router_.Add({method, pattern, [](const Request&) { return Response(); }, 1 << 20, errors});
  }
  // The pattern that a path leads to, or the status of the answer.
  std::string Find(const char* method, std::string path) {
    request_.method = method;
    request_.raw_path = std::move(path);
    match_ = router_.Find(request_);
    return match_.route == nullptr ? std::to_string(match_.error.status) : match_.route->pattern;
  }

  Router router_;
  Request request_;
  Router::Match match_;
};

TEST_F(RouterTest, FindsLiteralPaths) {
  Add("GET", "/");
  Add("GET", "/-/ready");
  Add("GET", "/api/v1/alerting/alerts");
  EXPECT_EQ(Find("GET", "/"), "/");
  EXPECT_THAT(request_.path, IsEmpty());
  EXPECT_EQ(Find("GET", "/-/ready"), "/-/ready");
  EXPECT_THAT(request_.path, ElementsAre("-", "ready"));
  EXPECT_EQ(Find("GET", "/api/v1/alerting/alerts"), "/api/v1/alerting/alerts");
  EXPECT_EQ(Find("GET", "/-"), "404");
  EXPECT_EQ(Find("GET", "/-/ready/x"), "404");
  EXPECT_EQ(Find("GET", "/READY"), "404");
}

TEST_F(RouterTest, FinishersSeeEveryAnswerBelowTheirPrefixInTheirOrder) {
  const auto write = [](const char* text) {
    return [text](const Request&, Response* response) { response->body += text; };
  };
  router_.FinishBelow("/api", write("a"));
  router_.FinishBelow("", write("*"));
  router_.FinishBelow("/api/v2", write("2"));
  const std::pair<const char*, const char*> cases[] = {
      {"/api", "a*"}, {"/api/", "a*"}, {"/api/x", "a*"},   {"/api/v2/nope", "a*2"},
      {"/apis", "*"}, {"/", "*"},      {"/api/v20", "a*"},
  };
  for (const auto& [path, wanted] : cases) {
    request_.raw_path = path;
    Response response;
    router_.Finish(request_, &response);
    EXPECT_EQ(response.body, wanted) << path;
  }
}

TEST_F(RouterTest, CapturesPlaceholders) {
  Add("POST", "/alerts/{id}/acknowledge");
  EXPECT_EQ(Find("POST", "/alerts/a%2Fb/acknowledge"), "/alerts/{id}/acknowledge");
  EXPECT_THAT(request_.captures, ElementsAre("a/b"));
  EXPECT_EQ(Find("POST", "/alerts//acknowledge"), "404");
  EXPECT_EQ(Find("POST", "/alerts/x/resolve"), "404");
  EXPECT_THAT(request_.captures, IsEmpty());
}

TEST_F(RouterTest, CapturesTheRest) {
  Add("PUT", "/metrics/job/**");
  EXPECT_EQ(Find("PUT", "/metrics/job/a/host/b"), "/metrics/job/**");
  EXPECT_THAT(request_.captures, ElementsAre("a", "host", "b"));
  EXPECT_THAT(request_.path, ElementsAre("metrics", "job", "a", "host", "b"));
  EXPECT_EQ(Find("PUT", "/metrics/job"), "404");
}

TEST_F(RouterTest, KeepsEmptyPartsUnderTheRest) {
  Add("PUT", "/metrics/job/**");
  EXPECT_EQ(Find("PUT", "/metrics/job/a//x/"), "/metrics/job/**");
  EXPECT_THAT(request_.captures, ElementsAre("a", "", "x", ""));
  EXPECT_EQ(Find("PUT", "/metrics/job/"), "/metrics/job/**");
  EXPECT_THAT(request_.captures, ElementsAre(""));
}

TEST_F(RouterTest, PrefersLiteralsThenPlaceholdersThenTheRest) {
  Add("GET", "/rules/{id}");
  Add("GET", "/rules/new");
  Add("GET", "/rules/**");
  Add("GET", "/rules/new/{x}/y");
  EXPECT_EQ(Find("GET", "/rules/new"), "/rules/new");
  EXPECT_EQ(Find("GET", "/rules/other"), "/rules/{id}");
  EXPECT_EQ(Find("GET", "/rules/new/a/y"), "/rules/new/{x}/y");
  // Back out of a branch that leads nowhere, and out of what it captured.
  EXPECT_EQ(Find("GET", "/rules/new/a/z"), "/rules/**");
  EXPECT_THAT(request_.captures, ElementsAre("new", "a", "z"));
}

TEST_F(RouterTest, TakesATrailingSlashForNothing) {
  Add("GET", "/alerts");
  Add("GET", "/alerts/{id}");
  EXPECT_EQ(Find("GET", "/alerts/"), "/alerts");
  EXPECT_THAT(request_.path, ElementsAre("alerts"));
  EXPECT_EQ(Find("GET", "/alerts/x/"), "/alerts/{id}");
  EXPECT_THAT(request_.captures, ElementsAre("x"));
  EXPECT_EQ(Find("GET", "/alerts//"), "404");
  EXPECT_EQ(Find("GET", "//alerts"), "404");
}

TEST_F(RouterTest, DecodesEachPartAfterTheSplit) {
  Add("GET", "/x/**");
  EXPECT_EQ(Find("GET", "/x/a%2Fb/%C3%A9/+/%25"), "/x/**");
  EXPECT_THAT(request_.captures, ElementsAre("a/b", "é", "+", "%"));
  EXPECT_EQ(Find("GET", "/%78/y"), "/x/**");
}

TEST_F(RouterTest, LeavesDotsAsData) {
  Add("GET", "/x/**");
  Add("GET", "/secret");
  EXPECT_EQ(Find("GET", "/x/../secret"), "/x/**");
  EXPECT_THAT(request_.captures, ElementsAre("..", "secret"));
  EXPECT_EQ(Find("GET", "/./secret"), "404");
}

TEST_F(RouterTest, RefusesMalformedPaths) {
  Add("GET", "/x/**");
  for (const char* path :
       {"/x/%", "/x/%4", "/x/%zz", "/x/a%00b", "/x/%ff", "/x/\xff", "/x/%ed%a0%80", "x", ""}) {
    EXPECT_EQ(Find("GET", path), "400") << path;
  }
  // A fuzzer's find: one that is not written as an escape.
  EXPECT_EQ(Find("GET", std::string("/x/a\0b", 6)), "400");
}

TEST_F(RouterTest, AnswersHeadWithGet) {
  Add("GET", "/a");
  Add("POST", "/b");
  EXPECT_EQ(Find("HEAD", "/a"), "/a");
  EXPECT_EQ(Find("HEAD", "/b"), "405");
}

TEST_F(RouterTest, TellsTheAllowedMethods) {
  Add("GET", "/alerts/{id}");
  Add("DELETE", "/alerts/{id}");
  Add("PUT", "/metrics/job/**");
  EXPECT_EQ(Find("POST", "/alerts/1"), "405");
  EXPECT_THAT(match_.error.headers,
              ElementsAre(std::pair<std::string, std::string>("Allow", "GET, HEAD, DELETE")));
  EXPECT_EQ(match_.error.body, "Method Not Allowed\n");
  EXPECT_EQ(Find("GET", "/metrics/job/a"), "405");
  EXPECT_EQ(match_.error.headers.at(0).second, "PUT");
}

TEST_F(RouterTest, WritesErrorsInTheStyleOfTheRoute) {
  Add("GET", "/alerting/alerts", ErrorStyle::kJson);
  EXPECT_EQ(Find("POST", "/alerting/alerts"), "405");
  EXPECT_EQ(match_.error.body, R"({"detail":"Method Not Allowed"})");
  EXPECT_EQ(match_.error.content_type, "application/json");
}

TEST_F(RouterTest, WritesErrorsOfUnknownPathsInTheStyleOfTheirNeighbours) {
  Add("GET", "/alerting/alerts", ErrorStyle::kJson);
  Add("GET", "/alerting/rules/{id}", ErrorStyle::kJson);
  Add("GET", "/-/ready", ErrorStyle::kPlain);
  Add("GET", "/api/v1/query", ErrorStyle::kPlain);
  Add("GET", "/api/v1/alerting/alerts", ErrorStyle::kJson);
  EXPECT_EQ(Find("GET", "/alerting/nothing"), "404");
  EXPECT_EQ(match_.error.body, R"({"detail":"Not Found"})");
  EXPECT_EQ(Find("GET", "/alerting/rules/5/nothing"), "404");
  EXPECT_EQ(match_.errors, ErrorStyle::kJson);
  EXPECT_EQ(Find("GET", "/alerting/%00"), "400");
  EXPECT_EQ(match_.errors, ErrorStyle::kJson);
  EXPECT_EQ(Find("GET", "/api/v1/alerting/x"), "404");
  EXPECT_EQ(match_.errors, ErrorStyle::kJson);
  EXPECT_EQ(Find("GET", "/api/v1/x"), "404");
  EXPECT_EQ(match_.errors, ErrorStyle::kPlain);
  EXPECT_EQ(Find("GET", "/nothing"), "404");
  EXPECT_EQ(match_.error.body, "Not Found\n");
}

TEST_F(RouterTest, AnswersNotFoundWithoutAnyRoute) { EXPECT_EQ(Find("GET", "/"), "404"); }

TEST_F(RouterTest, ForgetsThePathBefore) {
  Add("GET", "/a/{x}/{y}");
  Add("GET", "/b");
  Find("GET", "/a/1/2");
  EXPECT_EQ(Find("GET", "/b"), "/b");
  EXPECT_THAT(request_.path, ElementsAre("b"));
  EXPECT_THAT(request_.captures, IsEmpty());
}

TEST_F(RouterTest, ListsItsRoutes) {
  Add("GET", "/");
  Add("GET", "/a/{x}");
  Add("POST", "/a/{x}");
  Add("PUT", "/a/**");
  EXPECT_THAT(router_.routes(), SizeIs(4));
}

}  // namespace
}  // namespace tocsin::http
