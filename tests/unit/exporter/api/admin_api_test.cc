#include "exporter/api/admin_api.h"

#include <gtest/gtest.h>

namespace tocsin::api {
namespace {

class AdminApiTest : public ::testing::Test {
 protected:
  AdminApiTest() {
    for (http::Route& route : AdminRoutes({[this] { return ready_; },
                                           [this] {
                                             ++reloads_;
                                             return reload_;
                                           }})) {
      router_.Add(std::move(route));
    }
  }
  http::Response Send(const std::string& method, const std::string& path) {
    http::Request request;
    request.method = method;
    request.raw_path = path;
    const http::Router::Match match = router_.Find(request);
    return match.route != nullptr ? match.route->handler(request) : match.error;
  }

  bool ready_ = true;
  Status reload_;
  int reloads_ = 0;
  http::Router router_;
};

TEST_F(AdminApiTest, IsHealthyAsSoonAsItAnswers) {
  ready_ = false;
  EXPECT_EQ(Send("GET", "/-/healthy").status, 200);
}

TEST_F(AdminApiTest, IsReadyOnlyOnceItHasStarted) {
  ready_ = false;
  EXPECT_EQ(Send("GET", "/-/ready").status, 503);
  ready_ = true;
  EXPECT_EQ(Send("GET", "/-/ready").status, 200);
}

TEST_F(AdminApiTest, ReloadsByPostAndByPut) {
  EXPECT_EQ(Send("POST", "/-/reload").status, 200);
  EXPECT_EQ(Send("PUT", "/-/reload").status, 200);
  EXPECT_EQ(reloads_, 2);
}

TEST_F(AdminApiTest, AReloadThatFailsIs500WithEveryProblem) {
  reload_ = Error{"tocsin.yml:3:1: unknown key\nrules.d/a.yml:7:5: threshold must be a number"};
  const http::Response response = Send("POST", "/-/reload");
  EXPECT_EQ(response.status, 500);
  EXPECT_NE(response.body.find("failed to reload config: "), std::string::npos);
  EXPECT_NE(response.body.find("tocsin.yml:3:1: unknown key\n"), std::string::npos);
  EXPECT_NE(response.body.find("rules.d/a.yml:7:5: threshold must be a number"), std::string::npos);
}

TEST_F(AdminApiTest, AReloadIsNotDoneByReading) {
  EXPECT_EQ(Send("GET", "/-/reload").status, 405);
  EXPECT_EQ(reloads_, 0);
}

}  // namespace
}  // namespace tocsin::api
