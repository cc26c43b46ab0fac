#include "receivers/channels/mail_outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/receiver_builders.h"
#include "tests/unit/receivers/times.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = Outcome::Kind;

const std::vector<std::string> kEverybody = {"a@x.org", "b@x.org", "c@x.org"};

MailResult TakenBut(std::vector<RefusedRecipient> refused) {
  MailResult result;
  result.accepted = true;
  result.refused = std::move(refused);
  return result;
}

MailResult Refused(int reply) {
  MailResult result;
  result.reply = reply;
  result.message = "RCPT TO: " + std::to_string(reply);
  return result;
}

// b and c are asked to come again.
Outcome Greylisted() {
  return MailOutcome(TakenBut({{"b@x.org", "451 later"}, {"c@x.org", "450 busy"}}), {},
                     testing::FiredAt());
}

TEST(MailOutcome, TriesThoseAgainWhoMayGetItLater) {
  const Outcome outcome = Greylisted();
  EXPECT_EQ(outcome.kind, Kind::kRetry);
  EXPECT_EQ(outcome.failure, Failure::kServerError);
  EXPECT_TRUE(outcome.may_have_arrived);
  EXPECT_EQ(outcome.reason, "not delivered yet to b@x.org: \"451 later\", c@x.org: \"450 busy\"");
  EXPECT_THAT(MailRecipients(kEverybody, outcome.remember), ElementsAre("b@x.org", "c@x.org"));
  EXPECT_EQ(MailRecipients(kEverybody, {}), kEverybody);
}

TEST(MailOutcome, TriesNobodyAgainWhoIsRefusedForGood) {
  const Outcome outcome = MailOutcome(TakenBut({{"b@x.org", "550 no"}, {"c@x.org", "450 busy"}}),
                                      {}, testing::FiredAt());
  EXPECT_THAT(MailRecipients(kEverybody, outcome.remember), ElementsAre("c@x.org"));
  const Outcome final = MailOutcome(TakenBut({{"b@x.org", "550 no"}}), {}, testing::FiredAt());
  EXPECT_EQ(final.kind, Kind::kDelivered);
  EXPECT_EQ(final.reason, "delivered, but not to b@x.org: \"550 no\"");
}

TEST(MailOutcome, TellsAFullMailboxFromAServerThatIsNotWell) {
  MailResult result = Refused(452);
  EXPECT_FALSE(MailOutcome(result, {}, testing::FiredAt()).is_of_recipient);
  result.reply_is_to_recipient = true;
  EXPECT_EQ(MailOutcome(result, {}, testing::FiredAt()).kind, Kind::kRetry);
  EXPECT_TRUE(MailOutcome(result, {}, testing::FiredAt()).is_of_recipient);
  result.timed_out = true;  // at the next one
  EXPECT_FALSE(MailOutcome(result, {}, testing::FiredAt()).is_of_recipient);
}

TEST(MailOutcome, GoesOnWithThoseWhoAreStillLeft) {
  const MailMemory memory = Greylisted().remember;
  const Timestamp later = testing::FiredAt() + 10 * kMinute;
  const Outcome one_more = MailOutcome(TakenBut({{"c@x.org", "450 busy"}}), memory, later);
  EXPECT_EQ(one_more.kind, Kind::kRetry);
  EXPECT_THAT(MailRecipients(kEverybody, one_more.remember), ElementsAre("c@x.org"));
  // The time counts from the first.
  EXPECT_EQ(MailOutcome(TakenBut({{"c@x.org", "450 busy"}}), one_more.remember,
                        testing::FiredAt() + 60 * kMinute)
                .kind,
            Kind::kDelivered);
  EXPECT_EQ(MailOutcome(TakenBut({}), memory, later).kind, Kind::kDelivered);
  // All that are left are refused.
  const Outcome refused = MailOutcome(Refused(451), memory, later);
  EXPECT_EQ(refused.kind, Kind::kRetry);
  EXPECT_TRUE(refused.may_have_arrived);
  EXPECT_EQ(refused.remember, memory);
  EXPECT_TRUE(MailOutcome(Refused(0), memory, later).remember.empty());  // nobody answered
}

// What is told to the others must not wait for ever.
TEST(MailOutcome, IsDeliveredToTheOthersAfterAnHour) {
  const MailMemory memory = Greylisted().remember;
  for (const int reply : {451, 0}) {
    EXPECT_EQ(MailOutcome(Refused(reply), memory, testing::FiredAt() + 59 * kMinute).kind,
              Kind::kRetry);
    const Outcome late = MailOutcome(Refused(reply), memory, testing::FiredAt() + 60 * kMinute);
    EXPECT_EQ(late.kind, Kind::kDelivered);
    EXPECT_THAT(late.reason, HasSubstr("delivered, but not to b@x.org, c@x.org: RCPT TO: "));
  }
  EXPECT_EQ(MailOutcome(Refused(550), memory, testing::FiredAt()).kind, Kind::kDelivered);
}

TEST(MailRecipients, AreAllOfThemWhereThoseThatWereLeftAreNoRecipientsAnyMore) {
  EXPECT_EQ(MailRecipients({"d@x.org"}, Greylisted().remember),
            std::vector<std::string>{"d@x.org"});
}

}  // namespace
}  // namespace tocsin::receivers
