#include "receivers/outbox/board.h"

#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Timestamp kNoon = FromUnixMillis(1'714'564'800'000);  // 2024-05-01T12:00:00Z

TEST(DayCounter, CountsTheLastTwentyFourHours) {
  DayCounter counter;
  EXPECT_EQ(counter.Sum(kNoon), 0U);
  counter.Count(kNoon);
  counter.Count(kNoon + minutes(59));
  counter.Count(kNoon + hours(5));
  EXPECT_EQ(counter.Sum(kNoon + hours(5)), 3U);
  EXPECT_EQ(counter.Sum(kNoon + hours(23) + minutes(59)), 3U);
  EXPECT_EQ(counter.Sum(kNoon + hours(24)), 1U);
  EXPECT_EQ(counter.Sum(kNoon + hours(29)), 0U);
}

TEST(DayCounter, ForgetsYesterdayWhenTheSameHourComesAgain) {
  DayCounter counter;
  counter.Count(kNoon);
  counter.Count(kNoon);
  counter.Count(kNoon + hours(24));
  EXPECT_EQ(counter.Sum(kNoon + hours(24)), 1U);
}

TEST(Board, ShowsWhatWasPutUntilItIsRemoved) {
  Board board;
  EXPECT_EQ(board.Episode("e1"), std::nullopt);
  AnnouncementView view;
  view.notifications_sent = 2;
  board.PutEpisode("e1", view);
  ASSERT_TRUE(board.Episode("e1").has_value());
  EXPECT_EQ(board.Episode("e1")->notifications_sent, 2U);
  view.notifications_sent = 3;
  board.PutEpisode("e1", view);
  EXPECT_EQ(board.Episode("e1")->notifications_sent, 3U);
  board.RemoveEpisode("e1");
  EXPECT_EQ(board.Episode("e1"), std::nullopt);
}

TEST(Board, ShowsReceiversOutboxAndDeliveries) {
  Board board;
  board.PutReceivers({{"ops", "failing", "HTTP status 503", kNoon}});
  board.PutOutbox({3, 1});
  board.CountDelivered(kNoon);
  ASSERT_EQ(board.Receivers().size(), 1U);
  EXPECT_EQ(board.Receivers()[0].name, "ops");
  EXPECT_EQ(board.Receivers()[0].last_attempt_at, kNoon);
  EXPECT_EQ(board.Outbox().pending, 3U);
  EXPECT_EQ(board.Outbox().dead, 1U);
  EXPECT_EQ(board.DeliveredWithinDay(kNoon), 1U);
}

TEST(Board, SaysHowLongAnEpisodeCoolsThatWasNotAnnounced) {
  const Timestamp now = FromUnixMillis(1'714'557'600'000);
  Board board;
  EXPECT_EQ(board.CoolsUntil("e2", 7, now), std::nullopt);
  board.PutCooldown(7, now + std::chrono::minutes(5));
  EXPECT_EQ(board.CoolsUntil("e2", 7, now), now + std::chrono::minutes(5));
  EXPECT_EQ(board.CoolsUntil("e2", 8, now), std::nullopt);
  EXPECT_EQ(board.CoolsUntil("e2", 7, now + std::chrono::minutes(5)), std::nullopt);
  board.PutEpisode("e2", {});
  EXPECT_EQ(board.CoolsUntil("e2", 7, now), std::nullopt);
  board.RemoveEpisode("e2");
  board.RemoveCooldown(7);
  EXPECT_EQ(board.CoolsUntil("e2", 7, now), std::nullopt);
}

}  // namespace
}  // namespace tocsin::receivers
