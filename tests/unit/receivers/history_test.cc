// What the history hears of messages, silences, acknowledgements and posted alerts: with the change
// that an event is about, in one batch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/matcher_text.h"
#include "receivers/alerts/alert_store.h"
#include "receivers/alerts/posted_alert_event.h"
#include "receivers/mute/posted_acknowledgements.h"
#include "receivers/mute/silences.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/unit/receivers/outbox_world.h"

namespace tocsin::receivers {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tocsin::testing::BadRequest;
using tocsin::testing::MemoryStateStore;
using tocsin::testing::Named;
using tocsin::testing::Posted;
using tocsin::testing::Shared;
using tocsin::testing::Unavailable;

using Strings = std::vector<std::string>;

Strings Types(const MemoryStateStore& store) {
  Strings types;
  for (const Event& event : store.events()) types.push_back(event.type);
  return types;
}

json BodyOf(const Event& event) { return json::parse(event.body); }

// ---- messages

TEST(DeliveryHistory, ADeliveryIsRecordedWithWhomWhatAndHowLong) {
  OutboxWorld world;
  const AlertPtr alert = Fires("e1");
  world.Add(alert);
  EXPECT_THAT(Types(world.store), IsEmpty());
  world.clock.Advance(Duration(250));
  Outcome delivered = Outcome::Delivered(202);
  world.Answer(0, delivered);
  ASSERT_THAT(Types(world.store), ElementsAre("notification.delivered"));
  const Event event = world.store.events()[0];
  EXPECT_EQ(event.at, world.clock.Now());
  EXPECT_EQ(event.receiver, "ops");
  EXPECT_EQ(event.alert_id, "e1");
  EXPECT_EQ(event.rule_id, alert->rule->id);
  EXPECT_EQ(event.labels, alert->labels);
  const json body = BodyOf(event);
  EXPECT_EQ(body.at("integration"), "wire");
  EXPECT_EQ(body.at("group_key"), "{}:" + alert->labels.ToString());
  EXPECT_EQ(body.at("status"), "firing");
  EXPECT_EQ(body.at("alerts"), 1);
  EXPECT_EQ(body.at("alert_ids"), json::array({"e1"}));
  EXPECT_EQ(body.at("attempts"), 1);
  EXPECT_EQ(body.at("http_status"), 202);
  EXPECT_TRUE(body.at("reason").is_null());
  EXPECT_EQ(body.at("duration_ms"), 250);
}

TEST(DeliveryHistory, EachAttemptThatFailsIsRecordedWithItsNumberAndReason) {
  OutboxWorld world;
  world.Add(Fires("e1"));
  world.Answer(0, Unavailable());
  world.TimeToNextAttempt();
  world.Answer(1, Unavailable());
  world.TimeToNextAttempt();
  world.Answer(2, Outcome::Delivered());
  ASSERT_THAT(Types(world.store),
              ElementsAre("notification.failed", "notification.failed", "notification.delivered"));
  const std::vector<Event> events = world.store.events();
  EXPECT_EQ(BodyOf(events[0]).at("attempts"), 1);
  EXPECT_EQ(BodyOf(events[1]).at("attempts"), 2);
  EXPECT_EQ(BodyOf(events[1]).at("reason"), Unavailable().reason);
  EXPECT_EQ(BodyOf(events[2]).at("attempts"), 3);
}

TEST(DeliveryHistory, WhatIsGivenUpIsDeadOnceAndFailsAfterwards) {
  OutboxWorld world;
  world.Add(Fires("e1"));
  world.Answer(0, tocsin::testing::NotFound());
  EXPECT_THAT(Types(world.store), ElementsAre("notification.dead"));
  // Tried again while the alert fires, and no better.
  world.TimeToNextAttempt();
  world.Answer(1, tocsin::testing::NotFound());
  EXPECT_THAT(Types(world.store), ElementsAre("notification.dead", "notification.failed"));
}

TEST(DeliveryHistory, ARefusedMessageIsDead) {
  OutboxWorld world;
  world.Add(Fires("e1"));
  world.Answer(0, BadRequest());
  ASSERT_THAT(Types(world.store), ElementsAre("notification.dead"));
  EXPECT_EQ(BodyOf(world.store.events()[0]).at("reason"), BadRequest().reason);
}

TEST(DeliveryHistory, AResolutionSaysSo) {
  OutboxWorld world;
  world.Add(Ends("e1"), 2);
  world.Answer(0, Outcome::Delivered());
  EXPECT_EQ(BodyOf(world.store.events().at(0)).at("status"), "resolved");
}

TEST(DeliveryHistory, TheEventComesWithTheRemovalOfTheRow) {
  OutboxWorld world;
  world.Add(Fires("e1"));
  ASSERT_EQ(world.stored().size(), 1U);
  world.Answer(0, Outcome::Delivered());
  EXPECT_THAT(world.stored(), IsEmpty());
  EXPECT_THAT(Types(world.store), ElementsAre("notification.delivered"));
}

TEST(DeliveryHistory, AMessageAboutSeveralAlertsNamesWhatTheyHaveInCommon) {
  OutboxWorld world;
  Message message = MakeMessage(Fires("e1", "web-1"), 1, "ops");
  const Message other = MakeMessage(Fires("e2", "web-2"), 1, "ops");
  message.notification.alerts.push_back(other.notification.alerts.front());
  message.notification.group_labels = Labels{{"alertname", "CPU"}};
  world.outbox.Send(std::move(message), nullptr, world.clock.Now());
  world.Commit();
  world.Answer(0, Outcome::Delivered());
  const Event event = world.store.events().at(0);
  EXPECT_EQ(event.alert_id, "");
  EXPECT_EQ(event.rule_id, Fires("e1")->rule->id);
  EXPECT_EQ(event.labels, (Labels{{"alertname", "CPU"}}));
  EXPECT_EQ(BodyOf(event).at("alert_ids"), json::array({"e1", "e2"}));
}

// ---- silences

const Timestamp kNow = FromUnixMillis(1'714'557'600'000);

class SilenceHistory : public ::testing::Test {
 protected:
  static Silence Of(const char* matchers) {
    Silence silence;
    silence.matchers = ParseMatcherList(matchers, MatcherDialect::kFallback)->matchers;
    silence.starts_at = kNow;
    silence.ends_at = kNow + std::chrono::hours(1);
    silence.created_by = "ann";
    silence.comment = "disk swap";
    return silence;
  }
  std::string Set(Silences& silences, Silence silence, Timestamp now = kNow) {
    std::string id;
    EXPECT_FALSE(silences.Set(std::move(silence), now, &id, nullptr).has_value());
    return id;
  }
  std::function<std::string()> MakeId() {
    return [this] { return "id-" + std::to_string(++ids_); };
  }

