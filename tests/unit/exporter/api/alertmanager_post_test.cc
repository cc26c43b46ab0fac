// Posted alerts and silences, good, bad and hostile: which answer, which values.
#include "exporter/api/alertmanager_post.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.h"
#include "exporter/api/request_uri.h"

namespace tocsin::api {
namespace {

using nlohmann::json;
using receivers::PostedAlert;
using receivers::Silence;
using ::testing::ElementsAre;

const Timestamp kNow = FromUnixMillis(1'700'000'000'000);
constexpr Duration kResolveTimeout = std::chrono::minutes(5);

std::variant<ReadAlerts, http::Response> ReadAlertsOf(
    std::string body, MatcherDialect dialect = MatcherDialect::kFallback) {
  body.reserve(body.size() + http::kBodyPadding);
  return ReadPostedAlerts(body, kNow, kResolveTimeout, dialect);
}

// Of a body that is read; empty where it is refused, and the test fails.
ReadAlerts Good(const std::string& body, MatcherDialect dialect = MatcherDialect::kFallback) {
  auto read = ReadAlertsOf(body, dialect);
  if (auto* good = std::get_if<ReadAlerts>(&read)) return std::move(*good);
  ADD_FAILURE() << std::get<http::Response>(read).body;
  return {};
}
PostedAlert OneAlert(const std::string& body) {
  const ReadAlerts read = Good(body);
  EXPECT_EQ(read.invalid, std::vector<std::string>());
  EXPECT_EQ(read.alerts.size(), 1U);
  return read.alerts.empty() ? PostedAlert() : read.alerts[0];
}
std::vector<std::string> Problems(const std::string& body,
                                  MatcherDialect dialect = MatcherDialect::kFallback) {
  return Good(body, dialect).invalid;
}

std::variant<Silence, http::Response> ReadSilenceOf(
    std::string body, MatcherDialect dialect = MatcherDialect::kFallback) {
  body.reserve(body.size() + http::kBodyPadding);
  return ReadPostedSilence(body, dialect);
}

// What a refusal says: `code` is 0 where the body is a JSON string and a newline.
struct Told {
  int status = 0;
  int code = 0;
  std::string message;
};
Told TellsOf(const http::Response& response) {
  EXPECT_EQ(response.content_type, "application/json");
  const json body = json::parse(response.body, nullptr, false);
  if (body.is_string()) {
    EXPECT_EQ(response.body.back(), '\n');
    return {response.status, 0, body.get<std::string>()};
  }
  return {response.status, body.value("code", -1), body.value("message", "")};
}
template <typename Value>
Told Refused(const std::variant<Value, http::Response>& read) {
  const auto* response = std::get_if<http::Response>(&read);
  return response == nullptr ? Told{} : TellsOf(*response);
}

// ---- text that is none

// In messages U+FFFD stands for each byte.
TEST(PostedAlerts, WithBytesThatAreNoUtf8AreInvalid) {
  const std::pair<std::string, std::string> cases[] = {
      {"a\xff\xfe"
       "b",
       "a\uFFFD\uFFFDb"},
      {"\xe2\x82", "\uFFFD\uFFFD"},            // the end of a character is missing
      {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},  // half a surrogate pair in UTF-8
      {"\xf0(\x8c\xbc", "\uFFFD(\uFFFD\uFFFD"},
      {"\\ud83d\\ude00\xff", "\U0001F600\uFFFD"},
      {"\\\\ud800\xff", "\\\\ud800\uFFFD"},  // an escaped backslash
      {"\xff\\ud800", "\uFFFD\uFFFD"},
  };
  for (const auto& [sent, told] : cases) {
    ReadAlerts read = Good(R"([{"labels":{"a":")" + sent + R"("}}])");
    EXPECT_TRUE(read.alerts.empty()) << sent;
    EXPECT_THAT(read.invalid, ElementsAre("invalid label set: invalid value \"" + told + "\""));
    read = Good(R"([{"labels":{"a":"b"},"annotations":{"c":")" + sent + R"("}}])");
    EXPECT_TRUE(read.alerts.empty()) << sent;
    EXPECT_THAT(read.invalid, ElementsAre("invalid annotations: invalid value \"" + told + "\""));
  }
  for (const char* body : {"[{\"labels\":{\"a\xff\":\"b\"}}]",
                           "[{\"labels\":{\"a\":\"b\"},\"annotations\":{\"c\xff\":\"d\"}}]"}) {
    const ReadAlerts read = Good(body);
    EXPECT_TRUE(read.alerts.empty()) << body;
    ASSERT_EQ(read.invalid.size(), 1U);
    EXPECT_THAT(read.invalid[0], ::testing::HasSubstr("invalid name"));
  }
}

TEST(PostedAlerts, WithInvalidBytesLeaveTheOthersAsTheyAre) {
  const ReadAlerts read = Good(
      "[{\"labels\":{\"a\":\"\xff\"}},{\"labels\":{\"a\":\"ü\uFFFD\"}},"
      "{\"labels\":{\"a\":\"b\"},\"generatorURL\":\"http://p/\xff\",\"more\":\"\xff\"}]");
  EXPECT_EQ(read.invalid.size(), 1U);
  ASSERT_EQ(read.alerts.size(), 2U);
  EXPECT_EQ(read.alerts[0].labels.Get("a"), "ü\uFFFD");
  EXPECT_EQ(read.alerts[1].generator_url, "http://p/\uFFFD");
}

TEST(PostedAlerts, TakeEscapesOfHalfACharacterAsGoDoes) {
  const std::pair<std::string, std::string> cases[] = {
      {"\\ud800x", "\uFFFDx"},
      {"\\udc00\\ud800", "\uFFFD\uFFFD"},
      {"\\ud83d\\ude00\\ud83d", "\U0001F600\uFFFD"},
      {"\\ud800\\n\\\"", "\uFFFD\n\""},
  };
  for (const auto& [sent, wanted] : cases) {
    const PostedAlert alert = OneAlert(R"([{"labels":{"a":")" + sent + R"("}}])");
    EXPECT_EQ(alert.labels.Get("a"), wanted) << sent;
  }
}

TEST(PostedAlerts, ThatAreNoJsonAreNoneAfterTheirBytesWereReplacedEither) {
  for (const char* body :
       {"\xff", "[\xff]", "[{\"labels\":{\"a\":\"\\\xff\"}}]",
        "[{\"labels\":{\"a\":\"\\ud80\xff\"}}]", "[{\"labels\":{\"a\":\"\xff\\"}) {
    EXPECT_TRUE(std::holds_alternative<http::Response>(ReadAlertsOf(body))) << body;
  }
}

TEST(PostedSilence, TakesBytesThatAreNoUtf8AsGoDoes) {
  const auto read = ReadSilenceOf(
      R"({"matchers":[{"name":"a","value":"b","isRegex":false}],"createdBy":"ann","comment":")"
      "x\xff"
      R"(","startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-02T00:00:00Z"})");
  ASSERT_TRUE(std::holds_alternative<Silence>(read));
  EXPECT_EQ(std::get<Silence>(read).comment, "x\uFFFD");
}

