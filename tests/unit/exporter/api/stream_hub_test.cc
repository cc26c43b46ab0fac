// How a client is led through the events, with a store in memory and everything on one thread: what
// is posted or runs aside waits until the test lets it run.
#include "exporter/api/stream_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/memory_state_store.h"

namespace tocsin::api {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

class ManualExecutor final : public Executor {
 public:
  bool TrySubmit(Job&& job) override {
    if (is_full) return false;
    jobs.push_back(std::move(job));
    return true;
  }
  bool RunOne() {
    if (jobs.empty()) return false;
    const Job job = std::move(jobs.front());
    jobs.pop_front();
    job();
    return true;
  }
  std::deque<Job> jobs;
  bool is_full = false;
};

// Notes what it is given: "5", "live 5", "reset 9", "failed". Starts over with the newest event.
class NotingFollower final : public EventFollower {
 public:
  NotingFollower(StreamHub& hub, const StateStore& store) : hub_(hub), store_(store) {}

  void Deliver(StreamEvent& event) override {
    seen.push_back(std::to_string(event.event().sequence));
  }
  void CaughtUp(std::uint64_t sequence) override {
    seen.push_back("live " + std::to_string(sequence));
  }
  void StartOver() override {
    const std::uint64_t sequence = store_.LastEvent();
    seen.push_back("reset " + std::to_string(sequence));
    hub_.GoOn(*this, sequence);
  }
  void Fail() override { seen.push_back("failed"); }
  std::size_t waiting_bytes() const override { return waiting; }
  void Tick(Timestamp /*now*/) override {}
  std::function<void(StreamEvent&)> Writer() const override {
    return [](StreamEvent&) {};
  }

  // The number of the newest event it was given; `first` where it was given none.
  std::uint64_t last_told(std::uint64_t first) const {
    for (auto it = seen.rbegin(); it != seen.rend(); ++it) {
      if (it->find_first_not_of("0123456789") == std::string::npos) return std::stoull(*it);
    }
    return first;
  }

  std::size_t waiting = 0;
  std::vector<std::string> seen;

 private:
  StreamHub& hub_;
  const StateStore& store_;
};

struct World {
  World() {
    options.max_recent = 4;
    options.page = 3;
    options.max_inbox = 6;
  }
  StreamHub& hub() {
    if (!made_hub) {
      made_hub.emplace(
          store, [this](std::function<void()> run) { to_post.push_back(std::move(run)); }, executor,
          options);
      store.ListenToEvents([this](std::span<const Event> events) { made_hub->TakeEvents(events); });
    }
    return *made_hub;
  }
  void Happen(int times = 1) {
    WriteBatch batch;
    for (int i = 0; i < times; ++i) {
      Event event;
      event.type = "config.reloaded";
      event.body = "{}";
      batch.Record(std::move(event));
    }
    store.Submit(std::move(batch), nullptr);
  }
  bool RunPosted() {
    const std::deque<std::function<void()>> posted = std::exchange(to_post, {});
    for (const auto& run : posted) run();
    return !posted.empty();
  }
  void Settle() {
    while (RunPosted() || executor.RunOne()) {
    }
  }

