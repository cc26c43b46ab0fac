// What messages say of an alert that is over although its value has not recovered.
#include "receivers/templates/ending.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "receivers/channels/mail_page.h"
#include "tests/unit/receivers/native_channel_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// At 85.5, the last value a minute and a half before the end at 10:02:00.123.
std::shared_ptr<Alert> EndedBy(ResolveReason reason) {
  auto alert = std::make_shared<Alert>(*testing::Resolved(*Fires(), reason));
  alert->value = 85.5;
  alert->last_value_at = *alert->resolved_at - std::chrono::seconds(90);
  return alert;
}

std::shared_ptr<Alert> ResolvedBy(const std::string& who, const std::string& note) {
  const std::shared_ptr<Alert> alert = EndedBy(ResolveReason::kManual);
  alert->resolved_by = who;
  alert->resolve_note = note;
  return alert;
}

TEST(EndingSentence, SaysForEachReasonWhatHasHappened) {
  const std::pair<AlertPtr, const char*> golden[] = {
      {EndedBy(ResolveReason::kStale), "No data since 10:00 UTC; last value 85.5."},
      {EndedBy(ResolveReason::kRuleDeleted), "Rule deleted; last value 85.5."},
      {EndedBy(ResolveReason::kRuleDisabled), "Rule disabled; last value 85.5."},
      {EndedBy(ResolveReason::kRuleChanged), "Rule changed; last value 85.5."},
      {EndedBy(ResolveReason::kExpired), "Sender fell silent; last value 85.5."},
      {ResolvedBy("anna", "restarted"), "Resolved by anna (restarted); last value 85.5."},
      {ResolvedBy("anna", ""), "Resolved by anna; last value 85.5."},
      {ResolvedBy("", ""), "Resolved by hand; last value 85.5."},
      {EndedBy(ResolveReason::kRecovered), ""},
      {EndedBy(ResolveReason::kNone), ""},
      {Fires(), ""}};
  for (const auto& [alert, sentence] : golden) EXPECT_EQ(EndingSentence(*alert), sentence);
}

TEST(EndingSentence, NamesTheDayWhereDataStoppedOnAnother) {
  const std::shared_ptr<Alert> alert = EndedBy(ResolveReason::kStale);
  alert->last_value_at = *alert->resolved_at - std::chrono::hours(11);
  EXPECT_EQ(EndingSentence(*alert), "No data since 2024-04-30 23:02 UTC; last value 85.5.");
}

// Nothing of a recovery stands beside it, and it comes first.
TEST(Endings, StandFirstInTheTextOfEachMessage) {
  const AlertPtr stale = EndedBy(ResolveReason::kStale);
  const std::string text = "No data since 10:00 UTC; last value 85.5.\nCPU usage is high";

  NativeChannelWorld slack("slack", "{webhook_url: 'http://slack/'}");
  const Json attachment = BodyOf(slack.Deliver({stale})).at("attachments").at(0);
  EXPECT_EQ(attachment.at("title"), "✅ RESOLVED: High CPU Usage");
  EXPECT_EQ(attachment.at("text"), text);
  EXPECT_THAT(attachment.dump(), HasSubstr(R"("title":"Reason","value":"no data")"));
  EXPECT_THAT(attachment.dump(), Not(HasSubstr("recovered")));

  NativeChannelWorld webhook("webhook", "{url: 'http://hook/'}");
  const Json alert = BodyOf(webhook.Deliver({stale})).at("alert");
  EXPECT_EQ(alert.at("message"), text);
  EXPECT_EQ(alert.at("resolved_reason"), "stale");

  NativeChannelWorld telegram("telegram", "{bot_token: 't', chat_id: 1}");
  EXPECT_THAT(std::string(BodyOf(telegram.Deliver({stale})).at("text")),
              StartsWith("<b>✅ RESOLVED: High CPU Usage</b>\n" + text + "\n\n🟢"));

  // Which people read who want to know why nobody is called any more.
  NativeChannelWorld opsgenie("opsgenie", "{api_key: k}");
  EXPECT_THAT(std::string(BodyOf(opsgenie.Deliver({stale})).at("note")), StartsWith(text + "\n\n"));
}

TEST(Endings, StandInMails) {
  const MessageCard card = MakeMessageCard(NativeChannelWorld::About({ResolvedBy("anna", "<b>")}),
                                           {"CPU usage is high"});
  EXPECT_EQ(MailSubject(card), "[RESOLVED] High CPU Usage");
  EXPECT_THAT(MailPlain(card, "Tocsin"),
              StartsWith("RESOLVED: High CPU Usage\n\n"
                         "Resolved by anna (<b>); last value 85.5.\nCPU usage is high\n\n"));
  EXPECT_THAT(MailPage(card, "Tocsin", std::nullopt),
              HasSubstr("Resolved by anna (&lt;b&gt;); last value 85.5.<br>\nCPU usage is high"));
}

// The labels may be long, and all that does not fit into one SMS is lost.
TEST(Endings, StandBeforeTheLabelsInShortMessages) {
  const auto text = [](const AlertPtr& alert) {
    return MailShort(MakeMessageCard(NativeChannelWorld::About({alert}), {"CPU usage is high"}));
  };
  EXPECT_EQ(text(EndedBy(ResolveReason::kStale)),
            "RESOLVED High CPU Usage after 2m: No data since 10:00 UTC; last value 85.5. "
            "host=web-1 system.cpu.usage: 85.5 system.cpu.usage > 80.0 for 1m. CPU usage is hi...");
  EXPECT_EQ(text(IsOver()),
            "RESOLVED High CPU Usage after 2m host=web-1 system.cpu.usage: 75.0 "
            "system.cpu.usage > 80.0 for 1m. CPU usage is high");
}

TEST(Endings, AreToldOfTheOthersOfAGroup) {
  const MessageCard card = MakeMessageCard(
      NativeChannelWorld::About({Fires(), EndedBy(ResolveReason::kStale), IsOver()}), {"a", "b"});
  ASSERT_EQ(card.others.size(), 2U);
  EXPECT_EQ(card.others[0], "resolved (no data): High CPU Usage (host=web-1): 85.5 > 80.0");
  EXPECT_EQ(card.others[1], "resolved: High CPU Usage (host=web-1): 75.0 > 80.0");
  EXPECT_EQ(card.message, "a");
}

TEST(Endings, StandAloneWhereARuleSaysNothing) {
  EXPECT_EQ(WithEnding(*EndedBy(ResolveReason::kRuleDeleted), ""),
            "Rule deleted; last value 85.5.");
  EXPECT_EQ(WithEnding(*IsOver(), "fine"), "fine");
}

}  // namespace
}  // namespace tocsin::receivers
