// The order is that of AWS's SDK for Go.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
#include "receivers/channels/aws_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "tests/support/temp_dir.h"

namespace tocsin::receivers {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Source = AwsPlan::Source;

class AwsPlanTest : public ::testing::Test {
 public:
  AwsPlanTest() {
    settings.region = "eu-central-1";
    environment["HOME"] = dir.path();
    std::filesystem::create_directory(dir.path() + "/.aws");
  }
  Result<AwsPlan> Plan() const {
    return PlanAwsKeys(settings, [this](std::string_view name) -> std::optional<std::string> {
      const auto it = environment.find(name);
      if (it == environment.end()) return std::nullopt;
      return it->second;
    });
  }
  AwsPlan Good() const {
    const Result<AwsPlan> plan = Plan();
    EXPECT_TRUE(plan.ok()) << (plan.ok() ? "" : plan.message());
    return plan.ok() ? *plan : AwsPlan();
  }
  std::string Wrong() const {
    const Result<AwsPlan> plan = Plan();
    return plan.ok() ? "" : plan.message();
  }
  void Config(const std::string& text) const { std::ofstream(dir.path() + "/.aws/config") << text; }
  void CredentialsFile(const std::string& text) const {
    std::ofstream(dir.path() + "/.aws/credentials") << text;
  }
  void SetKeys() {
    environment["AWS_ACCESS_KEY_ID"] = "ENV";
    environment["AWS_SECRET_ACCESS_KEY"] = "s3cret-env";
  }
  static std::string Keys(const std::string& id) {
    return "aws_access_key_id = " + id + "\naws_secret_access_key = s3cret-" + id + "\n";
  }

