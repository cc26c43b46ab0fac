// What holds up the messages to one receiver: its rate, that it does not answer, and the number of
// attempts that are under way.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "receivers/outbox/digest.h"
#include "receivers/outbox/pace.h"
#include "tests/unit/receivers/outbox_world.h"

namespace tocsin::receivers {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using tocsin::testing::BadRequest;
using tocsin::testing::MetricValue;
using tocsin::testing::RateLimited;
using tocsin::testing::Unavailable;
using tocsin::testing::WireReceiver;

config::DeliveryLimits Rate(std::uint64_t messages, Duration per, std::uint64_t burst) {
  config::DeliveryLimits limits;
  limits.messages = messages;
  limits.per = per;
  limits.burst = burst;
  return limits;
}

AlertPtr FiresAt(int host) {
  return Fires("e" + std::to_string(host), "web-" + std::to_string(host));
}

// `count` alerts of as many hosts, committed together.
void AddMany(OutboxWorld& world, int count, int first = 1, const std::string& receiver = "ops") {
  for (int i = first; i < first + count; ++i) world.Put(FiresAt(i), 1, receiver);
  world.Commit();
}

double OpenCircuits(const OutboxWorld& world) {
  return MetricValue(world.metrics, "tocsin_receiver_open_circuits", {{"channel", "ops"}});
}

std::vector<std::string> HostsOf(const Notification& notification) {
  std::vector<std::string> hosts;
  for (const AlertPtr& alert : notification.alerts) hosts.emplace_back(alert->labels.Get("host"));
  return hosts;
}

// ---- pace

TEST(Pace, LetsABurstThroughAndThenTheRate) {
  const Timestamp start = testing::FiredAt();
  Pace pace;
  pace.Configure(Rate(6, minutes(1), 2), start);
  EXPECT_EQ(pace.Left(start), 2U);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(pace.NotBefore(start), std::nullopt);
    pace.Spend(start);
  }
  EXPECT_EQ(pace.NotBefore(start), start + seconds(10));
  EXPECT_EQ(pace.NotBefore(start + seconds(4)), start + seconds(10));
  EXPECT_EQ(pace.NotBefore(start + seconds(10)), std::nullopt);
  EXPECT_EQ(pace.Left(start + minutes(10)), 2U);
}

TEST(Pace, GivesNothingAwayWhenTheClockIsSetBackOrTheSettingsChange) {
  const Timestamp start = testing::FiredAt();
  Pace pace;
  pace.Configure(Rate(1, minutes(1), 1), start);
  pace.Spend(start);
  EXPECT_NE(pace.NotBefore(start - minutes(5)), std::nullopt);
  pace.Configure(Rate(2, minutes(1), 1), start);
  EXPECT_EQ(pace.NotBefore(start), start + seconds(30));
  pace.Configure({}, start);
  EXPECT_EQ(pace.NotBefore(start), std::nullopt);
  EXPECT_EQ(pace.Left(start), std::nullopt);
}

// ---- rate

TEST(OutboxLimits, SendsNoFasterThanTheReceiverMayBeTold) {
  WireReceiver ops{"ops"};
  ops.limits = Rate(1, seconds(10), 2);
  OutboxWorld world({ops, {"others"}});
  AddMany(world, 4);
  AddMany(world, 4, 1, "others");
  EXPECT_THAT(world.wire.told(),
              ElementsAre("ops e1-firing-1", "ops e2-firing-1", "others e1-firing-1",
                          "others e2-firing-1", "others e3-firing-1", "others e4-firing-1"));
  world.wire.AnswerAll(Outcome::Delivered());
  world.Advance(milliseconds(9999));
  EXPECT_EQ(world.sent(), 6U);
  world.Advance(milliseconds(1));
  EXPECT_EQ(world.wire.told().back(), "ops e3-firing-1");
  world.Advance(seconds(10));
  EXPECT_EQ(world.wire.told().back(), "ops e4-firing-1");
  EXPECT_EQ(world.sent(), 8U);
}

