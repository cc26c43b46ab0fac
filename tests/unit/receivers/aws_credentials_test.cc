#include "receivers/channels/aws_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/text.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/aws_samples.h"
#include "tests/unit/receivers/channel_world.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using Kind = Outcome::Kind;
using Source = AwsPlan::Source;

class AwsCredentialsTest : public ::testing::Test {
 public:
  AwsCredentialsTest() {
    plan.region = "eu-central-1";
    plan.sts_url = "https://sts.test/";
  }
  void Machine() {
    plan.source = Source::kMachine;
    plan.url = "http://169.254.169.254";
    plan.tried = "sigv4.access_key, AWS_ACCESS_KEY_ID";
  }
  void Container() {
    plan.source = Source::kContainer;
    plan.url = "http://169.254.170.2/v2/x";
  }
  void Role() {
    plan.keys = {"AKID", Secret("s3cret"), Secret()};
    plan.roles = {{"arn:role", "tocsin", "e 1"}};
  }
  // A key's id, or why there is none; "" while nobody has said.
  void Get(Duration timeout = seconds(10)) {
    if (!credentials) {
      Result<std::shared_ptr<AwsCredentials>> made =
          AwsCredentials::Make(proxy, Context(), [](std::string_view) { return std::nullopt; });
      ASSERT_TRUE(made.ok()) << made.message();
      credentials = *std::move(made);
    }
    credentials->Get(plan, timeout, [this](const AwsKeysOrNot& answer) {
      keys = answer.keys;
      failure = answer.failure.value_or(Outcome());
      got.push_back(answer.failure ? answer.failure->reason : answer.keys.access_key);
    });
  }
  ChannelContext Context() {
    ChannelContext context = world.Context();
    context.egress = egress;
    context.render_only = render_only;
    return context;
  }
  std::string In(Duration span) const { return FormatRfc3339(world.clock.Now() + span); }
  void AnswerMachine(const std::string& id, Duration lifetime) {
    http.Answer(http.sent() - 1, 200, "metadata-t0ken\n");
    http.Answer(http.sent() - 1, 200, "ops-role\n");
    http.Answer(http.sent() - 1, 200, LentAnswer(id, In(lifetime)));
  }
  HttpClientRequest Last() const { return http.request(http.sent() - 1); }

  ChannelWorld world;
  testing::FakeHttpClient& http = world.http;
  config::ProxyConfig proxy;
  std::shared_ptr<const EgressPolicy> egress;
  bool render_only = false;
  AwsPlan plan;
  std::shared_ptr<AwsCredentials> credentials;
  AwsKeys keys;
  Outcome failure;
  std::vector<std::string> got;
};

