// Who has acknowledged which posted alert, and for how long.
#include "receivers/mute/posted_acknowledgements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/support/posted_alert_builders.h"
#include "tests/unit/receivers/times.h"

namespace tocsin::receivers {
namespace {

using testing::Named;
using testing::Posted;
using testing::Shared;

const Timestamp kStart = FromUnixMillis(1'700'000'000'000);

class PostedAcknowledgementsTest : public ::testing::Test {
 protected:
  // The episode of A that began at `began_at`; its sender says at `t` that it goes on for 5
  // minutes.
  static PostedAlert Firing(Timestamp began_at, Timestamp t) {
    PostedAlert alert = Posted(Named("A"), began_at, t + 5 * kMinute, t);
    alert.began_at = began_at;
    return alert;
  }
  static PostedAlert Over(Timestamp began_at, Timestamp t) {
    PostedAlert alert = Firing(began_at, t);
    alert.ends_at = t;
    return alert;
  }
  void Observe(const PostedAlert& alert) {
    acknowledgements_.Observe({Shared(alert)}, alert.updated_at);
  }
  std::string ActorOf(const PostedAlert& alert, Timestamp now) const {
    const auto known = acknowledgements_.Of(alert, now);
    return known == nullptr ? "" : known->actor;
  }
  // What a new process reads.
  std::size_t Restored(Timestamp now) {
    PostedAcknowledgements restored(store_, {}, Logger(log_, "test"));
    EXPECT_TRUE(restored.Restore().ok());
    return restored.All(now).size();
  }