TEST(OutboxLimits, TakesANewRateWithoutSendingAnythingTwice) {
  WireReceiver ops{"ops"};
  ops.limits = Rate(1, minutes(10), 1);
  OutboxWorld world({ops});
  AddMany(world, 3);
  EXPECT_EQ(world.sent(), 1U);
  ops.limits = {};
  world.Configure({ops});
  EXPECT_THAT(world.wire.told(),
              ElementsAre("ops e1-firing-1", "ops e2-firing-1", "ops e3-firing-1"));
}

// ---- digest

WireReceiver WithDigest(Duration per) {
  WireReceiver ops{"ops"};
  ops.limits = Rate(1, per, 1);
  ops.limits.overflow = config::Overflow::kDigest;
  return ops;
}

TEST(OutboxLimits, TellsWhatWaitsForTheRateInOneMessage) {
  OutboxWorld world({WithDigest(seconds(10))});
  world.Add(FiresAt(1));
  AddMany(world, 3, 2);
  ASSERT_EQ(world.sent(), 1U);
  world.Answer(0, Outcome::Delivered());
  world.Advance(seconds(10));
  ASSERT_EQ(world.sent(), 2U);
  const Notification& digest = world.wire.attempts[1].notification;
  EXPECT_THAT(HostsOf(digest), ElementsAre("web-2", "web-3", "web-4"));
  EXPECT_EQ(digest.group_labels.Get("alertname"), FiresAt(1)->labels.Get("alertname"));
  EXPECT_EQ(digest.group_labels.Get("host"), "");
  world.Answer(1, Outcome::Delivered());
  EXPECT_EQ(world.outbox.counts().pending, 0U);
  EXPECT_TRUE(world.stored().empty());
  world.Advance(minutes(10));
  EXPECT_EQ(world.sent(), 2U);
}

TEST(OutboxLimits, RetriesEachMessageOfADigestThatFailed) {
  OutboxWorld world({WithDigest(seconds(10))});
  world.Add(FiresAt(1));
  AddMany(world, 2, 2);
  world.Answer(0, Outcome::Delivered());
  world.Advance(seconds(10));
  const std::string key = world.wire.attempts[1].notification.dedup_key;
  world.Answer(1, Unavailable());
  EXPECT_EQ(world.outbox.counts().pending, 2U);
  world.Advance(seconds(10));
  ASSERT_EQ(world.sent(), 3U);
  EXPECT_THAT(HostsOf(world.wire.attempts[2].notification), ElementsAre("web-2", "web-3"));
  EXPECT_EQ(world.wire.attempts[2].notification.dedup_key, key);
  world.Answer(2, Outcome::Delivered());
  EXPECT_EQ(world.outbox.counts().pending, 0U);
}

// The first message is told; the two after it in a digest, which b does not get.
Outcome ButNotToB() {
  Outcome partly = Unavailable();
  partly.remember = {{"recipients", "b@x.org"}};
  return partly;
}
void TellADigestButNotToB(OutboxWorld& world) {
  world.Add(FiresAt(1));
  AddMany(world, 2, 2);
  world.Answer(0, Outcome::Delivered());
  world.Advance(seconds(10));
  ASSERT_THAT(HostsOf(world.wire.attempts[1].notification), ElementsAre("web-2", "web-3"));
  ASSERT_TRUE(world.wire.attempts[1].notification.remembered.empty());
  world.Answer(1, ButNotToB());
}

// Of the attempts from the number `first` on: the hosts, and to whom.
std::vector<std::string> ToldSince(const OutboxWorld& world, std::size_t first) {
  std::vector<std::string> told;
  for (std::size_t i = first; i < world.sent(); ++i) {
    const Notification& notification = world.wire.attempts[i].notification;
    const auto to = notification.remembered.find("recipients");
    told.push_back(fmt::format("{} to {}", fmt::join(HostsOf(notification), " "),
                               to == notification.remembered.end() ? "all" : to->second));
  }
  return told;
}

