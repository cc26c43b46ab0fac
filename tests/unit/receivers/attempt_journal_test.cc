// Attempts at messages about posted alerts.
#include "receivers/outbox/attempt_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Timestamp At(int seconds) { return FromUnixMillis(1000LL * seconds); }

DeliveryAttempt Attempt(int seconds) { return {At(seconds), "firing", "delivered", 200, ""}; }

std::vector<Timestamp> Times(const AttemptJournal& journal, const std::string& key, int since) {
  std::vector<Timestamp> times;
  for (const DeliveryAttempt& attempt : journal.Since(key, At(since))) times.push_back(attempt.at);
  return times;
}

TEST(AttemptJournal, GivesThoseSinceATime) {
  AttemptJournal journal(10, 10);
  for (int t = 1; t <= 3; ++t) journal.Add("a", Attempt(t));
  journal.Add("b", Attempt(4));
  EXPECT_THAT(Times(journal, "a", 0), ElementsAre(At(1), At(2), At(3)));
  EXPECT_THAT(Times(journal, "a", 3), ElementsAre(At(3)));
  EXPECT_THAT(Times(journal, "a", 4), IsEmpty());
  EXPECT_THAT(Times(journal, "nothing", 0), IsEmpty());
}

TEST(AttemptJournal, KeepsTheNewestOfEach) {
  AttemptJournal journal(10, 2);
  for (int t = 1; t <= 3; ++t) journal.Add("a", Attempt(t));
  EXPECT_THAT(Times(journal, "a", 0), ElementsAre(At(2), At(3)));
}

TEST(AttemptJournal, KeepsWhatWasTriedLast) {
  AttemptJournal journal(2, 10);
  journal.Add("a", Attempt(1));
  journal.Add("b", Attempt(2));
  journal.Add("a", Attempt(3));
  journal.Add("c", Attempt(4));
  EXPECT_THAT(Times(journal, "a", 0), ElementsAre(At(1), At(3)));
  EXPECT_THAT(Times(journal, "b", 0), IsEmpty());
  EXPECT_THAT(Times(journal, "c", 0), ElementsAre(At(4)));
  journal.Add("b", Attempt(5));
  EXPECT_THAT(Times(journal, "b", 0), ElementsAre(At(5)));
}

}  // namespace
}  // namespace tocsin::receivers
