#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/group_key.h"
#include "base/text.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Outcome::Kind;

constexpr char kPagerDutyGlobal[] = "{pagerduty_url: 'http://pd/v2/enqueue'}";

std::string KeyOfGroup() { return Sha256Hex(R"({}:{alertname="DiskFull"})"); }

// The alert as JSON, members sorted as in every payload.
std::string FiringAlertJson() {
  return R"({"annotations":{"summary":"98%"},"endsAt":"0001-01-01T00:00:00Z","fingerprint":")" +
         FormatHex64(DiskFull().fingerprint) +
         R"(","generatorURL":"http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1",)"
         R"("labels":{"alertname":"DiskFull","job":"node"},)"
         R"("startsAt":"2026-01-02T03:04:05.678Z","status":"firing"})";
}

TEST(GroupPagerDuty, TriggersAnIncidentForTheGroup) {
  VendorWorld pagerduty("pagerduty_configs", "{routing_key: r0uting}", kPagerDutyGlobal);
  const HttpClientRequest request = pagerduty.DeliverFiring();
  EXPECT_EQ(request.url, "http://pd/v2/enqueue");
  const std::string body = request.body;
  EXPECT_THAT(body, HasSubstr(R"("routing_key":"r0uting")"));
  EXPECT_THAT(body, HasSubstr(R"("dedup_key":")" + KeyOfGroup() + "\""));
  EXPECT_THAT(body, HasSubstr(R"("event_action":"trigger")"));
  EXPECT_THAT(body, HasSubstr(R"x("payload":{"summary":"[FIRING:1] DiskFull (node)",)x"
                              R"("source":"Alertmanager","severity":"error",)"
                              R"("custom_details":{)"));
  EXPECT_THAT(body, HasSubstr("\"firing\":[" + FiringAlertJson() + "]"));
  EXPECT_THAT(body, HasSubstr(R"("num_firing":1,"num_resolved":0,"resolved":[])"));
  EXPECT_THAT(body, HasSubstr(R"("client":"Alertmanager",)"
                              R"("client_url":"http://am:9093/#/alerts?receiver=ops"})"));
  EXPECT_TRUE(pagerduty.send_resolved);
}

TEST(GroupPagerDuty, ResolvesTheSameIncident) {
  VendorWorld pagerduty("pagerduty_configs", "{routing_key: r}", kPagerDutyGlobal);
  const std::string body = pagerduty.DeliverResolved().body;
  EXPECT_THAT(body, HasSubstr(R"("event_action":"resolve")"));
  EXPECT_THAT(body, HasSubstr(R"("dedup_key":")" + KeyOfGroup() + "\""));
}

