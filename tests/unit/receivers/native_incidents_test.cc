// Opsgenie, VictorOps and incident.io of tocsin.yml, and what Jira and SNS have in common with
// them. What is expected is written from the vendors' documentation.
//
// https://docs.opsgenie.com/docs/alert-api
// https://help.victorops.com/knowledge-base/rest-endpoint-integration-guide/
// https://docs.incident.io/api-reference/alert-events-v2/createhttp
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/text.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/config/loading.h"
#include "tests/unit/receivers/jira_answers.h"
#include "tests/unit/receivers/native_incident_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = Outcome::Kind;

constexpr char kOpsGenie[] = "{api_url: 'http://og/', api_key: k3y}";
constexpr char kVictorOps[] = "{api_url: 'http://vo/alert/', api_key: k3y, routing_key: ops}";
constexpr char kIncidentio[] = "{url: 'http://io/v2/alert_events/http/1', alert_source_token: t0k}";

// ---- Opsgenie

TEST(OpsGenieChannel, OpensAnAlertUnderTheFingerprint) {
  NativeChannelWorld opsgenie("opsgenie", kOpsGenie);
  const HttpClientRequest request = opsgenie.Deliver({Fires()});
  EXPECT_EQ(Line(request), "POST http://og/v2/alerts");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "GenieKey k3y");
  EXPECT_FALSE(request.follow_redirects);
  EXPECT_EQ(BodyOf(request), Golden(R"({
    "message": "[HIGH] High CPU Usage",
    "alias": "$KEY",
    "description": "CPU usage is high",
    "details": {
      "Alert": "http://tocsin:9095/api/v1/alerting/alerts/e1",
      "Condition": "system.cpu.usage > 80.0 for 1m",
      "Metric": "system.cpu.usage: 85.5",
      "Severity": "HIGH",
      "Threshold": "80.0",
      "Triggered": "2024-05-01T10:00:00.123Z",
      "host": "web-1"
    },
    "entity": "web-1",
    "source": "Tocsin",
    "priority": "P2"
  })"));
  EXPECT_TRUE(opsgenie.send_resolved);
}

TEST(OpsGenieChannel, ClosesTheAlertOfTheSameAliasAndSaysWhy) {
  NativeChannelWorld opsgenie("opsgenie", kOpsGenie);
  const HttpClientRequest request = opsgenie.Deliver({IsOver()});
  EXPECT_EQ(Line(request),
            "POST http://og/v2/alerts/" + AlertKey() + "/close?identifierType=alias");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "GenieKey k3y");
  EXPECT_EQ(BodyOf(request).size(), 2U);
  EXPECT_EQ(BodyOf(request).at("source"), "Tocsin");
  EXPECT_EQ(BodyOf(request).at("note"),
            "CPU usage is high\n\n"
            "Severity: HIGH\n"
            "Metric: system.cpu.usage: 75.0\n"
            "Threshold: 80.0\n"
            "Condition: system.cpu.usage > 80.0 for 1m\n"
            "Triggered: 2024-05-01T10:00:00.123Z\n"
            "Resolved: 2024-05-01T10:02:00.123Z\n"
            "Duration: 2m\n"
            "Reason: recovered\n"
            "host: web-1\n\n"
            "Alert: http://tocsin:9095/api/v1/alerting/alerts/e1");
}

std::shared_ptr<Alert> IsAcknowledged() {
  auto alert = std::make_shared<Alert>(*testing::Acknowledged(*Fires()));
  alert->acknowledge_note = "on my way";
  return alert;
}

TEST(OpsGenieChannel, AcknowledgesTheAlertOfTheSameAlias) {
  NativeChannelWorld opsgenie("opsgenie", kOpsGenie);
  EXPECT_TRUE(opsgenie.hears_acknowledgements);
  const HttpClientRequest request = opsgenie.Deliver({IsAcknowledged()});
  EXPECT_EQ(Line(request),
            "POST http://og/v2/alerts/" + AlertKey() + "/acknowledge?identifierType=alias");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "GenieKey k3y");
  EXPECT_EQ(BodyOf(request), Golden(R"({
    "source": "Tocsin",
    "user": "anna",
    "note": "acknowledged by anna: on my way"
  })"));
}