TEST(OutboxLimits, ADigestThatSomeDidNotGetIsToldAgainToThemAlone) {
  OutboxWorld world({WithDigest(seconds(10))});
  TellADigestButNotToB(world);
  AddMany(world, 2, 4);
  world.Advance(seconds(10));
  world.AnswerLast(Outcome::Delivered());
  world.Advance(seconds(10));
  EXPECT_THAT(ToldSince(world, 2),
              UnorderedElementsAre("web-2 web-3 to b@x.org", "web-4 web-5 to all"));
  world.AnswerLast(Outcome::Delivered());
  EXPECT_EQ(world.outbox.counts().pending, 0U);
  world.Advance(minutes(10));
  EXPECT_EQ(world.sent(), 4U);
}

TEST(OutboxLimits, TheRestOfADigestIsTheSameMessage) {
  OutboxWorld world({WithDigest(seconds(10))});
  TellADigestButNotToB(world);
  world.Advance(seconds(10));
  ASSERT_EQ(world.sent(), 3U);
  EXPECT_EQ(world.wire.attempts[2].notification.dedup_key,
            world.wire.attempts[1].notification.dedup_key);
  // Failures by which nobody got it change nothing about that.
  world.Answer(2, Unavailable());
  world.Advance(seconds(10));
  EXPECT_THAT(ToldSince(world, 2), ElementsAre("web-2 web-3 to b@x.org", "web-2 web-3 to b@x.org"));
}

TEST(OutboxLimits, ARestartDoesNotForgetWhoHasADigest) {
  OutboxWorld killed({WithDigest(seconds(10))});
  TellADigestButNotToB(killed);
  AddMany(killed, 2, 4);
  OutboxWorld world({WithDigest(seconds(10))}, {}, killed.store.tables());
  ASSERT_EQ(world.sent(), 1U);
  world.AnswerLast(Outcome::Delivered());
  world.Advance(seconds(10));
  EXPECT_THAT(ToldSince(world, 0), ElementsAre("web-2 web-3 to b@x.org", "web-4 web-5 to all"));
}

TEST(OutboxLimits, AMessageThatSomeDidNotGetJoinsNoDigestForAll) {
  OutboxWorld world({WithDigest(seconds(10))});
  world.Add(FiresAt(1));
  world.Answer(0, ButNotToB());
  AddMany(world, 2, 2);
  world.Advance(seconds(10));
  world.AnswerLast(Outcome::Delivered());
  world.Advance(seconds(10));
  EXPECT_THAT(ToldSince(world, 1), UnorderedElementsAre("web-1 to b@x.org", "web-2 web-3 to all"));
}

TEST(OutboxLimits, WhatAMessageSaidOfAGroupBeforeKeepsItOutOfNoDigest) {
  OutboxWorld world({WithDigest(seconds(10))});
  world.Add(FiresAt(1));
  for (int host : {2, 3}) {
    Message message = MakeMessage(FiresAt(host), 1, "ops");
    message.notification.remembered = {{"ts", std::to_string(host)}};
    world.outbox.Send(std::move(message), nullptr, world.clock.Now());
  }
  world.Commit();
  world.Answer(0, Outcome::Delivered());
  world.Advance(seconds(10));
  ASSERT_EQ(world.sent(), 2U);
  EXPECT_THAT(HostsOf(world.wire.attempts[1].notification), ElementsAre("web-2", "web-3"));
  EXPECT_TRUE(world.wire.attempts[1].notification.remembered.empty());
}

TEST(OutboxLimits, NoGroupRemembersADigestAsItsOwnMessage) {
  OutboxWorld world({WithDigest(seconds(10))});
  Outcome posted = Outcome::Delivered();
  posted.remember = {{"ts", "1"}};
  world.Add(FiresAt(1));
  AddMany(world, 2, 2);
  world.Answer(0, posted);
  world.Advance(seconds(10));
  world.Answer(1, posted);
  EXPECT_EQ(world.remember.at("e1-firing-1/ops/wire"), posted.remember);
  EXPECT_TRUE(world.remember.at("e2-firing-1/ops/wire").empty());
  EXPECT_TRUE(world.remember.at("e3-firing-1/ops/wire").empty());
}