// ---- alerts: bodies that are refused

struct RefusedBody {
  std::string body;
  int status;
  int code;
  std::string message;  // its end
};

void ExpectRefused(const Told& told, const RefusedBody& wanted) {
  EXPECT_EQ(told.status, wanted.status) << wanted.body.substr(0, 200);
  EXPECT_EQ(told.code, wanted.code) << wanted.body.substr(0, 200);
  EXPECT_TRUE(told.message.ends_with(wanted.message)) << told.message;
}

TEST(PostedAlerts, AreRefusedAsAWholeWhereTheBodyIsNoListOfAlerts) {
  const std::vector<RefusedBody> cases = {
      {"", 422, 602, "alerts in body is required"},
      {" \n\t", 422, 602, "alerts in body is required"},
      {"[", 400, 400, ""},
      {"[]]", 400, 400, ""},
      {"[{}", 400, 400, ""},
      {"{}", 400, 400, ""},
      {R"("alerts")", 400, 400, ""},
      {"7", 400, 400, ""},
      {"[null]", 400, 400, ""},
      {"[1]", 400, 400, ""},
      {"[[]]", 400, 400, ""},
  };
  for (const RefusedBody& c : cases) ExpectRefused(Refused(ReadAlertsOf(c.body)), c);
}

TEST(PostedAlerts, AreRefusedAsAWholeWhereAValueHasAnotherType) {
  const std::vector<RefusedBody> cases = {
      {R"([{"labels":[]}])", 400, 400, "0.labels is no object"},
      {R"([{"labels":"a"}])", 400, 400, "0.labels is no object"},
      {R"([{"labels":{"a":1}}])", 400, 400, "0.labels.a is no string"},
      {R"([{"labels":{"a":true}}])", 400, 400, "0.labels.a is no string"},
      {R"([{"labels":{"a":{}}}])", 400, 400, "0.labels.a is no string"},
      {R"([{"labels":{"a":"b"},"annotations":[]}])", 400, 400, "0.annotations is no object"},
      {R"([{"labels":{"a":"b"},"annotations":{"c":1}}])", 400, 400, "0.annotations.c is no string"},
      {R"([{"labels":{"a":"b"},"startsAt":1}])", 400, 400, "0.startsAt is no string"},
      {R"([{"labels":{"a":"b"},"startsAt":"x"}])", 400, 400,
       "0.startsAt: \"x\" is no RFC 3339 time"},
      {R"([{"labels":{"a":"b"},"endsAt":"2024-13-01T00:00:00Z"}])", 400, 400,
       "is no RFC 3339 time"},
      {R"([{"labels":{"a":"b"},"endsAt":"2024-01-01"}])", 400, 400, "is no RFC 3339 time"},
      {R"([{"labels":{"a":"b"},"endsAt":"2024-01-01 00:00:00Z"}])", 400, 400,
       "is no RFC 3339 time"},
      {R"([{"labels":{"a":"b"},"generatorURL":1}])", 400, 400, "0.generatorURL is no string"},
      // before anything that the schema asks for
      {R"([{},{"labels":1}])", 400, 400, "1.labels is no object"},
  };
  for (const RefusedBody& c : cases) ExpectRefused(Refused(ReadAlertsOf(c.body)), c);
}