  const testing::TempDir dir;
  AwsSettings settings;
  std::map<std::string, std::string, std::less<>> environment;
};

TEST_F(AwsPlanTest, EachPlaceComesBeforeTheNext) {
  EXPECT_EQ(Good().source, Source::kMachine);
  EXPECT_EQ(Good().url, "http://169.254.169.254");

  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost:1/full";
  EXPECT_EQ(Good().source, Source::kContainer);
  EXPECT_EQ(Good().url, "http://localhost:1/full");
  environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/x";
  EXPECT_EQ(Good().url, "http://169.254.170.2/v2/x");

  CredentialsFile("[default]\n" + Keys("DEFAULT") + "[ops]\n" + Keys("OPS"));
  EXPECT_EQ(Good().source, Source::kKeys);
  EXPECT_EQ(Good().keys.access_key, "DEFAULT");
  environment["AWS_PROFILE"] = "ops";
  EXPECT_EQ(Good().keys.access_key, "OPS");

  environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/run/token";
  environment["AWS_ROLE_ARN"] = "arn:web";
  EXPECT_EQ(Good().source, Source::kWebIdentity);
  EXPECT_EQ(Good().identity, (AwsRole{"arn:web", "tocsin"}));
  EXPECT_EQ(Good().token_file, "/run/token");
  environment["AWS_ROLE_SESSION_NAME"] = "pod";
  EXPECT_EQ(Good().identity.session_name, "pod");

  SetKeys();
  EXPECT_EQ(Good().source, Source::kKeys);
  EXPECT_EQ(Good().keys, (AwsKeys{"ENV", Secret("s3cret-env"), Secret()}));
  environment["AWS_SESSION_TOKEN"] = "session";
  EXPECT_EQ(Good().keys.session_token.Reveal(), "session");

  settings.profile = "default";
  EXPECT_EQ(Good().keys.access_key, "DEFAULT");

  settings.access_key = "SETTINGS";
  settings.secret_key = Secret("s3cret-settings");
  EXPECT_EQ(Good().keys, (AwsKeys{"SETTINGS", Secret("s3cret-settings"), Secret()}));
  EXPECT_TRUE(Good().roles.empty());
}

TEST_F(AwsPlanTest, AKeyWithoutItsSecretIsNone) {
  environment["AWS_ACCESS_KEY_ID"] = "ENV";
  EXPECT_EQ(Good().source, Source::kMachine);
}

TEST_F(AwsPlanTest, TheSettingsRoleIsAssumedWithWhateverWasFound) {
  settings.role_arn = "arn:role";
  settings.external_id = "e";
  EXPECT_THAT(Good().roles, ElementsAre(AwsRole{"arn:role", "tocsin", "e"}));
  EXPECT_EQ(Good().source, Source::kMachine);
  SetKeys();
  EXPECT_EQ(Good().source, Source::kKeys);
  EXPECT_THAT(Good().roles, ElementsAre(AwsRole{"arn:role", "tocsin", "e"}));
}

TEST_F(AwsPlanTest, ProfilesAssumeRolesWithTheKeysOfOthers) {
  CredentialsFile("[base]\n" + Keys("BASE"));
  Config(
      "[profile outer]\nrole_arn = arn:outer\nsource_profile = inner\nexternal_id = e\n"
      "role_session_name = me\n"
      "[profile inner]\nrole_arn = arn:inner\nsource_profile = base\n");
  settings.profile = "outer";
  settings.role_arn = "arn:last";
  EXPECT_EQ(Good().keys.access_key, "BASE");
  EXPECT_THAT(Good().roles,
              ElementsAre(AwsRole{"arn:inner", "tocsin"}, AwsRole{"arn:outer", "me", "e"},
                          AwsRole{"arn:last", "tocsin"}));
}

TEST_F(AwsPlanTest, AProfileMayBeItsOwnSource) {
  Config("[profile a]\nrole_arn = arn:a\nsource_profile = a\n" + Keys("A"));
  settings.profile = "a";
  EXPECT_EQ(Good().keys.access_key, "A");
  EXPECT_THAT(Good().roles, ElementsAre(AwsRole{"arn:a", "tocsin"}));
}

TEST_F(AwsPlanTest, ProfilesMayLeaveKeysToTheEnvironmentTheContainerOrTheMachine) {
  settings.profile = "a";
  const auto with = [this](const std::string& source) {
    Config("[profile a]\nrole_arn = arn:a\ncredential_source = " + source + "\n");
  };
  with("Ec2InstanceMetadata");
  EXPECT_EQ(Good().source, Source::kMachine);
  EXPECT_THAT(Good().roles, ElementsAre(AwsRole{"arn:a", "tocsin"}));
  with("EcsContainer");
  EXPECT_THAT(Wrong(), HasSubstr("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set"));
  environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
  EXPECT_EQ(Good().source, Source::kContainer);
  with("Environment");
  EXPECT_THAT(Wrong(), HasSubstr("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"));
  SetKeys();
  EXPECT_EQ(Good().keys.access_key, "ENV");
  with("Elsewhere");
  EXPECT_THAT(Wrong(), HasSubstr("Environment, EcsContainer or Ec2InstanceMetadata"));
}

TEST_F(AwsPlanTest, ProfilesMayHaveAWebIdentityWhoseRoleIsAssumedOnce) {
  Config(
      "[profile a]\nrole_arn = arn:a\nweb_identity_token_file = /run/t\n"
      "role_session_name = me\n");
  settings.profile = "a";
  EXPECT_EQ(Good().source, Source::kWebIdentity);
  EXPECT_EQ(Good().identity, (AwsRole{"arn:a", "me"}));
  EXPECT_EQ(Good().token_file, "/run/t");
  EXPECT_TRUE(Good().roles.empty());
  Config("[profile a]\nweb_identity_token_file = /run/t\n");
  EXPECT_THAT(Wrong(), HasSubstr("has web_identity_token_file and no role_arn"));
}

TEST_F(AwsPlanTest, WhatIsNamedMustExist) {
  CredentialsFile("[default]\n" + Keys("DEFAULT"));
  settings.profile = "ops";
  EXPECT_EQ(Wrong(), "there is no profile \"ops\" of " + dir.path() + "/.aws/config and " +
                         dir.path() + "/.aws/credentials");
  settings.profile = "";
  environment["AWS_PROFILE"] = "dev";
  EXPECT_THAT(Wrong(), HasSubstr("there is no profile \"dev\""));
  Config("[profile dev]\nrole_arn = arn\nsource_profile = gone\n");
  EXPECT_THAT(Wrong(), HasSubstr("there is no profile \"gone\""));
  environment.erase("AWS_PROFILE");
  environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/run/token";
  EXPECT_EQ(Wrong(), "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not");
}

TEST_F(AwsPlanTest, ProfilesThatLeadNowhereAreRefused) {
  settings.profile = "a";
  Config(
      "[profile a]\nrole_arn = x\nsource_profile = b\n"
      "[profile b]\nrole_arn = y\nsource_profile = a\n");
  EXPECT_THAT(Wrong(), HasSubstr("source_profile leads back to it"));
  std::string chain;
  for (int i = 0; i < 20; ++i) {
    chain += "[profile p" + std::to_string(i) + "]\nrole_arn = x\nsource_profile = p" +
             std::to_string(i + 1) + "\n";
  }
  Config(chain);
  settings.profile = "p0";
  EXPECT_THAT(Wrong(), HasSubstr("more than 8 profiles"));
  Config("[profile a]\nrole_arn = x\nsource_profile = a\ncredential_source = Environment\n");
  settings.profile = "a";
  EXPECT_THAT(Wrong(), HasSubstr("one of them, please"));
  Config("[profile a]\nsso_session = corp\n");
  EXPECT_THAT(Wrong(), AllOf(HasSubstr("takes sso_session, which is not supported"),
                             HasSubstr("sigv4.access_key")));
}

TEST_F(AwsPlanTest, FilesMayBeElsewhere) {
  environment["AWS_CONFIG_FILE"] = dir.path() + "/c";
  environment["AWS_SHARED_CREDENTIALS_FILE"] = dir.path() + "/s";
  std::ofstream(dir.path() + "/c") << "[default]\nregion = eu-west-3\n" + Keys("C");
  EXPECT_EQ(Good().keys.access_key, "C");
  std::ofstream(dir.path() + "/s") << "[default]\n" + Keys("S");
  EXPECT_EQ(Good().keys.access_key, "S");
  settings.region = "";
  EXPECT_EQ(Good().region, "eu-west-3");
}

TEST_F(AwsPlanTest, AFileThatCannotBeReadIsToldToWhoNeedsIt) {
  std::filesystem::create_directory(dir.path() + "/.aws/credentials");
  settings.profile = "ops";
  EXPECT_THAT(Wrong(), HasSubstr(".aws/credentials"));
  settings.profile = "";
  SetKeys();
  EXPECT_EQ(Good().keys.access_key, "ENV");
  std::filesystem::remove(dir.path() + "/.aws/credentials");
  CredentialsFile(std::string((1 << 20) + 1, '#'));
  settings.profile = "ops";
  EXPECT_THAT(Wrong(), HasSubstr("there is no profile \"ops\""));
}

TEST_F(AwsPlanTest, TheRegionIsFoundLikeTheKeys) {
  settings.region = "";
  SetKeys();
  EXPECT_EQ(Wrong(), "\"\" is no region: give sigv4.region, or set AWS_REGION");
  Config("[default]\nregion = eu-west-3\n[profile ops]\nregion = eu-west-2\n");
  EXPECT_EQ(Good().region, "eu-west-3");
  settings.profile = "ops";
  CredentialsFile("[ops]\n" + Keys("OPS"));
  EXPECT_EQ(Good().region, "eu-west-2");
  environment["AWS_DEFAULT_REGION"] = "us-east-1";
  EXPECT_EQ(Good().region, "us-east-1");
  environment["AWS_REGION"] = "us-east-2";
  EXPECT_EQ(Good().region, "us-east-2");
  settings.region = "r.evil/";
  EXPECT_THAT(Wrong(), HasSubstr("is no region"));
}

// https://docs.aws.amazon.com/general/latest/gr/sts.html
TEST_F(AwsPlanTest, StsIsTheRegionsOwn) {
  EXPECT_EQ(Good().sts_url, "https://sts.eu-central-1.amazonaws.com/");
  settings.region = "cn-north-1";
  EXPECT_EQ(Good().sts_url, "https://sts.cn-north-1.amazonaws.com.cn/");
  settings.fips_sts = true;
  settings.region = "us-east-1";
  EXPECT_EQ(Good().sts_url, "https://sts-fips.us-east-1.amazonaws.com/");
  settings.region = "us-gov-west-1";
  EXPECT_EQ(Good().sts_url, "https://sts.us-gov-west-1.amazonaws.com/");
  environment["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:5/";
  EXPECT_EQ(Good().sts_url, "http://127.0.0.1:5/");
  environment["AWS_ENDPOINT_URL_STS"] = "nonsense";
  EXPECT_THAT(Wrong(), HasSubstr("AWS_ENDPOINT_URL_STS: "));
}

TEST_F(AwsPlanTest, TheMachineMayBeElsewhereOrKeptOut) {
  environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  EXPECT_EQ(Good().url, "http://[fd00:ec2::254]");
  environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:5/";
  EXPECT_EQ(Good().url, "http://127.0.0.1:5");
  environment["AWS_EC2_METADATA_DISABLED"] = "TRUE";
  EXPECT_THAT(Wrong(), AllOf(HasSubstr("there are no credentials in sigv4.access_key, "
                                       "AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, "
                                       "AWS_WEB_IDENTITY_TOKEN_FILE, profile \"default\" of "),
                             HasSubstr("AWS_EC2_METADATA_DISABLED keeps those of the machine out"),
                             HasSubstr("give sigv4.access_key and sigv4.secret_key")));
}

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
TEST_F(AwsPlanTest, AContainersKeysComeOverTlsOrFromHere) {
  std::string& url = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  for (const char* good : {"https://keys.example/x", "http://127.0.0.1/x", "http://127.9.9.9:80/",
                           "http://[::1]:8/", "http://LOCALHOST/", "http://169.254.170.2/",
                           "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1"}) {
    url = good;
    EXPECT_EQ(Good().url, good);
  }
  for (const char* bad : {"http://keys.example/x", "http://169.254.169.254/", "http://10.0.0.1/",
                          "http://localhost.example/", "http://127.0.0.1.example/", "ftp://a/",
                          "http://u:s3cret@127.0.0.1/", "http://127.0.0.1@10.0.0.1/", "nonsense"}) {
    url = bad;
    EXPECT_THAT(Wrong(),
                AllOf(HasSubstr("AWS_CONTAINER_CREDENTIALS_FULL_URI: "), Not(HasSubstr("s3cret"))))
        << bad;
  }
}

TEST_F(AwsPlanTest, AContainersTokenMayBeInAFile) {
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "t";
  EXPECT_EQ(Good().token.Reveal(), "t");
  environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/run/t";
  EXPECT_EQ(Good().token_file, "/run/t");
  EXPECT_TRUE(Good().token.empty());
}

TEST_F(AwsPlanTest, TheSettingsSecretMayBeInAFile) {
  settings.access_key = "A";
  settings.secret_key_file = dir.path() + "/secret";
  EXPECT_THAT(Wrong(), HasSubstr("sigv4.secret_key_file: "));
  std::ofstream(settings.secret_key_file) << "s\n";
  EXPECT_EQ(Good().keys.secret_key.Reveal(), "s");
}

}  // namespace
}  // namespace tocsin::receivers
