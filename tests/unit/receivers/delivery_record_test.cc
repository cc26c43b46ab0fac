#include "receivers/outbox/delivery_record.h"

#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

DeliveryRecord Told() {
  DeliveryRecord record;
  record.id = "e1";
  record.fingerprint = 0xfedcba9876543210;
  record.announced_at = FromUnixMillis(1000);
  record.confirmed = {1, 3};
  record.last_notification_at = FromUnixMillis(2000);
  record.closed_at = FromUnixMillis(3000);
  Receipt& receipt = record.receipts["ops/webhook"];
  receipt.last = Receipt::Last::kRetrying;
  receipt.attempts = 4;
  receipt.last_error = "HTTP status 503";
  receipt.newest = {{FromUnixMillis(1500), "firing", "failed", 503, "HTTP status 503"}};
  return record;
}

TEST(DeliveryRecord, ComesBackFromTheStoreAsItWas) {
  const DeliveryRecord told = Told();
  EXPECT_EQ(RecordKey("e1"), "episode/e1");
  const Result<DeliveryRecord> back = ParseRecord(RecordKey(told.id), SerializeRecord(told));
  ASSERT_TRUE(back.ok()) << back.message();
  EXPECT_EQ(back->id, "e1");
  EXPECT_EQ(back->fingerprint, told.fingerprint);
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
  ASSERT_EQ(receipt.newest.size(), 1U);
  EXPECT_EQ(receipt.newest[0].at, FromUnixMillis(1500));
  EXPECT_EQ(receipt.newest[0].status, "firing");
  EXPECT_EQ(receipt.newest[0].outcome, "failed");
  EXPECT_EQ(receipt.newest[0].http_status, 503);
  EXPECT_EQ(receipt.newest[0].error, "HTTP status 503");
}

TEST(DeliveryRecord, RefusesTextOfAnotherMaking) {
  EXPECT_FALSE(ParseRecord("episode/e1", "").ok());
  EXPECT_FALSE(ParseRecord("episode/e1", "{}").ok());
  EXPECT_FALSE(ParseRecord("other/e1", SerializeRecord(Told())).ok());
  std::string text = SerializeRecord(Told());
  text.replace(text.find("retrying"), 8, "thinking");
  EXPECT_FALSE(ParseRecord("episode/e1", text).ok());
}

TEST(DeliveryRecord, ShowsAReceiverByItsNameAndTheChannelWhereItHasSeveral) {
  DeliveryRecord record;
  record.receipts["ops/webhook"];
  record.receipts["team/a/webhook"];
  record.receipts["team/a/console"].last = Receipt::Last::kDelivered;
  record.confirmed = {1, 2};
  const AnnouncementView view = record.View();
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
