#include "exporter/daemon/main_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace tocsin::daemon {
namespace {

std::future<Status> ReloadElsewhere(MainQueue& queue) {
  return std::async(std::launch::async, [&queue] { return queue.ReloadAndWait("/-/reload"); });
}

TEST(MainQueue, HandsOverWhatWasAskedAndWhy) {
  MainQueue queue;
  queue.AskReload("SIGHUP");
  const MainQueue::Wishes wishes = queue.Take();
  EXPECT_TRUE(wishes.reload);
  EXPECT_FALSE(wishes.stop);
  EXPECT_EQ(wishes.why, "SIGHUP");
}

TEST(MainQueue, TenRequestsToReloadAreOneReloadForTheFirstReason) {
  MainQueue queue;
  queue.AskReload("SIGHUP");
  for (int i = 0; i < 9; ++i) queue.AskReload("a configuration file has changed");
  EXPECT_EQ(queue.Take().why, "SIGHUP");
  queue.AskStop("SIGTERM");
  const MainQueue::Wishes next = queue.Take();
  EXPECT_TRUE(next.stop);
  EXPECT_FALSE(next.reload);  // nothing was left of the nine
}

TEST(MainQueue, AStopIsTakenTogetherWithTheReloadBeforeIt) {
  MainQueue queue;
  queue.AskReload("SIGHUP");
  queue.AskStop("SIGTERM");
  const MainQueue::Wishes wishes = queue.Take();
  EXPECT_TRUE(wishes.stop);
  EXPECT_TRUE(wishes.reload);
  EXPECT_EQ(wishes.why, "SIGTERM");
}

TEST(MainQueue, AJobIsRunByTheMainThreadWhileItsAskerWaits) {
  MainQueue queue;
  std::thread::id ran_on;
  std::future<Status> asked = std::async(std::launch::async, [&] {
    return queue.RunAndWait([&] { ran_on = std::this_thread::get_id(); });
  });
  const MainQueue::Wishes wishes = queue.Take();
  EXPECT_FALSE(wishes.reload);
  for (const auto& job : wishes.jobs) job();
  EXPECT_TRUE(asked.get().ok());
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(MainQueue, WhoeverWaitsForAJobThatIsDroppedHearsSo) {
  MainQueue queue;
  bool ran = false;
  std::future<Status> asked =
      std::async(std::launch::async, [&] { return queue.RunAndWait([&] { ran = true; }); });
  MainQueue::Wishes wishes = queue.Take();
  wishes.jobs.clear();
  EXPECT_EQ(asked.get().message(), "the daemon is stopping");
  queue.Close();
  EXPECT_EQ(queue.RunAndWait([&] { ran = true; }).message(), "the daemon is stopping");
  EXPECT_FALSE(ran);
}

TEST(MainQueue, TheMainThreadWaitsUntilItIsAsked) {
  MainQueue queue;
  std::thread asking([&queue] { queue.AskStop("SIGINT"); });
  EXPECT_EQ(queue.Take().why, "SIGINT");
  asking.join();
}

TEST(MainQueue, WhoeverWaitsForTheReloadHearsHowItEnded) {
  MainQueue queue;
  std::vector<std::future<Status>> outcomes;
  for (int i = 0; i < 3; ++i) outcomes.push_back(ReloadElsewhere(queue));
  for (std::size_t answered = 0; answered < outcomes.size();) {
    const MainQueue::Wishes wishes = queue.Take();
    EXPECT_TRUE(wishes.reload);
    wishes.Answer(Error{"tocsin.yml:3:1: unknown key"});
    answered += wishes.waiting.size();
  }
  for (std::future<Status>& outcome : outcomes) {
    const Status status = outcome.get();
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.message(), "tocsin.yml:3:1: unknown key");
  }
}

TEST(MainQueue, AReloadThatSucceedsIsAnsweredSo) {
  MainQueue queue;
  std::future<Status> outcome = ReloadElsewhere(queue);
  queue.Take().Answer(Status());
  EXPECT_TRUE(outcome.get().ok());
}

TEST(MainQueue, ClosingAnswersWhoWaits) {
  MainQueue queue;
  std::future<Status> outcome = ReloadElsewhere(queue);
  // Until its wish is there: taken and, unanswered, asked for once more would be another reload.
  const MainQueue::Wishes taken = queue.Take();
  std::future<Status> late = ReloadElsewhere(queue);
  queue.Close();
  const Status refused = late.get();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.message(), "the daemon is stopping");
  taken.Answer(Status());
  EXPECT_TRUE(outcome.get().ok());
}

TEST(MainQueue, OnceClosedAReloadIsRefusedAtOnceAndOtherWishesAreHarmless) {
  MainQueue queue;
  queue.Close();
  EXPECT_FALSE(queue.ReloadAndWait("/-/reload").ok());
  queue.AskReload("a configuration file has changed");
  queue.AskStop("SIGTERM");
  queue.Close();
}

}  // namespace
}  // namespace tocsin::daemon
