// Attempts at messages about posted alerts.
#include "receivers/outbox/attempt_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Timestamp AtSecond(int second) { return FromUnixMillis(1000LL * second); }

DeliveryAttempt Attempt(int second) { return {AtSecond(second), "firing", "delivered", 200, ""}; }

std::vector<Timestamp> TimesSince(const AttemptJournal& journal, const std::string& key,
                                  int since) {
  std::vector<Timestamp> times;
  for (const DeliveryAttempt& attempt : journal.Since(key, AtSecond(since)))
    times.push_back(attempt.at);
  return times;
}

TEST(AttemptJournal, GivesThoseSinceATime) {
  AttemptJournal journal(10, 10);
  for (int t = 1; t <= 3; ++t) journal.Add("a", Attempt(t));
  journal.Add("b", Attempt(4));
  EXPECT_THAT(TimesSince(journal, "a", 0), ElementsAre(AtSecond(1), AtSecond(2), AtSecond(3)));
  EXPECT_THAT(TimesSince(journal, "a", 3), ElementsAre(AtSecond(3)));
  EXPECT_THAT(TimesSince(journal, "a", 4), IsEmpty());
  EXPECT_THAT(TimesSince(journal, "nothing", 0), IsEmpty());
}

TEST(AttemptJournal, KeepsTheNewestOfEach) {
  AttemptJournal journal(10, 2);
  for (int t = 1; t <= 3; ++t) journal.Add("a", Attempt(t));
  EXPECT_THAT(TimesSince(journal, "a", 0), ElementsAre(AtSecond(2), AtSecond(3)));
}

TEST(AttemptJournal, KeepsWhatWasTriedLast) {
  AttemptJournal journal(2, 10);
  journal.Add("a", Attempt(1));
  journal.Add("b", Attempt(2));
  journal.Add("a", Attempt(3));
  journal.Add("c", Attempt(4));
  EXPECT_THAT(TimesSince(journal, "a", 0), ElementsAre(AtSecond(1), AtSecond(3)));
  EXPECT_THAT(TimesSince(journal, "b", 0), IsEmpty());
  EXPECT_THAT(TimesSince(journal, "c", 0), ElementsAre(AtSecond(4)));
  journal.Add("b", Attempt(5));
  EXPECT_THAT(TimesSince(journal, "b", 0), ElementsAre(AtSecond(5)));
}

}  // namespace
}  // namespace tocsin::receivers
