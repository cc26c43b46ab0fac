#include "base/worker_pool.h"

#include <atomic>
#include <latch>

namespace tocsin {
namespace {

TEST(WorkerPool, RunsEveryJobOnce) {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool(4, 8);
    for (int i = 0; i < 1000; ++i) pool.Submit([&ran] { ++ran; });
  }
  EXPECT_EQ(ran, 1000);
}

TEST(WorkerPool, OneThreadKeepsTheOrder) {
  std::vector<int> order;
  {
    WorkerPool pool(1, 100);
    for (int i = 0; i < 50; ++i) pool.Submit([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 50u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(WorkerPool, JobsRunSideBySide) {
  WorkerPool pool(2, 2);
  std::latch both(2);
  std::latch done(2);
  for (int i = 0; i < 2; ++i) {
    pool.Submit([&] {
      both.arrive_and_wait();  // one alone would wait for ever
      done.count_down();
    });
  }
  done.wait();
}

TEST(WorkerPool, RefusesWhenFullAndRunsWhatWaitsAtDestruction) {
  std::atomic<int> ran = 0;
  {
    std::latch started(1);
    std::latch release(1);
    WorkerPool pool(1, 2);
    pool.Submit([&] {
      started.count_down();
      release.wait();
    });
    started.wait();
    EXPECT_TRUE(pool.TrySubmit([&ran] { ++ran; }));
    EXPECT_TRUE(pool.TrySubmit([&ran] { ++ran; }));
    WorkerPool::Job refused = [&ran] { ran += 100; };
    EXPECT_FALSE(pool.TrySubmit(std::move(refused)));
    EXPECT_TRUE(static_cast<bool>(refused));  // untouched
    release.count_down();
  }
  EXPECT_EQ(ran, 2);
}

TEST(WorkerPool, SubmitWaitsForRoom) {
  std::latch started(1);
  std::latch release(1);
  std::atomic<bool> submitted = false;
  std::atomic<int> ran = 0;
  {
    WorkerPool pool(1, 1);
    pool.Submit([&] {
      started.count_down();
      release.wait();
      EXPECT_FALSE(submitted);  // the queue has been full all the time
    });
    started.wait();
    pool.Submit([&ran] { ++ran; });
    std::thread producer([&] {
      pool.Submit([&ran] { ++ran; });
      submitted = true;
    });
    release.count_down();
    producer.join();
  }
  EXPECT_EQ(ran, 2);
}

}  // namespace
}  // namespace tocsin
