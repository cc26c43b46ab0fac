#include "receivers/outbox/dead_letters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/posted_alert_builders.h"
#include "tests/support/receiver_builders.h"

namespace tocsin::receivers {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::FiredAt;
using ::testing::IsEmpty;
using testing::Named;

using Sequences = std::vector<std::uint64_t>;

// A message that was given up; it stands in a slot.
OutboxRow Letter(std::uint64_t sequence, Duration made_after = Duration(0)) {
  OutboxRow row;
  row.sequence = sequence;
  row.made_at = FiredAt() + made_after;
  row.dead = true;
  row.attempts = 3;
  row.last_error = "HTTP status 404";
  row.last_status = 404;
  row.message.key = {"ops/hook", "{}:{}", "3:ops/hook/{}:{}"};
  row.message.notification.receiver = "ops";
  row.message.notification.group_key = "{}:{}";
  row.message.notification.alerts = {
      {testing::Shared(testing::Posted(Named("A"), FiredAt(), FiredAt() + hours(1), FiredAt())),
       false}};
  return row;
}

Sequences SequencesOf(const DeadLetters& letters) {
  Sequences sequences;
  for (const OutboxRow& row : letters.All()) sequences.push_back(row.sequence);
  return sequences;
}

// "put <sequence>" or "delete <sequence>" of each operation; sequences have one digit.
std::vector<std::string> Flushed(DeadLetters* letters) {
  WriteBatch batch;
  letters->Flush(&batch);
  std::vector<std::string> done;
  for (const WriteBatch::Operation& op : batch.operations()) {
    EXPECT_EQ(op.table, StateTable::kOutbox);
    std::uint64_t sequence = 0;
    for (std::uint64_t i = 1; i < 10; ++i) {
      OutboxRow row;
      row.sequence = i;
      if (row.key() == op.key) sequence = i;
    }
    done.push_back((op.value ? "put " : "delete ") + std::to_string(sequence));
  }
  return done;
}

TEST(DeadLetters, ListsTheNewestFirst) {
  DeadLetters letters;
  EXPECT_THAT(letters.All(), IsEmpty());
  letters.Put(Letter(2));
  letters.Put(Letter(3));
  letters.Put(Letter(1));
  EXPECT_EQ(SequencesOf(letters), Sequences({3, 2, 1}));
  EXPECT_EQ(letters.size(), 3U);
}

TEST(DeadLetters, FindsByTheSequence) {
  DeadLetters letters;
  letters.Put(Letter(2));
  ASSERT_NE(letters.Find(2), nullptr);
  EXPECT_EQ(letters.Find(2)->last_status, 404);
  for (const std::uint64_t unknown :
       {std::uint64_t{0}, std::uint64_t{1}, std::numeric_limits<std::uint64_t>::max()}) {
    EXPECT_EQ(letters.Find(unknown), nullptr);
  }
}

TEST(DeadLetters, PutAgainIsTheNewVersion) {
  DeadLetters letters;
  letters.Put(Letter(2));
  OutboxRow again = Letter(2);
  again.attempts = 4;
  letters.Put(again);
  EXPECT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters.Find(2)->attempts, 4U);
}

// ---- the store

TEST(DeadLetters, RowsOfSlotsAreWrittenByTheirSlots) {
  DeadLetters letters;
  letters.Put(Letter(1));
  letters.Put(Letter(2));
  letters.Forget(1, /*remove_row=*/false);
  EXPECT_THAT(Flushed(&letters), IsEmpty());
  EXPECT_EQ(SequencesOf(letters), Sequences({2}));
}

TEST(DeadLetters, ADetachedOneIsWrittenOnceAsOneThatNobodyWaitsFor) {
  DeadLetters letters;
  letters.Put(Letter(1));
  OutboxRow row = Letter(1);
  row.dead = false;
  letters.Detach(row);
  ASSERT_NE(letters.Find(1), nullptr);
  EXPECT_TRUE(letters.Find(1)->detached());
  EXPECT_TRUE(letters.Find(1)->dead);
  WriteBatch batch;
  letters.Flush(&batch);
  ASSERT_EQ(batch.operations().size(), 1U);
  EXPECT_EQ(batch.operations()[0].key, row.key());
  ASSERT_TRUE(batch.operations()[0].value.has_value());
  const Result<OutboxRow> stored = ParseRow(*batch.operations()[0].value);
  ASSERT_TRUE(stored.ok()) << stored.message();
  EXPECT_TRUE(stored->dead);
  EXPECT_TRUE(stored->detached());
  EXPECT_EQ(stored->sequence, 1U);
  EXPECT_EQ(stored->attempts, 3U);
  EXPECT_EQ(stored->last_error, "HTTP status 404");
  EXPECT_EQ(stored->last_status, 404);
  EXPECT_EQ(stored->made_at, FiredAt());
  EXPECT_EQ(stored->message.key.lane, "ops/hook");
  EXPECT_EQ(stored->message.notification.alerts.size(), 1U);
  EXPECT_THAT(Flushed(&letters), IsEmpty());
}