  int ids_ = 0;
  MemoryStateStore store_;
};

TEST_F(SilenceHistory, MakingChangingAndEndingOneAreRecorded) {
  Silences silences({}, store_, MakeId(), nullptr, /*record_events=*/true);
  Silence silence = Of("a=\"1\"");
  silence.id = Set(silences, silence);
  silence.comment = "takes longer";
  Set(silences, silence, kNow + minutes(1));
  ASSERT_TRUE(silences.Expire(silence.id, kNow + minutes(2), nullptr));
  ASSERT_TRUE(silences.Expire(silence.id, kNow + minutes(3), nullptr));  // is over already
  ASSERT_THAT(Types(store_), ElementsAre("silence.created", "silence.updated", "silence.expired"));
  const std::vector<Event> events = store_.events();
  const json body = BodyOf(events[1]);
  EXPECT_EQ(body.at("silence_id"), "id-1");
  EXPECT_EQ(body.at("matchers"), json::array({"a=\"1\""}));
  EXPECT_EQ(body.at("created_by"), "ann");
  EXPECT_EQ(body.at("comment"), "takes longer");
  EXPECT_EQ(events[2].at, kNow + minutes(2));
  EXPECT_EQ(BodyOf(events[2]).at("ends_at"), FormatRfc3339(kNow + minutes(2)));
}

TEST_F(SilenceHistory, AChangeThatMakesAnotherSilenceEndsTheOldOne) {
  Silences silences({}, store_, MakeId(), nullptr, /*record_events=*/true);
  Silence silence = Of("a=\"1\"");
  silence.id = Set(silences, silence);
  silence.matchers = Of("a=\"2\"").matchers;
  Set(silences, silence, kNow + minutes(1));
  ASSERT_THAT(Types(store_), ElementsAre("silence.created", "silence.expired", "silence.created"));
  EXPECT_EQ(BodyOf(store_.events()[1]).at("silence_id"), "id-1");
  EXPECT_EQ(BodyOf(store_.events()[2]).at("silence_id"), "id-2");
}

TEST_F(SilenceHistory, AnEndAsPlannedIsRecordedOnceWithItsTimeAlsoAfterARestart) {
  {
    Silences silences({}, store_, MakeId(), nullptr, /*record_events=*/true);
    Set(silences, Of("a=\"1\""));
    silences.RecordEnds(kNow + minutes(59));
    EXPECT_THAT(Types(store_), ElementsAre("silence.created"));
    silences.RecordEnds(kNow + minutes(61));
    silences.RecordEnds(kNow + minutes(62));
  }
  Silences silences({}, store_, MakeId(), nullptr, /*record_events=*/true);
  ASSERT_TRUE(silences.Restore().ok());
  silences.RecordEnds(kNow + minutes(63));
  ASSERT_THAT(Types(store_), ElementsAre("silence.created", "silence.expired"));
  EXPECT_EQ(store_.events()[1].at, kNow + minutes(60));
}

TEST_F(SilenceHistory, OneThatSomebodyEndedDoesNotEndAgain) {
  Silences silences({}, store_, MakeId(), nullptr, /*record_events=*/true);
  ASSERT_TRUE(silences.Expire(Set(silences, Of("a=\"1\"")), kNow + minutes(1), nullptr));
  silences.RecordEnds(kNow + minutes(61));
  EXPECT_THAT(Types(store_), ElementsAre("silence.created", "silence.expired"));
}

TEST_F(SilenceHistory, NothingIsRecordedWhereNobodyAsksForIt) {
  Silences silences({}, store_, MakeId());
  ASSERT_TRUE(silences.Expire(Set(silences, Of("a=\"1\"")), kNow, nullptr));
  EXPECT_THAT(Types(store_), IsEmpty());
}

// ---- acknowledgements of posted alerts

class AcknowledgementHistory : public ::testing::Test {
 protected:
  static PostedAlert Firing(Timestamp t) {
    PostedAlert alert = Posted(Named("A"), kNow, t + minutes(5), t);
    alert.began_at = kNow;
    return alert;
  }