TEST(OpsGenieChannel, StaysWithinTheLimitsWhoeverAcknowledges) {
  NativeChannelWorld opsgenie("opsgenie", kOpsGenie);
  for (const char* filler : kFillers) {
    const Json body = BodyOf(opsgenie.Deliver({testing::Acknowledged(*Huge(filler))}));
    EXPECT_LE(Runes(body.at("user")), 100U);
    EXPECT_LE(std::string(body.at("note")).size(), 25'000U);
  }
}

TEST(OpsGenieChannel, SendsToOpsgenieItselfAndToItsResponders) {
  NativeChannelWorld opsgenie("opsgenie",
                              "{api_key: k, responders: [{type: team, name: ops}, {type: user, "
                              "username: a@x.org}, {type: schedule, id: '7'}]}");
  const HttpClientRequest request = opsgenie.Deliver({Fires()});
  EXPECT_EQ(request.url, "https://api.opsgenie.com/v2/alerts");
  EXPECT_EQ(
      BodyOf(request).at("responders"),
      Json::parse(R"([{"type": "team", "name": "ops"}, {"type": "user", "username": "a@x.org"},
                            {"type": "schedule", "id": "7"}])"));
}

TEST(OpsGenieChannel, HasAPriorityForEachSeverity) {
  NativeChannelWorld opsgenie("opsgenie", kOpsGenie);
  const std::pair<Severity, const char*> priorities[] = {{Severity::kCritical, "P1"},
                                                         {Severity::kHigh, "P2"},
                                                         {Severity::kMedium, "P3"},
                                                         {Severity::kLow, "P4"},
                                                         {Severity::kInfo, "P5"}};
  for (const auto& [severity, priority] : priorities) {
    EXPECT_EQ(BodyOf(opsgenie.Deliver({OfSeverity(severity)})).at("priority"), priority);
  }
}

TEST(OpsGenieChannel, TellsEachAlertOfAGroupAfterTheOther) {
  NativeChannelWorld opsgenie("opsgenie", kOpsGenie);
  Notification notification = NativeChannelWorld::About({Fires(), OnOtherHost(), IsOver()});
  notification.links = {{}, {"https://runbook/2", "", ""}, {}};
  EXPECT_EQ(BodyOf(opsgenie.Deliver(notification)).at("alias"), AlertKey());
  EXPECT_EQ(opsgenie.world.http.sent(), 1U);
  AnswerLast(opsgenie, 202);
  const Json second = BodyOf(LastRequest(opsgenie));
  EXPECT_EQ(second.at("alias"), OnOtherHost()->fingerprint_text());
  EXPECT_EQ(second.at("message"), "[HIGH] High CPU Usage");
  EXPECT_EQ(second.at("details").at("Runbook"), "https://runbook/2");
  EXPECT_EQ(second.at("details").at("host"), "web-2");
  EXPECT_THAT(opsgenie.world.outcomes, IsEmpty());
  AnswerLast(opsgenie, 202);
  EXPECT_EQ(Line(LastRequest(opsgenie)),
            "POST http://og/v2/alerts/" + AlertKey() + "/close?identifierType=alias");
  AnswerLast(opsgenie, 202);
  ASSERT_EQ(opsgenie.world.outcomes.size(), 1U);
  EXPECT_EQ(opsgenie.world.outcomes[0].kind, Kind::kDelivered);
  EXPECT_EQ(opsgenie.world.http.sent(), 3U);
}

TEST(OpsGenieChannel, HasToldSomethingOnceOneAlertWasTaken) {
  NativeChannelWorld opsgenie("opsgenie", kOpsGenie);
  opsgenie.Deliver({Fires(), OnOtherHost()});
  AnswerLast(opsgenie, 422);
  EXPECT_EQ(opsgenie.world.http.sent(), 1U);
  EXPECT_EQ(opsgenie.world.outcomes.at(0).kind, Kind::kGiveUp);
  EXPECT_FALSE(opsgenie.world.outcomes.at(0).may_have_arrived);
  opsgenie.Deliver({Fires(), OnOtherHost()});
  AnswerLast(opsgenie, 202);
  AnswerLast(opsgenie, 503);
  EXPECT_EQ(opsgenie.world.outcomes.at(1).kind, Kind::kRetry);
  EXPECT_TRUE(opsgenie.world.outcomes.at(1).may_have_arrived);
}

TEST(OpsGenieChannel, CutsItsMessageAt130Characters) {
  const auto message = [](std::size_t size) {
    auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
    rule->name = std::string(size, 'a');
    NativeChannelWorld opsgenie("opsgenie", kOpsGenie);
    return BodyOf(opsgenie.Deliver({testing::FiringAlert(rule, "e1")})).at("message");
  };
  EXPECT_EQ(message(123), "[HIGH] " + std::string(123, 'a'));
  EXPECT_EQ(message(124), "[HIGH] " + std::string(122, 'a') + "…");
}

TEST(OpsGenieChannel, StaysWithinTheLimitsWhateverTheAlertHolds) {
  NativeChannelWorld opsgenie("opsgenie", kOpsGenie);
  for (const char* filler : kFillers) {
    const Json body = BodyOf(opsgenie.Deliver(AboutHuge(Huge(filler), filler)));
    EXPECT_LE(Runes(body.at("message")), 130U);
    EXPECT_THAT(std::string(body.at("message")), Not(AnyOf(HasSubstr("\n"), HasSubstr("\x01"))));
    EXPECT_LE(Runes(body.at("description")), 15'000U);
    EXPECT_LE(Runes(body.at("entity")), 512U);
    std::size_t details = 0;
    for (const auto& [name, value] : body.at("details").items()) {
      details += Runes(name) + Runes(value);
    }
    EXPECT_LE(details, 8000U);
    EXPECT_EQ(std::string(body.at("details").at("Runbook")).size(), 1000U);
    EXPECT_EQ(body.at("details").at("Severity"), "HIGH");
    EXPECT_EQ(body.at("details").at("message_type"), "RECOVERY");
    const Json over = BodyOf(opsgenie.Deliver(AboutHuge(HugeOver(filler), filler)));
    EXPECT_LE(Runes(over.at("note")), 25'000U);
    EXPECT_THAT(std::string(over.at("note")), HasSubstr("\nDuration: 2m\n"));
  }
}

// ---- VictorOps

TEST(VictorOpsChannel, SendsAMessageUnderTheFingerprint) {
  NativeChannelWorld victorops("victorops", kVictorOps);
  const HttpClientRequest request = victorops.Deliver({Fires()});
  EXPECT_EQ(Line(request), "POST http://vo/alert/k3y/ops");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(BodyOf(request), Golden(R"({
    "message_type": "CRITICAL",
    "entity_id": "$KEY",
    "entity_display_name": "[HIGH] High CPU Usage",
    "state_message": ")"
                                    R"(CPU usage is high\n\n)"
                                    R"(Severity: HIGH\n)"
                                    R"(Metric: system.cpu.usage: 85.5\n)"
                                    R"(Threshold: 80.0\n)"
                                    R"(Condition: system.cpu.usage > 80.0 for 1m\n)"
                                    R"(Triggered: 2024-05-01T10:00:00.123Z\n)"
                                    R"(host: web-1\n\n)"
                                    R"(Alert: http://tocsin:9095/api/v1/alerting/alerts/e1",
    "state_start_time": 1714557600,
    "monitoring_tool": "Tocsin",
    "fact.Severity": "HIGH",
    "fact.Metric": "system.cpu.usage: 85.5",
    "fact.Threshold": "80.0",
    "fact.Condition": "system.cpu.usage > 80.0 for 1m",
    "fact.Triggered": "2024-05-01T10:00:00.123Z",
    "label.host": "web-1",
    "vo_annotate.u.Alert": "http://tocsin:9095/api/v1/alerting/alerts/e1"
  })"));
}

TEST(VictorOpsChannel, RecoversWhatItOpened) {
  NativeChannelWorld victorops("victorops", kVictorOps);
  const Json body = BodyOf(victorops.Deliver({IsOver()}));
  EXPECT_EQ(body.at("message_type"), "RECOVERY");
  EXPECT_EQ(body.at("entity_id"), AlertKey());
  EXPECT_EQ(body.at("entity_display_name"), "[RESOLVED] High CPU Usage");
  EXPECT_EQ(body.at("state_start_time"), 1'714'557'720);
  EXPECT_EQ(body.at("fact.Duration"), "2m");
  EXPECT_THAT(std::string(body.at("state_message")), HasSubstr("\nReason: recovered\n"));
}

TEST(VictorOpsChannel, AcknowledgesWhatItOpened) {
  NativeChannelWorld victorops("victorops", kVictorOps);
  EXPECT_TRUE(victorops.hears_acknowledgements);
  const Json body = BodyOf(victorops.Deliver({IsAcknowledged()}));
  EXPECT_EQ(body.at("message_type"), "ACKNOWLEDGEMENT");
  EXPECT_EQ(body.at("entity_id"), AlertKey());
  EXPECT_EQ(body.at("state_message"), "acknowledged by anna: on my way");
  for (const char* filler : kFillers) {
    const Json huge = BodyOf(victorops.Deliver({testing::Acknowledged(*Huge(filler))}));
    EXPECT_LE(std::string(huge.at("state_message")).size(), 20'480U);
  }
}

TEST(VictorOpsChannel, SpeaksItsMessageTypes) {
  NativeChannelWorld victorops("victorops", kVictorOps);
  const std::pair<Severity, const char*> types[] = {{Severity::kCritical, "CRITICAL"},
                                                    {Severity::kHigh, "CRITICAL"},
                                                    {Severity::kMedium, "WARNING"},
                                                    {Severity::kLow, "WARNING"},
                                                    {Severity::kInfo, "INFO"}};
  for (const auto& [severity, type] : types) {
    EXPECT_EQ(BodyOf(victorops.Deliver({OfSeverity(severity)})).at("message_type"), type);
    EXPECT_EQ(
        BodyOf(victorops.Deliver({testing::Resolved(*OfSeverity(severity))})).at("message_type"),
        "RECOVERY");
  }
}

TEST(VictorOpsChannel, EscapesItsKeysInTheAddress) {
  NativeChannelWorld victorops("victorops", "{api_key: 'a/b?', routing_key: 'c d/e'}");
  EXPECT_EQ(victorops.Deliver({Fires()}).url,
            "https://alert.victorops.com/integrations/generic/20131114/alert/a%2Fb%3F/c%20d%2Fe");
}

TEST(VictorOpsChannel, TellsEachAlertOfAGroup) {
  NativeChannelWorld victorops("victorops", kVictorOps);
  victorops.Deliver({Fires(), OnOtherHost()});
  AnswerLast(victorops, 200, R"({"result":"success","entity_id":"1"})");
  EXPECT_EQ(BodyOf(LastRequest(victorops)).at("entity_id"), OnOtherHost()->fingerprint_text());
  AnswerLast(victorops, 200, R"({"result":"success","entity_id":"2"})");
  EXPECT_EQ(victorops.world.outcomes.at(0).kind, Kind::kDelivered);
}

TEST(VictorOpsChannel, IsRefusedWithStatus200Too) {
  NativeChannelWorld victorops("victorops", kVictorOps);
  const Outcome refused = victorops.OutcomeOf(200, R"({"result":"failure","message":"no route"})");
  EXPECT_EQ(refused.kind, Kind::kGiveUp);
  EXPECT_EQ(refused.reason, "VictorOps refuses the message: \"no route\"");
  EXPECT_EQ(refused.http_status, 200);
  EXPECT_THAT(victorops.OutcomeOf(200, R"({"result":"failure","message":"bad key k3y"})").reason,
              Not(HasSubstr("k3y")));
  EXPECT_EQ(victorops.OutcomeOf(200, R"({"result":"failure","message":7})").kind, Kind::kGiveUp);
  for (const char* body : {"", "<html>", "[]", "7", R"({"result":7})", R"({"result":"success"})"}) {
    EXPECT_EQ(victorops.OutcomeOf(200, body).kind, Kind::kDelivered) << body;
  }
}

TEST(VictorOpsChannel, StaysWithinTheLimitsWhateverTheAlertHolds) {
  NativeChannelWorld victorops("victorops", kVictorOps);
  for (const char* filler : kFillers) {
    for (const auto& [alert, type] :
         {std::pair(Huge(filler), "CRITICAL"), std::pair(HugeOver(filler), "RECOVERY")}) {
      const HttpClientRequest request = victorops.Deliver(AboutHuge(alert, filler));
      const Json body = BodyOf(request);
      // No label takes the place of a field.
      EXPECT_EQ(body.at("message_type"), type);
      EXPECT_EQ(body.at("label.message_type"), "RECOVERY");
      EXPECT_LE(Runes(body.at("state_message")), 20'480U);
      EXPECT_LE(Runes(body.at("entity_display_name")), 255U);
      EXPECT_LE(std::string(body.at("vo_annotate.u.Runbook")).size(), 1124U);
      EXPECT_LT(request.body.size(), 300'000U);
    }
  }
}

// ---- incident.io

TEST(IncidentioChannel, SendsAnEventUnderTheFingerprint) {
  NativeChannelWorld incidentio("incidentio", kIncidentio);
  const HttpClientRequest request = incidentio.Deliver({Fires()});
  EXPECT_EQ(Line(request), "POST http://io/v2/alert_events/http/1");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "Bearer t0k");
  EXPECT_EQ(BodyOf(request), Golden(R"({
    "title": "[HIGH] High CPU Usage",
    "status": "firing",
    "deduplication_key": "$KEY",
    "description": ")"
                                    R"(CPU usage is high\n\n)"
                                    R"(- **Severity**: HIGH\n)"
                                    R"(- **Metric**: system.cpu.usage: 85.5\n)"
                                    R"(- **Threshold**: 80.0\n)"
                                    R"(- **Condition**: system.cpu.usage \\> 80.0 for 1m\n)"
                                    R"(- **Triggered**: 2024-05-01T10:00:00.123Z\n)"
                                    R"(- **host**: web-1\n\n)"
                                    R"([Alert](<http://tocsin:9095/api/v1/alerting/alerts/e1>))"
                                    R"(",
    "metadata": {
      "severity": "high",
      "facts": {
        "Severity": "HIGH",
        "Metric": "system.cpu.usage: 85.5",
        "Threshold": "80.0",
        "Condition": "system.cpu.usage > 80.0 for 1m",
        "Triggered": "2024-05-01T10:00:00.123Z"
      },
      "labels": {"host": "web-1"},
      "links": {"Alert": "http://tocsin:9095/api/v1/alerting/alerts/e1"}
    },
    "source_url": "http://tocsin:9095/api/v1/alerting/alerts/e1"
  })"));
}

TEST(IncidentioChannel, ResolvesUnderTheSameKey) {
  NativeChannelWorld incidentio("incidentio", kIncidentio);
  const Json body = BodyOf(incidentio.Deliver({IsOver()}));
  EXPECT_EQ(body.at("status"), "resolved");
  EXPECT_EQ(body.at("deduplication_key"), AlertKey());
  EXPECT_EQ(body.at("title"), "[RESOLVED] High CPU Usage");
  EXPECT_EQ(body.at("metadata").at("facts").at("Duration"), "2m");
}

TEST(IncidentioChannel, SaysHowBadItIsInItsMetadata) {
  NativeChannelWorld incidentio("incidentio", kIncidentio);
  const std::pair<Severity, const char*> words[] = {{Severity::kCritical, "critical"},
                                                    {Severity::kHigh, "high"},
                                                    {Severity::kMedium, "medium"},
                                                    {Severity::kLow, "low"},
                                                    {Severity::kInfo, "info"}};
  for (const auto& [severity, word] : words) {
    EXPECT_EQ(BodyOf(incidentio.Deliver({OfSeverity(severity)})).at("metadata").at("severity"),
              word);
  }
}

TEST(IncidentioChannel, TakesATokenThatStandsInTheAddress) {
  NativeChannelWorld incidentio("incidentio", "{url: 'http://io/1?token=t0k'}");
  const HttpClientRequest request = incidentio.Deliver({Fires()});
  EXPECT_EQ(request.url, "http://io/1?token=t0k");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "");
}

TEST(IncidentioChannel, TellsEachAlertOfAGroup) {
  NativeChannelWorld incidentio("incidentio", kIncidentio);
  Notification notification = NativeChannelWorld::About({IsOver(), OnOtherHost()});
  notification.status = NotificationStatus::kFiring;
  EXPECT_EQ(BodyOf(incidentio.Deliver(notification)).at("status"), "resolved");
  AnswerLast(incidentio, 202);
  const Json second = BodyOf(LastRequest(incidentio));
  EXPECT_EQ(second.at("status"), "firing");
  EXPECT_EQ(second.at("deduplication_key"), OnOtherHost()->fingerprint_text());
  AnswerLast(incidentio, 202);
  EXPECT_EQ(incidentio.world.outcomes.at(0).kind, Kind::kDelivered);
}

TEST(IncidentioChannel, LetsNoTextBecomeMarkdown) {
  NativeChannelWorld incidentio("incidentio", kIncidentio);
  auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->description = "*b* _i_ `c` [x](http://evil/) ![y](http://evil/y) <b> # | ~s~ \\";
  auto alert = std::make_shared<Alert>(*testing::FiringAlert(rule, "e1"));
  alert->metadata = Labels{{"ho_st", "**web**"}};
  Notification notification = NativeChannelWorld::About({alert});
  notification.links = {{"http://h/a>b<c\\", "", ""}};
  const std::string text = BodyOf(incidentio.Deliver(notification)).at("description");
  EXPECT_THAT(text,
              StartsWith("\\*b\\* \\_i\\_ \\`c\\` \\[x\\](http://evil/) !\\[y\\](http://evil/y) "
                         "\\<b\\> \\# \\| \\~s\\~ \\\\\n\n"));
  EXPECT_THAT(text, HasSubstr("- **ho\\_st**: \\*\\*web\\*\\*\n"));
  EXPECT_THAT(text, HasSubstr(" · [Runbook](<http://h/a%3Eb%3Cc%5C>)"));
}

TEST(IncidentioChannel, StaysWithin512KBWhateverTheAlertHolds) {
  NativeChannelWorld incidentio("incidentio", kIncidentio);
  for (const char* filler : kFillers) {
    for (const auto& alert : {Huge(filler), HugeOver(filler)}) {
      const HttpClientRequest request = incidentio.Deliver(AboutHuge(alert, filler));
      EXPECT_LT(request.body.size(), 512U << 10U);
      const Json body = BodyOf(request);
      EXPECT_LE(Runes(body.at("title")), 255U);
      EXPECT_EQ(body.at("metadata").at("severity"), "high");
    }
  }
}

// ---- all

constexpr std::pair<const char*, const char*> kAllTypes[] = {{"opsgenie", kOpsGenie},
                                                             {"victorops", kVictorOps},
                                                             {"incidentio", kIncidentio},
                                                             {"jira", kJira},
                                                             {"sns", kSns}};

// Those keys and one more.
std::string With(std::string keys, const std::string& key) {
  keys.pop_back();
  return keys + ", " + key + "}";
}

TEST(NativeIncidents, MapStatusesAlike) {
  for (const auto& [type, keys] : kAllTypes) {
    NativeChannelWorld channel(type, keys);
    for (const int status : {408, 429, 500, 503}) {
      EXPECT_EQ(channel.OutcomeOf(status).kind, Kind::kRetry) << type << " " << status;
    }
    for (const int status : {302, 400, 401, 403, 404, 413, 422}) {
      const Outcome outcome = channel.OutcomeOf(status);
      EXPECT_EQ(outcome.kind, Kind::kGiveUp) << type << " " << status;
      EXPECT_EQ(outcome.payload_refused, status == 400 || status == 413 || status == 422)
          << type << " " << status;
    }
    channel.Deliver({Fires()});
    HttpClientFailure failure;
    failure.message = "no route";
    channel.world.http.Fail(channel.world.http.sent() - 1, failure);
    EXPECT_EQ(channel.world.outcomes.back().kind, Kind::kRetry) << type;
    EXPECT_FALSE(channel.world.outcomes.back().may_have_arrived) << type;
  }
}

TEST(NativeIncidents, AreDeliveredWithTheVendorsStatus) {
  for (const auto& [type, keys] : kAllTypes) {
    if (type == std::string_view("jira")) continue;  // takes more than one answer
    NativeChannelWorld channel(type, keys);
    EXPECT_EQ(channel.OutcomeOf(200).kind, Kind::kDelivered) << type;
    EXPECT_EQ(channel.OutcomeOf(202).kind, Kind::kDelivered) << type;
  }
}

TEST(NativeIncidents, TakeTheTemplateForTheTextOfEachAlert) {
  for (const auto& [type, keys] : kAllTypes) {
    NativeChannelWorld channel(type, With(keys, "template: '{name} is {value} on {host}'"));
    channel.Deliver({Fires(), OnOtherHost()});
    if (type == std::string_view("jira")) AnswerLast(channel, 200, kNoIssue);
    const std::string first = LastRequest(channel).body;
    const std::string plain = *PercentDecode(first);
    EXPECT_THAT(type == std::string_view("sns") ? plain : first,
                AnyOf(HasSubstr("High CPU Usage is 85.5 on web-1"),
                      HasSubstr("High CPU Usage is 85.5 on web\\\\-1")))
        << type;
    EXPECT_THAT(first, Not(HasSubstr("CPU usage is high"))) << type;
    if (type == std::string_view("sns")) continue;  // one message for all
    AnswerLast(channel, 202);
    if (type == std::string_view("jira")) AnswerLast(channel, 200, kNoIssue);
    EXPECT_THAT(LastRequest(channel).body, AnyOf(HasSubstr("High CPU Usage is 85.5 on web-2"),
                                                 HasSubstr("High CPU Usage is 85.5 on web\\\\-2")))
        << type;
  }
}

TEST(NativeIncidents, AreNotMadeOfATemplateThatIsNone) {
  for (const auto& [type, keys] : kAllTypes) {
    const config::Settings settings =
        config::GoodSettings(std::string("tocsin: {receivers: [{name: ops, ") + type + ": " +
                             With(keys, "template: 'a {name'") + "}]}\n");
    ChannelWorld world;
    const Result<BuiltChannel> built =
        MakeChannel(settings.receivers.at(0).channels.at(0), world.Context());
    ASSERT_FALSE(built.ok()) << type;
    EXPECT_THAT(built.message(), StartsWith("template: ")) << type;
  }
}

TEST(NativeIncidents, GiveUpWithoutTheirSecretAndTellTheKey) {
  const std::pair<const char*, const char*> channels[] = {
      {"opsgenie", "{api_key_file: /nonexistent/s}"},
      {"victorops", "{api_key_file: /nonexistent/s, routing_key: r}"},
      {"incidentio", "{url_file: /nonexistent/s}"},
      {"incidentio", "{url: 'http://io/', alert_source_token_file: /nonexistent/s}"},
      {"sns",
       "{topic_arn: t, sigv4: {region: r, access_key: a, secret_key_file: /nonexistent/s}}"}};
  for (const auto& [type, keys] : channels) {
    NativeChannelWorld channel(type, keys);
    channel.Deliver({Fires()});
    EXPECT_EQ(channel.world.http.sent(), 0U) << type;
    EXPECT_EQ(channel.world.outcomes.at(0).kind, Kind::kGiveUp) << type;
    EXPECT_THAT(channel.world.outcomes.at(0).reason, HasSubstr("_file: ")) << type;
  }
}

TEST(NativeIncidents, ReadTheirSecretsFromFiles) {
  const testing::TempDir dir;
  const std::string file = dir.path() + "/secret";
  std::ofstream(file) << "http://io/s3cret\n";
  NativeChannelWorld incidentio("incidentio", "{url_file: " + file + "}");
  EXPECT_EQ(incidentio.Deliver({Fires()}).url, "http://io/s3cret");
  std::ofstream(file) << "s3cret\n";
  NativeChannelWorld opsgenie("opsgenie", "{api_key_file: " + file + "}");
  EXPECT_EQ(HeaderOf(opsgenie.Deliver({Fires()}), "Authorization"), "GenieKey s3cret");
  NativeChannelWorld victorops(
      "victorops", "{api_url: 'http://vo/', routing_key: r, api_key_file: " + file + "}");
  EXPECT_EQ(victorops.Deliver({Fires()}).url, "http://vo/s3cret/r");
}

}  // namespace
}  // namespace tocsin::receivers
