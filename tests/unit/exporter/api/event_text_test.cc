#include "exporter/api/event_text.h"

#include <gtest/gtest.h>

namespace tocsin::api {
namespace {

using nlohmann::json;

constexpr const char* kHead = "sequence,at,type,alert_id,rule_id,receiver,labels,body\r\n";

Event Of(std::uint64_t sequence, std::string type) {
  Event event;
  event.sequence = sequence;
  event.at = FromUnixMillis(1'714'557'600'123);
  event.type = std::move(type);
  event.body = "{}";
  return event;
}

TEST(EventsCsv, OfNothingIsItsHead) { EXPECT_EQ(EventsCsv({}), kHead); }

TEST(EventsCsv, HasALineForEachEvent) {
  Event event = Of(7, "notification.delivered");
  event.alert_id = "a1";
  event.rule_id = "r1";
  event.receiver = "ops";
  EXPECT_EQ(EventsCsv({event, Of(8, "silence.created")}),
            std::string(kHead) +
                "7,2024-05-01T10:00:00.123Z,notification.delivered,a1,r1,ops,{},{}\r\n"
                "8,2024-05-01T10:00:00.123Z,silence.created,,,,{},{}\r\n");
}

TEST(EventsCsv, QuotesCommasQuotesAndLineBreaks) {
  Event event = Of(1, "a.b");
  event.receiver = "a,b";
  event.alert_id = "say \"hi\"";
  event.rule_id = "two\nlines";
  event.body = R"({"a":1,"b":"c"})";
  EXPECT_EQ(EventsCsv({event}),
            std::string(kHead) +
                "1,2024-05-01T10:00:00.123Z,a.b,\"say \"\"hi\"\"\",\"two\nlines\",\"a,b\",{},"
                "\"{\"\"a\"\":1,\"\"b\"\":\"\"c\"\"}\"\r\n");
}

TEST(EventsCsv, NoCellIsTakenForAFormula) {
  for (const std::string evil : {"=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1"}) {
    Event event = Of(1, "a.b");
    event.receiver = evil;
    EXPECT_EQ(EventsCsv({event}),
              std::string(kHead) + "1,2024-05-01T10:00:00.123Z,a.b,,,'" + evil + ",{},{}\r\n");
  }
  Event quoted = Of(1, "a.b");
  quoted.receiver = "=HYPERLINK(\"http://x\",1)";
  EXPECT_NE(EventsCsv({quoted}).find(",\"'=HYPERLINK(\"\"http://x\"\",1)\","), std::string::npos);
  Event harmless = Of(1, "a.b");
  harmless.receiver = "a=b";
  EXPECT_NE(EventsCsv({harmless}).find(",a=b,"), std::string::npos);
}

TEST(EventJson, WhatIsAboutNothingIsNull) {
  EXPECT_EQ(json::parse(EventJson(Of(3, "config.reloaded"))), json::parse(R"({
    "sequence": 3, "at": "2024-05-01T10:00:00.123Z", "type": "config.reloaded", "alert_id": null,
    "rule_id": null, "receiver": null, "labels": {}, "body": {}
  })"));
}

TEST(EventJson, ABodyThatCannotBeReadDoesNotSpoilTheAnswer) {
  Event event = Of(1, "alert.active");
  event.rule_id = "r1";
  for (const char* damaged : {"", "{", "[1]", "null", "{\"v\":1}"}) {
    event.body = damaged;
    EXPECT_TRUE(json::parse(EventJson(event)).at("body").is_object()) << damaged;
    EXPECT_EQ(AlertHistoryJson({event}).at(0).at("sequence"), 1) << damaged;
  }
}

TEST(EventJson, TextsThatAreNoUtf8DoNotSpoilTheAnswer) {
  Event event = Of(1, "alert.active");
  event.labels = Labels{{"host", "\xff"}};
  EXPECT_EQ(json::parse(EventJson(event)).at("labels").at("host"), "\xef\xbf\xbd");
}

TEST(AlertHistoryJson, SaysOfANotificationWhereToAndWhatCameOfIt) {
  Event event = Of(9, "notification.failed");
  event.receiver = "ops";
  event.body = R"({"integration":"webhook","status":"firing","attempts":2,"http_status":503,
                   "reason":"503","duration_ms":12,"message":4})";
  EXPECT_EQ(json::parse(AlertHistoryJson({event}).dump()), json::parse(R"([{
    "sequence": 9, "type": "notification.failed", "at": "2024-05-01T10:00:00.123Z",
    "receiver": "ops", "integration": "webhook", "told": "firing", "attempts": 2,
    "http_status": 503, "reason": "503", "duration_ms": 12
  }])"));
}

}  // namespace
}  // namespace tocsin::api
