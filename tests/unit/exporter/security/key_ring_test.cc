#include "exporter/security/key_ring.h"

#include <thread>

#include "tests/unit/exporter/security/security_world.h"

namespace tocsin::security {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

config::EnvironmentKey OfEnvironment(Scope scope, const std::string& secret) {
  return {Scopes{scope}, Secret(secret)};
}

TEST(KeyRing, AsksForNothingUntilThereIsAKey) {
  SecurityWorld world;
  EXPECT_FALSE(world.keys.asks());
  world.Make({Scope::kRead});
  EXPECT_TRUE(world.keys.asks());
  EXPECT_TRUE(SecurityWorld(world.store.tables()).keys.asks());
}

TEST(KeyRing, FindsTheHolderOfATokenAndNobodyElse) {
  SecurityWorld world;
  const MadeKey made = world.Make({Scope::kPush}, "sensors");
  const auto key = world.keys.Find(made.token.Reveal(), world.clock.Now());
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->name, "sensors");
  EXPECT_EQ(key->scopes, Scopes{Scope::kPush});
  std::string wrong = made.token.Reveal();
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  for (const std::string& token :
       {wrong, std::string(), made.key.id, std::string("guess"),
        MakeKey({"x", {Scope::kAdmin}, "", std::nullopt}, world.clock.Now()).token.Reveal()}) {
    EXPECT_EQ(world.keys.Find(token, world.clock.Now()), nullptr) << token;
  }
}

TEST(KeyRing, AKeyExpires) {
  SecurityWorld world;
  const MadeKey made = world.Make({Scope::kRead}, "short", world.clock.Now() + seconds(10));
  EXPECT_TRUE(world.Opens(made));
  world.clock.Advance(seconds(10));
  EXPECT_FALSE(world.Opens(made));
  EXPECT_TRUE(world.keys.asks());  // the door does not open by itself
}

TEST(KeyRing, ARevokedKeyOpensNothingFromThenOnAlsoAfterARestart) {
  SecurityWorld world;
  const MadeKey made = world.Make({Scope::kRead});
  int committed = 0;
  const auto count = [&committed](const Status&) { ++committed; };
  EXPECT_EQ(world.keys.Revoke(made.key.id, world.clock.Now(), count), KeyRing::Revoking::kDone);
  EXPECT_EQ(committed, 1);
  EXPECT_FALSE(world.Opens(made));
  world.keys.Tend(world.clock.Now());
  EXPECT_FALSE(world.Opens(made));
  SecurityWorld later(world.store.tables());
  EXPECT_FALSE(later.Opens(made));
  EXPECT_TRUE(later.keys.asks());
  EXPECT_EQ(world.keys.Revoke("0123456789abcdef", world.clock.Now(), count),
            KeyRing::Revoking::kUnknown);
}

TEST(KeyRing, ARevocationHoldsAlsoWhileTheStoreCannotWrite) {
  SecurityWorld first;
  const MadeKey made = first.Make({Scope::kRead});
  testing::FakeClock clock;
  testing::NullLogSink log;
  MetricRegistry metrics;
  testing::MemoryStateStore stuck(/*commit_at_once=*/false, first.store.tables());
  AuditLog audit(stuck, clock, Logger(log, "audit"), metrics);
  KeyRing keys(stuck, audit, clock, Logger(log, "keys"));
  ASSERT_TRUE(audit.Restore().ok() && keys.Restore().ok());
  ASSERT_NE(keys.Find(made.token.Reveal(), clock.Now()), nullptr);
  keys.Revoke(made.key.id, clock.Now(), [](const Status&) {});
  keys.Refresh();
  EXPECT_EQ(keys.Find(made.token.Reveal(), clock.Now()), nullptr);
}