TEST(PostedAlerts, AreRefusedAsAWholeWhereTheyViolateTheSchema) {
  const std::string bad_url = "0.generatorURL in body must be of type uri: \"not a uri\"";
  const std::vector<RefusedBody> cases = {
      {"[{}]", 422, 602, "0.labels in body is required"},
      {R"([{"labels":null}])", 422, 602, "0.labels in body is required"},
      {R"([{"labels":{"a":"b"}},{}])", 422, 602, "1.labels in body is required"},
      {R"([{"labels":{"a":"b"},"generatorURL":"not a uri"}])", 422, 601, bad_url},
      {R"([{"generatorURL":"not a uri"}])", 422, 601, bad_url},
      {R"([{},{"generatorURL":"not a uri"}])", 422, 602, "0.labels in body is required"},
      // before what the alerts mean
      {R"([{"labels":{}},{}])", 422, 602, "1.labels in body is required"},
  };
  for (const RefusedBody& c : cases) ExpectRefused(Refused(ReadAlertsOf(c.body)), c);
}

TEST(PostedAlerts, MayBeNone) {
  for (const char* body : {"[]", " [ ] ", "null"}) {
    const ReadAlerts read = Good(body);
    EXPECT_TRUE(read.alerts.empty() && read.invalid.empty()) << body;
  }
}

// ---- alerts: times

TEST(PostedAlerts, StartNowAndEndByTimeoutWhereTheyNameNoTimes) {
  const std::string zero = R"("0001-01-01T00:00:00Z")";
  const std::vector<std::string> cases = {"", R"(,"startsAt":)" + zero + R"(,"endsAt":)" + zero,
                                          R"(,"startsAt":"0001-01-01T00:00:00.000Z","endsAt":null)",
                                          R"(,"startsAt":"","endsAt":"")"};
  for (const std::string& times : cases) {
    const PostedAlert alert = OneAlert(R"([{"labels":{"a":"b"})" + times + "}]");
    EXPECT_EQ(alert.starts_at, kNow) << times;
    EXPECT_EQ(alert.ends_at, kNow + kResolveTimeout) << times;
    EXPECT_TRUE(alert.ends_by_timeout) << times;
    EXPECT_EQ(alert.updated_at, kNow) << times;
  }
}

