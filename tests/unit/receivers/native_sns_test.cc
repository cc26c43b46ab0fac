// SNS of tocsin.yml. What is expected is written from its documentation.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/group_key.h"
#include "base/text.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/aws_environment.h"
#include "tests/unit/receivers/aws_samples.h"
#include "tests/unit/receivers/native_incident_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = Outcome::Kind;

constexpr char kPhone[] =
    "{phone_number: '+491', sigv4: {region: eu-central-1, access_key: AKID, secret_key: s}}";

// The signature was computed by AWS's description with another program.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
TEST(SnsChannel, PublishesTheMessageAsPlainTextAndSignsIt) {
  NativeChannelWorld sns("sns", kSns);
  const HttpClientRequest request = sns.Deliver({Fires()});
  EXPECT_EQ(Line(request), "POST https://sns.eu-central-1.amazonaws.com/");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(request.body,
            "Action=Publish"
            "&Message=CPU%20usage%20is%20high%0A%0A"
            "Severity%3A%20HIGH%0A"
            "Metric%3A%20system.cpu.usage%3A%2085.5%0A"
            "Threshold%3A%2080.0%0A"
            "Condition%3A%20system.cpu.usage%20%3E%2080.0%20for%201m%0A"
            "Triggered%3A%202024-05-01T10%3A00%3A00.123Z%0A"
            "host%3A%20web-1%0A%0A"
            "Alert%3A%20http%3A%2F%2Ftocsin%3A9095%2Fapi%2Fv1%2Falerting%2Falerts%2Fe1"
            "&Subject=%5BHIGH%5D%20High%20CPU%20Usage"
            "&TopicArn=arn%3Aaws%3Asns%3Aeu-central-1%3A1%3Aops"
            "&Version=2010-03-31");
  EXPECT_EQ(HeaderOf(request, "X-Amz-Date"), "20240501T100000Z");
  EXPECT_EQ(HeaderOf(request, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKID/20240501/eu-central-1/sns/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=839f7312d71b3937a0bfdd54e1d9bb15be0d2fe0e73634359eb655c3684d33ab");
}

TEST(SnsChannel, SignsEachAttemptAnew) {
  NativeChannelWorld sns("sns", kSns);
  const HttpClientRequest first = sns.Deliver({Fires()});
  sns.world.clock.Advance(std::chrono::minutes(6));
  const HttpClientRequest second = sns.Deliver({Fires()});
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(HeaderOf(second, "X-Amz-Date"), "20240501T100600Z");
  EXPECT_NE(HeaderOf(second, "Authorization"), HeaderOf(first, "Authorization"));
}

TEST(SnsChannel, TellsOfTheEndAndOfTheOthersInTheGroup) {
  NativeChannelWorld sns("sns", kSns);
  const std::string over = sns.Deliver({IsOver()}).body;
  EXPECT_EQ(Parameter(over, "Subject"), "[RESOLVED] High CPU Usage");
  EXPECT_THAT(Parameter(over, "Message"), HasSubstr("\nDuration: 2m\n"));
  const std::string group = sns.Deliver({Fires(), OnOtherHost()}).body;
  EXPECT_EQ(Parameter(group, "Subject"), "[HIGH] High CPU Usage (+1 more)");
  EXPECT_THAT(Parameter(group, "Message"),
              HasSubstr("\n\nAlso in this group:\n- High CPU Usage (host=web-2): 85.5 > 80.0\n\n"));
}

TEST(SnsChannel, SendsPhonesTheShortFormWithoutASubject) {
  NativeChannelWorld sns("sns", kPhone);
  const std::string body = sns.Deliver({Fires()}).body;
  EXPECT_EQ(Parameter(body, "PhoneNumber"), "+491");
  EXPECT_EQ(Parameter(body, "Message"),
            "HIGH High CPU Usage host=web-1 system.cpu.usage: 85.5 system.cpu.usage > 80.0 for 1m. "
            "CPU usage is high");
  EXPECT_THAT(body, Not(HasSubstr("Subject=")));
}

TEST(SnsChannel, SendsItsKeys) {
  NativeChannelWorld sns(
      "sns",
      "{target_arn: t, api_url: 'http://sns.test/', attributes: {zone: a, b: ''},"
      " sigv4: {region: r, access_key: a, secret_key: b}}");
  const HttpClientRequest request = sns.Deliver({Fires()});
  EXPECT_EQ(request.url, "http://sns.test/");
  EXPECT_EQ(Parameter(request.body, "TargetArn"), "t");
  EXPECT_EQ(Parameter(request.body, "MessageAttributes.entry.2.Name"), "zone");
  EXPECT_EQ(Parameter(request.body, "MessageAttributes.entry.2.Value.DataType"), "String");
  EXPECT_EQ(Parameter(request.body, "MessageAttributes.entry.2.Value.StringValue"), "a");
}

TEST(SnsChannel, TopicsInOrderGetTheGroupAndAnIdOfTheMessage) {
  NativeChannelWorld sns("sns",
                         "{topic_arn: ops.fifo, sigv4: {region: r, access_key: a, secret_key: b}}");
  Notification notification = NativeChannelWorld::About({Fires()});
  const std::string first = sns.Deliver(notification).body;
  EXPECT_EQ(Parameter(first, "MessageGroupId"), Sha256Hex(notification.group_key));
  EXPECT_EQ(Parameter(first, "MessageDeduplicationId"), Sha256Hex("e1-firing-1"));
  notification.flush_number = 2;
  EXPECT_EQ(Parameter(sns.Deliver(notification).body, "MessageDeduplicationId"),
            Sha256Hex("e1-firing-2"));
  NativeChannelWorld plain("sns", kSns);
  EXPECT_THAT(plain.Deliver({Fires()}).body, Not(HasSubstr("MessageGroupId")));
}

TEST(SnsChannel, TakesKeysAndRegionFromTheEnvironment) {
  const AwsEnvironment environment({{"AWS_ACCESS_KEY_ID", "ENVKEY"},
                                    {"AWS_SECRET_ACCESS_KEY", "envsecret"},
                                    {"AWS_SESSION_TOKEN", "session"},
                                    {"AWS_REGION", "us-west-2"}});
  NativeChannelWorld sns("sns", "{topic_arn: t}");
  const HttpClientRequest request = sns.Deliver({Fires()});
  EXPECT_EQ(request.url, "https://sns.us-west-2.amazonaws.com/");
  EXPECT_EQ(HeaderOf(request, "X-Amz-Security-Token"), "session");
  EXPECT_THAT(HeaderOf(request, "Authorization"), HasSubstr("Credential=ENVKEY/"));
}

TEST(SnsChannel, GivesUpWithoutCredentialsOrARegion) {
  const AwsEnvironment environment({});
  NativeChannelWorld none("sns", "{topic_arn: t}");
  none.Deliver({Fires()});
  EXPECT_EQ(none.world.outcomes.at(0).kind, Kind::kGiveUp);
  EXPECT_THAT(none.world.outcomes.at(0).reason, HasSubstr("there are no credentials"));
  NativeChannelWorld nowhere("sns", "{topic_arn: t, sigv4: {access_key: a, secret_key: s3cret}}");
  nowhere.Deliver({Fires()});
  EXPECT_THAT(nowhere.world.outcomes.at(0).reason, HasSubstr("give sigv4.region"));
  EXPECT_THAT(nowhere.world.outcomes.at(0).reason, Not(HasSubstr("s3cret")));
  EXPECT_EQ(none.world.http.sent() + nowhere.world.http.sent(), 0U);
}

TEST(SnsChannel, ReadsItsSecretForEachMessage) {
  const testing::TempDir dir;
  const std::string file = dir.path() + "/secret";
  NativeChannelWorld sns("sns",
                         "{topic_arn: 'arn:aws:sns:eu-central-1:1:ops', sigv4: {region: "
                         "eu-central-1, access_key: AKID, secret_key_file: " +
                             file + "}}");
  sns.Deliver({Fires()});
  EXPECT_EQ(sns.world.http.sent(), 0U);
  EXPECT_THAT(sns.world.outcomes.at(0).reason, StartsWith("sns: sigv4.secret_key_file: "));
  std::ofstream(file) << "wJalrXUtnFEMI\n";
  EXPECT_THAT(
      HeaderOf(sns.Deliver({Fires()}), "Authorization"),
      HasSubstr("Signature=839f7312d71b3937a0bfdd54e1d9bb15be0d2fe0e73634359eb655c3684d33ab"));
}

TEST(SnsChannel, PublishesWithTheKeysOfTheMachine) {
  const AwsEnvironment environment({{"AWS_EC2_METADATA_DISABLED", "false"},
                                    {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://imds.test"},
                                    {"AWS_REGION", "us-west-2"}});
  NativeChannelWorld sns("sns", "{topic_arn: t}");
  testing::FakeHttpClient& http = sns.world.http;
  EXPECT_EQ(sns.Deliver({Fires()}).url, "http://imds.test/latest/api/token");
  http.Answer(0, 200, "t0ken");
  http.Answer(1, 200, "ops");
  http.Answer(2, 200, LentAnswer("ASIAHOST", "2024-05-01T11:00:00Z"));
  EXPECT_EQ(http.request(3).url, "https://sns.us-west-2.amazonaws.com/");
  EXPECT_THAT(HeaderOf(http.request(3), "Authorization"), HasSubstr("Credential=ASIAHOST/"));
  http.Answer(3, 200);
  EXPECT_EQ(sns.world.outcomes.at(0).kind, Kind::kDelivered);
}

TEST(SnsChannel, TakesARoleOfItsSettings) {
  const AwsEnvironment environment({});
  NativeChannelWorld sns("sns",
                         "{topic_arn: t, sigv4: {region: us-east-1, access_key: a, secret_key: s, "
                         "role_arn: 'arn:role', external_id: e, use_fips_sts_endpoint: true}}");
  const HttpClientRequest assume = sns.Deliver({Fires()});
  EXPECT_EQ(assume.url, "https://sts-fips.us-east-1.amazonaws.com/");
  EXPECT_EQ(Parameter(assume.body, "RoleArn"), "arn:role");
  EXPECT_EQ(Parameter(assume.body, "ExternalId"), "e");
  sns.world.http.Answer(0, 403);
}

TEST(SnsChannel, TellsAwssWordForWhatIsWrong) {
  NativeChannelWorld sns("sns", kSns);
  const Outcome refused = sns.OutcomeOf(
      403, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>");
  EXPECT_EQ(refused.kind, Kind::kGiveUp);
  EXPECT_EQ(refused.reason, "HTTP status 403 (SignatureDoesNotMatch)");
}

TEST(SnsChannel, StaysWithinTheLimitsWhateverTheAlertHolds) {
  for (const char* keys : {kSns, kPhone}) {
    NativeChannelWorld sns("sns", keys);
    for (const char* filler : kFillers) {
      for (const auto& alert : {Huge(filler), HugeOver(filler)}) {
        const std::string body = sns.Deliver(AboutHuge(alert, filler)).body;
        const std::string message = Parameter(body, "Message");
        EXPECT_TRUE(IsValidUtf8(message));
        EXPECT_FALSE(message.empty());
        EXPECT_THAT(message, Not(HasSubstr("\x01")));
        EXPECT_LE(message.size(), keys == kSns ? 262'144U : 1600U);
        const std::string subject = Parameter(body, "Subject");
        EXPECT_LT(Runes(subject), 100U);
        EXPECT_THAT(subject, Not(AnyOf(HasSubstr("\n"), HasSubstr("\x01"))));
        EXPECT_EQ(Parameter(body, "Action"), "Publish");
      }
    }
  }
}

}  // namespace
}  // namespace tocsin::receivers
