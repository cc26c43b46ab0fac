#include "receivers/mute/silences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "base/matcher_text.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/unit/receivers/matchers.h"
#include "tests/unit/receivers/times.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Starts and ends are meant from now.
Silence SilenceOf(std::string_view matchers, Duration starts = Duration(0), Duration ends = kHour) {
  Silence silence;
  silence.matchers = Matchers(matchers);
  silence.starts_at = kNow + starts;
  silence.ends_at = kNow + ends;
  silence.created_by = "ann";
  silence.comment = "disk swap";
  return silence;
}

class SilencesWorld {
 public:
  explicit SilencesWorld(SilenceLimits limits = {}) : limits_(limits) { EXPECT_TRUE(Start().ok()); }

  // The id that is in force, or "not found" or "invalid: ..." where it is refused.
  std::string Set(Silence silence, Timestamp now = kNow) {
    std::string id;
    const std::optional<SilenceRefusal> refusal = silences->Set(
        std::move(silence), now, &id, [this](const Status& s) { told.push_back(s.ok()); });
    if (!refusal) return id;
    return refusal->kind == SilenceRefusal::Kind::kNotFound ? "not found"
                                                            : "invalid: " + refusal->message;
  }
  bool Expire(const std::string& id, Timestamp now = kNow) {
    return silences->Expire(id, now, [this](const Status& s) { told.push_back(s.ok()); });
  }
  Silence Get(const std::string& id) const {
    const SilencePtr found = silences->Find(id);
    return found == nullptr ? Silence() : *found;
  }
  Status Restart() {
    store = std::make_unique<testing::MemoryStateStore>(true, store->tables());
    silences.reset();
    return Start();
  }
  // Puts a row into the store behind the silences' back.
  void Spoil(const std::string& id, const std::string& row) {
    WriteBatch batch;
    batch.Put(StateTable::kSilences, id, row);
    store->Submit(std::move(batch), nullptr);
  }

  std::unique_ptr<testing::MemoryStateStore> store = std::make_unique<testing::MemoryStateStore>();
  std::unique_ptr<Silences> silences;
  std::vector<bool> told;  // by committed

 private:
  Status Start() {
    silences = std::make_unique<Silences>(limits_, *store,
                                          [this] { return "id-" + std::to_string(++ids_); });
    return silences->Restore();
  }
  const SilenceLimits limits_;
  int ids_ = 0;
};

TEST(Silence, HasItsStateByTheClock) {
  const Silence silence = SilenceOf(R"(a="1")", kSecond, 2 * kSecond);
  EXPECT_EQ(SilenceStateName(silence.StateAt(kNow)), "pending");
  EXPECT_EQ(SilenceStateName(silence.StateAt(kNow + kSecond)), "active");
  EXPECT_EQ(SilenceStateName(silence.StateAt(kNow + 2 * kSecond - Duration(1))), "active");
  EXPECT_EQ(SilenceStateName(silence.StateAt(kNow + 2 * kSecond)), "expired");
}

