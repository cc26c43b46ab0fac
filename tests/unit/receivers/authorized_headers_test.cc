#include "receivers/channels/authorized_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using Headers = std::vector<std::pair<std::string, std::string>>;

// What is added to a request; an error where that fails.
Result<Headers> Added(const config::HttpConfig& settings) {
  HttpClientRequest request;
  if (const Status added = AuthorizedHeaders(settings).AddTo(&request); !added) {
    return added.error();
  }
  return request.headers;
}

class AuthorizedHeadersTest : public ::testing::Test {
 public:
  std::string File(const std::string& name, std::string_view text) {
    const std::string path = folder.path() + "/" + name;
    std::ofstream(path, std::ios::trunc) << text;
    return path;
  }
  const testing::TempDir folder;
  config::HttpConfig settings;
};

TEST_F(AuthorizedHeadersTest, AddNothingByDefault) { EXPECT_THAT(*Added(settings), IsEmpty()); }

TEST_F(AuthorizedHeadersTest, SayWhoWeAre) {
  settings.basic_auth = config::BasicAuthConfig();
  settings.basic_auth->username = "Aladdin";
  settings.basic_auth->password = Secret("open sesame");
  EXPECT_THAT(*Added(settings),
              ElementsAre(Pair("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")));
}

TEST_F(AuthorizedHeadersTest, ReadFilesForEachRequest) {
  settings.basic_auth = config::BasicAuthConfig();
  settings.basic_auth->username_file = File("user", "Aladdin\n");
  settings.basic_auth->password_file = File("password", "  open sesame\r\n");
  EXPECT_THAT(*Added(settings),
              ElementsAre(Pair("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")));
  File("password", "");
  EXPECT_THAT(*Added(settings), ElementsAre(Pair("Authorization", "Basic QWxhZGRpbjo=")));
}

TEST_F(AuthorizedHeadersTest, CarryCredentials) {
  settings.authorization = config::AuthorizationConfig();
  settings.authorization->credentials = Secret("token");
  EXPECT_THAT(*Added(settings), ElementsAre(Pair("Authorization", "Bearer token")));
  settings.authorization->type = "Splunk";
  settings.authorization->credentials = Secret();
  settings.authorization->credentials_file = File("token", "other\n");
  EXPECT_THAT(*Added(settings), ElementsAre(Pair("Authorization", "Splunk other")));
}

TEST_F(AuthorizedHeadersTest, CarryTheHeadersOfTheUser) {
  settings.headers = {{"X-A", {"1", "2"}, {Secret("3")}, {File("four", "4\n")}},
                      {"X-B", {"5"}, {}, {}}};
  EXPECT_THAT(*Added(settings), ElementsAre(Pair("X-A", "1"), Pair("X-A", "2"), Pair("X-A", "3"),
                                            Pair("X-A", "4"), Pair("X-B", "5")));
}

TEST_F(AuthorizedHeadersTest, FailOnAFileThatCannotBeRead) {
  for (const std::string& path : {folder.path() + "/missing", folder.path()}) {
    config::HttpConfig basic;
    basic.basic_auth = config::BasicAuthConfig();
    basic.basic_auth->password_file = path;
    config::HttpConfig bearer;
    bearer.authorization = config::AuthorizationConfig();
    bearer.authorization->credentials_file = path;
    config::HttpConfig header;
    header.headers = {{"X-A", {}, {}, {path}}};
    for (const config::HttpConfig& one : {basic, bearer, header}) {
      const Result<Headers> added = Added(one);
      ASSERT_FALSE(added.ok()) << path;
      EXPECT_THAT(added.message(), HasSubstr(path));
    }
  }
}

TEST_F(AuthorizedHeadersTest, LeaveAnAuthorizationThatIsThere) {
  settings.authorization = config::AuthorizationConfig();
  settings.authorization->credentials = Secret("token");
  HttpClientRequest request;
  request.headers = {{"authorization", "Basic eDp5"}};
  ASSERT_TRUE(AuthorizedHeaders(settings).AddTo(&request).ok());
  EXPECT_THAT(request.headers, ElementsAre(Pair("authorization", "Basic eDp5")));
}

}  // namespace
}  // namespace tocsin::receivers
