#include "config/postgres_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tocsin::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kAlways =
    "application_name='tocsin' connect_timeout='3' ";  // in front of dbname
constexpr std::string_view kKeepalives =
    "keepalives_count='3' keepalives_idle='30' keepalives_interval='10' ";

std::string ConninfoOf(std::string_view url) {
  const Result<PostgresSettings> settings = ReadPostgresUrl(url);
  EXPECT_TRUE(settings.ok()) << url << ": " << settings.message();
  return settings ? settings->conninfo.Reveal() : "";
}

TEST(PostgresUrl, IsReadWhole) {
  EXPECT_EQ(ConninfoOf("ann:secret@db.example:5433/state"),
            std::string(kAlways) + "dbname='state' host='db.example' " + std::string(kKeepalives) +
                "password='secret' port='5433' tcp_user_timeout='10000' user='ann'");
}

TEST(PostgresUrl, MayLeaveOutWhatLibpqKnows) {
  EXPECT_EQ(ConninfoOf(""),
            std::string(kAlways) + std::string(kKeepalives) + "tcp_user_timeout='10000'");
  EXPECT_THAT(ConninfoOf("/state?host=/run/postgresql&user=ann"),
              HasSubstr("dbname='state' host='/run/postgresql' "));
}

TEST(PostgresUrl, IsPercentEncodedAndQuotedForLibpq) {
  const Result<PostgresSettings> settings =
      ReadPostgresUrl("a%40b:it%27s%5C%2F%20%3A@h/my%20state?sslmode=require");
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->password.Reveal(), "it's\\/ :");
  EXPECT_THAT(settings->conninfo.Reveal(), HasSubstr(R"(password='it\'s\\/ :')"));
  EXPECT_THAT(settings->conninfo.Reveal(), HasSubstr("user='a@b'"));
  EXPECT_THAT(settings->conninfo.Reveal(), HasSubstr("sslmode='require'"));
  EXPECT_EQ(settings->shown, "postgresql://a@b@h/my state");
}

TEST(PostgresUrl, TheLastAtSignEndsThePassword) {
  EXPECT_EQ(ReadPostgresUrl("u:p@ss:w@h/d")->password.Reveal(), "p@ss:w");
}

TEST(PostgresUrl, HostsMayBeSeveralOrAddresses) {
  EXPECT_THAT(ConninfoOf("u@a:1,b/d"), HasSubstr("host='a,b' "));
  EXPECT_THAT(ConninfoOf("u@a:1,b/d"), HasSubstr("port='1,' "));
  EXPECT_THAT(ConninfoOf("u@[::1]:5433/d"), HasSubstr("host='::1' "));
  EXPECT_THAT(ConninfoOf("u@[::1]:5433/d"), HasSubstr("port='5433' "));
  EXPECT_THAT(ConninfoOf("u@h/d"), Not(HasSubstr("port=")));
}

TEST(PostgresUrl, AParameterReplacesADefault) {
  EXPECT_THAT(ConninfoOf("h/d?connect_timeout=9"), HasSubstr("connect_timeout='9' "));
  EXPECT_THAT(ConninfoOf("h/d?ssl=require"), HasSubstr("sslmode='require'"));
}

// An unescaped character in a password makes it look like something else.
TEST(PostgresUrl, WhatCannotBeReadIsNeverShown) {
  for (const char* url :
       {"u:hunter2/x@h/d", "u:12/hunter2@h/d", "u:hunter2?x@h/d", "u:hunter2%zz@h/d",
        "u:hunter2%00@h/d", "h:hunter2/d", "h:0/d", "h:65536/d", "[hunter2/d", "h/hunter2/x",
        "h/d?hunter2", "h/d?Hunter2=x", "h/d?password=hunter2%zz", "u:p@h/d%0ahunter2"}) {
    const Result<PostgresSettings> settings = ReadPostgresUrl(url);
    ASSERT_FALSE(settings.ok()) << url;
    EXPECT_THAT(settings.message(), Not(HasSubstr("unter2"))) << url;
    EXPECT_THAT(settings.message(), HasSubstr("postgresql://user:password@host")) << url;
  }
}

}  // namespace
}  // namespace tocsin::config