TEST(DeadLetters, WhatIsForgottenIsRemovedWhereThatIsAskedFor) {
  DeadLetters letters;
  for (const std::uint64_t sequence : {1, 2, 3}) letters.Detach(Letter(sequence));
  Flushed(&letters);
  letters.Forget(1, /*remove_row=*/true);
  letters.Forget(2, /*remove_row=*/false);
  letters.Forget(7, /*remove_row=*/true);  // is none
  EXPECT_THAT(Flushed(&letters), ElementsAre("delete 1"));
  EXPECT_EQ(SequencesOf(letters), Sequences({3}));
}

TEST(DeadLetters, WhatIsForgottenBeforeItWasWrittenIsNotWritten) {
  DeadLetters letters;
  letters.Detach(Letter(1));
  letters.Forget(1, /*remove_row=*/true);
  EXPECT_THAT(Flushed(&letters), ElementsAre("delete 1"));  // its slot had a row of that key
}

// ---- growing old, growing many

TEST(DeadLetters, DetachedOnesAreForgottenWhenTheyAreOld) {
  DeadLetters letters(hours(1));
  letters.Detach(Letter(1));
  letters.Detach(Letter(2, seconds(1)));
  letters.Put(Letter(3));
  Flushed(&letters);
  letters.Prune(FiredAt() + hours(1) - Duration(1));
  EXPECT_EQ(SequencesOf(letters), Sequences({3, 2, 1}));
  EXPECT_THAT(Flushed(&letters), IsEmpty());
  letters.Prune(FiredAt() + hours(1));
  EXPECT_EQ(SequencesOf(letters), Sequences({3, 2}));
  EXPECT_THAT(Flushed(&letters), ElementsAre("delete 1"));
  letters.Prune(FiredAt() + hours(1000));
  EXPECT_EQ(SequencesOf(letters), Sequences({3}));  // stands in its slot, which lets it go
  EXPECT_THAT(Flushed(&letters), ElementsAre("delete 2"));
}

TEST(DeadLetters, OneIsKeptForAWeekUnlessItIsTold) {
  DeadLetters letters;
  letters.Detach(Letter(1));
  letters.Prune(FiredAt() + hours(24 * 7) - Duration(1));
  EXPECT_EQ(letters.size(), 1U);
  letters.Prune(FiredAt() + hours(24 * 7));
  EXPECT_EQ(letters.size(), 0U);
}

TEST(DeadLetters, OfTooManyTheOldestGo) {
  DeadLetters letters(hours(1), /*most=*/3);
  for (const std::uint64_t sequence : {1, 2, 3, 4, 5}) letters.Detach(Letter(sequence));
  Flushed(&letters);
  letters.Prune(FiredAt());
  EXPECT_EQ(SequencesOf(letters), Sequences({5, 4, 3}));
  EXPECT_THAT(Flushed(&letters), ElementsAre("delete 1", "delete 2"));
  letters.Prune(FiredAt());
  EXPECT_EQ(letters.size(), 3U);
}

TEST(DeadLetters, OfTooManyOnlyDetachedOnesGo) {
  DeadLetters letters(hours(1), /*most=*/2);
  letters.Put(Letter(1));
  letters.Detach(Letter(2));
  letters.Put(Letter(3));
  letters.Detach(Letter(4));
  letters.Put(Letter(5));
  letters.Detach(Letter(6));
  Flushed(&letters);
  letters.Prune(FiredAt());
  EXPECT_EQ(SequencesOf(letters), Sequences({5, 3, 1}));
  EXPECT_THAT(Flushed(&letters), ElementsAre("delete 2", "delete 4", "delete 6"));
  letters.Prune(FiredAt());
  EXPECT_EQ(SequencesOf(letters), Sequences({5, 3, 1}));
  EXPECT_THAT(Flushed(&letters), IsEmpty());
}

TEST(DeadLetters, TheOldAndTheTooManyAreCountedOnce) {
  DeadLetters letters(hours(1), /*most=*/2);
  letters.Detach(Letter(1));
  letters.Detach(Letter(2, hours(2)));
  letters.Detach(Letter(3, hours(2)));
  letters.Prune(FiredAt() + hours(2));  // the first is both
  EXPECT_EQ(SequencesOf(letters), Sequences({3, 2}));
}

}  // namespace
}  // namespace tocsin::receivers