TEST_F(AwsCredentialsTest, KeysThatArePlainTakeNoRequest) {
  plan.keys = {"AKID", Secret("s"), Secret("t")};
  Get();
  EXPECT_THAT(got, ElementsAre("AKID"));
  EXPECT_EQ(keys, plan.keys);
  EXPECT_EQ(http.sent(), 0U);
  EXPECT_FALSE(credentials->Forget(keys));
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html
TEST_F(AwsCredentialsTest, AMachineGivesATokenThenItsRoleThenKeys) {
  Machine();
  Get();
  const HttpClientRequest token = http.request(0);
  EXPECT_EQ(token.method, "PUT");
  EXPECT_EQ(token.url, "http://169.254.169.254/latest/api/token");
  EXPECT_THAT(token.headers, ElementsAre(Pair("X-aws-ec2-metadata-token-ttl-seconds", "60")));
  AnswerMachine("ASIAHOST", minutes(60));
  ASSERT_EQ(http.sent(), 3U);
  EXPECT_EQ(http.request(1).method, "GET");
  EXPECT_EQ(http.request(1).url,
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/");
  EXPECT_EQ(http.request(2).url,
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/ops-role");
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    EXPECT_THAT(http.request(i).headers,
                ElementsAre(Pair("X-aws-ec2-metadata-token", "metadata-t0ken")));
  }
  EXPECT_THAT(got, ElementsAre("ASIAHOST"));
  EXPECT_EQ(keys.secret_key.Reveal(), "secret-of-ASIAHOST");
  EXPECT_EQ(keys.session_token.Reveal(), "token-of-ASIAHOST");
}

TEST_F(AwsCredentialsTest, AContainerGivesKeysForItsToken) {
  const testing::TempDir dir;
  Container();
  plan.token = Secret("Bearer t0ken");
  Get();
  EXPECT_EQ(Last().method, "GET");
  EXPECT_EQ(Last().url, "http://169.254.170.2/v2/x");
  EXPECT_EQ(HeaderOf(Last(), "Authorization"), "Bearer t0ken");
  http.Answer(0, 200, LentAnswer("ASIATASK", In(minutes(60))));
  EXPECT_THAT(got, ElementsAre("ASIATASK"));
  plan.token = Secret();
  plan.token_file = dir.path() + "/token";
  Get();
  EXPECT_EQ(http.sent(), 1U);
  EXPECT_THAT(got.back(), HasSubstr("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: cannot read"));
  EXPECT_EQ(failure.kind, Kind::kRetry);
  std::ofstream(plan.token_file) << "newer\n";
  Get();
  EXPECT_EQ(HeaderOf(Last(), "Authorization"), "newer");
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
TEST_F(AwsCredentialsTest, ARoleIsAssumedWithASignedRequest) {
  Role();
  Get();
  EXPECT_EQ(Last().method, "POST");
  EXPECT_EQ(Last().url, "https://sts.test/");
  EXPECT_EQ(Last().body,
            "Action=AssumeRole&ExternalId=e%201&RoleArn=arn%3Arole&RoleSessionName=tocsin"
            "&Version=2011-06-15");
  HttpClientRequest again;
  again.method = "POST";
  again.url = Last().url;
  again.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  again.body = Last().body;
  SignAwsRequest(plan.keys, {"eu-central-1", "sts"}, world.clock.Now(), &again);
  EXPECT_EQ(HeaderOf(Last(), "Authorization"), HeaderOf(again, "Authorization"));
  EXPECT_NE(HeaderOf(again, "Authorization"), "");
  http.Answer(0, 200, StsAnswer("ASIAROLE", In(minutes(60))));
  EXPECT_THAT(got, ElementsAre("ASIAROLE"));
  EXPECT_EQ(keys.session_token.Reveal(), "token-of-ASIAROLE");
}

TEST_F(AwsCredentialsTest, RolesAreAssumedOneWithTheKeysOfTheOther) {
  Machine();
  plan.roles = {{"arn:a", "tocsin"}, {"arn:b", "tocsin"}};
  Get();
  AnswerMachine("ASIAHOST", minutes(60));
  EXPECT_THAT(Last().body, HasSubstr("RoleArn=arn%3Aa&"));
  EXPECT_THAT(HeaderOf(Last(), "Authorization"), HasSubstr("Credential=ASIAHOST/"));
  EXPECT_EQ(HeaderOf(Last(), "X-Amz-Security-Token"), "token-of-ASIAHOST");
  http.Answer(3, 200, StsAnswer("ASIAA", In(minutes(60))));
  EXPECT_THAT(Last().body, HasSubstr("RoleArn=arn%3Ab&"));
  EXPECT_THAT(HeaderOf(Last(), "Authorization"), HasSubstr("Credential=ASIAA/"));
  http.Answer(4, 200, StsAnswer("ASIAB", In(minutes(60))));
  EXPECT_THAT(got, ElementsAre("ASIAB"));
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
TEST_F(AwsCredentialsTest, AWebIdentityIsUnsignedAndItsTokenReadForEachFetch) {
  const testing::TempDir dir;
  plan.source = Source::kWebIdentity;
  plan.identity = {"arn:web", "pod"};
  plan.token_file = dir.path() + "/token";
  Get();
  EXPECT_THAT(got.back(), HasSubstr("the web identity token: cannot read"));
  std::ofstream(plan.token_file) << "\n";
  Get();
  EXPECT_THAT(got.back(), HasSubstr("/token is empty"));
  EXPECT_EQ(http.sent(), 0U);
  std::ofstream(plan.token_file) << "j.w+t\n";
  Get();
  EXPECT_EQ(Last().body,
            "Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aweb&RoleSessionName=pod"
            "&Version=2011-06-15&WebIdentityToken=j.w%2Bt");
  EXPECT_EQ(HeaderOf(Last(), "Authorization"), "");
  http.Answer(0, 200, StsAnswer("ASIAWEB", In(minutes(60))));
  EXPECT_EQ(got.back(), "ASIAWEB");
}

TEST_F(AwsCredentialsTest, WhoAsksMeanwhileWaitsForTheSameFetch) {
  Machine();
  for (int i = 0; i < 3; ++i) Get();
  EXPECT_EQ(http.sent(), 1U);
  EXPECT_TRUE(got.empty());
  AnswerMachine("ASIAHOST", minutes(60));
  EXPECT_EQ(http.sent(), 3U);
  EXPECT_THAT(got, ElementsAre("ASIAHOST", "ASIAHOST", "ASIAHOST"));
}

TEST_F(AwsCredentialsTest, KeysAreKeptUntilFiveMinutesBeforeTheirEnd) {
  Container();
  Get();
  http.Answer(0, 200, LentAnswer("ONE", In(minutes(60))));
  world.clock.Advance(minutes(55) - std::chrono::milliseconds(1));
  Get();
  EXPECT_EQ(http.sent(), 1U);
  world.clock.Advance(std::chrono::milliseconds(1));
  Get();
  ASSERT_EQ(http.sent(), 2U);
  http.Answer(1, 200, LentAnswer("TWO", In(minutes(60))));
  EXPECT_THAT(got, ElementsAre("ONE", "ONE", "TWO"));
}

TEST_F(AwsCredentialsTest, KeysAreGoodUntilTheirEndWhereNoOthersCome) {
  Container();
  Get();
  http.Answer(0, 200, LentAnswer("ONE", In(minutes(60))));
  world.clock.Advance(minutes(60) - std::chrono::milliseconds(1));
  Get();
  http.Answer(1, 500);
  EXPECT_EQ(got.back(), "ONE");
  world.clock.Advance(std::chrono::milliseconds(1));
  Get();
  http.Answer(2, 500);
  EXPECT_THAT(got.back(), HasSubstr("HTTP status 500"));
}

TEST_F(AwsCredentialsTest, KeysWithoutAnEndAreKept) {
  Container();
  Get();
  http.Answer(0, 200, R"({"AccessKeyId":"A","SecretAccessKey":"s"})");
  world.clock.Advance(std::chrono::hours(1000));
  Get();
  EXPECT_EQ(http.sent(), 1U);
}

TEST_F(AwsCredentialsTest, ShortLivedKeysAreGoodForThoseWhoWaited) {
  Container();
  Get();
  http.Answer(0, 200, LentAnswer("ONE", In(minutes(1))));
  EXPECT_EQ(got.back(), "ONE");
  Get();
  EXPECT_EQ(http.sent(), 2U);
}

TEST_F(AwsCredentialsTest, AnotherPlanGetsKeysOfItsOwn) {
  Container();
  Get();
  http.Answer(0, 200, LentAnswer("ONE", In(minutes(60))));
  plan.roles = {{"arn:role", "tocsin"}};
  Get();
  EXPECT_EQ(http.sent(), 2U);
}

TEST_F(AwsCredentialsTest, KeysThatWereRefusedAreForgottenUnlessThereAreOthers) {
  Container();
  Get();
  http.Answer(0, 200, LentAnswer("ONE", In(minutes(60))));
  const AwsKeys one = keys;
  EXPECT_TRUE(credentials->Forget(one));
  Get();
  http.Answer(1, 200, LentAnswer("TWO", In(minutes(60))));
  EXPECT_TRUE(credentials->Forget(one));
  Get();
  EXPECT_EQ(http.sent(), 2U);
  EXPECT_EQ(got.back(), "TWO");
}

TEST_F(AwsCredentialsTest, TheAttemptsTimeIsForAllRequests) {
  Role();
  plan.roles = {{"arn:a", "tocsin"}, {"arn:b", "tocsin"}};
  Get(seconds(8));
  EXPECT_EQ(Last().timeout, seconds(8));
  world.clock.Advance(seconds(3));
  http.Answer(0, 200, StsAnswer("A", In(minutes(60))));
  EXPECT_EQ(Last().timeout, seconds(5));
}

TEST_F(AwsCredentialsTest, NobodyWaitsLongForAMachineThatIsNone) {
  Machine();
  Get(seconds(60));
  EXPECT_EQ(Last().timeout, seconds(5));
  Role();
  plan.source = Source::kKeys;
  credentials.reset();
  Get(seconds(60));
  EXPECT_EQ(Last().timeout, seconds(30));
}

TEST_F(AwsCredentialsTest, OnlyStsIsUnderThePolicyAndBehindTheProxy) {
  egress = std::make_shared<const EgressPolicy>();
  proxy.url = Secret("http://proxy:3128");
  Machine();
  plan.roles = {{"arn:role", "tocsin"}};
  Get();
  AnswerMachine("ASIAHOST", minutes(60));
  ASSERT_EQ(http.sent(), 4U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(http.request(i).transport, nullptr);
  ASSERT_NE(Last().transport, nullptr);
  EXPECT_EQ(Last().transport->egress, egress);
  EXPECT_EQ(Last().transport->proxy.Reveal(), "http://proxy:3128");
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(http.request(i).follow_redirects);
    EXPECT_TRUE(http.request(i).carries_credentials);
  }
}

TEST_F(AwsCredentialsTest, WhatIsOnlyShownAsksNobody) {
  render_only = true;
  Machine();
  Get();
  EXPECT_EQ(http.sent(), 0U);
  EXPECT_EQ(got.size(), 1U);
  EXPECT_NE(keys.access_key, "");
}

// ---- failures

TEST_F(AwsCredentialsTest, AMachineThatIsNoneIsToldWithAllThatWasTried) {
  Machine();
  Get();
  HttpClientFailure no_answer;
  no_answer.message = "timed out";
  no_answer.timed_out = true;
  no_answer.outcome_unknown = true;
  http.Fail(0, no_answer);
  EXPECT_EQ(got.back(),
            "no AWS credentials: asking the machine's metadata service at "
            "http://169.254.169.254 for a token: timed out; before, there were none in "
            "sigv4.access_key, AWS_ACCESS_KEY_ID");
  EXPECT_EQ(failure.kind, Kind::kRetry);
  EXPECT_EQ(failure.failure, Failure::kTimeout);
  EXPECT_FALSE(failure.may_have_arrived);
  Get();
  EXPECT_EQ(http.sent(), 2U);
}

TEST_F(AwsCredentialsTest, AMachineWithoutARoleIsGivenUpWithAdvice) {
  Machine();
  Get();
  http.Answer(0, 200, "t");
  http.Answer(1, 404, "<html>s3cret</html>");
  EXPECT_THAT(got.back(), AllOf(HasSubstr("HTTP status 404: the machine has no role"),
                                Not(HasSubstr("s3cret"))));
  EXPECT_EQ(failure.kind, Kind::kGiveUp);
  EXPECT_FALSE(failure.payload_refused);
  EXPECT_THAT(failure.advice, HasSubstr("give the machine or the container a role"));
}

TEST_F(AwsCredentialsTest, NonsenseFromAMachineLeadsNowhere) {
  for (const char* role : {"", "../../user-data", "a/b", "a?b", "a%2fb", ".", "a b"}) {
    credentials.reset();
    Machine();
    Get();
    http.Answer(http.sent() - 1, 200, "t");
    http.Answer(http.sent() - 1, 200, role);
    EXPECT_THAT(got.back(), HasSubstr("the answer names no role")) << role;
  }
  credentials.reset();
  Get();
  http.Answer(http.sent() - 1, 200, "to ken");
  EXPECT_THAT(got.back(), HasSubstr("the answer is no token"));
}

TEST_F(AwsCredentialsTest, ARoleThatIsRefusedIsGivenUpWithItsCodeAndNothingElse) {
  Role();
  Get();
  http.Answer(0, 403,
              "<ErrorResponse><Error><Code>AccessDenied</Code><Message>s3cret</Message></Error>");
  EXPECT_EQ(got.back(),
            "no AWS credentials: assuming \"arn:role\" at https://sts.test/: HTTP status 403 "
            "(AccessDenied)");
  EXPECT_EQ(failure.kind, Kind::kGiveUp);
  EXPECT_EQ(failure.failure, Failure::kAuth);
  EXPECT_EQ(failure.http_status, 403);
  EXPECT_THAT(failure.advice, HasSubstr("trust policy"));
}

TEST_F(AwsCredentialsTest, WhatMayPassIsTriedAgain) {
  Role();
  for (const int status : {500, 503, 429, 408, 204}) {
    Get();
    http.Answer(http.sent() - 1, status);
    EXPECT_EQ(failure.kind, Kind::kRetry) << status;
    EXPECT_FALSE(failure.may_have_arrived) << status;
  }
  Get();
  http.Answer(http.sent() - 1, 200, "<html>s3cret</html>");
  EXPECT_EQ(failure.kind, Kind::kRetry);
  EXPECT_THAT(got.back(), AllOf(HasSubstr("the answer holds no keys"), Not(HasSubstr("s3cret"))));
}

TEST_F(AwsCredentialsTest, AnAddressThatThePolicyRefusesIsGivenUp) {
  Role();
  Get();
  HttpClientFailure forbidden;
  forbidden.message = "refused by tocsin.egress: sts.test is 10.0.0.1 (private)";
  forbidden.forbidden = true;
  http.Fail(0, forbidden);
  EXPECT_EQ(failure.kind, Kind::kGiveUp);
  EXPECT_THAT(failure.advice, HasSubstr("tocsin.egress.allow_networks"));
}

}  // namespace
}  // namespace tocsin::receivers