  StreamHubOptions options;
  testing::MemoryStateStore store;
  ManualExecutor executor;
  std::deque<std::function<void()>> to_post;
  std::optional<StreamHub> made_hub;
};

class Hub : public ::testing::Test, protected World {};

TEST_F(Hub, GivesWhatHappensToThoseWhoAreThere) {
  StreamHub::Interest interest = hub().Join();
  NotingFollower one(hub(), store);
  NotingFollower other(hub(), store);
  hub().Add(one, 0);
  Happen();
  Settle();
  hub().Add(other, 1);
  Happen(2);
  Settle();
  EXPECT_THAT(one.seen, ElementsAre("live 0", "1", "2", "3"));
  EXPECT_THAT(other.seen, ElementsAre("live 1", "2", "3"));
  hub().Remove(one);
  Happen();
  Settle();
  EXPECT_THAT(one.seen, ElementsAre("live 0", "1", "2", "3"));
  EXPECT_THAT(other.seen, ElementsAre("live 1", "2", "3", "4"));
}

TEST_F(Hub, CopiesNothingWhileNobodyIsThere) {
  hub();
  Happen(3);
  EXPECT_THAT(to_post, IsEmpty());
}

TEST_F(Hub, ReplaysFromTheStoreInPages) {
  hub();
  Happen(8);
  StreamHub::Interest interest = hub().Join();
  NotingFollower client(hub(), store);
  hub().Add(client, 1);
  Settle();
  EXPECT_THAT(client.seen, ElementsAre("2", "3", "4", "5", "6", "7", "8", "live 8"));
}

TEST_F(Hub, LeavesNoGapWhereMoreHappensDuringAReplay) {
  hub();
  Happen(4);
  StreamHub::Interest interest = hub().Join();
  NotingFollower client(hub(), store);
  hub().Add(client, 0);
  executor.RunOne();  // reads 1 to 3
  Happen();           // 5, before the page comes to the client
  RunPosted();
  Happen();  // 6, while 4 is read
  Settle();
  EXPECT_THAT(client.seen, ElementsAre("1", "2", "3", "4", "5", "6", "live 6"));
}

TEST_F(Hub, NothingReachesAClientThatIsHeldAndNothingIsLostToIt) {
  StreamHub::Interest interest = hub().Join();
  NotingFollower client(hub(), store);
  hub().Add(client, 0);
  Happen(2);
  Settle();
  ASSERT_TRUE(StreamHub::IsLive(client));
  StreamHub::Hold(client);
  Happen(3);
  Settle();
  hub().Tick(Timestamp());
  hub().Drained(client);
  Settle();
  EXPECT_THAT(client.seen, ElementsAre("live 0", "1", "2"));
  hub().GoOnTo(client, 4, [&] { client.seen.push_back("inserted"); });
  Settle();
  EXPECT_THAT(client.seen, ElementsAre("live 0", "1", "2", "3", "4", "inserted", "5", "live 5"));
}

TEST_F(Hub, AnInsertionComesAtOnceWhereItsEventHasBeenTold) {
  StreamHub::Interest interest = hub().Join();
  NotingFollower client(hub(), store);
  hub().Add(client, 0);
  Happen(2);
  Settle();
  StreamHub::Hold(client);
  Happen(1);
  Settle();
  hub().GoOnTo(client, 2, [&] { client.seen.push_back("inserted"); });
  EXPECT_THAT(client.seen, ElementsAre("live 0", "1", "2", "inserted", "3", "live 3"));
}

TEST_F(Hub, AnInsertionIsForgottenWhereTheClientStartsOver) {
  options.max_recent = 1;
  StreamHub::Interest interest = hub().Join();
  NotingFollower client(hub(), store);
  hub().Add(client, 0);
  StreamHub::Hold(client);
  Happen(9);
  Settle();
  store.PruneEvents(Timestamp(), 1);
  hub().GoOnTo(client, 5, [&] { client.seen.push_back("inserted"); });
  Settle();
  EXPECT_THAT(client.seen, ElementsAre("live 0", "reset 9", "live 9"));
}

// One step, of whatever may happen next. What is held goes on at some time.
void Step(World& world, NotingFollower& client, bool& is_held, std::mt19937& random) {
  const bool is_there = StreamHub::IdOf(client) != 0;
  switch (random() % 6) {
    case 0:
      return world.Happen(1 + static_cast<int>(random() % 9));
    case 1:
      world.RunPosted();
      return;
    case 2:
      world.executor.RunOne();
      return;
    case 3:
      client.waiting = random() % 2 == 0 ? 0 : world.options.low_water + 1;
      if (client.waiting == 0 && is_there) world.hub().Drained(client);
      return;
    case 4:
      if (is_held) {
        const std::uint64_t after = world.store.LastEvent();
        world.hub().GoOnTo(client, after, [&client, after] {
          client.seen.push_back("insertion after " + std::to_string(after));
        });
      } else if (is_there && StreamHub::IsLive(client)) {
        StreamHub::Hold(client);
      } else {
        return;
      }
      is_held = !is_held;
      return;
    default:
      world.executor.is_full = random() % 4 == 0;
      return world.hub().Tick(Timestamp());
  }
}

TEST(HubAtRandom, LeavesNoGapAndRepeatsNothingWhateverTheOrderOfThings) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    World world;
    world.hub();
    world.Happen(static_cast<int>(random() % 12));
    const StreamHub::Interest interest = world.hub().Join();
    const std::uint64_t last = random() % (world.store.LastEvent() + 1);
    const unsigned arrival = random() % 20;
    NotingFollower client(world.hub(), world.store);
    bool is_held = false;
    for (unsigned step = 0; step < 60; ++step) {
      if (step == arrival) world.hub().Add(client, last);
      Step(world, client, is_held, random);
    }
    if (is_held) world.hub().GoOn(client, client.last_told(last));
    client.waiting = 0;
    world.executor.is_full = false;
    world.hub().Tick(Timestamp());
    world.Settle();
    std::vector<std::string> expected;
    for (std::uint64_t n = last + 1; n <= world.store.LastEvent(); ++n) {
      expected.push_back(std::to_string(n));
    }
    std::string before = std::to_string(last);
    for (const std::string& one : client.seen) {
      if (one.starts_with("insertion")) {
        EXPECT_EQ(one, "insertion after " + before);
      } else if (!one.starts_with("live")) {
        before = one;
      }
    }
    std::erase_if(client.seen, [](const std::string& one) {
      return one.starts_with("live") || one.starts_with("insertion");
    });
    EXPECT_THAT(client.seen, ElementsAreArray(expected));
  }
}

