// The contract of POST /metrics and /metrics/batch: what is taken, and every answer.
#include "exporter/intake/json_metrics.h"

#include <fmt/format.h>

#include "tests/unit/exporter/json/json_world.h"

namespace tocsin::intake {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

nlohmann::json J(const char* text) { return nlohmann::json::parse(text); }

// The one fault of an answer to a single metric.
nlohmann::json FaultOf(const std::string& body) {
  JsonWorld world;
  const http::Response response = world.One(body);
  EXPECT_EQ(response.status, 422) << response.body;
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_THAT(world.Stored(), IsEmpty());
  const nlohmann::json detail = Parsed(response).at("detail");
  EXPECT_THAT(detail, SizeIs(1)) << response.body;
  return detail.at(0);
}

// The series a metadata text makes of metric "m", or the answer's body.
std::string SeriesOf(const std::string& metadata) {
  JsonWorld world;
  const http::Response response =
      world.One(R"({"metric_name":"m","value":1,"metadata":)" + metadata + "}");
  if (response.status != 200) return response.body;
  return world.sink.appended().at(0).labels.ToString();
}

// ---- what is taken

TEST(JsonMetrics, TakesAMetricWithItsMetadataAsLabels) {
  JsonWorld world;
  const http::Response response = world.One(
      R"({"metric_name":"cpu","value":85.5,"timestamp":null,"metadata":{"host":"web-1","dc":"eu"}})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"message":"Metric submitted successfully"})");
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_THAT(world.Stored(), ElementsAre(R"(cpu{dc="eu", host="web-1"} 85.5)"));
  EXPECT_EQ(world.sink.appended().at(0).origin, Origin::kJson);
  EXPECT_EQ(world.sink.appended().at(0).sample.timestamp, world.clock.Now());
}

TEST(JsonMetrics, AreServedBelowBothMounts) {
  JsonWorld world;
  for (const char* mount : {"/alerting", "/api/v1/alerting"}) {
    EXPECT_EQ(
        world.Send(std::string(mount) + "/metrics", R"({"metric_name":"a","value":1})").status,
        200);
    EXPECT_EQ(world.Send(std::string(mount) + "/metrics/batch", "[]").status, 200);
  }
}

TEST(JsonMetrics, AreTakenWhateverTheContentTypeSays) {
  JsonWorld world;
  EXPECT_EQ(world
                .One(R"({"metric_name":"a","value":1})",
                     {{"Content-Type", "application/x-www-form-urlencoded"}})
                .status,
            200);
}

TEST(JsonMetrics, IgnoreFieldsNobodyKnows) {
  JsonWorld world;
  EXPECT_EQ(
      world.One(R"({"x":[1,{"y":null}],"metric_name":"a","z":"\u00e9","value":1,"w":true})").status,
      200);
  EXPECT_THAT(world.Stored(), ElementsAre("a 1"));
}

TEST(JsonMetrics, OfARepeatedFieldTheFirstCounts) {
  JsonWorld world;
  EXPECT_EQ(world
                .One(R"({"metric_name":"a","value":1,"value":"x","metric_name":"b",)"
                     R"("metadata":{"k":"1","k":"2"},"metadata":5})")
                .status,
            200);
  EXPECT_THAT(world.Stored(), ElementsAre(R"(a{k="1"} 1)"));
}

TEST(JsonMetrics, ReadKeysWithEscapes) {
  JsonWorld world;
  EXPECT_EQ(world.One(R"({"metric\u005fname":"a","val\u0075e":2})").status, 200);
  EXPECT_THAT(world.Stored(), ElementsAre("a 2"));
}

TEST(JsonMetrics, TakeNumbersInStrings) {
  for (const auto& [text, value] : std::vector<std::pair<std::string, double>>{
           {R"("85.5")", 85.5},
           {R"("-1e3")", -1000},
           {R"(" 7 ")", 7},
           {R"("+5")", 5},
           {"-0.25", -0.25},
           {"12345678901234567890", 12345678901234567890.0}}) {
    JsonWorld world;
    EXPECT_EQ(world.One(R"({"metric_name":"a","value":)" + text + "}").status, 200) << text;
    EXPECT_EQ(world.sink.appended().at(0).sample.value, value) << text;
  }
}

TEST(JsonMetrics, TakeABodyThatHasNoSpareCapacityBehindIt) {
  JsonWorld world;
  http::Request request;
  request.body = R"({"metric_name":"a","value":1})";
  request.body.shrink_to_fit();
  EXPECT_EQ(world.intake.Routes().at(0).handler(request).status, 200);
  EXPECT_THAT(world.Stored(), ElementsAre("a 1"));
}

// ---- names

TEST(JsonMetrics, MapDottedNamesAndKeepTheSpelling) {
  JsonWorld world;
  EXPECT_EQ(world.One(R"({"metric_name":"system.cpu.usage","value":1})").status, 200);
  EXPECT_THAT(world.Stored(), ElementsAre("system_cpu_usage 1"));
  ASSERT_TRUE(world.sink.Metadata("system_cpu_usage").has_value());
  EXPECT_EQ(world.sink.Metadata("system_cpu_usage")->original_name, "system.cpu.usage");
}

TEST(JsonMetrics, SayNothingAboutNamesThatNeedNoMapping) {
  JsonWorld world;
  world.One(R"({"metric_name":"system_cpu:usage","value":1})");
  EXPECT_THAT(world.Stored(), ElementsAre("system_cpu:usage 1"));
  EXPECT_FALSE(world.sink.Metadata("system_cpu:usage").has_value());
}

TEST(JsonMetrics, TellASpellingOnceAnHour) {
  JsonWorld world;
  const std::string body = R"({"metric_name":"a.b","value":1})";
  world.One(body);
  EXPECT_EQ(world.sink.batches(), 2U);  // the sample, then the name
  world.clock.Advance(std::chrono::seconds(1));
  world.One(body);
  EXPECT_EQ(world.sink.batches(), 3U);
  world.clock.Advance(std::chrono::hours(1));
  world.One(body);
  EXPECT_EQ(world.sink.batches(), 5U);
}

TEST(JsonMetrics, DoNotTellTheSpellingOfARefusedSample) {
  JsonWorld world;
  world.sink.TakeName(Labels{{kMetricNameLabel, "a_b"}});
  world.One(R"({"metric_name":"a.b","value":1})");
  EXPECT_FALSE(world.sink.Metadata("a_b").has_value());
}

TEST(JsonMetrics, CountANamesCharactersNotItsBytes) {
  std::string name;
  for (int i = 0; i < 255; ++i) name += "é";
  JsonWorld world;
  EXPECT_EQ(world.One(R"({"metric_name":")" + name + R"(","value":1})").status, 200);
  EXPECT_EQ(FaultOf(R"({"metric_name":")" + name + R"(é","value":1})"),
            J(R"({"loc":["body","metric_name"],"type":"value_error.any_str.max_length",
                  "msg":"ensure this value has at most 255 characters","ctx":{"limit_value":255}})"));
}

// ---- times

TEST(JsonMetrics, HonourTheirTimestamp) {
  // The clock stands at 2023-11-14T22:13:20Z.
  const std::int64_t now = 1'700'000'000'000;
  for (const auto& [text, millis] : std::vector<std::pair<std::string, std::int64_t>>{
           {R"("2023-11-14T22:13:19Z")", now - 1000},
           {R"("2023-11-14T22:13:19.123456Z")", now - 877},
           {R"("2023-11-14T22:13:19")", now - 1000},
           {R"("2023-11-14T23:13:19+01:00")", now - 1000},
           {"1699999999", now - 1000},
           {"1699999999.5", now - 500},
           {"1699999999000", now - 1000},
           {"null", now},
           {"1699996400", now - 3'600'000},
           {"1700000300", now + 300'000}}) {
    JsonWorld world;
    EXPECT_EQ(world.One(R"({"metric_name":"a","value":1,"timestamp":)" + text + "}").status, 200)
        << text;
    EXPECT_EQ(ToUnixMillis(world.sink.appended().at(0).sample.timestamp), millis) << text;
  }
}

TEST(JsonMetrics, RefuseTimestampsOutsideTheWindow) {
  for (const char* text :
       {"1699996399", "1700000301", "0", "-5", "1e300", "-1e300", "1699996399000",
        R"("2023-11-14T21:13:19Z")", R"("9999-12-31T23:59:59Z")"}) {
    const nlohmann::json fault =
        FaultOf(fmt::format(R"({{"metric_name":"a","value":1,"timestamp":{}}})", text));
    EXPECT_EQ(fault.at("loc"), J(R"(["body","timestamp"])")) << text;
    EXPECT_EQ(fault.at("type"), "value_error.datetime.out_of_window") << text;
    EXPECT_THAT(fault.at("msg"),
                HasSubstr("between 2023-11-14T21:13:20Z and 2023-11-14T22:18:20Z"));
  }
}

TEST(JsonMetrics, AreJudgedByTheWindowAsItIsNow) {
  JsonWorld world;
  const auto submit = [&world](Duration ahead) {
    return world
        .One(fmt::format(R"({{"metric_name":"a{0}","value":1,"timestamp":{0}}})",
                         ToUnixMillis(world.clock.Now() + ahead)))
        .status;
  };
  EXPECT_EQ(submit(-std::chrono::hours(2)), 422);
  EXPECT_EQ(submit(std::chrono::minutes(4)), 200);
  world.window = {std::chrono::hours(3), std::chrono::minutes(1)};
  EXPECT_EQ(submit(-std::chrono::hours(2)), 200);
  EXPECT_EQ(submit(-std::chrono::hours(3) - Duration(1)), 422);
  EXPECT_EQ(submit(std::chrono::minutes(1)), 200);
  EXPECT_EQ(submit(std::chrono::minutes(1) + Duration(1)), 422);
  const http::Response batch =
      world.Batch(fmt::format(R"([{{"metric_name":"b","value":1,"timestamp":{}}}])",
                              ToUnixMillis(world.clock.Now() + std::chrono::minutes(2))));
  EXPECT_EQ(batch.status, 422);
  EXPECT_THAT(batch.body, HasSubstr("at most 3h in the past and 1m in the future"));
}

TEST(JsonMetrics, RefuseWhatIsNoTimestamp) {
  for (const char* text : {R"("yesterday")", R"("")", R"("2023-02-30T00:00:00Z")", "true", "[]",
                           "{}", "NaN", "1e400", R"("1699999999")"}) {
    EXPECT_EQ(FaultOf(fmt::format(R"({{"metric_name":"a","value":1,"timestamp":{}}})", text)),
              J(R"({"loc":["body","timestamp"],"msg":"invalid datetime format",
                    "type":"value_error.datetime"})"))
        << text;
  }
}

// ---- metadata

TEST(JsonMetrics, TurnNumbersAndBooleansInMetadataIntoText) {
  EXPECT_EQ(
      SeriesOf(R"({"port":8080,"ratio":1.50,"up":true,"down":false,"big":12345678901234567890})"),
      R"(m{big="12345678901234567890", down="false", port="8080", ratio="1.50", up="true"})");
}

TEST(JsonMetrics, DropMetadataThatAreNull) {
  EXPECT_EQ(SeriesOf(R"({"a":null,"b":"x"})"), R"(m{b="x"})");
  EXPECT_EQ(SeriesOf("null"), "m");
  EXPECT_EQ(SeriesOf("{}"), "m");
  EXPECT_EQ(SeriesOf(R"({"empty":""})"), "m");
}

TEST(JsonMetrics, MapMetadataKeysToLabelNames) {
  EXPECT_EQ(SeriesOf(R"({"k8s.pod/name":"x","1st":"y","a:b":"z"})"),
            R"(m{_1st="y", a_b="z", k8s_pod_name="x"})");
}

TEST(JsonMetrics, RefuseTwoKeysThatBecomeOneLabel) {
  const nlohmann::json fault =
      FaultOf(R"({"metric_name":"m","value":1,"metadata":{"a.b":"1","a-b":"2"}})");
  EXPECT_EQ(fault.at("loc"), J(R"(["body","metadata","a-b"])"));
  EXPECT_EQ(fault.at("msg"), R"(becomes the label a_b, as "a.b" does)");
}

TEST(JsonMetrics, RefuseReservedKeys) {
  for (const char* key : {"__name__", "__x", "..x"}) {
    EXPECT_EQ(
        FaultOf(fmt::format(R"({{"metric_name":"m","value":1,"metadata":{{"{}":"1"}}}})", key)),
        nlohmann::json({{"loc", {"body", "metadata", key}},
                        {"msg", R"(label names that begin with "__" are reserved)"},
                        {"type", "value_error.reserved"}}))
        << key;
  }
}

TEST(JsonMetrics, RefuseNestedMetadata) {
  for (const char* value : {R"({"b":1})", "[1]", "NaN"}) {
    EXPECT_EQ(
        FaultOf(fmt::format(R"({{"metric_name":"m","value":1,"metadata":{{"a":{}}}}})", value)),
        J(R"({"loc":["body","metadata","a"],"msg":"str type expected","type":"type_error.str"})"));
  }
}

TEST(JsonMetrics, RefuseMetadataThatAreNoObject) {
  for (const char* value : {"[]", "5", R"("x")", "false"}) {
    EXPECT_EQ(
        FaultOf(fmt::format(R"({{"metric_name":"m","value":1,"metadata":{}}})", value)),
        J(R"({"loc":["body","metadata"],"msg":"value is not a valid dict","type":"type_error.dict"})"))
        << value;
  }
}

TEST(JsonMetrics, RefuseMoreThan64LabelsNamingTheLimit) {
  const auto metadata = [](int n) {
    std::string text = "{";
    for (int i = 0; i < n; ++i) text += fmt::format(R"({}"l{}":"v")", i == 0 ? "" : ",", i);
    return text + "}";
  };
  EXPECT_THAT(SeriesOf(metadata(64)), HasSubstr(R"(l63="v")"));
  EXPECT_EQ(FaultOf(R"({"metric_name":"m","value":1,"metadata":)" + metadata(10'000) + "}"),
            J(R"({"loc":["body","metadata"],"msg":"ensure this value has at most 64 labels",
                  "type":"value_error.dict.max_items","ctx":{"limit_value":64}})"));
}

TEST(JsonMetrics, RefuseLongLabelsNamingTheLimit) {
  const std::string name(1025, 'n');
  EXPECT_THAT(SeriesOf(R"({")" + name.substr(1) + R"(":"v"})"), HasSubstr("nnn"));
  const nlohmann::json long_name =
      FaultOf(R"({"metric_name":"m","value":1,"metadata":{")" + name + R"(":"v"}})");
  EXPECT_EQ(long_name.at("msg"), "ensure this label name has at most 1024 bytes");
  EXPECT_EQ(long_name.at("loc").at(2), std::string(128, 'n'));  // an excerpt

  const std::string value(16 * 1024 + 1, 'v');
  EXPECT_THAT(SeriesOf(R"({"a":")" + value.substr(1) + R"("})"), HasSubstr("vvv"));
  const nlohmann::json long_value =
      FaultOf(R"({"metric_name":"m","value":1,"metadata":{"a":")" + value + R"("}})");
  EXPECT_EQ(long_value.at("loc"), J(R"(["body","metadata","a"])"));
  EXPECT_EQ(long_value.at("msg"), "ensure this label value has at most 16384 bytes");
  EXPECT_EQ(long_value.at("ctx"), J(R"({"limit_value":16384})"));
}

// ---- validation errors

TEST(JsonMetrics, ListEveryFaultOfABody) {
  JsonWorld world;
  const http::Response response =
      world.One(R"({"metric_name":"","value":"x","timestamp":"x","metadata":{"__a":"1","b":[]}})");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(Parsed(response), J(R"({"detail":[
      {"loc":["body","metric_name"],"msg":"ensure this value has at least 1 characters",
       "type":"value_error.any_str.min_length","ctx":{"limit_value":1}},
      {"loc":["body","value"],"msg":"value is not a valid float","type":"type_error.float"},
      {"loc":["body","timestamp"],"msg":"invalid datetime format","type":"value_error.datetime"},
      {"loc":["body","metadata","__a"],"msg":"label names that begin with \"__\" are reserved",
       "type":"value_error.reserved"},
      {"loc":["body","metadata","b"],"msg":"str type expected","type":"type_error.str"}]})"));
}

TEST(JsonMetrics, RequireNameAndValue) {
  JsonWorld world;
  EXPECT_EQ(Parsed(world.One("{}")), J(R"({"detail":[
      {"loc":["body","metric_name"],"msg":"field required","type":"value_error.missing"},
      {"loc":["body","value"],"msg":"field required","type":"value_error.missing"}]})"));
}

TEST(JsonMetrics, DoNotTakeNullForNameOrValue) {
  JsonWorld world;
  EXPECT_EQ(Parsed(world.One(R"({"metric_name":null,"value":null})")), J(R"({"detail":[
      {"loc":["body","metric_name"],"msg":"none is not an allowed value",
       "type":"type_error.none.not_allowed"},
      {"loc":["body","value"],"msg":"none is not an allowed value",
       "type":"type_error.none.not_allowed"}]})"));
}

TEST(JsonMetrics, RefuseNamesThatAreNoText) {
  for (const char* name : {"5", "true", "[]", R"({"a":1})", "NaN"}) {
    EXPECT_EQ(
        FaultOf(fmt::format(R"({{"metric_name":{},"value":1}})", name)),
        J(R"({"loc":["body","metric_name"],"msg":"str type expected","type":"type_error.str"})"))
        << name;
  }
}

TEST(JsonMetrics, RefuseValuesThatAreNoNumber) {
  for (const char* value :
       {R"("abc")", R"("")", R"("0x10")", R"("1 2")", "true", "[]", R"({"a":1})"}) {
    EXPECT_EQ(
        FaultOf(fmt::format(R"({{"metric_name":"a","value":{}}})", value)),
        J(R"({"loc":["body","value"],"msg":"value is not a valid float","type":"type_error.float"})"))
        << value;
  }
}

TEST(JsonMetrics, RefuseValuesThatAreNotFinite) {
  for (const char* value : {"NaN", "Infinity", "-Infinity", R"("NaN")", R"("-inf")",
                            R"("Infinity")", "1e400", "-1e400", R"("1e400")", R"("+1e400")"}) {
    EXPECT_EQ(
        FaultOf(fmt::format(R"({{"metric_name":"a","value":{}}})", value)),
        J(R"({"loc":["body","value"],"msg":"value must be a finite number","type":"type_error.float"})"))
        << value;
  }
}

TEST(JsonMetrics, SayThatAnEmptyBodyIsMissing) {
  EXPECT_EQ(FaultOf(""),
            J(R"({"loc":["body"],"msg":"field required","type":"value_error.missing"})"));
}

TEST(JsonMetrics, SayThatABodyIsNoObject) {
  for (const char* body :
       {"[]", R"([{"metric_name":"a","value":1}])", "5", R"("x")", "null", "NaN"}) {
    EXPECT_EQ(FaultOf(body),
              J(R"({"loc":["body"],"msg":"value is not a valid dict","type":"type_error.dict"})"))
        << body;
  }
}

TEST(JsonMetrics, TellWhereABodyIsNoJson) {
  EXPECT_EQ(FaultOf("{\"metric_name\":\"a\",\n \"value\": oops}"), J(R"json({
      "loc":["body",30],"msg":"Expecting value: line 2 column 11 (char 30)",
      "type":"value_error.jsondecode",
      "ctx":{"msg":"Expecting value","pos":30,"lineno":2,"colno":11}})json"));
}

TEST(JsonMetrics, TakeNothingOfABodyThatTurnsOutToBeNoJsonLate) {
  // Each is fine up to the last characters.
  for (const char* body :
       {R"({"metric_name":"a","value":1)", R"({"metric_name":"a","value":1}})",
        R"({"metric_name":"a","value":1} x)", R"({"metric_name":"a","value":1,})",
        R"({"metric_name":"a","value":1,"x":tru})", R"({"metric_name":"a","value":1,"x":[1,]})",
        R"({"metric_name":"a","value":1,"x":01})", R"({"metric_name":"a","value":1,"x":"\q"})",
        R"({"metric_name":"a","value":1,"x":{"y" 1}})",
        R"({"metric_name":"a","value":1,"x":"\ud800"})",
        R"({"metric_name":"a","value":1,"x":"\udc00"})", R"({"metric_name":"a\udc00","value":1})",
        R"({"metric_name":"a","value":1,"\udc00":1})", R"({"metric_name":"a" "value":1})",
        R"({"metric_name":"a","value":1 2})", "{\"metric_name\":\"a\",\"value\":1,\"x\":\"\n\"}",
        "{\"metric_name\":\"\xff\",\"value\":1}", R"({"metric_name":"a","value":1,"x":nulll})"}) {
    const nlohmann::json fault = FaultOf(body);
    EXPECT_EQ(fault.at("type"), "value_error.jsondecode") << body;
    EXPECT_NE(fault.at("ctx").at("msg"), "Unreadable") << body;
  }
}

TEST(JsonMetrics, SurviveDepth) {
  const std::string deep(100'000, '[');
  EXPECT_EQ(FaultOf(R"({"metric_name":"a","value":1,"x":)" + deep + "}").at("type"),
            "value_error.jsondecode");
  const std::string closed = deep + std::string(100'000, ']');
  EXPECT_EQ(FaultOf(R"({"metric_name":"a","value":1,"x":)" + closed + "}").at("ctx").at("msg"),
            "Nesting too deep");
  EXPECT_EQ(FaultOf(deep).at("type"), "value_error.jsondecode");

  JsonWorld world;
  const std::string ok = std::string(60, '[') + std::string(60, ']');
  EXPECT_EQ(world.One(R"({"metric_name":"a","value":1,"x":)" + ok + "}").status, 200);
}

TEST(JsonMetrics, SurviveHugeStrings) {
  const std::string huge(10 << 20, 'x');
  EXPECT_EQ(FaultOf(R"({"metric_name":")" + huge + R"(","value":1})").at("type"),
            "value_error.any_str.max_length");
  EXPECT_EQ(FaultOf(R"({"metric_name":"a","value":")" + huge + R"("})").at("type"),
            "type_error.float");
}

TEST(JsonMetrics, RefuseContentCodings) {
  JsonWorld world;
  const http::Response response =
      world.One(R"({"metric_name":"a","value":1})", {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(response.status, 415);
  EXPECT_THAT(std::string(Parsed(response).at("detail")), HasSubstr("gzip"));
  EXPECT_EQ(
      world.One(R"({"metric_name":"a","value":1})", {{"Content-Encoding", "identity"}}).status,
      200);
}

// ---- batches

TEST(JsonMetricsBatch, TakesAllMetricsAtOnce) {
  JsonWorld world;
  const http::Response response = world.Batch(
      R"([{"metric_name":"a","value":1},{"metric_name":"b","value":2,"metadata":{"x":"y"}}])");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"message":"Submitted 2 metrics successfully"})");
  EXPECT_THAT(world.Stored(), ElementsAre("a 1", R"(b{x="y"} 2)"));
  EXPECT_EQ(world.sink.batches(), 1U);
}

TEST(JsonMetricsBatch, MayBeEmpty) {
  JsonWorld world;
  EXPECT_EQ(world.Batch(" [ ] ").body, R"({"message":"Submitted 0 metrics successfully"})");
  EXPECT_EQ(world.sink.batches(), 0U);
}

TEST(JsonMetricsBatch, KeepsTheGoodItemsAndListsTheBadOnes) {
  JsonWorld world;
  const http::Response response = world.Batch(
      R"([{"metric_name":"a","value":1},{"metric_name":"b","value":NaN},{"value":"x"},7,)"
      R"({"metric_name":"c","value":3}])");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(Parsed(response), J(R"({"detail":[
      {"loc":["body",1,"value"],"msg":"value must be a finite number","type":"type_error.float"},
      {"loc":["body",2,"value"],"msg":"value is not a valid float","type":"type_error.float"},
      {"loc":["body",2,"metric_name"],"msg":"field required","type":"value_error.missing"},
      {"loc":["body",3],"msg":"value is not a valid dict","type":"type_error.dict"}],
      "accepted":2,"rejected":3})"));
  EXPECT_THAT(world.Stored(), ElementsAre("a 1", "c 3"));
  EXPECT_EQ(world.Received(), 5);
  EXPECT_EQ(world.Rejected("invalid"), 3);
}

TEST(JsonMetricsBatch, DoesNotMixTheLabelsOfItsItems) {
  JsonWorld world;
  world.Batch(
      R"([{"metric_name":"a","value":1,"metadata":{"x":"1","y":"2"}},{"metric_name":"b","value":2},)"
      R"({"metric_name":"c","value":3,"metadata":{"z":"3"}}])");
  EXPECT_THAT(world.Stored(), ElementsAre(R"(a{x="1", y="2"} 1)", "b 2", R"(c{z="3"} 3)"));
}

TEST(JsonMetricsBatch, TakesNothingWhenAtomicAndOneIsBad) {
  JsonWorld world;
  const http::Response response = world.Batch(
      R"([{"metric_name":"a","value":1},{"metric_name":"b"}])", {{"Tocsin-Batch", "atomic"}});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(Parsed(response).at("accepted"), 0);
  EXPECT_EQ(Parsed(response).at("rejected"), 2);
  EXPECT_EQ(Parsed(response).at("detail").at(0).at("loc"), J(R"(["body",1,"value"])"));
  EXPECT_THAT(world.Stored(), IsEmpty());
  EXPECT_EQ(world.Rejected("invalid"), 1);
  EXPECT_EQ(world.Rejected("atomic"), 1);
}

TEST(JsonMetricsBatch, TakesAllWhenAtomicAndAllAreGood) {
  JsonWorld world;
  EXPECT_EQ(world.Batch(R"([{"metric_name":"a","value":1}])", {{"tocsin-batch", "Atomic"}}).status,
            200);
  EXPECT_THAT(world.Stored(), ElementsAre("a 1"));
}

TEST(JsonMetricsBatch, RefusesModesItDoesNotKnow) {
  JsonWorld world;
  const http::Response response =
      world.Batch(R"([{"metric_name":"a","value":1}])", {{"Tocsin-Batch", "maybe"}});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(Parsed(response).at("detail").at(0).at("loc"), J(R"(["header","Tocsin-Batch"])"));
  EXPECT_THAT(world.Stored(), IsEmpty());
}

TEST(JsonMetricsBatch, TakesTenThousandItemsAndNotOneMore) {
  const auto batch = [](int n) {
    std::string body = "[";
    for (int i = 0; i < n; ++i) {
      body += fmt::format(R"({}{{"metric_name":"m{}","value":{}}})", i == 0 ? "" : ",", i, i);
    }
    return body + "]";
  };
  JsonWorld world;
  EXPECT_EQ(world.Batch(batch(10'000)).body,
            R"({"message":"Submitted 10000 metrics successfully"})");
  EXPECT_THAT(world.Stored(), SizeIs(10'000));
  const http::Response response = world.Batch(batch(10'001));
  EXPECT_EQ(response.status, 413);
  EXPECT_THAT(std::string(Parsed(response).at("detail")), HasSubstr("more than 10000 metrics"));
  EXPECT_THAT(world.Stored(), SizeIs(10'000));
  EXPECT_EQ(world.Rejected("too_many_items"), 1);
}

TEST(JsonMetricsBatch, TakesNothingOfABodyThatIsNoJson) {
  for (const char* body :
       {R"([{"metric_name":"a","value":1},{"metric_name":"b","value":2})",
        R"([{"metric_name":"a","value":1},])", R"([{"metric_name":"a","value":1}]])",
        R"([{"metric_name":"a","value":1} {"metric_name":"b","value":2}])",
        R"([{"metric_name":"a","value":1},oops])",
        R"([{"metric_name":"a","value":1},{"x":"\q"}])"}) {
    JsonWorld world;
    const http::Response response = world.Batch(body);
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(Parsed(response).at("detail").at(0).at("type"), "value_error.jsondecode") << body;
    EXPECT_THAT(world.Stored(), IsEmpty()) << body;
    EXPECT_EQ(world.Rejected("malformed"), 1);
  }
}

TEST(JsonMetricsBatch, SaysThatABodyIsNoArray) {
  JsonWorld world;
  const http::Response response = world.Batch(R"({"metric_name":"a","value":1})");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(Parsed(response), J(R"({"detail":[
      {"loc":["body"],"msg":"value is not a valid list","type":"type_error.list"}]})"));
}

TEST(JsonMetricsBatch, StartsAfreshAfterAMalformedOne) {
  JsonWorld world;
  world.Batch(R"([{"metric_name":"a","value":1,"metadata":{"x":"1"}},)");
  EXPECT_EQ(world.Batch(R"([{"metric_name":"b","value":2}])").status, 200);
  EXPECT_THAT(world.Stored(), ElementsAre("b 2"));
}

TEST(JsonMetricsBatch, BoundsTheAnswerToAHostileBody) {
  std::string body = "[";
  for (int i = 0; i < 10'000; ++i) {
    body += i == 0 ? "" : ",";
    body += R"({"metadata":{"a":[],"b":[],"c":[],"d":[],"e":[],"f":[],"g":[],"h":[],"i":[]}})";
  }
  JsonWorld world;
  const http::Response response = world.Batch(body + "]");
  EXPECT_EQ(response.status, 422);
  EXPECT_LT(response.body.size(), 5U << 20);
  const nlohmann::json answer = Parsed(response);
  EXPECT_EQ(answer.at("rejected"), 10'000);
  // Nine nested values and two missing fields an item.
  EXPECT_EQ(answer.at("detail").size() + answer.at("omitted").get<std::size_t>(), 110'000U);
}

// ---- what the store refuses

TEST(JsonMetrics, Answer429WhenThereAreTooManySeries) {
  JsonWorld world;
  world.sink.SetMaxSeries(1);
  EXPECT_EQ(world.One(R"({"metric_name":"a","value":1})").status, 200);
  const http::Response response = world.One(R"({"metric_name":"b","value":1})");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(Parsed(response).at("accepted"), 0);
  EXPECT_EQ(Parsed(response).at("rejected"), 1);
  EXPECT_THAT(std::string(Parsed(response).at("detail")), HasSubstr("max_series"));
  EXPECT_EQ(world.Rejected("too_many_series"), 1);
  EXPECT_EQ(world.One(R"({"metric_name":"a","value":2})").status, 200);
}

TEST(JsonMetricsBatch, Answers429WithTheNumbersWhenThereAreTooManySeries) {
  JsonWorld world;
  world.sink.SetMaxSeries(2);
  const http::Response response = world.Batch(
      R"([{"metric_name":"a","value":1},{"metric_name":"b","value":1},{"metric_name":"c","value":1},)"
      R"({"metric_name":"d"}])");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(Parsed(response).at("accepted"), 2);
  EXPECT_EQ(Parsed(response).at("rejected"), 2);
  EXPECT_EQ(Parsed(response).at("errors").at(0).at("loc"), J(R"(["body",3,"value"])"));
  EXPECT_THAT(world.Stored(), ElementsAre("a 1", "b 1"));
}

TEST(JsonMetrics, Answer422WhenAnotherSpellingHasTheName) {
  JsonWorld world;
  world.sink.TakeName(Labels{{kMetricNameLabel, "a_b"}}, "a-b");
  const http::Response response = world.One(R"({"metric_name":"a.b","value":1})");
  EXPECT_EQ(response.status, 422);
  const nlohmann::json fault = Parsed(response).at("detail").at(0);
  EXPECT_EQ(fault.at("loc"), J(R"(["body","metric_name"])"));
  EXPECT_EQ(fault.at("type"), "value_error.name_taken");
  EXPECT_THAT(fault.at("msg").get<std::string>(),
              AllOf(HasSubstr("\"a.b\" is refused: \"a-b\" already stands"), HasSubstr("(a_b)")));
  EXPECT_EQ(world.Rejected("name_taken"), 1);
}

TEST(JsonMetricsBatch, NamesTheItemsWhoseNameIsTaken) {
  JsonWorld world;
  world.sink.TakeName(Labels{{kMetricNameLabel, "a_b"}});
  const http::Response response = world.Batch(
      R"([{"metric_name":"x"},{"metric_name":"c","value":1},{"metric_name":"a.b","value":1}])");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(Parsed(response).at("detail").at(1).at("loc"), J(R"(["body",2,"metric_name"])"));
  EXPECT_EQ(Parsed(response).at("accepted"), 1);
  EXPECT_EQ(Parsed(response).at("rejected"), 2);
}

TEST(JsonMetrics, AcceptAndCountWhatCameTooLate) {
  JsonWorld world;
  EXPECT_EQ(world.One(R"({"metric_name":"a","value":1})").status, 200);
  EXPECT_EQ(world.One(R"({"metric_name":"a","value":2,"timestamp":1699999999})").status, 200);
  EXPECT_THAT(world.Stored(), ElementsAre("a 1"));
  EXPECT_EQ(world.Rejected("out_of_order"), 1);
  EXPECT_EQ(world.Received(), 2);
}

TEST(JsonMetrics, ReplaceWhatHasTheSameTime) {
  JsonWorld world;
  world.One(R"({"metric_name":"a","value":1})");
  EXPECT_EQ(world.sink.appended().at(0).same_time, SameTime::kReplace);
}

TEST(JsonMetrics, CountersStartAtZero) {
  const JsonWorld world;
  EXPECT_EQ(world.Received(), 0);
  for (const char* reason : {"malformed", "invalid", "too_many_items", "atomic", "too_many_series",
                             "name_taken", "out_of_order", "duplicate"}) {
    EXPECT_EQ(world.Rejected(reason), 0) << reason;
  }
}

TEST(JsonMetrics, AreRefusedWholeWhereTheClientMayNotSendSoMany) {
  JsonWorld world;
  world.most_samples = 2;
  EXPECT_EQ(world.One(R"({"metric_name":"a","value":1})").status, 200);
  const http::Response refused = world.Batch(
      R"([{"metric_name":"b","value":1},{"metric_name":"c"},{"metric_name":"d","value":1}])");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body, R"({"detail":"Rate limit exceeded"})");
  EXPECT_THAT(world.asked, ::testing::ElementsAre(1, 3));
  EXPECT_EQ(world.Stored().size(), 1U);
}

TEST(JsonMetrics, RoutesSetTheLimitsOfTheirBodies) {
  JsonWorld world;
  for (const http::Route& route : world.intake.Routes()) {
    const bool batch = route.pattern.ends_with("/batch");
    EXPECT_EQ(route.max_body, batch ? 16U << 20 : 1U << 20) << route.pattern;
    EXPECT_EQ(route.errors, http::ErrorStyle::kJson);
  }
}

}  // namespace
}  // namespace tocsin::intake
