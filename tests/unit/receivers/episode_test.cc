#include "receivers/episode.h"

#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

Episode Told() {
  Episode episode;
  episode.id = "e1";
  episode.fingerprint = 0xfedcba9876543210;
  episode.acknowledged = true;
  episode.flushes = 3;
  episode.resolve_flush = 3;
  episode.announced_at = FromUnixMillis(1000);
  episode.confirmed = {1, 3};
  episode.last_notification_at = FromUnixMillis(2000);
  episode.closed_at = FromUnixMillis(3000);
  Receipt& receipt = episode.receipts["ops/webhook"];
  receipt.last = Receipt::Last::kRetrying;
  receipt.attempts = 4;
  receipt.last_error = "HTTP status 503";
  receipt.arrived = true;
  receipt.resolve_made = true;
  return episode;
}

TEST(Episode, ComesBackFromTheStoreAsItWas) {
  const Episode told = Told();
  EXPECT_EQ(EpisodeKey("e1"), "episode/e1");
  const Result<Episode> back = ParseEpisode(EpisodeKey(told.id), SerializeEpisode(told));
  ASSERT_TRUE(back.ok()) << back.message();
  EXPECT_EQ(back->id, "e1");
  EXPECT_EQ(back->fingerprint, told.fingerprint);
  EXPECT_TRUE(back->acknowledged);
  EXPECT_EQ(back->flushes, 3U);
  EXPECT_EQ(back->resolve_flush, 3U);
  EXPECT_EQ(back->announced_at, told.announced_at);
  EXPECT_EQ(back->confirmed, told.confirmed);
  EXPECT_EQ(back->last_notification_at, told.last_notification_at);
  EXPECT_EQ(back->closed_at, told.closed_at);
  EXPECT_TRUE(back->committed);
  ASSERT_EQ(back->receipts.size(), 1U);
  const Receipt& receipt = back->receipts.at("ops/webhook");
  EXPECT_EQ(receipt.last, Receipt::Last::kRetrying);
  EXPECT_EQ(receipt.attempts, 4U);
  EXPECT_EQ(receipt.last_error, "HTTP status 503");
  EXPECT_TRUE(receipt.arrived);
  EXPECT_TRUE(receipt.resolve_made);
}

TEST(Episode, RefusesTextOfAnotherMaking) {
  EXPECT_FALSE(ParseEpisode("episode/e1", "").ok());
  EXPECT_FALSE(ParseEpisode("episode/e1", "{}").ok());
  EXPECT_FALSE(ParseEpisode("other/e1", SerializeEpisode(Told())).ok());
  std::string text = SerializeEpisode(Told());
  text.replace(text.find("retrying"), 8, "thinking");
  EXPECT_FALSE(ParseEpisode("episode/e1", text).ok());
}

TEST(Episode, IsOverWhenItsAlertHasResolvedOrVanished) {
  Episode episode;
  EXPECT_FALSE(episode.over());
  auto alert = std::make_shared<Alert>();
  alert->state = AlertState::kAcknowledged;
  episode.alert = alert;
  EXPECT_FALSE(episode.over());
  alert->state = AlertState::kResolved;
  EXPECT_TRUE(episode.over());
  episode.alert = nullptr;
  episode.vanished = true;
  EXPECT_TRUE(episode.over());
}

TEST(Episode, ShowsAReceiverByItsNameAndTheChannelWhereItHasSeveral) {
  Episode episode;
  episode.receipts["ops/webhook"];
  episode.receipts["team/a/webhook"];
  episode.receipts["team/a/console"].last = Receipt::Last::kDelivered;
  episode.confirmed = {1, 2};
  const AnnouncementView view = episode.View();
  EXPECT_EQ(view.notifications_sent, 2U);
  ASSERT_EQ(view.channels.size(), 3U);
  EXPECT_EQ(view.channels[0].receiver, "ops");
  EXPECT_EQ(view.channels[0].last_outcome, "pending");
  EXPECT_EQ(view.channels[1].receiver, "team/a/console");
  EXPECT_EQ(view.channels[1].last_outcome, "delivered");
  EXPECT_EQ(view.channels[2].receiver, "team/a/webhook");
}

}  // namespace
}  // namespace tocsin::receivers
