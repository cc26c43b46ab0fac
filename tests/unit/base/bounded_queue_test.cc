#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace tocsin {
namespace {

TEST(BoundedQueue, HandsOverEverythingThatWaitsInOrder) {
  BoundedQueue<int> queue(10);
  queue.Push(1);
  queue.Push(2);
  EXPECT_EQ(queue.PopAll(std::nullopt), (std::vector<int>{1, 2}));
  EXPECT_EQ(queue.size(), 0U);
}

TEST(BoundedQueue, TryPushRefusesWhenFullAndLeavesTheValue) {
  BoundedQueue<std::string> queue(1);
  std::string first = "first";
  std::string second = "second";
  EXPECT_TRUE(queue.TryPush(std::move(first)));
  EXPECT_FALSE(queue.TryPush(std::move(second)));
  EXPECT_EQ(second, "second");
}

TEST(BoundedQueue, AFullQueueHoldsItsProducerBackAndLosesNothing) {
  BoundedQueue<int> queue(4);
  constexpr int kCount = 10'000;
  std::thread producer([&] {
    for (int i = 0; i < kCount; ++i) queue.Push(i);
    queue.Close();
  });
  std::vector<int> seen;
  while (seen.size() < kCount) {
    const std::vector<int> some = queue.PopAll(std::nullopt);
    EXPECT_LE(some.size(), 4U);
    seen.insert(seen.end(), some.begin(), some.end());
  }
  producer.join();
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(BoundedQueue, AfterCloseTheConsumerStillGetsWhatWaitsAndProducersAreRefused) {
  BoundedQueue<int> queue(4);
  queue.Push(1);
  queue.Close();
  EXPECT_FALSE(queue.Push(2));
  EXPECT_EQ(queue.PopAll(std::nullopt), (std::vector<int>{1}));
  EXPECT_TRUE(queue.PopAll(std::nullopt).empty());
}

TEST(BoundedQueue, PopAllReturnsEmptyWhenTheDeadlineHasPassed) {
  BoundedQueue<int> queue(4);
  EXPECT_TRUE(queue.PopAll(FromUnixMillis(0)).empty());
}

}  // namespace
}  // namespace tocsin
