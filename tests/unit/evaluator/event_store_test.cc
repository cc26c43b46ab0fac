// Events in the state store: their numbers, what they survive, how they are found and forgotten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/check.h"
#include "evaluator/persist/event_backlog.h"
#include "evaluator/persist/event_block.h"
#include "tests/unit/evaluator/store_world.h"

namespace tocsin::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Numbers = std::vector<std::uint64_t>;

Timestamp Second(std::int64_t second) { return FromUnixMillis(1'700'000'000'000 + second * 1000); }

Event Make(std::string type, std::int64_t second = 0) {
  Event event;
  event.type = std::move(type);
  event.at = Second(second);
  event.body = "{}";
  return event;
}

Numbers NumbersOf(const std::vector<Event>& events) {
  Numbers numbers;
  for (const Event& event : events) numbers.push_back(event.sequence);
  return numbers;
}

class EventStoreTest : public StoreTest {
 protected:
  static Status Record(StateStore& store, std::vector<Event> events) {
    WriteBatch batch;
    for (Event& event : events) batch.Record(std::move(event));
    return Commit(store, std::move(batch));
  }
  static Status Record(StateStore& store, Event event) {
    WriteBatch batch;
    batch.Record(std::move(event));
    return Commit(store, std::move(batch));
  }
  static Numbers Find(const StateStore& store, const EventQuery& query) {
    const auto events = store.Events(query);
    EXPECT_TRUE(events.ok());
    return events.ok() ? NumbersOf(*events) : Numbers();
  }
  static Numbers All(const StateStore& store) {
    EventQuery query;
    query.limit = 1'000'000;
    return Find(store, query);
  }
  // Pruning is the writer's, and over when there is nothing left to do.
  static void AwaitOldest(const StateStore& store, std::uint64_t oldest) {
    EventQuery query;
    query.limit = 1;
    while (Find(store, query) != Numbers{oldest}) std::this_thread::yield();
  }
  double Metric(const std::string& name) const {
    for (const auto& family : registry_->Collect()) {
      if (family.name == name) return family.metric.at(0).counter.value;
    }
    return -1;
  }
};
TOCSIN_OVER_EVERY_DATABASE(EventStoreTest);

// ---- numbers

TEST_P(EventStoreTest, AnEventComesBackAsItWasRecordedWithItsNumber) {
  auto store = Open();
  EXPECT_EQ(store->LastEvent(), 0U);
  Event event = Make("notification.failed", 5);
  event.alert_id = "a'1";
  event.rule_id = "r\"1";
  event.receiver = "ops; DROP TABLE events";
  event.labels = Labels{{"alertname", "High CPU"}, {"host", "wéb,1"}};
  event.body = R"({"reason":"503"})";
  ASSERT_TRUE(Record(*store, event).ok());
  EXPECT_EQ(store->LastEvent(), 1U);
  const auto events = *store->Events({});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].sequence, 1U);
  EXPECT_EQ(events[0].at, Second(5));
  EXPECT_EQ(events[0].type, event.type);
  EXPECT_EQ(events[0].alert_id, event.alert_id);
  EXPECT_EQ(events[0].rule_id, event.rule_id);
  EXPECT_EQ(events[0].receiver, event.receiver);
  EXPECT_EQ(events[0].labels, event.labels);
  EXPECT_EQ(events[0].body, event.body);
}