TEST(KeyRing, NoticesWhatAnotherProcessHasMadeOnceItsTokenComes) {
  SecurityWorld world;
  MadeKey made =
      MakeKey({"cli", {Scope::kAdmin}, "command line (root)", std::nullopt}, world.clock.Now());
  world.WriteRow(made.key);
  EXPECT_FALSE(world.Opens(made));  // the table was read a moment ago
  world.clock.Advance(seconds(1));
  EXPECT_TRUE(world.Opens(made));
  made.key.revoked_at = world.clock.Now();
  world.WriteRow(made.key);
  world.keys.Tend(world.clock.Now());
  EXPECT_FALSE(world.Opens(made));
  // Each change stands in the audit log once.
  world.keys.Tend(world.clock.Now());
  EXPECT_THAT(world.Actions(), ElementsAre("key.create", "key.revoke"));
  EXPECT_EQ(world.Entries()[0]["actor"], "command line (root)");
  EXPECT_EQ(world.Entries()[0]["target"], made.key.id);
  SecurityWorld later(world.store.tables());
  EXPECT_THAT(later.Actions(), ElementsAre("key.create", "key.revoke"));
}

TEST(KeyRing, LeavesItToTheRequestToSayWhoMadeAKeyHere) {
  SecurityWorld world;
  const MadeKey made = world.Make({Scope::kRead});
  world.keys.Revoke(made.key.id, world.clock.Now(), [](const Status&) {});
  world.keys.Tend(world.clock.Now());
  EXPECT_THAT(world.Actions(), IsEmpty());
}

TEST(KeyRing, RemembersWhenAKeyWasUsedAndWritesItOnceAMinute) {
  SecurityWorld world;
  const MadeKey made = world.Make({Scope::kRead});
  const auto stored = [&] {
    const auto row = world.store.tables()[StateTable::kApiKeys].at("use/" + made.key.id);
    return ReadUseRow(row)->last_used_at;
  };
  EXPECT_EQ(world.keys.List()[0].last_used_at, std::nullopt);
  const Timestamp first = world.clock.Now();
  ASSERT_TRUE(world.Opens(made));
  EXPECT_EQ(world.keys.List()[0].last_used_at, first);
  world.keys.Tend(world.clock.Now());
  EXPECT_EQ(stored(), first);
  world.clock.Advance(seconds(59));
  ASSERT_TRUE(world.Opens(made));
  world.keys.Tend(world.clock.Now());
  EXPECT_EQ(stored(), first);
  world.clock.Advance(seconds(1));
  ASSERT_TRUE(world.Opens(made));
  world.keys.Tend(world.clock.Now());
  EXPECT_EQ(stored(), first + seconds(60));
  // Nothing is lost by a stop.
  world.clock.Advance(seconds(1));
  ASSERT_TRUE(world.Opens(made));
  world.keys.Close();
  EXPECT_EQ(stored(), first + seconds(61));
  EXPECT_EQ(SecurityWorld(world.store.tables()).keys.List()[0].last_used_at, first + seconds(61));
}

TEST(KeyRing, ADamagedKeyOpensNothingAndStillAsks) {
  SecurityWorld first;
  const MadeKey made = first.Make({Scope::kRead});
  testing::MemoryStateStore::Tables tables = first.store.tables();
  tables[StateTable::kApiKeys]["key/" + made.key.id] = "{}";
  SecurityWorld world(tables);
  EXPECT_TRUE(world.keys.asks());
  EXPECT_FALSE(world.Opens(made));
  world.keys.Tend(world.clock.Now());
  EXPECT_THAT(world.log.lines(), ElementsAre(::testing::HasSubstr("is damaged")));
}

