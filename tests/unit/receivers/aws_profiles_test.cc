// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#include "receivers/channels/aws_profiles.h"

#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

AwsProfiles Config(std::string_view text) {
  AwsProfiles profiles;
  ReadAwsProfiles(text, AwsFile::kConfig, &profiles);
  return profiles;
}

AwsProfiles CredentialsFile(std::string_view text) {
  AwsProfiles profiles;
  ReadAwsProfiles(text, AwsFile::kCredentials, &profiles);
  return profiles;
}

TEST(AwsProfiles, ReadsEveryKey) {
  const AwsProfile profile = Config(R"(
[profile ops]
aws_access_key_id = AKID
aws_secret_access_key = secret/with=signs
aws_session_token = token
region = eu-central-1
role_arn = arn:aws:iam::1:role/ops
source_profile = base
credential_source = Environment
external_id = e1
role_session_name = me
web_identity_token_file = /run/token
)")
                                 .at("ops");
  EXPECT_EQ(profile.access_key, "AKID");
  EXPECT_EQ(profile.secret_key.Reveal(), "secret/with=signs");
  EXPECT_EQ(profile.session_token.Reveal(), "token");
  EXPECT_EQ(profile.region, "eu-central-1");
  EXPECT_EQ(profile.role_arn, "arn:aws:iam::1:role/ops");
  EXPECT_EQ(profile.source_profile, "base");
  EXPECT_EQ(profile.credential_source, "Environment");
  EXPECT_EQ(profile.external_id, "e1");
  EXPECT_EQ(profile.role_session_name, "me");
  EXPECT_EQ(profile.web_identity_token_file, "/run/token");
  EXPECT_EQ(profile.beyond_us, "");
}

TEST(AwsProfiles, NamesStandWithProfileInOneFileAndWithoutInTheOther) {
  constexpr char kText[] = "[default]\nregion=a\n[profile ops]\nregion=b\n[ops]\nregion=c\n";
  const AwsProfiles config = Config(kText);
  EXPECT_EQ(config.size(), 2U);
  EXPECT_EQ(config.at("default").region, "a");
  EXPECT_EQ(config.at("ops").region, "b");
  const AwsProfiles credentials = CredentialsFile(kText);
  EXPECT_EQ(credentials.size(), 2U);
  EXPECT_EQ(credentials.at("default").region, "a");
  EXPECT_EQ(credentials.at("ops").region, "c");
}

TEST(AwsProfiles, OtherSectionsBelongToNobody) {
  const AwsProfiles profiles = Config(
      "region = nowhere\n[profile a]\nregion = x\n[sso-session s]\nregion = y\n[services z]\n"
      "region = z\n[broken\nregion = w\n");
  EXPECT_EQ(profiles.size(), 1U);
  EXPECT_EQ(profiles.at("a").region, "x");
}

TEST(AwsProfiles, CommentsBlanksQuotesAndCaseDoNotMatter) {
  const AwsProfiles profiles = Config(
      "# one\r\n; two\r\n[ profile\t\"my ops\" ] # three\r\nREGION=eu-west-1 # four\r\n"
      "external_id = a#b;c\t; five\r\nnonsense\r\n= x\r\nunknown = y\r\n");
  const AwsProfile profile = profiles.at("my ops");
  EXPECT_EQ(profile.region, "eu-west-1");
  EXPECT_EQ(profile.external_id, "a#b;c");
}

TEST(AwsProfiles, WhatIsIndentedBelongsToTheKeyAbove) {
  const AwsProfile profile =
      Config("[default]\nregion = a\ns3 =\n  region = b\n\taws_access_key_id = c\n").at("default");
  EXPECT_EQ(profile.region, "a");
  EXPECT_EQ(profile.access_key, "");
}

TEST(AwsProfiles, TheLastWordCountsAndSectionsGrowTogether) {
  const AwsProfiles profiles =
      Config("[profile a]\nregion = x\n[profile b]\n[profile a]\nregion = y\nexternal_id = e\n");
  EXPECT_EQ(profiles.at("a").region, "y");
  EXPECT_EQ(profiles.at("a").external_id, "e");
}

TEST(AwsProfiles, KeysOfTheSecondFileComeWithoutTheTokenOfTheFirst) {
  AwsProfiles profiles = Config(
      "[default]\naws_access_key_id = A\naws_secret_access_key = s\naws_session_token = t\n"
      "region = r\n");
  ReadAwsProfiles("[default]\naws_access_key_id = B\naws_secret_access_key = u\n",
                  AwsFile::kCredentials, &profiles);
  const AwsProfile profile = profiles.at("default");
  EXPECT_EQ(profile.access_key, "B");
  EXPECT_EQ(profile.secret_key.Reveal(), "u");
  EXPECT_TRUE(profile.session_token.empty());
  EXPECT_EQ(profile.region, "r");
}

TEST(AwsProfiles, KnowsWaysThatItCannotGo) {
  for (const char* key :
       {"credential_process", "login_session", "mfa_serial", "sso_session", "sso_start_url"}) {
    EXPECT_EQ(Config(std::string("[default]\n") + key + " = x\n").at("default").beyond_us, key);
  }
}

}  // namespace
}  // namespace tocsin::receivers