  MemoryStateStore store_;
  testing::RecordingLogSink log_;
  PostedAcknowledgements acknowledgements_{store_, {}, Logger(log_, "test")};
};

TEST_F(AcknowledgementHistory, BeginningAndEndAreRecordedASecondWordIsNot) {
  const PostedAlert alert = Firing(kNow);
  acknowledgements_.Acknowledge(alert, {"anna", "on it"}, kNow + seconds(5), nullptr);
  acknowledgements_.Acknowledge(alert, {"bert", "still"}, kNow + seconds(6), nullptr);
  ASSERT_TRUE(acknowledgements_.End(EpisodeId(alert), "carl", kNow + seconds(7), nullptr));
  ASSERT_THAT(Types(store_), ElementsAre("alert.acknowledged", "alert.unacknowledged"));
  const std::vector<Event> events = store_.events();
  EXPECT_EQ(events[0].alert_id, EpisodeId(alert));
  EXPECT_EQ(events[0].rule_id, "");
  EXPECT_EQ(events[0].labels, Named("A"));
  EXPECT_EQ(events[0].at, kNow + seconds(5));
  EXPECT_EQ(BodyOf(events[0]), json::parse(R"({"actor":"anna","note":"on it","until":null})"));
  EXPECT_EQ(events[1].at, kNow + seconds(7));
  EXPECT_EQ(BodyOf(events[1]), json::parse(R"({"reason":"removed","actor":"carl"})"));
}

TEST_F(AcknowledgementHistory, OneWhoseTimeIsOverWhileTheAlertGoesOnHasExpired) {
  AcknowledgeCommand command{"anna", ""};
  command.lasts = minutes(1);
  acknowledgements_.Acknowledge(Firing(kNow), command, kNow, nullptr);
  acknowledgements_.Observe({Shared(Firing(kNow + minutes(2)))}, kNow + minutes(2));
  ASSERT_THAT(Types(store_), ElementsAre("alert.acknowledged", "alert.unacknowledged"));
  EXPECT_EQ(store_.events()[1].at, kNow + minutes(1));
  EXPECT_EQ(BodyOf(store_.events()[1]), json::parse(R"({"reason":"expired","actor":null})"));
}

TEST_F(AcknowledgementHistory, OneWhoseTimeIsOverIsRecordedAsSoonAsItIsLookedFor) {
  AcknowledgeCommand command{"anna", ""};
  command.lasts = minutes(1);
  acknowledgements_.Acknowledge(Firing(kNow), command, kNow, nullptr);
  acknowledgements_.RecordEnds(kNow + minutes(1) - Duration(1));
  EXPECT_THAT(Types(store_), ElementsAre("alert.acknowledged"));
  acknowledgements_.RecordEnds(kNow + minutes(1));
  acknowledgements_.RecordEnds(kNow + minutes(2));
  EXPECT_THAT(Types(store_), ElementsAre("alert.acknowledged", "alert.unacknowledged"));
}

TEST_F(AcknowledgementHistory, OneThatIsGivenAnewHasEndedBefore) {
  AcknowledgeCommand command{"anna", ""};
  command.lasts = minutes(1);
  acknowledgements_.Acknowledge(Firing(kNow), command, kNow, nullptr);
  acknowledgements_.Acknowledge(Firing(kNow), command, kNow + minutes(2), nullptr);
  EXPECT_THAT(Types(store_),
              ElementsAre("alert.acknowledged", "alert.unacknowledged", "alert.acknowledged"));
  EXPECT_EQ(store_.events()[1].at, kNow + minutes(1));
}

TEST_F(AcknowledgementHistory, OneWhoseAlertIsOverTooBringsNothingBack) {
  AcknowledgeCommand command{"anna", ""};
  command.lasts = minutes(1);
  acknowledgements_.Acknowledge(Firing(kNow), command, kNow, nullptr);
  acknowledgements_.RecordEnds(kNow + minutes(5));
  acknowledgements_.Prune(kNow + minutes(5));
  EXPECT_THAT(Types(store_), ElementsAre("alert.acknowledged"));
}

TEST_F(AcknowledgementHistory, OneThatHoldsForTheNextEpisodeIsRecordedOfThatToo) {
  AcknowledgeCommand sticky{"anna", "on it"};
  sticky.survives = minutes(10);
  const PostedAlert first = Firing(kNow);
  acknowledgements_.Acknowledge(first, sticky, kNow, nullptr);
  const Timestamp back = kNow + minutes(7);
  const PostedAlert second = Posted(Named("A"), back, back + minutes(5), back);
  acknowledgements_.Observe({Shared(second)}, back);
  acknowledgements_.Observe({Shared(second)}, back + seconds(1));
  ASSERT_TRUE(acknowledgements_.End(EpisodeId(first), "bert", back + seconds(2), nullptr));
  ASSERT_THAT(Types(store_),
              ElementsAre("alert.acknowledged", "alert.acknowledged", "alert.unacknowledged"));
  const std::vector<Event> events = store_.events();
  EXPECT_EQ(events[0].alert_id, EpisodeId(first));
  EXPECT_EQ(events[1].alert_id, EpisodeId(second));
  EXPECT_EQ(events[1].at, back);
  EXPECT_EQ(BodyOf(events[1]).at("actor"), "anna");
  EXPECT_EQ(events[2].alert_id, EpisodeId(second));
}

TEST_F(AcknowledgementHistory, AStickyOneThatIsTakenBackAfterItsAlertBringsNothingBack) {
  AcknowledgeCommand sticky{"anna", ""};
  sticky.survives = minutes(10);
  const PostedAlert alert = Firing(kNow);
  acknowledgements_.Acknowledge(alert, sticky, kNow, nullptr);
  ASSERT_TRUE(acknowledgements_.End(EpisodeId(alert), "bert", kNow + minutes(6), nullptr));
  EXPECT_THAT(Types(store_), ElementsAre("alert.acknowledged"));
}

TEST_F(AcknowledgementHistory, OneThatEndsWithItsAlertIsNotTakenBack) {
  acknowledgements_.Acknowledge(Firing(kNow), {"anna", ""}, kNow, nullptr);
  acknowledgements_.Prune(kNow + minutes(10));
  EXPECT_THAT(Types(store_), ElementsAre("alert.acknowledged"));
}

// ---- posted alerts

class PostedHistory : public ::testing::Test {
 protected:
  PostedHistory() : store_(MakeStore()) {}