TEST(KeyRing, KeysOfTheEnvironmentAreHeldAndNeverStored) {
  SecurityWorld world;
  const auto before = world.store.tables();
  world.keys.SetEnvironment({OfEnvironment(Scope::kAdmin, "s3cret-of-the-operator"),
                             OfEnvironment(Scope::kRead, "s3cret-of-a-reader"),
                             OfEnvironment(Scope::kPush, "s3cret-of-a-reader")});
  EXPECT_TRUE(world.keys.asks());
  const Timestamp now = world.clock.Now();
  const auto admin = world.keys.Find("s3cret-of-the-operator", now);
  ASSERT_NE(admin, nullptr);
  EXPECT_EQ(admin->id, "environment-1");
  const auto both = world.keys.Find("s3cret-of-a-reader", now);
  ASSERT_NE(both, nullptr);
  EXPECT_EQ(both->scopes, (Scopes{Scope::kRead, Scope::kPush}));
  EXPECT_EQ(world.keys.Find("s3cret-of-the-operato", now), nullptr);
  EXPECT_EQ(world.keys.Revoke("environment-1", now, [](const Status&) {}),
            KeyRing::Revoking::kOfEnvironment);
  EXPECT_EQ(world.keys.List().size(), 2U);
  world.keys.Tend(now);
  world.keys.Close();
  EXPECT_EQ(world.store.tables(), before);
}

TEST(KeyRing, AReloadReplacesTheKeysOfTheEnvironment) {
  SecurityWorld world;
  world.keys.SetEnvironment({OfEnvironment(Scope::kRead, "old-secret-of-somebody")});
  world.keys.SetEnvironment({OfEnvironment(Scope::kRead, "new-secret-of-somebody")});
  EXPECT_EQ(world.keys.Find("old-secret-of-somebody", world.clock.Now()), nullptr);
  EXPECT_NE(world.keys.Find("new-secret-of-somebody", world.clock.Now()), nullptr);
  world.keys.SetEnvironment({});
  EXPECT_TRUE(world.keys.asks());
}

TEST(KeyRing, ASecretOfTheEnvironmentKeepsItsIdAndNoOtherGetsIt) {
  SecurityWorld world;
  const Timestamp now = world.clock.Now();
  const auto gone = OfEnvironment(Scope::kAdmin, "a-secret-that-will-go");
  const auto stays = OfEnvironment(Scope::kRead, "a-secret-that-stays");
  world.keys.SetEnvironment({gone, stays});
  world.keys.SetEnvironment({OfEnvironment(Scope::kAdmin, "a-secret-that-comes"), stays});
  EXPECT_EQ(world.keys.Find("a-secret-that-stays", now)->id, "environment-2");
  EXPECT_EQ(world.keys.Find("a-secret-that-comes", now)->id, "environment-3");
  EXPECT_EQ(world.keys.ScopesOf("environment-1", now), std::nullopt);
  EXPECT_EQ(world.keys.ScopesOf("environment-2", now), Scopes{Scope::kRead});
}

TEST(KeyRing, KnowsWhatTheHolderOfAKeyMayDoNow) {
  SecurityWorld world;
  const Timestamp now = world.clock.Now();
  const MadeKey made = world.Make({Scope::kOperate}, "ci", now + std::chrono::minutes(1));
  EXPECT_EQ(world.keys.ScopesOf(made.key.id, now), Scopes{Scope::kOperate});
  EXPECT_EQ(world.keys.ScopesOf(made.key.id, now + std::chrono::minutes(1)), std::nullopt);
  EXPECT_EQ(world.keys.ScopesOf("", now), std::nullopt);
  EXPECT_EQ(world.keys.List().at(0).last_used_at, std::nullopt);
  world.keys.Revoke(made.key.id, now, [](const Status&) {});
  EXPECT_EQ(world.keys.ScopesOf(made.key.id, now), std::nullopt);
}

TEST(KeyRing, MayBeAskedWhileItIsReadAnew) {
  SecurityWorld world;
  const MadeKey made = world.Make({Scope::kRead});
  std::thread reader([&world] {
    for (int i = 0; i < 200; ++i) world.keys.Tend(world.clock.Now());
  });
  for (int i = 0; i < 2'000; ++i) ASSERT_TRUE(world.Opens(made));
  reader.join();
}

}  // namespace
}  // namespace tocsin::security