TEST(PostedAlerts, StartAtTheirEndWhereOnlyThatIsGiven) {
  const PostedAlert alert = OneAlert(R"([{"labels":{"a":"b"},"endsAt":"2020-01-01T00:00:00Z"}])");
  EXPECT_EQ(alert.starts_at, FromUnixMillis(1'577'836'800'000));
  EXPECT_EQ(alert.ends_at, alert.starts_at);
  EXPECT_FALSE(alert.ends_by_timeout);
  EXPECT_TRUE(alert.ResolvedAt(kNow));
}

TEST(PostedAlerts, TakeTimesInEveryFormThatClientsWrite) {
  for (const char* text : {"2020-01-01T00:00:00Z", "2020-01-01T00:00:00.000Z",
                           "2020-01-01T01:00:00+01:00", "2020-01-01T00:00:00.000000001Z",
                           "2020-01-01T00:00:00", "2020-01-01T00:00Z", "2020-01-01 00:00:00"}) {
    const PostedAlert alert =
        OneAlert(fmt::format(R"([{{"labels":{{"a":"b"}},"startsAt":"{}"}}])", text));
    EXPECT_EQ(alert.starts_at, FromUnixMillis(1'577'836'800'000)) << text;
  }
}

TEST(PostedAlerts, MayEndInTheYear9999) {
  const PostedAlert alert = OneAlert(R"([{"labels":{"a":"b"},"endsAt":"9999-12-31T23:59:59Z"}])");
  EXPECT_EQ(alert.ends_at, FromUnixMillis(253'402'300'799'000));
}

// ---- alerts: what they mean

TEST(PostedAlerts, AreTakenByTheirFingerprint) {
  const PostedAlert alert = OneAlert(
      R"([{"labels":{"service":"db","severity":"critical","alertname":"Foo","gone":""}}])");
  EXPECT_EQ(FormatHex64(alert.fingerprint), "0c3038b95366f55b");
  EXPECT_EQ(FormatHex64(alert.hash), "9a243ff3eb7bae2d");
  const PostedAlert unicode =
      OneAlert(R"([{"labels":{"caf\u00e9":"\u2615","alertname":"Ünicode"}}])");
  EXPECT_EQ(FormatHex64(unicode.fingerprint), "d4b02c87b4dfab40");
}

TEST(PostedAlerts, LoseLabelsWithoutAValue) {
  const PostedAlert alert = OneAlert(R"([{"labels":{"a":"b","c":"","d":null,"e-f":""}}])");
  EXPECT_EQ(alert.labels, (Labels{{"a", "b"}}));
}

TEST(PostedAlerts, KeepAnnotationsWithoutAValue) {
  const PostedAlert alert =
      OneAlert(R"([{"labels":{"a":"b"},"annotations":{"z":"","y":"1","x":null}}])");
  EXPECT_EQ(alert.annotations, (receivers::Annotations{{"x", ""}, {"y", "1"}, {"z", ""}}));
}

TEST(PostedAlerts, TakeTheLastOfARepeatedName) {
  const PostedAlert alert =
      OneAlert(R"([{"labels":{"a":"1","a":"2"},"annotations":{"b":"1","c":"0","b":"2"}}])");
  EXPECT_EQ(alert.labels, (Labels{{"a", "2"}}));
  EXPECT_EQ(alert.annotations, (receivers::Annotations{{"b", "2"}, {"c", "0"}}));
}

TEST(PostedAlerts, IgnoreMembersThatTheyDoNotKnow) {
  const PostedAlert alert =
      OneAlert(R"([{"labels":{"a":"b"},"fingerprint":7,"status":{"state":[1]},"receivers":null}])");
  EXPECT_EQ(alert.labels, (Labels{{"a", "b"}}));
}

TEST(PostedAlerts, AreInvalidEachForItsOwnReason) {
  using Wanted = std::vector<std::string>;
  const std::string no_label = "at least one label pair required";
  const std::string order = "start time must be before end time";
  const std::string times = R"("startsAt":"2020-01-02T00:00:00Z","endsAt":"2020-01-01T00:00:00Z")";
  EXPECT_EQ(Problems(R"([{"labels":{}}])"), Wanted{no_label});
  EXPECT_EQ(Problems(R"([{"labels":{"a":""}}])"), Wanted{no_label});
  EXPECT_EQ(Problems(R"([{"labels":{"":""}}])"), Wanted{no_label});
  EXPECT_EQ(Problems(R"([{"labels":{"":"x"}}])"), Wanted{R"(invalid label set: invalid name "")"});
  EXPECT_EQ(Problems(R"([{"labels":{"a":"b"},"annotations":{"":"x"}}])"),
            Wanted{R"(invalid annotations: invalid name "")"});
  EXPECT_EQ(Problems(R"([{"labels":{"a":"b"},)" + times + "}]"), Wanted{order});
  EXPECT_EQ(Problems(R"([{"labels":{"":"x"},"annotations":{"":"x"},)" + times + "}]"),
            Wanted{order});
}