TEST_P(EventStoreTest, NumbersFollowTheCommitsWithoutAGapFromOneProcessToTheNext) {
  {
    auto store = Open();
    ASSERT_TRUE(Record(*store, {Make("a.a"), Make("a.b")}).ok());
    WriteBatch no_event;
    no_event.Put(StateTable::kAlerts, "k", "v");
    ASSERT_TRUE(Commit(*store, std::move(no_event)).ok());
    ASSERT_TRUE(Record(*store, Make("a.c")).ok());
  }
  auto store = Open();
  EXPECT_EQ(store->LastEvent(), 3U);
  ASSERT_TRUE(Record(*store, Make("a.d")).ok());
  const auto events = *store->Events({});
  EXPECT_EQ(NumbersOf(events), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(events[3].type, "a.d");
}

TEST_P(EventStoreTest, ManyThreadsGetEachNumberOnce) {
  auto store = Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store] {
      for (int i = 0; i < 100; ++i)
        store->Submit(
            [] {
              WriteBatch batch;
              batch.Record(Make("a.a"));
              return batch;
            }(),
            nullptr);
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(Record(*store, Make("a.last")).ok());
  Numbers expected(401);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = i + 1;
  EXPECT_EQ(All(*store), expected);
}

TEST_P(EventStoreTest, RowsAndEventsOfABatchAreThereTogether) {
  auto store = Open();
  WriteBatch batch;
  batch.Put(StateTable::kAlerts, "a", "1");
  batch.Record(Make("a.a"));
  ASSERT_TRUE(Commit(*store, std::move(batch)).ok());
  EXPECT_EQ(store->Scan(StateTable::kAlerts)->size(), 1U);
  EXPECT_EQ(All(*store), (Numbers{1}));
}

// ---- listeners

TEST_P(EventStoreTest, ListenersHearOfWhatIsCommittedInOrder) {
  auto store = Open();
  Numbers heard;
  std::vector<bool> was_readable;
  const StateStore* const readable = store.get();  // `store` is empty while it is reset
  store->ListenToEvents([&](std::span<const Event> events) {
    for (const Event& event : events) {
      heard.push_back(event.sequence);
      EventQuery query;
      query.after = event.sequence - 1;
      query.limit = 1;
      was_readable.push_back(Find(*readable, query) == Numbers{event.sequence});
    }
  });
  std::size_t second = 0;
  store->ListenToEvents([&](std::span<const Event> events) { second += events.size(); });
  ASSERT_TRUE(Record(*store, {Make("a.a"), Make("a.b")}).ok());
  ASSERT_TRUE(Record(*store, Make("a.c")).ok());
  store.reset();  // whoever listens is called after the callbacks of a batch
  EXPECT_EQ(heard, (Numbers{1, 2, 3}));
  EXPECT_THAT(was_readable, ElementsAre(true, true, true));
  EXPECT_EQ(second, 3U);
}

// ---- a store that cannot be written

TEST_P(EventStoreTest, EventsOfFailedCommitsAreToldWithTheNumbersUnderWhichTheyAreWrittenLater) {
  auto store = Open();
  Numbers heard;
  store->ListenToEvents([&](std::span<const Event> events) {
    for (const Event& event : events) heard.push_back(event.sequence);
  });
  ASSERT_TRUE(Record(*store, Make("a.before")).ok());
  {
    const auto refusal = world_->RefuseWrites();
    EXPECT_FALSE(Record(*store, Make("a.during")).ok());
    EXPECT_FALSE(Record(*store, {Make("a.during"), Make("a.too")}).ok());
    EXPECT_EQ(All(*store), (Numbers{1}));
  }
  ASSERT_TRUE(Record(*store, Make("a.after")).ok());
  EXPECT_EQ(store->LastEvent(), 5U);
  const auto events = *store->Events({});
  EXPECT_EQ(NumbersOf(events), (Numbers{1, 2, 3, 4, 5}));
  EXPECT_EQ(events[1].type, "a.during");
  EXPECT_EQ(events[3].type, "a.too");
  EXPECT_EQ(events[4].type, "a.after");
  store.reset();
  EXPECT_EQ(heard, (Numbers{1, 2, 3, 4, 5}));
}

TEST_P(EventStoreTest, EventsThatCouldNotBeWrittenAreWrittenWhenItCloses) {
  {
    auto store = Open();
    const auto refusal = world_->RefuseWrites();
    EXPECT_FALSE(Record(*store, Make("a.kept")).ok());
  }
  EXPECT_EQ(All(*Open()), (Numbers{1}));
}

TEST_P(EventStoreTest, WhatDoesNotFitWhileNothingCanBeWrittenIsCountedAndLeavesNoGap) {
  auto store = Open();
  std::uint64_t heard = 0;
  store->ListenToEvents([&](std::span<const Event> events) { heard += events.size(); });
  ASSERT_TRUE(Record(*store, Make("a.before")).ok());
  {
    const auto refusal = world_->RefuseWrites();
    std::vector<Event> many(EventBacklog::kMostEvents + 7, Make("a.during"));
    EXPECT_FALSE(Record(*store, std::move(many)).ok());
    EXPECT_FALSE(Record(*store, Make("a.during")).ok());
  }
  ASSERT_TRUE(Record(*store, Make("a.after")).ok());
  EXPECT_EQ(Metric("tocsin_events_dropped_total"), 8);
  EXPECT_EQ(store->LastEvent(), EventBacklog::kMostEvents + 2);
  EventQuery newest;
  newest.newest_first = true;
  newest.limit = 1;
  EXPECT_EQ(store->Events(newest)->at(0).type, "a.after");
  EXPECT_EQ(All(*store).size(), EventBacklog::kMostEvents + 2);
  store.reset();
  EXPECT_EQ(heard, EventBacklog::kMostEvents + 2);
}

TEST(EventBacklog, IsBoundedInBytes) {
  EventBacklog backlog;
  Event large = Make("a.a");
  large.body = std::string(EventBacklog::kMostBytes / 2, 'x');
  EXPECT_TRUE(backlog.Add(large));
  EXPECT_FALSE(backlog.Add(large));
  EXPECT_FALSE(backlog.Add(Make("a.small")));  // one in between would be missing
  EXPECT_EQ(backlog.TakeAll().size(), 1U);
  EXPECT_TRUE(backlog.Add(large));
}

// ---- queries

class EventQueryTest : public EventStoreTest {
 protected:
  // 1 alert.pending     a1 r1       0 s
  // 2 alert.active      a1 r1      10 s
  // 3 alert.active      a2 r2       5 s   (the clock was set back)
  // 4 notification.delivered a1 r1 ops   20 s
  // 5 notification.failed    a2 r2 page  30 s
  // 6 silence.created              40 s
  // 7 alert.resolved    a1 r1      50 s
  void SetUp() override {
    EventStoreTest::SetUp();
    if (world_ == nullptr) return;
    store_ = Open();
    const auto event = [](const char* type, std::int64_t second, const char* alert,
                          const char* rule, const char* receiver) {
      Event made = Make(type, second);
      made.alert_id = alert;
      made.rule_id = rule;
      made.receiver = receiver;
      return made;
    };
    CHECK(Record(*store_, {event("alert.pending", 0, "a1", "r1", ""),
                           event("alert.active", 10, "a1", "r1", ""),
                           event("alert.active", 5, "a2", "r2", ""),
                           event("notification.delivered", 20, "a1", "r1", "ops"),
                           event("notification.failed", 30, "a2", "r2", "page"),
                           event("silence.created", 40, "", "", ""),
                           event("alert.resolved", 50, "a1", "r1", "")})
              .ok());
  }
  Numbers Of(const EventQuery& query) const { return Find(*store_, query); }

  std::unique_ptr<StateStore> store_;
};
TOCSIN_OVER_EVERY_DATABASE(EventQueryTest);

TEST_P(EventQueryTest, ByNumber) {
  EventQuery query;
  query.after = 5;
  EXPECT_EQ(Of(query), (Numbers{6, 7}));
  query.after = 2;
  query.before = 5;
  EXPECT_EQ(Of(query), (Numbers{3, 4}));
  query.before = 3;
  EXPECT_THAT(Of(query), IsEmpty());
  query.after = ~std::uint64_t{0};
  query.before.reset();
  EXPECT_THAT(Of(query), IsEmpty());
}

TEST_P(EventQueryTest, ByTimeWithBothEndsAlsoWhereTheClockWentBack) {
  EventQuery query;
  query.from = Second(10);
  EXPECT_EQ(Of(query), (Numbers{2, 4, 5, 6, 7}));
  query.until = Second(30);
  EXPECT_EQ(Of(query), (Numbers{2, 4}));
  query.from.reset();
  EXPECT_EQ(Of(query), (Numbers{1, 2, 3, 4}));
  query.until = Second(10);
  EXPECT_EQ(Of(query), (Numbers{1, 3}));
  query.from = Second(100);
  query.until.reset();
  EXPECT_THAT(Of(query), IsEmpty());
}

TEST_P(EventQueryTest, ByTimeAgainSeesWhatHasComeMeanwhile) {
  EventQuery query;
  query.from = Second(45);
  query.until = Second(100);
  EXPECT_EQ(Of(query), (Numbers{7}));
  ASSERT_TRUE(Record(*store_, {Make("a.a", 99), Make("a.b", 100), Make("a.c", 46)}).ok());
  EXPECT_EQ(Of(query), (Numbers{7, 8, 10}));
  query.newest_first = true;
  query.before = 10;
  EXPECT_EQ(Of(query), (Numbers{8, 7}));
  query = {};
  query.from = Second(200);
  EXPECT_THAT(Of(query), IsEmpty());
  ASSERT_TRUE(Record(*store_, Make("a.a", 200)).ok());
  EXPECT_EQ(Of(query), (Numbers{11}));
  query.from = Second(45);
  EXPECT_EQ(Of(query), (Numbers{7, 8, 9, 10, 11}));
}

TEST_P(EventQueryTest, ByTypeSeveralAndBeginning) {
  EventQuery query;
  query.types = {"alert.active"};
  EXPECT_EQ(Of(query), (Numbers{2, 3}));
  query.types = {"silence.created", "alert.active"};
  EXPECT_EQ(Of(query), (Numbers{2, 3, 6}));
  query.types = {"notification.", "alert.resolved"};
  EXPECT_EQ(Of(query), (Numbers{4, 5, 7}));
  query.types = {"alert"};
  EXPECT_THAT(Of(query), IsEmpty());
  query.types = {"alert."};
  query.newest_first = true;
  query.limit = 3;
  EXPECT_EQ(Of(query), (Numbers{7, 3, 2}));
}

TEST_P(EventQueryTest, ByAlertRuleAndReceiver) {
  EventQuery query;
  query.alert_id = "a1";
  EXPECT_EQ(Of(query), (Numbers{1, 2, 4, 7}));
  query = {};
  query.rule_id = "r2";
  EXPECT_EQ(Of(query), (Numbers{3, 5}));
  query = {};
  query.receiver = "ops";
  EXPECT_EQ(Of(query), (Numbers{4}));
  query.receiver = "nobody";
  EXPECT_THAT(Of(query), IsEmpty());
}

TEST_P(EventQueryTest, ByEveryConditionAtOnce) {
  EventQuery query;
  query.from = Second(5);
  query.until = Second(50);
  query.after = 1;
  query.before = 7;
  query.types = {"alert.", "notification.delivered"};
  query.alert_id = "a1";
  query.rule_id = "r1";
  EXPECT_EQ(Of(query), (Numbers{2, 4}));
  query.receiver = "ops";
  EXPECT_EQ(Of(query), (Numbers{4}));
  query.rule_id = "r2";
  EXPECT_THAT(Of(query), IsEmpty());
}

TEST_P(EventQueryTest, InBothOrdersWithALimit) {
  EventQuery query;
  query.limit = 2;
  EXPECT_EQ(Of(query), (Numbers{1, 2}));
  query.newest_first = true;
  EXPECT_EQ(Of(query), (Numbers{7, 6}));
  query.before = 6;
  EXPECT_EQ(Of(query), (Numbers{5, 4}));
  query.limit = 0;
  EXPECT_THAT(Of(query), IsEmpty());
}

TEST_P(EventQueryTest, WithoutBodies) {
  EventQuery query;
  query.without_body = true;
  const auto events = *store_->Events(query);
  ASSERT_EQ(events.size(), 7U);
  EXPECT_EQ(events[0].body, "");
  EXPECT_EQ(events[0].type, "alert.pending");
}

TEST_P(EventQueryTest, FindsTheSameAsTheRuleForOneEvent) {
  std::vector<Event> all = *store_->Events({});
  for (const std::vector<std::string>& types :
       {std::vector<std::string>{}, {"alert."}, {"alert.active", "notification."}}) {
    for (const char* alert : {"", "a1", "a2"}) {
      for (const std::int64_t from : {-1, 5, 10, 30}) {
        EventQuery query;
        query.types = types;
        query.alert_id = alert;
        query.from = Second(from);
        Numbers expected;
        for (const Event& event : all) {
          if (EventMatches(query, event)) expected.push_back(event.sequence);
        }
        EXPECT_EQ(Of(query), expected) << alert << " " << from << " " << types.size();
      }
    }
  }
}

// Over several blocks, with texts that few, some and most of them have.
class ManyEventsTest : public EventStoreTest {
 protected:
  static constexpr int kEvents = 3 * EventBlock::kEvents + 100;

  static Event Numbered(int i) {
    Event event = Make(i % 2 == 0 ? "alert.active" : "alert.resolved", i / 3);
    if (i % 700 == 699) event.type = "silence.created";
    event.alert_id = "alert" + std::to_string(i / 4);
    event.rule_id = "rule" + std::to_string(i / 600);
    if (i % 400 == 7) event.receiver = "ops";
    return event;
  }
  static std::vector<Event> Some(int from, int until) {
    std::vector<Event> events;
    for (int i = from; i < until; ++i) events.push_back(Numbered(i));
    return events;
  }
  // What the store finds is what is found by looking at each event.
  static void ExpectRightAnswers(const StateStore& store) {
    EventQuery everything;
    everything.limit = 1'000'000;
    const std::vector<Event> all = *store.Events(everything);
    ASSERT_EQ(all.size(), static_cast<std::size_t>(kEvents));
    std::vector<EventQuery> queries(10);
    queries[0].alert_id = "alert200";
    queries[1].alert_id = "alert127";  // on both sides of a border
    queries[2].rule_id = "rule1";
    queries[3].receiver = "ops";
    queries[4].types = {"silence.created"};
    queries[5].types = {"silence.", "alert.resolved"};
    queries[6].from = Second(300);
    queries[6].until = Second(420);
    queries[7].rule_id = "rule0";
    queries[7].receiver = "ops";
    queries[7].after = 300;
    queries[8].alert_id = "nobody";
    queries[9].types = {"alert."};
    queries[9].before = 1'100;
    queries[9].after = 500;
    for (EventQuery query : queries) {
      Numbers expected;
      for (const Event& event : all) {
        if (EventMatches(query, event)) expected.push_back(event.sequence);
      }
      query.limit = 1'000'000;
      EXPECT_EQ(Find(store, query), expected);
      query.limit = 5;
      Numbers first(expected.begin(), expected.begin() + std::min<int>(5, expected.size()));
      EXPECT_EQ(Find(store, query), first);
      query.newest_first = true;
      std::reverse(expected.begin(), expected.end());
      expected.resize(std::min<std::size_t>(5, expected.size()));
      EXPECT_EQ(Find(store, query), expected);
    }
  }
};
TOCSIN_OVER_EVERY_DATABASE(ManyEventsTest);

TEST_P(ManyEventsTest, AreFilledInOneCommitOrMany) {
  auto store = Open();
  ASSERT_TRUE(Record(*store, Some(0, 3)).ok());
  ASSERT_TRUE(Record(*store, Some(3, 510)).ok());
  ASSERT_TRUE(Record(*store, Some(510, 511)).ok());
  ASSERT_TRUE(Record(*store, Some(511, 1'500)).ok());
  store.reset();
  store = Open();  // in the midst of a block
  ASSERT_TRUE(Record(*store, Some(1'500, kEvents)).ok());
  ExpectRightAnswers(*store);
}

TEST_P(ManyEventsTest, AreRightAfterACommitThatFailedAcrossTheirBorder) {
  auto store = Open();
  ASSERT_TRUE(Record(*store, Some(0, 300)).ok());
  {
    const auto refusal = world_->RefuseWrites();
    EXPECT_FALSE(Record(*store, Some(300, 1'300)).ok());
  }
  ASSERT_TRUE(Record(*store, Some(1'300, kEvents)).ok());
  ExpectRightAnswers(*store);
}

TEST(EventBlock, SeldomClaimsWhatItDoesNotHave) {
  EventBlock block(0);
  for (int i = 0; i < EventBlock::kEvents; ++i) {
    Event event = Make("alert.active");
    event.alert_id = "alert" + std::to_string(i);
    block.Note(event);
  }
  int claimed = 0;
  for (int i = 0; i < 10'000; ++i) {
    EventQuery query;
    query.alert_id = "other" + std::to_string(i);
    claimed += block.MayHave(query) ? 1 : 0;
  }
  EXPECT_LT(claimed, 50);  // one in a thousand is expected
}

TEST(EventBlock, WithADamagedFilterIsAlwaysRead) {
  EventQuery query;
  query.alert_id = "a";
  EXPECT_TRUE(EventBlock(0, kEarliestTime, kLatestTime, "short").MayHave(query));
  EXPECT_FALSE(EventBlock(0).MayHave(query));
}

TEST_P(EventStoreTest, ReadersSeeWhatIsCommittedWhileTheWriterGoesOn) {
  auto store = Open();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    ASSERT_TRUE(Record(*store, Make("a.a")).ok());
    EXPECT_EQ(All(*store).back(), i);
  }
}

// ---- forgetting

TEST_P(EventStoreTest, ForgetsWhatIsTooOld) {
  auto store = Open();
  std::vector<Event> events;
  for (int i = 0; i < 1'000; ++i) events.push_back(Make("a.a", i));
  ASSERT_TRUE(Record(*store, std::move(events)).ok());
  store->PruneEvents(Second(700), 1'000'000);
  AwaitOldest(*store, 701);
  EXPECT_EQ(All(*store).size(), 300U);
  ASSERT_TRUE(Record(*store, Make("a.next")).ok());
  EXPECT_EQ(store->LastEvent(), 1'001U);
}

TEST_P(EventStoreTest, ForgetsTheOldestOfTooMany) {
  auto store = Open();
  ASSERT_TRUE(Record(*store, std::vector<Event>(1'000, Make("a.a", 10))).ok());
  store->PruneEvents(Second(0), 250);
  AwaitOldest(*store, 751);
  EXPECT_EQ(All(*store).size(), 250U);
}

TEST_P(EventStoreTest, TheNewestStaysHoweverOldSoThatItsNumberIsNotGivenAgain) {
  {
    auto store = Open();
    ASSERT_TRUE(Record(*store, std::vector<Event>(450, Make("a.a", 0))).ok());
    store->PruneEvents(Second(1'000), 0);
    AwaitOldest(*store, 450);
  }
  auto store = Open();
  EXPECT_EQ(store->LastEvent(), 450U);
  ASSERT_TRUE(Record(*store, Make("a.next")).ok());
  EXPECT_EQ(All(*store), (Numbers{450, 451}));
}

TEST_P(EventStoreTest, ForgettingInAnEmptyHistoryDoesNothing) {
  auto store = Open();
  store->PruneEvents(Second(1'000), 0);
  ASSERT_TRUE(Record(*store, Make("a.a")).ok());
  EXPECT_EQ(All(*store), (Numbers{1}));
}

}  // namespace
}  // namespace tocsin::evaluator