TEST(OutboxLimits, BuriesEachMessageOfADigestThatIsRefused) {
  OutboxWorld world({WithDigest(seconds(10))});
  world.Add(FiresAt(1));
  AddMany(world, 2, 2);
  world.Answer(0, Outcome::Delivered());
  world.Advance(seconds(10));
  world.Answer(1, BadRequest());
  EXPECT_EQ(world.outbox.counts().dead, 2U);
  EXPECT_EQ(MetricValue(world.metrics, "tocsin_notification_attempts_total"), 2);
}

TEST(Digest, TellsOfEachAlertAsItsNewestMessageDoes) {
  const Message fires = MakeMessage(Fires("e1", "web-1"), 1, "ops");
  const Message other = MakeMessage(Fires("e2", "web-2"), 1, "ops");
  const Message ends = MakeMessage(Ends("e1", "web-1"), 2, "ops");
  const GroupNotification digest = DigestOf({&fires, &other, &ends});
  ASSERT_EQ(digest.alerts.size(), 2U);
  EXPECT_TRUE(digest.alerts[0].resolved);
  EXPECT_FALSE(digest.alerts[1].resolved);
  EXPECT_EQ(digest.flush_number, 2U);
  EXPECT_EQ(digest.dedup_key, DigestOf({&fires, &other, &ends}).dedup_key);
  EXPECT_NE(digest.dedup_key, DigestOf({&fires, &other}).dedup_key);
}

// ---- circuit

TEST(OutboxLimits, TriesOneMessageAtATimeOnceAReceiverIsDown) {
  OutboxWorld world;
  AddMany(world, 20);
  ASSERT_EQ(world.sent(), 20U);
  for (std::size_t i = 0; i < 20; ++i) world.Answer(i, Unavailable());
  EXPECT_EQ(OpenCircuits(world), 1);
  // Its messages become due again all at about the same time; the receiver is asked by one, soon:
  // those that were under way when it opened say nothing new.
  world.Advance(seconds(1));
  EXPECT_EQ(world.sent(), 21U);
  world.Advance(minutes(5));
  EXPECT_EQ(world.sent(), 21U);
  world.Answer(20, Unavailable());
  world.Advance(seconds(30));
  ASSERT_EQ(world.sent(), 22U);
  // Back: all the rest leaves at once.
  world.Answer(21, Outcome::Delivered());
  EXPECT_EQ(OpenCircuits(world), 0);
  EXPECT_EQ(world.sent(), 22U + 19U);
}

TEST(OutboxLimits, WhatWasUnderWayWhenItWentDownIsNoTrialHoweverLateItFails) {
  OutboxWorld world;
  AddMany(world, 20);
  for (std::size_t i = 0; i < 5; ++i) world.Answer(i, Unavailable());
  world.Advance(seconds(10));
  ASSERT_EQ(world.sent(), 20U);  // one at a time
  for (std::size_t i = 5; i < 20; ++i) world.Answer(i, Unavailable());
  ASSERT_EQ(world.sent(), 21U);
  world.Answer(20, Unavailable());
  world.Advance(seconds(2));
  EXPECT_EQ(world.sent(), 22U);
}

TEST(OutboxLimits, ANewMessageWaitsForTheNextTrialOfAReceiverThatIsDown) {
  OutboxWorld world;
  AddMany(world, 5);
  for (std::size_t i = 0; i < 5; ++i) world.Answer(i, Unavailable());
  world.Add(FiresAt(99));
  EXPECT_EQ(world.sent(), 5U);
  world.Advance(seconds(1));
  EXPECT_EQ(world.sent(), 6U);
}

TEST(OutboxLimits, OneMessageThatAReceiverChokesOnHoldsUpNoOther) {
  OutboxWorld world;
  world.Add(FiresAt(1));
  for (std::size_t i = 0; i < 10; ++i) {
    world.AnswerLast(Unavailable());
    world.Advance(minutes(5));
  }
  EXPECT_EQ(OpenCircuits(world), 0);
  world.Add(FiresAt(2));
  EXPECT_EQ(world.wire.told().back(), "ops e2-firing-1");
}

TEST(OutboxLimits, WhatAReceiverRefusesSaysThatItIsThere) {
  OutboxWorld world;
  AddMany(world, 6);
  for (std::size_t i = 0; i < 4; ++i) world.Answer(i, Unavailable());
  world.Answer(4, BadRequest());
  world.Answer(5, Unavailable());
  EXPECT_EQ(OpenCircuits(world), 0);
}