TEST(PostedAlerts, MayEndWhereTheyStart) {
  const PostedAlert alert = OneAlert(
      R"([{"labels":{"a":"b"},"startsAt":"2020-01-01T00:00:00Z","endsAt":"2020-01-01T00:00:00Z"}])");
  EXPECT_EQ(alert.starts_at, alert.ends_at);
}

TEST(PostedAlerts, HaveNamesAsTheDialectWantsThem) {
  for (const char* name : {"a-b", "1a", "a:b", "a b", "\u00e9", "{"}) {
    const std::string body = fmt::format(R"([{{"labels":{{"{}":"x"}}}}])", name);
    EXPECT_TRUE(Problems(body, MatcherDialect::kFallback).empty()) << name;
    EXPECT_TRUE(Problems(body, MatcherDialect::kUtf8).empty()) << name;
    EXPECT_EQ(Problems(body, MatcherDialect::kClassic).size(), 1U) << name;
    const std::string annotated =
        fmt::format(R"([{{"labels":{{"a":"b"}},"annotations":{{"{}":"x"}}}}])", name);
    EXPECT_TRUE(Problems(annotated, MatcherDialect::kFallback).empty()) << name;
    EXPECT_EQ(Problems(annotated, MatcherDialect::kClassic).size(), 1U) << name;
  }
  EXPECT_EQ(Problems(R"([{"labels":{"a-b":"x"}}])", MatcherDialect::kClassic)[0],
            R"(invalid label set: invalid name "a-b")");
}

TEST(PostedAlerts, KeepTheGoodOnesOfABatch) {
  const ReadAlerts read = Good(R"([{"labels":{"n":"1"}},{"labels":{}},{"labels":{"n":"2"}},
      {"labels":{"n":"3"},"startsAt":"2020-01-02T00:00:00Z","endsAt":"2020-01-01T00:00:00Z"}])");
  ASSERT_EQ(read.alerts.size(), 2U);
  EXPECT_EQ(read.alerts[0].labels.Get("n"), "1");
  EXPECT_EQ(read.alerts[1].labels.Get("n"), "2");
  EXPECT_EQ(read.invalid, (std::vector<std::string>{"at least one label pair required",
                                                    "start time must be before end time"}));
}

// ---- alerts: hostile input

