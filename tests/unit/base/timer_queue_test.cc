#include "base/timer_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

#include "tests/support/fake_clock.h"

namespace tocsin {
namespace {

using std::chrono::seconds;
using testing::FakeClock;

TEST(TimerQueue, RunsWhatIsDueInOrderOfTimeThenOfAsking) {
  FakeClock clock;
  TimerQueue timers(clock);
  std::vector<int> ran;
  timers.At(clock.Now() + seconds(2), [&] { ran.push_back(2); });
  timers.At(clock.Now() + seconds(1), [&] { ran.push_back(1); });
  timers.At(clock.Now() + seconds(2), [&] { ran.push_back(3); });
  EXPECT_EQ(timers.RunDue(), 0U);
  EXPECT_EQ(timers.next_deadline(), clock.Now() + seconds(1));
  clock.Advance(seconds(2));
  EXPECT_EQ(timers.RunDue(), 3U);
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
  EXPECT_FALSE(timers.next_deadline().has_value());
}

TEST(TimerQueue, ACancelledTimerDoesNotRunAndCannotBeCancelledTwice) {
  FakeClock clock;
  TimerQueue timers(clock);
  bool ran = false;
  const TimerQueue::Id id = timers.At(clock.Now(), [&] { ran = true; });
  EXPECT_TRUE(timers.Cancel(id));
  EXPECT_FALSE(timers.Cancel(id));
  timers.RunDue();
  EXPECT_FALSE(ran);
}

TEST(TimerQueue, ACallbackMayAskForAnotherTimerThatIsDueAtOnce) {
  FakeClock clock;
  TimerQueue timers(clock);
  int ran = 0;
  timers.At(clock.Now(), [&] {
    ++ran;
    timers.At(clock.Now(), [&] { ++ran; });
  });
  EXPECT_EQ(timers.RunDue(), 2U);
  EXPECT_EQ(ran, 2);
}

TEST(TimerQueue, ItsThreadWakesForAnEarlierTimerAndEndsOnStop) {
  SystemClock clock;
  TimerQueue timers(clock);
  timers.At(clock.Now() + std::chrono::hours(1), [] {});
  std::thread thread([&] { timers.Run(); });
  std::promise<void> ran;
  timers.At(clock.Now(), [&] { ran.set_value(); });
  ran.get_future().wait();
  timers.Stop();
  thread.join();
}

}  // namespace
}  // namespace tocsin