TEST(OutboxLimits, WhatAReceiverTakesInPartSaysThatItIsThere) {
  OutboxWorld world;
  AddMany(world, 6);
  Outcome partly = Unavailable();
  partly.remember = {{"recipients", "b@x.org"}};
  for (std::size_t i = 0; i < 6; ++i) world.Answer(i, partly);
  EXPECT_EQ(OpenCircuits(world), 0);
  world.Advance(seconds(10));
  EXPECT_EQ(world.wire.attempts.back().notification.remembered, partly.remember);
}

TEST(OutboxLimits, AllMessagesWaitAsLongAsAReceiverAsks) {
  OutboxWorld world;
  AddMany(world, 1);
  world.Answer(0, RateLimited(minutes(2)));
  EXPECT_EQ(OpenCircuits(world), 1);
  world.Add(FiresAt(2));
  world.Advance(seconds(119));
  EXPECT_EQ(world.sent(), 1U);
  world.Advance(seconds(1));
  EXPECT_EQ(world.sent(), 2U);
}

TEST(OutboxLimits, OtherSettingsAreTriedAtOnce) {
  OutboxWorld world({WireReceiver{"ops", "http://127.0.0.1/a"}});
  AddMany(world, 5);
  for (std::size_t i = 0; i < 5; ++i) world.Answer(i, Unavailable());
  EXPECT_EQ(OpenCircuits(world), 1);
  world.Configure({WireReceiver{"ops", "http://127.0.0.1/b"}});
  EXPECT_EQ(OpenCircuits(world), 0);
  EXPECT_EQ(world.sent(), 10U);
}

TEST(OutboxLimits, WhoIsRefusedByAServerSaysThatItIsThere) {
  OutboxWorld world;
  AddMany(world, 6);
  Outcome full = Unavailable();
  full.is_of_recipient = true;
  for (std::size_t i = 0; i < 6; ++i) world.Answer(i, full);
  EXPECT_EQ(OpenCircuits(world), 0);
  world.Add(FiresAt(7));
  EXPECT_EQ(world.sent(), 7U);
}

// ---- templates

TEST(OutboxLimits, ATemplateThatFailsIsCountedAndWarnedOfOnce) {
  OutboxWorld world;
  AddMany(world, 2);
  Outcome outcome = Outcome::Delivered(200);
  outcome.template_failures = "title:1:4: no such field";
  for (std::size_t i = 0; i < 2; ++i) world.Answer(i, outcome);
  EXPECT_EQ(MetricValue(world.metrics, "tocsin_template_failures_total", {{"channel", "ops"}}), 2);
  const std::vector<std::string> lines = world.log.lines();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& line) {
                            return line.find("title:1:4: no such field") != std::string::npos;
                          }),
            1);
}

// ---- endpoints

// The alerts of "web-1", "web-10", "web-11", ... go to one place, those of "web-2", ... to another.
WireReceiver ByFirstDigit(const std::string& url = "http://127.0.0.1/a") {
  WireReceiver receiver{"ops", url};
  receiver.endpoint = [](const GroupNotification& notification) {
    return std::string(notification.alerts.front().alert->labels.Get("host").substr(0, 5));
  };
  return receiver;
}

// Five messages for each of them have failed.
void Break(OutboxWorld& world, const std::vector<int>& first_hosts) {
  for (const int first : first_hosts) {
    const std::size_t sent = world.sent();
    AddMany(world, 5, first);
    ASSERT_EQ(world.sent(), sent + 5);
    for (std::size_t i = sent; i < sent + 5; ++i) world.Answer(i, Unavailable());
  }
}

