#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/group_key.h"
#include "base/text.h"
#include "receivers/channels/aws_signature.h"
#include "receivers/channels/vendor_list.h"
#include "tests/unit/config/alertmanager_loading.h"
#include "tests/unit/receivers/aws_environment.h"
#include "tests/unit/receivers/aws_samples.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = Outcome::Kind;

constexpr char kAccess[] =
    "sigv4: {region: eu-central-1, access_key: AKID, secret_key: wJalrXUtnFEMI}";

std::string SnsItemWith(const std::string& keys) {
  return std::string("{") + kAccess + ", " + keys + "}";
}

std::string SnsBodyOf(const std::string& keys) {
  VendorWorld sns("sns_configs", SnsItemWith(keys));
  return sns.DeliverFiring().body;
}

// Why a receiver with these keys sends nothing.
std::string SnsRefusal(const std::string& item) {
  VendorWorld sns("sns_configs", item);
  sns.DeliverFiring();
  return sns.http.sent() > 0 ? "" : sns.reason();
}

constexpr char kFiringMessage[] =
    "98%\n\nAlerts Firing:\nLabels:\n - alertname = DiskFull\n - job = node\nAnnotations:\n"
    " - summary = 98%\nSource: http://p/graph?g0.expr=a>1&g0.tab=1\n\n\n\n";
constexpr char kResolvedMessage[] =
    "98%\n\n\nAlerts Resolved:\nLabels:\n - alertname = DiskFull\n - job = node\nAnnotations:\n"
    " - summary = 98%\nSource: http://p/graph?g0.expr=a>1&g0.tab=1\n\n\n";

TEST(GroupSns, PublishesAlertmanagersDefaultMessage) {
  VendorWorld sns("sns_configs", SnsItemWith("topic_arn: 'arn:aws:sns:eu-central-1:1:ops'"));
  const HttpClientRequest request = sns.DeliverFiring();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://sns.eu-central-1.amazonaws.com/");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(request.body, "Action=Publish&Message=" + PercentEncode(kFiringMessage) +
                              "&Subject=%5BFIRING%3A1%5D%20DiskFull%20%28node%29"
                              "&TopicArn=arn%3Aaws%3Asns%3Aeu-central-1%3A1%3Aops"
                              "&Version=2010-03-31");
  EXPECT_TRUE(sns.send_resolved);
}

TEST(GroupSns, PublishesThatAllIsOver) {
  VendorWorld sns("sns_configs", SnsItemWith("target_arn: t"));
  EXPECT_EQ(sns.DeliverResolved().body,
            "Action=Publish&Message=" + PercentEncode(kResolvedMessage) +
                "&Subject=%5BRESOLVED%5D%20DiskFull%20%28node%29&TargetArn=t&Version=2010-03-31");
}

