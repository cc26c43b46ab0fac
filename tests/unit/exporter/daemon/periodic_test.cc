#include "exporter/daemon/periodic.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include "tests/support/fake_clock.h"

namespace tocsin::daemon {
namespace {

using std::chrono::seconds;

// A multiple of every interval here.
const Timestamp kStart = FromUnixMillis(1'700'000'000'000);

// A pool whose jobs run when the test says so.
class HandExecutor final : public Executor {
 public:
  bool TrySubmit(Job&& job) override {
    if (full) return false;
    waiting.push_back(std::move(job));
    return true;
  }
  void RunAll() {
    while (!waiting.empty()) {
      const Job job = std::move(waiting.front());
      waiting.pop_front();
      job();
    }
  }

  bool full = false;
  std::deque<Job> waiting;
};

class PeriodicTest : public ::testing::Test {
 protected:
  void Start(Duration interval) {
    periodic_.emplace(timers_, pool_, clock_, interval, [this](Timestamp now) {
      runs_.push_back(now);
      clock_.Advance(takes_);
    });
  }
  void Advance(Duration by) {
    clock_.Advance(by);
    timers_.RunDue();
    pool_.RunAll();
  }

  testing::FakeClock clock_{kStart};
  TimerQueue timers_{clock_};
  HandExecutor pool_;
  std::vector<Timestamp> runs_;
  Duration takes_{0};
  std::optional<Periodic> periodic_;
};

using Times = std::vector<Timestamp>;

TEST_F(PeriodicTest, RunsAtOnceAndThenAtMultiplesOfItsInterval) {
  clock_.Set(kStart + seconds(3));
  Start(seconds(10));
  Advance(Duration(0));
  EXPECT_EQ(runs_, (Times{kStart + seconds(3)}));
  Advance(seconds(6));
  EXPECT_EQ(runs_.size(), 1U);
  Advance(seconds(1));
  Advance(seconds(10));
  EXPECT_EQ(runs_, (Times{kStart + seconds(3), kStart + seconds(10), kStart + seconds(20)}));
}

TEST_F(PeriodicTest, ARunThatTakesLongerThanTheIntervalSkipsWhatItMissed) {
  takes_ = seconds(25);
  Start(seconds(10));
  Advance(Duration(0));  // until 25
  takes_ = seconds(0);
  EXPECT_EQ(runs_.size(), 1U);
  Advance(seconds(5));
  EXPECT_EQ(runs_, (Times{kStart, kStart + seconds(30)}));
  Advance(Duration(0));
  EXPECT_EQ(runs_.size(), 2U);
}

TEST_F(PeriodicTest, WhileARunWaitsForAWorkerNoOtherFollows) {
  Start(seconds(10));
  timers_.RunDue();
  ASSERT_EQ(pool_.waiting.size(), 1U);
  clock_.Advance(seconds(30));
  timers_.RunDue();
  EXPECT_EQ(pool_.waiting.size(), 1U);
  EXPECT_EQ(timers_.next_deadline(), std::nullopt);
  pool_.RunAll();
  EXPECT_EQ(timers_.next_deadline(), kStart + seconds(40));
}

TEST_F(PeriodicTest, WithNoRoomInThePoolATimeIsMissedAndTheNextOneIsNot) {
  pool_.full = true;
  Start(seconds(10));
  Advance(Duration(0));
  EXPECT_TRUE(runs_.empty());
  pool_.full = false;
  Advance(seconds(10));
  EXPECT_EQ(runs_, (Times{kStart + seconds(10)}));
}

TEST_F(PeriodicTest, NothingRunsAfterItsEnd) {
  Start(seconds(10));
  Advance(Duration(0));
  periodic_.reset();
  Advance(seconds(10));
  EXPECT_EQ(runs_.size(), 1U);
  EXPECT_EQ(timers_.next_deadline(), std::nullopt);
}

TEST_F(PeriodicTest, ARunThatWaitsForAWorkerWhenItEndsIsDropped) {
  Start(seconds(10));
  timers_.RunDue();
  ASSERT_EQ(pool_.waiting.size(), 1U);
  periodic_.reset();
  pool_.RunAll();
  EXPECT_TRUE(runs_.empty());
}

TEST(Periodic, ItsEndWaitsForARunUnderWay) {
  testing::FakeClock clock(kStart);
  TimerQueue timers(clock);
  WorkerPool pool(1, 10);
  std::promise<void> begun;
  std::promise<void> go_on;
  std::atomic<bool> finished{false};
  auto periodic = std::make_unique<Periodic>(timers, pool, clock, seconds(10), [&](Timestamp) {
    begun.set_value();
    go_on.get_future().wait();
    finished = true;
  });
  timers.RunDue();
  begun.get_future().wait();
  std::promise<void> ending;
  std::future<bool> seen_finished = std::async(std::launch::async, [&] {
    ending.set_value();
    periodic.reset();
    return finished.load();
  });
  ending.get_future().wait();
  go_on.set_value();
  EXPECT_TRUE(seen_finished.get());
}

// With real threads and no pauses: overlapping runs, or one after the end, would be seen here and
// by the sanitizers.
TEST(Periodic, NeverRunsTwiceAtOnceOnSeveralWorkers) {
  const SystemClock clock;
  TimerQueue timers(clock);
  std::thread timer_thread([&timers] { timers.Run(); });
  {
    WorkerPool pool(4, 100);
    std::atomic<int> running{0};
    std::atomic<bool> overlapped{false};
    std::atomic<int> runs{0};
    std::promise<void> enough;
    {
      const Periodic periodic(timers, pool, clock, Duration(1), [&](Timestamp) {
        if (running.fetch_add(1) != 0) overlapped = true;
        running.fetch_sub(1);
        if (runs.fetch_add(1) + 1 == 20) enough.set_value();
      });
      enough.get_future().wait();
    }
    EXPECT_FALSE(overlapped);
  }
  timers.Stop();
  timer_thread.join();
}

}  // namespace
}  // namespace tocsin::daemon