TEST(PostedAlerts, TakeTenThousandLabels) {
  std::string body = R"([{"labels":{)";
  for (int i = 0; i < 10'000; ++i) body += fmt::format(R"({}"l{}":"v{}")", i == 0 ? "" : ",", i, i);
  const PostedAlert alert = OneAlert(body + "}}]");
  EXPECT_EQ(alert.labels.view().size(), 10'000U);
  EXPECT_EQ(alert.labels.Get("l9999"), "v9999");
}

TEST(PostedAlerts, TakeAnAnnotationOfAMegabyte) {
  const std::string text(1 << 20, 'x');
  const PostedAlert alert =
      OneAlert(R"([{"labels":{"a":"b"},"annotations":{"c":")" + text + R"("}}])");
  ASSERT_EQ(alert.annotations.size(), 1U);
  EXPECT_EQ(alert.annotations[0].second, text);
}

TEST(PostedAlerts, AreRefusedWhereTheyAreNestedBeyondReason) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(Refused(ReadAlertsOf(deep)).status, 400);
  EXPECT_EQ(Refused(ReadAlertsOf(R"([{"labels":{"a":"b"},"x":)" + deep + "}]")).status, 400);
}

TEST(PostedAlerts, MayHoldAZeroByte) {
  const PostedAlert alert = OneAlert(R"([{"labels":{"a":"b\u0000c"}}])");
  EXPECT_EQ(alert.labels.Get("a"), std::string_view("b\0c", 3));
}

TEST(PostedAlerts, AreRefusedWithAShortMessageHoweverLongTheFault) {
  const std::string url = "not a uri " + std::string(100'000, 'x');
  const Told told =
      Refused(ReadAlertsOf(R"([{"labels":{"a":"b"},"generatorURL":")" + url + "\"}]"));
  EXPECT_EQ(told.code, 601);
  EXPECT_LT(told.message.size(), 300U);
}

// ---- addresses

TEST(RequestUri, IsAnAbsoluteAddressOrPath) {
  for (const char* text :
       {"http://h", "http://h:9090/graph?g0.expr=up%20%3E%201", "/graph", "/a b", "http://h/a b",
        "http://h:/", "http://[::1]:80/", "http://u:p@h/{x}<", "http://h/\u00e9", "http://h/?a=%zz",
        "mailto:ann@example.org", "http://", "http:///x", "*", "a+b-c.d://h", "http://h/a\"b"}) {
    EXPECT_TRUE(IsRequestUri(text)) << text;
  }
  for (const char* text :
       {"", "graph", "not a uri", "1http://h", ":x", "http://h:x/", "http://h/%zz", "http://h/%2",
        "http://h/#%zz", "http://[::1/", "http://h h/", "http://h/\x7f", "http://h/\n",
        "http://u p@h/", "?a", "#a"}) {
    EXPECT_FALSE(IsRequestUri(text)) << text;
  }
}

// ---- silences

json Matcher1() { return {{"name", "a"}, {"value", "b"}, {"isRegex", false}}; }
json GoodSilence() {
  return {{"matchers", {Matcher1()}},
          {"startsAt", "2023-11-14T00:00:00Z"},
          {"endsAt", "2023-11-16T00:00:00.5Z"},
          {"createdBy", "ann"},
          {"comment", "disk swap"}};
}
json With(json silence, const char* name, json value) {
  silence[name] = std::move(value);
  return silence;
}
json Without(json silence, const char* name) {
  silence.erase(name);
  return silence;
}
json WithMatcher(json matcher) {
  return With(GoodSilence(), "matchers", json::array({std::move(matcher)}));
}

TEST(PostedSilence, IsReadWithEverythingItSays) {
  json posted = With(With(GoodSilence(), "id", "some-id"), "annotations", {{"k", "v"}, {"e", ""}});
  posted["matchers"] = {{{"name", "a"}, {"value", "1"}, {"isRegex", false}},
                        {{"name", "b"}, {"value", ""}, {"isRegex", false}, {"isEqual", false}},
                        {{"name", "c"}, {"value", "x.*"}, {"isRegex", true}, {"isEqual", true}},
                        {{"name", "d"}, {"value", "y"}, {"isRegex", true}, {"isEqual", false}}};
  const auto read = ReadSilenceOf(posted.dump());
  ASSERT_TRUE(std::holds_alternative<Silence>(read)) << std::get<http::Response>(read).body;
  const Silence& silence = std::get<Silence>(read);
  EXPECT_EQ(silence.id, "some-id");
  EXPECT_EQ(silence.created_by, "ann");
  EXPECT_EQ(silence.comment, "disk swap");
  EXPECT_EQ(silence.starts_at, FromUnixMillis(1'699'920'000'000));
  EXPECT_EQ(silence.ends_at, FromUnixMillis(1'700'092'800'500));
  std::vector<std::string> matchers;
  for (const Matcher& matcher : silence.matchers) matchers.push_back(FormatMatcher(matcher));
  EXPECT_EQ(matchers,
            (std::vector<std::string>{R"(a="1")", R"(b!="")", R"(c=~"x.*")", R"(d!~"y")"}));
  EXPECT_EQ(silence.annotations.size(), 2U);
}

TEST(PostedSilence, MayHaveNoAuthorAndNoCommentAsLongAsItSaysSo) {
  const json posted = With(With(GoodSilence(), "createdBy", ""), "comment", "");
  EXPECT_TRUE(std::holds_alternative<Silence>(ReadSilenceOf(posted.dump())));
}

TEST(PostedSilence, IsRefusedWhereTheBodyIsNoSilence) {
  const std::vector<RefusedBody> cases = {
      {"", 422, 602, "silence in body is required"},
      {"null", 422, 602, "comment in body is required"},
      {"{}", 422, 602, "comment in body is required"},
      {"{", 400, 400, ""},
      {"[]", 400, 400, ""},
      {"1", 400, 400, ""},
      {std::string(100'000, '{'), 400, 400, ""},
      {R"({"x":)" + std::string(5'000, '[') + std::string(5'000, ']') + "}", 400, 400, ""},
  };
  for (const RefusedBody& c : cases) ExpectRefused(Refused(ReadSilenceOf(c.body)), c);
}

TEST(PostedSilence, IsRefusedWhereAMemberIsMissing) {
  for (const char* name : {"comment", "createdBy", "endsAt", "matchers", "startsAt"}) {
    const std::string message = std::string(name) + " in body is required";
    for (const json& posted : {Without(GoodSilence(), name), With(GoodSilence(), name, nullptr)}) {
      ExpectRefused(Refused(ReadSilenceOf(posted.dump())), {posted.dump(), 422, 602, message});
    }
  }
  for (const char* name : {"isRegex", "name", "value"}) {
    const json posted = WithMatcher(Without(Matcher1(), name));
    ExpectRefused(
        Refused(ReadSilenceOf(posted.dump())),
        {posted.dump(), 422, 602, fmt::format("matchers.0.{} in body is required", name)});
  }
}

TEST(PostedSilence, IsRefusedWithoutMatchers) {
  const std::string message = "matchers in body should have at least 1 items";
  const json posted = With(GoodSilence(), "matchers", json::array());
  ExpectRefused(Refused(ReadSilenceOf(posted.dump())), {posted.dump(), 422, 612, message});
  const json later = Without(posted, "startsAt");
  ExpectRefused(Refused(ReadSilenceOf(later.dump())), {later.dump(), 422, 612, message});
}

TEST(PostedSilence, IsRefusedWhereAValueHasAnotherType) {
  const std::vector<json> cases = {
      With(GoodSilence(), "id", 1),
      With(GoodSilence(), "comment", json::array()),
      With(GoodSilence(), "createdBy", 1),
      With(GoodSilence(), "startsAt", "x"),
      With(GoodSilence(), "endsAt", 1),
      With(GoodSilence(), "matchers", json::object()),
      With(GoodSilence(), "matchers", {nullptr}),
      With(GoodSilence(), "matchers", {1}),
      With(GoodSilence(), "annotations", json::array()),
      With(GoodSilence(), "annotations", {{"a", 1}}),
      WithMatcher(With(Matcher1(), "name", 1)),
      WithMatcher(With(Matcher1(), "value", false)),
      WithMatcher(With(Matcher1(), "isRegex", "x")),
      WithMatcher(With(Matcher1(), "isEqual", 1)),
      // before what is missing
      With(Without(GoodSilence(), "comment"), "endsAt", "x"),
  };
  for (const json& posted : cases) {
    ExpectRefused(Refused(ReadSilenceOf(posted.dump())), {posted.dump(), 400, 400, ""});
  }
}

TEST(PostedSilence, IsRefusedWithABareStringWhereAMatcherMeansNothing) {
  const json nameless = WithMatcher(With(Matcher1(), "name", ""));
  ExpectRefused(Refused(ReadSilenceOf(nameless.dump())),
                {nameless.dump(), 400, 0, R"(invalid label matcher 0: invalid label name "")"});
  const json regex = WithMatcher({{"name", "a"}, {"value", "("}, {"isRegex", true}});
  const Told told = Refused(ReadSilenceOf(regex.dump()));
  EXPECT_EQ(told.status, 400);
  EXPECT_EQ(told.code, 0);
  EXPECT_NE(told.message.find("invalid label matcher 0"), std::string::npos) << told.message;
}

TEST(PostedSilence, HasNamesAsTheDialectWantsThem) {
  const std::string posted = WithMatcher(With(Matcher1(), "name", "a-b")).dump();
  EXPECT_TRUE(std::holds_alternative<Silence>(ReadSilenceOf(posted, MatcherDialect::kFallback)));
  EXPECT_TRUE(std::holds_alternative<Silence>(ReadSilenceOf(posted, MatcherDialect::kUtf8)));
  EXPECT_EQ(Refused(ReadSilenceOf(posted, MatcherDialect::kClassic)).status, 400);
}

}  // namespace
}  // namespace tocsin::api
