#include "exporter/intake/push_turns.h"

#include <optional>
#include <thread>
#include <vector>

namespace tocsin::intake {
namespace {

const Labels kGroup{{"job", "a"}};

TEST(PushTurns, LetsOneAtATimeChangeAGroup) {
  PushTurns turns;
  int unprotected = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 500; ++n) {
        const PushTurns::Turn turn = turns.Take(kGroup);
        ++unprotected;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(unprotected, 2000);
}

TEST(PushTurns, ServesInTheOrderOfArrival) {
  PushTurns turns;
  std::optional<PushTurns::Turn> first(turns.Take(kGroup));
  std::vector<int> order;
  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i) {
    threads.emplace_back([&turns, &order, i] {
      const PushTurns::Turn turn = turns.Take(kGroup);
      order.push_back(i);
    });
    // The next one arrives only after this one stands in line.
    while (turns.waiting(kGroup) != static_cast<std::size_t>(i) + 1) std::this_thread::yield();
  }
  first.reset();
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(order, ::testing::ElementsAre(0, 1, 2, 3, 4));
}

TEST(PushTurns, HoldsUpNoOtherGroup) {
  PushTurns turns;
  const PushTurns::Turn first = turns.Take(kGroup);
  const PushTurns::Turn second = turns.Take(Labels{{"job", "b"}});
}

TEST(PushTurns, TriesWithoutWaiting) {
  PushTurns turns;
  {
    const PushTurns::Turn turn = turns.Take(kGroup);
    EXPECT_FALSE(turns.TryTake(kGroup).has_value());
  }
  EXPECT_TRUE(turns.TryTake(kGroup).has_value());
  EXPECT_TRUE(turns.TryTake(kGroup).has_value());
}

TEST(PushTurns, AreGivenBackOnceEvenWhenMoved) {
  PushTurns turns;
  {
    PushTurns::Turn turn = turns.Take(kGroup);
    const PushTurns::Turn moved = std::move(turn);
    EXPECT_FALSE(turns.TryTake(kGroup).has_value());
  }
  EXPECT_TRUE(turns.TryTake(kGroup).has_value());
}

}  // namespace
}  // namespace tocsin::intake
