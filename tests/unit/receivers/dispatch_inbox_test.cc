#include "receivers/pipeline/dispatch_inbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "tests/support/posted_alert_builders.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<PostedAlertPtr> Alerts(std::size_t n) {
  return std::vector<PostedAlertPtr>(
      n,
      testing::Shared(testing::Posted(testing::Named("A"), Timestamp(), Timestamp(), Timestamp())));
}
const auto kNothing = [](Timestamp) {};

// The number of alerts of each item; an event is -1.
std::vector<int> Sizes(const std::optional<std::vector<DispatchInbox::Item>>& items) {
  std::vector<int> sizes;
  if (!items) return {-2};
  for (const DispatchInbox::Item& item : *items) {
    sizes.push_back(item.event ? -1 : static_cast<int>(item.alerts.size()));
  }
  return sizes;
}

TEST(DispatchInbox, GivesEverythingAtOnceInTheOrderInWhichItCame) {
  DispatchInbox inbox(10);
  EXPECT_TRUE(inbox.PutAlerts(Alerts(2)));
  EXPECT_TRUE(inbox.PutEvent(kNothing));
  EXPECT_TRUE(inbox.PutAlerts(Alerts(1)));
  EXPECT_TRUE(inbox.PutAlerts({}));  // is nothing
  EXPECT_THAT(Sizes(inbox.Take(std::nullopt)), ElementsAre(2, -1, 1));
}

TEST(DispatchInbox, ReturnsEmptyHandedWhenTheDeadlineHasCome) {
  DispatchInbox inbox(10);
  EXPECT_THAT(Sizes(inbox.Take(FromUnixMillis(0))), IsEmpty());
}

TEST(DispatchInbox, TakesOneBatchThatIsLargerThanItsCapacity) {
  DispatchInbox inbox(2);
  EXPECT_TRUE(inbox.PutAlerts(Alerts(5)));
  EXPECT_THAT(Sizes(inbox.Take(std::nullopt)), ElementsAre(5));
  EXPECT_TRUE(inbox.PutAlerts(Alerts(5)));
}

PostedAlertPtr Version(std::string_view alertname, int updated_at) {
  return testing::Shared(testing::Posted(testing::Named(alertname), Timestamp(), Timestamp(),
                                         FromUnixMillis(updated_at)));
}

TEST(DispatchInbox, BeyondItsCapacityTheNewestVersionOfAnAlertTakesThePlaceOfTheOlder) {
  DispatchInbox inbox(2);
  EXPECT_TRUE(inbox.PutAlertsNow({Version("A", 1), Version("B", 1)}));
  EXPECT_TRUE(inbox.PutEvent(kNothing));
  EXPECT_TRUE(inbox.PutAlertsNow({Version("A", 2), Version("C", 2)}));
  EXPECT_TRUE(inbox.PutAlertsNow({Version("C", 3), Version("A", 3)}));
  const auto items = inbox.Take(std::nullopt);
  ASSERT_THAT(Sizes(items), ElementsAre(2, -1, 1));
  EXPECT_EQ(items->at(0).alerts[0]->updated_at, FromUnixMillis(3));  // A
  EXPECT_EQ(items->at(0).alerts[1]->updated_at, FromUnixMillis(1));  // B
  EXPECT_EQ(items->at(2).alerts[0]->updated_at, FromUnixMillis(3));  // C
  EXPECT_TRUE(inbox.PutAlertsNow({Version("A", 4)}));
  EXPECT_THAT(Sizes(inbox.Take(std::nullopt)), ElementsAre(1));
}

TEST(DispatchInbox, TakesEventsAlsoWhereItIsFull) {
  DispatchInbox inbox(1);
  EXPECT_TRUE(inbox.PutAlerts(Alerts(1)));
  EXPECT_TRUE(inbox.PutEvent(kNothing));
  EXPECT_THAT(Sizes(inbox.Take(std::nullopt)), ElementsAre(1, -1));
}

TEST(DispatchInbox, LetsWhoPostsTooMuchWaitForRoom) {
  constexpr std::size_t kCapacity = 3;
  constexpr std::size_t kSenders = 3;
  constexpr std::size_t kEach = 200;
  DispatchInbox inbox(kCapacity);
  std::vector<std::thread> senders;
  for (std::size_t t = 0; t < kSenders; ++t) {
    senders.emplace_back([&inbox] {
      for (std::size_t i = 0; i < kEach; ++i) EXPECT_TRUE(inbox.PutAlerts(Alerts(1 + i % 2)));
    });
  }
  std::size_t taken = 0;
  while (taken < kSenders * kEach * 3 / 2) {
    std::size_t at_once = 0;
    for (const int size : Sizes(inbox.Take(std::nullopt)))
      at_once += static_cast<std::size_t>(size);
    EXPECT_LE(at_once, kCapacity);
    taken += at_once;
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(taken, kSenders * kEach * 3 / 2);
}

TEST(DispatchInbox, ClosingItFreesWhoeverWaits) {
  DispatchInbox inbox(1);
  ASSERT_TRUE(inbox.PutAlerts(Alerts(1)));
  std::atomic<bool> taken = true;
  std::thread sender([&] { taken = inbox.PutAlerts(Alerts(1)); });
  inbox.Close();
  sender.join();
  EXPECT_FALSE(taken);

  DispatchInbox empty(1);
  std::thread taker([&] { EXPECT_EQ(empty.Take(std::nullopt), std::nullopt); });
  empty.Close();
  taker.join();
}

TEST(DispatchInbox, TakesNothingOnceItIsClosed) {
  DispatchInbox inbox(10);
  inbox.Close();
  inbox.Close();
  EXPECT_FALSE(inbox.PutAlerts(Alerts(1)));
  EXPECT_FALSE(inbox.PutEvent(kNothing));
  EXPECT_EQ(inbox.Take(std::nullopt), std::nullopt);
}

// Whoever waits for an event must hear that it will never run.
TEST(DispatchInbox, DropsWhatWaitsWhenItIsClosed) {
  DispatchInbox inbox(10);
  auto owned = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = owned;
  inbox.PutEvent([owned = std::move(owned)](Timestamp) { ++*owned; });
  inbox.Close();
  EXPECT_TRUE(watched.expired());
}

TEST(DispatchInbox, SaysHowLongAlertsHaveWaited) {
  DispatchInbox inbox(10);
  EXPECT_EQ(inbox.oldest(), std::nullopt);
  inbox.PutEvent(kNothing);
  EXPECT_EQ(inbox.oldest(), std::nullopt);
  inbox.PutAlerts(Alerts(1), std::chrono::nanoseconds(5));
  inbox.PutAlertsNow(Alerts(1), std::chrono::nanoseconds(7));
  EXPECT_EQ(inbox.oldest(), std::chrono::nanoseconds(5));
  (void)inbox.Take(std::nullopt);
  EXPECT_EQ(inbox.oldest(), std::nullopt);
}

}  // namespace
}  // namespace tocsin::receivers
