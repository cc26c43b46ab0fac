#include "receivers/pipeline/notification_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/memory_state_store.h"
#include "tests/unit/receivers/times.h"

namespace tocsin::receivers {
namespace {

using testing::MemoryStateStore;

LogEntry Entry(AlertHashes firing, AlertHashes resolved = {}, Timestamp at = kNow) {
  LogEntry entry;
  entry.firing = std::move(firing);
  entry.resolved = std::move(resolved);
  entry.at = at;
  entry.expires_at = at + 8 * kHour;
  return entry;
}

std::string_view Why(const LogEntry* entry, const AlertHashes& firing, const AlertHashes& resolved,
                     bool send_resolved = true, Timestamp tick = kNow) {
  return NotificationReasonText(
      WhyNotify(entry, {firing, {}, {}, resolved, send_resolved, kHour, tick}));
}

// Row by row of the table that decides about a notification.
TEST(WhyNotify, TakesTheFirstLineThatApplies) {
  struct Case {
    std::optional<LogEntry> entry;
    AlertHashes firing;
    AlertHashes resolved;
    std::string with_resolved;
    std::string without_resolved;  // send_resolved false
  };
  const Case cases[] = {
      {std::nullopt, {1}, {}, "first notification", "first notification"},
      {std::nullopt, {1}, {2}, "first notification", "first notification"},
      {std::nullopt, {}, {}, "none", "none"},
      {std::nullopt, {}, {2}, "none", "none"},
      {Entry({}, {1}), {1}, {}, "first notification", "first notification"},
      {Entry({}, {}), {1}, {2}, "first notification", "first notification"},
      {Entry({1}), {1, 2}, {}, "new alerts added", "new alerts added"},
      {Entry({1}), {2}, {}, "new alerts added", "new alerts added"},
      {Entry({1, 2}), {2, 3}, {1}, "new alerts added", "new alerts added"},
      {Entry({1}), {}, {1}, "all alerts resolved", "all alerts resolved"},
      {Entry({1, 2}), {}, {1, 2}, "all alerts resolved", "all alerts resolved"},
      {Entry({1}), {}, {}, "all alerts resolved", "all alerts resolved"},
      {Entry({}, {1}), {}, {1}, "none", "none"},
      {Entry({}, {1}), {}, {1, 2}, "none", "none"},
      {Entry({1, 2}), {1}, {2}, "some alerts resolved", "none"},
      {Entry({1, 2}, {3}), {1, 2}, {3}, "none", "none"},
      {Entry({1, 2}, {3}), {1}, {}, "none", "none"},
      {Entry({1, 2}), {1, 2}, {}, "none", "none"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(&c - cases);
    const LogEntry* const entry = c.entry ? &*c.entry : nullptr;
    EXPECT_EQ(Why(entry, c.firing, c.resolved, true), c.with_resolved);
    EXPECT_EQ(Why(entry, c.firing, c.resolved, false), c.without_resolved);
  }
}

TEST(WhyNotify, RepeatsWhenTheEntryIsOlderThanTheInterval) {
  const LogEntry entry = Entry({1, 2});
  EXPECT_EQ(Why(&entry, {1}, {}, true, kNow + kHour), "none");  // as old is not older
  EXPECT_EQ(Why(&entry, {1}, {}, true, kNow + kHour + Duration(1)), "repeat interval elapsed");
  EXPECT_EQ(Why(&entry, {1}, {2}, false, kNow + kHour + Duration(1)), "repeat interval elapsed");
  EXPECT_EQ(Why(&entry, {1}, {2}, true, kNow + kHour + Duration(1)), "some alerts resolved");
  const LogEntry resolved = Entry({}, {1});
  EXPECT_EQ(Why(&resolved, {}, {1}, true, kNow + 9 * kHour), "none");
}

// Who may know that alerts fire, and is to be told again.
TEST(WhyNotify, TellsWhatIsDueAgainAndItsEnd) {
  LogEntry entry = Entry({1});
  entry.due_again = {2};
  const auto why = [&](const AlertHashes& firing, const AlertHashes& still_due,
                       const AlertHashes& resolved) {
    return NotificationReasonText(
        WhyNotify(&entry, {firing, {}, still_due, resolved, true, kHour, kNow}));
  };
  EXPECT_EQ(why({1}, {2}, {}), "none");                // not to be spoken of yet
  EXPECT_EQ(why({1, 2}, {}, {}), "new alerts added");  // now it is
  EXPECT_EQ(why({}, {}, {1, 2}), "all alerts resolved");
  entry.firing.clear();
  EXPECT_EQ(why({}, {2}, {}), "none");
  EXPECT_EQ(why({2}, {}, {}), "first notification");
  EXPECT_EQ(why({}, {}, {2}), "all alerts resolved");
}

// What the log hands over becomes durable.
void Commit(NotificationLog* log, MemoryStateStore* store) {
  WriteBatch batch;
  log->Flush(&batch);
  store->Submit(std::move(batch), nullptr);
}

TEST(NotificationLog, FindsEntriesUntilTheyExpire) {
  NotificationLog log;
  EXPECT_EQ(log.Find("k", kNow), nullptr);
  log.Put("k", Entry({1, 2}, {3}));
  ASSERT_NE(log.Find("k", kNow), nullptr);
  EXPECT_EQ(log.Find("k", kNow)->firing, (AlertHashes{1, 2}));
  EXPECT_NE(log.Find("k", kNow + 8 * kHour - Duration(1)), nullptr);
  EXPECT_EQ(log.Find("k", kNow + 8 * kHour), nullptr);
  EXPECT_EQ(log.Find("l", kNow), nullptr);
}

TEST(NotificationLog, KeepsTheNewestEntryOfAKey) {
  NotificationLog log;
  log.Put("k", Entry({1}));
  log.Put("k", Entry({2}));
  EXPECT_EQ(log.size(), 1U);
  EXPECT_EQ(log.Find("k", kNow)->firing, (AlertHashes{2}));
}

TEST(NotificationLog, IsThereAgainAfterARestart) {
  MemoryStateStore store;
  NotificationLog log;
  LogEntry entry = Entry({1, 0xffffffffffffffff}, {7});
  entry.data = {{"threadTs", "17.3"}};
  entry.due_again = {9};
  entry.flush_number = 0xffffffffffffffff;
  log.Put("k", entry);
  LogEntry old = Entry({5});
  old.expires_at = kNow + kHour;
  log.Put("old", old);
  Commit(&log, &store);

  MemoryStateStore after(true, store.tables());
  NotificationLog restored;
  ASSERT_TRUE(restored.Restore(after, kNow + kHour).ok());
  EXPECT_EQ(restored.size(), 1U);  // what had expired is gone
  const LogEntry* const found = restored.Find("k", kNow + kHour);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->firing, entry.firing);
  EXPECT_EQ(found->resolved, entry.resolved);
  EXPECT_EQ(found->at, entry.at);
  EXPECT_EQ(found->expires_at, entry.expires_at);
  EXPECT_EQ(found->data, entry.data);
  EXPECT_EQ(found->due_again, entry.due_again);
  EXPECT_EQ(found->flush_number, entry.flush_number);
  Commit(&restored, &after);
  EXPECT_EQ(after.tables()[StateTable::kNotificationLog].size(), 1U);
}

TEST(NotificationLog, ForgetsWhatHasExpired) {
  MemoryStateStore store;
  NotificationLog log;
  log.Put("a", Entry({1}, {}, kNow - kHour));
  log.Put("b", Entry({1}));
  Commit(&log, &store);
  log.ForgetExpired(kNow + 7 * kHour);
  EXPECT_EQ(log.size(), 1U);
  Commit(&log, &store);
  EXPECT_EQ(store.tables()[StateTable::kNotificationLog].count("b"), 1U);
  EXPECT_EQ(store.tables()[StateTable::kNotificationLog].count("a"), 0U);
}

TEST(NotificationLog, ForgetsEntriesByTheEndOfTheirKeys) {
  NotificationLog log;
  log.Put("ops/{}/e1", Entry({1}));
  log.Put("dev/{}/e1", Entry({1}));
  log.Put("ops/{}/e2", Entry({1}));
  log.ForgetEndingIn("/e1");
  EXPECT_EQ(log.size(), 1U);
  log.Forget("ops/{}/e2");
  log.Forget("nothing");
  EXPECT_EQ(log.size(), 0U);
}

TEST(NotificationLog, ARowThatCannotBeReadFailsTheStart) {
  const std::string good = SerializeLogEntry(Entry({1}));
  const std::string deep(100'000, '[');
  for (const std::string& row :
       {std::string(), std::string("null"), std::string("{}"), deep, std::string("\xff"),
        good.substr(0, good.size() - 1), std::string(R"({"v":2})"),
        std::string(R"({"v":1,"firing":["1"],"resolved":[],"at":1,"expires_at":2,"data":{}})"),
        std::string(R"({"v":1,"firing":[],"resolved":[],"at":1,"expires_at":2,"data":[]})")}) {
    MemoryStateStore store(true, {{StateTable::kNotificationLog, {{"k", row}}}});
    NotificationLog log;
    EXPECT_FALSE(log.Restore(store, kNow).ok()) << row.substr(0, 100);
  }
}

TEST(NotificationLog, TellsGroupsReceiversAndIntegrationsApart) {
  const std::vector<std::string> keys = {
      NotificationLog::Key("{}:{}", "ops", "webhook[0]"),
      NotificationLog::Key("{}:{}", "ops", "webhook[1]"),
      NotificationLog::Key("{}:{}", "ops/webhook[0]", ""),
      NotificationLog::Key("{}:{}", "ops2", "webhook[0]"),
      NotificationLog::Key("{}:{a=\"1\"}", "ops", "webhook[0]"),
  };
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size());
}

}  // namespace
}  // namespace tocsin::receivers
