#include "exporter/api/stream_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tocsin::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Kind = ClientMessage::Kind;

ClientMessage Parsed(const std::string& text) { return ParseClientMessage(text); }

TEST(ClientMessages, KnowThePlainWordPing) {
  EXPECT_EQ(Parsed("ping").kind, Kind::kTextPing);
  EXPECT_EQ(Parsed(" ping\n").kind, Kind::kTextPing);
  EXPECT_EQ(Parsed(R"({"type":"ping"})").kind, Kind::kPing);
}

TEST(ClientMessages, IgnoreWhatTheyDoNotKnow) {
  for (const char* text : {"", "hello", "pong", "[]", "7", "{", "{}", R"({"type":"dance"})",
                           R"({"type":7})", R"({"type":null})", "\"ping\""}) {
    EXPECT_EQ(Parsed(text).kind, Kind::kIgnored) << text;
  }
}

TEST(ClientMessages, ReadAnAcknowledgement) {
  const ClientMessage message = Parsed(
      R"({"type":"acknowledge","alert_id":"a-1","actor":"anna","note":"mine","expires_in":90,)"
      R"("request_id":"r1"})");
  EXPECT_EQ(message.kind, Kind::kAcknowledge);
  EXPECT_EQ(message.alert_id, "a-1");
  EXPECT_EQ(message.actor, "anna");
  EXPECT_EQ(message.note, "mine");
  EXPECT_EQ(message.expires_in, Duration(90'000));
  EXPECT_EQ(message.request_id, Json("r1"));
  EXPECT_EQ(Parsed(R"({"type":"acknowledge","alert_id":"a","expires_in":"2h"})").expires_in,
            std::chrono::hours(2));
}

TEST(ClientMessages, ReadAResolve) {
  const ClientMessage message = Parsed(R"({"type":"resolve","alert_id":"a-1","request_id":7})");
  EXPECT_EQ(message.kind, Kind::kResolve);
  EXPECT_EQ(message.alert_id, "a-1");
  EXPECT_EQ(message.request_id, Json(7));
}

TEST(ClientMessages, SayWhatIsWrongWithThem) {
  const auto fault = [](const std::string& members) {
    const ClientMessage message = Parsed(R"({"request_id":"r",)" + members + "}");
    EXPECT_EQ(message.kind, Kind::kWrong) << members;
    EXPECT_EQ(message.request_id, Json("r"));
    return message.fault;
  };
  EXPECT_EQ(fault(R"("type":"acknowledge")"), "alert_id: field required");
  EXPECT_EQ(fault(R"("type":"resolve","alert_id":7)"), "alert_id: a text is expected");
  EXPECT_THAT(fault(R"("type":"acknowledge","alert_id":"a","expires_in":-1)"),
              StartsWith("expires_in: "));
  EXPECT_THAT(fault(R"("type":"subscribe","severities":["loud"])"),
              HasSubstr("critical, high, medium, low, info"));
  EXPECT_THAT(fault(R"("type":"subscribe","severities":"high")"), StartsWith("severities: a list"));
  EXPECT_THAT(fault(R"("type":"subscribe","rule_ids":[1])"), StartsWith("rule_ids: "));
  EXPECT_THAT(fault(R"("type":"subscribe","matchers":["=~"])"), StartsWith("matchers: "));
  EXPECT_THAT(fault(R"("type":"subscribe","metrics":[""])"), StartsWith("metrics: "));
  EXPECT_THAT(fault(R"("type":"subscribe","metrics":["cpu{"])"), StartsWith("metrics: "));
  EXPECT_THAT(fault(R"("type":"subscribe","metrics":["cpu"],"max_rate":11)"),
              StartsWith("max_rate: "));
}

TEST(ClientMessages, ReadASubscription) {
  const ClientMessage message =
      Parsed(R"({"type":"subscribe","severities":["HIGH","critical"],"rule_ids":["r-1"],)"
             R"("matchers":["host=\"a\"","dc=~\"eu.*\""],"metrics":["cpu{host=\"a\"}","mem"],)"
             R"("max_rate":4})");
  ASSERT_EQ(message.kind, Kind::kSubscribe) << message.fault;
  EXPECT_THAT(message.filter.severities, ElementsAre(Severity::kHigh, Severity::kCritical));
  EXPECT_THAT(message.filter.rule_ids, ElementsAre("r-1"));
  EXPECT_THAT(message.filter.matchers, SizeIs(2));
  ASSERT_TRUE(message.samples.has_value());
  EXPECT_EQ(message.samples->max_rate, 4);
  const auto labels = [](const char* name, const char* host) {
    return Labels({{"__name__", name}, {"host", host}});
  };
  EXPECT_TRUE(message.samples->Selects(labels("cpu", "a")));
  EXPECT_FALSE(message.samples->Selects(labels("cpu", "b")));
  EXPECT_TRUE(message.samples->Selects(labels("mem", "b")));
  EXPECT_FALSE(message.samples->Selects(labels("disk", "a")));
}

TEST(ClientMessages, AnEmptySubscriptionWantsEverything) {
  const ClientMessage message = Parsed(R"({"type":"subscribe"})");
  EXPECT_EQ(message.kind, Kind::kSubscribe);
  EXPECT_TRUE(message.filter.empty());
  EXPECT_FALSE(message.samples.has_value());
}

TEST(AlertFilters, EveryConditionMustHold) {
  const StreamFilter filter =
      Parsed(R"({"type":"subscribe","severities":["high"],"rule_ids":["r"],)"
             R"("matchers":["host=\"a\""]})")
          .filter;
  const Labels a({{"host", "a"}});
  EXPECT_TRUE(filter.Selects(Severity::kHigh, "r", a));
  EXPECT_FALSE(filter.Selects(Severity::kLow, "r", a));
  EXPECT_FALSE(filter.Selects(Severity::kHigh, "", a));  // a posted one
  EXPECT_FALSE(filter.Selects(Severity::kHigh, "s", a));
  EXPECT_FALSE(filter.Selects(Severity::kHigh, "r", Labels({{"host", "b"}})));
}

TEST(ServerMessages, AreObjectsWithAType) {
  EXPECT_EQ(OkMessage("r"), R"({"type":"ok","request_id":"r"})");
  EXPECT_EQ(OkMessage(Json()), R"({"type":"ok","request_id":null})");
  EXPECT_EQ(ErrorMessage(7, "no \"such\" alert"),
            R"({"type":"error","detail":"no \"such\" alert","request_id":7})");
  EXPECT_EQ(AlertsMessage("initial_alerts", 5, 5, std::nullopt, "[]"),
            R"({"type":"initial_alerts","seq":5,"alerts":[]})");
  EXPECT_EQ(AlertsMessage("alert_update", 5, 5, FromUnixMillis(0), "[]"),
            R"({"type":"alert_update","seq":5,"timestamp":"1970-01-01T00:00:00Z","alerts":[]})");
  EXPECT_EQ(AlertsMessage("initial_alerts", 5, 7, std::nullopt, "[]"),
            R"({"type":"initial_alerts","seq":5,"as_of":7,"alerts":[]})");
  EXPECT_EQ(MarkerMessage("live", 5), R"({"type":"live","seq":5})");
}

}  // namespace
}  // namespace tocsin::api
