#include "base/url_user_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct UserInfoCase {
  std::string url, without, user, password;
};

TEST(UrlUserInfo, IsTakenOutAndDecoded) {
  const std::vector<UserInfoCase> cases = {
      {"https://me:secret@host/path?q#f", "https://host/path?q#f", "me", "secret"},
      {"http://me@host:80", "http://host:80", "me", ""},
      {"http://:secret@[::1]:80/", "http://[::1]:80/", "", "secret"},
      {"http://a%40b:c%3Ad%2Fe@host/", "http://host/", "a@b", "c:d/e"},
      {"http://me:a:b@host/", "http://host/", "me", "a:b"},
      {"http://me:100%@host/", "http://host/", "me", "100%"},
      {"http://a@b@host/", "http://host/", "a@b", ""},
      {"http://@host/", "http://host/", "", ""},
  };
  for (const UserInfoCase& one : cases) {
    std::string url = one.url;
    const std::optional<UrlUserInfo> info = TakeUserInfo(&url);
    ASSERT_TRUE(info) << one.url;
    EXPECT_EQ(url, one.without);
    EXPECT_EQ(info->user, one.user) << one.url;
    EXPECT_EQ(info->password.Reveal(), one.password) << one.url;
    EXPECT_TRUE(CheckUrlWithUserInfo(one.url).ok()) << one.url;
  }
}

TEST(UrlUserInfo, IsNotSeenWhereThereIsNone) {
  for (const std::string before :
       {"http://host/a@b", "http://host?a@b", "http://host#a@b", "me@host", "", "http://", "://"}) {
    std::string url = before;
    EXPECT_FALSE(TakeUserInfo(&url)) << before;
    EXPECT_EQ(url, before);
  }
}

TEST(UrlUserInfo, MakesNoUrlGoodThatIsBad) {
  for (const char* url :
       {"http://me:T0KEN@", "http://me:T0KEN@/", "ftp://me:T0KEN@host/", "http://me:T0K EN@host/",
        "http://me:T0KEN\r\n@host/", "me:T0KEN@host", "http://me:T0KEN@host:x/"}) {
    const Status status = CheckUrlWithUserInfo(url);
    ASSERT_FALSE(status.ok()) << url;
    EXPECT_THAT(status.message(), Not(HasSubstr("T0K")));
  }
}

TEST(UrlUserInfo, IsSentAsBasicAuthorization) {
  EXPECT_EQ(BasicAuthorization("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

}  // namespace
}  // namespace tocsin
