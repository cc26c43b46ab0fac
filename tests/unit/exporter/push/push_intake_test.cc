// The Pushgateway's protocol as its clients see it: routes, answers, texts, codings.
#include <string>
#include <vector>

#include "base/bytes.h"
#include "tests/unit/exporter/push/push_world.h"

namespace tocsin::intake {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kInconsistent[] =
    "pushed metrics are invalid or inconsistent with existing metrics: ";

TEST(PushIntake, AnswersAcceptedPushesWith200AndNothing) {
  PushWorld world;
  for (const char* method : {"PUT", "POST"}) {
    const http::Response response =
        world.Send(method, "/metrics/job/backup", "last_run_seconds 0.27\n");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "");
  }
  EXPECT_THAT(world.Living(), ElementsAre("last_run_seconds{job=\"backup\"} 0.27"));
  EXPECT_EQ(world.Counter("tocsin_push_requests_total", "put"), 1);
  EXPECT_EQ(world.Counter("tocsin_push_requests_total", "post"), 1);
}

TEST(PushIntake, RefusesAPushOfMoreSamplesThanTheClientMaySend) {
  PushWorld world;
  world.most_samples = 2;
  EXPECT_EQ(world.Put("/metrics/job/backup", "a 1\nb 1\n").status, 200);
  const http::Response refused = world.Put("/metrics/job/backup", "a 2\nb{x=\"1\"} 2\nb 2\n");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body, "Rate limit exceeded\n");
  EXPECT_THAT(world.asked, ElementsAre(2, 3));
  EXPECT_THAT(world.Living(), ElementsAre("a{job=\"backup\"} 1", "b{job=\"backup\"} 1"));
}

TEST(PushIntake, AnswersDeleteWith202AlsoForAnUnknownGroup) {
  PushWorld world;
  world.Put("/metrics/job/backup", "a 1\n");
  const http::Response response = world.Delete("/metrics/job/backup");
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(world.Delete("/metrics/job/backup").status, 202);
  EXPECT_EQ(world.Delete("/metrics/job/other").status, 202);
}

TEST(PushIntake, AnswersBadPathsWith400AndTheTextsThatUsersKnow) {
  PushWorld world;
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"/metrics/job/", "job name is required"},
      {"/metrics/job@base64/=", "job name is required"},
      {"/metrics/job/j/instance", "odd number of components in label string \"/instance\""},
      {"/metrics/job/j/a-b/c", "improper label name \"a-b\""},
      {"/metrics/job@base64/!!", "invalid base64 encoding in job name \"!!\": "},
      {"/metrics/job/j/a@base64/!!", "invalid base64 encoding for label a=\"!!\": "},
      {"/metrics/job/j//a/b", "empty component (//) in path"},
  };
  for (const auto& [path, text] : bad) {
    for (const char* method : {"PUT", "POST", "DELETE"}) {
      const http::Response response = world.Send(method, path, "a 1\n");
      EXPECT_EQ(response.status, 400) << method << " " << path;
      EXPECT_THAT(response.body, StartsWith(text)) << method << " " << path;
      EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
      EXPECT_EQ(response.body.find('\n'), response.body.size() - 1) << "one line";
    }
  }
  EXPECT_EQ(world.Counter("tocsin_push_requests_refused_total", "path"), 21);
  EXPECT_THAT(world.store.Families(), IsEmpty());
}

TEST(PushIntake, IsNotWedgedByABadBase64Job) {
  PushWorld world;
  EXPECT_EQ(world.Post("/metrics/job@base64/!!", "a 1\n").status, 400);
  EXPECT_EQ(world.Post("/metrics/job@base64/YQ", "a 1\n").status, 200);
  EXPECT_EQ(world.Post("/metrics/job@base64/!!", "a 1\n").status, 400);
  EXPECT_EQ(world.Post("/metrics/job@base64/YQ", "a 2\n").status, 200);
}

TEST(PushIntake, IsNotWedgedByAnyRefusedPush) {
  PushWorld world;
  EXPECT_EQ(world.Put("/metrics/job/j", "a\n").status, 400);
  EXPECT_EQ(world.Put("/metrics/job/j", "a 1\na 2\n").status, 400);
  EXPECT_EQ(world.Put("/metrics/job/j", "a 1\n", {{"Content-Encoding", "br"}}).status, 415);
  EXPECT_EQ(world.Put("/metrics/job/j", "a 1\n").status, 200);
}