TEST(Silences, AreValidated) {
  struct Case {
    Silence silence;
    std::string message;  // part of it; empty: taken
  };
  Silence anonymous = SilenceOf(R"(a="1")");
  anonymous.created_by.clear();
  anonymous.comment.clear();
  const Case cases[] = {
      {SilenceOf("{}"), "at least one matcher"},
      {SilenceOf(R"(a="")"), "empty"},
      {SilenceOf(R"(a=~".*")"), "empty"},
      {SilenceOf(R"(a="",b=~"x?")"), "empty"},
      {SilenceOf(R"(a="",b="x")"), ""},
      {SilenceOf(R"(a=~".+")"), ""},
      {SilenceOf(R"(a!="x")"), ""},
      {SilenceOf(R"(a!~"x")"), ""},
      {SilenceOf(R"(a="1")", kHour, kHour), "start time must be before end time"},
      {SilenceOf(R"(a="1")", 2 * kHour, kHour), "start time must be before end time"},
      {SilenceOf(R"(a="1")", -kHour, -kSecond), "end time can't be in the past"},
      {anonymous, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(FormatMatchers(c.silence.matchers));
    SilencesWorld world;
    const std::string answer = world.Set(c.silence);
    if (c.message.empty()) {
      EXPECT_EQ(answer, "id-1");
    } else {
      EXPECT_THAT(answer, HasSubstr("invalid: "));
      EXPECT_THAT(answer, HasSubstr(c.message));
      EXPECT_THAT(world.told, IsEmpty());
    }
  }
}

TEST(Silences, ThatAreNewBeginNowAtTheEarliest) {
  SilencesWorld world;
  EXPECT_EQ(world.Set(SilenceOf(R"(a="1")", -kHour)), "id-1");
  EXPECT_EQ(world.Get("id-1").starts_at, kNow);
  EXPECT_EQ(world.Get("id-1").updated_at, kNow);
  EXPECT_EQ(world.Set(SilenceOf(R"(a="1")", kSecond)), "id-2");
  EXPECT_EQ(world.Get("id-2").starts_at, kNow + kSecond);
}

TEST(Silences, AnUpdateOfAnUnknownOneIsRefused) {
  SilencesWorld world;
  Silence silence = SilenceOf(R"(a="1")");
  silence.id = "id-7";
  EXPECT_EQ(world.Set(silence), "not found");
  EXPECT_FALSE(world.Expire("id-7"));
  EXPECT_THAT(world.told, IsEmpty());
}

// Section by section of what a POST with an id does.
TEST(Silences, AreUpdatedInPlaceOrReplaced) {
  struct Case {
    std::string what;
    Duration starts;  // of the one that is there, from now
    Duration ends;
    std::string matchers;
    Duration next_starts;
    Duration next_ends;
    bool in_place;
  };
  const std::string same = R"(a="1",b="2")";
  const Case cases[] = {
      {"active: other end", -kHour, kHour, same, -kHour, 2 * kHour, true},
      {"active: same start second", -kHour, kHour, same, -kHour + Duration(999), kHour, true},
      {"active: it ends now", -kHour, kHour, same, -kHour, Duration(0), true},
      {"active: other start", -kHour, kHour, same, -kHour + kSecond, kHour, false},
      {"active: start in the future", -kHour, kHour, same, kHour, 2 * kHour, false},
      {"active: other matchers", -kHour, kHour, R"(a="1")", -kHour, kHour, false},
      {"active: other order", -kHour, kHour, R"(b="2",a="1")", -kHour, kHour, false},
      {"active: other operator", -kHour, kHour, R"(a=~"1",b="2")", -kHour, kHour, false},
      {"pending: other times", kHour, 2 * kHour, same, kSecond, 3 * kHour, true},
      {"pending: starts now", kHour, 2 * kHour, same, Duration(0), kHour, true},
      {"pending: start past", kHour, 2 * kHour, same, -kSecond, kHour, false},
      {"pending: other matchers", kHour, 2 * kHour, R"(a="1")", kHour, 2 * kHour, false},
      {"expired", -2 * kHour, -kHour, same, -2 * kHour, kHour, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    SilencesWorld world;
    const Silence current = SilenceOf(same, c.starts, c.ends);
    ASSERT_EQ(world.Set(current, std::min(kNow, current.starts_at)), "id-1");

    Silence next = SilenceOf(c.matchers, c.next_starts, c.next_ends);
    next.id = "id-1";
    next.comment = "longer";
    ASSERT_EQ(world.Set(next), c.in_place ? "id-1" : "id-2");

    const Silence in_force = world.Get(c.in_place ? "id-1" : "id-2");
    EXPECT_EQ(in_force.comment, "longer");
    EXPECT_EQ(in_force.matchers, next.matchers);
    EXPECT_EQ(in_force.ends_at, next.ends_at);
    EXPECT_EQ(in_force.updated_at, kNow);
    EXPECT_EQ(world.silences->All().size(), c.in_place ? 1U : 2U);
    if (c.in_place) continue;
    EXPECT_EQ(in_force.starts_at, std::max(next.starts_at, kNow));
    const Silence old = world.Get("id-1");
    EXPECT_EQ(old.StateAt(kNow), SilenceState::kExpired);
    EXPECT_EQ(old.ends_at, std::min(current.ends_at, kNow));
    EXPECT_EQ(old.comment, current.comment);
  }
}

TEST(Silences, ARefusedUpdateLeavesTheOldOneAsItIs) {
  SilencesWorld world;
  ASSERT_EQ(world.Set(SilenceOf(R"(a="1")")), "id-1");
  Silence next = SilenceOf(R"(a="2")", -kHour, -kSecond);
  next.id = "id-1";
  EXPECT_THAT(world.Set(next), HasSubstr("end time can't be in the past"));
  EXPECT_EQ(world.Get("id-1").ends_at, kNow + kHour);
}

TEST(Silences, ThatAreActiveEndNowWhenTheyAreDeleted) {
  SilencesWorld world;
  world.Set(SilenceOf(R"(a="1")"));
  EXPECT_TRUE(world.Expire("id-1", kNow + kSecond));
  EXPECT_EQ(world.Get("id-1").starts_at, kNow);
  EXPECT_EQ(world.Get("id-1").ends_at, kNow + kSecond);
  EXPECT_EQ(world.Get("id-1").StateAt(kNow + kSecond), SilenceState::kExpired);
}

TEST(Silences, ThatArePendingNeverBegunWhenTheyAreDeleted) {
  SilencesWorld world;
  world.Set(SilenceOf(R"(a="1")", kHour, 2 * kHour));
  EXPECT_TRUE(world.Expire("id-1", kNow + kSecond));
  EXPECT_EQ(world.Get("id-1").starts_at, kNow + kSecond);
  EXPECT_EQ(world.Get("id-1").ends_at, kNow + kSecond);
}

TEST(Silences, ThatAreExpiredDoNotChangeWhenTheyAreDeleted) {
  SilencesWorld world;
  world.Set(SilenceOf(R"(a="1")", Duration(0), kSecond));
  EXPECT_TRUE(world.Expire("id-1", kNow + kHour));
  EXPECT_EQ(world.Get("id-1").ends_at, kNow + kSecond);
  EXPECT_EQ(world.Get("id-1").updated_at, kNow);
  EXPECT_THAT(world.told, ElementsAre(true, true));  // it is answered all the same
}

TEST(Silences, MuteTheLabelsThatAllOfTheirMatchersMatch) {
  SilencesWorld world;
  world.Set(SilenceOf(R"(a="1")"));                      // id-1
  world.Set(SilenceOf(R"(a="1",b="2")"));                // id-2
  world.Set(SilenceOf(R"(a="1",c="")"));                 // id-3: c must be missing
  world.Set(SilenceOf(R"(a="1")", kSecond, kHour));      // id-4: pending
  world.Set(SilenceOf(R"(a=~"1|2")", -kHour, kSecond));  // id-5: ends soon
  const auto muted_by = [&](const Labels& labels, Duration after) {
    return world.silences->MutedBy(labels, kNow + after);
  };
  EXPECT_THAT(muted_by({{"a", "1"}}, Duration(0)), ElementsAre("id-1", "id-3", "id-5"));
  EXPECT_THAT(muted_by({{"a", "1"}, {"b", "2"}, {"c", "3"}}, Duration(0)),
              ElementsAre("id-1", "id-2", "id-5"));
  EXPECT_THAT(muted_by({{"a", "1"}}, kSecond), ElementsAre("id-1", "id-3", "id-4"));
  EXPECT_THAT(muted_by({{"a", "3"}}, Duration(0)), IsEmpty());
  EXPECT_THAT(muted_by({{"a", "1"}}, kHour), IsEmpty());
}

TEST(Silences, AreThereAgainAfterARestart) {
  SilencesWorld world;
  Silence silence = SilenceOf(R"(a="1",b!="2",c=~"x.*",d!~"y|\"z\"\n")");
  silence.annotations = {{"ticket", "T-1"}};
  world.Set(silence);
  world.Set(SilenceOf(R"(e="1")", kHour, 2 * kHour));
  world.Expire("id-2");
  const Silence before = world.Get("id-1");

  ASSERT_TRUE(world.Restart().ok());
  EXPECT_EQ(world.silences->All().size(), 2U);
  const Silence after = world.Get("id-1");
  EXPECT_EQ(after.id, "id-1");
  EXPECT_EQ(after.matchers, before.matchers);
  EXPECT_EQ(after.starts_at, before.starts_at);
  EXPECT_EQ(after.ends_at, before.ends_at);
  EXPECT_EQ(after.updated_at, before.updated_at);
  EXPECT_EQ(after.created_by, "ann");
  EXPECT_EQ(after.comment, "disk swap");
  EXPECT_EQ(after.annotations, before.annotations);
  EXPECT_EQ(world.Get("id-2").StateAt(kNow), SilenceState::kExpired);
  EXPECT_THAT(world.silences->MutedBy(Labels{{"a", "1"}, {"c", "xx"}}, kNow), ElementsAre("id-1"));
}

// A dot does not match a newline in Alertmanager, before a restart and after it.
TEST(Silences, MuteTheSameAfterARestart) {
  SilencesWorld world;
  world.Set(SilenceOf(R"(a=~"x.y")"));
  const Labels labels{{"a", "x\ny"}};
  EXPECT_THAT(world.silences->MutedBy(labels, kNow), IsEmpty());
  ASSERT_TRUE(world.Restart().ok());
  EXPECT_THAT(world.silences->MutedBy(labels, kNow), IsEmpty());
}

TEST(Silences, ARowThatCannotBeReadFailsTheStart) {
  const std::string good = SerializeSilence(SilenceOf(R"(a="1")"));
  const std::string deep(100'000, '[');
  for (const std::string& row :
       {std::string(), std::string("{}"), std::string("null"), std::string("[]"), deep,
        good.substr(0, good.size() - 1), std::string(R"({"v":2})"), std::string("\xff\xfe"),
        std::string(R"({"v":1,"id":"x","matchers":[["a",9,"1"]],"starts_at":1,"ends_at":2,)"
                    R"("updated_at":1,"created_by":"","comment":"","annotations":{}})"),
        std::string(R"({"v":1,"id":"x","matchers":[["a",2,"("]],"starts_at":1,"ends_at":2,)"
                    R"("updated_at":1,"created_by":"","comment":"","annotations":{}})")}) {
    SilencesWorld world;
    world.Spoil("x", row);
    EXPECT_FALSE(world.Restart().ok()) << row.substr(0, 100);
  }
}

TEST(Silences, AreAnsweredWhenTheyAreDurable) {
  testing::MemoryStateStore store(false);
  Silences silences({}, store, [] { return "id"; });
  std::vector<bool> told;
  const auto tell = [&told](const Status& status) { told.push_back(status.ok()); };
  std::string id;
  EXPECT_FALSE(silences.Set(SilenceOf(R"(a="1")"), kNow, &id, tell));
  EXPECT_THAT(told, IsEmpty());
  EXPECT_FALSE(silences.MutedBy(Labels{{"a", "1"}}, kNow).empty());  // it acts at once
  store.CommitAll();
  EXPECT_THAT(told, ElementsAre(true));
  EXPECT_TRUE(silences.Expire("id", kNow, tell));
  store.FailAll("disk full");
  EXPECT_THAT(told, ElementsAre(true, false));
}

// What is replaced and what replaces it are one write: no crash leaves neither or both.
TEST(Silences, AreReplacedInOneWrite) {
  testing::MemoryStateStore store(false);
  int ids = 0;
  Silences silences({}, store, [&ids] { return "id-" + std::to_string(++ids); });
  std::string id;
  silences.Set(SilenceOf(R"(a="1")"), kNow, &id, nullptr);
  store.CommitAll();
  Silence next = SilenceOf(R"(a="2")");
  next.id = id;
  silences.Set(next, kNow, &id, nullptr);
  EXPECT_EQ(store.waiting(), 1U);
}

TEST(Silences, AreLimitedInNumberExpiredOnesIncluded) {
  SilencesWorld world({.max_silences = 2});
  EXPECT_EQ(world.Set(SilenceOf(R"(a="1")")), "id-1");
  EXPECT_EQ(world.Set(SilenceOf(R"(a="2")")), "id-2");
  world.Expire("id-2");
  EXPECT_THAT(world.Set(SilenceOf(R"(a="3")")), HasSubstr("invalid: "));
  Silence longer = SilenceOf(R"(a="1")", Duration(0), 2 * kHour);
  longer.id = "id-1";
  EXPECT_EQ(world.Set(longer), "id-1");
  longer.matchers = Matchers(R"(a="4")");
  EXPECT_THAT(world.Set(longer), HasSubstr("invalid: "));
  EXPECT_EQ(world.Get("id-1").StateAt(kNow), SilenceState::kActive);
}

TEST(Silences, AreLimitedInSize) {
  SilencesWorld world({.max_size_bytes = 1000});
  Silence silence = SilenceOf(R"(a="1")");
  silence.comment = std::string(2000, 'x');
  EXPECT_THAT(world.Set(silence), HasSubstr("invalid: "));
  EXPECT_THAT(world.silences->All(), IsEmpty());
  silence.comment = "short";
  EXPECT_EQ(world.Set(silence).substr(0, 3), "id-");
}

TEST(Silences, StayForTheRetentionAfterTheirEnd) {
  SilencesWorld world({.retention = kHour});
  world.Set(SilenceOf(R"(a="1")", Duration(0), kSecond));
  world.Set(SilenceOf(R"(a="2")", Duration(0), 3 * kHour));
  world.silences->ForgetOld(kNow + kSecond + kHour - Duration(1));
  EXPECT_EQ(world.silences->All().size(), 2U);
  world.silences->ForgetOld(kNow + kSecond + kHour);
  ASSERT_EQ(world.silences->All().size(), 1U);
  EXPECT_EQ(world.silences->All()[0]->id, "id-2");
  ASSERT_TRUE(world.Restart().ok());
  EXPECT_EQ(world.silences->All().size(), 1U);
}

TEST(Silences, KeepTextThatIsNotUtf8OutOfTheStore) {
  SilencesWorld world;
  Silence silence = SilenceOf(R"(a="1")");
  silence.comment = "\xff";
  world.Set(silence);
  ASSERT_TRUE(world.Restart().ok());
  EXPECT_EQ(world.Get("id-1").comment, "\xEF\xBF\xBD");
}

TEST(Silences, LogEveryChangeWhereTheyAreToldTo) {
  SilencesWorld world;
  testing::RecordingLogSink sink;
  world.Set(SilenceOf("job=\"before\""));
  world.silences->LogChanges(Logger(sink, "silences"));
  const std::string id = world.Set(SilenceOf("job=\"node\""));
  Silence longer = world.Get(id);
  longer.ends_at += kHour;
  EXPECT_EQ(world.Set(longer), id);
  EXPECT_TRUE(world.Expire(id));
  EXPECT_TRUE(world.Expire(id));  // has ended: no change
  const std::vector<std::string> lines = sink.lines();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[0], HasSubstr("msg=\"silence created\" id=" + id));
  EXPECT_THAT(lines[0], HasSubstr("job="));
  EXPECT_THAT(lines[0], HasSubstr("created_by=ann comment=\"disk swap\""));
  EXPECT_THAT(lines[1], HasSubstr("msg=\"silence updated\" id=" + id));
  EXPECT_THAT(lines[2], HasSubstr("msg=\"silence expired\" id=" + id));
}

}  // namespace
}  // namespace tocsin::receivers
