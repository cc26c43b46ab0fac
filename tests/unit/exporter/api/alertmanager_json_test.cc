// The exact text of alerts and silences, as clients parse it.
#include "exporter/api/alertmanager_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace tocsin::api {
namespace {

using nlohmann::json;
using receivers::PostedAlert;
using receivers::Silence;

// 2026-01-02T03:04:05.678Z
const Timestamp kTime = FromUnixMillis(1'767'323'045'678);

PostedAlert DiskFull() {
  PostedAlert alert;
  alert.labels = Labels{{"alertname", "DiskFull"}};
  alert.starts_at = kTime;
  alert.ends_at = kTime + std::chrono::milliseconds(322);
  alert.updated_at = kTime - std::chrono::milliseconds(678);
  alert.generator_url = "http://p/graph?a=1&b=2";
  alert.fingerprint = 0x0c3038b95366f55b;
  return alert;
}

json JsonOf(const PostedAlert& alert, const AlertStatus& status = {},
            const std::vector<std::string>& receivers = {"ops"}) {
  std::string out;
  AppendAlert(alert, status, receivers, &out);
  return json::parse(out);
}

TEST(AlertmanagerAlertJson, HasEveryMemberOfTheSchema) {
  EXPECT_EQ(JsonOf(DiskFull()), json::parse(R"({
      "labels":{"alertname":"DiskFull"},"annotations":{},"startsAt":"2026-01-02T03:04:05.678Z",
      "endsAt":"2026-01-02T03:04:06.000Z","updatedAt":"2026-01-02T03:04:05.000Z",
      "generatorURL":"http://p/graph?a=1&b=2","fingerprint":"0c3038b95366f55b",
      "receivers":[{"name":"ops"}],
      "status":{"state":"active","silencedBy":[],"inhibitedBy":[],"mutedBy":[]}})"));
}

TEST(AlertmanagerAlertJson, HasNoGeneratorUrlWhereTheSenderNamedNone) {
  PostedAlert alert = DiskFull();
  alert.generator_url.clear();
  EXPECT_FALSE(JsonOf(alert).contains("generatorURL"));
}

TEST(AlertmanagerAlertJson, SaysWhatSuppressesAnAlert) {
  struct Case {
    AlertStatus status;
    const char* wanted;
  };
  for (
      const Case& c :
      {Case{{{"id-1", "id-2"}, {}, {}},
            R"({"state":"suppressed","silencedBy":["id-1","id-2"],"inhibitedBy":[],"mutedBy":[]})"},
       Case{
           {{}, {1}, {}},
           R"({"state":"suppressed","silencedBy":[],"inhibitedBy":["0000000000000001"],"mutedBy":[]})"},
       Case{{{}, {}, {"nights"}},
            R"({"state":"suppressed","silencedBy":[],"inhibitedBy":[],"mutedBy":["nights"]})"}}) {
    EXPECT_EQ(JsonOf(DiskFull(), c.status).at("status"), json::parse(c.wanted));
  }
}

TEST(AlertmanagerAlertJson, KeepsAnnotationsWithoutAValueAndListsWithoutItems) {
  PostedAlert alert = DiskFull();
  alert.annotations = {{"empty", ""}, {"summary", "98% \"full\"\n"}};
  const json shown = JsonOf(alert, {}, {});
  EXPECT_EQ(shown.at("annotations"), (json{{"empty", ""}, {"summary", "98% \"full\"\n"}}));
  EXPECT_EQ(shown.at("receivers"), json::array());
  EXPECT_EQ(JsonOf(alert, {}, {"a", "b"}).at("receivers"),
            json::parse(R"([{"name":"a"},{"name":"b"}])"));
}

TEST(AlertmanagerAlertJson, IsValidWhateverTheTextsHold) {
  PostedAlert alert = DiskFull();
  alert.labels = Labels{{"a\"\\\n", "\x01\x7f \u2028 \xff"}};
  alert.annotations = {{"\xed\xa0\x80", std::string("\0", 1)}};
  const json shown = JsonOf(alert, {{"\"\xff"}, {}, {"\t"}}, {"\\"});
  EXPECT_EQ(shown.at("receivers")[0].at("name"), "\\");
  EXPECT_EQ(shown.at("labels").at("a\"\\\n"), "\x01\x7f \u2028 \ufffd");
}

TEST(AlertmanagerAlertJson, WritesTimesWithThreeDecimalsInEveryYear) {
  PostedAlert alert = DiskFull();
  alert.starts_at = FromUnixMillis(0);
  alert.ends_at = FromUnixMillis(253'402'300'799'000);
  alert.updated_at = FromUnixMillis(-1);
  const json shown = JsonOf(alert);
  EXPECT_EQ(shown.at("startsAt"), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(shown.at("endsAt"), "9999-12-31T23:59:59.000Z");
  EXPECT_EQ(shown.at("updatedAt"), "1969-12-31T23:59:59.999Z");
}

Silence DiskSwap() {
  Silence silence;
  silence.id = "4f2c5a0e-0000-4000-8000-000000000000";
  silence.matchers.push_back(*Matcher::Make("instance", Matcher::Op::kEqual, "web-1"));
  silence.starts_at = kTime;
  silence.ends_at = kTime + std::chrono::hours(1);
  silence.updated_at = kTime;
  silence.created_by = "ann";
  silence.comment = "disk swap";
  return silence;
}

json SilenceJson(const Silence& silence, Timestamp now = kTime) {
  std::string out;
  AppendSilence(silence, now, &out);
  return json::parse(out);
}

TEST(SilenceJson, HasEveryMemberOfTheSchema) {
  EXPECT_EQ(SilenceJson(DiskSwap()), json::parse(R"({
      "id":"4f2c5a0e-0000-4000-8000-000000000000","status":{"state":"active"},
      "updatedAt":"2026-01-02T03:04:05.678Z","startsAt":"2026-01-02T03:04:05.678Z",
      "endsAt":"2026-01-02T04:04:05.678Z","createdBy":"ann","comment":"disk swap",
      "matchers":[{"name":"instance","value":"web-1","isRegex":false,"isEqual":true}],
      "annotations":{}})"));
}

TEST(SilenceJson, SaysItsStateByTheClock) {
  const Silence silence = DiskSwap();
  const auto state = [&](Timestamp now) {
    return SilenceJson(silence, now).at("status").at("state");
  };
  EXPECT_EQ(state(silence.starts_at - std::chrono::milliseconds(1)), "pending");
  EXPECT_EQ(state(silence.starts_at), "active");
  EXPECT_EQ(state(silence.ends_at - std::chrono::milliseconds(1)), "active");
  EXPECT_EQ(state(silence.ends_at), "expired");
}

TEST(SilenceJson, WritesMatchersInTheirOrderWithBothFlags) {
  using Op = Matcher::Op;
  Silence silence = DiskSwap();
  silence.matchers.clear();
  for (const auto& [name, op] : {std::pair{"d", Op::kNotRegex},
                                 {"c", Op::kRegex},
                                 {"b", Op::kNotEqual},
                                 {"a", Op::kEqual}}) {
    silence.matchers.push_back(*Matcher::Make(name, op, "x|y"));
  }
  EXPECT_EQ(SilenceJson(silence).at("matchers"), json::parse(R"([
      {"name":"d","value":"x|y","isRegex":true,"isEqual":false},
      {"name":"c","value":"x|y","isRegex":true,"isEqual":true},
      {"name":"b","value":"x|y","isRegex":false,"isEqual":false},
      {"name":"a","value":"x|y","isRegex":false,"isEqual":true}])"));
}

}  // namespace
}  // namespace tocsin::api
