#include "receivers/inbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/receiver_builders.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tocsin::testing::CpuUsageRule;
using tocsin::testing::FiringAlert;
using tocsin::testing::Resolved;

constexpr std::chrono::nanoseconds kAccepted{7};

AlertPtr Fires(const std::string& id) { return FiringAlert(CpuUsageRule(), id); }
AlertPtr Ends(const std::string& id) { return Resolved(*FiringAlert(CpuUsageRule(), id)); }

// What waits, as "e1 active".
std::vector<std::string> Texts(const Inbox::Content& content) {
  std::vector<std::string> texts;
  for (const AlertPtr& alert : content.alerts) {
    texts.push_back(alert->id + " " + std::string(AlertStateName(alert->state)));
  }
  return texts;
}

TEST(Inbox, GivesEverythingInTheOrderInWhichItCame) {
  Inbox inbox(100);
  inbox.PutAlerts({Fires("e1"), Fires("e2")}, kAccepted);
  inbox.PutAlerts({Ends("e1")}, kAccepted + std::chrono::nanoseconds(1));
  const Inbox::Content content = inbox.Take(std::nullopt);
  EXPECT_THAT(Texts(content), ElementsAre("e1 active", "e2 active", "e1 resolved"));
  EXPECT_EQ(content.accepted, kAccepted);
  EXPECT_EQ(content.coalesced, 0U);
}

TEST(Inbox, TellsWhichAlertsCameBeforeAnEvent) {
  Inbox inbox(100);
  inbox.PutEvent([](Announcer&, Timestamp) {});
  inbox.PutAlerts({Fires("e1"), Fires("e2")}, kAccepted);
  inbox.PutEvent([](Announcer&, Timestamp) {});
  inbox.PutAlerts({Fires("e3")}, kAccepted);
  const Inbox::Content content = inbox.Take(std::nullopt);
  ASSERT_EQ(content.events.size(), 2U);
  EXPECT_EQ(content.events[0].after, 0U);
  EXPECT_EQ(content.events[1].after, 2U);
}

TEST(Inbox, CoalescesVersionsOfOneAlertBeyondItsCapacity) {
  Inbox inbox(2);
  inbox.PutAlerts({Fires("e1"), Fires("e2")}, kAccepted);
  inbox.PutAlerts({Ends("e1"), Fires("e3"), Ends("e3"), Ends("e2")}, kAccepted);
  const Inbox::Content content = inbox.Take(std::nullopt);
  EXPECT_THAT(Texts(content), ElementsAre("e1 resolved", "e2 resolved", "e3 resolved"));
  EXPECT_EQ(content.coalesced, 3U);
}

TEST(Inbox, ReplacesTheNewestOfSeveralVersions) {
  Inbox inbox(2);
  inbox.PutAlerts({Fires("e1"), Fires("e1"), Ends("e1")}, kAccepted);
  EXPECT_THAT(Texts(inbox.Take(std::nullopt)), ElementsAre("e1 active", "e1 resolved"));
}

TEST(Inbox, HasRoomAgainOnceItIsEmptied) {
  Inbox inbox(1);
  inbox.PutAlerts({Fires("e1"), Fires("e2")}, kAccepted);
  EXPECT_EQ(inbox.Take(std::nullopt).alerts.size(), 2U);
  inbox.PutAlerts({Fires("e2")}, kAccepted);
  inbox.PutAlerts({Ends("e1")}, kAccepted);
  EXPECT_THAT(Texts(inbox.Take(std::nullopt)), ElementsAre("e2 active", "e1 resolved"));
}

TEST(Inbox, ReturnsEmptyHandedWhenTheDeadlineHasCome) {
  Inbox inbox(1);
  const Inbox::Content content = inbox.Take(FromUnixMillis(0));
  EXPECT_THAT(content.alerts, IsEmpty());
  EXPECT_THAT(content.events, IsEmpty());
}

TEST(Inbox, WakesATakerThatHasNothing) {
  Inbox inbox(1);
  inbox.Wake();
  EXPECT_THAT(inbox.Take(std::nullopt).alerts, IsEmpty());
}

TEST(Inbox, DropsWhatComesAfterItIsClosed) {
  Inbox inbox(10);
  inbox.PutAlerts({Fires("e1")}, kAccepted);
  inbox.Close();
  inbox.PutAlerts({Fires("e2")}, kAccepted);
  inbox.PutEvent([](Announcer&, Timestamp) {});
  const Inbox::Content content = inbox.Take(std::nullopt);
  EXPECT_THAT(Texts(content), ElementsAre("e1 active"));
  EXPECT_THAT(content.events, IsEmpty());
  EXPECT_TRUE(content.closed);
  EXPECT_TRUE(inbox.Take(std::nullopt).closed);  // and does not wait
}

TEST(Inbox, LosesNothingBetweenThreads) {
  constexpr int kEach = 1000;
  Inbox inbox(100'000);
  std::vector<std::thread> senders;
  for (int t = 0; t < 4; ++t) {
    senders.emplace_back([&inbox] {
      const AlertPtr alert = Fires("e");
      for (int i = 0; i < kEach; ++i) {
        inbox.PutAlerts({alert}, kAccepted);
        inbox.PutEvent([](Announcer&, Timestamp) {});
      }
    });
  }
  std::size_t alerts = 0;
  std::size_t events = 0;
  while (alerts < 4 * kEach || events < 4 * kEach) {
    const Inbox::Content content = inbox.Take(std::nullopt);
    alerts += content.alerts.size();
    events += content.events.size();
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(alerts, 4U * kEach);
  EXPECT_EQ(events, 4U * kEach);
}

}  // namespace
}  // namespace tocsin::receivers