TEST_F(Hub, WhatTheInboxHasNoRoomForComesFromTheStore) {
  StreamHub::Interest interest = hub().Join();
  NotingFollower client(hub(), store);
  hub().Add(client, 0);
  Happen(20);  // the inbox takes 6
  Settle();
  std::vector<std::string> expected = {"live 0"};
  for (int n = 1; n <= 20; ++n) expected.push_back(std::to_string(n));
  expected.emplace_back("live 20");
  EXPECT_EQ(client.seen, expected);
}

TEST_F(Hub, ReadsNoFasterThanTheClientTakes) {
  hub();
  Happen(9);
  StreamHub::Interest interest = hub().Join();
  NotingFollower client(hub(), store);
  hub().Add(client, 0);
  client.waiting = options.low_water + 1;
  Settle();
  EXPECT_THAT(client.seen, ElementsAre("1", "2", "3"));
  EXPECT_THAT(executor.jobs, IsEmpty());
  client.waiting = 0;
  hub().Drained(client);
  Settle();
  EXPECT_EQ(client.seen.back(), "live 9");
}

TEST_F(Hub, KnowsWhatIsStillHeld) {
  hub();
  EXPECT_TRUE(*hub().Holds(0));
  EXPECT_FALSE(*hub().Holds(1));  // ahead of the last number
  Happen(5);
  EXPECT_TRUE(*hub().Holds(0));
  EXPECT_TRUE(*hub().Holds(5));
  EXPECT_FALSE(*hub().Holds(6));
  store.PruneEvents(Timestamp(), 2);  // 4 and 5 stay
  EXPECT_FALSE(*hub().Holds(2));
  EXPECT_TRUE(*hub().Holds(3));
}

TEST_F(Hub, StartsOverWhereTheNextEventIsForgotten) {
  hub();
  Happen(9);
  StreamHub::Interest interest = hub().Join();
  NotingFollower client(hub(), store);
  hub().Add(client, 0);
  executor.RunOne();
  store.PruneEvents(Timestamp(), 2);
  Settle();
  EXPECT_THAT(client.seen, ElementsAre("1", "2", "3", "reset 9", "live 9"));
  Happen();
  Settle();
  EXPECT_EQ(client.seen.back(), "10");
}

TEST_F(Hub, AClientThatLeavesDuringAReplayIsForgotten) {
  hub();
  Happen(4);
  StreamHub::Interest interest = hub().Join();
  NotingFollower client(hub(), store);
  hub().Add(client, 0);
  executor.RunOne();
  hub().Remove(client);
  Settle();
  EXPECT_THAT(client.seen, IsEmpty());
}

TEST_F(Hub, TriesAgainWhereTheExecutorIsFull) {
  hub();
  Happen(2);
  StreamHub::Interest interest = hub().Join();
  NotingFollower client(hub(), store);
  executor.is_full = true;
  hub().Add(client, 0);
  executor.is_full = false;
  Settle();
  EXPECT_THAT(client.seen, IsEmpty());
  hub().Tick(Timestamp());
  Settle();
  EXPECT_THAT(client.seen, ElementsAre("1", "2", "live 2"));
}

}  // namespace
}  // namespace tocsin::api
