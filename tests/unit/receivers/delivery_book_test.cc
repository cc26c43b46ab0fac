#include "receivers/outbox/delivery_book.h"

#include <gtest/gtest.h>

#include "tests/unit/receivers/outbox_world.h"
#include "tests/unit/receivers/times.h"

namespace tocsin::receivers {
namespace {

struct BookWorld {
  testing::RecordingLogSink log;
  Board board;
  DeliveryBook book{{}, board, Logger(log, "outbox")};
};

std::shared_ptr<Alert> WithCooldown(const std::string& id, bool over = false) {
  const auto rule = std::make_shared<ThresholdRule>(*testing::CpuUsageRule());
  rule->cooldown = 5 * kMinute;
  const auto alert = testing::FiringAlert(rule, id);
  return over ? testing::Resolved(*alert) : alert;
}

// Messages may be written before the book is: a kill in between leaves them alone.
TEST(DeliveryBook, TakesAnEpisodeForAnnouncedWhoseMessageIsAllThatIsLeftOfIt) {
  BookWorld world;
  const Timestamp now = testing::FiredAt();
  world.book.OnRestored(MakeMessage(WithCooldown("e1"), 1, "ops"), now);
  EXPECT_EQ(world.book.HeldUntil(*WithCooldown("e1"), now), std::nullopt);
  EXPECT_EQ(world.book.HeldUntil(*WithCooldown("e2"), now), now + 5 * kMinute);
  EXPECT_EQ(world.book.Open(), std::vector<std::string>{"e1"});
}

TEST(DeliveryBook, BeginsNoCooldownWithTheEndOfAnEpisode) {
  BookWorld world;
  const Timestamp now = testing::FiredAt();
  world.book.OnRestored(MakeMessage(WithCooldown("e1", /*over=*/true), 1, "ops"), now);
  EXPECT_EQ(world.book.HeldUntil(*WithCooldown("e2"), now), std::nullopt);
}

// The daemon died of this where alerts ended faster than their messages were sent: what stood in
// the list of ended episodes was not there any more when its time to be forgotten came.
TEST(DeliveryBook, ForgetsAnEpisodeWhollyThatEndedBeforeItsOnlyMessageWasWithdrawn) {
  BookWorld world;
  const Timestamp now = testing::FiredAt();
  const Message message = MakeMessage(WithCooldown("e1"), 1, "ops");
  world.book.OnMade(message, now);
  world.book.Close("e1", now);
  world.book.OnDropped(message, Sender::Dropped::kReplaced);
  world.book.Prune(now + std::chrono::hours(25));
  WriteBatch batch;
  world.book.Flush(1, &batch);
  ASSERT_FALSE(batch.empty());
  for (const WriteBatch::Operation& operation : batch.operations()) {
    EXPECT_EQ(operation.value, std::nullopt) << operation.key;  // only deleted
  }
  EXPECT_EQ(world.book.HeldUntil(*WithCooldown("e2"), now), std::nullopt);
}

}  // namespace
}  // namespace tocsin::receivers