TEST(GroupSns, SendsEveryKey) {
  VendorWorld sns("sns_configs", SnsItemWith(R"(
    api_url: 'http://sns.example/{{ .Status }}', phone_number: '+49{{ len .Alerts }}',
    subject: 's {{ .Status }}', message: 'm {{ .Status }}', use_aws_http_client: true,
    attributes: {zone: 'z {{ .Status }}', '{{ .Status }}': v})"));
  const HttpClientRequest request = sns.DeliverFiring();
  EXPECT_EQ(request.url, "http://sns.example/firing");
  EXPECT_EQ(request.body,
            "Action=Publish&Message=m%20firing"
            "&MessageAttributes.entry.1.Name=firing"
            "&MessageAttributes.entry.1.Value.DataType=String"
            "&MessageAttributes.entry.1.Value.StringValue=v"
            "&MessageAttributes.entry.2.Name=zone"
            "&MessageAttributes.entry.2.Value.DataType=String"
            "&MessageAttributes.entry.2.Value.StringValue=z%20firing"
            "&PhoneNumber=%2B491&Subject=s%20firing&Version=2010-03-31");
}

TEST(GroupSns, SignsTheRequestWithTheKeysOfTheSettings) {
  VendorWorld sns("sns_configs", SnsItemWith("topic_arn: t"));
  const HttpClientRequest request = sns.DeliverFiring();
  EXPECT_EQ(HeaderOf(request, "X-Amz-Date"), "20240501T100000Z");
  HttpClientRequest again;
  again.method = "POST";
  again.url = request.url;
  again.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  again.body = request.body;
  SignAwsRequest({"AKID", Secret("wJalrXUtnFEMI"), Secret()}, {"eu-central-1", "sns"},
                 sns.world.clock.Now(), &again);
  EXPECT_EQ(HeaderOf(request, "Authorization"), HeaderOf(again, "Authorization"));
  EXPECT_EQ(HeaderOf(request, "X-Amz-Security-Token"), "");
}

TEST(GroupSns, TakesKeysAndRegionFromTheEnvironment) {
  const AwsEnvironment environment({{"AWS_ACCESS_KEY_ID", "ENVKEY"},
                                    {"AWS_SECRET_ACCESS_KEY", "envsecret"},
                                    {"AWS_SESSION_TOKEN", "session"},
                                    {"AWS_REGION", "us-west-2"}});
  VendorWorld sns("sns_configs", "{topic_arn: t}");
  const HttpClientRequest request = sns.DeliverFiring();
  EXPECT_EQ(request.url, "https://sns.us-west-2.amazonaws.com/");
  EXPECT_EQ(HeaderOf(request, "X-Amz-Security-Token"), "session");
  EXPECT_THAT(HeaderOf(request, "Authorization"),
              StartsWith("AWS4-HMAC-SHA256 Credential=ENVKEY/"));
  EXPECT_THAT(HeaderOf(request, "Authorization"), HasSubstr("/us-west-2/sns/aws4_request, "));
  EXPECT_THAT(HeaderOf(request, "Authorization"), Not(HasSubstr("envsecret")));
  // Those of the settings win, and are of no session.
  VendorWorld own("sns_configs", SnsItemWith("topic_arn: t"));
  const HttpClientRequest with_own = own.DeliverFiring();
  EXPECT_EQ(with_own.url, "https://sns.eu-central-1.amazonaws.com/");
  EXPECT_EQ(HeaderOf(with_own, "X-Amz-Security-Token"), "");
}

TEST(GroupSns, KnowsTheEndpointsInChina) {
  VendorWorld sns("sns_configs",
                  "{topic_arn: t, sigv4: {region: cn-north-1, access_key: a, secret_key: b}}");
  EXPECT_EQ(sns.DeliverFiring().url, "https://sns.cn-north-1.amazonaws.com.cn/");
}

TEST(GroupSns, SaysWhatItNeedsWhereThereAreNoCredentials) {
  const AwsEnvironment environment({});
  EXPECT_EQ(SnsRefusal("{topic_arn: t, sigv4: {region: r, access_key: a, secret_key: b}}"), "");
  EXPECT_THAT(SnsRefusal("{topic_arn: t, sigv4: {region: r}}"),
              AllOf(StartsWith("sns: there are no credentials in sigv4.access_key, "),
                    HasSubstr("give sigv4.access_key and sigv4.secret_key")));
  EXPECT_THAT(SnsRefusal("{topic_arn: t, sigv4: {access_key: a, secret_key: b}}"),
              HasSubstr("give sigv4.region, or set AWS_REGION"));
  EXPECT_THAT(
      SnsRefusal("{topic_arn: t, sigv4: {region: 'r.evil/', access_key: a, secret_key: b}}"),
      HasSubstr("is no region"));
  EXPECT_THAT(SnsRefusal("{topic_arn: t, sigv4: {region: r, profile: ops}}"),
              HasSubstr("there is no profile \"ops\" of /nowhere/config"));
}

TEST(GroupSns, PublishesWithTheRoleThatTheSettingsName) {
  const AwsEnvironment environment({});
  VendorWorld sns("sns_configs",
                  "{topic_arn: t, sigv4: {region: eu-central-1, access_key: AKID, secret_key: s, "
                  "role_arn: 'arn:role', external_id: e}}");
  const HttpClientRequest assume = sns.DeliverFiring();
  EXPECT_EQ(assume.url, "https://sts.eu-central-1.amazonaws.com/");
  EXPECT_EQ(Parameter(assume.body, "Action"), "AssumeRole");
  EXPECT_EQ(Parameter(assume.body, "RoleArn"), "arn:role");
  EXPECT_EQ(Parameter(assume.body, "ExternalId"), "e");
  sns.Answer(200, StsAnswer("ASIAROLE", "2024-05-01T11:00:00Z"));
  const HttpClientRequest publish = sns.LastRequest();
  EXPECT_EQ(publish.url, "https://sns.eu-central-1.amazonaws.com/");
  EXPECT_EQ(Parameter(publish.body, "TopicArn"), "t");
  EXPECT_THAT(HeaderOf(publish, "Authorization"), HasSubstr("Credential=ASIAROLE/20240501/"));
  EXPECT_EQ(HeaderOf(publish, "X-Amz-Security-Token"), "token-of-ASIAROLE");
  sns.Answer(200);
  EXPECT_EQ(sns.outcomes.at(0).kind, Kind::kDelivered);
  // The next one has the keys already.
  EXPECT_EQ(sns.DeliverFiring().url, "https://sns.eu-central-1.amazonaws.com/");
}

TEST(GroupSns, FailsAsTheCredentialsDo) {
  const AwsEnvironment environment({});
  VendorWorld sns("sns_configs",
                  "{topic_arn: t, sigv4: {region: r, access_key: a, secret_key: s, role_arn: x}}");
  EXPECT_EQ(sns.OutcomeOf(503).kind, Kind::kRetry);
  EXPECT_EQ(sns.OutcomeOf(403, "<Code>AccessDenied</Code>").kind, Kind::kGiveUp);
  EXPECT_EQ(sns.reason(),
            "no AWS credentials: assuming \"x\" at https://sts.r.amazonaws.com/: HTTP status 403 "
            "(AccessDenied)");
  EXPECT_EQ(sns.http.sent(), 2U);
}

constexpr char kExpired[] =
    "<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>";

TEST(GroupSns, KeysThatHaveExpiredAreReplacedWithinTheAttemptOnce) {
  const AwsEnvironment environment({});
  VendorWorld sns("sns_configs",
                  "{topic_arn: t, sigv4: {region: r, access_key: a, secret_key: s, role_arn: x}}");
  GroupNotification notification = About({Fires(DiskFull())});
  notification.flush_number = 1;
  sns.Deliver(notification);
  sns.Answer(200, StsAnswer("ONE", "2024-05-01T11:00:00Z"));
  sns.Answer(403, kExpired);
  EXPECT_TRUE(sns.outcomes.empty());
  EXPECT_EQ(Parameter(sns.LastRequest().body, "Action"), "AssumeRole");
  sns.Answer(200, StsAnswer("TWO", "2024-05-01T11:00:00Z"));
  EXPECT_THAT(HeaderOf(sns.LastRequest(), "Authorization"), HasSubstr("Credential=TWO/"));
  sns.Answer(403, kExpired);
  EXPECT_EQ(sns.http.sent(), 4U);
  EXPECT_EQ(sns.outcomes.at(0).kind, Kind::kRetry);
  EXPECT_EQ(sns.reason(), "HTTP status 403 (ExpiredToken)");
  // Of the second, too, nothing is kept.
  sns.Deliver(notification);
  EXPECT_EQ(Parameter(sns.LastRequest().body, "Action"), "AssumeRole");
  sns.Answer(403, "");
}

TEST(GroupSns, KeysOfTheEnvironmentThatHaveExpiredAreNotSentAgain) {
  const AwsEnvironment environment({{"AWS_ACCESS_KEY_ID", "ENVKEY"},
                                    {"AWS_SECRET_ACCESS_KEY", "envsecret"},
                                    {"AWS_SESSION_TOKEN", "session"},
                                    {"AWS_REGION", "us-west-2"}});
  VendorWorld sns("sns_configs", "{topic_arn: t}");
  EXPECT_EQ(sns.DurableOutcomeOf(403, kExpired).kind, Kind::kRetry);
  EXPECT_EQ(sns.http.sent(), 1U);
}

TEST(GroupSns, CutsMessagesAt256KiBAndSaysSo) {
  const auto of = [](const std::string& message) {
    return SnsBodyOf("topic_arn: t, message: '" + message + "'");
  };
  const std::string all(262144, 'a');
  EXPECT_EQ(Parameter(of(all), "Message"), all);
  EXPECT_THAT(of(all), Not(HasSubstr("truncated")));
  const std::string body = of(all + "b");
  EXPECT_EQ(Parameter(body, "Message"), all);
  EXPECT_EQ(Parameter(body, "MessageAttributes.entry.1.Name"), "truncated");
  EXPECT_EQ(Parameter(body, "MessageAttributes.entry.1.Value.DataType"), "String");
  EXPECT_EQ(Parameter(body, "MessageAttributes.entry.1.Value.StringValue"), "true");
  // A character is not split: bytes count, and "é" has two.
  EXPECT_EQ(Parameter(of(std::string(262143, 'a') + "é"), "Message"), std::string(262143, 'a'));
}

TEST(GroupSns, CutsTextMessagesAt1600CharactersWithoutAMark) {
  const auto of = [](const std::string& message) {
    return SnsBodyOf("phone_number: '+49', message: '" + message + "', attributes: {z: v}");
  };
  std::string all;
  for (int i = 0; i < 1600; ++i) all += "é";
  EXPECT_EQ(Parameter(of(all), "Message"), all);
  EXPECT_THAT(of(all), Not(HasSubstr("truncated")));
  const std::string body = of(all + "b");
  EXPECT_EQ(Parameter(body, "Message"), all);
  EXPECT_EQ(Parameter(body, "MessageAttributes.entry.1.Name"), "truncated");
  EXPECT_EQ(Parameter(body, "MessageAttributes.entry.2.Name"), "z");
}

TEST(GroupSns, SubjectsAreOneShortLine) {
  const auto of = [](const std::string& subject) {
    return SnsBodyOf("topic_arn: t, subject: \"" + subject + "\"");
  };
  EXPECT_EQ(Parameter(of(std::string(99, 'a')), "Subject"), std::string(99, 'a'));
  EXPECT_EQ(Parameter(of(std::string(100, 'a')), "Subject"), std::string(98, 'a') + "…");
  EXPECT_EQ(Parameter(of("\\n a\\nb\\t"), "Subject"), "a b");
  EXPECT_THAT(of(""), Not(HasSubstr("Subject=")));
  EXPECT_THAT(of("\\n"), Not(HasSubstr("Subject=")));
}

TEST(GroupSns, TopicsInOrderGetTheGroupAndAnIdOfTheMessage) {
  const std::string group = Sha256Hex(R"({}:{alertname="DiskFull"})");
  VendorWorld sns("sns_configs", SnsItemWith("topic_arn: ops.fifo"));
  const std::string body = sns.DeliverFiring().body;
  EXPECT_EQ(Parameter(body, "MessageGroupId"), group);
  EXPECT_EQ(Parameter(body, "MessageDeduplicationId"), group);
  EXPECT_THAT(SnsBodyOf("topic_arn: ops"), Not(HasSubstr("MessageGroupId")));
}

TEST(GroupSns, NumberedMessagesHaveIdsOfTheirOwnInTopicsInOrder) {
  VendorWorld sns("sns_configs", SnsItemWith("topic_arn: ops.fifo"));
  const auto id = [&sns](FrozenAlert alert, std::uint64_t number) {
    GroupNotification notification = About({std::move(alert)});
    notification.dedup_key = "key";
    notification.flush_number = number;
    const std::string body = sns.Deliver(notification).body;
    EXPECT_EQ(Parameter(body, "MessageGroupId"), Sha256Hex(notification.group_key));
    return Parameter(body, "MessageDeduplicationId");
  };
  const std::string first = id(Fires(DiskFull()), 1);
  EXPECT_EQ(first.size(), 64U);
  EXPECT_EQ(id(Fires(DiskFull()), 1), first);
  EXPECT_NE(id(IsOver(DiskFull()), 2), first);
  EXPECT_NE(id(Fires(DiskFull()), 3), first);
}

TEST(GroupSns, IsRetriedAsAlertmanagerDoesAndByTheOutboxMoreOften) {
  VendorWorld sns("sns_configs", SnsItemWith("topic_arn: t"));
  EXPECT_EQ(sns.OutcomeOf(200, "<PublishResponse/>").kind, Kind::kDelivered);
  EXPECT_EQ(sns.OutcomeOf(500).kind, Kind::kRetry);
  EXPECT_EQ(sns.OutcomeOf(429).kind, Kind::kGiveUp);
  EXPECT_EQ(sns.OutcomeOf(403).kind, Kind::kGiveUp);
  EXPECT_EQ(sns.DurableOutcomeOf(500).kind, Kind::kRetry);
  EXPECT_EQ(sns.DurableOutcomeOf(429).kind, Kind::kRetry);
  EXPECT_EQ(sns.DurableOutcomeOf(408).kind, Kind::kRetry);
  EXPECT_EQ(sns.DurableOutcomeOf(403).kind, Kind::kGiveUp);
}

TEST(GroupSns, TellsAwssWordForWhatIsWrong) {
  VendorWorld sns("sns_configs", SnsItemWith("topic_arn: t"));
  sns.OutcomeOf(403,
                "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>"
                "<Message>wJalrXUtnFEMI</Message></Error></ErrorResponse>");
  EXPECT_EQ(sns.reason(), "HTTP status 403 (SignatureDoesNotMatch)");
  for (const char* body : {"", "<Code>", "<Code></Code>", "<Code>a b</Code>", "<Code>\n</Code>"}) {
    sns.OutcomeOf(400, body);
    EXPECT_EQ(sns.reason(), "HTTP status 400") << body;
  }
  sns.OutcomeOf(400, "<Code>" + std::string(61, 'a') + "</Code>");
  EXPECT_EQ(sns.reason(), "HTTP status 400");
}

TEST(GroupSns, TriesAgainAfterANetworkError) {
  VendorWorld sns("sns_configs", SnsItemWith("topic_arn: t"));
  sns.DeliverFiring();
  HttpClientFailure failure;
  failure.message = "no route";
  sns.http.Fail(0, failure);
  EXPECT_EQ(sns.outcomes.at(0).kind, Kind::kRetry);
  EXPECT_EQ(sns.reason(), "no route");
}

TEST(GroupSns, GivesUpWhereATemplateFailsAndSendsNothing) {
  for (const char* keys :
       {"topic_arn: '{{ .Nothing }}'", "topic_arn: t, message: '{{ .Nothing }}'",
        "topic_arn: t, subject: '{{ .Nothing }}'", "topic_arn: t, api_url: '{{ .Nothing }}'",
        "topic_arn: t, attributes: {'{{ .Nothing }}': v}",
        "topic_arn: t, attributes: {k: '{{ .Nothing }}'}"}) {
    VendorWorld sns("sns_configs", SnsItemWith(keys));
    sns.DeliverFiring();
    EXPECT_EQ(sns.http.sent(), 0U) << keys;
    EXPECT_EQ(sns.outcomes.at(0).kind, Kind::kGiveUp) << keys;
    EXPECT_THAT(sns.reason(), HasSubstr(":1:4: ")) << keys;
  }
}

TEST(GroupSns, GivesUpWhereTheAddressIsNone) {
  for (const char* url : {"ftp://a", "http://u:p@a/", "nonsense"}) {
    VendorWorld sns("sns_configs",
                    SnsItemWith(std::string("topic_arn: t, api_url: '") + url + "'"));
    sns.DeliverFiring();
    EXPECT_EQ(sns.http.sent(), 0U) << url;
    EXPECT_EQ(sns.outcomes.at(0).kind, Kind::kGiveUp) << url;
    EXPECT_THAT(sns.reason(), StartsWith("api_url: ")) << url;
  }
}

TEST(GroupSns, HostileTextStaysText) {
  VendorWorld sns("sns_configs", SnsItemWith("topic_arn: t, message: '{{ .CommonAnnotations.x }}', "
                                             "attributes: {a: '{{ .CommonAnnotations.x }}'}"));
  PostedAlert alert = DiskFull();
  alert.annotations = {{"x", "\"&Action=Delete<script>\n+%\xff\xc3"}};
  const std::string body = sns.Deliver(About({Fires(alert)})).body;
  const std::string expected = "\"&Action=Delete<script>\n+%\xEF\xBF\xBD\xEF\xBF\xBD";
  EXPECT_EQ(Parameter(body, "Message"), expected);
  EXPECT_EQ(Parameter(body, "MessageAttributes.entry.1.Value.StringValue"), expected);
  EXPECT_EQ(Parameter(body, "Action"), "Publish");
  EXPECT_THAT(body, HasSubstr("%22%26Action%3DDelete%3Cscript%3E%0A%2B%25%EF%BF%BD%EF%BF%BD"));
}

}  // namespace
}  // namespace tocsin::receivers