TEST(PushIntake, TakesAnEscapedSlashInAValueForData) {
  PushWorld world;
  EXPECT_EQ(world.Put("/metrics/job/a%2Fb/path/%2e%2e%2fetc", "a 1\n").status, 200);
  EXPECT_EQ(world.Put("/metrics/job@base64/YS9i/path/..%2Fetc", "a 2\n").status, 200);
  EXPECT_THAT(world.Living(), ElementsAre("a{job=\"a/b\", path=\"../etc\"} 2"));
}

TEST(PushIntake, KeepsAPlusSignOfThePath) {
  PushWorld world;
  world.Put("/metrics/job/a+b", "a 1\n");
  EXPECT_THAT(world.Living(), ElementsAre("a{job=\"a+b\"} 1"));
}

TEST(PushIntake, TellsTheLineOfASyntaxErrorAndTouchesNoGroup) {
  PushWorld world;
  const http::Response response = world.Put("/metrics/job/j", "a 1\nb one\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, StartsWith("text format parsing error in line 2: "));
  EXPECT_EQ(response.body.find('\n'), response.body.size() - 1);
  EXPECT_EQ(world.Counter("tocsin_push_requests_refused_total", "syntax"), 1);
  EXPECT_THAT(world.store.Families(), IsEmpty());
  EXPECT_EQ(world.sink.batches(), 0U);
}

TEST(PushIntake, TellsAMissingFinalNewline) {
  PushWorld world;
  EXPECT_THAT(world.Put("/metrics/job/j", "a 1").body,
              StartsWith("text format parsing error in line 1: unexpected end of input"));
}

TEST(PushIntake, TakesAnyContentTypeButProtobufForText) {
  PushWorld world;
  for (const char* type : {"", "text/plain; version=0.0.4; charset=utf-8", "application/json",
                           "application/x-www-form-urlencoded", "application/openmetrics-text"}) {
    EXPECT_EQ(world.Put("/metrics/job/j", "a 1\n", {{"Content-Type", type}}).status, 200) << type;
  }
  const http::Response response =
      world.Put("/metrics/job/j",
                "\x05\x0a\x01"
                "a",
                {{"Content-Type",
                  "Application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
                  "encoding=delimited"}});
  EXPECT_EQ(response.status, 415);
  EXPECT_THAT(response.body, HasSubstr("text format"));
  EXPECT_EQ(world.Counter("tocsin_push_requests_refused_total", "content_type"), 1);
}

TEST(PushIntake, UnpacksGzipAndRefusesOtherCodings) {
  PushWorld world;
  EXPECT_EQ(
      world.Put("/metrics/job/j", GzipCompress("a 1\n"), {{"content-encoding", "GZIP"}}).status,
      200);
  EXPECT_THAT(world.Living(), ElementsAre("a{job=\"j\"} 1"));
  EXPECT_EQ(world.Put("/metrics/job/j", "a 2\n", {{"Content-Encoding", "identity"}}).status, 200);
  EXPECT_THAT(world.Living(), ElementsAre("a{job=\"j\"} 2"));
  for (const char* coding : {"snappy", "br", "gzip, gzip", "deflate"}) {
    const http::Response response =
        world.Put("/metrics/job/j", "a 3\n", {{"Content-Encoding", coding}});
    EXPECT_EQ(response.status, 415) << coding;
    EXPECT_THAT(response.body, HasSubstr("send gzip or identity"));
  }
  const http::Response broken =
      world.Put("/metrics/job/j", "a 4\n", {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(broken.status, 400);
  EXPECT_THAT(broken.body, HasSubstr("gzip"));
  EXPECT_THAT(world.Living(), ElementsAre("a{job=\"j\"} 2"));
  EXPECT_EQ(world.Counter("tocsin_push_requests_refused_total", "encoding"), 5);
}

TEST(PushIntake, StopsAGzipBombAtTheLimitOfTheBody) {
  PushWorld world;
  const std::string bomb = GzipCompress(std::string(17 << 20, '\n'), 9);
  const http::Response response = world.Put("/metrics/job/j", bomb, {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(response.status, 413);
  EXPECT_THAT(response.body, HasSubstr("16777216"));
  EXPECT_EQ(world.Counter("tocsin_push_requests_refused_total", "too_large"), 1);
}

TEST(PushIntake, TakesOffOneLevelOfGzipOnly) {
  PushWorld world;
  const std::string twice = GzipCompress(GzipCompress("a 1\n"));
  const http::Response response =
      world.Put("/metrics/job/j", twice, {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, StartsWith("text format parsing error in line 1: "));
}

TEST(PushIntake, LimitsTheBodyOfEachRoute) {
  PushWorld world;
  const std::vector<http::Route> routes = world.intake.Routes();
  EXPECT_EQ(routes.size(), 6U);
  for (const http::Route& route : routes) EXPECT_EQ(route.max_body, 16U << 20);
}

TEST(PushIntake, RefusesLabelBombsByTheNameAndValueOfTheLimit) {
  PushWorld world;
  std::string bomb = "a{";
  for (int i = 0; i < 10'000; ++i) bomb += "l" + std::to_string(i) + "=\"v\",";
  const http::Response many = world.Put("/metrics/job/j", bomb + "} 1\n");
  EXPECT_EQ(many.status, 400);
  EXPECT_THAT(many.body, HasSubstr("labels_per_sample (64)"));
  const http::Response large =
      world.Put("/metrics/job/j", "a{x=\"" + std::string(1 << 20, 'v') + "\"} 1\n");
  EXPECT_EQ(large.status, 400);
  EXPECT_THAT(large.body, HasSubstr("label_value_bytes (16384)"));
  EXPECT_EQ(world.Counter("tocsin_push_requests_refused_total", "limit"), 2);
}

TEST(PushIntake, CountsGroupingLabelsAmongThoseOfASample) {
  PushWorld world;
  std::string labels;
  for (int i = 0; i < 63; ++i) labels += "l" + std::to_string(i) + "=\"v\",";
  EXPECT_EQ(world.Put("/metrics/job/j", "a{" + labels + "} 1\n").status, 200);
  const http::Response response = world.Put("/metrics/job/j/instance/i", "a{" + labels + "} 1\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("labels_per_sample (64)"));
}

TEST(PushIntake, RefusesTimestamps) {
  PushWorld world;
  const http::Response response = world.Put("/metrics/job/j", "a 1\nb 2 1700000000000\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            std::string(kInconsistent) + "pushed metrics must not have timestamps\n");
  EXPECT_EQ(world.Counter("tocsin_push_requests_refused_total", "inconsistent"), 1);
}

TEST(PushIntake, RefusesReservedLabelNamesOfTheBody) {
  PushWorld world;
  const http::Response response = world.Put("/metrics/job/j", "a{__x=\"1\"} 1\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, StartsWith(kInconsistent));
  EXPECT_THAT(response.body, HasSubstr("invalid name: __x"));
}

// --- the consistency check ---

TEST(PushIntake, RefusesTheSameSeriesTwiceInABody) {
  PushWorld world;
  const http::Response response = world.Put("/metrics/job/j", "a{x=\"1\"} 1\na{x=\"1\"} 2\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            std::string(kInconsistent) +
                "collected metric \"a\" {instance=\"\",job=\"j\",x=\"1\"} was collected "
                "before with the same name and label values\n");
}

TEST(PushIntake, RefusesSeriesThatGroupingLabelsMakeTheSame) {
  PushWorld world;
  EXPECT_EQ(world.Put("/metrics/job/j", "a{job=\"x\"} 1\na{job=\"y\"} 2\n").status, 400);
}

TEST(PushIntake, RefusesASeriesThatAnotherGroupHolds) {
  PushWorld world;
  EXPECT_EQ(world.Put("/metrics/job/j", "a{instance=\"i\"} 1\n").status, 200);
  const http::Response response = world.Put("/metrics/job/j/instance/i", "a 2\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("was collected before with the same name and label values"));
  EXPECT_THAT(world.Living(), ElementsAre("a{instance=\"i\", job=\"j\"} 1"));
  // Once the holder lets go, the other may have it.
  EXPECT_EQ(world.Put("/metrics/job/j", "").status, 200);
  EXPECT_EQ(world.Put("/metrics/job/j/instance/i", "a 2\n").status, 200);
}

TEST(PushIntake, KeepsASeriesForTheGroupThatPushesItAgainAndAgain) {
  PushWorld world;
  for (const char* method : {"PUT", "POST", "PUT"}) {
    EXPECT_EQ(world.Send(method, "/metrics/job/j", "a{instance=\"i\"} 1\n").status, 200);
    EXPECT_EQ(world.Put("/metrics/job/j/instance/i", "a 2\n").status, 400) << method;
  }
  world.Delete("/metrics/job/j");
  EXPECT_EQ(world.Put("/metrics/job/j/instance/i", "a 2\n").status, 200);
}

TEST(PushIntake, RefusesATypeThatDiffersFromAnotherGroups) {
  PushWorld world;
  EXPECT_EQ(world.Put("/metrics/job/j", "# TYPE a counter\na 1\n").status, 200);
  const http::Response response = world.Put("/metrics/job/k", "# TYPE a gauge\na 1\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            std::string(kInconsistent) +
                "collected metric \"a\" {instance=\"\",job=\"k\"} is not a COUNTER\n");
}

TEST(PushIntake, TakesAnotherTypeFromTheOnlyHolder) {
  PushWorld world;
  EXPECT_EQ(world.Put("/metrics/job/j", "# TYPE a counter\na 1\n").status, 200);
  EXPECT_EQ(world.Put("/metrics/job/j", "# TYPE a gauge\na 1\n").status, 200);
  EXPECT_EQ(world.Post("/metrics/job/j", "# TYPE a counter\na 1\n").status, 200);
  EXPECT_EQ(world.Put("/metrics/job/k", "# TYPE a counter\na 1\n").status, 200);
  EXPECT_EQ(world.Put("/metrics/job/j", "# TYPE a gauge\na 1\n").status, 400);
}

TEST(PushIntake, TakesAnotherHelpTextAndSaysSoOnce) {
  PushWorld world;
  EXPECT_EQ(world.Put("/metrics/job/j", "# HELP a One.\na 1\n").status, 200);
  EXPECT_EQ(world.Put("/metrics/job/j", "# HELP a Changed.\na 1\n").status, 200);
  EXPECT_THAT(world.log.lines(), IsEmpty()) << "the only holder may change its mind";
  EXPECT_EQ(world.Put("/metrics/job/k", "# HELP a Other.\na 1\n").status, 200);
  EXPECT_EQ(world.Put("/metrics/job/k", "# HELP a Other.\na 2\n").status, 200);
  EXPECT_THAT(world.log.lines(), ElementsAre(HasSubstr("help text differs")));
  EXPECT_THAT(world.Page(), HasSubstr("# HELP a Changed.\n"));
}

TEST(PushIntake, LetsPushesStandBesideOwnMetricsOfTheSameType) {
  PushWorld world;
  EXPECT_EQ(world.Put("/metrics/job/j", "# TYPE own_gauge gauge\nown_gauge 1\n").status, 200);
  const http::Response response =
      world.Put("/metrics/job/j", "# TYPE own_gauge counter\nown_gauge 1\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("is not a GAUGE"));
}

TEST(PushIntake, TakesSeriesOfAFamilyWithDifferentLabelNames) {
  PushWorld world;
  EXPECT_EQ(world.Put("/metrics/job/j", "a{x=\"1\"} 1\na{y=\"1\"} 2\na 3\n").status, 200);
  EXPECT_EQ(world.Living().size(), 3U);
}

TEST(PushIntake, RefusesNamesThatArePartsOfAHistogram) {
  PushWorld world;
  const std::string histogram = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n";
  EXPECT_EQ(world.Put("/metrics/job/j", histogram).status, 200);
  for (const char* part : {"h_bucket", "h_sum", "h_count"}) {
    EXPECT_EQ(world.Put("/metrics/job/k", std::string(part) + " 1\n").status, 400) << part;
  }
  EXPECT_EQ(world.Put("/metrics/job/k", "h_max 1\n").status, 200);
  EXPECT_EQ(world.Put("/metrics/job/j", "s_count 1\n").status, 200);
  EXPECT_EQ(world.Put("/metrics/job/l", "# TYPE s summary\ns_sum 1\n").status, 400);
  EXPECT_EQ(
      world.Put("/metrics/job/l", histogram + "# TYPE h_sum gauge\nh_sum{x=\"1\"} 1\n").status,
      400);
}

TEST(PushIntake, JudgesTheDuplicatesOfAFamilyThatAPostReplaces) {
  PushWorld world;
  EXPECT_EQ(world.Put("/metrics/job/j", "a{x=\"1\"} 1\nb 1\n").status, 200);
  EXPECT_EQ(world.Post("/metrics/job/j", "a{x=\"1\"} 2\na{x=\"2\"} 3\n").status, 200);
  EXPECT_THAT(world.Living(),
              ElementsAre("a{job=\"j\", x=\"1\"} 2", "a{job=\"j\", x=\"2\"} 3", "b{job=\"j\"} 1"));
}

TEST(PushIntake, SurvivesAHundredThousandFamiliesInOnePush) {
  PushWorld world;
  std::string body;
  for (int i = 0; i < 100'000; ++i) body += "metric_" + std::to_string(i) + " 1\n";
  EXPECT_EQ(world.Put("/metrics/job/j", body).status, 200);
  EXPECT_EQ(world.Put("/metrics/job/j", body).status, 200);
  const http::Response response = world.Put("/metrics/job/k", body + "one_more 1\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("series_per_group (100000)"));
}

}  // namespace
}  // namespace tocsin::intake