  testing::MemoryStateStore store_;
  testing::RecordingLogSink log_;
  std::vector<std::uint64_t> changed_;
  PostedAcknowledgements acknowledgements_{
      store_, [this](std::uint64_t fingerprint) { changed_.push_back(fingerprint); },
      Logger(log_, "test")};
};

TEST_F(PostedAcknowledgementsTest, HoldsForItsEpisodeAsLongAsThatGoesOn) {
  const PostedAlert alert = Firing(kStart, kStart);
  EXPECT_EQ(ActorOf(alert, kStart), "");
  acknowledgements_.Acknowledge(alert, {"anna", "on it"}, kStart, nullptr);
  EXPECT_EQ(ActorOf(alert, kStart + 4 * kMinute), "anna");
  Observe(Firing(kStart, kStart + 4 * kMinute));
  EXPECT_EQ(ActorOf(alert, kStart + 8 * kMinute), "anna");
  // Nobody says any more that it fires.
  EXPECT_EQ(ActorOf(alert, kStart + 9 * kMinute), "");
  EXPECT_TRUE(acknowledgements_.All(kStart + 9 * kMinute).empty());
}

TEST_F(PostedAcknowledgementsTest, DoesNotHoldForTheNextEpisode) {
  acknowledgements_.Acknowledge(Firing(kStart, kStart), {"anna"}, kStart, nullptr);
  Observe(Over(kStart, kStart + kMinute));
  EXPECT_EQ(Restored(kStart), 0U);
  const PostedAlert next = Firing(kStart + 2 * kMinute, kStart + 2 * kMinute);
  Observe(next);
  EXPECT_EQ(ActorOf(next, kStart + 2 * kMinute), "");
}

TEST_F(PostedAcknowledgementsTest, DoesNotHoldForAnEpisodeThatCameBeforeAnybodySawIt) {
  acknowledgements_.Acknowledge(Firing(kStart, kStart), {"anna"}, kStart, nullptr);
  // The alert store has it already, the dispatcher has not yet looked.
  EXPECT_EQ(ActorOf(Firing(kStart + kMinute, kStart + kMinute), kStart + kMinute), "");
}

TEST_F(PostedAcknowledgementsTest, StickyHoldsForAnEpisodeThatBeginsSoonEnough) {
  const AcknowledgeCommand sticky{.actor = "anna", .survives = 10 * kMinute};
  acknowledgements_.Acknowledge(Firing(kStart, kStart), sticky, kStart, nullptr);
  Observe(Over(kStart, kStart + kMinute));
  EXPECT_EQ(acknowledgements_.All(kStart + 10 * kMinute).size(), 1U);
  EXPECT_EQ(Restored(kStart + 10 * kMinute), 1U);
  const PostedAlert second = Firing(kStart + 11 * kMinute, kStart + 11 * kMinute);
  Observe(second);
  EXPECT_EQ(ActorOf(second, kStart + 11 * kMinute), "anna");
  // Counted anew from the end of the second one.
  Observe(Over(kStart + 11 * kMinute, kStart + 12 * kMinute));
  const PostedAlert third = Firing(kStart + 23 * kMinute, kStart + 23 * kMinute);
  Observe(third);
  EXPECT_EQ(ActorOf(third, kStart + 23 * kMinute), "");
  EXPECT_EQ(Restored(kStart), 0U);
}

TEST_F(PostedAcknowledgementsTest, EndsWithItsEpisodeAlsoWhereNobodySawTheEnd) {
  const PostedAlert first = Firing(kStart, kStart);  // until five minutes later, its sender said
  acknowledgements_.Acknowledge(first, {"anna"}, kStart, nullptr);
  const PostedAlert second = Firing(kStart + kMinute, kStart + kMinute);
  Observe(second);
  EXPECT_EQ(ActorOf(second, kStart + kMinute), "");
  EXPECT_EQ(Restored(kStart + kMinute), 0U);
}

TEST_F(PostedAcknowledgementsTest, WhatComesLateEndsNothing) {
  const PostedAlert second = Firing(kStart + 2 * kMinute, kStart + 2 * kMinute);
  acknowledgements_.Acknowledge(second, {"anna"}, kStart + 2 * kMinute, nullptr);
  acknowledgements_.Observe({Shared(Over(kStart, kStart + kMinute))}, kStart + 2 * kMinute);
  EXPECT_EQ(ActorOf(second, kStart + 2 * kMinute), "anna");
  EXPECT_EQ(Restored(kStart + 2 * kMinute), 1U);
}

TEST_F(PostedAcknowledgementsTest, StickyOutlivesARestartAfterAnEndThatNobodyTold) {
  const AcknowledgeCommand sticky{.actor = "anna", .survives = 10 * kMinute};
  acknowledgements_.Acknowledge(Firing(kStart, kStart), sticky, kStart, nullptr);
  Observe(Firing(kStart, kStart + 60 * kMinute));  // the last one: over at 65 minutes
  EXPECT_EQ(Restored(kStart + 74 * kMinute), 1U);
  EXPECT_EQ(Restored(kStart + 75 * kMinute), 0U);
}

TEST_F(PostedAcknowledgementsTest, TellsWhatPeopleDo) {
  const PostedAlert alert = Firing(kStart, kStart);
  acknowledgements_.Acknowledge(alert, {"anna"}, kStart, nullptr);
  EXPECT_EQ(changed_.size(), 1U);
  acknowledgements_.Change(EpisodeId(alert), "note", kStart + kMinute, kStart, nullptr);
  EXPECT_EQ(changed_.size(), 2U);
  Observe(Firing(kStart, kStart + Duration(1)));
  EXPECT_EQ(changed_.size(), 2U);
  acknowledgements_.End(EpisodeId(alert), "anna", kStart, nullptr);
  EXPECT_THAT(changed_, ::testing::Each(alert.fingerprint));
  EXPECT_EQ(changed_.size(), 3U);
}

TEST_F(PostedAcknowledgementsTest, EndsWhenItsTimeIsOver) {
  const PostedAlert alert = Firing(kStart, kStart);
  acknowledgements_.Acknowledge(alert, {.actor = "anna", .lasts = kMinute}, kStart, nullptr);
  EXPECT_EQ(ActorOf(alert, kStart + kMinute - Duration(1)), "anna");
  EXPECT_EQ(ActorOf(alert, kStart + kMinute), "");
  acknowledgements_.Prune(kStart + kMinute - Duration(1));
  EXPECT_EQ(Restored(kStart), 1U);
  acknowledgements_.Prune(kStart + kMinute);
  EXPECT_EQ(Restored(kStart), 0U);
}

TEST_F(PostedAcknowledgementsTest, GivenAgainChangesWhatIsSaid) {
  const PostedAlert alert = Firing(kStart, kStart);
  acknowledgements_.Acknowledge(alert, {"anna", "on it"}, kStart, nullptr);
  const std::string id = acknowledgements_.Of(alert, kStart)->id;
  EXPECT_EQ(id, EpisodeId(alert));
  const Timestamp later = kStart + kMinute;
  acknowledgements_.Acknowledge(alert, {"bob", "", 2 * kMinute, kMinute}, later, nullptr);
  const auto known = acknowledgements_.Find(id, later);
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->actor, "anna");
  EXPECT_EQ(known->note, "on it");
  EXPECT_EQ(known->until, later + 2 * kMinute);
  EXPECT_EQ(known->survives, kMinute);
  EXPECT_EQ(known->at, kStart);
  EXPECT_EQ(known->updated_at, later);
  EXPECT_TRUE(acknowledgements_.Change(id, "still", later + 3 * kMinute, later, nullptr));
  EXPECT_EQ(acknowledgements_.Find(id, later)->note, "still");
  EXPECT_EQ(acknowledgements_.Find(id, later)->until, later + 3 * kMinute);
}

TEST_F(PostedAcknowledgementsTest, CanBeTakenBack) {
  const PostedAlert alert = Firing(kStart, kStart);
  acknowledgements_.Acknowledge(alert, {"anna"}, kStart, nullptr);
  EXPECT_FALSE(acknowledgements_.End("another", "bob", kStart, nullptr));
  EXPECT_FALSE(acknowledgements_.Change("another", "", kStart + kMinute, kStart, nullptr));
  EXPECT_TRUE(acknowledgements_.End(EpisodeId(alert), "bob", kStart, nullptr));
  EXPECT_EQ(ActorOf(alert, kStart), "");
  EXPECT_FALSE(acknowledgements_.End(EpisodeId(alert), "bob", kStart, nullptr));
  EXPECT_EQ(Restored(kStart), 0U);
}

TEST_F(PostedAcknowledgementsTest, ComesBackAsItWas) {
  PostedAcknowledgement given;
  given.id = "id";
  given.labels = Named("A");
  given.actor = "anna";
  given.note = "\"on\" it\n";
  given.at = kStart;
  given.updated_at = kStart + kMinute;
  given.survives = kMinute;
  given.episode = kStart - kMinute;
  given.alert_ends = kStart + 5 * kMinute;
  for (const std::optional<Timestamp>& until : {std::optional<Timestamp>(), {kStart}}) {
    given.until = until;
    const Result<PostedAcknowledgement> read =
        ParseAcknowledgement(SerializeAcknowledgement(given));
    ASSERT_TRUE(read.ok()) << read.message();
    EXPECT_EQ(read->id, given.id);
    EXPECT_EQ(read->labels, given.labels);
    EXPECT_EQ(read->actor, given.actor);
    EXPECT_EQ(read->note, given.note);
    EXPECT_EQ(read->at, given.at);
    EXPECT_EQ(read->updated_at, given.updated_at);
    EXPECT_EQ(read->until, given.until);
    EXPECT_EQ(read->survives, given.survives);
    EXPECT_EQ(read->episode, given.episode);
    EXPECT_EQ(read->alert_ends, given.alert_ends);
  }
}

TEST_F(PostedAcknowledgementsTest, ARowThatCannotBeReadIsReportedAndLeftAlone) {
  WriteBatch batch;
  batch.Put(StateTable::kAcknowledgements, "00000000000000ff", R"({"v":2})");
  store_.Submit(std::move(batch), nullptr);
  EXPECT_EQ(Restored(kStart), 0U);
  EXPECT_EQ(store_.tables()[StateTable::kAcknowledgements].size(), 1U);
  EXPECT_THAT(log_.lines(), ::testing::Contains(::testing::HasSubstr("00000000000000ff")));
}

}  // namespace
}  // namespace tocsin::receivers