  std::unique_ptr<AlertStore> MakeStore(bool record = true) {
    AlertStoreOptions options;
    options.record_events = record;
    metrics_ = std::make_unique<MetricRegistry>();
    auto store = std::make_unique<AlertStore>(*metrics_, options);
    EXPECT_TRUE(store->Restore(rows_, Logger(log_, "alerts")).ok());
    return store;
  }
  // Its sender says so at `t`, and that it ends at `ends`.
  void Post(Duration t, Duration ends) {
    store_->Put({Posted(Named("A"), kNow, kNow + ends, kNow + t)});
  }

  MemoryStateStore rows_;
  testing::NullLogSink log_;
  std::unique_ptr<MetricRegistry> metrics_;
  std::unique_ptr<AlertStore> store_;
};

TEST_F(PostedHistory, AnEpisodeIsRecordedWhereItBeginsAndWhereItsSenderEndsIt) {
  Post(seconds(0), minutes(5));
  Post(minutes(1), minutes(6));
  Post(minutes(2), minutes(2));
  Post(minutes(3), minutes(2));
  ASSERT_THAT(Types(rows_), ElementsAre("alert.active", "alert.resolved"));
  const std::vector<Event> events = rows_.events();
  EXPECT_EQ(events[0].at, kNow);
  EXPECT_EQ(events[0].labels, Named("A"));
  EXPECT_EQ(events[0].rule_id, "");
  EXPECT_EQ(events[0].alert_id, events[1].alert_id);
  EXPECT_EQ(events[1].at, kNow + minutes(2));
  EXPECT_EQ(BodyOf(events[1]).at("resolved_reason"), "recovered");
}

TEST_F(PostedHistory, TheNextEpisodeIsAnother) {
  Post(seconds(0), minutes(5));
  Post(minutes(1), minutes(1));
  Post(minutes(2), minutes(7));
  ASSERT_THAT(Types(rows_), ElementsAre("alert.active", "alert.resolved", "alert.active"));
  EXPECT_NE(rows_.events()[0].alert_id, rows_.events()[2].alert_id);
}

TEST_F(PostedHistory, OneWhoseSenderFellSilentIsOverWhenTheNextBegins) {
  Post(seconds(0), minutes(5));
  Post(minutes(9), minutes(14));
  ASSERT_THAT(Types(rows_), ElementsAre("alert.active", "alert.resolved", "alert.active"));
  EXPECT_EQ(rows_.events()[1].at, kNow + minutes(5));
  EXPECT_EQ(BodyOf(rows_.events()[1]).at("resolved_reason"), "expired");
}

TEST_F(PostedHistory, OneWhoseSenderFellSilentIsOverWhenItIsForgotten) {
  Post(seconds(0), minutes(5));
  store_->ForgetEndedBy(kNow + minutes(30));
  ASSERT_THAT(Types(rows_), ElementsAre("alert.active", "alert.resolved"));
  EXPECT_EQ(rows_.events()[1].at, kNow + minutes(5));
  EXPECT_EQ(BodyOf(rows_.events()[1]).at("resolved_reason"), "expired");
}

TEST_F(PostedHistory, OneWhoseSenderFellSilentIsOverOnceThatIsLookedFor) {
  Post(seconds(0), minutes(5));
  EXPECT_EQ(store_->RecordedAsActive().size(), 1U);
  store_->RecordEnds(kNow + minutes(5) - Duration(1));
  EXPECT_THAT(Types(rows_), ElementsAre("alert.active"));
  store_->RecordEnds(kNow + minutes(5));
  ASSERT_THAT(Types(rows_), ElementsAre("alert.active", "alert.resolved"));
  EXPECT_EQ(rows_.events()[1].at, kNow + minutes(5));
  EXPECT_EQ(BodyOf(rows_.events()[1]).at("resolved_reason"), "expired");
  EXPECT_TRUE(store_->RecordedAsActive().empty());
  // Nor is it recorded again: by this process, the next one, or whoever forgets it.
  store_->RecordEnds(kNow + minutes(6));
  store_ = MakeStore();
  store_->RecordEnds(kNow + minutes(7));
  Post(minutes(8), minutes(8));  // its sender says so at last
  store_->ForgetEndedBy(kNow + minutes(30));
  EXPECT_THAT(Types(rows_), ElementsAre("alert.active", "alert.resolved"));
}

TEST_F(PostedHistory, OneThatEndedWhileTheDaemonDidNotRunIsOverAfterTheStart) {
  Post(seconds(0), minutes(5));
  store_ = MakeStore();
  store_->RecordEnds(kNow + minutes(60));
  ASSERT_THAT(Types(rows_), ElementsAre("alert.active", "alert.resolved"));
  EXPECT_EQ(rows_.events()[1].at, kNow + minutes(5));
}

TEST_F(PostedHistory, AnEpisodeAfterARecordedEndIsAnother) {
  Post(seconds(0), minutes(5));
  store_->RecordEnds(kNow + minutes(6));
  Post(minutes(9), minutes(14));
  ASSERT_THAT(Types(rows_), ElementsAre("alert.active", "alert.resolved", "alert.active"));
  EXPECT_NE(rows_.events()[0].alert_id, rows_.events()[2].alert_id);
  EXPECT_EQ(store_->RecordedAsActive().size(), 1U);
}

TEST_F(PostedHistory, AnEventTellsTheAlertAsItWas) {
  PostedAlert posted = Posted(Named("A"), kNow - minutes(1), kNow + minutes(5), kNow);
  posted.annotations = {{"description", "\"full\"\n"}, {"summary", ""}};
  posted.generator_url = "http://prometheus/graph";
  store_->Put({posted});
  posted.updated_at = kNow + minutes(1);
  posted.ends_at = kNow + minutes(1);
  store_->Put({posted});
  const std::vector<Event> events = rows_.events();
  ASSERT_EQ(events.size(), 2U);
  const PostedAlert began = AlertOfEvent(events[0], nullptr);
  EXPECT_EQ(EpisodeId(began), events[0].alert_id);
  EXPECT_EQ(began.labels, posted.labels);
  EXPECT_EQ(began.annotations, posted.annotations);
  EXPECT_EQ(began.generator_url, posted.generator_url);
  EXPECT_EQ(began.starts_at, posted.starts_at);
  EXPECT_EQ(began.ends_at, kNow + minutes(5));
  EXPECT_EQ(began.updated_at, kNow);
  EXPECT_EQ(began.hash, posted.hash);
  EXPECT_EQ(AlertOfEvent(events[1], nullptr).ends_at, kNow + minutes(1));
}

// As earlier versions wrote them, and those about an acknowledgement.
TEST_F(PostedHistory, WhatAnEventLeavesOutTheAlertThatIsKnownTells) {
  PostedAlert posted = Posted(Named("A"), kNow, kNow + minutes(5), kNow);
  posted.annotations = {{"summary", "full"}};
  Event event;
  event.at = kNow + minutes(1);
  event.type = "alert.acknowledged";
  event.alert_id = EpisodeId(posted);
  event.labels = posted.labels;
  event.body = R"({"actor":"anna"})";
  EXPECT_EQ(AlertOfEvent(event, Shared(posted)).annotations, posted.annotations);
  const PostedAlert bare = AlertOfEvent(event, nullptr);
  EXPECT_EQ(bare.labels, posted.labels);
  EXPECT_EQ(bare.starts_at, kNow);
  EXPECT_EQ(EpisodeId(bare), event.alert_id);
  event.body = "damaged";
  EXPECT_EQ(AlertOfEvent(event, nullptr).labels, posted.labels);
}

TEST_F(PostedHistory, WhatWasSaidToBeOverIsNotSaidSoAgainWhenItIsForgotten) {
  Post(seconds(0), minutes(5));
  Post(minutes(1), minutes(1));
  store_->ForgetEndedBy(kNow + minutes(30));
  EXPECT_THAT(Types(rows_), ElementsAre("alert.active", "alert.resolved"));
}

TEST_F(PostedHistory, WhatIsOverWhenItIsFirstHeardOfWasNeverActive) {
  Post(minutes(5), minutes(4));
  EXPECT_THAT(Types(rows_), IsEmpty());
}

TEST_F(PostedHistory, ANewProcessRecordsNothingTwice) {
  Post(seconds(0), minutes(5));
  store_ = MakeStore();
  Post(minutes(1), minutes(6));
  EXPECT_THAT(Types(rows_), ElementsAre("alert.active"));
  Post(minutes(2), minutes(2));
  store_ = MakeStore();
  store_->ForgetEndedBy(kNow + minutes(30));
  EXPECT_THAT(Types(rows_), ElementsAre("alert.active", "alert.resolved"));
}

TEST_F(PostedHistory, AlertsOfOurOwnRulesAreTheRuleEnginesToRecord) {
  store_->Put({MakeNativeAlert(Fires("e1"), "")});
  store_->Put({MakeNativeAlert(Ends("e1"), "")});
  EXPECT_THAT(Types(rows_), IsEmpty());
}

TEST_F(PostedHistory, NothingIsRecordedWhereNobodyAsksForIt) {
  store_ = MakeStore(/*record=*/false);
  Post(seconds(0), minutes(5));
  Post(minutes(1), minutes(1));
  store_->ForgetEndedBy(kNow + minutes(30));
  EXPECT_THAT(Types(rows_), IsEmpty());
}

}  // namespace
}  // namespace tocsin::receivers