TEST(Endpoints, OneThatIsDownHoldsUpNoOtherOfItsReceiver) {
  OutboxWorld world({ByFirstDigit()});
  Break(world, {10});
  EXPECT_EQ(OpenCircuits(world), 1);
  world.Add(FiresAt(15));
  EXPECT_EQ(world.sent(), 5U);
  world.Add(FiresAt(20));
  EXPECT_EQ(world.wire.told().back(), "ops e20-firing-1");
  world.AnswerLast(Outcome::Delivered());
  EXPECT_EQ(OpenCircuits(world), 1);
  // It is tried with one of its own messages, and gets the others when it is back.
  world.Advance(seconds(1));
  ASSERT_EQ(world.sent(), 7U);
  world.AnswerLast(Outcome::Delivered());
  EXPECT_EQ(OpenCircuits(world), 0);
  EXPECT_EQ(world.sent(), 7U + 5U);
}

TEST(Endpoints, EachThatIsDownIsCounted) {
  OutboxWorld world({ByFirstDigit()});
  Break(world, {10, 20});
  EXPECT_EQ(OpenCircuits(world), 2);
  // Other settings: all of it is tried at once.
  world.Configure({ByFirstDigit("http://127.0.0.1/b")});
  EXPECT_EQ(OpenCircuits(world), 0);
  EXPECT_EQ(world.sent(), 20U);
}

TEST(Endpoints, ShareWhereTheyAreTooMany) {
  OutboxOptions options;
  options.max_endpoints = 2;
  OutboxWorld world({ByFirstDigit()}, options);
  Break(world, {10, 20});
  world.Add(FiresAt(30));
  EXPECT_EQ(world.sent(), 10U);
  EXPECT_EQ(OpenCircuits(world), 2);
  // One that is well leaves its place to another.
  OutboxWorld other({ByFirstDigit()}, options);
  Break(other, {10});
  for (const int host : {20, 30, 40}) {
    other.Add(FiresAt(host));
    EXPECT_EQ(other.wire.attempts.back().notification.alerts.at(0)->id, fmt::format("e{}", host));
    other.AnswerLast(Outcome::Delivered());
  }
}

TEST(Endpoints, WhatNothingIsLeftForCountsAsDownNoLonger) {
  OutboxWorld world({ByFirstDigit()});
  Break(world, {10});
  for (int host = 10; host < 15; ++host) {
    world.outbox.Withdraw(MakeMessage(FiresAt(host), 1, "ops").key);
  }
  world.Advance(minutes(15));
  world.Add(FiresAt(20));
  world.AnswerLast(Outcome::Delivered());
  EXPECT_EQ(OpenCircuits(world), 0);
}

// ---- all together

TEST(OutboxLimits, ReceiversThatHangLeaveAPlaceForTheOthers) {
  OutboxOptions options;
  options.max_in_flight = 10;
  options.least_in_flight = 2;
  OutboxWorld world({{"hangs"}, {"hangs too"}, {"works"}}, options);
  AddMany(world, 20, 1, "hangs");
  AddMany(world, 20, 1, "hangs too");
  EXPECT_EQ(world.outbox.in_flight(), 12U);
  AddMany(world, 20, 1, "works");
  EXPECT_EQ(world.outbox.in_flight(), 14U);
  for (int i = 0; i < 20; ++i) {
    std::size_t at = 0;
    while (world.wire.attempts[at].receiver != "works" || !world.wire.attempts[at].done) ++at;
    world.Answer(at, Outcome::Delivered());
  }
  EXPECT_EQ(MetricValue(world.metrics, "alerting_notifications_sent_total",
                        {{"channel", "works"}, {"outcome", "delivered"}}),
            20);
  EXPECT_EQ(world.outbox.in_flight(), 12U);
}

TEST(OutboxLimits, WhoWaitedForOthersGoesOnWhenTheyHaveEnded) {
  OutboxOptions options;
  options.max_in_flight = 4;
  options.least_in_flight = 1;
  OutboxWorld world({{"slow"}, {"works"}}, options);
  AddMany(world, 4, 1, "slow");
  AddMany(world, 3, 1, "works");
  EXPECT_EQ(world.outbox.in_flight(), 5U);
  world.Answer(0, Outcome::Delivered());
  world.Answer(1, Outcome::Delivered());
  EXPECT_EQ(world.outbox.in_flight(), 4U);
  EXPECT_EQ(world.wire.told().back(), "works e2-firing-1");
}

}  // namespace
}  // namespace tocsin::receivers