TEST(GroupPagerDuty, SendsEveryKey) {
  VendorWorld pagerduty("pagerduty_configs", R"({
    routing_key: 'key-{{ .GroupLabels.alertname }}', url: 'http://own/', client: c, client_url: 'http://c/',
    description: d, source: s, severity: '{{ "critical" }}', class: cl, component: co, group: g,
    details: {firing: none, own: {nested: ['{{ .Status }}', 7]}},
    images: [{src: 'http://i/', alt: a, href: 'http://h/'}, {alt: no source}],
    links: [{href: 'http://l/', text: t}, {text: no address}]})");
  const std::string body = pagerduty.DeliverFiring().body;
  EXPECT_EQ(pagerduty.LastRequest().url, "http://own/");
  EXPECT_THAT(body, HasSubstr(R"("routing_key":"key-DiskFull")"));
  EXPECT_THAT(body, HasSubstr(R"("payload":{"summary":"d","source":"s","severity":"critical",)"
                              R"("class":"cl","component":"co","group":"g","custom_details":{)"
                              R"("firing":"none","num_firing":1,"num_resolved":0,)"
                              R"("own":{"nested":["firing",7]},"resolved":[]})"));
  EXPECT_THAT(body, HasSubstr(R"("client":"c","client_url":"http://c/")"));
  EXPECT_THAT(body, HasSubstr(R"("images":[{"src":"http://i/","alt":"a","href":"http://h/"}])"));
  EXPECT_THAT(body, HasSubstr(R"("links":[{"href":"http://l/","text":"t"}])"));
}

TEST(GroupPagerDuty, SpeaksVersion1WithAServiceKey) {
  VendorWorld pagerduty("pagerduty_configs", "{service_key: s3rvice, details: {a: b}}",
                        kPagerDutyGlobal);
  const HttpClientRequest request = pagerduty.DeliverFiring();
  EXPECT_EQ(request.url, "https://events.pagerduty.com/generic/2010-04-15/create_event.json");
  EXPECT_THAT(request.body, HasSubstr(R"({"service_key":"s3rvice","event_type":"trigger",)"
                                      R"("incident_key":")" +
                                      KeyOfGroup() +
                                      R"x(","description":"[FIRING:1] DiskFull (node)",)x"
                                      R"("details":{"a":"b","firing":[)"));
  EXPECT_THAT(request.body, HasSubstr(R"("client":"Alertmanager")"));
  const std::string resolved = pagerduty.DeliverResolved().body;
  EXPECT_THAT(resolved, HasSubstr(R"("event_type":"resolve")"));
  EXPECT_THAT(resolved, Not(HasSubstr("client")));
}

TEST(GroupPagerDuty, CutsSummariesAt1024Characters) {
  VendorWorld pagerduty("pagerduty_configs",
                        "{routing_key: r, description: '" + std::string(1025, 'd') + "'}",
                        kPagerDutyGlobal);
  EXPECT_THAT(pagerduty.DeliverFiring().body,
              HasSubstr("\"summary\":\"" + std::string(1023, 'd') + "…\""));
}

TEST(GroupPagerDuty, LeavesDetailsOutOfEventsThatAreTooLarge) {
  VendorWorld pagerduty("pagerduty_configs", "{routing_key: r}", kPagerDutyGlobal);
  PostedAlert alert = DiskFull();
  alert.annotations = {{"summary", std::string(600'000, 'x')}};
  const std::string body = pagerduty.Deliver(About({Fires(alert)})).body;
  EXPECT_LT(body.size(), 10'000U);
  EXPECT_THAT(body, HasSubstr(R"("custom_details":{"error":"Custom details have been removed )"
                              R"(because the original event exceeds the maximum size of 512KB"})"));
}

TEST(GroupPagerDuty, IsRetriedWhenItIsToldToSlowDown) {
  VendorWorld version2("pagerduty_configs", "{routing_key: r}", kPagerDutyGlobal);
  EXPECT_EQ(version2.OutcomeOf(202).kind, Kind::kDelivered);
  EXPECT_EQ(version2.OutcomeOf(429).kind, Kind::kRetry);
  EXPECT_EQ(version2.OutcomeOf(403).kind, Kind::kGiveUp);
  EXPECT_EQ(version2.OutcomeOf(400).kind, Kind::kGiveUp);
  VendorWorld version1("pagerduty_configs", "{service_key: s}", kPagerDutyGlobal);
  EXPECT_EQ(version1.OutcomeOf(403).kind, Kind::kRetry);
  EXPECT_EQ(version1.OutcomeOf(429).kind, Kind::kGiveUp);
  EXPECT_EQ(version1.DurableOutcomeOf(429).kind, Kind::kRetry);
}

TEST(GroupPagerDuty, ReadsItsKeyFromAFileForEachMessage) {
  const testing::TempDir folder;
  const std::string path = folder.path() + "/key";
  VendorWorld pagerduty("pagerduty_configs", "{routing_key_file: '" + path + "'}",
                        kPagerDutyGlobal);
  pagerduty.DeliverFiring();
  EXPECT_EQ(pagerduty.http.sent(), 0U);
  EXPECT_EQ(pagerduty.outcomes.at(0).kind, Kind::kGiveUp);
  for (const char* key : {"first", "second"}) {
    std::ofstream(path, std::ios::trunc) << key << "\n";
    EXPECT_THAT(pagerduty.DeliverFiring().body,
                HasSubstr(std::string(R"("routing_key":")") + key + "\""));
  }
}

}  // namespace
}  // namespace tocsin::receivers
